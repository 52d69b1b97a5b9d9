"""The cases of a task: hand-written inputs, each with what is right."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from swapgate.faults import InputFault
from swapgate.manifest import nearest, read_toml, validated
from swapgate.predictions import Span


@dataclass(frozen=True)
class Case:
    """One input with its expected answer."""

    id: str
    text: str
    expected: tuple[Span, ...]

    @property
    def input_digest(self) -> str:
        """Sixteen hexadecimal digits that change when the input does; the golden remembers them."""
        return hashlib.sha256(json.dumps(self.text).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cases:
    """A cases file."""

    path: Path
    cases: tuple[Case, ...]
    latency: Case
    """The case on which latency is measured."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Span(_Strict):
    label: Annotated[str, Field(min_length=1)]
    start: Annotated[int, Field(ge=0)]
    end: int
    text: Annotated[str, Field(min_length=1)]


class _Case(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: Annotated[str, Field(min_length=1)]
    expected: list[_Span]


class _File(_Strict):
    latency: str
    case: Annotated[list[_Case], Field(min_length=1)]


def read_cases(path: Path) -> Cases:
    """Read and check a cases file. Raises InputFault that names file, case and key."""
    file: _File = validated(_File, read_toml(path), path)
    cases: dict[str, Case] = {}
    for row in file.case:
        if row.id in cases:
            raise InputFault(f"{path}: case {row.id!r} stands twice; give one of them another id")
        expected = tuple(_span(path, row, span) for span in row.expected)
        if len(set(expected)) < len(expected):
            raise InputFault(f"{path}: case {row.id!r}: an expected span stands twice; remove one of them")
        cases[row.id] = Case(row.id, row.text, expected)
    if file.latency not in cases:
        raise InputFault(f"{path}: latency = {file.latency!r} is no case{nearest(file.latency, cases)}")
    return Cases(path, tuple(cases.values()), cases[file.latency])


def _span(path: Path, row: _Case, span: _Span) -> Span:
    found = row.text[span.start : span.end]
    if found != span.text or span.end != span.start + len(span.text):
        at = row.text.find(span.text)
        hint = f"; it stands at {at}-{at + len(span.text)}" if at >= 0 else "; it does not stand in the text"
        raise InputFault(
            f"{path}: case {row.id!r}: expected {span.label} {span.text!r} at {span.start}-{span.end},"
            f" where the text has {found!r}{hint}"
        )
    return Span(span.start, span.end, span.label, span.text)
