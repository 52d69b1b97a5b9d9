"""The plugin's part from the first test to the last line: what was selected, what came of it, verdicts, exit status."""

import json
from collections.abc import Generator
from dataclasses import asdict
from typing import Any

import pytest

from swapgate.checks import Cost, described
from swapgate.faults import Fault, ModelFault
from swapgate.fixtures import CHECKS
from swapgate.plan import Plan
from swapgate.reports.terminal import verdict_text
from swapgate.running import Model, Pool
from swapgate.suite import NEEDS, SELECTED
from swapgate.verdict import Outcome, Record, Selected, Verdict, exit_status, judge

PROPERTY = "swapgate"
"""Name of the user property that carries a record, through pytest-xdist and into JUnit."""


class Ledger:
    """Hooks of a project with a models file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pool = Pool()
        self.selected: dict[str, Selected] = {}
        self.records: list[tuple[str, Record]] = []
        self.others_failed = False
        self.verdicts: list[Verdict] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down everything that was selected, before any of it runs."""
        if session.config.option.collectonly:
            return
        for item in session.items:
            if SELECTED in item.stash:
                self.selected[item.nodeid] = item.stash[SELECTED]
                self.pool.expect(item.stash[NEEDS])

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
        checks = item.stash.get(CHECKS, [])
        incomplete = next((check.incomplete for check in checks if check.incomplete), None)
        if report.when == "call" and report.passed and incomplete:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {incomplete}")
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, Fault):
            report.longrepr = str(error)
        if report.when == "call" or not report.passed:
            outcome, message = self._outcome(report, error, item)
            figures = {check.name: check.figure for check in checks if isinstance(check, Cost)}
            record = Record(item.stash[SELECTED], outcome, message, figures)
            item.user_properties.append((PROPERTY, json.dumps(asdict(record))))
            report.user_properties.append(item.user_properties[-1])
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the records, of this process or of pytest-xdist's workers."""
        carried = [str(value) for name, value in report.user_properties if name == PROPERTY]
        records = [Record.from_json(json.loads(value)) for value in carried]
        self.records += [(report.nodeid, record) for record in records]
        self.others_failed |= report.failed and not records

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of pytest-xdist had selected: the controller itself collects nothing."""
        selected = getattr(node, "workeroutput", {}).get(PROPERTY, {})
        self.selected.update({test: Selected(**fields) for test, fields in selected.items()})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge, and set the exit status where pytest itself has nothing worse to say."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[PROPERTY] = {test: asdict(selected) for test, selected in self.selected.items()}
            return
        if session.config.option.collectonly:
            return
        self.others_failed |= exitstatus == pytest.ExitCode.OK != session.exitstatus  # another plugin's doing
        models = {key: described(model) for key, model in self.plan.models.items()}
        self.verdicts = judge(self.selected, self.records, models, self.plan.incumbents)
        if self.verdicts and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = exit_status(
                self.verdicts, self.others_failed, session.config.getoption("allow_incomplete")
            )

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """End the run with the verdict table."""
        if self.verdicts:
            terminalreporter.section("verdict")
            terminalreporter.write(verdict_text(self.verdicts, self.plan.notes, terminalreporter.hasmarkup))

    def _outcome(
        self, report: pytest.TestReport, error: BaseException | None, item: pytest.Item
    ) -> tuple[Outcome, str]:
        """Say what came of a phase of a test, and why."""
        selected = item.stash[SELECTED]
        known_gap = item.get_closest_marker("xfail")
        if report.passed:
            mended = hasattr(report, "wasxfail")
            return ("improvement", f"{selected} passes, a known gap of the incumbent") if mended else ("passed", "")
        if report.skipped:
            reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
            gap = hasattr(report, "wasxfail")
            return ("known gap", "") if gap else ("incomplete", reason.removeprefix("Skipped: "))
        if error is None and known_gap:
            model = item.stash[NEEDS][0]
            table = "gaps" if selected.check == "expected" else "property_gaps"
            report.longrepr = (
                f"{selected} passes, but is listed as a known gap ({known_gap.kwargs['reason']}); remove it from"
                f" [{model.task}.{model.tier}.{table}] in {self.plan.shown(self.plan.manifest.path)}"
            )
            return "failed", report.longrepr
        judged = (AssertionError, ModelFault, pytest.fail.Exception)
        outcome: Outcome = "failed" if isinstance(error, judged) else "error"
        tier = f"{selected.task}/{selected.tier}"
        subject = tier if isinstance(error, Fault) else str(selected)  # a fault is the tier's, whatever test met it
        words = str(error).removeprefix("assert ").strip().splitlines() or [type(error).__name__]
        return outcome, words[0] if words[0].startswith(tier) else f"{subject}: {words[0]}"
