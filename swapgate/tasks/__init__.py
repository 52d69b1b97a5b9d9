"""Which tasks there are: one file each, those of other packages, and those of modules that a project names.

Another package adds a task by an entry point of the group `swapgate.tasks` that names a `Task`; a project that is no
package by `swapgate_tasks` in pytest's configuration, which lists modules that are importable from its root.
"""

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from swapgate import outputs
from swapgate.core.extras import EXTRAS
from swapgate.core.faults import InputFault
from swapgate.core.packages import brought
from swapgate.outputs.prediction import Output
from swapgate.tasks import (
    audio_classification,
    image_classification,
    ner,
    object_detection,
    question_answering,
    retrieval,
    speech_recognition,
    summarization,
    text_classification,
    text_generation,
    translation,
    zero_shot_classification,
)
from swapgate.tasks.case import CaseShape
from swapgate.tasks.task import Task

NAME = re.compile(r"[a-z][a-z0-9-]*")
KINDS: Mapping[str, type] = {"name": str, "output": Output, "figures": tuple, "aliases": tuple, "extra": str}
"""What some fields of a task must be."""
GROUP = "swapgate.tasks"
BUILT_IN = (
    text_classification.TASK,
    ner.TASK,
    question_answering.TASK,
    summarization.TASK,
    translation.TASK,
    text_generation.TASK,
    audio_classification.TASK,
    speech_recognition.TASK,
    image_classification.TASK,
    object_detection.TASK,
    zero_shot_classification.TASK,
    retrieval.TASK,
)
_known: dict[str, Task] = {}
"""From each name of each task to the task; empty until the first question."""
_kinds: dict[str, Task] = {}
"""The same with what tasks are for inputs with several labels, as goldens name them."""
_asked: tuple[list[str], str | None] = [], None
"""The modules that the project names, and its root."""


def tasks() -> Mapping[str, Task]:
    """Return all tasks by each name that a suite may say. Raises InputFault where two packages name the same one."""
    if not _known:
        discover()
    return _known


def find_task(name: str) -> Task:
    """Return the task of a name, also what one is for several labels, as goldens name it. Raises KeyError."""
    tasks()
    return _kinds[name]


def modules() -> tuple[list[str], str | None]:
    """Return what `discover` was last asked for, so that another process finds the same tasks."""
    return _asked


def discover(modules: Iterable[str] = (), root: Path | str | None = None) -> None:
    """Find the tasks of this package, of others, and of modules that are importable from `root`.

    Raises InputFault where one cannot be imported, is no task, or has the name of another.
    """
    global _asked
    _asked = [*modules], None if root is None else str(root)
    found: dict[str, tuple[Task, str]] = {}
    kinds: list[Output] = []
    for task, origin in (*((task, "swapgate itself") for task in BUILT_IN), *_of_packages(), *_of_modules(*_asked)):
        for one in task.variants:
            for name in one.names:
                if name in found and found[name][0] is not one:
                    raise InputFault(
                        f"two packages bring a task {name!r}: {found[name][1]} and {origin}; uninstall one of them, or"
                        " give one task another name"
                    )
                found[name] = one, origin
            kinds.append(one.output)
        try:
            outputs.register(kinds)
        except ValueError as error:
            raise InputFault(f"{origin}: task {task.name!r}: {error}") from error
    _kinds.clear()
    _kinds.update({name: task for name, (task, _) in found.items()})
    _known.clear()
    _known.update({name: task for name, task in _kinds.items() if not task.base})


def _of_packages() -> Iterator[tuple[Task, str]]:
    for task, origin in brought(GROUP, "task"):
        yield _checked(task, origin), origin


def _of_modules(modules: Iterable[str], root: str | None) -> Iterator[tuple[Task, str]]:
    for name in modules:
        try:
            module = _imported(name, root)
        except Exception as error:  # whatever a module does when it is imported
            raise InputFault(
                f"swapgate_tasks: {name} cannot be imported from {root} ({type(error).__name__}: {error}); mend it, or"
                " take it out of pytest's configuration"
            ) from error
        where = getattr(module, "__file__", None) or name
        yield _checked(getattr(module, "TASK", None), f"swapgate_tasks: TASK of {where}"), f"swapgate_tasks = {name}"


def _imported(name: str, root: str | None) -> object:
    """Import a module from a folder, which Python searches from now on, behind all others."""
    if root is not None and root not in sys.path:
        sys.path.append(root)
    importlib.invalidate_caches()
    return importlib.import_module(name)


def _checked(task: object, origin: str) -> Task:
    if not isinstance(task, Task):
        raise InputFault(f"{origin}: no swapgate.tasks.task.Task, but {type(task).__name__}; let it name a Task")
    wrong = [name for name, kind in KINDS.items() if not isinstance(getattr(task, name), kind)]
    wrong += [] if isinstance(task.case, type) and issubclass(task.case, CaseShape) else ["case"]
    wrong += [] if task.figures and all(isinstance(name, str) for name in task.figures) else ["figures"]
    wrong += [] if wrong or {*task.extras} <= EXTRAS.keys() else ["extra"]
    wrong += [name for name in ("read", "check", "predict") if not callable(getattr(task, name))]
    if wrong:
        raise InputFault(f"{origin}: {', '.join(wrong)} of its Task are not what swapgate.tasks.task says; mend them")
    for name in task.names:
        if not NAME.fullmatch(name):
            raise InputFault(f"{origin}: a task's name has lower-case letters, digits and dashes, and {name!r} has not")
    return task
