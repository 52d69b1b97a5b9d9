"""Rows of the evaluation set that are remembered beside a golden: of the anchor, the tier's first accepted model, and
of the model that is accepted now where that is another.

A file is JSON lines: who was counted, how the anchor was moved, and a line a row: by a digest of its input and accepted
answers what it adds to each figure. So rows that a set gains or loses leave the others comparable.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, ValidationError, with_config
from typing_extensions import TypedDict

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.files import read_text, remove_remains, write_whole
from swapgate.core.tables import adapter
from swapgate.core.wrong import no_json, wrong
from swapgate.goldens.golden import locked, read_golden, restore, without_blanks
from swapgate.goldens.provenance import Provenance
from swapgate.outputs.counts import RIGHT
from swapgate.outputs.prediction import EXACT
from swapgate.statistics.tally import Counted, Tally

FORMAT: Literal[1] = 1
"""Raised when rows are counted in another way."""
LARGEST = 400_000_000
"""Bytes of the largest file that is read."""
ENDINGS = ANCHOR, ACCEPTED = ".anchor.jsonl", ".accepted.jsonl"
"""How the files of the anchor's rows and of the accepted model's are called, behind the tier."""

MOST = 1e12
"""The largest number that is remembered."""
Number = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True)
class Moved:
    """The anchor became another model."""

    __pydantic_config__ = EXACT

    moved: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    """The day."""
    reason: str
    models: tuple[str, str]
    """How the model before and the one after are called."""
    digests: tuple[str, str]
    metric: str
    """The figure that is told first."""
    figures: tuple[float, float] | None
    """Its value before and after, on the rows that both have; null where they have none in common."""
    rows: int
    """How many these are."""


@dataclass(frozen=True)
class Remembered:
    """What a model came to on an evaluation set."""

    made_by: Provenance
    rows: Mapping[str, Counted] = field(repr=False)
    """By the key of a row."""
    history: Sequence[Moved] = ()
    """Of an anchor: how it was moved, the first time first."""


@with_config(EXACT)
class _Head(TypedDict):
    format: int
    made_by: Provenance


@with_config(EXACT)
class _Row(TypedDict):
    row: Digest
    counts: dict[str, Number]
    pairs: NotRequired[list[tuple[str, str, Number]]]
    noted: NotRequired[Any]


def path_of(golden: Path, ending: str) -> Path:
    """Return where rows are remembered beside a tier's golden: those of `ANCHOR`, or of `ACCEPTED`."""
    return golden.with_name(f"{golden.stem}{ending}")


def rows_beside(golden: Path) -> list[Path]:
    """Return where rows may be remembered beside a tier's golden."""
    return [path_of(golden, ending) for ending in ENDINGS]


def read_rows(path: Path) -> Remembered | None:
    """Read a file of rows; None where there is none. Raises InputFault where it is no such file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error}); {restore(path)}") from error
    return _read_rows(path, status.st_mtime_ns, status.st_size, status.st_ino)


@functools.lru_cache(maxsize=64)
def _read_rows(path: Path, *_version: int) -> Remembered:
    number = 0
    try:
        lines = read_text(path, LARGEST).removesuffix("\n").split("\n")
        _check_form(lines)
        head = adapter(_Head).validate_json(lines[0], strict=True)
        if not head["made_by"].digest or head["made_by"].task != path.parent.name:
            raise ValueError(f"its model has no digest, or is not one of {path.parent.name}")
        history, rows = [], {}
        for number, line in enumerate(lines[1:], 2):  # noqa: B007 - told below
            if line.startswith('{"moved"'):
                history.append(_moved(line))
                continue
            row = adapter(_Row).validate_json(line, strict=True)
            if row["row"] in rows:
                raise ValueError(f"{row['row']} stands twice; both sides of a merge may be in it")
            rows[row["row"]] = _counted(row)
        return Remembered(head["made_by"], rows, tuple(history))
    except ValidationError as error:
        fault = f"{path}: holds no remembered rows (line {number or 1}, {wrong(error, 'the line')}); {restore(path)}"
        raise InputFault(fault) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputFault(f"{path}: holds no remembered rows ({no_json(error)}); {restore(path)}") from error


def remembered(made_by: Provenance, tally: Tally) -> Remembered:
    """Return what a model came to, as a file can hold it. Raises SurroundingsFault where its task counts otherwise."""
    rows = {key: row for key, row in zip(tally.keys, tally.counted(), strict=True) if key}
    for name, value in (one for row in rows.values() for one in row.counts.items()):
        pair = isinstance(name, tuple) and len(name) == 2 and all(isinstance(part, str) for part in name)
        if not (pair or isinstance(name, str)) or not 0 <= value <= MOST:
            raise SurroundingsFault(
                f"the task {made_by.task_name} is at fault: a row counts {value:g} for {name!r}, and numbers from 0 to"
                f" {MOST:g} by a name or a pair of labels can be remembered; mend its count"
            )
    try:
        json.dumps([row.noted for row in rows.values()], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SurroundingsFault(
            f"the task {made_by.task_name} is at fault: what its accumulator notes is not JSON ({error}); mend that"
        ) from error
    return Remembered(made_by, rows)


def accepted_rows(golden: Path, partly: bool = False) -> Remembered | None:
    """Return the rows of the model that a golden is of, or `partly` of one that some of its cases are of; None where
    they are not remembered. Raises InputFault.
    """
    digests = {entry.made_by.digest for entry in read_golden(golden).values()}
    digests = digests if partly or len(digests) == 1 else set()
    found = (read_rows(path_of(golden, ending)) for ending in (ACCEPTED, ANCHOR)) if digests - {""} else ()
    return next((one for one in found if one and one.made_by.digest in digests), None)


def digest_of(golden: Path) -> str:
    """Return the digest of the model that a golden is of; empty where it is of none that is known, or of several."""
    digests = {entry.made_by.digest for entry in read_golden(golden).values()}
    return digests.pop() if len(digests) == 1 else ""


def remember(golden: Path, found: Remembered) -> bool:
    """Remember rows beside a golden: those of its first model as the anchor's, of another as those that are accepted.

    What is there of the same model stays, so that nothing creeps; rows are added. Gives whether the golden is this
    model's: else nothing is written. Raises OSError and InputFault, and then leaves what was there.
    """
    with locked(golden.resolve()):
        if digest_of(golden) != found.made_by.digest:
            return False
        places = anchor_path, accepted_path = [path_of(golden, ending) for ending in (ANCHOR, ACCEPTED)]
        anchor, accepted = map(read_rows, places)
        if anchor is None or anchor.made_by.digest == found.made_by.digest:
            _add(anchor_path, anchor, found)
            accepted_path.unlink(missing_ok=True)
        else:
            same = accepted is not None and accepted.made_by.digest == found.made_by.digest
            _add(accepted_path, accepted if same else None, found)
        return True


def move(golden: Path, moved: Moved) -> None:
    """Make the accepted model the anchor. Raises OSError and InputFault, and then leaves what was there."""
    with locked(golden.resolve()):
        anchor, accepted = (read_rows(path_of(golden, ending)) for ending in ENDINGS)
        if not anchor or not accepted or (anchor.made_by.digest, accepted.made_by.digest) != moved.digests:
            raise InputFault(f"{golden}: the rows beside it were written by another run meanwhile; try again")
        _write(path_of(golden, ANCHOR), Remembered(accepted.made_by, accepted.rows, [*anchor.history, moved]))
        path_of(golden, ACCEPTED).unlink()


def text_of(found: Remembered) -> str:
    """Return the text of a file of rows, which is the same for the same rows."""
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in _lines(found))


def _lines(found: Remembered) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "made_by": asdict(found.made_by, dict_factory=without_blanks)}
    yield from map(asdict, found.history)
    for key, counted in sorted(found.rows.items()):
        counts = {name: _short(value) for name, value in counted.counts.items() if isinstance(name, str)}
        pairs = sorted([*name, _short(value)] for name, value in counted.counts.items() if isinstance(name, tuple))
        more = {"pairs": pairs} if pairs else {}
        yield {"row": key, "counts": counts, **more, **({} if counted.noted is None else {"noted": counted.noted})}


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _moved(line: str) -> Moved:
    move: Moved = adapter(Moved).validate_json(line, strict=True)
    if not move.reason.strip():
        raise ValueError(f"it was moved from {move.models[0]} to {move.models[1]} without a reason")
    if move.digests[0] == move.digests[1]:
        raise ValueError(f"it was moved from {move.models[0]} to itself")
    return move


def _counted(row: _Row) -> Counted:
    if row["counts"].get(RIGHT) not in (0, 1):
        raise ValueError(f"{row['row']}: right is neither 0 nor 1")
    pairs = {(right, given): count for right, given, count in row.get("pairs", ())}
    return Counted({**row["counts"], **pairs}, row.get("noted"))


def _add(path: Path, there: Remembered | None, found: Remembered) -> None:
    """Write rows besides those that are there, if there are any more."""
    if there is None:
        _write(path, found)
    elif found.rows.keys() - there.rows.keys():
        _write(path, Remembered(there.made_by, {**found.rows, **there.rows}, there.history))


def _write(path: Path, found: Remembered) -> None:
    place = path.resolve()
    remove_remains(place)
    write_whole(place, text_of(found))


def _check_form(lines: Sequence[str]) -> None:
    """Raise ValueError where a text has no lines, those of a merge, or is of another format."""
    if not lines[0]:
        raise ValueError("it is empty")
    if any(re.match("<<<<<<<|=======|>>>>>>>", line) for line in lines):
        raise ValueError("it holds merge-conflict markers; resolve the conflict")
    form = re.match(r'{"format":\s*(\d+)', lines[0])
    if form and int(form[1]) != FORMAT:
        raise ValueError(f"its format is {form[1]}, this version reads {FORMAT}")
