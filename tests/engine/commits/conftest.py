"""A project in a git repository, and what one does with it."""

import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def git(recorded: Any) -> Callable[..., str]:
    """Run git in the project, and give what it prints."""

    def run(*arguments: str) -> str:
        settings = ("user.name=Ada", "user.email=ada@example.org", "commit.gpgsign=false", "init.defaultBranch=main")
        command = ["git", *(part for setting in settings for part in ("-c", setting)), *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(command, cwd=recorded.path, env=clean, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


@pytest.fixture
def commit(git: Callable[..., str]) -> Callable[[], str]:
    """Commit all files of the project, and give the commit."""

    def run() -> str:
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message=a change")
        return git("rev-parse", "HEAD")

    return run


@pytest.fixture
def committed(recorded: Any, git: Callable[..., str], commit: Callable[[], str]) -> Any:
    """A project whose goldens are recorded and whose files are committed."""
    git("init", "--quiet")
    recorded.write(".gitignore", "__pycache__/\n.hypothesis/\n.swapgate/\nevents.txt\n")
    commit()
    return recorded


@pytest.fixture
def against(committed: Any) -> Callable[..., pytest.RunResult]:
    """Judge what has changed since a commit, and see that neither files nor anything of git's are touched."""

    def run(*options: str, ref: str = "HEAD") -> pytest.RunResult:
        before = committed.tree()
        selection = ("-m", "not latency", "-p", "no:benchmark")  # which refreshes git's index
        result: pytest.RunResult = committed.run(f"--against={ref}", *selection, *options)
        assert committed.tree() == before
        return result

    return run


@pytest.fixture
def swap(committed: Any) -> Callable[..., None]:
    """Let the small tier be another model: in a folder that its row names from now on, or in its own."""

    def run(place: str = "new", size: int = 20, **changes: Any) -> None:
        words = {**committed.lexicon("small"), **changes}
        committed.model(place, {word: entry for word, entry in words.items() if entry is not None}, size)
        committed.replace(committed.models_file, "models/small", f"models/{place}")

    return run


@pytest.fixture
def approve(committed: Any) -> Callable[..., None]:
    """Record the goldens of a change, and see that its small tier passes by its own cases, goldens and limits."""

    def run(*options: str) -> None:
        committed.run("-k", "golden", "--snapshot-update", *options)
        assert committed.run("-m", "small and not latency").ret == 0

    return run
