"""Candidates that answer as their incumbent does: told, and FAIL where they load as the very same model."""

import json
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from swapgate.backends import transformers as backend
from swapgate.models.loading import find, fingerprint
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
TOLD = "none of its answers differs from models/small's, to the last digit; see whether it is the model that you meant"


def test_other_weights_with_the_same_answers(recorded, workers):
    """A candidate with other weights that says the same is told, and not held against it."""
    recorded.model("candidate", recorded.lexicon("small"), size=19)
    result = recorded.run("--swap=ner.small=models/candidate", "-k", "small and golden", *workers)
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})
    assert recorded.reasons(result) == [f"note  ner/small: {TOLD}"]


def test_other_answers(recorded):
    """A candidate that says anything else is a swap like any other."""
    recorded.retrain("candidate", like="small", Ada=["PER", 0.98])
    result = recorded.run("--swap=ner.small=models/candidate", "-k", "small and golden")
    assert recorded.reasons(result) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "writes", "told"),
    [
        ("left", "right", False, True),
        ("left", None, False, True),
        ("left", "left", False, False),
        ("right", "left", False, False),
        ("left", "right", True, False),
    ],
)
def test_pads_on_the_left(recorded, ours, theirs, writes, told):
    """That a candidate pads on the left is told where its incumbent does not, for texts are read one by one then."""
    recorded.retrain("candidate", like="small", Ada=["PER", 0.98])
    for name, side in (("candidate", ours), ("small", theirs)):
        recorded.write(f"models/{name}/tokenizer_config.json", json.dumps({"padding_side": side} if side else {}))
    if writes:
        path = recorded.path / "models/candidate/config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "architectures": ["LlamaForCausalLM"]}))
    result = recorded.run("--swap=ner.small=models/candidate", "-k", "small and expected")
    words = "note  ner/small: the tokenizer of models/candidate pads on the left, that of models/small does not; *"
    assert any(fnmatch(line, words) for line in recorded.reasons(result)) == told


def test_same_model_in_other_files(recorded, workers):
    """A candidate that loads as its incumbent, whatever else its files hold, did not take place."""
    recorded.model("candidate", recorded.lexicon("small"), size=19)
    fake = recorded.path / "fake_model.py"
    recorded.replace(fake, "lambda loaded, _beside: loaded.name", "lambda loaded, _beside: str(loaded.lexicon)")
    result = recorded.run("--swap=ner.small=models/candidate", "-k", "small and golden", *workers)
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert recorded.reasons(result) == [
        "FAIL  ner/small: this swap did not take place: models/candidate loads as the very tensors and settings of"
        " models/small, and says the same; name the model you meant"
    ]


ROW = 'model = "models/small"\nlabels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC"'


@pytest.mark.parametrize(
    ("rest", "status", "told"),
    [
        (' }\noutside = "O"\n', 0, f"note  ner/small: {TOLD}"),
        (
            ', PERSON = "PER" }\n',
            1,
            "FAIL  ner/small: this swap did not take place: models/small loads as *",
        ),
    ],
    ids=["setting", "label of no class"],
)
def test_same_model_by_another_row(recorded, rest, status, told):
    """The incumbent itself with another setting is another model, told where it answers the same; a row that asks for
    nothing else is none.
    """
    recorded.write("candidate.toml", ROW + rest)
    result = recorded.run("--swap=ner.small=candidate.toml", "-k", "small and golden")
    assert result.ret == status
    result.stdout.fnmatch_lines([told])


@pytest.fixture
def copy(tmp_path):
    """A copy of a model of the zoo, and its fingerprint as it is."""
    folder = tmp_path / "copy"
    shutil.copytree(ZOO / "sentiment" / "small", folder)
    return folder


def loaded(folder):
    """Return the fingerprint of a model as it is loaded."""
    task = find_task("sentiment")
    row = row_type(task)(model=str(folder), labels={"*": "*"})
    return fingerprint(backend.load(task, find(row, folder.parent, folder.parent)))


def settings(folder, name, **keys):
    """Write keys into a file of settings."""
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def unused(folder):
    """Write a tensor that the model does not have into its file."""
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "odd.weight": torch.ones(3)}, folder / "model.safetensors", {"format": "pt"})


SAME = {
    "unknown key": lambda folder: settings(folder, "config.json", odd=1),
    "saved elsewhere": lambda folder: settings(folder, "config.json", _name_or_path="x", transformers_version="9"),
}
OTHER = {
    "chat template": lambda folder: (folder / "chat_template.jinja").write_text("{{ messages }}"),
    "another template": lambda folder: (
        (folder / "additional_chat_templates").mkdir(),
        (folder / "additional_chat_templates" / "default.jinja").write_text("{{ messages }}"),
    ),
    "setting of the tokenizer": lambda folder: settings(folder, "tokenizer_config.json", tokenize_chinese_chars=False),
    "dropout": lambda folder: settings(folder, "config.json", hidden_dropout_prob=0.37),
    "epsilon": lambda folder: settings(folder, "config.json", layer_norm_eps=1.1e-12),
    "length": lambda folder: settings(folder, "tokenizer_config.json", model_max_length=17),
}


@pytest.mark.parametrize("change", SAME)
def test_loads_as_the_same(copy, change):
    """Settings that no class knows change no fingerprint."""
    before = loaded(copy)
    SAME[change](copy)
    assert loaded(copy) == before


@pytest.mark.parametrize("change", OTHER)
def test_loads_as_another(copy, change):
    """Settings that a class knows do, also where they change no answer."""
    before = loaded(copy)
    OTHER[change](copy)
    assert loaded(copy) != before


def test_tensors_that_are_not_used(copy):
    """A tensor that the model does not have changes no fingerprint; one that it has does."""
    before = loaded(copy)
    unused(copy)
    assert loaded(copy) == before
    tensors = load_file(copy / "model.safetensors")
    name = next(name for name in tensors if name.endswith("bias"))
    save_file({**tensors, name: tensors[name] + 1e-3}, copy / "model.safetensors", {"format": "pt"})
    assert loaded(copy) != before


def test_swap_for_an_unused_tensor(copy, python):
    """A whole run with a candidate that only holds a tensor more ends in FAIL."""
    unused(copy)
    asked = ("-q", "-k", "golden", "-m", "sentiment and small", f"--swap=sentiment.small={copy}")
    done = python("-m", "pytest", *asked, cwd=ZOO.parents[1])
    assert done.returncode == 1, done.stdout
    assert "loads as the very tensors and settings of fixtures/zoo/sentiment/small" in done.stdout
