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


FRAMES = [(1, "PCM_24"), (6, "PCM_16"), (6, "PCM_24"), (2, "FLOAT"), (1, "ULAW"), (1, "MS_ADPCM")]


@pytest.mark.parametrize("rounded", [1, 12, 18])
@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFFFFF - 44, 0x7FFFF000])
@pytest.mark.parametrize(("channels", "subtype"), FRAMES)
def test_wav_from_a_pipe(tmp_path, channels, subtype, claimed, rounded):
    """A WAV file from a pipe is read as far as it goes, whatever its frames, and whatever it claims in their place."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([0.5 * SECOND] * channels, axis=1), 16000, subtype=subtype)
    whole = read_sound(path).samples
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = (claimed // rounded * rounded).to_bytes(4, "little")
    content[4:8] = min(claimed // rounded * rounded + place - 4, 0xFFFFFFFF).to_bytes(4, "little")
    path.write_bytes(content)
    read_sound.cache_clear()
    np.testing.assert_array_equal(read_sound(path).samples, whole)


def test_wav_that_was_closed_with_nothing_in_it(tmp_path):
    """A WAV file whose length of 0 is true is empty, also with other parts behind its samples."""
    path = tmp_path / "a.wav"
    soundfile.write(path, SECOND[:0], 16000)
    content = path.read_bytes() + b"LIST\x0a\x00\x00\x00INFOabcdef"
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    assert refusal(path) == "the sound is empty; give a file with samples"


def test_flac_of_unknown_length(tmp_path):
    """A FLAC file that does not say how long it is, as from a pipe, is refused in words."""
    path = tmp_path / "a.flac"
    soundfile.write(path, SECOND, 16000)
    content = bytearray(path.read_bytes())
    content[18:26] = (int.from_bytes(content[18:26], "big") >> 36 << 36).to_bytes(8, "big")
    path.write_bytes(content)
    assert refusal(path) == "its header does not say how long it is; convert it to WAV or FLAC again"


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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"\x00\x00\x00\x1cftypM4A \x00\x00",
            "it is an MPEG-4 sound (m4a), which is not read as a sound; convert it to",
        ),
        (
            b"\xff\xf1\x50\x80\x2e\x7f\xfc",
            "it is an AAC sound, which is not read as a sound; convert it to WAV or FLAC",
        ),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "it is a Windows Media file (wma, wmv), which is not read as a sound;"),
        (b"\x1a\x45\xdf\xa3\x01", "it is a Matroska or WebM file, which is not read as a sound; convert it to WAV"),
        (b"#!AMR\n", "it is an AMR sound, which is not read as a sound; convert it to WAV or FLAC"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG picture, which is not read as a sound; convert it to WAV or FLAC"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "it is a pointer of Git LFS, and not the sound itself; fetch",
        ),
        (b"<html>", "it is a web page, and no sound; download the file itself"),
        (b"", "the file is empty; give a sound file that is whole"),
    ],
    ids=["m4a", "AAC", "WMA", "WebM", "AMR", "PNG", "pointer", "page", "empty"],
)
def test_files_of_other_kinds(tmp_path, content, words):
    """A file that is not read is named for what it is, whatever it is called, with what to convert it to."""
    (tmp_path / "a.wav").write_bytes(content)
    assert refusal(tmp_path / "a.wav").startswith(words)
