"""The gate beside damages and benign changes: a slice of benchmarks/gate_quality.py, so that its decay is noticed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gate_quality.py"
SLICE = {
    "ner": ("noise of 50", "two label names", "offsets by one", "stale", "90 % pruned", "NaN", "twice the bytes"),
    "image-classification": ("last layer zeroed", "nearest pixel", "a tenth cropped", "dropout"),
}


@pytest.mark.parametrize("task", SLICE, ids=["entities", "pictures"])
def test_slice(tmp_path, task):
    """Damages that do harm are red, benign changes are not; what is used today misses some and is red without harm."""
    command = [sys.executable, SCRIPT, "--tasks", task, f"--output={tmp_path / 'found'}", "--damages", *SLICE[task]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert len(found["damages"]) == len(SLICE[task])
    assert all(row["verdict"] in ("FAIL", "ERROR") for row in found["damages"] if row["harm"] or row["gross"])
    assert len(found["benign"]) >= 30
    assert not any(row["alarms"] for row in found["benign"])
    peers = found["totals"]
    assert peers["syrupy"]["benign"]["caught"] > 0
    assert peers["labels alone"]["harmful"]["caught"] < peers["swapgate"]["harmful"]["caught"]
