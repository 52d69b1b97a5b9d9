"""What a task is: how its cases are written, what a model of it is asked, and what it answers."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from swapgate.core.faults import Fault, InputFault
from swapgate.core.words import told
from swapgate.outputs.prediction import Output
from swapgate.tasks.afresh import Begun, begun, forget
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.positions import LENGTH, most_places, whole_number
from swapgate.tasks.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """A model in memory, ready to predict."""

    model: Any
    reader: Any
    """The tokenizer or processor that makes the model's inputs."""
    seconds: float = 0.0
    """How long loading took, without the imports of torch and transformers."""
    folder: Path | None = None
    """Where its files are, of which a task may read some by itself: those that its settings name in `beside`."""
    kept: dict[Any, Any] = field(default_factory=dict, compare=False)
    """What a task keeps of the model from one batch to the next."""

    @functools.cached_property
    def most_tokens(self) -> float:
        """How many tokens of a text it reads at once, special ones among them; infinite where there is no limit."""
        return min(self.places, whole_number(self.reader.model_max_length, *LENGTH))

    @functools.cached_property
    def places(self) -> float:
        """How many of them its table of positions has places for; infinite where it has none."""
        return most_places(self.model)

    @property
    def whose_limit(self) -> str:
        """Say where the limit stands that its tokenizer alone has, and the model itself not."""
        key, file = LENGTH
        return f" by the {key} in its {file}" if self.most_tokens < self.places else ""

    @functools.cached_property
    def _begun(self) -> Begun:
        return begun(self.model)

    def placed(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tensors of a batch where the model is, and numbers with a fraction in its dtype.

        The model forgets what it was given before, so each batch that it is to answer is placed by itself.
        """
        device, dtype = self.model.device, self.model.dtype
        forget(self._begun, device.type)
        return {
            name: value.to(device, dtype) if value.is_floating_point() else value.to(device)
            for name, value in batch.items()
        }


@dataclass(frozen=True, eq=False)
class Task:
    """One task. A package brings another one through the entry point `swapgate.tasks`."""

    name: str
    """As the models file, marks and goldens have it: lower-case letters, digits and dashes."""
    output: Output
    """The kind of prediction, and how it is compared, counted and shown."""
    case: type[CaseShape]
    """The table of a case in a cases file; its docstrings are its documentation."""
    read: Callable[[Any, Files, str], Case]
    """Makes a case of a table; the text is where it stands, for messages. Raises InputFault."""
    predict: Callable[[Loaded, Sequence[Any], Any], Sequence[Any]]
    """Predicts one batch of inputs by the settings of a row; a ModelFault in the place of a prediction that failed."""
    auto_class: str | Callable[[str, Mapping[str, Any]], str]
    """The auto class of transformers that loads a model, or what tells it from the model's name and config.json."""
    figures: tuple[str, ...]
    """By which a budget may judge, besides the share of rows that are right; the first where it does not say."""
    reader_class: str = "AutoTokenizer"
    """The auto class that loads tokenizer or processor."""
    settings: type[Settings] = Settings
    """Adds keys to a row of the models file; their docstrings are their documentation."""
    check: Callable[[Case, str], None] = lambda case, where: None
    """Makes sure of what takes long to see in a case: before it is judged, and not where tests are only shown. Raises
    InputFault."""
    judging_keys: frozenset[str] = frozenset()
    """Those of its keys that change how a model is judged and no answer; all others are part of a model's digest."""
    label_names: Callable[[Mapping[str, Any]], list[str] | None] | None = None
    """Tells the names of a model's classes from its config.json, by number, or None where it is asked for the labels
    that its row maps, whatever its classes are. None where models of the task name no labels."""
    check_config: Callable[[Mapping[str, Any]], str] = lambda config: ""
    """Tells why a model of this config.json is none of this task's and what to do, or nothing."""
    check_loaded: Callable[[str, Loaded], None] = lambda name, loaded: None
    """Makes sure that a model of this name was loaded with all that it needs. Raises SurroundingsFault."""
    replaced: Callable[[Mapping[str, Any], Mapping[str, Any], Any], list[str]] | None = None
    """Tells, of a model's config.json, its settings of generation and its row, those settings that are replaced where
    it is judged."""
    produced: Callable[[Loaded, Sequence[Any]], int | None] | None = None
    """Counts the tokens that predictions took; None for tasks, or models, that write none one by one."""
    left_out: Callable[[Loaded, Sequence[Any], Any], list[str]] | None = None
    """Tells of each input what is done with it by the row's `long`, as in "cut to 512 tokens"; nothing where it is read
    whole. None for tasks whose inputs are never too long."""
    batch: int = 32
    """Rows of an evaluation set that go through a model together on a CPU; elsewhere at least 32."""
    version: str = ""
    """Of a task of another package: names how it asks and decodes, and changes when that does. Without one no answer of
    its models is kept between runs."""
    served: Callable[[Any, Any], tuple[str, dict[str, Any]]] | None = None
    """Of an input and the settings of a row: by which method of huggingface_hub's InferenceClient a server is asked for
    it, and with which arguments; pictures and sounds are bytes of a file. None: servers are not asked for the task."""
    sent: frozenset[str] = frozenset()
    """Those of its keys of a row that `served` sends along."""
    row: type[CaseShape] | None = None
    """The shape of a row of an evaluation set, where it is not that of a case."""
    extra: str = ""
    """The extra of swapgate with what its inputs are read by (`swapgate.core.extras`); nothing where none is needed."""
    graded: str = ""
    """What a model of the task gives that is not right or wrong as a whole, as in "a summary"."""
    begin: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda config: {}
    """Of a model's config.json: the keys of a row that it leaves no choice in, which `swapgate init` writes."""
    as_right: Callable[[Any], Any] | None = None
    """Of what a model said: the `expected` of a case in which that is right, None where it makes none. Without it
    `swapgate init` cannot make a first case of an answer."""
    aliases: tuple[str, ...] = ()
    """Other names of the task."""
    multi_label: "Task | None" = None
    """What the task is where a suite says multi_label = true."""
    base: str = ""
    """Of that: the name of the task which it is for inputs with one label."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and the others."""
        return (self.name, *self.aliases)

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of swapgate that it needs, and its kind of prediction."""
        return tuple(filter(None, (self.extra, self.output.extra)))

    @property
    def asks_for_labels(self) -> bool:
        """Whether models are asked for the labels that a row maps, whatever their classes are."""
        return self.label_names is not None and self.label_names({}) is None

    @property
    def built_in(self) -> bool:
        """Whether it is one of this package."""
        return self.read.__module__.startswith("swapgate.tasks.")

    @property
    def family(self) -> str:
        """What it has in common with the same task for several labels."""
        return self.base or self.name

    @property
    def variants(self) -> "tuple[Task, ...]":
        """Itself, and what it is with several labels: what a test file marked with the task judges."""
        return (self, self.multi_label) if self.multi_label else (self,)

    def case_of(self, row: Any, files: Files, where: str, thorough: bool = True) -> Case:
        """Make a case of a table; not thorough: only to show it. Raises InputFault, also where the task itself is at
        fault.
        """
        case = self._own(self.read, row, files, where)
        if not isinstance(case, Case) or case.id != row.id:
            raise InputFault(f"{where}: the task {self.name} is at fault: its read made no Case of this id; mend it")
        if thorough:
            self._own(self.check, case, where)
        return case

    def _own(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function of the task; the last argument is where a case stands. Raises InputFault."""
        try:
            return function(*arguments)
        except Fault:
            raise
        except Exception as error:  # whatever another package does
            if self.built_in:
                raise
            what = "read" if function is self.read else "check"
            raise InputFault(
                f"{arguments[-1]}: the task {self.name} is at fault: its {what} ended with {told(error)}"
            ) from error

    def auto_class_of(self, name: str, config: Mapping[str, Any]) -> str:
        """Return the auto class that loads a model. Raises SurroundingsFault where it is none of this task."""
        return self.auto_class if isinstance(self.auto_class, str) else self.auto_class(name, config)

    def answer_keys(self) -> list[str]:
        """Return those of its keys of a row that change an answer."""
        return [name for name in self.settings.own_keys() if name not in self.judging_keys]


def architectures(config: Mapping[str, Any]) -> list[str]:
    """Return the names of architectures that a config.json has, as it may say anything there."""
    said = config.get("architectures")
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
