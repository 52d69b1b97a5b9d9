"""Options that a project sets for good: keys of pytest's configuration that stand for those of the command line.

Those that choose what judges a change are the caller's alone. Of these only a models file may be named here, which is
refused under --against (`caller`).
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import pytest

from swapgate.core.words import nearest
from swapgate.project.configuration import threads

PREFIX = "swapgate_"
DEVICES = ("cpu", "cuda", "mps")


def _device(text: str) -> str:
    if text not in DEVICES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(DEVICES)}")
    return text


def _of_root(root: Path, text: str) -> Path:
    return root / Path(text).expanduser()


class Key(NamedTuple):
    """A key that stands for an option."""

    kind: Literal["string", "bool"]
    read: Callable[[Path, str], Any] = lambda root, text: text
    """Of the project's folder and what the key says: the value of the option. Raises ArgumentTypeError."""


OPTIONS: Mapping[str, Key] = MappingProxyType(
    {
        "models": Key("string", lambda root, text: str(_of_root(root, text)) if text.endswith(".toml") else text),
        "device": Key("string", lambda root, text: _device(text)),
        "threads": Key("string", lambda root, text: threads(text)),
        "inputs": Key("string", lambda root, text: str(_of_root(root, text))),
        "no_cache": Key("bool"),
        "all_sizes": Key("bool"),
        "verdict_json": Key("string", _of_root),
        "verdict_md": Key("string", _of_root),
        "verdict_html": Key("string", _of_root),
    }
)
"""By the option: swapgate_models stands for --models. Relative paths begin at the project's folder."""


def add_keys(parser: pytest.Parser) -> None:
    """Add the keys."""
    for name, key in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        parser.addini(f"{PREFIX}{name}", f"stands for {option}, where the command line has none", key.kind)


def apply(config: pytest.Config, option: argparse.Namespace) -> None:
    """Let keys say what the command line does not. Raises UsageError for a key that is unknown, or cannot be meant."""
    known = [name for name in config._parser._inidict if name.startswith(PREFIX)]
    for name in sorted(config._get_unknown_ini_keys()):
        if name.startswith(PREFIX.rstrip("_")):
            raise pytest.UsageError(f"pytest's configuration: {name}: unknown key{nearest(name, known)}")
    values = {name: _value(config, name) for name in known}
    for name, key in OPTIONS.items():
        said = values[f"{PREFIX}{name}"]
        if said and not getattr(option, name, None):
            try:
                setattr(option, name, key.read(config.rootpath, said))
            except argparse.ArgumentTypeError as error:
                raise pytest.UsageError(f"pytest's configuration: {PREFIX}{name}: {error}") from None


def _value(config: pytest.Config, name: str) -> Any:
    key = OPTIONS.get(name.removeprefix(PREFIX))
    try:
        value = config.getini(name)
        if key and key.kind == "string" and not isinstance(value, str):
            raise TypeError(f"expects a string, got {type(value).__name__}: {value!r}")
    except (AttributeError, TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"pytest's configuration: {name}: {error}; mend it") from None
    return value
