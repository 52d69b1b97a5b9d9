"""What a change edits of that by which it is judged, in words for the reviewer."""

import filecmp
import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from swapgate.changes.changed import HARMLESS, edited_since, files_of, places_of
from swapgate.changes.git import taken_out
from swapgate.core.tables import read_toml
from swapgate.goldens.anchors import ANCHOR, path_of, rows_beside
from swapgate.project.manifest import Row
from swapgate.tasks.case import Case
from swapgate.trials.plan import Key, Plan

KEEP_ITS_NAME = "; where it takes the place of one that is removed, keep that one's name: then it is judged as a swap"
NEXT = "not used; once merged, the next change is judged by it"
TOLD = ("case", "evaluation", "latency")
"""Keys of a cases file of which more is told than that they were edited."""
ELSEWHERE = ("../", "golden/", "fixtures/models/")
"""Outside of the project, and what belongs to other models files."""


def edits(before: Plan, now: Plan, judged: Plan, commit: str, tree: Path) -> Iterator[str]:
    """List what the working tree has otherwise than a commit, whose files are below `tree`, and whether it is used.

    `judged`: the plan by which the change is judged.
    """
    swapped = judged.incumbents
    removed = [key for key in before.models if key not in now.models]
    for key, model in now.models.items():
        if key in before.models:
            why = "its own" if key in swapped else "the same weights and settings: no swap"
            own = {"accepted"} if judged.lets_change else set()
            whys = dict.fromkeys(own, why)
            added = {*judged.models[key].row.gaps} - {*before.models[key].row.gaps}
            whys |= {f"gaps.{case}": f"used: the model of {commit[:12]} fails it too" for case in added}
            yield from _of_row(key, before.models[key].row, model.row, now, why, whys)
        else:
            renamed = any(suite == key[0] for suite, _ in removed)
            yield f"{model.name} is new: judged by its own row, cases and goldens{KEEP_ITS_NAME * renamed}"
    yield from _of_tables(before, now)
    for suite in _of_both(before, now):
        yield from _of_cases(suite, before, now)
    out = _names(now, taken_out(now.root, commit))
    moved = _names(now, (path_of(now.models[key].golden, ANCHOR) for key in judged.anchors))
    files = _files(before, now, commit, swapped, moved)
    unused, used, models = ([name for name in names if name not in out] for names in files)
    if models:
        yield f"edited below model folders, which are judged as they are now: {', '.join(models)}"
    if unused:
        yield f"edited, but those of {commit[:12]} judge: {', '.join(unused)}"
    if used:
        yield f"edited, and used as they are now: {', '.join(used)}"
    if left := [name for name in files[1] if name in out]:
        yield f"taken out of git, and used as they still lie here: {', '.join(left)}"
    judging = {path: path.resolve() for suite in _of_both(before, now) for path in files_of(before, suite)}
    loose = [now.shown(path) for path, place in judging.items() if not place.is_relative_to(tree.resolve())]
    if loose:
        yield f"not in git at {commit[:12]}, and used as they are now: {', '.join(loose)}"


def _of_both(before: Plan, now: Plan) -> list[str]:
    return [suite for suite in before.manifest.rows if suite in now.manifest.rows]


def _of_row(key: Key, before: Row, now: Row, plan: Plan, why: str, whys: Mapping[str, str]) -> Iterator[str]:
    """List what a row has otherwise; `whys`: of keys that a row cannot bring itself why they are used all the same."""
    then, there = (_flat(row.model_dump(mode="json", exclude_none=True)) for row in (before, now))
    for name in sorted(then.keys() | there.keys()):
        if then.get(name) != there.get(name):
            first = name.split(".")[0]
            used = whys.get(name, whys.get(first, "not used" if first in before.judging_keys else why))
            where = f"{plan.shown(plan.manifest.path)}: {'.'.join(key)}.{name}"
            yield f"{where}: {_said(then.get(name))} → {_said(there.get(name))} ({used})"


def _said(value: Any) -> str:
    """Write a value of a row as JSON, which for words and numbers is what the models file says."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _flat(table: Any, name: str = "") -> dict[str, Any]:
    """Return a nested table as one of dotted names."""
    if not isinstance(table, dict):
        return {name.removeprefix("."): table}
    return {key: value for part, inner in table.items() for key, value in _flat(inner, f"{name}.{part}").items()}


def _of_tables(before: Plan, now: Plan) -> Iterator[str]:
    """List what else the models file says otherwise than the rows that both have: of itself, and of each suite."""
    then, there = (_flat(_without_rows(plan, before, now)) for plan in (before, now))
    for name in sorted(then.keys() | there.keys()):
        if then.get(name) != there.get(name):
            where = f"{now.shown(now.manifest.path)}: {name}"
            yield f"{where}: {_said(then.get(name))} → {_said(there.get(name))} ({NEXT})"


def _without_rows(plan: Plan, before: Plan, now: Plan) -> dict[str, Any]:
    told = {(suite, tier) for one in (before, now) for suite, rows in one.manifest.rows.items() for tier in rows}
    return {
        key: {inner: one for inner, one in value.items() if (key, inner) not in told}
        if isinstance(value, dict)
        else value
        for key, value in read_toml(plan.manifest.path).items()
    }


def _of_cases(suite: str, before: Plan, now: Plan) -> Iterator[str]:
    then, there = (read_toml(plan.models[suite, plan.tiers(suite)[0]].cases.path) for plan in (before, now))
    old, new = ({case["id"]: case for case in table["case"]} for table in (then, there))
    files = [{case.id: case for case in plan.cases(suite)} for plan in (before, now)]
    both = {name: _differing(old[name], new[name]) for name in sorted(old.keys() & new.keys())}
    edited = {
        name: keys or ["what its file holds"]
        for name, keys in both.items()
        if keys or _content(files[0][name]) != _content(files[1][name])
    }
    timed = [table["latency"] for table in (then, there)]
    sets = [plan.evaluations[suite].path if suite in plan.evaluations else None for plan in (before, now)]
    shown = [plan.shown(path) if path else "none" for plan, path in zip((before, now), sets, strict=True)]
    kept = _same(*sets) and then.get("evaluation") == there.get("evaluation")
    for what, names in (
        ("cases of {} added", sorted(new.keys() - old.keys())),
        ("cases of {} removed", sorted(old.keys() - new.keys())),
        ("cases of {} edited", [f"{name} ({', '.join(keys)})" for name, keys in edited.items()]),
        ("case on which the latency of {} is measured edited", timed if timed[0] != timed[1] else ()),
        ("evaluation set of {} edited", () if kept else dict.fromkeys(shown)),
        ("keys of the cases file of {} edited", [key for key in _differing(then, there) if key not in TOLD]),
    ):
        if names:
            yield f"{what.format(suite)}: {(' → ' if names is timed else ', ').join(names)} (not used)"


def _differing(then: dict[str, Any], there: dict[str, Any]) -> list[str]:
    return [key for key in sorted(then.keys() | there.keys()) if then.get(key) != there.get(key)]


def _content(case: Case) -> object:
    return case.given.read_bytes() if isinstance(case.given, Path) and case.given.is_file() else None


def _same(one: Path | None, other: Path | None) -> bool:
    return one == other or (one is not None and other is not None and filecmp.cmp(one, other, shallow=False))


def _files(
    before: Plan, now: Plan, commit: str, swapped: Container[Key], moved: Container[str]
) -> tuple[list[str], list[str], list[str]]:
    """Return the edited goldens and inputs that are not used, and whatever else is: tests, configuration, versions.

    `moved`: anchors of the change that are used. Of models that stay the files are told apart; rows, cases and
    evaluation sets are listed by what they hold.
    """
    both = (before, now)
    suites = _of_both(*both)
    stored = [model.golden for key, model in now.models.items() if key in before.models]
    goldens = _names(now, (one for golden in stored for one in (golden, *rows_beside(golden))))
    models = {
        name
        for plan in both
        for name in _names(plan, (place for one in plan.models.values() for place in places_of(one.source)))
    }
    stay = [key for key in now.models if key in before.models and key not in swapped]
    kept = _names(now, (place for key in stay for place in places_of(now.models[key].source)))
    judging = {name for plan in both for suite in suites for name in _names(plan, files_of(plan, suite))}
    listed = {name for plan in both for name in _names(plan, _listed(plan))}
    own = {name for suite in {*now.manifest.rows} - {*suites} for name in _names(now, files_of(now, suite))}
    unused: list[str] = []
    used: list[str] = []
    edited: list[str] = []
    for name in edited_since(now, commit):
        if name in goldens:
            (used if name in moved else unused).append(name)
        elif name.endswith(HARMLESS):
            continue
        elif _is_below(kept, name):
            edited.append(name)
        elif name in listed or name.startswith(ELSEWHERE) or _is_below(models, name):
            continue
        elif _is_beside(judging, name):
            unused.append(name)
        elif not _is_beside(own, name):
            used.append(name)
    return unused, used, edited


def _listed(plan: Plan) -> Iterator[Path]:
    yield plan.manifest.path
    yield from (model.cases.path for model in plan.models.values())
    yield from (found.path for found in plan.evaluations.values())


def _names(plan: Plan, paths: Iterable[Path]) -> set[str]:
    return {os.path.relpath(path, plan.root) for path in paths}


def _is_below(folders: set[str], name: str) -> bool:
    return any(Path(name).is_relative_to(folder) for folder in folders)


def _is_beside(files: set[str], name: str) -> bool:
    return not name.endswith(".py") and _is_below({os.path.dirname(file) for file in files} - {""}, name)
