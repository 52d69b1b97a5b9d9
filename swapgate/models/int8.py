"""Linear layers that compute with weights of 8 bits: made of a model's tensors, and loaded again.

A weight is a row of whole numbers from -127 to 127 for each output, with one scale. What goes into a layer is rounded
alike where it is dynamic, one scale a token: so what a batch holds besides a token changes nothing of it.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.models.weights import weight_files

MOST_TERMS = 2**24 // 127**2
"""So many products of two whole numbers of 8 bits add up to less than 2^24, to which float32 counts exactly."""
SCALE = ".weight_scale"
"""How the name of the tensor ends that holds a layer's scales, one an output."""
WEIGHT = ".weight"


def rounded(weight: Any) -> tuple[Any, Any]:
    """Return the whole numbers (rows, columns) of a matrix, and a scale a row, so that their product is near it."""
    import torch

    exact = weight.float()
    scale = exact.abs().amax(dim=-1).clamp(min=1e-12) / 127
    return (exact / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


def linear(model: Any, *others: Any) -> list[tuple[str, Any]]:
    """Return the Linear layers of a model with their names, and those of other kinds, whose weights are theirs alone.

    A layer that shares its weight with an embedding is left out. Raises SurroundingsFault where there is none.
    """
    import torch

    embeddings = {id(one.weight) for one in model.modules() if isinstance(one, torch.nn.Embedding)}
    kinds = (torch.nn.Linear, *others)
    found = [(name, one) for name, one in model.named_modules() if type(one) in kinds and "weight" in one._parameters]
    found = [(name, one) for name, one in found if id(one.weight) not in embeddings]
    if not found:
        raise SurroundingsFault(f"a {type(model).__name__} has no Linear layer")
    return found


def stored(tensors: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """Return the tensors of a model's file with the weights of its Linear layers as whole numbers and scales.

    They are known by their values: a file may have other names than the layers.
    """
    weights, found = {_values(layer.weight) for _, layer in linear(model)}, dict(tensors)
    for name, tensor in tensors.items():
        if name.endswith(WEIGHT) and tensor.dim() == 2 and _values(tensor) in weights:
            place = name.removesuffix(WEIGHT)
            found[name], found[f"{place}{SCALE}"] = rounded(tensor)
    return found


def _values(tensor: Any) -> tuple[Any, bytes]:
    import torch

    values = tensor.detach().contiguous().flatten().view(torch.uint8).numpy()
    return tensor.shape, hashlib.sha256(values).digest()


def check_device(kind: str, device: str) -> None:
    """Make sure that layers of a kind compute on a device. Raises SurroundingsFault."""
    if kind == "dynamic" and device != "cpu":
        raise SurroundingsFault(f"int8 computes on a CPU only, not on {device}; give the variant int8w or --device cpu")


def load(auto: Any, folder: Path, config: Any, dtype: Any, kind: str) -> tuple[Any, dict[str, Any]]:
    """Load a model whose Linear layers were saved as whole numbers; `kind` is "dynamic" or "weights".

    `auto` is a class such as AutoModelForTokenClassification, or that of the model. Gives the model, and what its
    loading found missing. transformers is given the weights in float32, for it may name them otherwise; rounded again
    they are the same whole numbers. So loading takes as much memory as the model had before.
    """
    import torch
    import transformers
    from safetensors.torch import load_file

    tensors = {name: tensor for path in weight_files(folder) for name, tensor in load_file(path).items()}
    for place in [name.removesuffix(SCALE) for name in tensors if name.endswith(SCALE)]:
        scale = tensors.pop(f"{place}{SCALE}")
        tensors[f"{place}{WEIGHT}"] = tensors[f"{place}{WEIGHT}"].float() * scale[:, None]
    architecture = auto
    if hasattr(auto, "from_config"):
        with torch.device("meta"):
            architecture = type(auto.from_config(config, trust_remote_code=False))
    model, report = architecture.from_pretrained(
        None, config=config, state_dict=tensors, dtype=torch.float32, output_loading_info=True
    )
    if (folder / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    for path, exact in linear(model):
        place, _, name = path.rpartition(".")
        setattr(model.get_submodule(place), name, layer(exact, kind))
    return model.to(dtype), report


def layer(exact: Any, kind: str) -> Any:
    """Make a layer of 8 bits of a torch.nn.Linear; `kind` is "dynamic" or "weights"."""
    return _layer()(*rounded(exact.weight.detach()), exact.bias, kind == "dynamic")


def product(tokens: Any, weight: Any) -> Any:
    """Multiply whole numbers from -127 to 127: float32 (tokens, inputs) by int8 (outputs, inputs).

    Gives float32 (tokens, outputs). Products are added up exactly and rounded once, so that any CPU gives the same.
    """
    import torch

    if weight.shape[-1] > 1 and has_integer_product():  # torch 2.13 gives anything for a width of 1
        return torch._int_mm(tokens.to(torch.int8), weight.t()).float()
    parts = zip(tokens.split(MOST_TERMS, -1), weight.split(MOST_TERMS, -1), strict=True)
    first, *others = [ours @ theirs.float().t() for ours, theirs in parts]
    if not others:
        return first
    return sum((one.to(torch.int32) for one in others), first.to(torch.int32)).float()


@functools.cache
def has_integer_product() -> bool:
    """Return whether this CPU multiplies 8 bits fast (VNNI) and torch, tried once, cuts no sum off at 16 bits.

    Without VNNI torch takes up to 28 times as long as for float32; where ONEDNN_MAX_CPU_ISA hides it, sums are wrong.
    """
    import torch

    if not getattr(torch.cpu, "_is_vnni_supported", lambda: False)():
        return False
    most = torch.full((32, 64), 127, dtype=torch.int8)
    return bool((torch._int_mm(most, -most.t()) == -64 * 127**2).all())


@functools.cache
def _layer() -> Any:
    import torch

    class Int8Linear(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, weight: Any, scale: Any, bias: Any, dynamic: bool) -> None:
            super().__init__()
            self.register_buffer("weight", weight)
            self.register_buffer("weight_scale", scale)
            self.bias, self.dynamic = bias, dynamic
            self.out_features, self.in_features = weight.shape

        def forward(self, given: Any) -> Any:
            """Map vectors (…, in_features) to (…, out_features)."""
            flat = given.reshape(-1, given.shape[-1])
            if self.dynamic:
                exact = flat.float()
                scale = exact.abs().amax(dim=-1, keepdim=True).clamp(min=1e-12) / 127
                found = product((exact / scale).round(), self.weight) * scale * self.weight_scale
                found = found.to(given.dtype)
            else:
                found = torch.nn.functional.linear(flat, self.weight.to(flat.dtype)) * self.weight_scale
            if self.bias is not None:
                found = found + self.bias
            return found.reshape(*given.shape[:-1], self.out_features)

    return Int8Linear
