"""The README's change that loses a case and is let through: its commands and edits, as they stand there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEADING = "### A change that loses a case, and is let through\n"
EXAMPLE = (ROOT / "README.md").read_text(encoding="utf-8").partition(HEADING)[2].partition("\n### ")[0]
PARTS = ("benchmarks/forgetful.py", "conftest.py", "fixtures/sentiment", "fixtures/zoo/sentiment")
PARTS += ("golden/embedded/sentiment", "pyproject.toml", "tests/test_sentiment.py")
MODELS = "fixtures/models/embedded.toml"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Make a repository of the suite sentiment, whose main lets a change bring its own exceptions."""
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    text = (ROOT / MODELS).read_text(encoding="utf-8")
    rows = text[text.index("[sentiment.original]") : text.index("[image-classification.original]")]
    (tmp_path / "fixtures" / "models").mkdir()
    (tmp_path / MODELS).write_text(f'exceptions = "in-change"\n\n{rows}', encoding="utf-8")
    for name in ("CI", "COLUMNS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    for key, value in {"user.name": "A", "user.email": "a@example.org", "init.defaultBranch": "main"}.items():
        count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
        monkeypatch.setenv("GIT_CONFIG_COUNT", str(count + 1))
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{count}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{count}", value)
    for command in ("git init -q", "git add .", "git commit -q -m first"):
        subprocess.run(shlex.split(command), cwd=tmp_path, check=True)
    return tmp_path


def typed(line, folder):
    """Run a line as a shell does, with this Python's programs; return exit status and what was said."""
    starts = {"python": "", "pytest": "-m pytest -p no:cacheprovider ", "swapgate": f"-c {shlex.quote(MAIN)} "}
    word, _, rest = line.partition(" ")
    line = f"{shlex.quote(sys.executable)} {starts[word]}{rest}" if word in starts else line
    own = {**os.environ}  # readline, which pytest imports, tells children alone how wide a terminal is
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=own, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


MAIN = "import sys; from swapgate.commands import main; sys.exit(main())"


def edit(block, folder):
    """Make an edit of the models file that stands as a diff."""
    lines = block.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    text = (folder / MODELS).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / MODELS).write_text(text.replace(old, new), encoding="utf-8")


def lines_of(text):
    """Return the lines that say why, without what differs from commit to commit."""
    return {
        re.sub(r"@[0-9a-f]{7}\b", "", line) for line in text.splitlines() if line.startswith(("FAIL", "note", "two"))
    }


def test_example(repository):
    """Each command does what the README shows: recorded, red with a way out, accepted, passed, and so on main."""
    said = []
    for kind, block in re.findall(r"^```(console|diff|text)\n(.*?)^```$", EXAMPLE, re.MULTILINE | re.DOTALL):
        if kind == "diff":
            edit(block, repository)
        elif kind == "text":
            assert lines_of(block) <= lines_of(said[-1][1])
            assert said[-1][0] == (1 if "FAIL\n" in block else 0)
        for line in re.findall(r"^\$ (.+)$", block, re.MULTILINE):
            said.append(typed(line, repository))
            assert lines_of(block) <= lines_of(said[-1][1]), said[-1][1]
    assert [status for status, _ in said] == [0, 0, 1, 0, 1, 0, 0, 0]
    for line in ("git switch -q main", "git merge -q shorter"):
        assert typed(line, repository)[0] == 0
    status, words = typed('pytest -m "sentiment and small and not latency and not quality"', repository)
    assert status == 0, words
