"""Runs that a page is made of, without a model."""

from dataclasses import replace

from swapgate.outputs import blocks
from swapgate.statistics.comparison import Comparison, Flip
from swapgate.statistics.latency import Times
from swapgate.verdicts.facts import Figures, Reason, Report, Tier
from swapgate.verdicts.figures import Beside, Cost, Quality
from swapgate.verdicts.items import Curves, Looks, Seen
from swapgate.verdicts.verdict import Record, Selected

PIXEL = "data:image/jpeg;base64,/9j/4AAQ"


def flips(count, said="said"):
    """Return rows that flipped."""
    return [Flip(f"row{number}", f"{said} {number}", "given") for number in range(count)]


def comparison(lost=(), gained=(), decision="PASS"):
    """Return a comparison beside an incumbent."""
    sides = {"value": 0.9, "reference": 0.95, "difference": -0.05, "low": -0.07, "high": -0.03, "allowed": 0.02}
    rows = {"rows": 100, "differing": 9, "needed": None, "mcnemar": 0.5}
    return Comparison(metric="accuracy", decision=decision, lost=lost, gained=gained, **sides, **rows)


def figures(lost=(), gained=()):
    """Return figures of a tier, each against its limit."""
    beside = Beside("incumbent", "models/before", comparison(lost, gained, "FAIL"))
    times = Times("ada", 1, 0.1, None, 5, 1.0, 0.2, None, None)
    return Figures(
        quality=Quality("", "set.jsonl", 100, "accuracy", 0.9, {"accuracy": 0.9, "F1 a": 0.5}, [beside]),
        latency=Cost("", None, "models/before", 0.8, 0.7, 0.9, 1.1, 40, times),
        size=Cost("", 80.0, "models/before", 0.5, 0.5, 0.5, 0.4),
        parameters=None,
        memory=None,
    )


def tier(name="small", verdict="FAIL", suite="ner", message="it lost much", **others):
    """Return the facts of a tier."""
    counts = {"expected": {"passed": 1, "counted": 1}, "golden": {"passed": 2}}
    found = Tier(suite, name, None, "models/now", "models/before", verdict, counts, 0, True, figures(), [], [])
    reasons = [Reason(verdict, f"{suite}/{name}: {message}")] if verdict != "PASS" else []
    return replace(found, suite=suite, reasons=reasons, **others)


def report(*tiers, **others):
    """Return the facts of a run."""
    return replace(Report(1, "0", "models.toml", None, 1, [], tiers), **others)


def record(case, outcome="passed", check="expected", name="small", suite="ner", **others):
    """Return a test and what came of it."""
    found = Record(Selected(suite, name, check, case), outcome, **others)
    return f"{check} {suite} {name} {case}", found


def looks(given="Ada left.", moved=0.25, labels=("PER",), **others):
    """Return what a case looks like, with both sides."""
    shown = [blocks.bars([("PER", 0.5 + moved, 0.5, True)])]
    return Looks(given, shown, moved, labels, others.pop("media", ""), **others)


def seen(cases=(), curves=True):
    """Return what a run has shown, by suite, tier and case; the tier ner/small has curves and ratios."""
    found = Seen(dict(cases))
    if curves:
        slices = [["label", "PER", 60, 0.9, 0.95], ["language", "de", 40, 0.8, None]]
        confusion = [["PER", "LOC", 3.0], ["PER", "PER", 50.0]]
        sure = [[50, 0.7, 0.6], [50, 0.99, 0.98]]
        found.curves["ner", "small"] = Curves(sure, sure, confusion, confusion[:1], slices, "models/before")
        found.blocks["ner", "small"] = {"latency": [0.7, 0.9, 0.8]}
    return found
