"""The command `swapgate`: what is done with the files of a run."""

import argparse
import sys
from pathlib import Path

from swapgate.faults import InputFault
from swapgate.reports.facts import read_report
from swapgate.reports.tiers import FORMATS

EXIT_FAULT = 4


def main(arguments: list[str] | None = None) -> int:
    """Run a command; exit status 0, 2 for a wrong call, 4 for a file that is not what it should be."""
    parser = argparse.ArgumentParser(prog="swapgate", description="Reports of model swaps that pytest judged.")
    commands = parser.add_subparsers(dest="command", required=True)
    tiers = commands.add_parser("tiers", help="print the table of tiers from a verdict JSON")
    tiers.add_argument("verdict", type=Path, help="what pytest --verdict-json wrote")
    tiers.add_argument("--format", choices=sorted(FORMATS), default="text")
    asked = parser.parse_args(arguments)
    try:
        sys.stdout.write(FORMATS[asked.format](read_report(asked.verdict)))
    except InputFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_FAULT
    return 0
