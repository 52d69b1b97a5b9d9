"""What is timed of a tier: which case, alone or in a batch, in seconds a call and in seconds a produced token."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from swapgate.core.faults import Fault, ModelFault
from swapgate.inputs.given import extent
from swapgate.project.cases import Cases
from swapgate.statistics.latency import SAMPLES_FOR_P90, Ratio, Times, compare, p90
from swapgate.tasks.case import Case
from swapgate.tasks.generation import Generation
from swapgate.trials.running import Model

BATCH = 8
"""Inputs of a large batch."""
ROUNDS = 20
"""Calls that pytest-benchmark records in an ordinary run."""
FIRST_TOKENS = 5
"""Calls that write one token, of which the shortest is told."""


@dataclass(frozen=True)
class Work:
    """What one call does."""

    case: Case
    batch: int = 1
    """How many times the case stands in the batch."""
    id: str = ""
    """Names it in test ids and reports; empty for that of an ordinary run."""

    @property
    def description(self) -> str:
        """Word it for a message."""
        return repr(self.case.id) if self.batch == 1 else f"{self.batch} times {self.case.id!r}"

    def call(self, model: Model, tokens: int | None = None) -> Callable[[], object]:
        """Return a call of the model; `tokens`: how many it must write for each input, neither more nor fewer."""
        inputs, changes = [self.case.input] * self.batch, {}
        if tokens is not None:
            settings = getattr(model.source.row, "generation", None) or Generation.model_validate({})
            changes["generation"] = settings.model_copy(update={"min_new_tokens": tokens, "max_new_tokens": tokens})
        return lambda: model.predict(inputs, **changes)

    def produced(self, model: Model) -> int | None:
        """Count the tokens that a call writes; None for models that write none one by one."""
        return model.produced([self.case.input] * self.batch)


def all_works(cases: Cases) -> list[Work]:
    """Return the shortest and the longest case of those that can be read, each alone and in a batch."""
    sizes = {case.id: _extent(case) for case in cases.cases}
    read = [case for case in cases.cases if sizes[case.id] is not None] or [cases.latency]
    ordered = sorted(read, key=lambda case: sizes[case.id] or 0)
    ends = {"short": ordered[0], "long": ordered[-1]}
    return [Work(case, size, f"{name}_{size}") for name, case in ends.items() for size in (1, BATCH)]


def _extent(case: Case) -> float | None:
    """Return how large a case is; None where it cannot be read, which its tests tell."""
    try:
        return extent(case.input)
    except Fault:
        return None


def ratio(model: Model, reference: Model, work: Work, at_most: float) -> Ratio:
    """Measure a model beside its reference until its budget is decided.

    Of two that write token by token, one that stops early is not the faster for that: where the model writes fewer
    tokens than the reference, both are timed while they write as many as the reference does by itself. So seconds a
    token are compared, and what a call costs before its first token counts as much for one as for the other.

    Raises ModelFault where the model writes nothing and the reference does.
    """
    ours, theirs = work.produced(model), work.produced(reference)
    if ours == 0 and theirs:
        raise ModelFault(
            f"{model.name} '{work.case.id}': {model.source.name} writes nothing, {reference.source.name} {theirs}"
            " tokens; no time can be compared, see what it answers to the case"
        )
    tokens = theirs // work.batch if ours and theirs and ours < theirs else None
    waits = model.synchronizer(), reference.synchronizer()
    found = compare(work.call(model, tokens), work.call(reference, tokens), at_most, lambda: [wait() for wait in waits])
    return replace(found, unit=f" with {tokens} tokens each") if tokens else found


def times(model: Model, work: Work, seconds: Sequence[float]) -> Times:
    """Sum up the seconds of recorded calls, and what is no steady state."""
    median, tokens = statistics.median(seconds), work.produced(model)
    return Times(
        case=work.case.id,
        batch=work.batch,
        median=median,
        p90_at_most=p90(seconds),
        samples=len(seconds),
        load=model.load_seconds,
        first_call=model.first_call_seconds,
        produced_tokens=tokens,
        a_token=median / tokens if tokens else None,
        first_token=_first_token(model, work) if tokens else None,
    )


def _first_token(model: Model, work: Work) -> float:
    """Return the seconds of a call that writes one token: the shortest of a few."""
    call, wait = work.call(model, 1), model.synchronizer()

    def seconds() -> float:
        start = time.perf_counter()
        call()
        wait()
        return time.perf_counter() - start

    return min(seconds() for _ in range(FIRST_TOKENS))


def rounds(all_sizes: bool) -> int:
    """Return how many calls are recorded: where all sizes are asked for, enough to speak of a percentile."""
    return SAMPLES_FOR_P90 if all_sizes else ROUNDS
