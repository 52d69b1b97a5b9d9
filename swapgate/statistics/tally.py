"""What the predictions on an evaluation set came to: a few numbers a row, and figures of any choice of rows."""

import hashlib
import json
from array import array
from collections.abc import Mapping
from typing import Any

from swapgate.outputs import check_expected
from swapgate.outputs.counts import RIGHT, Counts, Figures, by_label
from swapgate.outputs.prediction import Expected, Output, Prediction, to_json


class Tally:
    """The rows of an evaluation set that were predicted so far; neither inputs nor predictions are kept."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.rows = 0
        self.wrong: dict[int, tuple[str, str]] = {}
        """From the number of a row that is not right to its id and what is wrong."""
        self._said = hashlib.sha256()
        self._accumulator = output.accumulator() if output.accumulator else None
        self._names: dict[Any, int] = {}
        self._places, self._values, self._ends = array("q"), array("d"), array("q", [0])
        self._table: Any = None
        """All numbers as a matrix, once they are asked for."""

    def add(self, row: str, prediction: Prediction, expected: Expected) -> None:
        """Count a row, named by its id."""
        mismatches = check_expected(prediction, expected)
        if mismatches:
            self.wrong[self.rows] = row, "; ".join(map(str, mismatches))
        counts = {RIGHT: float(not mismatches)} | dict(self.output.count(prediction, expected))
        for name, value in counts.items():
            self._places.append(self._names.setdefault(name, len(self._names)))
            self._values.append(value)
        self._ends.append(len(self._places))
        self._said.update(json.dumps(to_json(prediction)).encode())
        self.rows += 1
        self._table = None
        if self._accumulator:
            self._accumulator.add(prediction, expected)

    @property
    def said(self) -> str:
        """A digest of all predictions, in their order, to the digits that goldens have."""
        return self._said.hexdigest()

    def figures(self) -> Figures:
        """Return all figures."""
        counts, rows = self._sums(None)
        accumulated = self._accumulator.figures() if self._accumulator else {}
        return {**accumulated, **self.output.figures(counts, rows), **by_label(counts), RIGHT: counts[RIGHT] / rows}

    def figure(self, name: str, rows: Any = None) -> float:
        """Return one figure, of all rows or of those by an integer array of numbers, in which one may stand twice."""
        if self._accumulator and name in self._accumulator.names:
            return self._accumulator.figure(name, rows)
        counts, weight = self._sums(rows)
        figures = {**self.output.figures(counts, weight), RIGHT: counts[RIGHT] / weight}
        return figures[name] if name in figures else by_label(counts)[name]

    def is_mean(self, name: str) -> bool:
        """Return whether a figure is the mean of a number from 0 to 1 that each row has."""
        return name in self._names

    def each(self, name: str) -> Any:
        """Return what each row adds to a share, zero or one, or to a mean: an array of shape (rows,)."""
        place = self._names[RIGHT if name == "accuracy" else name]
        return self._matrix(self._names)[:, [place]].toarray()[:, 0]

    def differing(self, other: "Tally", figure: str) -> int:
        """Count the rows that add something else to a figure on the other side."""
        import numpy as np

        if self._accumulator and other._accumulator and figure in self._accumulator.names:
            return self._accumulator.differing(other._accumulator, figure)
        names = {name: place for place, name in enumerate({**self._names, **other._names})}
        parts = {figure} if figure in names else {*self.output.parts.get(figure, filter(_is_pair, names))}
        apart = (self._matrix(names) - other._matrix(names))[:, [names[part] for part in parts]]
        apart.eliminate_zeros()
        return int(np.count_nonzero(np.diff(apart.indptr)))

    def _sums(self, rows: Any) -> tuple[Counts, float]:
        """Add up the numbers of some rows by name, and give how many rows these are."""
        import numpy as np

        if self._table is None:
            self._table = self._matrix(self._names)
        weights = np.ones(self.rows) if rows is None else np.bincount(rows, minlength=self.rows)
        return dict(zip(self._names, (weights @ self._table).tolist(), strict=True)), float(weights.sum())

    def _matrix(self, names: Mapping[Any, int]) -> Any:
        """Return the numbers as a sparse matrix of shape (rows, names)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        places = np.array([names[name] for name in self._names], dtype=np.int64)[np.array(self._places, dtype=np.int64)]
        return csr_matrix((np.array(self._values), places, np.array(self._ends)), shape=(self.rows, len(names)))


def _is_pair(name: Any) -> bool:
    return isinstance(name, tuple)
