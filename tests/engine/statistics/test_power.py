"""Power: how likely verdicts are before a row is asked, exactly."""

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest

from swapgate.statistics.paired import Flips, non_inferior
from swapgate.statistics.power import NEAREST, chances, power

TABLE = json.loads((Path(__file__).parents[3] / "benchmarks" / "verdict_rates.json").read_text())["table"]
MARGIN = 0.02


def summed(rows, lost, gained, margin):
    """Return how likely PASS and FAIL are, by each of the tables that there can be."""
    found = {"PASS": 0.0, "FAIL": 0.0, "too few rows": 0.0}
    for down in range(rows + 1):
        for up in range(rows + 1 - down):
            ways = comb(rows, down) * comb(rows - down, up)
            chance = ways * lost**down * gained**up * (1 - lost - gained) ** (rows - down - up)
            found[non_inferior(Flips(rows, down, up), margin)] += chance
    return found["PASS"], found["FAIL"]


@pytest.mark.parametrize(
    ("rows", "lost", "gained", "margin"),
    [(40, 0.1, 0.02, 0.05), (60, 0.0, 0.0, 0.1), (30, 0.5, 0.3, 0.2), (30, 0.0, 0.2, 0.05), (25, 1.0, 0.0, 0.5)],
)
def test_is_exact(rows, lost, gained, margin):
    """So likely is each verdict as all tables together that end in it."""
    assert chances(rows, lost, gained, margin) == pytest.approx(summed(rows, lost, gained, margin), abs=1e-8)


def test_as_simulated():
    """PASS is as likely as the committed simulation found, at no loss and at a loss of the margin."""
    for line in TABLE:
        rows, differ = line["rows"], line["discordance"]
        assert power(rows, differ, MARGIN).passed == pytest.approx(line["true_pass"], abs=0.01)
        border = chances(rows, (differ + MARGIN) / 2, (differ - MARGIN) / 2, MARGIN)
        assert border.passed == pytest.approx(line["false_pass"], abs=0.005)


@pytest.mark.parametrize(("rows", "differ", "confidence"), [(300, 0.02, 0.95), (800, 0.1, 0.95), (800, 0.1, 0.98)])
def test_as_drawn(rows, differ, confidence):
    """A short simulation comes to the same: of PASS at no loss, and of FAIL at the least loss that is told."""
    found, runs = power(rows, differ, MARGIN, confidence), 4_000
    random, half = np.random.default_rng(7), differ / 2

    def share(lost, decision):
        drawn = random.multinomial(rows, [lost, half, 1 - lost - half], size=runs)[:, :2].tolist()
        return np.mean([non_inferior(Flips(rows, *pair), MARGIN, confidence) == decision for pair in drawn])

    assert share(half, "PASS") == pytest.approx(found.passed, abs=0.03)
    assert share(half + found.least, "FAIL") == pytest.approx(0.9, abs=0.03)
    assert chances(rows, half + found.least - 2 * NEAREST, half, MARGIN, confidence).failed < 0.9


@pytest.mark.parametrize(("rows", "differ"), [(2, 0.02), (20, 0.97)])
def test_nothing_is_caught(rows, differ):
    """A set on which no loss is a FAIL nine times of ten has no least loss."""
    assert power(rows, differ, MARGIN).least is None


@pytest.mark.parametrize(("rows", "lost", "gained"), [(0, 0.1, 0.1), (10, -0.1, 0.1), (10, 0.6, 0.6)])
def test_no_such_shares(rows, lost, gained):
    """What are no rows and no shares of them is refused."""
    with pytest.raises(ValueError, match="no such shares"):
        chances(rows, lost, gained, MARGIN)
