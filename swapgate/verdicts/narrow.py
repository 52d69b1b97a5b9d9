"""The verdicts on a terminal that is too narrow for the table: a few lines a tier, the verdict first, and its reasons
with what they have in common told once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from swapgate.core.words import plain
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.table import table

MARGIN = 12
"""Letters before what belongs to a line above: as many as the longest verdict and two spaces take."""
WIDEST = 100
"""Letters of a line of a reason, at most; fewer where the terminal has not so many."""
LEAST = 40
"""Letters that a line has, however narrow the terminal is."""
RED = ("FAIL", "ERROR", "INCOMPLETE")
CONSOLE = Console(width=WIDEST, no_color=True)
"""By which texts are wrapped; nothing is printed with it."""


def rows(report: Report, width: int, colours: Mapping[str, str]) -> Iterator[Text]:
    """Yield the lines of each tier, in so many letters, and those of what all of them have in common."""
    width = max(width, LEAST)
    headings, lines = table(report)
    cells = [dict(zip(headings, map(plain, line), strict=True)) for line in lines]
    columns = [heading for heading in headings if heading not in ("tier", "model", "verdict")]
    alike = [one for one in columns if len(cells) > 1 and len({of[one] for of in cells}) == 1]
    for tier, of in zip(report.tiers, cells, strict=True):
        yield Text.assemble((f"{of['verdict']:{MARGIN}}", colours[of["verdict"]]), of["tier"])
        models = [tier.model] if tier.incumbent is None else [tier.incumbent, tier.model]
        room = (width - MARGIN - len(" → ") * (len(models) - 1)) // len(models)
        yield Text(" " * MARGIN + " → ".join(in_the_middle(plain(model), room) for model in models))
        yield from _listed([f"{one} {of[one]}" for one in columns if one not in alike], width)
    if alike:
        yield Text("all tiers")
        yield from _listed([f"{one} {cells[0][one]}" for one in alike], width)


def _listed(words: Sequence[str], width: int) -> Iterator[Text]:
    """Yield words in lines, none of them broken where it fits into one."""
    line = ""
    for word in words:
        longer = f"{line} · {word}" if line else word
        if line and cell_len(longer) > width - MARGIN:
            yield from _wrapped(" " * MARGIN, line, width)
            longer = word
        line = longer
    if line:
        yield from _wrapped(" " * MARGIN, line, width)


def in_the_middle(name: str, most: int) -> str:
    """Return a name of at most so many letters: of a longer one its beginning and its end."""
    if cell_len(name) <= most:
        return name
    kept = max(most - 1, 2)
    head, tail = name[: kept // 2], name[-(kept - kept // 2) :]
    while cell_len(head + tail) > kept:
        head, tail = (head[:-1], tail) if cell_len(head) > cell_len(tail) else (head, tail[1:])
    return f"{head}…{tail}"


def reasons(lines: Sequence[str], tier: Tier | None, width: int) -> Iterator[Text]:
    """Yield lines of a tier, or of the run, each indented below its first; what several say to do is told once.

    A line is a word, two spaces, and a message.
    """
    width = min(max(width, LEAST), WIDEST)
    split = [(word, message) for word, _, message in (line.partition("  ") for line in lines)]
    whose = f" ({tier.model}, swapped in for {tier.incumbent})" if tier and tier.incumbent else ""
    steps = Counter(_step(message) for word, message in split if word in RED)
    often = {step for step, count in steps.items() if step and count > 1}
    last = max((place for place, (word, _) in enumerate(split) if word in RED), default=0)
    for place, (word, message) in enumerate(split):
        if word in RED:  # the row above names both models
            message = message.removesuffix(f"; {step}" if (step := _step(message)) in often else "").replace(whose, "")
        yield from _wrapped(f"{word}  ", plain(message), width)
        if place == last:
            for step in [one for one in steps if one in often]:
                yield from _wrapped("next  ", plain(step), width)


def _step(message: str) -> str:
    """Return what a message says to do: what stands behind its last semicolon."""
    return message.rpartition("; ")[2] if "; " in message else ""


def _wrapped(head: str, text: str, width: int) -> Iterator[Text]:
    """Yield a text in lines, the first behind a head and the others behind as much room; nothing of it is lost."""
    for place, line in enumerate(Text(text).wrap(CONSOLE, width - len(head), overflow="fold") or [Text()]):
        yield Text((head if place == 0 else " " * len(head)) + line.plain.rstrip())
