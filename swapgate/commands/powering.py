"""The command `swapgate power`: what an evaluation set can show of a tier, before a row of it is asked."""

import argparse
import io
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from swapgate.core.faults import Fault, InputFault
from swapgate.core.words import listed, nearest, plain
from swapgate.goldens.anchors import ANCHOR as ANCHORS
from swapgate.goldens.anchors import accepted_rows, path_of, read_rows
from swapgate.models.devices import cores
from swapgate.outputs.counts import RIGHT
from swapgate.project.budgets import QualityLimit
from swapgate.project.evaluation import EvaluationSet
from swapgate.statistics.power import power
from swapgate.trials.beside import threads_said
from swapgate.trials.cache import FILE, Cache, cache_folder
from swapgate.trials.evaluating import kept, threads_for
from swapgate.trials.plan import Plan, make_plan
from swapgate.trials.running import Model
from swapgate.verdicts.terminal import WIDEST

SUPPOSED = (0.02, 0.04, 0.10)
"""Shares of rows that differ, where no two models are known of which one could tell."""
FEWEST = 100
"""Rows of which both answers are known that tell how many differ."""
HEADINGS = (
    "against",
    "metric",
    "margin",
    "rows that differ",
    "PASS at no loss",
    "loss caught 9 of 10",
    "rows for PASS 9 of 10",
)


class Differing(NamedTuple):
    """A share of rows on which two models differ."""

    share: float
    whence: str
    """How it is known, in words."""


def add_power_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("tier", metavar="SUITE.TIER", help="such as sentiment.small")
    parser.add_argument("--eval-set", type=Path, metavar="PATH", help="the set; that of the cases file unless said")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def told_power(root: Path, models_file: Path, asked: argparse.Namespace) -> str:
    """Return what a tier's set can show, as a table with a line a limit and share of differing rows. Raises Fault."""
    suite = asked.tier.partition(".")[0]
    plan = make_plan(root, models_file, [], [f"{suite}={asked.eval_set}"] if asked.eval_set else [], Path.cwd())
    known = {".".join(key): model for key, model in plan.models.items()}
    if asked.tier not in known:
        raise InputFault(f"{asked.tier}: {plan.shown(models_file)} has no such tier{nearest(asked.tier, known)}")
    model = known[asked.tier]
    if suite not in plan.evaluations:
        raise InputFault(f"{asked.tier}: {suite} has no evaluation set; give one with --eval-set PATH")
    evaluation = plan.evaluations[suite]
    rows, limits = _different_rows(evaluation), _limits(model)
    lines = [line for limit in limits for line in _lines(plan, model, limit, rows)]
    same = f", {evaluation.count:,} with {rows:,} different inputs" if rows < evaluation.count else f", {rows:,} rows"
    others = [limit.metric or model.task.figures[0] for limit in limits if not _is_share(model, limit)]
    guide = (
        f"{listed(dict.fromkeys(others))}: judged by resampling; right rows stand in, as a guide\n" if others else ""
    )
    head = plain(f"{model.name}: {plan.shown(evaluation.path)}{same}")
    return f"{head}\n{_table(lines)}{guide}{_left_out(model, limits)}"


def _left_out(model: Model, limits: Sequence[QualityLimit]) -> str:
    """Return in words what a verdict rests on besides, of which no chance is told; nothing where that is all."""
    found = []
    for limit in (limit for limit in model.row.budget.quality if limit not in limits):
        said = limit.model_dump(exclude_none=True)
        found.append(" ".join(f"{key} = {value}" for key, value in said.items()))
    words = [f"budget.quality ({'; '.join(found)})"] if found else []
    words += [f"budget.slices ({listed(model.row.budget.slices)})"] if model.row.budget.slices else []
    return f"left out: {' and '.join(words)}, by which a run judges the tier too\n" if words else ""


def _different_rows(evaluation: EvaluationSet) -> int:
    """Return how many rows count: those with the same input once. Raises Fault, also where they are in clusters."""
    seen = set()
    for row in evaluation.rows():
        if row.cluster is not None:
            raise InputFault(
                f"{evaluation.path}: rows with a cluster depend on one another, and how much is not known before they"
                " are asked; give a set without, or judge it with pytest"
            )
        seen.add(row.id if row.read else repr(row.given))
    return len(seen)


def _limits(model: Model) -> list[QualityLimit]:
    """Return the limits that can be reckoned. Raises InputFault where there are none."""
    found = [limit for limit in model.row.budget.quality if limit.margin]
    if model.task.output.of_rows:
        raise InputFault(
            f"{model.name}: different figures judge the rows of {model.task.name}, and each has its own rows; a run"
            " tells the rows wanted"
        )
    if model.task.graded:
        found = [limit for limit in found if _is_share(model, limit)]
    if not found:
        what = f", and {model.task.graded} is not right or wrong as a whole" if model.task.graded else ""
        raise InputFault(
            f"{model.name}: budget.quality has no margin of a share of rows{what}; a run tells the rows wanted"
        )
    return found


def _is_share(model: Model, limit: QualityLimit) -> bool:
    return model.task.output.is_share(limit.metric or model.task.figures[0])


def _lines(plan: Plan, model: Model, limit: QualityLimit, rows: int) -> Iterator[list[str]]:
    name, margin = limit.metric or model.task.figures[0], limit.margin or 0.0
    metric = name if _is_share(model, limit) else RIGHT
    for differing in _differing(plan, model, limit, metric):
        found = power(rows, differing.share, margin)
        least = "–" if found.least is None else f"{100 * found.least:.1f} points"
        shown = metric if metric == name else f"{metric} for {name}"
        shares = [f"{margin:g}", f"{differing.share:.1%}{differing.whence}", f"{found.passed:.1%}"]
        yield [limit.against or "", shown, *shares, least, f"{found.needed:,}"]


def _differing(plan: Plan, model: Model, limit: QualityLimit, metric: str) -> Sequence[Differing]:
    """Return on how many rows two models differ that are remembered beside goldens or kept between runs, or which
    shares are supposed. Raises InputFault.

    They are the tier's and that of the limit; beside its incumbent or anchor the tier's own and its anchor, else the
    suite's other tiers.
    """
    ours, other = accepted_rows(model.golden), plan.models.get((model.suite, limit.against or ""))
    theirs = accepted_rows(other.golden) if other else read_rows(path_of(model.golden, ANCHORS))
    if ours and theirs and ours.made_by.digest != theirs.made_by.digest:
        both = [(ours.rows[key].counts, theirs.rows[key].counts) for key in ours.rows.keys() & theirs.rows.keys()]
        if len(both) >= FEWEST:
            apart = sum(one.get(metric, one[RIGHT]) != two.get(metric, two[RIGHT]) for one, two in both)
            return [Differing(apart / len(both), f" of {len(both):,} remembered")]
    others = [other] if other else [plan.models[model.suite, tier] for tier in plan.tiers(model.suite)]
    found = [_kept(plan, model, one, metric) for one in others if one is not model]
    return [*filter(None, found)] or [Differing(share, " supposed") for share in SUPPOSED]


def _kept(plan: Plan, model: Model, other: Model, metric: str) -> Differing | None:
    """Return on how many rows two tiers differ whose answers are kept between runs; None where these are too few."""
    folder = cache_folder()
    if not (folder / FILE).exists():
        return None
    with suppress(Fault), closing(Cache(folder)) as cache:  # what cannot be read now a run tells
        both = model, other
        threads = [threads_for(one, threads_said(plan), cores()) for one in both]
        ours, theirs = kept(both, plan.evaluations[model.suite], cache, threads)
        if ours.units >= FEWEST and model.source.digest != other.source.digest:
            apart = ours.by_unit(ours.each(metric) != theirs.each(metric)).mean()
            return Differing(float(apart), f" of {ours.units:,} kept of {model.tier} and {other.tier}")
    return None


def _table(lines: Sequence[Sequence[str]]) -> str:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for cells in lines:
        table.add_row(*(Text(plain(cell)) for cell in cells))
    text = io.StringIO()
    Console(file=text, width=WIDEST, no_color=True, highlight=False, soft_wrap=True).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
