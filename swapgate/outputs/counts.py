"""What rows of an evaluation set count for, and figures of such counts that several kinds of predictions have."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from math import log
from typing import Any

Figures = dict[str, float]
"""In [0, 1], but for error rates, which can exceed 1."""
Counts = Mapping[Any, float]
"""What a row adds: numbers by name, and by pairs of a right and a given label."""

RIGHT = "right"
"""Share of the rows on which nothing is wrong, as the test of a case with this expected answer would find."""
NOTHING = ""
"""The label of what one side does not have."""
OVERLAP_PARTS = ("both", "found")
"""Numbers of `overlap` in which two models can differ."""
SIDES = {"F1": (0, 1), "precision": (1,), "recall": (0,)}
"""Of a pair of a right and a given label: which of the two makes a row count for the figure of a label."""
MACRO = "macro "
"""How a mean over the labels begins."""


CONFIDENCE, BRIER, LOG_LOSS = "confidence", "Brier", "log loss"
"""Figures of answers that have a probability: its mean, and two by which one that is sure and wrong is worse."""
LEAST_CHANCE = 1e-3
"""A right answer that is given less is no worse for it: one row in a million cannot decide a mean."""
HIGHEST = {LOG_LOSS: -log(LEAST_CHANCE)}


def sureness(confidence: float, is_right: bool, chance: float) -> Counts:
    """Return what an answer adds to these figures: its probability, whether it is right, that of what is right.

    Brier score of the answer that leads: (confidence - right)²; log loss: -ln of the chance, clipped.
    """
    confidence = min(confidence, 1.0)
    loss = -log(min(1.0, max(chance, LEAST_CHANCE)))
    return {CONFIDENCE: confidence, BRIER: (confidence - is_right) ** 2, LOG_LOSS: loss}


SCORED = "scored"
"""How many of what a row's prediction found have a score."""
SUMS = {CONFIDENCE: "confidences", BRIER: "Brier scores", LOG_LOSS: "log losses"}
"""The sums over these, from which the figures of rows with several scores are made."""
SCORED_PARTS = {name: (SUMS[name], SCORED) for name in (BRIER, LOG_LOSS)}
SCORED_RATIOS = dict.fromkeys(SUMS, (SCORED,))


def sureness_of(found: Iterable[tuple[float, bool]]) -> Counts:
    """Return what a row adds whose prediction found several things: of each its score, and whether it is right.

    The chance of what is right is the score of one that is, and what the score leaves of one that is not.
    """
    each = [sureness(score, is_right, score if is_right else 1 - score) for score, is_right in found]
    return {**{sums: sum(one[name] for one in each) for name, sums in SUMS.items()}, SCORED: float(len(each))}


def mean_sureness(counts: Counts) -> Figures:
    """Return the means over all that was found in rows; where nothing was, the worst, by which nothing is claimed."""
    scored = counts[SCORED]
    worst = {CONFIDENCE: 0.0, BRIER: 1.0, **HIGHEST}
    return {name: counts[sums] / scored if scored else worst[name] for name, sums in SUMS.items()}


def overlap(found: Set[tuple[Any, ...]], wanted: Set[tuple[Any, ...]]) -> Counts:
    """Return the counts of two sets of things, tuples that begin with a label."""
    pairs: Counter[Any] = Counter((one[0], one[0]) for one in found & wanted)
    pairs.update((one[0], NOTHING) for one in wanted - found)
    pairs.update((NOTHING, one[0]) for one in found - wanted)
    return {**pairs, "both": len(found & wanted), "found": len(found), "wanted": len(wanted)}


def f1(counts: Counts) -> float:
    """Return the F1 of counts by `overlap`, all labels alike."""
    both, found, wanted = (counts[name] for name in ("both", "found", "wanted"))
    return 2 * both / (found + wanted) if found + wanted else 0.0


def by_label(counts: Counts) -> Figures:
    """Return precision, recall and F1 of each label, and their means, of counts by pairs of a right and a given label;
    0 where there is nothing to divide by.
    """
    right, given, both = (defaultdict[str, float](float) for _ in range(3))
    for pair, count in counts.items():
        if isinstance(pair, tuple) and count:
            right[pair[0]] += count
            given[pair[1]] += count
            both[pair[0]] += count * (pair[0] == pair[1])
    names = sorted({*right, *given} - {NOTHING})
    if not names:
        return {}
    parts = {
        "F1": [(2 * both[name], right[name] + given[name]) for name in names],
        "precision": [(both[name], given[name]) for name in names],
        "recall": [(both[name], right[name]) for name in names],
    }
    table = {what: [float(some / whole) if whole else 0.0 for some, whole in one] for what, one in parts.items()}
    means = {f"{MACRO}{what}": sum(values) / len(names) for what, values in table.items()}
    each = {
        f"{what} {name}": value for what, values in table.items() for name, value in zip(names, values, strict=True)
    }
    return {**means, **each}
