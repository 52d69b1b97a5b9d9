"""The table of tiers: parameters, bytes, quality, latency and verdict, as text, Markdown or CSV."""

import csv
import io
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.words import plain
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.figures import Cost
from swapgate.verdicts.markdown import code, markdown_table
from swapgate.verdicts.terminal import WIDEST

HEADINGS = ("task", "tier", "variant", "model", "parameters", "bytes", "quality", "latency ratio", "verdict")


def as_text(report: Report) -> str:
    """Return a table for the terminal, numbers with thousands separated."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for tier in report.tiers:
        table.add_row(*(Text(plain(cell)) for cell in _cells(tier, ",.0f")))
    text = io.StringIO()
    Console(file=text, width=WIDEST, no_color=True, highlight=False, soft_wrap=True).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def as_markdown(report: Report) -> str:
    """Return a Markdown table, numbers with thousands separated."""
    rows = [_cells(tier, ",.0f") for tier in report.tiers]
    return markdown_table(HEADINGS, [[*cells[:3], code(cells[3]), *cells[4:]] for cells in rows])


def as_csv(report: Report) -> str:
    """Return comma-separated values with a line of headings."""
    text = io.StringIO()
    rows = [[_literal(cell) for cell in _cells(tier, ".0f")] for tier in report.tiers]
    csv.writer(text, lineterminator="\n").writerows([HEADINGS, *rows])
    return text.getvalue()


def _literal(cell: str) -> str:
    """Let no spreadsheet take a cell for a formula (OWASP, "CSV Injection")."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


FORMATS: Mapping[str, Callable[[Report], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}


def _cells(tier: Tier, whole: str) -> list[str]:
    """Return the cells of a tier, empty where nothing was measured; `whole` is how whole numbers are written."""
    figures = tier.figures
    quality = f"{figures.quality.metric} {figures.quality.value:.4f}" if figures.quality else ""
    ratio = figures.latency.ratio if figures.latency else None
    return [
        *(tier.task, tier.tier, tier.variant or "", tier.model),
        *(_value(cost, whole) for cost in (figures.parameters, figures.size)),
        *(quality, "" if ratio is None else f"{ratio:.2f}", tier.verdict),
    ]


def _value(cost: Cost | None, whole: str) -> str:
    return "" if cost is None or cost.value is None else format(cost.value, whole)
