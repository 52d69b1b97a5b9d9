"""The plan of a run: from pytest's options and the models file to what is judged, by which commit, with which hooks."""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from swapgate import tasks
from swapgate.changes.against import judged_by
from swapgate.changes.changed import changed_suites, unrelated
from swapgate.changes.doubts import with_doubts
from swapgate.changes.git import check_out, commit_of, ignored_by, place_of
from swapgate.changes.judges import Layout
from swapgate.core.extras import lack
from swapgate.core.faults import InputFault
from swapgate.goldens.anchors import rows_beside
from swapgate.goldens.pending import on_ci
from swapgate.inputs.downloads import INPUTS
from swapgate.models.devices import WAITING, cores
from swapgate.plugin import fixtures
from swapgate.plugin.caller import SHOWING
from swapgate.plugin.collecting import OF_MODELS_FILE, Collecting
from swapgate.plugin.ledger import CHECKED_OUT, CHECKOUT, Ledger
from swapgate.project.configuration import EARLY, TASKS
from swapgate.trials.cache import Cache, cache_folder
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.spread import Spread, check_installed
from swapgate.verdicts.facts import running
from swapgate.verdicts.writing import write_running

WORKERS = "PYTEST_XDIST_WORKER_COUNT"
"""The variable by which a worker knows how many there are."""


def configure(config: pytest.Config, models_file: Path) -> None:
    """Read and check what the run depends on, and put the hooks in place. Raises UsageError."""
    if not hasattr(config.option, "update_snapshots"):
        raise pytest.UsageError("nothing is judged without the plugin syrupy; leave out -p no:syrupy")
    writes = config.option.update_snapshots or config.option.update_new_snapshots_only
    if writes and on_ci():
        raise pytest.UsageError(
            "--snapshot-update where CI is set: a CI writes no goldens; record them on your machine and commit them"
        )
    if config.option.accept_drift and not writes:
        raise pytest.UsageError("--accept-drift without --snapshot-update records nothing; give both")
    for option in ("swap", "against"):
        if getattr(config.option, option) and writes:
            raise pytest.UsageError(
                f"--{option} with --snapshot-update: a trial must not write goldens; edit the row in {models_file},"
                " then record them with --snapshot-update alone"
            )
    if config.option.accept_edited and config.option.against is None:
        raise pytest.UsageError("--accept-edited without --against accepts nothing; give both")
    if getattr(config.option, "benchmark_histogram", None) and (words := lack(["histogram"])):
        raise pytest.UsageError(f"--benchmark-histogram {words}")
    if config.option.inputs is not None:
        _use_inputs(config)
    try:
        tasks.discover(config.getini(TASKS), config.rootpath)
        plan = _plan(config, models_file)
        if config.option.changed_since is not None:
            plan = _only_changed(plan, config, models_file)
    except InputFault as fault:
        raise pytest.UsageError(str(fault)) from None
    _decide_early(config, plan)
    config.stash[fixtures.PLAN] = plan
    if WAITING not in os.environ:  # threads that spin take each other's cores on a busy machine
        _set(config, WAITING, "PASSIVE")
    share = max(1, cores() // int(os.environ.get(WORKERS, "1")))
    config.stash[fixtures.THREADS] = config.option.threads or plan.manifest.threads, share
    config.stash[fixtures.CACHE] = _cache(config)
    config.stash[fixtures.SPREAD] = _spread(config)
    config.pluginmanager.register(fixtures, "swapgate-fixtures")
    collecting = Collecting(plan)
    config.pluginmanager.register(collecting, "swapgate-suite")
    config.pluginmanager.register(Ledger(plan, collecting.collected), "swapgate-ledger")
    names = {name for key in plan.models for name in key}
    for name in sorted(names.union(*({suite, *found.tiers} for suite, found in plan.left_out.items()))):
        config.addinivalue_line("markers", f"{name}{OF_MODELS_FILE} {models_file.name}")
    if not hasattr(config, "workerinput"):
        begin_verdicts(config, config.option, plan, models_file)


def _decide_early(config: pytest.Config, plan: Plan) -> None:
    """Let the sets of a plan be taken in parts where early decisions are asked for, or note why they are not."""
    option, lists = config.option, config.getini(EARLY)
    if not (option.decide_early or lists):
        return
    if option.update_snapshots or option.update_new_snapshots_only:
        plan.notes.append("nothing is decided early, for --snapshot-update remembers all rows of evaluation sets")
    elif plan.against and not option.decide_early:
        plan.notes.append(f"{EARLY} does not count under --against: give --decide-early on the command line")
    else:
        plan.evaluations.update({suite: replace(one, shuffled=True) for suite, one in plan.evaluations.items()})


def _cache(config: pytest.Config) -> Cache | None:
    """Return what keeps answers to rows between runs; None where none is to be taken from there.

    Under --against on a CI that is so: what an earlier job has left a change may have written.
    """
    if config.option.no_cache or (config.option.against is not None and on_ci()):
        return None
    cache = Cache(cache_folder())
    config.add_cleanup(cache.close)
    return cache


def _spread(config: pytest.Config) -> Spread | None:
    """Return over which machines rows are spread; None over none. Raises UsageError where that cannot be."""
    if config.option.ray is None:
        return None
    if WORKERS in os.environ or getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--ray with -n: each process would begin workers of its own; give one of both")
    try:
        check_installed()
    except InputFault as fault:
        raise pytest.UsageError(str(fault)) from None
    spread = Spread(config.option.ray)
    config.add_cleanup(spread.close)
    return spread


def _use_inputs(config: pytest.Config) -> None:
    """Let the run, and the processes that it starts, find fetched inputs in the folder that was asked for."""
    folder = config.invocation_params.dir / Path(config.option.inputs).expanduser()
    if not folder.is_dir():
        raise pytest.UsageError(f"--inputs {config.option.inputs}: no folder {folder}; give the one that holds them")
    _set(config, INPUTS, str(folder))


def _set(config: pytest.Config, name: str, value: str) -> None:
    """Set a variable of the environment for the run, and the processes that it starts."""
    patch = pytest.MonkeyPatch()
    patch.setenv(name, value)
    config.add_cleanup(patch.undo)


def _plan(config: pytest.Config, models_file: Path) -> Plan:
    """Make the plan of the working tree, judged by a commit where one is given. Raises InputFault."""
    option, root, directory = config.option, config.rootpath, config.invocation_params.dir
    now = make_plan(
        root, models_file, option.swap, option.eval_set, directory, device=option.device, tolerant=_selects(option)
    )
    now = replace(now, written=_written(config))
    if option.against is None:
        return now
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
    except InputFault as fault:
        lines = [str(line).replace(f"{then}/", f"{option.against}:") for line in fault.args]
        raise InputFault(*lines).behind(f"--against {option.against}: ") from fault


def _hidden(plan: Plan, then: Path) -> dict[str, str]:
    """Return the files that judge and a commit has not, for git ignores them, each with the line that makes it so."""
    judging = [plan.manifest.path]
    for model in plan.models.values():
        judging += [model.cases.path, model.golden, *rows_beside(model.golden)]
    absent = [path for path in dict.fromkeys(judging) if path.is_relative_to(plan.root) and path.is_file()]
    absent = [path for path in absent if not (then / path.relative_to(plan.root)).is_file()]
    return {plan.shown(path): rule for path in absent if (rule := ignored_by(plan.root, path))}


def _selects(option: argparse.Namespace) -> bool:
    """Return whether faulty files of a suite can be left out, for -k and -m may select none of its tests."""
    return bool(option.keyword or option.markexpr) and option.against is None


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


def _only_changed(plan: Plan, config: pytest.Config, models_file: Path) -> Plan:
    """Note in a plan which suites the working tree changed. Raises InputFault."""
    ref, root, option = config.option.changed_since, config.rootpath, config.option
    directory, tolerant = config.invocation_params.dir, _selects(option)
    now = make_plan(root, models_file, [], option.eval_set, directory, device=option.device, tolerant=tolerant)
    now = replace(now, written=_written(config))
    commit, layout = commit_of(root, ref, "--changed-since"), _layout(config)
    touched = changed_suites(now, commit, layout, unrelated(root, commit, layout))
    words = f"changed since {ref}: {touched.words({suite for suite, _ in plan.incumbents})}"
    changed = frozenset(touched.by) | {suite for suite, _ in plan.incumbents}
    return replace(plan, changed=changed, notes=[*plan.notes, words])


def begin_verdicts(config: pytest.Config, option: argparse.Namespace, plan: Plan | None, models_file: Path) -> None:
    """Write into the files of verdicts that the run has begun; not where tests are only looked at."""
    if any(getattr(option, name, None) for name in SHOWING):
        return
    directory = config.invocation_params.dir
    paths = [path and directory / path.expanduser() for path in _reports(option)]
    write_running(running(plan, models_file.name), *paths)


def _reports(option: argparse.Namespace) -> tuple[Path | None, Path | None, Path | None]:
    return option.verdict_json, option.verdict_md, option.verdict_html


def _written(config: pytest.Config) -> frozenset[Path]:
    """Return the reports that the run writes: the verdicts', that of JUnit, and that of pytest-benchmark."""
    option = config.option
    others = getattr(option, "xmlpath", None), getattr(getattr(option, "benchmark_json", None), "name", None)
    asked = [Path(one).expanduser() for one in (*_reports(option), *others) if one]
    return frozenset(place_of(Path(os.path.normpath(config.invocation_params.dir / one))) for one in asked)
