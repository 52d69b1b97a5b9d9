"""A calibration as a table with the line that is proposed, and as JSON; the options of the command that makes it."""

import argparse
import io
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.faults import InputFault
from swapgate.core.words import plain, toml_string
from swapgate.goldens.provenance import CPU
from swapgate.models.devices import wait_idly
from swapgate.outputs.tolerance import DEVICES, LIMITS, Tolerance, lead_text
from swapgate.project.manifest import Row
from swapgate.trials.beside import add_row_options
from swapgate.trials.calibration import BOX_FLOOR, FLOOR, Calibration, calibrate, counted, model_of
from swapgate.trials.progress import in_lines
from swapgate.trials.study import useless
from swapgate.trials.twin import Side, Twin, measure_twin
from swapgate.trials.variation import SEVERAL
from swapgate.verdicts.terminal import WIDEST

RUNS = 20
LOST = 10
"""Inputs that a twin loses which are shown, of cases and rows each."""
CLEAR_LEAD: float = Row.model_fields["clear_lead"].default
HEADINGS = ("varied", "field", "largest", "case", "where", "run")
WORDS = {
    "score": "score",
    "relative": "score, relative",
    "margin": "margin of a text",
    "box": "1 - IoU",
    "characters": "share of characters",
    "words": "word error rate",
}


def add_calibrate_options(command: argparse.ArgumentParser) -> None:
    """Add the options of `swapgate calibrate`."""
    command.add_argument("tier", metavar="SUITE.TIER", help="a row of the models file, as ner.small")
    command.add_argument("--runs", type=_count, metavar="N", help=f"settings that are tried ({RUNS})")
    command.add_argument(
        "--twin", metavar="MODEL", help="propose limits of a swap by a model of the same recipe with another seed"
    )
    command.add_argument(
        "--study", type=Path, metavar="PATH", help="tell cases that no damage turns: what gate_quality.py wrote"
    )
    command.add_argument(
        "--device", choices=[CPU, *DEVICES], help="what it is asked on, beside what it says on a CPU; that of its row"
    )
    command.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")
    add_row_options(command)
    command.add_argument("--json", action="store_true", help="print the same facts as JSON")


def calibrated(root: Path, models_file: Path, asked: argparse.Namespace, colour: bool) -> str:
    """Calibrate a tier and word what came of it. Raises Fault."""
    wait_idly()
    model = model_of(asked.tier, models_file, root, asked.device)
    progress = in_lines(f"{model.name}: {model.source.name}", lambda line: print(line, file=sys.stderr, flush=True))
    if asked.twin is not None:
        if asked.runs or asked.study:
            raise InputFault("swapgate calibrate: --twin is measured in one way; leave out --runs and --study")
        twin = measure_twin(root, models_file, asked.tier, asked.twin, Path.cwd(), asked, progress)
        return twin_json(twin) if asked.json else twin_text(twin)
    study = useless(asked.study, model) if asked.study else []
    found = calibrate(model, asked.runs or RUNS, progress)
    found = replace(found, notes=(*found.notes, *study))
    return json_text(found) if asked.json else table_text(found, colour)


def line(tolerance: Tolerance, name: str = "tolerance") -> str:
    """Write a tolerance as the line of a row: drift, and what is not the default."""
    limits = {name: getattr(tolerance, name) for name in LIMITS}
    told = [f"{name} = {limit:g}" for name, limit in limits.items() if limit != getattr(Tolerance, name)]
    told = told if tolerance.drift != Tolerance.drift else [f"drift = {tolerance.drift:g}", *told]
    told.append(f"reason = {toml_string(tolerance.reason)}")
    told += [line(across, device) for device in DEVICES if (across := getattr(tolerance, device))]
    return f"{name} = {{ {', '.join(told)} }}"


def twin_lines(found: Twin) -> list[str]:
    """Write what is proposed as lines of a row."""
    limits = found.budget.model_dump(exclude_defaults=True)
    budget = ", ".join(f"{name} = {limit:g}" for name, limit in limits.items())
    return [line(found.tolerance), f"clear_lead = {found.clear_lead:g}", f"budget.cases = {{ {budget} }}"]


def twin_json(found: Twin) -> str:
    """Return what a twin came to, and the lines; of the rows of the evaluation set only those that it loses."""
    facts = {**asdict(found), "budget": found.budget.model_dump(), "lines": twin_lines(found)}
    sides = {"cases": found.cases, "rows": found.rows}
    facts |= {
        name: side and {**_facts(side), "lost": [asdict(one) for one in side.lost]} for name, side in sides.items()
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def twin_text(found: Twin) -> str:
    """Return what a twin came to for the terminal, and below it the lines that are proposed."""
    told = [f"{found.suite}/{found.tier}: {found.twin} beside {found.model}"]
    for name, side in (("cases", found.cases), ("rows", found.rows)):
        if side:
            one = _facts(side)
            told.append(
                f"{one['right']:,} of {one['inputs']:,} {name} right: {len(side.lost):,} lost, {side.gained:,} gained;"
                f" scores fell by {one['median fall']:g} (median) to {one['largest fall']:g}"
            )
            told += [f"lost  {one.id!r} (led by {lead_text(one.lead)})" for one in side.lost[:LOST]]
            told += [f"lost  {len(side.lost) - LOST:,} more; all with --json"] if len(side.lost) > LOST else []
    told += [f"note  {note}" for note in found.notes]
    least = {"tolerance.swap": (found.tolerance.swap, Tolerance.swap), "clear_lead": (found.clear_lead, CLEAR_LEAD)}
    told += [
        f"note  {name} = {value:g}: the default, and the least that is proposed, for one twin shows little"
        for name, (value, default) in least.items()
        if value == default
    ]
    told.append(f"proposed for [{found.suite}.{found.tier}]:")
    return "".join(f"{plain(one)}\n" for one in [*told, *twin_lines(found)])


def _facts(side: Side) -> dict[str, Any]:
    falls = side.falls
    largest, median = (falls[-1], falls[len(falls) // 2]) if falls else (0.0, 0.0)
    return {
        "inputs": side.inputs,
        "right": len(side.answered),
        "gained": side.gained,
        "median fall": median,
        "largest fall": largest,
    }


def _line(found: Calibration) -> str:
    return line(found.proposed, "tolerance" if found.device == CPU else found.device)


def json_text(found: Calibration) -> str:
    """Return all facts, and the line."""
    return json.dumps({**asdict(found), "line": _line(found)}, indent=2, ensure_ascii=False) + "\n"


def table_text(found: Calibration, colour: bool) -> str:
    """Return the evidence for the terminal, and below it the line that is proposed; nothing is ever cut."""
    text = io.StringIO()
    console = Console(
        file=text, width=WIDEST, force_terminal=colour, no_color=not colour, highlight=False, soft_wrap=True
    )
    runs = counted(len(found.runs))
    console.print(Text(f"{found.task}/{found.tier}: {plain(found.model)}, {found.cases} cases, {runs}"))
    console.print(Text(f"each beside {found.usual}; several things at once in an order of seed {found.seed}"))
    console.print(_grid(found))
    for tie in found.ties:
        console.print(Text(plain(f"tie  run {tie.run} ({_setting(found, tie.run)}) {tie.case!r}: {tie.message}")))
    for note in found.notes:
        console.print(Text(plain(f"note  {note}")))
    for floor in _floors(found.proposed):
        console.print(Text(f"note  {floor}"))
    inside = "" if found.device == CPU else ", inside its tolerance"
    console.print(Text(f"proposed for [{found.task}.{found.tier}]{inside}:"))
    console.print(Text(_line(found), style="bold"))
    return "".join(f"{one.rstrip()}\n" for one in text.getvalue().splitlines())


def _floors(proposed: Tolerance) -> list[str]:
    """Return in words which limits are the smallest that are proposed, however little was seen."""
    least = {"drift": FLOOR, "box": BOX_FLOOR}
    words = "is the least that is proposed: on other machines more may differ than this one shows"
    return [f"{name} = {value:g} {words}" for name, value in least.items() if getattr(proposed, name) == value]


def _grid(found: Calibration) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        grid.add_column(heading, no_wrap=True)
    for varied in (*found.varied, SEVERAL):
        rows = [one for one in found.differences if one.varied == varied]
        for one in rows:
            cells = (one.case, one.path, f"{one.run}: {_setting(found, one.run)}")
            grid.add_row(one.varied, WORDS[one.field], f"{one.largest:.2g}", *(Text(plain(cell)) for cell in cells))
        if not rows and varied != SEVERAL:
            grid.add_row(varied, "all", "0")
    return grid


def _setting(found: Calibration, run: int) -> str:
    return found.runs[run - 1].beside(found.usual)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs; give 1 or more")
    return int(text)
