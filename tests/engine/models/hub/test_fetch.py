"""`swapgate fetch`: what is fetched, what is not, and that nothing stays that is not whole."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.models import fetching

BERT = "dslim/bert-base-NER"
ROWS = """[ner.small]
model = "dslim/bert-base-NER"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
"""


@pytest.fixture(autouse=True)
def models_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose only row is a public model, not pinned; the tests run in it."""
    path = tmp_path / "fixtures" / "models" / "embedded.toml"
    path.parent.mkdir(parents=True)
    path.write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return path


def files(cache, commit):
    """Return the files of the small model that are in the cache at a commit, by name."""
    folder = cache / "models--dslim--bert-base-NER" / "snapshots" / commit
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def blobs(cache):
    """Return what the client keeps for a model, whole or not."""
    return sorted(cache.glob("models--*/blobs/*"))


def test_fetch(hub, cache, swapgate, weights):
    """The files that a model needs are fetched, the others are not; a second time no file is asked for."""
    commit = hub.publish(BERT, weights)
    del weights["tf_model.h5"]
    size = sum(map(len, weights.values()))
    told = f"{BERT}@{commit[:12]}: {size:,} bytes"
    assert swapgate("fetch", "ner.small") == (0, [f"{told}, {size:,} of them fetched"], [])
    assert files(cache, commit) == weights
    hub.requests.clear()
    assert swapgate("fetch") == (0, [f"{told}, all here already"], [])
    assert hub.requests == [f"GET /api/models/{BERT}"]


def test_fetch_what_files_name(hub, cache, swapgate, weights):
    """Folders that modules.json names are fetched with it, and all chat templates; other folders are not."""
    modules = [{"path": "", "type": "Transformer"}, {"path": "Pooling", "type": "Pooling"}, {"path": "..", "type": "x"}]
    more = {
        "modules.json": json.dumps(modules).encode(),
        "Pooling/config.json": b"{}",
        "chat_template.jinja": b"x",
        "additional_chat_templates/tools.jinja": b"y",
    }
    commit = hub.publish(BERT, {**weights, **more, "onnx/config.json": b"{}", "1_Pooling/config.json": b"{}"})
    assert swapgate("fetch", "ner.small")[0] == 0
    folder = cache / "models--dslim--bert-base-NER" / "snapshots" / commit
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*weights, *more} - {"tf_model.h5"}
    hub.requests.clear()
    assert "all here already" in swapgate("fetch")[1][0]
    assert hub.requests == [f"GET /api/models/{BERT}"]


@pytest.mark.parametrize("digits", [7, 40])
def test_fetch_an_id(hub, cache, swapgate, weights, digits):
    """ID@REVISION is fetched, whichever rows there are, also at the beginning of a commit."""
    old = hub.publish(BERT, weights)
    hub.publish(BERT, {**weights, "config.json": b"{}"})
    status, lines, errors = swapgate("fetch", f"{BERT}@{old[:digits]}")
    assert (status, lines[0].partition(":")[0], errors) == (0, f"{BERT}@{old[:12]}", [])
    assert files(cache, old)["config.json"] == weights["config.json"]


def test_adapter(hub, swapgate):
    """A public adapter is told as one, and nothing of it is fetched."""
    files = dict.fromkeys(("adapter_config.json", "adapter_model.safetensors", "tokenizer.json"), b"{}")
    commit = hub.publish(BERT, files)
    status, lines, (error,) = swapgate("fetch", "ner.small")
    assert (status, lines, hub.asked("resolve")) == (1, [], [])
    assert error.startswith(f"{BERT}@{commit[:12]}: an adapter and no whole model; merge it into its model with peft")


def test_no_row(hub, swapgate, models_file):
    """A row that does not exist, or what can be no id, is refused before the hub is asked."""
    assert swapgate("fetch", "ner.smal") == (
        4,
        [],
        [f"{models_file} has no row or suite 'ner.smal'; did you mean 'ner.small'?"],
    )
    status, _, errors = swapgate("fetch", "x/y/z")
    assert (status, hub.requests) == (4, [])
    assert errors[0].startswith(f"fetch x/y/z: neither a row of {models_file} nor ID or ID@REVISION; ")


def test_shards(hub, cache, swapgate, weights):
    """An index is fetched with all that it names, and they are fetched last."""
    whole = weights.pop("model.safetensors")
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = b'{"weight_map": {"a": "%s", "b": "%s"}}' % tuple(name.encode() for name in names)
    commit = hub.publish(BERT, {**dict.fromkeys(names, whole), **weights, "model.safetensors.index.json": index})
    assert swapgate("fetch", "ner")[0] == 0
    assert {*names, "model.safetensors.index.json"} < {*files(cache, commit)}
    assert [request.rpartition("/")[2] for request in hub.asked("GET /cdn")] == names[:1]  # the other has its content


@pytest.mark.parametrize("row", ["ner.small", f"{BERT}@main"], ids=["row", "branch"])
def test_moved_branch(hub, cache, swapgate, weights, row):
    """What is not pinned follows its branch; the older commit stays in the cache."""
    old = hub.publish(BERT, weights)
    swapgate("fetch", row)
    new = hub.publish(BERT, {**weights, "config.json": b'{"new": 1}'})
    status, lines, _ = swapgate("fetch", row)
    assert (status, lines[0].partition(":")[0]) == (0, f"{BERT}@{new[:12]}")
    assert files(cache, old).keys() == files(cache, new).keys()
    assert (cache / "models--dslim--bert-base-NER" / "refs" / "main").read_text() == new


def test_damaged_file_is_fetched_again(hub, cache, swapgate, weights):
    """A file in the cache that is not what the hub lists is fetched again, and only that one."""
    commit = hub.publish(BERT, weights)
    swapgate("fetch")
    blob = (cache / "models--dslim--bert-base-NER" / "snapshots" / commit / "model.safetensors").resolve()
    blob.write_bytes(b"x" * len(weights["model.safetensors"]))
    hub.requests.clear()
    assert swapgate("fetch")[0] == 0
    assert files(cache, commit)["model.safetensors"] == weights["model.safetensors"]
    assert [request.rpartition("/")[2] for request in hub.asked("GET")[1:]] == ["model.safetensors"]


def test_another_content_than_listed(hub, cache, swapgate, weights, monkeypatch):
    """A file that arrives otherwise than the hub lists it is not kept, and the model is not taken for whole."""
    commit = hub.publish(BERT, weights)
    other = b"y" * len(weights["model.safetensors"])
    monkeypatch.setattr(type(hub), "large", lambda *_: other)
    status, lines, errors = swapgate("fetch")
    assert (status, lines) == (1, [])
    assert errors[0].startswith(f"{BERT}@{commit[:12]}: model.safetensors is not what the hub lists (checksum ")
    assert errors[0].endswith("so it was not kept; try again")
    assert "model.safetensors" not in files(cache, commit)
    assert other not in [blob.read_bytes() for blob in blobs(cache)]
    assert not (cache / "models--dslim--bert-base-NER" / "refs" / "main").exists()


def test_changed_under_the_same_commit(hub, cache, swapgate, weights):
    """Where the hub has another file at a commit than before, that is fetched in its place."""
    commit = hub.publish(BERT, weights)
    swapgate("fetch")
    hub.repositories[BERT].commits[commit]["config.json"] = b'{"new": 1}'
    assert swapgate("fetch")[0] == 0
    assert files(cache, commit)["config.json"] == b'{"new": 1}'


def test_listing_of_no_names(hub, cache, swapgate, weights, monkeypatch):
    """A listing that gives no name or no size of a file ends in one message."""
    monkeypatch.setattr(fetching, "_info", lambda *_: SimpleNamespace(sha=commit, siblings=[odd]))
    commit = hub.publish(BERT, weights)
    odd = SimpleNamespace(rfilename=None, size="9", blob_id="x", lfs=None)
    status, _, errors = swapgate("fetch")
    assert (status, len(errors)) == (1, 1)
    assert errors[0].startswith(f"{BERT}")


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "a/../../b", "..\\x", "c:x"], ids=["up", "root", "inside", "back", "drive"]
)
def test_listing_that_leads_out(hub, cache, swapgate, weights, name):
    """A listing with a path that leads out of the model's folder is refused, and nothing of it is fetched."""
    hub.publish(BERT, {**weights, name: b"x"})
    status, _, errors = swapgate("fetch")
    assert status == 1
    assert errors == [
        f"{BERT}: the hub lists a file {name!r}, which would lie outside of its folder; nothing was fetched, do not use"
        " this model"
    ]
    assert not cache.exists()


def test_index_that_leads_out(hub, cache, swapgate, weights):
    """An index that names a file elsewhere is refused."""
    del weights["model.safetensors"]
    hub.publish(BERT, {**weights, "model.safetensors.index.json": b'{"weight_map": {"a": "../../x.safetensors"}}'})
    status, _, errors = swapgate("fetch")
    assert (status, len(errors)) == (1, 1)
    assert "weight_map names '../../x.safetensors', which is no .safetensors file beside it" in errors[0]


def test_only_a_pickle(hub, cache, swapgate, weights, models_file):
    """A model that is only there as a pickle is refused with the key that allows it, and fetched with that key."""
    weights["pytorch_model.bin"] = weights.pop("model.safetensors")
    commit = hub.publish(BERT, weights)
    assert swapgate("fetch") == (
        1,
        [],
        [
            f"{BERT}@{commit[:12]}: holds pytorch_model.bin and no model.safetensors: pickles can run code when they"
            " are loaded; if you trust it, write allow_pickle = true in its row, and the weights alone are read from it"
        ],
    )
    assert not cache.exists()
    models_file.write_text(ROWS + "allow_pickle = true\n")
    assert swapgate("fetch")[0] == 0
    assert "pytorch_model.bin" in files(cache, commit)


def test_pickle_beside_safetensors(hub, cache, swapgate, weights, models_file):
    """Where there are safetensors too, no pickle is fetched, even if it may be."""
    models_file.write_text(ROWS + "allow_pickle = true\n")
    commit = hub.publish(BERT, {**weights, "pytorch_model.bin": b"x"})
    assert swapgate("fetch")[0] == 0
    assert "pytorch_model.bin" not in files(cache, commit)


@pytest.mark.parametrize("lacking", ["config.json", "tokenizer.json"])
def test_what_can_be_no_model(hub, cache, swapgate, weights, lacking):
    """A repository without a config, or anything to read inputs with, is none that can be judged."""
    del weights[lacking]
    hub.publish(BERT, weights)
    status, _, errors = swapgate("fetch")
    assert (status, len(errors)) == (1, 1)
    assert f": holds no {lacking}" in errors[0]
    assert errors[0].endswith("so it is no model that can be judged; name another one")
