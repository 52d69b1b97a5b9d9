"""Sounds, read from files whatever their rate and channels; what a header claims is checked before it is believed."""

import functools
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Sound, readable_as
from swapgate.inputs.streams import claimed_by_mp3, fault_of_ogg

LONGEST = 3600
"""Seconds of the longest sound that is read from a file."""
MOST_SAMPLES = LONGEST * 96_000
"""Samples of all channels together; as numbers they take 1.4 gigabytes."""
UNKNOWN_LENGTHS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFF000, 0x7F000000)
"""What files claim whose samples were written without their length being known: ffmpeg's, arecord's, sox's."""
ROUNDED = 4_096
"""Bytes by which such a claim may be another: a frame of all channels, a header."""
ORDERS: Mapping[bytes, Literal["little", "big"]] = {
    b"RIFF": "little",
    b"RIFX": "big",
    b"RF64": "little",
    b"BW64": "little",
}
"""How WAV files begin, and in which order the bytes of their numbers stand."""
CLAIM = re.compile(r"^ *(?:FORM|SSND|BODY|data|riff|Riff size|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
"""Where libsndfile notes how many bytes an AIFF, 8SVX, CAF, W64, RF64 or AU file claims, and how many there are."""
SLACK = 8
"""Bytes by which the length of a whole file is told too long: some writers count those before it."""
LARGEST = 8 * MOST_SAMPLES
"""Bytes of the largest file that is read at once."""
ENDLESS = 1 << 60
"""More samples than this stand for an unknown number."""
RATES = (1_000, 768_000)
"""The lowest and the highest rate (Hz) that is believed."""


@functools.lru_cache(maxsize=512)
def read_sound(path: Path) -> Sound:
    """Read a sound file; several channels become their mean. Raises SurroundingsFault where it holds no sound."""
    import numpy as np

    with readable_as(path, "sound"):  # by soundfile alone: librosa would start ffmpeg on what that does not know
        import soundfile

        file = _measured(path)
        frames = _check_length(path, file)
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    if len(samples) < frames:
        raise SurroundingsFault(
            f"{path}: its header claims {frames:,} samples, the file has {len(samples):,}; give a sound file that is"
            " whole"
        )
    if not samples.size:
        raise SurroundingsFault(f"{path}: the sound is empty; give a file with samples")
    if not np.isfinite(samples).all():
        raise SurroundingsFault(f"{path}: the sound has samples that are NaN or infinite; record or convert it again")
    if not RATES[0] <= rate <= RATES[1]:
        raise SurroundingsFault(
            f"{path}: claims {rate:,.0f} samples a second, believed are {RATES[0]:,} to {RATES[1]:,}; mend its header,"
            " or convert it"
        )
    return Sound(np.mean(samples.T, axis=0), int(rate))


def _measured(path: Path) -> Path | io.BytesIO:
    """Return a sound file; of a WAV or CAF file that does not tell where its samples are or end, one that does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        order = ORDERS.get(head[:4], "little")
        is_wav, (unknown, claimed_by_caf) = head[:4] in ORDERS and head[8:] == b"WAVE", _parts_of_caf(file, size)
        if head[:4] == b"OggS" and (fault := fault_of_ogg(file, size)):
            raise SurroundingsFault(f"{path}: {fault}")
        others = max(claimed_by_mp3(file), claimed_by_caf)
        parts, claimed, is_mended = _parts(file, size, order) if is_wav else ([], others, unknown > 0)
    is_mended = is_mended or (is_wav and head[:4] == b"BW64")  # which libsndfile takes for no sound
    if size < claimed:
        raise SurroundingsFault(
            f"{path}: its header claims {claimed:,} bytes, the file has {size:,}; give a sound file that is whole"
        )
    if not is_mended or size > LARGEST:
        return path
    content, written = path.read_bytes(), [b"WAVE"]
    if unknown:
        told = (size - unknown).to_bytes(8, "big")
        return io.BytesIO(content[: unknown - 8] + told + content[unknown:])
    for part in parts:
        held = content[part.start : part.start + part.length]
        written += [part.name, len(held).to_bytes(4, order), held, bytes(len(held) % 2)]
    whole = sum(map(len, written)).to_bytes(4, order)
    return io.BytesIO(b"".join([b"RIFX" if order == "big" else b"RIFF", whole, *written]))


def _parts_of_caf(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return where in a CAF file the samples begin whose length was not known when it was written, and how many bytes
    it must have by what its parts say; 0 where there are none.

    Of samples in packets one that was cut off is left out when they are read, however little of it is missing.
    """
    file.seek(0)
    place, claimed = 8 if file.read(4) == b"caff" else size, 0
    while place + 12 <= size and (name := _name(file, place)):
        length = int.from_bytes(file.read(8), "big", signed=True)
        if length < 0:
            return place + 12 if (name, length) == (b"data", -1) else 0, 0
        claimed = place = place + 12 + length
    return 0, claimed


class Part(NamedTuple):
    """A part of a WAV file."""

    name: bytes
    start: int
    """Of what it holds."""
    length: int
    """Of that, in bytes."""


def _parts(file: BinaryIO, size: int, order: Literal["little", "big"]) -> tuple[list[Part], int, bool]:
    """Return the parts of a WAV file as far as its samples, how many bytes it must have by what they say, and whether
    that had to be mended.

    It had where a length was not known when it was written (a length of 0 with no other parts behind it is none
    either), and where the byte is missing that stands behind a part of an odd length.
    """
    file.seek(4)
    claimed, samples, is_mended, place = int.from_bytes(file.read(4), order), 0, False, 12
    parts: list[Part] = []
    claimed = 0 if _is_unknown(claimed) else claimed
    while (name := _name(file, place)) and place + 8 <= size and not (parts and parts[-1].name == b"data"):
        start, length = place + 8, int.from_bytes(file.read(4), order)
        if name == b"ds64":  # the lengths of 64 bits of a file that begins with RF64
            told = [int.from_bytes(file.read(8), order) for _ in range(2)]
            claimed, samples = (one if one < ENDLESS else 0 for one in told)
        if name == b"data" and samples and length == UNKNOWN_LENGTHS[0]:
            length = samples
        if name == b"data" and (_is_unknown(length) or not (length or _are_parts(file, start, size, order))):
            claimed, length, is_mended = 0, size - start, True
        if name != b"ds64":
            parts.append(Part(name, start, length))
        place = start + length + length % 2
        if length % 2 and name != b"data" and _name(file, place - 1) and not _name(file, place):
            place, is_mended = place - 1, True
    return parts, max([claimed, *(part.start + part.length for part in parts)]), is_mended


def _name(file: BinaryIO, place: int) -> bytes:
    """Return the four letters that name a part; none where others stand there."""
    file.seek(place)
    name = file.read(4)
    return name if len(name) == 4 and name.isascii() and name.decode().isprintable() else b""


def _are_parts(file: BinaryIO, place: int, size: int, order: Literal["little", "big"]) -> bool:
    """Return whether nothing but other parts stands in a file from a place on."""
    while place < size and _name(file, place):
        length = int.from_bytes(file.read(4), order)
        place += 8 + length + length % 2
    return size <= place <= size + 1


def _check_length(path: Path, file: Path | io.BytesIO) -> int:
    """Return how many samples of each channel a file must have by its header; 0 where libsndfile has measured it.

    Raises SurroundingsFault where it claims to hold more than it does, or than memory should: before it is read.
    """
    import soundfile

    with soundfile.SoundFile(file) as sound:
        seconds, samples = sound.frames / max(1, sound.samplerate), sound.frames * sound.channels
        channels, frames, unknown, form = sound.channels, sound.frames, sound.frames > ENDLESS, sound.format
        claims = [(int(claimed), int(there)) for claimed, there in CLAIM.findall(sound.extra_info)]
    if isinstance(file, io.BytesIO):
        file.seek(0)
    if unknown:
        raise SurroundingsFault(f"{path}: its header does not say how long it is; convert it to WAV or FLAC again")
    for claimed, there in claims:
        if claimed > there + SLACK and not _is_unknown(claimed):
            raise SurroundingsFault(
                f"{path}: its header claims {claimed:,} bytes, the file has {there:,}; give a sound file that is whole"
            )
    if seconds > LONGEST:
        raise SurroundingsFault(
            f"{path}: its header claims {seconds:,.0f} s of sound, at most {LONGEST:,} are read; cut it, or convert it"
        )
    if samples > MOST_SAMPLES:
        raise SurroundingsFault(
            f"{path}: its header claims {samples:,} samples of {channels} channels, at most {MOST_SAMPLES:,} are"
            " read; cut it, or convert it"
        )
    return frames if form == "FLAC" else 0


def _is_unknown(length: int) -> bool:
    """Return whether a length stands for one that was not known: some writers round it, or take the header off it."""
    return any(abs(length - one) <= ROUNDED for one in UNKNOWN_LENGTHS)


def wav(sound: Sound) -> bytes:
    """Return a sound as a WAV file that holds its samples to the last bit."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def stretch(sound: Sound, start: float, end: float | None) -> Sound:
    """Return the part of a sound between two times in seconds. Raises SurroundingsFault where that holds no samples."""
    last = len(sound.samples) if end is None else round(end * sound.rate)
    samples = sound.samples[round(start * sound.rate) : last]
    if not len(samples):
        raise SurroundingsFault(f"from {start} to {end} seconds the sound has no samples; mend start and end")
    return Sound(samples, sound.rate)
