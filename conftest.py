"""Only what this repository's own tests need; the suite itself comes from the plugin."""

import os
from pathlib import Path

pytest_plugins = ["pytester"]


def pytest_configure() -> None:
    """Keep answers to rows in this folder, and not among those of the person who runs the tests."""
    os.environ.setdefault("SWAPGATE_CACHE", str(Path(__file__).parent / ".swapgate" / "rows"))
