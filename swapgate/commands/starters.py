"""What `swapgate init` writes."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from swapgate.core.extras import EXTRAS
from swapgate.core.tables import parse_toml
from swapgate.core.words import toml_key, toml_value
from swapgate.tasks.task import Task

MODELS_HEAD = """\
# Which model each tier uses, and by which limits it is judged. Paths begin at this file; all keys: swapgate tasks TASK
# To swap a model, edit `model` of its row and run pytest, or try it first: pytest --swap SUITE.TIER=path/to/model
"""
ASKED = """\
# What is right here is what the model said when swapgate init asked it: correct it where it is wrong, and add cases.
"""
EXAMPLES: Mapping[str, str] = {
    "text": "Anna Smith moved from Lisbon to Oslo in May. She likes her new job, and the people there are kind.",
    "question": "Where does Anna Smith work?",
    "prompt": "The capital of France is",
    "context": "Anna Smith moved from Lisbon to Oslo in May. She works in a library.",
}
"""An input, by the key of a case; nobody can write a picture or a sound."""
BUDGETS = (
    ("latency", 'budget.latency = { against = "incumbent", at_most = 1.25 } # a swap may take a quarter longer'),
    ("size", 'budget.size = { against = "incumbent", at_most = 1.25 } # and have a quarter more bytes'),
)
"""By what must be measurable for it."""
QUALITY = """\
budget.quality = { against = "incumbent", margin = 0.02 } # of 100 rows of the evaluation set a swap may lose two
"""
LATER = """\
# budget.quality = { against = "incumbent", margin = 0.02 } # once the cases file has a line evaluation = "PATH"
"""
MORE = """\
# budget.cases = { lost_at_most = 1 } # a swap may lose one of the cases; without this none
"""
SUITE = '''\
"""What every model of the suite {suite} is asked: `swapgate.standard` says what each test does."""

import pytest

from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.suite("{suite}")
'''
INI = """\
[pytest]
testpaths = tests
"""
TABLE = """
[tool.pytest.ini_options]
testpaths = ["tests"]
"""
_WORKFLOW = """\
# Judges a change by the commit before it, so that no change approves itself.
name: swapgate
on:
  pull_request:
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
          lfs: true
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
          cache: pip
      - run: pip install torch --index-url https://download.pytorch.org/whl/cpu
      - run: INSTALL
      - run: pytest --against="$BASE" --changed-since="$BASE" --verdict-md=verdict.md --verdict-json=verdict.json
        env:
          BASE: ${{ github.event.pull_request.base.sha }}
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: verdict
          path: verdict.*
"""


def next_steps(suite: str) -> list[str]:
    """Return the three commands that follow."""
    return [
        "now type:",
        "  pytest --snapshot-update    # records what the model says, its goldens: commit them",
        "  pytest                      # judges by them",
        f"  pytest --swap {suite}.original=path/to/another/model",
    ]


def suite_table(suite: str, task: Task, by_name: bool) -> str:
    """Return a suite's own table; nothing where its name says all."""
    lines = [] if by_name else [f"task = {toml_value(task.family)}"]
    lines += ["multi_label = true"] if task.base else []
    return "".join(f"{line}\n" for line in (f"[{suite}]", *lines, "")) if lines else ""


def row_table(suite: str, tier: str, row: Mapping[str, Any], measured: Collection[str], has_set: bool) -> str:
    """Return the table of a tier with its budgets, those that can be measured."""
    lines = [f"{toml_key(key)} = {toml_value(value)}\n" for key, value in row.items()]
    budgets = [f"{line}\n" for name, line in BUDGETS if name in measured]
    return "".join([f"[{suite}.{tier}]\n", *lines, *budgets, QUALITY if has_set else LATER, MORE])


def gaps_table(suite: str, tier: str, gaps: Mapping[str, str]) -> str:
    """Return the table of known gaps."""
    lines = "".join(f"{toml_key(case)} = {toml_value(why)}\n" for case, why in gaps.items())
    return f"\n[{suite}.{tier}.gaps]\n{lines}"


def workflow(install: str) -> str:
    """Return the workflow of a CI, with the line that installs what its suites need."""
    return _WORKFLOW.replace("INSTALL", install)


def extras_in(workflow: str) -> set[str]:
    """Return the extras that a workflow installs."""
    named = {one for found in re.findall(r"swapgate\[([\w, -]+)\]", workflow) for one in re.split(", *", found)}
    return {*EXTRAS} if "all" in named else named & EXTRAS.keys()


def suite_file(suite: str) -> str:
    """Return the test file of a suite."""
    return SUITE.format(suite=suite)


def configuration(root: Path) -> tuple[Path, str] | None:
    """Return which file of a project has to configure pytest, with what it says then; None where one does already.

    Without one pytest may take another folder for the project's top.
    """
    from _pytest.config.findpaths import locate_config

    _, there, *_ = locate_config(root, [root])
    if there is not None and there.parent == root and there.name != "pyproject.toml":
        return None
    path = root / "pyproject.toml"
    if not path.is_file():
        return root / "pytest.ini", INI
    before = path.read_text(encoding="utf-8")
    tool = parse_toml(before).get("tool", {}).get("pytest", {})
    return None if tool else (path, before.rstrip("\n") + "\n" + TABLE)
