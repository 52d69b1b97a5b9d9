"""How clearly an incumbent said what its candidate lost: of what was lost, whatever else there is beside it."""

import pytest

from swapgate.outputs import check_expected, output_of
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.label_set import LabelSet
from swapgate.outputs.tolerance import greatest, lead_over

ADA = Entity(0, 3, "PER", "Ada", score=0.9, margin=0.99, edge=0.6)
ROME = Entity(12, 16, "LOC", "Rome", score=0.9, margin=0.3, edge=0.9)
BOTH = Entities((ADA, ROME))
NAMED = (Span(0, 3, "PER", "Ada"), Span(12, 16, "LOC", "Rome"))
LABELS = LabelSet((Score("good", 0.999), Score("new", 0.6), Score("long", 0.45)), 0.2, 0.5)
CAT, DOG, HEN = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 40.0, 30.0), (50.0, 50.0, 60.0, 60.0)
SEEN = Detections((Detection("cat", CAT, 1.0), Detection("dog", DOG, 0.6), Detection("hen", HEN, 0.4)), 0.5)
OBJECTS = (Annotation("cat", CAT), Annotation("dog", DOG))
TOPIC = Classification((Score("a", 0.5), Score("b", 0.4), Score("c", 0.1)), 0.0)


def led(golden, candidate, right):
    """Return the lead of what a candidate lost, which is wrong where its incumbent is right."""
    assert check_expected(candidate, right)
    assert not check_expected(golden, right)
    lead = output_of(golden).lead(golden, candidate, right)
    return lead if lead is None else pytest.approx(lead, abs=1e-9)


def moved(entity, label, start, end):
    """Return an entity with other words."""
    return Entity(start, end, label, "x" * (end - start), entity.score, entity.margin, entity.edge)


@pytest.mark.parametrize(
    ("found", "lead"),
    [
        ((ROME,), 0.99),
        ((ADA,), 0.3),
        ((), 0.99),
        ((moved(ADA, "ORG", 0, 3), ROME), 0.99),
        ((moved(ADA, "PER", 0, 5), ROME), 0.6),
        ((ADA, moved(ROME, "LOC", 10, 16)), 0.3),
        ((ADA, ROME, moved(ADA, "PER", 5, 8)), None),
        ((ADA, moved(ADA, "PER", 5, 8)), None),
    ],
    ids=["sure", "near", "both", "other label", "other extent", "near, other extent", "new", "near, and new"],
)
def test_entities(found, lead):
    """A sure entity that is lost beside an unsure one leads by its own; where none was nothing is known."""
    assert led(BOTH, Entities(found), NAMED) == lead


@pytest.mark.parametrize(
    ("found", "lead"),
    [
        ({"new": 0.9}, 0.998),
        ({"good": 0.9}, 0.2),
        ({}, 0.998),
        ({"good": 0.9, "new": 0.9, "long": 0.9}, 0.1),
        ({"good": 0.9, "long": 0.9}, 0.2),
        ({"good": 0.9, "new": 0.9, "odd": 0.9}, None),
    ],
    ids=["sure", "near", "both", "wrong", "near and wrong", "wrong and not kept"],
)
def test_labels(found, lead):
    """A label leads by its share of the room beside the threshold, above as below it."""
    candidate = LabelSet(tuple(Score(label, score) for label, score in found.items()), 0.1, 0.5)
    assert led(LABELS, candidate, ("good", "new")) == lead


@pytest.mark.parametrize(
    ("found", "lead"),
    [
        ((("dog", DOG),), 1.0),
        ((("cat", CAT),), 0.2),
        ((("cat", CAT), ("dog", DOG), ("hen", HEN)), 0.2),
        ((("cat", CAT), ("dog", DOG), ("emu", HEN)), None),
    ],
    ids=["sure", "near", "wrong", "wrong and unknown"],
)
def test_objects(found, lead):
    """An object leads as a label of several does; one that the golden has not even below the threshold is unknown."""
    assert led(SEEN, Detections(tuple(Detection(*one, 0.9) for one in found), 0.5), OBJECTS) == lead


@pytest.mark.parametrize(
    ("right", "says", "lead"), [(("a",), "b", 0.1), (("a",), "c", 0.4), (("a", "b"), "c", 0.4), (("a",), "d", 0.5)]
)
def test_classes(right, says, lead):
    """A label leads over the one that the candidate says, and not over another that is right too."""
    assert led(TOPIC, Classification((Score(says, 0.9),), 0.1), right) == lead


def test_room_beside_a_threshold():
    """A score of 1 or 0 leads fully, and one at the threshold by nothing, wherever that is."""
    for threshold in (0.0, 0.3, 0.5, 1.0):
        assert lead_over(1.0, threshold) == 1.0
    assert lead_over(0.0, 0.3) == 1.0
    assert lead_over(0.3, 0.3) == 0.0


def test_unknown_decides():
    """The greatest lead is unknown where one is, and where nothing was found that was lost."""
    assert greatest([0.2, 0.7]) == 0.7
    assert greatest([0.2, None]) is None
    assert greatest([]) is None
