"""Summarization: from texts to shorter ones, written step by step by an encoder and a decoder."""

import functools
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from swapgate.core.faults import InputFault, ModelFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.outputs import text
from swapgate.outputs.text import ROUGE, Summary, Text
from swapgate.outputs.writing_systems import words
from swapgate.tasks import generation, writing
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.generation import Generation, WritingSettings
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.task import Loaded, Task

WANTED = writing.Wanted("summary", "summarization")
MOST_WORDS = 1_000_000
"""Of a summary whose row of an evaluation set gives only a reference: its length is not judged."""


class SummarySettings(WritingSettings, CutSettings):
    """The keys of a row of summarization."""

    generation: Generation | None = None
    """How the summary is written: num_beams, min_length, max_length, min_new_tokens, max_new_tokens, length_penalty,
    no_repeat_ngram_size; what is not set is as the model says."""


class SummaryShape(Table):
    """What a summary must be like."""

    summary: NonEmptyStr
    """How a person summarized it: the reference of ROUGE."""
    must: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must not."""
    words: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
    """Fewest and most words; where a writing system has no spaces, each letter is one."""


class SummaryCase(CaseShape):
    """A text and what its summary must be like."""

    text: NonEmptyStr
    expected: SummaryShape


def _reference_alone(value: object) -> object:
    return {"summary": value, "words": [1, MOST_WORDS]} if isinstance(value, str) else value


class SummaryRow(SummaryCase):
    """A row of an evaluation set, which may give a reference alone."""

    expected: Annotated[SummaryShape, BeforeValidator(_reference_alone)]


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where the fewest words are more than the most, or there are none, or
    one that must or must not occur is blank.
    """
    wanted = row.expected
    if not words(wanted.summary):
        raise InputFault(
            f"{where}: expected.summary = {wanted.summary!r} has no words, so nothing can be compared with it; write"
            " how a person sums the text up"
        )
    generation.check_visible(wanted, where)
    fewest, most = wanted.words
    if fewest > most:
        raise InputFault(f"{where}: expected.words = {wanted.words}: the fewest are more than the most; swap them")
    right = Summary(row.text, wanted.summary, tuple(wanted.must), tuple(wanted.must_not), (fewest, most))
    return Case(row.id, row.text, right)


def predict(loaded: Loaded, texts: Sequence[str], row: SummarySettings) -> list[Text | ModelFault]:
    """Sum up each text in one batch. Raises as `swapgate.tasks.writing.written` does.

    The texts are those of the summarization pipeline of transformers 4.57, called with the same num_beams and
    max_new_tokens: by itself, it takes 4 and 256 even where a model says otherwise.
    """
    return writing.written(loaded, texts, row, WANTED)


def as_right(said: Text) -> dict[str, Any] | None:
    """Return what a case would expect that this summary is right in; None where there is no word in it."""
    count = len(words(said.text))
    return {"summary": said.text, "words": [1, 2 * count]} if count else None


def served(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for a summary, or where the row has `chat` for what it writes when it is told so."""
    if row.chat is not None:
        return generation.chat(text, row)
    how = generation.wished(row)
    return "summarization", {"text": text, "generate_parameters": how or None}


TASK = Task(
    name="summarization",
    output=text.OUTPUT,
    case=SummaryCase,
    row=SummaryRow,
    read=read,
    predict=predict,
    auto_class="AutoModelForSeq2SeqLM",
    figures=tuple(ROUGE),
    settings=SummarySettings,
    judging_keys=frozenset({"decoding", "long"}),
    left_out=functools.partial(writing.left_out, wanted=WANTED),
    check_loaded=generation.check_own,
    replaced=functools.partial(writing.replaced, params=WANTED.params),
    produced=writing.produced,
    as_right=as_right,
    graded="a summary",
    served=served,
    sent=frozenset({"generation"}),
)
