"""`swapgate_unrelated`: files that touch no suite, by what the commit lists, and never one that a verdict needs."""

import os
import shutil

import pytest

from swapgate.changes.changed import _glob

INI = "[pytest]\nstrict = true\nfilterwarnings = error\npythonpath = .\n"
LISTED = 'swapgate_unrelated = web/** *.ipynb data/ "my notes/*.txt"\n'
BOTH = "changed since HEAD: ner, sentiment"
NOTHING = "changed since HEAD: nothing that a verdict depends on"


@pytest.fixture
def listed(two, commit):
    """A project whose configuration lists some files as unrelated, in a commit."""
    two.write("pytest.ini", INI + LISTED)
    commit()
    return two


@pytest.fixture
def note():
    """Return what gives the line that says what has changed in a project."""

    def line(project, *options):
        result = project.run("--changed-since=HEAD", "-k", "size", *options)
        (found,) = [one for one in project.table(result) if one.startswith("note  changed since")]
        return found.removeprefix("note  ")

    return line


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("web/**", "web/app.ts", True),
        ("web/**", "web/deep/app.ts", True),
        ("web/**", "webs/app.ts", False),
        ("web/**", "src/web/app.ts", False),
        ("web/", "web/deep/app.ts", True),
        ("/web/*", "web/app.ts", True),
        ("web/*", "web/deep/app.ts", False),
        ("**/web/*.ts", "web/app.ts", True),
        ("**/web/*.ts", "src/a/web/app.ts", True),
        ("*.ipynb", "a.ipynb", True),
        ("*.ipynb", "notes/a.ipynb", True),
        ("*.ipynb", "notes/a.ipynb.toml", False),
        ("data", "data", True),
        ("data", "data/big.csv", False),
        ("a?.c", "ab.c", True),
        ("a?.c", "a/.c", False),
        ("a.c", "abc", False),
        ("[ab].c", "a.c", False),
    ],
)
def test_glob(pattern, name, matches):
    """A glob means the paths that .gitignore would mean; brackets are letters."""
    assert bool(_glob(pattern).fullmatch(name)) is matches


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_unknown_file(two, note, options):
    """An unknown file touches everything; the line names the first one, and the key that would free it."""
    two.write("web/app.ts", "")
    two.write("web/more.ts", "")
    assert note(two, *options) == (
        f"{BOTH} (web/app.ts is of no suite and touches all; what no verdict depends on may stand under"
        " swapgate_unrelated in pytest's configuration)"
    )


@pytest.mark.parametrize("name", ["web/app.ts", "deep/er/one.ipynb", "data/big.csv", "my notes/one.txt"])
def test_listed_file(listed, note, name):
    """A file that the commit lists touches nothing, and is named."""
    listed.write(name, "")
    assert note(listed) == f"{NOTHING}; swapgate_unrelated: {name}"


def test_listed_files_beside_others(listed, note):
    """Beside files that are listed the first other one is named."""
    for name in ("web/a.ts", "web/b.ts", "web/c.ts", "app.ts", "z.ts"):
        listed.write(name, "")
    assert note(listed).startswith(f"{BOTH} (app.ts is of no suite and touches all; ")
    assert note(listed).endswith("; swapgate_unrelated: web/a.ts and 2 more")


@pytest.mark.parametrize("where", ["pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"])
def test_where_it_is_listed(two, commit, note, where):
    """The list is read wherever pytest is configured in the commit."""
    keys = INI.removeprefix("[pytest]\n")
    toml = 'strict = true\nfilterwarnings = ["error"]\npythonpath = ["."]\nswapgate_unrelated = ["web/**"]\n'
    text = {
        "pytest.ini": f"[pytest]\n{keys}swapgate_unrelated =\n    web/**\n    docs/**\n",
        "tox.ini": f"[pytest]\n{keys}swapgate_unrelated = web/**\n",
        "setup.cfg": f"[tool:pytest]\n{keys}swapgate_unrelated = web/**\n",
        "pyproject.toml": f"[tool.pytest.ini_options]\n{toml}",
    }
    (two.path / "pytest.ini").unlink()
    two.write(where, text[where])
    commit()
    two.write("web/app.ts", "")
    assert note(two) == f"{NOTHING}; swapgate_unrelated: web/app.ts"


def test_listed_by_the_change_itself(two, note):
    """What only the change lists touches everything: it cannot free itself."""
    two.write("pytest.ini", INI + LISTED)
    two.write("web/app.ts", "")
    assert note(two).startswith(f"{BOTH} (web/app.ts is of no suite")


EVERYTHING = INI + "swapgate_unrelated = ** *\n"


@pytest.mark.parametrize(
    ("name", "touched"),
    [
        ("models/classifier/config.json", "sentiment"),
        ("fixtures/ner/cases.toml", "ner"),
        ("fixtures/ner/ada.wav", "ner"),
        ("golden/embedded/ner/small.json", "ner"),
        ("tests/test_ner.py", "ner"),
        ("tests/conftest.py", "ner, sentiment"),
        ("conftest.py", "ner, sentiment"),
        ("web/conftest.py", "ner, sentiment"),
        ("pytest.ini", "ner, sentiment"),
        ("tox.ini", "ner, sentiment"),
        ("tests/helpers.py", "ner, sentiment"),
        ("fixtures/models/embedded.toml", "sentiment"),
    ],
    ids=[f"file {number}" for number in range(12)],
)
def test_what_no_glob_frees(two, commit, note, name, touched):
    """Models, cases, inputs, goldens, suite files and what they import, conftests and configuration are never free."""
    two.write("pytest.ini", EVERYTHING)
    two.write("tests/helpers.py", "")
    commit()
    path = two.path / name
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else ""
    path.write_text(text.replace("models/classifier", "models/shared") + "\n")
    assert note(two) == f"changed since HEAD: {touched} ({name})"


def test_evaluation_set(two, commit, note):
    """An evaluation set, and what lies beside it, touches its suite whatever is listed."""
    two.write("pytest.ini", EVERYTHING)
    two.write("data/set.jsonl", '{"id": "a", "text": "Nice.", "expected": "good"}\n')
    cases = two.path / "fixtures/sentiment/cases.toml"
    cases.write_text('evaluation = "../../data/set.jsonl"\n' + cases.read_text())
    commit()
    two.write("data/more.wav", "")
    assert note(two) == "changed since HEAD: sentiment (data/more.wav)"


def into(two, name, place):
    """Let a file or folder be a link to where it is from now on."""
    path, there = two.path / name, two.path / place
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, there)
    path.symlink_to(os.path.relpath(there, path.parent))


@pytest.mark.parametrize(
    ("name", "place", "edited", "touched"),
    [
        ("models/classifier", "web/it", "web/it/config.json", "sentiment"),
        ("models/classifier/config.json", "web/store/it.json", "web/store/it.json", "sentiment"),
        ("models", "web/all", "web/all/classifier/config.json", "ner, sentiment"),
        ("fixtures/sentiment/cases.toml", "web/cases.md", "web/cases.md", "sentiment"),
        ("golden/embedded/ner", "web/ner", "web/ner/small.json", "ner"),
        ("tests/test_ner.py", "web/judge.py", "web/judge.py", "ner"),
        ("conftest.py", "web/all.py", "web/all.py", "ner, sentiment"),
    ],
    ids=["folder", "file", "above", "cases", "goldens", "suite-file", "conftest"],
)
def test_what_lies_behind_a_link(two, commit, note, name, place, edited, touched):
    """What judges or is judged is never free, wherever a link to it leads."""
    two.write("pytest.ini", EVERYTHING)
    into(two, name, place)
    commit()
    path = two.path / edited
    path.write_text(path.read_text() + "\n")
    assert note(two) == f"changed since HEAD: {touched} ({edited})"


@pytest.mark.parametrize("name", ["models/small", "models/small/config.json"], ids=["folder", "file"])
def test_link_that_git_ignores(two, commit, note, name):
    """The same where git keeps what lies behind a link and ignores the link, though the digest is the golden's."""
    two.write("pytest.ini", EVERYTHING)
    into(two, name, "web/it")
    two.write(".gitignore", f"/{name}\n" + (two.path / ".gitignore").read_text())
    commit()
    path = (two.path / "models/small/config.json").resolve()
    path.write_text(path.read_text() + "\n")
    assert note(two) == f"changed since HEAD: ner ({path.relative_to(two.path)})"


def test_link_that_leads_elsewhere(two, commit, note):
    """A link on the way to what is judged is never free."""
    two.write("pytest.ini", EVERYTHING)
    shutil.copytree(two.path / "models/classifier", two.path / "web/other")
    into(two, "models/classifier", "web/one")
    (two.path / "web/link").symlink_to("one")
    (two.path / "models/classifier").unlink()
    (two.path / "models/classifier").symlink_to("../web/link")
    commit()
    (two.path / "web/link").unlink()
    (two.path / "web/link").symlink_to("other")
    assert note(two).startswith(f"{BOTH} (web/link is of no suite and touches all")


@pytest.mark.parametrize("place", ["golden/weights/it", "fixtures/models/it.toml", "golden/hub/it", "tests/it.py"])
def test_model_of_any_place(two, commit, note, place):
    """A model touches its suite wherever it is kept: below goldens or models files, in a folder of any name."""
    two.write("pytest.ini", EVERYTHING)
    shutil.move(two.path / "models/classifier", two.path / place)
    two.replace(two.models_file, "../../models/classifier", f"../../{place}")
    commit()
    path = two.path / place / "config.json"
    path.write_text(path.read_text() + "\n")
    assert note(two) == f"changed since HEAD: sentiment ({place}/config.json)"


@pytest.mark.parametrize("name", ["code.py", "rows.toml"])
def test_files_of_a_model_have_any_name(two, commit, note, name):
    """Whatever lies in a model's folder touches its suite."""
    two.write("pytest.ini", EVERYTHING)
    commit()
    two.write(f"models/classifier/{name}", "")
    assert note(two) == f"changed since HEAD: sentiment (models/classifier/{name})"


WAYS = {
    "sys.path": ("conftest.py", "import sys\n\nsys.path.insert(0, 'web')\nimport helper\n"),
    "in a function": ("tests/conftest.py", "def pytest_sessionstart():\n    import web.helper\n"),
    "of a suite file": ("tests/test_ner.py", "import sys\n\nsys.path.append('web')\nfrom helper import WORD\n"),
    "by another": ("tests/conftest.py", "from lib.middle import WORD\n"),
    "by its name": ("tests/conftest.py", "import importlib\n\nNAME = importlib.import_module('web.helper')\n"),
    "by its path": ("tests/conftest.py", "import runpy\n\nrunpy.run_path('web/helper.py')\n"),
    "as a plugin": ("conftest.py", "pytest_plugins = ['web.helper']\n"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_judge_imports(two, commit, note, monkeypatch, way):
    """What a conftest or a suite file imports is never free, whatever way it comes by it; what nothing imports is."""
    monkeypatch.chdir(two.path)
    two.write("pytest.ini", INI + LISTED)
    name, text = WAYS[way]
    two.write("lib/middle.py", "def word():\n    from ..web import helper\n\n\nWORD = 1\n")
    two.write("web/helper.py", "WORD = 1\n")
    two.write("web/app.py", "WORD = 1\n")
    two.write(name, text + (two.path / name).read_text())
    commit()
    two.write("web/app.py", "WORD = 2\n")
    assert note(two) == f"{NOTHING}; swapgate_unrelated: web/app.py"
    two.write("web/helper.py", "WORD = 2\n")
    assert note(two) == f"{BOTH} (web/helper.py); swapgate_unrelated: web/app.py"


NOT_TOLD = {
    "a star": "from web import *\n",
    "a star of a module": "from web.middle import *\n",
    "pkgutil": "import pkgutil\n\nNAMES = [one.name for one in pkgutil.iter_modules(['web'])]\n",
    "an f-string": "import importlib\n\nN = 'helper'\nM = importlib.import_module(f'web.{N}')\n",
    "a sum": "N = 'helper'\nM = __import__('web.' + N)\n",
    "a variable": "import importlib\n\nN = 'web.' + 'helper'\nM = importlib.import_module(N)\n",
    "another name": "from importlib import import_module as get\n\nM = get('web.' + 'helper')\n",
    "a path": "import runpy\n\nN = 'p'\nM = runpy.run_path(f'web/helper.{N}y')\n",
    "a plugin": "N = 'helper'\npytest_plugins = [f'web.{N}']\n",
}
PACKAGE = ("a star", "an f-string", "a sum", "a plugin")
"""What tells at least the package."""


@pytest.mark.parametrize("way", NOT_TOLD)
def test_what_cannot_be_told(two, commit, note, monkeypatch, way):
    """Where it cannot be told what of a package is imported all of it is, and all of the project where none is told."""
    monkeypatch.chdir(two.path)
    two.write("pytest.ini", INI + LISTED.replace("data/", "data/ lib/"))
    two.write("web/__init__.py", "__all__ = ['helper']\n")
    two.write("web/middle.py", "from . import *\n")
    for name in ("web/helper.py", "web/deep/er.py", "lib/app.py"):
        two.write(name, "WORD = 1\n")
    two.write("conftest.py", NOT_TOLD[way] + (two.path / "conftest.py").read_text())
    commit()
    two.write("lib/app.py", "WORD = 2\n")
    told = way in (*PACKAGE, "a star of a module")
    assert note(two) == (f"{NOTHING}; swapgate_unrelated: lib/app.py" if told else f"{BOTH} (lib/app.py)")
    for name in ("web/helper.py", "web/deep/er.py"):
        commit()
        two.write(name, "WORD = 2\n")
        assert note(two) == f"{BOTH} ({name})"


def test_what_a_function_imports(two, commit, note):
    """What the module of a function that is judged imports is never free, though only its own process runs it."""
    two.write("pytest.ini", INI + LISTED)
    two.write("web/model.py", "from web.words import BAD\n\n\ndef make():\n    return len\n")
    for name in ("web/words.py", "web/app.py"):
        two.write(name, "BAD = 1\n")
    two.write("web/prompts/bad.md", "awful\n")
    two.replace(
        two.models_file,
        'model = "../../models/classifier"',
        'model = "web.model:make"\nfiles = ["../../web/prompts"]',
    )
    commit()
    two.write("web/app.py", "BAD = 2\n")
    assert note(two) == f"{NOTHING}; swapgate_unrelated: web/app.py"
    two.write("web/words.py", "BAD = 2\n")
    assert note(two) == f"{BOTH} (web/words.py); swapgate_unrelated: web/app.py"
    commit()
    two.write("web/prompts/bad.md", "terrible\n")
    assert note(two) == "changed since HEAD: sentiment (web/prompts/bad.md)"


@pytest.mark.parametrize("way", ["-p", "pythonpath"])
def test_what_pytest_imports(two, commit, note, monkeypatch, way):
    """What options and folders of Python's path bring into the process is never free either."""
    monkeypatch.syspath_prepend(two.path / "web")
    two.write(
        "pytest.ini", (INI.replace("pythonpath = .", "pythonpath = . web") if way == "pythonpath" else INI) + LISTED
    )
    two.write("web/helpers_of_web.py", "WORD = 1\n")
    two.write(
        "conftest.py", ("import helpers_of_web\n" * (way == "pythonpath")) + (two.path / "conftest.py").read_text()
    )
    commit()
    two.write("web/helpers_of_web.py", "WORD = 2\n")
    options = ["-p", "helpers_of_web"] if way == "-p" else []
    assert note(two, *options) == f"{BOTH} (web/helpers_of_web.py)"
