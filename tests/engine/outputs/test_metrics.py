"""Quality metrics: each figure on a handful of predictions that can be reckoned by hand."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from swapgate.outputs import BUILT_IN
from swapgate.outputs.answer import Answer, AnswerSpan, count
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.counts import by_label
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.text import Summary, Text
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task, tasks


def labels(*names):
    """Return a classification whose labels have these names, best first."""
    scores = [0.5 ** (place + 1) for place in range(len(names))]
    return Classification(tuple(map(Score, names, scores)), 1 - sum(scores))


def entity(start, end, label):
    """Return an entity with a sure score."""
    return Entity(start, end, label, "x" * (end - start), 1.0, 1.0, 1.0)


def answer(text):
    """Return an answer with a sure score."""
    return Answer(text, 0, len(text), 1.0, 1.0)


def measured(task, found, right):
    """Return the figures of these predictions."""
    counted = Tally(find_task(task).output)
    for number, (prediction, expected) in enumerate(zip(found, right, strict=True)):
        counted.add(f"row {number}", prediction, expected)
    return counted.figures()


def summary(text):
    """Return what is right of a summary."""
    return Summary("", text, (), (), (1, 9))


def test_every_task_is_measured():
    """Each task has its metrics."""
    assert [task.name for task in tasks().values() if not task.figures] == []
    assert {one.output for task in tasks().values() for one in task.variants} == {*BUILT_IN}


def test_classification():
    """Of four, two lead rightly, one of them by its second right label; one more is second, one is fifth."""
    found = [labels("a", "b"), labels("b", "a"), labels("b", "a"), labels("b", "c", "d", "e", "a")]
    figures = measured("sentiment", found, [("a",), ("a", "b"), ("a",), ("a",)])
    assert list(figures)[:3] == ["accuracy", "top-3", "top-5"]
    assert (figures["accuracy"], figures["top-3"], figures["top-5"]) == (0.5, 0.75, 1.0)
    assert (figures["precision a"], figures["recall a"]) == (1, pytest.approx(1 / 3))
    assert (figures["precision b"], figures["recall b"]) == (pytest.approx(1 / 3), 1)
    assert figures["macro F1"] == pytest.approx(0.5)


def test_entities():
    """A span that is right but for one character, or for its label, counts as one missed and one too many."""
    found = [Entities((entity(0, 3, "PER"), entity(5, 9, "LOC"))), Entities((entity(0, 4, "ORG"),)), Entities(())]
    right = [[Span(0, 3, "PER", "xxx"), Span(5, 8, "LOC", "xxx")], [Span(0, 4, "PER", "xxxx")], []]
    figures = measured("ner", found, right)
    assert (figures["precision"], figures["recall"], figures["F1"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert (figures["precision PER"], figures["recall PER"]) == (1, 0.5)
    assert figures["F1 LOC"] == 0


def test_neighbouring_entities():
    """Two spans without a character between them are two."""
    pair = (entity(0, 2, "PER"), entity(2, 4, "PER"))
    assert measured("ner", [Entities(pair)], [list(pair)])["F1"] == 1
    assert measured("ner", [Entities((entity(0, 4, "PER"),))], [list(pair)])["F1"] == 0


def test_answers():
    """An article does not count, half of the words is part of F1, and where there is no answer only none is right."""
    found = [answer("the Tower"), answer("Big Tower"), answer(""), answer("Oslo")]
    right = [[AnswerSpan(0, "Tower")], [AnswerSpan(0, "Old"), AnswerSpan(3, "Tower")], [], []]
    figures = measured("question-answering", found, right)
    assert figures["exact match"] == 0.5
    assert figures["F1"] == pytest.approx((1 + 2 / 3 + 1 + 0) / 4)


@given(
    st.dictionaries(
        st.tuples(*[st.sampled_from(["", "a", "b", "c"])] * 2), st.sampled_from([0.0, 0.5, 1.0, 3.0])
    ).filter(lambda counts: ("", "") not in counts and any(counts.values()))
)
def test_labels_beside_scikit_learn(counts):
    """Precision, recall and F1 of each label, and their means, are scikit-learn's, also where labels never meet."""
    right, found = zip(*counts, strict=True)
    names = sorted({label for pair, count in counts.items() for label in pair if count} - {""})
    table = precision_recall_fscore_support(
        right, found, labels=names, sample_weight=[*counts.values()], zero_division=0.0
    )
    figures = by_label(counts)
    for what, values in zip(("precision", "recall", "F1"), table, strict=False):
        assert [figures[f"{what} {name}"] for name in names] == pytest.approx([*values])
        assert figures[f"macro {what}"] == pytest.approx(values.mean())


@given(
    *[st.lists(st.sampled_from(["Tower", "the", "Big", "tower", "1,000", "x-ray", "€5"]), max_size=4).map(" ".join)] * 3
)
def test_answers_beside_torchmetrics(said, one, other):
    """F1 and exact match of answers in English are those of torchmetrics, but where only articles are left."""
    from torchmetrics.functional.text import squad  # brings torch

    assume(all({*text.lower().split()} != {"the"} for text in (said, one, other)))
    found = count(answer(said), [AnswerSpan(0, one), AnswerSpan(0, other)])
    wanted = {"answers": {"text": [one, other], "answer_start": [0, 0]}, "id": "0"}
    figures = squad([{"prediction_text": said, "id": "0"}], [wanted])
    assert found["F1"] == pytest.approx(float(figures["f1"]) / 100)
    assert found["exact match"] == float(figures["exact_match"]) / 100


def test_summaries():
    """ROUGE counts shared words, shared pairs, and the longest run of words in order."""
    figures = measured("summarization", [Text("a b c d", 1.0)], [summary("a b d c")])
    assert figures == pytest.approx({"ROUGE-1": 1, "ROUGE-2": 1 / 3, "ROUGE-L": 0.75, "right": 1})


def test_transcripts():
    """Error rates are of all words together, without regard to case and punctuation."""
    found = [Text("Turn it ON!", 1.0), Text("of", 1.0)]
    figures = measured("speech-recognition", found, ["turn it on", "off"])
    rates = {"WER": 1 / 4, "CER": 1 / 13}
    assert figures == pytest.approx({**rates, "capped WER": 1 / 4, "capped CER": 1 / 13, "right": 0.5})


def test_transcript_that_never_ends():
    """A row of invented words counts in full, and capped as often as its reference has words, or letters."""
    found = [Text("turn it on", 1.0), Text("off " * 40, 1.0)]
    figures = measured("speech-recognition", found, ["turn it on", "off"])
    assert (figures["WER"], figures["capped WER"]) == pytest.approx((39 / 4, 1 / 4))
    assert (figures["CER"], figures["capped CER"]) == pytest.approx((156 / 13, 3 / 13))


@pytest.mark.parametrize(
    ("said", "headline"),
    [
        (["turn it on", "off"], None),
        (["今日はいい天気です", "明日"], "CER"),
        (["今日は", "turn it on please"], None),
        (["ရန်ကုန်မြို့", "သည်"], "CER"),
        (["서울은 수도이다"], None),
    ],
    ids=["English", "Japanese", "mostly English", "Burmese", "Korean"],
)
def test_headline_of_transcripts(said, headline):
    """CER is told first where most of what was said has no spaces between its words."""
    counted = Tally(find_task("speech-recognition").output)
    for one in said:
        counted.add(one, Text(one, 1.0), one)
    assert counted.headline == headline
    assert counted.figures() == {"WER": 0, "CER": 0, "capped WER": 0, "capped CER": 0, "right": 1}


def test_summaries_in_other_letters():
    """Of a model that writes nothing no figure is as good as that of one that writes what a person did."""
    right = [summary("Совет починит мост."), summary("市は橋を直す。")]
    nothing, all_right = ([Text(text, 1.0) for text in texts] for texts in (["", ""], [one.summary for one in right]))
    rouge = {"ROUGE-1", "ROUGE-2", "ROUGE-L"}
    assert {name: measured("summarization", nothing, right)[name] for name in rouge} == dict.fromkeys(rouge, 0)
    assert {name: measured("summarization", all_right, right)[name] for name in rouge} == dict.fromkeys(rouge, 1)


def test_detections():
    """A box that covers three quarters is found at 0.5 to 0.75 and missed above; other labels are another's."""
    box = (0.0, 0.0, 10.0, 10.0)
    found = [Detections((Detection("cat", (0.0, 0.0, 10.0, 7.6), 0.9), Detection("dog", box, 0.8)), 0.0)]
    figures = measured("object-detection", found, [[Annotation("cat", box), Annotation("dog", box)]])
    assert figures["mAP@0.5"] == pytest.approx(1)
    assert figures["mAP dog"] == pytest.approx(1)
    assert figures["mAP cat"] == pytest.approx(0.6)  # 6 of the 10 overlaps that COCO asks for
    assert figures["mAP@[.5:.95]"] == pytest.approx(0.8)


def test_detections_of_nothing():
    """A picture without objects counts by what is found in it."""
    box = (0.0, 0.0, 10.0, 10.0)
    found = [Detections((Detection("cat", box, 0.9),), 0.0), Detections((Detection("cat", box, 0.8),), 0.0)]
    assert measured("object-detection", found, [[], [Annotation("cat", box)]])["mAP@0.5"] == pytest.approx(0.5)
