"""Swaps of models that write: what a summary must be like, ROUGE-1 and the word error rate against the incumbent's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapgate.outputs import Mismatch, Tolerance, check_expected, check_swap
from swapgate.outputs.text import Summary, Text

SOURCE = "The council of Ely met on Monday. It voted to repair the old bridge, and the mayor thanked New York."
ASKED = Summary(SOURCE, "Ely will repair the old bridge.", ("bridge",), ("London",), (3, 8))
LETTERS = "a b c d e f g h i j"
DEFAULT = Tolerance()
TIGHT = Tolerance(swap=0, reason="tight")

texts = st.builds(
    Text,
    text=st.lists(st.sampled_from(["a", "A", "b.", "bridge", "London", "Ely", "-"]), max_size=6).map(" ".join),
    margin=st.floats(0, 1),
)
rights = st.sampled_from([ASKED, "a b", "Ely, bridge"])


def swap(candidate, incumbent, right, tolerance=DEFAULT):
    """Compare the texts of two models, neither of which was near another one."""
    return check_swap(Text(candidate, 0.5), Text(incumbent, 0.5), right, tolerance)


def letters(*wrong):
    """Return the ten letters with these wrong."""
    return " ".join("x" if letter in wrong else letter for letter in LETTERS.split())


@pytest.mark.parametrize(
    ("incumbent", "candidate", "rise"),
    [
        ((), (), None),
        ((), ("a",), None),
        ((), ("a", "b"), 0.2),
        (("a",), ("b", "c"), None),
        (("a", "b"), ("c", "d", "e"), None),
        (("a", "b"), ("c", "d", "e", "f"), 0.2),
        (("a", "b", "c"), (), None),
    ],
    ids=["right", "just", "beyond", "from one", "from two", "two more", "mended"],
)
def test_word_error_rate_boundary(incumbent, candidate, rise):
    """The word error rate may fall freely, rise by exactly the tolerance and by no more."""
    mismatches = swap(letters(*candidate), letters(*incumbent), LETTERS)
    assert [mismatch.path for mismatch in mismatches] == ([] if rise is None else ["text.word_error_rate"])
    assert all(f": rose by {rise:.3f}, allowed 0.1" in str(mismatch) for mismatch in mismatches)


def test_word_error_rate_tight():
    """Where the rate may not rise, one more wrong word is a mismatch and another wrong word is none."""
    assert len(swap(letters("a"), letters(), LETTERS, TIGHT)) == 1
    assert swap(letters("b"), letters("a"), LETTERS, TIGHT) == []


def test_word_error_rate_in_words():
    """The message says both texts, both rates, by how much they rose and what was allowed."""
    assert swap("One for", "One, two.", "One two three") == [
        Mismatch(
            "text.word_error_rate",
            "heard 'One for': word error rate 0.667, the incumbent's 'One, two.' 0.333: rose by 0.333, allowed 0.1",
        )
    ]


def test_character_error_rate_in_words():
    """Where there are no spaces, one wrong letter of many is one, and two of ten are more than is allowed."""
    said = "きょうはいいてんきだ"
    assert swap("きょうはよいてんきだ", said, said) == []
    (mismatch,) = swap("きょうはよいてんきな", said, said)
    assert f"character error rate 0.200, the incumbent's {said!r} 0.000: rose by 0.200, allowed 0.1" in str(mismatch)


def test_word_error_rate_above_1():
    """A candidate that talks on and on is a mismatch even where the incumbent had no word right."""
    (mismatch,) = swap("x y z x y z", "x", "one two")
    assert "word error rate 3.000, the incumbent's 'x' 1.000: rose by 2.000" in str(mismatch)


@pytest.mark.parametrize("candidate", ["ONE, two!", " one  two"])
def test_transcript_in_other_letters(candidate):
    """A transcript in other case or with other punctuation is as right as before."""
    assert swap(candidate, "One two.", "One two.", TIGHT) == []


def test_summary_in_other_words():
    """A summary is judged by what it must say and by ROUGE-1, not by the incumbent's wording."""
    assert swap("The old bridge Ely will repair.", "Ely will repair the old bridge.", ASKED, TIGHT) == []


def test_summary_everything():
    """All that was right and is lost is told, and the fall of ROUGE-1 with it."""
    candidate = "London voted."
    assert swap(candidate, "Ely will repair the old bridge.", ASKED) == [
        Mismatch("text.must[bridge]", f"'bridge' does not occur in {candidate!r} and must"),
        Mismatch("text.must_not[London]", f"'London' occurs in {candidate!r} and must not"),
        Mismatch("text.words", f"{candidate!r} has 2 words, allowed 3 to 8"),
        Mismatch("text.rouge_1", "ROUGE-1 scored 0.0000, the incumbent 1.0000: fell by 1.0000, allowed 0.1"),
    ]


def test_summary_that_is_newly_cut():
    """A summary that ends in mid-word where the incumbent's did not is a mismatch, and none where both do."""
    whole, cut = (Text(f"Ely will repair the old bridge{end}", 0.5, bool(end)) for end in ("", " bri"))
    assert [one.path for one in check_swap(cut, whole, ASKED, DEFAULT)] == ["text.end"]
    assert check_swap(cut, cut, ASKED, DEFAULT) == check_swap(whole, cut, ASKED, DEFAULT) == []
    assert check_swap(cut, Text(cut.text, 0.5), ASKED, DEFAULT) == []  # an older golden does not say it


@pytest.mark.parametrize(("allowed", "count"), [(1 / 3, 0), (0.333, 1), (0.0, 1), (0.5, 0)])
def test_rouge_1_boundary(allowed, count):
    """ROUGE-1 may rise freely, fall by exactly the tolerance and by no more."""
    right = Summary("a b c d", "a b c d", (), (), (1, 9))
    tolerance = Tolerance(swap=allowed, reason="test")
    mismatches = swap("a b.", "a b c d.", right, tolerance)  # 2 of 2 words and 2 of 4: falls from 1 to 2/3
    assert [mismatch.path for mismatch in mismatches] == ["text.rouge_1"] * count
    assert swap("a b c d.", "a b.", right, tolerance) == []


def test_summary_that_stays_wrong():
    """What the incumbent's summary lacked may be lacking still, and what it mends is no mismatch."""
    lacking = "London will repair the old"
    assert swap(lacking, lacking, ASKED, TIGHT) == []
    assert swap("Ely will repair the old bridge.", lacking, ASKED, TIGHT) == []
    assert swap("London the old", lacking, ASKED, Tolerance(swap=1, reason="test")) == []


def test_summary_that_is_wrong_elsewhere():
    """Where the incumbent lacked one word, a candidate that lacks another one has lost that one."""
    right = Summary(SOURCE, "Ely bridge.", ("Ely", "bridge"), (), (1, 9))
    assert [mismatch.path for mismatch in swap("Bridge.", "Ely.", right)] == ["text.must[Ely]"]


@settings(deadline=None)  # the first one imports what measures ROUGE-1
@given(texts, rights)
def test_identical_candidate(prediction, right):
    """A candidate that says what the incumbent said passes, whatever is right."""
    assert check_swap(prediction, prediction, right, TIGHT) == []


@settings(deadline=None)
@given(texts, texts, rights)
def test_tight_swap_never_costs_a_right_answer(candidate, golden, right):
    """Where nothing may fall, a candidate of a right incumbent is right."""
    if check_expected(golden, right) == [] and check_swap(candidate, golden, right, TIGHT) == []:
        assert check_expected(candidate, right) == []


@settings(deadline=None)
@given(texts, texts, rights)
def test_right_candidate(candidate, golden, right):
    """A candidate in the very words that are right passes against any incumbent."""
    words = right.summary if isinstance(right, Summary) else right
    assert check_swap(Text(words, candidate.margin), golden, right, TIGHT) == []
