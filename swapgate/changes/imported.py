"""Which files of a project Python runs for the sake of some tests, whatever way it comes by them."""

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

IMPORTERS = ("import_module", "__import__", "importorskip")
"""Functions that import the module that they are given the name of."""
PLUGINS = "pytest_plugins"


def imported(tests: Collection[Path], known: Collection[Path]) -> set[Path]:
    """Return which of the known Python files are run: by this process so far, or by what some tests will import.

    A file is one that is imported where its path ends as the name of the module says: in which folders Python will
    look is known only once the tests have run.
    """
    modules = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    loaded = {Path(file).resolve() for file in modules if isinstance(file, str)}
    found = {path for path in known if path.resolve() in loaded}
    waiting, ends = [*found, *tests], dict[Path, set[Path]]()
    for path in known:
        for at in range(1, len(path.parts)):
            ends.setdefault(Path(*path.parts[at:]), set()).add(path)
    while waiting:
        new = {path for end in _ends(waiting.pop()) for path in ends.get(end, ())} - found
        found |= new
        waiting += new
    return found


def _ends(path: Path) -> Iterator[Path]:
    """Yield how the paths of the files end that a file imports, or runs by their path."""
    try:
        nodes = [*ast.walk(ast.parse(path.read_bytes()))]
    except (OSError, ValueError, SyntaxError, RecursionError):  # its tests say what cannot be read
        return
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".py"):
            yield Path(*(part for part in Path(node.value.lstrip("/")).parts if part not in (".", "..")))
        for name in _modules(node):
            parts = [part for part in name.split(".") if part]
            for count in range(1, len(parts) + 1):
                whole = Path(*parts[:count])
                yield from (whole.with_suffix(".py"), whole / "__init__.py")


def _modules(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names of what a part of a program may import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None)
        yield from (f"{module}.{alias.name}" if module else alias.name for alias in node.names)
    said = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in IMPORTERS
    if said or (isinstance(node, ast.Assign) and any(getattr(one, "id", "") == PLUGINS for one in node.targets)):
        words = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
        yield from (word for word in words if isinstance(word, str) and word.isprintable())
