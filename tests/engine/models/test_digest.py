"""The digest of a model folder: what changes it and what does not."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from swapgate.core.faults import SurroundingsFault
from swapgate.models.digest import file_digests, folder_digest
from swapgate.models.weights import weight_bytes


def test_form(folder, tmp_path):
    """A digest is 64 hexadecimal digits, the same at every call and in every place."""
    assert folder.digest == folder.digest == type(folder)(tmp_path / "copy").digest
    assert len(folder.digest) == 64
    assert int(folder.digest, 16)


def test_shards(folder):
    """However the tensors are split into files, the digest is the same; the size counts all of these files."""
    whole, parts = folder.digest, folder.tensors()
    assert weight_bytes(folder.path) == folder.weights.stat().st_size
    folder.shard({"third": parts["third"], "first": parts["first"]}, {"second": parts["second"]})
    assert folder.digest == whole
    assert weight_bytes(folder.path) == sum(path.stat().st_size for path in folder.path.glob("model-*"))


def test_order_of_tensors(folder):
    """The order of the tensors and a note in the header do not count."""
    whole, content = folder.digest, folder.weights.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    backwards = dict(reversed(json.loads(content[8:start]).items()))
    header = json.dumps({"__metadata__": {"format": "pt"}, **backwards}).encode()
    folder.weights.write_bytes(len(header).to_bytes(8, "little") + header + content[start:])
    assert folder.digest == whole


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"transformers_version": "5.23.0"}),
        ("config.json", {"transformers_version": None}),
        ("config.json", {"dtype": "float32"}),
        ("config.json", {"_name_or_path": "/home/ada/model"}),
        ("config.json", {"layers": {"dtype": "bfloat16", "depth": 2}}),
        ("config.json", {"is_decoder": False, "tie_word_embeddings": True}),
        ("generation_config.json", {"transformers_version": "5.23.0"}),
        ("generation_config.json", {"do_sample": False}),
        ("tokenizer_config.json", {"tokenizer_class": "RobertaTokenizerFast", "backend": "tokenizers"}),
        ("tokenizer_config.json", {"pad_token": {"content": "[PAD]", "lstrip": False, "rstrip": False}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"0": {"content": "[PAD]", "lstrip": False}}}),
        ("tokenizer_config.json", {"extra_special_tokens": ["[PAD]"]}),
        ("tokenizer_config.json", {"errors": "replace", "trim_offsets": True, "predict_timestamps": False}),
        ("tokenizer_config.json", {"model_max_length": 1000000000000000019884624838656}),
        ("tokenizer_config.json", {"do_lower_case": None, "model_specific_special_tokens": {"do_lower_case": False}}),
        ("tokenizer.json", {"truncation": {"max_length": 512}}),
        ("tokenizer.json", {"padding": {"strategy": "BatchLongest"}}),
        ("tokenizer.json", {"model": {"vocab": {"[PAD]": 0, "Ada": 1}, "end_of_word_suffix": ""}}),
    ],
    ids=[f"change {number}" for number in range(1, 19)],
)
def test_saved_again(folder, file, values):
    """What changes when transformers saves a model again does not count."""
    before = folder.digest
    folder.change(file, **values)
    assert folder.digest == before


def test_saved_again_with_its_processor(folder):
    """What transformers 4 writes into preprocessor_config.json and 5 into processor_config.json is one thing."""
    folder.change("preprocessor_config.json", feature_extractor_type="Ear", chunk_length=3)
    before = folder.digest
    (folder.path / "preprocessor_config.json").unlink()
    ear = {"feature_extractor_type": "Ear", "chunk_length": 3, "n_samples": 48000}
    folder.change("processor_config.json", processor_class="Both", feature_extractor=ear)
    assert folder.digest == before
    folder.change("processor_config.json", processor_class="Both", feature_extractor={**ear, "chunk_length": 4})
    assert folder.digest != before


def test_layers_told_twice(folder):
    """The number of layers counts once, also where an encoder-decoder's config.json says it under a second name."""
    folder.change("config.json", encoder_layers=2)
    before = folder.digest
    folder.change("config.json", encoder_layers=2, num_hidden_layers=2)
    assert folder.digest == before
    folder.change("config.json", encoder_layers=3)
    assert folder.digest != before


def test_tokenizer_that_only_writes(folder):
    """What a tokenizer puts around a text it reads counts, but not with a model that hears."""
    before = folder.digest
    folder.change("tokenizer.json", post_processor={"type": "Around"})
    assert folder.digest != before
    folder.change("preprocessor_config.json", feature_extractor_type="Ear")
    around = folder.digest
    folder.change("tokenizer.json")
    assert folder.digest == around


@pytest.mark.parametrize("token", ["[PAD]", {"content": "[PAD]", "lstrip": False}], ids=["text", "table"])
def test_special_tokens_in_either_file(folder, token):
    """It does not matter in which of the tokenizer's two files a special token stands, nor as text or as a table."""
    before = folder.digest
    folder.change("special_tokens_map.json", pad_token=token)
    assert folder.digest == before
    folder.change("tokenizer_config.json", pad_token=None)
    assert folder.digest == before


def test_special_tokens_in_a_file_of_their_own(folder):
    """A special token counts also where there is no tokenizer_config.json."""
    (folder.path / "tokenizer_config.json").unlink()
    without = folder.digest
    folder.change("special_tokens_map.json", pad_token="[MASK]")
    assert folder.digest != without


TEMPLATES = ("chat_template.jinja", "additional_chat_templates/default.jinja", "additional_chat_templates/tools.jinja")


@pytest.mark.parametrize("name", [*TEMPLATES, "additional_chat_templates/._default.jinja"])
def test_chat_templates(folder, name):
    """Each file from which a tokenizer reads how a chat becomes a text counts, by its name and what it says."""
    path, digests = folder.path / name, [folder.digest]
    path.parent.mkdir(exist_ok=True)
    for text in ("{{ messages }}", "{{ messages[0] }}"):
        path.write_text(text)
        digests.append(folder.digest)
        assert name in file_digests(folder.path)
    assert len({*digests}) == 3


def test_tokens_in_a_file_of_their_own(folder):
    """Tokens of added_tokens.json count beside a tokenizer.json that lacks them, and else add nothing."""
    before = folder.digest
    (folder.path / "added_tokens.json").write_text('{"[PAD]": 0}')
    assert folder.digest == before
    (folder.path / "added_tokens.json").write_text('{"[PAD]": 0, "was cold": 2}')
    assert folder.digest != before


def test_special_tokens_that_differ(folder):
    """Where both files have a special token, that of special_tokens_map.json is read, if the other tells no tokens."""
    before = folder.digest
    folder.change("special_tokens_map.json", pad_token="[MASK]")
    assert folder.digest != before


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("tokenizer_config.json", {"tokenizer_class": "M2M100Tokenizer"}),
        ("config.json", {"model_type": "speech_to_text"}),
        ("config.json", {"model_type": "bert-generation"}),
    ],
    ids=["class", "kind", "hyphen"],
)
def test_vocabularies_beside_a_tokenizer(folder, file, values):
    """A tokenizer that transformers has in Python alone reads its vocabulary whether there is a tokenizer.json or
    not; of another one it counts only without.
    """
    plain = folder.digest
    (folder.path / "vocab.json").write_text('{"a": 0}')
    assert folder.digest == plain
    folder.change("tokenizer_config.json", tokenizer_class=None)
    folder.change(file, **values)
    before = folder.digest
    (folder.path / "vocab.json").write_text('{"b": 0}')
    assert folder.digest != before


def test_vocabulary_of_mistral(folder):
    """tekken.json counts beside tokenizer.json, in whose place it is read where mistral-common is installed."""
    before = folder.digest
    (folder.path / "tekken.json").write_text("{}")
    assert folder.digest != before


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("config.json", "transformers_weights"),
        ("config.json", "configuration_files"),
        ("tokenizer_config.json", "fast_tokenizer_files"),
        ("processor_config.json", "audio_tokenizer"),
        ("audio_tokenizer_config.json", "audio_tokenizer_name_or_path"),
    ],
)
def test_settings_that_name_other_files(folder, file, key):
    """Settings by which other files are read than those that are looked at are refused."""
    folder.change(file, **{key: ["config.4.0.0.json"]})
    with pytest.raises(SurroundingsFault, match=rf"{file} names files to read instead \({key}\); remove that"):
        _ = folder.digest


@pytest.mark.parametrize(
    "change",
    [
        {"first": np.arange(6, dtype=np.float32).reshape(3, 2)},
        {"first": np.nextafter(np.arange(6, dtype=np.float32), np.float32(9)).reshape(2, 3)},
        {"first": np.full((2, 3), np.nan, dtype=np.float32)},
        {"second": np.array([-0.0, 1, 1, 1], dtype=np.float32)},
        {"second": np.ones(4, dtype=np.float16)},
        {"second": np.ones(4, dtype=np.float32).view(np.int32)},
        {"second": np.ones(5, dtype=np.float32)},
        {"third": np.zeros((2, 1), dtype=np.float16)},
        {"fourth": np.zeros(1, dtype=np.float32)},
    ],
    ids=["shape", "last bit", "nan", "sign", "dtype", "same bytes", "longer", "one more axis", "one more"],
)
def test_other_tensor(folder, change):
    """Another value, shape or dtype, or one more tensor, is another digest."""
    before = folder.digest
    save_file({**folder.tensors(), **change}, folder.weights)
    assert folder.digest != before


def test_other_names(folder):
    """A renamed tensor and two exchanged ones are another digest; a lost one too."""
    parts, digests = folder.tensors(), [folder.digest]
    first, second, third = parts.values()
    for names in (("zero", "second", "third"), ("second", "first", "third"), ("first", "second")):
        save_file(dict(zip(names, (first, second, third), strict=False)), folder.weights)
        digests.append(folder.digest)
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"id2label": {"0": "B-PER", "1": "O"}}),
        ("config.json", {"id2label": {"0": "O", "1": "B-LOC"}}),
        ("config.json", {"layers": {"depth": 3}}),
        ("config.json", {"layers": {"depth": 2, "dropout": 0}}),
        ("config.json", {"architectures": ["OtherModel"]}),
        ("generation_config.json", {"num_beams": 1}),
        ("tokenizer_config.json", {"do_lower_case": True}),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}),
        ("tokenizer.json", {"model": {"vocab": {"[PAD]": 1, "Ada": 0}}}),
        ("tokenizer.json", {"model": {"vocab": {"[PAD]": 0, "Eve": 1}}}),
        (
            "tokenizer.json",
            {"added_tokens": [{"id": 0, "content": "[PAD]", "lstrip": True, "rstrip": False, "special": True}]},
        ),
        ("preprocessor_config.json", {"size": 224}),
    ],
    ids=[f"change {number}" for number in range(1, 13)],
)
def test_other_setting(folder, file, values):
    """A setting that changes an answer is another digest."""
    before = folder.digest
    folder.change(file, **values)
    assert folder.digest != before


@pytest.mark.parametrize("word", ["backend", "dtype", "tokenizer_class"])
def test_vocabulary_word_that_reads_like_a_key(folder, word):
    """A word of the vocabulary counts even where it is spelt like a key that does not."""
    folder.change("tokenizer.json", model={"vocab": {"Ada": 1, word: 2}})
    before = folder.digest
    folder.change("tokenizer.json", model={"vocab": {"Ada": 1, word: 3}})
    assert folder.digest != before


def test_vocabulary_file(folder):
    """vocab.txt counts only where there is no tokenizer.json."""
    before, vocabulary = folder.digest, folder.path / "vocab.txt"
    vocabulary.write_text("[PAD]\nAda\n")
    assert folder.digest == before
    (folder.path / "tokenizer.json").unlink()
    without = folder.digest
    vocabulary.write_text("Ada\n[PAD]\n")
    assert len({before, without, folder.digest}) == 3


def test_row(folder):
    """What the row sets counts: dtype and variant."""
    rows = [{"dtype": "float32"}, {"dtype": "bfloat16"}, {"variant": "float32"}]
    assert len({folder_digest(folder.path, **row) for row in rows}) == len(rows)


def test_without_torch(folder):
    """A digest is known without importing torch."""
    code = (
        "import pathlib, sys; from swapgate.models.digest import folder_digest; "
        "folder_digest(pathlib.Path(sys.argv[1])); print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("key", ["additional_special_tokens", "extra_special_tokens", "added_tokens_decoder"])
def test_tokens_beside_the_tokenizer(folder, key):
    """A token that tokenizer_config.json adds counts where tokenizer.json has it not, and only there."""
    whole = folder.path / "tokenizer.json"
    own = json.loads(whole.read_text())
    whole.write_text(json.dumps({**own, "added_tokens": [{"id": 5, "content": "<s>", "special": True}]}))
    form = {"added_tokens_decoder": lambda one: {"5": {"content": one}}, "extra_special_tokens": lambda one: {"a": one}}
    path = folder.path / "tokenizer_config.json"
    before, settings = folder.digest, json.loads(path.read_text())
    digests = []
    for token in ("<s>", "good"):
        path.write_text(json.dumps({**settings, key: form.get(key, lambda one: [one])(token)}))
        digests.append(folder.digest)
    assert digests[0] == before != digests[1]
