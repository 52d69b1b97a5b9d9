"""How often the paired verdict errs: what the committed simulation shows is what was promised."""

import json
from pathlib import Path

import pytest

RATES = json.loads((Path(__file__).parents[3] / "benchmarks" / "verdict_rates.json").read_text())
TABLE = RATES["table"]
ANCHORS = json.loads((Path(__file__).parents[3] / "benchmarks" / "policy_rates.json").read_text())["anchors"]["found"]


def test_what_was_simulated():
    """Sets of 300 to 5,000 rows, of which 2 to 20 % differ, with a margin of two points."""
    assert RATES["margin"] == 0.02
    assert RATES["runs"] >= 10_000
    assert {line["rows"] for line in TABLE} >= {300, 1_000, 5_000}
    assert {line["discordance"] for line in TABLE} >= {0.02, 0.04, 0.1, 0.2}


def test_false_passes():
    """A candidate that loses the whole margin passes in at most 5 % of all runs, and a point of simulation error."""
    assert max(line["false_pass"] for line in TABLE) <= 0.06


def test_true_passes():
    """Of candidates that lose nothing, 90 % pass on 1,000 rows, where up to 4 % of them differ."""
    judged = [line["true_pass"] for line in TABLE if line["rows"] == 1_000 and line["discordance"] <= 0.04]
    assert len(judged) == 2
    assert min(judged) >= 0.9


def test_rows_asked_for():
    """As many rows as a verdict asks for let about 90 % of the candidates pass that lose nothing."""
    needed = {line["discordance"]: line for line in RATES["rows_needed"]}
    assert needed[0.1]["rows"] == pytest.approx(2_150, rel=0.02)
    assert all(line["true_pass"] == pytest.approx(0.91, abs=0.015) for line in needed.values())


def test_false_passes_of_resampled_figures():
    """So it is with figures whose bounds come from resampling: F1 of spans, word error rate, and a mean."""
    assert len({line["figure"] for line in RATES["resampled"]}) == 3
    assert {line["rows"] for line in RATES["resampled"]} >= {60, 100, 300, 1_000, 2_000}
    assert all(0.015 < line["margin"] < 0.025 for line in RATES["resampled"])
    assert max(line["false_pass"] for line in RATES["resampled"]) <= 0.06


def test_false_passes_with_rare_catastrophes():
    """So it is with word error rates of which a few rows hold long inventions, but for one case that is told."""
    lines = [line for line in RATES["catastrophes"] if line["others"] != "longest, nothing else"]
    assert {line["rows"] for line in lines} >= {100, 300, 1_000, 5_000}
    assert {line["catastrophes"] for line in lines} >= {0.001, 0.005, 0.02}
    assert max(line["false_pass"] for line in lines) <= 0.061


def test_false_passes_of_floors():
    """A floor that is exactly the true figure passes, and fails, in about 5 % of sets at most."""
    assert max(line["false_pass"] for line in RATES["floors"]) <= 0.06
    assert max(line["false_fail"] for line in RATES["floors"]) <= 0.061


def test_creep():
    """Swaps that lose half a point each pass less often beside an anchor; candidates as good as it are never red."""
    losing, even = ([line for line in ANCHORS["swaps"] if line["loss a swap"] == loss] for loss in (0.005, 0.0))
    assert [line["swaps"] for line in losing] == [line["swaps"] for line in even] == [1, 2, 3, 4, 5]
    assert losing[-1]["PASS, margin 0.02"] < losing[-1]["PASS, margin 0.03"] < losing[-1]["PASS without"] / 3
    assert even[-1]["PASS, margin 0.03"] > 0.95 * even[-1]["PASS without"]
    assert max(ANCHORS["equal"][f"FAIL, margin {margin}"] for margin in (0.03, 0.02)) <= 0.001
