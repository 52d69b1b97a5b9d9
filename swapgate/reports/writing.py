"""Writes the reports of a run: verdict JSON, Markdown, the summary of a CI job, and JUnit's properties."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from swapgate.files import write_whole
from swapgate.reports.facts import Report, to_json
from swapgate.reports.markdown import markdown

JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable in which GitHub Actions names the file of a job's summary (its documentation, "Workflow commands")."""


def write_reports(facts: Report, json_path: Path | None, markdown_path: Path | None) -> Iterator[str]:
    """Write what was asked for; gives a line for each file that could not be written."""
    if json_path:
        yield from _tried(json_path, lambda: write_whole(json_path, to_json(facts)))
    if markdown_path:
        text = markdown(facts)
        yield from _tried(markdown_path, lambda: write_whole(markdown_path, text))
        summary = os.environ.get(JOB_SUMMARY)
        if summary:
            yield from _tried(Path(summary), lambda: _append(Path(summary), text))


def junit_properties(facts: Report) -> Iterator[tuple[str, str]]:
    """Give a property a tier, and what is true of the run."""
    whole = asdict(facts)
    for tier in whole.pop("tiers"):
        yield f"swapgate.verdict.{tier['task']}/{tier['tier']}", json.dumps(tier, ensure_ascii=False)
    yield "swapgate.run", json.dumps(whole, ensure_ascii=False)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _tried(path: Path, write: Any) -> Iterator[str]:
    try:
        write()
    except OSError as error:
        yield f"ERROR  {path} could not be written: {error}; the verdicts stand above"
