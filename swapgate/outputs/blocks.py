"""How a prediction is shown beside another one, on a page: blocks that JSON can hold, of the few kinds made here.

A page knows these kinds and no kind of prediction. Sides are called "right" (the expected answer), "before" (the
golden, which is the incumbent's of a swap) and "now".
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from rich.text import Text as Line

Block: TypeAlias = dict[str, Any]
"""A part of what is shown; its "kind" says which."""
Piece: TypeAlias = tuple[str, str, bool]
"""A stretch of a text; its label, empty for none; whether it is marked on the other side too."""
Bar: TypeAlias = tuple[str, float | None, float | None, bool]
"""A name, its score before and now (None: it had none), and whether it is right."""

GAP = 400
"""Letters of a stretch without a mark that are shown; of a longer one its beginning and its end."""
MOST = 200
"""Pieces, bars, boxes and lines of a block; a note says how many more there are."""


def spans(sides: Mapping[str, Sequence[Piece]]) -> Block:
    """Return a text once for each side, with stretches of it marked; sides that are alike share one, as "a, b"."""
    alike: dict[tuple[Piece, ...], list[str]] = {}
    for side, pieces in sides.items():
        alike.setdefault(tuple(pieces), []).append(side)
    shown = [
        [", ".join(names), [[_clipped(piece[0]), *piece[1:]] for piece in pieces[:MOST]]]
        for pieces, names in alike.items()
    ]
    return {"kind": "spans", "sides": shown, "more": max(len(pieces) for pieces in alike) - MOST}


def marked(text: str, marks: Iterable[tuple[int, int, str, bool]]) -> list[Piece]:
    """Cut a text at marks, each from an offset to one behind it, with a label; what overlaps an earlier one is left."""
    pieces: list[Piece] = []
    place = 0
    for start, end, label, common in sorted(marks):
        if start >= place:
            pieces += [(text[place:start], "", False)] * (start > place)
            pieces.append((text[start:end], label, common))
            place = end
    return [*pieces, (text[place:], "", False)] if place < len(text) else pieces


def bars(rows: Iterable[Bar]) -> Block:
    """Return scores in [0, 1] of both sides as bars, the highest first."""
    ordered = sorted(rows, key=lambda bar: -max(bar[1] or 0.0, bar[2] or 0.0))
    return {
        "kind": "bars",
        "rows": [[_clipped(name), *others] for name, *others in ordered[:MOST]],
        "more": len(ordered) - MOST,
    }


def words(side: str, steps: Iterable[tuple[str, str]]) -> Block:
    """Return the way from a side to now word by word, as stretches with "same", "gone" or "new" before each."""
    found = [*steps]
    shown = [[what, _clipped(text)] for what, text in found[:MOST]]
    return {"kind": "words", "side": side, "steps": shown, "more": len(found) - MOST}


def boxes(found: Iterable[tuple[str, str, Sequence[float], float | None, float | None]]) -> Block:
    """Return boxes over a picture: the side of each, its label, its edges in pixels, its score, and its IoU with the
    box that it is paired with on the other side; None where there is none.
    """
    rows = [*found]
    return {
        "kind": "boxes",
        "boxes": [[side, _clipped(label), *others] for side, label, *others in rows[:MOST]],
        "more": len(rows) - MOST,
    }


def lines(diff: Iterable[Line]) -> Block:
    """Return the lines of a diff, with their colours: what is shown of a kind of prediction without a dress."""
    found = list(diff)
    shown = []
    for line in found[:MOST]:
        ends = sorted({0, len(line.plain), *(place for span in line.spans for place in (span.start, span.end))})
        cut = [
            (line.plain[a:b], " ".join(str(one.style) for one in line.spans if one.start <= a < one.end))
            for a, b in itertools.pairwise(ends)
        ]
        shown.append([[_clipped(text), style] for text, style in cut])
    return {"kind": "lines", "lines": shown, "more": len(found) - MOST}


def moved(blocks: Iterable[Block]) -> float:
    """Return by how much the score moved that moved most, one that came or went by all of it; of a text how much of it
    is another than before, in [0, 1].
    """
    found = [0.0]
    for block in blocks:
        if block["kind"] == "bars":
            found += [abs((now or 0.0) - (before or 0.0)) for _, before, now, _ in block["rows"]]
        elif block["kind"] == "words" and block["side"] == "before":
            letters = [(len(text), what != "same") for what, text in block["steps"]]
            found.append(sum(count for count, other in letters if other) / max(1, sum(count for count, _ in letters)))
    return max(one for one in found if math.isfinite(one))


def _clipped(text: str) -> str:
    """Return a text of at most about `GAP` letters: of a longer one the beginning and the end."""
    return text if len(text) <= GAP else f"{text[: GAP // 2]} … {text[-GAP // 2 :]}"
