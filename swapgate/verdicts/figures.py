"""Figures of a verdict: what was measured, beside what, and what is allowed, as they stand in a verdict JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from swapgate.statistics.comparison import FEWEST_ERRORS, Comparison
from swapgate.statistics.latency import Times
from swapgate.statistics.paired import FEWEST_UNITS


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
    """The tier that the limit names, or "incumbent"."""
    against: str
    """The model that stands for it."""
    comparison: Comparison
    """What came of it."""


@dataclass(frozen=True)
class Quality:
    """What a model scores on an evaluation set."""

    shown: str
    """For the table of verdicts."""
    set: str
    """The file of the set."""
    rows: int
    """How many it has."""
    metric: str
    """The task's first figure."""
    value: float
    """The value of that figure."""
    figures: Mapping[str, float]
    """Every figure of the task, by name."""
    comparisons: Sequence[Beside] = ()
    """One for each limit of the budget that has a model to compare with."""


def shown_comparison(comparison: Comparison, less_is_better: bool) -> str:
    """Return a comparison in words for a table: "F1 0.938 (−0.027 ≥ −0.050)"."""
    if comparison.metric == "errors":
        return f"{comparison.value:g} errors ({_times(comparison)} ≤ {comparison.allowed:g})"
    sign, allowed = _allowed(comparison, less_is_better)
    return f"{comparison.metric} {comparison.value:.3f} ({comparison.difference:+.3f} {sign} {allowed:+.3f})"


def worded(comparison: Comparison, against: str, less_is_better: bool) -> str:
    """Return a comparison in words for a message."""
    flips = f"{len(comparison.lost)} rows lost and {len(comparison.gained)} gained of {comparison.rows:,}"
    if comparison.metric == "errors":
        return (
            f"{comparison.value:g} rows are wrong, {_times(comparison)} times the {comparison.reference:g} of"
            f" {against}, allowed {comparison.allowed:g}; {flips}"
        )
    _, allowed = _allowed(comparison, less_is_better)
    sure = f" (95 % bounds {comparison.low:+.4f} and {comparison.high:+.4f})" if comparison.low is not None else ""
    return (
        f"{comparison.metric} {comparison.value:.4f}, that of {against} {comparison.reference:.4f}:"
        f" {comparison.difference:+.4f}{sure}, allowed {allowed:+g}; {flips}"
    )


def rows_wanted(comparison: Comparison, graded: str) -> str:
    """Return in words what would decide a comparison that its rows do not decide.

    `graded`: what is not right or wrong as a whole, where the task's answers are not.
    """
    is_ratio, refused = comparison.metric == "errors", comparison.low is None
    instead = "loosen the budget" if graded else 'judge by a margin of metric = "right"'
    if is_ratio and comparison.reference <= FEWEST_ERRORS:
        why = f"a ratio is judged above {FEWEST_ERRORS} errors of the reference"
    elif refused and comparison.differing < FEWEST_UNITS:
        why = f"bounds are reckoned from {FEWEST_UNITS} rows that differ, and {comparison.differing} do"
    elif refused and not is_ratio:
        why = "the rows are so alike that resampling gives no bounds"
    elif comparison.needed:
        return f"too few rows: about {comparison.needed:,} needed; give a larger set with --eval-set"
    else:
        return "too few rows: it loses about what is allowed; give a larger set with --eval-set, or loosen the budget"
    needed = f"about {comparison.needed:,} needed, for " if comparison.needed else ""
    return f"too few rows: {needed}{why}; give a larger set with --eval-set, or {instead}"


def _times(comparison: Comparison) -> str:
    return "–" if comparison.difference is None else f"{comparison.difference:.2f}"


def _allowed(comparison: Comparison, less_is_better: bool) -> tuple[str, float]:
    return ("≤", comparison.allowed) if less_is_better else ("≥", -comparison.allowed)
