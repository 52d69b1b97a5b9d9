"""Evaluation sets: what their files hold, JSONL or Parquet, and that what is wrong in one is told in one message."""

import json
import os
import re
import sys

import pytest

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.inputs.given import Question
from swapgate.outputs.answer import AnswerSpan
from swapgate.outputs.entities import Span
from swapgate.outputs.text import Summary
from swapgate.project.evaluation import find_set
from swapgate.tasks import find_task

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ADA = {"label": "PER", "start": 0, "end": 3, "text": "Ada"}
GOOD = {"id": "good", "text": "Ada came.", "expected": [ADA]}
ROWS = {
    "sentiment": [
        {"id": "1", "text": "Fine.", "expected": "positive"},
        {"id": "2", "text": "Hm.", "expected": "negative"},
    ],
    "ner": [GOOD, {"id": "2", "text": "It rained.", "expected": []}],
    "question-answering": [
        {"id": "1", "question": "Who?", "context": "Ada came.", "expected": [{"start": 0, "text": "Ada"}]},
        {"id": "2", "question": "Why?", "context": "Ada came.", "expected": []},
    ],
    "summarization": [
        {"id": "1", "text": "Ada came.", "expected": {"summary": "Ada", "must": ["Ada"], "words": [1, 3]}},
        {"id": "2", "text": "Bo left.", "expected": {"summary": "Bo", "words": [1, 3]}},
    ],
}


@pytest.fixture
def path(tmp_path):
    """The file of the set."""
    return tmp_path / "set.jsonl"


@pytest.fixture
def found(path):
    """Write a set of rows, or of a text, and give it."""

    def find(*rows, task="ner", labels=("PER",), file=path):
        if file.suffix == ".parquet":
            parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
        else:
            file.write_bytes(
                b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)
            )
        return find_set(file, find_task(task), frozenset(labels))

    return find


def content(cases):
    """Return what cases say."""
    return [(case.id, case.input, case.expected) for case in cases]


@pytest.mark.parametrize("task", ROWS, ids=[f"task_{number}" for number in range(len(ROWS))])
def test_formats_agree(found, path, task):
    """JSONL and Parquet give the same rows, also where a key of some rows is not there in others."""
    labels = ("positive", "negative") if task == "sentiment" else ("PER",) if task == "ner" else ()
    both = [found(*ROWS[task], task=task, labels=labels, file=path.with_suffix(end)) for end in (".jsonl", ".parquet")]
    one, other = (content(rows.rows()) for rows in both)
    assert one == other
    assert [given[0] for given in one] == [row["id"] for row in ROWS[task]]
    assert [rows.count for rows in both] == [2, 2]


def test_rows(found):
    """A row becomes a case of its task: input, and what is right."""
    assert content(found(GOOD).rows()) == [("good", "Ada came.", (Span(0, 3, "PER", "Ada"),))]
    (asked, _) = found(*ROWS["question-answering"], task="question-answering", labels=()).rows()
    assert (asked.input, asked.expected) == (Question("Who?", "Ada came."), (AnswerSpan(0, "Ada"),))


def test_mere_reference(found):
    """A summary may be given as a text alone; then no word is asked for, and its length is not judged."""
    (case,) = found({"id": "1", "text": "Ada came.", "expected": "Ada"}, task="summarization", labels=()).rows()
    assert isinstance(case.expected, Summary)
    assert (case.expected.summary, case.expected.must, case.expected.words[0]) == ("Ada", (), 1)


def test_many_rows_of_parquet(found, path):
    """A Parquet file is read through to its last row, however many are read at once."""
    rows = [{**GOOD, "id": str(number)} for number in range(600)]
    assert [case.id for case in found(*rows, file=path.with_suffix(".parquet")).rows()] == [row["id"] for row in rows]


@pytest.mark.parametrize("id_", ["0007", "A b/c", "é中", "[red]", "a'b\"c", " "])
def test_ids(found, id_):
    """Any text is an id."""
    assert [case.id for case in found({**GOOD, "id": id_}).rows()] == [id_]


@pytest.mark.parametrize("text", [b"\n", b"  \r\n", b"\xef\xbb\xbf"], ids=["empty", "spaces", "byte order mark"])
def test_what_is_no_row(found, text):
    """Blank lines and a byte order mark do no harm."""
    rows = found(text, GOOD, b"\n", {**GOOD, "id": "2"}, b"\n")
    assert [case.id for case in rows.rows()] == ["good", "2"]
    assert rows.count == 2


@pytest.mark.parametrize("end", [".jsonl", ".parquet"])
def test_other_columns(found, path, end):
    """Columns that the task has not are passed over, whatever they hold; null is what is not there."""
    others = {"start": "2020", "box": None, "tokens": ["Ada"], "split": {"a": None}, "score": 0.5}
    (case,) = found({**GOOD, **others}, file=path.with_suffix(end)).rows()
    assert content([case]) == content(found(GOOD).rows())


def bad(**changes):
    """Return a row with other values; None takes a key out."""
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not None}


NO_JSON = r"is no JSON in UTF-8 \(.*{}.*\); write one object a line"
BAD = [
    (["Ada"], r"is no object with id, input and expected, but \"\['Ada'\]\"; write one object a line"),
    (b'{"id": "x", \n', NO_JSON.format("no name in double quotes stands where one must")),
    (b"Ada came.\n", NO_JSON.format("no value stands where one must")),
    (b'{"id": "\xff"}\n', r"is no JSON in UTF-8 \(.*no letter of UTF-8\); write it in UTF-8, as in: iconv .*"),
    (b"[" * 100_000 + b"\n", NO_JSON.format("it is nested too deeply")),
    (bad(id=7.5), "id: must be a text, found 7.5; mend the row"),
    (bad(id=True), "id: must be a text, found true; mend the row"),
    (bad(id=""), "'': id: is empty; mend the row"),
    (bad(text=None), "'good': text: missing; mend the row"),
    (bad(expected=None), "'good': expected: missing; mend the row"),
    (bad(expected="PER"), "'good': expected: must be a list; mend the row"),
    (bad(text=float("nan")), "'good': text: must be a text, found NaN; mend the row"),
    (bad(text="\ud800"), "'good': text: must be a text of whole letters; mend the row"),
    (bad(expected=[{**ADA, "start": float("nan")}]), "'good': expected.0.start: must be a whole number; mend the row"),
    (bad(expected=[{**ADA, "score": 1}]), "'good': expected.0.score: unknown key; mend the row"),
    (bad(expected=[{**ADA, "label": "X"}]), "'good': .*no model and no case knows the label 'X'; write one of: PER"),
    (bad(expected=[{**ADA, "end": 4}]), "'good': expected PER 'Ada' at 0-4, where the text has .*; it stands at 0-3"),
    (bad(expected=[ADA, ADA]), "'good': an expected span stands twice; remove one of them"),
]


@pytest.mark.parametrize(("row", "message"), BAD, ids=[f"row_{number}" for number in range(len(BAD))])
def test_bad_row(found, path, row, message):
    """A row that is wrong is told with its number, before a model runs where it is the first."""
    rows = found({**GOOD, "id": "first"}, b"\n", row)
    with pytest.raises(SurroundingsFault, match=f"^{re.escape(str(path))}, row 3: {message}$"):
        _ = rows.count
    with pytest.raises(InputFault, match=f"^{re.escape(str(path))}, row 1: {message}$"):
        found(row)


@pytest.mark.parametrize("end", [".jsonl", ".parquet"])
def test_id_that_stands_twice(found, path, end):
    """Rows of one id are told: a set that was joined with itself would make a verdict too sure."""
    rows = found(GOOD, {**GOOD, "id": "2"}, {**GOOD, "id": "2"}, file=path.with_suffix(end))
    message = r"set\.\w+, row 3: '2' is also the id of row 2; remove one of them, or give it another id$"
    with pytest.raises(SurroundingsFault, match=message):
        _ = rows.count


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("set.jsonl", b"", "holds no rows; give a file with some"),
        ("set.jsonl", b"\n \n", "holds no rows; give a file with some"),
        ("set.jsonl", '{"id": "x"}'.encode("utf-16"), "row 1: is no JSON in UTF-8"),
        ("set.parquet", b"", "cannot be read after row 0: .*; give a file that is whole"),
        ("set.parquet", b"PAR1PAR1", "cannot be read after row 0: .*; give a file that is whole"),
        ("set.txt", b"id,text", r"an evaluation set is a file \.jsonl, \.parquet, \.csv or \.tsv; convert it"),
        ("set", b"", r"an evaluation set is a file \.jsonl, \.parquet, \.csv or \.tsv; convert it"),
    ],
    ids=["empty", "blank", "UTF-16", "empty Parquet", "no Parquet", "text", "no suffix"],
)
def test_bad_file(tmp_path, name, text, message):
    """A file that holds no rows, or is of another format, is refused before a model runs."""
    (tmp_path / name).write_bytes(text)
    with pytest.raises(InputFault, match=f"{name}[:,] {message}"):
        find_set(tmp_path / name, find_task("ner"), frozenset())


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "folder"])
def test_no_file(path, missing):
    """A path where no file is."""
    if not missing:
        path.mkdir()
    with pytest.raises(InputFault, match=r"^no evaluation set .*set\.jsonl; give the path of a file$"):
        find_set(path, find_task("ner"), frozenset())


@pytest.mark.parametrize("kept", [0.5, 0.99], ids=["half", "nearly all"])
def test_truncated_parquet(found, path, kept):
    """A Parquet file whose end is missing is refused."""
    whole = path.with_suffix(".parquet")
    found(*({**GOOD, "id": str(number)} for number in range(99)), file=whole)
    whole.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * kept)])
    with pytest.raises(InputFault, match=r"cannot be read after row 0: .*; give a file that is whole$"):
        find_set(whole, find_task("ner"), frozenset())


def test_damaged_parquet(found, path):
    """A Parquet file whose rows are damaged is told where it is read, without a trace of the library."""
    whole = path.with_suffix(".parquet")
    rows = found(*({**GOOD, "id": str(number)} for number in range(999)), file=whole)
    damaged, status = bytearray(whole.read_bytes()), whole.stat()
    damaged[40:900] = bytes(860)
    whole.write_bytes(damaged)
    os.utime(whole, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(SurroundingsFault, match=r"cannot be read after row \d+: .*; give a file that is whole$"):
        _ = rows.count


def test_without_pyarrow(found, path, monkeypatch):
    """Where pyarrow is not installed, a Parquet file is refused with what to type."""
    found(GOOD, file=path.with_suffix(".parquet"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        InputFault, match=r'needs pyarrow, which is not installed; type: pip install "swapgate\[parquet\]"$'
    ):
        find_set(path.with_suffix(".parquet"), find_task("ner"), frozenset())
    assert found(GOOD).count == 1


def test_mark_of_the_encoding(found):
    """The byte-order mark that some editors put before a text is no part of it."""
    marked = found(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\n")
    assert [row.id for row in marked.rows()] == ["good"]
