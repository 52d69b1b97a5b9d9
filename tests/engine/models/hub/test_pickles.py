"""Weights in pickles: read where the row allows it, and nothing else that a pickle may hold or claim."""

import json
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest

from swapgate.backends import transformers as backend
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find, load
from swapgate.project.manifest import row_type
from swapgate.tasks import ner

ZOO = Path(__file__).parents[4] / "fixtures" / "zoo" / "ner" / "small"
LABELS = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "MISC": "MISC"}


@pytest.fixture
def folder(tmp_path):
    """A copy of a small model of the zoo."""
    return Path(shutil.copytree(ZOO, tmp_path / "model"))


def source(folder, **keys):
    """Find the model of a folder as a row names it."""
    row = row_type(ner.TASK).model_validate({"model": str(folder), "labels": LABELS, **keys})
    return find(row, folder.parent, folder.parent)


def refusal(folder, reader="AutoTokenizer", **keys):
    """Return the words with which a model is not loaded."""
    with pytest.raises(SurroundingsFault) as caught:
        load(source(folder, **keys), "AutoModelForTokenClassification", reader)
    return str(caught.value)


def pickled(folder, name="pytorch_model.bin", only=lambda name: True, **options):
    """Put the weights into a pickle, and take the safetensors away once all are."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(ZOO / "model.safetensors")
    torch.save({key: value for key, value in weights.items() if only(key)}, folder / name, **options)
    (folder / "model.safetensors").unlink(missing_ok=True)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "older"])
def test_pickled_weights(folder, new):
    """Weights in a pickle of either form are those of the safetensors: digest, parameters and answers."""
    safe = source(folder)
    digest, parameters = safe.files_digest, safe.parameters
    text = ["Angela Merkel met Tom in Paris."]
    answers = ner.predict(backend.load(ner.TASK, safe), text, safe.row)
    pickled(folder, _use_new_zipfile_serialization=new)
    found = source(folder, allow_pickle=True)
    assert (found.files_digest, found.parameters) == (digest, parameters)
    assert found.bytes == (folder / "pytorch_model.bin").stat().st_size
    assert ner.predict(backend.load(ner.TASK, found), text, found.row) == answers


def test_pickles_in_parts(folder):
    """Weights in several pickles with an index are read alike."""
    digest = source(folder).files_digest
    parts = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    pickled(folder, parts[0], lambda name: "encoder" in name)
    pickled(folder, parts[1], lambda name: "encoder" not in name)
    from safetensors.numpy import load_file

    places = {name: parts["encoder" not in name] for name in load_file(ZOO / "model.safetensors")}
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    found = source(folder, allow_pickle=True)
    assert found.files_digest == digest
    assert load(found, "AutoModelForTokenClassification").model


def test_pickle_that_was_not_allowed(folder):
    """Without the key a pickle is not read, and the message names the key."""
    pickled(folder)
    assert "write allow_pickle = true in its row" in refusal(folder)
    with pytest.raises(SurroundingsFault, match="write allow_pickle = true in its row"):
        assert source(folder).digest


class Payload:
    """What a pickle would do when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


@pytest.mark.parametrize("form", ["zip", "bare"])
def test_pickle_with_a_payload(folder, tmp_path, form):
    """A pickle that would run something is refused, by the digest and by loading, and nothing has run."""
    import torch

    path, weights = folder / "pytorch_model.bin", {"weight": Payload(tmp_path / "was_here")}
    (folder / "model.safetensors").unlink()
    torch.save(weights, path) if form == "zip" else path.write_bytes(pickle.dumps(weights, protocol=2))
    with pytest.raises(SurroundingsFault) as caught:
        assert source(folder, allow_pickle=True).digest
    assert str(caught.value).startswith(f"{path}: weights cannot be read from the pickle (UnpicklingError: ")
    assert "nothing else that a pickle may hold is ever run" in str(caught.value)
    assert "model cannot be loaded: " in refusal(folder, allow_pickle=True)
    assert not (tmp_path / "was_here").exists()


def test_pickled_number_of_any_shape(folder):
    """One number that a pickle gives the shape of terabytes is refused before they are made."""
    import torch

    (folder / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(1).expand(10**6, 10**6)}, folder / "pytorch_model.bin")
    with pytest.raises(SurroundingsFault, match="the pickle is no table of tensors"):
        assert source(folder, allow_pickle=True).parameters


@pytest.mark.filterwarnings("ignore:.*quantized:UserWarning")
@pytest.mark.parametrize("kind", ["sparse", "meta", "conjugate", "negative", "quantized", "number", "list"])
def test_pickle_of_odd_tensors(folder, kind):
    """A pickle whose tensors have no numbers of their own in it is refused in words."""
    import torch

    whole = torch.ones(4, 4)
    odd = {
        "sparse": lambda: whole.to_sparse(),
        "meta": lambda: whole.to("meta"),
        "conjugate": lambda: whole.to(torch.complex64).conj(),
        "negative": lambda: torch._neg_view(whole),
        "quantized": lambda: torch.quantize_per_tensor(whole, 0.1, 0, torch.qint8),
        "number": lambda: 1.5,
        "list": lambda: [whole],
    }
    (folder / "model.safetensors").unlink()
    torch.save({"weight": odd[kind]()}, folder / "pytorch_model.bin")
    with pytest.raises(SurroundingsFault) as caught:
        assert source(folder, allow_pickle=True).digest
    assert str(caught.value).endswith(
        "/pytorch_model.bin: the pickle is no table of tensors (dense ones whose numbers are all in the file); use a"
        " model that has safetensors"
    )


@pytest.mark.parametrize("part", ["data.pkl", "data/0"])
def test_packed_pickle(folder, part):
    """A pickle with a part that is packed, and may be far larger than the file, is refused before it is unpacked."""
    pickled(folder)
    path, packed = folder / "pytorch_model.bin", folder / "packed"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for one in old.infolist():
            kind = zipfile.ZIP_DEFLATED if one.filename.endswith(part) else zipfile.ZIP_STORED
            new.writestr(one.filename, old.read(one.filename), kind)
    packed.replace(path)
    with pytest.raises(SurroundingsFault, match="is packed, which torch never does"):
        assert source(folder, allow_pickle=True).digest
