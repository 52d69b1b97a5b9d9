"""Whether a model was loaded whole: each weight that it needs, and each layer that was stored."""

import re
from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import SurroundingsFault

NUMBER = re.compile(r"\.(\d+)\.")
"""The number of a layer in the name of a weight."""

FEW = 5
"""Missing weights that are looked for under longer names; some are stored under no name, for they are others' too."""


def check_whole(name: str, model: Any, missing: Sequence[str], unused: Sequence[str]) -> None:
    """Make sure that no weight of a model of this name is missing, and no layer left out. Raises SurroundingsFault.

    `missing` are the weights that its files lack, `unused` those of the files that it has no place for. Single ones of
    these are common: heads and poolers of what it was trained for before.
    """
    prefix = _prefix(missing, unused)
    if prefix:
        raise SurroundingsFault(
            f"{name} has its weights under names that begin with {prefix!r} ({unused[0]}), as those of a model"
            " within another; save the one within (behind torch's DataParallel: model.module.save_pretrained)"
        )
    if missing:
        raise SurroundingsFault(
            f"{name} lacks {len(missing)} of the weights that a {type(model).__name__} needs"
            f" ({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}); they would be random."
            " Give a checkpoint that was trained for this task"
        )
    parts: dict[str, Any] = dict(model.named_modules())
    for one in unused:
        for match in NUMBER.finditer(one):
            layers = parts.get(one[: match.start()], ())
            if type(layers).__name__ == "ModuleList" and int(match[1]) >= len(layers):
                raise SurroundingsFault(
                    f"{name} would be used without some of its layers: by config.json {one[: match.start()]} has"
                    f" {len(layers)}, and {one} is stored; mend config.json, or save the model and it together"
                )


def _prefix(missing: Sequence[str], unused: Sequence[str]) -> str:
    """Return what stands in the files before each name, of missing weights too; nothing where that is not so."""
    found = {name.removesuffix(one) for one in missing[:FEW] for name in unused if name.endswith(f".{one}")}
    return next((prefix for prefix in sorted(found) if all(name.startswith(prefix) for name in unused)), "")
