"""Entities: an entity is the same where label, start and end are; the scores of the same entity are compared."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from rich.text import Text as Line

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.outputs import blocks
from swapgate.outputs.answered import check_inside, mapped, place_in, probability_in, tables, text_in
from swapgate.outputs.counts import (
    BRIER,
    HIGHEST,
    LOG_LOSS,
    OVERLAP_PARTS,
    SCORED_PARTS,
    SCORED_RATIOS,
    Counts,
    Figures,
    f1,
    mean_sureness,
    overlap,
    sureness_of,
)
from swapgate.outputs.diff import NEW, OLD, score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction, comma_list
from swapgate.outputs.tolerance import (
    Mismatch,
    Tolerance,
    exceeds,
    greatest,
    invalid_probability,
    lead_text,
    score_drift,
    score_fall,
)

Key: TypeAlias = tuple[str, int, int]
"""What makes two entities the same one: label, start, end."""
USUAL = "O"
"""How models call the tag of what is no entity."""


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A labelled stretch of a text: what is right in a case."""

    start: int
    """Offset of the first character."""
    end: int
    """Offset behind the last character."""
    label: str
    text: str
    """The characters from `start` to `end`."""

    @property
    def key(self) -> Key:
        """What it is compared by."""
        return self.label, self.start, self.end

    def __str__(self) -> str:
        return f"{self.label} {self.text!r} {self.start}-{self.end}"


@dataclass(frozen=True, order=True, slots=True)
class Entity(Span):
    """A span that a model found."""

    __pydantic_config__ = EXACT

    score: float
    """Mean probability of the winning tags of its word pieces, in [0, 1]."""
    margin: float | None
    """How sure the model was of the label, in [0, 1]: the smallest lead over another label among its word pieces.

    Like all margins it is None where it is not known: in what others recorded, or answered in words alone."""
    edge: float | None
    """How sure it was of the extent, in [0, 1]: the smallest lead of a tag inside, or of one beside the entity."""


@dataclass(frozen=True, slots=True)
class Entities(Prediction):
    """All entities that a model found in one text, in the order of the text."""

    __pydantic_config__ = EXACT

    entities: tuple[Entity, ...]

    def __str__(self) -> str:
        return comma_list(self.entities)


def answered(said: Any, given: Any, row: Any) -> Entities:
    """Read a list of entities that were put together from their pieces; what `labels` maps to O is none.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    wanted = 'a list of {"entity_group": …, "score": …, "word": …, "start": …, "end": …}'
    if said == []:
        return Entities(())
    pieces = isinstance(said, list) and said and isinstance(said[0], Mapping) and "entity" in said[0]
    if pieces:
        raise SurroundingsFault(
            "its answer is of word pieces and not of entities; let it put them together (aggregation_strategy ="
            ' "simple")'
        )
    found = []
    for table in tables(said, wanted, "entity_group", "score", "start", "end"):
        name = text_in(table, "entity_group", wanted)
        label = mapped(name, row) if name != USUAL else USUAL
        start, end = (place_in(table, key, wanted) for key in ("start", "end"))
        check_inside(name, start, end, given)
        text = given[start:end]
        word = table.get("word")
        if isinstance(word, str) and not _is_written(word, text):
            raise ModelFault(f"{name} {word!r} is at {start}-{end}, where the text has {text!r}")
        if label != USUAL:
            score = probability_in(table, wanted, f"{name} {text!r}")
            found.append(Entity(start, end, label, text, score=score, margin=None, edge=None))
    return Entities(tuple(sorted(found)))


def _is_written(word: str, text: str) -> bool:
    """Return whether a word that a tokenizer has put together is that text: but for case, accents, spaces and signs.

    Where it knows not all of the text nothing can be told.
    """
    one, other = (
        "".join(letter for letter in unicodedata.normalize("NFKD", part).casefold() if letter.isalnum())
        for part in (word, text)
    )
    return one == other or not one or "unk" in word.casefold()


def invalid(actual: Entities, whose: str) -> list[Mismatch]:
    """Return a mismatch for each score that is no probability, and for an entity that stands twice."""
    mismatches = [
        mismatch
        for entity in actual.entities
        if entity.margin is None
        or entity.edge is None
        or not (0 <= entity.score <= 1 and 0 <= entity.margin <= 1 and 0 <= entity.edge <= 1)  # words cost more
        for field in ("score", "margin", "edge")
        if (value := getattr(entity, field)) is not None
        for mismatch in invalid_probability(_path(entity.key), f"{whose}{entity}", field, value)
    ]
    if len(actual.entities) > 1 and len(_by_key(actual.entities)) < len(actual.entities):
        mismatches.append(Mismatch("entities", f"{whose}an entity stands twice in {actual}"))
    return mismatches


def expected(actual: Entities, right: Sequence[Span]) -> list[Mismatch]:
    """Ask for the same labels on the same spans, no more and no less."""
    found = _by_key(actual.entities)
    wanted = {span.key: span for span in right}
    mismatches = []
    for key in _union(wanted, found):
        if key not in found:
            mismatches.append(Mismatch(_path(key), f"{wanted[key]} was not found"))
        elif key not in wanted:
            score = f"{found[key].score:.4f}"
            mismatches.append(Mismatch(_path(key), f"{found[key]} was found ({score}) and is not expected"))
    return mismatches


def drift(actual: Entities, golden: Entities, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same entities with scores within tolerance; near ties may change places.

    An entity on one side only is a near tie when the model that found it led by no more than the tolerance: in its
    label, or in its extent where the other side has an entity of that label in the same place.
    """
    ours, theirs = _by_key(actual.entities), _by_key(golden.entities)
    mismatches = []
    for key in _union(theirs, ours):
        if key in ours and key in theirs:
            now, then = ours[key].score, theirs[key].score
            if ours[key].text != theirs[key].text:
                message = f"{ours[key]}, {reference} {theirs[key]}: another text in the same place"
                mismatches.append(Mismatch(f"{_path(key)}.text", message))
            if tolerance.is_drift(now, then):
                mismatches += score_drift(
                    f"{_path(key)}.score", f"{theirs[key]} scored", now, then, tolerance, reference
                )
            continue
        only, others = (ours[key], theirs) if key in ours else (theirs[key], ours)
        lead = _lead_of_tie(only, others.values(), tolerance.tie)
        where = f"{only} ({only.score:.4f}) {'is new' if key in ours else 'is gone'} since the {reference}"
        if lead is not None:
            message = f"{where}: a near tie, it led by {lead:.4g}, and up to {tolerance.tie:g} is one"
            mismatches.append(Mismatch(_path(key), message, tie=True))
        else:
            message = (
                f"{where}; a near tie would lead by up to {tolerance.tie:g}, this one led by {lead_text(only.margin)}"
            )
            mismatches.append(Mismatch(_path(key), message))
    return mismatches


def swap(candidate: Entities, golden: Entities, right: Sequence[Span], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that right entities stay, that their scores do not fall too far, and that none is new and wrong."""
    wanted = {span.key for span in right}
    ours, theirs = _by_key(candidate.entities), _by_key(golden.entities)
    mismatches = []
    for key in _union(theirs, ours):
        if key in ours and key in theirs and key in wanted:
            scores = ours[key].score, theirs[key].score
            mismatches += score_fall(f"{_path(key)}.score", str(theirs[key]), *scores, tolerance.swap)
        elif key in theirs and key in wanted:
            mismatches.append(Mismatch(_path(key), f"{theirs[key]} ({theirs[key].score:.4f}) is lost"))
        elif key in ours and key not in theirs and key not in wanted:
            mismatches.append(Mismatch(_path(key), f"{ours[key]} ({ours[key].score:.4f}) is new and wrong"))
    return mismatches


def scored(found: Entities, right: Sequence[Span]) -> list[tuple[float, bool]]:
    """Return of each entity that was found its score, and whether it is right; one that was missed has none."""
    wanted = {span.key for span in right}
    return [(entity.score, entity.key in wanted) for entity in found.entities]


def count(found: Entities, right: Sequence[Span]) -> Counts:
    """Return what a row adds: entities on both sides, found and wanted, pairs of labels, and how sure it is."""
    return {
        **overlap({entity.key for entity in found.entities}, {span.key for span in right}),
        **sureness_of(scored(found, right)),
    }


def figures(counts: Counts, _: float) -> Figures:
    """Return F1, precision and recall, all labels alike, as seqeval does in its strict mode, and how sure it is."""
    both, found, wanted = (counts[name] for name in ("both", "found", "wanted"))
    return {
        "F1": f1(counts),
        "precision": both / found if found else 0.0,
        "recall": both / wanted if wanted else 0.0,
        **mean_sureness(counts),
    }


def diff(golden: Entities | None, now: Entities, given: object) -> Iterator[Line]:
    """Yield the text with its entities in brackets, of both sides where they differ, and a line an entity."""
    then, there = ({entity.key: entity for entity in one.entities} if one else {} for one in (golden, now))
    same = then.keys() == there.keys()
    if golden and not same:
        yield _bracketed("- ", str(given), then.values(), OLD, there)
    yield _bracketed("  " if same else "+ ", str(given), there.values(), NEW, then)
    for key in sorted({**then, **there}, key=lambda key: (key[1], key[2], key[0])):
        scores = (one[key].score if key in one else None for one in (then, there))
        yield Line.assemble(f"  {there.get(key) or then[key]} ", *score_change(*scores))


def dress(golden: Entities | None, now: Entities, right: Sequence[Span], given: Any) -> list[blocks.Block]:
    """Show the text with the entities of each side, and the scores of all."""
    wanted = {one.key: one for one in right}
    then, there = (_by_key(one.entities) if one else {} for one in (golden, now))
    sides: dict[str, Mapping[Key, Span]] = {"right": wanted, **({"before": then} if golden else {}), "now": there}
    others: dict[str, Mapping[Key, Span]] = {"right": there, "before": there, "now": then if golden else wanted}
    pieces = {
        side: blocks.marked(given, [(one.start, one.end, one.label, key in others[side]) for key, one in found.items()])
        for side, found in sides.items()
    }
    scores: list[blocks.Bar] = []
    for key in _union(then, there):
        before, after = (one[key].score if key in one else None for one in (then, there))
        scores.append((f"{key[0]} {given[key[1] : key[2]]}", before, after, key in wanted))
    return [blocks.spans(pieces), *([blocks.bars(scores)] if scores else [])]


def _bracketed(sign: str, text: str, entities: Any, colour: str, others: Mapping[Any, Entity]) -> Line:
    """Return a sentence in which entities stand in brackets with their label; those of this side alone are coloured."""
    line, place = Line(sign), 0
    for entity in sorted(entities):
        if entity.start >= place:
            line.append(text[place : entity.start])
            style = "bold" if entity.key in others else f"bold {colour}"
            line.append(f"[{text[entity.start : entity.end]} {entity.label}]", style)
            place = entity.end
    return line.append(text[place:])


def lead(golden: Entities, candidate: Entities, right: Sequence[Span]) -> float | None:
    """Return how sure the surest entity was that was lost; of one found where none is nothing is known.

    How sure of its label; where the candidate has one of that label in its place, of its extent if that is less.
    """
    wanted, ours = {span.key for span in right}, _by_key(candidate.entities)
    lost = [one for one in golden.entities if one.key in wanted and one.key not in ours]
    wrong = [one for one in candidate.entities if one.key not in wanted]
    new = [None for one in wrong if not any(_overlap(one, other) for other in lost)]
    return greatest([*(_lead_of_lost(one, wrong) for one in lost), *new])


def _lead_of_lost(entity: Entity, wrong: Iterable[Entity]) -> float | None:
    moved = any(one.label == entity.label and _overlap(one, entity) for one in wrong)
    leads = (entity.margin, entity.edge) if moved else (entity.margin,)
    return min((lead for lead in leads if lead is not None), default=None)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _lead_of_tie(entity: Entity, others: Iterable[Entity], allowed: float) -> float | None:
    """Return the lead of an entity that the other side lacks where it was undecided, in its label or in its extent."""
    if entity.margin is not None and not exceeds(entity.margin, allowed):
        return entity.margin
    moved = any(other.label == entity.label and _overlap(other, entity) for other in others)
    return entity.edge if moved and entity.edge is not None and not exceeds(entity.edge, allowed) else None


def _by_key(entities: Iterable[Entity]) -> dict[Key, Entity]:
    return {entity.key: entity for entity in entities}


def _union(first: Iterable[Key], second: Iterable[Key]) -> list[Key]:
    """Return the keys of both sides in the order of the text."""
    return sorted({*first, *second}, key=itemgetter(1, 2, 0))


def _path(key: Key) -> str:
    label, start, end = key
    return f"entities[{label} {start}-{end}]"


OUTPUT = Output(
    prediction=Entities,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    diff=diff,
    dress=dress,
    lead=lead,
    answered=answered,
    answer=lambda found: comma_list([f"{one.label} {one.text!r} {one.start}-{one.end}" for one in found.entities]),
    less_is_better=frozenset({BRIER, LOG_LOSS}),
    highest=HIGHEST,
    scored=scored,
    parts={**dict.fromkeys(("F1", "precision", "recall"), OVERLAP_PARTS), **SCORED_PARTS},
    ratios={"F1": ("wanted", "found"), "precision": ("found",), "recall": ("wanted",), **SCORED_RATIOS},
)
