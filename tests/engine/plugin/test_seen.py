"""What is gathered for a page: of each case once, of rows that flipped, in words that JSON holds."""

import json
from types import SimpleNamespace

import pytest

from swapgate.inputs.given import Question, Sound
from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.plugin import seen as gathered
from swapgate.tasks.case import Case


def looks(case, now, before=None):
    """Return what a case looks like, and what was found besides."""
    found = {}
    return gathered.looks(case, before, now, found, set()), found


def test_question():
    """Of a question the context is shown with its answers, and the rest is the question; spans are no labels."""
    case = Case("a", Question("Where?", "In Paris."), (AnswerSpan(3, "Paris"),))
    shown, found = looks(case, Answer("Paris", 3, 8, 0.9, 0.9))
    assert (shown.given, shown.labels, shown.media, found) == ("Where?", [], "", {})
    assert json.loads(json.dumps(shown))


def test_long_text():
    """Of a text of a megabyte a part is shown, with its length."""
    shown, _ = looks(Case("a", "y" * 1_000_000, ("cat",)), Classification((Score("cat", 0.9),), 0.1))
    assert len(shown.given) < 3_000
    assert shown.given.endswith("… (1,000,000 letters in all)")


def test_sound_once():
    """A sound is drawn and packed once a process, however many tests hear it."""
    import numpy as np

    sound = Sound(np.zeros(16_000, dtype="float32"), 16_000)
    case = Case("a", SimpleNamespace(name="a.wav"), ("cat",), read=lambda _: sound)
    found, told = {}, set()
    now = Classification((Score("cat", 0.9),), 0.1)
    first, second = (gathered.looks(case, None, now, found, told) for _ in range(2))
    assert first.media == second.media != ""
    assert [*found["media"]] == [first.media]
    assert found["media"][first.media]["seconds"] == 1.0


def test_kind_of_another_package_that_raises(monkeypatch):
    """A kind of prediction that cannot be shown says why in its place; the run goes on."""

    def broken(*_):
        raise KeyError("x")

    monkeypatch.setattr(gathered, "dress", broken)
    shown, _ = looks(Case("a", "text", ("cat",)), Classification((Score("cat", 0.9),), 0.1))
    assert "cannot be shown: KeyError" in json.dumps(shown.blocks)


@pytest.mark.parametrize("letters", [1, 1_000])
def test_labels(letters):
    """Labels by which one can choose are short, and not more than a table holds."""
    case = Case("a", "text", tuple(f"{n}{'x' * letters}" for n in range(100)))
    shown, _ = looks(case, Classification((Score("cat", 0.9),), 0.1))
    assert len(shown.labels) == gathered.LABELS
    assert max(map(len, shown.labels)) <= gathered.LETTERS_OF_LABEL
