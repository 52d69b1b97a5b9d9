"""Evaluation sets: read in constant memory, as parts of sounds and pictures, and not while they are being written."""

import json
import tracemalloc

import numpy as np
import pytest
import soundfile
from PIL import Image

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.project.evaluation import find_set, unlabelled
from swapgate.tasks import find_task

RATE = 1_000


@pytest.fixture
def found(tmp_path):
    """Write a set beside a sound of three seconds and a picture of 6 × 4 pixels, and give it."""
    ramp = np.arange(3 * RATE, dtype=np.float32) / (3 * RATE)
    soundfile.write(tmp_path / "ramp.wav", ramp, RATE, subtype="FLOAT")
    Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6)).save(tmp_path / "grey.png")

    def find(task, *rows):
        lines = [json.dumps({"id": str(number), **row}) + "\n" for number, row in enumerate(rows)]
        (tmp_path / "set.jsonl").write_text("".join(lines))
        return find_set(tmp_path / "set.jsonl", find_task(task), frozenset())

    return find


def sound(**part):
    """Return a row with a part of the sound."""
    return {"audio": "ramp.wav", "expected": "a", **part}


def picture(**part):
    """Return a row with a part of the picture."""
    return {"image": "grey.png", "expected": "a", **part}


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [
        ({}, 0, 3_000),
        ({"start": 1}, 1_000, 3_000),
        ({"end": 0.5}, 0, 500),
        ({"start": 1.0005, "end": 2.0}, 1_000, 2_000),
        ({"start": 1.5, "end": None}, 1_500, 3_000),
    ],
    ids=["whole", "from", "to", "between", "null"],
)
def test_part_of_a_sound(found, part, first, last):
    """A row may be the part of a sound between two times in seconds."""
    (case,) = found("audio-classification", sound(**part)).rows()
    assert case.input.rate == RATE
    assert case.input.samples == pytest.approx(np.arange(first, last) / (3 * RATE), abs=1e-6)


def test_parts_of_one_file(found):
    """Each row is its own part, also where they are asked for together."""
    rows = list(found("speech-recognition", sound(end=1), sound(start=1, end=3)).rows())
    assert [len(row.input.samples) for row in rows] == [1_000, 2_000]
    (left, right) = found("image-classification", picture(box=[0, 0, 2, 4]), picture(box=[2, 1, 6, 2])).rows()
    assert (left.input.size, right.input.size) == ((2, 4), (4, 1))
    assert np.asarray(right.input)[0, :, 0].tolist() == [8, 9, 10, 11]
    assert next(found("image-classification", picture()).rows()).input.size == (6, 4)


@pytest.mark.parametrize(
    ("task", "rows"),
    [
        ("speech-recognition", [sound(end=1), sound(start=1, end=3), sound()]),
        ("image-classification", [picture(box=[0, 0, 2, 4]), picture(box=[2, 1, 6, 2]), picture()]),
    ],
    ids=["sounds", "pictures"],
)
def test_parts_without_labels(found, task, rows):
    """Rows that have no label yet are the same parts."""
    there = found(task, *rows)
    bare = unlabelled(there.path, there.task)
    assert [row.input_digest for row in bare] == [row.input_digest for row in there.rows()]
    assert len({row.input_digest for row in there.rows()}) == 3


def test_objects_in_a_part(found):
    """The boxes of a part's objects are counted from its own corner."""
    row = {"image": "grey.png", "box": [2, 0, 6, 4], "expected": [{"label": "hat", "box": [0, 0, 2, 2.5]}]}
    (case,) = found("object-detection", row).rows()
    assert case.expected[0].box == (0, 0, 2, 2.5)
    assert case.input.size == (4, 4)


@pytest.mark.parametrize("part", [{"start": 2, "end": 2}, {"start": 2, "end": 1}, {"start": 3}, {"start": 9}])
def test_empty_part_of_a_sound(found, part):
    """A part that holds no samples is told when it is read."""
    (case,) = found("audio-classification", sound(**part)).rows()
    with pytest.raises(SurroundingsFault, match=r"seconds the sound has no samples; mend start and end$"):
        _ = case.input


@pytest.mark.parametrize(
    "box", [[0, 0, 7, 4], [0, 0, 6, 5], [-1, 0, 6, 4], [0, -1, 6, 4], [3, 0, 3, 4], [4, 0, 2, 4], [0, 3, 6, 1]]
)
def test_box_outside_the_picture(found, box):
    """A box that the picture does not hold is told, where Pillow would give black."""
    (case,) = found("image-classification", picture(box=box)).rows()
    with pytest.raises(
        SurroundingsFault, match=r"^box = \[.*\] is no part of a picture of 6 × 4 pixels; mend the box$"
    ):
        _ = case.input


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (sound(start=float("nan")), "start"),
        (sound(start=float("inf")), "start"),
        (sound(start=-0.1), "start"),
        (sound(end=0), "end"),
        (sound(end=float("inf")), "end"),
        (sound(start="1"), "start"),
        (picture(box=[0, 0, 6]), "box"),
        (picture(box=[0, 0, 6.5, 4]), "box.2"),
        (picture(box=[0, 0, float("nan"), 4]), "box.2"),
    ],
    ids=[f"row_{number}" for number in range(9)],
)
def test_bad_part(found, row, key):
    """A part that is not given in finite numbers is refused."""
    with pytest.raises(InputFault, match=rf"set\.jsonl, row 1: '0': {key}: .*; mend the row$"):
        found("audio-classification" if "audio" in row else "image-classification", row)


def test_file_that_is_not_there(found):
    """A row that names a file that is not there is refused."""
    with pytest.raises(InputFault, match=r"set\.jsonl, row 1: '0': no file .*none\.wav"):
        found("audio-classification", sound(audio="none.wav"))
    with pytest.raises(
        InputFault, match=r"row 1: '0': .* cannot be read \(File name too long\); give a file that can$"
    ):
        found("audio-classification", sound(audio="x" * 5_000))


def peak(rows):
    """Return the most memory that reading a set of rows takes, in bytes."""
    assert rows.count  # imports are not what is measured
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows.rows()) == rows.count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_constant_memory(found):
    """A set of four times as many rows, which are 20 MB, needs no more memory but some bytes a row for its id."""
    row = {"text": "It rained all day. " * 300, "expected": []}
    few, many = (peak(found("ner", *[row] * count)) for count in (1_000, 4_000))
    assert (found("ner", *[row] * 4_000).path.stat().st_size) > 20e6
    assert many < few + 64 * 3_000
    assert many < 1e6


def test_written_since_the_run_began(found):
    """A set that was written anew is not read: two models must see the same rows."""
    rows = found("sentiment", *[{"text": "Fine.", "expected": "a"}] * 3)
    assert rows.count == 3
    found("sentiment", {"text": "Other.", "expected": "a"})
    with pytest.raises(SurroundingsFault, match=r"set\.jsonl was written since the run began; run again$"):
        next(rows.rows())


@pytest.mark.parametrize("text", ['{"id": "0", "te', "", "Fine."], ids=["torn", "emptied", "other"])
def test_written_while_it_is_read(found, text):
    """A set that changes under the reader is told as that, not as a row to mend."""
    rows = found("sentiment", *[{"text": "Fine. " * 900, "expected": "a"}] * 99)
    reader = rows.rows()
    next(reader)
    rows.path.write_text(text)
    with pytest.raises(SurroundingsFault, match=r"set\.jsonl was written since the run began; run again$"):
        list(reader)


def test_replaced_while_it_is_read(found):
    """A set in whose place another is put is told at the end, though each row that was read was whole."""
    rows = found("sentiment", *[{"text": "Fine. " * 900, "expected": "a"}] * 99)
    reader = rows.rows()
    next(reader)
    other = rows.path.with_name("other.jsonl")
    other.write_text("{}")
    other.replace(rows.path)
    with pytest.raises(SurroundingsFault, match=r"set\.jsonl was written since the run began; run again$"):
        list(reader)


def test_removed_while_it_is_read(found):
    """A set that is gone is told with what to do."""
    rows = found("sentiment", {"text": "Fine.", "expected": "a"})
    rows.path.unlink()
    with pytest.raises(
        SurroundingsFault, match=r"set\.jsonl: cannot be read \(.*No such file.*\); give a file that can$"
    ):
        next(rows.rows())
