"""Files that others write, read as rows: one file a family of formats, and this table of them.

A reader yields rows with columns as the file has them; what it does not understand is an InputFault in a row's place.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from swapgate.core.faults import InputFault
from swapgate.core.words import listed
from swapgate.inputs.kinds import kind_of
from swapgate.project.foreign import arrow, coco, folders, squad, tables, tagged
from swapgate.project.foreign.found import Found
from swapgate.project.reading import READERS, head_of

JSON = ".json"


class Format(NamedTuple):
    """A form in which files of rows come."""

    what: str
    """What it is called in messages."""
    read: Callable[[Path, Collection[str]], Iterator[Found]]
    """Of a path and the keys of a task's rows: the rows. Raises InputFault."""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format("a table", partial(tables.of_letters, ".csv")),
        "tsv": Format("a table", partial(tables.of_letters, ".tsv")),
        "jsonl": Format("JSON lines", partial(tables.of_letters, ".jsonl")),
        "parquet": Format("Parquet", arrow.parquet),
        "json": Format("a list in JSON", tables.of_json),
        "squad": Format("SQuAD", squad.read),
        "coco": Format("COCO", coco.read),
        "conll": Format("tokens with tags, one a line", tagged.read),
        "dataset": Format("a data set that save_to_disk wrote", arrow.dataset),
        "folders": Format("a folder of files for each label", folders.read),
    }
)
"""By the name that `swapgate import --format` gives."""
ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        **{ending: ending.removeprefix(".") for ending in READERS},
        **dict.fromkeys((".conll", ".bio", ".iob", ".iob2", ".conllu", ".txt"), "conll"),
    }
)


def format_of(path: Path) -> str:
    """Tell the format of a file or folder by its name and, where that says too little, by what it holds.

    Raises InputFault.
    """
    if path.is_dir():
        return "dataset" if (path / arrow.STATE).is_file() or (path / arrow.SPLITS).is_file() else "folders"
    if not path.is_file():
        raise InputFault(f"{path}: there is no such file or folder; put it there, or name the one that is meant")
    ending = path.suffix.lower()
    if ending == JSON:
        return _of_json(tables.json_of(path))
    if ending in ENDINGS:
        return ENDINGS[ending]
    if kind := kind_of(head_of(path)):
        raise InputFault(f"{path}: it is {kind}, which is not read as rows; unpack it, or convert it to CSV or JSONL")
    raise InputFault(f"{path}: its name does not tell its format; give --format, one of: {listed(FORMATS)}")


def _of_json(content: Any) -> str:
    if isinstance(content, dict):
        marks = {"squad": "data", "coco": "images"}
        return next((name for name, key in marks.items() if isinstance(content.get(key), list)), "json")
    return "json"


def shown(value: Any) -> str:
    """Write a value of a row for a message."""
    said = json.dumps(value, ensure_ascii=False, default=str)
    return said if len(said) <= 60 else f"{said[:59]}…"
