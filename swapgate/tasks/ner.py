"""Named entity recognition: from texts to entities, by token classification."""

from collections.abc import Mapping, Sequence
from typing import Any

from swapgate.core.faults import InputFault, ModelFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.outputs import entities
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.tasks import classes
from swapgate.tasks.case import Case, CaseShape, Files, Offset, check_stands
from swapgate.tasks.settings import WindowedSettings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import left_out, parts, tokenized

OUTSIDE = "O"


class SpanShape(Table):
    """An entity that is right."""

    label: NonEmptyStr
    start: Offset
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    text: NonEmptyStr
    """The characters from `start` to `end`."""


class NerCase(CaseShape):
    """A text and the entities in it."""

    text: NonEmptyStr
    expected: list[SpanShape]
    """All entities that must be found, and no other."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where a span does not hold its text, or stands twice."""
    spans = []
    for span in row.expected:
        check_stands(f"{span.label} {span.text!r}", span.text, span.start, span.end, row.text, where)
        spans.append(Span(span.start, span.end, span.label, span.text))
    if len(set(spans)) < len(spans):
        raise InputFault(f"{where}: an expected span stands twice; remove one of them")
    return Case(row.id, row.text, tuple(spans))


def label_names(config: Mapping[str, Any]) -> list[str]:
    """Return the entity labels of a model's config.json, without O and without the prefixes B- and I-.

    Raises SurroundingsFault where its label table is none.
    """
    return sorted({_split(tag)[1] for tag in classes.label_names(config)} - {OUTSIDE})


def predict(loaded: Loaded, texts: Sequence[str], row: WindowedSettings) -> list[Entities | ModelFault]:
    """Find the entities of each text in one batch; the row maps the model's names to the cases'.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is longer
    than the model can read; with `long` in the row it is cut, or read in windows.
    """
    import torch

    batch = tokenized(loaded, texts, row.long, return_offsets_mapping=True, return_special_tokens_mask=True)
    offsets, special = batch.pop("offset_mapping"), batch.pop("special_tokens_mask")
    rows, longest = batch["input_ids"].shape
    text_of = batch.pop("overflow_to_sample_mapping", torch.arange(rows)).tolist()
    with torch.inference_mode():
        logits = [loaded.model(**part).logits.float().cpu() for part in parts(loaded.placed(batch))]
    scores = torch.cat(logits).softmax(dim=-1)
    tags = [loaded.model.config.id2label[index] for index in range(scores.shape[-1])]
    found: list[Entities | ModelFault] = []
    for text, table, spans, skipped in zip((texts[one] for one in text_of), scores, offsets, special, strict=True):
        pieces = [index for index in range(longest) if not skipped[index]]
        if not torch.isfinite(table[pieces]).all():
            broken = int((~torch.isfinite(table[pieces])).any(dim=-1).sum())
            found.append(ModelFault(f"{broken} of {len(pieces)} word pieces have a score that is NaN or infinite"))
        else:
            found.append(group(text, table[pieces].tolist(), spans[pieces].tolist(), tags, row.label_map))
    return joined(found, text_of)


def joined(found: Sequence[Entities | ModelFault], text_of: Sequence[int]) -> list[Entities | ModelFault]:
    """Join what was found in windows, of which `text_of` says whose each is, as transformers' pipeline with a stride.

    Of entities that overlap the longest stays, of equally long ones that with the highest score.
    """
    texts: dict[int, list[Entities | ModelFault]] = {}
    for text, one in zip(text_of, found, strict=True):
        texts.setdefault(text, []).append(one)
    return [several[0] if len(several) == 1 else _joined(several) for several in texts.values()]


def _joined(several: Sequence[Entities | ModelFault]) -> Entities | ModelFault:
    kept: list[Entity] = []
    fault = next((one for one in several if isinstance(one, ModelFault)), None)
    every = [entity for one in several if isinstance(one, Entities) for entity in one.entities]
    for entity in sorted(every, key=lambda one: one.start):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
        elif (entity.end - entity.start, entity.score) > (kept[-1].end - kept[-1].start, kept[-1].score):
            kept[-1] = entity
    return fault or Entities(tuple(kept))


def group(
    text: str,
    scores: Sequence[Sequence[float]],
    spans: Sequence[tuple[int, int]],
    tags: Sequence[str],
    labels: Mapping[str, str],
) -> Entities:
    """Join word pieces to entities, as transformers' aggregation strategy "simple" does.

    `scores` has a row a word piece and a column a tag. Pieces in a row whose best tags have one label form one
    entity; B- begins a new one.
    """
    best = [max(range(len(tags)), key=row.__getitem__) for row in scores]
    runs: list[tuple[str, list[int]]] = []
    for piece, tag in enumerate(best):
        prefix, label = _split(tags[tag])
        if runs and runs[-1][0] == label and prefix != "B":
            runs[-1][1].append(piece)
        else:
            runs.append((label, [piece]))
    by_label = [_by_label(row, tags) for row in scores]
    found = []
    for label, pieces in runs:
        if label == OUTSIDE:
            continue
        start, end = spans[pieces[0]][0], spans[pieces[-1]][1]
        start += len(text[start:end]) - len(text[start:end].lstrip())  # some tokenizers count the space before a word
        found.append(
            Entity(
                start,
                end,
                labels[label],
                text[start:end],
                score=sum(scores[piece][best[piece]] for piece in pieces) / len(pieces),
                margin=min(_lead(by_label[piece]) for piece in pieces),
                edge=min(_lead(scores[piece]) for piece in _around(pieces, len(scores))),
            )
        )
    return Entities(tuple(found))


def _split(tag: str) -> tuple[str, str]:
    """Split B-PER into B and PER; a tag without a prefix continues an entity of its name."""
    prefix, dash, label = tag.partition("-")
    return (prefix, label) if dash and prefix in ("B", "I") else ("I", tag)


def _by_label(row: Sequence[float], tags: Sequence[str]) -> list[float]:
    """Add up the scores of the tags of each label."""
    sums: dict[str, float] = {}
    for tag, score in zip(tags, row, strict=True):
        label = _split(tag)[1]
        sums[label] = sums.get(label, 0.0) + score
    return list(sums.values())


def _lead(row: Sequence[float]) -> float:
    """Return the lead of the best score over the second; of a sum of probabilities, rounding can make it exceed 1."""
    first, second = [*sorted(row, reverse=True), 0.0][:2]
    return min(first - second, 1.0)


def _around(pieces: Sequence[int], count: int) -> range:
    """Return the pieces that decide how far an entity goes: its own, and the two beside it."""
    return range(max(pieces[0] - 1, 0), min(pieces[-1] + 2, count))


TASK = Task(
    name="ner",
    aliases=("token-classification",),
    output=entities.OUTPUT,
    case=NerCase,
    read=read,
    predict=predict,
    auto_class="AutoModelForTokenClassification",
    figures=("F1", "precision", "recall"),
    label_names=label_names,
    settings=WindowedSettings,
    judging_keys=frozenset({"long"}),
    left_out=left_out,
)
