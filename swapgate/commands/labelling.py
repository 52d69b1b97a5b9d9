"""The command `swapgate label`: label only the rows on which two models differ, and get the exact paired verdict.

Of figures that count rows as right or wrong only such rows matter: on all others both models win or lose together.
"""

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.inputs.given import Input, Question
from swapgate.project.evaluation import unlabelled
from swapgate.statistics.paired import Flips, bounds, non_inferior, rows_needed
from swapgate.tasks.case import Case
from swapgate.trials.plan import make_plan
from swapgate.trials.running import EVALUATION_BATCH, Model

WORDS = ("both", "neither", "first", "second", "skip")
"""What a person says of two answers: which of them is right."""
MARGIN = 0.02
"""Where the row has none of a share of right rows."""


class Differing(NamedTuple):
    """A row on which two models differ."""

    id: str
    given: str
    """The input in words, or its file."""
    first: str
    second: str
    """The answers, in an order that does not tell whose they are."""


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("swap", metavar="SUITE.TIER=CANDIDATE", help="as --swap names it")
    parser.add_argument("--rows", type=Path, required=True, metavar="PATH", help="JSONL: id and input a row, no answer")
    parser.add_argument("--out", type=Path, metavar="STEM", help="write STEM.csv and STEM.jsonl of those that differ")
    parser.add_argument("--labels", type=Path, metavar="PATH", help="one of both, with its column label filled in")
    parser.add_argument("--ask", action="store_true", help="ask for each on the terminal")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which answers stand; 0 unless said")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def label(root: Path, models_file: Path, asked: argparse.Namespace) -> str:
    """Run both models on the rows; gives what to say. Raises Fault."""
    if sum(map(bool, (asked.out, asked.labels, asked.ask))) != 1:
        raise InputFault("swapgate label: give one of --out, --labels and --ask")
    plan = make_plan(root, models_file, [asked.swap], [], Path.cwd())
    ((key, incumbent),) = plan.incumbents.items()
    candidate = plan.models[key]
    candidate.check()
    if candidate.task.graded:
        raise InputFault(f"{key[0]}: {candidate.task.graded} is not right or wrong as a whole; label an evaluation set")
    rows = _each_once(unlabelled(asked.rows, candidate.task))
    if any(row.cluster for row in rows):
        raise InputFault(
            f"{asked.rows}: rows with a cluster depend on one another, and labels of some do not tell how; label"
            " all of an evaluation set"
        )
    found = [*_differing(candidate, incumbent, rows, asked.seed)]
    count = f"{len(found)} of {len(rows):,} rows"
    if asked.out:
        _write(asked.out, found)
        return (
            f"{count} need a label: write one of {', '.join(WORDS)} into the column label of {asked.out}.csv or"
            f" .jsonl, and give it back with --labels\n"
        )
    labels = _read(asked.labels, found) if asked.labels else _ask(found)
    return f"{count} needed a label\n{_judged(candidate, incumbent, found, labels, len(rows), asked.seed)}\n"


def _each_once(rows: Iterable[Case]) -> list[Case]:
    """Return the rows with different inputs: those with the same one tell the same thing, and count once."""
    found: dict[str, Case] = {}
    for row in rows:
        found.setdefault(row.input_digest, row)
    return [*found.values()]


def _differing(candidate: Model, incumbent: Model, rows: Sequence[Case], seed: int) -> Iterator[Differing]:
    answer = candidate.task.output.answer
    for start in range(0, len(rows), EVALUATION_BATCH):
        batch = rows[start : start + EVALUATION_BATCH]
        inputs = [row.input for row in batch]
        for row, given, *said in zip(batch, inputs, candidate.predict(inputs), incumbent.predict(inputs), strict=True):
            ours, theirs = map(answer, said)
            if ours != theirs:
                first, second = (ours, theirs) if _is_first(row.id, seed) else (theirs, ours)
                yield Differing(row.id, _shown(row, given), first, second)


def _is_first(row: str, seed: int) -> bool:
    """Return whether the candidate's answer stands first: by chance, and the same each time."""
    return hashlib.sha256(f"{seed} {row}".encode()).digest()[0] < 128


def _shown(row: Case, given: Input) -> str:
    if isinstance(row.given, Path):
        return str(row.given)
    return f"{given.question} | {given.context}" if isinstance(given, Question) else str(given)


def _write(stem: Path, found: Iterable[Differing]) -> None:
    rows = [{**one._asdict(), "label": ""} for one in found]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Differing._fields, "label"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    try:
        for ending, content in (("csv", text.getvalue()), ("jsonl", lines)):
            write_whole(Path(f"{stem}.{ending}"), content)
    except OSError as error:
        raise SurroundingsFault(f"{stem}: cannot be written ({error}); give --out another place") from error


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _read(path: Path, found: Sequence[Differing]) -> dict[str, str]:
    """Return the labels of a file by row. Raises InputFault where one is missing or none."""
    try:
        text = path.read_text("utf-8-sig")
        rows: Any = [*csv.DictReader(io.StringIO(text))] if path.suffix == ".csv" else _lines(text)
    except (OSError, ValueError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); give what --out wrote, with labels") from error
    said = {str(row.get("id", "")): str(row.get("label") or "").strip().lower() for row in rows}
    for one in found:
        name = one.id if one.id in said else _plain(one.id)
        if said.get(name, "") not in WORDS:
            there = f"its label is {said[name]!r}" if said.get(name) else "it has no label"
            raise InputFault(f"{path}: row {one.id!r}: {there}; write one of {', '.join(WORDS)}")
        said[one.id] = said[name]
    return said


def _lines(text: str) -> list[Any]:
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line is no object")
    return rows


def _ask(found: Sequence[Differing]) -> dict[str, str]:
    """Ask for each on the terminal; what is cut short is skipped."""
    said: dict[str, str] = {}
    for number, one in enumerate(found, 1):
        print(f"\n{number} of {len(found)}  {one.id}: {one.given}\n  first   {one.first}\n  second  {one.second}")
        while said.get(one.id, "") not in WORDS:
            try:
                said[one.id] = input(f"which is right ({', '.join(WORDS)})? ").strip().lower()
            except EOFError:
                said[one.id] = "skip"
    return said


def _judged(
    candidate: Model,
    incumbent: Model,
    found: Sequence[Differing],
    labels: Mapping[str, str],
    rows: int,
    seed: int,
) -> str:
    """Return the paired verdict in words; a row that was skipped counts against the candidate."""
    places = {"first": True, "second": False}
    ours = [places[labels[one.id]] == _is_first(one.id, seed) for one in found if labels[one.id] in places]
    skipped = sum(labels[one.id] == "skip" for one in found)
    flips = Flips(rows, ours.count(False) + skipped, ours.count(True))
    shares = [
        limit.margin
        for limit in candidate.row.budget.quality
        if limit.against == "incumbent" and limit.margin and candidate.task.output.is_share(limit.metric or "")
    ]
    margin = min(shares, default=MARGIN)
    low, high = bounds(flips)
    decision = non_inferior(flips, margin)
    needed = f"; about {rows_needed(flips, margin):,} rows needed" if decision == "too few rows" else ""
    counted = f", {skipped} of them skipped, which count as lost" if skipped else ""
    return (
        f"{decision}  {candidate.name}: {flips.lost:g} rows lost{counted}, {flips.gained:g} gained of {rows:,}:"
        f" {flips.difference:+.4f} (95 % bounds {low:+.4f} and {high:+.4f}), allowed {-margin:+g}"
        f" ({candidate.source.name} beside {incumbent.source.name}){needed}; figures that need all labels: not measured"
    )
