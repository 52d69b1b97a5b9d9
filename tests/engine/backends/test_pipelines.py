"""What transformers' own pipelines return of the zoo's models is read as the very predictions that these make."""

import json
from pathlib import Path

import pytest

from swapgate.backends import backend_of, child, find
from swapgate.outputs import Tolerance, check_drift
from swapgate.project.cases import cases_of
from swapgate.project.manifest import read_manifest

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
MANIFEST = read_manifest(MODELS)
COUNT = 12
"""Cases that are compared of each."""
PIPELINES = {
    "sentiment": ("text-classification", {"top_k": None}),
    "ner": ("token-classification", {"aggregation_strategy": "simple"}),
    "question-answering": ("question-answering", {"handle_impossible_answer": True}),
    "summarization": ("summarization", {}),
    "audio-classification": ("audio-classification", {"top_k": None}),
    "speech-recognition": ("automatic-speech-recognition", {}),
    "image-classification": ("image-classification", {"top_k": 5}),
    "object-detection": ("object-detection", {"threshold": 0.01}),
}
WHOLE_PIXELS = Tolerance(box=0.2, reason="pipelines cut edges to whole pixels, of small objects")
GONE = ("question-answering", "summarization")
"""Suites of whose pipelines transformers 5 has none."""


def parts(suite, reader):
    """Return what a pipeline is given of a processor."""
    if hasattr(reader, "tokenizer"):
        return {"tokenizer": reader.tokenizer, "feature_extractor": reader.feature_extractor}
    if hasattr(reader, "convert_tokens_to_ids"):
        return {"tokenizer": reader}
    return {"feature_extractor" if suite == "audio-classification" else "image_processor": reader}


def handed(given, reader):
    """Return an input as a function gets it, a sound at the rate of its model."""
    there = child.from_json(json.loads(json.dumps(child.to_json(given))))
    if isinstance(there, dict) and "raw" in there:
        import librosa

        rate = getattr(reader, "feature_extractor", reader).sampling_rate
        raw = librosa.resample(there["raw"], orig_sr=there["sampling_rate"], target_sr=rate)
        return {"raw": raw, "sampling_rate": rate}
    return there


@pytest.mark.filterwarnings("ignore")  # of pipelines, which warn of what their next versions change
@pytest.mark.parametrize("suite", PIPELINES, ids=range(len(PIPELINES)))
def test_read_as_the_prediction(suite):
    """Labels, places, boxes, words and scores are the task's own, and nothing of it is refused."""
    import transformers

    if suite in GONE and transformers.__version__ >= "5":
        pytest.skip("transformers 5 has no such pipeline; tox -e transformers4 compares")
    row, task = MANIFEST.rows[suite]["small"], MANIFEST.tasks[suite]
    source = find(row, MODELS.parent, ROOT)
    loaded = backend_of(source).load(task, source)
    kind, options = PIPELINES[suite]
    if suite == "summarization":
        own = row.generation.model_dump(exclude_none=True)
        options = {"num_beams": loaded.model.generation_config.num_beams, **own}  # the pipeline's own default is 4
    elif suite == "question-answering":
        options = {"handle_impossible_answer": row.no_answer}
    pipeline = transformers.pipeline(kind, model=loaded.model, **parts(suite, loaded.reader))
    tolerance = WHOLE_PIXELS if suite == "object-detection" else row.tolerance
    cases = cases_of(MANIFEST, ROOT, suite, row.label_set).cases[:COUNT]
    for case in cases:
        said = pipeline([handed(case.input, loaded.reader)], **options)
        (said,) = [said] if suite == "question-answering" else json.loads(json.dumps([*said], default=child._plain))
        there = task.output.answered(said, case.input, row)
        ours = task.predict(loaded, [case.input], row)[0]
        assert check_drift(ours, there, tolerance) == [], case.id
