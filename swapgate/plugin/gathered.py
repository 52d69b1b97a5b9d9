"""What was gathered of a run, from this process and pytest-xdist's workers, and what those leave the controller."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swapgate.core.faults import Fault
from swapgate.core.files import write_whole
from swapgate.goldens.anchors import read_rows, remember, text_of
from swapgate.goldens.snapshots import GoldenExtension
from swapgate.plugin.checks import remember_command
from swapgate.plugin.missing import Missing
from swapgate.trials.plan import Key, Plan
from swapgate.verdicts.items import Seen
from swapgate.verdicts.verdict import Outcome, Record, Selected

LEDGERS = "swapgate.ledgers"
"""Where a worker of pytest-xdist writes what it selects."""


@dataclass
class Run:
    """What was selected of a plan, and what came of it so far."""

    plan: Plan
    selected: dict[str, Selected] = field(default_factory=dict)
    records: list[tuple[str, Record]] = field(default_factory=list)
    missing: Missing | None = None
    """Of a change: what is missing; None where no process has collected anything."""
    unmeasured: set[str] = field(default_factory=set)
    """Suites with an evaluation set that none of their tests measures."""
    others_failed: bool = False
    not_collected: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    """From a file of which nothing could be collected to what that makes of its tests, and why."""
    ledgers: tempfile.TemporaryDirectory[str] | None = None
    """Where pytest-xdist's workers write what they selected: the controller itself collects nothing."""
    died: list[str] = field(default_factory=list)
    """The tests in which a worker died."""
    lost: int = 0
    """How many workers died."""
    of_workers: list[str] = field(default_factory=list)
    """What workers have noted of the cache of rows."""
    seen: Seen = field(default_factory=Seen)
    """What a page shows besides the verdicts, where one is asked for."""


def gather_from_workers(run: Run) -> None:
    """Read what pytest-xdist's workers selected and write their goldens; where one died the test is an ERROR."""
    if run.ledgers is not None:
        for path in sorted(Path(run.ledgers.name).glob("*.json")):
            ledger = json.loads(path.read_text(encoding="utf-8"))
            run.selected.update({test: Selected(**fields) for test, fields in ledger["selected"].items()})
            run.unmeasured |= {*ledger["unmeasured"]}
            run.missing = run.missing or Missing()
            run.missing.update(Missing.from_json(ledger["missing"]))
        GoldenExtension.write_left(Path(run.ledgers.name))
        for key in run.plan.models:
            if found := read_rows(_left(run.ledgers.name, key)):
                run.plan.rows[key] = found
        run.ledgers.cleanup()
    for test in run.died:
        if test in run.selected:
            message = f"{run.selected[test]}: the process that ran it died; run it alone: pytest '{test}'"
            run.records.append((test, Record(run.selected[test], "error", message)))
        else:
            run.others_failed = True
    if run.lost > len(run.died):
        run.plan.notes.append(
            "a process of pytest-xdist died outside of a test, maybe with goldens still to be written;"
            " run again without -n"
        )


def _left(folder: str, key: Key) -> Path:
    """Return where a worker of pytest-xdist leaves the rows of a tier."""
    suite, tier = key
    return Path(folder) / suite / f"{tier}.jsonl"


def leave_rows(run: Run, worker: Mapping[str, Any]) -> dict[str, str]:
    """Let the controller remember the rows that this worker has counted; gives what could not be written."""
    faults = {}
    for key, found in run.plan.rows.items():
        try:
            write_whole(_left(worker[LEDGERS], key), text_of(found))
        except OSError as error:
            faults[str(run.plan.models[key].golden)] = str(error)
    return faults


def remember_rows(run: Run) -> None:
    """Remember rows of evaluation sets, once the goldens are written: only a golden's own model is accepted."""
    for key, found in run.plan.rows.items():
        model = run.plan.models[key]
        try:
            if not remember(model.golden, found):
                words = (
                    f"{model.name}: its rows of the evaluation set were not remembered, for the golden is not of"
                    f" {found.made_by.model}; record both with: {remember_command(model)}"
                )
                record = Record(Selected(*key, "quality"), "incomplete", words)
                run.records.append((f"rows of {model.name}", record))
        except (OSError, Fault) as error:
            note_not_written(run, {str(model.golden): str(error)})


def note_not_written(run: Run, faults: Mapping[str, str]) -> None:
    """Make an ERROR of its tier of each golden that could not be written; `faults`: why, by its path."""
    for location, reason in faults.items():
        path = Path(location)
        message = f"{run.plan.shown(path)} could not be written: {reason}; mend that and record it again"
        record = Record(Selected(path.parent.name, path.stem, "golden"), "error", message)
        run.records.append((location, record))
