"""How far each model of the zoo is from itself, and the tolerance that follows: what `swapgate calibrate` says of all.

It takes some 20 seconds of a processor a tier; with names of suites only theirs are measured anew:

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
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    os.chdir(ROOT)
    path, rows = Path(__file__).with_suffix(".json"), read_manifest(MODELS).rows
    kept = json.loads(path.read_text())["tiers"] if options.suites else []
    found = {(one["task"], one["tier"]): one for one in kept}
    for suite, tier in ((one, tier) for one in options.suites or rows for tier in rows[one]):
        start = time.perf_counter()
        found[suite, tier] = facts = calibrated(f"{suite}.{tier}", options.runs)
        print(f"{suite}.{tier} {time.perf_counter() - start:.1f} s  {facts['line']}", flush=True)
    tiers = [found[suite, tier] for suite in rows for tier in rows[suite] if (suite, tier) in found]
    head = {"command": f"python benchmarks/calibration.py --runs {options.runs}", "cores": os.cpu_count()}
    path.write_text(pretty({**head, "tiers": tiers}) + "\n")


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
