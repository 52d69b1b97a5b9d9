"""Words of messages: made plain, and the name that was probably meant."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any


def plain(text: str) -> str:
    """Write line breaks, escape codes and the like as in a Python string, so that a text stays on its line."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def plain_json(text: str) -> str:
    """Write what is no printable letter in a JSON text, but its line breaks, by numbers: it means the same."""
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


def toml_string(text: str) -> str:
    """Write a text as a string of TOML that `plain` leaves as it is."""
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08X}" for letter in json.dumps(text, ensure_ascii=False)
    )


def toml_value(value: Any) -> str:
    """Write a text, number, truth, list or table as TOML has it on one line."""
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{toml_key(key)} = {toml_value(one)}' for key, one in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value)


def toml_key(key: str) -> str:
    """Write a key of TOML, bare where it may be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_string(key)


def first_line(error: BaseException) -> str:
    """Return the first line of what an exception of a library says."""
    return (str(error).strip().splitlines() or ["no message"])[0]


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many letters: what is longer ends in three dots, at a space where one is near."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    at = kept.rfind(" ")
    return f"{(kept[:at] if at > most * 2 // 3 else kept).rstrip()}…"


def told(error: BaseException) -> str:
    """Return what an exception of somebody's code says, and the file and line where it was raised."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{type(error).__name__}: {first_line(error)} ({Path(frame.f_code.co_filename).name}:{line})"


def quoted(name: str) -> str:
    """Return a name for a list of names: in quotes where it holds a comma itself."""
    return f'"{name}"' if "," in name else name


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names with commas between; of more than `most` the first ten, and how many there are."""
    words = [quoted(name) for name in names]
    return ", ".join(words) if len(words) <= most else f"{', '.join(words[:10])}, … ({len(words):,} in all)"


MANY_KNOWN = 50
"""Names that a message lists where none is near."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the nearest known name in words for the end of a message, or all of a few where none is near; nothing
    where none is known.
    """
    known = sorted(known)
    if not known:
        return ""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {listed(known, MANY_KNOWN)}"
