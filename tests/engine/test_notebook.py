"""judge and compare: the verdicts and figures of the command line, from Python."""

import sys
from pathlib import Path

import pytest

import swapgate
from swapgate.core.faults import Fault, InputFault
from swapgate.verdicts.facts import read_report

SERVING = """
def one():
    return lambda texts: [[{"label": "good" if "good" in text else "bad", "score": 0.9}] for text in texts]

def same():
    return one()

def other():
    return lambda texts: [[{"label": "bad", "score": 0.9}] for text in texts]

def broken():
    raise OSError("no weights")
"""
ZOO = Path(__file__).parents[2] / "fixtures" / "zoo" / "sentiment" / "original"
ROWS = [
    {"id": f"r{n}", "text": f"a {'good' if n % 2 else 'bad'} day {n}", "expected": "good" if n % 2 else "bad"}
    for n in range(200)
]


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """A folder with functions that predict."""
    (tmp_path / "serving.py").write_text(SERVING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_judge(project, tmp_path, monkeypatch):
    """The verdicts are those of the verdict JSON, and a notebook shows them in a frame."""
    monkeypatch.delenv("CI", raising=False)
    assert project.run("--snapshot-update", "-m", "not latency").ret == 0
    found = swapgate.judge(marks="not latency", root=project.path)
    path = tmp_path / "same.json"
    assert project.run("-m", "not latency", f"--verdict-json={path}").ret == 0
    assert [(tier.name, tier.verdict) for tier in found.tiers] == [
        (one.name, one.verdict) for one in read_report(path).tiers
    ]
    shown = found._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "ner/small" in shown
    assert "<script" not in shown  # but escaped, inside the frame


def test_judge_a_swap(project, monkeypatch):
    """A swap is judged without a line of the project being edited, and its FAIL is a verdict as a PASS is."""
    monkeypatch.delenv("CI", raising=False)
    assert project.run("--snapshot-update", "-m", "not latency").ret == 0
    project.retrain("other", like="small", Ada=None)
    found = swapgate.judge("small", marks="not latency", swap={"ner.small": "models/other"}, root=project.path)
    assert [(tier.name, tier.verdict) for tier in found.tiers] == [("ner/small", "FAIL")]
    assert found.exit_status == 1


def test_nothing_to_judge(project):
    """A run that ends without verdicts is told, with what pytest says."""
    with pytest.raises(InputFault, match=r"exit status 4: ERROR: --swap nothing\.small=x: unknown suite"):
        swapgate.judge(swap={"nothing.small": "x"}, root=project.path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"root": "/gone"}, "root = '/gone': pytest cannot be run there"),
        ({"root": __file__}, "pytest cannot be run there"),
        ({"root": None}, "root = None: must be str or Path"),
        ({"select": 3}, "select = 3: must be str"),
        ({"marks": "a\0b"}, "pytest cannot be run there .*null byte"),
        ({"swap": ["ner.small"]}, r"swap = \['ner.small'\]: must be Mapping or None"),
        ({"options": "-x"}, "options = '-x': must be list or tuple"),
    ],
)
def test_what_cannot_be_judged(given, message):
    """Arguments that are not what they must be are told in one message."""
    with pytest.raises(InputFault, match=message) as told:
        swapgate.judge(**given)
    assert "\n" not in str(told.value)


def test_compare(serving):
    """The paired figures of two models on the same rows, by the margin that is allowed."""
    with pytest.warns(UserWarning, match="^a and b are one model: serving:one$"):
        same = swapgate.compare("serving:one", "serving:one", ROWS, task="sentiment")
    assert (same.decision, same.value, same.reference, same.differing) == ("PASS", 1.0, 1.0, 0)
    worse = swapgate.compare("serving:other", "serving:one", ROWS, task="sentiment", margin=0.1)
    assert (worse.decision, worse.difference, len(worse.lost)) == ("FAIL", -0.5, 100)
    assert swapgate.compare("serving:other", "serving:one", ROWS[:4], task="sentiment", metric="right").rows == 4


def test_compare_rows_of_a_file(serving):
    """Rows may stand in the file of an evaluation set, and labels of models may be called otherwise there."""
    lines = [f"{row['text']},{'+' if row['expected'] == 'good' else '-'}\n" for row in ROWS]
    (serving / "rows.csv").write_text("text,expected\n" + "".join(lines))
    labels = {"good": "+", "bad": "-"}
    found = swapgate.compare("serving:one", "serving:same", "rows.csv", task="sentiment", labels=labels)
    assert (found.decision, found.value) == ("PASS", 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "sentment"}, "task 'sentment': unknown task; did you mean 'sentiment'?"),
        ({"metric": "f2"}, "metric 'f2' is no figure of text-classification"),
        ({"margin": 2}, "margin = 2: must be above 0 and below 1"),
        ({"rows": []}, "^rows: holds no rows"),
        ({"rows": [{"text": "t"}]}, "^rows, row 1: expected: missing"),
        ({"a": ZOO, "b": ZOO, "labels": {"POSITVE": "good"}}, "^labels: neither model has a label .*mean 'POSITIVE'"),
        ({"rows": [{"text": {1}}]}, "rows: each must be a dict that JSON can hold"),
        ({"rows": ["t"]}, "rows: each must be a dict that JSON can hold"),
        ({"rows": "gone.csv"}, "no evaluation set .*gone.csv"),
        ({"rows": 5}, "rows: each must be a dict that JSON can hold"),
        ({"a": "./gone"}, "no folder .*gone"),
        ({"a": ""}, "a = '': name a model"),
        ({"b": Path()}, "no model"),
        ({"b": None}, "b = None: must be str or Path"),
        ({"a": "a\0b"}, "a = 'a.*b': name a model"),
        ({"a": "x@"}, "'x@'"),
        ({"task": ["ner"]}, r"task = \['ner'\]: must be str"),
        ({"metric": 3}, "metric = 3: must be str or None"),
        ({"margin": "0.02"}, "margin = '0.02': must be int or float"),
        ({"margin": float("nan")}, "margin = nan: must be above 0"),
        ({"labels": ["good"]}, r"labels = \['good'\]: must be Mapping or None"),
        ({"labels": {"good": 3}}, "labels.*good"),
        ({"a": "someone/gone"}, "someone/gone@main is not in the cache of public models"),
    ],
)
def test_what_cannot_be_compared(serving, changes, message):
    """Whatever is not as it should be is told in one message."""
    given = {"a": "serving:one", "b": "serving:one", "rows": ROWS, "task": "sentiment", **changes}
    with pytest.raises(InputFault, match=message) as told:
        swapgate.compare(**given)
    assert "\n" not in str(told.value)


def test_rows_are_named_by_what_they_are(serving):
    """Whatever is wrong with rows of a list, no message names the file that held them for a while."""
    with pytest.raises(Fault, match=r"^serving:one: rows, row 2: 'r0' is also the id of row 1"):
        swapgate.compare("serving:one", "serving:same", ROWS[:1] * 2, task="sentiment")


def test_compare_without_an_extra(serving, monkeypatch):
    """A task that needs what is not installed is told before a model is made."""
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(
        InputFault, match=r"^task 'summarization' needs jiwer, .* type: pip install \"swapgate\[text\]\"$"
    ):
        swapgate.compare("serving:broken", "serving:one", ROWS, task="summarization")


def test_model_that_cannot_be_made(serving):
    """A model that cannot be loaded is named."""
    with pytest.raises(Fault, match="serving:broken"):
        swapgate.compare("serving:broken", "serving:one", ROWS, task="sentiment")
