"""What comes of a run: verdicts, exit status, and what happens to the models meanwhile."""

import json
import xml.etree.ElementTree as ElementTree

import pytest


def test_pass(recorded):
    """All PASS is exit status 0."""
    result = recorded.run()
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    result.assert_outcomes(passed=15, xfailed=1)
    row = "ner/small models/small 2/3 3/3 not selected 1 no evaluation set – 0.66 (≤ 0.9) PASS"
    assert " ".join(recorded.table(result)[2].split()) == row


def test_fail(recorded):
    """Any FAIL is exit status 1, whatever the others are."""
    recorded.drift("original", Ada=0.5)
    result = recorded.run("--benchmark-disable")
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "FAIL", "small": "INCOMPLETE"})


def test_input_fault(recorded):
    """A fault that is found before a model runs is exit status 4, and no verdict."""
    recorded.replace(recorded.models_file, "labels", "lables")
    result = recorded.run()
    assert (result.ret, recorded.table(result)) == (4, [])


def test_nothing_selected(recorded):
    """What pytest says of a run without tests stays as it is."""
    assert recorded.run("-k", "nothing_at_all").ret == 5


def test_skipped(recorded):
    """A skipped test is INCOMPLETE, exit status 7, and its reason is shown."""
    recorded.replace(recorded.suite, "    assert size", '    __import__("pytest").skip("no scales")\n    assert size')
    result = recorded.run("-m", "small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result) == ["INCOMPLETE  ner/small size: no scales"]


def test_left_over(recorded):
    """What -x leaves is INCOMPLETE, never PASS."""
    recorded.drift("original", Ada=0.5)
    result = recorded.run("-x")
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "FAIL", "small": "INCOMPLETE"})
    assert "INCOMPLETE  ner/small golden 'ada': selected, but it did not run" in recorded.reasons(result)


@pytest.mark.parametrize("options", [["-n", "2"], ["--benchmark-disable"]], ids=["xdist", "disabled"])
def test_latency_not_measured(recorded, options):
    """Where pytest-benchmark is off, selected latency is INCOMPLETE, and the message says how to go on."""
    result = recorded.run(*options, "-m", "small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "not measured" in recorded.table(result)[1]
    assert recorded.reasons(result) == [
        "INCOMPLETE  ner/small: latency was not measured, pytest-benchmark is off (pytest-xdist, --benchmark-disable);"
        ' run without these, or leave it out with: -m "not latency"'
    ]


def test_allow_incomplete(recorded):
    """--allow-incomplete lets INCOMPLETE, and nothing else, be exit status 0."""
    assert recorded.run("--benchmark-disable", "--allow-incomplete").ret == 0
    recorded.drift("small", Ada=0.5)
    assert recorded.run("--benchmark-disable", "--allow-incomplete", "-k", "small").ret == 1
    recorded.retrain("original", NO_DISK=["PER", 1])
    assert recorded.run("--benchmark-disable", "--allow-incomplete", "-k", "original").ret == 7


def test_same_lines_in_two_processes(recorded):
    """Without latency the verdict section is the same in one process and in two."""
    recorded.drift("original", Ada=0.5)
    recorded.retrain("small", Ada=["PER", 0.95])
    one, two = (recorded.run("-m", "not latency", *options) for options in ([], ["-n", "2"]))
    assert recorded.verdicts(one) == {"original": "FAIL", "small": "INCOMPLETE"}
    assert "not selected" in recorded.table(one)[1]
    assert (two.ret, recorded.table(two)) == (one.ret, recorded.table(one))


def test_mended_gap_is_red(recorded):
    """A known gap that passes is red until its line is removed, and the message names the line."""
    recorded.replace(recorded.models_file, "gaps = {", 'gaps = { ada = "it was ill",')
    result = recorded.run("-k", "small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert recorded.reasons(result) == [
        "FAIL  ner/small expected 'ada' passes, but is listed as a known gap (it was ill);"
        " remove gaps.ada from [ner.small] in fixtures/models/embedded.toml"
    ]


def test_wrong_answer(recorded):
    """A wrong answer that is no known gap is red, and the message says where to mend or list it."""
    recorded.replace(recorded.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    result = recorded.run("-k", "expected and small")
    assert result.ret == 1
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'left_out': ORG 'Siemens' 0-7 was not found (models/small); mend the case in"
        " fixtures/ner/cases.toml, or add to [ner.small.gaps] in fixtures/models/embedded.toml:"
        ' left_out = "why it is a known gap"'
    ]


@pytest.mark.parametrize(
    ("tier", "changes", "case"),
    [("small", {"Ada": None}, "ada"), ("original", {"Siemens": None}, "left_out")],
    ids=["another case", "another tier"],
)
def test_gap_excuses_nothing_else(recorded, tier, changes, case):
    """A known gap excuses its own case of its own tier; the same answer elsewhere is a FAIL."""
    recorded.retrain(tier, **changes)
    result = recorded.run("-k", f"expected and {tier}")
    assert (result.ret, recorded.verdicts(result)) == (1, {tier: "FAIL"})
    assert recorded.reasons(result)[0].startswith(f"FAIL  ner/{tier} {case!r}: ")


def test_gap_is_no_golden(recorded):
    """A known gap excuses the answer, not a drift of what the golden says of the same case."""
    recorded.retrain("small", Siemens=["MISC", 0.9])
    recorded.run("-k", "golden and small", "--snapshot-update")
    recorded.drift("small", Siemens=0.5)
    result = recorded.run("-k", "small and left_out")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    (reason,) = recorded.reasons(result)
    assert "MISC 'Siemens'" in reason
    assert "1/1" not in recorded.table(result)[1]


def test_gap_is_about_the_answer(recorded):
    """A known gap excuses a wrong answer, not a model that fails."""
    recorded.retrain("small", Siemens=["ORG", "nan"])
    result = recorded.run("-k", "expected and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert "a score that is NaN or infinite" in recorded.reasons(result)[0]


def test_surroundings(recorded):
    """A model that cannot be loaded is an ERROR with one message and no traceback; the other tier is judged."""
    recorded.retrain("small", NO_DISK=["PER", 1])
    result = recorded.run("-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    result.stdout.no_fnmatch_line("*.py:[0-9]*: SurroundingsFault")
    result.stdout.no_fnmatch_line(">*")
    message = "models/small cannot be loaded: no space left on device; free some and run again"
    assert message in recorded.reasons(result)[0]
    assert len([line for line in recorded.reasons(result) if message in line]) == 1
    assert recorded.events().count("load models/small") == 1


@pytest.mark.parametrize("options", [[], ["--benchmark-disable"]], ids=["complete", "incomplete"])
def test_other_tests(recorded, options):
    """A failing test outside the suite keeps exit status 1."""
    recorded.write("tests/test_mine.py", "def test_mine():\n    assert 1 == 2\n")
    result = recorded.run(*options)
    assert result.ret == 1
    assert recorded.verdicts(result)["small"] in ("PASS", "INCOMPLETE")


def test_unreadable_test_file(recorded):
    """A test file that cannot be imported keeps pytest's own exit status 2."""
    recorded.write("tests/test_mine.py", "import nothing_of_this_name\n")
    assert recorded.run().ret == 2


def test_junit(recorded):
    """JUnit XML carries the record of each suite test."""
    recorded.drift("small", Ada=0.5)
    recorded.run("--junitxml=report.xml", "-k", "golden and ada")
    cases = ElementTree.parse(recorded.path / "report.xml").iter("testcase")  # noqa: S314 - our own file
    records = {
        case.get("name"): json.loads(entry.get("value", ""))
        for case in cases
        for entry in case.iter("property")
        if entry.get("name") == "swapgate.record"
    }
    assert records["test_golden[original-ada]"]["outcome"] == "passed"
    assert records["test_golden[small-ada]"]["outcome"] == "failed"
    assert records["test_golden[small-ada]"]["selected"] == {
        "suite": "ner",
        "tier": "small",
        "check": "golden",
        "case": "ada",
    }
    assert "off by 0.49" in records["test_golden[small-ada]"]["message"]


def test_loaded_once(recorded):
    """A model is loaded once, predicted in batches, and let go after its last test, before the next is loaded."""
    rows = [f'[[case]]\nid = "case_{number}"\ntext = "Rain {number}"\nexpected = []\n' for number in range(9)]
    recorded.cases_file.write_text(recorded.cases_file.read_text() + "\n".join(rows))
    (recorded.path / "events.txt").unlink()
    recorded.run("-k", "expected or golden", "--snapshot-update")
    steps = ("load {}", "predict {} 8", "predict {} 4", "let go {}")
    assert recorded.events() == [step.format(f"models/{tier}") for tier in ("original", "small") for step in steps]


def test_only_the_batch_that_is_needed(recorded):
    """A case has the same neighbours in its batch however it is selected, and other batches are not predicted."""
    rows = [f'[[case]]\nid = "case_{number}"\ntext = "Rain {number}"\nexpected = []\n' for number in range(9)]
    recorded.cases_file.write_text(recorded.cases_file.read_text() + "\n".join(rows))
    (recorded.path / "events.txt").unlink()
    recorded.run("-k", "expected and small and case_8")
    assert recorded.events() == ["load models/small", "predict models/small 4", "let go models/small"]


def test_reference_is_kept(recorded):
    """A reference of a latency budget is kept until the last test that measures against it."""
    pytest.importorskip("scipy.stats")  # once, in this process
    recorded.replace(recorded.models_file, "gaps =", 'budget.latency = { against = "original", at_most = 1e6 }\ngaps =')
    (recorded.path / "events.txt").unlink()
    result = recorded.run("-k", "latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert "(≤ 1e+06)" in recorded.table(result)[2]
    others = [event for event in recorded.events() if not event.startswith("predict")]
    assert others[:2] == ["load models/original", "load models/small"]
    assert sorted(others[2:]) == ["let go models/original", "let go models/small"]


def test_nothing_is_loaded_for_size(recorded):
    """Size is judged without loading a model."""
    (recorded.path / "events.txt").unlink()
    assert recorded.run("-k", "size").ret == 0
    assert recorded.events() == []


def test_no_terminal(recorded):
    """Without pytest's terminal the exit status is the same."""
    assert recorded.run("-pno:terminal", "-k", "small").ret == 0
    (recorded.path / "models" / "small" / "model.safetensors").write_bytes(b"torn")
    assert recorded.run("-pno:terminal", "-k", "small").ret == 7
