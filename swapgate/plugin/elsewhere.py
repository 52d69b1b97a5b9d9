"""Tests of suites in a run that has no models file: each says what to type, and not that fixtures are missing."""

from pathlib import Path

import pytest

MARKS = ("task", "suite")
FIXTURES = frozenset({"row_key", "model", "prediction", "expected", "golden", "quality", "latency", "size", "memory"})
"""Fixtures by which a test judges models; `parameters` and `budget` come with others."""
MODELS_FILE = Path("fixtures", "models", "embedded.toml")


class Elsewhere:
    """Hooks of a run that has no models file."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Let a test of a suite fail in one line."""
        if _lacks(item) and any(item.get_closest_marker(mark) for mark in MARKS):
            pytest.fail(_words(item.path, item.config.rootpath), pytrace=False)


def _lacks(item: pytest.Item) -> bool:
    """Return whether a test asks for a fixture of ours that nobody has."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return any(name in FIXTURES and name not in known for name in getattr(item, "fixturenames", ()))


def _words(test: Path, root: Path) -> str:
    """Return in words why nothing is judged, and what to type."""
    judges = f"{test.relative_to(root) if test.is_relative_to(root) else test} judges models"
    place = next((folder for folder in test.parents if (folder / MODELS_FILE).is_file()), None)
    if place is None:
        return f"{judges}, and {root} has no {MODELS_FILE}: write one, or name another: --models=FILE"
    return f"{judges} of {place}, and pytest's rootdir is {root}: type pytest --rootdir={place}"
