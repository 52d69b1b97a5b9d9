"""A token that is sent to a server and may stand in no message and no report, however that server spells it."""

import base64
import functools
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

SHORTEST = 8
"""Characters of the shortest token, or part of one, that is looked for: shorter ones are words such as EMPTY."""
WORD = re.compile("[A-Za-z]?[a-z]+|[A-Z]+")
"""A part of a token that an honest answer may have as well."""
ESCAPED = re.compile(r"(?:\\+[uU]\{?0*|\\+x|%u?(?:00)?|=)([0-9a-fA-F]{2})\}?|\\+([0-7]{3})")
"""A letter as JSON, addresses, mails and programs write it."""
SIXTY_FOUR = re.compile("[A-Za-z0-9+/]{11,}")
URLS = str.maketrans("-_", "+/")
HEXADECIMAL = re.compile("[0-9a-fA-F]{16,}")
BETWEEN = re.compile("[^A-Za-z0-9]+")
"""What may be put between the pieces of a token."""
ROUNDS = 3
"""How often what a text is written in is undone: base64 of a percent-encoded token, in JSON."""
READ = 4000
"""Letters of a text that are looked through; messages show fewer."""
HIDDEN = "[not shown: it holds the token in another spelling]"


def hidden(text: str, token: str) -> str:
    """Return the beginning of what a server said, without its token or any part of that."""
    text, parts = text[:READ], _parts_of(token)
    shown, end = "", 0
    for at in (at for at, part in enumerate(_parts(text)) if part in parts):
        if at > end or not end:
            shown += f"{text[end:at]}[token]"
        end = at + SHORTEST
    shown += text[end:]
    folded = {part.lower() for part in parts if not WORD.fullmatch(part)}
    folded |= {part for part in _parts(_joined(token)) if not part.isalpha()}
    forms = [one for form in _undone(shown) for one in (form, _joined(form))] if parts else []
    spelled = any(part in parts or part.lower() in folded for form in forms for part in _parts(form))
    return HIDDEN if spelled else shown


def holds(said: Any, token: str) -> bool:
    """Return whether an answer holds a token, or a part of it that is no word."""
    if not _parts_of(token):
        return False
    texts, joined = [*_texts(said)], _joined(token)
    split = not joined.isalpha() and len(joined) >= SHORTEST and joined in _joined("".join(texts))
    return split or any(_has(text, token) for text in texts)


def _has(text: str, token: str) -> bool:
    telling = {part for part in _parts_of(token) if not WORD.fullmatch(part)}
    return any(token in form or any(part in telling for part in _parts(form)) for form in _undone(text))


def _texts(said: Any) -> Iterator[str]:
    """Yield each text and number of an answer."""
    if isinstance(said, dict):
        for pair in said.items():
            yield from _texts([*pair])
    elif isinstance(said, list):
        for one in said:
            yield from _texts(one)
    else:
        yield str(said)


def _undone(text: str) -> Iterator[str]:
    """Yield a text, and what it is where what it may be written in is undone."""
    new, seen = [text], {text}
    yield text
    for _ in range(ROUNDS):
        found = {form for one in new for form in _once(one)} - seen
        yield from found
        new, seen = [*found], seen | found


def _once(text: str) -> Iterator[str]:
    yield ESCAPED.sub(_letter, text)
    yield html.unescape(text)
    plain = "".join(text.split())
    for run in SIXTY_FOUR.findall(plain.translate(URLS)):
        for start in range(4):  # what stands before it may be letters too
            piece = run[start : len(run) - ((len(run) - start) % 4 == 1)]
            yield from _decoded(functools.partial(base64.b64decode, f"{piece}{'=' * (-len(piece) % 4)}"))
    for run in HEXADECIMAL.findall(plain):
        for start in range(2):
            yield from _decoded(functools.partial(bytes.fromhex, run[start : len(run) - (len(run) - start) % 2]))


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) if found[1] else int(found[2], 8))


def _decoded(decode: Callable[[], bytes]) -> Iterator[str]:
    try:
        yield decode().decode("latin-1")
    except ValueError:  # it is something else
        return


def _joined(text: str) -> str:
    return BETWEEN.sub("", text).lower()


@functools.cache
def _parts_of(token: str) -> frozenset[str]:
    return frozenset(_parts(token))


def _parts(text: str) -> Iterator[str]:
    """Yield what stands at each place of a text, as long as a secret is at least."""
    return (text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1))
