"""How often what a team may ask for errs, by simulation: ``python benchmarks/policy_rates.py``.

Dependent rows: sets of 30 to 300 clusters of 2 to 20 rows, whose rows are lost together (intraclass correlation 0.1 to
0.8, beta-binomial). The margin is exactly what is truly lost, and the same rows are judged as clusters and as if they
were independent. In "lost and gained" as many clusters gain, by themselves, as make the loss a third of what is lost.

Slices: 2 to 50 of 200 rows each, either apart or crossing (each row is in a slice of two keys). Each truly loses the
whole margin: how often one that is watched fails, of all that are; how often one that is named passes, and all do.

Whole runs: 1 to 24 tiers of 300 to 2,000 rows, of which 2 to 10 % differ, with a margin of 2 points. How often
all PASS, any is red, or INCOMPLETE, where nothing is worse; and how often all PASS though one tier loses its margin.

Anchors: five swaps in a row, each of which loses half a point, or nothing, and differs on 4 % of 1,000 rows from the
model before it, of which 95 % are right at first. How often all of them pass so far beside the incumbent alone, and
beside the anchor too, and how often any fails beside the anchor. In "equal" each candidate is compared with the anchor
itself, as good as that and 4 % of rows apart.

Lost cases and fallen scores are simulated by policy_cases.py.

Writes policy_rates.json and .md beside this file. The seed is fixed.
"""

import argparse
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from policy_cases import all_case_rates, all_score_rates, table_of_cases, table_of_scores
from scipy.stats import norm
from verdict_rates import all_weights

from swapgate.statistics.comparison import FEWEST_CLUSTERS
from swapgate.statistics.paired import (
    CONFIDENCE,
    FEWEST_UNITS,
    Flips,
    most_lost,
    non_inferior,
    quantiles,
    score,
    unseen_part,
    within,
)

HERE = Path(__file__)
SEED, RUNS, AT_ONCE = 2_000, 2_000, 50
CLUSTERS, CORRELATIONS = (FEWEST_CLUSTERS, 50, 100, 300), (0.1, 0.4, 0.8)
LOST, GAINED = 0.06, 0.04
SLICES, SLICE_ROWS = (2, 5, 10, 20, 50), 200
TIERS, ROWS, DISCORDANCES, MARGIN = (1, 3, 8, 24), (300, 1_000, 2_000), (0.02, 0.04, 0.1), 0.02
SWAPS, SET, RIGHT, ANCHOR_MARGINS = 5, 1_000, 0.95, (0.03, 0.02)
SIZES = {"2 to 20": (2, 21), "2": (2, 3), "20": (20, 21)}


def flipped(random: np.random.Generator, share: float, correlation: float, sizes: Any) -> Any:
    """Return how many rows of each cluster are flipped, a share of all, those of a cluster alike by a correlation."""
    spread = 1 / correlation - 1
    return random.binomial(sizes, random.beta(share * spread, (1 - share) * spread, sizes.shape))


def decided(lost: Any, gained: Any, sizes: Any, margin: float, seen: Any, drawn: Any) -> str:
    """Decide for one set as `compare_figure` does."""
    masses = sizes[:, None].astype(float)
    if ((lost + gained) > 0).sum() < FEWEST_UNITS:
        claimed, _ = most_lost(lost > 0, masses)
        return within((min(float((gained - lost).sum() / sizes.sum()), -claimed), 1.0), margin)
    return within(quantiles(seen, unseen_part(*drawn, masses), -1.0, 1.0), margin)


def rates(clusters: int, sizes_of: str, correlation: float, gains: bool, runs: int) -> dict[str, Any]:
    """Return how often sets pass at a true loss of the margin, as clusters and as independent rows."""
    random = np.random.default_rng([SEED, clusters, round(100 * correlation), gains])
    weights, _ = drawn = all_weights(clusters)
    margin = LOST - GAINED if gains else LOST
    passed = {"clusters": 0, "rows": 0}
    for _ in range(runs // AT_ONCE):
        sizes = random.integers(*SIZES[sizes_of], size=(AT_ONCE, clusters))
        lost = flipped(random, LOST, correlation, sizes)
        gained = np.minimum(sizes - lost, flipped(random, GAINED, correlation, sizes)) if gains else 0 * lost
        all_seen = (weights @ (gained - lost).T) / (weights @ sizes.T)
        for number in range(AT_ONCE):
            one = lost[number], gained[number], sizes[number]
            passed["clusters"] += decided(*one, margin, all_seen[:, number], drawn) == "PASS"
            flips = Flips(int(sizes[number].sum()), float(lost[number].sum()), float(gained[number].sum()))
            passed["rows"] += non_inferior(flips, margin) == "PASS"
    shares = {name: count / runs for name, count in passed.items()}
    return {"clusters": clusters, "sizes": sizes_of, "correlation": correlation, "gains": gains, "margin": margin} | {
        f"false PASS as {name}": share for name, share in shares.items()
    }


def sliced(count: int, crossing: bool, runs: int) -> dict[str, Any]:
    """Return how often any watched slice fails, and how often one named slice and all of them pass."""
    random = np.random.default_rng([SEED, count, crossing])
    first, second = (count // 2, count - count // 2) if crossing else (count, 1)
    rows = SLICE_ROWS // second if crossing else SLICE_ROWS
    drawn = random.multinomial(max(rows, 1), [LOST, GAINED, 1 - LOST - GAINED], size=(runs, first, second))[..., :2]
    per_slice = [drawn.sum(axis=2)] + ([drawn.sum(axis=1)] if crossing else [])
    sizes = [rows * second] * first + ([rows * first] * second if crossing else [])
    flips = np.concatenate(per_slice, axis=1)
    strictest, enough = float(norm.ppf((1 - CONFIDENCE) / count)), float(norm.ppf(CONFIDENCE))
    any_red, one_passed, all_passed = 0, 0, 0
    for run in flips.tolist():
        scores = [score(Flips(size, *pair), GAINED - LOST) for size, pair in zip(sizes, run, strict=True)]
        any_red += min(scores) <= strictest  # Holm goes on only where the worst is rejected
        one_passed += scores[0] > enough
        all_passed += min(scores) > enough
    return {
        "slices": count,
        "crossing": crossing,
        "rows a slice": sizes[0],
        "any watched FAIL": any_red / runs,
        "one named PASS": one_passed / runs,
        "all named PASS": all_passed / runs,
    }


def table_of_slices(rows: list[dict[str, Any]]) -> str:
    """Write the table of slices."""
    names = ("rows a slice", "any watched FAIL", "one named PASS", "all named PASS")
    lines = [f"| slices | how they lie | {' | '.join(names)} |", "|---" * 6 + "|"]
    for row in rows:
        cells = [f"{row[names[0]]}", *(f"{row[name]:.2%}" for name in names[1:])]
        lines.append(f"| {row['slices']} | {'crossing' if row['crossing'] else 'apart'} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def decisions(random: np.random.Generator, rows: int, discordance: float, loss: float, shape: tuple[int, ...]) -> Any:
    """Return 1 for PASS, -1 for FAIL and 0 for too few rows, of as many simulated comparisons as the shape has."""
    lost, gained = (discordance + loss) / 2, (discordance - loss) / 2
    drawn = random.multinomial(rows, [lost, gained, 1 - discordance], size=shape)[..., :2]
    pairs, places = np.unique(drawn.reshape(-1, 2), axis=0, return_inverse=True)
    words = {"PASS": 1, "FAIL": -1, "too few rows": 0}
    said = [words[non_inferior(Flips(rows, *pair), MARGIN)] for pair in pairs.tolist()]
    return np.array(said)[places].reshape(shape)


def whole_run(tiers: int, rows: int, discordance: float, runs: int) -> dict[str, Any]:
    """Return what runs of so many tiers come to, where nothing is worse, and where one tier loses its margin."""
    random = np.random.default_rng([SEED, tiers, rows, round(1_000 * discordance)])
    said = decisions(random, rows, discordance, 0.0, (runs, tiers))
    worse = decisions(random, rows, discordance, MARGIN, (runs,))
    rest = (said[:, 1:] == 1).all(axis=1)
    return {
        "tiers": tiers,
        "rows": rows,
        "discordance": discordance,
        "all PASS": float((said == 1).all(axis=1).mean()),
        "any FAIL": float((said == -1).any(axis=1).mean()),
        "all PASS though one lost its margin": float(((worse == 1) & rest).mean()),
    }


def table_of_runs(rows: list[dict[str, Any]]) -> str:
    """Write the table of whole runs; what is neither all PASS nor FAIL is INCOMPLETE."""
    lines = [
        "| rows that differ | rows a tier | tiers | all PASS | any FAIL | INCOMPLETE | one at its margin, all PASS |"
    ]
    lines.append("|---" * 7 + "|")
    for row in rows:
        rest = 1 - row["all PASS"] - row["any FAIL"]
        shares = (row["all PASS"], row["any FAIL"], rest, row["all PASS though one lost its margin"])
        cells = (f"{share:.2%}" for share in shares)
        lines.append(f"| {row['discordance']:.0%} | {row['rows']:,} | {row['tiers']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def judged(rows: int, pairs: Any, margin: float) -> Any:
    """Return 1 for PASS, -1 for FAIL and 0 for too few rows, of as many lost and gained rows as there are pairs."""
    different, places = np.unique(pairs, axis=0, return_inverse=True)
    words = {"PASS": 1, "FAIL": -1, "too few rows": 0}
    said = [words[non_inferior(Flips(rows, *pair), margin)] for pair in different.tolist()]
    return np.array(said)[places.reshape(-1)]


def swapped(random: np.random.Generator, there: dict[tuple[int, int], Any], right: float, loss: float) -> Any:
    """Return how many rows are right or wrong for the anchor and now, after a swap, and which rows it lost and gained.

    `there`: the same before, by what the anchor and the incumbent are on a row, 1 or 0; each a number a run.
    """
    differ = 0.04
    lost = {was: random.binomial(there[was, 1], (differ + loss) / 2 / right) for was in (1, 0)}
    gained = {was: random.binomial(there[was, 0], (differ - loss) / 2 / (1 - right)) for was in (1, 0)}
    moved = {was: lost[was] - gained[was] for was in (1, 0)}
    now = {(was, is_right): count + (1 - 2 * is_right) * moved[was] for (was, is_right), count in there.items()}
    return now, np.stack([lost[1] + lost[0], gained[1] + gained[0]], axis=1)


def crept(loss: float, runs: int) -> list[dict[str, Any]]:
    """Return how often swaps in a row pass, each losing as much, without and with an anchor."""
    random = np.random.default_rng([SEED, round(1_000 * loss)])
    first = random.binomial(SET, RIGHT, size=runs)
    there = {(1, 1): first, (1, 0): 0 * first, (0, 1): 0 * first, (0, 0): SET - first}
    alone = np.ones(runs, bool)
    passed, failed = ({margin: start.copy() for margin in ANCHOR_MARGINS} for start in (alone, ~alone))
    lines = []
    for swap in range(1, SWAPS + 1):
        there, flips = swapped(random, there, RIGHT - (swap - 1) * loss, loss)
        alone = alone & (judged(SET, flips, MARGIN) == 1)
        for margin in ANCHOR_MARGINS:
            beside = judged(SET, np.stack([there[1, 0], there[0, 1]], axis=1), margin)
            passed[margin] &= alone & (beside == 1)
            failed[margin] |= beside == -1
        line = {"loss a swap": loss, "swaps": swap, "PASS without": float(alone.mean())}
        lines.append(line | _shares("PASS", passed) | _shares("FAIL beside it", failed))
    return lines


def equal(runs: int) -> dict[str, Any]:
    """Return how often a candidate that is as good as the anchor passes and fails beside it."""
    random = np.random.default_rng([SEED, SET])
    flips = random.multinomial(SET, [0.02, 0.02, 0.96], size=runs)[:, :2]
    said = {margin: judged(SET, flips, margin) for margin in ANCHOR_MARGINS}
    passed, failed = ({margin: one == word for margin, one in said.items()} for word in (1, -1))
    return _shares("PASS", passed) | _shares("FAIL", failed)


def _shares(word: str, of: dict[float, Any]) -> dict[str, float]:
    return {f"{word}, margin {margin}": float(one.mean()) for margin, one in of.items()}


def anchors(runs: int) -> dict[str, Any]:
    """Return what anchors do to swaps in a row, and to candidates that are as good as they are."""
    return {"swaps": [line for loss in (0.005, 0.0) for line in crept(loss, runs)], "equal": equal(runs)}


def table_of_anchors(found: dict[str, Any]) -> str:
    """Write the tables of anchors."""
    margins = ", ".join(f"{margin:g}" for margin in ANCHOR_MARGINS)
    lines = [
        "| lost a swap | swaps | all PASS without an anchor | with one at a margin of"
        f" {' | of '.join(map(str, ANCHOR_MARGINS))} | any FAIL beside it ({margins}) |"
    ]
    lines.append("|---" * 6 + "|")
    for row in found["swaps"]:
        shares = [row["PASS without"], *(row[f"PASS, margin {margin}"] for margin in ANCHOR_MARGINS)]
        cells = " | ".join(f"{share:.1%}" for share in shares)
        failed = ", ".join(f"{row[f'FAIL beside it, margin {margin}']:.1%}" for margin in ANCHOR_MARGINS)
        lines.append(f"| {100 * row['loss a swap']:.1f} points | {row['swaps']} | {cells} | {failed} |")
    lines += ["", "| a candidate as good as the anchor | PASS | FAIL |", "|---" * 3 + "|"]
    for margin in ANCHOR_MARGINS:
        passed, failed = (found["equal"][f"{word}, margin {margin}"] for word in ("PASS", "FAIL"))
        lines.append(f"| at a margin of {margin} | {passed:.1%} | {failed:.2%} |")
    return "\n".join(lines) + "\n"


def written(rows: list[dict[str, Any]]) -> str:
    """Write the table of clusters."""
    heads = [f"{count} clusters" for count in CLUSTERS]
    lines = [f"| rows that differ | rows a cluster | correlation | {' | '.join(heads)} |", "|---" * 7 + "|"]
    for gains, sizes, correlation in itertools.product((False, True), SIZES, CORRELATIONS):
        of = [row for row in rows if (row["gains"], row["sizes"], row["correlation"]) == (gains, sizes, correlation)]
        cells = [f"{row['false PASS as clusters']:.1%} ({row['false PASS as rows']:.1%})" for row in of]
        what = "lost and gained" if gains else "lost"
        lines.append(f"| {what} | {sizes} | {correlation} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def dependent(runs: int) -> list[dict[str, Any]]:
    """Return the rates of all kinds of clusters."""
    return [rates(*line, runs) for line in itertools.product(CLUSTERS, SIZES, CORRELATIONS, (False, True))]


def all_slices(runs: int) -> list[dict[str, Any]]:
    """Return the rates of all numbers of slices."""
    return [sliced(count, crossing, 10 * runs) for count in SLICES for crossing in (False, True)]


def whole_runs(runs: int) -> list[dict[str, Any]]:
    """Return the rates of all sizes of runs."""
    lines = itertools.product(DISCORDANCES, ROWS, TIERS)
    return [whole_run(tiers, rows, discordance, 10 * runs) for discordance, rows, tiers in lines]


PARTS: dict[str, tuple[Callable[[int], Any], Callable[[Any], str]]] = {
    "anchors": (lambda runs: anchors(20 * runs), table_of_anchors),
    "cases": (lambda runs: all_case_rates(10 * runs), table_of_cases),
    "dependent": (dependent, written),
    "slices": (all_slices, table_of_slices),
    "scores": (all_score_rates, table_of_scores),
    "whole runs": (whole_runs, table_of_runs),
}
"""From a name to what simulates it, given the runs of a line, and what writes it down."""


def main() -> None:
    """Simulate what is asked for and write all down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=RUNS, help="a line; ten times as many where nothing is resampled, of anchors twenty"
    )
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="the rest of the file stays")
    asked = parser.parse_args()
    path = Path(f"{asked.output}.json")
    result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in asked.only:
        result[name] = {"runs": asked.runs, "found": PARTS[name][0](asked.runs)}
    tables = [table(result[name]["found"]) for name, (_, table) in PARTS.items() if name in result]
    text = "\n".join(tables)
    facts = {"command": "python benchmarks/policy_rates.py", "seed": SEED}
    facts |= {name: result[name] for name in PARTS if name in result}
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    Path(f"{asked.output}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
