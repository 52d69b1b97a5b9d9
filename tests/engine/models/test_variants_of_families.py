"""Every variant on a model of each architecture family of the zoo: made, saved, loaded again, and asked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import Source, find
from swapgate.outputs.prediction import to_json
from swapgate.project.cases import cases_of
from swapgate.project.manifest import read_manifest
from swapgate.tasks import find_task

ROOT = Path(__file__).parents[3]
MANIFEST = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml")
FAMILIES = {
    "ast": ("audio-classification", "original"),
    "bart": ("summarization", "original"),
    "bert": ("sentiment", "small"),
    "vit": ("image-classification", "small"),
    "wav2vec2": ("speech-recognition", "small"),
    "wav2vec2_of_sounds": ("audio-classification", "large"),
    "whisper": ("speech-recognition", "large"),
    "yolos": ("object-detection", "small"),
}
VARIANTS = ("int8", "int8w", "bf16", "fp16", "prune30", "drop1", "drop1+prune30+int8", "bf16+int8w")


@pytest.fixture(scope="module", autouse=True)
def copies(tmp_path_factory):
    """A folder of compressed copies for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAPGATE_VARIANTS", str(tmp_path_factory.mktemp("variants")))
        yield


def source(family, variant=None):
    """Find a model of the zoo, or a variant of it."""
    task, tier = FAMILIES[family]
    row = MANIFEST.rows[task][tier].model_copy(update={"variant": variant})
    return find(row, MANIFEST.path.parent, ROOT)


def said(family, one):
    """Load a model and give what it says of three cases."""
    suite, tier = FAMILIES[family]
    cases, task = cases_of(MANIFEST, ROOT, suite, None).cases[:3], find_task(suite)
    row = MANIFEST.rows[suite][tier]
    return [to_json(found) for found in task.predict(load(task, one), [case.input for case in cases], row)]


def tensors(one):
    """Return the tensors of a model's file."""
    from safetensors.torch import load_file

    return load_file(one.weights_folder / "model.safetensors")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_saved_and_loaded_again(family, variant):
    """A variant is another model than its base, and its saved copy alone has its digest and says the same."""
    one, base = source(family, variant), source(family)
    again = Source(base.row, one.weights_folder, "again")
    assert one.digest == again.digest != base.digest
    assert one.name == f"{base.name}+{variant}"
    found = said(family, one)
    assert found == said(family, again)
    assert found != said(family, base)
    assert one.bytes == (one.weights_folder / "model.safetensors").stat().st_size


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("variant", ["prune0", "drop0", "prune0+drop0"])
def test_nothing_changed(family, variant):
    """A variant that changes nothing is the model that it was."""
    assert source(family, variant).digest == source(family).digest


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes(family):
    """Pruning takes no byte and leaves fewer numbers that are not zero; int8 and fewer layers take bytes."""
    base, pruned, whole, fewer = (source(family, variant) for variant in (None, "prune60", "int8", "drop1"))
    assert (pruned.parameters, pruned.bytes) == (base.parameters, pytest.approx(base.bytes, rel=0.01))
    assert whole.bytes < 0.95 * base.bytes
    assert fewer.bytes < base.bytes
    assert fewer.parameters < base.parameters
    nonzero = [sum(int((tensor != 0).sum()) for tensor in tensors(one).values()) for one in (base, pruned)]
    weights = [tensor for name, tensor in tensors(pruned).items() if tensor.dim() > 1 and (tensor == 0).any()]
    assert nonzero[1] < 0.9 * nonzero[0]
    assert nonzero[0] - nonzero[1] == pytest.approx(sum(int((one == 0).sum()) for one in weights), abs=nonzero[0] / 100)


def test_order():
    """Steps are done in their order: layers that go before the pruning do not count in it."""
    first, second = source("bert", "drop1+prune30"), source("bert", "prune30+drop1")
    assert first.parameters == second.parameters
    assert first.digest != second.digest


def test_whole_numbers():
    """int8 stores each Linear weight as whole numbers with a scale a row, and computes with them."""
    one = source("bert", "int8")
    found = tensors(one)
    weights = [name for name in found if name.endswith(".weight_scale")]
    assert len(weights) == 6 * 2 + 2
    for name in weights:
        weight = found[name.removesuffix("_scale")]
        assert (str(weight.dtype), weight.abs().amax()) == ("torch.int8", 127)
    model = load(find_task("sentiment"), one).model
    assert sum(type(layer).__name__ == "Int8Linear" for layer in model.modules()) == len(weights)
    assert not any(type(layer).__name__ == "Linear" for layer in model.modules())


def test_evenly_spaced():
    """drop1 of four layers keeps the first and the last, and config.json says how many there are."""
    task = "ner"
    row = MANIFEST.rows[task]["original"].model_copy(update={"variant": "drop1"})
    one = find(row, MANIFEST.path.parent, ROOT)
    before, after = tensors(one.base), tensors(one)
    name = "bert.encoder.layer.{}.output.dense.weight"
    assert [layer for layer in range(4) if (before[name.format(layer)] == after[name.format(2)]).all()] == [3]
    assert (before[name.format(0)] == after[name.format(0)]).all()
    assert json.loads((one.weights_folder / "config.json").read_text())["num_hidden_layers"] == 3


def test_too_many_layers():
    """Where fewer layers are there than are to go the reason is told, and no copy is left."""
    with pytest.raises(
        SurroundingsFault, match=r"small\+drop9 cannot be made: drop9: of the 2 layers of its encoder one"
    ):
        _ = source("bert", "drop9").digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architectures": None}, "small\\+int8 cannot be made: its config.json names no architecture"),
        ({"swapgate": {"int8": "dynamic"}}, "small\\+int8 cannot be made: its weights are whole numbers already"),
        ({"architectures": ["No_Such"]}, "cannot be loaded: .* No_Such"),
    ],
    ids=["none", "whole", "unknown"],
)
def test_no_architecture(tmp_path, change, words):
    """A base that names no architecture of transformers', or was compressed before, cannot be made into a variant."""
    import shutil

    base = source("bert")
    folder = shutil.copytree(base.folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    one = replace(source("bert", "int8"), folder=folder)
    with pytest.raises(SurroundingsFault, match=words):
        _ = one.digest


def test_what_has_no_linear_layer():
    """A model without Linear layers, or without a list of layers, is told by its class."""
    import torch

    from swapgate.models import compression, int8
    from swapgate.project.variants import Step

    model = torch.nn.Sequential(torch.nn.Embedding(4, 4), torch.nn.LayerNorm(4))
    with pytest.raises(SurroundingsFault, match="a Sequential has no Linear layer"):
        int8.linear(model)
    with pytest.raises(SurroundingsFault, match="drop1: a Sequential has no list of layers that could be dropped"):
        compression._drop(model, {}, Step("drop", 1))
    model.layer = torch.nn.ModuleList([torch.nn.LayerNorm(2), torch.nn.LayerNorm(2)])
    with pytest.raises(SurroundingsFault, match=r"drop1: config.json does not say under a known key .* has 2 layers"):
        compression._drop(model, {"depth": 2}, Step("drop", 1))


def test_middle_positions():
    """A YOLOS with positions for each layer but the last keeps those of the layers that stay."""
    import torch
    from transformers import YolosConfig, YolosForObjectDetection

    from swapgate.models import compression
    from swapgate.project.variants import Step

    shape = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "num_hidden_layers": 4}
    given = YolosConfig(**shape, image_size=[32, 32], patch_size=16, num_detection_tokens=2)
    model = YolosForObjectDetection(given)
    encoder = next(one for one in model.modules() if hasattr(one, "mid_position_embeddings"))
    with torch.no_grad():
        encoder.mid_position_embeddings[:] = torch.arange(3.0)[:, None, None, None]
    config = {"num_hidden_layers": 4}
    compression._drop(model, config, Step("drop", 2))
    assert config == {"num_hidden_layers": 2}
    assert encoder.mid_position_embeddings[:, 0, 0, 0].tolist() == [0.0]


def test_weights_of_layers(tmp_path, monkeypatch):
    """Where a model weighs its layers, those of the layers that stay stay."""
    import torch
    import transformers

    monkeypatch.setenv("SWAPGATE_VARIANTS", str(tmp_path / "variants"))
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3}
    convolutions = {"conv_dim": [8], "conv_kernel": [10], "conv_stride": [5], "num_feat_extract_layers": 1}
    named = {"num_conv_pos_embedding_groups": 4, "use_weighted_layer_sum": True, "id2label": {0: "a", 1: "b"}}
    config = transformers.HubertConfig(**sizes, **convolutions, **named)
    model = transformers.HubertForSequenceClassification(config)
    model.layer_weights.data = torch.arange(4.0)
    model.save_pretrained(tmp_path / "model")
    row = source("ast", "drop1").row.model_copy(update={"model": str(tmp_path / "model")})
    one = find(row, tmp_path, tmp_path)
    assert tensors(one)["layer_weights"].tolist() == [0, 1, 3]


@pytest.mark.parametrize("variant", ["int8", "int8w"])
def test_scales_are_no_parameters(variant):
    """A copy in whole numbers has as many parameters as its base."""
    assert source("bert", variant).parameters == source("bert").parameters


def test_memory_of_a_variant(monkeypatch):
    """The process that measures memory is given the compressed copy, and makes none itself."""
    import subprocess

    from swapgate.trials import memory

    asked = {}

    def run(command, **options):
        asked.update(json.loads(options["input"]))
        return subprocess.CompletedProcess(command, 0, "5\n", "")

    monkeypatch.setattr("swapgate.trials.memory.subprocess.run", run)
    one = source("bert", "int8")
    assert memory.peak_memory(find_task("sentiment"), one, Path()) == 5
    assert asked["folder"] == str(one.weights_folder)
    assert "variant" not in asked["row"]


@pytest.mark.parametrize("variant", ["int8", "int8w"])
def test_devices(variant):
    """Whole numbers are multiplied on a CPU only, which is said before weights are read; int8w computes anywhere."""
    from swapgate.models import int8
    from swapgate.project.variants import INT8

    int8.check_device(INT8["int8w"], "cuda")
    int8.check_device(INT8[variant], "cpu")
    elsewhere = source("bert", variant)
    elsewhere = replace(elsewhere, row=elsewhere.row.model_copy(update={"device": "meta"}))
    if variant == "int8w":
        assert load(find_task("sentiment"), elsewhere).model.device.type == "meta"
    else:
        with pytest.raises(SurroundingsFault, match="int8 computes on a CPU only, not on meta; give the variant int8w"):
            load(find_task("sentiment"), elsewhere)
