"""Evaluation sets: files of rows (id, input, expected) of any size, read one row at a time."""

import functools
import hashlib
import json
import re
from array import array
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, create_model

from swapgate.core.faults import Fault, InputFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr
from swapgate.core.words import listed, nearest
from swapgate.core.wrong import wrong
from swapgate.inputs.pictures import read_image
from swapgate.inputs.sounds import read_sound, stretch
from swapgate.project.reading import FORMATS, NO_COLUMNS, SLICES, Cells, cause, decoded, of_cell, read_rows, renamed
from swapgate.tasks.case import Case, Files, Labelled, MultiLabelled, one_set
from swapgate.tasks.task import Task

FAULTS_TOLD = 5
"""Rows that are not as they should be of which a message tells what is wrong; of more it tells how many."""

last_sound = functools.lru_cache(maxsize=1)(read_sound.__wrapped__)
last_image = functools.lru_cache(maxsize=1)(read_image.__wrapped__)
"""Of an evaluation set only the last file is kept: many rows may be parts of one."""


@dataclass(frozen=True)
class EvaluationSet:
    """The rows on which the quality of a suite's models is measured."""

    path: Path
    task: Task
    labels: frozenset[str]
    """Those that models of the suite give or cases name; empty where there are none."""
    version: tuple[int, int]
    """What the file was when it was found: another is not read, for two models must see the same rows."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Which column of the file holds what a key of a row says, where it is called otherwise."""
    shuffled: bool = False
    """Whether parts of it are taken in an order of their own, so that the first rows may speak for all."""

    def rows(self, chosen: Container[int] | None = None) -> Iterator[Case]:
        """Read it; of each row that is past, eight bytes are kept, which tell an id that stands twice.

        `chosen`: the places of those that are wanted, from 0; the others were read and checked before. Raises
        SurroundingsFault that names the row where one is not as it should be.
        """
        self._check_version()
        ids, number, clustered, named = array("q"), 0, 0, 0
        faults = list[str]()
        try:
            for place, (number, values) in enumerate(read_rows(self.path, self._wanted)):
                if chosen is not None and place not in chosen:
                    continue
                try:
                    row = keyed(self.task, values, self.columns)
                    case = self._case(row, number)
                except InputFault as fault:
                    faults.append(f"row {number}: {fault}")
                    continue
                ids.append(hash(case.id))
                clustered += case.cluster is not None
                named += "id" in row
                if not faults:
                    yield case
        except InputFault as fault:
            self._check_version()
            raise SurroundingsFault(f"{self.path}: {fault}") from fault
        except (OSError, ValueError, RuntimeError) as error:  # pyarrow raises all of them
            self._check_version()
            why = cause(self.path, error)
            raise SurroundingsFault(f"{self.path}: cannot be read after row {number}: {why}") from error
        self._check_version()  # a file that is being written reads like a broken one
        if faults:
            raise SurroundingsFault(_counted(self.path, faults, len(faults) + len(ids)))
        if not number:
            raise SurroundingsFault(f"{self.path}: holds no rows; give a file with some")
        for what, count in (("a cluster", clustered), ("an id", named)):
            if 0 < count < len(ids):
                raise SurroundingsFault(
                    f"{self.path}: {count} of {len(ids)} rows have {what}; give each row one, or none"
                )
        if named:
            self._check_ids(ids)

    @property
    def _wanted(self) -> list[str]:
        return [*_shape(self.task).model_fields, *self.columns.values()]

    @functools.cached_property
    def count(self) -> int:
        """How many rows there are, each of them read and checked. Raises SurroundingsFault as `rows` does."""
        return sum(1 for _ in self.rows()) if not self.shuffled else len(self._order)

    @functools.cached_property
    def _order(self) -> Any:
        """The places of all rows in the set's own order, that of digests of their ids: an array of shape (rows,)."""
        import numpy as np

        digests = (hashlib.sha256(row.id.encode(errors="surrogatepass")).digest() for row in self.rows())
        return np.argsort(np.array([int.from_bytes(one[:8]) for one in digests], dtype=np.uint64), kind="stable")

    def part(self, start: int, stop: int) -> Iterator[Case]:
        """Yield those rows that are from `start` to before `stop` in the order in which parts are taken, as they lie in
        the file. Raises SurroundingsFault as `rows` does.
        """
        chosen = self._order[start:stop].tolist() if self.shuffled else range(start, stop)
        return self.rows(None if len(chosen) == self.count else {*chosen})

    def _case(self, values: Mapping[str, Any], number: int) -> Case:
        _, case = checked(self.task, values, number, self.path.parent)
        unknown = {*case.labels} - self.labels if self.labels else ()
        if unknown:
            raise InputFault(
                f"{case.id!r}: expected: no model and no case knows the label {min(unknown)!r}; write one of:"
                f" {listed(sorted(self.labels))}"
            )
        return case

    def _check_version(self) -> None:
        if _version(self.path) != self.version:
            raise SurroundingsFault(f"{self.path} was written since the run began; run again")

    def _check_ids(self, hashes: Sequence[int]) -> None:
        """Raise SurroundingsFault for an id that stands twice: rows that count twice make a verdict too sure."""
        import numpy as np

        found, times = np.unique(np.array(hashes), return_counts=True)
        twice = {*found[times > 1].tolist()}
        seen: dict[str, int] = {}
        for number, values in read_rows(self.path, ["id", *self.columns.values()]) if twice else ():
            name = keyed(self.task, values, self.columns)["id"]
            if name in seen:
                raise SurroundingsFault(
                    f"{self.path}, row {number}: {name!r} is also the id of row {seen[name]}; remove one of them, or"
                    " give it another id"
                )
            if hash(name) in twice:
                seen[name] = number


def _counted(path: Path, faults: Sequence[str], rows: int) -> str:
    """Return what is wrong with the first of some rows, and of how many something is."""
    if len(faults) == 1:
        return f"{path}, {faults[0]}"
    first = f", the first {FAULTS_TOLD}" if len(faults) > FAULTS_TOLD else ""
    lack = re.search(r"(?:^|: )(\w+): missing; ", faults[0]) if len(faults) == rows else None
    hint = f'; where it is called otherwise: columns = {{ {lack[1]} = "COLUMN" }} in the suite\'s table' if lack else ""
    return f"{path}: {len(faults):,} of {rows:,} rows are wrong{first}: {' · '.join(faults[:FAULTS_TOLD])}{hint}"


def check_columns(columns: Mapping[str, str], task: Task) -> None:
    """Make sure that `columns` names keys of a row. Raises InputFault."""
    keys = [*_shape(task).model_fields]
    for key in columns:
        if key not in keys and not (key.startswith(SLICES) and key != SLICES):
            raise InputFault(f"columns.{key}: no key of a row of {task.name}{nearest(key, [*keys, 'slices.NAME'])}")


def find_set(path: Path, task: Task, labels: frozenset[str], columns: Mapping[str, str] = NO_COLUMNS) -> EvaluationSet:
    """Return the evaluation set of a file. Raises InputFault where there is none, or its first row is wrong."""
    if path.suffix not in FORMATS:
        *most, last = FORMATS
        raise InputFault(f"{path}: an evaluation set is a file {', '.join(most)} or {last}; convert it")
    if not path.is_file():
        raise InputFault(f"no evaluation set {path}; give the path of a file")
    try:
        found = EvaluationSet(path, task, labels, _version(path), columns)
        next(found.rows())
    except Fault as fault:
        raise InputFault(str(fault)) from fault
    return found


PLACEHOLDERS: tuple[Any, ...] = ([], "x", ["x"])
"""Right answers of some kind of task, in place of those that rows without labels have not."""


def unlabelled(path: Path, task: Task, columns: Mapping[str, str] = NO_COLUMNS) -> Iterator[Case]:
    """Read rows that have an input and no right answer. Raises InputFault that names the row."""
    shape, ids = _shape(task), set[str]()
    try:
        for number, line in read_rows(path, [*shape.model_fields, *columns.values()]):
            try:
                case = without_answer(task, keyed(task, line, columns), number, path.parent)
            except InputFault as fault:
                raise InputFault(f"{path}, row {number}: {fault}") from fault
            if case.id in ids:
                raise InputFault(f"{path}, row {number}: {case.id!r} stands twice; give it another id")
            ids.add(case.id)
            yield case
    except (OSError, ValueError, RuntimeError) as error:  # pyarrow raises all of them
        raise InputFault(f"{path}: cannot be read: {cause(path, error)}") from error
    if not ids:
        raise InputFault(f"{path}: holds no rows; give some with an id and an input")


def without_answer(task: Task, values: Mapping[str, Any], number: int, folder: Path) -> Case:
    """Return a row that has no right answer as a case; the files that it names are in a folder. Raises InputFault."""
    faults = []
    for placeholder in PLACEHOLDERS:
        try:
            return checked(task, {**values, "expected": placeholder}, number, folder)[1]
        except InputFault as fault:
            faults.append(fault)
    raise next((fault for fault in faults if "expected" not in str(fault)), faults[0])


def _as_row(case: Case, row: Any) -> Case:
    """Return a case as the part of its file that a row is, in the row's cluster and slices."""
    slices = {**row.slices, **({"slice": row.slice} if row.slice else {})}
    case = replace(case, cluster=row.cluster, slices=slices)
    if isinstance(row, _PartOfSound):
        return replace(case, read=lambda path: stretch(last_sound(path), row.start, row.end))
    if isinstance(row, _PartOfPicture):
        return replace(case, read=lambda path: _cut(last_image(path), row.box))
    return case


class _Grouped(BaseModel):
    cluster: NonEmptyStr | None = None
    """Names the rows that depend on one another: sentences of a document, utterances of a speaker."""
    slices: dict[NonEmptyStr, NonEmptyStr] = Field(default_factory=dict)
    """By key what the row is one of: { language = "de", source = "app" }."""
    slice: NonEmptyStr | None = None
    """Short for slices with the one key "slice"."""


class _PartOfSound(BaseModel):
    start: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Where the row's part begins, in seconds."""
    end: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class _PartOfPicture(BaseModel):
    box: Annotated[list[int], Field(min_length=4, max_length=4)] | None = None
    """Left, top, right and bottom edge of the row's part, in pixels."""


@functools.cache
def _shape(task: Task) -> Any:
    """Return the shape of a task's rows: that of its cases, with ids of any kind."""
    shape = task.row or task.case
    parts = [part for key, part in (("audio", _PartOfSound), ("image", _PartOfPicture)) if key in shape.model_fields]
    return create_model("EvaluationRow", __base__=(shape, *parts, _Grouped), id=(NonEmptyStr, ...))


def keyed(task: Task, values: Any, columns: Mapping[str, str] = NO_COLUMNS) -> dict[str, Any]:
    """Return a row of a file by the keys of a task's rows; other columns are passed over, numbers are ids and labels.

    Raises InputFault where it is no row.
    """
    shape, row = _shape(task), renamed(decoded(values), columns)
    found = {key: _without_nulls(row[key]) for key in shape.model_fields if key in row}
    if isinstance(values, Cells):
        kinds = {key: field.annotation for key, field in shape.model_fields.items()}
        found = {key: of_cell(one, kinds[key]) if isinstance(one, str) else one for key, one in found.items()}
    named = {"id", "expected"} if issubclass(shape, Labelled | MultiLabelled) else {"id"}
    return {key: _named(value) if key in named else value for key, value in found.items()}


def checked(task: Task, values: Mapping[str, Any], number: int, folder: Path) -> tuple[Any, Case]:
    """Return a row as its table and as a case; the files that it names are in a folder. Raises InputFault."""
    row = _validated(_shape(task), values, number)
    where = f"{row.id!r}"
    return row, _as_row(task.case_of(one_set(row, None, where), Files(folder), where), row)


def keys_of(task: Task) -> dict[str, Any]:
    """Return the keys of a task's rows, with their fields as pydantic has them."""
    return {**_shape(task).model_fields}


def _named(value: Any) -> Any:
    """Return a number as a name."""
    if isinstance(value, list):
        return [_named(one) for one in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _validated(shape: Any, row: Mapping[str, Any], number: int) -> Any:
    """Check a row; one without an id is called by its number and a digest of its input. Raises InputFault."""
    try:
        return shape.model_validate({"id": row.get("id") or _unnamed(row, number), **row})
    except ValidationError as error:
        name = f"{row['id']!r}: " if isinstance(row.get("id"), str) else ""
        raise InputFault(f"{name}{wrong(error, 'the row')}; mend the row") from error


UNNAMED = re.compile("[0-9]+-[0-9a-f]{8}")
"""How a row without an id is called."""


def _unnamed(row: Mapping[str, Any], number: int) -> str:
    said = json.dumps({**row, "expected": None}, sort_keys=True, default=str).encode()
    return f"{number}-{hashlib.sha256(said).hexdigest()[:8]}"


def _without_nulls(value: Any) -> Any:
    """Take out of nested tables what is null: Parquet has each key in each row."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _version(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written anew. Raises SurroundingsFault."""
    try:
        status = path.stat()
    except OSError as error:
        raise SurroundingsFault(f"{path}: cannot be read ({error}); give a file that can") from error
    return status.st_mtime_ns, status.st_size


def _cut(picture: Any, box: Sequence[int] | None) -> Any:
    """Return the part of a picture inside a box. Raises SurroundingsFault where the picture ends before."""
    if box is None:
        return picture
    left, top, right, bottom = box
    width, height = picture.size
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise SurroundingsFault(f"box = {box} is no part of a picture of {width} × {height} pixels; mend the box")
    return picture.crop((left, top, right, bottom))
