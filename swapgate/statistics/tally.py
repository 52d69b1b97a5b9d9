"""What the predictions on an evaluation set came to: a few numbers a row, and figures of any choice of rows."""

import functools
import hashlib
import json
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from swapgate.core.tables import adapter
from swapgate.outputs import check_expected
from swapgate.outputs.counts import CONFIDENCE, MACRO, NOTHING, RIGHT, SIDES, Counts, Figures, by_label
from swapgate.outputs.prediction import Expected, Output, Prediction, to_json
from swapgate.statistics.packed import Texts, Wrong
from swapgate.statistics.sureness import Sureness, calibration_error, curve


@dataclass(frozen=True)
class Counted:
    """What a row came to: all that a comparison needs of it."""

    counts: Counts
    """What it adds to sums, by name and by pairs of labels."""
    noted: Any = None
    """What an accumulator needs of it, as JSON can hold it; None where there is none, or where it tells nothing."""


DIGITS = 16
"""Of a key."""
AS_RECORDED = "was wrong when its rows were remembered"
"""In place of what a model said that is not asked again."""
THIRDS = ("shortest third", "middle third", "longest third")


class Tally:
    """The rows of an evaluation set that were predicted so far; predictions are kept only where somebody wants to
    look at them (`keep`), and inputs only in short.

    A row takes some 100 bytes and what it counts for, 12 a number, and no object of its own: a set may have a million.
    """

    def __init__(self, output: Output, keep: bool = False) -> None:
        self.output = output
        self.forms: list[bytes] | None = [] if keep else None
        """Of each row what was predicted, packed; None where nobody wants to look at that."""
        self.rows = 0
        self._keys = bytearray()
        """Of each row what `keys` gives, in `DIGITS` bytes."""
        self._named = Texts()
        """Of each row its id, what is wrong, and its input as it is shown."""
        self._wrong = array("q")
        """The numbers of the rows that are not right."""
        self._words = ""
        """In place of what is wrong, of rows that were recalled."""
        self._left_out: dict[str, array[int]] = {}
        """From what was done with rows that were longer than the model reads, "cut to 512 tokens", to their numbers."""
        self._said = array("Q")
        """Of each row the beginning of a digest of what was predicted."""
        self._accumulator = output.accumulator() if output.accumulator else None
        self._names: dict[Any, int] = {}
        self._places, self._values, self._ends = array("i"), array("d"), array("q", [0])
        self._inputs, self._clusters, self._sources = array("q"), array("q"), array("q")
        """Of each row the hash of its input, of its cluster, and of what it is a part of; where it has one."""
        self._units: tuple[int, Any] = 0, None
        """What `_unit_of` gives, and of how many rows it was reckoned."""
        self._right: Counter[Any] = Counter()
        """Of a task of which one right answer is enough: in how many rows each is right."""
        self.slices: dict[str, dict[str, array[int]]] = {}
        """From a key and a value of it to the numbers of the rows that have it."""
        self._labels: dict[str, array[int]] = {}
        self._to_find = array("b")
        """Of each row whether anything is to be found in it: an entity, an object, an answer."""
        self._lengths = array("d")
        self._scores, self._hits = array("d"), array("b")
        """Of all that was found in rows, where a prediction finds several things: scores, and whether each is right."""
        self._table: Any = None
        """All numbers as a matrix, once they are asked for."""

    def add(
        self,
        row: str,
        prediction: Prediction,
        expected: Expected,
        given: str | None = None,
        cluster: str | None = None,
        source: str | None = None,
        slices: Mapping[str, str] = MappingProxyType({}),
        length: float | None = None,
        shown: str = "",
        left_out: str = "",
        key: str = "",
    ) -> None:
        """Count a row, named by its id; `given`: the digest of its input, without which it is another than all.

        A row in a `cluster` depends on the others there; all rows are in one, or none is. `source`: what it is a part
        of, such as a question's context. `slices`: by key what it is one of, such as a language. `length`: how large
        its input is. `shown`: its input as a report shows it. `left_out`: in words what was done with one
        that is longer than the model reads. `key`: a digest of its input and accepted answers, by which it is
        remembered.
        """
        if left_out:
            self._left_out.setdefault(left_out, array("q")).append(self.rows)
        if length is not None:
            self._lengths.append(length)
        for by, value in slices.items():
            self.slices.setdefault(by, {}).setdefault(value, array("q")).append(self.rows)
        if source is not None:
            self._sources.append(hash(source))
        self._inputs.append(hash(given or f" {self.rows}"))
        if cluster is not None:
            self._clusters.append(hash(cluster))
        if self.output.one_is_enough:
            self._right.update({*expected})
        named = (getattr(one, "label", one) for one in expected) if isinstance(expected, tuple) else ()
        for label in {one for one in named if isinstance(one, str)}:
            self._labels.setdefault(label, array("q")).append(self.rows)
        mismatches = check_expected(prediction, expected)
        if mismatches:
            self._wrong.append(self.rows)
        self._keys += key.encode("ascii").ljust(DIGITS)
        self._named.append(row, "; ".join(map(str, mismatches)), shown)
        to_find = not isinstance(expected, Sized) or len(expected) > 0
        self._put({RIGHT: float(not mismatches)} | dict(self.output.count(prediction, expected)), to_find)
        for score, is_right in self.output.scored(prediction, expected) if self.output.scored else ():
            self._scores.append(score)
            self._hits.append(is_right)
        form = json.dumps(to_json(prediction)).encode()
        if self.forms is not None:
            self.forms.append(zlib.compress(form, 1))
        said = hashlib.sha256(form).digest()
        self._said.append(int.from_bytes(said[:8]))
        if self._accumulator:
            self._accumulator.add(prediction, expected)

    def _put(self, counts: Counts, to_find: bool = True) -> None:
        self._to_find.append(to_find)
        for name, value in counts.items():
            self._places.append(self._names.setdefault(name, len(self._names)))
            self._values.append(value)
        self._ends.append(len(self._places))
        self.rows += 1
        self._table = None

    @property
    def keys(self) -> list[str]:
        """Of each row a digest of its input and accepted answers; empty where it has none."""
        whole = self._keys.decode("ascii")
        return [whole[start : start + DIGITS].rstrip() for start in range(0, len(whole), DIGITS)]

    def named(self, row: int) -> tuple[str, str]:
        """Return the id of the row with a number, and its input as it is shown."""
        name, _, shown = self._named[row]
        return name, shown

    @property
    def wrong(self) -> Wrong:
        """From the number of a row that is not right to its id, what is wrong, and its input as it is shown."""
        return Wrong(self._wrong, self._what_is_wrong)

    def _what_is_wrong(self, row: int) -> tuple[str, str, str]:
        name, words, shown = self._named[row]
        return name, self._words or words, shown

    @property
    def _unit_of(self) -> Any:
        """Of each row the number of what is independent, from 0 as they come: of its cluster; where there are none of
        its input, for rows with the same one tell the same thing, and count once. An input that was seen before belongs
        to the cluster where it was. An array of shape (rows,).
        """
        import numpy as np

        if self._units[0] != len(self._inputs):
            inputs = _numbered(np.array(self._inputs))
            _, first = np.unique(inputs, return_index=True)
            units = _numbered(np.array(self._clusters)[first])[inputs] if self._clusters else inputs
            self._units = len(self._inputs), units.astype(np.int32)
        return self._units[1]

    def counted(self) -> Iterator[Counted]:
        """Yield what each row came to."""
        names, noted = [*self._names], getattr(self._accumulator, "noted", lambda row: None)
        for row in range(self.rows):
            counts = {names[self._places[at]]: self._values[at] for at in range(*self._ends[row : row + 2])}
            yield Counted(counts, noted(row))

    def recall(self, counted: Counted) -> None:
        """Count a row by what it once came to. Raises ValueError where that is no row of such predictions."""
        self._put(counted.counts)
        if self._accumulator and hasattr(self._accumulator, "recall"):
            self._accumulator.recall(counted.noted)

    def lie_as(self, other: "Tally") -> None:
        """Let the rows, which were recalled, be those of another tally: with its ids, inputs and clusters."""
        self._keys, self._named, self._to_find = other._keys, other._named, other._to_find
        self._inputs, self._clusters, self._units = other._inputs, other._clusters, other._units
        self._wrong = array("q", (place for place, right in enumerate(self.each(RIGHT)) if not right))
        self._words = AS_RECORDED

    def first(self, rows: int) -> "Tally":
        """Return the first rows as a tally of their own, with what can be compared: without figures that are gathered,
        slices and how sure the model is.
        """
        part, numbers = Tally(self.output), self._ends[rows]
        part._accumulator, part.rows = None, rows
        part.forms = self.forms[:rows] if self.forms is not None else None
        part._keys, part._named, part._said = self._keys[: rows * DIGITS], self._named, self._said[:rows]
        part._wrong = self._wrong[: bisect_left(self._wrong, rows)]
        part._left_out = {words: there[: bisect_left(there, rows)] for words, there in self._left_out.items()}
        part._names, part._ends = self._names, self._ends[: rows + 1]
        part._places, part._values = self._places[:numbers], self._values[:numbers]
        part._inputs, part._clusters, part._to_find = self._inputs[:rows], self._clusters[:rows], self._to_find[:rows]
        return part

    def is_remembered(self, figure: str) -> bool:
        """Return whether a figure can be told of rows that were counted in an earlier run."""
        gathered = self._accumulator is not None and figure in self._accumulator.names
        return not gathered or hasattr(self._accumulator, "recall")

    def all_slices(self) -> Mapping[str, Mapping[str, Sequence[int]]]:
        """Return the slices, and besides them the rows by label and by thirds of length, where no key says so."""
        import numpy as np

        made: dict[str, Mapping[str, Sequence[int]]] = {"label": self._labels}
        if len(self._lengths) == self.rows and len({*self._lengths}) > 2:
            order = np.argsort(np.array(self._lengths), kind="stable")
            made["length"] = dict(zip(THIRDS, (part.tolist() for part in np.array_split(order, 3)), strict=True))
        return {**made, **self.slices}

    @property
    def right_always(self) -> list[Any]:
        """The labels of which each is right in every row, so that a model which says nothing else is never wrong."""
        return sorted(label for label, rows in self._right.items() if rows == self.rows)

    @property
    def with_something(self) -> list[int]:
        """The numbers of the rows in which anything is to be found: an entity, an object, an answer."""
        return [row for row, to_find in enumerate(self._to_find) if to_find]

    @property
    def right_most(self) -> tuple[Any, int]:
        """The label that is right in most rows, and in how many; zero where one right answer is not enough."""
        return max(self._right.items(), key=lambda one: one[1], default=("", 0))

    @property
    def cuts(self) -> list[str]:
        """How many rows were not read whole, in words."""
        return [
            f"{len(rows):,} of {self.rows:,} rows were {words}"
            for words, rows in sorted(self._left_out.items())
            if rows
        ]

    def prediction(self, row: int) -> Prediction | None:
        """Return what was predicted of a row; None where it was not kept."""
        if not self.forms:
            return None
        form: TypeAdapter[Prediction] = adapter(self.output.prediction)
        return form.validate_json(zlib.decompress(self.forms[row]))

    def confusion(self) -> list[tuple[str, str, float]]:
        """Return how often which label was right, and which was given for it; empty where one side has none."""
        return [(*name, total) for name, total in self._sums().items() if _is_pair(name) and total]

    @property
    def said(self) -> str:
        """A digest of all predictions, in their order, to the digits that goldens have."""
        return hashlib.sha256(self._said.tobytes()).hexdigest()

    def figures(self) -> Figures:
        """Return all figures."""
        counts, rows = self._sums(), self.rows
        accumulated = self._accumulator.figures() if self._accumulator else {}
        bins = self.sureness()
        sure = {"ECE": calibration_error(bins)} if bins else {}
        figures = self.output.figures(counts, rows)
        found = {**accumulated, **figures, **by_label(counts), **sure}
        return found if RIGHT in found or not len(self.counting(RIGHT)) else {**found, RIGHT: counts[RIGHT] / rows}

    def sureness(self) -> list[Sureness]:
        """Return by how sure the model is its answers, or all that was found in rows; none without a probability."""
        import numpy as np

        if self._scores:
            return curve(np.array(self._scores), np.array(self._hits, dtype=float))
        return curve(self.each(CONFIDENCE), self.each(RIGHT)) if CONFIDENCE in self._names else []

    @property
    def headline(self) -> str | None:
        """The figure that is told first; None where it is the task's first one."""
        return self.output.headline(self._sums())

    @property
    def besides(self) -> Sequence[str]:
        """The figures that are judged besides the one that is told first."""
        return self.output.besides(self._sums())

    def counting(self, figure: str) -> Any:
        """Return the numbers of the rows that have a part in a figure: an array of shape (rows,) at most."""
        import numpy as np

        name = self.output.of_rows.get(figure)
        return np.arange(self.rows) if name is None else np.flatnonzero(self.each(name))

    @property
    def units(self) -> int:
        """How many clusters there are, or where there are none how many rows with different inputs."""
        return int(self._unit_of.max()) + 1 if self._inputs else 0

    @property
    def sources(self) -> int | None:
        """How many contexts or files the rows are parts of, where some share one and no cluster says so; else None.

        One file that holds all rows is only a way to keep them.
        """
        count = len({*self._sources})
        return count if 1 < count < self.units and not self.is_clustered else None

    @property
    def is_clustered(self) -> bool:
        """Whether what is independent are clusters of rows."""
        return bool(self._clusters)

    def figure(self, name: str, weights: Any = None) -> float:
        """Return one figure, of all rows alike or with a weight for each of them, an array of shape (rows,)."""
        import numpy as np

        return float(self._figures(name, np.ones((1, self.rows)) if weights is None else np.array([weights]))[0])

    def weighted(self, name: str, weights: Any) -> Any:
        """Return one figure of all units, an array of shape (draws,), by their weights of shape (draws, units).

        A cluster counts with each of its rows, and an input once, however many rows have it.
        """
        import numpy as np

        if self.units == self.rows:
            return self._figures(name, weights)
        unit_of = self._unit_of
        each = weights[:, unit_of]
        return self._figures(name, each if self.is_clustered else each / np.bincount(unit_of)[unit_of])

    def of_units(self, name: str) -> float:
        """Return one figure of all units, each with the weight 1."""
        import numpy as np

        return float(self.weighted(name, np.ones((1, self.units)))[0])

    def by_unit(self, values: Any) -> Any:
        """Return for each unit what its rows come to, of an array of shape (rows,), so that the mean is the figure's.

        That is the mean over the rows of an input, and the sum over a cluster as a multiple of the mean cluster's rows.
        """
        import numpy as np

        sums, sizes = np.bincount(self._unit_of, weights=values), np.bincount(self._unit_of)
        return sums / (sizes.mean() if self.is_clustered else sizes)

    def is_mean(self, name: str) -> bool:
        """Return whether a figure is the mean of a number from 0 to 1 that each row has."""
        return name in self._names

    def each(self, name: str) -> Any:
        """Return what each row adds to a share, zero or one, or to a mean: an array of shape (rows,)."""
        place = self._names[RIGHT if name == "accuracy" else name]
        return self._matrix(self._names)[:, [place]].toarray()[:, 0]

    def masses(self, figure: str, other: "Tally | None" = None) -> Any:
        """Return as how much each input counts for a figure, on the side on which it is more: of shape (units, parts).

        A figure is the mean of its parts, each of these a ratio to the sum of what rows add. Most have one part, that
        all rows count for alike; span F1 one that rows without an entity do not count for; macro F1 one for each label.
        """
        import numpy as np

        sides = [self] if other is None else [self, other]
        labels = sorted(
            {label for side in sides for name in side._names if _is_pair(name) for label in name} - {NOTHING}
        )
        rows = functools.reduce(np.maximum, (side._masses_of_rows(figure, labels) for side in sides))
        rows = rows if rows.shape[1] else np.zeros((self.rows, 1))  # no label at all: nothing counts
        return np.stack([self.by_unit(part) for part in rows.T], axis=1)

    def _masses_of_rows(self, figure: str, labels: Sequence[str]) -> Any:
        import numpy as np

        if self._accumulator and figure in self._accumulator.names:
            return self._accumulator.masses()
        if figure in self.output.ratios:
            return self._sum(self.output.ratios[figure].__contains__)[:, None]
        what, _, label = figure.removeprefix(MACRO).partition(" ")
        if self.is_mean(figure) or what not in SIDES:
            return np.ones((self.rows, 1))
        parts = [
            sum(self._sum(lambda name: _is_pair(name) and name[side] == one) for side in SIDES[what])  # noqa: B023
            for one in (labels if figure.startswith(MACRO) else [label])
        ]
        return np.stack(parts, axis=1)

    def _sum(self, chosen: Callable[[Any], bool]) -> Any:
        """Return the sum of the numbers that are chosen by their names, of each row: an array of shape (rows,)."""
        places = [place for name, place in self._names.items() if chosen(name)]
        return self._matrix(self._names)[:, places].sum(axis=1).A1

    def differs(self, other: "Tally", figure: str) -> Any:
        """Return which rows add something else to a figure on the other side: booleans of shape (rows,)."""
        import numpy as np

        if self._accumulator and other._accumulator and figure in self._accumulator.names:
            return self._accumulator.differs(other._accumulator, figure)
        names = {name: place for place, name in enumerate({**self._names, **other._names})}
        parts = {figure} if figure in names else {*self.output.parts.get(figure, filter(_is_pair, names))}
        apart = (self._matrix(names) - other._matrix(names))[:, [names[part] for part in parts]]
        apart.eliminate_zeros()
        return np.diff(apart.indptr) > 0

    def is_better(self, other: "Tally", figure: str) -> Any:
        """Return which rows are better than on the other side, as each can tell: booleans of shape (rows,)."""
        if self._accumulator and other._accumulator and figure in self._accumulator.names:
            return self._accumulator.is_better(other._accumulator, figure)
        if self.is_mean(figure):
            ours, theirs = self.each(figure), other.each(figure)
            return ours < theirs if figure in self.output.less_is_better else ours > theirs
        fewer = self._mistakes(figure) < other._mistakes(figure)
        if figure not in self.output.less_is_better:
            return fewer
        return fewer & (self._counting(figure) >= other._counting(figure))  # a mean of less is not better for that

    def _counting(self, figure: str) -> Any:
        """Return as how much each row counts for an error rate: an array of shape (rows,)."""
        return self._sum(self.output.ratios.get(figure, ()).__contains__)

    def _sums(self) -> Counts:
        return dict(zip(self._names, self._matrix(self._names).sum(axis=0).A1.tolist(), strict=True))

    def _mistakes(self, figure: str) -> Any:
        """Return how much is wrong in each row: what an error rate counts, or labels on one side only."""
        parts = self.output.parts.get(figure, ()) if figure in self.output.less_is_better else ()
        return self._sum(lambda name: name in parts if parts else _is_mistake(name))

    def _figures(self, name: str, weights: Any) -> Any:
        """Return a figure for each line of weights of the rows."""
        import numpy as np

        if self._accumulator and name in self._accumulator.names:
            return self._accumulator.weighted(name, weights)
        if self._table is None:
            self._table = self._matrix(self._names)
        sums = zip((weights @ self._table).tolist(), weights.sum(axis=1).tolist(), strict=True)
        return np.array([self._figure(name, dict(zip(self._names, line, strict=True)), rows) for line, rows in sums])

    def _figure(self, name: str, counts: Counts, rows: float) -> float:
        """Return one figure of the sums over rows, and how many rows these are."""
        figures = {RIGHT: counts[RIGHT] / rows, **self.output.figures(counts, rows)}
        return figures[name] if name in figures else by_label(counts)[name]

    def _matrix(self, names: Mapping[Any, int]) -> Any:
        """Return the numbers as a sparse matrix of shape (rows, names)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        places = np.array([names[name] for name in self._names], dtype=np.int64)[np.array(self._places, dtype=np.int64)]
        return csr_matrix((np.array(self._values), places, np.array(self._ends)), shape=(self.rows, len(names)))


class Part(Tally):
    """Some rows of a tally, as a set of their own."""

    def __init__(self, whole: Tally, chosen: Sequence[int]) -> None:
        import numpy as np

        self.output, self.rows, self._whole, self._chosen = whole.output, len(chosen), whole, np.array(chosen)
        _, self._places_of_units = np.unique(whole._unit_of[self._chosen], return_inverse=True)
        self._names = whole._names
        self._to_find = array("b", [whole._to_find[row] for row in chosen])

    @property
    def _unit_of(self) -> Any:
        return self._places_of_units

    @functools.cached_property
    def wrong(self) -> Wrong:
        """From the place of a row that is not right to its id, what is wrong, and its input as it is shown."""
        whole, rows = self._whole.wrong, self._chosen
        places = array("q", (place for place, row in enumerate(rows.tolist()) if row in whole))
        return Wrong(places, lambda place: whole[int(rows[place])])

    @functools.cached_property
    def slices(self) -> "dict[str, dict[str, array[int]]]":  # type: ignore[override]
        """From a key and a value of it to the places of the rows that have it."""
        return self._own(self._whole.slices)

    def _own(self, slices: Mapping[str, Mapping[str, Sequence[int]]]) -> "dict[str, dict[str, array[int]]]":
        """Return slices of the whole as the places that their rows have here, without those that have none."""
        places = {row: place for place, row in enumerate(self._chosen.tolist())}
        own = {
            key: {value: array("q", [places[row] for row in rows if row in places]) for value, rows in values.items()}
            for key, values in slices.items()
        }
        return {key: {value: rows for value, rows in values.items() if rows} for key, values in own.items()}

    def all_slices(self) -> Mapping[str, Mapping[str, Sequence[int]]]:
        """Return the slices, and besides them the rows by label and by thirds of length of the whole."""
        return self._own(self._whole.all_slices())

    @property
    def units(self) -> int:
        """How many of the whole's clusters or different inputs have a row here."""
        return int(self._unit_of.max()) + 1

    @property
    def is_clustered(self) -> bool:
        """Whether what is independent are clusters of rows."""
        return self._whole.is_clustered

    def each(self, name: str) -> Any:
        """Return what each row adds to a share, zero or one, or to a mean: an array of shape (rows,)."""
        return self._whole.each(name)[self._chosen]

    def is_mean(self, name: str) -> bool:
        """Return whether a figure is the mean of a number from 0 to 1 that each row has."""
        return self._whole.is_mean(name)

    def differs(self, other: Tally, figure: str) -> Any:
        """Return which rows add something else to a figure on the other side: booleans of shape (rows,)."""
        return self._whole.differs(other._whole if isinstance(other, Part) else other, figure)[self._chosen]

    def is_better(self, other: Tally, figure: str) -> Any:
        """Return which rows are better than on the other side, as each can tell: booleans of shape (rows,)."""
        return self._whole.is_better(other._whole if isinstance(other, Part) else other, figure)[self._chosen]

    def _masses_of_rows(self, figure: str, labels: Sequence[str]) -> Any:
        return self._whole._masses_of_rows(figure, labels)[self._chosen]

    def _figures(self, name: str, weights: Any) -> Any:
        """Return a figure for each line of weights of the rows; those of the whole that are not here weigh nothing."""
        import numpy as np

        all_weights = np.zeros((len(weights), self._whole.rows))
        all_weights[:, self._chosen] = weights
        return self._whole._figures(name, all_weights)


def _numbered(values: Any) -> Any:
    """Return of each value which it is of those that differ, from 0 as they come: an array of the same shape."""
    import numpy as np

    _, first, places = np.unique(values, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[places]


def _is_pair(name: Any) -> bool:
    return isinstance(name, tuple)


def _is_mistake(name: Any) -> bool:
    return _is_pair(name) and name[0] != name[1]
