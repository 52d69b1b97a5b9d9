"""How the cases of each task are written: the tables of a cases file, as pydantic checks them."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag


class Table(BaseModel):
    """A table of a cases file: unknown keys are errors, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


Words = Annotated[str, Field(min_length=1)]
Labels = Annotated[
    list[Words], Field(min_length=1), BeforeValidator(lambda label: [label] if isinstance(label, str) else label)
]
Sets = Annotated[dict[Words, Labels], Field(min_length=1)]
"""For each set of labels what is right in it."""
Offset = Annotated[int, Field(ge=0)]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]


class CaseShape(Table):
    """A case: what every task's has."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Labelled(CaseShape):
    """A case of a task that names labels."""

    expected: Annotated[
        Annotated[Labels, Tag("[labels]")] | Annotated[Sets, Tag("[sets]")],
        Discriminator(lambda expected: "[sets]" if isinstance(expected, dict) else "[labels]"),
    ]


class TextLabel(Labelled):
    """A case of sentiment."""

    text: Words


class ImageLabel(Labelled):
    """A case of image-classification."""

    image: Words


class AudioLabel(Labelled):
    """A case of audio-classification."""

    audio: Words


class Transcript(CaseShape):
    """A case of speech-recognition."""

    audio: Words
    expected: Words


class SpanShape(Table):
    """An entity that is right."""

    label: Words
    start: Offset
    end: int
    text: Words


class Spans(CaseShape):
    """A case of ner."""

    text: Words
    expected: list[SpanShape]


class PassageShape(Table):
    """An answer that is right."""

    start: Offset
    text: Words


class QuestionShape(CaseShape):
    """A case of question-answering."""

    question: Words
    context: Words
    expected: list[PassageShape]


class SummaryShape(Table):
    """What a summary must be like."""

    summary: Words
    must: list[Words] = []
    must_not: list[Words] = []
    words: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]


class Summarized(CaseShape):
    """A case of summarization."""

    text: Words
    expected: SummaryShape


class ThingShape(Table):
    """An object that is right."""

    label: Words
    box: Annotated[list[int | float], Field(min_length=4, max_length=4)]


class Things(CaseShape):
    """A case of object-detection."""

    image: Words
    expected: list[ThingShape]


class DownloadShape(Table):
    """A file of inputs that is to be fetched."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
