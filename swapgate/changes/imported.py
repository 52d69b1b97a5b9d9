"""Which files of a project Python runs for the sake of some tests, whatever way it comes by them."""

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

IMPORTERS = ("import_module", "__import__", "importorskip")
"""Functions that import the module that they are given the name of."""
RUNNERS = ("run_path", "run_module", "spec_from_file_location", "SourceFileLoader")
"""Functions that run the file that they are given the path of."""
PLUGINS = "pytest_plugins"
FINDERS = ("pkgutil",)
"""Modules that find others."""
ANY = "*"
"""Stands for whatever a package has."""


def running(known: Collection[Path]) -> set[Path]:
    """Return which of the known Python files this process has run so far."""
    modules = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    loaded = {Path(file).resolve() for file in modules if isinstance(file, str)}
    return {path for path in known if path.resolve() in loaded}


def imported(files: Collection[Path], known: Collection[Path]) -> set[Path]:
    """Return those of the known Python files that are run where some files are: these, what they import, and so on.

    A file is one that is imported where its path ends as the name of the module says: in which folders Python will
    look is known only once the tests have run. Where it cannot be told what a file imports, all of the package is, or
    all of the known files where the package cannot be told either.
    """
    found, waiting, ends = {*files} & {*known}, [*files], dict[Path, set[Path]]()
    for path in known:
        for at in range(1, len(path.parts)):
            ends.setdefault(Path(*path.parts[at:]), set()).add(path)
            for folder in range(at + 1, len(path.parts)):
                ends.setdefault(Path(*path.parts[at:folder], ANY), set()).add(path)
    while waiting:
        wanted = {*_ends(waiting.pop())}
        new = {*known} if Path(ANY) in wanted else {path for end in wanted for path in ends.get(end, ())}
        waiting += new - found
        found |= new
    return found


def _ends(path: Path) -> Iterator[Path]:
    """Yield how the paths of the files end that a file imports, or runs by their path."""
    try:
        nodes = [*ast.walk(ast.parse(path.read_bytes()))]
    except (OSError, ValueError, SyntaxError, RecursionError):  # its tests say what cannot be read
        return
    for node in nodes:
        if name := _python_file(node):
            yield Path(*(part for part in Path(name.lstrip("/")).parts if part not in (".", "..")))
        for name in _modules(node, path):
            parts = [part for part in name.split(".") if part]
            if not parts or parts[-1] == ANY:
                yield Path(*parts[:-1], ANY)
            for count in range(1, len(parts) + 1):
                whole = Path(*parts[:count])
                yield from (whole.with_suffix(".py"), whole / "__init__.py")


def _python_file(node: ast.AST) -> str:
    """Return the name of the Python file that a constant may be; nothing where it is none."""
    value = node.value if isinstance(node, ast.Constant) else ""
    return value if isinstance(value, str) and value.endswith(".py") else ""


def _modules(node: ast.AST, path: Path) -> Iterator[str]:
    """Yield the dotted names of what a part of a program may import; ANY ends those of which only the package is told.

    `path`: where the program is.
    """
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None)
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        own = next((place.name for place in [*path.absolute().parents][level - 1 :]), "") if level else ""
        for alias in node.names:
            yield alias.name if not module and alias.name != ANY else f"{module or own}.{alias.name}"
            renamed = alias.asname and alias.name in (*IMPORTERS, *RUNNERS)
            if alias.name in FINDERS or module in FINDERS or renamed:
                yield ANY
    called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    if isinstance(node, ast.Call) and called in RUNNERS and not any(map(_python_file, ast.walk(node))):
        yield ANY
    if isinstance(node, ast.Call) and called in IMPORTERS:
        given = [*node.args[:1], *(one.value for one in node.keywords if one.arg in ("name", "modname"))]
        yield from (name for one in given for name in _said(one))
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value and any(getattr(one, "id", "") == PLUGINS for one in targets):
            yield from _said(node.value)


def _said(value: ast.AST) -> Iterator[str]:
    """Yield the names of modules that an expression may be; ANY behind what is certain of one."""
    match value:
        case ast.Constant(value=str() as name):
            yield name if name.isprintable() else ANY
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            yield from (name for part in parts for name in _said(part))
        case ast.IfExp(body=one, orelse=other):
            yield from (*_said(one), *_said(other))
        case (
            ast.JoinedStr(values=[ast.Constant(value=str() as name), *_])
            | ast.BinOp(left=ast.Constant(value=str() as name))
        ):
            yield f"{name.rpartition('.')[0]}.{ANY}"
        case _:
            yield ANY
