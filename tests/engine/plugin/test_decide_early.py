"""--decide-early: a tier is decided by the first rows that are enough, and says on how many its figures rest."""

import hashlib
import itertools
import json
from collections import Counter
from types import SimpleNamespace

import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate.plugin.early import why_all_rows, why_these_rows
from swapgate.project.budgets import Budget
from swapgate.tasks import tasks

QUALITY = "\n\ndef test_quality(quality, budget):\n    assert quality >= budget.quality\n"
RIGHT = '{ against = "incumbent", metric = "right", margin = 0.02 }'
SWAP = "--swap=ner.small=models/candidate"
FIRST_LOOKS = (32, 63, 125)
"""At a set of 1,000 rows."""


def lines(count, same=False, **more):
    """Return a set in which each row names somebody else, or in which the same five are named again and again."""
    made = []
    for number in range(count):
        name = f"Name{number % 5 if same else number}"
        right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
        made.append(json.dumps({"id": f"row {number}", "text": f"{name} came.", "expected": right, **more}) + "\n")
    return "".join(made)


@pytest.fixture
def early(project):
    """Judge a small model that misses some rows, or a candidate in its place, by rows of which the first may do."""
    project.suite.write_text(project.suite.read_text() + QUALITY)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())
    known = {name: project.lexicon(name) for name in ("original", "small")}
    models = project.models_file.read_text()

    def run(
        *options,
        before=(),
        now=(),
        limit=RIGHT,
        text="",
        more="",
        select="quality and small",
        swap=SWAP,
        weaker=False,
        small="../../models/small",
    ):
        project.write("fixtures/ner/set.jsonl", text or lines(1_000))
        written = models.replace("gaps =", f"budget.quality = {limit}\n{more}\ngaps =")
        project.models_file.write_text(written.replace("../../models/small", small))
        differs = {"Zoe": ["PER", 0.9], **({"Ada": ["PER", 0.7]} if weaker else {})}
        for name, like, missed in (
            ("original", "original", ()),
            ("small", "small", before),
            ("candidate", "small", now),
        ):
            names = {f"Name{number}": ["PER", 0.9] for number in range(1_000) if number not in missed}
            words = {**known[like], **names, **(differs if name == "candidate" else {})}
            project.model(name, words, size=40 if name == "original" else 20)
        found = project.reports("-m", select, *filter(None, [swap]), *(options or ["--decide-early"]))
        found.tiers = {tier["tier"]: tier for tier in found.facts["tiers"]}
        found.quality = found.tiers["small"]["figures"]["quality"]
        found.verdict, found.said = found.tiers["small"]["verdict"], "\n".join(project.reasons(found.result))
        return found

    run.project = project
    return run


def asked(project):
    """Return how many inputs each model was asked for."""
    found = Counter()
    for line in project.events():
        if line.startswith("predict "):
            _, name, count = line.split()
            found[name] += int(count)
    return found


def test_passes(early, workers):
    """A candidate that loses nothing passes on some of the rows, no model is asked for others, and reports say so."""
    found = early("--decide-early", *workers, before=range(3), now=range(2, 5))
    rows = found.quality["rows"]
    assert (found.verdict, found.quality["of"]) == ("PASS", 1_000)
    assert 200 < rows < 600
    assert asked(early.project) == {"models/candidate": rows, "models/small": rows}
    told = f"on {rows} of 1,000 rows"
    assert told in found.markdown
    assert all(told in text for text in (found.quality["shown"], found.said))
    (beside,) = found.quality["comparisons"]
    assert beside["comparison"]["rows"] == rows
    assert 0.98 < beside["comparison"]["confidence"] < 0.999


@pytest.mark.parametrize(("lost", "most"), [(0.35, 125), (0.1, 400)])
def test_fails(early, lost, most):
    """The more a candidate loses, the fewer rows are asked until it fails; the bounds are told as what they are."""
    found = early(now=[number for number in range(1_000) if number % 100 < 100 * lost])
    assert (found.result.ret, found.verdict) == (1, "FAIL")
    assert found.quality["rows"] <= most
    assert f"decided early, on {found.quality['rows']} of 1,000 rows of fixtures/ner/set.jsonl" in found.said
    confidence = found.quality["comparisons"][0]["comparison"]["confidence"]
    assert f"({100 * confidence:.4g} % bounds " in found.said


@pytest.mark.parametrize("where", [range(100), range(900, 1_000)], ids=["first", "last"])
def test_order(early, where):
    """Rows come in an order of their own: losses at the end of a file are seen as soon as those at its beginning."""
    found = early(now=where)
    assert found.verdict == "FAIL"
    assert found.quality["rows"] < 600


def test_undecided(early):
    """Where all rows are needed the last look has a bound of its own, which is stricter than that of one look."""
    found = early(now=range(20))
    assert (found.verdict, found.quality["rows"], found.quality["of"]) == ("INCOMPLETE", 1_000, None)
    assert "(97.63 % bounds " in found.said
    assert "decided early" not in found.said
    assert "(--decide-early asks to be 97.63% sure, one look at all rows 95%)" in found.said


def test_every_limit(early):
    """A tier passes early only where each of its limits does, and its figures rest on the same rows."""
    beside_original = '{ against = "original", metric = "right", margin = 0.01 }'
    one, other = early(), early(limit=f"[{RIGHT}, {beside_original}]")
    assert one.quality["rows"] < other.quality["rows"] < 1_000
    assert {beside["comparison"]["rows"] for beside in other.quality["comparisons"]} == {other.quality["rows"]}


def test_beside_a_model_of_all_rows(early):
    """A tier that is judged beside no other is asked for all rows; of these the first judge another tier."""
    limit = '{ against = "original", metric = "right", margin = 0.02 }'
    found = early(limit=limit, before=range(3), select="quality and ner", swap="")
    rows = found.quality["rows"]
    assert (found.verdict, found.tiers["original"]["figures"]["quality"]["rows"]) == ("PASS", 1_000)
    assert asked(early.project) == {"models/original": 1_000, "models/small": rows}
    assert rows < 600
    assert len(found.quality["comparisons"][0]["comparison"]["lost"]) <= 3


FLOOR = '[{ at_least = 0.5, metric = "right" }, ' + RIGHT + "]"
RATIO = '[{ against = "incumbent", errors_at_most = 1.5 }, ' + RIGHT + "]"
F1 = '{ against = "incumbent", metric = "F1", margin = 0.02 }'
SLICES = "budget.slices = { kind = { margin = 0.05 } }"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limit": FLOOR}, "a floor is judged by all of them"),
        ({"limit": RATIO}, "errors_at_most is judged by all of them"),
        ({"limit": F1}, "F1 is no share or mean of them"),
        ({"more": SLICES, "text": lines(1_000, slices={"kind": "a"})}, "budget.slices judges parts of the set"),
        ({"text": lines(1_000, cluster="a")}, "they are in clusters"),
        ({"text": lines(1_000, same=True)}, "several rows have the same input"),
    ],
    ids=["floor", "ratio", "F1", "slices", "clusters", "repeated"],
)
def test_all_rows(early, changes, why):
    """What only all rows can show is judged by all, as without the option, and the reason is told."""
    found = early(before=range(3), now=range(2, 5), **changes)
    assert (found.quality["rows"], found.quality["of"]) == (1_000, None)
    assert f"not decided early, all rows were asked, for {why}" in found.said
    assert asked(early.project) == {"models/candidate": 1_000, "models/small": 1_000}
    if why.startswith("several"):
        return  # looks were taken before it was seen
    early.project.write("events.txt", "")
    again = early("--tb=short", before=range(3), now=range(2, 5), **changes)
    assert again.verdict == found.verdict
    for one, other in zip(again.quality["comparisons"], found.quality["comparisons"], strict=True):
        one, other = one["comparison"], other["comparison"]
        assert {*map(str, one["lost"])} == {*map(str, other["lost"])}
        figures = [{key: of[key] or 0 for key in ("value", "low", "high", "confidence")} for of in (one, other)]
        assert figures[0] == pytest.approx(figures[1], abs=0.005)


def test_rates_of_errors():
    """A rate of errors is judged by all rows: a few long ones may hold most of the words."""
    rates = [(task.output, name) for task in tasks().values() for name in task.output.capped]
    assert rates
    for output, name in rates:
        counted = SimpleNamespace(output=output, is_clustered=False, is_mean=lambda _: False)
        assert why_these_rows(counted, [name]) == f"{name} is no share or mean of them"


def test_small_set(early):
    """A set of too few rows for a look on the way is judged once, as without the option."""
    found = early(text=lines(30))
    assert found.quality["comparisons"][0]["comparison"]["confidence"] == 0.95


def test_anchors_are_of_all_rows(early):
    """An update remembers all rows, and says that nothing is decided early."""
    found = early("--decide-early", "--snapshot-update", select="small and not latency", swap="")
    anchor = early.project.golden().with_name("small.anchor.jsonl")
    assert len(anchor.read_text().splitlines()) == 1_001
    assert "nothing is decided early, for --snapshot-update remembers all rows" in found.said


def test_beside_an_anchor(early):
    """Rows that are remembered are compared as they are asked."""
    early("--snapshot-update", select="small and not latency", swap="")
    found = early(limit=f"[{RIGHT.replace('incumbent', 'anchor')}, {RIGHT}]", now=range(350))
    assert [beside["recorded"] for beside in found.quality["comparisons"]] == [True, False]
    assert found.verdict == "FAIL"
    assert found.quality["rows"] <= FIRST_LOOKS[-1]


SERVED = """
import lost


def make():
    return lambda texts: [[*found(text.split()[0])] for text in texts]


def found(name):
    if name.startswith("Name") and int(name[4:]) not in lost.LOST:
        yield {"entity_group": "PER", "score": 0.9, "word": name, "start": 0, "end": len(name)}
"""


def test_first_rows_that_are_alike(early):
    """That the first rows are as they were takes no limit away: of a function its digest does not tell what changed."""
    early.project.write("fn.py", SERVED)
    early.project.write("lost.py", "LOST = ()\n")
    limits = '[{ against = "anchor", margin = 0.02, metric = "right" }, { against = "original", margin = 0.3 }]'
    asks = {"limit": limits.replace("0.3", '0.3, metric = "right"'), "swap": "", "small": "fn:make"}
    early("--snapshot-update", select="small and not latency", **asks)
    order = sorted(range(1_000), key=lambda number: hashlib.sha256(f"row {number}".encode()).digest())
    early.project.write("lost.py", f"LOST = {set(order[FIRST_LOOKS[0] :: 16])}\n")
    found = early("--decide-early", **asks)
    assert found.verdict == "FAIL"
    assert "that of the anchor fn:make" in found.said


@pytest.mark.parametrize(("lost", "verdict"), [(60, "FAIL"), (20, "PASS"), (0, "PASS")])
def test_function_that_says_otherwise(early, lost, verdict):
    """A function of the same digest that is shown to be worse than its recorded rows is a FAIL; else it may waver."""
    early.project.write("fn.py", SERVED)
    early.project.write("lost.py", "LOST = ()\n")
    early("--snapshot-update", select="small and not latency", swap="", small="fn:make")
    early.project.write("lost.py", f"LOST = {set(range(lost))}\n")
    found = early("--tb=short", swap="", small="fn:make")
    assert found.verdict == verdict
    assert ("it says otherwise than in its recorded rows, which are used" in found.said) == (verdict == "FAIL")


@pytest.mark.parametrize("value", ["true", "false"])
def test_configuration(early, value):
    """The configuration of pytest may ask for it."""
    ini = early.project.path / "pytest.ini"
    ini.write_text(ini.read_text() + f"swapgate_decide_early = {value}\n")
    assert (early("--tb=short").quality["of"] == 1_000) == (value == "true")


def test_the_set_decides_for_cases(early):
    """An early PASS decides for a candidate that is less sure of a case, as one by all rows does."""
    early("--snapshot-update", select="small and not latency", swap="")
    verdicts = {}
    for missed in ((), range(15)):
        found = early(now=missed, select="small and not latency", weaker=True)
        verdicts[found.verdict] = found.quality["of"], "weaker, not counted: " in found.said
    assert verdicts == {"PASS": (1_000, True), "FAIL": (None, False)}


def test_other_inputs(early, monkeypatch):
    """Where two models were not asked the same rows nothing is compared."""
    numbers = itertools.count()
    monkeypatch.setattr("swapgate.trials.evaluating.input_digest", lambda _: f"{next(numbers):016x}")
    found = early()
    assert found.verdict == "ERROR"
    assert "models/candidate and models/small were not asked the same of row 'row " in found.said


def test_rows_of_several_kinds():
    """Where different figures judge rows of different kinds the first rows decide nothing: all may be of one kind."""
    kinds = {name for name, task in tasks().items() if why_all_rows((), Budget(), task.output)}
    assert kinds == {"text-generation"}
