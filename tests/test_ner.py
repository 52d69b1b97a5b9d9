"""NER: which persons, organizations, places and other names a sentence holds, and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.compare import Tolerance, check_drift
from swapgate.predictions import Entities

pytestmark = pytest.mark.task("ner")

TOLERANCE = Tolerance()


def test_expected(prediction, expected):
    """Each case: exactly the expected entities, with their labels and spans."""
    assert prediction == expected


def test_golden(prediction, golden):
    """Each case: every score within tolerance of the golden."""
    assert prediction == golden


@pytest.mark.latency
def test_latency(benchmark, call, latency, budget):
    """A call takes at most its budgeted multiple of the reference's time."""
    benchmark.pedantic(call, rounds=20, warmup_rounds=3)
    assert latency <= budget.latency


def test_size(size, budget):
    """The weights take at most their budgeted multiple of the reference's bytes."""
    assert size <= budget.size
