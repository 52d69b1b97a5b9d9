"""What a red run leaves to be reviewed, and what is never written: on CI, by a trial, into git."""

import json
import subprocess

import pytest

from swapgate.commands import main
from swapgate.commands.review import accept
from swapgate.commands.review import waiting as find_waiting
from swapgate.core.faults import InputFault
from swapgate.goldens.golden import read_golden
from swapgate.goldens.pending import pending_path

RED = ("-k", "golden")


def waiting(project):
    """Return what waits for a review: from tier and case to the score that was found."""
    paths = sorted((project.path / ".swapgate" / "pending").rglob("*.json"))
    return {
        f"{path.stem} {case}": [entity.score for entity in entry.prediction.entities]
        for path in paths
        for case, entry in read_golden(path).items()
    }


def git(project, *arguments):
    """Run git in the project."""
    return subprocess.run(["git", *arguments], cwd=project.path, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def red(recorded):
    """A project in which a score of each tier has drifted."""
    scores = {"models/small": {"Ada": 0.5}, "models/original": {"Siemens": 0.25}}
    recorded.write("drift.json", json.dumps(scores))
    return recorded


def test_red_run(red, workers):
    """A red run leaves what was found of the cases that are red, in one process or two, and no golden changes."""
    before = red.tree()
    assert red.run(*RED, *workers).ret == 1
    assert waiting(red) == {"small ada": [0.5, 0.97], "original left_out": [0.25]}
    assert red.tree() == before


def test_green_run(recorded, workers):
    """A green run leaves nothing."""
    assert recorded.run(*RED, *workers).ret == 0
    assert not (recorded.path / ".swapgate").exists()


def test_green_again(red, workers):
    """A later green run takes away what it has found to be green, and nothing of what it did not select."""
    red.run(*RED, *workers)
    (red.path / "drift.json").unlink()
    assert red.run("-k", "golden and small", *workers).ret == 0
    assert waiting(red) == {"original left_out": [0.25]}
    assert red.run(*RED, *workers).ret == 0
    assert waiting(red) == {}


def test_red_again(red):
    """What a later run finds takes the place of what waited."""
    red.run(*RED)
    red.drift("small", Ada=0.75)
    red.run("-k", "golden and small and ada")
    assert waiting(red) == {"small ada": [0.75, 0.97], "original left_out": [0.25]}


def test_recorded(red, workers):
    """What an update has recorded does not wait any more."""
    red.run(*RED)
    assert red.run("-k", "golden and small", "--snapshot-update", "--accept-drift", *workers).ret == 0
    assert waiting(red) == {"original left_out": [0.25]}


def test_refused_by_an_update(red):
    """What an update has refused to record waits on."""
    red.run(*RED)
    assert red.run("-k", "golden and small", "--snapshot-update").ret == 1
    assert "small ada" in waiting(red)


def test_missing_golden(project):
    """A case without a golden waits."""
    project.run("-k", "golden and small")
    assert waiting(project) == {"small ada": [0.99, 0.97], "small left_out": [], "small nobody": []}


def test_row_that_names_another_model(recorded):
    """What a row's new model says waits, though the swap passes: it is not recorded yet."""
    recorded.retrain("small", Ada=["PER", 0.95])
    assert recorded.run("-k", "golden and small").ret == 7
    assert waiting(recorded) == {"small ada": [0.95, 0.97], "small left_out": [], "small nobody": []}


def test_unsound_prediction(recorded):
    """A prediction that is never recorded never waits."""
    recorded.drift("small", Ada=1.5)
    assert recorded.run("-k", "golden and small").ret == 1
    assert waiting(recorded) == {}


def test_swap(recorded, workers):
    """A trial leaves nothing, be it red or green."""
    recorded.retrain("candidate", like="small", Ada=["PER", 0.5])
    assert recorded.run(*RED, "--swap=ner.small=models/candidate", *workers).ret == 1
    assert not (recorded.path / ".swapgate").exists()


def test_git_does_not_see_it(red):
    """Git neither shows nor takes up what waits, though nobody has told it to."""
    red.write(".gitignore", "events.txt\n__pycache__/\n.hypothesis/\n")
    git(red, "init", "-q")
    git(red, "add", ".")
    git(red, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "all")
    red.run(*RED)
    assert waiting(red)
    assert git(red, "status", "--porcelain", "--untracked-files=all") == ""
    git(red, "add", ".")
    assert git(red, "diff", "--cached", "--name-only") == ""


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n", "{}", '{"format": 1}'], ids=["conflict", "empty", "older"])
def test_unreadable(red, content):
    """A file of what waits that cannot be read gives way to what the run has found."""
    red.write(".swapgate/pending/golden/embedded/ner/small.json", content)
    result = red.run("-k", "golden and small")
    assert (result.ret, red.verdicts(result), len(red.reasons(result))) == (1, {"small": "FAIL"}, 1)
    assert waiting(red) == {"small ada": [0.5, 0.97]}


def test_file_in_its_place(red):
    """Where the folder cannot be made that is told in a note, and does not change the verdict."""
    red.write(".swapgate", "no folder")
    result = red.run("-k", "golden and small")
    assert (result.ret, red.verdicts(result)) == (1, {"small": "FAIL"})
    assert red.reasons(result)[1].startswith("note  what waits for a review could not be written: [Errno")


UPDATES = [
    ["--snapshot-update"],
    ["--snapshot-update", "--accept-drift"],
    ["--snapshot-update-new-only"],
    ["--snapshot-update", "--allow-incomplete", "-n", "2"],
]


@pytest.mark.parametrize("value", ["true", "True", "1", "yes"])
@pytest.mark.parametrize("options", UPDATES, ids=["update", "drift", "new", "xdist"])
def test_no_update_on_ci(red, monkeypatch, options, value):
    """On CI an update, however it is asked for, ends with one message before a model runs and writes nothing."""
    monkeypatch.setenv("CI", value)
    before = red.tree()
    result = red.run(*RED, *options)
    assert (result.ret, red.events()) == (4, [])
    assert [line for line in result.errlines if line] == [
        "ERROR: --snapshot-update where CI is set: a CI writes no goldens; record them on your machine and commit them"
    ]
    assert red.tree() == before
    assert not (red.path / ".swapgate").exists()


def test_no_golden_on_ci(project, monkeypatch):
    """On CI a missing golden is red, and none is made."""
    monkeypatch.setenv("CI", "true")
    assert project.run("-k", "golden and small").ret == 1
    assert not (project.path / "golden").exists()
    assert not (project.path / ".swapgate").exists()


def test_red_run_on_ci(red, workers, monkeypatch):
    """On CI a red run leaves nothing, in one process or two."""
    monkeypatch.setenv("CI", "true")
    before = red.tree()
    assert red.run(*RED, *workers).ret == 1
    assert not (red.path / ".swapgate").exists()
    assert red.tree() == before


@pytest.mark.parametrize("value", ["", "0", "false", "False", "no"])
def test_no_ci(red, monkeypatch, value):
    """A variable CI that says no is none."""
    monkeypatch.setenv("CI", value)
    assert red.run("-k", "golden", "--snapshot-update", "--accept-drift").ret == 0
    red.drift("small", Ada=0.25)
    assert red.run("-k", "golden and small").ret == 1
    assert waiting(red) == {"small ada": [0.25, 0.97]}


def test_damaged(red, monkeypatch, capsys):
    """What waits and cannot be read is told as such by a review, with what to do about it."""
    red.run(*RED)
    path = pending_path(red.path, "embedded", "ner", "small")
    path.write_text("{")
    monkeypatch.chdir(red.path)
    assert main(["review"]) == 4
    assert capsys.readouterr().err.endswith("is damaged: remove that file and run pytest again\n")


TWICE = "assert prediction == golden\n    assert prediction == golden"


def test_two_assertions_a_case(red, workers):
    """A case may be compared with its golden twice: it is recorded once, green then, and red and waiting where red."""
    red.replace(red.suite, "assert prediction == golden", TWICE)
    assert red.run(*RED, *workers).ret == 1
    assert waiting(red) == {"small ada": [0.5, 0.97], "original left_out": [0.25]}
    assert red.run(*RED, "--snapshot-update", "--accept-drift", *workers).ret == 0
    assert red.run(*RED, *workers).ret == 0
    assert waiting(red) == {}


def test_settled(red, monkeypatch, capsys):
    """What a golden says by now, restored or merged, is not listed for a review any more."""
    before = red.golden().read_bytes()
    assert red.run(*RED, "--snapshot-update", "--accept-drift").ret == 0
    after = red.golden().read_bytes()
    red.golden().write_bytes(before)
    red.run(*RED)
    monkeypatch.chdir(red.path)
    capsys.readouterr()
    assert main(["review", "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ["ner/small/ada"]
    red.golden().write_bytes(after)
    assert main(["review"]) == 0
    assert capsys.readouterr().out == "nothing waits for a review\n"


def test_recorded_while_a_review_waits(red):
    """What another run has recorded since it was shown is not written over."""
    red.run(*RED)
    (shown,) = [one for one in find_waiting(red.path, red.models_file) if one.id == "ner/small/ada"]
    red.drift("small", Ada=0.75)
    assert red.run("-k", "golden and small", "--snapshot-update", "--accept-drift").ret == 0
    before = red.golden().read_bytes()
    with pytest.raises(InputFault, match="ner/small/ada: another run has recorded or found something since; start the"):
        accept([shown], accept_drift=True)
    assert red.golden().read_bytes() == before


def test_no_golden_can_be_written(red, monkeypatch, capsys):
    """A review that cannot write says so in one message."""
    red.run(*RED)
    monkeypatch.chdir(red.path)
    (red.golden().parent / ".lock").write_text("")
    assert main(["review", "--accept-all", "--accept-drift"]) == 4
    assert ".json: cannot be written (" in capsys.readouterr().err
