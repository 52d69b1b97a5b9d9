"""When an evaluation set is looked at before all of its rows are known, and how sure a decision has to be there. Pure.

Whoever looks often errs often, so each look has a bound of its own, which is the same for PASS and for FAIL. It spends
SPENT · (share of the rows)^1.5 up to a look, on either side (K. Lan, D. DeMets, Biometrika 70 (1983) 659-663), and is
reckoned as P. Armitage, C. McPherson and B. Rowe do (Journal of the Royal Statistical Society A 132 (1969) 235-244).
tests/engine/statistics/test_looks.py reckons it again, and benchmarks/early_rates.md tells how often it errs.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

from swapgate.statistics.paired import CONFIDENCE

SPENT, POWER_OF_SHARE = 0.047, 1.5
"""The former is below 5 %, for where rows are only lost the score is beyond a bound more often than a normal number."""
SHARES = (1 / 512, 1 / 256, 1 / 128, 1 / 64, 1 / 32, *(part / 16 for part in range(1, 17)))
"""Of the rows that are known at a look."""
LEVELS = (
    *(4.462, 4.322, 4.087, 3.836, 3.569),
    *(3.282, 2.970, 2.827, 2.716, 2.621, 2.538, 2.463, 2.396, 2.333, 2.274, 2.220, 2.168, 2.119, 2.072, 2.027, 1.983),
)
"""Standard normal quantiles that a score must be beyond there."""
FEWEST_ROWS = 30
"""At a look."""


class Look(NamedTuple):
    """A moment at which rows may decide."""

    rows: int
    """How many are known."""
    confidence: float
    """One-sided, of a PASS as of a FAIL."""


def looks(rows: int) -> list[Look]:
    """Return the looks at a set of so many rows, the last of which sees all; a set that is too small has that alone."""
    found = [
        Look(math.ceil(share * rows), NormalDist().cdf(level)) for share, level in zip(SHARES, LEVELS, strict=True)
    ]
    kept = [one for one in found if one.rows >= FEWEST_ROWS]
    return kept if len(kept) > 1 else [Look(rows, CONFIDENCE)]
