"""Keys of pytest's configuration that stand for options: what they say counts, but for what judges a change."""

import json

import pytest

from swapgate.plugin.persistent import OPTIONS


@pytest.fixture
def said(project):
    """Add lines to the configuration of a project whose goldens are recorded."""
    assert project.run("--snapshot-update", "-m", "not latency").ret == 0

    def add(*lines, strict=False):
        text = "[pytest]\nfilterwarnings = error\npythonpath = .\n" + "strict = true\n" * strict
        project.write("pytest.ini", text + "".join(f"{line}\n" for line in lines))
        return project

    return add


@pytest.mark.parametrize("name", ["other", "elsewhere/other.toml"])
def test_models(said, name):
    """A models file is named as with --models, a path from the project's folder on; the command line counts before."""
    project = said(f"swapgate_models = {name}")
    path = name if "/" in name else f"fixtures/models/{name}.toml"
    models = project.models_file.read_text().replace("../../models", f"{project.path}/models")
    project.write(path, models.partition("[ner.small]")[0])
    result = project.run("-m", "size or quality", "--co", "-q")
    assert result.ret == 0, result.stdout.str()
    assert "small" not in result.stdout.str()
    assert "small" in project.run("-m", "size or quality", "--co", "-q", "--models=embedded").stdout.str()


def test_models_are_missed(said):
    """A models file that is not there ends the run, where the project would else have none."""
    result = said("swapgate_models = gone").run()
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: no models file *gone.toml; give --models=FILE a path or a name in*")


def test_verdicts(said):
    """Reports are written where the keys say, from the project's folder on; an option counts before."""
    project = said("swapgate_verdict_json = build/v.json", "swapgate_verdict_md = build/v.md")
    assert project.run("-m", "not latency", "--verdict-md=own.md").ret == 0
    assert json.loads((project.path / "build/v.json").read_text())["tiers"]
    assert (project.path / "own.md").is_file()
    assert not (project.path / "build/v.md").exists()


def test_device(said):
    """A device is that of all models, as with --device; one that the machine has not ends the run."""
    result = said("swapgate_device = cuda").run("-m", "not latency")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: *--device cuda*")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("swapgate_modles = ci", "swapgate_modles: unknown key; did you mean 'swapgate_models'?"),
        ("swapgate_swap = ner.small=x", "swapgate_swap: unknown key*"),
        ("swapgate_eval_set = ner=x", "swapgate_eval_set: unknown key*"),
        ("swapgatemodels = ci", "swapgatemodels: unknown key; did you mean 'swapgate_models'?"),
        ("swapgate_device = gpu", "swapgate_device: 'gpu' is none of cpu, cuda, mps"),
        ("swapgate_threads = many", "swapgate_threads: 'many' is no number from 1 to 1,024"),
        ("swapgate_threads = 0", "swapgate_threads: '0' is no number from 1 to 1,024"),
        ("swapgate_no_cache = perhaps", "swapgate_no_cache: *; mend it"),
        ("swapgate_decide_early = perhaps", "swapgate_decide_early: *; mend it"),
    ],
)
def test_what_cannot_be_meant(said, line, message):
    """A key that is misspelt, or has a value that cannot be, ends the run with one message."""
    result = said(line).run("-m", "not latency")
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: pytest's configuration: {message}")
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize("table", ["tool.pytest", "tool.pytest.ini_options"])
@pytest.mark.parametrize("key", [*OPTIONS, "decide_early"])
@pytest.mark.parametrize("value", ["[2]", '["embedded"]', "[]"])
def test_values_of_other_types(project, table, key, value):
    """In TOML a key may have any type; one that is not its own ends the run with one message."""
    (project.path / "pytest.ini").unlink()
    project.write("pyproject.toml", f"[{table}]\nswapgate_{key} = {value}\n")
    result = project.run("-m", "nothing")
    assert result.ret == 4
    assert f"swapgate_{key}: " in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_misspelt_without_models_file(pytester):
    """A misspelt key is told also where no models file is found for it."""
    pytester.makeini("[pytest]\nswapgate_modles = ci\n")
    result = pytester.runpytest("-p", "no:cacheprovider")
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: pytest's configuration: swapgate_modles: unknown key; did you mean*")


def test_all_keys_are_told(pytester):
    """The help has a line for each key."""
    text = pytester.runpytest("--help").stdout.str()
    for key in ("models", "device", "threads", "inputs", "no_cache", "all_sizes", "verdict_json", "verdict_html"):
        assert f"swapgate_{key} " in text
