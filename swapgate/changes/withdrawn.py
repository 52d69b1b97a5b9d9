"""What a change takes out of git and leaves where it lies: it judges or is judged here, and is gone once merged."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path

from swapgate.changes.changed import files_of
from swapgate.changes.git import ignored_by, taken_out, top_of, tracked
from swapgate.changes.imported import imported
from swapgate.core.faults import Fault
from swapgate.goldens.anchors import rows_beside
from swapgate.trials.plan import Key, Plan

MOST = 5
"""Files that are named one by one; of more their folders are."""


def doubts_of_withdrawn(now: Plan, commit: str, judges: Mapping[Path, set[str]]) -> Iterator[tuple[Key, str]]:
    """Yield, for each tier of a change, in words what of it git had in a commit and has no longer.

    `judges`: the test files and configuration that the change touches, and the suites that each judges. What git never
    had is judged as it lies there. Raises InputFault.
    """
    out = taken_out(now.root, commit)
    code = {path for path in (*tracked(now.root), *out) if path.suffix == ".py"} if out else set()
    for key in now.models if out else ():
        gone = out & _ways({*_files(now, key), *(path for path, suites in judges.items() if key[0] in suites)})
        of_model = _of_model(now, key, out, code)
        places = gone if len(gone) <= MOST else {path.parent for path in gone}
        names = sorted({now.shown(path) for path in places | {*of_model}})
        rules = {ignored_by(now.root, path) for path in (*gone, *of_model.values())} - {""}
        inner = {folder for path in (*gone, *of_model.values()) for folder in _repositories(path, now.root)}
        if names:
            ignored = f"; git ignores it by {', '.join(sorted(rules))}" if rules else ""
            paths = " ".join(map(shlex.quote, names))
            back = f"put it back: git add --force -- {paths}"
            if inner:
                within = " ".join(shlex.quote(now.shown(folder)) for folder in sorted(inner))
                back = (
                    f"{within}: a repository of its own, whose files git does not keep here; put them back: git rm"
                    f" --cached --ignore-unmatch -- {within}, then take the .git in it away, then git add --force --"
                    f" {paths}"
                )
            yield (
                key,
                f"{'/'.join(key)}: in git at {commit[:12]}, taken out by the change, and used as it still lies here:"
                f" {', '.join(names)}{ignored}; {back} (if it is to leave git, a person must look)",
            )


def _files(plan: Plan, key: Key) -> Iterator[Path]:
    """Yield the files by which a tier is judged, besides tests; also the inputs that an evaluation set names."""
    golden, found = plan.models[key].golden, plan.evaluations.get(key[0])
    yield from (plan.manifest.path, *files_of(plan, key[0]), golden, *rows_beside(golden))
    with suppress(Fault):  # its tests say what cannot be read
        rows = found.rows() if found else ()
        yield from (Path(os.path.normpath(row.given)) for row in rows if isinstance(row.given, Path))


def _of_model(plan: Plan, key: Key, out: Set[Path], code: Set[Path]) -> dict[Path, Path]:
    """Return the places of a tier's model that some files are of, each with one of them; none of a public one.

    `code`: the Python files of the project, of which a function imports some.
    """
    files = plan.models[key].source.files
    module = {path for found in files.values() for path in found if path.suffix == ".py"}
    files = files | {path: [path] for path in (imported(module, code) if module else ())}
    found = {place: out & _ways([place, *paths] if paths else []) for place, paths in files.items()}
    return {place: min(gone) for place, gone in found.items() if gone}


def _repositories(path: Path, root: Path) -> Iterator[Path]:
    """Yield the folders above a file that are repositories of their own within that of a project."""
    top = top_of(root)
    yield from (folder for folder in (path, *path.parents) if top in folder.parents and (folder / ".git").exists())


def _ways(files: Iterable[Path]) -> set[Path]:
    """Return files, where they are behind links, and the folders above both: these may be links, or repositories."""
    found = {one for path in files for one in (path, path.resolve())}
    return found | {folder for path in found for folder in path.parents}
