"""Our answers and summaries beside the pipelines that transformers 4 had for them and transformers 5 has not."""

import json
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.inputs.given import Question
from swapgate.models import loading
from swapgate.project import manifest
from swapgate.tasks import find_task

transformers = pytest.importorskip("transformers", "4", reason="needs transformers")
pytestmark = pytest.mark.skipif(
    transformers.__version__ >= "5", reason="transformers 5 has no such pipelines; tox -e transformers4 compares"
)

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
COUNT = 60
"""Held-out rows that are compared for each tier."""
TIERS = ["original", "small", "large"]


def loaded(task, tier):
    """Load a model of the zoo; give it with its row and the first held-out rows of its task."""
    row = manifest.read_manifest(MODELS).rows[task][tier]
    model = load(find_task(task), loading.find(row, MODELS.parent, ROOT))
    with (ROOT / "fixtures" / "zoo" / task / "heldout.jsonl").open(encoding="utf-8") as file:
        return model, row, [json.loads(line) for line, _ in zip(file, range(COUNT), strict=False)]


def asked(rows):
    """Return the questions of held-out rows, each fourth with a context so long that it takes several windows."""
    contexts = [row["context"] for row in rows]
    long = [" ".join(contexts[at : at + 4]) for at in range(0, len(contexts), 4)]
    return [Question(row["question"], long[at // 4] if at % 4 == 0 else row["context"]) for at, row in enumerate(rows)]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # numpy 2, of the pipeline's tensors
@pytest.mark.parametrize("no_answer", [False, True], ids=["must answer", "may decline"])
@pytest.mark.parametrize("tier", TIERS)
def test_answers_equal_the_pipeline(tier, no_answer):
    """Answer, offsets and score are those of the question-answering pipeline, in one window and in several."""
    model, row, rows = loaded("question-answering", tier)
    row = row.model_copy(update={"no_answer": no_answer})
    pipeline = transformers.pipeline("question-answering", model=model.model, tokenizer=model.reader)
    questions = asked(rows)
    assert len(questions) >= 50
    for question, ours in zip(questions, find_task("question-answering").predict(model, questions, row), strict=True):
        theirs = pipeline(question=question.question, context=question.context, handle_impossible_answer=no_answer)
        assert (ours.text, ours.start, ours.end) == (theirs["answer"], theirs["start"], theirs["end"])
        assert ours.score == pytest.approx(theirs["score"], abs=1e-5)


@pytest.mark.parametrize("tier", TIERS)
def test_summaries_equal_the_pipeline(tier):
    """Each summary is that of the summarization pipeline, letter for letter."""
    model, row, rows = loaded("summarization", tier)
    settings = row.generation.model_dump(exclude_none=True) if row.generation else {}
    settings.setdefault("num_beams", model.model.generation_config.num_beams)  # the pipeline's own default is 4
    pipeline = transformers.pipeline("summarization", model=model.model, tokenizer=model.reader)
    texts = [row["text"] for row in rows]
    assert len(texts) >= 50
    ours = find_task("summarization").predict(model, texts, row)
    theirs = [pipeline(text, **settings)[0]["summary_text"] for text in texts]
    assert [found.text for found in ours] == theirs
