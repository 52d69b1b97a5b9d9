"""How texts are cut into words, in every writing system, with spaces between words or without.

Where there are none (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan …) each letter is a word, with the marks
above and below it. The properties of characters are Unicode's; a mark belongs to its letter everywhere.
"""

import functools
import unicodedata
from typing import Any

UNSPACED = r"[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{Bopomofo}\p{Yi}\p{Tibetan}\p{lb=SA}]&&\p{L}\p{M}\p{Nl}]"
"""A letter or mark of a writing system without spaces; class SA of UAX #14 is the South-East Asian ones."""
SPACED = rf"[[\w\p{{N}}]--[{UNSPACED}\p{{Pc}}]]"
"""A letter, mark or digit of a word between spaces."""
ONE = rf"{UNSPACED}\p{{M}}*"
"""A word of a writing system without spaces."""
EDGELESS = rf"[{UNSPACED}\p{{So}}]"
"""What stands for itself, whatever is beside it."""
ATTACHING = r"[\p{Hangul}\p{Hebrew}\p{Arabic}]"
"""A letter of a writing system in which particles are written together with words of other letters, too."""
HEBREW_LETTER = r"[\p{Hebrew}&&[\p{L}\p{M}]]"
FEWEST = 3
"""Letters of an Arabic or Hebrew word that may have particles: shorter ones begin or end too many others."""
ARTICLE = "ال"
ARABIC_PRONOUNS = ("هما", "ها", "هم", "هن", "ه", "كما", "كم", "نا")
"""Behind a word; not those that also make another word of it (مصر, Egypt, and مصري, Egyptian)."""
HEBREW = "ו?(?:לכש|כש|מש|ש)?[בכלמ]?ה?"
"""Conjunctions, prepositions and the article, in the order in which they stand."""
KOREAN = (
    *(
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "의",
        "에",
        "에서",
        "에게",
        "에게서",
        "께",
        "께서",
        "한테",
        "으로",
        "로",
        "와",
        "과",
    ),
    *(
        "도",
        "만",
        "나",
        "이나",
        "까지",
        "부터",
        "보다",
        "처럼",
        "마다",
        "조차",
        "마저",
        "밖에",
        "대로",
        "이란",
        "란",
        "들",
    ),
    *(
        "이다",
        "입니다",
        "이었다",
        "였다",
        "이며",
        "며",
        "이고",
        "이라고",
        "라고",
        "이라는",
        "라는",
        "으로서",
        "로서",
        "이라",
    ),
)
"""Particles, the plural and the copula; behind one syllable those of two and more: 물가 (prices) is not 물 (water)."""
KOREAN_MORE = "(?:은|는|이|가|을|를|의|에|에서|에게|도|만|과|와|로|으로|까지|부터|라고|이다)?"
"""What may stand behind a first one."""
KOREAN_NUMBERS = "[십백천만억조]"
"""Behind digits they make another number of them."""
IGNORABLE = r"\p{Default_Ignorable_Code_Point}+"
"""Characters that cannot be seen: soft hyphens, joiners, marks of direction."""

APOSTROPHES = "\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u2032\u00b4`\ua78b\ua78c\u055a\u05f3"
QUOTES = "\u201c\u201d\u201e\u2033\u05f4"
"""In Hebrew they stand within words."""
_ALIKE = str.maketrans(
    {**dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(QUOTES, '"'), **dict.fromkeys("\u2010\u2011", "-")}
)
FORMS = (
    r"[\u0132\u0133\u013f\u0140\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\u1e9b\u2e80-\u2fdf"
    r"\ufb00-\ufdff\ufe70-\ufeff\uff00-\uffef]+"
)
"""Ligatures, letters by their place in a word, radicals, and those of full and half width."""
_SPELLINGS = (
    ("\u0640", ""),  # the Arabic stroke that makes words longer
    (r"([\u0e48-\u0e4b])([\u0e31\u0e34-\u0e3a])", r"\2\1"),  # Thai: the mark of the tone behind the vowel
    (r"([\u0ec8-\u0ecb])([\u0eb1\u0eb4-\u0ebc])", r"\2\1"),  # Lao
    (r"\u0e4d([\u0e48-\u0e4b]?)\u0e32", "\\1\u0e33"),  # Thai: a vowel of two parts
    (r"\u0ecd([\u0ec8-\u0ecb]?)\u0eb2", "\\1\u0eb3"),
    ("\u0e40\u0e40", "\u0e41"),
    ("\u0ec0\u0ec0", "\u0ec1"),
    ("i\u0307+", "i"),  # of the Turkish capital with a dot
)
"""What is written in two ways and looks alike, in the order in which it is made one; NFC does not."""


@functools.cache
def pattern(text: str) -> Any:
    """Return a compiled pattern, in which sets can be subtracted and have Unicode's properties."""
    import regex

    return regex.compile(text, regex.VERSION1)


def folded(text: str) -> str:
    """Return a text in lower case and with single spaces, in one form of what looks alike.

    That is: NFC, ligatures and letters of full and half width as plain ones, apostrophes, quotes and hyphens of one
    kind, Thai and Lao vowels in one piece and order, no Arabic strokes, and no characters that cannot be seen (soft
    hyphens, joiners, marks of direction).
    """
    text = unicodedata.normalize("NFC", pattern(IGNORABLE).sub("", text))
    text = pattern(FORMS).sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)
    text = unicodedata.normalize("NFC", text.translate(_ALIKE).lower())
    for written, plain in _SPELLINGS:
        text = pattern(written).sub(plain, text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(text: str) -> list[str]:
    """Return the words of a text in the form of `folded`; any sign between letters parts them, an apostrophe too."""
    return list(pattern(f"{ONE}|{SPACED}+").findall(folded(text)))


def apart(text: str) -> str:
    """Return a text with a space on each side of a letter of a writing system without spaces."""
    return " ".join(pattern(ONE).sub(r" \g<0> ", text).split())


def together(text: str) -> str:
    """Return a text without the spaces beside letters of a writing system that has none."""
    return str(pattern(f"(?<={UNSPACED}) +| +(?={UNSPACED})").sub("", text))


def last_word(text: str) -> str:
    """Return the letters, marks and digits that a text ends in."""
    return str(pattern(rf"(?:{ONE}|{SPACED}+|)$").search(text)[0])


def ends_within(text: str, longer: str) -> bool:
    """Return whether a text ends within a word, or between a letter and its mark, by how it would have gone on.

    `longer` is the text with what would have come next. Where there are no spaces each letter is a word.
    """
    text, longer = (pattern(IGNORABLE).sub("", one) for one in (text, longer))
    following = longer[len(text) :]
    return longer.startswith(text) and bool(
        pattern(r"\p{M}").match(following) or (pattern(f"{SPACED}$").search(text) and pattern(SPACED).match(following))
    )


def unspaced(text: str) -> int:
    """Return how many letters of a text are of writing systems without spaces."""
    return len(pattern(rf"[{UNSPACED}--\p{{M}}]").findall(text))


def has_spaces(text: str) -> bool:
    """Return whether a text has spaces between its words, or at least half of it, counted in letters and digits.

    A stretch between two spaces counts for those that have none where one of its letters is of such a writing system.
    """
    letters = pattern(r"[\p{L}\p{N}]").findall
    return 2 * sum(len(letters(stretch)) for stretch in text.split() if unspaced(stretch)) <= len(letters(text))


def occurs(wanted: str, text: str) -> bool:
    """Return whether words stand in a text in this order, as whole words where there are spaces between words.

    On a side on which they begin or end with a sign (!, <think>, https://) anything may stand beside it.

    Particles that are written together with a word are none of its letters: Korean ones behind it, Arabic ones on both
    sides, Hebrew ones before it, and Persian ones behind a joiner that parts. Latin letters and digits are whole words
    beside letters of these. Signs of vowels in Arabic and Hebrew do not count.
    """
    import regex

    wanted = _unvowelled(wanted)
    form = f"(?V1){_edge(wanted)}{_particles_before(wanted)}{_particles_behind(wanted)}"
    forms = (_unvowelled(one) for one in {text, pattern(r"(?<=\p{Arabic})\u200c").sub(" ", text)})
    return bool(wanted) and any(regex.search(form, one) for one in forms)


def _unvowelled(text: str) -> str:
    return str(pattern(r"[[\p{scx=Arab}\p{Hebrew}]&&\p{Mn}]+").sub("", folded(text)))


def _edge(wanted: str) -> str:
    """Return the pattern of what is before words and their particles."""
    if pattern(EDGELESS).match(wanted) or not pattern(SPACED).match(wanted):
        return ""
    return f"(?<!{SPACED})" if pattern(ATTACHING).match(wanted) else f"(?<![{SPACED}--{ATTACHING}])"


def _particles_before(wanted: str) -> str:
    """Return the pattern of words with the particles that may be written together with the first."""
    import regex

    plain: str = regex.escape(wanted, literal_spaces=True)
    if pattern(rf"\p{{Hebrew}}{{{FEWEST},}}").match(wanted):
        return HEBREW + plain
    article, bare = wanted.startswith(ARTICLE), wanted.removeprefix(ARTICLE)
    if not pattern(rf"\p{{Arabic}}{{{FEWEST},}}").match(bare):
        return plain
    plain = regex.escape(bare, literal_spaces=True)
    return f"[وف]?(?:[بك]?{ARTICLE}|لل){plain}" if article else f"[وف]?(?:[بكل]?(?:{ARTICLE})?|لل|س){plain}"


def _particles_behind(wanted: str) -> str:
    """Return the pattern of what may be behind words, and must not."""
    if pattern(f"{EDGELESS}$").search(wanted) or not pattern(f"{SPACED}$").search(wanted):
        return r"(?!\p{M})"
    if pattern(r"\p{Hangul}$").search(wanted):
        particles = KOREAN if pattern(r"\p{Hangul}{2}$").search(wanted) else [one for one in KOREAN if len(one) > 1]
        return f"(?:(?:{'|'.join(particles)}){KOREAN_MORE})?(?!{SPACED})"
    if pattern(rf"\p{{Arabic}}{{{FEWEST}}}$").search(wanted):
        return f"(?:{'|'.join(ARABIC_PRONOUNS)})?(?!{SPACED})"
    if pattern(r"\p{N}$").search(wanted):
        return f"(?![{SPACED}--{ATTACHING}]|{KOREAN_NUMBERS})"
    return f"(?!{SPACED})" if pattern(f"{ATTACHING}$").search(wanted) else f"(?![{SPACED}--{ATTACHING}])"
