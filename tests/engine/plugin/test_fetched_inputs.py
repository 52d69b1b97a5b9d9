"""Runs whose inputs are fetched: where they are looked for, and what comes of a run without them."""

import hashlib
import io

import pytest
from PIL import Image

from swapgate.inputs.downloads import INPUTS

MODELS = """
cases = "pictures.toml"

[image-classification.original]
model = "../../models/colours"
labels = { "*" = "*" }
"""
SUITE = """
import pytest

pytestmark = pytest.mark.task("image-classification")


def test_expected(prediction, expected):
    assert prediction == expected


def test_golden(prediction, golden):
    assert prediction == golden
"""
FAKE = """
import pytest

from swapgate.outputs.classification import Classification, Score
from swapgate.tasks.image_classification import TASK

patch = pytest.MonkeyPatch()
REAL = TASK.predict


class Loaded:
    class Weights:
        pass

    def __init__(self):
        self.model = Loaded.Weights()


def predict(loaded, pictures, row):
    names = [max(zip(picture.getpixel((0, 0)), ("red", "green", "blue")))[1] for picture in pictures]
    return [Classification((Score(row.label_map[name], 0.9),), 0.1) for name in names]


def pytest_configure():
    patch.setattr("swapgate.backends.transformers.load", lambda task, source: Loaded())
    object.__setattr__(TASK, "predict", predict)
    patch.setattr("swapgate.trials.running.surroundings", lambda: {"python": "3"})


def pytest_unconfigure():
    object.__setattr__(TASK, "predict", REAL)
    patch.undo()
"""
DOWNLOAD = """
[download."{name}.png"]
url = "http://127.0.0.1:9/{name}.png"
sha256 = "{sha256}"
"""
CASE = """
[[case]]
id = "{name}"
image = "{name}.png"
expected = "{name}"
"""


def picture(colour):
    """Return a PNG file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pictures(project, monkeypatch):
    """A project of two cases, whose pictures lie in a folder of their own."""
    monkeypatch.delenv(INPUTS, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.path / "cache"))
    for path in (project.suite, project.cases_file):
        path.unlink()
    project.models_file.write_text(MODELS)
    project.write("tests/test_pictures.py", SUITE)
    project.write("conftest.py", FAKE)
    project.model("colours", {})
    downloads, cases = "", ""
    for colour in ("red", "blue"):
        (project.path / "given").mkdir(exist_ok=True)
        (project.path / "given" / f"{colour}.png").write_bytes(picture(colour))
        downloads += DOWNLOAD.format(name=colour, sha256=hashlib.sha256(picture(colour)).hexdigest())
        cases += CASE.format(name=colour)
    project.write("fixtures/image-classification/pictures.toml", f'latency = "red"\n{downloads}{cases}')
    return project


def verdict(project, result):
    """Return the verdict on the only tier."""
    (row,) = [line for line in project.table(result) if line.startswith("image-classification/")]
    return row.split()[-1]


def reasons(project, result):
    """Return the lines below the verdict."""
    return [line for line in project.table(result)[2:] if not line.endswith("goldens: swapgate review")]


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_folder_stands_in(pictures, monkeypatch, way):
    """A local folder stands in for the download, by option or by variable, also in workers."""
    options = ["--inputs=given"]
    if way == "variable":
        options = []
        monkeypatch.setenv(INPUTS, str(pictures.path / "given"))
    assert pictures.run("--snapshot-update", *options).ret == 0
    for more in ([], ["-n", "2"]):
        result = pictures.run(*options, *more)
        assert (result.ret, verdict(pictures, result)) == (0, "PASS")


def test_option_holds_for_one_run(pictures):
    """What --inputs says holds for its own run only."""
    pictures.run("--snapshot-update", "--inputs=given")
    result = pictures.run()
    assert (result.ret, verdict(pictures, result)) == (7, "INCOMPLETE")


def test_absent(pictures):
    """Inputs that are not here make the tier INCOMPLETE with the command that fetches them, and are not fetched."""
    result = pictures.run("-k", "expected")
    assert (result.ret, verdict(pictures, result)) == (7, "INCOMPLETE")
    where = pictures.path / "cache" / "swapgate" / "inputs"
    assert reasons(pictures, result) == [
        f"INCOMPLETE  image-classification/original: no {name}.png in {where}; fetch it with: swapgate inputs"
        " --models=embedded, or give the folder that holds it: pytest --inputs=DIR"
        for name in ("red", "blue")
    ]
    result.assert_outcomes(skipped=2)


def test_one_absent(pictures):
    """A case whose input is here is judged, also beside one in its batch whose input is not."""
    pictures.run("--snapshot-update", "--inputs=given")
    (pictures.path / "given" / "blue.png").unlink()
    result = pictures.run("--inputs=given")
    result.assert_outcomes(passed=2, skipped=2)
    assert (result.ret, verdict(pictures, result)) == (7, "INCOMPLETE")


def test_another_file(pictures):
    """An input with another checksum is an ERROR, whatever picture it is."""
    (pictures.path / "given" / "blue.png").write_bytes(picture("navy"))
    result = pictures.run("--inputs=given", "-k", "expected and blue")
    assert (result.ret, verdict(pictures, result)) == (7, "ERROR")
    (reason,) = reasons(pictures, result)
    assert "blue.png: its SHA-256 is " in reason


def test_no_folder(pictures):
    """A folder that is not there is told before anything is judged."""
    result = pictures.run("--inputs=elsewhere")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: --inputs elsewhere: no folder */elsewhere; give the one that holds them")


def test_golden_remembers_the_checksum(pictures):
    """A case that names another file of inputs is one whose input was changed."""
    pictures.run("--snapshot-update", "--inputs=given")
    (pictures.path / "given" / "red.png").write_bytes(picture("#f00001"))
    was, now = (hashlib.sha256(picture(colour)).hexdigest() for colour in ("red", "#f00001"))
    pictures.replace(pictures.path / "fixtures/image-classification/pictures.toml", was, now)
    result = pictures.run("--inputs=given", "-k", "golden and red")
    assert "the input was changed since the golden was recorded" in reasons(pictures, result)[0]


def test_command(pictures, monkeypatch):
    """`swapgate inputs` says what is here; what cannot be fetched ends with exit status 1 and one message."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(INPUTS, str(pictures.path / "given"))
    result = pictures.swapgate("inputs")
    assert result.ret == 0
    assert [line.rpartition("/")[2] for line in result.outlines] == [
        "red.png: is here already",
        "blue.png: is here already",
    ]
    (pictures.path / "given" / "blue.png").write_bytes(b"")
    result = pictures.swapgate("inputs")
    assert (result.ret, len(result.errlines)) == (1, 1)


def test_nothing_to_fetch(project):
    """Where no case names an address there is nothing to do."""
    result = project.swapgate("inputs")
    assert (result.ret, result.outlines) == (0, ["no case names an input by address; nothing to fetch"])
