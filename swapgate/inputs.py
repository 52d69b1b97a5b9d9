"""What a model is given: texts, questions, sounds and pictures, read from files whatever their rate, mode or turn."""

import functools
import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from swapgate.faults import SurroundingsFault

LONGEST = 3600
"""Seconds of the longest sound that is read from a file."""
MOST_SAMPLES = LONGEST * 96_000
"""Samples of all channels together; as numbers they take 1.4 gigabytes."""
MOST_PIXELS = 89_478_485
"""Of the largest picture that is read: what Pillow takes for harmless; as a model's input it takes a gigabyte."""
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
"""Pictures that are read: of others Pillow would start a program (EPS) or guess."""
UNKNOWN_LENGTHS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFF000)
"""What WAV files claim whose samples were written without their length being known: ffmpeg's, arecord's, sox's."""
RATES = (1_000, 768_000)
"""The lowest and the highest rate (Hz) that is believed."""


@dataclass(frozen=True)
class Question:
    """A question about a context."""

    question: str
    context: str


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound with one channel."""

    samples: Any
    """float32 array of shape (samples,), from -1 to 1."""
    rate: int
    """Samples a second (Hz), as the file has it."""


Input: TypeAlias = "str | Question | Sound | Any"
"""`Any` is a Pillow picture in mode RGB."""


@functools.lru_cache(maxsize=512)
def read_sound(path: Path) -> Sound:
    """Read a sound file; several channels become their mean. Raises SurroundingsFault where it holds no sound."""
    import librosa
    import numpy as np

    _check_length(path)
    with _readable(path, "sound"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # librosa.load imports modules that Python 3.13 drops
        samples, rate = librosa.load(path, sr=None, mono=False, dtype=np.float32)
    if not samples.size:
        raise SurroundingsFault(f"{path}: the sound is empty; give a file with samples")
    if not np.isfinite(samples).all():
        raise SurroundingsFault(f"{path}: the sound has samples that are NaN or infinite; record or convert it again")
    if not RATES[0] <= rate <= RATES[1]:
        raise SurroundingsFault(
            f"{path}: claims {rate:,.0f} samples a second, believed are {RATES[0]:,} to {RATES[1]:,}; mend its header,"
            " or convert it"
        )
    return Sound(librosa.to_mono(samples), int(rate))


def _check_length(path: Path) -> None:
    """Refuse a file whose header says more than the file holds, or more than memory should: before it is read."""
    import soundfile

    try:
        size, claimed = path.stat().st_size, _claimed(path)
        with soundfile.SoundFile(path) as sound:
            seconds, samples = sound.frames / max(1, sound.samplerate), sound.frames * sound.channels
    except (OSError, soundfile.SoundFileError):
        return  # reading it says what is wrong, or finds another reader
    if size < claimed:
        raise SurroundingsFault(
            f"{path}: its header claims {claimed:,} bytes, the file has {size:,}; give a sound file that is whole"
        )
    if seconds > LONGEST:
        raise SurroundingsFault(
            f"{path}: its header claims {seconds:,.0f} s of sound, at most {LONGEST:,} are read; cut it, or convert it"
        )
    if samples > MOST_SAMPLES:
        raise SurroundingsFault(
            f"{path}: its header claims {samples:,} samples of {sound.channels} channels, at most {MOST_SAMPLES:,} are"
            " read; cut it, or convert it"
        )


def _claimed(path: Path) -> int:
    """Give how many bytes a WAV file must have by its header and that of its samples; 0 where they do not say."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return 0
        whole, name = int.from_bytes(file.read(4), "little"), b""
        ends = [0 if whole in UNKNOWN_LENGTHS else whole]  # some writers count the eight bytes before, others do not
        file.seek(12)
        while name != b"data" and len(name := file.read(4)) == 4:  # each part lies behind the one before
            length = int.from_bytes(file.read(4), "little")
            if name == b"data" and length in UNKNOWN_LENGTHS:
                return 0
            end = file.tell() + length
            ends.append(end)
            file.seek(end + length % 2)
    return max(ends)


def stretch(sound: Sound, start: float, end: float | None) -> Sound:
    """Give the part of a sound between two times in seconds. Raises SurroundingsFault where that holds no samples."""
    last = len(sound.samples) if end is None else round(end * sound.rate)
    samples = sound.samples[round(start * sound.rate) : last]
    if not len(samples):
        raise SurroundingsFault(f"from {start} to {end} seconds the sound has no samples; mend start and end")
    return Sound(samples, sound.rate)


@functools.lru_cache(maxsize=512)
def read_image(path: Path) -> Any:
    """Read a picture file as upright 8-bit RGB: turned as its EXIF data say, 16 bits scaled to 8, on white.

    Raises SurroundingsFault where it holds no picture, or one of more than MOST_PIXELS.
    """
    from PIL import Image, ImageOps

    with _readable(path, "picture"), Image.open(path, formats=FORMATS) as file:
        if file.width * file.height > MOST_PIXELS:
            raise ValueError(f"{file.width}×{file.height} pixels, at most {MOST_PIXELS:,} are read")
        picture = ImageOps.exif_transpose(file)
        if picture.mode.startswith("I"):  # 16 bits of grey, which convert("RGB") would clip instead of scaling
            picture = _eight_bits(picture)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")


def _eight_bits(picture: Any) -> Any:
    """Scale 16 bits of grey to 8; the shade that the file calls transparent is."""
    import numpy as np
    from PIL import Image

    shades = np.asarray(picture.convert("I"))
    grey = Image.fromarray(np.rint(shades / 257).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(shades == clear, 0, 255).astype(np.uint8)))
    return grey


def extent(given: Input) -> float:
    """Give how large an input is: letters of a text, seconds of a sound, pixels of a picture."""
    if isinstance(given, str):
        return len(given)
    if isinstance(given, Question):
        return len(given.question) + len(given.context)
    if isinstance(given, Sound):
        return len(given.samples) / given.rate
    return float(given.width * given.height)


def digest(given: Input) -> str:
    """Give sixteen hexadecimal digits that change when the input does, but not when its file is only packed anew."""
    if isinstance(given, str):
        content = json.dumps(given).encode()
    elif isinstance(given, Question):
        content = json.dumps([given.question, given.context]).encode()
    elif isinstance(given, Sound):
        content = given.rate.to_bytes(4, "little") + given.samples.tobytes()
    else:
        content = json.dumps(given.size).encode() + given.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the libraries below raise many things, and pytest makes errors of their warnings
        raise SurroundingsFault(
            f"{path}: cannot be read as a {what} ({type(error).__name__}: {error}); give a {what} file that is whole"
        ) from error
