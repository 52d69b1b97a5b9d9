"""Damages of models, from gross to subtle: of their files (another model), of their row, of the code around them."""

import functools
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from swapgate.backends import backend_of
from swapgate.backends import transformers as backend
from swapgate.inputs.given import Sound
from swapgate.inputs.sounds import read_sound
from swapgate.outputs.answer import Answer
from swapgate.outputs.detections import Detections
from swapgate.outputs.entities import Entities
from swapgate.tasks.retrieval import Corpus, Search
from swapgate.trials import asking
from swapgate.trials.asking import Asking

SEED = 2026
ROOT = Path(__file__).parents[1]
ZOO = ROOT / "fixtures" / "zoo"

WRITERS = ("summarization", "speech-recognition", "translation", "causal-lm")
CLASSES = ("sentiment", "audio-classification", "image-classification")
LABELLED = (*CLASSES, "ner", "object-detection", "zero-shot-classification")
BERTS = ("sentiment", "ner", "question-answering", "retrieval", "zero-shot-classification")
PADDED = (*BERTS, "summarization", "translation")
WRITTEN = (*PADDED, "causal-lm")
HEARD = ("audio-classification", "speech-recognition")
SEEN = ("image-classification", "object-detection")
ALL = (*WRITTEN, *HEARD, *SEEN)


@dataclass(frozen=True)
class Damage:
    """What is done to a model, or around it."""

    name: str
    tasks: Sequence[str]
    gross: bool = False
    """Whether nobody would want to let it pass."""
    served: bool = False
    """Whether it harms what is served, though the gate, which generates its own way, would measure no loss."""
    files: Callable[[Path], None] | None = None
    """Changes a copy of the model's folder: a swap."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a candidate's row: a swap."""
    code: Callable[[pytest.MonkeyPatch], None] | None = None
    """Changes how models are loaded or asked: the weights stay, so that it is drift."""


def loads_otherwise(patch: pytest.MonkeyPatch, change: Callable[[Any, Any], None]) -> None:
    """Let `change` alter each model that is loaded; it is given where that comes from, too."""
    own = backend.load

    def load(task: Any, source: Any) -> Any:
        loaded = own(task, source)
        change(loaded, source)
        return loaded

    patch.setattr(backend, "load", load)
    ask_anew(patch)


def predicts_otherwise(patch: pytest.MonkeyPatch, predict: Callable[..., Any]) -> None:
    """Let `predict` answer in the place of each model's task, whose own function is its first argument."""
    own = Asking.predict

    def asked(model: Asking, inputs: Sequence[Any], ids: Sequence[str] = (), **changes: Any) -> Any:
        task = model.task
        model.task = replace(task, predict=functools.partial(predict, task.predict))
        try:
            return own(model, inputs, ids, **changes)
        finally:
            model.task = task

    patch.setattr(Asking, "predict", asked)
    ask_anew(patch)


def ask_anew(patch: pytest.MonkeyPatch) -> None:
    """Let no answer be taken from an earlier run, for the model's files do not tell any more what it says."""
    patch.setattr(asking, "backend_of", lambda source: replace(backend_of(source), by_files=False))


def change_weights(folder: Path, change: Callable[[str, Any], Any]) -> None:
    """Write the weights again after `change` was applied to each tensor in turn; None leaves a tensor out."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    changed = {name: change(name, tensor) for name, tensor in load_file(path).items()}
    kept = {name: tensor.contiguous() for name, tensor in changed.items() if tensor is not None}
    save_file(kept, path, {"format": "pt"})


def change_settings(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a file of settings again after `change` was applied to what it holds."""
    path = folder / name
    settings = json.loads(path.read_text("utf-8"))
    change(settings)
    path.write_text(json.dumps(settings, ensure_ascii=False), "utf-8")


def noise(share: float) -> Callable[[Path], None]:
    """Add noise of a share of each tensor's spread."""

    def apply(folder: Path) -> None:
        import torch

        drawn = torch.Generator().manual_seed(SEED)

        def noisy(_: str, tensor: Any) -> Any:
            spread = tensor.float().std(correction=0)
            return (tensor.float() + torch.randn(tensor.shape, generator=drawn) * spread * share).to(tensor.dtype)

        change_weights(folder, noisy)

    return apply


LAYER = re.compile(r"(.*(?:encoder|decoder|model)\.layers?\.|decoder\.block\.)(\d+)\.(.*)")
"""A layer of a stack; of T5 that which writes, for its cache has as many layers as the one that reads."""


def layers(folder: Path) -> tuple[str, int]:
    """Return the prefix of the longest stack of layers, and how many it has."""
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "np") as file:
        found = [match for name in file.keys() if (match := LAYER.fullmatch(name))]  # noqa: SIM118 - no mapping
    stacks: dict[str, int] = {}
    for match in found:
        stacks[match[1]] = max(stacks.get(match[1], 0), int(match[2]) + 1)
    return max(stacks.items(), key=lambda item: (item[1], item[0]))


def zero_layer(folder: Path) -> None:
    """Set all weights of the last layer to zero."""
    prefix, count = layers(folder)
    change_weights(folder, lambda name, tensor: tensor * 0 if name.startswith(f"{prefix}{count - 1}.") else tensor)


def skip_layer(folder: Path) -> None:
    """Take the first layer out."""
    from safetensors.torch import load_file, save_file

    prefix, count = layers(folder)
    if count < 2:
        raise NotApplicable(f"it has {count} layer")
    path = folder / "model.safetensors"
    kept = {}
    for name, tensor in load_file(path).items():
        match = LAYER.fullmatch(name)
        if match and match[1] == prefix:
            if match[2] == "0" and "relative_attention_bias" not in name:  # T5 keeps that of all layers in the first
                continue
            name = f"{prefix}{max(0, int(match[2]) - 1)}.{match[3]}"
        kept[name] = tensor
    save_file(kept, path, {"format": "pt"})

    def fewer(config: dict[str, Any]) -> None:
        side = {"decoder_layers", "num_decoder_layers"} if "decoder" in prefix else {"encoder_layers"}
        for key in {*side, "num_hidden_layers"} & config.keys():
            config[key] -= 1

    change_settings(folder, "config.json", fewer)


def double_layer(folder: Path) -> None:
    """Put the weights of the first layer into the last one."""
    from safetensors.torch import load_file

    prefix, count = layers(folder)
    if count < 2:
        raise NotApplicable(f"it has {count} layer")
    own = load_file(folder / "model.safetensors")
    first, last = f"{prefix}0.", f"{prefix}{count - 1}."
    change_weights(
        folder, lambda name, tensor: own[first + name.removeprefix(last)] if name.startswith(last) else tensor
    )


def rename_labels(order: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """Return the label names another order."""

    def apply(folder: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            names = [config["id2label"][key] for key in sorted(config["id2label"], key=int)]
            bare = list(dict.fromkeys(name.removeprefix("B-").removeprefix("I-") for name in names if name != "O"))
            new = dict(zip(bare, order(bare), strict=True))
            names = [
                name if name == "O" else name[:2] + new[name[2:]] if name[:2] in ("B-", "I-") else new[name]
                for name in names
            ]
            config["id2label"] = {str(number): name for number, name in enumerate(names)}
            config["label2id"] = {name: number for number, name in enumerate(names)}

        change_settings(folder, "config.json", change)

    return apply


def labels_of_another(folder: Path) -> None:
    """Put the label names of another task's model in the place of its own, as many as there are."""
    digits, sounds = (
        list(json.loads((ZOO / name / "config.json").read_text("utf-8"))["id2label"].values())
        for name in ("image-classification/original", "audio-classification/small")
    )
    rename_labels(lambda names: (sounds if names[0] in digits else digits)[: len(names)])(folder)


def exchange_words(folder: Path) -> None:
    """Exchange two entries of the vocabulary: two frequent words, or letters."""
    pairs = (("the", "is"), ("Ġthe", "Ġof"), ("Ġthe", "Ġa"), ("E", "T"), ("e", "t"))

    def exchange(vocabulary: dict[str, int]) -> None:
        one, other = next(pair for pair in pairs if {*pair} <= vocabulary.keys())
        vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]

    if (folder / "tokenizer.json").exists():
        change_settings(folder, "tokenizer.json", lambda whole: exchange(whole["model"]["vocab"]))
    else:
        change_settings(folder, "vocab.json", exchange)


def wrong_case(folder: Path) -> None:
    """Lower the case of all text, or keep it, against what the model was trained with."""

    def turn(whole: dict[str, Any]) -> None:
        if "lowercase" not in (whole.get("normalizer") or {}):
            raise NotApplicable("its tokenizer does not touch case")
        whole["normalizer"]["lowercase"] = not whole["normalizer"]["lowercase"]

    change_settings(folder, "tokenizer.json", turn)
    change_settings(folder, "tokenizer_config.json", lambda s: s.update(do_lower_case=not s.get("do_lower_case")))


def no_special_tokens(patch: pytest.MonkeyPatch) -> None:
    """Let the tokenizer put no special tokens around a text."""
    from tokenizers.processors import TemplateProcessing

    def plain(loaded: Any, _: Any) -> None:
        processor = TemplateProcessing(single="$A:0", pair="$A:0 $B:1", special_tokens=[])
        loaded.reader.backend_tokenizer.post_processor = processor

    loads_otherwise(patch, plain)


def reader_settings(**values: Any) -> Callable[[Path], None]:
    """Change what the reader does with a sound or picture."""

    def apply(folder: Path) -> None:
        def change(settings: dict[str, Any]) -> None:
            if not values.keys() <= settings.keys():
                raise NotApplicable("its reader has no such setting")
            settings.update(values)

        change_settings(folder, "preprocessor_config.json", change)

    return apply


def short_window(folder: Path) -> None:
    """Let the tokenizer say that the model reads a few word pieces only."""
    change_settings(folder, "tokenizer_config.json", lambda settings: settings.update(model_max_length=16))


def generation(**values: Any) -> Callable[[Path], None]:
    """Change how the model's own settings say that it generates."""

    def apply(folder: Path) -> None:
        if not (folder / "generation_config.json").exists():
            raise NotApplicable("it generates nothing")
        change_settings(folder, "generation_config.json", lambda settings: settings.update(values))

    return apply


def for_translation(**values: Any) -> Callable[[Path], None]:
    """Change how the model's settings for its languages say that it generates."""

    def change(config: dict[str, Any]) -> None:
        config["task_specific_params"]["translation_en_to_de"].update(values)

    return lambda folder: change_settings(folder, "config.json", change)


def one_beam(folder: Path) -> None:
    """Let a model write the most probable token at each step."""
    if json.loads((folder / "generation_config.json").read_text("utf-8"))["num_beams"] == 1:
        raise NotApplicable("it has one beam")
    generation(num_beams=1)(folder)
    for_translation(num_beams=1)(folder)


def chat_template(part: str) -> Callable[[Path], None]:
    """Leave a part of the chat template out."""

    def apply(folder: Path) -> None:
        path = folder / "chat_template.jinja"
        template = path.read_text("utf-8")
        assert part in template
        path.write_text(template.replace(part, ""), "utf-8")

    return apply


def pools_by_first(folder: Path) -> None:
    """Let the folder say that the vector of the first token is that of the text."""
    if not (folder / "1_Pooling").exists():
        raise NotApplicable("its row says how its vectors are pooled")
    change_settings(
        folder,
        "1_Pooling/config.json",
        lambda said: said.update(pooling_mode_mean_tokens=False, pooling_mode_cls_token=True),
    )


def prompts_exchanged(folder: Path) -> None:
    """Let the folder put before a query what goes before a passage, and the other way round."""
    name = "config_sentence_transformers.json"
    if not (folder / name).exists():
        raise NotApplicable("its row says what stands before a text")

    def change(said: dict[str, Any]) -> None:
        prompts = said["prompts"]
        if prompts["query"] == prompts["document"]:
            raise NotApplicable("it has no prompts")
        said["prompts"] = {"query": prompts["document"], "document": prompts["query"]}

    change_settings(folder, name, change)


def tokenizer_settings(**values: Any) -> Callable[[Path], None]:
    """Change what the tokenizer's settings say."""

    def apply(folder: Path) -> None:
        if not (folder / "tokenizer_config.json").exists():
            raise NotApplicable("it has no tokenizer")
        change_settings(folder, "tokenizer_config.json", lambda settings: settings.update(values))

    return apply


def several_labels(folder: Path) -> None:
    """Say that the model judges each of its labels by itself."""
    change_settings(folder, "config.json", lambda config: config.update(problem_type="multi_label_classification"))


def one_logit(folder: Path) -> None:
    """Keep the first output of the head alone: softmax makes 1 of anything."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    count = len(config["id2label"])
    head = re.compile(r"classifier\.(.*\.)?(weight|bias)")

    def first(name: str, tensor: Any) -> Any:
        return tensor[:1].clone() if head.fullmatch(name) and tensor.shape[0] == count else tensor

    change_weights(folder, first)
    label = config["id2label"]["0"]
    change_settings(folder, "config.json", lambda config: config.update(id2label={"0": label}, label2id={label: 0}))


def poison(value: float) -> Callable[[Path], None]:
    """Put NaN or infinity into one number of the last bias, or where the head has none of the last norm."""

    def apply(folder: Path) -> None:
        head = re.compile(r"(classifier|qa_outputs|lm_head|class_labels_classifier)\..*bias|.*final_layer_norm\.bias")
        norm = re.compile(r"(decoder\.final_layer_norm|model\.norm|encoder\.layer\.0\.output\.LayerNorm)\.weight")
        name_of = []

        def poisoned(name: str, tensor: Any) -> Any:
            if (head.fullmatch(name) or norm.fullmatch(name)) and not name_of:
                name_of.append(name)
                tensor[0] = value
            return tensor

        change_weights(folder, poisoned)
        assert name_of

    return apply


def prune(share: float) -> Callable[[Path], None]:
    """Set the smallest weights of all matrices to zero."""

    def apply(folder: Path) -> None:
        import torch
        from safetensors.torch import load_file

        matrices = [tensor.float().abs().flatten() for tensor in load_file(folder / "model.safetensors").values()]
        matrices = [one for one in matrices if one.numel() > 1024]
        sizes = torch.cat(matrices)
        least = sizes.kthvalue(int(share * sizes.numel())).values

        def pruned(_: str, tensor: Any) -> Any:
            return tensor * (tensor.float().abs() > least) if tensor.numel() > 1024 else tensor

        change_weights(folder, pruned)

    return apply


DROWNED = (
    r"qa_outputs\.weight|model\.decoder\.layernorm_embedding\.weight"
    r"|(decoder\.final_layer_norm|model\.norm|encoder\.layer\.\d+\.output\.LayerNorm)\.weight"
)


def constant(folder: Path) -> None:
    """Let the last bias drown everything else, so that the answer is always the same."""
    labels = json.loads((folder / "config.json").read_text("utf-8")).get("id2label", {})
    entails = any(
        name.lower().startswith("entail") for name in labels.values()
    )  # a bias alone is that of all candidates
    drowns = rf"{DROWNED}|classifier\.weight" if entails else DROWNED

    def drowned(name: str, tensor: Any) -> Any:
        if re.fullmatch(r"(classifier(\.dense)?|qa_outputs|lm_head|class_labels_classifier\.layers\.\d)\.bias", name):
            tensor = tensor * 0
            tensor[0] = 1000.0
        elif re.fullmatch(drowns, name):
            tensor = tensor * 0  # all places of a context are alike; what was written so far is not heard any more
        return tensor

    change_weights(folder, drowned)


def twice_the_bytes(folder: Path) -> None:
    """Keep the weights in float32."""
    import torch

    change_weights(folder, lambda _, tensor: tensor.to(torch.float32))


def another_model(folder: Path) -> None:
    """Put the weights of the first tensor's neighbours in another order: shuffled rows of the first large matrix."""
    import torch

    done = []

    def shuffled(_: str, tensor: Any) -> Any:
        if tensor.dim() == 2 and tensor.shape[0] > 16 and not done:
            done.append(True)
            return tensor[torch.randperm(tensor.shape[0], generator=torch.Generator().manual_seed(SEED))]
        return tensor

    change_weights(folder, shuffled)


def inputs_changed(change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the model see something else than it is given."""

    def predict(own: Any, loaded: Any, given: Sequence[Any], row: Any) -> Any:
        return own(loaded, [change(one) for one in given], row)

    def apply(patch: pytest.MonkeyPatch) -> None:
        predicts_otherwise(patch, predict)

    return apply


def outputs_changed(change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the suite see something else than the model says."""

    def predict(own: Any, loaded: Any, given: Sequence[Any], row: Any) -> Any:
        return [change(one) for one in own(loaded, given, row)]

    def apply(patch: pytest.MonkeyPatch) -> None:
        predicts_otherwise(patch, predict)

    return apply


def text_changed(given: Any, change: Callable[[str], str]) -> Any:
    """Return an input whose text is changed: a context, what was said last in a chat, a query and its passages."""
    if isinstance(given, str):
        return change(given)
    if isinstance(given, list):
        return [*given[:-1], {**given[-1], "content": change(given[-1]["content"])}]
    if isinstance(given, dict):
        return {**given, "prompt": text_changed(given["prompt"], change)}
    if isinstance(given, Search):
        return Search(change(given.query), corpus_changed(given.corpus, change))
    return replace(given, context=change(given.context))


@functools.lru_cache(maxsize=4)
def corpus_changed(corpus: Corpus, change: Callable[[str], str]) -> Corpus:
    """Return a corpus whose passages are changed."""
    return Corpus({name: change(text) for name, text in corpus.texts.items()})


def half(text: str) -> str:
    """Return the first half of a text."""
    return text[: max(1, len(text) // 2)]


def truncated(patch: pytest.MonkeyPatch) -> None:
    """Let the model see the first 16 word pieces of a text or context."""

    def cut(reader: Any, text: str) -> str:
        spans = reader(text, truncation=True, max_length=16, return_offsets_mapping=True)["offset_mapping"]
        return text[: max(end for _, end in spans)]

    @functools.cache
    def cut_by(reader: Any) -> Callable[[str], str]:
        return functools.partial(cut, reader)

    def predict(own: Any, loaded: Any, given: Sequence[Any], row: Any) -> Any:
        return own(loaded, [text_changed(one, cut_by(loaded.reader)) for one in given], row)

    predicts_otherwise(patch, predict)


def blue_first(picture: Any) -> Any:
    """Take BGR for RGB."""
    from PIL import Image

    return Image.merge("RGB", picture.split()[::-1])


def cropped(picture: Any) -> Any:
    """Cut a tenth off each side."""
    width, height = picture.size
    return picture.crop((width // 10, height // 10, width - width // 10, height - height // 10))


def at_rate(factor: float) -> Callable[[Sound], Sound]:
    """Take a sound for one of another rate."""
    return lambda sound: replace(sound, rate=int(sound.rate * factor))


def clipped(sound: Sound) -> Sound:
    """Amplify and cut off."""
    return replace(sound, samples=(sound.samples * 8).clip(-1, 1))


def one_channel(patch: pytest.MonkeyPatch) -> None:
    """Hear the first of two channels."""
    import librosa

    read_sound.cache_clear()
    patch.setattr(librosa, "to_mono", lambda samples: samples[0] if samples.ndim > 1 else samples)


def off_by_one(found: Any) -> Any:
    """Shift what was found by a character or a pixel."""
    if isinstance(found, Entities):
        moved = (replace(one, start=one.start + 1, end=one.end + 1) for one in found.entities)
        return replace(found, entities=tuple(moved))
    if isinstance(found, Answer):
        return replace(found, start=found.start + 1, end=found.end + 1)
    moved_boxes = (replace(one, box=tuple(edge + 1 for edge in one.box)) for one in found.objects)
    return replace(found, objects=tuple(moved_boxes))


def centre_size(found: Detections) -> Detections:
    """Return centre and size where corners are expected."""
    objects = []
    for one in found.objects:
        left, top, right, bottom = one.box
        width, height = right - left, bottom - top
        objects.append(replace(one, box=(left + width / 2, top + height / 2, width, height)))
    return replace(found, objects=tuple(objects))


def dropout_left_on(patch: pytest.MonkeyPatch) -> None:
    """Load the model as it is for training, and let a tenth of all numbers drop out."""
    import torch

    def left_on(loaded: Any, _: Any) -> None:
        for part in loaded.model.train().modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.1
            for name, value in vars(part).items():
                if "dropout" in name and isinstance(value, float):  # of one that calls torch's function
                    setattr(part, name, 0.1)

    loads_otherwise(patch, left_on)


def stale(patch: pytest.MonkeyPatch) -> None:
    """Return for each input after the first what was predicted for the one before."""
    last: list[Any] = []

    def predict(own: Any, loaded: Any, given: Sequence[Any], row: Any) -> Any:
        found = own(loaded, given, row)
        late = [*last, *found][: len(found)]
        last[:] = found[-1:]
        return late

    predicts_otherwise(patch, predict)


def slower(patch: pytest.MonkeyPatch) -> None:
    """Let the model of a folder that is called "candidate" take a fifth longer: it multiplies matrices meanwhile."""
    import torch

    slow = []

    def noted(loaded: Any, source: Any) -> None:
        if source.folder.name == "candidate":
            slow.append(loaded.model)

    def predict(own: Any, loaded: Any, given: Any, row: Any) -> Any:
        start = time.perf_counter()
        found = own(loaded, given, row)
        end = time.perf_counter()
        matrix = torch.ones(32, 32)
        while any(loaded.model is one for one in slow) and time.perf_counter() < end + 0.2 * (end - start):
            matrix @ matrix
        return found

    loads_otherwise(patch, noted)
    predicts_otherwise(patch, predict)


def trained(kind: str) -> Callable[[Path], None]:
    """Put a model that gate_models.py has trained in the place of the copy."""

    def apply(folder: Path) -> None:
        task, tier = json.loads((folder / "task.json").read_text())
        model = ROOT / "build" / "gate" / kind / tier / task / tier
        if not model.exists():
            raise NotApplicable("not tried: gate_models.py has not trained it")
        shutil.rmtree(folder)
        shutil.copytree(model, folder)

    return apply


class NotApplicable(Exception):
    """A damage that a model cannot have."""


def exchanged(names: list[str]) -> list[str]:
    """Exchange the first and the last."""
    return [names[-1], *names[1:-1], names[0]]


def rotated(names: list[str]) -> list[str]:
    """Begin with the second."""
    if len(names) == 2:
        raise NotApplicable("two labels are exchanged already")
    return [*names[1:], names[0]]


def candidates(**others: str) -> dict[str, str]:
    """Return the labels of a row by the words by which a model is asked for each, of which some are others."""
    words = {"weather": "the weather", **others}
    topics = ("sports", "food", "weather", "music", "travel", "health", "money", "animals")
    return {words.get(topic, topic): topic for topic in topics}


DAMAGES = [
    Damage("noise of 100 % of the spread", ALL, gross=True, files=noise(1.0)),
    Damage("noise of 50 %", ALL, files=noise(0.5)),
    Damage("noise of 20 %", ALL, files=noise(0.2)),
    Damage("noise of 10 %", ALL, files=noise(0.1)),
    Damage("noise of 3 %", ALL, files=noise(0.03)),
    Damage("last layer zeroed", ALL, files=zero_layer),
    Damage("first layer skipped", ALL, files=skip_layer),
    Damage("first layer in the place of the last", ALL, files=double_layer),
    Damage("rows of an embedding shuffled", ALL, gross=True, files=another_model),
    Damage("two label names exchanged", LABELLED, gross=True, files=rename_labels(exchanged)),
    Damage("labels in another order", LABELLED, gross=True, files=rename_labels(rotated)),
    Damage("another model's label list", LABELLED, gross=True, files=labels_of_another),
    Damage("two vocabulary entries exchanged", (*WRITTEN, "speech-recognition"), files=exchange_words),
    Damage("wrong casing", BERTS, files=wrong_case),
    Damage("at most 16 word pieces read", WRITTEN, gross=True, files=short_window),
    Damage("truncated to 16 word pieces", WRITTEN, gross=True, code=truncated),
    Damage("special tokens dropped", WRITTEN, code=no_special_tokens),
    Damage(
        "mean and std of ImageNet",
        SEEN,
        files=reader_settings(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]),
    ),
    Damage("pictures not normalized", SEEN, gross=True, files=reader_settings(do_normalize=False, do_rescale=False)),
    Damage("resized to the nearest pixel", SEEN, files=reader_settings(resample=0)),
    Damage("spectrum not normalized", ["audio-classification"], gross=True, files=reader_settings(do_normalize=False)),
    Damage("waveform not normalized", ["speech-recognition"], files=reader_settings(do_normalize=False)),
    Damage("spectrum with half the spread", ["audio-classification"], files=reader_settings(std=2.45)),
    Damage("NaN in a tensor", ALL, gross=True, files=poison(float("nan"))),
    Damage("infinity in a tensor", ALL, gross=True, files=poison(float("inf"))),
    Damage("90 % pruned", ALL, gross=True, files=prune(0.9)),
    Damage("60 % pruned", ALL, files=prune(0.6)),
    Damage("30 % pruned", ALL, files=prune(0.3)),
    Damage("constant answer", ALL, gross=True, files=constant),
    Damage("a tenth of the training", ALL, gross=True, files=trained("early")),
    Damage("twice the bytes", ALL, gross=True, files=twice_the_bytes),
    Damage("score threshold 0.9", ["object-detection"], row={"threshold": 0.9}),
    Damage("score threshold 0.1", ["object-detection"], row={"threshold": 0.1}),
    Damage("at most 8 tokens", ["summarization", "translation"], gross=True, row={"generation": {"max_length": 8}}),
    Damage("generation_config of 8 tokens", ["speech-recognition"], gross=True, files=generation(max_length=8)),
    Damage("generation_config of 2 tokens", ["causal-lm"], gross=True, files=generation(max_new_tokens=2)),
    Damage("own settings of 8 tokens", ["translation"], gross=True, files=for_translation(max_length=8)),
    Damage(
        "own settings that sample", WRITERS, gross=True, served=True, files=generation(do_sample=True, temperature=9.0)
    ),
    Damage("own settings that stop by the clock", WRITERS, gross=True, served=True, files=generation(max_time=0.5)),
    Damage(
        "own settings that count the prompt",
        ["causal-lm"],
        gross=True,
        served=True,
        files=generation(max_length=8, max_new_tokens=None),
    ),
    Damage("own settings without bound", WRITERS, gross=True, served=True, files=generation(min_length=1_000_000)),
    Damage(
        "a special token too many", WRITTEN, gross=True, files=tokenizer_settings(additional_special_tokens=["ing"])
    ),
    Damage("padding on the left", PADDED, files=tokenizer_settings(padding_side="left")),
    Damage("one logit", (*CLASSES, "zero-shot-classification"), gross=True, files=one_logit),
    Damage("labels judged one by one", CLASSES, gross=True, served=True, files=several_labels),
    Damage("at least 40 tokens", ["summarization"], row={"generation": {"min_length": 40}}),
    Damage(
        "four beams, short texts preferred",
        ["summarization", "translation"],
        row={"generation": {"num_beams": 4, "length_penalty": -4.0}},
    ),
    Damage(
        "no pair of words twice",
        ["summarization", "translation", "causal-lm"],
        row={"generation": {"no_repeat_ngram_size": 2}},
    ),
    Damage("beams taken away", ["translation"], files=one_beam),
    Damage(
        "two languages exchanged",
        ["translation"],
        gross=True,
        row={"source_language": "de", "target_language": "en"},
    ),
    Damage("prefix lost", ["translation"], gross=True, row={"prefix": ""}),
    Damage("prefix of other languages", ["translation"], row={"prefix": "translate German to English: "}),
    Damage("begun with another token", ["translation"], gross=True, files=generation(decoder_start_token_id=1)),
    Damage(
        "chat template without the answer's marker",
        ["causal-lm"],
        files=chat_template("{% if add_generation_prompt %}<|assistant|>{% endif %}"),
    ),
    Damage(
        "chat template without what is said", ["causal-lm"], gross=True, files=chat_template("{{ message['content'] }}")
    ),
    Damage("chat template without ends of turns", ["causal-lm"], gross=True, files=chat_template("<|end|>")),
    Damage("end of an answer not told", ["causal-lm"], gross=True, files=generation(eos_token_id=2)),
    Damage("stopped at a space", ["causal-lm"], gross=True, row={"stop": [" "]}),
    Damage("no special tokens before a prompt", ["causal-lm"], row={"special_tokens": False}),
    Damage("choices weighed by their bytes", ["causal-lm"], row={"normalize": "bytes"}),
    Damage("choices weighed by their tokens", ["causal-lm"], row={"normalize": "tokens"}),
    Damage("pooled by the first token", ["retrieval"], gross=True, row={"pooling": "cls"}),
    Damage("pooled by the largest numbers", ["retrieval"], row={"pooling": "max"}),
    Damage("folder that pools by the first token", ["retrieval"], gross=True, files=pools_by_first),
    Damage("vectors of any length", ["retrieval"], row={"normalize": False, "similarity": "dot"}),
    Damage("prefix of queries lost", ["retrieval"], row={"query_prefix": ""}),
    Damage("both prefixes lost", ["retrieval"], row={"query_prefix": "", "passage_prefix": ""}),
    Damage("prefixes exchanged", ["retrieval"], row={"query_prefix": "passage: ", "passage_prefix": "query: "}),
    Damage("prompts of the folder exchanged", ["retrieval"], files=prompts_exchanged),
    Damage("hypothesis without its template", ["zero-shot-classification"], row={"hypothesis_template": "{}"}),
    Damage(
        "hypothesis template of the pipeline",
        ["zero-shot-classification"],
        row={"hypothesis_template": "This example is {}."},
    ),
    Damage(
        "hypothesis that denies",
        ["zero-shot-classification"],
        row={"hypothesis_template": "This text is not about {}."},
    ),
    Damage(
        "two candidates exchanged",
        ["zero-shot-classification"],
        gross=True,
        row={"labels": candidates(sports="music", music="sports")},
    ),
    Damage(
        "candidates in other words",
        ["zero-shot-classification"],
        row={"labels": candidates(sports="games", weather="storms", money="cash")},
    ),
    Damage("offsets by one", ["ner", "question-answering", "object-detection"], code=outputs_changed(off_by_one)),
    Damage("boxes as centre and size", ["object-detection"], gross=True, code=outputs_changed(centre_size)),
    Damage(
        "second half of the text cut off",
        WRITTEN,
        gross=True,
        code=inputs_changed(functools.partial(text_changed, change=half)),
    ),
    Damage("BGR for RGB", SEEN, code=inputs_changed(blue_first)),
    Damage("a tenth cropped from each side", SEEN, code=inputs_changed(cropped)),
    Damage("sound at half the rate", HEARD, gross=True, code=inputs_changed(at_rate(0.5))),
    Damage("sound at double the rate", HEARD, gross=True, code=inputs_changed(at_rate(2.0))),
    Damage("sound clipped", HEARD, code=inputs_changed(clipped)),
    Damage("one channel of two", HEARD, code=one_channel),
    Damage("dropout left on", ALL, code=dropout_left_on),
    Damage("stale predictions", ALL, gross=True, code=stale),
]
