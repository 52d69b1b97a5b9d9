"""`--against REF` where rows name public models: a commit that a row is moved to is a swap, and nothing is fetched."""

import shutil

import pytest

OLD, NEW = "1" * 40, "2" * 40


@pytest.fixture
def published(committed, commit, monkeypatch, tmp_path):
    """A project whose small model is a public one at a commit, with its goldens; the cache has another commit too."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in (OLD, NEW):
        folder = tmp_path / "cache" / "models--org--small" / "snapshots" / name
        shutil.copytree(committed.path / "models" / "small", folder)
        (folder / "tokenizer.json").write_text("{}" if name == OLD else '{"model": {"vocab": {"x": 1}}}')
    committed.replace(committed.models_file, '"../../models/small"', f'"org/small"\nrevision = "{OLD}"')
    committed.run("-m", "small", "-k", "golden", "--snapshot-update")
    shutil.rmtree(committed.path / "models" / "small")
    commit()
    return committed


def test_moved_pin(published, against):
    """A row that is moved to another commit of a model is judged as a swap by the older one."""
    published.replace(published.models_file, OLD, NEW)
    result = against("-m", "small and not latency")
    assert (result.ret, published.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert f"org/small@{NEW[:12]}, swapped in for org/small@{OLD[:12]}@" in result.stdout.str()
    assert "the goldens in this change are not those of" in result.stdout.str()


def test_same_pin(published, against):
    """A row that stays is no swap."""
    result = against("-m", "small and not latency")
    assert (result.ret, published.verdicts(result)) == (0, {"small": "PASS"})
    assert "swapped in" not in result.stdout.str()


def test_absent(published, against, tmp_path):
    """A row that stays, and whose model is not in the cache, is INCOMPLETE and no swap."""
    shutil.rmtree(tmp_path / "cache")
    result = against("-m", "small and not latency")
    assert (result.ret, published.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "swapped in" not in result.stdout.str()
    assert "fetch it with: swapgate fetch ner.small --models=embedded" in result.stdout.str()


def test_folder_that_only_the_working_tree_has(committed, commit, against):
    """A folder that git does not keep is not taken for a public model, though its name could be one's id."""
    shutil.copytree(committed.path / "models", committed.path / "fixtures" / "models" / "own")
    committed.replace(committed.models_file, '"../../models/small"', '"own/small"')
    committed.write(".gitignore", "own/\n" + (committed.path / ".gitignore").read_text())
    committed.run("-m", "small", "-k", "golden", "--snapshot-update")
    commit()
    result = against("-m", "small and not latency")
    assert (result.ret, committed.verdicts(result)) == (0, {"small": "PASS"})
