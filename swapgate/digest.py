"""Which model a folder holds: one digest over its weights and over every setting that changes an answer.

The weights count as (name, dtype, shape, values), however they are split into files. Settings count as parsed JSON
without the keys that only say who saved them. No torch: a digest is known before a model is loaded.
"""

import hashlib
import json
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

VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "added_tokens.json", "spiece.model", "sentencepiece.bpe.model")
"""Files that tokenizers were made of before tokenizer.json; read only where that file is missing."""

WHO_SAVED_IT = frozenset(
    {
        "_name_or_path",
        "backend",
        "dtype",
        "is_local",
        "local_files_only",
        "name_or_path",
        "processor_class",
        "special_tokens_map_file",
        "tokenizer_class",
        "tokenizer_file",
        "torch_dtype",
        "transformers_version",
    }
)
"""Keys that change when a model is saved again and change no answer (the dtype to compute in is the row's)."""

SPELT_OUT = {
    "add_cross_attention": False,
    "is_decoder": False,
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
}
"""Defaults that one version of transformers writes into config.json and another leaves out."""

RUN_TIME = {"tokenizer.json": ("padding", "truncation"), "tokenizer_config.json": ("added_tokens_decoder",)}
"""Keys that each call sets anew, or that stand in tokenizer.json as well."""


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
        return [folder / name for name in sorted(set(_json(index)["weight_map"].values()))]
    raise SurroundingsFault(
        f"{folder}: no model.safetensors and no model.safetensors.index.json; save the model with save_pretrained"
    )


def weight_bytes(folder: Path) -> int:
    """Give the size of the weight files in bytes. Raises SurroundingsFault."""
    try:
        return sum(path.stat().st_size for path in weight_files(folder))
    except OSError as error:
        raise SurroundingsFault(f"{folder}: {error}; fetch the model folder again") from error


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
    settings = {name: _json(folder / name) for name in SETTINGS if (folder / name).is_file()}
    special = settings.pop("special_tokens_map.json", {})
    if "tokenizer_config.json" in settings:
        settings["tokenizer_config.json"] = {**special, **settings["tokenizer_config.json"]}
    for name, keys in RUN_TIME.items():
        for key in keys:
            settings.get(name, {}).pop(key, None)
    if "tokenizer.json" not in settings:
        for path in (folder / name for name in VOCABULARIES):
            if path.is_file():
                settings[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return {name: _without_traces(content) for name, content in settings.items()}


def _without_traces(value: Any) -> Any:
    """Drop the keys that say who saved it and those that say nothing; a special token counts as its text."""
    if isinstance(value, dict):
        if "content" in value and "lstrip" in value and "id" not in value:
            return value["content"]
        kept = {key: _without_traces(item) for key, item in value.items() if key not in WHO_SAVED_IT}
        return {key: item for key, item in kept.items() if not _says_nothing(key, item)}
    if isinstance(value, list):
        return [_without_traces(item) for item in value]
    return value


def _says_nothing(key: str, item: Any) -> bool:
    return item is None or item in ({}, []) or (key in SPELT_OUT and item == SPELT_OUT[key])


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SurroundingsFault(f"{path}: cannot be read as JSON ({error}); fetch or save the model again") from error
