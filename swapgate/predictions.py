"""What a model said and what is right, as frozen typed values with their JSON. No torch here."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any, Self

SCORES = ("score", "margin", "edge")
"""The fields of an entity that are probabilities."""

Key = tuple[str, int, int]
"""What makes two entities the same one: label, start, end."""


@dataclass(frozen=True, order=True)
class Span:
    """A labelled stretch of a text: what is right in a case."""

    start: int
    """Offset of the first character."""
    end: int
    """Offset behind the last character."""
    label: str
    text: str
    """The characters from `start` to `end`."""

    @property
    def key(self) -> Key:
        """What it is compared by."""
        return self.label, self.start, self.end

    def __str__(self) -> str:
        return f"{self.label} {self.text!r} {self.start}-{self.end}"


@dataclass(frozen=True, order=True)
class Entity(Span):
    """A span that a model found."""

    score: float
    """Mean probability of the winning tags of its word pieces, in [0, 1]."""
    margin: float
    """How sure the model was of the label, in [0, 1]: the smallest lead over another label among its word pieces."""
    edge: float
    """How sure it was of the extent, in [0, 1]: the smallest lead of a tag inside, or of one beside the entity."""


@dataclass(frozen=True)
class Entities:
    """All entities that a model found in one text, in the order of the text."""

    entities: tuple[Entity, ...]

    def __post_init__(self) -> None:
        if len({entity.key for entity in self.entities}) < len(self.entities):
            raise ValueError(f"an entity stands twice in {self}")

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form; scores keep 7 digits, which is what float32 holds."""
        rows = [asdict(entity) for entity in self.entities]
        return {"entities": [{**row, **{name: round(row[name], 7) for name in SCORES}} for row in rows]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` gives. Raises KeyError, TypeError or ValueError on anything else."""
        entities = tuple(Entity(**row) for row in data["entities"])
        for entity in entities:
            for value, kind in zip(astuple(entity), (int, int, str, str, float, float, float), strict=True):
                if type(value) is not kind and not (kind is float and type(value) is int):
                    raise TypeError(f"{value!r} is not of the right type in {entity}")
        return cls(entities)

    def __str__(self) -> str:
        return spoken(self.entities)


def spoken(spans: Sequence[Span]) -> str:
    """Word a list of spans for a message."""
    return ", ".join(str(span) for span in spans) or "nothing"
