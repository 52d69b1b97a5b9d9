"""Rows of a models file pinned to commits, and everything else in it left as it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapgate.faults import SurroundingsFault
from swapgate.files import write_whole
from swapgate.manifest import read_toml


def write_pins(models_file: Path, commits: Mapping[tuple[str, str], str]) -> None:
    """Write the commit of each tier into its row, comments and order kept, whole or not at all.

    `commits` goes by task and tier. Raises SurroundingsFault, InputFault.
    """
    import tomlkit

    wanted = read_toml(models_file)
    document: Any = tomlkit.parse(models_file.read_bytes().decode())
    for (task, tier), commit in commits.items():
        document[task][tier]["revision"] = commit
        wanted[task][tier]["revision"] = commit
    text = tomlkit.dumps(document)
    if tomlkit.parse(text).unwrap() != wanted:
        raise SurroundingsFault(f"{models_file}: cannot be rewritten without a change of meaning; pin it by hand")
    try:
        write_whole(models_file, text)
    except OSError as error:
        raise SurroundingsFault(f"{models_file}: cannot be written ({error.strerror}); nothing was changed") from error
