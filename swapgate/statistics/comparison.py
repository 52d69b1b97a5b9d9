"""A candidate's figure on an evaluation set beside a reference's, judged by the limit of a budget."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs.counts import RIGHT
from swapgate.statistics.paired import (
    CONFIDENCE,
    FEWEST_UNITS,
    POWER,
    Decision,
    Flips,
    bounds,
    chance_of_less,
    chance_of_loss,
    mcnemar,
    most_lost,
    non_inferior,
    quantiles,
    resampled,
    resampled_bounds,
    rows_for_share,
    rows_needed,
    share_bounds,
    within,
)
from swapgate.statistics.tally import Part, Tally

FEWEST_CLUSTERS = 30
"""Fewer decide nothing: a few of them may be alike by chance."""
FEWEST_ERRORS = 50
"""Of the reference: a ratio to fewer is not judged."""
LEAST_DISTANCE = 0.002
"""From a limit: nearer to it no number of rows is asked for."""
FOUND_AND_WANTED = frozenset({"found", "wanted"})
"""What a figure is a ratio to that falls with what is found falsely."""
SATURATED = 0.99
"""Where both sides are right on more of the rows, these say little of which is better."""
ERRORS = "errors"
"""In place of the name of a figure: the number of rows that are not right."""


@dataclass(frozen=True)
class Flip:
    """A row that one side got right and the other wrong."""

    id: str
    """The row's."""
    wrong: str
    """What the side that was wrong said."""
    given: str = ""
    """Its input, shortened and on one line: a text, or the name of a file of a sound or picture."""


@dataclass(frozen=True)
class Comparison:
    """Two tallies of the same rows."""

    metric: str
    """The figure, or "errors": the number of rows that are not right."""
    value: float
    """That of the model that is judged; of a figure that another one judges (`raw`) of that."""
    reference: float
    """That of the model it is compared with."""
    difference: float | None
    """Of a figure the value less the reference's, of errors their ratio; null where the reference made none."""
    low: float | None
    """Lower one-sided bound of the difference, of 95 % or its `confidence`; null for a ratio of errors."""
    high: float | None
    """Upper one-sided bound of the difference, alike; null for a ratio of errors."""
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
    inputs: int | None = None
    """How many different inputs the rows have, each of which counts once; null where no two have the same."""
    clusters: int | None = None
    """How many clusters the rows are in, of which each is drawn as a whole; null where rows are independent."""
    worse: int | None = None
    """Units that got worse, where too few differ to resample: bounds and claim are of their share then, else null."""
    cap: float | None = None
    """In that case: as how many average rows one that got worse counts, at most."""
    counting: int | None = None
    """In that case: how many inputs count for the figure at all; of a mean over labels those of the rarest."""
    raw: float | None = None
    """Of a figure that another one judges, as one of errors that are capped: its own value."""
    judged_by: str | None = None
    """Of such a figure: how the other one differs, in words."""
    raw_reference: float | None = None
    """That of the model it is compared with."""
    chance: float | None = None
    """How probable so much of a loss is where the true one is the margin; null for a ratio of errors."""
    at_stake: float | None = None
    """What a model that finds nothing would lose at most, of errors the highest ratio; no more than is allowed decides
    nothing."""

    confidence: float = CONFIDENCE
    """One-sided, of the bounds and the decision: more than 0.95 where the rows were looked at on the way."""

    @property
    def measures_nothing(self) -> bool:
        """Whether not even a model that finds nothing would lose more than is allowed."""
        return self.at_stake is not None and self.at_stake <= self.allowed


@dataclass(frozen=True)
class Floor:
    """A tally beside a limit of its own."""

    metric: str
    """The figure."""
    value: float
    """That of the model; of a figure that another one judges (`raw`) of that."""
    low: float
    """Lower one-sided 95 % bound of the true figure."""
    high: float
    """Upper one-sided 95 % bound of the true figure."""
    at_least: float | None
    """What the figure is to reach; null for an error rate."""
    at_most: float | None
    """What an error rate may reach; null for a figure of which more is better."""
    decision: Decision
    """PASS where the bound is on the right side of the limit, FAIL where the other is on the wrong side."""
    rows: int
    """Of the evaluation set."""
    needed: int | None
    """Of too few rows: about how many would decide it; null where it is about at the limit."""
    inputs: int | None = None
    """How many different inputs the rows have, each of which counts once; null where no two have the same."""
    clusters: int | None = None
    """How many clusters the rows are in, of which each is drawn as a whole; null where rows are independent."""
    raw: float | None = None
    """Of a figure that another one judges, as one of errors that are capped: its own value."""
    judged_by: str | None = None
    """Of such a figure: how the other one differs, in words."""


def of_figure(candidate: Tally, reference: Tally, metric: str) -> tuple[Tally, Tally]:
    """Return the rows of two tallies that have a part in a figure. Raises SurroundingsFault where none has."""
    rows = candidate.counting(metric)
    if not len(rows):
        raise SurroundingsFault(f"{metric} is told of no row; name another figure, or give rows that ask for it")
    return (candidate, reference) if len(rows) == candidate.rows else (Part(candidate, rows), Part(reference, rows))


def compare_figure(
    candidate: Tally, reference: Tally, metric: str, margin: float, confidence: float = CONFIDENCE
) -> Comparison:
    """Decide whether a candidate's figure is at most `margin`, an absolute difference, worse than the reference's.

    `confidence`: how sure a decision has to be, one-sided. Raises SurroundingsFault where no row has a part in it.
    """
    candidate, reference = of_figure(candidate, reference, metric)
    output = candidate.output
    name = output.capped.get(metric, metric)
    value, other = (side.of_units(name) for side in (candidate, reference))
    found: tuple[float, float]
    needed: int | None
    more: dict[str, Any] = _raw(candidate, reference, metric)
    apart = candidate.by_unit(candidate.differs(reference, name)) > 0
    worse, most = (-1 if metric in output.less_is_better else 1), output.highest.get(metric, 1.0)
    if output.is_share(metric) and not candidate.is_clustered:
        flips = _flips(candidate, reference, metric)
        found, decision = bounds(flips, confidence), non_inferior(flips, margin, confidence)
        needed = rows_needed(flips, margin, confidence)
        chance = chance_of_loss(flips, margin)
    elif apart.sum() < FEWEST_UNITS:
        claim, found, needed = _claim(candidate, reference, name, worse * (value - other), margin, confidence)
        decision = within(found, margin)
        more |= claim
        chance = 1.0 if found[1] >= -margin else 1 - CONFIDENCE
    else:
        seen, part = resampled(
            lambda weights: worse * (candidate.weighted(name, weights) - reference.weighted(name, weights)),
            candidate.masses(name, reference),
            confidence,
        )
        found, chance = quantiles(seen, part, -most, most, confidence), chance_of_less(seen, part, most, -margin)
        decision, needed = within(found, margin), _needed(found, candidate.units, margin, confidence)
    low, high = sorted(worse * bound for bound in found)
    stake = _at_stake(candidate, name, other)
    if decision == "PASS" and stake <= margin:
        decision = "too few rows"
    elif decision == "PASS" and {*output.ratios.get(name, ())} >= FOUND_AND_WANTED:
        decision, needed = _where_wanted(candidate, reference, metric, margin, confidence, needed)
    return Comparison(
        metric=metric,
        value=value,
        reference=other,
        difference=value - other,
        low=low,
        high=high,
        allowed=margin,
        chance=chance,
        at_stake=stake,
        differing=int(apart.sum()),
        confidence=confidence,
        **_rows(candidate, reference, decision, needed),
        **more,
    )


def compare_errors(candidate: Tally, reference: Tally, at_most: float) -> Comparison:
    """Decide whether a candidate is wrong on at most `at_most` times as many rows as the reference.

    Raises SurroundingsFault where no row has anything that is right or wrong.
    """
    candidate, reference = of_figure(candidate, reference, RIGHT)
    ours, theirs = (side.by_unit(1 - side.each(RIGHT)) for side in (candidate, reference))
    rows = candidate.rows / candidate.units if candidate.is_clustered else 1
    errors, others = round(rows * float(ours.sum()), 6), round(rows * float(theirs.sum()), 6)
    decision: Decision = "too few rows"
    needed = math.ceil(candidate.units * (FEWEST_ERRORS + 1) / others) if others else None
    if others > FEWEST_ERRORS:
        spared = at_most * theirs - ours  # on average at least 0 where the ratio holds
        found = resampled_bounds(
            lambda weights: weights @ spared / weights.sum(axis=1), candidate.masses(RIGHT), -1.0, max(1.0, at_most)
        )
        decision = within(found, 0.0)
        room = (at_most - 1) * others / candidate.units
        needed = _needed(found, candidate.units, room) if room > 0 else None
    most = candidate.rows if not candidate.is_clustered else rows * candidate.units
    stake = most / others if others else None
    if decision == "PASS" and stake is not None and stake <= at_most:
        decision = "too few rows"
    return Comparison(
        metric=ERRORS,
        value=errors,
        reference=others,
        difference=errors / others if others else None,
        low=None,
        high=None,
        allowed=at_most,
        chance=None,
        at_stake=stake,
        differing=int((ours != theirs).sum()),
        **_rows(candidate, reference, decision, needed),
    )


def judge_floor(tally: Tally, metric: str, at_least: float | None, at_most: float | None) -> Floor:
    """Decide whether a figure is at least so good, whatever another model's is: one of both limits is given.

    Raises SurroundingsFault where no row has a part in it.
    """
    tally, _ = of_figure(tally, tally, metric)
    name = tally.output.capped.get(metric, metric)
    value = tally.of_units(name)
    limit = at_least if at_least is not None else at_most or 0.0
    most = tally.output.highest.get(metric, 1.0)
    if tally.output.is_share(metric) and not tally.is_clustered:
        low, high = share_bounds(float(tally.by_unit(tally.each(metric)).sum()), tally.units)
    else:
        low, high = resampled_bounds(lambda weights: tally.weighted(name, weights), tally.masses(name), 0.0, most)
    above, below = low > limit, high < limit
    is_good, is_bad = (above, below) if at_most is None else (below, above)
    decision = _of_enough(tally, "PASS" if is_good else "FAIL" if is_bad else "too few rows")
    distance = abs(value - limit)
    more = _needed((low, high), tally.units, distance) if distance > LEAST_DISTANCE else None
    if limit in (low, high) or more is None or more <= tally.units:
        more = None
    if _too_few_clusters(tally):
        more = max(more or 0, FEWEST_CLUSTERS)
    return Floor(
        metric=metric,
        value=value,
        low=low,
        high=high,
        at_least=at_least,
        at_most=at_most,
        decision=decision,
        rows=tally.rows,
        needed=more if decision == "too few rows" else None,
        **_units(tally),
        raw=tally.of_units(metric) if metric in tally.output.capped else None,
        judged_by=tally.output.capped_words if metric in tally.output.capped else None,
    )


def is_saturated(candidate: Tally, reference: Tally) -> bool:
    """Return whether both sides are right on nearly all rows."""
    return all(float(side.by_unit(side.each(RIGHT)).mean()) > SATURATED for side in (candidate, reference))


def least_shown(
    candidate: Tally, reference: Tally, metric: str, margin: float, confidence: float = CONFIDENCE
) -> tuple[int, int] | None:
    """Return how many rows must be lost at the least, none gained, for `compare_figure` to say FAIL; and of how many.

    None where it would not even if all were. Of a figure that is no share a row is taken as lost as a whole, and those
    that count for it are as many as for its rarest part; a resampled bound is then the exact one of a share.
    """
    if candidate.output.is_share(metric) and not candidate.is_clustered:
        fewest, rows = 1, candidate.units
    else:
        name = candidate.output.capped.get(metric, metric)
        fewest, rows = FEWEST_UNITS, int((candidate.masses(name, reference) > 0).sum(axis=0).min())

    def fails(lost: int) -> bool:
        if fewest == 1:
            return non_inferior(Flips(rows, lost, 0), margin, confidence) == "FAIL"
        return share_bounds(lost, rows, confidence)[0] > margin

    least = fewest + bisect.bisect_left(range(fewest, rows + 1), True, key=fails)
    return None if least > rows or _too_few_clusters(candidate) else (least, rows)


def _flips(candidate: Tally, reference: Tally, share: str) -> Flips:
    """Count what was lost and gained; of an input with several rows the mean of them."""
    ours, theirs = candidate.each(share), reference.each(share)
    lost, gained = (float(candidate.by_unit(apart).sum()) for apart in (theirs > ours, ours > theirs))
    return Flips(candidate.units, lost, gained)


def _claim(
    candidate: Tally, reference: Tally, name: str, seen: float, margin: float, confidence: float
) -> tuple[dict[str, Any], tuple[float, float], int | None]:
    """Return how many inputs got worse, as how much each counts, and the bounds of what that does to a figure; also
    about how many rows show that few enough got worse, None where too many did for any number, or nothing counts.

    What got worse is taken as lost as a whole, and nothing as gained by another; the other way round for the other
    bound. `seen` is the difference of the figure, beyond which no bound is.
    """
    masses = candidate.masses(name, reference)
    worse, better = _changed(candidate, reference, name), _changed(reference, candidate, name)
    (lost, cap), (gained, _) = (most_lost(apart, masses, confidence) for apart in (worse, better))
    most = candidate.output.highest.get(name, 1.0)
    counts = masses > 0
    rarest = counts[:, counts.sum(axis=0).argmin()]
    there, hit = int(rarest.sum()), int((rarest & worse).sum())
    limit = min(0.99, margin * masses.shape[1] / cap / most)
    needed = rows_for_share(limit, hit / there, confidence) if there else None
    claim = {"worse": int(worse.sum()), "cap": cap, "counting": there}
    bounds = min(seen, -most * lost), max(seen, most * gained)
    return claim, bounds, needed and math.ceil(needed * candidate.units / there)


def _at_stake(candidate: Tally, name: str, reference: float) -> float:
    """Return what a model that finds nothing would lose at most beside the reference, of a figure.

    That is all that the reference has; of a mean over rows no more than those add in which anything is to be found.
    """
    import numpy as np

    output = candidate.output
    if name in output.less_is_better:
        return output.highest.get(name, 1.0) - reference
    if not candidate.is_mean(name) and not output.is_share(name):
        return reference
    found = np.zeros(candidate.rows)
    found[candidate.with_something] = 1.0
    return min(reference, float(candidate.by_unit(found).mean()))


def _where_wanted(
    candidate: Tally, reference: Tally, metric: str, margin: float, confidence: float, needed: int | None
) -> tuple[Decision, int | None]:
    """Decide what passed by the rows alone in which anything is to be found: what both find falsely in others would
    hide a loss. Gives about how many rows are needed, too.
    """
    rows = candidate.with_something
    if len(rows) == candidate.rows:
        return "PASS", needed
    found = compare_figure(Part(candidate, rows), Part(reference, rows), metric, margin, confidence)
    more = found.needed and math.ceil(found.needed * candidate.rows / len(rows))
    return ("PASS", needed) if found.decision == "PASS" else ("too few rows", more)


def _changed(side: Tally, other: Tally, name: str) -> Any:
    """Return which inputs have a row that differs from the other side and is not better."""
    return side.by_unit(side.differs(other, name) & ~side.is_better(other, name)) > 0


def _raw(candidate: Tally, reference: Tally, metric: str) -> dict[str, Any]:
    """Return the own values of a figure that another one judges."""
    if metric not in candidate.output.capped:
        return {}
    words = {"judged_by": candidate.output.capped_words}
    return {"raw": candidate.of_units(metric), "raw_reference": reference.of_units(metric), **words}


def _too_few_clusters(tally: Tally) -> bool:
    return tally.is_clustered and tally.units < FEWEST_CLUSTERS


def _of_enough(tally: Tally, decision: Decision) -> Decision:
    """Return a decision, which too few clusters never are."""
    return "too few rows" if _too_few_clusters(tally) else decision


def _units(tally: Tally) -> dict[str, int]:
    """Return how many clusters or different inputs there are, where that is not as many as rows."""
    if tally.is_clustered:
        return {"clusters": tally.units}
    return {"inputs": tally.units} if tally.units < tally.rows else {}


def _rows(candidate: Tally, reference: Tally, decision: Decision, needed: int | None) -> dict[str, Any]:
    """Return what is told of the rows: how many, what they decide, how many are needed, which are right on one side."""
    if _too_few_clusters(candidate):
        decision, needed = "too few rows", max(needed or 0, FEWEST_CLUSTERS)
    lost = [Flip(*candidate.wrong[row]) for row in sorted({*candidate.wrong} - {*reference.wrong})]
    gained = [Flip(*reference.wrong[row]) for row in sorted({*reference.wrong} - {*candidate.wrong})]
    chance = mcnemar(_flips(candidate, reference, RIGHT))
    more = needed if decision == "too few rows" and needed and needed > candidate.units else None
    told = {"rows": candidate.rows, "needed": more, "lost": lost, "gained": gained, "mcnemar": chance}
    return {"decision": decision, **told, **_units(candidate)}


def _needed(found: tuple[float, float], rows: int, margin: float, confidence: float = CONFIDENCE) -> int:
    """Return about how many rows would decide it where nothing is lost: bounds narrow with the root of the rows."""
    from scipy.stats import norm

    z = float(norm.ppf(confidence))
    error = (found[1] - found[0]) / (2 * z)
    return math.ceil(rows * (error * (z + float(norm.ppf(POWER))) / margin) ** 2)
