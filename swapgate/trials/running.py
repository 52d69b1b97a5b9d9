"""A tier's model while the suite runs: what it is, what it says of cases, what else is measured of it."""

import functools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from swapgate.backends import backend_of
from swapgate.backends.backend import MEASURED, Backend
from swapgate.core.faults import AbsentFault, Fault, ModelFault, SurroundingsFault, Unable
from swapgate.goldens.anchors import digest_of
from swapgate.goldens.provenance import Provenance, told_apart
from swapgate.inputs.given import Input
from swapgate.models.devices import synchronizer
from swapgate.models.loading import TRANSFORMERS, Source, surroundings
from swapgate.outputs.prediction import Prediction
from swapgate.project.cases import Cases
from swapgate.project.manifest import Row
from swapgate.statistics.tally import Tally
from swapgate.tasks import tasks
from swapgate.tasks.case import Case
from swapgate.tasks.task import Task
from swapgate.trials.asking import Asking, of_batch, or_raise, read_of
from swapgate.trials.memory import peak_memory

BATCH = 8
"""Cases a batch. Batches are cut from the cases file in order, so a case has the same neighbours in every run."""


@dataclass(eq=False, repr=False)
class Model:
    """The model that stands for one tier of one suite in this run."""

    suite: str
    tier: str
    task: Task
    source: Source
    """What runs: the row's own model, or the candidate of `--swap`."""
    incumbent: Source
    """What the models file names; the same object where nothing is swapped."""
    cases: Cases
    golden: Path
    """Where its golden is."""
    left_out: dict[str, str] = field(default_factory=dict, init=False)
    """What was done with cases that are longer than it reads, by their ids: "cut to 512 tokens"."""
    _predictions: dict[str, Prediction | Fault] = field(default_factory=dict, init=False)
    tally: Tally | None = field(default=None, init=False)
    """What came of the evaluation set."""
    recalled: int = field(default=0, init=False)
    """To how many of its rows the answer was that of an earlier run."""

    def __repr__(self) -> str:
        return f"<{self.name}: {self.source.name}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print all fields of a dataclass

    @property
    def name(self) -> str:
        """How the tier is called in messages: ner/small."""
        return f"{self.suite}/{self.tier}"

    @functools.cached_property
    def asked(self) -> Asking:
        """The model as it is loaded and asked."""
        return Asking(self.task, self.source, self.row, self.cases.cases[:BATCH])

    @property
    def row(self) -> Row:
        """The row that judges: the incumbent's. A candidate cannot bring its own limits."""
        return self.incumbent.row

    @property
    def backend(self) -> Backend:
        """What makes its predictions."""
        return backend_of(self.source)

    @property
    def unmeasured(self) -> frozenset[str]:
        """What can be judged of models and not of what its backend makes: latency, memory, parameters, size,
        properties.
        """
        return MEASURED - self.backend.measures(self.source.row)

    def check_measured(self, what: str) -> None:
        """Make sure that its backend has what a budget asks for. Raises AbsentFault."""
        if what in self.unmeasured:
            raise AbsentFault(
                f"{self.name}: {what} not measured: {self.backend.what} ({self.source.name}); take budget.{what} out of"
                f" {self.source.row_of}, or measure another model"
            )

    @property
    def swapped(self) -> bool:
        """Whether a candidate runs in the incumbent's place."""
        return self.source is not self.incumbent

    @property
    def names(self) -> tuple[str, str]:
        """How incumbent and candidate are called where both are named: those of one folder by their digests too."""
        then, now = self.incumbent, self.source
        place = now.name.partition("@")[0]
        if self.swapped and then.name.partition("@")[0] == place and not now.fetch:  # @: the commit that judges
            with suppress(Fault):  # its tests say what cannot be read
                one, other = told_apart((place, then.digest), (place, now.digest))
                return f"{then.name}{one.removeprefix(place)}", f"{now.name}{other.removeprefix(place)}"
        return then.name, now.name

    @property
    def replaced_digest(self) -> str:
        """The digest of the incumbent; where its weights are gone that of the model that the golden is of, if known.

        Raises SurroundingsFault where its files cannot be read, AbsentFault without them.
        """
        return digest_of(self.golden) if self.incumbent.gone else self.incumbent.digest

    def predict(self, inputs: Sequence[Input], **changes: Any) -> list[Prediction]:
        """Predict one batch, with changes to the row. Raises ModelFault where the model fails on any of the inputs."""
        try:
            return [or_raise(found) for found in self.asked.predict(inputs, **changes)]
        except ModelFault as fault:
            raise ModelFault(f"{self.name}: {fault} ({self.source.name})") from fault

    def prediction(self, case: Case) -> Prediction:
        """Return the prediction for a case; its whole batch is predicted when the first of it is asked for.

        A case whose input cannot be read is left out of its batch. Where the batch fails its cases are tried one by
        one. So only those are red that cannot be read, or that the model cannot take, each by its own name. A case
        whose input is still to be fetched is left out too, and raises AbsentFault itself.
        """
        if case.id not in self._predictions:
            position = self.cases.position(case) // BATCH * BATCH
            self._predict_cases(self.cases.cases[position : position + BATCH])
        found = self._predictions[case.id]
        if isinstance(found, Fault):
            raise self._named(case, found) from found
        return found

    def _named(self, case: Case, fault: Fault) -> Fault:
        """Return the fault of a case with its name, but where it is of no case."""
        if isinstance(fault, ModelFault):
            return ModelFault(f"{self.name} {case.id!r}: {fault} ({self.source.name})")
        if isinstance(fault, AbsentFault | Unable):
            return type(fault)(*fault.args)
        return SurroundingsFault(f"{self.name} {case.id!r}{read_of(case, fault)}: {fault}")

    def _predict_cases(self, batch: Sequence[Case]) -> None:
        """Predict a batch of cases, and keep what came of each. Raises SurroundingsFault where that is of no case."""
        inputs: dict[str, Input] = {}
        for case in batch:
            try:
                inputs[case.id] = case.input
            except Fault as fault:
                self._predictions[case.id] = fault
        if not inputs:
            return
        self.asked.load()  # what it raises is no case's fault
        found = self._predict_each([*inputs.values()], [*inputs])
        words = {str(one) for one in found if isinstance(one, SurroundingsFault)}
        if len(found) > 1 and len(words) == 1 and all(isinstance(one, SurroundingsFault) for one in found):
            found = [Unable(*words)] * len(found)  # the same of all is not for what they hold
        self._predictions.update(zip(inputs, found, strict=True))
        said = [name for name in inputs if isinstance(self._predictions[name], Prediction)]
        told = self.asked.left_out([inputs[name] for name in said])
        self.left_out.update({name: words for name, words in zip(said, told, strict=True) if words})

    @property
    def weights(self) -> Any:
        """The loaded model itself, as its task keeps it, or what answers in its place. Raises SurroundingsFault."""
        loaded = self.asked.load()
        return loaded if self.backend.answers else loaded.model

    def check_answers(self) -> None:
        """Make sure that it can be loaded and answers one of the first cases, so that it is worth trying anything else.

        Raises SurroundingsFault where it cannot be loaded, and else what is wrong with the first of several cases.
        """
        self.asked.load()
        for case, fault in self.asked.unanswered:
            raise self._named(case, fault) from fault

    @property
    def first_call_seconds(self) -> float | None:
        """How long the first call after loading took; None before."""
        return self.asked.first_call_seconds

    @property
    def load_seconds(self) -> float:
        """How long loading took, without the imports of torch and transformers. Raises SurroundingsFault."""
        return float(self.asked.load().seconds)

    def produced(self, inputs: Sequence[Input]) -> int | None:
        """Count the tokens that one batch makes the model write; None for tasks and models that write none."""
        count = None if self.backend.answers else self.task.produced
        return count(self.asked.load(), self.predict(inputs)) if count else None

    def synchronizer(self) -> Callable[[], object]:
        """Return what waits until the model's device has done all that it was told."""
        loaded = self.asked.load()
        return (lambda: None) if self.backend.answers else synchronizer(loaded)

    @functools.cached_property
    def memory(self) -> float:
        """Peak memory in bytes. Raises SurroundingsFault where that is not possible, AbsentFault without inputs."""
        for absent in [case for case in self.cases.cases if not case.is_here]:
            _ = absent.input  # raises
        return peak_memory(self.task, replace(self.source, row=self.asked.row()), self.cases.path)

    def release(self) -> None:
        """Let go of the weights, or of what answers; predictions stay."""
        self.asked.release()

    @property
    def made_by(self) -> Provenance:
        """Say who makes its predictions: the head of a golden."""
        return Provenance(
            task=self.suite,
            model=self.source.name,
            revision=self.source.commit or self.source.row.version,
            variant=self.source.row.variant,
            dtype=self.source.row.dtype,
            digest=self.source.digest,
            tolerance=self.row.tolerance,
            surroundings={**surroundings(), **self.backend.surroundings(), "device": self.source.row.device},
            files=self.source.files_digest if self.source.commit else None,
            kind=None if tasks().get(self.suite) is self.task else self.task.name,
            backend=None if self.source.backend == TRANSFORMERS else self.source.backend,
        )

    def _predict_each(self, inputs: Sequence[Input], ids: Sequence[str]) -> list[Prediction | Fault]:
        """Predict a batch; where that fails each input alone, so that those at fault have their fault in its place.

        Where none alone is at fault each has the fault of the batch.
        """
        try:
            return [*self.asked.predict(inputs, ids)]
        except Unable:
            raise
        except Fault as fault:
            if len(inputs) == 1:
                return [fault]
            found = [*map(self._predict_one, inputs, ids)]
            alone = any(isinstance(one, Fault) for one in found)
            return found if alone else [of_batch(fault, len(inputs), self.source)] * len(inputs)

    def _predict_one(self, given: Input, name: str) -> Prediction | Fault:
        try:
            return self.asked.predict([given], [name])[0]
        except Unable:
            raise
        except Fault as fault:
            return fault
