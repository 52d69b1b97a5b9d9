"""How an anchor moves: the figures that its file keeps of it, and whether a move that stands there took place."""

import math
from collections.abc import Sequence

from swapgate.core.faults import InputFault
from swapgate.goldens.anchors import Moved, Remembered
from swapgate.outputs.counts import RIGHT
from swapgate.statistics.recalled import recalled
from swapgate.statistics.tally import Tally
from swapgate.tasks.task import Task

Figures = tuple[str, tuple[float, float] | None, int]
"""The figure that is told first, its value before and after, and on how many rows; null where both have none."""


def figures_of(task: Task, before: Remembered, after: Remembered) -> Figures:
    """Return what a move between two models is told by, on the rows that both have. Raises InputFault."""
    shared = sorted(before.rows.keys() & after.rows.keys())
    then, now = (_tally(task, one, shared) for one in (before, after))
    metric = (then.headline if shared else None) or task.figures[0]
    metric = metric if then.is_remembered(metric) else RIGHT
    try:
        return metric, (then.figure(metric), now.figure(metric)) if shared else None, len(shared)
    except (ValueError, ArithmeticError, LookupError) as error:
        raise _edited(before, error) from error


def what_became(task: Task, then: Remembered, now: Remembered | None, accepted: Remembered | None, golden: str) -> str:
    """Return in words what became of an anchor that no command does; empty where it stays, has more rows or was moved.

    `accepted`: the rows of the model that was accepted `then`; `golden`: the digest of the one that is accepted now. A
    move is to one of these, and what its line tells is what the rows come to. Raises InputFault.
    """
    if now is None:
        return "is deleted"
    told = len(then.history)
    moves = now.history[told:]
    stays = now.made_by.digest == then.made_by.digest
    if list(now.history[:told]) != list(then.history) or not (moves or stays):
        return "is of another model, and nothing in it says that it was moved"
    if moves:
        return _wrong_of(task, then, now, moves, accepted, golden)
    return edited(then, now)


def edited(then: Remembered, now: Remembered) -> str:
    """Return in words that rows of a model are not as they were; empty where there are at most more of them."""
    rows = _edited_rows(then, now)
    return f"has {rows:,} rows that were edited or removed" if rows else ""


def _wrong_of(
    task: Task, then: Remembered, now: Remembered, moves: Sequence[Moved], accepted: Remembered | None, golden: str
) -> str:
    """Return in words why the moves of a change are none that can be seen to have taken place."""
    if len(moves) > 1:
        return f"was moved {len(moves)} times, and of one change one move can be checked"
    (move,), digest = moves, now.made_by.digest
    if move.digests != (then.made_by.digest, digest):
        return f"says that it was moved, and not from {then.made_by.model} to {now.made_by.model}, whose rows these are"
    known = accepted is not None and accepted.made_by.digest == digest
    if not known and golden != digest:
        return f"says that it was moved to {now.made_by.model}, and that model is not the accepted one"
    if accepted and known and (others := _edited_rows(accepted, now)):
        return f"says that it was moved, and {others:,} of its rows are not those accepted of {now.made_by.model}"
    metric, figures, rows = figures_of(task, then, now)
    if (metric, rows) != (move.metric, move.rows) or not _close(figures, move.figures):
        return (
            f"says that it was moved ({_worded(move.metric, move.figures, move.rows)}), and its rows say otherwise"
            f" ({_worded(metric, figures, rows)})"
        )
    return ""


def _edited_rows(then: Remembered, now: Remembered) -> int:
    return sum(now.rows.get(key) != row for key, row in then.rows.items())


def _close(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Return whether figures are the same but for the last bits of their sums."""
    if one is None or other is None:
        return one is other
    return all(math.isclose(*pair, rel_tol=1e-9, abs_tol=1e-12) for pair in zip(one, other, strict=True))


def _worded(metric: str, figures: tuple[float, float] | None, rows: int) -> str:
    return f"{metric} {figures[0]:.4f} → {figures[1]:.4f} on {rows:,} rows" if figures else f"{rows:,} rows in common"


def _tally(task: Task, one: Remembered, keys: list[str]) -> Tally:
    try:
        return recalled(task.output, [one.rows[key] for key in keys])
    except ValueError as error:
        raise _edited(one, error) from error


def _edited(one: Remembered, error: Exception) -> InputFault:
    return InputFault(f"the remembered rows of {one.made_by.model} are edited ({error}); restore their file from git")
