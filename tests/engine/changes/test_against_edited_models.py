"""`--against REF` and edits of a model's files: the folder as it is now runs, also where a digest is blind to them."""

import functools
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.models.digest import NEVER_READ, file_digests, folder_digest
from swapgate.models.loading import Source
from swapgate.project.manifest import Row

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
NOTE = "edited below model folders, which are judged as they are now: models/small/config.json"


@pytest.fixture
def blind(committed, commit):
    """A project whose small model reads a key of its config that the digest takes for a mere trace."""
    lexicon = 'source.config["lexicon"]'
    committed.replace(
        committed.path / "fake_model.py",
        f"self.lexicon = {lexicon}",
        f'self.lexicon = {{}} if source.config.get("_name_or_path") == "lost" else {lexicon}',
    )
    commit()
    return committed


def edit(project, name, **keys):
    """Write keys into the config.json of a model; its digest stays."""
    folder = project.path / "models" / name
    before = folder_digest(folder)
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))
    assert folder_digest(folder) == before


def test_edit_that_the_digest_does_not_see(blind, against):
    """An edit that changes answers and no digest is judged as drift, by the commit's golden."""
    edit(blind, "small", _name_or_path="lost")
    result = against()
    assert (result.ret, blind.verdicts(result)["small"]) == (1, "FAIL")
    assert f"note  {NOTE}" in blind.reasons(result)
    assert "is gone since the golden" in result.stdout.str()
    assert "swapped in" not in result.stdout.str()


def test_edit_with_changed_since(blind, against):
    """The same where only what changed is judged."""
    edit(blind, "small", _name_or_path="lost")
    result = against("--changed-since=HEAD")
    assert (result.ret, blind.verdicts(result)["small"]) == (1, "FAIL")


def test_edit_that_changes_nothing(blind, against):
    """An edit that changes no answer passes, and is listed for the reviewer."""
    edit(blind, "small", _name_or_path="elsewhere")
    result = against()
    assert (result.ret, blind.verdicts(result)["small"]) == (0, "PASS")
    assert f"note  {NOTE}" in blind.reasons(result)


def test_saved_again_is_no_swap(blind):
    """A candidate whose files say the same in other bytes did not take place, and the files are named."""
    shutil.copytree(blind.path / "models" / "small", blind.path / "models" / "again")
    edit(blind, "again", _name_or_path="again")
    result = blind.run("--swap=ner.small=models/again", "-k", "small and expected")
    assert result.ret == 1
    assert "; config.json differ, but in nothing that counts" in result.stdout.str()


@given(
    name=st.sampled_from(["config.json", "tokenizer.json", "odd.bin", "sub/more.txt"]), content=st.binary(max_size=9)
)
def test_bytes_of_any_file_count(tmp_path_factory, name, content):
    """Whatever a file that a loader may read holds, other bytes are another identity."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "sub").mkdir()
    before = file_digests(folder)
    (folder / name).write_bytes(content)
    first = file_digests(folder)
    (folder / name).write_bytes(content + b"x")
    assert before != first != file_digests(folder)


@pytest.mark.parametrize("name", ["README.md", "LICENSE", ".gitattributes", "optimizer.pt", "runs/events.1"])
def test_files_that_are_never_read(tmp_path, name):
    """Files that no loader reads do not count."""
    assert NEVER_READ
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    assert file_digests(tmp_path) == {}


NAMES = ["LICENSE-00002.safetensors", ".gitweights.safetensors", "NOTICE.bin", "training_args.bin"]


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_any_name_count(tmp_path, name):
    """A file that an index may name counts, whatever else its name is like: a compressed copy is never of old ones."""
    (tmp_path / name).write_text("x")
    source = Source(Row(model="."), tmp_path, "shards")
    before = source.bytes_digest
    (tmp_path / name).write_text("y")
    assert Source(Row(model="."), tmp_path, "shards").bytes_digest != before


def run(folder, *command):
    """Run a command in a folder; return its exit status and what it says."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_added_special_tokens(tmp_path, monkeypatch, python):
    """A real tokenizer that is given tokens its model has never seen is no silent PASS."""
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(ZOO / "sentiment" / "small", tmp_path / "model")
    (tmp_path / "fixtures" / "models").mkdir(parents=True)
    (tmp_path / "fixtures" / "sentiment").mkdir()
    (tmp_path / "tests").mkdir()
    cases = "\n".join(
        f'[[case]]\nid = "c{n}"\ntext = "{text}"\nexpected = ["positive", "negative"]'
        for n, text in enumerate(["The soup was cold.", "I loved it.", "wonderful wonderful"])
    )
    (tmp_path / "fixtures/sentiment/cases.toml").write_text(f'latency = "c0"\n{cases}\n')
    (tmp_path / "fixtures/models/embedded.toml").write_text(
        '[sentiment.small]\nmodel = "../../model"\nlabels = { "*" = "*" }\n'
    )
    (tmp_path / "tests/test_it.py").write_text(
        'import pytest\nfrom swapgate.standard import test_golden\npytestmark = pytest.mark.task("sentiment")\n'
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / ".gitignore").write_text("__pycache__/\n.swapgate/\n.lock/\n.pytest_cache/\n")
    pytest_here = functools.partial(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert pytest_here("--snapshot-update").returncode == 0
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        assert run(tmp_path, "git", *words)[0] == 0
    path = tmp_path / "model" / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "additional_special_tokens": ["was cold", "loved it"]}))
    done = pytest_here("--against=HEAD", "--changed-since=HEAD")
    said = done.stdout + done.stderr
    assert done.returncode in (1, 7), said
    assert "(model/tokenizer_config.json" in said
