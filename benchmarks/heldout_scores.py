"""Held-out scores of the zoo, as the engine predicts and measures: ``python benchmarks/heldout_scores.py``.

With names of tasks, only those. Writes heldout_scores.json beside this file.
"""

import json
import sys
from pathlib import Path

from swapgate.models.loading import surroundings
from swapgate.trials.evaluating import tally_of
from swapgate.trials.plan import make_plan

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Score each tier, print the headline figures and write all of them."""
    plan = make_plan(ROOT, ROOT / "fixtures" / "models" / "embedded.toml", [], [], ROOT)
    path = Path(__file__).with_suffix(".json")
    kept = json.loads(path.read_text("utf-8"))["tasks"] if len(sys.argv) > 1 else {}
    for (task, tier), model in plan.models.items():
        if task in (sys.argv[1:] or plan.evaluations):
            tally = tally_of(model, plan.evaluations[task])
            figures = {"rows": tally.rows} | {name: round(value, 4) for name, value in tally.figures().items()}
            kept.setdefault(task, {})[tier] = figures
            print(task, tier, *[f"{name} {value}" for name, value in list(figures.items())[:4]], flush=True)
            model.release()
    result = {"command": "python benchmarks/heldout_scores.py", "tasks": kept, "surroundings": surroundings()}
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
