"""Sounds, read from files whatever their rate and channels; what a header claims is checked before it is believed."""

import functools
from pathlib import Path

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Sound, readable_as

LONGEST = 3600
"""Seconds of the longest sound that is read from a file."""
MOST_SAMPLES = LONGEST * 96_000
"""Samples of all channels together; as numbers they take 1.4 gigabytes."""
UNKNOWN_LENGTHS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFF000)
"""What WAV files claim whose samples were written without their length being known: ffmpeg's, arecord's, sox's."""
RATES = (1_000, 768_000)
"""The lowest and the highest rate (Hz) that is believed."""


@functools.lru_cache(maxsize=512)
def read_sound(path: Path) -> Sound:
    """Read a sound file; several channels become their mean. Raises SurroundingsFault where it holds no sound."""
    import numpy as np
    import soundfile

    _check_length(path)
    with readable_as(path, "sound"):  # by soundfile alone: librosa would start ffmpeg on what that does not know
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
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
    """Return how many bytes a WAV file must have by its header and that of its samples; 0 where they do not say."""
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
    """Return the part of a sound between two times in seconds. Raises SurroundingsFault where that holds no samples."""
    last = len(sound.samples) if end is None else round(end * sound.rate)
    samples = sound.samples[round(start * sound.rate) : last]
    if not len(samples):
        raise SurroundingsFault(f"from {start} to {end} seconds the sound has no samples; mend start and end")
    return Sound(samples, sound.rate)
