"""The pytest plugin: options and configuration. It does nothing in a project that has no models file."""

import argparse
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from swapgate import tasks
from swapgate.changes.against import judged_by
from swapgate.changes.changed import changed_suites, unrelated
from swapgate.changes.doubts import with_doubts
from swapgate.changes.git import check_out, commit_of, ignored_by
from swapgate.changes.judges import Layout
from swapgate.core.faults import InputFault
from swapgate.goldens.anchors import rows_beside
from swapgate.goldens.pending import on_ci
from swapgate.inputs.downloads import INPUTS
from swapgate.plugin import fixtures
from swapgate.plugin.caller import SHOWING, refuse_others, remember
from swapgate.plugin.collecting import OF_MODELS_FILE, Collecting
from swapgate.plugin.elsewhere import Elsewhere
from swapgate.plugin.ledger import CHECKED_OUT, CHECKOUT, Ledger
from swapgate.project.configuration import EARLY, UNRELATED
from swapgate.trials.plan import Plan, make_plan
from swapgate.verdicts.facts import Report, running
from swapgate.verdicts.writing import write_running

DEFAULT_MODELS = "embedded"
STANDARD = "swapgate.standard"
"""The module whose asserts are worded as those of test files are."""
WORKER = "PYTEST_XDIST_WORKER"
"""The variable by which a process knows that it is a worker of pytest-xdist, whose controller writes the verdicts."""
pytest.register_assert_rewrite(STANDARD)  # before a conftest.py can import it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("swapgate", "model swaps, judged")
    group.addoption("--models", metavar="FILE", help="--models=FILE: a path, or a name in fixtures/models (embedded)")
    group.addoption(
        "--swap",
        action="append",
        default=[],
        metavar="SUITE.TIER=MODEL",
        help="judge MODEL (a folder, a public ID or ID@REVISION, any of these with +VARIANT as in +prune30+int8, or a"
        " TOML file with a row) in the place of a tier's model; may be given again",
    )
    group.addoption(
        "--device",
        choices=["cpu", "cuda", "mps"],
        help="what all models run on, whatever their rows say; cpu where neither says",
    )
    group.addoption(
        "--against",
        metavar="REF",
        help="judge by the rows, cases, goldens and limits of a git commit: a row that names another model is a swap",
    )
    group.addoption(
        "--accept-edited",
        action="append",
        default=[],
        metavar="FILE@BLOB",
        help="with --against: let this file judge though the change edited it, for somebody has looked at just this"
        " content (git hash-object FILE); may be given again",
    )
    group.addoption(
        "--changed-since",
        metavar="REF",
        help="judge only the suites whose rows, cases, inputs, goldens, models or tests differ from a git commit",
    )
    group.addoption(
        "--eval-set",
        action="append",
        default=[],
        metavar="SUITE=PATH",
        help="measure a suite's quality on this evaluation set (JSONL or Parquet); may be given again",
    )
    group.addoption(
        "--decide-early",
        action="store_true",
        help="let the first rows of an evaluation set decide where they are enough, with stricter bounds at each look",
    )
    group.addoption(
        "--inputs",
        metavar="DIR",
        help=f"where input files lie that are not part of the project ({INPUTS}, else the user's cache); see `swapgate"
        " inputs`",
    )
    group.addoption(
        "--accept-drift",
        action="store_true",
        help="with --snapshot-update: record also what the same weights say differently than when they were accepted",
    )
    group.addoption(
        "--all-sizes",
        action="store_true",
        help="measure latency on the shortest and the longest case, alone and in a batch of 8, each 64 times",
    )
    group.addoption("--verdict-json", type=Path, metavar="PATH", help="--verdict-json=PATH: write all figures as JSON")
    group.addoption(
        "--verdict-md",
        type=Path,
        metavar="PATH",
        help="write the verdicts as Markdown, and add them to the summary of the CI job where there is one",
    )
    parser.addini(
        tasks.OPTION, "modules of this project that bring a task of its own (TASK), importable from its root", "args"
    )
    parser.addini(
        UNRELATED,
        "globs of files on which no verdict depends, such as web/** or *.ipynb: with --changed-since they touch no"
        " suite, where the commit itself lists them",
        "args",
    )
    parser.addini(EARLY, "whether to run as with --decide-early; not where --against judges", "bool")
    group.addoption("--allow-incomplete", action="store_true", help="let INCOMPLETE verdicts end with exit status 0")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keep how pytest was called, before a conftest.py can change it, and let no verdict of an earlier run stand."""
    remember(early_config)
    option = early_config.known_args_namespace
    with suppress(pytest.UsageError):  # told once pytest is configured
        models_file = _models_file(early_config, option)
        if models_file is not None and WORKER not in os.environ:
            _replace_verdicts(early_config, option, running(None, models_file.name))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let only the caller choose what judges, also that nothing does."""
    if not hasattr(config, "workerinput"):
        refuse_others(config)


def pytest_configure(config: pytest.Config) -> None:
    """Read and check what the run depends on, and put the hooks of a project with a models file in place."""
    pytest.register_assert_rewrite(STANDARD)  # also where another run in this process has imported this plugin
    config.addinivalue_line("markers", "task(name): the tests of a suite file judge the models of this task")
    config.addinivalue_line("markers", "suite(*names): of the suites of the task, the tests judge these alone")
    config.addinivalue_line("markers", "latency: measures time, so it runs alone and without pytest-xdist")
    config.addinivalue_line("markers", "memory: measures memory in other processes; runs only where -m names it")
    for name in ("quality", "size", "parameters"):
        config.addinivalue_line("markers", f"{name}: judges the {name} of a model against its budget")
    models_file = None if config.option.help else _models_file(config, config.option)
    if models_file is None:
        config.pluginmanager.register(Elsewhere(), "swapgate-elsewhere")
        return
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
    if config.option.inputs is not None:
        _use_inputs(config)
    try:
        tasks.discover(config.getini(tasks.OPTION), config.rootpath)
        plan = _plan(config, models_file)
        if config.option.changed_since is not None:
            plan = _only_changed(plan, config, models_file)
    except InputFault as fault:
        raise pytest.UsageError(str(fault)) from None
    _decide_early(config, plan)
    config.stash[fixtures.PLAN] = plan
    config.pluginmanager.register(fixtures, "swapgate-fixtures")
    collecting = Collecting(plan)
    config.pluginmanager.register(collecting, "swapgate-suite")
    config.pluginmanager.register(Ledger(plan, collecting.collected), "swapgate-ledger")
    names = {name for key in plan.models for name in key}
    for name in sorted(names.union(*({suite, *found.tiers} for suite, found in plan.left_out.items()))):
        config.addinivalue_line("markers", f"{name}{OF_MODELS_FILE} {models_file.name}")
    if not hasattr(config, "workerinput"):
        _replace_verdicts(config, config.option, running(plan, models_file.name))


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


def _use_inputs(config: pytest.Config) -> None:
    """Let the run, and the processes that it starts, find fetched inputs in the folder that was asked for."""
    folder = config.invocation_params.dir / Path(config.option.inputs).expanduser()
    if not folder.is_dir():
        raise pytest.UsageError(f"--inputs {config.option.inputs}: no folder {folder}; give the one that holds them")
    patch = pytest.MonkeyPatch()
    patch.setenv(INPUTS, str(folder))
    config.add_cleanup(patch.undo)


def _plan(config: pytest.Config, models_file: Path) -> Plan:
    """Make the plan of the working tree, judged by a commit where one is given. Raises InputFault."""
    option, root, directory = config.option, config.rootpath, config.invocation_params.dir
    now = make_plan(
        root, models_file, option.swap, option.eval_set, directory, device=option.device, tolerant=_selects(option)
    )
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
        modules=config.getini(tasks.OPTION),
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
    commit, layout = commit_of(root, ref, "--changed-since"), _layout(config)
    touched = changed_suites(now, commit, layout, unrelated(root, commit, layout))
    words = f"changed since {ref}: {touched.words({suite for suite, _ in plan.incumbents})}"
    changed = frozenset(touched.by) | {suite for suite, _ in plan.incumbents}
    return replace(plan, changed=changed, notes=[*plan.notes, words])


def _replace_verdicts(config: pytest.Config, option: argparse.Namespace, facts: Report) -> None:
    """Write into the files of verdicts that the run has begun; not where tests are only looked at."""
    if any(getattr(option, name, None) for name in SHOWING):
        return
    directory = config.invocation_params.dir
    paths = [path and directory / path.expanduser() for path in (option.verdict_json, option.verdict_md)]
    write_running(facts, *paths)


def _models_file(config: pytest.Config, option: argparse.Namespace) -> Path | None:
    """Find the models file; None where none was asked for and the project has none."""
    asked = option.models
    name = DEFAULT_MODELS if asked is None else asked
    if name.endswith(".toml"):
        path = config.invocation_params.dir / os.path.expanduser(name)
    else:
        path = config.rootpath / "fixtures" / "models" / f"{name}.toml"
    path = Path(os.path.normpath(path))
    if os.path.isfile(path):  # Path.is_file raises for a name that is too long
        return path
    if asked is not None or option.swap or option.against is not None or option.changed_since is not None:
        raise pytest.UsageError(f"no models file {path}; give --models=FILE a path or a name in fixtures/models")
    return None
