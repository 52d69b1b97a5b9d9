"""Predictions that were made elsewhere: a JSONL file of ids and what a pipeline returned for them."""

import codecs
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from swapgate.backends.backend import Backend, Place
from swapgate.core.faults import AbsentFault, Fault, InputFault, SurroundingsFault
from swapgate.core.words import listed
from swapgate.inputs.given import digest as input_digest
from swapgate.models.loading import Identity, Source, settings_digest
from swapgate.project.evaluation import UNNAMED
from swapgate.project.manifest import Row
from swapgate.tasks.task import Task

SUFFIX = ".jsonl"
NAME = "recorded"
WHAT = "recorded predictions"
WEAK = "nothing says which model has made its predictions, which were recorded elsewhere; its digest is of them alone"


class Recorded:
    """The predictions of a file."""

    seconds = 0.0

    def __init__(self, name: str, predictions: dict[str, Any]) -> None:
        self.name, self.predictions = name, predictions
        self._given: dict[str, str] = {}

    def ask(self, inputs: Sequence[Any], ids: Sequence[str], row: Any) -> Sequence[Any]:
        """Return what was recorded of each id, an AbsentFault where there is nothing.

        Raises AbsentFault where inputs have no ids, SurroundingsFault where one id is of two inputs.
        """
        if not ids:
            raise AbsentFault(
                f"latency and properties not measured: {WHAT} ({self.name}), of cases and rows alone; take what asks"
                " for them out, or measure another model"
            )
        return [self._said(given, name) for given, name in zip(inputs, ids, strict=True)]

    def _said(self, given: Any, name: str) -> Any:
        of = input_digest(given)
        if self._given.setdefault(name, of) != of:
            return SurroundingsFault(
                f"the id {name!r} is that of a case and of a row with another input, and {self.name} has one prediction"
                " of it; give the row another id"
            )
        called = (
            "; a row without an id is called so, by its number and a digest of it: give the rows of the set ids, or"
            if UNNAMED.fullmatch(name)
            else ";"
        )
        missing = AbsentFault(
            f"not measured: {self.name} has no prediction of {name!r}{called} add a line with this id"
        )
        return self.predictions.get(name, missing)

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def find(row: Row, place: Place) -> Source:
    """Find the file of a row. Raises InputFault where there is none."""
    path = Path(os.path.normpath(place.base / Path(row.model).expanduser()))
    if not path.is_file():
        raise InputFault(
            f'no file {path} (model = {row.model!r}); give a file with a line {{"id": …, "prediction": …}} a case'
        )
    name = path.relative_to(place.root) if path.is_relative_to(place.root) else path
    return Source(row, path, name.as_posix(), place.row_of, backend=NAME, identify=identify, has_config=False)


def identify(source: Source) -> Identity:
    """Tell by its bytes which file it is. Raises SurroundingsFault where it cannot be read."""
    try:
        with source.folder.open("rb") as file:
            files = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SurroundingsFault(f"{source.name}: cannot be read ({error.strerror}); give a file that can") from error
    return Identity(settings_digest(source, recorded=files), files, WEAK)


def load(_task: Task, source: Source) -> Recorded:
    """Read the predictions of a file. Raises SurroundingsFault that names the line where one is not as it should be."""
    return Recorded(source.name, predictions(source))


def predictions(source: Source) -> dict[str, Any]:
    """Return the predictions of a file by their ids. Raises SurroundingsFault that names the line."""
    found: dict[str, Any] = {}
    lines: dict[str, int] = {}
    number = 0
    try:
        with source.folder.open("rb") as file:
            for number, line in enumerate(file, 1):  # bytes: so a line that is no text has its number
                if line.strip():
                    name, found[name] = _read(line.removeprefix(codecs.BOM_UTF8 if number == 1 else b""))
                    if lines.setdefault(name, number) != number:
                        raise ValueError(f"{name!r} is also the id of line {lines[name]}; remove one of them")
    except (OSError, ValueError, RecursionError) as error:
        where = "" if isinstance(error, OSError) else f", line {number}"
        raise SurroundingsFault(f"{source.name}{where}: {error}") from error
    return found


def _read(content: bytes) -> tuple[str, Any]:
    """Return id and prediction of a line. Raises ValueError."""
    wanted = 'write an object {"id": …, "prediction": …}'
    try:
        line = content.decode()
        said = json.loads(line)
    except UnicodeDecodeError as error:
        raise ValueError(f"is no UTF-8 ({error.reason} at byte {error.start + 1}); save the file as UTF-8") from error
    except ValueError as error:
        raise ValueError(f"is no JSON ({error}); {wanted}") from error
    if not isinstance(said, dict) or not {"id", "prediction"} <= said.keys():
        raise ValueError(f"is {line.strip()[:60]!r}; {wanted}")
    if isinstance(said["id"], bool) or not isinstance(said["id"], str | int):
        raise ValueError(
            f"has the id {json.dumps(said['id'])[:60]}; write the id of a case or row, a text or a whole number"
        )
    return str(said["id"]), said["prediction"]  # as evaluation sets read theirs


def told(source: Source, ids: Iterable[str]) -> list[str]:
    """Tell which predictions are of no case and of no row."""
    try:
        strange = sorted(predictions(source).keys() - {*ids})
    except Fault:  # the tests of its tier say so
        return []
    many = "predictions are" if len(strange) > 1 else "prediction is"
    return [f"{len(strange)} {many} of no case and of no row: {listed(strange, 10)}"] if strange else []


BACKEND = Backend(
    name=NAME,
    claims=lambda model, path: model.endswith(SUFFIX),
    find=find,
    load=load,
    answers=True,
    measures=lambda row: frozenset(),
    what=WHAT,
    hearsay="anyone can write right answers",
    told=told,
)
