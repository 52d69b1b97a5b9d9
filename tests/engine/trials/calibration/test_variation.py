"""The settings in which `swapgate calibrate` asks a model."""

import json
from collections import Counter
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Question, Sound
from swapgate.outputs.entities import Entities, Entity
from swapgate.trials.calibration import model_of
from swapgate.trials.variation import PLAIN_CPU, Setting, _without_avx, cycle, predictions

USUAL = Setting(attention="sdpa")


def test_alone_first():
    """First each thing is varied alone, one of each kind before a second; then several, each combination once."""
    order = cycle(USUAL, 36, ["sdpa", "eager"], 2)
    assert [str(one.beside(USUAL)) for one in order[:9]] == [
        "batches of 1",
        "4 threads",
        "beside the longest case",
        "eager attention",
        "without AVX",
        "batches of 36",
        "2 threads",
        "batches of 2",
        "batches of 4",
    ]
    assert Counter(one.differs(USUAL) for one in order[9:]) == {"several": 5 * 3 * 2 * 2 - 1 - 8}
    assert len(set(order)) == len(order)
    assert not any(one.cpu for one in order[9:])


def test_same_order():
    """The shuffled order is the same in every process: it has a seed."""
    order = cycle(USUAL, 36, ["sdpa", "eager"], 2)
    assert order == cycle(USUAL, 36, ["sdpa", "eager"], 2)
    assert [one.beside(USUAL) for one in order[9:11]] == [
        "batches of 36, 2 threads, beside the longest case",
        "batches of 1, 4 threads, beside the longest case",
    ]


@pytest.mark.parametrize(("cores", "most"), [(1, 4), (2, 4), (16, 16)])
def test_threads(cores, most):
    """Threads are 2 and as many as there are cores, at least 4."""
    assert {one.threads for one in cycle(USUAL, 36, ["sdpa"], cores)} == {1, 2, most}


@pytest.mark.parametrize("cases", [1, 2, 8])
def test_few_cases(cases):
    """All cases at once are no second setting where they are as many as another batch."""
    order = cycle(USUAL, cases, ["sdpa"], 2)
    assert {one.batch for one in order} == {1, 2, 4, 8}
    assert len(set(order)) == len(order)
    assert USUAL not in order


def test_beside_the_longest(fake):
    """With padding, each batch ends with the longest case, and each case keeps its own prediction."""
    fake.said = lambda asked: Entities((Entity(0, 1, "PER", asked.text, 0.9, 0.9, 0.9),))
    model = model_of("ner.small", fake.project.models_file, fake.project.path)
    inputs = {case.id: case.input for case in model.cases.cases}
    found = predictions(model, Setting(batch=2, padding=True), inputs)
    assert {case: said.entities[0].text for case, said in found.items()} == inputs
    assert [one.batch for one in fake.log] == [
        ["Ada lives in Paris.", "It rained all day.", "Ada lives in Paris."],
        ["Siemens paid.", "Ada lives in Paris."],
    ]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (Question("Who?", "Ada lives in Paris."), Question("Who?", "Ada has lived in Paris.")),
        (Sound([0.0] * 900, 16_000), Sound([0.0] * 800, 8_000)),
        (SimpleNamespace(width=30, height=10), SimpleNamespace(width=20, height=20)),
    ],
    ids=["question", "sound", "picture"],
)
def test_longest(fake, short, long):
    """The longest is the one with most letters, seconds or pixels."""
    fake.said = lambda asked: Entities(())
    model = model_of("ner.small", fake.project.models_file, fake.project.path)
    predictions(model, Setting(batch=1, padding=True), {"short": short, "long": long})
    assert [one.batch for one in fake.log] == [[short, long], [long, long]]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("refused", "ValueError: eager is not there"), ("ignored", "it keeps sdpa once it is loaded")],
)
def test_attention_that_is_not_there(fake, kind, reason):
    """An attention that the model's class has not, or cannot change to, is told, and the rest is measured."""
    getattr(fake.weights, kind).add("eager")
    found = fake.calibrate()
    assert found.notes == (f"attention eager was left out: a Weights does not take it ({reason})",)
    assert "attention" not in found.varied
    assert {one.attention for one in found.runs} == {"sdpa"}


def test_no_choice_of_attention(fake):
    """A model that offers no choice of attention is measured without."""
    fake.weights = SimpleNamespace(config=SimpleNamespace(_attn_implementation="sdpa"))
    found = fake.calibrate()
    assert found.notes == ("attention was not varied: a SimpleNamespace offers no choice",)
    assert "attention" not in found.varied


def test_put_back(fake):
    """After a run, threads and attention are what they were, whatever these were."""
    fake.threads, fake.weights.config._attn_implementation = 3, "eager"
    model = model_of("ner.small", fake.project.models_file, fake.project.path)
    predictions(model, Setting(threads=2, attention="sdpa"), {"ada": "Ada"})
    assert [(one.threads, one.attention) for one in fake.log] == [(2, "sdpa")]
    assert (fake.threads, fake.weights.config._attn_implementation) == (3, "eager")


@pytest.fixture
def child(project, monkeypatch):
    """Let a script stand in for the process without AVX; gives a function that runs it."""

    def run(script):
        path = project.write("child.sh", f"#!/bin/sh\ncat > request.json; env > environment; {script}\n")
        path.chmod(0o755)
        monkeypatch.chdir(project.path)
        monkeypatch.setattr("swapgate.trials.variation.sys", SimpleNamespace(executable=str(path)))
        return _without_avx(model_of("ner.small", project.models_file, project.path))

    return run


def test_without_avx(fake, child):
    """The process without AVX is told the model and may not use AVX; its predictions come back to the last bit."""
    said = {"ada": fake.entity(score=1 / 3)}
    reply = json.dumps({case: asdict(prediction) for case, prediction in said.items()})
    assert child(f"echo a warning; echo '{reply}'") == said
    asked = json.loads((fake.project.path / "request.json").read_text())
    assert (asked["task"], asked["tier"], asked["name"]) == ("ner", "small", "models/small")
    environment = (fake.project.path / "environment").read_text().splitlines()
    assert {f"{name}={value}" for name, value in PLAIN_CPU.items()} <= set(environment)


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo no memory >&2; exit 1", "no memory"), ("exit 3", "it ended with exit status 3")],
)
def test_without_avx_fails(child, script, reason):
    """A process that fails is a fault of the surroundings, with its last words."""
    with pytest.raises(SurroundingsFault) as caught:
        child(script)
    assert str(caught.value) == f"ner/small: the process without AVX failed: {reason}; mend that and run again"
