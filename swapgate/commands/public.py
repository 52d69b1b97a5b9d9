"""The commands that deal with public models: `swapgate fetch`, `swapgate pin` and `swapgate models`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from swapgate.backends import find
from swapgate.core.faults import Fault, InputFault, SurroundingsFault
from swapgate.core.files import below
from swapgate.core.words import nearest, plain
from swapgate.models import hub
from swapgate.models.fetching import Fetched, OfflineFault, UnreachableFault, fetch, resolve
from swapgate.models.loading import TRANSFORMERS
from swapgate.models.pinning import write_pins
from swapgate.project.manifest import Manifest, Row, is_revision, read_manifest, read_row
from swapgate.trials.plan import Key
from swapgate.verdicts.models import Listed, json_text, table_text

COMMANDS = ("fetch", "pin", "models")
EXIT_FAILED = 1
MODELS_HELP = "a path, or a name in fixtures/models"


def add_public_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands and their options."""
    one = commands.add_parser("fetch", help="fetch public models from the hub into the cache of huggingface_hub")
    words = "suites, rows such as ner.small, ID@REVISION, or a TOML file with a row; all rows unless said"
    one.add_argument("wanted", nargs="*", metavar="MODEL", help=words)
    one.add_argument("--models", default="embedded", metavar="FILE", help=MODELS_HELP)
    one = commands.add_parser("pin", help="write into the models file which commits its public models are at now")
    one.add_argument("wanted", nargs="*", metavar="ROW", help="suites, or rows such as ner.small; all unless said")
    one.add_argument("--models", default="embedded", metavar="FILE", help=MODELS_HELP)
    one = commands.add_parser("models", help="list the rows of a models file, and which of their models are here")
    one.add_argument("--models", default="embedded", metavar="FILE", help=MODELS_HELP)
    one.add_argument("--json", action="store_true", help="print the same facts as JSON")


def run_public_command(asked: argparse.Namespace, root: Path, models_file: Path) -> int:
    """Run one of the commands; exit status 0, or 1 where a model could not be had. Raises InputFault."""
    manifest = read_manifest(models_file)
    if asked.command == "models":
        listed = [_listed(manifest, root, key) for key in _keys(manifest, [])]
        sys.stdout.write(json_text(listed) if asked.json else table_text(listed, sys.stdout.isatty()))
        return 0
    return _fetch(manifest, asked.wanted, root) if asked.command == "fetch" else _pin(manifest, asked.wanted, root)


def _fetch(manifest: Manifest, wanted: Sequence[str], root: Path) -> int:
    """Fetch one model after the other; one that cannot be had keeps no other from it."""
    failed = 0
    rows = dict.fromkeys((row.model, row.revision, row.allow_pickle) for row in _wanted_rows(manifest, wanted, root))
    if not rows:
        print("no public model is named; nothing to fetch")
    for model, revision, allow_pickle in rows:
        try:
            print(plain(_fetched(model, revision, allow_pickle)), flush=True)
        except OfflineFault as fault:
            here = hub.cached(model, revision, allow_pickle)
            if here.missing is not None:
                print(fault, file=sys.stderr)
                return EXIT_FAILED
            name = hub.named(model, here.commit, revision)
            print(f"{plain(name)}: here already, and not compared with the hub: HF_HUB_OFFLINE is set")
        except UnreachableFault as fault:
            print(fault, file=sys.stderr)
            return EXIT_FAILED
        except SurroundingsFault as fault:
            print(fault, file=sys.stderr)
            failed = EXIT_FAILED
    return failed


def _fetched(model: str, revision: str | None, allow_pickle: bool) -> str:
    """Fetch a model and word what was done. Raises SurroundingsFault."""
    found: Fetched = fetch(model, revision, allow_pickle)
    what = f"{hub.named(model, found.commit, revision)}: {found.bytes:,} bytes"
    return f"{what}, {found.new:,} of them fetched" if found.new else f"{what}, all here already"


def _pin(manifest: Manifest, wanted: Sequence[str], root: Path) -> int:
    """Pin rows to the commits that their branches are at now, all that can be had or none."""
    commits: dict[Key, str] = {}
    for key in _keys(manifest, wanted):
        row = _row(manifest, key)
        if not _is_public(manifest, row, root) or hub.COMMIT.fullmatch(row.revision or ""):
            continue
        try:
            commits[key] = resolve(row.model, row.revision)
        except SurroundingsFault as fault:
            print(f"{fault}; no row was changed", file=sys.stderr)
            return EXIT_FAILED
    if commits:
        try:
            write_pins(manifest.path, commits)
        except SurroundingsFault as fault:
            print(fault, file=sys.stderr)
            return EXIT_FAILED
    for key, commit in commits.items():
        row = _row(manifest, key)
        print(plain(f"{'.'.join(key)}: {row.model} {row.revision or hub.MAIN} is {commit}"))
    if not commits:
        print("nothing to pin: each public model that was asked for has a commit of 40 digits")
    return 0


def _wanted_rows(manifest: Manifest, wanted: Sequence[str], root: Path) -> Iterator[Row]:
    """Return the rows of public models that are asked for by row, id or file. Raises InputFault."""
    of_file = [one for one in wanted if one.partition(".")[0] in manifest.rows]
    for one in wanted:
        if one in of_file:
            continue
        if one.endswith(".toml"):
            yield read_row(Path.cwd() / one, None)
            continue
        model, _, revision = one.partition("@")
        if not hub.is_id(model) or (revision and not is_revision(revision)):
            raise InputFault(
                f"fetch {one}: neither a row of {manifest.path} nor ID or ID@REVISION{nearest(one, _names(manifest))}"
            )
        yield Row.model_validate({"model": model, "revision": revision or None})
    if of_file or not wanted:
        rows = [_row(manifest, key) for key in _keys(manifest, of_file)]
        yield from (row for row in rows if _is_public(manifest, row, root))


def _keys(manifest: Manifest, wanted: Sequence[str]) -> list[Key]:
    """Return the rows that are asked for by suite or SUITE.TIER; all where none is. Raises InputFault."""
    every: list[Key] = [(suite, tier) for suite, tiers in manifest.rows.items() for tier in tiers]
    for one in wanted:
        if one not in _names(manifest):
            raise InputFault(f"{manifest.path} has no row or suite {one!r}{nearest(one, _names(manifest))}")
    return [key for key in every if not wanted or key[0] in wanted or ".".join(key) in wanted]


def _names(manifest: Manifest) -> list[str]:
    return [*manifest.rows, *(f"{suite}.{tier}" for suite, tiers in manifest.rows.items() for tier in tiers)]


def _row(manifest: Manifest, key: Key) -> Row:
    return manifest.rows[key[0]][key[1]]


def _is_public(manifest: Manifest, row: Row, root: Path) -> bool:
    """Return whether a row names a public model. Raises InputFault where it names neither that nor a folder."""
    return bool(find(row, manifest.path.parent, root, to_be_used=False).fetch)


def _listed(manifest: Manifest, root: Path, key: Key) -> Listed:
    """Return what is known of a row's model without asking the hub."""
    row, name = _row(manifest, key), ".".join(key)
    try:
        source = find(row, manifest.path.parent, root, to_be_used=False)
    except Fault:
        return Listed(name, row.model, row.revision, False, "missing", None, None)
    if not source.fetch:
        state = "folder" if source.backend == TRANSFORMERS else source.backend
        contents = (None, None) if source.remote else _contents(source.folder)
        return Listed(name, source.name, row.version, False, state, *contents)
    revision = source.commit or row.revision or hub.MAIN
    if source.absent:
        return Listed(name, row.model, revision, hub.is_pinned(row.revision), "not here", None, None)
    return Listed(name, row.model, revision, hub.is_pinned(row.revision), "here", *_contents(source.folder))


def _contents(folder: Path) -> tuple[int, str | None]:
    """Return the bytes of a model's files, and the licence that its card names."""
    files = [path for path in (folder, *below(folder)) if path.is_file()]
    return sum(path.stat().st_size for path in files), hub.licence(folder)
