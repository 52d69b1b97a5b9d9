"""Pictures and sounds as a page holds them: small, whole, and readable by what made them."""

import base64
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from swapgate.inputs.given import Question, Sound
from swapgate.inputs.media import LONGEST, PEAKS, SIDE, media


def content(found):
    """Return what a data URI holds."""
    return io.BytesIO(base64.b64decode(found["data"].partition(",")[2]))


@pytest.mark.parametrize("size", [(1, 1), (8, 5), (2_000, 30), (640, 480)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_pictures(size, mode):
    """A picture becomes a small one of its own shape, and its size in pixels is told."""
    found = media(Image.new(mode, size))
    small = Image.open(content(found))
    assert (found["width"], found["height"]) == size
    assert max(small.size) <= SIDE
    assert small.size[0] / small.size[1] == pytest.approx(size[0] / size[1], rel=0.2)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_sounds(rate):
    """A sound of any rate becomes short Opus of its own length, and a waveform."""
    samples = np.sin(np.arange(rate, dtype="float32") / 20) * 2  # beyond full scale
    found = media(Sound(samples.astype("float32"), rate))
    heard, own = soundfile.read(content(found))
    assert len(heard) / own == pytest.approx(1.0, abs=0.05)
    assert len(found["peaks"]) == PEAKS
    assert max(found["peaks"]) == 1.0
    assert len(found["data"]) < 40_000


def test_sounds_that_are_odd():
    """A very long sound has a waveform alone, and one of a few samples a short one."""
    assert media(Sound(np.zeros(int(LONGEST + 1) * 1_000, dtype="float32"), 1_000))["data"] == ""
    assert media(Sound(np.zeros(3, dtype="float32"), 16_000))["peaks"] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("given", ["a text", Question("a", "b"), {"any": "JSON"}])
def test_texts_are_none(given):
    """A text, a question and what else JSON holds are no media."""
    assert media(given) is None
