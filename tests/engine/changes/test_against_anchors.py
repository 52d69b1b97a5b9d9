"""`--against REF` and anchors: the commit's judge, and what a change does to them is told, or INCOMPLETE."""

import json
import re
import shlex
import shutil

import pytest
import scipy.stats  # noqa: F401 - once, in this process

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


@pytest.fixture
def meant(crept, commit):
    """A tier whose limit beside the anchor a candidate does not hold, and the one beside its incumbent it does."""
    limits = f'[{{ against = "incumbent", margin = 0.2 }}, {BUDGET.partition("= ")[2].strip()}]'
    crept.replace(crept.models_file, BUDGET, f"budget.quality = {limits}\n")
    commit()
    crept.missing("new", 20)
    return crept


def follow(project, reason):
    """Type the commands of a message, word by word."""
    record, move = re.search(
        r"accept it with: pytest (.+?), then move the anchor: (swapgate .+?\")(?:;|$)", reason
    ).groups()
    project.run(*shlex.split(record))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.path)
        assert main(shlex.split(move)[1:]) == 0


def test_meant(meant, commit, against):
    """What a FAIL beside the anchor says to type leads to a PASS, where need be by a change that is merged before."""
    meant.replace(meant.models_file, "models/small", "models/new")
    judge = ("-m", "small and not latency")
    result = against(*judge)
    assert meant.verdicts(result) == {"small": "FAIL"}
    reason = next(line for line in meant.reasons(result) if "of the anchor" in line)
    first = re.search(
        "; in this change that counts once one of its own, merged before it, says (.+) at the top of", reason
    )
    assert "loosen budget.quality in fixtures/models/embedded.toml, in a change of its own that is merged be" in reason
    meant.replace(meant.models_file, "models/new", "models/small")
    meant.models_file.write_text(f"{first[1]}\n\n{meant.models_file.read_text()}")
    commit()
    meant.replace(meant.models_file, "models/small", "models/new")
    reason = next(line for line in meant.reasons(against(*judge)) if "of the anchor" in line)
    assert "that counts once" not in reason
    follow(meant, reason)
    result = against(*judge)
    assert (result.ret, meant.verdicts(result)) == (0, {"small": "PASS"})
    reasons = meant.reasons(result)
    assert reasons[0] == "note  accepted: ner/small has another anchor, models/small before and models/new now: …"
    (used,) = [line for line in reasons if line.startswith("note  edited, and used as they are now")]
    assert ANCHOR in used


def test_moved_beside_the_accepted_model(meant, commit, against):
    """A change that may bring exceptions and moves the anchor to the accepted model has its candidate beside that."""
    meant.models_file.write_text(f'exceptions = "in-change"\n\n{meant.models_file.read_text()}')
    commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(meant.path)
        assert main(["anchor", "ner.small", "--reason", "decided"]) == 0
    meant.missing("new", 100)
    meant.replace(meant.models_file, "models/small", "models/new")
    meant.run(*UPDATE)
    reasons = meant.reasons(against("-k", "small and quality"))
    assert any("right 0.6667, that of the anchor models/small 0.9867: " in line for line in reasons)


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


def forged(path, how):
    """Edit an anchor that was moved, or that was not, so that its history excuses other rows; `how` names the edit."""
    head, *lines = map(json.loads, path.read_text().splitlines())
    (move,) = [line for line in lines if "moved" in line] or [{}]
    rows = [line for line in lines if "row" in line]
    if how == "rows":
        rows[1]["counts"] |= {"right": 0, "both": 0}
    elif how == "all rows":
        rows[:] = rows[:5]
    elif how == "another model":
        head["made_by"] |= {"digest": "0" * 64}
        move["digests"][1] = "0" * 64
    elif how == "another before":
        move["digests"][0] = "0" * 64
    else:
        move |= json.loads(how)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in [head, move, *rows]))


@pytest.mark.parametrize("exceptions", ["", 'exceptions = "in-change"\n\n'], ids=["strict", "in-change"])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("rows", "says that it was moved, and 1 of its rows are not those accepted of models/small"),
        ("all rows", "says that it was moved, and 295 of its rows are not those accepted of models/small"),
        ("another model", "says that it was moved to models/small, and that model is not the accepted one"),
        ("another before", "says that it was moved, and not from models/small to models/small, whose rows these are"),
        ('{"rows": 0, "figures": null}', "says that it was moved (0 rows in common), and its rows say otherwise (F1"),
        ('{"figures": [1.0, 1.0]}', "says that it was moved (F1 1.0000 → 1.0000 on 300 rows), and its rows say other"),
        ('{"metric": "right"}', "says that it was moved (right 1.0000 → 0.9933 on 300 rows), and its rows say other"),
    ],
)
def test_forged(crept, commit, against, monkeypatch, how, words, exceptions):
    """A line that says that an anchor was moved excuses no row where the rest of the file does not bear it out."""
    crept.models_file.write_text(exceptions + crept.models_file.read_text())
    commit()
    monkeypatch.chdir(crept.path)
    assert main(["anchor", "ner.small", "--reason", "labels were corrected"]) == 0
    forged(crept.path / ANCHOR, how)
    result = against("-k", "small and golden")
    assert (result.ret, crept.verdicts(result)["small"]) == (7, "INCOMPLETE")
    assert f"ner/small: {ANCHOR}, the rows of its anchor, {words}" in "\n".join(crept.reasons(result))


def test_moved_twice(crept, against, monkeypatch):
    """Of two moves in one change the first cannot be checked."""
    monkeypatch.chdir(crept.path)
    for missed in (5, 6):
        crept.missing("small", missed)
        crept.run(*UPDATE)
        assert main(["anchor", "ner.small", "--reason", "labels were corrected"]) == 0
    result = against("-k", "small and golden")
    reasons = "\n".join(crept.reasons(result))
    assert "its anchor, was moved 2 times, and of one change one move can be checked; put it back: git ch" in reasons


def test_rows_edited_of_the_accepted_model(crept, against):
    """The rows to which the anchor would be moved are not edited either."""
    path = crept.path / ANCHOR.replace("anchor", "accepted")
    path.write_text(path.read_text().replace('"right": 1', '"right": 0'))
    result = against("-k", "small and golden")
    assert (result.ret, crept.verdicts(result)["small"]) == (7, "INCOMPLETE")
    words = "the rows of its accepted model, has 296 rows that were edited or removed; put it back: git checkout "
    assert words in "\n".join(crept.reasons(result))


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
