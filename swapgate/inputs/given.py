"""What a model is given: a text, a question, a sound or a picture, or what a task puts together for itself."""

import hashlib
import json
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from swapgate.core.extras import lack
from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.kinds import HEAD, not_read

EXTRA_OF: Mapping[str, str] = MappingProxyType({"picture": "vision", "sound": "audio"})
"""The extra of swapgate by which a file is read."""
READERS = r"(PIL|soundfile|librosa|audioread|numpy|swapgate\.inputs)(\.|$)"
"""Modules that warn while they read a picture or a sound."""


class Composed:
    """An input that is put together of several parts: a frozen dataclass, of which a task may bring one of its own."""

    what = "an input"
    """How messages call it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What a person reads of it."""
        raise NotImplementedError

    @property
    def content(self) -> Any:
        """All of it, as JSON can hold it: what its digest is made of."""
        return [*self.texts]

    @property
    def extent(self) -> float:
        """How large it is: letters."""
        return sum(map(len, self.texts))

    @property
    def source(self) -> str | None:
        """What several inputs may be parts of; None where there is nothing of the kind."""
        return None

    def as_json(self) -> Any:
        """Return it as functions of other processes are given it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Question(Composed):
    """A question about a context."""

    question: str
    context: str

    what = "a question"

    @property
    def texts(self) -> tuple[str, ...]:
        """The question and its context."""
        return self.question, self.context

    @property
    def source(self) -> str:
        """The context, of which there may be several questions."""
        return self.context

    def as_json(self) -> dict[str, str]:
        """Return both by their names."""
        return {"question": self.question, "context": self.context}


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound with one channel."""

    samples: Any
    """float32 array of shape (samples,), from -1 to 1."""
    rate: int
    """Samples a second (Hz), as the file has it."""


Input: TypeAlias = "str | Composed | Sound | Any"
"""`Any` is a Pillow picture in mode RGB, or for tasks of other packages whatever JSON can hold."""


def extent(given: Input) -> float:
    """Return how large an input is: letters of a text, seconds of a sound, pixels of a picture."""
    if isinstance(given, str):
        return len(given)
    if isinstance(given, Composed):
        return given.extent
    if isinstance(given, Sound):
        return len(given.samples) / given.rate
    if not hasattr(given, "width"):
        return len(_text_of(given))
    return float(given.width * given.height)


def digest(given: Input) -> str:
    """Return sixteen hexadecimal digits that change when the input does, but not when its file is only packed anew."""
    return whole_digest(given)[:16]


def whole_digest(given: Input) -> str:
    """Return all 64 digits of it, which nobody can make two inputs share."""
    if isinstance(given, str):
        content = json.dumps(given).encode()
    elif isinstance(given, Composed):
        content = json.dumps(given.content).encode()
    elif isinstance(given, Sound):
        content = given.rate.to_bytes(4, "little") + given.samples.tobytes()
    elif not hasattr(given, "tobytes"):
        content = _text_of(given).encode()
    else:
        content = json.dumps(given.size).encode() + given.tobytes()
    return hashlib.sha256(content).hexdigest()


def _text_of(given: Any) -> str:
    """Return an input of another kind as JSON. Raises SurroundingsFault where it is nothing that JSON can hold."""
    try:
        return json.dumps(given, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise SurroundingsFault(
            f"an input is a {type(given).__name__}, and no text, Composed, Sound, picture or what JSON can hold;"
            " let the task's read make one of these"
        ) from error


@contextmanager
def quiet_readers() -> Iterator[None]:
    """Let what libraries warn of while they read be nothing, also in threads: filters of warnings are those of all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=READERS)
        yield


@contextmanager
def readable_as(path: Path, what: str) -> Iterator[None]:
    """Let whatever a library raises on a picture or sound file be one message, and what it only warns of be nothing.

    Raises SurroundingsFault that says what the file is where it is of a kind that is not read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise SurroundingsFault(
            f"{path}: cannot be read as a {what} ({error.strerror}); give a {what} file that can be read"
        ) from error
    try:
        if threading.current_thread() is not threading.main_thread():
            yield  # whoever has started the thread is quiet for it
            return
        with warnings.catch_warnings():  # a picture with damaged EXIF data is one; pytest makes errors of warnings
            warnings.simplefilter("ignore")
            yield
    except SurroundingsFault:
        raise
    except Exception as error:  # the libraries below raise many things
        lacks = lack([EXTRA_OF[what]]) if isinstance(error, ImportError) else ""
        said = f"{type(error).__name__}: {error}".replace(f" {str(path)!r}", "")
        words = f"reading it {lacks}" if lacks else not_read(head, what, said)
        raise SurroundingsFault(f"{path}: {words}") from error
