"""What a run notes beside its tests: what was accepted, what is missing, what is alike, what waits for a review."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from swapgate.core.faults import Fault
from swapgate.goldens.pending import count
from swapgate.goldens.provenance import told_apart
from swapgate.inputs.given import digest
from swapgate.plugin.caller import narrowed
from swapgate.plugin.gathered import Run
from swapgate.plugin.missing import missing, test_file
from swapgate.plugin.uncollected import may_mean, missed_tiers
from swapgate.tasks import tasks
from swapgate.trials.cache import Cache, recalled_words
from swapgate.trials.checking import answers_alike, exchanged_labels, is_same_model
from swapgate.trials.plan import Key
from swapgate.verdicts.verdict import Record, Selected, Verdict


def note_accepted(run: Run) -> None:
    """Say first which losses are accepted of the candidates that were judged, and which anchors a change moved."""
    found, keys = [], {selected.key for selected in run.selected.values()}
    for key in keys & {*run.plan.anchors}:
        *_, move = run.plan.anchors[key].history
        then, now = told_apart(*zip(move.models, move.digests, strict=True))
        found.append(f"accepted: {'/'.join(key)} has another anchor, {then} before and {now} now: {move.reason}")
    for key in keys & {*run.plan.incumbents}:
        model = run.plan.models[key]
        accepted = model.row.accepted
        critical = {case.id for case in model.cases.cases if case.critical}
        with suppress(Fault):  # its tests have said so
            cases = [case for case in accepted.cases if case not in critical] if accepted else []
            if accepted and cases and accepted.counts(model.source.digest, date.today()):
                until = f", until {accepted.expires}" if accepted.expires else ""
                may = f"accepted: {model.name} may lose {', '.join(cases)} ({model.source.name})"
                found.append(f"{may}: {accepted.reason}{until}")
    run.plan.notes[:0] = sorted(found)


def note_recalled(run: Run, verdicts: Sequence[Verdict], cache: Cache | None) -> None:
    """Say how many rows were not asked for, and why none are kept."""
    found = {(verdict.suite, verdict.tier): verdict.figures.get("quality") or {} for verdict in verdicts}
    told = {
        (key[0], model): f"{model} {count:,} of {quality['rows']:,} rows"
        for key, quality in found.items()
        for model, count in quality.get("recalled", {}).items()
    }
    if told:
        run.plan.notes.append(recalled_words([*told.values()]))
    run.plan.notes.extend(dict.fromkeys([*(cache.notes if cache else ()), *run.of_workers]))


def note_waiting(run: Run) -> None:
    """Return how much of what was judged waits for a review."""
    try:
        keys = {selected.key for selected in run.selected.values()}
        cases = {key: {case.id for case in run.plan.models[key].cases.cases} for key in keys}
        waits = count(run.plan.root, run.plan.manifest.name, cases)
    except Fault as fault:
        run.plan.notes.append(str(fault))
    else:
        if waits:
            run.plan.notes.append(f"{waits} to be reviewed against the goldens: swapgate review")


def note_not_collected(run: Run, option: Any) -> None:
    """Note what the tests of suite files came to that could not be imported or were skipped as a whole."""
    for file, (outcome, reason) in run.not_collected.items():
        for suite, tier in missed_tiers(run.plan, run.plan.root / file, option.keyword, option.markexpr):
            words = "could not be imported" if outcome == "error" else "was skipped as a whole"
            next_step = "mend it" if outcome == "error" else "skip in a fixture, or select without this file"
            message = f"{suite}/{tier}: {file} {words} ({reason}), so none of its tests ran; {next_step}"
            run.records.append((f"{file}[{suite}-{tier}]", Record(Selected(suite, tier, "suite"), outcome, message)))


def note_without_tests(run: Run, config: pytest.Config) -> None:
    """Where nobody narrowed what is judged, note the tiers that no test judges any more."""
    plan = run.plan
    if narrowed(config):
        return
    tested = {selected.key for selected in run.selected.values()}
    tested |= {record.selected.key for _, record in run.records}  # of files not collected
    for suite, tier in plan.models:
        if (suite, tier) not in tested and (plan.changed is None or suite in plan.changed):
            mark = f'suite("{suite}")' if suite not in tasks() else f'task("{suite}")'
            message = (
                f"{suite}/{tier}: no test judges it; restore or write its test file, for example {test_file(suite)}"
                f" with the checks of swapgate.standard and pytestmark = pytest.mark.{mark}"
            )
            if config.option.keyword or config.option.markexpr:
                message += "; or take -k and -m out of pytest's configuration, which left it out"
            record = Record(Selected(suite, tier, "suite"), "incomplete", message)
            run.records.append((f"{suite}/{tier}", record))


def note_unmeasured(run: Run) -> None:
    """Say of suites with an evaluation set that nothing measures it; under --against that is missing."""
    for suite in sorted(run.unmeasured) if run.plan.against is None else ():
        path = run.plan.shown(run.plan.evaluations[suite].path)
        run.plan.notes.append(
            f"{suite}: no test measures its evaluation set, {path}; write into a test file of it, for example"
            f" {test_file(suite)}: from swapgate.standard import test_quality"
        )


def note_alike_models(run: Run) -> None:
    """Say of a candidate that answers all as its incumbent does, and fails where it also loads as that."""
    for (suite, tier), incumbent in run.plan.incumbents.items():
        model = run.plan.models[suite, tier]
        mine = [record for _, record in run.records if record.selected.key == (suite, tier)]
        sames = [record.same for record in mine if record.same is not None]
        red = any(record.outcome in ("failed", "error") for record in mine)  # then it is told already
        if red or not sames or not all(sames):
            continue
        if model.source.remote or incumbent.source.remote:  # to move to another server is a swap that is alike
            run.plan.notes.append(
                f"{model.name}: nothing that was measured differs between {incumbent.source.name} and"
                f" {model.source.name}"
            )
            continue
        with suppress(Fault):  # its tests have said so
            words = f"{model.name}: none of its answers differs from {incumbent.source.name}'s, to the last digit"
            if is_same_model(model):
                message = (
                    f"{model.name}: this swap did not take place: {model.source.name} loads as the very tensors and"
                    f" settings of {incumbent.source.name}, and says the same; name the model you meant"
                )
                record = Record(Selected(suite, tier, "suite"), "failed", message)
                run.records.append((f"{suite}/{tier}", record))
            elif answers_alike(model, incumbent):
                run.plan.notes.append(f"{words}; see whether it is the model that you meant")


def note_exchanged(run: Run, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Say of a candidate that it calls the classes of its incumbent by each other's names: where it is a FAIL, first
    of all reasons, for that is what they come from.
    """
    found = []
    for verdict in verdicts:
        words, key = "", (verdict.suite, verdict.tier)
        with suppress(Fault):  # its tests have said so
            words = exchanged_labels(run.plan.models[key]) if key in run.plan.incumbents else ""
        if words and verdict.status == "FAIL":
            verdict = replace(verdict, reasons=[("FAIL", words), *verdict.reasons])
        elif words:
            run.plan.notes.append(words)
        found.append(verdict)
    return found


def note_pads(run: Run) -> None:
    """Say of a candidate that it pads on the left and its incumbent does not: no text is judged beside pads then."""
    for key, incumbent in run.plan.incumbents.items():
        model = run.plan.models[key]
        with suppress(Fault):  # its tests have said so
            if model.source.pads_left and not incumbent.source.pads_left:
                run.plan.notes.append(
                    f"{model.name}: the tokenizer of {model.source.name} pads on the left, that of"
                    f" {incumbent.source.name} does not; texts are read one by one here, and what it says of them in a"
                    " padded batch is not judged"
                )


def note_fingerprints(run: Run) -> None:
    """Note by which answers a server is known again, where no weights are there to digest."""
    for (suite, tier), model in run.plan.models.items():
        mine = [record for _, record in run.records if record.selected.key == (suite, tier) and record.said]
        if said := {str(record.selected.case): record.said for record in mine}:
            whole = digest(sorted(said.items()))
            run.plan.notes.append(
                f"{model.name}: {model.source.name} answered {len(said)} cases, and these answers have the"
                f" fingerprint {whole}"
            )


def note_missing(run: Run, config: pytest.Config) -> set[Key]:
    """Note the checks that a tier must have and of which no test was selected. Gives the tiers that were wanted."""
    if run.missing is None:  # no worker of pytest-xdist came as far as that
        run.missing = missing(run.plan, config, {}, ())
    told = {one.key for _, record in run.records if (one := record.selected).check == "suite"}
    for one, words in run.missing.words(run.plan, told):
        run.records.append((f"missing {one}", Record(one, "incomplete", words)))
    return run.missing.wanted


def note_alike(run: Run, keywords: str) -> None:
    """Say where -k took or left suites that were not meant, for a name of theirs or of their file holds a word."""
    suites = run.plan.manifest.tasks
    words = {word for word in re.findall(r"[\w-]+", keywords.lower()) if word in suites}
    taken = {selected.suite for selected in run.selected.values()}
    meant = {suite for suite in suites if may_mean(keywords, suite, suites)}
    left = {suite for suite in meant - taken if any(word in suite and word != suite for word in words)}
    for verb, others in (("takes", taken - meant), ("leaves out", left)):
        if words and others:
            named = f"'{keywords}'" if " " in keywords else keywords
            run.plan.notes.append(
                f"-k {named} also {verb} {', '.join(sorted(others))}, for a name of theirs holds it; marks are"
                f" exact: -m {named}"
            )
