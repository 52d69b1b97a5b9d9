"""What else a stranger may try: code named in settings, cards and listings that lie, readers, pickles, caches."""

import json
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.pictures import read_image
from swapgate.models import hub
from swapgate.models.fetching import RemoteFile, _fetch_if_wrong, _files
from swapgate.models.loading import find, load
from swapgate.models.safety import check_listener
from swapgate.models.weights import tensors
from swapgate.project.manifest import row_type
from swapgate.tasks import summarization, writing

ZOO = Path(__file__).parents[4] / "fixtures" / "zoo"
ANY = row_type(summarization.TASK).model_validate({"model": "x"})


def configure(folder, file="config.json", **changes):
    """Change keys of a settings file."""
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def loaded(folder):
    """Load the model of a folder."""
    row = ANY.model_copy(update={"model": str(folder)})
    return load(find(row, folder.parent, folder.parent), "AutoModelForSeq2SeqLM")


@pytest.fixture
def writer(tmp_path):
    """A copy of a model that writes summaries."""
    return Path(shutil.copytree(ZOO / "summarization" / "small", tmp_path / "model"))


@pytest.mark.parametrize("key", ["custom_generate", "trust_remote_code", "custom_pipelines"], ids=["a", "b", "c"])
@pytest.mark.parametrize(
    "file", ["config.json", "generation_config.json", "tokenizer_config.json"], ids=["x", "y", "z"]
)
def test_settings_that_name_code(writer, file, key):
    """Settings that name code to be fetched and run are refused, however deep they stand."""
    configure(writer, file, task_specific_params={"summarization": {key: "evil/code"}})
    with pytest.raises(SurroundingsFault, match=rf"{file}: asks for code of its own to be run \({key} in its settings"):
        loaded(writer)


@pytest.mark.parametrize(
    "params",
    [{"summarization": {"streamer": 1}}, {"summarization": {"num_beams": "4"}}, {"summarization": "x"}, ["x"]],
    ids=["argument", "text", "no table", "list"],
)
def test_settings_that_are_none(writer, params):
    """What is no setting of how a summary is written, or has no number, never reaches generate."""
    configure(writer, task_specific_params=params)
    with pytest.raises(SurroundingsFault, match=r"is no setting of how a summary is written|cannot be loaded"):
        summarization.predict(loaded(writer), ["A text."], ANY)


def test_published_settings(writer):
    """The settings that T5 and BART are published with are taken."""
    said = {"early_stopping": True, "length_penalty": 2.0, "num_beams": 4, "no_repeat_ngram_size": 3}
    lengths = {"max_length": 30, "min_length": 3}
    configure(writer, task_specific_params={"summarization": {**said, **lengths, "prefix": "s: "}})
    settled = writing.settled(loaded(writer).model, ANY, summarization.WANTED)
    assert settled.prefix == "s: "
    assert settled.options.items() >= {**said, **lengths}.items()


def test_broken_tokenizer(writer):
    """A tokenizer at which its library panics is told as one that cannot be loaded."""
    broken = {"type": "Precompiled", "precompiled_charsmap": "AAAAAAEAAAD/////"}
    configure(writer, "tokenizer.json", normalizer=broken)
    with pytest.raises(SurroundingsFault, match="cannot be loaded"):
        loaded(writer)


@pytest.mark.parametrize("kind", ["ClapFeatureExtractor", "UnivNetFeatureExtractor", ["x"]], ids=["a", "b", "c"])
def test_reader_of_sounds(kind):
    """A reader of sounds whose sizes nobody has checked is refused by its name."""
    with pytest.raises(SurroundingsFault, match=r"feature_extractor_type = .* is none of AST"):
        check_listener("preprocessor_config.json", {"feature_extractor": {"feature_extractor_type": kind}})
    check_listener("preprocessor_config.json", {"feature_extractor_type": "Wav2Vec2FeatureExtractor"})


def test_card_that_grows(tmp_path):
    """A card whose licence grows when it is read is not told."""
    pairs = zip("abcdefgh", "bcdefghi", strict=True)
    lists = "\n".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairs)
    (tmp_path / "README.md").write_text(f"---\na: &a [x]\n{lists}\nlicense: *i\n---\n")
    assert hub.licence(tmp_path) is None
    (tmp_path / "README.md").write_text("---\nlicense: [mit, apache-2.0]\n---\n")
    assert hub.licence(tmp_path) == "mit, apache-2.0"


@pytest.mark.parametrize("sha", [None, 5, "x" * 64, ["a"]], ids=["none", "number", "letters", "list"])
def test_listing_without_a_checksum(sha):
    """A file of which the hub lists no checksum is not fetched."""
    listed = _files("evil/model", [SimpleNamespace(rfilename="config.json", size=5, blob_id=sha, lfs=None)])
    assert listed == {"config.json": RemoteFile(5, None)}
    with pytest.raises(SurroundingsFault, match=r"evil/model@0{12}: the hub lists no checksum of config\.json, so it"):
        _fetch_if_wrong("evil/model", "0" * 40, "config.json", listed["config.json"])


def test_picture_that_is_a_program(tmp_path):
    """A PostScript file in the place of a picture is refused, and no interpreter is started."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n")
    with pytest.raises(SurroundingsFault, match=r"is a PostScript file \(EPS\), which is not read as a picture"):
        read_image(path)


class Large:
    """Pickled as a call that would take four gigabytes."""

    def __reduce__(self):
        return bytearray, (4_000_000_000,)


def test_pickle_that_takes_memory(tmp_path):
    """A pickle that makes a bytearray of any size is refused before it is read."""
    import torch

    torch.save({"weight": Large()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(SurroundingsFault, match="ValueError: it makes a bytearray, which is no weight"):
        list(tensors(tmp_path, allow_pickle=True))
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Large()}, protocol=2))
    with pytest.raises(SurroundingsFault, match="ValueError: it makes a bytearray, which is no weight"):
        list(tensors(tmp_path, allow_pickle=True))


def test_changed_in_the_cache(tmp_path):
    """A file of a public model that was changed after it was fetched is named."""
    blobs, folder = tmp_path / "blobs", tmp_path / "snapshots" / "x"
    blobs.mkdir()
    folder.mkdir(parents=True)
    (tmp_path / "plain").write_bytes(b"{}")
    for digits, file in ((40, "config.json"), (64, "model.safetensors")):
        name = hub.checksum(tmp_path / "plain", digits)
        (blobs / name).write_bytes(b"{}")
        (folder / file).symlink_to(blobs / name)
    (folder / "own.txt").write_text("a file that somebody put there")
    assert hub.changed(folder) is None
    (folder / "config.json").write_bytes(b"{ }")
    assert hub.changed(folder) == "config.json"
    assert hub.changed(tmp_path / "nowhere") is None
