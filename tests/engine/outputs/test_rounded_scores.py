"""Probabilities that others compute in 16 bits, or round, are taken for what they are; others are not."""

from math import fsum

import pytest

from swapgate.core.faults import ModelFault
from swapgate.inputs.given import Question
from swapgate.outputs import answer, classification, invalid
from swapgate.tasks import tasks

QUESTION = Question("Who?", "Ada came.")


@pytest.fixture
def classified():
    """Read scores as a suite with two labels does; True where no model could have meant them."""
    row = tasks()["sentiment"].settings(labels={"P": "good", "N": "bad"})

    def read(*scores):
        said = [{"label": label, "score": score} for label, score in zip("PN", scores, strict=False)]
        found = classification.answered(said, "", row)
        return found, bool(invalid(found))

    return read


@pytest.mark.parametrize(
    "scores", [(0.99951171875, 0.0006), (0.66, 0.335), (0.9997, 0.0), (1.0005, 0.0), (0.7,), (1.0004,)]
)
def test_rounded_scores(classified, scores):
    """Scores that miss 1 by what 16 bits or two digits leave are scores."""
    found, wrong = classified(*scores)
    assert not wrong
    assert fsum([*(one.score for one in found.scores), found.rest]) == pytest.approx(1)
    assert found.scores[0].score == pytest.approx(scores[0], abs=0.01)


@pytest.mark.parametrize("scores", [(0.9, 0.9), (0.5, 0.2), (0.7, 0.35), (0.6, 0.38)])
def test_scores_that_are_none(classified, scores):
    """Scores of all labels that are further from 1 are none of one label."""
    assert classified(*scores)[1]


def test_scores_of_answers():
    """The score of an answer exceeds 1 by a little where it is a sum in 16 bits, and never counts for more."""
    said = {"answer": "Ada", "start": 0, "end": 3}
    assert answer.answered({**said, "score": 1.0004}, QUESTION, None).score == 1
    with pytest.raises(ModelFault, match=r"has the score 1\.02, which is not between 0 and 1"):
        answer.answered({**said, "score": 1.02}, QUESTION, None)
