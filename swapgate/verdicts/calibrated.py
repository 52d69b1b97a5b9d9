"""A calibration as a table with the line that is proposed, and as JSON; the options of the command that makes it."""

import argparse
import io
import json
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.words import plain
from swapgate.goldens.provenance import CPU
from swapgate.outputs.tolerance import DEVICES, LIMITS, Tolerance
from swapgate.trials.calibration import Calibration, calibrate, counted, model_of
from swapgate.trials.variation import SEVERAL
from swapgate.verdicts.terminal import WIDEST

RUNS = 20
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
    command.add_argument("--runs", type=_count, default=RUNS, metavar="N", help=f"settings that are tried ({RUNS})")
    command.add_argument(
        "--device", choices=[CPU, *DEVICES], help="what it is asked on, beside what it says on a CPU; that of its row"
    )
    command.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")
    command.add_argument("--json", action="store_true", help="print the same facts as JSON")


def calibrated(root: Path, models_file: Path, asked: argparse.Namespace, colour: bool) -> str:
    """Calibrate a tier and word what came of it. Raises Fault."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # on a busy machine threads that spin take 100 times as long
    found = calibrate(model_of(asked.tier, models_file, root, asked.device), asked.runs)
    return json_text(found) if asked.json else table_text(found, colour)


def line(tolerance: Tolerance, name: str = "tolerance") -> str:
    """Write a tolerance as the line of a row: drift, and what is not the default."""
    limits = {name: getattr(tolerance, name) for name in LIMITS}
    told = [f"{name} = {limit:g}" for name, limit in limits.items() if limit != getattr(Tolerance, name)]
    told = told if tolerance.drift != Tolerance.drift else [f"drift = {tolerance.drift:g}", *told]
    told.append(f"reason = {json.dumps(tolerance.reason, ensure_ascii=False)}")
    told += [line(across, device) for device in DEVICES if (across := getattr(tolerance, device))]
    return f"{name} = {{ {', '.join(told)} }}"


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
    inside = "" if found.device == CPU else ", inside its tolerance"
    console.print(Text(f"proposed for [{found.task}.{found.tier}]{inside}:"))
    console.print(Text(_line(found), style="bold"))
    return "".join(f"{one.rstrip()}\n" for one in text.getvalue().splitlines())


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
