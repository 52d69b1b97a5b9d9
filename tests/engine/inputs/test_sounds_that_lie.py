"""Sound files whose headers claim what is not there, or far too much."""

import numpy as np
import pytest
import soundfile

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs import sounds
from swapgate.inputs.sounds import read_sound

SECOND = np.sin(np.arange(16000, dtype=np.float32))
TEN_HOURS = 10 * 3600 * 16000


def refusal(path):
    """Return the words by which a file is refused, without its name."""
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


@pytest.mark.parametrize("claimed", sounds.UNKNOWN_LENGTHS)
def test_wav_of_unknown_length(tmp_path, claimed):
    """A WAV file that was written before its length was known is read as far as it goes."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = min(claimed + 36, 0xFFFFFFFF).to_bytes(4, "little")
    content[40:44] = claimed.to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read_sound(path).samples) == 16000


def test_length_of_the_whole_file(tmp_path):
    """A WAV file that counts the eight bytes before its length as well is read, one that claims more is refused."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = len(content).to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read_sound(path).samples) == 16000
    content[4:8] = (len(content) + 1).to_bytes(4, "little")
    path.write_bytes(content)
    read_sound.cache_clear()
    assert refusal(path) == "its header claims 32,045 bytes, the file has 32,044; give a sound file that is whole"


@pytest.mark.parametrize("rate", [0, 999, 768_001, 4_000_000_000])
def test_absurd_rate(tmp_path, rate):
    """A rate at which nobody samples a sound is refused."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(content)
    words = f"claims {rate:,} samples a second, believed are 1,000 to 768,000; mend its header, or convert it"
    unread = "cannot be read as a sound"  # libsndfile refuses some by itself
    assert refusal(path).startswith(words if rate in (999, 768_001) else (words, unread))


@pytest.mark.parametrize("whole", [None, 0, 0xFFFFFFFF], ids=["true", "zero", "unknown"])
@pytest.mark.parametrize("before", [b"", b"LIST\x05\x00\x00\x00INFOx\x00"], ids=["plain", "odd part"])
def test_samples_of_ten_hours(tmp_path, whole, before):
    """A WAV file whose samples alone claim ten hours is refused, whatever it says of itself as a whole."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[40:44] = (TEN_HOURS * 2).to_bytes(4, "little")
    content[36:36] = before
    content[4:8] = (len(content) - 8 if whole is None else whole).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path).startswith(f"its header claims {1_152_000_044 + len(before):,} bytes, the file has 32,0")


@pytest.mark.parametrize("place", [12, 36])
def test_part_that_is_called_as_the_whole(tmp_path, place):
    """A part of a WAV file that is called as the whole file is comes to an end, and is refused."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[place:place] = b"RIFF\x00\x00\x00\x00"
    path.write_bytes(content)
    assert refusal(path)


def test_parts_before_and_behind(tmp_path):
    """Other parts of a WAV file, also of an odd length, are passed over."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[36:36] = b"LIST\x05\x00\x00\x00INFOx\x00"
    content += b"note\x01\x00\x00\x00x\x00"
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read_sound(path).samples) == 16000


@pytest.mark.parametrize("left", [0, 3, 8, 12, 20, 40])
def test_cut_off_header(tmp_path, left):
    """A WAV file that ends within its header is refused in words."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND, 16000)
    path.write_bytes(path.read_bytes()[:left])
    assert refusal(path)


def test_many_channels(tmp_path, monkeypatch):
    """A sound of few seconds and many channels is refused by its samples."""
    monkeypatch.setattr(sounds, "MOST_SAMPLES", 100_000)
    soundfile.write(tmp_path / "a.flac", np.stack([SECOND] * 6, axis=1), 16000)
    soundfile.write(tmp_path / "b.flac", np.stack([SECOND] * 7, axis=1), 16000)
    assert len(read_sound(tmp_path / "a.flac").samples) == 16000
    assert refusal(tmp_path / "b.flac") == (
        "its header claims 112,000 samples of 7 channels, at most 100,000 are read; cut it, or convert it"
    )


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
    monkeypatch.setattr(sounds, "LONGEST", 1)
    soundfile.write(tmp_path / "a.wav", SECOND, 16000)
    soundfile.write(tmp_path / "b.wav", np.append(SECOND, np.float32(0)), 16000)
    assert len(read_sound(tmp_path / "a.wav").samples) == 16000
    assert "at most 1 are read" in refusal(tmp_path / "b.wav")
