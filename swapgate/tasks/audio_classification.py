"""Audio classification: from sounds to labels, by models of a spectrogram or of the waveform itself."""

import warnings
from collections.abc import Sequence

from swapgate import loading
from swapgate.faults import ModelFault
from swapgate.inputs import Sound
from swapgate.manifest import Row
from swapgate.predictions import Classification
from swapgate.tasks.classes import classified, label_names
from swapgate.tasks.sounds import fewest_samples, resampled

__all__ = ["label_names", "load", "predict"]

WINDOW, HOP = 400, 160
"""Samples of a frame, and from one frame to the next, which transformers' AST feature extractor has built in."""


def load(source: loading.Source) -> loading.Loaded:
    """Load model and feature extractor. Raises SurroundingsFault."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filter", UserWarning)  # also said of the public AST models
        return loading.load(source, "AutoModelForAudioClassification", "AutoFeatureExtractor")


def predict(loaded: loading.Loaded, sounds: Sequence[Sound], row: Row) -> list[Classification | ModelFault]:
    """Name the class of each sound; `row` maps the model's names to the cases'.

    Sounds of one length go through the model together: a waveform model without an attention mask would hear padding.
    A sound whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a sound is empty,
    has samples that are no numbers or absurdly large, or is shorter or longer than the model can read; with
    `cut` in the row a longer one is read as far as the model can.
    """
    rate = int(loaded.reader.sampling_rate)
    fewest, most = _limits(loaded)
    waves = [resampled(sound, rate, fewest, None if row.cut else most) for sound in sounds]
    lengths: dict[int, list[int]] = {}
    for place, wave in enumerate(waves):
        lengths.setdefault(len(wave), []).append(place)
    found: dict[int, Classification | ModelFault] = {}
    for places in lengths.values():
        together = [waves[place] for place in places]
        batch = loaded.reader(together, sampling_rate=rate, return_tensors="pt")
        found.update(zip(places, classified(loaded, batch, row), strict=True))
    return [found[place] for place in range(len(waves))]


def _limits(loaded: loading.Loaded) -> tuple[int, int | None]:
    """Give the fewest and the most samples at its own rate that a model reads whole; None is no limit."""
    reader = loaded.reader
    if type(reader).__name__ == "ASTFeatureExtractor":  # it cuts off what is longer, without a word
        return WINDOW, WINDOW + HOP * reader.max_length - 1
    return fewest_samples(loaded.model.config), getattr(reader, "n_samples", None)  # Whisper's reader cuts at n_samples
