"""Keys of a models file that only some tasks have: labels, generation, no_answer, threshold, cut and long."""

import pytest

from swapgate.core.faults import InputFault
from swapgate.outputs import Tolerance
from swapgate.project.manifest import check_row, read_manifest, read_row
from swapgate.tasks import BUILT_IN, find_task, tasks
from swapgate.tasks.generation import Generation

LABELS = 'labels = { a = "b", c = "d" }\n'
SUITES = [one.name for task in BUILT_IN for one in task.variants]
MULTI_LABEL = [
    f"multi-label-{family}"
    for family in (
        "text-classification",
        "audio-classification",
        "image-classification",
        "zero-shot-classification",
    )
]
LABELLED = {
    *("text-classification", "audio-classification", "image-classification", "object-detection", "ner"),
    "zero-shot-classification",
    *MULTI_LABEL,
}
OF_VECTORS = ("pooling", "query_prefix", "passage_prefix", "normalize", "similarity")
TASK_KEYS = {
    "generation": {"summarization", "translation", "text-generation"},
    **{key: {"text-generation"} for key in ("chat_template", "system", "stop", "special_tokens")},
    "source_language": {"translation"},
    "target_language": {"translation"},
    "prefix": {"translation"},
    "no_answer": {"question-answering"},
    "threshold": {"object-detection", *MULTI_LABEL},
    "cut": {"audio-classification", "multi-label-audio-classification"},
    "decoding": {"summarization", "translation", "text-generation", "speech-recognition"},
    "tags": {"ner"},
    "outside": {"ner"},
    "aggregation": {"ner"},
    "hypothesis_template": {"zero-shot-classification", "multi-label-zero-shot-classification"},
    **{key: {"retrieval"} for key in OF_VECTORS},
    "normalize": {"text-generation", "retrieval"},
    "long": {*SUITES}
    - {"image-classification", "multi-label-image-classification", "object-detection", "text-generation"},
}
"""From each key to the tasks that have it."""


def owners(having):
    """Return in words which tasks have a key."""
    *others, last = [name for name in SUITES if name in having and name not in MULTI_LABEL]
    return f"only {', '.join(others)} and {last} have" if others else f"only {last} has"


OWNERS = {
    **{key: owners(having) for key, having in TASK_KEYS.items()},
    "threshold": "only object-detection and suites with multi_label = true have",
    "hypothesis_template": "only zero-shot-classification has",
}
DEFAULTS = {
    "generation": None,
    **dict.fromkeys(("source_language", "target_language", "prefix", "system", "normalize")),
    "chat_template": False,
    "stop": [],
    "special_tokens": True,
    "no_answer": False,
    "threshold": None,
    "cut": False,
    "decoding": None,
    "tags": None,
    "outside": None,
    "aggregation": "simple",
    "hypothesis_template": "This example is {}.",
    **dict.fromkeys(OF_VECTORS),
    "long": None,
}
WRITTEN = {
    "generation": "{ max_new_tokens = 2 }",
    "chat_template": "true",
    "system": "'Be kind.'",
    "stop": "['.']",
    "special_tokens": "false",
    "normalize": "'bytes'",
    "source_language": "'en'",
    "target_language": "'de'",
    "prefix": "'>>deu<< '",
    "no_answer": "true",
    "threshold": "0.7",
    "cut": "true",
    "decoding": "'greedy'",
    "tags": "'BIOES'",
    "outside": "'NONE'",
    "aggregation": "'first'",
    "hypothesis_template": "'It is about {}.'",
    "pooling": "'cls'",
    "query_prefix": "'query: '",
    "passage_prefix": "'passage: '",
    "normalize of retrieval": "true",
    "similarity": "'dot'",
    "long": "'truncate'",
}
NUMBERS = {
    "num_beams": 1,
    "min_length": 0,
    "max_length": 1,
    "min_new_tokens": 0,
    "max_new_tokens": 1,
    "no_repeat_ngram_size": 0,
}


def suite_of(task):
    """Return what the suite of a task is called: like it, but for those with several labels."""
    return "mine" if find_task(task).base else task


def row(task, lines=""):
    """Return a models file of one row, with these lines besides what its task asks for."""
    known, suite = find_task(task), suite_of(task)
    head = f"[{suite}]\ntask = '{known.base}'\nmulti_label = true\n" if known.base else ""
    return f"{head}[{suite}.small]\nmodel = 'm'\n{LABELS if known.name in LABELLED else ''}{lines}"


def only(manifest):
    """Return the one row of a models file."""
    (tiers,) = manifest.rows.values()
    return tiers["small"]


def test_tasks():
    """The tasks of a models file are those of the package, each by all of its names, and each key is of some."""
    assert {name for name, task in tasks().items() if task.name in SUITES} == {
        *(name for name in SUITES if name not in MULTI_LABEL),
        *("sentiment", "token-classification", "feature-extraction"),
    }
    for key, having in TASK_KEYS.items():
        assert {task for task in SUITES if key in find_task(task).settings.own_keys()} == having
    assert {key for task in SUITES for key in find_task(task).settings.own_keys()} == {*TASK_KEYS}


@pytest.mark.parametrize("task", [pytest.param(task, id=f"task {number}") for number, task in enumerate(SUITES)])
def test_defaults(read, task):
    """A row of any task needs a model, and labels where its models name some; it has no settings of its own."""
    read_as = only(read(row(task)))
    found = {key: getattr(read_as, key) for key in TASK_KEYS if hasattr(read_as, key)}
    assert found == {key: DEFAULTS[key] for key, having in TASK_KEYS.items() if task in having}
    assert read_as.settings == {}
    assert bool(read_as.labels) == (task in LABELLED)


@pytest.mark.parametrize(
    "task",
    ["sentiment", "audio-classification", "image-classification", "object-detection", pytest.param("ner", id="tags")],
)
@pytest.mark.parametrize("lines", ["", "labels = {}\n"], ids=["none", "empty"])
def test_labels_are_missing(fault, task, lines):
    """A task whose models name labels must map at least one."""
    assert fault(f"[{task}.small]\nmodel = 'm'\n{lines}") == f"{task}.small.labels: missing; add it"


@pytest.mark.parametrize("task", ["question-answering", "summarization", "speech-recognition", "retrieval"])
def test_labels_are_too_much(fault, read, task):
    """A task whose models name no labels has none to map; an empty table maps none."""
    assert fault(row(task, LABELS)) == f"{task}.small.labels: {task} has none; remove it"
    assert only(read(row(task, "labels = {}\n"))).labels == {}


@pytest.mark.parametrize("task", [pytest.param(task, id=f"task {number}") for number, task in enumerate(SUITES)])
@pytest.mark.parametrize("key", [pytest.param(key, id=f"key {number}") for number, key in enumerate(TASK_KEYS)])
def test_keys_of_one_task(path, task, key):
    """A key that one task has is read there and refused in every other task."""
    path.write_text(row(task, f"{key} = {WRITTEN.get(f'{key} of {task}', WRITTEN[key])}\n"))
    if task in TASK_KEYS[key]:
        settings = [*only(read_manifest(path)).settings]
        assert settings == ([] if key in ("decoding", "long") else [key])  # these say how it is judged
        return
    with pytest.raises(InputFault) as caught:
        read_manifest(path)
    assert str(caught.value) == f"{path}: {suite_of(task)}.small.{key}: {OWNERS[key]} it; remove it"


def test_writing(read):
    """How a text is written keeps what is set, and only that is a setting of the row."""
    lines = "num_beams = 4, min_length = 0, length_penalty = -0.5, no_repeat_ngram_size = 3"
    read_as = only(read(row("summarization", f"generation = {{ {lines} }}\n")))
    assert read_as.generation == Generation(num_beams=4, min_length=0, length_penalty=-0.5, no_repeat_ngram_size=3)
    assert read_as.settings == {
        "generation": {"num_beams": 4, "min_length": 0, "length_penalty": -0.5, "no_repeat_ngram_size": 3}
    }


@pytest.mark.parametrize("key", NUMBERS)
def test_writing_in_range(read, key):
    """A number of tokens or beams may be the least that makes sense, and any above that can be."""
    for value in (NUMBERS[key], 100 if key == "num_beams" else 1000):
        read_as = only(read(row("summarization", f"generation = {{ {key} = {value} }}\n")))
        assert getattr(read_as.generation, key) == value


@pytest.mark.parametrize("key", NUMBERS)
def test_writing_out_of_range(fault, key):
    """A number of tokens or beams below the least that makes sense is refused, and so is a part of one."""
    where = f"summarization.small.generation.{key}: must be "
    least = NUMBERS[key]
    assert fault(row("summarization", f"generation = {{ {key} = {least - 1} }}\n")) == (
        f"{where}{least} or more, found {least - 1}"
    )
    for value, found in (("2.0", "2.0"), ("true", "True"), ('"2"', "'2'")):
        assert fault(row("summarization", f"generation = {{ {key} = {value} }}\n")) == (
            f"{where}a whole number, found {found}"
        )


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_length_penalty_that_is_no_number(fault, value):
    """A penalty that is not finite is refused."""
    assert fault(row("summarization", f"generation.length_penalty = {value}\n")) == (
        f"summarization.small.generation.length_penalty: must be a finite number, found {value}"
    )


def test_beams_without_end(fault):
    """More beams than any search needs are refused."""
    assert fault(row("summarization", "generation.num_beams = 100000\n")) == (
        "summarization.small.generation.num_beams: must be 100 or less, found 100000"
    )


def test_writing_has_no_other_keys(fault):
    """A way of writing that would not give one text alone cannot be set, and a misspelt key is told."""
    where = "summarization.small.generation"
    assert fault(row("summarization", "generation = { do_sample = true }\n")) == (
        f"{where}.do_sample: unknown key; known: length_penalty, max_length, max_new_tokens, min_length,"
        " min_new_tokens, no_repeat_ngram_size, num_beams"
    )
    assert fault(row("summarization", "generation = { num_beam = 4 }\n")) == (
        f"{where}.num_beam: unknown key; did you mean 'num_beams'?"
    )
    assert fault(row("summarization", "generation = 4\n")).startswith(f"{where}: must be a table")


def test_no_answer(read, fault):
    """Whether there may be no answer is true or false; false is what it is without."""
    assert only(read(row("question-answering", "no_answer = true\n"))).settings == {"no_answer": True}
    assert only(read(row("question-answering", "no_answer = false\n"))).settings == {}
    for value, found in (("1", "1"), ('"true"', "'true'")):
        assert fault(row("question-answering", f"no_answer = {value}\n")) == (
            f"question-answering.small.no_answer: must be true or false, found {found}"
        )


@pytest.mark.parametrize("value", ["1e-9", "0.5", "0.999"])
def test_threshold_in_range(read, value):
    """A threshold is between 0 and 1; also the one that is the default is a setting where it is written."""
    assert only(read(row("object-detection", f"threshold = {value}\n"))).settings == {"threshold": float(value)}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "above 0"),
        ("0.0", "above 0"),
        ("-0.1", "above 0"),
        ("1", "below 1"),
        ("1.0", "below 1"),
        ("50", "below 1"),
        ("nan", "a finite number"),
        ("inf", "a finite number"),
        ("true", "a number"),
        ('"0.5"', "a number"),
    ],
)
def test_threshold_out_of_range(fault, value, words):
    """A threshold that all objects or none would reach is refused."""
    told = fault(row("object-detection", f"threshold = {value}\n"))
    assert told.startswith(f"object-detection.small.threshold: must be {words}, found ")
    assert "\n" not in told


@pytest.mark.parametrize("key", ["box", "text"])
def test_tolerances_of_boxes_and_texts(read, fault, key):
    """Boxes and texts have tolerances of their own, from 0 to 1, with a reason."""
    lines = f'tolerance = {{ {key} = 0.25, reason = "int8" }}\n'
    assert only(read(row("object-detection", lines))).tolerance == Tolerance(**{key: 0.25}, reason="int8")
    where = "object-detection.small.tolerance: "
    assert fault(row("object-detection", lines.replace("0.25", "1.5"))).startswith(
        f"{where}{key} = 1.5 is not between 0 and 1"
    )
    assert fault(row("object-detection", f"tolerance = {{ {key} = 0.25 }}\n")).startswith(
        f"{where}a tolerance other than the default needs a reason"
    )


def test_everything_of_another_task(fault):
    """A row of one task under the name of another is refused at its first key, one that it does not know before all."""
    text = "[summarization.small]\nmodel = 'm'\n" + LABELS
    assert fault(text + "threshold = 0.5\n") == f"summarization.small.threshold: {OWNERS['threshold']} it; remove it"
    assert fault(text) == "summarization.small.labels: summarization has none; remove it"


def test_row_file_of_another_task(path, read):
    """A file that holds one row is checked for the task that it is to be used in."""
    manifest = read(row("sentiment") + row("object-detection"))
    row_file = path.with_name("row.toml")
    row_file.write_text(f"model = 'm'\n{LABELS}threshold = 0.3\n")
    candidate = read_row(row_file, find_task("object-detection"))
    check_row(manifest, "object-detection", "small", candidate, row_file)
    with pytest.raises(InputFault) as caught:
        read_row(row_file, find_task("sentiment"))
    assert str(caught.value) == f"{row_file}: threshold: {OWNERS['threshold']} it; remove it"


def test_row_file_of_any_task(path):
    """Where the task is not known yet, a row may have the keys of any, and no others."""
    path.write_text(f"model = 'm'\n{LABELS}threshold = 0.3\ncut = true\n")
    assert read_row(path, None).model == "m"
    path.write_text(f"model = 'm'\n{LABELS}treshold = 0.3\n")
    with pytest.raises(InputFault, match="treshold: unknown key"):
        read_row(path, None)


def test_columns(read):
    """A suite's own table says which columns of its set hold the keys of a row; a tier may be called columns."""
    columns = "columns = { text = 'review', 'slices.language' = 'lang' }"
    assert read(f"[sentiment]\n{columns}\n[sentiment.small]\nmodel = 'm'\n{LABELS}").columns == {
        "sentiment": {"text": "review", "slices.language": "lang"}
    }
    assert read(f"[sentiment.columns]\nmodel = 'm'\n{LABELS}").columns == {"sentiment": {}}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("{ txt = 'review' }", "sentiment.columns.txt: no key of a row of text-classification; did you mean 'text'?"),
        ("{ question = 'q' }", "sentiment.columns.question: no key of a row of text-classification; known: "),
        ("{ text = 1 }", "sentiment.columns.text: must be a text, found 1"),
        ("'text'", "sentiment.columns: must be a table, found 'text'"),
    ],
)
def test_bad_columns(read, columns, message):
    """Columns of keys that rows have not are refused."""
    with pytest.raises(InputFault) as told:
        read(f"[sentiment]\ncolumns = {columns}\n[sentiment.small]\nmodel = 'm'\n{LABELS}")
    assert message in str(told.value)
