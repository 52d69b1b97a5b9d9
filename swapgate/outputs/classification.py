"""Classifications: which label leads, and the score of each label."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

from rich.text import Text as Line

from swapgate.core.words import quoted
from swapgate.outputs import blocks
from swapgate.outputs.answered import ROUNDED, rounding, scores
from swapgate.outputs.counts import BRIER, CONFIDENCE, HIGHEST, LOG_LOSS, RIGHT, Counts, Figures, sureness
from swapgate.outputs.diff import score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction
from swapgate.outputs.tolerance import Mismatch, Tolerance, exceeds, invalid_probability, score_drift, score_fall

TOP = 5
"""Labels that a classification keeps with their scores."""


@dataclass(frozen=True, slots=True)
class Score:
    """A label and how probable the model finds it, in [0, 1]."""

    __pydantic_config__ = EXACT

    label: str
    score: float

    def __str__(self) -> str:
        return f"{quoted(self.label)} {self.score:.4f}"


@dataclass(frozen=True, slots=True)
class Classification(Prediction):
    """The labels of one input."""

    __pydantic_config__ = EXACT

    scores: tuple[Score, ...]
    """The best `TOP` labels of the cases, best first; the model's labels of one name are added up."""
    rest: float
    """What all other labels have together."""

    def __str__(self) -> str:
        return ", ".join(map(str, self.scores))


def ranked(probabilities: Sequence[float], names: Sequence[str], labels: Mapping[str, str]) -> Classification:
    """Return the best `TOP` labels of one input, best first, and in the order of their names where scores are equal.

    `names` are the model's, one a probability; `labels` maps them to the cases', whose probabilities are added up.
    Raises KeyError where a name is not mapped, ValueError where there are not as many names as probabilities.
    """
    parts: dict[str, list[float]] = {}
    for name, probability in zip(names, probabilities, strict=True):
        parts.setdefault(labels[name], []).append(probability)
    sums = {label: min(fsum(found), 1.0) for label, found in parts.items()}  # rounding can make a sum exceed 1
    order = sorted(sums, key=lambda label: (-sums[label], label))
    rest = fsum(sums[label] for label in order[TOP:])
    return Classification(tuple(Score(label, sums[label]) for label in order[:TOP]), max(rest, 0.0))


def answered(said: Any, _given: Any, row: Any) -> Classification:
    """Read a list of labels and scores, the best or all; what is not said the other labels have together.

    Where they miss a sum of 1 by no more than rounding does, they are scaled so that they do not.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    found, complete = scores(said, row)
    total = fsum(found.values())
    if (complete or total > 1) and not exceeds(abs(total - 1), max(ROUNDED, rounding(found.values()))):
        found, total = {label: score / total for label, score in found.items()}, 1.0
    made = ranked([*found.values()], [*found], row.label_map)
    return made if complete else replace(made, rest=made.rest + max(0.0, 1 - total))


def invalid(actual: Classification, whose: str) -> list[Mismatch]:
    """Return a mismatch for each score that is no probability, and where they do not fall or do not sum to 1."""
    if not actual.scores:
        return [Mismatch("scores", f"{whose}prediction has no scores")]
    mismatches = [
        mismatch
        for score in actual.scores
        if not 0 <= score.score <= 1  # words cost more
        for mismatch in invalid_probability(f"scores[{score.label}]", f"{whose}{score.label}", "score", score.score)
    ]
    scores = [score.score for score in actual.scores]
    total = sum(scores) + actual.rest
    if exceeds(abs(total - 1), 1e-4):
        mismatches.append(Mismatch("scores", f"{whose}scores sum to {total}, not to 1"))
    elif not 0 <= actual.rest <= 1:
        mismatches += invalid_probability("rest", f"{whose}rest", "score", actual.rest)
    elif not mismatches and (scores != sorted(scores, reverse=True) or len(_by_label(actual)) < len(scores)):
        mismatches.append(Mismatch("scores", f"{whose}scores do not fall, or a label stands twice: {actual}"))
    return mismatches


def expected(actual: Classification, right: Sequence[str]) -> list[Mismatch]:
    """Ask that one of the right labels leads."""
    if actual.scores[0].label in right:
        return []
    wanted = " or ".join(f"{quoted(label)} ({_stated(actual, label)})" for label in right)
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
        if tolerance.is_drift(now, then):
            mismatches += score_drift(f"scores[{label}]", f"{label} scored", now, then, tolerance, reference)
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
    tie = not exceeds(lead, tolerance.tie)
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
    return score_fall(f"scores[{best.label}]", " + ".join(right), now, then, tolerance.swap)


def count(found: Classification, right: Sequence[str]) -> Counts:
    """Return what a row adds to top-k accuracies and to the table of right and given labels.

    Where several labels are right and the one that leads is not among them, the first of them counts as missed.
    """
    order = [score.label for score in found.scores]
    tops = {f"top-{k}": float(bool({*order[:k]} & {*right})) for k in (3, 5)}
    chance = sum(score for label, score in _by_label(found).items() if label in right)
    sure = sureness(found.scores[0].score, order[0] in right, chance)
    return {**tops, **sure, (order[0] if order[0] in right else right[0], order[0]): 1.0}


def lead(golden: Classification, candidate: Classification, right: Sequence[str]) -> float:
    """Return how far the label that led was ahead of the one that leads now; one that is not kept had nothing."""
    return golden.scores[0].score - _by_label(golden).get(candidate.scores[0].label, 0.0)


def figures(counts: Counts, rows: float) -> Figures:
    """Return the accuracies, and how far scores can be trusted."""
    means = ("top-3", "top-5", CONFIDENCE, BRIER, LOG_LOSS)
    return {"accuracy": counts[RIGHT] / rows, **{name: counts[name] / rows for name in means}}


def diff(golden: Classification | None, now: Classification, _: object) -> Iterator[Line]:
    """Yield a line a label."""
    then, there = ({score.label: score.score for score in one.scores} if one else {} for one in (golden, now))
    for label in sorted({**then, **there}, key=lambda label: -there.get(label, 0.0)):
        yield Line.assemble(f"  {label} ", *score_change(then.get(label), there.get(label)))


def dress(golden: Classification | None, now: Classification, right: Sequence[str], _: object) -> list[blocks.Block]:
    """Show the scores of both sides."""
    then, there = (_by_label(one) if one else {} for one in (golden, now))
    names = dict.fromkeys((*there, *then, *right))
    return [blocks.bars((name, then.get(name), there.get(name), name in right) for name in names)]


def _by_label(found: Classification) -> dict[str, float]:
    return {score.label: score.score for score in found.scores}


def _least(found: Classification) -> float:
    """Return the most that a label can have which is not among the best: nothing where all are."""
    return found.scores[-1].score if len(found.scores) == TOP and found.rest > 0 else 0.0


def _stated(found: Classification, label: str) -> str:
    score = _by_label(found).get(label)
    return f"below {found.scores[-1].score:.4f}" if score is None else f"{score:.4f}"


OUTPUT = Output(
    prediction=Classification,
    compare=Compare(invalid, expected, drift, swap, recorded),
    count=count,
    figures=figures,
    diff=diff,
    dress=dress,
    shares=frozenset({"accuracy", "top-3", "top-5"}),
    less_is_better=frozenset({BRIER, LOG_LOSS}),
    highest=HIGHEST,
    lead=lead,
    answer=lambda found: str(found.scores[0].label),
    answered=answered,
    one_is_enough=True,
)
