"""Object detection: from pictures to labelled boxes."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Annotated, Any

from pydantic import Field

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import first_line
from swapgate.inputs.pictures import png, read_image
from swapgate.outputs import detections
from swapgate.outputs.counts import BRIER, LOG_LOSS
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.classes import label_names
from swapgate.tasks.pictures import BATCH, processed
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded, Task

THRESHOLD = 0.5
"""The score from which an object counts where the row does not say."""


class DetectionSettings(Settings):
    """The keys of a row of object detection."""

    threshold: float | None = Field(None, gt=0, lt=1)
    """The score from which an object counts; 0.5 where it is not set."""

    @property
    def counted_from(self) -> float:
        """The score from which an object counts."""
        return THRESHOLD if self.threshold is None else self.threshold

    def told(self, names: Sequence[str]) -> list[str]:
        """Return nothing: detectors call every class N/A that they have no object of, and no scores are added up."""
        return []


class AnnotationShape(Table):
    """An object that is right."""

    label: NonEmptyStr
    box: Annotated[list[int | float], Field(min_length=4, max_length=4)]
    """Left, top, right and bottom edge in pixels of the picture, from its upper left corner."""


class DetectionCase(CaseShape):
    """A picture and the objects in it."""

    image: NonEmptyStr
    """A file beside the cases file, or the name of a download."""
    expected: list[AnnotationShape]
    """All objects that must be found, and no other."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where a box has no inside, or there is no such file."""
    annotations = []
    for one in row.expected:
        left, top, right, bottom = map(float, one.box)
        if not (left < right < inf and top < bottom < inf):
            raise InputFault(f"{where}: box = {one.box} has no inside; write [left, top, right, bottom] in pixels")
        annotations.append(Annotation(one.label, (left, top, right, bottom)))
    return Case(row.id, files.find(row.image, where), tuple(annotations), read_image)


def check_loaded(name: str, loaded: Loaded) -> None:
    """Make sure that a model's processor is one of a detector. Raises SurroundingsFault."""
    if not hasattr(loaded.reader, "post_process_object_detection"):
        raise SurroundingsFault(
            f"{name}: its image processor, {type(loaded.reader).__name__}, cannot turn what the model says into"
            " boxes; give a checkpoint whose preprocessor_config.json names a detector's processor"
        )


def predict(loaded: Loaded, pictures: Sequence[Any], row: DetectionSettings) -> list[Detections | ModelFault]:
    """Find the objects in each Pillow picture of mode RGB; the row maps the model's names to the cases'.

    Boxes are in the picture's own pixels. Pictures of which the model is given equally many pixels run as one batch,
    the others by themselves: padding, of which not every detector is told, would change what is found.
    A picture that the processor cannot take, or whose scores or boxes are not finite, gets a ModelFault in its place.
    Raises SurroundingsFault where a picture has no pixels, or too many.
    """
    found: dict[int, Detections | ModelFault] = {}
    batches: dict[tuple[int, ...], dict[int, Mapping[str, Any]]] = {}
    for index, picture in enumerate(pictures):
        inputs = _read(loaded, picture)
        if isinstance(inputs, ModelFault):
            found[index] = inputs
        else:
            batches.setdefault(tuple(inputs["pixel_values"].shape), {})[index] = inputs
    for batch in batches.values():
        sizes = [(pictures[index].height, pictures[index].width) for index in batch]
        found |= zip(batch, _detect(loaded, list(batch.values()), sizes, row), strict=True)
    return [found[index] for index in range(len(pictures))]


def _read(loaded: Loaded, picture: Any) -> Mapping[str, Any] | ModelFault:
    """Return the model's inputs for one picture. Raises SurroundingsFault where it has no pixels, or too many."""
    try:
        inputs: Mapping[str, Any] = processed(loaded, [picture])
    except SurroundingsFault:
        raise
    except Exception as error:  # a processor may raise anything on a picture that it cannot resize
        return ModelFault(
            f"its image processor cannot take a picture of {picture.width}×{picture.height} pixels"
            f" ({type(error).__name__}: {first_line(error)}); give one of a more usual size"
        )
    return inputs


def _detect(
    loaded: Loaded, batch: Sequence[Mapping[str, Any]], sizes: Sequence[tuple[int, int]], row: DetectionSettings
) -> Iterable[Detections | ModelFault]:
    """Run inputs of one shape as a batch; `sizes` are height and width of the pictures in pixels."""
    import torch

    inputs = {name: torch.cat([one[name] for one in batch]) for name in batch[0]}
    with torch.inference_mode():
        said = loaded.model(**loaded.placed(inputs))
    said.logits, said.pred_boxes = said.logits.float().cpu(), said.pred_boxes.float().cpu()
    names = label_names({"id2label": loaded.model.config.id2label})
    objects = loaded.reader.post_process_object_detection(said, threshold=0.0, target_sizes=list(sizes))
    for logits, boxes, table in zip(said.logits, said.pred_boxes, objects, strict=True):
        broken = int((~(torch.isfinite(logits).all(-1) & torch.isfinite(boxes).all(-1))).sum())
        if broken:
            yield ModelFault(f"{broken} of {len(boxes)} candidates have a score or box that is NaN or infinite")
        else:
            yield _kept(table, names, row)


def _kept(table: Mapping[str, Any], names: Sequence[str], row: DetectionSettings) -> Detections:
    """Return the objects from a little below the threshold up, best first, so that one slipping under it is a tie."""
    threshold, labels, keys = row.counted_from, row.label_map, row.label_keys(names)
    columns = zip(table["scores"].tolist(), table["labels"].tolist(), table["boxes"].tolist(), strict=True)
    objects = [
        Detection(labels[keys[label]], (box[0], box[1], box[2], box[3]), score)
        for score, label, box in columns
        if score >= threshold - row.tolerance.tie
    ]
    objects.sort(key=lambda one: (-one.score, one.label, one.box))
    return Detections(tuple(objects), threshold)


def served(picture: Any, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the objects from a little below the threshold up."""
    return "object_detection", {"image": png(picture), "threshold": max(0.0, row.counted_from - row.tolerance.tie)}


TASK = Task(
    name="object-detection",
    output=detections.OUTPUT,
    case=DetectionCase,
    extra="vision",
    read=read,
    predict=predict,
    auto_class="AutoModelForObjectDetection",
    reader_class="AutoImageProcessor",
    batch=BATCH,
    figures=("mAP@0.5", "mAP@[.5:.95]", BRIER, LOG_LOSS),
    settings=DetectionSettings,
    label_names=label_names,
    check_loaded=check_loaded,
    served=served,
    as_right=lambda said: [{"label": one.label, "box": [round(edge, 1) for edge in one.box]} for one in said.counted],
)
