"""Writes the reports of a run: verdict JSON, Markdown, the summary of a CI job, and JUnit's properties."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from _pytest.junitxml import LogXML

from swapgate.core.files import write_whole
from swapgate.verdicts.facts import Report, Tier, to_json
from swapgate.verdicts.markdown import markdown
from swapgate.verdicts.verdict import EXIT_NOT_PASSED

JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable in which GitHub Actions names the file of a job's summary (its documentation, "Workflow commands")."""


def write_running(facts: Report, json_path: Path | None, markdown_path: Path | None) -> None:
    """Replace the files of an earlier run before this one is judged, so that one that is killed leaves no old verdict.

    What cannot be written is told at the end.
    """
    for path, text in ((json_path, to_json(facts)), (markdown_path, markdown(facts))):
        if path and (path.is_file() or not path.exists()):  # and not a pipe or device, which shows all that comes
            with suppress(OSError):
                write_whole(path, text)


def write_reports(
    facts: Report, json_path: Path | None, markdown_path: Path | None, junit: LogXML | None
) -> tuple[Report, list[str]]:
    """Write what was asked for. Gives a line for each file that could not be written; then the exit status is not 0.

    The verdict JSON comes last, so that it says with which status the run ends.
    """
    summary = os.environ.get(JOB_SUMMARY)
    steps: list[tuple[Path | None, Callable[[Path, Report], None]]] = [
        (markdown_path, lambda path, facts: write_whole(path, markdown(facts))),
        (Path(summary) if summary and markdown_path else None, lambda path, facts: _append(path, markdown(facts))),
        (Path(junit.logfile) if junit else None, lambda _, facts: _write_junit(junit, facts)),
        (json_path, lambda path, facts: write_whole(path, to_json(facts))),
    ]
    lines = []
    for path, write in steps:
        try:
            if path:
                write(path, facts)
        except OSError as error:
            lines.append(f"ERROR  {path} could not be written: {error.strerror}; the verdicts stand above")
            facts = replace(facts, exit_status=facts.exit_status or EXIT_NOT_PASSED)
    return facts, lines


def _add_tier(junit: LogXML, tier: Tier) -> None:
    """Add a test case of a tier whose cases were counted: each by itself is only expected to fail."""
    failed = tier.verdict == "FAIL"
    words = "\n".join(reason.message for reason in tier.reasons) if failed else None
    name = f"swapgate::{tier.name}"
    for when, outcome in (("call", "failed" if failed else "passed"), ("teardown", "passed")):
        said = words if when == "call" else None
        junit.pytest_runtest_logreport(pytest.TestReport(name, ("swapgate", None, tier.name), {}, outcome, said, when))  # type: ignore[arg-type]


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _write_junit(junit: LogXML | None, facts: Report) -> None:
    """Write it once more, with a property a tier and one of the run: its file was written before the verdicts."""
    assert junit is not None
    whole = asdict(facts)
    for tier in whole.pop("tiers"):
        name = f"swapgate.verdict.{tier['task']}/{tier['tier']}"
        junit.add_global_property(name, json.dumps(tier, ensure_ascii=False))
    for judged in facts.tiers:
        if judged.lapses:
            _add_tier(junit, judged)
    junit.add_global_property("swapgate.run", json.dumps(whole, ensure_ascii=False))
    try:
        junit.pytest_sessionfinish()
    except OSError:
        if os.path.isfile(junit.logfile):
            os.remove(junit.logfile)  # half of it may be there
        raise
