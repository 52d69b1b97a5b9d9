"""Files that rows name, or hold as bytes, are told by how they begin: as those that are read for a model are."""

import pytest

from swapgate.core.faults import InputFault
from swapgate.project.foreign.shaping import FILES, shaped

PNG, WAV, MP3 = b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WAVE", b"\xff\xfb\x90\x64"
JPEG2000 = b"\0\0\0\x0cjP  \r\n\x87\n"
GOOD = [
    ("image", "a.png", PNG),
    ("image", "a.PNG", b"\xff\xd8\xff\xe0"),
    ("image", "a.tif", b"II+\0"),
    ("image", "a.webp", b"RIFF\0\0\0\0WEBP"),
    ("image", "a.jp2", JPEG2000),
    ("image", "a.ppm", b"P6\n1 1\n255\n"),
    ("audio", "a.wav", WAV),
    ("audio", "a.wav", MP3),
    ("audio", "a.wav", b"ID3\x04"),
    ("audio", "a.wav", b"RF64\xff\xff\xff\xffWAVE"),
    ("audio", "a.mp3", b"\0\0\0\0"),
    ("audio", "a.au", b".snd\0\0\0\x18"),
]
BAD = [
    ("image", "a.png", WAV, "it is a WAV sound, which is not read as a picture; convert it to PNG or JPEG"),
    ("image", "a.jpg", b"\0\0\0\x18ftypheic", "it is a HEIC picture, which is not read as a picture; convert it"),
    ("image", "a.png", JPEG2000, "cannot be read as a picture (it begins with b'\\x00\\x00\\x00\\x0c', as none"),
    ("image", "a.png", b"", "the file is empty; give a picture file that is whole"),
    ("image", "a.jp2", b"<html>", "it is a web page, and no picture; download the file itself"),
    (
        "image",
        "a.png",
        b"version https://git-lfs.github.com/spec/v1",
        "it is a pointer of Git LFS, and not the picture",
    ),
    ("audio", "a.wav", PNG, "it is a PNG picture, which is not read as a sound; convert it to WAV or FLAC"),
    ("audio", "a.mp3", b"\0\0\0\x18ftypM4A ", "it is an MPEG-4 sound (m4a), which is not read as a sound"),
    ("audio", "a.wav", b"RIFF\0\0\0\0AVI ", "it is an AVI video, which is not read as a sound"),
    ("audio", "a.flac", b"\x01\x02\x03", "cannot be read as a sound (it begins with"),
]


def read(key, said, base):
    """Read a row that has nothing but a file."""
    return shaped({key: said}, {key: key}, {key: str}, base)[key]


@pytest.mark.parametrize(("key", "name", "content"), GOOD)
def test_good(tmp_path, key, name, content):
    """What may be read stays as it is: a file by its path, bytes with the ending of their name."""
    (tmp_path / name).write_bytes(content)
    assert read(key, {"path": name}, tmp_path) == tmp_path / name
    assert read(key, {"path": name, "bytes": content}, tmp_path) == (content, f".{name[2:]}")


@pytest.mark.parametrize(("key", "name", "content", "words"), BAD)
def test_bad(tmp_path, key, name, content, words):
    """What is of another kind is told with its kind and what to do, on disk and as bytes."""
    (tmp_path / name).write_bytes(content)
    for said in ({"path": name}, {"path": name, "bytes": content}):
        with pytest.raises(InputFault) as raised:
            read(key, said, tmp_path)
        assert f"{name}: {words}" in str(raised.value)


def test_bytes_without_a_name(tmp_path):
    """Bytes without a name get the ending of their kind; of none that is known they are told."""
    for key, content, ending in (("image", PNG, ".png"), ("audio", WAV, ".wav"), ("audio", MP3, ".mp3")):
        assert read(key, {"bytes": content}, tmp_path) == (content, ending)
    with pytest.raises(InputFault, match="its bytes: cannot be read as a picture"):
        read("image", {"bytes": JPEG2000}, tmp_path)


def test_bytes_that_are_none(tmp_path):
    """A text in place of bytes, as JSON has it, is told."""
    for key in FILES:
        with pytest.raises(InputFault, match="its bytes are 'iVBORw0KGgo', and no bytes; give a path"):
            read(key, {"bytes": "iVBORw0KGgo"}, tmp_path)
