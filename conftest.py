"""Only what this repository's own tests need; the suite itself comes from the plugin."""

import os
import shutil
import tempfile
from pathlib import Path

pytest_plugins = ["pytester"]

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there, which only its owner reads
ROOM = 4 * 2**30
"""Bytes that must be free there: several times what the tests of the engine leave until pytest clears it away."""


def pytest_configure() -> None:
    """Keep answers to rows in this folder, and not among those of the person who runs the tests."""
    os.environ.setdefault("SWAPGATE_CACHE", str(Path(__file__).parent / ".swapgate" / "rows"))
    if _takes_files(MEMORY):  # where each file is written through to a disk and removed again tests wait minutes
        for name in ("PYTEST_DEBUG_TEMPROOT", "TMPDIR"):
            os.environ.setdefault(name, str(MEMORY))
        tempfile.tempdir = None  # to be found anew


def _takes_files(folder: Path) -> bool:
    """Return whether temporary files can be in memory: there is room, and programs may be run from there."""
    try:
        return shutil.disk_usage(folder).free > ROOM and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    except (OSError, AttributeError):  # no such folder, or a system without it
        return False
