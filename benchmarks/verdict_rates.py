"""How often the paired verdict errs, by simulation: ``python benchmarks/verdict_rates.py``.

Right and wrong rows: for sets of 300 to 5,000 rows of which 2 to 20 % differ between candidate and incumbent, with a
margin of 2 points, the share of false PASSes where the candidate truly loses the whole margin, and of PASSes where it
loses nothing; and of PASSes among as many rows as are asked for. Other metrics, whose bounds come from resampling: the
same for three kinds of figure, with the margin at the true loss. Word error rates, each row's errors capped at its
length, of candidates that invent 40 to 200 words in a few rows, with the margin at the true capped loss. Floors at the
true figure. Writes the tables to verdict_rates.json beside this file. The seed is fixed; on one core it takes about ten
minutes; ``--resampled`` does only what is resampled and keeps the rest of the file.
"""

import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from swapgate.statistics.paired import (
    FEWEST_UNITS,
    Flips,
    drawn_weights,
    most_lost,
    non_inferior,
    quantiles,
    rows_needed,
    unseen_part,
    within,
)

ROWS = (300, 500, 1_000, 2_000, 5_000)
DISCORDANCE = (0.02, 0.04, 0.06, 0.10, 0.15, 0.20)
MARGIN, RUNS, SEED = 0.02, 100_000, 1998
RESAMPLED_ROWS, RESAMPLED_RUNS, EQUAL_RUNS = (60, 100, 300, 1_000, 2_000), 2_000, 200
CATASTROPHE_ROWS, CATASTROPHES = (100, 150, 300, 1_000, 5_000), (0.001, 0.005, 0.01, 0.02)
AT_ONCE = 100
"""Comparisons that are reckoned together."""
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


COUNTED_BY = {"F1 of spans": (1, 2), "1 - word error rate": (1,), "mean score": (1,)}
"""The columns of rows by whose sum they count for a figure."""
FIGURES: dict[str, tuple[Callable[..., Any], Callable[[Any], float], float, float]] = {
    "F1 of spans": (spans, lambda sums: 2 * sums[0] / (sums[1] + sums[2]), 0.94, 0.80),
    "1 - word error rate": (words, lambda sums: sums[0] / sums[1], 0.92, 0.84),
    "mean score": (scores, lambda sums: sums[0] / sums[1], 0.90, 0.82),
}
"""From a name to how rows are made, how a figure is made of their sums, and the skill before and now."""


def masses(name: str, *sides: Any) -> Any:
    """Return as how much each row counts for a figure, on the side on which it is more."""
    counted = [side[:, COUNTED_BY[name]].sum(axis=1, keepdims=True) for side in sides]
    return np.maximum.reduce(counted).astype(float)


def all_weights(rows: int) -> tuple[Any, Any]:
    """Return all weights that `resampled_bounds` draws, always the same, and that of the row never seen."""
    weights, unseen = zip(*drawn_weights(rows), strict=True)
    return np.concatenate(weights), np.concatenate(unseen)


def bounds_of(
    random: np.random.Generator,
    drawn: Any,
    values: Any,
    mass: Any,
    figure: Any,
    runs: int,
    least: float,
    most: float = 1.0,
) -> Any:
    """Yield for `runs` sets of rows their bounds, and which rows they have; `figure` takes sums of `values`."""
    weights, unseen = drawn
    rows, columns = weights.shape[1], values.shape[1]
    for _ in range(runs // AT_ONCE):
        chosen = random.integers(len(values), size=(AT_ONCE, rows))
        sums = weights @ values[chosen].transpose(1, 0, 2).reshape(rows, -1)
        seen = figure(np.moveaxis(sums.reshape(-1, AT_ONCE, columns), 2, 0))
        for number in range(AT_ONCE):
            part = unseen_part(weights, unseen, mass[chosen[number]])
            yield quantiles(seen[:, number], part, least, most), chosen[number]


def resampled_rates(name: str, rows: int, drawn: Any) -> dict[str, Any]:
    """Return the share of PASSes: of RESAMPLED_RUNS comparisons at a true loss of the margin, of EQUAL_RUNS at none."""
    make, figure, before, now = FIGURES[name]
    random = np.random.default_rng(SEED + rows)
    incumbent, changed = make(random, before), random.random((POPULATION, 1)) < CHANGED
    worse, equal = (np.where(changed, make(random, skill), incumbent) for skill in (now, before))
    margin = figure(incumbent.sum(axis=0)) - figure(worse.sum(axis=0))
    count = incumbent.shape[1]
    rates = {}
    for candidate, rate, runs in ((worse, "false_pass", RESAMPLED_RUNS), (equal, "true_pass", EQUAL_RUNS)):
        both, apart = np.hstack([candidate, incumbent]).astype(float), (candidate != incumbent).any(axis=1)
        passed, mass = 0, masses(name, candidate, incumbent)
        for found, chosen in bounds_of(
            random, drawn, both, mass, lambda sums: figure(sums[:count]) - figure(sums[count:]), runs, -1.0
        ):
            if apart[chosen].sum() < FEWEST_UNITS:  # all of them taken for worse, which is on the wrong side
                found = (-most_lost(apart[chosen], mass[chosen])[0], 1.0)
            passed += within(found, margin) == "PASS"
        rates[rate] = passed / runs
    differing = float((worse != incumbent).any(axis=1).mean())
    return {"figure": name, "rows": rows, "discordance": differing, "margin": float(margin), **rates}


def floor_rates(name: str, rows: int, drawn: Any) -> dict[str, Any]:
    """Return the share of PASSes, and of FAILs, of a floor that is exactly the true figure."""
    make, figure, skill, _ = FIGURES[name]
    random = np.random.default_rng(SEED + rows)
    values = make(random, skill).astype(float)
    floor = float(figure(values.sum(axis=0)))
    found = [
        bounds for bounds, _ in bounds_of(random, drawn, values, masses(name, values), figure, RESAMPLED_RUNS, 0.0)
    ]
    rates = {"false_pass": sum(low > floor for low, _ in found), "false_fail": sum(high < floor for _, high in found)}
    shares = {rate: count / RESAMPLED_RUNS for rate, count in rates.items()}
    return {"figure": name, "rows": rows, "floor": floor, **shares}


KINDS = ("nothing else", "others as good", "margin of 2 points", "longest, others as good", "longest, nothing else")
"""What is otherwise in the rows in which no words are invented: the incumbent's own; a quarter thought anew, as good;
the same, so much worse that all in all two points are lost. "longest": words are invented in the longest rows alone."""


def catastrophes(random: np.random.Generator, share: float, kind: str) -> Any:
    """Return utterances: what is lost of each, its errors capped at its length, and its length."""
    there = random.integers(3, 16, POPULATION)
    before = random.binomial(there, 0.92)
    chance = random.random(POPULATION)
    hit = chance < share if "longest" not in kind else (there == 15) & (chance < share * 13)
    if "nothing else" in kind:
        now = before
    else:
        skill = 0.92 - (max(0.0, MARGIN - share * 0.92) / CHANGED if kind == "margin of 2 points" else 0.0)
        now = np.where(random.random(POPULATION) < CHANGED, random.binomial(there, skill), before)
    invented = random.integers(40, 201, POPULATION)  # wrong words: never fewer than a row has of its own
    wrong = np.minimum(np.where(hit, invented, there - now), there)
    return np.stack([wrong - (there - before), there], axis=1).astype(float)


def catastrophe_rates(share: float, kind: str, rows: int, drawn: Any) -> dict[str, Any]:
    """Return the share of PASSes at a margin that is exactly the true loss of the capped rate."""
    random = np.random.default_rng(SEED + rows)
    values = catastrophes(random, share, kind)
    lost, length = values.T
    margin, passed, mass = float(lost.sum() / length.sum()), 0, values[:, 1:]
    for found, chosen in bounds_of(random, drawn, values, mass, lambda sums: -sums[0] / sums[1], RESAMPLED_RUNS, -1.0):
        if np.count_nonzero(lost[chosen]) < FEWEST_UNITS:
            seen = -lost[chosen].sum() / length[chosen].sum()
            found = (min(seen, -most_lost(lost[chosen] > 0, mass[chosen])[0]), 1.0)
        passed += within(found, margin) == "PASS"
    return {
        "catastrophes": share,
        "others": kind,
        "rows": rows,
        "margin": margin,
        "false_pass": passed / RESAMPLED_RUNS,
    }


RARE = {"F1 of spans": (100, 50, 20), "macro F1": (50, 20, 5)}
"""From a figure to how many rows of a thousand count for it, or have the rarest of three labels. Of one label F1 is as
that of spans."""
RARE_ROWS, RARE_LOSSES = (300, 1_000, 5_000), (0.02, 0.05)


def rare(figure: str, share: float, loss: float) -> tuple[Any, Any]:
    """Return rows, all of which an incumbent gets right: what a candidate gets right of each part, and what there is.

    It misses what is rare so often that `loss` is lost of the figure, and gives it to nobody.
    """
    random = np.random.default_rng([SEED, round(1_000 * share)])
    is_rare = random.random(POPULATION) < share
    labels = 3 if figure == "macro F1" else 1
    missed = 2 * loss * labels / (1 + loss * labels)  # F1 is 2 · both / (found + wanted), with both = found
    lost = is_rare & (random.random(POPULATION) < missed)
    of = np.where(is_rare, 0, random.integers(1, 3, POPULATION)) if labels == 3 else np.where(is_rare, 0, -1)
    wanted = np.stack([of == label for label in range(labels)], axis=1).astype(float)
    return np.where(lost[:, None], 0.0, wanted), wanted


def rare_rates(figure: str, of_thousand: int, loss: float, rows: int, drawn: Any) -> dict[str, Any]:
    """Return the share of PASSes, of a comparison and of a floor, where exactly the margin is truly lost."""
    random = np.random.default_rng(SEED + rows)
    both, wanted = rare(figure, of_thousand / 1_000, loss)
    values, labels = np.hstack([both, wanted]), wanted.shape[1]
    truth = values.sum(axis=0)
    margin = 1 - float((2 * truth[:labels] / (truth[:labels] + truth[labels:])).mean())
    lost, mass, passed, floors, sets = (both != wanted).any(axis=1), 2 * wanted, 0, 0, 0

    def less(sums: Any) -> Any:
        return (2 * sums[:labels] / np.maximum(sums[:labels] + sums[labels:], 1e-12)).mean(axis=0) - 1

    for found, chosen in bounds_of(random, drawn, values, mass, less, RESAMPLED_RUNS, -1.0):
        if not (wanted[chosen].sum(axis=0) > 0).all():
            continue  # a label of which there is no row is none of the set's
        sets += 1
        floors += found[0] > -margin
        if lost[chosen].sum() < FEWEST_UNITS:
            found = (-most_lost(lost[chosen], mass[chosen])[0], 1.0)
        passed += within(found, margin) == "PASS"
    return {
        "figure": figure,
        "of a thousand": of_thousand,
        "rows": rows,
        "margin": margin,
        "sets": sets,
        "false_pass": passed / sets,
        "floor_false_pass": floors / sets,
    }


def rare_table(drawn: Any) -> list[dict[str, Any]]:
    """Simulate and print what few rows count for."""
    print("\n| figure | of 1,000 rows count | rows | margin | PASS at a true loss of it | PASS at that floor |")
    print("|---|---|---|---|---|---|")
    found = []
    for figure, counts in RARE.items():
        for of_thousand, loss, rows in itertools.product(counts, RARE_LOSSES, RARE_ROWS):
            line = rare_rates(figure, of_thousand, loss, rows, drawn[rows])
            shown = f"{line['margin']:.4f} | {line['false_pass']:.2%} | {line['floor_false_pass']:.2%}"
            print(f"| {figure} | {of_thousand} | {rows:,} | {shown} |", flush=True)
            found.append(line)
    return found


def resampled_tables() -> dict[str, Any]:
    """Simulate and print what is resampled."""
    resampled, floors, invented = [], [], []
    drawn = {rows: all_weights(rows) for rows in {*RESAMPLED_ROWS, *CATASTROPHE_ROWS}}
    few = rare_table(drawn)
    print(f"\nResampled, {RESAMPLED_RUNS:,} and {EQUAL_RUNS:,} comparisons a line\n")
    print("| figure | rows | rows that differ | margin | PASS at a true loss of the margin | PASS at no loss |")
    print("|---|---|---|---|---|---|")
    for name in FIGURES:
        for rows in RESAMPLED_ROWS:
            line = resampled_rates(name, rows, drawn[rows])
            shown = (f"{line[key]:.2%}" for key in ("discordance", "margin", "false_pass", "true_pass"))
            print(f"| {name} | {rows:,} | {' | '.join(shown)} |", flush=True)
            resampled.append(line)
    print("\n| rows with invented words | the other rows | rows | margin | PASS at a true loss of the margin |")
    print("|---|---|---|---|---|")
    for kind in KINDS:
        for share in CATASTROPHES:
            for rows in CATASTROPHE_ROWS:
                line = catastrophe_rates(share, kind, rows, drawn[rows])
                print(
                    f"| {share:.1%} | {kind} | {rows:,} | {line['margin']:.4f} | {line['false_pass']:.2%} |", flush=True
                )
                invented.append(line)
    print("\n| figure | rows | floor | PASS at the floor | FAIL at the floor |\n|---|---|---|---|---|")
    for name in FIGURES:
        for rows in RESAMPLED_ROWS:
            line = floor_rates(name, rows, drawn[rows])
            shown = (f"{line[key]:.2%}" for key in ("floor", "false_pass", "false_fail"))
            print(f"| {name} | {rows:,} | {' | '.join(shown)} |", flush=True)
            floors.append(line)
    runs = {"resampled_runs": RESAMPLED_RUNS, "equal_runs": EQUAL_RUNS}
    return {**runs, "resampled": resampled, "catastrophes": invented, "floors": floors, "few rows count": few}


def share_tables() -> dict[str, Any]:
    """Simulate and print what is counted."""
    random = np.random.default_rng(SEED)
    table, asked = [], []
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
    return {"margin": MARGIN, "runs": RUNS, "seed": SEED, "table": table, "rows_needed": asked}


def main() -> None:
    """Simulate, print and write."""
    path = Path(__file__).with_suffix(".json")
    figures = json.loads(path.read_text(encoding="utf-8")) if "--resampled" in sys.argv else share_tables()
    path.write_text(json.dumps({**figures, **resampled_tables()}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
