"""A model of the zoo that transformers loads and saves again, in either version, stays the model that it was."""

from pathlib import Path

import pytest

from swapgate.backends import transformers as backend
from swapgate.models import loading
from swapgate.models.digest import folder_digest
from swapgate.project.manifest import read_manifest
from swapgate.tasks import find_task

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"


@pytest.mark.parametrize(
    "task",
    ["ner", "summarization", "speech-recognition", "image-classification"],
    ids=["tokenizer", "decoding", "processor", "pictures"],  # a task's name here would be selected by -k
)
def test_saved_again(tmp_path, task):
    """A tier that is loaded and saved has the digest it had, for tokenizers, processors and generation settings."""
    rows = read_manifest(MODELS).rows[task]
    assert len(rows) == 3
    for tier, row in rows.items():
        loaded = backend.load(find_task(task), loading.find(row, MODELS.parent, ROOT))
        loaded.model.half().save_pretrained(tmp_path / tier)  # as it is stored
        loaded.reader.save_pretrained(tmp_path / tier)
        assert folder_digest(tmp_path / tier) == folder_digest(MODELS.parent / row.model), tier
