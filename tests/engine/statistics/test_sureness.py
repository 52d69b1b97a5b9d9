"""How far a model is as sure as it is right: figures of it, and a candidate that is failed for being too sure."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import LEAST_CHANCE
from swapgate.statistics.comparison import compare_figure
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
