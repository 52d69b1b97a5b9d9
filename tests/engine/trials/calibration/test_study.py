"""`swapgate calibrate --study`: which cases no damage of a study turns."""

import json

import pytest


@pytest.fixture
def told(fake, capsys):
    """Calibrate with a study and give the notes, or else the message."""

    def run(text):
        fake.project.write("study.json", text if isinstance(text, str) else json.dumps(text))
        status = fake.command("ner.small", "--study=study.json", "--runs=1")
        said = capsys.readouterr()
        notes = [line.removeprefix("note  ") for line in said.out.splitlines() if "damages of" in line]
        return notes[0] if status == 0 else said.err

    fake.said = lambda asked: fake.entity() if "Ada" in asked.text else type(fake.entity())(())
    return run


def damage(**keys):
    """Return a damage of the small tier."""
    return {"task": "ner", "tier": "small", "damage": "noise", "harm": True, "turned": [], **keys}


def test_unturned(told):
    """Cases that the model gets right and no damage that does harm turns are named; one without an answer is none."""
    assert told({"damages": [damage(), damage(turned=["ada"]), damage(turned=None), damage(tier="large")]}) == (
        "none of 2 damages of study.json that do harm turns 1 of 1 right cases: nobody; harder ones tell more"
    )


def test_harmless(told):
    """A damage that does no harm need turn no case, and those that it turns tell nothing."""
    found = told({"damages": [damage(), damage(turned=["nobody"], harm=False)]})
    assert "turns 1 of 1 right cases: nobody" in found


def test_all_turned(told):
    """Where each is turned that is told."""
    found = told({"damages": [damage(turned=["nobody", "ada"])]})
    assert found == "each of 1 right cases is turned by one of 1 damages of study.json that do harm"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"damages": [damage(tier="large")]}, "no damage of ner/small that does harm was measured; do some, or leave"),
        (
            {"damages": [{"task": "ner", "tier": "small"}]},
            "no study of damages (damages.0.turned: missing); give",
        ),
        ({"twins": []}, "no study of damages (damages: missing); give what benchmarks/gate_quality.py writes"),
        ({"damages": [damage(turned=["adda"])]}, "adda is no case of ner; did you mean 'ada'?"),
        ([1], "no study of damages ("),
        ("{", "no study of damages ("),
        ("[" * 100_000, "no study of damages ("),
    ],
    ids=["none", "no cases", "no damages", "unknown case", "a list", "no JSON", "deep"],
)
def test_no_study(told, text, message):
    """What is no study is one message and status 4."""
    found = told(text)
    assert found.startswith(f"study.json: {message}")
    assert found.count("\n") == 1


def test_no_file(fake, capsys):
    """A file that is not there is one message."""
    assert fake.command("ner.small", "--study=none.json") == 4
    assert capsys.readouterr().err.startswith("none.json: no study of damages (")
