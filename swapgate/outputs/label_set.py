"""Sets of labels: which labels of an input reach the threshold, each with a score of its own (multi-label models)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.text import Text as Line

from swapgate.core.faults import SurroundingsFault
from swapgate.core.words import listed
from swapgate.outputs import blocks
from swapgate.outputs.answered import OTHERS, scores
from swapgate.outputs.classification import TOP, Score
from swapgate.outputs.counts import OVERLAP_PARTS, Counts, Figures, f1, overlap
from swapgate.outputs.diff import NEW, OLD, SAME, score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction, comma_list
from swapgate.outputs.tolerance import (
    Mismatch,
    Tolerance,
    greatest,
    invalid_probability,
    lead_over,
    score_drift,
    score_fall,
)


@dataclass(frozen=True, slots=True)
class LabelSet(Prediction):
    """The labels of one input, any number of them."""

    __pydantic_config__ = EXACT

    scores: tuple[Score, ...]
    """Best first: all labels down to a little below the threshold, and at least the best `TOP`."""
    others: float
    """The most that a label has which is not among them; 0 where all are."""
    threshold: float
    """The score from which a label counts."""

    @property
    def counted(self) -> tuple[Score, ...]:
        """The labels that count."""
        return tuple(score for score in self.scores if score.score >= self.threshold)

    def __str__(self) -> str:
        return comma_list(self.counted)


def label_set(
    probabilities: Sequence[float], names: Sequence[str], labels: Mapping[str, str], threshold: float, below: float
) -> LabelSet:
    """Return the labels of one input from probabilities that are independent of one another, one a name.

    `labels` maps the model's names to the cases'; of several that become one label the most probable counts. Kept are
    the labels down to `below` under the threshold. Raises KeyError where a name is not mapped, ValueError where there
    are not as many names as probabilities.
    """
    best: dict[str, float] = {}
    for name, probability in zip(names, probabilities, strict=True):
        said = float(f"{probability:.7g}")  # as goldens have it, on the same side of the threshold
        best[labels[name]] = max(best.get(labels[name], 0.0), said)
    order = sorted(best, key=lambda label: (-best[label], label))
    kept = max(TOP, sum(probability >= threshold - below for probability in best.values()))
    others = max((best[label] for label in order[kept:]), default=0.0)
    return LabelSet(tuple(Score(label, best[label]) for label in order[:kept]), others, threshold)


def answered(said: Any, _given: Any, row: Any) -> LabelSet:
    """Read a list of labels and scores, independent of one another.

    Raises as `swapgate.outputs.prediction.Output.answered` says, and SurroundingsFault where labels are left out that
    may count.
    """
    found, complete = scores(said, row)
    threshold = row.counted_from
    least = float(f"{min(found.values()):.7g}")  # as label_set has it: what is left out has no more than the last one
    if not complete and least >= threshold:
        missing = listed(sorted(row.labels.keys() - {*found, OTHERS})) or "others"
        raise SurroundingsFault(
            f"it says {len(found)} labels, the least of them with {least:.4f}, and nothing of {missing}, which may"
            f" reach {threshold:g} too; ask it for all of them (top_k), or map each of them in labels"
        )
    made = label_set([*found.values()], [*found], row.label_map, threshold, row.tolerance.tie)
    return made if complete else replace(made, others=max(made.others, least))


def invalid(actual: LabelSet, whose: str) -> list[Mismatch]:
    """Return a mismatch for each score that is no probability, and where they do not fall or a label stands twice."""
    mismatches = invalid_probability("threshold", f"{whose}prediction", "threshold", actual.threshold)
    for score in actual.scores:
        mismatches += invalid_probability(f"scores[{score.label}]", f"{whose}{score.label}", "score", score.score)
    mismatches += invalid_probability("others", f"{whose}prediction", "others", actual.others)
    scores = [*(score.score for score in actual.scores), actual.others]
    if not mismatches and (scores != sorted(scores, reverse=True) or len(_by_label(actual)) < len(actual.scores)):
        message = f"{whose}scores do not fall, or a label stands twice: {comma_list(actual.scores)}"
        mismatches.append(Mismatch("scores", message))
    return mismatches


def expected(actual: LabelSet, right: Sequence[str]) -> list[Mismatch]:
    """Ask for the same labels, no more and no less, among those that reach the threshold."""
    found = {score.label for score in actual.counted}
    missing = [
        Mismatch(
            f"scores[{label}]", f"{label} ({_stated(actual, label)}) is missing, counted from {actual.threshold:g}"
        )
        for label in right
        if label not in found
    ]
    return missing + [
        Mismatch(f"scores[{score.label}]", f"{score} was found and is not expected")
        for score in actual.counted
        if score.label not in right
    ]


def drift(actual: LabelSet, golden: LabelSet, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same scores, so that a label can only cross the threshold where it is a near tie.

    A label that one side does not keep counts as having at most what that side says of the others.
    """
    if actual.threshold != golden.threshold:
        message = f"labels count from {actual.threshold:g}, {reference} {golden.threshold:g}"
        return [Mismatch("threshold", message)]
    ours, theirs = _by_label(actual), _by_label(golden)
    mismatches = []
    for label in {**theirs, **ours}:
        now, then = ours.get(label), theirs.get(label)
        now = min(then or 0.0, actual.others) if now is None else now
        then = min(now, golden.others) if then is None else then
        path = f"scores[{label}]"
        if tolerance.is_drift(now, then):
            mismatches += score_drift(path, f"{label} scored", now, then, tolerance, reference)
        elif (now >= actual.threshold) != (then >= actual.threshold):
            where = "is new" if now > then else "is gone"
            message = (
                f"{label} ({now:.4f}) {where} since the {reference} ({then:.4f}): a near tie, both scores are within"
                f" {tolerance.of_score(then):g}"
            )
            mismatches.append(Mismatch(path, message, tie=True))
    return mismatches


def swap(candidate: LabelSet, golden: LabelSet, right: Sequence[str], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that right labels stay, that their scores do not fall too far, and that none is new and wrong."""
    ours = {score.label: score.score for score in candidate.counted}
    theirs = {score.label: score.score for score in golden.counted}
    mismatches = []
    for label in {**theirs, **ours}:
        path = f"scores[{label}]"
        if label in right and label in ours and label in theirs:
            mismatches += score_fall(f"{path}.score", label, ours[label], theirs[label], tolerance.swap)
        elif label in right and label in theirs:
            mismatches.append(Mismatch(path, f"{label} ({theirs[label]:.4f}) is lost: {_stated(candidate, label)}"))
        elif label not in right and label not in theirs:
            mismatches.append(Mismatch(path, f"{label} ({ours[label]:.4f}) is new and wrong"))
    return mismatches


def count(found: LabelSet, right: Sequence[str]) -> Counts:
    """Return what a row adds: labels on both sides, found and wanted, pairs of labels, and whether all are right."""
    ours, theirs = {(score.label,) for score in found.counted}, {(label,) for label in right}
    return {"exact match": float(ours == theirs), **overlap(ours, theirs)}


def lead(golden: LabelSet, candidate: LabelSet, right: Sequence[str]) -> float | None:
    """Return how far that label was on its side of the threshold which was farthest of those lost or wrong by now."""
    theirs, ours = _by_label(golden), {score.label for score in candidate.counted}
    changed = ours.symmetric_difference(right)
    return greatest(lead_over(theirs[label], golden.threshold) if label in theirs else None for label in changed)


def figures(counts: Counts, rows: float) -> Figures:
    """Return micro F1 and exact match; `by_label` adds macro F1."""
    return {"micro F1": f1(counts), "exact match": counts["exact match"] / rows}


def diff(golden: LabelSet | None, now: LabelSet, _: object) -> Iterator[Line]:
    """Yield a line a label; those that count are marked with a star."""
    then, there = (_by_label(one) if one else {} for one in (golden, now))
    for label in sorted({**then, **there}, key=lambda label: -there.get(label, 0.0)):
        counts = [one is not None and score >= one.threshold for one, score in _sides(golden, now, label)]
        style = SAME if golden is None or counts[0] == counts[1] else NEW if counts[1] else OLD
        mark = "* " if counts[1] else "  "
        yield Line.assemble("  ", (f"{mark}{label} ", style), *score_change(then.get(label), there.get(label)))


def dress(golden: LabelSet | None, now: LabelSet, right: Sequence[str], _: object) -> list[blocks.Block]:
    """Show the scores of both sides; from `threshold` on a label counts."""
    then, there = (_by_label(one) if one else {} for one in (golden, now))
    names = dict.fromkeys((*there, *then, *right))
    found = blocks.bars((name, then.get(name), there.get(name), name in right) for name in names)
    return [{**found, "threshold": now.threshold}]


def _sides(golden: LabelSet | None, now: LabelSet, label: str) -> list[tuple[LabelSet | None, float]]:
    return [(one, _by_label(one).get(label, 0.0) if one else 0.0) for one in (golden, now)]


def _by_label(found: LabelSet) -> dict[str, float]:
    return {score.label: score.score for score in found.scores}


def _stated(found: LabelSet, label: str) -> str:
    score = _by_label(found).get(label)
    return f"at most {found.others:.4f}" if score is None else f"{score:.4f}"


OUTPUT = Output(
    prediction=LabelSet,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    diff=diff,
    dress=dress,
    shares=frozenset({"exact match"}),
    lead=lead,
    answer=lambda found: ", ".join(sorted(score.label for score in found.counted)) or "nothing",
    answered=answered,
    parts={"micro F1": OVERLAP_PARTS},
    ratios={"micro F1": ("wanted", "found")},
)
