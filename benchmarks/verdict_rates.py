"""How often the paired verdict errs, by simulation: ``python benchmarks/verdict_rates.py``.

For sets of 300 to 5,000 rows of which 2 to 20 % differ between candidate and incumbent, with a margin of 2 points:
the share of false PASSes where the candidate truly loses the whole margin, and of PASSes where it loses nothing.
Writes both tables to verdict_rates.json beside this file. The seed is fixed.
"""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from swapgate.quality.paired import Flips, non_inferior, rows_needed

ROWS = (300, 500, 1_000, 2_000, 5_000)
DISCORDANCE = (0.02, 0.04, 0.06, 0.10, 0.15, 0.20)
MARGIN, RUNS, SEED = 0.02, 100_000, 1998


def pass_rate(random: np.random.Generator, rows: int, discordance: float, loss: float) -> float:
    """Give the share of RUNS simulated comparisons that end in PASS; `loss` is the true fall of the right share."""
    lost, gained = (discordance + loss) / 2, (discordance - loss) / 2
    drawn = random.multinomial(rows, [lost, gained, 1 - discordance], size=RUNS)
    seen = Counter(map(tuple, drawn[:, :2].tolist()))
    passed = sum(times for pair, times in seen.items() if non_inferior(Flips(rows, *pair), MARGIN) == "PASS")
    return passed / RUNS


def main() -> None:
    """Simulate, print and write."""
    random = np.random.default_rng(SEED)
    table = []
    print(f"margin {MARGIN:.0%}, {RUNS:,} comparisons a line, seed {SEED}\n")
    print("| rows | rows that differ | PASS at a true loss of the margin | PASS at no loss | rows for 90 % |")
    print("|---|---|---|---|---|")
    for rows in ROWS:
        for discordance in DISCORDANCE:
            false, true = (pass_rate(random, rows, discordance, loss) for loss in (MARGIN, 0.0))
            needed = rows_needed(Flips(1_000, round(500 * discordance), round(500 * discordance)), MARGIN)
            print(f"| {rows:,} | {discordance:.0%} | {false:.2%} | {true:.1%} | {needed:,} |", flush=True)
            table.append({"rows": rows, "discordance": discordance, "false_pass": false, "true_pass": true})
    figures = {"margin": MARGIN, "runs": RUNS, "seed": SEED, "table": table}
    Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
