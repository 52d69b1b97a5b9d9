"""Peak memory of a model, in a process of its own: ``python -m swapgate.memory`` reads one request from stdin."""

import json
import os
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

RUNS = 3
"""Processes; the median counts."""


def peak_memory(task: str, source: Source, cases: Path) -> float:
    """Give the bytes by which a process grows at most while it loads the model and predicts the cases one by one.

    The libraries are imported before. The median of `RUNS` processes. Raises SurroundingsFault where one fails.
    """
    request = {
        "task": task,
        "folder": str(source.folder),
        "row": source.row.model_dump(mode="json"),
        "cases": str(cases),
    }
    grown = []
    for _ in range(RUNS):
        child = subprocess.run(
            [sys.executable, "-m", "swapgate.memory"], input=json.dumps(request), capture_output=True, text=True
        )
        if child.returncode:
            reason = (child.stderr.strip().splitlines() or [f"exit status {child.returncode}"])[-1]
            raise SurroundingsFault(f"the memory of {source.name} could not be measured: {reason}")
        grown.append(float(child.stdout.split()[-1]))
    return sorted(grown)[RUNS // 2]


def _grown(task: str, source: Source, cases: Sequence[Any]) -> int:
    import torch  # noqa: F401 - before the first reading
    import transformers  # noqa: F401

    inputs = [case.input for case in cases]
    loaded = TASKS[task].load(source)
    del loaded  # what the first loading imports and keeps is not the model's
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    loaded = TASKS[task].load(source)
    for given in inputs:
        TASKS[task].predict(loaded, [given], source.row)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    """Give a figure of this process in bytes, as Linux counts it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    if not os.path.exists("/proc/self/clear_refs"):
        sys.exit("peak memory is measured on Linux only; leave it out with: -m 'not memory'")
    row = Row.model_validate(request["row"], strict=False)
    source = Source(row, Path(request["folder"]), Path(request["folder"]).name)
    try:
        print(_grown(request["task"], source, read_cases(Path(request["cases"]), request["task"]).cases))
    except Fault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
