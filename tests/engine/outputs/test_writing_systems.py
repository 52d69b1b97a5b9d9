"""Texts cut into words: between spaces, and letter by letter where a writing system has none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.outputs.writing_systems import (
    apart,
    ends_within,
    folded,
    has_spaces,
    last_word,
    occurs,
    together,
    unspaced,
    words,
)

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
        ("!", "Hello!", True),
        ("%", "by 50%", True),
        ("$", "for $31", True),
        ("#", "#1", True),
        ("—", "one—two", True),
        ("**", "a **bold** word", True),
        ("**bold", "a **bolder** word", False),
        ("<think>", "x<think>y", True),
        ("https://", "see https://x.y", True),
        (".js", "in node.js", True),
        (".js", "in node.json", False),
        ("$31", "for US$31", True),
        ("$31", "for $310", False),
        ("شركة!", "الشركة!", True),
        ("!", "Hello.", False),
    ],
)
def test_occurs(wanted, text, found):
    """Whole words are looked for where there are spaces, letters in a row where there are none, or signs."""
    assert occurs(wanted, text) == found


ATTACHED = {
    "Korean": (
        *(
            "서울|서울에서 회의",
            "서울|서울은",
            "서울|서울에서는",
            "정부|정부가 발표",
            "학생|학생들이",
            "물|물에서",
            "서울 시장|서울 시장이",
        ),
        *(
            "IBM|IBM은 성장",
            "2023|2023년에",
            "서울|‘서울’에서",
            "수도|수도이다",
            "대통령|대통령께서는",
            "부산|부산까지",
        ),
    ),
    "Arabic": (
        *("قال|وقال الوزير", "القاهرة|بالقاهرة", "القاهرة|للقاهرة", "القاهرة|والقاهرة", "وزير|الوزير", "وزير|وللوزير"),
        *("رئيس|رئيسها", "2023|وب2023", "وزير الدفاع|لوزير الدفاع", "قال|سيقول قال", "كِتَابٌ|وكِتَابٌ", "كتاب|وَكِتَابٌ"),
    ),
    "Persian": ("کتاب|کتاب\u200cها", "خواهم|می\u200cخواهم", "می\u200cخواهم|میخواهم"),
    "Hebrew": (
        "ירושלים|בירושלים",
        "ירושלים|ושבירושלים",
        "בית|הבית",
        "ממשלה|והממשלה",
        "2023|ב2023",
        "IBM|בIBM",
        "בית|הַבַּיִת",
    ),
    "Turkish": ("Ankara|Ankara'da", "Ankara|ANKARA’nın", "Türkiye|Türkiye'nin"),
    "others": ("Italia|dell'Italia", "État|l’État", "Ely|Ely's", "disse|disse-me", "IBM|IBM-а"),
}
"""Words, and texts in which they stand with what is written together with them."""
OTHERS = {
    "Korean": (
        "서울|서울대학교",
        "미국|미국인",
        "물|물가",
        "사|사과",
        "5|5만 명",
        "5|15만",
        "IBM|IBMX는",
        "서|서울",
        "울|서울",
    ),
    "Arabic": ("مصر|مصري", "لد|ولد", "قال|مقال", "مقال|قال", "القاهرة|قاهر", "وزير|وزيرات"),
    "Hebrew": ("שלום|ירושלים", "רב|קרב", "בית|ביתן", "בית|כביתן"),
    "Turkish": ("Ankara|Ankaralı", "ev|evler"),
    "others": ("Ely|Elyria", "2023|x2023", "Bund|Bundesrat", "мост|моста", "5|5G"),
}
"""Words, and texts in which others stand that begin or end with them."""


@pytest.mark.parametrize("words", [one for many in ATTACHED.values() for one in many])
def test_particles(words):
    """A word occurs with the particles that are written together with it."""
    wanted, text = words.split("|")
    assert occurs(wanted, text)
    assert occurs(wanted, unicodedata.normalize("NFD", f"({text})."))


@pytest.mark.parametrize("words", [one for many in OTHERS.values() for one in many])
def test_other_words(words):
    """A word does not occur in another one of which it is a part, particles or not."""
    wanted, text = words.split("|")
    assert not occurs(wanted, text)
    assert not occurs(wanted, unicodedata.normalize("NFD", f"({text})."))


WHOLE = {
    "English": ("sanctions hit| Iran", "he met the| Rat", "talks with Iran|.", "the dogs|'", "Ely|'s", "well|-known"),
    "German": ("der Rat plant das Haus| halt", "über den Bund|,", "für Kinder| und", "die Stadt|–"),
    "French": ("le maire d|'Ely", "l'état| a", "un grand| hôtel"),
    "Turkish": ("başkent Ankara|'da", "yeni ev| ve", "bakan geldi|."),
    "Korean": ("회의는 서울| 에서", "대통령은 미국|,", "정부는 오늘| 말"),
    "Hindi": ("नई दिल्ली| में", "भारत सरकार|।", "एक पुल| और"),
    "Arabic": ("قال الوزير| إن", "في القاهرة|،", "الحكومة|."),
    "Russian": ("старый мост| через", "совет| города", "в Москве|."),
    "Finnish": ("uusi talo| on", "Suomen hallitus|."),
    "Hebrew": ("ראש העיר| אמר", "בירושלים|."),
    "Japanese": ("市は古い橋|を", "東京|都", "橋を直す|と決めた"),
    "Thai": ("กรุงเทพ|มหานคร", "ซ่อมสะพาน|เก่า"),
    "signs": ("it cost 5| million", "party 🎉|🎉", "x|", "|the"),
}
"""Texts that end at the bar by how they would have gone on behind it, with a whole word."""
PARTS = {
    "English": ("the old bri|dge", "the Iran|ian", "the old bridg|e", "thanked New Y|ork", "It cost 5|0", "a vit|amin"),
    "German": ("der Haus|haltsplan", "über den Bund|esrat", "die Brück|en", "Sch|ule"),
    "French": ("le gouvern|ement", "l'ét|at", "deux caf|e\u0301s"),
    "Turkish": ("başkent Ankara|da", "ev|ler", "cumhur|başkanı"),
    "Korean": ("회의는 서울|에서", "대통|령은", "미국|과"),
    "Hindi": ("नई दिल्|ली", "सर|कार", "भारत क|ी"),
    "Arabic": ("قال الوز|ير", "القا|هرة", "في المد|رسة"),
    "Persian": ("او می|\u200cخواهد",),
    "Russian": ("старый мос|т", "сов|ет", "в Моск|ве"),
    "Finnish": ("talo|ssa", "halli|tus"),
    "Hebrew": ("ראש הע|יר", "ירוש|לים"),
    "Japanese": ("市はMicro|softに", "か|\u3099", "1|995年"),
    "Thai": ("น|ี", "ด|้วย"),
}
"""Texts that end at the bar within a word, or between a letter and its mark."""


@pytest.mark.parametrize("text", [text for texts in WHOLE.values() for text in texts])
def test_ends_in_a_whole_word(text):
    """A text ends in a whole word where a space, a sign or nothing follows, or a letter where there are no spaces."""
    text, rest = text.split("|")
    assert not ends_within(text, text + rest)


@pytest.mark.parametrize("text", [text for texts in PARTS.values() for text in texts])
def test_ends_in_a_part(text):
    """A text ends within a word where a letter, a mark or a digit follows: each of these."""
    text, rest = text.split("|")
    assert ends_within(text, text + rest)


@pytest.mark.parametrize(
    ("text", "last"),
    [("the bri", "bri"), ("橋、Micro", "Micro"), ("古い橋", "橋"), ("न नी", "नी"), ("so.", ""), ("", "")],
)
def test_last_word(text, last):
    """The last word is what a text ends in, of letters, marks and digits."""
    assert last_word(text) == last


@given(st.text())
def test_folded(text):
    """The form of a text is its own form, and that of the same text in another Unicode form."""
    assert folded(folded(text)) == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)
