"""Label maps: the lines that are printed where one lacks something, labels that stand twice, names with commas."""

import json
import tomllib

import pytest

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.outputs.classification import ranked
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.trials.checking import check_model, given_labels
from swapgate.trials.plan import make_plan

BIRDS = ["hen", "crane", "great white shark, white shark", "crane"]
MODELS = """
[sentiment.small]
model = "../../models/birds"
labels = {{ {} }}
"""
CASES = """
latency = "grey"

[[case]]
id = "grey"
text = "It is grey and flies."
expected = "crane"
"""


@pytest.fixture
def birds(project):
    """A project with one classifier, two of whose classes have one name."""
    project.write("fixtures/sentiment/cases.toml", CASES)
    configure(project, BIRDS)
    label(project, '"*" = "*"')
    return project


def configure(project, names, **others):
    """Give the classes of the model these names."""
    project.model("birds", {})
    config = {"id2label": dict(enumerate(names)), **others}
    project.write("models/birds/config.json", json.dumps(config))


def label(project, pairs):
    """Write the label map of the row."""
    project.models_file.write_text(MODELS.format(pairs))


def plan(project, swaps=()):
    """Read everything that a run depends on."""
    return make_plan(project.path, project.models_file, swaps, [], project.path)


def model(project):
    """Return the one model."""
    return plan(project).models["sentiment", "small"]


def missing(project, swaps=()):
    """Return what is said of a label map that is not there."""
    with pytest.raises(InputFault) as caught:
        plan(project, swaps)
    where, _, what = str(caught.value).partition("labels: ")
    return where, what


TWICE = (
    "sentiment/small: models/birds: labels that stand twice in id2label count as one: crane (1 and 3); tell them apart"
    ' by number: labels = { "1" = "…" }'
)


def test_labels_that_stand_twice_are_told(birds):
    """Classes of one name are added up, and that is told, until one of them is mapped by its number."""
    assert plan(birds).notes == [TWICE]
    label(birds, 'hen = "hen", crane = "crane (bird)", "great white shark, white shark" = "shark"')
    assert plan(birds).notes == [TWICE]
    label(birds, '1 = "crane (bird)", "*" = "*"')
    assert plan(birds).notes == []


def test_class_by_number(birds):
    """A row maps a class by its number, also beside its name, and the cases' labels are known."""
    label(birds, '1 = "crane (bird)", crane = "crane (machine)", "*" = "*"')
    found = model(birds)
    check_model(found)
    row = found.source.row
    said = ranked([0.1, 0.4, 0.2, 0.3], row.label_keys(BIRDS), row.label_map)
    assert [str(score) for score in said.scores] == [
        "crane (bird) 0.4000",
        "crane (machine) 0.3000",
        '"great white shark, white shark" 0.2000',
        "hen 0.1000",
    ]
    assert given_labels(found) == {"hen", "crane (bird)", "crane (machine)", "great white shark, white shark"}


def test_names_that_are_numbers(birds):
    """A name that is a number is meant by it before the class of that number is."""
    configure(birds, ["1", "0"])
    label(birds, '0 = "none", 1 = "one"')
    row = model(birds).source.row
    assert row.label_keys(["1", "0"]) == ["1", "0"]
    assert check_model(model(birds)) is None


@pytest.mark.parametrize("key", ["4", "-1", "04", "1000000"])
def test_number_of_no_class(birds, key):
    """A number in labels that no class has is refused with the classes that there are, before a model runs."""
    label(birds, f'"{key}" = "emu", "*" = "*"')
    with pytest.raises(SurroundingsFault) as caught:
        check_model(model(birds))
    assert str(caught.value) == (
        'sentiment/small: models/birds has 4 classes (0 to 3: hen, crane, "great white shark, white shark", crane), and'
        f" labels in [sentiment.small] in fixtures/models/embedded.toml names others: {key}; take these out, or write"
        " the numbers that you meant"
    )


@pytest.mark.parametrize(
    ("task", "names", "fits"),
    [
        ("ner", ["O", "B-PER", "I-PER"], ["2", "PER"]),
        ("ner", ["LABEL_0", "LABEL_1", "LABEL_2"], ["0", "2"]),
        ("ner", ["O", "B-7", "I-7"], ["7"]),
        ("object-detection", ["cat", "N/A", "7"], ["0", "7"]),
        ("image-classification", ["cat", "7"], ["1", "7"]),
        ("audio-classification", ["yes", "no"], ["0"]),
    ],
    ids=range(6),
)
def test_numbers_of_all_tasks(task, names, fits):
    """In each task with labels a number is one of a class, or a label itself, or strange."""
    row = row_type(find_task(task))(model="m", labels=dict.fromkeys([*fits, "33"], "B-PER"))
    assert row.strange_numbers(names) == ["33"]


def test_many_labels_that_stand_twice(birds):
    """Of many labels that stand twice the first are told."""
    configure(birds, [f"bird {number % 50}" for number in range(100)])
    assert plan(birds).notes == [
        "sentiment/small: models/birds: labels that stand twice in id2label count as one: bird 0 (0 and 50), bird 1 (1"
        ' and 51), bird 2 (2 and 52) and 47 more; tell them apart by number: labels = { "0" = "…" }'
    ]


def test_names_with_commas_are_quoted(birds):
    """Names with commas stand in quotes where several are listed, and the printed line is TOML."""
    label(birds, 'crane = "crane"')
    with pytest.raises(SurroundingsFault) as caught:
        check_model(model(birds))
    head, _, line = str(caught.value).partition("; write in [sentiment.small] in fixtures/models/embedded.toml: ")
    assert head == (
        "sentiment/small: models/birds has labels that the row's label map does not know: \"great white shark, white"
        ' shark", hen'
    )
    assert tomllib.loads(line) == {
        "labels": {"crane": "crane", "great white shark, white shark": "…", "hen": "…"},
    }


def test_many_unknown_labels(birds):
    """Of many unknown labels the first are listed, and the printed line lets all keep their names."""
    configure(birds, [f"bird {number:03}" for number in range(100)])
    label(birds, '"bird 000" = "crane"')
    with pytest.raises(SurroundingsFault) as caught:
        check_model(model(birds))
    assert ", bird 010, … (99 in all); write in" in str(caught.value)
    assert str(caught.value).endswith('embedded.toml: labels = { "bird 000" = "crane", "*" = "*" }')


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["good", "bad"], 'labels = { "bad" = "bad", "good" = "good" }'),
        (["LABEL_0", "LABEL_1"], 'labels = { "LABEL_0" = "…", "LABEL_1" = "…" }'),
        ([f"bird {number}" for number in range(100)], 'labels = { "*" = "*" }'),
        (['say "a\\b"', "b"], 'labels = { "b" = "b", "say \\"a\\\\b\\"" = "say \\"a\\\\b\\"" }'),
    ],
    ids=["names", "no names", "many", "quotes"],
)
def test_missing_labels(birds, names, line):
    """A row without a label map is told the line to write, and that line is taken."""
    configure(birds, names)
    birds.models_file.write_text('[sentiment.small]\nmodel = "../../models/birds"\n')
    assert missing(birds) == (f"{birds.models_file}: sentiment.small.", f"missing; add it: {line}")
    birds.models_file.write_text(f'[sentiment.small]\nmodel = "../../models/birds"\n{line}\n')
    assert check_model(model(birds)) is None


def test_missing_labels_of_entities(birds):
    """Of a model of entities the line has labels without the letters of tags."""
    configure(birds, ["O", "B-PER", "I-PER", "E-PER", "S-LOC", "B-LOC"])
    birds.models_file.write_text('[ner.small]\nmodel = "../../models/birds"\n')
    assert missing(birds)[1] == 'missing; add it: labels = { "LOC" = "LOC", "PER" = "PER" }'


def test_missing_labels_of_a_candidate(birds):
    """A candidate's row is told the line of its own model."""
    birds.write("row.toml", 'model = "models/birds"\n')
    configure(birds, ["good", "bad"])
    label(birds, '"*" = "*"')
    said = missing(birds, ["sentiment.small=row.toml"])
    assert said[1] == 'missing; add it: labels = { "bad" = "bad", "good" = "good" }'


@pytest.mark.parametrize("what", ["no model", "broken", "no table", "public"])
def test_missing_labels_that_nobody_can_tell(birds, what):
    """Where the labels cannot be told, the row is told that it lacks them as before."""
    config = birds.path / "models/birds/config.json"
    named = "somebody/some-birds" if what == "public" else "../../models/birds"
    if what == "no model":
        config.unlink()
    elif what != "public":
        config.write_text("{" if what == "broken" else '{"id2label": ["crane"]}')
    birds.models_file.write_text(f'[sentiment.small]\nmodel = "{named}"\n')
    assert missing(birds)[1] == "missing; add it"


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"id2label": {"0": "hen", "2": "crane"}}, "id2label has no label for class 1 (it has 0, 2)"),
        ({"id2label": {"0": "hen", "1": None}}, "id2label has no label for class 1 (it has 0, 1)"),
        ({"num_labels": "3"}, "num_labels = '3' is no number of classes"),
        ({"id2label": {"hen": 0, "crane": 1}}, "id2label has a key that is no number of a class"),
    ],
)
def test_tables_with_gaps(birds, config, why):
    """A table that has not one name for each class is one error that names model and table."""
    birds.write("models/birds/config.json", json.dumps(config))
    with pytest.raises(SurroundingsFault) as caught:
        check_model(model(birds))
    assert str(caught.value).startswith(f"sentiment/small: models/birds: config.json: {why}")
    assert plan(birds).notes == []


def test_number_of_classes_without_a_table(birds):
    """A config.json that only says how many classes there are has the names that transformers gives them."""
    birds.write("models/birds/config.json", '{"num_labels": 3}')
    label(birds, 'LABEL_0 = "hen", 1 = "crane", LABEL_2 = "shark"')
    assert check_model(model(birds)) is None
    label(birds, 'LABEL_0 = "hen"')
    with pytest.raises(SurroundingsFault, match="does not know: LABEL_1, LABEL_2; write in"):
        check_model(model(birds))


@pytest.mark.parametrize("said", ["", 'tags = "BIOES"\noutside = "NONE"\n'], ids=["guessed", "said"])
def test_guessed_tags_are_told(birds, said):
    """How the tags of a model are read is noted where it is guessed; what the row says is not."""
    configure(birds, ["NONE", "B-PER", "I-PER", "E-PER", "S-PER"])
    birds.models_file.write_text(f'[ner.small]\nmodel = "../../models/birds"\nlabels = {{ PER = "PER" }}\n{said}')
    guess = (
        'ner/small: models/birds: tags = "BIOES" and outside = "NONE": guessed from its labels; write in its row what'
        " is right"
    )
    made = plan(birds)
    assert made.notes == ([] if said else [guess])
    assert check_model(made.models["ner", "small"]) is None


def test_classes_of_entities_without_names(birds):
    """A row that lets classes without names keep those is an error that says what to map them to."""
    birds.write("models/birds/config.json", '{"num_labels": 3}')
    birds.models_file.write_text('[ner.small]\nmodel = "../../models/birds"\nlabels = { "*" = "*" }\n')
    made = plan(birds)
    with pytest.raises(SurroundingsFault) as caught:
        check_model(made.models["ner", "small"])
    assert str(caught.value) == (
        'ner/small: models/birds: its labels are LABEL_0, LABEL_1, LABEL_2, of which "*" = "*" makes no tags; map each'
        " of them to its tag (O, B-PER, I-PER, …)"
    )
    assert made.notes == []


SWAPPED = (
    "sentiment/small: models/other calls class 0 sad, which models/birds calls glad, and labels maps it by number to"
    " glad (2 classes have other names); give the candidate a row of its own that maps its names: labels = {"
    ' "sad" = "sad", "glad" = "glad" }'
)


@pytest.mark.parametrize(
    ("own", "theirs", "wrong"),
    [
        (["glad", "sad"], ["sad", "glad"], True),
        (["glad", "sad"], ["GLAD", "Sad"], False),
        (["glad", "sad"], ["LABEL_0", "LABEL_1"], False),
        (["glad", "sad"], ["joy", "grief"], True),
        (["LABEL_0", "LABEL_1"], ["sad", "glad"], True),
        (["0", "1"], ["sad", "glad"], True),
        (["LABEL_0", "LABEL_1"], ["glad", "sad"], False),
        (["LABEL_0", "LABEL_1"], ["joy", "grief"], False),
    ],
)
def test_candidate_whose_classes_have_other_names(birds, own, theirs, wrong):
    """A class that is mapped by number and has another name in the candidate is an error; LABEL_n are no names."""
    configure(birds, own)
    birds.model("other", {}, size=21)
    birds.write("models/other/config.json", json.dumps({"id2label": dict(enumerate(theirs))}))
    label(birds, '0 = "glad", 1 = "sad"')
    swapped = plan(birds, ["sentiment.small=models/other"]).models["sentiment", "small"]
    if not wrong:
        assert check_model(swapped) is None
        return
    with pytest.raises(SurroundingsFault, match=r"calls class 0 .* row of its own that maps its names: labels") as why:
        check_model(swapped)
    if own[0] == theirs[1] == "glad":
        assert str(why.value) == SWAPPED


def test_candidate_whose_row_maps_its_own_names(birds):
    """A row of the candidate's own that maps its names is judged by these."""
    configure(birds, ["glad", "sad"])
    birds.model("other", {}, size=21)
    birds.write("models/other/config.json", '{"id2label": {"0": "sad", "1": "glad"}}')
    label(birds, '0 = "glad", 1 = "sad"')
    birds.write("row.toml", 'model = "models/other"\nlabels = { "glad" = "glad", "sad" = "sad" }\n')
    assert check_model(plan(birds, ["sentiment.small=row.toml"]).models["sentiment", "small"]) is None
