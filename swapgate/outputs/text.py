"""Written texts: summaries by words that must occur, length and ROUGE; transcripts by word error rate.

Sources: ROUGE is F1 of words, pairs and common subsequences (Lin 2004; rouge-score, without stemming); the word error
rate is substitutions, insertions and deletions a word of the reference (jiwer), in lower case, without punctuation.
Where a writing system has no spaces, each of its letters is a word (`writing_systems`).
"""

import difflib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rich.text import Text as Line

from swapgate.outputs import blocks
from swapgate.outputs.answered import foreign, tables, text_in
from swapgate.outputs.counts import RIGHT, Counts, Figures
from swapgate.outputs.diff import NEW, OLD, score_change
from swapgate.outputs.prediction import EXACT, Compare, Output, Prediction
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
from swapgate.outputs.writing_systems import (
    HEBREW_LETTER,
    apart,
    folded,
    has_spaces,
    last_word,
    occurs,
    pattern,
    together,
    unspaced,
    words,
)

ROUGE = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
ERROR_RATES = {"WER": "words", "CER": "letters"}
"""Error rates, and what they are rates of."""
CAPPED = {name: f"capped {name}" for name in ERROR_RATES}
"""Error rates in which a row has at most as many errors as its reference has words, or letters."""
WRITTEN = ("summary_text", "text", "generated_text")
"""What pipelines call a text that was written."""
PART = "\ufffd"
"""What a decoder makes of a part of a character."""
MOST_WORDS = 2_000
"""Words of a text that are shown beside another's; finding what they share takes the square of that."""
SPACELESS = "letters without spaces"
"""Those of the references that have no spaces between their words."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary must be like: what is right in a case."""

    source: str
    """The text that is summarized."""
    summary: str
    """How a person summarized it: the reference of ROUGE."""
    must: tuple[str, ...]
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: tuple[str, ...]
    """Words, or several in a row, that must not."""
    words: tuple[int, int]
    """Fewest and most words."""


@dataclass(frozen=True, slots=True)
class Text(Prediction):
    """A text that a model wrote: a summary, or what it heard."""

    __pydantic_config__ = EXACT

    text: str
    margin: float | None
    """Smallest lead of a chosen step over its runner-up, in [0, 1]: how near the text was to being another one."""
    cut: bool = False
    """Whether the longest that it may be ended it within a word. One that its model ended by itself is whole."""

    def __str__(self) -> str:
        return repr(self.text)


def answered(said: Any, _given: Any, _row: Any) -> Text:
    """Read a text that was written: a summary, or what was heard.

    Raises as `swapgate.outputs.prediction.Output.answered` says.
    """
    return Text(written_in(said, WRITTEN), margin=None)


def written_in(said: Any, keys: Sequence[str]) -> str:
    """Return the text that an answer has under one of the keys. Raises as `answered` does."""
    wanted = " or ".join(f'{{"{key}": …}}' for key in keys)
    several = tables(said, wanted)
    key = next((key for key in keys if len(several) == 1 and key in several[0]), None)
    if key is None:
        raise foreign(said, wanted)
    return text_in(several[0], key, wanted).strip()


def invalid(actual: Text, whose: str) -> list[Mismatch]:
    """Return a mismatch for a margin that is no probability."""
    margin = actual.margin
    return [] if margin is None else invalid_probability("text", f"{whose}{actual}", "margin", margin)


def expected(actual: Text, right: Summary | str) -> list[Mismatch]:
    """Ask of a transcript that each word is right, of a summary what its case asks."""
    if isinstance(right, Summary):
        return _summary_faults(actual, right)
    name, rate = _error_rate(actual.text, right)
    if rate == 0:
        return []
    return [Mismatch("text", f"heard {actual.text!r}, expected {right!r}: {name} {rate:.3f}, allowed 0")]


def drift(actual: Text, golden: Text, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same text and margin; after a step that was a near tie on both sides another text may follow."""
    if actual.text == golden.text:
        if actual.margin is None or golden.margin is None:
            return []
        return score_drift(
            "text.margin",
            f"the smallest lead of a step in {golden} was",
            actual.margin,
            golden.margin,
            tolerance,
            reference,
            field="margin",
        )
    from rapidfuzz.distance import Levenshtein

    share = Levenshtein.normalized_distance(actual.text, golden.text)
    if not exceeds(share, tolerance.text):
        return []
    name, rate = _error_rate(actual.text, golden.text)
    if tolerance.words and not exceeds(rate, tolerance.words):
        return []
    lead, wrote = larger_lead(actual.margin, golden.margin), f"wrote {actual.text!r}, {reference} {golden.text!r}"
    if not exceeds(lead, tolerance.tie):
        message = f"{wrote}: a near tie, the nearest step led by {lead:.4g}, and up to {tolerance.tie:g} is one"
        return [Mismatch("text", message, tie=True)]
    return [
        Mismatch(
            "text",
            f"{wrote}: {share:.1%} of the characters differ, allowed {tolerance.text:.1%}, at a {name} of"
            f" {rate:.3f}, allowed {tolerance.words:g} (ROUGE-1 of one to the other"
            f" {rouge_1(actual.text, golden.text):.3f}); a near tie would lead by up to {tolerance.tie:g}, the nearest"
            f" step led by {lead_text(lead)}",
            off={"characters": share, "words": rate},
        )
    ]


def swap(candidate: Text, golden: Text, right: Summary | str, tolerance: Tolerance) -> list[Mismatch]:
    """Ask that nothing asked of the text is lost, and that its metric against the reference falls little."""
    if isinstance(right, Summary):
        lost = lost_of(_summary_faults, candidate, golden, right)
        metrics = rouge_1(candidate.text, right.summary), rouge_1(golden.text, right.summary)
        return lost + score_fall("text.rouge_1", "ROUGE-1", *metrics, tolerance.swap)
    (name, now), (_, then) = _error_rate(candidate.text, right), _error_rate(golden.text, right)
    if not exceeds(now - then, tolerance.swap):
        return []
    return [
        Mismatch(
            "text.word_error_rate",
            f"heard {candidate.text!r}: {name} {now:.3f}, the incumbent's {golden.text!r} {then:.3f}: rose by"
            f" {now - then:.3f}, allowed {tolerance.swap:g}",
        )
    ]


def lost_of(faults: Callable[[Any, Any], list[Mismatch]], candidate: Text, golden: Text, right: Any) -> list[Mismatch]:
    """Return the faults of a candidate's text that the incumbent's has not."""
    before = {mismatch.path for mismatch in faults(golden, right)}
    if candidate.text == golden.text:  # of which older goldens do not say that it is cut
        before.add("text.end")
    return [mismatch for mismatch in faults(candidate, right) if mismatch.path not in before]


def count(found: Text, right: Summary | str) -> Counts:
    """Return what a row adds: of a summary its ROUGE, of a transcript its words and letters, all and wrong ones."""
    if isinstance(right, Summary):
        scores = _rouge(*ROUGE.values()).score(right.summary, found.text)
        return {name: scores[kind].fmeasure for name, kind in ROUGE.items()}
    import jiwer

    said, heard = normalized(right), normalized(found.text)
    both = {"words": jiwer.process_words(apart(said), apart(heard)), "letters": jiwer.process_characters(said, heard)}
    counted = {}
    for name, one in both.items():
        counted[name] = float(one.hits + one.substitutions + one.deletions)
        counted[f"wrong {name}"] = float(one.substitutions + one.deletions + one.insertions)
        counted[f"capped {name}"] = min(counted[f"wrong {name}"], counted[name])
    counted[SPACELESS] = 0.0 if has_spaces(said) else counted["letters"]
    return counted


def figures(counts: Counts, rows: float) -> Figures:
    """Return mean ROUGE of summaries; of transcripts the error rates of all words and of all letters, capped too."""
    if "words" in counts:
        rates = {name: counts[f"wrong {part}"] / counts[part] for name, part in ERROR_RATES.items()}
        return rates | {CAPPED[name]: counts[f"capped {part}"] / counts[part] for name, part in ERROR_RATES.items()}
    return {name: value / rows for name, value in counts.items() if name != RIGHT}


def headline(counts: Counts) -> str | None:
    """Return CER where most of what was said is written without spaces; elsewhere the task's first figure tells."""
    return "CER" if 2 * counts.get(SPACELESS, 0.0) > counts.get("letters", 0.0) else None


def diff(golden: Text | None, now: Text, _: object) -> Iterator[Line]:
    """Yield the text word by word, and how near its nearest step was."""
    yield _word_by_word(golden.text.split() if golden else [], now.text.split())
    yield Line.assemble("  nearest step ", *score_change(golden.margin if golden else None, now.margin))


def _word_by_word(then: Sequence[str], now: Sequence[str]) -> Line:
    """Return a text with what went away as [-words-] and what came as {+words+}, as git's word diff does."""
    line = Line("  ")
    for word, a, b, c, d in difflib.SequenceMatcher(None, then, now, autojunk=False).get_opcodes():
        if word == "equal":
            line.append(" ".join(then[a:b]) + " ")
        else:
            line.append(f"[-{' '.join(then[a:b])}-] " if b > a else "", OLD)
            line.append(f"{{+{' '.join(now[c:d])}+}} " if d > c else "", NEW)
    line.rstrip()
    return line


def dress(golden: Text | None, now: Text, right: Summary | str, _: object) -> list[blocks.Block]:
    """Show the text word by word beside the golden, and a transcript beside what was said."""
    found = beside_golden(golden, now)
    if isinstance(right, str):
        found.append(blocks.words("right", steps(right, now.text, normalized)))
    return found


def beside_golden(golden: Text | None, now: Text) -> list[blocks.Block]:
    """Show a text word by word beside the golden."""
    return [blocks.words("before", steps(golden.text if golden else "", now.text))]


def steps(then: str, now: str, compared: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Yield what two texts have in common word by word, and what is only in the one or the other; `compared`: what
    of a word must be the same.
    """
    before, after = (text.split(maxsplit=MOST_WORDS)[:MOST_WORDS] for text in (then, now))
    one, other = ([compared(word) for word in side] for side in (before, after))
    for word, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if word == "equal":
            yield "same", " ".join(after[c:d])
            continue
        if b > a:
            yield "gone", " ".join(before[a:b])
        if d > c:
            yield "new", " ".join(after[c:d])


def word_error_rate(heard: str, said: str) -> float:
    """Return the wrong, missing and added words of a transcript as a share of the words that were said; 1 where all
    are, or none were said and some heard.

    It is above 1 where more words are added than were said.
    """
    import jiwer

    said, heard = normalized(said), normalized(heard)
    return float(jiwer.wer(apart(said), apart(heard))) if said else float(bool(heard))


def _error_rate(heard: str, said: str) -> tuple[str, float]:
    """Return by which rate a transcript is judged, and that rate: of words, or of letters where there are no spaces."""
    import jiwer

    if has_spaces(normalized(said)):
        return "word error rate", word_error_rate(heard, said)
    return "character error rate", float(jiwer.cer(normalized(said), normalized(heard)))


def normalized(text: str) -> str:
    """Return a transcript in the form of `folded`, with spaces for punctuation, and where words have them.

    Apostrophes inside words stay, and the quotes inside Hebrew ones. Commas between groups of digits go: 1,000 is 1000.
    """
    text = pattern(r"(?<=\d),(?=(?:\d\d,)*\d{3}(?!\d))").sub("", folded(text))
    quotes = rf"""(?<!\w)'|'(?!\w)|(?<!{HEBREW_LETTER})"|"(?!{HEBREW_LETTER})"""
    text = pattern(rf"""[[\p{{P}}\p{{Sk}}~]--['"]]|{quotes}""").sub(" ", text)
    return together(" ".join(text.split()))


def rouge_1(text: str, reference: str) -> float:
    """Return the F1 of the words that a text shares with its reference, from 0 to 1."""
    return float(_rouge("rouge1").score(reference, text)["rouge1"].fmeasure)


def _summary_faults(actual: Text, right: Summary) -> list[Mismatch]:
    text, (fewest, most) = actual.text, right.words
    count = sum(len(words(stretch)) if unspaced(stretch) else 1 for stretch in text.split())
    faults = words_missed(text, right.must, right.must_not)
    if not fewest <= count <= most:
        each = " (each letter is one where there are no spaces)" if unspaced(text) else ""
        faults.append(Mismatch("text.words", f"{text!r} has {count} words{each}, allowed {fewest} to {most}"))
    return faults + cut_off(actual)


def words_missed(text: str, must: Sequence[str], must_not: Sequence[str]) -> list[Mismatch]:
    """Return a mismatch for each word, or several in a row, that must occur in a text and does not, or must not."""
    missed = [
        Mismatch(f"text.must[{wanted}]", f"{wanted!r} does not occur in {text!r} and must")
        for wanted in must
        if not occurs(wanted, text)
    ]
    return missed + [
        Mismatch(f"text.must_not[{wanted}]", f"{wanted!r} occurs in {text!r} and must not")
        for wanted in must_not
        if occurs(wanted, text)
    ]


def cut_off(actual: Text) -> list[Mismatch]:
    """Return a mismatch for a text that ends within a word or a character."""
    text = actual.text
    if text.rstrip().endswith(PART):
        return [Mismatch("text.end", f"{text!r} ends in a part of a character")]
    if not actual.cut:
        return []
    return [
        Mismatch(
            "text.end",
            f"{text!r} ends in {last_word(text)!r}, cut in mid-word by its greatest length (max_new_tokens in the"
            " row's generation)",
        )
    ]


@functools.cache
def _rouge(*kinds: str) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([*kinds], tokenizer=SimpleNamespace(tokenize=words))


OUTPUT = Output(
    prediction=Text,
    compare=Compare(invalid, expected, drift, swap),
    count=count,
    figures=figures,
    headline=headline,
    diff=diff,
    dress=dress,
    less_is_better=frozenset({*ERROR_RATES, *CAPPED.values()}),
    parts={
        **{name: (f"wrong {part}",) for name, part in ERROR_RATES.items()},
        **{CAPPED[name]: (f"capped {part}",) for name, part in ERROR_RATES.items()},
    },
    capped=CAPPED,
    capped_words="a row's errors count up to the length of its reference, without that",
    answer=lambda found: str(found.text),
    answered=answered,
    ratios={CAPPED[name]: (part,) for name, part in ERROR_RATES.items()},
    limits=("text", "words"),
    extra="text",
    unscored=1,
)
