"""The verdicts as Markdown: a comment on a pull request, or the summary of a CI job."""

import html
import re
from collections.abc import Iterator, Sequence

from swapgate.core.words import plain
from swapgate.statistics.comparison import Flip
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.table import table
from swapgate.verdicts.terminal import ACCEPTED

SIGNS = {"PASS": "✅", "FAIL": "❌", "INCOMPLETE": "⚠️", "ERROR": "💥"}
MOST = 65_000
"""Characters; a comment on GitHub can have 65,536 (its API: "Body is too long"), some of them for what is around it."""


def markdown(report: Report) -> str:
    """Return a heading, a line a tier, and below it reasons, notes, improvements and flips; those behind give way."""
    lines = [line for block in _blocks(report) for line in block.split("\n")]
    length, left_out, note = len("\n".join(lines)), 0, ""
    for place in reversed(range(len(lines))):
        if length + len(note) <= MOST:
            break
        if lines[place].startswith(("- ", "| ")):
            length -= len(lines.pop(place)) + 1
            left_out += 1
            note = f"\n{left_out:,} lines left out: a comment has room for {MOST:,} characters; all in --verdict-json\n"
    return "\n".join(lines) + note


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; `code` keeps a cell from being taken for Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("\\|", r"\x5c|").replace("|", r"\|")  # a backslash would undo that of a pipe


def code(text: str) -> str:
    """Write a text so that nothing in it is taken for Markdown, HTML, a mention or a reference."""
    text = plain(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text[:1] in ("`", " ") or text[-1:] in ("`", " ") else ""
    return f"{fence}{space}{text}{space}{fence}" if text else ""


def _blocks(report: Report) -> Iterator[str]:
    judged = {tier.verdict for tier in report.tiers}
    worst = next((status for status in ("FAIL", "ERROR", "INCOMPLETE", "PASS") if status in judged), None)
    yield f"## swapgate: {SIGNS[worst]} {worst}\n" if worst else "## swapgate: nothing was judged\n"
    if report.against:
        yield f"Judged by the rows, cases, goldens and limits of {report.against}.\n"
    for note in report.notes:
        if note.startswith(ACCEPTED):
            yield f"{code(note)}\n"
    headings, rows = table(report)
    if rows:
        shown = [[name, code(model), *cells, f"{SIGNS[word]} {word}"] for name, model, *cells, word in rows]
        yield markdown_table(headings, shown)
    for tier in report.tiers:
        reasons = [f"{reason.status}: {code(reason.message)}" for reason in tier.reasons]
        yield from _folded(f"{tier.name}: why it is {tier.verdict}", reasons)
    yield from _folded("notes", [code(note) for note in report.notes], is_open=True)
    for tier in report.tiers:
        yield from _folded(f"{tier.name}: better than its incumbent", [code(one) for one in tier.improvements])
    for tier in report.tiers:
        yield from _folded(f"{tier.name}: near ties that fell the other way", [code(one) for one in tier.ties])
    for tier in report.tiers:
        yield from _folded(f"{tier.name}: goldens recorded elsewhere", [code(one) for one in tier.partly])
    for tier in report.tiers:
        yield from _folded(f"{tier.name}: also to be known", [code(one) for one in tier.remarks])
    for tier in report.tiers:
        yield from _sureness(tier)
    for tier in report.tiers:
        ways = tier.figures.quality.signatures if tier.figures.quality else {}
        lines = [f"{name}: {code(way)}" for name, way in ways.items()]
        yield from _folded(f"{tier.name}: how figures are computed", lines)
    for tier in report.tiers:
        yield from _flips(tier)


def _sureness(tier: Tier) -> Iterator[str]:
    """Yield a curve of how sure a model is, and how right."""
    found = tier.figures.quality
    bins = found.sureness if found else ()
    lines = [f"{_bar(one.confidence)} {one.confidence:.3f} sure, {one.right:.3f} right ({one.rows:,})" for one in bins]
    error = found.figures.get("ECE", 0.0) if found else 0.0
    yield from _folded(f"{tier.name}: how sure, and how right (ECE {error:.3f})", lines)


def _bar(share: float) -> str:
    return "▁▂▃▄▅▆▇█"[min(7, int(8 * share))]


def _flips(tier: Tier) -> Iterator[str]:
    """List the rows that a swap lost and gained, these behind those."""
    comparisons = tier.figures.quality.comparisons if tier.figures.quality else ()
    for one in [one for one in comparisons if one.tier == "incumbent"][:1]:  # each limit sees the same rows
        found = one.comparison
        lines = [f"lost {_row(flip)}: {code(flip.wrong)}" for flip in found.lost]
        lines += [f"gained {_row(flip)}; {code(one.against)}: {code(flip.wrong)}" for flip in found.gained]
        counts = f"{len(found.lost)} rows lost, {len(found.gained)} gained of {found.rows:,}"
        title = f"{tier.name} beside <code>{_html(one.against)}</code>: {counts} (McNemar p = {found.mcnemar:.3f})"
        yield from _folded(title, lines)


def _row(flip: Flip) -> str:
    """Name a row, and show its input."""
    return f"{code(flip.id)} {code(flip.given)}".rstrip()


def _html(text: str) -> str:
    """Write a text so that nothing in it is taken for HTML; inside of <code> there is no mention and no reference."""
    return html.escape(plain(text))


def _folded(title: str, lines: list[str], is_open: bool = False) -> Iterator[str]:
    """Yield a list behind a title, which is HTML."""
    if lines:
        listed = "\n".join(f"- {line}" for line in lines)
        yield f"<details{' open' if is_open else ''}><summary>{title}</summary>\n\n{listed}\n\n</details>\n"
