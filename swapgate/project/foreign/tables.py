"""Tables: CSV, TSV, JSON lines, and a list of objects in a JSON file."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.core.files import read_text
from swapgate.core.wrong import no_json
from swapgate.project.foreign.found import Found
from swapgate.project.reading import by_column, cause, read_rows

LARGEST = 2_000_000_000
"""Bytes of the largest JSON file, which is read as a whole."""


def of_letters(ending: str, path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield the rows of a file that evaluation sets may be, too, by the ending that those of its format have.

    Raises InputFault where it cannot be read on.
    """
    number = 0
    try:
        for number, values in read_rows(path, ending=ending):
            try:
                row: Any = by_column(values)
            except InputFault as fault:
                row = fault
            yield Found(f"row {number}", row)
    except InputFault as fault:
        raise fault.behind(f"{path}: ") from fault
    except (OSError, ValueError, RuntimeError) as error:
        raise InputFault(f"{path}: cannot be read after row {number}: {cause(path, error)}") from error


def json_of(path: Path) -> Any:
    """Return what a JSON file holds. Raises InputFault."""
    try:
        return json.loads(read_text(path, LARGEST).removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise InputFault(f"{path}: cannot be read: {cause(path, error)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputFault(f"{path}: is no JSON in UTF-8 ({no_json(error)}); give a file that is") from error


def of_json(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield the objects of a list; of an object the one list that it holds. Raises InputFault."""
    content = json_of(path)
    lists = [one for one in content.values() if isinstance(one, list)] if isinstance(content, dict) else [content]
    if len(lists) != 1 or not isinstance(lists[0], list):
        raise InputFault(f"{path}: is no list of objects, nor an object with one such list; give rows as a list")
    for number, row in enumerate(lists[0], 1):
        wrong = InputFault(f"is no object, but {str(row)[:40]!r}; write one a row")
        yield Found(f"row {number}", row if isinstance(row, dict) else wrong)
