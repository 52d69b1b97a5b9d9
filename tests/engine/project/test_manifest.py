"""The models file: well-formed ones, and each way to get one wrong."""

import pytest

from swapgate.core.faults import InputFault
from swapgate.outputs import Tolerance
from swapgate.project.budgets import Budget, Limit
from swapgate.project.manifest import PropertyGap, check_row, read_manifest, read_row
from swapgate.tasks import find_task

ROW = 'model = "m"\nlabels = { PER = "PER" }\n'
ONE = "[ner.original]\n" + ROW
TWO = ONE + "[ner.small]\n" + ROW
OWN_NAME = ' (a suite with a name of its own says which task it is: task = "…")'


def limit(**values):
    """Return the line of a latency budget."""
    items = {"against": '"incumbent"', "at_most": "1.0", **values}
    return "budget.latency = { " + ", ".join(f"{key} = {value}" for key, value in items.items() if value) + " }\n"


def test_defaults(read, path):
    """A row needs a model and labels; the rest has defaults, and tiers keep the order of the file."""
    manifest = read(f"{ONE}[ner.very_large2]\n{ROW}[ner.a]\n{ROW}")
    assert list(manifest.rows["ner"]) == ["original", "very_large2", "a"]
    row = manifest.rows["ner"]["original"]
    assert (manifest.path, manifest.name) == (path, "models")
    assert (row.model, row.labels) == ("m", {"PER": "PER"})
    assert (row.revision, row.variant, row.dtype) == (None, None, "float32")
    assert (row.tolerance, row.budget, row.gaps, row.property_gaps) == (Tolerance(), Budget(), {}, {})


def test_whole_row(read):
    """Every key of a row is read as what it says."""
    manifest = read(
        ONE
        + '[ner.small]\nmodel = "../small"\ndtype = "bfloat16"\nlabels = { person = "PER" }\n'
        + 'tolerance = { drift = 0.01, swap = 0.2, reason = "bfloat16" }\n'
        + 'budget.latency = { against = "original", at_most = 0.8 }\n'
        + 'budget.size = { against = "incumbent", at_most = 1 }\n'
        + 'gaps = { new_york = "never saw it" }\n'
        + 'property_gaps.batch = { example = { texts = ["a"] }, reason = "padding" }\n'
    )
    row = manifest.rows["ner"]["small"]
    assert (row.model, row.dtype, row.labels) == ("../small", "bfloat16", {"person": "PER"})
    assert row.tolerance == Tolerance(drift=0.01, swap=0.2, reason="bfloat16")
    assert row.budget.latency == Limit(against="original", at_most=0.8)
    assert row.budget.size == Limit(against="incumbent", at_most=1.0)
    assert row.gaps == {"new_york": "never saw it"}
    assert row.property_gaps == {"batch": PropertyGap(example={"texts": ["a"]}, reason="padding")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[nre.small]\n" + ROW, f"nre: unknown task; did you mean 'ner'?{OWN_NAME}"),
        (
            "[vision.small]\n" + ROW,
            "vision: unknown task; known: audio-classification, feature-extraction, image-classification, ner,"
            " object-detection, question-answering, retrieval, sentiment, speech-recognition, summarization,"
            " text-classification, text-generation, token-classification, translation,"
            f" zero-shot-classification{OWN_NAME}",
        ),
        (ONE + 'modle = "x"\n', "ner.original.modle: unknown key; did you mean 'model'?"),
        (
            ONE + "colour = 1\n",
            "ner.original.colour: unknown key; known: accepted, aggregation, allow_pickle, allow_recorded, backend,"
            " budget, chat, clear_lead, concurrency, device, dtype, files, gaps, label_set, labels, long, model,"
            " outside, property_gaps, revision, tags, timeout, token_env, tolerance, variant, version",
        ),
        (
            ONE + 'tolerance = { drfit = 0.1, reason = "r" }\n',
            "ner.original.tolerance.drfit: unknown key; did you mean 'drift'?",
        ),
        (
            ONE + 'budget.latancy = { against = "incumbent", at_most = 1.0 }\n',
            "ner.original.budget.latancy: unknown key; did you mean 'latency'?",
        ),
        (ONE + limit(atmost="1"), "ner.original.budget.latency.atmost: unknown key; did you mean 'at_most'?"),
        (
            ONE + 'property_gaps.batch = { example = {}, reason = "r", raeson = "r" }\n',
            "ner.original.property_gaps.batch.raeson: unknown key; did you mean 'reason'?",
        ),
    ],
    ids=["task", "no task near", "row", "no key near", "tolerance", "budget", "limit", "property gap"],
)
def test_unknown_key(fault, text, words):
    """An unknown key of any level is named with the nearest known key, or with all where none is near."""
    assert fault(text) == words


@pytest.mark.parametrize("name", ["Original", "1a", "_a", '"a-b"', '"a b"', '"é"', '""'])
def test_tier_name(fault, name):
    """A tier name is lower case letters, digits and underscores, since it becomes a mark."""
    assert fault(f"[ner.{name}]\n" + ROW) == (
        f"ner.{name.strip(chr(34))}: must be of the form ^[a-z][a-z0-9_]*$, found {name.strip(chr(34))!r}"
    )


@pytest.mark.parametrize("name", [pytest.param("ner", id="own"), "task", "latency", "incumbent", "parametrize"])
def test_tier_name_that_means_something_else(fault, name):
    """A tier cannot have the name of a task, of another mark or of the word for the incumbent."""
    assert fault(f"[ner.{name}]\n" + ROW).startswith(f"ner.{name}: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ner = 3\n", "ner: must be a table, found 3"),
        ("[ner]\nsmall = 'm'\n", "ner.small: must be a table, found 'm'"),
        (
            "[ner.small]\nmodel = 3\nlabels = { PER = 'PER' }\n",
            "ner.small.model: must be a text, found 3",
        ),
        (
            "[ner.small]\nmodel = ''\nlabels = { PER = 'PER' }\n",
            "ner.small.model: is empty, found ''",
        ),
        (
            "[ner.small]\nmodel = 'm'\nlabels = { PER = 1 }\n",
            "ner.small.labels.PER: must be a text, found 1",
        ),
        (
            ONE + "dtype = 'int8'\n",
            "ner.original.dtype: must be 'float32', 'bfloat16' or 'float16', found 'int8'",
        ),
        (ONE + "gaps = { ada = 1 }\n", "ner.original.gaps.ada: must be a text, found 1"),
        (ONE + "gaps = { ada = '' }\n", "ner.original.gaps.ada: it is empty; say why, found ''"),
        (ONE + "gaps = { ada = ' ' }\n", "ner.original.gaps.ada: it is empty; say why, found ' '"),
        (
            ONE + "accepted = { digest = '0123456789abcdef', cases = ['ada'], reason = ' ' }\n",
            "ner.original.accepted.reason: it is empty; say why, found ' '",
        ),
        (
            ONE + "property_gaps.echo = { example = {}, reason = ' ' }\n",
            "ner.original.property_gaps.echo.reason: it is empty; say why, found ' '",
        ),
        (ONE + "tolerance = 3\n", "ner.original.tolerance: must be a table"),
        (ONE + limit(at_most="'1'"), "ner.original.budget.latency.at_most: must be a number, found '1'"),
        (
            ONE + limit(at_most="true"),
            "ner.original.budget.latency.at_most: must be a number, found True",
        ),
        (ONE + limit(against="3"), "ner.original.budget.latency.against: must be a text, found 3"),
    ],
    ids=[
        *("task", "row", "model", "empty model", "labels", "dtype", "gap", "empty gap", "blank gap"),
        *("blank loss", "blank property gap", "tolerance"),
        *("text for a number", "bool for a number", "number for a tier"),
    ],
)
def test_wrong_type(fault, text, words):
    """A value of the wrong type is named with what it should be and what it is."""
    assert fault(text).startswith(words)


@pytest.mark.parametrize("value", ['"0.1"', "true"], ids=["text", "bool"])
@pytest.mark.parametrize("key", ["drift", "swap"])
def test_wrong_type_of_a_tolerance(fault, key, value):
    """A tolerance is a number, neither a text nor a truth value."""
    assert fault(ONE + f'tolerance = {{ {key} = {value}, reason = "r" }}\n').startswith("ner.original.tolerance")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ner.small]\nlabels = { PER = 'PER' }\n", "ner.small.model: missing; add it"),
        ("[ner.small]\nmodel = 'm'\n", "ner.small.labels: missing; add it"),
        (ONE + limit(against=None), "ner.original.budget.latency.against: missing; add it"),
        (ONE + limit(at_most=None), "ner.original.budget.latency.at_most: missing; add it"),
        (ONE + "property_gaps.batch.example = {}\n", "ner.original.property_gaps.batch.reason: missing; add it"),
        (ONE + "property_gaps.batch.reason = 'r'\n", "ner.original.property_gaps.batch.example: missing; add it"),
    ],
    ids=["model", "labels", "against", "at most", "reason", "example"],
)
def test_missing_key(fault, text, words):
    """A key that is missing is named."""
    assert fault(text) == words


def test_all_at_once(fault):
    """Everything wrong in a file is told at once, a line each."""
    assert fault("[ner.small]\nmodle = 'm'\nlabels = { PER = 'PER' }\n" + "[ner.Big]\n" + ROW).splitlines() == [
        "ner.small.model: missing; add it",
        "ner.small.modle: unknown key; did you mean 'model'?",
        "ner.Big: must be of the form ^[a-z][a-z0-9_]*$, found 'Big'",
    ]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "0.0", "-1.0"])
def test_limit_out_of_range(fault, value):
    """A limit that is not finite or not above 0 would let everything or nothing pass, and is refused."""
    words = "above 0" if value in ("0", "0.0", "-1.0") else "a finite number"
    assert fault(ONE + limit(at_most=value)).startswith(f"ner.original.budget.latency.at_most: must be {words}")


@pytest.mark.parametrize("value", ["1e-9", "1", "2.5"])
def test_limit_in_range(read, value):
    """Any finite limit above 0 is taken."""
    assert read(ONE + limit(at_most=value)).rows["ner"]["original"].budget.latency.at_most == float(value)


@pytest.mark.parametrize("key", ["drift", "swap"])
@pytest.mark.parametrize("value", ["nan", "inf", "-0.001", "1.001"])
def test_tolerance_out_of_range(fault, key, value):
    """A tolerance outside 0 to 1 is refused."""
    assert fault(ONE + f'tolerance = {{ {key} = {value}, reason = "r" }}\n').startswith(
        f"ner.original.tolerance: {key} = {value} is not between 0 and 1"
    )


def test_tolerance_without_a_reason(fault):
    """A tolerance other than the default needs a reason."""
    assert fault(ONE + "tolerance = { swap = 0.2 }\n").startswith(
        "ner.original.tolerance: a tolerance other than the default needs a reason"
    )


@pytest.mark.parametrize("key", ["latency", "size"])
@pytest.mark.parametrize(
    ("against", "hint"),
    [
        ("orignal", "did you mean 'original'?"),
        ("small", "known: incumbent, original"),
        ("x", "known: incumbent, original"),
    ],
    ids=["misspelt", "itself", "unknown"],
)
def test_budget_against_no_other_tier(fault, key, against, hint):
    """A budget is against another tier of the task or the incumbent, never against its own tier."""
    assert fault(TWO + f"budget.{key} = {{ against = '{against}', at_most = 1.0 }}\n") == (
        f"ner.small.budget.{key}.against = {against!r} is no other tier of ner; {hint}"
    )


@pytest.mark.parametrize("revision", ["", "../main", "a b", "-x"], ids=["empty", "up", "space", "option"])
def test_no_revision(fault, revision):
    """What cannot be a commit, a branch or a tag is refused."""
    assert fault(ONE + f"revision = {revision!r}\n").startswith(
        "ner.original.revision: not a commit, a branch or a tag, found "
    )


def test_unknown_variant(fault):
    """A variant that does not exist is refused."""
    assert fault(ONE + "variant = 'int'\n") == (
        "ner.original.variant = 'int': unknown variant 'int'; did you mean 'int8' or 'int8w'?"
    )


@pytest.mark.parametrize(
    ("text", "line"), [(ONE + "x = \n", 4), ("[ner\n", 1), (ONE + ONE, 4)], ids=["value", "table", "table twice"]
)
def test_broken_toml(fault, text, line):
    """A syntax error is told with its line."""
    words = fault(text)
    assert words.startswith("not valid TOML: ")
    assert f"(at line {line}, column " in words
    assert words.endswith("; mend the file and run again")


def test_unreadable_file(tmp_path):
    """A file that is missing, a folder or not UTF-8 is one message that names it."""
    (tmp_path / "latin.toml").write_bytes(b"[ner.small]\nmodel = '\xe9'\n")
    for name, words in (
        ("gone.toml", "there is no such file; put it there"),
        ("", "cannot be read: [Errno 21] Is a directory"),
        ("latin.toml", "cannot be read: 'utf-8' codec can't"),
    ):
        with pytest.raises(InputFault) as caught:
            read_manifest(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {words}")


def test_row_file(path, read):
    """A file that holds one row is read by itself and checked against its neighbours afterwards."""
    manifest = read(TWO)
    row_file = path.with_name("row.toml")
    row_file.write_text(ROW + limit(against="'small'"))
    row = read_row(row_file, find_task("ner"))
    check_row(manifest, "ner", "original", row, row_file)
    with pytest.raises(InputFault) as caught:
        check_row(manifest, "ner", "small", row, row_file)
    assert str(caught.value) == (
        f"{row_file}: budget.latency.against = 'small' is no other tier of ner; known: incumbent, original"
    )


def test_wrong_row_file(path):
    """A row file that is wrong is told with its own name."""
    path.write_text("model = 'm'\nlables = {}\n")
    with pytest.raises(InputFault) as caught:
        read_row(path, find_task("ner"))
    assert str(caught.value) == f"{path}: lables: unknown key; did you mean 'labels'?"


def test_mark_of_the_encoding(read):
    """The byte-order mark that some editors put before a text is no part of it."""
    assert read("\ufeff" + ONE).rows == read(ONE).rows


def test_another_encoding(path, fault):
    """A models file in another encoding is refused in words."""
    assert "not valid TOML" in fault("\ufeff\ufeff" + ONE)
    path.write_bytes(ONE.encode("utf-16"))
    with pytest.raises(InputFault, match=r"cannot be read: .*; give a TOML file in UTF-8$"):
        read_manifest(path)
