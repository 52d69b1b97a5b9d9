"""COCO: pictures with boxes around what they show, as instances_*.json has them."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.project.foreign.found import Found
from swapgate.project.foreign.tables import json_of

KEYS = ("images", "annotations", "categories")
PREFIX = "instances_"
"""How COCO's files begin, before the name of their folder of pictures."""


def read(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield each picture with its boxes; of crowds there is no single box. Raises InputFault."""
    content = json_of(path)
    missing = [key for key in KEYS if not isinstance(content, dict) or not isinstance(content.get(key), list)]
    if missing:
        raise InputFault(f"{path}: has no list {missing[0]}; write it as COCO's instances are written")
    try:
        names = {one["id"]: str(one["name"]) for one in content["categories"]}
        of: dict[Any, list[Any]] = {}
        for one in content["annotations"]:
            of.setdefault(one["image_id"], []).append(one)
        pictures = [(one["id"], str(one["file_name"])) for one in content["images"]]
    except (KeyError, TypeError) as error:
        raise InputFault(f"{path}: an entry has no {error}; write it as COCO's instances are written") from error
    for number, name in pictures:
        yield Found(f"image {number}", _row(path, number, name, of.get(number, []), names))


def _row(path: Path, number: Any, name: str, boxes: list[Any], names: Mapping[Any, str]) -> Any:
    if any(box.get("iscrowd") for box in boxes):
        return InputFault("has an annotation of a crowd (iscrowd), which is no single thing; leave the picture out")
    try:
        found = [{"label": names[box["category_id"]], "box": corners(box["bbox"])} for box in boxes]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return InputFault(f"an annotation is not as COCO has it ({type(error).__name__}: {error}); mend it")
    places = (path.parent, path.parent / "images", *(up / path.stem.removeprefix(PREFIX) for up in path.parents[:2]))
    file = next((place / name for place in places if (place / name).is_file()), name)
    return {"id": str(number), "image": file, "expected": found}


def corners(box: Any) -> list[float]:
    """Return left, top, right and bottom of a box given by left, top, width and height. Raises ValueError."""
    left, top, width, height = (float(edge) for edge in box)
    return [left, top, left + width, top + height]
