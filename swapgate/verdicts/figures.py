"""Figures of a verdict: what was measured, beside what, and what is allowed, as they stand in a verdict JSON."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from swapgate.statistics.comparison import ERRORS, FEWEST_ERRORS, SATURATED, Comparison, Floor
from swapgate.statistics.latency import Times
from swapgate.statistics.paired import most_of
from swapgate.statistics.slices import MOST_SEEN, Slice
from swapgate.statistics.sureness import Sureness


@dataclass(frozen=True)
class Cost:
    """What a model costs: seconds a call, bytes, parameters."""

    shown: str
    """For the table of verdicts."""
    value: float | None = None
    """Bytes, or number of parameters; a time is only judged beside another."""
    against: str | None = None
    """The model that it is measured beside; null where there is none, and then no ratio either."""
    ratio: float | None = None
    """How many times what the other model costs; of a latency the median of pairs."""
    low: float | None = None
    """Lower end of the interval of a latency's ratio, 0 where it is unknown; of what does not vary the ratio itself."""
    high: float | None = None
    """Upper end of that interval."""
    at_most: float | None = None
    """The ratio that the budget allows."""
    pairs: int | None = None
    """Of a latency: how many pairs of calls were taken until it was decided, or given up."""
    times: Times | None = None
    """Of a latency: the seconds that were recorded."""


@dataclass(frozen=True)
class Beside:
    """A comparison with another model."""

    tier: str
    """The tier that the limit names, "incumbent" or "anchor"."""
    against: str
    """The model that stands for it."""
    comparison: Comparison
    """What came of it."""
    recorded: bool = False
    """Whether the other model's rows were remembered when it was accepted, and it was not asked now."""


@dataclass(frozen=True)
class Quality:
    """What a model scores on an evaluation set."""

    shown: str
    """For the table of verdicts, with the number of rows where these are not all."""
    set: str
    """The file of the set."""
    rows: int
    """How many of its rows were asked: all it has, but for a decision that was made early."""
    metric: str
    """The figure that is told first."""
    value: float
    """The value of that figure."""
    figures: Mapping[str, float]
    """Every figure of the task, by name."""
    comparisons: Sequence[Beside] = ()
    """One for each limit of the budget that has a model to compare with."""
    floors: Sequence[Floor] = ()
    """One for each limit of the budget that is judged alone."""
    sureness: Sequence[Sureness] = ()
    """Answers, or what was found in rows, by how sure the model is, from the least; none without a probability."""
    slices: Sequence[Slice] = ()
    """Of a swap: slices of the rows that have a limit, or are watched, and those that lost most."""
    recalled: Mapping[str, int] = field(default_factory=dict)
    """By model, the judged one and those beside it: to how many rows the answer is that of an earlier run."""
    of: int | None = None
    """How many rows the set has, where fewer were asked, for these decided it; else null."""
    signatures: Mapping[str, str] = field(default_factory=dict)
    """Of figures that can be computed in several ways: how a library says that it computes them."""


def shown_comparison(comparison: Comparison, less_is_better: bool) -> str:
    """Return a comparison in words for a table: "F1 0.938 (−0.027 ≥ −0.050)", where that is so."""
    if comparison.metric == ERRORS:
        ratio = math.inf if comparison.difference is None else comparison.difference
        sign = relation(ratio if comparison.value else 0.0, comparison.allowed, True)
        return f"{comparison.value:g} errors ({_times(comparison)} {sign} {comparison.allowed:g})"
    allowed, found = _allowed(comparison, less_is_better), comparison.difference or 0.0
    digits = _telling_apart(found, allowed)
    sign = relation(found, allowed, less_is_better)
    return f"{comparison.metric} {comparison.value:.3f} ({found:+.{digits}f} {sign} {allowed:+.{digits}f})"


def relation(found: float, limit: float, less_is_better: bool) -> str:
    """Return the sign that is true between a figure and its limit, the last bit of a float64 sum left aside."""
    if math.isclose(found, limit, rel_tol=1e-9, abs_tol=1e-12):
        return "≤" if less_is_better else "≥"
    if found < limit:
        return "≤" if less_is_better else "<"
    return ">" if less_is_better else "≥"


def _telling_apart(one: float, other: float, fewest: int = 3) -> int:
    """Return with how many digits behind the point two numbers look as different as they are; seven show none."""
    return next((digits for digits in range(fewest, 7) if f"{one:.{digits}f}" != f"{other:.{digits}f}"), fewest)


def worded(comparison: Comparison, against: str, less_is_better: bool) -> str:
    """Return a comparison in words for a message."""
    sure = f"{100 * comparison.confidence:.4g} %"
    flips = f"{len(comparison.lost)} rows lost and {len(comparison.gained)} gained of {comparison.rows:,}"
    if comparison.metric == ERRORS:
        return (
            f"{comparison.value:g} rows are wrong, {_times(comparison)} times the {comparison.reference:g} of"
            f" {against}, allowed {comparison.allowed:g}; {flips}"
        )
    allowed = _allowed(comparison, less_is_better)
    return (
        f"{comparison.metric} {comparison.value:.4f}, that of {against} {comparison.reference:.4f}:"
        f" {comparison.difference:+.4f} ({sure} bounds {comparison.low:+.4f} and {comparison.high:+.4f}), allowed"
        f" {allowed:+g}; {flips}{''.join(f'; {note}' for note in beside(comparison))}"
    )


def worded_slice(one: Slice, against: str, less_is_better: bool) -> str:
    """Return what came of a slice in words for a message."""
    words, found = f"{one.name}: {worded(one.comparison, against, less_is_better)}", one.comparison
    flips = f"{one.name}: {len(found.lost)} lost and {len(found.gained)} gained of {found.rows:,}"
    if one.role == "seen":
        return f"seen after the fact, {flips}"
    if one.role == "watched" and found.decision == "too few rows":
        return f"watched and undecided, {flips}, {rows_wanted(found, '')}"
    if found.decision == "PASS":
        return f"{one.name} holds its limit: {shown_comparison(found, less_is_better)}"
    if found.decision == "too few rows":
        return f"{words}: {rows_wanted(one.comparison, '')}"
    return words


def of_slices(sliced: Sequence[tuple[Slice, str]]) -> Iterator[str]:
    """Yield what a reader is told of slices besides reasons: limits that hold, what was watched, what lost most."""
    yield from (words for one, words in sliced if one.role == "named" and one.comparison.decision == "PASS")
    watched = [(one.comparison.decision, words) for one, words in sliced if one.role == "watched"]
    found = [words for decision, words in watched if decision == "too few rows"]
    yield from found[:MOST_SEEN]
    if len(found) > MOST_SEEN:
        yield f"{len(found) - MOST_SEEN} more slices are watched and undecided; all in --verdict-json"
    if held := sum(decision == "PASS" for decision, _ in watched):
        yield f"{held} watched {'slices are' if held > 1 else 'slice is'} within the limit"
    yield from (words for one, words in sliced if one.role == "seen")


def rows_asked(rows: int, count: int) -> str:
    """Return in words for a table on how many rows of a set figures rest."""
    return f"on {rows:,} of {count:,} rows"


def none_watched(
    there: Mapping[str, Mapping[str, Sequence[int]]], besides: Collection[tuple[str, str]], fewest: int
) -> str:
    """Return in words that no slice is watched, and of how many rows the largest is; `besides` have a limit."""
    sizes = {
        f"{key} = {value!r}": len(rows)
        for key, values in there.items()
        for value, rows in values.items()
        if (key, value) not in besides
    }
    if not sizes:
        return "budget.slices.watch looks at none: no row carries another slice than those that have a limit"
    largest = max(sizes, key=lambda name: sizes[name])
    return (
        f"budget.slices.watch looks at none: the largest slice without a limit, {largest}, has {sizes[largest]:,} rows,"
        f" and fewest = {fewest:,}"
    )


def shown_floor(floor: Floor) -> str:
    """Return a figure beside its floor for a table: "F1 0.938 (≥ 0.900)", where that is so."""
    _, limit = _floor(floor)
    digits = _telling_apart(floor.value, limit)
    sign = relation(floor.value, limit, floor.at_least is None)
    return f"{floor.metric} {floor.value:.{digits}f} ({sign} {limit:.{digits}f})"


def shown_ratio(found: float, unit: str, at_most: float) -> str:
    """Return what a model costs beside another for a table: "0.66 (≤ 0.9)", where that is so."""
    sign = relation(found, at_most, True)
    digits = _telling_apart(found, at_most, 2) if sign == ">" else 2
    return f"{found:.{digits}f}{unit} ({sign} {at_most:g})"


def worded_floor(floor: Floor) -> str:
    """Return a figure beside its floor in words for a message."""
    sign, limit = _floor(floor)
    return (
        f"{floor.metric} {floor.value:.4f} (95 % bounds {floor.low:.4f} and {floor.high:.4f}), allowed {sign}"
        f" {limit:g}; {floor.rows:,} rows{''.join(f'; {note}' for note in beside(floor))}"
    )


def beside(found: Comparison | Floor) -> list[str]:
    """Return how a figure was judged: what the claim is, what is capped, and what counts once."""
    notes = []
    if found.raw is not None and found.raw != found.value:
        raw = f"{found.raw:.4f}"
        if isinstance(found, Comparison) and found.raw_reference is not None:
            raw += f" and {found.raw_reference:.4f}"
        notes.append(f"{found.judged_by} {raw}")
    if isinstance(found, Comparison) and found.worse is not None:
        units, what = _units(found)
        weight = f", each as much as {found.cap:.1f} rows," if found.cap and found.cap > 1 else ""
        few = f"{found.differing} differ: too few to judge {found.metric} itself"
        if found.counting in (None, units):
            claim = f"that at most {most_of(found.worse, units, found.confidence):.2%} of the {what} got worse"
            notes.append(f"the claim is {claim} ({found.worse} of {units:,} did{weight} and {few})")
        else:
            notes.append(
                f"the claim is of the {what} that got worse, each as if it were lost as a whole ({found.worse} of"
                f" {units:,} did{weight} and {few}); of one kind that counts for it there are {found.counting:,}"
            )
    if found.clusters is not None:
        notes.append(f"the {found.rows:,} rows are in {found.clusters:,} clusters, each drawn as a whole")
    if found.inputs is not None:
        notes.append(f"the {found.rows:,} rows have {found.inputs:,} different inputs, and each counts once")
    return notes


def still_open(found: Comparison) -> str:
    """Return in words that a figure besides the first passes by what was seen."""
    return (
        f"{found.metric} passes by what was seen, in {found.rows:,} rows: to show it the bounds {found.low:+.4f} and"
        f" {found.high:+.4f} would have to be within what is allowed"
    )


def saturated(rows: int, least: tuple[int, int] | None) -> str:
    """Return in words that two models are right on nearly all rows, and the `least` loss that these could show."""
    could = "no loss of them could be FAIL"
    if least:
        could = f"the least loss that could be FAIL is {least[0]} of {least[1]:,} rows, {least[0] / least[1]:.1%}"
    return f"both are right on more than {SATURATED:.0%} of the {rows:,} rows: {could}; add harder ones"


def rows_wanted(comparison: Comparison | Floor, graded: str) -> str:
    """Return in words what would decide a comparison that its rows do not decide.

    `graded`: what is not right or wrong as a whole, where the task's answers are not.
    """
    if isinstance(comparison, Floor):
        return _wanted(comparison, "it is about at the limit")
    if comparison.measures_nothing:
        return _measures_nothing(comparison)
    if comparison.metric == ERRORS and comparison.reference <= FEWEST_ERRORS:
        instead = "loosen the budget" if graded else 'judge by a margin of metric = "right"'
        needed = f"about {comparison.needed:,} needed, for " if comparison.needed else ""
        why = f"a ratio is judged above {FEWEST_ERRORS} errors of the reference"
        return f"too few rows: {needed}{why}; give a larger set with --eval-set, or {instead}"
    return _wanted(comparison, "it loses about what is allowed")


def _measures_nothing(comparison: Comparison) -> str:
    errors = comparison.metric == ERRORS
    most = f"be wrong {comparison.at_stake:.2f} times as often" if errors else f"lose {comparison.at_stake:.4f}"
    return (
        f"the rows measure nothing: a model that finds nothing would {most} at most; give a set with --eval-set that"
        " the model compared with gets right, and of which more rows have something to find"
    )


def _times(comparison: Comparison) -> str:
    return "–" if comparison.difference is None else f"{comparison.difference:.2f}"


def _allowed(comparison: Comparison, less_is_better: bool) -> float:
    return comparison.allowed if less_is_better else -comparison.allowed


def _units(found: Comparison | Floor) -> tuple[int, str]:
    """Return how many independent units there are, and what they are."""
    return (found.clusters, "clusters") if found.clusters else (found.inputs or found.rows, "rows")


def _wanted(found: Comparison | Floor, otherwise: str) -> str:
    _, what = _units(found)
    if found.needed:
        where = "" if isinstance(found, Floor) else " if it loses nothing"
        return f"too few {what}: about {found.needed:,} needed{where}; give a larger set with --eval-set"
    return f"too few {what}: {otherwise}; give a larger set with --eval-set, or loosen the budget"


def _floor(floor: Floor) -> tuple[str, float]:
    return ("≥", floor.at_least) if floor.at_least is not None else ("≤", floor.at_most or 0.0)
