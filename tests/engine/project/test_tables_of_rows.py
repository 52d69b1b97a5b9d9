"""Evaluation sets as CSV and TSV, with columns of other names, and rows without ids."""

import json
import re

import pytest

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.outputs.answer import AnswerSpan
from swapgate.outputs.entities import Span
from swapgate.project.evaluation import find_set, unlabelled
from swapgate.tasks import find_task

REVIEWS = "review,stars,lang\n" + '"Fine, ""really"".\nYes.",5,en\nHm.,1,de\n'
COLUMNS = {"text": "review", "expected": "stars"}
JSON = json.dumps([{"label": "PER", "start": 0, "end": 3, "text": "Ada"}])


@pytest.fixture
def found(tmp_path):
    """Write a file of rows, and give its cases."""

    def find(text, name="set.csv", task="sentiment", labels=("1", "5"), columns=COLUMNS):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [*find_set(path, find_task(task), frozenset(labels), columns).rows()]

    return find


def said(cases):
    """Return what cases say."""
    return [(case.input, case.expected) for case in cases]


TWO = [('Fine, "really".\nYes.', ("5",)), ("Hm.", ("1",))]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("between", [",", ";"])
def test_csv(found, mark, between):
    """A CSV file is read with commas or semicolons, cells in quotes, and columns that the models file names."""
    assert said(found(mark + REVIEWS.replace(",", between).replace("Fine;", "Fine,"))) == TWO


def test_lines_of_windows(found):
    """Lines may end as on Windows, and blank ones do no harm."""
    assert said(found(REVIEWS.replace("\n", "\r\n") + "\r\n"))[1] == TWO[1]


def test_tsv(found):
    """A TSV file has a row a line; quotes around a cell are taken away where those in it stand twice, else kept."""
    text = 'review\tstars\n"Fine, ""really""."\t5\n"Hm", he said\t1\n'
    assert said(found(text, "set.tsv")) == [('Fine, "really".', ("5",)), ('"Hm", he said', ("1",))]


def test_lists_in_cells(found):
    """What is no text stands in a cell as JSON: entities, answers, several labels."""
    (case,) = found(f"text\texpected\nAda came.\t{JSON}\n", "set.tsv", "ner", ("PER",), {})
    assert case.expected == (Span(0, 3, "PER", "Ada"),)
    text = 'question\tcontext\texpected\nWho?\tAda came.\t[{"start": 0, "text": "Ada"}]\n'
    (case,) = found(text, "set.tsv", "question-answering", (), {})
    assert case.expected == (AnswerSpan(0, "Ada"),)
    (case,) = found('text\texpected\nFine.\t["a", "b"]\n', "set.tsv", "sentiment", ("a", "b"), {})
    assert case.expected == ("a", "b")


def test_numbers_are_ids_and_labels(found):
    """Whole numbers are ids and labels of the same digits, in JSONL too."""
    (case,) = found('{"id": 7, "text": "Fine.", "expected": 5}\n', "set.jsonl", columns={})
    assert (case.id, case.expected) == ("7", ("5",))


@pytest.mark.parametrize(("name", "text"), [("set.csv", REVIEWS), ("set.jsonl", '{"review": "Hm.", "stars": 1}\n' * 2)])
def test_rows_without_ids(found, name, text):
    """Rows without ids are called by their line and a digest of their input, so rows that are alike are two."""
    names = [case.id for case in found(text, name)]
    assert len({*names}) == 2
    assert all(re.fullmatch(r"\d-[0-9a-f]{8}", one) for one in names)
    assert names == [case.id for case in found(text.replace("1", "5"), name)]


def test_ids_of_some(found):
    """Where some rows have an id and others have none it is told."""
    with pytest.raises(SurroundingsFault, match="1 of 2 rows have an id; give each row one, or none"):
        found("id,text,expected\na,Fine.,5\n,Hm.,1\n", columns={})


def test_slices(found):
    """A column may be a key of the row's slices."""
    first, second = found(REVIEWS, columns={**COLUMNS, "slices.language": "lang"})
    assert (first.slices, second.slices) == ({"language": "en"}, {"language": "de"})


def test_column_that_is_not_there(found):
    """A file whose columns are called like the keys is read though the models file has other names."""
    assert said(found("text,expected\nHm.,1\n")) == TWO[1:]
    with pytest.raises(InputFault, match="row 2: text: missing"):
        found("txt,expected\nHm.,1\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("set.csv", "text,expected\nFine, really.,5\n", "row 2: has 3 cells under 2 columns; put cells that hold what"),
        ("set.csv", "text,expected\nFine.\n", "row 2: has 1 cells under 2 columns"),
        ("set.tsv", "text\texpected\nFine.\n", "row 2: has 1 cells under 2 columns"),
        ("set.csv", "text,text\nHm.,1\n", "its first line has columns of one name: text; rename them"),
        ("set.tsv", "text\ttext\nHm.\t1\n", "its first line has columns of one name: text; rename them"),
        ("set.csv", "", "its first line has no names of columns"),
        ("set.tsv", "", "its first line has no names of columns"),
        ("set.csv", "text,expected\n", "holds no rows"),
        ("set.csv", 'text,expected\n"Fine.,5\n', "cannot be read after row 0: line 2: unexpected end of data"),
        ("set.csv", 'text,expected\n"a"b,5\n', "cannot be read after row 0: line 2: ',' expected after"),
        ("set.csv", b"text,expected\n\xff,5\n", "cannot be read after row 0: it is no text in UTF-8; .*iconv"),
        ("set.csv", "text,expected\nHm.,2\n", "row 2: .*no model and no case knows the label '2'; write one of: 1, 5"),
        ("set.csv", "text,expected\n,5\n", "row 2: text: missing; mend the row"),
    ],
)
def test_bad_table(found, name, text, message):
    """What is wrong with a table is told in one message with its line."""
    with pytest.raises(InputFault, match=rf"{name}[:,] {message}"):
        found(text, name, columns={})


def test_all_faulty_rows_are_counted(tmp_path):
    """Of a set with faulty rows a message counts all of them, and tells of the first five."""
    path = tmp_path / "set.csv"
    path.write_text("text,expected\nFine.,5\n" + "Hm.,2\n" * 7 + "Hm.,1\n")
    rows = find_set(path, find_task("sentiment"), frozenset({"1", "5"}))
    with pytest.raises(
        SurroundingsFault, match=r"set\.csv: 7 of 9 rows are wrong, the first 5: row 3: .* row 7: "
    ) as told:
        _ = rows.count
    assert "row 8" not in str(told.value)
    assert "\n" not in str(told.value)


def test_rows_that_are_to_be_labelled(tmp_path):
    """Rows without right answers are read as sets are, and need no id."""
    (tmp_path / "rows.csv").write_text("review\nHm.\n")
    (case,) = unlabelled(tmp_path / "rows.csv", find_task("sentiment"), {"text": "review"})
    assert case.input == "Hm."
