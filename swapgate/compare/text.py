"""Written texts: summaries by words that must occur, length and ROUGE-1; transcripts by word error rate.

Sources: ROUGE-1 is F1 of single words (Lin 2004; rouge-score, without stemming); the word error rate is substitutions,
insertions and deletions a word of the reference (jiwer), in lower case and without punctuation.
"""

import functools
import re
from typing import Any

from swapgate.compare.tolerance import Mismatch, Tolerance, beyond, drifted, fell, larger, not_between_0_and_1, shown
from swapgate.predictions import Summary, Text


def unsound(actual: Text, whose: str) -> list[Mismatch]:
    """Give a mismatch for a margin that is no probability."""
    margin = actual.margin
    return [] if margin is None else not_between_0_and_1("text", f"{whose}{actual}", "margin", margin)


def expected(actual: Text, right: Summary | str) -> list[Mismatch]:
    """Ask of a transcript that each word is right, of a summary what its case asks."""
    if isinstance(right, Summary):
        return _summary_faults(actual.text, right)
    rate = word_error_rate(actual.text, right)
    if rate == 0:
        return []
    return [Mismatch("text", f"heard {actual.text!r}, expected {right!r}: word error rate {rate:.3f}, allowed 0")]


def drift(actual: Text, golden: Text, tolerance: Tolerance, reference: str) -> list[Mismatch]:
    """Ask for the same text and margin; after a step that was a near tie on both sides another text may follow."""
    if actual.text == golden.text:
        if actual.margin is None or golden.margin is None:
            return []
        return drifted(
            "text.margin",
            f"the smallest lead of a step in {golden} was",
            actual.margin,
            golden.margin,
            tolerance,
            reference,
        )
    from rapidfuzz.distance import Levenshtein

    share = Levenshtein.normalized_distance(actual.text, golden.text)
    if not beyond(share, tolerance.text):
        return []
    rate = word_error_rate(actual.text, golden.text) if normalized(golden.text) else 1.0
    if tolerance.words and not beyond(rate, tolerance.words):
        return []
    lead, wrote = larger(actual.margin, golden.margin), f"wrote {actual.text!r}, {reference} {golden.text!r}"
    if not beyond(lead, tolerance.tie):
        message = f"{wrote}: a near tie, the nearest step led by {lead:.4g}, and up to {tolerance.tie:g} is one"
        return [Mismatch("text", message, tie=True)]
    return [
        Mismatch(
            "text",
            f"{wrote}: {share:.1%} of the characters differ, allowed {tolerance.text:.1%}, at a word error rate of"
            f" {rate:.3f}, allowed {tolerance.words:g} (ROUGE-1 of one to the other"
            f" {rouge_1(actual.text, golden.text):.3f}); a near tie would lead by up to {tolerance.tie:g}, the nearest"
            f" step led by {shown(lead)}",
            off=share,
        )
    ]


def swap(candidate: Text, golden: Text, right: Summary | str, tolerance: Tolerance) -> list[Mismatch]:
    """Ask that nothing asked of the text is lost, and that its metric against the reference falls little."""
    if isinstance(right, Summary):
        before = {mismatch.path for mismatch in _summary_faults(golden.text, right)}
        lost = [mismatch for mismatch in _summary_faults(candidate.text, right) if mismatch.path not in before]
        metrics = rouge_1(candidate.text, right.summary), rouge_1(golden.text, right.summary)
        return lost + fell("text.rouge_1", "ROUGE-1", *metrics, tolerance.swap)
    rates = word_error_rate(candidate.text, right), word_error_rate(golden.text, right)
    rise = rates[0] - rates[1]
    if not beyond(rise, tolerance.swap):
        return []
    return [
        Mismatch(
            "text.word_error_rate",
            f"heard {candidate.text!r}: word error rate {rates[0]:.3f}, the incumbent's {golden.text!r} {rates[1]:.3f}:"
            f" rose by {rise:.3f}, allowed {tolerance.swap:g}",
        )
    ]


def word_error_rate(heard: str, said: str) -> float:
    """Give the wrong, missing and added words of a transcript as a share of the words that were said; 1 where all are.

    It is above 1 where more words are added than were said.
    """
    import jiwer

    return float(jiwer.wer(normalized(said), normalized(heard)))


def normalized(text: str) -> str:
    """Give a transcript in lower case, without punctuation, with single spaces."""
    return str(_normalization()(text))


def rouge_1(text: str, reference: str) -> float:
    """Give the F1 of the words that a text shares with its reference, from 0 to 1."""
    return float(_rouge().score(reference, text)["rouge1"].fmeasure)


def _summary_faults(text: str, right: Summary) -> list[Mismatch]:
    fewest, most = right.words
    count = len(text.split())
    faults = [
        Mismatch(f"text.must[{words}]", f"{words!r} does not occur in {text!r} and must")
        for words in right.must
        if not _occurs(words, text)
    ]
    faults += [
        Mismatch(f"text.must_not[{words}]", f"{words!r} occurs in {text!r} and must not")
        for words in right.must_not
        if _occurs(words, text)
    ]
    if not fewest <= count <= most:
        faults.append(Mismatch("text.words", f"{text!r} has {count} words, allowed {fewest} to {most}"))
    last = re.search(r"\w+$", text)
    if last and not _occurs(last[0], f"{right.source} {right.summary}"):
        faults.append(
            Mismatch("text.end", f"{text!r} ends in {last[0]!r}, no word of the source: it is cut in mid-word")
        )
    return faults


def _occurs(words: str, text: str) -> bool:
    """Tell whether words stand in a text in this order, as whole words, whatever their case."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


@functools.cache
def _normalization() -> Any:
    import jiwer

    return jiwer.Compose(
        [
            jiwer.SubstituteRegexes({r"\s+": " "}),
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
        ]
    )


@functools.cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1"])
