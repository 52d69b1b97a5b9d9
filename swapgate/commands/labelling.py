"""The command `swapgate label`: label only the rows on which two models differ, and get the exact paired verdict.

Of figures that count rows as right or wrong only such rows matter: on all others both models win or lose together.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.core.words import plain
from swapgate.core.wrong import no_json
from swapgate.inputs.given import Composed
from swapgate.project.evaluation import unlabelled
from swapgate.project.manifest import INCUMBENT
from swapgate.statistics.paired import Decision, Flips, bounds, non_inferior, rows_needed
from swapgate.tasks.case import Case
from swapgate.trials.beside import Rows, add_row_options, rows_as
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan
from swapgate.trials.progress import in_lines
from swapgate.trials.running import Model
from swapgate.verdicts.verdict import EXIT_NOT_PASSED

ENDINGS = ("csv", "jsonl")
WORDS = ("both", "neither", "first", "second", "skip")
"""What a person says of two answers: which of them is right."""
COLUMNS = ("id", "given", "first", "second", "label")
AGAIN = "it was made of other rows or models: write it anew with --out, and label that"
MARGIN = 0.02
"""Where the row has none of a share of right rows."""
EXIT: Mapping[Decision, int] = {"PASS": 0, "FAIL": 1, "too few rows": EXIT_NOT_PASSED}
"""Exit status, as of a run of pytest."""


class Differing(NamedTuple):
    """A row on which two models differ."""

    id: str
    given: str
    """The input in words, or its file as seen from that of the rows."""
    ours: str
    """The candidate's answer."""
    theirs: str
    """The incumbent's."""


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("swap", metavar="SUITE.TIER=CANDIDATE", help="as --swap names it")
    parser.add_argument(
        "--rows", type=Path, required=True, metavar="PATH", help="as an evaluation set, without expected"
    )
    parser.add_argument("--out", type=Path, metavar="STEM", help="write STEM.csv and STEM.jsonl of those that differ")
    parser.add_argument("--labels", type=Path, metavar="PATH", help="one of both, with its column label filled in")
    parser.add_argument("--ask", action="store_true", help="ask for each on the terminal")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which answers are written or asked; 0")
    add_row_options(parser)
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def label(root: Path, models_file: Path, asked: argparse.Namespace) -> tuple[str, int]:
    """Run both models on the rows; gives what to say and the exit status. Raises Fault."""
    if sum(map(bool, (asked.out, asked.labels, asked.ask))) != 1:
        raise InputFault("swapgate label: give one of --out, --labels and --ask")
    plan = make_plan(root, models_file, [asked.swap], [], Path.cwd(), needs_sets=False)
    ((key, incumbent),) = plan.incumbents.items()
    candidate = plan.models[key]
    check_model(candidate)
    if candidate.task.graded:
        raise InputFault(f"{key[0]}: {candidate.task.graded} is not right or wrong as a whole; label an evaluation set")
    rows = _each_once(unlabelled(asked.rows, candidate.task, plan.manifest.columns[key[0]]))
    if any(row.cluster for row in rows):
        raise InputFault(
            f"{asked.rows}: rows with a cluster depend on one another, and labels of some do not tell how; label"
            " all of an evaluation set"
        )
    how = rows_as(asked, plan)
    found = [*_differing(candidate, incumbent, rows, asked.rows, how)]
    for note in how.notes:
        print(plain(f"note  {note}"), file=sys.stderr)
    count = f"{len(found)} of {len(rows):,} rows"
    if asked.out:
        _keep_labels(asked.out)
        _write(asked.out, [_blinded(one, asked.seed) for one in found])
        return (
            f"{count} need a label: write one of {', '.join(WORDS)} into the column label of {asked.out}.csv or"
            f" .jsonl, and give it back with --labels\n"
        ), 0
    labelled = _read(asked.labels, found) if asked.labels else _ask([_blinded(one, asked.seed) for one in found])
    said, decision = _judged(candidate, incumbent, [*map(_whose, found, labelled)], len(rows))
    return f"{count} needed a label\n{plain(said)}\n", EXIT[decision]


def _each_once(rows: Iterable[Case]) -> list[Case]:
    """Return the rows with different inputs: those with the same one tell the same thing, and count once."""
    found: dict[str, Case] = {}
    for row in rows:
        found.setdefault(row.input_digest, row)
    return [*found.values()]


def _differing(candidate: Model, incumbent: Model, rows: Sequence[Case], path: Path, how: Rows) -> Iterator[Differing]:
    progress = in_lines(f"{candidate.name}: {path}", lambda line: print(line, file=sys.stderr, flush=True))
    with progress(len(rows)) as advance:
        for row, said in how.beside([candidate, incumbent], path, iter(rows), advance):
            ours, theirs = map(candidate.task.output.answer, said)
            if ours != theirs:
                yield Differing(row.id, _shown(row, path.parent), ours, theirs)


def _blinded(one: Differing, seed: int) -> dict[str, str]:
    """Return what a person is shown of a row: whose answer stands first is by chance, and the same each time."""
    is_first = hashlib.sha256(f"{seed} {one.id}".encode()).digest()[0] < 128
    answers = (one.ours, one.theirs) if is_first else (one.theirs, one.ours)
    return dict(zip(COLUMNS, (one.id, one.given, *answers, ""), strict=True))


def _shown(row: Case, folder: Path) -> str:
    if isinstance(row.given, Path):
        return os.path.relpath(row.given, folder)
    given = row.input
    return " | ".join(given.texts) if isinstance(given, Composed) else str(given)


def _keep_labels(stem: Path) -> None:
    """Raise InputFault where one of the files that would be written holds labels."""
    for path in (Path(f"{stem}.{ending}") for ending in ENDINGS):
        if path.exists() and any(row["label"].strip() for row in _rows(path)):
            raise InputFault(f"{path} holds labels already; give it back with --labels, or give --out another place")


def _write(stem: Path, rows: Sequence[Mapping[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    try:
        for ending, content in zip(ENDINGS, (text.getvalue(), lines), strict=True):
            write_whole(Path(f"{stem}.{ending}"), content)
    except OSError as error:
        raise SurroundingsFault(f"{stem}: cannot be written ({error}); give --out another place") from error


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula; no two cells become one."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else cell


def _read(path: Path, found: Sequence[Differing]) -> list[dict[str, str]]:
    """Return the rows of a file of labels, one for each on which the models differ, with both answers of each.

    Raises InputFault where it was made of other rows or other models, or where a label is missing or none.
    """
    cell = _plain if path.suffix == ".csv" else str
    rows: dict[str, dict[str, str]] = {}
    for row in _rows(path):
        if row["id"] in rows:
            raise InputFault(f"{path}: row {row['id']!r} stands twice; keep one of both")
        rows[row["id"]] = row
    asked = [rows.pop(cell(one.id), None) or rows.pop(one.id, None) for one in found]
    if rows:
        raise InputFault(f"{path}: row {next(iter(rows))!r} is none on which these models differ; {AGAIN}")
    return [_checked(path, one, row, cell) for one, row in zip(found, asked, strict=True)]


def _checked(path: Path, one: Differing, row: dict[str, str] | None, cell: Callable[[str], str]) -> dict[str, str]:
    if row is None:
        raise InputFault(f"{path}: row {one.id!r} is missing, on which these models differ; {AGAIN}")
    if row["given"].split() not in (cell(one.given).split(), one.given.split()):
        raise InputFault(f"{path}: row {one.id!r} has another input; {AGAIN}")
    both = {one.ours: one.ours, one.theirs: one.theirs}
    answers = both | {cell(answer): answer for answer in both}  # also of a table that was made from the JSON lines
    first, second = row["first"], row["second"]
    if {answers.get(first), answers.get(second)} != {*both}:
        now = f"{one.ours!r} of the candidate and {one.theirs!r} of the incumbent"
        raise InputFault(f"{path}: row {one.id!r} has the answers {first!r} and {second!r}, and now {now}; {AGAIN}")
    said = row["label"].strip().lower()
    if said not in WORDS:
        there = f"its label is {said!r}" if said else "it has no label"
        raise InputFault(f"{path}: row {one.id!r}: {there}; write one of {', '.join(WORDS)}")
    return {**row, "first": answers[first], "second": answers[second], "label": said}


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of labels, each with all columns. Raises InputFault."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = _table(text) if path.suffix == ".csv" else _lines(text)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise InputFault(f"{path}: cannot be read ({no_json(error)}); give what --out wrote, with labels") from error
    return [{name: str(row.get(name) or "") for name in COLUMNS} for row in rows]


def _table(text: str) -> list[Any]:
    """Return the rows of a table; spreadsheets of some countries write semicolons for commas."""
    head = text.partition("\n")[0]
    return [*csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",")]


def _lines(text: str) -> list[Any]:
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line is no object")
    return rows


def _ask(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Ask for each on the terminal; behind the end of the input all are skipped. Raises InputFault on Ctrl-C."""
    for number, row in enumerate(rows, 1):
        print(f"\n{number} of {len(rows)}  {plain(row['id'])}: {plain(row['given'])}")
        print(f"  first   {plain(row['first'])}\n  second  {plain(row['second'])}")
        while row["label"] not in WORDS:
            try:
                row["label"] = input(f"which is right ({', '.join(WORDS)})? ").strip().lower()
            except EOFError:
                row["label"] = "skip"
            except KeyboardInterrupt as error:
                raise InputFault(
                    f"stopped at row {number} of {len(rows)}, and nothing is judged or kept; to go on later, write a"
                    " file with --out and give it back with --labels"
                ) from error
    return [*rows]


def _whose(one: Differing, row: Mapping[str, str]) -> str:
    """Return who is right: ours, theirs, or another word; which answer is whose says the row itself."""
    if row["label"] not in ("first", "second"):
        return row["label"]
    return "ours" if row[row["label"]] == one.ours else "theirs"


def _judged(candidate: Model, incumbent: Model, right: Sequence[str], rows: int) -> tuple[str, Decision]:
    """Return the paired verdict in words, and by itself; a row that was skipped counts against the candidate."""
    skipped = right.count("skip")
    flips = Flips(rows, right.count("theirs") + skipped, right.count("ours"))
    margin, whence = _margin(candidate)
    low, high = bounds(flips)
    decision = non_inferior(flips, margin)
    needed = f"; about {rows_needed(flips, margin):,} rows needed" if decision == "too few rows" else ""
    counted = f", {skipped} of them skipped, which count as lost" if skipped else ""
    return (
        f"{decision}  {candidate.name}: {flips.lost:g} rows lost{counted}, {flips.gained:g} gained of {rows:,}:"
        f" {flips.difference:+.4f} (95 % bounds {low:+.4f} and {high:+.4f}), allowed {-margin:+g}{whence}"
        f" ({candidate.source.name} beside {incumbent.source.name}){needed}; figures that need all labels: not measured"
    ), decision


def _margin(candidate: Model) -> tuple[float, str]:
    """Return the tightest margin of right rows that the row has, else the default, which is said."""
    task = candidate.task
    shares = [
        limit.margin
        for limit in candidate.row.budget.quality
        if limit.against == INCUMBENT and limit.margin and task.output.is_share(limit.metric or task.figures[0])
    ]
    return (min(shares), "") if shares else (MARGIN, ", for budget.quality has no margin of right rows")
