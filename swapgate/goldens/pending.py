"""Predictions that wait for a review: what a red run leaves beside the goldens, in files of the same form."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from swapgate.core.faults import InputFault
from swapgate.core.files import make_hidden
from swapgate.goldens.golden import Entry, golden_path, read_golden, write_golden

Key = tuple[str, str]
"""Suite and tier."""
FOLDER = ".swapgate"
"""Below the project; git does not see it, for it holds a .gitignore of its own."""


def pending_path(root: Path, manifest: str, suite: str, tier: str) -> Path:
    """Return where the predictions of a tier wait."""
    return golden_path(root / FOLDER / "pending", manifest, suite, tier)


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
    """Return whether this is a continuous integration, by the variable CI: nothing is ever written there."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def write_pending(root: Path, manifest: str, found: Mapping[Key, Mapping[str, Entry | None]]) -> str:
    """Write what the tests of this process have found; return why that was not possible, or nothing."""
    if on_ci():
        return ""
    try:
        for key, entries in found.items():
            _write(root, pending_path(root, manifest, *key), entries)
    except (OSError, InputFault) as error:
        return f"what waits for a review could not be written: {error}"
    return ""


def count(root: Path, manifest: str, cases: Mapping[Key, Collection[str]]) -> int:
    """Count what waits of some tiers, but for cases that are no more. Raises InputFault."""
    return sum(len(read_pending(pending_path(root, manifest, *key)).keys() & {*known}) for key, known in cases.items())


def _write(root: Path, path: Path, entries: Mapping[str, Entry | None]) -> None:
    if not path.exists() and not any(entries.values()):
        return
    make_hidden(root / FOLDER)
    try:
        write_golden(path, _with_reasons(entries, read_golden(path)))
    except InputFault:  # it cannot be read, and is worth no more than what this run has found
        path.unlink()
        write_golden(path, entries)


def _with_reasons(entries: Mapping[str, Entry | None], there: Mapping[str, Entry]) -> dict[str, Entry | None]:
    """Keep why a reviewer has let something wait, where it is found again."""
    found = {case: (entry, there.get(case)) for case, entry in entries.items()}
    return {
        case: old if new and old and replace(old, reason=None) == new else new for case, (new, old) in found.items()
    }
