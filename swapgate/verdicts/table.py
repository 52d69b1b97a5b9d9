"""The table of verdicts, a line a tier, as the terminal and Markdown show it."""

from collections.abc import Sequence

from swapgate.verdicts.facts import Report, Tier

NOT_SELECTED, NOT_MEASURED, NO_SET = "not selected", "not measured", "no evaluation set"
COUNTED = ("expected", "golden", "properties")
FIGURES = ("quality", "latency", "size", "parameters", "memory")
ALWAYS = ("quality", "latency", "size")
"""Columns that there are also where no test of them was selected."""


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the cells of each tier; the last one is the verdict."""
    measured = [name for name in FIGURES if name in ALWAYS or any(name in tier.counts for tier in report.tiers)]
    headings = ["tier", "model", *COUNTED, "known gaps", *measured, "verdict"]
    return headings, [_cells(tier, measured) for tier in report.tiers]


def _cells(tier: Tier, measured: Sequence[str]) -> list[str]:
    return [
        tier.name,
        f"{tier.model}, swapped in for {tier.incumbent}" if tier.incumbent else tier.model,
        *(_passed(tier, column) for column in COUNTED),
        str(tier.known_gaps),
        *(_figure(tier, column) for column in measured),
        tier.verdict,
    ]


def _passed(tier: Tier, column: str) -> str:
    counts = tier.counts.get(column)
    if counts is None:
        return NOT_SELECTED
    if counts.keys() <= {"incomplete", "error"}:
        return NOT_MEASURED
    return f"{counts.get('passed', 0) + counts.get('improvement', 0)}/{sum(counts.values())}"


def _figure(tier: Tier, column: str) -> str:
    if column not in tier.counts:
        return NOT_SELECTED if column != "quality" or tier.evaluation_set else NO_SET
    figure = getattr(tier.figures, column)
    return str(figure.shown) if figure else NOT_MEASURED
