"""The checks that every suite has, to be imported by name into a suite file, and properties that many have.

from swapgate.standard import (
    test_expected, test_golden, test_latency, test_memory, test_parameters, test_quality, test_size
)

pytestmark = pytest.mark.task("text-classification")
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from swapgate.plugin.checks import assert_same
from swapgate.trials.running import Model

__all__ = [
    "assert_same",
    "assert_scores_sum_to_one",
    "batch_changes_nothing",
    "same_input_same_prediction",
    "test_expected",
    "test_golden",
    "test_latency",
    "test_memory",
    "test_parameters",
    "test_quality",
    "test_size",
]


def test_expected(prediction: Any, expected: Any) -> None:
    """Each case: what the cases file says is right."""
    assert prediction == expected


def test_golden(prediction: Any, golden: Any) -> None:
    """Each case: what the accepted model said, within tolerance."""
    assert prediction == golden


@pytest.mark.latency
def test_latency(benchmark: Any, call: Any, rounds: int, latency: Any, budget: Any) -> None:
    """A call takes at most its budgeted multiple of the reference's time."""
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=3)
    assert latency <= budget.latency


def test_quality(quality: Any, budget: Any) -> None:
    """On the evaluation set it is at most its margin worse than the reference, and reaches its floors."""
    assert quality >= budget.quality


def test_size(size: Any, budget: Any) -> None:
    """The weight files take at most their budgeted multiple of the reference's bytes."""
    assert size <= budget.size


def test_parameters(parameters: Any, budget: Any) -> None:
    """It has at most its budgeted multiple of the reference's parameters."""
    assert parameters <= budget.parameters


def test_memory(memory: Any, budget: Any) -> None:
    """A process of its own needs at most its budgeted multiple of the reference's peak memory."""
    assert memory <= budget.memory


def same_input_same_prediction(inputs: SearchStrategy[Any]) -> Callable[..., None]:
    """Return a property: the same input twice gives the same prediction, to the last bit."""

    @given(one=inputs)
    def test(model: Model, one: Any) -> None:
        """The same input twice gives the same prediction, to the last bit."""
        assert model.predict([one]) == model.predict([copy.copy(one)])

    return test


def batch_changes_nothing(inputs: SearchStrategy[Any], most: int = 8) -> Callable[..., None]:
    """Return a property: a batch of up to so many inputs gives what they give one by one, within tolerance."""

    @given(batch=st.lists(inputs, min_size=2, max_size=most))
    def test(model: Model, batch: list[Any]) -> None:
        """A batch gives what its inputs give one by one, within tolerance."""
        for one, together in zip(batch, model.predict(batch), strict=True):
            (alone,) = model.predict([one])
            assert_same(together, alone, model)

    return test


def text_obeys_its_limits(inputs: SearchStrategy[Any]) -> Callable[..., None]:
    """Return a property: what is written has no more words than the settings allow tokens."""

    @given(text=inputs)
    def test(model: Any, text: Any) -> None:
        """What is written has no more words than the settings allow tokens."""
        (found,) = model.predict([text])
        told = model.row.generation
        limit = told and (told.max_new_tokens or told.max_length)  # else the model's own settings limit it
        assert limit is None or len(found.text.split()) <= limit
        assert 0 <= found.margin <= 1

    return test


def assert_scores_sum_to_one(found: Any) -> None:
    """Assert that each score of a classification is a probability, the best comes first, and together they make 1."""
    scores = [score.score for score in found.scores]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) + found.rest == pytest.approx(1, abs=1e-6)
