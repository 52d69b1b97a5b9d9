"""Files that are written whole or not at all."""

import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that git LFS puts in the place of a large one which it has not fetched."""
PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|\?xml|!--)", re.IGNORECASE)
"""How a page begins that a server gave in the place of a file."""
SHOWN = 200
"""Bytes of a file by which it is told what it is."""
LARGEST = 1_000_000_000
"""Bytes of the largest file of JSON that is read; a vocabulary of a million words takes a tenth of them."""
EDITED = 4_000_000
"""Bytes of the largest file that somebody may have edited by hand."""
LINKED = 100_000
"""The most that may lie behind the links of a folder."""


def user_cache(name: str) -> Path:
    """Return the folder of this name in the part of the user's cache that is swapgate's; it may not be there yet."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
        return Path(local, "swapgate", "swapgate", "Cache", name)
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches"), "swapgate", name)
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "swapgate", name)


def read_text(path: Path, most: int) -> str:
    """Read a text of at most so many bytes. Raises OSError, also for what is no file and might never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError("it is no file")
    with path.open("rb") as file:  # of a folder this raises
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return content.decode("utf-8")


def read_json(path: Path) -> Any:
    """Read a file of JSON. Raises SurroundingsFault that names it."""
    try:
        return json.loads(read_text(path, LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        if why := disguise(path):
            raise SurroundingsFault(f"{path}: {why}") from error
        from swapgate.core.wrong import no_json  # pydantic comes with it, and each run of pytest imports this module

        raise SurroundingsFault(
            f"{path}: cannot be read as JSON ({no_json(error)}); fetch or save the model again"
        ) from error


def disguise(path: Path) -> str:
    """Return in words what lies in the place of a file that cannot be read, and what to do; nothing where that is not
    plain to see.
    """
    try:
        with path.open("rb") as file:
            start = file.read(SHOWN)
    except OSError:
        return ""
    if start.startswith(POINTER):
        return "it is a pointer of git LFS and not the file itself; in its repository type: git lfs pull"
    if PAGE.match(start):
        return "it is a web page and not the file itself, as of a download that failed; download it again"
    return "" if start else "it is empty; fetch or save the model again"


def write_whole(path: Path, text: str) -> None:
    """Write a text into a file, replacing what was there in one step. Raises OSError and then leaves what was there.

    It is written in a folder beside the file. Where the process dies meanwhile that folder stays: git does not see it,
    for it holds a .gitignore, and `remove_remains` takes it away. What is no regular file, such as a device, is written
    into and stays what it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=_prefix(path)))
    try:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        with (folder / path.name).open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(folder / path.name, 0o644)
        os.replace(folder / path.name, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def below(folder: Path) -> Iterator[Path]:
    """Yield what is below a folder in order, also what is behind links to folders; where one leads to a folder that it
    lies in itself, the link alone. What may not be read is passed over.

    Raises SurroundingsFault where more than LINKED lie behind links: they may lead to each other in endless ways.
    """
    linked = 0

    def each(inner: Path, above: frozenset[Path], is_linked: bool) -> Iterator[Path]:
        nonlocal linked
        with suppress(PermissionError):
            for path in sorted(inner.iterdir()):
                linked += is_linked
                if linked > LINKED:
                    raise SurroundingsFault(f"{folder}: more than {LINKED:,} files lie behind its links; take some out")
                yield path
                if path.is_dir() and (place := path.resolve()) not in above:
                    yield from each(path, above | {place}, is_linked or path.is_symlink())

    if folder.is_dir():
        yield from each(folder, frozenset({folder.resolve()}), False)


def make_hidden(folder: Path) -> Path:
    """Make a folder that git does not see, for it holds a .gitignore of its own, and give it. Raises OSError."""
    if not (folder / ".gitignore").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _ = (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def check_keys(content: bytes) -> None:
    """Make sure that no key of a JSON text stands twice, of which only the last would count. Raises ValueError.

    Longer texts than EDITED are passed over: nobody edits them by hand, and it would take as long as reading them.
    """
    if len(content) <= EDITED:
        json.loads(content, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"{twice} stands twice; both sides of a merge may be in it")
    return found


def remove_remains(path: Path) -> None:
    """Remove what processes have left that died while they wrote a file; no other may be writing it."""
    for folder in path.parent.glob(f"{_prefix(path)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(path: Path) -> str:
    return f".{path.name}."
