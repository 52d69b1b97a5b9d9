"""Cases on which a candidate is worse than its incumbent: what its tier may lose of them, and what that comes to. Pure.

One test cannot know it: it is counted, and the tier is judged when all are known. Where the evaluation set decides for
the candidate, what is not lost clearly is only told. Else each lapse is a FAIL, but for what a budget of cases allows.
"""

import math
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["lost", "near tie lost", "weaker", "accepted"]
KINDS: tuple[Kind, ...] = ("lost", "near tie lost", "weaker", "accepted")
"""Worst first. *Lost*: right for the incumbent, wrong for the candidate; a near tie where the incumbent did not lead
clearly. *Weaker*: right for both, and the score fell by more than the tolerance. *Accepted*: a reviewer
lets this candidate lose it, whichever it is."""


FAILS = "that of the suite is FAIL"
"""Why a set that decides against a candidate does not decide for it: then no way of its cases lets it pass."""
MOST_NAMED = 5
"""Cases in a command that is offered."""


@dataclass(frozen=True)
class Lapse:
    """A case on which a candidate is worse, as one of its tests found."""

    case: str
    kind: Kind
    message: str
    """What was found, and what to do about it."""
    found: str = ""
    """What was found alone."""
    is_lost: bool = False
    """Whether the candidate is known to be wrong, also where a reviewer accepted it."""


@dataclass(frozen=True)
class Rule:
    """What a tier may lose of its cases."""

    cases: int
    """How many it has."""
    right: int
    """How many of them its incumbent gets right: shares are of these."""
    lost_at_most: float | None = None
    """From 1 a number of cases, below 1 a share; None: no budget."""
    weaker_at_most: float | None = None
    net: bool = False
    """Whether gained cases make up for lost ones."""
    clear_lead: float = 0.5
    """From what lead of the incumbent on a case is lost clearly."""
    evaluation_set: bool = False
    """Whether the suite has one."""
    accept: tuple[str, str] = ("", "")
    """What a reviewer types to accept losses, before and behind the cases."""
    ahead: str = ""
    """Where limits are another change's: that they are loosened there, in words."""
    counts_once: str = ""
    """What must be merged before a loss that is accepted counts, in words; empty where it does at once."""
    gaps: str = ""
    """Where the tier's known gaps stand, in words."""
    listed: Collection[str] = ()
    """The known gaps that the change itself lists there."""


@dataclass
class Judged:
    """What the lapses of a tier come to."""

    failed: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def judge_lapses(name: str, lapses: Iterable[Lapse], gained: int, seen: int, rule: Rule, undecided: str) -> Judged:
    """Judge the lapses of a tier, of which `seen` cases were compared.

    `undecided` says why its evaluation set is no paired PASS beside the incumbent, and is empty where it is one.
    """
    worst: dict[str, Lapse] = {}
    for lapse in sorted(lapses, key=lambda one: (KINDS.index(one.kind), not one.is_lost)):
        worst.setdefault(lapse.case, lapse)
    by_kind = {kind: [one for one in worst.values() if one.kind == kind] for kind in KINDS}
    lost = by_kind["lost"] + (by_kind["near tie lost"] if undecided else [])
    found = Judged()
    found.told += _told("accepted", by_kind["accepted"])
    if not undecided:
        found.told += _told("near tie lost, not counted", by_kind["near tie lost"])
    why = f"for no evaluation set decides for the candidate ({undecided})" if undecided else ""
    clearly = why or f"for the incumbent led by clear_lead = {rule.clear_lead:g} or more"
    excused = _judge(name, "lost", lost, rule.lost_at_most, gained if rule.net else 0, rule, clearly, found)
    weaker = by_kind["weaker"]
    if not undecided and rule.weaker_at_most is None:
        found.told += _told("weaker, not counted", weaker)
    else:
        excused |= _judge(name, "weaker", weaker, rule.weaker_at_most, 0, rule, why, found)
    if found.failed:
        cases = [one.case for one in (*lost, *weaker) if one.message in found.failed]
        found.failed[0] += "" if undecided == FAILS else f"; {_ways_out(cases, rule, bool(undecided))}"
    if excused and seen < rule.cases and not found.failed:
        found.incomplete.append(
            f"{name}: {seen} of {rule.cases} cases were compared, and a budget of cases is of all: run it without -k"
            " and -x, or mend what left them out"
        )
    unlisted = [one for _, one in sorted(worst.items()) if one.is_lost and one.case not in rule.listed]
    if unlisted and not found.failed:
        lines = ", ".join(f'{one.case} = "{one.kind}"' for one in unlisted)
        words = f"{name}: cases that the candidate fails are red once it is the incumbent"
        found.told.insert(0, f"{words}; in the change that names it add to {rule.gaps}: {lines}")
    return found


def _judge(
    name: str,
    word: str,
    lapses: Sequence[Lapse],
    limit: float | None,
    gained: int,
    rule: Rule,
    strictly: str,
    found: Judged,
) -> bool:
    """Hold lapses against a limit, or against none with the words why. Gives whether it excuses any."""
    if not lapses:
        return False
    allowed = 0 if limit is None else math.floor(limit if limit >= 1 else limit * rule.right)
    made_up = f", {gained} gained" if gained and limit is not None else ""
    words = f"{name}: {len(lapses)} {'case' if len(lapses) == 1 else 'cases'} {word}{made_up}, allowed"
    words += f" none, {strictly}" if limit is None else f" {allowed} of {rule.right} (budget.cases)"
    if limit is None or len(lapses) - gained > allowed:
        found.failed += [f"{words}: {', '.join(one.case for one in lapses)}", *(one.message for one in lapses)]
        return False
    found.told += [words, *_told(f"{word}, within budget.cases", lapses)]
    return True


def _ways_out(cases: Sequence[str], rule: Rule, is_undecided: bool) -> str:
    """Return in words what lets a candidate pass that loses cases, for whoever means it to."""
    named = " ".join(map(shlex.quote, cases)) if len(cases) <= MOST_NAMED else "CASE…"
    lead = "give an evaluation set that decides (then only clear losses count, by clear_lead)"
    lead = lead if is_undecided else f"raise clear_lead ({rule.clear_lead:g})"
    them = "it" if len(cases) == 1 else "them"
    command = f'{rule.accept[0]} {named}{rule.accept[1]} --reason "…"'
    loosen = f"{lead}, allow {them} with budget.cases,"
    if rule.ahead:
        loosen = f"{rule.ahead}, {lead} or allow {them} with budget.cases;"
    return f"{loosen} or accept {them} with: {command}{rule.counts_once}"


def _told(what: str, lapses: Iterable[Lapse]) -> list[str]:
    return [f"{what}: {one.found or one.message}" for one in lapses]


def by_kind(lapses: Iterable[Lapse]) -> Mapping[str, Sequence[str]]:
    """Return the cases of each kind, each once under the worst of its kinds."""
    worst: dict[str, Kind] = {}
    for one in sorted(lapses, key=lambda one: KINDS.index(one.kind)):
        worst.setdefault(one.case, one.kind)
    return {kind: sorted(case for case, of in worst.items() if of == kind) for kind in {*worst.values()}}
