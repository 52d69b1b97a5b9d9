"""Why a model could not be loaded: one line that says what lies deepest, whatever the library puts in front of it."""

import json
import logging
import re
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from swapgate.core.faults import SurroundingsFault
from swapgate.models.causes import MOST, cause, logged
from swapgate.models.loading import find, load
from swapgate.project.manifest import Row

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
WIDE = "[384, 96] by config.json (intermediate_size = 384)"
SPM = "sentencepiece.bpe.model"
INSTALL = (
    "\n requires the protobuf library but it was not found in your environment. Check out the instructions on the\n"
)


@pytest.fixture
def copy(tmp_path):
    """Return a copy of a small model of the zoo, its config.json changed, and what is told when it is loaded."""

    def refusal(of="sentiment", auto_class="AutoModelForSequenceClassification", reader="AutoTokenizer", **config):
        folder = tmp_path / "model"
        if not folder.exists():
            shutil.copytree(ZOO / of / "small", folder)
        said = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(said | config))
        with pytest.raises(SurroundingsFault) as caught:
            load(find(Row(model=str(folder)), Path("/"), tmp_path), auto_class, reader)
        (line,) = str(caught.value).splitlines()
        assert line.startswith("model")
        return line.removeprefix("model")

    return refusal


def test_weights_of_a_new_shape(copy):
    """Weights that do not fit config.json are told with both shapes, and by which key of it they differ."""
    assert copy(intermediate_size=384) == (
        ": 6 weights have another shape than config.json says: bert.encoder.layer.0.intermediate.dense.weight is"
        f" [192, 96] in the file and {WIDE}; mend that, or save the model and its config.json together"
    )


def test_flags_are_no_sizes(copy):
    """A flag that is true, or the number of a token, is not told as the size that is 1."""
    said = copy(type_vocab_size=1, tie_word_embeddings=True, bos_token_id=1, some_factor=1)
    assert (
        "token_type_embeddings.weight is [2, 96] in the file and [1, 96] by config.json (type_vocab_size = 1)" in said
    )


@pytest.mark.parametrize("count", [3, 12])
def test_layers_that_are_not_stored(copy, count):
    """A config.json with more layers than are stored is told as that, and not as another checkpoint."""
    assert re.match(
        rf" would have layers of random numbers: by config.json bert.encoder.layer has {count}, and nothing of"
        r" bert.encoder.layer.2 is stored; mend config.json",
        copy(num_hidden_layers=count),
    )


def test_labels_of_a_new_number(copy):
    """A head with as many outputs as config.json has not labels is told with both numbers."""
    said = copy(id2label={str(at): f"L{at}" for at in range(5)}, label2id={f"L{at}": at for at in range(5)})
    assert "classifier.weight is [2, 96] in the file and [5, 96] by config.json (labels in id2label = 5)" in said


def test_type_of_model_that_is_unknown(copy):
    """A model_type that transformers does not know is told as that, with the version."""
    assert re.match(
        r' cannot be loaded: its config.json says model_type = "qwen99", which transformers \d',
        copy(model_type="qwen99"),
    )


def test_setting_that_is_unknown(copy):
    """Where a lookup of a setting's value fails, the key that has it is told, not only the value."""
    assert copy(hidden_act="swishy").startswith(' cannot be loaded: its config.json says hidden_act = "swishy", which')


def test_model_of_a_kind_that_the_task_has_not(copy):
    """A model of an architecture without the class that the task asks for: both are told, no list of all others."""
    said = copy(auto_class="AutoModelForObjectDetection")
    assert "a model of BertConfig, of which transformers" in said
    assert "has no AutoModelForObjectDetection; give a model" in said


@pytest.mark.parametrize(
    ("reader", "part"), [("AutoImageProcessor", "image processor"), ("AutoFeatureExtractor", "feature extractor")]
)
def test_reader_that_is_not_there(copy, reader, part):
    """A missing processor is told by the file that it would be in."""
    assert copy(reader=reader) == f" has no {part} in its folder (preprocessor_config.json); save the model's own there"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda _: "{}", r"Model missing\."),
        (lambda text: text[:-50], r"(EOF|expected|Expecting)"),
        (lambda _: "[]", r"invalid type"),
        (lambda text: text.replace('"WordPiece"', '"NewPiece"'), r"data did not match any variant"),
    ],
    ids=["nothing", "cut", "a list", "of a newer kind"],
)
def test_tokenizer_that_is_broken(copy, tmp_path, edit, reason):
    """A tokenizer.json that cannot be read is told as that, with what is wrong in it and what to type."""
    shutil.copytree(ZOO / "sentiment" / "small", tmp_path / "model")
    file = tmp_path / "model" / "tokenizer.json"
    file.write_text(edit(file.read_text()))
    said = copy()
    assert re.match(rf" has a tokenizer.json that tokenizers [\d.]+ cannot read \({reason}", said), said
    assert said.endswith(
        "; save the model's own again, or where a newer one wrote it: pip install -U tokenizers transformers"
    )


def test_package_that_is_not_installed(copy):
    """A package that transformers misses is told by its name, first."""
    said = copy(quantization_config={"quant_method": "gptq", "bits": 4})
    start = (
        " cannot be loaded: it needs the package optimum, and it is not installed: pip install optimum (Loading a GPTQ"
    )
    assert said.startswith(start)


def test_type_of_numbers_that_is_unknown(copy):
    """A dtype that torch has not is told with its key."""
    assert copy(dtype="float99").startswith(' cannot be loaded: its config.json says dtype = "float99", which')


@pytest.mark.parametrize("key", ["hidden_size", "vocab_size", "num_attention_heads", "num_hidden_layers"])
def test_sizes_of_nothing(copy, key):
    """A size of 0 that no model has is told before anything is made of it."""
    assert copy(**{key: 0}).startswith(f": config.json: {key} = 0 is absurd (at least 1), so nothing was loaded")


@pytest.mark.parametrize(
    ("of", "auto_class", "reader", "config", "layer"),
    [
        ("sentiment", "SequenceClassification", "Tokenizer", {"num_hidden_layers": 1}, "bert.encoder.layer"),
        ("image-classification", "ImageClassification", "ImageProcessor", {"num_hidden_layers": 1}, "vit.layers"),
        ("speech-recognition", "CTC", "Processor", {"num_hidden_layers": 1}, "wav2vec2.encoder.layers"),
    ],
)
def test_layers_that_are_left_out(copy, of, auto_class, reader, config, layer):
    """A config.json with fewer layers than are stored is an error, and not a model without them."""
    said = copy(of, f"AutoModelFor{auto_class}", f"Auto{reader}", **config)
    where = re.escape(layer) if of == "sentiment" else r"[\w.]+"  # transformers 4 calls some otherwise
    assert re.match(
        rf" would be used without some of its layers: by config.json {where} has 1, and {where}.1.\S+ is stored; mend",
        said,
    )


@pytest.mark.parametrize("prefix", ["module.", "model.within."])
@pytest.mark.parametrize(
    ("of", "auto_class"),
    [("sentiment", "AutoModelForSequenceClassification"), ("summarization", "AutoModelForSeq2SeqLM")],
    ids=["classifier", "writer"],
)
def test_weights_of_a_model_within_another(copy, tmp_path, prefix, of, auto_class):
    """Weights that are saved under a longer name than the model's are told as that, also where some are shared."""
    shutil.copytree(ZOO / of / "small", tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    named = {f"{prefix}{name}": tensor for name, tensor in weights.items()}
    save_file(named, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    said = copy(of, auto_class)
    assert said.startswith(f" has its weights under names that begin with '{prefix}' ({prefix}")
    assert "model.module.save_pretrained" in said


def test_weights_that_are_not_needed(tmp_path):
    """What a model was trained for before, and has no place for now, is no fault of it."""
    shutil.copytree(ZOO / "sentiment" / "small", tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    more = {"cls.predictions.bias": weights["classifier.bias"], "heads.3.weight": weights["classifier.bias"]}
    save_file(weights | more, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    row = Row(model=str(tmp_path / "model"))
    assert load(find(row, Path("/"), tmp_path), "AutoModelForSequenceClassification").seconds > 0


def raised(*errors):
    """Return the last of some exceptions, each of which was raised while the one before it was handled."""
    before = None
    for error in errors:
        error.__context__, before = before, error
    return before


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        (
            [
                ModuleNotFoundError("No module named 'fugashi'"),
                ImportError("You need to install fugashi to use Mecab."),
            ],
            "it needs the package fugashi, and it is not installed: pip install fugashi",
        ),
        (
            [ModuleNotFoundError("No module named 'rjieba'"), ImportError(INSTALL)],
            "it needs the package rjieba, and it is not installed: pip install rjieba",
        ),
        ([ValueError("no dictionary"), ImportError(INSTALL)], "ValueError: no dictionary"),
        ([OSError("disk on fire"), RuntimeError("it failed")], "OSError: disk on fire; then RuntimeError: it failed"),
        ([IndexError("list"), OSError("Not here:\n\n  that one")], "OSError: Not here: that one"),
        ([ValueError("x" * 1000)], f"ValueError: {'x' * (MOST - len('ValueError: ') - 1)}…"),
        ([RuntimeError("")], "RuntimeError: no message"),
    ],
)
def test_deepest_cause(tmp_path, errors, told):
    """Of exceptions behind each other the one is told that explains, on one line that ends somewhere."""
    assert cause(raised(*errors), tmp_path) == f"cannot be loaded: {told}"


def test_package_that_is_old(tmp_path):
    """A package that is there, and too old, is not told as missing."""
    error = ImportError("Using this requires pytest: `pip install 'pytest>=99'`. Then run again.")
    assert re.fullmatch(
        r"cannot be loaded: it needs the package pytest, and \d\S+ is installed: pip install -U pytest \(Using .*'`\)",
        cause(error, tmp_path),
    )


def test_exceptions_in_a_circle(tmp_path):
    """Exceptions that lead to each other end too."""
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__cause__ = two, one
    assert cause(one, tmp_path) == "cannot be loaded: OSError: two; then OSError: one"


@pytest.mark.parametrize("error", [ValueError("`tiktoken` is required"), AttributeError("'NoneType' has no endswith")])
def test_tokenizer_of_sentencepiece_alone(tmp_path, monkeypatch, error):
    """Where a sentencepiece file cannot be read, the packages are told that read it, and not what was tried last."""
    (tmp_path / SPM).write_bytes(b"")
    monkeypatch.setattr("swapgate.models.causes.is_installed", lambda module: module != "sentencepiece")
    lines = ["Could not extract SentencePiece model: it requires the SentencePiece library. Falling back to TikToken."]
    assert cause(error, tmp_path, lines) == (
        f"has a tokenizer of sentencepiece alone ({SPM}), which sentencepiece would read: pip install sentencepiece; or"
        " save the tokenizer with a tokenizer.json"
    )


def test_sentencepiece_that_is_broken(tmp_path, monkeypatch):
    """Where all is installed that reads it, what is wrong with the file is told, not what was tried last."""
    (tmp_path / SPM).write_bytes(b"")
    monkeypatch.setattr("swapgate.models.causes.is_installed", lambda module: True)
    lines = ["Could not extract SentencePiece model using sentencepiece library due to \nno pieces\n. Falling back."]
    missing = raised(ModuleNotFoundError("No module named 'tiktoken'"), ValueError("`tiktoken` is required"))
    assert cause(missing, tmp_path, lines) == (
        f"has a tokenizer that cannot be read as one of sentencepiece: {SPM} (no pieces); save the model's own, or"
        " where it is one of tiktoken: pip install tiktoken"
    )


def test_package_that_does_not_fit_torch(tmp_path, monkeypatch):
    """A package that cannot be imported, for it was built for another torch, is told with both versions."""
    made = {
        "visiontools/__init__.py": 'raise RuntimeError("operator visiontools::nms does not exist")',
        "visiontools-0.20.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: visiontools\nVersion: 0.20.0\n",
    }
    for name, text in made.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        import visiontools  # noqa: F401
    except RuntimeError as error:
        outer = ModuleNotFoundError("Could not import module 'AutoModel'. Are its requirements defined correctly?")
        outer.__cause__ = error
    assert re.fullmatch(
        r"cannot be loaded: visiontools 0\.20\.0 does not fit torch \S+ \(operator visiontools::nms does not exist\);"
        " install the visiontools that was made for it, or uninstall visiontools",
        cause(outer, tmp_path),
    )


def test_logged_report(tmp_path):
    """Where an exception only points at a report that was logged, its rows are told."""
    report = (
        "\x1b[1mREPORT\x1b[0m\nKey | Status |  |\n----+---\nlayer.{0, 1}.weight | CONVERSION |  bad  merge\n\nNotes:"
    )
    error = RuntimeError("Some issues. For details look at the `CONVERSION` entries of the above report!")
    assert (
        cause(error, tmp_path, [report]) == "cannot be loaded: RuntimeError: layer.{0, 1}.weight CONVERSION bad merge"
    )


def test_nothing_is_shown(capfd):
    """What transformers warns of meanwhile is collected and not shown; afterwards everything is as it was."""
    logger = logging.getLogger("transformers")
    before = [*logger.handlers], logger.level, logger.propagate
    with logged() as lines:
        logging.getLogger("transformers.some").warning("look %s", "here")
        logging.getLogger("transformers.some").info("not this")
    assert (lines, capfd.readouterr()) == (["look here"], ("", ""))
    assert ([*logger.handlers], logger.level, logger.propagate) == before
