"""Tokenizers and processors for models with the shapes of public ones, made here: no published file is needed.

A tokenizer learns its pieces from the texts of the hub's cases, so that a text is about as many tokens long as it is to
the published one; its pieces are other ones. transformers 4.57 and 5 both load what is written.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE, Unigram, WordPiece

FIXTURES = Path(__file__).parents[1] / "fixtures"
RATE = 16_000
PIECES = 2_000
"""Pieces that a tokenizer learns at most."""
PLAIN = 50_257
"""Pieces of a published Whisper before its special tokens."""
BRACKETS = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")}
ANGLES = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
ANGLES |= {"cls_token": "<s>", "sep_token": "</s>"}
TOKENIZERS = {"bert": "BertTokenizer", "distilbert": "DistilBertTokenizer"}
TOKENIZERS |= {"bart": "BartTokenizer", "roberta": "RobertaTokenizer"}
BARS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]  # <pad> is the blank of CTC
WAVES = {
    "do_normalize": True,
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": False,
    "sampling_rate": RATE,
}


def save_reader(reader: dict[str, Any], architecture: str, folder: Path, small: bool) -> dict[str, Any]:
    """Write what reads a model's inputs into its folder; give what the model's configuration must know of it."""
    kind = reader["kind"]
    if kind == "wordpiece":
        return _wordpiece(folder, TOKENIZERS[architecture], lowercase=reader.get("lowercase", False))
    if kind == "bytes":
        return _bytes(folder, TOKENIZERS[architecture], reader)
    if kind == "unigram":
        return _unigram(folder)
    if kind == "letters":
        return _letters(folder)
    if kind == "whisper":
        return _whisper(folder, reader["languages"], reader["mels"], small)
    settings = {"waveform": WAVES, "spectrogram": _spectrogram(), "square": _square(), "scene": _scene(reader, small)}
    write_json(folder / "preprocessor_config.json", settings[kind])
    return {}


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")


def texts() -> Iterator[str]:
    """Return the texts of the hub's cases."""
    for path in sorted(FIXTURES.glob("*/hub.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
            yield from (case[key] for key in ("text", "question", "context") if key in case)


def _wordpiece(folder: Path, name: str, lowercase: bool) -> dict[str, Any]:
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    _train(tokenizer, trainers.WordPieceTrainer(vocab_size=PIECES, special_tokens=special, show_progress=False))
    ids = [(name, special.index(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    settings = {"tokenizer_class": name, "do_lower_case": lowercase, "model_max_length": 512}
    _save(folder, tokenizer, settings, BRACKETS)
    ranked = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in ranked), encoding="utf-8")
    return {"vocab_size": tokenizer.get_vocab_size(), "pad_token_id": 0}


def _bytes(folder: Path, name: str, reader: dict[str, Any]) -> dict[str, Any]:
    tokenizer = Tokenizer(BPE(unk_token="<unk>"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES, special_tokens=special, initial_alphabet=sorted(alphabet), show_progress=False
    )
    _train(tokenizer, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    settings = {"tokenizer_class": name, "model_max_length": reader.get("longest", 512), "add_prefix_space": False}
    _save(folder, tokenizer, settings, ANGLES)
    _save_bpe(folder, tokenizer)
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    return {"vocab_size": tokenizer.get_vocab_size(), **ids}


def _unigram(folder: Path) -> dict[str, Any]:
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES,
        special_tokens=special,
        unk_token="<unk>",  # noqa: S106
        show_progress=False,
    )
    _train(tokenizer, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    names = {name: ANGLES[name] for name in ("pad_token", "eos_token", "unk_token")}
    _save(folder, tokenizer, {"tokenizer_class": "T5Tokenizer", "model_max_length": 512, "extra_ids": 0}, names)
    return {"vocab_size": tokenizer.get_vocab_size(), "pad_token_id": 0, "eos_token_id": 1}


def _letters(folder: Path) -> dict[str, Any]:
    names = {name: ANGLES[name] for name in ("bos_token", "pad_token", "eos_token", "unk_token")}
    settings = {"tokenizer_class": "Wav2Vec2CTCTokenizer", "word_delimiter_token": "|", "do_lower_case": False}
    write_json(folder / "vocab.json", {letter: index for index, letter in enumerate(BARS)})
    write_json(folder / "tokenizer_config.json", settings | {"processor_class": "Wav2Vec2Processor"} | names)
    write_json(folder / "special_tokens_map.json", names)
    write_json(folder / "preprocessor_config.json", WAVES | {"processor_class": "Wav2Vec2Processor"})
    return {"vocab_size": len(BARS), "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def _whisper(folder: Path, languages: int, mels: int, small: bool) -> dict[str, Any]:
    """Write a processor whose special tokens have the published numbers, or in a small one the same order."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = len(alphabet) if small else PLAIN
    languages = 1 if small else languages
    vocabulary = [*alphabet, *(f"piece{number}" for number in range(len(alphabet), pieces))]
    tokenizer.model = BPE({piece: index for index, piece in enumerate(vocabulary)}, [])
    tongues = ["<|en|>", *(f"<|l{number}|>" for number in range(1, languages))]
    special = ["<|endoftext|>", "<|startoftranscript|>", *tongues, "<|translate|>", "<|transcribe|>"]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    tokenizer.add_special_tokens(special)
    number = {name: pieces + index for index, name in enumerate(special)}
    prompt = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    around = [(name, number[name]) for name in (*prompt, special[0])]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{' '.join(prompt)} $A {special[0]}", special_tokens=around
    )
    names = {f"{name}_token": special[0] for name in ("bos", "eos", "pad", "unk")}
    settings = {"tokenizer_class": "WhisperTokenizer", "processor_class": "WhisperProcessor", "model_max_length": 448}
    _save(folder, tokenizer, settings | {"add_prefix_space": False}, names | {"additional_special_tokens": special})
    _save_bpe(folder, tokenizer)
    reader = {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": mels, "chunk_length": 30}
    reader |= {"n_fft": 400, "hop_length": 160, "sampling_rate": RATE, "padding_value": 0.0, "padding_side": "right"}
    write_json(folder / "preprocessor_config.json", reader | {"processor_class": "WhisperProcessor"})
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), pieces)
    start = number["<|startoftranscript|>"]
    generation = {
        "max_length": 40,  # published: 448, but random weights never end
        "no_timestamps_token_id": number["<|notimestamps|>"],
        "return_timestamps": False,
        "is_multilingual": True,
        "lang_to_id": {name: number[name] for name in tongues},
        "task_to_id": {name: number[f"<|{name}|>"] for name in ("transcribe", "translate")},
        "language": "<|en|>",
        "task": "transcribe",
    }
    return {"vocab_size": pieces + len(special), "decoder_start_token_id": start, **ends, "generation": generation}


def _train(tokenizer: Any, trainer: Any) -> None:
    tokenizer.train_from_iterator(texts(), trainer)


def _save(folder: Path, tokenizer: Any, settings: dict[str, Any], names: dict[str, Any]) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", settings | names | {"clean_up_tokenization_spaces": False})
    write_json(folder / "special_tokens_map.json", names)


def _save_bpe(folder: Path, tokenizer: Any) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    write_json(folder / "vocab.json", model["vocab"])
    lines = ["#version: 0.2", *(" ".join(merge) for merge in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _spectrogram() -> dict[str, Any]:
    sizes = {"num_mel_bins": 128, "max_length": 1024, "mean": -4.2677393, "std": 4.5689974}
    return WAVES | {"feature_extractor_type": "ASTFeatureExtractor"} | sizes


def _square() -> dict[str, Any]:
    half = [0.5, 0.5, 0.5]
    size = {"size": {"height": 224, "width": 224}, "resample": 2}
    done = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True}
    return {"image_processor_type": "ViTImageProcessor", "image_mean": half, "image_std": half, **size, **done}


def _scene(reader: dict[str, Any], small: bool) -> dict[str, Any]:
    size = {"shortest_edge": 64, "longest_edge": 128} if small else {"shortest_edge": 800, "longest_edge": 1333}
    spread = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    done = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "do_pad": True}
    named = {"image_processor_type": reader.get("class"), "format": "coco_detection", "resample": 2}
    return {**named, "size": size, **spread, **done}
