"""What a prediction is compared with and how: the expected answer, its golden as drift, its golden as a swap.

Each function walks the union of both sides, collects every difference and gives them back in words; it never raises.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from swapgate.predictions import SCORES, Entities, Entity, Key, Span


@dataclass(frozen=True)
class Tolerance:
    """How far a score may move."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": False}

    drift: float = 1e-4
    """Same weights, other surroundings: the score may differ by this much, up or down."""
    swap: float = 0.10
    """Other weights: the score of a right answer may fall by this much."""
    reason: str = "default"

    def __post_init__(self) -> None:
        for name in ("drift", "swap"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} = {value} is not between 0 and 1")
        if (self.drift, self.swap) != (Tolerance.drift, Tolerance.swap) and (
            not self.reason.strip() or self.reason == Tolerance.reason
        ):
            raise ValueError("a tolerance other than the default needs a reason")


@dataclass(frozen=True)
class Mismatch:
    """One difference, in words."""

    path: str
    """Where in the prediction: `entities[LOC 42-55].score`."""
    message: str
    """What was found, what was allowed, by how much."""

    def __str__(self) -> str:
        return self.message


def check_expected(actual: Entities, expected: Sequence[Span]) -> list[Mismatch]:
    """Compare with the right answer: the same labels on the same spans, no more and no less; scores only sane."""
    found = _by_key(actual.entities)
    right = {span.key: span for span in expected}
    mismatches = unsound(actual.entities)
    for key in _union(right, found):
        if key not in found:
            mismatches.append(_mismatch(key, f"{right[key]} was not found"))
        elif key not in right:
            mismatches.append(_mismatch(key, f"{found[key]} was found ({found[key].score:.4f}) and is not expected"))
    return mismatches


def check_drift(actual: Entities, golden: Entities, tolerance: Tolerance, reference: str = "golden") -> list[Mismatch]:
    """Compare with the golden of the same weights: scores within `tolerance.drift`, near ties may change places.

    An entity on one side only is a near tie when the model that found it led by no more than the tolerance: in its
    label, or in its extent where the other side has an entity of that label in the same place.
    """
    ours, theirs = _by_key(actual.entities), _by_key(golden.entities)
    mismatches = unsound(actual.entities) + unsound(golden.entities, "golden ")
    for key in _union(theirs, ours):
        if key in ours and key in theirs:
            drift = abs(ours[key].score - theirs[key].score)
            if _beyond(drift, tolerance.drift):
                mismatches.append(
                    _mismatch(
                        key,
                        f"{theirs[key]} scored {ours[key].score:.7f}, {reference} {theirs[key].score:.7f}"
                        f" ± {tolerance.drift:g}: off by {drift:.4g}",
                        ".score",
                    )
                )
        else:
            only, others = (ours[key], theirs) if key in ours else (theirs[key], ours)
            if not _is_tie(only, others.values(), tolerance.drift):
                where = "is new" if key in ours else "is gone"
                mismatches.append(
                    _mismatch(
                        key,
                        f"{only} ({only.score:.4f}) {where} since the {reference}; a near tie would lead by up to"
                        f" {tolerance.drift:g}, this one led by {only.margin:.4g}",
                    )
                )
    return mismatches


def check_swap(candidate: Entities, golden: Entities, expected: Sequence[Span], tolerance: Tolerance) -> list[Mismatch]:
    """Compare other weights with the incumbent's golden: what was right stays right, and nothing new is wrong.

    The score of a right entity may fall by `tolerance.swap` and may rise freely. What the incumbent got wrong
    counts for nothing if the candidate still gets it wrong, and is an improvement if it does not.
    """
    right = {span.key for span in expected}
    ours, theirs = _by_key(candidate.entities), _by_key(golden.entities)
    mismatches = unsound(candidate.entities) + unsound(golden.entities, "golden ")
    for key in _union(theirs, ours):
        if key in ours and key in theirs and key in right:
            fall = theirs[key].score - ours[key].score
            if _beyond(fall, tolerance.swap):
                mismatches.append(
                    _mismatch(
                        key,
                        f"{theirs[key]} scored {ours[key].score:.4f}, the incumbent {theirs[key].score:.4f}:"
                        f" fell by {fall:.4f}, allowed {tolerance.swap:g}",
                        ".score",
                    )
                )
        elif key in theirs and key in right:
            mismatches.append(_mismatch(key, f"{theirs[key]} ({theirs[key].score:.4f}) is lost"))
        elif key in ours and key not in theirs and key not in right:
            mismatches.append(_mismatch(key, f"{ours[key]} ({ours[key].score:.4f}) is new and wrong"))
    return mismatches


def _is_tie(entity: Entity, others: Iterable[Entity], allowed: float) -> bool:
    """Tell whether an entity that the other side lacks was undecided, in its label or only in its extent."""
    if not _beyond(entity.margin, allowed):
        return True
    moved = any(o.label == entity.label and o.start < entity.end and entity.start < o.end for o in others)
    return moved and not _beyond(entity.edge, allowed)


def unsound(entities: Iterable[Entity], whose: str = "") -> list[Mismatch]:
    """Give a mismatch for each score that is no probability: NaN, infinite, below 0 or above 1."""
    return [
        _mismatch(entity.key, f"{whose}{entity} has the {field} {value}, which is not between 0 and 1", f".{field}")
        for entity in entities
        for field in SCORES
        if not 0 <= (value := getattr(entity, field)) <= 1
    ]


def _beyond(difference: float, allowed: float) -> bool:
    """Tell whether a difference is too large; the last bit of a float64 sum is not held against it, NaN is."""
    return not (difference <= allowed or math.isclose(difference, allowed, rel_tol=1e-9))


def _by_key(entities: Iterable[Entity]) -> dict[Key, Entity]:
    return {entity.key: entity for entity in entities}


def _union(first: Iterable[Key], second: Iterable[Key]) -> list[Key]:
    """Give the keys of both sides in the order of the text."""
    return sorted({*first, *second}, key=lambda key: (key[1], key[2], key[0]))


def _mismatch(key: Key, message: str, field: str = "") -> Mismatch:
    label, start, end = key
    return Mismatch(f"entities[{label} {start}-{end}]{field}", message)
