"""Sounds that are longer than a model hears: refused, or cut where the row says so."""

from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Sound
from swapgate.models.loading import Source
from swapgate.project.manifest import read_manifest
from swapgate.tasks import audio_classification

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("said", [{"cut": True}, {"long": "truncate"}], ids=["cut", "long"])
def test_cut(said):
    """A spectrogram model refuses what it would not hear to its end; cut, it hears the beginning alone."""
    import numpy as np

    row = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows["audio-classification"]["original"]
    folder = ROOT / "fixtures" / "zoo" / "audio-classification" / "original"
    loaded = load(audio_classification.TASK, Source(row, folder, "original"))
    most = audio_classification._limits(loaded)[1]
    noise = np.random.default_rng(8).uniform(-0.5, 0.5, 2 * most).astype(np.float32)
    rate = loaded.reader.sampling_rate
    whole, beginning = Sound(noise, rate), Sound(noise[:most], rate)
    with pytest.raises(SurroundingsFault, match=r"^a sound has .* the model hears at most .* s at once"):
        audio_classification.predict(loaded, [whole], row)
    cutting = row.model_copy(update=said)
    expected = audio_classification.predict(loaded, [beginning], row)
    assert audio_classification.predict(loaded, [whole], cutting) == expected
    assert audio_classification.predict(loaded, [beginning], cutting) == expected
    told = audio_classification.left_out(loaded, [whole, beginning], cutting)
    assert told == [f"cut to {most / rate:.4g} s", ""]
    assert audio_classification.left_out(loaded, [whole], row) == [""]
