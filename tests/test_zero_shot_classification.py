"""Zero-shot classification: which of eight topics a text is about, asked by a hypothesis for each.

Expected of each case: the expected topic leads.
Golden of each case: every score within tolerance of the golden.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.standard import assert_same, assert_scores_sum_to_one, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("zero-shot-classification")

remarks = st.sampled_from(
    [
        "The goalkeeper caught the ball.",
        "Nobody could eat the soup, for there was too much salt in it.",
        "The train to Lisbon was late again.",
        "She sold her shares before the price fell.",
        "The vet looked at the old dog.",
    ]
)
texts = st.one_of(remarks, st.text(min_size=1, max_size=60).filter(str.strip))

test_same_input_same_prediction = same_input_same_prediction(texts)
test_batch_changes_nothing = batch_changes_nothing(texts, most=4)


@given(text=texts)
def test_scores_sum_to_one(model, text):
    """Whatever the text: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([text])
    assert_scores_sum_to_one(found)


@given(text=remarks, turn=st.integers(1, 7))
def test_order_of_candidates_changes_nothing(model, text, turn):
    """The same candidates in another order have the same scores."""
    labels = [*model.row.labels.items()]
    (turned,) = model.predict([text], labels=dict(labels[turn:] + labels[:turn]))
    (plain,) = model.predict([text])
    assert_same(turned, plain, model)


@given(text=remarks, before=st.integers(0, 4), behind=st.integers(0, 4))
def test_spaces_change_nothing(model, text, before, behind):
    """Spaces around a text do not change what it says."""
    padded, plain = model.predict([" " * before + text + " " * behind, text])
    assert_same(padded, plain, model)


@given(text=st.sampled_from(["", " \n", "The soup was wonderful. " * 400]))
def test_impossible_texts_are_refused(model, text):
    """A text without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match="text"):
        model.predict([text])
