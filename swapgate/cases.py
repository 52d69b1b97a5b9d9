"""The cases of a task: hand-written inputs, each with what is right."""

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import Field, create_model

from swapgate.downloads import Download
from swapgate.faults import InputFault
from swapgate.inputs import Input, Question, digest, read_image, read_sound
from swapgate.manifest import Manifest, nearest, read_toml, validated
from swapgate.predictions import Expected, Passage, Span, Summary, Thing
from swapgate.shapes import (
    AudioLabel,
    CaseShape,
    DownloadShape,
    FileName,
    ImageLabel,
    Labelled,
    QuestionShape,
    Spans,
    Summarized,
    Table,
    TextLabel,
    Things,
    Transcript,
    Words,
)


@dataclass(frozen=True)
class Case:
    """One input with its expected answer."""

    id: str
    given: str | Question | Path | Download
    """A text, a question, or the file that holds the input."""
    expected: Expected
    read: Callable[[Any], Input] | None = None
    """What reads the file."""

    @property
    def input(self) -> Input:
        """What the model is given. Raises SurroundingsFault where a file does not hold it, AbsentFault without one."""
        given = self.given.path if isinstance(self.given, Download) else self.given
        return self.read(given) if self.read else given

    @property
    def is_here(self) -> bool:
        """Whether its input need not be fetched first."""
        return not isinstance(self.given, Download) or self.given.is_here

    @property
    def input_digest(self) -> str:
        """Sixteen hexadecimal digits that change when the input does; the golden remembers them."""
        return self.given.sha256[:16] if isinstance(self.given, Download) else digest(self.input)

    @property
    def expected_digest(self) -> str:
        """Sixteen hexadecimal digits that change when the expected answer does; the golden remembers them."""
        return digest(json.dumps(self.expected, default=asdict, sort_keys=True))


@dataclass(frozen=True)
class Cases:
    """A cases file."""

    path: Path
    cases: tuple[Case, ...]
    latency: Case
    """The case on which latency is measured."""
    evaluation: Path | None = None
    """The file of the task's evaluation set."""
    downloads: tuple[Download, ...] = ()
    """The files of inputs that are to be fetched."""

    def position(self, case: Case) -> int:
        """Say where in the file a case stands, from 0."""
        return self._positions[case.id]

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {case.id: place for place, case in enumerate(self.cases)}


class Files(NamedTuple):
    """Where the files are that cases name."""

    folder: Path
    """Of the cases file: what is not to be fetched lies relative to it."""
    downloads: Mapping[str, Download] = MappingProxyType({})


def cases_of(manifest: Manifest, root: Path, task: str, label_set: str | None) -> Cases:
    """Read the cases by which a models file judges a task's tiers of one set of labels. Raises InputFault."""
    return read_cases(manifest.cases_path(root, task), task, label_set, manifest.option)


def read_cases(path: Path, task: str, label_set: str | None = None, models: str = "embedded") -> Cases:
    """Read and check the cases file of a task, for tiers whose labels are those of `label_set`.

    `models` is the models file, for the command that fetches inputs. Raises InputFault that names file, case and key.
    """
    shape, build = TASKS[task]
    rows: Any = (Annotated[list[shape], Field(min_length=1)], ...)  # type: ignore[valid-type]
    keys: dict[str, Any] = {"latency": (str, ...), "evaluation": (Words | None, None), "case": rows}
    keys["download"] = dict[FileName, DownloadShape], {}
    file: Any = validated(create_model("File", __base__=Table, **keys), read_toml(path), path)
    downloads = {name: Download(name, one.url, one.sha256, models) for name, one in file.download.items()}
    files = Files(path.parent, downloads)
    cases: dict[str, Case] = {}
    if label_set is not None and not any(isinstance(row.expected, dict) for row in file.case):
        raise InputFault(f"{path}: no case has several sets of labels; remove label_set = {label_set!r} of its rows")
    for row in file.case:
        where = f"{path}: case {row.id!r}"
        if row.id in cases:
            raise InputFault(f"{where} stands twice; give one of them another id")
        cases[row.id] = build(_in_set(row, label_set, where), files, where)
    if file.latency not in cases:
        raise InputFault(f"{path}: latency = {file.latency!r} is no case{nearest(file.latency, cases)}")
    evaluation = None if file.evaluation is None else Path(os.path.normpath(path.parent / file.evaluation))
    return Cases(path, tuple(cases.values()), cases[file.latency], evaluation, tuple(downloads.values()))


def _in_set(row: Any, label_set: str | None, where: str) -> Any:
    """Give a case with what is right in one set of labels, where it says that for each of several."""
    if not isinstance(row, Labelled) or not isinstance(row.expected, dict) or label_set is None:
        return row
    if label_set not in row.expected:
        raise InputFault(
            f"{where}: expected has nothing for label_set = {label_set!r} of the models file"
            f"{nearest(label_set, row.expected)}"
        )
    return row.model_copy(update={"expected": row.expected[label_set]})


def _labelled(row: Any, files: Files, where: str) -> Case:
    if isinstance(row.expected, dict):
        sets = ", ".join(sorted(row.expected))
        raise InputFault(
            f"{where}: expected says what is right in each of several sets of labels ({sets}); name one of them as"
            " label_set in the row of each tier"
        )
    labels = tuple(row.expected)
    if isinstance(row, TextLabel):
        return Case(row.id, row.text, labels)
    if isinstance(row, ImageLabel):
        return Case(row.id, _file(files, row.image, where), labels, read_image)
    return Case(row.id, _file(files, row.audio, where), labels, read_sound)


def _transcript(row: Any, files: Files, where: str) -> Case:
    if not any(letter.isalnum() for letter in row.expected):
        raise InputFault(f"{where}: expected = {row.expected!r} has no words; write what is said")
    return Case(row.id, _file(files, row.audio, where), row.expected, read_sound)


def _spans(row: Any, _: Files, where: str) -> Case:
    spans = []
    for span in row.expected:
        _stands(f"{span.label} {span.text!r}", span.text, span.start, span.end, row.text, where)
        spans.append(Span(span.start, span.end, span.label, span.text))
    if len(set(spans)) < len(spans):
        raise InputFault(f"{where}: an expected span stands twice; remove one of them")
    return Case(row.id, row.text, tuple(spans))


def _question(row: Any, _: Files, where: str) -> Case:
    for passage in row.expected:
        end = passage.start + len(passage.text)
        _stands(repr(passage.text), passage.text, passage.start, end, row.context, where)
    right = tuple(Passage(passage.start, passage.text) for passage in row.expected)
    return Case(row.id, Question(row.question, row.context), right)


def _summarized(row: Any, _: Files, where: str) -> Case:
    wanted = row.expected
    fewest, most = wanted.words
    if fewest > most:
        raise InputFault(f"{where}: expected.words = {wanted.words}: the fewest are more than the most; swap them")
    right = Summary(row.text, wanted.summary, tuple(wanted.must), tuple(wanted.must_not), (fewest, most))
    return Case(row.id, row.text, right)


def _things(row: Any, files: Files, where: str) -> Case:
    things = []
    for thing in row.expected:
        left, top, right, bottom = map(float, thing.box)
        if not (left < right < inf and top < bottom < inf):
            raise InputFault(f"{where}: box = {thing.box} has no inside; write [left, top, right, bottom] in pixels")
        things.append(Thing(thing.label, (left, top, right, bottom)))
    return Case(row.id, _file(files, row.image, where), tuple(things), read_image)


def _stands(what: str, text: str, start: int, end: int, whole: str, where: str) -> None:
    """Make sure that a text stands where a case says it does."""
    found = whole[start:end]
    if found != text or end != start + len(text):
        at = whole.find(text)
        hint = f"; it stands at {at}-{at + len(text)}" if at >= 0 else "; it does not stand in the text"
        raise InputFault(f"{where}: expected {what} at {start}-{end}, where the text has {found!r}{hint}")


def _file(files: Files, name: str, where: str) -> Path | Download:
    if name in files.downloads:
        return files.downloads[name]
    path = files.folder / name
    if not path.is_file():
        raise InputFault(f"{where}: no file {path}; paths are relative to the cases file")
    return path


class _Task(NamedTuple):
    shape: type[CaseShape]
    build: Callable[[Any, Files, str], Case]


TASKS = {
    "sentiment": _Task(TextLabel, _labelled),
    "ner": _Task(Spans, _spans),
    "question-answering": _Task(QuestionShape, _question),
    "summarization": _Task(Summarized, _summarized),
    "audio-classification": _Task(AudioLabel, _labelled),
    "speech-recognition": _Task(Transcript, _transcript),
    "image-classification": _Task(ImageLabel, _labelled),
    "object-detection": _Task(Things, _things),
}
"""How the cases of each task are written, and what is made of them."""
