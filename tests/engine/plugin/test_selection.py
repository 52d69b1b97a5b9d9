"""What is selected, and that the plugin keeps out of what it does not judge."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "transformers", "librosa", "sklearn", "scipy", "swapgate.verdicts.page", "swapgate.changes.against")
LOADED = f"""
import sys

def pytest_unconfigure():
    print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
MINE = """
from hypothesis import given, settings, strategies as st

def test_mine(snapshot):
    assert {"answer": 42} == snapshot

@given(st.integers())
def test_settings(number):
    assert settings.default.max_examples == 7
"""
AMBER = """\
# serializer version: 1
# name: test_mine
  dict({
    'answer': 42,
  })
# ---
"""
PROFILE = """
from hypothesis import settings
settings.register_profile("mine", max_examples=7)
settings.load_profile("mine")
"""


def collect(*options):
    """Collect in this repository, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)


def test_idle_plugin_imports_little():
    """What each run of pytest imports of the plugin needs no pydantic, of which most of its start would be."""
    script = "import sys, swapgate.plugin; assert not {'pydantic', 'pydantic_core', 'rich'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_project_without_models_file(pytester):
    """In a project without a models file the plugin does nothing: snapshots, profile and output are its own."""
    pytester.makeini("[pytest]\nstrict = true\nfilterwarnings = error\n")
    pytester.makeconftest(PROFILE)
    pytester.makepyfile(test_mine=MINE)
    (pytester.mkdir("__snapshots__") / "test_mine.ambr").write_text(AMBER)
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=2)
    assert "hypothesis profile 'mine'" in result.stdout.str()
    assert "= verdict =" not in result.stdout.str()
    assert not (pytester.path / "golden").exists()


def test_profile_of_a_project_with_models_file(recorded):
    """A hypothesis profile that the project loads itself wins over the plugin's."""
    conftest = recorded.path / "conftest.py"
    conftest.write_text(conftest.read_text() + PROFILE)
    recorded.write("tests/test_mine.py", MINE.replace("def test_mine(snapshot)", "def not_a_test(snapshot)"))
    result = recorded.pytester.runpytest_subprocess("tests/test_mine.py")
    assert result.ret == 0


def test_ids(recorded):
    """Test ids name tier and case."""
    result = recorded.run("--collect-only", "-q")
    assert recorded.table(result) == []
    assert "verdict" not in result.stdout.str()
    assert result.ret == 0
    assert [line.partition("::")[2] for line in result.outlines if "original" in line] == [
        "test_expected[original-ada]",
        "test_expected[original-nobody]",
        "test_expected[original-left_out]",
        "test_golden[original-ada]",
        "test_golden[original-nobody]",
        "test_golden[original-left_out]",
        "test_latency[original]",
        "test_size[original]",
    ]


@pytest.mark.parametrize(
    ("options", "passed"),
    [(["-m", "small"], 7), (["-m", "latency"], 2), (["-m", "not latency"], 13), (["-k", "ner and original"], 8)],
)
def test_marks(recorded, options, passed):
    """Tasks, tiers and latency are marks."""
    assert recorded.run(*options).parseoutcomes()["passed"] == passed


def test_marks_are_registered(recorded):
    """The marks of tasks and tiers are registered, one that is neither is refused."""
    result = recorded.run("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.task(name):*", "@pytest.mark.latency:*"])
    result.stdout.fnmatch_lines(["@pytest.mark.ner:*", "@pytest.mark.original:*", "@pytest.mark.small:*"])
    recorded.write("tests/test_mine.py", "import pytest\n\n@pytest.mark.smal\ndef test_mine():\n    pass\n")
    assert recorded.run().ret == 2


def test_task_of_a_suite_file_is_unknown(recorded):
    """A suite file of a task that does not exist is refused, and the nearest name is given."""
    recorded.replace(recorded.suite, 'mark.task("ner")', 'mark.task("nerr")')
    result = recorded.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: {recorded.suite}: *unknown task*; did you mean 'ner'?")


def test_suite_file_without_a_task(recorded):
    """A suite file that names no task is refused with the line to write; a test with a tier of its own is let be."""
    recorded.replace(recorded.suite, 'pytestmark = pytest.mark.task("ner")', "")
    result = recorded.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        f"ERROR: {recorded.suite}: test_expected asks for a model, but the file names no task; write in it:"
        ' pytestmark = pytest.mark.task("ner"), or another task'
    )
    recorded.suite.unlink()
    own = "@pytest.fixture\ndef tier():\n    return 1\n\n\ndef test_own(tier):\n    assert tier == 1\n"
    param = "@pytest.mark.parametrize('tier', [1])\ndef test_given(tier):\n    assert tier == 1\n"
    recorded.write("tests/test_own.py", f"import pytest\n\n\n{own}\n\n{param}")
    assert recorded.run("tests/test_own.py").parseoutcomes() == {"passed": 2}


def test_plugin_that_is_off(recorded):
    """A run without a plugin that it needs is refused, and the option to leave out is named."""
    result = recorded.run("-p", "no:syrupy")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: nothing is judged without the plugin syrupy; leave out -p no:syrupy")
    result = recorded.run("-p", "no:benchmark")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: test_latency[[]original] needs the plugin benchmark, which is off; leave out -p no:benchmark, or leave"
        ' out the test: -m "not latency"'
    )
    assert recorded.run("-p", "no:benchmark", "-m", "not latency").ret == 0


def test_unknown_mark_in_a_selection(recorded):
    """A selection by a mark that does not exist ends with pytest's message, and no verdict buries it."""
    result = recorded.run("-m", "nre")
    assert (result.ret, recorded.verdicts(result)) == (4, {})
    result.stderr.fnmatch_lines("ERROR: Unknown marker(s) in '-m' expression: nre.*")


@pytest.mark.parametrize("asked", ["other", "fixtures/models/other.toml"], ids=["name", "path"])
def test_other_models_file(recorded, asked):
    """--models takes a name or a path, and its goldens have a folder of that name."""
    recorded.write("fixtures/models/other.toml", recorded.models_file.read_text().replace("ner.small", "ner.tiny"))
    result = recorded.run("--models", asked, "-k", "golden", "--snapshot-update")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "tiny": "PASS"})
    names = [path.name for path in sorted((recorded.path / "golden" / "other" / "ner").glob("*.json"))]
    assert names == ["original.json", "tiny.json"]


def test_models_file_elsewhere(recorded, tmp_path_factory):
    """A models file outside the project moves neither its cases nor its goldens.

    With a space in place of = pytest would take it for a path to test, and its folder for the rootdir.
    """
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "embedded.toml"
    elsewhere.write_text(recorded.models_file.read_text().replace("../../models", f"{recorded.path}/models"))
    result = recorded.run(f"--models={elsewhere}", "-k", "golden")
    assert result.ret == 0


@pytest.mark.parametrize("asked", ["none", "fixtures/none.toml"], ids=["name", "path"])
def test_missing_models_file(recorded, asked):
    """A models file that is not there ends with one message."""
    result = recorded.run("--models", asked)
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        f"ERROR: no models file {recorded.path}/fixtures/*none.toml; give --models=FILE a path or *"
    )


def test_swap_without_models_file(pytester):
    """A swap in a project without a models file is refused rather than ignored."""
    result = pytester.runpytest("--swap=ner.small=x")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: no models file *embedded.toml; *")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("models_file", "labels", "lables", "ner.original.lables: unknown key; did you mean 'labels'?"),
        ("models_file", "[ner.small]", "[net.small]", "net: unknown task; did you mean 'ner'?*"),
        ("models_file", "[ner.small]", "[ner.small", "not valid TOML: *"),
        ("models_file", "at_most", "at_least", "ner.small.budget.size.at_least: unknown key; did you mean 'at_most'?"),
        (
            "models_file",
            '"original", at',
            '"orignal", at',
            "ner.small.budget.size.against = 'orignal' is no other tier*",
        ),
        ("models_file", "{ left_out", "{ leftout", "ner.small.gaps.leftout: no such case; did you mean 'left_out'?"),
        ("models_file", "models/small", "models/none", "ner.small.model: no folder *models/none *"),
        ("cases_file", 'id = "nobody"', 'name = "nobody"', "case*: missing; add it"),
        ("cases_file", "expected = []\n", "", "case*nobody*.expected: missing; add it"),
        ("cases_file", 'id = "nobody"', 'id = "ada"', "case 'ada' stands twice; give one of them another id"),
        ("cases_file", "end = 3,", "end = 2,", "case 'ada': expected PER 'Ada' at 0-2, where the text has 'Ad'*"),
        ("cases_file", 'latency = "ada"', 'latency = "adda"', "latency = 'adda' is no case; did you mean 'ada'?"),
        ("cases_file", "[[case]]", "[[case", "not valid TOML: *"),
    ],
    ids=[f"fault {number}" for number in range(1, 14)],
)
def test_bad_file(recorded, file, old, new, message):
    """A models file or cases file that is wrong ends with a message that names file and key, and no traceback."""
    path = getattr(recorded, file)
    recorded.replace(path, old, new)
    before = recorded.tree()
    result = recorded.run("--snapshot-update")
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"*{path}: {message}")
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert recorded.tree() == before


def test_missing_cases_file(recorded):
    """A cases file that is not there ends with one message."""
    recorded.cases_file.unlink()
    result = recorded.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: {recorded.cases_file}: there is no such file; *")


def test_k_selects_a_task_and_nothing_else():
    """In this repository -k with a task's name selects its suite file and no test that merely has the letters."""
    result = collect("tests", "tests/engine", "-k", "ner")
    assert result.returncode == 0, result.stdout + result.stderr
    ids = [line for line in result.stdout.splitlines() if "::" in line]
    assert ids
    assert [test for test in ids if not test.startswith("tests/test_ner.py::")] == []


def test_collecting_is_light(tmp_path, monkeypatch):
    """Collecting this repository's suite loads none of the heavy libraries."""
    (tmp_path / "show_loaded.py").write_text(LOADED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = collect("-p", "show_loaded")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "tests/test_ner.py::" in result.stdout
    assert "loaded: []" in result.stdout
