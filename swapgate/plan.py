"""What a run will judge: models file, cases and swaps, read and checked before a test is collected."""

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from swapgate.budgets import Limit, QualityLimit
from swapgate.cases import Case, Cases, cases_of
from swapgate.devices import check_device
from swapgate.evaluation import EvaluationSet, find_set, labelled
from swapgate.faults import InputFault
from swapgate.golden import Entry, golden_path, read_golden
from swapgate.hub import MAIN, is_pinned
from swapgate.loading import Source, find
from swapgate.manifest import (
    LABELLED,
    OTHERS,
    Manifest,
    Row,
    check_row,
    is_revision,
    nearest,
    read_manifest,
    read_row,
)
from swapgate.running import Model
from swapgate.variants import TAKE_A_ROW, steps

Key = tuple[str, str]
"""Task and tier."""

JUDGES = ("tolerance", "budget", "gaps", "property_gaps", "label_set")
"""Keys of a row that say how it is judged; those of a candidate do not count."""


@dataclass(frozen=True)
class Plan:
    """Everything that is known before the first test."""

    root: Path
    manifest: Manifest
    models: dict[Key, Model]
    incumbents: dict[Key, Model] = field(default_factory=dict)
    """What the swapped tiers use today."""
    evaluations: dict[str, EvaluationSet] = field(default_factory=dict)
    """The evaluation set of each task that has one."""
    proposed: dict[Key, Model] = field(default_factory=dict)
    """Of a change that is judged by a commit: its swapped tiers by themselves, whose goldens must be their own."""
    removed: dict[Key, Model] = field(default_factory=dict)
    """Of a change that is judged by a commit: the tiers that it removes, which others may be measured beside."""
    checkout: Path | None = None
    """Of a change that is judged by a commit: where the files of that are."""
    pending: dict[Key, dict[str, Entry | None]] = field(default_factory=dict)
    """What the run leaves to be reviewed, by tier and case; None where nothing is left any more."""
    changed: frozenset[str] | None = None
    """The tasks that a change can have touched, where only these are asked for."""
    against: str | None = None
    """The commit whose rows, cases, goldens and limits judge; None for those of the working tree."""
    notes: list[str] = field(default_factory=list)

    def tiers(self, task: str) -> list[str]:
        """Name the tiers of a task."""
        return [tier for name, tier in self.models if name == task]

    def cases(self, task: str) -> Sequence[Case]:
        """Give the cases of a task."""
        return next((model.cases.cases for (name, _), model in self.models.items() if name == task), ())

    def shown(self, path: Path) -> str:
        """Write a path for a message: from the project's folder where it lies in it."""
        root = next((root for root in (self.root, self.checkout) if root and path.is_relative_to(root)), None)
        return (path.relative_to(root) if root else path).as_posix()

    def worded(self, text: str) -> str:
        """Write the paths of a commit's files in a message as git does."""
        return text.replace(f"{self.checkout}/", f"{self.against[:12]}:") if self.against else text

    def orphans(self, model: Model) -> list[str]:
        """Give the cases that a tier's golden has and its cases file has not."""
        known = {case.id for case in model.cases.cases}
        return [case for case in read_golden(model.golden) if case not in known]

    def references(self, model: Model, check: str) -> list[Model]:
        """Give the other models that the test of a budget runs."""
        limits = getattr(model.row.budget, check, None) if check in ("latency", "quality") else None
        found = [self.reference(model, limit) for limit in (limits if isinstance(limits, tuple) else [limits])]
        return [reference for reference in found if reference is not None]

    def reference(self, model: Model, limit: Limit | QualityLimit | None) -> Model | None:
        """Give the model that a budget measures against; None where nothing is to be measured.

        A tier that is not swapped is measured against what the models file names, also where that is being swapped.
        """
        if limit is None:
            return None
        if limit.against == "incumbent":
            return self.incumbents.get((model.task, model.tier))
        key, proposed = (model.task, limit.against), {**self.removed, **self.models}
        return proposed[key] if model.swapped else self.incumbents.get(key, proposed[key])


def make_plan(
    root: Path,
    models_file: Path,
    swaps: Sequence[str],
    eval_sets: Sequence[str],
    directory: Path,
    working_tree: Path | None = None,
    device: str | None = None,
) -> Plan:
    """Read and check everything that the run depends on; `directory` is where relative paths of options begin.

    `working_tree`: where files are that git does not keep, if `root` holds those of a commit: models may be missing.
    `device`: what all models run on, whatever their rows say. Raises InputFault.
    """
    manifest = read_manifest(models_file)
    if device is not None:
        check_device(device, f"--device {device}")
        for tiers in manifest.rows.values():
            tiers.update({tier: _on(row, device) for tier, row in tiers.items()})
    plan = Plan(root, manifest, {})
    for task, tiers in manifest.rows.items():
        sets = dict.fromkeys(row.label_set for row in tiers.values())
        cases = {label_set: cases_of(manifest, root, task, label_set) for label_set in sets}
        for tier, row in tiers.items():
            try:
                if working_tree is not None and _is_folder(row, models_file.parent, root, working_tree):
                    raise InputFault(f"{row.model} is not in git")
                asked = f"{task}.{tier} --models={manifest.option}"
                source = find(row, models_file.parent, root, f"[{task}.{tier}] in {plan.shown(models_file)}", asked)
                if source.commit and not is_pinned(row.revision):
                    plan.notes.append(
                        f"{task}/{tier}: {row.model} is not pinned to a commit, {row.revision or MAIN} may move; pin it"
                        f" with: swapgate pin {asked}"
                    )
            except InputFault as fault:
                if working_tree is None:
                    raise InputFault(f"{models_file}: {task}.{tier}.model: {fault}") from fault
                source = Source(row, Path(os.path.normpath(models_file.parent / row.model)), row.model)
            golden = golden_path(root, manifest.name, task, tier)
            plan.models[task, tier] = Model(task, tier, source, source, cases[row.label_set], golden)
            _check_gaps(models_file, task, tier, row, cases[row.label_set])
    _find_sets(plan, eval_sets, directory, working_tree)
    for swap in swaps:
        _swap(plan, swap, directory, device)
    for model in plan.models.values():
        read_golden(model.golden)
        check_device(model.source.row.device, f"{model.name}: device = {model.source.row.device!r}")
    if working_tree is None:
        _check_goldens(plan)
    return plan


def _check_goldens(plan: Plan) -> None:
    """Make sure that each golden of the models file is a tier's. Raises InputFault."""
    tiers = {model.golden for model in plan.models.values()}
    folders = {golden.parents[1] for golden in tiers}
    for path in sorted(path for folder in folders for path in folder.glob("*/[!.]*.json")):
        if path not in tiers:
            task, tier = path.parent.name, path.stem
            bare = [name for name in plan.tiers(task) if not plan.models[task, name].golden.exists()]
            near = [f"; {task}.{name} has none: mend its name" for name in difflib.get_close_matches(tier, bare, n=1)]
            raise InputFault(
                f"{plan.shown(path)}: {plan.shown(plan.manifest.path)} has no row {task}.{tier} that this golden could"
                f" be of{near[0] if near else '; write that row'}, or remove the golden: git rm {plan.shown(path)}"
            )


def _find_sets(plan: Plan, eval_sets: Sequence[str], directory: Path, working_tree: Path | None) -> None:
    """Find the evaluation set of each task: that of its `--eval-set TASK=PATH`, else the one its cases file names."""
    asked: dict[str, Path] = {}
    for option in eval_sets:
        task, given, path = option.partition("=")
        if not given or not path:
            raise InputFault(f"--eval-set {option}: not of the form TASK=PATH, as in --eval-set ner=path/to/set.jsonl")
        if task not in plan.manifest.rows:
            if working_tree is not None:
                continue  # the change adds the task
            raise InputFault(f"--eval-set {option}: unknown task{nearest(task, plan.manifest.rows)}")
        if task in asked:
            raise InputFault(f"--eval-set {option}: {task} has two sets; give one")
        asked[task] = Path(os.path.normpath(directory / os.path.expanduser(path)))
    for task, tiers in plan.manifest.rows.items():
        cases = plan.models[task, next(iter(tiers))].cases
        path_of = asked.get(task, cases.evaluation)
        if path_of is not None and working_tree is not None and not path_of.is_file():
            path_of = working_tree / os.path.relpath(path_of, plan.root)
        if path_of is not None:
            labels = _labels(plan, task) if task in LABELLED else set()
            source = f"--eval-set {task}" if task in asked else f"{cases.path}: evaluation"
            try:
                plan.evaluations[task] = find_set(path_of, task, frozenset(labels))
            except InputFault as fault:
                raise InputFault(f"{source}: {fault}") from fault
            continue
        for tier, row in tiers.items():
            if "quality" in row.budget.model_fields_set:
                raise InputFault(
                    f"{plan.manifest.path}: {task}.{tier}.budget.quality: {task} has no evaluation set; name one in"
                    f' {plan.shown(cases.path)} (evaluation = "PATH") or give --eval-set {task}=PATH'
                )


def _labels(plan: Plan, task: str) -> set[str]:
    """Give the labels that models or cases of a task name; none where a model's own are taken as they are."""
    models = [model for (name, _), model in plan.models.items() if name == task]
    if any(OTHERS in model.row.labels for model in models):
        return set()
    right = [case.expected for model in models for case in model.cases.cases]
    named = {getattr(one, "label", one) for expected in right for one in labelled(expected)}
    return named.union(*(model.row.labels.values() for model in models))


def _on(row: Row, device: str | None) -> Row:
    return row if device is None else row.model_copy(update={"device": device})


def _swap(plan: Plan, swap: str, directory: Path, device: str | None) -> None:
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
        source = _candidate(plan, model, candidate, directory, device)
    except InputFault as fault:
        raise InputFault(f"--swap {swap}: {fault}") from fault
    plan.models[task, tier] = Model(task, tier, source, model.incumbent, model.cases, model.golden)
    plan.incumbents[task, tier] = model


def _is_folder(row: Row, base: Path, root: Path, working_tree: Path) -> bool:
    """Tell whether a row of a commit names a folder that only the working tree has."""
    there = working_tree / os.path.relpath(base, root) / row.model
    return row.revision is None and os.path.isdir(there) and not os.path.isdir(base / row.model)


def _candidate(plan: Plan, model: Model, candidate: str, directory: Path, device: str | None) -> Source:
    """Find a candidate: one that is only named takes the incumbent's label map, a TOML file holds a row of its own."""
    if not candidate.endswith(".toml"):
        named, variant = _parted(candidate, directory)
        name, _, revision = (named, "", "") if os.path.isdir(directory / named) else named.partition("@")
        if revision and not is_revision(revision):
            raise InputFault(f"{revision!r} is not a commit, a branch or a tag; give ID@REVISION")
        changes = {"model": name, "revision": revision or None, "variant": variant or None, "allow_pickle": False}
        row = model.row.model_copy(update=changes)
        return find(row, directory, plan.root, "a TOML file with a row for it, and give that to --swap")
    path = directory / candidate
    row = _on(read_row(path), device)
    check_row(plan.manifest, model.task, model.tier, row, path)
    unused = [key for key in JUDGES if key in row.model_fields_set]
    if unused:
        plan.notes.append(
            f"{model.name}: {', '.join(unused)} of {candidate} not used: a candidate is judged by its"
            " incumbent's limits"
        )
    return find(row, path.parent, plan.root, candidate, candidate)


def _parted(candidate: str, directory: Path) -> tuple[str, str]:
    """Part a candidate's name at its first plus sign from the variant behind it; a folder keeps its own plus signs."""
    name, plus, variant = candidate.partition("+")
    if os.path.isdir(directory / candidate):
        if plus and os.path.isdir(directory / name):
            both = f"{candidate} is a folder, and {name} is one too"
            raise InputFault(f"{both}: give a TOML file with a row for the one you mean")
        return candidate, ""
    if plus and name.endswith(".toml"):
        raise InputFault(f'write variant = "{variant}" in {name}, and give that alone')
    try:
        _ = steps(variant) if plus else []
    except ValueError as error:
        raise InputFault(f"{error}; {TAKE_A_ROW}") from error
    return name, variant


def _check_gaps(path: Path, task: str, tier: str, row: Row, cases: Cases) -> None:
    known = [case.id for case in cases.cases]
    for gap in row.gaps:
        if gap not in known:
            raise InputFault(f"{path}: {task}.{tier}.gaps.{gap}: no such case{nearest(gap, known)}")
