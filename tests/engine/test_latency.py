"""Latency: a budget judged by an interval, the interval of paired ratios, and how the pairs are taken."""

import gc
import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.latency import CONFIDENCE, PAIRS, WARMUP, Ratio, interval, paired_ratios


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
        (math.nan, math.nan, "undecided"),
    ],
)
def test_judge(low, high, judgement):
    """A budget is decided only where the whole interval lies on one side; the budget itself is allowed."""
    assert Ratio(low, (low + high) / 2, high).judge(1.0) == judgement


def test_words():
    """A ratio is worded with its median and its interval."""
    assert str(Ratio(0.951, 1.004, 1.056)) == "1.00 (99 % interval 0.95 to 1.06)"


@pytest.mark.parametrize("count", range(7))
def test_too_few(count):
    """Fewer than seven ratios cannot give 99 % confidence."""
    with pytest.raises(ValueError, match=rf"^{count} ratios are too few for a 99% interval$"):
        interval([1.0] * count)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(7, 1, 7), (10, 1, 10), (11, 2, 10), (20, 5, 16), (PAIRS, 23, 42)],
)
def test_order_statistics(count, low, high):
    """The ends of the interval are order statistics of known rank, whatever order the ratios come in."""
    ratios = [float(value) for value in range(1, count + 1)]
    assert interval(ratios[::-1]) == Ratio(low, (count + 1) / 2, high)


@pytest.mark.parametrize("count", [7, 8, 11, 20, 33, PAIRS, 101])
def test_confidence(count):
    """The true median lies below either end with less than 1 %, and one rank further in it would not."""

    def risk(rank):
        return sum(math.comb(count, below) for below in range(rank)) / 2**count

    rank = int(interval([float(value) for value in range(1, count + 1)]).low)
    assert risk(rank) <= 1 - CONFIDENCE < risk(rank + 1)


@given(st.lists(st.floats(1e-6, 1e6), min_size=7, max_size=80))
def test_interval_holds_the_median(ratios):
    """The interval holds the median and stays within the data."""
    found = interval(ratios)
    assert min(ratios) <= found.low <= found.median <= found.high <= max(ratios)
    assert found.low in ratios
    assert found.high in ratios


@given(st.lists(st.floats(0.5, 2), min_size=8, max_size=20), st.randoms(use_true_random=False))
def test_interval_forgets_the_order(ratios, random):
    """The interval does not depend on the order of the pairs."""
    shuffled = random.sample(ratios, len(ratios))
    assert interval(shuffled) == interval(ratios)


def test_one_outlier_changes_nothing():
    """One pair that was disturbed does not move the judgement."""
    ratios = [1.0] * (PAIRS - 1)
    assert interval([*ratios, 1000.0]) == Ratio(1.0, 1.0, 1.0)


class Clock:
    """A clock that only moves when a model is called; calls are noted."""

    def __init__(self):
        self.now = 100.0
        self.calls = []

    def model(self, name, seconds):
        """Give a model that takes this long."""

        def call():
            self.calls.append(name)
            self.now += seconds

        return call


@pytest.fixture
def clock(monkeypatch):
    """Put a scripted clock in the place of the real one."""
    clock = Clock()
    monkeypatch.setattr("swapgate.latency.time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_number_of_pairs(clock):
    """Without being told otherwise, it takes PAIRS pairs."""
    assert len(paired_ratios(clock.model("a", 1), clock.model("b", 1))) == PAIRS


@pytest.mark.parametrize(("model", "reference", "ratio"), [(3, 2, 1.5), (1, 4, 0.25), (2, 2, 1)])
def test_ratio(clock, model, reference, ratio):
    """A ratio is the model's time by the reference's, whichever of them came first in the pair."""
    ratios = paired_ratios(clock.model("model", model), clock.model("reference", reference), pairs=6)
    assert ratios == pytest.approx([ratio] * 6)


def test_order_alternates(clock):
    """After a warm-up of both, the first of each pair alternates."""
    paired_ratios(clock.model("m", 1), clock.model("r", 1), pairs=4)
    assert "".join(clock.calls) == "mr" * WARMUP + "rm" + "mr" + "rm" + "mr"


def test_warm_up_is_not_timed(clock):
    """What the first calls take does not count."""
    slow = iter([50.0] * WARMUP)

    def model():
        clock.now += next(slow, 1.0)

    assert paired_ratios(model, clock.model("r", 1), pairs=2) == pytest.approx([1.0, 1.0])


def test_drift_of_the_machine_cancels(clock):
    """A machine that grows slower and slower does not make a model slower than its own copy."""

    def call():
        clock.now *= 1.01

    assert interval(paired_ratios(call, call)).judge(1.02) == "passed"
    assert interval(paired_ratios(call, call)).median == pytest.approx(1.0, abs=0.02)


@pytest.fixture
def gc_state():
    """Put the collector back as it was."""
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False], ids=["on", "off"])
@pytest.mark.usefixtures("gc_state")
def test_garbage_collection(clock, enabled):
    """The collector rests while pairs are timed, and is afterwards as it was before."""
    (gc.enable if enabled else gc.disable)()
    seen = []

    def model():
        clock.now += 1
        seen.append(gc.isenabled())

    paired_ratios(model, clock.model("r", 1), pairs=5)
    assert seen[WARMUP:] == [False] * 5
    assert gc.isenabled() is enabled


@pytest.mark.parametrize("calls", [0, 1, WARMUP, WARMUP + 1], ids=["first", "warm-up", "first pair", "second pair"])
@pytest.mark.usefixtures("gc_state")
def test_garbage_collection_after_a_crash(clock, calls):
    """A model that raises does not leave the collector off."""
    gc.enable()
    left = iter(range(calls))

    def model():
        clock.now += 1
        if next(left, None) is None:
            raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        paired_ratios(model, clock.model("r", 1), pairs=5)
    assert gc.isenabled()
