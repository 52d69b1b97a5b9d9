"""Goldens that are damaged, in part from elsewhere or of an older form: each has a message of its own and is red."""

import json
import subprocess

import pytest

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
OLDER = {
    "format": 1,
    "made_by": {"model": "models/small", "digest": "0" * 64, "tolerance": {"drift": 0.0001, "swap": 0.1}},
    "cases": {"ada": {"input": "0" * 16, "prediction": {"entities": []}}},
}


def message(project, *options):
    """Run, see that it ended before a model ran and changed nothing, and give the one message without the file."""
    before = project.tree()
    result = project.run(*options)
    assert (result.ret, project.events(), project.tree()) == (4, [], before)
    (line,) = [line for line in result.errlines if line]
    start, end = f"ERROR: {project.golden()}: ", f"; restore it with: git checkout -- {project.golden()}"
    assert line.startswith(start)
    assert line.endswith(end) or "or restore it with" in line
    return line.removeprefix(start).removesuffix(end)


def golden(project):
    """Read a golden as JSON."""
    return json.loads(project.golden().read_text())


@pytest.fixture(
    params=[[], ["--snapshot-update"], ["-k", "expected"], ["-n", "2"]], ids=["run", "update", "k", "xdist"]
)
def options(request):
    """Return the ways in which a run meets a golden."""
    return request.param


def test_older_format(recorded, options):
    """A golden of format 1 is told as such, with what to do, and not as one that lacks fields."""
    recorded.golden().write_text(json.dumps(OLDER))
    assert message(recorded, *options) == ("not a golden (its format is 1, this version reads 2: remove and record it)")


def conflict(project, style):
    """Let git merge two accepted scores of one case, in a style that shows the common one or does not."""

    def git(*arguments, check=True):
        user = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *user, *arguments], cwd=project.path, check=check, capture_output=True)

    git("init", "-q", "-b", "one")
    git("add", "golden")
    git("commit", "-q", "-m", "both")
    for branch, score in (("two", "0.77"), ("one", "0.88")):
        git("checkout", "-q", "-B", branch, "HEAD" if branch == "two" else "one")
        project.replace(project.golden(), '"score": 0.99', f'"score": {score}')
        git("commit", "-q", "-a", "-m", branch)
    git("-c", f"merge.conflictStyle={style}", "merge", "two", check=False)
    assert "<<<<<<<" in project.golden().read_text()


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_conflict(recorded, style):
    """A golden that git could not merge is told as such."""
    conflict(recorded, style)
    assert message(recorded).startswith("holds merge-conflict markers; resolve the conflict or restore it with: ")


@pytest.mark.parametrize("left", ["<<<<<<<", "=======", ">>>>>>>"])
def test_one_marker_is_left(recorded, left):
    """A conflict that was resolved but for one line is told as one."""
    conflict(recorded, "merge")
    lines = recorded.golden().read_text().splitlines()
    marks = [line for line in lines if line[:7] in ("<<<<<<<", "=======", ">>>>>>>")]
    second = lines[lines.index("=======") + 1 : lines.index(marks[2])]
    kept = [line for line in lines if line[:7] == left or (line not in marks and line not in second)]
    recorded.golden().write_text("\n".join(kept))
    assert message(recorded).startswith("holds merge-conflict markers; ")


def test_both_sides_of_a_merge(recorded):
    """A golden in which a case stands twice is red, whichever of both would count."""
    text = recorded.golden().read_text()
    start, end = text.index('    "ada": {'), text.index('    "left_out"')
    recorded.golden().write_text(text[:end] + text[start:end].replace("0.99", "0.5") + text[end:])
    assert message(recorded) == "not a golden (ada stands twice; both sides of a merge may be in it)"


def test_words_that_look_like_markers(recorded):
    """What a model says may look like the markers of a conflict."""
    recorded.replace(recorded.golden(), '"text": "Ada"', '"text": "<<<<<<< Ada"')
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert "golden PER '<<<<<<< Ada' 0-3: another text in the same place" in recorded.reasons(result)[0]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["made_by"], {}, "cases.ada.made_by: nothing stands under made_by."),
        (["cases", "ada", "made_by"], "0badc0de", "cases.ada.made_by: nothing stands under made_by.0badc0de"),
        (["cases", "ada", "made_by"], None, "cases.ada.made_by: must be a text"),
        (["cases", "ada", "first"], None, "cases.ada.first: must be a"),
        (["cases", "ada", "first"], {"entities": [{}]}, "cases.ada.first.entities.0.start: missing"),
        (["cases", "ada", "prediction"], {"scores": [], "rest": 0}, "cases.ada.prediction.entities: missing"),
        (["cases", "ada", "expected"], ..., "cases.ada.expected: missing"),
        (["cases", "ada"], [], "cases.ada: must be"),
        (["cases"], ..., "cases: missing"),
        (["note"], "mine", "note: unknown key"),
        (["format"], "2", "format: must be a whole number"),
        (["format"], True, "format: must be a whole number"),
        (["format"], 2.5, "format: must be a whole number"),
    ],
    ids=[f"field {number}" for number in range(1, 14)],
)
def test_field(recorded, path, value, words):
    """A field that is missing, one too many or of another kind is named with its place."""
    whole = golden(recorded)
    *parents, last = path
    inner = whole
    for key in parents:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    recorded.golden().write_text(json.dumps(whole, indent=1))
    assert message(recorded).startswith(f"not a golden ({words}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file: no JSON"),
        (b"null", "the file: must be"),
        (b"[]", "the file: must be"),
        (b'{"format": 2', "the file: no JSON"),
        (b'{"format": 2, "made_by": {}, "cases": {"\xff": 1}}', "the file: no JSON"),
        ("{}".encode("utf-16"), "the file: no JSON"),
        (b"\x00" * 100, "the file: no JSON"),
    ],
    ids=["nothing", "null", "list", "cut", "bytes", "utf_16", "zeros"],
)
def test_no_json(recorded, content, words):
    """What is no JSON object in UTF-8 is told as such."""
    recorded.golden().write_bytes(content)
    assert message(recorded).startswith(f"not a golden ({words}")


def test_cut_anywhere(recorded):
    """A golden that was cut short, wherever, is never taken for a whole one."""
    whole = recorded.golden().read_bytes().rstrip()
    for length in range(0, len(whole), len(whole) // 12):
        recorded.golden().write_bytes(whole[:length])
        assert "not a golden (the file: no JSON (it ends too early" in message(recorded) or length == 0


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1.5", "-0.5"])
def test_unsound_score(recorded, score):
    """A golden with a score that is no probability is red, and only an update that accepts drift replaces it."""
    recorded.replace(recorded.golden(), '"score": 0.99', f'"score": {score}')
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert "'ada': golden PER 'Ada' 0-3 has the score" in recorded.reasons(result)[0]
    assert recorded.run("-k", "golden and small", "--snapshot-update").ret == 1
    assert recorded.run("-k", "golden and small", "--snapshot-update", "--accept-drift").ret == 0
    assert recorded.run("-k", "golden and small").ret == 0


def test_missing_case(recorded):
    """A case that the golden lacks is red, and no other."""
    whole = golden(recorded)
    del whole["cases"]["nobody"]
    recorded.golden().write_text(json.dumps(whole))
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'nobody': golden/embedded/ner/small.json has no golden for it (models/small);"
        f" record it with: {RECORD}"
    ]


def test_no_case(recorded):
    """A golden without a case is one that lacks each."""
    whole = golden(recorded)
    recorded.golden().write_text(json.dumps({**whole, "cases": {}}))
    recorded.run("-k", "golden and small").assert_outcomes(failed=3, deselected=13)


def test_extra_case(recorded):
    """A case that only the golden has is red until an update removes it, and nothing else."""
    whole, before = golden(recorded), recorded.golden().read_bytes()
    whole["cases"]["zoe"] = whole["cases"]["nobody"]
    recorded.golden().write_text(json.dumps(whole))
    result = recorded.run("-k", "golden and small")
    assert result.ret == 1
    assert (
        "'zoe': golden/embedded/ner/small.json has a golden for it, but there is no such case"
        in (recorded.reasons(result)[0])
    )
    assert recorded.run("-k", "golden and small", "--snapshot-update").ret == 0
    assert recorded.golden().read_bytes() == before
