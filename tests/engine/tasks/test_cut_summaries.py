"""Summaries that may be no longer: whether they end within a word, beside what the model goes on to write."""

import tomllib
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.models.loading import find
from swapgate.project.manifest import read_manifest
from swapgate.tasks import find_task
from swapgate.tasks.generation import Generation

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models"
TASK = find_task("summarization")
TEXTS = [case["text"] for case in tomllib.loads((ROOT / "fixtures/summarization/cases.toml").read_text())["case"][:4]]


@pytest.fixture(scope="module")
def row():
    """The row of the small summarizer."""
    return read_manifest(MODELS / "embedded.toml").rows["summarization"]["small"]


@pytest.fixture(scope="module")
def loaded(row):
    """The small summarizer, which forces the token that ends a text at its greatest length."""
    return load(TASK, find(row, MODELS, ROOT))


def summaries(loaded, row, **generation):
    """Sum the texts up."""
    return TASK.predict(loaded, TEXTS, row.model_copy(update={"generation": Generation(**generation)}))


@pytest.mark.parametrize("is_forced", [True, False])
def test_each_length(loaded, row, is_forced, monkeypatch):
    """Of all lengths, those are cut after which the same model goes on with the word, and no others."""
    if not is_forced:
        monkeypatch.setattr(loaded.model.generation_config, "forced_eos_token_id", None)
    whole = [one.text for one in summaries(loaded, row)]
    told, true = [], []
    for length in range(2, 24):
        for text, one in zip(whole, summaries(loaded, row, max_new_tokens=length), strict=True):
            assert text.startswith(one.text)
            told.append(one.cut)
            true.append(one.text[-1:].isalnum() and text[len(one.text) :][:1].isalnum())
    assert told == true
    assert 20 < sum(true) < len(true) - 20


def test_ended_by_itself(loaded, row):
    """A summary that the model ended is whole, whatever its length may have been."""
    assert not any(one.cut for one in summaries(loaded, row))


def test_beams(loaded, row):
    """Beam search cuts a summary, too."""
    assert any(one.cut for length in range(2, 9) for one in summaries(loaded, row, num_beams=3, max_new_tokens=length))
