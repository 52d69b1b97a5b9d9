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
    """Return whether words stand in a text in this order, as whole words where there are spaces between words."""
    import regex

    wanted, text = folded(wanted), folded(text)
    before = "" if pattern(EDGELESS).match(wanted) else f"(?<!{SPACED})"
    behind = r"(?!\p{M})" if pattern(f"{EDGELESS}$").search(wanted) else f"(?!{SPACED})"
    found = regex.search(f"(?V1){before}{regex.escape(wanted, literal_spaces=True)}{behind}", text)
    return bool(wanted) and found is not None
