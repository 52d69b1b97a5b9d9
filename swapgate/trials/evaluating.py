"""Rows, as those of an evaluation set: read ahead, recalled or predicted in batches of like length, and counted."""

import functools
import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from swapgate.core.faults import Fault, ModelFault, SurroundingsFault, Unable
from swapgate.inputs.given import Input, extent, whole_digest
from swapgate.inputs.given import digest as input_digest
from swapgate.models.devices import computing, free_memory
from swapgate.outputs import Tolerance
from swapgate.project.evaluation import EvaluationSet
from swapgate.statistics.looks import looks
from swapgate.statistics.tally import Tally
from swapgate.tasks.case import Case
from swapgate.trials.ahead import ahead
from swapgate.trials.asking import OutOfMemory, of_batch, or_raise, read_of
from swapgate.trials.cache import Cache
from swapgate.trials.progress import Advance, Progress, unseen
from swapgate.trials.remembered import Memory, Said, memory
from swapgate.trials.running import Model
from swapgate.trials.spread import Spread

T = TypeVar("T")

EVALUATION_BATCH = 32
"""Rows that go through a model together where nothing says otherwise."""
WINDOW = 1024
"""Rows within which those of like length are put together."""
LARGEST = 64_000_000
"""Bytes of inputs that a window may hold, about: one of large photos or long sounds has fewer rows. While one is
computed two more are read, one of them waits."""
LITTLE = 10_000_000
"""Bytes of weights from which several threads are worth it."""
EVERYTHING = Tolerance(drift=1, reason="precision is averaged over all candidates, also those below the threshold")
"""Objects are kept from the threshold less this drift."""


class Given(NamedTuple):
    """A row as a model is given it."""

    row: Case
    input: Input
    digest: str
    """The whole digest of the input."""
    extent: float
    """How large it is."""


@dataclass(eq=False)
class Evaluating:
    """A model that answers rows."""

    model: Model
    path: Path
    """Of the rows' file."""
    threads: int
    advance: Advance
    memory: Memory | None
    changes: Mapping[str, Any]
    """To the row by which it is asked."""
    batch: int
    """Rows that go through it together; halved when there is too little memory for them."""
    spread: Spread | None = None
    """Over which machines its rows are spread; where over none, this process computes them."""
    answered: int = field(default=0, init=False)
    """Rows that it has answered."""
    recalled: int = field(default=0, init=False)
    """Those whose answer was that of an earlier run."""

    @functools.cached_property
    def known(self) -> Any:
        """What those machines must know of the model. Raises SurroundingsFault."""
        assert self.spread is not None
        return self.spread.known(self.model.asked, self.threads, self.changes)

    def answers(self, window: Sequence[Given]) -> Iterator[Said]:
        """Yield the answers to rows in their order. Raises ModelFault or SurroundingsFault that names the row."""
        keys = [self.memory.key(one.digest) for one in window] if self.memory else []
        known = self.memory.recall(keys) if self.memory else {}
        found: list[Said | None] = [known.get(key) for key in keys] if keys else [None] * len(window)
        asked = [place for place, said in enumerate(found) if said is None]
        if recalled := len(window) - len(asked):
            self.recalled += recalled
            self.advance(recalled)
        self.answered += len(window)
        asked.sort(key=lambda place: window[place].extent, reverse=True)  # what needs most memory first
        begun = self._spread(window, asked) if self.spread else self._in_turn(window, asked)
        return self._finished(keys, found, begun)

    def _finished(
        self, keys: Sequence[bytes], found: list[Said | None], begun: Iterator[tuple[list[int], list[Said]]]
    ) -> Iterator[Said]:
        for places, said in begun:
            for place, one in zip(places, said, strict=True):
                found[place] = one
            if self.memory and (not self.spread or self.spread.alike):
                self.memory.keep({keys[place]: one for place, one in zip(places, said, strict=True)})
            self.advance(len(places))
        yield from (one for one in found if one is not None)

    def _in_turn(self, window: Sequence[Given], asked: list[int]) -> Iterator[tuple[list[int], list[Said]]]:
        """Yield batches of rows, by their places in a window, with the answers to them."""
        while asked:
            places = asked[: self.batch]
            del asked[: len(places)]
            yield places, self._together([window[place] for place in places])

    def _spread(self, window: Sequence[Given], asked: list[int]) -> Iterator[tuple[list[int], list[Said]]]:
        """Send off the same batches, all at once; yields them as they come back in their order."""
        assert self.spread is not None
        _ = self.known  # before threads need it
        cut = [asked[start : start + self.batch] for start in range(0, len(asked), self.batch)]
        sent = [self.spread.submit(self._together, [window[place] for place in places]) for places in cut]
        return ((places, one.result()) for places, one in zip(cut, sent, strict=True))

    def _together(self, batch: Sequence[Given]) -> list[Said]:
        """Return the answers to some rows, in halves as long as there is too little memory for all of them."""
        if not self.spread:
            self.model.asked.load()  # what it raises is no row's fault
        try:
            return self._ask(batch)
        except OutOfMemory as fault:
            if len(batch) == 1:
                raise _of_row(self.model, self.path, batch[0].row, fault) from fault
        except Unable:
            raise  # of no row in particular
        except Fault as fault:
            raise self._found(batch, fault) from fault
        self.batch = half = len(batch) // 2
        free_memory(self.model.source.row.device)
        return [*self._together(batch[:half]), *self._together(batch[half:])]

    def _found(self, batch: Sequence[Given], fault: Fault) -> Fault:
        """Return the fault of a batch where no row alone is at fault. Raises that of the first that is, by its name."""
        model, path = self.model, self.path
        if len(batch) == 1:
            return _of_row(model, path, batch[0].row, fault)
        for one in batch:
            self._alone(one)
        whole = of_batch(fault, len(batch), model.source)
        return type(whole)(f"{model.name}: {path}: {whole} ({model.source.name})")

    def _ask(self, batch: Sequence[Given]) -> list[Said]:
        inputs, ids, asked = [one.input for one in batch], [one.row.id for one in batch], self.model.asked
        if self.spread:
            return self.spread.answers(self.known, inputs, ids)
        with computing(self.threads):
            said = asked.predict(inputs, ids, **self.changes)
            predictions = [or_raise(found) for found in said]
        return [*map(Said, predictions, asked.left_out(inputs))]

    def _alone(self, one: Given) -> Said:
        try:
            return self._ask([one])[0]
        except (ModelFault, SurroundingsFault) as fault:
            raise _of_row(self.model, self.path, one.row, fault) from fault


def evaluating(
    model: Model,
    path: Path,
    advance: Advance,
    cache: Cache | None,
    threads: int,
    spread: Spread | None = None,
    **changes: Any,
) -> Evaluating:
    """Return what a model answers the rows of a file with, asked by its row with some changes, with so many threads.

    Answers that are in the cache are not asked for again, and new ones are kept there. Raises SurroundingsFault where
    its files cannot be read.
    """
    batch = batch_of(model)
    known = memory(cache, model.asked, model.asked.row(**changes), batch, threads) if cache else None
    over = spread if spread and model.backend.by_files else None
    return Evaluating(model, path, threads, advance, known, changes, batch, over)


def answered(
    asked: Sequence[Evaluating], rows: Iterator[Case]
) -> Generator[tuple[Given, tuple[Said, ...]], None, None]:
    """Yield rows in their order with the answer of each model that is asked; an input is read once for all of them.

    Raises ModelFault or SurroundingsFault that names the row.
    """
    read = _read(asked[0].model, asked[0].path, rows)
    with closing(ahead(_windows(read), 1)) as windows:
        begun = ((window, [one.answers(window) for one in asked]) for window in windows)
        for window, answers in _one_ahead(begun) if any(one.spread for one in asked) else begun:
            for row, *said in zip(window, *answers, strict=True):
                yield row, tuple(said)


def tally_of(
    model: Model,
    evaluation: EvaluationSet,
    progress: Progress = unseen,
    cache: Cache | None = None,
    threads: int = 1,
    first: int | None = None,
    keep: bool = False,
    spread: Spread | None = None,
) -> Tally:
    """Predict the rows of an evaluation set, once, with so many threads.

    `first`: as many of them as are wanted, all those that a look sees; where more were asked before, what `Tally.first`
    says of these. `keep`: whether what is predicted is kept too. All rows are read and checked before. Raises
    ModelFault or SurroundingsFault that names the row.
    """
    wanted = evaluation.count if first is None else first
    counted = model.tally or Tally(model.task.output, keep)
    if counted.rows < wanted:
        model.tally, cases = None, _between(evaluation, counted.rows, wanted)  # a part that a fault cuts off is none
        with progress(wanted - counted.rows) as advance:
            asked = evaluating(model, evaluation.path, advance, cache, threads, spread, tolerance=EVERYTHING)
            with closing(answered([asked], cases)) as rows:
                for one, (said,) in rows:
                    _count(counted, one, said)
        model.tally, model.recalled = counted, model.recalled + asked.recalled
    return counted if counted.rows == wanted else counted.first(wanted)


def kept(models: Sequence[Model], evaluation: EvaluationSet, cache: Cache, threads: Sequence[int]) -> list[Tally]:
    """Return, of each of some models, the tally of the rows to which all their answers are kept, as each would be asked
    with so many threads; no model is asked.

    Raises SurroundingsFault where files cannot be read.
    """
    tallies = [Tally(model.task.output) for model in models]
    asked = [
        evaluating(model, evaluation.path, lambda _: None, cache, count, tolerance=EVERYTHING)
        for model, count in zip(models, threads, strict=True)
    ]
    known = [one.memory for one in asked if one.memory]
    if len(known) < len(asked):
        return tallies
    for window in _windows(_read(models[0], evaluation.path, evaluation.rows())):
        keys = [[memory.key(one.digest) for one in window] for memory in known]
        found = [memory.recall(each) for memory, each in zip(known, keys, strict=True)]
        for place, one in enumerate(window):
            said = [answers.get(each[place]) for answers, each in zip(found, keys, strict=True)]
            if None not in said:
                for tally, answer in zip(tallies, filter(None, said), strict=True):
                    _count(tally, one, answer)
    return tallies


def _between(evaluation: EvaluationSet, start: int, stop: int) -> Iterator[Case]:
    """Yield rows part by part, from look to look: in the same order however many are wanted at once."""
    ends = [look.rows for look in looks(evaluation.count)] if evaluation.shuffled else [evaluation.count]
    for end in ends:
        if start < end <= stop:
            yield from evaluation.part(start, end)
            start = end


def threads_for(model: Model, asked: int | None, most: int) -> int:
    """Return with how many threads rows are computed where somebody asked for some, or nobody and there are so many
    cores: a model of few weights gains nothing by several, and waits for all of them where others use the machine.

    Raises SurroundingsFault where its files cannot be read.
    """
    return asked or (most if model.backend.threads and model.source.bytes >= LITTLE else 1)


def batch_of(model: Model) -> int:
    """Return how many rows go through a model together."""
    return model.task.batch if model.source.row.device == "cpu" else max(model.task.batch, EVALUATION_BATCH)


def _count(counted: Tally, one: Given, said: Said) -> None:
    row, given = one.row, one.digest[:16]
    counted.add(
        row.id,
        said.prediction,
        row.expected,
        given=given,
        cluster=row.cluster,
        source=row.source,
        slices=row.slices,
        length=one.extent,
        shown=row.shown,
        left_out=said.left_out,
        key=input_digest(f"{given} {row.expected_digest}"),
    )


def _read(model: Model, path: Path, rows: Iterator[Case]) -> Iterator[Given]:
    """Yield rows with their inputs. Raises SurroundingsFault that names the row."""
    for row in rows:
        try:
            given = row.input
            yield Given(row, given, whole_digest(given), extent(given))
        except SurroundingsFault as fault:
            raise _of_row(model, path, row, fault) from fault


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield what an iterator yields, when it was asked for the next one too."""
    held = [*itertools.islice(items, 1)]
    for item in items:
        yield held.pop()
        held.append(item)
    yield from held


def _windows(rows: Iterator[Given]) -> Generator[list[Given], None, None]:
    """Cut rows into windows that memory can hold."""
    window: list[Given] = []
    held = 0
    for one in rows:
        window.append(one)
        held += _bytes(one.input)
        if len(window) == WINDOW or held >= LARGEST:
            yield window
            window, held = [], 0
    if window:
        yield window


def _bytes(given: Input) -> int:
    """Return how many bytes an input takes, about: of samples or pixels, each of three; of a text next to none."""
    samples = getattr(given, "samples", None)
    return int(samples.nbytes) if samples is not None else 3 * int(extent(given)) if hasattr(given, "width") else 0


def _of_row(model: Model, path: Path, row: Case, fault: Fault) -> Fault:
    """Return a fault with the name of its row."""
    where = f"{model.name}: row {row.id!r} of {path}"
    if isinstance(fault, ModelFault):
        return ModelFault(f"{where}: {fault} ({model.source.name})")
    return SurroundingsFault(f"{where}{read_of(row, fault)}: {fault}")
