"""Sounds as the samples that a model hears: at its own rate, neither too short nor too long for it."""

import math
from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Sound

BATCH = 4
"""Sounds that go through a model together on a CPU: of more each takes a little longer, and memory is for fewer."""
LOUDEST = 1_000_000
"""The largest sample that is taken; full scale is 1, and squares of much larger ones overflow."""
LONGEST = 120
"""Seconds that a model without a limit of its own is given: what it needs of memory grows with their square."""


def resampled(sound: Sound, rate: int, fewest: int, most: int | None, cut: bool = False) -> Any:
    """Return the samples at `rate` in Hz, from `fewest` to `most` of them; None is no limit of the model's own.

    With `cut` the end of a longer sound is left out. Raises SurroundingsFault where a sound has no rate, too few or
    too many samples, or some that are NaN, infinite or absurdly large.
    """
    import numpy as np

    if sound.rate < 1:
        raise SurroundingsFault(f"a sound has a rate of {sound.rate} Hz; give one with a rate above 0")
    count = math.ceil(len(sound.samples) * rate / sound.rate)
    limit = LONGEST * rate if most is None else most
    found = f"a sound has {len(sound.samples)} samples at {sound.rate} Hz ({count / rate:.4g} s)"
    if count < fewest:
        raise SurroundingsFault(f"{found}, the model needs at least {fewest / rate:.4g} s; give a longer one")
    if count > limit and not cut:
        raise SurroundingsFault(
            f"{found}, the model hears at most {limit / rate:.4g} s at once; shorten it, or write"
            ' long = "truncate" in the models file'
        )
    if not (np.abs(sound.samples) <= LOUDEST).all():  # NaN is neither
        raise SurroundingsFault(f"{found}, some of them NaN, infinite or beyond ±{LOUDEST:,}; convert it again to ±1")
    if sound.rate == rate:
        return sound.samples[:limit]
    import librosa

    return librosa.resample(sound.samples, orig_sr=sound.rate, target_sr=rate)[:limit]


def left_out(sounds: Sequence[Sound], rate: int, most: int | None) -> list[str]:
    """Tell of each sound what `resampled` leaves out of it with `cut`, by the same rate and limit."""
    limit = LONGEST * rate if most is None else most
    counts = [math.ceil(len(sound.samples) * rate / sound.rate) for sound in sounds]
    return [f"cut to {limit / rate:.4g} s" if count > limit else "" for count in counts]


def fewest_samples(config: Any) -> int:
    """Return how many samples the convolutions of a waveform model need, so that each has something for the next."""
    fewest = 1
    kernels, strides = getattr(config, "conv_kernel", ()), getattr(config, "conv_stride", ())
    if isinstance(kernels, list | tuple) and isinstance(strides, list | tuple):
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            fewest = (fewest - 1) * stride + kernel
    return fewest
