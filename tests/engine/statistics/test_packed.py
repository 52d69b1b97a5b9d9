"""What a tally keeps of each row is small, and the same whichever row is asked for."""

import random
import tracemalloc

import numpy as np
import pytest

from swapgate.outputs.classification import Classification, Score
from swapgate.statistics.packed import BLOCK, Texts, Wrong
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

TASK = find_task("text-classification")
SAID = [Classification((Score(one, 0.7), Score(other, 0.3)), 0.0) for one, other in ("ab", "ba")]
FEW = 250
"""Bytes; an object of Python takes 50 and more."""


def chance(seed):
    """Return what draws the same each time."""
    return random.Random(seed)  # noqa: S311


def filled(rows, draw, clusters=0):
    """Return a tally of rows of which some have the same input, with that of each row."""
    made, given = Tally(TASK.output), []
    for row in range(rows):
        given.append((f"text {draw.randrange(rows)}", f"cluster {draw.randrange(clusters)}" if clusters else None))
        text, cluster = given[-1]
        shown = f"{draw.random()} a text of some {row} letters, as people write"
        made.add(f"row {row}", SAID[draw.random() < 0.3], ("a",), text, cluster, shown=shown, key=f"{row:016x}")
    return made, given


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 7])
def test_texts_of_any_row(rows):
    """Each row has its texts, in whatever order they are asked for, lone surrogates too."""
    kept, texts = Texts(), [(f"{row}", "a\u2028\ud800"[: row % 4]) for row in range(rows)]
    for one in texts:
        kept.append(*one)
    places = [*range(rows)]
    chance(1).shuffle(places)
    assert [kept[place] for place in places] == [texts[place] for place in places]


def test_texts_read_while_more_come():
    """Each row has its texts also where it was asked for before its block was full."""
    kept = Texts()
    for row in range(2 * BLOCK + 1):
        kept.append(f"{row}")
        assert kept[row] == (f"{row}",)
        assert kept[row // 2] == (f"{row // 2}",)


def test_wrong():
    """Rows that are wrong are told by their numbers, and no other has any words."""
    made, _ = filled(2 * BLOCK, chance(2))
    right = made.each("right")
    assert [*made.wrong] == np.flatnonzero(right == 0).tolist() != []
    for row in range(made.rows):
        assert (row in made.wrong) == (not right[row])
    row = [*made.wrong][-1]
    name, words, shown = made.wrong[row]
    assert ((name, shown), words) == (made.named(row), "b 0.7000 leads, expected a (0.3000)")
    with pytest.raises(KeyError):
        made.wrong[int(np.flatnonzero(right)[0])]
    assert "0" not in Wrong([0], lambda row: ("", "", ""))


@pytest.mark.parametrize("clusters", [0, 1, 40])
def test_units(clusters):
    """What is independent is numbered as it comes; an input that was seen before is in the cluster where it was."""
    made, given = filled(500, chance(clusters), clusters)
    numbers, known = {}, {}
    for text, cluster in given:
        if text not in numbers:
            numbers[text] = known.setdefault(cluster, len(known)) if clusters else len(numbers)
    expected = [numbers[text] for text, _ in given]
    assert made.by_unit(np.arange(500.0)).tolist() == _sums(expected, bool(clusters))
    assert (made.units, made.is_clustered) == (max(expected) + 1, bool(clusters))


def _sums(units, clustered):
    sums, sizes = np.bincount(units, weights=np.arange(500.0)), np.bincount(units)
    return (sums / (sizes.mean() if clustered else sizes)).tolist()


def test_few_bytes_a_row():
    """A tally of ten times as many rows takes a few bytes more a row, and nothing that grows with what they hold."""
    sizes = []
    for rows in (1_000, 6_000):
        tracemalloc.start()
        made, given = filled(rows, chance(3))
        del given
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert made.rows == rows
    assert (sizes[1] - sizes[0]) / 5_000 < FEW
