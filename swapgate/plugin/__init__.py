"""The plugin: its options, and whether it does anything: not where the project has no models file.

Every run of pytest imports this module, so it imports nothing heavy; all else comes with `planning`.
"""

import argparse
import gc
import os
from contextlib import suppress
from pathlib import Path

import pytest

from swapgate.core.garbage import all_stays, leave_to_the_system
from swapgate.inputs.downloads import INPUTS
from swapgate.plugin.caller import refuse_others, remember
from swapgate.plugin.elsewhere import Elsewhere
from swapgate.plugin.persistent import DEVICES, add_keys, apply
from swapgate.project.configuration import DEFAULT_MODELS, EARLY, TASKS, UNRELATED, threads
from swapgate.trials.cache import CACHE

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
        choices=DEVICES,
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
        help="measure a suite's quality on this evaluation set (JSONL, Parquet, CSV or TSV); may be given again",
    )
    group.addoption(
        "--decide-early",
        action="store_true",
        help="let the first rows of an evaluation set decide where they are enough, with stricter bounds at each look",
    )
    group.addoption(
        "--threads",
        type=threads,
        metavar="N",
        help="compute the rows of evaluation sets with N threads, whatever the models file says; with all cores that"
        " the process may use where neither says",
    )
    group.addoption(
        "--ray",
        metavar="ADDRESS",
        help="let workers of Ray compute the rows of evaluation sets: those of the cluster there, or with `local` a"
        " process for each core of this machine",
    )
    group.addoption(
        "--no-cache",
        action="store_true",
        help=f"ask for each row of an evaluation set, and keep no answer for later runs ({CACHE}, else the user's"
        " cache); see `swapgate cache`",
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
    group.addoption(
        "--verdict-html",
        type=Path,
        metavar="PATH",
        help="write a page to look at: what changed, case by case and row by row, in one file that asks nobody for"
        " anything",
    )
    parser.addini(
        TASKS, "modules of this project that bring a task of its own (TASK), importable from its root", "args"
    )
    parser.addini(
        UNRELATED,
        "globs of files on which no verdict depends, such as web/** or *.ipynb: with --changed-since they touch no"
        " suite, where the commit itself lists them",
        "args",
    )
    add_keys(parser)
    parser.addini(EARLY, "whether to run as with --decide-early; not where --against judges", "bool")
    group.addoption("--allow-incomplete", action="store_true", help="let INCOMPLETE verdicts end with exit status 0")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keep how pytest was called, before a conftest.py can change it, and let no verdict of an earlier run stand."""
    remember(early_config)
    option = early_config.known_args_namespace
    with suppress(pytest.UsageError):  # told once pytest is configured
        apply(early_config, option)
        models_file = _models_file(early_config, option)
        if models_file is not None and WORKER not in os.environ:
            with all_stays():
                from swapgate.plugin.planning import begin_verdicts

                begin_verdicts(early_config, option, None, models_file)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let only the caller choose what judges, also that nothing does."""
    if not config.option.help:
        apply(config, config.option)
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
    leave_to_the_system()
    config.add_cleanup(gc.unfreeze)
    with all_stays():
        from swapgate.plugin.planning import configure

        configure(config, models_file)


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
