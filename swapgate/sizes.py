"""Whether the sizes that a model's config.json names can be those of its weight files, before memory is taken."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from swapgate.faults import SurroundingsFault

LARGEST = 10_000_000
"""The largest whole number that a config is believed, and a million of a small model: tables are made of some."""
SMALL = 1_000_000
SIDES = re.compile(r"(^|\.)(crop_|pad_)?size(\.|$)|height|width|_edge")
"""Keys of the sides of pictures, in pixels."""
MOST = {re.compile("layer|depth"): 10_000, SIDES: 10_000}
"""From keys to the most that a number under them is believed."""
MOST_TENSORS = 50_000
A_BYTE = 4
"""Numbers that a model may have for each byte of its weight files: some are not saved, or stand in two places."""


def check_config(name: str, config: Mapping[str, Any], files: list[Path]) -> None:
    """Check the numbers in a file of settings, before transformers reads it. Raises SurroundingsFault that names it."""
    limit = min(LARGEST, max(SMALL, _bytes(files)))
    for key, number in _numbers(config):
        most = next((most for keys, most in MOST.items() if keys.search(key)), limit)
        if number > most and "theta" not in key:
            raise SurroundingsFault(
                f"{name}: {key} = {number} is absurd beside weight files of {_bytes(files):,} bytes (at most"
                f" {most:,}), so nothing was loaded; do not use this model, or fetch or save it again"
            )


def check_parameters(auto: Any, config: Any, files: list[Path]) -> None:
    """Make the model without memory for its weights, and stop where it gets far larger than its files.

    `auto` is a class such as AutoModelForTokenClassification, `config` the configuration. What else goes wrong is told
    when the model is loaded. Raises SurroundingsFault.
    """
    import torch
    from torch.nn.modules.module import register_module_parameter_registration_hook

    limit, found = SMALL + A_BYTE * _bytes(files), [0, 0]

    def count(_module: Any, _name: str, parameter: Any) -> None:
        found[0] += 1
        found[1] += 0 if parameter is None else parameter.numel()
        if found[0] > MOST_TENSORS or found[1] > limit:
            raise SurroundingsFault(
                f"config.json asks for more than {found[1]:,} numbers in {found[0]:,} tensors, its weight files have"
                f" {_bytes(files):,} bytes, so nothing was loaded; do not use this model, or fetch or save it again"
            )

    hook = register_module_parameter_registration_hook(count)
    try:
        with torch.device("meta"):
            auto.from_config(config, trust_remote_code=False)
    except SurroundingsFault:
        raise
    except Exception:  # noqa: S110 - loading says it better
        pass
    finally:
        hook.remove()


def _bytes(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Give the whole numbers in a config, each with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "label2id":
                continue  # its keys are words, and its numbers are those of the table itself
            yield from _numbers(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, key)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value
