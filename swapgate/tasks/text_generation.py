"""Text generation: what a causal language model writes behind a prompt, or what it knows of texts that stand there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import first_line, nearest, shortened
from swapgate.outputs import checker, generated
from swapgate.outputs.generated import BITS, Asked, Choice, Generated
from swapgate.outputs.writing_systems import folded
from swapgate.tasks import chats, generation
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.generation import MOST_TOKENS, REPLACED, SAMPLING, Decoding, WritingSettings, not_done
from swapgate.tasks.task import Loaded, Task, architectures
from swapgate.tasks.texts import AT_ONCE

NEW_TOKENS = 256
"""Longest text of a model that sets no length, in tokens."""
PADDABLE = frozenset(
    {
        *("bloom", "cohere", "falcon", "gemma", "gemma2", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gptj"),
        *("granite", "llama", "mistral", "mixtral", "mpt", "olmo", "olmo2", "opt", "phi", "phi3", "qwen2", "qwen3"),
        *("smollm3", "stablelm", "starcoder2"),
    }
)
"""Kinds of models that prompts of several lengths change nothing for one another in: those that count positions from
the first token that is no pad, of those that transformers 5.23 has, with random weights."""
SHOWN = 60
"""Letters of a regular expression that a message shows."""
WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""How the architectures end of models that write."""
LENGTHS: Mapping[str, Callable[[str, float, int], int]] = {
    "characters": lambda text, _, tokens: len(text.strip()),
    "bytes": lambda text, _, tokens: len(text.strip().encode()),
    "tokens": lambda text, _, tokens: tokens,
}
"""By what the log-likelihood of a choice is divided."""


class GenerationSettings(WritingSettings):
    """The keys of a row of text generation."""

    generation: Decoding | None = None
    """How the text is written: max_new_tokens, min_new_tokens, no_repeat_ngram_size; what is not set is as the model
    says, and 256 tokens where it says none."""
    chat_template: bool = False
    """Whether a prompt that is a text is said to the model in its chat template; messages always are."""
    system: NonEmptyStr | None = None
    """What the system says before each chat."""
    stop: list[NonEmptyStr] = Field(default_factory=list)
    """Texts at which a text ends; they are no part of it."""
    special_tokens: bool = True
    """Whether the tokenizer puts its special tokens around a prompt that is in no chat template."""
    normalize: Literal["characters", "bytes", "tokens"] | None = None
    """By what the log-likelihood of a choice is divided, by which choices are weighed; nothing where it is not set."""


class Message(Table):
    """What somebody said in a chat."""

    role: NonEmptyStr
    """Who, as the chat template calls them: system, user, assistant."""
    content: str


class GenerationShape(Table):
    """What must be written, chosen or known; all that is named must hold."""

    text: NonEmptyStr | None = None
    """The whole text, but for spaces around it."""
    contains: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must not."""
    matches: NonEmptyStr | None = None
    """A regular expression that must be found in the text."""
    json_schema: dict[str, Any] | None = None
    """The JSON schema (draft 2020-12) of what the text must be as JSON; {} for any JSON."""
    choice: NonEmptyStr | None = None
    """Of the choices the right one."""
    bits_per_byte: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """The most that the reference may have."""


Prompt = Annotated[
    Annotated[NonEmptyStr, Tag("[text]")] | Annotated[list[Message], Field(min_length=1), Tag("[messages]")],
    Discriminator(lambda prompt: "[messages]" if isinstance(prompt, list) else "[text]"),
]


class GenerationCase(CaseShape):
    """A prompt, and what must stand behind it."""

    prompt: Prompt
    """A text, or messages with a role and a content each, for the model's chat template."""
    choices: list[NonEmptyStr] | None = Field(None, min_length=2)
    """Texts of which the likeliest behind the prompt is chosen; spaces before them count."""
    reference: NonEmptyStr | None = None
    """A text behind the prompt of which is only asked how well it is known."""
    expected: Annotated[
        Annotated[NonEmptyStr, Tag("[text]")] | Annotated[GenerationShape, Tag("[table]")],
        Discriminator(lambda expected: "[table]" if isinstance(expected, dict | GenerationShape) else "[text]"),
    ]
    """The whole text, or the right choice; or a table of what must hold."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where what is asked for does not fit what is given."""
    asked = row.expected
    if isinstance(asked, str):
        asked = GenerationShape(choice=asked) if row.choices else GenerationShape(text=asked)
    _check_asked(row, asked, where)
    generation.check_visible(asked, where, "contains")
    schema = None if asked.json_schema is None else _as_json(asked.json_schema, where)
    contains, must_not = tuple(asked.contains), tuple(asked.must_not)
    right = Asked(
        asked.text, contains, must_not, asked.matches, schema, asked.choice, row.reference, asked.bits_per_byte
    )
    prompt = row.prompt if isinstance(row.prompt, str) else [message.model_dump() for message in row.prompt]
    given: Any = {"prompt": prompt, "choices": row.choices, "reference": row.reference}
    given = {key: value for key, value in given.items() if value is not None}
    return Case(row.id, prompt if given.keys() == {"prompt"} and isinstance(prompt, str) else given, right)


def _check_asked(row: Any, asked: GenerationShape, where: str) -> None:
    """Make sure that what is asked for fits what is given, and can be asked. Raises InputFault."""
    keys = {key for key, value in asked.model_dump().items() if value not in (None, [])}
    if row.choices and row.reference:
        raise InputFault(f"{where}: has choices and a reference; make two cases of it")
    if row.choices and keys != {"choice"}:
        raise InputFault(f"{where}: has choices, so that nothing is written; let expected name the right choice alone")
    if row.choices and asked.choice not in row.choices:
        near = nearest(asked.choice or "", row.choices)
        raise InputFault(f"{where}: expected.choice = {asked.choice!r} is none of its choices{near}")
    if row.choices and len({*row.choices}) < len(row.choices):
        raise InputFault(f"{where}: a choice stands twice; take one out")
    if row.reference and not keys <= {"bits_per_byte"}:
        raise InputFault(f"{where}: has a reference, so that nothing is written; ask for no more than bits_per_byte")
    if not row.choices and not row.reference:
        if wrong := keys & {"choice", "bits_per_byte"}:
            lack = "choices" if "choice" in wrong else "reference"
            raise InputFault(f"{where}: expected.{min(wrong)} is of a case with {lack}; give it {lack}")
        if not keys:
            raise InputFault(
                f"{where}: expected asks for nothing; give text, contains, must_not, matches or json_schema"
            )
    _check_visible(row, asked, where)


def check(case: Case, where: str) -> None:
    """Make sure that what is asked for is a regular expression and a JSON schema. Raises InputFault."""
    right: Asked = case.expected
    try:
        if right.matches is not None and (why := checker.wrong_pattern(right.matches)):
            shown = shortened(right.matches, SHOWN)
            raise InputFault(f"{where}: expected.matches = {shown!r} is no regular expression ({why}); mend it")
        if right.json_schema is not None and (why := checker.wrong_schema(right.json_schema)):
            raise InputFault(f"{where}: expected.json_schema is no JSON schema ({why}); mend it")
    except SurroundingsFault as fault:
        raise InputFault(f"{where}: {fault}") from fault


def _check_visible(row: Any, asked: GenerationShape, where: str) -> None:
    """Make sure that a text that is asked for has something that can be seen. Raises InputFault."""
    for key, said in (("reference", row.reference), ("expected.text", asked.text)):
        if said is not None and not folded(said):
            raise InputFault(f"{where}: {key} = {said!r} has nothing that can be seen; write some words")


def _as_json(schema: Mapping[str, Any], where: str) -> str:
    """Return a JSON schema of a TOML table as JSON. Raises InputFault where it holds what JSON has not."""
    try:
        return json.dumps(schema, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:  # a date, inf, tables in tables without end
        raise InputFault(
            f"{where}: expected.json_schema holds what JSON has not ({first_line(error)}); write it as JSON has it"
        ) from error


def check_config(config: Mapping[str, Any]) -> str:
    """Tell why a model of this config.json writes nothing behind a prompt, or nothing."""
    names = architectures(config)
    if config.get("is_encoder_decoder"):
        return "it has an encoder and a decoder, and writes nothing behind a prompt; give a causal language model"
    if names and not any(name.endswith(WRITERS) for name in names):
        return f"it is a {names[0]}, which was not trained to write; give a causal language model"
    return ""


def predict(loaded: Loaded, inputs: Sequence[Any], row: GenerationSettings) -> list[Generated | ModelFault]:
    """Write behind each prompt, always the most probable token, or weigh what stands there.

    Texts are those of the text-generation pipeline of transformers with do_sample=False, cut at the row's stop texts;
    log-likelihoods those of lm-evaluation-harness. A margin is the smallest lead, over all steps, of the chosen token's
    probability over that of the next one; of choices the lead of the best one's probability among them.

    An input whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a prompt is
    longer than the model can read, or has a chat that its chat template does not take.
    """
    prompts = [given if isinstance(given, str) else given["prompt"] for given in inputs]
    kinds = [{} if isinstance(given, str) else given for given in inputs]
    heads = [_head(loaded, prompt, row) for prompt in prompts]
    found: dict[int, Generated | ModelFault] = {}
    to_write = [at for at, kind in enumerate(kinds) if not kind.keys() & {"choices", "reference"}]
    for part in _together(loaded, [heads[at] for at in to_write]):
        some = [to_write[place] for place in part]
        found.update(zip(some, _written(loaded, [heads[at] for at in some], row), strict=True))
    asked = [
        (at, text) for at, kind in enumerate(kinds) for text in kind.get("choices") or [kind.get("reference")] if text
    ]
    weighed: dict[int, list[tuple[str, float, int]]] = {}
    pairs = [(heads[at], text) for at, text in asked]
    for (at, text), (sum_of, tokens) in zip(asked, _weighed(loaded, pairs, row), strict=True):
        weighed.setdefault(at, []).append((text, sum_of, tokens))
    found.update({at: _chosen(several, row) for at, several in weighed.items()})
    return [found[at] for at in range(len(inputs))]


def _head(loaded: Loaded, prompt: Any, row: GenerationSettings) -> tuple[str, bool]:
    """Return the text that a model reads, and whether the tokenizer's special tokens go around it.

    Raises SurroundingsFault where it has no chat template and needs one, or this refuses the chat.
    """
    if isinstance(prompt, str) and not row.chat_template:
        if row.system is not None:
            raise SurroundingsFault("system in its row is of chats, and a prompt is a text; write chat_template = true")
        return prompt, row.special_tokens
    chat = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(one) for one in prompt]
    chat = [*([{"role": "system", "content": row.system}] if row.system is not None else []), *chat]
    if not getattr(loaded.reader, "chat_template", None):
        raise SurroundingsFault(
            "its tokenizer has no chat template, and a prompt is a chat; save the model's own there, or write the"
            " prompt as a text"
        )
    return chats.written(loaded.reader, chat), False


def _ids(loaded: Loaded, text: str, special: bool) -> list[int]:
    """Return the tokens of a text; those of an empty one are the token that begins a text, or ends one."""
    reader = loaded.reader
    ids = [*map(int, reader(text, add_special_tokens=special)["input_ids"])] if text else []
    begins = reader.bos_token_id if reader.bos_token_id is not None else reader.eos_token_id
    return ids or ([] if begins is None else [int(begins)])


def _fit(loaded: Loaded, tokens: int, more: int) -> None:
    """Make sure that a text and what is to stand behind it have places. Raises SurroundingsFault."""
    if tokens + more > loaded.most_tokens:
        raise SurroundingsFault(
            f"a prompt has {tokens:,} tokens and up to {more:,} are to stand behind it, the model reads at most"
            f" {loaded.most_tokens:,.0f}{loaded.whose_limit}; shorten it, or set max_new_tokens in the row's generation"
        )


def _together(loaded: Loaded, texts: Sequence[Any]) -> Iterator[list[int]]:
    """Yield the places of texts that go through a model together: some at once, or of one kind that pads would change
    something for each alone.
    """
    size = AT_ONCE if loaded.model.config.model_type in PADDABLE else 1
    for start in range(0, len(texts), size):
        yield [*range(len(texts))][start : start + size]


def settled(model: Any, row: GenerationSettings) -> dict[str, Any]:
    """Settle what `generate` is told. Raises SurroundingsFault where lengths do not fit together."""
    own = model.generation_config.to_dict()
    wished = generation.wished(row)
    most = _most(own, row)
    least = {**own, **wished}.get("min_new_tokens") or 0
    if least > most or most > MOST_TOKENS:
        raise SurroundingsFault(
            f"a text may have {most:,} tokens and must have {least:,}, and at most {MOST_TOKENS:,} are written; set"
            " min_new_tokens and max_new_tokens in the row's generation"
        )
    lengths = {"max_new_tokens": most, "min_new_tokens": least or None, "max_length": None, "min_length": 0}
    beams = {"num_beams": 1, "length_penalty": 1.0, "early_stopping": False}
    return {**REPLACED, **SAMPLING, **wished, **lengths, **beams}


def _most(own: Mapping[str, Any], row: GenerationSettings) -> int:
    """Return how many tokens a text may have: as the row says, else the model's own settings, else the default."""
    return int(generation.wished(row).get("max_new_tokens") or own.get("max_new_tokens") or NEW_TOKENS)


def _written(
    loaded: Loaded, heads: Sequence[tuple[str, bool]], row: GenerationSettings
) -> list[Generated | ModelFault]:
    """Write behind prompts in one batch, padded on their left. Raises SurroundingsFault."""
    import torch
    import transformers

    model, reader, options = loaded.model, loaded.reader, settled(loaded.model, row)
    prompts = [_ids(loaded, *head) for head in heads]
    if not all(prompts):
        raise SurroundingsFault("a prompt has no token, and the tokenizer none that begins a text; write a longer one")
    longest = max(map(len, prompts))
    _fit(loaded, longest, options["max_new_tokens"])
    ends = model.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else {*(ends or ())}
    pad = next((one for one in (reader.pad_token_id, *sorted(ends)) if one is not None), 0)
    batch = loaded.placed(
        {
            "input_ids": torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts]),
            "attention_mask": torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]),
        }
    )
    least = options["min_new_tokens"] or 0

    def stopped(ids: Any, _scores: Any, **_: Any) -> Any:
        new = ids[:, longest:].tolist()
        done = [len(one) >= least and _stop(_decoded(reader, one), row.stop) is not None for one in new]
        return torch.tensor(done, device=ids.device)

    leads: list[Any] = []

    def noted(_ids: Any, scores: Any) -> Any:  # of each step the lead alone: all scores would fill memory
        top = scores.float().softmax(dim=-1).topk(2, dim=-1).values
        leads.append((top[:, 0] - top[:, 1]).cpu())
        return scores

    more: dict[str, Any] = {"logits_processor": transformers.LogitsProcessorList([noted])}
    more |= {"stopping_criteria": transformers.StoppingCriteriaList([stopped])} if row.stop else {}
    with torch.inference_mode():
        try:
            ids = model.generate(**batch, **options, **more, pad_token_id=pad, return_dict_in_generate=False)
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            asked = not_done(model.generation_config.to_dict()) or "set other lengths in the generation of the row"
            raise SurroundingsFault(
                f"no text could be written: {type(error).__name__}: {first_line(error)}; {asked}"
            ) from error
    written, steps = ids[:, longest:].cpu().tolist(), torch.stack(leads, dim=1)
    return [_generated(reader, *one, ends, row.stop, least) for one in zip(written, steps, strict=True)]


def _generated(reader: Any, ids: list[int], leads: Any, ends: set[int], ends_at: Sequence[str], least: int) -> Any:
    """Return what was written, of its tokens, at `least` so many, and of the lead of each over the next one, of shape
    (steps,); it ends at some tokens, and before some texts.
    """
    import torch

    count = next((step + 1 for step, token in enumerate(ids) if token in ends), len(ids))
    if ends_at:
        stops = (at for at in range(max(least, 1), count) if _stop(_decoded(reader, ids[:at]), ends_at) is not None)
        count = next(stops, count)
    broken = int((~torch.isfinite(leads[:count])).sum())
    if broken:
        return ModelFault(f"{broken} of {count} steps have a score that is NaN or infinite")
    text = _decoded(reader, ids[:count])
    return Generated(text[: _stop(text, ends_at)].strip(), float(leads[:count].min()))


def _decoded(reader: Any, ids: Sequence[int]) -> str:
    return str(reader.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _stop(text: str, stops: Sequence[str]) -> int | None:
    """Return where the first of the texts begins at which a text ends; None where it has none."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)


def _weighed(
    loaded: Loaded, pairs: Sequence[tuple[tuple[str, bool], str]], row: GenerationSettings
) -> Iterator[tuple[float, int]]:
    """Yield the log-likelihood of each text behind its prompt, and its number of tokens. Raises SurroundingsFault."""
    import torch

    whole = [_pair_ids(loaded, head, text) for head, text in pairs]
    for part in _together(loaded, whole):
        some = [whole[place] for place in part]
        longest = max(len(ids) for ids, _ in some)
        _fit(loaded, longest, 0)
        batch = loaded.placed(
            {
                "input_ids": torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids, _ in some]),
                "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in some]),
            }
        )
        with torch.inference_mode():
            scores = loaded.model(**batch, use_cache=False).logits
        for (ids, start), table in zip(some, scores, strict=True):
            chances = table[start - 1 : len(ids) - 1].float().cpu().log_softmax(dim=-1)
            told = chances.gather(1, torch.tensor(ids[start:])[:, None])
            yield float(told.double().sum()), len(ids) - start


def _pair_ids(loaded: Loaded, head: tuple[str, bool], text: str) -> tuple[list[int], int]:
    """Return the tokens of a prompt with a text behind it, and where the text begins; spaces at the prompt's end are
    the text's, as lm-evaluation-harness has it. Raises SurroundingsFault.
    """
    prompt, special = head
    bare = prompt.rstrip()
    text = prompt[len(bare) :] + text
    before, both = _ids(loaded, bare, special), _ids(loaded, bare + text, special)
    if not bare:
        both = before + both if both[: len(before)] != before else both
    if not before or len(both) <= len(before):
        raise SurroundingsFault(
            f"no token of {text!r} stands behind its prompt alone; write another prompt, or one that does not end in it"
        )
    return both, len(before)


def _chosen(several: Sequence[tuple[str, float, int]], row: GenerationSettings) -> Generated | ModelFault:
    """Return the likeliest of texts that were weighed, with its lead, or the only one."""
    import torch

    sums = torch.tensor([sum_of for _, sum_of, _ in several], dtype=torch.float64)
    if not torch.isfinite(sums).all():
        return ModelFault(
            f"{int((~sums.isfinite()).sum())} of {len(several)} texts have a score that is NaN or infinite"
        )
    by = torch.tensor([max(1, LENGTHS[row.normalize](*one)) if row.normalize else 1 for one in several])
    chances = (sums / by).softmax(dim=0).tolist()
    choices = tuple(Choice(*one, chance) for one, chance in zip(several, chances, strict=True))
    order = sorted(range(len(several)), key=lambda at: -chances[at])
    margin = chances[order[0]] - chances[order[1]] if len(order) > 1 else 1.0
    return Generated(several[order[0]][0], margin, choices=choices)


def produced(loaded: Loaded, found: Sequence[Generated]) -> int | None:
    """Count the tokens that the model's tokenizer makes of its texts; None where texts were only weighed."""
    if any(one.choices for one in found):
        return None
    return sum(len(loaded.reader(one.text, add_special_tokens=False)["input_ids"]) for one in found)


def replaced(config: Mapping[str, Any], settings: Mapping[str, Any], row: GenerationSettings) -> list[str]:
    """Return which of a model's own settings are replaced. A length that counts the prompt is one: the least, and the
    greatest where not even behind an empty prompt as much fits as is judged; so is a smaller number of new tokens.
    """
    found = generation.replaced(config, settings, row, {"num_beams": 1, "min_length": 0})
    most = ((key, settings.get(key)) for key in ("max_new_tokens", "max_length"))
    key, own = next(((key, said) for key, said in most if said is not None), ("", None))
    if type(own) is int and own < _most(settings, row) and not row.decoding:
        found.append(f"{key} = {own}")
    return found


def served(given: Any, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the text behind a prompt. Raises SurroundingsFault where it is to weigh texts."""
    prompt = given if isinstance(given, str) else given["prompt"]
    if not isinstance(given, str) and {*given} & {"choices", "reference"}:
        raise SurroundingsFault("choices and references are weighed by a model itself; a server does not tell that")
    if row.chat is not None and isinstance(prompt, str):
        return generation.chat(prompt, row)
    how = generation.wished(row)
    most = how.get("max_new_tokens", NEW_TOKENS)
    stop = {"stop": row.stop} if row.stop else {}
    if isinstance(prompt, str) and not row.chat_template:
        return "text_generation", {"prompt": prompt, "max_new_tokens": most, "do_sample": False, **stop}
    chat = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    chat = [*([{"role": "system", "content": row.system}] if row.system is not None else []), *chat]
    return "chat_completion", {"messages": chat, "max_tokens": most, "temperature": 0.0, "seed": 0, **stop}


TASK = Task(
    name="text-generation",
    output=generated.OUTPUT,
    case=GenerationCase,
    read=read,
    check=check,
    predict=predict,
    auto_class="AutoModelForCausalLM",
    figures=("accuracy", "exact match", "F1", BITS),
    settings=GenerationSettings,
    judging_keys=frozenset({"decoding"}),
    check_config=check_config,
    check_loaded=generation.check_own,
    replaced=replaced,
    produced=produced,
    served=served,
    sent=frozenset({"chat_template", "generation", "stop", "system"}),
    as_right=lambda said: said.text or None,
)
