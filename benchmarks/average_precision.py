"""How long comparing mean average precision takes: ``python benchmarks/average_precision.py``.

Two made-up models on the same pictures, of which each finds all objects and 10, or 95, things besides. Writes
average_precision.json beside this file: milliseconds a picture of noting it once, and of a comparison with its bounds.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from swapgate.outputs.detections import Annotation, Box, Detection, Detections
from swapgate.statistics.comparison import compare_figure
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

TASK, LABELS, SEED = find_task("object-detection"), "abcde", 5


def box(random: np.random.Generator, beside: Box | None = None) -> Box:
    """Return a box anywhere, or about where another is."""
    if beside is not None:
        left, top, right, bottom = (edge + random.normal(0, 4) for edge in beside)
        return left, top, right, bottom
    left, top, width, height = (*random.random(2) * 200, *random.random(2) * 60 + 20)
    return left, top, left + width, top + height


def tally(seed: int, rows: int, besides: int) -> tuple[Tally, float]:
    """Return what came of some pictures, and how many seconds noting them took."""
    pictures, model, counted = np.random.default_rng(SEED), np.random.default_rng(seed), Tally(TASK.output)
    start = time.perf_counter()
    for row in range(rows):
        right = [Annotation(LABELS[pictures.integers(5)], box(pictures)) for _ in range(pictures.integers(0, 5))]
        found = [Detection(one.label, box(model, one.box), 0.5 + model.random() / 2) for one in right]
        found += [Detection(LABELS[model.integers(5)], box(model), model.random() * 0.8) for _ in range(besides)]
        counted.add(str(row), Detections(tuple(found), 0.5), tuple(right))
    return counted, time.perf_counter() - start


def measured(rows: int, besides: int, figure: str) -> dict[str, Any]:
    """Return the milliseconds a picture."""
    (one, noting), (other, _) = (tally(seed, rows, besides) for seed in (1, 2))
    start = time.perf_counter()
    compare_figure(one, other, figure, 0.02)
    comparing = time.perf_counter() - start
    noted, compared = (round(1_000 * seconds / rows, 2) for seconds in (noting, comparing))
    return {"rows": rows, "found_besides": besides, "figure": figure, "noting_ms": noted, "comparing_ms": compared}


def main() -> None:
    """Measure, print and write."""
    measured(20, 10, "mAP@0.5")  # imports
    lines = [
        measured(rows, besides, figure) for rows in (320, 800) for besides in (10, 95) for figure in TASK.figures[:2]
    ]
    print("| rows | found besides | figure | noting, ms a row | comparing, ms a row |\n|---|---|---|---|---|")
    for line in lines:
        print(f"| {' | '.join(map(str, line.values()))} |")
    Path(__file__).with_suffix(".json").write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
