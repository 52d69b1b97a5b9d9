"""A model without torch: its config.json holds a lexicon, and it finds each word of it. Copied into test projects."""

import json
import os
import re
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.outputs.entities import Entities, Entity
from swapgate.tasks.ner import TASK

HERE = Path(__file__).parent
REAL = TASK.predict

CRASHES = {
    "CRASH": RuntimeError("the model cannot read this"),
    "UNFIT": RuntimeError("The size of tensor a (28) must match the size of tensor b (54)"),
    "NO_MEMORY": MemoryError(),
    "NO_GPU_MEMORY": RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "NO_SYSTEM_MEMORY": OSError(12, "Cannot allocate memory"),
    "NO_HALF": RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Half'"),
    "STOP": KeyboardInterrupt(),
}
"""Labels of words at which the model crashes; at a word with the label DIE the process ends at once."""
NOT_LOADED = {
    "NO_DISK": SurroundingsFault("{} cannot be loaded: no space left on device; free some and run again"),
    "NO_MEMORY": MemoryError(),
    "NO_TORCH_MEMORY": SurroundingsFault("{} cannot be loaded: RuntimeError: can't allocate memory"),
}
"""Words of a lexicon that cannot be loaded."""


def note(event):
    """Add to events.txt what happened to the models, in order: "load NAME", "predict NAME N", "let go NAME"."""
    with (HERE / "events.txt").open("a") as file:
        print(event, file=file)


class Loaded:
    """Stand in for swapgate.models.loading.Loaded."""

    def __init__(self, source):
        self.model = type("Weights", (), {})()
        self.name, self.seconds = source.name, 0.25
        self.lexicon = source.config["lexicon"]
        weakref.finalize(self, note, f"let go {source.name}").atexit = False


def load(task, source):
    """Stand in for swapgate.backends.transformers.load."""
    note(f"load {source.name}")
    for word in NOT_LOADED.keys() & source.config["lexicon"]:
        fault = NOT_LOADED[word]
        raise type(fault)(str(fault).format(source.name))
    return Loaded(source)


def predict(loaded, texts, row):
    """Stand in for the predict of swapgate.tasks.ner.TASK; drift.json says which scores surroundings change (null: not
    found).
    """
    note(f"predict {loaded.name} {len(texts)}")
    path = HERE / "drift.json"
    drift = json.loads(path.read_text()).get(loaded.name, {}) if path.exists() else {}
    return [_found(text, loaded.lexicon, drift, row.labels) for text in texts]


def _found(text, lexicon, drift, labels):
    entities = []
    for word in re.finditer(r"\w+", text):
        label, score = lexicon.get(word[0], (None, 0))
        score = drift.get(word[0], score)
        if label in CRASHES:
            raise CRASHES[label]
        if label == "DIE":
            os._exit(3)
        if score == "nan":
            return ModelFault("1 of 4 word pieces have a score that is NaN or infinite")
        if label and score is not None:
            entities.append(Entity(*word.span(), labels[label], word[0], score=score, margin=score, edge=score))
    return Entities(tuple(entities))


patch = pytest.MonkeyPatch()


def pytest_configure():
    """Put the fake in the place of the real model."""
    patch.setattr("swapgate.backends.transformers.load", load)
    object.__setattr__(TASK, "predict", predict)  # it is frozen for everybody else
    patch.setattr("swapgate.trials.asking.gc", SimpleNamespace(collect=int))  # 60 ms each in a large process
    patch.setattr("swapgate.trials.running.synchronizer", lambda _loaded: lambda: None)
    patch.setattr("swapgate.trials.checking.fingerprint", lambda loaded, _beside: loaded.name)
    patch.setattr("swapgate.trials.running.surroundings", lambda: {"python": "3", "torch": "none"})
    patch.setattr("swapgate.trials.remembered.surroundings", lambda: {"python": "3", "torch": "none"})
    patch.setattr("swapgate.trials.remembered.device_settings", lambda device: {"device": device})


def pytest_unconfigure():
    """Put the real one back."""
    object.__setattr__(TASK, "predict", REAL)
    patch.undo()
