"""The table of tiers: parameters, bytes, quality, latency and verdict, as text, Markdown or CSV."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.reports.facts import Report, Tier
from swapgate.reports.terminal import COLOURS, WIDEST

HEADINGS = ("task", "tier", "variant", "model", "parameters", "bytes", "quality", "latency ratio", "verdict")


def cells(tier: Tier) -> list[str]:
    """Give the cells of a tier; empty where nothing was measured."""
    figures = tier.figures
    quality = f"{figures.quality.metric} {figures.quality.value:.4f}" if figures.quality else ""
    numbers = [
        f"{cost.value:.0f}" if cost and cost.value is not None else "" for cost in (figures.parameters, figures.size)
    ]
    latency = f"{figures.latency.ratio:.2f}" if figures.latency and figures.latency.ratio is not None else ""
    return [tier.task, tier.tier, tier.variant or "", tier.model, *numbers, quality, latency, tier.verdict]


def as_text(report: Report) -> str:
    """Give a table for the terminal, numbers with thousands separated."""
    rows = [[f"{int(cell):,}" if cell.isdigit() else cell for cell in cells(tier)] for tier in report.tiers]
    return _printed(HEADINGS, rows, None)


def as_markdown(report: Report) -> str:
    """Give a Markdown table."""
    return _printed(HEADINGS, [cells(tier) for tier in report.tiers], box.MARKDOWN)


def as_csv(report: Report) -> str:
    """Give comma-separated values with a line of headings."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADINGS, *(cells(tier) for tier in report.tiers)])
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Report], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give a Markdown table; what would end a cell is escaped."""
    return _printed(headings, [[cell.replace("|", "\\|") for cell in row] for row in rows], box.MARKDOWN)


def _printed(headings: Sequence[str], rows: Sequence[Sequence[str]], frame: box.Box | None) -> str:
    text = io.StringIO()
    table = Table(box=frame, padding=(0, 2, 0, 0) if frame is None else (0, 1))
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    Console(file=text, width=WIDEST, no_color=True, highlight=False, soft_wrap=True).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines() if line.strip())
