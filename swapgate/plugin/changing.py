"""The plan of a run beside a commit: judged by it (--against), or of what differs from it (--changed-since)."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from swapgate.changes.against import judged_by
from swapgate.changes.changed import changed_suites, unrelated
from swapgate.changes.doubts import with_doubts
from swapgate.changes.git import check_out, commit_of, ignored_by, one_look
from swapgate.changes.judges import Layout
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.goldens.anchors import rows_beside
from swapgate.plugin.caller import CHECKED_OUT, CHECKOUT
from swapgate.project.configuration import TASKS
from swapgate.trials.plan import Plan, make_plan


@one_look()
def judged_by_commit(now: Plan, config: pytest.Config, models_file: Path) -> Plan:
    """Return the plan of a working tree as the commit of --against judges it. Raises InputFault."""
    option, root, directory = config.option, config.rootpath, config.invocation_params.dir
    if option.swap:
        raise InputFault("--against with --swap: a change is judged as it is; give one of both")
    if not models_file.is_relative_to(root):
        raise InputFault(f"--against: {models_file} is not in the project {root}, so git has no older one")
    commit = commit_of(root, option.against, "--against")
    then = check_out(root, commit, _checkout(config))
    older = then / models_file.relative_to(root)
    try:
        hidden = _hidden(now, then)
        if hidden:
            raise InputFault(
                f"has no {', '.join(hidden)}, for git ignores that ({'; '.join(dict.fromkeys(hidden.values()))}); take"
                " the line out and commit what judges: models file, cases, goldens"
            )
        if not older.is_file():
            raise InputFault(
                f"has no {models_file.relative_to(root)}, and the one of the change cannot judge itself; keep its name,"
                " or let a person look at the change that brings it"
            )
        sets = [_of_commit(one, root, then, directory) for one in option.eval_set]
        before = make_plan(then, older, [], sets, directory, working_tree=root, device=option.device)
        plan = judged_by(before, now, commit, _checkout(config))
        return with_doubts(plan, before, now, _layout(config), option.accept_edited)
    except (InputFault, SurroundingsFault) as fault:
        lines = [str(line).replace(f"{then}/", f"{option.against}:") for line in fault.args]
        raise InputFault(*lines).behind(f"--against {option.against}: ") from fault


@one_look()
def only_changed(plan: Plan, now: Plan, config: pytest.Config) -> Plan:
    """Note in a plan which suites the working tree changed, whose plan without swaps is `now`. Raises InputFault."""
    ref, root = config.option.changed_since, config.rootpath
    commit, layout = commit_of(root, ref, "--changed-since"), _layout(config)
    try:
        touched = changed_suites(now, commit, layout, unrelated(root, commit, layout))
    except SurroundingsFault as fault:
        raise InputFault(*fault.args).behind(f"--changed-since {ref}: ") from fault
    swapped = {suite for suite, _ in plan.incumbents}
    words = f"changed since {ref}: {touched.words(swapped)}"
    return replace(plan, changed=frozenset(touched.by) | swapped, notes=[*plan.notes, words])


def _hidden(plan: Plan, then: Path) -> dict[str, str]:
    """Return the files that judge and a commit has not, for git ignores them, each with the line that makes it so."""
    judging = [plan.manifest.path]
    for model in plan.models.values():
        judging += [model.cases.path, model.golden, *rows_beside(model.golden)]
    absent = [path for path in dict.fromkeys(judging) if path.is_relative_to(plan.root) and path.is_file()]
    absent = [path for path in absent if not (then / path.relative_to(plan.root)).is_file()]
    return {plan.shown(path): rule for path in absent if (rule := ignored_by(plan.root, path))}


def _layout(config: pytest.Config) -> Layout:
    """Return where pytest looks for tests, and what it is configured by."""
    directory = config.invocation_params.dir
    return Layout(
        places=[Path(os.path.normpath(directory / place.partition("::")[0])) for place in config.args],
        python_files=config.getini("python_files"),
        norecursedirs=config.getini("norecursedirs"),
        configuration=config.inipath,
        modules=config.getini(TASKS),
        python_path=config.getini("pythonpath"),
    )


def _checkout(config: pytest.Config) -> Path:
    """Return where the files of a commit are for this run: a worker of pytest-xdist has them from the controller."""
    if CHECKOUT not in config.stash:
        given = getattr(config, "workerinput", {}).get(CHECKED_OUT)
        if given is None:
            folder = tempfile.TemporaryDirectory(prefix="swapgate-")
            config.add_cleanup(folder.cleanup)
            given = folder.name
        config.stash[CHECKOUT] = given
    return Path(config.stash[CHECKOUT])


def _of_commit(eval_set: str, root: Path, then: Path, directory: Path) -> str:
    """Let an `--eval-set SUITE=PATH` name the file of the commit, where that has one."""
    suite, _, given = eval_set.partition("=")
    path = Path(os.path.normpath(directory / Path(given).expanduser()))
    older = then / path.relative_to(root) if path.is_relative_to(root) else then
    return f"{suite}={older}" if given and older.is_file() else eval_set
