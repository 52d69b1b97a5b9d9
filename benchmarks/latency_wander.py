"""How the ratio of two models' times wanders, and what the gate does there: ``python benchmarks/latency_wander.py``.

Pairs of real models are timed block after block, all in turn, as the gate does it, for half an hour on a quiet machine
and half an hour beside processes that compute or copy memory in spells. Three are the zoo's encoders; two are of real
size (BERT base on 32 tokens, random weights: another copy, and half of its layers).

The logarithm of a block's ratio is taken for the sum of a constant, an Ornstein-Uhlenbeck process (what wanders: its
standard deviation and the seconds in which its correlation falls to 1/e), and noise of its own. Blocks beyond four
robust standard deviations are drawn in to there: the gate's interval counts blocks and does not see how far they lie.
The limit is where the profile of the likelihood has fallen as far as at an upper 90 % limit; the gate is then simulated
for a model exactly at its budget whose ratio wanders so, with several allowances.

Writes latency_wander.json and .md beside this file. ``--fit`` measures nothing, and takes what was measured.
"""

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from latency_gate import bert
from numpy.typing import NDArray
from scipy.optimize import minimize

from swapgate.statistics import latency
from swapgate.trials.plan import make_plan
from swapgate.trials.timing import Work

HERE = Path(__file__)
ROOT = HERE.parents[1]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
SEED = 1930
CONDITIONS = ("quiet", "busy")
BLOCKS, BLOCKS_OF_LARGE = 6, 2
"""How many blocks of a pair are measured before it is the next pair's turn."""
MOST, LONGEST = 4.0, 1800.0
"""Robust standard deviations to which blocks are drawn in; seconds of correlation that half an hour can tell."""
PROFILE = 1.282**2 / 2
"""What the logarithm of the likelihood falls by up to a one-sided limit of 90 %."""
AT_MOST, ALLOWANCES, SPREADS = 1.05, (1.01, 1.02, 1.03, 1.05), (0.0, 10.0)
"""SPREADS: seconds over which all blocks are spread, where they do not take so long by themselves."""
RUNS = 2_000

Call = Callable[[], object]
Series = dict[str, list[float]]
"""Seconds since the start, and the logarithm of the ratio, of each block; seconds a block takes."""
Floats = NDArray[np.float64]


def pairs() -> dict[str, tuple[Call, Call, int]]:
    """Return the models that are timed beside one another, and blocks a turn."""
    again = make_plan(ROOT, MODELS, ["sentiment.original=fixtures/zoo/sentiment/original+bf16"], [], ROOT)
    plan = make_plan(ROOT, MODELS, [], [], ROOT)

    def call(suite: str, tier: str, of: Any = plan) -> Call:
        model = of.incumbents[suite, tier] if of is again else of.models[suite, tier]
        return Work(model.cases.latency).call(model)

    small = {
        "sentiment, another copy": (call("sentiment", "original", again), call("sentiment", "original")),
        "sentiment, small": (call("sentiment", "small"), call("sentiment", "original")),
        "ner, large": (call("ner", "large"), call("ner", "original")),
    }
    base = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "vocab_size": 30522}
    first, copy, half = bert(12, **base), bert(12, **base), bert(6, **base)
    large = {"BERT base, another copy": (copy, first), "BERT base, half of it": (half, first)}
    return {name: (*two, BLOCKS) for name, two in small.items()} | {
        name: (*two, BLOCKS_OF_LARGE) for name, two in large.items()
    }


def measured(seconds: float) -> dict[str, Series]:
    """Time all pairs in turn for so many seconds."""
    calls = pairs()
    found: dict[str, Series] = {name: {"at": [], "log": [], "seconds": []} for name in calls}
    for model, reference, _ in calls.values():
        for call in (model, reference) * latency.WARMUP:
            call()
    start = time.perf_counter()
    with latency._without_collection():
        while time.perf_counter() < start + seconds:
            for name, (model, reference, blocks) in calls.items():
                for call in (model, reference):
                    call()
                last = time.perf_counter()
                for ratio in islice(latency.measured(model, reference), blocks):
                    now, of = time.perf_counter(), found[name]
                    of["at"].append(round(now - start, 2))
                    of["log"].append(round(math.log(ratio), 5))
                    of["seconds"].append(round(now - last, 4))
                    last = now
    return found | {name: of | {"seconds": [statistics.median(of["seconds"])]} for name, of in found.items()}


def neighbour(seed: int) -> None:
    """Compute or copy memory for 0.5 to 20 seconds, and do nothing for as long, without end."""
    random, memory = np.random.default_rng(seed), np.zeros(8_000_000)
    while True:
        end, copies = time.monotonic() + random.uniform(0.5, 20), random.random() < 0.5
        while time.monotonic() < end:
            if copies:
                memory[:4_000_000] = memory[4_000_000:]
            else:
                sum(range(10_000))
        time.sleep(random.uniform(0.5, 20))


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Keep processes running that are busy in spells."""
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=neighbour, args=(SEED + at,), daemon=True) for at in range(count)]
    for one in started:
        one.start()
    try:
        yield
    finally:
        for one in started:
            one.kill()
            one.join()


def drawn_in(values: Floats) -> Floats:
    """Draw values in to MOST robust standard deviations about their median."""
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    return np.asarray(np.clip(values, middle - MOST * spread, middle + MOST * spread))


def unlikely(at: Floats, values: Floats, deviation: float, correlated: float, noise: float) -> float:
    """Return minus the logarithm of the likelihood of a series, at the best constant.

    A Kalman filter for the process goes over the series and over a series of ones; both are linear, so that the
    constant is that of generalised least squares.
    """
    keeps = np.exp(-np.diff(at, prepend=at[0]) / correlated)
    share, variance, logs, ones, both, own = 0.0, deviation**2, 0.0, 0.0, 0.0, 0.0
    state, unit = 0.0, 0.0
    for value, keep in zip(values.tolist(), keeps.tolist(), strict=True):
        state, unit = keep * state, keep * unit
        share = keep * keep * share + (1 - keep * keep) * variance if own or ones else variance
        total = share + noise**2
        error, off = value - state, 1 - unit
        logs += math.log(total)
        own += error * error / total
        both += error * off / total
        ones += off * off / total
        gain = share / total
        state, unit, share = state + gain * error, unit + gain * off, share * (1 - gain)
    return 0.5 * (logs + own - both * both / ones)


def best(at: Floats, values: Floats, deviation: float | None = None) -> tuple[float, float, float, float]:
    """Return the least of `unlikely`, and the deviation, seconds and noise there; where given, at that deviation."""
    spread = float(np.std(values))
    given = [] if deviation is not None else [math.log(spread / 2)]

    def of(point: Sequence[float]) -> float:
        *free, correlated, noise = np.exp(np.clip(point, -20, 20)).tolist()
        return unlikely(at, values, deviation if deviation is not None else free[0], min(correlated, LONGEST), noise)

    found = [minimize(of, [*given, math.log(seconds), math.log(spread)], method="Nelder-Mead") for seconds in (3, 60)]
    least = min(found, key=lambda one: float(one.fun))
    *free, correlated, noise = np.exp(least.x).tolist()
    return float(least.fun), deviation if deviation is not None else free[0], min(correlated, LONGEST), noise


def fitted(series: Series) -> dict[str, float]:
    """Return the best fit of a series, and that at the upper limit of what wanders."""
    at, values = np.array(series["at"]), drawn_in(np.array(series["log"]))
    least, deviation, correlated, noise = best(at, values)
    low, high = deviation, max(8 * deviation, 0.02)
    limit = best(at, values, high)
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        there = best(at, values, middle)
        if there[0] - least > PROFILE:
            high, limit = middle, there
        else:
            low = middle
    return {
        "blocks": len(values),
        "seconds a block": series["seconds"][0],
        "deviation": deviation,
        "correlated": correlated,
        "noise": noise,
        "deviation, limit": limit[1],
        "correlated, limit": limit[2],
        "noise, limit": limit[3],
    }


def wandering(fit: dict[str, float], spread: float, random: np.random.Generator) -> Iterator[float]:
    """Return the ratios of blocks of a model that is exactly at its budget, and wanders as at the limit of a fit."""
    deviation, noise = fit["deviation, limit"], fit["noise, limit"]
    apart = max(fit["seconds a block"], spread / (latency.MOST_PAIRS // latency.BLOCK))
    keep = math.exp(-apart / fit["correlated, limit"])
    state = deviation * random.standard_normal()
    while True:
        moves, noises = random.standard_normal((2, latency.MOST_PAIRS // latency.BLOCK)).tolist()
        for move, one in zip(moves, noises, strict=True):
            yield AT_MOST * math.exp(state + noise * one)
            state = keep * state + deviation * math.sqrt(1 - keep * keep) * move


def judged(fit: dict[str, float], allowance: float, spread: float, runs: int) -> dict[str, float]:
    """Return how often the gate fails and passes a model that is exactly at its budget."""
    random = np.random.default_rng(SEED)
    with mock.patch.object(latency, "WANDERS", allowance):
        said = [latency.decide(wandering(fit, spread, random), AT_MOST).judge(AT_MOST) for _ in range(runs)]
    return {word: said.count(word) / runs for word in ("failed", "passed")}  # type: ignore[arg-type]


def written(result: dict[str, Any]) -> str:
    """Write the tables."""
    lines = [
        "| pair | machine | blocks | wanders by (sd) | correlated over | noise of a block (sd) | limit: sd | over |",
        "|---" * 8 + "|",
    ]
    for condition, fits in result["fits"].items():
        lines += [
            f"| {name} | {condition} | {fit['blocks']:,} | {fit['deviation']:.2%} | {fit['correlated']:.1f} s"
            f" | {fit['noise']:.2%} | {fit['deviation, limit']:.2%} | {fit['correlated, limit']:.1f} s |"
            for name, fit in fits.items()
        ]
    heads = [
        f"{allowance - 1:.0%}{f', over {spread:.0f} s' if spread else ''}"
        for spread in SPREADS
        for allowance in ALLOWANCES
    ]
    lines += ["", "Red and PASS of a model at its budget, by allowance and spread:", ""]
    lines.append(f"| pair | machine | {' | '.join(heads)} |")
    lines.append("|---" * (2 + len(heads)) + "|")
    for condition, rates in result["rates"].items():
        for name, by in rates.items():
            cells = (f"{of['failed']:.1%}, {of['passed']:.1%}" for of in by.values())
            lines.append(f"| {name} | {condition} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what is asked for, fit and simulate all there is, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--conditions", nargs="*", default=list(CONDITIONS), choices=CONDITIONS)
    parser.add_argument("--fit", action="store_true", help="measure nothing")
    parser.add_argument("--runs", type=int, default=RUNS, help="of the gate, a line")
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    asked = parser.parse_args()
    path = Path(f"{asked.output}.json")
    result = json.loads(path.read_text("utf-8")) if path.exists() else {}
    result |= {
        "command": "python benchmarks/latency_wander.py",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "budget": AT_MOST,
        "seed": SEED,
    }
    series = result.setdefault("series", {})
    if not asked.fit:
        import torch

        torch.set_num_threads(1)
        for condition in asked.conditions:
            with neighbours(os.cpu_count() or 1) if condition == "busy" else contextlib.nullcontext():
                series[condition] = measured(60 * asked.minutes)
            path.write_text(json.dumps(result) + "\n", encoding="utf-8")
    result["fits"] = {where: {name: fitted(of) for name, of in by.items()} for where, by in series.items()}
    simulate = partial(judged, runs=asked.runs)
    result["rates"] = {
        where: {
            name: {f"{one}, {spread}": simulate(fit, one, spread) for spread in SPREADS for one in ALLOWANCES}
            for name, fit in fits.items()
        }
        for where, fits in result["fits"].items()
    }
    path.write_text(json.dumps(result) + "\n", encoding="utf-8")
    Path(f"{asked.output}.md").write_text(written(result), encoding="utf-8")
    print(written(result))


if __name__ == "__main__":
    sys.exit(main())
