"""Answers that are kept between runs: whole or not at all, for nobody else, within a limit, and never in the way."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.trials.cache import BESIDE, CACHE, FILE, HOUR, Cache, cache_folder, clear, told

KEYS = [bytes([number]) * 32 for number in range(9)]


@pytest.fixture
def folder(tmp_path):
    """Where a cache is to be."""
    return tmp_path / "rows"


@pytest.fixture
def kept(folder):
    """A cache that holds one answer."""
    cache = Cache(folder)
    cache.write({KEYS[0]: b"one"})
    cache.close()
    return folder


def changed(folder, order, *values):
    """Change the file behind the cache's back."""
    with sqlite3.connect(folder / FILE) as file:
        file.execute(order, values)
    file.close()


def test_what_is_kept(kept):
    """What one run writes another reads, and of what nobody wrote there is nothing."""
    cache = Cache(kept)
    assert cache.read([KEYS[0], KEYS[1], KEYS[0]]) == {KEYS[0]: b"one"}
    cache.write({KEYS[0]: b"two", KEYS[1]: b"three"})
    assert Cache(kept).read(KEYS) == {KEYS[0]: b"two", KEYS[1]: b"three"}
    assert not cache.notes


@pytest.mark.parametrize(
    ("order", "value"),
    [
        ("UPDATE rows SET said = ?", b"on"),
        ("UPDATE rows SET said = ?", 1),
        ("UPDATE rows SET checksum = ?", b""),
        ("UPDATE rows SET key = ?", KEYS[1]),
    ],
)
def test_torn_entry(kept, order, value):
    """An entry that is cut, of another kind, or that of another input is none, and is written anew."""
    changed(kept, order, value)
    cache = Cache(kept)
    assert cache.read(KEYS) == {}
    cache.write({KEYS[0]: b"one", KEYS[1]: b"two"})
    assert cache.read(KEYS) == {KEYS[0]: b"one", KEYS[1]: b"two"}
    assert not cache.notes


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
@pytest.mark.parametrize("name", ["", FILE])
def test_open_to_others(kept, name, mode):
    """A folder or a file that others may read or write is not used, with a note that says what to do."""
    (kept / name).chmod(mode)
    cache = Cache(kept)
    assert cache.read(KEYS) == {}
    cache.write({KEYS[1]: b"two"})
    (note,) = cache.notes
    assert f"(mode {mode:o}); empty it and let nobody else in (chmod 700), name another folder in {CACHE}" in note
    (kept / name).chmod(0o700)
    assert Cache(kept).read(KEYS) == {KEYS[0]: b"one"}


def test_of_another_user(kept, monkeypatch):
    """Another user's folder is not used."""
    mine = os.geteuid()
    monkeypatch.setattr("swapgate.trials.cache.os.geteuid", lambda: mine + 1)
    cache = Cache(kept)
    assert cache.read(KEYS) == {}
    assert "rows is another user's" in cache.notes[0]


@pytest.mark.parametrize("name", ["", FILE])
def test_link(kept, tmp_path, name):
    """A link to a folder or a file is not followed: whoever may change it chooses what is read."""
    elsewhere = tmp_path / "elsewhere"
    (kept / name).rename(elsewhere)
    (kept / name).symlink_to(elsewhere)
    cache = Cache(kept)
    assert cache.read(KEYS) == {}
    assert len(cache.notes) == 1


def test_private(kept):
    """Nobody else may look into what a run makes."""
    modes = [path.stat().st_mode & 0o777 for path in (kept, kept / FILE)]
    assert modes == [0o700, 0o600]


def test_no_database(kept):
    """A file that is no database is a note, and nothing is read."""
    (kept / FILE).write_bytes(b"something else" * 999)
    cache = Cache(kept)
    assert cache.read(KEYS) == {}
    assert f"remove {FILE} and what begins so" in cache.notes[0]
    with pytest.raises(SurroundingsFault, match="remove"):
        told(kept)


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = 1"])
def test_nothing_can_be_written(kept, pragma):
    """A full disk or a file that may only be read is one note, and the run goes on without."""
    cache = Cache(kept)
    assert cache.read(KEYS[:1]) == {KEYS[0]: b"one"}
    cache._file.execute(f"PRAGMA {pragma}")
    cache.write({KEYS[1]: b"x" * 99_999})
    cache.write({KEYS[2]: b"x"})
    (note,) = cache.notes
    assert note.endswith(f"mend that, name another folder in {CACHE}, or give --no-cache")
    assert Cache(kept).read(KEYS) == {KEYS[0]: b"one"}


def test_no_folder(tmp_path):
    """A folder that cannot be made is a note."""
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "rows")
    cache.write({KEYS[0]: b"one"})
    assert "Not a directory" in cache.notes[0]


def test_user_whom_nobody_knows(monkeypatch):
    """A folder of a user that there is not is a note, and nothing is made."""
    monkeypatch.setenv(CACHE, "~nosuchuserx/rows")
    cache = Cache(cache_folder())
    assert cache.read(KEYS) == {}
    assert "there is no such user" in cache.notes[0]
    assert not os.path.exists("~nosuchuserx")


def test_no_folder_at_all(tmp_path):
    """A file in the place of the folder is told."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SurroundingsFault, match="file: not a folder"):
        told(tmp_path / "file")


@pytest.mark.parametrize("tell", [told, clear])
@pytest.mark.parametrize(
    ("name", "words"), [("~nosuchuserx/rows", "no such user"), ("file/rows", "Not a directory"), ("rows", "rows-1")]
)
def test_folder_that_cannot_be(tmp_path, tell, name, words):
    """A folder that cannot be made, and a file of rows that leads nowhere, are told as that."""
    (tmp_path / "file").write_text("")
    (tmp_path / "rows").mkdir(mode=0o700)
    (tmp_path / "rows" / FILE).symlink_to(tmp_path / "nowhere")
    with pytest.raises(SurroundingsFault, match=words):
        tell(Path(name) if name.startswith("~") else tmp_path / name)


@pytest.mark.parametrize("tell", [told, clear])
@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_folder_that_runs_refuse(tmp_path, tell, kind):
    """A folder that runs would not use is told as that, also where nothing is kept there yet."""
    folder = tmp_path / "rows"
    folder.mkdir(mode=0o700)
    if kind == "a link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.chmod(0o755)
    with pytest.raises(SurroundingsFault, match="let nobody else in"):
        tell(folder)


def test_limit(folder):
    """Of more than the limit those that were used last stay."""
    now = [0.0]
    most = 10 * (BESIDE + 850)
    for _ in range(2):
        for key in KEYS:
            now[0] += HOUR
            cache = Cache(folder, most, lambda: now[0])
            cache.write({key: b"x" * 850})
            cache.close()
    now[0] += HOUR
    cache = Cache(folder, most, lambda: now[0])
    cache.read(KEYS[:1])
    cache.write({b"new": b"x" * 1850})
    cache.close()
    left = Cache(folder).read([*KEYS, b"new"])
    assert {*left} == {KEYS[0], *KEYS[3:], b"new"}


def test_runs_side_by_side(folder):
    """Runs that write at the same time lose nothing of each other's."""
    code = (
        "import sys; from pathlib import Path; from swapgate.trials.cache import Cache\n"
        "cache, run = Cache(Path(sys.argv[1])), sys.argv[2]\n"
        "for at in range(60): cache.write({f'{run} {at} {row}'.encode(): b'x' * 99 for row in range(8)})\n"
        "cache.close(); assert not cache.notes, cache.notes"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(folder), str(run)]) for run in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    keys = [f"{run} {at} {row}".encode() for run in range(3) for at in range(60) for row in range(8)]
    assert len(Cache(folder).read(keys)) == 3 * 60 * 8


def test_told_and_cleared(kept):
    """The command tells how much is kept and where, and removes it."""
    assert told(kept) == f"{kept}: 1 rows, 0.0 MB of at most 1,000"
    assert clear(kept) == f"{kept}: 1 rows removed"
    assert Cache(kept).read(KEYS) == {}
    assert clear(kept / "none") == f"{kept}/none: nothing is kept"


def test_folder(monkeypatch, tmp_path):
    """The variable names the folder; else it is one in the user's cache."""
    monkeypatch.setenv(CACHE, str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv(CACHE)
    assert cache_folder().parts[-2:] == ("swapgate", "rows")
