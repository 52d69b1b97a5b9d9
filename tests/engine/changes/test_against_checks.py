"""`--against REF`: the checks that a tier must have follow from the plan, and what judges is not edited unseen."""

import re

import pytest

PASS = {"original": "PASS", "small": "PASS"}
INCOMPLETE = {"original": "INCOMPLETE", "small": "INCOMPLETE"}
PROPERTY = """
from hypothesis import given
from hypothesis import strategies as st
from swapgate import standard
from swapgate.standard import batch_changes_nothing as made


@given(text=st.sampled_from(["Ada", "Paris"]))
def test_finds(model, text):
    assert model.predict([text])[0].entities


@given(number=st.integers())
def test_of_no_model(number):
    assert number == number


test_batches = made(st.sampled_from(["Ada", "Paris"]))
test_twice = standard.same_input_same_prediction(st.just("Ada"))
"""
EDITED = "these files judge and were edited: a person must look: {0}; look at it, then --accept-edited {0}@"
FILTER = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "golden" not in item.name]
"""
TRYFIRST = f"import pytest\n\n\n@pytest.hookimpl(tryfirst=True){FILTER}".replace("first)\n\n", "first)\n")
INI = "[pytest]\nstrict = true\nfilterwarnings = error\npythonpath = .\n"


@pytest.fixture
def whole(committed):
    """Judge a change without a choice on the command line; latency has no budget and is soon measured."""

    def run(*options):
        return committed.run("--against=HEAD", *options)

    return run


@pytest.fixture
def accept(committed, git):
    """Return the option that accepts a file as it is now."""

    def of(name, digits=12):
        return f"--accept-edited={name}@{git('hash-object', name)[:digits]}"

    return of


def only(project, result, words):
    """Return the reasons that hold these words; both tiers are INCOMPLETE by them."""
    assert project.verdicts(result) == INCOMPLETE
    found = [line for line in project.reasons(result) if words in line]
    assert [line.split(":")[0] for line in found] == ["INCOMPLETE  ner/original", "INCOMPLETE  ner/small"][
        -len(found) :
    ]
    return found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def test_expected", "def check_expected", "no test of expected (3 cases), by which"),
        ("def test_golden", "def golden", "no test of golden (3 cases), by which"),
        ("def test_size", "def check_size", "no test of size, by which"),
    ],
    ids=["expected", "golden", "size"],
)
def test_check_that_is_called_otherwise(committed, against, accept, workers, old, new, words):
    """A check whose test pytest does not take for one is missing, also where somebody has looked at the file."""
    committed.replace(committed.suite, old, new)
    result = against(accept("tests/test_ner.py"), *workers)
    assert result.ret == 7
    assert committed.verdicts(result)["small"] == "INCOMPLETE"
    (reason,) = [line for line in committed.reasons(result) if line.startswith("INCOMPLETE  ner/small: ")]
    assert words in reason
    assert reason.endswith("; let tests/test_ner.py have it as in swapgate.standard, called test_…")


@pytest.mark.parametrize(
    "addopts",
    ["-m 'not size'", "-k 'not golden'", "--deselect=tests/test_ner.py::test_golden", "-k expected -m 'not size'"],
    ids=["mark", "keyword", "deselect", "both"],
)
def test_left_out_by_the_configuration(committed, whole, accept, workers, addopts):
    """What addopts leave out is missing, also where somebody has looked at the configuration."""
    committed.write("pytest.ini", f"{INI}addopts = {addopts}\n")
    result = whole(accept("pytest.ini"), *workers)
    assert result.ret == 7
    assert committed.verdicts(result)["small"] == "INCOMPLETE"
    assert [
        line for line in committed.reasons(result) if "ner/small: left out by pytest's configuration or a conf" in line
    ]


def test_left_out_by_the_caller(committed, whole, monkeypatch):
    """What the command line or PYTEST_ADDOPTS leaves out is not missing."""
    for options in (
        ["-m", "not size and not latency"],
        ["-k", "expected"],
        ["--deselect=tests/test_ner.py::test_golden"],
    ):
        assert whole(*options).ret == 0
    assert whole("tests/test_ner.py::test_golden").ret == 0
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k expected")
    assert (whole().ret, whole("-n", "2").ret) == (0, 0)


def test_narrowed_by_both(committed, against, accept, workers):
    """What the command line takes is missing where addopts leave it out, whatever else the command line leaves out."""
    committed.write("pytest.ini", f"{INI}addopts = -k 'not golden'\n")
    result = against(accept("pytest.ini"), *workers)
    assert only(committed, result, "left out by pytest's configuration or a conftest.py: golden (3 cases), by which")


@pytest.mark.parametrize("hook", [FILTER, TRYFIRST], ids=["last", "first"])
@pytest.mark.parametrize("name", ["conftest.py", "tests/conftest.py"], ids=["top", "beside"])
def test_conftest_that_filters(committed, against, accept, hook, name):
    """A conftest.py that leaves out tests is edited, and the checks are missing even where somebody has looked."""
    path = committed.path / name
    committed.write(name, (path.read_text() if path.exists() else "") + hook)
    result = against()
    assert result.ret == 7
    assert only(committed, result, EDITED.format(name))
    result = against(accept(name), "-n", "2")
    assert only(committed, result, "left out by pytest's configuration or a conftest.py: golden (3 cases), by which")


@pytest.mark.parametrize(
    "addopts",
    [
        "--allow-incomplete",
        "--decide-early",
        "--collect-only",
        "--eval-set=ner=set.jsonl",
        "--models=other",
        "--swap=ner.small=models/original",
        "--against=HEAD~1",
        "--accept-edited=pytest.ini@123456789012",
        "--fixtures",
        "--help",
    ],
    ids=lambda option: option.split("=")[0].strip("-"),
)
def test_options_of_the_configuration(committed, addopts):
    """Options that choose what judges, or that nothing does, are taken from the caller alone."""
    committed.write("pytest.ini", f"{INI}addopts = {addopts}\n")
    given = [] if "against" in addopts else ["--against=HEAD"]
    result = committed.run(*given, "-m", "not latency")
    option = addopts.split("=")[0]
    assert (result.ret, committed.table(result)) == (4, [])
    result.stderr.fnmatch_lines([f"ERROR: {option}* is not what the command line says: under --against, addopts*"])


def test_key_that_names_a_models_file(committed, against):
    """A models file that the configuration names judges no change; named on the command line as well it does."""
    committed.write("pytest.ini", f"{INI}swapgate_models = embedded\n")
    result = committed.run("--against=HEAD", "-m", "not latency")
    assert (result.ret, committed.table(result)) == (4, [])
    result.stderr.fnmatch_lines(
        ["ERROR: --models embedded is not what the command line says: under --against*ini keys*"]
    )
    assert against("--models=embedded").ret == 7  # for the configuration was edited


def test_options_of_the_caller(committed, against, monkeypatch):
    """The same options on the command line, or in PYTEST_ADDOPTS, are the caller's, also where addopts say them too."""
    committed.write("pytest.ini", f"{INI}addopts = --models=embedded --allow-incomplete\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--models=embedded")
    result = against("--allow-incomplete")
    assert (result.ret, committed.verdicts(result)) == (0, INCOMPLETE)


def test_early_decisions_of_the_configuration(committed, against):
    """The key of the configuration does not count where a commit judges, which is said; the command line does."""
    committed.write("pytest.ini", f"{INI}swapgate_decide_early = true\n")
    note = "swapgate_decide_early does not count under --against: give --decide-early on the command line"
    assert any(note in line for line in committed.reasons(against()))
    assert not any("does not count" in line for line in committed.reasons(against("--decide-early")))


def test_conftest_that_allows(committed, against):
    """A conftest.py that lets INCOMPLETE be 0 does not."""
    hook = "\n\ndef pytest_collection_finish(session):\n    session.config.option.allow_incomplete = True\n"
    committed.write("tests/conftest.py", hook)
    assert against().ret == 7


def test_conftest_that_narrows(committed, whole, accept):
    """A conftest.py that says what the caller would have said does not narrow for him."""
    committed.write("conftest.py", "import os\nos.environ['PYTEST_ADDOPTS'] = '-k expected'\n" + FILTER)
    committed.path.joinpath("conftest.py").write_text(
        "import os\nfrom fake_model import pytest_configure, pytest_unconfigure\n"
        f"os.environ['PYTEST_ADDOPTS'] = '-k expected'\n{FILTER}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "")
        result = whole(accept("conftest.py"))
    assert only(committed, result, "golden (3 cases)")


@pytest.fixture
def measured(committed, commit):
    """A project with properties and an evaluation set."""
    committed.write("tests/test_ner.py", committed.suite.read_text() + PROPERTY)
    committed.replace(
        committed.suite,
        "def test_size(",
        "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\ndef test_size(",
    )
    rows = "".join(
        f'{{"id": "{number}", "text": "Ada paid {number}.",'
        ' "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}\n'
        for number in range(60)
    )
    committed.write("fixtures/ner/set.jsonl", rows)
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    commit()
    return committed


def test_nothing_is_missing(measured, against, workers):
    """A change that edits nothing of its tests has all that it must have."""
    result = against(*workers)
    assert (result.ret, measured.verdicts(result)) == (0, PASS)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("def test_finds", "def finds", "finds"),
        ("test_batches =", "batches =", "batches"),
        ("test_twice =", "twice =", "twice"),
        ("def test_quality", "def quality", "quality"),
    ],
    ids=["given", "factory", "module", "quality"],
)
def test_property_that_is_gone(measured, against, accept, old, new, name):
    """A property that the commit's suite file had, and quality where there is a set, are missing by name."""
    measured.replace(measured.suite, old, new)
    result = against(accept("tests/test_ner.py"))
    assert result.ret == 7
    assert only(measured, result, f": no test of {name}, by which ")


def test_suite_file_that_is_gone(measured, against, accept, workers):
    """A suite whose test file the change deletes is INCOMPLETE, whatever the command line leaves out."""
    measured.suite.unlink()
    result = against("--accept-edited=tests/test_ner.py@deleted", *workers)
    assert result.ret != 0
    assert only(measured, result, ": no test of ")


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            "quality >= ()",
            "quality was compared with another limit than the row's; write: assert quality >= budget.quality",
        ),
        ("quality >= budget.quality[:0]", "quality was compared with another limit than the row's"),
        ("size <= None", "size was compared with another limit than the row's; write: assert size <= budget.size"),
        ("size <= budget.parameters", "size was compared with another limit than the row's"),
        (
            "size <= budget.size.model_copy(update={'at_most': 9.0})",
            "size was compared with another limit than the row's",
        ),
    ],
    ids=["nothing", "none_of_them", "none", "another_budget", "looser"],
)
def test_limits_of_others(measured, against, accept, commit, check, words):
    """A figure that is compared with another limit than its row's is not judged."""
    measured.replace(
        measured.suite, "quality >= budget.quality" if "quality" in check else "size <= budget.size", check
    )
    result = against(accept("tests/test_ner.py"))
    assert result.ret == 7
    assert [line for line in measured.reasons(result) if f"ner/small: {words}" in line]


EDITS = {
    "tests/test_ner.py": "# looser",
    "tests/conftest.py": "",
    "conftest.py": "import os",
    "pytest.ini": "# words",
    ".pytest.ini": "[pytest]",
    "pytest.toml": "[pytest]",
    "tox.ini": "[pytest]\naddopts = -q",
    "setup.cfg": "[tool:pytest]\naddopts = -q",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'",
}


@pytest.mark.parametrize("name", EDITS, ids=lambda name: name.replace("ner", "suite"))
def test_edited(committed, against, git, workers, name):
    """Test files, conftests and pytest's configuration make INCOMPLETE, and the content can be accepted as printed."""
    path = committed.path / name
    committed.write(name, (path.read_text() if path.exists() else "") + EDITS[name] + "\n")
    result = against(*workers)
    assert (result.ret, committed.verdicts(result)) == (7, INCOMPLETE)
    (_, reason) = only(committed, result, EDITED.format(name))
    option = re.search(r"--accept-edited \S+@[0-9a-f]{12}$", reason)[0]
    result = against(*option.split(" "), *workers)
    assert (result.ret, committed.verdicts(result)) == (0, PASS)
    assert f"note  edited, and accepted with {option}" in committed.reasons(result)
    path.write_text(path.read_text() + "\n# once more\n")
    result = against(*option.split(" "))
    (_, reason) = only(committed, result, "these files judge and were edited")
    given, now = option.rpartition("@")[2], git("hash-object", name)[:12]
    assert f": {name} ({name} was accepted as {given} and is {now}); look at it, then" in reason


@pytest.mark.parametrize("name", ["tox.ini", "setup.cfg", "pyproject.toml"])
def test_edited_for_others(committed, commit, against, name):
    """Of files that configure others too, only what they say to pytest counts."""
    committed.write(name, f"{EDITS[name]}\n")
    commit()
    other = "[tool.ruff]\nline-length = 80\n" if name.endswith("toml") else "[tox]\nenv_list = lint\n"
    committed.write(name, f"{EDITS[name]}\n\n{other}")
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, PASS)
    committed.write(name, EDITS[name].replace("-q", "-v"))
    assert only(committed, against(), EDITED.format(name))


def test_edited_for_one_suite(two, against):
    """A test file makes those tiers INCOMPLETE that it judges, and not the others."""
    two.write("tests/test_sentiment.py", (two.path / "tests/test_sentiment.py").read_text() + "\n")
    result = against("-k", "size")
    found = [line.split(":")[0] for line in two.reasons(result) if "these files judge" in line]
    assert found == ["INCOMPLETE  sentiment/original", "INCOMPLETE  sentiment/small"]


def test_edited_and_not_asked_for(committed, against):
    """What is edited does not matter to tiers that the command line leaves out."""
    committed.write("pytest.ini", INI + "# words\n")
    assert committed.verdicts(against("-m", "original and not latency")) == {"original": "INCOMPLETE"}


def test_several_edits(committed, against, accept):
    """Several files are told in one reason a tier; each must be accepted by itself."""
    committed.write("pytest.ini", INI + "# words\n")
    committed.write("tests/conftest.py", "")
    result = against()
    both = "a person must look: pytest.ini, tests/conftest.py; look at them, then --accept-edited pytest.ini@"
    assert only(committed, result, both)
    assert only(committed, against(accept("pytest.ini")), EDITED.format("tests/conftest.py"))
    assert against(accept("pytest.ini"), accept("tests/conftest.py", 40)).ret == 0


def test_moved_suite_file(committed, against, git):
    """A suite file under another name is one that is gone and one that is new: both are told."""
    git("mv", "tests/test_ner.py", "tests/test_names.py")
    result = against()
    reason, _ = only(committed, result, "a person must look: tests/test_names.py, tests/test_ner.py; ")
    assert reason.endswith(" --accept-edited tests/test_ner.py@deleted")
    blob = git("hash-object", "tests/test_names.py")
    options = [f"--accept-edited=tests/test_names.py@{blob}", "--accept-edited=tests/test_ner.py@deleted"]
    assert against(*options).ret == 0


def test_linked_suite_file(committed, commit, git, against):
    """A suite file that is a link is edited where what it leads to is."""
    (committed.path / "real").mkdir()
    committed.suite.rename(committed.path / "real" / "judges.py")
    committed.suite.symlink_to("../real/judges.py")
    commit()
    committed.replace(committed.path / "real" / "judges.py", "import pytest\n", "import pytest\n\n")
    assert only(committed, against(), EDITED.format("tests/test_ner.py"))


def test_line_ends(committed, commit, git, against, accept):
    """A blob is git's id of the content as it would keep it."""
    committed.write(".gitattributes", "*.py text\n")
    commit()
    committed.suite.write_bytes(committed.suite.read_bytes().replace(b"import pytest\n", b"import pytest\n\n"))
    option = accept("tests/test_ner.py")
    committed.suite.write_bytes(committed.suite.read_bytes().replace(b"\n", b"\r\n"))
    assert against(option).ret == 0


@pytest.mark.parametrize(
    "option",
    ["tests/test_ner.py", "tests/test_ner.py@12345678901", "@123456789012", "a@HEAD"],
    ids=["no_content", "short", "no_file", "no_digits"],
)
def test_malformed_acceptance(committed, against, option):
    """What does not name a file and its content is refused."""
    result = against(f"--accept-edited={option}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: --against HEAD: --accept-edited {option}: not of the form FILE@BLOB, BLOB *"])


def test_acceptance_of_nothing(committed, against):
    """A file that is not edited needs no acceptance, and without a commit there is nothing to accept."""
    result = against("--accept-edited=pytest.ini@123456789012")
    assert result.ret == 0
    assert "note  --accept-edited pytest.ini: not edited, or it does not judge" in committed.reasons(result)
    result = committed.run("--accept-edited=pytest.ini@123456789012")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --accept-edited without --against accepts nothing; give both"])
