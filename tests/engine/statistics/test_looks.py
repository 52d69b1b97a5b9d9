"""Looks at a set on the way: when they are, and that all of them together err no more often than is spent."""

import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.stats import norm

from swapgate.statistics.looks import FEWEST_ROWS, LEVELS, POWER_OF_SHARE, SHARES, SPENT, looks
from swapgate.statistics.paired import scores

STEP = 0.004
RUNS = 20_000


def spent():
    """Return how likely a random walk is beyond a level at or before each look, by numbers on a grid."""
    grid, density, before, chances = np.arange(-8, 9, STEP), None, 0.0, []
    for share, level in zip(SHARES, LEVELS, strict=True):
        step = np.sqrt(share - before)
        if density is None:
            density = norm.pdf(grid, scale=step)
        else:
            reach = np.arange(-round(8 * step / STEP), round(8 * step / STEP) + 1) * STEP
            density = fftconvolve(density, norm.pdf(reach, scale=step) * STEP, mode="same")
        beyond = np.clip((grid + STEP / 2 - level * np.sqrt(share)) / STEP, 0, 1)
        chances.append((density * beyond).sum() * STEP)
        density, before = density * (1 - beyond), share
    return np.cumsum(chances)


def test_boundary():
    """Up to each look so much is spent as is said: 4.7 % in all, by the share of the rows to the power 1.5."""
    assert spent() == pytest.approx(SPENT * np.array(SHARES) ** POWER_OF_SHARE, rel=0.01)
    assert SPENT < 0.05


@pytest.mark.parametrize(("rows", "first", "count"), [(480, 30, 16), (1_000, 32, 17), (50_000, 98, 21), (32, 30, 2)])
def test_looks(rows, first, count):
    """The first look has at least thirty rows, the last one all; the earlier, the surer a decision has to be."""
    found = looks(rows)
    assert (found[0].rows, found[-1].rows, len(found)) == (first, rows, count)
    assert first >= FEWEST_ROWS
    sure = [look.confidence for look in found]
    assert sure == sorted({*sure}, reverse=True)
    assert sure[-1] == pytest.approx(0.9763, abs=1e-4)


@pytest.mark.parametrize("rows", [1, 29, 30])
def test_one_look(rows):
    """A set without room for a look on the way is judged once, at 95 %."""
    assert looks(rows) == [(rows, 0.95)]


@pytest.mark.parametrize(
    ("rows", "discordance", "margin"), [(300, 0.02, 0.02), (1_000, 0.04, 0.02), (2_000, 0.01, 0.01)]
)
def test_errs(rows, discordance, margin):
    """At a true loss of the margin PASS comes in at most 5 %, and FAIL in at most 6 %, all looks together."""
    random, known = np.random.default_rng(2_026), 0
    seen, said = np.zeros((2, RUNS), dtype=int), np.zeros(RUNS, dtype=int)
    shares = [(discordance + margin) / 2, (discordance - margin) / 2, 1 - discordance]
    for look in looks(rows):
        seen, known = seen + random.multinomial(look.rows - known, shares, size=RUNS)[:, :2].T, look.rows
        found, level = scores(known, *seen, -margin), norm.ppf(look.confidence)
        now = np.where(found > level, 1, 0) - np.where(found < -level, 1, 0)
        said = np.where(said == 0, now, said)
    noise = 3 * np.sqrt(0.05 / RUNS)
    assert (said == 1).mean() < 0.05 + noise
    assert 0.04 < (said == -1).mean() < 0.06 + noise
