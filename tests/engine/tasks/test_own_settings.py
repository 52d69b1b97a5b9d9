"""What a model's own settings ask for and the judge replaces; heads that no softmax can judge."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.sounds import read_sound
from swapgate.models.loading import find
from swapgate.project.manifest import read_manifest, row_type
from swapgate.tasks import find_task

ROOT = Path(__file__).parents[3]
ZOO = ROOT / "fixtures" / "zoo"


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, []),
        ({"do_sample": False, "temperature": 9.0, "top_k": 1}, []),
        ({"do_sample": True}, ["do_sample = True"]),
        ({"do_sample": True, "temperature": 9.0, "top_k": 50}, ["do_sample = True", "temperature = 9.0"]),
        ({"max_time": 2.5, "num_return_sequences": 3}, ["num_return_sequences = 3", "max_time = 2.5"]),
        ({"max_time": None, "length_penalty": 2.0}, []),
    ],
    ids=range(6),
)
def test_replaced(settings, asked):
    """Drawing by chance, several texts and a clock are replaced, and nothing that is said and has no effect."""
    assert replaced("summarization", settings) == asked
    assert replaced("speech-recognition", settings) == asked
    assert replaced("summarization", settings, decoding="greedy") == []


def replaced(name, settings, config=(), **row):
    """Return which settings of a model are replaced, by its row."""
    task = find_task(name)
    return task.replaced(dict(config), settings, row_type(task).model_validate({"model": "model", **row}))


@pytest.mark.parametrize(
    ("settings", "special", "row", "told"),
    [
        ({"max_length": 20}, {}, {}, ["max_length = 20"]),
        ({"max_length": 20}, {"num_beams": 2}, {"generation": {"num_beams": 2}}, ["max_length = 20"]),
        ({"max_length": 20}, {}, {"generation": {"max_length": 64}}, ["max_length = 20"]),
        ({"max_length": 40}, {}, {"generation": {"max_new_tokens": 63}}, ["max_length = 40"]),
        ({"max_new_tokens": 19}, {}, {"generation": {"max_new_tokens": 63}}, ["max_new_tokens = 19"]),
        ({"max_length": 64}, {"max_length": 30}, {"generation": {"max_length": 64}}, ["max_length = 30"]),
        ({"max_length": 20}, {}, {"decoding": "greedy"}, []),
        ({"max_length": 21}, {}, {}, []),
        ({"max_new_tokens": 19}, {}, {}, []),
        ({}, {}, {"generation": {"max_length": 64}}, []),
        ({"max_length": 20, "max_new_tokens": 60}, {}, {}, []),
        ({"max_length": 20}, {"max_length": 20}, {}, []),
        ({"max_length": 20}, {}, {"generation": {"max_length": 20}}, []),
        ({"max_length": 64}, {}, {"generation": {"max_new_tokens": 63}}, []),
        ({"max_length": [20]}, {}, {"generation": {"max_new_tokens": 63}}, []),
    ],
    ids=range(15),
)
def test_length_that_is_replaced(settings, special, row, told):
    """A length at which a model itself would stop is told where it is judged with a greater one, and only there."""
    assert replaced("summarization", settings, {"task_specific_params": {"summarization": special}}, **row) == told


@pytest.mark.parametrize(
    ("settings", "row", "told"),
    [
        ({"min_length": 9}, {}, ["min_length = 9"]),
        ({"min_length": 0, "min_new_tokens": 9}, {}, []),
        ({"max_length": 20}, {}, ["max_length = 20"]),
        ({"max_length": 4096}, {}, []),
        ({"max_length": 20}, {"generation": {"max_new_tokens": 20}}, []),
        ({"max_length": 20, "max_new_tokens": 48}, {}, []),
        ({"max_new_tokens": 48}, {"generation": {"max_new_tokens": 63}}, ["max_new_tokens = 48"]),
        ({"max_new_tokens": 48}, {}, []),
        ({"max_length": [20]}, {}, []),
        ({"min_length": 9, "max_length": 20}, {"decoding": "greedy"}, []),
    ],
    ids=range(10),
)
def test_lengths_behind_prompts(settings, row, told):
    """A length that counts the prompt is not kept behind prompts, nor a number of new tokens that the row exceeds."""
    assert replaced("text-generation", settings, **row) == told


def test_beams():
    """Summaries are written with as many beams as the model says, transcripts with one and without times."""
    settings = {"num_beams": 4, "return_timestamps": True}
    assert replaced("summarization", settings) == []
    assert replaced("speech-recognition", settings) == ["num_beams = 4", "return_timestamps = True"]


def test_settings_for_the_task():
    """Settings for this task count more than the general ones."""
    special = {"task_specific_params": {"summarization": {"do_sample": False}}}
    assert replaced("summarization", {"do_sample": True}, special) == []
    assert find_task("ner").replaced is None


def judge(*options):
    """Judge the small summarizer; return the exit status and what is said."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "summarization and small"]
    done = subprocess.run(
        [*command, "-k", "expected and race_held", *options], cwd=ZOO.parents[1], capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"do_sample": True, "temperature": 9.0}, "do_sample = True, temperature = 9.0"),
        ({"max_length": 20}, "max_length = 20"),
    ],
    ids=["drawn", "cut"],
)
def test_candidate_that_asks_for_more(tmp_path, settings, asked):
    """A candidate that asks for what is replaced, where its incumbent does not, fails with the setting's name."""
    folder = tmp_path / "candidate"
    shutil.copytree(ZOO / "summarization" / "small", folder)
    path = folder / "generation_config.json"
    own = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**own, **settings}))
    status, said = judge(f"--swap=summarization.small={folder}")
    assert status == 1, said
    assert f"itself asks for {asked}, which" in said
    assert 'decoding = "greedy" in [summarization.small]' in said


@pytest.mark.parametrize(("task", "tier"), [("summarization", "small"), ("speech-recognition", "large")])
def test_no_clock_ends_a_text(task, tier):
    """What a model's own settings ask for and is replaced changes nothing of what it writes."""
    row = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows[task][tier]
    model = load(find_task(task), find(row, ROOT / "fixtures" / "models", ROOT))
    sounds = sorted((ROOT / "fixtures" / "speech-recognition").rglob("*.wav"))
    given = read_sound(sounds[0]) if task == "speech-recognition" else "Rome held a race. " * 4
    plain = find_task(task).predict(model, [given], row)
    for name, value in {"max_time": 1e-9, "num_return_sequences": 2, "do_sample": True}.items():
        setattr(model.model.generation_config, name, value)
    assert len(plain[0].text) > 5
    assert find_task(task).predict(model, [given], row) == plain


def refused(task, tier, folder, file, **settings):
    """Return what is said of a model of the zoo with other settings when it is loaded."""
    shutil.copytree(ZOO / task / tier, folder)
    path = folder / file
    own = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**own, **settings}))
    row = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows[task][tier]
    with pytest.raises(SurroundingsFault) as caught:
        load(find_task(task), find(row.model_copy(update={"model": str(folder)}), Path("/"), folder.parent))
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_beams", "x"),
        ("num_beams", 0),
        ("num_beams", True),
        ("max_length", "64"),
        ("min_length", [1]),
        ("length_penalty", "x"),
        ("no_repeat_ngram_size", 1.5),
        ("repetition_penalty", "x"),
        ("eos_token_id", "x"),
        ("forced_bos_token_id", {"a": 1}),
    ],
)
@pytest.mark.parametrize(("task", "tier"), [("summarization", "small"), ("speech-recognition", "large")])
def test_settings_without_a_usable_value(tmp_path, task, tier, key, value):
    """A model's own setting that is no number of its kind is one error with its name, and not the model's crash."""
    said = refused(task, tier, tmp_path / "model", "generation_config.json", **{key: value})
    assert said.startswith(f"model: {key} = {value!r} in its generation_config.json (or config.json) must be")
    assert said.endswith("; mend that, or save the model's own there")


@pytest.mark.parametrize(("key", "value", "own"), [("num_mel_bins", 32, 64), ("max_length", 400, 208)])
def test_spectrogram_of_another_size(tmp_path, key, value, own):
    """A reader that makes a spectrogram of another size than the model's is one error with both sizes."""
    said = refused("audio-classification", "original", tmp_path / "model", "preprocessor_config.json", **{key: value})
    assert said == (
        f"model: {key} = {value} in its preprocessor_config.json, and {own} in its config.json; mend the former, or"
        " save the model's own there"
    )


@pytest.mark.parametrize(
    "config",
    [{"id2label": {"0": "good"}}, {"num_labels": 1}, {"num_labels": 1, "problem_type": "regression"}],
    ids=["table", "number", "regression"],
)
@pytest.mark.parametrize("number", range(3))
def test_single_logit(config, number):
    """A head of one logit is none that softmax can judge; with several labels one is as good as many."""
    task = find_task(["sentiment", "image-classification", "audio-classification"][number])
    assert "single logit" in task.check_config(config)
    assert task.check_config({"id2label": {"0": "a", "1": "b"}}) == task.check_config({}) == ""
    assert task.multi_label.check_config({"id2label": {"0": "good"}}) == ""


@pytest.mark.parametrize("name", ["sentiment", "image-classification", "audio-classification"])
@pytest.mark.parametrize("labels", [{}, {"id2label": {"0": "a", "1": "b"}}], ids=["none", "two"])
def test_numbers_that_are_no_labels(name, labels):
    """A head of regression with several logits is told as that, and not as one of a single logit."""
    said = find_task(name).check_config({"problem_type": "regression", **labels})
    assert said.startswith('its config.json says problem_type = "regression"')
    assert "single logit" not in said
