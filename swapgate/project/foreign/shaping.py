"""From rows as others write them to rows of a task: which column is what, and how answers are written."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.core.words import listed
from swapgate.inputs.kinds import HEAD, READ, kind_of, not_read, of_another_kind
from swapgate.project.foreign.coco import corners
from swapgate.project.foreign.tagged import spans
from swapgate.project.reading import Cell, of_cell

NAMES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "text": (
            *("text", "tokens", "words", "review", "review_body", "content", "document", "article", "dialogue"),
            *("comment", "tweet", "utterance", "body", "message", "input", "sentence"),
        ),
        "question": ("question", "query"),
        "context": ("context", "passage", "paragraph", "document", "text"),
        "audio": ("audio", "path", "file", "file_name", "filename", "wav", "clip"),
        "image": ("image", "img", "picture", "file_name", "filename", "path", "file"),
        "expected": (
            *("expected", "label", "labels", "stars", "rating", "category", "class", "intent", "target"),
            *("summary", "highlights", "reference", "answers", "answer", "entities", "ner_tags", "tags", "objects"),
            *("transcription", "transcript", "sentence", "text", "output"),
        ),
        "id": ("id", "idx", "guid", "uid", "key"),
    }
)
"""How others call the columns of a key, the likeliest first."""
PLACES = ("", "clips", "images", "audio", "data")
"""Folders beside a file of rows in which the files lie that it names."""
FILES: Mapping[str, str] = MappingProxyType({"audio": "sound", "image": "picture"})
"""Keys whose value is a file, and what that is."""
BESIDE = ("corpus",)
"""Keys whose value is a file of texts that lies beside the rows, also where they leave it out."""
MP3 = ".mp3"
"""How files end that may begin with anything."""


def parts(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns of a row and, behind dots, the parts of those that are objects: "data", "data.text"."""
    for column, value in row.items():
        yield column
        if isinstance(value, Mapping):
            yield from (f"{column}.{inner}" for inner in parts(value))


def part(row: Mapping[str, Any], column: str) -> Any:
    """Return what a row has in a column, or in a part of one; None where it has none."""
    outer, _, inner = column.partition(".")
    if column in row or not inner:
        return row.get(column)
    value = row.get(outer)
    return part(value, inner) if isinstance(value, Mapping) else None


def guessed(
    there: Collection[str], keys: Mapping[str, bool], said: Mapping[str, str], task: Sequence[str]
) -> dict[str, str]:
    """Return the column of each key: as it is said, else as others call it, of answers also as the task is called.

    `keys` tells of each whether it must be there.

    Raises InputFault where one that must be there is not to be told, or what was said is not there.
    """
    for key, column in said.items():
        if key not in keys:
            raise InputFault(f"--columns {key}={column}: no key of a row; known: {listed(keys)}")
        if column not in there:
            raise InputFault(f"--columns {key}={column}: no such column; there are: {listed(there)}")
    twice = next((key for key, column in said.items() if key != "expected" and column == said.get("expected")), None)
    if twice is not None:
        raise InputFault(f"--columns {twice}={said[twice]} and expected: what is asked cannot be what is expected too")
    found = dict(said)
    alike = {name.strip().lower(): name for name in reversed([*there])} | {name: name for name in there}
    for key, usual in NAMES.items():
        if key in keys and key not in found:
            names = (*usual, *task) if key == "expected" else usual
            name = next((alike[name] for name in names if name in alike and alike[name] not in found.values()), None)
            found.update({key: name} if name else {})
    found.update({key: key for key in keys if key not in NAMES and keys[key] and key not in found and key in there})
    missing = [key for key, is_needed in keys.items() if is_needed and key not in found]
    if missing:
        alone = ", one column alone: part its cells with commas, or tabs in a .tsv;" if len(there) == 1 else ";"
        which = f"columns are {' and '.join(missing)}" if len(missing) > 1 else f"column is {missing[0]}"
        say = " ".join(f"--columns {key}=COLUMN" for key in missing)
        raise InputFault(f"which {which}? there are: {listed(there)}{alone} say it with {say}")
    if all(found[key] == key for key, is_needed in keys.items() if is_needed):  # then it is one of our own
        found.update({key: key for key in keys if key in there and key not in found})
    return found


def shaped(row: Mapping[str, Any], columns: Mapping[str, str], kinds: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return a row by a task's keys; `kinds` are their types, `base` is where files that it names are looked for.

    Raises InputFault where it is not understood.
    """
    found = {key: value for key, column in columns.items() if (value := part(row, column)) is not None}
    found = {key: of_cell(one, kinds[key]) if isinstance(one, Cell) else one for key, one in found.items()}
    if _are_texts(found.get("text")):
        tagged = spans(found["text"], found["expected"]) if _are_texts(found.get("expected")) else _no_tags(columns)
        if isinstance(tagged, InputFault):
            raise tagged
        found |= tagged
    try:
        if "expected" in found:
            found["expected"] = _answer(found["expected"], found)
    except (LookupError, TypeError, ValueError) as error:
        raise InputFault(
            f"{columns['expected']} is not understood ({type(error).__name__}: {error}); mend the row"
        ) from error
    for key in FILES:
        if key in found:
            found[key] = _file(found[key], base, FILES[key])
    return found


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _no_tags(columns: Mapping[str, str]) -> InputFault:
    return InputFault(
        f"{columns['text']} is a list of tokens, and {columns.get('expected')} no list of tags; mend the row"
    )


def _answer(said: Any, row: Mapping[str, Any]) -> Any:
    """Return an expected answer as a case has it, of one as SQuAD, COCO or tools for labelling write it."""
    if isinstance(said, dict):
        if "answer_start" in said:
            pairs = zip(said["answer_start"], said["text"], strict=True)
            return _once({"start": start, "text": text} for start, text in pairs)
        if "bbox" in said:
            names = said["category"] if "category" in said else said["label"]
            return [{"label": _name(n), "box": corners(box)} for n, box in zip(names, said["bbox"], strict=True)]
        return said
    if isinstance(said, list):
        parts = _once(_part(one, row.get("text")) for one in said)
        _check_places([one for one in parts if isinstance(one, dict) and {"label", "start", "end"} <= one.keys()])
        return parts
    return said


def _check_places(entities: Sequence[Mapping[str, Any]]) -> None:
    """Make sure that entities begin and end with letters, each apart from the others. Raises InputFault."""
    ordered = sorted(entities, key=lambda one: (one["start"], one["end"]))
    for one in ordered:
        if (text := str(one.get("text", ""))) != text.strip():
            raise InputFault(f"the entity {text!r} at {one['start']}-{one['end']} has blanks around it; move its ends")
    for one, other in pairwise(ordered):
        if other["start"] < one["end"]:
            raise InputFault(
                f"the entities at {one['start']}-{one['end']} and {other['start']}-{other['end']} overlap; keep one"
            )


def _part(one: Any, text: Any) -> Any:
    """Return one entity, answer or box of several."""
    if isinstance(one, list) and len(one) == 3 and isinstance(text, str):
        start, end, label = one
        return {"label": _name(label), "start": start, "end": end, "text": text[start:end]}
    if not isinstance(one, dict):
        return one
    if "answer_start" in one:
        return {"start": one["answer_start"], "text": one["text"]}
    if {"start", "end"} <= one.keys() and isinstance(text, str):
        names = [one[key] for key in ("label", "type", "entity", "entity_group") if key in one]
        if not names:
            raise InputFault(f"the entity at {one['start']}-{one['end']} has no label; give it one")
        label, whole = names[0], text[one["start"] : one["end"]]
        return {"label": _name(label), "start": one["start"], "end": one["end"], "text": one.get("text", whole)}
    return one


def _name(label: Any) -> Any:
    return str(label) if isinstance(label, int) and not isinstance(label, bool) else label


def _once(parts: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in parts:
        if one not in found:
            found.append(one)
    return found


def _file(said: Any, base: Path, what: str) -> Any:
    """Return the path of a file, or its bytes with the ending of its name. Raises InputFault where it is none."""
    if isinstance(said, dict) and said.get("bytes") is not None:
        content, called = said["bytes"], str(said.get("path") or "")
        if not isinstance(content, bytes):
            raise InputFault(f"its bytes are {str(content)[:40]!r}, and no bytes; give a path")
        return content, _checked(content[:HEAD], Path(called).suffix, what, f"{called or 'its bytes'}: ")
    name = said.get("path") if isinstance(said, dict) else said
    if not isinstance(name, str | Path):
        raise InputFault(f"names no file, but {str(name)[:40]!r}; give a path")
    path = found_beside(name, base)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise InputFault(f"{path.name}: cannot be read ({error.strerror}); give a file that can be") from error
    _checked(head, path.suffix, what, f"{path.name}: ")
    return path


def found_beside(name: str | Path, base: Path) -> Path:
    """Return the file of a name that lies beside rows, in one of the usual folders. Raises InputFault without one."""
    places = [name] if isinstance(name, Path) else [base / place / name for place in PLACES]
    path = next((one for one in places if one.is_file()), None)
    if path is None:
        raise InputFault(f"no file {name} beside it; put it there, or give --files with the folder that has it")
    return path


def _checked(head: bytes, ending: str, what: str, where: str) -> str:
    """Return how a file that begins so is called at its end: as it is, else as its kind is.

    Raises InputFault where it is no picture or sound, as far as its first bytes tell.
    """
    kind = kind_of(head)
    told = {one for usual in READ[what].values() for one in usual} - {MP3} | {""}
    fault = of_another_kind(head, what)
    if not kind and ending.lower() in told:
        fault = not_read(head, what, f"it begins with {head[:4]!r}, as none that is known")
    if fault:
        raise InputFault(f"{where}{fault}")
    return ending or READ[what][kind][0]


def stored(found: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a row whose files are whole paths: those that are bytes are written into a folder. Raises OSError."""
    row = dict(found)
    for key in [key for key in FILES if key in row]:
        if isinstance(row[key], tuple):
            content, ending = row[key]
            row[key] = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{ending}"
            folder.mkdir(parents=True, exist_ok=True)
            row[key].write_bytes(content)
        row[key] = row[key].absolute()
    return row
