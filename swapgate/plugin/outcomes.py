"""What came of a phase of a suite test, in a word and with the reason, and how pytest shows it."""

from datetime import date
from traceback import walk_tb
from typing import Any

import pytest

from swapgate.core.faults import AbsentFault, Fault, ModelFault
from swapgate.plugin.checks import Expected, Golden
from swapgate.plugin.collecting import COUNTED, GAP, NEEDS, QUARANTINE, SELECTED
from swapgate.plugin.fixtures import CHECKS
from swapgate.verdicts.lapses import KINDS, Kind
from swapgate.verdicts.verdict import Outcome, Selected

TIMEOUT = "pytest_timeout"
CAME = {"improvement": "passed", "error": "was an ERROR", "known gap": "was a known gap"}
"""How it is said of a later try what came of it, where the outcome's name does not say it."""
LAST_TRY = pytest.StashKey[int]()
TRIES = pytest.StashKey[dict[int, tuple[Outcome, str]]]()
"""What came of each try of a test that is run again."""


def outcome_of(
    report: pytest.TestReport, error: BaseException | None, item: pytest.Item, models_file: str
) -> tuple[Outcome, str]:
    """Return what came of a phase of a test, and why; a case in quarantine judges nothing until its last day.

    That is so of what was compared alone: an ERROR, a model that cannot be judged and a test that was skipped stay
    what they are.
    """
    outcome, message = _outcome_of(report, error, item, models_file)
    quarantine = item.stash.get(QUARANTINE, None)
    if quarantine is None or outcome == "error":
        return outcome, message
    if date.today() > quarantine.expires:
        return "failed", (
            f"{item.stash[SELECTED]}: its quarantine ended on {quarantine.expires} ({quarantine.reason}); mend the"
            " case, or take it out of the cases file"
        )
    if error is not None and not isinstance(error, AssertionError):
        return outcome, message  # nothing was compared, and what a fault says is of the whole tier
    came = message or outcome
    words = f"{item.stash[SELECTED]}: in quarantine until {quarantine.expires} ({quarantine.reason}): {came}"
    return "quarantined", words


def _outcome_of(
    report: pytest.TestReport, error: BaseException | None, item: pytest.Item, models_file: str
) -> tuple[Outcome, str]:
    selected, gap = item.stash[SELECTED], item.stash.get(GAP, None)
    checks = item.stash.get(CHECKS, [])
    if hasattr(report, "wasxfail") or (report.failed and error is None):  # the latter: strict
        return "incomplete", f"{selected}: marked xfail; list it as a known gap in the models file instead"
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return "incomplete", _named(" ".join(reason.removeprefix("Skipped: ").split()), selected)
    if report.passed:
        if any(map(_is_open, checks)) or (not checks and selected.column != "properties"):
            return "incomplete", f"{selected}: the test compared nothing; assert with == or <="
        broken = next((check for check in checks if not check.holds), None)
        if broken:
            return ("known gap", gap.reason) if gap and not gap.mended else ("failed", broken.message)
        unfinished = next((check.incomplete for check in checks if check.incomplete), None)
        if unfinished:
            return "incomplete", unfinished
        if gap is None:
            return "passed", "; ".join(filter(None, (getattr(check, "remark", "") for check in checks)))
        if item.stash[NEEDS][0].swapped:
            return "improvement", f"{selected} passes, a known gap of the incumbent"
        return "failed", (
            f"{selected} passes, but is listed as a known gap ({gap.reason}); remove {gap.key} from"
            f" [{selected.suite}.{selected.tier}] in {models_file}"
        )
    if gap and not gap.mended and isinstance(error, AssertionError) and report.when == "call":
        return "known gap", gap.reason
    if (
        isinstance(error, AssertionError)
        and report.when == "call"
        and item.stash.get(COUNTED, False)
        and lapse_of(item)
    ):
        return "counted", next(check.message for check in checks if not check.holds)
    if isinstance(error, AbsentFault):
        return "incomplete", _words(error, selected)
    judged = (AssertionError, ModelFault, pytest.fail.Exception)
    errors = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]  # of a property, by hypothesis
    failed = all(isinstance(one, judged) and not _is_timeout(one) for one in errors)
    return "failed" if failed else "error", _words(error, selected)


def lapse_of(item: pytest.Item) -> Kind | None:
    """Return how a candidate was found to be worse on the case of a test; None where anything else is red too."""
    kinds = [getattr(check, "lapse", None) for check in item.stash.get(CHECKS, []) if not check.holds]
    return min((kind for kind in kinds if kind), key=KINDS.index, default=None) if all(kinds) else None


def found_of(item: pytest.Item) -> str:
    """Return what was found of the case of a test on which a candidate is worse, without what to do about it."""
    checks = [check for check in item.stash.get(CHECKS, []) if isinstance(check, Expected | Golden)]
    return next((check.found for check in checks if check.lapse), "")


def _is_open(check: Any) -> bool:
    """Return whether nothing was compared, or of a figure none was measured."""
    return check.holds is None or getattr(check, "figure", check) is None


def _is_timeout(error: BaseException | None) -> bool:
    """Return whether pytest-timeout ended a test: a slow machine is no word on the model."""
    frames = walk_tb(error.__traceback__) if isinstance(error, pytest.fail.Exception) else ()
    return any(frame.f_globals.get("__name__") == TIMEOUT for frame, _ in frames)


def is_new_try(item: pytest.Item) -> bool:
    """Return whether this is the first record of a test that is run again."""
    count = getattr(item, "execution_count", 1)
    last, item.stash[LAST_TRY] = item.stash.get(LAST_TRY, count), count
    return last != count


def after_reruns(outcome: Outcome, message: str, item: pytest.Item) -> tuple[Outcome, str]:
    """Return what came of a test that pytest-rerunfailures runs again: an ERROR may pass then, a FAIL stays one."""
    count: int = getattr(item, "execution_count", 1)
    tries = item.stash.setdefault(TRIES, {})
    before = [tries[number] for number in sorted(tries) if number < count]
    failed = next((words for was, words in before if was == "failed"), None)
    tries[count] = outcome, message
    if failed is not None and outcome != "failed":
        return "failed", f"{failed} (on try 1; try {count} {CAME.get(outcome, outcome)}, and no rerun mends a FAIL)"
    if before and outcome == "passed":
        return "passed", f"{item.stash[SELECTED]}: on try {count}, after an ERROR: {before[-1][1]}"
    return outcome, message


def show(
    report: pytest.TestReport, error: BaseException | None, outcome: Outcome, message: str, item: pytest.Item
) -> None:
    """Let pytest's own display of a test agree with its record."""
    if outcome in ("known gap", "quarantined"):
        report.outcome, report.wasxfail = "skipped", message
    elif outcome == "counted":
        report.outcome = "skipped"
        report.wasxfail = f"{lapse_of(item)}, counted against the tier: {found_of(item)}"
    elif outcome == "improvement":
        report.wasxfail = message
    elif outcome == "incomplete" and (report.passed or isinstance(error, AbsentFault)):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {message}")
    elif outcome == "failed" and not report.failed:
        report.outcome, report.longrepr = "failed", message
        vars(report).pop("wasxfail", None)


def _words(error: BaseException | None, selected: Selected) -> str:
    """Word a failure in one line; that of a property with its counterexample."""
    lines = str(error).removeprefix("assert ").strip().splitlines() or [type(error).__name__]
    example = " ".join(" ".join(getattr(error, "__notes__", [])).partition("Explanation:")[0].split())
    next_step = "mend the model, or list this example in the row's property_gaps"
    words = f"{lines[0]}; {example}; {next_step}" if example else lines[0]
    return _named(words, selected, of_tier=isinstance(error, Fault))


def _named(words: str, selected: Selected, of_tier: bool = False) -> str:
    """Put before a reason whose it is: a fault is the tier's, whatever test met it."""
    tier = f"{selected.suite}/{selected.tier}"
    return words if words.startswith(tier) else f"{tier if of_tier else selected}: {words}"
