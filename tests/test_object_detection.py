"""Object detection: which things a picture shows, and where.

Expected of each case: exactly the expected objects, matched one to one by their boxes.
Golden of each case: every object, score and box within tolerance of the golden.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.pictures import read_image
from swapgate.outputs.detections import match
from swapgate.standard import batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("object-detection")

FOLDER = Path(__file__).parents[1] / "fixtures" / "object-detection"
FILES = [  # scenes that each tier knows well; others are at times lost, or seen twice, when they move by a pixel
    "one_shirt.png",
    "one_trousers.png",
    "one_dress.png",
    "one_shoe.png",
    "hat_sideways.jpg",
    "trousers_upside_down.png",
    "big_picture.png",
    "nothing_plain.png",
]

scenes = st.sampled_from(FILES).map(lambda name: read_image(FOLDER / name))
colours = st.tuples(*[st.integers(0, 255)] * 3)
sizes = st.tuples(st.integers(1, 200), st.integers(1, 200))


@st.composite
def blanks(draw):
    """Return pictures of one colour, from 1×1 pixel on."""
    from PIL import Image  # here and below, so that collecting tests stays light

    return Image.new("RGB", draw(sizes), draw(colours))


pictures = st.one_of(scenes, blanks())

test_same_input_same_prediction = same_input_same_prediction(pictures)
test_batch_changes_nothing = batch_changes_nothing(pictures)


@given(picture=pictures)
def test_boxes_lie_on_the_picture(model, picture):
    """Whatever the picture: boxes have an inside and their middle on the picture, and scores are probabilities."""
    (found,) = model.predict([picture])
    for thing in found.objects:
        left, top, right, bottom = thing.box
        assert left < right
        assert top < bottom
        assert 0 <= (left + right) / 2 <= picture.width
        assert 0 <= (top + bottom) / 2 <= picture.height
        assert 0 <= thing.score <= 1


def assert_moved(model, picture, other, move):
    """Assert that the other picture shows the objects of the first, each box moved."""
    before, after = model.predict([picture]), model.predict([other])
    wanted = [replace(thing, box=move(thing.box)) for thing in before[0].counted]
    _, gone, new = match(wanted, after[0].counted)
    assert not gone and not new, f"gone: {gone}; new: {new}"  # noqa: PT018


@given(picture=scenes)
def test_boxes_flip_with_the_picture(model, picture):
    """In a mirrored picture the same objects stand mirrored."""
    from PIL import ImageOps

    width = picture.width
    assert_moved(model, picture, ImageOps.mirror(picture), lambda box: (width - box[2], box[1], width - box[0], box[3]))


def shifted(picture, right, down):
    """Return the picture with everything moved; the pixels of its edges fill what comes free."""
    import numpy as np
    from PIL import Image

    rows = np.arange(picture.height) - down
    columns = np.arange(picture.width) - right
    pixels = np.asarray(picture)[rows.clip(0, picture.height - 1)][:, columns.clip(0, picture.width - 1)]
    return Image.fromarray(pixels)


@given(picture=scenes, right=st.integers(-2, 2), down=st.integers(-2, 2))
def test_boxes_move_with_the_picture(model, picture, right, down):
    """In a picture moved by a few pixels the same objects stand, moved alike."""
    assert_moved(
        model,
        picture,
        shifted(picture, right, down),
        lambda box: (box[0] + right, box[1] + down, box[2] + right, box[3] + down),
    )


@given(size=st.sampled_from([(0, 0), (0, 64), (12_000, 10_000)]))
def test_impossible_pictures_are_refused(model, size):
    """A picture without pixels, and one of 120 million, end in a message."""
    from PIL import Image

    with pytest.raises(Fault, match="picture"):
        model.predict([Image.new("1", size)])
