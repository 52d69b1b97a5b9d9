"""The files of a project that judge, besides what a commit has in their place: test files, conftests, configuration."""

import filecmp
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import iniconfig

from swapgate.changes.git import changed_since
from swapgate.project.manifest import Manifest
from swapgate.project.marks import marks_of, properties_of
from swapgate.trials.plan import Plan

CONFTEST, PACKAGE = "conftest.py", "__init__.py"
"""Files that pytest runs on its way to a test file, though none imports them."""
WHOLE = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Files that configure pytest alone."""
IN_PART = ("pyproject.toml", "tox.ini", "setup.cfg")
"""Files that configure others too: only pytest's tables count."""
SECTIONS = ("pytest", "tool:pytest")
MARKED = re.compile(r"\.\s*(task|suite)\b")


@dataclass(frozen=True)
class Layout:
    """Where pytest looks for tests, and what it is configured by."""

    places: Sequence[Path]
    """The files and folders that it was asked to collect, or collects by itself."""
    python_files: Sequence[str] = ("test_*.py", "*_test.py")
    norecursedirs: Sequence[str] = ()
    configuration: Path | None = None
    """The file that it is configured by."""
    modules: Sequence[str] = ()
    """Those with tasks of the project's own."""
    python_path: Sequence[Path] = ()
    """The folders that the configuration adds to Python's."""

    def is_test(self, path: Path) -> bool:
        """Return whether pytest takes a file for one of tests."""
        return any(
            fnmatch(str(path), f"*/{pattern}") if "/" in pattern else fnmatch(path.name, pattern)
            for pattern in self.python_files
        )

    def collects(self, path: Path) -> bool:
        """Return whether pytest comes by a file."""
        return any(path.is_relative_to(place) and not self._passes_over(path, place) for place in self.places)

    def _passes_over(self, path: Path, place: Path) -> bool:
        folders = path.relative_to(place).parts[:-1]
        return any(fnmatch(folder, pattern) for folder in folders for pattern in self.norecursedirs)


@dataclass(frozen=True)
class SuiteFile:
    """A test file of a commit that judges suites."""

    path: Path
    """Where it is, or was, in the working tree."""
    text: str


def suite_files(before: Plan, now: Plan, layout: Layout) -> list[SuiteFile]:
    """Return the test files of a commit that judge a suite, wherever pytest looks for them."""
    found = []
    for then in sorted(before.root.rglob("*.py")):
        path = now.root / then.relative_to(before.root)
        text = text_of(then) if layout.is_test(path) else ""
        if MARKED.search(text) and _suites(before.manifest, text):
            found.append(SuiteFile(path, text))
    return found


def collected(files: Iterable[SuiteFile], layout: Layout, manifest: Manifest) -> dict[str, list[SuiteFile]]:
    """Return those of a commit's test files by which pytest comes, by suite."""
    found: dict[str, list[SuiteFile]] = {}
    for file in files:
        for suite in _suites(manifest, file.text) if layout.collects(file.path) else ():
            found.setdefault(suite, []).append(file)
    return found


def properties(files: Iterable[SuiteFile], suite: str, manifest: Manifest) -> list[str]:
    """Return the properties of a suite in its test files."""
    found = [one for file in files for one in properties_of(file.text)]
    return [*dict.fromkeys(name for name, marks in found if not marks.unknown and suite in marks.judged(manifest))]


def changed_judges(
    before: Plan, now: Plan, files: list[SuiteFile], commit: str, layout: Layout
) -> dict[Path, set[str]]:
    """Return the files that judge and that a change touches, and the suites that each judges."""
    changed = {Path(os.path.normpath(now.root / name)) for name in changed_since(now.root, commit)}
    found: dict[Path, set[str]] = {}
    for path, suites in _judging(before, now, files, changed, layout):
        if suites and {path, path.resolve()} & changed:
            found.setdefault(path, set()).update(suites)
    return found


def _judging(
    before: Plan, now: Plan, files: list[SuiteFile], changed: set[Path], layout: Layout
) -> Iterator[tuple[Path, set[str]]]:
    """Yield the files that judge, and which suites; of those that the commit has not, the ones of the change."""
    every = {*now.manifest.rows}
    old, folders = {file.path: file.text for file in files}, dict[Path, set[str]]()
    new = [path for path in changed if layout.is_test(path) and path not in old]
    for path in [*old, *new]:
        suites = _suites(now.manifest, text_of(path)) | _suites(now.manifest, old.get(path, ""))
        yield path, suites if path in old else suites & {*before.manifest.rows}
        for folder in path.parents:
            folders.setdefault(folder, set()).update(suites)
    for path in changed:
        if _is_run(path, layout) and not folders.get(path.parent):
            yield path, every  # on the way to no suite, but what it does to the process is everybody's
    for folder, suites in folders.items():
        if folder.is_relative_to(now.root):
            yield from ((folder / name, suites) for name in (CONFTEST, PACKAGE))
    for name in (*WHOLE, *IN_PART):
        yield now.root / name, every
    if layout.configuration:
        yield layout.configuration, every
    own = {suite for suite, task in now.manifest.tasks.items() if not task.built_in}
    yield from ((path, own) for path in changed if is_of_module(path, now.root, layout))


def _is_run(path: Path, layout: Layout) -> bool:
    """Return whether pytest runs a file that is no test file: a conftest, or a package that has tests."""
    if not layout.collects(path):
        return False
    return path.name == CONFTEST or (path.name == PACKAGE and any(map(layout.is_test, path.parent.rglob("*.py"))))


def _suites(manifest: Manifest, text: str) -> set[str]:
    """Return the suites that a test file judges; all where its marks cannot be read."""
    marks = marks_of(text)
    return {*manifest.rows} if marks.unknown else {*marks.judged(manifest)}


def is_of_module(path: Path, root: Path, layout: Layout) -> bool:
    """Return whether a file is one of the modules with tasks, or of a package that these are in."""
    for module in layout.modules:
        for place in (root, *layout.python_path):
            whole = place.joinpath(*module.split("."))
            packages = [folder / PACKAGE for folder in whole.parents if folder.is_relative_to(place)]
            if path in (whole.with_name(f"{whole.name}.py"), *packages[:-1]) or path.is_relative_to(whole):
                return path.suffix == ".py"
    return False


def is_as_it_was(path: Path, before: Plan, now: Plan) -> bool:
    """Return whether a file says the same in the commit, which git may keep otherwise; for some only a part counts."""
    then = Path(os.path.normpath(before.root / os.path.relpath(path, now.root)))
    if path.name in IN_PART:
        return _tables(then) == _tables(path)
    return then.is_file() and path.is_file() and filecmp.cmp(then, path, shallow=False)


def _tables(path: Path) -> object:
    """Return what a file says to pytest; the whole text where it cannot be read."""
    text = text_of(path)
    try:
        if path.suffix == ".toml":
            return tomllib.loads(text).get("tool", {}).get("pytest")
        found = iniconfig.IniConfig(str(path), data=text)
    except (ValueError, AttributeError, RecursionError, iniconfig.ParseError):
        return text
    return {name: dict(found[name].items()) for name in SECTIONS if name in found}


def text_of(path: Path) -> str:
    """Return the text of a file; nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # it is not there, or no file
        return ""
