"""Which suites a test judges, by the marks `task` and `suite`, also where its file cannot be imported."""

import ast
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from swapgate.project.manifest import Manifest
from swapgate.tasks import tasks as known_tasks

MARK = re.compile(r"mark\.(task|suite)\(([^)]*)\)")


class Marks(NamedTuple):
    """The names in marks."""

    tasks: Collection[str]
    suites: Collection[str]
    unknown: bool = False
    """Whether there are marks whose names cannot be read without running the file."""

    def judged(self, manifest: Manifest) -> list[str]:
        """Return the suites that a test with these marks judges: those of its task, narrowed to those it names."""
        if not self.tasks and not self.suites:
            return []
        kinds = {one for name in self.tasks if name in known_tasks() for one in known_tasks()[name].variants}
        return [
            suite
            for suite, task in manifest.tasks.items()
            if (not self.tasks or task in kinds) and (not self.suites or suite in self.suites)
        ]


def marks_of(text: str) -> Marks:
    """Return the names in the marks of a test file, without importing it."""
    try:
        found = [*_calls(ast.parse(text))]
    except (SyntaxError, ValueError, RecursionError):
        found = [(kind, name) for kind, names in MARK.findall(text) for name in re.findall(r"[\"']([^\"']+)", names)]
    tasks, suites = ({name for kind, name in found if kind == word and name} for word in ("task", "suite"))
    return Marks(tasks, suites, unknown=any(not name for _, name in found))


def _calls(tree: ast.AST) -> Iterable[tuple[str, str]]:
    """Yield the kind of each mark and the names in it; nothing where that is no constant."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ("task", "suite"):
            for argument in call.args:
                yield call.func.attr, str(argument.value) if isinstance(argument, ast.Constant) else ""
