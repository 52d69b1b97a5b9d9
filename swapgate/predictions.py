"""What a model said and what is right, as frozen typed values with their JSON. No torch here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple, TypeAlias

EXACT: Any = {"extra": "forbid"}
"""For reading JSON: a field too many is as wrong as one too few."""

TOP = 5
"""Labels that a classification keeps with their scores."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels of the picture, from its upper left corner."""

Key: TypeAlias = tuple[str, int, int]
"""What makes two entities the same one: label, start, end."""


@dataclass(frozen=True, slots=True)
class Score:
    """A label and how probable the model finds it, in [0, 1]."""

    __pydantic_config__ = EXACT

    label: str
    score: float

    def __str__(self) -> str:
        return f"{self.label} {self.score:.4f}"


@dataclass(frozen=True, slots=True)
class Classification:
    """The labels of one input."""

    __pydantic_config__ = EXACT

    scores: tuple[Score, ...]
    """The best `TOP` labels of the cases, best first; the model's labels of one name are added up."""
    rest: float
    """What all other labels have together."""

    def __str__(self) -> str:
        return ", ".join(map(str, self.scores))


@dataclass(frozen=True, order=True, slots=True)
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


@dataclass(frozen=True, order=True, slots=True)
class Entity(Span):
    """A span that a model found."""

    __pydantic_config__ = EXACT

    score: float
    """Mean probability of the winning tags of its word pieces, in [0, 1]."""
    margin: float | None
    """How sure the model was of the label, in [0, 1]: the smallest lead over another label among its word pieces.

    Like all margins it is None only in figures from elsewhere, which have none."""
    edge: float | None
    """How sure it was of the extent, in [0, 1]: the smallest lead of a tag inside, or of one beside the entity."""


@dataclass(frozen=True, slots=True)
class Entities:
    """All entities that a model found in one text, in the order of the text."""

    __pydantic_config__ = EXACT

    entities: tuple[Entity, ...]

    def __str__(self) -> str:
        return spoken(self.entities)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a context that answers a question: what is right in a case."""

    start: int
    """Offset of its first character in the context."""
    text: str

    def __str__(self) -> str:
        return f"{self.text!r} {self.start}-{self.start + len(self.text)}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The stretch of the context that answers a question; no answer is the empty text at 0-0."""

    __pydantic_config__ = EXACT

    text: str
    start: int
    """Offset of its first character in the context."""
    end: int
    """Offset behind its last character."""
    score: float
    """Probability of its start times that of its end, from 0; where several windows hold the text they add up."""
    margin: float | None
    """Lead of that score over the best other answer's."""

    def __str__(self) -> str:
        return f"{self.text!r} {self.start}-{self.end}" if self.text else "no answer"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary must be like: what is right in a case."""

    source: str
    """The text that is summarized."""
    summary: str
    """How a person summarized it: the reference of ROUGE."""
    must: tuple[str, ...]
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: tuple[str, ...]
    """Words, or several in a row, that must not."""
    words: tuple[int, int]
    """Fewest and most words."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a model wrote: a summary, or what it heard."""

    __pydantic_config__ = EXACT

    text: str
    margin: float | None
    """Smallest lead of a chosen step over its runner-up, in [0, 1]: how near the text was to being another one."""

    def __str__(self) -> str:
        return repr(self.text)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in a picture: what is right in a case."""

    label: str
    box: Box

    def __str__(self) -> str:
        return f"{self.label} [{', '.join(f'{edge:.0f}' for edge in self.box)}]"


@dataclass(frozen=True, slots=True)
class Detection(Thing):
    """An object that a model found."""

    __pydantic_config__ = EXACT

    score: float
    """Probability of its label, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Detections:
    """All objects that a model found in one picture, best first, down to a little below the threshold."""

    __pydantic_config__ = EXACT

    objects: tuple[Detection, ...]
    threshold: float
    """The score from which an object counts."""

    @property
    def counted(self) -> tuple[Detection, ...]:
        """The objects that count."""
        return tuple(found for found in self.objects if found.score >= self.threshold)

    def __str__(self) -> str:
        return spoken(self.counted)


Prediction: TypeAlias = Classification | Entities | Answer | Text | Detections
Expected: TypeAlias = tuple[str, ...] | tuple[Span, ...] | tuple[Passage, ...] | Summary | str | tuple[Thing, ...]
"""What is right: labels of which one must lead, entities, passages of which one must be given, …"""


class Kind(NamedTuple):
    """The types that a task deals in."""

    prediction: Any
    expected: Any


KINDS = {
    "sentiment": Kind(Classification, tuple[str, ...]),
    "ner": Kind(Entities, tuple[Span, ...]),
    "question-answering": Kind(Answer, tuple[Passage, ...]),
    "summarization": Kind(Text, Summary),
    "audio-classification": Kind(Classification, tuple[str, ...]),
    "speech-recognition": Kind(Text, str),
    "image-classification": Kind(Classification, tuple[str, ...]),
    "object-detection": Kind(Detections, tuple[Thing, ...]),
}
"""What the models of each task say, and what is right there."""


def to_json(prediction: Prediction) -> dict[str, Any]:
    """Give the JSON form; numbers keep 7 significant digits, which is what float32 holds."""
    form: dict[str, Any] = _json(prediction)
    return form


def is_whole(prediction: Prediction) -> bool:
    """Tell whether nothing of a prediction is unknown."""
    return not any(value is None for value in _leaves(prediction))


def figures(prediction: Prediction) -> int:
    """Count what a prediction says in figures: scores, margins, edges of boxes; of a text also the text."""
    return sum(isinstance(value, float) for value in _leaves(prediction)) + isinstance(prediction, Text)


def _leaves(value: Any) -> Iterator[Any]:
    """Give what a prediction is made of, but for what the suite adds: the threshold, and what is left of 1."""
    if is_dataclass(value):
        for name in (field.name for field in fields(value) if field.name not in ("rest", "threshold")):
            yield from _leaves(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def spoken(things: Sequence[object]) -> str:
    """Word a list for a message."""
    return ", ".join(map(str, things)) or "nothing"


def _json(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    return [_json(item) for item in value] if isinstance(value, list | tuple) else value
