"""The schema of a verdict JSON: it is documented, and the JSON of every kind of run keeps it."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate.commands import main
from swapgate.verdicts import facts

SCHEMA = Path(facts.__file__).with_name("verdict.schema.json")
QUALITY = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""


def objects(schema):
    """Return the schema of each kind of object."""
    return [schema, *schema["$defs"].values()]


def strict(schema):
    """Return a schema in which every key must be there and no other may be."""
    tight = copy.deepcopy(schema)
    for one in objects(tight):
        one.update(additionalProperties=False, required=[*one["properties"]])
    return tight


@pytest.fixture
def checked(recorded):
    """Run with a verdict JSON, see that it keeps the schema to the letter, and give it."""

    def run(*options):
        found = recorded.reports("-m", "not latency", *options)
        schema = json.loads(SCHEMA.read_text())
        jsonschema.validate(found.facts, schema)
        jsonschema.validate(found.facts, strict(schema))
        assert found.facts["exit_status"] == found.result.ret
        return found.facts

    return run


def test_file():
    """The file in the package is the schema of the code."""
    assert SCHEMA.read_text() == facts.schema_text(), (
        "the form of a verdict JSON has changed; raise FORMAT unless keys were only added, then type:"
        " swapgate schema > swapgate/verdicts/verdict.schema.json"
    )


def test_command(capsys):
    """`swapgate schema` prints it."""
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == SCHEMA.read_text()


def test_documented():
    """It is a valid schema with a version, and every object and every key in it says what it is."""
    schema = facts.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["format"]["const"] == facts.FORMAT
    assert schema["$id"].endswith(f":{facts.FORMAT}")
    assert schema["title"].endswith(f" {facts.FORMAT}")
    for one in objects(schema):
        assert one["description"].endswith(".")
        without = [key for key, value in one["properties"].items() if not value.get("description", "").endswith(".")]
        assert without == []


def test_newer_keys():
    """Keys that a newer version adds are allowed, missing and misspelt ones are not."""
    whole = {"format": 1, "swapgate": "9", "models_file": "m", "against": None, "exit_status": 0}
    whole |= {"notes": [], "tiers": []}
    jsonschema.validate({**whole, "new": 1}, facts.schema())
    for key in whole:
        with pytest.raises(jsonschema.ValidationError, match=f"{key}. is a required property"):
            jsonschema.validate({name: value for name, value in whole.items() if name != key}, facts.schema())


def test_pass(checked, workers):
    """A run in which all pass."""
    assert [tier["verdict"] for tier in checked(*workers)["tiers"]] == ["PASS", "PASS"]


def test_not_pass(recorded, checked):
    """A run with a FAIL, an INCOMPLETE and an ERROR in it, one after the other."""
    recorded.drift("small", Ada=0.5)
    assert [tier["verdict"] for tier in checked()["tiers"]] == ["PASS", "FAIL"]
    recorded.replace(recorded.suite, "assert prediction == expected", "pass")
    recorded.retrain("small", NO_DISK=["PER", 1])
    assert [tier["verdict"] for tier in checked()["tiers"]] == ["INCOMPLETE", "ERROR"]


def test_swap(recorded, checked):
    """A swap, with an improvement."""
    recorded.retrain("candidate", like="small", Siemens=["ORG", 0.9])
    (tier,) = checked("--swap=ner.small=models/candidate", "-k", "small")["tiers"]
    assert (tier["verdict"], tier["incumbent"]) == ("PASS", "models/small")
    assert len(tier["improvements"]) == 1


def test_evaluation_set(recorded, checked):
    """A run with an evaluation set, and rows that a swap lost and gained."""
    recorded.suite.write_text(recorded.suite.read_text() + QUALITY)
    words = {"Ada": "PER", "Siemens": "ORG"}
    rows = [
        {"id": word, "text": word, "expected": [{"label": label, "start": 0, "end": len(word), "text": word}]}
        for word, label in words.items()
    ]
    recorded.write("set.jsonl", "\n".join(map(json.dumps, rows)))
    recorded.retrain("candidate", like="small", Siemens=["ORG", 0.9], Ada=None)
    swap = ("--swap=ner.small=models/candidate", "-k", "small and quality")
    (tier,) = checked("--eval-set=ner=set.jsonl", *swap)["tiers"]
    quality = tier["figures"]["quality"]
    (beside,) = quality["comparisons"]
    assert (quality["rows"], quality["metric"], quality["set"]) == (2, "F1", "set.jsonl")
    assert [flip["id"] for flip in beside["comparison"]["lost"]] == ["Ada"]
    assert [flip["id"] for flip in beside["comparison"]["gained"]] == ["Siemens"]


def test_nothing_selected(checked):
    """A run of which nothing was selected."""
    assert checked("-k", "nothing_at_all")["tiers"] == []


def test_read_again(recorded, checked):
    """What is written is read as the same facts."""
    written = checked("-k", "size")
    read = facts.read_report(recorded.path / "out/v.json")
    assert json.loads(facts.to_json(read)) == written


def test_installed():
    """The commands of the package are there once it is installed."""
    command = Path(sys.executable).with_name("swapgate")
    found = subprocess.run([command, "schema"], capture_output=True, text=True, check=True)
    assert found.stdout == SCHEMA.read_text()
