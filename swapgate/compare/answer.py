"""Answers: the stretch of the context, and its score."""

import math
from collections.abc import Sequence

from swapgate.compare.tolerance import Mismatch, Tolerance, beyond, drifted, fell, larger, not_between_0_and_1, shown
from swapgate.predictions import Answer, Passage, spoken


def unsound(actual: Answer, whose: str) -> list[Mismatch]:
    """Give a mismatch for a margin that is no probability, and a score that is none of several windows' together."""
    margin = actual.margin
    mismatches = [] if margin is None else not_between_0_and_1("answer", f"{whose}{actual}", "margin", margin)
    if not 0 <= actual.score < math.inf:
        message = f"{whose}{actual} has the score {actual.score}, which is no sum of probabilities"
        mismatches.append(Mismatch("answer.score", message))
    return mismatches


def expected(actual: Answer, right: Sequence[Passage]) -> list[Mismatch]:
    """Ask for one of the right passages, or where there is none for no answer."""
    if _is_right(actual, right):
        return []
    wanted = " or ".join(map(str, right)) or "no answer"
    return [Mismatch("answer", f"found {actual} ({actual.score:.4f}), expected {wanted}")]


def drift(actual: Answer, golden: Answer, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same answer and score; where both led by no more than the tolerance, it is a near tie."""
    if (actual.start, actual.end) == (golden.start, golden.end):
        if actual.text != golden.text:
            return [Mismatch("answer.text", f"found {actual}, {reference} {golden}: another text in the same place")]
        return drifted("answer.score", f"{golden} scored", actual.score, golden.score, tolerance, reference)
    lead = larger(actual.margin, golden.margin)
    found = f"found {actual} ({actual.score:.4f}), {reference} {golden} ({golden.score:.4f})"
    if not beyond(lead, tolerance.tie):
        tie = Mismatch("answer", f"{found}: a near tie, it led by {lead:.4g}, and up to {tolerance.tie:g} is one", True)
        return [tie, *drifted("answer.score", f"{actual} scored", actual.score, golden.score, tolerance, reference)]
    return [
        Mismatch("answer", f"{found}; a near tie would lead by up to {tolerance.tie:g}, this one led by {shown(lead)}")
    ]


def swap(candidate: Answer, golden: Answer, right: Sequence[Passage], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that a right answer stays right and that its score falls little."""
    if not _is_right(golden, right):
        return []
    if not _is_right(candidate, right):
        return [Mismatch("answer", f"{golden} ({golden.score:.4f}) is lost: found {candidate} ({candidate.score:.4f})")]
    return fell("answer.score", spoken(right) if right else "no answer", candidate.score, golden.score, tolerance.swap)


def _is_right(found: Answer, right: Sequence[Passage]) -> bool:
    if not right:
        return not found.text
    return any((found.start, found.text) == (passage.start, passage.text) for passage in right)
