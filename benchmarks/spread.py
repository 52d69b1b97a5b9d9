"""How much Ray's workers compute, and what comes of killing them: ``python benchmarks/spread.py``.

Two workers of a cluster on this machine, with one thread each, are asked the rows of a set of texts, beside two plain
processes with one thread that are asked half of them each; in turn, warm, in pairs. The model is a BERT of four layers
and 384 hidden places with random weights. Then one worker is killed at a random moment of each of several runs, and the
figures of the set are compared with those of one process. Writes spread.json beside this file.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import platform
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import evaluation_speed as speed

from swapgate.models.devices import cores
from swapgate.models.loading import surroundings
from swapgate.trials.evaluating import tally_of
from swapgate.trials.spread import LOCAL, Spread

WORKERS = 2


def middling(folder: Path) -> str:
    """Write a BERT of four layers with random weights; gives its task."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(speed.ZOO / "sentiment" / "original")
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=384,
        num_hidden_layers=4,
        num_attention_heads=6,
        intermediate_size=1536,
        id2label=dict(enumerate(speed.LABELS)),
    )
    transformers.set_seed(speed.SEED)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    return "text-classification"


def opened(folder: Path, rows: int, start: int, stop: int) -> Any:
    """Write the model, and of so many rows those from `start` to before `stop`; gives the model and the set."""

    def some(place: Path, _count: int, draw: random.Random) -> Iterator[dict[str, Any]]:
        yield from itertools.islice(speed.texts(place, rows, draw), start, stop)

    return speed.prepared(folder, middling, some, stop - start)[:2]


def plain(folder: Path, rows: int, start: int, stop: int, told: Any) -> None:
    """Answer some rows each time that it is told to, in a process of its own."""
    model, evaluation = opened(folder, rows, start, stop)
    while told.recv():
        model.tally = None
        tally_of(model, evaluation)
        told.send(True)


@contextmanager
def processes(folder: Path, rows: int) -> Iterator[speed.Loop]:
    """Start plain processes that share the rows; gives what lets all of them answer once."""
    make, ends = multiprocessing.get_context("spawn"), []
    for at in range(WORKERS):
        here, there = make.Pipe()
        start, stop = (rows * each // WORKERS for each in (at, at + 1))
        make.Process(target=plain, args=(folder / f"plain{at}", rows, start, stop, there), daemon=True).start()
        ends.append(here)

    def run() -> None:
        for end in ends:
            end.send(True)
        for end in ends:
            end.recv()

    yield run
    for end in ends:
        end.send(False)


def workers() -> list[int]:
    """Return the processes of Ray's actors on this machine."""
    found = []
    for place in Path("/proc").iterdir():
        with suppress(OSError):
            if place.name.isdecimal() and (place / "cmdline").read_bytes().startswith(b"ray::Worker"):
                found.append(int(place.name))
    return found


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked = parser.parse_args()
    spread, chance = Spread(LOCAL), random.Random(speed.SEED)  # noqa: S311
    with tempfile.TemporaryDirectory() as name, processes(Path(name), asked.rows) as together:
        model, evaluation = opened(Path(name) / "spread", asked.rows, 0, asked.rows)

        def run() -> None:
            model.tally = None
            tally_of(model, evaluation, spread=spread)

        timed = speed.beside({"suite": run, "plain processes": together}, asked.pairs)
        alone = tally_of_one(model, evaluation)
        killed, same = 0, 0
        for _ in range(asked.kills):
            moment = chance.uniform(0.1, 0.8) * timed["suite seconds"]
            victim = threading.Timer(moment, lambda: os.kill(chance.choice(workers()), signal.SIGKILL))
            victim.start()
            run()
            killed += victim.finished.is_set()
            victim.cancel()
            same += model.tally.figures() == alone
    spread.close()
    ratio, low, high = (round(1 / one, 3) for one in timed["beside plain processes"])
    found = {
        "command": " ".join(["python", "benchmarks/spread.py", *sys.argv[1:]]),
        "rows": asked.rows,
        "pairs": asked.pairs,
        "seconds": {"ray": timed["suite seconds"], "plain processes": timed["plain processes seconds"]},
        "throughput beside plain processes, median, lowest, highest": [ratio, high, low],
        "runs with a worker killed": killed,
        "of these with the figures of one process": same,
        "processes of Ray left behind": len(workers()),
        "surroundings": {**surroundings(), "processor": platform.machine(), "cores": cores()},
    }
    asked.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def tally_of_one(model: Any, evaluation: Any) -> Any:
    """Return the figures that this process comes to by itself."""
    model.tally = None
    return tally_of(model, evaluation).figures()


if __name__ == "__main__":
    main()
