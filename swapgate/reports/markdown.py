"""The verdicts as Markdown: a comment on a pull request, or the summary of a CI job."""

from collections.abc import Iterator

from swapgate.reports.facts import Report, Tier
from swapgate.reports.tiers import markdown_table

SIGNS = {"PASS": "✅", "FAIL": "❌", "INCOMPLETE": "⚠️", "ERROR": "💥"}
COLUMNS = ("quality", "latency", "size", "parameters", "memory")


def markdown(report: Report) -> str:
    """Give a heading, a line a tier, and below it reasons, flips and notes."""
    return "\n".join(_blocks(report))


def _blocks(report: Report) -> Iterator[str]:
    judged = {tier.verdict for tier in report.tiers}
    worst = next((status for status in ("FAIL", "ERROR", "INCOMPLETE") if status in judged), "PASS")
    yield f"## swapgate: {SIGNS[worst]} {worst}\n"
    if report.against:
        yield f"Judged by the rows, cases, goldens and limits of `{report.against}`.\n"
    yield markdown_table(("tier", "model", *COLUMNS, "verdict"), [_cells(tier) for tier in report.tiers])
    for tier in report.tiers:
        name = f"{tier.task}/{tier.tier}"
        yield from _folded(
            f"{name}: why it is {tier.verdict}", [f"{one.status}: {one.message}" for one in tier.reasons]
        )
        yield from _folded(f"{name}: better than its incumbent", list(tier.improvements))
        for one in tier.figures.quality.comparisons if tier.figures.quality else ():
            lost = [f"lost `{flip.id}`: {flip.wrong}" for flip in one.comparison.lost]
            gained = [f"gained `{flip.id}`; {one.against}: {flip.wrong}" for flip in one.comparison.gained]
            counts = f"{len(lost)} rows lost, {len(gained)} gained of {one.comparison.rows:,}"
            yield from _folded(
                f"{name} beside {one.against}: {counts} (McNemar p = {one.comparison.mcnemar:.3f})", lost + gained
            )
    yield from _folded("notes", list(report.notes), is_open=True)


def _cells(tier: Tier) -> list[str]:
    figures = [getattr(tier.figures, name) for name in COLUMNS]
    model = f"{tier.model} for {tier.incumbent}" if tier.incumbent else tier.model
    shown = [figure.shown if figure else "" for figure in figures]
    if not tier.evaluation_set:
        shown[0] = "no evaluation set"
    return [f"{tier.task}/{tier.tier}", model, *shown, f"{SIGNS[tier.verdict]} {tier.verdict}"]


def _folded(title: str, lines: list[str], is_open: bool = False) -> Iterator[str]:
    if lines:
        listed = "\n".join(f"- {_escaped(line)}" for line in lines)
        yield f"<details{' open' if is_open else ''}><summary>{_escaped(title)}</summary>\n\n{listed}\n\n</details>\n"


def _escaped(text: str) -> str:
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())
