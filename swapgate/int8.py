"""Linear layers that compute with weights of 8 bits: made of a model's tensors, and loaded again.

A weight is a row of whole numbers from -127 to 127 for each output, with one scale. What goes into a layer is rounded
alike where it is dynamic, one scale a token: so what a batch holds besides a token changes nothing of it.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapgate.weights import weight_files

SCALE = ".weight_scale"
"""How the name of the tensor ends that holds a layer's scales, one an output."""
WEIGHT = ".weight"


def rounded(weight: Any) -> tuple[Any, Any]:
    """Give the whole numbers (rows, columns) of a matrix, and a scale a row, so that their product is near it."""
    import torch

    exact = weight.float()
    scale = exact.abs().amax(dim=-1).clamp(min=1e-12) / 127
    return (exact / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


def quantized(tensors: Mapping[str, Any], layers: set[str]) -> dict[str, Any]:
    """Give the tensors of a model with the weights of these layers as whole numbers and scales."""
    found = dict(tensors)
    for layer in sorted(layers):
        if f"{layer}{WEIGHT}" in found:
            found[f"{layer}{WEIGHT}"], found[f"{layer}{SCALE}"] = rounded(found[f"{layer}{WEIGHT}"])
    return found


def load(auto: Any, folder: Path, config: Any, dtype: Any, kind: str) -> tuple[Any, dict[str, Any]]:
    """Load a model whose Linear layers were saved as whole numbers; `kind` is "dynamic" or "weights".

    `auto` is a class such as AutoModelForTokenClassification. Gives the model, and what its loading found missing.
    While it is loaded its weights stand in memory as `dtype` too.
    """
    import transformers
    from safetensors.torch import load_file

    tensors = {name: tensor for path in weight_files(folder) for name, tensor in load_file(path).items()}
    layers = [name.removesuffix(SCALE) for name in tensors if name.endswith(SCALE)]
    scales = {layer: tensors.pop(f"{layer}{SCALE}") for layer in layers}
    weights = {layer: tensors[f"{layer}{WEIGHT}"] for layer in layers}
    exact = {f"{layer}{WEIGHT}": (weights[layer].float() * scales[layer][:, None]).to(dtype) for layer in layers}
    model, report = auto.from_pretrained(
        None, config=config, state_dict={**tensors, **exact}, dtype=dtype, output_loading_info=True
    )
    if (folder / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    for layer in layers:
        place, _, name = layer.rpartition(".")
        bias = model.get_submodule(layer).bias
        new = _layer()(weights[layer], scales[layer].to(dtype), bias, kind == "dynamic")
        setattr(model.get_submodule(place), name, new)
    return model, report


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
                whole = (exact / scale).round().to(torch.int8)
                found = (torch._int_mm(whole, self.weight.t()).float() * scale * self.weight_scale).to(given.dtype)
            else:
                found = torch._weight_int8pack_mm(flat, self.weight, self.weight_scale)
            if self.bias is not None:
                found = found + self.bias
            return found.reshape(*given.shape[:-1], self.out_features)

    return Int8Linear
