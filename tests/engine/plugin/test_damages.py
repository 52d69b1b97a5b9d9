"""Real swaps on the embedded models: damaged copies are red for the right reason, an unchanged copy is no swap.

Each run judges several candidates at once, one a tier, with tests of this repository's suite.
"""

import json
import shutil
from pathlib import Path

import pytest

from swapgate.project.manifest import read_manifest

ROOT = Path(__file__).parents[3]
TASKS = list(read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows)
READERS = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "preprocessor_config.json")
SEED = 7


def change_weights(folder, change):
    """Write the weights again after `change` was applied to each tensor in turn; None leaves a tensor out."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    changed = {name: change(name, tensor) for name, tensor in load_file(path).items()}
    save_file({name: tensor for name, tensor in changed.items() if tensor is not None}, path, {"format": "pt"})


def noise(folder, share):
    """Add noise of a share of each tensor's spread."""
    import torch

    random = torch.Generator().manual_seed(SEED)

    def noisy(_, tensor):
        drawn = torch.randn(tensor.shape, generator=random)
        return (tensor.float() + drawn * tensor.float().std(correction=0) * share).to(tensor.dtype)

    change_weights(folder, noisy)


def exchange_labels(folder):
    """Exchange the names PER and LOC in config.json; the weights stay."""
    config = json.loads((folder / "config.json").read_text())
    exchanged = {"B-PER": "B-LOC", "B-LOC": "B-PER", "I-PER": "I-LOC", "I-LOC": "I-PER"}
    config["id2label"] = {key: exchanged.get(tag, tag) for key, tag in config["id2label"].items()}
    config["label2id"] = {tag: int(key) for key, tag in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))


def poison(folder):
    """Put a single NaN into one tensor."""

    def poisoned(name, tensor):
        if name.endswith("classifier.bias"):
            tensor[0] = float("nan")
        return tensor

    change_weights(folder, poisoned)


def save_again_in_shards(folder):
    """Load the model and save it again in small shards, tokenizer included."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    model = AutoModelForTokenClassification.from_pretrained(folder, dtype="auto")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    shutil.rmtree(folder)
    model.save_pretrained(folder, max_shard_size="200KB")
    tokenizer.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1


def cut_off(folder):
    """Cut the end off the weight file."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def behead(folder):
    """Leave out the weights of the task's head."""
    change_weights(folder, lambda name, tensor: None if "classifier" in name else tensor)


def lose_its_reader(folder):
    """Take away what turns an input into numbers."""
    for name in READERS:
        (folder / name).unlink(missing_ok=True)


def judge(python, folder, selected="ner and (expected or golden)", tasks=("ner",), **damages):
    """Damage a copy of each tier's model, judge the copies, give the exit status and what was printed."""
    swaps = []
    for task in tasks:
        for tier, damage in damages.items():
            copy = folder / task / tier
            shutil.copytree(ROOT / "fixtures" / "zoo" / task / tier, copy)
            damage(copy)
            swaps += ["--swap", f"{task}.{tier}={copy}"]
    run = python("-m", "pytest", "-p", "no:cacheprovider", "-k", selected, *swaps, cwd=ROOT)
    return run.returncode, pytest.LineMatcher(run.stdout.splitlines())


@pytest.fixture(scope="module")
def broken(tmp_path_factory, python):
    """Judge noise in the weights, exchanged label names and a NaN."""
    folder = tmp_path_factory.mktemp("broken")
    return judge(python, folder, original=lambda folder: noise(folder, 0.3), small=exchange_labels, large=poison)


@pytest.fixture(scope="module")
def unswapped(tmp_path_factory, python):
    """Judge an unchanged copy, a copy in shards and a copy that was cut off."""
    folder = tmp_path_factory.mktemp("unswapped")
    return judge(python, folder, original=lambda folder: None, small=save_again_in_shards, large=cut_off)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, python):
    """Judge a model without its head and one that was retouched; the third tier keeps its model."""
    return judge(python, tmp_path_factory.mktemp("mixed"), original=behead, small=lambda folder: noise(folder, 1e-3))


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory, python):
    """Judge, of each task, much noise, a model without its reader and an unchanged copy."""
    folder = tmp_path_factory.mktemp("everywhere")
    damages = {"original": lambda folder: noise(folder, 1), "small": lose_its_reader, "large": lambda folder: None}
    return judge(python, folder, "expected", TASKS, **damages)


@pytest.mark.parametrize("number", range(len(TASKS)))
def test_each_task_tells_a_damaged_candidate(everywhere, number):
    """In every task noise is FAIL, a folder without tokenizer or processor ERROR, a copy no swap; nothing crashes."""
    status, output = everywhere
    task = TASKS[number]
    assert status == 1
    output.fnmatch_lines([f"{task}/original *swapped in for fixtures/zoo/{task}/original * FAIL*"])
    output.fnmatch_lines([f"{task}/small *swapped in for fixtures/zoo/{task}/small * ERROR*"])
    output.fnmatch_lines([f"FAIL  {task}/large: this swap did not take place: *"])
    output.no_fnmatch_line("*Traceback*")


def test_noise_in_the_weights_fails(broken):
    """Noise of three tenths of each tensor's spread is FAIL, and the reasons name the cases."""
    status, output = broken
    assert status == 1
    output.fnmatch_lines(
        ["*ner/original *swapped in for fixtures/zoo/ner/original * FAIL*", "FAIL  ner/original '*': *"]
    )


def test_exchanged_label_names_fail(broken):
    """Two label names exchanged in config.json, the weights untouched, are FAIL; the reasons name cases and labels."""
    _, output = broken
    output.fnmatch_lines(["FAIL  ner/small 'new_york': *LOC 'New York City' 42-55 was not found*"])


def test_nan_in_one_tensor_fails(broken):
    """A single NaN in one tensor is FAIL, and the reasons name the cases it reaches."""
    _, output = broken
    output.fnmatch_lines(["FAIL  ner/large 'new_york': * have a score that is NaN or infinite (*large)"])


def test_unchanged_copy_did_not_take_place(unswapped):
    """A copy of the incumbent is no swap."""
    status, output = unswapped
    assert status == 1
    output.fnmatch_lines(["FAIL  ner/original: this swap did not take place: */original holds the same weights*"])


def test_copy_saved_again_in_shards_did_not_take_place(unswapped):
    """The incumbent loaded and saved again in small shards, tokenizer included, is still no swap."""
    _, output = unswapped
    output.fnmatch_lines(["FAIL  ner/small: this swap did not take place: *"])


def test_cut_off_weights_are_an_error(unswapped):
    """Weights that were cut off are ERROR with one message and no traceback."""
    _, output = unswapped
    output.fnmatch_lines(["*ner/large * ERROR*", "ERROR  *large/model.safetensors: weights cannot be read (*"])
    output.no_fnmatch_line("*Traceback*")


def test_missing_head_is_an_error(mixed):
    """A checkpoint without its head is ERROR and exit status 7: transformers would fill the head at random."""
    status, output = mixed
    assert status == 7
    output.fnmatch_lines(["ERROR  *lacks 2 of the weights that a BertForTokenClassification needs*"])


def test_retouched_model_passes(mixed):
    """A model whose weights moved by a thousandth of their spread passes as a swap, beside one that does not load."""
    _, output = mixed
    output.fnmatch_lines(["ner/small *swapped in for fixtures/zoo/ner/small * PASS*", "ner/large * PASS*"])
