"""Comparison of detections: overlap of boxes, one-to-one matching, and objects about at the threshold."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_expected, check_swap, invalid
from swapgate.outputs.detections import Annotation, Detection, Detections, iou, match

CAT = Detection("cat", (0.0, 0.0, 10.0, 10.0), 0.9)
DOG = Detection("dog", (20.0, 20.0, 40.0, 30.0), 0.8)
RIGHT = (Annotation("cat", CAT.box), Annotation("dog", DOG.box))
DEFAULT = Tolerance()
BITS = Tolerance(drift=0, box=0, reason="bits")
LOOSE = Tolerance(swap=1, reason="test")


def found(*objects, threshold=0.5):
    """Return what a model found."""
    return Detections(objects, threshold)


def cat(score=0.9, box=CAT.box, label="cat"):
    """Return a found cat."""
    return Detection(label, box, score)


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


def box_of(left, top, width, height):
    """Return a box by its size."""
    return (float(left), float(top), float(left + width), float(top + height))


whole = st.integers(1, 64)
boxes = st.builds(box_of, st.integers(-32, 64), st.integers(-32, 64), whole, whole)
detections = st.lists(
    st.builds(
        Detection,
        label=st.sampled_from(["cat", "dog"]),
        box=st.builds(box_of, st.integers(0, 2), st.integers(0, 2), st.integers(3, 6), st.integers(3, 6)),
        score=st.floats(0, 1) | st.sampled_from([0.49995, 0.50005, 0.9]),
    ),
    max_size=4,
).map(lambda objects: found(*sorted(objects, key=lambda one: -one.score)))


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((0, 0, 10, 10), 1),
        ((0, 0, 10, 5), 1 / 2),
        ((5, 0, 15, 10), 1 / 3),
        ((5, 5, 15, 15), 25 / 175),
        ((2, 2, 4, 6), 8 / 100),
        ((-10, -10, 20, 20), 100 / 900),
        ((-5, 3, 15, 7), 40 / 140),
        ((10, 0, 20, 10), 0),
        ((0, 10, 10, 20), 0),
        ((10, 10, 20, 20), 0),
        ((30, 30, 40, 40), 0),
        ((0, 30, 10, 40), 0),
        ((-20, -20, -10, -10), 0),
    ],
    ids=[
        *("same", "half", "beside", "quarter", "within", "around", "across"),
        *("right edge", "lower edge", "one point", "apart", "below", "above"),
    ],
)
def test_iou(other, overlap):
    """The overlap is the area of both over the area of either, against figures worked out by hand."""
    assert iou((0, 0, 10, 10), other) == iou(other, (0, 0, 10, 10)) == pytest.approx(overlap)


@given(boxes, boxes)
def test_iou_is_a_share(one, other):
    """The overlap is the same from either side, from 0 to 1, and 1 for the same box alone."""
    assert iou(one, other) == iou(other, one)
    assert 0 <= iou(one, other) <= 1
    assert (iou(one, other) == 1) == (one == other)


@given(boxes, boxes, st.integers(-50, 50), st.integers(-50, 50))
def test_iou_moves_along(one, other, right, down):
    """The overlap is the same where both boxes move alike, or where the picture is turned on its side."""
    moved = [(box[0] + right, box[1] + down, box[2] + right, box[3] + down) for box in (one, other)]
    turned = [(box[1], box[0], box[3], box[2]) for box in (one, other)]
    assert iou(*moved) == iou(*turned) == iou(one, other)


@given(boxes, st.integers(0, 9), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]), boxes)
def test_iou_of_boxes_apart(box, gap, way, other):
    """Boxes that touch at most have no overlap."""
    width, height = box[2] - box[0], box[3] - box[1]
    size = (other[2] - other[0], other[3] - other[1])
    left = box[0] + (width + gap if way[0] > 0 else -size[0] - gap if way[0] < 0 else 0)
    top = box[1] + (height + gap if way[1] > 0 else -size[1] - gap if way[1] < 0 else 0)
    assert iou(box, box_of(left, top, *size)) == 0


@given(boxes)
def test_iou_of_pixels(box):
    """The overlap of boxes in whole pixels is that of the pixels they cover."""
    fixed = (0, 0, 16, 16)
    covered = {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))}
    wanted = {(x, y) for x in range(16) for y in range(16)}
    assert iou(box, fixed) == pytest.approx(len(covered & wanted) / len(covered | wanted))


def test_match_one_to_one():
    """Of two predictions on one object one is the object's, the nearer one, and the other is extra."""
    near, far = cat(0.6, (0, 0, 10, 9)), cat(0.9, (0, 0, 10, 7))
    for second in ([near, far], [far, near]):
        assert match(RIGHT[:1], second) == ([(RIGHT[0], near)], [], [far])
    assert match([near, far], [CAT]) == ([(near, CAT)], [far], [])


def test_match_the_most():
    """Objects are paired so that all find a partner, even where the nearest one is another's."""
    first = [Annotation("cat", (0, 0, 10, 10)), Annotation("cat", (2, 0, 12, 10))]
    shared, left = cat(0.9, (1, 0, 11, 10)), cat(0.9, (-2, 0, 8, 10))
    assert match(first, [shared, left]) == ([(first[0], left), (first[1], shared)], [], [])
    assert match(first[::-1], [shared, left]) == ([(first[1], shared), (first[0], left)], [], [])


@pytest.mark.parametrize(("bottom", "count"), [(5.0, 1), (4.999999, 0), (20.0, 1), (20.00001, 0)])
def test_match_boundary(bottom, count):
    """Boxes with an overlap of exactly a half are of one object, and with less are not."""
    assert len(match(RIGHT[:1], [cat(box=(0, 0, 10, bottom))])[0]) == count


@settings(deadline=None)  # the first one imports what pairs objects
@given(detections, detections)
def test_match_leaves_nothing_out(first, second):
    """Each object is in one pair or left, on both sides; a pair has one label and overlaps by half."""
    pairs, gone, new = match(first.objects, second.objects)
    assert sorted([*(one for one, _ in pairs), *gone], key=repr) == sorted(first.objects, key=repr)
    assert sorted([*(other for _, other in pairs), *new], key=repr) == sorted(second.objects, key=repr)
    assert all(one.label == other.label and iou(one.box, other.box) >= 0.5 for one, other in pairs)
    assert not any(one.label == other.label and iou(one.box, other.box) >= 0.5 for one in gone for other in new)


def test_expected_right():
    """The same objects match, whatever their order and score, if they reach the threshold and overlap by half."""
    assert check_expected(found(CAT, DOG), RIGHT) == check_expected(found(DOG, CAT), RIGHT) == []
    assert check_expected(found(cat(0.5, (0, 0, 10, 5)), DOG), RIGHT) == []
    assert check_expected(found(), ()) == check_expected(found(cat(0.4999)), ()) == []


def test_expected_both_sides():
    """What is missing and what is too much are both told, with the nearest box of the label."""
    far = cat(0.61234, (0, 0, 10, 4.4))
    hen = Detection("hen", (50, 50, 60.4, 60.6), 0.7)
    assert check_expected(found(far, hen), RIGHT) == [
        Mismatch(
            "objects[cat [0, 0, 10, 10]]",
            "cat [0, 0, 10, 10] was not found; the nearest cat has an IoU of 0.44, allowed from 0.5",
        ),
        Mismatch("objects[dog [20, 20, 40, 30]]", "dog [20, 20, 40, 30] was not found"),
        Mismatch("objects[cat [0, 0, 10, 4]]", "cat [0, 0, 10, 4] was found (0.6123) and is not expected"),
        Mismatch("objects[hen [50, 50, 60, 61]]", "hen [50, 50, 60, 61] was found (0.7000) and is not expected"),
    ]


def test_expected_label():
    """A right box with another label is a missing and a wrong object."""
    assert paths(check_expected(found(cat(label="dog")), RIGHT[:1])) == [
        "objects[cat [0, 0, 10, 10]]",
        "objects[dog [0, 0, 10, 10]]",
    ]


def test_expected_twice():
    """A second prediction on one object is not expected, and two objects in one place need two predictions."""
    assert paths(check_expected(found(CAT, cat(0.6, (0, 0, 10, 9))), RIGHT[:1])) == ["objects[cat [0, 0, 10, 9]]"]
    assert paths(check_expected(found(CAT), (RIGHT[0], Annotation("cat", (0, 0, 10, 9))))) == [
        "objects[cat [0, 0, 10, 9]]"
    ]


@pytest.mark.parametrize(("score", "counts"), [(0.49999, False), (0.5, True), (0.50001, True)])
def test_expected_threshold(score, counts):
    """An object counts from the threshold, right or wrong."""
    assert bool(check_expected(found(cat(score)), RIGHT[:1])) != counts
    assert bool(check_expected(found(cat(score)), ())) == counts
    assert bool(check_expected(found(cat(score), threshold=0.9), ())) is False


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1e-9, 1.000001, 2.0])
def test_invalid_score(value):
    """A score that is no probability is a mismatch on either side, and if both sides agree on it."""
    broken = found(DOG, cat(value))
    words = f"cat [0, 0, 10, 10] has the score {value}, which is not between 0 and 1"
    ours, theirs = (Mismatch("objects[cat [0, 0, 10, 10]].score", f"{whose}{words}") for whose in ("", "golden "))
    assert invalid(broken) == check_expected(broken, RIGHT) == [ours]
    assert check_drift(broken, found(), DEFAULT) == check_swap(broken, found(), RIGHT, DEFAULT) == [ours]
    assert check_drift(found(), broken, DEFAULT) == check_swap(found(), broken, RIGHT, DEFAULT) == [theirs]
    assert check_drift(broken, broken, DEFAULT) == [ours, theirs]


@pytest.mark.parametrize("score", [0.0, 0.9], ids=["below the threshold", "above it"])
@pytest.mark.parametrize(
    "box",
    [
        *((0.0, 0.0, 0.0, 10.0), (0.0, 5.0, 10.0, 5.0), (10.0, 0.0, 0.0, 10.0), (0.0, 10.0, 10.0, 0.0)),
        *((math.nan, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, math.nan), (0.0, -math.inf, 10.0, math.inf)),
        (0.0, 0.0, math.inf, 10.0),
    ],
    ids=["no width", "no height", "left", "top", "NaN", "NaN last", "endless", "to the right"],
)
def test_invalid_box(box, score):
    """A box without an inside, or without an end, is a mismatch with all of its edges."""
    broken = found(cat(score, box), DOG)
    (ours,) = invalid(broken, "golden ")
    assert ours.path == "objects[cat].box"
    assert str(ours).startswith(f"golden cat has the box {box}, which has no ")
    assert check_drift(broken, broken, DEFAULT) == [*invalid(broken), ours]


def test_invalid_everything():
    """Each number that cannot be is told, in the order of the objects."""
    broken = found(cat(2.0, (10.0, 0.0, 0.0, 10.0)), dataclasses.replace(DOG, score=math.nan))
    assert [path.rpartition(".")[2] for path in paths(invalid(broken))] == ["score", "box", "score"]


@settings(deadline=None)
@given(detections)
def test_drift_self(prediction):
    """What a model found never drifts from itself, not even at tolerance 0."""
    assert check_drift(prediction, prediction, BITS) == []


@settings(deadline=None)
@given(detections, detections)
def test_drift_symmetric(first, second):
    """Two predictions differ whichever of them is the golden."""
    assert bool(check_drift(first, second, DEFAULT)) == bool(check_drift(second, first, DEFAULT))


@settings(deadline=None)
@given(detections, detections)
def test_swap_never_costs_a_right_answer(candidate, golden):
    """Where a swap is no mismatch and the incumbent was right, the candidate is."""
    if check_expected(golden, RIGHT) == [] and check_swap(candidate, golden, RIGHT, LOOSE) == []:
        assert check_expected(candidate, RIGHT) == []
