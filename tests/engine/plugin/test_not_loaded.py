"""A model that cannot be loaded: one ERROR a tier, found once, and no property that runs on it."""

import pytest

PROPERTIES = """

from hypothesis import given, strategies as st

from swapgate.core.faults import Fault

@given(text=st.text(min_size=1))
def test_quiet(model, text):
    assert model.predict([text]) == model.predict([text])

@given(text=st.sampled_from(["", " "]))
def test_refused(model, text):
    with pytest.raises(Fault, match="again"):
        model.predict([text])
"""
WORDS = ("Ada", "It", "Siemens")
"""A word of each case."""
ERROR = "ner/small: models/small cannot be loaded: no space left on device; free some and run again"


@pytest.fixture
def broken(recorded):
    """A project with properties, of which one takes any fault for a refusal, and a model that cannot be loaded."""
    recorded.suite.write_text(recorded.suite.read_text() + PROPERTIES)
    recorded.retrain("small", NO_DISK=["PER", 1])
    (recorded.path / "events.txt").unlink()
    return recorded


def test_told_once(broken):
    """The model is loaded once, the error stands once above and once below the table, the other tests are untested."""
    result = broken.run("-m", "small and not latency")
    assert (result.ret, broken.verdicts(result), broken.events()) == (7, {"small": "ERROR"}, ["load models/small"])
    assert broken.reasons(result) == [f"ERROR  {ERROR}"]
    assert sum("no space left" in line for line in result.outlines) == 2
    counts = result.parseoutcomes()
    assert (counts["errors"], counts["untested"], counts["passed"]) == (1, 7, 1)


def test_no_property_passes(broken):
    """A property that expects a refusal does not take this for it, and none leaves its notes in the message."""
    facts = broken.reports("-m", "small", "-k", "refused or quiet").facts["tiers"][0]
    assert facts["counts"] == {"properties": {"error": 2}}
    assert [reason["message"] for reason in facts["reasons"]] == [ERROR]


def test_each_test_keeps_its_record(broken, workers):
    """In one process and in two every check that was not made counts as an ERROR, and JUnit has it."""
    reports = broken.reports("-m", "small and not latency", *workers)
    assert reports.facts["tiers"][0]["counts"] == {
        "expected": {"error": 3},
        "golden": {"error": 3},
        "properties": {"error": 2},
        "size": {"passed": 1},
    }
    assert len([*reports.junit.iter("error"), *reports.junit.iter("failure")]) == 8


def test_other_tier_tells_its_own(broken):
    """Two tiers that cannot be loaded are two errors."""
    broken.retrain("original", NO_DISK=["PER", 1])
    result = broken.run("-m", "not latency", "-k", "expected")
    assert sum("no space left" in line for line in result.outlines) == 4
    assert result.parseoutcomes()["untested"] == 4


@pytest.fixture
def unfit(recorded):
    """A project with properties, and a model that loads and crashes whatever it is given."""
    recorded.suite.write_text(recorded.suite.read_text() + PROPERTIES)
    recorded.retrain("small", **{word: ["UNFIT", 1] for word in WORDS})
    (recorded.path / "events.txt").unlink()
    return recorded


UNFIT = (
    "ner/small: models/small crashes whatever it is given (RuntimeError: The size of tensor a (28) must match the size"
    " of tensor b (54)); its files or settings do not fit together: mend them, or save the model again"
)


def test_crash_at_everything_is_told_once(unfit):
    """A model that crashes on each case is one error of its surroundings, and no property searches on."""
    result = unfit.run("-m", "small and not latency")
    assert (result.ret, unfit.verdicts(result)) == (7, {"small": "ERROR"})
    assert unfit.reasons(result) == [f"ERROR  {UNFIT}"]
    assert len([line for line in unfit.events() if line.startswith("predict")]) < 6


@pytest.mark.parametrize("keyword", ["refused or quiet", "latency", "expected", "golden"])
def test_crash_at_everything_whoever_asks(unfit, keyword):
    """It is that whichever check asks first."""
    result = unfit.run("-m", "small", "-k", keyword)
    assert (result.ret, unfit.verdicts(result)) == (7, {"small": "ERROR"})
    assert unfit.reasons(result) == [f"ERROR  {UNFIT}"]


def test_crash_at_some(unfit):
    """A model that answers one case is at fault where it crashes."""
    unfit.retrain("small", Siemens=None)
    result = unfit.run("-m", "small", "-k", "expected")
    assert (result.ret, unfit.verdicts(result)) == (1, {"small": "FAIL"})
    assert "ner/small 'ada': the model crashed: RuntimeError: The size of tensor a" in unfit.reasons(result)[0]


def test_no_property_of_a_model_that_says_nothing_sound(unfit):
    """A model whose every answer is NaN fails, and its properties fail by that at once."""
    unfit.retrain("small", **{word: ["PER", "nan"] for word in WORDS})
    result = unfit.run("-m", "small", "-k", "refused or quiet")
    assert (result.ret, unfit.verdicts(result)) == (1, {"small": "FAIL"})
    assert all("a score that is NaN or infinite (models/small)" in line for line in unfit.reasons(result))
    assert len([line for line in unfit.events() if line.startswith("predict")]) < 6
