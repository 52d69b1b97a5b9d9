"""A model of the zoo that transformers loads and saves again, in either version, stays the model that it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAVE = """
import json, sys
from pathlib import Path
from swapgate.backends import transformers as backend
from swapgate.models import loading
from swapgate.project import manifest
from swapgate.models.digest import folder_digest
from swapgate.tasks import find_task

root, out, task = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
models = root / "fixtures" / "models" / "embedded.toml"
digests = {}
for tier, row in manifest.read_manifest(models).rows[task].items():
    source = loading.find(row, models.parent, root)
    loaded = backend.load(find_task(task), source)
    loaded.model.half().save_pretrained(out / tier)  # as it is stored
    loaded.reader.save_pretrained(out / tier)
    digests[tier] = [folder_digest(models.parent / row.model), folder_digest(out / tier)]
print(json.dumps(digests))
"""


@pytest.mark.parametrize(
    "task",
    ["ner", "summarization", "speech-recognition", "image-classification"],
    ids=["tokenizer", "decoding", "processor", "pictures"],  # a task's name here would be selected by -k
)
def test_saved_again(tmp_path, task):
    """A tier that is loaded and saved has the digest it had, for tokenizers, processors and generation settings."""
    command = [sys.executable, "-c", SAVE, str(ROOT), str(tmp_path), task]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    digests = json.loads(run.stdout.splitlines()[-1])
    assert len(digests) == 3
    assert {tier: after for tier, (before, after) in digests.items() if after != before} == {}
