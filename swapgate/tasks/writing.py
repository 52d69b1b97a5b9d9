"""How an encoder and a decoder write texts step by step: summaries, translations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.words import first_line
from swapgate.outputs.text import Text
from swapgate.outputs.writing_systems import ends_within
from swapgate.tasks import generation
from swapgate.tasks.generation import MOST_TOKENS, REPLACED, SAMPLING, not_done
from swapgate.tasks.settings import Long
from swapgate.tasks.task import Loaded
from swapgate.tasks.texts import batches, tokenized
from swapgate.tasks.texts import left_out as left_out_of

NEW_TOKENS = 256
"""Longest text of a model that sets no length, in tokens; transformers' own limit of 20 would cut it off."""
NO_LENGTH = 20  # what transformers 4 makes of a generation_config without a max_length
PLAIN: dict[str, Any] = {
    **REPLACED,
    **SAMPLING,
    "return_dict_in_generate": False,
    "max_new_tokens": None,
    "min_new_tokens": None,
}
"""What holds whatever the model says: nothing is left to chance or a clock, one text comes back, one length is said."""


@dataclass(frozen=True)
class Wanted:
    """What a task wants written."""

    noun: str
    """What it is called in messages, as in "summary"."""
    params: str
    """The table of task_specific_params in a config.json that says how a model writes it."""
    made: type[Text] = Text
    """The prediction that is made of it."""
    options: dict[str, Any] = field(default_factory=dict)
    """What `generate` is told besides, above all else."""
    prefix: str | None = None
    """What stands before each text; None: what the model says."""


def written(loaded: Loaded, texts: Sequence[str], row: Any, wanted: Wanted) -> list[Any]:
    """Write what is wanted of each text in one batch, by greedy or beam search and never by sampling.

    What the row's `generation` does not set is as the model says (task_specific_params of its config.json before its
    generation_config.json).

    A margin is the smallest lead, over all steps, of the chosen token's probability over that of the best other one.
    Tokens forbidden by min_length or no_repeat_ngram_size have no probability. Any other processor of scores, such as
    repetition_penalty, is not counted in. Where such a one, or beam search, chose a token that was not the most
    probable of its step, the lead is 0; a forced token (forced_bos_token_id, forced_eos_token_id) is no choice.

    A text that may be no longer is cut where the most probable next token would go on with its last word.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is empty
    or longer than the model can read, or where the settings do not fit together or the model; with `long` in the row
    a longer text is read as far as the model can.
    """
    if not all(one.strip() for one in texts):
        raise SurroundingsFault(f"a text is empty, so there is no {wanted.noun} to write of it; give the case a text")
    if not texts:
        return []
    if len(batches(loaded, texts)) > 1:
        return [found for one in texts for found in written(loaded, [one], row, wanted)]
    together = _written(loaded, texts, settled(loaded.model, row, wanted), row.long)
    if len(texts) > 1 and any(isinstance(one, ModelFault) for one in together):  # padding can carry NaN to other texts
        return [found for one in texts for found in written(loaded, [one], row, wanted)]
    return together


def left_out(loaded: Loaded, texts: Sequence[str], row: Any, wanted: Wanted) -> list[str]:
    """Tell of each text what is done with it because it is longer than the model reads."""
    if row.long is None:
        return [""] * len(texts)
    prefix = settled(loaded.model, row, wanted).prefix
    return left_out_of(loaded, [prefix + one for one in texts], row)


def produced(loaded: Loaded, found: Sequence[Text]) -> int:
    """Count the tokens that the model's tokenizer makes of its texts; each was one step."""
    return sum(len(loaded.reader(one.text, add_special_tokens=False)["input_ids"]) for one in found)


def replaced(config: Mapping[str, Any], settings: Mapping[str, Any], row: Any, params: str) -> list[str]:
    """Return which of a model's own settings are replaced; those of `params` count more than the general ones.

    So is a greatest length by which it would write less than it is judged with: that which the row says, or where this
    says none and the model 20, which in transformers 4 a model that sets none has too, the default.
    """
    of_tasks = config.get("task_specific_params")
    own = of_tasks.get(params) if isinstance(of_tasks, dict) else None
    special: dict[str, Any] = own if isinstance(own, dict) else {}
    found = generation.replaced(config, {**settings, **special}, row)
    keys = [(said, key) for said in (special, settings) for key in ("max_new_tokens", "max_length")]
    asked = next(((key, said[key]) for said, key in keys if said.get(key) is not None), None)
    if asked and type(asked[1]) is int and not row.decoding:
        judged = _longest(settings, special, generation.wished(row), config.get("max_position_embeddings"))
        if (_length(dict([asked]), "max", None) or 0) < judged:
            found.append(f"{asked[0]} = {asked[1]}")
    return found


@dataclass(frozen=True)
class Writing:
    """How the texts are written."""

    prefix: str
    """What stands before each text, for models that were trained on several tasks."""
    options: dict[str, Any]
    """What `generate` is told; lengths are in tokens, the one that starts the text included."""
    ends: frozenset[int]
    """Tokens that end a text."""
    forced: frozenset[int]
    """Positions at which a token is forced."""
    wanted: Wanted

    @property
    def said(self) -> str:
        """Word the options that matter."""
        return ", ".join(f"{name} {self.options[name]}" for name in ("min_length", "max_length", "num_beams"))


def _written(loaded: Loaded, texts: Sequence[str], writing: Writing, long: Long | None) -> list[Text | ModelFault]:
    """Write in one batch. Raises SurroundingsFault."""
    import torch

    model = loaded.model
    batch = tokenized(loaded, [writing.prefix + one for one in texts], long)
    batch.pop("token_type_ids", None)  # some tokenizers give them, no encoder-decoder takes them
    batch = loaded.placed(batch)
    with torch.inference_mode():
        try:
            written = model.generate(**batch, **writing.options)
            seen = written[:, : _places(model.config)]  # the last token may stand beyond them
            logits = model(**batch, decoder_input_ids=seen, use_cache=False).logits.float()
            written, logits = written.cpu(), logits.cpu()
        except (IndexError, RuntimeError, ValueError) as error:
            asked = {**model.generation_config.to_dict(), **writing.options}
            first = model(**batch, decoder_input_ids=_starts(model, len(texts)), use_cache=False).logits
            if first.isnan().any():  # beam search may stumble over them
                return [ModelFault("the scores of the first step are NaN")] * len(texts)
            raise SurroundingsFault(
                f"no {writing.wanted.noun} could be written with {writing.said}: {type(error).__name__}:"
                f" {first_line(error)}; {not_done(asked) or 'set other lengths in the generation of the row'}"
            ) from error
        leads = [_leads(ids, scores, writing) for ids, scores in zip(written, logits, strict=True)]
    found: list[Text | ModelFault] = []
    for ids, scores, lead in zip(written, logits, leads, strict=True):
        if not torch.isfinite(lead).all():
            found.append(ModelFault(f"{int((~lead.isfinite()).sum())} of {len(lead)} steps have a score that is NaN"))
        else:
            text, margin = _decoded(loaded, ids), min([1.0, *lead.tolist()])
            found.append(writing.wanted.made(text, margin, _is_cut(loaded, ids, scores, writing)))
    return found


def settled(model: Any, row: Any, wanted: Wanted) -> Writing:
    """Settle how to write: by the row, else by the model's settings for this task, else by its general ones.

    Raises SurroundingsFault where a text would have to be longer than it may be.
    """
    own = {name: value for name, value in model.generation_config.to_dict().items() if value is not None}
    special, noun = _special(model, wanted), wanted.noun
    prefix = special.pop("prefix", getattr(model.config, "prefix", None)) or ""
    prefix = prefix if wanted.prefix is None else wanted.prefix
    wished = generation.wished(row)
    told = own | special | wished | wanted.options
    shortest = None
    for said in (own, special, wished):
        shortest = _length(said, "min", shortest)
    limit = getattr(model.config, "max_position_embeddings", None)
    lengths = {"max_length": _longest(own, special, wished, limit), "min_length": shortest or 0}
    if lengths["min_length"] > lengths["max_length"]:
        raise SurroundingsFault(
            f"a {noun} must have at least {lengths['min_length']} tokens and at most {lengths['max_length']};"
            " set min_length or max_length in the row's generation"
        )
    if max(lengths.values()) > MOST_TOKENS:
        raise SurroundingsFault(
            f"a {noun} may have {lengths['max_length']:,} tokens and must have {lengths['min_length']:,}, and at most"
            f" {MOST_TOKENS:,} are written; set min_length and max_length in the row's generation"
        )
    options = special | wished | PLAIN | lengths | wanted.options | {"num_beams": told.get("num_beams", 1)}
    if options["num_beams"] == 1:
        options |= {"early_stopping": False, "length_penalty": 1.0}  # they are of beam search; else a warning
    ends = told.get("eos_token_id", [])
    forced = {1} if told.get("forced_bos_token_id") is not None else set()
    if told.get("forced_eos_token_id") is not None:
        forced.add(lengths["max_length"] - 1)
    return Writing(prefix, options, frozenset([ends] if isinstance(ends, int) else ends), frozenset(forced), wanted)


def _special(model: Any, wanted: Wanted) -> dict[str, Any]:
    """Return a model's settings for this task. Raises SurroundingsFault where one is no setting of how texts are
    written.

    They become arguments of `generate`, and some of those name code to be fetched and run.
    """
    params = getattr(model.config, "task_specific_params", None) or {}
    special = (params.get(wanted.params) if isinstance(params, dict) else params) or {}
    numbers = {*type(model.generation_config)().to_dict()} - {"max_time", "stop_strings"}
    kinds: dict[str, Any] = {**dict.fromkeys(numbers, (bool, int, float)), "prefix": str}
    wrong = special  # what is no table
    if isinstance(special, dict):
        wrong = [key for key, value in special.items() if not isinstance(value, kinds.get(key, ()))]
    if wrong:
        raise SurroundingsFault(
            f"config.json: task_specific_params: {wrong!r} is no setting of how a {wanted.noun} is written, with a"
            " number; remove it if you trust the model"
        )
    return dict(special)


def _longest(own: Mapping[str, Any], special: Mapping[str, Any], wished: Mapping[str, Any], places: Any) -> int:
    """Return the greatest length, in tokens and with the starting one, by which a text is written.

    What `own` settings, those for this task and a row say counts in this order, the last most; where none says one it
    is the default, at most the model's `places`.
    """
    longest = _length(own, "max", None)
    if own.get("max_new_tokens") is None and longest == NO_LENGTH:
        longest = None
    for said in (special, wished):
        longest = _length(said, "max", longest)
    return longest or min(NEW_TOKENS, places if type(places) is int else NEW_TOKENS) + 1


def _length(said: Mapping[str, Any], end: str, before: int | None) -> int | None:
    """Return the length that one place says, in tokens and with the starting one, else what was said before.

    A number of new tokens counts more than a whole length, as everywhere in transformers.
    """
    new, whole = said.get(f"{end}_new_tokens"), said.get(f"{end}_length")
    return int(new) + 1 if new is not None else int(whole) if whole is not None else before


def _places(config: Any) -> int | None:
    """Return how many tokens a model that writes has places for; None where there is no limit."""
    writer = getattr(config, "decoder", config)
    names = ("max_decoder_position_embeddings", "max_position_embeddings")
    return next((int(places) for name in names if (places := getattr(writer, name, None))), None)


def _starts(model: Any, count: int) -> Any:
    """Return the token that begins a text, as a column."""
    import torch

    start = model.generation_config.decoder_start_token_id
    first = model.generation_config.bos_token_id if start is None else start
    return torch.full((count, 1), first, device=model.device)


def _leads(ids: Any, scores: Any, writing: Writing) -> Any:
    """Return the lead of each chosen token over the best other one.

    `ids` are the tokens of one text, `scores` has a row for what follows each of them, maybe but the last.
    """
    import torch

    steps = [at for at in range(1, _end(ids, writing) + 1) if at not in writing.forced]
    leads = []
    for at in steps:
        chances = _step(ids[:at], scores, writing).softmax(dim=-1)
        rest = chances.clone()
        rest[ids[at]] = 0.0
        leads.append((chances[ids[at]] - rest.max()).clamp(min=0.0))
    return torch.stack(leads) if leads else torch.zeros(0)


def _end(ids: Any, writing: Writing) -> int:
    """Return the place of the token that ends a text: the last one where none does."""
    return next((at for at in range(1, len(ids)) if int(ids[at]) in writing.ends), len(ids) - 1)


def _step(before: Any, scores: Any, writing: Writing) -> Any:
    """Return the scores of what may follow some tokens; what the lengths or repetition forbid has -inf."""
    from transformers import MinLengthLogitsProcessor, NoRepeatNGramLogitsProcessor

    step = scores[len(before) - 1 : len(before)]
    if writing.options["min_length"] and writing.ends:
        step = MinLengthLogitsProcessor(writing.options["min_length"], sorted(writing.ends))(before[None], step)
    if size := writing.options.get("no_repeat_ngram_size"):
        step = NoRepeatNGramLogitsProcessor(size)(before[None], step)
    return step[0]


def _is_cut(loaded: Loaded, ids: Any, scores: Any, writing: Writing) -> bool:
    """Return whether a text may be no longer and ends within a word: by the token that would have come next.

    Where no place is left for a next one in the model itself, that is not known, and the text counts as whole.
    """
    import torch

    end = _end(ids, writing)
    ended = int(ids[end]) in writing.ends
    before = ids[:end] if ended else ids
    if (ended and end not in writing.forced) or len(before) > len(scores):
        return False
    following = _step(before, scores, writing).argmax()[None]
    return ends_within(_decoded(loaded, before), _decoded(loaded, torch.cat([before, following])))


def _decoded(loaded: Loaded, ids: Any) -> str:
    return str(loaded.reader.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
