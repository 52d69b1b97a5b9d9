"""What a stranger's model folder may try: each is refused with one message, and nothing of it runs."""

import json
import pickle
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from swapgate.faults import SurroundingsFault
from swapgate.loading import find, load
from swapgate.manifest import Row
from swapgate.sizes import check_config
from swapgate.tasks import ner

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo" / "ner" / "small"
LABELS = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "MISC": "MISC"}


@pytest.fixture
def folder(tmp_path):
    """A copy of a small model of the zoo."""
    return Path(shutil.copytree(ZOO, tmp_path / "model"))


def source(folder, **keys):
    """Find the model of a folder as a row names it."""
    row = Row.model_validate({"model": str(folder), "labels": LABELS, **keys})
    return find(row, folder.parent, folder.parent)


def configure(folder, file="config.json", **changes):
    """Change keys of a settings file."""
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refusal(folder, reader="AutoTokenizer", **keys):
    """Give the words with which a model is not loaded."""
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
    answers = ner.predict(ner.load(safe), text, safe.row)
    pickled(folder, _use_new_zipfile_serialization=new)
    found = source(folder, allow_pickle=True)
    assert (found.files_digest, found.parameters) == (digest, parameters)
    assert found.bytes == (folder / "pytorch_model.bin").stat().st_size
    assert ner.predict(ner.load(found), text, found.row) == answers


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


@pytest.fixture
def ran(folder, tmp_path, monkeypatch):
    """Let a model bring code along, and give the folder that would be there if it had run; to ask fails too."""
    marker = tmp_path / "ran"
    (folder / "modeling_own.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).mkdir()\n")
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asked"))
    return marker


def test_code_of_its_own(folder, ran):
    """A model that needs code which it brings along is refused; nothing is asked, and the code has not run."""
    names = {"AutoConfig": "modeling_own.Own", "AutoModelForTokenClassification": "modeling_own.OwnModel"}
    configure(folder, model_type="own", auto_map=names)
    assert refusal(folder) == (
        "model asks for code of its own to be run (auto_map in its settings), and that is never done; use a model of an"
        " architecture that transformers has"
    )
    assert not ran.exists()


def test_tokenizer_of_its_own(folder, ran):
    """Code of a tokenizer does not run either, whether transformers finds another that reads its files or not."""
    configure(
        folder, "tokenizer_config.json", tokenizer_class="Own", auto_map={"AutoTokenizer": ["modeling_own.Own", None]}
    )
    with suppress(SurroundingsFault):
        load(source(folder), "AutoModelForTokenClassification")
    assert not ran.exists()


def test_code_that_is_not_needed(folder):
    """Where transformers has the architecture, code that a model brings along is left alone."""
    configure(folder, auto_map={"AutoModelForTokenClassification": "modeling_own.OwnModel"})
    assert load(source(folder), "AutoModelForTokenClassification").model


@pytest.mark.parametrize(
    ("key", "number", "words"),
    [
        ("hidden_size", 10**9, "config.json: hidden_size = 1000000000 is absurd beside weight files of "),
        (
            "num_hidden_layers",
            10**9,
            "config.json: num_hidden_layers = 1000000000 is absurd (at most 10,000), so nothing",
        ),
        ("num_labels", 10**9, "config.json: num_labels = 1000000000 is absurd beside weight files of "),
        ("hidden_size", 96_000, "config.json asks for more than "),
        ("num_hidden_layers", 9_999, "config.json asks for more than "),
        ("vocab_size", 999_999, "config.json asks for more than "),
        ("hidden_size", 1e9, "config.json: hidden_size = 1000000000.0 is absurd beside weight files of "),
        (
            "num_hidden_layers",
            -5,
            "config.json: num_hidden_layers = -5 is absurd (at least 0), so nothing was loaded; ",
        ),
    ],
    ids=["giant size", "giant depth", "giant label table", "size", "depth", "vocabulary", "fraction", "negative"],
)
def test_absurd_sizes(folder, key, number, words):
    """A config that asks for far more than its weight files hold is refused before memory is taken."""
    configure(folder, **{key: number})
    assert refusal(folder).startswith(f"model: {words}")
    assert memory() < 4e9


@pytest.mark.parametrize(
    ("task", "changes", "words"),
    [
        ("image-classification", {"size": {"height": 10**6, "width": 8}}, "size.height = 1000000 is absurd (at most"),
        ("image-classification", {"size": 2_049}, "size = 2049 is absurd (at most 2,048), so nothing was loaded; do"),
        ("object-detection", {"size": {"longest_edge": -8}}, "size.longest_edge = -8 is absurd (at least 0)"),
        ("speech-recognition", {"sampling_rate": 10**9}, "sampling_rate = 1000000000 is absurd beside weight files"),
        ("speech-recognition", {"chunk_length": 10**5}, "chunk_length = 100000 is absurd (at most 3,600)"),
        ("speech-recognition", {"chunk_length": 900, "hop_length": 1}, "n_fft / hop_length = 5,760,000,000 is absurd"),
        ("speech-recognition", {"feature_size": 30_000, "n_fft": 60_000}, "feature_size × n_fft = 1,800,000,000 is"),
        ("audio-classification", {"num_mel_bins": 10**6}, "num_mel_bins × max_length = "),
        ("audio-classification", {"x": [{"max_length": 80_000}]}, "num_mel_bins × max_length = 10,240,000 is absurd"),
    ],
    ids=["height", "side", "negative", "rate", "stretch", "steps", "filters", "bins", "deep"],
)
def test_absurd_sizes_of_inputs(tmp_path, task, changes, words):
    """Absurd sizes of what a model is given are refused too, those that only multiply to it as well."""
    folder = Path(shutil.copytree(ZOO.parents[1] / task / "small", tmp_path / "model"))
    configure(folder, "preprocessor_config.json", **changes)
    reason = refusal(folder, "AutoImageProcessor")
    assert reason.startswith("model: preprocessor_config.json: ")
    assert words in reason


@pytest.mark.parametrize(
    ("key", "number"), [("max_length", 10**9), ("num_beams", 101), ("num_return_sequences", 10**6)], ids=["a", "b", "c"]
)
def test_absurd_sizes_of_outputs(tmp_path, key, number):
    """Absurd sizes of what a model writes are refused."""
    folder = Path(shutil.copytree(ZOO.parents[1] / "summarization" / "small", tmp_path / "model"))
    configure(folder, "generation_config.json", **{key: number})
    assert refusal(folder).startswith(f"model: generation_config.json: {key} = {number} is absurd")


@pytest.mark.parametrize("key", ["pad_token_id", "initializer_factor", "ignore_index"])
def test_usual_negatives(folder, key):
    """Numbers that are no size may be negative."""
    check_config("config.json", {key: -100}, [])


def test_labels_are_words(folder):
    """A label that sounds like a size is none: there are tables of more than ten thousand labels."""
    configure(folder, label2id={**dict.fromkeys(LABELS, 0), "player": 21_000})
    assert load(source(folder), "AutoModelForTokenClassification").model


def memory():
    """Give the most memory in bytes that this process has had; 0 where the system does not say."""
    lines = Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


@pytest.mark.parametrize("name", ["../other.safetensors", "/x/other.safetensors", "other.bin", "..", "a/b.safetensors"])
def test_index_that_leads_out(folder, name):
    """An index that names a file elsewhere, or of another kind, is refused, also where that file is there."""
    shutil.copy(ZOO / "model.safetensors", folder.parent / "other.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(SurroundingsFault) as caught:
        assert source(folder).digest
    assert f"weight_map names {name!r}, which is no .safetensors file beside it; do not use" in str(caught.value)
