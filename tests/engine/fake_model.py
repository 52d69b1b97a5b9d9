"""A model without torch: its config.json holds a lexicon, and it finds each word of it. Copied into test projects."""

import re

import pytest

from swapgate.faults import ModelFault
from swapgate.predictions import Entities, Entity

events = []
"""What happened to the models, in order: "load NAME", "predict NAME N"."""


def load(source):
    """Stand in for swapgate.tasks.ner.load."""
    events.append(f"load {source.name}")
    return source


def predict(loaded, texts, labels):
    """Stand in for swapgate.tasks.ner.predict."""
    events.append(f"predict {loaded.name} {len(texts)}")
    return [_found(text, loaded.config["lexicon"], labels) for text in texts]


def _found(text, lexicon, labels):
    entities = []
    for word in re.finditer(r"\w+", text):
        label, score = lexicon.get(word[0], (None, 0))
        if label == "CRASH":
            raise RuntimeError("the model cannot read this")
        if score == "nan":
            return ModelFault("1 of 4 word pieces have a score that is NaN or infinite")
        if label:
            entities.append(Entity(*word.span(), labels[label], word[0], score=score, margin=score))
    return Entities(tuple(entities))


patch = pytest.MonkeyPatch()


def pytest_configure():
    """Put the fake in the place of the real model."""
    patch.setattr("swapgate.tasks.ner.load", load)
    patch.setattr("swapgate.tasks.ner.predict", predict)
    patch.setattr("swapgate.running.surroundings", lambda: {"python": "3", "torch": "none"})


def pytest_unconfigure():
    """Put the real one back."""
    patch.undo()
