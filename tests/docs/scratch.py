"""What a page begins with: the folders that its `<!-- setup: … -->` names."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import tomlkit

ROOT = Path(__file__).parents[2]
MODELS = "fixtures/models/embedded.toml"


def empty(folder: Path) -> None:
    """Nothing at all."""


def zoo(folder: Path, *suites: str) -> None:
    """Copy this repository's suites of some names, with all that judges them, as the first commit of a repository."""
    parts = ["conftest.py", "pyproject.toml", ".gitignore"]
    parts += [str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob("*.py")]
    for suite in suites:
        parts += [f"fixtures/{suite}", f"fixtures/zoo/{suite}", f"golden/embedded/{suite}"]
        parts += [f"tests/test_{suite.replace('-', '_')}.py"]
    for name in parts:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    models = tomlkit.parse((ROOT / MODELS).read_text(encoding="utf-8"))
    for name in [name for name, value in models.items() if isinstance(value, dict) and name not in suites]:
        del models[name]
    (folder / MODELS).parent.mkdir(parents=True)
    (folder / MODELS).write_text(tomlkit.dumps(models), encoding="utf-8")
    repository(folder)


def reviews(folder: Path) -> None:
    """Copy a model that tells praise from blame, with tables of cases and of 1,000 rows."""
    shutil.copytree(ROOT / "fixtures/zoo/sentiment/original", folder / "model")
    lines = (ROOT / "fixtures/zoo/sentiment/heldout.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for name, some in (("cases.csv", rows[:40]), ("reviews.csv", rows)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["review", "sentiment"])
            table.writerows((row["text"], row["expected"]) for row in some)


def repository(folder: Path) -> None:
    """Commit all that is in a folder."""
    for command in (
        "git init -q -b main",
        "git add -A",
        "git -c user.name=A -c user.email=a@example.org commit -qm first",
    ):
        subprocess.run(command.split(), cwd=folder, check=True)


BEGINNINGS = {one.__name__: one for one in (empty, zoo, reviews)}
