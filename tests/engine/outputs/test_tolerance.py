"""The tolerance of a row: its default, its range, its reason."""

import math

import pytest

from swapgate.outputs import Tolerance


def test_tolerance_default():
    """Drift is 1e-4 and a swap may cost 0.10, without a reason."""
    assert Tolerance() == Tolerance(drift=1e-4, relative=0, swap=0.10, box=0.01, text=0, words=0, reason="default")


@pytest.mark.parametrize("name", ["drift", "swap"])
@pytest.mark.parametrize("value", [0, 0.0, 0.5, 1, 1.0])
def test_tolerance_in_range(name, value):
    """A tolerance from 0 to 1 with a reason is taken."""
    assert getattr(Tolerance(**{name: value}, reason="int8"), name) == value


@pytest.mark.parametrize("name", ["drift", "swap"])
@pytest.mark.parametrize("value", [-1e-9, 1.000001, math.nan, math.inf, -math.inf])
def test_tolerance_out_of_range(name, value):
    """A tolerance below 0, above 1, NaN or infinite is refused."""
    with pytest.raises(ValueError, match=rf"^{name} = \S+ is not between 0 and 1$"):
        Tolerance(**{name: value}, reason="int8")


@pytest.mark.parametrize("values", [{"drift": 1.1e-4}, {"swap": 0.11}, {"drift": 0.0}, {"swap": 0.05}])
def test_tolerance_reason(values):
    """A tolerance other than the default, looser or tighter, needs a reason."""
    with pytest.raises(ValueError, match=r"^a tolerance other than the default needs a reason$"):
        Tolerance(**values)


@pytest.mark.parametrize("reason", ["", " "])
def test_tolerance_blank_reason(reason):
    """A blank reason is no reason."""
    with pytest.raises(ValueError, match="needs a reason"):
        Tolerance(swap=0.5, reason=reason)
