"""The command `swapgate`: what is done with the files of a run."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from swapgate import __version__, tasks
from swapgate.commands.accepting import accept_loss, add_accept_options
from swapgate.commands.anchoring import add_anchor_options, move_anchor
from swapgate.commands.documentation import add_tasks_options, tasks_text
from swapgate.commands.historical import add_history_options, write_history
from swapgate.commands.importing import add_import_options, import_rows
from swapgate.commands.labelling import add_label_options, label
from swapgate.commands.powering import add_power_options, told_power
from swapgate.commands.public import COMMANDS, EXIT_FAILED, add_public_commands, run_public_command
from swapgate.commands.review import add_review_options, review
from swapgate.commands.starting import add_init_options, init
from swapgate.commands.web import review_in_browser
from swapgate.core.faults import Fault, InputFault, SurroundingsFault
from swapgate.core.words import plain
from swapgate.inputs.downloads import INPUTS, Download, fetch
from swapgate.project.cases import cases_of
from swapgate.project.configuration import TASKS, configured
from swapgate.project.manifest import MODELS_FOLDER, read_manifest
from swapgate.trials.cache import CACHE, cache_folder, clear, told
from swapgate.verdicts.calibrated import add_calibrate_options, calibrated
from swapgate.verdicts.facts import read_report, schema_text
from swapgate.verdicts.tiers import FORMATS

EXIT_FAULT = 4
EXIT_INTERRUPTED = 130
"""What a shell says of a program that SIGINT ends."""
EXIT_UNREAD = 141
"""What a shell says of a program that SIGPIPE ends."""


def project_root(folder: Path) -> Path:
    """Return the folder of the project that a folder is in: that with fixtures/models, or the folder itself."""
    return next((one for one in (folder, *folder.parents) if (one / "fixtures" / MODELS_FOLDER).is_dir()), folder)


def project(folder: Path, models: str) -> tuple[Path, Path]:
    """Find the project that a folder is in, and a models file: a path, or a name in fixtures/models.

    Raises InputFault.
    """
    root = project_root(folder)
    models_file = folder / models if models.endswith(".toml") else root / "fixtures" / "models" / f"{models}.toml"
    if not models_file.is_file():
        raise InputFault(f"no models file {models_file}; give --models a path or a name in fixtures/models")
    discover_tasks(root)
    return root, models_file


def project_or_none(folder: Path, models: str) -> tuple[Path, Path | None]:
    """Find the project that a folder is in, and its models file where there is one; a path must be one.

    Raises InputFault.
    """
    root = project_root(folder)
    if not models.endswith(".toml") and not (root / "fixtures" / MODELS_FOLDER / f"{models}.toml").is_file():
        discover_tasks(root)
        return root, None
    return project(folder, models)


def person() -> Callable[[str], str] | None:
    """Return what asks a person; None where nobody is at the terminal."""
    return input if sys.stdin.isatty() else None


def discover_tasks(root: Path) -> None:
    """Find the tasks that there are for a project, also those that its configuration of pytest names.

    Raises InputFault.
    """
    tasks.discover(configured(root, TASKS), root)


def inputs_of(root: Path, models_file: Path) -> Iterator[str]:
    """Fetch the input files that the cases of a models file name by address, a line each. Raises Fault."""
    manifest = read_manifest(models_file)
    found: list[Download] = []
    for suite, tiers in manifest.rows.items():
        for label_set in dict.fromkeys(row.label_set for row in tiers.values()):
            found += cases_of(manifest, root, suite, label_set).downloads
    yield from fetch(found) if found else ["no case names an input by address; nothing to fetch"]


def _fetch_inputs(root: Path, models_file: Path) -> int:
    """Fetch input files and tell it; gives the exit status. Raises InputFault."""
    try:
        for line in inputs_of(root, models_file):
            print(plain(line), flush=True)
    except SurroundingsFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_FAILED
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Exit status 0, 1 for what could not be fetched and a FAIL of `label`, 7 where that has too few rows, 2 for a wrong
    call, 4 for a file that is not what it should be, 141 where nobody reads on what it prints, as behind `| head`: then
    it ends without a word.
    """
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # Python flushes once more when it ends
        return EXIT_UNREAD


def _run(arguments: list[str] | None) -> int:
    """Run a command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="swapgate", description="Reports of model swaps that pytest judged.")
    parser.add_argument("--version", action="version", version=f"swapgate {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_init_options(commands.add_parser("init", help="write the files of a project of your own, for a model"))
    tiers = commands.add_parser("tiers", help="print the table of tiers from a verdict JSON")
    tiers.add_argument("verdict", type=Path, metavar="PATH", help="what pytest --verdict-json wrote")
    tiers.add_argument("--format", choices=sorted(FORMATS), default="text", help="text unless asked")
    add_history_options(commands.add_parser("history", help="draw figures over runs, from a folder of verdict JSONs"))
    look = commands.add_parser("review", help="look at what differs from the goldens, and accept or reject it")
    add_review_options(look)
    add_accept_options(commands.add_parser("accept-loss", help="let a candidate lose some cases, with a reason"))
    add_anchor_options(commands.add_parser("anchor", help="let the accepted model be the tier's anchor, with a reason"))
    add_import_options(commands.add_parser("import", help="make cases or an evaluation set of files that others wrote"))
    add_label_options(commands.add_parser("label", help="label only the rows on which two models differ"))
    add_power_options(commands.add_parser("power", help="tell before a run what a tier's evaluation set can show"))
    add_calibrate_options(
        commands.add_parser("calibrate", help="measure a model beside itself or a twin, propose its limits")
    )
    inputs = commands.add_parser(
        "inputs", help=f"fetch the input files that cases name by address, into {INPUTS} or the user's cache"
    )
    inputs.add_argument("--models", default="embedded", metavar="FILE", help="a path, or a name in fixtures/models")
    kept = commands.add_parser("cache", help=f"tell how many answers to rows are kept between runs ({CACHE})")
    kept.add_argument("--clear", action="store_true", help="remove all of them")
    add_public_commands(commands)
    add_tasks_options(commands.add_parser("tasks", help="list the tasks, or tell the keys of one"))
    commands.add_parser("schema", help="print the JSON schema of a verdict JSON")
    asked = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # letters that a terminal does not know are told by their numbers
            stream.reconfigure(errors="backslashreplace")
    try:
        if asked.command == "review":
            root, models_file = project(Path.cwd(), asked.models)
            (review_in_browser if asked.web else review)(root, models_file, vars(asked))
            return 0
        if asked.command == "history":
            sys.stdout.write(write_history(Path.cwd(), asked))
            return 0
        if asked.command == "accept-loss":
            sys.stdout.write(accept_loss(*project(Path.cwd(), asked.models), asked))
            return 0
        if asked.command == "anchor":
            sys.stdout.write(move_anchor(*project(Path.cwd(), asked.models), asked))
            return 0
        if asked.command == "init":
            root = project_root(Path.cwd())
            discover_tasks(root)
            sys.stdout.write(init(root, asked, person()))
            return 0
        if asked.command == "import":
            sys.stdout.write(import_rows(*project_or_none(Path.cwd(), asked.models), asked))
            return 0
        if asked.command == "power":
            sys.stdout.write(told_power(*project(Path.cwd(), asked.models), asked))
            return 0
        if asked.command == "label":
            said, status = label(*project(Path.cwd(), asked.models), asked)
            sys.stdout.write(said)
            return status
        if asked.command == "calibrate":
            where = project(Path.cwd(), asked.models)
            sys.stdout.write(calibrated(*where, asked, sys.stdout.isatty()))
            return 0
        if asked.command == "inputs":
            return _fetch_inputs(*project(Path.cwd(), asked.models))
        if asked.command == "cache":
            print((clear if asked.clear else told)(cache_folder()))
            return 0
        if asked.command == "tasks":
            discover_tasks(project_root(Path.cwd()))
            sys.stdout.write(tasks_text(asked.task))
            return 0
        if asked.command in COMMANDS:
            return run_public_command(asked, *project(Path.cwd(), asked.models))
        text = schema_text() if asked.command == "schema" else FORMATS[asked.format](read_report(asked.verdict))
    except Fault as fault:
        print(fault, file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        print(f"swapgate {asked.command}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    sys.stdout.write(text)
    return 0
