"""Detections: boxes of one label matched one to one by IoU, their overlap as a share of what both cover."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from rich.text import Text as Line

from swapgate.core.faults import ModelFault
from swapgate.outputs import blocks
from swapgate.outputs.answered import foreign, mapped, number_in, probability_in, tables, text_in
from swapgate.outputs.average_precision import AveragePrecision
from swapgate.outputs.counts import BRIER, HIGHEST, LOG_LOSS, SCORED_PARTS, SCORED_RATIOS, mean_sureness, sureness_of
from swapgate.outputs.diff import NEW, OLD, SAME, score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction, comma_list
from swapgate.outputs.tolerance import (
    Mismatch,
    Tolerance,
    exceeds,
    greatest,
    invalid_probability,
    lead_over,
    score_drift,
    score_fall,
)

LEAST_IOU = 0.5
"""Least IoU of two boxes of the same object, as in PASCAL VOC's mAP@0.5 (Everingham et al. 2010)."""

EDGES = ("xmin", "ymin", "xmax", "ymax")
"""What pipelines call the edges of a box."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels of the picture, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An object in a picture: what is right in a case."""

    label: str
    box: Box

    def __str__(self) -> str:
        return f"{self.label} [{', '.join(f'{edge:.0f}' for edge in self.box)}]"


@dataclass(frozen=True, slots=True)
class Detection(Annotation):
    """An object that a model found."""

    __pydantic_config__ = EXACT

    score: float
    """Probability of its label, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Detections(Prediction):
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
        return comma_list(self.counted)


T = TypeVar("T", bound=Annotation)


def answered(said: Any, given: Any, row: Any) -> Detections:
    """Read a list of objects; those below the threshold are kept down to a little below it.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    wanted = 'a list of {"label": …, "score": …, "box": {"xmin": …, "ymin": …, "xmax": …, "ymax": …}}'
    found, threshold = [], row.counted_from
    for table in tables(said, wanted, "label", "score", "box"):
        label = text_in(table, "label", wanted)
        edges = table["box"]
        if not isinstance(edges, Mapping) or not edges.keys() >= {*EDGES}:
            raise foreign(table, wanted)
        left, top, right, bottom = (number_in(edges, key, wanted, f"a box of {label}") for key in EDGES)
        one = Detection(mapped(label, row), (left, top, right, bottom), probability_in(table, wanted, label))
        _check_box(one, given.width, given.height)
        found.append(one)
    kept = [one for one in found if one.score >= threshold - row.tolerance.tie]
    return Detections(tuple(sorted(kept, key=lambda one: (-one.score, one.label, one.box))), threshold)


def _check_box(found: Detection, width: int, height: int) -> None:
    """Make sure that a box is in its picture, by the most of it: detectors guess edges beyond it. Raises ModelFault."""
    left, top, right, bottom = found.box
    inside = max(min(right, width) - max(left, 0), 0) * max(min(bottom, height) - max(top, 0), 0)
    if left < right and top < bottom and inside < (right - left) * (bottom - top) / 2:
        raise ModelFault(f"{found} is not in the picture, which has {width}×{height} pixels")


def invalid(actual: Detections, whose: str) -> list[Mismatch]:
    """Return a mismatch for each score that is no probability and each box without an inside."""
    mismatches = invalid_probability("threshold", f"{whose}prediction", "threshold", actual.threshold)
    for found in actual.objects:
        mismatches += invalid_probability(_path(found), f"{whose}{found}", "score", found.score)
        left, top, right, bottom = found.box
        if not (-math.inf < left < right < math.inf and -math.inf < top < bottom < math.inf):
            message = f"{whose}{found.label} has the box {found.box}, which has no inside"
            mismatches.append(Mismatch(f"objects[{found.label}].box", message))
    return mismatches


def expected(actual: Detections, right: Sequence[Annotation]) -> list[Mismatch]:
    """Ask for the same objects, no more and no less, among those that reach the threshold."""
    _, missing, extra = match(right, actual.counted)
    mismatches = []
    for annotation in missing:
        near = max(
            (iou(annotation.box, found.box) for found in actual.counted if found.label == annotation.label), default=0
        )
        hint = f"; the nearest {annotation.label} has an IoU of {near:.2f}, allowed from {LEAST_IOU:g}" if near else ""
        mismatches.append(Mismatch(_path(annotation), f"{annotation} was not found{hint}"))
    return mismatches + [
        Mismatch(_path(found), f"{found} was found ({found.score:.4f}) and is not expected") for found in extra
    ]


def drift(actual: Detections, golden: Detections, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same objects with the same scores and boxes; one about at the threshold may come or go."""
    mismatches = _drift(actual, golden, tolerance, reference)
    if actual.threshold != golden.threshold:
        message = f"objects count from {actual.threshold:g}, {reference} {golden.threshold:g}"
        mismatches.insert(0, Mismatch("threshold", message))
    return mismatches


def _drift(actual: Detections, golden: Detections, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    pairs, gone, new = match(golden.objects, actual.objects)
    mismatches = []
    for then, now in pairs:
        path = _path(then)
        mismatches += score_drift(f"{path}.score", f"{then} scored", now.score, then.score, tolerance, reference)
        overlap = iou(now.box, then.box)
        if exceeds(1 - overlap, tolerance.box):
            mismatches.append(
                Mismatch(
                    f"{path}.box",
                    f"{then} is now at {now.box}, {reference} {then.box}: IoU {overlap:.4f}, allowed from"
                    f" {1 - tolerance.box:g}",
                    off={"box": 1 - overlap},
                )
            )
    for found, where, threshold in [
        *((found, "is gone", golden.threshold) for found in gone),
        *((found, "is new", actual.threshold) for found in new),
    ]:
        lead, what = found.score - threshold, f"{found} ({found.score:.4f}) {where} since the {reference}"
        if exceeds(lead, tolerance.tie):
            message = (
                f"{what}; a near tie would be at most {tolerance.tie:g} above the threshold {threshold:g}, this one is"
                f" {lead:.4g}"
            )
            mismatches.append(Mismatch(_path(found), message))
        elif lead >= 0:
            message = f"{what}: a near tie, it was {lead:.4g} above the threshold, and up to {tolerance.tie:g} is one"
            mismatches.append(Mismatch(_path(found), message, tie=True))
    return mismatches


def recorded(actual: Detections, golden: Detections, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the objects that others recorded; what is found besides them is not compared."""
    pairs, _, _ = match(golden.objects, actual.objects)
    return _drift(replace(actual, objects=tuple(found for _, found in pairs)), golden, tolerance, reference)


def swap(
    candidate: Detections, golden: Detections, right: Sequence[Annotation], tolerance: Tolerance
) -> list[Mismatch]:
    """Ask that right objects stay, that their scores do not fall too far, and that none is new and wrong."""
    before, _, wrong_before = match(right, golden.counted)
    after, _, wrong_after = match(right, candidate.counted)
    now = {id(annotation): found for annotation, found in after}
    mismatches = []
    for annotation, found in before:
        if id(annotation) in now:
            scores = now[id(annotation)].score, found.score
            mismatches += score_fall(f"{_path(annotation)}.score", str(annotation), *scores, tolerance.swap)
        else:
            mismatches.append(Mismatch(_path(annotation), f"{annotation} ({found.score:.4f}) is lost"))
    _, _, new = match(wrong_before, wrong_after)
    return mismatches + [Mismatch(_path(found), f"{found} ({found.score:.4f}) is new and wrong") for found in new]


def scored(found: Detections, right: Sequence[Annotation]) -> list[tuple[float, bool]]:
    """Return of each object that counts its score, and whether it is right; one that was missed has none."""
    pairs, _, wrong = match(right, found.counted)
    return [*((one.score, True) for _, one in pairs), *((one.score, False) for one in wrong)]


def diff(golden: Detections | None, now: Detections, _: object) -> Iterator[Line]:
    """Yield two lines an object."""
    pairs, gone, new = match(golden.objects if golden else (), now.objects)
    for then, there in pairs:
        moved = f" → {there}, IoU {iou(then.box, there.box):.4f}"
        yield Line.assemble(f"  {then}", (moved, NEW if then.box != there.box else SAME), " ")
        yield Line.assemble("    score ", *score_change(then.score, there.score))
    yield from (Line(f"- {annotation} {annotation.score:.7f}", OLD) for annotation in gone)
    yield from (Line(f"+ {annotation} {annotation.score:.7f}", NEW) for annotation in new)


def dress(golden: Detections | None, now: Detections, right: Sequence[Annotation], _: object) -> list[blocks.Block]:
    """Show the boxes of all sides over the picture, those that count, and the scores of both."""
    pairs, gone, new = match(golden.counted if golden else (), now.counted)
    overlaps = [(then, there, iou(then.box, there.box)) for then, there in pairs]
    found: list[tuple[str, str, Box, float | None, float | None]] = [
        ("right", one.label, one.box, None, None) for one in right
    ]
    found += [("before", then.label, then.box, then.score, overlap) for then, _, overlap in overlaps]
    found += [("before", one.label, one.box, one.score, None) for one in gone]
    found += [("now", there.label, there.box, there.score, overlap) for _, there, overlap in overlaps]
    found += [("now", one.label, one.box, one.score, None) for one in new]
    is_right = {id(one) for _, one in match(right, now.counted)[0]}
    scores: list[blocks.Bar] = [
        (str(there), then.score, there.score, id(there) in is_right) for then, there, _ in overlaps
    ]
    scores += [(str(one), None, one.score, id(one) in is_right) for one in new]
    scores += [(str(one), one.score, None, False) for one in gone]
    return [blocks.boxes(found), *([blocks.bars(scores)] if scores else [])]


def uncertainty(golden: Detections, unit: float) -> float:
    """Return by how much 1 - IoU is unknown where edges were cut to a unit in pixels."""
    unknown = 0.0
    for left, top, right, bottom in (found.box for found in golden.objects):
        inner = left + unit, top + unit, right - unit, bottom - unit
        unknown = max(unknown, 1 - iou((left, top, right, bottom), inner))
    return unknown


def match(
    first: Sequence[T], second: Sequence[Detection]
) -> tuple[list[tuple[T, Detection]], list[T], list[Detection]]:
    """Pair annotations of one label with an IoU of at least `LEAST_IOU` so that the IoUs sum to the most.

    Return the pairs, and what is left on each side.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    gain = np.zeros((len(first), len(second)))
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            overlap = iou(one.box, other.box) if one.label == other.label else 0.0
            if overlap >= LEAST_IOU:  # of boxes that overlap alike those with the nearest scores belong together
                apart = abs(one.score - other.score) if isinstance(one, Detection) else 0.0
                gain[row, column] = overlap - 1e-6 * apart
    rows, columns = linear_sum_assignment(gain, maximize=True)
    chosen = {int(row): int(column) for row, column in zip(rows, columns, strict=True) if gain[row, column] > 0}
    left = [column for column in range(len(second)) if column not in chosen.values()]
    return (
        [(first[row], second[column]) for row, column in chosen.items()],
        [one for row, one in enumerate(first) if row not in chosen],
        [second[column] for column in left],
    )


def iou(one: Box, other: Box) -> float:
    """Return the overlap of two boxes as a share of the area that they cover together, from 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _path(annotation: Annotation) -> str:
    return f"objects[{annotation}]"


def lead(golden: Detections, candidate: Detections, right: Sequence[Annotation]) -> float | None:
    """Return how far that object was on its side of the threshold which was farthest of those lost or wrong by now.

    Of a wrong object that the golden has not even below the threshold nothing is known.
    """
    before, _, _ = match(right, golden.counted)
    after, _, wrong = match(right, candidate.counted)
    kept = {id(annotation) for annotation, _ in after}
    seen, _, new = match(golden.objects, wrong)
    there = [*(found for annotation, found in before if id(annotation) not in kept), *(found for found, _ in seen)]
    return greatest([*(lead_over(found.score, golden.threshold) for found in there), *(None for _ in new)])


OUTPUT = Output(
    prediction=Detections,
    extra="vision",
    compare=Compare(invalid, expected, drift, swap, recorded),
    count=lambda found, right: sureness_of(scored(found, right)),
    figures=lambda counts, rows: mean_sureness(counts),
    diff=diff,
    dress=dress,
    less_is_better=frozenset({BRIER, LOG_LOSS}),
    highest=HIGHEST,
    scored=scored,
    parts=SCORED_PARTS,
    ratios=SCORED_RATIOS,
    accumulator=AveragePrecision,
    lead=lead,
    answered=answered,
    answer=lambda found: comma_list([f"{one.label} {tuple(map(round, one.box))}" for one in found.counted]),
    limits=("box",),
    uncertainty=uncertainty,
)
