"""The command `swapgate anchor`: a reviewer lets the accepted model be what a tier is compared with from now on."""

import argparse
from datetime import date
from pathlib import Path

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.words import nearest, plain
from swapgate.goldens.anchors import Moved, Remembered, digest_of, move, read_rows, rows_beside
from swapgate.goldens.golden import golden_path
from swapgate.goldens.moves import figures_of
from swapgate.goldens.pending import on_ci
from swapgate.goldens.provenance import told_apart
from swapgate.project.manifest import read_manifest


def add_anchor_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("tier", metavar="SUITE.TIER", help="such as ner.small")
    parser.add_argument("--reason", required=True, help="why, for whoever reads the file of its rows")
    parser.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")


def move_anchor(root: Path, models_file: Path, asked: argparse.Namespace) -> str:
    """Let the accepted model be the anchor; gives what to say. Raises Fault, and then nothing is written."""
    manifest = read_manifest(models_file)
    known = [f"{suite}.{tier}" for suite, tiers in manifest.rows.items() for tier in tiers]
    if asked.tier not in known:
        raise InputFault(f"{asked.tier}: {models_file.name} has no such tier{nearest(asked.tier, known)}")
    if on_ci():
        raise InputFault("swapgate anchor where CI is set: a CI moves no anchor; move it on your machine and commit it")
    if not asked.reason.strip():
        raise InputFault('swapgate anchor: --reason is empty; say why, as in --reason "labels were corrected in May"')
    suite, _, tier = asked.tier.partition(".")
    golden = golden_path(root, manifest.name, suite, tier)
    before, after = _both(golden, suite, tier)
    metric, figures, rows = figures_of(manifest.tasks[suite], before, after)
    names, digests = (before.made_by.model, after.made_by.model), (before.made_by.digest, after.made_by.digest)
    moved = Moved(date.today().isoformat(), asked.reason.strip(), names, digests, metric, figures, rows)
    try:
        move(golden, moved)
    except OSError as error:
        raise SurroundingsFault(f"{golden.parent} cannot be written to ({error}); mend that and try again") from error
    then, now = told_apart((names[0], digests[0]), (names[1], digests[1]))
    told = "they have no row in common"
    if figures:
        told = f"{metric} {figures[0]:.4f} → {figures[1]:.4f} on the {rows:,} rows that both have"
    paths = " and ".join(path.relative_to(root).as_posix() for path in rows_beside(golden))
    return plain(f"{asked.tier}: the anchor was {then} and is {now}; {told}; commit {paths}") + "\n"


def _both(golden: Path, suite: str, tier: str) -> tuple[Remembered, Remembered]:
    """Return the rows of the anchor and of the accepted model. Raises InputFault where there are not both."""
    before, after = map(read_rows, rows_beside(golden))
    digest, record = digest_of(golden), f'pytest -m "{suite} and {tier} and not latency" --snapshot-update'
    if before is None:
        raise InputFault(f"{suite}.{tier}: no rows of an anchor are remembered; record them with: {record}")
    if before.made_by.digest == digest:
        raise InputFault(f"{suite}.{tier}: {before.made_by.model}, the accepted model, is the anchor already")
    if after is None or after.made_by.digest != digest:
        raise InputFault(f"{suite}.{tier}: no rows of the accepted model are remembered; record them with: {record}")
    return before, after
