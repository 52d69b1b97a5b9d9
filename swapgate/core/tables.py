"""Tables that a person writes: TOML, read and checked with a message for each key that is wrong."""

import functools
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.files import read_text, write_whole
from swapgate.core.words import nearest
from swapgate.core.wrong import MISSING, UNKNOWN, words_of


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; say why")
    return text


NonEmptyStr = Annotated[str, Field(min_length=1)]
Reason = Annotated[str, AfterValidator(_not_blank)]
"""Why somebody decided something, for whoever reads it later."""
T = TypeVar("T")
LARGEST = 64_000_000
"""Bytes of the largest TOML file that is read."""
MARK = "\ufeff"
"""The byte-order mark, with which some editors begin a file in UTF-8."""


class Table(BaseModel):
    """A table that a person writes: unknown keys are errors, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises InputFault that names the file and, for a syntax error, its line."""
    try:
        return parse_toml(read_text(path, LARGEST))
    except FileNotFoundError as error:
        raise InputFault(f"{path}: there is no such file; put it there, or name the one that is meant") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: cannot be read: {error}; give a TOML file in UTF-8") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is an endless number
        raise InputFault(f"{path}: not valid TOML: {error}; mend the file and run again") from error


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    """Change a TOML file, comments and order kept, whole or not at all. Raises SurroundingsFault, InputFault."""
    import tomlkit

    wanted = read_toml(path)
    before = path.read_bytes().decode()
    document: Any = tomlkit.parse(before.removeprefix(MARK))
    for one in (document, wanted):
        change(one)
    text = tomlkit.dumps(document)
    if tomlkit.parse(text).unwrap() != wanted:
        raise SurroundingsFault(f"{path}: cannot be rewritten without a change of meaning; edit it by hand")
    try:
        write_whole(path, f"{MARK}{text}" if before.startswith(MARK) else text)
    except OSError as error:
        raise SurroundingsFault(f"{path}: cannot be written ({error.strerror}); nothing was changed") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a text as TOML; a mark of its encoding before it is no part of it. Raises ValueError."""
    return tomllib.loads(text.removeprefix(MARK))


def validated(
    shape: type[T] | Any, data: object, path: Path, prefix: str = "", owner: Callable[[str], str] = lambda key: ""
) -> T:
    """Check data with pydantic. Raises InputFault with a line for each key that is wrong.

    `prefix` stands before each key, `owner` words whose a key is that this shape does not know.
    """
    try:
        return adapter(shape).validate_python(data)  # type: ignore[no-any-return]
    except ValidationError as error:
        whole = "" if prefix else "the file"
        lines = [f"{path}: {prefix}{_worded(detail, data, shape, owner, whole)}" for detail in error.errors()]
        raise InputFault(*lines) from error


adapter: Any = functools.lru_cache(maxsize=256)(TypeAdapter)
"""Makes what reads values of a type by pydantic, once each: it takes milliseconds, so not at import."""


def _worded(detail: ErrorDetails, data: Any, shape: Any, owner: Callable[[str], str], whole: str) -> str:
    location = [part for part in detail["loc"] if not str(part).startswith("[")]  # marks of pydantic's
    key = _named(location, data) or whole
    if detail["type"] in UNKNOWN:
        whose = owner(str(location[-1]))
        if whose:
            return f"{key}: {whose}"
        return f"{key}: unknown key{nearest(str(location[-1]), _known_keys(shape, location[:-1]))}"
    if detail["type"] in MISSING:
        return f"{key}: missing; add it"
    return f"{key}: {words_of(detail)}, found {detail['input']!r}"


def _named(location: Sequence[Any], data: Any) -> str:
    """Write a location with dots; a row of a list is named by its id where it has one."""
    name = ""
    for part in location:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        data = data[part] if inside else {}
        name += f"[{data.get('id', part) if isinstance(data, dict) else part}]" if isinstance(part, int) else f".{part}"
    return name.removeprefix(".")


def _known_keys(shape: Any, location: Sequence[str | int]) -> Iterable[str]:
    """Return the keys that the table at a location of a shape may have, following its annotations."""
    if get_origin(shape) is UnionType:
        shape = next(part for part in get_args(shape) if part is not type(None))
    fields = getattr(shape, "__pydantic_fields__", None) or getattr(shape, "__dataclass_fields__", {})
    if not location:
        return fields
    parts = [part for part in get_args(shape) if part is not Ellipsis]
    inner = get_type_hints(shape)[str(location[0])] if fields else parts[-1]
    return _known_keys(inner, location[1:])
