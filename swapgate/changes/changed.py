"""Which suites a change can have touched: by its files, and within the models file by its rows."""

import functools
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from swapgate.changes.git import changed_since, file_of, place_of, taken_out, tracked
from swapgate.changes.imported import imported, running
from swapgate.changes.judges import CONFTEST, IN_PART, MARKED, WHOLE, Layout, is_of_module, text_of
from swapgate.core.faults import Fault, InputFault
from swapgate.core.files import below
from swapgate.core.tables import parse_toml, read_toml
from swapgate.goldens.golden import read_golden
from swapgate.models.loading import COMPILED, Source
from swapgate.project.configuration import UNRELATED, configured_in
from swapgate.project.marks import marks_of
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model

HARMLESS = (".gitignore", ".md", ".rst", "LICENSE")
"""Ends of paths that no verdict depends on."""
DEFAULT = Layout(places=())
"""Where pytest looks for tests by itself."""


@dataclass
class Touched:
    """The suites that a change can have touched."""

    by: dict[str, str] = field(default_factory=dict)
    """From a suite to the first file that touches it, or what else does."""
    strange: str = ""
    """The first file that belongs to no suite, and so touches all."""
    free: list[str] = field(default_factory=list)
    """Files that touch none, for the commit lists them as such."""

    def words(self, swapped: Collection[str] = ()) -> str:
        """Name the suites, also those that are swapped, and the first file that made it so."""
        names = ", ".join(sorted({*self.by, *swapped})) or "nothing that a verdict depends on"
        why = f" ({next(iter(self.by.values()))})" if self.by else ""
        if self.strange:
            why = (
                f" ({self.strange} is of no suite and touches all; what no verdict depends on may stand under"
                f" {UNRELATED} in pytest's configuration)"
            )
        more = f" and {len(self.free) - 1} more" if len(self.free) > 1 else ""
        return names + why + (f"; {UNRELATED}: {self.free[0]}{more}" if self.free else "")


def changed_suites(plan: Plan, commit: str, layout: Layout = DEFAULT, free: Sequence[str] = ()) -> Touched:
    """Find the suites whose rows, cases, inputs, goldens, models, evaluation sets or tests differ from a commit.

    A file that belongs to no suite touches every suite: one of the engine (also that of a single task), a conftest.py,
    the configuration, pinned versions; unless one of the globs of `free` has it and it does not judge. What git does
    not keep may have changed, and touches its suite.
    """
    touched, links, names = Touched(), _links(plan), edited_since(plan, commit)
    run = _run(plan, names, layout) if any(_is_free(name, free) and name.endswith(".py") for name in names) else set()
    of_models = {path for model in plan.models.values() for path in held_by(model.source)}
    for name in names:
        path = Path(os.path.normpath(plan.root / name))
        paths = [path, *(link / path.relative_to(place) for link, place in links.items() if path.is_relative_to(place))]
        if all(one.name.endswith(HARMLESS) for one in paths) and not of_models.intersection(paths):
            continue
        suites = _union([_suites_of(plan, one, commit, layout) for one in paths])
        if suites is None and not any(one in run or _judges(one, plan, layout) for one in paths):
            if not path.is_symlink() and _is_free(name, free):  # a link may lead to anything
                touched.free.append(name)
                continue
            touched.strange = touched.strange or name
        for suite in plan.manifest.rows if suites is None else sorted(suites):
            touched.by.setdefault(suite, name)
    for suite in _out_of_git(plan):
        touched.by.setdefault(suite, f"not all of {suite} is in git")
    return touched


def edited_since(plan: Plan, commit: str) -> list[str]:
    """Return the files that differ from a commit, but for what the run itself writes and git keeps neither now nor
    then: its reports, and what Python compiles. Raises InputFault.
    """
    kept = tracked(plan.root) | taken_out(plan.root, commit)

    def is_own(path: Path) -> bool:
        return path not in kept and (path.parent.name == COMPILED or place_of(path) in plan.written)

    return [name for name in changed_since(plan.root, commit) if not is_own(Path(os.path.normpath(plan.root / name)))]


def _links(plan: Plan) -> dict[Path, Path]:
    """Return where links lead: those that git keeps, and whatever judges or is judged and lies behind some.

    A file has as many names as there are links to it, and git tells of one.
    """
    folders = [place for model in plan.models.values() for place in places_of(model.source)]
    found = [path for path in tracked(plan.root) if path.is_symlink()]
    found += [path for folder in folders for path in below(folder) if path.is_symlink()]
    found += [*folders, *(model.golden for model in plan.models.values())]
    found += [file for suite in plan.manifest.rows for file in files_of(plan, suite)]
    places = {path: path.resolve() for path in found}
    root = plan.root.resolve()  # the project itself may lie behind one
    places = {path: Path(os.path.normpath(plan.root / os.path.relpath(place, root))) for path, place in places.items()}
    return {path: place for path, place in places.items() if place != path}


def _union(found: Sequence[set[str] | None]) -> set[str] | None:
    """Return the suites that a file belongs to by any of its names; None where it belongs to none, and so to all."""
    known: set[str] = set().union(*(suites or () for suites in found))
    return known or (None if None in found else known)


def unrelated(root: Path, commit: str, layout: Layout) -> list[str]:
    """Return the globs of files on which no verdict depends, as the configuration of pytest in a commit lists them.

    What cannot be read lists none: a change never frees a file by itself.
    """
    asked = layout.configuration
    paths = [root / name for name in (*WHOLE, *IN_PART)]
    paths = [asked] if asked and asked not in paths else paths  # the latter: pytest takes the first that configures it
    with tempfile.TemporaryDirectory(prefix="swapgate-") as folder, suppress(InputFault):
        for path in paths:
            if text := file_of(root, commit, path):
                Path(folder, path.name).write_text(text, encoding="utf-8", errors="surrogateescape")
        return configured_in([Path(folder, path.name) for path in paths], UNRELATED)
    return []


def may_be_read(source: Source, before: Plan, now: Plan, commit: str) -> list[str]:
    """Name the edited files of the project that a function may read, though its digest covers none of them.

    These are all but those that it names, what judges, what it imports (which is compared by itself), and what the
    commit lists as unrelated. Raises InputFault.
    """
    if source.root is None:
        return []
    free = unrelated(now.root, commit, DEFAULT)
    known = {os.path.relpath(path, plan.root) for plan in (before, now) for path in _known(plan)}
    covered = {os.path.relpath(path, now.root) for path in source.files}
    return [
        name
        for name in edited_since(now, commit)
        if name not in known
        and not name.startswith(("../", "golden/"))
        and not name.endswith((*HARMLESS, ".py"))
        and Path(name).name not in (*WHOLE, *IN_PART)
        and not any(Path(name).is_relative_to(place) for place in covered)
        and not _is_free(name, free)
    ]


def _known(plan: Plan) -> Iterator[Path]:
    """Yield the files that judge a plan's suites."""
    yield plan.manifest.path
    for suite in plan.manifest.rows:
        yield from files_of(plan, suite)


def _judges(path: Path, plan: Plan, layout: Layout) -> bool:
    """Return whether a file judges and is of no suite: conftest.py, configuration, a task, what suite files import."""
    if path.suffix == ".py":
        beside = any(_is_suite_file(one, layout) for one in path.parent.glob("*.py"))
        return path.name == CONFTEST or beside or is_of_module(path, plan.root, layout)
    return path == layout.configuration or (path.parent == plan.root and path.name in (*WHOLE, *IN_PART))


def _run(plan: Plan, names: Sequence[str], layout: Layout) -> set[Path]:
    """Return the Python files of the project that this process runs for its suites: those that they import, and so on.

    It has run what conftests and options import; what suite files import it will, and what functions that are judged
    import runs beside it.
    """
    sources = [source for model in plan.models.values() for source in (model.source, model.incumbent)]
    code = {path for source in sources for path in held_by(source) if path.suffix == ".py"}
    known = {Path(os.path.normpath(plan.root / name)) for name in names} | tracked(plan.root)
    known = {path for path in known if path.suffix == ".py"}
    tests = {path for path in known if path.name == CONFTEST or _is_suite_file(path, layout)}
    return imported(tests | code | running(known), known)


def _is_suite_file(path: Path, layout: Layout) -> bool:
    return layout.is_test(path) and MARKED.search(text_of(path)) is not None


def _is_free(name: str, free: Sequence[str]) -> bool:
    return any(_glob(one).fullmatch(name) for one in free)


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    """Return what matches the paths that a glob means: ** any folders, * what stands between two slashes, ? a letter.

    As in .gitignore one without a slash is that of a name in whatever folder, and one that ends in a slash a folder's.
    """
    whole = f"{pattern.lstrip('/')}{'**' if pattern.endswith('/') else ''}"
    if "/" not in pattern.rstrip("/"):
        whole = f"**/{whole}"
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*|\?)", whole)))


def places_of(source: Source) -> set[Path]:
    """Return where a model is: its folder or file, and whatever else its row names."""
    return {source.folder, *source.files}


def held_by(source: Source) -> set[Path]:
    """Return the files of a model in the project that tell who it is."""
    return {path for files in source.files.values() for path in files}


def files_of(plan: Plan, suite: str) -> list[Path]:
    """Return the files that say how a suite's models are judged, besides models file, goldens and tests."""
    cases = next(model.cases for (name, _), model in plan.models.items() if name == suite)
    given = [Path(os.path.normpath(case.given)) for case in cases.cases if isinstance(case.given, Path)]
    return [cases.path, *given, *([plan.evaluations[suite].path] if suite in plan.evaluations else [])]


def _suites_of(plan: Plan, path: Path, commit: str, layout: Layout) -> set[str] | None:
    """Name the suites that a file belongs to; None where it belongs to none, and so to all."""
    every: set[str] = {*plan.manifest.rows}
    models, goldens = plan.root / "fixtures" / "models", plan.root / "golden"
    if path == plan.manifest.path:
        return _suites_of_rows(plan, commit)
    if kept := _suites_that_keep(plan, path):  # wherever that is
        return kept | _suites_beside(plan, path)
    if path.is_relative_to(goldens):
        manifest, suite, *_ = [*path.relative_to(goldens).parts, "", ""]
        return {suite} & every if manifest == plan.manifest.name else set()
    if path.is_relative_to(models) and path.suffix == ".toml":
        return set()  # another models file
    suites = _marked(plan, path, commit, layout) if path.suffix == ".py" else _suites_beside(plan, path)
    return suites & every or (None if path.is_relative_to(plan.root) else set())


def _suites_that_keep(plan: Plan, path: Path) -> set[str]:
    """Name the suites that keep cases, inputs or an evaluation set at this place, or a model there or above."""
    places = [(suite, place) for (suite, _), model in plan.models.items() for place in places_of(model.source)]
    kept = {suite for suite, place in places if path.is_relative_to(place)}
    return kept | {suite for suite in plan.manifest.rows if path in files_of(plan, suite)}


def _suites_beside(plan: Plan, path: Path) -> set[str]:
    """Name the suites that keep cases, inputs or an evaluation set in this folder, or in one above."""
    places = [(file.parent, suite) for suite in plan.manifest.rows for file in files_of(plan, suite)]
    return {suite for place, suite in places if path.is_relative_to(place) and not plan.root.is_relative_to(place)}


def _marked(plan: Plan, path: Path, commit: str, layout: Layout) -> set[str]:
    """Name the suites of a suite file, by its marks today and then."""
    if not layout.is_test(path):
        return set()
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    then = file_of(plan.root, commit, path)
    found = [marks_of(one) for one in (text, then)]
    if any(marks.unknown for marks in found):
        return {*plan.manifest.rows}
    return {suite for marks in found for suite in marks._replace(suites=()).judged(plan.manifest)}.union(
        *(marks.suites for marks in found)
    )


def _suites_of_rows(plan: Plan, commit: str) -> set[str]:
    """Name the suites of the models file whose tables are not what they were."""
    then = file_of(plan.root, commit, plan.manifest.path)
    try:
        before = parse_toml(then)
    except ValueError:
        before = {}
    now = read_toml(plan.manifest.path)
    ours, theirs = ({key: one for key, one in table.items() if not isinstance(one, dict)} for table in (now, before))
    moved = ours != theirs  # what is said of all suites
    return {suite for suite in plan.manifest.rows if moved or before.get(suite) != now.get(suite)}


def _out_of_git(plan: Plan) -> Iterator[str]:
    """Name the suites of which git does not keep everything."""
    known = {path for path in tracked(plan.root) if not path.is_symlink()}
    for (suite, _), model in plan.models.items():
        if not known.issuperset([plan.manifest.path, *files_of(plan, suite)]) or not _is_accepted(model, known):
            yield suite


def _is_accepted(model: Model, known: set[Path]) -> bool:
    """Return whether git keeps a model, or else its golden says that this is the one that was accepted."""
    if model.source.remote:
        return False  # whether it is as it was no commit knows
    files = held_by(model.source)
    if files and known.issuperset(files):
        return True
    try:
        return {entry.made_by.digest for entry in read_golden(model.golden).values()} == {model.source.digest}
    except Fault:  # what cannot be read is told by its tests
        return False
