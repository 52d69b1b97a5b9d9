"""What whoever called pytest asked for, as opposed to what a configuration file or a conftest.py adds to it."""

import argparse
import os
import shlex
from collections.abc import Mapping
from typing import Any

import pytest

CALL = "swapgate.call"
"""The key under which a worker of pytest-xdist is told how its controller was called."""
CHECKED_OUT = "swapgate.checkout"
"""The key under which it is told where the files of the commit are that judges."""
CHECKOUT = pytest.StashKey[str]()
"""Where they are."""
ARGUMENTS = pytest.StashKey[list[str]]()
"""How pytest was called, before a conftest.py could change the surroundings."""
NARROWING = ("deselect", "ignore", "ignore_glob", "lf", "stepwise")
"""Options that leave out tests by other things than what they are called."""
SHOWING: Mapping[str, str] = {
    "help": "--help",
    "version": "--version",
    "collectonly": "--collect-only",
    "markers": "--markers",
    "showfixtures": "--fixtures",
    "show_fixtures_per_test": "--fixtures-per-test",
    "cacheshow": "--cache-show",
}
"""Options with which pytest shows something and runs no test."""
JUDGING: Mapping[str, str] = {
    **SHOWING,  # first: --help ends the reading of options, and then others differ too
    "against": "--against",
    "eval_set": "--eval-set",
    "models": "--models",
    "swap": "--swap",
    "accept_edited": "--accept-edited",
    "allow_incomplete": "--allow-incomplete",
    "decide_early": "--decide-early",
}
"""Options that choose what judges, or that nothing is judged at all."""


def only_shows(option: argparse.Namespace) -> bool:
    """Return whether pytest only shows something."""
    return any(getattr(option, name, None) for name in SHOWING)


def remember(config: pytest.Config) -> None:
    """Keep how pytest was called."""
    config.stash[ARGUMENTS] = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.invocation_params.args]


def call_of(config: pytest.Config) -> list[str]:
    """Return how pytest was called: its variable PYTEST_ADDOPTS and the command line."""
    given: list[str] | None = getattr(config, "workerinput", {}).get(CALL)
    if given is not None:
        return given
    if ARGUMENTS not in config.stash:  # a plugin that was loaded late
        remember(config)
    return config.stash[ARGUMENTS]


def asked(config: pytest.Config) -> argparse.Namespace:
    """Return the options as they were asked for; what ini files add does not count."""
    return config._parser.parse_known_args(call_of(config), argparse.Namespace())


def narrowed(config: pytest.Config) -> bool:
    """Return whether whoever called pytest asked for some of the tests only; what ini files add does not count."""
    found = asked(config)
    return any(getattr(found, choice, None) for choice in ("keyword", "markexpr", "file_or_dir", *NARROWING))


def refuse_others(config: pytest.Config) -> None:
    """Under --against, let nobody but the caller choose what judges. Raises UsageError."""
    found = asked(config)
    if getattr(found, "against", None) is None and config.option.against is None:
        return
    for name, option in JUDGING.items():
        whole, own = getattr(config.option, name, None), getattr(found, name, None)
        if (whole or None) != (own or None):
            raise pytest.UsageError(
                f"{option}{_said(whole or own)} is not what the command line says: under --against, addopts, ini keys"
                " and conftest.py do not choose what judges; take it out there, or give it on the command line as well"
            )


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f" {' '.join(map(str, value))}"
    return f" {value}" if isinstance(value, str) else ""
