"""A Python function that predicts: the project's own code, in a process of its own that speaks JSON over pipes."""

import ast
import hashlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from swapgate.backends import child
from swapgate.backends.backend import PROPERTIES, Backend, Place
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault, Unable
from swapgate.core.words import first_line, listed, shortened
from swapgate.models.loading import Identity, Source, files_of, settings_digest
from swapgate.project.manifest import Row
from swapgate.tasks.task import Task

NAME = "python"
FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""How a row names one: package.module:factory."""
PLACES = (".", "src")
"""The folders of a project in which its modules are looked for."""
PACKAGE = "__init__.py"
WEAK = "its weights are not covered by its digest, which is of its module alone; name them in its row: files = […]"
CLOSING = 5
"""Seconds that a process has to end by itself."""
LOOK = 0.1
"""Seconds after which it is looked whether a process is still there that says nothing."""
PIECE = 1 << 16
LATE = {"answer": "did not answer", "be made": "was not made"}
WORDS: dict[str, dict[str, type]] = {"answer": {"said": list, "raised": str}, "be made": {"ready": bool, "failed": str}}
"""What an answer holds beside its number: one of these."""
SHOWN = 60
"""Letters of what is no answer that a message shows."""


class Predictor:
    """A process in which a predictor was made."""

    def __init__(self, source: Source) -> None:
        start = time.perf_counter()
        self.name, self.limit = source.name, source.row.timeout
        self._broken, self._asked = "", 0
        tree = os.path.abspath(source.root or ".")
        self._process = subprocess.Popen(  # noqa: S603 - it is this package's own file
            [sys.executable, "-P", os.path.abspath(child.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # so that what it forks ends with it
            cwd=tree,  # or the commit's function would read the working tree's weights
            env={**os.environ, "PWD": tree},
        )
        self.close = weakref.finalize(self, _close, self._process)
        module, _, factory = source.row.model.partition(":")
        said = self._said({"root": os.path.abspath(_root(source)), "module": module, "factory": factory}, "be made")
        if "failed" in said:
            self._end(f"{self.name} cannot be made: {said['failed']}; mend it, or what it needs")
        self.seconds = time.perf_counter() - start

    def ask(self, inputs: Sequence[Any], ids: Sequence[str], row: Any) -> Sequence[Any]:
        """Return what it says of each input.

        Raises ModelFault where it raises, SurroundingsFault where it does not answer in time or ends, and Unable where
        it gives more or fewer answers.
        """
        if self._broken:
            raise SurroundingsFault(self._broken)
        try:
            given = [child.to_json(one) for one in inputs]
        except Exception as error:  # a picture without pixels
            raise SurroundingsFault(f"an input cannot be handed to {self.name} ({first_line(error)})") from error
        answer = self._said(given, "answer")
        if "raised" in answer:
            raise ModelFault(f"it raised {answer['raised']}")
        said = answer["said"]
        if len(said) != len(inputs):
            raise Unable(
                f"{self.name} gave {len(said)} answers to {len(inputs)} inputs; let it give a list with one for each"
            )
        return list(said)

    def _said(self, request: Any, what: str) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises SurroundingsFault."""
        self._asked += 1
        line = json.dumps({"id": self._asked, "asked": request}).encode("ascii")
        try:
            found = _exchanged(self._process, b"%b\n" % line, self.limit)
        except TimeoutError:
            _kill(self._process)
            self._end(
                f"{self.name} {LATE[what]} within {self.limit:g} s (timeout in its row); make it faster, or allow it"
                " more"
            )
        if not found.endswith(b"\n"):
            self._end(
                f"{_ended(self._process, self.name)} before it could {what}; see what it wrote to standard"
                " error, and mend it"
            )
        answer = _read(found, self._asked, WORDS[what])
        if answer is None:
            _kill(self._process)
            shown = shortened(found.decode("utf-8", errors="replace").strip(), SHOWN)
            self._end(
                f"{self.name} wrote {shown!r} where its answers go, so no answer can be told from another; let it"
                " print, and write to no file that it has not opened"
            )
        return answer

    def _end(self, why: str) -> NoReturn:
        self._broken = why
        self.close()
        raise SurroundingsFault(why)


def _exchanged(process: Any, request: bytes, seconds: float) -> bytes:
    """Write a request and return the line that answers it, or what there is of one where the process has ended.

    Nothing here waits for a pipe to be closed: whatever the process has forked holds it too. Raises TimeoutError.
    """
    deadline, left, found = time.monotonic() + seconds, memoryview(request), bytearray()
    os.set_blocking(process.stdin.fileno(), False)
    with selectors.DefaultSelector() as pipes:
        pipes.register(process.stdin, selectors.EVENT_WRITE)
        pipes.register(process.stdout, selectors.EVENT_READ)
        while not found.endswith(b"\n"):
            if time.monotonic() > deadline:
                raise TimeoutError
            ready = {key.fileobj for key, _ in pipes.select(LOOK)}
            if process.stdin in ready:
                try:
                    left = left[process.stdin.write(left) or 0 :]
                except OSError:  # it reads no more; whether it answers is seen
                    left = left[:0]
                if not left:
                    pipes.unregister(process.stdin)
            if process.stdout in ready:
                piece = process.stdout.read(PIECE)
                if not piece:
                    break
                found += piece
            elif process.poll() is not None and not pipes.select(0):
                break
    return bytes(found)


def _read(line: bytes, number: int, words: Mapping[str, type]) -> dict[str, Any] | None:
    """Return the answer to a request; None where the line is none, or where anything stands before or after it."""
    if not (line.startswith(b"{") and line.endswith(b"}\n")):  # JSON allows blanks there, an answer has none
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    fits = any(found.keys() == {"id", word} and isinstance(found[word], kind) for word, kind in words.items())
    return found if fits and found["id"] == number else None


def _ended(process: Any, name: str) -> str:
    """Word how a process ended, or that it only closed its pipe."""
    try:
        return f"the process of {name} ended with exit status {process.wait(CLOSING)}"
    except subprocess.TimeoutExpired:
        return f"the process of {name} closed the pipe to which its answers go"


def _kill(process: Any) -> None:
    """End a process, and what it has forked and left in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _close(process: Any) -> None:
    """Let a predictor close and its process end; where it does not it is killed."""
    with suppress(OSError):
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(CLOSING)
    _kill(process)
    with suppress(subprocess.TimeoutExpired):  # one that the system does not let end
        process.wait(CLOSING)
    process.stdout.close()


def find(row: Row, place: Place) -> Source:
    """Find the module of a row. Raises InputFault where it is not in the project, or a file is not there."""
    if not FACTORY.fullmatch(row.model):
        raise InputFault(f"model = {row.model!r} names no function; write package.module:factory")
    parts = row.model.partition(":")[0].split(".")
    folders = [Path(os.path.normpath(place.root / one)).joinpath(*parts) for one in PLACES]
    files = [path for one in folders for path in (one.with_name(f"{one.name}.py"), one / PACKAGE)]
    found = next((path for path in files if path.is_file()), None)
    if found is None:
        raise InputFault(
            f"model = {row.model!r}: no module {'.'.join(parts)} in {place.root} (nor in {PLACES[1]} there); name a"
            " module of the project"
        )
    beside = tuple(os.path.relpath(place.base / Path(name).expanduser(), found.parent) for name in row.files)
    absent = next((one for one in beside if not (found.parent / one).exists()), None)
    if absent is not None:
        raise InputFault(f"files: no {Path(os.path.normpath(found.parent / absent))}; name what its function reads")
    return Source(
        row,
        found,
        row.model,
        place.row_of,
        backend=NAME,
        identify=identify,
        has_config=False,
        beside=beside,
        root=place.root,
    )


def identify(source: Source) -> Identity:
    """Tell by its module, the files that it names and its version which function it is. Raises SurroundingsFault."""
    try:
        module = hashlib.sha256(source.folder.read_bytes()).hexdigest()
        places = (Path(os.path.normpath(source.folder.parent / one)) for one in source.beside)
        files = [(name, path) for place in places for path, name in files_of(place) if path.is_file()]
        held = [(name, _digest(path)) for name, path in files]
        size = sum(path.stat().st_size for _, path in files)
    except OSError as error:
        raise SurroundingsFault(f"{source.name}: cannot be read ({error}); give files that can") from error
    whole = settings_digest(source, module=module, factory=source.row.model, files=held, version=source.row.version)
    if not source.beside:
        return Identity(whole, module, WEAK)
    return Identity(whole, module, _uncovered(source, {path for _, path in files}), size)


def _uncovered(source: Source, covered: set[Path]) -> str:
    """Tell which modules of the project the digest of a function leaves out, though it imports them."""
    root = Path(os.path.normpath(_root(source)))
    missing = sorted(path.relative_to(root).as_posix() for path in _imported(source.folder, root) - covered)
    if not missing:
        return ""
    return f"its digest does not cover {listed(missing, 5)}, which it imports; name that in its row too: files = […]"


def _imported(module: Path, root: Path) -> set[Path]:
    """Return the files below a folder that a module of it imports, and those that these import."""
    found, waiting = {module}, [module]
    while waiting:
        path = waiting.pop()
        new = {file for parts in _names(path, root) for file in _modules(root, parts)} - found
        found |= new
        waiting += new
    return found - {module}


def _names(path: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """Yield the names in parts of what a file may import, and that of its own package."""
    try:
        nodes = [*ast.walk(ast.parse(path.read_bytes()))]
    except (OSError, ValueError, SyntaxError, RecursionError):  # its process says what cannot be read
        return
    here = path.relative_to(root).parts[:-1]
    yield here
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = here[: len(here) - node.level + 1] if node.level else ()
            whole = (*package, *(node.module.split(".") if node.module else ()))
            yield from ((*whole, alias.name) for alias in node.names)


def _modules(root: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Yield the files, but empty ones, that are run where a module below a folder is imported."""
    for count in range(1, len(parts) + 1):
        whole = root.joinpath(*parts[:count])
        files = (whole.with_name(f"{whole.name}.py"), whole / PACKAGE)
        yield from (file for file in files if file.is_file() and file.stat().st_size)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _root(source: Source) -> Path:
    """Return the folder from which the module of a source is imported, in its own tree."""
    parts = source.row.model.partition(":")[0].split(".")
    return source.folder.parents[len(parts) - (source.folder.name != PACKAGE)]


def load(_task: Task, source: Source) -> Predictor:
    """Make the predictor in a process of its own. Raises SurroundingsFault where that fails."""
    return Predictor(source)


BACKEND = Backend(
    name=NAME,
    claims=lambda model, path: FACTORY.fullmatch(model) is not None and not path.exists(),
    find=find,
    load=load,
    answers=True,
    measures=lambda row: frozenset({"latency", PROPERTIES, *(["size"] if row.files else [])}),
    what="a Python function",
    keys=frozenset({"files", "timeout", "version"}),
)
