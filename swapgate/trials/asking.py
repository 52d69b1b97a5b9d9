"""A model that is loaded once and asked batches of inputs; whatever it raises comes back as a fault in words."""

import functools
import gc
import re
import time
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from swapgate.backends import backend_of
from swapgate.backends.backend import Backend
from swapgate.core.faults import Fault, ModelFault, SurroundingsFault, Unable
from swapgate.core.words import first_line, told
from swapgate.inputs.given import Input
from swapgate.models.causes import cause
from swapgate.models.digest import Written, written
from swapgate.models.loading import PANIC, Source
from swapgate.outputs.prediction import Prediction
from swapgate.project.manifest import Row
from swapgate.tasks.case import Case
from swapgate.tasks.task import Task

OUT_OF_MEMORY = re.compile("MemoryError|out of memory|can(no|')t allocate memory|not enough memory", re.IGNORECASE)
"""What Python, torch (in a RuntimeError) and the system (in an OSError) say."""

TYPE_MISSING = re.compile("not implemented for '(Half|BFloat16)'")
"""What torch says of an operation that a device lacks for a type of numbers."""


class OutOfMemory(Unable):
    """There was too little memory."""


class Crash(ModelFault):
    """The model raised what it should not have, in words."""

    def __init__(self, words: str) -> None:
        super().__init__(f"the model crashed: {words}")
        self.words = words


@dataclass(eq=False)
class Asking:
    """A model as it is asked by its row."""

    task: Task
    source: Source
    judging: Row
    """The row that judges, whose keys of judging replace the model's own."""
    first: Sequence[Case]
    """On which it is tried whether it answers anything at all."""
    first_call_seconds: float | None = field(default=None, init=False)
    """How long the first call after loading took."""
    loaded: Any = field(default=None, init=False)
    """What its backend has loaded; None before and after."""
    read: Written | None = field(default=None, init=False)
    """How its files were before they were loaded; None where these do not tell what it says, or cannot be looked at."""
    _broken: SurroundingsFault | None = field(default=None, init=False)
    """Why it cannot be loaded, so that it is tried once."""

    @property
    def backend(self) -> Backend:
        """What makes its predictions."""
        return backend_of(self.source)

    def row(self, **changes: Any) -> Row:
        """Return the row that it is asked by: its own, but for what judges."""
        judging = {key: getattr(self.judging, key) for key in self.task.judging_keys if hasattr(self.judging, key)}
        return self.source.row.model_copy(update=judging | changes)

    @property
    def by_files(self) -> bool:
        """Whether its files tell all of what it says; not of a server, a function or a recording."""
        return self.backend.by_files

    def load(self) -> Any:
        """Load the model if it is not. Raises SurroundingsFault."""
        if self._broken is not None:
            raise SurroundingsFault(*self._broken.args)  # a new one: each raise adds to the traceback of the old
        if self.loaded is None:
            self.read = self._files()
            try:
                self.loaded = self.backend.load(self.task, self.source)
            except Exception as error:
                lack = self._lack_of_memory(error, "was loaded")
                self._broken = lack or (error if isinstance(error, SurroundingsFault) else None)
                if lack is not None:
                    raise lack from error
                raise
            self.first_call_seconds = None
        return self.loaded

    def _files(self) -> Written | None:
        with suppress(Fault):
            return written(self.backend.files(self.source)) if self.by_files else None
        return None

    def release(self) -> None:
        """Let go of the weights, or of what answers; predictions stay."""
        if self.backend.answers and self.loaded is not None:
            self.loaded.close()
            self.loaded = None
        elif self.loaded is not None:
            alive = weakref.ref(self.loaded.model)
            self.loaded = None
            if alive() is not None:  # collecting takes a quarter of a second beside torch, and is rarely needed
                gc.collect()

    def predict(
        self, inputs: Sequence[Input], ids: Sequence[str] = (), **changes: Any
    ) -> list[Prediction | ModelFault]:
        """Predict one batch, with changes to the row; a ModelFault stands for what the model has no answer to.

        `ids` are those of the cases or rows that the inputs are of.

        Raises ModelFault where it crashes, SurroundingsFault for what is not its own fault, and Unable where that is
        of no input in particular.
        """
        try:
            return self._ask(inputs, ids, **changes)
        except Crash:
            if self.first_call_seconds is None:
                _ = self.unanswered  # raises where it crashes whatever it is given
            raise

    @functools.cached_property
    def unanswered(self) -> list[tuple[Case, Fault]]:
        """What is wrong with each of the first cases that can be read, asked alone; nothing where one is answered, or
        there is no other. Raises Unable where it crashes at all of them, and then it is not asked again.
        """
        found: list[tuple[Case, Fault]] = []
        for case in self.first:
            try:
                given = case.input
            except Fault:
                continue  # what cannot be read tells nothing of the model
            try:
                or_raise(self._ask([given], [case.id])[0])
            except Fault as fault:
                found.append((case, fault))
            else:
                return []
        crashes = [fault for _, fault in found if not isinstance(fault, ModelFault) or isinstance(fault, Crash)]
        if len(crashes) == len(found) > 1 and isinstance(crash := crashes[0], Crash):
            self._broken = Unable(
                f"{self.source.name} crashes whatever it is given ({crash.words}); its files or settings do not fit"
                " together: mend them, or save the model again"
            )
            raise self._broken
        return found if len(found) > 1 else []

    def _ask(self, inputs: Sequence[Input], ids: Sequence[str], **changes: Any) -> list[Prediction | ModelFault]:
        row, loaded = self.row(**changes), self.load()
        start = time.perf_counter()
        try:
            found = self._checked(self.backend.predict(self.task, loaded, inputs, row, ids), len(inputs))
        except Fault as fault:
            if isinstance(fault, ModelFault) and (lack := self._lack_of_memory(fault, "predicted")):
                raise lack from fault  # a function tells in words what it raised
            raise
        except BaseException as error:  # a model may raise anything on an input it cannot take
            if not isinstance(error, Exception) and type(error).__name__ != PANIC:
                raise
            raise self._worded(error) from error
        if self.first_call_seconds is None:
            self.first_call_seconds = time.perf_counter() - start
        return found

    def _worded(self, error: BaseException) -> Fault:
        """Word what a model raised."""
        if lack := self._lack_of_memory(error, "predicted"):
            return lack
        if isinstance(error, ImportError):
            words = cause(error, self.source.folder, what="needs what cannot be imported")
            return Unable(f"{self.source.name} {words}")
        if type(error).__name__ == PANIC:
            return Unable(f"{self.source.name} has a broken tokenizer ({error}); save the model's own")
        if self.source.row.variant or TYPE_MISSING.search(str(error)):
            return SurroundingsFault(
                f"{self.source.name} cannot compute in its type of numbers: {first_line(error)}; give"
                " another variant or dtype"
            )
        return Crash(f"{type(error).__name__}: {first_line(error)}" if self.task.built_in else told(error))

    def left_out(self, inputs: Sequence[Input]) -> list[str]:
        """Tell of each input what is done with it because it is longer than the model reads."""
        if self.task.left_out is None or self.backend.answers:
            return [""] * len(inputs)
        return self.task.left_out(self.load(), inputs, self.row())

    def _checked(self, found: Any, count: int) -> list[Prediction | ModelFault]:
        """Make sure that a task has answered each input with a prediction of its kind. Raises SurroundingsFault."""
        kind = self.task.output.prediction
        answers = [*found] if isinstance(found, Iterable) else []
        wrong = next((type(one).__name__ for one in answers if not isinstance(one, kind | ModelFault)), None)
        if wrong is not None or len(answers) != count:
            what = f"a {wrong}" if wrong is not None else f"{len(answers)} predictions"
            raise Unable(
                f"the task {self.task.name} is at fault: its predict made {what} of {count} inputs, and not a"
                f" {kind.__name__} or ModelFault of each; mend it"
            )
        return answers

    def _lack_of_memory(self, error: BaseException, when: str) -> SurroundingsFault | None:
        """Word a lack of memory, which is no fault of the model; None where it is something else."""
        lack = OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}")
        words = f"out of memory while {self.source.name} {when}; free some, or run this tier alone"
        return OutOfMemory(words) if lack else None


def or_raise(found: Prediction | ModelFault) -> Prediction:
    """Return a prediction; a fault in its place is raised."""
    if isinstance(found, ModelFault):
        raise found
    return found


def of_batch(fault: Fault, count: int, source: Source) -> Fault:
    """Word the fault of a batch of which each input alone is answered: as wrong as what it is asked for in use."""
    if not isinstance(fault, ModelFault) and source.remote:
        return Unable(
            f"{fault}; asked once more, one by one, it answered: it fails now and then, or where it is asked several"
            f" at once (concurrency = {source.row.concurrency} in its row)"
        )
    kind = ModelFault if isinstance(fault, ModelFault) else Unable
    return kind(f"asked for {count} inputs at once: {fault}; each of them alone it answers; let it answer several too")


def read_of(case: Case, fault: Fault) -> str:
    """Word what was read of a case, where its fault says it not yet and is one of what was read."""
    return "" if isinstance(fault, Unable) or case.shown in str(fault) else f" ({case.shown})"
