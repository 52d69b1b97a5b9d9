"""How often ``--decide-early`` errs, and how many rows it asks, by simulation: ``python benchmarks/early_rates.py``.

Right and wrong rows, with all the looks that the engine takes and as it decides there. *At the border* a candidate
truly loses the whole margin: what passes, and what fails, is wrong, all looks together; beside it the same runs judged
once, by all rows at 95 %. *At no loss*: what passes, what fails, and how many rows are asked; beside it how many a
fixed set needs that passes as often, reckoned exactly. *At a loss* of 7 or 35 points these are lost besides the share
of rows that differs anyway.

*Means*: scores of answers from 0 to 1, mostly near 1, a quarter of which a candidate gives anew, with the margin at the
true loss; a hundredth as many runs.

Writes early_rates.json and .md beside this file. The seed is fixed; on one core it takes some ten minutes.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm
from verdict_rates import CHANGED, POPULATION
from verdict_rates import scores as scores_of_answers

from swapgate.statistics.looks import Look, looks
from swapgate.statistics.paired import (
    BEYOND,
    CONFIDENCE,
    MOST_RESAMPLES,
    RESAMPLES,
    drawn_weights,
    quantiles,
    scores,
    unseen_part,
)
from swapgate.statistics.power import chances

HERE = Path(__file__)
SEED, RUNS = 2_026, 100_000
ROWS = (300, 500, 1_000, 1_300, 2_000, 5_000, 20_000, 50_000)
DISCORDANCE = (0.02, 0.04, 0.06, 0.10, 0.15, 0.20)
MARGIN, MARGINS = 0.02, {0.01: (0.01, 0.02, 0.05), 0.05: (0.05, 0.10, 0.20), 0.10: (0.10, 0.20)}
"""Of the tables, and others of which the border alone is simulated, with the shares that differ."""
LOSSES, OF_LOSSES = (0.07, 0.35), 0.04
MEAN_ROWS = (300, 1_000, 2_000)
AIMS = {"no loss": 0.65, "0.07": 0.3, "0.35": 0.1}
"""Mean rows, as a share of those of a fixed set that passes as often."""
SURE = 0.999
"""Above it no fixed set is named that passes as often: so many runs do not tell it from others."""


class Ended(NamedTuple):
    """What runs came to, each an array of shape (runs,)."""

    early: Any
    """1 for PASS, -1 for FAIL, 0 for too few rows."""
    rows: Any
    """How many were asked."""
    fixed: Any
    """What all rows say, judged once."""


def ended(random: np.random.Generator, rows: int, lost: float, gained: float, margin: float, runs: int) -> Ended:
    """Simulate runs on sets of so many rows, of which such shares are lost and gained."""
    seen, known = np.zeros((2, runs), dtype=np.int64), 0
    early, asked = np.zeros(runs, dtype=np.int64), np.full(runs, rows)
    for look in looks(rows):
        drawn = random.multinomial(look.rows - known, [lost, gained, max(0.0, 1 - lost - gained)], size=runs)
        seen, known = seen + drawn[:, :2].T, look.rows
        said = decided(scores(known, *seen, -margin), look.confidence)
        now = (early == 0) & (said != 0)
        early, asked = np.where(now, said, early), np.where(now, known, asked)
    return Ended(early, asked, decided(scores(rows, *seen, -margin), CONFIDENCE))


def decided(found: Any, confidence: float) -> Any:
    """Return 1 for PASS, -1 for FAIL and 0 for neither, of scores."""
    level = float(norm.ppf(confidence))
    return np.where(found > level, 1, 0) - np.where(found < -level, 1, 0)


def at_border(rows: int, discordance: float, margin: float, runs: int) -> dict[str, Any]:
    """Return how often each verdict comes of a true loss of the margin, early and by all rows."""
    random = np.random.default_rng([SEED, rows, round(1_000 * discordance), round(1_000 * margin)])
    found = ended(random, rows, (discordance + margin) / 2, (discordance - margin) / 2, margin, runs)
    return {"margin": margin, "rows": rows, "discordance": discordance} | _shares(found)


def at_loss(rows: int, discordance: float, loss: float, runs: int) -> dict[str, Any]:
    """Return how often each verdict comes of a loss besides what differs anyway, and how many rows are asked."""
    random = np.random.default_rng([SEED, rows, round(1_000 * discordance), round(1_000 * loss)])
    found = ended(random, rows, discordance / 2 + loss, discordance / 2, MARGIN, runs)
    asked = float(found.rows.mean())
    return {"rows": rows, "discordance": discordance, "loss": loss, "mean rows": asked} | _shares(found)


def _shares(found: Ended) -> dict[str, float]:
    return {
        f"{word}{how}": float((said == one).mean())
        for how, said in (("", found.early), (" fixed", found.fixed))
        for word, one in (("PASS", 1), ("FAIL", -1))
    }


def as_often(passed: float, discordance: float, most: int) -> int | None:
    """Return how many rows a fixed set has that passes as often at no loss; None where it nearly always does."""
    low, high, half = 1, 2 * most, discordance / 2
    if passed > SURE:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = chances(middle, half, half, MARGIN).passed >= passed
        low, high = (low, middle) if enough else (middle, high)
    return high


def no_loss(rows: int, discordance: float, runs: int) -> dict[str, Any]:
    """Return what comes of candidates that lose nothing, beside a fixed set that passes as often."""
    line = at_loss(rows, discordance, 0.0, runs)
    return line | {"fixed rows": as_often(line["PASS"], discordance, rows)}


def losing(even: list[dict[str, Any]], runs: int) -> Iterator[dict[str, Any]]:
    """Yield what comes of candidates that lose clearly, beside the same fixed sets as where nothing is lost."""
    for line, loss in itertools.product(even, LOSSES):
        if line["discordance"] == OF_LOSSES:
            found = at_loss(line["rows"], OF_LOSSES, loss, runs)
            yield found | {"fixed rows": line["fixed rows"]}


def means(rows: int, runs: int) -> dict[str, Any]:
    """Return how often means of scores pass and fail at a true loss of the margin, and how many rows are asked."""
    random = np.random.default_rng([SEED, rows])
    incumbent = scores_of_answers(random, 0.90)[:, 0]
    anew = random.random(POPULATION) < CHANGED
    worse = np.where(anew, scores_of_answers(random, 0.82)[:, 0], incumbent) - incumbent
    even = np.where(anew, scores_of_answers(random, 0.90)[:, 0], incumbent) - incumbent
    drawn = [(look, *_weights(look)) for look in looks(rows)]
    margin, line = -float(worse.mean()), {}
    for name, values in (("border", worse), ("no loss", even)):
        found = [_mean_ended(random.choice(values, rows), drawn, margin) for _ in range(runs)]
        said, asked = np.array(found).T
        line |= {f"PASS {name}": float((said == 1).mean()), f"FAIL {name}": float((said == -1).mean())}
        line |= {f"mean rows {name}": float(asked.mean())}
    return {"rows": rows, "margin": margin, "runs": runs} | line


def _weights(look: Look) -> tuple[Any, Any]:
    draws = min(max(RESAMPLES, int(np.ceil(BEYOND / (1 - look.confidence)))), MOST_RESAMPLES)
    weights, unseen = (np.concatenate(parts) for parts in zip(*drawn_weights(look.rows, draws), strict=True))
    return weights.astype(np.float32), unseen_part(weights, unseen, np.ones((look.rows, 1))).astype(np.float32)


def _mean_ended(values: Any, drawn: Any, margin: float) -> tuple[int, int]:
    """Return the verdict of one set, and the rows that were asked; of a quarter of all there are always enough rows."""
    for look, weights, part in drawn:
        known = values[: look.rows].astype(np.float32)
        seen = weights @ known / weights.sum(axis=1)
        low, high = quantiles(seen, part, -1.0, 1.0, look.confidence)
        if low > -margin or high < -margin:
            return (1 if low > -margin else -1), look.rows
    return 0, len(values)


def tables(found: dict[str, Any]) -> str:
    """Write all down."""
    lines = ["# Early decisions", "", f"`python benchmarks/early_rates.py`: {found['runs']:,} runs a line.", ""]
    lines += _of_border(found["border"]) + _of_no_loss(found["no loss"]) + _of_losses(found["losses"])
    lines += _of_means(found["means"]) + _of_aims(found)
    return "\n".join(lines) + "\n"


def _of_border(rows: list[dict[str, Any]]) -> list[str]:
    worst = {word: max(row[word] for row in rows) for word in ("PASS", "FAIL", "PASS fixed", "FAIL fixed")}
    words = ("margin", "rows", "rows that differ", "PASS", "PASS, all rows at 95 %", "FAIL", "FAIL, all rows at 95 %")
    lines = [
        "**At the border** a candidate loses just the margin, so each PASS and each FAIL is wrong; all looks count.",
        f"At most {worst['PASS']:.2%} pass and {worst['FAIL']:.2%} fail; of the same runs judged once, by all rows,"
        f" {worst['PASS fixed']:.2%} and {worst['FAIL fixed']:.2%}.",
        "",
        *_head(words),
    ]
    for row in rows:
        cells = [f"{row[word]:.2%}" for word in ("PASS", "PASS fixed", "FAIL", "FAIL fixed")]
        lines.append(f"| {row['margin']:.0%} | {row['rows']:,} | {row['discordance']:.0%} | {' | '.join(cells)} |")
    return [*lines, ""]


def _of_no_loss(rows: list[dict[str, Any]]) -> list[str]:
    verdicts = ("PASS", "PASS, all rows", "FAIL", "FAIL, all rows")
    words = ("rows", "rows that differ", *verdicts, "mean rows", "of all", "of as sure")
    lines = [f"**At no loss**, margin {MARGIN:.0%}; *of as sure*: beside a fixed set that passes as often.", ""]
    lines += _head(words)
    for row in rows:
        cells = [f"{row['PASS']:.1%}", f"{row['PASS fixed']:.1%}", f"{row['FAIL']:.3%}", f"{row['FAIL fixed']:.3%}"]
        cells += _asked(row)
        lines.append(f"| {row['rows']:,} | {row['discordance']:.0%} | {' | '.join(cells)} |")
    return [*lines, ""]


def _of_losses(rows: list[dict[str, Any]]) -> list[str]:
    words = ("rows", "lost besides", "FAIL", "PASS", "mean rows", "of all", "of as sure")
    lines = [f"**At a loss** besides the {OF_LOSSES:.0%} of rows that differ anyway, margin {MARGIN:.0%}.", ""]
    lines += _head(words)
    for row in rows:
        cells = [f"{row['FAIL']:.2%}", f"{row['PASS']:.3%}", *_asked(row)]
        lines.append(f"| {row['rows']:,} | {100 * row['loss']:.0f} points | {' | '.join(cells)} |")
    return [*lines, ""]


def _of_means(rows: list[dict[str, Any]]) -> list[str]:
    words = ("rows", "margin", "PASS at the border", "FAIL at the border", "PASS at no loss", "mean rows at no loss")
    lines = [f"**Means of scores**, {rows[0]['runs']:,} runs a line.", "", *_head(words)] if rows else []
    for row in rows:
        shares = [f"{row[name]:.1%}" for name in ("PASS border", "FAIL border", "PASS no loss")]
        told = f"{row['rows']:,} | {row['margin']:.4f} | {' | '.join(shares)} | {row['mean rows no loss']:,.0f}"
        lines.append(f"| {told} |")
    return [*lines, ""]


def _of_aims(found: dict[str, Any]) -> list[str]:
    """Tell for each aim from how many rows on it is met, where 4 % differ."""
    even = [row for row in found["no loss"] if row["discordance"] == OF_LOSSES]
    of = {"no loss": even} | {str(loss): [row for row in found["losses"] if row["loss"] == loss] for loss in LOSSES}
    lines = [f"**Aims** for mean rows, where {OF_LOSSES:.0%} differ, beside a fixed set that passes as often:", ""]
    for name, most in AIMS.items():
        kept = [row["rows"] for row in of[name] if row["mean rows"] <= most * (row["fixed rows"] or row["rows"])]
        missed = [row for row in of[name] if row["rows"] not in kept]
        words = "at no loss" if name == "no loss" else f"at a loss of {100 * float(name):.0f} points"
        shares = ", ".join(
            f"{row['rows']:,} rows {row['mean rows'] / (row['fixed rows'] or row['rows']):.2f}" for row in missed
        )
        more = f"; missed, for the error rates come first: {shares}" if missed else ""
        lines.append(
            f"- {words} at most {most:g}: {f'kept from {min(kept):,} rows on' if kept else 'never kept'}{more}."
        )
    return lines


def _asked(row: dict[str, Any]) -> list[str]:
    fixed = row["fixed rows"]
    sure = f"{row['mean rows'] / fixed:.2f} of {fixed:,}" if fixed else "–"
    return [f"{row['mean rows']:,.0f}", f"{row['mean rows'] / row['rows']:.2f}", sure]


def _head(words: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(words)} |", "|---" * len(words) + "|"]


def main() -> None:
    """Simulate, and write all down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="a line; a hundredth as many where means are judged")
    parser.add_argument("--output", type=Path, default=HERE.with_suffix(""), help="where to write, without ending")
    asked = parser.parse_args()
    lines = [(MARGIN, rows, share) for rows, share in itertools.product(ROWS, DISCORDANCE)]
    lines += [(margin, rows, share) for margin, of in MARGINS.items() for rows, share in itertools.product(ROWS, of)]
    even = [no_loss(rows, share, asked.runs) for rows, share in itertools.product(ROWS, DISCORDANCE)]
    found = {
        "command": "python benchmarks/early_rates.py",
        "seed": SEED,
        "runs": asked.runs,
        "margin": MARGIN,
        "border": [at_border(rows, share, margin, asked.runs) for margin, rows, share in lines],
        "no loss": even,
        "losses": [*losing(even, asked.runs)],
        "means": [means(rows, asked.runs // 100) for rows in MEAN_ROWS if asked.runs >= 100],
    }
    text = tables(found)
    Path(f"{asked.output}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    Path(f"{asked.output}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
