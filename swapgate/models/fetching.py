"""Public models from the hub, through its own client: which files, whether they are whole, and what went wrong."""

import errno
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import write_whole
from swapgate.models import hub
from swapgate.models.weights import INDEX, MERGE, is_adapter, is_plain, pickle_only, shards

WAITS = (1, 2, 4)
"""Seconds before each further attempt where the hub has trouble of its own (5xx), or a connection breaks."""
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO})
DISK |= {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
"""Errors of the system's that are about files, and not about the network."""
CUT = frozenset({"ChunkedEncodingError", "IncompleteRead", "RemoteProtocolError", "ReadError", "ReadTimeout"})
"""Errors of the libraries below the client, of its two lines of versions, for a connection that breaks."""
TIMEOUT = 60
"""Seconds to wait for the list of a model's files."""
CARD_LIMIT = 1_000_000
"""Bytes of the largest model card that is fetched along."""


class UnreachableFault(SurroundingsFault):
    """Nothing can be fetched at all, of this model or another: no route, no disk, or it is switched off."""


class OfflineFault(UnreachableFault):
    """HF_HUB_OFFLINE is set."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a public model, as the hub lists it."""

    size: int | None
    """In bytes; None where the hub does not say."""
    checksum: str | None
    """SHA-256 of a large file, the object name that git gives a small one: 64 or 40 hexadecimal digits."""


@dataclass(frozen=True)
class Fetched:
    """A public model that is in the cache now."""

    commit: str
    bytes: int
    """Of all its files."""
    new: int
    """Of those that were not there before."""


def resolve(model: str, revision: str | None) -> str:
    """Ask the hub which commit a revision is, 40 hexadecimal digits. Raises SurroundingsFault."""
    return _listing(model, revision)[0]


def fetch(model: str, revision: str | None, allow_pickle: bool) -> Fetched:
    """Fetch the files of a public model that are not in the cache yet, and check all against what the hub says.

    The client shows its progress on stderr. Raises SurroundingsFault with one message, and then what was fetched whole
    stays; UnreachableFault where another model would fare no better.
    """
    commit, listed = _listing(model, revision)
    name = hub.named(model, commit, revision)
    weights = hub.chosen_weights({*listed}, allow_pickle)
    if weights is None:
        pickle = hub.pickles({*listed})
        if is_adapter(listed):
            raise SurroundingsFault(f"{name}: an adapter and no whole model; {MERGE}")
        raise SurroundingsFault(
            pickle_only(name, pickle) if pickle else f"{name}: holds no weights that can be loaded; name another model"
        )
    folder = hub.cached(model, commit, allow_pickle).folder
    got: dict[str, tuple[int, bool]] = {}
    for _ in range(2):  # what is there then may name more
        for file in hub.chosen_settings({*listed}, folder):
            if file not in got and (file != hub.CARD or _is_short(listed[file])):
                got[file] = _fetch_file(model, commit, file, listed[file])
    got[weights] = _fetch_file(model, commit, weights, listed[weights])  # last: a model that has them is whole
    total, new = sum(size for size, _ in got.values()), sum(size for size, fresh in got.values() if fresh)
    for file in shards(folder / weights) if weights.endswith(INDEX) else ():
        if file not in listed:
            raise SurroundingsFault(f"{name}: {weights} names {file}, which is not there; name another revision")
        size, fresh = _fetch_file(model, commit, file, listed[file])
        total, new = total + size, new + fresh * size
    lacks = hub.cached(model, commit, allow_pickle).missing
    if lacks is not None:
        raise SurroundingsFault(f"{name}: holds no {lacks}, so it is no model that can be judged; name another one")
    if not (revision and hub.is_pinned(revision) and commit.startswith(revision)):
        _note(model, revision or hub.MAIN, commit)
    return Fetched(commit, total, new)


def _listing(model: str, revision: str | None) -> tuple[str, Mapping[str, RemoteFile]]:
    """Ask the hub for the commit of a revision and its files. Raises SurroundingsFault."""
    from huggingface_hub import HfApi

    found = _asked(lambda: _info(HfApi(), model, revision), model, revision, "")
    commit = str(found.sha)
    if not hub.COMMIT.fullmatch(commit) or (hub.COMMIT.fullmatch(revision or "") and commit != revision):
        raise SurroundingsFault(
            f"{hub.wanted(model, revision)}: the hub answers with commit {commit!r}; try again, or name another one"
        )
    return commit, _files(model, found.siblings)


def _info(api: Any, model: str, revision: str | None) -> Any:
    return api.model_info(model, revision=revision, files_metadata=True, timeout=TIMEOUT)


def _files(model: str, siblings: Iterable[Any] | None) -> Mapping[str, RemoteFile]:
    listed = {}
    for one in siblings or ():
        name = str(one.rfilename)  # a hub may list anything
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not all(is_plain(part) for part in name.split("/")):
            raise SurroundingsFault(
                f"{model}: the hub lists a file {name!r}, which would lie outside of its folder; nothing was"
                " fetched, do not use this model"
            )
        lfs = one.lfs or {}
        size = lfs.get("size", one.size)
        checksum = lfs.get("sha256", one.blob_id)
        known = isinstance(checksum, str) and hub.CHECKSUM.fullmatch(checksum)
        listed[name] = RemoteFile(size if isinstance(size, int) else None, checksum if known else None)
    return listed


def _is_short(card: RemoteFile) -> bool:
    return card.size is not None and card.size <= CARD_LIMIT


def _fetch_file(model: str, commit: str, name: str, listed: RemoteFile) -> tuple[int, bool]:
    """Fetch a file if it is not in the cache as the hub lists it; give its size in bytes and whether it is new."""
    try:
        return _fetch_if_wrong(model, commit, name, listed)
    except OSError as error:
        raise UnreachableFault(_disk(model, error)) from error


def _fetch_if_wrong(model: str, commit: str, name: str, listed: RemoteFile) -> tuple[int, bool]:
    from huggingface_hub import hf_hub_download

    if listed.checksum is None:
        raise SurroundingsFault(
            f"{hub.named(model, commit, commit)}: the hub lists no checksum of {name}, so it was not fetched; name"
            " another model, or ask who keeps the hub"
        )
    place = hub.place_of(model) / "snapshots" / commit / name
    wrong = _wrong(place, listed.size, listed.checksum)
    if wrong is None:
        return place.stat().st_size, False
    _remove(place)
    for _ in range(2):  # the blob that the client has may be damaged: then it is removed, and fetched anew
        path = Path(_asked(lambda: hf_hub_download(model, name, revision=commit), model, commit, name))
        wrong = "it is sent as one of another commit"
        if path == place:
            wrong = _wrong(path, listed.size, listed.checksum)
        if wrong is None:
            return path.stat().st_size, True
        _remove(path)
    raise SurroundingsFault(
        f"{hub.named(model, commit, commit)}: {name} is not what the hub lists ({wrong}), so it was not kept; try again"
    )


def _wrong(path: Path, listed: int | None, checksum: str) -> str | None:
    """Return what a file in the cache has otherwise than the bytes and checksum that the hub lists, or None."""
    if not path.is_file():
        return "it is not there"
    size = path.stat().st_size
    if listed is not None and size != listed:
        return f"{size:,} bytes, listed are {listed:,}"
    found = hub.checksum(path, len(checksum))
    return None if found == checksum else f"checksum {found[:12]}…, listed is {checksum[:12]}…"


def _remove(path: Path) -> None:
    """Remove a file from a snapshot, and what it links to where that is not what its name says."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    if hub.is_damaged(blob):
        blob.unlink()


def _note(model: str, revision: str, commit: str) -> None:
    """Write down in the cache, as its client does, which commit a branch or tag is."""
    try:
        write_whole(hub.ref_of(model, revision), commit)
    except OSError as error:
        raise UnreachableFault(_disk(model, error)) from error


def _asked(call: Callable[[], Any], model: str, revision: str | None, file: str) -> Any:
    """Ask the client, several times where that may help. Raises SurroundingsFault."""
    for wait in (*WAITS, None):
        try:
            return call()
        except Exception as error:  # the client's own, and those of two libraries below it
            status = next((code for one in _causes(error) if (code := _status(one))), 0)
            if wait is None or not (status >= 500 or (file and not status and _broke(error))):
                raise _fault(error, status, model, revision, file) from error
            time.sleep(wait)
    raise AssertionError


def _fault(error: Exception, status: int, model: str, revision: str | None, file: str) -> SurroundingsFault:
    """Word what went wrong, and what to do."""
    from huggingface_hub import constants, errors

    causes, what = list(_causes(error)), hub.wanted(model, revision)
    page = f"{constants.ENDPOINT}/{model}"

    def is_a(kind: type[Exception]) -> bool:
        return any(isinstance(one, kind) for one in causes)

    number = next((one.errno for one in causes if isinstance(one, OSError) and one.errno in DISK), None)
    if number is not None:
        disk = next(one for one in causes if isinstance(one, OSError) and one.errno == number)
        return UnreachableFault(_disk(model, disk))
    if is_a(errors.OfflineModeIsEnabled):
        return OfflineFault(f"{what} is not fetched, for HF_HUB_OFFLINE is set; unset it and try again")
    if is_a(errors.GatedRepoError):
        return SurroundingsFault(
            f"{what} is gated ({status}): ask for access at {page}, log in with: hf auth login, and try again"
        )
    if status in (401, 403):
        return SurroundingsFault(
            f"{what}: the hub refuses ({status}): there is no such model, or it is private; look at {page}; if it is"
            " yours, log in with: hf auth login"
        )
    if is_a(errors.RevisionNotFoundError):
        return SurroundingsFault(f"{what}: there is no such revision (404); look at {page}/commits/main")
    if is_a(errors.RepositoryNotFoundError):
        return SurroundingsFault(f"{what}: there is no such model (404); look for its id at {constants.ENDPOINT}")
    if status == 404:
        return SurroundingsFault(f"{what}: there is no {file or 'such page'} (404); name another revision or model")
    if status:
        return SurroundingsFault(f"{what}: the hub has trouble of its own ({status}); try again later")
    reason = " ".join(str(_deepest(error)).split())
    return UnreachableFault(
        f"{what}: the connection to {constants.ENDPOINT} failed ({type(_deepest(error)).__name__}: {reason}); nothing"
        " half-fetched is used; mend it and run the same command again"
    )


def _disk(model: str, error: OSError) -> str:
    from huggingface_hub import constants

    return (
        f"{model} cannot be written into {constants.HF_HUB_CACHE} ({error.strerror}); free some, or name another place"
        " with HF_HUB_CACHE, and run the same command again"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what it was raised from, the first cause last."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _broke(error: BaseException) -> bool:
    """Return whether a connection broke that there was; only some versions of the client try again themselves."""
    last = _deepest(error)
    names = {type(one).__name__ for one in (*_causes(error), last)}
    return bool(names & CUT) or isinstance(last, ConnectionResetError | TimeoutError)


def _deepest(error: BaseException) -> BaseException:
    """Return what the system said below the libraries."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


def _status(error: BaseException) -> int:
    """Return the HTTP status that an error of the client's carries; 0 for none."""
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)
