"""Predictions as a batch job would write them, of the project with fake models."""

import json

import pytest

ANSWERS = {
    "ada": [
        {"entity_group": "PER", "score": 0.99, "word": "Ada", "start": 0, "end": 3},
        {"entity_group": "LOC", "score": 0.97, "word": "Paris", "start": 13, "end": 18},
    ],
    "nobody": [],
    "left_out": [{"entity_group": "ORG", "score": 0.98, "word": "Siemens", "start": 0, "end": 7}],
}
"""What a pipeline that finds all says of the cases."""


@pytest.fixture
def answers():
    """What a pipeline says of the cases, for a test to change."""
    return json.loads(json.dumps(ANSWERS))


@pytest.fixture
def write(recorded):
    """Write a file of predictions into the project, and give its name."""

    def written(answers, name="predictions.jsonl"):
        lines = [json.dumps({"id": case, "prediction": said}) for case, said in answers.items()]
        return str(recorded.write(name, "\n".join(lines) + "\n"))

    return written
