"""Comparison of texts: word error rate, ROUGE-1, the words of a summary, its length and its end."""

import dataclasses
import math
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from swapgate.outputs import Mismatch, Tolerance, check_drift, check_expected, check_swap, invalid
from swapgate.outputs.text import Summary, Text, count, headline, normalized, rouge_1, word_error_rate
from swapgate.outputs.writing_systems import words

SOURCE = "The council of Ely met on Monday. It voted to repair the old bridge, and the mayor thanked New York."
ASKED = Summary(SOURCE, "Ely will repair the old bridge.", ("bridge",), ("London",), (3, 8))
GOOD = "Ely will repair the bridge."
DEFAULT = Tolerance()
BITS = Tolerance(drift=0, reason="bits")
NO_PROBABILITIES = [math.nan, math.inf, -math.inf, -1e-9, 1.000001, 2.0]


def wrote(text, margin=0.5):
    """Return a text that a model wrote."""
    return Text(text, margin)


def asked(**changes):
    """Return a summary that is asked for, of any length and words unless these say otherwise."""
    return dataclasses.replace(ASKED, **{"must": (), "must_not": (), "words": (1, 99), **changes})


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


texts = st.builds(
    Text,
    text=st.lists(st.sampled_from(["a", "A", "b.", "bridge", "London", "Ely", "-"]), max_size=6).map(" ".join),
    margin=st.floats(0, 1) | st.sampled_from([0.0, 5e-5, 2e-4]),
)


@pytest.mark.parametrize(
    ("heard", "rate"),
    [
        ("one two three four", 0.0),
        ("one too three four", 0.25),
        ("one three four", 0.25),
        ("one two two three four", 0.25),
        ("one four", 0.5),
        ("two one three four", 0.5),
        ("five six seven eight", 1.0),
        ("", 1.0),
        ("...", 1.0),
        ("one a two b three c four d e f", 1.5),
        ("ONE two, Three -- four!", 0.0),
        ("  one two  three four ", 0.0),
        ("onetwo three four", 0.5),
    ],
    ids=[
        *("same", "substitution", "deletion", "insertion", "two deletions", "swapped", "all", "nothing", "only points"),
        *("above 1", "case and punctuation", "blanks", "joined"),
    ],
)
def test_word_error_rate(heard, rate):
    """The wrong, missing and added words are counted a word that was said; case and punctuation are not."""
    assert word_error_rate(heard, "One two three four.") == pytest.approx(rate)


@pytest.mark.parametrize("blank", ["\n", "\t", " \n ", "\u00a0"], ids=["line", "tab", "both", "no-break"])
def test_word_error_rate_at_any_white_space(blank):
    """Words are apart at a new line as at a blank, on either side."""
    assert word_error_rate(f"one{blank}two", "one two") == word_error_rate("one two", f"one{blank}two") == 0


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("the kitchen—light on", "the kitchen light on"),
        ("a well-known song/hymn", "a well known song hymn"),
        ("Don’t say ’twas o'clock", "don't say twas o’clock"),
        ("rock ’n’ roll, the dogs'", "rock n roll the dogs"),
        ("1,000.50 or 1,00,000", "1000.50 or 100000"),
        ("Café Ünal, İstanbul", "cafe\u0301 u\u0308nal istanbul"),
        ("भारत हिन्दी।", "भारत, हिन्दी"),
        ("مرحبا، بالعالم؟", "مرحبا بالعالم"),
        ("서울, 부산!", unicodedata.normalize("NFD", "서울 부산")),
        ("今日は、いい天気です。", "今日は いい天気です"),
        ("ＡＢＣを１２３。", "abcを123"),
        ("สวัสดี ครับ", "สวัสดีครับ"),
        ("co\u00adoperate \u200bnow", "cooperate now"),
        ("ทำน้ำ", "ท\u0e4d\u0e32น\u0e4d\u0e49\u0e32"),
        ("ที่นี่ แม่", "ท\u0e48\u0e35นี่ เเม่"),
        ("ນ້ຳ", "ນ\u0ecd\u0ec9\u0eb2"),
        ("צה״ל וצ׳ק", "צה\"ל וצ'ק"),
        ("צה”ל אמר ״שלום״", 'צה"ל אמר "שלום"'),
        ("don\u2032t, it’s", "don't it\u02b9s"),
        ("ﬁnd an oﬃce", "find an office"),
        ("العـــربية", "العربية"),
        ("القاهرة", "\ufe8d\ufedf\ufed8\ufe8e\ufeeb\ufeae\ufe93"),
    ],
    ids=[
        *("dash", "hyphen", "apostrophes", "quotes", "groups of digits", "Latin", "Hindi", "Arabic", "Korean"),
        *("Japanese", "full width", "Thai", "not to be seen", "Thai vowels", "Thai order", "Lao vowels"),
        *("Hebrew", "Hebrew quotes", "primes", "ligatures", "Arabic stroke", "Arabic forms"),
    ],
)
def test_same_transcript(said, heard):
    """What sounds alike and is written in another way has no error: signs, Unicode forms, spaces where none must be."""
    assert word_error_rate(heard, said) == word_error_rate(said, heard) == 0
    assert check_expected(wrote(heard), said) == []


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("we are", "we're", 1.0),
        ("it is its own", "it is it's own", 1 / 4),
        ("about 3.5 or so", "about 35 or so", 2 / 5),
        ("kitchen—light on", "kitchenlight on", 2 / 3),
        ("हिन्दी में", "हिन्दि में", 1 / 2),
        ("今日はいい天気です", "今日は良い天気です", 1 / 9),
        ("彼はMicrosoftで働く", "彼はMacrosoftで働く", 1 / 6),
        ("안녕 하세요", "안녕하세요", 1.0),
    ],
    ids=["contraction", "apostrophe", "point", "joined", "mark", "Japanese", "mixed", "Korean has spaces"],
)
def test_another_transcript(said, heard, rate):
    """What is another word is an error; where there are no spaces a letter is a word."""
    assert word_error_rate(heard, said) == pytest.approx(rate)


@pytest.mark.parametrize("reference", [SOURCE, ASKED.summary, "It's 1,000.50 – a_b, e.g. x's.", "..."])
@pytest.mark.parametrize("text", [GOOD, "The mayor of NEW York's bridge", "1000 a b", ""])
def test_rouge_of_plain_letters(text, reference):
    """Of texts in plain letters and digits, ROUGE is what rouge-score gives with its own tokenizer."""
    theirs = RougeScorer(["rouge1"]).score(reference, text)["rouge1"].fmeasure
    assert rouge_1(text, reference) == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        ("Совет починит старый мост", "Совет починит мост.", 6 / 7),
        ("Zürich wächst", "ZU\u0308RICH schrumpft", 1 / 2),
        ("東京の古い橋", "東京の橋", 4 / 5),
        ("กรุงเทพ", "กรุงไทย", 2 / 3),  # ก รุ ง เ ท พ and ก รุ ง ไ ท ย
        ("नई दिल्ली", "दिल्ली में", 1 / 2),
        ("서울은 수도", "서울은 도시", 1 / 2),
        ("", "Совет починит мост.", 0.0),
    ],
    ids=["Russian", "German", "Japanese", "Thai", "Hindi", "Korean", "nothing"],
)
def test_rouge_in_other_letters(text, reference, score):
    """Words of every alphabet count, and each letter where there are no spaces."""
    assert rouge_1(text, reference) == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        ("the old bridge", "The old, old bridge!", 6 / 7),  # 3 of 3 words, 3 of 4 words
        ("the cat", "the cat sat on", 2 / 3),  # 2 of 2, 2 of 4
        ("the the", "the cat", 1 / 2),  # a word counts as often as the reference has it
        ("bridge old the", "the old bridge", 1.0),  # the order does not count
        ("bridges", "bridge", 0.0),  # whole words, no stems
        ("", "the cat", 0.0),
        ("...", "the cat", 0.0),
    ],
    ids=["repeated", "short", "clipped", "order", "stem", "empty", "no word"],
)
def test_rouge_1(text, reference, score):
    """ROUGE-1 is the F1 of single words, and the same whichever text is the reference."""
    assert rouge_1(text, reference) == pytest.approx(score)
    assert rouge_1(reference, text) == pytest.approx(score)


@pytest.mark.parametrize("heard", ["one two", "One, TWO!", " one  two "])
def test_expected_transcript(heard):
    """A transcript is right where each word is, whatever its case and punctuation and however near a tie."""
    assert check_expected(wrote(heard, 0.0), "One two.") == []


def test_expected_transcript_wrong():
    """The message says what was heard, what was said and the word error rate."""
    assert check_expected(wrote("one too"), "One two three.") == [
        Mismatch("text", "heard 'one too', expected 'One two three.': word error rate 0.667, allowed 0")
    ]


def test_expected_transcript_without_spaces():
    """Where there are no spaces, the message says the character error rate."""
    assert check_expected(wrote("今日は良い天気です"), "今日はいい天気です。") == [
        Mismatch(
            "text", "heard '今日は良い天気です', expected '今日はいい天気です。': character error rate 0.111, allowed 0"
        )
    ]


def test_mixed_transcript():
    """Of a transcript in two writing systems, message and figures are of one rate: as it is without needless spaces."""
    said, heard = "OpenAI の GPT を使う", "OpenAI の GPS を使う"
    (found,) = check_expected(wrote(heard), said)
    assert found.message.endswith("character error rate 0.077, allowed 0")
    assert headline(count(wrote(heard), said)) == "CER"
    (moved,) = check_drift(wrote(heard, 0.5), wrote(said, 0.5), DEFAULT)
    assert "at a character error rate of 0.077" in moved.message


@pytest.mark.parametrize("text", ["", "...", "\u203f", "\u200b"])
def test_nothing_was_said(text):
    """Beside a text without words, all that was heard is wrong, and nothing where nothing was."""
    assert word_error_rate("a b", text) == 1
    assert word_error_rate(text, text) == 0
    assert check_drift(wrote("a b"), wrote(text), DEFAULT)


@given(st.text())
def test_what_has_words_is_said(text):
    """A text with words is one beside which errors can be counted."""
    assert bool(normalized(text)) or not words(text)


def test_expected_summary():
    """A summary is right that says what it must, nothing it must not, in as many words as allowed."""
    assert check_expected(wrote(GOOD, 0.0), ASKED) == []
    assert check_expected(wrote("The old BRIDGE"), ASKED) == []


def test_expected_summary_everything():
    """Each thing that is wrong with a summary is told, in the order of its case."""
    right = asked(must=("bridge", "New York"), must_not=("mayor", "London"), words=(3, 4))
    text = "In London the mayor said bri"
    assert check_expected(Text(text, 0.5, cut=True), right) == [
        Mismatch("text.must[bridge]", f"'bridge' does not occur in {text!r} and must"),
        Mismatch("text.must[New York]", f"'New York' does not occur in {text!r} and must"),
        Mismatch("text.must_not[mayor]", f"'mayor' occurs in {text!r} and must not"),
        Mismatch("text.must_not[London]", f"'London' occurs in {text!r} and must not"),
        Mismatch("text.words", f"{text!r} has 6 words, allowed 3 to 4"),
        Mismatch("text.end", f"{text!r} ends in 'bri', {CUT}"),
    ]


@pytest.mark.parametrize(
    ("wanted", "text", "occurs"),
    [
        ("Ely", "ELY voted.", True),
        ("Ely", "(Ely)", True),
        ("Ely", "Ely's council.", True),
        ("Ely", "Elyria voted.", False),
        ("Ely", "He voted rarely.", False),
        ("New York", "In new york.", True),
        ("New York", "York is new.", False),
        ("New York", "New old York.", False),
        ("U.S.", "The U.S. voted.", True),
        ("U.S.", "The UXSX voted.", False),
        ("né", "Il est né.", True),
        ("né", "Née à Ely.", False),
        ("5", "It cost 15.", False),
    ],
    ids=[
        *("case", "brackets", "apostrophe", "beginning", "ending", "two words", "turned", "apart", "points"),
        *("points are points", "accent", "accent in a word", "digit"),
    ],
)
def test_whole_words(wanted, text, occurs):
    """What must and must not occur is looked for as whole words in this order, whatever their case."""
    assert check_expected(wrote(text), asked(must=(wanted,))) == (
        [] if occurs else [Mismatch(f"text.must[{wanted}]", f"{wanted!r} does not occur in {text!r} and must")]
    )
    assert bool(check_expected(wrote(text), asked(must_not=(wanted,)))) == occurs


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("It met", 2), ("It met on Monday", 4), ("It met on Monday, so.", 5)]
)
def test_length(text, count):
    """A summary may have the fewest and the most words, and neither one less nor one more."""
    wrong = [] if 2 <= count <= 4 else [Mismatch("text.words", f"{text!r} has {count} words, allowed 2 to 4")]
    right = asked(words=(2, 4), source="a " + SOURCE)
    assert check_expected(wrote(text), right) == wrong


CUT = "cut in mid-word by its greatest length (max_new_tokens in the row's generation)"


@pytest.mark.parametrize(
    "text", ["The old bridge", "Ely will", "It was fast", "The old bri", "thanked New Y", "A 1.5%"]
)
def test_end(text):
    """A summary may end in any word, with a mark or without, where its model ended it by itself."""
    assert check_expected(wrote(text), asked()) == []


@pytest.mark.parametrize(
    ("text", "last"), [("The old bri", "bri"), ("New Y", "Y"), ("Мэр Мос", "Мос"), ("橋を直す、Micro", "Micro")]
)
def test_cut_in_mid_word(text, last):
    """A summary that its greatest length ended within a word is cut, whatever words its source has."""
    message = f"{text!r} ends in {last!r}, {CUT}"
    assert check_expected(Text(text, 0.5, cut=True), asked()) == [Mismatch("text.end", message)]


@pytest.mark.parametrize("is_cut", [False, True])
def test_cut_character(is_cut):
    """A summary that ends in a part of a character is broken, whatever ended it."""
    text = "市は橋を直す\ufffd"
    assert check_expected(Text(text, 0.5, is_cut), asked()) == [
        Mismatch("text.end", f"{text!r} ends in a part of a character")
    ]


JAPANESE = Summary(
    "市議会は月曜日に古い橋を直すと決めた。市長はMicrosoftに感謝した。",
    "市は古い橋を直す。",
    ("橋", "直す"),
    ("大阪",),
    (4, 12),
)


@pytest.mark.parametrize("text", ["市は古い橋を直す。", "市は橋を直す", "古い橋を直すことを決定", "市 は 橋 を 直す。"])
def test_summary_without_spaces(text):
    """A right summary in a writing system without spaces is right, with a full stop or without."""
    assert check_expected(wrote(text), JAPANESE) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("市は大阪の橋を直す。", ["text.must_not[大阪]"]),
        ("市は道を直す。", ["text.must[橋]"]),
        ("橋直す", ["text.words"]),
        ("市議会は月曜日に古い橋を直すと決めた。", ["text.words"]),
    ],
    ids=["must not", "must", "short", "long"],
)
def test_summary_without_spaces_wrong(text, wrong):
    """What it must say and must not is found among other letters, and each letter counts as a word."""
    assert paths(check_expected(wrote(text), JAPANESE)) == wrong


def test_length_without_spaces():
    """The message says what was counted."""
    message = "'橋直す' has 3 words (each letter is one where there are no spaces), allowed 4 to 12"
    assert check_expected(wrote("橋直す"), JAPANESE) == [Mismatch("text.words", message)]


@pytest.mark.parametrize("value", NO_PROBABILITIES)
@pytest.mark.parametrize("right", [ASKED, GOOD], ids=["summary", "transcript"])
def test_invalid(right, value):
    """A margin that is no probability is a mismatch on either side, and if both sides agree on it."""
    broken = wrote(GOOD, value)
    words = f"{GOOD!r} has the margin {value}, which is not between 0 and 1"
    ours, theirs = (Mismatch("text.margin", f"{whose}{words}") for whose in ("", "golden "))
    assert invalid(broken) == check_expected(broken, right) == [ours]
    assert check_drift(broken, wrote(GOOD), DEFAULT) == check_swap(broken, wrote("x"), right, DEFAULT) == [ours]
    assert check_drift(wrote(GOOD), broken, DEFAULT) == check_swap(wrote(GOOD), broken, right, DEFAULT) == [theirs]
    assert check_drift(broken, broken, DEFAULT) == [ours, theirs]


@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
@pytest.mark.parametrize(("allowed", "reason"), [(1e-4, "default"), (0.02, "int8"), (0.0, "bits"), (1e-7, "bits")])
def test_drift_boundary(sign, allowed, reason):
    """The margin of one text may move by exactly the tolerance, and not by a unit of the seventh digit more."""
    tolerance = Tolerance(drift=allowed, reason=reason)
    assert check_drift(wrote("x", 0.5 + sign * allowed), wrote("x"), tolerance) == []
    assert paths(check_drift(wrote("x", 0.5 + sign * (allowed + 1e-7)), wrote("x"), tolerance)) == ["text.margin"]


def test_drift_words():
    """The message says both margins or both texts, what was allowed and by how much it is off."""
    assert check_drift(wrote("a", 0.4), wrote("a"), DEFAULT) == [
        Mismatch(
            "text.margin",
            "the smallest lead of a step in 'a' was 0.4000000, golden 0.5000000 ± 0.0001: off by 0.1",
        )
    ]
    assert check_drift(wrote("the old cat", 0.4), wrote("the old dog"), DEFAULT, "single run") == [
        Mismatch(
            "text",
            "wrote 'the old cat', single run 'the old dog': 27.3% of the characters differ, allowed 0.0%, at a word"
            " error rate of 0.333, allowed 0 (ROUGE-1 of one to the other 0.667); a near tie would lead by up to"
            " 0.0001, the nearest step led by 0.5",
        )
    ]


@pytest.mark.parametrize(("margin", "count"), [(0.0, 0), (9e-5, 0), (1e-4, 0), (1.001e-4, 1), (0.5, 1)])
def test_drift_near_tie(margin, count):
    """Another text may follow a step that led by at most the tolerance on both sides."""
    assert len(check_drift(wrote("a", margin), wrote("b", margin), DEFAULT)) == count


def test_drift_from_a_clear_lead():
    """A text whose every step led clearly is not tied with another one, even if that one has a tie."""
    assert check_drift(wrote("b", 0.0), wrote("a", 0.4), DEFAULT) != []
    assert check_drift(wrote("b", 0.4), wrote("a", 0.0), DEFAULT) != []


@pytest.mark.parametrize(("allowed", "count"), [(0.2, 0), (0.199, 1), (0.0, 1), (1.0, 0)])
def test_drift_of_characters(allowed, count):
    """The share of the characters that differ may be exactly the tolerance of a text."""
    tolerance = Tolerance(text=allowed, reason="beams")
    assert len(check_drift(wrote("abcdefghXX"), wrote("abcdefghij"), tolerance)) == count


@pytest.mark.parametrize("other", ["One two", "one two.", "one  two", "one two "])
def test_drift_of_one_character(other):
    """The same weights write the same text: case, punctuation and blanks count."""
    assert paths(check_drift(wrote(other), wrote("one two"), DEFAULT)) == ["text"]


@given(texts)
def test_drift_self(prediction):
    """A text never drifts from itself, not even at tolerance 0."""
    assert check_drift(prediction, prediction, BITS) == []


@settings(deadline=None)  # the first one imports what measures ROUGE-1
@given(texts, texts)
def test_drift_symmetric(first, second):
    """Two texts differ whichever of them is the golden."""
    assert bool(check_drift(first, second, DEFAULT)) == bool(check_drift(second, first, DEFAULT))
