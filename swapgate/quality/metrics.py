"""How good predictions are, task by task: figures in [0, 1] by name, the headline first. By kept libraries.

Sources: scikit-learn (precision, recall, F1), seqeval (exact spans), torchmetrics (SQuAD's exact match and F1),
rouge-score (ROUGE, Lin 2004), jiwer (word and character error rates), pycocotools (mean average precision).
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from swapgate.compare.text import normalized
from swapgate.predictions import Answer, Classification, Detections, Entities, Passage, Span, Summary, Text, Thing

Figures = dict[str, float]


def classification(found: Sequence[Classification], right: Sequence[Sequence[str]]) -> Figures:
    """Give accuracy, top-k accuracy, macro F1, and precision, recall and F1 of each label.

    Where several labels are right and the one that leads is not among them, the first of them counts as missed.
    """
    from sklearn.metrics import precision_recall_fscore_support

    ranked = [[score.label for score in one.scores] for one in found]
    wanted = [labels[0] if labels[0] in allowed else allowed[0] for labels, allowed in zip(ranked, right, strict=True)]
    led = [labels[0] for labels in ranked]
    names = sorted({*wanted, *led})
    table = precision_recall_fscore_support(wanted, led, labels=names, zero_division=0.0)
    each = {
        f"{what} {name}": float(value)
        for what, column in zip(("precision", "recall", "F1"), table, strict=False)
        for name, value in zip(names, column, strict=True)
    }
    tops = {
        f"top-{k}": _mean(bool({*labels[:k]} & {*allowed}) for labels, allowed in zip(ranked, right, strict=True))
        for k in (3, 5)
    }
    accuracy = _mean(one == other for one, other in zip(led, wanted, strict=True))
    return {"accuracy": accuracy, **tops, "macro F1": _mean(table[2]), **each}


def entities(found: Sequence[Entities], right: Sequence[Sequence[Span]]) -> Figures:
    """Give F1, precision and recall of exact spans, of all and of each label (seqeval, strict, by characters)."""
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    pairs = [(one.entities, spans) for one, spans in zip(found, right, strict=True)]
    lengths = [max((span.end for spans in pair for span in spans), default=1) for pair in pairs]
    tags = [[_tags(pair[side], length) for pair, length in zip(pairs, lengths, strict=True)] for side in (1, 0)]
    report = classification_report(*tags, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    names = sorted(name for name in report if not name.endswith(" avg"))
    return {
        f"{what}{f' {name}' if name != 'micro avg' else ''}": float(report[name][key])
        for name in ["micro avg", *names]
        for what, key in (("F1", "f1-score"), ("precision", "precision"), ("recall", "recall"))
    }


def _tags(spans: Sequence[Span], length: int) -> list[str]:
    """Tag each character, so that spans are exact whatever a word is."""
    tags = ["O"] * length
    for span in spans:
        tags[span.start : span.end] = [f"B-{span.label}", *[f"I-{span.label}"] * (span.end - span.start - 1)]
    return tags


def answers(found: Sequence[Answer], right: Sequence[Sequence[Passage]]) -> Figures:
    """Give F1 of words and exact match, as SQuAD compares answers; of questions without one only none is right."""
    from torchmetrics.functional.text import squad

    said = [{"prediction_text": one.text, "id": str(number)} for number, one in enumerate(found)]
    wanted = [
        {
            "answers": {
                "text": [passage.text for passage in passages] or [""],
                "answer_start": [passage.start for passage in passages] or [0],
            },
            "id": str(number),
        }
        for number, passages in enumerate(right)
    ]
    scores = squad(said, wanted)
    return {"F1": float(scores["f1"]) / 100, "exact match": float(scores["exact_match"]) / 100}


def summaries(found: Sequence[Text], right: Sequence[Summary]) -> Figures:
    """Give the mean F1 of ROUGE-1, ROUGE-2 and ROUGE-L, without stemming."""
    from rouge_score.rouge_scorer import RougeScorer

    kinds = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
    scorer = RougeScorer([*kinds.values()])
    scores = [scorer.score(wanted.summary, one.text) for one, wanted in zip(found, right, strict=True)]
    return {name: _mean(score[kind].fmeasure for score in scores) for name, kind in kinds.items()}


def transcripts(found: Sequence[Text], right: Sequence[str]) -> Figures:
    """Give word and character error rate over all words, in lower case and without punctuation; less is better."""
    import jiwer

    said, wanted = [normalized(one.text) for one in found], [normalized(text) for text in right]
    return {"WER": float(jiwer.wer(wanted, said)), "CER": float(jiwer.cer(wanted, said))}


def detections(found: Sequence[Detections], right: Sequence[Sequence[Thing]]) -> Figures:
    """Give mean average precision at an IoU of 0.5 and over 0.5 to 0.95, and the latter of each label, as COCO does.

    It is meant for predictions with all candidates: objects below a row's threshold would be missed here.
    """
    from pycocotools.cocoeval import COCOeval

    names = sorted({thing.label for things in right for thing in things})  # as COCO counts: by the classes it has
    scenes = [[thing for thing in one.objects if thing.label in names] for one in found]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        evaluation = COCOeval(_coco(right, names), _coco(scenes, names), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    table = evaluation.eval["precision"][:, :, :, 0, -1]  # IoU, recall, class; objects of any size, the best 100
    each = {f"mAP {name}": float(table[:, :, number].mean()) for number, name in enumerate(names)}
    return {"mAP@0.5": float(evaluation.stats[1]), "mAP@[.5:.95]": float(evaluation.stats[0]), **each}


def _coco(scenes: Sequence[Sequence[Thing]], names: Sequence[str]) -> Any:
    """Give the objects of pictures in pycocotools' form."""
    from pycocotools.coco import COCO

    table = COCO()
    table.dataset = {
        "images": [{"id": number} for number in range(len(scenes))],
        "categories": [{"id": number} for number in range(len(names))],
        "annotations": [],
    }
    for number, things in enumerate(scenes):
        for thing in things:
            left, top, right, bottom = thing.box
            one = {
                "id": len(table.dataset["annotations"]) + 1,  # it takes 0 for no object
                "image_id": number,
                "category_id": names.index(thing.label),
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
                "iscrowd": 0,
                "score": getattr(thing, "score", 1.0),
            }
            table.dataset["annotations"].append(one)
    table.createIndex()
    return table


def _mean(values: Any) -> float:
    values = list(values)
    return float(sum(values) / len(values))


METRICS: Mapping[str, Callable[[Any, Any], Figures]] = {
    "sentiment": classification,
    "ner": entities,
    "question-answering": answers,
    "summarization": summaries,
    "speech-recognition": transcripts,
    "audio-classification": classification,
    "image-classification": classification,
    "object-detection": detections,
}
"""What measures the predictions of a task; all but error rates are better the higher they are."""
