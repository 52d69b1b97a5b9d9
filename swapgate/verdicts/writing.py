"""Writes the reports of a run: verdict JSON, Markdown, the summary of a CI job, and JUnit's properties."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from _pytest.junitxml import LogXML

from swapgate.core.files import write_whole
from swapgate.core.words import plain, told
from swapgate.verdicts.facts import Report, to_json
from swapgate.verdicts.markdown import markdown
from swapgate.verdicts.page import page
from swapgate.verdicts.verdict import EXIT_NOT_PASSED

JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable in which GitHub Actions names the file of a job's summary (its documentation, "Workflow commands")."""


def write_running(facts: Report, json_path: Path | None, markdown_path: Path | None, html_path: Path | None) -> None:
    """Replace the files of an earlier run before this one is judged, so that one that is killed leaves no old verdict.

    What cannot be written is told at the end.
    """
    for path, text_of in ((json_path, to_json), (markdown_path, markdown), (html_path, page)):
        if path and (path.is_file() or not path.exists()):  # and not a pipe or device, which shows all that comes
            with suppress(Exception):
                write_whole(path, text_of(facts))


def write_reports(
    facts: Report,
    json_path: Path | None,
    markdown_path: Path | None,
    html_path: Path | None,
    junit: LogXML | None,
    unshown: Mapping[str, Sequence[str]],
    html: Callable[[Report], str],
) -> tuple[Report, list[str]]:
    """Write what was asked for. Gives a line for each file that could not be written; then the exit status is not 0.

    `html` makes the page. `unshown`: by tier why it is a FAIL, beside what its red tests show; of each whose cases were
    counted. The verdict JSON comes last, so that it says with which status the run ends.
    """
    summary = os.environ.get(JOB_SUMMARY)
    steps: list[tuple[Path | None, Callable[[Path, Report], None]]] = [
        (markdown_path, lambda path, facts: write_whole(path, markdown(facts))),
        (Path(summary) if summary and markdown_path else None, lambda path, facts: _append(path, markdown(facts))),
        (Path(junit.logfile) if junit else None, lambda _, facts: _write_junit(junit, facts, unshown)),
        (html_path, lambda path, facts: write_whole(path, html(facts))),
        (json_path, lambda path, facts: write_whole(path, to_json(facts))),
    ]
    lines = []
    for path, write in steps:
        try:
            if path:
                write(path, facts)
        except Exception as error:  # whatever it is, the other reports are written, and the status says it
            reason = error.strerror if isinstance(error, OSError) else told(error)
            lines.append(f"ERROR  {path} could not be written: {plain(str(reason))}; the verdicts stand above")
            facts = replace(facts, exit_status=facts.exit_status or EXIT_NOT_PASSED)
    return facts, lines


def tier_report(tier: str, words: str) -> pytest.TestReport:
    """Return a tier as a test of pytest: red with words that no test by itself can say, passed without any."""
    location = ("swapgate", None, tier)
    return pytest.TestReport(f"swapgate::{tier}", location, {}, "failed" if words else "passed", words or None, "call")


def _add_tier(junit: LogXML, tier: str, words: str) -> None:
    """Add a test case of a tier, for each of its counted cases by itself is only expected to fail."""
    report = tier_report(tier, words)
    junit.pytest_runtest_logreport(report)
    junit.pytest_runtest_logreport(pytest.TestReport(report.nodeid, report.location, {}, "passed", None, "teardown"))


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _write_junit(junit: LogXML | None, facts: Report, unshown: Mapping[str, Sequence[str]]) -> None:
    """Write it once more, with a property a tier and one of the run: its file was written before the verdicts."""
    assert junit is not None
    whole = asdict(facts)
    for one in whole.pop("tiers"):
        name = f"swapgate.verdict.{one['task']}/{one['tier']}"
        junit.add_global_property(name, json.dumps(one, ensure_ascii=False))
    for tier, words in unshown.items():
        _add_tier(junit, tier, "\n".join(words))
    junit.add_global_property("swapgate.run", json.dumps(whole, ensure_ascii=False))
    try:
        junit.pytest_sessionfinish()
    except OSError:
        if os.path.isfile(junit.logfile):
            os.remove(junit.logfile)  # half of it may be there
        raise
