"""Models files as a person writes them."""

import pytest

from swapgate.project.manifest import read_manifest


@pytest.fixture
def path(tmp_path):
    """Return where the models file is."""
    return tmp_path / "models.toml"


@pytest.fixture
def read(path):
    """Read a models file with this content."""

    def read_text(text):
        path.write_text(text, encoding="utf-8")
        return read_manifest(path)

    return read_text
