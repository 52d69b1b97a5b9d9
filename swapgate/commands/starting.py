"""The command `swapgate init`: the files of a project of one's own, for a model that is asked once."""

import argparse
import itertools
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any, get_args

from swapgate.backends import backend_of, find, told_from
from swapgate.changes.judges import Layout
from swapgate.commands import starters
from swapgate.commands.importing import (
    Imported,
    add_source_options,
    cases_text,
    counted,
    files_in,
    files_of,
    imported,
    lines_text,
    toml_of,
)
from swapgate.core.extras import install, lack
from swapgate.core.faults import Fault, InputFault, SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.core.tables import read_toml, validated
from swapgate.core.words import listed, nearest, plain
from swapgate.models import hub
from swapgate.models.fetching import fetch
from swapgate.models.loading import Source
from swapgate.models.purpose import guess_task, is_for, other_task
from swapgate.outputs import check_expected
from swapgate.outputs.answered import OTHERS
from swapgate.project.configuration import configured
from swapgate.project.evaluation import keys_of, without_answer
from swapgate.project.foreign.shaping import BESIDE, FILES
from swapgate.project.manifest import SUITE_NAME, Row, row_type
from swapgate.project.reading import FORMATS
from swapgate.tasks import tasks
from swapgate.tasks.classes import MULTI
from swapgate.tasks.settings import MANY
from swapgate.tasks.task import Task, architectures
from swapgate.trials.asking import Asking, or_raise
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan

TIER = "original"
CASES, ROWS = "cases.toml", "evaluation.jsonl"
"""Files of a suite."""
BETWEEN = " | "
"""What parts the question of an `--input` from its context."""
SINCE = "so when swapgate init ran: "
"""How the reason of a known gap begins that is none of a person's."""
Ask = Callable[[str], str]


def add_init_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--model", help="a folder, the id of a public model, or what another backend reads")
    parser.add_argument("--task", help="what the model does; guessed from its config.json unless said")
    parser.add_argument("--suite", help="a name for this task on your data; the task's unless said")
    words = "a name of the model's and the one of the cases, as in LABEL_0=negative; may be given again"
    parser.add_argument("--labels", action="append", default=[], metavar="KEY=NAME", help=words)
    words = "a key of its row, as in generation.max_new_tokens=64; may be given again"
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=words)
    parser.add_argument("--cases", metavar="SOURCE", help="inputs with right answers, as `swapgate import` reads them")
    words = "an input, or its file, with the model's own answer as the right one; may be given again"
    parser.add_argument("--input", action="append", default=[], metavar="INPUT", help=words)
    parser.add_argument(
        "--eval-set", metavar="SOURCE", help="rows to measure quality on, as `swapgate import` reads them"
    )
    add_source_options(parser)
    parser.add_argument("--no-ci", action="store_true", help="write no workflow for GitHub Actions")
    parser.add_argument("--force", action="store_true", help="write files anew that are there already")


@dataclass
class Start:
    """What is to be written."""

    root: Path
    suite: str
    task: Task
    source: Source
    row: dict[str, Any]
    """Keys of the tier's row."""
    extras: Collection[str]
    """The extras of swapgate that it needs."""
    files: dict[Path, str] = field(default_factory=dict)
    """What is written, by its path."""
    copies: dict[Path, Path] = field(default_factory=dict)
    """Files that are copied, by where to."""
    told: list[str] = field(default_factory=list)
    evaluation: str | None = None
    """The evaluation set, as the cases file names it."""

    @property
    def models_file(self) -> Path:
        """Where the models file is."""
        return self.root / "fixtures" / "models" / "embedded.toml"

    @property
    def folder(self) -> Path:
        """The folder of the suite's cases."""
        return self.root / "fixtures" / self.suite


def init(root: Path, asked: argparse.Namespace, ask: Ask | None) -> str:
    """Write the files of a project and ask its model once; gives what to say. Raises Fault, and then nothing is left.

    `ask` asks a person for what no option says; None where nobody is there.
    """
    if not asked.model and ask is None:
        raise InputFault("swapgate init: give --model, as in: swapgate init --model path/to/model (see --help)")
    start = _begin(root, asked, None if asked.model else ask)
    media = [files_of(start.folder / name) for name in (CASES, ROWS)]
    before: dict[Path, bytes | None] = {path: path.read_bytes() for folder in media for path in files_in(folder)}
    try:
        _add_cases(start, asked)
        _add_others(start, asked)
        _check_free(start, asked.force)
        before |= {path: path.read_bytes() if path.exists() else None for path in (*start.files, *start.copies)}
        for path, text in start.files.items():
            write_whole(path, text)
        for path, origin in start.copies.items():
            shutil.copyfile(origin, path)
        _try(start)
    except OSError as error:
        _restore(before, media, root)
        raise SurroundingsFault(
            f"{error.filename}: cannot be written ({error.strerror}); nothing was written"
        ) from error
    except Fault as fault:
        _restore(before, media, root)
        raise _with_option(fault, start.task) from fault
    except BaseException:
        _restore(before, media, root)
        raise
    names = [path.relative_to(root).as_posix() for path in (*start.files, *start.copies)]
    lines = [*start.told, f"written: {listed(names)}", *starters.next_steps(start.suite)]
    return "".join(f"{plain(line)}\n" for line in lines)


def _restore(before: Mapping[Path, bytes | None], media: Sequence[Path], root: Path) -> None:
    """Leave files as they were before, and no folders that were made for them; `media` are those of imported files."""
    new = {path: None for folder in media for path in files_in(folder) if path not in before}
    for path, content in {**new, **before}.items():
        if content is not None:
            path.write_bytes(content)
            continue
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == root or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _begin(root: Path, asked: argparse.Namespace, ask: Ask | None) -> Start:
    """Find the model and what it is. Raises Fault."""

    def answer(said: str | None, question: str, usual: str = "") -> str:
        if said or ask is None:
            return said or usual
        return ask(f"{question}{f' [{usual}]' if usual else ''}: ").strip() or usual

    model = answer(asked.model, "Model (a folder, the id of a public model, or what another backend reads)")
    if not model:
        raise InputFault("swapgate init: no model was named; type it, or give --model")
    base = root / "fixtures" / "models"
    row = _row_of(model, base)
    source = find(Row.model_validate(row), base, root)
    if source.absent:
        try:
            got = fetch(row["model"], row.get("revision"), allow_pickle=False)
        except Fault as fault:
            raise fault.behind(f"--model {model}: no folder here, and as a public model: ") from fault
        row["revision"] = got.commit
        source = find(Row.model_validate(row), base, root)
    guess = guess_task(source)
    task = _task_of(answer(asked.task, "Task", guess), source)
    extras = tuple(filter(None, (*task.extras, backend_of(source).extra)))
    if words := lack(extras):
        raise InputFault(f"{source.name}: {task.name} {words}")
    suite = answer(asked.suite, "Suite, a name for this task on your data", task.family)
    if not SUITE_NAME.fullmatch(suite):
        raise InputFault(
            f"--suite {suite!r}: a suite's name has lower-case letters, digits, - and _, and begins with a letter"
        )
    asked.cases = answer(asked.cases, "Cases to import (a file or folder; none: an example)") or None
    asked.eval_set = answer(asked.eval_set, "Evaluation set to import (a file; none: later)") or None
    row |= _said_keys(asked.set, task, {**row, **(task.begin(source.config) if source.has_config else {})})
    start = Start(root, suite, task, source, row, extras)
    if guess and not asked.task and ask is None:
        start.told.append(f"task: {task.name}, by the model's config.json; another one is given with --task")
    labels = _labels_of(start, asked.labels)
    start.row |= {"labels": labels} if labels else {}
    start.source = find(row_type(task).model_validate(start.row), base, root)
    return start


def _said_keys(said: Sequence[str], task: Task, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the keys that are said, each as TOML or, where it is none, as a text. Raises InputFault."""
    row, known = dict(row), row_type(task).model_fields.keys() - {"model", "revision", "labels", *Row.judging_keys}
    for one in said:
        key, _, value = one.partition("=")
        outer, _, inner = key.partition(".")
        if not key or not value:
            raise InputFault(f"--set {one}: not of the form KEY=VALUE, as in --set generation.max_new_tokens=64")
        if outer not in known:
            raise InputFault(f"--set {key}: no key that a row of {task.name} may begin with{nearest(outer, known)}")
        found: Any = value
        with suppress(tomllib.TOMLDecodeError):
            found = tomllib.loads(f"value = {value}")["value"]
        before = row.get(outer)
        row[outer] = {**(before if isinstance(before, dict) else {}), inner: found} if inner else found
    validated(row_type(task), row, Path("--set"))
    return row


def _with_option(fault: Fault, task: Task) -> Fault:
    """Return a fault that says what to write into a row with the options by which that is done here."""
    words = str(fault)
    advice = re.split(r"\b(?:write|set|say)\b", words)[-1]
    keys: dict[str, str] = {}
    for key in task.settings.own_keys():
        inner = next(
            (getattr(one, "model_fields", {}) for one in _kinds(task, key) if hasattr(one, "model_fields")), {}
        )
        keys |= {one: f"{key}.{one}" for one in inner} or {key: key}
    found = [
        f"--set {option}={(value[1] if value else None) or '…'}"
        for key, option in keys.items()
        for value in [re.search(rf'(?<!\w){key} = "?([^\s";,]+)', advice)]
        if value or ("_" in key and re.search(rf"(?<!\w){key}(?!\w)", advice))
    ]
    if not found or "row" not in words:
        return fault
    *lines, last = fault.args
    return type(fault)(*lines, f"{last}: {' '.join(found)}")


def _kinds(task: Task, key: str) -> Iterable[Any]:
    """Return the types that a key of a row may have."""
    kind = task.settings.model_fields[key].annotation
    return get_args(kind) or (kind,)


def _row_of(model: str, base: Path) -> dict[str, Any]:
    """Return the keys of a row that say which model it is, with a path as the models file has it. Raises InputFault."""
    path = Path(model).expanduser()
    try:
        exists = path.exists()
    except OSError as error:
        raise InputFault(f"--model {model[:60]}: cannot be read ({error.strerror}); give a model folder") from error
    if exists:
        return {"model": Path(os.path.relpath(path.absolute(), base)).as_posix()}
    name, _, revision = model.partition("@")
    is_path = model.startswith((".", "/", "~")) or (path.parent != Path() and path.parent.is_dir())
    if not is_path and hub.is_id(name) and "revision" in told_from(model, Path.cwd()).keys:
        return {"model": name, **({"revision": revision} if revision else {})}
    if is_path or ":" not in model:
        raise InputFault(f"--model {model}: there is no such file or folder; give one, or the id of a public model")
    return {"model": model}


def _task_of(name: str, source: Source) -> Task:
    """Return a task, for several labels where the model's config.json says so. Raises InputFault."""
    known = tasks()
    if not name:
        names = listed(dict.fromkeys(task.name for task in known.values()))
        raise InputFault(f"{source.name} does not say what it is for; give --task, one of: {names}")
    if name not in known:
        raise InputFault(f"--task {name}: unknown task{nearest(name, known)}")
    task = known[name]
    several = task.multi_label if source.config.get("problem_type") == MULTI else None
    wrong = (several or task).check_config(source.config) if source.has_config else ""
    if not wrong and (other := other_task(source, task)):
        wrong = f"its config.json says {listed(architectures(source.config))}, which is for {other}"
    if wrong:
        raise InputFault(f"--task {name}: {source.name}: {wrong}")
    return several or task


def _labels_of(start: Start, said: Sequence[str]) -> dict[str, str]:
    """Return the label map of the row: the model's own names, but for those that are said. Raises InputFault."""
    pairs = {key: name for key, _, name in (one.partition("=") for one in said)}
    task, source = start.task, start.source
    if "" in pairs or "" in pairs.values():
        raise InputFault("--labels: not of the form KEY=NAME, as in --labels LABEL_0=negative")
    if task.label_names is None:
        if pairs:
            raise InputFault(f"--labels: a {task.name} has none; leave it out")
        return {}
    names = source.class_names(task)
    if names is None:
        labels = pairs or {OTHERS: OTHERS}
        try:
            return validated(row_type(task), {**start.row, "labels": labels}, Path("--labels")).labels
        except InputFault as fault:
            if pairs:
                raise
            raise InputFault(
                f"{source.name}: {task.name} asks for the labels of a row; name each with --labels KEY=NAME: what is"
                " asked for, and what the cases call it, as in --labels sports=sports --labels food=food"
            ) from fault
    row = row_type(task).model_validate({**start.row, "labels": pairs})
    keys = sorted({*row.label_keys(names)})
    strange = next((key for key in pairs if key not in keys), None)
    if strange is not None:
        raise InputFault(f"--labels {strange}: no label of {source.name}{nearest(strange, keys)}")
    if (advice := row.advice(names)) and keys != sorted(pairs):
        raise InputFault(f"{source.name} has the labels {listed(keys)}{advice}, with --labels KEY=NAME for each")
    return {OTHERS: OTHERS, **pairs} if len(keys) > MANY else {key: pairs.get(key, key) for key in keys}


def _add_cases(start: Start, asked: argparse.Namespace) -> None:
    """Add cases and evaluation set. Raises Fault."""
    if asked.cases and asked.input:
        raise InputFault("swapgate init: give --cases or --input, and not both")
    out = start.folder / CASES
    if asked.eval_set:
        _add_set(start, asked)
    if asked.cases:
        found = imported(asked.cases, start.task, asked, out)
        _match_labels(start, found, "--cases")
        _bring(start, found)
        _note_outside(start, found, "--cases")
        text = cases_text(found, start.task, out, start.evaluation)
        start.told += found.told()
        if not found.rows:
            raise InputFault(*found.told(), f"{asked.cases}: no case of it is understood; nothing was written")
    else:
        text = starters.ASKED + toml_of(_answered(start, asked.input), start.evaluation)
    start.files[out] = text


def _bring(start: Start, found: Imported) -> None:
    """Let files of texts that rows name be copied into the suite's folder, where they are none of the project."""
    for one in found.rows:
        for key in [key for key in BESIDE if key in one.row and not one.row[key].is_relative_to(start.root)]:
            one.row[key] = start.folder / _copied(start, one.row[key])


def _note_outside(start: Start, found: Imported, option: str) -> None:
    """Tell of sounds and pictures that lie outside the project, which git does not keep with it."""
    paths = [one.row[key] for one in found.rows for key in FILES if isinstance(one.row.get(key), Path)]
    if outside := [path for path in paths if not path.is_relative_to(start.root)]:
        start.told.append(
            f"{option}: {counted(len(outside), 'file')} of {len(paths)} outside the project ({outside[0]}): git keeps"
            " none of them with it, so --against cannot judge by them; move them into the project, and begin anew with"
            " --force"
        )


def _match_labels(start: Start, found: Imported, option: str) -> None:
    """Let labels of the model be called as those of some rows that differ in case alone. Raises InputFault for others.

    Else all of them would be known gaps, and nothing would ever be red.
    """
    if start.task.asks_for_labels:
        asked = start.row["labels"].values()
        if lack := sorted({label for one in found.rows for label in one.case.labels}.difference(asked)):
            options = " ".join(f"--labels {shlex.quote(f'{label}={label}')}" for label in lack[:MANY])
            raise InputFault(
                f"{option}: no label of the row is {listed(lack[:MANY])}, it asks for {listed(sorted(asked))} alone;"
                f" name each: {options}"
            )
        return
    names = start.source.class_names(start.task) if start.task.label_names else None
    if names is None:
        return
    row = start.source.row
    given = {row.label_map[key] for key in row.label_keys(names)}
    for label in dict.fromkeys(label for one in found.rows for label in one.case.labels):
        key = next((key for key in row.label_keys(names) if key.casefold() == label.casefold()), None)
        if label in given:
            continue
        if key is None or row.label_map[key] != key:
            raise InputFault(
                f"{option}: {start.source.name} gives no label {label!r}, but {listed(sorted(given))}; say which one it"
                f" is: {_to_type(row.label_keys(names), label)}{_for_any_labels(start)}"
            )
        start.row["labels"] = {**start.row["labels"], key: label}
        start.told.append(f"labels: {key} of the model is {label} of {option}")
        start.source = find(row_type(start.task).model_validate(start.row), start.models_file.parent, start.root)
        row = start.source.row
        given = {row.label_map[key] for key in row.label_keys(names)}


def _for_any_labels(start: Start) -> str:
    """Return in words for which other tasks a model may be, which ask for the labels of a row; nothing for none."""
    config = start.source.config
    fit = [task for task in dict.fromkeys(tasks().values()) if task.asks_for_labels and is_for(start.source, task)]
    names = [task.name for task in fit if not task.check_config(config)]
    return f", or ask it for any labels: --task {names[0]}" if names else ""


def _to_type(keys: Iterable[str], label: str) -> str:
    """Return the option by which a label of the model is called as one of some rows: the only one that has its words,
    or a place for it where it cannot be told which.
    """
    alike = [key for key in keys if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", key, re.IGNORECASE)]
    key = alike[0] if len(alike) == 1 else "LABEL"
    return f"--labels {shlex.quote(f'{key}={label}')}"


def _add_set(start: Start, asked: argparse.Namespace) -> None:
    """Add the evaluation set: the file itself where it can be read as it is and is one of the project."""
    out = start.folder / ROWS
    found = imported(asked.eval_set, start.task, asked, out)
    start.told += found.told()
    if not found.rows:
        raise InputFault(*found.told(), f"{asked.eval_set}: no row of it is understood; nothing was written")
    _match_labels(start, found, "--eval-set")
    _note_outside(start, found, "--eval-set")
    path = Path(os.path.abspath(asked.eval_set))
    own = all(key == column for key, column in found.columns.items()) and not found.left_out and not found.renamed
    own = own and not files_in(files_of(out))
    if own and path.suffix in FORMATS and path.is_relative_to(start.root) and not (asked.files or asked.format):
        start.evaluation = Path(os.path.relpath(path, start.folder)).as_posix()
        return
    _bring(start, found)
    start.files[out] = lines_text(found, out)
    start.evaluation = out.name


def _answered(start: Start, inputs: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield cases of inputs with the model's own answers. Raises Fault."""
    task, keys = start.task, [key for key, one in keys_of(start.task).items() if one.is_required()]
    keys = [key for key in keys if key not in ("id", "expected")]
    beside = next((key for key in BESIDE if key in keys_of(task)), None)
    if beside:
        raise InputFault(f"{task.name} needs a {beside}: give cases with --cases SOURCE, which lie beside theirs")
    unknown = [key for key in keys if key not in starters.EXAMPLES]
    if unknown and not inputs and unknown[0] not in FILES:
        raise InputFault(f"{task.name} needs {unknown[0]}: give cases with --cases SOURCE")
    if unknown and not inputs:
        raise InputFault(f"{task.name} needs {keys[0]} files: give some with --input FILE, or with --cases SOURCE")
    inputs = inputs or [BETWEEN.join(starters.EXAMPLES[key] for key in keys)]
    asking = Asking(task, start.source, start.source.row, [])
    try:
        for number, one in enumerate(inputs, 1):
            parts = one.split(BETWEEN, len(keys) - 1)
            if len(parts) != len(keys) or not all(parts):
                raise InputFault(f"--input {one[:40]!r}: give {BETWEEN.join(keys)}, or cases with --cases SOURCE")
            given = dict(zip(keys, parts, strict=True))
            case = without_answer(task, {key: _whole(key, value) for key, value in given.items()}, number, Path.cwd())
            said = or_raise(asking.predict([case.input], [f"example_{number}"])[0])
            for key in [key for key in FILES if key in given]:
                given[key] = _copied(start, Path(given[key]))
            yield {"id": f"example_{number}", **given, "expected": _right(task, said, one)}
    finally:
        asking.release()


def _copied(start: Start, origin: Path) -> str:
    """Let a file be copied into the suite's folder, under a name that no other has there; gives the name."""
    taken = {CASES: None, ROWS: None, **{path.name.casefold(): one for path, one in start.copies.items()}}
    names = (f"{origin.stem}{f'_{number}' * (number > 1)}{origin.suffix}" for number in itertools.count(1))
    name = next(name for name in names if taken.get(name.casefold(), origin) == origin)
    start.copies[start.folder / name] = origin
    return name


def _whole(key: str, value: str) -> str:
    return str(Path(value).expanduser().absolute()) if key in FILES else value


def _right(task: Task, said: Any, given: str) -> Any:
    """Return what a model says as the right answer of a case. Raises InputFault."""
    if task.as_right is not None and (right := task.as_right(said)) is not None:
        return right
    raise InputFault(f"the model's answer to {given[:40]!r} ({said}) makes no case; give cases with --cases SOURCE")


def _add_others(start: Start, asked: argparse.Namespace) -> None:
    """Add models file, suite file, configuration and workflow. Raises InputFault."""
    table = starters.suite_table(start.suite, start.task, tasks().get(start.suite) is start.task)
    measured = backend_of(start.source).measures(start.source.row)
    row = starters.row_table(start.suite, TIER, start.row, measured, start.evaluation is not None)
    before = _other_suites(start, asked.force)
    start.files[start.models_file] = f"{before or starters.MODELS_HEAD}\n{table}{row}"
    path_and_text = starters.configuration(start.root)
    start.files |= dict([path_and_text] if path_and_text else [])
    path = _suite_file(start, is_configured=path_and_text is None)
    start.files[path] = starters.suite_file(start.suite)
    workflow = start.root / ".github" / "workflows" / "swapgate.yml"
    if asked.no_ci:
        return
    if not workflow.exists():
        start.files[workflow] = starters.workflow(install(start.extras))
        return
    installs = starters.extras_in(workflow.read_text(encoding="utf-8"))
    if not installs >= {*start.extras}:
        line = install(installs | {*start.extras})
        start.told.append(
            f"{workflow.relative_to(start.root).as_posix()}: let it install what this suite needs: {line}"
        )


def _suite_file(start: Start, is_configured: bool) -> Path:
    """Return where the suite's test file is to be: in tests/, or where else the project's own configuration lets pytest
    come by it. Raises InputFault where it does nowhere.
    """
    name, root = start.suite.replace("-", "_"), start.root
    usual = root / "tests" / f"test_{name}.py"
    said = {key: configured(root, key) if is_configured else [] for key in ("testpaths", "python_files")}
    found = [name for one in said["testpaths"] for name in sorted(glob(one, root_dir=root, recursive=True)) or [one]]
    places = [Path(os.path.normpath(root / name)) for name in found]
    layout = Layout(places or [root], said["python_files"] or Layout.python_files)
    folders = [usual.parent, *(place for place in places if not place.is_file())]
    files = [usual.name, *(one.replace("*", name, 1) for one in said["python_files"])]
    paths = [folder / file for folder in folders for file in files]
    path = next((one for one in paths if layout.is_test(one) and layout.collects(one)), None)
    if path is None:
        says = "; ".join(f"{key} = {' '.join(words)}" for key, words in said.items() if words)
        raise InputFault(
            f"{root}: pytest's configuration says {says}, so it would not come by a new {usual.relative_to(root)}; add"
            " tests to testpaths, or test_*.py to python_files"
        )
    return path


def _other_suites(start: Start, force: bool) -> str:
    """Return what the models file says already, of other suites. Raises InputFault where it has this one."""
    path = start.models_file
    if not path.exists():
        return ""
    there = read_toml(path)
    if start.suite not in there:
        return path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    if len(there) > 1 or not force:
        what = "take it out there first" if len(there) > 1 else "give --force to write it anew"
        raise InputFault(f"{path}: has a suite {start.suite} already; {what}, or give --suite another name")
    return ""


def _check_free(start: Start, force: bool) -> None:
    """Make sure that nothing is overwritten. Raises InputFault."""
    changed = {start.models_file, start.root / "pyproject.toml"}
    there = [path for path in (*start.files, *start.copies) if path.exists() and path not in changed]
    if there and not force:
        names = listed(path.relative_to(start.root).as_posix() for path in there)
        raise InputFault(f"{names}: there already; give --force to write them anew, or --suite another name")


def _try(start: Start) -> None:
    """Ask the model all cases; those that it gets wrong become known gaps. Raises Fault."""
    plan = make_plan(start.root, start.models_file, [], [], start.root)
    model = plan.models[start.suite, TIER]
    check_model(model)
    if start.suite in plan.evaluations:
        _ = plan.evaluations[start.suite].count  # raises where a row is wrong
    gaps = {}
    for case in model.cases.cases:
        wrong = check_expected(model.prediction(case), case.expected)
        if wrong:
            gaps[case.id] = f"{SINCE}{wrong[0]}"
    model.release()
    count = len(model.cases.cases)
    if len(gaps) == count:
        first, why = next(iter(gaps.items()))
        raise InputFault(
            *start.told,
            f"{model.source.name} gets none of {count} cases right ({first}: {why.removeprefix(SINCE)}), so nothing"
            f" could ever be red; mend the cases, {'--labels, ' * bool(model.task.label_names)}or how it is asked, with"
            f" --set KEY=VALUE: swapgate tasks {model.task.name} tells the keys",
        )
    start.told.append(
        f"{model.source.name}: {count - len(gaps)} of {count} cases right, {counted(len(gaps), 'known gap')}"
    )
    if model.task.graded:
        start.told.append(
            f"a case is right where {model.task.graded} has what it asks for; how like the references they are, the"
            " figures of an evaluation set tell alone"
        )
    if gaps:
        text = start.files[start.models_file] + starters.gaps_table(start.suite, TIER, gaps)
        write_whole(start.models_file, text)
