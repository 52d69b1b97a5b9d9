"""`--against REF` and evaluation sets: quality is measured on the commit's."""

import json

import pytest

QUALITY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\ndef test_size("
SET = "fixtures/ner/set.jsonl"


def rows(word):
    """Return the text of a set of sixty rows, each second one with this word and the others with one that all know."""
    lines = []
    for number, name in enumerate(["Ada", word] * 30):
        answer = {"label": "PER", "start": 0, "end": len(name), "text": name}
        lines.append(json.dumps({"id": f"row {number}", "text": f"{name} paid {number}.", "expected": [answer]}) + "\n")
    return "".join(lines)


@pytest.fixture
def measured(committed, commit):
    """A project with an evaluation set of a name that all models know and no case has."""
    committed.write(SET, rows("Bob"))
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    committed.replace(committed.suite, "def test_size(", QUALITY)
    for tier in ("original", "small"):
        words = {**committed.lexicon(tier), "Bob": ["PER", 0.9]}
        committed.model(tier, words, size={"original": 40, "small": 20}[tier])
    committed.run("-k", "golden", "--snapshot-update")
    commit()
    return committed


@pytest.mark.parametrize(
    ("edit", "note"),
    [
        ("rows", f"evaluation set of ner edited: {SET} (not used)"),
        ("name", f"evaluation set of ner edited: {SET}, fixtures/ner/other.jsonl (not used)"),
        ("none", f"evaluation set of ner edited: {SET}, none (not used)"),
    ],
    ids=["rows", "name", "none"],
)
def test_edited(measured, against, swap, edit, note):
    """A set that the change edits, exchanges or takes away does not count, and is listed."""
    swap(Bob=None)
    if edit == "rows":
        measured.write(SET, rows("Ada"))
    elif edit == "name":
        measured.write("fixtures/ner/other.jsonl", rows("Ada"))
        measured.replace(measured.cases_file, "set.jsonl", "other.jsonl")
    else:
        measured.replace(measured.cases_file, 'evaluation = "set.jsonl"\n', "")
    measured.run("-k", "golden", "--snapshot-update")
    assert measured.run("-k", "small and not latency").ret == 0
    result = against()
    assert (result.ret, measured.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert "models/small@" in measured.reasons(result)[0]
    assert f"note  {note}" in measured.reasons(result)


def test_option(measured, against, swap):
    """A set of --eval-set that lies in the project is the commit's, too."""
    swap(Bob=None)
    measured.write(SET, rows("Ada"))
    result = against(f"--eval-set=ner={SET}")
    assert measured.verdicts(result) == {"original": "PASS", "small": "FAIL"}


def test_option_for_a_new_task(measured, against):
    """--eval-set may name a task that the change adds."""
    row = '[sentiment.original]\nmodel = "../../models/original"\nlabels = { PER = "good" }\n'
    measured.models_file.write_text(measured.models_file.read_text() + row)
    case = 'id = "nice"\ntext = "Nice."\nexpected = "good"\n'
    measured.write("fixtures/sentiment/cases.toml", f'latency = "nice"\n\n[[case]]\n{case}')
    measured.write("set.jsonl", '{"id": "one", "text": "Nice.", "expected": "good"}\n')
    result = against("--eval-set=sentiment=set.jsonl", "-k", "expected")
    assert (result.ret, measured.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


def test_out_of_git(measured, git, commit, against):
    """A set that git does not keep is used as it is now, and that is noted."""
    measured.write(".gitignore", "set.jsonl\n" + (measured.path / ".gitignore").read_text())
    git("rm", "--quiet", "--cached", SET)
    commit()
    measured.write(SET, rows("Eve"))
    result = against("-k", "small")
    assert "F1 0.667" in measured.table(result)[1]
    assert f"note  not in git, and used as they are now: {SET}" in measured.reasons(result)


def test_missing(measured, git, commit, against):
    """A set that neither the commit nor the project has ends with one message."""
    git("rm", "--quiet", SET)
    commit()
    measured.write(SET, rows("Ada"))
    measured.replace(measured.cases_file, "set.jsonl", "other.jsonl")
    measured.write("fixtures/ner/other.jsonl", rows("Ada"))
    (measured.path / SET).unlink()
    result = against()
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: --against HEAD: HEAD:fixtures/ner/cases.toml: evaluation: no evaluation set *")
