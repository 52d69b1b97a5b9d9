"""Predictions that wait for a review: what a red run leaves beside the goldens, in files of the same form."""

import os
from collections.abc import Iterable
from pathlib import Path

from swapgate.faults import InputFault
from swapgate.files import make_hidden
from swapgate.golden import Entry, golden_path, read_golden, write_golden
from swapgate.plan import Key, Plan

FOLDER = ".swapgate"
"""Below the project; git does not see it, for it holds a .gitignore of its own."""


def pending_path(root: Path, manifest: str, task: str, tier: str) -> Path:
    """Say where the predictions of a tier wait."""
    return golden_path(root / FOLDER / "pending", manifest, task, tier)


def read_pending(path: Path) -> dict[str, Entry]:
    """Read what waits of a tier. Raises InputFault where that cannot be read."""
    try:
        return read_golden(path)
    except InputFault as fault:
        found = str(fault).partition("; restore it")[0]
        raise InputFault(
            f"{found}; what waits for a review is damaged: remove that file and run pytest again"
        ) from None


def on_ci() -> bool:
    """Tell whether this is a continuous integration, by the variable CI: nothing is ever written there."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def write_pending(plan: Plan) -> str:
    """Write what the tests of this process have found; gives why that was not possible, or nothing."""
    if on_ci() or plan.against:
        return ""
    try:
        for key, entries in plan.pending.items():
            _write(plan, key, entries)
    except (OSError, InputFault) as error:
        return f"what waits for a review could not be written: {error}"
    return ""


def count(plan: Plan, keys: Iterable[Key]) -> int:
    """Count what waits of some tiers, but for cases that are no more. Raises InputFault."""
    found = 0
    for key in keys:
        cases = {case.id for case in plan.models[key].cases.cases}
        found += len(read_pending(pending_path(plan.root, plan.manifest.name, *key)).keys() & cases)
    return found


def _write(plan: Plan, key: Key, entries: dict[str, Entry | None]) -> None:
    path = pending_path(plan.root, plan.manifest.name, *key)
    if not path.exists() and not any(entries.values()):
        return
    make_hidden(plan.root / FOLDER)
    try:
        write_golden(path, entries)
    except InputFault:  # it cannot be read, and is worth no more than what this run has found
        path.unlink()
        write_golden(path, entries)
