"""Speech recognition: from sounds to texts, spelled frame by frame (CTC) or written step by step (Whisper)."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr
from swapgate.core.words import first_line
from swapgate.inputs.given import Sound
from swapgate.inputs.sounds import read_sound, wav
from swapgate.outputs import text
from swapgate.outputs.text import Text
from swapgate.outputs.writing_systems import words
from swapgate.tasks.case import Case, CaseShape, Files
from swapgate.tasks.generation import REPLACED, WritingSettings, check_own, not_done, replaced
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.sounds import BATCH, fewest_samples, resampled
from swapgate.tasks.sounds import left_out as left_out_of
from swapgate.tasks.task import Loaded, Task, architectures

PADDABLE = ("wav2vec2", "hubert")
"""CTC models that take sounds of several lengths at once without one of them changing another."""
WHISPER_SETS = "mend the model's generation_config.json, which sets language and task"
OTHERS = ("ForConditionalGeneration", "EncoderDecoderModel", "ForSpeechToText", "ForTDT", "ForRNNT")
"""How the names of architectures end that write what is said in another way."""
GREEDY: dict[str, Any] = {"do_sample": False, "num_beams": 1, "temperature": 0.0, "return_timestamps": False}
"""What holds whatever the model's generation_config.json says; its language and task are kept."""


class SpeechSettings(WritingSettings, CutSettings):
    """The keys of a row of speech recognition."""


class SpeechCase(CaseShape):
    """A sound and what is said in it."""

    audio: NonEmptyStr
    """A file beside the cases file, or the name of a download."""
    expected: NonEmptyStr
    """What is said; capitals and punctuation do not matter."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where nothing is said, or there is no such file."""
    if not words(row.expected):
        raise InputFault(f"{where}: expected = {row.expected!r} has no words; write what is said")
    return Case(row.id, files.find(row.audio, where), row.expected, read_sound)


def auto_class(name: str, config: Mapping[str, Any]) -> str:
    """Return how a CTC model or a Whisper is loaded; config.json says which it is. Raises SurroundingsFault."""
    kind = config.get("model_type")
    names = architectures(config)
    if kind == "whisper":
        return "AutoModelForSpeechSeq2Seq"
    if any(one.endswith("ForCTC") for one in names):
        return "AutoModelForCTC"
    what = f"{name} is a {kind} model ({', '.join(names) or 'no architecture'})"
    if any(one.endswith(OTHERS) for one in names):
        raise SurroundingsFault(
            f"{what}: of recognizers CTC models and Whisper are read, and none of its kind; judge one of these, or"
            " write a task for it (docs/how-to/own-task.md)"
        )
    raise SurroundingsFault(
        f"{what}, which is neither a Whisper nor saved as one for CTC; give a checkpoint that was trained to write what"
        " is said"
    )


def check_loaded(name: str, loaded: Loaded) -> None:
    """Make sure that a model's processor has both its parts, and its settings values. Raises SurroundingsFault."""
    missing = [part for part in ("feature_extractor", "tokenizer") if not hasattr(loaded.reader, part)]
    if missing:
        raise SurroundingsFault(
            f"{name} has no {' and no '.join(missing)} in its folder, which it needs; save its processor there"
        )
    check_own(name, loaded)


def predict(loaded: Loaded, sounds: Sequence[Sound], row: Any) -> list[Text | ModelFault]:
    """Write what is said in each sound, as the model writes it: always the most probable letter or token.

    A margin is how near a text was to being another one. For Whisper it is the smallest lead, over all steps, of the
    chosen token's probability over that of the next best one. For CTC it is the smallest lead of a frame whose next
    best letter would change the text; of a letter that several frames give, only all of them together can take it away.

    A sound whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a sound is empty,
    has samples that are not finite or absurdly large, or is shorter or longer than the model can hear at once; with
    `long` in the row a longer one is heard as far as the model can.
    """
    rate = int(loaded.reader.feature_extractor.sampling_rate)
    waves = [resampled(sound, rate, *_limits(loaded), cut=row.long == "truncate") for sound in sounds]
    found: dict[int, Text | ModelFault] = {}
    for places in _together(loaded, waves):
        part = [waves[place] for place in places]
        whisper = loaded.model.config.model_type == "whisper"
        heard = _written(loaded, part, row) if whisper else _spelled(loaded, part)
        found.update(zip(places, heard, strict=True))
    return [found[place] for place in range(len(waves))]


def left_out(loaded: Loaded, sounds: Sequence[Sound], row: Any) -> list[str]:
    """Tell of each sound what is left out of it because it is longer than the model can hear at once."""
    if row.long != "truncate":
        return [""] * len(sounds)
    return left_out_of(sounds, int(loaded.reader.feature_extractor.sampling_rate), _limits(loaded)[1])


def produced(loaded: Loaded, found: Sequence[Text]) -> int | None:
    """Count the tokens that a Whisper's tokenizer makes of its texts; None for CTC, which spells all at once."""
    if loaded.model.config.model_type != "whisper":
        return None
    return sum(len(loaded.reader.tokenizer(one.text, add_special_tokens=False)["input_ids"]) for one in found)


def _together(loaded: Loaded, waves: Sequence[Any]) -> list[list[int]]:
    """Return which sounds can go through at once: all, or those of one length where padding would be heard."""
    config = loaded.model.config
    whole = config.model_type == "whisper"  # it pads every sound to the same length
    masked = (
        config.model_type in PADDABLE
        and config.feat_extract_norm == "layer"  # a norm over time would count the padding in
        and loaded.reader.feature_extractor.return_attention_mask
        and not getattr(config, "add_adapter", False)
    )
    if whole or masked:
        return [list(range(len(waves)))] if waves else []
    lengths: dict[int, list[int]] = {}
    for place, wave in enumerate(waves):
        lengths.setdefault(len(wave), []).append(place)
    return list(lengths.values())


def _spelled(loaded: Loaded, waves: Sequence[Any]) -> list[Text | ModelFault]:
    """Write what a CTC model hears in waves that can go through it together."""
    import torch

    model, tokenizer = loaded.model, loaded.reader.tokenizer
    batch = _features(loaded, waves)
    with torch.inference_mode():
        scores = model(**batch).logits.float().cpu()
    counts = [scores.shape[1]] * len(waves)
    if len({len(wave) for wave in waves}) > 1:
        counts = model._get_feat_extract_output_lengths(batch["attention_mask"].sum(dim=-1)).tolist()
    found: list[Text | ModelFault] = []
    for table, count in zip(scores, counts, strict=True):
        frames = table[:count]  # behind them is padding
        broken = int((~torch.isfinite(frames)).any(dim=-1).sum())
        if broken:
            found.append(ModelFault(f"{broken} of {count} frames have a score that is NaN or infinite"))
            continue
        chances, letters = frames.softmax(dim=-1).topk(2, dim=-1)
        leads = (chances[:, 0] - chances[:, 1]).tolist()
        best, second = letters[:, 0].tolist(), letters[:, 1].tolist()
        heard = tokenizer.decode(best, clean_up_tokenization_spaces=False)
        found.append(Text(heard.strip(), margin=spelling_margin(best, second, leads, model.config.pad_token_id)))
    return found


def spelling_margin(best: Sequence[int], second: Sequence[int], leads: Sequence[float], blank: int) -> float:
    """Return the smallest lead that stands between a text and another one, in [0, 1]; 1 where nothing could change it.

    The frames of a CTC model have a best letter each, a second one, and the lead of the first. Letters in a row that
    are equal are one, and the blank is none.
    """
    margin = 1.0
    for at, (own, other, lead) in enumerate(zip(best, second, leads, strict=True)):
        before = best[at - 1] if at else blank
        after = best[at + 1] if at + 1 < len(best) else blank
        if lead < margin and _letters(before, own, after, blank) != _letters(before, other, after, blank):
            margin = lead
    start = 0
    for end in range(1, len(best) + 1):
        if end < len(best) and best[end] == best[start]:
            continue
        between = start > 0 and end < len(best) and best[start - 1] == best[end]
        if best[start] != blank or between:  # a blank matters that keeps two equal letters apart
            margin = min(margin, max(leads[start:end]))
        start = end
    return margin


def _letters(before: int, own: int, after: int, blank: int) -> list[int]:
    """Return the letters that two neighbouring frames add to a text, after a frame with the letter `before`."""
    pairs = ((before, own), (own, after))
    return [letter for previous, letter in pairs if letter not in (blank, previous)]


def _written(loaded: Loaded, waves: Sequence[Any], row: Any) -> list[Text | ModelFault]:
    """Write what a Whisper hears; where latency is measured, as many tokens as it must."""
    import torch

    model, tokenizer = loaded.model, loaded.reader.tokenizer
    ends = model.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    batch = _features(loaded, waves)
    wished = getattr(row, "generation", None)  # set where latency is measured
    length = wished.model_dump(exclude_none=True) if wished else {}
    for name, value in REPLACED.items():  # Whisper's generate heeds its own settings whatever it is given
        setattr(model.generation_config, name, value)
    with torch.inference_mode():
        try:
            steps = model.generate(**batch, **GREEDY, **length, output_scores=True, return_dict_in_generate=True).scores
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise SurroundingsFault(
                f"no text could be written: {type(error).__name__}: {first_line(error)};"
                f" {not_done(model.generation_config.to_dict()) or WHISPER_SETS}"
            ) from error
        scores = torch.stack(list(steps), dim=1).float().cpu()
    found: list[Text | ModelFault] = []
    for table in scores:
        chosen = table.argmax(dim=-1).tolist()
        count = next((step + 1 for step, token in enumerate(chosen) if token in ends), len(chosen))
        chances = table[:count].softmax(dim=-1)  # a token that is forbidden has a score of -inf, which is sound
        broken = int((~torch.isfinite(chances)).any(dim=-1).sum())
        if broken:
            found.append(ModelFault(f"{broken} of {count} steps have a score that is NaN or infinite"))
            continue
        top = chances.topk(2, dim=-1).values
        heard = tokenizer.decode(chosen[:count], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        found.append(Text(heard.strip(), margin=float((top[:, 0] - top[:, 1]).min())))
    return found


def _features(loaded: Loaded, waves: Sequence[Any]) -> dict[str, Any]:
    """Return what the model takes in, as tensors where it is."""
    reader = loaded.reader.feature_extractor
    options: dict[str, Any] = {"sampling_rate": reader.sampling_rate, "return_tensors": "pt"}
    if loaded.model.config.model_type == "whisper":
        options["return_attention_mask"] = True  # else its generate warns; the encoder hears everything
    else:
        options["padding"] = True
    return loaded.placed(reader(list(waves), **options))


def _limits(loaded: Loaded) -> tuple[int, int | None]:
    """Return the fewest and the most samples at its own rate that a model hears as a whole; None is no limit."""
    reader = loaded.reader.feature_extractor
    if loaded.model.config.model_type == "whisper":
        return int(reader.n_fft), int(reader.n_samples)  # fewer than a window are mostly padding, more are cut off
    return fewest_samples(loaded.model.config), None


def served(sound: Sound, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server what is said."""
    return "automatic_speech_recognition", {"audio": wav(sound)}


TASK = Task(
    name="speech-recognition",
    output=text.OUTPUT,
    case=SpeechCase,
    extra="audio",
    read=read,
    predict=predict,
    batch=BATCH,
    auto_class=auto_class,
    reader_class="AutoProcessor",
    settings=SpeechSettings,
    judging_keys=frozenset({"decoding", "long"}),
    left_out=left_out,
    replaced=functools.partial(replaced, besides={"num_beams": 1, "return_timestamps": False}),
    figures=("WER", "CER"),
    check_loaded=check_loaded,
    produced=produced,
    served=served,
    as_right=lambda said: said.text if said.text.strip() else None,
)
