"""Audio classification: from sounds to labels, by models of a spectrogram or of the waveform itself."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr
from swapgate.inputs.given import Sound
from swapgate.inputs.sounds import read_sound, wav
from swapgate.outputs import classification
from swapgate.outputs.prediction import Prediction
from swapgate.tasks.case import Case, Files, Labelled, MultiLabelled
from swapgate.tasks.classes import FIGURES, MultiLabelSettings, classified, classifier
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.sounds import BATCH, fewest_samples, resampled
from swapgate.tasks.sounds import left_out as left_out_of
from swapgate.tasks.task import Loaded, Task

WINDOW, HOP = 400, 160
"""Samples of a frame, and from one frame to the next, which transformers' AST feature extractor has built in."""

AST, SPECTROGRAM = "ASTFeatureExtractor", ("num_mel_bins", "max_length")
"""What makes the spectrogram of one kind of models, and the two keys by which it and the model have one size."""


class AudioSettings(CutSettings):
    """The keys of a row of audio classification."""

    cut: bool = False
    """The same as long = "truncate": the end of a sound that is longer than the model hears may be left out."""


class MultiLabelAudioSettings(MultiLabelSettings, AudioSettings):
    """Those of a suite with several labels."""


class AudioCase(Labelled):
    """A sound and its label."""

    audio: NonEmptyStr
    """A file beside the cases file, or the name of a download."""


class AudioCaseOfLabels(MultiLabelled):
    """A sound and its labels."""

    audio: NonEmptyStr
    """A file beside the cases file, or the name of a download."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where there is no such file."""
    return Case(row.id, files.find(row.audio, where), tuple(row.expected), read_sound)


def check_loaded(name: str, loaded: Loaded) -> None:
    """Make sure that a spectrogram has the size that the model was made for. Raises SurroundingsFault."""
    for key in SPECTROGRAM if type(loaded.reader).__name__ == AST else ():
        given, wanted = getattr(loaded.reader, key), getattr(loaded.model.config, key, None)
        if wanted not in (None, given):
            raise SurroundingsFault(
                f"{name}: {key} = {given} in its preprocessor_config.json, and {wanted} in its config.json; mend the"
                " former, or save the model's own there"
            )


def predict(loaded: Loaded, sounds: Sequence[Sound], row: Any) -> Sequence[Prediction | ModelFault]:
    """Name the class of each sound; `row` maps the model's names to the cases'.

    Sounds of one length go through the model together: a waveform model without an attention mask would hear padding.
    A sound whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a sound is empty,
    has samples that are no numbers or absurdly large, or is shorter or longer than the model can read; with
    `long` in the row a longer one is read as far as the model can.
    """
    rate = int(loaded.reader.sampling_rate)
    fewest, most = _limits(loaded)
    waves = [resampled(sound, rate, fewest, most, _is_cut(row)) for sound in sounds]
    lengths: dict[int, list[int]] = {}
    for place, wave in enumerate(waves):
        lengths.setdefault(len(wave), []).append(place)
    found: dict[int, Prediction | ModelFault] = {}
    for places in lengths.values():
        together = [waves[place] for place in places]
        batch = loaded.reader(together, sampling_rate=rate, return_tensors="pt")
        found.update(zip(places, classified(loaded, batch, row), strict=True))
    return [found[place] for place in range(len(waves))]


def left_out(loaded: Loaded, sounds: Sequence[Sound], row: Any) -> list[str]:
    """Tell of each sound what is left out of it because it is longer than the model reads."""
    if not _is_cut(row):
        return [""] * len(sounds)
    return left_out_of(sounds, int(loaded.reader.sampling_rate), _limits(loaded)[1])


def _is_cut(row: Any) -> bool:
    return bool(row.cut or row.long == "truncate")


def _limits(loaded: Loaded) -> tuple[int, int | None]:
    """Return the fewest and the most samples at its own rate that a model reads whole; None is no limit."""
    reader = loaded.reader
    if type(reader).__name__ == AST:  # it cuts off what is longer, without a word
        return WINDOW, WINDOW + HOP * reader.max_length - 1
    return fewest_samples(loaded.model.config), getattr(reader, "n_samples", None)  # Whisper's reader cuts at n_samples


def served(sound: Sound, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for its best labels; with how many it is not told, for then it could not be sent a bare file."""
    return "audio_classification", {"audio": wav(sound)}


TASK = classifier(
    Task(
        name="audio-classification",
        output=classification.OUTPUT,
        case=AudioCase,
        extra="audio",
        read=read,
        predict=predict,
        auto_class="AutoModelForAudioClassification",
        batch=BATCH,
        reader_class="AutoFeatureExtractor",
        figures=FIGURES,
        settings=AudioSettings,
        judging_keys=frozenset({"long"}),
        left_out=left_out,
        check_loaded=check_loaded,
        served=served,
    ),
    several_labels=AudioCaseOfLabels,
    settings=MultiLabelAudioSettings,
)
