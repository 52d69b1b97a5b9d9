"""`swapgate pin` writes commits into the models file, `swapgate models` lists its rows."""

import json
from pathlib import Path

import pytest

BERT, BASE = "dslim/bert-base-NER", "org/base"
ROWS = """# The models of this project.
[ner.original] # the first
labels = { PER = "PER" }
model = "org/base"   # by its id
budget.size = { against = "small", at_most = 2.0 } # why

# Smaller.
[ner.small]
model = "dslim/bert-base-NER"
revision = "main" # where it stands
labels = { PER = "PER" }

[ner.small.gaps]

[ner.large]
model = "../../folder"
labels = { "B" = "PER" }
"""


@pytest.fixture(autouse=True)
def models_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two public models and a folder; the tests run in it."""
    path = tmp_path / "fixtures" / "models" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(ROWS)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return path


def test_pin(hub, swapgate, weights, models_file):
    """Branches and what is not said become commits; every other letter of the file stays."""
    base, bert = hub.publish(BASE, weights), hub.publish(BERT, weights)
    assert swapgate("pin", "--models=mine") == (
        0,
        [f"ner.original: {BASE} main is {base}", f"ner.small: {BERT} main is {bert}"],
        [],
    )
    text = models_file.read_text()
    assert text.replace(f'\nrevision = "{base}"', "").replace(bert, "main") == ROWS
    assert [line for line in text.splitlines() if base in line or bert in line] == [
        f'revision = "{base}"',
        f'revision = "{bert}" # where it stands',
    ]


def test_pinned_rows_stay(hub, swapgate, weights, models_file):
    """A branch that moves moves no row that is pinned; the hub is not even asked."""
    old = hub.publish(BERT, weights)
    assert swapgate("pin", "ner.small", "--models=mine")[0] == 0
    hub.publish(BERT, {**weights, "config.json": b"{}"})
    hub.requests.clear()
    assert swapgate("pin", "ner.small", "--models=mine") == (
        0,
        ["nothing to pin: each public model that was asked for has a commit of 40 digits"],
        [],
    )
    assert (f'revision = "{old}"' in models_file.read_text(), hub.requests) == (True, [])


@pytest.mark.parametrize("revision", ["{commit:.7}", "v2"], ids=["short", "tag"])
def test_short_commits_and_tags(hub, swapgate, weights, models_file, revision):
    """The beginning of a commit, or a tag, becomes the whole commit, and only in the row that is asked for."""
    commit = hub.publish(BERT, weights, branch="v2")
    hub.publish(BERT, {**weights, "config.json": b"{}"})
    models_file.write_text(ROWS.replace('"main"', f'"{revision.format(commit=commit)}"'))
    assert swapgate("pin", "ner.small", "--models=mine")[0] == 0
    assert models_file.read_text() == ROWS.replace('"main"', f'"{commit}"')


def test_all_or_none(hub, swapgate, weights, models_file):
    """Where one model cannot be had no row is changed."""
    hub.publish(BASE, weights)
    status, lines, errors = swapgate("pin", "--models=mine")
    assert (status, lines) == (1, [])
    assert errors == [f"{BERT}@main: there is no such model (404); look for its id at {hub.url}; no row was changed"]
    assert models_file.read_text() == ROWS


def test_line_ends_stay(hub, swapgate, weights, models_file):
    """A file with the line ends of Windows keeps them."""
    hub.publish(BASE, weights)
    bert = hub.publish(BERT, weights)
    models_file.write_bytes(ROWS.replace("\n", "\r\n").encode())
    assert swapgate("pin", "ner.small", "--models=mine")[0] == 0
    assert models_file.read_bytes() == ROWS.replace("main", bert).replace("\n", "\r\n").encode()


def test_file_that_cannot_be_written(hub, swapgate, weights, models_file, monkeypatch):
    """A models file that cannot be written stays as it is, and one message says so."""

    def closed(*_):
        raise PermissionError(13, "Permission denied")

    hub.publish(BERT, weights)
    monkeypatch.setattr("swapgate.core.tables.write_whole", closed)
    status, _, errors = swapgate("pin", "ner.small", "--models=mine")
    assert (status, models_file.read_text()) == (1, ROWS)
    assert errors == [f"{models_file}: cannot be written (Permission denied); nothing was changed"]


def test_models(hub, cache, swapgate, weights, models_file):
    """Each row is listed with what is here of it: id, commit, bytes and licence; the hub is not asked."""
    commit = hub.publish(BERT, weights)
    size = sum(len(data) for name, data in weights.items() if name != "tf_model.h5")
    swapgate("fetch", "ner.small", "--models=mine")
    hub.requests.clear()
    status, lines, errors = swapgate("models", "--models=mine")
    assert (status, errors, hub.requests) == (0, [], [])
    assert [line.split() for line in lines] == [
        ["row", "model", "revision", "state", "bytes", "licence"],
        ["ner.original", BASE, "main", "(not", "pinned)", "not", "here"],
        ["ner.small", BERT, commit[:12], "(not", "pinned)", "here", f"{size:,}", "mit"],
        ["ner.large", "folder", "folder", "2"],
    ]


def test_models_as_json(hub, cache, swapgate, weights, models_file):
    """The same facts are there as JSON, with whole commits; a folder that is gone is missing."""
    commit = hub.publish(BERT, weights)
    models_file.write_text(ROWS.replace('"main"', f'"{commit}"').replace("../../folder", "../../gone"))
    swapgate("fetch", "ner.small", "--models=mine")
    _, lines, _ = swapgate("models", "--models=mine", "--json")
    original, small, large = json.loads("\n".join(lines))
    assert (original["state"], original["revision"], original["bytes"]) == ("not here", "main", None)
    assert (small["state"], small["revision"], small["pinned"], small["licence"]) == ("here", commit, True, "mit")
    assert (large["state"], large["model"], large["revision"]) == ("missing", "../../gone", None)


@pytest.mark.parametrize(
    "card",
    [b"", b"---\nlicense: [a\n---\n", b"# No table\n", b"---\nlicense: 7\n---\n", b"\xff"],
    ids=["empty", "broken", "without", "number", "bytes"],
)
def test_cards_that_do_not_say(hub, cache, swapgate, weights, card):
    """A card without a licence, or that is none, is no trouble."""
    hub.publish(BERT, {**weights, "README.md": card})
    swapgate("fetch", "ner.small", "--models=mine")
    _, lines, errors = swapgate("models", "--models=mine", "--json")
    assert (json.loads("\n".join(lines))[1]["licence"], errors) == (None, [])


def test_mark_of_the_encoding(hub, swapgate, weights, models_file):
    """A byte-order mark before the file stays, as all else does."""
    hub.publish(BERT, weights)
    models_file.write_bytes(b"\xef\xbb\xbf" + ROWS.encode())
    assert swapgate("pin", "ner.small", "--models=mine")[0] == 0
    text = models_file.read_text(encoding="utf-8")
    assert (text[0], text[1:].splitlines()[0]) == ("\ufeff", ROWS.splitlines()[0])
