"""Texts as the tokens that a model reads."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.tasks.task import Loaded

SEES_PADS = frozenset({"canine", "convbert", "fnet", "nystromformer", "xlnet", "yoso"})
"""Kinds of models whose answer to a text changes with the pads beside it, by 2e-4 to 0.07 in a score: of those that
transformers 5.23 has for texts, with random weights."""


def tokenized(loaded: Loaded, texts: Sequence[str], **options: Any) -> Any:
    """Return a padded batch of torch tensors, each of shape (texts, tokens); `options` are the tokenizer's.

    Raises SurroundingsFault where a text is longer than the model can read: a text is never cut silently.
    """
    batch = loaded.reader(list(texts), padding=len(texts) > 1, return_tensors="pt", **options)
    longest = batch["input_ids"].shape[1]
    if longest > loaded.most_tokens:
        raise SurroundingsFault(
            f"a text has {longest} tokens, the model reads at most {loaded.most_tokens}; shorten the case"
        )
    return batch


def batches(loaded: Loaded, texts: Sequence[str]) -> list[Sequence[str]]:
    """Return texts as the batches that a model reads: all as one, or each by itself where pads would change answers.

    That is where the model sees them; where there is no pad token, as GPT-2 has none; and where tokenizer and model do
    not pad by the same one, so that the model would take the last pad for the end of the text, or count positions from
    another.
    """
    config = loaded.model.config
    pad = getattr(config, "pad_token_id", None)
    padded = loaded.reader.pad_token is not None and pad == loaded.reader.pad_token_id
    return [texts] if padded and config.model_type not in SEES_PADS else [[text] for text in texts]
