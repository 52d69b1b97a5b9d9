"""Text classification: from texts to labels; sentiment is one."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr
from swapgate.outputs import classification
from swapgate.outputs.prediction import Prediction
from swapgate.tasks.case import Case, Files, Labelled, MultiLabelled
from swapgate.tasks.classes import FIGURES, MultiLabelSettings, all_labels, classified, classifier
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import batches, left_out, tokenized


class MultiLabelTextSettings(MultiLabelSettings, CutSettings):
    """The keys of a row of a suite with several labels."""


class TextCase(Labelled):
    """A text and its label."""

    text: NonEmptyStr


class TextCaseOfLabels(MultiLabelled):
    """A text and its labels."""

    text: NonEmptyStr


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table."""
    return Case(row.id, row.text, tuple(row.expected))


def predict(loaded: Loaded, texts: Sequence[str], row: Any) -> Sequence[Prediction | ModelFault]:
    """Label each text, in one batch where the model can pad; the row maps the model's names to the cases'.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is empty
    or longer than the model can read; with `long` in the row it is read as far as the model can.
    """
    if not all(map(str.strip, texts)):
        raise SurroundingsFault("a text is empty, so there is nothing to judge; give the case a text")
    return [
        found for part in batches(loaded, texts) for found in classified(loaded, tokenized(loaded, part, row.long), row)
    ]


def served(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the scores of all labels that the row knows."""
    return "text_classification", {"text": text, **all_labels(row)}


TASK = classifier(
    Task(
        name="text-classification",
        aliases=("sentiment",),
        output=classification.OUTPUT,
        case=TextCase,
        read=read,
        predict=predict,
        auto_class="AutoModelForSequenceClassification",
        figures=FIGURES,
        settings=CutSettings,
        judging_keys=frozenset({"long"}),
        left_out=left_out,
        served=served,
    ),
    several_labels=TextCaseOfLabels,
    settings=MultiLabelTextSettings,
)
