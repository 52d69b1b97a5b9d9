"""From records to verdicts, exit statuses and the table."""

import re
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from swapgate.backends import backends
from swapgate.tasks import find_task
from swapgate.verdicts.facts import report
from swapgate.verdicts.terminal import REASONS, verdict_text
from swapgate.verdicts.verdict import Record, Selected, Verdict, exit_status, judge

SMALL = ("ner", "small")
TIERS = [("ner", "original"), SMALL]
OUTCOMES = ["failed", "error", "incomplete", "improvement", "known gap", "passed"]
STATUSES = ["FAIL", "ERROR", "INCOMPLETE", "PASS", "PASS", "PASS"]


def selected(check="expected", case=None, tier="small"):
    """Return a test that was asked for."""
    return Selected("ner", tier, check, case)


def record(outcome, message="", check="expected", case=None, tier="small", **figures):
    """Return what came of a test."""
    return Record(selected(check, case, tier), outcome, message, figures)


def verdict_of(*records, **options):
    """Judge the small tier by these records, each of a test of its own."""
    found = judge({}, [(str(number), item) for number, item in enumerate(records)], TIERS, options.get("swaps", []))
    assert len(found) == 1
    return found[0]


def with_status(status):
    """Return a verdict of a status."""
    return Verdict("ner", "small", status, {}, {}, [], [])


def text_of(*verdicts, notes=(), colour=False, model="models/small"):
    """Return the lines that end a run."""
    source = SimpleNamespace(
        name=model, identify=None, backend="transformers", row=SimpleNamespace(variant=None, device="cpu")
    )
    others = {
        "cases": SimpleNamespace(cases=()),
        "backend": backends()["transformers"],
        "suite": "ner",
        "swapped": False,
    }
    models = {SMALL: SimpleNamespace(source=source, task=find_task("ner"), names=(model, model), **others)}
    manifest = SimpleNamespace(path="embedded.toml")
    plan = SimpleNamespace(models=models, notes=notes, against=None, evaluations={}, manifest=manifest, shown=str)
    return verdict_text(report(verdicts, plan, 0), colour).splitlines()


def cells(line):
    """Split a line of the table."""
    return re.split(r"  +", line.strip())


@pytest.mark.parametrize(("outcome", "status"), list(zip(OUTCOMES, STATUSES, strict=True)))
def test_status(outcome, status):
    """One record beside one that passed decides the status."""
    assert verdict_of(record("passed"), record(outcome)).status == status


def test_order_of_tests():
    """Whichever process is done first, reasons and notes stand in the order of the tests."""
    told = [("a", record("passed", "first", case="a")), ("b", record("passed", "second", case="b"))]
    red = [("c", record("failed", "third", case="c")), ("d", record("failed", "fourth", case="d"))]
    tests = {test: one.selected for test, one in [*told, *red]}
    (found,) = judge(tests, [*told, *red], [SMALL], [])
    assert [found] == judge(tests, [*red[::-1], *told[::-1]], [SMALL], [])
    assert [words for _, words in found.reasons] == ["third", "fourth"]
    assert found.remarks == ["first", "second"]


@pytest.mark.parametrize("worse", range(5))
def test_worst_phase_counts(worse):
    """Of the phases of one test the worst counts, in whatever order they come, and the test counts once."""
    for better in range(worse + 1, 6):
        for order in ((worse, better), (better, worse), (better, worse, better)):
            records = [("one", record(OUTCOMES[place])) for place in order]
            (verdict,) = judge({}, records, TIERS, [])
            assert verdict.counts == {"expected": {OUTCOMES[worse]: 1}}
            assert verdict.status == STATUSES[worse]


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (("error", "failed", "incomplete"), "FAIL"),
        (("passed", "incomplete", "error"), "ERROR"),
        (("known gap", "improvement", "incomplete"), "INCOMPLETE"),
        (("known gap", "improvement", "passed"), "PASS"),
    ],
    ids=["fail", "error", "incomplete", "pass"],
)
def test_precedence(outcomes, status):
    """FAIL comes before ERROR before INCOMPLETE before PASS."""
    assert verdict_of(*map(record, outcomes)).status == status


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (selected("expected", "ada"), "ner/small expected 'ada': selected, but it did not run"),
        (selected("latency"), "ner/small latency: selected, but it did not run"),
    ],
    ids=["case", "tier"],
)
def test_selected_without_record(item, words):
    """A test that was selected and has no record is INCOMPLETE and named, also beside tests that passed."""
    (verdict,) = judge({"a": selected(), "b": item}, [("a", record("passed"))], TIERS, [])
    assert (verdict.status, verdict.reasons) == ("INCOMPLETE", [("INCOMPLETE", words)])
    assert verdict.counts[item.column]["incomplete"] == 1


def test_nothing_selected():
    """A tier of which nothing was selected has no verdict."""
    assert judge({}, [], TIERS, []) == []
    assert [verdict.tier for verdict in judge({"a": selected()}, [], TIERS, [])] == ["small"]


def test_swap_with_nothing_selected():
    """A swap of which nothing was selected was not judged: INCOMPLETE, with the next step."""
    verdict = verdict_of(swaps=[SMALL])
    assert (verdict.status, verdict.counts) == ("INCOMPLETE", {})
    words = "ner/small: a swap was asked for, but no test of this tier was selected; widen -k, -m or the path"
    assert verdict.reasons == [("INCOMPLETE", words)]


def test_swaps_given_once():
    """Swaps may come from an iterator: each of them is still judged."""
    verdicts = judge({}, [], TIERS, iter(TIERS))
    assert [verdict.tier for verdict in verdicts] == ["original", "small"]


def test_order():
    """Verdicts come in the order of the models file, each with its own records."""
    records = [("a", record("failed")), ("b", record("passed", tier="original"))]
    verdicts = judge({}, records, TIERS, [SMALL])
    assert [(verdict.tier, verdict.status) for verdict in verdicts] == [("original", "PASS"), ("small", "FAIL")]


def test_counts():
    """Tests count in the column of their check; a check without one is a property."""
    verdict = verdict_of(
        record("passed"),
        record("passed"),
        record("known gap"),
        record("failed", check="golden"),
        record("incomplete", check="latency"),
        record("passed", check="size"),
        record("passed", check="batch"),
        record("known gap", check="spans"),
    )
    assert verdict.counts == {
        "expected": {"passed": 2, "known gap": 1},
        "golden": {"failed": 1},
        "latency": {"incomplete": 1},
        "size": {"passed": 1},
        "properties": {"passed": 1, "known gap": 1},
    }


def test_reasons():
    """Reasons come the worst first, each once and with its own status; a record without words is named by its test."""
    verdict = verdict_of(
        record("incomplete", "no time"),
        record("passed", "not a reason"),
        record("error", "no disk"),
        record("error", "no disk"),
        record("failed", case="ada"),
        record("failed", "wrong"),
    )
    assert verdict.reasons == [
        ("FAIL", "ner/small expected 'ada' failed"),
        ("FAIL", "wrong"),
        ("ERROR", "no disk"),
        ("INCOMPLETE", "no time"),
    ]


def test_improvements():
    """What a candidate mends is an improvement and not red."""
    verdict = verdict_of(record("passed"), record("improvement", "ner/small 'ada' is right now"), swaps=[SMALL])
    assert (verdict.status, verdict.reasons) == ("PASS", [])
    assert verdict.improvements == ["ner/small 'ada' is right now"]


def test_record_travels_as_json():
    """A record is the same after the way from a worker to the main process."""
    first = record("failed", "wrong", "latency", "ada", latency="0.51 (≤ 0.9)")
    assert Record.from_json(asdict(first)) == first


@pytest.mark.parametrize(
    ("statuses", "others_failed", "strict", "lenient"),
    [
        ([], False, 0, 0),
        ([], True, 1, 1),
        (["PASS"], False, 0, 0),
        (["PASS"], True, 1, 1),
        (["FAIL"], False, 1, 1),
        (["INCOMPLETE"], False, 7, 0),
        (["INCOMPLETE"], True, 1, 1),
        (["ERROR"], False, 7, 7),
        (["PASS", "INCOMPLETE"], False, 7, 0),
        (["INCOMPLETE", "ERROR"], False, 7, 7),
        (["ERROR", "INCOMPLETE", "FAIL", "PASS"], False, 1, 1),
    ],
)
def test_exit_status(statuses, others_failed, strict, lenient):
    """0 where all pass, 1 where any fails, else 7; --allow-incomplete lets only INCOMPLETE through."""
    verdicts = [with_status(status) for status in statuses]
    assert exit_status(verdicts, others_failed, allow_incomplete=False) == strict
    assert exit_status(verdicts, others_failed, allow_incomplete=True) == lenient


def test_table():
    """A line a tier says what passed, the known gaps, the ratios and the verdict."""
    records = [
        *(record(outcome) for outcome in ("passed", "passed", "known gap")),
        record("improvement", "mended"),
        record("failed", "why", check="golden"),
        record("passed", check="size", size={"shown": "0.52 (≤ 0.9)"}),
        record("incomplete", "no time", check="latency"),
    ]
    heading, line, *reasons = text_of(verdict_of(*records))
    assert cells(heading) == [
        *("tier", "model", "expected", "golden", "properties", "known gaps"),
        *("quality", "latency", "size", "verdict"),
    ]
    assert cells(line) == [
        *("ner/small", "models/small", "3/4", "0/1", "not selected", "1"),
        *("no evaluation set", "not measured", "0.52 (≤ 0.9)", "FAIL"),
    ]
    assert reasons == ["FAIL  why", "INCOMPLETE  no time", "better  mended"]


def test_nothing_selected_in_the_table():
    """A check of which nothing was selected is told as such, also where nothing at all was."""
    _, line, reason = text_of(verdict_of(swaps=[SMALL]))
    assert cells(line) == [
        "ner/small",
        "models/small",
        *["not selected"] * 3,
        "0",
        "no evaluation set",
        *["not selected"] * 2,
        "INCOMPLETE",
    ]
    assert reason.startswith("INCOMPLETE  ner/small: a swap was asked for")


@pytest.mark.parametrize("length", [10, 54, 80, 250])
def test_long_model_name(length):
    """However long a model's name is, no figure is cut."""
    assert cells(text_of(verdict_of(record("passed")), model="m" * length)[1]) == [
        *("ner/small", "m" * length, "1/1", "not selected", "not selected", "0"),
        *("no evaluation set", "not selected", "not selected", "PASS"),
    ]


def test_brackets_are_no_markup():
    """A model or a reason with brackets is printed as it is."""
    verdict = verdict_of(record("failed", "[bold]why[/bold]"))
    _, line, *rest = text_of(verdict, notes=["[/]"], model="a[red]b")
    assert cells(line)[1] == "a[red]b"
    assert rest == ["FAIL  [bold]why[/bold]", "note  [/]"]


def test_control_characters():
    """Line breaks and escape codes of models and reasons are written as in a Python string."""
    _, line, reason = text_of(verdict_of(record("failed", "one\ntwo \x1b[31mred")), model="a\nb\udcff")
    assert cells(line)[1] == r"a\nb\udcff"
    assert reason == r"FAIL  one\ntwo \x1b[31mred"


@pytest.mark.parametrize("count", [1, REASONS, REASONS + 1, REASONS + 20])
def test_reasons_are_capped(count):
    """At most so many reasons are shown, and how many more there are."""
    lines = text_of(verdict_of(*(record("failed", f"reason {number}") for number in range(count))))[2:]
    assert lines[:REASONS] == [f"FAIL  reason {number}" for number in range(min(count, REASONS))]
    assert lines[REASONS:] == (
        [f"FAIL  ner/small: {count - REASONS} more, see above or --verdict-json"] if count > REASONS else []
    )


def test_long_reason_stays_on_a_line():
    """A reason is not broken, whatever the width, so that it can be searched for; improvements and notes follow."""
    verdict = verdict_of(record("failed", "word " * 100 + "end"), record("improvement", "mended"))
    assert text_of(verdict, notes=["a note"])[2:] == [
        "FAIL  " + "word " * 100 + "end",
        "better  mended",
        "note  a note",
    ]


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "NO_COLOR", "COLUMNS"])
@pytest.mark.parametrize(("status", "code"), [("PASS", "32"), ("FAIL", "31"), ("INCOMPLETE", "33"), ("ERROR", "35")])
def test_colour(monkeypatch, status, code, variable):
    """Plain text has no escape codes, coloured text has the status in its colour, whatever the environment says."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, "1")
    assert "\x1b" not in "".join(text_of(with_status(status)))
    assert f"\x1b[1;{code}m{status}" in "".join(text_of(with_status(status), colour=True))
