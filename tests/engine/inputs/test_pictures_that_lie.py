"""Picture files that claim far more pixels than memory should hold."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs import pictures
from swapgate.inputs.pictures import read_image

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


def refusal(read, path):
    """Return the words by which a file is refused, without its name."""
    with pytest.raises(SurroundingsFault) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_decompression_bomb(tmp_path, monkeypatch):
    """A picture larger than Pillow allows is refused, one of just the allowed size is read."""
    NOISE.save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 32 / 2 - 1)  # Pillow refuses beyond twice this
    assert "cannot be read as a picture (DecompressionBombError: " in refusal(read_image, tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 32)
    assert read_image(tmp_path / "b.png").size == (32, 32)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_pixels(tmp_path, monkeypatch):
    """A picture of more pixels than are read is refused where warnings are no errors, too."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 32 * 32 - 1)
    NOISE.save(tmp_path / "a.png")
    assert "32×32 pixels, at most 1,023 are read" in refusal(read_image, tmp_path / "a.png")


def test_small_file_of_a_giant_picture(tmp_path):
    """A file of a few bytes that claims gigabytes of pixels is refused before they are made."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    assert "DecompressionBombError" in refusal(read_image, path)
