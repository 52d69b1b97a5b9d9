"""`swapgate label`: only the rows on which two models differ need a label, and the paired verdict is exact."""

import csv
import importlib
import io
import json
from types import SimpleNamespace

import pytest

from swapgate.commands import main
from swapgate.commands.labelling import _margin
from swapgate.project.budgets import Budget, QualityLimit
from swapgate.tasks import find_task

LIMIT = 'budget.quality = { against = "incumbent", margin = 0.005'
SWAP = "ner.small=models/candidate"
TEXTS = ["Ada is here", "Paris is far", "Siemens is old", "It is nobody"]


@pytest.fixture
def label(recorded, monkeypatch, capsys):
    """Run the command on rows of four texts, over and over, with a candidate that loses one name and finds another."""
    recorded.retrain("candidate", like="small", Ada=None, Siemens=["ORG", 0.9])
    monkeypatch.chdir(recorded.path)
    monkeypatch.syspath_prepend(recorded.path)
    fake_model = importlib.import_module("fake_model")
    fake_model.pytest_configure()
    rows = [{"id": f"row {number}", "text": f"{TEXTS[number % 4]} {number}"} for number in range(200)]
    recorded.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def run(*options, status=0):
        assert main(["label", SWAP, "--rows", "rows.jsonl", *options]) == status
        said = capsys.readouterr()
        return said.out + said.err

    run.project = recorded
    yield run
    fake_model.pytest_unconfigure()


def table(project, change, name="asked.csv"):
    """Fill the column label of what was written."""
    rows = [*csv.DictReader(io.StringIO((project.path / "asked.csv").read_text()))]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows({**row, "label": change(row)} for row in rows)
    return project.write(name, text.getvalue())


def who(row):
    """Say which answer is right: Ada is a person, Siemens an organisation."""
    wanted = "PER" if "Ada" in row["given"] else "ORG"
    return "first" if row["first"].startswith(wanted) else "second"


def test_without_a_set(label, capsys):
    """A row with a budget of quality needs no evaluation set here: labels take its place, also for accept-loss."""
    label.project.replace(label.project.models_file, "gaps =", f"{LIMIT} }}\ngaps =")
    label("--out", "asked")
    table(label.project, who)
    assert "50 rows lost, 50 gained of 200" in label("--labels", "asked.csv", status=7)
    accept = ["accept-loss", "ner.small", "ada", "--candidate", "models/candidate", "--reason", "rare"]
    assert main(accept) == 0
    assert "may lose ada" in capsys.readouterr().out


def test_exact(label):
    """Half of the rows differ; with their labels the verdict counts what is lost and gained among all rows."""
    said = label("--out", "asked")
    assert said.startswith("100 of 200 rows need a label")
    table(label.project, who)
    said = label("--labels", "asked.csv", status=7)
    assert "100 of 200 rows needed a label" in said
    assert "too few rows  ner/small: 50 rows lost, 50 gained of 200: +0.0000" in said
    assert "figures that need all labels: not measured" in said


def test_rows_are_asked_as_a_run_does(label, monkeypatch):
    """Each row is asked of both models once, also over several runs of the command; --no-cache asks again."""
    monkeypatch.setitem(vars(find_task("ner")), "version", "1")  # a task of another package says that it may be kept
    project, counts = label.project, []
    for option in ((), (), ("--no-cache",)):
        project.write("events.txt", "")
        said = label("--out", "asked", *option)
        assert "100 of 200 rows need a label" in said
        words = "models/candidate 200 of 200 rows, models/small 200 of 200 rows; --no-cache asks for all of them again"
        counts.append(sum(int(one.split()[-1]) for one in project.events() if one.startswith("predict ")))
        assert (f"note  answers taken from earlier runs: {words}" in said) == (counts[-1] == 0)
    assert counts == [400, 0, 400]


def test_row_that_a_model_cannot_take(label):
    """A row at which a model fails is named."""
    label.project.retrain("candidate", like="small", Odd=["CRASH", 0.9])
    label.project.write("rows.jsonl", '{"id": "one", "text": "Ada"}\n{"id": "two", "text": "Odd"}\n')
    assert label("--out", "asked", status=4).startswith("ner/small: row 'two' of rows.jsonl: the model crashed: ")


def test_labels_are_kept(label):
    """What holds labels is not written over."""
    label("--out", "asked")
    labelled = table(label.project, who)
    before = labelled.read_text()
    assert "asked.csv holds labels already; give it back with --labels, or give --out another place" in label(
        "--out", "asked", status=4
    )
    assert labelled.read_text() == before


def test_semicolons(label):
    """A table of a spreadsheet that writes semicolons is read."""
    label("--out", "asked")
    asked = table(label.project, who)
    rows = [*csv.reader(io.StringIO(asked.read_text()))]
    asked.write_text("".join(";".join(row) + "\n" for row in rows))
    assert "50 rows lost, 50 gained of 200" in label("--labels", "asked.csv", status=7)


def test_stopped(label, monkeypatch):
    """Who stops while being asked is told what became of the labels."""

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", stop)
    assert "stopped at row 1 of 100, and nothing is judged or kept" in label("--ask", status=4)


def test_blinded(label):
    """The candidate's answer stands first in about half of the rows, in the same each time, by a seed."""
    found = []
    for seed in ("0", "0", "1"):
        label("--out", "asked", "--seed", seed)
        rows = [*csv.DictReader(io.StringIO((label.project.path / "asked.csv").read_text()))]
        found.append([row["first"] for row in rows if "Ada" in row["given"]])
    assert found[0] == found[1] != found[2]
    assert 10 < sum(one == "nothing" for one in found[0]) < 40


@pytest.mark.parametrize(("said", "lost", "gained"), [("both", 0, 0), ("neither", 0, 0), ("skip", 100, 0)])
def test_words(label, said, lost, gained):
    """What both get right or wrong changes nothing; what is skipped counts against the candidate."""
    label("--out", "asked")
    table(label.project, lambda row: said)
    found = label("--labels", "asked.csv", status=1 if lost else 0)
    assert f"{lost} rows lost" in found
    assert f"{gained} gained" in found
    assert found.split("\n")[1].startswith("FAIL" if lost else "PASS")


def test_json(label):
    """The rows are given back as JSON lines too."""
    label("--out", "asked")
    rows = [json.loads(line) for line in (label.project.path / "asked.jsonl").read_text().splitlines()]
    label.project.write("back.jsonl", "".join(json.dumps({**row, "label": "both"}) + "\n" for row in rows))
    assert "PASS" in label("--labels", "back.jsonl")


def test_on_the_terminal(label, monkeypatch):
    """Asked for each; another word is asked for again, and where the input ends the rest is skipped."""
    answers = iter(["first?", "both"])

    def answer(_):
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    said = label("--ask", status=1)
    assert "99 rows lost, 99 of them skipped" in said


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_another_seed(label, seed):
    """Whose answers stand first says the file itself, and no seed that may be forgotten."""
    label("--out", "asked", "--seed", "1")
    table(label.project, lambda row: "second" if row["first"] == "nothing" else "first")
    said = label("--labels", "asked.csv", "--seed", seed, status=7)
    assert "50 rows lost, 50 gained of 200" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [{**row, "first": f"{row['first']}!"} for row in rows], "'row 0' has the answers "),
        (lambda rows: [{**row, "second": row["first"]} for row in rows], "'row 0' has the answers "),
        (lambda rows: [{**row, "given": f"{row['given']}!"} for row in rows], "'row 0' has another input; "),
        (lambda rows: rows[1:], "'row 0' is missing, on which these models differ; "),
        (lambda rows: [*rows, {**rows[0], "id": "row 1"}], "'row 1' is none on which these models differ; "),
        (lambda rows: [*rows, {**rows[0], "label": "neither"}], "'row 0' stands twice; "),
        (lambda rows: [{"id": row["id"], "label": "both"} for row in rows], "'row 0' has another input; "),
    ],
    ids=["another candidate", "one answer", "other rows", "too few", "too many", "twice", "no columns"],
)
def test_of_others(label, change, words):
    """Labels of other rows or other models are refused, and say what to do."""
    label("--out", "asked")
    rows = [json.loads(line) for line in (label.project.path / "asked.jsonl").read_text().splitlines()]
    rows = change([{**row, "label": "both"} for row in rows])
    label.project.write("back.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    said = label("--labels", "back.jsonl", status=4)
    assert f"back.jsonl: row {words}" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ("", "allowed -0.02, for budget.quality has no margin of right rows"),
        (f"{LIMIT} }}", "allowed -0.02, for budget.quality has no margin of right rows"),
        (f'{LIMIT}, metric = "right" }}', "allowed -0.005 ("),
    ],
    ids=["default", "of F1", "of right rows"],
)
def test_margin(label, limits, allowed):
    """The margin is that of the row where it is one of right rows, else the default, which is said."""
    models_file, cases = label.project.models_file, label.project.path / "fixtures/ner/cases.toml"
    models_file.write_text(models_file.read_text().replace("[ner.small]", f"[ner.small]\n{limits}"))
    cases.write_text(f'evaluation = "set.jsonl"\n{cases.read_text()}')
    label.project.write("fixtures/ner/set.jsonl", '{"id": "a", "text": "It is nobody", "expected": []}\n')
    label("--out", "asked")
    table(label.project, lambda row: "both")
    assert allowed in label("--labels", "asked.csv", status=0 if "-0.02" in allowed else 7)


@pytest.mark.parametrize(("metric", "allowed"), [(None, 0.005), ("right", 0.005), ("macro F1", 0.02)])
def test_margin_of_the_first_figure(metric, allowed):
    """A limit without a metric is of the task's first figure, which may be that of right rows."""
    budget = Budget(quality=[QualityLimit(against="incumbent", margin=0.005, metric=metric)])
    candidate = SimpleNamespace(task=find_task("text-classification"), row=SimpleNamespace(budget=budget))
    assert _margin(candidate)[0] == allowed


REFUSED = [
    ([], "give one of --out, --labels and --ask"),
    (["--out", "a", "--ask"], "give one of --out, --labels and --ask"),
    (["--labels", "missing.csv"], "missing.csv: cannot be read"),
    (["--out", "rows.jsonl/asked"], "rows.jsonl/asked: cannot be written"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=range(4))
def test_refused(label, options, words):
    """A call that cannot be meant is refused in one line."""
    assert words in label(*options, status=4)


def test_missing_label(label):
    """A row without a label is named."""
    label("--out", "asked")
    table(label.project, lambda row: "")
    assert "row 'row 0': it has no label; write one of both, neither" in label("--labels", "asked.csv", status=4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no rows"),
        ("{}\n", "row 1: text:"),
        ('{"id": "a"}\n', "row 1: 'a': text:"),
        ('{"id": "a", "text": "t"}\n' * 2, "row 2: 'a' stands twice"),
        ("nonsense\n", "row 1: is no JSON"),
    ],
    ids=range(5),
)
def test_rows(label, text, words):
    """Rows that are not as they should be are named."""
    label.project.write("rows.jsonl", text)
    assert words in label("--out", "asked", status=4)


def test_rows_of_another_format(label):
    """A file that only has the name of a table is one message."""
    label.project.write("rows.parquet", "no table")
    assert "rows.parquet: cannot be read" in label("--rows", "rows.parquet", "--out", "asked", status=4)


def test_same_inputs(label):
    """Rows with the same input count once, as in an evaluation set."""
    rows = [{"id": f"row {number}", "text": TEXTS[number % 4]} for number in range(200)]
    label.project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert label("--out", "asked").startswith("2 of 4 rows need a label")


def test_clusters(label):
    """Rows that hang together are refused: their labels cannot be judged as if they were independent."""
    rows = [{"id": f"row {number}", "text": f"Ada {number}", "cluster": f"{number % 9}"} for number in range(90)]
    label.project.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert label("--out", "asked", status=4) == (
        "rows.jsonl: rows with a cluster depend on one another, and labels of some do not tell how; label all of"
        " an evaluation set\n"
    )
