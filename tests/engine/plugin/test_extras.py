"""What is not installed is told before a model is loaded, in one line with what to type."""

import sys

import pytest

from swapgate.core.extras import EXTRAS
from swapgate.tasks import tasks

LABELS = 'labels = { "*" = "*" }\n'


@pytest.fixture
def without(monkeypatch):
    """Let the packages of some extras not be installed."""

    def block(*extras):
        for module in (module for extra in extras for module in EXTRAS[extra].values()):
            monkeypatch.setitem(sys.modules, module, None)

    return block


def row(suite, model="../x"):
    """Return the row of a suite, whose model need not be there."""
    return f'\n[{suite}.large]\nmodel = "{model}"\n{LABELS if tasks()[suite].label_names else ""}'


def told(project, *options):
    """Run pytest, which must end before a model is loaded; gives the one line that it says."""
    result = project.run(*options)
    assert (result.ret, project.events()) == (4, [])
    (line,) = [line for line in result.errlines if line]
    return line


@pytest.mark.parametrize(
    ("suite", "lacks", "extra"),
    [
        ("speech-recognition", "librosa, soundfile, jiwer, rapidfuzz, rouge-score", "audio"),
        ("audio-classification", "librosa, soundfile, jiwer, rapidfuzz, rouge-score", "audio"),
        ("summarization", "jiwer, rapidfuzz, rouge-score", "text"),
        ("object-detection", "pillow, pycocotools", "vision"),
        ("image-classification", "pillow, pycocotools", "vision"),
    ],
    ids=["transcripts", "sounds", "summaries", "boxes", "pictures"],
)
def test_task(recorded, without, suite, lacks, extra):
    """A suite whose task needs what is not installed ends the run, with the line that installs it."""
    without("audio", "text", "vision")
    recorded.write(recorded.models_file, recorded.models_file.read_text() + row(suite))
    assert told(recorded) == (
        f"ERROR: fixtures/models/embedded.toml: {suite} needs {lacks}, which are not installed; type: pip install"
        f' "swapgate[{extra}]"'
    )


@pytest.mark.parametrize(
    ("keys", "lacks", "extra"),
    [
        ('model = "http://127.0.0.1:9/ask"', "urllib3, which is", "endpoint"),
        ('model = "{}models/exported"', "onnx, onnxruntime, which are", "onnx"),
        ('model = "{}models/small"\nbackend = "peft"', "peft, which is", "peft"),
    ],
    ids=["endpoint", "onnx", "peft"],
)
def test_backend(recorded, without, keys, lacks, extra):
    """So does a row of a backend that needs it, and a candidate of one."""
    without("endpoint", "onnx", "peft")
    recorded.write("models/exported/model.onnx", "")
    recorded.write("models/exported/config.json", "{}")
    line = f'needs {lacks} not installed; type: pip install "swapgate[{extra}]"'
    recorded.write("candidate.toml", f"{keys.format('')}\n{LABELS}")
    assert told(recorded, "--swap=ner.small=candidate.toml").endswith(line)
    before = recorded.models_file.read_text()
    recorded.write(recorded.models_file, f"{before}\n[ner.large]\n{keys.format('../../')}\n{LABELS}")
    assert told(recorded) == f"ERROR: fixtures/models/embedded.toml: ner {line}"


def test_one_line_for_all(recorded, without):
    """The line installs what all suites need, and a suite of which nothing is selected needs nothing."""
    without("audio", "vision", "onnx")
    rows = [row("audio-classification"), row("object-detection"), row("question-answering", "../x.onnx")]
    recorded.write(recorded.models_file, "".join([recorded.models_file.read_text(), *rows]))
    assert told(recorded).endswith('type: pip install "swapgate[audio,onnx,vision]"')
    result = recorded.run("-k", "ner")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


def test_option(recorded, without):
    """An option that needs what is not installed says so too."""
    without("histogram", "parquet")
    recorded.write("rows.parquet", "")
    lacks = {
        "--benchmark-histogram": ("pygal, pygaljs, which are", "histogram"),
        "--eval-set=ner=rows.parquet": ("pyarrow, which is", "parquet"),
    }
    for option, (what, extra) in lacks.items():
        assert told(recorded, option).endswith(f'needs {what} not installed; type: pip install "swapgate[{extra}]"')
