"""Texts cut into words: between spaces, and letter by letter where a writing system has none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs.writing_systems import apart, folded, has_spaces, occurs, together, unspaced, words

SPACELESS = {
    "Chinese": "中国的首都是北京。",
    "Japanese": "カタカナー々と、ひらがな",
    "half width": "ｶﾞｷﾞ",
    "Thai": "กรุงเทพมหานคร",
    "Lao": "ວຽງຈັນ",
    "Khmer": "ភ្នំពេញ",
    "Burmese": "ရန်ကုန်မြို့",
    "Tibetan": "ལྷ་ས",
    "bopomofo": "ㄅㄆㄇ",
}
SPACED = {
    "English": "The capital is London.",
    "Korean": "서울은 한국의 수도이다.",
    "Hindi": "भारत की राजधानी नई दिल्ली है।",
    "Arabic": "العَاصِمَة هي القاهرة",
    "Persian": "می‌خواهم به خانه بروم",
    "Russian": "Совет починит мост.",
    "Vietnamese": "Hà Nội là thủ đô",
    "full width": "ＡＢＣ　１２３",
    "emoji": "🎉 🎉",
    "nothing": "",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don’t Zürich's 1,000.50 m² a_b", ["don", "t", "zürich", "s", "1", "000", "50", "m²", "a", "b"]),
        ("東京Tower。1995年々", ["東", "京", "tower", "1995", "年", "々"]),
        ("กำลัง ๑๒๓", ["ก", "ำ", "ลั", "ง", "๑๒๓"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("العَرَبِيَّة", ["العَرَبِيَّة"]),
        ("서울에서 만나자", ["서울에서", "만나자"]),
        ("ＡＢＣ　１２ ｶﾞ", ["abc", "12", "ガ"]),
        ("Cafe\u0301 e\u00adx", ["café", "ex"]),
        ("ბათუმი Ωμέγας ՀԱՅ", ["ბათუმი", "ωμέγας", "հայ"]),
        ("… 🎉 —", []),
    ],
    ids=["signs", "mixed", "Thai", "Hindi", "Arabic", "Korean", "width", "composed", "others", "none"],
)
def test_words(text, found):
    """A word is a run of letters, marks and digits, or where there are no spaces one letter with its marks."""
    assert words(text) == found
    assert words(unicodedata.normalize("NFD", text)) == found


@pytest.mark.parametrize("text", SPACELESS.values(), ids=SPACELESS)
def test_without_spaces(text):
    """Writing systems without spaces are known, whatever marks and signs are in the text, and some words of others."""
    assert not has_spaces(text)
    assert not has_spaces(f"{text} {text} IBM")
    assert not has_spaces(f"Microsoft{text}1995")
    assert together(apart(text)) == text


@pytest.mark.parametrize("text", SPACED.values(), ids=SPACED)
def test_with_spaces(text):
    """All others have spaces, and a short name in letters of another kind does not change that."""
    assert has_spaces(text)
    assert has_spaces(f"{text} is said of 東京")
    assert unspaced(text) == 0
    assert apart(text) == " ".join(text.split())
    assert together(text) == text


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("北京", "首都是北京。", True),
        ("北京", "首都是南京。", False),
        ("Microsoft", "彼はMicrosoftで働く", True),
        ("Micro", "彼はMicrosoftで働く", False),
        ("1995", "彼は1995年に", True),
        ("199", "彼は1995年に", False),
        ("น", "นี", False),
        ("เมือง", "กรุงเทพเป็นเมืองหลวง", True),
        ("न", "नी", False),
        ("दिल्ली", "नई दिल्ली है", True),
        ("서울", "서울에서", False),
        ("서울", "서울 시장", True),
        ("Zürich", "Zu\u0308rich wächst.", True),
        ("Zur", "Zu\u0308rich", False),
        ("don't", "They don’t.", True),
        ("New York", "in new\u00a0york", True),
        ("Ely", "E\u00adly", True),
        ("ＩＢＭ", "IBM grows", True),
        ("🎉", "party🎉", True),
        ("a.b [c]", "A.B [C]", True),
        ("a.b", "axb", False),
        ("\u200b", "x", False),
    ],
)
def test_occurs(wanted, text, found):
    """Whole words are looked for where there are spaces, letters in a row where there are none, in any form."""
    assert occurs(wanted, text) == found


@given(st.text())
def test_folded(text):
    """The form of a text is its own form, and that of the same text in another Unicode form."""
    assert folded(folded(text)) == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)
