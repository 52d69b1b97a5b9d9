"""Whether the first rows of an evaluation set may decide a tier, and why all of them are asked where they may not."""

from collections.abc import Sequence

from swapgate.outputs.prediction import Output
from swapgate.project.budgets import Budget, QualityLimit
from swapgate.statistics.tally import Tally

REPEATED = "several rows have the same input"


def why_all_rows(limits: Sequence[QualityLimit], budget: Budget, output: Output) -> str:
    """Return in words why limits are judged by all rows, whatever these hold; empty where the first may be enough."""
    if output.of_rows:  # the first may all be of one kind, and what judges the others would not be looked at
        return "there may be rows of several kinds, which different figures judge"
    if budget.slices:
        return "budget.slices judges parts of the set"
    if any(limit.is_floor for limit in limits):
        return "a floor is judged by all of them"
    return "errors_at_most is judged by all of them" if any(limit.errors_at_most for limit in limits) else ""


def why_these_rows(counted: Tally, metrics: Sequence[str]) -> str:
    """Return in words why rows, or figures of them, are judged by all; empty where the first may be enough."""
    if counted.is_clustered:
        return "they are in clusters"
    other = next((name for name in metrics if not _is_of_rows(counted, name)), None)
    return f"{other} is no share or mean of them" if other else ""


def is_decided(counted: Tally, decisions: Sequence[str]) -> bool:
    """Return whether nothing that other rows hold could matter: all limits PASS, or any is a FAIL."""
    if not decisions or counted.right_always or not counted.with_something:
        return False
    return "FAIL" in decisions or {*decisions} == {"PASS"}


def told_why(why: str) -> list[str]:
    """Return what to tell of a tier that is not decided early."""
    return [f"not decided early, all rows were asked, for {why}"] if why else []


def _is_of_rows(counted: Tally, figure: str) -> bool:
    """Return whether a figure is a share of rows or a mean over them; of a rate of errors few rows may hold all."""
    return counted.output.is_share(figure) or counted.is_mean(figure)
