"""The verdict table that ends a run, and the first reasons below it."""

import io
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.words import plain
from swapgate.verdicts import narrow
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.table import table

WIDEST = 10_000
REASONS = 5
"""Reasons shown a tier."""
ACCEPTED = "accepted: "
"""How notes begin that tell which losses a reviewer has accepted: they come first."""
FLIPS = 10
"""Rows of an evaluation set shown a tier and direction."""

COLOURS = {"PASS": "bold green", "FAIL": "bold red", "INCOMPLETE": "bold yellow", "ERROR": "bold magenta"}


def verdict_text(report: Report, colour: bool, width: int = WIDEST) -> str:
    """Return a line a tier, then why a tier did not pass, what a candidate improved, and the notes of the run.

    `width`: letters of a line, without end where nobody looks at it, as in a pipe. Where the table is wider, a tier has
    lines of its own instead, and long reasons go on below their first line.
    """
    text = io.StringIO()
    console = Console(
        file=text, width=WIDEST, force_terminal=colour, no_color=not colour, highlight=False, soft_wrap=True
    )
    headings, rows = table(report)
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        grid.add_column(heading, no_wrap=True)
    for *cells, verdict in rows:
        grid.add_row(*(Text(plain(cell)) for cell in cells), Text(verdict, style=COLOURS[verdict]))
    is_narrow = console.measure(grid).maximum > width
    for line in narrow.rows(report, width, COLOURS) if is_narrow else [grid]:
        console.print(line)
    first = [f"note  {note}" for note in report.notes if note.startswith(ACCEPTED)]
    told = [(None, first), *((tier, [*_reasons(tier)]) for tier in report.tiers), (None, [*_notes(report)])]
    for tier, lines in told:
        for line in narrow.reasons(lines, tier, width) if is_narrow else map(Text, map(plain, lines)):
            console.print(line)
    return text.getvalue()


def _reasons(tier: Tier) -> Iterator[str]:
    for reason in tier.reasons[:REASONS]:
        yield f"{reason.status}  {reason.message}"
    if len(tier.reasons) > REASONS:
        yield f"{tier.verdict}  {tier.name}: {len(tier.reasons) - REASONS} more, see above or --verdict-json"
    for improvement in tier.improvements:
        yield f"better  {improvement}"
    for tie in tier.ties[:REASONS]:
        yield f"tie  {tie}"
    if len(tier.ties) > REASONS:
        yield f"tie  {tier.name}: {len(tier.ties) - REASONS} more; all in --verdict-json"
    for partly in tier.partly[:REASONS]:
        yield f"part  {partly}"
    if len(tier.partly) > REASONS:
        yield f"part  {tier.name}: {len(tier.partly) - REASONS} more; all in --verdict-json"
    for remark in tier.remarks[:REASONS]:
        yield f"note  {remark}"
    if len(tier.remarks) > REASONS:
        yield f"note  {tier.name}: {len(tier.remarks) - REASONS} more; all in --verdict-json"
    yield from _flips(tier)


def _flips(tier: Tier) -> Iterator[str]:
    """List the rows that a swap lost and gained, these behind those."""
    comparisons = tier.figures.quality.comparisons if tier.figures.quality else ()
    for one in [one for one in comparisons if one.tier == "incumbent"][:1]:  # each limit sees the same rows
        for word, flips in (("lost", one.comparison.lost), ("gained", one.comparison.gained)):
            for flip in flips[:FLIPS]:
                whose = "" if word == "lost" else f"; {one.against}"
                given = f" {flip.given!r}" if flip.given else ""
                yield f"{word}  {tier.name} row {flip.id!r}{given}{whose}: {flip.wrong}"
            if len(flips) > FLIPS:
                yield f"{word}  {tier.name}: {len(flips) - FLIPS} more rows; all in --verdict-json"


def _notes(report: Report) -> Iterator[str]:
    if report.against:
        yield f"note  judged by the rows, cases, goldens and limits of {report.against}"
    for note in report.notes:
        if not note.startswith(ACCEPTED):
            yield f"note  {note}"
