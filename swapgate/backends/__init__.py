"""From a row to something that predicts, one file a backend.

Another package adds one by an entry point of the group `swapgate.backends` that names a `Backend`.
"""

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from swapgate.backends import endpoint, onnxruntime, peft, python, recorded, transformers
from swapgate.backends.backend import MEASURED, OWN_KEYS, Backend, Place
from swapgate.core.extras import EXTRAS, lack
from swapgate.core.faults import Fault, InputFault
from swapgate.core.packages import brought
from swapgate.core.words import listed, nearest
from swapgate.models.loading import Source
from swapgate.project.manifest import Row
from swapgate.tasks.task import Task

GROUP = "swapgate.backends"
BUILT_IN = (
    *(endpoint.BACKEND, recorded.BACKEND, python.BACKEND, onnxruntime.BACKEND, peft.BACKEND),
    transformers.BACKEND,
)
"""In the order in which they are asked whether a row is one of theirs; the last one takes what no other does."""
UNUSABLE = (OSError, RuntimeError, ValueError)
"""What the system says of a path that cannot be one: too long, of a user whom nobody knows, with a zero byte."""


@functools.cache
def backends() -> Mapping[str, Backend]:
    """Return all backends by name. Raises InputFault where two have one name, or a package's cannot be imported."""
    found = {one.name: one for one in BUILT_IN}
    for one, origin in _of_packages():
        if found.setdefault(one.name, one) is not one:
            raise InputFault(f"{origin}: there is a backend {one.name!r} already; uninstall the package, or rename it")
    return {name: found[name] for name in sorted(found, key=lambda name: found[name] is BUILT_IN[-1])}


def backend_of(source: Source) -> Backend:
    """Return what makes the predictions of a source."""
    return backends()[source.backend]


def told_from(model: str, base: Path, backend: str | None = None) -> Backend:
    """Return whose a row is: of the backend that it names, else told by its `model` and by what lies there, from a
    folder on. Raises InputFault.
    """
    if backend is not None:
        if backend not in backends():
            raise InputFault(f"backend = {backend!r}: there is none of this name{nearest(backend, backends())}")
        return backends()[backend]
    try:
        path = Path(os.path.normpath(base / Path(model).expanduser()))
        return next(one for one in backends().values() if one.claims(model, path))
    except UNUSABLE as error:
        raise _unusable(model, error) from error


def find(row: Row, base: Path, root: Path, row_of: str = "its row", asked: str = "", to_be_used: bool = True) -> Source:
    """Find what a row names, by its backend; nothing is fetched, loaded or asked here.

    `base` is the folder its file stands in, `root` the project's, `row_of` how messages call the row, `asked` how
    `swapgate fetch` and `swapgate pin` name the row of a models file. Raises InputFault where there is none, where
    the row says what its backend does not know, or where that is `to_be_used` and needs what is not installed.
    """
    backend = told_from(row.model, base, row.backend)
    defaults = {key: Row.model_fields[key].get_default(call_default_factory=True) for key in OWN_KEYS}
    strange = sorted(key for key in OWN_KEYS - backend.keys if getattr(row, key) != defaults[key])
    if strange:
        raise InputFault(
            f"its model is one of the backend {backend.name}, which has no {listed(strange)}; take that out of its row"
        )
    if backend.extra and to_be_used and (words := lack([backend.extra])):
        raise InputFault(f"a model of the backend {backend.name} {words}")
    try:
        return backend.find(row, Place(base, root, row_of, asked))
    except UNUSABLE as error:
        raise _unusable(row.model, error) from error


def _unusable(model: str, error: Exception) -> InputFault:
    return InputFault(f"model = {model!r} is no usable path ({error}); give a model folder")


def told(source: Source, task: Task, ids: Iterable[str]) -> list[str]:
    """Return what a reader of a verdict should know of what was judged: what is not measured, and who it may be.

    `ids` are those of all cases and rows of its task.
    """
    backend, found = backend_of(source), list[str]()
    if missing := sorted(MEASURED - backend.measures(source.row)):
        found.append(f"{listed(missing)} not measured: {backend.what}")
    sent = {"threshold", *(task.sent if backend.sends else ())}  # others' answers are read by the threshold
    passed_over = sorted(source.row.settings.keys() - sent) if backend.answers else []
    if passed_over:
        found.append(f"{listed(passed_over)} of its row not applied: {backend.what} answers in its own way")
    with suppress(Fault):  # its tests say what cannot be read
        found += [source.identity.weak] if source.identify and source.identity.weak else []
        found += backend.told(source, ids) if backend.told else []
    return [f"{source.name}: {words}" for words in found]


def _of_packages() -> Iterator[tuple[Backend, str]]:
    for backend, origin in brought(GROUP, "backend"):
        if not isinstance(backend, Backend):
            raise InputFault(
                f"{origin}: no swapgate.backends.backend.Backend, but {type(backend).__name__}; let it name one"
            )
        if backend.extra not in ("", *EXTRAS):
            raise InputFault(f"{origin}: extra = {backend.extra!r}: swapgate has none of this name; mend its Backend")
        yield backend, origin
