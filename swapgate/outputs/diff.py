"""What the coloured diffs of all kinds of predictions share."""

from rich.console import Console
from rich.text import Text as Line

from swapgate.core.words import plain

OLD, NEW, SAME = "red", "green", "dim"


def score_change(then: float | None, now: float | None) -> list[tuple[str, str]]:
    """Return how a score changed, as pieces of a line with their styles."""
    if then is None or now is None:
        return [(f"{now:.7f} (new)", NEW)] if now is not None else [(f"{then:.7f} (gone)", OLD)]
    if f"{then:.7f}" == f"{now:.7f}":
        return [(f"{now:.7f}", SAME)]
    return [(f"{then:.7f}", OLD), (" → ", ""), (f"{now:.7f}", NEW), (f" ({now - then:+.2g})", "")]


def plain_line(line: Line) -> Line:
    """Return a line for a terminal, with its colours: nothing of a model or a text breaks it, or is obeyed there."""
    return Line.assemble(*((plain(one.text), one.style or "") for one in line.render(Console())))
