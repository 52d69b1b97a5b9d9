"""Summarization: the one sentence that sums up a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.plugin.checks import assert_same

pytestmark = pytest.mark.task("summarization")

firms = st.sampled_from(["Veldora", "Bramora Steel", "Tivelon", "Dramio"])
places = st.sampled_from(["Turin", "Ghent", "Oslo", "New York"])
events = st.one_of(
    st.builds("On Tuesday {} is closing its factory in {}.".format, firms, places),
    st.builds("{} is taking over {} for 310 million euros.".format, firms, firms),
)
news = st.builds("{} It rained in {} all week. Nobody was hurt.".format, events, places)
texts = st.one_of(news, st.text(min_size=1, max_size=80).filter(str.strip))


def test_expected(prediction, expected):
    """Each case: the words that must occur and none that must not, whole words, as many as allowed."""
    assert prediction == expected


def test_golden(prediction, golden):
    """Each case: the text and its nearest step within tolerance of the golden."""
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
def test_summary_obeys_its_limits(model, text):
    """Whatever the text: the summary has no more words than the settings allow tokens."""
    (found,) = model.predict([text])
    told = model.row.generation
    limit = told and (told.max_new_tokens or told.max_length)  # else the model's own settings limit it
    assert limit is None or len(found.text.split()) <= limit
    assert 0 <= found.margin <= 1


@given(text=texts)
def test_same_input_same_prediction(model, text):
    """The same text twice gives the same summary, to the last bit."""
    assert model.predict([text]) == model.predict([text])


@given(batch=st.lists(texts, min_size=2, max_size=4))
def test_batch_changes_nothing(model, batch):
    """A batch gives what its texts give one by one, within tolerance."""
    for text, together in zip(batch, model.predict(batch), strict=True):
        (alone,) = model.predict([text])
        assert_same(together, alone, model)


@given(text=st.sampled_from(["", " \n", "It rained in Oslo all week. " * 400]))
def test_impossible_texts_are_refused(model, text):
    """A text without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match="text"):
        model.predict([text])
