"""Rows that depend on one another are drawn and counted as clusters, never one by one."""

import numpy as np
import pytest

from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import RIGHT
from swapgate.outputs.text import Text
from swapgate.statistics.comparison import FEWEST_CLUSTERS, compare_errors, compare_figure, judge_floor
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

RIGHTLY, WRONGLY = (Classification((Score(first, 0.9), Score(second, 0.1)), 0.0) for first, second in ("ab", "ba"))


def counted(rights, clusters=None):
    """Return the tally of rows of a classification; `clusters`: the number of each row's."""
    made = Tally(find_task("text-classification").output)
    for row, right in enumerate(rights):
        cluster = None if clusters is None else f"document {clusters[row]}"
        made.add(f"row {row}", RIGHTLY if right else WRONGLY, ("a",), f"text {row}", cluster)
    return made


def documents(count, size, lost):
    """Return a candidate's and its reference's tally: in as many documents as said every row is lost."""
    clusters = np.repeat(np.arange(count), size)
    return counted(clusters >= lost, clusters), counted(np.ones(count * size), clusters)


def test_figure_is_that_of_the_rows():
    """A figure is not changed by clusters, also where they are of different sizes."""
    rights, clusters = np.arange(100) % 3 > 0, np.sqrt(np.arange(100)).astype(int)
    alone, together = counted(rights), counted(rights, clusters)
    assert together.of_units("accuracy") == pytest.approx(alone.of_units("accuracy"))
    assert together.by_unit(together.each(RIGHT)).mean() == pytest.approx(np.mean(rights))
    assert (alone.units, together.units) == (100, 10)


@pytest.mark.parametrize("judge", [compare_figure, compare_errors])
def test_same_rows_dependent(judge):
    """What independent rows decide, a few clusters of them do not."""
    ours, theirs = documents(40, 25, 1)
    alone = counted(np.arange(1_000) >= 25), counted(np.ones(1_000))
    if judge is compare_figure:
        assert judge(*alone, "accuracy", 0.04).decision == "PASS"
        assert judge(ours, theirs, "accuracy", 0.04).decision == "too few rows"
    else:
        assert judge(ours, theirs, 2.0).value == judge(*alone, 2.0).value == 25


def test_decided():
    """Many clusters decide either way, by bounds that hold the difference."""
    ours, theirs = documents(400, 3, 24)
    found = compare_figure(ours, theirs, "accuracy", 0.12)
    assert (found.decision, found.clusters, found.inputs, found.rows) == ("PASS", 400, None, 1_200)
    assert found.low < found.difference < found.high
    assert found.difference == pytest.approx(-0.06)
    assert compare_figure(ours, theirs, "accuracy", 0.03).decision == "FAIL"


def test_large_cluster_counts_with_its_rows():
    """Where few clusters differ, one that got worse counts with as many rows as it has."""
    clusters = [*range(199), *[199] * 51]
    ours, theirs = counted([one < 199 for one in clusters], clusters), counted([True] * 250, clusters)
    found = compare_figure(ours, theirs, "accuracy", 0.05)
    assert found.worse == 1
    assert found.cap == pytest.approx(51 / 1.25)
    assert found.decision != "PASS"


@pytest.mark.parametrize("count", [FEWEST_CLUSTERS - 1, FEWEST_CLUSTERS])
def test_fewest(count):
    """Fewer than FEWEST_CLUSTERS decide nothing, neither beside another model nor beside a floor."""
    ours, theirs = documents(count, 30, count)
    found = compare_figure(ours, theirs, "accuracy", 0.5), judge_floor(ours, "accuracy", 0.9, None)
    assert [one.decision for one in found] == (["too few rows"] * 2 if count < FEWEST_CLUSTERS else ["FAIL"] * 2)
    assert count >= FEWEST_CLUSTERS or found[0].needed >= FEWEST_CLUSTERS


def test_same_input_in_several_clusters():
    """An input that was seen before belongs to the cluster where it was, so that it counts no twice."""
    made = Tally(find_task("speech-recognition").output)
    for row in range(60):
        made.add(f"row {row}", Text("on", 1.0), "on", f"sound {row % 12}", f"speaker {row}")
    assert made.units == 12


def test_parts_of_one():
    """Rows that are parts of fewer contexts or files are counted, where no cluster says so."""
    made = Tally(find_task("speech-recognition").output)
    for row in range(6):
        made.add(f"row {row}", Text("on", 1.0), "on", f"sound {row}", source=f"file {row % 2}")
    assert made.sources == 2
    assert counted([True] * 6).sources is None
