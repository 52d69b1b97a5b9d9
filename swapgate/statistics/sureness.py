"""How far a model is as sure as it is right: rows by how sure, and the expected calibration error. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BINS = 15
"""Of as many rows each, but that equal ones stay together: of equally wide ones the last would hold nearly all."""
FEWEST_ROWS = 10
"""A bin has so many, where there are so many rows at all."""


@dataclass(frozen=True)
class Sureness:
    """Rows of which a model is about equally sure."""

    rows: int
    """How many they are."""
    confidence: float
    """Mean probability that it gives its leading answers."""
    right: float
    """Share of them that are right."""


def curve(confidence: Any, right: Any) -> list[Sureness]:
    """Return the rows from the least sure to the surest; both are arrays of shape (rows,)."""
    import numpy as np

    count = max(1, min(BINS, len(confidence) // FEWEST_ROWS))
    edges = np.unique(np.quantile(confidence, np.linspace(0, 1, count + 1)[1:-1]))
    bin_of = np.searchsorted(edges, confidence, side="right")
    parts = [bin_of == one for one in np.unique(bin_of)]
    return [Sureness(int(one.sum()), float(confidence[one].mean()), float(right[one].mean())) for one in parts]


def calibration_error(bins: Sequence[Sureness]) -> float:
    """Return the mean distance of how sure it is from how right, over the rows (ECE; M. Naeini and others, AAAI 2015).

    It is biased upwards, and more under resampling, so it judges nothing: Brier score and log loss do.
    """
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.confidence - one.right) for one in bins) / rows
