"""What the variants do to a model, and the folder that a compressed copy is kept in. torch is imported in functions.

Pruning is torch.nn.utils.prune's; types of numbers are torch's; layers of 8 bits are in `int8`.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import user_cache
from swapgate.models import int8
from swapgate.models.weights import INDEX, SAFE, read_settings, tensors, weight_files
from swapgate.project.variants import FLOATS, INT8, Step
from swapgate.tasks.task import architectures

VARIANTS = "SWAPGATE_VARIANTS"
"""The environment variable that names the folder of compressed copies; else there is one in the user's cache."""
MARKER = "swapgate"
"""The key of config.json that says how a compressed copy computes: {"dtype": …, "int8": …}."""
RECIPE = 2
"""Raised when a variant does something else."""
LAYERS = ("block", "blocks", "h", "layer", "layers")
"""How architectures call their list of layers."""
COUNTS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer", "encoder_layers")
DECODER_COUNTS = ("decoder_layers", "num_decoder_layers")
"""Keys of config.json for the number of layers; where there is a decoder, the first are the encoder's."""
LAYER_LISTS = ("attention_window", "layer_types")
"""Keys of config.json for lists with an item for each layer."""
WEIGHTS = (INDEX, ".bin", ".h5", ".msgpack", ".onnx", ".pt", ".safetensors")
"""How files end that hold weights, of which a copy has its own."""
LOCK_TIMEOUT = 1800
"""Seconds that one process waits while another makes the same copy."""


def folder() -> Path:
    """Return the folder of compressed copies: what SWAPGATE_VARIANTS names, else one in the user's cache."""
    named = os.environ.get(VARIANTS)
    return Path(named).expanduser() if named else user_cache("variants")


def kept(digest: str, dtype: str, variant: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a compressed copy; where it is not there yet `make` fills it.

    It is there whole or not at all, also where two processes want it at once. `digest` is that of all bytes of the
    model it is made of, and `dtype` its row's. Raises SurroundingsFault where it cannot be written.
    """
    import filelock  # only where copies are made

    made_with = [importlib.metadata.version(name) for name in ("torch", "transformers")]
    key = json.dumps([RECIPE, digest, dtype, variant, *made_with])
    place = folder() / f"{variant}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    try:
        if not _is_whole(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{place}.lock", timeout=LOCK_TIMEOUT):
                if not _is_whole(place):
                    shutil.rmtree(place, ignore_errors=True)
                    _fill(place, make)
    except (OSError, filelock.Timeout) as error:
        raise SurroundingsFault(
            f"the compressed copy {place} cannot be written ({error}); mend that, or name another folder in {VARIANTS}"
        ) from error
    return place


def _is_whole(place: Path) -> bool:
    """Return whether a copy is there as it was made: files of a cache are cleaned away, or damaged."""
    noted = Path(f"{place}.sha256")
    return place.is_dir() and noted.is_file() and noted.read_text("utf-8") == _checksum(place)


def _checksum(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            found.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()


def _fill(place: Path, make: Callable[[Path], None]) -> None:
    for remains in place.parent.glob(f".{place.name}.*"):  # of a process that died; ours is the only one now
        shutil.rmtree(remains, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    try:
        make(temporary)
        Path(f"{place}.sha256").write_text(_checksum(temporary), "utf-8")
        os.replace(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def stored_dtype(source: Path, allow_pickle: bool) -> str:
    """Return the type of numbers that holds all weights of a folder exactly, as torch names it."""
    found = {dtype for _, dtype, _, _ in tensors(source, allow_pickle) if dtype in ("F16", "BF16", "F32", "F64")}
    return "float16" if found == {"F16"} else "bfloat16" if found == {"BF16"} else "float32"


def architecture(config: Mapping[str, Any]) -> str:
    """Name the class of a model that can be compressed, by its config.json. Raises SurroundingsFault."""
    if "int8" in config.get(MARKER, {}):
        raise SurroundingsFault("its weights are whole numbers already; name the model that it was made of")
    names = architectures(config)
    if not names:
        raise SurroundingsFault("its config.json names no architecture; save it with save_pretrained")
    return names[0]


def compress(model: Any, steps: Sequence[Step], source: Path, dtype: str, target: Path, allow_pickle: bool) -> None:
    """Write a compressed copy of the folder `source`, whose weights are in `model`, into the empty folder `target`.

    What the steps leave alone is copied file by file; where they change nothing at all, everything. `dtype` is what
    the row computes in. Raises SurroundingsFault where a step cannot be done.
    """
    config, before = read_settings(source / "config.json"), dict(_state(model))
    then, marker = json.dumps(config), dict(config.get(MARKER, {}))
    for step in steps:
        if step.name == "prune":
            _prune(model, step)
        elif step.name == "drop":
            _drop(model, config, step)
        elif step.name in FLOATS:
            marker["dtype"] = FLOATS[step.name]
            model.to(_torch_dtype(marker["dtype"]))
        else:
            marker["int8"] = INT8[step.name]
    weights = {path.name for path in weight_files(source, allow_pickle)}
    for path in source.iterdir():
        if path.is_file() and path.name not in weights and not path.name.endswith(WEIGHTS):
            shutil.copyfile(path, target / path.name)
    if (
        marker in (config.get(MARKER, {}), {"dtype": dtype})
        and json.dumps(config) == then
        and dict(_state(model)) == before
    ):
        for name in weights:
            shutil.copyfile(source / name, target / name)
        for path in source.glob(f"*{INDEX}"):
            shutil.copyfile(path, target / path.name)
        return
    config |= {MARKER: marker} if marker else {}
    _save(model, target, whole="int8" in marker)
    (target / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _save(model: Any, target: Path, whole: bool) -> None:
    """Write the weights of a model, where `whole` those of its Linear layers as whole numbers."""
    from safetensors.torch import load_file, save_file

    with tempfile.TemporaryDirectory(dir=target) as name:
        model.save_pretrained(name, max_shard_size="1000TB")
        if whole:
            save_file(int8.stored(load_file(Path(name, SAFE)), model), target / SAFE, {"format": "pt"})
        else:
            os.replace(Path(name, SAFE), target / SAFE)


def _state(model: Any) -> Iterator[tuple[str, str]]:
    """Return a checksum of each tensor of a model."""
    import torch

    for name, tensor in model.state_dict().items():
        values = tensor.detach().contiguous().flatten().view(torch.uint8).numpy()
        yield name, f"{tensor.dtype} {tuple(tensor.shape)} {hashlib.sha256(values).hexdigest()}"


def _torch_dtype(name: str) -> Any:
    import torch

    return getattr(torch, name)


def _prune(model: Any, step: Step) -> None:
    """Set the smallest weights of all Linear and convolution layers together to zero."""
    import torch
    from torch.nn.utils import prune

    kinds = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
    places = [(one, "weight") for _, one in int8.linear(model, *kinds)]
    prune.global_unstructured(places, prune.L1Unstructured, amount=step.amount / 100)
    for place in places:
        prune.remove(*place)


def _drop(model: Any, config: dict[str, Any], step: Step) -> None:
    """Take layers out of each list of them, evenly spaced: the first stays, and the last where two stay."""
    import torch

    lists = [
        (name, one)
        for name, one in model.named_modules()
        if isinstance(one, torch.nn.ModuleList)
        and name.rpartition(".")[2] in LAYERS
        and not isinstance(one[0], torch.nn.Linear)  # those of a small head
    ]
    lists = [(name, one) for name, one in lists if not any(name.startswith(f"{outer}.") for outer, _ in lists)]
    if not lists:
        raise SurroundingsFault(f"{step}: a {type(model).__name__} has no list of layers that could be dropped")
    for name, layers in lists:
        count, part = len(layers), "decoder" if "decoder" in name else "encoder"
        if step.amount >= count:
            raise SurroundingsFault(f"{step}: of the {count} layers of its {part} one must stay; drop fewer")
        left = count - step.amount
        stays = [round(place * (count - 1) / max(left - 1, 1)) for place in range(left)]
        place, _, last = name.rpartition(".")
        setattr(model.get_submodule(place), last, torch.nn.ModuleList(layers[one] for one in stays))
        keys = [key for key in (DECODER_COUNTS if part == "decoder" else COUNTS) if config.get(key) == count]
        if part == "decoder" and not keys:
            keys = [key for key in COUNTS if config.get(key) == count]
        if not keys:
            raise SurroundingsFault(
                f"{step}: config.json does not say under a known key that its {part} has {count} layers"
            )
        config.update(dict.fromkeys(keys, left))
        for key in LAYER_LISTS:
            if isinstance(config.get(key), list) and len(config[key]) == count:
                config[key] = [config[key][one] for one in stays]
        for holder in model.modules():  # others have a weight for each layer, a YOLOS positions for each but the last
            weights = getattr(holder, "layer_weights", None)
            if isinstance(weights, torch.nn.Parameter) and len(weights) == count + 1:
                holder.layer_weights = torch.nn.Parameter(weights.detach()[[0, *(one + 1 for one in stays)]])
            middle = getattr(holder, "mid_position_embeddings", None)
            if middle is not None and len(middle) == count - 1:
                holder.mid_position_embeddings = torch.nn.Parameter(middle.detach()[stays[:-1]])
