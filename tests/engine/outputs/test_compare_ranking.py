"""Rankings: what is expected of them, drift within tolerance, swaps by leads, and their figures."""

import math

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.outputs import (
    Tolerance,
    check_drift,
    check_expected,
    check_swap,
    diff,
    dress,
    invalid,
    near_ties,
    output_of,
)
from swapgate.outputs.ranking import Hit, Ranking, Relevant, answered, clearness, count, figures, ranked
from swapgate.tasks.retrieval import Corpus, Search

DEFAULT = Tolerance()
CORPUS = Corpus({"a": "One.", "b": "Two.", "c": "Three."})
SEARCH = Search("Which?", CORPUS)


def said(**scores):
    """Return a ranking of these passages."""
    return Ranking(tuple(Hit(name, score) for name, score in scores.items()))


def right(*ids, within=None):
    """Return what is right."""
    return Relevant(tuple((name, 1) for name in ids), within)


FOUND = said(a=0.9, b=0.6, c=0.5, d=0.1)


@pytest.mark.parametrize("wanted", [right("a"), right("b", "a"), right("c", within=3), right("x", "b", within=2)])
def test_expected_right(wanted):
    """The relevant passages are first, in any order; or one of several is among so many."""
    assert check_expected(FOUND, wanted) == []


def test_expected_wrong():
    """Each passage that is not where it must be is told with its score and place, and what came before it."""
    (one,) = check_expected(FOUND, right("b"))
    assert str(one) == "b (0.6000, number 2) is expected first, and a 0.9000 ranks before it"
    one, two = check_expected(FOUND, right("c", "d"))
    assert str(one) == "c (0.5000, number 3) is expected among the first 2, and a 0.9000 ranks before it"
    assert two.path == "hits[d]"
    (one,) = check_expected(FOUND, right("x", "d", within=2))
    assert str(one) == "a 0.9000 is first, expected x (below 0.1000) or d (0.1000, number 4) among the first 2"


def test_expected_of_fewer_than_asked():
    """A ranking that ends before all relevant passages came does not pass."""
    (one,) = check_expected(said(a=0.5), right("a", "b"))
    assert str(one) == "b (below 0.5000) is expected among the first 2, and it is not ranked"


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_invalid_score(score):
    """A score that is no number is none of a model's; any finite one may be, for a dot product knows no bounds."""
    assert invalid(said(a=score, b=0.1))
    assert invalid(said(a=17.5, b=-3.0)) == []


def test_invalid_order():
    """Scores fall, no passage stands twice, and there is at least one."""
    assert invalid(said(a=0.1, b=0.2))
    assert invalid(Ranking((Hit("a", 0.2), Hit("a", 0.1))))
    assert invalid(Ranking(()))


def test_drift_within_tolerance():
    """A score may move by the tolerance and no further, and each that does is told."""
    assert check_drift(said(a=0.9, b=0.5), said(a=0.90005, b=0.49995), DEFAULT) == []
    found = check_drift(said(a=0.9, b=0.5), said(a=0.91, b=0.51), DEFAULT)
    assert [one.path for one in found] == ["hits[a].score", "hits[b].score"]


def test_drift_of_near_ties():
    """Passages change places where they are near ties, and only there."""
    now, then = said(a=0.60001, b=0.6, c=0.1), said(b=0.60002, a=0.6, c=0.1)
    assert check_drift(now, then, DEFAULT) == []
    (tie,) = near_ties(now, then, DEFAULT)
    assert str(tie) == "a 0.6000 is number 1, golden b 0.6000: a near tie, all scores are within 0.0001"
    assert check_drift(said(b=0.61, a=0.6), said(a=0.6, b=0.59), DEFAULT)


def test_drift_at_the_end():
    """A passage that only one side keeps has at most the least score of the other."""
    assert check_drift(said(a=0.9, b=0.50003), said(a=0.9, c=0.5), DEFAULT) == []
    found = check_drift(said(a=0.9, b=0.7), said(a=0.9, c=0.5), DEFAULT)
    assert [one.path for one in found] == ["hits[b].score"]


def test_swap():
    """What the incumbent found the candidate finds; what it did not find counts for nothing."""
    assert check_swap(said(b=0.9, a=0.2), said(b=0.8, a=0.1), right("a"), DEFAULT) == []
    (lost,) = check_swap(said(b=0.9, a=0.2), said(a=0.8, b=0.1), right("a"), DEFAULT)
    assert str(lost).startswith("lost: a (0.2000, number 2)")
    assert check_swap(said(a=0.9, b=0.2), said(b=0.8, a=0.1), right("a"), DEFAULT) == []


def test_swap_by_leads_on_any_scale():
    """Two models with scores on scales of their own are compared by leads as shares of the range of their scores."""
    incumbent = said(a=0.9, b=0.5, c=0.1)
    assert check_swap(said(a=0.82, b=0.81, c=0.80), incumbent, right("a"), DEFAULT) == []
    assert check_swap(said(a=90.0, b=55.0, c=10.0), incumbent, right("a"), DEFAULT) == []
    (weaker,) = check_swap(said(a=0.9, b=0.8, c=0.1), incumbent, right("a"), DEFAULT)
    assert "leads by 0.1250 of the range of scores, the incumbent by 0.5000: fell by 0.3750, allowed 0.1" in str(weaker)


def test_lead():
    """How clearly something was right: ahead of the wrong passage that must not come before it."""
    assert clearness(FOUND, right("a")) == pytest.approx(0.3 / 0.8)
    assert clearness(FOUND, right("a", "b")) == pytest.approx(0.1 / 0.8)
    assert clearness(FOUND, right("c", within=3)) == pytest.approx(1.0 * (0.5 - 0.1) / 0.8)
    assert clearness(FOUND, right("b")) == 0.0
    assert clearness(said(a=0.5), right("a")) == 1.0
    assert output_of(FOUND).lead(FOUND, said(b=0.9, a=0.1), right("a")) == clearness(FOUND, right("a"))


@pytest.mark.parametrize(
    "wanted", [right("a"), right("b", "x"), right("x"), right("a", "b", "c", "d"), right("d", "y")]
)
def test_figures_are_those_of_torchmetrics(wanted):
    """nDCG, recall and reciprocal rank of a row are those of torchmetrics, with all passages of the corpus."""
    torch, retrieval = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.retrieval")
    names = [*"abcdxyz"]
    scores = torch.tensor([0.9, 0.6, 0.5, 0.1, 0.05, 0.04, 0.03])
    target = torch.tensor([name in wanted.ids for name in names])
    whole = ranked(scores.tolist(), names)
    theirs = [
        retrieval.retrieval_normalized_dcg(scores, target, top_k=10),
        retrieval.retrieval_recall(scores, target, top_k=10),
        retrieval.retrieval_reciprocal_rank(scores, target, top_k=10),
    ]
    assert [*count(whole, wanted).values()] == pytest.approx([float(one) for one in theirs])


def test_figures_look_at_ten():
    """What is not among the first ten counts as not found; graded passages are worth their grades."""
    whole = ranked([1 - place / 20 for place in range(12)], [f"p{place}" for place in range(12)])
    assert len(whole.hits) == 10
    assert count(whole, right("p11")) == {"nDCG@10": 0.0, "recall@10": 0.0, "MRR@10": 0.0}
    ideal = count(whole, Relevant((("p0", 3), ("p1", 1)), 1))
    assert ideal["nDCG@10"] == pytest.approx(1.0)
    turned = count(whole, Relevant((("p0", 1), ("p1", 3)), 1))
    assert turned["nDCG@10"] == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert figures({"nDCG@10": 1.5, "recall@10": 2, "MRR@10": 1}, 2) == {
        "nDCG@10": 0.75,
        "recall@10": 1.0,
        "MRR@10": 0.5,
    }


def test_ties_have_an_order():
    """Passages of one score stand in the order of their ids, so that a run says what the one before said."""
    assert [hit.id for hit in ranked([0.5, 0.5, 0.7], ["b", "a", "c"]).hits] == ["c", "a", "b"]


@pytest.mark.parametrize("answer", [[0.1, 0.3, 0.2], [{"id": "b", "score": 0.3}, {"id": "c", "score": 0.2}]])
def test_answers_of_others(answer):
    """A score for each passage is read, or ids with scores."""
    found = answered(answer, SEARCH, None)
    assert [hit.id for hit in found.hits][:2] == ["b", "c"]


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        ([0.1, 0.3], SurroundingsFault, "and not a score for each of 3 passages"),
        ([], SurroundingsFault, "and not a score"),
        ("yes", SurroundingsFault, "and not a score"),
        ([0.1, "x", 0.2], SurroundingsFault, "and not a score"),
        ([math.nan, 0.1, 0.2], ModelFault, "NaN or infinite"),
        ([{"id": "z", "score": 0.1}], ModelFault, "the passage z, which the corpus has not"),
        ([{"id": "a", "score": 0.1}, {"id": "a", "score": 0.2}], ModelFault, "the passage a twice"),
    ],
)
def test_answers_that_are_none(answer, fault, words):
    """What is no ranking of the corpus is told in words."""
    with pytest.raises(fault, match=words):
        answered(answer, SEARCH, None)


def test_shown():
    """A diff has a line a passage with its place and beginning; a page has bars, or lines where these cannot be."""
    lines = [line.plain for line in diff(said(a=0.9, c=0.2), said(b=0.8, a=0.5), SEARCH)]
    assert lines[0].startswith("  1 b 0.8000000 (new)  Two.")
    assert lines[2].startswith("  – c 0.2000000 (gone)  Three.")
    (bars,) = dress(said(a=0.9), said(b=0.8, a=0.5), right("a"), SEARCH)
    assert bars["rows"] == [["a", 0.9, 0.5, True], ["b", None, 0.8, False]]
    assert dress(None, said(b=8.0, a=-0.5), right("a"), SEARCH)[0]["kind"] == "lines"
