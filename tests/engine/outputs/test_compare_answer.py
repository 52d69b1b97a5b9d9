"""Comparison of answers: the stretch of the context, no answer at all, and the score."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_expected, check_swap, invalid
from swapgate.outputs.answer import Answer, AnswerSpan, count

CONTEXT = "Paris is in France; Ada was born in Paris."
PARIS = Answer("Paris", 36, 41, score=0.9, margin=0.8)
FRANCE = Answer("France", 12, 18, score=0.7, margin=0.5)
NONE = Answer("", 0, 0, score=0.6, margin=0.3)
RIGHT = (AnswerSpan(36, "Paris"),)
DEFAULT = Tolerance()
BITS = Tolerance(drift=0, reason="bits")


def scored(score, margin=0.8, answer=PARIS):
    """Return an answer with another score and margin."""
    return dataclasses.replace(answer, score=score, margin=margin)


@st.composite
def answers(draw):
    """Return answers from the context, and none."""
    score, margin = draw(st.floats(0, 1)), draw(st.floats(0, 1) | st.sampled_from([0.0, 5e-5, 2e-4]))
    start, end = draw(st.sampled_from([(0, 0), (0, 5), (36, 41), (12, 18), (9, 18)]))
    return Answer(CONTEXT[start:end], start, end, score, margin)


rights = st.lists(st.sampled_from([AnswerSpan(0, "Paris"), AnswerSpan(36, "Paris"), AnswerSpan(12, "France")])).map(
    tuple
)


def test_expected_right():
    """One of the right passages is enough, at any score; where there is none, no answer is right."""
    assert check_expected(PARIS, RIGHT) == []
    assert check_expected(scored(0.0, 0.0), (AnswerSpan(12, "France"), *RIGHT)) == []
    assert check_expected(NONE, ()) == []


@pytest.mark.parametrize(
    ("found", "right", "message"),
    [
        (FRANCE, RIGHT, "found 'France' 12-18 (0.7000), expected 'Paris' 36-41"),
        (
            FRANCE,
            (*RIGHT, AnswerSpan(33, "in Paris")),
            "found 'France' 12-18 (0.7000), expected 'Paris' 36-41 or 'in Paris' 33-41",
        ),
        (NONE, RIGHT, "found no answer (0.6000), expected 'Paris' 36-41"),
        (FRANCE, (), "found 'France' 12-18 (0.7000), expected no answer"),
    ],
    ids=["another", "of several", "no answer", "an answer"],
)
def test_expected_wrong(found, right, message):
    """The message says what was found with its score, and all that would be right."""
    assert check_expected(found, right) == [Mismatch("answer", message)]


def test_expected_text_that_stands_twice():
    """The right words at another place of the context are wrong, and the message tells the places apart."""
    first = Answer("Paris", 0, 5, 0.9, 0.8)
    assert check_expected(first, RIGHT) == [Mismatch("answer", "found 'Paris' 0-5 (0.9000), expected 'Paris' 36-41")]
    assert check_expected(first, (AnswerSpan(0, "Paris"), *RIGHT)) == []


@pytest.mark.parametrize(("start", "end"), [(36, 40), (37, 41), (33, 41), (32, 42), (24, 41)])
def test_expected_exact(start, end):
    """One letter or word more or less is another answer."""
    assert len(check_expected(Answer(CONTEXT[start:end], start, end, 0.9, 0.8), RIGHT)) == 1


@pytest.mark.parametrize(("start", "end"), [(35, 41), (36, 42), (35, 42)])
def test_expected_but_for_spaces_and_punctuation(start, end):
    """The space before a word and the mark behind it are no part of an answer, as in the metric."""
    assert check_expected(Answer(CONTEXT[start:end], start, end, 0.9, 0.8), RIGHT) == []


@pytest.mark.parametrize(
    ("context", "start", "text", "right", "is_right"),
    [
        ("It is the Tower.", 6, "the Tower.", AnswerSpan(10, "Tower"), True),
        ("It is in the Tower.", 6, "in the Tower", AnswerSpan(13, "Tower"), False),
        ("for 1,000 euros", 4, "1,000", AnswerSpan(4, "1,000 euros"), False),
        ("by Zoë’s", 3, "Zoë’s", AnswerSpan(3, "Zoë"), False),
        ("首都是「北京」。", 3, "「北京」", AnswerSpan(4, "北京"), True),
        ("首都是「北京」。", 4, "北京", AnswerSpan(4, "京"), False),
        ("نعم، باريس؟", 5, "باريس؟", AnswerSpan(5, "باريس"), True),
        ("grade A", 6, "A", AnswerSpan(6, "A"), True),
        ("a grade", 0, "a", AnswerSpan(2, "grade"), False),
    ],
    ids=["article", "another word", "less", "ending", "brackets", "letter", "Arabic", "bare article", "beside"],
)
def test_expected_as_the_metric(context, start, text, right, is_right):
    """A row is right in the place where its exact match is 1."""
    found = Answer(text, start, start + len(text), 0.9, 0.8)
    assert context[found.start : found.end] == text
    assert (check_expected(found, (right,)) == []) == is_right
    if is_right:
        counted = count(found, (right,))
        assert (counted["F1"], counted["exact match"]) == (1, 1)


@pytest.mark.parametrize(("text", "score"), [("東京都", 4 / 5), ("京都", 1 / 2), ("大阪", 0.0), ("東京。", 1.0)])
def test_f1_without_spaces(text, score):
    """Where there are no spaces, each letter that is shared is part of F1."""
    assert count(Answer(text, 0, len(text), 0.9, 0.8), (AnswerSpan(0, "東京"),))["F1"] == pytest.approx(score)


IMPOSSIBLE = [math.nan, math.inf, -math.inf, -1e-9]
MARGIN, SCORE = "which is not between 0 and 1", "which is no sum of probabilities"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [("margin", value, MARGIN) for value in (*IMPOSSIBLE, 1.000001, 2.0)]
    + [("score", value, SCORE) for value in IMPOSSIBLE],
)
def test_invalid(field, value, why):
    """A number that cannot be is a mismatch on either side, and even if both sides agree on it."""
    broken = dataclasses.replace(PARIS, **{field: value})
    words = f"'Paris' 36-41 has the {field} {value}, {why}"
    ours, theirs = (Mismatch(f"answer.{field}", f"{whose}{words}") for whose in ("", "golden "))
    assert invalid(broken) == check_expected(broken, RIGHT) == [ours]
    assert check_drift(broken, PARIS, DEFAULT) == check_swap(broken, PARIS, (), DEFAULT) == [ours]
    assert check_drift(PARIS, broken, DEFAULT) == check_swap(PARIS, broken, RIGHT, DEFAULT) == [theirs]
    assert check_drift(broken, broken, DEFAULT) == [ours, theirs]


def test_invalid_both_numbers():
    """A score and a margin that cannot be are both told, of no answer too."""
    assert sorted(map(str, invalid(scored(math.nan, -1.0, NONE)))) == [
        f"no answer has the margin -1.0, {MARGIN}",
        f"no answer has the score nan, {SCORE}",
    ]


def test_score_above_1():
    """The score of an answer that overlapping windows give twice may add up to more than 1."""
    assert invalid(scored(1.9)) == check_drift(scored(1.9), scored(1.9), DEFAULT) == []
    (mismatch,) = check_swap(scored(1.0), scored(1.9), RIGHT, DEFAULT)
    assert str(mismatch).endswith("fell by 0.9000, allowed 0.1")


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_sound(value):
    """Scores and margins of exactly 0 and 1 are probabilities."""
    assert invalid(scored(value, value)) == []


@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
@pytest.mark.parametrize("answer", [PARIS, NONE], ids=["answer", "none"])
@pytest.mark.parametrize(("allowed", "reason"), [(1e-4, "default"), (0.02, "int8"), (0.0, "bits"), (1e-7, "bits")])
def test_drift_boundary(sign, answer, allowed, reason):
    """A score exactly the tolerance away passes, a unit of the seventh digit more does not."""
    tolerance = Tolerance(drift=allowed, reason=reason)
    golden = scored(0.75, answer=answer)
    assert check_drift(scored(0.75 + sign * allowed, answer=answer), golden, tolerance) == []
    (mismatch,) = check_drift(scored(0.75 + sign * (allowed + 1e-7), answer=answer), golden, tolerance)
    assert mismatch.path == "answer.score"


def test_drift_words():
    """The message says what was found, what the golden has, what was allowed and by how much it is off."""
    assert check_drift(scored(0.91), scored(0.9995), Tolerance(drift=0.02, reason="int8")) == [
        Mismatch("answer.score", "'Paris' 36-41 scored 0.9100000, golden 0.9995000 ± 0.02: off by 0.0895")
    ]
    assert check_drift(scored(0.5, answer=NONE), scored(0.6, answer=NONE), DEFAULT, "single run") == [
        Mismatch("answer.score", "no answer scored 0.5000000, single run 0.6000000 ± 0.0001: off by 0.1")
    ]


@pytest.mark.parametrize(
    ("found", "golden", "words"),
    [
        (FRANCE, PARIS, "found 'France' 12-18 (0.7000), golden 'Paris' 36-41 (0.9000)"),
        (NONE, FRANCE, "found no answer (0.6000), golden 'France' 12-18 (0.7000)"),
        (FRANCE, NONE, "found 'France' 12-18 (0.7000), golden no answer (0.6000)"),
        (PARIS, scored(0.9, answer=Answer("Paris", 0, 5, 0, 0)), "found 'Paris' 36-41 (0.9000), golden 'Paris' 0-5"),
    ],
    ids=["another", "lost", "found", "another place"],
)
def test_drift_to_another_answer(found, golden, words):
    """Another answer, or an answer instead of none, is a mismatch that says how far it was from a near tie."""
    (mismatch,) = check_drift(found, golden, DEFAULT)
    lead = max(found.margin, golden.margin)
    assert mismatch.path == "answer"
    assert mismatch.message.startswith(words)
    assert mismatch.message.endswith(f"; a near tie would lead by up to 0.0001, this one led by {lead:g}")


@pytest.mark.parametrize(("margin", "count"), [(0.0, 0), (9e-5, 0), (1e-4, 0), (1.001e-4, 1), (0.5, 1)])
@pytest.mark.parametrize("other", [FRANCE, NONE], ids=["answer", "none"])
def test_drift_near_tie(other, margin, count):
    """Two answers may change places where both led by at most the tolerance."""
    first, second = scored(0.45, margin), scored(0.45, margin, other)
    assert len(check_drift(first, second, DEFAULT)) == count
    assert len(check_drift(second, first, DEFAULT)) == count


def test_drift_from_a_clear_lead():
    """An answer that led clearly is not tied with another one, even if that one leads by nothing."""
    assert check_drift(scored(0.45, 0.0, FRANCE), scored(0.45, 0.4), DEFAULT) != []
    assert check_drift(scored(0.45, 0.4), scored(0.45, 0.0, FRANCE), DEFAULT) != []


def test_drift_of_the_best_score():
    """Where two answers tie, the best score is still the same within the tolerance."""
    assert check_drift(scored(0.01, 0.0, FRANCE), scored(0.45, 0.0), DEFAULT) != []


@given(answers())
def test_drift_self(prediction):
    """An answer never drifts from itself, not even at tolerance 0."""
    assert check_drift(prediction, prediction, BITS) == []


@given(answers(), answers())
def test_drift_symmetric(first, second):
    """Two answers differ whichever of them is the golden."""
    assert bool(check_drift(first, second, DEFAULT)) == bool(check_drift(second, first, DEFAULT))


@pytest.mark.parametrize(("allowed", "reason"), [(0.10, "default"), (0.0, "tight"), (0.25, "prune50")])
@pytest.mark.parametrize(("answer", "right"), [(PARIS, RIGHT), (NONE, ())], ids=["answer", "none"])
def test_swap_boundary(answer, right, allowed, reason):
    """The score of a right answer may rise freely, fall by exactly the tolerance and by no more."""
    tolerance = Tolerance(swap=allowed, reason=reason)
    golden = scored(0.875, answer=answer)
    assert check_swap(scored(1.0, answer=answer), golden, right, tolerance) == []
    assert check_swap(scored(0.875 - allowed, 0.0, answer), golden, right, tolerance) == []
    (mismatch,) = check_swap(scored(0.875 - allowed - 1e-6, answer=answer), golden, right, tolerance)
    assert mismatch.path == "answer.score"


@pytest.mark.parametrize(
    ("candidate", "golden", "right", "mismatch"),
    [
        (
            scored(0.6),
            PARIS,
            RIGHT,
            Mismatch(
                "answer.score",
                "'Paris' 36-41 scored 0.6000, the incumbent 0.9000: fell by 0.3000, allowed 0.1",
            ),
        ),
        (
            scored(0.3, answer=NONE),
            NONE,
            (),
            Mismatch("answer.score", "no answer scored 0.3000, the incumbent 0.6000: fell by 0.3000, allowed 0.1"),
        ),
        (FRANCE, PARIS, RIGHT, Mismatch("answer", "'Paris' 36-41 (0.9000) is lost: found 'France' 12-18 (0.7000)")),
        (NONE, PARIS, RIGHT, Mismatch("answer", "'Paris' 36-41 (0.9000) is lost: found no answer (0.6000)")),
        (PARIS, NONE, (), Mismatch("answer", "no answer (0.6000) is lost: found 'Paris' 36-41 (0.9000)")),
        (
            Answer("Paris", 0, 5, 0.9, 0.8),
            PARIS,
            RIGHT,
            Mismatch("answer", "'Paris' 36-41 (0.9000) is lost: found 'Paris' 0-5 (0.9000)"),
        ),
    ],
    ids=["fell", "none fell", "another", "none", "an answer", "another place"],
)
def test_swap_words(candidate, golden, right, mismatch):
    """What was right and is lost or fell is told with both sides."""
    assert check_swap(candidate, golden, right, DEFAULT) == [mismatch]


def test_swap_to_another_right_answer():
    """Any of the right passages will do, and its score is compared with that of the one before."""
    right = (*RIGHT, AnswerSpan(33, "in Paris"))
    longer = Answer("in Paris", 33, 41, 0.85, 0.1)
    assert check_swap(longer, PARIS, right, DEFAULT) == []
    assert [m.path for m in check_swap(scored(0.79, answer=longer), PARIS, right, DEFAULT)] == ["answer.score"]


def test_swap_near_ties_do_not_excuse():
    """A right answer that is lost stays lost, however undecided both sides were."""
    assert len(check_swap(scored(0.4, 0.0, FRANCE), scored(0.4, 0.0), RIGHT, DEFAULT)) == 1


@pytest.mark.parametrize("right", [RIGHT, ()], ids=["answer", "none"])
def test_swap_mended(right):
    """A candidate that is right where the incumbent was wrong is no mismatch, at any score."""
    candidate = PARIS if right else NONE
    assert check_swap(scored(0.01, 0.0, candidate), FRANCE, right, DEFAULT) == []


@pytest.mark.parametrize("candidate", [FRANCE, NONE, scored(0.01, 0.0, FRANCE)], ids=["same", "none", "less"])
def test_swap_still_wrong(candidate):
    """A candidate that is as wrong as the incumbent, or wrong in another way, is no mismatch."""
    assert check_swap(candidate, FRANCE, RIGHT, DEFAULT) == []


@given(answers(), rights)
def test_swap_identical_candidate(prediction, right):
    """A candidate that says what the incumbent said passes, whatever is right."""
    assert check_swap(prediction, prediction, right, Tolerance(swap=0, reason="tight")) == []


@given(answers(), answers(), rights)
def test_swap_never_costs_a_right_answer(candidate, golden, right):
    """Where a swap is no mismatch and the incumbent was right, the candidate is."""
    if check_expected(golden, right) == [] and check_swap(candidate, golden, right, DEFAULT) == []:
        assert check_expected(candidate, right) == []
