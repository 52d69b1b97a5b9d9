"""Whether the sizes that a model's config.json names can be those of its weight files, before memory is taken."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault

LARGEST = 10_000_000
"""The largest whole number that a config is believed, and a million of a small model: tables are made of some."""
SMALL = 1_000_000
MOST = {
    re.compile(r"(^|\.)max_position_embeddings$"): 10_485_760,  # rotary positions take no memory, tables are counted
    re.compile(r"(^|\.)longest_edge$"): 4_096,  # which as a rule only bounds a picture's longer side
    re.compile(r"(^|\.)(crop_|image_|max_|pad_)?size(\.|$)|height|width|_edge"): 2_048,  # pixels of a picture's sides
    re.compile("size_divi"): 2_048,
    re.compile("layer|depth"): 10_000,
    re.compile("chunk_length"): 3_600,  # seconds that are heard at once
    re.compile("num_beams|num_return_sequences"): 100,
}
"""From keys to the most that a number under them is believed."""
COUNTS = re.compile(
    r"(^|\.|_)(num|n)_|_(size|layers|heads|dim|length|rate|bins|fft|edge)$|(^|\.)size(\.|$)|height|width"
)
"""Keys of numbers that are at least 0."""
SIZES = ("hidden_size", "d_model", "n_embd", "dim", "vocab_size", "num_attention_heads", "num_hidden_layers", "n_layer")
"""Keys of numbers that no model has none of."""
USUAL = {
    "chunk_length": 30,
    "feature_size": 80,
    "hop_length": 160,
    "max_length": 1_024,
    "n_fft": 400,
    "num_mel_bins": 128,
    "sampling_rate": 16_000,
}
"""What transformers takes for a key of a sound's reader that is not there."""
TABLES = {
    ("num_mel_bins", "max_length"): (),
    ("feature_size", "n_fft"): (),
    ("chunk_length", "sampling_rate", "n_fft"): ("hop_length",),
}
"""Keys by whose product, divided by others', the tables of one sound grow; each is at most MOST_TABLE."""
MOST_TABLE = 100_000_000
"""Numbers in the largest table of one sound; those of Whisper's thirty seconds are 1.2 million."""
CODE = ("custom_generate", "custom_pipelines", "trust_remote_code")
"""Keys that ask for code to be fetched and run; auto_map stands also beside architectures that transformers has."""
LISTENERS = (
    "ASTFeatureExtractor",
    "SeamlessM4TFeatureExtractor",
    "Wav2Vec2FeatureExtractor",
    "WhisperFeatureExtractor",
)
"""What reads sounds: of other readers nobody has checked which sizes take how much memory."""
MOST_TENSORS = 50_000
MOST_BUFFERED = 100_000_000
"""Numbers in tables that a model makes of its sizes and does not save; those of a GPT-2 are 12 million."""
A_BYTE = 4
"""Numbers that a model may have for each byte of its weight files: some are not saved, or stand in two places."""


def check_config(name: str, config: Mapping[str, Any], files: list[Path]) -> None:
    """Check the numbers in a file of settings, before transformers reads it. Raises SurroundingsFault that names it."""
    limit = min(LARGEST, max(SMALL, _bytes(files)))
    for key, number in _numbers(config):
        most = next((most for keys, most in MOST.items() if keys.search(key)), limit)
        if number > most and "theta" not in key:
            beside = f" beside weight files of {_bytes(files):,} bytes" if most == limit else ""
            raise _absurd(name, f"{key} = {number}", f"{beside} (at most {most:,})")
        if number < 0 and COUNTS.search(key):
            raise _absurd(name, f"{key} = {number}", " (at least 0)")
    check_code(name, config)
    empty = next((key for key in SIZES if name == "config.json" and config.get(key) == 0), None)
    if empty:
        raise _absurd(name, f"{empty} = 0", " (at least 1)")
    for part in _objects(config):
        for key in ("attn_implementation", "_attn_implementation"):
            if part.get(key) not in (None, "eager", "sdpa"):  # anything else may be a kernel to be fetched and run
                raise SurroundingsFault(
                    f"{name}: {key} = {part[key]!r} is none of eager and sdpa, and code is never fetched, so nothing"
                    " was loaded; remove that line if you trust the model"
                )
        share = part.get("crop_pct")
        if isinstance(share, int | float) and not 0.1 <= share <= 10:
            raise _absurd(name, f"crop_pct = {share}", " (allowed are 0.1 to 10)")
    for part in _objects(config) if "processor" in name else ():
        for keys, others in TABLES.items():
            if {*keys, *others} & part.keys():
                product = _product(part, keys) / max(1, _product(part, others))
                if product > MOST_TABLE:
                    named = " × ".join(keys) + "".join(f" / {other}" for other in others)
                    raise _absurd(name, f"{named} = {product:,.0f}", f" (at most {MOST_TABLE:,})")


def check_code(name: str, config: Mapping[str, Any]) -> None:
    """Make sure that a file of settings asks for no code besides transformers' own. Raises SurroundingsFault."""
    asked = next((key for part in _objects(config) for key in CODE if part.get(key)), None)
    if asked:
        raise SurroundingsFault(
            f"{name}: asks for code of its own to be run ({asked} in its settings), and that is never done; use a model"
            " of an architecture that transformers has"
        )


def check_listener(name: str, config: Mapping[str, Any]) -> None:
    """Make sure that the reader of a model's sounds is one whose sizes are known. Raises SurroundingsFault."""
    for part in _objects(config):
        kind = part.get("feature_extractor_type")
        if kind is not None and kind not in LISTENERS:
            raise SurroundingsFault(
                f"{name}: feature_extractor_type = {kind!r} is none of {', '.join(LISTENERS)}, so nothing was loaded;"
                " use a model that hears by one of these"
            )


def _absurd(name: str, what: str, why: str) -> SurroundingsFault:
    return SurroundingsFault(
        f"{name}: {what} is absurd{why}, so nothing was loaded; do not use this model, or fetch or save it again"
    )


def _product(part: Mapping[str, Any], keys: Sequence[str]) -> float:
    found = [part.get(key, USUAL[key]) for key in keys]
    return math.prod(number if isinstance(number, int | float) else 1 for number in found)


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return a config and the objects within."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _objects(inner)


def check_parameters(auto: Any, config: Any, files: list[Path]) -> None:
    """Make the model without memory for its weights, and stop where it gets far larger than its files.

    `auto` is a class such as AutoModelForTokenClassification, `config` the configuration. What else goes wrong is told
    when the model is loaded. Raises SurroundingsFault.
    """
    import torch
    from torch.nn.modules.module import (
        register_module_buffer_registration_hook,
        register_module_parameter_registration_hook,
    )

    limit, found, tables = SMALL + A_BYTE * _bytes(files), [0, 0], [0]

    def count(_module: Any, _name: str, parameter: Any) -> None:
        found[0] += 1
        found[1] += 0 if parameter is None else parameter.numel()
        if found[0] > MOST_TENSORS or found[1] > limit:
            raise SurroundingsFault(
                f"config.json asks for more than {found[1]:,} numbers in {found[0]:,} tensors, its weight files have"
                f" {_bytes(files):,} bytes, so nothing was loaded; do not use this model, or fetch or save it again"
            )

    def count_table(_module: Any, name: str, table: Any) -> None:
        tables[0] += 0 if table is None else table.numel()
        if tables[0] > MOST_BUFFERED + limit:
            raise SurroundingsFault(
                f"config.json asks for tables of more than {tables[0]:,} numbers, such as {name}, its weight files have"
                f" {_bytes(files):,} bytes, so nothing was loaded; do not use this model, or fetch or save it again"
            )

    hooks = register_module_parameter_registration_hook(count), register_module_buffer_registration_hook(count_table)
    try:
        with torch.device("meta"):
            auto.from_config(config, trust_remote_code=False)
    except SurroundingsFault:
        raise
    except Exception:  # noqa: S110 - loading says it better
        pass
    finally:
        for hook in hooks:
            hook.remove()


def _bytes(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Return the finite numbers in a config, each with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("id2label", "label2id"):
                continue  # what stands in them are words and the numbers of classes, whatever words look like
            yield from _numbers(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, key)
    elif (isinstance(value, float) and math.isfinite(value)) or type(value) is int:  # which no float may hold
        yield key, value
