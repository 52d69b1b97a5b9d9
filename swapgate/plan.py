"""What a run will judge: models file, cases and swaps, read and checked before a test is collected."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from swapgate.cases import Cases, read_cases
from swapgate.faults import InputFault
from swapgate.golden import golden_path, read_golden
from swapgate.loading import Source, find
from swapgate.manifest import Limit, Manifest, Row, check_row, nearest, read_manifest, read_row
from swapgate.running import Model

Key = tuple[str, str]
"""Task and tier."""

JUDGES = ("tolerance", "budget", "gaps", "property_gaps")
"""Keys of a row that say how it is judged; those of a candidate do not count."""


@dataclass(frozen=True)
class Plan:
    """Everything that is known before the first test."""

    root: Path
    manifest: Manifest
    models: dict[Key, Model]
    incumbents: dict[Key, Model] = field(default_factory=dict)
    """What the swapped tiers use today."""
    notes: list[str] = field(default_factory=list)

    def tiers(self, task: str) -> list[str]:
        """Name the tiers of a task."""
        return [tier for name, tier in self.models if name == task]

    def golden_path(self, model: Model) -> Path:
        """Say where a tier's golden is."""
        return golden_path(self.root, self.manifest.name, model.task, model.tier)

    def shown(self, path: Path) -> str:
        """Write a path for a message: from the project's folder where it lies in it."""
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def orphans(self, model: Model) -> list[str]:
        """Give the cases that a tier's golden has and its cases file has not."""
        known = {case.id for case in model.cases.cases}
        return [case for case in read_golden(self.golden_path(model)) if case not in known]

    def reference(self, model: Model, limit: Limit | None) -> Model | None:
        """Give the model that a budget measures against; None where nothing is to be measured.

        A tier that is not swapped is measured against what the models file names, also where that is being swapped.
        """
        if limit is None:
            return None
        if limit.against == "incumbent":
            return self.incumbents.get((model.task, model.tier))
        key = model.task, limit.against
        return self.models[key] if model.swapped else self.incumbents.get(key, self.models[key])


def make_plan(root: Path, models_file: Path, swaps: Sequence[str], directory: Path) -> Plan:
    """Read and check everything that the run depends on; `directory` is where relative paths of swaps begin.

    Raises InputFault.
    """
    manifest = read_manifest(models_file)
    plan = Plan(root, manifest, {})
    for task, tiers in manifest.rows.items():
        cases = read_cases(root / "fixtures" / task / "cases.toml", task)
        for tier, row in tiers.items():
            try:
                source = find(row, models_file.parent, root, f"[{task}.{tier}] in {plan.shown(models_file)}")
            except InputFault as fault:
                raise InputFault(f"{models_file}: {task}.{tier}.model: {fault}") from fault
            plan.models[task, tier] = Model(task, tier, source, source, cases)
            _check_gaps(models_file, task, tier, row, cases)
    for swap in swaps:
        _swap(plan, swap, directory)
    for model in plan.models.values():
        read_golden(plan.golden_path(model))
    return plan


def _swap(plan: Plan, swap: str, directory: Path) -> None:
    """Put the candidate of one `--swap TASK.TIER=MODEL` in the place of its incumbent."""
    match = re.fullmatch(r"([^.=]+)\.([^.=]+)=(.+)", swap)
    if match is None:
        raise InputFault(f"--swap {swap}: not of the form TASK.TIER=MODEL, as in --swap ner.small=path/to/model")
    task, tier, candidate = match.groups()
    if task not in plan.manifest.rows:
        raise InputFault(f"--swap {swap}: unknown task {task!r}{nearest(task, plan.manifest.rows)}")
    if tier not in plan.tiers(task):
        raise InputFault(f"--swap {swap}: unknown tier {tier!r} of {task}{nearest(tier, plan.tiers(task))}")
    if (task, tier) in plan.incumbents:
        raise InputFault(f"--swap {swap}: {task}.{tier} is swapped twice; give one candidate a tier")
    model = plan.models[task, tier]
    try:
        source = _candidate(plan, model, candidate, directory)
    except InputFault as fault:
        raise InputFault(f"--swap {swap}: {fault}") from fault
    plan.models[task, tier] = Model(task, tier, source, model.incumbent, model.cases)
    plan.incumbents[task, tier] = model


def _candidate(plan: Plan, model: Model, candidate: str, directory: Path) -> Source:
    """Find a candidate: a folder takes the incumbent's label map, a TOML file holds a row of its own."""
    if not candidate.endswith(".toml"):
        row = model.row.model_copy(update={"model": candidate, "variant": None})
        return find(row, directory, plan.root, "a TOML file with a row for it, and give that to --swap")
    path = directory / candidate
    row = read_row(path)
    check_row(plan.manifest, model.task, model.tier, row, path)
    unused = [key for key in JUDGES if key in row.model_fields_set]
    if unused:
        plan.notes.append(
            f"note  {model.name}: {', '.join(unused)} of {candidate} not used: a candidate is judged by its"
            " incumbent's limits"
        )
    return find(row, path.parent, plan.root, candidate)


def _check_gaps(path: Path, task: str, tier: str, row: Row, cases: Cases) -> None:
    known = [case.id for case in cases.cases]
    for gap in row.gaps:
        if gap not in known:
            raise InputFault(f"{path}: {task}.{tier}.gaps.{gap}: no such case{nearest(gap, known)}")
