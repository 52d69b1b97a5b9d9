"""How many tokens a model has places for: as many as its table of positions has; relative and rotary ones have none."""

import math
import re
from collections.abc import Iterator
from typing import Any

from swapgate.core.faults import SurroundingsFault

TABLES = re.compile(
    r"(^|\.)((char_)?position_embeddings?|embed_positions|positions_embed|pos_encoding|distance_embedding|wpe)(\.|$)"
)
"""How models of texts call their tables of positions."""
PLACES = ("max_position_embeddings", "config.json")
LENGTH = ("model_max_length", "tokenizer_config.json")
"""How limits are called, and in which file of a model they stand."""
GROWS = ("make_weight", "make_weights")
"""What a table has that is made anew for a text that is longer."""


def most_places(model: Any) -> float:
    """Return for how many tokens of one text a model has positions; infinite where no table limits them.

    Raises SurroundingsFault where its config.json gives no number.
    """
    tables = [*_tables(_reads(model))]
    if not tables:
        return math.inf
    most = whole_number(getattr(model.config, PLACES[0], None), *PLACES)
    return min([most, *(_places(part) for part in tables)])


def whole_number(value: Any, key: str, file: str) -> float:
    """Return a limit that a file says, infinite where that is none. Raises SurroundingsFault where it is no number."""
    if value is None:
        return math.inf
    if type(value) is not int and not (type(value) is float and value.is_integer()):
        raise SurroundingsFault(
            f"the model's settings say that it reads at most {value!r} tokens, which is no number; mend {key} in {file}"
        )
    return int(value) if value > 0 else math.inf


def _reads(model: Any) -> Any:
    """Return the part of a model that reads a text."""
    if not getattr(model.config, "is_encoder_decoder", False):
        return model
    has = next((one for one in (model, model.base_model) if hasattr(one, "get_encoder")), None)
    return has.get_encoder() if has is not None else model


def _tables(model: Any) -> Iterator[Any]:
    """Yield each module that holds a table of positions."""
    for name, part in model.named_modules():
        held = (*part._parameters.items(), *part._buffers.items(), *vars(part).items())
        own = (key for key, tensor in held if hasattr(tensor, "stride"))
        if any(TABLES.search(f"{name}.{key}") for key in own) and not any(hasattr(part, grows) for grows in GROWS):
            yield part


def _places(part: Any) -> float:
    """Return how many positions an embedding has rows for; RoBERTa and its kin count them from behind a padding."""
    if not hasattr(part, "padding_idx"):
        return math.inf  # what is no embedding has as many as config.json says
    return len(part.weight) - (0 if part.padding_idx is None else part.padding_idx + 1)
