"""Rows of a models file pinned to commits, and everything else in it left as it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.core.tables import MARK, read_toml


def write_pins(models_file: Path, commits: Mapping[tuple[str, str], str]) -> None:
    """Write the commit of each tier into its row, comments and order kept, whole or not at all.

    `commits` goes by suite and tier. Raises SurroundingsFault, InputFault.
    """
    import tomlkit

    wanted = read_toml(models_file)
    before = models_file.read_bytes().decode()
    document: Any = tomlkit.parse(before.removeprefix(MARK))
    for (suite, tier), commit in commits.items():
        document[suite][tier]["revision"] = commit
        wanted[suite][tier]["revision"] = commit
    text = tomlkit.dumps(document)
    if tomlkit.parse(text).unwrap() != wanted:
        raise SurroundingsFault(f"{models_file}: cannot be rewritten without a change of meaning; pin it by hand")
    try:
        write_whole(models_file, f"{MARK}{text}" if before.startswith(MARK) else text)
    except OSError as error:
        raise SurroundingsFault(f"{models_file}: cannot be written ({error.strerror}); nothing was changed") from error
