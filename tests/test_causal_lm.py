"""Text generation: answers in a chat, records as JSON, words behind a plain sentence.

Expected of each case: all that it asks for, of what is written, chosen or known.
Golden of each case: the text and its nearest step, or the log-likelihoods of what was weighed, within tolerance.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.standard import assert_same, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("text-generation")

names, colours = st.sampled_from(["Anna", "Ben", "Clara"]), st.sampled_from(["red", "blue", "green"])
facts = st.builds("{} has a {} ball.".format, names, colours)
plain = st.one_of(facts, st.text(min_size=1, max_size=12).filter(str.strip))
chats = st.builds(
    lambda fact, asked: {"prompt": [{"role": "user", "content": f"{fact} {asked}"}]},
    facts,
    st.sampled_from(["What colour is the ball?", "Who has the ball?", ""]),
)
choices = st.builds(lambda fact: {"prompt": f"{fact} The ball is", "choices": [" red", " blue", " dark green"]}, facts)
references = st.builds(lambda fact, text: {"prompt": fact, "reference": f" {text}"}, facts, facts)
prompts = st.one_of(plain, chats, choices, references)

test_same_input_same_prediction = same_input_same_prediction(prompts)
test_batch_changes_nothing = batch_changes_nothing(prompts, most=4)


@given(short=chats, fact=facts)
def test_padding_changes_nothing(model, short, fact):
    """What is written behind a prompt is the same beside one that is much longer."""
    long = {"prompt": [{"role": "user", "content": f"{fact} {fact} {fact} Who has the ball?"}]}
    (alone,) = model.predict([short])
    assert_same(model.predict([short, long])[0], alone, model)


@given(asked=choices)
def test_chances_of_choices(model, asked):
    """The chances of choices make 1, the likeliest is chosen, and their order changes nothing."""
    (found,) = model.predict([asked])
    turned = {**asked, "choices": asked["choices"][::-1]}
    assert sum(one.chance for one in found.choices) == pytest.approx(1)
    assert max(found.choices, key=lambda one: one.chance).text == found.text
    assert model.predict([turned])[0].text == found.text


@given(asked=references)
def test_a_longer_text_is_no_likelier(model, asked):
    """A text with more behind it is never likelier than without."""
    more = {**asked, "reference": f"{asked['reference']} Ben"}
    one, other = model.predict([asked, more])
    assert other.choices[0].log_likelihood <= one.choices[0].log_likelihood + 1e-3


@given(prompt=st.sampled_from(["Anna has a red ball. " * 40, {"prompt": [{"role": "judge", "content": "Hm."}]}]))
def test_impossible_prompts_are_refused(model, prompt):
    """A prompt longer than the model reads, and a chat that its template does not take, end in a message."""
    with pytest.raises(Fault, match=r"prompt|chat"):
        model.predict([prompt])
