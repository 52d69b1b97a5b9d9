"""The whole matrix: each public model under its real id, small and with random weights, from the hub to a verdict."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from swapgate.core.tables import read_toml

ROOT = Path(__file__).parents[4]
MODELS = "fixtures/models/hub.toml"
RATE = 22_050
FEW = """
from hypothesis import Phase, settings

few = {"max_examples": 2, "phases": [Phase.generate]}
settings.register_profile("few", derandomize=True, deadline=None, database=None, **few)
settings.load_profile("few")
"""
"""A conftest.py: two examples of each property will do, and how the second is made smaller does not matter."""


def rows():
    """Return every row of the public models, by task and tier."""
    content = read_toml(ROOT / MODELS)
    return {(task, tier): row for task, tiers in content.items() if task != "cases" for tier, row in tiers.items()}


def write_inputs(folder):
    """Write stand-ins for the inputs that the project does not hold, and give their checksums by name."""
    import numpy as np
    import soundfile
    from PIL import Image

    folder.mkdir()
    noise = np.random.default_rng(8)
    soundfile.write(folder / "mlk.flac", noise.uniform(-0.5, 0.5, 13 * RATE), RATE)
    for name in ("cat-chonk.jpeg", "cat_dog.jpg", "panda.jpg"):
        Image.fromarray(noise.integers(0, 256, (120, 160, 3), np.uint8)).save(folder / name)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the suite, its public rows, their cases and goldens, with stand-ins for inputs to be fetched."""
    folder = tmp_path / "project"
    (folder / "fixtures" / "models").mkdir(parents=True)
    shutil.copy(ROOT / MODELS, folder / MODELS)
    for path in ROOT.glob("fixtures/*/hub.toml"):
        if path.parent.name != "models":
            shutil.copytree(path.parent, folder / "fixtures" / path.parent.name)
    shutil.copytree(ROOT / "golden" / "hub", folder / "golden" / "hub")
    corpus = Path("fixtures/retrieval/corpus.jsonl")  # its test file reads it, whatever is judged
    (folder / corpus).parent.mkdir()
    shutil.copy(ROOT / corpus, folder / corpus)
    (folder / "tests").mkdir()
    for path in (ROOT / "tests").glob("test_*.py"):
        shutil.copy(path, folder / "tests")
    (folder / "pytest.ini").write_text("[pytest]\nstrict = true\ntestpaths = tests\nfilterwarnings = error\n")
    (folder / "conftest.py").write_text(FEW)
    checksums = write_inputs(tmp_path / "inputs")
    for path in folder.glob("fixtures/*/hub.toml"):
        text = path.read_text(encoding="utf-8")
        for name, checksum in checksums.items():
            text = re.sub(rf'("{re.escape(name)}"\]\nurl = \S+\nsha256 = )\S+', rf'\1"{checksum}"', text)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def published(hub, tmp_path):
    """Every public model on the hub, under its real id and where a row pins it at such a commit; give the commits."""
    made = tmp_path / "made"
    script = ROOT / "benchmarks" / "public_shapes.py"
    subprocess.run([sys.executable, str(script), str(made)], check=True, capture_output=True)
    revisions = {row["model"]: row.get("revision") for row in rows().values()}
    return {model: hub.publish(model, made / model, begins=revision) for model, revision in revisions.items()}


def judged(project, environment, inputs):
    """Run the suite of the project on all rows in a process of its own, and give what it writes down of each tier."""
    options = ["--models=hub", f"--inputs={inputs}", "--verdict-json=v.json", "-m", "not latency"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options],
        cwd=project,
        env={**os.environ, **environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout[-4000:] + done.stderr[-2000:]
    facts = json.loads((project / "v.json").read_text(encoding="utf-8"))
    return {(tier["task"], tier["tier"]): tier for tier in facts["tiers"]}


def test_matrix(hub, published, project, swapgate, environment, tmp_path):
    """All 26 rows are pinned, fetched, loaded and judged offline, and each model that knows nothing is a FAIL."""
    assert (len(rows()), len(published)) == (26, 25)
    status, lines, errors = swapgate("pin", "--models=hub")
    assert (status, errors, len(lines)) == (0, [], 26)
    pinned = read_toml(project / MODELS)
    assert [pinned[task][tier]["revision"] for task, tier in rows()] == [
        published[row["model"]] for row in rows().values()
    ]
    status, lines, errors = swapgate("fetch", "--models=hub")
    assert (status, errors, len(lines)) == (0, [], 25)
    asked = len(hub.requests)
    tiers = judged(project, {**environment, "HF_HUB_OFFLINE": "1"}, tmp_path / "inputs")
    assert len(hub.requests) == asked, "judging asks nothing of the hub"
    assert list(tiers) == list(rows())
    for (task, tier), found in tiers.items():
        model = rows()[task, tier]["model"]
        assert found["model"] == f"{model}@{published[model][:12]}"
        assert (found["verdict"], {reason["status"] for reason in found["reasons"]}) == ("FAIL", {"FAIL"}), found
        assert sum(found["counts"]["golden"].values()) == found["counts"]["golden"]["failed"], found
        recorded = (project / "golden" / "hub" / task / f"{tier}.json").exists()
        said = " ".join(reason["message"] for reason in found["reasons"])
        assert "crashed" not in said, said
        assert ("recorded elsewhere" if recorded else "has no golden for it") in said, said
        assert found["figures"]["size"]["value"] > 100_000
