"""Rankings: which passages of a corpus answer a query best, and the score of each."""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text as Line

from swapgate.core.faults import ModelFault
from swapgate.core.words import shortened
from swapgate.outputs import blocks
from swapgate.outputs.answered import foreign, number_in, tables
from swapgate.outputs.counts import Counts, Figures
from swapgate.outputs.diff import score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction
from swapgate.outputs.tolerance import Mismatch, Tolerance, exceeds, score_drift

TOP = 10
"""Passages that a ranking keeps with their scores, and on which its figures look."""
NDCG, RECALL, MRR = FIGURES = (f"nDCG@{TOP}", f"recall@{TOP}", f"MRR@{TOP}")
SHOWN = 60
"""Letters of a passage that a diff shows."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and how similar the model finds it to the query: a cosine, in [-1, 1], or any dot product."""

    __pydantic_config__ = EXACT

    id: str
    score: float

    def __str__(self) -> str:
        return f"{self.id} {self.score:.4f}"


@dataclass(frozen=True, slots=True)
class Ranking(Prediction):
    """The passages that are nearest to a query."""

    __pydantic_config__ = EXACT

    hits: tuple[Hit, ...]
    """The best `TOP` of the corpus, best first."""

    def __str__(self) -> str:
        return ", ".join(map(str, self.hits))


@dataclass(frozen=True, slots=True)
class Relevant:
    """The passages that answer a query: what is right in a case."""

    grades: tuple[tuple[str, int], ...]
    """Of each how relevant it is, from 1."""
    within: int | None = None
    """Among how many of the first one of them must be; None: as many as they are come first, in any order."""

    @property
    def ids(self) -> list[str]:
        """All of them."""
        return [name for name, _ in self.grades]


def ranked(scores: Sequence[float], ids: Sequence[str]) -> Ranking:
    """Return the best `TOP` passages, best first, and in the order of their ids where scores are equal.

    There is one score a passage of the corpus. Raises ValueError where there are not as many scores as ids.
    """
    found = heapq.nsmallest(TOP, zip(scores, ids, strict=True), key=lambda one: (-one[0], one[1]))
    return Ranking(tuple(Hit(name, score) for score, name in found))


def answered(said: Any, given: Any, _row: Any) -> Ranking:
    """Read a score for each passage in the order of the corpus, or a list of ids and scores.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    ids: Sequence[str] = given.corpus.ids
    wanted = f'a score for each of {len(ids)} passages, or a list of {{"id": …, "score": …}}'
    numbers = isinstance(said, list) and said and not any(isinstance(one, Mapping) for one in said)
    several = [{"id": name, "score": score} for name, score in zip(ids, said, strict=False)] if numbers else said
    if numbers and len(said) != len(ids):
        raise foreign(said, wanted)
    found: dict[str, float] = {}
    for table in tables(several, wanted, "id", "score"):
        name = str(table["id"])
        if name in found:
            raise ModelFault(f"it says the passage {name} twice")
        if name not in given.corpus.texts:
            raise ModelFault(f"it says the passage {name}, which the corpus has not")
        found[name] = number_in(table, "score", wanted, name)
    if not found:
        raise foreign(said, wanted)
    return ranked([*found.values()], [*found])


def invalid(actual: Ranking, whose: str) -> list[Mismatch]:
    """Return a mismatch for each score that is no number, and where they do not fall or a passage stands twice."""
    if not actual.hits:
        return [Mismatch("hits", f"{whose}ranking has no passages")]
    mismatches = [
        Mismatch(f"hits[{hit.id}].score", f"{whose}{hit.id} has the score {hit.score}, which is no number")
        for hit in actual.hits
        if not math.isfinite(hit.score)
    ]
    scores = [hit.score for hit in actual.hits]
    if not mismatches and (scores != sorted(scores, reverse=True) or len(_by_id(actual)) < len(scores)):
        mismatches.append(Mismatch("hits", f"{whose}scores do not fall, or a passage stands twice: {actual}"))
    return mismatches


def expected(actual: Ranking, right: Relevant) -> list[Mismatch]:
    """Ask for the relevant passages in the first places, or where the case says so for one of them among so many."""
    first = [hit.id for hit in actual.hits[: right.within or len(right.grades)]]
    missing = [name for name in right.ids if name not in first]
    if not missing or (right.within and len(missing) < len(right.grades)):
        return []
    if right.within:
        wanted = " or ".join(f"{name} ({_stated(actual, name)})" for name in missing)
        among = f"among the first {right.within}" if right.within > 1 else "first"
        return [Mismatch("hits", f"{actual.hits[0]} is first, expected {wanted} {among}")]
    among = f"among the first {len(right.grades)}" if len(right.grades) > 1 else "first"
    wrong = next((f"{hit} ranks before it" for hit in actual.hits if hit.id not in right.ids), "it is not ranked")
    return [
        Mismatch(f"hits[{name}]", f"{name} ({_stated(actual, name)}) is expected {among}, and {wrong}")
        for name in missing
    ]


def drift(actual: Ranking, golden: Ranking, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same scores, so that passages can only change places where they are near ties.

    A passage that one side does not keep among its best counts as having at most the least score that it keeps.
    """
    ours, theirs = _by_id(actual), _by_id(golden)
    mismatches: list[Mismatch] = []
    for name in {**theirs, **ours}:
        now, then = ours.get(name), theirs.get(name)
        now = min(theirs[name], actual.hits[-1].score) if now is None else now
        then = min(now, golden.hits[-1].score) if then is None else then
        mismatches += score_drift(f"hits[{name}].score", f"{name} scored", now, then, tolerance, reference)
    if mismatches or [*ours] == [*theirs]:
        return mismatches
    place = next(place for place, (one, two) in enumerate(zip(ours, theirs, strict=False)) if one != two)
    here, there = actual.hits[place], golden.hits[place]
    near = tolerance.of_score(there.score)
    message = f"{here} is number {place + 1}, {reference} {there}: a near tie, all scores are within {near:g}"
    return [Mismatch(f"hits[{place}].id", message, tie=True)]


def swap(candidate: Ranking, golden: Ranking, right: Relevant, tolerance: Tolerance) -> list[Mismatch]:
    """Ask that what the incumbent found the candidate finds, and that what is right leads by little less.

    Models have scales of their own, so leads are told as shares of the range of a ranking's scores.
    """
    if expected(golden, right):
        return []
    if lost := expected(candidate, right):
        return [Mismatch(one.path, f"lost: {one}") for one in lost]
    now, then = clearness(candidate, right), clearness(golden, right)
    if not exceeds(then - now, tolerance.swap):
        return []
    message = (
        f"{' + '.join(right.ids)} leads by {now:.4f} of the range of scores, the incumbent by {then:.4f}: fell by"
        f" {then - now:.4f}, allowed {tolerance.swap:g}"
    )
    return [Mismatch("hits", message)]


def clearness(found: Ranking, right: Relevant) -> float:
    """Return by how much a ranking that is right is so, in [0, 1]: how far what is relevant is ahead of that wrong
    passage that must not come before it, as a share of the range of scores that are kept; 1 where none is kept.
    """
    scores = _by_id(found)
    wrong = [score for name, score in scores.items() if name not in right.ids]
    relevant = [score for name, score in scores.items() if name in right.ids]
    place = (right.within or 1) - 1
    if place >= len(wrong) or not relevant:
        return 1.0 if relevant else 0.0
    spread = found.hits[0].score - found.hits[-1].score
    lead = (max(relevant) if right.within else min(relevant)) - wrong[place]
    return min(max(lead / spread, 0.0), 1.0) if spread else 0.0


def count(found: Ranking, right: Relevant) -> Counts:
    """Return what a row adds: nDCG with linear gains (Järvelin and Kekäläinen 2002, as scikit-learn and torchmetrics
    have it), recall and the reciprocal rank of the first relevant passage, all of the first `TOP`.
    """
    grades, there = dict(right.grades), [hit.id for hit in found.hits]
    places = [place for place, name in enumerate(there, 1) if name in grades]
    gained = _discounted([grades.get(name, 0) for name in there])
    return {
        NDCG: gained / _discounted(sorted(grades.values(), reverse=True)[:TOP]),
        RECALL: len(places) / len(grades),
        MRR: 1 / places[0] if places else 0.0,
    }


def _discounted(gains: Sequence[int]) -> float:
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def figures(counts: Counts, rows: float) -> Figures:
    """Return the means over rows."""
    return {name: counts[name] / rows for name in FIGURES}


def diff(golden: Ranking | None, now: Ranking, given: object) -> Iterator[Line]:
    """Yield a line a passage, with its place and how it begins."""
    texts: Mapping[str, str] = getattr(getattr(given, "corpus", None), "texts", {})
    then, there = (_by_id(one) if one else {} for one in (golden, now))
    for name in [*there, *(name for name in then if name not in there)]:
        place = [*there].index(name) + 1 if name in there else "–"
        begins = shortened(texts.get(name, ""), SHOWN)
        yield Line.assemble(
            f"  {place} {name} ", *score_change(then.get(name), there.get(name)), (f"  {begins}", "dim")
        )


def dress(golden: Ranking | None, now: Ranking, right: Relevant, given: object) -> list[blocks.Block]:
    """Show the scores of both sides as bars, or as lines where they are none in [0, 1]."""
    then, there = (_by_id(one) if one else {} for one in (golden, now))
    if not all(0 <= score <= 1 for score in (*then.values(), *there.values())):
        return [blocks.lines(diff(golden, now, given))]
    names = dict.fromkeys((*there, *then, *right.ids))
    return [blocks.bars((name, then.get(name), there.get(name), name in right.ids) for name in names)]


def _by_id(found: Ranking) -> dict[str, float]:
    return {hit.id: hit.score for hit in found.hits}


def _stated(found: Ranking, name: str) -> str:
    """Return the score and the place of a passage in words."""
    names = [*_by_id(found)]
    if name not in names:
        return f"below {found.hits[-1].score:.4f}"
    return f"{_by_id(found)[name]:.4f}, number {names.index(name) + 1}"


OUTPUT = Output(
    prediction=Ranking,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    diff=diff,
    dress=dress,
    lead=lambda golden, candidate, right: clearness(golden, right),
    answer=lambda found: str(found.hits[0].id),
    answered=answered,
)
