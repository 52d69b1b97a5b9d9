"""What a run will judge: models file, cases and swaps, read and checked before a test is collected."""

import difflib
import functools
import os
import re
from collections.abc import Callable, Container, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from swapgate.backends import endpoint, find, told_from
from swapgate.backends.backend import OWN_KEYS
from swapgate.core.extras import lack
from swapgate.core.faults import Fault, InputFault
from swapgate.core.words import nearest
from swapgate.goldens.anchors import ANCHOR as ANCHORS
from swapgate.goldens.anchors import Remembered, accepted_rows, path_of, read_rows, rows_beside
from swapgate.goldens.golden import Entry, golden_path, read_golden
from swapgate.goldens.pending import on_ci
from swapgate.models.devices import check_device
from swapgate.models.hub import MAIN, is_pinned
from swapgate.models.loading import Source
from swapgate.project.budgets import Limit, QualityLimit
from swapgate.project.cases import Cases, cases_of
from swapgate.project.evaluation import EvaluationSet, find_set
from swapgate.project.manifest import (
    ANCHOR,
    INCUMBENT,
    Manifest,
    Row,
    check_row,
    is_revision,
    read_manifest,
    read_row,
)
from swapgate.project.variants import TAKE_A_ROW, steps
from swapgate.tasks import find_task
from swapgate.tasks.case import Case
from swapgate.tasks.task import Task
from swapgate.trials.checking import extra_settings, given_labels, replaced_settings
from swapgate.trials.running import Model

WHICH = (
    "allow_pickle",
    "backend",
    "chat",
    "concurrency",
    "files",
    "revision",
    "timeout",
    "token_env",
    "variant",
    "version",
)
"""Keys of a row that say which model it is, or how that is reached: a candidate has none of its incumbent's."""
AHEAD = "in a change of its own that is merged before this one"
"""How a change comes by other limits than the commit's."""
Key = tuple[str, str]
"""Suite and tier."""


class LeftOut(NamedTuple):
    """A suite whose files are at fault."""

    tiers: Sequence[str]
    fault: InputFault


@dataclass(frozen=True)
class Plan:
    """Everything that is known before the first test."""

    root: Path
    manifest: Manifest
    models: dict[Key, Model]
    incumbents: dict[Key, Model] = field(default_factory=dict)
    """What the swapped tiers use today."""
    evaluations: dict[str, EvaluationSet] = field(default_factory=dict)
    """The evaluation set of each suite that has one."""
    edited: dict[Key, Model] = field(default_factory=dict)
    """Of a change that is judged by a commit: the commit's own models where the same digest is of other bytes."""
    proposed: dict[Key, Model] = field(default_factory=dict)
    """Of a change that is judged by a commit: its swapped tiers by themselves, whose goldens must be their own."""
    removed: dict[Key, Model] = field(default_factory=dict)
    """Of a change that is judged by a commit: the tiers that it removes, which others may be measured beside."""
    checkout: Path | None = None
    """Of a change that is judged by a commit: where the files of that are."""
    pending: dict[Key, dict[str, Entry | None]] = field(default_factory=dict)
    """What the run leaves to be reviewed, by tier and case; None where nothing is left any more."""
    rows: dict[Key, Remembered] = field(default_factory=dict)
    """What an update is to remember of the evaluation set, by tier."""
    changed: frozenset[str] | None = None
    """The suites that a change can have touched, where only these are asked for."""
    against: str | None = None
    """The commit whose rows, cases, goldens and limits judge; None for those of the working tree."""
    lets_change: bool = False
    """Of a change that is judged by a commit: whether that lets it bring its own exceptions."""
    anchors: dict[Key, Remembered] = field(default_factory=dict)
    """Of such a change that may: the anchors that it moved, beside which it is judged."""
    suite_files: dict[str, list[str]] = field(default_factory=dict)
    """Of a change that is judged by a commit: the test files that each suite had there."""
    properties: dict[str, list[str]] = field(default_factory=dict)
    """Of a change that is judged by a commit: the properties that each suite had there."""
    doubts: dict[Key, list[str]] = field(default_factory=dict)
    """Of a change that is judged by a commit: what makes a tier INCOMPLETE whatever its tests say, in words."""
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    """Suites whose files are at fault, for which the run ends only where something of them is selected."""
    written: frozenset[Path] = frozenset()
    """The reports that the run itself writes, each by its folder behind links."""
    notes: list[str] = field(default_factory=list)

    def tiers(self, suite: str) -> list[str]:
        """Name the tiers of a suite."""
        return [tier for name, tier in self.models if name == suite]

    def cases(self, suite: str) -> Sequence[Case]:
        """Return the cases of a suite."""
        return next((model.cases.cases for (name, _), model in self.models.items() if name == suite), ())

    def shown(self, path: Path) -> str:
        """Write a path for a message: from the project's folder where it lies in it."""
        root = next((root for root in (self.root, self.checkout) if root and path.is_relative_to(root)), None)
        return (path.relative_to(root) if root else path).as_posix()

    def worded(self, text: str) -> str:
        """Write the paths of a commit's files in a message as git does."""
        return text.replace(f"{self.checkout}/", f"{self.against[:12]}:") if self.against else text

    @property
    def limits_in(self) -> str:
        """Where the limits of a row are loosened, in words: those of a change itself do not judge it."""
        return f"{self.shown(self.manifest.path)}{f', {AHEAD}' if self.against else ''}"

    @property
    def counts_once(self) -> str:
        """What must be merged before an exception that a change brings counts in it, in words; empty where it does."""
        if not self.against or self.lets_change:
            return ""
        says = f'exceptions = "in-change" at the top of {self.shown(self.manifest.path)}'
        return f"; in this change that counts once one of its own, merged before it, says {says}"

    def orphans(self, model: Model) -> list[str]:
        """Return the cases that a tier's golden has and its cases file has not."""
        known = {case.id for case in model.cases.cases}
        return [case for case in read_golden(model.golden) if case not in known]

    def references(self, model: Model, check: str) -> list[Model]:
        """Return the other models that the test of a budget runs."""
        limits = getattr(model.row.budget, check, None) if check in ("latency", "quality") else None
        found = [self.reference(model, limit) for limit in (limits if isinstance(limits, tuple) else [limits])]
        return [reference for reference in found if reference is not None]

    def reference(self, model: Model, limit: Limit | QualityLimit | None) -> Model | None:
        """Return the model that a budget measures against; None where nothing is to be measured.

        A tier that is not swapped is measured against what the models file names, also where that is being swapped;
        under --against what the commit names, and beside its own model there where only the digest is the same.
        """
        if limit is None or limit.against in (None, ANCHOR):
            return None
        before = {**self.edited, **self.incumbents}
        if limit.against == INCUMBENT:
            return before.get((model.suite, model.tier))
        key, proposed = (model.suite, limit.against), {**self.removed, **self.models}
        return proposed[key] if model.swapped else before.get(key, proposed[key])

    def remembered(self, model: Model, limit: QualityLimit) -> Remembered | None:
        """Return the rows that a budget of quality compares with where no model is asked for them.

        They are the anchor's, and those of an incumbent whose weights are gone, or where nothing is swapped those of
        the model that the golden is of, which the row may not name any more; None where none are remembered. Raises
        InputFault.
        """
        if limit.against == ANCHOR:
            return self.anchors.get((model.suite, model.tier)) or read_rows(path_of(model.golden, ANCHORS))
        gone = model.incumbent.gone if model.swapped else self.reference(model, limit) is None
        partly = not model.swapped  # some of its cases may be recorded again already
        return accepted_rows(model.golden, partly) if limit.against == INCUMBENT and gone else None


def make_plan(
    root: Path,
    models_file: Path,
    swaps: Sequence[str],
    eval_sets: Sequence[str],
    directory: Path,
    working_tree: Path | None = None,
    device: str | None = None,
    tolerant: bool = False,
    needs_sets: bool = True,
    thorough: bool = True,
) -> Plan:
    """Read and check everything that the run depends on; `directory` is where relative paths of options begin.

    `working_tree`: where files are that git does not keep, if `root` holds those of a commit: models may be missing.
    `device`: what all models run on, whatever their rows say. `tolerant`: a suite whose files are at fault is left out,
    where no option names it and there is another one. `needs_sets`: a row with a budget of quality has an evaluation
    set. `thorough`: also what takes long to see is looked for. Raises InputFault.
    """
    manifest = read_manifest(models_file, functools.partial(_own_labels, models_file.parent, root))
    if device is not None:
        check_device(device, f"--device {device}")
        for tiers in manifest.rows.values():
            tiers.update({tier: _on(row, device, models_file.parent) for tier, row in tiers.items()})
    plan = Plan(root, manifest, {})
    sets = _asked_sets(plan, eval_sets, directory, working_tree)
    kept = {*sets, *(swap.partition(".")[0] for swap in swaps)}

    def of_each(step: Callable[[str], None]) -> None:
        for suite in [*manifest.rows]:
            try:
                step(suite)
            except InputFault as fault:
                if not tolerant or suite in kept or len(manifest.rows) == 1:
                    raise
                _leave_out(plan, suite, fault)

    swapped = {swap.partition("=")[0] for swap in swaps}
    needed = {suite: _extras(manifest, suite) for suite in manifest.rows}
    of_each(lambda suite: _check_extras(plan, suite, needed))
    of_each(lambda suite: _add(plan, suite, working_tree, swapped, thorough))
    of_each(lambda suite: _find_set(plan, suite, sets.get(suite), working_tree, needs_sets))
    for swap in swaps:
        _swap(plan, swap, directory, device)
    of_each(lambda suite: _check_models(plan, suite))
    if working_tree is None:
        _check_goldens(plan)
    return plan


def _extras(manifest: Manifest, suite: str) -> set[str]:
    """Return the extras of swapgate that a suite needs, by its task and by what its rows are."""
    found = {*manifest.tasks[suite].extras}
    for row in manifest.rows[suite].values():
        with suppress(InputFault):  # told where the row is read
            found.add(told_from(row.model, manifest.path.parent, row.backend).extra)
    return found - {""}


def _check_extras(plan: Plan, suite: str, needed: Mapping[str, Set[str]]) -> None:
    """Make sure that what a suite needs is installed. Raises InputFault with the line that installs it, and all that
    the other suites need.
    """
    if words := lack(needed[suite], set().union(*needed.values())):
        raise InputFault(f"{plan.shown(plan.manifest.path)}: {suite} {words}")


def _add(plan: Plan, suite: str, working_tree: Path | None, swapped: Container[str], thorough: bool) -> None:
    """Find the cases and models of a suite. Raises InputFault."""
    manifest, root = plan.manifest, plan.root
    models_file, tiers = manifest.path, manifest.rows[suite]
    sets = dict.fromkeys(row.label_set for row in tiers.values())
    cases = {label_set: cases_of(manifest, root, suite, label_set, thorough) for label_set in sets}
    for tier, row in tiers.items():
        golden = golden_path(root, manifest.name, suite, tier)
        try:
            if working_tree is not None and _is_folder(row, models_file.parent, root, working_tree):
                raise InputFault(f"{row.model} is not in git")
            asked = f"{suite}.{tier} --models={manifest.option}"
            source = find(row, models_file.parent, root, f"[{suite}.{tier}] in {plan.shown(models_file)}", asked)
            if source.commit and not is_pinned(row.revision):
                plan.notes.append(
                    f"{suite}/{tier}: {row.model} is not pinned to a commit, {row.revision or MAIN} may move; pin"
                    f" it with: swapgate pin {asked}"
                )
        except InputFault as fault:
            known = accepted_rows(golden) if f"{suite}.{tier}" in swapped else None
            if working_tree is None and known is None:
                raise InputFault(f"{models_file}: {suite}.{tier}.model: {fault}") from fault
            folder = Path(os.path.normpath(models_file.parent / row.model))
            source = _gone(Source(row, folder, row.model), str(fault), known)
        if source.remote and working_tree is None and on_ci():
            source = _with_door(source, golden)
        plan.models[suite, tier] = Model(
            suite, tier, manifest.tasks[suite], source, source, cases[row.label_set], golden
        )
        _check_gaps(models_file, suite, tier, row, cases[row.label_set])


def _with_door(source: Source, golden: Path) -> Source:
    """Return a server as it is asked on CI: only where a golden of the tier was recorded from its host.

    Raises InputFault where the golden cannot be read.
    """
    host = endpoint.origin(source.row.model)
    if any(endpoint.origin(entry.made_by.model) == host for entry in read_golden(golden).values()):
        return source
    return endpoint.closed(source, "on CI no host is asked of which no golden was recorded; record it where you work")


def _gone(source: Source, why: str, known: Remembered | None) -> Source:
    """Return an incumbent without weights of which rows are remembered: what else is measured beside it is an ERROR."""
    return replace(source, name=known.made_by.model, gone=f"its weights are gone: {why}") if known else source


def _leave_out(plan: Plan, suite: str, fault: InputFault) -> None:
    """Take a suite out of what is planned; its name and task stay known, for tests are marked with them."""
    plan.left_out[suite] = LeftOut([*plan.manifest.rows.pop(suite)], fault)
    for key in [key for key in plan.models if key[0] == suite]:
        del plan.models[key]
    plan.evaluations.pop(suite, None)
    plan.notes.append(f"{suite} is left out, for nothing of it is selected: {fault.args[0]}")


def _check_models(plan: Plan, suite: str) -> None:
    """Check what is known of the models of a suite before they run. Raises InputFault."""
    for model in [model for (name, _), model in plan.models.items() if name == suite]:
        _note_settings(plan, model)
        _note_labels(plan, model)
        _check_golden(plan, model)
        _ = [plan.remembered(model, limit) for limit in model.row.budget.quality]  # raises
        check_device(model.source.row.device, f"{model.name}: device = {model.source.row.device!r}")


def _own_labels(base: Path, root: Path, task: Task, row: Row) -> str:
    """Return the line by which a row keeps its model's labels; nothing where they cannot be told."""
    with suppress(Exception):  # whatever is wrong with the model is told once its row is whole
        source = find(row, base, root)
        if not source.absent and (names := source.class_names(task)) is not None:
            return row.own_labels(names)
    return ""


def _note_labels(plan: Plan, model: Model) -> None:
    """Note of a model how its labels are read, where that is guessed or not as they stand."""
    with suppress(Exception):  # its tests say what cannot be read, and what goes wrong in another package's task
        if not model.source.absent and (names := model.source.class_names(model.task)) is not None:
            told = model.source.row.told(names)
            plan.notes.extend(f"{model.name}: {model.source.name}: {line}" for line in told)


def _note_settings(plan: Plan, model: Model) -> None:
    """Note of a model that its own settings ask for what the judge replaces."""
    with suppress(Fault):  # its tests say what cannot be read
        asked = [] if model.source.absent else replaced_settings(model)
        if asked and not extra_settings(model):
            plan.notes.append(
                f"{model.name}: {model.source.name} itself asks for {', '.join(asked)}; judging leaves that out"
            )


def _check_golden(plan: Plan, model: Model) -> None:
    """Make sure that a golden can be read, and is one of the suite's task. Raises InputFault."""
    found = next(iter(read_golden(model.golden).values()), None)
    if found and find_task(found.made_by.task_name) is not model.task:
        raise InputFault(
            f"{plan.shown(model.golden)}: a golden of {found.made_by.task_name}, and {model.suite} is one of"
            f" {model.task.name} now; remove it and record it again: git rm {plan.shown(model.golden)}"
        )


def _check_goldens(plan: Plan) -> None:
    """Make sure that each golden of the models file is a tier's. Raises InputFault."""
    goldens = [model.golden for model in plan.models.values()]
    tiers = {*goldens, *(path for golden in goldens for path in rows_beside(golden))}
    folders = {golden.parents[1] for golden in goldens}
    there = [path for folder in folders for form in ("json", "jsonl") for path in folder.glob(f"*/[!.]*.{form}")]
    for path in sorted(there):
        if path not in tiers and path.parent.name not in plan.left_out:
            suite, tier = path.parent.name, path.name.partition(".")[0]
            bare = [name for name in plan.tiers(suite) if not plan.models[suite, name].golden.exists()]
            near = [f"; {suite}.{name} has none: mend its name" for name in difflib.get_close_matches(tier, bare, n=1)]
            raise InputFault(
                f"{plan.shown(path)}: {plan.shown(plan.manifest.path)} has no row {suite}.{tier} that this golden could"
                f" be of{near[0] if near else '; write that row'}, or remove the golden: git rm {plan.shown(path)}"
            )


def _asked_sets(plan: Plan, eval_sets: Sequence[str], directory: Path, working_tree: Path | None) -> dict[str, Path]:
    """Return the evaluation set that each `--eval-set SUITE=PATH` names. Raises InputFault."""
    asked: dict[str, Path] = {}
    for option in eval_sets:
        suite, given, path = option.partition("=")
        if not given or not path:
            raise InputFault(f"--eval-set {option}: not of the form SUITE=PATH, as in --eval-set ner=path/to/set.jsonl")
        if suite not in plan.manifest.rows:
            if working_tree is not None:
                continue  # the change adds the suite
            raise InputFault(f"--eval-set {option}: unknown suite{nearest(suite, plan.manifest.rows)}")
        if suite in asked:
            raise InputFault(f"--eval-set {option}: {suite} has two sets; give one")
        asked[suite] = Path(os.path.normpath(directory / os.path.expanduser(path)))
    return asked


def _find_set(plan: Plan, suite: str, asked: Path | None, working_tree: Path | None, is_needed: bool) -> None:
    """Find the evaluation set of a suite: the one that was asked for, else that its cases file names.

    Raises InputFault.
    """
    task, tiers = plan.manifest.tasks[suite], plan.manifest.rows[suite]
    cases = plan.models[suite, next(iter(tiers))].cases
    path_of = asked or cases.evaluation
    if path_of is not None and working_tree is not None and not path_of.is_file():
        path_of = working_tree / os.path.relpath(path_of, plan.root)
    if path_of is not None:
        labels = _labels(plan, suite) if task.label_names else set()
        source = f"--eval-set {suite}" if asked else f"{cases.path}: evaluation"
        try:
            columns = plan.manifest.columns[suite]
            plan.evaluations[suite] = find_set(path_of, task, frozenset(labels), columns)
        except InputFault as fault:
            raise fault.behind(f"{source}: ") from fault
        return
    for tier, row in tiers.items() if is_needed else ():
        for name in sorted({"quality", "slices"} & row.budget.model_fields_set):
            raise InputFault(
                f"{plan.manifest.path}: {suite}.{tier}.budget.{name}: {suite} has no evaluation set; name one in"
                f' {plan.shown(cases.path)} (evaluation = "PATH") or give --eval-set {suite}=PATH'
            )


def _labels(plan: Plan, suite: str) -> set[str]:
    """Return the labels that models can give or cases name; none where one keeps its own and is not there yet, or only
    its answers tell them.
    """
    models = [model for (name, _), model in plan.models.items() if name == suite]
    free = [model for model in models if not model.task.asks_for_labels]  # else only labels of its row are ever said
    named = {label for model in free for case in model.cases.cases for label in case.labels}
    try:
        given = [given_labels(model) for model in models]
        return set() if None in given else named.union(*(one or () for one in given))
    except Fault:  # its tests say why
        return set()


def _on(row: Row, device: str | None, base: Path) -> Row:
    """Return a row as it runs on a device, where its backend has a choice. Raises InputFault."""
    takes = device is not None and "device" in told_from(row.model, base, row.backend).keys
    return row.model_copy(update={"device": device}) if takes else row


def _swap(plan: Plan, swap: str, directory: Path, device: str | None) -> None:
    """Put the candidate of one `--swap SUITE.TIER=MODEL` in the place of its incumbent."""
    match = re.fullmatch(r"([^.=]+)\.([^.=]+)=(.+)", swap, re.DOTALL)
    if match is None:
        raise InputFault(f"--swap {swap}: not of the form SUITE.TIER=MODEL, as in --swap ner.small=path/to/model")
    suite, tier, candidate = match.groups()
    if suite not in plan.manifest.rows:
        raise InputFault(f"--swap {swap}: unknown suite {suite!r}{nearest(suite, plan.manifest.rows)}")
    if tier not in plan.tiers(suite):
        raise InputFault(f"--swap {swap}: unknown tier {tier!r} of {suite}{nearest(tier, plan.tiers(suite))}")
    if (suite, tier) in plan.incumbents:
        raise InputFault(f"--swap {swap}: {suite}.{tier} is swapped twice; give one candidate a tier")
    model = plan.models[suite, tier]
    if model.source.absent and (known := accepted_rows(model.golden)):
        gone = _gone(model.source, model.source.absent, known)
        model = replace(model, source=gone, incumbent=gone)
    try:
        source = _candidate(plan, model, candidate, directory, device)
    except InputFault as fault:
        shown = re.sub(r"(?<=//)[^/]*@", "…@", swap)  # what stands there may be a password
        raise fault.behind(f"--swap {shown}: ") from fault
    plan.models[suite, tier] = replace(model, source=source)
    plan.incumbents[suite, tier] = model


def _is_folder(row: Row, base: Path, root: Path, working_tree: Path) -> bool:
    """Return whether a row of a commit names a folder that only the working tree has."""
    there = working_tree / os.path.relpath(base, root) / row.model
    return row.revision is None and os.path.isdir(there) and not os.path.isdir(base / row.model)


def _candidate(plan: Plan, model: Model, candidate: str, directory: Path, device: str | None) -> Source:
    """Find a candidate: one that is only named takes the incumbent's label map, a TOML file holds a row of its own."""
    if not candidate.endswith(".toml"):
        row = _row_of(model.row, candidate, directory)
        return find(row, directory, plan.root, "a TOML file with a row for it, and give that to --swap")
    path = directory / candidate
    row = _on(read_row(path, model.task, plan.manifest.defaults[model.suite]), device, path.parent)
    own = functools.partial(_own_labels, path.parent, plan.root)
    check_row(plan.manifest, model.suite, model.tier, row, path, own_labels=own)
    unused = [key for key in row.judging_keys if key in row.model_fields_set]
    if unused:
        plan.notes.append(
            f"{model.name}: {', '.join(unused)} of {candidate} not used: a candidate is judged by its"
            " incumbent's limits"
        )
    return find(row, path.parent, plan.root, candidate, candidate)


def _row_of(row: Row, candidate: str, directory: Path) -> Row:
    """Return the row of a candidate that is only named: the incumbent's, but for what says which model it is."""
    backend = told_from(candidate, directory)
    keys = {*WHICH, *(OWN_KEYS - backend.keys)}
    own = {key: Row.model_fields[key].get_default(call_default_factory=True) for key in keys}
    if backend.answers:
        return row.model_copy(update={**own, "model": candidate})
    named, variant = _parted(candidate, directory)
    name, _, revision = (named, "", "") if os.path.isdir(directory / named) else named.partition("@")
    if revision and not is_revision(revision):
        raise InputFault(f"{revision!r} is not a commit, a branch or a tag; give ID@REVISION")
    return row.model_copy(update={**own, "model": name, "revision": revision or None, "variant": variant or None})


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


def _check_gaps(path: Path, suite: str, tier: str, row: Row, cases: Cases) -> None:
    known = [case.id for case in cases.cases]
    for gap in row.gaps:
        if gap not in known:
            raise InputFault(f"{path}: {suite}.{tier}.gaps.{gap}: no such case{nearest(gap, known)}")
