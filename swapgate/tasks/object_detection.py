"""Object detection: from pictures to labelled boxes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from swapgate import loading
from swapgate.faults import ModelFault, SurroundingsFault
from swapgate.manifest import Row
from swapgate.predictions import Detection, Detections
from swapgate.tasks.classes import label_names
from swapgate.tasks.pictures import processed

__all__ = ["THRESHOLD", "label_names", "load", "predict"]

THRESHOLD = 0.5
"""The score from which an object counts where the row does not say."""


def load(source: loading.Source) -> loading.Loaded:
    """Load the model. Raises SurroundingsFault, also where its processor is not one of a detector."""
    loaded = loading.load(source, "AutoModelForObjectDetection", "AutoImageProcessor")
    if not hasattr(loaded.reader, "post_process_object_detection"):
        raise SurroundingsFault(
            f"{source.name}: its image processor, {type(loaded.reader).__name__}, cannot turn what the model says into"
            " boxes; give a checkpoint whose preprocessor_config.json names a detector's processor"
        )
    return loaded


def predict(loaded: loading.Loaded, pictures: Sequence[Any], row: Row) -> list[Detections | ModelFault]:
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


def _read(loaded: loading.Loaded, picture: Any) -> Mapping[str, Any] | ModelFault:
    """Give the model's inputs for one picture. Raises SurroundingsFault where it has no pixels, or too many."""
    try:
        inputs: Mapping[str, Any] = processed(loaded, [picture])
    except SurroundingsFault:
        raise
    except Exception as error:  # a processor may raise anything on a picture that it cannot resize
        reason = (str(error).strip().splitlines() or ["no message"])[0]
        return ModelFault(
            f"its image processor cannot take a picture of {picture.width}×{picture.height} pixels"
            f" ({type(error).__name__}: {reason}); give one of a more usual size"
        )
    return inputs


def _detect(
    loaded: loading.Loaded, batch: Sequence[Mapping[str, Any]], sizes: Sequence[tuple[int, int]], row: Row
) -> Iterable[Detections | ModelFault]:
    """Run inputs of one shape as a batch; `sizes` are height and width of the pictures in pixels."""
    import torch

    inputs = {name: torch.cat([one[name] for one in batch]) for name in batch[0]}
    with torch.inference_mode():
        said = loaded.model(**loaded.placed(inputs))
    said.logits, said.pred_boxes = said.logits.float().cpu(), said.pred_boxes.float().cpu()
    objects = loaded.reader.post_process_object_detection(said, threshold=0.0, target_sizes=list(sizes))
    for logits, boxes, table in zip(said.logits, said.pred_boxes, objects, strict=True):
        broken = int((~(torch.isfinite(logits).all(-1) & torch.isfinite(boxes).all(-1))).sum())
        if broken:
            yield ModelFault(f"{broken} of {len(boxes)} candidates have a score or box that is NaN or infinite")
        else:
            yield _kept(table, loaded.model.config.id2label, row)


def _kept(table: Mapping[str, Any], names: Mapping[int, str], row: Row) -> Detections:
    """Give the objects from a little below the threshold up, best first, so that one slipping under it is a tie."""
    threshold = THRESHOLD if row.threshold is None else row.threshold
    labels = row.label_map
    columns = zip(table["scores"].tolist(), table["labels"].tolist(), table["boxes"].tolist(), strict=True)
    objects = [
        Detection(labels[str(names[label])], (box[0], box[1], box[2], box[3]), score)
        for score, label, box in columns
        if score >= threshold - row.tolerance.tie
    ]
    objects.sort(key=lambda thing: (-thing.score, thing.label, thing.box))
    return Detections(tuple(objects), threshold)
