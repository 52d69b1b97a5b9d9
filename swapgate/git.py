"""What git knows of the project: the files of a commit, and which files changed since."""

import os
import subprocess
from pathlib import Path

from swapgate.faults import InputFault


def commit_of(root: Path, ref: str, option: str) -> str:
    """Give the commit that a ref names, 40 hexadecimal digits. Raises InputFault where there is none."""
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    except InputFault as fault:
        raise InputFault(
            f"{option} {ref}: no such commit in the git repository of {root}; fetch it first (in a shallow clone:"
            f" git fetch --depth 1 origin {ref}, then {option} FETCH_HEAD)"
        ) from fault


def merge_base(root: Path, commit: str) -> str:
    """Give the last commit that HEAD shares with another one; that one where they share none."""
    try:
        return _git(root, "merge-base", "HEAD", commit).strip()
    except InputFault:
        return commit


def check_out(root: Path, commit: str, into: Path) -> Path:
    """Write the files of a commit below an empty folder, and give the project's folder there.

    Neither the working tree nor git's index is touched; filters such as LFS apply. Raises InputFault.
    """
    top, prefix = _git(root, "rev-parse", "--show-toplevel").strip(), _git(root, "rev-parse", "--show-prefix").strip()
    index = {"GIT_INDEX_FILE": str(into / "index")}
    _git(Path(top), "read-tree", commit, **index)
    _git(Path(top), "checkout-index", "--all", "--quiet", f"--prefix={into / 'tree'}/", **index)
    return into / "tree" / prefix


def changed_since(root: Path, commit: str) -> list[str]:
    """Give the files of the project that differ from a commit, committed or not, and those that git does not know.

    Paths are relative to `root`. Raises InputFault.
    """
    edited = _git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--", ".")
    unknown = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*edited.split("\0"), *unknown.split("\0")} - {""})


def file_of(root: Path, commit: str, path: Path) -> str:
    """Give the text that a file of the project had in a commit; nothing where it had none."""
    try:
        return _git(root, "show", f"{commit}:./{path.relative_to(root).as_posix()}")
    except (InputFault, ValueError):  # the latter: outside of the project
        return ""


def _git(folder: Path, *arguments: str, **variables: str) -> str:
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | variables
    try:
        done = subprocess.run(  # noqa: S603 - git, found as the user would
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            env=surroundings,
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise InputFault(f"git cannot be run in {folder} ({error}); install it") from error
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
        raise InputFault(f"git {arguments[0]} failed in {folder}: {reason}") from error
    return done.stdout
