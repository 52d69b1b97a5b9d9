"""Files of rows: JSONL, Parquet, CSV and TSV, read one row at a time, with columns called as the file has them."""

import ast
import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from swapgate.core.extras import lack
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.tables import LARGEST
from swapgate.core.words import listed
from swapgate.core.wrong import no_json
from swapgate.inputs.kinds import HEAD, kind_of

READ_AT_ONCE = 256
"""Rows of a Parquet file."""
SLICES = "slices."
"""How the keys of `columns` begin that make a column a key of `slices`."""
NO_COLUMNS: Mapping[str, str] = MappingProxyType({})
IN_UTF8 = "write it in UTF-8, as in: iconv -f LATIN1 -t UTF-8 (or -f UTF-16)"


class Cell(str):
    """What stands in a cell of a table in letters: it may be meant as more than a text."""


class Cells(NamedTuple):
    """A row of a table in letters."""

    header: Sequence[str]
    cells: Sequence[str]


def read_rows(path: Path, columns: Sequence[str] | None = None, ending: str | None = None) -> Iterator[tuple[int, Any]]:
    """Yield the rows of a file with their numbers, which are those of lines: what `decoded` takes.

    `columns` are those that are wanted of a Parquet file, all of them where it is None; `ending` is that of its format
    where its name does not tell it. Raises OSError, ValueError,
    RuntimeError where it cannot be read on, InputFault where a table has no header, SurroundingsFault without pyarrow.
    """
    yield from READERS[ending or path.suffix](path, columns)


def cause(path: Path, error: Exception) -> str:
    """Return in words why a file of rows could not be read, and what to do."""
    if not isinstance(error, UnicodeDecodeError):
        return f"{' '.join(str(error).split())}; give a file that is whole"
    head = head_of(path)
    kind = kind_of(head) if b"\0" in head else ""  # letters alone may begin like a file of another kind
    return f"it is {kind}, and no text; unpack it, or convert it" if kind else f"it is no text in UTF-8; {IN_UTF8}"


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file; none of one that cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(HEAD)
    return b""


def decoded(values: Any) -> dict[str, Any]:
    """Return a row by column; what is null, or an empty cell, is not there. Raises InputFault where it is no row."""
    return {key: value for key, value in by_column(values).items() if value is not None}


def by_column(values: Any) -> dict[str, Any]:
    """Return a row by column, None for an empty cell. Raises InputFault where it is no row."""
    if isinstance(values, Cells):
        if len(values.cells) != len(values.header):
            raise InputFault(
                f"has {len(values.cells)} cells under {len(values.header)} columns; put cells that hold what parts them"
                " in double quotes"
            )
        return {name: Cell(cell) if cell else None for name, cell in zip(values.header, values.cells, strict=True)}
    try:
        row = json.loads(values.decode("utf-8-sig")) if isinstance(values, bytes) else values
    except (ValueError, RecursionError) as error:
        advice = IN_UTF8 if isinstance(error, UnicodeDecodeError) else "write one object a line"
        raise InputFault(f"is no JSON in UTF-8 ({no_json(error)}); {advice}") from error
    if not isinstance(row, dict):
        raise InputFault(f"is no object with id, input and expected, but {str(row)[:40]!r}; write one object a line")
    return row


def renamed(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Return a row by the keys of a case, where `columns` says for some of them which column holds it.

    A column that is not there leaves the key that is called like it in the file.
    """
    found = dict(row)
    for key, column in columns.items():
        if column in row and not key.startswith(SLICES):
            found[key] = row[column]
    slices = {
        key.removeprefix(SLICES): str(row[to]) for key, to in columns.items() if key.startswith(SLICES) and to in row
    }
    return {**found, "slices": {**found.get("slices", {}), **slices}} if slices else found


def of_cell(cell: str, annotation: Any) -> Any:
    """Return what a cell says for a key of this type: a text, a number, or a list or table in JSON, or as Python, and
    so pandas, writes it.
    """
    if annotation is float or annotation == float | None:
        with suppress(ValueError):
            return float(cell)
    if annotation is not str and cell.lstrip()[:1] in ("[", "{"):
        for read in (json.loads, ast.literal_eval):
            with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                if isinstance(found := read(cell), list | dict):
                    return found
    return str(cell)


def _lines(path: Path, _columns: object) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())


def _parquet(path: Path, columns: Sequence[str] | None) -> Iterator[tuple[int, dict[str, Any]]]:
    if words := lack(["parquet"]):
        raise SurroundingsFault(f"{path}: reading it {words}")
    from pyarrow import parquet

    number = 0
    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        there = names if columns is None else [name for name in columns if name in names]
        for batch in file.iter_batches(batch_size=READ_AT_ONCE, columns=there):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _csv(path: Path, _columns: object) -> Iterator[tuple[int, Cells]]:
    """Read a table with commas or, where its header has none, semicolons between cells (RFC 4180)."""
    csv.field_size_limit(min(LARGEST, sys.maxsize))
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = re.sub('"[^"]*"', "", file.readline())
        file.seek(0)
        between = ";" if ";" in first and "," not in first else ","
        rows = csv.reader(file, delimiter=between, strict=True)
        try:
            header = _header(next(rows, []))
            yield from ((rows.line_num, Cells(header, row)) for row in rows if row)
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num}: {error}") from error


def _tsv(path: Path, _columns: object) -> Iterator[tuple[int, Cells]]:
    """Read a table of one row a line with tabs between cells; a cell in quotes has each quote in it twice."""
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        header = _header([_unquoted(cell) for cell in file.readline().rstrip("\r\n").split("\t")])
        for number, line in enumerate(file, 2):
            if line.strip():
                yield number, Cells(header, [_unquoted(cell) for cell in line.rstrip("\r\n").split("\t")])


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if is_quoted else cell


def _header(names: list[str]) -> list[str]:
    """Return the names of columns. Raises InputFault where one stands twice, or there are none."""
    if not any(names):
        raise InputFault("its first line has no names of columns; write them there, such as id,text,expected")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputFault(f"its first line has columns of one name: {listed(twice)}; rename them")
    return names


READERS: Mapping[str, Callable[[Path, Sequence[str] | None], Iterator[tuple[int, Any]]]] = MappingProxyType(
    {".jsonl": _lines, ".parquet": _parquet, ".csv": _csv, ".tsv": _tsv}
)
"""By the ending of a file's name what reads it."""
FORMATS = tuple(READERS)
