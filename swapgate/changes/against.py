"""A change judged by the rows, cases, goldens and limits of the commit before it, so that it cannot approve itself."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from swapgate.backends import endpoint, find
from swapgate.changes.changed import may_be_read
from swapgate.changes.edits import edits
from swapgate.changes.imported import imported
from swapgate.changes.moved import moved
from swapgate.core.faults import Fault, InputFault
from swapgate.core.files import below
from swapgate.core.words import listed
from swapgate.goldens.anchors import rows_beside
from swapgate.goldens.golden import read_golden
from swapgate.models.digest import file_digests
from swapgate.models.loading import Source
from swapgate.outputs import check_expected
from swapgate.project.configuration import UNRELATED
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model


def judged_by(before: Plan, now: Plan, commit: str, tree: Path) -> Plan:
    """Return the plan of a change: each row of `now` that names another model is a swap, judged by `before`.

    A row whose model has the same digest is judged by `before` as drift, with the folder as it is now, and where that
    holds other bytes its rows of the evaluation set are paired with those of the commit's; a new row is judged by
    itself. `before` was read from the files
    of the commit, which are below `tree`, and `now` from the working tree. Raises InputFault.
    """
    _check_files(before, tree)
    _check_tasks(before, now)
    now = _with_doors(before, now, commit)
    lets_change = before.manifest.exceptions == "in-change"
    then = {key: _with_weights(model, before, now, tree) for key, model in before.models.items()}
    new_sets = {suite: found for suite, found in now.evaluations.items() if suite not in before.manifest.rows}
    plan = replace(
        now,
        models={},
        removed={key: model for key, model in then.items() if key not in now.models},
        evaluations={**before.evaluations, **new_sets},
        against=commit,
        checkout=before.root,
        lets_change=lets_change,
        anchors=dict(moved(before, now)) if lets_change else {},
        notes=[*now.notes],
    )
    for key, model in now.models.items():
        incumbent = _with_gaps(then[key], model) if key in then else model
        plan.models[key] = incumbent
        if incumbent is not model and _same(incumbent.source, model.source):
            own = replace(model.source, row=incumbent.row)  # the folder as it is now: a digest may be blind to an edit
            plan.models[key] = replace(incumbent, source=own, incumbent=own)
            if model.source.in_project and lies_in(incumbent.source.folder, tree):
                old, new = _held(incumbent.source, before.root), _held(model.source, now.root)
                loose = may_be_read(model.source, before, now, commit)
                if loose:
                    plan.notes.append(_of_loose(model, loose))
                if old is None or old != new or loose:
                    named = replace(incumbent.source, name=_at(incumbent.source, commit))
                    plan.edited[key] = replace(incumbent, source=named, incumbent=named)
        elif incumbent is not model:
            row = incumbent.source.row
            if lets_change and model.row.accepted:
                row = row.model_copy(update={"accepted": model.row.accepted})
            named = replace(incumbent.source, row=row, name=_at(incumbent.source, commit))
            plan.models[key] = replace(incumbent, source=model.source, incumbent=named)
            plan.incumbents[key] = replace(incumbent, source=named, incumbent=named)
            plan.proposed[key] = model
    plan.notes.extend(edits(before, now, plan, commit, tree))
    return plan


def _with_doors(before: Plan, now: Plan, commit: str) -> Plan:
    """Return the plan of a change in which no server is asked that the commit does not name: a row is not a door."""
    rows = [model.row for model in before.models.values() if model.source.remote]
    models = dict(now.models)
    for key, model in now.models.items():
        if model.source.remote and not endpoint.allowed(model.row, rows):
            why = (
                f"no row of {commit[:12]} names its host (and its token_env, where there is one), and a change opens no"
                f" door; a person judges it with: pytest --swap {'.'.join(key)}={model.row.model}"
            )
            source = endpoint.closed(model.source, why)
            models[key] = replace(model, source=source, incumbent=source)
    return replace(now, models=models)


def _with_gaps(model: Model, now: Model) -> Model:
    """Return the incumbent with the known gaps that a change adds of what the commit's own model fails.

    Its golden must say so, of the same weights, input and answer: else a change could hide what it loses.
    """
    added = {case: why for case, why in now.row.gaps.items() if case not in model.row.gaps}
    if not added:
        return model
    golden, digest = read_golden(model.golden), _digest(model.source)
    failed = set()
    for case in model.cases.cases:
        entry = golden.get(case.id) if case.id in added and digest else None
        if entry and (entry.made_by.digest, entry.input) == (digest, case.input_digest):
            is_wrong = entry.expected == case.expected_digest and check_expected(entry.prediction, case.expected)
            failed |= {case.id} if is_wrong else set()
    gaps = model.row.gaps | {case: why for case, why in added.items() if case in failed}
    source = replace(model.source, row=model.row.model_copy(update={"gaps": gaps}))
    return replace(model, source=source, incumbent=source)


def _check_files(before: Plan, tree: Path) -> None:
    """Make sure that what judges is in the commit. Raises InputFault where a link leads out of it."""
    judging = {before.manifest.path}
    for model in before.models.values():
        judging |= {model.cases.path, model.golden, *rows_beside(model.golden)}
    for path in sorted(judging):
        if not path.resolve().is_relative_to(tree.resolve()):
            raise InputFault(f"{path} leads out of the repository, where git has no older one; put the file there")


def _check_tasks(before: Plan, now: Plan) -> None:
    """Make sure that no suite became one of another task, by which its answers cannot be judged. Raises InputFault."""
    for suite, then in before.manifest.tasks.items():
        task = now.manifest.tasks.get(suite, then)
        if task is not then:
            raise InputFault(
                f"{now.shown(now.manifest.path)}: {suite} is a suite of {task.name} and was one of {then.name}, whose"
                " answers are no measure of its own; give the new suite another name"
            )


def _with_weights(model: Model, before: Plan, now: Plan, tree: Path) -> Model:
    """Return the incumbent with its weights: the commit's, or where git does not keep them those that are still there.

    The latter are the incumbent's only if its golden says so.
    """
    source = model.source
    if not source.in_project:
        return model  # a public model, or a server, is where it is, whatever commit names it
    place = source.folder
    if not Path(source.row.model).expanduser().is_absolute():
        place = Path(os.path.normpath(now.root / os.path.relpath(place, before.root)))
    kept = source if source.identify else replace(source, name=f"{now.shown(place)}{source.suffix}")
    there = _of_backend(source, now) or replace(kept, folder=place)
    made_by = {entry.made_by.digest for entry in read_golden(model.golden).values()}
    if source.folder.is_relative_to(tree) and _digest(kept):
        found = kept
    elif made_by == {_digest(there)}:
        found = there
    else:
        gone = (
            f"the weights of the incumbent {kept.name} are not in git, and those that its golden was made by are not at"
            f" {place}, so nothing can be measured beside it; put them back there, or keep them in git, and run again"
        )
        found = replace(there, gone=gone)
    return replace(model, source=found, incumbent=found)


def _of_backend(source: Source, now: Plan) -> Source | None:
    """Return what a row of a commit names in the working tree, where that is no folder of transformers."""
    try:
        found = find(source.row, now.manifest.path.parent, now.root, source.row_of)
    except InputFault:
        return None
    return found if found.identify else None


def _digest(source: Source) -> str:
    try:
        return source.digest
    except Fault:  # what cannot be read is told by its tests
        return ""


def lies_in(folder: Path, tree: Path) -> bool:
    """Return whether a folder and all that is in it is below a tree, also behind links."""
    return all(path.resolve().is_relative_to(tree.resolve()) for path in (folder, *below(folder)))


def _at(source: Source, commit: str) -> str:
    return f"{source.name}@{commit[:7]}"


def _held(source: Source, root: Path) -> list[dict[str, str]] | None:
    """Return the bytes of the files that a loader may read, and of what the module of a function imports, by their
    names, as digests; None where one cannot be read.
    """
    module = {path for files in source.files.values() for path in files if path.suffix == ".py"}
    code = imported(module, {path for path in root.rglob("*.py") if path.is_file()}) if module else set()
    try:
        held = {os.path.relpath(path, root): hashlib.sha256(path.read_bytes()).hexdigest() for path in code}
        return [*map(file_digests, source.files), held]
    except (Fault, OSError):
        return None


def _of_loose(model: Model, loose: Sequence[str]) -> str:
    return (
        f"{model.name}: {listed(loose, 5)}: edited, and not covered by the digest of {model.source.name}, which may"
        " read that: where rows are judged beside the incumbent's, the commit's own function answers them too; name in"
        f" its row what it reads (files = […]), and under {UNRELATED} in pytest's configuration what no verdict depends"
        " on"
    )


def _same(before: Source, now: Source) -> bool:
    if before.absent and now.absent:
        return before.name == now.name and before.row.weights == now.row.weights
    return _digest(before) == _digest(now) != ""
