"""What pytest's configuration of a project says, also where pytest does not run."""

import argparse
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from swapgate.core.faults import InputFault

DEFAULT_MODELS = "embedded"
"""The name of the models file that is judged where nothing else is said."""
MOST_THREADS = 1024
TASKS = "swapgate_tasks"
"""The key that names modules with tasks of a project's own."""
EARLY = "swapgate_decide_early"
"""The key that stands for --decide-early."""
THREADS = "swapgate_threads"
"""The key that stands for --threads."""
UNRELATED = "swapgate_unrelated"
"""The key that lists files on which no verdict depends, as globs."""


def threads(text: str) -> int:
    """Read a number of threads. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_THREADS:,}")
    return int(text)


def configured(root: Path, key: str) -> list[str]:
    """Return what a key lists in the configuration of a project. Raises InputFault where that cannot be read."""
    from _pytest.config.findpaths import locate_config

    return _listed(lambda: locate_config(root, [root])[2], key)


def configured_threads(root: Path) -> int | None:
    """Return the threads that the configuration of a project asks for; None where it does not. Raises InputFault."""
    words = configured(root, THREADS)
    try:
        return threads(" ".join(words)) if words else None
    except argparse.ArgumentTypeError as error:
        raise InputFault(f"pytest's configuration: {THREADS}: {error}") from error


def configured_in(files: Iterable[Path], key: str) -> list[str]:
    """Return what a key lists in the first of some files that configures pytest.

    Raises InputFault where one before it cannot be read.
    """
    from _pytest.config.findpaths import load_config_dict_from_file

    found = (load_config_dict_from_file(file) for file in files if file.is_file())
    return _listed(lambda: next((one for one in found if one is not None), {}), key)


def _listed(read: Callable[[], Any], key: str) -> list[str]:
    try:
        words = read().get(key, [])
    except pytest.UsageError as error:
        raise InputFault(f"{error}; mend the configuration of pytest") from error
    words = getattr(words, "value", words)
    return shlex.split(words) if isinstance(words, str) else [*words]
