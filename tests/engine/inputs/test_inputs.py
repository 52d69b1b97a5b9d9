"""Sounds and pictures: whatever their file, what the model is given, and the digest of it."""

import sys

import numpy as np
import pytest
import soundfile
from PIL import Image

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Question, digest
from swapgate.inputs.pictures import read_image
from swapgate.inputs.sounds import read_sound

TONE = (np.sin(np.arange(400) / 5) * 20000).astype(np.int16)
COLOURS = [(1, 2, 3), (255, 0, 0), (0, 0, 255), (9, 99, 199), (0, 255, 0), (255, 255, 255)]
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


def sound(path, samples=TONE, rate=16000, subtype="PCM_16"):
    """Write a sound file and say where it is."""
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "read", "module", "package", "extra"),
    [
        ("a.png", read_image, "PIL", "pillow", "vision"),
        ("a.wav", read_sound, "soundfile", "soundfile", "audio"),
    ],
    ids=["picture", "sound"],
)
def test_without_its_library(tmp_path, monkeypatch, name, read, module, package, extra):
    """Where what reads a file is not installed, that is told and what to type."""
    path = tmp_path / name
    NOISE.save(path) if extra == "vision" else sound(path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SurroundingsFault) as caught:
        read(path)
    words = f'reading it needs {package}, which is not installed; type: pip install "swapgate[{extra}]"'
    assert str(caught.value) == f"{path}: {words}"


def cut(path, size):
    """Leave only the first bytes of a file."""
    path.write_bytes(path.read_bytes()[:size])
    return path


def grid(mode, values, palette=()):
    """Return a picture of three pixels a row."""
    picture = Image.new(mode, (3, len(values) // 3))
    if palette:
        picture.putpalette(palette)
    for number, value in enumerate(values):
        picture.putpixel((number % 3, number // 3), value)
    return picture


def pixels(path):
    """Return the pixels of a picture file as it is read, row by row."""
    picture = read_image(path)
    assert picture.mode == "RGB"
    return [picture.getpixel((x, y)) for y in range(picture.height) for x in range(picture.width)]


def refusal(read, path):
    """Return the words by which a file is refused, without its name."""
    with pytest.raises(SurroundingsFault) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_rate(tmp_path, rate):
    """A sound keeps its rate and all its samples, from -1 to 1."""
    heard = read_sound(sound(tmp_path / "a.wav", rate=rate))
    assert heard.rate == rate
    assert heard.samples.dtype == np.float32
    np.testing.assert_array_equal(heard.samples, TONE / np.float32(32768))


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("a.wav", "PCM_U8", 1 / 128),
        ("a.wav", "PCM_16", 1 / 32768),
        ("a.wav", "PCM_24", 1e-6),
        ("a.wav", "PCM_32", 1e-6),
        ("a.wav", "FLOAT", 0),
        ("a.wav", "DOUBLE", 0),
        ("a.flac", "PCM_16", 1 / 32768),
        ("a.flac", "PCM_24", 1e-6),
    ],
    ids=["8 bits", "16", "24", "32", "float", "double", "FLAC 16", "FLAC 24"],
)
def test_format(tmp_path, name, subtype, step):
    """A sound is the same within a step of its format, however its file stores it."""
    samples = (TONE / 32768).astype(np.float32)
    heard = read_sound(sound(tmp_path / name, samples, subtype=subtype)).samples
    assert np.abs(heard - samples).max() <= step


def test_stereo(tmp_path):
    """Several channels become one, their mean, in the order of time."""
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    heard = read_sound(sound(tmp_path / "a.wav", both)).samples
    np.testing.assert_array_equal(heard, TONE / np.float32(65536))


def test_empty_sound(tmp_path):
    """A sound file without samples is refused, also one that ends where its samples would begin."""
    words = "the sound is empty; give a file with samples"
    assert refusal(read_sound, sound(tmp_path / "none.wav", TONE[:0])) == words
    words = "its header claims 844 bytes, the file has 44; give a sound file that is whole"
    assert refusal(read_sound, cut(sound(tmp_path / "cut.wav"), 44)) == words


@pytest.mark.parametrize("size", [0, 20, 43])
def test_sound_cut_off_in_its_header(tmp_path, size):
    """A sound file that ends inside its header is refused with the next step."""
    words = refusal(read_sound, cut(sound(tmp_path / "a.wav"), size))
    assert "; give a sound file that is whole" in words or words.endswith("; give a file with samples")


def test_flac_cut_off(tmp_path):
    """A FLAC file that ends before its time is refused."""
    path = sound(tmp_path / "a.flac")
    words = refusal(read_sound, cut(path, path.stat().st_size - 200))
    assert words.startswith("cannot be read as a sound (")


def test_no_sound(tmp_path):
    """A text, a folder and a file that does not exist are no sounds."""
    (tmp_path / "a.wav").write_text("hello")
    words = refusal(read_sound, tmp_path / "a.wav")
    assert words == "it is a text, and no sound; give the sound itself as WAV or FLAC"
    for name, reason in (("", "Is a directory"), ("gone.wav", "No such file or directory")):
        words = refusal(read_sound, tmp_path / name)
        assert words == f"cannot be read as a sound ({reason}); give a sound file that can be read"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_no_numbers(tmp_path, channels, value):
    """A sound with one sample that is NaN or infinite is refused with the next step."""
    samples = np.zeros((400, channels), dtype=np.float32)
    samples[7, 0] = value
    assert refusal(read_sound, sound(tmp_path / "a.wav", samples, subtype="FLOAT")) == (
        "the sound has samples that are NaN or infinite; record or convert it again"
    )


def test_digest_of_sounds(tmp_path):
    """The digest of a sound is the same in each lossless file, and another for another sample or rate."""
    changed = TONE.copy()
    changed[-1] += 1
    first = digest(read_sound(sound(tmp_path / "a.wav")))
    assert len(first) == 16
    assert digest(read_sound(sound(tmp_path / "a.flac"))) == first
    assert digest(read_sound(sound(tmp_path / "24.wav", subtype="PCM_24"))) == first
    assert digest(read_sound(sound(tmp_path / "two.wav", np.stack([TONE, TONE], axis=1)))) == first
    others = {
        digest(read_sound(sound(tmp_path / "changed.wav", changed))),
        digest(read_sound(sound(tmp_path / "short.wav", TONE[:-1]))),
        digest(read_sound(sound(tmp_path / "slow.wav", rate=8000))),
    }
    assert len(others - {first}) == 3


@pytest.mark.parametrize(
    ("picture", "options", "seen"),
    [
        (grid("L", [0, 128, 255]), {}, [(0,) * 3, (128,) * 3, (255,) * 3]),
        (grid("LA", [(0, 255), (0, 0), (9, 255)]), {}, [(0,) * 3, (255,) * 3, (9,) * 3]),
        (grid("RGB", COLOURS[:3]), {}, COLOURS[:3]),
        (grid("RGB", COLOURS[:3]), {"transparency": (255, 0, 0)}, [(1, 2, 3), (255, 255, 255), (0, 0, 255)]),
        (
            grid("RGBA", [(255, 0, 0, 255), (255, 0, 0, 0), (255, 0, 0, 128)]),
            {},
            [(255, 0, 0), (255, 255, 255), (255, 127, 127)],
        ),
        (grid("P", [0, 1, 2], [255, 0, 0, 0, 255, 0, 0, 0, 255]), {}, [(255, 0, 0), (0, 255, 0), (0, 0, 255)]),
        (
            grid("P", [0, 1, 2], [255, 0, 0, 0, 255, 0, 0, 0, 255]),
            {"transparency": 1},
            [(255, 0, 0), (255, 255, 255), (0, 0, 255)],
        ),
        (grid("1", [0, 1, 0]), {}, [(0,) * 3, (255,) * 3, (0,) * 3]),
        (grid("I;16", [0, 257 * 128, 65535]), {}, [(0,) * 3, (128,) * 3, (255,) * 3]),
        (grid("I;16", [128, 129, 65407]), {}, [(0,) * 3, (1,) * 3, (255,) * 3]),
    ],
    ids=[
        *("grey", "grey with alpha", "RGB", "a transparent colour", "RGBA", "palette", "a transparent entry"),
        *("black and white", "16 bits", "16 bits rounded"),
    ],
)
def test_mode(tmp_path, picture, options, seen):
    """A picture of any mode is read as 8-bit RGB on white."""
    picture.save(tmp_path / "a.png", **options)
    assert pixels(tmp_path / "a.png") == seen


def test_a_transparent_grey_of_16_bits(tmp_path):
    """In a picture with 16 bits of grey, the one transparent grey is that of 16 bits."""
    grid("I;16", [5, 5 * 257, 65535]).save(tmp_path / "a.png", transparency=5)
    assert pixels(tmp_path / "a.png") == [(255,) * 3, (5,) * 3, (255,) * 3]


def test_cmyk(tmp_path):
    """A picture in printing colours is read as the colours they print."""
    grid("CMYK", [(0, 0, 0, 0), (0, 255, 255, 0), (0, 0, 0, 255)]).save(tmp_path / "a.tif")
    assert pixels(tmp_path / "a.tif") == [(255, 255, 255), (255, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    ("orientation", "order"),
    [
        (1, [0, 1, 2, 3, 4, 5]),
        (2, [2, 1, 0, 5, 4, 3]),
        (3, [5, 4, 3, 2, 1, 0]),
        (4, [3, 4, 5, 0, 1, 2]),
        (5, [0, 3, 1, 4, 2, 5]),
        (6, [3, 0, 4, 1, 5, 2]),
        (7, [5, 2, 4, 1, 3, 0]),
        (8, [2, 5, 1, 4, 0, 3]),
    ],
    ids=["upright", "mirrored", "half", "flipped", "transposed", "right", "transverse", "left"],
)
def test_orientation(tmp_path, orientation, order):
    """A picture is turned as its EXIF data say."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    grid("RGB", COLOURS).save(tmp_path / "a.png", exif=exif)
    assert pixels(tmp_path / "a.png") == [COLOURS[number] for number in order]
    assert read_image(tmp_path / "a.png").size == ((3, 2) if orientation < 5 else (2, 3))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_picture_cut_off(tmp_path, name, share):
    """A picture file that ends before its time is refused, never filled up with grey."""
    path = tmp_path / name
    NOISE.save(path)
    words = refusal(read_image, cut(path, int(path.stat().st_size * share)))
    assert words.startswith("cannot be read as a picture (" if share else "the file is empty")
    assert words.endswith("; give a picture file that is whole")


def test_no_picture(tmp_path):
    """A text with a picture's name, a folder and a file that does not exist are no pictures."""
    (tmp_path / "a.png").write_text("hello")
    assert refusal(read_image, tmp_path / "a.png").startswith("it is a text, and no picture; give the picture itself")
    for name, error in (("", "Is a directory"), ("gone.png", "No such file")):
        assert refusal(read_image, tmp_path / name).startswith(f"cannot be read as a picture ({error}")


def test_picture_with_a_wrong_checksum(tmp_path):
    """A picture of which one byte is another than was saved is refused."""
    NOISE.save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[data.index(b"IHDR") + 4 + 3] = 16  # the width
    (tmp_path / "a.png").write_bytes(data)
    assert "cannot be read as a picture" in refusal(read_image, tmp_path / "a.png")


def test_digest_of_pictures(tmp_path):
    """The digest of a picture is the same in each lossless file, and another for another pixel or shape."""
    changed = NOISE.copy()
    red, green, blue = changed.getpixel((31, 31))
    changed.putpixel((31, 31), (red, green, (blue + 1) % 256))
    pictures = {
        "a.png": NOISE,
        "a.bmp": NOISE,
        "a.tif": NOISE,
        "a_with_alpha.png": NOISE.convert("RGBA"),
        "changed.png": changed,
        "reshaped.png": Image.frombytes("RGB", (16, 64), NOISE.tobytes()),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
    first, bmp, tif, alpha, *others = (digest(read_image(tmp_path / name)) for name in pictures)
    assert first == bmp == tif == alpha
    assert len({first, *others}) == 3


def test_digest_of_texts():
    """The digest of a text or question changes with each letter, and with where the question ends."""
    given = ["Ada", "ada", "Ada ", "Ad\u00e4", "Ada\u0308", "", Question("Ada", "x"), Question("Ad", "ax")]
    given += [Question("x", "Ada"), '["Ada", "x"]']
    assert len({digest(one) for one in given}) == len(given)
    assert digest(Question("Ada", "x")) == digest(Question("Ada", "x"))
