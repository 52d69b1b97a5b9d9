"""Sentiment: whether a text, English or Chinese, is pleased or not.

Expected of each case: the expected label leads.
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

test_same_input_same_prediction = same_input_same_prediction(texts)
test_batch_changes_nothing = batch_changes_nothing(texts)


@given(text=texts)
def test_scores_sum_to_one(model, text):
    """Whatever the text: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([text])
    assert_scores_sum_to_one(found)


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
