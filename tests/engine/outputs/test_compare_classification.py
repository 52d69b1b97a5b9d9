"""Comparison of classifications: the label that leads, the score of each, and labels outside the best five."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_expected, check_swap, invalid
from swapgate.outputs.classification import Classification, Score

DEFAULT = Tolerance()
BITS = Tolerance(drift=0, reason="bits")
NO_PROBABILITIES = [math.nan, math.inf, -math.inf, -1e-9, 1.000001, 2.0]


def said(rest=None, **scores):
    """Return a classification of these scores, best first; the rest is what is left to 1."""
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    rest = max(1 - sum(scores.values()), 0.0) if rest is None else rest
    return Classification(tuple(Score(label, score) for label, score in ordered), rest)


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


@st.composite
def classifications(draw):
    """Return classifications of up to five of seven labels, which sum to 1 with their rest."""
    labels = draw(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5, unique=True))
    parts = draw(st.lists(st.integers(0, 1000), min_size=len(labels) + 1, max_size=len(labels) + 1).filter(any))
    *shares, rest = (part / sum(parts) for part in parts)
    return said(rest=rest, **dict(zip(labels, shares, strict=True)))


rights = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=3, unique=True).map(tuple)


@pytest.mark.parametrize("right", [("cat",), ("cat", "dog"), ("dog", "cat")])
def test_expected_right(right):
    """The label that leads must be one of the right ones, however low its score."""
    assert check_expected(said(cat=0.9, dog=0.1), right) == []
    assert check_expected(said(cat=0.2001, dog=0.2, cow=0.2, pig=0.2, hen=0.1999), right) == []


def test_expected_wrong():
    """The message says which label leads, which would be right and what score that one has."""
    assert check_expected(said(cat=0.7, dog=0.3), ("dog",)) == [
        Mismatch("scores[0].label", "cat 0.7000 leads, expected dog (0.3000)")
    ]


def test_expected_one_of_several():
    """Several right labels are all named; of one that is not among the best, the score is told as an upper bound."""
    assert check_expected(said(cat=0.6, dog=0.25, cow=0.05), ("dog", "hen")) == [
        Mismatch("scores[0].label", "cat 0.6000 leads, expected dog (0.2500) or hen (below 0.0500)")
    ]


@pytest.mark.parametrize("value", NO_PROBABILITIES)
def test_invalid_score(value):
    """A score that is no probability is told with its label, and a right label does not excuse it."""
    broken = Classification((Score("cat", value), Score("dog", 0.1)), 0.0)
    words = f"cat has the score {value}, which is not between 0 and 1"
    assert Mismatch("scores[cat].score", words) in invalid(broken)
    assert check_expected(broken, ("cat",)) == invalid(broken)
    assert Mismatch("scores[cat].score", f"golden {words}") in check_drift(said(cat=1.0), broken, DEFAULT)
    assert Mismatch("scores[cat].score", f"golden {words}") in check_swap(said(cat=1.0), broken, ("dog",), DEFAULT)
    assert Mismatch("scores[cat].score", words) in check_drift(broken, broken, DEFAULT)
    assert Mismatch("scores[cat].score", words) in check_swap(broken, said(cat=1.0), ("dog",), DEFAULT)


def test_invalid_everything():
    """Each score that is no probability is told, in the order of the scores."""
    broken = Classification((Score("cat", math.nan), Score("dog", 2.0), Score("cow", 0.5)), 0.0)
    assert paths(invalid(broken)) == ["scores[cat].score", "scores[dog].score", "scores"]


@pytest.mark.parametrize(
    ("rest", "count"),
    [(0.25, 0), (0.2501, 0), (0.2499, 0), (0.25011, 1), (0.24989, 1), (0.0, 1), (math.nan, 1), (math.inf, 1)],
)
def test_invalid_sum(rest, count):
    """All scores sum to 1, give or take 1e-4."""
    mismatches = invalid(said(rest=rest, cat=0.5, dog=0.25), "golden ")
    assert len(mismatches) == count
    assert mismatches == [Mismatch("scores", f"golden scores sum to {0.75 + rest}, not to 1")] * count


def test_invalid_rest():
    """What the other labels have together is a probability too: it cannot make good what is too much elsewhere."""
    assert invalid(said(rest=-0.2, cat=0.9, dog=0.3)) != []


@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
@pytest.mark.parametrize(("allowed", "reason"), [(1e-4, "default"), (0.02, "int8"), (0.0, "bits"), (1e-7, "bits")])
def test_drift_boundary(sign, allowed, reason):
    """A score exactly the tolerance away passes, a unit of the seventh digit more does not."""
    tolerance = Tolerance(drift=allowed, reason=reason)
    golden = said(cat=0.75, dog=0.25)
    assert check_drift(said(cat=0.75 + sign * allowed, dog=0.25 - sign * allowed), golden, tolerance) == []
    moved = sign * (allowed + 1e-7)
    mismatches = check_drift(said(cat=0.75 + moved, dog=0.25 - moved), golden, tolerance)
    assert paths(mismatches) == ["scores[cat]", "scores[dog]"]


def test_drift_one_bit():
    """Where nothing may drift, neighbouring float32 numbers are two."""
    score = float.fromhex("0x1.800002p-1")
    assert check_drift(said(cat=score, dog=0.25), said(cat=0.75, dog=0.25), BITS) != []


def test_drift_words():
    """Each score that drifted is told with what was found, what the golden has, what was allowed and by how much."""
    assert check_drift(said(cat=0.7, dog=0.3), said(cat=0.8, dog=0.2), DEFAULT) == [
        Mismatch("scores[cat]", "cat scored 0.7000000, golden 0.8000000 ± 0.0001: off by 0.1"),
        Mismatch("scores[dog]", "dog scored 0.3000000, golden 0.2000000 ± 0.0001: off by 0.1"),
    ]
    (first, _) = check_drift(said(cat=0.7, dog=0.3), said(cat=0.8, dog=0.2), DEFAULT, "single run")
    assert str(first) == "cat scored 0.7000000, single run 0.8000000 ± 0.0001: off by 0.1"


def test_drift_near_tie():
    """Two labels may change places where neither score moved by more than the tolerance."""
    golden = said(cat=0.50004, dog=0.49996)
    assert check_drift(said(cat=0.49996, dog=0.50004), golden, DEFAULT) == []
    assert paths(check_drift(said(cat=0.4999, dog=0.5001), golden, DEFAULT)) == ["scores[cat]", "scores[dog]"]


FIVE = {"a": 0.5, "b": 0.2, "c": 0.1, "d": 0.08}


def test_drift_of_the_fifth_and_sixth():
    """The fifth and the sixth label may change places, though each side keeps only one of them."""
    golden, actual = said(**FIVE, e=0.05004), said(**FIVE, f=0.05003)
    assert check_drift(actual, golden, DEFAULT) == check_drift(golden, actual, DEFAULT) == []


def test_drift_out_of_the_best():
    """A label that is no longer among the best had at most the least of their scores."""
    golden, actual = said(**FIVE, e=0.07), said(**FIVE, f=0.05)
    assert check_drift(actual, golden, DEFAULT) == [
        Mismatch("scores[e]", "e scored 0.0500000, golden 0.0700000 ± 0.0001: off by 0.02")
    ]
    assert check_drift(golden, actual, DEFAULT) == [
        Mismatch("scores[e]", "e scored 0.0700000, golden 0.0500000 ± 0.0001: off by 0.02")
    ]


@pytest.mark.parametrize("rest", [0.0, 0.01])
def test_drift_of_a_label_that_vanished(rest):
    """A label that one side does not keep had at most what that side has left for all others."""
    golden = Classification((Score("yes", 0.5), Score("no", 0.5 - rest)), rest)
    actual = Classification((Score("yes", 0.5), Score("maybe", 0.5 - rest)), rest)
    assert {"scores[no]", "scores[maybe]"} <= set(paths(check_drift(actual, golden, DEFAULT)))


def test_drift_of_one_of_five_that_vanished():
    """Where the five labels that a side keeps are all it has, another one has nothing."""
    golden, actual = (Classification((*map(Score, "abcd", [0.2] * 4), Score(label, 0.2)), 0.0) for label in "ef")
    assert {"scores[e]", "scores[f]"} <= set(paths(check_drift(actual, golden, DEFAULT)))


@given(classifications())
def test_drift_self(prediction):
    """A classification never drifts from itself, not even at tolerance 0."""
    assert check_drift(prediction, prediction, BITS) == []


@given(classifications(), classifications())
def test_drift_symmetric(first, second):
    """Two classifications differ in the same places whichever of them is the golden."""
    there, back = check_drift(first, second, DEFAULT), check_drift(second, first, DEFAULT)
    assert sorted(paths(there)) == sorted(paths(back))


@given(classifications(), st.integers(-9, 9), st.sampled_from([1e-4, 0.01]))
def test_drift_finds_each_label_that_moved(prediction, steps, allowed):
    """A score that moved from one label to the rest is found exactly where it is more than the tolerance."""
    score = prediction.scores[0].score
    moved = min(max(score + steps * allowed / 4, 0.0), min(score + prediction.rest, 1.0))
    if len(prediction.scores) > 1:
        moved = max(moved, prediction.scores[1].score)
    changed = Classification(
        (Score(prediction.scores[0].label, moved), *prediction.scores[1:]), prediction.rest + score - moved
    )
    wanted = ["scores[" + prediction.scores[0].label + "]"] if abs(moved - score) > allowed * (1 + 1e-6) else []
    assert paths(check_drift(changed, prediction, Tolerance(drift=allowed, reason="test"))) == wanted


@pytest.mark.parametrize(("allowed", "reason"), [(0.10, "default"), (0.0, "tight"), (0.25, "prune50")])
def test_swap_boundary(allowed, reason):
    """A right label's score may rise freely, fall by exactly the tolerance and by no more."""
    tolerance = Tolerance(swap=allowed, reason=reason)
    golden = said(cat=0.875, dog=0.125)
    assert check_swap(said(cat=1.0, dog=0.0), golden, ("cat",), tolerance) == []
    assert check_swap(said(cat=0.875 - allowed, dog=0.125 + allowed), golden, ("cat",), tolerance) == []
    less = 0.875 - allowed - 1e-6
    assert paths(check_swap(said(cat=less, dog=1 - less), golden, ("cat",), tolerance)) == ["scores[cat]"]


def test_swap_words():
    """The message says both scores, by how much it fell and what was allowed; a lost label says which one leads."""
    golden = said(cat=0.9, dog=0.1)
    assert check_swap(said(cat=0.6, dog=0.4), golden, ("cat",), DEFAULT) == [
        Mismatch("scores[cat]", "cat scored 0.6000, the incumbent 0.9000: fell by 0.3000, allowed 0.1")
    ]
    assert check_swap(said(dog=0.51, cat=0.49), golden, ("cat",), DEFAULT) == [
        Mismatch("scores[0].label", "cat 0.9000 is lost: dog 0.5100 leads and is wrong")
    ]


def test_swap_near_ties_do_not_excuse():
    """A right label that is overtaken is lost, by however little."""
    assert len(check_swap(said(dog=0.500001, cat=0.499999), said(cat=0.500001, dog=0.499999), ("cat",), DEFAULT)) == 1


def test_swap_several_right():
    """Where several labels are right, another of them may lead, and what they have together may fall little."""
    golden, right = said(cat=0.6, kitten=0.35, dog=0.05), ("cat", "kitten")
    assert check_swap(said(kitten=0.8, cat=0.1, dog=0.1), golden, right, DEFAULT) == []
    assert check_swap(said(kitten=0.8, dog=0.2), golden, right, DEFAULT) == [
        Mismatch("scores[kitten]", "cat + kitten scored 0.8000, the incumbent 0.9500: fell by 0.1500, allowed 0.1")
    ]


@pytest.mark.parametrize("candidate", [said(cat=1.0), said(cat=0.4, dog=0.35, cow=0.25)], ids=["sure", "barely"])
def test_swap_mended(candidate):
    """A candidate that is right where the incumbent was wrong is no mismatch, at any score."""
    assert check_swap(candidate, said(dog=0.99, cat=0.01), ("cat",), DEFAULT) == []


@pytest.mark.parametrize("candidate", [said(dog=0.5, cat=0.3), said(cow=1.0), said(dog=1.0)])
def test_swap_still_wrong(candidate):
    """A candidate that is as wrong as the incumbent, or wrong in another way, is no mismatch."""
    assert check_swap(candidate, said(dog=0.6, cat=0.4), ("cat",), DEFAULT) == []


@given(classifications(), rights)
def test_swap_identical_candidate(prediction, right):
    """A candidate that says what the incumbent said passes, whatever is right."""
    assert check_swap(prediction, prediction, right, Tolerance(swap=0, reason="tight")) == []


@given(classifications(), classifications(), rights)
def test_swap_never_costs_a_right_answer(candidate, golden, right):
    """Where a swap is no mismatch and the incumbent was right, the candidate is."""
    if check_expected(golden, right) == [] and check_swap(candidate, golden, right, DEFAULT) == []:
        assert check_expected(candidate, right) == []


def test_no_scores():
    """A classification without scores, as a golden edited by hand can be, is a mismatch and raises nothing."""
    nothing, golden = Classification((), 1.0), said(cat=1.0)
    assert check_expected(nothing, ("cat",)) != []
    assert check_drift(golden, nothing, DEFAULT) != []
    assert check_swap(nothing, golden, ("cat",), DEFAULT) != []
