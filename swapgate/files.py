"""Files that are written whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path


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


def remove_remains(path: Path) -> None:
    """Remove what processes have left that died while they wrote a file; no other may be writing it."""
    for folder in path.parent.glob(f"{_prefix(path)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(path: Path) -> str:
    return f".{path.name}."
