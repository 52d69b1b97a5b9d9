"""Texts as the tokens that a model reads: whole, cut to what it reads, or in windows."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from swapgate.core.faults import SurroundingsFault
from swapgate.tasks.settings import Long
from swapgate.tasks.task import Loaded

T = TypeVar("T")
SEES_PADS = frozenset(
    {"big_bird", "bigbird_pegasus", "canine", "convbert", "fnet", "nystromformer", "reformer", "xlnet", "yoso"}
)
"""Kinds of models whose answer to a text changes with the pads beside it, by 2e-4 to 0.07 in a score: of those that
transformers 5.23 has for texts, with random weights."""

MASK = "attention_mask"
"""The input that tells a model which tokens are no pads."""

READ_IN_PART = ("truncate", "window")
"""What a row may say of texts that are too long, besides that they are refused."""
SHARED = 128
"""Most tokens that two windows of a text share; never more than half a window."""
AT_ONCE = 32
"""Texts or windows that go through a model together."""
ENDLESS = 1_000_000
"""A limit of more tokens than this is none: what tokenizers say that know of none."""


def tokenized(
    loaded: Loaded, texts: Sequence[str], long: Long | None = None, most: float = math.inf, **options: Any
) -> Any:
    """Return a padded batch of torch tensors, each of shape (texts, tokens); `options` are the tokenizer's.

    A text that is longer than the model reads, or than `most` tokens, is cut where `long` is "truncate", as a pipeline
    with truncation does; of pairs (`text_pair`) the first text. Where it is "window" it has several rows, and
    `overflow_to_sample_mapping` tells of which text each is. Else raises SurroundingsFault: a text is never cut
    silently.
    """
    limit = min(loaded.most_tokens, most)
    if long in READ_IN_PART and limit <= ENDLESS:
        options |= {"truncation": "only_first" if "text_pair" in options else True, "max_length": limit}
    if long == "window" and limit <= ENDLESS:
        options |= {"return_overflowing_tokens": True, "stride": min(int(limit) // 2, SHARED)}
        if loaded.reader.pad_token is None:
            raise SurroundingsFault('its tokenizer has no pad token for the last window; write long = "truncate"')
    padding = len(texts) > 1 or "stride" in options
    batch = loaded.reader(list(texts), padding=padding, return_tensors="pt", **options)
    longest = batch["input_ids"].shape[1]
    if longest > limit:
        raise SurroundingsFault(
            f"a text has {longest:,} tokens, the model reads at most {limit:,}{loaded.whose_limit}; shorten it, or"
            ' write long = "truncate" in the models file'
        )
    return batch


def check_offsets(name: str, loaded: Loaded) -> None:
    """Make sure that a tokenizer tells where in a text its pieces stand. Raises SurroundingsFault."""
    if not loaded.reader.is_fast:
        raise SurroundingsFault(
            f"{name}: its tokenizer, {type(loaded.reader).__name__}, keeps no offsets into the text; judge a model"
            " whose tokenizer does, as fast ones with a tokenizer.json do"
        )


def batches(loaded: Loaded, texts: Sequence[T]) -> list[Sequence[T]]:
    """Return texts, or pairs, as the batches that a model reads: all as one, or each by itself where pads would change
    answers.

    That is where the model sees them, or is not told which they are; where there is no pad token, as GPT-2 has none;
    and where tokenizer and model do not pad by the same one, so that the model would take the last pad for the end of
    the text, or count positions from another.
    """
    config = loaded.model.config
    pad = getattr(config, "pad_token_id", None)
    padded = loaded.reader.pad_token is not None and pad == loaded.reader.pad_token_id
    return [texts] if padded and not sees_pads(loaded) else [[text] for text in texts]


def sees_pads(loaded: Loaded) -> bool:
    """Return whether pads change what a model says: of its kind or its encoder's, or where they stand before a text,
    or where its tokenizer does not tell it which they are.
    """
    config, reader = loaded.model.config, loaded.reader
    kinds = {config.model_type, getattr(getattr(config, "encoder", None), "model_type", "")}
    return bool(kinds & SEES_PADS) or reader.padding_side == "left" or MASK not in reader.model_input_names


def parts(batch: dict[str, Any], alone: Any = None) -> Iterator[dict[str, Any]]:
    """Cut a batch of tensors into such as go through a model together: windows of long texts can be many.

    With `alone`, booleans of shape (rows, tokens) that are false for pads, each row goes by itself without them.
    """
    rows = next(iter(batch.values())).shape[0]
    for first in range(0, rows, 1 if alone is not None else AT_ONCE):
        kept = slice(None) if alone is None else alone[first]
        yield {
            name: tensor[first : first + AT_ONCE if alone is None else first + 1, kept]
            for name, tensor in batch.items()
        }


def left_out(loaded: Loaded, texts: Sequence[str], row: Any, most: float = math.inf) -> list[str]:
    """Tell of each text what is done with it because it is longer than the model reads."""
    if row.long not in READ_IN_PART or not texts or (limit := min(loaded.most_tokens, most)) > ENDLESS:
        return [""] * len(texts)
    words = f"cut to {limit:,} tokens" if row.long == "truncate" else f"read in windows of {limit:,} tokens"
    return [words if len(ids) > limit else "" for ids in loaded.reader(list(texts), verbose=False)["input_ids"]]
