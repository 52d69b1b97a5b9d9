"""The command `swapgate history`: the figures of each tier over runs, drawn from verdict JSONs."""

import argparse
from pathlib import Path

from swapgate.core.faults import InputFault
from swapgate.core.files import write_whole
from swapgate.verdicts.history import history, reports


def add_history_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="what holds verdict JSONs, one a run, below it")
    parser.add_argument(
        "--output", "-o", type=Path, default=Path("history.html"), metavar="PATH", help="the page (history.html)"
    )


def write_history(directory: Path, asked: argparse.Namespace) -> str:
    """Write the page; gives what is said. Raises InputFault where it cannot be read or written."""
    found, by_commit = reports(asked.folder.expanduser(), directory)
    path = directory / asked.output.expanduser()
    try:
        write_whole(path, history(found, by_commit))
    except OSError as error:
        raise InputFault(f"{path} could not be written: {error.strerror}; give --output another place") from error
    order = "commits" if by_commit else "names"
    return f"{asked.output}: {len(found)} runs, in the order of their {order}\n"
