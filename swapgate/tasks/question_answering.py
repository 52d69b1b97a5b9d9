"""Question answering: from a question and a context to the stretch of the context that answers it.

What is found is what the pipeline of transformers 4.57 found with its defaults; transformers 5 has none. Where the
context has no spaces and the tokenizer takes sentences for words, it is what that pipeline finds with
`align_to_words=False`. Unlike there, an answer neither begins nor ends with a space.
"""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.inputs.given import Question
from swapgate.outputs import answer
from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.counts import BRIER, LOG_LOSS
from swapgate.outputs.writing_systems import has_spaces, unspaced
from swapgate.tasks.case import Case, CaseShape, Files, Offset, check_stands
from swapgate.tasks.settings import Long, Settings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import READ_IN_PART, check_offsets, sees_pads

WINDOW = 384
"""Most tokens of a window, question and specials included; a tokenizer may allow fewer."""
SHARED = 128
"""Most tokens of the context that two windows share; never more than half a window."""
LONGEST = 15
"""Most tokens of an answer."""
CANDIDATES = 12
"""Spans of a window that are looked at; those that cover the same words add up."""
AT_ONCE = 32
"""Windows that go through the model together."""
CLOSED = -10_000.0
"""The logit of tokens that cannot be in an answer."""


class Candidate(NamedTuple):
    """A candidate of one window: offsets of its words in the context, and its probability."""

    start: int
    end: int
    score: float


class QuestionSettings(Settings):
    """The keys of a row of question answering."""

    no_answer: bool = False
    """Whether the model may say that the context holds no answer."""
    long: Long | None = None
    """What is done with a context that is longer than the model reads: it is read in windows, as the pipeline does,
    which "window" lets the report tell, in the first of them alone ("truncate"), or refused ("refuse")."""


class AnswerSpanShape(Table):
    """An answer that is right."""

    start: Offset
    """Offset of its first character in the context."""
    text: NonEmptyStr


class QuestionCase(CaseShape):
    """A question, its context, and where in it the answer stands."""

    question: NonEmptyStr
    context: NonEmptyStr
    expected: list[AnswerSpanShape]
    """Answers of which one must be given; an empty list where the context holds none."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where an answer does not stand in the context."""
    for span in row.expected:
        check_stands(repr(span.text), span.text, span.start, span.start + len(span.text), row.context, where)
    right = tuple(AnswerSpan(span.start, span.text) for span in row.expected)
    return Case(row.id, Question(row.question, row.context), right)


def predict(loaded: Loaded, questions: Sequence[Question], row: QuestionSettings) -> list[Answer | ModelFault]:
    """Answer each question; the windows of all contexts go through the model in padded batches.

    `row.no_answer` allows the answer that there is none. A question whose logits are not finite gets a ModelFault in
    its place. Raises SurroundingsFault where a question or context is empty, or a question too long.
    """
    import torch

    cut = [windows(loaded, question, row.long or "window") for question in questions]
    with torch.inference_mode():
        logits = _logits(loaded, [window for several in cut for window in several])
        found: list[Answer | ModelFault] = []
        for question, several in zip(questions, cut, strict=True):
            tables = [next(logits) for _ in several]
            broken = sum(int((~torch.isfinite(table)).any(dim=-1).sum()) for table in tables)
            if broken:
                pieces = sum(len(window.ids) for window in several)
                found.append(ModelFault(f"{broken} of {pieces} tokens have a score that is NaN or infinite"))
            else:
                found.append(_answer(loaded.reader, question.context, several, tables, row.no_answer))
    return found


def left_out(loaded: Loaded, questions: Sequence[Question], row: QuestionSettings) -> list[str]:
    """Tell of each question what is done with its context because it is longer than the model reads."""
    if row.long not in READ_IN_PART:
        return [""] * len(questions)
    limit = min(loaded.reader.model_max_length, WINDOW)
    words = f"cut to {limit:,} tokens" if row.long == "truncate" else f"read in windows of {limit:,} tokens"
    return [words if len(windows(loaded, question)) > 1 else "" for question in questions]


def windows(loaded: Loaded, question: Question, long: Long = "window") -> list[Any]:
    """Cut question and context into windows that the model can read, each a `tokenizers.Encoding`.

    With `long` other than "window" there is only the first, or none. Raises SurroundingsFault.
    """
    for name, text in (("question", question.question), ("context", question.context)):
        if not text.strip():
            raise SurroundingsFault(f"the {name} is empty; write one into the case")
    reader = loaded.reader
    limit = min(reader.model_max_length, WINDOW)
    shared = min(limit // 2, SHARED)
    length = len(reader(question.question, add_special_tokens=False, verbose=False)["input_ids"])
    room = limit - reader.num_special_tokens_to_add(pair=True) - length
    first = reader.padding_side == "right"
    texts = (question.question, question.context) if first else (question.context, question.question)
    if room <= shared and len(reader(*texts, verbose=False)["input_ids"]) > limit:
        raise SurroundingsFault(
            f"the question has {length} tokens, but with a context too long for one window it may have at most"
            f" {max(length + room - shared - 1, 0)} (windows of {limit} tokens share {shared}); shorten it"
        )
    encoded = reader(
        *texts,
        truncation="only_second" if first else "only_first",
        max_length=limit,
        stride=shared,
        return_overflowing_tokens=True,
    )
    several = list(encoded.encodings)[: None if long == "window" else 1]
    if long == "refuse" and len(encoded.encodings) > 1:
        raise SurroundingsFault(
            f"question and context have more than the {limit} tokens of a window; shorten them, or write"
            ' long = "window" in the models file'
        )
    longest, most = max(len(one.ids) for one in several), loaded.most_tokens
    if longest > most:
        raise SurroundingsFault(
            f"a window has {longest} tokens, the model reads at most {most};"
            f" write model_max_length = {most} into its tokenizer_config.json"
        )
    if not any(_filled(question.context, one, _open(reader, one), int(first), True).any() for one in several):
        raise SurroundingsFault("the context has no word that the tokenizer knows of; write one into the case")
    return several


def _logits(loaded: Loaded, several: Sequence[Any]) -> Iterator[Any]:
    """Return for each window its logits of shape (tokens, 2), for start and end; none for the padding."""
    import torch

    takes = inspect.signature(loaded.model.forward).parameters
    names = [name for name in loaded.reader.model_input_names if name in takes]
    columns = {"input_ids": "ids", "token_type_ids": "type_ids", "attention_mask": "attention_mask"}
    filling = {"input_ids": loaded.reader.pad_token_id or 0}
    at_once = 1 if sees_pads(loaded) else AT_ONCE
    for begin in range(0, len(several), at_once):
        batch = several[begin : begin + at_once]
        width = max(len(one.ids) for one in batch)
        inputs = {
            name: torch.tensor(
                [[*getattr(one, columns[name]), *[filling.get(name, 0)] * (width - len(one.ids))] for one in batch]
            )
            for name in names
        }
        said = loaded.model(**loaded.placed(inputs))
        tables = torch.stack([said.start_logits, said.end_logits], dim=-1).float().cpu()
        for one, table in zip(batch, tables, strict=True):
            yield table[: len(one.ids)]


def _open(reader: Any, window: Any) -> list[bool]:
    """Tell which tokens of a window can be in an answer: those of the context and [CLS]."""
    if reader.padding_side != "right":
        return [True] * len(window.ids)  # as the pipeline did it for such tokenizers
    sides = zip(window.sequence_ids, window.ids, strict=True)
    return [side == 1 or token == reader.cls_token_id for side, token in sides]


def _answer(reader: Any, context: str, several: Sequence[Any], tables: Sequence[Any], no_answer: bool) -> Answer:
    """Return the best answer of all windows of a context.

    Spans of one text count as one answer, whatever the case of its letters: their scores add up, and the first found
    tells its place. So an answer in two windows can have a score above 1, as it had in the pipeline. Where answers are
    not aligned to words, only the best span of each window counts, as there.
    """
    sums: dict[str, float] = {}
    rivals: dict[str, float] = {}
    places: dict[str, Candidate] = {}
    lead: dict[str, float] = {}  # of a text's place over the next best place of it in the same window
    least = float("inf")
    side = 1 if reader.padding_side == "right" else 0
    aligned = _has_words(context, several, side)
    counted = CANDIDATES if aligned else 1
    for window, table in zip(several, tables, strict=True):
        spans, nothing = _candidates(context, window, table, _open(reader, window), side, aligned)
        least = min(least, nothing)
        fresh = {context[span.start : span.end].lower() for span in spans} - places.keys()
        for rank, span in enumerate(spans):
            text = context[span.start : span.end].lower()
            if rank >= counted:
                rivals[text] = max(rivals.get(text, 0.0), span.score)
                place = places.get(text, span)
            else:
                sums[text] = sums.get(text, 0.0) + span.score
                place = places.setdefault(text, span)
            if text in fresh and place[:2] != span[:2]:
                lead.setdefault(text, place.score - span.score)
    best = max(sums, key=sums.__getitem__)
    others = [score for text, score in (*sums.items(), *rivals.items()) if text.strip() != best.strip()]
    second = max(others, default=0.0)
    if no_answer and least > sums[best]:
        return Answer("", 0, 0, least, min(least - sums[best], 1.0))
    margin = min(sums[best] - max(second, least if no_answer else 0.0), lead.get(best, 1.0), 1.0)
    start, end, _ = places[best]
    text = context[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    return Answer(context[start:end], start, end, sums[best], margin)


def _has_words(context: str, several: Sequence[Any], side: int) -> bool:
    """Return whether what the tokenizer takes for words are some: not where it joins several that have no spaces."""
    return has_spaces(context) or not any(
        _joins(context, window.word_to_chars(word, side))
        for window in several
        for word, of in {*zip(window.word_ids, window.sequence_ids, strict=True)}
        if of == side and word is not None
    )


def _joins(context: str, word: tuple[int, int]) -> bool:
    """Return whether a word of the tokenizer holds several of a writing system without spaces."""
    return unspaced(context[slice(*word)]) > 1


def _filled(context: str, window: Any, may: Sequence[bool], side: int, aligned: bool) -> Any:
    """Return which spans of a window can be an answer: booleans of shape (tokens, tokens), by first and last token."""
    import torch

    may_be = torch.tensor(may)
    may_be[0] = False  # [CLS], which stands for no answer
    words = (
        context[start:end].strip() or context[slice(*_place(context, window, token, token, side, aligned))].strip()
        for token, (start, end) in enumerate(window.offsets)
    )
    filled = torch.tensor([bool(word) for word in words])
    until = filled.cumsum(0)
    blank = until[None, :] == (until - filled.long())[:, None]
    return (may_be[:, None] & may_be[None, :] & ~blank).triu().tril(LONGEST - 1)


def _candidates(
    context: str, window: Any, table: Any, may: Sequence[bool], side: int, aligned: bool
) -> tuple[list[Candidate], float]:
    """Return the best spans of a window, best first, and the probability that it holds no answer."""
    import torch

    starts, ends = table.masked_fill(~torch.tensor(may)[:, None], CLOSED).softmax(dim=0).unbind(dim=-1)
    pairs = _filled(context, window, may, side, aligned)
    scores = (starts[:, None] * ends[None, :]).masked_fill(~pairs, -1.0).flatten()
    best = scores.topk(min(CANDIDATES, int(pairs.sum())))
    spans = []
    for score, at in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        first, last = divmod(at, len(may))
        start, end = _place(context, window, first, last, side, aligned)
        spans.append(Candidate(start, end, score))
    return spans, float(starts[0] * ends[0])


def _place(context: str, window: Any, first: int, last: int, side: int, aligned: bool) -> tuple[int, int]:
    """Return where the words of the tokens `first` to `last` begin and end, or these where they are of no words."""
    begin, end = window.offsets[first][0], window.offsets[last][1]
    one, other = (
        None if (word := window.token_to_word(token)) is None else window.word_to_chars(word, side)
        for token in (first, last)
    )
    if not aligned or one is None or other is None:
        return begin, end
    return begin if _joins(context, one) else one[0], end if _joins(context, other) else other[1]


def served(asked: Question, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the best answer, and whether there is one where the row allows that there is none."""
    arguments = {"question": asked.question, "context": asked.context}
    return "question_answering", arguments | ({"handle_impossible_answer": True} if row.no_answer else {})


TASK = Task(
    name="question-answering",
    output=answer.OUTPUT,
    case=QuestionCase,
    read=read,
    predict=predict,
    auto_class="AutoModelForQuestionAnswering",
    figures=("F1", "exact match", BRIER, LOG_LOSS),
    settings=QuestionSettings,
    judging_keys=frozenset({"long"}),
    left_out=left_out,
    check_loaded=check_offsets,
    served=served,
    sent=frozenset({"no_answer"}),
    as_right=lambda said: [{"start": said.start, "text": said.text}] if said.text else [],
)
