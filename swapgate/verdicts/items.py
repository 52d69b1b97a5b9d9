"""What a page lists: cases, and rows of evaluation sets that flipped, each with what came of it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from swapgate.project.manifest import INCUMBENT
from swapgate.verdicts.facts import Report, Tier
from swapgate.verdicts.verdict import Record

OUTCOMES = {
    "failed": "red, and counted by itself",
    "error": "the surroundings failed, and not the model",
    "lost": "the incumbent gets it right, the candidate wrong",
    "near tie lost": "lost, where the incumbent did not lead clearly",
    "weaker": "right on both sides, with a score that fell by more than is allowed",
    "accepted": "lost, and a reviewer has accepted that",
    "not measured": "selected, and not measured",
    "gained": "the candidate gets it right, the incumbent wrong",
    "near tie": "a near tie fell the other way, which is held against nobody",
    "known gap": "known to fail",
    "quarantined": "judges nothing for a while",
    "unchanged": "as it was",
}
"""What can come of a case or row, worst first, in words."""
ORDER = [*OUTCOMES]
OF_RECORDS = {
    "failed": "failed",
    "error": "error",
    "incomplete": "not measured",
    "improvement": "gained",
    "known gap": "known gap",
    "quarantined": "quarantined",
}


class Looks(NamedTuple):
    """What an input looks like, and what both sides say of it."""

    given: str
    """The input in words."""
    blocks: Sequence[Mapping[str, Any]]
    """How the predictions are shown (`swapgate.outputs.blocks`)."""
    moved: float
    """By how much the score moved that moved most."""
    labels: Sequence[str]
    """The labels of the right answer."""
    media: str
    """The digest of a picture or sound; empty where it is none."""
    slices: Sequence[str] = ()
    """Slices that a row is of, as "language = de"."""


class Curves(NamedTuple):
    """What a page draws of an evaluation set."""

    now: Sequence[Sequence[float]]
    """Rows, mean probability and share that is right, of answers by how sure the model is of them."""
    before: Sequence[Sequence[float]]
    """The same of what it is compared with."""
    confusion: Sequence[Sequence[Any]]
    """Right label, given label, how often."""
    confusion_before: Sequence[Sequence[Any]]
    slices: Sequence[Sequence[Any]]
    """Key, value, rows, share that is right now, and before (None: nothing to compare with)."""
    against: str
    """The model that it is compared with; empty for none."""


@dataclass
class Seen:
    """What the tests of a run have shown."""

    cases: dict[tuple[str, str, str], Looks] = field(default_factory=dict)
    """By suite, tier and case."""
    rows: dict[tuple[str, str], Mapping[str, Looks]] = field(default_factory=dict)
    """By suite and tier: rows that flipped, by their ids."""
    curves: dict[tuple[str, str], Curves] = field(default_factory=dict)
    blocks: dict[tuple[str, str], dict[str, Sequence[float]]] = field(default_factory=dict)
    """By suite and tier, and what was timed: ratios in the order in which they were measured."""
    media: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Pictures and sounds (`swapgate.inputs.media`), by their digests."""
    faults: list[str] = field(default_factory=list)
    """What could not be shown, and why."""

    def add(self, record: Record, found: Mapping[str, Any]) -> None:
        """Take over what a test has shown, as JSON holds it."""
        key = record.selected.key
        if "case" in found:
            self.cases[(*key, record.selected.case or "")] = Looks(*found["case"])
        if "curves" in found:
            self.curves[key] = Curves(*found["curves"])
            self.rows[key] = {row: Looks(*looks) for row, looks in found["rows"].items()}
        self.blocks.setdefault(key, {}).update(found.get("blocks", {}))
        self.media.update(found.get("media", {}))
        self.faults += [fault for fault in found.get("faults", ()) if fault not in self.faults]


@dataclass(frozen=True)
class Item:
    """A case, or a row that flipped."""

    suite: str
    tier: str
    name: str
    kind: str
    """case or row"""
    outcome: str
    """One of `OUTCOMES`."""
    messages: Sequence[str]
    looks: Looks


def items(report: Report, records: Iterable[tuple[str, Record]], seen: Seen) -> list[Item]:
    """Return all cases and flipped rows: the worst first, cases before rows, and what moved most before the others."""
    by_case: dict[tuple[str, str, str], list[Record]] = {}
    for _, record in records:
        if record.selected.case and record.selected.column in ("expected", "golden"):
            by_case.setdefault((*record.selected.key, record.selected.case), []).append(record)
    found = [_of_case(*key, mine, seen.cases.get(key)) for key, mine in by_case.items()]
    for tier in report.tiers:
        found += _of_rows(tier, seen.rows.get((tier.suite, tier.tier), {}))
    return sorted(
        found, key=lambda one: (ORDER.index(one.outcome), one.kind, -one.looks.moved, one.suite, one.tier, one.name)
    )


def _of_case(suite: str, tier: str, case: str, records: Sequence[Record], looks: Looks | None) -> Item:
    outcome = min((_outcome(record) for record in records), key=ORDER.index)
    said = [record.message for record in records if record.message]
    said += [tie for record in records for tie in record.ties]
    return Item(suite, tier, case, "case", outcome, [*dict.fromkeys(said)], looks or Looks("", (), 0.0, (), ""))


def _outcome(record: Record) -> str:
    if record.lapse and record.outcome in ("counted", "failed"):
        return record.lapse
    return OF_RECORDS.get(record.outcome, "near tie" if record.ties else "unchanged")


def _of_rows(tier: Tier, looks: Mapping[str, Looks]) -> Iterator[Item]:
    """Yield the rows that a swap lost and gained."""
    comparisons = tier.figures.quality.comparisons if tier.figures.quality else ()
    for one in [one for one in comparisons if one.tier == INCUMBENT][:1]:  # each limit sees the same rows
        for outcome, flips in (("lost", one.comparison.lost), ("gained", one.comparison.gained)):
            whose = tier.model if outcome == "lost" else one.against
            for flip in flips:
                known = looks.get(flip.id, Looks(flip.given, (), 0.0, (), ""))
                yield Item(tier.suite, tier.tier, flip.id, "row", outcome, [f"{whose}: {flip.wrong}"], known)
