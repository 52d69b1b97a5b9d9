"""Suite files in a run whose root has no models file: each test says in one line what to type."""

import shutil

import pytest


@pytest.fixture
def nested(recorded):
    """Move the project into a folder of a repository that has a configuration of its own."""
    place = recorded.path / "services" / "names"
    place.mkdir(parents=True)
    for name in ("fixtures", "golden", "models", "tests", "conftest.py", "fake_model.py"):
        shutil.move(recorded.path / name, place / name)
    recorded.write("tests/test_others.py", "def test_others():\n    pass\n")
    recorded.write("pytest.ini", "[pytest]\nstrict = true\nfilterwarnings = error\npythonpath = services/names\n")
    return recorded, place


def test_models_file_below(nested, workers):
    """The tests of a project below name its folder, and the others of the repository run."""
    recorded, place = nested
    result = recorded.run("tests", "services/names/tests", "-m", "not latency", *workers)
    assert result.ret == 1
    result.assert_outcomes(passed=1, errors=3, deselected=0 if workers else 1)
    words = f"services/names/tests/test_ner.py judges models of {place}, and pytest's rootdir is {recorded.path}: type"
    assert f"{words} pytest --rootdir={place}" in result.stdout.str()
    assert "fixture 'prediction' not found" not in result.stdout.str()


def test_what_it_says_works(nested):
    """What is to be typed judges the project below."""
    recorded, place = nested
    result = recorded.run(f"--rootdir={place}", "services/names/tests", "-m", "not latency")
    assert result.ret == 0
    assert recorded.verdicts(result) == {"original": "PASS", "small": "PASS"}


def test_models_file_above(recorded):
    """A configuration in the folder of the tests makes that the root: the project's own is named."""
    recorded.write("tests/pytest.ini", "[pytest]\nstrict = true\n")
    result = recorded.run("tests", "-k", "expected")
    assert result.ret == 1
    assert (
        f"test_ner.py judges models of {recorded.path}, and pytest's rootdir is {recorded.path}/tests: type pytest"
        f" --rootdir={recorded.path}" in result.stdout.str()
    )


def test_no_models_file(recorded):
    """Where there is no models file anywhere the message says how to get one."""
    shutil.rmtree(recorded.path / "fixtures" / "models")
    result = recorded.run("-k", "expected")
    assert result.ret == 1
    assert "has no fixtures/models/embedded.toml: write one, or name another: --models=FILE" in result.stdout.str()


def test_fixtures_of_others(recorded):
    """A project whose own fixtures and marks have these names is left alone."""
    shutil.rmtree(recorded.path / "fixtures")
    recorded.write(
        "tests/test_ner.py",
        "import pytest\n\npytestmark = pytest.mark.task('mine')\n\n\n@pytest.fixture\ndef model():\n    return 1\n\n\n"
        "def test_mine(model):\n    assert model == 1\n",
    )
    recorded.run("tests").assert_outcomes(passed=1)
