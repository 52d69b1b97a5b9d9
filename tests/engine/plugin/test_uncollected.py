"""A suite file that is skipped as a whole or cannot be imported: its tiers are not forgotten."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.plugin.uncollected import MOST_UNKNOWN, marked_suites, missed_tiers
from swapgate.tasks import find_task

SKIP = 'pytest.skip("not today", allow_module_level=True)'
OTHER = """
import pytest

pytestmark = pytest.mark.task("ner")


def test_size(size, budget):
    assert size <= budget.size
"""
TIERS = [("ner", "original"), ("ner", "small"), ("question-answering", "original"), ("question-answering", "large")]


def skip(project, line=SKIP):
    """Let the suite file be skipped as a whole, and put another one beside it that passes."""
    project.replace(project.suite, "pytestmark =", f"{line}\npytestmark =")
    project.write("tests/test_more.py", OTHER)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SKIP, "not today"),
        (
            'pytest.importorskip("no_such_module")',
            "could not import 'no_such_module': No module named 'no_such_module'",
        ),
    ],
    ids=["skip", "importorskip"],
)
def test_skipped(recorded, workers, line, reason):
    """Every tier of a suite file that is skipped as a whole is INCOMPLETE, with the reason and the next step."""
    skip(recorded, line)
    result = recorded.run(*workers)
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "INCOMPLETE", "small": "INCOMPLETE"})
    assert recorded.reasons(result) == [
        f"INCOMPLETE  ner/{tier}: tests/test_ner.py was skipped as a whole ({reason}), so none of its tests ran;"
        " skip in a fixture, or select without this file"
        for tier in ("original", "small")
    ]


@pytest.mark.parametrize(
    ("options", "tiers"),
    [
        (["-k", "ner"], {"original", "small"}),
        (["-m", "latency"], {"original", "small"}),
        (["-k", "small"], {"small"}),
        (["-m", "small and not latency"], {"small"}),
        (["--ignore=tests/test_ner.py"], set()),
        (["tests/test_more.py"], set()),
        (["tests"], {"original", "small"}),
    ],
    ids=["task", "mark", "tier", "marks", "ignored", "file", "folder"],
)
def test_selected(recorded, options, tiers):
    """Only those tiers are missed of which a test may have been selected."""
    skip(recorded)
    result = recorded.run(*options)
    assert {tier for tier, status in recorded.verdicts(result).items() if status == "INCOMPLETE"} == tiers
    assert result.ret == ((5 if "latency" in options else 7) if tiers else 0)


def test_cannot_be_imported(recorded, workers):
    """The tiers of a suite file that cannot be imported are an ERROR where pytest goes on without it."""
    skip(recorded, "import no_such_module")
    result = recorded.run("--continue-on-collection-errors", *workers)
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "ERROR", "small": "ERROR"})
    assert recorded.reasons(result)[0] == (
        "ERROR  ner/original: tests/test_ner.py could not be imported"
        " (ModuleNotFoundError: No module named 'no_such_module'), so none of its tests ran; mend it"
    )


def test_cannot_be_imported_at_all(recorded):
    """Where pytest does not go on, the exit status is pytest's own, and what did not run is told."""
    skip(recorded, "import no_such_module")
    result = recorded.run()
    assert (result.ret, recorded.verdicts(result)) == (2, {"original": "ERROR", "small": "ERROR"})


def test_no_python(recorded):
    """A suite file that is no Python keeps exit status 1."""
    skip(recorded, "this is no Python")
    assert recorded.run("--continue-on-collection-errors").ret == 1


def test_other_file(recorded):
    """A skipped file that is no suite file is left out, as pytest has it."""
    recorded.write("tests/test_mine.py", f"import pytest\n\n{SKIP}\n")
    result = recorded.run("-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


def test_skip_marks(recorded):
    """A file whose tests are skipped by a mark is another way to measure nothing: each test is INCOMPLETE."""
    marks = '[pytest.mark.task("ner"), pytest.mark.skip("not today")]'
    recorded.replace(recorded.suite, 'pytest.mark.task("ner")', marks)
    result = recorded.run("-k", "small and size")
    assert (result.ret, recorded.reasons(result)) == (7, ["INCOMPLETE  ner/small size: not today"])


def missed(keywords="", marks="", changed=None):
    """Return the tiers that a skipped tests/test_question_answering.py would have judged, without their task."""
    suites = {suite: find_task(suite) for suite, _ in TIERS}
    manifest = SimpleNamespace(rows=dict.fromkeys(suites), tasks=suites)
    plan = SimpleNamespace(models=dict.fromkeys(TIERS), manifest=manifest, changed=changed)
    found = missed_tiers(plan, Path("tests/test_question_answering.py"), keywords, marks)
    assert {task for task, _ in found} <= {"question-answering"}
    return [tier for _, tier in found]


@pytest.fixture
def _file(monkeypatch, tmp_path):
    """Put the suite file in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("tests").mkdir()
    Path("tests/test_question_answering.py").write_text('import pytest\nx = pytest.mark.task("question-answering")\n')


@pytest.mark.usefixtures("_file")
@pytest.mark.parametrize(
    ("keywords", "tiers"),
    [
        ("", "original large"),
        ("question-answering", "original large"),
        ("test_question", "original large"),
        ("QUESTION and LARGE", "large"),
        ("not large", "original"),
        ("ner", ""),
        ("test_ner", ""),
        ("ner or large", "large"),
        ("not ner", "original large"),
        ("not question_answering", ""),
        ("small", ""),
        ("berlin", "original large"),
        ("not berlin", "original large"),
        ("berlin and not berlin", ""),
        ("(expected or golden) and not berlin and large", "large"),
        ("ner and berlin", ""),
        ("ner and " + " and ".join(f"x{number}" for number in range(MOST_UNKNOWN)), ""),
        ("ner and " + " and ".join(f"x{number}" for number in range(MOST_UNKNOWN + 1)), "original large"),
    ],
    ids=range(18),
)
def test_keywords(keywords, tiers):
    """-k may select a test that nobody knows by every word but those of other tasks and tiers."""
    assert missed(keywords) == tiers.split()


@pytest.mark.usefixtures("_file")
@pytest.mark.parametrize(
    ("marks", "tiers"),
    [
        ("large", "large"),
        ("latency", "original large"),
        ("not latency", "original large"),
        ("small and latency", ""),
        ("original and not (ner or large)", "original"),
        ("mine(level=3)", "original large"),
        ("larg", "original large"),
    ],
    ids=range(7),
)
def test_marks(marks, tiers):
    """-m may select it by every mark but those of other tasks and tiers."""
    assert missed(marks=marks) == tiers.split()


@pytest.mark.usefixtures("_file")
def test_both():
    """-k and -m must both have selected it, and --changed-since its task."""
    assert missed("large", "original") == []
    assert missed("large", "large") == ["large"]
    assert missed(changed=frozenset({"ner"})) == []
    assert missed(changed=frozenset({"question-answering"})) == ["original", "large"]


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ('pytestmark = pytest.mark.task("ner")', {"ner"}),
        (
            'pytestmark = [pytest.mark.slow, mark.task("ner")]\n\n@mark.task("sentiment")\ndef test(): pass',
            {"ner", "sentiment"},
        ),
        ('SUITE = """\npytestmark = pytest.mark.task("ner")\n"""', set()),
        ('pytestmark = pytest.mark.other("ner")', set()),
        ("pytestmark = pytest.mark.task(NAME)", set()),
        ("pytestmark = pytest.mark.task()", set()),
        ("def broken(", set()),
        ("\0", set()),
        ("(" * 1000, set()),
    ],
    ids=range(9),
)
def test_marked_tasks(tmp_path, text, tasks):
    """Tasks are read off the marks of a file, not off its texts; of what cannot be read there are none."""
    (tmp_path / "test_x.py").write_text(text)
    known = {name: find_task(name) for name in ("ner", "sentiment", "summarization")}
    plan = SimpleNamespace(manifest=SimpleNamespace(tasks=known))
    assert {*marked_suites(plan, tmp_path / "test_x.py")} == tasks
    assert marked_suites(plan, tmp_path) == marked_suites(plan, tmp_path / "none.py") == []
