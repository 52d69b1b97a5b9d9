"""What a model keeps of the inputs it was given, and how it forgets them: no answer may depend on those before it.

Big Bird turns to full attention at the first short text and stays there, Swin to windows that are not shifted at a
small picture, dynamic rotary positions to those of the longest text, and Reformer draws its hashes by chance.
"""

import operator
from itertools import chain
from typing import Any, NamedTuple

SEED = 0
HOOKED = "_output_capturing_hooks_installed"
"""What transformers notes of the hooks that it adds to a model at the first call: they stay, so this does too."""


class Begun(NamedTuple):
    """The attributes of a model's modules before it was given anything."""

    tables: tuple[dict[str, Any], ...]
    """Those that the modules have now: plain ones, modules within and tables that are not learned."""
    before: tuple[dict[str, Any], ...]
    """What was in them."""
    values: list[Any]
    """All of that in a row."""


def begun(model: Any) -> Begun:
    """Note what a model's modules hold; those of torch itself keep nothing of an input."""
    parts = [part for part in model.modules() if not type(part).__module__.startswith("torch.")]
    tables = tuple(table for part in parts for table in (vars(part), part._modules, part._buffers))
    return Begun(tables, tuple(map(dict, tables)), _values(tables))


def forget(state: Begun, device: str) -> None:
    """Put back what a model's modules held, and begin again with what is drawn by chance on a device such as cpu."""
    import torch

    if device == "cpu":
        torch.default_generator.manual_seed(SEED)  # a hundred times faster than the one for all devices
    else:
        torch.manual_seed(SEED)
    now = _values(state.tables)
    if len(now) == len(state.values) and all(map(operator.is_, now, state.values)):
        return
    for table, before in zip(state.tables, state.before, strict=True):
        if HOOKED in table:
            before[HOOKED] = table[HOOKED]
        table.clear()
        table.update(before)
    state.values[:] = _values(state.tables)


def _values(tables: tuple[dict[str, Any], ...]) -> list[Any]:
    return list(chain.from_iterable(map(dict.values, tables)))
