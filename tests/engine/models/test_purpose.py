"""For which task a model is: what its config.json says, and what is told where it is judged for another."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import transformers.models.auto.modeling_auto  # noqa: F401 - here, for pytester lets go of what a run imports

from swapgate.models.purpose import guess_task, is_for
from swapgate.tasks import find_task
from swapgate.tasks.task import architectures

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"


@pytest.mark.parametrize("folder", sorted(path.parent.parent.name for path in ZOO.glob("*/small/config.json")))
def test_zoo(folder):
    """The embedded models are for the tasks of their folders, or of another that takes the very architecture."""
    config = json.loads((ZOO / folder / "small" / "config.json").read_text())
    source = SimpleNamespace(name=folder, config=config)
    task = find_task({"causal-lm": "text-generation"}.get(folder, folder))
    assert is_for(source, task) is not False
    assert is_for(source, find_task(guess_task(source)))


@pytest.mark.parametrize("config", [{}, {"architectures": []}, {"architectures": "Bert"}, {"architectures": ["Own"]}])
def test_no_architecture(config):
    """Without an architecture that is known nothing is told."""
    assert guess_task(SimpleNamespace(name="m", config={"model_type": "bert", **config})) == ""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("BertForSequenceClassification", "is for text-classification, and this suite is one of ner; name a model for"),
        ("BertForQuestionAnswering", "is for question-answering, and this suite is one of ner; name a model for that"),
        ("BertForTokenClassification", "has labels that the row's label map does not know: NEGATIVE; write"),
        ("BertForMaskedLM", "has labels that the row's label map does not know: NEGATIVE; write"),
        ("OwnModel", "has labels that the row's label map does not know: NEGATIVE; write"),
    ],
)
def test_kind_of_model(recorded, kind, words):
    """A model with unknown labels that was made for another task is told as that, before any line to write."""
    path = recorded.path / "models" / "small" / "config.json"
    config = {"model_type": "bert", "id2label": {"0": "NEGATIVE"}, "architectures": [kind]}
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    result = recorded.run("-k", "expected and small")
    assert recorded.reasons(result)[0].startswith(f"ERROR  ner/small: models/small (a {kind}) {words}")


@pytest.mark.parametrize("said", [5, True, [3, None], [[]], {"a": 1}, None, "BertForQuestionAnswering"])
def test_names_that_are_none(recorded, said):
    """Architectures that are no list of names are as good as none, wherever they are asked for."""
    assert architectures({"architectures": said}) == []
    path = recorded.path / "models" / "small" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"architectures": said}))
    result = recorded.run("-k", "small and not latency")
    assert recorded.verdicts(result)["small"] == "INCOMPLETE"  # with other settings it is another model
