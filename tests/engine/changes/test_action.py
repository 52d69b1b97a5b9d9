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


@pytest.mark.parametrize("event", [{"ref": "refs/heads/main"}, {"pull_request": None}])
def test_push(gate, event):
    """Without a pull request and a commit the project is judged as it is."""
    status, said, found = gate(event)
    assert (status, found["against"]) == (0, None), said


def test_commit_that_is_not_here(committed, gate):
    """A checkout without the commit before the change says how to check out, and a verdict that lay there is gone."""
    place = committed.path / "swapgate-verdict"
    place.mkdir()
    for name in ("verdict.json", "verdict.md", "verdict.html"):
        (place / name).write_text("{}")
    status, said, found = gate({"pull_request": {"base": {"sha": "0" * 40}}})
    assert (status, found, [*place.iterdir()]) == (4, None, [])
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


BRANCH = "a`touch stolen`$(touch stolen)${{ github.token }}"
HEAD = {"sha": "a" * 40, "ref": BRANCH, "repo": {"id": 1}}
PULL = {"number": 7, "head": HEAD}
RUN = {
    "head_sha": "a" * 40,
    "head_branch": BRANCH,
    "head_repository": {"id": 1, "owner": {"login": "someone"}},
    "html_url": "https://r",
    "conclusion": "success",
}
OWN = {"id": 3, "user": {"login": "github-actions[bot]"}, "body": "<!-- swapgate -->\nbefore"}
BEFORE = f"<!-- swapgate -->\n{'a' * 40}: [the run](https://r) ended with success\n\n"
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
const context = { repo: { owner: "o", repo: "r" }, payload: { workflow_run: RUN } }
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

    def run(written=None, comments=(), pulls=(PULL,), **other):
        if written is not None:
            file.write_text(written)
        whole = NODE.replace("SCRIPT", script)
        for name, value in {"PULLS": pulls, "COMMENTS": comments, "RUN": {**RUN, **other}}.items():
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
        ("/merge\n > /approve a/b", "/\u200bmerge\n > /\u200bapprove a/b"),
    ],
)
def test_comment_of_a_hostile_change(comment, written, posted):
    """What a change writes into its verdict mentions nobody, links nowhere and shows no picture."""
    run, _ = comment
    assert run(written) == [{"created": 7, "body": f"{BEFORE}{posted}"}]


def test_one_comment(comment):
    """The comment that is there is written anew, whoever else has begun one like it, or is no longer there."""
    run, _ = comment
    strangers = [{**OWN, "id": 2, "user": user} for user in (None, {"login": "a"}, {"login": "other[bot]"})]
    empty = {**OWN, "id": 1, "body": None}
    assert run("PASS", comments=[*strangers, empty, OWN]) == [{"updated": 3, "body": f"{BEFORE}PASS"}]


@pytest.mark.parametrize(
    "head",
    [{**HEAD, "sha": "b" * 40}, {**HEAD, "ref": "other"}, {**HEAD, "repo": {"id": 2}}, {**HEAD, "repo": None}],
    ids=["moved on", "another branch", "another fork", "fork that is gone"],
)
def test_another_pull_request(comment, head):
    """A pull request of another commit, branch or fork gets no comment, whatever the artifact says."""
    run, _ = comment
    assert run("PASS of #7", pulls=[{"number": 8, "head": head}], comments=[OWN]) == []
    assert run("PASS", pulls=[{"number": 8, "head": head}, PULL]) == [{"created": 7, "body": f"{BEFORE}PASS"}]


def test_run_of_a_fork_that_is_gone(comment):
    """A run whose fork was removed meanwhile gets no comment."""
    run, _ = comment
    assert run("PASS", head_repository=None) == []


@pytest.mark.parametrize("kind", ["missing", "link", "folder", "large"])
def test_artifact_that_is_no_verdict(comment, tmp_path, kind):
    """What is no file of a verdict's size is not read; a comment of an older commit's verdict says so, else none is."""
    run, file = comment
    (tmp_path / "secret").write_text("token")
    if kind == "link":
        file.symlink_to(tmp_path / "secret")
    elif kind == "folder":
        file.mkdir()
    elif kind == "large":
        file.write_text("x" * 5_000_001)
    assert run() == []
    said = BEFORE.replace("success", "failure")
    assert run(comments=[OWN], conclusion="failure") == [{"updated": 3, "body": f"{said}No verdict was found."}]


def test_comment_that_is_too_long(comment):
    """A comment is no longer than GitHub takes, whatever its letters become, and no letter of it is cut in two."""
    run, _ = comment
    (found,) = run("<" * 100_000)
    assert len(found["body"]) == 60_000
    (found,) = run("x" + "😀" * 30_000)
    found["body"].encode()
