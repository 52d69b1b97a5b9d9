"""Names of compressed variants: what a row says as variant = "prune30+int8". What they do is in `compression`."""

import difflib
import itertools
import re
from dataclasses import dataclass

INT8 = {"int8": "dynamic", "int8w": "weights"}
"""Whole numbers of 8 bits for the weights of Linear layers, and for what goes into them, or not."""
FLOATS = {"bf16": "bfloat16", "fp16": "float16"}
"""Types of numbers that a model is stored and computed in."""
NUMBERED = {"prune": 99, "drop": 99}
"""Variants with a number behind their name, and the largest there is: per cent of weights, layers."""
KNOWN = (*INT8, *FLOATS, "pruneNN", "dropN")
TAKE_A_ROW = "a path that itself contains a plus sign is given by a TOML file with a row"


@dataclass(frozen=True)
class Step:
    """One transformation of a model."""

    name: str
    """One of the keys of INT8, FLOATS and NUMBERED."""
    amount: int = 0
    """Of prune: per cent of the weights; of drop: layers."""

    def __str__(self) -> str:
        return f"{self.name}{self.amount}" if self.name in NUMBERED else self.name


def steps(variant: str) -> list[Step]:
    """Read a variant such as prune30+int8, in the order in which its steps are done.

    Raises ValueError, in words, where a step is unknown, or one follows whose weights would be whole numbers already.
    """
    found = [_step(name) for name in variant.split("+")]
    for before, after in itertools.pairwise(found):
        if before.name in INT8:
            raise ValueError(f"{after} cannot follow {before}, which ends with whole numbers; put {before} last")
    return found


def _step(name: str) -> Step:
    if name in INT8 or name in FLOATS:
        return Step(name)
    numbered = re.fullmatch(r"([a-z]+)([0-9]{1,2})", name)
    if numbered and numbered[1] in NUMBERED:
        return Step(numbered[1], int(numbered[2]))
    word = re.sub(r"[\d%]+$", "", name)
    ends = {"prune": "pruneNN", "drop": "dropN", **{known: known for known in (*INT8, *FLOATS)}}
    near = [*difflib.get_close_matches(name, ends, 2), *difflib.get_close_matches(word, ends, 1)] if name else []
    guess = " or ".join(dict.fromkeys(repr(ends[one]) for one in near))
    known = f"did you mean {guess}?" if guess else f"known: {', '.join(KNOWN)}"
    example = " (NN: per cent of the weights, as in prune30)" if "prune" in near else ""
    example += " (N: layers, as in drop1)" if "drop" in near else ""
    raise ValueError(f"unknown variant {name!r}; {known}{example}")
