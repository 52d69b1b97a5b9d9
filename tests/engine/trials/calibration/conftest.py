"""A fake task whose predictions depend on how it is asked, without torch."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import scipy.optimize  # noqa: F401 - imported once here; pytester forgets what a test in this process imports

from swapgate import tasks
from swapgate.commands import main
from swapgate.outputs.entities import Entities, Entity
from swapgate.trials.calibration import calibrate, model_of


class Weights:
    """A model with a choice of attention, but for what it refuses, and what it takes no notice of."""

    def __init__(self):
        self.config = SimpleNamespace(_attn_implementation="sdpa")
        self.refused, self.ignored = set(), set()

    def set_attn_implementation(self, name):
        """Compute with another attention from now on."""
        if name in self.refused:
            raise ValueError(f"{name} is not there\nsee the manual")
        if name not in self.ignored:
            self.config._attn_implementation = name


class Asked(SimpleNamespace):
    """How the fake is asked of a text: which model, in which batch, by how many threads, with which attention."""

    @property
    def kind(self):
        """What is other than usual; all three cases are one batch, and with the longest they are four texts."""
        of_batch = {3: "", 4: "padding", 1: "batch", 2: "batch"}[len(self.batch)]
        return of_batch or (self.threads > 1 and "threads") or (self.attention != "sdpa" and "attention") or "usual"


class Fake:
    """The small tier of a project; `said` gives what it says, `without_avx` what it says in a process of its own."""

    Tensor = type("Tensor", (), {})  # scipy looks for it

    def __init__(self, project, monkeypatch):
        self.project, self.monkeypatch = project, monkeypatch
        self.weights, self.threads, self.log = Weights(), 1, []
        self.said = lambda asked: self.entity()
        self.without_avx = lambda model: {case.id: model.prediction(case) for case in model.cases.cases}

    @staticmethod
    def entity(score=0.5, margin=0.5):
        """Return one entity."""
        return Entities((Entity(0, 3, "PER", "Ada", score=score, margin=margin, edge=0.5),))

    def set_num_threads(self, count):
        """Stand in for torch.set_num_threads."""
        self.threads = count

    def get_num_threads(self):
        """Stand in for torch.get_num_threads."""
        return self.threads

    def predict(self, loaded, texts, _row):
        """Stand in for the task's predict."""
        how = {"threads": self.threads, "attention": self.weights.config._attn_implementation, "model": loaded.name}
        asked = [Asked(batch=texts, text=text, **how) for text in texts]
        self.log.append(asked[0])
        return [self.said(one) for one in asked]

    def calibrate(self, runs=20, task="ner", **row):
        """Calibrate the tier, with other settings in its row."""
        model = replace(model_of("ner.small", self.project.models_file, self.project.path), task=tasks.find_task(task))
        source = replace(model.source, row=model.row.model_copy(update=row))
        return calibrate(replace(model, source=source, incumbent=source), runs)

    def command(self, *options):
        """Run the command in the project's folder and give its exit status."""
        self.monkeypatch.chdir(self.project.path)
        return main(["calibrate", *options])


@pytest.fixture
def fake(project, monkeypatch):
    """A tier of a fake task, in the place of each task."""
    fake = Fake(project, monkeypatch)

    def load(_task, source):
        return SimpleNamespace(model=fake.weights, name=source.name)

    stubs = tuple(replace(task, label_names=lambda _: [], predict=fake.predict) for task in tasks.BUILT_IN)
    monkeypatch.setattr(tasks, "BUILT_IN", stubs)
    monkeypatch.setattr(tasks, "_known", {})
    monkeypatch.setattr("swapgate.backends.transformers.load", load)
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # the command would set it for good
    monkeypatch.setattr("swapgate.trials.variation._without_avx", lambda model: fake.without_avx(model))
    monkeypatch.setattr("swapgate.trials.calibration.surroundings", lambda: {"python": "3", "torch": "none"})
    monkeypatch.setattr("swapgate.trials.calibration.os.cpu_count", lambda: 2)
    return fake
