"""`--against REF`: which commits and repositories it takes, and that it leaves no trace in them."""

import os
import tempfile

import pytest

PASS = {"original": "PASS", "small": "PASS"}


@pytest.fixture
def judged(committed, git, commit, against):
    """Judge a later state in which the small model is worse and has approved of itself, by REF."""
    first = git("rev-parse", "HEAD")
    committed.retrain("small", Ada=["PER", 0.5])
    committed.run("-k", "golden", "--snapshot-update")
    commit()

    def run(ref):
        result = against(ref=ref)
        assert f"note  judged by the rows, cases, goldens and limits of {first}" in committed.reasons(result)
        assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})

    return run


@pytest.mark.parametrize("ref", ["HEAD~1", "v1", "refs/tags/v1", "old"])
def test_ref(judged, git, ref):
    """REF is whatever git takes for a commit: a tag, a branch, a place before another."""
    git("tag", "--annotate", "--message=one", "v1", "HEAD~1")
    git("branch", "old", "HEAD~1")
    judged(ref)


@pytest.mark.parametrize("digits", [40, 8])
def test_hash(judged, git, digits):
    """REF may be a hash, whole or abbreviated."""
    judged(git("rev-parse", "HEAD~1")[:digits])


def test_ref_that_looks_like_an_option(judged, git):
    """A REF that begins with a dash is a REF."""
    git("update-ref", "refs/heads/-old", "HEAD~1")
    judged("-old")


@pytest.mark.parametrize("how", ["untracked", "staged", "committed"])
def test_what_counts_as_the_change(committed, against, git, commit, how):
    """What is not committed, or not even added, is as much of the change as what is."""
    ref = git("rev-parse", "HEAD")
    committed.write("tests/conftest.py", "")
    committed.replace(committed.models_file, "at_most = 0.9", "at_most = 9.0")
    if how == "staged":
        git("add", "--all")
    elif how == "committed":
        commit()
    result = against(ref=ref)
    assert (result.ret, committed.verdicts(result)) == (7, dict.fromkeys(PASS, "INCOMPLETE"))
    assert [line for line in committed.reasons(result) if line.startswith("note")][1:] == [
        "note  fixtures/models/embedded.toml: ner.small.budget.size.at_most: 0.9 → 9.0 (not used)",
        "note  edited, and used as they are now: tests/conftest.py",
    ]


REFUSED = [
    pytest.param("none", "no such commit in the git repository of *; fetch it first (in a shallow*", id="absent"),
    pytest.param("-none", "no such commit in the git repository of *; fetch it first (in a shallow*", id="option"),
    pytest.param("", "the name of a commit is empty; give a commit, a branch or a tag", id="empty"),
    pytest.param("HEAD:fixtures", "no such commit in the git repository of *", id="folder"),
    pytest.param("HEAD..HEAD", "no such commit in the git repository of *", id="range"),
    pytest.param(
        "empty", "has no fixtures/models/embedded.toml, and the one of the change cannot *", id="no_models_file"
    ),
    pytest.param("broken", "broken:fixtures/models/embedded.toml: ner.small.lables: unknown key; *", id="broken_row"),
    pytest.param(
        "conflict", "conflict:golden/embedded/ner/small.json: holds merge-conflict markers*", id="broken_golden"
    ),
]


@pytest.mark.parametrize(("ref", "message"), REFUSED)
def test_refused(committed, against, git, commit, ref, message):
    """A REF by which nothing can be judged ends with one message before a model runs."""
    rows, golden = committed.models_file.read_text(), committed.golden().read_text()
    for branch, edits in (
        ("empty", lambda: committed.models_file.unlink()),
        (
            "broken",
            lambda: committed.models_file.write_text(
                rows.replace("[ner.small]\nmodel", "[ner.small]\nlables = 1\nmodel")
            ),
        ),
        ("conflict", lambda: committed.golden().write_text("<<<<<<< HEAD\n" + golden)),
    ):
        edits()
        git("branch", branch, commit())
        committed.models_file.write_text(rows)
        committed.golden().write_text(golden)
    commit()
    result = against(ref=ref)
    refused(committed, result, f"ERROR: --against {ref}: {message}")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("fixtures/models/", "fixtures/models/embedded.toml"),
        ("golden/", "golden/embedded/ner/original.json, golden/embedded/ner/small.json"),
        ("cases.toml", "fixtures/ner/cases.toml"),
    ],
    ids=["models", "goldens", "cases"],
)
def test_ignored(committed, against, git, commit, line, names):
    """Where the commit lacks what judges, for git was told to ignore it, the line that says so is told."""
    committed.write(".gitignore", f"{line}\n{(committed.path / '.gitignore').read_text()}")
    git("rm", "--quiet", "-r", "--cached", *names.split(", "))
    commit()
    refused(
        committed,
        against(),
        f"ERROR: --against HEAD: has no {names}, for git ignores that (.gitignore:1:{line}); take the line out and"
        " commit what judges: models file, cases, goldens",
    )


def refused(project, result, message):
    """See that a run ended with this message alone."""
    assert (result.ret, project.table(result), project.events()) == (4, [], [])
    lines = [line for line in result.errlines if line]
    assert len(lines) == 1
    result.stderr.fnmatch_lines([message.replace("[", "[[]")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--swap=ner.small=models/original"], "--against with --swap: a change is judged as it is; give one of both"),
        (["--snapshot-update"], "--against with --snapshot-update: a trial must not write goldens; edit the row in *"),
        (["--models=hub"], "no models file */fixtures/models/hub.toml; give --models=FILE a path or a name in *"),
    ],
    ids=["swap", "update", "models"],
)
def test_refused_together(committed, against, options, message):
    """What cannot be judged by a commit is refused with one message."""
    refused(committed, against(*options), f"ERROR: {message}")


def test_models_file_elsewhere(committed, against, tmp_path_factory):
    """A models file outside of the project is refused: git has no older one."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "embedded.toml"
    elsewhere.write_text(committed.models_file.read_text().replace("../../models", f"{committed.path}/models"))
    result = against(f"--models={elsewhere}")
    refused(committed, result, f"ERROR: --against: {elsewhere} is not in the project {committed.path}, so git has no *")


@pytest.mark.parametrize("option", ["against", "changed-since"])
def test_no_models_file(pytester, option):
    """A change that takes the models file away is refused rather than passed over."""
    result = pytester.runpytest(f"--{option}=HEAD")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: no models file *embedded.toml; give --models=FILE *")


@pytest.mark.parametrize("option", ["against", "changed-since"])
def test_no_repository(recorded, option):
    """A project that is in no git repository is refused with what git says."""
    recorded.path.joinpath("events.txt").unlink()
    result = recorded.run(f"--{option}=HEAD")
    words = "git rev-parse failed in *: fatal: not a git repository *; it needs a working tree of git"
    refused(recorded, result, f"ERROR: --{option} HEAD: {words}")


@pytest.mark.parametrize("option", ["against", "changed-since"])
def test_no_git(committed, monkeypatch, option):
    """Where git is not installed there is one message."""
    monkeypatch.setenv("PATH", str(committed.path))
    refused(
        committed, committed.run(f"--{option}=HEAD"), f"ERROR: --{option} HEAD: git cannot be run in *; install it*"
    )


def test_models_file_by_a_way_around(judged, committed, monkeypatch):
    """A models file may be named from a folder of the project."""
    monkeypatch.chdir(committed.path / "tests")
    result = committed.run(
        "--against=HEAD~1", "--models=../fixtures/models/embedded.toml", "-m", "small and not latency"
    )
    assert (result.ret, committed.verdicts(result)) == (1, {"small": "FAIL"})


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"])
def test_variables_of_a_hook(judged, committed, monkeypatch, tmp_path_factory, name):
    """Where git's variables name another repository, as in a hook, the project's own is meant."""
    monkeypatch.setenv(name, str(tmp_path_factory.mktemp("elsewhere") / "x"))
    judged("HEAD~1")


@pytest.mark.parametrize("ref", ["HEAD", "none"])
@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_no_trace(committed, against, git, monkeypatch, tmp_path_factory, ref, options):
    """The temporary checkout is removed at the end, and git's own status is as it was."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    committed.write("new.txt", "new")
    before = git("status", "--porcelain"), git("stash", "list"), git("worktree", "list"), git("for-each-ref")
    assert against(*options, ref=ref).ret == (0 if ref == "HEAD" else 4)
    assert (git("status", "--porcelain"), git("stash", "list"), git("worktree", "list"), git("for-each-ref")) == before
    assert os.listdir(folder) == []
