"""Peak memory of a model, in a process of its own: ``python -m swapgate.trials.memory`` reads one request."""

import contextlib
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from swapgate import tasks
from swapgate.backends import backend_of
from swapgate.core.faults import Fault, SurroundingsFault
from swapgate.models.loading import Source
from swapgate.project.cases import read_cases
from swapgate.project.manifest import row_type
from swapgate.tasks.task import Task

RESET = Path("/proc/self/clear_refs")
"""Where Linux lets a process begin its peak anew."""
LEAVE_OUT = 'leave it out with: -m "not memory"'


def peak_memory(task: Task, source: Source, cases: Path) -> float:
    """Return the bytes by which a process grows at most while it loads the model and predicts the cases one by one.

    It has done both before, so that what the first time costs is not counted: then two processes differ by some 1 %.
    Raises SurroundingsFault where it fails.
    """
    if source.row.device != "cpu":
        raise SurroundingsFault(
            f"the memory of {source.name} was not measured: that of a {source.row.device} device is not; {LEAVE_OUT}"
        )
    if not RESET.exists():
        raise SurroundingsFault(f"the memory of {source.name} was not measured: that works on Linux only; {LEAVE_OUT}")
    # a compressed copy is there already
    row = source.row.model_dump(mode="json", exclude_none=True, exclude={"variant"})
    request = {
        "task": task.name,
        "modules": tasks.modules(),
        "folder": str(source.weights_folder),
        "name": source.name,
        "backend": source.backend,
        "row": row,
        "cases": str(cases),
    }
    child = subprocess.run(
        [sys.executable, "-m", "swapgate.trials.memory"], input=json.dumps(request), capture_output=True, text=True
    )
    if child.returncode:
        reason = (child.stderr.strip().splitlines() or [f"it ended with exit status {child.returncode}"])[-1]
        raise SurroundingsFault(
            f"the memory of {source.name} was not measured, for the process that does: {reason}; mend that, or"
            f" {LEAVE_OUT}"
        )
    grown = float(child.stdout.split()[-1])
    if grown <= 0:
        raise SurroundingsFault(f"{source.name} is too little for its memory to be measured; {LEAVE_OUT}")
    return grown


def _grown(task: Task, source: Source, inputs: Sequence[Any]) -> int:
    import torch  # noqa: F401 - before the first reading
    import transformers  # noqa: F401

    _load_and_predict(task, source, inputs)
    gc.collect()
    with contextlib.suppress(AttributeError):  # of C libraries only glibc has it, and only glibc needs it
        ctypes.CDLL(None).malloc_trim(0)  # what the first model has freed would take in the second unseen
    before = _status("VmRSS")
    RESET.write_text("5", encoding="ascii")
    _load_and_predict(task, source, inputs)
    return _status("VmHWM") - before


def _load_and_predict(task: Task, source: Source, inputs: Sequence[Any]) -> None:
    loaded = backend_of(source).load(task, source)
    for given in inputs:
        task.predict(loaded, [given], source.row)


def _status(key: str) -> int:
    """Return a figure of this process in bytes, as Linux counts it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    try:
        tasks.discover(*request["modules"])
        task = tasks.find_task(request["task"])
        row = row_type(task).model_validate(request["row"], strict=False)
        source = Source(row, Path(request["folder"]), request["name"], backend=request["backend"])
        cases = read_cases(Path(request["cases"]), task, row.label_set)
        print(_grown(task, source, [case.input for case in cases.cases]))
    except Fault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
