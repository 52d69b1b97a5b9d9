"""The cases of a task: hand-written inputs, each with what is right."""

import functools
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from swapgate.faults import InputFault
from swapgate.inputs import Input, Question, digest, read_image, read_sound
from swapgate.manifest import nearest, read_toml, validated
from swapgate.predictions import Expected, Passage, Span, Summary, Thing


@dataclass(frozen=True)
class Case:
    """One input with its expected answer."""

    id: str
    given: str | Question | Path
    """A text, a question, or the file that holds the input."""
    expected: Expected
    read: Callable[[Any], Input] | None = None
    """What reads the file."""

    @property
    def input(self) -> Input:
        """What the model is given. Raises SurroundingsFault where a file does not hold it."""
        return self.read(self.given) if self.read else self.given

    @property
    def input_digest(self) -> str:
        """Sixteen hexadecimal digits that change when the input does; the golden remembers them."""
        return digest(self.input)

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

    def position(self, case: Case) -> int:
        """Say where in the file a case stands, from 0."""
        return self._positions[case.id]

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {case.id: place for place, case in enumerate(self.cases)}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Words = Annotated[str, Field(min_length=1)]
Labels = Annotated[
    list[Words], Field(min_length=1), BeforeValidator(lambda label: [label] if isinstance(label, str) else label)
]
Offset = Annotated[int, Field(ge=0)]


class _Case(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Labelled(_Case):
    expected: Labels


class _TextLabel(_Labelled):
    text: Words


class _ImageLabel(_Labelled):
    image: Words


class _AudioLabel(_Labelled):
    audio: Words


class _Transcript(_Case):
    audio: Words
    expected: Words


class _Span(_Strict):
    label: Words
    start: Offset
    end: int
    text: Words


class _Spans(_Case):
    text: Words
    expected: list[_Span]


class _Passage(_Strict):
    start: Offset
    text: Words


class _Question(_Case):
    question: Words
    context: Words
    expected: list[_Passage]


class _Summary(_Strict):
    summary: Words
    must: list[Words] = []
    must_not: list[Words] = []
    words: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]


class _Summarized(_Case):
    text: Words
    expected: _Summary


class _Thing(_Strict):
    label: Words
    box: Annotated[list[int | float], Field(min_length=4, max_length=4)]


class _Things(_Case):
    image: Words
    expected: list[_Thing]


def read_cases(path: Path, task: str) -> Cases:
    """Read and check the cases file of a task. Raises InputFault that names file, case and key."""
    shape, build = TASKS[task]
    rows: Any = (Annotated[list[shape], Field(min_length=1)], ...)  # type: ignore[valid-type]
    keys: dict[str, Any] = {"latency": (str, ...), "evaluation": (Words | None, None), "case": rows}
    file: Any = validated(create_model("File", __base__=_Strict, **keys), read_toml(path), path)
    cases: dict[str, Case] = {}
    for row in file.case:
        where = f"{path}: case {row.id!r}"
        if row.id in cases:
            raise InputFault(f"{where} stands twice; give one of them another id")
        cases[row.id] = build(row, path.parent, where)
    if file.latency not in cases:
        raise InputFault(f"{path}: latency = {file.latency!r} is no case{nearest(file.latency, cases)}")
    evaluation = None if file.evaluation is None else Path(os.path.normpath(path.parent / file.evaluation))
    return Cases(path, tuple(cases.values()), cases[file.latency], evaluation)


def _labelled(row: Any, folder: Path, where: str) -> Case:
    labels = tuple(row.expected)
    if isinstance(row, _TextLabel):
        return Case(row.id, row.text, labels)
    if isinstance(row, _ImageLabel):
        return Case(row.id, _file(folder, row.image, where), labels, read_image)
    return Case(row.id, _file(folder, row.audio, where), labels, read_sound)


def _transcript(row: Any, folder: Path, where: str) -> Case:
    if not any(letter.isalnum() for letter in row.expected):
        raise InputFault(f"{where}: expected = {row.expected!r} has no words; write what is said")
    return Case(row.id, _file(folder, row.audio, where), row.expected, read_sound)


def _spans(row: Any, _: Path, where: str) -> Case:
    spans = []
    for span in row.expected:
        _stands(f"{span.label} {span.text!r}", span.text, span.start, span.end, row.text, where)
        spans.append(Span(span.start, span.end, span.label, span.text))
    if len(set(spans)) < len(spans):
        raise InputFault(f"{where}: an expected span stands twice; remove one of them")
    return Case(row.id, row.text, tuple(spans))


def _question(row: Any, _: Path, where: str) -> Case:
    for passage in row.expected:
        end = passage.start + len(passage.text)
        _stands(repr(passage.text), passage.text, passage.start, end, row.context, where)
    right = tuple(Passage(passage.start, passage.text) for passage in row.expected)
    return Case(row.id, Question(row.question, row.context), right)


def _summarized(row: Any, _: Path, where: str) -> Case:
    wanted = row.expected
    fewest, most = wanted.words
    if fewest > most:
        raise InputFault(f"{where}: expected.words = {wanted.words}: the fewest are more than the most; swap them")
    right = Summary(row.text, wanted.summary, tuple(wanted.must), tuple(wanted.must_not), (fewest, most))
    return Case(row.id, row.text, right)


def _things(row: Any, folder: Path, where: str) -> Case:
    things = []
    for thing in row.expected:
        left, top, right, bottom = map(float, thing.box)
        if not (left < right < inf and top < bottom < inf):
            raise InputFault(f"{where}: box = {thing.box} has no inside; write [left, top, right, bottom] in pixels")
        things.append(Thing(thing.label, (left, top, right, bottom)))
    return Case(row.id, _file(folder, row.image, where), tuple(things), read_image)


def _stands(what: str, text: str, start: int, end: int, whole: str, where: str) -> None:
    """Make sure that a text stands where a case says it does."""
    found = whole[start:end]
    if found != text or end != start + len(text):
        at = whole.find(text)
        hint = f"; it stands at {at}-{at + len(text)}" if at >= 0 else "; it does not stand in the text"
        raise InputFault(f"{where}: expected {what} at {start}-{end}, where the text has {found!r}{hint}")


def _file(folder: Path, name: str, where: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise InputFault(f"{where}: no file {path}; paths are relative to the cases file")
    return path


class _Task(NamedTuple):
    shape: type[_Case]
    build: Callable[[Any, Path, str], Case]


TASKS = {
    "sentiment": _Task(_TextLabel, _labelled),
    "ner": _Task(_Spans, _spans),
    "question-answering": _Task(_Question, _question),
    "summarization": _Task(_Summarized, _summarized),
    "audio-classification": _Task(_AudioLabel, _labelled),
    "speech-recognition": _Task(_Transcript, _transcript),
    "image-classification": _Task(_ImageLabel, _labelled),
    "object-detection": _Task(_Things, _things),
}
"""How the cases of each task are written, and what is made of them."""
