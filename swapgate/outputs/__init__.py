"""What models say, one file a kind of prediction, and this door to them: how predictions are compared.

A prediction is compared with the expected answer, with its golden as drift, and with its golden as a swap. Each
function collects every difference and returns them in words; none raises.
"""

from collections.abc import Iterable, Iterator

from rich.text import Text as Line

from swapgate.outputs import (
    answer,
    classification,
    detections,
    entities,
    generated,
    label_set,
    ranking,
    text,
    translation,
)
from swapgate.outputs.blocks import Block, lines
from swapgate.outputs.diff import plain_line
from swapgate.outputs.prediction import Expected, Output, Prediction
from swapgate.outputs.tolerance import Mismatch, Tolerance

__all__ = [
    "Mismatch",
    "Tolerance",
    "check_drift",
    "check_expected",
    "check_recorded",
    "check_swap",
    "diff",
    "dress",
    "invalid",
    "near_ties",
    "output_of",
    "register",
]

BUILT_IN = (
    answer.OUTPUT,
    classification.OUTPUT,
    detections.OUTPUT,
    entities.OUTPUT,
    generated.OUTPUT,
    label_set.OUTPUT,
    ranking.OUTPUT,
    text.OUTPUT,
    translation.OUTPUT,
)
_by_type = {output.prediction: output for output in BUILT_IN}


def register(others: Iterable[Output]) -> None:
    """Let predictions of other packages' kinds be compared, besides those of this one and in the place of earlier ones.

    Raises ValueError, in words, where predictions of one type would be compared in two ways.
    """
    known = {output.prediction: output for output in BUILT_IN}
    for output in others:
        if known.setdefault(output.prediction, output) is not output:
            name = output.prediction.__name__
            raise ValueError(f"it compares a {name} in its own way, which others judge too; give it a type of its own")
    _by_type.clear()
    _by_type.update(known)


def output_of(prediction: Prediction) -> Output:
    """Return how predictions of this kind are compared."""
    return _by_type[type(prediction)]


def check_expected(actual: Prediction, expected: Expected) -> list[Mismatch]:
    """Compare with the right answer; scores need only be valid."""
    return invalid(actual) or output_of(actual).compare.expected(actual, expected)


def check_drift(
    actual: Prediction, golden: Prediction, tolerance: Tolerance, reference: str = "golden"
) -> list[Mismatch]:
    """Compare with the golden of the same weights: scores within tolerance, near ties may change places."""
    wrong = invalid(actual) + invalid(golden, "golden ")
    return wrong or [
        found for found in output_of(actual).compare.drift(actual, golden, tolerance, reference) if not found.tie
    ]


def check_recorded(actual: Prediction, golden: Prediction, tolerance: Tolerance) -> list[Mismatch]:
    """Compare with figures that others recorded of the same weights: as drift, but only what they hold."""
    wrong = invalid(actual) + invalid(golden, "recorded ")
    return wrong or [found for found in _recorded(actual, golden, tolerance) if not found.tie]


def near_ties(
    actual: Prediction,
    golden: Prediction,
    tolerance: Tolerance,
    reference: str = "golden",
    recorded: bool = False,
) -> list[Mismatch]:
    """Return what changed places since the golden and is not held against the model, because it was a near tie.

    `recorded`: the golden holds figures that others recorded.
    """
    if recorded:
        return [one for one in _recorded(actual, golden, tolerance) if one.tie]
    return [one for one in output_of(actual).compare.drift(actual, golden, tolerance, reference) if one.tie]


def _recorded(actual: Prediction, golden: Prediction, tolerance: Tolerance) -> list[Mismatch]:
    compare = output_of(actual).compare
    return (compare.recorded or compare.drift)(actual, golden, tolerance, "recorded")


def check_swap(candidate: Prediction, golden: Prediction, expected: Expected, tolerance: Tolerance) -> list[Mismatch]:
    """Compare other weights with the incumbent's golden: what was right stays right, and nothing new is wrong.

    The score of what is right may fall by `tolerance.swap` and may rise freely. What the incumbent got wrong counts
    for nothing if the candidate still gets it wrong, and is an improvement if it does not.
    """
    wrong = invalid(candidate) + invalid(golden, "golden ")
    return wrong or output_of(candidate).compare.swap(candidate, golden, expected, tolerance)


def invalid(actual: Prediction, whose: str = "") -> list[Mismatch]:
    """Return what no model could have meant: scores that are NaN or no probabilities, what stands twice."""
    return output_of(actual).compare.invalid(actual, whose)


def diff(golden: Prediction | None, now: Prediction, given: object) -> Iterator[Line]:
    """Yield the lines of a diff: what the golden says behind "-", what is said now behind "+".

    `given` is the input of the case: a sentence, a question or the name of a file. Without a golden all is new.
    Each line is for a terminal as it is.
    """
    yield from map(plain_line, output_of(now).diff(golden, now, given))


def dress(golden: Prediction | None, now: Prediction, right: Expected, given: object) -> list[Block]:
    """Return how a page shows what is said now beside the golden and the right answer."""
    output = output_of(now)
    return [*output.dress(golden, now, right, given)] if output.dress else [lines(output.diff(golden, now, given))]
