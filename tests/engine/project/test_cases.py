"""The cases file: well-formed ones, and each way to get one wrong."""

import pytest

from swapgate.core.faults import InputFault
from swapgate.outputs.entities import Span
from swapgate.project.cases import read_cases
from swapgate.tasks import find_task
from swapgate.tasks.case import Case

HEAD = 'latency = "ada"\n'
START = HEAD + '[[case]]\nid = "ada"\ntext = "Ada is in Paris."\n'
ADA = START + "expected = []\n"


def expecting(**values):
    """Return a cases file whose one case expects Paris, with these changes."""
    items = {"label": '"LOC"', "start": 10, "end": 15, "text": '"Paris"', **values}
    return START + "expected = [{ " + ", ".join(f"{key} = {value}" for key, value in items.items()) + " }]\n"


@pytest.fixture
def path(tmp_path):
    """Return where the cases file is."""
    return tmp_path / "cases.toml"


@pytest.fixture
def read(path):
    """Read a cases file with this content."""

    def read_text(text):
        path.write_text(text, encoding="utf-8")
        return read_cases(path, find_task("ner"))

    return read_text


def test_well_formed(read, path):
    """Cases keep the order of the file, each with its text and what is right; one of them is for latency."""
    cases = read(
        'latency = "rain"\n'
        '[[case]]\nid = "paris_2"\ntext = "Ada is in Paris."\nexpected = [\n'
        '  { label = "LOC", start = 10, end = 15, text = "Paris" },\n'
        '  { label = "PER", start = 0, end = 3, text = "Ada" },\n]\n'
        '[[case]]\nid = "rain"\ntext = "It rains."\nexpected = []\n'
    )
    paris = Case("paris_2", "Ada is in Paris.", (Span(10, 15, "LOC", "Paris"), Span(0, 3, "PER", "Ada")))
    assert cases.path == path
    assert cases.cases == (paris, Case("rain", "It rains.", ()))
    assert cases.latency is cases.cases[1]


def test_offsets_count_characters(read):
    """Offsets count characters, neither bytes nor UTF-16 units."""
    cases = read(
        HEAD + '[[case]]\nid = "ada"\ntext = "😀 né à Zürich"\nexpected = [\n'
        '  { label = "LOC", start = 7, end = 13, text = "Zürich" }]\n'
    )
    assert cases.cases[0].expected == (Span(7, 13, "LOC", "Zürich"),)


def test_span_over_the_whole_text(read):
    """A span may begin at 0 and end behind the last character."""
    cases = read(expecting(start=0, end=16, text='"Ada is in Paris."'))
    assert cases.cases[0].expected == (Span(0, 16, "LOC", "Ada is in Paris."),)


def test_input_digest():
    """The digest of an input is sixteen digits that follow the text and nothing else."""
    case = Case("ada", "Ada", ())
    assert len(case.input_digest) == 16
    assert int(case.input_digest, 16)
    assert Case("other", "Ada", (Span(0, 3, "PER", "Ada"),)).input_digest == case.input_digest
    assert Case("ada", "Ada ", ()).input_digest != case.input_digest


def test_same_id_twice(fault):
    """Two cases cannot have one id."""
    assert fault(ADA + '[[case]]\nid = "ada"\ntext = "x"\nexpected = []\n') == (
        "case 'ada' stands twice; give one of them another id"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (START, "case[ada].expected: missing; add it"),
        (HEAD, "case: missing; add it"),
        (ADA.removeprefix(HEAD), "latency: missing; add it"),
        (ADA.replace('id = "ada"\n', ""), "case[0].id: missing; add it"),
        (HEAD + '[[case]]\nid = "ada"\nexpected = []\n', "case[ada].text: missing; add it"),
    ],
    ids=["expected", "cases", "latency", "id", "text"],
)
def test_missing_key(fault, text, words):
    """A key that is missing is named, by the case's id where it has one."""
    assert fault(text) == words


def test_missing_key_of_a_span(fault):
    """A span says label, start, end and text."""
    assert fault(START + "expected = [{}]\n").splitlines() == [
        f"case[ada].expected[0].{key}: missing; add it" for key in ("label", "start", "end", "text")
    ]


def test_no_cases(fault):
    """An empty list of cases is refused."""
    assert fault(HEAD + "case = []\n") == "case: is empty, found []"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latancy = 1\n" + ADA, "latancy: unknown key; did you mean 'latency'?"),
        (ADA + "expcted = []\n", "case[ada].expcted: unknown key; did you mean 'expected'?"),
        (
            ADA + "colour = 1\n",
            "case[ada].colour: unknown key; known: critical, expected, expires, id, quarantine, text",
        ),
        (expecting(lable='"LOC"'), "case[ada].expected[0].lable: unknown key; did you mean 'label'?"),
    ],
    ids=["file", "case", "no key near", "span"],
)
def test_unknown_key(fault, text, words):
    """An unknown key of any level is named with the nearest known key, or with all where none is near."""
    assert fault(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency = 2\n" + ADA.removeprefix(HEAD), "latency: must be a text, found 2"),
        (HEAD + "case = 1\n", "case: must be a list, found 1"),
        (HEAD + "[case]\nid = 'a'\n", "case: must be a list, found {'id': 'a'}"),
        (ADA.replace('"Ada is in Paris."', "3"), "case[ada].text: must be a text, found 3"),
        (START + "expected = 'LOC'\n", "case[ada].expected: must be a list, found 'LOC'"),
        (expecting(start='"10"'), "case[ada].expected[0].start: must be a whole number, found '10'"),
        (expecting(start="10.0"), "case[ada].expected[0].start: must be a whole number, found 10.0"),
        (expecting(end="true"), "case[ada].expected[0].end: must be a whole number, found True"),
        (expecting(label=1), "case[ada].expected[0].label: must be a text, found 1"),
    ],
    ids=["latency", "cases", "one table", "text", "expected", "start", "fraction", "bool", "label"],
)
def test_wrong_type(fault, text, words):
    """A value of the wrong type is named with what it should be and what it is."""
    assert fault(text) == words


@pytest.mark.parametrize("name", ["Ada", "2_ada", "ada-2", "ada 2", "_ada", ""])
def test_id(fault, name):
    """An id is lower case letters, digits and underscores, since it becomes part of a test's name."""
    assert fault(ADA.replace('id = "ada"', f'id = "{name}"')) == (
        f"case[{name}].id: must be of the form ^[a-z][a-z0-9_]*$, found {name!r}"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ADA.replace('"Ada is in Paris."', '""'), "case[ada].text: is empty, found ''"),
        (expecting(label='""'), "case[ada].expected[0].label: is empty, found ''"),
        (
            expecting(end=10, text='""'),
            "case[ada].expected[0].text: is empty, found ''",
        ),
    ],
    ids=["text", "label", "span"],
)
def test_empty(fault, text, words):
    """A text, a label and the text of a span have at least one character."""
    assert fault(text) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": 9}, "'Paris' at 9-15, where the text has ' Paris'; it stands at 10-15"),
        ({"end": 16}, "'Paris' at 10-16, where the text has 'Paris.'; it stands at 10-15"),
        ({"start": 9, "end": 14}, "'Paris' at 9-14, where the text has ' Pari'; it stands at 10-15"),
        ({"end": 10}, "'Paris' at 10-10, where the text has ''; it stands at 10-15"),
        ({"start": 15, "end": 10}, "'Paris' at 15-10, where the text has ''; it stands at 10-15"),
        ({"start": 90, "end": 95}, "'Paris' at 90-95, where the text has ''; it stands at 10-15"),
        ({"text": '"paris"'}, "'paris' at 10-15, where the text has 'Paris'; it does not stand in the text"),
        ({"text": '"London"'}, "'London' at 10-15, where the text has 'Paris'; it does not stand in the text"),
    ],
    ids=["start", "end", "both", "nothing", "reversed", "behind the text", "case", "other word"],
)
def test_wrong_span(fault, change, words):
    """A span that is not its text is told with what stands there and where its text stands."""
    assert fault(expecting(**change)) == f"case 'ada': expected LOC {words}"


def test_span_before_the_text(fault):
    """A span cannot count from the end of the text."""
    assert fault(expecting(start=-6)) == ("case[ada].expected[0].start: must be 0 or more, found -6")


@pytest.mark.parametrize(
    ("end", "text"), [(-1, "Paris"), (17, "Paris."), (99, "Paris.")], ids=["from the end", "one beyond", "far beyond"]
)
def test_span_with_a_false_end(fault, end, text):
    """A span cannot end before the text or behind it, even where the slice gives the right words."""
    assert fault(expecting(end=end, text=f'"{text}"')).startswith("case")


def test_same_span_twice(fault):
    """One entity cannot be expected twice."""
    row = '{ label = "LOC", start = 10, end = 15, text = "Paris" }'
    assert fault(START + f"expected = [{row}, {row}]\n").startswith("case")


@pytest.mark.parametrize(
    ("name", "hint"), [("adda", "; did you mean 'ada'?"), ("x", "; known: ada")], ids=["misspelt", "unknown"]
)
def test_latency_is_no_case(fault, name, hint):
    """The latency case must be one of the cases."""
    assert fault(ADA.replace(HEAD, f'latency = "{name}"\n')) == f"latency = {name!r} is no case{hint}"


def test_all_at_once(fault):
    """Everything wrong in a file is told at once, a line each."""
    assert fault('[[case]]\nid = "a"\ntext = ""\n').splitlines() == [
        "latency: missing; add it",
        "case[a].text: is empty, found ''",
        "case[a].expected: missing; add it",
    ]


@pytest.mark.parametrize(("text", "line"), [(ADA + "x = \n", 6), ("[[case\n", 1)], ids=["value", "table"])
def test_broken_toml(fault, text, line):
    """A syntax error is told with its line."""
    words = fault(text)
    assert words.startswith("not valid TOML: ")
    assert f"(at line {line}, column " in words


def test_unreadable_file(tmp_path):
    """A file that is missing, a folder or not UTF-8 is one message that names it."""
    (tmp_path / "latin.toml").write_bytes(b"latency = '\xe9'\n")
    for name, words in (
        ("gone.toml", "there is no such file"),
        ("", "Is a directory"),
        ("latin.toml", "'utf-8' codec can't"),
    ):
        with pytest.raises(InputFault) as caught:
            read_cases(tmp_path / name, find_task("ner"))
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert words in str(caught.value)


def test_mark_of_the_encoding(read):
    """The byte-order mark that some editors put before a text is no part of it."""
    assert read("\ufeff" + ADA).cases == read(ADA).cases
