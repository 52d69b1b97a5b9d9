"""Peak memory of a model, in a process of its own: ``python -m swapgate.memory`` reads one request from stdin."""

import contextlib
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from swapgate.cases import read_cases
from swapgate.faults import Fault, SurroundingsFault
from swapgate.loading import Source
from swapgate.manifest import Row
from swapgate.tasks import TASKS

RESET = Path("/proc/self/clear_refs")
"""Where Linux lets a process begin its peak anew."""
LEAVE_OUT = 'leave it out with: -m "not memory"'


def peak_memory(task: str, source: Source, cases: Path) -> float:
    """Give the bytes by which a process grows at most while it loads the model and predicts the cases one by one.

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
    request = {"task": task, "folder": str(source.held), "name": source.name, "row": row, "cases": str(cases)}
    child = subprocess.run(
        [sys.executable, "-m", "swapgate.memory"], input=json.dumps(request), capture_output=True, text=True
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


def _grown(task: str, source: Source, inputs: Sequence[Any]) -> int:
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


def _load_and_predict(task: str, source: Source, inputs: Sequence[Any]) -> None:
    loaded = TASKS[task].load(source)
    for given in inputs:
        TASKS[task].predict(loaded, [given], source.row)


def _status(key: str) -> int:
    """Give a figure of this process in bytes, as Linux counts it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    source = Source(Row.model_validate(request["row"], strict=False), Path(request["folder"]), request["name"])
    try:
        cases = read_cases(Path(request["cases"]), request["task"], source.row.label_set)
        inputs = [case.input for case in cases.cases]
        print(_grown(request["task"], source, inputs))
    except Fault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
