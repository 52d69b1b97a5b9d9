"""The command `swapgate review`: what waits beside the goldens is looked at, and accepted, rejected or left."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.prompt import Prompt

from swapgate.backends import find
from swapgate.core.faults import Fault, InputFault
from swapgate.core.words import nearest, plain, plain_json
from swapgate.goldens.golden import (
    Entry,
    accumulated,
    differences,
    golden_path,
    is_swap,
    read_golden,
    updated,
    write_golden,
)
from swapgate.goldens.pending import on_ci, pending_path, read_pending
from swapgate.goldens.provenance import surroundings_changed, told_apart
from swapgate.outputs import diff
from swapgate.outputs.prediction import to_json
from swapgate.project.cases import cases_of
from swapgate.project.manifest import Row, read_manifest
from swapgate.tasks.case import Case

OUTDATED = "out of date: the case was edited since the run, or the row names another model now; run pytest again"
ANSWERS = {"a": "accept", "r": "reject", "s": "skip", "q": "quit"}
LONGEST = 500
"""Letters of a reason."""
DONE = {"accept": "accepted", "reject": "rejected", "skip": "skipped"}


@dataclass(frozen=True)
class Waiting:
    """A difference between a golden and what a run found."""

    id: str
    """suite/tier/case"""
    golden: Path
    pending: Path
    case: Case | None
    """None where only the golden still has it: accepting removes it there."""
    stored: Entry | None
    received: Entry | None
    digest: str = ""
    """Of the model that the row names now; empty where its files cannot be read."""

    @property
    def outdated(self) -> bool:
        """Whether the case was edited since the run, or its row names another model."""
        if self.case is None or self.received is None:
            return False
        now = self.case.input_digest, self.case.expected_digest, self.digest
        return now != (self.received.input, self.received.expected, self.received.made_by.digest)

    @property
    def settled(self) -> bool:
        """Whether the golden says by now what was found: it was restored, or recorded, since."""
        if self.case is None or self.received is None or self.stored is None or is_swap(self.received, self.stored):
            return False
        return not differences(self.received, self.stored, self.case.expected)

    @property
    def drift(self) -> list[str]:
        """In what the same weights differ from what they said when they were first accepted, in words."""
        if self.stored is None or self.received is None:
            return []
        return [str(one) for one in accumulated(self.received, self.stored)]

    @property
    def reasons(self) -> list[str]:
        """What differs, in words."""
        if self.case is None or self.received is None:
            return ["there is no such case any more"]
        if self.stored is None:
            return ["has no golden"]
        found = [str(one) for one in differences(self.received, self.stored, self.case.expected)]
        if is_swap(self.received, self.stored):
            pair = told_apart(*((one.made_by.model, one.made_by.digest) for one in (self.stored, self.received)))
            found = [" → ".join(pair), *found]
        else:
            found = [surroundings_changed(self.received.made_by, self.stored.made_by), *found]
        return [words for words in found if words]


def add_review_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")
    for word in ("accept", "reject"):
        parser.add_argument(
            f"--{word}", nargs="+", action="extend", default=[], metavar="ID", help=f"{word} these: suite/tier/case"
        )
        parser.add_argument(f"--{word}-all", action="store_true", help=f"{word} all that waits")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; the golden keeps it of what is accepted")
    parser.add_argument("--accept-drift", action="store_true", help="also what the same weights once said differently")
    parser.add_argument("--json", action="store_true", help="list what waits as JSON")
    parser.add_argument("--web", action="store_true", help="look at it in a browser, served on this machine alone")


def waiting(root: Path, models_file: Path) -> list[Waiting]:
    """Find what waits for a review: what the last runs found, and goldens without a case. Raises InputFault."""
    manifest, found = read_manifest(models_file), []
    for suite, tiers in manifest.rows.items():
        for tier, row in tiers.items():
            cases = {case.id: case for case in cases_of(manifest, root, suite, row.label_set).cases}
            digest = _digest(row, models_file.parent, root)
            paths = golden_path(root, manifest.name, suite, tier), pending_path(root, manifest.name, suite, tier)
            stored, received = read_golden(paths[0]), read_pending(paths[1])
            for case in sorted((received.keys() & cases.keys()) | (stored.keys() - cases.keys())):
                known = cases.get(case)
                there = received.get(case) if known else None
                found.append(Waiting(f"{suite}/{tier}/{case}", *paths, known, stored.get(case), there, digest))
    return [one for one in found if not one.settled]


def _digest(row: Row, folder: Path, root: Path) -> str:
    try:
        return find(row, folder, root).digest
    except Fault:
        return ""


def accept(chosen: Iterable[Waiting], accept_drift: bool, reason: str = "") -> None:
    """Write into the goldens what was found, each golden at once, and why where that is said.

    Raises InputFault, and then nothing is written.
    """
    changes: dict[tuple[Path, Path], dict[str, Entry | None]] = {}
    for one in chosen:
        if one.outdated:
            raise InputFault(f"{one.id}: {OUTDATED}")
        case = one.id.rpartition("/")[2]
        there = read_pending(one.pending).get(case) if one.case else None
        if (read_golden(one.golden).get(case), there) != (one.stored, one.received):
            raise InputFault(f"{one.id}: another run has recorded or found something since; start the review again")
        if one.drift and not accept_drift:
            raise InputFault(
                f"{one.id}: {'; '.join(one.drift)}: the same weights say something else than when they were first"
                " accepted; if that is right, add --accept-drift"
            )
        entry = None
        if one.received and one.case:
            received = replace(one.received, reason=None)
            entry = updated(received, one.stored, one.case.expected)
            entry = replace(entry, reason=reason or entry.reason)
        changes.setdefault((one.golden, one.pending), {})[case] = entry
    for (golden, pending), entries in changes.items():
        _write(golden, entries)
        _forget(pending, entries)


def reject(chosen: Iterable[Waiting]) -> None:
    """Forget what was found; the goldens stay as they are."""
    for one in chosen:
        _forget(one.pending, [one.id.rpartition("/")[2]])


def do(one: Waiting, answer: str, text: str, accept_drift: bool) -> str:
    """Accept, reject or skip what waits; gives the reason, on one line. Raises InputFault, and then nothing is done."""
    reason = checked_reason(text)
    if answer == "accept":
        accept([one], accept_drift, reason)
    elif answer == "reject":
        reject([one])
    else:
        _skip(one, reason)
    return reason


def _skip(one: Waiting, reason: str) -> None:
    """Let it wait, and keep why beside it. Raises InputFault."""
    if reason and one.received:
        case = one.id.rpartition("/")[2]
        if read_pending(one.pending).get(case) != one.received:
            raise InputFault(f"{one.id}: another run has found something since; start the review again")
        _write(one.pending, {case: replace(one.received, reason=reason)})


def checked_reason(text: str) -> str:
    """Return a reason on one line. Raises InputFault where it is too long for one."""
    reason = plain(" ".join(text.split()))
    if len(reason) > LONGEST:
        raise InputFault(f"the reason has {len(reason):,} letters; say it in {LONGEST}, and the rest where it links to")
    return reason


def _forget(pending: Path, cases: Iterable[str]) -> None:
    if pending.exists():
        _write(pending, dict.fromkeys(cases))


def _write(path: Path, entries: Mapping[str, Entry | None]) -> None:
    """Write a golden, or what waits. Raises InputFault."""
    try:
        write_golden(path, entries)
    except OSError as error:
        raise InputFault(f"{path}: cannot be written ({error}); mend that and review again") from error


def review(root: Path, models_file: Path, asked: Mapping[str, Any]) -> None:
    """Do what the options ask: accept, reject or list; on a terminal without options, ask one by one.

    Raises InputFault.
    """
    found = waiting(root, models_file)
    if on_ci() and any(asked[option] for option in ("accept", "accept_all", "reject", "reject_all")):
        raise InputFault("swapgate review where CI is set: a CI writes no goldens; review them on your machine")
    if (asked["accept_all"] or asked["accept"]) and (asked["reject_all"] or asked["reject"]):
        both = {*asked["accept"]} & {*asked["reject"]}
        if both or asked["accept_all"] or asked["reject_all"]:
            raise InputFault(f"{', '.join(sorted(both)) or 'all'}: to be accepted and rejected; say one of both")
    reason = checked_reason(asked["reason"])
    accepted = found if asked["accept_all"] else _chosen(found, asked["accept"])
    rejected = found if asked["reject_all"] else _chosen(found, asked["reject"])
    answers = any(asked[option] for option in ("accept", "accept_all", "reject", "reject_all"))
    if asked["reason"] and not answers:
        raise InputFault("--reason says why something is accepted or rejected; name it with --accept or --reject")
    accept(accepted, asked["accept_drift"], reason)
    reject(rejected)
    if answers:
        for line in [*said_of("accept", accepted, reason), *said_of("reject", rejected, reason)]:
            print(line)
        left = waiting(root, models_file)
        print(f"{len(found) - len(left)} done, {len(left)} waiting")
    elif asked["json"]:
        print(plain_json(json.dumps([_as_json(one) for one in found], indent=1, ensure_ascii=False)))
    elif sys.stdin.isatty() and sys.stdout.isatty() and not on_ci():
        _ask(found, asked["accept_drift"])
    else:
        _list(found)


def said_of(answer: str, done: Sequence[Waiting], reason: str) -> list[str]:
    """Return what was done for a reason, in lines for whoever has asked: no file keeps why something was rejected."""
    return [plain(f"{DONE[answer]}  {one.id}: {reason}") for one in done] if reason else []


def _chosen(found: Sequence[Waiting], ids: Sequence[str]) -> list[Waiting]:
    known = {one.id: one for one in found}
    for name in ids:
        if name not in known:
            raise InputFault(f"{name}: nothing waits under this id{nearest(name, known) if known else ''}")
    return [known[name] for name in ids]


def _as_json(one: Waiting) -> dict[str, Any]:
    sides = {"golden": one.stored, "found": one.received}
    return {
        "id": one.id,
        "differences": one.reasons,
        "accumulated_drift": one.drift,
        "outdated": one.outdated,
        "reasons": {name: entry.reason for name, entry in sides.items() if entry and entry.reason},
        **{name: to_json(entry.prediction) if entry else None for name, entry in sides.items()},
    }


def _list(found: Sequence[Waiting]) -> None:
    console = _console()
    for one in found:
        _show(console, one)
    if found:
        console.print(
            f"{len(found)} waiting; accept with --accept ID or --accept-all (drift: and --accept-drift), reject with"
            " --reject ID or --reject-all"
        )
    else:
        console.print("nothing waits for a review")


def _ask(found: Sequence[Waiting], accept_drift: bool) -> None:
    """Show one after another and ask what to do with it; what is skipped waits on."""
    console, said = _console(), list[str]()
    for number, one in enumerate(found, 1):
        console.print(f"[bold]{number}/{len(found)}[/bold]")
        _show(console, one)
        answer, text = _answer(console)
        if answer == "quit":
            break
        try:
            said += said_of(answer, [one], do(one, answer, text, accept_drift))
        except Fault as fault:
            console.print(f"not {DONE[answer]}: {fault}", style="red", markup=False)
    for line in said:
        console.print(line, markup=False)
    if not found:
        console.print("nothing waits for a review")


def _answer(console: Console) -> tuple[str, str]:
    """Ask until the answer is one, and return it with what was typed behind it: the reason."""
    choices = ", ".join(f"[bold]{key}[/bold] {word}" for key, word in ANSWERS.items())
    while True:
        try:
            typed = Prompt.ask(f"{choices}; a reason may follow, as in 'a clearer'", console=console)
        except (EOFError, KeyboardInterrupt):
            return "quit", ""
        key, _, reason = typed.strip().partition(" ")
        if key in ANSWERS:
            return ANSWERS[key], reason
        console.print(f"type one of {', '.join(ANSWERS)}, and behind a space why", style="red")


def _show(console: Console, one: Waiting) -> None:
    console.print(plain(one.id), style="bold", markup=False)
    for words in words_of(one):
        console.print(f"  {plain(words)}", markup=False)
    if one.received and one.case:
        for line in diff(one.stored.prediction if one.stored else None, one.received.prediction, one.case.given):
            console.print(line)


def words_of(one: Waiting) -> Iterator[str]:
    """Yield what differs, in words."""
    yield from one.reasons
    for entry, word in ((one.stored, "accepted"), (one.received, "skipped")):
        if entry and entry.reason:
            yield f"{word} because: {plain(entry.reason)}"
    if one.drift and one.stored and one.stored.first:
        yield f"since first accepted: {'; '.join(one.drift)}"
    if one.outdated:
        yield OUTDATED


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
