"""An input that cannot be read, or that a model does not take, is red by its own name, and the others are judged."""

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from PIL import Image

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.inputs.given import Question
from swapgate.models.loading import TRANSFORMERS
from swapgate.outputs.answer import Answer
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Detections
from swapgate.outputs.entities import Entities
from swapgate.outputs.text import Text
from swapgate.project.cases import Cases, read_cases
from swapgate.project.evaluation import find_set
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.trials.evaluating import tally_of
from swapgate.trials.running import Model

SAID = {
    "sentiment": Classification((Score("a", 1.0),), 0.0),
    "ner": Entities(()),
    "question-answering": Answer("x", 0, 1, 1.0, 1.0),
    "summarization": Text("x", 1.0),
    "audio-classification": Classification((Score("a", 1.0),), 0.0),
    "speech-recognition": Text("x", 1.0),
    "image-classification": Classification((Score("a", 1.0),), 0.0),
    "object-detection": Detections((), 0.5),
}
"""What the model of each task says of everything that it takes."""
EXPECTED = {
    "ner": [],
    "question-answering": [],
    "object-detection": [],
    "summarization": {"summary": "x", "words": [1, 9]},
}
FILES = {
    "audio-classification": ("audio", "wav"),
    "speech-recognition": ("audio", "wav"),
    "image-classification": ("image", "png"),
    "object-detection": ("image", "png"),
}
TEXTS = ("sentiment", "ner", "question-answering", "summarization")
CONTENTS = {
    "empty": b"",
    "text": b"hello, this is no file of that kind",
    "pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "cut": None,
}
TOO_LONG = "long " * 30
SURPRISE = "crash"


def sound(path):
    """Write a sound."""
    soundfile.write(path, np.sin(np.arange(1600) / 9), 16000)


def picture(path):
    """Write a picture."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)


def row(task, name, given):
    """Return a case, or a row of an evaluation set, as a table."""
    if task in FILES:
        return {"id": name, FILES[task][0]: given, "expected": EXPECTED.get(task, "a")}
    if task == "question-answering":
        return {"id": name, "question": "Who?", "context": given, "expected": []}
    return {"id": name, "text": given, "expected": EXPECTED.get(task, "a")}


class Asked:
    """Stands in for a task's predict: it takes no text that is too long, and keeps how many it was asked at once."""

    def __init__(self, said):
        self.said = said
        self.counts = []

    def __call__(self, _loaded, inputs, _row):
        """Answer a batch."""
        self.counts.append(len(inputs))
        texts = [one.context if isinstance(one, Question) else one for one in inputs]
        if any(isinstance(one, str) and one == TOO_LONG for one in texts):
            raise SurroundingsFault("a text has 60 tokens, the model reads at most 5; shorten it")
        if any(isinstance(one, str) and one == SURPRISE for one in texts):
            raise RuntimeError("what is this?")
        return [self.said] * len(inputs)


@pytest.fixture
def model_of(tmp_path, monkeypatch):
    """Return a model of a task with cases of these inputs, and what it is asked."""

    def make(name, inputs):
        asked = Asked(SAID[name])
        task = replace(find_task(name), predict=asked, left_out=None)
        loaded = SimpleNamespace(model=None, seconds=0.1)
        monkeypatch.setattr("swapgate.backends.transformers.load", lambda task, source: loaded)
        labels = {"a": "a"} if task.label_names else {}
        source = SimpleNamespace(
            row=row_type(task)(model="m", labels=labels),
            name="m",
            backend=TRANSFORMERS,
            remote=False,
            weights_folder=tmp_path,
        )
        path = tmp_path / "cases.toml"
        lines = ["[[case]]\n" + toml(row(name, f"case_{at}", given)) for at, given in enumerate(inputs)]
        path.write_text('latency = "case_0"\n' + "".join(lines), encoding="utf-8")
        found = read_cases(path, task)
        return Model(name, "small", task, source, source, found, tmp_path / "golden.json"), asked

    return make


def toml(table):
    """Return a table as TOML, whose strings, lists and numbers are those of JSON."""
    inline = {key: json.dumps(value) for key, value in table.items() if not isinstance(value, dict)}
    inner = {
        key: ", ".join(f"{name} = {json.dumps(one)}" for name, one in value.items())
        for key, value in table.items()
        if isinstance(value, dict)
    }
    lines = [f"{key} = {value}" for key, value in inline.items()]
    return "\n".join([*lines, *(f"{key} = {{ {value} }}" for key, value in inner.items())]) + "\n"


@pytest.fixture
def given(tmp_path):
    """Write three inputs of a task, of which the second is of a kind that cannot be read."""

    def write(name, kind):
        key, ending = FILES[name]
        for number in range(3):
            (sound if key == "audio" else picture)(tmp_path / f"{number}.{ending}")
        broken = tmp_path / f"1.{ending}"
        content = CONTENTS[kind]
        broken.write_bytes(broken.read_bytes()[:600] if content is None else content)
        return [f"{number}.{ending}" for number in range(3)]

    return write


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("task", FILES, ids=range(len(FILES)))
def test_file_that_cannot_be_read(model_of, given, tmp_path, task, kind):
    """Of a batch the case whose file cannot be read is red, named with its file; the others are judged together."""
    names = given(task, kind)
    model, asked = model_of(task, names)
    first, broken, last = model.cases.cases
    assert (model.prediction(first), model.prediction(last)) == (SAID[task], SAID[task])
    assert asked.counts == [2]
    with pytest.raises(SurroundingsFault, match=rf"^{task}/small 'case_1': {tmp_path}/{names[1]}: ") as caught:
        model.prediction(broken)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("task", FILES, ids=range(len(FILES)))
def test_only_file(model_of, given, task):
    """A case that is alone and cannot be read is red, and the model is not even loaded."""
    model, asked = model_of(task, given(task, "text")[1:2])
    with pytest.raises(SurroundingsFault, match=rf"^{task}/small 'case_0': "):
        model.prediction(model.cases.cases[0])
    assert (asked.counts, model.asked.loaded) == ([], None)


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("task", FILES, ids=range(len(FILES)))
def test_row_whose_file_cannot_be_read(model_of, given, tmp_path, task, kind):
    """A row of an evaluation set whose file cannot be read is named with that file."""
    names = given(task, kind)
    model, _ = model_of(task, names[:1])
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(row(task, f"row {at}", name)) + "\n" for at, name in enumerate(names)))
    words = rf"^{task}/small: row 'row 1' of {path}: {tmp_path}/{names[1]}: "
    with pytest.raises(SurroundingsFault, match=words):
        tally_of(model, find_set(path, model.task, frozenset()))


@pytest.mark.parametrize("name", ["gone.wav", ".", "x" * 5_000], ids=["gone", "folder", "long"])
@pytest.mark.parametrize("task", FILES, ids=range(len(FILES)))
def test_file_that_is_none(model_of, tmp_path, task, name):
    """A case or a row that names no file is told before anything is judged, with its id."""
    with pytest.raises(InputFault, match=r"case 'case_0': (no file )?" + str(tmp_path)):
        model_of(task, [name])
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row(task, "row 0", name)) + "\n")
    with pytest.raises(InputFault, match=rf"{path}, row 1: 'row 0': (no file )?{tmp_path}"):
        find_set(path, find_task(task), frozenset())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("task", FILES, ids=range(len(FILES)))
def test_file_that_must_not_be_read(model_of, given, tmp_path, task):
    """A file without permission is told as one, and the others are judged."""
    names = given(task, "text")
    (tmp_path / names[1]).chmod(0)
    model, asked = model_of(task, names)
    assert model.prediction(model.cases.cases[0]) == SAID[task]
    with pytest.raises(SurroundingsFault, match=r"Permission denied"):
        model.prediction(model.cases.cases[1])
    assert asked.counts == [2]


@pytest.mark.parametrize("task", TEXTS, ids=range(len(TEXTS)))
def test_text_that_the_model_does_not_take(model_of, task):
    """Of a batch the text that is too long is red, named with how it begins; each other one is judged."""
    model, asked = model_of(task, ["Ada came.", TOO_LONG, "Bo left.", SURPRISE])
    first, long, last, strange = model.cases.cases
    assert (model.prediction(first), model.prediction(last)) == (SAID[task], SAID[task])
    assert asked.counts == [4, 1, 1, 1, 1]
    with pytest.raises(SurroundingsFault) as caught:
        model.prediction(long)
    assert str(caught.value) == (
        f"{task}/small 'case_1' ({long.shown}): a text has 60 tokens, the model reads at most 5; shorten it"
    )
    with pytest.raises(ModelFault, match=rf"^{task}/small 'case_3': the model crashed: RuntimeError: what is this\?"):
        model.prediction(strange)
    assert asked.counts == [4, 1, 1, 1, 1]


@pytest.mark.parametrize("task", TEXTS, ids=range(len(TEXTS)))
def test_row_that_the_model_does_not_take(model_of, tmp_path, task):
    """A row of an evaluation set that is too long is named with how it begins."""
    model, _ = model_of(task, ["Ada came."])
    path = tmp_path / "set.jsonl"
    texts = ["Ada came.", TOO_LONG, "Bo left."]
    path.write_text("".join(json.dumps(row(task, f"row {at}", text)) + "\n" for at, text in enumerate(texts)))
    with pytest.raises(SurroundingsFault) as caught:
        tally_of(model, find_set(path, model.task, frozenset()))
    assert str(caught.value).startswith(f"{task}/small: row 'row 1' of {path} (")


def test_what_is_wrong_with_all(model_of):
    """What is said in the same words of all of a batch is not for what they hold, and told of none by name."""
    model, asked = model_of("ner", [TOO_LONG, TOO_LONG])
    for case in model.cases.cases:
        with pytest.raises(SurroundingsFault) as caught:
            model.prediction(case)
        assert str(caught.value) == "a text has 60 tokens, the model reads at most 5; shorten it"
    assert asked.counts == [2, 1, 1]


def test_cases_of_another_batch(model_of):
    """A text that is too long leaves the batches beside its own as they are."""
    model, asked = model_of("ner", [TOO_LONG, *(f"Name {number} came." for number in range(10))])
    assert model.prediction(model.cases.cases[10]) == SAID["ner"]
    assert asked.counts == [3]
    assert isinstance(model.cases, Cases)


def test_a_batch_that_fails(model_of, tmp_path):
    """What fails for several inputs at once and for none of them alone is red for cases and rows, and says so."""
    texts = ["Ada came.", "Bo left.", "Cy slept."]
    model, _ = model_of("ner", texts)
    predict = model.task.predict

    def one_by_one(loaded, inputs, row):
        if len(inputs) > 1:
            raise RuntimeError("one only")
        return predict(loaded, inputs, row)

    model.task = model.asked.task = replace(model.task, predict=one_by_one)
    words = "asked for 3 inputs at once: the model crashed: RuntimeError: one only; each of them alone it answers"
    with pytest.raises(ModelFault, match=words):
        model.prediction(model.cases.cases[0])
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(row("ner", f"row {at}", text)) + "\n" for at, text in enumerate(texts)))
    with pytest.raises(ModelFault, match=f"{path}: {words}"):
        tally_of(model, find_set(path, model.task, frozenset()))
