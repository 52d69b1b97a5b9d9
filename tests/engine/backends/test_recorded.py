"""Predictions that were made elsewhere are judged as a model's are, but for what was not measured."""

import json
from pathlib import Path

import pytest

BUDGET = 'budget.size = { against = "original", at_most = 0.9 }\n'


def judged(project, path, *options):
    """Run a swap of ner.small for a file of predictions, and give the verdict and the reasons."""
    result = project.run("--swap", f"ner.small={path}", "-k", "small", *options)
    return project.verdicts(result)["small"], "\n".join(project.reasons(result)), result


def test_right_predictions_pass(recorded, write, answers):
    """Right predictions of others are a PASS that says what was not measured, and that none knows whose they are."""
    recorded.replace(recorded.models_file, BUDGET, "")
    verdict, reasons, result = judged(recorded, write(answers))
    assert verdict == "PASS", reasons
    assert "latency, memory, parameters, properties, size not measured: recorded predictions" in reasons
    assert "nothing says which model has made its predictions" in reasons
    result.assert_outcomes(passed=5, xpassed=1, deselected=8)


def test_a_budget_asks(recorded, write, answers):
    """A cost for which a budget asks is not measured, and makes the tier INCOMPLETE."""
    verdict, reasons, _ = judged(recorded, write(answers))
    assert verdict == "INCOMPLETE"
    assert "size not measured: recorded does not tell that of predictions.jsonl" in reasons


WRONG = {
    "lost": (lambda said: said["ada"].pop(), "FAIL", "LOC 'Paris' 13-18 was not found"),
    "percent": (
        lambda said: said["ada"][0].update(score=99.0),
        "FAIL",
        "PER 'Ada' has the score 99, which is not between",
    ),
    "nan": (lambda said: said["ada"][0].update(score=float("nan")), "FAIL", "has a score that is NaN"),
    "offsets": (
        lambda said: said["ada"][1].update(start=14, end=99),
        "FAIL",
        "is at 14-99, which is no place in a text",
    ),
    "word": (
        lambda said: said["ada"][1].update(start=4, end=9),
        "FAIL",
        "LOC 'Paris' is at 4-9, where the text has 'lives'",
    ),
    "label": (
        lambda said: said["ada"][0].update(entity_group="person"),
        "ERROR",
        'add to labels there: "person" = "…"',
    ),
    "pieces": (lambda said: said["ada"][0].update(entity="B-PER"), "ERROR", "of word pieces and not of entities"),
    "foreign": (
        lambda said: said.update(ada={"text": "Ada"}),
        "ERROR",
        'its answer is {"text": "Ada"}, and not a list of',
    ),
    "missing": (lambda said: said.pop("ada"), "INCOMPLETE", "has no prediction of 'ada'; add a line"),
    "twice": (lambda said: said["ada"].append(said["ada"][0]), "FAIL", "an entity stands twice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_predictions(recorded, write, answers, name):
    """What no model could have meant is a FAIL, what is no such answer an ERROR, what is missing INCOMPLETE."""
    recorded.replace(recorded.models_file, BUDGET, "")
    change, wanted, words = WRONG[name]
    change(answers)
    verdict, reasons, _ = judged(recorded, write(answers))
    assert (verdict, words in reasons) == (wanted, True), reasons


def test_lines_that_are_none(recorded, write, answers):
    """A doubled id, a line that is no JSON and one without a prediction are named with their number."""
    whole = Path(write(answers)).read_text()
    for line, words in [
        ('{"id": "ada", "prediction": []}', "line 4: 'ada' is also the id of line 1"),
        ("{", "line 4: is no JSON"),
        ('{"id": "ada"}', 'line 4: is \'{"id": "ada"}\'; write an object'),
    ]:
        verdict, reasons, _ = judged(recorded, recorded.write("p.jsonl", f"{whole}{line}\n"))
        assert (verdict, words in reasons) == ("ERROR", True), reasons


def test_predictions_of_nothing(recorded, write, answers):
    """Predictions of no case and no row are named."""
    _, reasons, _ = judged(recorded, write({**answers, "adam": []}))
    assert "1 prediction is of no case and of no row: adam" in reasons


def test_no_such_file(recorded):
    """A file that is not there is told before anything runs."""
    result = recorded.run("--swap", "ner.small=nowhere.jsonl")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*no file */nowhere.jsonl (model = 'nowhere.jsonl'); give a file with a line*"])


def test_a_row_of_its_own(recorded, write, answers):
    """A tier whose row names a file has goldens with unknown margins, and an edit of the file is another model."""
    path = write(answers)
    recorded.replace(recorded.models_file, 'model = "../../models/small"', 'model = "../../predictions.jsonl"')
    recorded.replace(recorded.models_file, BUDGET, "")
    recorded.replace(recorded.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    recorded.run("--snapshot-update", "-k", "golden and small").assert_outcomes(passed=3, deselected=13)
    golden = json.loads(recorded.golden().read_text())
    (made_by,) = golden["made_by"].values()
    assert (made_by["backend"], made_by["model"]) == ("recorded", "predictions.jsonl")
    assert golden["cases"]["ada"]["prediction"]["entities"][0]["margin"] is None
    result = recorded.run("-k", "small")
    assert recorded.verdicts(result)["small"] == "PASS"
    verdict, reasons, _ = judged(recorded, path)
    assert (verdict, "this swap did not take place" in reasons) == ("FAIL", True)
    answers["ada"][0]["score"] = 0.5
    verdict, reasons, _ = judged(recorded, write(answers, "others.jsonl"))
    assert (verdict, "fell by 0.4900" in reasons) == ("FAIL", True)


def test_keys_of_others(recorded, write, answers):
    """A key that recorded predictions have not is refused."""
    write(answers)
    recorded.write("row.toml", 'model = "predictions.jsonl"\nlabels = { "*" = "*" }\ndtype = "float16"\n')
    result = recorded.run("--swap", "ner.small=row.toml")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*is one of the backend recorded, which has no dtype; take that out of its row"])
