"""Latency as a ratio: two models interleaved in one process, judged by a 99 % interval of the median paired ratio."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

PAIRS = 64
WARMUP = 3
CONFIDENCE = 0.99
"""One-sided, for either end of the interval."""

Judgement = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True)
class Ratio:
    """How many times the reference's seconds a model takes."""

    low: float
    median: float
    high: float

    def judge(self, at_most: float) -> Judgement:
        """Decide only where the whole interval lies on one side of the budget."""
        if self.high <= at_most:
            return "passed"
        return "failed" if self.low > at_most else "undecided"

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.2f}"
        return f"{self.median:.2f} (99 % interval {self.low:.2f} to {self.high:.2f})"


def paired_ratios(model: Callable[[], object], reference: Callable[[], object], pairs: int = PAIRS) -> list[float]:
    """Time both in turn, the first of each pair alternating, and give the ratio of each pair.

    Interleaving cancels what drifts on a shared machine, so two absolute times are never compared.
    """
    for _ in range(WARMUP):
        model()
        reference()
    ratios = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for pair in range(pairs):
            first, second = (model, reference) if pair % 2 else (reference, model)
            one, two = _seconds(first), _seconds(second)
            ratios.append(one / two if pair % 2 else two / one)
    finally:
        if collecting:
            gc.enable()
    return ratios


def interval(ratios: Sequence[float]) -> Ratio:
    """Give the median ratio with its distribution-free interval, from order statistics (Conover 1999, chapter 3.2).

    Raises ValueError where there are too few ratios for the confidence (fewer than 7).
    """
    from scipy.stats import binom

    ordered = sorted(ratios)
    below = int(binom.ppf(1 - CONFIDENCE, len(ordered), 0.5)) - 1
    if below < 0:
        raise ValueError(f"{len(ordered)} ratios are too few for a {CONFIDENCE:.0%} interval")
    return Ratio(ordered[below], statistics.median(ordered), ordered[-1 - below])


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
