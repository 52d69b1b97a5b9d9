"""What pipelines of transformers return for an input, read strictly: each part is what it must be, or a fault says why.

What no answer of the kind looks like is a SurroundingsFault: something else answered. What looks like one and cannot be
meant, such as a score in percent, is a ModelFault.
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.words import shortened, toml_string

SHOWN = 80
"""Letters of a foreign answer that a message shows."""
ROUNDED = 0.01
"""How much probabilities may exceed 1, or miss it together: others compute in 16 bits, or say few digits."""
OTHERS = "*"
"""In a label map: the labels that it does not list; they keep their names."""


def foreign(said: object, wanted: str) -> SurroundingsFault:
    """Word that an answer is none of a task: what was wanted, and what came."""
    shown = shortened(json.dumps(said, ensure_ascii=False, default=str), SHOWN)
    return SurroundingsFault(f"its answer is {shown}, and not {wanted}; let what answers be of this task")


def tables(said: object, wanted: str, *keys: str) -> list[Mapping[str, Any]]:
    """Return the tables of an answer that is a list of them, or one alone, each with these keys.

    Raises SurroundingsFault.
    """
    several = [said] if isinstance(said, Mapping) else said
    if not isinstance(several, Sequence) or isinstance(several, str | bytes):
        raise foreign(said, wanted)
    if not all(isinstance(one, Mapping) and all(key in one for key in keys) for one in several):
        raise foreign(said, wanted)
    return [*several]


def text_in(table: Mapping[str, Any], key: str, wanted: str) -> str:
    """Return a text of a table. Raises SurroundingsFault where it is none."""
    if not isinstance(table[key], str):
        raise foreign(table, wanted)
    return str(table[key])


def number_in(table: Mapping[str, Any], key: str, wanted: str, what: str) -> float:
    """Return a number of a table. Raises SurroundingsFault where it is none, ModelFault where no float holds it."""
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise foreign(table, wanted)
    with suppress(OverflowError):  # a whole number may have any length
        if math.isfinite(number := float(value)):
            return number
    raise ModelFault(f"{what} has a {key} that is NaN or infinite, or as good as that")


def place_in(table: Mapping[str, Any], key: str, wanted: str) -> int:
    """Return an offset of a table. Raises SurroundingsFault where it is none."""
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int):
        raise foreign(table, wanted)
    return value


def probability_in(table: Mapping[str, Any], wanted: str, what: str, most: float = 1.0) -> float:
    """Return the score of a table. Raises SurroundingsFault where it is no number, ModelFault where it is not in
    [0, most].
    """
    score = number_in(table, "score", wanted, what)
    if not 0 <= score <= most + ROUNDED:
        raise ModelFault(
            f"{what} has the score {score:g}, which is not between 0 and 1: a percentage, or softmax was left out"
        )
    return min(score, most)


def check_inside(what: str, start: int, end: int, text: str) -> None:
    """Make sure that offsets are of a text. Raises ModelFault."""
    if not 0 <= start < end <= len(text):
        raise ModelFault(f"{what} is at {start}-{end}, which is no place in a text of {len(text)} characters")


def mapped(label: str, row: Any) -> str:
    """Return what a label is in the cases. Raises SurroundingsFault with what to write where `labels` has it not."""
    if label not in row.label_map:
        raise SurroundingsFault(
            f"it says the label {label}, which the label map of its row does not know; add to labels there:"
            f' {toml_string(label)} = "…"'
        )
    return str(row.label_map[label])


def rounding(numbers: Collection[float]) -> float:
    """Return by how much a sum of numbers can be off because each was rounded to the digits that the longest has."""
    digits = max(-int(Decimal(repr(number)).as_tuple().exponent) for number in numbers)
    return float(len(numbers) * 0.5 * 10.0**-digits)


def _paired(said: Mapping[str, Any], wanted: str) -> list[Mapping[str, Any]]:
    """Return labels and scores that stand in two lists as one. Raises SurroundingsFault where they are none."""
    both = said["labels"], said["scores"]
    if not all(isinstance(one, list) for one in both) or len(both[0]) != len(both[1]):
        raise foreign(said, wanted)
    return [{"label": label, "score": score} for label, score in zip(*both, strict=True)]


def scores(said: object, row: Any) -> tuple[dict[str, float], bool]:
    """Return the scores of labels, by the model's own names, and whether all labels that `labels` maps are there.

    Raises SurroundingsFault where these are none, ModelFault where one is no probability or a label stands twice.
    """
    wanted = 'a list of {"label": …, "score": …}'
    found: dict[str, float] = {}
    both = said[0] if isinstance(said, list) and len(said) == 1 else said
    if isinstance(both, Mapping) and {"labels", "scores"} <= both.keys():  # as pipelines of zero-shot classification
        said = _paired(both, wanted)
    for table in tables(said, wanted, "label", "score"):
        label = text_in(table, "label", wanted)
        mapped(label, row)
        if label in found:
            raise ModelFault(f"it says the label {label} twice")
        found[label] = probability_in(table, wanted, label)
    if not found:
        raise foreign(said, wanted)
    return found, OTHERS not in row.labels and found.keys() >= row.labels.keys()
