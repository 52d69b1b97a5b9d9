"""What chance alone may do to a run: as often as limits were simulated to err, and not as often as they are to."""

from types import SimpleNamespace

import pytest

from swapgate.verdicts.facts import _risk


def tier(limits, pairs=None):
    """Return a tier of which so many limits of quality were judged, and a latency where it has pairs."""
    quality = SimpleNamespace(comparisons=[None] * limits, floors=[], slices=[])
    latency = SimpleNamespace(pairs=pairs)
    return SimpleNamespace(figures=SimpleNamespace(quality=quality, latency=latency, latency_sizes={}))


@pytest.mark.parametrize(
    ("tiers", "any_fail", "all_pass"),
    [
        ([], 0, 0),
        ([tier(1)], 0.06, 0.06),
        ([tier(1), tier(2)], 0.18, 0.06),
        ([tier(0, pairs=20)], 0.003, 0.02),
        ([tier(1, pairs=20)], 0.063, 0.06),
        ([tier(40)], 1, 0.06),
    ],
)
def test_risk(tiers, any_fail, all_pass):
    """A false FAIL is any limit's, a false PASS that of the limit that errs most."""
    risk = _risk(tiers)
    assert (risk.any_fail, risk.all_pass) == (any_fail, all_pass)
