"""How texts are cut into words, in every writing system, with spaces between words or without.

Where there are none (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan …) each letter is a word, with the marks
above and below it. The properties of characters are Unicode's; a mark belongs to its letter everywhere.
"""

import functools
import unicodedata
from typing import Any

UNSPACED = r"[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{Bopomofo}\p{Yi}\p{Tibetan}\p{lb=SA}]&&\p{L}\p{M}\p{Nl}]"
"""A letter or mark of a writing system without spaces; class SA of UAX #14 is the South-East Asian ones."""
SPACED = rf"[[\w\p{{N}}]--[{UNSPACED}_]]"
"""A letter, mark or digit of a word between spaces."""
ONE = rf"{UNSPACED}\p{{M}}*"
"""A word of a writing system without spaces."""
EDGELESS = rf"[{UNSPACED}\p{{So}}]"
"""What stands for itself, whatever is beside it."""
ATTACHING = r"[\p{Hangul}\p{Hebrew}\p{Arabic}]"
"""A letter of a writing system in which particles are written together with words of other letters, too."""
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
"""Particles, the plural and the copula; behind one syllable those of two and more, for 물가 (prices) is not 물 (water)."""
KOREAN_MORE = "(?:은|는|이|가|을|를|의|에|에서|에게|도|만|과|와|로|으로|까지|부터|라고|이다)?"
"""What may stand behind a first one."""
KOREAN_NUMBERS = "[십백천만억조]"
"""Behind digits they make another number of them."""
IGNORABLE = r"\p{Default_Ignorable_Code_Point}+"
"""Characters that cannot be seen: soft hyphens, joiners, marks of direction."""

_ALIKE = str.maketrans({**dict.fromkeys("\u2018\u2019\u02bb\u02bc\u00b4`", "'"), **dict.fromkeys("\u2010\u2011", "-")})


@functools.cache
def pattern(text: str) -> Any:
    """Return a compiled pattern, in which sets can be subtracted and have Unicode's properties."""
    import regex

    return regex.compile(text, regex.VERSION1)


def folded(text: str) -> str:
    """Return a text in lower case and with single spaces, in one form of what looks alike.

    That is: NFC, letters of full and half width as plain ones, apostrophes and hyphens of one kind, and no characters
    that cannot be seen (soft hyphens, joiners, marks of direction).
    """
    text = pattern(IGNORABLE).sub("", text)
    text = pattern(r"[\uff00-\uffef]+").sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), text)
    lower = pattern("i\u0307+").sub("i", text.translate(_ALIKE).lower())  # of the Turkish capital with a dot
    return " ".join(unicodedata.normalize("NFC", lower).split())


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
    if pattern(EDGELESS).match(wanted):
        return ""
    return f"(?<!{SPACED})" if pattern(ATTACHING).match(wanted) else f"(?<![{SPACED}--{ATTACHING}])"


def _particles_before(wanted: str) -> str:
    """Return the pattern of words with the particles that may be written together with the first."""
    import regex

    plain = regex.escape(wanted, literal_spaces=True)
    if pattern(rf"\p{{Hebrew}}{{{FEWEST},}}").match(wanted):
        return HEBREW + plain
    article, bare = wanted.startswith(ARTICLE), wanted.removeprefix(ARTICLE)
    if not pattern(rf"\p{{Arabic}}{{{FEWEST},}}").match(bare):
        return plain
    plain = regex.escape(bare, literal_spaces=True)
    return f"[وف]?(?:[بك]?{ARTICLE}|لل){plain}" if article else f"[وف]?(?:[بكل]?(?:{ARTICLE})?|لل|س){plain}"


def _particles_behind(wanted: str) -> str:
    """Return the pattern of what may be behind words, and must not."""
    if pattern(f"{EDGELESS}$").search(wanted):
        return r"(?!\p{M})"
    if pattern(r"\p{Hangul}$").search(wanted):
        particles = KOREAN if pattern(r"\p{Hangul}{2}$").search(wanted) else [one for one in KOREAN if len(one) > 1]
        return f"(?:(?:{'|'.join(particles)}){KOREAN_MORE})?(?!{SPACED})"
    if pattern(rf"\p{{Arabic}}{{{FEWEST}}}$").search(wanted):
        return f"(?:{'|'.join(ARABIC_PRONOUNS)})?(?!{SPACED})"
    if pattern(r"\p{N}$").search(wanted):
        return f"(?![{SPACED}--{ATTACHING}]|{KOREAN_NUMBERS})"
    return f"(?!{SPACED})" if pattern(f"{ATTACHING}$").search(wanted) else f"(?![{SPACED}--{ATTACHING}])"
