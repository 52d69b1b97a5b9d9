"""What lost cases and fallen scores come to by the rules, simulated for policy_rates.py, which writes it down.

A row has a hidden ease, in log-odds of two labels: z for the incumbent, normal around 1.08 standard deviations, so that
it gets 86 % right; z - fall + noise for the candidate. Spread and noise are such that, of 40 cases that the incumbent
gets right, a twin loses one or more in 65 % and one that led by 0.5 in 11 %, as a classifier of sentences that was
trained twice did. Worse candidates lose 1, 2, 6.7 and 29 points of accuracy, all rows alike.

Scores: a calibrated classifier whose rows have hidden log-odds, and candidates that say the same labels more surely.
"""

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.special import expit
from scipy.stats import multivariate_normal, norm
from verdict_rates import all_weights, bounds_of

from swapgate.outputs.counts import HIGHEST, LEAST_CHANCE
from swapgate.statistics.paired import Flips, non_inferior, within
from swapgate.verdicts.lapses import Lapse, Rule, judge_lapses

SEED = 2_001
CASES, CLEAR_LEAD, FALL = 40, 0.5, 0.1
ACCURACY = 0.86
TWIN = {"loses one": 0.65, "loses one clearly": 0.11}
"""Share of sets of 40 cases, as measured of twins."""
LOSSES = (0.0, 0.01, 0.02, 0.067, 0.29)
SETS = (0, 300, 872, 2_000, 5_000)
"""Rows of the evaluation set beside the cases; none: no set decides."""
MARGIN = 0.02
BUDGET = 0.05
CLEAR = float(np.log((1 + CLEAR_LEAD) / (1 - CLEAR_LEAD)))
"""Log-odds at which one of two labels leads by CLEAR_LEAD."""
RULES = ("none lost, none weaker", "none lost", "the default", f"budget of {BUDGET:.0%}")


def below(limit: float, spread: float, noise: float, fall: float) -> float:
    """Return how probable it is that the incumbent is above a limit and the candidate below 0."""
    middle = ACCURACY_AT * spread
    both = [[spread**2, spread**2], [spread**2, spread**2 + noise**2]]
    seen = multivariate_normal([middle, middle - fall], both)
    return float(norm.cdf((fall - middle) / np.hypot(spread, noise)) - seen.cdf([limit, 0.0]))


ACCURACY_AT = float(norm.ppf(ACCURACY))


def fitted() -> tuple[float, float]:
    """Return spread and noise of the hidden ease with which a twin loses as many cases as twins did."""
    wanted = [1 - (1 - share) ** (1 / CASES) for share in TWIN.values()]

    def miss(logs: Any) -> list[float]:
        spread, noise = np.exp(logs)
        found = [below(limit, spread, noise, 0.0) / ACCURACY for limit in (0.0, CLEAR)]
        return [float(np.log(one / want)) for one, want in zip(found, wanted, strict=True)]

    spread, noise = np.exp(least_squares(miss, [0.5, 0.0]).x)
    return float(spread), float(noise)


def fall_for(loss: float, spread: float, noise: float) -> float:
    """Return the fall in log-odds by which a candidate loses so much accuracy."""
    deviation = float(np.hypot(spread, noise))
    return ACCURACY_AT * spread - deviation * float(norm.ppf(norm.cdf(ACCURACY_AT * spread / deviation) - loss))


@cache
def verdict(rule: str, lost: int, clearly: int, weaker: int, decided: str) -> str:
    """Return what the cases and the evaluation set of a swap come to by a rule."""
    if rule == RULES[1]:
        weaker = 0
    kinds = ["lost"] * clearly + ["near tie lost"] * (lost - clearly) + ["weaker"] * weaker
    lapses = [Lapse(str(number), kind, "") for number, kind in enumerate(kinds)]  # type: ignore[arg-type]
    limit = BUDGET if rule == RULES[3] else None
    counts = decided == "PASS" and rule in RULES[2:]
    judged = judge_lapses("", lapses, 0, CASES, Rule(CASES, CASES, limit), "" if counts else "too few rows")
    if judged.failed or decided == "FAIL":
        return "FAIL"
    return "INCOMPLETE" if decided == "too few rows" else "PASS"


def case_rates(loss: float, rows: int, runs: int) -> list[dict[str, Any]]:
    """Return by rule how often a candidate that truly loses so much passes, fails, or is undecided."""
    random = np.random.default_rng([SEED, round(1_000 * loss), rows])
    spread, noise = fitted()
    fall = fall_for(loss, spread, noise)
    pool = random.normal(ACCURACY_AT * spread, spread, size=4_000_000)
    now = pool - fall + random.normal(0, noise, size=pool.size)
    was, candidate = pool[pool > 0], now[pool > 0]
    lost, clearly = candidate < 0, (candidate < 0) & (was >= CLEAR)
    weaker = ~lost & (expit(was) - expit(candidate) > FALL)
    chosen = random.integers(was.size, size=(runs, CASES))
    counts = np.stack([kind[chosen].sum(axis=1) for kind in (lost, clearly, weaker)], axis=1)
    shares = [float(((pool > 0) & (now < 0)).mean()), float(((pool < 0) & (now > 0)).mean())]
    flips = random.multinomial(rows, [*shares, 1 - sum(shares)], size=runs)[:, :2]
    decided = [non_inferior(Flips(rows, *pair), MARGIN) if rows else "" for pair in flips.tolist()]
    lines = []
    for rule in RULES:
        said = [verdict(rule, *of, set_says) for of, set_says in zip(counts.tolist(), decided, strict=True)]
        rates = {word: said.count(word) / runs for word in ("PASS", "FAIL", "INCOMPLETE")}
        lines.append({"loss": loss, "rows": rows, "rule": rule, **rates})
    return lines


def all_case_rates(runs: int) -> list[dict[str, Any]]:
    """Return the rates of all candidates and sets."""
    return [line for loss in LOSSES for rows in SETS for line in case_rates(loss, rows, runs)]


def table_of_cases(lines: list[dict[str, Any]]) -> str:
    """Write the shares of FAIL and PASS, a line for each candidate and set."""
    text = [f"| truly lost | rows of the set | {' | '.join(RULES)} |", "|---" * (2 + len(RULES)) + "|"]
    for loss in LOSSES:
        for rows in SETS:
            of = {line["rule"]: line for line in lines if (line["loss"], line["rows"]) == (loss, rows)}
            cells = [f"{of[rule]['FAIL']:.1%} ({of[rule]['PASS']:.1%})" for rule in RULES]
            text.append(f"| {loss:.1%} | {rows or 'no set'} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


POPULATION, SPREAD = 1_000_000, 3.0
SCORE_ROWS, OF_THE_MARGIN = (300, 1_000, 2_000), (0.0, 0.5, 1.0, 2.0)
SCORES = {
    "Brier": lambda sure, right: (sure - right) ** 2,
    "log loss": lambda sure, right: -np.log(np.maximum(np.where(right, sure, 1 - sure), LEAST_CHANCE)),
}
SCORE_MARGIN = {"Brier": 0.01, "log loss": 0.05}


def answers(random: np.random.Generator, raised: float) -> tuple[Any, Any]:
    """Return how sure a candidate is of each row's answer, its log-odds times `raised`, and how sure it should be."""
    odds = np.abs(random.normal(0, SPREAD, POPULATION))
    return expit(raised * odds), expit(odds)


def raised_for(loss: float, score: str) -> float:
    """Return by what the log-odds of a calibrated model are multiplied where its mean score is worse by so much."""

    def worse(raised: float) -> float:
        sure, should = answers(np.random.default_rng(SEED), raised)
        right = np.random.default_rng(SEED + 1).random(POPULATION) < should
        return float((SCORES[score](sure, right) - SCORES[score](should, right)).mean()) - loss

    return float(brentq(worse, 1.0, 50.0, xtol=1e-3))


def score_rates(score: str, raised: float, rows: int, runs: int) -> dict[str, Any]:
    """Return how often a candidate that is surer than it should be passes and fails beside a calibrated incumbent."""
    random = np.random.default_rng([SEED, rows, round(100 * raised)])
    sure, should = answers(random, raised)
    right = random.random(POPULATION) < should
    better = SCORES[score](should, right) - SCORES[score](sure, right)
    values, mass = np.stack([better, np.ones(POPULATION)], axis=1), np.ones((POPULATION, 1))
    most = HIGHEST.get(score, 1.0)
    bounds = bounds_of(random, all_weights(rows), values, mass, lambda sums: sums[0] / sums[1], runs, -most, most)
    said = [within(found, SCORE_MARGIN[score]) for found, _ in bounds]
    rates = {"PASS": said.count("PASS") / len(said), "FAIL": said.count("FAIL") / len(said)}
    return {"score": score, "raised": raised, "rows": rows, "worse": -float(better.mean()), **rates}


def all_score_rates(runs: int) -> list[dict[str, Any]]:
    """Return the rates of both scores: of an equal candidate, of ones at half, once and twice the margin."""
    return [
        score_rates(score, raised_for(share * SCORE_MARGIN[score], score) if share else 1.0, rows, runs)
        | {"of the margin": share}
        for score in SCORES
        for share in OF_THE_MARGIN
        for rows in SCORE_ROWS
    ]


def table_of_scores(lines: list[dict[str, Any]]) -> str:
    """Write the shares of PASS and FAIL, a line for each candidate."""
    heads = [f"{rows:,} rows" for rows in SCORE_ROWS]
    text = [f"| score | log-odds times | worse by | {' | '.join(heads)} |", "|---" * (3 + len(heads)) + "|"]
    for score in SCORES:
        for share in OF_THE_MARGIN:
            of = [line for line in lines if (line["score"], line["of the margin"]) == (score, share)]
            cells = [f"{line['PASS']:.1%} ({line['FAIL']:.1%})" for line in of]
            worse = share * SCORE_MARGIN[score]
            text.append(f"| {score} | {of[0]['raised']:.2f} | {worse:.3f} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"
