"""How far each model of the zoo is from itself, and the tolerance that follows: what `swapgate calibrate` says of all.

It takes some 20 seconds of a processor a tier:

    python benchmarks/calibration.py
"""

import argparse
import contextlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

from swapgate.commands import main as swapgate
from swapgate.project.manifest import read_manifest

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"


def calibrated(tier: str, runs: int) -> dict[str, Any]:
    """Return the facts of one tier; the command must succeed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = swapgate(["calibrate", tier, "--runs", str(runs), "--models", str(MODELS), "--json"])
    if status:
        raise SystemExit(status)
    facts: dict[str, Any] = json.loads(said.getvalue())
    return facts


def main() -> None:
    """Measure, print and write benchmarks/calibration.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    os.chdir(ROOT)
    tiers = [f"{task}.{tier}" for task, rows in read_manifest(MODELS).rows.items() for tier in rows]
    found, shared = [], {}
    for tier in tiers:
        start = time.perf_counter()
        facts = calibrated(tier, runs)
        print(f"{tier} {time.perf_counter() - start:.1f} s  {facts['line']}", flush=True)
        shared = {name: facts.pop(name) for name in ("surroundings", "seed")}
        found.append(facts)
    head = {"command": f"python benchmarks/calibration.py --runs {runs}", "cores": os.cpu_count(), **shared}
    Path(__file__).with_suffix(".json").write_text(pretty({**head, "tiers": found}) + "\n")


def pretty(value: Any, indent: str = "") -> str:
    """Write JSON with what holds only scalars on a line."""
    inner = f"{indent}  "
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(part, dict | list) for part in parts):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(name)}: {pretty(part, inner)}" for name, part in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + pretty(part, inner) for part in value) + f"\n{indent}]"


if __name__ == "__main__":
    main()
