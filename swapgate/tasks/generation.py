"""How texts are written: what a row of the models file may set, and what a model asks for that the gate replaces."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.wrong import words_of
from swapgate.outputs.writing_systems import folded
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded

MOST_TOKENS = 4_096
"""Of the longest text that is written; a model that asks for more would write for hours."""
MOST_BEAMS = 100
"""Of a search that a row asks for, as a model's own files may: more would fill memory, and hardly find another text."""
REPLACED: Mapping[str, Any] = {"do_sample": False, "num_return_sequences": 1, "max_time": None}
"""Settings that are replaced where they say something else: texts are neither drawn by chance nor cut by a clock."""
SAMPLING: Mapping[str, Any] = {"temperature": 1.0, "top_k": 50, "top_p": 1.0, "typical_p": 1.0}
"""Settings of drawing by chance."""


NOT_DONE = (
    *("num_beam_groups", "diversity_penalty", "stop_strings", "force_words_ids", "constraints"),
    *("penalty_alpha", "dola_layers"),
)
"""Settings of ways to write that the judge has not: groups of beams, constraints and contrasts are code that
transformers would fetch, and strings at which a text stops need more than the model."""


PLACE = "{text}"
"""Stands in a prompt for the text of a case."""


def _with_place(prompt: str) -> str:
    if PLACE not in prompt:
        raise ValueError(f"write {PLACE} where the text of a case goes")
    return prompt


class Decoding(Table):
    """How a text is written, token by token; what is not set is as the model's own generation_config.json says."""

    model_config = ConfigDict(allow_inf_nan=False)

    min_new_tokens: int | None = Field(None, ge=0)
    max_new_tokens: int | None = Field(None, ge=1)
    no_repeat_ngram_size: int | None = Field(None, ge=0)


class Generation(Decoding):
    """The same of a text that has a length of its own, by several beams where they are asked for."""

    num_beams: int | None = Field(None, ge=1, le=MOST_BEAMS)
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    length_penalty: float | None = None


class Own(Generation):
    """What a model's generation_config.json says of how a text is written; other keys stand beside these."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)

    num_beams: int | None = Field(None, ge=1)
    encoder_no_repeat_ngram_size: int | None = Field(None, ge=0)
    repetition_penalty: float | None = Field(None, gt=0)
    encoder_repetition_penalty: float | None = Field(None, gt=0)
    bos_token_id: int | list[int] | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | list[int] | None = None
    decoder_start_token_id: int | list[int] | None = None
    forced_bos_token_id: int | list[int] | None = None
    forced_eos_token_id: int | list[int] | None = None


def check_own(name: str, loaded: Loaded) -> None:
    """Make sure that a model's own settings of generation have values that can be used. Raises SurroundingsFault."""
    settings = getattr(loaded.model, "generation_config", None)
    try:
        Own.model_validate(settings.to_dict() if settings else {})
    except ValidationError as error:
        detail = error.errors()[0]
        raise SurroundingsFault(
            f"{name}: {detail['loc'][0]} = {detail['input']!r} in its generation_config.json (or config.json)"
            f" {words_of(detail)}; mend that, or save the model's own there"
        ) from error


class Chat(Table):
    """How a server that is spoken to as OpenAI's are is told what to write."""

    model: NonEmptyStr | None = None
    """Which of its models is meant."""
    prompt: Annotated[NonEmptyStr, AfterValidator(_with_place)]
    """What it is told, with {text} where the text of a case goes."""

    def told(self, text: str) -> str:
        """Return what it is told of a text."""
        return self.prompt.replace(PLACE, text)


def wished(row: Any) -> dict[str, Any]:
    """Return what a row itself says of how a text is written."""
    return row.generation.model_dump(exclude_none=True) if row.generation else {}


def chat(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Return how a server that is spoken to as OpenAI's are is asked what its row says of a text."""
    most = wished(row).get("max_new_tokens")
    return "chat_completion", {
        "messages": [{"role": "user", "content": row.chat.told(text)}],
        "model": row.chat.model,
        "temperature": 0.0,
        "seed": 0,
        **({"max_tokens": most} if most is not None else {}),
    }


def check_visible(wanted: Any, where: str, must: str = "must") -> None:
    """Make sure that what must and must not occur can be seen. Raises InputFault."""
    for key in (must, "must_not"):
        blank = next((one for one in getattr(wanted, key) if not folded(one)), None)
        if blank is not None:
            raise InputFault(
                f"{where}: expected.{key} has {blank!r}, of which nothing can be seen; write a word, or take it out"
            )


class WritingSettings(Settings):
    """The keys of a row of a task whose models write texts."""

    decoding: Literal["greedy"] | None = None
    """"greedy": the model is served as it is judged, the most probable token always, whatever its own settings ask."""


def replaced(
    _config: Mapping[str, Any], settings: Mapping[str, Any], row: Any, besides: Mapping[str, Any] = MappingProxyType({})
) -> list[str]:
    """Return which of a model's own settings the judge leaves out, with their values; `besides` are a task's own.

    None where the row says that the model is served as it is judged.
    """
    asked = {**REPLACED, **besides, **(SAMPLING if settings.get("do_sample") else {})} if not row.decoding else {}
    return [
        f"{name} = {settings[name]!r}"
        for name, plain in asked.items()
        if settings.get(name, plain) not in (plain, None)
    ]


def not_done(settings: Mapping[str, Any]) -> str:
    """Return in words what to take out of a model's settings of generation, for it is not done; nothing without any."""
    asked = [f"{name} = {settings[name]!r}" for name in NOT_DONE if settings.get(name) not in (None, 0.0, 1, [])]
    return f"take {' and '.join(asked)} out of its generation_config.json: judging does not do that" if asked else ""
