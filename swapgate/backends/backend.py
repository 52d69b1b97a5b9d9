"""What a backend is: from a row of the models file to something that predicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from swapgate.core.faults import ModelFault, SurroundingsFault, Unable
from swapgate.models.digest import files_below
from swapgate.models.loading import Source
from swapgate.outputs import invalid
from swapgate.project.manifest import Row
from swapgate.tasks.task import Task

PROPERTIES = "properties"
"""What is asked with inputs that stand in no file."""
MEASURED = frozenset({"latency", "memory", "parameters", "size", PROPERTIES})
"""What can be judged besides what is predicted of cases and evaluation sets, which every backend answers."""
OWN_KEYS = frozenset(
    {
        *("allow_pickle", "chat", "concurrency", "device", "dtype", "files", "revision", "timeout", "token_env"),
        *("variant", "version"),
    }
)
"""Keys of a row that not every backend has."""


class Place(NamedTuple):
    """Where a row stands."""

    base: Path
    """The folder of its file: relative paths begin there."""
    root: Path
    """The project's folder, which shortens names, and in which modules are."""
    row_of: str = "its row"
    """How messages call it."""
    asked: str = ""
    """How `swapgate fetch` names the row of a models file."""


class Asked(Protocol):
    """What answers as pipelines of transformers do."""

    seconds: float
    """How long it took until it could be asked."""

    def ask(self, inputs: Sequence[Any], ids: Sequence[str], row: Any) -> Sequence[Any]:
        """Return what a pipeline of the task returns for each input, as JSON has it, or a Fault in its place.

        `ids` are those of the cases or rows that the inputs are of; empty where they are of none. `row` says how it is
        asked. Raises Fault where that is of no input in particular.
        """

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass(frozen=True, eq=False)
class Backend:
    """One backend. A package brings another one through the entry point `swapgate.backends`."""

    name: str
    """As rows and goldens have it."""
    claims: Callable[[str, Path], bool]
    """Tells whether a row is one of its that does not say so: by its `model`, and where that is if it is a path."""
    find: Callable[[Row, Place], Source]
    """Finds what a row names; nothing is loaded or asked yet. Raises InputFault."""
    load: Callable[[Task, Source], Any]
    """Makes it ready: a `swapgate.tasks.task.Loaded`, or where `answers` says so what is `Asked`. Raises Fault."""
    answers: bool = False
    """Whether it gives what pipelines return, and not what a model computes: margins are unknown."""
    sends: bool = False
    """Of what `answers`: whether it is asked with those settings of a row that its task sends; the others, or all, are
    its own matter."""
    by_files: bool = False
    """Whether the files of a model tell all of what it says, so that answers to rows of evaluation sets may be kept."""
    files: Callable[[Source], Mapping[str, Path]] = lambda source: files_below(source.weights_folder)
    """Of such a model: which these are, each by what it is to it. Raises SurroundingsFault."""
    version: str = ""
    """Of one of another package: changes when it computes otherwise; without it nothing that it says is kept."""
    threads: bool = False
    """Whether it computes with as many threads as torch is told to."""
    measures: Callable[[Row], frozenset[str]] = lambda row: MEASURED
    """Tells what can be judged of a row of its, besides what is predicted."""
    extra: str = ""
    """The extra of swapgate with what it imports (`swapgate.core.extras`); nothing where none is needed."""
    what: str = "a model"
    """What its predictions are of, for messages: "recorded predictions"."""
    hearsay: str = ""
    """Why predictions that a change brings are no proof, in words; nothing where they are made here."""
    keys: frozenset[str] = frozenset()
    """Those of the keys that not every backend has which its rows may have."""
    surroundings: Callable[[], Mapping[str, str]] = lambda: MappingProxyType({})
    """Tells what its numbers depend on, besides what those of transformers do."""
    told: Callable[[Source, Iterable[str]], list[str]] | None = None
    """Tells, of what a run has judged and the ids of all cases and rows, what a reader should know."""

    def predict(
        self, task: Task, loaded: Any, inputs: Sequence[Any], row: Any, ids: Sequence[str] = ()
    ) -> Sequence[Any]:
        """Return a prediction for each input, or a ModelFault in its place. Raises Fault."""
        if not self.answers:
            return task.predict(loaded, inputs, row)
        said = loaded.ask(inputs, ids, row)
        if len(said) != len(inputs):
            raise Unable(
                f"the backend {self.name} is at fault: it gave {len(said)} answers to {len(inputs)} inputs; mend it"
            )
        return [_read(task, one, given, row) for one, given in zip(said, inputs, strict=True)]


def _read(task: Task, said: Any, given: Any, row: Any) -> Any:
    """Return the prediction that an answer is, or a ModelFault. Raises Fault where it is none, or none of the task."""
    read = task.output.answered
    if read is None:
        raise SurroundingsFault(
            f"the task {task.name} does not say how what others answer is read; give its Output an `answered`"
        )
    if isinstance(said, ModelFault):
        return said
    if isinstance(said, Exception):
        raise said
    try:
        found = read(said, given, row)
    except ModelFault as fault:
        return fault
    wrong = invalid(found)
    return ModelFault("; ".join(map(str, wrong))) if wrong else found
