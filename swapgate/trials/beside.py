"""Rows that a command asks several models for: as a run asks them, with its threads, its batches and what it keeps."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from swapgate.models.devices import cores, wait_idly
from swapgate.outputs.prediction import Prediction
from swapgate.project.configuration import configured_threads, threads
from swapgate.tasks.case import Case
from swapgate.trials.cache import CACHE, Cache, cache_folder, recalled_words
from swapgate.trials.evaluating import answered, evaluating, threads_for
from swapgate.trials.plan import Plan
from swapgate.trials.progress import Advance
from swapgate.trials.running import Model


def add_row_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that ask for rows."""
    parser.add_argument("--threads", type=threads, metavar="N", help="compute rows with N threads; with all cores")
    parser.add_argument("--no-cache", action="store_true", help=f"ask for each row, and keep no answer ({CACHE})")


@dataclass(frozen=True)
class Rows:
    """How rows are asked for."""

    threads: int | None
    """As many as there are cores where it is None."""
    cache: Cache | None
    notes: list[str] = field(default_factory=list)
    """What a reader should know: how many were not asked for, and why none are kept."""

    def beside(
        self, models: Sequence[Model], path: Path, rows: Iterator[Case], advance: Advance
    ) -> Iterator[tuple[Case, tuple[Prediction, ...]]]:
        """Yield the rows of a file with what each model says. Raises ModelFault or SurroundingsFault with its name."""
        told = [*[lambda _: None] * (len(models) - 1), advance]
        asked = [
            evaluating(model, path, tell, self.cache, threads_for(model, self.threads, cores()))
            for model, tell in zip(models, told, strict=True)
        ]
        with closing(answered(asked, rows)) as found, closing(self.cache) if self.cache else nullcontext():
            for one, said in found:
                yield one.row, tuple(answer.prediction for answer in said)
        words = [f"{one.model.source.name} {one.recalled:,} of {one.answered:,} rows" for one in asked if one.recalled]
        self.notes.extend([recalled_words(words)] if words else [])
        self.notes.extend(self.cache.notes if self.cache else [])


def rows_as(asked: argparse.Namespace, plan: Plan) -> Rows:
    """Return how rows are asked for by the options of a command, and the threads that pytest's configuration or the
    models file names. Raises InputFault.
    """
    wait_idly()
    return Rows(asked.threads or threads_said(plan), None if asked.no_cache else Cache(cache_folder()))


def threads_said(plan: Plan) -> int | None:
    """Return the threads that pytest's configuration or else the models file asks for. Raises InputFault."""
    return configured_threads(plan.root) or plan.manifest.threads
