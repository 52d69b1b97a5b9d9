"""How far a model is as sure as it is right: answers by how sure, and the expected calibration error. Pure.

An answer is that to a row, or one of the entities or objects that were found in rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BINS = 15
"""Of as many rows each, but that equal ones stay together: of equally wide ones the last would hold nearly all."""
FEWEST_ROWS = 10
"""A bin has so many, where there are so many rows at all."""


@dataclass(frozen=True)
class Sureness:
    """Answers of which a model is about equally sure: those to rows, or entities or objects that it found."""

    rows: int
    """How many they are."""
    confidence: float
    """Mean probability that it gives its leading answers."""
    right: float
    """Share of them that are right."""


def curve(confidence: Any, right: Any) -> list[Sureness]:
    """Return the answers from the least sure to the surest; both are arrays of shape (answers,)."""
    import numpy as np

    count = max(1, min(BINS, len(confidence) // FEWEST_ROWS))
    edges = np.unique(np.quantile(confidence, np.linspace(0, 1, count + 1)[1:-1]))
    bin_of = np.searchsorted(edges, confidence, side="right")
    parts = [bin_of == one for one in np.unique(bin_of)]
    return [Sureness(int(one.sum()), float(confidence[one].mean()), float(right[one].mean())) for one in parts]


def calibration_error(bins: Sequence[Sureness]) -> float:
    """Return the mean distance of how sure it is from how right, over answers (ECE; M. Naeini and others, AAAI 2015).

    It is biased upwards, and more under resampling, so it judges nothing: Brier score and log loss do.
    """
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.confidence - one.right) for one in bins) / rows
