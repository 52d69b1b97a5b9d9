"""Slices of an evaluation set: those that must pass, those that are watched, and those that lost most. Pure.

Slices that are named each pass by themselves, at 5 % each: all must, which is no more likely than that one does. Those
that are watched can only fail, all together wrongly in at most 5 % (S. Holm, Scandinavian Journal of Statistics 6
(1979) 65-70), however they hang together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from swapgate.statistics.comparison import Comparison, compare_figure
from swapgate.statistics.paired import CONFIDENCE, Decision
from swapgate.statistics.tally import Part, Tally

ALONE = "slice"
"""The key of a row's only slice, which names no key."""
Role = Literal["named", "watched", "seen"]
MOST_SEEN = 3
"""Slices that are shown though nobody asked for them, and of those that are watched and undecided."""
FEWEST_SEEN = 10
"""Rows of such a slice."""


@dataclass(frozen=True)
class Slice:
    """The rows of an evaluation set that have a value of a key, beside the incumbent."""

    key: str
    """Such as language."""
    value: str
    """Such as de."""
    role: Role
    """Whether it has a limit of its own, is one of those that are watched, or was only seen after the fact."""
    comparison: Comparison
    """What came of it; one that is watched is FAIL by all that are watched together, and PASS by itself."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return f"{self.key} = {self.value!r}"


def margins(
    limits: Mapping[str, Any], there: Mapping[str, Mapping[str, object]]
) -> tuple[dict[tuple[str, str], float], list[str]]:
    """Return the margin of each slice that has one, and the names of those of which there is no row.

    `limits`: by key of slices for all its values, or by key and value; of rows that name one slice alone, also by that.
    """
    found: dict[tuple[str, str], float] = {}
    missing = []
    for key, limit in limits.items():
        if hasattr(limit, "margin"):
            alone = key not in there and key in there.get(ALONE, {})
            of = [(ALONE, key)] if alone else [(key, value) for value in there.get(key, {})]
            found |= dict.fromkeys(of, limit.margin)
            missing += [] if of else [key]
            continue
        for value, one in limit.items():
            if value in there.get(key, {}):
                found[key, value] = one.margin
            else:
                missing.append(f"{key} = {value!r}")
    return found, missing


def judge_named(
    candidate: Tally, reference: Tally, metric: str, limits: Mapping[tuple[str, str], float]
) -> list[Slice]:
    """Judge the slices that have a margin, by key and value."""
    return [
        Slice(key, value, "named", _compared(candidate, reference, candidate.slices[key][value], metric, margin))
        for (key, value), margin in limits.items()
    ]


def judge_watched(
    candidate: Tally, reference: Tally, metric: str, margin: float, fewest: int, besides: set[tuple[str, str]]
) -> list[Slice]:
    """Look at every slice of so many rows that is not among `besides`; each can only fail.

    What does not fail alone, such as one of too few clusters, fails not here either: PASS and "too few rows" are told.
    """
    found = []
    for key, values in candidate.slices.items():
        for value, rows in values.items():
            if len(rows) >= fewest and (key, value) not in besides:
                found.append(Slice(key, value, "watched", _compared(candidate, reference, rows, metric, margin)))
    ordered, red = sorted(found, key=lambda one: _chance(one.comparison)), True
    judged = []
    for place, one in enumerate(ordered):
        red = red and _chance(one.comparison) <= (1 - CONFIDENCE) / (len(ordered) - place)
        decision: Decision = (
            "too few rows" if one.comparison.decision == "FAIL" and not red else one.comparison.decision
        )
        judged.append(replace(one, comparison=replace(one.comparison, decision=decision)))
    return judged


def _chance(comparison: Comparison) -> float:
    """Return how probable so much of a loss is where the true one is the margin; 1 where that is not known."""
    return 1.0 if comparison.chance is None else comparison.chance


def seen(candidate: Tally, reference: Tally, metric: str, margin: float, besides: set[tuple[str, str]]) -> list[Slice]:
    """Return the slices that lost most, less what they gained, as a share of their rows; it judges nothing."""
    lost = {*candidate.wrong} - {*reference.wrong}
    gained = {*reference.wrong} - {*candidate.wrong}
    there = candidate.all_slices()
    shares = {
        (key, value): (len(lost & {*rows}) - len(gained & {*rows})) / len(rows)
        for key, values in there.items()
        for value, rows in values.items()
        if FEWEST_SEEN <= len(rows) < candidate.rows and (key, value) not in besides
    }
    worst = sorted((one for one, share in shares.items() if share > 0), key=lambda one: (-shares[one], one))
    return [
        Slice(key, value, "seen", _compared(candidate, reference, there[key][value], metric, margin))
        for key, value in worst[:MOST_SEEN]
    ]


def _compared(candidate: Tally, reference: Tally, rows: Sequence[int], metric: str, margin: float) -> Comparison:
    return compare_figure(Part(candidate, rows), Part(reference, rows), metric, margin)
