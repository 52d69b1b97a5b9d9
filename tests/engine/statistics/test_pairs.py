"""How pairs of calls are taken: interleaved, after a warm-up, until the budget is decided."""

import gc
from types import SimpleNamespace

import pytest

from swapgate.statistics.latency import BLOCK, MOST_PAIRS, WARMUP, compare


class Clock:
    """A clock that only moves when a model is called; calls are noted."""

    def __init__(self):
        self.now = 100.0
        self.calls = []

    def sleep(self, seconds):
        """Let time pass, which is noted as well."""
        self.calls.append("pause")
        self.now += seconds

    def model(self, name, seconds):
        """Return a model that takes this long."""

        def call():
            self.calls.append(name)
            self.now += seconds

        return call


@pytest.fixture
def clock(monkeypatch):
    """Put a scripted clock in the place of the real one."""
    clock = Clock()
    scripted = SimpleNamespace(perf_counter=lambda: clock.now, sleep=clock.sleep)
    monkeypatch.setattr("swapgate.statistics.latency.time", scripted)
    return clock


@pytest.mark.parametrize(
    ("seconds", "judgement", "pairs"), [(1.0, "passed", 32), (1.09, "failed", 44)], ids=["as fast", "slower"]
)
def test_stops_when_decided(clock, seconds, judgement, pairs):
    """Pairs are taken until the budget is decided, and no more."""
    found = compare(clock.model("m", seconds), clock.model("r", 1), 1.05)
    assert (found.judge(1.05), found.pairs) == (judgement, pairs)
    assert len(clock.calls) == 2 * (WARMUP + pairs)


def test_blocks_are_spread(clock, monkeypatch):
    """Blocks of fast calls begin so far apart that all of them are spread, and calls after a pause are not timed."""
    monkeypatch.setattr("swapgate.statistics.latency.SPREAD", 64.0)
    seconds = iter([0.01] * (WARMUP + BLOCK) + [5.0, *[0.01] * BLOCK] * MOST_PAIRS)  # 5 s after each pause

    def model():
        clock.calls.append("m")
        clock.now += next(seconds)

    start = clock.now
    found = compare(model, clock.model("r", 0.01), 1.05)
    assert (found.judge(1.05), found.median) == ("passed", pytest.approx(1.0))
    blocks = found.pairs // BLOCK
    assert clock.calls.count("pause") == blocks - 1
    assert len(clock.calls) == 2 * (WARMUP + found.pairs) + 3 * (blocks - 1)
    assert clock.now - start > blocks - 1


def test_slow_calls_need_no_pause(clock, monkeypatch):
    """Blocks that take long by themselves are not held up."""
    monkeypatch.setattr("swapgate.statistics.latency.SPREAD", 64.0)
    compare(clock.model("m", 1.0), clock.model("r", 1.0), 1.05)
    assert "pause" not in clock.calls


def test_gives_up_at_the_cap(clock):
    """A model about which blocks disagree is undecided after MOST_PAIRS pairs, with its interval."""
    seconds = iter([1.0] * WARMUP + ([1.0] * BLOCK + [1.2] * BLOCK) * MOST_PAIRS)

    def model():
        clock.now += next(seconds)

    found = compare(model, clock.model("r", 1), 1.1)
    assert (found.judge(1.1), found.pairs) == ("undecided", MOST_PAIRS)
    assert (found.low, found.high) == pytest.approx((1.0, 1.2))


@pytest.mark.parametrize(("model", "reference", "ratio"), [(3, 2, 1.5), (1, 4, 0.25), (2, 2, 1)])
def test_ratio(clock, model, reference, ratio):
    """A ratio is the model's time by the reference's, whichever of them came first in the pair."""
    assert compare(clock.model("m", model), clock.model("r", reference), 1.0).median == pytest.approx(ratio)


def test_order_alternates(clock):
    """After a warm-up of both, the first of each pair alternates."""
    compare(clock.model("m", 1), clock.model("r", 1), 2)
    assert "".join(clock.calls[: 2 * (WARMUP + 4)]) == "mr" * WARMUP + "rm" + "mr" + "rm" + "mr"


def test_warm_up_is_not_timed(clock):
    """What the first calls take does not count."""
    slow = iter([50.0] * WARMUP)

    def model():
        clock.now += next(slow, 1.0)

    found = compare(model, clock.model("r", 1), 1.05)
    assert (found.median, found.high) == pytest.approx((1.0, 1.0))


def test_one_burst_changes_nothing(clock):
    """A burst of noise as long as a block does not move the judgement."""
    seconds = iter([1.0] * WARMUP + [1.0] * BLOCK * 4 + [1000.0] * BLOCK)

    def model():
        clock.now += next(seconds, 1.0)

    assert compare(model, clock.model("r", 1), 1.05).judge(1.05) == "passed"


def test_drift_of_the_machine_cancels(clock):
    """A machine that grows slower and slower does not make a model slower than its own copy."""

    def call():
        clock.now *= 1.01

    found = compare(call, call, 1.04)
    assert found.judge(1.04) == "passed"
    assert found.median == pytest.approx(1.0, abs=0.02)


def test_accelerator(clock):
    """Before each reading of the clock an accelerator has done all that it was told."""
    told = []

    def model():
        told.append(1.5)

    def synchronize():
        clock.now += sum(told)
        told.clear()

    assert compare(model, model, 1.05, synchronize).judge(1.05) == "passed"
    found = compare(model, clock.model("r", 1), 1.05, synchronize)
    assert found.median == pytest.approx(1.5)


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

    compare(model, clock.model("r", 1), 1.05)
    assert set(seen) == {False}
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
        compare(model, clock.model("r", 1), 1.05)
    assert gc.isenabled()


def test_seconds_of_a_call():
    """What is measured of a call is what it takes, within 2 %: the least disturbed of many calls of 5 ms shows it."""
    from swapgate.statistics import latency

    def spin():
        end = latency.time.perf_counter() + 0.005
        while latency.time.perf_counter() < end:
            pass

    measured = [latency._seconds(spin, lambda: None) for _ in range(100)]
    assert 0.005 <= min(measured) <= 1.02 * 0.005
    nothing = [latency._seconds(lambda: None, lambda: None) for _ in range(100)]
    assert min(nothing) < 0.004 * min(measured)  # 20 microseconds
