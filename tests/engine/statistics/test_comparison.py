"""Comparison of two models on the same rows, figure by figure: what is better, what decides, and what is refused."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_scores
from seqeval.scheme import IOB2

from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import BRIER, LOG_LOSS, RIGHT
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.generated import BITS, Asked, Generated
from swapgate.outputs.text import Summary, Text
from swapgate.outputs.translation import Reference, Translation
from swapgate.statistics.comparison import (
    FEWEST_ERRORS,
    compare_errors,
    compare_figure,
    is_saturated,
    judge_floor,
    least_shown,
)
from swapgate.statistics.paired import FEWEST_UNITS, resampled_bounds
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

BOX = (0.0, 0.0, 10.0, 10.0)


def labels(*names):
    """Return a classification whose labels have these names, best first."""
    return Classification(tuple(Score(name, 0.5 ** (place + 1)) for place, name in enumerate(names)), 0.5 ** len(names))


def entities(*spans):
    """Return entities of the form (start, end, label)."""
    return Entities(tuple(Entity(*span, "x" * (span[1] - span[0]), 1.0, 1.0, 1.0) for span in spans))


def objects(*found):
    """Return objects of the form (label, box)."""
    return Detections(tuple(Detection(*one, 0.9) for one in found), 0.5)


SAID = {
    "sentiment": (("a",), labels("a", "b"), labels("b", "c", "d", "a")),
    "ner": ((Span(0, 3, "PER", "Ada"),), entities((0, 3, "PER")), entities((0, 3, "LOC"))),
    "question-answering": (
        (AnswerSpan(0, "old tower"),),
        Answer("old tower", 0, 9, 1, 1),
        Answer("old", 0, 3, 1, 1),
    ),
    "summarization": (Summary("", "a b c d", ("b",), (), (1, 9)), Text("a b c d", 1.0), Text("a d", 1.0)),
    "translation": (Reference("a b c d", ("b",), ()), Translation("a b c d", 1.0), Translation("a d", 1.0)),
    "text-generation": (Asked(text="a b"), Generated("a b", 1.0), Generated("c", 1.0)),
    "speech-recognition": ("turn it on", Text("turn it on", 1.0), Text("turn on", 1.0)),
    "object-detection": ((Annotation("cat", BOX),), objects(("cat", BOX)), objects(("cat", (0.0, 0.0, 10.0, 4.0)))),
}
"""What is right in each task, a prediction that is, and one that is not."""
FIGURES = [(task, name) for task in SAID for name in find_task(task).figures if name not in (BRIER, LOG_LOSS, BITS)]
NUMBERED = [f"figure_{number}" for number in range(len(FIGURES))]


def counted(task, rights, wrong=None):
    """Return the tally of rows of which some are right."""
    expected, good, bad = SAID[task]
    made = Tally(find_task(task).output)
    for number, right in enumerate(rights):
        made.add(f"row {number}", good if right else wrong or bad, expected)
    return made


def halves(task, rows=120, lost=0, gained=0):
    """Return the tallies of a candidate and its reference, which each miss a tenth of the rows, and of the flips."""
    theirs = np.arange(rows) % 10 != 0
    ours = theirs.copy()
    ours[np.flatnonzero(theirs)[:lost]] = False
    ours[np.flatnonzero(~theirs)[:gained]] = True
    return counted(task, ours), counted(task, theirs)


@pytest.mark.parametrize(("task", "figure"), FIGURES, ids=NUMBERED)
def test_figure_of_some_rows(task, figure):
    """A figure of weighted rows is that of a set in which each row stands as often as its weight says."""
    rights = np.random.default_rng(1).random(40) < 0.7
    chosen = np.sort(np.random.default_rng(2).integers(40, size=60))  # equal scores keep the order of the pictures
    assert counted(task, rights).figure(figure, np.bincount(chosen, minlength=40)) == pytest.approx(
        counted(task, rights[chosen]).figures()[figure]
    )
    assert counted(task, rights).figure(figure) == pytest.approx(counted(task, rights).figures()[figure])


def test_row_that_comes_later():
    """Figures are of all rows, also of those that came after they were last asked for."""
    made = counted("ner", [True])
    assert made.figure("F1") == 1
    made.add("row 1", SAID["ner"][2], SAID["ner"][0])
    assert (made.figure("F1"), made.figures()[RIGHT]) == (0.5, 0.5)


@pytest.mark.parametrize(("task", "figure"), FIGURES, ids=NUMBERED)
def test_direction(task, figure, monkeypatch):
    """A model that loses nearly all rows is worse by each figure, and one that gains them is better."""
    monkeypatch.setattr("swapgate.statistics.paired.RESAMPLES", 100)
    worse = compare_figure(*halves(task, lost=100), figure, 0.05)
    better = compare_figure(*halves(task, 240, gained=24), figure, 0.05)
    if figure == "top-5":  # the wrong answers have the right label, too, among five
        assert (worse.difference, better.difference, worse.decision) == (0, 0, "PASS")
        return
    assert (worse.decision, better.decision) == ("FAIL", "PASS")
    sign = 1 if figure in ("WER", "CER") else -1
    assert sign * worse.difference > 0 > sign * better.difference
    assert worse.low < worse.difference < worse.high
    assert (worse.rows, len(worse.lost), len(worse.gained), worse.allowed) == (120, 100, 0, 0.05)
    assert (len(better.lost), len(better.gained), better.needed) == (0, 24, None)


@pytest.mark.parametrize("figure", ["WER", RIGHT, "CER"])
@settings(deadline=None, max_examples=20)
@given(lost=st.integers(0, 100), gained=st.integers(0, 12), margin=st.floats(0.01, 0.5))
def test_bounds_and_decision_agree(figure, lost, gained, margin):
    """PASS is a worse bound within the margin, FAIL a better one beyond it; more rows are asked for than there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("swapgate.statistics.paired.RESAMPLES", 100)
        found = compare_figure(*halves("speech-recognition", lost=lost, gained=gained), figure, margin)
    assert (found.worse is not None) == (figure != RIGHT and lost + gained < FEWEST_UNITS)
    least, most = (-found.high, -found.low) if figure != RIGHT else (found.low, found.high)
    if min(abs(least + margin), abs(most + margin)) > 1e-6:
        assert found.decision == ("PASS" if least > -margin else "FAIL" if most < -margin else "too few rows")
    assert found.needed is None or (found.decision == "too few rows" and found.needed > found.rows)


MEANS = [("summarization", "ROUGE-1"), ("summarization", "ROUGE-L"), ("question-answering", "F1")]


@pytest.mark.parametrize(("task", "figure"), MEANS, ids=["words", "order", "answers"])
@pytest.mark.parametrize(
    ("rows", "lost", "decision"), [(400, 3, "PASS"), (400, 19, "too few rows"), (40, 0, "too few rows")]
)
def test_hardly_a_row_differs(task, figure, rows, lost, decision):
    """A mean over rows is judged also where hardly one differs: what fell is taken as lost as a whole."""
    found = compare_figure(*halves(task, rows, lost), figure, 0.03)
    assert (found.decision, found.differing) == (decision, lost)
    assert found.low < found.difference <= found.high
    same = halves(task, rows)
    alike = compare_figure(*same, figure, 0.03)
    assert alike.low == pytest.approx(-alike.high)


@pytest.mark.parametrize("share", [0.0, 1.0], ids=["all wrong", "all right"])
@pytest.mark.parametrize(
    ("task", "figure"),
    [("ner", RIGHT), ("ner", "F1"), ("speech-recognition", "WER"), ("object-detection", "mAP@0.5")],
    ids=["right", "spans", "words", "boxes"],
)
def test_no_flips(task, figure, share):
    """Where both sides say the same, 149 rows pass at a margin of two points by any figure, and 100 are too few; where
    both get nothing right none do (of the words they get some).
    """
    few, many = ([counted(task, np.full(rows, share)) for _ in range(2)] for rows in (100, 149))
    found = compare_figure(*many, figure, 0.02)
    assert (found.differing, found.difference, found.mcnemar) == (0, 0, 1)
    assert found.decision == ("PASS" if share or figure == "WER" else "too few rows")
    assert found.worse == (None if figure == RIGHT else 0)
    refused = compare_figure(*few, figure, 0.02)
    assert (refused.decision, refused.needed) == ("too few rows", 133 if figure == RIGHT else 149)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("figure", [RIGHT, "F1"])
def test_one_row(ours, figure):
    """One row decides nothing."""
    found = compare_figure(counted("ner", [ours]), counted("ner", [True]), figure, 0.02)
    assert (found.decision, found.rows, len(found.lost)) == ("too few rows", 1, not ours)


def test_flips_keep_their_order():
    """Flips are listed in the order of the rows, each with what the wrong side said."""
    found = compare_figure(counted("ner", [1, 0, 0, 1, 0]), counted("ner", [0, 1, 1, 0, 0]), RIGHT, 0.02)
    assert [flip.id for flip in found.lost] == ["row 1", "row 2"]
    assert [flip.id for flip in found.gained] == ["row 0", "row 3"]
    assert (
        found.lost[0].wrong == "PER 'xxx' 0-3 was found as LOC" or "PER 'Ada' 0-3 was not found" in found.lost[0].wrong
    )


def test_only_rows_of_the_figure_count():
    """Rows on which something else differs do not make a figure surer: another wrong label, or other letters."""
    none = counted("ner", np.zeros(200))
    other = counted("ner", np.zeros(200), entities((0, 3, "ORG")))
    assert not none.differs(other, "F1").any()
    assert compare_figure(other, none, "F1", 0.02).worse == 0
    heard = [counted("speech-recognition", np.zeros(200), Text(text, 1.0)) for text in ("turn up on", "turn im on")]
    assert [heard[0].differs(heard[1], figure).sum() for figure in ("WER", "CER")] == [0, 200]


@pytest.mark.parametrize(
    ("errors", "others", "at_most", "decision"),
    [
        (100, 100, 1.5, "PASS"),
        (300, 100, 1.5, "FAIL"),
        (150, 100, 1.5, "too few rows"),
        (0, FEWEST_ERRORS + 1, 1.0, "PASS"),
        (0, FEWEST_ERRORS, 1.0, "too few rows"),
        (10, 0, 1.5, "too few rows"),
        (0, 0, 1.5, "too few rows"),
    ],
)
def test_ratio_of_errors(errors, others, at_most, decision):
    """A ratio is decided where the reference makes more than fifty errors, and undefined where it makes none."""
    rows = np.arange(1_000)
    found = compare_errors(counted("ner", rows >= errors), counted("ner", rows < 1_000 - others), at_most)
    assert (found.decision, found.value, found.reference) == (decision, errors, others)
    assert found.difference == (errors / others if others else None)


def test_needed_for_a_ratio():
    """Rows are asked for that make the reference err more than fifty times; none where no number of them would do."""
    few = compare_errors(counted("ner", np.arange(1_000) >= 10), counted("ner", np.arange(1_000) >= 20), 1.5)
    assert few.needed == 2_550
    halved = compare_errors(counted("ner", np.arange(1_000) < 920), counted("ner", np.arange(1_000) >= 100), 0.9)
    assert (halved.decision, halved.needed) == ("too few rows", None)


def test_resampling_in_little_memory():
    """Resampling 20,000 rows takes as little memory as a few of its draws."""
    values = np.random.default_rng(6).random(20_000)
    tracemalloc.start()
    try:
        assert resampled_bounds(lambda weights: weights @ values / weights.sum(axis=1), np.ones((20_000, 1)))
        assert tracemalloc.get_traced_memory()[1] < 6e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("right", "at_least", "decision"), [(980, 0.9, "PASS"), (850, 0.9, "FAIL"), (905, 0.9, "too few rows")]
)
@pytest.mark.parametrize(
    ("task", "figure"),
    [("ner", RIGHT), ("ner", "F1"), ("object-detection", "right")],
    ids=["right", "spans", "boxes"],
)
def test_floor(task, figure, right, at_least, decision):
    """A figure is judged by its own bounds: beyond the floor with confidence on one side, or on the other."""
    found = judge_floor(counted(task, np.arange(1_000) < right), figure, at_least, None)
    assert (found.decision, found.rows, found.at_least, found.at_most) == (
        decision,
        1_000,
        at_least,
        None,
    )
    assert found.low < found.value < found.high
    assert (found.needed is None) == (found.decision != "too few rows")


def sparse(entities_in, rows=1_000, lost=0):
    """Return the tally of sentences of which few have an entity, and some of these are lost."""
    expected, good, bad = SAID["ner"]
    made = Tally(find_task("ner").output)
    for number in range(rows):
        there = number < entities_in
        made.add(f"row {number}", (bad if number < lost else good) if there else entities(), expected if there else ())
    return made


@pytest.mark.parametrize(("there", "decision"), [(50, "too few rows"), (148, "too few rows"), (149, "PASS")])
def test_rows_that_count_for_nothing(there, decision):
    """Sentences without an entity tell nothing of the F1 of spans, however many there are."""
    found = compare_figure(sparse(there), sparse(there), "F1", 0.02)
    assert (found.decision, found.counting) == (decision, there)
    assert found.needed is None or found.needed == pytest.approx(149_000 / there, rel=0.05)


def test_nothing_counts():
    """Sets in which no row has an entity, or no picture an object, decide nothing, and ask for no number of rows."""
    empty = [Tally(find_task("object-detection").output) for _ in range(2)]
    for number in range(40):
        for side in empty:
            side.add(f"row {number}", objects(), ())
    for sides, figure in (((sparse(0, 40), sparse(0, 40)), "F1"), (empty, "mAP@0.5")):
        found = compare_figure(*sides, figure, 0.02)
        assert (found.decision, found.needed, found.counting) == ("too few rows", None, 0)
        assert judge_floor(sides[0], figure, 0.5, None).decision == "too few rows"


@pytest.mark.parametrize(("lost", "decision"), [(0, "PASS"), (2, "too few rows"), (30, "FAIL")])
def test_few_rows_count(lost, decision):
    """What is lost among few rows that count is judged among these, by the claim as by resampling."""
    assert compare_figure(sparse(100, lost=lost), sparse(100), "F1", 0.05).decision == decision


@pytest.mark.parametrize("figure", ["F1", "recall", "recall PER", "F1 PER", "macro F1"])
@pytest.mark.parametrize(("there", "decision"), [(5, "too few rows"), (20, "too few rows"), (200, "PASS")])
def test_floor_of_few_rows_that_count(figure, there, decision):
    """A floor is not passed by a handful of rows that count, though all of them are right."""
    assert judge_floor(sparse(there, 400), figure, 0.9, None).decision == decision


@pytest.mark.parametrize(("rare", "decision"), [(5, "too few rows"), (200, "PASS")])
def test_rare_label(rare, decision):
    """In a mean over labels a rare one counts as much as another, and five rows of it tell little."""
    sides = [Tally(find_task("sentiment").output) for _ in range(2)]
    for number in range(600):
        label = "a" if number < rare else "b" if number % 2 else "c"
        for side in sides:
            side.add(f"row {number}", labels(label, *({*"abc"} - {label})), (label,))
    found = compare_figure(*sides, "macro F1", 0.05)
    assert (found.decision, found.counting) == (decision, rare)


@pytest.mark.parametrize(("missed", "decision"), [(60, "PASS"), (500, "FAIL"), (290, "too few rows")])
def test_floor_of_an_error_rate(missed, decision):
    """An error rate may reach so much: here each row that is missed lacks one of three words."""
    found = judge_floor(counted("speech-recognition", np.arange(1_000) >= missed), "WER", None, 0.1)
    assert (found.decision, found.at_most, found.value) == (decision, 0.1, pytest.approx(missed / 3_000))
    assert found.raw == found.value


@pytest.mark.parametrize(("rows", "decision"), [(28, "too few rows"), (29, "PASS")])
def test_floor_of_what_is_all_right(rows, decision):
    """A first model that errs nowhere passes a floor of 0.9 from 29 rows on, of which some number is asked for."""
    found = judge_floor(counted("ner", np.ones(rows)), RIGHT, 0.9, None)
    assert (found.decision, found.high) == (decision, 1)


def repeated(task, rights, times):
    """Return the tally of rows that stand several times over, with the same input."""
    expected, good, bad = SAID[task]
    made = Tally(find_task(task).output)
    for number, right in enumerate(np.tile(rights, times)):
        made.add(f"row {number}", good if right else bad, expected, f"input {number % len(rights)}")
    return made


@pytest.mark.parametrize(
    ("task", "figure"),
    [("ner", RIGHT), ("ner", "F1"), ("summarization", "ROUGE-1"), ("object-detection", "mAP@0.5")],
    ids=["right", "spans", "words", "boxes"],
)
@pytest.mark.parametrize("lost", [0, 5, 30])
def test_same_inputs_count_once(task, figure, lost):
    """Fifty inputs twelve times over are judged like fifty: bounds, decision, and the rows that are needed."""
    rights = [np.arange(50) >= lost, np.ones(50)]
    once, often = ([repeated(task, right, times) for right in rights] for times in (1, 12))
    plain, found = (compare_figure(*sides, figure, 0.05) for sides in (once, often))
    assert (found.rows, found.inputs, plain.rows, plain.inputs) == (600, 50, 50, None)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    assert (found.decision, found.needed, found.differing) == (plain.decision, plain.needed, plain.differing)
    floors = [judge_floor(sides[0], figure, 0.9, None) for sides in (once, often)]
    assert floors[0].low == pytest.approx(floors[1].low)
    assert floors[1].inputs == 50


def test_same_inputs_count_once_for_errors():
    """Errors on the same input are one error, so that sixty of five inputs are no more than five."""
    sides = [repeated("ner", right, 12) for right in (np.ones(50), np.arange(50) >= 5)]
    found = compare_errors(*sides, 1.5)
    assert (found.reference, found.decision, found.inputs) == (5, "too few rows", 50)


def test_rows_of_one_input_that_disagree():
    """An input of which one of two rows is lost is half lost."""
    theirs, ours = repeated("ner", np.ones(100), 2), Tally(find_task("ner").output)
    for number in range(200):
        ours.add(f"row {number}", SAID["ner"][2 if number == 0 else 1], SAID["ner"][0], f"input {number % 100}")
    assert compare_figure(ours, theirs, RIGHT, 0.02).difference == pytest.approx(-0.005)


def heard(wrong, words=0):
    """Return the tally of a thousand transcripts, some of them with so many invented words."""
    made = Tally(find_task("speech-recognition").output)
    for number in range(1_000):
        text = "turn it on" + (" and on" * (words // 2) if number < wrong else "")
        made.add(f"row {number}", Text(text, 1.0), "turn it on")
    return made


def test_rare_catastrophe():
    """Rows of 200 invented words count up to their own length; the raw figure stands beside, and many fail."""
    few, many = (compare_figure(heard(wrong, 200), heard(0), "WER", 0.02) for wrong in (3, 60))
    assert (few.decision, few.worse, few.cap) == ("PASS", 3, 1)
    assert (few.value, few.raw, few.raw_reference) == pytest.approx((0.003, 0.2, 0))
    assert (many.decision, many.worse, many.value) == ("FAIL", None, pytest.approx(0.06))


def test_longer_rows_got_worse():
    """Of few transcripts that got worse each counts as much as the longest of them."""
    sides = [Tally(find_task("speech-recognition").output) for _ in range(2)]
    for number in range(400):
        said = "turn it on " * (10 if number == 0 else 1)
        sides[0].add(f"row {number}", Text("" if number == 0 else said, 1.0), said)
        sides[1].add(f"row {number}", Text(said, 1.0), said)
    found = compare_figure(*sides, "WER", 0.02)
    assert (found.decision, found.worse, found.cap) == ("too few rows", 1, pytest.approx(30 / (1_227 / 400)))


def test_gains_are_no_losses():
    """Where few rows differ, those that got better do not count against a candidate."""
    better = compare_figure(*halves("ner", 1_000, gained=15), "F1", 0.005)
    worse = compare_figure(*halves("ner", 1_000, lost=15), "F1", 0.005)
    assert (better.worse, better.decision) == (0, "PASS")
    assert (worse.worse, worse.decision) == (15, "too few rows")


spans = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["PER", "LOC"])), max_size=4, unique_by=lambda one: one[0]
)


@settings(deadline=None)
@given(st.lists(st.tuples(spans, spans), min_size=1, max_size=6).filter(lambda rows: any(any(row) for row in rows)))
def test_spans_beside_seqeval(sentences):
    """Precision, recall and F1 of spans, together and by label, are seqeval's in its strict mode."""
    made, tags = Tally(find_task("ner").output), ([], [])
    for number, sides in enumerate(sentences):
        found, right = ([(4 * place, 4 * place + 3, label) for place, label in side] for side in sides)
        made.add(str(number), entities(*found), tuple(Span(*one, "xxx") for one in right))
        for side, spoken in zip(tags, (right, found), strict=True):
            side.append([next((f"{'BII'[at - s]}-{n}" for s, e, n in spoken if s <= at < e), "O") for at in range(16)])
    figures = made.figures()
    for average in ("micro", "macro", None):
        scores = seqeval_scores(*tags, average=average, scheme=IOB2, zero_division=0)
        names = sorted({tag[2:] for side in tags for line in side for tag in line} - {""})
        for key, score in zip(("precision", "recall", "F1"), scores, strict=False):
            wanted = {key: score} if average == "micro" else {f"macro {key}": score} if average else {}
            wanted |= {} if average else {f"{key} {name}": value for name, value in zip(names, score, strict=True)}
            assert {name: figures[name] for name in wanted} == pytest.approx(wanted)


@pytest.mark.parametrize(("task", "metric"), [("sentiment", "accuracy"), ("ner", "F1"), ("ner", RIGHT)], ids=range(3))
@pytest.mark.parametrize(("rows", "margin"), [(60, 0.02), (360, 0.02), (1_000, 0.02), (1_000, 0.05)])
def test_least_shown(task, metric, rows, margin):
    """So many lost rows are a FAIL, clearly fewer are not; resampled bounds are as the exact ones, but for chance."""
    right = counted(task, [True] * rows)
    lost, of = least_shown(right, right, metric, margin)
    more, less = (0, 1) if right.output.is_share(metric) else (max(2, lost // 10), max(2, lost // 10))
    decided = [
        compare_figure(counted(task, [number >= count for number in range(rows)]), right, metric, margin).decision
        for count in (lost + more, lost - less)
    ]
    assert of == rows
    assert decided[0] == "FAIL" != decided[1]


def test_no_loss_is_shown():
    """Where even all rows were not enough, no loss is; of a mean over labels the rarest counts."""
    few = counted("sentiment", [True] * 1)
    assert least_shown(few, few, "accuracy", 0.6) is None
    rare = counted("ner", [True] * FEWEST_UNITS)
    assert least_shown(rare, rare, "F1", 0.02) == (FEWEST_UNITS, FEWEST_UNITS)
    assert least_shown(counted("ner", [True] * 19), counted("ner", [True] * 19), "F1", 0.02) is None


@pytest.mark.parametrize(("wrong", "told"), [(0, True), (9, True), (10, False)])
def test_saturated(wrong, told):
    """A set is saturated where both sides are right on more than 99 % of its rows."""
    one, other = counted("ner", [True] * 1_000), counted("ner", [number >= wrong for number in range(1_000)])
    assert is_saturated(one, other) is is_saturated(other, one) is told


@pytest.mark.parametrize(("task", "metric"), FIGURES, ids=NUMBERED)
def test_surer(task, metric):
    """The surer a decision has to be, the wider are the bounds, and the more rows are wanted; it is told how sure."""
    ours, theirs = halves(task, rows=300, lost=24, gained=12)
    found = [compare_figure(ours, theirs, metric, 0.02, confidence) for confidence in (0.95, 0.99)]
    assert [one.confidence for one in found] == [0.95, 0.99]
    assert found[1].low < found[0].low <= found[0].difference <= found[0].high < found[1].high
    assert (found[1].needed or 0) >= (found[0].needed or 0)
    assert compare_figure(ours, theirs, metric, 0.02) == found[0]


def test_too_sure_to_be_drawn():
    """Bounds that no number of draws shows are the utmost, so that they decide nothing."""
    ours, theirs = halves("summarization", rows=300, lost=24, gained=12)
    found = compare_figure(ours, theirs, "ROUGE-1", 0.02, 0.99999)
    assert (found.low, found.high, found.decision) == (-1.0, 1.0, "too few rows")
