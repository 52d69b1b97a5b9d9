"""Question answering: which stretch of a context answers a question, or that none does.

Expected of each case: one of the expected passages, or no answer where there is none.
Golden of each case: answer, offsets and score within tolerance of the golden.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.given import Question
from swapgate.standard import batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("question-answering")

people = st.sampled_from(["Anna Smith", "Oscar Clark", "Ruth Murphy", "Hugo Lindqvist"])
places = st.sampled_from(["Lisbon", "New York", "Oslo", "St. Gallen"])
facts = st.builds("{} works in {}.".format, people, places)
stories = st.builds("{} It rained all morning. {}".format, facts, facts)
asked = st.builds("Where does {} work?".format, st.one_of(people, st.text(max_size=30)))
questions = st.builds(Question, asked, st.one_of(stories, st.builds("Anna works. {}".format, st.text(max_size=80))))
unrelated = st.sampled_from(
    ["The weather was cold and windy.", "It rained all morning.", "The soup was good.", "Nobody was surprised."]
)

test_same_input_same_prediction = same_input_same_prediction(questions)
test_batch_changes_nothing = batch_changes_nothing(questions)


@given(question=questions)
def test_answer_stands_at_its_offsets(model, question):
    """Whatever is asked: the answer is the stretch of the context between its offsets, with a sane score."""
    (found,) = model.predict([question])
    assert found.text == question.context[found.start : found.end]
    assert 0 <= found.margin <= 1
    assert 0 <= found.score <= 1


@given(person=people, place=places, sentence=unrelated)
def test_added_sentence_leaves_the_answer(model, person, place, sentence):
    """An unrelated sentence behind a context does not move the answer off its text."""
    plain = Question(f"Where does {person} work?", f"{person} works in {place}.")
    longer = replace(plain, context=f"{plain.context} {sentence}")
    before, after = model.predict([plain, longer])
    assert (after.text, after.start) == (before.text, before.start)


impossible = st.sampled_from(
    [Question("", "Anna works."), Question("Who?", " "), Question("Who? " * 200, "Anna works.")]
)


@given(question=impossible)
def test_impossible_questions_are_refused(model, question):
    """Nothing asked, nothing to read, and a question longer than any window end in a message."""
    with pytest.raises(Fault, match=r"question|context"):
        model.predict([question])
