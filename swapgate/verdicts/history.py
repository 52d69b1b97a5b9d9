"""Figures of a tier over runs: verdict JSONs as a CI keeps them, drawn on a page. Nothing is stored for it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from swapgate.changes.git import ordered
from swapgate.core.faults import InputFault
from swapgate.verdicts.drawn import Series, series
from swapgate.verdicts.facts import Report, Tier, read_report
from swapgate.verdicts.figures import Cost
from swapgate.verdicts.page import rendered

COMMIT = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])")
"""What may be a commit in the name of a file or folder."""
MOST_RUNS = 1_000
"""Of more runs the last are drawn."""


@dataclass(frozen=True)
class Chart:
    """A figure of a tier over runs."""

    name: str
    shown: Sequence[str]
    """Of each run its figure in words; empty where it has none."""
    series: Series


@dataclass(frozen=True)
class Course:
    """What a tier came to in each run."""

    name: str
    verdicts: Sequence[str]
    """Of each run; empty where the tier was not judged."""
    models: Sequence[str]
    charts: Sequence[Chart]


def reports(folder: Path, root: Path) -> tuple[list[tuple[str, Report]], bool]:
    """Return the verdict JSONs below a folder with their names, oldest first, and whether that is by commits.

    By the commits in their names, where git knows one for each; else by their names, numbers by their value. Raises
    InputFault where there are none, or one cannot be read.
    """
    if not folder.is_dir():
        raise InputFault(f"{folder}: no folder; give the one that holds what pytest --verdict-json wrote")
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.json") if path.is_file()}
    if not paths:
        raise InputFault(f"{folder}: holds no .json file; give the folder that holds what pytest --verdict-json wrote")
    by_commit = ordered(root, {name: COMMIT.findall(name) for name in paths})
    names = by_commit or sorted(paths, key=_natural)
    return [(name, read_report(paths[name])) for name in names[-MOST_RUNS:]], by_commit is not None


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]


def history(found: Sequence[tuple[str, Report]], by_commit: bool) -> str:
    """Return a page of the figures of each tier over the runs, as HTML."""
    tiers = list(dict.fromkeys(tier.name for _, report in found for tier in report.tiers))
    courses = [_course(name, found) for name in tiers]
    names = [name.removesuffix(".json") for name, _ in found]
    return rendered("history.html", courses=courses, runs=names, by_commit=by_commit)


def _course(name: str, found: Sequence[tuple[str, Report]]) -> Course:
    tiers = [next((tier for tier in report.tiers if tier.name == name), None) for _, report in found]
    return Course(
        name,
        [tier.verdict if tier else "" for tier in tiers],
        [tier.model if tier else "" for tier in tiers],
        [*_charts(tiers)],
    )


def _charts(tiers: Sequence[Tier | None]) -> Iterator[Chart]:
    """Yield quality, latency ratio, bytes and known gaps, as far as any run has them."""
    metrics = dict.fromkeys(tier.figures.quality.metric for tier in tiers if tier and tier.figures.quality)
    for metric in metrics:
        yield from _chart(metric, tiers, lambda tier, of=metric: _quality(tier, of), "{:.4f}", {})  # type: ignore[misc]
    latest = next((tier for tier in reversed(tiers) if tier and tier.figures.latency), None)
    limits = {"allowed": most} if latest and (most := latest.figures.latency.at_most) else {}  # type: ignore[union-attr]
    yield from _chart("latency ratio", tiers, lambda tier: _ratio(tier.figures.latency), "{:.2f}", limits)
    yield from _chart("bytes", tiers, lambda tier: _bytes(tier.figures.size), "{:,.0f}", {})
    yield from _chart("known gaps", tiers, lambda tier: float(tier.known_gaps), "{:.0f}", {})


def _chart(
    name: str,
    tiers: Sequence[Tier | None],
    figure: Callable[[Tier], float | None],
    form: str,
    limits: Mapping[str, float],
) -> Iterator[Chart]:
    values = [figure(tier) if tier else None for tier in tiers]
    if any(value is not None for value in values):
        yield Chart(name, ["" if value is None else form.format(value) for value in values], series(values, limits))


def _quality(tier: Tier, metric: str) -> float | None:
    found = tier.figures.quality
    return found.value if found and found.metric == metric else None


def _bytes(cost: Cost | None) -> float | None:
    return cost.value if cost else None


def _ratio(cost: Cost | None) -> float | None:
    return cost.ratio if cost else None
