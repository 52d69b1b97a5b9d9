"""The house: rooms import from those above, nothing heavy before a model runs, tasks are named in one room."""

import ast
from pathlib import Path

import pytest

from swapgate.tasks import tasks

PACKAGE = Path(__file__).parents[2] / "swapgate"
ROOMS = [
    "core",
    "outputs",
    "inputs",
    "tasks",
    "project",
    "models",
    "backends",
    "statistics",
    "goldens",
    "trials",
    "changes",
    "verdicts",
]
"""A room imports only from those above, and from itself."""
ROOF = ["plugin", "standard", "commands", "notebook"]

HEAVY = {"torch", "transformers", "tokenizers", "librosa", "PIL", "sklearn", "scipy", "safetensors", "numpy"}
HEAVY |= {"huggingface_hub", "jiwer", "pooch", "pyarrow", "pycocotools", "rapidfuzz", "requests", "rouge_score"}
HEAVY |= {"sacrebleu", "jsonschema", "filelock"}
HEAVY |= {"datasets", "jinja2", "markupsafe", "onnx", "onnxruntime", "regex", "soundfile", "tomlkit", "torchmetrics"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    """Return the room of a module."""
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


def test_every_module_has_a_room():
    """Every module of the package is in a room, or on the roof."""
    assert {room(path) for path in MODULES} == {*ROOMS, *ROOF}


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()[:-3].replace("ner", "n_r")
)
def test_imports_run_one_way(path):
    """A module imports only from rooms above its own, and from its own."""
    order = [*ROOMS, *ROOF]
    own = {name.split(".")[1] for name in imported(ast.parse(path.read_text())) if name.startswith("swapgate.")}
    assert own - {"__version__"} <= {*order[: order.index(room(path)) + 1]}


def test_nothing_heavy_is_imported_at_the_top():
    """torch, transformers and their like are imported inside functions only."""
    for path in MODULES:
        top = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
        found = {name.partition(".")[0] for node in top for name in imported(node)}
        assert not found & HEAVY, path


def test_tasks_are_named_in_their_room_alone():
    """The name of a task stands as a string nowhere outside of tasks/."""
    named = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value!r}"
        for path in MODULES
        if room(path) != "tasks"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in tasks()
    }
    assert not named
