"""The reports of a run: terminal, verdict JSON, Markdown and JUnit say the same."""

import json
import re

import pytest

SWAP = "--swap=ner.small=models/candidate"


@pytest.fixture
def swapped(recorded):
    """Judge a candidate of the small tier that loses Ada and mends a known gap, with all reports."""

    def run(*options):
        recorded.retrain("candidate", like="small", Ada=None, Siemens=["ORG", 0.9])
        return recorded.reports(SWAP, "-m", "not latency", *options)

    return run


def cells_of(line):
    """Split a line of the terminal's table."""
    return re.split(r"  +", line.strip())


def rows_of(markdown):
    """Return the cells of each tier in Markdown, without signs and code."""
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[re.sub(r"[`✅❌⚠️💥]", "", cell).strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def properties_of(node):
    """Return the properties that stand directly below a node of JUnit's XML."""
    return {one.get("name"): one.get("value") for one in node.findall("properties/property")}


def test_tables(recorded, swapped, workers):
    """Terminal and Markdown have the same table: verdicts, models, counts and figures, as the JSON has them."""
    found = swapped(*workers)
    headings, original, small = (cells_of(line) for line in recorded.table(found.result)[:3])
    rows = rows_of(found.markdown)
    assert [rows[0], *rows[2:]] == [headings, original, small]
    assert small == [
        *("ner/small", "models/candidate, swapped in for models/small", "2/3", "2/3", "not selected", "0"),
        *("no evaluation set", "not selected", "0.66 (≤ 0.9)", "FAIL"),
    ]
    tier = found.facts["tiers"][1]
    assert (tier["task"], tier["tier"], tier["verdict"]) == ("ner", "small", "FAIL")
    assert (tier["model"], tier["incumbent"]) == ("models/candidate", "models/small")
    assert tier["counts"] == {
        "expected": {"failed": 1, "passed": 1, "improvement": 1},
        "golden": {"failed": 1, "passed": 2},
        "size": {"passed": 1},
    }
    assert (tier["known_gaps"], tier["evaluation_set"]) == (0, False)
    assert tier["figures"]["size"]["shown"] == "0.66 (≤ 0.9)"
    assert found.facts["exit_status"] == found.result.ret == 1


def test_lines(recorded, swapped, workers):
    """Reasons, improvements and notes stand in terminal, Markdown and JSON, word for word."""
    recorded.write("candidate.toml", 'model = "models/candidate"\nbudget.size = {against = "original", at_most = 9}\n')
    with (recorded.path / "candidate.toml").open("a") as file:
        file.write('labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\n')
    recorded.retrain("candidate", like="small", Ada=None, Siemens=["ORG", 0.9])
    found = recorded.reports("--swap=ner.small=candidate.toml", "-m", "not latency", *workers)
    tier = found.facts["tiers"][1]
    assert sorted(reason["status"] for reason in tier["reasons"]) == ["FAIL"] * 3
    (improvement,), (note,) = tier["improvements"], found.facts["notes"]
    assert note.startswith("ner/small: budget of candidate.toml not used")
    reasons = [f"{one['status']}  {one['message']}" for one in tier["reasons"]]
    assert recorded.reasons(found.result) == [*reasons, f"better  {improvement}", f"note  {note}"]
    lines = [line for line in found.markdown.splitlines() if line.startswith("- ")]
    reasons = [f"- {one['status']}: `{one['message']}`" for one in tier["reasons"]]
    assert lines == [*reasons, f"- `{note}`", f"- `{improvement}`"]


def test_junit(swapped, workers):
    """JUnit's XML has a property a tier and one of the run, equal to the JSON, and the record of each test."""
    found = swapped(*workers)
    (suite,) = found.junit
    properties = {name: json.loads(value) for name, value in properties_of(suite).items()}
    tiers = {f"swapgate.verdict.{tier['task']}/{tier['tier']}": tier for tier in found.facts.pop("tiers")}
    assert properties == {**tiers, "swapgate.run": found.facts}
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests")) == 14
    records = [json.loads(properties_of(case)["swapgate.record"]) for case in cases]
    counts = {tier["tier"]: sum(sum(one.values()) for one in tier["counts"].values()) for tier in tiers.values()}
    assert [record["selected"]["tier"] for record in records].count("small") == counts["small"] == 7


def test_odd_letters(recorded):
    """Letters that no terminal, XML or file can hold leave all reports readable, and escapes in the one for people."""
    skip = '    __import__("pytest").skip("a\\x01b\\x1b[31m\\udcff")\n'
    recorded.replace(recorded.suite, "    assert size", f"{skip}    assert size")
    found = recorded.reports("-k", "size and small")
    words = r"ner/small size: a\x01b\x1b[31m\udcff"
    assert recorded.reasons(found.result) == [f"INCOMPLETE  {words}"]
    assert f"- INCOMPLETE: `{words}`" in found.markdown
    assert found.facts["tiers"][0]["reasons"][0]["message"] == words
    (suite,) = found.junit
    (reason,) = json.loads(properties_of(suite)["swapgate.verdict.ner/small"])["reasons"]
    assert reason["message"] == words


def test_plain_or_coloured(recorded):
    """The terminal's report is plain where it is piped, and coloured on a terminal."""
    plain, coloured = (recorded.run("-k", "size", *options) for options in ([], ["--color=yes"]))
    assert "\x1b" not in plain.stdout.str()
    assert "\x1b[1;32mPASS" in coloured.stdout.str()
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured.outlines if "models/small" in line] == [
        line for line in plain.outlines if "models/small" in line
    ]


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "unasked"])
def test_job_summary(recorded, monkeypatch, workers, asked):
    """Where the platform names a file for a job's summary, the Markdown that was asked for is added to it, once."""
    summary = recorded.write("summary.md", "from before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    recorded.run("-k", "size", *workers, *(["--verdict-md=v.md"] if asked else []))
    added = (recorded.path / "v.md").read_text() if asked else ""
    assert summary.read_text() == f"from before\n{added}"
    assert added.count("## swapgate: ✅ PASS") == asked


def test_nothing_selected(recorded):
    """Where no test was selected the reports say that nothing was judged, and pytest's exit status stays."""
    found = recorded.reports("-k", "nothing_at_all")
    assert (found.facts["tiers"], found.facts["exit_status"]) == ([], 5)
    assert found.markdown == "## swapgate: nothing was judged\n"


@pytest.mark.parametrize("option", ["--collect-only", "--markers", "--help", "--fixtures", "--fixtures-per-test"])
def test_no_run(recorded, option):
    """Where nothing runs no report is written."""
    assert recorded.run(option, "--verdict-json=v.json", "--verdict-md=v.md").ret == 0
    assert not (recorded.path / "v.json").exists()
    assert not (recorded.path / "v.md").exists()


def test_replaced(recorded):
    """A report of an earlier run is replaced, not added to."""
    for ending in ("failed", "passed"):
        recorded.drift("small", **({"Ada": 0.5} if ending == "failed" else {}))
        found = recorded.reports("-k", "golden and small and ada")
        assert [one["counts"] for one in found.facts["tiers"]] == [{"golden": {ending: 1}}]
        assert found.markdown.count("##") == 1


def test_paths(recorded, monkeypatch):
    """Paths of reports begin where pytest was called, and folders are made."""
    monkeypatch.chdir(recorded.path / "tests")
    result = recorded.run("-k", "size", "--verdict-json=new/v.json", "--verdict-md=../v.md")
    assert result.ret == 0
    assert (
        json.loads((recorded.path / "tests/new/v.json").read_text())["models_file"] == "fixtures/models/embedded.toml"
    )
    assert (recorded.path / "v.md").exists()


def test_home(recorded, monkeypatch):
    """A path may begin in the user's home."""
    monkeypatch.setenv("HOME", str(recorded.path / "home"))
    recorded.run("-k", "size", "--verdict-json=~/v.json")
    assert (recorded.path / "home/v.json").exists()


def test_last_section(recorded):
    """The verdict stands below pytest's own summary, right before its last line."""
    recorded.drift("small", Ada=0.5)
    lines = recorded.run("-k", "golden").outlines
    verdict, summary = (next(n for n, line in enumerate(lines) if f" {what} " in line) for what in ("verdict", "short"))
    assert summary < verdict
    assert [line for line in lines[verdict + 1 :] if line.startswith("=")] == lines[-1:]


def test_cut_off(recorded, workers):
    """A run that -x ends has all its reports, with INCOMPLETE for what did not run."""
    recorded.drift("original", Ada=0.5, Paris=0.5)
    found = recorded.reports("-x", "-m", "not latency", *workers)
    assert found.facts["exit_status"] == found.result.ret == (2 if workers else 1)  # as pytest-xdist has it
    assert found.facts["tiers"][0]["verdict"] == "FAIL"
    left = [reason["message"] for tier in found.facts["tiers"] for reason in tier["reasons"]]
    if not workers:  # the other of two workers may be through by then
        assert "ner/small size: selected, but it did not run" in left
    assert sum(sum(one.values()) for tier in found.facts["tiers"] for one in tier["counts"].values()) == 14


def test_interrupted(recorded, workers):
    """A run that is interrupted by Ctrl-C keeps pytest's exit status, and has all its reports."""
    recorded.retrain("original", Ada=["STOP", 0])
    options = [*workers, "--max-worker-restart=0"] if workers else []
    found = recorded.reports("-m", "not latency", *options, no_reraise_ctrlc=True)
    assert found.facts["exit_status"] == found.result.ret == 2
    first = "ERROR" if workers else "INCOMPLETE"  # pytest-xdist takes the interrupted worker for a dead one
    assert [tier["verdict"] for tier in found.facts["tiers"]] == [first, "INCOMPLETE"]
    assert "ner/small expected 'ada': selected, but it did not run" in found.markdown
    assert recorded.verdicts(found.result) == {"original": first, "small": "INCOMPLETE"}
