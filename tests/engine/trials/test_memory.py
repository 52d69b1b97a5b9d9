"""Peak memory: what the process that measures it is asked, what it says, and what comes of one that fails."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import Source
from swapgate.project.manifest import read_manifest
from swapgate.tasks import find_task, modules
from swapgate.trials import memory
from swapgate.trials.memory import main, peak_memory

ROOT = Path(__file__).parents[3]
TASK = find_task("sentiment")
CASES = ROOT / "fixtures" / "sentiment" / "cases.toml"


def source(tier):
    """Return a model of the zoo."""
    models = ROOT / "fixtures" / "models" / "embedded.toml"
    row = read_manifest(models).rows["sentiment"][tier]
    return Source(row, (models.parent / row.model).resolve(), f"zoo/{tier}")


@pytest.fixture
def child(monkeypatch):
    """Put a process in the place of the real one that ends as it is told; `asked` is what it was given."""

    def ends(returncode, stdout="", stderr=""):
        def run(command, **options):
            ends.asked = command, json.loads(options["input"])
            return subprocess.CompletedProcess(command, returncode, stdout, stderr)

        monkeypatch.setattr("swapgate.trials.memory.subprocess.run", run)

    return ends


def test_figure(child):
    """What the process says last is the figure; it was given the row, the folder, the name and the cases."""
    child(0, stdout="a library says something\n1048576\n")
    assert peak_memory(TASK, source("small"), CASES) == 1048576
    command, request = child.asked
    assert command[1:] == ["-m", "swapgate.trials.memory"]
    assert (request["task"], request["name"], request["cases"]) == ("text-classification", "zoo/small", str(CASES))
    assert request["row"]["labels"] == source("small").row.labels


@pytest.mark.parametrize(
    ("returncode", "stderr", "reason"),
    [
        (1, "Traceback …\nValueError: broken\n", "ValueError: broken"),
        (-9, "", "it ended with exit status -9"),
        (
            1,
            "zoo/small cannot be loaded: no space left; free some\n",
            "zoo/small cannot be loaded: no space left; free some",
        ),
    ],
    ids=["traceback", "killed", "fault"],
)
def test_process_that_dies(child, returncode, stderr, reason):
    """A process that fails, or is killed for lack of memory, is told with its reason and what to type."""
    child(returncode, stderr=stderr)
    with pytest.raises(SurroundingsFault) as caught:
        peak_memory(TASK, source("small"), CASES)
    assert str(caught.value) == (
        f"the memory of zoo/small was not measured, for the process that does: {reason}; mend that, or leave it out"
        ' with: -m "not memory"'
    )


@pytest.mark.parametrize("grown", ["0", "-4096"])
def test_nothing_grown(child, grown):
    """A process that did not grow is no measurement: no ratio to it is ever reckoned."""
    child(0, stdout=grown)
    with pytest.raises(SurroundingsFault, match="zoo/small is too little for its memory to be measured"):
        peak_memory(TASK, source("small"), CASES)


def test_elsewhere_than_on_linux(monkeypatch, child, tmp_path):
    """Where the system does not say what a process takes at most, nothing is started, and the message says so."""
    child(0, stdout="1")
    monkeypatch.setattr("swapgate.trials.memory.RESET", tmp_path / "clear_refs")
    with pytest.raises(SurroundingsFault, match=r"was not measured: that works on Linux only; leave it out with: -m"):
        peak_memory(TASK, source("small"), CASES)
    assert not hasattr(child, "asked")


def test_fault_in_the_process(monkeypatch):
    """What is wrong with the cases or the model ends the process with one line."""
    request = {
        "task": "sentiment",
        "modules": modules(),
        "folder": "none",
        "name": "none",
        "backend": "transformers",
        "row": source("small").row.model_dump(mode="json"),
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**request, "cases": "none.toml"})))
    with pytest.raises(SystemExit, match=r"^none\.toml: there is no such file"):
        main()


def test_growth(monkeypatch, tmp_path):
    """What a model takes at most counts, not what the process took before or what the first time leaves behind."""
    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(memory, "RESET", tmp_path / "clear_refs")
    told = iter([5_000, 7_500])
    done = []
    monkeypatch.setattr(memory, "_status", lambda key: done.append(key) or next(told))
    monkeypatch.setattr(memory, "_load_and_predict", lambda *_: done.append("load and predict"))
    assert memory._grown(TASK, source("small"), []) == 2_500
    assert done == ["load and predict", "VmRSS", "load and predict", "VmHWM"]
    assert (tmp_path / "clear_refs").read_text() == "5"


def test_real_model():
    """A process of its own finds what a model of the zoo takes: its weights in float32, and not much more."""
    model = source("large")
    weights = 2 * model.bytes  # the file holds float16
    assert 0.5 * weights < peak_memory(TASK, model, CASES) < 2.5 * weights  # pages of the first load may be used again
