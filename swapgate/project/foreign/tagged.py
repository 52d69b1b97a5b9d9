"""Tokens with tags, one a line and a blank line behind each sentence: CoNLL 2002 and 2003, BIO files, CoNLL-U."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.outputs.writing_systems import unspaced
from swapgate.project.foreign.found import Found
from swapgate.project.reading import cause

OUTSIDE = "O"
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")
"""Letters of tags that begin an entity, and of those that end one."""
LETTERS = frozenset("BIESLUM")
BETWEEN = "-_"
TEXT = "# text = "
"""How CoNLL-U tells a sentence as it was written."""
EXTRA = r"[0-9]+[-.][0-9]+"
"""What CoNLL-U numbers beside words: several in one (1-2), and what is left out in the text (2.1)."""
NO_SENTENCE = "-DOCSTART-"


def read(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield text and entities of each sentence: the first column is the token, the last one its tag.

    Raises InputFault where the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            sentences = [(number, _tokens(lines), _told(lines)) for number, lines in _sentences(file)]
    except (OSError, ValueError) as error:
        raise InputFault(f"{path}: cannot be read: {cause(path, error)}") from error
    is_counted = all(_counts(rows) for _, rows, _ in sentences)
    for number, rows, text in sentences:
        yield Found(f"line {number}", _sentence(rows, text, is_counted))


def _sentences(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of each sentence, and the number of the first."""
    found: list[str] = []
    start = 1
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(NO_SENTENCE):
            start = start if found else number
            found.append(line.rstrip("\r\n"))
        elif found:
            yield start, found
            found = []
    if found:
        yield start, found


def _told(lines: Sequence[str]) -> str | None:
    return next((line.removeprefix(TEXT) for line in lines if line.startswith(TEXT)), None)


def _tokens(lines: Sequence[str]) -> list[list[str]]:
    """Return the columns of each token: comments stand before the first, and none in a form with spaces ends in a tag.

    For there "# NN O" is the token "#".
    """
    with_tabs = any("\t" in line for line in lines)
    first = next((n for n, line in enumerate(lines) if not _is_comment(line, with_tabs)), len(lines))
    return [_columns(line) for line in lines[first:]]


def _is_comment(line: str, with_tabs: bool) -> bool:
    last = line.split()[-1]
    is_tag = last == OUTSIDE or (last[:1] in LETTERS and last[1:2] in BETWEEN and len(last) > 2)
    return line.startswith("# ") and (with_tabs or not is_tag)


def _counts(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first column counts the tokens, as in CoNLL-U, and is none of the text."""
    words = [row[0] for row in rows if row[0].isdigit()]
    others = [row[0] for row in rows if not row[0].isdigit()]
    return (
        words == [f"{n}" for n in range(1, len(words) + 1)]
        and all(len(row) > 2 for row in rows)
        and all(re.fullmatch(EXTRA, one) for one in others)
    )


def _sentence(rows: Sequence[Sequence[str]], text: str | None, is_counted: bool) -> Any:
    short = next((row for row in rows if len(row) < 2), None)
    if short is not None:
        return InputFault(f"has the line {' '.join(short)[:40]!r} with one column; write a token and its tag a line")
    if is_counted:
        extra = [row for row in rows if not row[0].isdigit() and row[-1] not in (OUTSIDE, "_")]
        if extra:
            return InputFault(f"has a tag at {extra[0][0]}, which is no single word; tag the words")
        rows = [row for row in rows if row[0].isdigit()]
    place = int(is_counted)
    return spans([row[place] for row in rows], [row[-1] for row in rows], text)


def _columns(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def spans(tokens: Sequence[str], tags: Sequence[str], text: str | None = None) -> Any:
    """Return text and entities of tokens with their tags (BIO, BIOES, BILOU, BMES), or an InputFault.

    Without a text tokens are joined with spaces, but those of writing systems without any.
    """
    if len(tokens) != len(tags):
        return InputFault(f"has {len(tokens)} tokens and {len(tags)} tags; give each token one")
    whole = _joined(tokens) if text is None else text
    places, at = [], 0
    for token in tokens:
        start = whole.find(token, at)
        if start < 0 or not token:
            return InputFault(f"its text does not hold the token {token[:40]!r} where it must; mend the text")
        at = start + len(token)
        places.append((start, at))
    found: list[dict[str, Any]] = []
    is_open = False
    for (start, end), tag in zip(places, tags, strict=True):
        if tag == OUTSIDE:
            is_open = False
            continue
        role, label = tag[:1], tag[2:]
        if role not in LETTERS or tag[1:2] not in BETWEEN or not label:
            return InputFault(
                f"has the tag {tag[:40]!r}; write O, B-LABEL or I-LABEL, or the letters of BIOES or BILOU"
            )
        if role in BEGINS or not is_open or found[-1]["label"] != label:
            found.append({"label": label, "start": start, "end": end})
        found[-1]["end"] = end
        is_open = role not in ENDS
    return {"text": whole, "expected": [{**one, "text": whole[one["start"] : one["end"]]} for one in found]}


def _joined(tokens: Sequence[str]) -> str:
    text = ""
    for token in tokens:
        tight = bool(text and token and unspaced(text[-1]) and unspaced(token[0]))
        text += token if tight or not text else f" {token}"
    return text
