"""Goldens: what the accepted model said, a file a tier, and the syrupy extension that reads and writes them."""

import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import filelock
from syrupy.data import Snapshot, SnapshotCollection, SnapshotCollections
from syrupy.extensions.base import AbstractSyrupyExtension

from swapgate.compare import Mismatch, Tolerance, check_drift, check_swap
from swapgate.faults import InputFault
from swapgate.files import write_whole
from swapgate.predictions import KINDS, Kind, from_json

FORMAT = 1
USER = getattr(os, "getuid", int)()
LOCK_TIMEOUT = 60
"""Seconds to wait for another process that writes the same golden."""


def golden_path(root: Path, manifest: str, task: str, tier: str) -> Path:
    """Say where the golden of a tier is."""
    return root / "golden" / manifest / task / f"{tier}.json"


def read_golden(path: Path) -> dict[str, dict[str, Any]]:
    """Read a golden: from case id to its entry, each entry with the stamp of who made it. Empty where there is none.

    Raises InputFault where the file is not a golden.
    """
    restore = f"restore it with: git checkout -- {path}"
    try:
        status = path.stat()
        if not path.is_file():
            raise InputFault(f"{path}: not a file; remove it and {restore}")
        return _read_golden(path, status.st_mtime_ns, status.st_size)
    except FileNotFoundError:
        return {}
    except (OSError, RecursionError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); {restore}") from error


@functools.lru_cache(maxsize=64)
def _read_golden(path: Path, _mtime: int, _size: int) -> dict[str, dict[str, Any]]:
    text = path.read_text(encoding="utf-8", errors="replace")
    restore = f"restore it with: git checkout -- {path}"
    if "<<<<<<<" in text:
        raise InputFault(f"{path}: holds merge-conflict markers; resolve the conflict or {restore}")
    try:
        golden = json.loads(text)
        if golden["format"] != FORMAT:
            raise ValueError(f"its format is {golden['format']}, this version reads {FORMAT}")
        entries = {case: {"made_by": golden["made_by"], **entry} for case, entry in golden["cases"].items()}
        for entry in entries.values():
            Tolerance(**entry["made_by"]["tolerance"])
            for value in (entry["made_by"]["digest"], entry["made_by"]["model"], entry["input"]):
                if not isinstance(value, str):
                    raise TypeError(f"{value!r} is no text")
            from_json(_kind(entry).prediction, entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputFault(f"{path}: not a golden ({type(error).__name__}: {error}); {restore}") from error
    return entries


def write_golden(path: Path, changes: dict[str, dict[str, Any] | None]) -> None:
    """Write the changed entries (None removes a case) into a golden, atomically and one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        entries: dict[str, dict[str, Any] | None] = {**read_golden(path), **changes}
        kept = {case: entry for case, entry in sorted(entries.items()) if entry is not None}
        if not kept:
            path.unlink(missing_ok=True)
            return
        write_whole(path, _dumps(kept))


def stale(path: Path, digest: str) -> str | None:
    """Name the model that made a golden where it is not the one with this digest; None where it is, or no golden is."""
    others = [entry["made_by"]["model"] for entry in read_golden(path).values() if entry["made_by"]["digest"] != digest]
    return others[0] if others else None


def differences(received: dict[str, Any], stored: dict[str, Any]) -> list[Mismatch]:
    """Compare a received entry with the stored one, as drift or as a swap; the tighter of both tolerances holds."""
    now, then = (Tolerance(**entry["made_by"]["tolerance"]) for entry in (received, stored))
    tolerance = now.tighter(then)
    kind = _kind(received)
    actual, golden = from_json(kind.prediction, received), from_json(kind.prediction, stored)
    if received["input"] != stored["input"]:
        return [Mismatch("input", "the input was changed since the golden was recorded")]
    if is_swap(received, stored):
        return check_swap(actual, golden, from_json(kind.expected, received["expected"]), tolerance)
    return check_drift(actual, golden, tolerance)


def _kind(entry: dict[str, Any]) -> Kind:
    return KINDS[entry["made_by"]["task"]]


def is_swap(received: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Tell whether an entry was made by another model than the stored one."""
    return bool(received["made_by"]["digest"] != stored["made_by"]["digest"])


def is_accepted(received: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Tell whether the stored entry may stay when goldens are updated: same model, same tolerance, no difference."""
    same = all(received["made_by"][key] == stored["made_by"][key] for key in ("digest", "tolerance"))
    return same and not differences(received, stored)


class GoldenExtension(AbstractSyrupyExtension):
    """Keeps syrupy's snapshots in golden files.

    The item says where its golden is and which case it is (attributes `golden_path` and `golden_case`); the entry
    travels as JSON and brings along how it is to be compared.
    """

    file_extension = "json"
    not_written: ClassVar[dict[str, str]] = {}
    """Goldens that could not be written in this process, with the reason: syrupy writes after the last test."""

    def serialize(self, data: Any, **_: Any) -> str:
        """Give the received entry as JSON."""
        return json.dumps(data)

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        """Tell whether the golden may stay as it is."""
        received, stored = json.loads(serialized_data), json.loads(snapshot_data)
        if received["update"]:
            return is_accepted(received, stored)
        return not differences(received, stored)

    @classmethod
    def get_location(cls, *, test_location: Any, index: Any) -> str:
        """Say where the golden of a test is."""
        return str(test_location.item.golden_path)

    @classmethod
    def matches_test_location(cls, *, test_location: Any, snapshot_location: str) -> bool:
        """Tell syrupy that a golden far from its test is in its place."""
        return bool(str(test_location.item.golden_path) == snapshot_location)

    @classmethod
    def discovery_dirname(cls, *, test_location: Any) -> str:
        """Name no folder: nothing is to be discovered."""
        return ""

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        """Discover nothing, so that syrupy never takes a golden for unused and deletes it; a test finds orphans."""
        return SnapshotCollections()

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> str | None:
        """Give the stored entry as JSON, None where there is none."""
        entry = read_golden(Path(snapshot_location)).get(_case(snapshot_name))
        return None if entry is None else json.dumps(entry)

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        """Give the cases that a golden has."""
        collection = SnapshotCollection(location=snapshot_location)
        for case in read_golden(Path(snapshot_location)):
            collection.add(Snapshot(name=case))
        return collection

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Write the entries of the cases that were selected; the others stay as they are."""
        changes: dict[str, dict[str, Any] | None] = {}
        for snapshot in snapshot_collection:
            entry = json.loads(str(snapshot.data))
            changes[_case(snapshot.name)] = {
                key: value for key, value in entry.items() if key not in ("update", "expected")
            }
        try:
            write_golden(Path(snapshot_collection.location), changes)
        except (OSError, InputFault) as error:
            cls.not_written[snapshot_collection.location] = str(error)

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Remove cases from a golden."""
        write_golden(Path(snapshot_location), {_case(name): None for name in snapshot_names})


def _case(snapshot_name: str) -> str:
    """Take the case id out of a snapshot name such as `test_golden[small-new_york]`."""
    return snapshot_name.partition("[")[2].removesuffix("]").partition("-")[2]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes of this machine from writing the same golden; the lock lies outside the repository."""
    name = hashlib.sha256(f"{USER}:{path.resolve()}".encode()).hexdigest()[:16]
    with filelock.FileLock(Path(tempfile.gettempdir()) / f"swapgate-{name}.lock", timeout=LOCK_TIMEOUT):
        yield


def _dumps(entries: dict[str, dict[str, Any]]) -> str:
    """Write a golden: the stamp that most entries share at its head, another one beside the entry it belongs to."""
    stamps = [json.dumps(entry["made_by"]) for entry in entries.values()]
    head = json.loads(max(sorted(set(stamps)), key=stamps.count))
    cases = {
        case: {key: value for key, value in entry.items() if key != "made_by" or value != head}
        for case, entry in entries.items()
    }
    return _pretty({"format": FORMAT, "made_by": head, "cases": cases}) + "\n"


def _pretty(value: Any, indent: str = "") -> str:
    """Write JSON for reviewing: what holds nothing but scalars stands on one line, except for a stamp."""
    inner = indent + "  "
    if isinstance(value, dict) and ("digest" in value or any(isinstance(item, dict | list) for item in value.values())):
        items = [f"{inner}{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _pretty(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
