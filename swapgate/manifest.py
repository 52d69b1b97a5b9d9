"""The models file: which weights each tier of each task uses, and by which limits it is judged."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from swapgate.budgets import Budget, Strict, Words
from swapgate.compare import Tolerance
from swapgate.faults import InputFault
from swapgate.quality.counts import HEADLINES, RIGHT
from swapgate.variants import steps

Task = Literal[
    "sentiment",
    "ner",
    "question-answering",
    "summarization",
    "audio-classification",
    "speech-recognition",
    "image-classification",
    "object-detection",
]
TASKS: tuple[str, ...] = get_args(Task)
LABELLED = frozenset({*TASKS} - {"question-answering", "summarization", "speech-recognition"})
"""Tasks whose models name labels, which a row must map."""
TASK_KEYS = {
    "generation": "summarization",
    "no_answer": "question-answering",
    "threshold": "object-detection",
    "cut": "audio-classification",
}
"""Keys of a row that only one task has."""
CASES = "cases.toml"
"""The file of a task's cases, in its folder below fixtures/, where the models file names no other."""
OTHERS = "*"
"""In a label map: the labels that it does not list; they keep their names."""
T = TypeVar("T")
MEASURED = ("latency", "memory", "parameters", "quality", "size")
"""What a budget limits; tests of it bear its name as a mark."""
RESERVED = frozenset(
    {*TASKS, *MEASURED, "filterwarnings", "incumbent", "parametrize", "skip", "skipif", "task", "usefixtures", "xfail"}
)
"""Names that a tier cannot have: they are marks of something else, or mean another tier."""


def _free(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{name!r} is reserved; give the tier another name")
    return name


class _OthersToo(dict[str, str]):
    """A label map in which each label that it does not list keeps its name."""

    def __missing__(self, label: str) -> str:
        return label

    def __contains__(self, label: object) -> bool:
        return True


def _kept(labels: dict[str, str]) -> dict[str, str]:
    if labels.get(OTHERS, OTHERS) != OTHERS:
        raise ValueError(f'"{OTHERS}" = "{OTHERS}" lets the labels that are not listed keep their names; write that')
    return labels


def _table(value: object) -> object:
    """Refuse numbers in quotes and booleans, which a plain dataclass would take for numbers."""
    for name, field in value.items() if isinstance(value, dict) else ():
        number = field is None or (isinstance(field, int | float) and not isinstance(field, bool))
        if not number and name != "reason" and not isinstance(_table(field), dict):
            raise ValueError(f"{name} = {field!r} is not a number")
    return value


def is_revision(text: str) -> bool:
    """Tell whether a text may be a commit, a branch or a tag; it leads out of no folder of these."""
    return re.fullmatch(r"[0-9A-Za-z_][\w./+-]*", text) is not None and ".." not in text


def _plain(revision: str) -> str:
    if not is_revision(revision):
        raise ValueError("not a commit, a branch or a tag")
    return revision


Revision = Annotated[str, AfterValidator(_plain)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_free)]


FileName = Annotated[str, Field(pattern=r"^[\w-]+\.toml$")]


class Generation(Strict):
    """How a text is written; what is not set is as the model's own generation_config.json says."""

    num_beams: int | None = Field(None, ge=1)
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    min_new_tokens: int | None = Field(None, ge=0)
    max_new_tokens: int | None = Field(None, ge=1)
    length_penalty: float | None = None
    no_repeat_ngram_size: int | None = Field(None, ge=0)


class PropertyGap(Strict):
    """A property that a tier is known to break, and the input that shows it."""

    example: dict[str, Any]
    """The arguments of the property test that break it."""
    reason: Words


class Row(Strict):
    """One tier of one task."""

    model: Words
    """A model folder, relative to the models file, or the id of a public model."""
    revision: Revision | None = None
    """Of a public model: a commit, a branch or a tag."""
    allow_pickle: bool = False
    """Whether weights may be pickles, where there are no safetensors."""
    variant: Words | None = None
    """What is done to the model before it is judged, as in "prune30+int8"."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """The type the weights are computed in, whatever the file holds."""
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    """What the model runs on where the option --device does not say."""
    labels: Annotated[dict[str, Words], AfterValidator(_kept)] = Field(default_factory=dict)
    """From the model's label names (of tags without B- and I-) to those of the cases; "*" = "*": the others too."""
    label_set: Words | None = None
    """Which of the answers is this tier's where a case has one for each of several sets of labels."""
    generation: Generation | None = None
    """Of summarization."""
    no_answer: bool = False
    """Of question-answering: whether the model may say that the context holds no answer."""
    threshold: float | None = Field(None, gt=0, lt=1)
    """Of object-detection: the score from which an object counts; 0.5 where it is not set."""
    cut: bool = False
    """Of audio-classification: whether the end of a sound that is longer than the model hears may be left out."""
    tolerance: Annotated[Tolerance, BeforeValidator(_table)] = Tolerance()
    budget: Budget = Budget()
    gaps: dict[str, Words] = Field(default_factory=dict)
    """Known gaps: case id to the reason why this tier fails it."""
    property_gaps: dict[str, PropertyGap] = Field(default_factory=dict)
    """Known gaps of properties: name of the property test, without test_."""

    @property
    def label_map(self) -> Mapping[str, str]:
        """From the model's label names to those of the cases."""
        return _OthersToo(self.labels) if OTHERS in self.labels else self.labels

    @property
    def settings(self) -> dict[str, Any]:
        """What the row sets of what the model says, besides its labels: only what is not the default."""
        return self.model_dump(include={*TASK_KEYS}, exclude_defaults=True, exclude_none=True)

    @property
    def weights(self) -> dict[str, Any]:
        """What the row says of which model it is, and not of where it runs or how that is judged."""
        return self.model_dump(exclude={"device", "tolerance", "budget", "gaps", "property_gaps", "label_set"})


class Manifest(BaseModel):
    """A models file that was read and found well-formed."""

    path: Path
    rows: dict[Task, dict[Name, Row]]
    cases: str = CASES
    """The file of each task's cases, in its folder below fixtures/."""

    @property
    def name(self) -> str:
        """The folder that its goldens have below `golden/`."""
        return self.path.stem

    @property
    def option(self) -> str:
        """How the option --models names it: by its name alone where it is in fixtures/models."""
        return self.name if self.path.parts[-3:-1] == ("fixtures", "models") else str(self.path)

    def cases_path(self, root: Path, task: str) -> Path:
        """Say where the cases of a task are."""
        return root / "fixtures" / task / self.cases


def read_manifest(path: Path) -> Manifest:
    """Read and check a models file. Raises InputFault that names file and key."""
    content = read_toml(path)
    cases: str = validated(dict[str, FileName], {"cases": content.pop("cases", CASES)}, path)["cases"]
    rows: Any = validated(dict[Task, dict[Name, Row]], content, path)
    if not any(rows.values()):
        raise InputFault(f"{path}: names no models; add a table such as [ner.original]")
    manifest = Manifest.model_construct(path=path, rows=rows, cases=cases)
    for task, tiers in manifest.rows.items():
        for tier, row in tiers.items():
            check_row(manifest, task, tier, row, path, f"{task}.{tier}.")
    return manifest


def read_row(path: Path) -> Row:
    """Read a TOML file that holds one whole row, as `--swap` takes it. Raises InputFault."""
    return validated(Row, read_toml(path), path)


def check_row(manifest: Manifest, task: str, tier: str, row: Row, path: Path, prefix: str = "") -> None:
    """Check a row against its neighbours. Raises InputFault that names file and key."""
    tiers = manifest.rows[task]  # type: ignore[index]
    others = [*(other for other in tiers if other != tier), "incumbent"]
    figures = [*HEADLINES[task], RIGHT]
    named = [(f"budget.{name}.against", limit.against, "other tier", others) for name, limit in row.budget.limits]
    named += [
        ("budget.quality.metric", limit.metric, "figure", figures) for limit in row.budget.quality if limit.metric
    ]
    for key, value, what, known in named:
        if value not in known:
            raise InputFault(f"{path}: {prefix}{key} = {value!r} is no {what} of {task}{nearest(value, known)}")
    if task == "summarization" and any(limit.metric == RIGHT or limit.errors_at_most for limit in row.budget.quality):
        raise InputFault(
            f"{path}: {prefix}budget.quality: a summary is not right or wrong as a whole; give a margin of one of"
            f" {', '.join(HEADLINES[task])}"
        )
    if bool(row.labels) != (task in LABELLED):
        raise InputFault(
            f"{path}: {prefix}labels: {'missing; add it' if task in LABELLED else f'{task} has none; remove it'}"
        )
    for name in row.settings:
        if TASK_KEYS[name] != task:
            raise InputFault(f"{path}: {prefix}{name}: only {TASK_KEYS[name]} has it; remove it")
    try:
        steps(row.variant) if row.variant is not None else None
    except ValueError as error:
        raise InputFault(f"{path}: {prefix}variant = {row.variant!r}: {error}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises InputFault that names the file and, for a syntax error, its line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: cannot be read: {error}; give a TOML file in UTF-8") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is an endless number
        raise InputFault(f"{path}: not valid TOML: {error}; mend the file and run again") from error


def validated(shape: type[T] | Any, data: object, path: Path) -> T:
    """Check data with pydantic. Raises InputFault with a line for each key that is wrong."""
    try:
        return TypeAdapter(shape).validate_python(data)  # type: ignore[no-any-return]
    except ValidationError as error:
        lines = [f"{path}: {_worded(detail, data, shape)}" for detail in error.errors()]
        raise InputFault("\n".join(lines)) from error


def nearest(word: str, known: Iterable[str]) -> str:
    """Word the nearest known name for the end of a message, or all of them where none is near."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _worded(detail: ErrorDetails, data: Any, shape: Any) -> str:
    location = [part for part in detail["loc"] if not str(part).startswith("[")]  # marks of pydantic's
    key = _named(location, data) or "the file"
    if detail["type"] == "literal_error" and detail["loc"][-1] == "[key]":
        return f"{key}: unknown task{nearest(str(location[-1]), TASKS)}"
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{key}: unknown key{nearest(str(location[-1]), _known_keys(shape, location[:-1]))}"
    if detail["type"] in ("missing", "missing_argument"):
        return f"{key}: missing; add it"
    return f"{key}: {detail['msg']}, found {detail['input']!r}"


def _named(location: Sequence[Any], data: Any) -> str:
    """Write a location with dots; a row of a list is named by its id where it has one."""
    name = ""
    for part in location:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        data = data[part] if inside else {}
        name += f"[{data.get('id', part) if isinstance(data, dict) else part}]" if isinstance(part, int) else f".{part}"
    return name.removeprefix(".")


def _known_keys(shape: Any, location: Sequence[str | int]) -> Iterable[str]:
    """Give the keys that the table at a location of a shape may have, following its annotations."""
    if get_origin(shape) is UnionType:
        shape = next(part for part in get_args(shape) if part is not type(None))
    fields = getattr(shape, "__pydantic_fields__", None) or getattr(shape, "__dataclass_fields__", {})
    if not location:
        return fields
    inner = get_type_hints(shape)[str(location[0])] if fields else get_args(shape)[-1]
    return _known_keys(inner, location[1:])
