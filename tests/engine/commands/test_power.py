"""`swapgate power`: what a tier's evaluation set can show, before a row of it is asked."""

import json
from types import SimpleNamespace

import pytest

from swapgate.commands import main
from swapgate.commands.powering import _limits
from swapgate.core.faults import InputFault
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.project.budgets import Budget
from swapgate.statistics.power import power
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task
from swapgate.trials.cache import FILE

QUALITY = "\n\ndef test_quality(quality, budget):\n    assert quality >= budget.quality\n"
RIGHT = 'budget.quality = { against = "incumbent", metric = "right", margin = 0.02 }'
UPDATE = ("-m", "small and not latency", "--snapshot-update")
SUPPOSED = [
    "incumbent right 0.02 2.0% supposed 99.3% 4.2 points 563",
    "incumbent right 0.02 4.0% supposed 92.1% 4.6 points 947",
    "incumbent right 0.02 10.0% supposed 63.1% 5.6 points 2,178",
]


@pytest.fixture
def told(project, monkeypatch, capsys):
    """Run the command in a project whose small tier has a set of 1,000 rows and a margin of two points."""
    monkeypatch.chdir(project.path)
    project.suite.write_text(project.suite.read_text() + QUALITY)
    cases, models = project.cases_file.read_text(), project.models_file.read_text()

    def run(*options, rows=1_000, names=1_000, limit=RIGHT, evaluation='evaluation = "set.jsonl"\n', status=0, **more):
        lines = []
        for number in range(rows):
            name = f"Name{number % names}"
            right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
            lines.append(json.dumps({"id": f"row {number}", "text": f"{name} came.", "expected": right, **more}) + "\n")
        project.write("fixtures/ner/set.jsonl", "".join(lines))
        project.cases_file.write_text(evaluation + cases)
        project.models_file.write_text(models.replace("gaps =", f"{limit}\ngaps ="))
        capsys.readouterr()
        assert main(["power", *(options or ["ner.small"])]) == status
        said = capsys.readouterr()
        return [" ".join(line.split()) for line in (said.out + said.err).splitlines()]

    run.project = project
    return run


def test_supposed(told):
    """Where no two models are known 2, 4 and 10 % of the rows are supposed to differ; no model is asked."""
    first, head, *lines = told()
    assert first == "ner/small: fixtures/ner/set.jsonl, 1,000 rows"
    assert head == "against metric margin rows that differ PASS at no loss loss caught 9 of 10 rows for PASS 9 of 10"
    assert lines == SUPPOSED
    assert told.project.events() == []


def test_remembered(told):
    """As many rows differ as between the tier's anchor and its accepted model."""
    told()
    known = told.project.lexicon("small")
    for lost in (0, 30):
        names = {f"Name{number}": ["PER", 0.9] for number in range(lost, 1_000)}
        told.project.model("small", {**known, **names})
        told.project.run(*UPDATE)
    (line,) = told()[2:]
    found = power(1_000, 0.03, 0.02)
    shown = f"{found.passed:.1%} {100 * found.least:.1f} points {found.needed}"
    assert line == f"incumbent right 0.02 3.0% of 1,000 remembered {shown}"


@pytest.fixture
def kept(own_cache, monkeypatch):
    """Let answers of all tiers to some rows be kept, of which some are of other right ones."""
    own_cache.mkdir(mode=0o700)
    (own_cache / FILE).touch()
    task, asked = find_task("ner"), []

    def tallies(models, _evaluation, _cache, _threads):
        asked.append([model.tier for model in models])
        sides = [Tally(task.output) for _ in models]
        for row in range(kept.rows):
            for side, right in zip(sides, (True, row >= kept.apart), strict=True):
                found = (Entity(0, 3, "PER", "Ada", score=0.9, margin=0.9, edge=0.9),) if right else ()
                side.add(f"row {row}", Entities(found), (Span(0, 3, "PER", "Ada"),))
        return sides

    monkeypatch.setattr("swapgate.commands.powering.kept", tallies)
    kept = SimpleNamespace(rows=1_000, apart=25, asked=asked)
    return kept


def test_kept(told, kept):
    """Where no rows are remembered as many differ as between the tier and another one whose answers are kept."""
    (line,) = told()[2:]
    found = power(1_000, 0.025, 0.02)
    shown = f"{found.passed:.1%} {100 * found.least:.1f} points {found.needed}"
    assert line == f"incumbent right 0.02 2.5% of 1,000 kept of small and original {shown}"
    assert kept.asked == [["small", "original"]]
    (line, *_) = told(limit='budget.quality = { against = "original", metric = "right", margin = 0.05 }')[2:]
    assert line.startswith("original right 0.05 2.5% of 1,000 kept of small and original ")


def test_too_few_are_kept(told, kept):
    """Fewer than a hundred tell nothing, and 2, 4 and 10 % are supposed."""
    kept.rows = 99
    assert told()[2:] == SUPPOSED


FLOOR = '{ metric = "right", at_least = 0.9 }'


@pytest.mark.parametrize(
    ("limit", "left_out"),
    [
        (f"budget.quality = [{RIGHT.partition('= ')[2]}, {FLOOR}]", "budget.quality (metric = right at_least = 0.9)"),
        (
            f'budget.quality = [{RIGHT.partition("= ")[2]}, {{ against = "original", errors_at_most = 1.5 }}]',
            "budget.quality (against = original errors_at_most = 1.5)",
        ),
        (
            f"{RIGHT}\nbudget.slices = {{ language = {{ margin = 0.1 }}, watch = {{ margin = 0.2 }} }}",
            "budget.slices (language, watch)",
        ),
        (
            f"budget.quality = [{RIGHT.partition('= ')[2]}, {FLOOR}]\nbudget.slices = {{ watch = {{ margin = 0.2 }} }}",
            "budget.quality (metric = right at_least = 0.9) and budget.slices (watch)",
        ),
    ],
    ids=["floor", "errors", "slices", "both"],
)
def test_left_out(told, limit, left_out):
    """What a verdict rests on besides, and what no chance is told of, is named."""
    *lines, last = told(limit=limit)
    assert lines[2:] == SUPPOSED
    assert last == f"left out: {left_out}, by which a run judges the tier too"


def test_repeated(told):
    """Rows with the same input count once."""
    first, _, *lines = told(names=250)
    assert first == "ner/small: fixtures/ner/set.jsonl, 1,000 with 250 different inputs"
    assert [line.split()[5] for line in lines] == [
        f"{power(250, differ, 0.02).passed:.1%}" for differ in (0.02, 0.04, 0.1)
    ]


def test_other_figures(told):
    """Of a figure that is no share of rows those that are right are a guide, which is said."""
    *lines, guide = told(limit='budget.quality = { against = "original", margin = 0.05 }')
    assert guide == "F1: judged by resampling; right rows stand in, as a guide"
    whose = [line.split()[:5] for line in lines[2:]]
    assert whose == [
        [against, "right", "for", "F1", margin]
        for against, margin in (("original", "0.05"), ("incumbent", "0.02"))
        for _ in "123"
    ]


def test_another_set(told):
    """A set may be given that the project does not name."""
    told()
    assert told("ner.small", "--eval-set", "fixtures/ner/set.jsonl", evaluation="")[2:] == SUPPOSED


@pytest.mark.parametrize(
    ("options", "more", "words"),
    [
        ([], {"evaluation": ""}, "ner.small: ner has no evaluation set; give one with --eval-set PATH"),
        (["ner.smal"], {}, "ner.smal: fixtures/models/embedded.toml has no such tier; did you mean 'ner.small'?"),
        (["ner"], {}, "ner: fixtures/models/embedded.toml has no such tier"),
        ([], {"cluster": "a"}, "rows with a cluster depend on one another"),
        (["ner.small", "--eval-set", "none.jsonl"], {}, "no evaluation set"),
        ([], {"text": 3}, "row 1: 'row 0': text: "),
    ],
    ids=["no set", "misspelt", "no tier", "clusters", "no file", "broken"],
)
def test_refused(told, options, more, words):
    """What cannot be reckoned ends in one line and exit status 4."""
    (line,) = told(*options, status=4, **({"limit": ""} if "evaluation" in more else {}), **more)
    assert words in line


def test_graded():
    """Nothing is told of answers that are not right or wrong as a whole."""
    row = SimpleNamespace(budget=Budget())
    with pytest.raises(InputFault, match="a summary is not right or wrong as a whole"):
        _limits(SimpleNamespace(task=find_task("summarization"), row=row, name="summarization/small"))


def test_rows_of_several_kinds():
    """Nothing is told of rows that different figures judge: how many there are of each kind is not known."""
    asked = SimpleNamespace(task=find_task("text-generation"), row=SimpleNamespace(budget=Budget()), name="chat/small")
    with pytest.raises(InputFault, match="different figures judge the rows of text-generation"):
        _limits(asked)


@pytest.mark.parametrize(("ini", "wanted"), [("swapgate_threads = 3", {3}), ("", {2}), ("swapgate_threads = x", set())])
def test_threads_of_the_configuration(told, kept, monkeypatch, ini, wanted):
    """What is kept is looked for with the threads of a run: of the configuration of pytest, else of the models file."""
    seen = set()
    monkeypatch.setattr("swapgate.commands.powering.threads_for", lambda model, asked, most: seen.add(asked))
    path = told.project.path / "pytest.ini"
    path.write_text(f"{path.read_text()}{ini}\n")
    told(limit=RIGHT)
    seen.clear()
    models = told.project.models_file
    models.write_text(f"threads = 2\n{models.read_text()}")
    main(["power", "ner.small"])
    assert seen == wanted


def test_interrupted(told, monkeypatch):
    """Whoever interrupts a command is told so in a line, and sees no traceback."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("swapgate.commands.powering.make_plan", interrupted)
    assert told(status=130) == ["swapgate power: interrupted"]
