"""Latency: a budget judged by an interval that may be looked at after each block, and how the pairs are taken."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.statistics.latency import (
    BLOCK,
    FALSE_FAIL,
    FALSE_PASS,
    MOST_PAIRS,
    WANDERS,
    Ratio,
    decisive,
    interval,
    p90,
)

MOST_BLOCKS = MOST_PAIRS // BLOCK


@pytest.mark.parametrize(
    ("low", "high", "judgement"),
    [
        (0.7, 0.9, "passed"),
        (0.7, 1.0, "passed"),
        (1.0, 1.0, "passed"),
        (0.7, 1.000001, "undecided"),
        (1.0, 1.2, "undecided"),
        (1.000001, 1.2, "failed"),
        (1.5, 1.9, "failed"),
        (0.0, math.inf, "undecided"),
        (math.nan, math.nan, "undecided"),
    ],
)
def test_judge(low, high, judgement):
    """A budget is decided only where the whole interval lies on one side; the budget itself is allowed."""
    assert Ratio(low, (low + high) / 2, high).judge(1.0) == judgement


@pytest.mark.parametrize(("low", "judgement"), [(1.05, "undecided"), (1.0814, "undecided"), (1.0816, "failed")])
def test_measured_ratio_wanders(low, judgement):
    """A ratio of times must lie above the budget by more than such ratios wander."""
    assert Ratio(low, 1.2, 1.3, 64).judge(1.05) == judgement


@pytest.mark.parametrize(("high", "judgement"), [(1.05, "undecided"), (1.0195, "undecided"), (1.0194, "passed")])
def test_a_little_below(high, judgement):
    """A measured ratio passes only where its interval is below the budget by more than ratios wander by themselves."""
    assert Ratio(0.9, 1.0, high, 64).judge(1.05) == judgement


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Ratio(0.951, 1.004, 1.056, 44), "1.00 (interval 0.95 to 1.06 from 44 pairs)"),
        (Ratio(0.0, 1.004, 1.056, 32), "1.00 (interval at most 1.06 from 32 pairs)"),
        (Ratio(1.0, 1.2, 1.4, 40, " with 9 tokens each"), "1.20 with 9 tokens each (interval 1.00 to 1.40"),
        (Ratio(0.7, 0.7, 0.7), "0.70"),
    ],
    ids=["both ends", "one end", "another unit", "the same each time"],
)
def test_words(ratio, words):
    """A ratio is worded with its median, its interval and the pairs it rests on."""
    assert str(ratio).startswith(words)


def test_first_decisions():
    """Eight blocks that all lie below a budget pass it, eleven that all lie above it fail it, and not one fewer."""
    assert next(count for count in range(1, 20) if decisive(count, FALSE_PASS) <= count) == 8
    assert next(count for count in range(1, 20) if decisive(count, FALSE_FAIL) <= count) == 11


@pytest.mark.parametrize("risk", [FALSE_FAIL, FALSE_PASS], ids=["fail", "pass"])
def test_risk_under_repeated_looking(risk):
    """Blocks that fall on either side by a fair coin are ever decided with no more than the risk, reckoned exactly.

    All ways to the cap are summed up, a look after each block.
    """
    ways, decided = {0: 1.0}, 0.0
    for count in range(1, MOST_BLOCKS + 1):
        after: dict[int, float] = {}
        for on, chance in ways.items():
            for more in (0, 1):
                after[on + more] = after.get(on + more, 0) + chance / 2
        decided += sum(chance for on, chance in after.items() if on >= decisive(count, risk))
        ways = {on: chance for on, chance in after.items() if on < decisive(count, risk)}
    assert risk / 4 < decided <= risk


@given(st.integers(1, 200))
def test_more_blocks_decide_earlier(count):
    """The share of blocks on one side that decides is never more than one block larger than with one block fewer."""
    for risk in (FALSE_FAIL, FALSE_PASS):
        assert decisive(count, risk) <= decisive(count + 1, risk) <= decisive(count, risk) + 1


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=80))
def test_interval_holds_the_median(ratios):
    """The interval holds the median, and its ends are ratios of blocks or unknown."""
    found = interval(ratios)
    assert found.low <= found.median <= found.high
    assert {found.low, found.high} <= {*ratios, 0.0, math.inf}
    assert found.pairs == BLOCK * len(ratios)


@given(st.lists(st.floats(0.5, 2), min_size=8, max_size=20), st.randoms(use_true_random=False))
def test_interval_forgets_the_order(ratios, random):
    """The interval does not depend on the order of the blocks."""
    assert interval(random.sample(ratios, len(ratios))) == interval(ratios)


@given(st.lists(st.floats(0.5, 2), min_size=1, max_size=64), st.floats(0.5, 2))
def test_interval_and_coin_agree(ratios, budget):
    """A budget fails, or passes, exactly where so many blocks lie on that side as decide."""
    above, below = sum(one > budget * WANDERS for one in ratios), sum(one * WANDERS <= budget for one in ratios)
    expected = (
        "passed"
        if below >= decisive(len(ratios), FALSE_PASS)
        else "failed"
        if above >= decisive(len(ratios), FALSE_FAIL)
        else "undecided"
    )
    assert interval(ratios).judge(budget) == expected


def test_simulated():
    """Of noisy models that are as fast, 5 % and 20 % slower, a budget of 5 % passes, spares and fails those it should.

    Simulated with a standard deviation of 4 % a pair, seed 1939, 200 models each.
    """
    random = np.random.default_rng(1939)

    def judged(ratio):
        blocks: list[float] = []
        while len(blocks) < MOST_BLOCKS:
            blocks.append(float(np.median(ratio * np.exp(0.04 * random.standard_normal(BLOCK)))))
            if (judgement := interval(blocks).judge(1.05)) != "undecided":
                return judgement
        return "undecided"

    found = {ratio: [judged(ratio) for _ in range(200)] for ratio in (1.0, 1.05, 1.2)}
    assert found[1.0].count("passed") >= 195
    assert found[1.0].count("failed") == 0
    assert found[1.05].count("failed") <= 4
    assert found[1.05].count("passed") <= 10
    assert found[1.2].count("failed") == 200


@pytest.mark.parametrize(
    ("count", "place"), [(63, None), (64, 63), (65, 64), (100, 97), (256, 242)], ids=lambda value: str(value)
)
def test_p90(count, place):
    """The bound of the 90th percentile is the order statistic that lies above it in 99 % of series, in any order."""
    seconds = [float(value) for value in range(count, 0, -1)]
    assert p90(seconds) == place
    if place:
        too_low = [math.comb(count, below) * 0.9**below * 0.1 ** (count - below) for below in range(count + 1)]
        assert sum(too_low[place:]) <= 0.01 < sum(too_low[place - 1 :])
