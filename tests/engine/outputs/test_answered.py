"""What pipelines return is read strictly: what is no answer, or cannot be meant, is told in words."""

import json
import math

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.inputs.given import Question
from swapgate.outputs import invalid
from swapgate.outputs.answer import Answer
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Detection, Detections
from swapgate.outputs.entities import Entities, Entity
from swapgate.outputs.label_set import LabelSet
from swapgate.outputs.text import Text
from swapgate.outputs.translation import Translation
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task


class Picture:
    """A picture of which only the size is asked."""

    width, height = 100, 80


TEXT = "Ada lives in São Paulo."
CONTEXT = Question("Where does she live?", "Ada lives in Paris, and has for years.")
GIVEN = {"ner": TEXT, "question-answering": CONTEXT, "object-detection": Picture()}
LABELS = {
    "ner": {"PER": "PER", "LOC": "LOC", "LABEL_0": "O"},
    "text-classification": {"POS": "positive", "NEG": "negative"},
    "multi-label-text-classification": {"joy": "joy", "fear": "fear"},
    "object-detection": {"cat": "cat"},
}


def entity(label="LOC", start=13, end=22, word="sao paulo", score=0.9, key="entity_group"):
    """Return an entity as an uncased tokenizer writes it."""
    return {key: label, "score": score, "word": word, "start": start, "end": end}


def box(label="cat", score=0.9, edges=(10, 20, 60, 70)):
    """Return an object."""
    return {"label": label, "score": score, "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True))}


def answer(text="Paris", start=13, end=18, score=0.8):
    """Return an answer."""
    return {"answer": text, "start": start, "end": end, "score": score}


def scores(**said):
    """Return labels with their scores, as given."""
    return [{"label": label, "score": score} for label, score in said.items()]


def read(name, said, **keys):
    """Read an answer of a task, by way of JSON."""
    task = find_task(name)
    row = row_type(task)(model="x", labels={**LABELS.get(name, {}), **keys.pop("labels", {})}, **keys)
    found = task.output.answered(json.loads(json.dumps(said)), GIVEN.get(name, TEXT), row)
    assert invalid(found) == []
    return found


SINGLE, MULTI = "text-classification", "multi-label-text-classification"
READ = [
    (SINGLE, scores(NEG=0.25, POS=0.75), Classification((Score("positive", 0.75), Score("negative", 0.25)), 0.0)),
    (SINGLE, {"label": "POS", "score": 0.75}, Classification((Score("positive", 0.75),), 0.25)),
    (MULTI, scores(joy=0.75, fear=0.5), LabelSet((Score("joy", 0.75), Score("fear", 0.5)), 0.0, 0.5)),
    (MULTI, scores(joy=0.25), LabelSet((Score("joy", 0.25),), 0.25, 0.5)),
    ("ner", [], Entities(())),
    ("ner", [entity()], Entities((Entity(13, 22, "LOC", "São Paulo", score=0.9, margin=None, edge=None),))),
    ("ner", [entity("LABEL_0", 4, 9, "lives"), entity("O", 4, 9, "lives")], Entities(())),
    ("ner", [entity(word="[UNK] paulo")], Entities((Entity(13, 22, "LOC", "São Paulo", 0.9, None, None),))),
    ("question-answering", answer(), Answer("Paris", 13, 18, 0.8, None)),
    ("question-answering", [answer(" Paris", 12), answer("Ada", 0, 3)], Answer("Paris", 13, 18, 0.8, None)),
    ("question-answering", answer("", 0, 0), Answer("", 0, 0, 0.8, None)),
    ("summarization", [{"summary_text": " Ada lives."}], Text("Ada lives.", None)),
    ("summarization", {"generated_text": "Ada lives."}, Text("Ada lives.", None)),
    ("translation", [{"translation_text": "Ada lebt."}], Translation("Ada lebt.", None)),
    ("speech-recognition", {"text": "ada lives", "chunks": None}, Text("ada lives", None)),
    ("object-detection", [], Detections((), 0.5)),
    ("object-detection", [box(score=0.4), box()], Detections((Detection("cat", (10, 20, 60, 70), 0.9),), 0.5)),
    ("object-detection", box(edges=(-3, 20, 60, 83)), Detections((Detection("cat", (-3, 20, 60, 83), 0.9),), 0.5)),
]


@pytest.mark.parametrize(("name", "said", "wanted"), READ, ids=range(len(READ)))
def test_read(name, said, wanted):
    """Answers of pipelines become predictions, in which what was not said is unknown."""
    assert read(name, said) == wanted


NAN = math.nan
MEANT_BY_NONE = [
    (SINGLE, scores(POS=97.0, NEG=3.0), "POS has the score 97, which is not between 0 and 1: a percentage, or softmax"),
    (SINGLE, scores(POS=0.2, NEG=-1.5), "NEG has the score -1.5"),
    (SINGLE, scores(POS=NAN, NEG=0.5), "POS has a score that is NaN or infinite"),
    (SINGLE, [*scores(POS=0.5), *scores(POS=0.5)], "it says the label POS twice"),
    (MULTI, scores(joy=99.0, fear=1.0), "joy has the score 99"),
    ("ner", [entity(score=90.0)], "LOC 'São Paulo' has the score 90"),
    ("ner", [entity(score=NAN)], "LOC 'São Paulo' has a score that is NaN"),
    ("ner", [entity(end=99)], "LOC is at 13-99, which is no place in a text of 23 characters"),
    ("ner", [entity(start=22)], "LOC is at 22-22, which is no place"),
    ("ner", [entity(start=-9)], "LOC is at -9-22, which is no place"),
    ("ner", [entity(start=12, end=21)], "LOC 'sao paulo' is at 12-21, where the text has ' São Paul'"),
    ("question-answering", answer(score=80.0), "the answer 'Paris' has the score 80"),
    ("question-answering", answer(score=NAN), "the answer 'Paris' has a score that is NaN"),
    ("question-answering", answer(end=99), "the answer 'Paris' is at 13-99, which is no place"),
    ("question-answering", answer(start=0, end=5), "the answer 'Paris' is at 0-5, where the context has 'Ada l'"),
    ("object-detection", [box(score=90.0)], "cat has the score 90"),
    ("object-detection", [box(edges=(10, 20, NAN, 70))], "a box of cat has a xmax that is NaN or infinite"),
    ("object-detection", [box(edges=(90, 20, 160, 70))], "is not in the picture, which has 100×80 pixels"),
]


@pytest.mark.parametrize(("name", "said", "words"), MEANT_BY_NONE, ids=range(len(MEANT_BY_NONE)))
def test_meant_by_no_model(name, said, words):
    """Percentages, NaN, offsets that do not fit the text and boxes outside the picture are faults of the model."""
    with pytest.raises(ModelFault) as caught:
        read(name, said)
    assert words in str(caught.value)


def test_boxes_without_inside():
    """A box whose edges are exchanged is read, and is no prediction."""
    with pytest.raises(AssertionError, match="has no inside"):
        read("object-detection", [box(edges=(60, 20, 10, 70))])


@pytest.mark.parametrize("said", [scores(POS=0.5, NEG=0.1), scores(POS=0.9, NEG=0.9)])
def test_labels_that_do_not_sum_to_one(said):
    """All labels of a map sum to 1, else softmax was not what made them."""
    with pytest.raises(AssertionError, match="scores sum to"):
        read(SINGLE, said)


@pytest.mark.parametrize("said", [scores(POS=0.3335, NEG=0.6666), scores(POS=0.33, NEG=0.66)])
def test_rounded_scores(said):
    """Scores that were rounded need not sum to 1 to the last digit."""
    found = read(SINGLE, said)
    assert sum(one.score for one in found.scores) == pytest.approx(1)
    assert found.scores[0].score == pytest.approx(2 / 3, abs=0.01)


OF_NO_SUCH_TASK = [
    (SINGLE, [entity()]),
    (SINGLE, []),
    (SINGLE, scores(POS="high")),
    (SINGLE, scores(POS=True)),
    (SINGLE, [["POS", 0.5]]),
    (SINGLE, {"error": "model is loading"}),
    ("ner", scores(POS=0.5, NEG=0.5)),
    ("ner", [entity(start=None)]),
    ("ner", [entity(start=13.5)]),
    ("ner", "Ada"),
    ("ner", None),
    ("question-answering", []),
    ("question-answering", scores(POS=0.5)),
    ("question-answering", answer(text=None)),
    ("summarization", "Ada lives."),
    ("summarization", [{"summary_text": "a"}, {"summary_text": "b"}]),
    ("summarization", {"summary_text": 3}),
    ("translation", [{"summary_text": "Ada lebt."}]),
    ("speech-recognition", scores(POS=0.5)),
    ("object-detection", scores(cat=0.5)),
    ("object-detection", [{**box(), "box": [10, 20, 60, 70]}]),
]


@pytest.mark.parametrize(("name", "said"), OF_NO_SUCH_TASK, ids=range(len(OF_NO_SUCH_TASK)))
def test_of_no_such_task(name, said):
    """What is no answer of the task is never taken for one: it is shown, with what was wanted, on one line."""
    with pytest.raises(SurroundingsFault, match=r"^its answer is .*, and not .*; let what answers be of this task$"):
        read(name, said)


def test_word_pieces():
    """Pieces that were not put together are told with the setting that does."""
    with pytest.raises(SurroundingsFault, match="of word pieces and not of entities; let it put them together"):
        read("ner", [entity("B-LOC", key="entity")])


@pytest.mark.parametrize(
    ("name", "said"),
    [(SINGLE, scores(GOOD=0.5)), (MULTI, scores(GOOD=0.9, joy=0.1)), ("ner", [entity("GOOD")])],
    ids=["one", "several", "pieces"],
)
def test_unmapped_labels(name, said):
    """A label that the row does not map is told with the line to write, and kept where others keep their names."""
    with pytest.raises(SurroundingsFault, match=r'it says the label GOOD, .* add to labels there: "GOOD" = "…"'):
        read(name, said)
    assert "GOOD" in str(read(name, said, labels={"*": "*"}))


def test_labels_that_are_left_out():
    """Of several labels none that may count is left out."""
    with pytest.raises(SurroundingsFault, match=r"says 1 labels, .* nothing of fear, which may reach 0.5 too; ask it"):
        read(MULTI, scores(joy=0.9))
    with pytest.raises(SurroundingsFault, match=r"nothing of others, which may reach 0.5 too"):
        read(MULTI, scores(joy=0.9, fear=0.8), labels={"*": "*"})


def test_answers_of_several_windows():
    """An answer in several windows of a long context adds up to more than 1, and no answer of a short one does."""
    long = Question("Where?", "Ada lives in Paris. " * 40)
    task = find_task("question-answering")
    row = row_type(task)(model="x")
    assert task.output.answered(answer(score=1.7), long, row).score == 1.7
    with pytest.raises(ModelFault, match=r"has the score 1\.7"):
        task.output.answered(answer(score=1.7), CONTEXT, row)
