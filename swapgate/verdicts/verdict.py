"""From records to verdicts: what was selected, what came of it, and PASS, FAIL, INCOMPLETE or ERROR a tier. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from swapgate.outputs.counts import RIGHT
from swapgate.project.manifest import INCUMBENT
from swapgate.statistics.comparison import ERRORS
from swapgate.verdicts.lapses import FAILS, Judged, Kind, Lapse, Rule, by_kind, judge_lapses

Outcome = Literal["failed", "error", "incomplete", "counted", "quarantined", "improvement", "known gap", "passed"]
"""Worst first: of the phases of one test the worst counts. "counted": a case on which a candidate is worse than its
incumbent, and what that comes to is judged with the tier."""

Status = Literal["FAIL", "ERROR", "INCOMPLETE", "PASS"]

SEVERITY: Mapping[str, int] = {outcome: place for place, outcome in enumerate(get_args(Outcome))}
STATUSES: Mapping[str, Status] = {"failed": "FAIL", "error": "ERROR", "incomplete": "INCOMPLETE"}
"""What an outcome makes of its tier."""

UNJUDGED: frozenset[Outcome] = frozenset({"quarantined", "known gap"})
"""What comes of a test of a candidate that would also pass were its case wrong."""

EXIT_NOT_PASSED = 7
"""Exit status for INCOMPLETE and ERROR; pytest itself uses 0 to 6."""

NAMED_CHECKS = ("expected", "golden", "quality", "latency", "size", "parameters", "memory")
"""Checks with a column of their own; every other test is a property."""


@dataclass(frozen=True)
class Selected:
    """One test that was asked for: a check of a tier, for one case or for the tier as a whole."""

    suite: str
    tier: str
    check: str
    """Name of the test function without test_."""
    case: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Suite and tier."""
        return self.suite, self.tier

    @property
    def column(self) -> str:
        """Where it counts in the verdict table."""
        return self.check if self.check in NAMED_CHECKS else "properties"

    def __str__(self) -> str:
        return f"{self.suite}/{self.tier} {self.check}" + (f" {self.case!r}" if self.case else "")


@dataclass(frozen=True)
class Record:
    """What came of one phase of a test."""

    selected: Selected
    outcome: Outcome
    message: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, by column, in the JSON form of `swapgate.verdicts.figures`."""
    ties: Sequence[str] = ()
    """Near ties that fell the other way, in words."""
    partly: Sequence[str] = ()
    """How much of a prediction a golden from elsewhere holds, in words."""
    lapse: Kind | None = None
    """Of a case on which a candidate is worse than its incumbent: how."""
    found: str = ""
    """Of such a case: what was found, without what to do about it."""
    same: bool | None = None
    """Of a candidate: whether all that was compared is what its incumbent says; None where nothing was."""
    remarks: Sequence[str] = ()
    """What a reader should know whatever came of the test."""
    said: str = ""
    """Of a server: a digest of what it answered to the case."""

    @property
    def is_lost(self) -> bool:
        """Whether a candidate is known to be wrong where its incumbent was right."""
        return self.lapse in ("lost", "near tie lost") or (self.lapse is not None and self.selected.check == "expected")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `dataclasses.asdict` gives."""
        return cls(**{**data, "selected": Selected(**data["selected"])})


@dataclass(frozen=True)
class Verdict:
    """The judgement on one tier."""

    suite: str
    tier: str
    status: Status
    counts: Mapping[str, Counter[str]]
    """From column to outcome to number of tests; a column without a selected test is absent."""
    figures: Mapping[str, Any]
    reasons: Sequence[tuple[Status, str]]
    """Why it is not a PASS, the worst first, each with what it makes of the tier alone."""
    improvements: Sequence[str]
    """What a candidate does better than its incumbent."""
    ties: Sequence[str] = ()
    """Near ties that fell the other way and are not held against the model, in words."""
    partly: Sequence[str] = ()
    """Goldens from elsewhere and how much of a prediction they hold, in words."""
    remarks: Sequence[str] = ()
    """What a reader should know besides: what a PASS of quality claims, tests that passed when they were run again."""
    lapses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Cases on which a candidate is worse than its incumbent: lost, near ties lost, weaker."""


def judge(
    selected: Mapping[str, Selected],
    records: Iterable[tuple[str, Record]],
    tiers: Iterable[tuple[str, str]],
    swaps: Iterable[tuple[str, str]],
    stale: Mapping[tuple[str, str], str] = MappingProxyType({}),
    doubts: Mapping[tuple[str, str], Sequence[str]] = MappingProxyType({}),
    rules: Mapping[tuple[str, str], Rule] = MappingProxyType({}),
) -> list[Verdict]:
    """Judge each tier that was selected, swapped or is in doubt, in the order of `tiers`.

    `selected` and `records` go by test id. A test without a record was not measured: INCOMPLETE. So is a swap of which
    nothing was selected, and a tier whose golden is another model's: `stale` says so in words, whatever was selected,
    where nothing failed and nothing is an error. `doubts` say what else makes a tier INCOMPLETE, `rules`
    what a candidate may lose of its cases.
    """
    worst: dict[str, Record] = {}
    figures: dict[tuple[str, str], dict[str, Any]] = {}
    for test, record in records:
        if test not in worst or SEVERITY[record.outcome] < SEVERITY[worst[test].outcome]:
            worst[test] = record
        figures.setdefault(record.selected.key, {}).update(record.figures)
    for test, item in selected.items():
        worst.setdefault(test, Record(item, "incomplete", f"{item}: selected, but it did not run"))
    places = {test: place for place, test in enumerate(selected)}  # two processes are done in any order
    ordered = [worst[test] for test in sorted(worst, key=lambda test: places.get(test, len(places)))]
    swapped = set(swaps)
    verdicts = []
    for suite, tier in tiers:
        mine = [record for record in ordered if record.selected.key == (suite, tier)]
        others = doubts.get((suite, tier), ())
        if mine or others or (suite, tier) in swapped:
            found, words = figures.get((suite, tier), {}), stale.get((suite, tier))
            verdicts.append(_judge_tier(suite, tier, mine, found, words, others, rules.get((suite, tier))))
    return verdicts


def _judge_tier(
    suite: str,
    tier: str,
    records: list[Record],
    figures: dict[str, Any],
    stale: str | None,
    doubts: Sequence[str],
    rule: Rule | None,
) -> Verdict:
    counts: dict[str, Counter[str]] = {}
    for record in records:
        counts.setdefault(record.selected.column, Counter())[record.outcome] += 1
    lapses = [
        Lapse(one.selected.case or "", one.lapse, one.message, one.found, one.is_lost) for one in records if one.lapse
    ]
    counted = _judge_lapses(f"{suite}/{tier}", lapses, records, figures, rule or Rule(0, 0))
    of_cases: list[tuple[Status, str]] = [("FAIL", words) for words in counted.failed]
    red = sorted(
        (record for record in records if record.outcome in STATUSES),
        key=lambda one: (_severity(one), bool(of_cases) and one.selected.case is not None),
    )  # of several lapses a figure of all says more than one case
    reasons = [(STATUSES[record.outcome], record.message or f"{record.selected} {record.outcome}") for record in red]
    reasons = of_cases[:1] + reasons + of_cases[1:]
    reasons += [("INCOMPLETE", words) for words in counted.incomplete]
    reasons.sort(key=lambda reason: [*STATUSES.values()].index(reason[0]))
    if stale and reasons and reasons[0][0] in ("FAIL", "ERROR"):  # then nothing of the kind passes
        reasons = [reason for reason in reasons if reason[1] != stale]
    elif stale:
        reasons.append(("INCOMPLETE", stale))
    if not records and not doubts:
        words = f"{suite}/{tier}: a swap was asked for, but no test of this tier was selected; widen -k, -m or the path"
        reasons = [("INCOMPLETE", words)]
    reasons += [("INCOMPLETE", doubt) for doubt in doubts]
    reasons += [("INCOMPLETE", words) for words in _no_judge(f"{suite}/{tier}", records, rule)]
    improvements = [record.message or str(record.selected) for record in records if record.outcome == "improvement"]
    status: Status = reasons[0][0] if reasons else "PASS"
    ties = sorted(tie for record in records for tie in record.ties)
    partly = sorted(words for record in records for words in record.partly)
    told = [record.message for record in records if record.outcome in ("passed", "quarantined") and record.message]
    remarks = [*counted.told, *told, *(words for record in records for words in record.remarks)]
    reasons = list(dict.fromkeys(reasons))
    return Verdict(suite, tier, status, counts, figures, reasons, improvements, ties, partly, remarks, by_kind(lapses))


def _no_judge(name: str, records: Sequence[Record], rule: Rule | None) -> list[str]:
    """Say where cases were compared and none of them judges: each is in quarantine, or of a swap a known gap."""
    compared = [record for record in records if record.selected.check in ("expected", "golden")]
    cases = {record.selected.case for record in compared}
    out = {record.selected.case for record in compared if record.outcome in UNJUDGED}
    if rule is None:
        out = {record.selected.case for record in compared if record.outcome == "quarantined"}
    if cases - out or not cases:
        return []
    why = "in quarantine" if rule is None else "in quarantine or a known gap"
    return [f"{name}: no case judges it: each of the {len(cases)} that were compared is {why}; add one that is not"]


def _judge_lapses(
    name: str, lapses: list[Lapse], records: Sequence[Record], figures: Mapping[str, Any], rule: Rule
) -> Judged:
    compared = [record for record in records if record.selected.check in ("expected", "golden")]
    left_out = {record.selected.case for record in compared if record.outcome in ("error", "incomplete")}
    seen = {record.selected.case for record in compared} - left_out
    gained = {record.selected.case for record in records if record.outcome == "improvement" and record.selected.case}
    quality = [record.outcome for record in records if record.selected.check == "quality"]
    undecided = _undecided(quality, figures.get("quality") or {}, rule)
    return judge_lapses(name, lapses, len(gained), len(seen), rule, undecided)


def _undecided(quality: Sequence[Outcome], found: Mapping[str, Any], rule: Rule) -> str:
    """Return in words why no evaluation set decides for a candidate, by what came of its quality; empty where one does.

    One does that is a PASS, and beside the incumbent by its first figure or by one that counts rows that are right.
    """
    beside = [one["comparison"] for one in found.get("comparisons", ()) if one["tier"] == INCUMBENT]
    open_ones = [one for one in beside if one["decision"] == "too few rows"]
    if not quality:
        return "quality was not selected" if rule.evaluation_set else "the suite has none"
    if "FAIL" in {one["decision"] for one in beside}:
        return FAILS
    if open_ones:
        needed = max(one["needed"] or 0 for one in open_ones)
        return "too few rows" + (f", about {needed:,} needed" if needed else "")
    if others := sorted({STATUSES.get(outcome, outcome) for outcome in quality} - {"passed"}):
        return f"quality is {others[0]}"
    whole = (found.get("metric"), RIGHT, ERRORS)  # how sure it is of what it finds decides nothing
    if not any(one["metric"] in whole for one in beside):
        return (
            f"no limit beside the incumbent is of {whole[0]} or {RIGHT}"
            if beside
            else "nothing is beside the incumbent"
        )
    return ""


def exit_status(verdicts: Sequence[Verdict], others_failed: bool, allow_incomplete: bool) -> int:
    """Return 0 where all pass, 1 where any fails or a test outside the suite did, else 7."""
    statuses = {verdict.status for verdict in verdicts}
    if "FAIL" in statuses or others_failed:
        return 1
    tolerated = {"PASS", "INCOMPLETE"} if allow_incomplete else {"PASS"}
    return 0 if statuses <= tolerated else EXIT_NOT_PASSED


def _severity(record: Record) -> int:
    return SEVERITY[record.outcome]
