"""What the coloured diffs of all kinds of predictions share."""

OLD, NEW, SAME = "red", "green", "dim"


def score_change(then: float | None, now: float | None) -> list[tuple[str, str]]:
    """Return how a score changed, as pieces of a line with their styles."""
    if then is None or now is None:
        return [(f"{now:.7f} (new)", NEW)] if now is not None else [(f"{then:.7f} (gone)", OLD)]
    if f"{then:.7f}" == f"{now:.7f}":
        return [(f"{now:.7f}", SAME)]
    return [(f"{then:.7f}", OLD), (" → ", ""), (f"{now:.7f}", NEW), (f" ({now - then:+.2g})", "")]
