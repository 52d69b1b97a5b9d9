"""Anchors: rows are remembered with the goldens, and a candidate is compared with the tier's first accepted model."""

import json
import re
import shutil

import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate.commands import main
from swapgate.statistics.tally import Tally

QUALITY = "\n\ndef test_quality(quality, budget):\n    assert quality >= budget.quality\n"
LIMIT = 'budget.quality = { against = "anchor", metric = "right", margin = 0.03 }\n'
RECORD = 'pytest -m "ner and small and not latency" --snapshot-update'
UPDATE = ("-m", "small and not latency", "--snapshot-update")
JUDGE = ("-m", "small and quality")
SWAP = "--swap=ner.small=models/candidate"


@pytest.fixture
def tier(project):
    """A tier with an evaluation set and a budget beside its anchor."""
    project.suite.write_text(project.suite.read_text() + QUALITY)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())
    project.replace(project.models_file, "gaps =", f"{LIMIT}gaps =")
    known = project.lexicon("small")

    def rows(numbers):
        lines = []
        for number in numbers:
            name = f"Name{number}"
            right = [{"label": "PER", "start": 0, "end": len(name), "text": name}]
            lines.append(json.dumps({"id": f"row {number}", "text": f"{name} came.", "expected": right}) + "\n")
        project.write("fixtures/ner/set.jsonl", "".join(lines))

    def model(name, missed):
        """Write a model that misses so many rows, the first ones."""
        names = {f"Name{number}": ["PER", 0.9] for number in range(missed, 1_200)}
        project.model(name, {**known, **names})

    rows(range(1_000))
    model("small", 0)
    project.rows, project.missing = rows, model
    project.anchor = project.golden().with_name("small.anchor.jsonl")
    project.accepted = project.golden().with_name("small.accepted.jsonl")
    return project


@pytest.fixture
def crept(tier):
    """A tier whose accepted model has lost four points since its first one."""
    assert tier.run(*UPDATE).ret == 0
    tier.missing("small", 40)
    tier.run(*UPDATE)
    return tier


def test_first_accepted(tier, workers):
    """The first update remembers the anchor's rows, a second one writes nothing, and the anchor passes as itself."""
    result = tier.run(*UPDATE, *workers)
    assert (result.ret, tier.verdicts(result)) == (0, {"small": "PASS"})
    assert not tier.accepted.exists()
    head, *rows = map(json.loads, tier.anchor.read_text().splitlines())
    assert (head["made_by"]["model"], len(rows)) == ("models/small", 1_000)
    assert {"right": 1, "both": 1, "found": 1, "wanted": 1}.items() <= rows[0]["counts"].items()
    before = tier.tree()
    tier.run(*UPDATE, *workers)
    assert tier.tree() == before
    result = tier.run(*JUDGE, *workers)
    assert (result.ret, tier.reasons(result)) == (0, [])
    assert "F1 1.000  " in tier.table(result)[1]


def test_creep(crept, workers):
    """A candidate that loses little beside its incumbent fails beside the anchor, which no update has moved."""
    assert crept.accepted.exists()
    assert json.loads(crept.anchor.read_text().splitlines()[1])["counts"]["right"] == 1
    crept.missing("candidate", 45)
    found = crept.reports(*JUDGE, SWAP, *workers)
    (tier,) = found.facts["tiers"]
    anchor, incumbent = tier["figures"]["quality"]["comparisons"]
    assert (anchor["tier"], anchor["recorded"], anchor["comparison"]["decision"]) == ("anchor", True, "FAIL")
    assert (incumbent["tier"], incumbent["recorded"], incumbent["comparison"]["decision"]) == (
        "incumbent",
        False,
        "PASS",
    )
    assert (len(anchor["comparison"]["lost"]), len(incumbent["comparison"]["lost"])) == (45, 5)
    (reason,) = [line for line in crept.reasons(found.result) if line.startswith("FAIL")]
    assert reason.startswith(
        "FAIL  ner/small: right 0.9550, that of the anchor models/small 1.0000: -0.0450 (95 % bounds"
    )
    assert reason.endswith(
        "or loosen budget.quality in fixtures/models/embedded.toml, or let the row name it and accept it with: "
        f'{RECORD}, then move the anchor: swapgate anchor ner.small --reason "…"'
    )
    assert "allowed -0.03; 45 rows lost and 0 gained of 1,000 (models/candidate, swapped in for" in reason
    assert "right 0.955 (-0.045 < -0.030), F1 " in crept.table(found.result)[1]


def test_row_with_another_model(crept):
    """A model that a row names is judged beside the anchor without a swap, too."""
    result = crept.run(*JUDGE)
    assert (result.ret, crept.verdicts(result)) == (1, {"small": "FAIL"})


def test_back_to_the_anchor(crept):
    """Where the anchor itself is accepted once more, what was remembered of another model goes."""
    before = crept.anchor.read_bytes()
    crept.missing("small", 0)
    assert crept.run(*UPDATE).ret == 0
    assert (crept.anchor.read_bytes(), crept.accepted.exists()) == (before, False)


def test_nothing_remembered(tier):
    """Without rows of an anchor it is INCOMPLETE with what to type, and that mends it."""
    tier.missing("candidate", 5)
    result = tier.run(*JUDGE, SWAP)
    assert (result.ret, tier.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert (
        f"no rows of an anchor are remembered; record them, before the swap, with: {RECORD} ("
        in (tier.reasons(result)[0])
    )
    assert "(not compared)" in tier.table(result)[1]
    result = tier.run(*JUDGE)
    assert f"no rows of an anchor are remembered; record them with: {RECORD} (" in tier.reasons(result)[0]
    tier.run(*UPDATE)
    assert tier.run(*JUDGE, SWAP).ret == 0


def test_golden_of_another_model(crept):
    """Rows are remembered of the model alone that the golden is of."""
    before = crept.tree()
    crept.missing("small", 1)
    changed = crept.tree()
    result = crept.run(*JUDGE, "--snapshot-update")
    assert (result.ret, crept.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    reason = (
        "its rows of the evaluation set were not remembered, for the golden is not of models/small; record both with"
    )
    assert any(f"{reason}: {RECORD}" in line for line in crept.reasons(result))
    assert crept.tree() == changed != before


def test_rows_added_and_removed(crept):
    """Rows that the set has gained or lost leave the others comparable; the update of an anchor adds the new ones."""
    crept.rows(range(100, 1_150))
    crept.missing("candidate", 110)
    result = crept.run(*JUDGE, SWAP)
    assert crept.verdicts(result) == {"small": "PASS"}
    assert crept.reasons(result)[0].endswith("; 900 of 1,050 rows are the anchor's")
    crept.missing("small", 0)
    crept.run(*UPDATE)
    assert len(crept.anchor.read_text().splitlines()) == 1 + 1_150
    assert not any("the anchor's" in line for line in crept.reasons(crept.run(*JUDGE, SWAP)))


def test_other_answers(crept):
    """A row whose accepted answer changed is not the anchor's; where none is, that is INCOMPLETE."""
    crept.replace(crept.path / "fixtures/ner/set.jsonl", '"PER"', '"LOC"')
    result = crept.run(*JUDGE)
    assert crept.verdicts(result) == {"small": "INCOMPLETE"}
    assert "none of the 1,000 rows of fixtures/ner/set.jsonl is the anchor's; give a set" in crept.reasons(result)[0]
    assert 'swapgate anchor ner.small --reason "…"' in crept.reasons(result)[0]


@pytest.mark.parametrize("place", ["folder", "hub"])
def test_incumbent_is_gone(crept, place):
    """A candidate is judged by the rows that its incumbent had when it was accepted, where its weights are gone."""
    if place == "folder":
        shutil.rmtree(crept.path / "models/small")
    else:
        crept.replace(crept.models_file, "../../models/small", "nobody-there/small")
    crept.replace(crept.models_file, LIMIT, "budget.slices.watch = { margin = 0.05 }\n")
    crept.missing("candidate", 45)
    result = crept.run("-m", "small and not latency and not size", SWAP)
    assert (result.ret, crept.verdicts(result)) == (0, {"small": "PASS"})
    reasons = crept.reasons(result)
    assert "; the weights of models/small are gone, and its recorded rows are used" in reasons[0]
    assert sum(line.startswith("lost  ") for line in reasons) == 5
    crept.missing("candidate", 140)
    result = crept.run(*JUDGE, SWAP)
    assert (result.ret, crept.verdicts(result)) == (1, {"small": "FAIL"})
    assert "100 rows lost and 0 gained of 1,000" in crept.reasons(result)[0]
    assert "the weights of models/small are gone, and its recorded rows are used" in crept.reasons(result)[0]


@pytest.mark.parametrize("way", ["row", "files"])
def test_edited_without_a_swap(crept, way):
    """A model that a row names now, or whose files are new, is judged by the rows of the model of its golden."""
    crept.replace(crept.models_file, LIMIT, "")
    name = "newer" if way == "row" else "small"
    if way == "row":
        crept.replace(crept.models_file, "../../models/small", "../../models/newer")
    crept.missing(name, 140)
    result = crept.run(*JUDGE)
    assert (result.ret, crept.verdicts(result)) == (1, {"small": "FAIL"})
    reason = crept.reasons(result)[0]
    assert "100 rows lost and 0 gained of 1,000; its golden is still of models/small, whose recorded rows are" in reason
    assert ("keep models/small, or" if way == "row" else "put those of models/small back, or") in reason
    crept.missing(name, 45)
    result = crept.run(*JUDGE)
    assert (result.ret, crept.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "is judged as a swap; what was selected passes; its goldens are not recorded yet" in crept.reasons(result)[0]
    crept.missing(name, 140)
    assert crept.run(*UPDATE).ret == 0
    assert crept.run(*JUDGE).ret == 0


def test_recorded_in_parts(crept):
    """Where some cases are recorded again of the new model its rows are still compared with the other's."""
    crept.replace(crept.models_file, LIMIT, "")
    crept.missing("small", 140)
    crept.run("-k", "golden and small and ada", "--snapshot-update")
    result = crept.run(*JUDGE, "--allow-incomplete")
    assert (result.ret, crept.verdicts(result)) == (1, {"small": "FAIL"})


def test_edited_rows_that_are_not_remembered(crept):
    """Where none of the rows is remembered of the model that the golden is of, that is INCOMPLETE."""
    crept.replace(crept.models_file, LIMIT, "")
    crept.rows(range(1_000, 1_100))
    crept.missing("small", 45)
    result = crept.run(*JUDGE)
    assert (result.ret, crept.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "none of the 100 rows of fixtures/ner/set.jsonl is remembered of models/small; " in crept.reasons(result)[0]


def test_incumbent_is_gone_and_has_no_row(crept):
    """Where none of the rows was remembered of it, that is INCOMPLETE, slices that have a limit included."""
    shutil.rmtree(crept.path / "models/small")
    crept.replace(crept.models_file, LIMIT, "budget.slices.watch = { margin = 0.05 }\n")
    crept.rows(range(1_000, 1_100))
    crept.missing("candidate", 45)
    result = crept.run(*JUDGE, SWAP)
    assert (result.ret, crept.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "none of the 100 rows of fixtures/ner/set.jsonl is remembered of models/small; " in crept.reasons(result)[0]
    assert "or bring its weights back (" in crept.reasons(result)[0]


@pytest.mark.parametrize(
    ("told", "metric", "lost", "verdict", "words"),
    [
        (["F1", "right"], "right", 45, "PASS", "language = 'de' holds its limit: F1 0.974"),
        (["F1", "right"], "right", 140, "FAIL", "language = 'de': F1 0.9"),
        (["right"], "right", 45, "PASS", "language = 'de' holds its limit: right 0.950"),
        (["right"], "right", 140, "FAIL", "language = 'de': right 0.8"),
        (
            ["right"],
            "F1",
            45,
            "INCOMPLETE",
            "budget.slices is not judged, for F1 is not told by remembered rows; judge",
        ),
    ],
)
def test_slices_of_an_incumbent_that_is_gone(crept, monkeypatch, told, metric, lost, verdict, words):
    """Slices are judged by remembered rows: by those that are right where the first figure is not told and a limit
    beside the incumbent counts these.
    """
    monkeypatch.setattr(Tally, "is_remembered", lambda _, figure: figure in told)
    shutil.rmtree(crept.path / "models/small")
    limits = f'budget.quality = {{ against = "incumbent", metric = "{metric}", margin = 0.3 }}\n'
    crept.replace(crept.models_file, LIMIT, f"{limits}budget.slices.language.de = {{ margin = 0.05 }}\n")
    lines = [json.loads(line) for line in (crept.path / "fixtures/ner/set.jsonl").read_text().splitlines()]
    for row in lines[:900]:
        row["slices"] = {"language": "de"}
    crept.write("fixtures/ner/set.jsonl", "".join(f"{json.dumps(row)}\n" for row in lines))
    crept.missing("candidate", lost)
    result = crept.run(*JUDGE, SWAP)
    assert crept.verdicts(result) == {"small": verdict}
    assert any(words in line for line in crept.reasons(result)), crept.reasons(result)


def test_incumbent_is_the_candidate(crept):
    """A candidate that is the incumbent whose weights are gone did not take place."""
    shutil.move(crept.path / "models/small", crept.path / "models/candidate")
    result = crept.run(*JUDGE, SWAP)
    assert (result.ret, crept.verdicts(result)) == (1, {"small": "FAIL"})
    assert "this swap did not take place" in crept.reasons(result)[0]


def test_incumbent_is_gone_and_not_remembered(tier):
    """Without its rows a model that is gone is a fault of the models file, as ever."""
    tier.run("-m", "small and golden", "--snapshot-update", "-k", "golden")
    shutil.rmtree(tier.path / "models/small")
    tier.missing("candidate", 5)
    result = tier.run(*JUDGE, SWAP)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*ner.small.model: no folder *"])


@pytest.mark.parametrize(
    ("edit", "status", "words"),
    [
        (lambda text: "[]\n" + text, 4, "holds no remembered rows (line 1"),
        (lambda text: text + text.splitlines()[1] + "\n", 4, "stands twice; both sides of a merge may be in it"),
        (
            lambda text: text.replace('"both": 1, ', ""),
            7,
            "are not counted as those of the set are (a row is counted by",
        ),
    ],
    ids=["head", "twice", "counts"],
)
def test_edited(crept, edit, status, words):
    """A file that was edited ends in one message, and never in a pass."""
    crept.anchor.write_text(edit(crept.anchor.read_text()))
    crept.missing("candidate", 5)
    result = crept.run(*JUDGE, SWAP)
    assert result.ret == status
    assert words in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_of_no_row(crept):
    """Rows that are remembered of no tier are a fault, as a golden is."""
    shutil.copy(crept.anchor, crept.anchor.with_name("smaller.anchor.jsonl"))
    result = crept.run(*JUDGE)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*has no row ner.smaller that this golden could be of*"])


@pytest.mark.parametrize("key", ["latency", "size"])
def test_of_quality_alone(tier, key):
    """Only quality is remembered: a budget of what it costs has no anchor."""
    tier.replace(tier.models_file, LIMIT, f'budget.{key} = {{ against = "anchor", at_most = 2 }}\n')
    tier.models_file.write_text(re.sub(r"budget.size = .*original.*\n", "", tier.models_file.read_text()))
    result = tier.run(*JUDGE)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*budget.{key}.against = 'anchor' is no other tier*"])


def test_no_tier(tier):
    """No tier is called like it."""
    tier.replace(tier.models_file, "[ner.small]", "[ner.anchor]")
    result = tier.run(*JUDGE)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*'anchor' is reserved; give the tier another name*"])


class TestCommand:
    """`swapgate anchor` moves it, and says why."""

    @pytest.fixture
    def anchor(self, crept, monkeypatch, capsys):
        """Move the anchor; return exit status and what was said."""
        monkeypatch.chdir(crept.path)

        def run(*options):
            status = main(["anchor", *options])
            said = capsys.readouterr()
            return status, said.out + said.err

        run.project = crept
        return run

    @pytest.mark.parametrize(
        ("edit", "words"),
        [
            (lambda move: move | {"reason": " "}, "it was moved from models/small to models/small without a reason"),
            (lambda move: move | {"reason": ""}, "it was moved from models/small to models/small without a reason"),
            (lambda move: move | {"digests": move["digests"][1:] * 2}, "it was moved from models/small to itself"),
        ],
        ids=["blank", "empty", "itself"],
    )
    def test_no_move(self, anchor, edit, words):
        """A move without a reason, or of a model to itself, is none that a file can hold."""
        anchor("ner.small", "--reason", "labels were corrected")
        project = anchor.project
        head, move, *rows = project.anchor.read_text().splitlines()
        project.anchor.write_text("\n".join([head, json.dumps(edit(json.loads(move))), *rows, ""]))
        result = project.run(*JUDGE)
        assert result.ret == 4
        assert words in result.stderr.str()

    def test_moved(self, anchor):
        """The accepted model becomes the anchor; the file says when, why, and from what figure to what."""
        status, said = anchor("ner.small", "--reason", "labels were corrected")
        assert status == 0
        assert re.search(r"anchor was models/small \(\w{4}…\) and is models/small \(\w{4}…\); F1 1.0000 → 0.97", said)
        project = anchor.project
        head, moved, *rows = map(json.loads, project.anchor.read_text().splitlines())
        assert (moved["reason"], moved["metric"], moved["rows"], len(rows)) == (
            "labels were corrected",
            "F1",
            1_000,
            1_000,
        )
        assert moved["digests"][1] == head["made_by"]["digest"] != moved["digests"][0]
        assert moved["figures"] == pytest.approx([1.0, 2 * 960 / 1_960])
        assert not project.accepted.exists()
        project.missing("candidate", 45)
        assert project.run(*JUDGE, SWAP).ret == 0
        project.missing("small", 41)
        project.run(*UPDATE)
        assert anchor("ner.small", "--reason", "again")[0] == 0
        lines = project.anchor.read_text().splitlines()
        assert [json.loads(line)["reason"] for line in lines[1:3]] == ["labels were corrected", "again"]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("ner.smal", "--reason", "r"), "has no such tier; did you mean 'ner.small'?"),
            (("ner.small", "--reason", "  "), "--reason is empty"),
            (("ner.original", "--reason", "r"), "no rows of an anchor are remembered; record them with: pytest -m"),
        ],
        ids=["tier", "reason", "none"],
    )
    def test_refused(self, anchor, options, words):
        """Without a reason, or rows, nothing is moved."""
        before = anchor.project.tree()
        status, said = anchor(*options)
        assert (status, said.count("\n")) == (4, 1)
        assert words in said
        assert anchor.project.tree() == before

    def test_without_a_reason(self, anchor, capsys):
        """The reason must be given."""
        with pytest.raises(SystemExit):
            anchor("ner.small")
        assert "--reason" in capsys.readouterr().err

    def test_in_ci(self, anchor, monkeypatch):
        """A CI moves no anchor."""
        monkeypatch.setenv("CI", "true")
        before = anchor.project.tree()
        assert anchor("ner.small", "--reason", "r")[0] == 4
        assert anchor.project.tree() == before

    def test_accepted_already(self, anchor):
        """What is the anchor already cannot become it; what is accepted without its rows neither."""
        anchor("ner.small", "--reason", "r")
        assert "models/small, the accepted model, is the anchor already" in anchor("ner.small", "--reason", "r")[1]
        anchor.project.missing("small", 3)
        anchor.project.run(*UPDATE, "-k", "golden")
        assert (
            f"no rows of the accepted model are remembered; record them with: {RECORD}"
            in (anchor("ner.small", "--reason", "r")[1])
        )
