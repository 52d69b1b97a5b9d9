"""What is told of many rows and rarely asked for, kept small."""

import json
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

BLOCK = 256
"""Rows whose texts are packed together: then each takes a third of its letters, or less."""


class Texts:
    """Some texts of each row, in blocks that are packed once they are full."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._last: list[tuple[str, ...]] = []
        """Those that are packed with the ones to come."""
        self._read: tuple[int, list[tuple[str, ...]]] = (-1, [])
        """The block that was read last, by its number."""

    def append(self, *texts: str) -> None:
        """Keep those of the next row."""
        self._last.append(texts)
        if len(self._last) == BLOCK:
            self._blocks.append(zlib.compress(json.dumps(self._last).encode(), 1))
            self._last = []

    def __getitem__(self, row: int) -> tuple[str, ...]:
        number, place = divmod(row, BLOCK)
        if number == len(self._blocks):
            return self._last[place]
        if self._read[0] != number:
            self._read = number, [tuple(texts) for texts in json.loads(zlib.decompress(self._blocks[number]))]
        return self._read[1][place]


class Wrong(Mapping[int, tuple[str, str, str]]):
    """From the number of a row that is not right to its id, what is wrong, and its input as it is shown."""

    def __init__(self, rows: Sequence[int], told: Callable[[int], tuple[str, str, str]]) -> None:
        self._rows, self._told = rows, told
        """Their numbers, which rise, and what tells of each."""

    def __getitem__(self, row: int) -> tuple[str, str, str]:
        if row not in self:
            raise KeyError(row)
        return self._told(row)

    def __contains__(self, row: object) -> bool:
        if not isinstance(row, int):
            return False
        place = bisect_left(self._rows, row)
        return place < len(self._rows) and self._rows[place] == row

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
