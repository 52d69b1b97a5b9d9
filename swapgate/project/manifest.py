"""The models file: which weights each tier of each suite uses, and by which limits it is judged."""

import difflib
import functools
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from swapgate.core.faults import InputFault
from swapgate.core.tables import NonEmptyStr, Reason, Table, read_toml, validated
from swapgate.core.words import nearest
from swapgate.outputs.counts import RIGHT
from swapgate.project.budgets import Budget
from swapgate.project.configuration import MOST_THREADS
from swapgate.project.evaluation import check_columns
from swapgate.project.variants import steps
from swapgate.tasks import BUILT_IN, tasks
from swapgate.tasks.generation import Chat
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Task

CASES = "cases.toml"
"""The file of a suite's cases, in its folder below fixtures/, where the models file names no other."""
MODELS_FOLDER = "models"
"""The folder below fixtures/ that holds models files, and no suite's cases."""
MEASURED = ("latency", "memory", "parameters", "quality", "size")
"""What a budget limits; tests of it bear its name as a mark."""
MARKS = frozenset(
    {*MEASURED, "filterwarnings", "parametrize", "skip", "skipif", "suite", "task", "usefixtures", "xfail"}
)
"""Marks that mean something else."""
BUILT_IN_NAMES = frozenset(name for task in BUILT_IN for name in task.names)
"""Names of this package's own tasks."""
CHECKS = frozenset({"expected", "golden"})
"""Names of tests, which -k would take for a suite's."""
KEYWORDS = frozenset({"and", "or", "not", "true", "false", "none"})
"""Words that -k and -m of pytest read otherwise."""
INCUMBENT, ANCHOR = "incumbent", "anchor"
"""What a budget calls the model that a candidate would replace, and the tier's first accepted one."""


def is_revision(text: str) -> bool:
    """Return whether a text may be a commit, a branch or a tag; it leads out of no folder of these."""
    return re.fullmatch(r"[0-9A-Za-z_][\w./+-]*", text) is not None and ".." not in text


def _checked_revision(revision: str) -> str:
    if not is_revision(revision):
        raise ValueError("not a commit, a branch or a tag")
    return revision


def _free(name: str) -> str:
    if name in (MARKS - {"suite"}) or name in (INCUMBENT, ANCHOR, *BUILT_IN_NAMES):
        raise ValueError(f"{name!r} is reserved; give the tier another name")
    return name


Revision = Annotated[str, AfterValidator(_checked_revision)]
TierName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_free)]
FileName = Annotated[str, Field(pattern=r"^[\w-]+\.toml$")]
Threads = Annotated[int, Field(ge=1, le=MOST_THREADS)]
SUITE_NAME = re.compile(r"[a-z][a-z0-9_-]*")


class PropertyGap(Table):
    """A property that a tier is known to break, and the input that shows it."""

    example: dict[str, Any]
    """The arguments of the property test that break it."""
    reason: Reason


class Accepted(Table):
    """Cases that a reviewer lets one candidate lose."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    """How the digest of the candidate begins."""
    cases: Annotated[list[NonEmptyStr], Field(min_length=1)]
    reason: Reason
    expires: date | None = None
    """The last day on which it counts."""

    def counts(self, digest: str, today: date) -> bool:
        """Return whether it is this candidate's, and still counts."""
        return digest.startswith(self.digest) and not self.is_over(today)

    def is_over(self, today: date) -> bool:
        """Return whether its last day is past."""
        return self.expires is not None and today > self.expires


class Row(Settings):
    """One tier of one suite; each task adds the keys that it alone has."""

    model: NonEmptyStr
    """A model folder, relative to the models file, or the id of a public model; or what another backend reads."""
    backend: NonEmptyStr | None = None
    """What makes its predictions, such as transformers; told from `model` where it is not set."""
    version: NonEmptyStr | None = None
    """Which one it is, of what has no weights to digest: a function, a server."""
    files: list[NonEmptyStr] = Field(default_factory=list)
    """Files and folders that a function reads, relative to the models file: its weights."""
    timeout: float = Field(default=120, gt=0)
    """Seconds that a function or a server may take for an answer."""
    concurrency: int = Field(default=1, ge=1)
    """Requests that a server is sent at once while an evaluation set is asked."""
    token_env: NonEmptyStr | None = None
    """The environment variable that holds the token for a server."""
    chat: Chat | None = None
    """Of a server that is spoken to as OpenAI's are: what it is told, and which of its models is meant."""
    revision: Revision | None = None
    """Of a public model: a commit, a branch or a tag."""
    allow_pickle: bool = False
    """Whether weights may be pickles, where there are no safetensors."""
    variant: NonEmptyStr | None = None
    """What is done to the model before it is judged, as in "prune30+int8"."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """The type the weights are computed in, whatever the file holds."""
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    """What the model runs on where the option --device does not say."""
    label_set: NonEmptyStr | None = None
    """Which of the answers is this tier's where a case has one for each of several sets of labels."""
    budget: Budget = Budget()
    """How much worse, slower or larger than another model it may be."""
    clear_lead: float = Field(default=0.5, ge=0, le=1)
    """From which lead of the incumbent's on a lost case counts where the evaluation set decides for the candidate."""
    allow_recorded: bool = False
    """Whether, under --against, predictions that a change brings and that were recorded elsewhere may be a PASS."""
    accepted: Accepted | None = None
    """Cases that one candidate may lose."""
    gaps: dict[str, Reason] = Field(default_factory=dict)
    """Known gaps: case id to the reason why this tier fails it."""
    property_gaps: dict[str, PropertyGap] = Field(default_factory=dict)
    """Known gaps of properties: name of the property test, without test_."""

    answer_keys: ClassVar[tuple[str, ...]] = ()
    """Those of the task's own keys that change an answer."""
    judging_keys: ClassVar[tuple[str, ...]] = (
        "tolerance",
        "budget",
        "clear_lead",
        "allow_recorded",
        "accepted",
        "gaps",
        "property_gaps",
        "label_set",
    )
    """Keys that say how it is judged; those of a candidate do not count."""

    @property
    def settings(self) -> dict[str, Any]:
        """What the row sets of what the model says, besides its labels: only what is not the default."""
        return self.model_dump(include={*self.answer_keys}, exclude_defaults=True, exclude_none=True)

    @property
    def weights(self) -> dict[str, Any]:
        """What the row says of which model it is, and not of where it runs or how that is judged."""
        return self.model_dump(exclude={"device", "timeout", "concurrency", "token_env", *self.judging_keys})


def row_type(task: Task) -> type[Row]:
    """Return what the rows of a task are: with the keys that its settings add."""
    return _row_type(task.settings, task.judging_keys)


@functools.cache
def _row_type(settings: type[Settings], judging_keys: frozenset[str]) -> type[Row]:
    bases: Any = (Row, settings)
    found: type[Row] = Row if settings is Settings else create_model("Row", __base__=bases)
    found.answer_keys = tuple(key for key in settings.own_keys() if key not in judging_keys)
    found.judging_keys = (*Row.judging_keys, *sorted(judging_keys))
    return found


class Manifest(BaseModel):
    """A models file that was read and found well-formed."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    path: Path
    tasks: dict[str, Task]
    """The task of each suite."""
    rows: dict[str, dict[str, Row]]
    """The tiers of each suite."""
    cases: str = CASES
    """The file of each suite's cases, in its folder below fixtures/."""
    defaults: dict[str, dict[str, Any]]
    """What a suite's own table says for all rows that do not say it, also for those of candidates."""
    threads: int | None = None
    """Threads that compute the rows of evaluation sets; as many as there are cores where it is not set."""
    exceptions: Literal["in-change"] | None = None
    """"in-change": of a change that it judges, losses that it accepts itself and anchors that it moves count."""
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Of each suite which columns of its evaluation set hold the keys of a row, where they are called otherwise."""
    removed: dict[str, list[str]] = Field(default_factory=dict)
    """The tiers of each suite that the next change may remove."""

    @property
    def name(self) -> str:
        """The folder that its goldens have below `golden/`."""
        return self.path.stem

    @property
    def option(self) -> str:
        """How the option --models names it: by its name alone where it is in fixtures/models."""
        in_place = self.path.parts[-3:-1] == ("fixtures", MODELS_FOLDER)
        return self.name if in_place else str(self.path)

    def cases_path(self, root: Path, suite: str) -> Path:
        """Return where the cases of a suite are."""
        return root / "fixtures" / suite / self.cases


class _SuiteKeys(Table):
    """The keys of a suite's own table."""

    task: NonEmptyStr | None = None
    """Which task it is; the suite's name where it is not set."""
    multi_label: bool = False
    """Whether an input may have several labels, or none."""
    threshold: float | None = Field(None, gt=0, lt=1)
    """Of a suite with several labels: the score from which one counts, for all rows that do not say."""
    columns: dict[NonEmptyStr, NonEmptyStr] = Field(default_factory=dict)
    """Which column of its evaluation set holds what a key of a row says, where it is called otherwise."""
    removed: list[NonEmptyStr] = Field(default_factory=list)
    """Tiers that a later change may remove without being INCOMPLETE under --against."""


def read_manifest(path: Path, own_labels: Callable[[Task, Row], str] = lambda task, row: "") -> Manifest:
    """Read and check a models file. Raises InputFault that names file and key.

    `own_labels` returns the line that a row without a label map lacks, where that can be told.
    """
    content = read_toml(path)
    cases: str = validated(dict[str, FileName], {"cases": content.pop("cases", CASES)}, path)["cases"]
    said = {"exceptions": content.pop("exceptions", None)}
    exceptions: Any = validated(dict[str, Literal["in-change"] | None], said, path)["exceptions"]
    threads: Any = validated(dict[str, Threads | None], {"threads": content.pop("threads", None)}, path)["threads"]
    keys = {"cases": cases, "exceptions": exceptions, "threads": threads}
    manifest = Manifest(path=path, tasks={}, rows={}, defaults={}, **keys)
    faults: list[Any] = []
    for suite, table in content.items():
        try:
            task, rows, defaults = _read_suite(suite, table, path)
        except InputFault as fault:
            faults += fault.args
        else:
            manifest.tasks[suite], manifest.rows[suite], manifest.defaults[suite] = task, rows, defaults
            own = _own_keys(table)
            manifest.removed[suite], manifest.columns[suite] = [*own.get("removed", ())], {**own.get("columns", {})}
    if faults:
        raise InputFault(*faults)
    if not any(manifest.rows.values()):
        raise InputFault(f"{path}: names no models; add a table such as [ner.original]")
    _check_names(manifest)
    for suite, tiers in manifest.rows.items():
        for tier, row in tiers.items():
            check_row(manifest, suite, tier, row, path, f"{suite}.{tier}.", own_labels)
    return manifest


@functools.cache
def suites_beside(path: Path) -> frozenset[str]:
    """Return the suites of all models files in a models file's folder; of those that cannot be read none."""
    found: set[str] = set()
    for one in path.parent.glob("*.toml"):
        with suppress(InputFault):
            found |= {name for name, table in read_toml(one).items() if isinstance(table, dict)}
    return frozenset(found)


def read_row(path: Path, task: Task | None, defaults: Mapping[str, Any] = MappingProxyType({})) -> Row:
    """Read a TOML file that holds one row, as `--swap` takes it; without a task one of any. Raises InputFault."""
    content = {**defaults, **read_toml(path)}
    if task is not None:
        return validated(row_type(task), _own(content, task), path, owner=_owner)
    others = {key for one in {*tasks().values()} for key in one.settings.own_keys()}
    return validated(Row, {key: value for key, value in content.items() if key not in others}, path)


def check_row(
    manifest: Manifest,
    suite: str,
    tier: str,
    row: Row,
    path: Path,
    prefix: str = "",
    own_labels: Callable[[Task, Row], str] = lambda task, row: "",
) -> None:
    """Check a row against its neighbours. Raises InputFault that names file and key.

    `own_labels` is as for `read_manifest`.
    """
    task = manifest.tasks[suite]
    others = [*(other for other in manifest.rows[suite] if other != tier), INCUMBENT]
    figures = [*task.figures, RIGHT]
    beside = {"quality": [*others, ANCHOR]}
    named = [
        (f"budget.{name}.against", limit.against or "", "other tier", beside.get(name, others))
        for name, limit in row.budget.limits
    ]
    named += [
        ("budget.quality.metric", limit.metric, "figure", figures) for limit in row.budget.quality if limit.metric
    ]
    for key, value, what, known in named:
        if value not in known:
            raise InputFault(f"{path}: {prefix}{key} = {value!r} is no {what} of {suite}{nearest(value, known)}")
    _check_floors(task, row, f"{path}: {prefix}budget.quality")
    if task.graded and any(limit.metric == RIGHT or limit.errors_at_most for limit in row.budget.quality):
        raise InputFault(
            f"{path}: {prefix}budget.quality: {task.graded} is not right or wrong as a whole; give a margin of one of"
            f" {', '.join(task.figures)}"
        )
    if bool(row.labels) != (task.label_names is not None):
        words = f"{suite} has none; remove it"
        if task.label_names:
            words = f"missing; add it: {line}" if (line := own_labels(task, row)) else "missing; add it"
        if not task.label_names and not task.built_in:
            words += ", or let its Task say label_names"
        raise InputFault(f"{path}: {prefix}labels: {words}")
    try:
        steps(row.variant) if row.variant is not None else None
    except ValueError as error:
        raise InputFault(f"{path}: {prefix}variant = {row.variant!r}: {error}") from error


def _check_floors(task: Task, row: Row, where: str) -> None:
    """Make sure that a floor is on the side on which its figure is good. Raises InputFault."""
    for limit in (limit for limit in row.budget.quality if limit.is_floor):
        metric = limit.metric or task.figures[0]
        less = metric in task.output.less_is_better
        if less and limit.at_least is not None:
            raise InputFault(f"{where}: of {metric} less is better; write at_most in place of at_least")
        if not less and limit.at_most is not None:
            raise InputFault(f"{where}: of {metric} more is better; write at_least in place of at_most")


def _read_suite(suite: str, table: Any, path: Path) -> tuple[Task, dict[str, Row], dict[str, Any]]:
    """Read the table of a suite. Raises InputFault."""
    if not isinstance(table, dict):
        raise InputFault(f"{path}: {suite}: must be a table, found {table!r}")
    keys = _own_keys(table)
    for key, value in table.items():
        near = difflib.get_close_matches(key, _SuiteKeys.model_fields, n=1)
        if near and key not in keys and not isinstance(value, dict):
            raise InputFault(f"{path}: {suite}.{key}: unknown key; did you mean {near[0]!r}?")
    own: _SuiteKeys = validated(_SuiteKeys, keys, path, f"{suite}.")
    task = _task_of(suite, own, path)
    try:
        check_columns(own.columns, task)
    except InputFault as fault:
        raise fault.behind(f"{path}: {suite}.") from fault
    tiers = {key: value for key, value in table.items() if key not in keys}
    defaults: dict[str, Any] = {}
    if not tiers and table:
        raise InputFault(f"{path}: {suite}: has no tiers; add a table such as [{suite}.original]")
    if own.threshold is not None:
        if "threshold" not in task.settings.own_keys():
            raise InputFault(
                f"{path}: {suite}.threshold: a {task.name} has none; remove it, or write multi_label = true"
            )
        defaults = {"threshold": own.threshold}
    rows: dict[str, Row] = {}
    faults: list[Any] = []
    for tier, row in tiers.items():
        try:
            if not isinstance(row, dict):
                raise InputFault(f"{path}: {suite}.{tier}: must be a table, found {row!r}")
            content = {**defaults, **_own(row, task)}
            rows[tier] = validated(row_type(task), content, path, f"{suite}.{tier}.", _owner)
        except InputFault as fault:
            faults += fault.args
    try:
        validated(dict[TierName, Any], tiers, path, f"{suite}.")
    except InputFault as fault:
        faults += fault.args
    if faults:
        raise InputFault(*faults)
    return task, rows, defaults


def _own_keys(table: dict[str, Any]) -> dict[str, Any]:
    """Return what a suite's table says besides its tiers."""
    return {
        key: value
        for key, value in table.items()
        if key in _SuiteKeys.model_fields and (not isinstance(value, dict) or _is_columns(key, value))
    }


def _is_columns(key: str, value: dict[str, Any]) -> bool:
    """Return whether a table is that of columns, and no tier of this name."""
    return key == "columns" and "model" not in value


def _own(row: dict[str, Any], task: Task) -> dict[str, Any]:
    """Return a row without keys that only other tasks have and that say what is so without them."""
    fields = row_type(task).model_fields
    others = {
        key: field.default
        for one in dict.fromkeys(tasks().values())
        for key, field in one.settings.model_fields.items()
        if key not in fields
    }
    return {key: value for key, value in row.items() if key not in others or value is not others[key]}


def _task_of(suite: str, own: _SuiteKeys, path: Path) -> Task:
    """Return the task of a suite. Raises InputFault where there is none, or its name says another."""
    known = tasks()
    name = suite if own.task is None else own.task
    if name not in known:
        where = f"{suite}: unknown task" if own.task is None else f"{suite}.task = {name!r}: unknown task"
        also = "" if own.task else ' (a suite with a name of its own says which task it is: task = "…")'
        raise InputFault(f"{path}: {where}{nearest(name, known)}{also}")
    task = known[name]
    if suite in known and known[suite] is not task:
        raise InputFault(f"{path}: {suite}.task = {name!r}: {suite} is a task itself; give the suite another name")
    if not own.multi_label:
        return task
    if task.multi_label is None:
        able = sorted(one.name for one in {*known.values()} if one.multi_label)
        raise InputFault(
            f"{path}: {suite}.multi_label: a {task.name} has no labels to choose from; of: {', '.join(able)}"
        )
    return task.multi_label


def _check_names(manifest: Manifest) -> None:
    """Make sure that no two names of suites and tiers mean the same to pytest. Raises InputFault."""
    tiers = {tier: suite for suite, rows in manifest.rows.items() for tier in rows}
    seen: dict[str, str] = {}
    for suite in manifest.rows:
        where = f"{manifest.path}: [{suite}]"
        alike = seen.setdefault(suite.replace("_", "-"), suite)
        if not SUITE_NAME.fullmatch(suite):
            raise InputFault(
                f"{where}: a suite's name has lower-case letters, digits, - and _, and begins with a letter"
            )
        if suite in MARKS or suite in (INCUMBENT, MODELS_FOLDER):
            raise InputFault(
                f"{where}: {suite!r} is reserved, for it means something else; give the suite another name"
            )
        if suite in CHECKS:
            raise InputFault(f"{where}: tests are called like this, and -k takes them all; give the suite another name")
        if suite in KEYWORDS:
            raise InputFault(f"{where}: {suite!r} is a word of pytest's -k and -m; give the suite another name")
        if suite in tiers:
            raise InputFault(f"{where}: {tiers[suite]} has a tier of this name, and -m takes both; rename one of them")
        if alike != suite:
            raise InputFault(f"{where}: {alike} is called the same but for a dash; rename one of them")


def _owner(key: str) -> str:
    """Return whose key it is, in words, where other tasks have it."""
    known = dict.fromkeys(tasks().values())
    whose = [task.name for task in known if key in task.settings.own_keys()]
    several = any(key in task.multi_label.settings.own_keys() for task in known if task.multi_label)
    if several and not any(tasks()[name].multi_label for name in whose):
        whose.append("suites with multi_label = true")
    has = "has" if len(whose) == 1 else "have"
    *others, last = whose or [""]
    names = f"{', '.join(others)} and {last}" if others else last
    return f"only {names} {has} it; remove it" if whose else ""
