"""What is not done is told with advice that helps: kinds of recognizers, ways to write a text."""

import json
import shutil
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find
from swapgate.project.manifest import row_type
from swapgate.tasks import summarization
from swapgate.tasks.speech_recognition import auto_class

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"


@pytest.mark.parametrize(
    ("kind", "architecture", "advice"),
    [
        ("speech_to_text", "Speech2TextForConditionalGeneration", "write a task for it (docs/how-to/own-task.md)"),
        ("speech-encoder-decoder", "SpeechEncoderDecoderModel", "write a task for it (docs/how-to/own-task.md)"),
        ("parakeet_tdt", "ParakeetForTDT", "write a task for it (docs/how-to/own-task.md)"),
        ("wav2vec2", "Wav2Vec2ForPreTraining", "give a checkpoint that was trained to write what is said"),
    ],
    ids=["steps", "two parts", "frames", "untrained"],
)
def test_recognizer_of_another_kind(kind, architecture, advice):
    """A recognizer that writes in another way is told as such, one that was not trained to write as that."""
    with pytest.raises(SurroundingsFault) as caught:
        auto_class("models/heard", {"model_type": kind, "architectures": [architecture]})
    said = str(caught.value)
    assert said.startswith(f"models/heard is a {kind} model ({architecture})")
    assert said.endswith(advice)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_beam_groups": 2, "diversity_penalty": 0.5}, "take num_beam_groups = 2 and diversity_penalty = 0.5 out"),
        (
            {"stop_strings": ["."]},
            "take stop_strings = ['.'] out of its generation_config.json: judging does not do that",
        ),
    ],
    ids=["groups", "strings"],
)
def test_way_to_write_that_is_not_done(tmp_path, settings, words):
    """What a model's own settings ask for and is not done is told by its key, not as a matter of lengths."""
    folder = shutil.copytree(ZOO / "summarization" / "small", tmp_path / "model")
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_beams": 4, **settings}))
    row = row_type(summarization.TASK).model_validate({"model": str(folder)})
    loaded = load(summarization.TASK, find(row, Path("/"), tmp_path))
    with pytest.raises(SurroundingsFault) as caught:
        summarization.predict(loaded, ["The shop in the old town opened a second branch on Monday."], row)
    assert words in str(caught.value)
    assert "other lengths" not in str(caught.value)
