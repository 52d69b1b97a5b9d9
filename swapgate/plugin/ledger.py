"""The plugin's hooks from the first test to the last line: what is selected, what comes of it, and what is shown."""

import json
import os
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pytest
from _pytest.junitxml import LogXML

from swapgate.core.faults import Fault
from swapgate.core.files import write_whole
from swapgate.core.words import plain
from swapgate.goldens.pending import write_pending
from swapgate.goldens.snapshots import GoldenExtension
from swapgate.plugin.caller import CALL, CHECKED_OUT, CHECKOUT, call_of, narrowed
from swapgate.plugin.checks import Golden
from swapgate.plugin.collecting import NEEDS, SELECTED
from swapgate.plugin.fixtures import CACHE, CHECKS
from swapgate.plugin.gathered import LEDGERS, Run, leave_rows, note_not_written
from swapgate.plugin.judging import judged
from swapgate.plugin.measures import Cost, Quality
from swapgate.plugin.missing import missing
from swapgate.plugin.outcomes import after_reruns, found_of, is_new_try, lapse_of, outcome_of, show
from swapgate.plugin.seen import seen
from swapgate.trials.plan import Key, Plan
from swapgate.trials.pool import Pool
from swapgate.trials.running import Model
from swapgate.verdicts.facts import Report
from swapgate.verdicts.terminal import WIDEST, verdict_text
from swapgate.verdicts.verdict import Record, Selected

PROPERTY = "swapgate.record"
"""Name of the user property that carries a record, through pytest-xdist and into JUnit."""
NOT_WRITTEN = "swapgate.not_written"
NOTES = "swapgate.notes"
SEEN = "swapgate_seen"
"""Name of what a report carries for a page."""


class Ledger:
    """Hooks of a project with a models file, where tests run and are not merely shown."""

    def __init__(self, plan: Plan, collected: Mapping[Selected, list[pytest.Item]]) -> None:
        self.plan = plan
        self.collected = collected
        self.run = Run(plan)
        self.pool = Pool()
        self.told: dict[tuple[Key, str], str] = {}
        """From tier and message of an ERROR, or of what its model is refused for, to the test that shows it."""
        self.told_seen: set[str] = set()
        """What of the cases and media of a page is told already."""
        self.report: Report | None = None
        self.not_reported: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down everything that was selected, before any of it runs."""
        for item in session.items:
            if SELECTED in item.stash:
                self.run.selected[item.nodeid] = item.stash[SELECTED]
                self.pool.expect(item.stash[NEEDS])
        self.run.missing = missing(self.plan, session.config, self.collected, self.run.selected.values())
        measured = {one.suite for one in self.collected if one.check == "quality"}
        if not narrowed(session.config):
            self.run.unmeasured = ({one.suite for one in self.collected} & {*self.plan.evaluations}) - measured
        worker = getattr(session.config, "workerinput", None)
        GoldenExtension.left_in = Path(worker[LEDGERS]) if worker is not None else None
        if worker is not None:
            selected = {test: asdict(one) for test, one in self.run.selected.items()}
            unmeasured = sorted(self.run.unmeasured)
            ledger = {"selected": selected, "missing": self.run.missing.to_json(), "unmeasured": unmeasured}
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
        error, option = call.excinfo.value if call.excinfo else None, item.config.option
        is_fault = isinstance(error, Fault) and SELECTED in item.stash
        asked = getattr(option, "tbstyle", "auto")  # which pytest's terminal brings
        option.tbstyle = "value" if is_fault else asked  # of a message alone no source need be parsed
        try:
            report = yield
        finally:
            option.tbstyle = asked
        if SELECTED not in item.stash:
            return report
        if is_fault:
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
        self.run.others_failed |= report.failed
        if not report.passed:
            words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = words.strip().splitlines()[-1].removeprefix("Skipped: ").removeprefix("E").strip()
            self.run.not_collected[report.nodeid.partition("::")[0]] = (
                "error" if report.failed else "incomplete",
                reason,
            )

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
            self.run.records = [
                (test, record)
                for test, record in self.run.records
                if test != report.nodeid or record.outcome != "error"
            ]
        self.run.records += [(report.nodeid, record) for record in records]
        if records and (found := getattr(report, SEEN, None)):
            self.run.seen.add(records[-1], json.loads(found))
        if str(report.when) == "???":  # as pytest-xdist reports a test in which its worker died
            self.run.died.append(report.nodeid)
        else:
            self.run.others_failed |= report.failed and not records

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to write what it selects: what it has in memory dies with it."""
        if self.run.ledgers is None:
            self.run.ledgers = tempfile.TemporaryDirectory(prefix="swapgate-")
        node.workerinput[LEDGERS] = self.run.ledgers.name
        node.workerinput[CALL] = call_of(node.config)
        node.workerinput[CHECKED_OUT] = node.config.stash.get(CHECKOUT, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker of pytest-xdist could not write."""
        self.run.lost += error is not None and error != "keyboard-interrupt"
        note_not_written(self.run, getattr(node, "workeroutput", {}).get(NOT_WRITTEN, {}))
        self.run.of_workers += getattr(node, "workeroutput", {}).get(NOTES, [])

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Judge, and set the exit status where pytest itself has nothing worse to say."""
        try:
            yield
        except OSError as error:
            if LogXML.pytest_sessionfinish.__code__ not in {frame.f_code for frame, _ in walk_tb(error.__traceback__)}:
                raise  # what pytest cannot write for JUnit is told below
        if not self.plan.against:
            trouble = write_pending(self.plan.root, self.plan.manifest.name, self.plan.pending)
            self.plan.notes.extend([trouble] if trouble else [])
        output, worker = (getattr(session.config, name, None) for name in ("workeroutput", "workerinput"))
        if output is not None and worker is not None:
            output[NOTES] = cache.notes if (cache := session.config.stash[CACHE]) else []
            output[NOT_WRITTEN] = dict(GoldenExtension.not_written) | leave_rows(self.run, worker)
        else:
            self.report, self.not_reported = judged(self.run, session, exitstatus)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """End the run with the verdict table, below pytest's own summaries; a wrong call has none."""
        try:
            yield
        finally:  # also where another plugin raises, as pytest-benchmark does for --benchmark-compare-fail
            self._show(terminalreporter)

    def _show(self, terminalreporter: pytest.TerminalReporter) -> None:
        wrong_call = self.report and self.report.exit_status == pytest.ExitCode.USAGE_ERROR and not self.run.records
        if self.report and not wrong_call and (self.report.tiers or self.plan.changed is not None):
            terminalreporter.section("verdict")
            terminalreporter.write(verdict_text(self.report, terminalreporter.hasmarkup, _width(terminalreporter)))
        for line in self.not_reported:
            terminalreporter.write_line(line, red=True)


def _width(terminalreporter: pytest.TerminalReporter) -> int:
    """Return how wide a terminal is, as pytest has it; where nobody looks at one, as in a pipe, it has no end."""
    looked_at = terminalreporter.isatty or "COLUMNS" in os.environ
    return terminalreporter._tw.fullwidth if looked_at else WIDEST


def _records(report: pytest.TestReport) -> list[Record]:
    """Return the records that a report carries."""
    carried = [str(value) for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
    return [Record.from_json(json.loads(value)) for value in carried]
