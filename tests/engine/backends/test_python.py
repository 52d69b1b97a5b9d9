"""A function of the project predicts, in a process of its own: what it says, what it raises, and who it is."""

import json
import os
import select

import pytest

from swapgate.backends import backend_of, child, find, python
from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Question, Sound
from swapgate.project.manifest import Row

FINDS = """
import os
import sys
import time

import numpy

NAMES = {"Ada": ("PER", 0.99), "Paris": ("LOC", 0.97), "Siemens": ("ORG", 0.98)}


def find(text):
    for word, (label, score) in NAMES.items():
        if word in text:
            at = text.index(word)
            place = {"start": at, "end": at + len(word)}
            yield {"entity_group": label, "score": numpy.float32(score), "word": word, **place}


class Finder:
    def __call__(self, texts):
        print("printed")
        return [list(find(text)) for text in texts]

    def close(self):
        open(__file__ + ".closed", "w").close()


def make():
    return Finder()
"""


@pytest.fixture
def judge(recorded):
    """Swap ner.small for a function of the project whose source is changed, and give verdict, reasons and result."""
    recorded.replace(recorded.models_file, 'budget.size = { against = "original", at_most = 0.9 }\n', "")

    def judged(old="", new="", *, model="serving.finder:make", text=FINDS, row=""):
        assert old in text
        recorded.write("serving/finder.py", text.replace(old, new))
        if row:
            labels = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC" }'
            model = recorded.write("row.toml", f'model = "{model}"\n{labels}\n{row}\n').name
        result = recorded.run("--swap", f"ner.small={model}", "-k", "small and not latency")
        return recorded.verdicts(result).get("small"), "\n".join([*recorded.reasons(result), *result.errlines]), result

    return judged


def test_a_function_passes(recorded, judge):
    """A function that finds all is a PASS, prints where nobody reads it, is closed, and its weights are not covered."""
    verdict, reasons, _ = judge()
    assert verdict == "PASS", reasons
    assert "memory, parameters, size not measured: a Python function" in reasons
    assert "its weights are not covered by its digest" in reasons
    assert (recorded.path / "serving/finder.py.closed").exists()


def test_the_files_that_it_reads(recorded, judge):
    """The files that a row names are part of who it is, and are its size."""
    recorded.write("weights/a.bin", "a" * 20)
    verdict, reasons, _ = judge(row='files = ["weights"]')
    assert verdict == "PASS", reasons
    assert "weights are not covered" not in reasons
    assert "memory, parameters not measured" in reasons
    verdict, reasons, _ = judge(row='files = ["nowhere"]')
    assert "files: no " in reasons


@pytest.mark.parametrize(
    "line",
    ["import app.other", "from app import other", "from . import other", "from .other import x", "import app.by"],
)
def test_what_it_imports(tmp_path, line):
    """A module of the project that it imports, also by way of another, is covered where `files` has it, or is told."""
    for name, text in (
        ("app/__init__.py", ""),
        ("app/finder.py", f"import json\n{line}\n"),
        ("app/other.py", "x = 1"),
        ("app/by.py", "from .other import *"),
        ("weights", "w"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def of(*files):
        return find(Row(model="app.finder:make", files=list(files)), tmp_path, tmp_path).identity

    assert "does not cover" in of("weights").weak
    assert "app/other.py, which it imports" in of("weights").weak
    assert of("weights", "app").weak == ""
    then = of("weights", "app").digest
    (tmp_path / "app/other.py").write_text("x = 2")
    assert of("weights", "app").digest != then


FAULTS = {
    "wrong": ('("LOC", 0.97)', '("ORG", 0.97)', "FAIL", "LOC 'Paris' 13-18 was not found"),
    "raises": ("at = text.index(word)", 'raise ValueError("no\\nsuch")', "FAIL", "it raised ValueError: no ("),
    "memory": (
        'print("printed")',
        "raise RuntimeError('CUDA out of memory')",
        "ERROR",
        "out of memory while serving.finder:make predicted; free some",
    ),
    "dies": ('print("printed")', "os._exit(5)", "ERROR", "ended with exit status 5 before it could answer"),
    "hangs": ('print("printed")', "time.sleep(60)", "ERROR", "did not answer within 4 s (timeout in its row)"),
    "import": ("import numpy", "import numpi", "ERROR", "cannot be made: ModuleNotFoundError: No module named 'numpi'"),
    "factory": ("return Finder()", "return 3", "ERROR", "the factory made a int, which cannot be called"),
    "exits": ("return Finder()", "sys.exit(4)", "ERROR", "cannot be made: SystemExit: 4"),
    "fewer": (
        "for text in texts]",
        "for text in texts[1:]]",
        "ERROR",
        "gave 2 answers to 3 inputs; let it give a list",
    ),
    "first": ("for text in texts]", "for text in texts][:1]", "ERROR", "gave 1 answers to 3 inputs"),
    "one input": (
        'print("printed")',
        "assert len(texts) == 1, 'one!'",
        "FAIL",
        "asked for 3 inputs at once: it raised AssertionError: one!; each of them alone it answers",
    ),
    "odd": ('"score": numpy.float32(score)', '"score": "high"', "ERROR", "and not a list of"),
    "no json": ('"word": word', '"word": {1}', "FAIL", "a set is nothing that JSON can hold"),
    "no name": ("def make", "def made", "ERROR", "has no attribute 'make'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_goes_wrong(judge, name):
    """What it raises on an input is a FAIL with its first line; what fails around that is an ERROR."""
    old, new, wanted, words = FAULTS[name]
    verdict, reasons, _ = judge(old, new, row="timeout = 4" if name == "hangs" else "")
    assert (verdict, words in reasons) == (wanted, True), reasons


WORKER = """
import os
import signal
import time

FIFO = os.path.join(os.path.dirname(__file__), "alive")


def fork(own_session=False):
    held = os.open(FIFO, os.O_WRONLY)
    if os.fork() == 0:
        if own_session:
            os.setsid()
        time.sleep(600)
        os._exit(0)
    os.close(held)
"""
LEAVING = {
    "slow": ("fork()", "time.sleep(60)", "w:make did not answer within 1 s"),
    "slow, worker of its own session": ("fork(own_session=True)", "time.sleep(60)", "w:make did not answer within 1 s"),
    "slow to be made": ("fork(); time.sleep(60)", "", "w:make was not made within 3 s"),
    "killed": ("fork()", "os.kill(os.getpid(), signal.SIGSEGV)", "ended with exit status -11 before it could answer"),
    "killed, worker of its own session": (
        "fork(True)",
        "os._exit(3)",
        "ended with exit status 3 before it could answer",
    ),
    "ends when made": ("fork(); os._exit(4)", "", "ended with exit status 4 before it could be made"),
    "raises when made": ("fork(); raise ValueError('no')", "", "cannot be made: ValueError: no"),
    "forks when asked": ("pass", "fork(); time.sleep(60)", "w:make did not answer within 1 s"),
    "closes its pipes": ("fork()", "os.closerange(3, 64); time.sleep(60)", "w:make did not answer within 1 s"),
    "closes them alone": (
        "os.open(FIFO, os.O_WRONLY)",
        "os.closerange(3, 64); time.sleep(60)",
        "closed the pipe to which its answers go before it could answer",
    ),
    "well": ("fork()", "return ['well']", ""),
}


@pytest.fixture
def made(tmp_path):
    """Make the predictor of a module, and give it."""

    def run(text, timeout=60.0):
        (tmp_path / "w.py").write_text(text)
        return python.Predictor(find(Row(model="w:make", timeout=timeout), tmp_path, tmp_path))

    return run


@pytest.mark.parametrize("name", LEAVING)
def test_what_it_forks(tmp_path, made, monkeypatch, name):
    """A worker that it has forked, and that holds its pipes, keeps nobody waiting, and ends with it."""
    monkeypatch.setattr(python, "CLOSING", 1)
    making, asking, words = LEAVING[name]
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    text = f"{WORKER}\ndef make():\n    {making}\n    def ask(texts):\n        {asking or 'pass'}\n    return ask\n"
    try:
        predictor = made(text, timeout=3 if "not made" in words else 60)
        predictor.limit = 1 if "did not answer" in words else 60
        (said,) = predictor.ask(["a"], ["c"], None)
        predictor.close()
    except SurroundingsFault as fault:
        said = str(fault)
    assert (words or "well") in said
    if "own session" not in name:  # which nobody can end but who knows its number
        assert select.select([alive], [], [], 60)[0]
        assert os.read(alive, 1) == b""
    os.close(alive)


COPIES = {
    "made": "def make():\n    os.fork()\n    return lambda texts: [*texts]\n",
    "imported": "os.fork()\n\ndef make():\n    return lambda texts: [*texts]\n",
    "asked": "def make():\n    return lambda texts: os.fork() != 1 and [*texts]\n",
    "exits": "def make():\n    if os.fork() == 0:\n        sys.exit(3)\n    return lambda texts: [*texts]\n",
    "raises": "def make():\n    if os.fork() == 0:\n        raise ValueError\n    return lambda texts: [*texts]\n",
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_itself(made, name):
    """A copy of its process that its code has forked, and that goes on, gives no answer in its place."""
    predictor = made(f"import os\nimport sys\n\n{COPIES[name]}")
    said = [predictor.ask([f"text {number}"], ["c"], None) for number in range(20)]
    predictor.close()
    assert said == [[f"text {number}"] for number in range(20)]


@pytest.mark.parametrize(
    "junk", [b"junk\n", b"junk", b"\n", b"[]\n", b'{"said": ["other"]}\n', b'{"id": 1, "ready": true}\n', b"\xff\n"]
)
@pytest.mark.parametrize("when", ["made", "asked"])
def test_junk_in_its_pipe(made, junk, when):
    """What is written where its answers go is told as that, whatever it is, and is no answer."""
    text = f"""
import os

def write():
    for number in range(3, 20):
        try:
            os.write(number, {junk!r})
        except OSError:
            pass

def ask(texts):
    {when == "asked"} and write()
    return texts

def make():
    {when == "made"} and write()
    return ask
"""
    with pytest.raises(SurroundingsFault, match=r"w:make wrote '.*' where its answers go, so no answer can be told"):
        [made(text).ask(["a"], ["c"], None) for _ in range(2)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("\n", ""), (" ", ""), ("", "\n"), ("", " \n"), ("[]\n", ""), ("", '{"id": 2}\n')],
)
def test_junk_and_an_answer_at_once(before, after):
    """Blanks that are read together with an answer are junk too, however fast it is read."""
    line = f'{before}{{"id": 2, "said": ["a"]}}\n{after}'.encode()
    found = python._read(line, 2, python.WORDS["answer"])
    assert found == (None if before or after else {"id": 2, "said": ["a"]})


@pytest.mark.parametrize(
    "words",
    [
        '"id": 2',
        '"id": 2, "": 1',
        '"id": 2, "ready": true',
        '"id": 2, "said": "a"',
        '"id": 2, "said": [], "raised": ""',
        '"said": []',
    ],
)
def test_what_is_no_answer(words):
    """A line of the right number that says nothing, or something else than was asked, is no answer."""
    assert python._read(f"{{{words}}}\n".encode(), 2, python.WORDS["answer"]) is None


def test_a_long_question(made):
    """A question and an answer may be longer than a pipe holds."""
    predictor = made("def make():\n    return lambda texts: [text[::-1] for text in texts]\n")
    long = "ab" * 1_000_000
    assert predictor.ask([long], ["c"], None) == [long[::-1]]
    predictor.close()


def test_settings_that_are_not_applied(judge):
    """A setting of how a model is asked that only transformers would obey is told."""
    _, reasons, _ = judge(row='aggregation = "first"')
    assert "aggregation of its row not applied: a Python function answers in its own way" in reasons


def test_a_module_that_is_not_there(judge):
    """A module that the project has not is told before anything runs."""
    _, reasons, result = judge(model="json:loads")
    assert result.ret == 4
    assert "no module json in " in reasons


def test_another_version_is_another_model(recorded, judge):
    """The module's source, its factory and the row's version say who it is: the same three are the same model."""
    recorded.write("serving/finder.py", FINDS)
    old = 'model = "../../models/small"'
    recorded.replace(recorded.models_file, old, 'model = "serving.finder:make"\nversion = "1"')
    recorded.replace(recorded.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    recorded.run("--snapshot-update", "-k", "golden and small").assert_outcomes(passed=3, deselected=13)
    labels = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\n'
    for version, wanted in (("1", "FAIL"), ("2", "PASS")):
        recorded.write("row.toml", f'model = "serving.finder:make"\nversion = "{version}"\n{labels}')
        result = recorded.run("--swap", "ner.small=row.toml", "-k", "small and not latency")
        assert recorded.verdicts(result)["small"] == wanted


def test_inputs_arrive_as_they_were():
    """A text, a question, a sound and a picture arrive as what pipelines take, to the last bit."""
    import numpy as np
    from PIL import Image

    def passed(given):
        return child.from_json(json.loads(json.dumps(child.to_json(given))))

    assert passed("Ada\n") == "Ada\n"
    assert passed({"any": ["thing"]}) == {"any": ["thing"]}
    assert passed(Question("Who?", "Ada.")) == {"question": "Who?", "context": "Ada."}
    samples = np.array([0.25, -1.0, 1e-7], dtype=np.float32)
    sound = passed(Sound(samples, 8_000))
    assert (sound["raw"] == samples).all()
    assert (sound["raw"].dtype, sound["sampling_rate"]) == (np.float32, 8_000)
    picture = Image.fromarray(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
    there = passed(picture)
    assert (there.mode, there.size, there.tobytes()) == ("RGB", (3, 2), picture.tobytes())


READS = """
import os
from pathlib import Path


def make():
    assert os.environ["PWD"] == os.getcwd()
    name = Path("models/ner").read_text()
    return lambda texts: [name for _ in texts]
"""


@pytest.mark.parametrize("place", ["app/finder.py", "src/app/finder.py"])
def test_weights_of_its_own_tree(tmp_path, monkeypatch, place):
    """What a function names relative to the project is of its own tree, wherever the tests are run from."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/ner").write_text("of where it is run from")
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        tree = tmp_path / name
        for path, text in ((place, READS), ("models/ner", name)):
            (tree / path).parent.mkdir(parents=True)
            (tree / path).write_text(text)
        source = find(Row(model="app.finder:make"), tree, tree)
        made = backend_of(source).load(None, source)
        assert made.ask(["a"], (), None) == [name]
        made.close()


def test_two_trees(tmp_path):
    """Two functions of one name are each of their own tree, also while both are asked; one of src/ is found too."""
    found = []
    for tree, name in (("one", "app/finder.py"), ("two", "src/app/finder.py")):
        path = tmp_path / tree / name
        path.parent.mkdir(parents=True)
        path.with_name("__init__.py").write_text("")
        path.with_name("other.py").write_text(f"NAME = {tree!r}")
        path.write_text("from app.other import NAME\n\n\ndef make():\n    return lambda texts: [NAME for _ in texts]\n")
        source = find(Row(model="app.finder:make"), tmp_path, tmp_path / tree)
        found.append(backend_of(source).load(None, source))
    assert [[*one.ask(["a", "b"], (), None)] for one in found] == [["one", "one"], ["two", "two"]]
    for one in found:
        one.close()
