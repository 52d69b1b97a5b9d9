"""A case: one input with its expected answer, and how the tables of a cases file become cases."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from swapgate.core.faults import InputFault
from swapgate.core.tables import NonEmptyStr, Reason, Table
from swapgate.core.words import nearest, shortened
from swapgate.inputs.downloads import Download
from swapgate.inputs.given import Composed, Input, digest
from swapgate.outputs.prediction import Expected

Offset = Annotated[int, Field(ge=0)]


class Quarantine(NamedTuple):
    """Why a case judges nothing, and until when."""

    reason: str
    expires: date


MOST_SHOWN = 60
"""Letters of a text that a report shows."""


@dataclass(frozen=True)
class Case:
    """One input with its expected answer."""

    id: str
    given: str | Composed | Path | Download
    """A text, a question or the like, or the file that holds the input."""
    expected: Expected
    read: Callable[[Any], Input] | None = None
    """What reads the file."""
    critical: bool = False
    """Whether it may never be lost, whatever a budget of cases allows."""
    quarantine: Quarantine | None = None
    """Why it judges nothing for a while."""
    cluster: str | None = None
    """Of a row of an evaluation set: names the rows that depend on one another."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """Of a row of an evaluation set: by key what it is one of, such as a language."""

    @property
    def source(self) -> str | None:
        """What several rows may be parts of: the context of a question, the file of a sound or picture, else None."""
        if isinstance(self.given, Composed):
            return self.given.source
        return str(self.given) if self.read else None

    @property
    def input(self) -> Input:
        """What the model is given. Raises SurroundingsFault where a file does not hold it, AbsentFault without one."""
        given = self.given.path if isinstance(self.given, Download) else self.given
        return self.read(given) if self.read else given

    @property
    def shown(self) -> str:
        """Its input as a report shows it, shortened and on one line: a text, or the name of a file."""
        given: Any = self.given
        if isinstance(given, Composed):
            return " | ".join(map(_short, given.texts))
        if isinstance(given, Path | Download):
            return _short(given.name)
        return _short(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str))

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

    @property
    def labelled(self) -> tuple[Any, ...]:
        """The parts of the expected answer that are labels or have one."""
        return self.expected if isinstance(self.expected, tuple) else ()

    @property
    def labels(self) -> list[str]:
        """The labels of the expected answer, each once."""
        return list(dict.fromkeys(getattr(one, "label", one) for one in self.labelled))


def _short(text: str) -> str:
    return shortened(" ".join(text.split()), MOST_SHOWN)


class CaseShape(Table):
    """A case: what every task's has."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Letters, digits and underscores; names the case in test ids and goldens."""
    critical: bool = False
    """Whether it may never be lost, whatever a budget of cases allows."""
    quarantine: Reason | None = None
    """Why it is run and reported, and judges nothing until `expires`."""
    expires: date | None = None
    """The last day of its quarantine."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.quarantine is None) != (self.expires is None):
            raise ValueError("a quarantine has a reason and a last day: give quarantine and expires, or neither")
        if self.quarantine and self.critical:
            raise ValueError("a critical case cannot be in quarantine; take one of both out")
        return self


def _several(label: object) -> object:
    if not isinstance(label, str | list | tuple):
        raise ValueError("must be a label, which is a text, or a list of them")
    return [label] if isinstance(label, str) else label


Labels = Annotated[list[NonEmptyStr], Field(min_length=1), BeforeValidator(_several)]
AnyLabels = Annotated[list[NonEmptyStr], BeforeValidator(_several)]


class Labelled(CaseShape):
    """A case of a task that names labels."""

    expected: Annotated[
        Annotated[Labels, Tag("[labels]")]
        | Annotated[Annotated[dict[NonEmptyStr, Labels], Field(min_length=1)], Tag("[sets]")],
        Discriminator(lambda expected: "[sets]" if isinstance(expected, dict) else "[labels]"),
    ]
    """A label, or a list of which one must lead; or for each of several sets of labels what is right in it."""


class MultiLabelled(CaseShape):
    """A case of a task that names any number of labels."""

    expected: Annotated[
        Annotated[AnyLabels, Tag("[labels]")]
        | Annotated[Annotated[dict[NonEmptyStr, AnyLabels], Field(min_length=1)], Tag("[sets]")],
        Discriminator(lambda expected: "[sets]" if isinstance(expected, dict) else "[labels]"),
    ]
    """All labels that must be found, and no other; or for each of several sets of labels what is right in it."""


class Files(NamedTuple):
    """Where the files are that cases name."""

    folder: Path
    """Of the cases file: what is not to be fetched lies relative to it."""
    downloads: Mapping[str, Download] = MappingProxyType({})

    def find(self, name: str, where: str) -> Path | Download:
        """Return the file of a name. Raises InputFault where there is none."""
        if name in self.downloads:
            return self.downloads[name]
        path = self.folder / name
        try:
            exists = path.is_file()
        except OSError as error:  # a name that is too long, a folder that must not be read
            raise InputFault(f"{where}: {path} cannot be read ({error.strerror}); give a file that can") from error
        if not exists:
            above = ", and of what lies outside a repository no commit has any" if ".." in Path(name).parts else ""
            raise InputFault(f"{where}: no file {path}; paths are relative to the cases file{above}")
        return path


def one_set(row: Any, label_set: str | None, where: str) -> Any:
    """Return a case with what is right in one set of labels, where it says that for each of several.

    Raises InputFault where it has nothing for the set, or no set is named.
    """
    if not isinstance(row, Labelled | MultiLabelled) or not isinstance(row.expected, dict):
        return row
    if label_set is None:
        sets = ", ".join(sorted(row.expected))
        raise InputFault(
            f"{where}: expected says what is right in each of several sets of labels ({sets}); name one of them as"
            " label_set in the row of each tier"
        )
    if label_set not in row.expected:
        raise InputFault(
            f"{where}: expected has nothing for label_set = {label_set!r} of the models file"
            f"{nearest(label_set, row.expected)}"
        )
    return row.model_copy(update={"expected": row.expected[label_set]})


def check_stands(what: str, text: str, start: int, end: int, whole: str, where: str) -> None:
    """Make sure that a text stands where a case says it does. Raises InputFault."""
    found = whole[start:end]
    if found != text or end != start + len(text):
        at = whole.find(text)
        hint = f"; it stands at {at}-{at + len(text)}" if at >= 0 else "; it does not stand in the text"
        raise InputFault(f"{where}: expected {what} at {start}-{end}, where the text has {found!r}{hint}")
