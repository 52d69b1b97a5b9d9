"""Folders of pictures or sounds, one for each label, as torchvision's ImageFolder and data sets of sounds have them."""

from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path

from swapgate.core.faults import InputFault
from swapgate.core.words import listed
from swapgate.inputs.kinds import READ
from swapgate.project.foreign.found import Found
from swapgate.project.foreign.shaping import FILES

ENDINGS = {key: tuple(chain.from_iterable(READ[what].values())) for key, what in FILES.items()}
"""How the files of a key that are read are called at their ends."""
PARTS = frozenset({"train", "test", "val", "valid", "validation", "dev"})
"""Names of folders that hold a part of a data set and no label."""


def read(path: Path, keys: Collection[str]) -> Iterator[Found]:
    """Yield each file with the name of its folder. Raises InputFault where there are none, or no labels."""
    key = next((key for key in ENDINGS if key in keys), None)
    if key is None:
        raise InputFault(f"{path}: is a folder, and inputs of this task are no pictures or sounds; name a file of rows")
    labels = sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    if not labels:
        raise InputFault(f"{path}: holds no folders; put the files of each label in one that is called like it")
    parts = [one for one in labels if one.name in PARTS]
    if len(parts) == len(labels) or any(inner.is_dir() for one in parts for inner in one.iterdir()):
        raise InputFault(f"{path}: holds parts of a data set ({listed(one.name for one in parts)}); name one of them")
    for file in sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")):
        yield Found(file.name, InputFault("lies beside the folders of labels; put it into one, or take it out"))
    for label in labels:
        files = sorted(one for one in label.rglob("*") if one.is_file() and not one.name.startswith("."))
        if not files:
            yield Found(f"{label.name}/", InputFault("holds no file; put those of its label there, or take it out"))
        for file in files:
            where = file.relative_to(path).as_posix()
            fault = InputFault(f"ends in none of {', '.join(ENDINGS[key])}; convert it, or take it out")
            is_one = file.suffix.lower() in ENDINGS[key]
            yield Found(where, {"id": where, key: file, "expected": label.name} if is_one else fault)
