"""Comparison of two models on the same rows, figure by figure: what is better, what decides, and what is refused."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_scores
from seqeval.scheme import IOB2

from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import RIGHT
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.text import Summary, Text
from swapgate.statistics.comparison import FEWEST_ERRORS, compare_errors, compare_figure
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
    "speech-recognition": ("turn it on", Text("turn it on", 1.0), Text("turn on", 1.0)),
    "object-detection": ((Annotation("cat", BOX),), objects(("cat", BOX)), objects(("cat", (0.0, 0.0, 10.0, 4.0)))),
}
"""What is right in each task, a prediction that is, and one that is not."""
FIGURES = [(task, name) for task in SAID for name in find_task(task).figures]
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
    """A figure of rows by their numbers is that of a set of these rows, as often as they are named."""
    rights = np.random.default_rng(1).random(40) < 0.7
    chosen = np.random.default_rng(2).integers(40, size=60)
    assert counted(task, rights).figure(figure, chosen) == pytest.approx(
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
    assert (found.low is None) == (figure != RIGHT and lost + gained < FEWEST_UNITS)
    if found.low is None:
        assert (found.decision, found.high) == ("too few rows", None)
        return
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
def test_no_flips(share):
    """Where both sides say the same, rows that are many enough pass a share, and a resampled figure is refused."""
    few, many = ([counted("ner", np.full(rows, share)) for _ in range(2)] for rows in (100, 200))
    assert compare_figure(*many, RIGHT, 0.02).decision == "PASS"
    assert (compare_figure(*few, RIGHT, 0.02).decision, compare_figure(*few, RIGHT, 0.02).needed) == (
        "too few rows",
        133,
    )
    refused = compare_figure(*many, "F1", 0.02)
    assert (refused.decision, refused.low, refused.differing, refused.needed) == ("too few rows", None, 0, None)
    assert compare_figure(*many, RIGHT, 0.02).mcnemar == 1


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
    assert none.differing(other, "F1") == 0
    assert compare_figure(other, none, "F1", 0.02).decision == "too few rows"
    heard = [counted("speech-recognition", np.zeros(200), Text(text, 1.0)) for text in ("turn up on", "turn im on")]
    assert [heard[0].differing(heard[1], figure) for figure in ("WER", "CER")] == [0, 200]


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


@pytest.mark.parametrize("skewed", [False, True])
def test_resampling_beside_scipy(skewed, monkeypatch):
    """The bounds of a ratio are those of scipy's own BCa bootstrap, up to chance, also where few rows lose much."""
    monkeypatch.setattr("swapgate.statistics.paired.RESAMPLES", 20_000)
    random = np.random.default_rng(4)
    lost = -random.lognormal(0, 1, 200) * (random.random(200) < 0.15) if skewed else random.normal(-0.05, 1, 200)
    words = random.integers(3, 16, 200)
    ours = resampled_bounds(lambda rows: lost[rows].sum() / words[rows].sum(), 200, 200)
    theirs, simple = (
        bootstrap(
            (lost, words),
            lambda lost, words, axis: lost.sum(axis) / words.sum(axis),
            paired=True,
            n_resamples=20_000,
            confidence_level=0.9,
            method=method,
            rng=np.random.default_rng(5),
        ).confidence_interval
        for method in ("BCa", "percentile")
    )
    assert ours == pytest.approx(theirs, abs=0.04 * (theirs.high - theirs.low))
    assert not skewed or theirs.low < simple.low - 0.06 * (theirs.high - theirs.low)


def test_resampling_in_little_memory():
    """Resampling 20,000 rows takes as little memory as a few of its draws."""
    values = np.random.default_rng(6).random(20_000)
    tracemalloc.start()
    try:
        assert resampled_bounds(lambda rows: values[rows].mean(), 20_000, 20_000)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


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
