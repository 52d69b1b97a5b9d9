"""`swapgate fetch` where hub, network or disk fail: one message, exit status 1, and nothing half accepted."""

import errno
import os
from pathlib import Path

import pytest

BERT = "dslim/bert-base-NER"
ROWS = """[ner.original]
model = "org/other"
labels = { PER = "PER" }

[ner.small]
model = "dslim/bert-base-NER"
labels = { PER = "PER" }
"""


@pytest.fixture(autouse=True)
def models_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two public models, not pinned; the tests run in it."""
    path = tmp_path / "fixtures" / "models" / "embedded.toml"
    path.parent.mkdir(parents=True)
    path.write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return path


def accepted(cache):
    """Return the names of the files that the cache has for a model's commits."""
    return sorted(path.name for path in cache.glob("models--*/snapshots/*/*"))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("org/none", "org/none: there is no such model (404); look for its id at {url}"),
        (f"{BERT}@v9", f"{BERT}@v9: there is no such revision (404); look at {{url}}/{BERT}/commits/main"),
    ],
    ids=["model", "revision"],
)
def test_not_found(hub, cache, swapgate, weights, wanted, message):
    """A model or a revision that does not exist is told as that."""
    hub.publish(BERT, weights)
    assert swapgate("fetch", wanted) == (1, [], [message.format(url=hub.url)])
    assert not cache.exists()


def test_file_not_found(hub, cache, swapgate, weights):
    """A file that the hub lists and does not have is told by name."""
    commit = hub.publish(BERT, weights)
    hub.absent.add("tokenizer.json")
    status, _, errors = swapgate("fetch", BERT)
    assert (status, errors) == (
        1,
        [f"{BERT}@{commit}: there is no tokenizer.json (404); name another revision or model"],
    )
    assert accepted(cache) == ["config.json"]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, "GatedRepo"), "is gated (401): ask for access at {url}/{id}, log in with: hf auth login, and try again"),
        ((403, "GatedRepo"), "is gated (403): ask for access at {url}/{id}, log in with: hf auth login, and try again"),
        ((401, "RepoNotFound"), "the hub refuses (401): there is no such model, or it is private; look at {url}/{id};"),
        ((403, ""), "the hub refuses (403): there is no such model, or it is private; look at {url}/{id}; if it is"),
    ],
    ids=["gated", "gated, logged in", "private", "forbidden"],
)
def test_refused(hub, cache, swapgate, weights, refusal, words):
    """Where the hub wants to know who asks, the message says how to log in; the other models are fetched."""
    hub.publish(BERT, weights)
    hub.publish("org/other", weights)
    hub.repositories["org/other"].refusal = refusal
    status, lines, errors = swapgate("fetch")
    assert (status, len(lines), len(errors)) == (1, 1, 1)
    assert words.format(url=hub.url, id="org/other") in errors[0]
    assert lines[0].startswith(f"{BERT}@")


@pytest.mark.parametrize("after", [0, 2], ids=["listing", "file"])
def test_trouble_that_passes(hub, swapgate, weights, at_once, after):
    """After two answers of 500 the third attempt works, and nothing is said of them on stdout."""
    hub.publish(BERT, weights)
    hub.errors += [*[0] * after, 500, 503]
    status, lines, _ = swapgate("fetch", BERT)
    assert (status, len(lines)) == (0, 1)
    assert at_once


def test_trouble_that_stays(hub, cache, swapgate, weights, at_once):
    """Where the hub answers with 500 each time it is told, with the status."""
    hub.publish(BERT, weights)
    hub.errors += [500] * 99
    status, lines, errors = swapgate("fetch", BERT)
    assert (status, lines, errors) == (1, [], [f"{BERT}: the hub has trouble of its own (500); try again later"])
    assert at_once == [1, 2, 4]
    assert not cache.exists()


def test_connection_cut(hub, cache, swapgate, weights, at_once):
    """A connection that breaks in mid-file is made again, for the rest of the file."""
    commit = hub.publish(BERT, weights)
    hub.cut_once["model.safetensors"] = 100
    status, lines, _ = swapgate("fetch", BERT)
    assert (status, len(lines)) == (0, 1)
    place = cache / "models--dslim--bert-base-NER" / "snapshots" / commit / "model.safetensors"
    assert place.read_bytes() == weights["model.safetensors"]


def test_connection_cut_each_time(hub, cache, swapgate, weights, at_once):
    """Where it breaks each time, the file is not accepted; the next time the model is fetched whole."""
    commit = hub.publish(BERT, weights)
    hub.cut["model.safetensors"] = 100
    status, lines, errors = swapgate("fetch", BERT)
    assert (status, lines) == (1, [])
    assert errors[-1].startswith(f"{BERT}@{commit}: the connection to {hub.url} failed (")
    assert errors[-1].endswith("; nothing half-fetched is used; mend it and run the same command again")
    assert "model.safetensors" not in accepted(cache)
    hub.cut.clear()
    assert swapgate("fetch", BERT)[0] == 0
    assert "model.safetensors" in accepted(cache)


def test_no_route(hub, cache, swapgate):
    """Where nobody answers at all the first model says so, and no other is tried."""
    hub.server.shutdown()
    hub.server.server_close()
    status, lines, errors = swapgate("fetch")
    assert (status, lines, len(errors)) == (1, [], 1)
    assert errors[0].startswith(f"org/other: the connection to {hub.url} failed (ConnectionRefusedError: [Errno ")


def test_disk_full(hub, cache, swapgate, weights, monkeypatch):
    """A disk that is full in mid-file is told with the place, and no other model is tried."""
    from huggingface_hub import file_download

    def full(url, temp_file, **_):
        temp_file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    hub.publish("org/other", weights)
    monkeypatch.setattr(file_download, "http_get", full)
    status, lines, errors = swapgate("fetch")
    assert (status, lines) == (1, [])
    assert errors == [
        f"org/other cannot be written into {cache} (No space left on device); free some, or name another place with"
        " HF_HUB_CACHE, and run the same command again"
    ]
    assert accepted(cache) == []


def test_cache_that_is_a_file(hub, cache, swapgate, weights):
    """A cache that cannot be written is told alike."""
    cache.parent.mkdir(parents=True)
    cache.write_text("no folder")
    hub.publish("org/other", weights)
    status, _, errors = swapgate("fetch")
    assert (status, len(errors)) == (1, 1)
    assert errors[0].startswith(f"org/other cannot be written into {cache} (")


def test_offline(hub, cache, swapgate, weights, go_offline):
    """HF_HUB_OFFLINE keeps everything from being fetched, and the message names it; what is here stays usable."""
    commit = hub.publish(BERT, weights)
    swapgate("fetch", BERT)
    go_offline()
    hub.requests.clear()
    assert swapgate("fetch", BERT) == (
        0,
        [f"{BERT}@{commit[:12]}: here already, and not compared with the hub: HF_HUB_OFFLINE is set"],
        [],
    )
    told = "org/other is not fetched, for HF_HUB_OFFLINE is set; unset it and try again"
    assert swapgate("fetch") == (1, [], [told])
    assert hub.requests == []
