"""A text classifier without torch: its config.json says how probable each word makes a label. Copied into projects."""

import json
from types import SimpleNamespace

import pytest

from swapgate.outputs.classification import ranked
from swapgate.outputs.label_set import label_set
from swapgate.tasks.text_classification import TASK

REAL = TASK.predict
patch = pytest.MonkeyPatch()


def load(task, source):
    """Stand in for swapgate.backends.transformers.load."""
    return SimpleNamespace(model=type("Weights", (), {})(), config=source.config, seconds=0.25)


def predict(loaded, texts, row):
    """Stand in for the predict of text classification, for inputs with one label and with several."""
    names = list(loaded.config["id2label"].values())
    found = []
    for text in texts:
        words = [loaded.config["words"].get(word, {}) for word in text.lower().split()]
        scores = [max((word.get(name, 0.0) for word in words), default=0.0) for name in names]
        if hasattr(row, "threshold"):
            threshold = 0.5 if row.threshold is None else row.threshold
            found.append(label_set(scores, names, row.label_map, threshold, row.tolerance.tie))
        else:
            total = sum(scores) + 0.1 * len(scores)
            found.append(ranked([(score + 0.1) / total for score in scores], names, row.label_map))
    return found


def pytest_configure():
    """Put the fake in the place of the real model."""
    patch.setattr("swapgate.backends.transformers.load", load)
    for task in TASK.variants:
        object.__setattr__(task, "predict", predict)  # it is frozen for everybody else
    patch.setattr("swapgate.trials.asking.gc", SimpleNamespace(collect=int))
    patch.setattr("swapgate.trials.running.synchronizer", lambda _loaded: lambda: None)
    patch.setattr("swapgate.trials.checking.fingerprint", lambda loaded, _beside: json.dumps(loaded.config))
    patch.setattr("swapgate.trials.running.surroundings", lambda: {"python": "3", "torch": "none"})
    patch.setattr("swapgate.trials.remembered.surroundings", lambda: {"python": "3", "torch": "none"})
    patch.setattr("swapgate.trials.remembered.device_settings", lambda device: {"device": device})


def pytest_unconfigure():
    """Put the real one back."""
    for task in TASK.variants:
        object.__setattr__(task, "predict", REAL)
    patch.undo()
