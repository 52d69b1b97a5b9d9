"""Summarization: the one sentence that sums up a text.

Expected of each case: the words that must occur and none that must not, whole words, as many as allowed.
Golden of each case: the text and its nearest step within tolerance of the golden.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.standard import batch_changes_nothing, same_input_same_prediction, text_obeys_its_limits
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("summarization")

firms = st.sampled_from(["Veldora", "Bramora Steel", "Tivelon", "Dramio"])
places = st.sampled_from(["Turin", "Ghent", "Oslo", "New York"])
events = st.one_of(
    st.builds("On Tuesday {} is closing its factory in {}.".format, firms, places),
    st.builds("{} is taking over {} for 310 million euros.".format, firms, firms),
)
news = st.builds("{} It rained in {} all week. Nobody was hurt.".format, events, places)
texts = st.one_of(news, st.text(min_size=1, max_size=80).filter(str.strip))

test_same_input_same_prediction = same_input_same_prediction(texts)
test_batch_changes_nothing = batch_changes_nothing(texts, most=4)
test_summary_obeys_its_limits = text_obeys_its_limits(texts)


@given(text=st.sampled_from(["", " \n", "It rained in Oslo all week. " * 400]))
def test_impossible_texts_are_refused(model, text):
    """A text without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match="text"):
        model.predict([text])
