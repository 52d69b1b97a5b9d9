"""Properties of a suite: what a broken one says, and what a known gap of one excuses."""

import re

import pytest

PROPERTY = """

from hypothesis import given, strategies as st

@given(text=st.sampled_from(["It rained.", "Ada", "Paris", "Siemens"]))
def test_silent(model, text):
    assert not model.predict([text])[0].entities
"""
TWO_WAYS = """

@given(text=st.sampled_from(["It rained.", "Ada", "Paris"]))
def test_two_ways(model, text):
    for entity in model.predict([text])[0].entities:
        assert entity.label != "PER"
        assert entity.label != "LOC"
"""
COUNTED = """

@given(number=st.integers(0, 10**9))
def test_counted(tier, number):
    with open("suite.txt", "a") as file:
        print(number, file=file)
"""
COUNTED_ELSEWHERE = COUNTED.replace("tier, ", "").replace("suite", "mine")
GAP = 'property_gaps.silent = {{ example = {{ text = "{}" }}, reason = "it finds names" }}\n'


def calls(project):
    """Return the predictions that were made, and forget them."""
    found = [event for event in project.events() if event.startswith("predict")]
    (project.path / "events.txt").unlink()
    return found


@pytest.fixture
def keeping(recorded):
    """A project whose suite has a property that no model keeps, and its models file."""

    def add(gap=""):
        recorded.suite.write_text(recorded.suite.read_text() + PROPERTY)
        recorded.replace(recorded.models_file, "gaps =", f"{gap}gaps =")
        (recorded.path / "events.txt").unlink()

    recorded.add = add
    return recorded


def test_broken_property(keeping):
    """A property that a model does not keep is red, and counts in its own column."""
    keeping.add()
    result = keeping.run("-k", "small and silent")
    assert (result.ret, keeping.verdicts(result)) == (1, {"small": "FAIL"})
    assert " 0/1 " in keeping.table(result)[1]


def test_property_gap(keeping):
    """Of a property with a known gap only the counterexample is run, once."""
    keeping.add(GAP.format("Ada"))
    result = keeping.run("-k", "small and silent")
    assert (result.ret, keeping.verdicts(result)) == (0, {"small": "PASS"})
    result.assert_outcomes(xfailed=1, deselected=17)
    assert calls(keeping) == ["predict models/small 1"]


def test_property_gap_is_strict(keeping):
    """A counterexample that passes is red, and the message names the line to remove."""
    keeping.add(GAP.format("It rained."))
    result = keeping.run("-k", "small and silent")
    assert result.ret == 1
    assert keeping.reasons(result) == [
        "FAIL  ner/small silent passes, but is listed as a known gap (it finds names);"
        " remove property_gaps.silent from [ner.small] in fixtures/models/embedded.toml"
    ]


def test_property_gap_mended_by_a_candidate(keeping):
    """A candidate that passes the counterexample, and keeps the whole property, is an improvement."""
    keeping.add(GAP.format("Ada"))
    keeping.retrain("candidate", like="small", Ada=None, Paris=None)
    result = keeping.run("-k", "small and silent", "--swap=ner.small=models/candidate")
    assert (result.ret, keeping.verdicts(result)) == (0, {"small": "PASS"})
    assert keeping.reasons(result) == ["better  ner/small silent passes, a known gap of the incumbent"]


def test_property_gap_under_runxfail(keeping):
    """--runxfail does not switch off the strictness of a property's known gap."""
    keeping.add(GAP.format("It rained."))
    assert keeping.run("-k", "small and silent", "--runxfail").ret == 1


def test_mended_counterexample_is_not_the_whole_property(keeping):
    """A candidate that passes the counterexample of a known gap must keep the whole property."""
    keeping.add(GAP.format("Ada"))
    keeping.retrain("candidate", like="small", Ada=None)
    result = keeping.run("-k", "small and silent", "--swap=ner.small=models/candidate")
    assert (result.ret, keeping.verdicts(result)) == (1, {"small": "FAIL"})
    assert "Paris" in keeping.reasons(result)[0]


def test_two_counterexamples(keeping):
    """A property that breaks in two ways is a FAIL, not an ERROR, and the reason gives an example."""
    keeping.add()
    keeping.suite.write_text(keeping.suite.read_text() + TWO_WAYS)
    result = keeping.run("-k", "small and two_ways")
    assert (result.ret, keeping.verdicts(result)) == (1, {"small": "FAIL"})
    assert re.search(
        r"(Falsifying example|Failing test case): test_two_ways\(.*text='(Ada|Paris)'", keeping.reasons(result)[0]
    )


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        (GAP.replace("silent", "size"), "has no test_size with @given"),
        (GAP.replace("silent", "nothing"), "has no test_nothing with @given"),
        (GAP.replace("text =", "words ="), "example: has ['words'], test_silent is given ['text']"),
        (GAP.replace('text = "{}"', ""), "example: has [], test_silent is given ['text']"),
    ],
    ids=["without given", "no test", "other name", "no arguments"],
)
def test_property_gap_of_nothing(keeping, gap, message):
    """A known gap of a test that is no property, or with other arguments than its test has, is refused."""
    keeping.add(gap.format("Ada"))
    result = keeping.run()
    assert (result.ret, calls(keeping) if keeping.events() else []) == (4, [])
    (line,) = [line for line in result.errlines if line]
    assert line.startswith(f"ERROR: {keeping.models_file}: ner.small.property_gaps.")
    assert line.endswith(message)


def test_fixed_examples(keeping):
    """Suite tests get a fixed set of examples, the project's other tests keep hypothesis's own profile."""
    keeping.add()
    keeping.suite.write_text(keeping.suite.read_text() + COUNTED)
    keeping.write("tests/test_mine.py", "from hypothesis import given, strategies as st\n" + COUNTED_ELSEWHERE)
    seen = []
    for _ in range(2):
        profile = "--hypothesis-profile=default"  # on CI hypothesis chooses another one
        keeping.pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "counted and not original", profile)
        seen.append([(keeping.path / name).read_text().split() for name in ("suite.txt", "mine.txt")])
        for name in ("suite.txt", "mine.txt"):
            (keeping.path / name).unlink()
    (suite, mine), (again, other) = seen
    assert (len(suite), len(mine), len(other)) == (25, 100, 100)
    assert suite == again
    assert mine != other
