"""Whether a model was loaded whole: each weight that it needs, and each layer that was stored."""

import copy
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.tasks.positions import TABLES

NUMBER = re.compile(r"\.(\d+)\.")
"""The number of a layer in the name of a weight."""

FEW = 5
"""Missing weights that are looked for under longer names; some are stored under no name, for they are others' too."""

RATE = 16_000
"""Samples of the sound by which it is tried what a model reads: a second of most."""
SIDE = 224
"""Pixels of a side of such a picture, where config.json does not say."""
FRAMES = 100
"""Frames of such a sound for models that hear any number of them."""


def check_whole(
    name: str, model: Any, missing: Sequence[str], unused: Sequence[str], outputs: Sequence[str] = ()
) -> None:
    """Make sure that no weight of a model of this name is missing, and no layer left out. Raises SurroundingsFault.

    `missing` are the weights that its files lack, `unused` those of the files that it has no place for. Single ones of
    these are common: heads and poolers of what it was trained for before. Of the missing ones some harm nothing: those
    that the architecture computes get the values that it computes, and those that no prediction reads, as what hides
    a part of a sound or picture while a model is trained, get NaN, which would be seen in any answer that reads them.
    `outputs` are those that are read, where these are not all.
    """
    prefix = _prefix(missing, unused)
    if prefix:
        raise SurroundingsFault(
            f"{name} has its weights under names that begin with {prefix!r} ({unused[0]}), as those of a model"
            " within another; save the one within (behind torch's DataParallel: model.module.save_pretrained)"
        )
    if layer := _not_stored(model, missing):
        layers = layer.rpartition(".")[0]
        count = len(model.get_submodule(layers))
        raise SurroundingsFault(
            f"{name} would have layers of random numbers: by config.json {layers} has {count},"
            f" and nothing of {layer} is stored; mend config.json, or save the model and it together"
        )
    missing = _needed(model.eval(), missing, outputs) if missing else missing
    if missing:
        raise SurroundingsFault(
            f"{name} lacks {len(missing)} of the weights that a {type(model).__name__} needs"
            f" ({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}); they would be random."
            " Give a checkpoint that was trained for this task"
        )
    parts: dict[str, Any] = dict(model.named_modules())
    for one in unused:
        for match in NUMBER.finditer(one):
            layers = parts.get(one[: match.start()], ())
            if type(layers).__name__ == "ModuleList" and int(match[1]) >= len(layers):
                raise SurroundingsFault(
                    f"{name} would be used without some of its layers: by config.json {one[: match.start()]} has"
                    f" {len(layers)}, and {one} is stored; mend config.json, or save the model and it together"
                )


def _prefix(missing: Sequence[str], unused: Sequence[str]) -> str:
    """Return what stands in the files before each name, of missing weights too; nothing where that is not so."""
    found = {name.removesuffix(one) for one in missing[:FEW] for name in unused if name.endswith(f".{one}")}
    return next((prefix for prefix in sorted(found) if all(name.startswith(prefix) for name in unused)), "")


def _not_stored(model: Any, missing: Sequence[str]) -> str:
    """Return the first layer of which nothing is stored, where all that is missing is of such; else nothing."""
    named, parts = [*model.state_dict()], dict(model.named_modules())
    for match in NUMBER.finditer(missing[0]) if missing else ():
        layers = missing[0][: match.start() + 1]
        if type(parts.get(layers[:-1])).__name__ == "ModuleList" and all(one.startswith(layers) for one in missing):
            of = {one: int(one.removeprefix(layers).partition(".")[0]) for one in named if one.startswith(layers)}
            first = min(of.get(one, 0) for one in missing)
            if first and {*missing} == {one for one, number in of.items() if number >= first}:
                return f"{layers}{first}"
    return ""


def _needed(model: Any, missing: Sequence[str], outputs: Sequence[str]) -> list[str]:
    """Return the missing weights, but for those that harm nothing; these have harmless values from now on.

    A model that gives no numbers whatever they are is broken in what was stored, which its predictions tell.
    """
    import torch

    weights = model.state_dict(keep_vars=True)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library says of a trial is not for who judges
        computed = _computed(model, [one for one in missing if _may_be_computed(one, weights.get(one))])
        rest = [one for one in missing if one not in computed]
        for one, values in computed.items():
            weights[one].copy_(values)
        if not all(one in weights and weights[one].is_floating_point() for one in rest):
            return rest
        own = {one: weights[one].clone() for one in rest}
        _fill(weights, rest)
        answers = _answers(model, outputs) if rest else True
        if answers is False:
            for one, values in own.items():
                weights[one].copy_(values)
            answers = _answers(model, outputs) is False
            _fill(weights, rest)
        return [] if answers else rest


def _fill(weights: Mapping[str, Any], names: Sequence[str]) -> None:
    """Make weights NaN, so that they are seen in any answer that reads them."""
    for name in names:
        weights[name].fill_(math.nan)


def _may_be_computed(name: str, weight: Any) -> bool:
    """Return whether a weight may be one that is never trained; transformers 5 forgets that of what it loads."""
    return weight is not None and (not weight.requires_grad or bool(TABLES.search(name)))


def _computed(model: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the values of those weights that each new model computes alike, whatever the seed.

    They are whole numbers or not all the same: 0 and 1 are also what a weight has before it is trained.
    """
    import torch

    made = []
    for seed in range(2) if names else ():
        with torch.random.fork_rng(devices=[]), suppress(Exception):  # a model that cannot be made computes nothing
            torch.manual_seed(seed)
            weights = type(model)(copy.deepcopy(model.config)).state_dict()
            made.append({one: weights[one] for one in names if one in weights})
    if len(made) < 2:
        return {}
    return {
        one: values
        for one, values in made[0].items()
        if torch.equal(values, made[1][one]) and (not values.is_floating_point() or len(values.unique()) > 1)
    }


def _answers(model: Any, outputs: Sequence[str]) -> bool | None:
    """Return whether all numbers are finite that a model gives for some input of its kind, or those of some outputs;
    None where it does not take that input, or gives no such output, which shows nothing.
    """
    import torch

    try:
        with torch.inference_mode():
            said = model(**_input(model))
    except Exception:  # whatever a model raises
        return None
    read = [value for name, value in said.items() if not outputs or name in outputs]
    numbers = [values for values in _tensors(read) if values.is_floating_point()]
    return all(bool(torch.isfinite(values).all()) for values in numbers) if numbers else None


def _tensors(said: Any) -> Iterator[Any]:
    """Yield the tensors of what a model gives."""
    if hasattr(said, "isfinite"):
        yield said
    elif isinstance(said, list | tuple):
        for one in said:
            yield from _tensors(one)


def _input(model: Any) -> dict[str, Any]:
    """Return an input for a model, by its kind: a text of three tokens, a grey picture, or a sound of noise."""
    import torch

    config, name = model.config, model.main_input_name
    said = config.to_dict().get
    ends, bands, noise = said("eos_token_id"), said("num_mel_bins"), torch.Generator().manual_seed(0)
    if name == "input_ids":
        values = torch.tensor([[3, 4, ends if isinstance(ends, int) else 2]])
    elif name == "pixel_values":
        sides = said("image_size") or SIDE
        height, width = sides if isinstance(sides, list | tuple) else (sides, sides)
        values = torch.rand(1, said("num_channels", 3), height, width, generator=noise)
    elif said("max_source_positions") and bands:  # Whisper
        values = torch.randn(1, bands, 2 * said("max_source_positions"), generator=noise)
    elif name == "input_features":  # Wav2Vec2-BERT
        values = torch.randn(1, FRAMES, said("feature_projection_input_dim", bands), generator=noise)
    else:  # a spectrogram, as AST's, or a wave
        values = torch.randn(*((1, said("max_length"), bands) if bands else (1, RATE)), generator=noise)
    given = {name: values.to(model.device, model.dtype) if values.is_floating_point() else values.to(model.device)}
    if config.is_encoder_decoder:
        given["decoder_input_ids"] = torch.tensor([[2]], device=model.device)
    return given
