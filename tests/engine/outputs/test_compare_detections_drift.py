"""Drift and swaps of detections: scores, boxes, and what came, went or was mended."""

import dataclasses

import pytest

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_swap
from swapgate.outputs.detections import Annotation, Detection, Detections

CAT = Detection("cat", (0.0, 0.0, 10.0, 10.0), 0.9)
DOG = Detection("dog", (20.0, 20.0, 40.0, 30.0), 0.8)
HEN = Detection("hen", (50.0, 50.0, 60.0, 60.0), 0.7)
RIGHT = (Annotation("cat", CAT.box), Annotation("dog", DOG.box))
DEFAULT = Tolerance()


def found(*objects, threshold=0.5):
    """Return what a model found."""
    return Detections(objects, threshold)


def cat(score=0.9, box=CAT.box, label="cat"):
    """Return a found cat."""
    return Detection(label, box, score)


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
@pytest.mark.parametrize(("allowed", "reason"), [(1e-4, "default"), (0.02, "int8"), (0.0, "bits"), (1e-7, "bits")])
def test_drift_of_a_score(sign, allowed, reason):
    """A score exactly the tolerance away passes, a unit of the seventh digit more does not."""
    tolerance = Tolerance(drift=allowed, reason=reason)
    assert check_drift(found(cat(0.75 + sign * allowed)), found(cat(0.75)), tolerance) == []
    mismatches = check_drift(found(cat(0.75 + sign * (allowed + 1e-7))), found(cat(0.75)), tolerance)
    assert paths(mismatches) == ["objects[cat [0, 0, 10, 10]].score"]


@pytest.mark.parametrize(
    ("bottom", "allowed", "count"),
    [(9.9, 0.01, 0), (9.8999, 0.01, 1), (10.2, 0.01, 1), (10.1, 0.01, 0), (9.9999, 0.0, 1), (5.0, 0.5, 0)],
    ids=["just", "beyond", "taller", "just taller", "no drift", "half"],
)
def test_drift_of_a_box(bottom, allowed, count):
    """The overlap with the golden's box may be exactly the tolerance below 1, and no less."""
    tolerance = Tolerance(box=allowed, reason="test")
    mismatches = check_drift(found(cat(box=(0.0, 0.0, 10.0, bottom))), found(CAT), tolerance)
    assert paths(mismatches) == ["objects[cat [0, 0, 10, 10]].box"] * count


@pytest.mark.parametrize("score", [0.0, 0.49], ids=["zero", "below the threshold"])
def test_drift_below_the_threshold(score):
    """The golden's objects that do not count are compared too, where both sides keep them."""
    assert len(check_drift(found(cat(score + 0.001)), found(cat(score)), DEFAULT)) == 1


def test_drift_everything():
    """Scores and boxes that moved, what is gone and what is new are all told, with what was allowed."""
    moved = cat(0.95, (0.0, 0.0, 10.0, 8.0))
    assert check_drift(found(moved, HEN), found(CAT, DOG), DEFAULT, "single run") == [
        Mismatch(
            "objects[cat [0, 0, 10, 10]].score",
            "cat [0, 0, 10, 10] scored 0.9500000, single run 0.9000000 ± 0.0001: off by 0.05",
        ),
        Mismatch(
            "objects[cat [0, 0, 10, 10]].box",
            "cat [0, 0, 10, 10] is now at (0.0, 0.0, 10.0, 8.0), single run (0.0, 0.0, 10.0, 10.0): IoU 0.8000,"
            " allowed from 0.99",
        ),
        Mismatch(
            "objects[dog [20, 20, 40, 30]]",
            "dog [20, 20, 40, 30] (0.8000) is gone since the single run; a near tie would be at most 0.0001 above the"
            " threshold 0.5, this one is 0.3",
        ),
        Mismatch(
            "objects[hen [50, 50, 60, 60]]",
            "hen [50, 50, 60, 60] (0.7000) is new since the single run; a near tie would be at most 0.0001 above the"
            " threshold 0.5, this one is 0.2",
        ),
    ]


@pytest.mark.parametrize(
    ("score", "count"), [(0.3, 0), (0.49999, 0), (0.5, 0), (0.5001, 0), (0.500101, 1), (0.51, 1), (0.9, 1)]
)
def test_drift_near_the_threshold(score, count):
    """An object on one side only may come or go where its score is at most the tolerance above the threshold."""
    assert len(check_drift(found(cat(score)), found(), DEFAULT)) == count
    assert len(check_drift(found(), found(cat(score)), DEFAULT)) == count


def test_drift_of_another_threshold():
    """The same model counts from the same score; objects are near ties of their own side's."""
    assert len(check_drift(found(threshold=0.9), found(cat(0.8), threshold=0.5), DEFAULT)) == 2
    assert len(check_drift(found(cat(0.8), threshold=0.5), found(threshold=0.9), DEFAULT)) == 2
    (only,) = check_drift(found(cat(0.8), threshold=0.9), found(threshold=0.5), DEFAULT)
    assert only.message == "objects count from 0.9, golden 0.5"


def test_drift_to_another_place():
    """An object that moved by more than a half is gone here and new there; so is one of another label."""
    away = cat(box=(6.0, 0.0, 16.0, 10.0))
    assert paths(check_drift(found(away), found(CAT), DEFAULT)) == [
        "objects[cat [0, 0, 10, 10]]",
        "objects[cat [6, 0, 16, 10]]",
    ]
    assert paths(check_drift(found(cat(label="dog")), found(CAT), DEFAULT)) == [
        "objects[cat [0, 0, 10, 10]]",
        "objects[dog [0, 0, 10, 10]]",
    ]


def test_drift_of_a_second_prediction():
    """A second prediction on one object is new, and each of two keeps its own partner."""
    twin = cat(0.6, (0.0, 0.0, 10.0, 9.0))
    assert paths(check_drift(found(CAT, twin), found(CAT), DEFAULT)) == ["objects[cat [0, 0, 10, 9]]"]
    assert paths(check_drift(found(CAT), found(CAT, twin), DEFAULT)) == ["objects[cat [0, 0, 10, 9]]"]
    assert check_drift(found(CAT, twin), found(twin, CAT), DEFAULT) == []


def test_drift_of_two_in_one_box():
    """Of two objects in one box those with the same scores are the same."""
    twin = cat(0.6)
    assert check_drift(found(CAT, twin), found(twin, CAT), DEFAULT) == []
    assert len(check_drift(found(CAT, twin), found(CAT, cat(0.7)), DEFAULT)) == 1


@pytest.mark.parametrize(("allowed", "reason"), [(0.10, "default"), (0.0, "tight"), (0.25, "prune50")])
def test_swap_boundary(allowed, reason):
    """The score of a right object may rise freely, fall by exactly the tolerance and by no more."""
    tolerance = Tolerance(swap=allowed, reason=reason)
    golden = found(cat(0.875))
    assert check_swap(found(cat(1.0)), golden, RIGHT[:1], tolerance) == []
    assert check_swap(found(cat(0.875 - allowed)), golden, RIGHT[:1], tolerance) == []
    mismatches = check_swap(found(cat(0.875 - allowed - 1e-6)), golden, RIGHT[:1], tolerance)
    assert paths(mismatches) == ["objects[cat [0, 0, 10, 10]].score"]


def test_swap_everything():
    """A fall, a loss and something new and wrong are collected together."""
    assert check_swap(found(HEN, cat(0.6)), found(CAT, DOG), RIGHT, DEFAULT) == [
        Mismatch(
            "objects[cat [0, 0, 10, 10]].score",
            "cat [0, 0, 10, 10] scored 0.6000, the incumbent 0.9000: fell by 0.3000, allowed 0.1",
        ),
        Mismatch("objects[dog [20, 20, 40, 30]]", "dog [20, 20, 40, 30] (0.8000) is lost"),
        Mismatch("objects[hen [50, 50, 60, 60]]", "hen [50, 50, 60, 60] (0.7000) is new and wrong"),
    ]


def test_swap_boxes_move_freely():
    """A box of other weights may be anywhere that it overlaps the right one by half."""
    golden = found(cat(box=(0.0, 0.0, 10.0, 6.0)))
    assert check_swap(found(cat(box=(0.0, 4.0, 10.0, 10.0))), golden, RIGHT[:1], DEFAULT) == []
    mismatches = check_swap(found(cat(box=(0.0, 5.5, 10.0, 10.0))), golden, RIGHT[:1], DEFAULT)
    assert [str(mismatch) for mismatch in mismatches] == [
        "cat [0, 0, 10, 10] (0.9000) is lost",
        "cat [0, 6, 10, 10] (0.9000) is new and wrong",
    ]


def test_swap_at_the_threshold():
    """A right object that falls below the threshold is lost, and a wrong one that rises to it is new."""
    assert [str(mismatch) for mismatch in check_swap(found(cat(0.4999)), found(cat(0.5)), RIGHT[:1], DEFAULT)] == [
        "cat [0, 0, 10, 10] (0.5000) is lost"
    ]
    assert [str(mismatch) for mismatch in check_swap(found(cat(0.5)), found(cat(0.4999)), (), DEFAULT)] == [
        "cat [0, 0, 10, 10] (0.5000) is new and wrong"
    ]


def test_swap_mended():
    """A wrong object that is gone and a right one that was missing are no mismatch, at any score."""
    incumbent = found(CAT, HEN, cat(0.8, label="dog"))
    assert check_swap(found(CAT, dataclasses.replace(DOG, score=0.5)), incumbent, RIGHT, DEFAULT) == []


@pytest.mark.parametrize("score", [0.5, 0.7, 1.0])
def test_swap_still_wrong(score):
    """What the incumbent missed may stay missing, and what it found wrongly may stay, at any score."""
    assert check_swap(found(), found(), RIGHT, DEFAULT) == []
    near = dataclasses.replace(HEN, score=score, box=(50.0, 50.0, 60.0, 56.0))
    assert check_swap(found(near), found(HEN), RIGHT, DEFAULT) == []


def test_swap_wrong_in_another_way():
    """A wrong object with another label, or a second one in its place, is new."""
    cow = dataclasses.replace(HEN, label="cow")
    assert paths(check_swap(found(cow), found(HEN), RIGHT, DEFAULT)) == ["objects[cow [50, 50, 60, 60]]"]
    twin = dataclasses.replace(HEN, box=(50.0, 50.0, 60.0, 59.0))
    assert paths(check_swap(found(HEN, twin), found(HEN), RIGHT, DEFAULT)) == ["objects[hen [50, 50, 60, 59]]"]


def test_swap_second_prediction_of_a_right_object():
    """A right object that the candidate finds twice is new and wrong once."""
    twin = cat(0.95, (0.0, 0.0, 10.0, 9.0))
    assert paths(check_swap(found(twin, CAT), found(CAT), RIGHT[:1], DEFAULT)) == ["objects[cat [0, 0, 10, 9]]"]


def test_swap_identical_candidate():
    """A candidate that finds what the incumbent found passes, whatever is right."""
    both = found(CAT, cat(0.6, (0.0, 0.0, 10.0, 9.0)), HEN)
    for right in ((), RIGHT, RIGHT[:1]):
        assert check_swap(both, both, right, Tolerance(swap=0, reason="tight")) == []
