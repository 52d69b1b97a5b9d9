"""Held-out scores of the zoo, as the engine predicts and measures: ``python benchmarks/heldout_scores.py``.

With names of tasks, only those. Writes heldout_scores.json beside this file.
"""

import functools
import json
import sys
from pathlib import Path
from typing import Any

from swapgate.inputs import Question, Sound, read_image, read_sound
from swapgate.loading import find, surroundings
from swapgate.manifest import Row, read_manifest
from swapgate.predictions import Passage, Span, Summary, Thing
from swapgate.quality.metrics import METRICS
from swapgate.tasks import TASKS

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
BATCH = 32


def given(row: dict[str, Any], folder: Path) -> Any:
    """Give the input of a held-out row; sounds and pictures are parts of one file."""
    if "question" in row:
        return Question(row["question"], row["context"])
    if "audio" in row:
        whole = read_sound(folder / row["audio"])
        return Sound(whole.samples[round(row["start"] * whole.rate) : round(row["end"] * whole.rate)], whole.rate)
    if "image" in row:
        return read_image(folder / row["image"]).crop(row["box"])
    return row["text"]


def right(task: str, row: dict[str, Any]) -> Any:
    """Give what is right, as the cases of the task have it."""
    expected = row["expected"]
    if task == "ner":
        return [Span(**span) for span in expected]
    if task == "question-answering":
        return [Passage(**passage) for passage in expected]
    if task == "summarization":
        return Summary(row["text"], expected, (), (), (1, 99))
    if task == "object-detection":
        return [Thing(thing["label"], tuple(thing["box"])) for thing in expected]
    return expected if task == "speech-recognition" else (expected,)


def scores(task: str, row: Row) -> dict[str, float]:
    """Give the figures of one tier."""
    folder = ROOT / "fixtures" / "zoo" / task
    rows = [json.loads(line) for line in (folder / "heldout.jsonl").read_text("utf-8").splitlines()]
    predict = functools.partial(TASKS[task].predict, TASKS[task].load(find(row, MODELS.parent, ROOT)))
    if task == "object-detection":
        row = row.model_copy(update={"threshold": 0.0})  # precision is averaged over all candidates
    inputs = [given(one, folder) for one in rows]
    found = [f for start in range(0, len(inputs), BATCH) for f in predict(inputs[start : start + BATCH], row)]
    figures = METRICS[task](found, [right(task, one) for one in rows])
    return {"rows": len(rows)} | {name: round(value, 4) for name, value in figures.items()}


def main() -> None:
    """Score each tier, print the headline figures and write all of them."""
    path = Path(__file__).with_suffix(".json")
    kept = json.loads(path.read_text("utf-8"))["tasks"] if len(sys.argv) > 1 else {}
    for task, tiers in read_manifest(MODELS).rows.items():
        if task in (sys.argv[1:] or TASKS):
            kept[task] = {tier: scores(task, row) for tier, row in tiers.items()}
            for tier, figures in kept[task].items():
                print(task, tier, *[f"{name} {value}" for name, value in list(figures.items())[:4]], flush=True)
    result = {"command": "python benchmarks/heldout_scores.py", "tasks": kept, "surroundings": surroundings()}
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
