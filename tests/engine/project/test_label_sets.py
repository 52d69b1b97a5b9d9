"""Tiers that name things differently: sets of labels, labels that keep their names, and a cases file of their own."""

import json
import tomllib

import pytest

from swapgate.core.faults import InputFault
from swapgate.core.words import plain
from swapgate.outputs.classification import ranked
from swapgate.project.cases import read_cases
from swapgate.project.evaluation import find_set
from swapgate.project.manifest import read_manifest
from swapgate.tasks import find_task
from swapgate.tasks.settings import label_line
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan

MODELS = """
cases = "moods.toml"

[sentiment.original]
model = "../../models/original"
labels = { "*" = "*" }
label_set = "words"

[sentiment.small]
model = "../../models/small"
labels = { "1 star" = "bad", "*" = "*" }
label_set = "stars"
"""
CASES = """
latency = "nice"

[[case]]
id = "nice"
text = "Nice."
expected = { words = "glad", stars = ["4 stars", "5 stars"] }

[[case]]
id = "plain"
text = "A chair."
expected = "neutral"
"""


@pytest.fixture
def moods(project):
    """A project of two sentiment tiers with labels of their own."""
    project.models_file.write_text(MODELS)
    project.write("fixtures/sentiment/moods.toml", CASES)
    return project


def plan(project, swaps=()):
    """Read everything that a run depends on."""
    return make_plan(project.path, project.models_file, swaps, [], project.path)


def fault(project, swaps=()):
    """Return the message that refuses the project, without the folder."""
    with pytest.raises(InputFault) as caught:
        plan(project, swaps)
    return str(caught.value).replace(f"{project.path}/", "")


def test_each_tier_has_its_answers(moods):
    """A case may say what is right in each set of labels; where it says one thing, that is right in all."""
    tiers = {tier: model.cases.cases for (_, tier), model in plan(moods).models.items()}
    right = {tier: [case.expected for case in cases] for tier, cases in tiers.items()}
    assert right == {"original": [("glad",), ("neutral",)], "small": [("4 stars", "5 stars"), ("neutral",)]}
    digests = [cases[0].expected_digest for cases in tiers.values()]
    assert len({*digests}) == 2


def test_row_without_a_set(moods):
    """A row that does not say whose labels it has is told which there are."""
    moods.replace(moods.models_file, 'label_set = "words"\n', "")
    assert fault(moods) == (
        "fixtures/sentiment/moods.toml: case 'nice': expected says what is right in each of several sets of labels"
        " (stars, words); name one of them as label_set in the row of each tier"
    )


def test_unknown_set(moods):
    """A set of labels for which a case has no answer is told, with the nearest one."""
    moods.replace(moods.models_file, 'label_set = "words"', 'label_set = "word"')
    assert fault(moods) == (
        "fixtures/sentiment/moods.toml: case 'nice': expected has nothing for label_set = 'word' of the models file;"
        " did you mean 'words'?"
    )


def test_set_without_a_use(moods):
    """A set of labels that no case speaks of is told, also where a task has no labels."""
    moods.replace(moods.path / "fixtures/sentiment/moods.toml", "expected = { words", "expected = 'glad' # { words")
    assert fault(moods) == (
        "fixtures/sentiment/moods.toml: no case has several sets of labels; remove label_set = 'words' of its rows"
    )


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("{}", "case[nice].expected: is empty"),
        ('{ words = "" }', "case[nice].expected.words[0]: is empty"),
        ("{ words = 3 }", "case[nice].expected.words: must be a label, which is a text, or a list"),
        ('{ words = { a = "b" } }', "case[nice].expected.words: must be a label, which is a text, or a list"),
    ],
    ids=["no set", "no label", "number", "table"],
)
def test_sets_that_are_none(moods, expected, words):
    """A set of labels with something else than labels is told in one line."""
    path = moods.path / "fixtures/sentiment/moods.toml"
    moods.replace(path, '{ words = "glad", stars = ["4 stars", "5 stars"] }', expected)
    told = fault(moods)
    assert told.startswith(f"fixtures/sentiment/moods.toml: {words}")
    assert "\n" not in told


def test_evaluation_sets_have_one_language(tmp_path):
    """A row of an evaluation set cannot say what is right in several sets of labels."""
    path = tmp_path / "set.jsonl"
    path.write_text('{"id": "a", "text": "Nice.", "expected": {"words": "glad"}}\n')
    with pytest.raises(InputFault, match="'a': expected says what is right in each of several sets of labels"):
        find_set(path, find_task("sentiment"), frozenset())


def test_candidate_brings_no_set(moods):
    """A candidate is judged by its incumbent's set of labels, and a set of its own is noted as unused."""
    moods.model("third", {}, labels=("glad",))
    moods.write("third.toml", 'model = "models/third"\nlabels = { "*" = "*" }\nlabel_set = "stars"\n')
    made = plan(moods, ["sentiment.original=third.toml"])
    assert made.models["sentiment", "original"].cases.latency.expected == ("glad",)
    assert made.notes == [
        "sentiment/original: label_set of third.toml not used: a candidate is judged by its incumbent's limits"
    ]


def test_labels_keep_their_names(moods):
    """Labels that a row does not list keep their names where it says so; those it lists are renamed."""
    row = plan(moods).models["sentiment", "small"].row
    found = ranked([0.2, 0.3, 0.5], ["1 star", "4 stars", "5 stars"], row.label_map)
    assert [str(score) for score in found.scores] == ["5 stars 0.5000", "4 stars 0.3000", "bad 0.2000"]
    assert dict(row.label_map) == {"1 star": "bad", "*": "*"}


def test_no_label_is_unknown(moods):
    """Where labels keep their names none is unknown; without that, one that the row does not list is."""
    for model in plan(moods).models.values():
        check_model(model)
    moods.replace(moods.models_file, '{ "*" = "*" }', '{ glad = "glad" }')
    first = plan(moods).models["sentiment", "original"]
    with pytest.raises(Exception, match="has labels that the row's label map does not know"):
        check_model(first)


def test_another_name_for_the_others(moods):
    """The labels that are not listed cannot all be renamed to one."""
    moods.replace(moods.models_file, '{ "*" = "*" }', '{ "*" = "glad" }')
    assert fault(moods).startswith(
        'fixtures/models/embedded.toml: sentiment.original.labels: "*" = "*" lets the labels that are not'
        " listed keep their names; write that"
    )


def test_renaming_is_another_model(moods):
    """How labels are named is part of what a model is: the digest tells."""
    before = plan(moods).models["sentiment", "original"].source.digest
    moods.replace(moods.models_file, '{ "*" = "*" }', '{ "*" = "*", sad = "bad" }')
    assert plan(moods).models["sentiment", "original"].source.digest != before


@pytest.mark.parametrize("value", ['"../cases.toml"', '"cases"', "3", '""', '"a/b.toml"'])
def test_cases_file_is_a_name(moods, value):
    """The cases files of a models file are named as files in the tasks' folders, and in no other way."""
    moods.replace(moods.models_file, 'cases = "moods.toml"', f"cases = {value}")
    assert fault(moods).startswith("fixtures/models/embedded.toml: cases: ")


def test_cases_file_by_default(project):
    """A models file that names no cases files is judged by cases.toml."""
    manifest = read_manifest(project.models_file)
    assert manifest.cases_path(project.path, "ner") == project.cases_file


def test_missing_cases_file(moods):
    """A cases file that is named and not there is told with its path."""
    moods.replace(moods.models_file, "moods.toml", "mood.toml")
    assert fault(moods).startswith("fixtures/sentiment/mood.toml: there is no such file")


DOWNLOAD = '[download."a.wav"]\nurl = "{url}"\nsha256 = "{sha256}"\n'


@pytest.mark.parametrize(
    ("url", "sha256", "words"),
    [
        ("ftp://host/a.wav", "0" * 64, "download.a.wav.url: must be of the form"),
        ("https://host/a b.wav", "0" * 64, "download.a.wav.url: must be of the form"),
        ("https://host/a.wav", "0" * 63, "download.a.wav.sha256: must be of the form"),
        ("https://host/a.wav", "A" * 64, "download.a.wav.sha256: must be of the form"),
    ],
    ids=["ftp", "space", "short", "capitals"],
)
def test_malformed_download(tmp_path, url, sha256, words):
    """A download is an address of the web and a SHA-256 in small letters."""
    path = tmp_path / "cases.toml"
    case = '[[case]]\nid = "one"\naudio = "a.wav"\nexpected = "rain"\n'
    path.write_text(f'latency = "one"\n{DOWNLOAD.format(url=url, sha256=sha256)}{case}')
    with pytest.raises(InputFault, match=words.replace(".", r"\.")):
        read_cases(path, find_task("audio-classification"))


@pytest.mark.parametrize("name", ["../a.wav", "sub/a.wav", ".hidden", ""])
def test_download_is_a_name(tmp_path, name):
    """What is fetched is named as a file, and leads out of no folder."""
    path = tmp_path / "cases.toml"
    download = DOWNLOAD.format(url="https://host/a.wav", sha256="0" * 64).replace('"a.wav"', f'"{name}"')
    case = '[[case]]\nid = "one"\naudio = "a.wav"\nexpected = "rain"\n'
    path.write_text(f'latency = "one"\n{download}{case}')
    with pytest.raises(InputFault, match="must be of the form"):
        read_cases(path, find_task("audio-classification"))


def test_set_with_labels_that_no_model_gives(moods):
    """Also where labels keep their names, an evaluation set's label that no model can give is named before one runs."""
    for name in ("original", "small"):
        config = moods.path / "models" / name / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "id2label": {"0": "glad", "1": "sad"}}))
    rows = [{"id": label, "text": "Nice.", "expected": label} for label in ("glad", "neutral", "joyful")]
    sets = [moods.write(f"{row['id']}.jsonl", json.dumps(row)) for row in rows]
    for path in sets[:2]:  # a model gives the one, a case names the other
        make_plan(moods.path, moods.models_file, [], [f"sentiment={path}"], moods.path)
    with pytest.raises(InputFault, match=r"joyful.jsonl, row 1: 'joyful': expected: no model and no case knows"):
        make_plan(moods.path, moods.models_file, [], [f"sentiment={sets[2]}"], moods.path)


@pytest.mark.parametrize(
    "name", ["négatif\xa0!", "a\x7fb", "c\x85d", 'say "no"', "back\\slash", "line\nbreak", "e\u2028f", "wide\U000e0001"]
)
def test_line_with_strange_letters(name):
    """A label map that is to be written is one line of TOML that says the very labels, whatever letters they have."""
    line = label_line({name: name})
    assert plain(line) == line
    assert tomllib.loads(line) == {"labels": {name: name}}
