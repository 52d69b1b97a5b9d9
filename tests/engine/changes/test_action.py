"""The script of the Action, run with the event file of a pull request: what judges, and what no text can do."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GATE = ROOT / ".ci" / "action" / "gate"
WRITTEN = [ROOT / "action.yml", ROOT / ".ci" / "action" / "comment.yml"]

pytestmark = pytest.mark.skipif(not GATE.is_file() or shutil.which("bash") is None, reason="part of the repository")


@pytest.fixture
def gate(committed, tmp_path_factory):
    """Run the script in a committed project; gives exit status, what it says, and the verdict JSON."""
    place = tmp_path_factory.mktemp("action")
    (place / "python").symlink_to(sys.executable)

    def run(event=None, **variables):
        path, summary = place / "event.json", place / "summary.md"
        path.write_text(json.dumps(event or {}))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SWAPGATE_", "GIT"))
        }
        surroundings = {
            **kept,
            "CI": "true",
            "PATH": f"{Path(sys.executable).parent}:{place}:{os.environ['PATH']}",
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_STEP_SUMMARY": str(summary),
            "SWAPGATE_SUITES": "not latency",
            **variables,
        }
        done = subprocess.run(["bash", GATE], cwd=committed.path, env=surroundings, capture_output=True, text=True)
        found = committed.path / "swapgate-verdict" / "verdict.json"
        return done.returncode, done.stdout + done.stderr, json.loads(found.read_text()) if found.is_file() else None

    return run


def test_pull_request(committed, git, commit, swap, gate):
    """A pull request is judged by the commit that it branched off from, and the reports are written."""
    base = git("rev-parse", "HEAD")
    swap(Ada=None)
    commit()
    status, said, found = gate({"pull_request": {"base": {"sha": base}, "title": "$(touch stolen)"}})
    assert (status, found["against"]) == (1, base), said
    assert [f"{one['suite']}/{one['tier']}" for one in found["tiers"] if one["verdict"] == "FAIL"] == ["ner/small"]
    assert (committed.path / "swapgate-verdict/verdict.md").is_file()
    assert not (committed.path / "swapgate-verdict/verdict.html").exists()
    assert not (committed.path / "stolen").exists()


def test_push(gate):
    """Without a pull request and a commit the project is judged as it is."""
    status, said, found = gate({"ref": "refs/heads/main"})
    assert (status, found["against"]) == (0, None), said


def test_commit_that_is_not_here(gate):
    """A checkout without the commit before the change says how to check out."""
    status, said, found = gate({"pull_request": {"base": {"sha": "0" * 40}}})
    assert (status, found) == (4, None)
    assert "the commit before this change is not here: check out with fetch-depth: 0" in said


@pytest.mark.parametrize("name", ["SWAPGATE_SUITES", "SWAPGATE_MODELS", "SWAPGATE_AGAINST"])
def test_hostile_words(committed, gate, name):
    """No text that is given is run by the shell."""
    status, _, _ = gate(**{name: "$(touch stolen); touch stolen `touch stolen`"})
    assert status != 0
    assert not (committed.path / "stolen").exists()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_no_text_in_a_shell(path):
    """No expression stands in a line that a shell or a script runs, and no change runs with rights to write."""
    text = path.read_text()
    assert "pull_request_target" not in text
    indented = re.findall(r"^( *)(?:- )?(?:run|script): (?:\|\n((?:\1 +.*\n|\n)*)|(.*))", text, re.MULTILINE)
    assert indented
    assert not any("${{" in part for found in indented for part in found)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("written", "posted"),
    [
        ("<details open><summary>a</summary></details>", "<details open><summary>a</summary></details>"),
        ("<img src=x>", "&lt;img src=x>"),
        ("<details onclick=x>", "&lt;details onclick=x>"),
        ("@everybody", "@\u200beverybody"),
        ("[a](https://b)", "[a]\u200b(https:\u200b//b)"),
    ],
)
def test_comment_of_a_hostile_change(written, posted):
    """What a change writes into its verdict mentions nobody, links nowhere and shows no picture."""
    text = WRITTEN[1].read_text()
    chain = re.search(r"slice\(0, 50000\)\n((?: +\.replace.*\n)+)", text)[1]
    script = f"process.stdout.write(process.argv[1]{chain})"
    done = subprocess.run(["node", "-e", script, written], capture_output=True, text=True, check=True)
    assert done.stdout == posted
