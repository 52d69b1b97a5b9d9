"""`--changed-since REF` and what git does not keep, or keeps elsewhere."""

import shutil

import pytest

from swapgate.changes.changed import changed_suites
from swapgate.trials.plan import make_plan

IMAGES = """
[image-classification.original]
model = "../../models/original"
labels = { PER = "cat" }
"""
PICTURES = 'latency = "cat"\n\n[[case]]\nid = "cat"\nimage = "../sentiment/cat.png"\nexpected = "cat"\n'
SET = '{"id": "one", "text": "Ada paid.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}\n'
BOTH = {"ner", "sentiment"}


@pytest.fixture
def ignored(two, git, commit):
    """A project of which git keeps neither the weights nor the evaluation set of ner."""
    two.write(".gitignore", "models/\nset.jsonl\n" + (two.path / ".gitignore").read_text())
    git("rm", "--quiet", "-r", "--cached", "models")
    rows = two.models_file.read_text()
    shared = rows[rows.index("[ner.large]") : rows.index("[sentiment.original]")]
    two.models_file.write_text(rows.replace(shared, ""))
    commit()
    return two


def test_weights_out_of_git(ignored, touched):
    """Models that git does not keep touch their task unless its golden says that they are the accepted ones."""
    assert touched() == {"sentiment"}  # which has no golden
    ignored.retrain("small", Ada=["PER", 0.5])
    assert touched() == BOTH


def test_broken_weights_out_of_git(ignored, touched):
    """A model that cannot be read touches its task."""
    (ignored.path / "models/small/model.safetensors").write_bytes(b"")
    assert touched() == BOTH


@pytest.mark.parametrize("name", ["models/small", "models/small/config.json"], ids=["folder", "file"])
def test_weights_behind_a_link(two, touched, commit, tmp_path_factory, name):
    """Git keeps a link to a model and not the model: that touches its task like any that git does not keep."""
    outside = tmp_path_factory.mktemp("elsewhere") / "it"
    shutil.move(two.path / name, outside)
    (two.path / name).symlink_to(outside)
    commit()
    assert touched() == set()
    config = two.path / "models/small/config.json"
    config.write_text(config.read_text().replace("0.99", "0.5"))
    assert touched() == {"ner"}


@pytest.mark.parametrize("name", ["set.jsonl", "other.jsonl"], ids=["out_of_git", "in_git"])
def test_evaluation_set(ignored, touched, commit, name):
    """An evaluation set touches its task where it changed, and always where git does not keep it."""
    ignored.write(f"fixtures/ner/{name}", SET)
    ignored.replace(ignored.cases_file, "latency =", f'evaluation = "{name}"\nlatency =')
    commit()
    assert ("ner" in touched()) == (name == "set.jsonl")
    ignored.write(f"fixtures/ner/{name}", SET * 2)
    assert "ner" in touched()


def test_input_beside_another_task(two, touched, commit):
    """An input touches every task with a case of it, also one that lies in another task's folder."""
    two.models_file.write_text(two.models_file.read_text() + IMAGES)
    two.write("fixtures/sentiment/cat.png", "a cat")
    two.write("fixtures/image-classification/cases.toml", PICTURES)
    commit()
    assert touched() == set()
    two.write("fixtures/sentiment/cat.png", "another cat")
    assert touched() == {"image-classification", "sentiment"}


def test_models_file_out_of_git(two, monkeypatch, tmp_path_factory):
    """A models file that git does not keep touches every task."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "embedded.toml"
    elsewhere.write_text(two.models_file.read_text().replace("../../models", f"{two.path}/models"))
    result = two.run("--changed-since=HEAD", f"--models={elsewhere}", "-k", "size")
    assert "note  changed since HEAD: ner, sentiment (not all of ner is in git)" in two.reasons(result)


def test_models_file_by_a_way_around(two, monkeypatch):
    """A models file may be named from a folder of the project."""
    monkeypatch.chdir(two.path / "tests")
    two.replace(two.models_file, '"../../models/small"', '"../../models/original"')
    result = two.run("--changed-since=HEAD", "--models=../fixtures/models/embedded.toml", "-k", "size and small")
    assert "note  changed since HEAD: ner (fixtures/models/embedded.toml)" in two.reasons(result)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_flags_of_the_index(two, touched, git, flag):
    """Files that git was told to pass over count all the same."""
    git("update-index", flag, "fixtures/models/embedded.toml")
    two.replace(two.models_file, '"../../models/small"', '"../../models/original"')
    assert touched() == {"ner"}


def test_added_against_what_git_ignores(two, touched, git, commit):
    """A file that is added although git ignores files of its kind counts."""
    ref = git("rev-parse", "HEAD")
    two.write("tests/events.txt", "")
    git("add", "--force", "tests/events.txt")
    commit()
    assert touched(ref) == BOTH


def test_another_part_of_the_repository(two, git, commit, tmp_path_factory):
    """Of the files outside of the project only models and evaluation sets count."""
    top = tmp_path_factory.mktemp("whole")
    shutil.copytree(two.path, top / "judge", ignore=shutil.ignore_patterns(".git"))
    shutil.move(top / "judge" / "models", top / "models")
    models_file = top / "judge" / "fixtures" / "models" / "embedded.toml"
    models_file.write_text(models_file.read_text().replace("../../models", "../../../models"))
    two.path = top / "judge"
    (top / "set.jsonl").write_text(SET)
    cases = top / "judge/fixtures/ner/cases.toml"
    cases.write_text('evaluation = "../../../set.jsonl"\n' + cases.read_text())
    git("init", "--quiet", "..")
    git("-C", "..", "add", "--all")
    ref = commit()
    (top / "setup.py").write_text("")
    plan = make_plan(two.path, models_file, [], [], two.path)
    assert changed_suites(plan, ref).by == {}
    (top / "models/classifier/config.json").write_text("{}")
    assert changed_suites(plan, ref).by == {"sentiment": "../models/classifier/config.json"}
    (top / "set.jsonl").write_text(SET * 2)
    assert changed_suites(plan, ref).by.keys() == BOTH
    for path in (top / "models/classifier/config.json", top / "set.jsonl"):
        git("checkout", str(path))
    (top / "judge/constraints.txt").write_text("torch")
    assert changed_suites(plan, ref).by.keys() == BOTH
