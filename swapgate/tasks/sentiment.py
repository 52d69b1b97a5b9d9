"""Sentiment: from texts to labels, by text classification."""

from collections.abc import Sequence

from swapgate import loading
from swapgate.faults import ModelFault, SurroundingsFault
from swapgate.manifest import Row
from swapgate.predictions import Classification
from swapgate.tasks.classes import classified, label_names
from swapgate.tasks.texts import tokenized

__all__ = ["label_names", "load", "predict"]


def load(source: loading.Source) -> loading.Loaded:
    """Load the model. Raises SurroundingsFault."""
    return loading.load(source, "AutoModelForSequenceClassification")


def predict(loaded: loading.Loaded, texts: Sequence[str], row: Row) -> list[Classification | ModelFault]:
    """Label each text in one batch; the row maps the model's names to the cases'.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is empty
    or longer than the model can read.
    """
    if not all(map(str.strip, texts)):
        raise SurroundingsFault("a text is empty, so there is nothing to judge; give the case a text")
    return classified(loaded, tokenized(loaded, texts), row)
