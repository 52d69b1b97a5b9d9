"""The rows of a models file and which of their models are here, as a table and as JSON."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.words import plain, plain_json
from swapgate.verdicts.terminal import WIDEST

PUBLIC = ("here", "not here")
"""States of public models."""
HEADINGS = ("row", "model", "revision", "state", "bytes", "licence")


@dataclass(frozen=True)
class Listed:
    """What is known of a row's model without asking the hub."""

    row: str
    """SUITE.TIER."""
    model: str
    """A folder, or the id of a public model."""
    revision: str | None
    """The commit of a public model, or its branch where the cache does not know that; the version that a row says."""
    pinned: bool
    """Whether the row names a commit, so that it cannot move."""
    state: str
    """here or not here (public models), folder, missing, or the backend of what is neither."""
    bytes: int | None
    """Of all files that are here."""
    licence: str | None
    """As its card says."""


def json_text(listed: Sequence[Listed]) -> str:
    """Return all facts."""
    return plain_json(json.dumps([asdict(one) for one in listed], indent=2, ensure_ascii=False)) + "\n"


def table_text(listed: Sequence[Listed], colour: bool) -> str:
    """Return a table for the terminal, numbers with thousands separated; nothing is ever cut."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True, justify="right" if heading == "bytes" else "left")
    for one in listed:
        style = "yellow" if one.bytes is None else ""
        table.add_row(*(Text(plain(cell)) for cell in _cells(one)), style=style)
    text = io.StringIO()
    console = Console(
        file=text, width=WIDEST, force_terminal=colour, no_color=not colour, highlight=False, soft_wrap=True
    )
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _cells(one: Listed) -> list[str]:
    moves = one.state in PUBLIC and not one.pinned
    revision = "" if one.revision is None else f"{one.revision[:12]}{' (not pinned)' if moves else ''}"
    return [
        one.row,
        one.model,
        revision,
        one.state,
        "" if one.bytes is None else f"{one.bytes:,}",
        one.licence or "",
    ]
