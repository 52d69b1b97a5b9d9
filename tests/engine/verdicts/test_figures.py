"""Figures beside their limits in words: the sign between them is always the one that is true."""

from dataclasses import replace

import pytest

from swapgate.statistics.comparison import ERRORS, Comparison, Floor
from swapgate.verdicts.figures import shown_comparison, shown_floor, shown_ratio

FOUND = Comparison("F1", 0.9, 0.92, -0.02, -0.03, 0.0, 0.02, "PASS", 1000, 9, None, (), (), 1.0)
FLOOR = Floor("F1", 0.9, 0.88, 0.92, 0.9, None, "PASS", 1000, None)


@pytest.mark.parametrize(
    ("difference", "less", "words"),
    [
        (-0.02, False, "(-0.020 ≥ -0.020)"),
        (0.90 - 0.92, False, "(-0.020 ≥ -0.020)"),
        (-0.027, False, "(-0.027 < -0.020)"),
        (-0.0203, False, "(-0.0203 < -0.0200)"),
        (0.0, False, "(+0.000 ≥ -0.020)"),
        (0.027, True, "(+0.027 > +0.020)"),
        (-0.5, True, "(-0.500 ≤ +0.020)"),
        (0.02, True, "(+0.020 ≤ +0.020)"),
    ],
)
def test_comparison(difference, less, words):
    """A difference stands beside what is allowed with as many digits as tell them apart."""
    assert shown_comparison(replace(FOUND, difference=difference), less) == f"F1 0.900 {words}"


@pytest.mark.parametrize(
    ("errors", "ratio", "words"),
    [(60, 1.5, "60 errors (1.50 ≤ 1.5)"), (80, 2.0, "80 errors (2.00 > 1.5)"), (3, None, "3 errors (– > 1.5)")],
)
def test_errors(errors, ratio, words):
    """So does a ratio of errors, also to a model that makes none."""
    found = replace(FOUND, metric=ERRORS, value=errors, difference=ratio, allowed=1.5)
    assert shown_comparison(found, False) == words


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "words"),
    [
        (0.9, 0.9, None, "F1 0.900 (≥ 0.900)"),
        (0.8997, 0.9, None, "F1 0.8997 (< 0.9000)"),
        (0.1, None, 0.2, "F1 0.100 (≤ 0.200)"),
        (0.3, None, 0.2, "F1 0.300 (> 0.200)"),
    ],
)
def test_floor(value, at_least, at_most, words):
    """So does a figure beside its floor."""
    assert shown_floor(replace(FLOOR, value=value, at_least=at_least, at_most=at_most)) == words


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.66, "0.66 (≤ 0.9)"), (0.9, "0.90 (≤ 0.9)"), (0.904, "0.904 (> 0.9)"), (2, "2.00 (> 0.9)")]
)
def test_ratio(ratio, words):
    """So does what a model costs."""
    assert shown_ratio(ratio, "", 0.9) == words
