"""What a run found, as it stands in a verdict JSON; the other reports are made of the same facts."""

import html
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, ValidationError

from swapgate import __version__
from swapgate.backends import told
from swapgate.core.faults import Fault, InputFault
from swapgate.core.tables import adapter
from swapgate.core.wrong import wrong
from swapgate.statistics.latency import FALSE_FAIL, FALSE_PASS
from swapgate.statistics.paired import SIMULATED
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model
from swapgate.verdicts.figures import Cost, Quality
from swapgate.verdicts.verdict import EXIT_NOT_PASSED, Status, Verdict

FORMAT: Literal[1] = 1
"""Raised when a field is renamed, removed or means something else; new fields do not raise it."""


@dataclass(frozen=True)
class Reason:
    """Why a tier is not a PASS."""

    status: Status
    """What it makes of the tier alone."""
    message: str
    """What was allowed, what was found, and the next step."""


@dataclass(frozen=True)
class Figures:
    """What was measured; null where it was not selected or could not be measured."""

    quality: Quality | None
    """Figures on the evaluation set."""
    latency: Cost | None
    """Seconds a call, as a ratio; of several sizes the one with the largest ratio."""
    size: Cost | None
    """Bytes of the weight files."""
    parameters: Cost | None
    """Numbers in the weight files."""
    memory: Cost | None
    """Peak memory in bytes."""
    latency_sizes: Mapping[str, Cost] = field(default_factory=dict)
    """Seconds a call by what was timed (short_1, short_8, long_1, long_8), where all sizes were asked for."""


@dataclass(frozen=True)
class Tier:
    """The verdict on one tier."""

    task: str
    """The suite's name, such as ner."""
    tier: str
    """The tier's name in the models file, such as small."""
    variant: str | None
    """The transformation of the model; null where it is used as it is."""
    model: str
    """What was judged."""
    incumbent: str | None
    """What it would replace; null where nothing is swapped."""
    verdict: Status
    """The worst that any test of the tier came to."""
    counts: Mapping[str, Mapping[str, int]]
    """From check (expected, golden, properties, …) to outcome to number of tests; checks without a test are absent."""
    known_gaps: int
    """How many tests showed a known gap."""
    evaluation_set: bool
    """Whether the task has one; without, nothing is said of quality."""
    figures: Figures
    """What was measured."""
    reasons: Sequence[Reason]
    """The worst first."""
    improvements: Sequence[str]
    """What a candidate does better than its incumbent."""
    ties: Sequence[str] = ()
    """Near ties that fell the other way since the golden was recorded; nothing is held against the model for them."""
    partly: Sequence[str] = ()
    """Goldens that were recorded elsewhere, and how many of the figures of a prediction they hold."""
    device: str = "cpu"
    """What it ran on: cpu, cuda or mps."""
    suite: str = ""
    """The suite's name once more, as `task` has it."""
    kind: str = ""
    """The task, such as text-classification."""
    remarks: Sequence[str] = ()
    """What a reader should know besides: what a PASS of quality claims, tests that passed when run again, what is not
    measured of a backend, and where nothing says for sure which model it is."""
    backend: str = "transformers"
    """What made its predictions: transformers, onnxruntime, recorded or another."""
    lapses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Cases on which a candidate is worse than its incumbent, by what they are: lost, near tie lost, weaker."""

    @property
    def name(self) -> str:
        """How the tier is called: ner/small."""
        return f"{self.task}/{self.tier}"


@dataclass(frozen=True)
class Risk:
    """What chance alone may do to the verdicts of a run: by Bonferroni's bound, however they hang together.

    A limit of quality is to err in 5 %; it counts with 6 %, the most that simulation found (benchmarks/README.md).
    """

    limits: int
    """Limits of quality that were judged: beside other models, floors, and slices with a limit of their own."""
    latencies: int
    """Latencies that were judged."""
    any_fail: float
    """Probability that any of them is a FAIL though none is beyond its limit; least where all are far from it."""
    all_pass: float
    """Probability that all PASS though one is at its limit or beyond it."""


@dataclass(frozen=True)
class Report:
    """What a run of swapgate found."""

    format: Literal[1]
    """Version of this form; a newer program of the same version may add keys."""
    swapgate: str
    """Version of the program."""
    models_file: str
    """The models file, from the project's folder."""
    against: str | None
    """The git commit whose rows, cases, goldens and limits judged; null for those of the working tree."""
    exit_status: int
    """Of pytest: 0 all PASS, 1 any FAIL or another test failed, 7 any INCOMPLETE or ERROR, 2 to 6 as pytest has them;
    with --allow-incomplete INCOMPLETE counts as PASS."""
    notes: Sequence[str]
    """What a reviewer should see: limits that were not used, edits that did not count."""
    tiers: Sequence[Tier]
    """The verdicts, in the order of the models file; a tier of which nothing was selected is absent."""
    risk: Risk | None = None
    """What chance alone may do to them."""

    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True, title=f"swapgate verdict JSON, format {FORMAT}")

    def _repr_html_(self) -> str:
        """Return the page of the run in a frame, as a notebook shows it."""
        from swapgate.verdicts.page import page

        return f'<iframe srcdoc="{html.escape(page(self))}" style="width: 100%; height: 30em; border: 0"></iframe>'


RUNNING = "running, or killed: written when the run began, and nothing has replaced it; wait, or run it again"
"""What the reports of a run say until it has ended."""
SIZE = "latency "
"""How the names of figures begin that are latencies of one of several sizes."""


def report(verdicts: Sequence[Verdict], plan: Plan, exit_status: int) -> Report:
    """Gather the facts of a run."""
    tiers = [_tier(verdict, plan) for verdict in verdicts]
    return Report(
        format=FORMAT,
        swapgate=__version__,
        models_file=plan.shown(plan.manifest.path),
        against=plan.against,
        exit_status=exit_status,
        notes=plan.notes,
        tiers=tiers,
        risk=_risk(tiers),
    )


def _risk(tiers: Sequence[Tier]) -> Risk:
    """Return what chance may do, of what was judged: each limit errs as simulated, and a latency as its gate says."""
    found = [tier.figures.quality for tier in tiers if tier.figures.quality]
    limits = sum(len(one.comparisons) + len(one.floors) for one in found)
    limits += sum(part.role == "named" for one in found for part in one.slices)
    limits += sum(any(part.role == "watched" for part in one.slices) for one in found)  # all of them together
    costs = [cost for tier in tiers for cost in (tier.figures.latency, *tier.figures.latency_sizes.values()) if cost]
    latencies = sum(cost.pairs is not None for cost in costs)
    any_fail = min(1.0, limits * SIMULATED + latencies * FALSE_FAIL)
    chances = [SIMULATED] * bool(limits) + [FALSE_PASS] * bool(latencies)
    return Risk(limits, latencies, round(any_fail, 6), round(max(chances, default=0.0), 6))


def running(plan: Plan | None, models_file: str) -> Report:
    """Return what stands for a run that has begun: no plan yet, or each planned tier INCOMPLETE."""
    if plan is None:
        return Report(FORMAT, __version__, models_file, None, EXIT_NOT_PASSED, [f"INCOMPLETE: {RUNNING}"], [])
    planned = [key for key in plan.models if plan.changed is None or key[0] in plan.changed]
    begun = [
        Verdict(suite, tier, "INCOMPLETE", {}, {}, [("INCOMPLETE", f"{suite}/{tier}: {RUNNING}")], [])
        for suite, tier in planned
    ]
    return report(begun, plan, EXIT_NOT_PASSED)


def _tier(verdict: Verdict, plan: Plan) -> Tier:
    key = verdict.suite, verdict.tier
    model = plan.models[key] if key in plan.models else plan.removed[key]
    return Tier(
        task=verdict.suite,
        tier=verdict.tier,
        variant=model.source.row.variant,
        model=model.names[1],
        incumbent=model.names[0] if model.swapped else None,
        verdict=verdict.status,
        counts={column: dict(counts) for column, counts in verdict.counts.items()},
        known_gaps=sum(counts["known gap"] for counts in verdict.counts.values()),
        evaluation_set=verdict.suite in plan.evaluations,
        figures=_figures(verdict.figures),
        reasons=[Reason(*reason) for reason in verdict.reasons],
        improvements=verdict.improvements,
        ties=verdict.ties,
        partly=verdict.partly,
        device=model.source.row.device,
        suite=verdict.suite,
        kind=model.task.name,
        remarks=[*verdict.remarks, *(_told(model, plan) if verdict.counts else ())],
        backend=model.source.backend,
        lapses=verdict.lapses,
    )


def _told(model: Model, plan: Plan) -> list[str]:
    """Return what a reader should know of what makes a model's predictions."""
    ids = [case.id for case in model.cases.cases]
    with suppress(Fault):  # its tests say what cannot be read
        rows = plan.evaluations[model.suite].rows() if model.backend.told and model.suite in plan.evaluations else ()
        ids += [row.id for row in rows]
    return [f"{model.name}: {words}" for words in told(model.source, model.task, ids)]


def _figures(found: Mapping[str, Any]) -> Figures:
    sizes = {name.removeprefix(SIZE): cost for name, cost in found.items() if name.startswith(SIZE)}
    others = {name: figure for name, figure in found.items() if not name.startswith(SIZE)}
    if sizes:
        size, worst = max(sizes.items(), key=lambda item: item[1]["ratio"] or 0)
        others["latency"] = {**worst, "shown": f"{size} {worst['shown']}"}
    blank = dict.fromkeys(Figures.__annotations__)
    figures: Figures = adapter(Figures).validate_python({**blank, **others, "latency_sizes": sizes})
    return figures


def to_json(facts: Report) -> str:
    """Return the text of a verdict JSON."""
    text = json.dumps(asdict(facts), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode(errors="replace").decode()  # a path may hold bytes that are no text


def read_report(path: Path) -> Report:
    """Read a verdict JSON. Raises InputFault where it is none."""
    next_step = "give what pytest --verdict-json wrote"
    try:
        found: Report = adapter(Report).validate_json(path.read_bytes())
        return found
    except OSError as error:
        raise InputFault(f"{path}: cannot be read: {error.strerror}; {next_step}") from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("format",) and first["type"] == "literal_error":
            detail = f"its format is {first['input']!r}, this version reads {FORMAT}"
        else:
            detail = wrong(error)
        raise InputFault(f"{path}: no verdict JSON: {detail}; {next_step}") from error


def schema() -> dict[str, Any]:
    """Return the JSON schema of a verdict JSON; verdict.schema.json beside this module is its text."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "$id": f"urn:swapgate:verdict:{FORMAT}", **adapter(Report).json_schema()}


def schema_text() -> str:
    """Return the text of verdict.schema.json."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
