"""The command `swapgate`: what is done with the files of a run."""

import argparse
import sys
from pathlib import Path

from swapgate import __version__
from swapgate.faults import InputFault
from swapgate.reports.facts import read_report, schema_text
from swapgate.reports.tiers import FORMATS

EXIT_FAULT = 4


def main(arguments: list[str] | None = None) -> int:
    """Run a command; exit status 0, 2 for a wrong call, 4 for a file that is not what it should be."""
    parser = argparse.ArgumentParser(prog="swapgate", description="Reports of model swaps that pytest judged.")
    parser.add_argument("--version", action="version", version=f"swapgate {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    tiers = commands.add_parser("tiers", help="print the table of tiers from a verdict JSON")
    tiers.add_argument("verdict", type=Path, metavar="PATH", help="what pytest --verdict-json wrote")
    tiers.add_argument("--format", choices=sorted(FORMATS), default="text", help="text unless asked")
    commands.add_parser("schema", help="print the JSON schema of a verdict JSON")
    asked = parser.parse_args(arguments)
    try:
        text = schema_text() if asked.command == "schema" else FORMATS[asked.format](read_report(asked.verdict))
    except InputFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_FAULT
    sys.stdout.write(text)
    return 0
