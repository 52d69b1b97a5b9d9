"""Which answers are taken from earlier runs: those that nothing has changed since, of files that tell all of them."""

import importlib
import importlib.util
import json
import os
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import librosa
import numpy as np
import pytest

from swapgate.backends import backend_of, onnxruntime
from swapgate.core.faults import ModelFault
from swapgate.models.loading import Source
from swapgate.outputs.classification import Classification, Score
from swapgate.project.cases import read_cases
from swapgate.project.evaluation import find_set
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.trials import remembered
from swapgate.trials.cache import FILE, Cache
from swapgate.trials.evaluating import kept, tally_of
from swapgate.trials.remembered import _decoding
from swapgate.trials.running import Model

TASK = find_task("sentiment")
LABELS = {"good": "good", "bad": "bad"}
CASES = '[[case]]\nid = "one"\ntext = "A good film."\nexpected = "good"\n'


class Lab:
    """A model that notes what it is asked, and what one may change about it."""

    def __init__(self, path):
        self.path, self.cache = path, Cache(path / "rows")
        self.asked, self.threads, self.keys, self.named = [], 1, {}, "model"
        self.task = replace(TASK, predict=self.predict, left_out=None, version="1")
        self.folder = path / "model"
        self.folder.mkdir()
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            (self.folder / name).write_text("{}")
        (path / "cases.toml").write_text('latency = "one"\n' + CASES)
        self.write(["a film", "a long, long film", "no film", "a longer film"])

    def write(self, texts):
        """Write the set."""
        lines = (json.dumps({"id": text, "text": text, "expected": "good"}) + "\n" for text in texts)
        (self.path / "set.jsonl").write_text("".join(lines))

    def as_graph(self, monkeypatch, place="model.onnx"):
        """Let the model be one that ONNX Runtime computes, with its graph in a place of its folder."""
        self.named = f"model/{place}"
        graph = self.folder / place
        graph.parent.mkdir(exist_ok=True)
        graph.write_bytes(b"graph")
        stands_in = {"load": lambda task, source: None, "surroundings": lambda: self.runtime, "version": "1"}
        self.backend = replace(onnxruntime.BACKEND, **stands_in)
        self.runtime = {"onnxruntime": "1"}
        monkeypatch.setattr("swapgate.trials.asking.backend_of", lambda source: self.backend)
        return graph

    def predict(self, _loaded, texts, _row):
        """Stand in for the task's."""
        self.asked.append([*texts])
        return [Classification((Score("good", 1 / (1 + len(text))), Score("bad", 0.1)), 0.1) for text in texts]

    @property
    def model(self):
        """A new process's model."""
        row = row_type(self.task)(model=self.named, **{"labels": LABELS, **self.keys})
        backend = "onnxruntime" if self.named != "model" else "transformers"
        source = Source(row, self.folder, "model", backend=backend, file=self.named.removeprefix("model").lstrip("/"))
        cases = read_cases(self.path / "cases.toml", self.task)
        return Model("sentiment", "small", self.task, source, source, cases, self.path / "golden.json")

    def run(self):
        """Evaluate the set; gives the tally, and how many rows were asked for."""
        self.asked.clear()
        evaluation = find_set(self.path / "set.jsonl", self.task, frozenset())
        self.last = self.model
        tally = tally_of(self.last, evaluation, cache=self.cache, threads=self.threads)
        return tally, sum(map(len, self.asked))


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab without torch."""
    loaded = SimpleNamespace(model=None, seconds=0)
    monkeypatch.setattr("swapgate.backends.transformers.load", lambda task, source: loaded)
    monkeypatch.setattr("swapgate.trials.remembered.surroundings", lambda: {"torch": "2", "cpu": "AVX2"})
    monkeypatch.setattr("swapgate.trials.remembered.device_settings", lambda device: {"device": device})
    return Lab(tmp_path)


def test_second_run(lab):
    """The second of two runs asks for nothing and comes to the same; one with two more rows asks for these."""
    first, asked = lab.run()
    assert (asked, lab.last.recalled) == (4, 0)
    second, asked = lab.run()
    assert (asked, lab.last.recalled) == (0, 4)
    assert (second.said, second.figures(), second.keys) == (first.said, first.figures(), first.keys)
    lab.write(["new", "no film", "a film", "newer", "a longer film", "a long, long film"])
    _, asked = lab.run()
    assert (asked, lab.asked, lab.last.recalled) == (2, [["newer", "new"]], 4)


def test_batches_by_length(lab):
    """Rows of like length go together, the longest first, and are counted in the order of the set."""
    lab.task = replace(lab.task, batch=2)
    tally, _ = lab.run()
    assert lab.asked == [["a long, long film", "a longer film"], ["no film", "a film"]]
    told = [tally.named(row) for row in range(tally.rows)]
    assert told == [(name, name) for name in ("a film", "a long, long film", "no film", "a longer film")]
    alone = replace(lab.task, batch=1, version="2")
    lab.task = alone
    assert lab.run()[0].said == tally.said


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": {"dtype": "bfloat16"}},
        {"keys": {"labels": {"good": "bad", "bad": "good"}}},
        {"keys": {"long": "truncate"}},
        {"keys": {"allow_pickle": True}},
        {"keys": {"device": "cuda"}},
        {"threads": 2},
        {"task": {"batch": 2}},
        {"task": {"version": "2"}},
        {"task": {"name": "another"}},
    ],
    ids=str,
)
def test_setting_that_changes_an_answer(lab, monkeypatch, changes):
    """Whatever of a row, its task or the way it is asked may change an answer has all rows asked again."""
    lab.run()
    lab.keys, lab.threads = changes.get("keys", {}), changes.get("threads", 1)
    lab.task = replace(lab.task, **changes.get("task", {}))
    assert lab.run()[1] == 4
    assert lab.run()[1] == 0


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "another.json"])
def test_file_of_the_model(lab, name):
    """Another byte in any file that a loader may read has all rows asked again, also where the digest is the same."""
    lab.run()
    (lab.folder / name).write_text("{} ")
    assert lab.run()[1] == 4


@pytest.mark.parametrize("links", [["1_Pooling"], ["1_Pooling", "deeper"]], ids=len)
def test_file_behind_a_link(lab, links):
    """Another byte in a file of a folder that a link leads to, maybe by another link, has all rows asked again."""
    inside = lab.folder
    for name in links:
        (lab.path / f"of_{name}").mkdir()
        (inside / name).symlink_to(lab.path / f"of_{name}")
        inside /= name
    (inside / "config.json").write_text("{}")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    (inside / "config.json").write_text("{} ")
    assert lab.run()[1] == 4
    (lab.path / "other").mkdir()
    (lab.path / "other" / "config.json").write_text("{  }")
    inside.unlink()
    inside.symlink_to(lab.path / "other")
    assert lab.run()[1] == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("surroundings", lambda: {"torch": "3", "cpu": "AVX2"}),
        ("surroundings", lambda: {"torch": "2", "cpu": "AVX512"}),
        ("_processor", lambda: "another"),
        ("device_settings", lambda device: {"device": device, "precision": "medium"}),
        ("LIBRARIES", ("numpy",)),
        ("_installed", lambda: "one more package"),
        ("_code", lambda: "a working copy"),
    ],
    ids=["torch", "cpu", "processor", "precision", "libraries", "installed", "code"],
)
def test_other_surroundings(lab, monkeypatch, name, value):
    """Another torch, another processor, another library, or another setting of them computes anew."""
    lab.run()
    monkeypatch.setattr(f"swapgate.trials.remembered.{name}", value)
    assert lab.run()[1] == 4


def test_environment_that_changes_numbers(lab, monkeypatch):
    """A variable by which libraries compute otherwise computes anew."""
    lab.run()
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "SSE4_2")
    assert lab.run()[1] == 4


def test_files_written_after_loading(lab):
    """What a model answers whose files were written since it was loaded is not kept as what these files say."""
    model, evaluation = lab.model, find_set(lab.path / "set.jsonl", lab.task, frozenset())
    model.asked.load()
    (lab.folder / "config.json").write_text("{} ")
    tally_of(model, evaluation, cache=lab.cache)
    assert model.recalled == 0
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    model = lab.model
    model.asked.load()
    tally_of(model, evaluation, cache=lab.cache)
    assert model.recalled == 4


def test_backend_of_another_package(lab, monkeypatch):
    """Of a backend of another package nothing is kept without a version of it, and nothing known of another one."""
    own = backend_of(lab.model.source)
    for version, known in (("", False), ("", False), ("1", False), ("1", True), ("2", False)):
        other = replace(own, version=version)
        monkeypatch.setattr("swapgate.trials.asking.backend_of", lambda source, other=other: other)
        assert lab.run()[1] == (0 if known else 4)


def test_tasks_of_one_name(lab, monkeypatch):
    """A task of another project with the same name and version knows nothing of this one's."""
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    monkeypatch.setattr("swapgate.tasks._asked", (["mine"], "/elsewhere"))
    assert lab.run()[1] == 4


@pytest.mark.parametrize(
    "module", ["distant.py", "distant/__init__.py", "distant/inner/more.py", "distant/core.abi3.so"]
)
def test_code_of_libraries(tmp_path, monkeypatch, module):
    """Code of a library counts beside its version: of a working copy, of another commit, and what was edited since."""
    monkeypatch.setattr(remembered, "LIBRARIES", ("distant",))
    monkeypatch.setattr(remembered, "BESIDE", ())
    monkeypatch.syspath_prepend(tmp_path)
    code = tmp_path / module
    code.parent.mkdir(parents=True, exist_ok=True)
    for name in {module, "distant/__init__.py" if "/" in module else module}:
        (tmp_path / name).write_text("")
    importlib.invalidate_caches()
    found = [remembered._code.__wrapped__()]
    code.write_text("changed = True")
    found.append(remembered._code.__wrapped__())
    record = tmp_path / "distant-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    for content in (f"{module},sha256=1,14\n", f"{module},sha256=2,14\n"):  # as two commits of one version have
        record.write_text(content)
        found.append(remembered._code.__wrapped__())
    record.write_text(f"{content}../../bin/distant,sha256=3,1\ndistant/x.pyc,,\n")
    assert remembered._code.__wrapped__() == found[-1]
    before = code.stat()
    while code.stat().st_ctime_ns <= record.stat().st_ctime_ns:  # a clock has its ticks
        code.write_text("changed = 1234")
        os.utime(code, ns=(before.st_mtime_ns, before.st_mtime_ns))  # as a copy that keeps times
    found.append(remembered._code.__wrapped__())
    assert len({*found}) == len(found)


def test_code_behind_links(tmp_path, monkeypatch):
    """Code behind a link to a folder counts, and a link to a folder above ends there."""
    monkeypatch.setattr(remembered, "LIBRARIES", ("distant",))
    monkeypatch.setattr(remembered, "BESIDE", ())
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "distant").mkdir()
    (tmp_path / "distant" / "__init__.py").write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "distant" / "inner").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "above").symlink_to(tmp_path / "distant")
    importlib.invalidate_caches()
    found = remembered._code.__wrapped__()
    (tmp_path / "elsewhere" / "more.py").write_text("")
    assert remembered._code.__wrapped__() != found


SETS = "import torch\n\ntorch.set_default_dtype(torch.bfloat16)\n"


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("conftest", SETS, True),
        ("test_utils", "from PIL import ImageFile\n\nImageFile.LOAD_TRUNCATED_IMAGES = True\n", True),
        ("patches", "from swapgate.models import loading\n\nloading.load = None\n", True),
        ("my-packages/helpers", SETS, True),
        ("fixtures_of", "import pytest\n\nNUMBER = 1\n", False),
        ("test_it", f"{SETS}\n\ndef test_it():\n    assert torch\n", False),
        ("x/site-packages/far", SETS, False),
    ],
)
@pytest.mark.parametrize("known_to", ["Python", "pytest"])
def test_modules_of_the_project(lab, monkeypatch, name, text, counts, known_to):
    """A module of the project that was imported, and names a library, may change what it computes; a test does not."""
    lab.run()
    path = lab.path / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    module = SimpleNamespace(__file__=str(path), __name__=f"of_a_project.{path.stem}")
    if known_to == "Python":
        monkeypatch.setitem(sys.modules, "of_a_project.one", module)
    else:
        lab.cache.plugins = lambda: [module, SimpleNamespace()]
    assert lab.run()[1] == (4 if counts else 0)
    path.write_text(f"{text}# edited\n")
    assert lab.run()[1] == (4 if counts else 0)
    assert lab.run()[1] == 0


def test_stand_ins_for_modules(lab, monkeypatch):
    """What stands in for a module, and raises whatever it is asked, or lies where no file is, is passed over."""

    class Lazy:
        def __getattr__(self, name):
            raise ImportError(name)

    (lab.path / "folder.py").mkdir()
    folder = SimpleNamespace(__file__=str(lab.path / "folder.py"), __name__="folder")
    for name, module in (("lazy", Lazy()), ("folder", folder), ("nothing", None)):
        monkeypatch.setitem(sys.modules, f"stands_in.{name}", module)
    assert [lab.run()[1], lab.run()[1]] == [4, 0]


def test_how_threads_wait(lab, monkeypatch):
    """How threads wait for each other changes no number: a command finds what a run has kept."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    lab.run()
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert lab.run()[1] == 0


def test_own_task_by_its_code(lab, monkeypatch):
    """A task of this package is told by the package's code; one of another that names no version is never kept."""
    lab.task = replace(lab.task, version="")
    assert [lab.run()[1], lab.run()[1]] == [4, 4]
    monkeypatch.setattr(Lab.predict, "__module__", TASK.predict.__module__)  # as functools.wraps does
    assert [lab.run()[1], lab.run()[1]] == [4, 4]
    lab.task = replace(TASK, left_out=None)
    assert _decoding(lab.task) == ""
    lab.task = replace(lab.task, predict=lab.predict)
    monkeypatch.setattr("swapgate.trials.remembered.BUILT_IN", (lab.task,))
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    monkeypatch.setattr("swapgate.trials.remembered._own_code", lambda: "edited")
    assert lab.run()[1] == 4


def test_what_changes_no_answer(lab):
    """The same files in another folder, other limits and other right answers are asked nothing."""
    lab.run()
    lab.folder = lab.folder.rename(lab.path / "moved")
    lab.keys = {"gaps": {"one": "why"}, "clear_lead": 0.2}
    text = (lab.path / "set.jsonl").read_text()
    (lab.path / "set.jsonl").write_text(text.replace('"good"', '"bad"'))
    assert lab.run()[1] == 0


def test_only_what_files_tell(lab, monkeypatch):
    """What answers for a server, a function or a recording is never taken from an earlier run."""
    lab.run()
    monkeypatch.setattr("swapgate.trials.asking.backend_of", lambda source: replace(backend_of(source), by_files=False))
    assert [lab.run()[1], lab.run()[1]] == [4, 4]


@pytest.mark.parametrize("place", ["model.onnx", "onnx/model.onnx"])
@pytest.mark.parametrize(
    "name",
    ["model.onnx", "model.onnx.data", "README.md", "parts/.git", "../config.json", "../tokenizer.json"],
    ids=["graph", "data", "data like a text", "data below", "config", "tokenizer"],
)
def test_file_of_a_graph(lab, monkeypatch, place, name):
    """Another byte in a graph, in what it may name as its data, or in what is around it has all rows asked again."""
    graph = lab.as_graph(monkeypatch, place)
    path = lab.folder / name.removeprefix("../") if name.startswith("..") else graph.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"one")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    path.write_bytes(b"two")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]


def test_another_graph_of_a_folder(lab, monkeypatch):
    """Of a folder with several graphs an answer is that of the one which the row names."""
    lab.as_graph(monkeypatch, "onnx/model.onnx")
    (lab.folder / "onnx" / "model_quantized.onnx").write_bytes(b"another graph")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    lab.named = "model/onnx/model_quantized.onnx"
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    lab.named = "model/onnx/model.onnx"
    assert lab.run()[1] == 0


def test_graph_behind_a_link(lab, monkeypatch):
    """A graph in a folder that is a link is read there."""
    elsewhere = lab.path / "elsewhere"
    elsewhere.mkdir()
    (lab.folder / "onnx").symlink_to(elsewhere)
    graph = lab.as_graph(monkeypatch, "onnx/model.onnx")
    (elsewhere / "model.onnx.data").write_bytes(b"one")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    graph.write_bytes(b"another")
    assert lab.run()[1] == 4
    (elsewhere / "model.onnx.data").write_bytes(b"two")
    assert lab.run()[1] == 4


@pytest.mark.parametrize("part", ["runtime", "processor", "environment", "threads", "batch"])
def test_surroundings_of_a_graph(lab, monkeypatch, part):
    """So has another runtime, another processor, a variable that the runtime reads, other threads or batches."""
    lab.as_graph(monkeypatch)
    assert [lab.run()[1], lab.run()[1]] == [4, 0]
    lab.runtime = {"onnxruntime": "2"} if part == "runtime" else lab.runtime
    lab.threads = 2 if part == "threads" else lab.threads
    lab.task = replace(lab.task, batch=2) if part == "batch" else lab.task
    if part == "processor":
        monkeypatch.setattr("swapgate.trials.remembered._processor", lambda: "another")
    if part == "environment":
        monkeypatch.setenv("ORT_DISABLE_SOMETHING", "1")
    assert [lab.run()[1], lab.run()[1]] == [4, 0]


def test_graph_without_a_model_of_transformers(lab, monkeypatch):
    """A model of a folder that transformers loads, and one that ONNX Runtime computes, never answer for another."""
    lab.run()
    lab.as_graph(monkeypatch)
    assert lab.run()[1] == 4


def test_graph_that_is_gone_meanwhile(lab, monkeypatch):
    """Answers of a model of which a file is gone since it was read are not kept, and nothing is wrong for it."""
    graph, own = lab.as_graph(monkeypatch), lab.task.predict

    def predict(loaded, texts, row):
        graph.unlink(missing_ok=True)
        return own(loaded, texts, row)

    lab.task = replace(lab.task, predict=predict)
    assert lab.run()[1] == 4
    graph.write_bytes(b"graph")
    assert lab.run()[1] == 4


def test_kept_of_two(lab):
    """Rows are counted to which the answers of all models are kept, without asking any; of other threads none is."""
    first, evaluation = lab.model, find_set(lab.path / "set.jsonl", lab.task, frozenset())
    lab.run()
    lab.folder = lab.path / "other"
    shutil.copytree(lab.path / "model", lab.folder)
    (lab.folder / "config.json").write_text("another")
    lab.write(["a film", "no film"])
    own, _ = lab.run()
    lab.asked.clear()
    second = lab.last
    lab.write(["no film", "never asked", "a longer film", "a film"])
    evaluation = find_set(lab.path / "set.jsonl", lab.task, frozenset())
    ours, theirs = kept([first, second], evaluation, lab.cache, [1, 1])
    assert [tally.rows for tally in (ours, theirs)] == [2, 2]
    assert {*ours.keys} == {*theirs.keys} == {*own.keys}
    assert [ours.named(row)[0] for row in range(2)] == ["no film", "a film"]
    assert [tally.rows for tally in kept([first, second], evaluation, lab.cache, [1, 2])] == [0, 0]
    assert lab.asked == []


def test_cases_are_asked(lab):
    """A case is always asked, also where a row has its text."""
    lab.write(["A good film."])
    lab.run()
    _, asked = lab.run()
    assert asked == 0
    assert lab.last.prediction(lab.last.cases.cases[0]).scores[0].label == "good"
    assert lab.asked == [["A good film."]]


def test_files_that_change_meanwhile(lab):
    """Answers of a model whose files were written since they were read are not kept."""
    own = lab.task.predict

    def predict(loaded, texts, row):
        (lab.folder / "model.safetensors").write_text("something else")
        return own(loaded, texts, row)

    lab.task = replace(lab.task, predict=predict)
    lab.run()
    assert lab.cache.read([b""]) == {}
    with sqlite3.connect(lab.path / "rows" / FILE) as file:
        assert file.execute("SELECT COUNT(*) FROM rows").fetchone() == (0,)
    file.close()


@pytest.mark.parametrize("said", [{"label": "good"}, {"scores": [["good", "x"]], "margin": 0.1}, "good"])
def test_entry_that_is_no_answer(lab, monkeypatch, said):
    """An entry that is whole and no answer of this kind is computed anew."""
    first, _ = lab.run()
    content = json.dumps({"prediction": said, "left_out": ""}).encode()
    monkeypatch.setattr(lab.cache, "read", lambda keys: dict.fromkeys(keys, content))
    tally, asked = lab.run()
    assert (asked, tally.said) == (4, first.said)


def test_faults_are_not_kept(lab):
    """A row at which the model fails is tried again by the next run."""
    own = lab.task.predict

    def predict(loaded, texts, row):
        found = own(loaded, texts, row)
        return [ModelFault("NaN") if text == "no film" else one for text, one in zip(texts, found, strict=True)]

    lab.task = replace(lab.task, predict=predict)
    for _ in range(2):
        with pytest.raises(ModelFault, match=r"row 'no film' of .*: NaN"):
            lab.run()


def test_too_little_memory(lab):
    """Where a batch is too large for the memory that there is, it and those behind it are halved."""
    own = lab.task.predict

    def predict(loaded, texts, row):
        if len(texts) > 1:
            raise MemoryError
        return own(loaded, texts, row)

    lab.task = replace(lab.task, predict=predict)
    tally, asked = lab.run()
    assert (asked, tally.rows) == (4, 4)


def code_damages():
    """Return the damages of benchmarks/damages.py that change how models are loaded or asked."""
    spec = importlib.util.spec_from_file_location("damages", Path(__file__).parents[3] / "benchmarks" / "damages.py")
    damages = importlib.util.module_from_spec(spec)
    sys.modules["damages"] = damages  # dataclasses look there
    spec.loader.exec_module(damages)
    return [damage for damage in damages.DAMAGES if damage.code]


@pytest.mark.parametrize("damage", code_damages(), ids=lambda damage: damage.name)
def test_damaged_code(lab, damage):
    """What is damaged in the code around a model is never hidden by an answer of before."""
    lab.run()
    with pytest.MonkeyPatch.context() as patch:
        damage.code(patch)
        by_files = lab.model.asked.backend.by_files
        hears_otherwise = librosa.to_mono(np.array([[1.0, 1], [3, 3]])).tolist() != [2, 2]
    assert not by_files or hears_otherwise  # another input is another row
    assert lab.run()[1] == 0
