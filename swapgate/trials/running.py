"""A tier's model while the suite runs: loaded once, predicted in batches, let go after its last test."""

import functools
import gc
import itertools
import re
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swapgate.backends import transformers as backend
from swapgate.core.faults import Fault, ModelFault, SurroundingsFault
from swapgate.core.words import first_line, told
from swapgate.goldens.golden import read_golden
from swapgate.goldens.provenance import Provenance, told_apart
from swapgate.inputs.given import Input, extent
from swapgate.inputs.given import digest as input_digest
from swapgate.models.causes import cause
from swapgate.models.devices import synchronizer
from swapgate.models.digest import file_digests
from swapgate.models.loading import PANIC, Source, fingerprint, generation_config, surroundings
from swapgate.outputs import Tolerance
from swapgate.outputs.prediction import Prediction, to_json
from swapgate.project.cases import Cases
from swapgate.project.evaluation import EvaluationSet
from swapgate.project.manifest import Row
from swapgate.statistics.tally import Tally
from swapgate.tasks import tasks
from swapgate.tasks.case import Case
from swapgate.tasks.settings import OTHERS
from swapgate.tasks.task import Task
from swapgate.trials.memory import peak_memory

BATCH = 8
"""Cases a batch. Batches are cut from the cases file in order, so a case has the same neighbours in every run."""
EVALUATION_BATCH = 32

OUT_OF_MEMORY = re.compile("MemoryError|out of memory|can(no|')t allocate memory|not enough memory", re.IGNORECASE)
"""What Python, torch (in a RuntimeError) and the system (in an OSError) say."""

TYPE_MISSING = re.compile("not implemented for '(Half|BFloat16)'")
"""What torch says of an operation that a device lacks for a type of numbers."""

EVERYTHING = Tolerance(drift=1, reason="precision is averaged over all candidates, also those below the threshold")
"""Objects are kept from the threshold less this drift."""

Progress = Callable[[Iterator[Case], int], Generator[Case, None, None]]
"""Is given rows and their number, and gives the rows."""


def unseen(rows: Iterator[Case], _count: int) -> Generator[Case, None, None]:
    """Return the rows, and show nothing meanwhile."""
    yield from rows


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
    first_call_seconds: float | None = field(default=None, init=False)
    """How long the first call after loading took."""
    _loaded: Any = field(default=None, init=False)
    _broken: SurroundingsFault | None = field(default=None, init=False)
    """Why it cannot be loaded, so that it is tried once."""
    _predictions: dict[str, Prediction | ModelFault] = field(default_factory=dict, init=False)
    _tally: Tally | None = field(default=None, init=False)
    """What came of the evaluation set."""

    def __repr__(self) -> str:
        return f"<{self.name}: {self.source.name}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print all fields of a dataclass

    @property
    def name(self) -> str:
        """How the tier is called in messages: ner/small."""
        return f"{self.suite}/{self.tier}"

    @property
    def row(self) -> Row:
        """The row that judges: the incumbent's. A candidate cannot bring its own limits."""
        return self.incumbent.row

    @property
    def swapped(self) -> bool:
        """Whether a candidate runs in the incumbent's place."""
        return self.source is not self.incumbent

    @property
    def names(self) -> tuple[str, str]:
        """How incumbent and candidate are called where both are named: those of one folder by their digests too."""
        if self.swapped and self.incumbent.name == self.source.name:
            with suppress(Fault):  # its tests say what cannot be read
                return told_apart(*((one.name, one.digest) for one in (self.incumbent, self.source)))
        return self.incumbent.name, self.source.name

    def check(self) -> None:
        """Make sure that a verdict on this model is one on these weights, before anything is loaded.

        Raises ModelFault for a candidate that is the incumbent, SurroundingsFault for unknown labels or broken files.
        """
        digest = self.source.digest  # also where nothing is swapped: files that cannot be read have no verdict
        for source in (self.source, self.incumbent) if self.swapped else (self.source,):
            self._check_accepted(source)
        if self.swapped and not self.incumbent.gone and digest == self.incumbent.digest:
            raise ModelFault(
                f"{self.name}: this swap did not take place: {self.source.name} holds the same weights and settings as"
                f" the incumbent {self.incumbent.name} (digest {self.source.digest[:12]}{self._saved_again()}); name"
                f" the model you meant in --swap {self.suite}.{self.tier}=MODEL"
            )
        if self.source.row.variant and self.source.weights_digest == self.source.files_digest:
            raise ModelFault(
                f"{self.name}: this variant did not take place: {self.source.row.variant} changes nothing of"
                f" {self.source.base.name}; name another one, or judge the model without it"
            )
        asked = self.extra_settings
        if asked and getattr(self.row, "decoding", None) is None:
            raise ModelFault(
                f"{self.name}: {self.source.name} itself asks for {', '.join(asked)}, which {self.incumbent.name} does"
                " not and the judge leaves out: as it is it would write other texts; take it out, or where it is"
                f' served greedily say decoding = "greedy" in [{self.suite}.{self.tier}]'
            )
        wrong_kind = self.task.check_config(self.source.config)
        if wrong_kind:
            raise SurroundingsFault(f"{self.name}: {self.source.name}: {wrong_kind}")
        names = self.task.label_names(self.source.config) if self.task.label_names else []
        unknown = [name for name in names if name not in self.source.row.label_map]
        if unknown:
            labels = self.source.row.labels
            known = [name for name in names if name in labels]
            kinds = self.source.config.get("architectures")
            kind = f" (a {kinds[0]})" if isinstance(kinds, list) and kinds else ""
            guesses = {name: name if name in labels.values() else "…" for name in unknown}
            line = ", ".join(
                f'"{name}" = "{label}"' for name, label in ({name: labels[name] for name in known} | guesses).items()
            )
            raise SurroundingsFault(
                f"{self.name}: {self.source.name}{kind} has labels that the row's label map does not know:"
                f" {', '.join(unknown)}; write in {self.source.row_of}: labels = {{ {line} }}"
            )

    @property
    def given_labels(self) -> set[str]:
        """The labels of cases that it can give: by its row, and where others keep their names by its config.json.

        Raises SurroundingsFault where that cannot be read.
        """
        row = self.source.row
        if OTHERS not in row.labels or not self.task.label_names:
            return {*row.labels.values()}
        return {row.label_map[name] for name in self.task.label_names(self.source.config)}

    @property
    def extra_settings(self) -> list[str]:
        """What a candidate's own settings ask for, its incumbent's do not, and the judge replaces."""
        if not self.swapped or self.incumbent.gone:
            return []
        theirs = replaced_settings(self.task, self.incumbent)
        return [setting for setting in replaced_settings(self.task, self.source) if setting not in theirs]

    def _saved_again(self) -> str:
        """Return in words which files of a candidate say the same as its incumbent's in other bytes."""
        ours, theirs = (file_digests(source.folder) for source in (self.source, self.incumbent))
        differ = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        more = ", …" if len(differ) > 3 else ""
        return f"; saved again, for {', '.join(differ[:3])}{more} differ and say the same" if differ else ""

    def _check_accepted(self, source: Source) -> None:
        """Make sure that a public model holds what the golden says of its commit. Raises SurroundingsFault."""
        for made_by in {id(entry.made_by): entry.made_by for entry in read_golden(self.golden).values()}.values():
            same = source.commit is not None and (made_by.model, made_by.revision) == (source.name, source.commit)
            if same and made_by.files not in (None, source.files_digest):
                raise SurroundingsFault(
                    f"{self.name}: the files of {source.name} are not those that were accepted, and those of a commit"
                    f" never change: fetch them again with: swapgate fetch {source.fetch}"
                )

    def predict(self, inputs: Sequence[Input], **changes: Any) -> list[Prediction]:
        """Predict one batch, with changes to the row. Raises ModelFault where the model fails on any of the inputs."""
        try:
            return [_or_raise(found) for found in self._predict(inputs, **changes)]
        except ModelFault as fault:
            raise ModelFault(f"{self.name}: {fault} ({self.source.name})") from fault

    def prediction(self, case: Case) -> Prediction:
        """Return the prediction for a case; its whole batch is predicted when the first of it is asked for.

        Where a batch crashes its cases are tried one by one, so that only those that cannot be read are red. A case
        whose input is still to be fetched is left out of its batch, and raises AbsentFault itself.
        """
        if case.id not in self._predictions:
            position = self.cases.position(case) // BATCH * BATCH
            batch = [one for one in self.cases.cases[position : position + BATCH] if one is case or one.is_here]
            try:
                found = self._predict([case.input for case in batch])
            except ModelFault:
                found = [self._predict_one(case.input) for case in batch]
            self._predictions.update(zip((case.id for case in batch), found, strict=True))
        try:
            return _or_raise(self._predictions[case.id])
        except ModelFault as fault:
            raise ModelFault(f"{self.name} {case.id!r}: {fault} ({self.source.name})") from fault

    def tally(self, evaluation: EvaluationSet, progress: Progress = unseen) -> Tally:
        """Predict the rows of an evaluation set in batches, once; `progress` sees each row pass.

        All rows are read and checked before. Raises ModelFault or SurroundingsFault that names the row.
        """
        if self._tally is None:
            counted, count = Tally(self.task.output), evaluation.count
            with closing(progress(evaluation.rows(), count)) as rows:
                while batch := list(itertools.islice(rows, EVALUATION_BATCH)):
                    for row, (found, given, size) in zip(batch, self._evaluated(batch, evaluation), strict=True):
                        counted.add(
                            row.id, found, row.expected, given, row.cluster, row.source, row.slices, size, row.shown
                        )
            self._tally = counted
        return self._tally

    def _evaluated(self, batch: Sequence[Case], evaluation: EvaluationSet) -> list[tuple[Prediction, str, float]]:
        """Return the predictions for some rows, each with the digest of its input, and how large that is."""
        self._load()  # what it raises is no row's fault
        try:
            inputs = [row.input for row in batch]
            told = [(input_digest(one), extent(one)) for one in inputs]
            predictions = [_or_raise(found) for found in self._predict(inputs, tolerance=EVERYTHING)]
            return [(found, *of) for found, of in zip(predictions, told, strict=True)]
        except Fault:
            pass  # one by one, the row that is at fault can be named
        return [(self._evaluated_alone(row, evaluation), row.input_digest, extent(row.input)) for row in batch]

    def _evaluated_alone(self, row: Case, evaluation: EvaluationSet) -> Prediction:
        where = f"{self.name}: row {row.id!r} of {evaluation.path}"
        try:
            return _or_raise(self._predict([row.input], tolerance=EVERYTHING)[0])
        except ModelFault as fault:
            raise ModelFault(f"{where}: {fault} ({self.source.name})") from fault
        except SurroundingsFault as fault:
            raise SurroundingsFault(f"{where}: {fault}") from fault

    @property
    def weights(self) -> Any:
        """The loaded model itself, as its task keeps it. Raises SurroundingsFault."""
        return self._load().model

    @property
    def load_seconds(self) -> float:
        """How long loading took, without the imports of torch and transformers. Raises SurroundingsFault."""
        return float(self._load().seconds)

    def produced(self, inputs: Sequence[Input]) -> int | None:
        """Count the tokens that one batch makes the model write; None for tasks and models that write none."""
        count = self.task.produced
        return count(self._load(), self.predict(inputs)) if count else None

    def synchronizer(self) -> Callable[[], object]:
        """Return what waits until the model's device has done all that it was told."""
        return synchronizer(self._load())

    @functools.cached_property
    def memory(self) -> float:
        """Peak memory in bytes. Raises SurroundingsFault where that is not possible, AbsentFault without inputs."""
        for absent in [case for case in self.cases.cases if not case.is_here]:
            _ = absent.input  # raises
        return peak_memory(self.task, self.source, self.cases.path)

    def release(self) -> None:
        """Let go of the weights; predictions stay."""
        if self._loaded is not None:
            alive = weakref.ref(self._loaded.model)
            self._loaded = None
            if alive() is not None:  # collecting takes a quarter of a second beside torch, and is rarely needed
                gc.collect()

    @property
    def made_by(self) -> Provenance:
        """Say who makes its predictions: the head of a golden."""
        return Provenance(
            task=self.suite,
            model=self.source.name,
            revision=self.source.commit,
            variant=self.source.row.variant,
            dtype=self.source.row.dtype,
            digest=self.source.digest,
            tolerance=self.row.tolerance,
            surroundings={**surroundings(), "device": self.source.row.device},
            files=self.source.files_digest if self.source.commit else None,
            kind=None if tasks().get(self.suite) is self.task else self.task.name,
        )

    def _predict_one(self, given: Input) -> Prediction | ModelFault:
        try:
            return self._predict([given])[0]
        except ModelFault as fault:
            return fault

    def _load(self) -> Any:
        """Load the model if it is not. Raises SurroundingsFault."""
        if self._broken is not None:
            raise SurroundingsFault(*self._broken.args)  # a new one: each raise adds to the traceback of the old
        if self._loaded is None:
            try:
                self._loaded = backend.load(self.task, self.source)
            except Exception as error:
                lack = self._lack_of_memory(error, "was loaded")
                self._broken = lack or (error if isinstance(error, SurroundingsFault) else None)
                if lack is not None:
                    raise lack from error
                raise
            self.first_call_seconds = None
        return self._loaded

    def _predict(self, inputs: Sequence[Input], **changes: Any) -> list[Prediction | ModelFault]:
        row, loaded = self.source.row.model_copy(update=changes), self._load()
        start = time.perf_counter()
        try:
            found = self._checked(self.task.predict(loaded, inputs, row), len(inputs))
        except Fault:
            raise
        except BaseException as error:  # a model may raise anything on an input it cannot take
            if not (panic := type(error).__name__ == PANIC) and not isinstance(error, Exception):
                raise
            words = f"{type(error).__name__}: {first_line(error)}"
            crash: Fault = ModelFault(f"the model crashed: {words if self.task.built_in else told(error)}")
            if isinstance(error, ImportError):
                words = cause(error, self.source.folder, what="needs what cannot be imported")
                crash = SurroundingsFault(f"{self.source.name} {words}")
            elif panic:
                crash = SurroundingsFault(f"{self.source.name} has a broken tokenizer ({error}); save the model's own")
            elif self.source.row.variant or TYPE_MISSING.search(str(error)):
                crash = SurroundingsFault(
                    f"{self.source.name} cannot compute in its type of numbers: {first_line(error)}; give"
                    " another variant or dtype"
                )
            raise self._lack_of_memory(error, "predicted") or crash from error
        if self.first_call_seconds is None:
            self.first_call_seconds = time.perf_counter() - start
        return found

    def _checked(self, found: Any, count: int) -> list[Prediction | ModelFault]:
        """Make sure that a task has answered each input with a prediction of its kind. Raises SurroundingsFault."""
        kind = self.task.output.prediction
        answers = [*found] if isinstance(found, Iterable) else []
        wrong = next((type(one).__name__ for one in answers if not isinstance(one, kind | ModelFault)), None)
        if wrong is not None or len(answers) != count:
            what = f"a {wrong}" if wrong is not None else f"{len(answers)} predictions"
            raise SurroundingsFault(
                f"the task {self.task.name} is at fault: its predict made {what} of {count} inputs, and not a"
                f" {kind.__name__} or ModelFault of each; mend it"
            )
        return answers

    def _lack_of_memory(self, error: BaseException, when: str) -> SurroundingsFault | None:
        """Word a lack of memory, which is no fault of the model; None where it is something else."""
        lack = OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}")
        words = f"out of memory while {self.source.name} {when}; free some, or run this tier alone"
        return SurroundingsFault(words) if lack else None


def replaced_settings(task: Task, source: Source) -> list[str]:
    """Return which of a model's own settings of generation the judge replaces. Raises SurroundingsFault."""
    return task.replaced(source.config, generation_config(source)) if task.replaced else []


def is_same_model(model: Model) -> bool:
    """Return whether a candidate loads as the very model that its incumbent is, whatever their files say.

    Raises SurroundingsFault where one cannot be loaded.
    """
    ours, theirs = (fingerprint(backend.load(model.task, source)) for source in (model.source, model.incumbent))
    return ours == theirs


def answers_alike(model: Model, incumbent: Model) -> bool:
    """Return whether two models say the same of all cases, to the digits that goldens have. Raises Fault."""
    cases = [case for case in model.cases.cases if case.is_here]
    return all(to_json(model.prediction(case)) == to_json(incumbent.prediction(case)) for case in cases)


def _or_raise(found: Prediction | ModelFault) -> Prediction:
    if isinstance(found, ModelFault):
        raise found
    return found
