"""Answers that are kept between runs, under SIGKILL: ``python benchmarks/cache_faults.py``.

Two processes evaluate two sets of rows that overlap, each in batches of 8, with one cache between them; one or both of
them are killed at a random moment. After each kill another process reads all that is kept:

- nothing of it is wrong: each answer is the one that the model gives,
- nothing of it is lost: each batch that was over before the kill is there, but for the last one of each process,
- it goes on: the next run asks for the rows that are missing and for no other, and keeps them.

Now and then the file is cut off first, or bytes in it are overwritten, as a machine does that loses its power: then a
run says so or computes anew, and what it reads is right all the same. Processes are forked from this one, where
everything is imported. Writes cache_faults.json and cache_faults.md beside this file; the exit status is 1 where an
answer was wrong, or lost.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from golden_lab import forked, wait

from swapgate.trials.cache import FILE, Cache

SEED, BATCH, ROWS = 2026, 8, 400
PAUSE = 0.0005
"""Seconds that a batch of the model takes."""
DAMAGED = 10
"""After so many kills the file is damaged too."""


def key(row: int) -> bytes:
    """Return the key of a row."""
    return hashlib.sha256(f"row {row}".encode()).digest()


def answer(row: int) -> bytes:
    """Return what the model says of a row."""
    return json.dumps({"row": row, "said": "x" * (row * 37 % 900)}).encode()


def evaluate(folder: Path, rows: Sequence[int], log: Path) -> tuple[int, list[str]]:
    """Evaluate rows as a run does; notes each batch in a file once it is kept. Gives how many were asked, and notes."""
    cache, asked = Cache(folder), 0
    with log.open("a") as file:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            known = cache.read([key(row) for row in batch])
            missing = [row for row in batch if key(row) not in known]
            if missing:
                time.sleep(PAUSE)
                asked += len(missing)
                cache.write({key(row): answer(row) for row in missing})
            file.write(f"{' '.join(map(str, batch))}\n")
            file.flush()
    cache.close()
    return asked, cache.notes


def kept(folder: Path) -> dict[int, bytes]:
    """Return what a new run reads, by row."""
    cache = Cache(folder)
    found = cache.read([key(row) for row in range(ROWS)])
    cache.close()
    return {row: found[key(row)] for row in range(ROWS) if key(row) in found}


def written(logs: Sequence[Path]) -> Iterator[int]:
    """Yield the rows of all batches that were over."""
    for log in logs:
        if log.exists():
            for line in log.read_text().splitlines():
                yield from map(int, line.split())


def kill(folder: Path, draw: random.Random, number: int, usual: float) -> Counter[str]:
    """Start two processes, kill one or both, and count what came of it."""
    counts: Counter[str] = Counter()
    sets = (range(0, 3 * ROWS // 4), range(ROWS // 4, ROWS))
    logs = [folder.parent / f"log{side}" for side in range(2)]
    for log in logs:
        log.unlink(missing_ok=True)
    pids = [forked(lambda one=one, log=log: _ran(folder, one, log)) for one, log in zip(sets, logs, strict=True)]
    time.sleep(draw.uniform(0, usual))
    for pid in pids if number % 2 else pids[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    ended = [wait(pid) for pid in pids]
    counts["kills"] += sum(status < 0 for status in ended)
    counts["BAD: a process that was not killed failed"] += sum(status > 0 for status in ended)
    found = kept(folder)
    counts["BAD: wrong"] += sum(said != answer(row) for row, said in found.items())
    counts["BAD: lost"] += len({*written(logs)} - {*found})
    asked, notes = evaluate(folder, range(ROWS), folder.parent / "log")
    counts["BAD: the next run asks for others"] += asked != ROWS - len(found) or bool(notes)
    counts["BAD: the next run keeps not all"] += kept(folder) != {row: answer(row) for row in range(ROWS)}
    return counts


def _ran(folder: Path, rows: Sequence[int], log: Path) -> int:
    return int(bool(evaluate(folder, rows, log)[1]))


def damage(folder: Path, draw: random.Random) -> Counter[str]:
    """Damage the file as a loss of power does, and count what a run makes of it."""
    counts: Counter[str] = Counter({"damaged files": 1})
    path = folder / FILE
    content = bytearray(path.read_bytes())
    if draw.random() < 0.3:
        content = content[: draw.randrange(len(content))]
    else:
        for _ in range(draw.randrange(1, 40)):
            content[draw.randrange(len(content))] = draw.randrange(256)
    path.write_bytes(content)
    try:
        found = kept(folder)
        _, notes = evaluate(folder, range(ROWS), folder.parent / "log")
    except Exception as error:  # what none may see
        counts[f"BAD: {type(error).__name__} after damage"] += 1
        return counts
    counts["damaged files that were told"] += bool(notes)
    counts["damaged files that were used"] += not notes
    counts["BAD: wrong after damage"] += sum(said != answer(row) for row, said in found.items())
    return counts


def main() -> int:
    """Kill, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(""), help="path without its ending")
    asked = parser.parse_args()
    draw, counts = random.Random(SEED), Counter[str]()  # noqa: S311 - it is to be the same in each run
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "rows"
        begin = time.perf_counter()
        evaluate(folder, range(3 * ROWS // 4), Path(name) / "log")
        usual, number = 2 * (time.perf_counter() - begin), 0
        while counts["kills"] < asked.kills:
            shutil.rmtree(folder)
            number += 1
            counts += kill(folder, draw, number, usual)
            counts["BAD: wrong"] += 0
            if number % DAMAGED == 0:
                counts += damage(folder, draw)
    bad = sum(count for what, count in counts.items() if what.startswith("BAD"))
    result = {
        "command": f"python benchmarks/cache_faults.py --kills {asked.kills}",
        "rows": ROWS,
        "batch": BATCH,
        "seed": SEED,
        "kills": counts["kills"],
        "wrong": counts["BAD: wrong"] + counts["BAD: wrong after damage"],
        "lost": counts["BAD: lost"],
        "counts": dict(sorted(counts.items())),
        "surroundings": {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
    }
    asked.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    asked.output.with_suffix(".md").write_text(table(result), "utf-8")
    print(table(result))
    return int(bad > 0)


def table(result: dict[str, Any]) -> str:
    """Return what came of it as Markdown."""
    lines = [f"`{result['command']}`, SQLite {result['surroundings']['sqlite']}", "", "| | |", "|---|---|"]
    lines += [f"| {what} | {result[what]:,} |" for what in ("kills", "lost", "wrong")]
    told = {what: count for what, count in result["counts"].items() if what.startswith("damaged")}
    lines += [f"| {what} | {count:,} |" for what, count in told.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
