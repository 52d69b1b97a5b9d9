"""The verdict table that ends a run, and the first reasons below it."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.verdict import Verdict

WIDEST = 10_000
REASONS = 5
"""Reasons shown a tier."""
FLIPS = 10
"""Rows of an evaluation set shown a tier and direction."""

COLOURS = {"PASS": "bold green", "FAIL": "bold red", "INCOMPLETE": "bold yellow", "ERROR": "bold magenta"}
NOT_SELECTED, NOT_MEASURED, NO_SET = "not selected", "not measured", "no evaluation set"
COUNTED = ("expected", "golden", "properties")
FIGURES = ("quality", "latency", "size", "parameters", "memory")
ALWAYS = ("quality", "latency", "size")
"""Columns that there are also where no test of them was selected."""


def verdict_text(verdicts: Sequence[Verdict], notes: Sequence[str], colour: bool) -> str:
    """Give a line a tier, then why a tier did not pass, what a candidate improved, and the notes of the plan.

    A table that is wider than the terminal keeps its width: no name and no figure is ever cut.
    """
    text = io.StringIO()
    console = Console(
        file=text, width=WIDEST, force_terminal=colour, no_color=not colour, highlight=False, soft_wrap=True
    )
    console.print(_table(verdicts))
    for line in (*_reasons(verdicts), *notes):
        console.print(Text(line))
    return text.getvalue()


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    measured = [name for name in FIGURES if name in ALWAYS or any(name in verdict.counts for verdict in verdicts)]
    for heading in ("tier", "model", *COUNTED, "known gaps", *measured, "verdict"):
        table.add_column(heading, no_wrap=True)
    for verdict in verdicts:
        table.add_row(
            f"{verdict.task}/{verdict.tier}",
            Text(verdict.model),
            *(_passed(verdict, column) for column in COUNTED),
            str(verdict.gaps),
            *(_figure(verdict, column) for column in measured),
            Text(verdict.status, style=COLOURS[verdict.status]),
        )
    return table


def _passed(verdict: Verdict, column: str) -> str:
    counts = verdict.counts.get(column)
    if counts is None:
        return NOT_SELECTED
    if counts["incomplete"] + counts["error"] == counts.total():
        return NOT_MEASURED
    return f"{counts['passed'] + counts['improvement']}/{counts.total()}"


def _figure(verdict: Verdict, column: str) -> str:
    if column not in verdict.counts:
        return NOT_SELECTED if column != "quality" or verdict.evaluated else NO_SET
    return str(verdict.figures[column]["shown"]) if column in verdict.figures else NOT_MEASURED


def _reasons(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        for status, reason in verdict.reasons[:REASONS]:
            yield f"{status}  {reason}"
        if len(verdict.reasons) > REASONS:
            yield f"{verdict.status}  {verdict.task}/{verdict.tier}: {len(verdict.reasons) - REASONS} more, see above"
        for improvement in verdict.improvements:
            yield f"better  {improvement}"
        yield from _flips(verdict)


def _flips(verdict: Verdict) -> Iterator[str]:
    """List the rows that a swap lost and gained, these behind those."""
    for one in verdict.figures.get("quality", {}).get("comparisons", ()):
        sides = [("lost", one["comparison"]["lost"]), ("gained", one["comparison"]["gained"])]
        for word, flips in sides if one["tier"] == "incumbent" else ():
            for flip in flips[:FLIPS]:
                whose = "" if word == "lost" else f"; {one['against']}"
                yield f"{word}  {verdict.task}/{verdict.tier} row {flip['id']!r}{whose}: {flip['wrong']}"
            if len(flips) > FLIPS:
                yield f"{word}  {verdict.task}/{verdict.tier}: {len(flips) - FLIPS} more rows; all in --verdict-json"
