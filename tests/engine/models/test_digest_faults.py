"""Model folders that have no digest: what is missing, cut off or not what it says."""

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.models.digest import folder_digest
from swapgate.models.weights import weight_bytes


def fault_of(folder):
    """Return the words of the fault that the digest of a folder ends in."""
    with pytest.raises(SurroundingsFault) as caught:
        folder_digest(folder.path)
    return str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: (10**15).to_bytes(8, "little") + content[8:],
        lambda content: content.replace(b"[2,3]", b"[2,4]"),
        lambda content: content.replace(b'"F32"', b'"F64"'),
        lambda content: content.replace(b"[0,24]", b"[0,20]").replace(b"[0,16]", b"[0,12]"),
    ],
    ids=["short", "one byte more", "header length", "shape", "dtype", "place"],
)
def test_damaged_weights(folder, change):
    """Weights that are truncated, something else or not what their header says end in a fault that names the file."""
    content = folder.weights.read_bytes()
    folder.weights.write_bytes(change(content))
    assert folder.weights.read_bytes() != content
    words = fault_of(folder)
    assert words.startswith(f"{folder.weights}: weights cannot be read (")
    assert words.endswith("); fetch or save them again")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
LFS = "it is a pointer of git LFS and not the file itself; in its repository type: git lfs pull"
PAGE = "it is a web page and not the file itself, as of a download that failed; download it again"
EMPTY = "it is empty; fetch or save the model again"


@pytest.mark.parametrize(
    "name",
    [
        *("config.json", "generation_config.json", "tokenizer.json", "preprocessor_config.json", "vocab.json"),
        *("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "vocab.txt", "spiece.model"),
    ],
    ids=range(10),
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (POINTER, LFS),
        (b"<!DOCTYPE html>\n<html></html>", PAGE),
        (b"\n <HTML>404: no such model</html>", PAGE),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Error/>', PAGE),
        (b"", EMPTY),
    ],
    ids=["git-lfs", "web page", "capitals", "xml", "empty"],
)
def test_another_file_in_its_place(folder, name, content, words):
    """What a download left in the place of any file is told as what it is, with what to type."""
    if name.startswith(("pytorch", "model.safetensors.")):
        folder.weights.unlink()
    if name.startswith(("vocab", "spiece")):
        (folder.path / "tokenizer.json").unlink()
    (folder.path / name).write_bytes(content)
    with pytest.raises(SurroundingsFault) as caught:
        folder_digest(folder.path, allow_pickle=True)
    assert str(caught.value) == f"{folder.path / name}: {words}"


@pytest.mark.parametrize("content", [b"<s>\n<pad>\nversion\n", b"version\nhttps\n", b"<unk>\nempty"])
def test_vocabulary_that_looks_like_another_file(folder, content):
    """A vocabulary may begin with a token in angle brackets."""
    (folder.path / "tokenizer.json").unlink()
    (folder.path / "vocab.txt").write_bytes(content)
    assert len(folder_digest(folder.path)) == 64


def test_no_weights(folder):
    """A folder without weights ends in a fault that says what is looked for."""
    folder.weights.unlink()
    assert fault_of(folder) == (
        f"{folder.path}: no model.safetensors and no model.safetensors.index.json; save the model with save_pretrained"
    )


def test_missing_shard(folder):
    """A shard that the index names and the folder lacks is named, for the digest and for the size."""
    folder.shard({"first": folder.tensors()["first"]}, {"second": folder.tensors()["second"]})
    shard = folder.path / "model-00002-of-00002.safetensors"
    shard.unlink()
    assert fault_of(folder).startswith(f"{shard}: weights cannot be read (")
    with pytest.raises(SurroundingsFault, match=r"model-00002-of-00002\.safetensors'; fetch the model folder again$"):
        weight_bytes(folder.path)


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "null", '{"weight_map": ["a"]}', '{"weight_map": {"first": 3}}', '{"weight_map": {}}'],
    ids=["no map", "list", "null", "list for a map", "number for a file", "empty map"],
)
def test_wrong_index(folder, text):
    """An index that is JSON but no index ends in a fault that names it."""
    folder.weights.unlink()
    folder.index.write_text(text)
    assert fault_of(folder).startswith(f"{folder.index}: ")


@pytest.mark.parametrize(
    "name",
    ["config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"],
    ids=["model", "decoding", "tokenizer settings", "tokenizer"],
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null"], ids=["empty", "cut", "bytes", "list", "null"])
def test_settings_that_are_no_table(folder, name, content):
    """A settings file that holds no table as JSON ends in a fault that names it and what to do."""
    (folder.path / name).write_bytes(content)
    words = fault_of(folder)
    assert words.startswith(f"{folder.path / name}: ")
    assert words.endswith("; fetch or save the model again")
