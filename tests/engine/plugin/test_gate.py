"""The gate beside damages and benign changes: a slice of benchmarks/gate_quality.py, so that its decay is noticed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "gate_quality.py"
ENTITIES = ("noise of 50", "two label names", "offsets by one", "stale", "90 % pruned", "NaN", "twice the bytes")
PICTURES = ("last layer zeroed", "nearest pixel", "a tenth cropped", "dropout")


@pytest.fixture
def run(tmp_path):
    """Run the benchmark and give what it wrote."""

    def run(task, damages, *options):
        command = [sys.executable, SCRIPT, "--tasks", task, f"--output={tmp_path / 'found'}", *options]
        done = subprocess.run([*command, "--damages", *damages], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        found = json.loads((tmp_path / "found.json").read_text("utf-8"))
        assert len(found["damages"]) == len(damages)
        return found

    return run


def missed(found):
    """Return the damages that did harm and were let through."""
    return [
        row for row in found["damages"] if (row["harm"] or row["gross"]) and row["verdict"] not in ("FAIL", "ERROR")
    ]


def test_entities(run):
    """Damages that do harm are red, benign changes are not; what is used today misses some and is red without harm."""
    found = run("ner", ENTITIES)
    assert missed(found) == []
    assert len(found["benign"]) >= 30
    assert not any(row["alarms"] for row in found["benign"])
    peers = found["totals"]
    assert peers["syrupy"]["benign"]["caught"] > 0
    assert peers["labels alone"]["harmful"]["caught"] < peers["swapgate"]["harmful"]["caught"]


def test_pictures(run):
    """Pictures that are resized or cropped in another way are red where that loses accuracy."""
    found = run("image-classification", PICTURES, "--no-benign")
    assert sum(row["harm"] for row in found["damages"]) >= 2
    assert missed(found) == []
