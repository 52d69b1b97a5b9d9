"""The plugin's part from the first test to the last line: what was selected, what came of it, verdicts, exit status."""

import json
import os
import re
import shlex
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pytest
from _pytest.junitxml import LogXML, xml_key

from swapgate.core.faults import Fault
from swapgate.core.files import write_whole
from swapgate.core.words import plain
from swapgate.goldens.anchors import read_rows, remember, text_of
from swapgate.goldens.golden import loosened, read_golden, stale
from swapgate.goldens.pending import count, write_pending
from swapgate.goldens.provenance import told_apart
from swapgate.goldens.snapshots import GoldenExtension
from swapgate.inputs.given import digest
from swapgate.plugin.caller import CALL, asked, call_of, narrowed
from swapgate.plugin.checks import Golden, not_accepted, not_recorded, record_command, remember_command
from swapgate.plugin.collecting import NEEDS, SELECTED
from swapgate.plugin.fixtures import CACHE, CHECKS
from swapgate.plugin.measures import Cost, Quality
from swapgate.plugin.missing import Missing, missing, test_file
from swapgate.plugin.outcomes import after_reruns, found_of, is_new_try, lapse_of, outcome_of, show
from swapgate.plugin.seen import seen
from swapgate.plugin.uncollected import may_mean, missed_tiers
from swapgate.project.configuration import DEFAULT_MODELS
from swapgate.tasks import tasks
from swapgate.trials.cache import Cache, recalled_words
from swapgate.trials.checking import answers_alike, exchanged_labels, is_same_model
from swapgate.trials.plan import AHEAD, Key, Plan
from swapgate.trials.pool import Pool
from swapgate.trials.running import Model
from swapgate.verdicts.facts import Report, report
from swapgate.verdicts.items import Seen
from swapgate.verdicts.lapses import Rule
from swapgate.verdicts.page import page
from swapgate.verdicts.terminal import WIDEST, verdict_text
from swapgate.verdicts.verdict import EXIT_NOT_PASSED, Outcome, Record, Selected, Verdict, exit_status, judge
from swapgate.verdicts.writing import tier_report, write_reports

PROPERTY = "swapgate.record"
"""Name of the user property that carries a record, through pytest-xdist and into JUnit."""
NOT_WRITTEN = "swapgate.not_written"
NOTES = "swapgate.notes"
SEEN = "swapgate_seen"
"""Name of what a report carries for a page."""
LEDGERS = "swapgate.ledgers"
CHECKED_OUT = "swapgate.checkout"
CHECKOUT = pytest.StashKey[str]()
"""Where the files of the commit are that judges."""


class Ledger:
    """Hooks of a project with a models file."""

    def __init__(self, plan: Plan, collected: Mapping[Selected, list[pytest.Item]]) -> None:
        self.plan = plan
        self.collected = collected
        self.missing: Missing | None = None
        """Of a change: what is missing; None where no process has collected anything."""
        self.unmeasured: set[str] = set()
        """Suites with an evaluation set that none of their tests measures."""
        self.pool = Pool()
        self.selected: dict[str, Selected] = {}
        self.records: list[tuple[str, Record]] = []
        self.others_failed = False
        self.ledgers: tempfile.TemporaryDirectory[str] | None = None
        """Where pytest-xdist's workers write what they selected: the controller itself collects nothing."""
        self.died: list[str] = []
        """The tests in which a worker died."""
        self.lost = 0
        """How many workers died."""
        self.not_collected: dict[str, tuple[Outcome, str]] = {}
        """From a file of which nothing could be collected to what that makes of its tests, and why."""
        self.told: dict[tuple[Key, str], str] = {}
        """From tier and message of an ERROR, or of what its model is refused for, to the test that shows it."""
        self.of_workers: list[str] = []
        """What workers have noted of the cache of rows."""
        self.seen = Seen()
        """What a page shows besides the verdicts, where one is asked for."""
        self.told_seen: set[str] = set()
        self.report: Report | None = None
        self.not_reported: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down everything that was selected, before any of it runs."""
        if not _runs(session.config.option):
            return
        for item in session.items:
            if SELECTED in item.stash:
                self.selected[item.nodeid] = item.stash[SELECTED]
                self.pool.expect(item.stash[NEEDS])
        self.missing = missing(self.plan, session.config, self.collected, self.selected.values())
        measured = {one.suite for one in self.collected if one.check == "quality"}
        if not narrowed(session.config):
            self.unmeasured = ({one.suite for one in self.collected} & {*self.plan.evaluations}) - measured
        worker = getattr(session.config, "workerinput", None)
        GoldenExtension.left_in = Path(worker[LEDGERS]) if worker is not None else None
        if worker is not None:
            selected = {test: asdict(one) for test, one in self.selected.items()}
            unmeasured = sorted(self.unmeasured)
            ledger = {"selected": selected, "missing": self.missing.to_json(), "unmeasured": unmeasured}
            write_whole(Path(worker[LEDGERS]) / f"{worker['workerid']}.json", json.dumps(ledger))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Let go of models that no later test needs."""
        try:
            return (yield)
        finally:
            self.pool.done(item.stash.get(NEEDS, list[Model]()))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add a record to the report of a suite test; a fault is shown as its message alone."""
        report = yield
        if SELECTED not in item.stash:
            return report
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, Fault):
            report.longrepr = self.plan.worded(str(error))
        if is_new_try(item):
            for properties in (item.user_properties, report.user_properties):
                properties[:] = [(name, value) for name, value in properties if name != PROPERTY]
        if report.when == "call" or not report.passed:
            outcome, message = outcome_of(report, error, item, self.plan.shown(self.plan.manifest.path))
            message = plain(self.plan.worded(message))
            outcome, message = after_reruns(outcome, message, item)
            show(report, error, outcome, message, item)
            checks = item.stash.get(CHECKS, [])
            judged = [check for check in checks if isinstance(check, Cost | Quality)]
            figures = {check.name: asdict(check.figure) for check in judged if check.figure}
            ties = [tie for check in checks if isinstance(check, Golden) for tie in check.ties]
            partly = [check.partly for check in checks if isinstance(check, Golden) and check.partly]
            sames = [check.same for check in checks if isinstance(check, Golden | Quality) and check.same is not None]
            same = all(sames) if sames else None
            lapse = lapse_of(item) if outcome in ("counted", "failed") else None
            found = plain(self.plan.worded(found_of(item))) if lapse else ""
            remarks = [
                plain(self.plan.worded(one)) for check in judged if isinstance(check, Quality) for one in check.remarks
            ]
            said = next((check.said for check in checks if isinstance(check, Golden)), "")
            record = Record(
                item.stash[SELECTED], outcome, message, figures, ties, partly, lapse, found, same, remarks, said
            )
            item.user_properties.append((PROPERTY, json.dumps(asdict(record))))
            report.user_properties.append(item.user_properties[-1])
            if item.config.option.verdict_html is not None:  # beside the properties, which are for JUnit too
                setattr(report, SEEN, json.dumps(seen(checks, self.told_seen, self.plan.evaluations)))
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that something could not be collected, or was skipped as a whole."""
        self.others_failed |= report.failed
        if not report.passed:
            words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = words.strip().splitlines()[-1].removeprefix("Skipped: ").removeprefix("E").strip()
            self.not_collected[report.nodeid.partition("::")[0]] = "error" if report.failed else "incomplete", reason

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show an ERROR of a tier, and what its model is refused for before a test, once, and not with each of its
        tests, which only count as untested.
        """
        records = _records(report) if report.failed else []
        alike = [record for record in records if record.outcome == "error" or report.when == "setup"]
        tests = [self.told.setdefault((one.selected.key, one.message), report.nodeid) for one in alike]
        return ("untested", "u", "UNTESTED") if tests and report.nodeid not in tests else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the records, of this process or of pytest-xdist's workers."""
        records = _records(report)
        if getattr(report, "rerun", 0) and report.when == "setup":  # an ERROR of the try before does not count
            self.records = [
                (test, record) for test, record in self.records if test != report.nodeid or record.outcome != "error"
            ]
        self.records += [(report.nodeid, record) for record in records]
        if records and (found := getattr(report, SEEN, None)):
            self.seen.add(records[-1], json.loads(found))
        if str(report.when) == "???":  # as pytest-xdist reports a test in which its worker died
            self.died.append(report.nodeid)
        else:
            self.others_failed |= report.failed and not records

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to write what it selects: what it has in memory dies with it."""
        if self.ledgers is None:
            self.ledgers = tempfile.TemporaryDirectory(prefix="swapgate-")
        node.workerinput[LEDGERS] = self.ledgers.name
        node.workerinput[CALL] = call_of(node.config)
        node.workerinput[CHECKED_OUT] = node.config.stash.get(CHECKOUT, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker of pytest-xdist could not write."""
        self.lost += error is not None and error != "keyboard-interrupt"
        self._note_not_written(getattr(node, "workeroutput", {}).get(NOT_WRITTEN, {}))
        self.of_workers += getattr(node, "workeroutput", {}).get(NOTES, [])

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Judge, and set the exit status where pytest itself has nothing worse to say."""
        try:
            yield
        except OSError as error:
            if LogXML.pytest_sessionfinish.__code__ not in {frame.f_code for frame, _ in walk_tb(error.__traceback__)}:
                raise  # what pytest cannot write for JUnit is told below
        if not session.config.option.collectonly:
            trouble = (
                "" if self.plan.against else write_pending(self.plan.root, self.plan.manifest.name, self.plan.pending)
            )
            self.plan.notes.extend([trouble] if trouble else [])
        output, worker = (getattr(session.config, name, None) for name in ("workeroutput", "workerinput"))
        if output is not None and worker is not None:
            output[NOTES] = cache.notes if (cache := session.config.stash[CACHE]) else []
            output[NOT_WRITTEN] = dict(GoldenExtension.not_written) | self._leave_rows(worker)
        elif _runs(session.config.option):
            self._judge(session, exitstatus)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """End the run with the verdict table, below pytest's own summaries; a wrong call has none."""
        try:
            yield
        finally:  # also where another plugin raises, as pytest-benchmark does for --benchmark-compare-fail
            self._show(terminalreporter)

    def _show(self, terminalreporter: pytest.TerminalReporter) -> None:
        wrong_call = self.report and self.report.exit_status == pytest.ExitCode.USAGE_ERROR and not self.records
        if self.report and not wrong_call and (self.report.tiers or self.plan.changed is not None):
            terminalreporter.section("verdict")
            terminalreporter.write(verdict_text(self.report, terminalreporter.hasmarkup, _width(terminalreporter)))
        for line in self.not_reported:
            terminalreporter.write_line(line, red=True)

    def _judge(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge and write the reports; what cannot be written is told, and never a 0."""
        self._gather_from_workers()
        self._remember()
        self._note_not_written(GoldenExtension.not_written)
        GoldenExtension.not_written.clear()
        option, directory = session.config.option, session.config.invocation_params.dir
        self._note_not_collected(option)
        self._note_without_tests(session.config)
        self._note_unmeasured()
        wanted = self._note_missing(session.config)
        self._note_alike(option.keyword)
        self.others_failed |= exitstatus == pytest.ExitCode.OK != session.exitstatus  # another plugin's doing
        self._note_alike_models()
        self._note_fingerprints()
        doubts = {key: words for key, words in self.plan.doubts.items() if key in wanted}
        tiers = {**self.plan.models, **self.plan.removed}
        self._note_accepted()
        swaps = dict(swap.split("=", 1) for swap in option.swap)
        rules = {
            key: self._rule(model, swaps.get(".".join(key), ""))
            for key, model in self.plan.models.items()
            if model.swapped
        }
        stale, looser = self._stale(), self._loosened()
        verdicts = judge(self.selected, self.records, tiers, self.plan.incumbents, {**looser, **stale}, doubts, rules)
        self._note_recalled(verdicts, session.config.stash[CACHE])
        for verdict in verdicts:  # beside a FAIL it is no reason, and says why the golden's tolerance held
            words = looser.get((verdict.suite, verdict.tier))
            if words and words not in [message for _, message in verdict.reasons]:
                self.plan.notes.append(words)
        if self.plan.changed == frozenset() and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK
        if verdicts and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            tolerant = asked(session.config).allow_incomplete if self.plan.against else option.allow_incomplete
            session.exitstatus = exit_status(verdicts, self.others_failed, bool(tolerant))
        if self.lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = EXIT_NOT_PASSED
        json_path, markdown_path, html_path = (
            path and directory / path.expanduser()
            for path in (option.verdict_json, option.verdict_md, option.verdict_html)
        )
        self._note_waiting()
        junit = session.config.stash.get(xml_key, None)
        facts = report(verdicts, self.plan, int(session.exitstatus))
        unshown = self._unshown(facts)
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            red = [tier_report(name, plain(words[0])) for name, words in unshown.items() if words]
            reporter.stats.setdefault("failed", []).extend(red)
        self.report, self.not_reported = write_reports(
            facts,
            json_path,
            markdown_path,
            html_path,
            junit,
            unshown,
            lambda facts: page(facts, self.records, self.seen),
        )
        session.exitstatus = self.report.exit_status

    def _note_recalled(self, verdicts: Sequence[Verdict], cache: Cache | None) -> None:
        """Say how many rows were not asked for, and why none are kept."""
        found = {(verdict.suite, verdict.tier): verdict.figures.get("quality") or {} for verdict in verdicts}
        told = {
            (key[0], model): f"{model} {count:,} of {quality['rows']:,} rows"
            for key, quality in found.items()
            for model, count in quality.get("recalled", {}).items()
        }
        if told:
            self.plan.notes.append(recalled_words([*told.values()]))
        self.plan.notes.extend(dict.fromkeys([*(cache.notes if cache else ()), *self.of_workers]))

    def _note_accepted(self) -> None:
        """Say first which losses are accepted of the candidates that were judged, and which anchors a change moved."""
        found, keys = [], {selected.key for selected in self.selected.values()}
        for key in keys & {*self.plan.anchors}:
            *_, move = self.plan.anchors[key].history
            then, now = told_apart(*zip(move.models, move.digests, strict=True))
            found.append(f"accepted: {'/'.join(key)} has another anchor, {then} before and {now} now: {move.reason}")
        for key in keys & {*self.plan.incumbents}:
            model = self.plan.models[key]
            accepted = model.row.accepted
            critical = {case.id for case in model.cases.cases if case.critical}
            with suppress(Fault):  # its tests have said so
                cases = [case for case in accepted.cases if case not in critical] if accepted else []
                if accepted and cases and accepted.counts(model.source.digest, date.today()):
                    until = f", until {accepted.expires}" if accepted.expires else ""
                    may = f"accepted: {model.name} may lose {', '.join(cases)} ({model.source.name})"
                    found.append(f"{may}: {accepted.reason}{until}")
        self.plan.notes[:0] = sorted(found)

    def _rule(self, model: Model, asked: str) -> Rule:
        """Return what a candidate may lose of its cases; `asked` is how --swap names it, or empty."""
        cases, budget, key = len(model.cases.cases), model.row.budget.cases, (model.suite, model.tier)
        limits = (budget.lost_at_most, budget.weaker_at_most, budget.net) if budget else ()
        gaps = f"[{'.'.join(key)}.gaps] in {self.plan.shown(self.plan.manifest.path)}"
        listed = self.plan.proposed[key].row.gaps if key in self.plan.proposed else ()
        return replace(
            Rule(cases, cases - len(model.row.gaps), *limits),
            clear_lead=model.row.clear_lead,
            evaluation_set=model.suite in self.plan.evaluations,
            accept=(f"swapgate accept-loss {'.'.join(key)}", self._accepting(asked)),
            ahead=AHEAD if self.plan.against else "",
            counts_once=self.plan.counts_once,
            gaps=gaps,
            listed=listed,
        )

    def _accepting(self, asked: str) -> str:
        """Return the options that name a candidate and the models file to `swapgate accept-loss`."""
        models_file = self.plan.manifest.option
        options = {"--candidate": asked, "--models": "" if models_file == DEFAULT_MODELS else models_file}
        return "".join(f" {name} {shlex.quote(value)}" for name, value in options.items() if value)

    def _unshown(self, facts: Report) -> dict[str, list[str]]:
        """Return why tiers are a FAIL, beside what red tests show: where cases were counted, or no test is red."""
        mine = [record for test, record in self.records if test in self.selected]
        red = {(record.selected.key, record.message) for record in mine if record.outcome == "failed"}
        counted = {record.selected.key for record in mine if record.outcome == "counted"}
        found = {}
        for tier in facts.tiers:
            key = tier.suite, tier.tier
            words = [one.message for one in tier.reasons if one.status == "FAIL" and (key, one.message) not in red]
            if key in counted or (words and key not in {of for of, _ in red}):
                found[tier.name] = words
        return found

    def _note_waiting(self) -> None:
        """Return how much of what was judged waits for a review."""
        try:
            keys = {selected.key for selected in self.selected.values()}
            cases = {key: {case.id for case in self.plan.models[key].cases.cases} for key in keys}
            waits = count(self.plan.root, self.plan.manifest.name, cases)
        except Fault as fault:
            self.plan.notes.append(str(fault))
        else:
            if waits:
                self.plan.notes.append(f"{waits} to be reviewed against the goldens: swapgate review")

    def _gather_from_workers(self) -> None:
        """Read what pytest-xdist's workers selected and write their goldens; where one died the test is an ERROR."""
        if self.ledgers is not None:
            for path in sorted(Path(self.ledgers.name).glob("*.json")):
                ledger = json.loads(path.read_text(encoding="utf-8"))
                self.selected.update({test: Selected(**fields) for test, fields in ledger["selected"].items()})
                self.unmeasured |= {*ledger["unmeasured"]}
                self.missing = self.missing or Missing()
                self.missing.update(Missing.from_json(ledger["missing"]))
            GoldenExtension.write_left(Path(self.ledgers.name))
            for key in self.plan.models:
                if found := read_rows(self._left(self.ledgers.name, key)):
                    self.plan.rows[key] = found
            self.ledgers.cleanup()
        for test in self.died:
            if test in self.selected:
                message = f"{self.selected[test]}: the process that ran it died; run it alone: pytest '{test}'"
                self.records.append((test, Record(self.selected[test], "error", message)))
            else:
                self.others_failed = True
        if self.lost > len(self.died):
            self.plan.notes.append(
                "a process of pytest-xdist died outside of a test, maybe with goldens still to be written;"
                " run again without -n"
            )

    @staticmethod
    def _left(folder: str, key: Key) -> Path:
        """Return where a worker of pytest-xdist leaves the rows of a tier."""
        suite, tier = key
        return Path(folder) / suite / f"{tier}.jsonl"

    def _leave_rows(self, worker: Mapping[str, Any]) -> dict[str, str]:
        """Let the controller remember the rows that this worker has counted; gives what could not be written."""
        faults = {}
        for key, found in self.plan.rows.items():
            try:
                write_whole(self._left(worker[LEDGERS], key), text_of(found))
            except OSError as error:
                faults[str(self.plan.models[key].golden)] = str(error)
        return faults

    def _remember(self) -> None:
        """Remember rows of evaluation sets, once the goldens are written: only a golden's own model is accepted."""
        for key, found in self.plan.rows.items():
            model = self.plan.models[key]
            try:
                if not remember(model.golden, found):
                    words = (
                        f"{model.name}: its rows of the evaluation set were not remembered, for the golden is not of"
                        f" {found.made_by.model}; record both with: {remember_command(model)}"
                    )
                    record = Record(Selected(*key, "quality"), "incomplete", words)
                    self.records.append((f"rows of {model.name}", record))
            except (OSError, Fault) as error:
                self._note_not_written({str(model.golden): str(error)})

    def _note_not_collected(self, option: Any) -> None:
        """Note what the tests of suite files came to that could not be imported or were skipped as a whole."""
        for file, (outcome, reason) in self.not_collected.items():
            for suite, tier in missed_tiers(self.plan, self.plan.root / file, option.keyword, option.markexpr):
                words = "could not be imported" if outcome == "error" else "was skipped as a whole"
                next_step = "mend it" if outcome == "error" else "skip in a fixture, or select without this file"
                message = f"{suite}/{tier}: {file} {words} ({reason}), so none of its tests ran; {next_step}"
                self.records.append(
                    (f"{file}[{suite}-{tier}]", Record(Selected(suite, tier, "suite"), outcome, message))
                )

    def _note_without_tests(self, config: pytest.Config) -> None:
        """Where nobody narrowed what is judged, note the tiers that no test judges any more."""
        plan = self.plan
        if narrowed(config):
            return
        tested = {selected.key for selected in self.selected.values()}
        tested |= {record.selected.key for _, record in self.records}  # of files not collected
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
                self.records.append((f"{suite}/{tier}", record))

    def _note_unmeasured(self) -> None:
        """Say of suites with an evaluation set that nothing measures it; under --against that is missing."""
        for suite in sorted(self.unmeasured) if self.plan.against is None else ():
            path = self.plan.shown(self.plan.evaluations[suite].path)
            self.plan.notes.append(
                f"{suite}: no test measures its evaluation set, {path}; write into a test file of it, for example"
                f" {test_file(suite)}: from swapgate.standard import test_quality"
            )

    def _note_alike_models(self) -> None:
        """Say of a candidate that answers all as its incumbent does, and fails where it also loads as that; and of one
        that calls the classes of its incumbent by each other's names.
        """
        for (suite, tier), incumbent in self.plan.incumbents.items():
            model = self.plan.models[suite, tier]
            with suppress(Fault):  # its tests have said so
                self.plan.notes.extend(filter(None, [exchanged_labels(model)]))
            mine = [record for _, record in self.records if record.selected.key == (suite, tier)]
            sames = [record.same for record in mine if record.same is not None]
            red = any(record.outcome in ("failed", "error") for record in mine)  # then it is told already
            if red or not sames or not all(sames):
                continue
            if model.source.remote or incumbent.source.remote:  # to move to another server is a swap that is alike
                self.plan.notes.append(
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
                    self.records.append((f"{suite}/{tier}", record))
                elif answers_alike(model, incumbent):
                    self.plan.notes.append(f"{words}; see whether it is the model that you meant")

    def _note_fingerprints(self) -> None:
        """Note by which answers a server is known again, where no weights are there to digest."""
        for (suite, tier), model in self.plan.models.items():
            mine = [record for _, record in self.records if record.selected.key == (suite, tier) and record.said]
            if said := {str(record.selected.case): record.said for record in mine}:
                whole = digest(sorted(said.items()))
                self.plan.notes.append(
                    f"{model.name}: {model.source.name} answered {len(said)} cases, and these answers have the"
                    f" fingerprint {whole}"
                )

    def _note_missing(self, config: pytest.Config) -> set[Key]:
        """Note the checks that a tier must have and of which no test was selected. Gives the tiers that were wanted."""
        if self.missing is None:  # no worker of pytest-xdist came as far as that
            self.missing = missing(self.plan, config, {}, ())
        told = {one.key for _, record in self.records if (one := record.selected).check == "suite"}
        for one, words in self.missing.words(self.plan, told):
            self.records.append((f"missing {one}", Record(one, "incomplete", words)))
        return self.missing.wanted

    def _note_alike(self, keywords: str) -> None:
        """Say where -k took or left suites that were not meant, for a name of theirs or of their file holds a word."""
        suites = self.plan.manifest.tasks
        words = {word for word in re.findall(r"[\w-]+", keywords.lower()) if word in suites}
        taken = {selected.suite for selected in self.selected.values()}
        meant = {suite for suite in suites if may_mean(keywords, suite, suites)}
        left = {suite for suite in meant - taken if any(word in suite and word != suite for word in words)}
        for verb, others in (("takes", taken - meant), ("leaves out", left)):
            if words and others:
                named = f"'{keywords}'" if " " in keywords else keywords
                self.plan.notes.append(
                    f"-k {named} also {verb} {', '.join(sorted(others))}, for a name of theirs holds it; marks are"
                    f" exact: -m {named}"
                )

    @property
    def _judged(self) -> dict[Key, Model]:
        """The tiers that were selected or are swapped."""
        keys = {selected.key for selected in self.selected.values()} | {*self.plan.incumbents}
        return {key: self.plan.models[key] for key in keys}

    def _loosened(self) -> dict[Key, str]:
        """Word, for each tier, that its golden was accepted with a tighter tolerance."""
        found = {}
        for key, model in self._judged.items():
            with suppress(Fault):  # its tests have said so
                if looser := loosened(model.golden, model.row.tolerance):
                    found[key] = not_accepted(model, looser)
        return found

    def _stale(self) -> dict[Key, str]:
        """Word, for each tier, that its golden is not its incumbent's."""
        found = {}
        for key, model in self._judged.items():
            with suppress(Fault):  # its tests have said so
                if made_by := stale(model.golden, model.suite, model.incumbent):
                    found[key] = not_recorded(model, made_by)
        for key, proposed in self.plan.proposed.items():
            found |= self._without_own_golden(key, proposed)
        return found

    def _without_own_golden(self, key: tuple[str, str], proposed: Model) -> dict[tuple[str, str], str]:
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

    def _note_not_written(self, faults: Mapping[str, str]) -> None:
        for location, reason in faults.items():
            path = Path(location)
            message = f"{self.plan.shown(path)} could not be written: {reason}; mend that and record it again"
            record = Record(Selected(path.parent.name, path.stem, "golden"), "error", message)
            self.records.append((location, record))


def _width(terminalreporter: pytest.TerminalReporter) -> int:
    """Return how wide a terminal is, as pytest has it; where nobody looks at one, as in a pipe, it has no end."""
    looked_at = terminalreporter.isatty or "COLUMNS" in os.environ
    return terminalreporter._tw.fullwidth if looked_at else WIDEST


def _records(report: pytest.TestReport) -> list[Record]:
    """Return the records that a report carries."""
    carried = [str(value) for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
    return [Record.from_json(json.loads(value)) for value in carried]


def _runs(option: Any) -> bool:
    """Return whether tests are run and not merely shown."""
    return not (option.collectonly or option.showfixtures or option.show_fixtures_per_test)
