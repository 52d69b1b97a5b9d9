"""`--against REF` and anchors: the commit's judge, and what a change does to them is told, or INCOMPLETE."""

import json
import shutil

import pytest
import scipy.stats  # noqa: F401 - once, in this process
import sklearn.metrics  # noqa: F401

from swapgate.commands import main

QUALITY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\ndef test_size("
BUDGET = 'budget.quality = { against = "anchor", metric = "right", margin = 0.03 }\n'
ANCHOR = "golden/embedded/ner/small.anchor.jsonl"
UPDATE = ("-m", "small and not latency", "--snapshot-update")


@pytest.fixture
def crept(committed, commit):
    """A committed tier that has lost 4 of 300 rows since its anchor; `missing` writes a model that misses so many."""
    known = committed.lexicon("small")

    def missing(name, missed):
        committed.model(name, {**known, **{f"Name{number}": ["PER", 0.9] for number in range(missed, 300)}})

    lines = []
    for name in (f"Name{number}" for number in range(300)):
        right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
        lines.append(json.dumps({"id": name, "text": f"{name} came.", "expected": right}) + "\n")
    committed.write("fixtures/ner/set.jsonl", "".join(lines))
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    committed.replace(committed.suite, "def test_size(", QUALITY)
    committed.replace(committed.models_file, "gaps =", f"{BUDGET}gaps =")
    for missed in (0, 4):
        missing("small", missed)
        committed.run(*UPDATE)
    assert len((committed.path / ANCHOR).read_text().splitlines()) == 301
    commit()
    committed.missing = missing
    return committed


@pytest.fixture
def worse(crept):
    """Swap in a change for a model that has lost 20 of 300 rows since the anchor, with its own goldens and rows."""
    crept.missing("new", 20)
    crept.replace(crept.models_file, "models/small", "models/new")
    crept.run(*UPDATE)
    return crept


def test_anchor_of_the_commit(worse, against, workers):
    """A swap in a change is compared with the commit's anchor; what an update adds beside it is told."""
    result = against("-k", "small and quality", *workers)
    assert (result.ret, worse.verdicts(result)) == (1, {"small": "FAIL"})
    reason, *others = worse.reasons(result)
    assert "right 0.9333, that of the anchor models/small 1.0000: -0.0667" in reason
    (note,) = [line for line in others if line.startswith("note  edited, but those of")]
    assert "golden/embedded/ner/small.accepted.jsonl" in note
    assert ANCHOR not in note


@pytest.mark.parametrize("how", ["edited", "moved", "dropped"])
def test_edited(worse, against, monkeypatch, how):
    """An anchor that the change edits or moves does not count, nor that it drops the key; all are told."""
    if how == "edited":
        path = worse.path / ANCHOR
        path.write_text(path.read_text().replace('"right": 1', '"right": 0'))
    elif how == "moved":
        monkeypatch.chdir(worse.path)
        assert main(["anchor", "ner.small", "--reason", "it is mine"]) == 0
    else:
        worse.replace(worse.models_file, BUDGET, "")
    result = against("-k", "small and quality")
    assert (result.ret, worse.verdicts(result)) == (1, {"small": "FAIL"})
    assert "that of the anchor models/small 1.0000" in worse.reasons(result)[0]
    told = {"dropped": "ner.small.budget.quality: [{"}.get(how, ANCHOR)
    assert any(told in line and ("not used" in line or "edited, but" in line) for line in worse.reasons(result))


@pytest.mark.parametrize("change", ["swap", "none"])
def test_deleted(worse, against, commit, change):
    """An anchor that the change deletes is INCOMPLETE with what puts it back, also beside a swap."""
    if change == "none":
        commit()
    (worse.path / ANCHOR).unlink()
    result = against("-k", "small and golden")
    assert (result.ret, worse.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    reasons = "\n".join(worse.reasons(result))
    assert f"ner/small: {ANCHOR}, the rows of its anchor, is deleted; put it back: git checkout " in reasons


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("recorded anew", "is of another model, and nothing in it says that it was moved; put it back: git checkout "),
        ("row edited", "has 1 rows that were edited or removed; put it back: git checkout "),
        ("rows removed", "has 5 rows that were edited or removed; put it back: git checkout "),
        ("history", "is of another model, and nothing in it says that it was moved; put it back: git checkout "),
        ("rows added", ""),
        ("moved", ""),
    ],
)
def test_replaced(crept, against, monkeypatch, how, words):
    """An anchor that a change replaces or edits is INCOMPLETE; one with more rows or moved with a reason is not."""
    path = crept.path / ANCHOR
    monkeypatch.chdir(crept.path)
    head, *lines = path.read_text().splitlines(keepends=True)
    if how == "recorded anew":
        path.unlink()
        crept.run(*UPDATE)
    elif how == "row edited":
        path.write_text("".join([head, lines[0].replace('"right": 1', '"right": 0'), *lines[1:]]))
    elif how == "rows removed":
        path.write_text("".join([head, *lines[5:]]))
    elif how == "rows added":
        more = json.loads(lines[0]) | {"row": "0123456789abcdef"}
        path.write_text("".join([head, json.dumps(more) + "\n", *lines]))
    else:
        assert main(["anchor", "ner.small", "--reason", "labels were corrected"]) == 0
    if how == "history":
        path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '{"moved"' not in line))
    result = against("-k", "small and golden")
    reasons = "\n".join(crept.reasons(result))
    assert (result.ret, crept.verdicts(result)["small"]) == ((7, "INCOMPLETE") if words else (0, "PASS"))
    assert f"ner/small: {ANCHOR}, the rows of its anchor, {words}" in reasons if words else "its anchor" not in reasons


def test_mended(crept, commit, against):
    """An anchor that the commit has broken may be mended in a change, where no limit of the commit needs it."""
    crept.replace(crept.models_file, BUDGET, "")
    path = crept.path / ANCHOR
    whole = path.read_text()
    path.write_text(f"<<<<<<< ours\n{whole}")
    commit()
    path.write_text(whole)
    result = against("-k", "small and golden")
    assert (result.ret, crept.verdicts(result)["small"]) == (0, "PASS")


def test_weights_are_gone(crept, git, commit, against):
    """Where git does not keep the incumbent's weights and they are gone, its recorded rows stand for it."""
    crept.write(".gitignore", "*.safetensors\n" + (crept.path / ".gitignore").read_text())
    git("rm", "--quiet", "-r", "--cached", "models")
    commit()
    crept.missing("new", 5)
    crept.replace(crept.models_file, "models/small", "models/new")
    crept.run(*UPDATE)
    shutil.rmtree(crept.path / "models/small")
    result = against("-k", "small and quality")
    assert "the weights of models/small are gone, and its recorded rows are used" in "\n".join(crept.reasons(result))
    assert crept.verdicts(result) == {"small": "INCOMPLETE"}  # 300 rows are too few for a point
    result = against("-k", "small and golden")
    assert (result.ret, crept.verdicts(result)) == (0, {"small": "PASS"})
