"""A tier's model while the suite runs: loaded once, predicted in batches, let go after its last test."""

import functools
import gc
import itertools
import re
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.backends import backend_of
from swapgate.backends.backend import MEASURED, Backend
from swapgate.core.faults import AbsentFault, Fault, ModelFault, SurroundingsFault
from swapgate.core.words import first_line, listed, quoted, told
from swapgate.goldens.anchors import digest_of
from swapgate.goldens.golden import read_golden
from swapgate.goldens.provenance import Provenance, told_apart
from swapgate.inputs.given import Input, extent
from swapgate.inputs.given import digest as input_digest
from swapgate.models.causes import cause
from swapgate.models.devices import synchronizer
from swapgate.models.digest import file_digests
from swapgate.models.loading import PANIC, TRANSFORMERS, Source, fingerprint, generation_config, surroundings
from swapgate.outputs import Tolerance
from swapgate.outputs.answered import OTHERS
from swapgate.outputs.prediction import Prediction, to_json
from swapgate.project.cases import Cases
from swapgate.project.evaluation import EvaluationSet
from swapgate.project.manifest import Row
from swapgate.statistics.tally import Tally
from swapgate.tasks import tasks
from swapgate.tasks.case import Case
from swapgate.tasks.settings import BLANK, MANY, label_line
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


class Unable(SurroundingsFault):
    """Something around the model failed whatever it is given: of no case or row in particular."""


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
    left_out: dict[str, str] = field(default_factory=dict, init=False)
    """What was done with cases that are longer than it reads, by their ids: "cut to 512 tokens"."""
    _predictions: dict[str, Prediction | Fault] = field(default_factory=dict, init=False)
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

    def check(self) -> None:
        """Make sure that a verdict on this model is one on these weights, before anything is loaded.

        Raises ModelFault for a candidate that is the incumbent, SurroundingsFault for unknown labels or broken files.
        """
        digest = self.source.digest  # also where nothing is swapped: files that cannot be read have no verdict
        for source in (self.source, self.incumbent) if self.swapped and not self.incumbent.gone else (self.source,):
            self._check_accepted(source)
        if self.swapped and digest == self.replaced_digest:
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
        if asked:
            raise ModelFault(
                f"{self.name}: {self.source.name} itself asks for {', '.join(asked)}, which {self.incumbent.name} does"
                " not and the judge leaves out: as it is it would write other texts; take it out, or where it is served"
                f' as it is judged say decoding = "greedy" in [{self.suite}.{self.tier}]'
            )
        wrong_kind = self.task.check_config(self.source.config) if self.source.has_config else ""
        if wrong_kind:
            raise SurroundingsFault(f"{self.name}: {self.source.name}: {wrong_kind}")
        self._check_labels()

    def _check_labels(self) -> None:
        """Make sure that the row maps each label of the model. Raises SurroundingsFault with the line to write."""
        row = self.source.row
        try:
            names = self.source.class_names(self.task)
            if names is None:
                return
            keys, strange = sorted({*row.label_keys(names)}), row.strange_numbers(names)
        except SurroundingsFault as fault:
            raise fault.behind(f"{self.name}: {self.source.name}: ") from fault
        if strange:
            raise SurroundingsFault(
                f"{self.name}: {self.source.name} has {len(names)} classes (0 to {len(names) - 1}: {listed(names)}),"
                f" and labels in {self.source.row_of} names others: {listed(strange)}; take these out, or write the"
                " numbers that you meant"
            )
        self._check_numbers(names)
        unknown = [key for key in keys if key not in row.label_map]
        if not unknown:
            return
        kinds = self.source.config.get("architectures")
        kind = f" (a {kinds[0]})" if isinstance(kinds, list) and kinds else ""
        known = {key: row.labels[key] for key in keys if key in row.labels}
        guesses = {key: key if key in row.labels.values() else BLANK for key in unknown}
        line = label_line(known | ({OTHERS: OTHERS} if len(unknown) > MANY else guesses))
        raise SurroundingsFault(
            f"{self.name}: {self.source.name}{kind} has labels that the row's label map does not know:"
            f" {listed(unknown, MANY)}{row.advice(names)}; write in {self.source.row_of}: {line}"
        )

    def _check_numbers(self, names: Sequence[str]) -> None:
        """Make sure that a candidate's classes are its incumbent's where the same map names them by number.

        Raises SurroundingsFault with the line to write.
        """
        row, before = self.source.row, []
        if not self.swapped or row.labels != self.incumbent.row.labels:
            return
        with suppress(SurroundingsFault):  # its files may be gone, and then its names are not known
            before = (self.incumbent.class_names(self.task) if not self.incumbent.gone else None) or []
        found = row.renamed(names, before)
        if not found:
            return
        first, more = found[0], f" ({len(found)} classes have other names)" if len(found) > 1 else ""
        own = {OTHERS: OTHERS} if len(names) > MANY else {one: one if one in row.given else BLANK for one in names}
        then = f", which {self.incumbent.name} calls {quoted(before[first])}" if first < len(before) else ""
        raise SurroundingsFault(
            f"{self.name}: {self.source.name} calls class {first} {quoted(names[first])}{then}, and labels maps it by"
            f" number to {quoted(row.labels[str(first)])}{more}; give the candidate a row of its own that maps its"
            f" names: {label_line(own)}"
        )

    @property
    def given_labels(self) -> set[str] | None:
        """The labels of cases that it can give: by its row, and where others keep their names by its config.json; None
        where only its answers tell them.

        Raises SurroundingsFault where that cannot be read.
        """
        row = self.source.row
        if OTHERS not in row.labels or not self.task.label_names:
            return row.given
        names = self.source.class_names(self.task)
        return None if names is None else {row.label_map[key] for key in row.label_keys(names)}

    @property
    def replaced_settings(self) -> list[str]:
        """What its own settings of generation ask for and the judge replaces. Raises SurroundingsFault."""
        return self._replaced(self.source)

    @property
    def extra_settings(self) -> list[str]:
        """Those of a candidate that its incumbent, were it asked by the same row, would not ask for."""
        if not self.swapped or self.incumbent.gone:
            return []
        theirs = self._replaced(self.incumbent)
        return [setting for setting in self.replaced_settings if setting not in theirs]

    def _replaced(self, source: Source) -> list[str]:
        replaced = self.task.replaced if source.has_config else None
        return replaced(source.config, generation_config(source), self._row()) if replaced else []

    def _saved_again(self) -> str:
        """Return in words which files of a candidate differ from its incumbent's in nothing that the digest counts."""
        if self.incumbent.gone or self.source.identify or self.incumbent.identify:
            return ""
        ours, theirs = (file_digests(source.folder) for source in (self.source, self.incumbent))
        differ = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        more = ", …" if len(differ) > 3 else ""
        return f"; {', '.join(differ[:3])}{more} differ, but in nothing that counts" if differ else ""

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

        A case whose input cannot be read is left out of its batch. Where the batch fails its cases are tried one by
        one. So only those are red that cannot be read, or that the model cannot take, each by its own name. A case
        whose input is still to be fetched is left out too, and raises AbsentFault itself.
        """
        if case.id not in self._predictions:
            position = self.cases.position(case) // BATCH * BATCH
            self._predict_cases(self.cases.cases[position : position + BATCH])
        found = self._predictions[case.id]
        if isinstance(found, ModelFault):
            raise ModelFault(f"{self.name} {case.id!r}: {found} ({self.source.name})") from found
        if isinstance(found, AbsentFault | Unable):
            raise found
        if isinstance(found, Fault):
            raise SurroundingsFault(f"{self.name} {case.id!r}{_read(case, found)}: {found}") from found
        return found

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
        self._load()  # what it raises is no case's fault
        found = self._predict_each([*inputs.values()], [*inputs])
        words = {str(one) for one in found if isinstance(one, SurroundingsFault)}
        if len(found) > 1 and len(words) == 1 and all(isinstance(one, SurroundingsFault) for one in found):
            found = [Unable(*words)] * len(found)  # the same of all is not for what they hold
        self._predictions.update(zip(inputs, found, strict=True))
        said = [name for name in inputs if isinstance(self._predictions[name], Prediction)]
        told = self._left_out([inputs[name] for name in said])
        self.left_out.update({name: words for name, words in zip(said, told, strict=True) if words})

    def _left_out(self, inputs: Sequence[Input]) -> list[str]:
        """Tell of each input what is done with it because it is longer than the model reads."""
        if self.task.left_out is None or self.backend.answers:
            return [""] * len(inputs)
        return self.task.left_out(self._load(), inputs, self._row())

    def tally(self, evaluation: EvaluationSet, progress: Progress = unseen) -> Tally:
        """Predict the rows of an evaluation set in batches, once; `progress` sees each row pass.

        All rows are read and checked before. Raises ModelFault or SurroundingsFault that names the row.
        """
        if self._tally is None:
            counted, count = Tally(self.task.output), evaluation.count
            with closing(progress(evaluation.rows(), count)) as rows:
                while batch := list(itertools.islice(rows, EVALUATION_BATCH)):
                    for row, found in zip(batch, self._evaluated(batch, evaluation), strict=True):
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
            self._tally = counted
        return self._tally

    def _evaluated(self, batch: Sequence[Case], evaluation: EvaluationSet) -> list[Evaluated]:
        """Return what came of some rows."""
        self._load()  # what it raises is no row's fault
        try:
            return self._evaluated_together(batch)
        except Fault:
            pass  # one by one, the row that is at fault can be named
        return [self._evaluated_alone(row, evaluation) for row in batch]

    def _evaluated_together(self, batch: Sequence[Case]) -> list[Evaluated]:
        inputs = [row.input for row in batch]
        digests = [input_digest(one) for one in inputs]
        said = self._predict(inputs, [row.id for row in batch], tolerance=EVERYTHING)
        predictions = [_or_raise(found) for found in said]
        return [*map(Evaluated, predictions, digests, self._left_out(inputs), map(extent, inputs))]

    def _evaluated_alone(self, row: Case, evaluation: EvaluationSet) -> Evaluated:
        where = f"{self.name}: row {row.id!r} of {evaluation.path}"
        try:
            return self._evaluated_together([row])[0]
        except ModelFault as fault:
            raise ModelFault(f"{where}: {fault} ({self.source.name})") from fault
        except SurroundingsFault as fault:
            raise SurroundingsFault(f"{where}{_read(row, fault)}: {fault}") from fault

    @property
    def weights(self) -> Any:
        """The loaded model itself, as its task keeps it, or what answers in its place. Raises SurroundingsFault."""
        loaded = self._load()
        return loaded if self.backend.answers else loaded.model

    def check_answers(self) -> None:
        """Make sure that it can be loaded and answers one of the first cases, so that it is worth trying anything else.

        Raises SurroundingsFault where it cannot be loaded, and else what is wrong with the first of several cases.
        """
        self._load()
        faults = []
        for case in self.cases.cases[:BATCH]:
            try:
                _ = case.input
            except Fault:
                continue  # what cannot be read tells nothing of the model
            try:
                self.prediction(case)
            except Fault as fault:
                faults.append(fault)
            else:
                return
        if len(faults) > 1:
            raise faults[0]

    @property
    def load_seconds(self) -> float:
        """How long loading took, without the imports of torch and transformers. Raises SurroundingsFault."""
        return float(self._load().seconds)

    def produced(self, inputs: Sequence[Input]) -> int | None:
        """Count the tokens that one batch makes the model write; None for tasks and models that write none."""
        count = None if self.backend.answers else self.task.produced
        return count(self._load(), self.predict(inputs)) if count else None

    def synchronizer(self) -> Callable[[], object]:
        """Return what waits until the model's device has done all that it was told."""
        loaded = self._load()
        return (lambda: None) if self.backend.answers else synchronizer(loaded)

    @functools.cached_property
    def memory(self) -> float:
        """Peak memory in bytes. Raises SurroundingsFault where that is not possible, AbsentFault without inputs."""
        for absent in [case for case in self.cases.cases if not case.is_here]:
            _ = absent.input  # raises
        return peak_memory(self.task, replace(self.source, row=self._row()), self.cases.path)

    def release(self) -> None:
        """Let go of the weights, or of what answers; predictions stay."""
        if self.backend.answers and self._loaded is not None:
            self._loaded.close()
            self._loaded = None
        elif self._loaded is not None:
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

    def _row(self, **changes: Any) -> Row:
        """Return the row that it is asked by: its own, but for what judges."""
        judging = {key: getattr(self.row, key) for key in self.task.judging_keys if hasattr(self.row, key)}
        return self.source.row.model_copy(update=judging | changes)

    def _predict_each(self, inputs: Sequence[Input], ids: Sequence[str]) -> list[Prediction | Fault]:
        """Predict a batch; where that fails each input alone, so that those at fault have their fault in its place."""
        try:
            return [*self._predict(inputs, ids)]
        except Unable:
            raise
        except Fault as fault:
            return [*map(self._predict_one, inputs, ids)] if len(inputs) > 1 else [fault]

    def _predict_one(self, given: Input, name: str) -> Prediction | Fault:
        try:
            return self._predict([given], [name])[0]
        except Unable:
            raise
        except Fault as fault:
            return fault

    def _load(self) -> Any:
        """Load the model if it is not. Raises SurroundingsFault."""
        if self._broken is not None:
            raise SurroundingsFault(*self._broken.args)  # a new one: each raise adds to the traceback of the old
        if self._loaded is None:
            try:
                self._loaded = self.backend.load(self.task, self.source)
            except Exception as error:
                lack = self._lack_of_memory(error, "was loaded")
                self._broken = lack or (error if isinstance(error, SurroundingsFault) else None)
                if lack is not None:
                    raise lack from error
                raise
            self.first_call_seconds = None
        return self._loaded

    def _predict(
        self, inputs: Sequence[Input], ids: Sequence[str] = (), **changes: Any
    ) -> list[Prediction | ModelFault]:
        row, loaded = self._row(**changes), self._load()
        start = time.perf_counter()
        try:
            found = self._checked(self.backend.predict(self.task, loaded, inputs, row, ids), len(inputs))
        except Fault:
            raise
        except BaseException as error:  # a model may raise anything on an input it cannot take
            if not (panic := type(error).__name__ == PANIC) and not isinstance(error, Exception):
                raise
            words = f"{type(error).__name__}: {first_line(error)}" if self.task.built_in else told(error)
            crash: Fault = ModelFault(f"the model crashed: {words}")
            if isinstance(error, ImportError):
                words = cause(error, self.source.folder, what="needs what cannot be imported")
                crash = Unable(f"{self.source.name} {words}")
            elif panic:
                crash = Unable(f"{self.source.name} has a broken tokenizer ({error}); save the model's own")
            elif self.source.row.variant or TYPE_MISSING.search(str(error)):
                crash = SurroundingsFault(
                    f"{self.source.name} cannot compute in its type of numbers: {first_line(error)}; give"
                    " another variant or dtype"
                )
            if type(crash) is ModelFault and self._answers_nothing():
                crash = self._broken = Unable(
                    f"{self.source.name} crashes whatever it is given ({words}); its files or settings do not fit"
                    " together: mend them, or save the model again"
                )
            raise self._lack_of_memory(error, "predicted") or crash from error
        if self.first_call_seconds is None:
            self.first_call_seconds = time.perf_counter() - start
        return found

    def _answers_nothing(self) -> bool:
        """Return whether it has not answered since it was loaded, and crashes on the first cases, each of several."""
        if self.first_call_seconds is not None:
            return False
        asked = 0
        for case in self.cases.cases[:BATCH]:
            with suppress(Fault):
                given = case.input
                try:
                    self.backend.predict(self.task, self._load(), [given], self._row(), [case.id])
                except Exception:
                    asked += 1
                else:
                    return False
        return asked > 1

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
        return Unable(words) if lack else None


def is_same_model(model: Model) -> bool:
    """Return whether a candidate loads as the very model that its incumbent is, whatever their files say, and is asked
    in the same way.

    Raises SurroundingsFault where one cannot be loaded.
    """
    sources = (model.source, model.incumbent)
    if {source.backend for source in sources} != {TRANSFORMERS}:
        return False  # digests tell of others what can be told
    one, other = (_asked(model.task, source) for source in sources)
    if one != other:
        return False
    ours, theirs = (fingerprint(backend_of(source).load(model.task, source)) for source in sources)
    return ours == theirs


def _asked(task: Task, source: Source) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return how a row has a model asked: the settings that change an answer, and what becomes of its labels.

    Raises SurroundingsFault where its config.json cannot be read.
    """
    row = source.row
    names = source.class_names(task)
    if names is None:
        return row.settings, row.labels
    keys = row.label_keys(names)
    return row.settings, {key: row.label_map[key] for key in keys if key in row.label_map}


def answers_alike(model: Model, incumbent: Model) -> bool:
    """Return whether two models say the same of all cases, to the digits that goldens have. Raises Fault."""
    cases = [case for case in model.cases.cases if case.is_here]
    return all(to_json(model.prediction(case)) == to_json(incumbent.prediction(case)) for case in cases)


def _read(case: Case, fault: Fault) -> str:
    """Word what was read of a case, where its fault says it not yet and is one of what was read."""
    return "" if isinstance(fault, Unable) or case.shown in str(fault) else f" ({case.shown})"


def _or_raise(found: Prediction | ModelFault) -> Prediction:
    if isinstance(found, ModelFault):
        raise found
    return found
