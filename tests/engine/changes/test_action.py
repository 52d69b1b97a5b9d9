"""The script of the Action, run with the event file of a pull request: what judges, and what no text can do."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GATE = ROOT / ".ci" / "action" / "gate"
WRITTEN = [
    ROOT / "action.yml",
    ROOT / ".ci" / "action" / "comment.yml",
    *(ROOT / ".github" / "workflows").glob("*.yml"),
]
SCRIPTS = [GATE, ROOT / ".ci" / "run", ROOT / ".ci" / "package"]

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

    run.summary = place / "summary.md"
    return run


def test_pull_request(committed, git, commit, swap, gate):
    """A pull request is judged by the commit that it branched off from, and the reports are written."""
    base = git("rev-parse", "HEAD")
    swap(Ada=None)
    commit()
    status, said, found = gate({"pull_request": {"base": {"sha": base}, "title": "$(touch stolen)"}})
    assert (status, found["against"]) == (1, base), said
    assert [f"{one['suite']}/{one['tier']}" for one in found["tiers"] if one["verdict"] == "FAIL"] == ["ner/small"]
    written = (committed.path / "swapgate-verdict/verdict.md").read_text()
    assert written in gate.summary.read_text()
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


@pytest.mark.parametrize("path", [path for path in WRITTEN if "workflows" in path.parts], ids=lambda path: path.name)
def test_rights_of_workflows(path):
    """A workflow has the right to read, a job more only where it runs nothing of this repository."""
    text = path.read_text()
    assert re.search(r"^permissions:\n  contents: read\n(?!  )", text, re.MULTILINE)
    for job in re.split(r"^  (?=[\w-]+:$)", text[text.index("\njobs:\n") :], flags=re.MULTILINE)[1:]:
        assert "permissions:" not in job or not re.search("checkout@|run:", job)
        assert "checkout@" not in job or "persist-credentials: false" in job


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck(path):
    """The scripts are clean to shellcheck."""
    done = subprocess.run(["shellcheck", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


PULL = {"number": 7, "head": {"sha": "a" * 40}}
OWN = {"id": 3, "user": {"type": "Bot"}, "body": "<!-- swapgate -->\nbefore"}
NODE = """
const said = []
const github = {
  paginate: async (list) => list === "pulls" ? PULLS : COMMENTS,
  rest: {
    pulls: { list: "pulls" },
    issues: {
      listComments: "comments",
      updateComment: async (asked) => said.push({ updated: asked.comment_id, body: asked.body }),
      createComment: async (asked) => said.push({ created: asked.issue_number, body: asked.body }),
    },
  },
}
const run = { head_sha: "HEAD", head_branch: "change", head_repository: { owner: { login: "someone" } } }
const context = { repo: { owner: "o", repo: "r" }, payload: { workflow_run: run } }
const script = async () => {
SCRIPT
}
script().then(() => process.stdout.write(JSON.stringify(said)))
"""


@pytest.fixture
def comment(tmp_path):
    """Run the workflow's script on an artifact; gives what it posts."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    text = WRITTEN[1].read_text()
    script = textwrap.dedent(text[text.index("script: |\n") + len("script: |\n") :])
    file = tmp_path / "verdict" / "verdict.md"
    file.parent.mkdir()

    def run(written=None, head="a" * 40, comments=()):
        if written is not None:
            file.write_text(written)
        known = {"PULLS": [PULL], "COMMENTS": comments}
        whole = NODE.replace("HEAD", head).replace("SCRIPT", script)
        for name, value in known.items():
            whole = whole.replace(name, json.dumps(value))
        done = subprocess.run(["node", "-e", whole], cwd=tmp_path, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run, file


@pytest.mark.parametrize(
    ("written", "posted"),
    [
        ("<details open><summary>a</summary></details>", "<details open><summary>a</summary></details>"),
        ("&lt;b&gt; &amp; &quot;", "&lt;b&gt; &amp; &quot;"),
        ("<img src=x>", "&lt;img src=x>"),
        ("<details onclick=x>", "&lt;details onclick=x>"),
        ("@everybody", "@\u200beverybody"),
        ("&#64;everybody &commat;all", "&amp;#\u200b64;everybody &amp;commat;all"),
        ("[a](https://b)", "[a]\u200b(https:\u200b//b)"),
        ("[a][b]\n\n[b]: x", "[a]\u200b[b]\n\n[b]\u200b: x"),
        ("![a][b] www.b.example", "!\u200b[a]\u200b[b] w\u200bww.b.example"),
        ("closes #12, o/r#3, GH-4", "closes #\u200b12, o/r#\u200b3, G\u200bH-4"),
        ("<!-- swapgate --><!--", "&lt;!-- swapgate -->&lt;!--"),
    ],
)
def test_comment_of_a_hostile_change(comment, written, posted):
    """What a change writes into its verdict mentions nobody, links nowhere and shows no picture."""
    run, _ = comment
    assert run(written) == [{"created": 7, "body": f"<!-- swapgate -->\n{posted}"}]


def test_one_comment(comment):
    """The comment that is there is written anew, whoever else has begun one like it."""
    run, _ = comment
    stranger = {**OWN, "id": 2, "user": {"type": "User"}}
    assert run("PASS", comments=[stranger, OWN]) == [{"updated": 3, "body": "<!-- swapgate -->\nPASS"}]


def test_no_comment(comment, tmp_path):
    """A pull request that has moved on gets none, nor does an artifact that is a link or too large to be a verdict."""
    run, file = comment
    assert run("PASS", head="b" * 40) == []
    assert run("x" * 5_000_001) == []
    file.unlink()
    (tmp_path / "secret").write_text("token")
    file.symlink_to(tmp_path / "secret")
    assert run() == []


def test_comment_that_is_too_long(comment):
    """A comment is no longer than GitHub takes, whatever its letters become."""
    run, _ = comment
    (found,) = run("<" * 100_000)
    assert len(found["body"]) == 60_000
