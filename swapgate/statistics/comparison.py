"""A candidate's figure on an evaluation set beside a reference's, judged by the limit of a budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from swapgate.outputs.counts import RIGHT
from swapgate.statistics.paired import (
    CONFIDENCE,
    FEWEST_UNITS,
    POWER,
    Decision,
    Flips,
    bounds,
    mcnemar,
    mean_bounds,
    non_inferior,
    resampled_bounds,
    rows_needed,
    within,
)
from swapgate.statistics.tally import Tally

FEWEST_ERRORS = 50
"""Of the reference: a ratio to fewer is not judged."""


@dataclass(frozen=True)
class Flip:
    """A row that one side got right and the other wrong."""

    id: str
    """The row's."""
    wrong: str
    """What the side that was wrong said."""


@dataclass(frozen=True)
class Comparison:
    """Two tallies of the same rows."""

    metric: str
    """The figure, or "errors": the number of rows that are not right."""
    value: float
    """That of the model that is judged."""
    reference: float
    """That of the model it is compared with."""
    difference: float | None
    """Of a figure the value less the reference's, of errors their ratio; null where the reference made none."""
    low: float | None
    """Lower one-sided 95 % bound of the difference; null where too little differs to reckon it."""
    high: float | None
    """Upper one-sided 95 % bound of the difference; null where too little differs to reckon it."""
    allowed: float
    """The margin, or the ratio of errors."""
    decision: Decision
    """PASS where the bound is within what is allowed, FAIL where it is beyond with the same confidence."""
    rows: int
    """Of the evaluation set."""
    differing: int
    """Rows on which the two models differ in what counts for the figure."""
    needed: int | None
    """Of too few rows: about how many would decide it for a model that loses nothing; null where there are as many."""
    lost: Sequence[Flip]
    """Rows that the reference gets right and the model wrong."""
    gained: Sequence[Flip]
    """Rows that the model gets right and the reference wrong."""
    mcnemar: float
    """Exact two-sided probability of flips so uneven by chance; it decides nothing."""


def compare_figure(candidate: Tally, reference: Tally, metric: str, margin: float) -> Comparison:
    """Decide whether a candidate's figure is at most `margin`, an absolute difference, worse than the reference's."""
    worse = -1 if metric in candidate.output.less_is_better else 1
    value, other = candidate.figure(metric), reference.figure(metric)
    found: tuple[float, float] | None
    needed: int | None
    if candidate.output.is_share(metric):
        ours, theirs = candidate.each(metric), reference.each(metric)
        flips = Flips(candidate.rows, int((theirs > ours).sum()), int((ours > theirs).sum()))
        differing = flips.lost + flips.gained
        found, decision, needed = bounds(flips), non_inferior(flips, margin), rows_needed(flips, margin)
    else:
        differing = candidate.differing(reference, metric)
        found = resampled_bounds(
            lambda rows: worse * (candidate.figure(metric, rows) - reference.figure(metric, rows)),
            candidate.rows,
            differing,
        )
        if found is None and candidate.is_mean(metric):
            ours, theirs = candidate.each(metric), reference.each(metric)
            found = mean_bounds(candidate.rows, int((theirs > ours).sum()), int((ours > theirs).sum()))
        decision, needed = within(found, margin), _needed(found, candidate.rows, differing, margin)
    low, high = (None, None) if found is None else sorted(worse * bound for bound in found)
    return Comparison(
        metric=metric,
        value=value,
        reference=other,
        difference=value - other,
        low=low,
        high=high,
        allowed=margin,
        decision=decision,
        differing=differing,
        **_rows(candidate, reference, decision, needed),
    )


def compare_errors(candidate: Tally, reference: Tally, at_most: float) -> Comparison:
    """Decide whether a candidate is wrong on at most `at_most` times as many rows as the reference."""
    ours, theirs = (1 - side.each(RIGHT) for side in (candidate, reference))
    errors, others = float(ours.sum()), float(theirs.sum())
    differing = int((ours != theirs).sum())
    decision: Decision = "too few rows"
    needed = math.ceil(candidate.rows * (FEWEST_ERRORS + 1) / others) if others else None
    if others > FEWEST_ERRORS:
        spared = at_most * theirs - ours  # on average at least 0 where the ratio holds
        found = resampled_bounds(lambda rows: float(spared[rows].mean()), candidate.rows, differing)
        decision = within(found, 0.0)
        room = (at_most - 1) * others / candidate.rows
        needed = _needed(found, candidate.rows, differing, room) if room > 0 else None
    return Comparison(
        metric="errors",
        value=errors,
        reference=others,
        difference=errors / others if others else None,
        low=None,
        high=None,
        allowed=at_most,
        decision=decision,
        differing=differing,
        **_rows(candidate, reference, decision, needed),
    )


def _rows(candidate: Tally, reference: Tally, decision: Decision, needed: int | None) -> dict[str, Any]:
    """Return what is told of the rows: how many, about how many are needed, and which are right on one side only."""
    lost = [Flip(*candidate.wrong[row]) for row in sorted({*candidate.wrong} - {*reference.wrong})]
    gained = [Flip(*reference.wrong[row]) for row in sorted({*reference.wrong} - {*candidate.wrong})]
    chance = mcnemar(Flips(candidate.rows, len(lost), len(gained)))
    more = needed if decision == "too few rows" and needed and needed > candidate.rows else None
    return {"rows": candidate.rows, "needed": more, "lost": lost, "gained": gained, "mcnemar": chance}


def _needed(found: tuple[float, float] | None, rows: int, differing: int, margin: float) -> int | None:
    """Return about how many rows would decide it where nothing is lost: bounds narrow with the root of the rows."""
    from scipy.stats import norm

    if found is None:
        return math.ceil(rows * FEWEST_UNITS / differing) if differing else None
    z = float(norm.ppf(CONFIDENCE))
    error = (found[1] - found[0]) / (2 * z)
    return math.ceil(rows * (error * (z + float(norm.ppf(POWER))) / margin) ** 2)
