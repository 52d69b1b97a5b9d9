"""The page that --verdict-html writes: one file that asks nobody for anything, for people who judge by looking.

All that comes from models, cases and labels is hostile: jinja2 escapes each expression, `shown` makes visible what
would turn a text round or hide it, and the page's own policy lets nothing run but the one script whose digest it names.
"""

import base64
import functools
import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from swapgate.core.words import shortened, told
from swapgate.verdicts.drawn import gauges, scaled, series
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.items import OUTCOMES, Item, Seen, items
from swapgate.verdicts.verdict import Record

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 4_000
"""Letters of anything that a page says at once."""
FIRST = 200
"""Cases and rows that a browser lays out at once; of the others a page holds the text, and shows it when asked."""
LISTED = 8_500_000
"""Bytes of all cases and rows without what both sides say; rows that do not fit are counted alone."""
ROOM = 7_500_000
"""Bytes of a page that pictures, sounds and what both sides say may fill up; what does not fit is said to be left out.
"""
MEDIA = 4_500_000
"""Bytes of all pictures and sounds of a page, at most."""
CHOICES = 300
"""Labels and slices that one can choose among."""
HIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters by which a text is shown in another order than it has."""
URI = re.compile(r"data:(image/jpeg|audio/ogg);base64,[A-Za-z0-9+/=]*")
MOST_ANCHOR = 200
"""Letters of a link to a case."""


def page(report: Report, records: Iterable[tuple[str, Record]] = (), seen: Seen | None = None) -> str:
    """Return the page of a run, as HTML."""
    seen = seen or Seen()
    listed = items(report, records, seen)
    counts = {tier.name: Counter[str]() for tier in report.tiers}
    for item in listed:
        counts.setdefault(f"{item.suite}/{item.tier}", Counter())[item.outcome] += 1
    choices = {
        "suite": [*dict.fromkeys(item.suite for item in listed)],
        "tier": [*dict.fromkeys(item.tier for item in listed)],
        "outcome": [outcome for outcome in OUTCOMES if any(one[outcome] for one in counts.values())],
        "label": _choices(item.looks.labels for item in listed),
        "slice": _choices(item.looks.slices for item in listed),
    }
    rows, media = _listed(listed, seen.media)
    measured = sum(tier.figures.quality.rows for tier in report.tiers if tier.figures.quality)
    return rendered(
        "page.html",
        title=sentence(report),
        report=report,
        items=rows,
        unflipped=measured - sum(item.kind == "row" for item in listed),
        counts=counts,
        choices=choices,
        outcomes=OUTCOMES,
        seen=seen,
        media=media,
    )


@dataclass(frozen=True)
class Listed:
    """The cases and rows of a page, as HTML."""

    first: Sequence[str]
    rest: Sequence[str]
    """Those that are no part of the page before they are asked for, where its script runs."""
    dressed: int
    """How many show what both sides say."""
    left_out: int
    """How many do not, for want of room."""
    unlisted: int
    """Rows for which there is no room at all."""


def _listed(listed: Sequence[Item], found: Mapping[str, Mapping[str, Any]]) -> tuple[Listed, dict[str, dict[str, Any]]]:
    """Return the cases and rows of a page, and its pictures and sounds, as far as there is room.

    Cases come before rows, and of both the worst first; what both sides say is told of as many as fit.
    """
    parts: Any = _environment().get_template("parts.html").module
    ends, size = dict[int, tuple[str, str]](), 0
    for place in sorted(range(len(listed)), key=lambda place: listed[place].kind):
        head, tail = parts.head(listed[place]), parts.tail(listed[place])
        size += len(head.encode()) + len(tail.encode())
        if size > LISTED and listed[place].kind == "row":
            break
        ends[place] = head, tail
    media, dresses, room, drawn = dict[str, dict[str, Any]](), dict[int, str](), ROOM - size, MEDIA
    for place in [place for place in ends if listed[place].looks.blocks]:
        name = listed[place].looks.media
        if name in found and name not in media:
            data = found[name]["data"] if len(found[name]["data"]) <= drawn else ""
            media[name] = {**found[name], "data": data, "id": f"media-{len(media)}"}
            room, drawn = room - len(data), drawn - len(data)
        dress = _dress(listed[place], media)
        room -= len(dress.encode())
        if room < 0:
            break
        dresses[place] = dress
    left_out = {place for place in ends if listed[place].kind == "row" or listed[place].looks.blocks} - {*dresses}
    whole = [
        head + dresses.get(place, parts.left_out() if place in left_out else "") + tail
        for place, (head, tail) in sorted(ends.items())
    ]
    return Listed(whole[:FIRST], whole[FIRST:], len(dresses), len(left_out), len(listed) - len(ends)), media


def _dress(item: Item, media: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return what both sides say, as HTML; where it is of no form that a page knows, why."""
    parts: Any = _environment().get_template("parts.html").module
    try:
        return parts.dress(item, media)
    except Exception as error:  # a dress of another package
        words = [[[f"cannot be shown: {told(error)}", "red"]]]
        looks = item.looks._replace(blocks=[{"kind": "lines", "lines": words, "more": 0}], media="")
        return parts.dress(replace(item, looks=looks), media)


def sentence(report: Report) -> str:
    """Return the verdicts of a run in one sentence."""
    by_verdict = {
        verdict: [tier.name for tier in report.tiers if tier.verdict == verdict]
        for verdict in ("FAIL", "ERROR", "INCOMPLETE", "PASS")
    }
    told = {verdict: names for verdict, names in by_verdict.items() if names}
    if not told:
        return "Nothing was judged"
    if len(report.tiers) == 1:
        return f"{report.tiers[0].name}: {report.tiers[0].verdict}"
    if [*told] == ["PASS"]:
        return f"PASS: all {len(report.tiers)} tiers"
    worst = next(iter(told))
    named = f" ({shortened(', '.join(told[worst]), 120)})"
    parts = [f"{len(names)} {verdict}{named if verdict == worst else ''}" for verdict, names in told.items()]
    return f"{', '.join(parts)} of {len(report.tiers)} tiers"


def rendered(template: str, forms: bool = False, **values: Any) -> str:
    """Return a template filled in, with the style and the script of all pages and the policy that allows just these.

    `forms`: whether it is served, and answers to the server: then that is told from which page an answer is.
    """
    from markupsafe import Markup

    own = {"style": Markup(_own("page.css")), "script": Markup(_own("page.js"))}  # noqa: S704 - our own files
    referrer = "same-origin" if forms else "no-referrer"
    text: str = _environment().get_template(template).render(**own, policy=policy(forms), referrer=referrer, **values)
    return text.encode(errors="replace").decode()


def policy(forms: bool = False) -> str:
    """Return what a page may use: its own style and script, and what it holds itself (W3C, Content Security Policy)."""
    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src '{_digest(_own('page.css'))}';"
        f" script-src '{_digest(_own('page.js'))}'; base-uri 'none'; form-action '{'self' if forms else 'none'}'"
    )


@functools.cache
def _own(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(TEMPLATES),
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        gauges=gauges, series=series, anchor=anchor, curve=_curve, table=_confusion, deltas=_deltas
    )
    environment.filters.update(uri=_uri, short=shortened, decided=decided, share=_share, length_of=_length)
    return environment


def shown(value: Any) -> Any:
    """Return what a page says of a value: of a text what does not hide or turn round, and not more than can be read."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return "" if value is None else value
    text = value if len(value) <= LONGEST else f"{value[:LONGEST]} … ({len(value):,} letters in all)"
    return "".join(map(_visible, text))


def _visible(letter: str) -> str:
    hidden = HIDDEN.match(letter) or (unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t")
    return letter.encode("unicode_escape").decode("ascii") if hidden else letter


def anchor(*names: str) -> str:
    """Return the name of a place in a page, the same in each run, of letters that no link needs to change."""
    found = quote("/".join(names), safe="/", errors="replace")
    digest = hashlib.sha256(found.encode()).hexdigest()[:16]
    return found if len(found) <= MOST_ANCHOR else f"{found[: MOST_ANCHOR - 20]}-{digest}"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _uri(text: str) -> Any:
    """Let a data URI of a picture or sound be one, whatever its length; anything else is nothing."""
    from markupsafe import Markup

    return Markup(text) if URI.fullmatch(text) else ""  # noqa: S704 - of letters that need no escape


def _share(score: float | None) -> float:
    """Return how wide a bar of 100 is; what is no probability has none."""
    return 0.0 if score is None or not math.isfinite(score) else 100 * min(max(score, 0.0), 1.0)


def _length(pixels: float) -> float:
    """Return pixels as SVG takes them; what is no number is none."""
    return max(pixels, 0.0) if math.isfinite(pixels) else 0.0


def _choices(found: Iterable[Sequence[str]]) -> list[str]:
    """Return what one can choose among: what occurs most."""
    counts = Counter(one for several in found for one in several)
    return sorted(one for one, _ in counts.most_common(CHOICES))


def _curve(bins: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """Return a curve of how sure and how right in a picture of 100 by 100, of each point also its answers."""
    return [(round(4 + 92 * sure, 1), round(96 - 92 * right, 1), rows) for rows, sure, right in bins]


def _confusion(pairs: Sequence[Sequence[Any]], before: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the labels of a table, and its cells: how often now and before, and how strongly it is shaded, 0 to 5."""
    labels = sorted({label for right, given, _ in (*pairs, *before) for label in (right, given)})
    now, then = ({(right, given): total for right, given, total in side} for side in (pairs, before))
    sums = {right: sum(total for (of, _), total in now.items() if of == right) or 1.0 for right in labels}
    shade = scaled((0.0, 1.0), (0.0, 5.0))
    cells = [
        [
            (
                now.get((right, given), 0),
                then.get((right, given), 0),
                round(shade(now.get((right, given), 0) / sums[right])),
            )
            for given in labels
        ]
        for right in labels
    ]
    return {"labels": labels, "rows": [*zip(labels, cells, strict=True)]}


def _deltas(slices: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return slices with what they lost or gained, those first that lost most."""
    found = [(*one, None if one[4] is None else one[3] - one[4]) for one in slices]
    return sorted(found, key=lambda one: (one[5] if one[5] is not None else 0.0, one[3]))


def decided(tier: Tier) -> str:
    """Return what decided a tier's verdict, in short."""
    return shortened(tier.reasons[0].message.removeprefix(f"{tier.name}: "), 280) if tier.reasons else ""
