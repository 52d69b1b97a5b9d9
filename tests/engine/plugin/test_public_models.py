"""The rows, cases and goldens of the public models: all there, consistent, and as they were recorded."""

import re
import runpy
from pathlib import Path
from statistics import fmean

import pytest

from swapgate.goldens.golden import golden_path, read_golden
from swapgate.outputs import check_recorded, output_of
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.entities import Entities, Entity
from swapgate.outputs.prediction import numbers, to_json
from swapgate.project.cases import cases_of
from swapgate.project.manifest import check_row, read_manifest

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models"
TABLE = """
sentiment           original         distilbert/distilbert-base-uncased-finetuned-sst-2-english af0f99b
sentiment           small            uer/roberta-base-finetuned-jd-binary-chinese
ner                 original         dbmdz/bert-large-cased-finetuned-conll03-english f2482bf
ner                 small            dslim/bert-base-NER
ner                 large            dslim/bert-large-NER
question-answering  original         distilbert/distilbert-base-cased-distilled-squad 626af31
question-answering  small            deepset/roberta-base-squad2
question-answering  large            deepset/roberta-large-squad2
summarization       original         facebook/bart-large-cnn
summarization       original_course  google-t5/t5-base
summarization       small            sshleifer/distilbart-cnn-12-6 a4f8f3e
summarization       large            facebook/bart-large-cnn
audio-classification original        superb/wav2vec2-base-superb-ks 372e048
audio-classification original_course superb/hubert-base-superb-er
audio-classification small           MIT/ast-finetuned-audioset-10-10-0.4593
audio-classification large           MIT/ast-finetuned-audioset-16-16-0.442
speech-recognition  original         facebook/wav2vec2-large-960h
speech-recognition  original_course  openai/whisper-small
speech-recognition  small            openai/whisper-base
speech-recognition  large            openai/whisper-large-v3
image-classification original        google/vit-base-patch16-224 5dca96d
image-classification small           Anwarkh1/Skin_Cancer-Image_Classification
image-classification large           google/vit-large-patch16-224
object-detection    original         facebook/detr-resnet-50 2729413
object-detection    small            yainage90/fashion-object-detection
object-detection    large            facebook/detr-resnet-101
"""
"""Task, tier, id, and the commit that was known when the row was written."""


HUB = read_manifest(MODELS / "hub.toml")
ROWS = {(task, tier): row for task, tiers in HUB.rows.items() for tier, row in tiers.items()}
KEYS = [pytest.param(*key, id="-".join(key).replace("ner", "n_r")) for key in ROWS]


def cases(task, tier):
    """Return the cases of a tier by their ids."""
    return {case.id: case for case in cases_of(HUB, ROOT, task, ROWS[task, tier].label_set).cases}


def golden(task, tier):
    """Return what others recorded of a tier; the suite's own recordings take its place as they are made."""
    stored = read_golden(golden_path(ROOT, "hub", task, tier))
    return {case: entry for case, entry in stored.items() if entry.made_by.recorded_elsewhere}


def compared(actual, task, tier, case):
    """Compare a prediction with what was recorded of a tier, by the tolerance of its row."""
    stored = golden(task, tier)[case]
    elsewhere = stored.made_by.recorded_elsewhere
    found = check_recorded(actual, stored.prediction, elsewhere.widened(ROWS[task, tier].tolerance, stored.prediction))
    return [str(one) for one in found]


def entities(**scores):
    """Return the entities of the one sentence, each with its score."""
    spans = {"ORG": (0, 12, "Hugging Face"), "MISC": (18, 24, "French"), "LOC": (42, 55, "New York City")}
    found = [(*spans[label][:2], label, spans[label][2], score, 0.9, 0.9) for label, score in scores.items()]
    return Entities(tuple(Entity(*one) for one in found))


def test_rows():
    """There are 26 rows of 25 models, with the commits that are known, or longer ones that were pinned since."""
    lines = [line.split() for line in TABLE.strip().splitlines()]
    assert len(lines) == 26
    assert len({line[2] for line in lines}) == 25
    assert [(task, tier, row.model) for (task, tier), row in ROWS.items()] == [tuple(line[:3]) for line in lines]
    for task, tier, _, *known in lines:
        revision = ROWS[task, tier].revision or ""
        assert revision.startswith(known[0] if known else "")


@pytest.mark.parametrize(("task", "tier"), KEYS)
def test_row(task, tier):
    """Each row fits its neighbours, its gaps are of its cases, and its tolerance covers two recordings of one model."""
    row = ROWS[task, tier]
    check_row(HUB, task, tier, row.model_copy(update={"revision": None}), HUB.path, f"{task}.{tier}.")
    assert row.gaps.keys() <= cases(task, tier).keys()
    assert row.tolerance.drift > 7.7e-7
    assert not row.budget.model_fields_set & {"quality"}  # there is no evaluation set


@pytest.mark.parametrize(("task", "tier"), KEYS)
def test_golden(task, tier):
    """Each golden is of its row's model and of the cases as they are, and says who recorded it."""
    row, known = ROWS[task, tier], cases(task, tier)
    for name, entry in golden(task, tier).items():
        assert entry.made_by.model == row.model
        assert entry.expected == known[name].expected_digest
        assert entry.input == known[name].input_digest
        assert entry.made_by.tolerance == row.tolerance
        assert numbers(entry.prediction) + output_of(entry.prediction).unscored


def test_goldens_are_made_of_the_table():
    """What stands in golden/hub and was recorded elsewhere is what fixtures/models/recorded.py makes of the table."""
    table = runpy.run_path(str(MODELS / "recorded.py"))["recorded"]()
    for path, entries in table.items():
        for name, entry in golden(path.parent.name, path.stem).items():
            assert (entry.made_by, to_json(entry.prediction)) == (
                entries[name].made_by,
                to_json(entries[name].prediction),
            )
    there = {key for key in ROWS if golden(*key)}
    assert there <= {(path.parent.name, path.stem) for path in table}


def test_summaries_have_no_golden():
    """The recorded summaries are of other texts, and are no goldens."""
    assert not any(golden(*key) for key in ROWS if key[0] == "summarization")
    known = {case.id: case.given for case in cases("summarization", "small").values()}
    sentences = {name: len(re.findall(r"\.(?= |$)", text)) for name, text in known.items()}
    assert sentences == {"attention": 5, "language_models": 7}


SECOND = {"cold_city_zh": 0.8957217336, "average_pork_zh": 0.9238731265, "quick_study_zh": 0.8578693867}


@pytest.mark.parametrize("case", SECOND)
def test_second_recording_of_a_sentence(case):
    """What a second machine recorded of the original sentiment model passes the golden of the first."""
    second = Classification((Score("negative", SECOND[case]), Score("positive", 1 - SECOND[case])), 0.0)
    assert compared(second, "sentiment", "original", case) == []


def test_second_recording_of_entities():
    """What a second machine recorded of the original NER model passes the golden of the first."""
    assert compared(entities(ORG=0.96746373, MISC=0.99828726, LOC=0.99896103), "ner", "original", "new_york") == []


def test_the_row_that_was_wrong():
    """The grouped scores that the notes give for the large NER model are the original's, and fail the large model's."""
    noted = entities(ORG=0.9674638, MISC=0.99828726, LOC=0.99896103)
    assert compared(noted, "ner", "original", "new_york") == []
    assert [words.partition(",")[0] for words in compared(noted, "ner", "large", "new_york")] == [
        "ORG 'Hugging Face' 0-12 scored 0.9674638",
        "MISC 'French' 18-24 scored 0.9982873",
    ]


def test_means_of_word_pieces():
    """What the large NER model says of entities are the means of the scores that were recorded of its word pieces."""
    means = {"ORG": fmean([0.995, 0.9456, 0.9917]), "MISC": 0.9977, "LOC": fmean([0.9986, 0.9989, 0.9994])}
    assert {label: round(mean, 4) for label, mean in means.items()} == {"ORG": 0.9774, "MISC": 0.9977, "LOC": 0.999}
    assert compared(entities(**means), "ner", "large", "new_york") == []
    pieces = {"ORG": fmean([0.9968, 0.9293, 0.9763]), "MISC": 0.9983, "LOC": fmean([0.999, 0.9987, 0.9992])}
    stored = golden("ner", "original")["new_york"].prediction  # recorded whole, and by its word pieces
    assert {one.label: one.score for one in stored.entities} == pytest.approx(pieces, abs=1e-4)


def test_nothing_is_recorded_of_what_was_not():
    """Cases of which others recorded nothing have no golden, and so are red until the suite records its own."""
    recorded = {key: golden(*key).keys() for key in ROWS}
    assert cases("sentiment", "small").keys() - recorded["sentiment", "small"] == {
        *("quick_study_zh", "cold_city", "average_pork")
    }
    missing = {"audio-classification/original", "speech-recognition/original", "object-detection/small"}
    assert {"/".join(key) for key in ROWS if not recorded[key] and key[0] != "summarization"} == missing
    assert recorded["object-detection", "large"] == {"cat_and_dog"}


def test_inputs_are_not_in_the_project():
    """The four files of inputs are named by address and checksum, and none of them is kept here."""
    found = {one for task, tier in ROWS for one in cases_of(HUB, ROOT, task, ROWS[task, tier].label_set).downloads}
    assert {one.name for one in found} == {"mlk.flac", "cat-chonk.jpeg", "cat_dog.jpg", "panda.jpg"}
    assert len(found) == 4
    assert {one.models for one in found} == {"hub"}
    for one in found:
        assert not list((ROOT / "fixtures").rglob(one.name))
