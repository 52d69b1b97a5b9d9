"""Sounds, read from files whatever their rate and channels; what a header claims is checked before it is believed."""

import functools
import io
from pathlib import Path

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Sound, readable_as

LONGEST = 3600
"""Seconds of the longest sound that is read from a file."""
MOST_SAMPLES = LONGEST * 96_000
"""Samples of all channels together; as numbers they take 1.4 gigabytes."""
UNKNOWN_LENGTHS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFF000)
"""What WAV files claim whose samples were written without their length being known: ffmpeg's, arecord's, sox's."""
ROUNDED = 4_096
"""Bytes by which such a claim may be another: a frame of all channels, a header."""
MOST_BYTES = 0xFFFFFFFF
"""That a WAV file can claim."""
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
    import soundfile

    with readable_as(path, "sound"):  # by soundfile alone: librosa would start ffmpeg on what that does not know
        file = _measured(path)
        _check_length(path, file)
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
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
    """Return a sound file; of a WAV file that was written before its length was known, one that tells it."""
    size, (claimed, start) = path.stat().st_size, _claimed(path)
    if size < claimed:
        raise SurroundingsFault(
            f"{path}: its header claims {claimed:,} bytes, the file has {size:,}; give a sound file that is whole"
        )
    if not start or size > LARGEST:
        return path
    content = bytearray(path.read_bytes())
    content[4:8] = min(size - 8, MOST_BYTES).to_bytes(4, "little")
    content[start - 4 : start] = min(size - start, MOST_BYTES).to_bytes(4, "little")
    return io.BytesIO(content)


def _check_length(path: Path, file: Path | io.BytesIO) -> None:
    """Refuse a file that claims to hold more than memory should: before it is read."""
    import soundfile

    with soundfile.SoundFile(file) as sound:
        seconds, samples = sound.frames / max(1, sound.samplerate), sound.frames * sound.channels
        channels, unknown = sound.channels, sound.frames > ENDLESS
    if isinstance(file, io.BytesIO):
        file.seek(0)
    if unknown:
        raise SurroundingsFault(f"{path}: its header does not say how long it is; convert it to WAV or FLAC again")
    if seconds > LONGEST:
        raise SurroundingsFault(
            f"{path}: its header claims {seconds:,.0f} s of sound, at most {LONGEST:,} are read; cut it, or convert it"
        )
    if samples > MOST_SAMPLES:
        raise SurroundingsFault(
            f"{path}: its header claims {samples:,} samples of {channels} channels, at most {MOST_SAMPLES:,} are"
            " read; cut it, or convert it"
        )


def _claimed(path: Path) -> tuple[int, int]:
    """Return how many bytes a WAV file must have by its header and that of its samples, and where samples begin whose
    length it did not know when it was written; 0 where it does not say, or there are none.
    """
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return 0, 0
        whole, name = int.from_bytes(file.read(4), "little"), b""
        ends = [0 if _is_unknown(whole) else whole]  # some writers count the eight bytes before, others do not
        file.seek(12)
        while name != b"data" and len(name := file.read(4)) == 4:  # each part lies behind the one before
            length = int.from_bytes(file.read(4), "little")
            start = file.tell()
            begun = not length and (not ends[0] or whole + 8 <= start)  # of a whole that ends before its samples
            if name == b"data" and (begun or _is_unknown(length)):
                return 0, start
            ends.append(start + length)
            file.seek(start + length + length % 2)
    return max(ends), 0


def _is_unknown(length: int) -> bool:
    """Return whether a length stands for one that was not known: some writers round it, or take the header off it."""
    return any(abs(length - one) <= ROUNDED for one in UNKNOWN_LENGTHS)


def stretch(sound: Sound, start: float, end: float | None) -> Sound:
    """Return the part of a sound between two times in seconds. Raises SurroundingsFault where that holds no samples."""
    last = len(sound.samples) if end is None else round(end * sound.rate)
    samples = sound.samples[round(start * sound.rate) : last]
    if not len(samples):
        raise SurroundingsFault(f"from {start} to {end} seconds the sound has no samples; mend start and end")
    return Sound(samples, sound.rate)
