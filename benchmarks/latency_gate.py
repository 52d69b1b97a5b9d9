"""How often the latency gate errs, beside pytest-benchmark: ``python benchmarks/latency_gate.py`` on an idle machine.

A BERT of 20 layers is the incumbent. Candidates are its copy and BERTs of 21, 22, 24 and 25 layers that do a few more
multiplications, as many as make them 5, 10, 20 and 25 % slower: real work, measured over thousands of pairs. Each trial
measures incumbent and candidate at a budget of 1.05, and records both as two runs of pytest-benchmark do, one after the
other, compared with --benchmark-compare-fail. Trials of all candidates take turns. All of it once on a quiet machine
and once while another process keeps one core busy.

Also measured: what the clock adds to a call that does nothing. Writes latency_gate.json, .md and .svg beside this file.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_benchmark.stats import Stats
from pytest_benchmark.utils import parse_compare_fail
from scipy.stats import binomtest

from swapgate.core.extras import lack
from swapgate.statistics import latency

HERE = Path(__file__)
AT_MOST, SEED, LAYERS = 1.05, 1939, 20
TRIALS = {1.0: 600, 1.05: 200, 1.1: 100, 1.2: 100, 1.25: 100}
"""From what a candidate takes, as a multiple of the incumbent's time, to the number of trials."""
ROUNDS, WARMUP = 20, 3
"""Of a run of pytest-benchmark, as the suite records them."""
CHECKS = ("mean:5%", "mean:10%", "min:5%")
SIZES = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 64}

Call = Callable[[], object]


def bert(layers: int, more: int = 0, **sizes: int) -> Call:
    """Return a call of a BERT with random weights on 32 tokens, and of `more` multiplications after it."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(SEED)
    model = BertModel(BertConfig(num_hidden_layers=layers, **{**SIZES, **sizes})).eval()
    extra = torch.nn.Linear(model.config.hidden_size, 32)
    tokens = torch.arange(32)[None]

    def call() -> object:
        with torch.inference_mode():
            found = model(tokens).last_hidden_state
            for _ in range(more):
                extra(found)
        return found

    return call


def ratios(model: Call, reference: Call, pairs: int) -> list[float]:
    """Return the ratios of many pairs, after some that do not count."""
    found = []
    with latency._without_collection():
        for pair in range(-8, pairs):
            order = (model, reference) if pair % 2 else (reference, model)
            seconds = {call: latency._seconds(call, lambda: None) for call in order}
            found.append(seconds[model] / seconds[reference])
    return found[8:]


def candidate(reference: Call, ratio: float) -> Call:
    """Return a model that takes `ratio` times the incumbent's time: a few layers more, and what is missing to it."""
    layers = LAYERS + round((ratio - 1) * LAYERS)
    if ratio == 1.0:
        return bert(LAYERS)
    if statistics.median(ratios(bert(layers), reference, 800)) > ratio:
        layers -= 1
    low, high = 0, 64
    while high - low > 1:
        middle = (low + high) // 2
        found = statistics.median(ratios(bert(layers, middle), reference, 800))
        low, high = (middle, high) if found < ratio else (low, middle)
    return bert(layers, high)


def recorded(call: Call) -> dict[str, float]:
    """Time a call as a run of pytest-benchmark does, and give what it compares."""
    for _ in range(WARMUP):
        call()
    stats = Stats()
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        stats.update(time.perf_counter() - start)
    return {"mean": stats.mean, "min": stats.min}


def trials(most: float) -> Iterator[float]:
    """Return the ratios whose turn it is, so that those with fewer trials are spread over all of the time."""
    counts = {ratio: max(1, round(count * most)) for ratio, count in TRIALS.items()}
    longest = max(counts.values())
    for turn in range(longest):
        for ratio, count in counts.items():
            if (turn + 1) * count // longest > turn * count // longest:
                yield ratio


def measured(incumbent: Call, candidates: dict[float, Call], most: float) -> list[dict[str, Any]]:
    """Do the trials, and sum up what came of each candidate."""
    judged: dict[float, list[latency.Ratio]] = {ratio: [] for ratio in TRIALS}
    peers = {ratio: dict.fromkeys(CHECKS, 0) for ratio in TRIALS}
    long: dict[float, list[float]] = {ratio: [] for ratio in TRIALS}
    for ratio in trials(most):
        call = candidates[ratio]
        judged[ratio].append(latency.compare(call, incumbent, AT_MOST))
        before, now = recorded(incumbent), recorded(call)
        for check in CHECKS:
            peers[ratio][check] += bool(parse_compare_fail(check).fails(now, before))
        if len(judged[ratio]) % 10 == 1:
            long[ratio] += ratios(call, incumbent, 64)
    return [summed(ratio, judged[ratio], peers[ratio], statistics.median(long[ratio])) for ratio in TRIALS]


def summed(ratio: float, judged: list[latency.Ratio], peers: dict[str, int], true: float) -> dict[str, Any]:
    """Sum up the trials of one candidate."""
    said = [found.judge(AT_MOST) for found in judged]
    counts = {word: said.count(word) for word in ("failed", "passed", "undecided")}  # type: ignore[arg-type]
    most = binomtest(counts["failed"], len(judged), alternative="less").proportion_ci(0.95).high
    return {
        "ratio": ratio,
        "measured ratio": round(true, 4),
        "trials": len(judged),
        **counts,
        "failed at most, 95 % bound": round(float(most), 4),
        "mean pairs": round(statistics.mean(found.pairs for found in judged), 1),
        "pytest-benchmark failed": peers,
    }


def overhead() -> dict[str, float]:
    """Return what the clock measures of a call that does nothing, and of one that busily waits for 10 ms."""

    def wait() -> None:
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            pass

    nothing = [latency._seconds(lambda: None, lambda: None) for _ in range(10_000)]
    waits = [latency._seconds(wait, lambda: None) for _ in range(200)]
    return {
        "microseconds of nothing": round(1e6 * statistics.median(nothing), 2),
        "share of 10 ms": round(statistics.median(waits) / 0.01 - 1, 5),
    }


def spin() -> None:
    """Keep a core busy."""
    while True:
        sum(range(100_000))


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy with another process."""
    process = multiprocessing.get_context("spawn").Process(target=spin, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def table(rows: list[dict[str, Any]]) -> str:
    """Write the table of one condition."""

    def share(count: int, row: dict[str, Any]) -> str:
        return f"{100 * count / row['trials']:.1f}%"

    lines = [
        "| true ratio | trials | FAIL (95 % bound) | PASS | undecided | mean pairs | mean:5% | mean:10% | min:5% |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        bound = f"{100 * row['failed at most, 95 % bound']:.1f}%"
        peers = " | ".join(share(row["pytest-benchmark failed"][check], row) for check in CHECKS)
        ours = " | ".join(share(row[word], row) for word in ("failed", "passed", "undecided"))
        ours = ours.replace(" |", f" (≤ {bound}) |", 1)
        lines.append(f"| {row['measured ratio']:.3f} | {row['trials']} | {ours} | {row['mean pairs']:g} | {peers} |")
    return "\n".join(lines)


def plot(conditions: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Draw the share of red trials over the true ratio."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "swapgate"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(conditions), figsize=(9, 3.4), sharey=True, layout="constrained", squeeze=False)
    for at, (name, rows) in zip(axes[0], conditions.items(), strict=True):
        ratios = [row["measured ratio"] for row in rows]
        at.plot(ratios, [row["failed"] / row["trials"] for row in rows], "o-", color="black", label="swapgate")
        for check, style in zip(CHECKS, ("s--", "^--", "v:"), strict=True):
            shares = [row["pytest-benchmark failed"][check] / row["trials"] for row in rows]
            at.plot(ratios, shares, style, alpha=0.7, label=f"pytest-benchmark {check}")
        at.axvline(AT_MOST, color="grey", linewidth=0.8)
        at.set(title=name, xlabel="true ratio (budget 1.05)", ylim=(-0.03, 1.03))
    axes[0][0].set_ylabel("share of red trials")
    axes[0][-1].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Do all of it and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the trials")
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    asked = parser.parse_args()
    if words := lack(["benchmarks"]):
        parser.error(f"drawing {words}")
    import torch

    torch.set_num_threads(1)
    extra = overhead()
    incumbent = bert(LAYERS)
    candidates = {ratio: candidate(incumbent, ratio) for ratio in TRIALS}
    conditions = {"quiet": measured(incumbent, candidates, asked.share)}
    with busy_core():
        conditions["one core busy"] = measured(incumbent, candidates, asked.share)
    result = {
        "command": "python benchmarks/latency_gate.py",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "budget": AT_MOST,
        "seed": SEED,
        "overhead": extra,
        **conditions,
    }
    Path(f"{asked.output}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    parts = [f"**{name[0].upper()}{name[1:]}**\n\n{table(rows)}\n" for name, rows in conditions.items()]
    Path(f"{asked.output}.md").write_text("\n".join(parts), encoding="utf-8")
    plot(conditions, Path(f"{asked.output}.svg"))
    print("\n".join(parts), extra)


if __name__ == "__main__":
    main()
