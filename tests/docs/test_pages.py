"""What the README and the pages show is what comes of it: each block is done, in its order, in a folder of the page."""

from pathlib import Path

import pytest

from .blocks import evaluate
from .commands import ROOT

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]  # the Chinese README has the same blocks


@pytest.mark.parametrize("path", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_page(path: Path, tmp_path):
    """Each block of a page does what it says, and shows what it is said to."""
    evaluate(path, tmp_path)
