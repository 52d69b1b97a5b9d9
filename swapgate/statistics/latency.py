"""Latency as a ratio: two models interleaved in one process until an interval of the median ratio decides.

A block is a few pairs of calls, and its ratio the median of theirs: bursts of noise correlate neighbours, blocks less.
Whether more than half of all blocks lie above a budget is a question about a coin. The betting martingale that puts a
uniform prior on how the coin is loaded answers it: by Ville's inequality (J. Ville 1939; H. Robbins, Annals of
Mathematical Statistics 41 (1970) 1397-1409) a fair coin ever brings it to 1/a with a probability of at most a. So one
may look after each block and stop as soon as the budget is decided. Turned round it gives an interval of the median
that holds at all looks at once (S. Howard, A. Ramdas, Bernoulli 28 (2022) 1704-1728).
"""

import functools
import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from swapgate.core.garbage import no_search

BLOCK = 4
"""Pairs a block."""
MOST_PAIRS = 256
WARMUP = 5
"""Calls of each that are not timed: two models in turn take about as many until caches hold both."""
FALSE_FAIL, FALSE_PASS = 0.003, 0.02
"""How often a model exactly at its budget may be judged as above it, or as below it."""
WANDERS, SPREAD = 1.03, 10.0
"""The ratio of the same two models wanders by itself, which no pairing removes. So it must be beyond a budget by this
factor, and blocks are spread over these seconds where they do not take so long. benchmarks/latency_wander.py measured
standard deviations of up to 2.3 % that last for some 5 seconds: with 1 % and no spread 14 % of models that are exactly
at their budget would fail and 17 % pass, with these 1 and 2 %."""
SAMPLES_FOR_P90 = 64
"""In so many calls at most one lies above the 90th percentile in 1 % of series, so that the second slowest is a 99 %
upper bound of it: 0.9^64 + 64 · 0.1 · 0.9^63 = 0.0096."""

Judgement = Literal["passed", "failed", "undecided"]
Call = Callable[[], object]


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
    first_token: float | None = None
    """Seconds of a call that writes one token, the shortest of a few; null where none are written one by one."""


@dataclass(frozen=True)
class Ratio:
    """How many times the reference's figure a model's is."""

    low: float
    """0 where nothing can be said yet."""
    median: float
    high: float
    """Infinite where nothing can be said yet."""
    pairs: int = 0
    """How many pairs of calls it rests on; 0 for a figure that is the same each time."""
    unit: str = ""
    """What the calls did where that is not what a call does: " with 25 tokens each"."""

    blocks: Sequence[float] = field(default=(), compare=False)
    """Of a measured one the ratios of its blocks, in the order in which they were measured."""

    def judge(self, at_most: float) -> Judgement:
        """Decide only where the whole interval lies on one side of the budget; a measured one by a little."""
        wanders = WANDERS if self.pairs else 1.0
        if self.high * wanders <= at_most:
            return "passed"
        return "failed" if self.low > at_most * wanders else "undecided"

    def __str__(self) -> str:
        if not self.pairs:
            return f"{self.median:.2f}"
        interval = f"at most {self.high:.2f}" if self.low == 0 else f"{self.low:.2f} to {self.high:.2f}"
        return f"{self.median:.2f}{self.unit} (interval {interval} from {self.pairs} pairs)"


def compare(model: Call, reference: Call, at_most: float, synchronize: Call = lambda: None) -> Ratio:
    """Time both in turn until the interval of the median ratio lies on one side of `at_most`, or for MOST_PAIRS pairs.

    The first of a pair alternates, garbage collection waits, and `synchronize` waits for an accelerator before each
    reading of the clock. Two absolute times are never compared but within a pair. Blocks are spread over
    SPREAD seconds.
    """
    with no_search():
        for call in (model, reference) * WARMUP:
            call()
        return decide(measured(model, reference, synchronize, SPREAD * BLOCK / MOST_PAIRS), at_most)


def measured(model: Call, reference: Call, synchronize: Call = lambda: None, apart: float = 0.0) -> Iterator[float]:
    """Time blocks of pairs without end, and give the ratio of each; blocks begin so many seconds apart, or more."""
    sides, begin = (model, reference), time.perf_counter()
    while True:
        if (early := begin - time.perf_counter()) > 0:
            time.sleep(early)
            for call in sides:  # not timed: a pause empties caches
                call()
        begin = time.perf_counter() + apart
        ratios = []
        for pair in range(BLOCK):
            order = (0, 1) if pair % 2 else (1, 0)
            seconds = {side: _seconds(sides[side], synchronize) for side in order}
            ratios.append(seconds[0] / seconds[1])
        yield statistics.median(ratios)


def decide(ratios: Iterable[float], at_most: float) -> Ratio:
    """Look after each block's ratio, until the budget is decided or MOST_PAIRS pairs were measured."""
    blocks: list[float] = []
    for ratio in ratios:
        blocks.append(ratio)
        found = interval(blocks)
        if found.pairs >= MOST_PAIRS or found.judge(at_most) != "undecided":
            break
    return found


def interval(blocks: Sequence[float]) -> Ratio:
    """Return the median of the blocks' ratios with its interval."""
    ordered, count = sorted(blocks), len(blocks)
    above, below = decisive(count, FALSE_FAIL), decisive(count, FALSE_PASS)
    low = ordered[count - above] if above <= count else 0.0
    high = ordered[below - 1] if below <= count else math.inf
    return Ratio(low, statistics.median(ordered), high, count * BLOCK, blocks=tuple(blocks))


@functools.cache
def decisive(count: int, risk: float) -> int:
    """Return how many of `count` blocks on one side decide; one more than there are where not even all would.

    The martingale is the mean over p in (1/2, 1) of what betting on p makes of 1: (2p)^on · (2(1-p))^off.
    """
    from scipy.special import betainc, betaln

    for on in range(count // 2, count + 1):
        off = count - on
        share = betainc(off + 1, on + 1, 0.5)  # of the beta distribution of p, what lies above 1/2
        wealth = (count + 1) * math.log(2) + float(betaln(on + 1, off + 1)) + math.log(share)
        if wealth >= -math.log(risk):
            return on
    return count + 1


def p90(seconds: Sequence[float]) -> float | None:
    """Return a 99 % upper bound of the 90th percentile; None for fewer than SAMPLES_FOR_P90 calls."""
    from scipy.stats import binom

    if len(seconds) < SAMPLES_FOR_P90:
        return None
    below = int(binom.ppf(0.99, len(seconds), 0.9))  # more lie below the percentile in 1 % of series at most
    return sorted(seconds)[below]


def _seconds(call: Call, synchronize: Call) -> float:
    synchronize()
    start = time.perf_counter()
    call()
    synchronize()
    return time.perf_counter() - start
