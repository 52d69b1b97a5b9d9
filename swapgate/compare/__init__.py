"""What a prediction is compared with and how: the expected answer, its golden as drift, its golden as a swap.

There is a module for each type of prediction, and this door to them. Each function walks the union of both sides,
collects every difference and gives them back in words; it never raises.
"""

from types import ModuleType
from typing import Any

from swapgate.compare import answer, classification, detections, entities, text
from swapgate.compare.tolerance import Mismatch, Tolerance
from swapgate.predictions import Answer, Classification, Detections, Entities, Expected, Prediction, Text

__all__ = [
    "Mismatch",
    "Tolerance",
    "check_drift",
    "check_expected",
    "check_recorded",
    "check_swap",
    "near_ties",
    "unsound",
]

MODULES: dict[Any, ModuleType] = {
    Answer: answer,
    Classification: classification,
    Detections: detections,
    Entities: entities,
    Text: text,
}


def check_expected(actual: Prediction, expected: Expected) -> list[Mismatch]:
    """Compare with the right answer; scores need only be sane."""
    return unsound(actual) or list(MODULES[type(actual)].expected(actual, expected))


def check_drift(
    actual: Prediction, golden: Prediction, tolerance: Tolerance, reference: str = "golden"
) -> list[Mismatch]:
    """Compare with the golden of the same weights: scores within tolerance, near ties may change places."""
    wrong = unsound(actual) + unsound(golden, "golden ")
    return wrong or [found for found in _drift(actual, golden, tolerance, reference) if not found.tie]


def check_recorded(actual: Prediction, golden: Prediction, tolerance: Tolerance) -> list[Mismatch]:
    """Compare with figures that others recorded of the same weights: as drift, but only what they hold."""
    wrong = unsound(actual) + unsound(golden, "recorded ")
    return wrong or [found for found in _recorded(actual, golden, tolerance) if not found.tie]


def near_ties(
    actual: Prediction,
    golden: Prediction,
    tolerance: Tolerance,
    reference: str = "golden",
    recorded: bool = False,
) -> list[Mismatch]:
    """Give what changed places since the golden and is not held against the model, because it was a near tie.

    `recorded`: the golden holds figures that others recorded.
    """
    found = _recorded(actual, golden, tolerance) if recorded else _drift(actual, golden, tolerance, reference)
    return [one for one in found if one.tie]


def _recorded(actual: Prediction, golden: Prediction, tolerance: Tolerance) -> list[Mismatch]:
    module = MODULES[type(actual)]
    found: list[Mismatch] = getattr(module, "recorded", module.drift)(actual, golden, tolerance, "recorded")
    return found


def _drift(actual: Prediction, golden: Prediction, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    found: list[Mismatch] = MODULES[type(actual)].drift(actual, golden, tolerance, reference)
    return found


def check_swap(candidate: Prediction, golden: Prediction, expected: Expected, tolerance: Tolerance) -> list[Mismatch]:
    """Compare other weights with the incumbent's golden: what was right stays right, and nothing new is wrong.

    The score of what is right may fall by `tolerance.swap` and may rise freely. What the incumbent got wrong counts
    for nothing if the candidate still gets it wrong, and is an improvement if it does not.
    """
    wrong = unsound(candidate) + unsound(golden, "golden ")
    return wrong or list(MODULES[type(candidate)].swap(candidate, golden, expected, tolerance))


def unsound(actual: Prediction, whose: str = "") -> list[Mismatch]:
    """Give a mismatch for each number that cannot be: a score that is NaN, infinite, below 0 or above 1."""
    found: list[Mismatch] = MODULES[type(actual)].unsound(actual, whose)
    return found
