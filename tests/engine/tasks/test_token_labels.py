"""From word pieces to entities, as transformers groups them."""

import json
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find
from swapgate.project.manifest import read_manifest
from swapgate.tasks import ner as task

ROOT = Path(__file__).parents[3]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
LABELS = {"PER": "PER", "LOC": "place"}
READ = task.read_tags(TAGS, task.NerSettings(labels=LABELS)).tags


def pieces(*tags, score=0.9, second=0.05):
    """Return a row of scores for each tag."""
    return [[score if tag == name else (second if name == "O" else 0.01) for name in TAGS] for tag in tags]


def group(text, spans, *tags):
    """Group word pieces of a text with these tags."""
    found = task.group(text, pieces(*tags), spans, READ).entities
    return [(entity.label, entity.text) for entity in found]


SPANS = [(0, 3), (3, 5), (6, 9)]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("B-PER", "I-PER", "I-PER"), [("PER", "Annie Lee")]),
        (("I-PER", "I-PER", "I-PER"), [("PER", "Annie Lee")]),
        (("B-PER", "I-PER", "B-PER"), [("PER", "Annie"), ("PER", "Lee")]),
        (("B-PER", "I-PER", "I-LOC"), [("PER", "Annie"), ("place", "Lee")]),
        (("B-PER", "O", "I-PER"), [("PER", "Ann"), ("PER", "Lee")]),
        (("O", "O", "O"), []),
    ],
)
def test_grouping(tags, expected):
    """Pieces in a row with one label form an entity, B- begins a new one, labels go through the map."""
    assert group("Annie Lee", SPANS, *tags) == expected


def test_space_before_a_word_is_not_part_of_it():
    """An offset that counts the space before a word is moved to the word."""
    assert group("to Rome", [(0, 2), (2, 7)], "O", "B-LOC") == [("place", "Rome")]


def test_score_is_the_mean_of_the_pieces():
    """An entity scores the mean of its pieces' best tags."""
    scores = pieces("B-PER", score=0.9) + pieces("I-PER", score=0.5)
    (entity,) = task.group("Annie", scores, [(0, 3), (3, 5)], READ).entities
    assert entity.score == pytest.approx(0.7)


def test_edge_looks_at_the_pieces_beside_the_entity():
    """An entity that a neighbour nearly joined has a narrow edge; its label is as sure as before."""
    scores = pieces("B-PER") + pieces("O", score=0.5, second=0.5)
    scores[1][2] = 0.49999
    (entity,) = task.group("Annie", scores, [(0, 3), (3, 5)], READ).entities
    assert entity.edge == pytest.approx(1e-5)
    assert entity.margin == pytest.approx(0.86)


def test_margin_takes_the_tags_of_a_label_together():
    """A model that hesitates between B- and I- of one label is sure of the label, and not of the extent."""
    scores = [[0.0, 0.5, 0.5, 0.0, 0.0]]
    (entity,) = task.group("Ann", scores, [(0, 3)], READ).entities
    assert (entity.margin, entity.edge) == (1.0, 0.0)


def test_label_names_come_without_prefixes():
    """What is to be mapped are labels without O, B- and I-; plain labels keep their names."""
    assert task.NerSettings().label_keys([*TAGS, "MISC"]) == ["PER", "PER", "LOC", "LOC", "MISC"]


@pytest.fixture(scope="module")
def loaded():
    """Load the embedded original tier."""
    path = ROOT / "fixtures" / "models" / "embedded.toml"
    row = read_manifest(path).rows["ner"]["original"]
    return row, load(task.TASK, find(row, path.parent, ROOT))


def test_equal_to_the_pipeline_of_transformers(loaded):
    """On 200 held-out sentences the entities are those of transformers' pipeline, scores within 1e-6."""
    import transformers

    row, model = loaded
    lines = (ROOT / "fixtures" / "zoo" / "ner" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[:200]]
    pipeline = transformers.pipeline(
        "token-classification", model=model.model, tokenizer=model.reader, aggregation_strategy="simple"
    )
    ours = [(e.label, e.start, e.end) for text in texts for e in task.predict(model, [text], row)[0].entities]
    theirs = [entity for text in texts for entity in pipeline(text)]
    assert ours == [(entity["entity_group"], entity["start"], entity["end"]) for entity in theirs]
    scores = [e.score for text in texts for e in task.predict(model, [text], row)[0].entities]
    assert scores == pytest.approx([float(entity["score"]) for entity in theirs], abs=1e-6)


def test_text_longer_than_the_model_reads_is_refused(loaded):
    """A text that would have to be cut is an error of the case, not a prediction."""
    row, model = loaded
    with pytest.raises(SurroundingsFault, match="tokens, the model reads at most"):
        task.predict(model, ["Rome " * 3000], row)


def test_text_without_words_has_no_entities(loaded):
    """Spaces alone hold nothing."""
    row, model = loaded
    assert [found.entities for found in task.predict(model, [" ", ""], row)] == [(), ()]
