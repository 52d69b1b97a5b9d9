"""The pytest plugin: options and configuration. It does nothing in a project that has no models file."""

import os
from pathlib import Path

import pytest

from swapgate import fixtures
from swapgate.faults import InputFault
from swapgate.ledger import Ledger
from swapgate.plan import make_plan
from swapgate.suite import Suite

DEFAULT_MODELS = "embedded"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("swapgate", "model swaps, judged")
    group.addoption("--models", metavar="FILE", help="--models=FILE: a path, or a name in fixtures/models (embedded)")
    group.addoption(
        "--swap",
        action="append",
        default=[],
        metavar="TASK.TIER=MODEL",
        help="judge MODEL (a folder, or a TOML file with a row) in the place of a tier's model; may be given again",
    )
    group.addoption(
        "--eval-set",
        action="append",
        default=[],
        metavar="TASK=PATH",
        help="measure a task's quality on this evaluation set (JSONL or Parquet); may be given again",
    )
    group.addoption("--allow-incomplete", action="store_true", help="let INCOMPLETE verdicts end with exit status 0")


def pytest_configure(config: pytest.Config) -> None:
    """Read and check what the run depends on, and put the hooks of a project with a models file in place."""
    config.addinivalue_line("markers", "task(name): the tests of a suite file judge the models of this task")
    config.addinivalue_line("markers", "latency: measures time, so it runs alone and without pytest-xdist")
    config.addinivalue_line("markers", "memory: measures memory in other processes; runs only where -m names it")
    for name in ("quality", "size", "parameters"):
        config.addinivalue_line("markers", f"{name}: judges the {name} of a model against its budget")
    models_file = None if config.option.help else _models_file(config)
    if models_file is None:
        return
    if config.option.swap and (config.option.update_snapshots or config.option.update_new_snapshots_only):
        raise pytest.UsageError(
            "--swap with --snapshot-update: a trial must not write goldens; edit the row in"
            f" {models_file}, then record them with --snapshot-update alone"
        )
    try:
        plan = make_plan(
            config.rootpath,
            models_file,
            config.option.swap,
            config.option.eval_set,
            config.invocation_params.dir,
        )
    except InputFault as fault:
        raise pytest.UsageError(str(fault)) from None
    config.stash[fixtures.PLAN] = plan
    config.pluginmanager.register(fixtures, "swapgate-fixtures")
    config.pluginmanager.register(Suite(plan), "swapgate-suite")
    config.pluginmanager.register(Ledger(plan), "swapgate-ledger")
    for name in sorted({name for key in plan.models for name in key}):
        config.addinivalue_line("markers", f"{name}: a task or tier of {models_file.name}")


def _models_file(config: pytest.Config) -> Path | None:
    """Find the models file; None where none was asked for and the project has none."""
    asked = config.option.models
    name = DEFAULT_MODELS if asked is None else asked
    if name.endswith(".toml"):
        path = config.invocation_params.dir / os.path.expanduser(name)
    else:
        path = config.rootpath / "fixtures" / "models" / f"{name}.toml"
    if os.path.isfile(path):
        return path
    if asked is not None or config.option.swap:
        raise pytest.UsageError(f"no models file {path}; give --models=FILE a path or a name in fixtures/models")
    return None
