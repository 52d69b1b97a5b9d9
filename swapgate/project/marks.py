"""Which suites a test judges, by the marks `task` and `suite`, also where its file cannot be imported."""

import ast
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from swapgate.core.tables import MARK as MARK_OF_UTF_8
from swapgate.project.manifest import CHECKS, MEASURED, Manifest
from swapgate.tasks import tasks as known_tasks

MARK = re.compile(r"mark\.(task|suite)\(([^)]*)\)")
STANDARD = "swapgate.standard"
"""The module that makes properties."""
FACTORIES = ("batch_changes_nothing", "same_input_same_prediction")
"""What in it makes one."""
OF_A_MODEL = frozenset({"budget", "call", "model", "prediction", "row_key", "suite", "tier", "work"})
"""Fixtures by which a test judges a tier; one that asks for a measure besides is no property."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


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
        found = [*_calls(ast.parse(text.removeprefix(MARK_OF_UTF_8)))]
    except (SyntaxError, ValueError, RecursionError):
        found = [(kind, name) for kind, names in MARK.findall(text) for name in re.findall(r"[\"']([^\"']+)", names)]
    tasks, suites = ({name for kind, name in found if kind == word and name} for word in ("task", "suite"))
    return Marks(tasks, suites, unknown=any(not name for _, name in found))


def properties_of(text: str) -> list[tuple[str, Marks]]:
    """Return the properties that a test file has, without `test_`, and the marks of each, without importing it.

    A property is a test with @given that asks for a model, or one that `swapgate.standard` makes.
    """
    try:
        tree = ast.parse(text.removeprefix(MARK_OF_UTF_8))
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [(name.removeprefix("test_"), _closest(scopes)) for name, scopes in _tests(tree, [tree], _factories(tree))]


def _tests(
    body: ast.Module | ast.ClassDef, scopes: list[ast.AST], factories: Collection[str]
) -> Iterable[tuple[str, list[ast.AST]]]:
    """Yield the name of each property of a module or class, and what its marks may be at, the closest first."""
    for node in body.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node, [node, *scopes], factories)
        elif isinstance(node, Function) and node.name.startswith("test_") and _is_property(node):
            yield node.name, [node, *scopes]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            made = ast.unparse(node.value.func) in factories
            yield from ((name, scopes) for name in names if made and name.startswith("test_"))


def _is_property(test: Function) -> bool:
    """Return whether a test function has @given and asks for a model."""
    given = [call for call in test.decorator_list if isinstance(call, ast.Call) and _last(call.func) == "given"]
    drawn = {keyword.arg for call in given for keyword in call.keywords}
    arguments = {one.arg for one in (*test.args.posonlyargs, *test.args.args, *test.args.kwonlyargs)} - drawn
    return bool(given and arguments & OF_A_MODEL) and not arguments & {*CHECKS, *MEASURED}


def _factories(tree: ast.AST) -> set[str]:
    """Return how a test file calls what makes properties."""
    found = {f"{STANDARD}.{name}" for name in FACTORIES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == STANDARD:
            found |= {alias.asname or alias.name for alias in node.names if alias.name in FACTORIES}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            whole = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = {alias.asname or alias.name for alias in node.names if f"{whole}{alias.name}" == STANDARD}
            found |= {f"{module}.{name}" for module in names for name in FACTORIES}
    return found


def _closest(scopes: Iterable[ast.AST]) -> Marks:
    """Return the names in the marks of a test, of each kind by the closest of what they may be at."""
    names: dict[str, list[str]] = {}
    unknown = False
    for scope in scopes:
        found = [call for one in _marking(scope) for call in _calls(one)]
        unknown |= any(not name for _, name in found)
        for kind in {kind for kind, _ in found} - names.keys():
            names[kind] = [name for other, name in found if other == kind]
    return Marks(names.get("task", ()), names.get("suite", ()), unknown)


def _marking(scope: ast.AST) -> list[ast.expr]:
    """Return what marks a function, a class or a module: decorators, and what pytestmark is set to."""
    body = scope.body if isinstance(scope, ast.Module | ast.ClassDef) else []
    assigned = [node for node in body if isinstance(node, ast.Assign | ast.AnnAssign)]
    set_to = [
        node.value
        for node in assigned
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if node.value and _last(target) == "pytestmark"
    ]
    return [*set_to, *getattr(scope, "decorator_list", ())]


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return ast.unparse(node).rpartition(".")[2]


def _calls(tree: ast.AST) -> Iterable[tuple[str, str]]:
    """Yield the kind of each mark and the names in it; nothing where that is no constant."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ("task", "suite"):
            for argument in call.args:
                yield call.func.attr, str(argument.value) if isinstance(argument, ast.Constant) else ""
