"""Train what gate_quality.py judges besides damages: ``python benchmarks/gate_models.py [TASK …]``, some forty minutes.

Into build/gate/KIND/TIER/TASK/TIER: of the kind `early` each model after a tenth of its steps, of the kind `twin` small
ones made with another seed, for the tasks whose recipes are quick. What cannot run here is left out, and told.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "fixtures" / "zoo"
OUT = ROOT / "build" / "gate"
TWINS = ("image-classification", "sentiment", "ner")
SEED = 2026


def train(task: str, tier: str, out: Path, *options: str) -> None:
    """Run the recipe of a model into a folder that gets the task's original too, which some are distilled from."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ZOO / task / "original", out / "original")
    recipe = ZOO / "recipes" / f"{task.replace('-', '_')}.py"
    command = [sys.executable, str(recipe), tier, f"--out={out}", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    print(out, tier, done.stdout.splitlines()[-1:] if not done.returncode else done.stderr[-300:], flush=True)
    if done.returncode:
        shutil.rmtree(out)


def main() -> None:
    """Train those of the tasks that are named, or all."""
    asked = sys.argv[1:] or [path.name for path in ZOO.iterdir()]
    for card in sorted(path.with_name("README.md") for path in ZOO.glob("*/*/config.json")):
        steps = re.search(r'"steps": (\d+)', card.read_text(encoding="utf-8"))
        assert steps, f"{card} has no settings"
        task, tier = card.parts[-3:-1]
        if task not in asked:
            continue
        train(task, tier, OUT / "early" / tier / task, f"--steps={int(steps[1]) // 10}")
    for task in {*TWINS} & {*asked}:
        train(task, "small", OUT / "twin" / "small" / task, f"--seed={SEED}")


if __name__ == "__main__":
    main()
