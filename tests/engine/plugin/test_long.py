"""Inputs that are longer than a model reads: refused by name, or cut where the row says so, and then told."""

import json

import pytest
import scipy.stats  # noqa: F401 - once, in this process

CONFTEST = """
import fake_model
from fake_model import TASK
from swapgate.core.faults import SurroundingsFault

MOST = {"models/original": 12, "models/small": 5, "models/candidate": 3}
REAL = TASK.left_out


def predict(loaded, texts, row):
    most = MOST[loaded.name]
    for count in (len(text.split()) for text in texts):
        if count > most and row.long != "truncate":
            raise SurroundingsFault(f"a text has {count} tokens, the model reads at most {most}; shorten it")
    return fake_model.predict(loaded, [" ".join(text.split()[:most]) for text in texts], row)


def left_out(loaded, texts, row):
    most = MOST[loaded.name]
    long = [len(text.split()) > most and row.long == "truncate" for text in texts]
    return [f"cut to {most} tokens" if one else "" for one in long]


def pytest_configure():
    fake_model.pytest_configure()
    object.__setattr__(TASK, "predict", predict)
    object.__setattr__(TASK, "left_out", left_out)


def pytest_unconfigure():
    fake_model.pytest_unconfigure()
    object.__setattr__(TASK, "left_out", REAL)
"""
QUALITY = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""
LONG = "Ada said that it had rained all day."
LONG_CASE = f"""
[[case]]
id = "long"
text = "{LONG}"
expected = [{{ label = "PER", start = 0, end = 3, text = "Ada" }}]
"""
ADA = {"label": "PER", "start": 0, "end": 3, "text": "Ada"}
LABELS = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\n'


@pytest.fixture
def long(project):
    """A project with a case, and two of seventy rows, that the small model does not read whole."""
    project.write("conftest.py", CONFTEST)
    project.suite.write_text(project.suite.read_text() + QUALITY)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text() + LONG_CASE)
    texts = [LONG, "Ada came again.", LONG + " Or so.", *(f"Ada met Name{number}." for number in range(67))]
    rows = [{"id": f"row {at}", "text": text, "expected": [ADA]} for at, text in enumerate(texts)]
    project.write("fixtures/ner/set.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    limit = 'budget.quality = { against = "original", metric = "right", margin = 0.5 }\n'
    project.replace(project.models_file, "gaps =", f"{limit}gaps =")
    return project


def truncate(project, *tiers):
    """Let rows of the models file say that what is too long is cut."""
    for tier in tiers:
        project.replace(project.models_file, f"[ner.{tier}]\n", f'[ner.{tier}]\nlong = "truncate"\n')


def test_case_that_is_too_long(long, workers):
    """A case that is too long is an ERROR with its name and how it begins; the others of its batch are judged."""
    result = long.run("-m", "small", "-k", "expected", *workers)
    assert (result.ret, long.verdicts(result)) == (7, {"small": "ERROR"})
    assert long.reasons(result) == [
        f"ERROR  ner/small 'long' ({LONG}): a text has 8 tokens, the model reads at most 5; shorten it"
    ]
    result.assert_outcomes(passed=2, xfailed=1, errors=1)


def test_row_that_is_too_long(long):
    """So is an evaluation set with such rows, where nothing is said: the longest is named, which is asked first."""
    result = long.run("-m", "small and quality")
    assert (result.ret, long.verdicts(result)) == (7, {"small": "ERROR"})
    (reason,) = long.reasons(result)
    assert reason.startswith(
        f"ERROR  ner/small: row 'row 2' of {long.path}/fixtures/ner/set.jsonl ({LONG} Or so.): a text"
    )


def test_cut(long, workers):
    """With long = "truncate" cases and rows are judged as far as the model reads, and the report tells how many."""
    truncate(long, "small")
    result = long.run("-m", "small", "-k", "expected or quality", *workers)
    assert (result.ret, long.verdicts(result)) == (0, {"small": "PASS"})
    of_case, of_rows = long.reasons(result)
    assert of_case == "note  ner/small 'long' was cut to 5 tokens"
    assert of_rows.startswith("note  ner/small: ")
    assert of_rows.endswith("; 2 of 70 rows were cut to 5 tokens; of models/original none was cut")


def test_cut_and_wrong(long):
    """A case that is wrong tells that it was cut, and so does a quality that fails."""
    truncate(long, "small")
    long.retrain("small", Ada=None)
    result = long.run("-m", "small", "-k", "(expected and long) or quality")
    assert (result.ret, long.verdicts(result)) == (1, {"small": "FAIL"})
    assert "it was cut to 5 tokens" in long.reasons(result)[0]
    assert "2 of 70 rows were cut to 5 tokens" in long.reasons(result)[1]


@pytest.mark.parametrize("own", ["", 'long = "refuse"\n'], ids=["unsaid", "refuse"])
def test_candidate_brings_no_own(long, own):
    """A candidate is asked as its incumbent's row says, and its own word is told as not used."""
    truncate(long, "small")
    long.retrain("candidate", like="small", Ada=["PER", 0.98])
    long.write("candidate.toml", f'model = "models/candidate"\n{LABELS}{own}')
    result = long.run("-m", "small and quality", "--swap=ner.small=candidate.toml")
    assert "ner/small: " in long.reasons(result)[0]
    assert "2 of 70 rows were cut to 3 tokens" in long.reasons(result)[0]
    assert "of models/small 2 of 70 rows were cut to 5 tokens" in long.reasons(result)[0]
    notes = [reason for reason in long.reasons(result) if "not used" in reason]
    assert notes == (
        ["note  ner/small: long of candidate.toml not used: a candidate is judged by its incumbent's limits"]
        if own
        else []
    )


def test_candidate_that_would_be_cut(long):
    """A candidate that brings its own long = "truncate" is refused what its incumbent is."""
    long.retrain("candidate", like="small", Ada=["PER", 0.98])
    long.write("candidate.toml", f'model = "models/candidate"\n{LABELS}long = "truncate"\n')
    result = long.run("-m", "small and quality", "--swap=ner.small=candidate.toml")
    assert long.verdicts(result) == {"small": "ERROR"}
    assert "a text has 10 tokens, the model reads at most 3; shorten it" in long.reasons(result)[0]


def test_same_model(long):
    """What is done with long inputs is no part of the model: its goldens stay what they were."""
    long.run("--snapshot-update", "-k", "golden")
    truncate(long, "small")
    result = long.run("-m", "small", "-k", "golden and not long")
    assert (result.ret, long.verdicts(result)) == (0, {"small": "PASS"})
