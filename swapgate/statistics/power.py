"""How likely a verdict on rows that are right or wrong is, before any of them is asked. Pure.

Exact: summed over how many rows may be lost and gained, each of which `paired.non_inferior` would decide.
"""

from typing import Any, NamedTuple

from swapgate.statistics.paired import CONFIDENCE, POWER, rows_for, scores

UNLIKELY = 1e-9
"""How often other numbers of rows differ than those that are summed over, on either side."""
NEAREST = 1e-5
"""To how much a loss is told."""


class Chances(NamedTuple):
    """How likely each verdict is; what is left is too few rows."""

    passed: float
    failed: float


class Power(NamedTuple):
    """What a set can show of a share of right rows."""

    passed: float
    """How likely PASS is where nothing is lost."""
    least: float | None
    """The smallest true loss that is a FAIL with POWER, as a share of all rows; None where none is."""
    needed: int
    """About how many rows let PASS be as likely as POWER where nothing is lost."""


def chances(rows: int, lost: float, gained: float, margin: float, confidence: float = CONFIDENCE) -> Chances:
    """Return how likely the verdicts on so many rows are, of which such shares are truly lost and gained, at a margin.

    Raises ValueError where these are no shares.
    """
    import numpy as np
    from scipy.stats import binom, norm

    if rows < 1 or min(lost, gained) < 0 or lost + gained > 1:
        raise ValueError(f"{lost} lost and {gained} gained of {rows} rows: no such shares")
    differing = lost + gained
    first, last = (int(binom.ppf(chance, rows, differing)) for chance in (UNLIKELY, 1 - UNLIKELY))
    counts = np.arange(max(first, 0), last + 1)
    level, part = float(norm.ppf(confidence)), lost / differing if differing else 0.0
    most_lost = _fewest(rows, counts, lambda found: found <= level, margin) - 1
    least_lost = _fewest(rows, counts, lambda found: found < -level, margin)
    weights = binom.pmf(counts, rows, differing)
    passed, failed = binom.cdf(most_lost, counts, part), binom.sf(least_lost - 1, counts, part)
    return Chances(float(weights @ passed), float(weights @ failed))


def _fewest(rows: int, counts: Any, holds: Any, margin: float) -> Any:
    """Return for each number of rows that differ the fewest lost ones for which a score is as is asked; one more than
    there are where it never is. The more are lost, the lower the score.
    """
    import numpy as np

    low, high = np.zeros_like(counts), counts + 1
    while (low < high).any():
        middle = (low + high) // 2
        reached = holds(scores(rows, middle, counts - middle, -margin)) | (middle > counts)
        low, high = np.where(reached | (low >= high), low, middle + 1), np.where(reached & (low < high), middle, high)
    return low


def power(rows: int, discordance: float, margin: float, confidence: float = CONFIDENCE) -> Power:
    """Return what so many rows can show, of which a share differs between two models as good as each other.

    Where something is lost, it is lost besides. Raises ValueError where these are no shares.
    """
    half = discordance / 2
    passed = chances(rows, half, half, margin, confidence).passed

    def caught(loss: float) -> bool:
        return chances(rows, half + loss, half, margin, confidence).failed >= POWER

    low, high = margin, 1 - discordance - NEAREST
    if low >= high or not caught(high):
        return Power(passed, None, rows_for(discordance, margin, confidence))
    while high - low > NEAREST:
        middle = (low + high) / 2
        low, high = (low, middle) if caught(middle) else (middle, high)
    return Power(passed, high, rows_for(discordance, margin, confidence))
