"""Predictions: frozen, without duplicates, JSON both ways."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.prediction import comma_list, to_json
from swapgate.outputs.text import Text

ADA = Entity(0, 3, "PER", "Ada", score=0.99, margin=0.98, edge=0.96)
PARIS = Entity(13, 18, "LOC", "Paris", score=0.97, margin=0.95, edge=0.94)

probabilities = st.floats(0, 1)
entities = st.builds(
    Entity,
    start=st.integers(0, 50),
    end=st.integers(0, 50),
    label=st.sampled_from(["PER", "ORG", "LOC", "MISC"]),
    text=st.text('aé名😀 \\"\n', max_size=4),
    score=probabilities,
    margin=probabilities,
    edge=probabilities,
)
predictions = st.lists(entities, max_size=4, unique_by=lambda entity: entity.key).map(tuple).map(Entities)


def from_json(kind, data):
    """Read a prediction as a golden's is read."""
    return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)


@pytest.mark.parametrize(
    ("value", "field"),
    [(Span(0, 3, "PER", "Ada"), "label"), (ADA, "score"), (ADA, "start"), (Entities((ADA,)), "entities")],
    ids=["span", "score", "start", "prediction"],
)
def test_frozen(value, field):
    """No field of a prediction can be set."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)


def test_hashable():
    """Equal predictions are one entry of a set."""
    assert len({Entities((ADA, PARIS)), Entities((ADA, PARIS)), Entities((ADA,))}) == 2


@given(predictions)
def test_json_round_trip(prediction):
    """Through JSON text and back, spans stay exactly and scores within half a unit of their seventh digit."""
    back = from_json(Entities, json.loads(json.dumps(to_json(prediction))))
    assert len(back.entities) == len(prediction.entities)
    for then, now in zip(prediction.entities, back.entities, strict=True):
        assert (now.start, now.end, now.label, now.text) == (then.start, then.end, then.label, then.text)
        assert abs(now.score - then.score) <= 0.5000001e-7
        assert abs(now.margin - then.margin) <= 0.5000001e-7


@given(predictions)
def test_json_is_stable(prediction):
    """What was read from JSON gives the same JSON again."""
    once = to_json(prediction)
    assert to_json(from_json(Entities, once)) == once


def test_json_form():
    """The JSON form has a row an entity with its seven fields in a fixed order."""
    text = json.dumps(to_json(Entities((ADA,))))
    assert text == (
        '{"entities": [{"start": 0, "end": 3, "label": "PER", "text": "Ada",'
        ' "score": 0.99, "margin": 0.98, "edge": 0.96}]}'
    )


@pytest.mark.parametrize(
    ("score", "rounded"),
    [
        (0.12345674, 0.1234567),
        (0.12345676, 0.1234568),
        (0.99999994, 0.9999999),
        (0.99999996, 1.0),
        (0.000000041234564, 0.00000004123456),
        (0.0, 0.0),
        (1.0, 1.0),
    ],
)
def test_rounding(score, rounded):
    """Score and margin keep seven significant digits."""
    (row,) = to_json(Entities((dataclasses.replace(ADA, score=score, margin=score),)))["entities"]
    assert row["score"] == rounded
    assert row["margin"] == rounded


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_keeps_what_is_not_finite(value):
    """A score that is NaN or infinite survives JSON, so that the comparison sees it."""
    data = json.loads(json.dumps(to_json(Entities((dataclasses.replace(ADA, score=value),)))))
    assert from_json(Entities, data).entities[0].score == pytest.approx(value, nan_ok=True)


def test_empty():
    """A prediction of nothing goes through JSON too."""
    assert to_json(Entities(())) == {"entities": []}
    assert from_json(Entities, {"entities": []}) == Entities(())


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        None,
        {"entities": None},
        {"entities": 3},
        {"entities": ["Ada"]},
        {"entities": [{"start": 0}]},
        {"entities": [{key: value for key, value in dataclasses.asdict(ADA).items() if key != "margin"}]},
    ],
    ids=["empty", "list", "null", "no rows", "number", "text", "one field", "no margin"],
)
def test_other_json_is_refused(data):
    """Anything that `to_json` does not give raises ValueError."""
    with pytest.raises(ValueError, match="validation error"):
        from_json(Entities, data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "0"),
        ("end", 3.5),
        ("end", None),
        ("label", 7),
        ("text", None),
        ("score", "0.9"),
        ("score", None),
        ("margin", [0.1]),
    ],
    ids=["start", "half", "no end", "label", "text", "text for a score", "no score", "list"],
)
def test_json_of_wrong_types_is_refused(field, value):
    """A field of the wrong type raises ValueError, as the docstring promises."""
    with pytest.raises(ValueError, match="validation error"):
        from_json(Entities, {"entities": [{**dataclasses.asdict(ADA), field: value}]})


def test_order_of_entities_is_kept():
    """Entities stay in the order they were given, in the value, in JSON and in words."""
    prediction = Entities((ADA, PARIS))
    assert prediction.entities == (ADA, PARIS)
    assert [row["text"] for row in to_json(prediction)["entities"]] == ["Ada", "Paris"]
    assert str(prediction) == "PER 'Ada' 0-3, LOC 'Paris' 13-18"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Span(0, 9, "PER", "a"), Span(1, 2, "LOC", "a")),
        (Span(1, 2, "PER", "a"), Span(1, 3, "LOC", "a")),
        (Span(1, 2, "LOC", "b"), Span(1, 2, "PER", "a")),
        (Span(1, 2, "LOC", "a"), Span(1, 2, "LOC", "b")),
    ],
    ids=["start", "end", "label", "text"],
)
def test_spans_sort_as_in_the_text(first, second):
    """Spans sort by start, then end, then label, then text."""
    assert sorted([second, first]) == [first, second]


def test_key():
    """An entity and the span that is right have one key: label, start, end."""
    assert ADA.key == Span(0, 3, "PER", "Ada").key == ("PER", 0, 3)


def test_words():
    """A list of spans is worded with commas, an empty one as nothing."""
    assert comma_list([Span(0, 3, "PER", "Ada"), PARIS]) == "PER 'Ada' 0-3, LOC 'Paris' 13-18"
    assert comma_list([]) == str(Entities(())) == "nothing"


def test_what_is_as_ever_is_left_out():
    """What a field is by default does not stand in JSON, so that goldens of before it was there are whole."""
    whole, cut = Text("The old bridge", 0.5), Text("The old bri", 0.5, cut=True)
    assert to_json(whole) == {"text": "The old bridge", "margin": 0.5}
    assert to_json(cut) == {"text": "The old bri", "margin": 0.5, "cut": True}
    assert [from_json(Text, to_json(one)) for one in (whole, cut)] == [whole, cut]
    with pytest.raises(ValidationError):
        from_json(Text, {"text": "x", "margin": 0.5, "cut": "yes"})
