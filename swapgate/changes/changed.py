"""Which suites a change can have touched: by its files, and within the models file by its rows."""

import os
from collections.abc import Iterator
from pathlib import Path

from swapgate.changes.git import changed_since, file_of, tracked
from swapgate.core.faults import Fault
from swapgate.core.tables import parse_toml, read_toml
from swapgate.goldens.golden import read_golden
from swapgate.project.marks import marks_of
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model

HARMLESS = (".gitignore", ".md", ".rst", "LICENSE")
"""Ends of paths that no verdict depends on."""


def changed_suites(plan: Plan, commit: str) -> set[str]:
    """Name the suites whose rows, cases, inputs, goldens, models, evaluation sets or tests differ from a commit.

    A file that belongs to no suite touches every suite: one of the engine (also that of a single task), a conftest.py,
    the configuration, pinned versions. What git does not keep may have changed, and touches its suite.
    """
    touched = set(_out_of_git(plan))
    for name in changed_since(plan.root, commit):
        if not name.endswith(HARMLESS):
            touched |= _suites_of(plan, Path(os.path.normpath(plan.root / name)), commit)
    return touched


def files_of(plan: Plan, suite: str) -> list[Path]:
    """Return the files that say how a suite's models are judged, besides models file, goldens and tests."""
    cases = next(model.cases for (name, _), model in plan.models.items() if name == suite)
    given = [Path(os.path.normpath(case.given)) for case in cases.cases if isinstance(case.given, Path)]
    return [cases.path, *given, *([plan.evaluations[suite].path] if suite in plan.evaluations else [])]


def _suites_of(plan: Plan, path: Path, commit: str) -> set[str]:
    every: set[str] = {*plan.manifest.rows}
    models, goldens = plan.root / "fixtures" / "models", plan.root / "golden"
    if path == plan.manifest.path:
        return _suites_of_rows(plan, commit)
    if path.is_relative_to(goldens):
        manifest, suite, *_ = [*path.relative_to(goldens).parts, "", ""]
        return {suite} & every if manifest == plan.manifest.name else set()
    if path.is_relative_to(models) and path.suffix == ".toml":
        return set()  # another models file
    suites = _marked(plan, path, commit) if path.suffix == ".py" else _suites_beside(plan, path)
    return suites & every or (every if path.is_relative_to(plan.root) else set())


def _suites_beside(plan: Plan, path: Path) -> set[str]:
    """Name the suites that keep a model, cases, inputs or an evaluation set at this place, or in a folder above."""
    places = [(model.source.folder, suite) for (suite, _), model in plan.models.items()]
    for suite in plan.manifest.rows:
        files = files_of(plan, suite)
        places += [(place, suite) for file in files for place in (file, file.parent)]
    return {suite for place, suite in places if path.is_relative_to(place) and not plan.root.is_relative_to(place)}


def _marked(plan: Plan, path: Path, commit: str) -> set[str]:
    """Name the suites of a suite file, by its marks today and then."""
    if not path.name.startswith("test_"):
        return set()
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    then = file_of(plan.root, commit, path)
    found = [marks_of(one) for one in (text, then)]
    if any(marks.unknown for marks in found):
        return {*plan.manifest.rows}
    return {suite for marks in found for suite in marks._replace(suites=()).judged(plan.manifest)}.union(
        *(marks.suites for marks in found)
    )


def _suites_of_rows(plan: Plan, commit: str) -> set[str]:
    """Name the suites of the models file whose tables are not what they were."""
    then = file_of(plan.root, commit, plan.manifest.path)
    try:
        before = parse_toml(then)
    except ValueError:
        before = {}
    now = read_toml(plan.manifest.path)
    moved = before.get("cases") != now.get("cases")  # the files of all suites' cases
    return {suite for suite in plan.manifest.rows if moved or before.get(suite) != now.get(suite)}


def _out_of_git(plan: Plan) -> Iterator[str]:
    """Name the suites of which git does not keep everything."""
    known = {path for path in tracked(plan.root) if not path.is_symlink()}
    for (suite, _), model in plan.models.items():
        if not known.issuperset([plan.manifest.path, *files_of(plan, suite)]) or not _is_accepted(model, known):
            yield suite


def _is_accepted(model: Model, known: set[Path]) -> bool:
    """Return whether git keeps a model, or else its golden says that this is the one that was accepted."""
    files = [path for path in model.source.folder.rglob("*") if not path.is_dir()]
    if files and known.issuperset(files):
        return True
    try:
        return {entry.made_by.digest for entry in read_golden(model.golden).values()} == {model.source.digest}
    except Fault:  # what cannot be read is told by its tests
        return False
