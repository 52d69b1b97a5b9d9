"""Inputs that are longer than a model reads: refused, cut as transformers' pipelines cut them, or read in windows."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers

from swapgate.backends import transformers as backend
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.inputs.given import Question, Sound
from swapgate.models.loading import find
from swapgate.outputs.entities import Entities, Entity
from swapgate.project.manifest import read_manifest, row_type
from swapgate.tasks import find_task, ner, texts
from swapgate.tasks.task import Loaded

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
LOADED = {}


def loaded(task, tier="original"):
    """Load a model of the zoo once; return its task, its row and the model."""
    if (task, tier) not in LOADED:
        row = read_manifest(MODELS).rows[task][tier]
        LOADED[task, tier] = row, backend.load(find_task(task), find(row, MODELS.parent, ROOT))
    return find_task(task), *LOADED[task, tier]


def heldout(task, count):
    """Return the first held-out rows of a task."""
    lines = (ROOT / "fixtures" / "zoo" / task / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:count]]


def long_text(task, count=40):
    """Return held-out texts one behind the other."""
    return " ".join(row["text"] for row in heldout(task, count))


def asking(row, long):
    """Return a row that says what is done with long inputs."""
    return row.model_copy(update={"long": long})


@pytest.mark.parametrize("task", ["sentiment", "ner", "summarization"], ids=range(3))
def test_refused(task):
    """A text that is too long is refused where the row says nothing, with its length and the key to write."""
    one, row, model = loaded(task)
    assert row.long is None
    words = r'^a text has [\d,]+ tokens, the model reads at most \d+; shorten it, or write long = "truncate" in the'
    with pytest.raises(SurroundingsFault, match=words):
        one.predict(model, ["Short.", long_text(task)], row)


def test_labels_beside_the_pipeline():
    """A text that is cut has the scores of transformers' pipeline with truncation, also beside a short one."""
    task, row, model = loaded("sentiment")
    given = ["Fine.", long_text("sentiment")]
    ask = transformers.pipeline("text-classification", model=model.model, tokenizer=model.reader, top_k=None)
    found = task.predict(model, given, asking(row, "truncate"))
    for said, wanted in zip(found, ask(given, truncation=True), strict=True):
        scores = {row.label_map[one["label"]]: one["score"] for one in wanted}
        assert {one.label: one.score for one in said.scores} == pytest.approx(scores, abs=1e-5)
    assert task.left_out(model, given, asking(row, "truncate")) == ["", "cut to 128 tokens"]
    assert task.left_out(model, given, row) == ["", ""]


@pytest.mark.parametrize("long", ["truncate", "window"])
def test_entities_beside_the_pipeline(long):
    """A text that is cut, or read in windows, has the entities of transformers' pipeline, as it is or with a stride."""
    task, row, model = loaded("ner")
    given = ["Ada lives in Rome.", long_text("ner", 60), long_text("ner", 25)]
    stride = {"stride": texts.SHARED} if long == "window" else {}
    ask = transformers.pipeline(
        "token-classification", model=model.model, tokenizer=model.reader, aggregation_strategy="simple", **stride
    )
    found = task.predict(model, given, asking(row, long))
    for said, text in zip(found, given, strict=True):
        wanted = ask(text)
        assert [(one.label, one.start, one.end) for one in said.entities] == [
            (one["entity_group"], one["start"], one["end"]) for one in wanted
        ]
        assert [one.score for one in said.entities] == pytest.approx([float(one["score"]) for one in wanted], abs=1e-5)
    words = {"truncate": "cut to 256 tokens", "window": "read in windows of 256 tokens"}[long]
    assert task.left_out(model, given, asking(row, long)) == ["", words, words]
    last = max(one.end for one in found[1].entities)
    assert (last > len(given[1]) * 0.9) == (long == "window")


def test_windows_in_parts(monkeypatch):
    """However many windows a text has, a few go through the model together, and nothing changes."""
    task, row, model = loaded("ner")
    given = [long_text("ner", 60)]
    whole = task.predict(model, given, asking(row, "window"))
    monkeypatch.setattr(texts, "AT_ONCE", 2)  # of some eight windows
    (found,) = task.predict(model, given, asking(row, "window"))
    assert [one.text for one in found.entities] == [one.text for one in whole[0].entities]


def test_entities_that_overlap():
    """Of entities of two windows that overlap the longest stays, then the one with the highest score."""

    def entity(start, end, score):
        return Entity(start, end, "PER", "x" * (end - start), score=score, margin=1.0, edge=1.0)

    windows = [
        Entities((entity(0, 3, 0.9), entity(5, 8, 0.5))),
        Entities((entity(1, 3, 0.99), entity(5, 8, 0.6), entity(8, 9, 0.1))),
    ]
    (found,) = ner.of_windows(windows, [0, 0])
    assert [(one.start, one.end, one.score) for one in found.entities] == [(0, 3, 0.9), (5, 8, 0.6), (8, 9, 0.1)]


def test_summaries_are_those_of_the_beginning():
    """A text that is cut has the summary of the tokens that the model reads, as a pipeline with truncation has."""
    task, row, model = loaded("summarization")
    text = long_text("summarization", 30)
    ids = model.reader([text], truncation=True, max_length=256, return_tensors="pt")["input_ids"]
    seen = []
    model.model.get_encoder().register_forward_pre_hook(
        lambda _module, _inputs, named: seen.append(named["input_ids"]), with_kwargs=True
    )
    (found,) = task.predict(model, [text], asking(row, "truncate"))
    assert found.text
    assert torch.equal(seen[0], ids)
    assert task.left_out(model, ["Short.", text], asking(row, "truncate")) == ["", "cut to 256 tokens"]


def test_answers():
    """A context is read in windows unless the row says otherwise; cut, it is its first window; refused, none."""
    task, row, model = loaded("question-answering")
    asked = heldout("question-answering", 12)
    context = " ".join(one["context"] for one in asked)
    question = Question(asked[-1]["question"], context)
    (whole,) = task.predict(model, [question], row)
    assert task.predict(model, [question], asking(row, "window")) == [whole]
    (cut,) = task.predict(model, [question], asking(row, "truncate"))
    reader = model.reader
    read = reader(question.question, context, truncation="only_second", max_length=128, return_offsets_mapping=True)
    end = max(end for _, end in read["offset_mapping"])
    assert cut.end <= end < len(context)
    (beginning,) = task.predict(model, [Question(question.question, context[:end])], row)
    assert (cut.text, cut.start) == (beginning.text, beginning.start)
    short = Question("Who came?", "Ada came.")
    assert task.predict(model, [short], asking(row, "refuse")) == task.predict(model, [short], row)
    with pytest.raises(SurroundingsFault, match="question and context have more than the 128 tokens of a window"):
        task.predict(model, [short, question], asking(row, "refuse"))
    told = [
        task.left_out(model, [short, question], asking(row, long)) for long in (None, "refuse", "truncate", "window")
    ]
    assert told == [["", ""], ["", ""], ["", "cut to 128 tokens"], ["", "read in windows of 128 tokens"]]


@pytest.mark.parametrize("tier", ["original", "large"])
def test_sounds(tier, monkeypatch):
    """Of a sound that is cut the beginning is heard, by a Whisper as far as it hears, by CTC as far as is allowed."""
    task, row, model = loaded("speech-recognition", tier)
    whisper = model.model.config.model_type == "whisper"
    if not whisper:
        monkeypatch.setattr("swapgate.tasks.sounds.LONGEST", 1)
    most = int(model.reader.feature_extractor.n_samples) if whisper else 16_000
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 2 * most).astype(np.float32)
    whole, beginning = Sound(noise, 16_000), Sound(noise[:most], 16_000)
    with pytest.raises(SurroundingsFault, match=r'at once; shorten it, or write long = "truncate" in the models file'):
        task.predict(model, [whole], row)
    assert task.predict(model, [whole], asking(row, "truncate")) == task.predict(model, [beginning], row)
    told = task.left_out(model, [whole, beginning], asking(row, "truncate"))
    assert told == [f"cut to {most / 16_000:.4g} s", ""]
    assert task.left_out(model, [whole], row) == [""]


def test_places_that_begin_behind_padding(tmp_path):
    """A RoBERTa of 20 places reads 18 tokens: more are refused, or cut to just these."""
    reader = transformers.AutoTokenizer.from_pretrained(ROOT / "fixtures" / "zoo" / "sentiment" / "small")
    reader.model_max_length = 10**30
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(reader),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=20,
        pad_token_id=reader.pad_token_id,
    )
    model = transformers.RobertaForSequenceClassification(config).eval()
    places = 20 - reader.pad_token_id - 1
    both = Loaded(model, reader)
    row = row_type(find_task("sentiment"))(model="x", labels={"*": "*"})
    with pytest.raises(SurroundingsFault, match=f"the model reads at most {places}; shorten it"):
        find_task("sentiment").predict(both, ["good " * 30], row)
    (found,) = find_task("sentiment").predict(both, ["good " * 30], asking(row, "truncate"))
    logits = model(**reader(["good " * 30], truncation=True, max_length=places, return_tensors="pt")).logits
    assert found.scores[0].score == pytest.approx(logits.softmax(-1).max().item(), abs=1e-6)


@pytest.mark.parametrize("limit", [-1, None, 10**30])
def test_without_a_limit(limit):
    """A model and a tokenizer that know no limit are asked for the whole text, whatever the row says."""
    asked = []

    def reader(given, **options):
        asked.append(options)
        return {"input_ids": torch.zeros(len(given), 9_999)}

    reader.model_max_length = 10**30
    config = SimpleNamespace(max_position_embeddings=limit)
    model = SimpleNamespace(config=config, named_modules=list)
    for long in (None, "refuse", "truncate", "window"):
        assert texts.tokenized(Loaded(model, reader), ["a"], long)["input_ids"].shape == (1, 9_999)
    assert asked == [{"padding": False, "return_tensors": "pt"}] * 4


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("sentiment.original", "long: this task reads no input in windows; write"),
        ("audio-classification.original", "long: this task reads no input in windows; write"),
        ("image-classification.original", "long: only text-classification, ner, question-answering, summarization,"),
    ],
    ids=["text", "sound", "picture"],
)
def test_task_without_windows(tmp_path, table, words):
    """A task that reads nothing in windows, or that has nothing too long, says so in one message."""
    path = tmp_path / "models.toml"
    path.write_text(f'[{table}]\nmodel = "m"\nlabels = {{ a = "a" }}\nlong = "window"\n')
    with pytest.raises(InputFault) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}: {table}.{words}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", ["summarization.original", "speech-recognition.original"], ids=range(2))
def test_task_without_windows_and_labels(tmp_path, table):
    """So does one whose models have no labels."""
    path = tmp_path / "models.toml"
    path.write_text(f'[{table}]\nmodel = "m"\nlong = "window"\n')
    with pytest.raises(InputFault, match="this task reads no input in windows"):
        read_manifest(path)


def test_no_part_of_the_model():
    """What is done with long inputs says how a model is judged, and not which it is."""
    for name in ("sentiment", "ner", "question-answering", "summarization", "audio-classification"):
        for task in find_task(name).variants:
            kind = row_type(task)
            labels = {"a": "a"} if task.label_names else {}
            rows = [kind(model="m", labels=labels, long=long) for long in ("refuse", "truncate")]
            assert rows[0].settings == rows[1].settings
            assert rows[0].weights == rows[1].weights
            assert "long" in kind.judging_keys
