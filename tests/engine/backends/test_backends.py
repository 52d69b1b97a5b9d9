"""Which backend a row is of, and those of other packages."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from swapgate import backends
from swapgate.backends.backend import Backend
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.project.manifest import Row, row_type
from swapgate.tasks import find_task


@pytest.fixture
def installed(monkeypatch):
    """Let a package bring something as a backend."""

    def install(brought):
        entry = SimpleNamespace(name="x", value="package:BACKEND", dist=SimpleNamespace(name="package"), load=brought)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry])
        backends.backends.cache_clear()

    yield install
    backends.backends.cache_clear()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("there", "transformers"),
        ("dslim/bert-base-NER", "transformers"),
        ("out/ner.jsonl", "recorded"),
        ("app.ner:make", "python"),
        ("not a name:make", "transformers"),
        ("C:/models/ner", "transformers"),
    ],
    ids=["folder", "public", "file", "function", "two words", "drive"],
)
def test_told_from_its_model(tmp_path, model, name):
    """A row that does not say its backend is of the one that knows its model by name, or by what lies there."""
    assert backends.told_from(model, tmp_path).name == name


def test_a_backend_that_is_none(tmp_path):
    """A row of a backend that nobody brings is told with the nearest name."""
    with pytest.raises(InputFault, match="backend = 'pyton': there is none of this name; did you mean 'python'"):
        backends.find(Row(model="a.b:c", backend="pyton"), tmp_path, tmp_path)


def test_of_another_package(installed, tmp_path):
    """A package brings a backend by an entry point: it claims rows before transformers takes all others."""
    mine = Backend(
        "mine", lambda model, path: model.startswith("mine:/"), find=lambda row, place: row.model, load=print
    )
    installed(lambda: mine)
    assert backends.find(Row(model="mine:/x"), tmp_path, tmp_path) == "mine:/x"
    assert backends.told_from("else", tmp_path).name == "transformers"
    with pytest.raises(InputFault, match="is one of the backend mine, which has no dtype, version; take that out"):
        backends.find(Row(model="mine:/x", version="1", dtype="float16"), tmp_path, tmp_path)


def _broken():
    raise ImportError("no such thing")


@pytest.mark.parametrize(
    ("brought", "words"),
    [
        (_broken, "its backend 'x' cannot be imported .ImportError: no such thing."),
        (lambda: 3, "no swapgate.backends.backend.Backend, but int; let it name one"),
        (lambda: Backend("python", lambda model, path: False, find=print, load=print), "there is a backend 'python'"),
    ],
)
def test_a_package_at_fault(installed, tmp_path, brought, words):
    """A package whose backend cannot be had is told by its name."""
    installed(brought)
    with pytest.raises(InputFault, match=f"package .package:BACKEND.: {words}"):
        backends.told_from("x", tmp_path)


def test_a_kind_of_prediction_that_nobody_reads():
    """Where the output of a task does not say how answers of others are read, that is an ERROR with what to write."""
    task = find_task("sentiment")
    silent = replace(task, output=replace(task.output, answered=None))
    answers = SimpleNamespace(ask=lambda inputs, ids, row: [{"label": "POS", "score": 1.0}])
    backend = Backend("mine", lambda model, path: True, find=print, load=print, answers=True)
    with pytest.raises(SurroundingsFault, match="does not say how what others answer is read; give its Output an"):
        backend.predict(silent, answers, ["Nice."], row_type(task)(model="x", labels={"*": "*"}))


def test_a_prediction_that_is_none():
    """What is read and could be meant by no model is that model's fault, in the place of its prediction."""
    task = find_task("sentiment")
    answers = SimpleNamespace(ask=lambda inputs, ids, row: [{"label": "POS", "score": 0.5}])
    backend = Backend("mine", lambda model, path: True, find=print, load=print, answers=True)
    (found,) = backend.predict(task, answers, ["Nice."], row_type(task)(model="x", labels={"POS": "good"}))
    assert isinstance(found, ModelFault)
    assert str(found) == "scores sum to 0.5, not to 1"
