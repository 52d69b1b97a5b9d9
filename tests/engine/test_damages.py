"""Real swaps on the embedded models: damaged copies are red for the right reason, an unchanged copy is no swap."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "fixtures" / "zoo" / "ner" / "small"
SEED = 7


@pytest.fixture(autouse=True, scope="module")
def _torch_outlives_the_runs():
    """Import torch and transformers before pytester forgets what its runs imported."""
    import torch  # noqa: F401
    import transformers  # noqa: F401


@pytest.fixture
def copy(tmp_path):
    """Copy the small tier's model."""
    return Path(shutil.copytree(SMALL, tmp_path / "candidate"))


@pytest.fixture
def swap(pytester):
    """Judge a candidate for the small tier with the suite of this repository: its expected and golden tests."""

    def run(candidate, *options):
        return pytester.runpytest(
            "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, ROOT / "tests" / "test_ner.py", "-p", "no:cacheprovider",
            "-k", "small and (expected or golden)", "--swap", f"ner.small={candidate}", *options,
        )  # fmt: skip

    return run


def change_weights(folder, change):
    """Write the weights again after `change` was applied to each tensor in turn."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file({name: change(name, tensor) for name, tensor in load_file(path).items()}, path, {"format": "pt"})


def test_noise_in_the_weights_fails(copy, swap):
    """Noise of three tenths of each tensor's spread is FAIL, and the reasons name the cases."""
    import torch

    random = torch.Generator().manual_seed(SEED)

    def noisy(_, tensor):
        noise = torch.randn(tensor.shape, generator=random) * tensor.float().std(correction=0) * 0.3
        return (tensor.float() + noise).to(tensor.dtype)

    change_weights(copy, noisy)
    result = swap(copy)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*ner/small *candidate* FAIL*", "FAIL  ner/small '*': *candidate*"])


def test_exchanged_label_names_fail(copy, swap):
    """Two label names exchanged in config.json, the weights untouched, are FAIL; the reasons name cases and labels."""
    config = json.loads((copy / "config.json").read_text())
    exchange = {"B-PER": "B-LOC", "B-LOC": "B-PER", "I-PER": "I-LOC", "I-LOC": "I-PER"}
    config["id2label"] = {key: exchange.get(tag, tag) for key, tag in config["id2label"].items()}
    config["label2id"] = {tag: int(key) for key, tag in config["id2label"].items()}
    (copy / "config.json").write_text(json.dumps(config))
    result = swap(copy)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAIL  ner/small 'new_york': *LOC 'New York City' 42-55*PER 'New York City' 42-55*"])


def test_nan_in_one_tensor_fails(copy, swap):
    """A single NaN in one tensor is FAIL, and the reasons name the cases it reaches."""

    def poisoned(name, tensor):
        if name.endswith("classifier.bias"):
            tensor[0] = float("nan")
        return tensor

    change_weights(copy, poisoned)
    result = swap(copy)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAIL  ner/small 'new_york': * have a score that is NaN or infinite (*candidate)"])


def test_unchanged_copy_did_not_take_place(copy, swap):
    """A copy of the incumbent is no swap: FAIL before anything is loaded."""
    result = swap(copy)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAIL  ner/small: this swap did not take place: *candidate holds the same weights*"])


def test_copy_saved_again_in_shards_did_not_take_place(tmp_path, swap):
    """The incumbent loaded and saved again in small shards, tokenizer included, is still no swap."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    candidate = tmp_path / "candidate"
    model = AutoModelForTokenClassification.from_pretrained(SMALL, dtype="auto")
    model.save_pretrained(candidate, max_shard_size="100KB")
    AutoTokenizer.from_pretrained(SMALL).save_pretrained(candidate)
    assert len(list(candidate.glob("*.safetensors"))) > 1
    result = swap(candidate)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAIL  ner/small: this swap did not take place: *"])


def test_truncated_weights_are_an_error(copy, swap):
    """Weights that were cut off are ERROR with one message, and exit status 7."""
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    result = swap(copy)
    assert result.ret == 7
    result.stdout.fnmatch_lines(["ERROR  *candidate/model.safetensors: weights cannot be read (*"])
    result.stdout.no_fnmatch_line("Traceback*")


def test_missing_head_is_an_error(copy, swap):
    """A checkpoint without the head of its task is ERROR: transformers would fill the head with random numbers."""
    from safetensors.torch import load_file, save_file

    path = copy / "model.safetensors"
    save_file({name: t for name, t in load_file(path).items() if "classifier" not in name}, path, {"format": "pt"})
    result = swap(copy)
    assert result.ret == 7
    result.stdout.fnmatch_lines(["ERROR  *lacks 2 of the weights that a BertForTokenClassification needs*"])


def test_other_good_model_passes(swap):
    """The original tier's model in the place of the small one passes its expected and golden tests."""
    result = swap(ROOT / "fixtures" / "zoo" / "ner" / "original")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["ner/small *zoo/ner/original, swapped in for fixtures/zoo/ner/small * PASS*"])
