"""What is drawn on a page: figures with their intervals against a budget, curves, series; as numbers for SVG. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from swapgate.statistics.comparison import ERRORS
from swapgate.tasks import tasks
from swapgate.verdicts.facts import Tier
from swapgate.verdicts.figures import Cost


@dataclass(frozen=True)
class Gauge:
    """A figure with its interval against what is allowed, on an axis of 0 to 100."""

    what: str
    shown: str
    """The figure and its limit in words."""
    holds: bool | None
    """Whether it is within the limit; None where that is not decided."""
    low: float
    at: float
    high: float
    limit: float
    """Where what is not allowed begins."""
    is_most: bool
    """Whether that is above the limit, and not below it."""
    zero: float | None
    """Where nothing has changed: a difference of 0, a ratio of 1; None where that is beyond the axis."""


def gauges(tier: Tier) -> Iterator[Gauge]:
    """Yield what of a tier was judged against a limit."""
    quality = tier.figures.quality
    for one in quality.comparisons if quality else ():
        found = one.comparison
        if found.metric == ERRORS:
            ratio = math.inf if found.difference is None else found.difference
            shown = (
                f"{found.value:g} rows are wrong, {found.reference:g} of {one.against}; allowed {found.allowed:g} times"
            )
            yield _gauge(
                f"errors beside {one.tier}", shown, found.decision, None, ratio, None, found.allowed, True, 1.0
            )
            continue
        less = tier.kind in tasks() and found.metric in tasks()[tier.kind].output.less_is_better
        limit, difference = found.allowed if less else -found.allowed, found.difference or 0.0
        shown = (
            f"{found.value:.4f}, {found.reference:.4f} of {one.against}: {difference:+.4f}"
            f" ({_ends(found.low, found.high, '+.4f')}), allowed {limit:+.4g}"
        )
        name = f"{found.metric} beside {one.tier}"
        yield _gauge(name, shown, found.decision, found.low, difference, found.high, limit, less, 0.0)
    for floor in quality.floors if quality else ():
        is_most = floor.at_least is None
        limit = (floor.at_most if is_most else floor.at_least) or 0.0
        shown = (
            f"{floor.value:.4f} ({_ends(floor.low, floor.high, '.4f')}), allowed {'≤' if is_most else '≥'} {limit:g}"
        )
        yield _gauge(floor.metric, shown, floor.decision, floor.low, floor.value, floor.high, limit, is_most, None)
    sizes = {f"latency {name}": cost for name, cost in tier.figures.latency_sizes.items()}
    latency = {} if sizes else {"latency": tier.figures.latency}
    others = {name: getattr(tier.figures, name) for name in ("size", "parameters", "memory")}
    for name, cost in {**latency, **sizes, **others}.items():
        if cost and cost.ratio is not None and cost.at_most is not None:
            yield _cost(name, cost)


def _cost(name: str, cost: Cost) -> Gauge:
    ratio, at_most = cost.ratio or 0.0, cost.at_most or 0.0
    low, high = cost.low, cost.high
    high = None if high is not None and not math.isfinite(high) else high
    worst = ratio if high is None else high
    decision = "PASS" if worst <= at_most else "FAIL" if (low or 0.0) > at_most else ""
    interval = f" ({_ends(low, high, '.2f')} from {cost.pairs} pairs)" if cost.pairs else ""
    shown = f"{ratio:.2f} times {cost.against}{interval}, allowed {at_most:g}"
    return _gauge(name, shown, decision, low, ratio, high, at_most, True, 1.0)


def _ends(low: float | None, high: float | None, form: str) -> str:
    return f"{'?' if low is None else format(low, form)} to {'?' if high is None else format(high, form)}"


def _gauge(
    what: str,
    shown: str,
    decision: str,
    low: float | None,
    at: float,
    high: float | None,
    limit: float,
    is_most: bool,
    zero: float | None,
) -> Gauge:
    at = at if math.isfinite(at) else 2 * limit + 1
    low, high = at if low is None else low, at if high is None else high
    values = [low, at, high, limit, *([] if zero is None else [zero])]
    least, most = min(values), max(values)
    pad = 0.08 * (most - least) or 1.0
    scale = scaled((least - pad, most + pad), (0.0, 100.0))

    def place(value: float) -> float:
        return round(scale(value), 2)

    return Gauge(
        what,
        shown,
        {"PASS": True, "FAIL": False}.get(decision),
        low=place(low),
        at=place(at),
        high=place(high),
        limit=place(limit),
        is_most=is_most,
        zero=None if zero is None else place(zero),
    )


def scaled(of: tuple[float, float], onto: tuple[float, float]) -> Callable[[float], float]:
    """Return a straight map of one range onto another."""
    slope = (onto[1] - onto[0]) / ((of[1] - of[0]) or 1.0)
    return lambda value: onto[0] + slope * (value - of[0])


@dataclass(frozen=True)
class Series:
    """Values in order as points of a picture of 300 by 80, with a line across where a limit is."""

    points: Sequence[tuple[float, float, int]]
    """Of each value that there is across, up, and its place among all."""
    lines: Sequence[tuple[float, str]]
    """Where lines across are, and what they say."""
    least: float
    most: float


def series(values: Sequence[float | None], limits: Mapping[str, float]) -> Series:
    """Place values, and limits by their names, so that all of them are in the picture; None is a gap.

    Raises ValueError where there is neither.
    """
    there = [(place, value) for place, value in enumerate(values) if value is not None and math.isfinite(value)]
    shown = [*(value for _, value in there), *limits.values()]
    least, most = min(shown), max(shown)
    pad = 0.05 * (most - least) or 0.5
    up = scaled((least - pad, most + pad), (78.0, 2.0))
    along = scaled((0.0, max(1.0, len(values) - 1.0)), (4.0, 296.0))
    points = [(round(along(place), 1), round(up(value), 1), place) for place, value in there]
    return Series(points, [(round(up(value), 1), name) for name, value in limits.items()], least, most)
