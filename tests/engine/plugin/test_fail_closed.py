"""What could make a verdict look better than it is, and does not."""

import pytest

BY_HAND = "@pytest.mark.xfail\ndef test_expected("
UNWORDED = """
import pytest

pytestmark = pytest.mark.task("ner")


def test_answers(prediction, expected):
    assert prediction == expected


def test_memory(prediction, golden):
    assert prediction == golden


def test_weight(size, budget):
    assert size <= budget.size
"""


def test_unreadable_test_file_that_is_passed_over(recorded):
    """A test file that cannot be imported keeps exit status 1 where pytest goes on without it."""
    recorded.write("tests/test_mine.py", "import nothing_of_this_name\n")
    result = recorded.run("--continue-on-collection-errors", "-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "PASS", "small": "PASS"})


@pytest.mark.parametrize("name", ["ner/tiny.json", "sentiment/small.json"], ids=["tier", "task"])
def test_golden_of_no_row(recorded, name):
    """A golden of a tier that the models file has not is red before a model runs, whatever is selected."""
    path = recorded.golden().parents[1] / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(recorded.golden().read_text())
    (path.parent / ".half.json").write_text("")
    result = recorded.run("-k", "expected and original")
    assert result.ret == 4
    row, shown = name.replace("/", ".").removesuffix(".json"), path.relative_to(recorded.pytester.path)
    result.stderr.fnmatch_lines(
        f"ERROR: {shown}: fixtures/models/embedded.toml has no row {row} that this golden could be of; write that row,"
        f" or remove the golden: git rm {shown}"
    )


def test_misspelt_tier(recorded):
    """A tier whose name was changed leaves a golden of no row; the row that it may be of is named."""
    recorded.replace(recorded.models_file, "[ner.small]", "[ner.smal]")
    result = recorded.run("-k", "golden")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: golden/embedded/ner/small.json: *has no row ner.small that this golden could be of; ner.smal has none:"
        " mend its name, or remove the golden: git rm golden/embedded/ner/small.json"
    )


def test_xfail_by_hand(recorded):
    """A failing test that is marked xfail by hand is INCOMPLETE: only the models file lists known gaps."""
    recorded.replace(recorded.suite, "def test_expected(", BY_HAND)
    recorded.retrain("small", Ada=None)
    result = recorded.run("-k", "expected and small and ada")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result)[0] == (
        "INCOMPLETE  ner/small expected 'ada': marked xfail; list it as a known gap in the models file instead"
    )


def test_xfail_by_hand_that_passes(recorded):
    """A passing test that is marked xfail by hand is no PASS either."""
    recorded.replace(recorded.suite, "def test_expected(", BY_HAND)
    result = recorded.run("-k", "expected and small and ada")
    assert result.ret in (1, 7)
    assert recorded.verdicts(result)["small"] != "PASS"
    assert "marked xfail" in recorded.reasons(result)[0]


def test_runxfail(recorded):
    """--runxfail neither excuses a mended gap nor makes a known one red."""
    assert recorded.run("--runxfail", "-m", "small and not latency").ret == 0
    recorded.replace(recorded.models_file, "gaps = {", 'gaps = { ada = "it was ill",')
    result = recorded.run("--runxfail", "-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})


@pytest.mark.parametrize(
    "line",
    ["assert prediction == expected", "assert prediction == golden", "assert size <= budget.size"],
    ids=["expected", "golden", "size"],
)
def test_nothing_compared(recorded, line):
    """A suite test that asks for something to compare with and compares nothing is INCOMPLETE."""
    recorded.replace(recorded.suite, line, "pass")
    result = recorded.run("-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result)[0].endswith("the test compared nothing; assert with == or <=")


def test_nothing_measured(recorded):
    """A figure that says of itself that it holds, and was never measured, is INCOMPLETE."""
    recorded.replace(recorded.suite, "assert size <= budget.size", "size.holds = True")
    result = recorded.run("-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})


@pytest.mark.parametrize("check", ["expected", "golden", "size"])
def test_without_assert(recorded, check):
    """A comparison that nobody asserts counts all the same."""
    recorded.suite.write_text(
        recorded.suite.read_text()
        .replace("assert prediction == ", "prediction == ")
        .replace("assert size <=", "size <=")
        .replace("import pytest", "import pytest\n# ruff: noqa: B015")
    )
    assert recorded.run("-k", "(ada or size) and small", "-m", "not latency").ret == 0
    recorded.model("small", {**recorded.lexicon("small"), "Ada": ["LOC", 0.9]}, size=40)
    result = recorded.run("-k", f"{check} and small and not left_out", "-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})


def test_two_comparisons(recorded):
    """Where a test compares twice without an assert, the second comparison does not make up for the first."""
    recorded.replace(
        recorded.suite,
        "    assert prediction == expected",
        "    type(prediction)(()) == expected\n    prediction == expected",
    )
    result = recorded.run("-k", "expected and small and ada")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})


def test_property_of_the_same_name(recorded):
    """What a test records under the plugin's name, for JUnit, does no harm."""
    recorded.replace(
        recorded.suite,
        "def test_size(size, budget):\n",
        'def test_size(size, budget, record_property):\n    record_property("swapgate", "x")\n',
    )
    recorded.write("tests/test_mine.py", 'def test_mine(record_property):\n    record_property("swapgate", "x")\n')
    result = recorded.run("-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


@pytest.mark.parametrize("score", [1.5, -0.5])
def test_unsound_score_is_never_recorded(recorded, score):
    """A score that is no probability is a FAIL, also in an update, and no golden takes it."""
    before = recorded.golden().read_bytes()
    recorded.drift("small", Ada=score)
    result = recorded.run("-k", "golden and small", "--snapshot-update")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert f"has the score {score}, which is not between 0 and 1" in recorded.reasons(result)[0]
    assert recorded.golden().read_bytes() == before


def test_checks_by_other_names(recorded):
    """Checks and known gaps are known by what a test asks for, whatever the test is called."""
    recorded.suite.write_text(UNWORDED)
    result = recorded.run("-m", "small")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})
    row = "ner/small models/small 2/3 3/3 not selected 1 no evaluation set not selected 0.66 (≤ 0.9) PASS"
    assert " ".join(recorded.table(result)[1].split()) == row


def test_latency_by_another_name(recorded):
    """A latency test that is called otherwise counts as latency."""
    recorded.replace(recorded.suite, "def test_latency(", "def test_speed(")
    result = recorded.run("-k", "speed and small", "--benchmark-disable")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "not measured" in recorded.table(result)[1]


@pytest.mark.parametrize("check", ["expected", "size"])
def test_weights_that_only_the_digest_would_miss(recorded, check):
    """Truncated weights are an ERROR whatever was selected, not a PASS or a smaller size."""
    weights = recorded.path / "models/small/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    result = recorded.run("-k", f"{check} and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})


def test_known_gap_without_assert(recorded):
    """A known gap is one also where the suite compares without an assert."""
    recorded.replace(recorded.suite, "assert prediction == expected", "prediction == expected")
    result = recorded.run("-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})
