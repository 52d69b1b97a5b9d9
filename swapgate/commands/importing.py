"""The command `swapgate import`: cases or rows of an evaluation set from files that others wrote."""

import argparse
import hashlib
import json
import os
import random
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.core.extras import lack
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.core.words import listed, nearest, plain, toml_value
from swapgate.inputs.given import EXTRA_OF
from swapgate.models.hub import is_id
from swapgate.outputs import check_expected
from swapgate.outputs.answered import OTHERS
from swapgate.project.evaluation import checked, keyed, keys_of
from swapgate.project.foreign import FORMATS, format_of
from swapgate.project.foreign.arrow import from_hub
from swapgate.project.foreign.found import Found
from swapgate.project.foreign.shaping import BESIDE, FILES, found_beside, guessed, part, parts, shaped, stored
from swapgate.project.manifest import read_manifest
from swapgate.tasks import tasks
from swapgate.tasks.case import Case, CaseShape
from swapgate.tasks.task import Task
from swapgate.trials.evaluating import EVALUATION_BATCH
from swapgate.trials.plan import make_plan
from swapgate.trials.running import Model

TOLD = 3
"""Rows of each kind that are left out of which a message tells why."""
ROWS, CASES = ".jsonl", ".toml"
"""How the file is called at its end that is written: rows of an evaluation set, or cases."""
ORDER = {"id": 0, "expected": 2}
"""Where keys stand in a row that is written; all others between these."""
ABOUT = ("cluster", "slices", "slice")
"""Keys of a row that tell of it, and are no part of its input."""
PARTS = ("start", "end", "box", *ABOUT)
"""Keys that a row has and a case has not."""


class Kept(NamedTuple):
    """A row that is understood."""

    row: dict[str, Any]
    """By the keys of its task, its files as paths."""
    table: Any
    """The same as it was checked, with what a row may leave out."""
    case: Case
    where: str
    """Where it stands, for messages."""


@dataclass
class Imported:
    """What came of a source."""

    what: str
    """Which columns were read as what, in words."""
    columns: dict[str, str] = field(default_factory=dict)
    """The column of each key."""
    rows: list[Kept] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """Why rows are left out, with a line each."""
    renamed: list[str] = field(default_factory=list)
    """Rows whose id is also another's, with the one that they have here."""
    notes: list[str] = field(default_factory=list)
    """What else is to be told."""

    def told(self) -> Iterator[str]:
        """Yield lines: what was read, and how many rows are left out with the first of each kind."""
        yield self.what
        kinds = {f"left out, {why}": lines for why, lines in self.left_out.items()}
        kinds |= {"given another id, as theirs stands twice": self.renamed} if self.renamed else {}
        for kind, lines in kinds.items():
            more = " · …" if len(lines) > TOLD else ""
            yield f"{kind}: {counted(len(lines), 'row')}: {' · '.join(lines[:TOLD])}{more}"
        yield from self.notes


def counted(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def add_import_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("source", metavar="SOURCE", help="a file, a folder, or the id of a data set of the hub")
    parser.add_argument("out", type=Path, metavar="OUT", help="rows of an evaluation set (.jsonl), or cases (.toml)")
    parser.add_argument("--suite", help="for this suite of the models file")
    parser.add_argument("--task", help="for this task, where there is no suite yet")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")
    add_source_options(parser)
    parser.add_argument("--sample", type=int, metavar="N", help="take N rows by chance, of each label its share")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of that chance; 0 unless said")
    parser.add_argument("--hard", type=int, metavar="N", help="take the N right rows on which --tier leads least")
    parser.add_argument("--tier", metavar="TIER", help="the tier of the suite whose model tells which rows are hard")
    parser.add_argument("--force", action="store_true", help="write OUT anew where it is there already")


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a source is read."""
    parser.add_argument("--format", choices=sorted(FORMATS), help="told by the source unless said")
    words = "which column holds a key, as in text=review; may be given again; guessed and shown where it is not"
    parser.add_argument("--columns", action="append", default=[], metavar="KEY=COLUMN", help=words)
    parser.add_argument("--files", type=Path, metavar="DIR", help="the folder of the sounds or pictures it names")
    parser.add_argument("--split", help="of a data set of the hub: which part of it")
    parser.add_argument("--configuration", metavar="NAME", help="of a data set of the hub: which of several")


def import_rows(root: Path, models_file: Path | None, asked: argparse.Namespace) -> str:
    """Read a source and write what it holds; gives what to say. Raises Fault."""
    task, model, given = _asked_for(root, asked, models_file)
    _check_out(asked)
    before = files_in(files_of(asked.out))
    found = imported(asked.source, task, asked, asked.out)
    try:
        if not found.rows:
            raise InputFault(*found.told(), f"{asked.source}: nothing of it is understood; nothing was written")
        _note_labels(found, asked.suite, given)
        _check_number(asked.sample, "--sample", found)
        if asked.sample:
            found.rows = sample(found.rows, asked.sample, asked.seed)
        _check_number(asked.hard, "--hard", found)
        if model and asked.hard:
            rows = counted(len(found.rows), "row")
            found.rows = _hardest(model, found.rows, asked.hard)
            if len(found.rows) < asked.hard:
                few = f"--hard {asked.hard}: of {rows} {asked.tier} gets {len(found.rows):,} right"
                if not found.rows:
                    raise InputFault(*found.told(), f"{few}; nothing was written")
                found.notes.append(few)
        text = lines_text(found, asked.out) if asked.out.suffix == ROWS else cases_text(found, task, asked.out)
        if not found.rows:
            raise InputFault(*found.told(), f"{asked.source}: no row of it can be a case; write them as OUT{ROWS}")
        write_whole(asked.out, text)
    except OSError as error:
        raise SurroundingsFault(f"{asked.out}: cannot be written ({error.strerror}); name another place") from error
    finally:
        _tidy(files_of(asked.out), before | ({*_used(found.rows)} if asked.out.exists() else set()))
    what = counted(len(found.rows), "row" if asked.out.suffix == ROWS else "case")
    return "".join(f"{plain(line)}\n" for line in (*found.told(), f"{what} written to {asked.out}"))


def _asked_for(
    root: Path, asked: argparse.Namespace, models_file: Path | None
) -> tuple[Task, Model | None, Collection[str]]:
    """Return the task of the rows, the model that tells which are hard, and the labels that models of the suite give,
    none where these are not told by its rows. Raises InputFault.
    """
    if (asked.suite is None) == (asked.task is None):
        raise InputFault("swapgate import: give one of --suite and --task")
    if (asked.hard is None) != (asked.tier is None) or (asked.tier and not asked.suite):
        raise InputFault("swapgate import: --hard needs --suite and --tier, and --tier is for --hard alone")
    if asked.task is not None:
        if asked.task not in tasks():
            raise InputFault(f"--task {asked.task}: unknown task{nearest(asked.task, tasks())}")
        return tasks()[asked.task], None, ()
    if models_file is None:
        raise InputFault(f"--suite {asked.suite}: there is no models file yet; give --task, or type: swapgate init")
    manifest = read_manifest(models_file)
    if asked.suite not in manifest.tasks:
        raise InputFault(
            f"--suite {asked.suite}: {models_file} has no such suite{nearest(asked.suite, manifest.tasks)}"
        )
    rows = manifest.rows[asked.suite].values()
    given = () if any(OTHERS in row.labels for row in rows) else {label for row in rows for label in row.given or ()}
    if asked.tier is None:
        return manifest.tasks[asked.suite], None, given
    if asked.tier not in manifest.rows[asked.suite]:
        raise InputFault(
            f"--tier {asked.tier}: no tier of {asked.suite}{nearest(asked.tier, manifest.rows[asked.suite])}"
        )
    plan = make_plan(root, models_file, [], [], Path.cwd(), needs_sets=False)
    return manifest.tasks[asked.suite], plan.models[asked.suite, asked.tier], given


def _note_labels(found: Imported, suite: str, given: Collection[str]) -> None:
    """Note labels of rows that no model of the suite gives."""
    unknown = sorted({label for one in found.rows for label in one.case.labels} - {*given})
    if given and unknown:
        known = f"no model of {suite} gives {listed(unknown)}, but {listed(sorted(given))}"
        found.notes.append(f"{known}; what is the same is told by `labels` of a row of the models file")


def _check_out(asked: argparse.Namespace) -> None:
    if asked.out.suffix not in (ROWS, CASES):
        raise InputFault(f"{asked.out}: ends neither in {ROWS} (rows of an evaluation set) nor in {CASES} (cases)")
    if asked.out.exists() and not asked.force:
        raise InputFault(f"{asked.out}: is there already; give --force to write it anew, or name another place")


def _check_number(number: int | None, option: str, found: Imported) -> None:
    if number is not None and not 1 <= number <= len(found.rows):
        raise InputFault(f"{option} {number}: there are {len(found.rows):,} rows; give a number from 1 to that")


def files_of(out: Path) -> Path:
    """Return the folder for files of rows that a source holds as bytes."""
    return out.absolute().with_name(f"{out.stem}_files")


def imported(source: str, task: Task, asked: argparse.Namespace, out: Path) -> Imported:
    """Read a source into rows of a task, each checked. Raises InputFault where it cannot be read."""
    fields = keys_of(task)
    kinds = {key: one.annotation for key, one in fields.items()}
    needed = {key: one.is_required() for key, one in fields.items() if key not in CaseShape.model_fields or key == "id"}
    needed |= {"expected": needed.pop("expected"), "id": False}
    said = _said_columns(asked.columns)
    path, what, read = _reader_of(source, asked, needed)
    base = asked.files or (path.parent if path.is_file() else path)
    kinds_of_files = [FILES[key] for key in needed if key in FILES]
    if words := lack(EXTRA_OF[one] for one in kinds_of_files):
        raise InputFault(f"{source}: reading its files {words}")
    there = dict.fromkeys(column for one in read() if not isinstance(one.row, InputFault) for column in parts(one.row))
    result = (
        _by_columns(source, what, there, needed, said, task) if there else Imported(f"{source}: no row can be read")
    )
    for number, found in enumerate(read(), 1):
        try:
            if isinstance(found.row, InputFault):
                raise found.row
            row = stored(shaped(found.row, result.columns, kinds, base), files_of(out))
            row |= _texts_beside({key: row.get(key, fields[key].default) for key in BESIDE if key in fields}, base)
            named = keyed(task, {key: str(one) if isinstance(one, Path) else one for key, one in row.items()})
            table, case = checked(task, named, number, Path(os.path.abspath(base)).parent)
            _check_file(case)
            whole = {**named, **{key: row[key] for key in (*FILES, *BESIDE) if key in row}}
            result.rows.append(Kept(whole, table, case, found.where))
        except InputFault as fault:
            hint = _of_an_object(found.row, result.columns, str(fault))
            result.left_out.setdefault("not understood", []).append(f"{found.where}: {fault}{hint}")
    if not result.rows and not result.left_out:
        raise InputFault(f"{source}: {what}, and holds no rows; give a file with some")
    _without_doubles(result)
    return result


def _texts_beside(named: Mapping[str, Any], base: Path) -> dict[str, Path]:
    """Return the files of texts that a row names, also by leaving it to their usual name. Raises InputFault."""
    return {
        key: Path(os.path.abspath(found_beside(name, base))) for key, name in named.items() if isinstance(name, str)
    }


def _of_an_object(row: Mapping[str, Any] | InputFault, columns: Mapping[str, str], fault: str) -> str:
    """Return how a part of an object is named, where a fault is of a key for which a row has one; else nothing."""
    for key, column in columns.items():
        value = None if isinstance(row, InputFault) else part(row, column)
        free = [] if not isinstance(value, Mapping) else [f"{column}.{inner}" for inner in value]
        free = [one for one in free if one not in columns.values()]
        if free and re.search(rf"(?:^|: ){key}\b", fault):
            return f", or take a part of it: --columns {key}={free[0]}"
    return ""


def _check_file(case: Case) -> None:
    """Make sure that the file of a row is whole, and its part is in it. Raises InputFault."""
    try:
        _ = case.input if case.read else None
    except SurroundingsFault as fault:
        raise InputFault(str(fault).removeprefix(f"{case.given}: ")) from fault


def _by_columns(
    source: str, what: str, there: Collection[str], keys: Mapping[str, bool], said: Mapping[str, str], task: Task
) -> Imported:
    """Tell which of the columns that any row has is what: no single row has them all. Raises InputFault."""
    try:
        columns = guessed(there, keys, said, task.names)
    except InputFault as fault:
        raise fault.behind(f"{source}: ") from fault
    other = {key: column for key, column in columns.items() if key != column}
    as_other = "".join(f", {key} from {column}" for key, column in other.items())
    guess = " (guessed; say otherwise with --columns)" if other.keys() - said.keys() else ""
    return Imported(f"{source}: {what}{as_other}{guess}", columns)


def _said_columns(said: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    wrong = next((one for one, (key, _, column) in zip(said, pairs, strict=True) if not key or not column), None)
    if wrong is not None:
        raise InputFault(f"--columns {wrong}: not of the form KEY=COLUMN, as in --columns text=review")
    return {key: column for key, _, column in pairs}


def _reader_of(
    source: str, asked: argparse.Namespace, keys: Mapping[str, bool]
) -> tuple[Path, str, Callable[[], Iterator[Found]]]:
    """Return where a source is, what it is in words, and what reads it from the start each time that it is called."""
    path = Path(source).expanduser()
    if not path.exists() and asked.format is None and not path.suffix and is_id(source):
        return Path.cwd(), "a data set of the hub", partial(from_hub, source, asked.split, asked.configuration)
    found = FORMATS[asked.format or format_of(path)]
    return path, found.what, partial(found.read, path, [*keys])


def _without_doubles(found: Imported) -> None:
    """Leave out rows that say the same twice, all rows that contradict each other, and name both."""
    answers: dict[str, set[str]] = {}
    for one in found.rows:
        answers.setdefault(_input_of(one), set()).add(_answer_of(one))
    seen, rows = set[str](), list[Kept]()
    for one in found.rows:
        given = _input_of(one)
        if len(answers[given]) > 1:
            line = f"{one.where}: {one.case.shown!r} is {_short(one.row['expected'])}"
            found.left_out.setdefault("contradicting others with the same input", []).append(line)
        elif given in seen:
            found.left_out.setdefault("said before", []).append(f"{one.where}: {one.case.shown!r}")
        else:
            seen.add(given)
            rows.append(one)
    found.rows = _named_apart(found, rows)


def _named_apart(found: Imported, rows: Sequence[Kept]) -> list[Kept]:
    """Return rows of which no two have one id, and all have one where any has; name those whose id was another's."""
    if not any("id" in one.row for one in rows):
        return [*rows]
    named: list[Kept] = []
    taken, seen = {one.case.id for one in rows}, set[str]()
    for number, one in enumerate(rows, 1):
        name = one.case.id if one.case.id not in seen else _apart(f"{one.case.id}-{number}", "-", number, taken)
        if name != one.case.id:
            found.renamed.append(f"{one.where}: {one.case.id!r} is {name!r} here")
        seen.add(name)
        taken.add(name)
        named.append(one._replace(row={**one.row, "id": name}))
    return named


def _input_of(one: Kept) -> str:
    """Return a digest of what a model would be given."""
    given = one.table.model_dump(mode="json", exclude={"id", "expected", *ABOUT})
    files = {key: hashlib.sha256(one.row[key].read_bytes()).hexdigest() for key in FILES if key in one.row}
    return hashlib.sha256(json.dumps({**given, **files}, sort_keys=True).encode()).hexdigest()


def _answer_of(one: Kept) -> str:
    """Return a right answer as it is written once, however a row writes it: the order of its parts says nothing."""
    said = one.case.expected
    parts = said if isinstance(said, tuple) else (said,)
    return json.dumps(sorted({json.dumps(part, sort_keys=True, default=asdict) for part in parts}))


def _short(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= 40 else f"{said[:39]}…"


def sample(rows: Sequence[Kept], number: int, seed: int) -> list[Kept]:
    """Return so many rows by chance, in their order: of each answer of few words its share, by largest remainders."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    strata: dict[str, list[int]] = {}
    for place, one in enumerate(rows):
        label = one.row["expected"]
        strata.setdefault(str(label) if _is_label(one) else "", []).append(place)
    exact = {name: number * len(places) / len(rows) for name, places in strata.items()}
    taken = {name: int(share) for name, share in exact.items()}
    for name in sorted(strata, key=lambda name: taken[name] - exact[name])[: number - sum(taken.values())]:
        taken[name] += 1
    chosen = sorted(place for name, places in strata.items() for place in chance.sample(places, taken[name]))
    return [rows[place] for place in chosen]


def _is_label(one: Kept) -> bool:
    """Return whether a right answer is one label, of which there are few."""
    return one.case.labelled != () and len(one.case.labels) == 1 and isinstance(one.case.labelled[0], str)


def _hardest(model: Model, rows: Sequence[Kept], number: int) -> list[Kept]:
    """Return the rows that a model gets right and on which it leads least, in their order. Raises Fault."""
    leads: list[tuple[float, int]] = []
    for start in range(0, len(rows), EVALUATION_BATCH):
        batch = rows[start : start + EVALUATION_BATCH]
        said = model.predict([one.case.input for one in batch])
        for place, (one, answer) in enumerate(zip(batch, said, strict=True), start):
            lead = _lead(answer)
            if lead is None:
                raise InputFault(f"--hard: {model.source.name} tells of no answer how clearly it leads; leave it out")
            if not check_expected(answer, one.case.expected):
                leads.append((lead, place))
    return [rows[place] for place in sorted(place for _, place in sorted(leads)[:number])]


def _lead(answer: Any) -> float | None:
    """Return how clearly an answer leads; of one of several parts that of the one that leads least."""
    parts = getattr(answer, "entities", None)
    if parts is not None:
        known = [one.margin for one in parts]
        return None if None in known else min(known, default=1.0)
    if hasattr(answer, "objects"):
        return min((abs(one.score - answer.threshold) for one in answer.objects), default=1.0)
    if hasattr(answer, "scores"):
        scores = [one.score for one in answer.scores]
        threshold = getattr(answer, "threshold", None)
        if threshold is not None:
            return min((abs(score - threshold) for score in scores), default=1.0)
        return float(scores[0] - (scores[1] if len(scores) > 1 else 0.0))
    lead: float | None = getattr(answer, "margin", None)
    return lead


def _relative(row: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return a row whose files are named as seen from what is written, its keys in order."""
    return {
        key: Path(os.path.relpath(row[key], out.parent)).as_posix() if isinstance(row[key], Path) else row[key]
        for key in sorted(row, key=lambda key: ORDER.get(key, 1))
    }


def lines_text(found: Imported, out: Path) -> str:
    """Return rows of an evaluation set as JSON lines."""
    return "".join(f"{json.dumps(_relative(one.row, out), ensure_ascii=False)}\n" for one in found.rows)


def cases_text(found: Imported, task: Task, out: Path, evaluation: str | None = None) -> str:
    """Return a cases file; rows that can be no cases are left out, and told."""
    tables: dict[str, dict[str, Any]] = {}
    rows = []
    for number, one in enumerate(found.rows, 1):
        parts = [key for key in PARTS if key in one.row]
        if parts:
            why = f"{one.where}: has {parts[0]}, which a case has not"
            found.left_out.setdefault(f"rows alone (write them as OUT{ROWS})", []).append(why)
            continue
        table = {"id": _case_id(one, number, out, tables), **_case_of(task, one)}
        tables[table["id"]] = _relative(table, out)
        rows.append(one)
    found.rows[:] = rows
    return toml_of(tables.values(), evaluation)


def toml_of(tables: Iterable[Mapping[str, Any]], evaluation: str | None = None) -> str:
    """Return a cases file of tables by the keys of a case; latency is measured on the first."""
    tables = [*tables]
    blocks = [
        f"[[case]]\n{''.join(f'{key} = {toml_value(value)}{chr(10)}' for key, value in one.items())}" for one in tables
    ]
    head = f"latency = {toml_value(tables[0]['id'])}\n" if tables else ""
    head += f"evaluation = {toml_value(evaluation)}\n" if evaluation else ""
    return "\n".join([head, *blocks])


def _case_of(task: Task, one: Kept) -> dict[str, Any]:
    """Return a row as a case is written: what a row may leave out, a case says."""
    said = one.table.model_dump(mode="json", include={"expected"}, exclude_none=True)["expected"]
    if isinstance(said, list) and len(said) == 1 and isinstance(said[0], str) and not task.base:
        said = said[0]
    inputs = {key: value for key, value in one.row.items() if key not in ("id", "expected")}
    return {**inputs, "expected": said}


def _case_id(one: Kept, number: int, out: Path, taken: Mapping[str, Any]) -> str:
    """Return an id as a case may have it: its own in small letters, or its number."""
    own = re.sub(r"[^a-z0-9]+", "_", str(one.row.get("id", "")).lower()).strip("_")
    own = own if re.match("[a-z]", own) and len(own) <= 40 else f"case_{own or number}"[:40]
    return _apart(own, "_", number, taken)


def _apart(name: str, between: str, number: int, taken: Container[str]) -> str:
    """Return a name, with the first free number from this one on behind it where it is taken."""
    return next(one for one in chain([name], (f"{name}{between}{n}" for n in count(number))) if one not in taken)


def files_in(folder: Path) -> set[Path]:
    """Return what is in a folder; nothing where there is none."""
    return {*folder.iterdir()} if folder.is_dir() else set()


def _used(rows: Iterable[Kept]) -> Iterator[Path]:
    return (one.row[key] for one in rows for key in FILES if key in one.row)


def _tidy(folder: Path, kept: set[Path]) -> None:
    """Remove files that were written for rows which were not taken."""
    for path in files_in(folder) - kept:
        path.unlink()
    if folder.is_dir() and not files_in(folder):
        folder.rmdir()
