"""Retrieval: which passages of a small corpus answer a question.

Expected of each case: the expected passages come first.
Golden of each case: the best ten passages, every score within tolerance of the golden.
"""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.standard import assert_same, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size
from swapgate.tasks.retrieval import Corpus, Search, read_corpus

pytestmark = pytest.mark.task("retrieval")

CORPUS = read_corpus(Path(__file__).parents[1] / "fixtures" / "retrieval" / "corpus.jsonl")
questions = st.sampled_from(
    [
        "Where was Anna Keller born?",
        "Which river flows through Marwick?",
        "Who keeps a donkey?",
        "What do we know about Paul Hansen?",
    ]
)
queries = st.one_of(questions, st.text(min_size=1, max_size=40).filter(str.strip))
searches = queries.map(lambda query: Search(query, CORPUS))
passages = st.sampled_from(CORPUS.ids)

test_same_input_same_prediction = same_input_same_prediction(searches)
test_batch_changes_nothing = batch_changes_nothing(searches)


@given(search=searches)
def test_scores_fall(model, search):
    """Whatever the query: ten different passages, each with a finite score, the best first."""
    (found,) = model.predict([search])
    scores = [hit.score for hit in found.hits]
    assert len({hit.id for hit in found.hits}) == 10
    assert all(map(math.isfinite, scores))
    assert scores == sorted(scores, reverse=True)


@given(passage=passages)
def test_passage_finds_itself(model, passage):
    """The text of a passage finds that passage first."""
    (found,) = model.predict([Search(CORPUS.texts[passage], CORPUS)])
    assert found.hits[0].id == passage


@given(search=searches, turn=st.integers(1, len(CORPUS.ids) - 1))
def test_order_of_passages_changes_nothing(model, search, turn):
    """The same passages in another order have the same scores."""
    both = [*CORPUS.texts.items()]
    turned, plain = model.predict([Search(search.query, Corpus(dict(both[turn:] + both[:turn]))), search])
    assert_same(turned, plain, model)


@given(query=questions, passage=passages)
def test_passage_twice_has_one_score(model, query, passage):
    """A passage that stands in the corpus once more has the score of the other one."""
    twice = Corpus({**CORPUS.texts, "again": CORPUS.texts[passage]})
    best = dict.fromkeys((passage, "again"))
    (found,) = model.predict([Search(query, twice)])
    best |= {hit.id: hit.score for hit in found.hits if hit.id in best}
    if None not in best.values():
        assert best[passage] == pytest.approx(best["again"], abs=model.row.tolerance.drift)


@given(query=st.sampled_from(["", " \n", "Where was Anna Keller born? " * 400]))
def test_impossible_queries_are_refused(model, query):
    """A query without words, and one longer than the model reads, end in a message: none is cut silently."""
    with pytest.raises(Fault, match=r"query|text"):
        model.predict([Search(query, CORPUS)])
