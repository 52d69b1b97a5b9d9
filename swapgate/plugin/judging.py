"""The end of a run: notes, verdicts, exit status, and the reports of them."""

import shlex
from contextlib import suppress
from dataclasses import replace

import pytest
from _pytest.junitxml import xml_key

from swapgate.core.faults import Fault
from swapgate.core.words import plain
from swapgate.goldens.golden import loosened, read_golden, stale
from swapgate.goldens.snapshots import GoldenExtension
from swapgate.plugin import noting
from swapgate.plugin.caller import asked
from swapgate.plugin.checks import not_accepted, not_recorded, record_command
from swapgate.plugin.fixtures import CACHE
from swapgate.plugin.gathered import Run, gather_from_workers, note_not_written, remember_rows
from swapgate.project.configuration import DEFAULT_MODELS
from swapgate.trials.plan import AHEAD, Key
from swapgate.trials.running import Model
from swapgate.verdicts.facts import Report, report
from swapgate.verdicts.lapses import Rule
from swapgate.verdicts.page import page
from swapgate.verdicts.verdict import EXIT_NOT_PASSED, exit_status, judge
from swapgate.verdicts.writing import tier_report, write_reports


def judged(run: Run, session: pytest.Session, exitstatus: int) -> tuple[Report, list[str]]:
    """Judge, write the reports, and set the exit status.

    Gives the facts, and a line for each report that could not be written; then the exit status is not 0.
    """
    gather_from_workers(run)
    remember_rows(run)
    note_not_written(run, GoldenExtension.not_written)
    GoldenExtension.not_written.clear()
    option, directory = session.config.option, session.config.invocation_params.dir
    noting.note_not_collected(run, option)
    noting.note_without_tests(run, session.config)
    noting.note_unmeasured(run)
    wanted = noting.note_missing(run, session.config)
    noting.note_alike(run, option.keyword)
    run.others_failed |= exitstatus == pytest.ExitCode.OK != session.exitstatus  # another plugin's doing
    noting.note_alike_models(run)
    noting.note_pads(run)
    noting.note_fingerprints(run)
    doubts = {key: words for key, words in run.plan.doubts.items() if key in wanted}
    tiers = {**run.plan.models, **run.plan.removed}
    noting.note_accepted(run)
    swaps = dict(swap.split("=", 1) for swap in option.swap)
    rules = {
        key: _rule(run, model, swaps.get(".".join(key), "")) for key, model in run.plan.models.items() if model.swapped
    }
    stale, looser = _stale(run), _loosened(run)
    verdicts = judge(run.selected, run.records, tiers, run.plan.incumbents, {**looser, **stale}, doubts, rules)
    verdicts = noting.note_exchanged(run, verdicts)
    noting.note_recalled(run, verdicts, session.config.stash[CACHE])
    for verdict in verdicts:  # beside a FAIL it is no reason, and says why the golden's tolerance held
        words = looser.get((verdict.suite, verdict.tier))
        if words and words not in [message for _, message in verdict.reasons]:
            run.plan.notes.append(words)
    if run.plan.changed == frozenset() and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
    if verdicts and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        tolerant = asked(session.config).allow_incomplete if run.plan.against else option.allow_incomplete
        session.exitstatus = exit_status(verdicts, run.others_failed, bool(tolerant))
    if run.lost and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = EXIT_NOT_PASSED
    json_path, markdown_path, html_path = (
        path and directory / path.expanduser() for path in (option.verdict_json, option.verdict_md, option.verdict_html)
    )
    noting.note_waiting(run)
    run.plan.notes.extend(run.seen.faults)
    junit = session.config.stash.get(xml_key, None)
    facts = report(verdicts, run.plan, int(session.exitstatus))
    unshown = _unshown(run, facts)
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        red = [tier_report(name, plain(words[0])) for name, words in unshown.items() if words]
        reporter.stats.setdefault("failed", []).extend(red)
    facts, not_written = write_reports(
        facts, json_path, markdown_path, html_path, junit, unshown, lambda facts: page(facts, run.records, run.seen)
    )
    session.exitstatus = facts.exit_status
    return facts, not_written


def _rule(run: Run, model: Model, asked: str) -> Rule:
    """Return what a candidate may lose of its cases; `asked` is how --swap names it, or empty."""
    cases, budget, key = len(model.cases.cases), model.row.budget.cases, (model.suite, model.tier)
    limits = (budget.lost_at_most, budget.weaker_at_most, budget.net) if budget else ()
    gaps = f"[{'.'.join(key)}.gaps] in {run.plan.shown(run.plan.manifest.path)}"
    listed = run.plan.proposed[key].row.gaps if key in run.plan.proposed else ()
    return replace(
        Rule(cases, cases - len(model.row.gaps), *limits),
        clear_lead=model.row.clear_lead,
        evaluation_set=model.suite in run.plan.evaluations,
        accept=(f"swapgate accept-loss {'.'.join(key)}", _accepting(run, asked)),
        ahead=AHEAD if run.plan.against else "",
        counts_once=run.plan.counts_once,
        gaps=gaps,
        listed=listed,
    )


def _accepting(run: Run, asked: str) -> str:
    """Return the options that name a candidate and the models file to `swapgate accept-loss`."""
    models_file = run.plan.manifest.option
    options = {"--candidate": asked, "--models": "" if models_file == DEFAULT_MODELS else models_file}
    return "".join(f" {name} {shlex.quote(value)}" for name, value in options.items() if value)


def _unshown(run: Run, facts: Report) -> dict[str, list[str]]:
    """Return why tiers are a FAIL, beside what red tests show: where cases were counted, or no test is red."""
    mine = [record for test, record in run.records if test in run.selected]
    red = {(record.selected.key, record.message) for record in mine if record.outcome == "failed"}
    counted = {record.selected.key for record in mine if record.outcome == "counted"}
    found = {}
    for tier in facts.tiers:
        key = tier.suite, tier.tier
        words = [one.message for one in tier.reasons if one.status == "FAIL" and (key, one.message) not in red]
        if key in counted or (words and key not in {of for of, _ in red}):
            found[tier.name] = words
    return found


def _tiers(run: Run) -> dict[Key, Model]:
    """Return the tiers that were selected or are swapped."""
    keys = {selected.key for selected in run.selected.values()} | {*run.plan.incumbents}
    return {key: run.plan.models[key] for key in keys}


def _loosened(run: Run) -> dict[Key, str]:
    """Word, for each tier, that its golden was accepted with a tighter tolerance."""
    found = {}
    for key, model in _tiers(run).items():
        with suppress(Fault):  # its tests have said so
            if looser := loosened(model.golden, model.row.tolerance):
                found[key] = not_accepted(model, looser)
    return found


def _stale(run: Run) -> dict[Key, str]:
    """Word, for each tier, that its golden is not its incumbent's."""
    found = {}
    for key, model in _tiers(run).items():
        with suppress(Fault):  # its tests have said so
            if made_by := stale(model.golden, model.suite, model.incumbent):
                found[key] = not_recorded(model, made_by)
    for key, proposed in run.plan.proposed.items():
        found |= _without_own_golden(run, key, proposed)
    return found


def _without_own_golden(run: Run, key: tuple[str, str], proposed: Model) -> dict[tuple[str, str], str]:
    """Word that a change swaps a model without its goldens."""
    golden = read_golden(proposed.golden)
    try:
        mine = {case for case, entry in golden.items() if entry.made_by.digest == proposed.source.digest}
    except Fault:
        return {}  # its tests have said so
    if mine == golden.keys() == {case.id for case in proposed.cases.cases}:
        return {}
    return {
        key: f"{proposed.name}: the swap is judged, but the goldens in this change are not those of"
        f" {proposed.source.name}; record them: {record_command(proposed)}"
    }
