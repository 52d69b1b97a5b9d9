"""Which answers to rows of an evaluation set may be taken from an earlier run, and by which key.

The key holds all that an answer depends on: the bytes of the model's files, what its row sets, the input, how the task
asks and decodes, how many rows go together, and where it is computed. A row's answer may still differ from a fresh one
in the last digits where other rows went through the model beside it (by about 1e-6 in a score, as calibration shows).
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import swapgate
from swapgate import backends
from swapgate.backends.backend import Backend
from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import below
from swapgate.models.devices import WAITING, device_settings
from swapgate.models.digest import Written, digests, written
from swapgate.models.loading import surroundings
from swapgate.outputs.prediction import Prediction
from swapgate.project.manifest import Row
from swapgate.tasks import BUILT_IN, modules
from swapgate.tasks.task import Task
from swapgate.trials.asking import Asking
from swapgate.trials.cache import Cache

NOT_ASKED = frozenset({"model", "revision", "budget", "clear_lead", "accepted", "gaps", "property_gaps", "label_set"})
"""Keys of a row on which no answer depends: its files count and not where they lie. What a task adds counts."""
LIBRARIES = (
    *("numpy", "Pillow", "librosa", "scipy", "soundfile", "soxr", "safetensors", "sentencepiece", "protobuf"),
    *("timm", "torchvision", "torchaudio", "tiktoken", "kernels", "accelerate", "peft", "regex", "onnx"),
    *("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-training"),
)
"""What besides torch, transformers and tokenizers may take part in an answer."""
BESIDE = ("torch", "transformers", "tokenizers", "jinja2", "MarkupSafe", "ftfy", "emoji", "sacremoses", "jieba")
"""Of which the code counts besides."""
IMPORTED = {"Pillow": "PIL", "protobuf": "google.protobuf", "MarkupSafe": "markupsafe"}
"""The names by which they are imported, where these are others."""
NAMES = tuple(IMPORTED.get(name, name) for name in (*LIBRARIES, *BESIDE))
NAMED = re.compile(
    rf"\b({'|'.join(map(re.escape, NAMES))})\b|import swapgate\b|\bswapgate\.\w|from swapgate\b".encode()
)
TESTS = re.compile(rb"mark\.task\(|^\s*(async\s+)?def test_|^class Test", re.MULTILINE)
"""What a file of tests has."""
PACKAGES = re.compile(r"[/\\](site|dist)-packages[/\\]")
INSTALLED = tuple({f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")})
SUFFIXES = (".py", ".so", ".pyd", ".dylib", ".dll")
NUMERIC = ("ATEN_", "CUBLAS_", "CUDA_", "DNNL_", "MKL_", "NVIDIA_", "OMP_", "ONEDNN_", "ORT_", "PYTORCH_", "TORCH_")
"""How environment variables begin that say how numbers are computed, or how threads wait."""


@dataclass(frozen=True)
class Said:
    """An answer to a row, as it is kept."""

    prediction: Prediction
    left_out: str
    """What was done with an input that is longer than the model reads."""


@dataclass(frozen=True)
class Memory:
    """What earlier runs know of one model."""

    cache: Cache
    base: str
    """All of a key but the input."""
    form: TypeAdapter[Any]
    """Reads a prediction."""
    unchanged: Callable[[], bool]
    """Tells whether the model's files are still those of the key."""

    def key(self, digest: str) -> bytes:
        """Return the key of the answer to an input with this whole digest: 32 bytes."""
        return hashlib.sha256(f"{self.base} {digest}".encode()).digest()

    def recall(self, keys: Sequence[bytes]) -> dict[bytes, Said]:
        """Return the answers that are known, by their keys; what is no answer of this kind is as good as none."""
        found = {}
        for key, content in self.cache.read(keys).items():
            with suppress(ValueError):
                found[key] = self._read(content)
        return found

    def keep(self, answers: Mapping[bytes, Said]) -> None:
        """Keep answers, those that can be read again as they are."""
        rows = {}
        for key, said in answers.items():
            with suppress(TypeError, ValueError):
                content = json.dumps(asdict(said), allow_nan=False).encode()
                if self._read(content) == said:
                    rows[key] = content
        if rows and self.unchanged():
            self.cache.write(rows)

    def _read(self, content: bytes) -> Said:
        """Read an answer. Raises ValueError where it is none of this kind."""
        held = _FORM.validate_json(content, strict=True)
        return Said(self.form.validate_python(held["prediction"]), held["left_out"])


_FORM: TypeAdapter[Any] = TypeAdapter(dict[str, Any])


def memory(cache: Cache, asking: Asking, row: Row, batch: int, threads: int) -> Memory | None:
    """Return what is known of a model that is asked by a row, in batches of so many; None where its files do not tell
    what it says, or nobody tells how its task decodes.

    Raises SurroundingsFault where its files cannot be read.
    """
    source, backend = asking.source, asking.backend
    decoding, computing = _decoding(asking.task), _computing(backend)
    if not (asking.by_files and decoding and computing):
        return None
    before = written(backend.files(source))
    if asking.loaded is not None and asking.read != before:
        return None  # files that were written since it was loaded say nothing of what it answers

    def unchanged() -> bool:
        with suppress(SurroundingsFault):  # of files that are gone meanwhile
            return written(backend.files(source)) == before
        return False

    parts = {
        "task": [asking.task.name, decoding],
        "files": _digests(before),
        "row": row.model_dump(mode="json", exclude=set(NOT_ASKED)),
        "batch": batch,
        "device": device_settings(row.device),
        "threads": threads,
        "surroundings": computed_by()
        | {"environment": _numeric(), "backend": [source.backend, computing, {**backend.surroundings()}]}
        | {"installed": _installed(), "code": _code(), "project": _of_the_project(cache.plugins())},
    }
    base = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return Memory(cache, base, TypeAdapter(asking.task.output.prediction), unchanged)


@functools.lru_cache(maxsize=64)
def _digests(written: Written) -> dict[str, str]:
    """Return the digest of each file of a model, read once as long as none is written. Raises SurroundingsFault."""
    return digests({name: path for name, path, *_ in written})


def _decoding(task: Task) -> str:
    """Return what changes when a task asks or decodes in another way; nothing where nobody says so.

    Only a task that is whole of this package is known by its code: one of which another replaced any part is not.
    """
    if task.version:
        return f"version {task.version} of {modules()}"  # two projects may call two tasks alike
    whole = any(task is one for own in BUILT_IN for one in own.variants)
    asks = getattr(task.predict, "__module__", None) or ""
    return _own_code() if whole and asks.startswith("swapgate.tasks.") else ""


def _computing(backend: Backend) -> str:
    """Return what changes when a backend computes in another way; nothing where nobody says so.

    Which code one of another package runs nothing tells: helpers, what it derives from, files of data.
    """
    if backend.version:
        return f"version {backend.version}"
    return _own_code() if any(backend is one for one in backends.BUILT_IN) else ""


@functools.cache
def _own_code() -> str:
    """Return a digest of this package's own code."""
    folder, found = Path(swapgate.__file__).parent, hashlib.sha256()
    for path in [one for one in below(folder) if one.suffix == ".py"]:
        found.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


PROCESSOR = "processor"
"""In what `computed_by` tells: two that differ in this alone give the same answers, but for the last digits."""


def computed_by() -> dict[str, Any]:
    """Return what the numbers of this process depend on besides the model, its threads and its environment."""
    versions = {}
    for name in LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    said = {name: value for name, value in surroundings().items() if name != "threads"}
    return {**said, "libraries": versions, PROCESSOR: _processor(), "swapgate": _own_code()}


@functools.cache
def _installed() -> str:
    """Return a digest of all that is installed: a tokenizer or a processor may use any of it where it is there."""
    there = sorted(f"{one.metadata['Name']} {one.version}" for one in importlib.metadata.distributions())
    return hashlib.sha256("\n".join(there).encode()).hexdigest()


@functools.cache
def _code() -> str:
    """Return a digest of the code of the libraries, of which a version does not tell all: it may be a working copy's,
    edited, or of another commit.

    What was installed is known by the installer's list, which it writes last; what was written since is read.
    """
    found = hashlib.sha256()
    for name in (*LIBRARIES, *BESIDE):
        module = IMPORTED.get(name, name)
        for place in _places(module):
            lists = place.parents[module.count(".")].glob("*.dist-info/RECORD")
            own = [one for one in lists if one.parent.name.lower().startswith(f"{name.lower()}-")]
            said = [line for one in own for line in one.read_text("utf-8").splitlines()]
            found.update("\n".join(line for line in said if line.partition(",")[0].endswith(SUFFIXES)).encode())
            since = max((one.stat().st_ctime_ns for one in own), default=0)  # a copy may keep the other time of a file
            for path in _code_in(place):
                if (told := path.stat()).st_ctime_ns > since:
                    found.update(f"{path} {told.st_size} {told.st_mtime_ns}\n".encode())
                    found.update(path.read_bytes() if path.suffix == ".py" else b"")
    return found.hexdigest()


def _of_the_project(plugins: Iterable[Any]) -> str:
    """Return a digest of modules of the project that name a library, but tests: a conftest.py may set how it
    computes. `plugins`: those of pytest, among them each conftest.py, of which another one may have taken the name.

    A project's modules are those that were imported from nowhere that packages are installed to.
    """
    found = set()
    for module in [*sys.modules.values(), *plugins]:
        path = name = None
        with suppress(Exception):  # whatever stands in for a module
            path, name = module.__file__, module.__name__
        if not isinstance(path, str) or not isinstance(name, str) or not path.endswith(".py"):
            continue
        if path.startswith(INSTALLED) or PACKAGES.search(path) or name.partition(".")[0] in (*NAMES, "swapgate"):
            continue
        with suppress(OSError):
            content = Path(path).read_bytes()
            if NAMED.search(content) and not TESTS.search(content):
                found.add(hashlib.sha256(content).hexdigest())
    return " ".join(sorted(found))


def _places(module: str) -> list[Path]:
    """Return the folders, or the file, of a module that can be imported; none where there is none."""
    spec = None
    with suppress(ImportError, ValueError):  # a stand-in says nothing of where it is from
        spec = importlib.util.find_spec(module)
    places = [*(spec.submodule_search_locations or []), spec.origin] if spec else []
    return [Path(one) for one in places[:1] if one and os.path.exists(one)]


def _code_in(place: Path) -> Iterator[Path]:
    """Yield the files of code in a folder, in order, or the file itself; `below` takes three times as long."""
    if place.is_file():
        yield place
    seen = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        folders.sort()
        for link in [one for one in folders if os.path.islink(os.path.join(folder, one))]:
            real = os.path.realpath(os.path.join(folder, link))
            folders.remove(link) if real in seen else seen.add(real)
        paths = (Path(folder, name) for name in sorted(names) if name.endswith(SUFFIXES))
        yield from (path for path in paths if path.exists())  # an editor's lock is a link that leads nowhere


def _numeric() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(NUMERIC) and name != WAITING}


@functools.cache
def _processor() -> str:
    """Return which processor this is, and what it can do."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").split("\n\n")[0].splitlines()
        told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
        return "\n".join([platform.machine(), *told])
    return f"{platform.machine()} {platform.processor()}"
