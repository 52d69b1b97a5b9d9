"""What the predictions on an evaluation set came to: a few numbers a row, and figures of any choice of rows."""

import contextlib
import io
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from swapgate.compare import check_expected
from swapgate.predictions import Detections, Expected, Prediction, Summary, Thing
from swapgate.quality.counts import COUNTED, PARTS, RIGHT, Counts, Figures, by_label

MEAN_PRECISION = {"mAP@0.5": slice(1), "mAP@[.5:.95]": slice(None)}
"""Mean average precisions, and which of COCO's overlaps they are averaged over."""


class Tally:
    """The rows of an evaluation set that were predicted so far; neither inputs nor predictions are kept."""

    def __init__(self, task: str) -> None:
        self.rows = 0
        self.wrong: dict[int, tuple[str, str]] = {}
        """From the number of a row that is not right to its id and what is wrong."""
        self._count, self._figures = COUNTED[task]
        self._names: dict[Any, int] = {}
        self._places, self._values, self._ends = array("q"), array("d"), array("q", [0])
        self._table: Any = None
        """All numbers as a matrix, once they are asked for."""

    def add(self, row: str, prediction: Prediction, expected: Expected) -> None:
        """Count a row, named by its id."""
        mismatches = check_expected(prediction, expected)
        if mismatches:
            self.wrong[self.rows] = row, "; ".join(map(str, mismatches))
        for name, value in ({RIGHT: float(not mismatches)} | dict(self._count(prediction, expected))).items():
            self._places.append(self._names.setdefault(name, len(self._names)))
            self._values.append(value)
        self._ends.append(len(self._places))
        self.rows += 1
        self._table = None

    def figures(self) -> Figures:
        """Give all figures."""
        counts, rows = self._sums(None)
        return {**self._figures(counts, rows), **by_label(counts), RIGHT: counts[RIGHT] / rows}

    def figure(self, name: str, rows: Any = None) -> float:
        """Give one figure, of all rows or of those by an integer array of numbers, in which one may stand twice."""
        counts, weight = self._sums(rows)
        figures = {**self._figures(counts, weight), RIGHT: counts[RIGHT] / weight}
        return figures[name] if name in figures else by_label(counts)[name]

    def is_mean(self, name: str) -> bool:
        """Tell whether a figure is the mean of a number from 0 to 1 that each row has."""
        return name in self._names

    def each(self, name: str) -> Any:
        """Give what each row adds to a share, zero or one, or to a mean: an array of shape (rows,)."""
        place = self._names[RIGHT if name == "accuracy" else name]
        return self._matrix(self._names)[:, [place]].toarray()[:, 0]

    def differing(self, other: "Tally", figure: str) -> int:
        """Count the rows that add something else to a figure on the other side."""
        import numpy as np

        names = {name: place for place, name in enumerate({**self._names, **other._names})}
        parts = {figure} if figure in names else {*PARTS.get(figure, filter(_is_pair, names))}
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
        """Give the numbers as a sparse matrix of shape (rows, names)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        places = np.array([names[name] for name in self._names], dtype=np.int64)[np.array(self._places, dtype=np.int64)]
        return csr_matrix((np.array(self._values), places, np.array(self._ends)), shape=(self.rows, len(names)))


def _is_pair(name: Any) -> bool:
    return isinstance(name, tuple)


class Scenes(Tally):
    """Pictures with boxes: what COCO's evaluation notes of each, from which precision is averaged.

    It is meant for predictions with all candidates; those below a row's threshold count too.
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._noted: list[dict[str, Any]] = []
        self._labels: set[str] = set()

    def add(self, row: str, prediction: Prediction, expected: Expected) -> None:
        """Count a picture."""
        assert isinstance(prediction, Detections)
        super().add(row, prediction, expected)
        things: Sequence[Any] = [*expected] if not isinstance(expected, Summary | str) else []
        self._noted.append(_noted(things, prediction.objects))
        self._labels |= {thing.label for thing in things}

    def figures(self) -> Figures:
        """Give mean average precision at an IoU of 0.5 and over 0.5 to 0.95, and the latter of each label."""
        names = sorted(self._labels)  # as COCO counts: by the labels that there are
        table = self._precision(names, None, slice(None))
        each = {f"mAP {name}": _mean(table[:, :, number]) for number, name in enumerate(names)}
        return {"mAP@0.5": _mean(table[0]), "mAP@[.5:.95]": _mean(table), **each, **super().figures()}

    def figure(self, name: str, rows: Any = None) -> float:
        """Give one figure; at a single IoU ten times faster than at all."""
        if name not in MEAN_PRECISION:
            return super().figure(name, rows)
        return _mean(self._precision(sorted(self._labels), rows, MEAN_PRECISION[name]))

    def differing(self, other: "Tally", figure: str) -> int:
        """Count the pictures whose own average precision is another on the other side."""
        import numpy as np

        assert isinstance(other, Scenes)
        names, overlaps = sorted(self._labels), MEAN_PRECISION[figure]
        return sum(
            not np.array_equal(*(side._precision(names, [row], overlaps) for side in (self, other)))
            for row in range(self.rows)
        )

    def _precision(self, names: Sequence[str], rows: Any, overlaps: slice) -> Any:
        """Give precision by IoU, recall and label, from pycocotools; -1 where there is nothing of a label."""
        evaluation = _coco_evaluation()
        params = evaluation.params
        params.catIds, params.imgIds = [*range(len(names))], [*range(self.rows if rows is None else len(rows))]
        params.iouThrs = params.iouThrs[overlaps]
        chosen = [self._noted[row] for row in (range(self.rows) if rows is None else rows)]
        evaluation.evalImgs = [_at(one.get(name), overlaps) for name in names for one in chosen]
        evaluation._paramsEval = params  # what evaluate() would leave for accumulate()
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            evaluation.accumulate()
        return evaluation.eval["precision"][:, :, :, 0, 0]


def _coco_evaluation(*sides: Any) -> Any:
    """Give pycocotools' evaluation of boxes of any size, of the best 100 a picture."""
    from pycocotools.cocoeval import COCOeval

    evaluation = COCOeval(*sides, iouType="bbox")
    evaluation.params.areaRng, evaluation.params.areaRngLbl, evaluation.params.maxDets = [[0, 1e10]], ["all"], [100]
    return evaluation


def _noted(right: Sequence[Thing], found: Sequence[Thing]) -> dict[str, Any]:
    """Give what COCO's evaluation notes of one picture, by label."""
    names = sorted({thing.label for thing in (*right, *found)})
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = _coco_evaluation(_coco(right, names), _coco(found, names))
        evaluation.evaluate()
    return dict(zip(names, evaluation.evalImgs, strict=True)) if names else {}


def _at(noted: Any, overlaps: slice) -> Any:
    return noted and {**noted, **{key: noted[key][overlaps] for key in ("dtMatches", "dtIgnore")}}


def _coco(things: Sequence[Thing], names: Sequence[str]) -> Any:
    """Give the objects of a picture in pycocotools' form."""
    from pycocotools.coco import COCO

    table = COCO()
    table.dataset = {"images": [{"id": 0}], "categories": [{"id": place} for place in range(len(names))]}
    table.dataset["annotations"] = [
        {
            "id": number,  # from 1: it takes 0 for no object
            "image_id": 0,
            "category_id": names.index(thing.label),
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
            "score": getattr(thing, "score", 1.0),
        }
        for number, thing in enumerate(things, 1)
        for left, top, right, bottom in (thing.box,)
    ]
    table.createIndex()
    return table


def _mean(precision: Any) -> float:
    there = precision[precision > -1]
    return float(there.mean()) if there.size else 0.0


def tally(task: str) -> Tally:
    """Give an empty tally of a task."""
    return Scenes(task) if task == "object-detection" else Tally(task)
