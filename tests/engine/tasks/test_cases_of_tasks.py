"""The cases files of the other tasks: well-formed ones, and each way to get one wrong."""

import json

import pytest

from swapgate.inputs.given import Question
from swapgate.inputs.pictures import read_image
from swapgate.inputs.sounds import read_sound
from swapgate.outputs.answer import AnswerSpan
from swapgate.outputs.detections import Annotation
from swapgate.outputs.text import Summary
from swapgate.outputs.translation import Reference
from swapgate.project.cases import read_cases
from swapgate.tasks import find_task
from swapgate.tasks.case import Case

CONTEXT = "Paris is in France; Ada was born in Paris."
TEXT = "The council of Ely voted to repair the bridge."
SUMMARY = {"summary": "Ely repairs the bridge.", "words": [3, 9]}
TRANSLATION = {"translation": "Ely repariert die Brücke."}
FAMILIES = {
    "sentiment": {"text": "Good.", "expected": "positive"},
    "question-answering": {"question": "Where?", "context": CONTEXT, "expected": [{"start": 36, "text": "Paris"}]},
    "summarization": {"text": TEXT, "expected": SUMMARY},
    "translation": {"text": TEXT, "expected": TRANSLATION},
    "audio-classification": {"audio": "a.wav", "expected": "siren"},
    "speech-recognition": {"audio": "a.wav", "expected": "Turn left."},
    "image-classification": {"image": "a.png", "expected": "cat"},
    "object-detection": {"image": "a.png", "expected": [{"label": "cat", "box": [1, 2.5, 30, 40]}]},
}
FILES = [(task, key) for task, row in FAMILIES.items() for key in row if key in ("audio", "image")]
LABELLED = ["sentiment", "audio-classification", "image-classification"]


def toml(value):
    """Write a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def file_of(task, **changes):
    """Return a cases file of one case, with these changes; None leaves a key out."""
    row = {"id": "one", **FAMILIES[task], **changes}
    lines = [f"{key} = {toml(value)}" for key, value in row.items() if value is not None]
    return "\n".join(['latency = "one"', "[[case]]", *lines]) + "\n"


@pytest.fixture
def path(tmp_path):
    """Return where the cases file is; a sound and a picture stand beside it."""
    for name in ("a.wav", "a.png"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path / "cases.toml"


@pytest.fixture
def read(path, request):
    """Read a cases file of the task that a test is about."""

    def read_text(text):
        path.write_text(text, encoding="utf-8")
        return read_cases(path, find_task(request.node.callspec.params["task"]))

    return read_text


def one(read, task, **changes):
    """Read a cases file of one case, and give that case."""
    return read(file_of(task, **changes)).latency


@pytest.mark.parametrize("task", LABELLED)
@pytest.mark.parametrize(
    ("written", "right"), [("glad", ("glad",)), (["glad", "sad"], ("glad", "sad"))], ids=["one", "several"]
)
def test_labels(read, task, written, right):
    """A label that is right is written alone, several in a list."""
    assert one(read, task, expected=written).expected == right


@pytest.mark.parametrize("task", ["sentiment"])
def test_sentiment(read, task):
    """The input of sentiment is its text."""
    case = one(read, task)
    assert (case.id, case.given, case.input, case.read) == ("one", "Good.", "Good.", None)


@pytest.mark.parametrize("task", ["question-answering"])
@pytest.mark.parametrize(
    ("written", "right"),
    [
        ([{"start": 36, "text": "Paris"}], (AnswerSpan(36, "Paris"),)),
        (
            [{"start": 33, "text": "in Paris"}, {"start": 0, "text": "Paris"}],
            (AnswerSpan(33, "in Paris"), AnswerSpan(0, "Paris")),
        ),
        ([{"start": 0, "text": CONTEXT}], (AnswerSpan(0, CONTEXT),)),
        ([], ()),
    ],
    ids=["one", "several", "whole", "none"],
)
def test_question(read, task, written, right):
    """The input is a question with its context; what is right are passages of it, or none."""
    case = one(read, task, expected=written)
    assert case.given == case.input == Question("Where?", CONTEXT)
    assert case.expected == right


@pytest.mark.parametrize("task", ["question-answering"])
def test_passage_behind_other_letters(read, task):
    """The place of a passage is counted in characters, neither in bytes nor in UTF-16 units."""
    case = one(read, task, context="😀 né à Zürich", expected=[{"start": 7, "text": "Zürich"}])
    assert case.expected == (AnswerSpan(7, "Zürich"),)


@pytest.mark.parametrize("task", ["summarization"])
def test_summary(read, task):
    """What is asked of a summary keeps the text it is of; words that must or must not occur need not be named."""
    case = one(read, task)
    assert case.given == case.input == TEXT
    assert case.expected == Summary(TEXT, "Ely repairs the bridge.", (), (), (3, 9))
    asked = {**SUMMARY, "must": ["Ely", "the bridge"], "must_not": ["London"], "words": [4, 4]}
    assert one(read, task, expected=asked).expected == Summary(
        TEXT, "Ely repairs the bridge.", ("Ely", "the bridge"), ("London",), (4, 4)
    )


@pytest.mark.parametrize("task", ["translation"])
def test_translation(read, task):
    """Words that must or must not occur in a translation need not be named."""
    assert one(read, task).expected == Reference("Ely repariert die Brücke.", (), ())
    asked = {**TRANSLATION, "must": ["die Brücke"], "must_not": ["bridge"]}
    right = Reference("Ely repariert die Brücke.", ("die Brücke",), ("bridge",))
    assert one(read, task, expected=asked).expected == right


@pytest.mark.parametrize(("task", "key"), FILES)
def test_files(read, path, task, key):
    """A file is named relative to the cases file, in folders too, and not read before it is asked for."""
    name, reader = {"audio": ("a.wav", read_sound), "image": ("a.png", read_image)}[key]
    assert (one(read, task).given, one(read, task).read) == (path.parent / name, reader)
    (path.parent / "sub").mkdir()
    (path.parent / name).rename(path.parent / "sub" / name)
    assert one(read, task, **{key: f"sub/{name}"}).given == path.parent / "sub" / name


@pytest.mark.parametrize(
    ("task", "shown"),
    [
        ("sentiment", "Good."),
        ("question-answering", f"Where? | {CONTEXT}"),
        ("summarization", TEXT),
        ("speech-recognition", "a.wav"),
        ("object-detection", "a.png"),
    ],
)
def test_shown(read, task, shown):
    """A report shows an input as its text, or as the name of its file."""
    assert one(read, task).shown == shown


@pytest.mark.parametrize("task", ["sentiment"])
def test_shown_on_one_line(read, task):
    """A long text is shortened, at a space, and written on one line; what JSON can hold is shown as that."""
    assert one(read, task, text="word\n \t" * 40).shown == f"{' '.join(['word'] * 11)}…"
    assert one(read, task, text="x" * 61).shown == f"{'x' * 59}…"
    assert Case("one", {"gap": "Zürich"}, ()).shown == '{"gap": "Zürich"}'


@pytest.mark.parametrize("task", ["speech-recognition"])
def test_transcript(read, task):
    """A transcript is what is written, punctuation and all."""
    assert one(read, task).expected == "Turn left."


@pytest.mark.parametrize("task", ["object-detection"])
def test_things(read, task):
    """Objects have a label and a box, in whole pixels or parts of them; a picture may hold none."""
    assert one(read, task).expected == (Annotation("cat", (1.0, 2.5, 30.0, 40.0)),)
    assert one(read, task, expected=[]).expected == ()


@pytest.mark.parametrize(
    ("task", "key"), [(task, key) for task, row in FAMILIES.items() for key in row], ids=lambda value: value
)
def test_missing_key(fault, task, key):
    """Each key of a case must be there, and is named where it is not."""
    assert fault(file_of(task, **{key: None})) == f"case[one].{key}: missing; add it"


@pytest.mark.parametrize("task", FAMILIES)
def test_unknown_key(fault, task):
    """A key that the cases of a task have not is named, with the nearest one."""
    keys = sorted({"id", "critical", "quarantine", "expires", *FAMILIES[task]})
    assert fault(file_of(task, expcted=1)) == "case[one].expcted: unknown key; did you mean 'expected'?"
    assert fault(file_of(task, zzz=1)) == f"case[one].zzz: unknown key; known: {', '.join(keys)}"


@pytest.mark.parametrize(
    ("task", "expected", "words"),
    [
        ("question-answering", [{"start": 36, "text": "Paris", "end": 41}], "[0].end: unknown key; known: start, text"),
        ("summarization", {**SUMMARY, "mus": []}, ".mus: unknown key; did you mean 'must'?"),
        ("object-detection", [{"label": "cat", "bok": [], "box": [0, 0, 1, 1]}], "[0].bok: unknown key; did you mean"),
        ("question-answering", [{"text": "Paris"}], "[0].start: missing; add it"),
        ("summarization", {"words": [3, 9]}, ".summary: missing; add it"),
        ("summarization", {"summary": "Ely."}, ".words: missing; add it"),
        ("object-detection", [{"label": "cat"}], "[0].box: missing; add it"),
    ],
    ids=["passage", "summary", "thing", "no start", "no summary", "no words", "no box"],
)
def test_keys_of_what_is_right(fault, task, expected, words):
    """A key that is missing or unknown in what is right is named with its place."""
    lines = fault(file_of(task, expected=expected))
    assert lines.startswith(f"case[one].expected{words}")
    assert "\n" not in lines


@pytest.mark.parametrize("task", LABELLED)
@pytest.mark.parametrize(
    ("expected", "key"),
    [([], ""), ("", ""), ([""], "[0]"), (["glad", ""], "[1]"), (3, ""), (True, ""), ([3], "[0]"), ({"a": ""}, ".a[0]")],
    ids=["no label", "empty", "empty in a list", "second empty", "number", "bool", "number in a list", "table"],
)
def test_labels_that_are_none(fault, task, expected, key):
    """Something else than a label, or than a list of at least one, is told in one line."""
    words = fault(file_of(task, expected=expected))
    assert words.startswith(f"case[one].expected{key}")
    assert "\n" not in words


@pytest.mark.parametrize(("task", "key"), FILES)
@pytest.mark.parametrize("name", ["gone.wav", "sub/a.wav", "."], ids=["gone", "elsewhere", "folder"])
def test_missing_file(fault, path, task, key, name):
    """A file that is not there is told with the whole path that was looked for."""
    assert fault(file_of(task, **{key: name})) == (
        f"case 'one': no file {path.parent / name}; paths are relative to the cases file"
    )


@pytest.mark.parametrize("task", ["question-answering"])
@pytest.mark.parametrize(
    ("start", "text", "words"),
    [
        (35, "Paris", "'Paris' at 35-40, where the text has ' Pari'; it stands at 0-5"),
        (11, "France", "'France' at 11-17, where the text has ' Franc'; it stands at 12-18"),
        (90, "France", "'France' at 90-96, where the text has ''; it stands at 12-18"),
        (12, "france", "'france' at 12-18, where the text has 'France'; it does not stand in the text"),
        (36, "Paris..", "'Paris..' at 36-43, where the text has 'Paris.'; it does not stand in the text"),
    ],
    ids=["twice", "before", "behind the text", "case", "longer"],
)
def test_passage_elsewhere(fault, task, start, text, words):
    """A passage that does not stand at its place is told with what does, and with where it stands."""
    assert fault(file_of(task, expected=[{"start": start, "text": text}])) == f"case 'one': expected {words}"


@pytest.mark.parametrize(
    ("task", "expected", "words"),
    [
        (
            "summarization",
            {**SUMMARY, "words": [9, 3]},
            "case 'one': expected.words = [9, 3]: the fewest are more than the most; swap them",
        ),
        ("summarization", {**SUMMARY, "summary": "– 🎉"}, "case 'one': expected.summary = '– 🎉' has no words, so"),
        ("summarization", {**SUMMARY, "words": [0, 3]}, "case[one].expected.words[0]: must be "),
        ("summarization", {**SUMMARY, "words": [3]}, "case[one].expected.words: must have 2 parts or more"),
        ("summarization", {**SUMMARY, "words": [3, 4, 5]}, "case[one].expected.words: must have 2 parts or fewer"),
        ("summarization", {**SUMMARY, "must": ["a", ""]}, "case[one].expected.must[1]: is empty"),
        ("summarization", {**SUMMARY, "must": ["a", "\u200b"]}, "case 'one': expected.must has '\\u200b', of which"),
        ("summarization", {**SUMMARY, "must_not": [" "]}, "case 'one': expected.must_not has ' ', of which nothing"),
        ("summarization", {**SUMMARY, "must_not": "a"}, "case[one].expected.must_not: must be a list"),
        ("summarization", "Ely.", "case[one].expected: must be a table"),
        ("translation", "Ely.", "case[one].expected: must be a table"),
        ("translation", {"translation": "?!"}, "case 'one': expected.translation = '?!' has no words, so"),
        ("translation", {**TRANSLATION, "must": ["\u200b"]}, "case 'one': expected.must has '\\u200b', of which"),
        ("translation", {**TRANSLATION, "words": [1, 2]}, "case[one].expected.words: unknown key"),
        ("question-answering", [{"start": -6, "text": "Paris"}], "case[one].expected[0].start: must be"),
        ("question-answering", [{"start": 0, "text": ""}], "case[one].expected[0].text: is empty"),
        ("question-answering", "Paris", "case[one].expected: must be a list, found 'Paris'"),
        ("speech-recognition", "", "case[one].expected: is empty, found ''"),
        ("speech-recognition", " – !", "case 'one': expected = ' – !' has no words; write what is said"),
        ("speech-recognition", "\u203f", "case 'one': expected = '\u203f' has no words; write what is said"),
        ("speech-recognition", "\u0640 _", "case 'one': expected = '\u0640 _' has no words; write what is said"),
        ("object-detection", [{"label": "", "box": [0, 0, 1, 1]}], "case[one].expected[0].label: is empty"),
        (
            "object-detection",
            [{"label": "a", "box": [0, 0, 1]}],
            "case[one].expected[0].box: must have 4 parts or more",
        ),
    ],
    ids=[
        *(
            "turned",
            "no letters",
            "no words",
            "one limit",
            "three limits",
            "empty word",
            "unseen word",
            "blank word",
            "word alone",
            "summary",
            *(f"translation {number}" for number in range(4)),
            "before the text",
        ),
        *("empty passage", "passage", "empty transcript", "no word", "tie", "stroke", "empty label", "three edges"),
    ],
)
def test_wrong_value(fault, task, expected, words):
    """A value that cannot be is told in one line, with its place."""
    told = fault(file_of(task, expected=expected))
    assert told.startswith(words)
    assert "\n" not in told


@pytest.mark.parametrize("task", ["object-detection"])
@pytest.mark.parametrize(
    "box",
    [
        *([9, 0, 1, 9], [0, 9, 9, 1], [5, 0, 5, 9], [0, 5, 9, 5], [30, 40, 20, 10]),
        *([0.0, 0.0, float("nan"), 9.0], [float("nan"), 0.0, 9.0, 9.0], [0.0, 0.0, float("inf"), 9.0]),
    ],
    ids=["left", "top", "no width", "no height", "turned", "NaN", "NaN first", "endless"],
)
def test_box_without_an_inside(fault, task, box):
    """A box that is inside out, flat or endless is told with what to write."""
    words = fault(file_of(task, expected=[{"label": "cat", "box": box}]))
    assert words.startswith("case 'one': box = [")
    assert words.endswith("] has no inside; write [left, top, right, bottom] in pixels")


@pytest.mark.parametrize("task", FAMILIES)
def test_same_id_twice(fault, task):
    """Two cases of a task cannot have one id."""
    text = file_of(task)
    assert fault(text + text.partition("\n")[2]) == "case 'one' stands twice; give one of them another id"
