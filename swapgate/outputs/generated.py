"""Texts that a causal language model writes, and texts that it only weighs: choices, and references.

A choice is weighed as lm-evaluation-harness does it: by the sum of the log-probabilities of its tokens behind the
prompt, maybe a character, byte or token. Bits a byte are that sum of a reference, in bits, a byte of its UTF-8: other
than a perplexity a token they can be compared between tokenizers. The perplexity that is told is one a word.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.text import Text as Line

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import blocks, checker, text
from swapgate.outputs.answered import foreign
from swapgate.outputs.counts import RIGHT, Counts, Figures
from swapgate.outputs.diff import score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, comma_list
from swapgate.outputs.text import Text, beside_golden, lost_of, steps, words_missed, written_in
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
from swapgate.outputs.writing_systems import words

WRITTEN = ("generated_text",)
"""What pipelines call a text that was written."""
TIE = Tolerance().tie
"""By how much the likelier of two choices leads at most where neither is chosen, as a share of the chances of both."""
BITS, CAPPED_BITS, MOST_BITS = "bits per byte", "capped bits per byte", 8.0
"""A byte of which nothing is known has eight bits."""
ASKED = "asked"
"""Whether a row asks for something that holds or does not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What must be written, chosen or known: what is right in a case."""

    text: str | None = None
    """The whole text, but for spaces around it."""
    contains: tuple[str, ...] = ()
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: tuple[str, ...] = ()
    """Words, or several in a row, that must not."""
    matches: str | None = None
    """A regular expression that must be found in it."""
    json_schema: str | None = None
    """The JSON schema, as JSON, of what the text must be as JSON."""
    choice: str | None = None
    """Of choices the right one."""
    reference: str | None = None
    """A text that is only weighed."""
    bits_per_byte: float | None = None
    """The most that it may have."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A text that was weighed."""

    text: str
    log_likelihood: float
    """Sum of the natural logarithms of the probabilities of its tokens."""
    tokens: int
    chance: float
    """Its probability among all choices; 1 where it is the only one."""

    @property
    def bits_per_byte(self) -> float:
        """How many bits a byte of it has."""
        return -self.log_likelihood / math.log(2) / len(self.text.encode())


@dataclass(frozen=True, slots=True)
class Generated(Text):
    """A text that a model wrote behind a prompt, or chose there, with all that it weighed."""

    __pydantic_config__ = EXACT

    choices: tuple[Choice, ...] = ()
    """What was weighed; nothing where the text was written."""


def answered(said: Any, given: Any, _row: Any) -> Generated:
    """Read a text that was written, with or without its prompt in front, or the last message of a chat.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    if isinstance(given, dict) and {*given} & {"choices", "reference"}:
        raise SurroundingsFault("choices and references are weighed by a model itself; its answers do not tell that")
    prompt = given["prompt"] if isinstance(given, dict) else given
    one = said[0] if isinstance(said, list) and len(said) == 1 else said
    if isinstance(one, dict) and isinstance(chat := one.get("generated_text"), list):
        last = chat[-1] if chat else None
        if not isinstance(last, dict) or not isinstance(last.get("content"), str):
            raise foreign(said, '{"generated_text": [{"role": …, "content": …}]}')
        return Generated(last["content"].strip(), margin=None)
    found = written_in(said, WRITTEN)
    return Generated(found.removeprefix(prompt.strip() if isinstance(prompt, str) else "").strip(), margin=None)


def invalid(actual: Generated, whose: str) -> list[Mismatch]:
    """Return a mismatch for a margin or a chance that is no probability, and a likelihood above 1 or that is NaN."""
    found = text.invalid(actual, whose)
    for one in actual.choices:
        found += invalid_probability(f"choices[{one.text}]", f"{whose}{one.text!r}", "chance", one.chance)
        if not -math.inf < one.log_likelihood <= 1e-4 or one.tokens < 1:
            message = f"{whose}{one.text!r} has the log-likelihood {one.log_likelihood}, which is that of no text"
            found.append(Mismatch(f"choices[{one.text}].log_likelihood", message))
    return found


def expected(actual: Generated, right: Asked) -> list[Mismatch]:
    """Ask for all that a case asks for."""
    said, found = actual.text, []
    if right.text is not None and said.strip() != right.text.strip():
        found.append(Mismatch("text", f"wrote {said!r}, expected {right.text!r}"))
    if right.choice is not None and not _leads(actual, right.choice):
        chose = f"chose {said!r}" if said != right.choice else "chose none: a tie"
        found.append(Mismatch("choice", f"{chose}, expected {right.choice!r} ({_weighed(actual)})"))
    found += words_missed(said, right.contains, right.must_not)
    if right.matches is not None and (why := checker.unmatched(right.matches, said)):
        found.append(Mismatch("text.matches", f"wrote {said!r}: {why}"))
    if right.json_schema is not None and (why := checker.no_json(right.json_schema, said)):
        found.append(Mismatch("text.json", f"wrote {said!r}: {why}"))
    if right.bits_per_byte is not None and exceeds(bits := actual.choices[0].bits_per_byte, right.bits_per_byte):
        message = f"the reference has {bits:.4f} bits per byte, allowed {right.bits_per_byte:g}"
        found.append(Mismatch("reference.bits_per_byte", message))
    return found


def drift(actual: Generated, golden: Generated, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same text; of what was weighed for the same probability of a token, its geometric mean, so that only
    near ties can change places.
    """
    if not (actual.choices or golden.choices):
        return text.drift(actual, golden, tolerance, reference)
    ours, theirs = ({one.text: one for one in side.choices} for side in (actual, golden))
    if ours.keys() != theirs.keys():
        return [Mismatch("choices", f"weighed {comma_list([*ours])}, {reference} {comma_list([*theirs])}")]
    found: list[Mismatch] = []
    for name, then in theirs.items():
        now, before = (math.exp(one.log_likelihood / one.tokens) for one in (ours[name], then))
        where, said = f"choices[{name}].log_likelihood", f"a token of {name!r} has the mean probability"
        found += score_drift(where, said, now, before, tolerance, reference)
    if actual.text != golden.text:
        lead, chose = larger_lead(actual.margin, golden.margin), f"chose {actual.text!r}, {reference} {golden.text!r}"
        if not exceeds(lead, tolerance.tie):
            found.append(Mismatch("choice", f"{chose}: a near tie, it led by {lead:.4g}", tie=True))
        else:
            words_of = f"{chose}; a near tie would lead by up to {tolerance.tie:g}, this one led by {lead_text(lead)}"
            found.append(Mismatch("choice", words_of))
    return found


def swap(candidate: Generated, golden: Generated, right: Asked, tolerance: Tolerance) -> list[Mismatch]:
    """Ask that nothing asked of the text is lost, and that what was known stays about as well known."""
    lost = lost_of(expected, candidate, golden, right)
    if right.choice is not None and _leads(golden, right.choice) and not lost:
        now, then = (_chance(side, right.choice) for side in (candidate, golden))
        return score_fall("choice.chance", repr(right.choice), now, then, tolerance.swap)
    if right.reference is not None:
        now, then = (2 ** -side.choices[0].bits_per_byte for side in (candidate, golden))
        return lost + score_fall("reference", "the mean probability of a byte", now, then, tolerance.swap)
    return lost


def count(found: Generated, right: Asked) -> Counts:
    """Return what a row adds: whether its text is the right one, the words that both have (F1), or of a reference its
    bits, bytes and words. Where no text is named both figures are whether all that is asked for holds; a reference of
    which nothing is asked has a part in neither.
    """
    names = "references", "bits", "capped bits", "bytes", "words"
    if right.reference is not None:
        size = float(len(right.reference.encode()))
        bits = found.choices[0].bits_per_byte * size
        told = 1.0, bits, min(bits, MOST_BITS * size), size, float(len(words(right.reference)) or 1)
        asked = float(right.bits_per_byte is not None)
        same = dict.fromkeys(("exact match", "F1"), asked * (not expected(found, right)))
        return {**same, ASKED: asked, "answers": 0.0, **dict(zip(names, told, strict=True))}
    named = right.text
    exact = float(found.text.strip() == named.strip() if named is not None else not expected(found, right))
    overlap = exact if named is None else max(exact, _f1(found.text, named))
    return {"exact match": exact, "F1": overlap, ASKED: 1.0, "answers": 1.0, **dict.fromkeys(names, 0.0)}


def figures(counts: Counts, rows: float) -> Figures:
    """Return of the rows that ask for something the share on which all is right, and the means; of references bits
    per byte of all of them and the perplexity a word.
    """
    found: dict[str, float] = {}
    if asked := counts[ASKED]:
        right = max(0.0, counts[RIGHT] - (rows - asked)) / asked  # that of which nothing is asked is right
        found = {"accuracy": right, RIGHT: right, **{name: counts[name] / asked for name in ("exact match", "F1")}}
    if not counts["bytes"]:
        return found
    known = {BITS: counts["bits"] / counts["bytes"], CAPPED_BITS: counts["capped bits"] / counts["bytes"]}
    return found | known | {"perplexity": 2 ** min(counts["bits"] / counts["words"], 1000.0)}


def headline(counts: Counts) -> str | None:
    """Return bits per byte where all rows are references; elsewhere the task's first figure tells."""
    return BITS if counts["bytes"] and not counts["answers"] else None


def besides(counts: Counts) -> list[str]:
    """Return bits per byte where some rows are references and others are not: neither may hide the other."""
    return [BITS] if counts["bytes"] and counts["answers"] else []


def diff(golden: Generated | None, now: Generated, given: object) -> Iterator[Line]:
    """Yield the text word by word, and a line for each that was weighed."""
    yield from text.diff(golden, now, given)
    then = {one.text: one for one in golden.choices} if golden else {}
    for one in now.choices:
        before = then[one.text].log_likelihood if one.text in then else None
        yield Line.assemble(f"  {one.text!r} ", *score_change(before, one.log_likelihood))


def dress(golden: Generated | None, now: Generated, right: Asked, _: object) -> list[blocks.Block]:
    """Show the text beside the golden and the right one, and the chances of choices."""
    if len(now.choices) > 1:
        then = {one.text: one.chance for one in golden.choices} if golden else {}
        rows = ((one.text, then.get(one.text), one.chance, one.text == right.choice) for one in now.choices)
        return [blocks.bars(rows)]
    named = [] if right.text is None else [blocks.words("right", steps(right.text, now.text))]
    return [*beside_golden(golden, now), *named]


def _weighed(found: Generated) -> str:
    return ", ".join(f"{one.text!r} {one.chance:.4f}" for one in found.choices)


def _leads(found: Generated, choice: str) -> bool:
    """Return whether a choice is likelier than all others, by more than a near tie between it and one of these."""
    ours, theirs = _chance(found, choice), max((one.chance for one in found.choices if one.text != choice), default=0.0)
    return found.text == choice and ours - theirs > TIE * (ours + theirs)


def _chance(found: Generated, choice: str) -> float:
    return next((one.chance for one in found.choices if one.text == choice), 0.0)


def _f1(said: str, right: str) -> float:
    """Return the F1 of the words that two texts share."""
    ours, theirs = words(said), words(right)
    both = (Counter(ours) & Counter(theirs)).total()
    return 2 * both / (len(ours) + len(theirs)) if both else 0.0


OUTPUT = Output(
    prediction=Generated,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    headline=headline,
    besides=besides,
    of_rows={**dict.fromkeys((RIGHT, "accuracy", "exact match", "F1"), ASKED), BITS: "references"},
    diff=diff,
    dress=dress,
    shares=frozenset({"accuracy", "exact match"}),
    less_is_better=frozenset({BITS, CAPPED_BITS}),
    parts={BITS: ("bits",), CAPPED_BITS: ("capped bits",)},
    capped={BITS: CAPPED_BITS},
    capped_words="a row's bits count up to eight for each byte of its reference, without that",
    ratios={CAPPED_BITS: ("bytes",)},
    highest={BITS: MOST_BITS, CAPPED_BITS: MOST_BITS},
    answer=lambda found: str(found.text),
    answered=answered,
    limits=("text", "words"),
    unscored=1,
    extra=checker.EXTRA,
)
