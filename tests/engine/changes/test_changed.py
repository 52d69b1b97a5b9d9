"""`--changed-since REF`: only the tasks that a change can have touched are judged."""

import pytest

BOTH = {"ner", "sentiment"}
FILES = [
    ("fixtures/ner/ada.wav", {"ner"}),
    ("fixtures/sentiment/notes.txt", {"sentiment"}),
    ("golden/embedded/ner/small.json", {"ner"}),
    ("golden/hub/ner/small.json", set()),
    ("fixtures/models/hub.toml", set()),
    ("models/small/model.safetensors", {"ner"}),
    ("models/classifier/model.safetensors", {"sentiment"}),
    ("models/shared/model.safetensors", BOTH),
    ("models/shared/README.md", set()),
    ("tests/test_ner.py", {"ner"}),
    ("tests/test_sentiment.py", {"sentiment"}),
    ("tests/test_mine.py", BOTH),
    ("tests/conftest.py", BOTH),
    ("conftest.py", BOTH),
    ("pytest.ini", BOTH),
    ("constraints.txt", BOTH),
    ("swapgate/tasks/ner.py", BOTH),
    ("README.md", set()),
    ("LICENSE", set()),
]
"""Files of the project, and which tasks a change of each touches."""


@pytest.fixture
def chosen(two):
    """Return the tasks of which anything is selected, and see that neither files nor anything of git's are touched."""

    def run(*options, ref="HEAD"):
        before = two.tree()
        result = two.run(f"--changed-since={ref}", "--collect-only", "-q", "-p", "no:benchmark", *options)
        assert two.tree() == before
        files = {line.partition("::")[0] for line in result.outlines if "::" in line}
        return {file.removeprefix("tests/test_").removesuffix(".py") for file in files} - {"mine"}

    return run


def test_nothing(two, chosen):
    """Without a change nothing is selected."""
    assert chosen() == set()


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_nothing_that_counts(committed, options):
    """Where nothing was touched that a verdict depends on, exit status 0 says so, and so does the verdict section."""
    committed.write("README.md", "text")
    result = committed.run("--changed-since=HEAD", *options)
    assert result.ret == 0
    assert committed.verdicts(result) == {}
    assert committed.reasons(result) == ["note  changed since HEAD: nothing that a verdict depends on"]


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_swap(two, chosen, options):
    """A swap of one line runs its task alone, and the verdict section says so."""
    two.replace(two.models_file, '"../../models/small"', '"../../models/original"')
    assert chosen() == {"ner"}
    result = two.run("--changed-since=HEAD", "-k", "expected and small", *options)
    assert two.verdicts(result) == {"small": "FAIL"}
    assert "note  changed since HEAD: ner (fixtures/models/embedded.toml)" in two.reasons(result)
    assert "sentiment" not in "".join(two.table(result))


def test_row_of_the_other_task(two, chosen):
    """The other task's row runs that task alone."""
    two.replace(two.models_file, '"../../models/classifier"', '"../../models/original"')
    assert chosen() == {"sentiment"}


def test_removed_row(two, chosen):
    """A row that is removed runs what is left of its task."""
    two.models_file.write_text(two.models_file.read_text().partition("[sentiment.small]")[0])
    assert chosen() == {"sentiment"}


def test_removed_task(two, chosen):
    """A task that is removed touches no other."""
    two.models_file.write_text(two.models_file.read_text().partition("[sentiment.original]")[0])
    assert chosen() == set()


def test_comment(two, chosen):
    """A comment in the models file touches no task."""
    two.models_file.write_text("# ours\n" + two.models_file.read_text())
    assert chosen() == set()


@pytest.mark.parametrize("how", ["edited", "removed", "committed"])
@pytest.mark.parametrize(("name", "tasks"), FILES, ids=[f"file {number}" for number in range(len(FILES))])
def test_file(two, touched, git, commit, name, tasks, how):
    """A file touches the tasks that it belongs to, all where it belongs to none, and none where no verdict needs it."""
    path, ref = two.path / name, git("rev-parse", "HEAD")
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\n")
    if how == "committed":
        commit()
    assert touched(ref) == tasks


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("fixtures/ner/new.wav", {"ner"}),
        ("golden/embedded/ner/new.txt", {"ner"}),
        ("models/shared/added_tokens.json", BOTH),
        ("models/other/config.json", BOTH),
        ("tests/helpers.py", BOTH),
        ("tests/test_helpers.py", BOTH),
        ("docs/index.rst", set()),
    ],
    ids=[f"file {number}" for number in range(7)],
)
@pytest.mark.parametrize("how", ["untracked", "staged", "committed"])
def test_new_file(two, touched, git, commit, name, tasks, how):
    """A new file touches what an old one would, also where git has not been told of it."""
    ref = git("rev-parse", "HEAD")
    two.write(name, "")
    if how == "staged":
        git("add", name)
    elif how == "committed":
        commit()
    assert touched(ref) == tasks


REPORTS = ("--verdict-json=verdict.json", "--verdict-html=out/page.html", "--junitxml=junit.xml")


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
@pytest.mark.parametrize("left", [False, True], ids=["first run", "second run"])
def test_own_reports(committed, git, options, left):
    """The files that a run writes itself touch nothing and are no edit of the change, nor what Python compiles."""
    committed.write(".gitignore", ".swapgate/\n.hypothesis/\nevents.txt\n")
    if left:
        for name in ("verdict.json", "out/page.html", "junit.xml", "tests/__pycache__/test_ner.pyc"):
            committed.write(name, "of an earlier run")
    result = committed.run("--against=HEAD", "--changed-since=HEAD", *REPORTS, *options)
    assert (result.ret, committed.verdicts(result)) == (0, {})
    assert committed.reasons(result)[1:] == ["note  changed since HEAD: nothing that a verdict depends on"]


@pytest.mark.parametrize("how", ["tracked", "taken out"])
def test_report_that_git_keeps(committed, commit, git, how):
    """A file that git keeps, or kept, counts though the run writes it."""
    committed.write("verdict.json", "{}")
    commit()
    if how == "taken out":
        git("rm", "--cached", "verdict.json")
    result = committed.run("--changed-since=HEAD", "--verdict-json=verdict.json", "-k", "expected")
    assert "(verdict.json is of no suite and touches all" in "".join(committed.reasons(result))


def test_report_of_another_run(committed):
    """What another run has left counts, and the message says how it would not."""
    committed.write("verdict.json", "{}")
    result = committed.run("--changed-since=HEAD", "--verdict-json=other.json", "-k", "expected")
    assert "(verdict.json is of no suite and touches all" in "".join(committed.reasons(result))


def test_with_against(two, approve):
    """Together with --against what changed is judged by the commit."""
    two.retrain("small", Ada=["PER", 0.5])
    two.run("-k", "ner and golden", "--snapshot-update")
    result = two.run("--against=HEAD", "--changed-since=HEAD", "-k", "expected or golden", "-p", "no:benchmark")
    assert result.ret == 1
    assert two.verdicts(result)["small"] == "FAIL"
    assert "note  changed since HEAD: ner (golden/embedded/ner/large.json)" in two.reasons(result)


def test_with_swap(two):
    """A swap is judged whatever changed."""
    result = two.run("--changed-since=HEAD", "--swap=ner.small=models/original", "-m", "small and size")
    assert two.verdicts(result) == {"small": "FAIL"}


def test_absent(two):
    """A REF that does not exist ends with one message."""
    result = two.run("--changed-since=none")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: --changed-since none: no such commit in the git repository of *; fetch it *")
    assert len([line for line in result.errlines if line]) == 1


def test_suite_file_removed(committed, git):
    """A task whose suite file is gone is INCOMPLETE where a commit judges or chooses, also beside other tests."""
    committed.suite.unlink()
    committed.write("tests/test_other.py", "def test_other():\n    pass\n")
    for option in ("--against=HEAD", "--changed-since=HEAD"):
        result = committed.run(option)
        assert (result.ret, set(committed.verdicts(result).values())) == (7, {"INCOMPLETE"})
        words = "ner/small: no test judges it; restore or write its test file, for example tests/test_ner.py"
        assert words in "".join(committed.reasons(result))
