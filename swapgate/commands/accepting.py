"""The command `swapgate accept-loss`: a reviewer lets one candidate lose some cases."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.core.tables import rewrite
from swapgate.core.words import nearest, plain, toml_key, toml_string
from swapgate.goldens.golden import read_golden
from swapgate.outputs import check_expected
from swapgate.project.manifest import Accepted
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan
from swapgate.trials.running import Model

DIGITS = 16
"""Of a digest, as they stand in a models file."""


def add_accept_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("tier", metavar="SUITE.TIER", help="such as ner.small")
    parser.add_argument("cases", nargs="+", metavar="CASE", help="the cases that the candidate may lose")
    parser.add_argument("--reason", required=True, help="why, for whoever reads the models file")
    parser.add_argument(
        "--expires",
        metavar="DATE",
        help="the last day on which it counts, such as 2027-03-31; cases accepted before keep theirs",
    )
    parser.add_argument("--candidate", metavar="MODEL", help="as --swap names it; the row's own model unless said")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def accept_loss(root: Path, models_file: Path, asked: argparse.Namespace) -> str:
    """Write it into the models file; gives what to say. Raises Fault.

    Cases that were accepted of the same candidate before stay, with their reason and no longer than they were to.
    """
    import tomlkit

    swaps = [f"{asked.tier}={asked.candidate}"] if asked.candidate else []
    plan = make_plan(root, models_file, swaps, [], Path.cwd(), needs_sets=False)
    if not asked.reason.strip():
        raise InputFault("--reason is empty; write why the loss may be, for whoever reads the models file")
    suite, _, tier = asked.tier.rpartition(".")
    if (suite, tier) not in plan.models:
        known = [".".join(key) for key in plan.models]
        raise InputFault(f"{asked.tier}: {plan.shown(models_file)} has no such tier{nearest(asked.tier, known)}")
    model = plan.models[suite, tier]
    _check(model, asked.cases)
    if model.swapped:
        check_model(model)
    own = _own_answers(model)
    _check_loses(model, asked.cases, own)
    before = _still_accepted(model)
    accepted = _together(before, model.source.digest[:DIGITS], asked.cases, asked.reason.strip(), _day(asked.expires))

    def accept(document: Any) -> None:
        row = document[suite][tier]
        row["accepted"] = accepted.model_dump(exclude_none=True)
        if isinstance(row["accepted"], tomlkit.items.Table):
            row["accepted"].add(tomlkit.nl())  # before the next row

    rewrite(models_file, accept)
    until = f" until {accepted.expires}" if accepted.expires else ""
    failed = [case for case in accepted.cases if own.get(case) is False and case not in model.row.gaps]
    said = (
        f"{asked.tier}: {model.source.name} ({accepted.digest}) may lose {', '.join(accepted.cases)}{until}; commit"
        f" {plan.shown(models_file)}. Under --against it counts from the next change on, or in this one where the"
        f' commit\'s models file says exceptions = "in-change"'
    )
    return f"{plain(said)}\n{_as_gaps(model, failed, asked.reason.strip())}"


def _own_answers(model: Model) -> dict[str, bool]:
    """Return, of the cases that a golden of the model's own has, whether it is right there."""
    golden = read_golden(model.golden)
    entries = [(case, golden[case.id]) for case in model.cases.cases if case.id in golden]
    mine = [(case, entry.prediction) for case, entry in entries if entry.made_by.digest == model.source.digest]
    return {case.id: not check_expected(prediction, case.expected) for case, prediction in mine}


def _as_gaps(model: Model, failed: Sequence[str], reason: str) -> str:
    """Offer as known gaps the cases that a model fails by a golden of its own: as the incumbent it loses nothing."""
    if not failed:
        return ""
    words = (
        f"the golden is of {model.source.name} already; once it is the incumbent what it fails is a known gap, so add"
    )
    lines = "".join(f"{toml_key(case)} = {toml_string(reason)}\n" for case in failed)
    return f"{plain(words)}:\n\n[{model.suite}.{model.tier}.gaps]\n{lines}"


def _together(before: Accepted | None, digest: str, cases: Sequence[str], reason: str, until: date | None) -> Accepted:
    """Return what is accepted of a candidate now and was `before`; the day of a case that stays is not put off."""
    if before is None:
        return Accepted(digest=digest, cases=[*dict.fromkeys(cases)], reason=reason, expires=until)
    reasons = dict.fromkeys([*before.reason.split("; "), reason])
    if until is None or not {*before.cases} <= {*cases}:
        until = min((day for day in (until, before.expires) if day), default=None)
    together = [*dict.fromkeys([*before.cases, *cases])]
    return Accepted(digest=digest, cases=together, reason="; ".join(reasons), expires=until)


def _still_accepted(model: Model) -> Accepted | None:
    """Return what is accepted of this candidate, unless its last day is past. Raises InputFault for another's."""
    before = model.row.accepted
    if before is None or before.is_over(date.today()):
        return None
    if not model.source.digest.startswith(before.digest):
        raise InputFault(
            f"{model.suite}.{model.tier}: {', '.join(before.cases)} is accepted of another candidate,"
            f" {before.digest[:DIGITS]}, and {model.source.name} is {model.source.digest[:DIGITS]}; name that one with"
            " --candidate, or take `accepted` out of the row first"
        )
    return before


def _check_loses(model: Model, cases: Sequence[str], own: Mapping[str, bool]) -> None:
    """Raise InputFault where a row's own model is to lose cases that are right in its golden, or its known gaps."""
    if model.swapped:
        return
    gaps = [case for case in cases if own.get(case) is False and case in model.row.gaps]
    if gaps:
        raise InputFault(
            f"{model.suite}.{model.tier}: {gaps[0]!r} is a known gap of {model.source.name}, the row's own model, which"
            " loses nothing beside itself; name the model that does: --candidate MODEL; or where this change brings the"
            " gap and the model, take it out of `gaps`, accept it, and list it again"
        )
    right = [case for case in cases if own.get(case)]
    if right:
        raise InputFault(
            f"{model.suite}.{model.tier}: {right[0]!r} is right in the golden of {model.source.name}, the row's own"
            " model, which does not lose it; name the model that does: --candidate MODEL"
        )


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
        raise InputFault(f"--expires {text}: that day is past; write one from {date.today()} on")
    return day
