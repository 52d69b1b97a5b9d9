"""What a row of the models file says of how a model is asked; a task adds the keys that it alone has."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import quoted, toml_string
from swapgate.outputs import Tolerance
from swapgate.outputs.answered import OTHERS

BLANK = "…"
"""What a printed label map has where a person is to write a label."""
MANY = 20
"""Labels of a model from which on a printed label map lists none of them."""


NUMBER = re.compile(r"[-+]?\d+")
"""What a key of `labels` looks like that is to be a class's number."""


NAMELESS = re.compile(r"(LABEL_)?\d+")
"""What a class is called that nobody gave a name."""


def _folded(name: str) -> str:
    """Return what of a label's name counts: not its case, nor how its words are parted."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split()) or name


class _OthersToo(dict[str, str]):
    """A label map in which each label that it does not list keeps its name."""

    def __missing__(self, label: str) -> str:
        return label

    def __contains__(self, label: object) -> bool:
        return True


def _names_kept(labels: dict[str, str]) -> dict[str, str]:
    if labels.get(OTHERS, OTHERS) != OTHERS:
        raise ValueError(f'"{OTHERS}" = "{OTHERS}" lets the labels that are not listed keep their names; write that')
    return labels


def _numbers_only(value: object) -> object:
    """Refuse numbers in quotes and booleans, which a plain dataclass would take for numbers."""
    for name, field in value.items() if isinstance(value, dict) else ():
        number = field is None or (isinstance(field, int | float) and not isinstance(field, bool))
        if not number and name != "reason" and not isinstance(_numbers_only(field), dict):
            raise ValueError(f"{name} = {field!r} is not a number")
    return value


Long = Literal["refuse", "truncate", "window"]


def _without_windows(long: Long) -> Long:
    if long == "window":
        raise ValueError('this task reads no input in windows; write "truncate" or "refuse"')
    return long


class Settings(Table):
    """How a model is asked, whatever its task."""

    model_config = ConfigDict(allow_inf_nan=False)

    labels: Annotated[dict[str, NonEmptyStr], AfterValidator(_names_kept)] = Field(default_factory=dict)
    """From the model's label names (of tags without B- and I-), or numbers, to those of the cases; "*" = "*": the
    others too."""
    tolerance: Annotated[Tolerance, BeforeValidator(_numbers_only)] = Tolerance()
    """How far what the model says may move."""

    beside: ClassVar[tuple[str, ...]] = ()
    """Files of settings in a model's folder that this task reads besides what transformers does, as patterns such as
    "*/config.json": part of a model's digest, and fetched and copied with it. `read_in` adds those that they name."""
    outputs: ClassVar[tuple[str, ...]] = ()
    """Those outputs of a model that this task reads, where they are not all: weights for others may be missing."""

    @classmethod
    def read_in(cls, folder: Path) -> tuple[str, ...]:
        """Return `beside`, and the files that one of these names in this folder; where it cannot be read none."""
        return cls.beside

    @property
    def label_map(self) -> Mapping[str, str]:
        """From the model's label names to those of the cases."""
        return _OthersToo(self.labels) if OTHERS in self.labels else self.labels

    @property
    def given(self) -> set[str]:
        """The labels of the cases that the map names."""
        return {*self.labels.values()}

    def label_keys(self, names: Sequence[str]) -> list[str]:
        """Return what `labels` has to hold of a model's classes, named by number: the name of each, or its number where
        `labels` has that and it is no name.
        """
        numbers = self.labels.keys() - {*names, OTHERS}
        return [str(number) if str(number) in numbers else name for number, name in enumerate(names)]

    def strange_numbers(self, names: Sequence[str]) -> list[str]:
        """Return the numbers in `labels` that no class of a model has, named by number, and no label of it is."""
        known = {*names, *self.label_keys(names), *map(str, range(len(names)))}
        return [key for key in self.labels if NUMBER.fullmatch(key) and key not in known]

    def renamed(self, names: Sequence[str], before: Sequence[str]) -> list[int]:
        """Return the classes of a model that `labels` maps by number and that the model before it meant otherwise.

        Both have their names by number. Where one before has no name of its own (LABEL_0, 0), a class is meant
        otherwise that is called as `labels` calls another one.
        """
        numbers = self.labels.keys() - {*names, OTHERS}
        found = []
        for number in (number for number in range(len(names)) if str(number) in numbers):
            own, then = names[number], before[number] if number < len(before) else ""
            others = {_folded(label) for label in self.labels.values()} - {_folded(self.labels[str(number)])}
            named = bool(then) and not NAMELESS.fullmatch(then)
            wrong = _folded(own) != _folded(then) if named else _folded(own) in others
            if wrong and not NAMELESS.fullmatch(own):
                found.append(number)
        return found

    def told(self, names: Sequence[str]) -> list[str]:
        """Return what a reader of a report should know of how a model's classes, named by number, are read."""
        places: dict[str, list[str]] = {}
        for number, key in enumerate(self.label_keys(names)):
            places.setdefault(key, []).append(str(number))
        twice = {name: numbers for name, numbers in places.items() if len(numbers) > 1}
        if not twice:
            return []
        shown = ", ".join(f"{quoted(name)} ({' and '.join(numbers[:4])})" for name, numbers in [*twice.items()][:3])
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        first = next(iter(twice.values()))[0]
        return [
            f"labels that stand twice in id2label count as one: {shown}{more}; tell them apart by number:"
            f" {label_line({first: BLANK})}"
        ]

    def advice(self, names: Sequence[str]) -> str:
        """Return what a person should know who is to map these classes; nothing where the line itself says it."""
        return ""

    def own_labels(self, names: Sequence[str]) -> str:
        """Return the line by which a model's classes, named by number, keep their names."""
        keys = sorted({*self.label_keys(names)})
        own = (
            {OTHERS: OTHERS} if len(keys) > MANY else {key: BLANK if key.startswith("LABEL_") else key for key in keys}
        )
        return label_line(own)

    @classmethod
    def own_keys(cls) -> list[str]:
        """Return the keys that this task's rows have besides those of all tasks."""
        return [name for name in cls.model_fields if name not in Settings.model_fields]


def label_line(labels: Mapping[str, str]) -> str:
    """Return a label map as a line of a models file."""
    pairs = (f"{toml_string(key)} = {toml_string(to)}" for key, to in labels.items())
    return f"labels = {{ {', '.join(pairs)} }}"


class WindowedSettings(Settings):
    """The keys of a row of a task that can read a long input in windows."""

    long: Long | None = None
    """What is done with an input that is longer than the model reads: it is refused (the default), cut to what the
    model reads ("truncate"), or read in windows ("window")."""


class CutSettings(Settings):
    """The keys of a row of a task whose inputs can be cut."""

    long: Annotated[Long, AfterValidator(_without_windows)] | None = None
    """What is done with an input that is longer than the model reads: it is refused (the default), or cut to what
    the model reads ("truncate")."""
