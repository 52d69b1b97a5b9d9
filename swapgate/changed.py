"""Which tasks a change can have touched: by its files, and within the models file by its rows."""

import re
import tomllib
from pathlib import Path

from swapgate.git import changed_since, file_of
from swapgate.plan import Plan

HARMLESS = (".md", ".rst", "LICENSE", ".gitignore")
"""Ends of paths that no verdict depends on."""


def changed_tasks(plan: Plan, commit: str) -> set[str]:
    """Name the tasks whose rows, cases, inputs, goldens, models, evaluation sets or tests differ from a commit.

    A file that belongs to no task, such as one of an engine or of the configuration, touches every task.
    """
    touched: set[str] = set()
    for name in changed_since(plan.root, commit):
        if not name.endswith(HARMLESS):
            touched |= _tasks_of(plan, plan.root / name, commit)
    return touched


def _tasks_of(plan: Plan, path: Path, commit: str) -> set[str]:
    every: set[str] = {*plan.manifest.rows}
    models, goldens = plan.root / "fixtures" / "models", plan.root / "golden"
    if path == plan.manifest.path:
        return _tasks_of_rows(plan, commit)
    if path.is_relative_to(goldens):
        manifest, task, *_ = [*path.relative_to(goldens).parts, "", ""]
        return {task} & every if manifest == plan.manifest.name else set()
    if path.is_relative_to(models) and path.suffix == ".toml":
        return set()  # another models file
    places = [(model.source.folder, task) for (task, _), model in plan.models.items()]
    places += [(model.cases.path.parent, task) for (task, _), model in plan.models.items()]
    places += [(found.path.parent, task) for task, found in plan.evaluations.items()]
    tasks = {task for place, task in places if path.is_relative_to(place) and place != plan.root}
    if not tasks and path.suffix == ".py" and path.is_file():
        tasks = set(re.findall(r"mark\.task\(\s*[\"']([\w-]+)", path.read_text(encoding="utf-8", errors="replace")))
    return tasks & every or every


def _tasks_of_rows(plan: Plan, commit: str) -> set[str]:
    """Name the tasks of the models file whose tables are not what they were."""
    then = file_of(plan.root, commit, plan.manifest.path)
    try:
        before = tomllib.loads(then)
    except ValueError:
        before = {}
    now = tomllib.loads(plan.manifest.path.read_text(encoding="utf-8"))
    return {task for task in plan.manifest.rows if before.get(task) != now.get(task)}
