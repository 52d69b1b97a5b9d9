"""Variants of the embedded models judged by pytest, in two processes that want the same copies at once."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ZOO = "fixtures/zoo/sentiment"
ROW = """
model = "{root}/fixtures/zoo/sentiment/large"
variant = "{variant}"
labels = {{ NEGATIVE = "negative", POSITIVE = "positive" }}
"""


@pytest.fixture
def judged(tmp_path, monkeypatch, python):
    """Judge swaps, one a tier of sentiment, by the tests of cases and costs, and give the verdicts."""
    monkeypatch.setenv("SWAPGATE_VARIANTS", str(tmp_path / "variants"))
    monkeypatch.setenv("CI", "true")

    def run(*options, **swaps):
        chosen = ["-k", "expected or golden or size", "-m", " or ".join(swaps), f"--verdict-json={tmp_path / 'v.json'}"]
        named = [f"--swap=sentiment.{tier}={name}" for tier, name in swaps.items()]
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_sentiment.py"]
        done = python(*command, *chosen, *named, *options, cwd=ROOT)
        assert (tmp_path / "v.json").exists(), done.stdout[-2000:] + done.stderr[-2000:]
        return {tier["tier"]: tier for tier in json.loads((tmp_path / "v.json").read_text("utf-8"))["tiers"]}

    run.folder = tmp_path
    return run


def test_judged(judged):
    """int8 passes and takes fewer bytes, nine tenths pruned fail; each is named by what was done to it."""
    row = judged.folder / "row.toml"
    row.write_text(ROW.format(root=ROOT, variant="prune30+int8"))
    found = judged("-n2", original=f"{ZOO}/original+prune90", small=f"{ZOO}/small+int8", large=str(row))
    assert {tier: one["verdict"] for tier, one in found.items()} == {
        "original": "FAIL",
        "small": "PASS",
        "large": "PASS",
    }
    assert {one["model"]: one["variant"] for one in found.values()} == {
        f"{ZOO}/original+prune90": "prune90",
        f"{ZOO}/small+int8": "int8",
        f"{ZOO}/large+prune30+int8": "prune30+int8",
    }
    assert found["small"]["figures"]["size"]["ratio"] < 0.6
    assert len([path for path in (judged.folder / "variants").iterdir() if path.is_dir()]) == 3


def test_nothing_to_judge(judged):
    """What changes nothing did not take place (FAIL); what cannot be done is an ERROR with the reason."""
    found = judged(original=f"{ZOO}/original+prune0", small=f"{ZOO}/small+drop2", large=f"{ZOO}/original+prune0")
    assert {tier: one["verdict"] for tier, one in found.items()} == {
        "original": "FAIL",
        "small": "ERROR",
        "large": "FAIL",
    }
    assert (
        f"sentiment/large: this variant did not take place: prune0 changes nothing of {ZOO}/original"
        in found["large"]["reasons"][0]["message"]
    )
    (why,) = found["original"]["reasons"]
    assert f"this swap did not take place: {ZOO}/original+prune0 holds the same weights" in why["message"]
    assert (
        f"{ZOO}/small+drop2 cannot be made: drop2: of the 2 layers of its encoder one must stay; drop fewer"
        in found["small"]["reasons"][0]["message"]
    )
