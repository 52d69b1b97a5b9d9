"""Figures of a verdict: what was measured, beside what, and what is allowed, as they stand in a verdict JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from swapgate.quality.comparison import FEWEST_ERRORS, Comparison
from swapgate.quality.counts import LESS_IS_BETTER, ROUGE
from swapgate.quality.paired import FEWEST_UNITS


@dataclass(frozen=True)
class Times:
    """Seconds of a model's calls; they are shown and never judged, for another machine has others."""

    case: str
    """The case that was timed."""
    batch: int
    """How many times it stood in the batch."""
    median: float
    """Seconds of a call, once it is warm."""
    p90_at_most: float | None
    """Seconds that nine of ten calls take at most, with 99 % confidence; null where there are too few for that."""
    samples: int
    """Calls that these figures rest on."""
    load: float
    """Seconds that loading took, without the imports of torch and transformers."""
    first_call: float | None
    """Seconds of the first call after loading, whatever it was given."""
    produced_tokens: int | None
    """Tokens that a call writes; null for models that write none one by one."""
    a_token: float | None
    """Seconds of a call by the tokens that it writes."""


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


def shown_comparison(comparison: Comparison) -> str:
    """Word a comparison for a table: "F1 0.938 (−0.027 ≥ −0.050)"."""
    if comparison.metric == "errors":
        return f"{comparison.value:g} errors ({_times(comparison)} ≤ {comparison.allowed:g})"
    sign, allowed = _allowed(comparison)
    return f"{comparison.metric} {comparison.value:.3f} ({comparison.difference:+.3f} {sign} {allowed:+.3f})"


def worded(comparison: Comparison, against: str) -> str:
    """Word a comparison for a message."""
    flips = f"{len(comparison.lost)} rows lost and {len(comparison.gained)} gained of {comparison.rows:,}"
    if comparison.metric == "errors":
        return (
            f"{comparison.value:g} rows are wrong, {_times(comparison)} times the {comparison.reference:g} of"
            f" {against}, allowed {comparison.allowed:g}; {flips}"
        )
    _, allowed = _allowed(comparison)
    sure = f" (95 % bounds {comparison.low:+.4f} and {comparison.high:+.4f})" if comparison.low is not None else ""
    return (
        f"{comparison.metric} {comparison.value:.4f}, that of {against} {comparison.reference:.4f}:"
        f" {comparison.difference:+.4f}{sure}, allowed {allowed:+g}; {flips}"
    )


def rows_wanted(comparison: Comparison) -> str:
    """Word what would decide a comparison that its rows do not decide."""
    is_ratio, refused = comparison.metric == "errors", comparison.low is None
    instead = "loosen the budget" if comparison.metric in ROUGE else 'judge by a margin of metric = "right"'
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


def _allowed(comparison: Comparison) -> tuple[str, float]:
    less = comparison.metric in LESS_IS_BETTER
    return ("≤", comparison.allowed) if less else ("≥", -comparison.allowed)
