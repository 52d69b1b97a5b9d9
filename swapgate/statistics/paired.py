"""Whether a candidate does as well on the same rows as its incumbent, up to a margin: PASS, FAIL or too few rows. Pure.

Rows that are right or wrong are judged by counts, `non_inferior`; any other metric by resampling, `resampled_bounds`.
Sources: the score test and its restricted estimate, T. Tango, Statistics in Medicine 17 (1998) 891-908; the exact
McNemar test, Q. McNemar, Psychometrika 12 (1947) 153-157, by scipy's binomial test; the exact bound of a share,
C. Clopper, E. Pearson, Biometrika 26 (1934) 404-413; the bound of a bounded mean, N. Gaffke, Mathematical Methods of
Statistics 14 (2005), conjectured to hold for each distribution and each number of rows (E. Learned-Miller, P. Thomas,
arXiv 1905.06208): the Bayesian bootstrap, D. Rubin, Annals of Statistics 9 (1981) 130-134, with the bound for one row
more. BCa, which stood here before, passed 8 to 9 % at a true loss of the margin from 60 rows, and up to 52 % where the
loss lay in a few rows. Both sides saw the same rows, so only those count on which they differ.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

CONFIDENCE = 0.95
"""One-sided, of a PASS as of a FAIL."""
SIMULATED = 0.06
"""How often a limit errs that a candidate is at, at the most that was simulated: of 300 rows of which 2 % differ."""
POWER = 0.90
"""How often the rows that are asked for are enough, where nothing is lost."""

RESAMPLES, SEED = 1_000, 0
MOST_RESAMPLES, BEYOND, FEWEST_BEYOND = 20_000, 20, 10
"""As many are drawn as leave BEYOND of them beyond a bound; where fewer than the least are, it is the utmost."""
AT_ONCE = 200_000
"""Weights that are drawn together."""
FEWEST_UNITS = 20
"""Of rows that differ: where fewer do, the claim is the share of rows that got worse."""

Decision = Literal["PASS", "FAIL", "too few rows"]


@dataclass(frozen=True)
class Flips:
    """Rows that both sides answered."""

    rows: int
    lost: float
    """Right before, wrong now; of an input with several rows a part may be."""
    gained: float
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
    return float(scores(flips.rows, flips.lost, flips.gained, difference))


def scores(rows: Any, lost: Any, gained: Any, difference: float) -> Any:
    """Return the same of many comparisons at once: numbers, or arrays of any one shape."""
    import numpy as np

    spread = rows * (2 * _lost_shares(rows, lost, gained, difference) + difference * (1 - difference))
    ahead = gained - lost - rows * difference
    certain = np.where(ahead == 0, 0.0, np.copysign(np.inf, ahead))
    return np.where(spread > 0, ahead / np.sqrt(np.where(spread > 0, spread, 1.0)), certain)


def _lost_shares(rows: Any, lost: Any, gained: Any, difference: float) -> Any:
    """Return the likeliest share of rows that are lost, where the true difference is as said."""
    import numpy as np

    a = 2 * rows
    b = (2 * rows - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    return (np.sqrt(np.maximum(0.0, b * b - 4 * a * c)) - b) / (2 * a)


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


def non_inferior(flips: Flips, margin: float, confidence: float = CONFIDENCE) -> Decision:
    """Decide whether the candidate loses at most `margin`, an absolute share of rows inside (0, 1).

    PASS where the lower bound of the difference is above -margin, FAIL where the upper bound is below it.
    """
    from scipy.stats import norm

    z, found = float(norm.ppf(confidence)), score(flips, -margin)
    return "PASS" if found > z else "FAIL" if found < -z else "too few rows"


def chance_of_loss(flips: Flips, margin: float) -> float:
    """Return how probable flips as bad as these are where `margin` is truly lost, by the same score."""
    from scipy.stats import norm

    return float(norm.cdf(score(flips, -margin)))


def rows_needed(flips: Flips, margin: float, confidence: float = CONFIDENCE) -> int:
    """Return about how many rows let a candidate that loses nothing pass, with POWER.

    As large a share of them would differ as does now.
    """
    return rows_for((flips.lost + flips.gained) / flips.rows, margin, confidence)


def rows_for(discordance: float, margin: float, confidence: float = CONFIDENCE) -> int:
    """Return about how many rows let pass, with POWER, where nothing is lost and such a share of them differs.

    From the normal approximation: the score's spread is that of the likeliest shares with a loss of the margin, its
    true spread the discordance.
    """
    from scipy.stats import norm

    even = 1_000_000 * discordance
    supposed = 2 * float(_lost_shares(2_000_000, even, even, -margin)) - margin * (1 + margin)
    reach = norm.ppf(confidence) * math.sqrt(supposed) + norm.ppf(POWER) * math.sqrt(discordance)
    return math.ceil((reach / margin) ** 2)


def mcnemar(flips: Flips) -> float:
    """Return the two-sided exact probability of flips at least as uneven, were both sides equally good."""
    from scipy.stats import binomtest

    if not flips.lost + flips.gained:
        return 1.0
    lost, gained = round(flips.lost), round(flips.gained)
    return float(binomtest(lost, max(lost + gained, 1)).pvalue)


def most_of(count: float, rows: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of a share of which `count` of `rows` were seen (Clopper-Pearson)."""
    from scipy.stats import beta

    return 1.0 if count >= rows else float(beta.ppf(confidence, count + 1, rows - count))


def share_bounds(count: float, rows: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact one-sided bounds of a share of which `count` of `rows` were seen."""
    return 1 - most_of(rows - count, rows, confidence), most_of(count, rows, confidence)


def rows_for_share(limit: float, share: float, confidence: float = CONFIDENCE) -> int | None:
    """Return about how many rows tell a true `share` from a `limit` above it, with POWER; None where it is not below.

    So many also let a set pass in which none is seen.
    """
    from scipy.stats import norm

    if not 0 <= share < limit < 1:
        return None
    reach = norm.ppf(confidence) * math.sqrt(limit * (1 - limit)) + norm.ppf(POWER) * math.sqrt(share * (1 - share))
    none_seen = math.log(1 - confidence) / math.log(1 - limit)
    return math.ceil(max((reach / (limit - share)) ** 2, none_seen))


def resampled_bounds(
    value: Callable[[Any], Any], masses: Any, least: float = -1.0, most: float = 1.0
) -> tuple[float, float]:
    """Return the one-sided lower and upper bound of a figure that lies between `least` and `most` whatever the rows.

    `value` gives the figure, an array of shape (draws,), for weights of the units, of shape (draws, units). Units are
    what is independent: sentences, utterances, pictures; `masses`, of shape (units, parts), are as how much they count
    for each part of the figure. The weights are those of the Bayesian bootstrap, and one unit more, never seen, has the
    worst that there is, or the best: so a set tells nothing of what happens in fewer units than it can show, and the
    bounds of a share are the exact ones. No resampling of the rows alone does that.
    """
    return quantiles(*resampled(value, masses), least, most)


def resampled(value: Callable[[Any], Any], masses: Any, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Return a figure as often as it is drawn, and which part of it was never seen, for `resampled_bounds`."""
    import numpy as np

    draws = min(max(RESAMPLES, math.ceil(BEYOND / (1 - confidence))), MOST_RESAMPLES)
    drawn = ((value(weights), unseen_part(weights, one, masses)) for weights, one in drawn_weights(len(masses), draws))
    seen, unseen = zip(*drawn, strict=True)
    return np.concatenate(seen), np.concatenate(unseen)


def drawn_weights(units: int, draws: int = RESAMPLES) -> Iterator[tuple[Any, Any]]:
    """Yield weights of shape (draws, units), and that of the unit which was never seen, of shape (draws,)."""
    import numpy as np

    random, step = np.random.default_rng(SEED), max(1, AT_ONCE // (units + 1))
    for start in range(0, draws, step):
        weights = random.standard_exponential((min(step, draws - start), units + 1))
        yield weights[:, :-1], weights[:, -1]


def unseen_part(weights: Any, unseen: Any, masses: Any) -> Any:
    """Return which part of a figure the unit is that was never seen: an array of shape (draws,).

    It counts as the mean of those that count at all, in the part of the figure in which it makes most.
    """
    import numpy as np

    counts = masses > 0
    own = unseen[:, None] * (masses.sum(axis=0) / np.maximum(counts.sum(axis=0), 1))
    all_of_it = own + weights @ masses
    share = np.divide(own, all_of_it, out=np.ones_like(own), where=all_of_it > 0).max(axis=1)
    return np.minimum(share, share * _parts_together(counts) / masses.shape[1])


def _parts_together(counts: Any) -> float:
    """Return in how many parts of a figure a unit is that counts for any, on the average."""
    return max(1.0, float(counts.sum() / max(counts.any(axis=1).sum(), 1)))


def most_lost(changed: Any, masses: Any, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the upper bound of what a figure can lose, where each unit that changes is lost as a whole; and a cap.

    `changed`: which units did, of shape (units,). The cap is as how many mean units one of them counts at most. Of one
    part it is the cap times the exact bound of a share. Of several the shares of all are as large as together they can
    be: their relative entropy, each times its units, is that of an event of 1 - confidence (I. Csiszár, Annals of
    Probability 12 (1984) 768-793); where none changed and no unit is in two parts that is exact too.
    """
    import numpy as np

    counts = masses > 0
    units, hit = counts.sum(axis=0), (changed[:, None] & counts).sum(axis=0)
    most = np.where(changed[:, None], masses, 0.0).max(axis=0, initial=0.0)
    caps = np.maximum(1.0, most * units / np.maximum(masses.sum(axis=0), 1e-12))
    if len(units) == 1:
        share = most_of(float(hit[0]), int(units[0]), confidence)
        return min(1.0, float(caps[0]) * share), float(caps[0])
    shares = _most_shares(hit / np.maximum(units, 1), units / _parts_together(counts), caps, confidence)
    return float(np.minimum(1.0, caps * shares).mean()), float(caps.max())


def _most_shares(seen: Any, units: Any, gains: Any, confidence: float) -> Any:
    """Return the shares whose sum, each times a gain, is the largest that what was seen allows."""
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import rel_entr

    def shares(log: float) -> Any:
        ahead = gains - math.exp(log) * units
        root = np.sqrt(ahead**2 + 4 * gains * math.exp(log) * units * seen)
        return np.clip((ahead + root) / (2 * gains), seen, 1 - 1e-12)

    def too_far(log: float) -> float:
        at = shares(log)
        return float((units * (rel_entr(seen, at) + rel_entr(1 - seen, 1 - at))).sum() + math.log(1 - confidence))

    low, high = -50.0, 50.0
    return shares(brentq(too_far, low, high)) if too_far(low) > 0 else shares(low)


def quantiles(seen: Any, part: Any, least: float, most: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the bounds of a figure from what was drawn of it, and the share of the row that was never seen."""
    import numpy as np

    if (1 - confidence) * len(seen) < FEWEST_BEYOND:
        return least, most
    low = np.quantile((1 - part) * seen + part * least, 1 - confidence)
    return float(low), float(np.quantile((1 - part) * seen + part * most, confidence))


def chance_of_less(seen: Any, part: Any, most: float, limit: float) -> float:
    """Return how probable so little is where the true figure is `limit`: below 5 % where its upper bound is less."""
    return float((1 + ((1 - part) * seen + part * most >= limit).sum()) / (1 + len(seen)))


def within(bounds_of_difference: tuple[float, float], margin: float) -> Decision:
    """Decide by the bounds of a difference, of a metric of which more is better."""
    lower, upper = bounds_of_difference
    return "PASS" if lower > -margin else "FAIL" if upper < -margin else "too few rows"
