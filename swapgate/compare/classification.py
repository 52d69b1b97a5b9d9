"""Classifications: which label leads, and the score of each label."""

from collections.abc import Sequence

from swapgate.compare.tolerance import Mismatch, Tolerance, beyond, drifted, fell, not_between_0_and_1
from swapgate.predictions import TOP, Classification


def unsound(actual: Classification, whose: str) -> list[Mismatch]:
    """Give a mismatch for each score that is no probability, and where they do not fall or do not sum to 1."""
    if not actual.scores:
        return [Mismatch("scores", f"{whose}prediction has no scores")]
    mismatches = [
        mismatch
        for score in actual.scores
        if not 0 <= score.score <= 1  # words cost more
        for mismatch in not_between_0_and_1(f"scores[{score.label}]", f"{whose}{score.label}", "score", score.score)
    ]
    scores = [score.score for score in actual.scores]
    total = sum(scores) + actual.rest
    if beyond(abs(total - 1), 1e-4):
        mismatches.append(Mismatch("scores", f"{whose}scores sum to {total}, not to 1"))
    elif not 0 <= actual.rest <= 1:
        mismatches += not_between_0_and_1("rest", f"{whose}rest", "score", actual.rest)
    elif not mismatches and (scores != sorted(scores, reverse=True) or len(_by_label(actual)) < len(scores)):
        mismatches.append(Mismatch("scores", f"{whose}scores do not fall, or a label stands twice: {actual}"))
    return mismatches


def expected(actual: Classification, right: Sequence[str]) -> list[Mismatch]:
    """Ask that one of the right labels leads."""
    if actual.scores[0].label in right:
        return []
    wanted = " or ".join(f"{label} ({_stated(actual, label)})" for label in right)
    return [Mismatch("scores[0].label", f"{actual.scores[0]} leads, expected {wanted}")]


def drift(actual: Classification, golden: Classification, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same scores, so that labels can only change places where they are near ties.

    A label that one side does not keep among its best counts as having at most the least score that it keeps.
    """
    ours, theirs = _by_label(actual), _by_label(golden)
    mismatches = []
    for label in {**theirs, **ours}:
        now, then = ours.get(label), theirs.get(label)
        now = min(then or 0.0, _least(actual)) if now is None else now
        then = min(now, _least(golden)) if then is None else then
        if tolerance.moved(now, then):
            mismatches += drifted(f"scores[{label}]", f"{label} scored", now, then, tolerance, reference)
    leads, led = actual.scores[0], golden.scores[0]
    if leads.label != led.label and not mismatches:
        message = (
            f"{leads} leads, {reference} {led}: a near tie, both scores are within {tolerance.of_score(led.score):g}"
        )
        mismatches.append(Mismatch("scores[0].label", message, tie=True))
    return mismatches


def recorded(actual: Classification, golden: Classification, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the scores of the labels that others recorded, and that the first of them leads."""
    named = {f"scores[{score.label}]" for score in golden.scores}
    mismatches = [found for found in drift(actual, golden, tolerance, reference) if found.path in named]
    leads, led = actual.scores[0], golden.scores[0]
    if leads.label == led.label or mismatches:
        return mismatches
    lead = leads.score - _by_label(actual).get(led.label, _least(actual))
    tie = not beyond(lead, tolerance.tie)
    return [Mismatch("scores[0].label", f"{leads} leads{': a near tie' if tie else ''}, {reference} {led}", tie=tie)]


def swap(
    candidate: Classification, golden: Classification, right: Sequence[str], tolerance: Tolerance
) -> list[Mismatch]:
    """Ask that where the incumbent was right the candidate is, and that the score of what is right falls little."""
    if golden.scores[0].label not in right:
        return []
    best = candidate.scores[0]
    if best.label not in right:
        return [Mismatch("scores[0].label", f"{golden.scores[0]} is lost: {best} leads and is wrong")]
    now = sum(score for label, score in _by_label(candidate).items() if label in right)
    then = sum(score for label, score in _by_label(golden).items() if label in right)
    return fell(f"scores[{best.label}]", " + ".join(right), now, then, tolerance.swap)


def _by_label(found: Classification) -> dict[str, float]:
    return {score.label: score.score for score in found.scores}


def _least(found: Classification) -> float:
    """Give the most that a label can have which is not among the best: nothing where all are."""
    return found.scores[-1].score if len(found.scores) == TOP and found.rest > 0 else 0.0


def _stated(found: Classification, label: str) -> str:
    score = _by_label(found).get(label)
    return f"below {found.scores[-1].score:.4f}" if score is None else f"{score:.4f}"
