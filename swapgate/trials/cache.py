"""What models said of rows of evaluation sets, kept between runs: one SQLite file in a folder of the user's own.

Predictions are private, and a checksum tells a torn entry but no forged one: so nobody else may read the folder or
write into it. What goes wrong here is a note and never a verdict; all that is lost is time.
"""

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import user_cache

T = TypeVar("T")

CACHE = "SWAPGATE_CACHE"
"""The environment variable that names the folder; else there is one in the user's cache."""
FILE = "rows-1.sqlite"
"""Has another number where the file has another form."""
MOST = 1_000_000_000
"""Bytes that entries may have together; those that were used last stay."""
KEPT = 0.9
"""The share of that to which they are cut down."""
BESIDE = 150
"""Bytes that an entry takes besides what it holds."""
HOUR = 3600
"""Seconds in which an entry that is read is not noted as used again."""
WAIT = 30
"""Seconds that a run waits for others that write."""
TABLE = """
CREATE TABLE IF NOT EXISTS rows (
    key BLOB PRIMARY KEY, said BLOB NOT NULL, checksum BLOB NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID
"""
HELD = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM rows"
LEAST_USED = """
DELETE FROM rows WHERE key IN (
    SELECT key FROM (SELECT key, SUM(bytes) OVER (ORDER BY used DESC, key) AS newer FROM rows) WHERE newer > ?
)
"""


def cache_folder() -> Path:
    """Return where rows are kept: what SWAPGATE_CACHE names, else a folder in the user's cache."""
    named = os.environ.get(CACHE)
    return Path(os.path.expanduser(named)) if named else user_cache("rows")


@dataclass(eq=False)
class Cache:
    """Rows that are kept; opened when it is first asked, and shared with every run that is open at the same time."""

    folder: Path
    most: int = MOST
    clock: Callable[[], float] = time.time
    plugins: Callable[[], Iterable[Any]] = tuple
    """Returns modules that may change what models compute, besides those that Python knows."""
    notes: list[str] = field(default_factory=list, init=False)
    """Why it is not used, once that is known."""
    _file: sqlite3.Connection | None = field(default=None, init=False)
    _written: int = field(default=0, init=False)
    """Bytes since it was last cut down."""

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is kept under some keys; an entry that is not as it was written is as good as none."""
        return self._tried(lambda file: self._read(file, keys), {})

    def write(self, rows: Mapping[bytes, bytes]) -> None:
        """Keep rows, all of them or none: a process that is killed meanwhile leaves no part of them."""
        self._tried(lambda file: self._write(file, rows), None)

    def close(self) -> None:
        """Cut it down to its limit where something was written, and close it."""
        if self._file is not None:
            if self._written:
                self._tried(self._cut_down, None)
            self._close()

    def _tried(self, ask: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Return what comes of the file; once something goes wrong with it, it is left alone and that is noted."""
        if self.notes:
            return otherwise
        try:
            if self._file is None:
                self._file = opened(self.folder)
            return ask(self._file)
        except (OSError, sqlite3.Error) as error:
            self.notes.append(
                f"evaluation rows are not kept for later runs, nor taken from earlier ones: {self.folder}: {error};"
                f" {remedy(error)}, name another folder in {CACHE}, or give --no-cache"
            )
            self._close()
            return otherwise

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, file: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        now = int(self.clock())
        one = "SELECT key, said, checksum, used FROM rows WHERE key = ?"
        rows = [row for key in dict.fromkeys(keys) for row in file.execute(one, (key,))]
        found = {key: said for key, said, checksum, _ in rows if _is_whole(key, said, checksum)}
        old = [(now, key) for key, _, _, used in rows if not isinstance(used, int) or not now - HOUR < used <= now]
        _all_or_none(file, "UPDATE rows SET used = ? WHERE key = ?", old)
        return found

    def _write(self, file: sqlite3.Connection, rows: Mapping[bytes, bytes]) -> None:
        now = int(self.clock())
        values = [(key, said, _checksum(key, said), len(said) + BESIDE, now) for key, said in rows.items()]
        _all_or_none(file, "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", values)
        self._written += sum(size for *_, size, _ in values)
        if self._written > self.most * (1 - KEPT):
            self._cut_down(file)

    def _cut_down(self, file: sqlite3.Connection) -> None:
        self._written = 0
        ((_, size),) = file.execute(HELD)
        if size > self.most:
            _all_or_none(file, LEAST_USED, [(int(self.most * KEPT),)])


def opened(folder: Path) -> sqlite3.Connection:
    """Open the file of rows, made where there is none.

    Raises OSError where the folder or the file is another's or open to others, and sqlite3.Error.
    """
    _check_user(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(folder, stat.S_ISDIR)
    path = folder / FILE
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    _check_own(path, stat.S_ISREG)
    file = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
    try:
        file.text_factory = bytes  # an entry may hold what is no text
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        file.execute(TABLE)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _check_user(folder: Path) -> None:
    """Raise OSError where a folder is one of a user whom nobody knows."""
    if folder.parts[:1] and folder.parts[0].startswith("~"):
        raise OSError("there is no such user")


def _check_own(path: Path, is_kind: Callable[[int], bool]) -> None:
    """Raise OSError where a path is another's, or others may read or write it."""
    status = os.lstat(path)
    if not is_kind(status.st_mode):
        raise PermissionError(f"{path.name} is a link, or of another kind")
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{path.name} is another user's")
    if status.st_mode & 0o077:
        raise PermissionError(f"others may read or write {path.name} (mode {stat.S_IMODE(status.st_mode):o})")


def remedy(error: Exception) -> str:
    """Return in words what to do about a file that cannot be used."""
    if isinstance(error, PermissionError):
        return "empty it and let nobody else in (chmod 700)"
    is_broken = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    return f"remove {FILE} and what begins so" if is_broken else "mend that"


def recalled_words(models: Sequence[str]) -> str:
    """Return in words which models were not asked for how many rows."""
    return f"answers taken from earlier runs: {', '.join(models)}; --no-cache asks for all of them again"


def told(folder: Path) -> str:
    """Return in words what is kept in a folder. Raises SurroundingsFault where that cannot be told."""
    if not _holds_any(folder):
        return f"{folder}: nothing is kept yet"
    rows, size = _asked(folder)
    return f"{folder}: {rows:,} rows, {size / 1e6:,.1f} MB of at most {MOST / 1e6:,.0f}"


def clear(folder: Path) -> str:
    """Remove all that is kept in a folder, and tell it. Raises SurroundingsFault where that fails."""
    if not _holds_any(folder):
        return f"{folder}: nothing is kept"
    rows, _ = _asked(folder, "DELETE FROM rows", "VACUUM")
    return f"{folder}: {rows:,} rows removed"


def _holds_any(folder: Path) -> bool:
    """Return whether there is a file of rows. Raises SurroundingsFault where the folder is none that runs would use."""
    if folder.exists() and not folder.is_dir():
        raise SurroundingsFault(f"{folder}: not a folder; name one in {CACHE}")
    try:
        _check_user(folder)
        _check_own(folder, stat.S_ISDIR)
        return os.path.lexists(folder / FILE)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refused(folder, error) from error


def _asked(folder: Path, *orders: str) -> tuple[int, int]:
    """Return how many rows and bytes are kept, and then carry out some orders. Raises SurroundingsFault."""
    try:
        file = opened(folder)
        try:
            ((rows, size),) = file.execute(HELD)
            for order in orders:
                file.execute(order)
        finally:
            file.close()
    except (OSError, sqlite3.Error) as error:
        raise _refused(folder, error) from error
    return rows, size


def _refused(folder: Path, error: Exception) -> SurroundingsFault:
    return SurroundingsFault(f"{folder}: {error}; {remedy(error)}, or name another folder in {CACHE}")


def _all_or_none(file: sqlite3.Connection, order: str, values: Iterable[Sequence[object]]) -> None:
    """Carry out an order for each of some values, in one transaction."""
    values = list(values)
    if not values:
        return
    file.execute("BEGIN IMMEDIATE")
    try:
        file.executemany(order, values)
    except BaseException:
        file.execute("ROLLBACK") if file.in_transaction else None
        raise
    file.execute("COMMIT")


def _is_whole(key: object, said: object, checksum: object) -> bool:
    return isinstance(key, bytes) and isinstance(said, bytes) and checksum == _checksum(key, said)


def _checksum(key: bytes, said: bytes) -> bytes:
    return hashlib.sha256(key + said).digest()[:16]
