"""The plan of a run: from pytest's options and the models file to what is judged, by which commit, with which hooks."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from swapgate import tasks
from swapgate.changes.git import place_of
from swapgate.core.extras import lack
from swapgate.core.faults import InputFault
from swapgate.goldens.pending import on_ci
from swapgate.inputs.downloads import INPUTS
from swapgate.models.devices import WAITING, cores
from swapgate.plugin import fixtures
from swapgate.plugin.caller import only_shows
from swapgate.plugin.collecting import OF_MODELS_FILE, Collecting
from swapgate.project.configuration import EARLY, TASKS
from swapgate.trials.cache import Cache, cache_folder
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.spread import Spread, check_installed

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
        plan = _plan(config, models_file, config.option.swap)
        if config.option.against is not None:
            from swapgate.plugin.changing import judged_by_commit

            plan = judged_by_commit(plan, config, models_file)
        if config.option.changed_since is not None:
            from swapgate.plugin.changing import only_changed

            plan = only_changed(plan, _plan(config, models_file, []), config)
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
    if not only_shows(config.option):
        from swapgate.plugin.ledger import Ledger

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
    cache = Cache(cache_folder(), plugins=config.pluginmanager.get_plugins)
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


def _plan(config: pytest.Config, models_file: Path, swaps: Sequence[str]) -> Plan:
    """Make the plan of the working tree. Raises InputFault."""
    option, directory, tolerant = config.option, config.invocation_params.dir, _selects(config.option)
    plan = make_plan(
        config.rootpath,
        models_file,
        swaps,
        option.eval_set,
        directory,
        device=option.device,
        tolerant=tolerant,
        thorough=not only_shows(option),
    )
    return replace(plan, written=_written(config))


def _selects(option: argparse.Namespace) -> bool:
    """Return whether faulty files of a suite can be left out, for -k and -m may select none of its tests."""
    return bool(option.keyword or option.markexpr) and option.against is None


def begin_verdicts(config: pytest.Config, option: argparse.Namespace, plan: Plan | None, models_file: Path) -> None:
    """Write into the files of verdicts that the run has begun; not where tests are only looked at."""
    if only_shows(option) or not any(_reports(option)):
        return
    from swapgate.verdicts.facts import running
    from swapgate.verdicts.writing import write_running

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
