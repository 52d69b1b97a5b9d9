"""Translation: from texts to those of another language, written step by step by an encoder and a decoder."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import listed, nearest
from swapgate.outputs import translation
from swapgate.outputs.translation import FIGURES, Reference, Translation
from swapgate.outputs.writing_systems import words
from swapgate.tasks import generation, writing
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.generation import Generation, WritingSettings
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.task import Loaded, Task

PARAMS = "translation"
"""How the tables of a config.json begin that say how a model translates: translation_en_to_de."""


PAIR = re.compile(rf"{PARAMS}_(.+)_to_(.+)")


class TranslationSettings(WritingSettings, CutSettings):
    """The keys of a row of translation."""

    source_language: NonEmptyStr | None = None
    """The language of the texts, as the model calls it: "eng_Latn", "en_XX", "en"."""
    target_language: NonEmptyStr | None = None
    """The language to be written, as the model calls it."""
    prefix: str | None = None
    """What stands before each text, as in "translate English to German: " or ">>deu<< "; what is not set is as the
    model says for both languages."""
    generation: Generation | None = None
    """How the translation is written: num_beams, min_length, max_length, min_new_tokens, max_new_tokens,
    length_penalty, no_repeat_ngram_size; what is not set is as the model says."""


class TranslationShape(Table):
    """What a translation must be like."""

    translation: NonEmptyStr
    """How a person translated it: the reference of chrF and BLEU."""
    must: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: list[NonEmptyStr] = Field(default_factory=list)
    """Words, or several in a row, that must not."""


class TranslationCase(CaseShape):
    """A text and what its translation must be like."""

    text: NonEmptyStr
    expected: TranslationShape


def _reference_alone(value: object) -> object:
    return {"translation": value} if isinstance(value, str) else value


class TranslationRow(TranslationCase):
    """A row of an evaluation set, which may give a reference alone."""

    expected: Annotated[TranslationShape, BeforeValidator(_reference_alone)]


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where the reference has no words, or one that must or must not occur is
    blank.
    """
    wanted = row.expected
    if not words(wanted.translation):
        raise InputFault(
            f"{where}: expected.translation = {wanted.translation!r} has no words, so nothing can be compared with it;"
            " write how a person translates the text"
        )
    generation.check_visible(wanted, where)
    return Case(row.id, row.text, Reference(wanted.translation, tuple(wanted.must), tuple(wanted.must_not)))


def predict(loaded: Loaded, texts: Sequence[str], row: TranslationSettings) -> list[Translation | ModelFault]:
    """Translate each text in one batch. Raises as `swapgate.tasks.writing.written` does, and SurroundingsFault where
    the row's languages are none that the model can be told.

    The translations are those of the translation pipeline of transformers 4.57, called with the same num_beams and
    max_new_tokens.
    """
    return writing.written(loaded, texts, row, told(loaded, row))


def left_out(loaded: Loaded, texts: Sequence[str], row: TranslationSettings) -> list[str]:
    """Tell of each text what is done with it because it is longer than the model reads."""
    return writing.left_out(loaded, texts, row, told(loaded, row))


def told(loaded: Loaded, row: TranslationSettings) -> writing.Wanted:
    """Tell a model its languages: its tokenizer both, where that takes them (NLLB, M2M100, mBART), and the decoder the
    token that begins the target language; else those settings of its config.json that are for both (T5).

    Raises SurroundingsFault where it cannot be told these, or needs them and the row does not say them.
    """
    config, reader = loaded.model.config, loaded.reader
    tables = getattr(config, "task_specific_params", None) or {}
    tables = [name for name in tables if name.startswith(f"{PARAMS}_")] if isinstance(tables, dict) else []
    pair = row.source_language, row.target_language
    multilingual = hasattr(reader, "src_lang")
    if None in pair:
        if multilingual or pair != (None, None) or (tables and row.prefix is None):
            known = f" ({listed(tables)})" if tables else ""
            raise SurroundingsFault(
                f"it writes in several languages{known}: write source_language and target_language, both, in its row"
                if multilingual or tables
                else "one language alone is said: write source_language and target_language, both, in its row"
            )
        return writing.Wanted("translation", PARAMS, Translation, prefix=row.prefix)
    params = f"{PARAMS}_{pair[0]}_to_{pair[1]}"
    if multilingual:
        ids = [_language_id(reader, key, getattr(row, key)) for key in ("source_language", "target_language")]
        reader.src_lang = row.source_language
        options = {"forced_bos_token_id": ids[1]}
        return writing.Wanted("translation", params, Translation, options, row.prefix)
    if params not in tables:
        raise SurroundingsFault(
            f"its tokenizer takes no languages, and its config.json has no {params} in task_specific_params"
            f"{nearest(params, tables)}; take source_language and target_language out of its row, and where it is told"
            ' them before the text write prefix = "…"'
        )
    return writing.Wanted("translation", params, Translation, prefix=row.prefix)


def begin(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the languages of a model whose config.json has one table of settings for two (T5); else nothing."""
    tables = config.get("task_specific_params")
    pairs = [PAIR.fullmatch(str(name)) for name in tables] if isinstance(tables, dict) else []
    found = [pair.groups() for pair in pairs if pair]
    return dict(zip(("source_language", "target_language"), found[0], strict=True)) if len(found) == 1 else {}


def _language_id(reader: Any, key: str, language: str) -> int:
    """Return the token of a language by its number. Raises SurroundingsFault where a tokenizer has none for it."""
    by_code: Mapping[str, str] = getattr(reader, "lang_code_to_token", None) or {}
    codes = [*by_code] or [str(token) for token in reader.all_special_tokens]
    if language not in codes:
        raise SurroundingsFault(f"{key} = {language!r} is no language of its tokenizer{nearest(language, codes)}")
    return int(reader.convert_tokens_to_ids(by_code.get(language, language)))


def replaced(config: Mapping[str, Any], settings: Mapping[str, Any], row: TranslationSettings) -> list[str]:
    """Return which of a model's own settings are replaced, as `swapgate.tasks.writing.replaced` does."""
    said = row.source_language and row.target_language
    params = f"{PARAMS}_{row.source_language}_to_{row.target_language}" if said else PARAMS
    return writing.replaced(config, settings, row, params)


def served(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for a translation, or where the row has `chat` for what it writes when it is told so."""
    if row.chat is not None:
        return generation.chat(text, row)
    how = generation.wished(row)
    languages = {"src_lang": row.source_language, "tgt_lang": row.target_language}
    told = {key: value for key, value in languages.items() if value is not None}
    return "translation", {"text": (row.prefix or "") + text, **told, "generate_parameters": how or None}


TASK = Task(
    name="translation",
    output=translation.OUTPUT,
    case=TranslationCase,
    row=TranslationRow,
    read=read,
    predict=predict,
    auto_class="AutoModelForSeq2SeqLM",
    figures=FIGURES,
    settings=TranslationSettings,
    judging_keys=frozenset({"decoding", "long"}),
    left_out=left_out,
    check_loaded=generation.check_own,
    replaced=replaced,
    produced=writing.produced,
    graded="a translation",
    served=served,
    sent=frozenset({"generation", "prefix", "source_language", "target_language"}),
    begin=begin,
    as_right=lambda said: {"translation": said.text} if words(said.text) else None,
)
