"""The syrupy extension: it carries entries between the suite's tests and golden files, and never judges."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from syrupy.data import Snapshot, SnapshotCollection, SnapshotCollections
from syrupy.extensions.base import AbstractSyrupyExtension

from swapgate.core.faults import InputFault
from swapgate.core.files import write_whole
from swapgate.goldens.golden import entry_from_json, read_golden, write_golden

BETWEEN = "\0"
"""Between test and case in a snapshot's name: no test id holds it, for pytest escapes it."""
LEFT = ".golden"
"""How the files end that workers leave."""


class GoldenExtension(AbstractSyrupyExtension):
    """Keeps syrupy's snapshots in golden files.

    The item says where its golden is and of which case (attributes `golden_path` and `golden_case`); the data are the
    entry to write, or None for a case to remove, and whether the stored one may stay, as `Golden` of
    `swapgate.plugin.checks` has found.
    """

    file_extension = "json"
    not_written: ClassVar[dict[str, str]] = {}
    """Goldens that could not be written in this process, with the reason: syrupy writes after the last test."""
    left_in: ClassVar[Path | None] = None
    """In a worker of pytest-xdist: where it leaves what is to be written, so that a golden is written once a run."""

    def serialize(self, data: Any, **_: Any) -> str:
        """Return the entry to write, and whether the stored one may stay, as JSON."""
        entry, may_stay = data
        return json.dumps([may_stay, asdict(entry) if entry else None])

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        """Return whether the golden may stay as it is."""
        return bool(json.loads(serialized_data)[0])

    @classmethod
    def get_location(cls, *, test_location: Any, index: Any) -> str:
        """Return where the golden of a test is."""
        return str(test_location.item.golden_path)

    @classmethod
    def get_snapshot_name(cls, *, test_location: Any, index: Any = 0) -> str:
        """Name the test, as syrupy wants it, and its case, whichever of its asserts it is."""
        return f"{test_location.snapshot_name}{BETWEEN}{test_location.item.golden_case}"

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
        """Tell syrupy whether there is a golden of the case; what it says is compared elsewhere."""
        return "" if _case(snapshot_name) in read_golden(Path(snapshot_location)) else None

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        """Return the cases that a golden has."""
        collection = SnapshotCollection(location=snapshot_location)
        for case in read_golden(Path(snapshot_location)):
            collection.add(Snapshot(name=case))
        return collection

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Write or remove the cases that were selected; the others stay as they are."""
        location = snapshot_collection.location
        changes = {_case(snapshot.name): json.loads(str(snapshot.data))[1] for snapshot in snapshot_collection}
        if cls.left_in is None:
            cls._write(location, changes)
            return
        name = f"{os.getpid()}-{Path(location).parent.name}-{Path(location).stem}{LEFT}"
        try:
            write_whole(cls.left_in / name, json.dumps([location, changes]))
        except OSError as error:
            cls.not_written[location] = str(error)

    @classmethod
    def write_left(cls, folder: Path) -> None:
        """Write what the workers of pytest-xdist have left in a folder, each golden at once."""
        whole: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.glob(f"*{LEFT}")):
            location, changes = json.loads(path.read_text(encoding="utf-8"))
            whole.setdefault(location, {}).update(changes)
        for location, changes in whole.items():
            cls._write(location, changes)

    @classmethod
    def _write(cls, location: str, changes: dict[str, Any]) -> None:
        try:
            write_golden(Path(location), {case: entry and entry_from_json(entry) for case, entry in changes.items()})
        except (OSError, InputFault) as error:
            cls.not_written[location] = str(error)

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Remove cases from a golden."""
        write_golden(Path(snapshot_location), dict.fromkeys(map(_case, snapshot_names)))


def _case(snapshot_name: str) -> str:
    return snapshot_name.partition(BETWEEN)[2]
