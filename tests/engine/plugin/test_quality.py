"""Quality: a model judged on an evaluation set beside its incumbent or another tier, from the rows to the verdict."""

import json

import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate.verdicts.terminal import FLIPS

SUITE = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""
LABELS = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\n'
RIGHT = '{ against = "incumbent", metric = "right", margin = 0.02 }'
TO_ORIGINAL = '{ against = "original", metric = "right", margin = 0.05 }'
RATIO = '{ against = "incumbent", errors_at_most = 1.5 }'
TRIAL = "(models/candidate, swapped in for models/small)"
SATURATED = (
    "both are right on more than 99% of the 1,000 rows: the least loss that could be FAIL is 28 of 1,000 rows, 2.8%;"
    " add harder ones"
)
KEEP = f"{TRIAL}; keep models/small, or loosen budget.quality in fixtures/models/embedded.toml"


def rows(count, first=0):
    """Return the lines of a set in which each row names somebody else."""
    for number in range(first, first + count):
        name = f"Name{number}"
        right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
        yield json.dumps({"id": f"row {number}", "text": f"{name} came.", "expected": right}) + "\n"


@pytest.fixture
def judge(project):
    """Judge a small model that misses some rows, or a candidate in its place, beside an original that misses none."""
    project.suite.write_text(project.suite.read_text() + SUITE)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())

    def model(name, missed, strange):
        known = {f"Name{number}": ["PER", 0.9] for number in range(1_000) if number not in missed}
        project.model(name, {**known, **strange})

    def run(*options, count=1_000, before=(), now=None, limit=RIGHT, select="quality and small", **strange):
        project.write("fixtures/ner/set.jsonl", "".join(rows(count)))
        if limit:
            project.replace(project.models_file, "gaps =", f"budget.quality = {limit}\ngaps =")
        model("original", (), strange.get("original", {}))
        model("small", before, strange.get("small", {}))
        if now is not None:
            model("candidate", now, strange.get("candidate", {}))
            options += ("--swap=ner.small=models/candidate",)
        return project.run("-m", select, *options)

    run.project = project
    run.reasons, run.verdicts, run.table = project.reasons, project.verdicts, project.table
    return run


def test_loses_nothing(judge):
    """A swap that gains as much as it loses passes, and its flips are listed, the lost ones first."""
    result = judge(before=range(3), now=range(2, 5))
    assert (result.ret, judge.verdicts(result)) == (0, {"small": "PASS"})
    assert "right 0.997 (+0.000 ≥ -0.020)" in judge.table(result)[1]
    told, *flips = judge.reasons(result)
    assert told == f"note  ner/small: right 0.997 (+0.000 ≥ -0.020): {SATURATED}"
    assert flips == [
        "lost  ner/small row 'row 3' 'Name3 came.': PER 'Name3' 0-5 was not found",
        "lost  ner/small row 'row 4' 'Name4 came.': PER 'Name4' 0-5 was not found",
        "gained  ner/small row 'row 0' 'Name0 came.'; models/small: PER 'Name0' 0-5 was not found",
        "gained  ner/small row 'row 1' 'Name1 came.'; models/small: PER 'Name1' 0-5 was not found",
    ]


def sure(score):
    """Return what a model says of fifty names that it gets wrong."""
    return {f"Name{number}": ["ORG", score] for number in range(50)}


@pytest.mark.parametrize(
    ("score", "more", "told"),
    [
        (0.999, "", True),
        (0.61, "", False),
        (0.3, "", False),
        (0.999, ', { against = "incumbent", metric = "Brier", margin = 0.5 }', False),
    ],
)
def test_surer_of_what_is_wrong(judge, score, more, told):
    """A swap that gets the same rows wrong, and is surer of them, passes and is told, unless a limit judges that."""
    result = judge(small=sure(0.6), now=(), candidate=sure(score), limit=f"[{RIGHT}{more}]")
    assert judge.verdicts(result) == {"small": "PASS"}
    words = "its scores are further from how often it is right: log loss 0.4"
    assert [words in line for line in judge.reasons(result) if "how often" in line] == [True] * told


def test_loses_clearly(judge):
    """A swap that loses more than the margin fails with what was found and allowed, and many flips are counted."""
    result = judge(before=range(2), now=range(2, 92))
    assert (result.ret, judge.verdicts(result)) == (1, {"small": "FAIL"})
    reason, seen, *flips = judge.reasons(result)
    assert seen.startswith("note  ner/small: seen after the fact, length = ")
    assert reason == (
        "FAIL  ner/small: right 0.9100, that of models/small 0.9980: -0.0880 (95 % bounds -0.1042 and -0.0739), allowed"
        f" -0.02; 90 rows lost and 2 gained of 1,000 {KEEP}"
    )
    assert [flip.split("  ")[0] for flip in flips] == ["lost"] * (FLIPS + 1) + ["gained"] * 2
    assert flips[FLIPS] == f"lost  ner/small: {90 - FLIPS} more rows; all in --verdict-json"


@pytest.mark.parametrize(
    ("body", "status", "verdict"), [("quality >= budget.quality", 1, "FAIL"), ("pass", 7, "INCOMPLETE")], ids="ab"
)
def test_without_assert(judge, body, status, verdict):
    """A comparison that nobody asserts counts all the same, and one that is not made is INCOMPLETE."""
    judge.project.replace(judge.project.suite, "assert quality >= budget.quality", body)
    result = judge(now=range(90))
    assert (result.ret, judge.verdicts(result)) == (status, {"small": verdict})


def test_too_few_rows(judge):
    """Where the rows decide nothing, the verdict is INCOMPLETE and says about how many are needed."""
    result = judge(count=100, before=range(2), now=range(2, 4))
    assert (result.ret, judge.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert judge.reasons(result)[0].startswith(
        "INCOMPLETE  ner/small: right 0.9800, that of models/small 0.9800: +0.0000"
    )
    assert (
        "too few rows: about 947 needed if it loses nothing; give a larger set with --eval-set"
        in judge.reasons(result)[0]
    )
    assert "both are right on more than" not in judge.reasons(result)[0]


@pytest.mark.parametrize("metric", ["right", "F1"])
def test_saturated(judge, metric):
    """A set on which both are right nearly always is told of, with the loss that it could show."""
    limit = RIGHT.replace("right", metric)
    result = judge(count=100, now=(), limit=limit, candidate={"Zoe": ["PER", 0.9]})
    assert judge.verdicts(result) == {"small": "INCOMPLETE"}
    least = {"right": "5 of 100 rows, 5.0%", "F1": "20 of 100 rows, 20.0%"}[metric]
    assert f"of the 100 rows: the least loss that could be FAIL is {least}; add harder" in judge.reasons(result)[0]


@pytest.mark.parametrize(("lost", "words"), [(0, ""), (7, "7 lost and 0 gained of 100, too few rows: ")])
def test_watched_and_undecided(judge, lost, words):
    """A slice that is watched and undecided is told and no FAIL; of one that is clearly as good nothing is said."""
    lines = [json.loads(line) for line in rows(1_000)]
    for number, row in enumerate(lines):
        row["slice"] = "de" if number < 100 else "en"
    watch = "budget.slices.watch = { margin = 0.05 }"
    judge.project.replace(judge.project.models_file, "gaps =", f"{watch}\ngaps =")
    file = judge.project.write("sliced.jsonl", "".join(f"{json.dumps(row)}\n" for row in lines))
    result = judge(f"--eval-set=ner={file}", now=range(lost), candidate={"Zoe": ["PER", 0.9]})
    assert judge.verdicts(result) == {"small": "PASS"}
    told = [line for line in judge.reasons(result) if "watched and undecided" in line]
    assert bool(told) == bool(words)
    assert all(f"watched and undecided, slice = 'de': {words}" in line for line in told)


@pytest.mark.parametrize(
    ("limit", "now", "verdict", "words"),
    [
        (
            "language.de = { margin = 0.2 }",
            range(3),
            "PASS",
            "language = 'de' holds its limit: F1 0.992 (-0.008 ≥ -0.200)",
        ),
        ("language.de = { margin = 0.2 }", range(20), "INCOMPLETE", "language = 'de' holds its limit: F1 0.947 "),
        (
            "language.de = { margin = 0.2 }",
            range(90),
            "FAIL",
            "seen after the fact, length = 'shortest third': 90 lost",
        ),
        ("watch = { margin = 0.2 }", range(20), "INCOMPLETE", "2 watched slices are within the limit"),
        ("", range(20), "INCOMPLETE", "seen after the fact, language = 'de': 20 lost and 0 gained of 200"),
    ],
    ids=["pass", "incomplete", "fail", "watched", "seen"],
)
def test_slices_are_told(judge, limit, now, verdict, words):
    """What came of slices is told whatever the whole set comes to: a limit that holds, and those that lost most."""
    lines = [json.loads(line) for line in rows(1_000)]
    for number, row in enumerate(lines):
        row["slices"] = {"language": "de" if number < 100 or number >= 900 else "en"}
    if limit:
        judge.project.replace(judge.project.models_file, "gaps =", f"budget.slices.{limit}\ngaps =")
    file = judge.project.write("sliced.jsonl", "".join(f"{json.dumps(row)}\n" for row in lines))
    result = judge(f"--eval-set=ner={file}", now=now)
    assert judge.verdicts(result) == {"small": verdict}
    told = [line for line in judge.reasons(result) if line.startswith("note  ner/small: ")]
    assert any(words in line for line in told), told


@pytest.mark.parametrize(
    ("limit", "now", "keys"),
    [
        ('slices."the language"."de, at" = { margin = 0.1 }', 60, 'budget.slices."the language"."de, at"'),
        ("slices.watch = { margin = 0.1 }", 60, "budget.slices.watch"),
        (
            'slices."the language"."de, at" = { margin = 0.1 }',
            190,
            'budget.quality and budget.slices."the language"."de, at"',
        ),
    ],
    ids=["named", "watched", "both"],
)
def test_key_that_is_loosened(judge, limit, now, keys):
    """A FAIL names the keys of the limits that were not held, and no other."""
    lines = [json.loads(line) for line in rows(1_000)]
    for number, row in enumerate(lines):
        row["slices"] = {"the language": "de, at" if number < 200 else "en"}
    judge.project.replace(judge.project.models_file, "gaps =", f"budget.{limit}\ngaps =")
    file = judge.project.write("sliced.jsonl", "".join(f"{json.dumps(row)}\n" for row in lines))
    result = judge(f"--eval-set=ner={file}", now=range(now), limit=RIGHT.replace("0.02", "0.1"))
    assert judge.verdicts(result) == {"small": "FAIL"}
    assert f"; keep models/small, or loosen {keys} in fixtures/models/embedded.toml" in judge.reasons(result)[0]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            "watch = { margin = 0.05, fewest = 300 }",
            "the largest slice without a limit, slice = 'de', has 200 rows, and",
        ),
        (
            "watch = { margin = 0.05 }\nbudget.slices.slice = { margin = 0.1 }",
            "no row carries another slice than those",
        ),
    ],
    ids=["too few", "named"],
)
def test_none_is_watched(judge, limits, words):
    """A limit of watched slices that looks at none says so, and how large the largest is."""
    lines = [json.loads(line) for line in rows(1_000)]
    for row in lines[:200]:
        row["slice"] = "de"
    judge.project.replace(judge.project.models_file, "gaps =", f"budget.slices.{limits}\ngaps =")
    file = judge.project.write("sliced.jsonl", "".join(f"{json.dumps(row)}\n" for row in lines))
    result = judge(f"--eval-set=ner={file}", now=(), candidate={"Zoe": ["PER", 0.9]})
    assert judge.verdicts(result) == {"small": "PASS"}
    assert any(f"budget.slices.watch looks at none: {words}" in line for line in judge.reasons(result))


def test_set_that_nothing_measures(judge, workers):
    """A suite whose files have no test of quality is told that nothing measures its evaluation set."""
    words = "note  ner: no test measures its evaluation set, fixtures/ner/set.jsonl; write into a test file of it, for"
    assert not any("no test measures" in line for line in judge.reasons(judge(*workers)))
    judge.project.replace(judge.project.suite, SUITE, "")
    found = judge.project.run(*workers)
    assert any(line.startswith(words) for line in judge.reasons(found))
    assert not any("no test measures" in line for line in judge.reasons(judge.project.run("-k", "golden", *workers)))


def test_loss_at_the_margin(judge):
    """Where more rows would hardly help, none are asked for."""
    result = judge(now=range(20))
    assert judge.verdicts(result) == {"small": "INCOMPLETE"}
    assert "too few rows: it loses about what is allowed; give a larger set with --eval-set" in judge.reasons(result)[0]


@pytest.mark.parametrize(
    ("now", "verdict"),
    [(range(10, 30), "PASS"), (range(90), "FAIL"), (range(20, 70), "INCOMPLETE")],
    ids=["even", "much", "about the margin"],
)
def test_figure_that_is_no_share(judge, now, verdict):
    """Where nothing else is said, a swap is judged by the task's first figure, resampled, and two points."""
    result = judge(before=range(20), now=now, limit=None)
    assert judge.verdicts(result) == {"small": verdict}
    assert ("< -0.020)" if verdict == "FAIL" else "≥ -0.020)") in judge.table(result)[1]
    assert "F1 " in judge.table(result)[1]


@pytest.mark.parametrize(
    ("now", "count", "verdict", "words"),
    [
        (range(0), 1_000, "PASS", "at most 0.30% of the rows got worse (0 of 1,000 did and 0 differ: too few to"),
        (range(5), 1_000, "PASS", "at most 1.05% of the rows got worse (5 of 1,000 did and 5 differ: too few to"),
        (
            range(0),
            140,
            "INCOMPLETE",
            "too few rows: about 149 needed if it loses nothing; give a larger set with --eval-set",
        ),
        (range(15), 1_000, "INCOMPLETE", "too few rows: about 5,"),
    ],
    ids=["none", "five", "few", "many"],
)
def test_hardly_a_row_differs(judge, now, count, verdict, words):
    """Where hardly a row differs the claim is the share of rows that got worse, and it is told where it passes too."""
    result = judge(now=now, count=count, limit=None, candidate={"Other": ["PER", 0.9]})
    assert judge.verdicts(result) == {"small": verdict}
    assert words in judge.reasons(result)[0]
    assert judge.reasons(result)[0].startswith(verdict if verdict != "PASS" else "note  ner/small: F1")
    assert "the claim is that" in judge.reasons(result)[0]


@pytest.mark.parametrize(("missed", "status", "verdict"), [(50, 0, "PASS"), (150, 1, "FAIL"), (95, 7, "INCOMPLETE")])
def test_floor(judge, missed, status, verdict):
    """A floor is judged without a swap, by bounds of the figure itself, and shown with what it must reach."""
    result = judge("--verdict-json=verdict.json", before=range(missed), limit='{ at_least = 0.9, metric = "right" }')
    assert (result.ret, judge.verdicts(result)) == (status, {"small": verdict})
    assert f"right {1 - missed / 1000:.3f} ({'<' if missed > 100 else '≥'} 0.900)" in judge.table(result)[1]
    quality = json.loads((judge.project.path / "verdict.json").read_text())["tiers"][0]["figures"]["quality"]
    (floor,) = quality["floors"]
    assert (floor["at_least"], floor["at_most"], floor["rows"], quality["comparisons"]) == (0.9, None, 1_000, [])
    assert floor["low"] < floor["value"] < floor["high"]
    if verdict == "FAIL":
        assert judge.reasons(result) == [
            "FAIL  ner/small: right 0.8500 (95 % bounds 0.8302 and 0.8683), allowed ≥ 0.9; 1,000 rows (models/small);"
            " train it longer, or loosen budget.quality in fixtures/models/embedded.toml"
        ]
    if verdict == "INCOMPLETE":
        assert "allowed ≥ 0.9; 1,000 rows: too few rows: about 3" in judge.reasons(result)[0]


def test_floor_of_a_swap(judge):
    """A candidate is judged by its incumbent's floor and beside the incumbent."""
    strange = {"Other": ["PER", 0.9]}
    result = judge(before=range(250), now=range(250), limit="{ at_least = 0.9 }", candidate=strange)
    assert (result.ret, judge.verdicts(result)) == (1, {"small": "FAIL"})
    assert "F1 0.857 (< 0.900), F1 0.857 (+0.000 ≥ -0.020)" in judge.table(result)[1]


def test_same_inputs_count_once(judge):
    """Fifty inputs twelve times over are fifty: too few for two points, and the message says so."""
    judge(count=50)
    fifty = [json.loads(line) for line in rows(50)]
    lines = [json.dumps({**row, "id": f"{row['id']} again {time}"}) for time in range(12) for row in fifty]
    judge.project.write("again.jsonl", "\n".join(lines))
    judge.project.model("candidate", {f"Name{number}": ["PER", 0.9] for number in range(49)})
    options = ("--swap=ner.small=models/candidate", "--eval-set=ner=again.jsonl")
    result = judge.project.run("-m", "quality and small", *options)
    assert judge.verdicts(result) == {"small": "INCOMPLETE"}
    assert (
        "12 rows lost and 0 gained of 600; the 600 rows have 50 different inputs, and each counts once"
        in (judge.reasons(result)[0])
    )


@pytest.mark.parametrize(("missed", "status", "verdict"), [(10, 0, "PASS"), (90, 1, "FAIL"), (50, 7, "INCOMPLETE")])
def test_other_tier(judge, missed, status, verdict):
    """A budget against another tier is judged without a swap; no flips are listed, for none took place."""
    result = judge(before=range(missed), limit=TO_ORIGINAL)
    assert (result.ret, judge.verdicts(result)) == (status, {"small": verdict})
    sign = "<" if missed > 50 else "≥"
    assert f"right {1 - missed / 1000:.3f} ({-missed / 1000:+.3f} {sign} -0.050)" in judge.table(result)[1]
    assert len(judge.reasons(result)) == (verdict != "PASS")
    if verdict == "FAIL":
        assert judge.reasons(result)[0].endswith(
            "train it longer, or loosen budget.quality in fixtures/models/embedded.toml"
        )


def test_without_a_swap(judge):
    """Where there is nothing to compare with, the figure alone is shown."""
    result = judge(before=range(100))
    assert (result.ret, judge.reasons(result)) == (0, [])
    assert "F1 0.947" in judge.table(result)[1]


@pytest.mark.parametrize(
    ("before", "now", "verdict", "words"),
    [
        (range(60), range(30, 90), "PASS", "60 errors (1.00 ≤ 1.5)"),
        (
            range(60),
            range(150),
            "FAIL",
            "150 rows are wrong, 2.50 times the 60 of models/small, allowed 1.5; 90 rows lost",
        ),
        (range(60), range(10, 90), "INCOMPLETE", "too few rows: it loses about what is allowed"),
        (range(50), range(150), "INCOMPLETE", "about 1,020 needed, for a ratio is judged above 50 errors of the ref"),
        (
            range(0),
            range(150),
            "INCOMPLETE",
            "too few rows: a ratio is judged above 50 errors of the reference; give a",
        ),
        (range(60), range(60), "PASS", "60 errors (1.00 ≤ 1.5)"),
    ],
    ids=["even", "much", "near", "fifty", "none", "same"],
)
def test_ratio_of_errors(judge, before, now, verdict, words):
    """A ratio of errors is judged where the incumbent makes more than fifty, and enough of them are others."""
    result = judge(before=before, now=now, limit=RATIO, candidate={"Other": ["PER", 0.9]})
    assert judge.verdicts(result) == {"small": verdict}
    assert words in "\n".join(judge.table(result))


def test_several_limits(judge):
    """Each limit is judged, all that fail are named in one message, and the flips are listed once."""
    result = judge(before=range(60), now=range(200), limit=f"[{RIGHT}, {RATIO}, {TO_ORIGINAL}]")
    reason, *others = judge.reasons(result)
    assert [
        words.split(",")[0]
        for words in reason.split(": ", 1)[1].split("; ")
        if " that of " in words or "wrong" in words
    ] == [
        "right 0.8000",
        "200 rows are wrong",
        "right 0.8000",
    ]
    assert [line.partition("  ")[0] for line in others] == ["note"] + ["lost"] * (FLIPS + 1)


def test_candidates_own_limit(judge):
    """A candidate is judged by its incumbent's limit, not by one that it brings."""
    own = f'model = "models/candidate"\n{LABELS}budget.quality = {RIGHT.replace("0.02", "0.9")}\n'
    judge.project.write("candidate.toml", own)
    judge(now=range(90))
    result = judge.project.run("-m", "quality and small", "--swap=ner.small=candidate.toml")
    assert (result.ret, judge.verdicts(result)) == (1, {"small": "FAIL"})
    assert "allowed -0.02;" in judge.reasons(result)[0]
    assert "budget of candidate.toml not used" in judge.reasons(result)[-1]


def test_same_in_two_processes(judge):
    """Two processes give the same figures as one."""
    tables = [judge.table(judge(before=range(20), now=range(10, 30), limit=None, select="quality"))]
    tables.append(judge.table(judge.project.run("-m", "quality", "-n", "2", "--swap=ner.small=models/candidate")))
    assert tables[0] == tables[1]
    assert "F1 0.990" in tables[0][2]
