"""Imports of the engine: one direction, and nothing heavy before a model runs."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "swapgate"
ORDER = [
    "faults",
    "files",
    "git",
    "downloads",
    "predictions",
    "inputs",
    "compare",
    "quality",
    "budgets",
    "variants",
    "manifest",
    "shapes",
    "cases",
    "evaluation",
    "weights",
    "digest",
    "hub",
    "fetching",
    "pinning",
    "int8",
    "compression",
    "sizes",
    "devices",
    "loading",
    "tasks",
    "memory",
    "stamps",
    "golden",
    "snapshots",
    "running",
    "pool",
    "variation",
    "calibration",
    "latency",
    "figures",
    "timing",
    "plan",
    "pending",
    "changed",
    "uncollected",
    "edits",
    "against",
    "checks",
    "measures",
    "fixtures",
    "verdict",
    "reports",
    "suite",
    "outcomes",
    "ledger",
    "review",
    "plugin",
    "public",
    "cli",
]
"""A module may import only from those before it."""

HEAVY = {"torch", "transformers", "tokenizers", "librosa", "PIL", "sklearn", "scipy", "safetensors", "numpy"}
HEAVY |= {"huggingface_hub", "jiwer", "pooch", "pyarrow", "pycocotools", "rapidfuzz", "requests", "rouge_score"}
HEAVY |= {"soundfile", "tomlkit", "torchmetrics"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def area(path: Path) -> str:
    """Return the place of a module in ORDER."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """Return the dotted names that a tree imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "swapgate":
            names |= {f"swapgate.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_order_is_complete():
    """Every module of the package has its place in the order."""
    assert {area(path) for path in MODULES} == set(ORDER)


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()[:-3].replace("ner", "n_r")
)
def test_imports_run_one_way(path):
    """A module imports only from modules before it, and from its own folder."""
    own = {name.split(".")[1] for name in imported(ast.parse(path.read_text())) if name.startswith("swapgate.")}
    own.discard("__version__")
    allowed = ORDER[: ORDER.index(area(path)) + (path.parent != PACKAGE)]
    assert own <= set(allowed)


def test_nothing_heavy_is_imported_at_the_top():
    """torch, transformers and their like are imported inside functions only."""
    for path in MODULES:
        top = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
        found = {name.partition(".")[0] for node in top for name in imported(node)}
        assert not found & HEAVY, path
