"""What is below a folder: all that a loader would come by, behind links too."""

import os

import pytest

from swapgate.core import files
from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import below


@pytest.fixture
def model(tmp_path):
    """A folder with a file, a folder and links: to a file, to a folder, to nothing, and to a folder above it."""
    for place in ("model/inner", "elsewhere/deep", "above"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.json").write_text("{}")
    folder = tmp_path / "model"
    (folder / "file.json").symlink_to(tmp_path / "above" / "a.json")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    (folder / "round").symlink_to(folder)
    (tmp_path / "elsewhere" / "back").symlink_to(folder / "inner")
    return folder


def names(folder):
    """Return what is below a folder, by its names."""
    return [path.relative_to(folder).as_posix() for path in below(folder)]


def test_below(model):
    """Links to folders are followed, each by its own name; one that leads back to where it lies is itself the end."""
    inner, linked = ["inner", "inner/a.json"], ["linked", "linked/back", "linked/back/a.json", "linked/deep"]
    assert names(model) == ["file.json", *inner, *linked, "linked/deep/a.json", "nowhere", "round"]


def test_not_there(tmp_path):
    """Nothing is below what is no folder."""
    (tmp_path / "file").write_text("")
    assert names(tmp_path / "gone") == names(tmp_path / "file") == []


def test_links_without_end(tmp_path, monkeypatch):
    """Links that lead to each other in endless ways end with a message; many files without links are no matter."""
    monkeypatch.setattr(files, "LINKED", 50)
    plain, endless = tmp_path / "plain", tmp_path / "endless"
    plain.mkdir()
    endless.mkdir()
    for number in range(60):
        (plain / str(number)).write_text("")
    assert len(names(plain)) == 60
    folders = [tmp_path / f"step{number}" for number in range(7)]
    for folder, behind in zip(folders, [*folders[1:], None], strict=True):
        folder.mkdir()
        for name in ("a", "b") if behind else ():
            (folder / name).symlink_to(behind)
    (endless / "in").symlink_to(folders[0])
    with pytest.raises(SurroundingsFault, match="more than 50 files lie behind its links; take some out"):
        names(endless)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(model):
    """A folder that may not be read is passed over."""
    (model / "inner").chmod(0)
    try:
        assert "inner/a.json" not in names(model)
    finally:
        (model / "inner").chmod(0o755)
