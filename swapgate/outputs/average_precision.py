"""Mean average precision of detections, as COCO's evaluation counts it (pycocotools)."""

import contextlib
import functools
import io
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, TypeAdapter, ValidationError

from swapgate.core.wrong import wrong
from swapgate.outputs.counts import Figures

OVERLAPS = {"mAP@0.5": slice(1), "mAP@[.5:.95]": slice(None)}
"""Mean average precisions, and which of COCO's overlaps they are averaged over."""
LEVELS = 10
"""How many overlaps COCO has."""
AT_ONCE = 1_000_000
"""Numbers that are worked on together."""


class AveragePrecision:
    """Pictures with boxes: what COCO's evaluation notes of each, from which precision is averaged.

    It is meant for predictions with all candidates; those below a row's threshold count too.
    """

    names: Collection[str] = OVERLAPS.keys()

    def __init__(self) -> None:
        self._noted = _Pictures()
        self._labels: set[str] = set()
        self._ranked: dict[str, _Ranked] = {}
        """By label, once they are asked for."""

    def add(self, prediction: Any, expected: Any) -> None:
        """Note a picture."""
        self._noted.append(_noted(expected, prediction.objects))
        self._labels |= {annotation.label for annotation in expected}
        self._ranked = {}

    def noted(self, row: int) -> Any:
        """Return what is noted of a picture as JSON can hold it: by label how many there are, scores, and matches.

        The latter are whole numbers whose binary digits say at which of COCO's overlaps something is matched.
        """
        return {name: [one.wanted, one.scores.tolist(), _digits(one.matched)] for name, one in self._noted[row].items()}

    def recall(self, noted: Any) -> None:
        """Note a picture by what `noted` gives. Raises ValueError where that is something else."""
        import numpy as np

        try:
            found = _remembered().validate_python(noted)
        except ValidationError as error:
            raise ValueError(wrong(error, "what was noted of a row")) from error
        if any(len(scores) != len(matched) for _, scores, matched in found.values()):
            raise ValueError("there are not as many scores as matches")
        self._noted.append(
            {
                name: Noted(np.array(scores), _of_digits(matched), wanted)
                for name, (wanted, scores, matched) in found.items()
            }
        )
        self._labels |= {name for name, (wanted, *_) in found.items() if wanted}
        self._ranked = {}

    def figures(self) -> Figures:
        """Return mean average precision at an IoU of 0.5 and over 0.5 to 0.95, and the latter of each label."""
        import numpy as np

        names = sorted(self._labels)  # as COCO counts: by the labels that there are
        table = self._averages(np.ones((1, len(self._noted))), slice(None))[0]
        each = {f"mAP {name}": _mean(table[:, number]) for number, name in enumerate(names)}
        return {"mAP@0.5": _mean(table[0]), "mAP@[.5:.95]": _mean(table), **each}

    def weighted(self, name: str, weights: Any) -> Any:
        """Return one figure for each line of weights of the pictures."""
        import numpy as np

        table = self._averages(weights, OVERLAPS[name])
        there = ~np.isnan(table)
        return np.where(there, table, 0.0).sum(axis=(1, 2)) / np.maximum(there.sum(axis=(1, 2)), 1)

    def masses(self) -> Any:
        """Return how many boxes there are of each label: an array of shape (pictures, labels)."""
        import numpy as np

        names = sorted(self._labels)
        wanted = [[noted.get(name, NOTHING_FOUND).wanted for name in names] for noted in self._noted]
        return np.array(wanted, dtype=float).reshape(len(self._noted), len(names))

    def differs(self, other: Self, name: str) -> Any:
        """Return which pictures have other scores or matches on the other side."""
        import numpy as np

        chosen = OVERLAPS[name]
        return np.array([_apart(*both, chosen) for both in zip(self._noted, other._noted, strict=True)], dtype=bool)

    def is_better(self, other: Self, name: str) -> Any:
        """Return which pictures have a higher average precision of their own than on the other side."""
        import numpy as np

        ours, theirs = (
            np.array([side._alone(row, OVERLAPS[name]) for row in range(len(side._noted))]) for side in (self, other)
        )
        return ours > theirs

    def _alone(self, row: int, overlaps: slice) -> float:
        """Return the mean average precision of one picture by itself."""
        import numpy as np

        one = np.ones((1, 1))
        labels = [noted for noted in self._noted[row].values() if noted.wanted]
        return _mean(np.array([_average(_ranked([noted]), one, overlaps) for noted in labels]))

    def _averages(self, weights: Any, overlaps: slice) -> Any:
        """Return average precision by draw, IoU and label, for weights of shape (draws, pictures); NaN of nothing."""
        import numpy as np

        if not self._ranked:
            noted = [*self._noted]
            self._ranked = {name: _ranked([one.get(name) for one in noted]) for name in sorted(self._labels)}
        found = [_average(ranked, weights, overlaps) for ranked in self._ranked.values()]
        return np.stack(found, axis=2) if found else np.zeros((len(weights), 1, 0))


class Noted(NamedTuple):
    """What COCO's evaluation notes of a label in one picture."""

    scores: Any
    """Of what was found, the best first: an array of shape (found,)."""
    matched: Any
    """Whether it is one of those that there are, by IoU: an array of shape (IoUs, found)."""
    wanted: int
    """How many there are."""


NOTHING_FOUND = Noted((), (), 0)


class _Pictures:
    """What is noted of each picture by label, in ten bytes of each object that was found and no object of Python."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._ends = array("q", [0])
        """Where the labels of each picture end."""
        self._labels, self._wanted, self._found = array("i"), array("i"), array("q", [0])
        """Of each label of a picture its number, how many there are, and where its scores end."""
        self._scores, self._matched = array("d"), array("H")

    def append(self, noted: "Mapping[str, Noted]") -> None:
        for name, one in noted.items():
            if name not in self._numbers:
                self._numbers[name] = len(self._names)
                self._names.append(name)
            self._labels.append(self._numbers[name])
            self._wanted.append(one.wanted)
            self._scores.extend(one.scores.tolist())
            self._matched.extend(_digits(one.matched))
            self._found.append(len(self._scores))
        self._ends.append(len(self._labels))

    def __getitem__(self, picture: int) -> "dict[str, Noted]":
        return {self._names[self._labels[at]]: self._of(at) for at in range(*self._ends[picture : picture + 2])}

    def _of(self, place: int) -> "Noted":
        import numpy as np

        found = slice(*self._found[place : place + 2])
        return Noted(np.array(self._scores[found]), _of_digits(self._matched[found]), self._wanted[place])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> "Iterator[dict[str, Noted]]":
        return map(self.__getitem__, range(len(self)))


def _digits(matched: Any) -> list[int]:
    """Return of each object the whole number whose binary digits say at which overlaps it is matched."""
    import numpy as np

    found: list[int] = ((1 << np.arange(LEVELS)) @ np.reshape(matched, (LEVELS, -1))).tolist()
    return found


def _of_digits(numbers: Sequence[int]) -> Any:
    """Return the matches that such numbers say: booleans of shape (IoUs, found)."""
    import numpy as np

    return (np.array(numbers, dtype=int) & (1 << np.arange(LEVELS)[:, None])) > 0


Score = Annotated[float, Field(allow_inf_nan=False)]
Matched = Annotated[int, Field(ge=0, lt=1 << LEVELS)]


@functools.cache
def _remembered() -> Any:
    """Return what reads what `AveragePrecision.noted` gives."""
    return TypeAdapter(dict[str, tuple[Annotated[int, Field(ge=0)], list[Score], list[Matched]]])


class _Ranked(NamedTuple):
    """A label in all pictures."""

    pictures: Any
    """Of what is matched at any IoU the numbers of its pictures, by score, the best first: of shape (places,)."""
    matched: Any
    """At which IoUs it is: an array of shape (IoUs, places)."""
    found: Any
    """How many were found in each picture from one place to the next: a sparse matrix of shape (pictures, places)."""
    wanted: Any
    """How many there are in each picture: an array of shape (pictures,)."""


def _ranked(noted: Sequence[Noted | None]) -> _Ranked:
    """Put together what was found of a label, in the order in which pycocotools does."""
    import numpy as np
    from scipy.sparse import csr_matrix

    there = [one or NOTHING_FOUND for one in noted]
    order = np.argsort(-np.concatenate([one.scores for one in there]), kind="mergesort")
    pictures = np.repeat(np.arange(len(there)), [len(one.scores) for one in there])[order]
    matched = np.concatenate([np.reshape(one.matched, (LEVELS, -1)) for one in there], axis=1)[:, order]
    places = np.flatnonzero(matched.any(axis=0))
    place_of = np.searchsorted(places, np.arange(len(order)))
    before = place_of < len(places)  # what comes behind the last place changes nothing
    found = csr_matrix((np.ones(before.sum()), (pictures[before], place_of[before])), shape=(len(there), len(places)))
    return _Ranked(pictures[places], matched[:, places], found, np.array([one.wanted for one in there], float))


def _average(label: _Ranked, weights: Any, overlaps: slice) -> Any:
    """Return average precision by draw and IoU: at each of COCO's recalls the best precision from there on.

    A picture of weight 2 counts as if it stood there twice. Precision rises only where something is matched.
    """
    import numpy as np

    recalls = np.linspace(0, 1, 101)  # as pycocotools has them, to the last bit
    levels = [np.flatnonzero(line) for line in label.matched[overlaps]]
    wanted, result = weights @ label.wanted, np.zeros((len(weights), len(levels)))
    step = max(1, AT_ONCE // (len(label.pictures) + 1))
    for some in (slice(start, start + step) for start in range(0, len(weights), step)):
        each, found = weights[some][:, label.pictures], (weights[some] @ label.found).cumsum(axis=1)
        for number, hits in enumerate(levels):
            right = each[:, hits].cumsum(axis=1)
            precision = right / (found[:, hits] + np.spacing(1))
            best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            recall = right / np.maximum(wanted[some, None], np.spacing(1))
            recall[recall > 1 - 1e-9] = 1.0  # sums of weights are rounded
            reached = np.searchsorted(recalls, recall, side="right")
            result[some, number] = (best * np.diff(reached, axis=1, prepend=0)).sum(axis=1) / len(recalls)
    result[wanted <= 0] = np.nan
    return result


def _apart(ours: Mapping[str, Noted], theirs: Mapping[str, Noted], overlaps: slice) -> bool:
    import numpy as np

    return ours.keys() != theirs.keys() or any(
        not np.array_equal(one.scores, theirs[name].scores)
        or not np.array_equal(one.matched[overlaps], theirs[name].matched[overlaps])
        for name, one in ours.items()
    )


def _coco_evaluation(*sides: Any) -> Any:
    """Return pycocotools' evaluation of boxes of any size, of the best 100 a picture."""
    from pycocotools.cocoeval import COCOeval

    evaluation = COCOeval(*sides, iouType="bbox")
    evaluation.params.areaRng, evaluation.params.areaRngLbl, evaluation.params.maxDets = [[0, 1e10]], ["all"], [100]
    return evaluation


def _noted(right: Sequence[Any], found: Sequence[Any]) -> dict[str, Noted]:
    """Return what COCO's evaluation notes of one picture, by label."""
    names = sorted({annotation.label for annotation in (*right, *found)})
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        evaluation = _coco_evaluation(_coco(right, names), _coco(found, names))
        evaluation.evaluate()
    return {name: _of_label(one) for name, one in zip(names, evaluation.evalImgs if names else [], strict=True) if one}


def _of_label(noted: Any) -> Noted:
    import numpy as np

    counts = ~np.array(noted["dtIgnore"]).all(axis=0)  # a box of less than no area is passed over
    return Noted(np.array(noted["dtScores"])[counts], (noted["dtMatches"] > 0)[:, counts], len(noted["gtIds"]))


def _coco(annotations: Sequence[Any], names: Sequence[str]) -> Any:
    """Return the objects of a picture in pycocotools' form."""
    from pycocotools.coco import COCO

    table = COCO()
    table.dataset = {"images": [{"id": 0}], "categories": [{"id": place} for place in range(len(names))]}
    table.dataset["annotations"] = [
        {
            "id": number,  # from 1: it takes 0 for no object
            "image_id": 0,
            "category_id": names.index(annotation.label),
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
            "score": getattr(annotation, "score", 1.0),
        }
        for number, annotation in enumerate(annotations, 1)
        for left, top, right, bottom in (annotation.box,)
    ]
    table.createIndex()
    return table


def _mean(precision: Any) -> float:
    import numpy as np

    there = precision[~np.isnan(precision)]
    return float(there.mean()) if there.size else 0.0
