"""Models with several labels an input, loaded and asked: the scores are those of transformers' pipeline."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from swapgate.backends import transformers as backend
from swapgate.inputs.given import Sound
from swapgate.models.loading import find
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
TEXTS = ["The soup was wonderful.", "The room was cold and small, and we paid too much for it.", "?"]
PICTURES = [Image.new("RGB", size, colour) for size, colour in (((20, 30), "red"), ((64, 64), "white"))]
SOUNDS = [
    Sound(np.sin(np.arange(length) * step).astype(np.float32), 8000) for length, step in ((8000, 0.1), (9000, 0.3))
]
GIVEN = {"text-classification": TEXTS, "image-classification": PICTURES, "audio-classification": SOUNDS}
FOLDERS = {"text-classification": "sentiment"}


def loaded(name, folder, **settings):
    """Load a model of the zoo as one with several labels; return it, the row and the task."""
    task = find_task(name).multi_label
    row = row_type(task)(model=str(folder), labels={"*": "*"}, **settings)
    return task, row, backend.load(task, find(row, folder.parent, folder.parent))


@pytest.mark.parametrize("name", GIVEN)
def test_scores_are_sigmoids(name):
    """Each label has the sigmoid of its own logit, whatever the others have."""
    task, row, model = loaded(name, ZOO / FOLDERS.get(name, name) / "small")
    logits = []
    model.model.register_forward_hook(lambda _module, _inputs, said: logits.append(said.logits))
    for given in GIVEN[name]:
        (found,) = task.predict(model, [given], row)
        scores = {score.label: score.score for score in found.scores}
        wanted = dict(zip(model.model.config.id2label.values(), logits[-1][0].sigmoid().tolist(), strict=True))
        assert scores == pytest.approx({label: wanted[label] for label in scores})
        assert all(score <= found.others + 1e-6 or label in scores for label, score in wanted.items())
        assert {score.label for score in found.counted} == {label for label, score in wanted.items() if score >= 0.5}


def test_texts_beside_the_pipeline(tmp_path):
    """A text model whose config says multi_label_classification is asked as transformers' pipeline asks it."""
    reader = transformers.AutoTokenizer.from_pretrained(ZOO / "sentiment" / "small")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(reader),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        problem_type="multi_label_classification",
        id2label=dict(enumerate(["warm", "loud", "wet", "far", "old", "new", "odd"])),
    )
    whole = transformers.BertForSequenceClassification(config).eval()
    whole.classifier.weight.data *= 40  # untrained scores are all about a half
    whole.save_pretrained(tmp_path)
    reader.save_pretrained(tmp_path)
    task, row, model = loaded("text-classification", tmp_path, threshold=0.6)
    assert task.check_config(config.to_dict()) == ""
    ask = transformers.pipeline("text-classification", model=whole, tokenizer=reader, top_k=None)
    for found, wanted in zip(task.predict(model, TEXTS, row), ask(TEXTS), strict=True):
        scores = {one["label"]: one["score"] for one in wanted}
        assert {one.label: one.score for one in found.scores} == pytest.approx(
            {one.label: scores[one.label] for one in found.scores}, abs=1e-6
        )
        assert {one.label for one in found.counted} == {label for label, score in scores.items() if score >= 0.6}
        assert found.threshold == 0.6


def test_scores_that_are_not_finite():
    """An input whose scores are NaN is the model's fault, and no empty set of labels."""
    task, row, model = loaded("text-classification", ZOO / "sentiment" / "small")
    for weights in model.model.classifier.parameters():
        weights.data.fill_(float("nan"))
    (fault,) = task.predict(model, TEXTS[:1], row)
    assert "NaN" in str(fault)
