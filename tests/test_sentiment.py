"""Sentiment: whether a text, English or Chinese, is pleased or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.plugin.checks import assert_same

pytestmark = pytest.mark.task("sentiment")

reviews = st.sampled_from(
    [
        "The soup was wonderful.",
        "I would not come here again, the room was cold.",
        "The film is long, but I loved every minute.",
        "老师讲得很清楚，我很喜欢。",
        "房间又小又吵，太失望了。",
    ]
)
texts = st.one_of(reviews, st.text(min_size=1, max_size=60).filter(str.strip))


def test_expected(prediction, expected):
    """Each case: the expected label leads."""
    assert prediction == expected


def test_golden(prediction, golden):
    """Each case: every score within tolerance of the golden."""
    assert prediction == golden


@pytest.mark.latency
def test_latency(benchmark, call, rounds, latency, budget):
    """A call takes at most its budgeted multiple of the reference's time."""
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=3)
    assert latency <= budget.latency


def test_quality(quality, budget):
    """On the evaluation set it is at most its budgeted margin worse than the reference."""
    assert quality >= budget.quality


def test_size(size, budget):
    """The weight files take at most their budgeted multiple of the reference's bytes."""
    assert size <= budget.size


def test_parameters(parameters, budget):
    """It has at most its budgeted multiple of the reference's parameters."""
    assert parameters <= budget.parameters


def test_memory(memory, budget):
    """A process of its own needs at most its budgeted multiple of the reference's peak memory."""
    assert memory <= budget.memory


@given(text=texts)
def test_scores_sum_to_one(model, text):
    """Whatever the text: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([text])
    scores = [score.score for score in found.scores]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) + found.rest == pytest.approx(1, abs=1e-6)


@given(text=texts)
def test_same_input_same_prediction(model, text):
    """The same text twice gives the same prediction, to the last bit."""
    assert model.predict([text]) == model.predict([text])


@given(batch=st.lists(texts, min_size=2, max_size=8))
def test_batch_changes_nothing(model, batch):
    """A batch gives what its texts give one by one, within tolerance."""
    for text, together in zip(batch, model.predict(batch), strict=True):
        (alone,) = model.predict([text])
        assert_same(together, alone, model)


@given(text=reviews, before=st.integers(0, 4), behind=st.integers(0, 4))
def test_spaces_change_nothing(model, text, before, behind):
    """Spaces around a text do not change what it says."""
    padded, plain = model.predict([" " * before + text + " " * behind, text])
    assert_same(padded, plain, model)


@given(text=reviews)
def test_capitals_change_nothing(model, text):
    """Capitals do not change what a text says: these models read all letters alike."""
    loud, plain = model.predict([text.upper(), text])
    assert_same(loud, plain, model)


@given(text=st.sampled_from(["", " \n", "The soup was wonderful. " * 400]))
def test_impossible_texts_are_refused(model, text):
    """A text without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match="text"):
        model.predict([text])
