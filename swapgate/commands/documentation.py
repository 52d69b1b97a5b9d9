"""The command `swapgate tasks`: which tasks there are, and how the rows and cases of one are written."""

import argparse
import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, get_args

from pydantic import BaseModel

from swapgate.core.faults import InputFault
from swapgate.core.words import nearest
from swapgate.project.manifest import Row
from swapgate.tasks import tasks
from swapgate.tasks.task import Task

WIDTH = 100


def add_tasks_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("task", nargs="?", metavar="TASK", help="tell how its rows and cases are written")


def tasks_text(name: str | None) -> str:
    """Return a line a task, or all that there is to know of one. Raises InputFault."""
    if name is None:
        found = list(dict.fromkeys(tasks().values()))
        width = max(len(task.name) for task in found)
        return "".join(f"{task.name:{width}}  {_summary(task)}\n" for task in found)
    if name not in tasks():
        raise InputFault(f"tasks {name}: unknown task{nearest(name, tasks())}")
    return "\n".join(line for task in tasks()[name].variants for line in (*_documentation(task), ""))


def _documentation(task: Task) -> Iterator[str]:
    yield f"{task.family}, in a suite with multi_label = true:" if task.base else f"{task.name}: {_summary(task)}"
    if task.aliases:
        yield f"also called {', '.join(task.aliases)}"
    yield f"figures of an evaluation set, the first where a budget does not say: {', '.join((*task.figures, 'right'))}"
    yield ""
    yield "keys of a case, in fixtures/SUITE/cases.toml:"
    yield from _keys(task.case, task.case.model_fields)
    if task.settings.own_keys():
        yield ""
        yield "keys of a row that this task alone has, in the models file:"
        yield from _keys(task.settings, task.settings.own_keys())
    if task.base:
        return
    yield ""
    yield "keys of every row:"
    yield from _keys(Row, [key for key in Row.model_fields if key != "labels" or task.label_names])


def _summary(task: Task) -> str:
    """Return the first line of the file that a task is in."""
    lines = (inspect.getdoc(inspect.getmodule(task.predict)) or "").splitlines()
    return lines[0] if lines else "without documentation"


def _keys(shape: type[BaseModel], keys: Iterable[str], indent: str = "  ") -> Iterator[str]:
    documented = _docstrings(shape)
    for key in keys:
        field = shape.model_fields[key]
        said = " ".join(documented.get(key, "").split())
        must = " (must be there)" if field.is_required() else ""
        words = f"{key}{must}  {said}".rstrip()
        yield from textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ")
        for inner in _tables(field.annotation):
            yield from _keys(inner, inner.model_fields, f"{indent}    ")


def _docstrings(shape: type) -> dict[str, str]:
    """Return the docstrings below the fields of a class and of those that it is made of."""
    found: dict[str, str] = {}
    for one in reversed(
        [one for one in shape.__mro__ if one.__module__.partition(".")[0] not in ("builtins", "pydantic")]
    ):
        with suppress(OSError, TypeError):  # a class that was made while running has no source
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
            lines = body.body if isinstance(body, ast.ClassDef) else []
            for field, said in itertools.pairwise(lines):
                match field, said:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                        found[name] = words
    return found


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the tables that stand in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)
