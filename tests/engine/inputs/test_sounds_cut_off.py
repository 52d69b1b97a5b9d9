"""Sound files that were cut off or written to a pipe: read whole, or refused, and never taken for shorter ones."""

import io
import struct

import numpy as np
import pytest
import soundfile

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.sounds import read_sound

FRAMES = 16_001
SOUND = np.sin(np.arange(FRAMES, dtype=np.float32) / 20) / 2


def written(form, subtype="PCM_16", **options):
    """Return the bytes of a sound file."""
    file = io.BytesIO()
    soundfile.write(file, SOUND, 16000, format=form, subtype=subtype, **options)
    return bytearray(file.getvalue())


def read(tmp_path, content):
    """Return how many samples are read of a file."""
    path = tmp_path / "a.sound"
    path.write_bytes(content)
    read_sound.cache_clear()
    return len(read_sound(path).samples)


def refusal(tmp_path, content):
    """Return the words by which a file is refused."""
    with pytest.raises(SurroundingsFault) as caught:
        read(tmp_path, content)
    return str(caught.value).removeprefix(f"{tmp_path / 'a.sound'}: ")


def put(content, name, length, size=4, order="little", behind=4):
    """Let the part of a name claim a length."""
    place = content.index(name) + behind
    content[place : place + size] = (length % 256**size).to_bytes(size, order)


WHOLE = [
    *(("WAV", "PCM_16"), ("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("W64", "FLOAT")),
    *(("AIFF", "PCM_16"), ("AIFF", "PCM_24"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("FLAC", "PCM_16")),
    *(("FLAC", "PCM_24"), ("MP3", "MPEG_LAYER_III")),
]


@pytest.mark.parametrize(("form", "subtype"), WHOLE)
def test_cut_off(tmp_path, form, subtype):
    """A file that says how long it is and was cut off is refused at every length, and read where it is whole."""
    content = written(form, subtype)
    assert read(tmp_path, content) == FRAMES
    for share in range(1, 10):
        assert "give a sound file that is whole" in refusal(tmp_path, content[: len(content) * share // 10])


def test_cut_off_message(tmp_path):
    """The message says what was claimed and what was found."""
    assert refusal(tmp_path, written("AIFF")[:-1000]) == (
        "its header claims 32,048 bytes, the file has 31,048; give a sound file that is whole"
    )


@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
def test_big_end_first(tmp_path, order):
    """A WAV file in either order of bytes is measured."""
    content = written("WAV", endian=order)
    assert read(tmp_path, content) == FRAMES
    assert "claims 32,046 bytes" in refusal(tmp_path, content[:-999])
    put(content, b"data", -1)
    content[4:8] = b"\xff" * 4
    assert read(tmp_path, content) == FRAMES


@pytest.mark.parametrize("length", [0, -1])
@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
def test_long_wav_from_a_pipe(tmp_path, name, length):
    """A WAV file with lengths of 64 bits that were never filled in is read as far as it goes."""
    content = written("RF64")
    for place in (4, 12, 20):
        put(content, b"ds64", length, 8, behind=4 + place)
    content[:4] = name
    assert read(tmp_path, content) == FRAMES
    put(content, b"data", 0)
    assert read(tmp_path, content) == FRAMES


def test_long_wav(tmp_path):
    """A WAV file with right lengths of 64 bits is read by either of its names, and refused where it was cut off."""
    content = written("RF64")
    content[:4] = b"BW64"
    assert read(tmp_path, content) == FRAMES
    assert "claims 32,106 bytes, the file has 32,100" in refusal(tmp_path, content[:-6])


@pytest.mark.parametrize("samples", [None, bytes(2 * FRAMES)], ids=["sound", "silence"])
def test_samples_of_length_0(tmp_path, samples):
    """Samples whose length is told as 0 are read though the length of the whole file is right."""
    content = written("WAV")
    content[44:] = samples or content[44:]
    put(content, b"data", 0)
    assert read(tmp_path, content) == FRAMES


@pytest.mark.parametrize("pad", [b"", b"\0"])
def test_odd_part(tmp_path, pad):
    """A part of an odd length before the samples may have the byte behind it, or not."""
    content = written("WAV")
    content[36:36] = b"LIST\x05\0\0\0INFOx" + pad
    content[4:8] = struct.pack("<I", len(content) - 8)
    assert read(tmp_path, content) == FRAMES


@pytest.mark.parametrize("behind", [b"", b"\0", b"LIST\x04\0\0\0INFO", b"\0LIST\x04\0\0\0INFO"])
@pytest.mark.parametrize("counted", [0, 1])
def test_odd_samples(tmp_path, behind, counted):
    """Samples of an odd number of bytes may have the byte behind them, or not, be it counted or not."""
    content = written("WAV", "PCM_U8")[: 44 + FRAMES] + behind
    content[4:8] = struct.pack("<I", len(content) - 8 + counted)
    assert read(tmp_path, content) == FRAMES


@pytest.mark.parametrize("length", [0, -1])
@pytest.mark.parametrize("form", ["W64", "AU", "AIFF"])
def test_others_from_a_pipe(tmp_path, form, length):
    """Files of other kinds that were written before their length was known are read as far as they go."""
    content = written(form)
    if form == "W64":
        content[16:24] = (length % 2**64).to_bytes(8, "little")
        put(content, b"data\xf3\xac", length, 8, behind=16)
    elif form == "AU":
        content[8:12] = b"\xff" * 4
    else:
        content[4:8] = (length % 2**32).to_bytes(4, "big")
        put(content, b"SSND", length, order="big")
    assert read(tmp_path, content) == FRAMES


def bare_mp3(rate):
    """Return the frames of an MP3 file of constant rate without the one that says how long it is."""
    file = io.BytesIO()
    soundfile.write(
        file, SOUND, rate, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=0.5
    )
    content = file.getvalue()
    assert b"Info" in content[:64]
    return content[content.index(content[:3], 3) :]


NOTES = b"ID3\4\0\0\0\0\1\1" + bytes(129)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("notes", [b"", NOTES, NOTES * 2], ids=["bare", "notes", "notes twice"])
def test_mp3_without_a_length(tmp_path, notes, rate):
    """An MP3 file whose first frame does not say how long it is, is read whole, and refused where one is cut."""
    bare = bare_mp3(rate)
    for behind in (b"", b"TAG" + bytes(125), bytes(40), b"APETAGEX" + bytes(24)):
        assert read(tmp_path, notes + bare + behind) >= FRAMES
    refused = []
    for end in range(len(bare) // 2, len(bare) // 2 + 60):
        try:
            assert read(tmp_path, notes + bare[:end]) > FRAMES // 3
        except SurroundingsFault as fault:
            refused.append(str(fault))
    assert len(refused) >= 59  # of these ends one at most is that of a frame
    assert all("give a sound file that is whole" in one for one in refused)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_that_was_cut_off(tmp_path, subtype):
    """An Ogg file is refused where it ends within a page, or behind one that is not the last of its sound."""
    content = bytes(written("OGG", subtype))
    assert read(tmp_path, content) == read(tmp_path, content + bytes(50)) == FRAMES
    for share in range(1, 10):
        assert "give a sound file that is whole" in refusal(tmp_path, content[: len(content) * share // 10])
    assert "its last page has " in refusal(tmp_path, content[:-1])
    last = content.rindex(b"OggS")
    for end in (last, last + 5):
        assert "it does not end with its last page; give a sound file that is whole" in refusal(tmp_path, content[:end])


def test_ogg_of_several_sounds(tmp_path):
    """An Ogg file with one sound behind the other is not taken for the first of them."""
    message = refusal(tmp_path, bytes(written("OGG", "VORBIS") * 2))
    assert message.startswith("it holds several sounds, one behind the other; give each as a file")


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_caf_of_unknown_length(tmp_path, subtype):
    """A CAF file that was written before its length was known is read as far as it goes."""
    content = written("CAF", subtype)
    put(content, b"data", -1, 8, behind=4)
    assert read(tmp_path, content) == FRAMES
    put(content, b"data", -2, 8, behind=4)
    assert "cannot be read as a sound" in refusal(tmp_path, content)


@pytest.mark.parametrize("subtype", ["ALAC_16", "ALAC_24", "PCM_16", "ULAW"])
def test_caf_cut_by_little(tmp_path, subtype):
    """A CAF file is refused where a single byte is missing, for a whole packet would; what stands behind may go."""
    content = written("CAF", subtype)
    place = content.rindex(b"data") + 4
    end = place + 8 + int.from_bytes(content[place : place + 8], "big")
    assert read(tmp_path, content) == read(tmp_path, content[:end]) == FRAMES
    for cut in range(1, 10):
        words = f"its header claims {end:,} bytes, the file has {end - cut:,}; give a sound file that is whole"
        assert refusal(tmp_path, content[: end - cut]) == words


def test_mp3_with_notes(tmp_path):
    """Notes before an MP3 file do not hide how long it is."""
    content = written("MP3", "MPEG_LAYER_III")
    notes = b"ID3\x04\0\0" + bytes([0, 0, 4, 0]) + bytes(512)
    assert read(tmp_path, notes + content) == FRAMES
    words = f"its header claims {522 + len(content):,} bytes, the file has {422 + len(content):,}; give"
    assert refusal(tmp_path, notes + content[:-100]).startswith(words)
