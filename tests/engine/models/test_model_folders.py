"""Model folders and paths that are not what they seem."""

import json
import sys

import pytest

ROW = 'model = "models/{}"\nlabels = {{ PER = "{}", ORG = "ORG", LOC = "LOC", MISC = "MISC" }}\n'

SMALL_PERS = 'model = "../../models/small"\nlabels = { PER = "PERS"'


def configure(project, name, **changes):
    """Change keys of a model's config.json; None takes one out."""
    path = project.path / "models" / name / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def test_no_label_table(recorded):
    """A config without id2label has the labels that transformers gives it, which no map knows: ERROR, with the line."""
    configure(recorded, "small", id2label=None)
    result = recorded.run("-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result)[0] == (
        "ERROR  ner/small: models/small has labels that the row's label map does not know: LABEL_0, LABEL_1; write"
        " which tag each stands for (O, B-PER, I-PER, …); write in [ner.small] in fixtures/models/embedded.toml:"
        ' labels = { "LABEL_0" = "…", "LABEL_1" = "…" }'
    )


def test_printed_line_mends_it(recorded):
    """The line that the message prints is one that the models file takes."""
    recorded.model("small", recorded.lexicon("small"), labels=("PER", "ORG", "LOC", "MISC", "DATE"))
    line = recorded.reasons(recorded.run("-k", "expected and small"))[0].rpartition("embedded.toml: ")[2]
    head, small, row = recorded.models_file.read_text().partition("[ner.small]")
    rows = [line if text.startswith("labels") else text for text in row.splitlines()]
    recorded.models_file.write_text(head + small + "\n".join(rows) + "\n")
    result = recorded.run("-k", "expected and small", "--allow-incomplete")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "INCOMPLETE"})


def test_label_list(recorded):
    """An id2label that is no table is an ERROR with one message, which names the model."""
    configure(recorded, "small", id2label=["O", "B-PER"])
    result = recorded.run("-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result) == [
        "ERROR  ner/small: models/small: config.json: id2label is no table from number to label; save the model again"
        " with a label for each class, from 0 on"
    ]


def test_other_label_map_is_another_model(recorded):
    """The same folder with another label map, in a row of its own, is a swap that takes place, and is judged."""
    recorded.write("same.toml", ROW.format("small", "PER"))
    recorded.write("other.toml", ROW.format("small", "ORG"))
    same, other = (
        recorded.run("-m", "small and not latency", f"--swap=ner.small={name}.toml") for name in ("same", "other")
    )
    assert "this swap did not take place" in recorded.reasons(same)[0]
    assert (other.ret, recorded.verdicts(other)) == (1, {"small": "FAIL"})
    assert "ORG 'Ada' 0-3 (0.9900) is new and wrong" in other.stdout.str()


@pytest.mark.parametrize("config", [True, False], ids=["config", "alone"])
@pytest.mark.parametrize("options", [[], ["--swap=ner.small=models/adapted"]], ids=["row", "swap"])
def test_adapter(recorded, options, config, monkeypatch):
    """Where peft is not installed a folder with an adapter alone is told as that before a model runs."""
    monkeypatch.setitem(sys.modules, "peft", None)
    name = "adapted" if options else "small"
    folder = recorded.retrain(name, like="small", Ada=["PER", 0.95])
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    if not config:  # as peft saves it
        (folder / "config.json").unlink()
    recorded.write(
        f"models/{name}/adapter_config.json", '{"peft_type": "LORA", "base_model_name_or_path": "some/bert"}'
    )
    result = recorded.run(*options)
    assert (result.ret, recorded.events()) == (4, [])
    (message,) = [line for line in result.errlines if line]
    assert message.endswith(
        f"{folder} holds an adapter and no whole model (LORA adapter of some/bert); merge it into its model with peft"
        " (merge_and_unload), save that and its tokenizer (save_pretrained), and give that folder; or let it be merged"
        ' here: pip install "swapgate[peft]"'
    )


@pytest.mark.parametrize("settings", ["{", None], ids=["broken", "none"])
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "alone"])
def test_adapter_that_says_nothing(recorded, settings, whole, monkeypatch):
    """An adapter's own settings may be broken or missing; its weights are told as one, also beside a whole model."""
    monkeypatch.setitem(sys.modules, "peft", None)
    folder = recorded.path / "models" / "small"
    recorded.write("models/small/adapter_model.safetensors", "weights")
    if settings is not None:
        recorded.write("models/small/adapter_config.json", settings)
    if not whole:
        (folder / "model.safetensors").unlink()
    (message,) = [line for line in recorded.run().errlines if line]
    beside = "beside a whole model" if whole else "and no whole model"
    assert f"holds an adapter {beside} (adapter); merge it" in message
    assert ("or take its weights out (adapter_model.safetensors, adapter_model.bin)" in message) == whole


def test_settings_of_an_adapter_that_are_left_over(recorded):
    """Settings of an adapter that stand beside a whole model make it none."""
    recorded.write("models/small/adapter_config.json", '{"peft_type": "LORA"}')
    result = recorded.run("-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})


def test_weights_under_another_name(recorded):
    """A config that names other weight files than those that count is an ERROR."""
    configure(recorded, "small", transformers_weights="other.safetensors")
    result = recorded.run("-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert "config.json names files to read instead (transformers_weights); remove that" in recorded.reasons(result)[0]


@pytest.mark.parametrize(
    "model", ["x" * 300, "~nouser/model", "a\\u0000b"], ids=["long", "unknown user", "null character"]
)
def test_unusable_path(recorded, model):
    """A path that no folder can have ends with one message, in a row and on the command line."""
    recorded.replace(recorded.models_file, "../../models/small", model)
    result = recorded.run()
    assert result.ret == 4
    (message,) = [line for line in result.errlines if line]
    assert message.startswith(f"ERROR: {recorded.models_file}: ner.small.model: ")


@pytest.mark.parametrize("model", ["x" * 300, "~nouser/model"], ids=["long", "unknown user"])
def test_unusable_candidate(recorded, model):
    """A candidate at such a path ends with one message too, as a folder and as a TOML file."""
    for name in (model, f"{model}.toml"):
        result = recorded.run(f"--swap=ner.small={name}")
        assert result.ret == 4
        assert [line[:7] for line in result.errlines if line] == ["ERROR: "]


@pytest.mark.parametrize("name", ["", "x" * 300, "~nouser/x.toml"], ids=["empty", "long", "unknown user"])
def test_unusable_models_file(recorded, name):
    """A models file that cannot be is one message, and not a run without verdicts."""
    result = recorded.run(f"--models={name}")
    assert result.ret == 4
    (message,) = [line for line in result.errlines if line]
    assert message.startswith("ERROR: no models file ")


def test_help(recorded):
    """Help is given also where the models file is broken."""
    recorded.models_file.write_text("[ner")
    result = recorded.run("--help")
    assert result.ret == 0
    result.stdout.fnmatch_lines("*--models*")


def test_label_that_nothing_is_mapped_to(recorded):
    """A right answer that the label map cannot give fails with a word on the map."""
    recorded.replace(recorded.models_file, 'model = "../../models/small"\nlabels = { PER = "PER"', SMALL_PERS)
    result = recorded.run("-k", "expected and small and ada")
    assert (
        "; no label of the model is mapped to PER: mend labels in [ner.small] in fixtures/models/embedded.toml, or"
        " models/small"
    ) in recorded.reasons(result)[0]
