"""Goldens: what the accepted model said, a file a tier, and what another prediction differs from it in."""

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NotRequired

from pydantic import TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from swapgate.core.faults import InputFault
from swapgate.core.files import check_keys, make_hidden, remove_remains, write_whole
from swapgate.core.garbage import no_search
from swapgate.core.tables import adapter
from swapgate.core.words import nearest
from swapgate.core.wrong import no_json, wrong
from swapgate.goldens.provenance import Provenance, is_other, tighter_tolerance
from swapgate.models.loading import Source
from swapgate.outputs import (
    Mismatch,
    Tolerance,
    check_drift,
    check_expected,
    check_recorded,
    check_swap,
    invalid,
    near_ties,
)
from swapgate.outputs.prediction import EXACT, Expected, Prediction, is_whole, to_json
from swapgate.outputs.tolerance import DEVICES
from swapgate.tasks import find_task, tasks
from swapgate.tasks.case import Case
from swapgate.tasks.task import Task

FORMAT = 2
HOLE = re.compile(rb'"(margin|edge)":\s*null')  # of a prediction that was recorded elsewhere
LEFT_OUT = ("recorded_elsewhere", "files", "kind", "backend", *DEVICES)
"""Keys that are left out where they say nothing."""
LOCKS = ".lock"  # folder of the locks of the goldens beside it
LOCK_TIMEOUT = 60
"""Seconds to wait for another process that writes the same golden."""


class _Kind(TypedDict):
    kind: NotRequired[str | None]


class _Head(TypedDict):
    made_by: dict[str, _Kind]


"""What tells the task of a golden; everything else is passed over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a model said about one case."""

    made_by: Provenance
    input: str
    """Digest of the input."""
    expected: str
    """Digest of the expected answer."""
    prediction: Prediction
    first: Prediction | None = None
    """What these weights said when they were first accepted; None where that is what stands in `prediction`."""
    reason: str | None = None
    """Why a reviewer accepted it, or let it wait; None where nobody said."""

    def is_of(self, case: Case) -> bool:
        """Return whether it is of this input and this expected answer. Raises Fault where the input cannot be read."""
        return (self.input, self.expected) == (case.input_digest, case.expected_digest)


def record_line(suite: str, tier: str, rows: bool = False) -> str:
    """Return what records a tier's goldens, and remembers its `rows` too; marks are exact, where -k would also take
    names that contain the tier's.
    """
    which = f"{suite} and {tier}{'' if rows else ' and not quality'} and not latency"  # no golden is of these
    return f'pytest -m "{which}" --snapshot-update'


def golden_path(root: Path, manifest: str, suite: str, tier: str) -> Path:
    """Return where the golden of a tier is."""
    return root / "golden" / manifest / suite / f"{tier}.json"


def read_golden(path: Path) -> dict[str, Entry]:
    """Read a golden: from case id to its entry. Empty where there is none. Raises InputFault where it is no golden."""
    try:
        status = path.stat()
        if not path.is_file():
            raise InputFault(f"{path}: not a file; remove it and {restore(path)}")
        return _read_golden(path, status.st_mtime_ns, status.st_size, status.st_ino)
    except FileNotFoundError:
        return {}
    except (OSError, RecursionError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); {restore(path)}") from error


@functools.lru_cache(maxsize=64)
def _read_golden(path: Path, *_version: int) -> dict[str, Entry]:
    content = path.read_bytes()
    try:
        form = re.search(rb'"format"\s*:\s*(-?\d+)', content)
        if form and int(form[1]) != FORMAT:  # before its fields, which are others
            raise ValueError(f"its format is {int(form[1])}, this version reads {FORMAT}: remove and record it")
        with no_search():
            return _entries(content, path.parent.name)
    except ValidationError as error:
        if re.search(rb"^(<<<<<<<|=======|>>>>>>>)", content, re.MULTILINE):
            fault = f"{path}: holds merge-conflict markers; resolve the conflict or {restore(path)}"
            raise InputFault(fault) from error
        raise InputFault(f"{path}: not a golden ({wrong(error)}); {restore(path)}") from error
    except (ValueError, KeyError) as error:
        raise InputFault(f"{path}: not a golden ({no_json(error)}); {restore(path)}") from error


def _entries(content: bytes, suite: str) -> dict[str, Entry]:
    kind = _kind(content, suite)
    prediction: Any = kind.output.prediction
    golden = _shape(prediction).validate_json(content, strict=True)
    check_keys(content)
    stamps = golden["made_by"]
    for stamp in stamps.values():
        if stamp.task != suite:
            raise ValueError(f"it is one of {stamp.task}")
        if stamp.task_name not in kind.names:
            raise ValueError(f"it is one of {stamp.task_name} and of {kind.name}")
        if stamp.recorded_elsewhere and stamp.digest:
            raise ValueError("a stamp has a digest and says that it was recorded elsewhere")
    found, holes = {}, HOLE.search(content)
    for case, entry in golden["cases"].items():
        if entry["made_by"] not in stamps:
            raise ValueError(f"cases.{case}.made_by: nothing stands under made_by.{entry['made_by']}")
        made_by = stamps[entry["made_by"]]
        whole = made_by.backend is None
        if holes and made_by.recorded_elsewhere is None and whole and not is_whole(entry["prediction"]):
            raise ValueError(f"cases.{case}.prediction: a margin is null; only figures from elsewhere may lack one")
        first = entry.get("first")
        if first and (invalid(first) or (whole and not is_whole(first))):
            raise ValueError(f"cases.{case}.first: {', '.join(map(str, invalid(first))) or 'a margin is null'}")
        found[case] = Entry(made_by, entry["input"], entry["expected"], entry["prediction"], first, entry.get("reason"))
    if content.count(b'"prediction":') > len(found):  # also in a file that is too large for check_keys
        raise ValueError("a case or its prediction stands twice; both sides of a merge may be in it")
    return found


@functools.cache
def _shape(prediction: Any) -> TypeAdapter[Any]:
    """Return the shape of golden files with predictions of a type; unknown keys are errors."""
    typed_dict: Any = TypedDict  # of keys that no type checker can know
    parts = {
        **{"made_by": str, "input": str, "expected": str, "prediction": prediction},
        **{"first": NotRequired[prediction], "reason": NotRequired[str]},
    }
    entry = with_config(EXACT)(typed_dict("entry", parts))
    whole = {"format": int, "made_by": dict[str, Provenance], "cases": dict[str, entry]}  # type: ignore[valid-type]
    return TypeAdapter(with_config(EXACT)(typed_dict("whole", whole)))


def _kind(content: bytes, suite: str) -> Task:
    """Return the task of a golden: that which its stamps name, else the one that its suite is called like."""
    if b'"kind"' not in content and suite in tasks():
        return tasks()[suite]
    stamps = adapter(_Head).validate_json(content)["made_by"].values()
    name = next((str(stamp["kind"]) for stamp in stamps if stamp.get("kind")), suite)
    if name == suite and suite not in tasks():
        raise ValueError(f"made_by says no kind, which is the task of a suite called {suite!r}")
    try:
        return find_task(name)
    except KeyError:
        raise ValueError(f"it is of the task {name!r}, which is not known{nearest(name, tasks())}") from None


def entry_from_json(data: dict[str, Any]) -> Entry:
    """Return an entry from what `dataclasses.asdict` made of it, also by way of JSON."""
    made_by: Provenance = adapter(Provenance).validate_python(data["made_by"])
    kind: Any = find_task(made_by.task_name).output.prediction
    prediction: Any = adapter(kind)
    first = data["first"] and prediction.validate_python(data["first"])
    return Entry(
        made_by, data["input"], data["expected"], prediction.validate_python(data["prediction"]), first, data["reason"]
    )


def write_golden(path: Path, changes: Mapping[str, Entry | None]) -> None:
    """Write the changed entries (None removes a case) into a golden, atomically and one process at a time.

    Raises OSError and InputFault, and then leaves what was there.
    """
    place = path.resolve()  # of a link the file that it leads to
    with locked(place):
        remove_remains(place)
        there = _read_golden.__wrapped__(path) if path.exists() else {}
        kept = {case: entry for case, entry in sorted({**there, **changes}.items()) if entry is not None}
        if not kept:
            path.unlink(missing_ok=True)
        elif kept != there:
            write_whole(place, _dumps(kept))


def differences(received: Entry, stored: Entry, right: Expected) -> list[Mismatch]:
    """Compare with the stored entry, as drift or as a swap; the tighter of both tolerances holds."""
    if received.input != stored.input:
        return [Mismatch("input", "the input was changed since the golden was recorded")]
    tolerance = tighter_tolerance(received.made_by, stored.made_by)
    if is_swap(received, stored):
        was_right = not check_expected(stored.prediction, right)  # what both get wrong otherwise is no loss
        found = check_swap(received.prediction, stored.prediction, right, tolerance) if was_right else []
    elif stored.made_by.recorded_elsewhere:
        found = check_recorded(received.prediction, stored.prediction, _widened(tolerance, stored))
    else:
        found = check_drift(received.prediction, stored.prediction, tolerance)
    if received.expected != stored.expected:
        found.insert(0, Mismatch("expected", "the expected answer was changed since the golden was recorded"))
    return found


def ties(received: Entry, stored: Entry) -> list[Mismatch]:
    """Return the near ties that fell the other way since the golden was recorded."""
    if is_swap(received, stored):
        return []
    tolerance = tighter_tolerance(received.made_by, stored.made_by)
    if stored.made_by.recorded_elsewhere:
        return near_ties(received.prediction, stored.prediction, _widened(tolerance, stored), recorded=True)
    return near_ties(received.prediction, stored.prediction, tolerance)


def accumulated(received: Entry, stored: Entry) -> list[Mismatch]:
    """Return by how much the same weights differ from what they said when they were first accepted, if too much.

    The tighter tolerance holds, of the golden and of the one that is about to be accepted. Figures from elsewhere are
    what the weights first said.
    """
    if stored.made_by.recorded_elsewhere and not is_swap(received, stored) and received.input == stored.input:
        tolerance = _widened(tighter_tolerance(received.made_by, stored.made_by), stored)
        return check_recorded(received.prediction, stored.prediction, tolerance)
    first = _first(received, stored)
    if first is None:
        return []
    tolerance = tighter_tolerance(received.made_by, stored.made_by)
    return check_drift(received.prediction, first, tolerance, reference="first accepted")


def updated(received: Entry, stored: Entry | None, right: Expected) -> Entry:
    """Return what stands in the golden once a prediction is accepted: the stored entry where nothing is to change.

    Figures from elsewhere always give way: what this suite records holds all of a prediction, and a digest.
    """
    first = _first(received, stored) if stored else None
    if stored is None or first is None or invalid(first):  # the last: edited by hand
        return received
    if not differences(received, stored, right):
        if received.made_by.tolerance == stored.made_by.tolerance:
            return stored
        return replace(stored, made_by=replace(stored.made_by, tolerance=received.made_by.tolerance))
    return replace(received, first=None if to_json(first) == to_json(received.prediction) else first)


def _first(received: Entry, stored: Entry) -> Prediction | None:
    """Return what the weights said when they were first accepted for this input; None where they never were."""
    first = stored.first or stored.prediction
    another = is_swap(received, stored) or stored.made_by.recorded_elsewhere
    return None if another or received.input != stored.input else first


def is_swap(received: Entry, stored: Entry) -> bool:
    """Return whether an entry was made by another model than the stored one."""
    return is_other(received.made_by, stored.made_by)


def stale(path: Path, suite: str, source: Source) -> Provenance | None:
    """Return who made a golden where that is another model; None where it is not, or no golden is.

    Raises SurroundingsFault where the model's files cannot be read.
    """
    row = source.row
    now = Provenance(suite, source.name, source.commit, row.variant, row.dtype, source.digest, row.tolerance, {})
    others = (entry.made_by for entry in read_golden(path).values() if is_other(now, entry.made_by))
    return next(others, None)


def loosened(path: Path, tolerance: Tolerance) -> list[str]:
    """Word in what a tolerance is looser than the one that a golden was accepted with."""
    accepted = {id(entry.made_by): entry.made_by.tolerance for entry in read_golden(path).values()}
    return list(dict.fromkeys(words for one in accepted.values() for words in tolerance.looser(one)))


def _widened(tolerance: Tolerance, stored: Entry) -> Tolerance:
    elsewhere = stored.made_by.recorded_elsewhere
    return elsewhere.widened(tolerance, stored.prediction) if elsewhere else tolerance


def restore(path: Path) -> str:
    """Return what brings back what git has of a file."""
    return f"restore it with: git checkout -- {path}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep others from writing the same golden, and what stands beside it: a lock, which git does not see."""
    import filelock  # only where goldens are written

    lock = make_hidden(path.parent / LOCKS) / f"{path.stem}.lock"
    with filelock.FileLock(lock, timeout=LOCK_TIMEOUT, mode=0o664):  # others of the group may write goldens too
        yield


def _dumps(entries: Mapping[str, Entry]) -> str:
    """Write a golden: the stamps that its entries name, then the entries. What one entry says depends on no other."""
    stamps: dict[str, Any] = {}
    names: dict[Any, str] = {}
    cases = {}
    for case, entry in entries.items():
        made_by = entry.made_by
        one = tuple({**vars(made_by), "surroundings": tuple(made_by.surroundings.items())}.values())
        if one not in names:
            stamp = asdict(made_by, dict_factory=without_blanks)
            names[one] = hashlib.sha256(json.dumps(stamp).encode()).hexdigest()[:8]
            stamps[names[one]] = stamp
        first = {"first": to_json(entry.first)} if entry.first else {}
        reason = {"reason": entry.reason} if entry.reason else {}
        cases[case] = {
            "made_by": names[one],
            "input": entry.input,
            "expected": entry.expected,
            "prediction": to_json(entry.prediction),
            **first,
            **reason,
        }
    return _pretty({"format": FORMAT, "made_by": dict(sorted(stamps.items())), "cases": cases}) + "\n"


def without_blanks(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Leave out of a stamp what few of them have."""
    return {key: value for key, value in pairs if value is not None or key not in LEFT_OUT}


def _pretty(value: Any, indent: str = "") -> str:
    """Write JSON for reviewing: what holds nothing but scalars and short lists stands on one line, but for a stamp."""
    inner = indent + "  "
    if isinstance(value, dict) and ("digest" in value or not all(map(_flat, value.values()))):
        items = [f"{inner}{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and not _flat(value):
        return "[\n" + ",\n".join(inner + _pretty(item, inner) for item in value) + f"\n{indent}]"
    return _line(value)


_line = json.JSONEncoder(ensure_ascii=False).encode


def _flat(value: Any) -> bool:
    """Return whether a value is a scalar or a list of scalars."""
    return not isinstance(value, dict) and not (
        isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    )
