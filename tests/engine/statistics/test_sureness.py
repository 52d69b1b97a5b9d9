"""How far a model is as sure as it is right: figures of it, and a candidate that is failed for being too sure."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import BRIER, LEAST_CHANCE, LOG_LOSS
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.statistics.comparison import compare_figure, judge_floor
from swapgate.statistics.sureness import calibration_error, curve
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task


def classified(scores, rights):
    """Return the tally of rows with two labels: how sure of the one that leads, and whether it is right."""
    made = Tally(find_task("sentiment").output)
    for row, (score, right) in enumerate(zip(scores, rights, strict=True)):
        said = Classification((Score("a", float(score)), Score("b", 1.0 - float(score))), 0.0)
        made.add(f"row {row}", said, ("a" if right else "b",))
    return made


@given(st.lists(st.tuples(st.floats(0.51, 0.99), st.booleans()), min_size=2))
def test_figures_beside_scikit_learn(rows):
    """Brier score and log loss are scikit-learn's, of the answer that leads and of the right one."""
    scores, rights = zip(*rows, strict=True)
    found = classified(scores, rights).figures()
    assert found["Brier"] == pytest.approx(brier_score_loss(rights, scores))
    assert found["log loss"] == pytest.approx(log_loss(rights, scores, labels=[False, True]))


def test_clipped():
    """A right answer that is given next to nothing counts as if it were given a thousandth."""
    found = classified([1.0], [False]).figures()
    assert found["log loss"] == pytest.approx(-math.log(LEAST_CHANCE))


def test_calibration_error():
    """Bins have as many rows each, equal ones stay together; the error is how far sure and right lie apart."""
    confidence = np.repeat([0.6, 0.9], 300)
    right = np.concatenate([np.arange(300) < 180, np.arange(300) < 210]).astype(float)
    bins = curve(confidence, right)
    assert [(one.rows, one.right) for one in bins] == [(300, pytest.approx(0.6)), (300, pytest.approx(0.7))]
    assert calibration_error(bins) == pytest.approx(0.1)
    assert calibration_error(curve(np.array([0.6, 0.9] * 5), np.ones(10))) == pytest.approx(0.25)
    spread = np.random.default_rng(1).random(3_000)
    assert {one.rows for one in curve(spread, spread)} == {200}
    assert classified([0.8] * 10, [True] * 8 + [False] * 2).figures()["ECE"] == pytest.approx(0.0)


@pytest.mark.parametrize("metric", ["Brier", "log loss"])
def test_too_sure(metric):
    """A candidate with the same labels that is sure of wrong ones too fails, one that says the same passes."""
    rights = np.arange(1_000) % 4 > 0
    honest, sure = classified(np.full(1_000, 0.75), rights), classified(np.full(1_000, 0.99), rights)
    assert compare_figure(sure, honest, "accuracy", 0.02).decision == "PASS"
    found = compare_figure(sure, honest, metric, 0.03)
    assert (found.decision, found.difference > 0.03) == ("FAIL", True)
    assert compare_figure(honest, sure, metric, 0.03).decision == "PASS"
    assert compare_figure(honest, honest, metric, 0.05).decision == "PASS"


def test_answers():
    """An answer to a question has a probability, and is right where it is the words that are."""
    made = Tally(find_task("question-answering").output)
    made.add("one", Answer("old tower", 4, 13, 0.8, 0.5), (AnswerSpan(4, "old tower"),))
    made.add("two", Answer("tower", 8, 13, 0.6, 0.5), (AnswerSpan(4, "old tower"),))
    found = made.figures()
    assert found["Brier"] == pytest.approx((0.2**2 + 0.6**2) / 2)
    assert found["log loss"] == pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2)
    assert found["confidence"] == pytest.approx(0.7)


def test_no_probability():
    """A text has none, and no curve."""
    made = Tally(find_task("summarization").output)
    assert made.sureness() == []


def entities(rows, wanted=1):
    """Return the tally of rows of entities, each with a score and whether it is right; `wanted` are there in each."""
    made = Tally(find_task("ner").output)
    for number, row in enumerate(rows):
        right = [Span(place, place + 1, "PER", "A") for place in range(wanted)]
        found = [
            Entity(place, place + 1, "PER" if is_right else "LOC", "A", score, 0.5, 0.5)
            for place, (score, is_right) in enumerate(row)
        ]
        made.add(f"row {number}", Entities(tuple(found)), tuple(right))
    return made


def objects(rows):
    """Return the tally of pictures with one object, in which these were found, of a threshold of 0.5."""
    made = Tally(find_task("object-detection").output)
    there, elsewhere = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0)
    for number, row in enumerate(rows):
        found = tuple(Detection("cat", there if right else elsewhere, score) for score, right in row)
        made.add(f"row {number}", Detections(found, 0.5), (Annotation("cat", there),))
    return made


@pytest.mark.parametrize("tallied", [entities, objects])
def test_what_was_found(tallied):
    """Of entities and objects each that was found counts, right or wrong; what was missed has no score."""
    rows = [[(0.9, True)], [(0.8, False)], [], [(0.6, True), (0.7, False)]]
    made = tallied(rows)
    scores, rights = zip(*(one for row in rows for one in row), strict=True)
    found = made.figures()
    assert found["Brier"] == pytest.approx(brier_score_loss(rights, scores))
    assert found["log loss"] == pytest.approx(log_loss(rights, scores))
    assert found["confidence"] == pytest.approx(0.75)
    assert found["ECE"] == pytest.approx(abs(0.75 - 0.5))
    assert [(one.rows, one.right) for one in made.sureness()] == [(4, 0.5)]


def test_below_the_threshold():
    """An object that does not count is none that was found."""
    assert objects([[(0.9, True), (0.4, False)]]).figures()["Brier"] == pytest.approx(0.01)


@pytest.mark.parametrize("tallied", [entities, objects])
def test_nothing_found(tallied):
    """A model that finds nothing has no curve, and the worst figures: nothing can be claimed of its scores."""
    nothing, found = tallied([[]] * 300), tallied([[(0.9, True)]] * 300)
    figures = nothing.figures()
    assert (figures["Brier"], figures["log loss"]) == (1.0, -math.log(LEAST_CHANCE))
    assert nothing.sureness() == []
    assert "ECE" not in figures
    assert compare_figure(nothing, found, BRIER, 0.05).decision != "PASS"
    assert judge_floor(nothing, BRIER, None, 0.5).decision != "PASS"


@pytest.mark.parametrize("metric", [BRIER, LOG_LOSS])
@pytest.mark.parametrize("tallied", [entities, objects])
def test_too_sure_of_what_was_found(tallied, metric):
    """A candidate that finds the same and is surer of what is wrong fails, and one that says the same passes."""
    honest = tallied([[(0.75, number % 4 > 0)] for number in range(600)])
    sure = tallied([[(0.99, number % 4 > 0)] for number in range(600)])
    assert compare_figure(sure, honest, metric, 0.03).decision == "FAIL"
    assert compare_figure(honest, sure, metric, 0.03).decision == "PASS"
    assert compare_figure(honest, honest, metric, 0.05).decision == "PASS"


def test_few_rows_have_some():
    """Rows in which nothing was found tell nothing: of 1,000 of which 20 have an entity, these 20 count."""
    rows = [[(0.9, True)] if number < 20 else [] for number in range(1_000)]
    found = compare_figure(entities(rows), entities(rows), BRIER, 0.02)
    assert (found.decision, found.counting) == ("too few rows", 20)


def one_each(scores, rights):
    """Return the tally of rows with an entity each."""
    return entities([[one] for one in zip(scores, rights, strict=True)])


@pytest.mark.parametrize("made", [classified, one_each])
def test_few_that_got_worse(made):
    """Where few rows differ those that got worse are told from those that got better, of a figure of errors too."""
    rights = np.arange(600) % 300 > 0
    surer = np.where(np.arange(600) % 50 == 1, 0.99, 0.6)
    honest, sure = made(np.full(600, 0.6), rights), made(surer, rights)
    assert compare_figure(honest, sure, BRIER, 0.02).worse == 12
    assert compare_figure(sure, honest, BRIER, 0.02).worse == 0


def test_fewer_found_is_not_better():
    """A row in which less was found is no better for it: the mean over what was found may be worse."""
    both, one = [(0.99, True), (0.6, False)], [(0.6, False)]
    before = entities([both] * 10 + [[(0.9, True)]] * 290, wanted=2)
    after = entities([one] * 10 + [[(0.9, True)]] * 290, wanted=2)
    assert after.figures()["Brier"] > before.figures()["Brier"]
    assert compare_figure(after, before, BRIER, 0.05).worse == 10
