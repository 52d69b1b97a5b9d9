"""Goldens of 1,000 to 100,000 cases, read and compared: ``python benchmarks/golden_scale.py``.

For each size a golden of entities (one or two a case) and one of classifications (three labels). A process of its own
reads it and compares a prediction with each case: scores moved by up to half of the tolerance, and in one case of a
thousand by twice the tolerance, which must be found. Each is repeated; the least time counts, for what else runs on the
machine only adds. Writes golden_scale.json beside this file; the exit status is 1 where a limit does not hold.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from swapgate.goldens.golden import Entry, differences, golden_path, read_golden, write_golden
from swapgate.goldens.provenance import Provenance
from swapgate.outputs import Tolerance
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.entities import Entities, Entity

SIZES = (1_000, 10_000, 100_000)
RIGHT: dict[str, tuple[Any, ...]] = {"ner": (), "sentiment": ("positive",)}
ONE_IN, CHUNK, SEED = 1_000, 10_000, 1998
SECONDS, MEGABYTES = 2.0, 500
"""What 100,000 cases may take."""


def stamp(task: str) -> Provenance:
    """Return a stamp of its own, equal to all others of the task."""
    surroundings = {"python": "3.11.7", "torch": "2.13.0", "transformers": "5.23.0", "cpu": "AVX512", "threads": "1"}
    return Provenance(task, "models/small", None, None, "float32", "5e" * 32, Tolerance(), surroundings)


def entry(task: str, number: int, draw: random.Random, made_by: Provenance) -> Entry:
    """Make up what stands in a golden for a case."""
    if task == "ner":
        found = [
            Entity(start, start + 5, "LOC", "Paris", *(draw.uniform(0.1, 0.9) for _ in range(3)))
            for start in range(0, 20 * (1 + number % 2), 20)
        ]
        return Entry(made_by, f"{draw.getrandbits(64):016x}", f"{draw.getrandbits(64):016x}", Entities(tuple(found)))
    best, middle = draw.uniform(0.6, 0.65), draw.uniform(0.25, 0.3)
    scores = Score("positive", best), Score("neutral", middle), Score("negative", 1 - best - middle)
    return Entry(made_by, f"{draw.getrandbits(64):016x}", f"{draw.getrandbits(64):016x}", Classification(scores, 0.0))


def moved(stored: Entry, by: float, made_by: Provenance) -> Entry:
    """Return what another run says of a case: its first score is higher, and where they sum to 1 its second lower."""
    said = stored.prediction
    if isinstance(said, Entities):
        first, *others = said.entities
        return replace(
            stored,
            made_by=made_by,
            prediction=Entities((replace(first, score=first.score + by), *others)),
        )
    assert isinstance(said, Classification)
    first, second, third = said.scores
    scores = replace(first, score=first.score + by), replace(second, score=second.score - by), third
    return replace(stored, made_by=made_by, prediction=Classification(scores, said.rest))


def received(golden: dict[str, Entry], task: str) -> Iterator[tuple[str, Entry]]:
    """Return a prediction for each case of a golden."""
    draw, made_by = random.Random(SEED + 1), stamp(task)  # noqa: S311
    for number, (case, stored) in enumerate(golden.items()):
        by = 2e-4 if number % ONE_IN == ONE_IN - 1 else draw.uniform(-5e-5, 5e-5)
        yield case, moved(stored, by, made_by)


def measure(path: Path, warm_up: Path) -> dict[str, float]:
    """Read and compare once; what is made once a process, whatever the size, is made by a small golden before."""
    task = path.parent.name
    one = read_golden(warm_up)
    assert not any(differences(now, one[case], RIGHT[task]) for case, now in received(one, task))
    begin, begin_cpu = time.perf_counter(), time.process_time()
    golden = read_golden(path)
    reading, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    comparing, wrong, predictions = 0.0, 0, received(golden, task)
    while chunk := list(islice(predictions, CHUNK)):  # what a model says is made off the clock
        begin, begin_cpu = time.perf_counter(), time.process_time()
        wrong += sum(bool(differences(now, golden[case], RIGHT[task])) for case, now in chunk)
        comparing, cpu = comparing + time.perf_counter() - begin, cpu + time.process_time() - begin_cpu
    assert wrong == len(golden) // ONE_IN, f"{wrong} of {len(golden) // ONE_IN} that moved too far were found"
    return {"read": reading, "compare": comparing, "cpu": cpu, "peak_mb": peak_megabytes()}


def peak_megabytes() -> float:
    """Return the most memory that this process has held; what getrusage gives is at least its parent's."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].removesuffix("kB")) / 1024


def rounds(path: Path, warm_up: Path, repeats: int) -> dict[str, float]:
    """Measure in processes of their own and give the least of each figure, but the most of memory."""
    command = [sys.executable, __file__, "--measure", str(path), str(warm_up)]
    found = [json.loads(subprocess.check_output(command)) for _ in range(repeats)]
    wall = [one["read"] + one["compare"] for one in found]
    least = {name: min(one[name] for one in found) for name in ("read", "compare", "cpu")}
    return {"seconds": min(wall), "seconds_most": max(wall), **least, "peak_mb": max(one["peak_mb"] for one in found)}


def main() -> None:
    """Make the goldens, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--measure", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(*asked.measure)))
        return
    table = []
    print("| golden | cases | seconds | of CPU | reading | comparing | µs a case | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for task in RIGHT:
            paths = [golden_path(Path(folder), "embedded", task, f"of_{size}") for size in (10, *SIZES)]
            for size, path in zip((10, *SIZES), paths, strict=True):
                draw, made_by = random.Random(SEED), stamp(task)  # noqa: S311
                write_golden(path, {f"case_{number:06}": entry(task, number, draw, made_by) for number in range(size)})
            for size, path in zip(SIZES, paths[1:], strict=True):
                found = rounds(path, paths[0], asked.repeats)
                a_case = found["seconds"] / size * 1e6
                print(
                    f"| {task} | {size:,} | {found['seconds']:.3f} | {found['cpu']:.3f} | {found['read']:.3f} |"
                    f" {found['compare']:.3f} | {a_case:.1f} | {found['peak_mb']:.0f} |",
                    flush=True,
                )
                figures = {name: round(value, 4) for name, value in found.items()}
                table.append({"task": task, "cases": size, **figures, "microseconds_a_case": round(a_case, 2)})
    result = {
        "command": f"python benchmarks/golden_scale.py --repeats {asked.repeats}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "limits_of_the_largest": {"seconds": SECONDS, "peak_mb": MEGABYTES},
        "table": table,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    largest = [row for row in table if row["cases"] == SIZES[-1]]
    if any(row["seconds"] > SECONDS or row["peak_mb"] > MEGABYTES for row in largest):
        sys.exit(f"100,000 cases took more than {SECONDS:g} s or {MEGABYTES} MB")


if __name__ == "__main__":
    main()
