"""Goldens under SIGKILL and under two updates at once: ``python benchmarks/golden_faults.py``.

A project with a fake model and two tiers of 40 cases, all of whose scores have drifted, is updated

- and killed at a random moment, in one process (nine of ten times) or in two of pytest-xdist, where all of them are
  killed or the controller alone: each golden must be wholly old (every second time there is none) or wholly new; git
  must see nothing else; the next pytest must name exactly the cases that are not recorded; and the next update must
  record them and leave nothing beside them,
- by two pytests at once, each half of the cases: both halves must be recorded.

The same with `write_golden` alone and 2,000 cases, killed while it writes the file. Processes are forked from this
one, where everything is imported, so that a moment is one of the update and seldom one of an import. Writes
golden_faults.json beside this file; the exit status is 1 where anything was lost, torn or not told.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from golden_lab import CASES, TIERS, UPDATE, Lab, forked, wait

import swapgate.goldens.golden
from swapgate.core.files import write_whole
from swapgate.goldens.golden import read_golden, write_golden

MANY, SEED = 2_000, 1998


def state(goldens: dict[str, bytes | None], old: dict[str, bytes | None], new: dict[str, bytes | None]) -> str:
    """Say whether goldens are old or new, or torn: anything else."""
    found = {
        "old" if content == old[tier] else "new" if content == new[tier] else "torn"
        for tier, content in goldens.items()
    }
    return "torn" if "torn" in found else "one old, one new" if len(found) > 1 else found.pop()


def kill_runs(lab: Lab, times: int, draw: random.Random) -> Counter[str]:
    """Kill whole pytest runs until so many were killed before they ended, and count what came of it."""
    counts: Counter[str] = Counter()
    usual: dict[tuple[str, ...], float] = {}
    for number in itertools.takewhile(lambda _: counts["killed"] < times, itertools.count()):
        old, new = (lab.absent, lab.fresh) if number % 2 else (lab.old, lab.new)
        workers = ("-n", "2") if number % 20 in (4, 9) else ()
        if workers not in usual:
            usual[workers] = statistics.median(lab.seconds(*workers) for _ in range(3))
        lab.restore(old)
        pid = lab.start(*UPDATE, *workers)
        time.sleep(draw.uniform(0, 1.05 * usual[workers]))
        with suppress(ProcessLookupError):
            (os.kill if number % 40 in (4, 9) else os.killpg)(pid, signal.SIGKILL)
        counts["killed" if wait(pid) < 0 else "over before"] += 1
        while group_lives(pid):
            time.sleep(0.01)
        found = lab.goldens()
        counts[state(found, old, new)] += 1
        counts["with remains that git does not see"] += bool(lab.remains())
        counts["BAD: seen by git"] += bool(lab.seen_by_git())
        missing = {f"ner/{tier} {case}" for tier in TIERS if found[tier] != new[tier] for case in CASES}
        counts["BAD: next run names others"] += lab.red() != missing
        counts["BAD: next update"] += lab.after_update() != new or bool(lab.remains())
    return counts


def group_lives(group: int) -> bool:
    """Return whether a process of a group is still there: workers whose controller was killed end by themselves."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if fields[0] != "Z" and int(fields[2]) == group:
                return True
    return False


def run_pairs(lab: Lab, times: int) -> Counter[str]:
    """Run two pytests at once that update half of the cases each, and count what came of it."""
    counts: Counter[str] = Counter()
    for _ in range(times):
        lab.restore(lab.old)
        pids = [lab.start("-k", f"golden and {half}", *UPDATE[2:]) for half in ("odd", "even")]
        ended = [wait(pid) for pid in pids]
        counts["whole"] += ended == [0, 0] and lab.goldens() == lab.new
        counts["BAD: lost"] += ended != [0, 0] or lab.goldens() != lab.new
    return counts


def many(lab: Lab) -> tuple[Path, Path, dict[str, bytes]]:
    """Make two goldens of many cases, before and after an update; the first is also where updates are written."""
    entry = next(iter(read_golden(lab.paths["small"]).values()))
    folder = lab.folder / "many" / "ner"
    paths = {name: folder / f"{name}.json" for name in ("old", "new", "golden")}
    for name, input_digest in (("old", "0" * 16), ("new", "1" * 16)):
        write_golden(paths[name], {f"case_{number:04}": replace(entry, input=input_digest) for number in range(MANY)})
    return paths["golden"], paths["new"], {name: paths[name].read_bytes() for name in ("old", "new")}


def kill_writes(lab: Lab, times: int, draw: random.Random) -> Counter[str]:
    """Kill `write_golden` while it writes the file, and count what came of it."""
    counts: Counter[str] = Counter()
    path, new, texts = many(lab)
    entries = read_golden(new)
    reading, writing = os.pipe()

    def write_and_tell(*arguments: Any) -> None:
        os.write(writing, b"x")
        write_whole(*arguments)

    def write() -> int:
        swapgate.goldens.golden.write_whole = write_and_tell  # in the child alone
        write_golden(path, entries)
        return 0

    def start() -> int:
        path.write_bytes(texts["old"])
        pid = forked(write)
        os.read(reading, 1)
        return pid

    durations = []
    for _ in range(9):
        pid, begin = start(), time.perf_counter()
        assert wait(pid) == 0
        durations.append(time.perf_counter() - begin)
    usual = statistics.median(durations)
    for _ in range(times):
        pid = start()
        time.sleep(usual * draw.random() ** 2)  # the file is replaced early; then its folder is cleaned up
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        counts["killed" if wait(pid) < 0 else "over before"] += 1
        held = path.read_bytes()
        counts[next((name for name, text in texts.items() if text == held), "BAD: torn")] += 1
        counts["with remains that git does not see"] += any(path.parent.glob(f".{path.name}.*"))
    write_golden(path, {"one_more": next(iter(entries.values()))})
    counts["BAD: remains after the next write"] += any(path.parent.glob(f".{path.name}.*"))
    return counts


def write_pairs(lab: Lab, times: int) -> Counter[str]:
    """Let two processes write half of the entries each at once, and count what came of it."""
    counts: Counter[str] = Counter()
    path, new, texts = many(lab)
    entries = list(read_golden(new).items())
    for _ in range(times):
        path.write_bytes(texts["old"])
        reading, writing = os.pipe()

        def write(half: int, gate: int = reading, keep_closed: int = writing) -> int:
            os.close(keep_closed)
            tempfile.tempdir = str(lab.folder / "temporary") if half else None  # as for two users
            os.read(gate, 1)  # until the other end is closed: both begin at once
            write_golden(path, dict(entries[half::2]))
            return 0

        pids = [forked(lambda half=half, write=write: write(half)) for half in (0, 1)]
        os.close(reading)
        os.close(writing)
        ended = [wait(pid) for pid in pids]
        counts["whole"] += ended == [0, 0] and path.read_bytes() == texts["new"]
        counts["BAD: lost"] += ended != [0, 0] or path.read_bytes() != texts["new"]
    return counts


def measured(asked: argparse.Namespace) -> Iterator[tuple[str, dict[str, int]]]:
    """Return what came of each part."""
    draw = random.Random(SEED)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        if asked.writes:
            yield "write_golden killed", dict(kill_writes(lab, asked.writes, draw))
        if asked.write_pairs:
            yield "two write_golden at once", dict(write_pairs(lab, asked.write_pairs))
        shutil.rmtree(lab.folder / "many", ignore_errors=True)
        if asked.pairs:
            yield "two pytests at once", dict(run_pairs(lab, asked.pairs))
        if asked.kills:
            yield "pytest killed", dict(kill_runs(lab, asked.kills, draw))


def main() -> None:
    """Do all of it, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, times in (("kills", 200), ("pairs", 50), ("writes", 1_000), ("write-pairs", 200)):
        parser.add_argument(f"--{name}", type=int, default=times)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked = parser.parse_args()
    os.environ.pop("CI", None)  # where it is set no golden is written
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    result = {"command": "python benchmarks/golden_faults.py", "seed": SEED, "parts": {}}
    for name, counts in measured(asked):
        print(name, counts, flush=True)
        result["parts"][name] = counts
    asked.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    bad = [f"{name}: {what}" for name, counts in result["parts"].items() for what in counts if bad_count(what, counts)]
    if bad:
        sys.exit("; ".join(bad))


def bad_count(what: str, counts: dict[str, int]) -> bool:
    """Return whether something happened that must not."""
    return counts[what] > 0 and (what.startswith("BAD") or what == "torn")


if __name__ == "__main__":
    main()
