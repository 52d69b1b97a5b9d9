"""What a prediction changes in a golden, for a person to look at: a coloured diff for each type of prediction."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text as Line

from swapgate.compare.detections import iou, match
from swapgate.inputs import Question
from swapgate.predictions import Answer, Classification, Detections, Entities, Entity, Prediction, Text

OLD, NEW, SAME = "red", "green", "dim"
AROUND = 40
"""Characters of a context shown on each side of an answer."""


def diff(golden: Prediction | None, now: Prediction, given: object) -> Iterator[Line]:
    """Give the lines of a diff: what the golden says behind "-", what is said now behind "+".

    `given` is the input of the case: a sentence, a question or the name of a file. Without a golden all is new.
    """
    yield from SHOWN[type(now)](golden, now, given)


def _classification(golden: Classification | None, now: Classification, _: object) -> Iterator[Line]:
    then, there = ({score.label: score.score for score in one.scores} if one else {} for one in (golden, now))
    for label in sorted({**then, **there}, key=lambda label: -there.get(label, 0.0)):
        yield Line.assemble(f"  {label} ", *_change(then.get(label), there.get(label)))


def _entities(golden: Entities | None, now: Entities, given: object) -> Iterator[Line]:
    then, there = ({entity.key: entity for entity in one.entities} if one else {} for one in (golden, now))
    same = then.keys() == there.keys()
    if golden and not same:
        yield _marked("- ", str(given), then.values(), OLD, there)
    yield _marked("  " if same else "+ ", str(given), there.values(), NEW, then)
    for key in sorted({**then, **there}, key=lambda key: (key[1], key[2], key[0])):
        scores = (one[key].score if key in one else None for one in (then, there))
        yield Line.assemble(f"  {there.get(key) or then[key]} ", *_change(*scores))


def _marked(sign: str, text: str, entities: Any, colour: str, others: Mapping[Any, Entity]) -> Line:
    """Give a sentence in which entities stand in brackets with their label; those of this side alone are coloured."""
    line, place = Line(sign), 0
    for entity in sorted(entities):
        if entity.start >= place:
            line.append(text[place : entity.start])
            style = "bold" if entity.key in others else f"bold {colour}"
            line.append(f"[{text[entity.start : entity.end]} {entity.label}]", style)
            place = entity.end
    return line.append(text[place:])


def _answer(golden: Answer | None, now: Answer, given: object) -> Iterator[Line]:
    context = given.context if isinstance(given, Question) else ""
    same = golden is not None and (golden.start, golden.end) == (now.start, now.end)
    if golden and not same:
        yield _cut_out("- ", context, golden, OLD)
    yield _cut_out("  " if same else "+ ", context, now, SAME if same else NEW)
    yield Line.assemble("  score ", *_change(golden.score if golden else None, now.score))


def _cut_out(sign: str, context: str, answer: Answer, colour: str) -> Line:
    if not answer.text:
        return Line.assemble(sign, ("no answer", colour))
    before, behind = context[max(0, answer.start - AROUND) : answer.start], context[answer.end : answer.end + AROUND]
    return Line.assemble(
        sign, f"…{before}[", (answer.text, f"bold {colour}"), f"]{behind}… {answer.start}-{answer.end}"
    )


def _text(golden: Text | None, now: Text, _: object) -> Iterator[Line]:
    yield _word_by_word(golden.text.split() if golden else [], now.text.split())
    yield Line.assemble("  nearest step ", *_change(golden.margin if golden else None, now.margin))


def _word_by_word(then: Sequence[str], now: Sequence[str]) -> Line:
    """Give a text with what went away as [-words-] and what came as {+words+}, as git's word diff does."""
    line = Line("  ")
    for word, a, b, c, d in difflib.SequenceMatcher(None, then, now, autojunk=False).get_opcodes():
        if word == "equal":
            line.append(" ".join(then[a:b]) + " ")
        else:
            line.append(f"[-{' '.join(then[a:b])}-] " if b > a else "", OLD)
            line.append(f"{{+{' '.join(now[c:d])}+}} " if d > c else "", NEW)
    line.rstrip()
    return line


def _detections(golden: Detections | None, now: Detections, _: object) -> Iterator[Line]:
    pairs, gone, new = match(golden.objects if golden else (), now.objects)
    for then, there in pairs:
        moved = f" → {there}, IoU {iou(then.box, there.box):.4f}"
        yield Line.assemble(f"  {then}", (moved, NEW if then.box != there.box else SAME), " ")
        yield Line.assemble("    score ", *_change(then.score, there.score))
    yield from (Line(f"- {thing} {thing.score:.7f}", OLD) for thing in gone)
    yield from (Line(f"+ {thing} {thing.score:.7f}", NEW) for thing in new)


def _change(then: float | None, now: float | None) -> list[tuple[str, str]]:
    """Word how a score changed."""
    if then is None or now is None:
        return [(f"{now:.7f} (new)", NEW)] if now is not None else [(f"{then:.7f} (gone)", OLD)]
    if f"{then:.7f}" == f"{now:.7f}":
        return [(f"{now:.7f}", SAME)]
    return [(f"{then:.7f}", OLD), (" → ", ""), (f"{now:.7f}", NEW), (f" ({now - then:+.2g})", "")]


SHOWN: Mapping[Any, Callable[[Any, Any, object], Iterator[Line]]] = {
    Answer: _answer,
    Classification: _classification,
    Detections: _detections,
    Entities: _entities,
    Text: _text,
}
