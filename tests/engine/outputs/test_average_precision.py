"""Average precision: that of pycocotools, for pictures as they are and for those that stand there several times."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapgate.outputs.average_precision import OVERLAPS, AveragePrecision, _coco_evaluation
from swapgate.outputs.detections import Annotation, Detection, Detections


def picture(random, labels):
    """Return what is right in a picture and what was found: near it, elsewhere, or under another label."""
    right, found = [], []
    for _ in range(random.integers(0, 4)):
        left, top, width, height = (*random.random(2) * 100, *random.random(2) * 50 + 5)
        label = labels[random.integers(len(labels))]
        right.append(Annotation(label, (left, top, left + width, top + height)))
        for _ in range(random.integers(0, 3)):
            moved = random.normal(0, 4, 4) + np.array([left, top, left + width, top + height])
            said = labels[random.integers(len(labels))] if random.random() < 0.2 else label
            found.append(Detection(said, tuple(moved.tolist()), random.random()))
    found += [
        Detection(labels[random.integers(len(labels))], (0.0, 0.0, 9.0, 9.0), random.random())
        for _ in range(random.integers(0, 3))
    ]
    return found, right


def accumulated(pictures):
    """Return pycocotools' precision of a set of pictures by IoU, recall and label, all of it reckoned by itself."""
    from pycocotools.coco import COCO

    names = sorted({one.label for _, right in pictures for one in right})
    sides = []
    for side in (1, 0):
        table = COCO()
        rows = [(image, one) for image, both in enumerate(pictures) for one in both[side] if one.label in names]
        table.dataset = {"images": [{"id": image} for image in range(len(pictures))]}
        table.dataset["categories"] = [{"id": place} for place in range(len(names))]
        table.dataset["annotations"] = [
            {
                "id": number,
                "image_id": image,
                "category_id": names.index(one.label),
                "bbox": [one.box[0], one.box[1], one.box[2] - one.box[0], one.box[3] - one.box[1]],
                "area": (one.box[2] - one.box[0]) * (one.box[3] - one.box[1]),
                "iscrowd": 0,
                "score": getattr(one, "score", 1.0),
            }
            for number, (image, one) in enumerate(rows, 1)
        ]
        table.createIndex()
        sides.append(table)
    evaluation = _coco_evaluation(*sides)
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"][:, :, :, 0, 0]


def figure(precision, name):
    """Return the mean of what there is."""
    there = precision[OVERLAPS[name]]
    there = there[there > -1]
    return there.mean() if there.size else 0.0


def noted(pictures):
    """Return what is noted of some pictures."""
    made = AveragePrecision()
    for found, right in pictures:
        made.add(Detections(tuple(found), 0.0), tuple(right))
    return made


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 30), labels=st.sampled_from(["a", "ab", "abcde"]))
def test_beside_pycocotools(seed, rows, labels):
    """Figures of pictures, and of any number of each, are those of pycocotools to 1e-12."""
    random = np.random.default_rng(seed)
    pictures = [picture(random, labels) for _ in range(rows)]
    if not any(right for _, right in pictures):
        return
    made, weights = noted(pictures), random.multinomial(rows, np.full(rows, 1 / rows), size=3)
    with contextlib.redirect_stdout(io.StringIO()):
        plain = accumulated(pictures)
        again = [
            accumulated([one for one, times in zip(pictures, some, strict=True) for _ in range(times)])
            if any(right for (_, right), times in zip(pictures, some, strict=True) if times)
            else plain[:0]
            for some in weights
        ]
    for name in OVERLAPS:
        assert made.figures()[name] == pytest.approx(figure(plain, name), abs=1e-12)
        found = made.weighted(name, weights.astype(float))
        assert found == pytest.approx([figure(one, name) for one in again], abs=1e-12)
    for number, label in enumerate(sorted({one.label for _, right in pictures for one in right})):
        there = plain[:, :, number]
        assert made.figures()[f"mAP {label}"] == pytest.approx(there[there > -1].mean(), abs=1e-12)


def test_weights_of_any_size():
    """Only the proportions of weights count, and at a recall of 1 rounding loses nothing."""
    random = np.random.default_rng(3)
    made, weights = noted([picture(random, "ab") for _ in range(40)]), random.standard_exponential((20, 40))
    for name in OVERLAPS:
        assert made.weighted(name, weights) == pytest.approx(made.weighted(name, weights * 0.37), abs=1e-12)
    right = [Annotation("a", (0.0, 0.0, 9.0, 9.0))]
    perfect = noted([([Detection("a", right[0].box, 0.9)], right)] * 40)
    assert perfect.weighted("mAP@[.5:.95]", weights) == pytest.approx(np.ones(20))


def test_pictures_that_differ():
    """Another score, match or number of what was found is a difference; a higher precision is better."""
    box, off = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 6.0)
    right = [Annotation("a", box)]
    sides = [
        noted([([Detection("a", *one)], right) for one in ((box, 0.9), (box, 0.8), (off, 0.9), (box, 0.9))]),
        noted([([Detection("a", *one)], right) for one in ((box, 0.9), (box, 0.9), (box, 0.9))] + [([], right)]),
    ]
    assert sides[0].differs(sides[1], "mAP@[.5:.95]").tolist() == [False, True, True, True]
    assert sides[0].differs(sides[1], "mAP@0.5").tolist() == [False, True, False, True]
    assert sides[0].is_better(sides[1], "mAP@[.5:.95]").tolist() == [False, False, False, True]
    assert sides[1].is_better(sides[0], "mAP@[.5:.95]").tolist() == [False, False, True, False]


def test_pictures_of_nothing():
    """Where nothing is right anywhere there is nothing to average."""
    made = noted([([Detection("a", (0.0, 0.0, 9.0, 9.0), 0.9)], []), ([], [])])
    assert made.figures() == {"mAP@0.5": 0.0, "mAP@[.5:.95]": 0.0}
    assert made.weighted("mAP@0.5", np.ones((2, 2))).tolist() == [0.0, 0.0]
