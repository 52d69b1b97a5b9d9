"""Zero-shot classification: scores are those of transformers' pipeline; models and rows that cannot be asked."""

import json
import shutil
from pathlib import Path

import pytest

from swapgate.backends.transformers import load
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.models.loading import find
from swapgate.project.manifest import read_manifest, row_type
from swapgate.tasks import find_task
from swapgate.tasks.zero_shot_classification import places
from swapgate.trials.plan import make_plan

ROOT = Path(__file__).parents[3]
ZOO = ROOT / "fixtures" / "zoo" / "zero-shot-classification"
TIERS = ["original", "small", "large"]
NAMES = ["zero-shot-classification", "multi-label-zero-shot-classification"]
LABELS = {"sports": "sport", "good food": "food", "a journey": "travel", "music": "music"}
TEXTS = [
    "The goalkeeper caught the ball.",
    "The waiter brought the soup, although the guest had ordered a song.",
    "We missed the train.",
    "?",
]


def asked(folder, number=0, **keys):
    """Load a model; return it with its task and row."""
    task = find_task(NAMES[number])
    row = row_type(task).model_validate({"model": str(folder), "labels": LABELS, **keys})
    return task, row, load(task, find(row, ROOT, ROOT))


@pytest.mark.parametrize("number", range(len(NAMES)), ids=["one label", "several labels"])
@pytest.mark.parametrize("tier", TIERS)
def test_scores_are_those_of_the_pipeline(tier, number):
    """Each candidate has the score that transformers' pipeline gives it, whatever the order of the model's classes."""
    import transformers

    template = "This text is about {}."
    task, row, loaded = asked(ZOO / tier, number, hypothesis_template=template)
    pipeline = transformers.pipeline("zero-shot-classification", model=loaded.model, tokenizer=loaded.reader)
    for text, found in zip(TEXTS, task.predict(loaded, TEXTS, row), strict=True):
        said = pipeline(text, candidate_labels=[*LABELS], hypothesis_template=template, multi_label=bool(number))
        theirs = {LABELS[name]: score for name, score in zip(said["labels"], said["scores"], strict=True)}
        assert {one.label: one.score for one in found.scores} == pytest.approx(theirs, abs=1e-6)
        assert task.output.answered(said, text, row).scores[0] == found.scores[0].__class__(
            LABELS[said["labels"][0]], pytest.approx(found.scores[0].score, abs=1e-6)
        )


def test_candidates_of_one_label_add_up():
    """Words that are mapped to one label are one label together."""
    task, row, loaded = asked(ZOO / "small")
    both = row.model_copy(update={"labels": {**LABELS, "good food": "sport"}})
    (apart,), (joined,) = (task.predict(loaded, TEXTS[:1], one) for one in (row, both))
    scores = {one.label: one.score for one in apart.scores}
    assert joined.scores[0].score == pytest.approx(scores["sport"] + scores["food"])


def test_template_and_candidates_are_part_of_the_digest():
    """Another template, or other words for a label, make another model of the same weights."""
    task = find_task(NAMES[0])
    rows = [{}, {"hypothesis_template": "It is about {}."}, {"labels": {**LABELS, "sports": "sport", "songs": "music"}}]
    rows += [{"hypothesis_template": "This example is {}."}]
    digests = [
        find(row_type(task).model_validate({"model": str(ZOO / "small"), "labels": LABELS, **keys}), ROOT, ROOT).digest
        for keys in rows
    ]
    assert len({*digests[:3]}) == 3
    assert digests[3] == digests[0]  # the default, written out


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["contradiction", "neutral", "entailment"], (2, 0)),
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], (0, 2)),
        (["entailment", "not_entailment"], (0, 1)),
        (["not entailed", "Entailed"], (1, 0)),
        (["POSITIVE", "NEGATIVE"], None),
    ],
)
def test_classes_by_the_names(names, found):
    """Entailment is found by its name, and the contradiction where the pipeline takes it from."""
    assert places(names) == found


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"id2label": {"0": "POSITIVE", "1": "NEGATIVE"}},
            "names no entailment among its classes (POSITIVE, NEGATIVE)",
        ),
        ({"id2label": {"0": "entailment"}}, "names no entailment"),
        ({}, "names no entailment among its classes (LABEL_0, LABEL_1)"),
        (
            {"id2label": {"0": "contradiction", "1": "entailment"}, "label2id": {"entailment": 0, "contradiction": 1}},
            "id2label and label2id of its config.json contradict each other",
        ),
        ({"id2label": {"0": "entailment", "2": "neutral"}}, "id2label has no label for class 1"),
    ],
)
def test_models_that_cannot_be_asked(config, words):
    """A model without an entailment, or whose tables contradict each other, is refused in words."""
    for name in NAMES:
        assert words in find_task(name).check_config(config)


def test_contradiction_where_the_pipeline_does_not_look():
    """With several labels a model is refused whose contradiction the pipeline would not take."""
    config = {"id2label": {"0": "neutral", "1": "contradiction", "2": "entailment"}}
    one, several = (find_task(name).check_config(config) for name in NAMES)
    assert one == ""
    assert "takes its class 0, neutral, for the contradiction, and that is contradiction" in several


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("labels = { a = 'x', b = 'y' }\nhypothesis_template = 'It is.'", "hypothesis_template: must hold {} once"),
        ("labels = { a = 'x', b = 'y' }\nhypothesis_template = '{} {}'", "hypothesis_template: must hold {} once"),
        ("labels = { a = 'x', b = 'y' }\nhypothesis_template = '{} {x}'", "hypothesis_template: must hold {} once"),
        ("labels = { '*' = '*', a = 'x', b = 'y' }", "labels: a model is asked for each label by the words before"),
        ("labels = { a = 'x' }", "labels: a single label is always the best"),
        ("labels = { a = 'x', b = 'x' }", "labels: a single label is always the best"),
        ("", "labels: missing; add it"),
    ],
)
def test_rows_that_cannot_be_asked(tmp_path, lines, words):
    """Templates without a place for the candidate, and candidates that are none or alone, are refused."""
    path = tmp_path / "models.toml"
    path.write_text(f"[zero-shot-classification.small]\nmodel = 'm'\n{lines}\n")
    with pytest.raises(InputFault, match=r"zero-shot-classification\.small\.") as told:
        read_manifest(path)
    assert words in str(told.value)


def test_long_texts():
    """A text that is too long beside a hypothesis is refused, or cut itself and never the hypothesis."""
    task, row, loaded = asked(ZOO / "small")
    long = "The goalkeeper caught the ball. " * 40
    with pytest.raises(SurroundingsFault, match="a text has"):
        task.predict(loaded, [long], row)
    cut = row.model_copy(update={"long": "truncate"})
    both = task.predict(loaded, [long, TEXTS[0]], cut)
    assert both[0].scores[0].label == both[1].scores[0].label == "sport"
    assert task.left_out(loaded, [long, TEXTS[0]], cut) == ["cut to 96 tokens with their hypothesis", ""]


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_servers_are_asked_as_the_client_asks(number):
    """A server is given the text, all candidates, the template and whether several may be right."""
    task = find_task(NAMES[number])
    row = row_type(task).model_validate({"model": "m", "labels": LABELS})
    assert task.served("A text.", row) == (
        "zero_shot_classification",
        {
            "text": "A text.",
            "candidate_labels": [*LABELS],
            "multi_label": bool(number),
            "hypothesis_template": "This example is {}.",
        },
    )


def test_exchanged_classes_say_something_else(tmp_path):
    """With entailment and contradiction exchanged in both tables the same weights say something else."""
    shutil.copytree(ZOO / "original", tmp_path / "turned")
    path = tmp_path / "turned" / "config.json"
    config = json.loads(path.read_text())
    config["id2label"] = {"0": "entailment", "1": "neutral", "2": "contradiction"}
    config["label2id"] = {name: int(place) for place, name in config["id2label"].items()}
    path.write_text(json.dumps(config))
    (task, row, plain), (*_, turned) = asked(ZOO / "original"), asked(tmp_path / "turned")
    ours, theirs = (task.predict(one, TEXTS[:1], row)[0].scores[0].label for one in (plain, turned))
    assert ours == "sport" != theirs


def test_rows_of_labels_that_nothing_asks_for(tmp_path):
    """A set with a label that no row asks for is refused, also where a case, which is then a gap, expects it."""
    folder = ZOO / "small"
    row = f'[zero-shot-classification.small]\nmodel = "{folder}"\nlabels = {{ sports = "sports", food = "food" }}\n'
    case = '[[case]]\nid = "shares"\ntext = "Shares fell."\nexpected = "money"\n'
    for name, text in (
        ("fixtures/models/embedded.toml", row),
        ("fixtures/zero-shot-classification/cases.toml", f'latency = "shares"\nevaluation = "set.jsonl"\n{case}'),
        ("fixtures/zero-shot-classification/set.jsonl", '{"id": "a", "text": "Rates rose.", "expected": "money"}\n'),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(InputFault, match="knows the label 'money'; write one of: food, sports"):
        make_plan(tmp_path, tmp_path / "fixtures/models/embedded.toml", [], [], tmp_path)
