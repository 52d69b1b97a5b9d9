"""Translation: English sentences in German.

Expected of each case: the words that must occur, in the right form, and none that must not.
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

pytestmark = pytest.mark.task("translation")

who = st.sampled_from(["The man", "My sister", "A small dog", "We", "Anna"])
what = st.sampled_from(["the old book", "a red apple", "three birds", "her house"])
where = st.sampled_from(["", " in the garden", " today", " with the guest"])
sentences = st.one_of(
    st.builds("{} can see {}{}.".format, who, what, where),
    st.builds("{} cannot find {}.".format, who, what),
)
texts = st.one_of(sentences, st.text(min_size=1, max_size=25).filter(str.strip))

test_same_input_same_prediction = same_input_same_prediction(texts)
test_batch_changes_nothing = batch_changes_nothing(texts, most=4)
test_translation_obeys_its_limits = text_obeys_its_limits(texts)


@given(text=st.sampled_from(["", " \n", "The man sees the dog. " * 40]))
def test_impossible_texts_are_refused(model, text):
    """A text without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match="text"):
        model.predict([text])
