"""What the suite costs: the expected and golden tests of NER beside a bare script that predicts the same.

Both are whole processes on the same models and inputs, run in turn, first of each pair alternating. Processor time says
the same on a machine with other work, where the ratio of wall times wanders:

    python benchmarks/overhead.py
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITE = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ner and (expected or golden)"]
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


def seconds(command: list[str]) -> tuple[float, float]:
    """Return the wall seconds of a command, and those of processor time; it must succeed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled files are kept between runs, for both
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    after = os.times()
    worked = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - start, worked


def main() -> None:
    """Measure, print and write benchmarks/overhead.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    commands = {"suite": SUITE, "bare": [sys.executable, "-c", BARE]}
    for command in commands.values():
        seconds(command)  # files into the page cache
    runs = []
    for pair in range(pairs):
        order = sorted(commands, reverse=bool(pair % 2))
        runs.append({name: seconds(commands[name]) for name in order})
    ratios = sorted(run["suite"][0] / run["bare"][0] for run in runs)
    worked = {name: statistics.median(run[name][1] for run in runs) for name in commands}
    result = {
        "command": f"python benchmarks/overhead.py --pairs {pairs}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "pairs": pairs,
        "suite_seconds_median": round(statistics.median(run["suite"][0] for run in runs), 2),
        "bare_seconds_median": round(statistics.median(run["bare"][0] for run in runs), 2),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_min": round(ratios[0], 3),
        "ratio_max": round(ratios[-1], 3),
        "processor_seconds_median": {name: round(found, 2) for name, found in worked.items()},
        "processor_ratio": round(worked["suite"] / worked["bare"], 3),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
