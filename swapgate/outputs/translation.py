"""Translations: words that must occur or must not, and chrF and BLEU beside a reference.

Sources: chrF, M. Popović, WMT 2015; BLEU, K. Papineni et al., ACL 2002; both by sacrebleu (M. Post, WMT 2018), whose
signatures say how they are computed. Where a writing system has no spaces each of its letters is a word of BLEU.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from swapgate.core.extras import install
from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import blocks, text
from swapgate.outputs.counts import Counts, Figures
from swapgate.outputs.prediction import EXACT, Compare, Output
from swapgate.outputs.text import Text, beside_golden, cut_off, lost_of, steps, words_missed, written_in
from swapgate.outputs.tolerance import Mismatch, Tolerance, score_fall
from swapgate.outputs.writing_systems import apart

EXTRA = "writing"
WRITTEN = ("translation_text", "generated_text")
"""What pipelines call a translation."""
FIGURES = ("chrF", "BLEU")
MEANS = {name: f"mean {name}" for name in FIGURES}
"""From a figure of all text together to the mean of each row's own."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a translation must be like: what is right in a case."""

    translation: str
    """How a person translated it: the reference of chrF and BLEU."""
    must: tuple[str, ...]
    """Words, or several in a row, that must occur; case does not matter."""
    must_not: tuple[str, ...]
    """Words, or several in a row, that must not."""


@dataclass(frozen=True, slots=True)
class Translation(Text):
    """A text that a model wrote in another language."""

    __pydantic_config__ = EXACT


def answered(said: Any, _given: Any, _row: Any) -> Translation:
    """Read a translation. Raises as `swapgate.outputs.prediction.Output.answered` says."""
    return Translation(written_in(said, WRITTEN), margin=None)


def expected(actual: Translation, right: Reference) -> list[Mismatch]:
    """Ask for the words that must occur, for none that must not, and for a whole text."""
    return words_missed(actual.text, right.must, right.must_not) + cut_off(actual)


def swap(candidate: Translation, golden: Translation, right: Reference, tolerance: Tolerance) -> list[Mismatch]:
    """Ask that nothing asked of the text is lost, and that its own chrF falls little."""
    own = _own(candidate.text, right.translation)["chrF"], _own(golden.text, right.translation)["chrF"]
    return lost_of(expected, candidate, golden, right) + score_fall("text.chrf", "chrF", *own, tolerance.swap)


def count(found: Translation, right: Reference) -> Counts:
    """Return what a row adds: to the sums of n-grams of which both figures are made, and its own of both."""
    said, wanted = [apart(found.text)], [apart(right.translation)]
    sums = {
        f"{name} {place}": float(value)
        for name, metric in _metrics().items()
        for place, value in enumerate(metric._extract_corpus_statistics(said, [wanted])[0])
    }
    return sums | {MEANS[name]: value for name, value in _own(found.text, right.translation).items()}


def figures(counts: Counts, rows: float) -> Figures:
    """Return chrF and BLEU of all text together, and the means of the rows' own."""
    together = {}
    for name, metric in _metrics().items():
        sums = [counts[key] for key in counts if isinstance(key, str) and key.startswith(f"{name} ")]
        together[name] = _share(metric._aggregate_and_compute([sums]))
    return together | {mean: counts[mean] / rows for mean in MEANS.values()}


def signatures() -> Mapping[str, str]:
    """Return how sacrebleu computes each figure, by name."""
    for metric in _metrics().values():
        metric.corpus_score([""], [["."]])  # without one the number of references is unknown
    return {name: str(metric.get_signature()) for name, metric in _metrics().items()}


def dress(golden: Translation | None, now: Translation, right: Reference, _: object) -> list[blocks.Block]:
    """Show the text word by word beside the golden and beside the reference."""
    return [*beside_golden(golden, now), blocks.words("right", steps(right.translation, now.text))]


@functools.cache
def _metrics(of_rows: bool = False) -> dict[str, Any]:
    """Return what computes each figure, of all text or of a row, in which BLEU counts the orders that it is long enough
    for. Raises SurroundingsFault without sacrebleu.
    """
    try:
        from sacrebleu.metrics import BLEU, CHRF
    except ImportError as error:
        raise SurroundingsFault(f"chrF and BLEU need sacrebleu; type: {install([EXTRA])}") from error
    return {"chrF": CHRF(), "BLEU": BLEU(effective_order=of_rows)}


def _own(text: str, reference: str) -> Figures:
    """Return the figures of one text, in [0, 1]."""
    both = apart(text), [apart(reference)]
    return {name: _share(metric.sentence_score(*both)) for name, metric in _metrics(of_rows=True).items()}


def _share(score: Any) -> float:
    """Return a score of sacrebleu, which is in percent and by its rounding a little more, in [0, 1]."""
    return min(1.0, float(score.score) / 100)


OUTPUT = Output(
    prediction=Translation,
    compare=Compare(text.invalid, expected, text.drift, swap),
    count=count,
    figures=figures,
    diff=text.diff,
    dress=dress,
    capped=MEANS,
    capped_words="it is judged by the mean of the rows' own; of all text together it is",
    signatures=signatures,
    answer=lambda found: str(found.text),
    answered=answered,
    limits=("text", "words"),
    unscored=1,
    extra=EXTRA,
)
