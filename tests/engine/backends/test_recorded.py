"""Predictions that were made elsewhere are judged as a model's are, but for what was not measured."""

import json
import re
from pathlib import Path

import pytest

from swapgate.backends import recorded as recorded_backend
from swapgate.backends.backend import Place
from swapgate.core.faults import SurroundingsFault
from swapgate.project.manifest import Row

BUDGET = 'budget.size = { against = "original", at_most = 0.9 }\n'

PARAMETERS = """

def test_parameters(parameters, budget):
    assert parameters <= budget.parameters
"""
PROPERTIES = """

from hypothesis import given, strategies


@given(text=strategies.text())
def test_twice(model, text):
    assert model.predict([text]) == model.predict([text])


def test_few(prediction):
    assert len(prediction.entities) < 3
"""


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


@pytest.mark.parametrize("cost", ["size", "latency", "parameters"])
def test_a_budget_asks(recorded, write, answers, cost):
    """A cost for which a budget asks is not measured, and makes the tier INCOMPLETE."""
    recorded.replace(recorded.models_file, BUDGET, BUDGET.replace("size", cost))
    recorded.suite.write_text(recorded.suite.read_text() + PARAMETERS)
    verdict, reasons, _ = judged(recorded, write(answers))
    assert verdict == "INCOMPLETE"
    words = f"{cost} not measured: recorded predictions (predictions.jsonl); take budget.{cost} out"
    if cost == "latency":
        words = "latency and properties not measured: recorded predictions (predictions.jsonl), of cases and rows alone"
    assert f"ner/small: {words}" in reasons


def test_a_reference_that_has_no_size(recorded, write, answers):
    """A model whose size is to be judged beside predictions from elsewhere is INCOMPLETE too."""
    write(answers)
    recorded.replace(recorded.models_file, 'model = "../../models/original"', 'model = "../../predictions.jsonl"')
    result = recorded.run("-k", "small and size")
    assert recorded.verdicts(result)["small"] == "INCOMPLETE"
    assert "for the reference: ner/original: size not measured: recorded predictions" in recorded.reasons(result)[0]


def test_properties_are_left_out(recorded, write, answers):
    """Properties ask what stands in no file and are left out; other tests of one's own run."""
    recorded.replace(recorded.models_file, BUDGET, "")
    recorded.suite.write_text(recorded.suite.read_text() + PROPERTIES)
    verdict, reasons, result = judged(recorded, write(answers))
    assert verdict == "PASS", reasons
    assert "test_twice" not in result.stdout.str()
    assert re.findall(r"\d/\d", recorded.table(result)[1]) == ["3/3", "3/3", "3/3"]


def test_in_two_processes(recorded, write, answers):
    """Under pytest-xdist the verdict and what it says are the same."""
    recorded.replace(recorded.models_file, BUDGET, "")
    verdict, reasons, _ = judged(recorded, write(answers), "-n", "2", "-m", "not latency")
    assert verdict == "PASS", reasons
    assert "latency, memory, parameters, properties, size not measured: recorded predictions" in reasons


WRONG = {
    "lost": (lambda said: said["ada"].pop(), "FAIL", "LOC 'Paris' 13-18 was not found"),
    "percent": (
        lambda said: said["ada"][0].update(score=99.0),
        "FAIL",
        "PER 'Ada' has the score 99, which is not between",
    ),
    "nan": (lambda said: said["ada"][0].update(score=float("nan")), "FAIL", "has a score that is NaN"),
    "huge": (
        lambda said: said["ada"][0].update(score=10**400),
        "FAIL",
        "has a score that is NaN or infinite, or as",
    ),
    "far": (lambda said: said["ada"][1].update(end=10**400), "FAIL", "which is no place in a text"),
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
        ('{"id": 7.5, "prediction": []}', "line 4: has the id 7.5; write the id of a case or row, a text or a whole"),
        ('{"id": true, "prediction": []}', "line 4: has the id true; write"),
        ('{"id": null, "prediction": []}', "line 4: has the id null; write"),
        ('{"id": "ada"}', 'line 4: is \'{"id": "ada"}\'; write an object'),
    ]:
        verdict, reasons, _ = judged(recorded, recorded.write("p.jsonl", f"{whole}{line}\n"))
        assert (verdict, words in reasons) == ("ERROR", True), reasons


@pytest.mark.parametrize("line", [0, 2])
def test_lines_in_another_encoding(recorded, write, answers, line):
    """A line that is no UTF-8 is named with its number, whichever it is, and a mark at the beginning is none."""
    path = Path(write(answers))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(lines))
    assert [*recorded_backend.predictions(source_of(path))] == [*answers]
    lines[line] = lines[line].decode().encode("utf-16")
    path.write_bytes(b"".join(lines))
    with pytest.raises(SurroundingsFault, match=f"line {line + 1}: is no UTF-8 .* save the file as UTF-8"):
        recorded_backend.predictions(source_of(path))


def source_of(path):
    """Return what a row names."""
    return recorded_backend.find(Row(model=str(path)), Place(path.parent, path.parent))


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


QUALITY = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""


@pytest.fixture
def judged_rows(recorded):
    """Judge predictions of cases and of an evaluation set of 200 rows, in each of which somebody else comes."""
    recorded.suite.write_text(recorded.suite.read_text() + QUALITY)
    recorded.cases_file.write_text('evaluation = "set.jsonl"\n' + recorded.cases_file.read_text())
    recorded.replace(recorded.models_file, BUDGET, "")
    names = [f"Name{number}" for number in range(200)]
    recorded.model("small", {**recorded.lexicon("small"), **{name: ["PER", 0.9] for name in names}})

    def found(name):
        return [{"entity_group": "PER", "score": 0.9, "word": name, "start": 0, "end": len(name)}]

    def run(answers, missed=(), without=(), first="row 0", called="row {}".format):
        rows = []
        for number, name in enumerate(names):
            right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
            named = {"id": called(number) if number else first} if called else {}
            rows.append(json.dumps({**named, "text": f"{name} came.", "expected": right}))
        recorded.write("fixtures/ner/set.jsonl", "\n".join(rows))
        recorded.run("--snapshot-update", "-k", "golden")
        numbers = [number for number in range(len(names)) if number not in without]
        said = {(called or str)(number): [] if number in missed else found(names[number]) for number in numbers}
        lines = [json.dumps({"id": one, "prediction": its}) for one, its in {**said, **answers}.items()]
        path = recorded.write("predictions.jsonl", "\n".join(lines))
        return judged(recorded, path, "-m", "not latency")[:2]

    return run


def test_rows_of_an_evaluation_set(judged_rows, answers):
    """Rows are judged beside the incumbent's: what was right and is not is counted."""
    verdict, reasons = judged_rows(answers)
    assert verdict == "PASS", reasons
    assert "of no case and of no row" not in reasons
    verdict, reasons = judged_rows(answers, missed=range(30))
    assert (verdict, "F1 0.9189" in reasons) == ("FAIL", True), reasons


def test_rows_that_are_missing(judged_rows, answers):
    """A row without a prediction makes the tier INCOMPLETE, and is named."""
    verdict, reasons = judged_rows(answers, without=[7, 9])
    assert verdict == "INCOMPLETE"
    assert "predictions.jsonl has no prediction of 'row 7'; add a line with this id" in reasons


def test_ids_that_are_numbers(judged_rows, answers):
    """Ids may be whole numbers in the file, as they may in the evaluation set."""
    verdict, reasons = judged_rows(answers, first=0, called=int)
    assert verdict == "PASS", reasons
    assert "of no case and of no row" not in reasons


def test_rows_without_ids(judged_rows, answers):
    """Where rows of the set have no ids it is told how they are called, and what to do."""
    verdict, reasons = judged_rows(answers, called=None)
    assert verdict == "INCOMPLETE"
    assert re.search(
        r"no prediction of '[0-9]+-[0-9a-f]{8}'; a row without an id is called so, by its number and", reasons
    )
    assert "give the rows of the set ids, or add a line with this id" in reasons


def test_one_id_of_a_case_and_a_row(judged_rows, answers):
    """An id that a case and a row with another input share is an ERROR: it has one prediction."""
    verdict, reasons = judged_rows(answers, first="ada")
    assert verdict == "ERROR"
    assert "the id 'ada' is that of a case and of a row with another input" in reasons
    assert "1 prediction is of no case and of no row: row 0" in reasons


def test_on_a_device(recorded, write, answers):
    """--device is of models that run here; predictions from elsewhere are judged as they are."""
    recorded.replace(recorded.models_file, BUDGET, "")
    assert judged(recorded, write(answers), "--device=cpu")[0] == "PASS"


@pytest.mark.parametrize("name", ["x" * 300 + ".jsonl", "~nobody/x.jsonl", "x\0.jsonl"], ids=["long", "user", "zero"])
def test_paths_that_are_none(recorded, name):
    """A path that the system refuses is told in one line."""
    result = recorded.run("--swap", f"ner.small={name}")
    assert result.ret == 4
    (message,) = [line for line in result.errlines if line]
    assert "is no usable path" in message or "no file" in message
