"""Image classification: which digit a picture shows, in whatever mode and orientation its file has it.

Expected of each case: the expected digit leads.
Golden of each case: every score within tolerance of the golden.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.pictures import read_image
from swapgate.standard import assert_scores_sum_to_one, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("image-classification")

FOLDER = Path(__file__).parents[1] / "fixtures" / "image-classification"

digits = st.sampled_from(["seven_plain.png", "zero_plain.png", "one_clear.png"]).map(
    lambda name: read_image(FOLDER / name)
)
sizes = st.tuples(st.integers(1, 80), st.integers(1, 80))
colours = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def blanks(draw):
    """Return pictures of one colour, from 1×1 pixel on."""
    from PIL import Image  # here and below, so that collecting tests stays light

    return Image.new("RGB", draw(sizes), draw(colours))


pictures = st.one_of(digits, blanks())

test_same_input_same_prediction = same_input_same_prediction(pictures)
test_batch_changes_nothing = batch_changes_nothing(pictures)


@given(picture=pictures)
def test_scores_sum_to_one(model, picture):
    """Whatever the picture: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([picture])
    assert_scores_sum_to_one(found)


@given(picture=digits, times=st.integers(2, 4))
def test_enlarged_picture_shows_the_same(model, picture, times):
    """A digit enlarged without smoothing stays the same digit."""
    from PIL import Image

    enlarged = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    (one,), (other,) = model.predict([picture]), model.predict([enlarged])
    assert one.scores[0].label == other.scores[0].label


@given(size=st.sampled_from([(0, 0), (0, 20), (20, 0), (12_000, 10_000)]))
def test_impossible_pictures_are_refused(model, size):
    """A picture without pixels, and one of 120 million, end in a message."""
    from PIL import Image

    with pytest.raises(Fault, match="picture"):
        model.predict([Image.new("1", size)])
