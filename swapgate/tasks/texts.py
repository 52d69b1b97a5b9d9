"""Texts as the tokens that a model reads."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.tasks.task import Loaded


def tokenized(loaded: Loaded, texts: Sequence[str], **options: Any) -> Any:
    """Return a padded batch of torch tensors, each of shape (texts, tokens); `options` are the tokenizer's.

    Raises SurroundingsFault where a text is longer than the model can read: a text is never cut silently.
    """
    batch = loaded.reader(list(texts), padding=True, return_tensors="pt", **options)
    longest = batch["input_ids"].shape[1]
    limit = min(getattr(loaded.model.config, "max_position_embeddings", longest), loaded.reader.model_max_length)
    if longest > limit:
        raise SurroundingsFault(f"a text has {longest} tokens, the model reads at most {limit}; shorten the case")
    return batch
