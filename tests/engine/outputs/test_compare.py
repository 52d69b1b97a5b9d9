"""Comparison: expected answers, drift and swaps; both sides, everything, with words."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_expected, check_swap
from swapgate.outputs.entities import Entities, Entity, Span

ADA = Entity(0, 3, "PER", "Ada", score=0.9, margin=0.8, edge=0.7)
PARIS = Entity(13, 18, "LOC", "Paris", score=0.9, margin=0.8, edge=0.7)
RIGHT = (Span(0, 3, "PER", "Ada"), Span(13, 18, "LOC", "Paris"))
BOTH = Entities((ADA, PARIS))
NOTHING = Entities(())
DEFAULT = Tolerance()
NO_PROBABILITIES = [math.nan, math.inf, -math.inf, -1e-9, 1.000001, 2.0]


def entities_of(probabilities):
    """Return a strategy for predictions."""
    entity = st.builds(
        Entity,
        start=st.integers(0, 2),
        end=st.integers(5, 6),
        label=st.sampled_from(["PER", "LOC"]),
        text=st.just("x"),
        score=probabilities,
        margin=probabilities,
        edge=probabilities,
    )
    return st.lists(entity, max_size=4, unique_by=lambda entity: entity.key).map(tuple).map(Entities)


def scored(score, margin=0.8):
    """Return a prediction of one entity."""
    return Entities((dataclasses.replace(ADA, score=score, margin=margin),))


def messages(mismatches):
    """Return the words of all mismatches."""
    return list(map(str, mismatches))


sound = entities_of(st.floats(0, 1))
any_prediction = entities_of(st.floats(0, 1) | st.sampled_from(NO_PROBABILITIES) | st.sampled_from([0.0, 5e-5, 2e-4]))
spans = any_prediction.map(lambda found: [Span(e.start, e.end, e.label, e.text) for e in found.entities])


def test_expected_right():
    """The same labels on the same spans match, whatever the order and the scores."""
    assert check_expected(BOTH, RIGHT) == []
    assert check_expected(Entities((PARIS, ADA)), RIGHT) == []
    assert check_expected(scored(0.0001, 0.0), RIGHT[:1]) == []
    assert check_expected(NOTHING, ()) == []


def test_expected_both_sides():
    """What is missing and what is too much are both mismatches, in the order of the text."""
    wrong = dataclasses.replace(PARIS, label="ORG", score=0.61234)
    late = Entity(20, 22, "MISC", "EU", 0.5, 0.1, 0.1)
    assert check_expected(Entities((late, wrong)), RIGHT) == [
        Mismatch("entities[PER 0-3]", "PER 'Ada' 0-3 was not found"),
        Mismatch("entities[LOC 13-18]", "LOC 'Paris' 13-18 was not found"),
        Mismatch("entities[ORG 13-18]", "ORG 'Paris' 13-18 was found (0.6123) and is not expected"),
        Mismatch("entities[MISC 20-22]", "MISC 'EU' 20-22 was found (0.5000) and is not expected"),
    ]


@pytest.mark.parametrize("change", [{"start": 1}, {"end": 4}, {"label": "ORG"}], ids=["start", "end", "label"])
def test_expected_exact(change):
    """One character or another label is a lost and a wrong entity."""
    found = Entities((dataclasses.replace(ADA, **change),))
    assert len(check_expected(found, RIGHT[:1])) == 2


@pytest.mark.parametrize("value", NO_PROBABILITIES)
@pytest.mark.parametrize("field", ["score", "margin", "edge"])
def test_expected_invalid(field, value):
    """A right entity whose score or margin is no probability is a mismatch."""
    found = Entities((dataclasses.replace(ADA, **{field: value}),))
    assert check_expected(found, RIGHT[:1]) == [
        Mismatch(
            f"entities[PER 0-3].{field}",
            f"PER 'Ada' 0-3 has the {field} {value}, which is not between 0 and 1",
        )
    ]


@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
@pytest.mark.parametrize(("allowed", "reason"), [(1e-4, "default"), (0.02, "int8"), (0.0, "bits"), (1e-7, "bits")])
def test_drift_boundary(sign, allowed, reason):
    """A score exactly the tolerance away passes, a unit of the seventh digit more does not."""
    tolerance = Tolerance(drift=allowed, reason=reason)
    assert check_drift(scored(0.9 + sign * allowed), scored(0.9), tolerance) == []
    (mismatch,) = check_drift(scored(0.9 + sign * (allowed + 1e-7)), scored(0.9), tolerance)
    assert mismatch.path == "entities[PER 0-3].score"


def test_drift_words():
    """The message says what was found, what the golden has, what was allowed and by how much it is off."""
    assert messages(check_drift(scored(0.91), scored(0.9995), Tolerance(drift=0.02, reason="int8"))) == [
        "PER 'Ada' 0-3 scored 0.9100000, golden 0.9995000 ± 0.02: off by 0.0895"
    ]


@pytest.mark.parametrize("drift", [1.01e-4, 1.1e-4, 1.4e-4])
def test_drift_words_beside_the_boundary(drift):
    """The message never says that a score is off by as much as is allowed."""
    (score,) = check_drift(scored(0.9 + drift), scored(0.9), DEFAULT)
    (new,) = check_drift(scored(0.9, drift), NOTHING, DEFAULT)
    assert str(score).endswith(f"± 0.0001: off by {drift:g}")
    assert str(new).endswith(f"a near tie would lead by up to 0.0001, this one led by {drift:g}")


def test_drift_both_sides():
    """An entity that is gone and one that is new are both mismatches, with what a near tie would have been."""
    late = Entity(20, 22, "MISC", "EU", score=0.6, margin=0.3, edge=0.3)
    found = Entities((late, dataclasses.replace(ADA, score=0.95)))
    hint = "since the golden; a near tie would lead by up to 0.0001, this one led by"
    assert check_drift(found, BOTH, DEFAULT) == [
        Mismatch("entities[PER 0-3].score", "PER 'Ada' 0-3 scored 0.9500000, golden 0.9000000 ± 0.0001: off by 0.05"),
        Mismatch("entities[LOC 13-18]", f"LOC 'Paris' 13-18 (0.9000) is gone {hint} 0.8"),
        Mismatch("entities[MISC 20-22]", f"MISC 'EU' 20-22 (0.6000) is new {hint} 0.3"),
    ]


def test_narrow_edge_excuses_a_moved_edge_only():
    """Where only the extent was undecided, the entity may be longer or shorter, but not gone or of another label."""
    short, long = (dataclasses.replace(PARIS, end=end, edge=5e-5) for end in (15, 18))
    person = dataclasses.replace(short, label="PER")
    one = {name: Entities((entity,)) for name, entity in (("short", short), ("long", long), ("person", person))}
    assert check_drift(one["short"], one["long"], DEFAULT) == []
    assert len(check_drift(NOTHING, one["long"], DEFAULT)) == 1
    assert len(check_drift(one["person"], one["long"], DEFAULT)) == 2


@pytest.mark.parametrize(("margin", "count"), [(0.0, 0), (9e-5, 0), (1e-4, 0), (1.001e-4, 1), (0.5, 1)])
def test_drift_near_tie(margin, count):
    """An entity on one side only may come or go where its margin is at most the tolerance."""
    assert len(check_drift(scored(0.9, margin), NOTHING, DEFAULT)) == count
    assert len(check_drift(NOTHING, scored(0.9, margin), DEFAULT)) == count


def test_drift_near_tie_of_labels():
    """Two labels within the tolerance may change places on one span."""
    person, place = (Entities((dataclasses.replace(ADA, label=label, margin=5e-5),)) for label in ("PER", "LOC"))
    assert check_drift(person, place, DEFAULT) == check_drift(place, person, DEFAULT) == []


@given(sound)
def test_drift_self(prediction):
    """A prediction never drifts from itself, not even at tolerance 0."""
    assert check_drift(prediction, prediction, DEFAULT) == []
    assert check_drift(prediction, prediction, Tolerance(drift=0, reason="bits")) == []


@given(any_prediction, any_prediction)
def test_drift_symmetric(first, second):
    """Two predictions differ whichever of them is the golden."""
    assert bool(check_drift(first, second, DEFAULT)) == bool(check_drift(second, first, DEFAULT))


@pytest.mark.parametrize(("allowed", "reason"), [(0.10, "default"), (0.0, "tight"), (0.25, "prune50")])
def test_swap_boundary(allowed, reason):
    """A right entity's score may rise freely, fall by exactly the tolerance and by no more."""
    tolerance = Tolerance(swap=allowed, reason=reason)
    assert check_swap(scored(1.0), scored(0.9), RIGHT[:1], tolerance) == []
    assert check_swap(scored(0.9 - allowed), scored(0.9), RIGHT[:1], tolerance) == []
    (mismatch,) = check_swap(scored(0.9 - allowed - 1e-6), scored(0.9), RIGHT[:1], tolerance)
    assert mismatch.path == "entities[PER 0-3].score"


def test_swap_fall_in_words():
    """The message says both scores, by how much it fell and what was allowed."""
    assert messages(check_swap(scored(0.6), scored(0.9), RIGHT[:1], DEFAULT)) == [
        "PER 'Ada' 0-3 scored 0.6000, the incumbent 0.9000: fell by 0.3000, allowed 0.1"
    ]


def test_swap_everything():
    """A fall, a loss and something new and wrong are collected together, in the order of the text."""
    late = Entity(20, 22, "MISC", "EU", score=0.7, margin=0.3, edge=0.3)
    assert check_swap(Entities((late, dataclasses.replace(ADA, score=0.5))), BOTH, RIGHT, DEFAULT) == [
        Mismatch(
            "entities[PER 0-3].score",
            "PER 'Ada' 0-3 scored 0.5000, the incumbent 0.9000: fell by 0.4000, allowed 0.1",
        ),
        Mismatch("entities[LOC 13-18]", "LOC 'Paris' 13-18 (0.9000) is lost"),
        Mismatch("entities[MISC 20-22]", "MISC 'EU' 20-22 (0.7000) is new and wrong"),
    ]


def test_swap_near_ties_do_not_excuse():
    """A right entity that is lost stays lost, however undecided the incumbent was."""
    assert messages(check_swap(NOTHING, scored(0.4, 0.0), RIGHT[:1], DEFAULT)) == ["PER 'Ada' 0-3 (0.4000) is lost"]


@pytest.mark.parametrize("score", [0.01, 0.9, 1.0])
def test_swap_still_wrong(score):
    """What the incumbent got wrong or did not find may stay so, at any score."""
    assert check_swap(NOTHING, NOTHING, RIGHT, DEFAULT) == []
    assert check_swap(scored(score), scored(0.9), (), DEFAULT) == []


def test_swap_mended():
    """A wrong entity that is gone and a right one that was missing are no mismatch."""
    wrong = dataclasses.replace(PARIS, label="ORG")
    assert check_swap(BOTH, Entities((ADA, wrong)), RIGHT, DEFAULT) == []


def test_swap_right_to_wrong():
    """Another label on a right span is a loss and a new wrong entity."""
    wrong = Entities((dataclasses.replace(ADA, label="ORG"),))
    assert messages(check_swap(wrong, scored(0.9), RIGHT[:1], DEFAULT)) == [
        "ORG 'Ada' 0-3 (0.9000) is new and wrong",
        "PER 'Ada' 0-3 (0.9000) is lost",
    ]


@given(sound, spans)
def test_swap_identical_candidate(prediction, expected):
    """A candidate that says what the incumbent said passes, whatever is right."""
    assert check_swap(prediction, prediction, expected, Tolerance(swap=0, reason="tight")) == []


@given(sound, any_prediction)
def test_swap_right_candidate_with_full_scores(golden, right):
    """A candidate that is right with score 1 passes against any sound incumbent."""
    sure = Entities(tuple(dataclasses.replace(entity, score=1.0, margin=1.0, edge=1.0) for entity in right.entities))
    expected = [Span(e.start, e.end, e.label, e.text) for e in right.entities]
    assert check_swap(sure, golden, expected, DEFAULT) == []


@given(any_prediction, any_prediction, spans)
def test_swap_never_raises(first, second, expected):
    """No prediction makes a comparison raise."""
    assert isinstance(check_swap(first, second, expected, DEFAULT), list)
    assert isinstance(check_expected(first, expected), list)


@pytest.mark.parametrize("value", NO_PROBABILITIES)
@pytest.mark.parametrize("field", ["score", "margin", "edge"])
@pytest.mark.parametrize(
    "check",
    [
        check_drift,
        lambda *args: check_swap(*args[:2], RIGHT[:1], args[2]),
        lambda *args: check_swap(*args[:2], (), args[2]),
    ],
    ids=["drift", "right", "wrong"],
)
def test_invalid_on_either_side(check, field, value):
    """A value that is no probability is a mismatch on either side, and even if both sides agree on it."""
    broken = Entities((dataclasses.replace(ADA, **{field: value}),))
    words = f"PER 'Ada' 0-3 has the {field} {value}, which is not between 0 and 1"
    assert words in messages(check(broken, scored(0.9), DEFAULT))
    assert f"golden {words}" in messages(check(scored(0.9), broken, DEFAULT))
    assert {words, f"golden {words}"} <= set(messages(check(broken, broken, DEFAULT)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_sound(value):
    """Scores and margins of exactly 0 and 1 are probabilities."""
    exact = scored(value, value)
    assert check_expected(exact, RIGHT[:1]) == check_drift(exact, exact, DEFAULT) == []
    assert check_swap(exact, exact, RIGHT[:1], DEFAULT) == []


def test_mismatch_in_words():
    """A mismatch is worded by its message alone and cannot be changed."""
    mismatch = Mismatch("entities[PER 0-3]", "PER 'Ada' 0-3 was not found")
    assert str(mismatch) == "PER 'Ada' 0-3 was not found"
    with pytest.raises(dataclasses.FrozenInstanceError):
        mismatch.message = ""


@pytest.mark.parametrize("score", [0.9, 0.5])
def test_the_same_entity_twice(score):
    """The same label on the same span twice is a mismatch on either side, whatever the scores."""
    twice = Entities((ADA, dataclasses.replace(ADA, score=score)))
    words = "an entity stands twice in PER 'Ada' 0-3, PER 'Ada' 0-3"
    assert check_expected(twice, RIGHT) == [Mismatch("entities", words)]
    assert check_drift(twice, BOTH, DEFAULT) == [Mismatch("entities", words)]
    assert check_swap(BOTH, twice, RIGHT, DEFAULT) == [Mismatch("entities", f"golden {words}")]


@pytest.mark.parametrize("change", [{"label": "ORG"}, {"start": 1}, {"end": 4}], ids=["label", "start", "end"])
def test_nearly_the_same_entity_twice(change):
    """Entities that differ in label, start or end are two."""
    two = Entities((ADA, dataclasses.replace(ADA, **change)))
    assert check_drift(two, two, DEFAULT) == []
