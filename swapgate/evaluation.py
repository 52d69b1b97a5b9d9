"""Evaluation sets: files of rows (id, input, expected) of any size, read one row at a time."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from swapgate.cases import TASKS, Case, Words
from swapgate.faults import Fault, InputFault, SurroundingsFault
from swapgate.inputs import read_image, read_sound, stretch
from swapgate.predictions import Expected

FORMATS = (".jsonl", ".parquet")
MOST_WORDS = 1_000_000
"""Of a summary whose row gives only a reference: its length is not judged."""

last_sound = functools.lru_cache(maxsize=1)(read_sound.__wrapped__)
last_image = functools.lru_cache(maxsize=1)(read_image.__wrapped__)
"""Of an evaluation set only the last file is kept: many rows may be parts of one."""


@dataclass(frozen=True)
class EvaluationSet:
    """The rows on which the quality of a task's models is measured."""

    path: Path
    task: str
    labels: frozenset[str]
    """Those that models of the task give or cases name; empty where the task has none."""

    @property
    def version(self) -> tuple[int, int]:
        """What changes when the file is written anew. Raises SurroundingsFault."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise SurroundingsFault(f"{self.path}: cannot be read ({error}); give a file to --eval-set") from error
        return status.st_mtime_ns, status.st_size

    def rows(self) -> Iterator[Case]:
        """Read it. Raises SurroundingsFault that names the row where one is not as it should be."""
        shape = _shape(self.task)
        number = 0
        try:
            for values in _read(self.path):
                number += 1
                yield self._case(shape.model_validate(values))
        except ValidationError as error:
            detail = error.errors()[0]
            key = ".".join(map(str, detail["loc"])) or "the row"
            raise SurroundingsFault(f"{self.path}, row {number}: {key}: {detail['msg']}; mend the row") from error
        except InputFault as fault:
            raise SurroundingsFault(f"{self.path}, row {number}: {fault}") from fault
        except (OSError, ValueError, RecursionError) as error:  # JSONDecodeError and ArrowInvalid are ValueErrors
            raise SurroundingsFault(f"{self.path}, after row {number}: cannot be read: {error}; mend it") from error
        if number == 0:
            raise SurroundingsFault(f"{self.path}: holds no rows; give a file with some, or none")

    def count(self) -> int | None:
        """Count the rows without reading them; None where that cannot be told."""
        if self.path.suffix == ".parquet":
            return None
        with self.path.open("rb") as file:
            return sum(1 for _ in file)

    def _case(self, row: Any) -> Case:
        case: Case = TASKS[self.task].build(row, self.path.parent, f"row {row.id!r}")
        unknown = {getattr(one, "label", one) for one in labelled(case.expected)} - self.labels if self.labels else ()
        if unknown:
            known = ", ".join(sorted(self.labels))
            raise InputFault(f"expected: no model and no case knows the label {min(unknown)!r}; known: {known}")
        if "audio" in row.model_fields_set:
            return replace(case, read=lambda path: stretch(last_sound(path), row.start, row.end))
        if "image" in row.model_fields_set:
            return replace(case, read=lambda path: last_image(path).crop(row.box) if row.box else last_image(path))
        return case


def find_set(path: Path, task: str, labels: frozenset[str]) -> EvaluationSet:
    """Give the evaluation set of a file. Raises InputFault where there is none, or of another format."""
    if path.suffix not in FORMATS:
        raise InputFault(f"{path}: an evaluation set is a file {' or '.join(FORMATS)}; convert it")
    if not path.is_file():
        raise InputFault(f"no evaluation set {path}; give the path of a file")
    found = EvaluationSet(path, task, labels)
    try:
        next(found.rows())
    except Fault as fault:
        raise InputFault(str(fault)) from fault
    return found


def labelled(expected: Expected) -> tuple[Any, ...]:
    """Give the parts of an expected answer that are labels or have one."""
    return expected if isinstance(expected, tuple) else ()


class _Row(BaseModel):
    """What rows have besides the keys of a case; other columns are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    start: Annotated[float, Field(ge=0)] = 0.0
    """Of a sound: where the row's part begins, in seconds."""
    end: Annotated[float, Field(gt=0)] | None = None
    box: Annotated[list[int], Field(min_length=4, max_length=4)] | None = None
    """Of a picture: left, top, right and bottom edge of the row's part, in pixels."""


@functools.cache
def _shape(task: str) -> Any:
    """Give the shape of a task's rows: that of its cases, with ids of any kind; a summary may be a mere text."""
    shape = TASKS[task].shape
    fields: dict[str, Any] = {"id": (Words, ...)}
    if task == "summarization":
        whole: Any = shape.model_fields["expected"].annotation
        fields["expected"] = (Annotated[whole, BeforeValidator(_summary)], ...)
    return create_model("EvaluationRow", __base__=(shape, _Row), **fields)


def _summary(value: object) -> object:
    return {"summary": value, "words": [1, MOST_WORDS]} if isinstance(value, str) else value


def _read(path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _read_parquet(path: Path) -> Iterator[Any]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise SurroundingsFault(f"{path}: reading it needs pyarrow; type: pip install 'swapgate[parquet]'") from error
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=256):
            for row in batch.to_pylist():  # a column that a row has not is None there
                yield {key: value for key, value in row.items() if value is not None}
