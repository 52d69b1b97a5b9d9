"""Public models: what names one, and where huggingface_hub's cache keeps it. Nothing is asked of the hub here."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import below
from swapgate.models.digest import SETTINGS, TEMPLATES, VOCABULARIES, is_named, needs_vocabulary
from swapgate.models.weights import INDEX, PICKLE, SAFE, kinds, shards
from swapgate.tasks import tasks

COMMIT = re.compile(r"[0-9a-f]{40}")
CHECKSUM = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
"""How the hub names the content of a file: as git does, or a large one by its SHA-256."""
SHORT = re.compile(r"[0-9a-f]{7,40}")
"""A commit, or how one begins."""
MAIN = "main"
"""The branch that is meant where no revision is named."""
CARD = "README.md"
LICENCES = 100
"""The most licences of a card that are told, and the most letters of each."""
READS = ("tokenizer.json", "preprocessor_config.json", "processor_config.json", *VOCABULARIES)
"""Files of which a tokenizer or processor is made; each model has one of them that does not read bare letters."""


@dataclass(frozen=True)
class Snapshot:
    """The files of a public model at one commit, as far as they are in the cache."""

    commit: str | None
    """40 hexadecimal digits; None where the cache does not know which one is meant."""
    folder: Path
    missing: str | None
    """The first file that is not there; None where all are."""


def is_id(name: str) -> bool:
    """Return whether a name has the form of a public model's id: NAME or ORGANISATION/NAME."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def is_pinned(revision: str | None) -> bool:
    """Return whether a revision is a commit, if only its beginning, and cannot move."""
    return revision is not None and SHORT.fullmatch(revision) is not None


def named(model: str, commit: str | None, revision: str | None) -> str:
    """Return the name of a public model in messages, tables and goldens: with the beginning of its commit."""
    return f"{model}@{commit[:12] if commit else revision or MAIN}"


def wanted(model: str, revision: str | None) -> str:
    """Return a public model as `swapgate fetch` takes it."""
    return f"{model}@{revision}" if revision else model


def cached(model: str, revision: str | None, allow_pickle: bool) -> Snapshot:
    """Look a public model up in the cache, which is where huggingface_hub says (HF_HUB_CACHE, HF_HOME)."""
    place = place_of(model)
    commit = _commit(place, revision or MAIN)
    folder = place / "snapshots" / (commit or revision or MAIN)
    return Snapshot(commit, folder, _missing(folder, allow_pickle) if commit else "config.json")


def place_of(model: str) -> Path:
    """Return the folder that the cache has for a public model."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser() / f"models--{model.replace('/', '--')}"


def ref_of(model: str, revision: str) -> Path:
    """Return the file in which the cache keeps the commit of a branch or tag."""
    return place_of(model) / "refs" / revision


def chosen_weights(names: list[str] | set[str], allow_pickle: bool) -> str | None:
    """Return the file that weights are loaded from, or the index of several; None where there is none that may be."""
    return next((name for name in kinds(allow_pickle) if name in names), None)


def chosen_settings(names: list[str] | set[str], folder: Path) -> list[str]:
    """Return the files besides the weights that a model needs, of those that there are, and its card; also those that a
    task reads by itself, with what one of these names where it is in `folder` already.
    """
    own = [pattern for task in {*tasks().values()} for pattern in task.settings.read_in(folder)]
    beside = sorted(name for name in names if is_named(name, (*TEMPLATES, *own)))
    return [*(name for name in (*SETTINGS, *VOCABULARIES, CARD) if name in names), *beside]


def changed(folder: Path) -> str | None:
    """Name a file of a snapshot whose content is not what its place in the cache is named after; None where all are."""
    links = [path for path in below(folder) if path.is_symlink()]
    return next((path.relative_to(folder).as_posix() for path in links if is_damaged(path.resolve())), None)


def is_damaged(blob: Path) -> bool:
    """Return whether a file of the cache that is named after its content holds another one."""
    named = CHECKSUM.fullmatch(blob.name) is not None and blob.is_file()
    return named and checksum(blob, len(blob.name)) != blob.name


def checksum(path: Path, digits: int) -> str:
    """Return the SHA-256 of a file, or where 40 digits are asked for the name that git gives its content."""
    whole = hashlib.sha256() if digits == 64 else hashlib.sha1(f"blob {path.stat().st_size}\0".encode())  # noqa: S324
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            whole.update(piece)
    return whole.hexdigest()


@contextmanager
def offline() -> Iterator[None]:
    """Let the client ask nobody, whatever the libraries above it want."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def pickles(names: list[str] | set[str]) -> str | None:
    """Return the pickle in which a model keeps its weights."""
    return next((name for name in (PICKLE, f"{PICKLE}{INDEX}") if name in names), None)


def _commit(place: Path, revision: str) -> str | None:
    """Return the commit that the cache knows for a revision, whether all of its files are there or not."""
    if COMMIT.fullmatch(revision):
        return revision
    try:
        commit = (place / "refs" / revision).read_text(encoding="ascii").strip()
        if COMMIT.fullmatch(commit):
            return commit
    except (OSError, ValueError):
        pass
    if SHORT.fullmatch(revision):
        found = [path.name for path in (place / "snapshots").glob(f"{revision}*") if COMMIT.fullmatch(path.name)]
        if len(found) == 1:
            return found[0]
    return None


def _missing(folder: Path, allow_pickle: bool) -> str | None:
    """Name the first file that a snapshot lacks: a download that broke off leaves some."""
    try:
        there = {path.name for path in folder.iterdir() if path.is_file()}  # a link may lead nowhere
    except OSError:
        there = set()
    if "config.json" not in there:
        return "config.json"
    if not there & {*READS} and _needs_vocabulary(folder):
        return " or ".join(READS[:2])
    weights = chosen_weights(there, allow_pickle)
    if weights is None:
        return SAFE
    try:
        parts = shards(folder / weights) if weights.endswith(INDEX) else []
    except SurroundingsFault:
        parts = []  # its digest will say so
    return next((name for name in parts if name not in there), None)


def _needs_vocabulary(folder: Path) -> bool:
    try:
        return needs_vocabulary(folder)
    except SurroundingsFault:
        return True


def licence(folder: Path) -> str | None:
    """Return the licence that the card of a model names; None where there is no card, or it does not say."""
    from huggingface_hub.repocard import metadata_load

    try:
        said = (metadata_load(folder / CARD) or {}).get("license")
    except Exception:  # cards are written by hand
        return None
    names = [said] if isinstance(said, str) else said[:LICENCES] if isinstance(said, list) else []
    return ", ".join(name[:LICENCES] for name in names if isinstance(name, str)) or None
