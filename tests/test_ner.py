"""NER: which persons, organizations, places and other names a sentence holds, and where.

Expected of each case: exactly the expected entities, with their labels and spans.
Golden of each case: every entity and score within tolerance of the golden.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs.entities import Entities
from swapgate.standard import assert_same, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("ner")

people = st.sampled_from(["Maria Keller", "O'Brien", "J. R. Hartley", "Omar"])
places = st.sampled_from(["Lisbon", "New York City", "St. Gallen", "the Andes"])
firms = st.sampled_from(["Siemens", "Hugging Face", "AT&T", "Bank of England"])
sentences = st.one_of(
    st.builds("{} works for {} in {}.".format, people, firms, places),
    st.builds("On Monday {} opened a new office in {}.".format, firms, places),
    st.builds("The French team met {} and {} near {}.".format, people, people, places),
    st.builds("Nobody knows why the {} was late again.".format, st.sampled_from(["train", "letter", "answer"])),
)
texts = st.one_of(sentences, st.text(max_size=60))

test_same_input_same_prediction = same_input_same_prediction(texts)
test_batch_changes_nothing = batch_changes_nothing(texts)


@given(text=texts)
def test_scores_are_probabilities(model, text):
    """Whatever the text: scores are finite and between 0 and 1."""
    (found,) = model.predict([text])
    assert all(0 <= entity.score <= 1 for entity in found.entities)


@given(text=texts)
def test_spans_hold_their_text(model, text):
    """Whatever the text: an entity's text stands at its span, and spans do not overlap."""
    (found,) = model.predict([text])
    assert all(entity.text == text[entity.start : entity.end] != "" for entity in found.entities)
    edges = [edge for entity in found.entities for edge in (entity.start, entity.end)]
    assert edges == sorted(edges)


@given(text=sentences, before=st.integers(0, 4), behind=st.integers(0, 4))
def test_spaces_move_no_entity(model, text, before, behind):
    """Spaces around a sentence move no entity off its text."""
    padded, plain = model.predict([" " * before + text + " " * behind, text])
    moved = Entities(tuple(replace(e, start=e.start + before, end=e.end + before) for e in plain.entities))
    assert_same(padded, moved, model)


@given(text=sentences)
def test_added_sentence_leaves_entities(model, text):
    """An unrelated sentence behind a text leaves the entities before it."""
    longer, plain = model.predict([f"{text} It rained all day.", text])
    before = Entities(tuple(e for e in longer.entities if e.start < len(text)))
    assert [e.key for e in before.entities] == [e.key for e in plain.entities], f"found {before}; alone {plain}"
