"""Which model a folder holds: one digest over its weights and over every setting that changes an answer.

The weights count as (name, dtype, shape, values), however they are split into files. Settings count as parsed JSON
without the keys that only say who saved them. A digest is known before a model is loaded, and without torch where the
weights are safetensors.

It tells "the same weights and settings, saved again" from another model. What is the same to the last bit is told by
the bytes of all files that a loader may read (`file_digests`).
"""

import fnmatch
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import below, disguise, read_json
from swapgate.models.weights import PICKLE, SAFE, read_settings, tensors

SETTINGS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
)
"""Files that hold settings as JSON."""

TEMPLATE = "chat_template.jinja"
"""How what is said in a chat becomes a text, where that stands in no file of settings; it counts as if it stood there.
"""
TEMPLATES = (TEMPLATE, "additional_chat_templates/*.jinja")
"""All files from which a tokenizer reads that; one of the latter called default.jinja is taken for the first."""

ADDED = "added_tokens.json"
"""Tokens that a tokenizer has besides those of its vocabulary; those that tokenizer.json lacks are read beside it."""

TEKKEN = "tekken.json"
"""A vocabulary that is read in the place of tokenizer.json where mistral-common is installed."""

VOCABULARIES = (
    ADDED,
    "bpe.codes",
    "byte_maps.json",
    "dict.txt",
    "emoji.json",
    "entity_vocab.json",
    "merges.txt",
    "normalizer.json",
    "prophetnet.tokenizer",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
    "source.spm",
    "spiece.model",
    "spm.model",
    "spm_char.model",
    "target.spm",
    "target_vocab.json",
    TEKKEN,
    "tiktoken.model",
    "tokenizer.model",
    "vocab-src.json",
    "vocab-tgt.json",
    "vocab.json",
    "vocab.txt",
    "word_pronunciation.json",
    "word_shape.json",
)
"""Files that tokenizers were made of before tokenizer.json; most read them only where that file is missing."""

READS_VOCABULARIES = (
    "bartpho bertgeneration bertjapanese bertweet biogpt blenderbotsmall clvp cpm cpmant ctrl esm flaubert fsmt"
    " gptneoxjapanese gptsw3 luke m2m100 marian mgpstr mluke myt5 phobert plbart prophetnet rocbert siglip speech2text"
    " speecht5 speechtotext tapas vits xlm"
    " data2vecaudio hubert sew sewd unispeech unispeechsat wav2vec2 wav2vec2bert wav2vec2conformer wav2vec2ctc wavlm"
)
"""Tokenizers, or kinds of models, that read those files beside a tokenizer.json too: transformers 4.57 or 5.23 has them
in Python alone. In small letters, without what stands between them and without "Tokenizer".
"""

WITHOUT_VOCABULARY = frozenset({"ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer", "canine", "perceiver"})
"""Tokenizers that read bytes or letters, and kinds of models that have one where they name none."""

WHO_SAVED_IT = frozenset(
    {
        "__version__",
        "_name_or_path",
        "backend",
        "dtype",
        "is_local",
        "local_files_only",
        "n_samples",
        "name_or_path",
        "nb_max_frames",
        "processor_class",
        "special_tokens_map_file",
        "tokenizer_file",
        "torch_dtype",
        "transformers_version",
    }
)
"""Keys that change when a model is saved again and change no answer (the dtype to compute in is the row's; Whisper's
reader reckons samples and frames itself, from its seconds)."""

SPELT_OUT = {
    "add_cross_attention": False,
    "bos_token_id": None,
    "do_sample": False,
    "eos_token_id": None,
    "errors": "replace",
    "is_decoder": False,
    "length_penalty": 1.0,
    "model_max_length": int(1e30),
    "num_beams": 1,
    "position_embedding_type": "absolute",
    "predict_timestamps": False,
    "suppress_tokens": None,
    "tie_word_embeddings": True,
    "trim_offsets": True,
}
"""Defaults that one version of transformers writes into a file of settings and another leaves out."""

NAMES_OTHERS = (
    ("config.json", "transformers_weights"),
    ("config.json", "configuration_files"),
    ("tokenizer_config.json", "fast_tokenizer_files"),
    ("processor_config.json", "audio_tokenizer"),
    ("audio_tokenizer_config.json", "audio_tokenizer_name_or_path"),
)
"""Keys of files of settings by which some version of transformers reads other files, which are not looked at here."""

READERS = ("feature_extractor", "image_processor")
"""What processor_config.json of transformers 5 holds and preprocessor_config.json of 4 is."""

ONE_CLASS = {
    **dict.fromkeys(("BartTokenizer", "LEDTokenizer", "LongformerTokenizer"), "RobertaTokenizer"),
    **dict.fromkeys(("ElectraTokenizer", "MobileBertTokenizer"), "BertTokenizer"),
}
"""Tokenizers that transformers 5 saves as the class that they share."""

IN_TOKENIZER_JSON = ("added_tokens_decoder", "additional_special_tokens", "extra_special_tokens")
"""Keys of tokenizer_config.json that repeat tokens of tokenizer.json; those that do not stand there count."""

SET_BY_EACH_CALL = ("padding", "truncation")
"""Keys of tokenizer.json that hold what the last call wanted."""


NEVER_READ = (
    *("*.md", "LICENSE*", "NOTICE*", ".git*", ".cache/*"),
    *("optimizer.pt", "scheduler.pt", "rng_state*.pth", "trainer_state.json", "runs/*"),
    *("*.DS_Store", "._*", "*/._*", "*Thumbs.db", "*desktop.ini", "*__pycache__/*"),
)
"""Files that no loader reads, so that a model is the same with others of them; but for what ends as weights do."""
WEIGHTS = (Path(SAFE).suffix, Path(PICKLE).suffix)
"""How the files end that an index may name."""


def folder_digest(folder: Path, allow_pickle: bool = False, **row: str | None) -> str:
    """Return the digest of a model folder, 64 hexadecimal digits; `row` adds what the models file sets (dtype, ...).

    Raises SurroundingsFault where a file is missing, truncated or not what its header says.
    """
    return folder_digests(folder, allow_pickle, (), **row)[0]


def folder_digests(
    folder: Path, allow_pickle: bool = False, beside: Sequence[str] = (), **row: str | None
) -> tuple[str, str]:
    """Return the digest of a model folder with what the models file sets, and that of its files alone.

    `beside` are the patterns of further files of settings that its task reads. Raises SurroundingsFault.
    """
    files = hashlib.sha256()
    for name, dtype, shape, values in sorted(tensors(folder, allow_pickle)):
        files.update(json.dumps([name, dtype, shape, values]).encode())
    files.update(json.dumps(settings_of(folder, beside), sort_keys=True).encode())
    whole = files.copy()
    whole.update(json.dumps(row, sort_keys=True).encode())
    return whole.hexdigest(), files.hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a model folder that a loader may read, by its name below the folder.

    Raises SurroundingsFault where one cannot be read.
    """
    return digests(files_below(folder))


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of each of some files, by its name. Raises SurroundingsFault where one cannot be read."""
    found = {}
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SurroundingsFault(f"{path.parent}: {error}; fetch or save the model again") from error
    return found


Written = tuple[tuple[str, Path, int, int], ...]
"""Files of a model: what each is to it, where it is, and what changes when it is written."""


def written(files: Mapping[str, Path]) -> Written:
    """Return what changes when a file of a model is written, or one is gone. Raises SurroundingsFault."""
    found: list[tuple[str, Path, int, int]] = []
    for name, path in files.items():
        try:
            status = path.stat()
        except OSError as error:
            raise SurroundingsFault(f"{path}: {error}; fetch or save the model again") from error
        found.append((name, path, status.st_mtime_ns, status.st_size))
    return tuple(found)


def files_below(folder: Path, every: bool = False) -> dict[str, Path]:
    """Return the files of a model folder that a loader may read, or every one, by their names below the folder.

    Raises SurroundingsFault where it cannot be read.
    """
    try:
        found = {path.relative_to(folder).as_posix(): path for path in below(folder) if path.is_file()}
    except OSError as error:
        raise SurroundingsFault(f"{folder}: {error}; fetch or save the model again") from error
    return {name: path for name, path in found.items() if every or may_be_read(name)}


def may_be_read(name: str) -> bool:
    """Return whether a loader may read a file of a model, by its name below the folder."""
    # an index may give weights any name that ends so, and modules.json a folder any; a template's may begin with ._
    named = name.endswith((*WEIGHTS, "/config.json")) or is_named(name, TEMPLATES)
    return named or not any(fnmatch.fnmatch(name, pattern) for pattern in NEVER_READ)


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Return whether one of some patterns names a file of a model, as `Path.glob` reads them."""
    parts = name.split("/")
    each = (pattern.split("/") for pattern in patterns)
    return any(len(parts) == len(one) and all(map(fnmatch.fnmatchcase, parts, one)) for one in each)


def needs_vocabulary(folder: Path) -> bool:
    """Return whether a model's tokenizer is made of a file. Raises SurroundingsFault where its settings are broken."""
    path = folder / "tokenizer_config.json"
    named = read_settings(path).get("tokenizer_class") if path.is_file() else None
    return (named or read_settings(folder / "config.json").get("model_type")) not in WITHOUT_VOCABULARY


def settings_of(folder: Path, beside: Sequence[str] = ()) -> dict[str, Any]:
    """Return the settings of a folder; the tokenizer's two files of special tokens count as one.

    `beside` are the patterns of further files of them.
    """
    settings = {name: read_settings(folder / name) for name in SETTINGS if (folder / name).is_file()}
    for name, key in NAMES_OTHERS:
        if (folder / name).is_file() and key in read_settings(folder / name):
            raise SurroundingsFault(f"{folder}: {name} names files to read instead ({key}); remove that")
    if "encoder_layers" in settings.get("config.json", {}):
        settings["config.json"].pop("num_hidden_layers", None)  # says it once more
    for key in READERS:
        if key in settings.get("processor_config.json", {}):
            settings["preprocessor_config.json"] = settings["processor_config.json"].pop(key)
    hears = "feature_extractor_type" in settings.get("preprocessor_config.json", {})
    special = settings.pop("special_tokens_map.json", {})
    tokenizer = settings.pop("tokenizer_config.json", {})
    # read, and then above the other file, only where this one tells no tokens
    tokenizer = {**special, **tokenizer} if "added_tokens_decoder" in tokenizer else {**tokenizer, **special}
    tokenizer |= tokenizer.pop("model_specific_special_tokens", {})
    if "tokenizer_class" in tokenizer:
        name = str(tokenizer["tokenizer_class"]).removesuffix("Fast")
        tokenizer["tokenizer_class"] = ONE_CLASS.get(name, name)
    templates = {path.relative_to(folder).as_posix(): _text_in(path) for path in files_beside(folder, TEMPLATES)}
    if TEMPLATE in templates:
        tokenizer["chat_template"] = templates.pop(TEMPLATE)
    whole = settings.pop("tokenizer.json", None)
    kept = {name: content for name, values in settings.items() if (content := _without_traces(values))}
    if whole is not None:
        known = [_content(token) for token in whole.get("added_tokens") or ()]
        tokenizer |= {key: _besides(tokenizer[key], known) for key in IN_TOKENIZER_JSON if key in tokenizer}
        kept["tokenizer.json"] = _pieces(whole, hears)
        if (folder / ADDED).is_file():
            tokenizer["added_tokens"] = _besides([*read_settings(folder / ADDED)], known)
    else:
        tokenizer.pop("added_tokens_decoder", None)  # made of the vocabulary and the special tokens
    vocabularies = VOCABULARIES if whole is None else _beside_tokenizer(tokenizer, settings.get("config.json", {}))
    for path in files_beside(folder, vocabularies):
        if why := disguise(path):
            raise SurroundingsFault(f"{path}: {why}")
        kept[path.name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    kept["tokenizer_config.json"] = {
        key: _content(value) for key, value in _without_traces(tokenizer).items() if value not in (None, {}, [])
    }
    more = {path.relative_to(folder).as_posix(): read_json(path) for path in files_beside(folder, beside)}
    more = {name: _without_traces(one) if isinstance(one, dict) else one for name, one in more.items()}
    return kept | templates | more


def _beside_tokenizer(tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> Sequence[str]:
    """Return the vocabularies that are read though there is a tokenizer.json."""
    name = str(tokenizer.get("tokenizer_class") or config.get("model_type"))
    named = re.sub("[-_]", "", name.lower().removesuffix("tokenizer"))
    return [name for name in VOCABULARIES if name != ADDED] if named in READS_VOCABULARIES.split() else [TEKKEN]


def files_beside(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files of a folder that patterns such as "*/config.json" name."""
    return sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})


def _text_in(path: Path) -> str:
    """Return the text of a file. Raises SurroundingsFault where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SurroundingsFault(f"{path}: cannot be read ({error}); save the model's own again") from error


def _pieces(whole: dict[str, Any], hears: bool) -> dict[str, Any]:
    """Return what counts of tokenizer.json; a model that hears only writes with it, and puts no text between tokens."""
    dropped = (*SET_BY_EACH_CALL, "post_processor") if hears else SET_BY_EACH_CALL
    kept = {key: value for key, value in whole.items() if key not in dropped}
    if isinstance(kept.get("model"), dict):
        kept["model"] = {key: value for key, value in kept["model"].items() if value not in (None, "")}
    return kept


def _without_traces(settings: dict[str, Any]) -> dict[str, Any]:
    """Drop the keys, at any depth, that say who saved it, and defaults that some versions spell out."""
    return {
        key: _without_traces(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key not in WHO_SAVED_IT and not (key in SPELT_OUT and value == SPELT_OUT[key])
    }


def _besides(tokens: Any, known: list[Any]) -> list[Any]:
    """Return the tokens of a list, or a table, that are not among those that are known, as their texts."""
    each = tokens.values() if isinstance(tokens, dict) else tokens if isinstance(tokens, list) else [tokens]
    return [content for token in each if (content := _content(token)) not in [*known, None]]


def _content(token: Any) -> Any:
    """Return a special token as its text, whether it is written as that or with its flags."""
    return token["content"] if isinstance(token, dict) and "content" in token else token
