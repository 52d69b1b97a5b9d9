"""Questions to git: asked once where the working tree stays as it is, and each time anew elsewhere."""

import os
from collections import Counter

import pytest

from swapgate.changes.git import changed_since, commit_of, one_look, taken_out, top_of, tracked


def test_one_look(committed, git):
    """Meanwhile what was seen first holds; behind it, and where there is no such look, it is seen as it is."""
    head = commit_of(committed.path, "HEAD", "--against")
    kept = committed.path / "new.txt"
    with one_look():
        assert [*changed_since(committed.path, head)] == []
        committed.write("new.txt", "new")
        git("add", "new.txt")
        assert [*changed_since(committed.path, head)] == []
        assert kept not in tracked(committed.path)
        with one_look():
            assert kept in tracked(committed.path)
        assert kept not in tracked(committed.path)
    assert [*changed_since(committed.path, head)] == ["new.txt"]
    assert kept in tracked(committed.path)
    git("rm", "--quiet", "--force", "new.txt")
    assert [*changed_since(committed.path, head)] == []


def test_other_folders_and_commits(committed, git, commit):
    """What is seen is that of one folder and one commit."""
    first = commit_of(committed.path, "HEAD", "--against")
    committed.write("new.txt", "new")
    second = commit()
    git("rm", "--quiet", "--cached", "new.txt")
    with one_look():
        assert (len(taken_out(committed.path, first)), len(taken_out(committed.path, second))) == (0, 1)
        assert top_of(committed.path / "tests") == top_of(committed.path) == committed.path


@pytest.mark.parametrize("option", ["--against", "--changed-since"])
def test_asked_once(committed, monkeypatch, option):
    """A run asks git for nothing twice but where files lie in an index of their own."""
    from swapgate.changes import git

    asked, ask = Counter(), git._git

    def counting(folder, *arguments, **variables):
        asked[os.fspath(folder), arguments, *sorted(variables.items())] += 1
        return ask(folder, *arguments, **variables)

    monkeypatch.setattr(git, "_git", counting)
    result = committed.run(f"{option}=HEAD", "-m", "not latency", "-p", "no:benchmark")
    assert result.ret == 0
    assert {question: count for question, count in asked.items() if count > 1} == {}
