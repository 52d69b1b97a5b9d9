"""Rows that are remembered: what is written, what is read, and that it compares as the models themselves do."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.goldens.anchors import Remembered, read_rows, text_of
from swapgate.goldens.anchors import remembered as remembered_of
from swapgate.goldens.provenance import Provenance
from swapgate.outputs import Tolerance
from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import RIGHT
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.label_set import LabelSet
from swapgate.outputs.text import Summary, Text
from swapgate.statistics.comparison import compare_figure
from swapgate.statistics.recalled import beside
from swapgate.statistics.slices import judge_named, seen
from swapgate.statistics.tally import Counted, Tally
from swapgate.tasks import find_task

MADE_BY = Provenance("ner", "models/a", None, None, "float32", "a1" * 32, Tolerance(), {"torch": "none"})
BOX, OTHER_BOX = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 4.0)


def labels(first, second, sure=0.9):
    """Return a classification of two labels."""
    return Classification((Score(first, sure), Score(second, 1 - sure)), 0.0)


def entity(label):
    """Return one entity of three letters."""
    return Entities((Entity(0, 3, label, "Ada", 1.0, 1.0, 1.0),))


def boxes(*found):
    """Return objects of the form (box, score)."""
    return Detections(tuple(Detection("cat", *one) for one in found), 0.5)


SAID = {
    "text-classification": (("a",), labels("a", "b"), labels("b", "a", 0.7)),
    "ner": ((Span(0, 3, "PER", "Ada"),), entity("PER"), entity("LOC")),
    "question-answering": ((AnswerSpan(0, "old tower"),), Answer("old tower", 0, 9, 0.9, 1), Answer("old", 0, 3, 1, 1)),
    "summarization": (Summary("", "a b c d", ("b",), (), (1, 9)), Text("a b c d", 1.0), Text("a d", 1.0)),
    "speech-recognition": ("turn it on", Text("turn it on", 1.0), Text("turn on", 1.0)),
    "object-detection": ((Annotation("cat", BOX),), boxes((BOX, 0.9)), boxes((OTHER_BOX, 0.8), (BOX, 0.123456789))),
}
"""What is right in each task, a prediction that is, and one that is not."""
FIGURES = [(task, name) for task in SAID for name in (*find_task(task).figures, RIGHT)]
FIGURES = [(task, name) for task, name in FIGURES if not (name == RIGHT and find_task(task).graded)]


def counted(task, rights, rows=None):
    """Return the tally of rows of which some are right; `rows`: their numbers."""
    expected, good, bad = SAID[task]
    tally = Tally(find_task(task).output)
    for row, right in zip(rows if rows is not None else range(len(rights)), rights, strict=True):
        made = good if right else bad
        language = {"language": "de" if row % 3 else "en"}
        tally.add(f"row {row}", made, expected, f"text {row}", slices=language, length=row, key=f"{row:016x}")
    return tally


def remembered(tally):
    """Return what is remembered of a tally."""
    return remembered_of(MADE_BY, tally)


@pytest.fixture
def kept(tmp_path):
    """Write what is remembered into a file, and read it back."""

    def run(found):
        path = tmp_path / "ner" / "small.anchor.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(found), encoding="utf-8")
        return read_rows(path)

    return run


@pytest.mark.parametrize(("task", "figure"), FIGURES, ids=[f"figure_{number}" for number in range(len(FIGURES))])
def test_compared_as_the_models(kept, task, figure):
    """A figure beside remembered rows is what it is beside the model, whatever the task, to the last digit."""
    random = np.random.default_rng(3)
    ours, theirs = (counted(task, random.random(200) < share) for share in (0.8, 0.9))
    back = kept(remembered(theirs))
    assert back == remembered(theirs)
    found, right = (asdict(compare_figure(*both, figure, 0.05)) for both in (beside(ours, back.rows), (ours, theirs)))
    words = [(flip.pop("wrong"), flip) for one in (found, right) for flip in one["gained"]]
    assert found == right
    assert {said for said, _ in words[: len(found["gained"])]} <= {"was wrong when its rows were remembered"}


def test_rows_that_are_shared(kept):
    """Rows added and removed, in another order, leave those that both have, and slices of these."""
    random = np.random.default_rng(4)
    theirs = counted("ner", random.random(300) < 0.9)
    order = random.permutation(np.arange(100, 400))
    ours = counted("ner", random.random(300) < 0.8, order)
    found = beside(ours, kept(remembered(theirs)).rows)
    right_of = dict(zip(theirs.keys, theirs.each(RIGHT), strict=True))
    places = [place for place, row in enumerate(order) if row < 300]
    alone = [counted("ner", ours.each(RIGHT)[places], order[places])]
    alone.append(counted("ner", [right_of[key] for key in alone[0].keys], order[places]))
    for figure in ("F1", "macro F1", RIGHT):
        one, other = (asdict(compare_figure(*both, figure, 0.05)) for both in (found, alone))
        one.pop("gained"), other.pop("gained")
        assert one == other
    named = [judge_named(*both, "F1", {("language", "de"): 0.05, ("language", "en"): 0.05}) for both in (found, alone)]
    for one, other in zip(*named, strict=True):
        assert replace(one.comparison, gained=()) == replace(other.comparison, gained=())
    assert [one.name for one in seen(*found, "F1", 0.02, set())]


def test_none_shared():
    """Where no row is remembered there is nothing to compare."""
    assert beside(counted("ner", [1, 1]), remembered(counted("ner", [1, 1], [2, 3])).rows) is None


def test_same_text():
    """The same rows give the same text, in whatever order they were counted; one line a row."""
    texts = [text_of(remembered(counted("ner", [1, 0, 1], rows))) for rows in ([5, 6, 7], [5, 6, 7])]
    turned = text_of(remembered(counted("ner", [1, 0, 1], [7, 6, 5])))
    assert texts[0] == texts[1] == turned
    lines = turned.splitlines()
    assert len(lines) == 4
    first = json.loads(lines[1])
    assert (first["row"], first["pairs"]) == ("0000000000000005", [["PER", "PER", 1]])
    assert {"right": 1, "both": 1, "found": 1, "wanted": 1}.items() <= first["counts"].items()


def test_line_separators_in_labels(kept):
    """A label may hold what some take for the end of a line."""
    tally = Tally(find_task("text-classification").output)
    tally.add("one", labels("a\u2028b", "c"), ("a\u2028b",), key="0" * 16)
    assert kept(remembered(tally)) == remembered(tally)


ROW = '{"row": "%016x", "counts": {"right": 1}}'
HEAD = text_of(Remembered(MADE_BY, {})).strip()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "it is empty"),
        (["{"], "line 1, the line: no JSON"),
        ([HEAD.replace('"format": 1', '"format": 9'), ROW % 1], "its format is 9, this version reads 1"),
        ([HEAD.replace('"task": "ner"', '"task": "intent"')], "not one of ner"),
        ([HEAD.replace("a1" * 32, "")], "its model has no digest"),
        ([HEAD, "<<<<<<< HEAD", ROW % 1], "merge-conflict markers"),
        ([HEAD, ROW % 1, ROW % 1], "stands twice; both sides of a merge"),
        ([HEAD, ROW % 1, "[" * 100_000], "line 3"),
        ([HEAD, ROW % 1, (ROW % 2).replace('"right": 1', '"right": 0.5')], "right is neither 0 nor 1"),
        ([HEAD, (ROW % 2).replace('"right": 1', '"right": NaN')], "line 2"),
        ([HEAD, (ROW % 2).replace('"right": 1', '"right": 1, "both": 1e300')], "line 2, counts.both"),
        ([HEAD, (ROW % 2).replace('"right": 1', '"right": 1, "both": -1')], "line 2, counts.both"),
        ([HEAD, (ROW % 2).replace('"counts"', '"count"')], "line 2, counts"),
        ([HEAD, (ROW % 2)[:-1] + ', "pairs": [["PER", 1]]}'], "line 2, pairs.0"),
        ([HEAD, (ROW % 2).replace('"row": "0', '"row": "../0')], "line 2, row"),
        ([HEAD, '{"moved": "yesterday"}'], "line 2"),
    ],
    ids=lambda value: None if isinstance(value, list) else "",
)
def test_refused(tmp_path, lines, words):
    """What is no such file is refused in one line that says how to bring it back."""
    path = tmp_path / "ner" / "small.anchor.jsonl"
    path.parent.mkdir()
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(InputFault) as caught:
        read_rows(path)
    assert words in str(caught.value)
    assert str(caught.value).endswith(f"restore it with: git checkout -- {path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_no_text(tmp_path, kind):
    """A folder, and what is no text, are refused likewise."""
    path = tmp_path / "ner" / "small.anchor.jsonl"
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputFault, match="holds no remembered rows"):
        read_rows(path)


@pytest.mark.parametrize("edit", ["names", "noted", "share"])
def test_other_counts(edit):
    """Rows that this version would not count so are refused when they are compared."""
    task, figure = {"names": ("ner", "both"), "share": ("text-classification", "top-3")}.get(
        edit, ("object-detection", "")
    )
    ours = counted(task, [1, 0, 1])
    rows = dict(remembered(ours).rows)
    first = rows[ours.keys[0]]
    if edit == "noted":
        rows[ours.keys[0]] = replace(first, noted={"cat": [1, [0.5, 0.4], [1]]})
    else:
        counts = {**first.counts, figure: 0.5}
        rows[ours.keys[0]] = replace(first, counts=counts if edit == "share" else {RIGHT: 1.0})
    with pytest.raises(
        ValueError, match={"names": "is counted by", "share": "top-3 of a row", "noted": "as many"}[edit]
    ):
        beside(ours, rows)


@pytest.mark.parametrize(
    "count",
    [{"odd": -1.0}, {"odd": float("nan")}, {"odd": 1e13}, {("a", 1): 1.0}],
    ids=["less", "nan", "large", "pair"],
)
def test_counted_otherwise(count):
    """What a file could not give back is the fault of the task that counts so, before anything is written."""
    tally = counted("ner", [])
    tally.recall(Counted({RIGHT: 1.0, **count}))
    tally.lie_as(counted("ner", [True]))
    with pytest.raises(SurroundingsFault, match="the task ner is at fault: a row counts"):
        remembered_of(MADE_BY, tally)


def test_noted_otherwise():
    """So is what an accumulator notes, where that is not JSON."""
    notes = {"names": ["spread"], "add": lambda *_: None, "noted": lambda self, row: {row}, "recall": lambda *_: None}
    tally = Tally(replace(find_task("ner").output, accumulator=type("Gathered", (), notes)))
    tally.add("one", entity("PER"), SAID["ner"][0], key="0" * 16)
    with pytest.raises(SurroundingsFault, match="what its accumulator notes is not JSON"):
        remembered_of(MADE_BY, tally)


def test_accumulator_that_tells_nothing():
    """Of figures that an accumulator gathers and cannot tell of a row, none is told of remembered rows; others are."""
    gathered = type("Gathered", (), {"names": ["spread"], "add": lambda self, prediction, expected: None})
    tally = Tally(replace(find_task("ner").output, accumulator=gathered))
    tally.add("one", entity("PER"), SAID["ner"][0], key="0" * 16)
    assert (tally.is_remembered("spread"), tally.is_remembered("F1")) == (False, True)
    assert next(tally.counted()).noted is None
    assert beside(tally, remembered(tally).rows)


def test_label_sets(kept):
    """Figures of several labels a row are remembered too."""
    task = find_task("text-classification").multi_label
    tally = Tally(task.output)
    tally.add("one", LabelSet((Score("a", 0.9), Score("b", 0.2)), 0.0, 0.5), ("a", "b"), key="0" * 16)
    assert kept(remembered(tally)) == remembered(tally)
