"""Rows of a models file pinned to commits, and everything else in it left as it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapgate.core.tables import rewrite


def write_pins(models_file: Path, commits: Mapping[tuple[str, str], str]) -> None:
    """Write the commit of each tier into its row, comments and order kept, whole or not at all.

    `commits` goes by suite and tier. Raises SurroundingsFault, InputFault.
    """

    def pin(document: Any) -> None:
        for (suite, tier), commit in commits.items():
            document[suite][tier]["revision"] = commit

    rewrite(models_file, pin)
