"""Tokens with tags, one a line and a blank line behind each sentence: CoNLL 2002 and 2003, BIO files, CoNLL-U."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from swapgate.core.faults import InputFault
from swapgate.outputs.writing_systems import unspaced
from swapgate.project.foreign.found import Found

OUTSIDE = "O"
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")
"""Letters of tags that begin an entity, and of those that end one."""
LETTERS = frozenset("BIESLUM")
BETWEEN = "-_"
TEXT = "# text = "
"""How CoNLL-U tells a sentence as it was written."""
NO_SENTENCE = "-DOCSTART-"


def read(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield text and entities of each sentence: the first column is the token, the last one its tag.

    Raises InputFault where the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, lines in _sentences(file):
                yield Found(f"line {number}", _sentence(lines))
    except (OSError, ValueError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); give a text in UTF-8") from error


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


def _sentence(lines: Sequence[str]) -> Any:
    text = next((line.removeprefix(TEXT) for line in lines if line.startswith(TEXT)), None)
    rows = [_columns(line) for line in lines if not line.startswith("# ")]
    short = next((row for row in rows if len(row) < 2), None)
    if short is not None:
        return InputFault(f"has the line {' '.join(short)[:40]!r} with one column; write a token and its tag a line")
    place = 1 if rows and all(row[0].replace("-", "").isdigit() and len(row) > 2 for row in rows) else 0
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
