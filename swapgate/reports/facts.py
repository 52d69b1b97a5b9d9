"""What a run found, as it stands in a verdict JSON; the other reports are made of the same facts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from swapgate import __version__
from swapgate.faults import InputFault
from swapgate.figures import Cost, Quality
from swapgate.plan import Plan
from swapgate.verdict import Status, Verdict

FORMAT: Literal[1] = 1
"""Raised when a field is renamed, removed or means something else; new fields do not raise it."""

DOCUMENTED = ConfigDict(use_attribute_docstrings=True)


@dataclass(frozen=True)
class Reason:
    """Why a tier is not a PASS."""

    status: Status
    """What it makes of the tier alone."""
    message: str

    __pydantic_config__ = DOCUMENTED


@dataclass(frozen=True)
class Figures:
    """What was measured; null where it was not selected or could not be measured."""

    quality: Quality | None = None
    """Figures on the evaluation set."""
    latency: Cost | None = None
    """Seconds a call, as a ratio."""
    size: Cost | None = None
    """Bytes of the weight files."""
    parameters: Cost | None = None
    """Numbers in the weight files."""
    memory: Cost | None = None
    """Peak memory in bytes."""

    __pydantic_config__ = DOCUMENTED


@dataclass(frozen=True)
class Tier:
    """The verdict on one tier."""

    task: str
    tier: str
    variant: str | None
    """The transformation of the model."""
    model: str
    """What was judged."""
    incumbent: str | None
    """What it would replace; null where nothing is swapped."""
    verdict: Status
    counts: Mapping[str, Mapping[str, int]]
    """From check (expected, golden, properties, …) to outcome to number of tests; checks without a test are absent."""
    known_gaps: int
    evaluation_set: bool
    """Whether the task has one; without, nothing is said of quality."""
    figures: Figures
    reasons: Sequence[Reason]
    """The worst first."""
    improvements: Sequence[str]
    """What a candidate does better than its incumbent."""

    __pydantic_config__ = DOCUMENTED


@dataclass(frozen=True)
class Report:
    """A run of swapgate."""

    format: Literal[1]
    """Version of this form."""
    swapgate: str
    """Version of the program."""
    models_file: str
    against: str | None
    """The git commit whose rows, cases, goldens and limits judged; null for those of the working tree."""
    exit_status: int
    """Of pytest: 0 all PASS, 1 any FAIL, 7 any INCOMPLETE or ERROR, 2 to 6 as pytest has them."""
    notes: Sequence[str]
    """What a reviewer should see: limits that were not used, edits that did not count."""
    tiers: Sequence[Tier]

    __pydantic_config__ = DOCUMENTED


ADAPTER: TypeAdapter[Report] = TypeAdapter(Report)


def report(verdicts: Sequence[Verdict], plan: Plan, exit_status: int) -> Report:
    """Gather the facts of a run."""
    manifest = plan.shown(plan.manifest.path)
    tiers = [_tier(verdict, plan) for verdict in verdicts]
    return Report(FORMAT, __version__, manifest, plan.against, exit_status, plan.notes, tiers)


def _tier(verdict: Verdict, plan: Plan) -> Tier:
    model = plan.models[verdict.task, verdict.tier]
    return Tier(
        task=verdict.task,
        tier=verdict.tier,
        variant=model.source.row.variant,
        model=model.source.name,
        incumbent=model.incumbent.name if model.swapped else None,
        verdict=verdict.status,
        counts={column: dict(counts) for column, counts in verdict.counts.items()},
        known_gaps=verdict.gaps,
        evaluation_set=verdict.evaluated,
        figures=TypeAdapter(Figures).validate_python(verdict.figures),
        reasons=[Reason(*reason) for reason in verdict.reasons],
        improvements=verdict.improvements,
    )


def to_json(facts: Report) -> str:
    """Give the text of a verdict JSON."""
    return json.dumps(asdict(facts), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_report(path: Path) -> Report:
    """Read a verdict JSON. Raises InputFault where it is none."""
    try:
        return ADAPTER.validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error}); give what pytest --verdict-json wrote") from error
    except (ValidationError, UnicodeDecodeError) as error:
        detail = str(error).splitlines()[0]
        raise InputFault(f"{path}: no verdict JSON ({detail}); give what pytest --verdict-json wrote") from error


def schema() -> dict[str, Any]:
    """Give the JSON schema of a verdict JSON; verdict.schema.json beside this module is its text."""
    return ADAPTER.json_schema()
