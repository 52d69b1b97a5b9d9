"""Mean average precision of detections, as COCO's evaluation counts it (pycocotools)."""

import contextlib
import io
from collections.abc import Collection, Sequence
from typing import Any, Self

from swapgate.outputs.counts import Figures

OVERLAPS = {"mAP@0.5": slice(1), "mAP@[.5:.95]": slice(None)}
"""Mean average precisions, and which of COCO's overlaps they are averaged over."""


class AveragePrecision:
    """Pictures with boxes: what COCO's evaluation notes of each, from which precision is averaged.

    It is meant for predictions with all candidates; those below a row's threshold count too.
    """

    names: Collection[str] = OVERLAPS.keys()

    def __init__(self) -> None:
        self._noted: list[dict[str, Any]] = []
        self._labels: set[str] = set()

    def add(self, prediction: Any, expected: Any) -> None:
        """Note a picture."""
        self._noted.append(_noted(expected, prediction.objects))
        self._labels |= {annotation.label for annotation in expected}

    def figures(self) -> Figures:
        """Return mean average precision at an IoU of 0.5 and over 0.5 to 0.95, and the latter of each label."""
        names = sorted(self._labels)  # as COCO counts: by the labels that there are
        table = self._precision(names, None, slice(None))
        each = {f"mAP {name}": _mean(table[:, :, number]) for number, name in enumerate(names)}
        return {"mAP@0.5": _mean(table[0]), "mAP@[.5:.95]": _mean(table), **each}

    def figure(self, name: str, rows: Any) -> float:
        """Return one figure; at a single IoU ten times faster than at all."""
        return _mean(self._precision(sorted(self._labels), rows, OVERLAPS[name]))

    def differing(self, other: Self, name: str) -> int:
        """Return how many pictures have another average precision of their own on the other side."""
        import numpy as np

        names, overlaps = sorted(self._labels), OVERLAPS[name]
        return sum(
            not np.array_equal(*(side._precision(names, [row], overlaps) for side in (self, other)))
            for row in range(len(self._noted))
        )

    def _precision(self, names: Sequence[str], rows: Any, overlaps: slice) -> Any:
        """Return precision by IoU, recall and label, from pycocotools; -1 where there is nothing of a label."""
        evaluation = _coco_evaluation()
        params = evaluation.params
        chosen = self._noted if rows is None else [self._noted[row] for row in rows]
        params.catIds, params.imgIds = [*range(len(names))], [*range(len(chosen))]
        params.iouThrs = params.iouThrs[overlaps]
        evaluation.evalImgs = [_at(one.get(name), overlaps) for name in names for one in chosen]
        evaluation._paramsEval = params  # what evaluate() would leave for accumulate()
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            evaluation.accumulate()
        return evaluation.eval["precision"][:, :, :, 0, 0]


def _coco_evaluation(*sides: Any) -> Any:
    """Return pycocotools' evaluation of boxes of any size, of the best 100 a picture."""
    from pycocotools.cocoeval import COCOeval

    evaluation = COCOeval(*sides, iouType="bbox")
    evaluation.params.areaRng, evaluation.params.areaRngLbl, evaluation.params.maxDets = [[0, 1e10]], ["all"], [100]
    return evaluation


def _noted(right: Sequence[Any], found: Sequence[Any]) -> dict[str, Any]:
    """Return what COCO's evaluation notes of one picture, by label."""
    names = sorted({annotation.label for annotation in (*right, *found)})
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = _coco_evaluation(_coco(right, names), _coco(found, names))
        evaluation.evaluate()
    return dict(zip(names, evaluation.evalImgs, strict=True)) if names else {}


def _at(noted: Any, overlaps: slice) -> Any:
    return noted and {**noted, **{key: noted[key][overlaps] for key in ("dtMatches", "dtIgnore")}}


def _coco(annotations: Sequence[Any], names: Sequence[str]) -> Any:
    """Return the objects of a picture in pycocotools' form."""
    from pycocotools.coco import COCO

    table = COCO()
    table.dataset = {"images": [{"id": 0}], "categories": [{"id": place} for place in range(len(names))]}
    table.dataset["annotations"] = [
        {
            "id": number,  # from 1: it takes 0 for no object
            "image_id": 0,
            "category_id": names.index(annotation.label),
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
            "score": getattr(annotation, "score", 1.0),
        }
        for number, annotation in enumerate(annotations, 1)
        for left, top, right, bottom in (annotation.box,)
    ]
    table.createIndex()
    return table


def _mean(precision: Any) -> float:
    there = precision[precision > -1]
    return float(there.mean()) if there.size else 0.0
