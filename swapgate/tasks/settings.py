"""What a row of the models file says of how a model is asked; a task adds the keys that it alone has."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from swapgate.core.tables import NonEmptyStr, Table
from swapgate.outputs import Tolerance

OTHERS = "*"
"""In a label map: the labels that it does not list; they keep their names."""


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
    """From the model's label names (of tags without B- and I-) to those of the cases; "*" = "*": the others too."""
    tolerance: Annotated[Tolerance, BeforeValidator(_numbers_only)] = Tolerance()
    """How far what the model says may move."""

    @property
    def label_map(self) -> Mapping[str, str]:
        """From the model's label names to those of the cases."""
        return _OthersToo(self.labels) if OTHERS in self.labels else self.labels

    @classmethod
    def own_keys(cls) -> list[str]:
        """Return the keys that this task's rows have besides those of all tasks."""
        return [name for name in cls.model_fields if name not in Settings.model_fields]


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
