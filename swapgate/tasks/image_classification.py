"""Image classification: from pictures to labels."""

from collections.abc import Sequence
from typing import Any

from swapgate import loading
from swapgate.faults import ModelFault
from swapgate.manifest import Row
from swapgate.predictions import Classification
from swapgate.tasks.classes import classified, label_names
from swapgate.tasks.pictures import processed

__all__ = ["label_names", "load", "predict"]


def load(source: loading.Source) -> loading.Loaded:
    """Load the model. Raises SurroundingsFault."""
    return loading.load(source, "AutoModelForImageClassification", "AutoImageProcessor")


def predict(loaded: loading.Loaded, pictures: Sequence[Any], row: Row) -> list[Classification | ModelFault]:
    """Label each Pillow picture of mode RGB in one batch; the row maps the model's names to the cases'.

    A picture whose scores are not finite gets a ModelFault in its place.
    """
    return classified(loaded, processed(loaded, pictures), row)
