"""What the suite costs beside doing without it: a small run, a look at the tests, and a project that has no models.

- run: the expected and golden tests of NER, beside a bare script that loads the same models and predicts the same;
- collect: `--collect-only` of this repository, beside a plain project with as many tests and the same other plugins;
- collect_beside_no_plugins: the same beside that project with no plugin at all;
- idle: one test in a project without a models file, with the plugin and without it.

Each is a pair of whole processes that run in turn, the first of each pair alternating. What counts is processor time,
user's and system's: it says the same on a machine with other work, where wall time wanders:

    python benchmarks/overhead.py
"""

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
COLLECT, WITHOUT = "--collect-only", ("-p", "no:swapgate")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
BARE = """
import tomllib
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

torch.set_num_threads(1)
texts = [case["text"] for case in tomllib.load(open("fixtures/ner/cases.toml", "rb"))["case"]]
for tier in ("original", "small", "large"):
    folder = f"fixtures/zoo/ner/{tier}"
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for start in range(0, len(texts), 8):
        with torch.inference_mode():
            model(**tokenizer(texts[start : start + 8], padding=True, return_tensors="pt")).logits.softmax(-1)
"""
PLAIN = """
import pytest

@pytest.mark.parametrize("case", range({cases}))
@pytest.mark.parametrize("tier", ["original", "small", "large"])
def test_expected(tier, case):
    pass
"""
TIERS, FILES = 3, 10


class Command(NamedTuple):
    """What is run, and where."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = {}


class Seconds(NamedTuple):
    """How long a command took."""

    wall: float
    processor: float


def seconds(command: Command) -> Seconds:
    """Run a command, which must succeed; compiled files are kept between runs."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **command.environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command.words, cwd=command.folder, check=True, capture_output=True, env=environment)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Seconds(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def collected(folder: Path, *options: str) -> int:
    """Return how many tests pytest collects in a folder."""
    said = subprocess.run([*PYTEST, COLLECT, *options], cwd=folder, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) tests? collected", said)
    assert found, said
    return int(found[1])


def plain_project(folder: Path, tests: int) -> Path:
    """Write a project with about as many tests, which judges nothing; return its folder."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    for number in range(FILES):
        (folder / f"test_{number}.py").write_text(PLAIN.format(cases=round(tests / TIERS / FILES)))
    return folder


def compared(ours: Command, bare: Command, pairs: int) -> dict[str, object]:
    """Measure two commands in turn, and return medians of their seconds and of the ratios of pairs."""
    sides = {"ours": ours, "bare": bare}
    for command in sides.values():
        seconds(command)  # files into the page cache
    runs = []
    for pair in range(pairs):
        order = sorted(sides, reverse=bool(pair % 2))
        runs.append({name: seconds(sides[name]) for name in order})
    ratios = sorted(run["ours"].processor / run["bare"].processor for run in runs)
    found = {"median": statistics.median(ratios), "min": ratios[0], "max": ratios[-1]}
    found["median_of_wall_time"] = statistics.median(run["ours"].wall / run["bare"].wall for run in runs)
    return {
        "ratio": {name: round(ratio, 3) for name, ratio in found.items()},
        **{f"{name}_seconds_median": _medians([run[name] for run in runs]) for name in sides},
    }


def _medians(runs: Sequence[Seconds]) -> dict[str, float]:
    return {kind: round(statistics.median(getattr(run, kind) for run in runs), 2) for kind in Seconds._fields}


def main() -> None:
    """Measure, print and write benchmarks/overhead.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as temporary:
        tests = collected(ROOT)
        plain = plain_project(Path(temporary, "plain"), tests)
        empty = Path(temporary, "empty")
        empty.mkdir()
        (empty / "pytest.ini").write_text("[pytest]\n")
        (empty / "test_one.py").write_text("def test_one():\n    pass\n")
        collect = Command([*PYTEST, COLLECT], ROOT)
        of_plain = Command([*PYTEST, COLLECT, *WITHOUT], plain)
        commands = {
            "run": (
                Command([*PYTEST, "-k", "ner and (expected or golden)"], ROOT),
                Command([sys.executable, "-c", BARE], ROOT),
            ),
            "collect": (collect, of_plain),
            "collect_beside_no_plugins": (collect, Command([*PYTEST, COLLECT], plain, ALONE)),
            "idle": (Command(PYTEST, empty), Command([*PYTEST, *WITHOUT], empty)),
        }
        result = {
            "command": f"python benchmarks/overhead.py --pairs {pairs}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "pairs": pairs,
            "tests": {"here": tests, "plain": collected(plain, *WITHOUT)},
            **{name: compared(*sides, pairs) for name, sides in commands.items()},
        }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
