"""A project whose tiers are one model, accepted as it was and then judged with a fault each."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SUITE = """
import pytest
from swapgate.standard import test_golden

pytestmark = pytest.mark.task("{task}")
"""


class Faults:
    """A project of one suite; each tier has a fault of its own, but for those that have none."""

    def __init__(self, path: Path, task: str, cases: str, python: Callable[..., Any]) -> None:
        self.path, self.task, self.python = path, task, python
        self.write("pytest.ini", "[pytest]\nstrict = true\nfilterwarnings = error\ntestpaths = tests\n")
        self.write("tests/test_it.py", SUITE.format(task=task))
        self.write(f"fixtures/{task}/cases.toml", cases)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def rows(self, tiers: dict[str, str]) -> None:
        """Write the models file: the lines of each tier."""
        tables = (f"[{self.task}.{tier}]\n{lines}\n" for tier, lines in tiers.items())
        self.write("fixtures/models/embedded.toml", "\n".join(tables))

    def run(self, *options: str) -> dict[str, tuple[str, str]]:
        """Run pytest; give the verdict of each tier, and why."""
        variables = {name: value for name, value in os.environ.items() if name != "CI"}
        command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--verdict-json=v.json", *options)
        done = self.python(*command, cwd=self.path, env=variables)
        path = self.path / "v.json"
        assert path.exists(), done.stdout + done.stderr
        tiers = json.loads(path.read_text())["tiers"]
        path.unlink()
        return {one["tier"]: (one["verdict"], " ".join(why["message"] for why in one["reasons"])) for one in tiers}


@pytest.fixture
def faults(tmp_path: Path, python: Callable[..., Any]):
    """Make such a project of a task and its cases."""
    return lambda task, cases: Faults(tmp_path, task, cases, python)
