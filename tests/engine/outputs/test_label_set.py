"""Sets of labels: expected, drift, swap, figures and how a difference is shown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs import Tolerance, check_drift, check_expected, check_swap, diff, invalid, near_ties
from swapgate.outputs.classification import Score
from swapgate.outputs.label_set import OUTPUT, LabelSet, label_set
from swapgate.outputs.prediction import numbers, to_json
from swapgate.statistics.tally import Tally

TOLERANCE = Tolerance()


def said(others=0.0, threshold=0.5, **scores):
    """Return a prediction with these scores, best first."""
    order = sorted(scores, key=lambda label: -scores[label])
    return LabelSet(tuple(Score(label, scores[label]) for label in order), others, threshold)


def words(mismatches):
    """Return mismatches in words."""
    return [str(one) for one in mismatches]


def test_made_of_probabilities():
    """All labels at the threshold or a little below are kept, and of others at least the best five."""
    names = [f"l{number}" for number in range(8)]
    scores = [0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.49, 0.1]
    found = label_set(scores, names, dict(zip(names, names, strict=True)), 0.5, 0.02)
    assert [score.label for score in found.scores] == names[:7]
    assert found.others == 0.1
    few = label_set([0.01 * number for number in range(8)], names, dict(zip(names, names, strict=True)), 0.5, 0.0)
    assert [score.label for score in few.scores] == ["l7", "l6", "l5", "l4", "l3"]
    assert few.others == 0.02
    assert few.counted == ()


def test_names_that_become_one():
    """Of several names that are mapped to one label the most probable counts."""
    found = label_set([0.2, 0.9, 0.4], ["a", "b", "c"], {"a": "x", "b": "x", "c": "y"}, 0.5, 0.0)
    assert found == said(x=0.9, y=0.4)


def test_names_that_are_not_mapped():
    """A name without a label is no silent loss."""
    with pytest.raises(KeyError):
        label_set([0.2], ["a"], {}, 0.5, 0.0)
    with pytest.raises(ValueError, match="longer than"):
        label_set([0.2, 0.3], ["a"], {"a": "a"}, 0.5, 0.0)


@pytest.mark.parametrize(
    ("right", "mismatches"),
    [
        (("a", "b"), []),
        (("b", "a", "a"), []),
        (("a",), ["b 0.5000 was found and is not expected"]),
        (("a", "b", "c"), ["c (0.4999) is missing, counted from 0.5"]),
        (("a", "b", "z"), ["z (at most 0.0300) is missing, counted from 0.5"]),
        ((), ["a 0.9000 was found and is not expected", "b 0.5000 was found and is not expected"]),
    ],
    ids=range(6),
)
def test_expected(right, mismatches):
    """The labels from the threshold on are the expected ones, no more and no less."""
    assert words(check_expected(said(a=0.9, b=0.5, c=0.4999, others=0.03), right)) == mismatches


def test_nothing_expected_and_found():
    """No label at all can be right."""
    assert check_expected(said(a=0.1), ()) == []


@pytest.mark.parametrize(
    ("faulty", "word"),
    [
        (said(a=float("nan")), "score nan"),
        (said(a=1.5), "score 1.5"),
        (said(a=-0.1), "score -0.1"),
        (said(a=0.4, others=0.5), "do not fall"),
        (said(a=0.4, others=float("nan")), "others nan"),
        (said(a=0.4, threshold=1.2), "threshold 1.2"),
        (LabelSet((Score("a", 0.1), Score("b", 0.2)), 0.0, 0.5), "do not fall"),
        (LabelSet((Score("a", 0.2), Score("a", 0.2)), 0.0, 0.5), "stands twice"),
    ],
    ids=range(8),
)
def test_invalid(faulty, word):
    """What no model could have meant is red whatever is expected, and as a golden too."""
    assert any(word in one for one in words(invalid(faulty)))
    assert check_expected(faulty, ("a",))
    assert check_drift(said(a=0.4), faulty, TOLERANCE)
    assert check_swap(faulty, said(a=0.4), ("a",), TOLERANCE)


def test_drift():
    """A score may move by the tolerance and no further."""
    assert check_drift(said(a=0.9001), said(a=0.9), TOLERANCE) == []
    assert words(check_drift(said(a=0.9002), said(a=0.9), TOLERANCE)) == [
        "a scored 0.9002000, golden 0.9000000 ± 0.0001: off by 0.0002"
    ]


def test_drift_of_labels_on_one_side():
    """A label that one side does not keep has at most what that side says of the others."""
    then = said(a=0.9, b=0.3, others=0.3)
    assert check_drift(said(a=0.9, c=0.3, others=0.3), then, TOLERANCE) == []
    assert words(check_drift(said(a=0.9, c=0.8, others=0.3), then, TOLERANCE)) == [
        "c scored 0.8000000, golden 0.3000000 ± 0.0001: off by 0.5"
    ]
    assert words(check_drift(said(a=0.9), then, TOLERANCE)) == [
        "b scored 0.0000000, golden 0.3000000 ± 0.0001: off by 0.3"
    ]


@pytest.mark.parametrize(("now", "then", "where"), [(0.50004, 0.49999, "is new"), (0.49999, 0.50004, "is gone")])
def test_near_tie_at_the_threshold(now, then, where):
    """A label that crosses the threshold within the tolerance is a near tie, told and not held against the model."""
    assert check_drift(said(a=now), said(a=then), TOLERANCE) == []
    (tie,) = near_ties(said(a=now), said(a=then), TOLERANCE)
    assert f"a ({now:.4f}) {where} since the golden" in str(tie)


def test_another_threshold():
    """Predictions that count from different scores are not alike."""
    (found,) = check_drift(said(a=0.9), said(a=0.9, threshold=0.6), TOLERANCE)
    assert str(found) == "labels count from 0.5, golden 0.6"


@pytest.mark.parametrize(
    ("candidate", "mismatches"),
    [
        (said(a=0.9, b=0.8), []),
        (said(a=0.8, b=0.8), []),
        (said(a=0.79, b=0.8), ["a scored 0.7900, the incumbent 0.9000: fell by 0.1100, allowed 0.1"]),
        (said(a=0.9, b=0.4), ["b (0.8000) is lost: 0.4000"]),
        (said(a=0.9), ["b (0.8000) is lost: at most 0.0000"]),
        (said(a=0.9, b=0.8, c=0.7), ["c (0.7000) is new and wrong"]),
        (said(a=0.9, b=0.8, wrong=0.99), []),
        (said(a=0.9, b=0.8, missed=0.99), []),
    ],
    ids=range(8),
)
def test_swap(candidate, mismatches):
    """What the incumbent had right stays right, and nothing new is wrong; what it got wrong counts for nothing."""
    golden = said(a=0.9, b=0.8, wrong=0.7)
    assert words(check_swap(candidate, golden, ("a", "b", "missed"), TOLERANCE)) == mismatches


labels = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1), min_size=1)


@given(scores=labels)
def test_equals_itself(scores):
    """Whatever was said: it does not differ from itself."""
    one = said(**scores)
    assert check_drift(one, one, Tolerance(drift=0, reason="none")) == []
    assert check_swap(one, one, ("a", "b"), TOLERANCE) == []
    assert near_ties(one, one, TOLERANCE) == []


@given(one=labels, other=labels)
def test_drift_looks_at_both_sides(one, other):
    """A label that only one side has is never passed over: both directions find something, or neither does."""
    first, second = said(**one), said(**other)
    there, back = check_drift(first, second, TOLERANCE), check_drift(second, first, TOLERANCE)
    assert {found.path for found in there} == {found.path for found in back}


def test_figures():
    """Micro F1 counts all labels alike, exact match whole rows, macro F1 the mean of the labels."""
    rows = [
        (said(a=0.9, b=0.1), ("a",)),
        (said(a=0.9, b=0.8), ("b",)),
        (said(a=0.2, b=0.1), ("b",)),
        (said(a=0.2, b=0.1), ()),
    ]
    tally = Tally(OUTPUT)
    for number, (found, right) in enumerate(rows):
        tally.add(str(number), found, right)
    figures = tally.figures()
    assert figures["micro F1"] == pytest.approx(2 * 2 / (3 + 3))
    assert figures["exact match"] == figures["right"] == 0.5
    assert figures["macro F1"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert tally.figure("micro F1", [2.0, 0.0, 0.0, 0.0]) == 1
    assert OUTPUT.is_share("exact match")


def test_figures_beside_scikit_learn():
    """The figures are scikit-learn's."""
    import numpy as np
    from sklearn.metrics import f1_score

    random = np.random.default_rng(0)
    scores, right = random.random((60, 4)), random.random((60, 4)) > 0.5
    tally = Tally(OUTPUT)
    for row in range(60):
        found = said(**dict(zip("abcd", scores[row].tolist(), strict=True)))
        tally.add(str(row), found, tuple(label for label, there in zip("abcd", right[row], strict=True) if there))
    figures = tally.figures()
    assert figures["micro F1"] == pytest.approx(f1_score(right, scores >= 0.5, average="micro"))
    assert figures["macro F1"] == pytest.approx(f1_score(right, scores >= 0.5, average="macro"))


@pytest.mark.parametrize("figure", ["micro F1", "macro F1", "exact match"])
def test_rows_that_differ(figure):
    """Rows differ where the labels do, also where as many are right."""
    sides = [Tally(OUTPUT), Tally(OUTPUT)]
    for first, second in [(said(a=0.9), said(a=0.9)), (said(a=0.9), said(b=0.9)), (said(a=0.9), said(a=0.1))]:
        sides[0].add("x", first, ("a",))
        sides[1].add("x", second, ("a",))
    assert sides[0].differs(sides[1], figure).tolist() == [False, True, True]


def test_json():
    """The JSON form has the scores, the most of the others and the threshold; only the scores are compared figures."""
    found = said(a=0.123456789, others=0.01)
    assert to_json(found) == {
        "scores": [{"label": "a", "score": 0.1234568}],
        "others": 0.01,
        "threshold": 0.5,
    }
    assert numbers(found) == 1


def test_shown():
    """A diff has a line a label, marked where it counts now."""
    then, now = said(a=0.9, b=0.6), replace(said(a=0.9, c=0.7), others=0.1)
    assert [line.plain for line in diff(then, now, "text")] == [
        "  * a 0.9000000",
        "  * c 0.7000000 (new)",
        "    b 0.6000000 (gone)",
    ]
    assert [line.plain for line in diff(None, said(a=0.2), "text")] == ["    a 0.2000000 (new)"]
