"""Answers: the stretch of the context, and its score.

An answer is compared as SQuAD's metric does: in lower case, without punctuation, articles and the spaces around it
(Rajpurkar et al. 2016), and as MLQA's does for other languages: punctuation is Unicode's, and where a writing system
has no spaces, each letter is a word (Lewis et al. 2020). Unlike there, the same words at another place are wrong.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text as Line

from swapgate.core.faults import ModelFault
from swapgate.outputs import blocks
from swapgate.outputs.answered import check_inside, foreign, place_in, probability_in, tables, text_in
from swapgate.outputs.counts import BRIER, HIGHEST, LOG_LOSS, RIGHT, Counts, Figures, sureness
from swapgate.outputs.diff import NEW, OLD, SAME, score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction, comma_list
from swapgate.outputs.tolerance import (
    Mismatch,
    Tolerance,
    exceeds,
    invalid_probability,
    larger_lead,
    lead_text,
    score_drift,
    score_fall,
)
from swapgate.outputs.writing_systems import apart, folded, pattern

WINDOW = 256
"""Letters of a context from which on it may be read in two windows, whose scores add up."""
AROUND = 40
"""Characters of a context shown on each side of an answer."""


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """A stretch of a context that answers a question: what is right in a case."""

    start: int
    """Offset of its first character in the context."""
    text: str

    def __str__(self) -> str:
        return f"{self.text!r} {self.start}-{self.start + len(self.text)}"


@dataclass(frozen=True, slots=True)
class Answer(Prediction):
    """The stretch of the context that answers a question; no answer is the empty text at 0-0."""

    __pydantic_config__ = EXACT

    text: str
    start: int
    """Offset of its first character in the context."""
    end: int
    """Offset behind its last character."""
    score: float
    """Probability of its start times that of its end, from 0; where several windows hold the text they add up."""
    margin: float | None
    """Lead of that score over the best other answer's."""

    def __str__(self) -> str:
        return f"{self.text!r} {self.start}-{self.end}" if self.text else "no answer"


def answered(said: Any, given: Any, _row: Any) -> Answer:
    """Read an answer, or the first of several; the empty one is that there is none.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    wanted = '{"answer": …, "score": …, "start": …, "end": …}'
    several = tables(said, wanted, "answer", "score", "start", "end")
    if not several:
        raise foreign(said, wanted)
    table, context = several[0], given.context
    text = text_in(table, "answer", wanted)
    start, end = (place_in(table, key, wanted) for key in ("start", "end"))
    score = probability_in(table, wanted, f"the answer {text!r}", 1 + len(context) // WINDOW)
    if not text.strip():
        return Answer("", 0, 0, score, None)
    check_inside(f"the answer {text!r}", start, end, context)
    stands = context[start:end]
    if stands.strip() != text.strip():
        raise ModelFault(f"the answer {text!r} is at {start}-{end}, where the context has {stands!r}")
    start = start + len(stands) - len(stands.lstrip())
    return Answer(stands.strip(), start, start + len(stands.strip()), score, None)


def invalid(actual: Answer, whose: str) -> list[Mismatch]:
    """Return a mismatch for a margin that is no probability, and a score that is none of several windows' together."""
    margin = actual.margin
    mismatches = [] if margin is None else invalid_probability("answer", f"{whose}{actual}", "margin", margin)
    if not 0 <= actual.score < math.inf:
        message = f"{whose}{actual} has the score {actual.score}, which is no sum of probabilities"
        mismatches.append(Mismatch("answer.score", message))
    return mismatches


def expected(actual: Answer, right: Sequence[AnswerSpan]) -> list[Mismatch]:
    """Ask for one of the right passages, or where there is none for no answer."""
    if _is_right(actual, right):
        return []
    wanted = " or ".join(map(str, right)) or "no answer"
    return [Mismatch("answer", f"found {actual} ({actual.score:.4f}), expected {wanted}")]


def drift(actual: Answer, golden: Answer, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same answer and score; where both led by no more than the tolerance, it is a near tie."""
    if (actual.start, actual.end) == (golden.start, golden.end):
        if actual.text != golden.text:
            return [Mismatch("answer.text", f"found {actual}, {reference} {golden}: another text in the same place")]
        return score_drift("answer.score", f"{golden} scored", actual.score, golden.score, tolerance, reference)
    lead = larger_lead(actual.margin, golden.margin)
    found = f"found {actual} ({actual.score:.4f}), {reference} {golden} ({golden.score:.4f})"
    if not exceeds(lead, tolerance.tie):
        tie = Mismatch("answer", f"{found}: a near tie, it led by {lead:.4g}, and up to {tolerance.tie:g} is one", True)
        return [tie, *score_drift("answer.score", f"{actual} scored", actual.score, golden.score, tolerance, reference)]
    return [
        Mismatch(
            "answer", f"{found}; a near tie would lead by up to {tolerance.tie:g}, this one led by {lead_text(lead)}"
        )
    ]


def swap(candidate: Answer, golden: Answer, right: Sequence[AnswerSpan], tolerance: Tolerance) -> list[Mismatch]:
    """Ask that a right answer stays right and that its score falls little."""
    if not _is_right(golden, right):
        return []
    if not _is_right(candidate, right):
        return [Mismatch("answer", f"{golden} ({golden.score:.4f}) is lost: found {candidate} ({candidate.score:.4f})")]
    return score_fall(
        "answer.score", comma_list(right) if right else "no answer", candidate.score, golden.score, tolerance.swap
    )


def count(found: Answer, right: Sequence[AnswerSpan]) -> Counts:
    """Return what a row adds, compared by words as SQuAD's metric does (Rajpurkar et al. 2016): the best of all right
    answers; without one only none is right.
    """
    said, wanted = _compared(found.text), [_compared(span.text) for span in right] or [[]]
    exact = float(said in wanted)
    sure = sureness(found.score, bool(exact), found.score if exact else 1 - found.score)
    return {"F1": max(_f1(said, one) for one in wanted), "exact match": exact, **sure}


def figures(counts: Counts, rows: float) -> Figures:
    """Return the means over rows."""
    return {name: value / rows for name, value in counts.items() if name != RIGHT}


def diff(golden: Answer | None, now: Answer, given: object) -> Iterator[Line]:
    """Yield the answers in their places, and the score."""
    context = getattr(given, "context", "")
    same = golden is not None and (golden.start, golden.end) == (now.start, now.end)
    if golden and not same:
        yield _cut_out("- ", context, golden, OLD)
    yield _cut_out("  " if same else "+ ", context, now, SAME if same else NEW)
    yield Line.assemble("  score ", *score_change(golden.score if golden else None, now.score))


def dress(golden: Answer | None, now: Answer, right: Sequence[AnswerSpan], given: Any) -> list[blocks.Block]:
    """Show the context with the answers of each side marked, and their scores; no answer is told in words."""
    context, before = given.context, [golden] if golden else []
    said = {"before": before, "now": [now]}
    marks = {"right": [(one.start, one.start + len(one.text), "answer", False) for one in right]}
    marks |= {
        side: [(one.start, one.end, "answer", False) for one in found if one.text]
        for side, found in said.items()
        if found
    }
    places = {side: {mark[:2] for mark in found} for side, found in marks.items()}
    pieces = {
        side: blocks.marked(
            context, [(*mark[:3], mark[:2] in places["right" if side == "now" else "now"]) for mark in found]
        )
        for side, found in marks.items()
    }
    scores: dict[str, blocks.Bar] = {}
    for one in (*before, now):
        then, there = (next((of.score for of in found if str(of) == str(one)), None) for found in said.values())
        scores[str(one)] = str(one), then, there, _is_right(one, right)
    return [blocks.spans(pieces), blocks.bars(scores.values())]


def _cut_out(sign: str, context: str, answer: Answer, colour: str) -> Line:
    if not answer.text:
        return Line.assemble(sign, ("no answer", colour))
    before, behind = context[max(0, answer.start - AROUND) : answer.start], context[answer.end : answer.end + AROUND]
    return Line.assemble(
        sign, f"…{before}[", (answer.text, f"bold {colour}"), f"]{behind}… {answer.start}-{answer.end}"
    )


def normalized(text: str) -> str:
    """Return what of an answer is compared: its words with a space between them, but for articles."""
    bare = pattern(r"[\p{P}$+<=>^`|~]").sub("", folded(text))
    return apart(pattern(r"\b(?:a|an|the)\b").sub(" ", bare))


def _compared(text: str) -> list[str]:
    """Return the words of an answer that are compared, or its signs where it is made of nothing else."""
    return normalized(text).split() or [*text.strip()]


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Return the F1 of the words that two answers share; of none with none it is 1."""
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted)) if said or wanted else 1.0


def _is_right(found: Answer, right: Sequence[AnswerSpan]) -> bool:
    if not right:
        return not found.text
    said = normalized(found.text) or found.text.strip()
    return any(
        found.start < span.start + len(span.text)
        and span.start < found.end
        and said == (normalized(span.text) or span.text.strip())
        for span in right
    )


OUTPUT = Output(
    prediction=Answer,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    diff=diff,
    dress=dress,
    shares=frozenset({"exact match"}),
    less_is_better=frozenset({BRIER, LOG_LOSS}),
    highest=HIGHEST,
    answered=answered,
    answer=lambda found: f"{found.text} ({found.start}-{found.end})" if found.text else "no answer",
)
