"""How far a twin is from a tier's model, and the limits of a swap that let it pass.

A twin is made by the same recipe with another seed: nobody would say that it is worse. So what chance alone does to
cases and rows a swap may do too. One twin shows little, so no limit is proposed that is tighter than the default.
"""

import argparse
import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from swapgate.core.faults import Fault
from swapgate.outputs import Tolerance, check_expected, check_swap
from swapgate.outputs.prediction import Expected, Prediction
from swapgate.project.budgets import CaseBudget
from swapgate.project.manifest import Row
from swapgate.tasks.case import Case
from swapgate.trials.beside import rows_as
from swapgate.trials.checking import check_model
from swapgate.trials.evaluating import EVALUATION_BATCH
from swapgate.trials.plan import make_plan
from swapgate.trials.progress import Progress, unseen
from swapgate.trials.running import Model

MARK = "twin: "
"""How the part of a tolerance's reason begins that says what a twin showed."""
COVERED = 0.99
"""Of the right answers of both: the share whose fall the proposed tolerance allows."""
LEADS = 0.95
"""Of what the twin lost: the share of which the incumbent led by no more than the proposed clear lead."""
KEEPS = 0.95
"""How often a model that loses cases as the twin does keeps the proposed budget."""
STEP = 0.05
"""Limits are multiples of it."""
MOST_LEAD = 0.95
"""A lead that is always clear, for else no loss were."""


@dataclass(frozen=True)
class Answered:
    """An input that the incumbent gets right, and what the twin makes of it."""

    id: str
    lead: float | None
    """How clearly the incumbent said what is lost; None where nothing is, or that is not known."""
    fall: float | None
    """By how much the score of what is right fell, 0 where it did not, as `tolerance.swap` has it; None: lost."""


@dataclass(frozen=True)
class Side:
    """What came of the cases, or of the rows of the evaluation set."""

    inputs: int
    """How many there are."""
    answered: Sequence[Answered]
    """Those that the incumbent gets right."""
    gained: int
    """How many only the twin gets right."""

    @property
    def lost(self) -> list[Answered]:
        """Those that the twin gets wrong."""
        return [one for one in self.answered if one.fall is None]

    @property
    def falls(self) -> list[float]:
        """By how much the scores of the others fell."""
        return sorted(one.fall for one in self.answered if one.fall is not None)


@dataclass(frozen=True)
class Twin:
    """The evidence and what follows from it."""

    suite: str
    tier: str
    model: str
    """The incumbent."""
    twin: str
    cases: Side
    rows: Side | None
    """None without an evaluation set, and of a task whose answers are not right or wrong as a whole."""
    notes: Sequence[str]
    tolerance: Tolerance
    clear_lead: float
    budget: CaseBudget


def measure_twin(
    root: Path,
    models_file: Path,
    tier: str,
    twin: str,
    directory: Path,
    asked: argparse.Namespace,
    progress: Progress = unseen,
) -> Twin:
    """Ask a twin and the model of SUITE.TIER for all cases and rows.

    `directory`: where the twin's path begins; `asked`: the options of the command. Raises Fault.
    """
    try:
        plan = make_plan(root, models_file, [f"{tier}={twin}"], [], directory, device=asked.device, needs_sets=False)
        ((key, incumbent),) = plan.incumbents.items()
        model = plan.models[key]
        check_model(model)
    except Fault as fault:  # it speaks of a swap, which a twin is
        raise type(fault)(str(fault).replace(f"--swap {tier}=", "--twin ")) from fault
    judging = [case for case in model.cases.cases if not case.quarantine]
    cases = _side(incumbent, _said(model, incumbent, judging))
    evaluation = plan.evaluations.get(key[0])
    rows, notes = None, _of_critical(judging, cases)
    if evaluation and not model.task.graded:
        how = rows_as(asked, plan)
        with progress(evaluation.count) as advance:
            rows = _side(incumbent, how.beside([model, incumbent], evaluation.path, evaluation.rows(), advance))
        notes += how.notes
    else:
        why = f"{model.task.graded} is not right or wrong as a whole" if evaluation else "there is no evaluation set"
        notes.append(f"measured by cases alone: {why}")
    tolerance, clear_lead, budget = propose(incumbent.row, cases, rows)
    names = incumbent.source.name, model.source.name
    return Twin(*key, *names, cases, rows, notes, tolerance, clear_lead, budget)


def _side(incumbent: Model, asked: Iterable[tuple[Case, Sequence[Prediction]]]) -> Side:
    """Count inputs, each with what the twin says and what its incumbent does."""
    answered, inputs, gained = [], 0, 0
    for case, (now, then) in asked:
        inputs += 1
        is_wrong = bool(check_expected(now, case.expected))
        if check_expected(then, case.expected):
            gained += not is_wrong
            continue
        lead = incumbent.task.output.lead(then, now, case.expected) if is_wrong else None
        fall = None if is_wrong else _fall(now, then, case.expected, incumbent.row.tolerance)
        answered.append(Answered(case.id, lead, fall))
    return Side(inputs, answered, gained)


def _said(twin: Model, incumbent: Model, cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[Prediction]]]:
    """Ask both for cases, which are never taken from an earlier run."""
    for start in range(0, len(cases), EVALUATION_BATCH):
        batch = cases[start : start + EVALUATION_BATCH]
        given = [case.input for case in batch]
        yield from zip(batch, zip(twin.predict(given), incumbent.predict(given), strict=True), strict=True)


def _fall(now: Prediction, then: Prediction, right: Expected, tolerance: Tolerance) -> float:
    """Return the smallest `tolerance.swap` with which the judge of swaps has nothing to say, in thousandths."""

    def holds(thousandths: int) -> bool:
        return not check_swap(now, then, right, replace(tolerance, swap=thousandths / 1000, reason=MARK))

    return bisect.bisect_left(range(1000), True, key=holds) / 1000


def _of_critical(cases: Sequence[Case], found: Side) -> list[str]:
    critical = {case.id for case in cases if case.critical}
    lost = [one.id for one in found.lost if one.id in critical]
    return [f"the twin loses {', '.join(lost)}, which is critical: no budget allows it"] if lost else []


def propose(row: Row, cases: Side, rows: Side | None) -> tuple[Tolerance, float, CaseBudget]:
    """Return a tolerance, a clear lead and a budget of cases that a twin keeps, by what is seen of one."""
    sides = [cases, rows] if rows else [cases]
    falls = [fall for side in sides for fall in side.falls]
    swap = max(Tolerance.swap, _covering(falls, COVERED))
    leads = [one.lead for side in sides for one in side.lost if one.lead is not None]
    clear_lead = min(MOST_LEAD, max(Row.model_fields["clear_lead"].default, _covering(leads, LEADS)))
    decides = rows is not None  # then near ties lost and weaker answers are told, and need no limit
    clear = [one for side in sides for one in side.lost if not decides or one.lead is None or one.lead >= clear_lead]
    right = sum(len(side.answered) for side in sides)
    lost = max(len(cases.lost), _allowed(len(clear), right, len(cases.answered)))
    count = sum(fall > swap for fall in cases.falls)
    weaker = None if decides else max(count, _allowed(count, right, right))
    budget = CaseBudget(lost_at_most=lost, weaker_at_most=weaker)
    reason = f"{MARK}{COVERED:.0%} of {len(falls):,} right answers fell by at most {swap:g}"
    before = row.tolerance.reason
    before = before.partition("; ")[2] if before.startswith(MARK) else before
    reason += f"; {before}" if before not in ("", Tolerance.reason) else ""
    return replace(row.tolerance, swap=swap, reason=reason), clear_lead, budget


def _covering(values: Sequence[float], share: float) -> float:
    """Return the smallest multiple of `STEP` that so large a share of the values do not exceed; 0 of none."""
    if not values:
        return 0.0
    largest = sorted(values)[math.ceil(share * len(values)) - 1]
    return round(STEP * math.ceil(round(largest / STEP, 9)), 9)


def _allowed(count: int, of: int, cases: int) -> int:
    """Return how many cases a model hits in `KEEPS` of runs at most, which hits each as likely as `count` of `of`."""
    from scipy.stats import binom

    return int(binom.ppf(KEEPS, cases, count / of)) if count else 0
