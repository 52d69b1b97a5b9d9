"""What all kinds of predictions share: their JSON, and the object that says how one kind is compared and counted."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, NamedTuple, Protocol, Self, TypeAlias

from rich.text import Text as Line

from swapgate.outputs.blocks import Block
from swapgate.outputs.counts import RIGHT, Counts, Figures
from swapgate.outputs.tolerance import Mismatch, Tolerance

EXACT: Any = {"extra": "forbid"}
"""For reading JSON: a field too many is as wrong as one too few."""

Expected: TypeAlias = Any
"""What is right in a case; the file of each kind of prediction says what that is."""

ADDED = ("rest", "others", "threshold")
"""Fields of predictions that the suite adds to what a model says."""


class Prediction:
    """What a model said about one input: a frozen dataclass with its JSON form."""

    __slots__ = ()


class Accumulator(Protocol):
    """Figures that are no function of sums over rows, as an average precision is.

    One that also has `noted(row)`, which returns what it has noted of a row as JSON can hold it, and `recall(noted)`,
    which notes a row anew by that (or raises ValueError), has figures that can be compared with an anchor's.
    """

    names: Collection[str]
    """Those by which a budget may judge."""

    def add(self, prediction: Any, expected: Any) -> None:
        """Note a row."""

    def figures(self) -> Figures:
        """Return all figures."""

    def weighted(self, name: str, weights: Any) -> Any:
        """Return one figure, an array of shape (draws,), for weights of the rows, of shape (draws, rows)."""

    def masses(self) -> Any:
        """Return as how much each row counts, for each part that a figure is the mean of: of shape (rows, parts)."""

    def differs(self, other: Self, name: str) -> Any:
        """Return which rows differ from the other side in what counts for a figure: booleans of shape (rows,)."""

    def is_better(self, other: Self, name: str) -> Any:
        """Return which rows are better than on the other side, as each can tell: booleans of shape (rows,)."""


class Compare(NamedTuple):
    """How predictions of one kind are compared.

    Each function walks the union of both sides, collects every difference in words, and never raises.
    """

    invalid: Callable[[Any, str], list[Mismatch]]
    """Of a prediction and whose it is: what no model could have meant (NaN, a score above 1)."""
    expected: Callable[[Any, Any], list[Mismatch]]
    """Of a prediction and the right answer."""
    drift: Callable[[Any, Any, Tolerance, str], list[Mismatch]]
    """Of a prediction, the golden of the same weights, the tolerance, and how messages call the golden."""
    swap: Callable[[Any, Any, Any, Tolerance], list[Mismatch]]
    """Of a candidate's prediction, the incumbent's golden, the right answer and the tolerance."""
    recorded: Callable[[Any, Any, Tolerance, str], list[Mismatch]] | None = None
    """As `drift`, where others recorded the golden and it may hold less; as `drift` where it is None."""


@dataclass(frozen=True, eq=False)
class Output:
    """How one kind of prediction is compared, counted and shown."""

    prediction: type[Prediction]
    compare: Compare
    count: Callable[[Any, Any], Counts]
    """Of a prediction and the right answer: what a row of an evaluation set adds."""
    figures: Callable[[Counts, float], Figures]
    """Of the sums over rows, and how many rows these are; `by_label` adds those of pairs of labels."""
    diff: Callable[[Any, Any, object], Iterator[Line]]
    """Of a golden (None: all is new), a prediction and the input: the lines of a coloured diff."""
    dress: Callable[[Any, Any, Any, Any], Sequence[Block]] | None = None
    """Of a golden (None: there is none), a prediction, the right answer and the input: how it is shown on a page, in
    blocks of `swapgate.outputs.blocks`. None: as the lines of `diff`."""
    headline: Callable[[Counts], str | None] = lambda _: None
    """Of the sums over rows: the figure that is told first, where it is another than the task's first."""
    besides: Callable[[Counts], Sequence[str]] = lambda _: ()
    """Of the sums over rows: the figures that a limit which names none judges besides that."""
    of_rows: Mapping[str, str] = field(default_factory=dict)
    """Of a figure that not all rows have a part in: the number, 0 or 1 in each row, that says which have."""
    shares: frozenset[str] = frozenset()
    """Figures of rows that are either right or wrong, besides `RIGHT`."""
    less_is_better: frozenset[str] = frozenset()
    """Figures that are errors."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Numbers in which two models can differ, of a figure that is not one itself and not of pairs of labels."""
    capped: Mapping[str, str] = field(default_factory=dict)
    """From a figure to the one that judges it: an error rate to that in which no row counts more than all of itself."""
    capped_words: str = ""
    """How a figure that is judged by another differs from it, so that its own value can follow."""
    signatures: Callable[[], Mapping[str, str]] | None = None
    """Tells of figures by name how a library computes them, in its own words. None where there is one way alone."""
    ratios: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Numbers to whose sum a figure is a ratio, by its name: a row counts for it as they do."""
    answer: Callable[[Any], str] = str
    """Of a prediction: what a person would call right or wrong of it, in words, without scores."""
    lead: Callable[[Any, Any, Any], float | None] = lambda golden, candidate, right: getattr(golden, "margin", None)
    """Of a prediction that is right, another one that is not, and the right answer: how clearly the first said what
    the other lost, and not what that has wrongly, in [0, 1]; None where that is not known."""
    highest: Mapping[str, float] = field(default_factory=dict)
    """The most that a figure can be, by its name, where that is not 1."""
    scored: Callable[[Any, Any], Sequence[tuple[float, bool]]] | None = None
    """Of a prediction and the right answer: of each thing that it found its score, and whether it is right. None where
    a prediction is one answer, or has no probability."""
    accumulator: Callable[[], Accumulator] | None = None
    """Makes what gathers figures that are no function of sums."""
    limits: tuple[str, ...] = ()
    """Limits of a tolerance that it has besides those of all kinds."""
    uncertainty: Callable[[Any, float], float] | None = None
    """Of a golden and the unit to which its edges were cut: by how much 1 - IoU is unknown."""
    one_is_enough: bool = False
    """Whether of several labels in an expected answer one must be given, and not all."""
    answered: Callable[[Any, Any, Any], Any] | None = None
    """Of what a pipeline of transformers returns for an input as JSON, that input, and the settings of a row (labels,
    threshold): the prediction, in which margins are unknown. Raises SurroundingsFault where it is no such answer or has
    a label that the row does not map, ModelFault where no model could have meant it. None: predictions of the kind are
    not read from others' answers."""
    extra: str = ""
    """The extra of swapgate with what compares and counts it (`swapgate.core.extras`); nothing where none is needed."""
    unscored: int = 0
    """What is compared of a prediction besides its numbers: of a text the text itself."""

    def is_share(self, figure: str) -> bool:
        """Return whether a figure is the share of rows that are right."""
        return figure == RIGHT or figure in self.shares


def to_json(prediction: Prediction) -> dict[str, Any]:
    """Return the JSON form; numbers keep 7 significant digits, which is what float32 holds.

    What a field is by default is left out, so that older files have the same form.
    """
    form: dict[str, Any] = _json(prediction)
    return form


def is_whole(prediction: Prediction) -> bool:
    """Return whether nothing of a prediction is unknown."""
    return not any(value is None for value in _leaves(prediction))


def numbers(prediction: Prediction) -> int:
    """Return how many scores, margins and edges of boxes a prediction holds."""
    return sum(isinstance(value, float) for value in _leaves(prediction))


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what a prediction is made of, but for what the suite adds."""
    if is_dataclass(value):
        for name in (field.name for field in fields(value) if field.name not in ADDED):
            yield from _leaves(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def comma_list(items: Sequence[object]) -> str:
    """Return a list in words for a message."""
    return ", ".join(map(str, items)) or "nothing"


def _json(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if is_dataclass(value):
        said = [(field, getattr(value, field.name)) for field in fields(value)]
        return {field.name: _json(item) for field, item in said if item != field.default}
    return [_json(item) for item in value] if isinstance(value, list | tuple) else value
