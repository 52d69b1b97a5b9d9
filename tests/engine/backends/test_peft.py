"""An adapter is judged as what it makes of its model; one that does not fit that, or is of none, is told."""

import json
import shutil
import warnings
from pathlib import Path

import pytest

from swapgate.core.faults import Fault, InputFault
from swapgate.outputs import check_drift, check_expected
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan

peft = pytest.importorskip("peft", reason="needs peft")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # peft's, of what transformers 5 renames

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
BASE = ROOT / "fixtures" / "zoo" / "ner" / "small"


@pytest.fixture
def adapter(tmp_path):
    """Save an adapter of the zoo's small ner model, whose weights have this size."""

    def save(size, name="adapter", **settings):
        import torch
        from transformers import AutoModelForTokenClassification

        torch.manual_seed(0)
        model = AutoModelForTokenClassification.from_pretrained(BASE, dtype=torch.float32)
        wrapped = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=["query", "value"], **settings))
        for key, tensor in wrapped.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(tensor, std=size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped.save_pretrained(tmp_path / name)
        return tmp_path / name

    return save


def model(folder):
    """Return the candidate that an adapter is in the place of its model."""
    return make_plan(ROOT, MODELS, [f"ner.small={folder}"], [], ROOT).models["ner", "small"]


def wrong(candidate):
    """Return what cases a candidate gets wrong that are no known gaps, or why it cannot be judged."""
    try:
        check_model(candidate)
        cases = [case for case in candidate.cases.cases if case.id not in candidate.row.gaps]
        return [str(one) for case in cases for one in check_expected(candidate.prediction(case), case.expected)]
    except Fault as fault:
        return [str(fault)]


def test_an_adapter_that_does_little(adapter):
    """An adapter that changes little is another model, of as many parameters and a little larger, and passes."""
    candidate = model(adapter(1e-3))
    assert candidate.source.backend == "peft"
    assert candidate.source.name.endswith("/adapter on fixtures/zoo/ner/small")
    assert wrong(candidate) == []
    assert candidate.source.parameters == candidate.incumbent.parameters
    assert candidate.source.bytes > candidate.incumbent.bytes
    assert candidate.source.digest != candidate.incumbent.digest
    case = candidate.cases.cases[0]
    plain = make_plan(ROOT, MODELS, [], [], ROOT).models["ner", "small"].prediction(case)
    assert check_drift(candidate.prediction(case), plain, candidate.row.tolerance)


def test_an_adapter_that_harms(adapter):
    """An adapter that changes much fails."""
    assert "was not found" in "; ".join(wrong(model(adapter(3.0))))


def test_who_it_is(adapter):
    """The same weights saved again are the same adapter; others, or other settings, are not."""
    one, again, other = adapter(1e-3), adapter(1e-3, "again"), adapter(2e-3, "other")
    assert model(one).source.digest == model(again).source.digest != model(other).source.digest
    scaled = shutil.copytree(one, one.with_name("scaled"))
    settings = json.loads((scaled / "adapter_config.json").read_text())
    (scaled / "adapter_config.json").write_text(json.dumps({**settings, "lora_alpha": 1}))
    assert model(scaled).source.digest != model(one).source.digest


def change(folder, **settings):
    """Edit an adapter's settings."""
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    return folder


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_model_name_or_path": "some/bert"}, "is neither a folder here nor a public model of one commit"),
        ({"base_model_name_or_path": None}, "names no model; write which one it was trained beside"),
    ],
)
def test_an_adapter_of_no_model(adapter, settings, words):
    """An adapter whose model is not here, or is public and may move, is told before a model runs."""
    with pytest.raises(InputFault, match=words):
        model(change(adapter(1e-3), **settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"target_modules": ["query"]},
            "does not belong to its settings beside this model; save the adapter",
        ),
        ({"target_modules": ["nothing"]}, "cannot be merged ("),
        ({"r": 8}, "cannot be merged ("),
        ({"megatron_config": {"a": 1}}, "asks for code of megatron, which is never run"),
    ],
)
def test_an_adapter_that_does_not_fit(adapter, settings, words):
    """An adapter whose settings are not those of its weights, or of its model, is an ERROR in one line."""
    (found,) = wrong(model(change(adapter(1e-3), **settings)))
    assert words in found
    assert "\n" not in found
