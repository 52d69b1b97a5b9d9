"""Detections: boxes of one label matched one to one by IoU, their overlap as a share of what both cover."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from swapgate.compare.tolerance import Mismatch, Tolerance, beyond, drifted, fell, not_between_0_and_1
from swapgate.predictions import Box, Detection, Detections, Thing

SAME = 0.5
"""Least IoU of two boxes of the same object, as in PASCAL VOC's mAP@0.5 (Everingham et al. 2010)."""

T = TypeVar("T", bound=Thing)


def unsound(actual: Detections, whose: str) -> list[Mismatch]:
    """Give a mismatch for each score that is no probability and each box without an inside."""
    mismatches = not_between_0_and_1("threshold", f"{whose}prediction", "threshold", actual.threshold)
    for found in actual.objects:
        mismatches += not_between_0_and_1(_path(found), f"{whose}{found}", "score", found.score)
        left, top, right, bottom = found.box
        if not (-math.inf < left < right < math.inf and -math.inf < top < bottom < math.inf):
            message = f"{whose}{found.label} has the box {found.box}, which has no inside"
            mismatches.append(Mismatch(f"objects[{found.label}].box", message))
    return mismatches


def expected(actual: Detections, right: Sequence[Thing]) -> list[Mismatch]:
    """Ask for the same objects, no more and no less, among those that reach the threshold."""
    _, missing, extra = match(right, actual.counted)
    mismatches = []
    for thing in missing:
        near = max((iou(thing.box, found.box) for found in actual.counted if found.label == thing.label), default=0)
        hint = f"; the nearest {thing.label} has an IoU of {near:.2f}, allowed from {SAME:g}" if near else ""
        mismatches.append(Mismatch(_path(thing), f"{thing} was not found{hint}"))
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
        mismatches += drifted(f"{path}.score", f"{then} scored", now.score, then.score, tolerance, reference)
        overlap = iou(now.box, then.box)
        if beyond(1 - overlap, tolerance.box):
            mismatches.append(
                Mismatch(
                    f"{path}.box",
                    f"{then} is now at {now.box}, {reference} {then.box}: IoU {overlap:.4f}, allowed from"
                    f" {1 - tolerance.box:g}",
                    off=1 - overlap,
                )
            )
    for found, where, threshold in [
        *((found, "is gone", golden.threshold) for found in gone),
        *((found, "is new", actual.threshold) for found in new),
    ]:
        lead, what = found.score - threshold, f"{found} ({found.score:.4f}) {where} since the {reference}"
        if beyond(lead, tolerance.tie):
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


def swap(candidate: Detections, golden: Detections, right: Sequence[Thing], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that right objects stay, that their scores do not fall too far, and that none is new and wrong."""
    before, _, wrong_before = match(right, golden.counted)
    after, _, wrong_after = match(right, candidate.counted)
    now = {id(thing): found for thing, found in after}
    mismatches = []
    for thing, found in before:
        if id(thing) in now:
            scores = now[id(thing)].score, found.score
            mismatches += fell(f"{_path(thing)}.score", str(thing), *scores, tolerance.swap)
        else:
            mismatches.append(Mismatch(_path(thing), f"{thing} ({found.score:.4f}) is lost"))
    _, _, new = match(wrong_before, wrong_after)
    return mismatches + [Mismatch(_path(found), f"{found} ({found.score:.4f}) is new and wrong") for found in new]


def match(
    first: Sequence[T], second: Sequence[Detection]
) -> tuple[list[tuple[T, Detection]], list[T], list[Detection]]:
    """Pair things of one label with an IoU of at least `SAME` so that the IoUs sum to the most.

    Gives the pairs, and what is left on each side.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    gain = np.zeros((len(first), len(second)))
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            overlap = iou(one.box, other.box) if one.label == other.label else 0.0
            if overlap >= SAME:  # of boxes that overlap alike those with the nearest scores belong together
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
    """Give the overlap of two boxes as a share of the area that they cover together, from 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _path(thing: Thing) -> str:
    return f"objects[{thing}]"
