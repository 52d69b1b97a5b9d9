"""Entities: an entity is the same where label, start and end are; the scores of the same entity are compared."""

from collections.abc import Iterable, Sequence
from operator import itemgetter

from swapgate.compare.tolerance import Mismatch, Tolerance, beyond, drifted, fell, not_between_0_and_1, shown
from swapgate.predictions import Entities, Entity, Key, Span


def unsound(actual: Entities, whose: str) -> list[Mismatch]:
    """Give a mismatch for each score that is no probability, and for an entity that stands twice."""
    mismatches = [
        mismatch
        for entity in actual.entities
        if entity.margin is None
        or entity.edge is None
        or not (0 <= entity.score <= 1 and 0 <= entity.margin <= 1 and 0 <= entity.edge <= 1)  # words cost more
        for field in ("score", "margin", "edge")
        if (value := getattr(entity, field)) is not None
        for mismatch in not_between_0_and_1(_path(entity.key), f"{whose}{entity}", field, value)
    ]
    if len(actual.entities) > 1 and len(_by_key(actual.entities)) < len(actual.entities):
        mismatches.append(Mismatch("entities", f"{whose}an entity stands twice in {actual}"))
    return mismatches


def expected(actual: Entities, right: Sequence[Span]) -> list[Mismatch]:
    """Ask for the same labels on the same spans, no more and no less."""
    found = _by_key(actual.entities)
    wanted = {span.key: span for span in right}
    mismatches = []
    for key in _union(wanted, found):
        if key not in found:
            mismatches.append(Mismatch(_path(key), f"{wanted[key]} was not found"))
        elif key not in wanted:
            score = f"{found[key].score:.4f}"
            mismatches.append(Mismatch(_path(key), f"{found[key]} was found ({score}) and is not expected"))
    return mismatches


def drift(actual: Entities, golden: Entities, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same entities with scores within tolerance; near ties may change places.

    An entity on one side only is a near tie when the model that found it led by no more than the tolerance: in its
    label, or in its extent where the other side has an entity of that label in the same place.
    """
    ours, theirs = _by_key(actual.entities), _by_key(golden.entities)
    mismatches = []
    for key in _union(theirs, ours):
        if key in ours and key in theirs:
            now, then = ours[key].score, theirs[key].score
            if ours[key].text != theirs[key].text:
                message = f"{ours[key]}, {reference} {theirs[key]}: another text in the same place"
                mismatches.append(Mismatch(f"{_path(key)}.text", message))
            if tolerance.moved(now, then):
                mismatches += drifted(f"{_path(key)}.score", f"{theirs[key]} scored", now, then, tolerance, reference)
            continue
        only, others = (ours[key], theirs) if key in ours else (theirs[key], ours)
        lead = _lead_of_tie(only, others.values(), tolerance.tie)
        where = f"{only} ({only.score:.4f}) {'is new' if key in ours else 'is gone'} since the {reference}"
        if lead is not None:
            message = f"{where}: a near tie, it led by {lead:.4g}, and up to {tolerance.tie:g} is one"
            mismatches.append(Mismatch(_path(key), message, tie=True))
        else:
            message = f"{where}; a near tie would lead by up to {tolerance.tie:g}, this one led by {shown(only.margin)}"
            mismatches.append(Mismatch(_path(key), message))
    return mismatches


def swap(candidate: Entities, golden: Entities, right: Sequence[Span], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that right entities stay, that their scores do not fall too far, and that none is new and wrong."""
    wanted = {span.key for span in right}
    ours, theirs = _by_key(candidate.entities), _by_key(golden.entities)
    mismatches = []
    for key in _union(theirs, ours):
        if key in ours and key in theirs and key in wanted:
            scores = ours[key].score, theirs[key].score
            mismatches += fell(f"{_path(key)}.score", str(theirs[key]), *scores, tolerance.swap)
        elif key in theirs and key in wanted:
            mismatches.append(Mismatch(_path(key), f"{theirs[key]} ({theirs[key].score:.4f}) is lost"))
        elif key in ours and key not in theirs and key not in wanted:
            mismatches.append(Mismatch(_path(key), f"{ours[key]} ({ours[key].score:.4f}) is new and wrong"))
    return mismatches


def _lead_of_tie(entity: Entity, others: Iterable[Entity], allowed: float) -> float | None:
    """Give the lead of an entity that the other side lacks where it was undecided, in its label or in its extent."""
    if entity.margin is not None and not beyond(entity.margin, allowed):
        return entity.margin
    moved = any(o.label == entity.label and o.start < entity.end and entity.start < o.end for o in others)
    return entity.edge if moved and entity.edge is not None and not beyond(entity.edge, allowed) else None


def _by_key(entities: Iterable[Entity]) -> dict[Key, Entity]:
    return {entity.key: entity for entity in entities}


def _union(first: Iterable[Key], second: Iterable[Key]) -> list[Key]:
    """Give the keys of both sides in the order of the text."""
    return sorted({*first, *second}, key=itemgetter(1, 2, 0))


def _path(key: Key) -> str:
    label, start, end = key
    return f"entities[{label} {start}-{end}]"
