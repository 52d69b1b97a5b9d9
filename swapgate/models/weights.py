"""The weight files of a model folder: which are loaded, their size, and what each tensor in them is.

safetensors are read without torch. Pickles are read only where a row allows it, by torch and as weights only: what else
a pickle may hold is refused before any of it runs.
"""

import hashlib
import json
import math
import mmap
import warnings
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import disguise, read_json

SAFE = "model.safetensors"
PICKLE = "pytorch_model.bin"
INDEX = ".index.json"
"""How a file ends that names the files which the weights are split into."""
ADAPTER = "adapter_config.json"
"""The settings of weights that were trained beside a model's."""
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
MERGE = (
    "merge it into its model with peft (merge_and_unload), save that and its tokenizer (save_pretrained), and give that"
    " folder"
)
DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
}
"""From torch's names of types to those of safetensors, so that weights saved in either way have one digest."""

Tensor = tuple[str, str, list[int], str]
"""Name, type, shape and the SHA-256 of the values."""


def kinds(allow_pickle: bool) -> tuple[str, ...]:
    """Name the files that weights may be loaded from, in the order in which transformers looks for them."""
    names = (SAFE, PICKLE) if allow_pickle else (SAFE,)
    return tuple(f"{name}{end}" for name in names for end in ("", INDEX))


def is_adapter(names: Collection[str]) -> bool:
    """Return whether a folder with these files holds an adapter: its weights, or its settings beside none of a model.

    Settings alone beside a whole model are left over from a training, and nobody reads them.
    """
    return any(name in names for name in ADAPTER_WEIGHTS) or (
        ADAPTER in names and not any(name in names for name in kinds(allow_pickle=True))
    )


def weight_files(folder: Path, allow_pickle: bool = False) -> list[Path]:
    """Return the weight files that a model is loaded from, as transformers chooses them. Raises SurroundingsFault."""
    first = next((folder / name for name in kinds(allow_pickle) if (folder / name).is_file()), None)
    if first is None:
        raise SurroundingsFault(_none(folder, allow_pickle))
    if not first.name.endswith(INDEX):
        return [first]
    return [folder / name for name in shards(first)]


def shards(index: Path) -> list[str]:
    """Return the names of the weight files that an index names, each a file beside it. Raises SurroundingsFault."""
    named = read_settings(index).get("weight_map")
    if not isinstance(named, dict) or not named or not all(isinstance(name, str) for name in named.values()):
        raise SurroundingsFault(f"{index}: weight_map names no weight files; fetch or save the model again")
    names = sorted(set(named.values()))
    ending = Path(index.name.removesuffix(INDEX)).suffix
    for name in names:
        if not is_plain(name) or not name.endswith(ending):
            raise SurroundingsFault(
                f"{index}: weight_map names {name!r}, which is no {ending} file beside it; do not use this model"
            )
    return names


def is_plain(name: str) -> bool:
    """Return whether a name is one of a file and not a path, whatever system reads it."""
    return name == Path(name).name and not {"\\", ":", "\0"} & {*name} and name not in ("", ".", "..")


def is_pickled(files: list[Path]) -> bool:
    """Return whether weight files are pickles."""
    return any(path.suffix == ".bin" for path in files)


def weight_bytes(folder: Path, allow_pickle: bool = False) -> int:
    """Return the size of the weight files in bytes. Raises SurroundingsFault."""
    try:
        return sum(path.stat().st_size for path in weight_files(folder, allow_pickle))
    except OSError as error:
        raise SurroundingsFault(f"{folder}: {error}; fetch the model folder again") from error


def parameter_count(folder: Path, allow_pickle: bool = False, but: str | None = None) -> int:
    """Return how many numbers the weight files hold, but for tensors whose names end with `but`.

    Of pickles torch counts them. Raises SurroundingsFault.
    """
    found = tensors(folder, allow_pickle)
    return sum(math.prod(shape) for name, _, shape, _ in found if but is None or not name.endswith(but))


def tensors(folder: Path, allow_pickle: bool = False) -> Iterator[Tensor]:
    """Return each tensor of the weight files; files are mapped, not read into memory. Raises SurroundingsFault."""
    files = weight_files(folder, allow_pickle)
    for path in files:
        yield from _pickled(path) if is_pickled(files) else tensors_in(path)


def headers(folder: Path) -> dict[str, list[int]]:
    """Return the shape of each tensor of weight files that are safetensors. Raises SurroundingsFault."""
    return {name: entry["shape"] for path in weight_files(folder) for name, entry in _header(path).items()}


def _header(path: Path) -> dict[str, Any]:
    """Return what the header of a safetensors file says of each tensor, once that agrees with the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):  # checks lengths, and that offsets neither overlap nor leave a gap
            pass
        with path.open("rb") as file:
            header: dict[str, Any] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    except (OSError, SafetensorError, ValueError) as error:
        if why := disguise(path):
            raise SurroundingsFault(f"{path}: {why}") from error
        raise SurroundingsFault(f"{path}: weights cannot be read ({error}); fetch or save them again") from error
    header.pop("__metadata__", None)
    return header


def tensors_in(path: Path) -> Iterator[Tensor]:
    """Return each tensor of a safetensors file. Raises SurroundingsFault."""
    header = _header(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = 8 + int.from_bytes(content[:8], "little")
        with memoryview(content) as view:
            for name, entry in header.items():
                begin, end = entry["data_offsets"]
                values = hashlib.sha256(view[start + begin : start + end]).hexdigest()
                yield name, entry["dtype"], entry["shape"], values


def _pickled(path: Path) -> Iterator[Tensor]:
    """Return the tensors of a pickle; torch reads weights only, and maps the file where its form allows that."""
    import torch

    safely: dict[str, Any] = {"map_location": "cpu", "weights_only": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the file was written with
            _check_unpacked(path)
            try:
                found = torch.load(path, mmap=True, **safely)
            except RuntimeError:  # of a form older than torch 1.6, which cannot be mapped
                found = torch.load(path, **safely)
    except Exception as error:  # whatever is in the file decides what torch raises
        if why := disguise(path):
            raise SurroundingsFault(f"{path}: {why}") from error
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise SurroundingsFault(
            f"{path}: weights cannot be read from the pickle ({type(error).__name__}: {reason}); nothing else that a"
            " pickle may hold is ever run; use a model that has safetensors"
        ) from error
    if not isinstance(found, dict) or not all(_is_plain(value, path.stat().st_size) for value in found.values()):
        raise SurroundingsFault(
            f"{path}: the pickle is no table of tensors (dense ones whose numbers are all in the file); use a model"
            " that has safetensors"
        )
    for name, tensor in found.items():
        values = tensor.detach().contiguous().flatten().view(torch.uint8).numpy()
        dtype = str(tensor.dtype).removeprefix("torch.")
        yield str(name), DTYPES.get(dtype, dtype), list(tensor.shape), hashlib.sha256(values).hexdigest()


def _check_unpacked(path: Path) -> None:
    """Refuse a pickle that holds more than it seems: torch stores parts as they are, and no bytearray. ValueError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"bytearray\n") >= 0:  # the one thing that may be made of any size when only weights are read
            raise ValueError("it makes a bytearray, which is no weight")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            for part in parts.infolist():
                if part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size:
                    raise ValueError(f"{part.filename} is packed, which torch never does")


def _is_plain(value: Any, most: int) -> bool:
    """Return whether a value of a pickle is a tensor whose numbers are all in the file, which has `most` bytes."""
    import torch

    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not (value.is_quantized or value.is_conj() or value.is_neg())
        and value.numel() * value.element_size() <= most  # a view of one number can have any shape
    )


def _none(folder: Path, allow_pickle: bool) -> str:
    pickles = [name for name in (PICKLE, f"{PICKLE}{INDEX}") if (folder / name).is_file()]
    if pickles and not allow_pickle:
        return pickle_only(str(folder), pickles[0])
    names = [f"no {name}" for name in kinds(allow_pickle)]
    return f"{folder}: {', '.join(names[:-1])} and {names[-1]}; save the model with save_pretrained"


def pickle_only(what: str, name: str) -> str:
    """Word that a model holds its weights as a pickle alone."""
    return (
        f"{what}: holds {name} and no {SAFE}: pickles can run code when they are loaded; if you trust it, write"
        " allow_pickle = true in its row, and the weights alone are read from it"
    )


def read_settings(path: Path) -> dict[str, Any]:
    """Read a JSON file that must hold an object. Raises SurroundingsFault that names it."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise SurroundingsFault(
            f"{path}: cannot be read as JSON (it holds a {type(content).__name__}, not an object); fetch or save the"
            " model again"
        )
    return content
