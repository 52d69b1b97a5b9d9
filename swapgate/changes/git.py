"""What git knows of the project: the files of a commit, and which files changed since.

Neither the working tree nor git's index is touched, and nothing that is kept beside a commit (flags of the index,
replaced objects, variables of a hook) can make git see other files than there are.
"""

import functools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from swapgate.core.faults import InputFault

KEPT = ("GIT_ASKPASS", "GIT_CONFIG_", "GIT_LFS_", "GIT_SSH", "GIT_SSL_")
"""How git's variables begin that say how it works; all others say on what, and those of a hook would mislead."""
P = ParamSpec("P")
T = TypeVar("T")
_seen: ContextVar[dict[Any, Any] | None] = ContextVar("_seen", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Meanwhile the working tree is as it was seen first: what is asked of it again is not asked of git again."""
    before = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(before)


def _in_one_look(function: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(function)
    def asked(*arguments: P.args, **named: P.kwargs) -> T:
        seen = _seen.get()
        if seen is None:
            return function(*arguments, **named)
        key = function, arguments, *named.items()
        if key not in seen:
            seen[key] = function(*arguments, **named)
        return seen[key]  # type: ignore[no-any-return]

    return asked


def commit_of(root: Path, ref: str, option: str) -> str:
    """Return the commit that a ref names, in hexadecimal digits. Raises InputFault where there is none."""
    if not ref.strip():
        raise InputFault(f"{option} {ref}: the name of a commit is empty; give a commit, a branch or a tag")
    try:
        _git(root, "rev-parse", "--show-toplevel")
    except InputFault as fault:
        raise InputFault(f"{option} {ref}: {fault}; it needs a working tree of git") from fault
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    except InputFault as fault:
        remote, _, branch = ref.partition("/")
        known = branch and remote in _git(root, "remote").split()
        where = f"{remote} {branch}" if known else f"origin {ref}"  # a server knows its branches without its own name
        raise InputFault(
            f"{option} {ref}: no such commit in the git repository of {root}; fetch it first (in a shallow clone:"
            f" git fetch --depth 1 {where}, then {option} FETCH_HEAD; of a commit give all 40 digits)"
        ) from fault


def check_out(root: Path, commit: str, into: Path) -> Path:
    """Write the files of a commit below a folder, once, and give the project's folder there.

    Filters such as LFS apply, by the attributes of the commit. Raises InputFault.
    """
    tree, prefix = into / "tree", _git(root, "rev-parse", "--show-prefix").rstrip("\n")
    if tree.exists():
        return tree / prefix
    git_dir = _git(root, "rev-parse", "--absolute-git-dir").rstrip("\n")
    apart = {"GIT_DIR": git_dir, "GIT_WORK_TREE": str(tree), "GIT_INDEX_FILE": str(into / "index")}
    tree.mkdir()
    try:
        _git(tree, "read-tree", commit, **apart)
        _git(tree, "checkout-index", "--all", **apart)
    except InputFault as fault:
        raise InputFault(f"the files of {commit[:12]} cannot be written: {fault}; mend that and run again") from fault
    return tree / prefix


@_in_one_look
def changed_since(root: Path, commit: str) -> Sequence[str]:
    """Return the files of the repository that differ from a commit, committed or not, and those that git does not know.

    Among them are those that git keeps no longer, though they lie there as they were. Paths are relative to `root`.
    Contents are compared, in an index of its own. Raises InputFault.
    """
    top = top_of(root)
    with tempfile.TemporaryDirectory(prefix="swapgate-") as folder:
        apart = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git(top, "read-tree", commit, **apart)
        _git(top, "update-index", "-q", "--refresh", **apart)
        edited = _git(top, "diff-files", "--name-only", "-z", **apart)
        added = _git(top, "ls-files", "--others", "--exclude-standard", "-z", **apart)
    forced = _git(top, "diff-index", "--cached", "--diff-filter=A", "--name-only", "-z", commit)
    names = {*edited.split("\0"), *added.split("\0"), *forced.split("\0")} - {""}
    return sorted(os.path.relpath(path, root) for path in {*(top / name for name in names), *taken_out(root, commit)})


@_in_one_look
def tracked(root: Path) -> frozenset[Path]:
    """Return the files of the repository that git keeps. Raises InputFault."""
    top = top_of(root)
    return frozenset(top / name for name in _git(top, "ls-files", "-z").split("\0") if name)


@_in_one_look
def taken_out(root: Path, commit: str) -> frozenset[Path]:
    """Return the files of a commit that git keeps no longer, though they lie in the working tree. Raises InputFault.

    Where something else is kept in their place, as what a link leads to, they are not out.
    """
    top, kept = top_of(root), tracked(root)
    names = _git(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split("\0")
    gone = frozenset(path for path in {top / name for name in names if name} - kept if os.path.lexists(path))
    if not gone:
        return gone
    folders, real = {folder for path in kept for folder in path.parents}, {place_of(path) for path in kept}
    return frozenset(path for path in gone - folders if place_of(path) not in real)


def place_of(path: Path) -> Path:
    """Return where a file is behind links to its folder; a link itself is where it is."""
    return path.parent.resolve() / path.name


def file_of(root: Path, commit: str, path: Path) -> str:
    """Return the text that a file had in a commit; nothing where it had none."""
    with suppress(InputFault):
        return _git(root, "show", f"{commit}:{Path(os.path.relpath(path, top_of(root))).as_posix()}")
    return ""


def ignored_by(root: Path, path: Path) -> str:
    """Name the line that makes git ignore a file, as in ".gitignore:3:models/"; nothing where git keeps the file."""
    with suppress(InputFault):  # exit status 1: no line is about it
        rule = _git(root, "check-ignore", "--verbose", "--", os.path.relpath(path, root)).partition("\t")[0]
        return "" if ":!" in rule else rule
    return ""


def blob_of(root: Path, path: Path) -> str:
    """Return git's id of the content of a file, as it would keep it. Raises InputFault."""
    name = os.path.relpath(path, root)
    return _git(root, "hash-object", f"--path={name}", "--", name).strip()


@_in_one_look
def top_of(root: Path) -> Path:
    """Return the folder of the whole repository, by the way that `root` is written."""
    return Path(os.path.normpath(root / _git(root, "rev-parse", "--show-cdup").rstrip("\n")))


def ordered(root: Path, names: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return names in the order of the commits that they stand for, from the oldest; each has words that may be the
    digits of its commit, or their beginning. None where git knows no commit for one of them, or there is no git.
    """
    try:
        commits = _git(root, "rev-list", "--all", "--date-order", "--reverse").split()
    except InputFault:
        return None
    places: dict[str, int] = {}
    for name, words in names.items():
        found = {place for place, commit in enumerate(commits) for word in words if commit.startswith(word)}
        if len(found) != 1:
            return None
        places[name] = found.pop()
    return sorted(places, key=lambda name: (places[name], name))


def _git(folder: Path, *arguments: str, **variables: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(KEPT)}
    fixed = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - git, found as the user would
            ["git", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607
            cwd=folder,
            env={**inherited, **fixed, **variables},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=True,
        )
    except OSError as error:
        raise InputFault(f"git cannot be run in {folder} ({error}); install it") from error
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.split()) or f"exit status {error.returncode}"
        raise InputFault(f"git {arguments[0]} failed in {folder}: {reason}") from error
    return done.stdout
