"""What a stranger's model folder may try: each is refused with one message, and nothing of it runs."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find, load
from swapgate.models.safety import check_config, check_parameters
from swapgate.project.manifest import Row

ZOO = Path(__file__).parents[4] / "fixtures" / "zoo" / "ner" / "small"
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
    """Return the words with which a model is not loaded."""
    with pytest.raises(SurroundingsFault) as caught:
        load(source(folder, **keys), "AutoModelForTokenClassification", reader)
    return str(caught.value)


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
        ("hidden_size", 10**400, "config.json: hidden_size = 10000000000000000"),
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
    ids=[
        "no float",
        "giant size",
        "giant depth",
        "giant label table",
        "size",
        "depth",
        "vocabulary",
        "fraction",
        "negative",
    ],
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
        ("image-classification", {"size_divisor": 20_000}, "size_divisor = 20000 is absurd (at most 2,048)"),
        ("image-classification", {"crop_pct": 0.0008}, "crop_pct = 0.0008 is absurd (allowed are 0.1 to 10)"),
        ("speech-recognition", {"sampling_rate": 10**9}, "sampling_rate = 1000000000 is absurd beside weight files"),
        ("speech-recognition", {"chunk_length": 10**5}, "chunk_length = 100000 is absurd (at most 3,600)"),
        ("speech-recognition", {"chunk_length": 900, "hop_length": 1}, "n_fft / hop_length = 5,760,000,000 is absurd"),
        ("speech-recognition", {"feature_size": 30_000, "n_fft": 60_000}, "feature_size × n_fft = 1,800,000,000 is"),
        ("audio-classification", {"num_mel_bins": 10**6}, "num_mel_bins × max_length = "),
        ("audio-classification", {"x": [{"max_length": 800_000}]}, "num_mel_bins × max_length = 102,400,000 is"),
    ],
    ids=["height", "side", "negative", "multiple", "cut", "rate", "stretch", "steps", "filters", "bins", "deep"],
)
def test_absurd_sizes_of_inputs(tmp_path, task, changes, words):
    """Absurd sizes of what a model is given are refused too, those that only multiply to it as well."""
    folder = Path(shutil.copytree(ZOO.parents[1] / task / "small", tmp_path / "model"))
    configure(folder, "preprocessor_config.json", **changes)
    reason = refusal(folder, "AutoImageProcessor")
    assert reason.startswith("model: preprocessor_config.json: ")
    assert words in reason


@pytest.mark.parametrize(
    "published",
    [
        {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "max_length": 480_000},
        {"feature_extractor_type": "SpeechT5FeatureExtractor", "hop_length": 16, "win_length": 64, "num_mel_bins": 80},
    ],
    ids=["max_length", "milliseconds"],
)
def test_ordinary_sizes(tmp_path, published):
    """What readers of sounds are published with is believed, also where keys of another reader are missing."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    check_config("preprocessor_config.json", {"sampling_rate": 16_000, **published}, [path])


@pytest.mark.parametrize(
    ("name", "within", "key", "most"),
    [
        ("config.json", "rope", "max_position_embeddings", 10_485_760),
        ("preprocessor_config.json", "size", "longest_edge", 4_096),
    ],
)
def test_limits_that_are_large(tmp_path, name, within, key, most):
    """Long rotary positions and wide bounds of pictures are believed beside any file, and not without an end."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    check_config(name, {within: {key: most}}, [path])
    with pytest.raises(SurroundingsFault, match=rf"{key} = {most + 1} is absurd \(at most {most:,}\)"):
        check_config(name, {within: {key: most + 1}}, [path])


def test_long_table_of_positions(folder):
    """A table of so many positions is counted, and refused beside a small file."""
    configure(folder, max_position_embeddings=1_048_576)
    assert refusal(folder).startswith("model: config.json asks for more than ")
    assert memory() < 4e9


@pytest.mark.parametrize(
    ("key", "number"), [("max_length", 10**9), ("num_beams", 101), ("num_return_sequences", 10**6)], ids=["a", "b", "c"]
)
def test_absurd_sizes_of_outputs(tmp_path, key, number):
    """Absurd sizes of what a model writes are refused."""
    folder = Path(shutil.copytree(ZOO.parents[1] / "summarization" / "small", tmp_path / "model"))
    configure(folder, "generation_config.json", **{key: number})
    assert refusal(folder).startswith(f"model: generation_config.json: {key} = {number} is absurd")


def test_absurd_tables(tmp_path):
    """Tables that a model makes of its sizes, and does not save, are counted before they are made."""
    import transformers
    from safetensors.torch import save_file

    sizes = {"max_position_embeddings": 20_000, "hidden_size": 8, "num_layers": 1, "attention_types": [[["global"], 1]]}
    config = transformers.GPTNeoConfig(**sizes, num_heads=1, vocab_size=100)
    config.save_pretrained(tmp_path)
    save_file({}, tmp_path / "model.safetensors")
    with pytest.raises(SurroundingsFault, match=r"config\.json asks for tables of more than 400,000,00"):
        check_parameters(transformers.AutoModelForTokenClassification, config, [tmp_path / "model.safetensors"])


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_kernel_of_its_own(folder, key):
    """A config that names a kernel, which would be fetched and run, is refused."""
    configure(folder, **{key: "stranger/kernel"})
    assert refusal(folder).startswith(f"model: config.json: {key} = 'stranger/kernel' is none of eager and sdpa, and")
    configure(folder, **{key: "eager"})
    assert load(source(folder), "AutoModelForTokenClassification").model


@pytest.mark.parametrize("key", ["pad_token_id", "initializer_factor", "ignore_index"])
def test_usual_negatives(folder, key):
    """Numbers that are no size may be negative."""
    check_config("config.json", {key: -100}, [])


def test_labels_are_words(folder):
    """A label that sounds like a size is none: there are tables of more than ten thousand labels."""
    configure(folder, label2id={**dict.fromkeys(LABELS, 0), "player": 21_000})
    assert load(source(folder), "AutoModelForTokenClassification").model


def memory():
    """Return the most memory in bytes that this process has had; 0 where the system does not say."""
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
