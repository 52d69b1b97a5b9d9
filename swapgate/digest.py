"""Which model a folder holds: one digest over its weights and over every setting that changes an answer.

The weights count as (name, dtype, shape, values), however they are split into files. Settings count as parsed JSON
without the keys that only say who saved them. No torch: a digest is known before a model is loaded.
"""

import hashlib
import json
import math
import mmap
from pathlib import Path
from typing import Any

from swapgate.faults import SurroundingsFault

SETTINGS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
)
"""Files that hold settings as JSON."""

VOCABULARIES = (
    "added_tokens.json",
    "merges.txt",
    "normalizer.json",
    "sentencepiece.bpe.model",
    "source.spm",
    "spiece.model",
    "spm.model",
    "target.spm",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
)
"""Files that tokenizers were made of before tokenizer.json; read only where that file is missing."""

WHO_SAVED_IT = frozenset(
    {
        "_name_or_path",
        "backend",
        "dtype",
        "is_local",
        "local_files_only",
        "n_samples",
        "name_or_path",
        "nb_max_frames",
        "processor_class",
        "special_tokens_map_file",
        "tokenizer_file",
        "torch_dtype",
        "transformers_version",
    }
)
"""Keys that change when a model is saved again and change no answer (the dtype to compute in is the row's; Whisper's
reader reckons samples and frames itself, from its seconds)."""

SPELT_OUT = {
    "add_cross_attention": False,
    "bos_token_id": None,
    "do_sample": False,
    "eos_token_id": None,
    "errors": "replace",
    "is_decoder": False,
    "length_penalty": 1.0,
    "model_max_length": int(1e30),
    "num_beams": 1,
    "position_embedding_type": "absolute",
    "predict_timestamps": False,
    "suppress_tokens": None,
    "tie_word_embeddings": True,
    "trim_offsets": True,
}
"""Defaults that one version of transformers writes into a file of settings and another leaves out."""

READERS = ("feature_extractor", "image_processor")
"""What processor_config.json of transformers 5 holds and preprocessor_config.json of 4 is."""

ONE_CLASS = {
    **dict.fromkeys(("BartTokenizer", "LEDTokenizer", "LongformerTokenizer"), "RobertaTokenizer"),
    **dict.fromkeys(("ElectraTokenizer", "MobileBertTokenizer"), "BertTokenizer"),
}
"""Tokenizers that transformers 5 saves as the class that they share."""

IN_TOKENIZER_JSON = ("added_tokens_decoder", "additional_special_tokens", "extra_special_tokens")
"""Keys of tokenizer_config.json that repeat what stands in tokenizer.json."""

SET_BY_EACH_CALL = ("padding", "truncation")
"""Keys of tokenizer.json that hold what the last call wanted."""


def folder_digest(folder: Path, **row: str | None) -> str:
    """Give the digest of a model folder, 64 hexadecimal digits; `row` adds what the models file sets (dtype, ...).

    Raises SurroundingsFault where a file is missing, truncated or not what its header says.
    """
    whole = hashlib.sha256()
    for name, dtype, shape, values in sorted(_tensors(folder)):
        whole.update(json.dumps([name, dtype, shape, values]).encode())
    whole.update(json.dumps(_settings(folder), sort_keys=True).encode())
    whole.update(json.dumps(row, sort_keys=True).encode())
    return whole.hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """Give the weight files that a model is loaded from, as transformers chooses them. Raises SurroundingsFault."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if index.is_file():
        shards = read_settings(index).get("weight_map")
        if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
            raise SurroundingsFault(f"{index}: weight_map names no weight files; fetch or save the model again")
        return [folder / name for name in sorted(set(shards.values()))]
    raise SurroundingsFault(
        f"{folder}: no model.safetensors and no model.safetensors.index.json; save the model with save_pretrained"
    )


def weight_bytes(folder: Path) -> int:
    """Give the size of the weight files in bytes. Raises SurroundingsFault."""
    try:
        return sum(path.stat().st_size for path in weight_files(folder))
    except OSError as error:
        raise SurroundingsFault(f"{folder}: {error}; fetch the model folder again") from error


def parameter_count(folder: Path) -> int:
    """Give how many numbers the weight files hold. Raises SurroundingsFault."""
    return sum(math.prod(shape) for _, _, shape, _ in _tensors(folder))


def _tensors(folder: Path) -> list[tuple[str, str, list[int], str]]:
    """Give name, dtype, shape and the digest of the bytes of each tensor; files are mapped, not read into memory."""
    from safetensors import SafetensorError, safe_open

    tensors = []
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="np"):  # checks the header against the length of the file
                pass
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                start = 8 + int.from_bytes(content[:8], "little")
                header = json.loads(content[8:start])
                header.pop("__metadata__", None)
                view = memoryview(content)
                for name, entry in header.items():
                    begin, end = entry["data_offsets"]
                    values = hashlib.sha256(view[start + begin : start + end]).hexdigest()
                    tensors.append((name, entry["dtype"], entry["shape"], values))
                view.release()
        except (OSError, SafetensorError, ValueError) as error:
            raise SurroundingsFault(f"{path}: weights cannot be read ({error}); fetch or save them again") from error
    return tensors


def _settings(folder: Path) -> dict[str, Any]:
    """Give the settings of a folder; the tokenizer's two files of special tokens count as one."""
    settings = {name: read_settings(folder / name) for name in SETTINGS if (folder / name).is_file()}
    if "transformers_weights" in settings.get("config.json", {}):
        raise SurroundingsFault(f"{folder}: config.json names other weight files (transformers_weights); remove that")
    if "encoder_layers" in settings.get("config.json", {}):
        settings["config.json"].pop("num_hidden_layers", None)  # says it once more
    for key in READERS:
        if key in settings.get("processor_config.json", {}):
            settings["preprocessor_config.json"] = settings["processor_config.json"].pop(key)
    hears = "feature_extractor_type" in settings.get("preprocessor_config.json", {})
    special = settings.pop("special_tokens_map.json", {})
    tokenizer = {**special, **settings.pop("tokenizer_config.json", {})}
    tokenizer |= tokenizer.pop("model_specific_special_tokens", {})
    if "tokenizer_class" in tokenizer:
        name = str(tokenizer["tokenizer_class"]).removesuffix("Fast")
        tokenizer["tokenizer_class"] = ONE_CLASS.get(name, name)
    whole = settings.pop("tokenizer.json", None)
    kept = {name: content for name, values in settings.items() if (content := _without_traces(values))}
    if whole is not None:
        tokenizer = {key: value for key, value in tokenizer.items() if key not in IN_TOKENIZER_JSON}
        kept["tokenizer.json"] = _pieces(whole, hears)
    else:
        tokenizer.pop("added_tokens_decoder", None)  # made of the vocabulary and the special tokens
        vocabularies = [folder / name for name in VOCABULARIES if (folder / name).is_file()]
        kept |= {path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in vocabularies}
    kept["tokenizer_config.json"] = {
        key: _content(value) for key, value in _without_traces(tokenizer).items() if value not in (None, {}, [])
    }
    return kept


def _pieces(whole: dict[str, Any], hears: bool) -> dict[str, Any]:
    """Give what counts of tokenizer.json; a model that hears only writes with it, and puts no text between tokens."""
    dropped = (*SET_BY_EACH_CALL, "post_processor") if hears else SET_BY_EACH_CALL
    kept = {key: value for key, value in whole.items() if key not in dropped}
    if isinstance(kept.get("model"), dict):
        kept["model"] = {key: value for key, value in kept["model"].items() if value not in (None, "")}
    return kept


def _without_traces(settings: dict[str, Any]) -> dict[str, Any]:
    """Drop the keys, at any depth, that say who saved it, and defaults that some versions spell out."""
    return {
        key: _without_traces(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key not in WHO_SAVED_IT and not (key in SPELT_OUT and value == SPELT_OUT[key])
    }


def _content(token: Any) -> Any:
    """Give a special token as its text, whether it is written as that or with its flags."""
    return token["content"] if isinstance(token, dict) and "content" in token else token


def read_settings(path: Path) -> dict[str, Any]:
    """Read a JSON file that must hold an object. Raises SurroundingsFault that names it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}, not an object")
    except (OSError, ValueError) as error:
        raise SurroundingsFault(f"{path}: cannot be read as JSON ({error}); fetch or save the model again") from error
    return content
