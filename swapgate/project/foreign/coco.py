"""COCO: pictures with boxes around what they show, as instances_*.json has them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.core.words import listed
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
    kinds = _entries(path, content, "categories", "id", "name")
    pictures = _entries(path, content, "images", "id", "file_name")
    boxes = _entries(path, content, "annotations", "image_id")
    names: dict[str, list[str]] = {}
    of: dict[str, list[Any]] = {}
    for one in kinds:
        names.setdefault(_id(one["id"]), []).append(str(one["name"]))
    for one in boxes:
        of.setdefault(_id(one["image_id"]), []).append(one)
    times = Counter(_id(one["id"]) for one in pictures)
    for one in pictures:
        number = _id(one["id"])
        twice = InputFault(f"its id is that of {times[number]} images; give each its own")
        row = twice if times[number] > 1 else _row(path, number, str(one["file_name"]), of.get(number, []), names)
        yield Found(f"image {number}", row)
    for place, one in enumerate(boxes):
        if _id(one["image_id"]) not in times:
            yield Found(f"annotations[{place}]", InputFault(f"is of image {one['image_id']!r}, which is not in images"))


def _entries(path: Path, content: Mapping[str, Any], key: str, *needed: str) -> list[Mapping[str, Any]]:
    """Return the entries of a list, each of them with what it must have. Raises InputFault."""
    for place, one in enumerate(content[key]):
        missing = next((name for name in needed if not isinstance(one, dict) or one.get(name) is None), None)
        if missing is not None:
            raise InputFault(f"{path}: {key}[{place}] has no {missing}; write it as COCO's instances are written")
    found: list[Mapping[str, Any]] = content[key]
    return found


def _id(said: Any) -> str:
    """Return an id as it is told: 10, 10.0 and "10" are one."""
    return str(int(said)) if isinstance(said, float) and said.is_integer() else str(said)


def _row(path: Path, number: str, name: str, boxes: list[Any], names: Mapping[str, list[str]]) -> Any:
    if any(box.get("iscrowd") for box in boxes):
        return InputFault("has an annotation of a crowd (iscrowd), which is no single thing; leave the picture out")
    kinds = dict.fromkeys(_id(box.get("category_id")) for box in boxes)
    wrong = next((kind for kind in kinds if len(names.get(kind, ())) != 1), None)
    if wrong is not None:
        called = f"the categories {listed(names[wrong])} have it" if wrong in names else "no category has it"
        return InputFault(f"an annotation is not as COCO has it (category_id {wrong}: {called}); mend it")
    found = []
    for box in boxes:
        try:
            found.append({"label": names[_id(box.get("category_id"))][0], "box": corners(box.get("bbox"))})
        except (TypeError, ValueError, OverflowError):
            said = f"bbox {str(box.get('bbox'))[:40]}: must be left, top, width and height as numbers"
            return InputFault(f"an annotation is not as COCO has it ({said}); mend it")
    places = (path.parent, path.parent / "images", *(up / path.stem.removeprefix(PREFIX) for up in path.parents[:2]))
    file = next((place / name for place in places if (place / name).is_file()), name)
    return {"id": number, "image": file, "expected": found}


def corners(box: Any) -> list[float]:
    """Return left, top, right and bottom of a box given by left, top, width and height. Raises ValueError."""
    left, top, width, height = (float(edge) for edge in box)
    return [left, top, left + width, top + height]
