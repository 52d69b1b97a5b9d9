"""A project in a git repository, and what one does with it."""

import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from swapgate.changes.changed import changed_suites
from swapgate.changes.git import commit_of
from swapgate.trials.plan import make_plan

SENTIMENT = """
[sentiment.original]
model = "../../models/classifier"
labels = { PER = "good", ORG = "bad", LOC = "fair", MISC = "odd" }

[sentiment.small]
model = "../../models/shared"
labels = { PER = "good", ORG = "bad", LOC = "fair", MISC = "odd" }
"""
LARGE = """
[ner.large]
model = "../../models/shared"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
"""
SENTENCES = 'latency = "nice"\n\n[[case]]\nid = "nice"\ntext = "Nice."\nexpected = "good"\n'
LONELY = (
    "fixtures/ner/ada.wav",
    "fixtures/sentiment/notes.txt",
    "models/shared/README.md",
    "constraints.txt",
    "swapgate/tasks/ner.py",
    "README.md",
    "LICENSE",
)
"""Files that hold nothing."""


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
        committed.run("-k", "golden", "--snapshot-update", "--accept-drift", *options)
        assert committed.run("-m", "small and not latency").ret == 0

    return run


@pytest.fixture
def two(committed: Any, commit: Callable[[], str]) -> Any:
    """A project of two tasks, each with models of its own and one that they share."""
    for name in ("classifier", "shared"):
        committed.model(name, {"Ada": ["PER", 0.9]})
    rows = committed.models_file.read_text()
    committed.models_file.write_text(rows + LARGE + SENTIMENT)
    committed.write("fixtures/models/hub.toml", rows)
    committed.write("fixtures/sentiment/cases.toml", SENTENCES)
    committed.write("tests/test_sentiment.py", committed.suite.read_text().replace('"ner"', '"sentiment"'))
    committed.write("tests/test_mine.py", "def test_mine():\n    pass\n")
    committed.write(
        "tests/conftest.py",
        """WORDS = "mark.task('ner')"  # which makes no suite file of it
""",
    )
    committed.write("golden/hub/ner/small.json", committed.golden().read_text())
    for name in LONELY:
        committed.write(name, "")
    commit()
    return committed


@pytest.fixture
def touched(two: Any) -> Callable[..., set[str]]:
    """Name the tasks that what has changed since a commit can have touched."""

    def run(ref: str = "HEAD") -> set[str]:
        plan = make_plan(two.path, two.models_file, [], [], two.path)
        return {*changed_suites(plan, commit_of(two.path, ref, "--changed-since")).by}

    return run
