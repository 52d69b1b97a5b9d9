"""A small project with fake models, which the engine's tests run through pytester."""

import contextlib
import functools
import gc
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import hypothesis
import numpy as np
import numpy.fft  # likewise; a second time it fails
import pytest
from safetensors.numpy import save_file

from swapgate.core.extras import EXTRAS
from swapgate.core.faults import InputFault
from swapgate.models.digest import folder_digest
from swapgate.tasks import tasks

TASKS = frozenset({*tasks(), *(task.family for task in tasks().values())})


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Call a value in which a task is named otherwise, so that -k with its name selects no test of the engine."""
    if not isinstance(val, str) or not any(name in val for name in TASKS):
        return None
    return f"{argname}-{hashlib.sha256(val.encode(errors='surrogatepass')).hexdigest()[:6]}"


LEXICON = {"Ada": ["PER", 0.99], "Paris": ["LOC", 0.97], "Siemens": ["ORG", 0.98], "French": ["MISC", 0.96]}

MODELS = """
[ner.original]
model = "../../models/original"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }

[ner.small]
model = "../../models/small"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
budget.size = { against = "original", at_most = 0.9 }
gaps = { left_out = "the small model does not know Siemens" }
"""

CASES = """
latency = "ada"

[[case]]
id = "ada"
text = "Ada lives in Paris."
expected = [
  { label = "PER", start = 0, end = 3, text = "Ada" },
  { label = "LOC", start = 13, end = 18, text = "Paris" },
]

[[case]]
id = "nobody"
text = "It rained all day."
expected = []

[[case]]
id = "left_out"
text = "Siemens paid."
expected = [{ label = "ORG", start = 0, end = 7, text = "Siemens" }]
"""

SUITE = """
import pytest

pytestmark = pytest.mark.task("ner")


def test_expected(prediction, expected):
    assert prediction == expected


def test_golden(prediction, golden):
    assert prediction == golden


@pytest.mark.latency
def test_latency(benchmark, call, latency, budget):
    benchmark.pedantic(call, rounds=5)
    assert latency <= budget.latency


def test_size(size, budget):
    assert size <= budget.size
"""

RECORDED: dict[str, str] = {}

WARM = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
"""The surroundings in which tests began, with the packages that they import, and a thread for each process."""

USED_BY_RUNS = ("filelock", "rich._emoji_codes", "scipy.stats", "sklearn.metrics", "safetensors.numpy")
"""Modules that are imported where they are needed; pytester lets go of what a run imports."""

NOT_USED = ("cacheprovider", "anyio", "platformdirs", "pytest-datadir", "regressions")
"""Plugins of this environment that no run needs; each takes time in each of thousands."""

EXTRA = {name for packages in EXTRAS.values() for name in packages.values()} | {"sklearn", "torchmetrics"}
"""Modules that extras bring, pytest's plugin among them."""

LIBRARIES = ("torch", "transformers.modeling_utils", "transformers.models.auto.modeling_auto")
"""What runs import that load a model."""


class Project:
    """A project in a temporary folder, and what one does with it."""

    def __init__(self, pytester: pytest.Pytester):
        self.pytester = pytester
        self.path = pytester.path
        self.models_file = self.write("fixtures/models/embedded.toml", MODELS)
        self.cases_file = self.write("fixtures/ner/cases.toml", CASES)
        self.suite = self.write("tests/test_ner.py", SUITE)
        self.write("conftest.py", "from fake_model import pytest_configure, pytest_unconfigure\n")
        self.write("fake_model.py", Path(__file__).with_name("fake_model.py").read_text())
        self.write("pytest.ini", "[pytest]\nstrict = true\nfilterwarnings = error\npythonpath = .\n")
        self.model("original", LEXICON, size=40)
        self.model("small", {word: entry for word, entry in LEXICON.items() if word != "Siemens"})

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def model(self, name: str, lexicon: dict, size: int = 20, labels=("PER", "ORG", "LOC", "MISC")) -> Path:
        """Write a model folder whose weights are `size` float32 numbers."""
        import numpy as np

        config = {"id2label": dict(enumerate(["O", *(f"B-{label}" for label in labels)])), "lexicon": lexicon}
        path = self.write(f"models/{name}/config.json", json.dumps(config))
        save_file({"weight": np.arange(size, dtype=np.float32)}, path.with_name("model.safetensors"))
        return path.parent

    def lexicon(self, name: str) -> dict[str, Any]:
        """Read what a model knows."""
        return json.loads((self.path / "models" / name / "config.json").read_text())["lexicon"]

    def retrain(self, name: str, like: str = "", **changes: Any) -> Path:
        """Write a model that knows what `like` (or itself, before) knew, but for the changes; None: not any more."""
        words = {**self.lexicon(like or name), **changes}
        return self.model(name, {word: entry for word, entry in words.items() if entry is not None})

    def drift(self, name: str, **scores: float) -> None:
        """Let the surroundings change scores of a model whose files stay as they are."""
        self.write("drift.json", json.dumps({f"models/{name}": scores}))

    def replace(self, path: Path, old: str, new: str) -> None:
        """Replace a text that must stand in a file."""
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def golden(self, tier: str = "small") -> Path:
        """Return where a tier's golden is."""
        return self.path / "golden" / "embedded" / "ner" / f"{tier}.json"

    def run(self, *options: str) -> pytest.RunResult:
        """Run pytest in the project."""
        return self.pytester.runpytest(*(f"-pno:{name}" for name in NOT_USED), *options)

    def swapgate(self, *command: str) -> pytest.RunResult:
        """Run the command of this environment in the project."""
        return self.pytester.run(Path(sys.executable).with_name("swapgate"), *command)

    def events(self) -> list[str]:
        """Return what happened to the models since the project was made, or since events.txt was removed."""
        path = self.path / "events.txt"
        return path.read_text().splitlines() if path.exists() else []

    def tree(self) -> dict[str, bytes]:
        """Return all files of the project but those that every run of pytest leaves behind."""
        traces = {"__pycache__", ".hypothesis", ".swapgate", ".lock", "events.txt"}
        paths = [path for path in sorted(self.path.rglob("*")) if path.is_file() and not traces & {*path.parts}]
        return {path.relative_to(self.path).as_posix(): path.read_bytes() for path in paths}

    @staticmethod
    def table(result: pytest.RunResult) -> list[str]:
        """Return the lines of the verdict section: the table, then the reasons."""
        lines = [line.rstrip() for line in result.outlines]
        starts = [index for index, line in enumerate(lines) if line.strip("=") == " verdict "]
        if not starts:
            return []
        ends = [index for index, line in enumerate(lines) if index > starts[0] and line.startswith("==")]
        return [line for line in lines[starts[0] + 1 : ends[0]] if line]

    def verdicts(self, result: pytest.RunResult) -> dict[str, str]:
        """Return the verdict on each tier."""
        rows = [line.split() for line in self.table(result) if line.startswith("ner/")]
        return {row[0].removeprefix("ner/"): row[-1] for row in rows}

    def reasons(self, result: pytest.RunResult) -> list[str]:
        """Return the lines below the verdict table, but for the one that counts what waits for a review."""
        lines = [line for line in self.table(result)[1:] if not line.startswith("ner/")]
        return [line for line in lines if not line.endswith("goldens: swapgate review")]

    def reports(self, *options: str, **settings: Any) -> SimpleNamespace:
        """Run pytest with all reports and give what they say."""
        written = ("--verdict-json=out/v.json", "--verdict-md=out/v.md", "--junitxml=out/j.xml")
        result = self.pytester.runpytest("-p", "no:cacheprovider", *written, *options, **settings)
        out = self.path / "out"
        return SimpleNamespace(
            result=result,
            facts=json.loads((out / "v.json").read_text()),
            markdown=(out / "v.md").read_text(),
            junit=ElementTree.parse(out / "j.xml").getroot(),  # noqa: S314 - our own file
        )

    def record(self) -> None:
        """Record all goldens."""
        self.run("--snapshot-update", "-k", "golden").assert_outcomes(passed=6)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no property of the engine depend on how busy the machine is."""
    for item in items:
        test: Any = getattr(item, "function", None)
        if hasattr(test, "hypothesis") and item.path.is_relative_to(Path(__file__).parent):
            own = getattr(test, "_hypothesis_internal_use_settings", None) or hypothesis.settings.default
            slow = [*own.suppress_health_check, hypothesis.HealthCheck.too_slow]
            test._hypothesis_internal_use_settings = hypothesis.settings(own, deadline=None, suppress_health_check=slow)


@pytest.fixture(scope="session", autouse=True)
def no_worker() -> Iterator[None]:
    """The runs that tests start do not know whether a worker of pytest-xdist, or a CI job, runs the test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WORKER", "WORKER_COUNT", "TESTRUNUID"):
            patch.delenv(f"PYTEST_XDIST_{name}", raising=False)
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        patch.delenv("COLUMNS", raising=False)  # reports are as wide as in a pipe
        patch.delenv("CI", raising=False)  # where it is set no golden is written
        patch.setattr("swapgate.statistics.latency.SPREAD", 0.0)  # seconds that a test need not wait
        yield


@pytest.fixture(scope="session", autouse=True)
def lean_runs() -> Iterator[None]:
    """The runs that tests start pay once for what each of thousands would pay again, which was half of its time."""
    for name in USED_BY_RUNS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.ExitStack() as kept, pytest.MonkeyPatch.context() as patch:
        for name in ("metadata", "entry_points", "files"):
            patch.setattr(importlib.metadata.Distribution, name, read_once(name))
        patch.setattr("pytest_benchmark.utils.check_output", no_program)
        if hasattr(os, "pidfd_open") and importlib.util.find_spec("execnet"):  # Linux, and with pytest-xdist
            source = kept.enter_context(warm(*USED_BY_RUNS))
            patch.setattr("execnet.gateway_io.Popen2IOMaster", lambda *asked: start_worker(source(), *asked))
        gc.collect()
        gc.freeze()  # what is imported by now is not looked through in each collection: 0.15 s
        unfreeze = gc.unfreeze
        for name in ("freeze", "unfreeze"):  # runs within this one leave it at that
            patch.setattr(gc, name, lambda: None)
        yield
        unfreeze()


@pytest.fixture(scope="session")
def python() -> Iterator[Callable[..., subprocess.CompletedProcess]]:
    """Run a Python that judges real models, with `-m` or `-c`, a folder and surroundings, and give what came of it.

    Where that can be done it is split off from one that has imported torch and transformers, which takes four seconds.
    """
    if not hasattr(os, "pidfd_open"):
        yield lambda *command, **where: subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, **where
        )
        return
    with warm(*USED_BY_RUNS, *LIBRARIES) as source:
        yield lambda *command, **where: run_python(source(), *command, **where)


@pytest.fixture(scope="session")
def python_without_extras() -> Iterator[Callable[..., subprocess.CompletedProcess]]:
    """Run a Python in the same way where swapgate is installed without any extra."""
    if not hasattr(os, "pidfd_open"):
        pytest.skip("processes cannot be split off here")
    with warm(*(f"-{name}" for name in sorted(EXTRA - {"pytest_regressions"})), *LIBRARIES) as source:
        yield lambda *command, **where: run_python(source(), *command, **where)


def split_off(source: socket.socket, start: dict[str, Any], *files: int) -> int:
    """Split off a process that has imported all already (warm.py); gives its pidfd.

    The four files become its input, output and errors, and that in which it says how it ended.
    """
    socket.send_fds(source, [json.dumps(start).encode()], files)
    return os.pidfd_open(int(source.recv(64)))


def start_worker(source: socket.socket, command: list[str], execmodel: Any) -> Any:
    """Stand in for execnet's start of a worker: it splits one off."""
    from execnet.gateway_base import Popen2IO

    start = {"command": command[-2:], "folder": os.getcwd(), "environment": dict(os.environ)}
    (its_input, ours_in), (ours_out, its_output) = os.pipe(), os.pipe()
    with open(os.devnull, "wb") as nowhere, os.fdopen(its_input), os.fdopen(its_output, "wb"):
        worker = split_off(source, start, its_input, its_output, 2, nowhere.fileno())
    io = Popen2IO(os.fdopen(ours_in, "wb", 0), os.fdopen(ours_out, "rb", -1), execmodel)

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(worker, signal.SIGKILL)

    ended = select.poll()  # for a number beyond those that select takes
    ended.register(worker, select.POLLIN)
    io.wait, io.kill = ended.poll, kill
    weakref.finalize(io, os.close, worker)
    return io


def run_python(
    source: socket.socket, *command: str, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess:
    """Stand in for a Python of `-m` or `-c` that is run to its end: it splits one off."""
    start = {"command": command, "folder": str(cwd), "environment": dict(os.environ if env is None else env)}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as erred, open(os.devnull, "rb") as nothing:
        its_end, end = os.pipe()
        with os.fdopen(its_end, "rb", 0) as status, os.fdopen(end, "wb") as told:
            files = (nothing, said, erred, told)
            process = split_off(source, start, *(file.fileno() for file in files))
            ended = select.poll()
            ended.register(process, select.POLLIN)
            ended.poll()
            os.close(process)
            os.set_blocking(its_end, False)
            told.close()
            found = status.read(8)
        texts = []
        for file in (said, erred):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(command, int(found) if found else -signal.SIGKILL, *texts)


@contextlib.contextmanager
def warm(*modules: str) -> Iterator[Callable[[], socket.socket]]:
    """Give where to ask the process that others are split off from; it begins with the first question."""
    with contextlib.ExitStack() as ended:

        @functools.cache
        def source() -> socket.socket:
            asked, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            code = [sys.executable, "-P", Path(__file__).with_name("warm.py"), str(asked.fileno()), *modules]
            with asked:
                ended.enter_context(subprocess.Popen(code, pass_fds=[asked.fileno()], env=WARM))
            return ended.enter_context(ours)

        yield source


def read_once(name: str) -> property:
    """Return the property of a distribution that is read once if it is installed here, for it stays as it is."""
    read = getattr(importlib.metadata.Distribution, name).fget
    by_path = functools.cache(lambda path: read(importlib.metadata.PathDistribution(path)))
    return property(lambda own: by_path(own._path) if str(own._path).startswith(sys.prefix) else read(own))


def no_program(command: list[str], **_options: Any) -> str:
    """Stand in for the git and hg that pytest-benchmark asks at the start of each run who the project is."""
    raise FileNotFoundError(command[0])


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes rows of the person who runs it, or of another test; gives the folder."""
    folder = tmp_path_factory.mktemp("cache") / "rows"
    monkeypatch.setenv("SWAPGATE_CACHE", str(folder))
    return folder


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """A project without goldens."""
    return Project(pytester)


@pytest.fixture
def recorded(project: Project) -> Project:
    """A project whose goldens are recorded; the first run of a session records them, the others get copies."""
    if not RECORDED:
        project.record()
        RECORDED.update({tier: project.golden(tier).read_text() for tier in ("original", "small")})
    for tier, text in RECORDED.items():
        project.golden(tier).parent.mkdir(parents=True, exist_ok=True)
        project.golden(tier).write_text(text)
    project.write("events.txt", "")
    return project


@pytest.fixture(params=["serial", "xdist"])
def workers(request: pytest.FixtureRequest) -> list[str]:
    """Return the options of a run in one process, and of one in two."""
    return ["-n", "2"] if request.param == "xdist" else []


@pytest.fixture
def fault(path, read):
    """Return the lines that refuse a file with this content; each begins with the file."""

    def fault_of(text):
        with pytest.raises(InputFault) as caught:
            read(text)
        lines = str(caught.value).split("\n")
        assert all(line.startswith(f"{path}: ") for line in lines)
        return "\n".join(line.removeprefix(f"{path}: ") for line in lines)

    return fault_of


ADDED_TOKEN = {"id": 0, "content": "[PAD]", "lstrip": False, "rstrip": False, "special": True}
MODEL_SETTINGS = {
    "config.json": {"id2label": {"0": "O", "1": "B-PER"}, "layers": {"depth": 2}, "transformers_version": "4.57.6"},
    "generation_config.json": {"num_beams": 4, "transformers_version": "4.57.6"},
    "tokenizer_config.json": {"do_lower_case": False, "pad_token": "[PAD]", "tokenizer_class": "BartTokenizer"},
    "tokenizer.json": {"added_tokens": [ADDED_TOKEN], "model": {"vocab": {"[PAD]": 0, "Ada": 1}}, "truncation": None},
}


def model_tensors() -> dict[str, Any]:
    """Return three tensors with different values."""
    return {
        "first": np.arange(6, dtype=np.float32).reshape(2, 3),
        "second": np.ones(4, dtype=np.float32),
        "third": np.zeros(2, dtype=np.float16),
    }


class ModelFolder:
    """A model folder and ways to change it; no model is loaded from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.weights = path / "model.safetensors"
        self.index = path / "model.safetensors.index.json"
        path.mkdir()
        save_file(model_tensors(), self.weights)
        for name in MODEL_SETTINGS:
            self.change(name)

    tensors = staticmethod(model_tensors)

    digest = property(lambda self: folder_digest(self.path))

    def change(self, file: str, **values: Any) -> None:
        """Write a settings file with other values; None takes a key out."""
        settings = {**MODEL_SETTINGS.get(file, {}), **values}
        kept = {key: value for key, value in settings.items() if value is not None}
        (self.path / file).write_text(json.dumps(kept))

    def shard(self, *shards: dict[str, Any]) -> None:
        """Write each dict of tensors into a file of its own, with an index."""
        self.weights.unlink()
        places = {}
        for number, shard in enumerate(shards, 1):
            name = f"model-{number:05}-of-{len(shards):05}.safetensors"
            save_file(shard, self.path / name, metadata={"format": "pt"})
            places.update(dict.fromkeys(shard, name))
        self.index.write_text(json.dumps({"metadata": {"total_size": 44}, "weight_map": places}))


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    """A folder of a model that is never loaded."""
    return ModelFolder(tmp_path / "model")
