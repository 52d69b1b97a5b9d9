"""The command `swapgate accept-loss`: a reviewer lets one candidate lose some cases."""

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.core.tables import rewrite
from swapgate.core.words import nearest
from swapgate.goldens.golden import read_golden
from swapgate.outputs import check_expected
from swapgate.trials.plan import make_plan
from swapgate.trials.running import Model

DIGITS = 16
"""Of a digest, as they stand in a models file."""


def add_accept_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("tier", metavar="SUITE.TIER", help="such as ner.small")
    parser.add_argument("cases", nargs="+", metavar="CASE", help="the cases that the candidate may lose")
    parser.add_argument("--reason", required=True, help="why, for whoever reads the models file")
    parser.add_argument("--expires", metavar="DATE", help="the last day on which it counts, such as 2027-03-31")
    parser.add_argument("--candidate", metavar="MODEL", help="as --swap names it; the row's own model unless said")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def accept_loss(root: Path, models_file: Path, asked: argparse.Namespace) -> str:
    """Write it into the models file; gives what to say. Raises Fault."""
    swaps = [f"{asked.tier}={asked.candidate}"] if asked.candidate else []
    plan = make_plan(root, models_file, swaps, [], Path.cwd())
    if not asked.reason.strip():
        raise InputFault("--reason is empty; write why the loss may be, for whoever reads the models file")
    suite, _, tier = asked.tier.rpartition(".")
    if (suite, tier) not in plan.models:
        known = [".".join(key) for key in plan.models]
        raise InputFault(f"{asked.tier}: {plan.shown(models_file)} has no such tier{nearest(asked.tier, known)}")
    model = plan.models[suite, tier]
    _check(model, asked.cases)
    digest, expires, before = model.source.digest[:DIGITS], _day(asked.expires), model.row.accepted
    kept = before.cases if before and model.source.digest.startswith(before.digest) else ()
    cases = list(dict.fromkeys([*kept, *asked.cases]))

    def accept(document: Any) -> None:
        table = {"digest": digest, "cases": cases, "reason": asked.reason}
        document[suite][tier]["accepted"] = table | ({"expires": expires} if expires else {})

    rewrite(models_file, accept)
    until = f" until {expires}" if expires else ""
    return (
        f"{asked.tier}: {model.source.name} ({digest}) may lose {', '.join(cases)}{until}; commit"
        f" {plan.shown(models_file)}. Under --against it counts from the next change on, or in this one where the"
        f' commit\'s models file says exceptions = "in-change"\n{_as_gaps(model, cases, asked.reason)}'
    )


def _as_gaps(model: Model, wanted: Sequence[str], reason: str) -> str:
    """Offer as known gaps the cases that a model fails by a golden of its own: as the incumbent it loses nothing."""
    golden, failed = read_golden(model.golden), []
    for case in model.cases.cases:
        entry = golden.get(case.id)
        own = entry and entry.made_by.digest == model.source.digest and case.id not in model.row.gaps
        if entry and own and case.id in wanted and check_expected(entry.prediction, case.expected):
            failed.append(f"{case.id} = {json.dumps(reason, ensure_ascii=False)}\n")
    if not failed:
        return ""
    words = (
        f"the golden is of {model.source.name} already; once it is the incumbent what it fails is a known gap, so add"
    )
    return f"{words}:\n\n[{model.suite}.{model.tier}.gaps]\n{''.join(failed)}"


def _check(model: Model, wanted: Sequence[str]) -> None:
    cases = {case.id: case for case in model.cases.cases}
    for one in wanted:
        if one not in cases:
            raise InputFault(f"{one!r} is no case of {model.suite}{nearest(one, cases)}")
        if cases[one].critical:
            raise InputFault(f"{one!r} is critical: it may never be lost; take that out of its case first")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputFault(f"--expires {text}: {error}; write a day such as 2027-03-31") from error
    if day < date.today():
        raise InputFault(f"--expires {text}: that day is past, and nothing would be accepted; write a later one")
    return day
