"""Sound files whose headers claim what is not there, or far too much."""

import numpy as np
import pytest
import soundfile

from swapgate import inputs
from swapgate.faults import SurroundingsFault
from swapgate.inputs import read_sound

SECOND = np.sin(np.arange(16000, dtype=np.float32))
TEN_HOURS = 10 * 3600 * 16000


def refusal(path):
    """Give the words by which a file is refused, without its name."""
    with pytest.raises(SurroundingsFault) as caught:
        read_sound(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_wav_of_ten_hours(tmp_path):
    """A WAV file of a second whose header claims ten hours is refused."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = (TEN_HOURS * 2 + 36).to_bytes(4, "little")
    content[40:44] = (TEN_HOURS * 2).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path) == (
        "its header claims 1,152,000,044 bytes, the file has 32,044; give a sound file that is whole"
    )


def test_wav_of_unknown_length(tmp_path):
    """A WAV file that was written before its length was known is read as far as it goes."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert len(read_sound(path).samples) == 16000


def test_flac_of_ten_hours(tmp_path):
    """A FLAC file whose header claims ten hours is refused before memory is taken for them."""
    path = tmp_path / "a.flac"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    head = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (head | TEN_HOURS).to_bytes(8, "big")
    path.write_bytes(content)
    assert refusal(path) == "its header claims 36,000 s of sound, at most 3,600 are read; cut it, or convert it"


def test_longest(tmp_path, monkeypatch):
    """A sound of just the longest that is read is read."""
    monkeypatch.setattr(inputs, "LONGEST", 1)
    soundfile.write(tmp_path / "a.wav", SECOND, 16000)
    soundfile.write(tmp_path / "b.wav", np.append(SECOND, np.float32(0)), 16000)
    assert len(read_sound(tmp_path / "a.wav").samples) == 16000
    assert "at most 1 are read" in refusal(tmp_path / "b.wav")
