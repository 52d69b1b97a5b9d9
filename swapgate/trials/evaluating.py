"""The rows of an evaluation set, predicted in batches and counted."""

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from swapgate.core.faults import Fault, ModelFault, SurroundingsFault
from swapgate.inputs.given import digest as input_digest
from swapgate.inputs.given import extent
from swapgate.outputs import Tolerance
from swapgate.outputs.prediction import Prediction
from swapgate.project.evaluation import EvaluationSet
from swapgate.statistics.looks import looks
from swapgate.statistics.tally import Tally
from swapgate.tasks.case import Case
from swapgate.trials.asking import or_raise, read_of
from swapgate.trials.running import Model

EVALUATION_BATCH = 32
EVERYTHING = Tolerance(drift=1, reason="precision is averaged over all candidates, also those below the threshold")
"""Objects are kept from the threshold less this drift."""


class Evaluated(NamedTuple):
    """What came of a row of an evaluation set."""

    prediction: Prediction
    given: str
    """The digest of its input."""
    left_out: str
    """What was done with it where it is longer than the model reads."""
    length: float
    """How large its input is, as `extent` says."""


Progress = Callable[[Iterator[Case], int], Generator[Case, None, None]]
"""Is given rows and their number, and gives the rows."""


def unseen(rows: Iterator[Case], _count: int) -> Generator[Case, None, None]:
    """Return the rows, and show nothing meanwhile."""
    yield from rows


def tally_of(model: Model, evaluation: EvaluationSet, progress: Progress = unseen, first: int | None = None) -> Tally:
    """Predict the rows of an evaluation set in batches, once; `progress` sees each row pass.

    `first`: as many of them as are wanted, all those that a look sees; where more were asked before, what `Tally.first`
    says of these. All rows are read and checked before. Raises ModelFault or SurroundingsFault that names the row.
    """
    wanted = evaluation.count if first is None else first
    counted = model.tally or Tally(model.task.output)
    if counted.rows < wanted:
        model.tally = None  # a part that a fault cuts off is none
        with closing(progress(_between(evaluation, counted.rows, wanted), wanted - counted.rows)) as rows:
            while batch := list(itertools.islice(rows, EVALUATION_BATCH)):
                for row, found in zip(batch, _evaluated(model, batch, evaluation), strict=True):
                    counted.add(
                        row.id,
                        found.prediction,
                        row.expected,
                        given=found.given,
                        cluster=row.cluster,
                        source=row.source,
                        slices=row.slices,
                        length=found.length,
                        shown=row.shown,
                        left_out=found.left_out,
                        key=input_digest(f"{found.given} {row.expected_digest}"),
                    )
        model.tally = counted
    return counted if counted.rows == wanted else counted.first(wanted)


def _between(evaluation: EvaluationSet, start: int, stop: int) -> Iterator[Case]:
    """Yield rows part by part, from look to look: in the same order however many are wanted at once."""
    ends = [look.rows for look in looks(evaluation.count)] if evaluation.shuffled else [evaluation.count]
    for end in ends:
        if start < end <= stop:
            yield from evaluation.part(start, end)
            start = end


def _evaluated(model: Model, batch: Sequence[Case], evaluation: EvaluationSet) -> list[Evaluated]:
    """Return what came of some rows."""
    model.asked.load()  # what it raises is no row's fault
    try:
        return _evaluated_together(model, batch)
    except Fault:
        pass  # one by one, the row that is at fault can be named
    return [_evaluated_alone(model, row, evaluation) for row in batch]


def _evaluated_together(model: Model, batch: Sequence[Case]) -> list[Evaluated]:
    inputs = [row.input for row in batch]
    digests = [input_digest(one) for one in inputs]
    predictions = [or_raise(found) for found in model.asked.predict(inputs, tolerance=EVERYTHING)]
    return [*map(Evaluated, predictions, digests, model.asked.left_out(inputs), map(extent, inputs))]


def _evaluated_alone(model: Model, row: Case, evaluation: EvaluationSet) -> Evaluated:
    where = f"{model.name}: row {row.id!r} of {evaluation.path}"
    try:
        return _evaluated_together(model, [row])[0]
    except ModelFault as fault:
        raise ModelFault(f"{where}: {fault} ({model.source.name})") from fault
    except SurroundingsFault as fault:
        raise SurroundingsFault(f"{where}{read_of(row, fault)}: {fault}") from fault
