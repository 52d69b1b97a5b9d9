"""How often the paired verdict errs, by simulation: ``python benchmarks/verdict_rates.py``.

Right and wrong rows: for sets of 300 to 5,000 rows of which 2 to 20 % differ between candidate and incumbent, with a
margin of 2 points, the share of false PASSes where the candidate truly loses the whole margin, and of PASSes where it
loses nothing; and of PASSes among as many rows as are asked for. Other metrics, whose bounds come from resampling: the
same for three kinds of figure, with the margin at the true loss. Writes the tables to verdict_rates.json beside this
file. The seed is fixed; on one core it takes about ten minutes, nearly all of them for the resampling.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from swapgate.statistics.paired import Flips, non_inferior, resampled_bounds, rows_needed, within

ROWS = (300, 500, 1_000, 2_000, 5_000)
DISCORDANCE = (0.02, 0.04, 0.06, 0.10, 0.15, 0.20)
MARGIN, RUNS, SEED = 0.02, 100_000, 1998
RESAMPLED_ROWS, RESAMPLED_RUNS, EQUAL_RUNS = (300, 1_000, 2_000), 2_000, 200
POPULATION = 1_000_000
CHANGED = 0.25
"""Share of rows on which a candidate of the resampled figures thinks anew; on the others it says the same."""


def pass_rate(random: np.random.Generator, rows: int, discordance: float, loss: float) -> float:
    """Return the share of RUNS simulated comparisons that end in PASS; `loss` is the true fall of the right share."""
    lost, gained = (discordance + loss) / 2, (discordance - loss) / 2
    drawn = random.multinomial(rows, [lost, gained, 1 - discordance], size=RUNS)
    seen = Counter(map(tuple, drawn[:, :2].tolist()))
    passed = sum(times for pair, times in seen.items() if non_inferior(Flips(rows, *pair), MARGIN) == "PASS")
    return passed / RUNS


def spans(random: np.random.Generator, skill: float) -> Any:
    """Return sentences with no entity or several: how many are found rightly, found at all, and there."""
    there = np.random.default_rng(SEED).poisson(1.5, POPULATION)
    both = random.binomial(there, skill)
    return np.stack([both, both + random.poisson(0.06, POPULATION), there], axis=1)


def words(random: np.random.Generator, skill: float) -> Any:
    """Return utterances: how many of their words are right, and how many there are."""
    there = np.random.default_rng(SEED).integers(3, 16, POPULATION)
    return np.stack([random.binomial(there, skill), there], axis=1)


def scores(random: np.random.Generator, skill: float) -> Any:
    """Return answers: the score of each, from 0 to 1 and mostly near 1, and 1."""
    return np.stack([random.beta(9, 9 / skill - 9, POPULATION), np.ones(POPULATION)], axis=1)


FIGURES: dict[str, tuple[Callable[..., Any], Callable[[Any], float], float, float]] = {
    "F1 of spans": (spans, lambda sums: 2 * sums[0] / (sums[1] + sums[2]), 0.94, 0.80),
    "1 - word error rate": (words, lambda sums: sums[0] / sums[1], 0.92, 0.84),
    "mean score": (scores, lambda sums: sums[0] / sums[1], 0.90, 0.82),
}
"""From a name to how rows are made, how a figure is made of their sums, and the skill before and now."""


def weights_asked_for(rows: int) -> Any:
    """Return how often each row counts in each sum that `resampled_bounds` asks for: always the same, by its seed."""
    asked: list[Any] = []

    def note(drawn: Any) -> float:
        asked.append(np.bincount(drawn, minlength=rows))
        return float(len(asked))

    resampled_bounds(note, rows, rows)
    return np.array(asked, dtype=float)


def resampled_rates(name: str, rows: int) -> dict[str, Any]:
    """Return the share of PASSes: of RESAMPLED_RUNS comparisons at a true loss of the margin, of EQUAL_RUNS at none."""
    make, figure, before, now = FIGURES[name]
    random = np.random.default_rng(SEED + rows)
    incumbent, changed = make(random, before), random.random((POPULATION, 1)) < CHANGED
    worse, equal = (np.where(changed, make(random, skill), incumbent) for skill in (now, before))
    margin = figure(incumbent.sum(axis=0)) - figure(worse.sum(axis=0))
    weights = weights_asked_for(rows)
    rates = {}
    for candidate, rate, runs in ((worse, "false_pass", RESAMPLED_RUNS), (equal, "true_pass", EQUAL_RUNS)):
        passed = 0
        for _ in range(runs):
            chosen = random.integers(POPULATION, size=rows)
            ours, theirs = candidate[chosen], incumbent[chosen]
            differences = iter(figure((weights @ ours).T) - figure((weights @ theirs).T))
            differing = int((ours != theirs).any(axis=1).sum())
            found = resampled_bounds(lambda _, values=differences: next(values), rows, differing)
            passed += within(found, margin) == "PASS"
        rates[rate] = passed / runs
    differing = float((worse != incumbent).any(axis=1).mean())
    return {"figure": name, "rows": rows, "discordance": differing, "margin": float(margin), **rates}


def main() -> None:
    """Simulate, print and write."""
    random = np.random.default_rng(SEED)
    table, asked, resampled = [], [], []
    print(f"margin {MARGIN:.0%}, {RUNS:,} comparisons a line, seed {SEED}\n")
    print("| rows | rows that differ | PASS at a true loss of the margin | PASS at no loss |")
    print("|---|---|---|---|")
    for rows in ROWS:
        for discordance in DISCORDANCE:
            false, true = (pass_rate(random, rows, discordance, loss) for loss in (MARGIN, 0.0))
            print(f"| {rows:,} | {discordance:.0%} | {false:.2%} | {true:.1%} |", flush=True)
            table.append({"rows": rows, "discordance": discordance, "false_pass": false, "true_pass": true})
    print("\n| rows that differ | rows asked for | PASS at no loss |\n|---|---|---|")
    for discordance in DISCORDANCE:
        rows = rows_needed(Flips(1_000, round(500 * discordance), round(500 * discordance)), MARGIN)
        true = pass_rate(random, rows, discordance, 0.0)
        print(f"| {discordance:.0%} | {rows:,} | {true:.1%} |", flush=True)
        asked.append({"discordance": discordance, "rows": rows, "true_pass": true})
    print(f"\nResampled, {RESAMPLED_RUNS:,} and {EQUAL_RUNS:,} comparisons a line\n")
    print("| figure | rows | rows that differ | margin | PASS at a true loss of the margin | PASS at no loss |")
    print("|---|---|---|---|---|---|")
    for name in FIGURES:
        for rows in RESAMPLED_ROWS:
            line = resampled_rates(name, rows)
            shown = (f"{line[key]:.2%}" for key in ("discordance", "margin", "false_pass", "true_pass"))
            print(f"| {name} | {rows:,} | {' | '.join(shown)} |", flush=True)
            resampled.append(line)
    figures = {"margin": MARGIN, "runs": RUNS, "seed": SEED, "table": table, "rows_needed": asked}
    figures |= {"resampled_runs": RESAMPLED_RUNS, "equal_runs": EQUAL_RUNS, "resampled": resampled}
    Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
