"""What a row of an evaluation set counts for, task by task, and the figures of such counts, by kept libraries.

Sources: scikit-learn (precision, recall, F1), torchmetrics (SQuAD's exact match and F1), rouge-score (ROUGE, Lin 2004),
jiwer (word and character error rates).
"""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from swapgate.compare.text import normalized
from swapgate.predictions import Answer, Classification, Entities, Passage, Span, Summary, Text

Figures = dict[str, float]
"""In [0, 1], but for error rates, which can exceed 1."""
Counts = Mapping[Any, float]
"""What a row adds: numbers by name, and by pairs of a right and a given label."""

RIGHT = "right"
"""Share of the rows on which nothing is wrong, as the test of a case with this expected answer would find."""
LESS_IS_BETTER = frozenset({"WER", "CER"})
SHARES = frozenset({RIGHT, "accuracy", "top-3", "top-5", "exact match"})
"""Figures of rows that are either right or wrong."""
NOTHING = ""
"""The label of what one side does not have."""


def _classification(found: Classification, right: Sequence[str]) -> Counts:
    """Where several labels are right and the one that leads is not among them, the first of them counts as missed."""
    ranked = [score.label for score in found.scores]
    tops = {f"top-{k}": float(bool({*ranked[:k]} & {*right})) for k in (3, 5)}
    return {**tops, (ranked[0] if ranked[0] in right else right[0], ranked[0]): 1.0}


def _classification_figures(counts: Counts, rows: float) -> Figures:
    return {"accuracy": counts[RIGHT] / rows, **{name: counts[name] / rows for name in ("top-3", "top-5")}}


def _entities(found: Entities, right: Sequence[Span]) -> Counts:
    ours, theirs = {entity.key for entity in found.entities}, {span.key for span in right}
    pairs: Counter[Any] = Counter((key[0], key[0]) for key in ours & theirs)
    pairs.update((key[0], NOTHING) for key in theirs - ours)
    pairs.update((NOTHING, key[0]) for key in ours - theirs)
    return {**pairs, "both": len(ours & theirs), "found": len(ours), "wanted": len(theirs)}


def _entities_figures(counts: Counts, _: float) -> Figures:
    """Count all labels alike, as seqeval does in its strict mode."""
    both, found, wanted = (counts[name] for name in ("both", "found", "wanted"))
    return {
        "F1": 2 * both / (found + wanted) if found + wanted else 0.0,
        "precision": both / found if found else 0.0,
        "recall": both / wanted if wanted else 0.0,
    }


def by_label(counts: Counts) -> Figures:
    """Give precision, recall and F1 of each label, and their means (scikit-learn), of counts by pairs of labels."""
    pairs = {pair: count for pair, count in counts.items() if isinstance(pair, tuple) and count}
    names = sorted({label for pair in pairs for label in pair} - {NOTHING})
    if not names:
        return {}
    from sklearn.metrics import precision_recall_fscore_support

    right, given = zip(*pairs, strict=True)
    table = precision_recall_fscore_support(
        right, given, labels=names, sample_weight=[*pairs.values()], zero_division=0.0
    )
    return {
        **{f"macro {what}": float(table[place].mean()) for what, place in _PLACES.items()},
        **{
            f"{what} {name}": float(value)
            for what, place in _PLACES.items()
            for name, value in zip(names, table[place], strict=True)
        },
    }


_PLACES = {"F1": 2, "precision": 0, "recall": 1}
"""Where scikit-learn gives them."""


def _answer(found: Answer, right: Sequence[Passage]) -> Counts:
    """Compare as SQuAD does, by words; of a question without an answer only none is right."""
    from torchmetrics.functional.text import squad

    texts, starts = [passage.text for passage in right] or [""], [passage.start for passage in right] or [0]
    wanted = {"answers": {"text": texts, "answer_start": starts}, "id": "0"}
    scores = squad([{"prediction_text": found.text, "id": "0"}], [wanted])
    return {"F1": float(scores["f1"]) / 100, "exact match": float(scores["exact_match"]) / 100}


def _summary(found: Text, right: Summary) -> Counts:
    scores = _rouge().score(right.summary, found.text)
    return {name: scores[kind].fmeasure for name, kind in ROUGE.items()}


ROUGE = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}


@functools.cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([*ROUGE.values()])


def _means(counts: Counts, rows: float) -> Figures:
    return {name: value / rows for name, value in counts.items() if name != RIGHT}


def _transcript(found: Text, right: str) -> Counts:
    """Compare in lower case and without punctuation."""
    import jiwer

    said, heard = normalized(right), normalized(found.text)
    words, letters = jiwer.process_words(said, heard), jiwer.process_characters(said, heard)
    numbers = {}
    for name, one in (("words", words), ("letters", letters)):
        numbers[name] = float(one.hits + one.substitutions + one.deletions)
        numbers[f"wrong {name}"] = float(one.substitutions + one.deletions + one.insertions)
    return numbers


def _transcript_figures(counts: Counts, _: float) -> Figures:
    """Give error rates of all words, and of all characters, together."""
    return {
        "WER": counts["wrong words"] / counts["words"],
        "CER": counts["wrong letters"] / counts["letters"],
    }


COUNTED: Mapping[str, tuple[Callable[[Any, Any], Counts], Callable[[Counts, float], Figures]]] = {
    "sentiment": (_classification, _classification_figures),
    "ner": (_entities, _entities_figures),
    "question-answering": (_answer, _means),
    "summarization": (_summary, _means),
    "speech-recognition": (_transcript, _transcript_figures),
    "audio-classification": (_classification, _classification_figures),
    "image-classification": (_classification, _classification_figures),
    "object-detection": (lambda found, right: {}, lambda counts, rows: {}),
}
"""What a row of a task counts for, and the figures of the sums, to which `by_label` adds those of pairs of labels."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "WER": ("wrong words",),
    "CER": ("wrong letters",),
    **dict.fromkeys(("F1", "precision", "recall"), ("both", "found")),
}
"""Numbers in which two models can differ, of a figure that is not one itself and not of pairs of labels."""

HEADLINES: Mapping[str, tuple[str, ...]] = {
    "sentiment": ("accuracy", "top-3", "top-5", "macro F1"),
    "ner": ("F1", "precision", "recall"),
    "question-answering": ("F1", "exact match"),
    "summarization": ("ROUGE-1", "ROUGE-2", "ROUGE-L"),
    "speech-recognition": ("WER", "CER"),
    "audio-classification": ("accuracy", "top-3", "top-5", "macro F1"),
    "image-classification": ("accuracy", "top-3", "top-5", "macro F1"),
    "object-detection": ("mAP@0.5", "mAP@[.5:.95]"),
}
"""Figures by which a budget may judge, besides `RIGHT`; the first where it does not say."""
