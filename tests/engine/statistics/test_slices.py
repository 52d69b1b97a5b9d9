"""Slices of an evaluation set: what is named must pass, what is watched can only fail, the rest is seen."""

import numpy as np
import pytest

from swapgate.outputs.classification import Classification, Score
from swapgate.project.budgets import SliceLimit
from swapgate.statistics.comparison import compare_figure
from swapgate.statistics.slices import judge_named, judge_watched, margins, seen
from swapgate.statistics.tally import Part, Tally
from swapgate.tasks import find_task

RIGHTLY, WRONGLY = (Classification((Score(first, 0.9), Score(second, 0.1)), 0.0) for first, second in ("ab", "ba"))


def counted(rights, languages, output="text-classification"):
    """Return the tally of rows of a classification; `languages`: that of each."""
    made = Tally(find_task(output).output)
    for row, (right, language) in enumerate(zip(rights, languages, strict=True)):
        made.add(
            f"row {row}",
            RIGHTLY if right else WRONGLY,
            ("a",),
            f"text {row}",
            slices={"language": language},
            length=row,
        )
    return made


def clustered(clusters, lost, made=None, language="de"):
    """Return the tally of clusters of four rows each, of which so many are lost."""
    made = made or Tally(find_task("text-classification").output)
    for row in range(4 * clusters):
        made.add(
            f"{language} {row}",
            WRONGLY if row % 4 < lost else RIGHTLY,
            ("a",),
            f"{language} {row}",
            cluster=f"{language} {row // 4}",
            slices={"language": language},
        )
    return made


def pair(rows, broken, share):
    """Return a candidate and its reference on so many rows of each of four languages; of one a share is lost."""
    languages = np.repeat(["de", "en", "fi", "pl"], rows)
    rights = np.ones(4 * rows, bool)
    rights[np.flatnonzero(languages == broken)[: round(share * rows)]] = False
    return counted(rights, languages), counted(np.ones(4 * rows), languages)


def test_part_is_a_set_of_its_own():
    """The comparison of a part of two tallies is that of tallies of these rows alone."""
    random = np.random.default_rng(1)
    ours, theirs = random.random((2, 300)) < 0.8
    languages = np.where(random.random(300) < 0.4, "de", "en")
    chosen = languages == "de"
    whole = [counted(rights, languages) for rights in (ours, theirs)]
    parts = [Part(one, one.slices["language"]["de"]) for one in whole]
    alone = [counted(rights[chosen], languages[chosen]) for rights in (ours, theirs)]
    for metric in ("accuracy", "macro F1"):
        found, right = (compare_figure(*sides, metric, 0.05) for sides in (parts, alone))
        for name in (
            "value",
            "reference",
            "low",
            "high",
            "decision",
            "rows",
            "differing",
            "needed",
            "chance",
            "mcnemar",
        ):
            assert getattr(found, name) == pytest.approx(getattr(right, name)), (metric, name)


def test_named():
    """A candidate that is broken for one language only, and within its margin as a whole, fails that slice."""
    ours, theirs = pair(400, "fi", 0.07)
    assert compare_figure(ours, theirs, "accuracy", 0.03).decision == "PASS"
    limits = {("language", value): 0.03 for value in ("de", "fi")}
    found = judge_named(ours, theirs, "accuracy", limits)
    assert [(one.value, one.comparison.decision) for one in found] == [("de", "PASS"), ("fi", "FAIL")]


def test_named_and_small():
    """A named slice of too few rows is undecided, and says how many are needed."""
    (found,) = judge_named(*pair(30, "fi", 0.1), "accuracy", {("language", "fi"): 0.02})
    assert found.comparison.decision == "too few rows"
    assert found.comparison.needed > 30


def test_watched():
    """A slice that is watched can only fail, and only what is not named and large enough is."""
    ours, theirs = pair(400, "fi", 0.15)
    found = judge_watched(ours, theirs, "accuracy", 0.03, 400, {("language", "pl")})
    assert {one.value: one.comparison.decision for one in found} == {"fi": "FAIL", "de": "PASS", "en": "PASS"}
    assert judge_watched(ours, theirs, "accuracy", 0.03, 401, set()) == []


@pytest.mark.parametrize(("clusters", "decision"), [(25, "too few rows"), (30, "FAIL")])
def test_watched_of_too_few_clusters(clusters, decision):
    """Fewer than 30 clusters decide nothing, in a slice that is watched as in one that is named."""
    ours, theirs = clustered(clusters, lost=2), clustered(clusters, lost=0)
    (watched,) = judge_watched(ours, theirs, "accuracy", 0.05, 100, set())
    (named,) = judge_named(ours, theirs, "accuracy", {("language", "de"): 0.05})
    assert watched.comparison.decision == named.comparison.decision == decision


def test_watched_beside_too_few_clusters():
    """What too few clusters cannot decide keeps no other slice from failing."""
    ours, theirs = Tally(find_task("text-classification").output), Tally(find_task("text-classification").output)
    for made, lost in ((ours, (4, 2)), (theirs, (0, 0))):
        clustered(25, lost[0], made, "de")
        clustered(200, lost[1], made, "fi")
    found = judge_watched(ours, theirs, "accuracy", 0.05, 100, set())
    assert {one.value: one.comparison.decision for one in found} == {"de": "too few rows", "fi": "FAIL"}


def test_watched_all_together():
    """What would fail alone does not where many are looked at."""
    languages = [f"language {row // 50}" for row in range(50 * 40)]
    rights = np.ones(len(languages), bool)
    rights[:5] = False
    ours, theirs = counted(rights, languages), counted(np.ones(len(languages)), languages)
    (alone,) = judge_named(ours, theirs, "accuracy", {("language", "language 0"): 0.02})
    assert alone.comparison.decision == "FAIL"
    assert not [
        one for one in judge_watched(ours, theirs, "accuracy", 0.02, 50, set()) if one.comparison.decision == "FAIL"
    ]


def test_seen():
    """Without being asked the slices that lost most are found, by keys, labels and length."""
    ours, theirs = pair(40, "fi", 0.5)
    found = seen(ours, theirs, "accuracy", 0.02, set())
    assert (found[0].key, found[0].value, len(found[0].comparison.lost)) == ("language", "fi", 20)
    assert {one.key for one in found} >= {"language", "length"}
    assert seen(theirs, theirs, "accuracy", 0.02, set()) == []


def test_margins():
    """A limit is of a key's values, of one value, or of a slice without a key; what has no row is told."""
    there = {"language": {"de": [1], "en": [2]}, "slice": {"shouted": [3]}}
    limit = SliceLimit(margin=0.1)
    found, missing = margins({"language": limit, "shouted": limit, "source": limit}, there)
    assert found == {("language", "de"): 0.1, ("language", "en"): 0.1, ("slice", "shouted"): 0.1}
    assert missing == ["source"]
    found, missing = margins({"language": {"de": limit, "fr": limit}}, there)
    assert (found, missing) == ({("language", "de"): 0.1}, ["language = 'fr'"])
