"""Audio classification: from sounds to labels, by models of a spectrogram or of the waveform itself."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from swapgate import loading
from swapgate.faults import ModelFault, SurroundingsFault
from swapgate.inputs import Sound
from swapgate.manifest import Row
from swapgate.predictions import Classification
from swapgate.tasks.classes import classified, label_names

__all__ = ["label_names", "load", "predict"]

WINDOW, HOP = 400, 160
"""Samples of a frame, and from one frame to the next, which transformers' AST feature extractor has built in."""
LOUDEST = 1_000_000
"""The largest sample that is taken; full scale is 1, and squares of much larger ones overflow."""


def load(source: loading.Source) -> loading.Loaded:
    """Load model and feature extractor. Raises SurroundingsFault."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filter", UserWarning)  # also said of the public AST models
        return loading.load(source, "AutoModelForAudioClassification", "AutoFeatureExtractor")


def predict(loaded: loading.Loaded, sounds: Sequence[Sound], row: Row) -> list[Classification | ModelFault]:
    """Name the class of each sound; `row.labels` maps the model's names to the cases'.

    Sounds of one length go through the model together: a waveform model without an attention mask would hear padding.
    A sound whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a sound is empty,
    has samples that are no numbers or absurdly large, or is shorter or longer than the model can read.
    """
    waves = [_resampled(sound, loaded) for sound in sounds]
    lengths: dict[int, list[int]] = {}
    for place, wave in enumerate(waves):
        lengths.setdefault(len(wave), []).append(place)
    found: dict[int, Classification | ModelFault] = {}
    for places in lengths.values():
        together = [waves[place] for place in places]
        batch = loaded.reader(together, sampling_rate=loaded.reader.sampling_rate, return_tensors="pt")
        found.update(zip(places, classified(loaded, batch, row), strict=True))
    return [found[place] for place in range(len(waves))]


def _resampled(sound: Sound, loaded: loading.Loaded) -> Any:
    """Give the samples at the model's rate. Raises SurroundingsFault where the model cannot read them."""
    import numpy as np

    rate = int(loaded.reader.sampling_rate)
    if sound.rate < 1:
        raise SurroundingsFault(f"a sound has a rate of {sound.rate} Hz; give one with a rate above 0")
    count = math.ceil(len(sound.samples) * rate / sound.rate)
    fewest, most = _limits(loaded)
    found = f"a sound has {len(sound.samples)} samples at {sound.rate} Hz ({count / rate:.4g} s)"
    if count < fewest:
        raise SurroundingsFault(f"{found}, the model needs at least {fewest / rate:.4g} s; give a longer one")
    if most is not None and count > most:
        raise SurroundingsFault(f"{found}, the model reads at most {most / rate:.4g} s; shorten the case")
    if not (np.abs(sound.samples) <= LOUDEST).all():  # NaN is neither
        raise SurroundingsFault(f"{found}, some of them NaN, infinite or beyond ±{LOUDEST:,}; convert it again to ±1")
    if sound.rate == rate:
        return sound.samples
    import librosa

    return librosa.resample(sound.samples, orig_sr=sound.rate, target_sr=rate)


def _limits(loaded: loading.Loaded) -> tuple[int, int | None]:
    """Give the fewest and the most samples at its own rate that a model reads whole; None is no limit."""
    reader, config = loaded.reader, loaded.model.config
    if type(reader).__name__ == "ASTFeatureExtractor":  # it cuts off what is longer, without a word
        return WINDOW, WINDOW + HOP * reader.max_length - 1
    fewest = 1
    kernels, strides = getattr(config, "conv_kernel", ()), getattr(config, "conv_stride", ())
    if isinstance(kernels, list | tuple) and isinstance(strides, list | tuple):
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            fewest = (fewest - 1) * stride + kernel  # so that each convolution has something to give to the next
    return fewest, getattr(reader, "n_samples", None)  # Whisper's reader cuts at n_samples
