"""Input files named by address and checksum: where they are kept, how they are fetched, and that they are whole."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from swapgate.core.extras import lack
from swapgate.core.faults import AbsentFault, SurroundingsFault
from swapgate.core.files import user_cache

INPUTS = "SWAPGATE_INPUTS"
"""The environment variable that names the folder of fetched files; `pytest --inputs` sets it for one run."""
RETRIES = 3
"""How often a download is tried again; pooch waits 1, 2, 3 s before."""


@dataclass(frozen=True)
class Download:
    """A file of inputs that is not part of the project."""

    name: str
    """Of the file in the folder of inputs."""
    url: str
    sha256: str
    """Of its content, in hexadecimal digits."""
    models: str = "embedded"
    """The models file, as --models takes it: for the command that fetches."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_here(self) -> bool:
        """Whether there is a file of this name; what it holds is checked when it is read."""
        return (folder() / self.name).is_file()

    @property
    def path(self) -> Path:
        """Where the file is. Raises AbsentFault where there is none, SurroundingsFault where it holds something else.

        Nothing is fetched here: a run of pytest needs no network.
        """
        path = folder() / self.name
        if not self.is_here:
            raise AbsentFault(
                f"no {self.name} in {folder()}; fetch it with: swapgate inputs --models={self.models}, or give the"
                f" folder that holds it: pytest --inputs=DIR"
            )
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise SurroundingsFault(f"{path}: cannot be read ({error.strerror}); mend that and run again") from error
        if found != self.sha256:
            raise SurroundingsFault(
                f"{path}: its SHA-256 is {found}, and that of {self.url} must be {self.sha256}: it is another file, or"
                f" not whole; remove it and fetch it again: swapgate inputs --models={self.models}"
            )
        return path


def folder() -> Path:
    """Return the folder of fetched files: what SWAPGATE_INPUTS names, else one in the user's cache."""
    named = os.environ.get(INPUTS)
    return Path(named).expanduser() if named else user_cache("inputs")


def fetch(downloads: Iterable[Download]) -> Iterator[str]:
    """Fetch what is not here yet, and word what was done, a line a file.

    A file that is here and holds something else is never written over. Raises SurroundingsFault.
    """
    for one in dict.fromkeys(downloads):
        if one.is_here:
            yield f"{one.path}: is here already"
        else:
            _fetch(one)
            yield f"{one.path}: fetched from {one.url}"


def _fetch(one: Download) -> None:
    if words := lack(["inputs"]):
        raise SurroundingsFault(f"fetching {one.name} {words}; or put the file into {folder()} by hand")
    import pooch

    registry, urls = {one.name: f"sha256:{one.sha256}"}, {one.name: one.url}
    try:
        store = pooch.create(folder(), base_url="", registry=registry, urls=urls, retry_if_failed=RETRIES)
        store.fetch(one.name, progressbar=sys.stderr.isatty())
    except ValueError as error:  # what was fetched has another checksum; pooch names both and has removed it
        raise SurroundingsFault(
            f"{one.name}: {' '.join(str(error).split())} Nothing was kept; put the right file into {folder()}"
        ) from error
    except OSError as error:  # of the disk, and what requests raises
        raise SurroundingsFault(
            f"{one.name} could not be fetched from {one.url} into {folder()} ({type(error).__name__}: {error}); mend"
            " that and try again, or put the file there by hand"
        ) from error
