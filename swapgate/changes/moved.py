"""What a change does to the anchors of a commit: how it moves them, and what no command does to them."""

from collections.abc import Iterator
from contextlib import suppress

from swapgate.core.faults import InputFault
from swapgate.goldens.anchors import ACCEPTED, ANCHOR, Remembered, accepted_rows, digest_of, path_of, read_rows
from swapgate.goldens.moves import edited, what_became
from swapgate.trials.plan import Key, Plan


def became(key: Key, before: Plan, now: Plan) -> tuple[str, Remembered | None]:
    """Return what a change does to a tier's anchor: in words what no command does, and else the anchor that it moved.

    Raises InputFault where the change's own cannot be read.
    """
    then, there = before.models[key], now.models[key]
    anchor = accepted = None
    with suppress(InputFault):  # the commit's own cannot be read, which the change may mend
        anchor = read_rows(path_of(then.golden, ANCHOR))
        accepted = accepted_rows(then.golden)
    if anchor is None:
        return "", None
    found = read_rows(path_of(there.golden, ANCHOR))
    wrong = what_became(there.task, anchor, found, accepted, digest_of(there.golden))
    return wrong, found if found and not wrong and len(found.history) > len(anchor.history) else None


def edited_accepted(key: Key, before: Plan, now: Plan) -> str:
    """Return in words that a change edits the rows of a model that stays the accepted one. Raises InputFault."""
    then = None
    with suppress(InputFault):
        then = read_rows(path_of(before.models[key].golden, ACCEPTED))
    there = read_rows(path_of(now.models[key].golden, ACCEPTED))
    return edited(then, there) if then and there and then.made_by.digest == there.made_by.digest else ""


def moved(before: Plan, now: Plan) -> Iterator[tuple[Key, Remembered]]:
    """Yield the anchors that a change moves as the command does. Raises InputFault."""
    for key in before.models.keys() & now.models.keys():
        _, found = became(key, before, now)
        if found:
            yield key, found
