"""A change judged by the rows, cases, goldens and limits of the commit before it, so that it cannot approve itself."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from swapgate.cases import Case
from swapgate.faults import Fault
from swapgate.git import changed_since
from swapgate.golden import read_golden
from swapgate.loading import Source
from swapgate.manifest import Row
from swapgate.plan import JUDGES, Key, Plan
from swapgate.running import Model


def judged_by(before: Plan, now: Plan, commit: str) -> Plan:
    """Give the plan of a change: each row of `now` that names another model is a swap, judged by `before`.

    A row that names the same model is judged by `before` alone; a new row by itself. `before` was read from the files
    of the commit, `now` from the working tree.
    """
    new_sets = {task: found for task, found in now.evaluations.items() if task not in before.manifest.rows}
    evaluations = {**before.evaluations, **new_sets}
    plan = replace(before, models={}, evaluations=evaluations, against=commit, notes=[*now.notes])
    for key, model in now.models.items():
        if key not in before.models:
            plan.models[key] = model
            plan.notes.append(f"note  {model.name} is new in this change: judged by its own row, cases and goldens")
            continue
        incumbent = _with_weights(before.models[key], before, now)
        if not _same(incumbent.source, model.source):
            named = replace(incumbent.source, name=f"{incumbent.source.name}@{commit[:7]}")
            incumbent = Model(*key, named, named, incumbent.cases, incumbent.golden)
            plan.models[key] = Model(*key, model.source, named, incumbent.cases, incumbent.golden)
            plan.incumbents[key] = incumbent
            plan.own_goldens[key] = model.golden
        else:
            plan.models[key] = incumbent
    removed = ["/".join(key) for key in before.models if key not in now.models]
    gone = [f"note  {name} is removed by this change, and not judged" for name in removed]
    plan.notes.extend([*gone, *_edits(before, now), *_edited_files(now, commit)])
    return plan


def _with_weights(model: Model, before: Plan, now: Plan) -> Model:
    """Give the incumbent with its weights: the commit's, or where git does not keep them those that are still there.

    The latter are the incumbent's only if its golden says so.
    """
    source, there = model.source, model.source
    if source.folder.is_relative_to(before.root):
        if _readable(source):
            return model
        there = replace(source, folder=now.root / os.path.relpath(source.folder, before.root))
    made_by = {entry.made_by.digest for entry in read_golden(model.golden).values()}
    if not _readable(there) or {there.digest} != made_by:
        there = replace(
            source,
            gone=f"the weights of the incumbent {source.name} are neither in git nor where they were, so nothing can be"
            " measured beside it; put them back, or keep them in git, and run again",
        )
    return Model(model.task, model.tier, there, there, model.cases, model.golden)


def _readable(source: Source) -> bool:
    try:
        return bool(source.digest)
    except Fault:
        return False


def _same(before: Source, now: Source) -> bool:
    try:
        return before.digest == now.digest
    except Fault:  # what cannot be read is told by its tests
        return False


def _edits(before: Plan, now: Plan) -> Iterator[str]:
    """List the limits and cases that the change edits and that did not count."""
    for key, model in now.models.items():
        if key in before.models:
            yield from _edits_of_row(key, before.models[key].source.row, model.source.row, now)
    for task in dict.fromkeys(task for task, _ in now.models):
        then, there = ({case.id: case for case in plan.cases(task)} for plan in (before, now))
        for word, ids in (
            ("added", there.keys() - then.keys()),
            ("removed", then.keys() - there.keys()),
            ("edited", {one for one in then.keys() & there.keys() if _content(then[one]) != _content(there[one])}),
        ):
            if ids:
                listed = ", ".join(sorted(ids))
                yield f"note  cases of {task} {word} by this change, which does not count: {listed}"


def _content(case: Case) -> tuple[object, object]:
    return case.expected, case.given.read_bytes() if isinstance(case.given, Path) else case.given


def _edits_of_row(key: Key, before: Row, now: Row, plan: Plan) -> Iterator[str]:
    then, there = (_flat(row.model_dump(mode="json", exclude={"model"})) for row in (before, now))
    for name in sorted(then.keys() | there.keys()):
        if then.get(name) != there.get(name):
            used = "not used" if name.split(".")[0] in JUDGES else "its own"
            yield (
                f"note  {plan.shown(plan.manifest.path)}: {'.'.join(key)}.{name}: {then.get(name)!r} →"
                f" {there.get(name)!r} ({used})"
            )


def _flat(table: Any, name: str = "") -> dict[str, Any]:
    """Give a nested table as one of dotted names."""
    if not isinstance(table, dict):
        return {name.removeprefix("."): table}
    return {key: value for part, inner in table.items() for key, value in _flat(inner, f"{name}.{part}").items()}


def _edited_files(now: Plan, commit: str) -> Iterator[str]:
    """List edited goldens, which do not count, and edited tests, which judge as they are now."""
    for path in changed_since(now.root, commit):
        if path.startswith("golden/"):
            yield f"note  {path} is edited by this change: judged by that of {commit[:12]}"
        elif path.startswith("tests/test_") or Path(path).name == "conftest.py":
            yield f"note  {path} is edited by this change, and judges as it is now"
