"""What a change takes away of that by which it would be judged, or edits of what judges it: a person must look."""

import filecmp
import os
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from swapgate.changes.against import lies_in
from swapgate.changes.changed import files_of, places_of
from swapgate.changes.git import blob_of, changed_since, top_of, tracked
from swapgate.changes.judges import Layout, changed_judges, collected, is_as_it_was, properties, suite_files
from swapgate.changes.moved import became, edited_accepted
from swapgate.changes.withdrawn import doubts_of_withdrawn
from swapgate.core.faults import Fault, InputFault
from swapgate.core.files import below
from swapgate.goldens.anchors import ACCEPTED, ANCHOR, path_of
from swapgate.goldens.golden import Entry, read_golden, record_line
from swapgate.tasks.case import Case
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model

ACCEPT = "--accept-edited"
DELETED = "deleted"
"""What stands in the place of the content of a file that is not there any more."""
DIGITS = 12
"""How many of a blob's are written, and must be given."""


def with_doubts(plan: Plan, before: Plan, now: Plan, layout: Layout, accepted: Sequence[str]) -> Plan:
    """Return the plan of a change with what its tiers must have by the commit, and what stands against a PASS.

    `accepted`: FILE@BLOB of the edited files that somebody has looked at. Raises InputFault.
    """
    files = suite_files(before, now, layout)
    tested = collected(files, layout, before.manifest)
    plan = replace(
        plan,
        suite_files={suite: [now.shown(file.path) for file in found] for suite, found in tested.items()},
        properties={suite: properties(found, suite, before.manifest) for suite, found in tested.items()},
        doubts={},
        notes=[*plan.notes],
    )
    _doubt_removed(plan, before)
    _doubt_goldens(plan, before, now)
    _doubt_anchors(plan, before, now)
    _doubt_brought(plan, before, now)
    _doubt_hearsay(plan, before)
    judges = changed_judges(before, now, files, plan.against or "", layout)
    for key, words in doubts_of_withdrawn(now, plan.against or "", judges):
        plan.doubts.setdefault(key, []).append(words)
    edited = {path: suites for path, suites in judges.items() if not is_as_it_was(path, before, now)}
    _doubt_edited(plan, edited, _accepted(accepted))
    return plan


def _doubt_removed(plan: Plan, before: Plan) -> None:
    for suite, tier in plan.removed:
        if tier in before.manifest.removed[suite]:
            plan.notes.append(f"{suite}/{tier} is removed, as the commit says that it may be, and not judged")
            continue
        plan.doubts[suite, tier] = [
            f"{suite}/{tier}: the commit {_short(plan)} judges it and {plan.shown(plan.manifest.path)} has no such row"
            " any more; put it back (one with another model keeps its name, and is judged as a swap), or remove it in"
            f' two changes, of which the first says in [{suite}]: removed = ["{tier}"]'
        ]


def _doubt_goldens(plan: Plan, before: Plan, now: Plan) -> None:
    """Word the goldens that a change deletes, and cases that it adds, edits or removes without their goldens: once
    merged, these would be red in the next change. Those of a swapped tier must be its new model's anyway.
    """
    for key, model in now.models.items():
        if key not in before.models:
            continue
        path, stored = plan.shown(model.golden), read_golden(model.golden)
        cases, old = ({case.id: case for case in one.cases.cases} for one in (model, before.models[key]))
        edited = [case for name, case in cases.items() if name not in old or _is_edited(case, old[name])]
        new = [case.id for case in edited if not _is_recorded(case, stored.get(case.id))]
        new += [name for name in stored if name in old and name not in cases]
        if stored and new:
            plan.doubts.setdefault(key, []).append(
                f"{model.name}: the change adds, edits or removes {named(sorted(new))}, and {path} is not recorded"
                f" anew; type: {record_line(*key)}"
            )
        if key in plan.proposed:
            continue
        gone = [one for one in read_golden(before.models[key].golden) if one in cases and one not in stored]
        if gone:
            plan.doubts.setdefault(key, []).append(
                f"{model.name}: {path} has no golden any more of {named(gone)}, which the change still has; put it"
                f" back: git checkout {_short(plan)} -- {shlex.quote(path)}"
            )


def _is_edited(case: Case, other: Case) -> bool:
    """Return whether a case asks or expects something else than the other; files are compared, for none is decoded."""
    one, two = case.given, other.given
    alike = one == two
    if isinstance(one, Path) and isinstance(two, Path):
        alike = filecmp.cmp(one, two, shallow=False)
    return not alike or case.expected_digest != other.expected_digest


def _is_recorded(case: Case, entry: Entry | None) -> bool:
    """Return whether a golden is of a case, also of one that cannot be read, of which its tests tell."""
    with suppress(Fault):
        return entry is not None and entry.is_of(case)
    return True


def _doubt_anchors(plan: Plan, before: Plan, now: Plan) -> None:
    """Word the anchors that a change deletes, replaces or edits, also of a swapped tier: they stay whatever model is
    accepted, and only `swapgate anchor` moves them; and rows edited of the accepted model, to which it would.
    """
    for key in before.models.keys() & now.models.keys():
        model, (suite, tier) = now.models[key], key
        record = record_line(suite, tier, rows=True)
        move = f' (an anchor is moved by: {record}, then swapgate anchor {suite}.{tier} --reason "…")'
        found = {ANCHOR: (became(key, before, now)[0], "its anchor", move)}
        found[ACCEPTED] = (edited_accepted(key, before, now), "its accepted model", "")
        for ending, (wrong, whose, more) in found.items():
            path = plan.shown(path_of(model.golden, ending))
            if wrong:
                plan.doubts.setdefault(key, []).append(
                    f"{model.name}: {path}, the rows of {whose}, {wrong}; put it back: git checkout"
                    f" {_short(plan)} -- {shlex.quote(path)}{more}"
                )


def _doubt_brought(plan: Plan, before: Plan, now: Plan) -> None:
    """Word what the commit names and has not whole, and the change has in git: it would judge itself."""
    changed = {Path(os.path.normpath(now.root / name)) for name in changed_since(now.root, plan.against or "")}
    changed &= tracked(now.root)
    tree = Path(os.path.normpath(before.root / os.path.relpath(top_of(now.root), now.root)))
    judging = {suite: _brought(_outside(before, suite, tree), changed) for suite in before.manifest.rows if changed}
    for key, model in before.models.items():
        if key not in plan.models:
            continue
        brought = judging.get(key[0], set())
        asked = key[0] in plan.evaluations and key not in plan.incumbents  # else its incumbent is told to be gone
        if asked and model.source.in_project and not _is_whole(model, tree):
            there = places_of(plan.models[key].source)
            places = there | {path.resolve() for place in there for path in (place, *below(place))}
            brought = brought | {path for path in changed if places & {path, *path.parents}}
        if brought:
            shown = sorted(now.shown(path) for path in brought)
            plan.doubts.setdefault(key, []).append(
                f"{'/'.join(key)}: the commit {_short(plan)} names and has not in git what the change brings, and no"
                f" change can judge itself: {named(shown)}; a person must look, and put that into git in a change of"
                " its own"
            )


def _doubt_hearsay(plan: Plan, before: Plan) -> None:
    """Word the predictions that a change brings and that nothing here has made."""
    for key, model in plan.models.items():
        brought = key in plan.incumbents or key not in before.models
        allowed = key in before.models and model.row.allow_recorded
        if brought and model.backend.hearsay and not allowed:
            plan.doubts.setdefault(key, []).append(
                f"{model.name}: the change brings {model.source.name}, {model.backend.what}, and"
                f" {model.backend.hearsay}: a person must look; where they may pass, a change of its own says in"
                f" [{'.'.join(key)}]: allow_recorded = true"
            )


def _outside(before: Plan, suite: str, tree: Path) -> Iterator[Path]:
    """Yield the files that judge a suite and that the commit has not; of an evaluation set also what its rows name."""
    for path in files_of(before, suite):
        if not path.resolve().is_relative_to(tree.resolve()):
            yield from (path, path.resolve())
    found = before.evaluations.get(suite)
    if found and not found.path.resolve().is_relative_to(tree.resolve()):
        with suppress(Fault):  # its tests say what cannot be read
            yield from {Path(os.path.normpath(row.given)) for row in found.rows() if isinstance(row.given, Path)}


def _brought(files: Iterable[Path], changed: Container[Path]) -> set[Path]:
    """Return which of the changed files, or links and repositories in the place of folders, these are."""
    return {one for path in files for one in (path, *path.parents) if one in changed}


def _is_whole(model: Model, tree: Path) -> bool:
    """Return whether the commit has the files of a model, so that what it says there can be asked."""
    try:
        return model.source.digest != "" and all(lies_in(place, tree) for place in places_of(model.source))
    except Fault:
        return False


def _doubt_edited(plan: Plan, found: Mapping[Path, set[str]], accepted: Mapping[str, list[str]]) -> None:
    """Word, for each tier, which of the files that judge it are edited and not accepted."""
    blobs = {plan.shown(path): _blob(plan, path) for path in found}
    names = {name: found[path] for path, name in zip(found, blobs, strict=True)}
    held = [name for name, blob in blobs.items() if any(blob.startswith(one) for one in accepted.get(name, ()))]
    plan.notes.extend(f"edited, and accepted with {_option(name, blobs[name])}" for name in held)
    plan.notes.extend(f"{ACCEPT} {name}: not edited, or it does not judge" for name in accepted if name not in blobs)
    for key in plan.models:
        mine = sorted(name for name, suites in names.items() if key[0] in suites and name not in held)
        if mine:
            it = "it" if len(mine) == 1 else "them"
            wrong = "".join(_wrong(name, blobs[name], accepted.get(name, ())) for name in mine)
            plan.doubts.setdefault(key, []).append(
                f"{'/'.join(key)}: these files judge and were edited: a person must look: {', '.join(mine)}{wrong};"
                f" look at {it}, then {' '.join(_option(name, blobs[name]) for name in mine)}"
            )


def _wrong(name: str, blob: str, accepted: Sequence[str]) -> str:
    return f" ({name} was accepted as {', '.join(accepted)} and is {blob[:DIGITS]})" if accepted else ""


def _option(name: str, blob: str) -> str:
    return f"{ACCEPT} {shlex.quote(f'{name}@{blob[:DIGITS]}')}"


def _blob(plan: Plan, path: Path) -> str:
    return blob_of(plan.root, path) if path.is_file() else DELETED


def _accepted(options: Sequence[str]) -> dict[str, list[str]]:
    """Return the contents that were accepted of each file. Raises InputFault."""
    found: dict[str, list[str]] = {}
    for option in options:
        name, _, blob = option.rpartition("@")
        if not name or not re.fullmatch(f"[0-9a-f]{{{DIGITS},}}|{DELETED}", blob):
            raise InputFault(
                f"{ACCEPT} {option}: not of the form FILE@BLOB, BLOB being at least {DIGITS} digits of what `git"
                " hash-object FILE` says, as the verdict does"
            )
        found.setdefault(Path(name).as_posix(), []).append(blob)
    return found


def named(names: Sequence[str], most: int = 5) -> str:
    """Write names in quotes, and how many more there are."""
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")


def _short(plan: Plan) -> str:
    return (plan.against or "")[:DIGITS]
