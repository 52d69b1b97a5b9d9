"""Image classification: from pictures to labels."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import ModelFault
from swapgate.core.tables import NonEmptyStr
from swapgate.inputs.pictures import png, read_image
from swapgate.outputs import classification
from swapgate.outputs.prediction import Prediction
from swapgate.tasks.case import Case, Files, Labelled, MultiLabelled
from swapgate.tasks.classes import FIGURES, all_labels, classified, classifier
from swapgate.tasks.pictures import BATCH, processed
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded, Task


class ImageCase(Labelled):
    """A picture and its label."""

    image: NonEmptyStr
    """A file beside the cases file, or the name of a download."""


class ImageCaseOfLabels(MultiLabelled):
    """A picture and its labels."""

    image: NonEmptyStr
    """A file beside the cases file, or the name of a download."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where there is no such file."""
    return Case(row.id, files.find(row.image, where), tuple(row.expected), read_image)


def predict(loaded: Loaded, pictures: Sequence[Any], row: Settings) -> Sequence[Prediction | ModelFault]:
    """Label each Pillow picture of mode RGB in one batch; the row maps the model's names to the cases'.

    A picture whose scores are not finite gets a ModelFault in its place.
    """
    return classified(loaded, processed(loaded, pictures), row)


def served(picture: Any, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the scores of all labels that the row knows."""
    return "image_classification", {"image": png(picture), **all_labels(row)}


TASK = classifier(
    Task(
        name="image-classification",
        output=classification.OUTPUT,
        case=ImageCase,
        extra="vision",
        read=read,
        predict=predict,
        auto_class="AutoModelForImageClassification",
        reader_class="AutoImageProcessor",
        batch=BATCH,
        figures=FIGURES,
        served=served,
    ),
    several_labels=ImageCaseOfLabels,
)
