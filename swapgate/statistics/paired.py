"""Whether a candidate does as well on the same rows as its incumbent, up to a margin: PASS, FAIL or too few rows. Pure.

Rows that are right or wrong are judged by counts, `non_inferior`; any other metric by resampling, `resampled_bounds`.
Sources: the score test and its restricted estimate, T. Tango, Statistics in Medicine 17 (1998) 891-908; the exact
McNemar test, Q. McNemar, Psychometrika 12 (1947) 153-157, by scipy's binomial test; the bootstrap with bias and
skewness corrected (BCa), B. Efron, Journal of the American Statistical Association 82 (1987) 171-185. Both sides saw
the same rows, so only those count on which they differ.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

CONFIDENCE = 0.95
"""One-sided, of a PASS as of a FAIL."""
POWER = 0.90
"""How often the rows that are asked for are enough, where nothing is lost."""

RESAMPLES, SEED = 1_000, 0
GROUPS = 200
"""Of rows that are left out in turn, to see how skewed a metric is: as telling as single rows, and not as many."""
FEWEST_UNITS = 20
"""Of rows that differ: from fewer a bootstrap tells nothing of the tail."""

Decision = Literal["PASS", "FAIL", "too few rows"]


@dataclass(frozen=True)
class Flips:
    """Rows that both sides answered."""

    rows: int
    lost: int
    """Right before, wrong now."""
    gained: int
    """Wrong before, right now."""

    def __post_init__(self) -> None:
        """Raises ValueError where there are no rows, or more that differ than there are."""
        if self.rows < 1 or min(self.lost, self.gained) < 0 or self.lost + self.gained > self.rows:
            raise ValueError(f"{self.lost} lost and {self.gained} gained of {self.rows} rows: no such comparison")

    @property
    def difference(self) -> float:
        """The candidate's share of right rows less the incumbent's, from -1 to 1."""
        return (self.gained - self.lost) / self.rows


def score(flips: Flips, difference: float) -> float:
    """Return Tango's statistic against a true `difference` inside (-1, 1): standard normal where that is true.

    It is positive where the rows speak for more. Where no other rows than these were possible it is 0.
    """
    rows, lost, gained = flips.rows, flips.lost, flips.gained
    spread = rows * (2 * _lost_share(flips, difference) + difference * (1 - difference))
    ahead = gained - lost - rows * difference
    if spread <= 0:
        return math.copysign(math.inf, ahead) if ahead else 0.0
    return ahead / math.sqrt(spread)


def _lost_share(flips: Flips, difference: float) -> float:
    """Return the likeliest share of rows that are lost, where the true difference is as said."""
    a = 2 * flips.rows
    b = (2 * flips.rows - flips.gained + flips.lost) * difference - flips.gained - flips.lost
    c = -flips.lost * difference * (1 - difference)
    return (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)


def bounds(flips: Flips, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the one-sided lower and the one-sided upper bound of the true difference."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, edge = float(norm.ppf(confidence)), 1 - 1e-9
    seen = min(max(flips.difference, -edge), edge)

    def where(level: float, low: float, high: float) -> float:
        if score(flips, low) <= level or score(flips, high) >= level:
            return -1.0 if level > 0 else 1.0  # the data allow the utmost
        return float(brentq(lambda difference: score(flips, difference) - level, low, high, xtol=1e-10))

    return where(z, -edge, seen), where(-z, seen, edge)


def non_inferior(flips: Flips, margin: float) -> Decision:
    """Decide whether the candidate loses at most `margin`, an absolute share of rows inside (0, 1).

    PASS where the lower bound of the difference is above -margin, FAIL where the upper bound is below it.
    """
    from scipy.stats import norm

    z, found = float(norm.ppf(CONFIDENCE)), score(flips, -margin)
    return "PASS" if found > z else "FAIL" if found < -z else "too few rows"


def rows_needed(flips: Flips, margin: float) -> int:
    """Return about how many rows let a candidate that loses nothing pass, with POWER.

    As large a share of them would differ as does now. From the normal approximation: the score's spread is that of the
    likeliest shares with a loss of the margin, its true spread the discordance.
    """
    from scipy.stats import norm

    discordance = (flips.lost + flips.gained) / flips.rows
    even = Flips(2_000_000, *[round(1_000_000 * discordance)] * 2)
    supposed = 2 * _lost_share(even, -margin) - margin * (1 + margin)
    reach = norm.ppf(CONFIDENCE) * math.sqrt(supposed) + norm.ppf(POWER) * math.sqrt(discordance)
    return math.ceil((reach / margin) ** 2)


def mcnemar(flips: Flips) -> float:
    """Return the two-sided exact probability of flips at least as uneven, were both sides equally good."""
    from scipy.stats import binomtest

    if not flips.lost + flips.gained:
        return 1.0
    return float(binomtest(flips.lost, flips.lost + flips.gained).pvalue)


def mean_bounds(rows: int, fell: int, rose: int) -> tuple[float, float]:
    """Return one-sided bounds of the true difference of a mean, of which each row adds a number from 0 to 1.

    They are far, for of each row that fell the whole is taken as lost and nothing as gained by another, and the other
    way round: for sets in which too few rows differ to resample them.
    """
    return bounds(Flips(rows, fell, 0))[0], bounds(Flips(rows, 0, rose))[1]


def resampled_bounds(difference: Callable[[Any], float], units: int, differing: int) -> tuple[float, float] | None:
    """Return the one-sided lower and upper bound of a metric's true difference, by the BCa bootstrap.

    `difference` gives the candidate's metric less the incumbent's on rows by their numbers, an integer array in which
    a row may stand several times. Units are what is independent: sentences, utterances, pictures. None where fewer than
    FEWEST_UNITS of them are `differing`, whatever the number of rows, or resampling gives the same each time: the same
    few again and again would pretend to know.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    if differing < FEWEST_UNITS:
        return None
    random = np.random.default_rng(SEED)
    drawn = np.array([difference(random.integers(units, size=units)) for _ in range(RESAMPLES)])
    if drawn.min() == drawn.max():
        return None
    everything, seen = np.arange(units), difference(np.arange(units))
    groups = np.array_split(random.permutation(units), min(units, GROUPS))
    left_out = np.array([difference(np.delete(everything, group)) for group in groups])
    pull = left_out.mean() - left_out
    skewness = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5) if pull.any() else 0.0
    below = ((drawn < seen).mean() + (drawn <= seen).mean()) / 2
    bias = ndtri(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    z = bias + ndtri([1 - CONFIDENCE, CONFIDENCE])
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - skewness * z)))
    return float(low), float(high)


def within(bounds_of_difference: tuple[float, float] | None, margin: float) -> Decision:
    """Decide by the bounds of a difference, of a metric of which more is better."""
    if bounds_of_difference is None:
        return "too few rows"
    lower, upper = bounds_of_difference
    return "PASS" if lower > -margin else "FAIL" if upper < -margin else "too few rows"
