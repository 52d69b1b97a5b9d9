"""What could cost a golden: each trap of syrupy that design.md lists, tried on our extension."""

import json

import pytest
from syrupy.utils import import_module_member

from swapgate.goldens.snapshots import GoldenExtension

FEWER = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "original" in item.name]
"""
FAULT = """
import pytest

@pytest.fixture(autouse=True)
def fault(request):
    if "small-ada" in request.node.name:
        raise OSError("the disk is on fire")
"""
MINE = """
def test_mine(snapshot):
    assert {"answer": 42} == snapshot

def test_second(snapshot):
    assert "second" == snapshot
"""


def goldens(project):
    """Read both goldens."""
    return {tier: project.golden(tier).read_bytes() for tier in ("original", "small")}


def scores(project, tier="small"):
    """Read the scores of a golden."""
    cases = json.loads(project.golden(tier).read_text())["cases"]
    return {case: [entity["score"] for entity in entry["prediction"]["entities"]] for case, entry in cases.items()}


@pytest.fixture
def score_drift(recorded):
    """A project in which every score of the small model has moved, and its goldens as they were."""
    recorded.drift("small", Ada=0.5, Paris=0.5)
    return recorded, goldens(recorded)


def test_tiers_deselected_by_a_hook(recorded):
    """An update in which an ordinary hook leaves out a tier keeps the golden of that tier."""
    recorded.replace(recorded.path / "conftest.py", "\n", FEWER)
    before = goldens(recorded)
    assert recorded.run("-k", "golden", "--snapshot-update").ret == 0
    assert recorded.run("--snapshot-update", "-m", "not latency").ret == 0
    assert goldens(recorded) == before


def test_tiers_removed_from_the_models_file(recorded):
    """An update with fewer tiers than there are goldens is refused, and keeps all of them."""
    text = recorded.models_file.read_text()
    recorded.models_file.write_text(text[: text.index("[ner.small]")])
    before = goldens(recorded)
    assert recorded.run("-k", "golden", "--snapshot-update").ret == 4
    assert goldens(recorded) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('pytestmark = pytest.mark.task("ner")', 'pytest.skip("not today", allow_module_level=True)'),
        ('pytest.mark.task("ner")', '[pytest.mark.task("ner"), pytest.mark.skip]'),
        ("def test_golden", "@pytest.mark.skip\ndef test_golden"),
        ("def test_golden(prediction, golden):", 'def test_golden(prediction, golden):\n    pytest.skip("not today")'),
    ],
    ids=["module_level", "module_mark", "mark", "inside"],
)
def test_skip(score_drift, old, new):
    """An update in which tests are skipped, in whatever way, keeps their goldens."""
    project, before = score_drift
    project.replace(project.suite, old, new)
    assert project.run("--snapshot-update").ret in (5, 7)
    assert goldens(project) == before


def test_fixture_error(score_drift):
    """An update in which a fixture of one case fails keeps the golden of that case."""
    project, _ = score_drift
    project.write("tests/conftest.py", FAULT)
    before = scores(project)
    project.run("-k", "golden", "--snapshot-update").assert_outcomes(passed=5, errors=1, deselected=10)
    assert scores(project) == before


def test_label_assert_fails_first(score_drift):
    """An update in which a test fails before it comes to its golden keeps that golden."""
    project, before = score_drift
    project.replace(
        project.suite, "    assert prediction == golden", "    assert not golden\n    assert prediction == golden"
    )
    project.run("-k", "golden", "--snapshot-update").assert_outcomes(failed=6, deselected=10)
    assert goldens(project) == before


def test_model_fails_during_update(recorded):
    """An update in which the model fails on a case keeps the golden of that case."""
    recorded.retrain("small", Ada=["PER", "nan"])
    before = scores(recorded)
    recorded.run("-k", "golden", "--snapshot-update").assert_outcomes(passed=5, errors=1, deselected=10)
    assert scores(recorded) == before


@pytest.mark.parametrize(
    "selection",
    [
        ["-m", "original"],
        ["-k", "original"],
        ["-k", "small and not ada"],
        ["tests/test_ner.py::test_golden[small-nobody]"],
        ["tests/test_mine.py"],
        ["--deselect", "tests/test_ner.py::test_golden[small-ada]"],
        ["-k", "nothing_at_all"],
    ],
    ids=["m", "k", "k_case", "node_id", "path", "deselect", "nothing"],
)
def test_not_selected(score_drift, selection):
    """An update of something else keeps every golden that was not selected."""
    project, before = score_drift
    project.write("tests/test_mine.py", MINE)
    project.run(*selection, "--snapshot-update")
    assert goldens(project) == before


def test_shared_folder(score_drift):
    """Two suite files whose tests have equal names keep one golden, and lose nothing of it."""
    project, _ = score_drift
    project.write("tests/test_more.py", project.suite.read_text().partition("@pytest.mark.latency")[0])
    assert project.run("-k", "golden", "--snapshot-update", "--accept-drift").ret == 0
    assert scores(project) == {"ada": [0.5, 0.5], "left_out": [], "nobody": []}
    project.run("-k", "golden").assert_outcomes(passed=12, deselected=16)


def test_creep(recorded):
    """Drift inside the tolerance, accepted again and again, does not add up: the golden stays where it was."""
    for score in (0.99008, 0.99009):
        recorded.drift("small", Ada=score)
        assert recorded.run("-k", "golden", "--snapshot-update").ret == 0
    recorded.drift("small", Ada=0.99016)
    assert recorded.run("-k", "golden").ret == 1


def test_two_processes_lose_none(project):
    """Two workers that record 60 cases of two tiers into two files lose none of them."""
    rows = [f'[[case]]\nid = "case_{number}"\ntext = "Paris {number}"\nexpected = []\n' for number in range(57)]
    project.cases_file.write_text(project.cases_file.read_text() + "\n".join(rows))
    result = project.run("-n", "2", "-k", "golden", "--snapshot-update")
    result.assert_outcomes(passed=120)
    assert result.ret == 0
    assert [len(scores(project, tier)) for tier in ("original", "small")] == [60, 60]
    assert all(len(found) == 1 for case, found in scores(project).items() if case.startswith("case"))
    project.run("-k", "golden").assert_outcomes(passed=120, deselected=124)


def test_extension_travels_by_import_path():
    """The extension is a class of a module, so that pytest-xdist can send it by its name."""
    name = f"{GoldenExtension.__module__}.{GoldenExtension.__qualname__}"
    assert import_module_member(name) is GoldenExtension


def test_own_snapshots(recorded):
    """A project's ordinary syrupy snapshots are recorded, compared and cleaned up as ever, beside the goldens."""
    mine, before = recorded.write("tests/test_mine.py", MINE), goldens(recorded)
    amber = recorded.path / "tests" / "__snapshots__" / "test_mine.ambr"
    assert recorded.run("tests/test_mine.py").ret == 1
    assert recorded.run("--snapshot-update").ret == 0
    assert "'answer': 42" in amber.read_text()
    result = recorded.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines("8 snapshots passed.")
    recorded.replace(mine, "42", "43")
    result = recorded.run()
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "PASS", "small": "PASS"})
    mine.write_text(mine.read_text().partition("def test_second")[0])
    assert recorded.run("--snapshot-update").ret == 0
    assert "second" not in amber.read_text()
    assert goldens(recorded) == before


def test_own_snapshots_not_selected(recorded):
    """Selecting the suite keeps a project's ordinary syrupy snapshots, and an unused one is red as ever."""
    mine = recorded.write("tests/test_mine.py", MINE)
    recorded.run("--snapshot-update")
    amber = recorded.path / "tests" / "__snapshots__" / "test_mine.ambr"
    before = amber.read_bytes()
    assert recorded.run("-k", "ner", "--snapshot-update").ret == 0
    assert amber.read_bytes() == before
    mine.write_text(mine.read_text().partition("def test_second")[0])
    result = recorded.run()
    result.stdout.fnmatch_lines("*1 snapshot unused*")
    assert result.ret == 1


def test_more_parameters(score_drift, workers):
    """A golden test that is given more than tier and case still records its case, under the case's own id."""
    project, before = score_drift
    project.replace(
        project.suite, "def test_golden(", '@pytest.mark.parametrize("again", [1, 2])\ndef test_golden(again, '
    )
    assert project.run("-k", "golden and small", "--snapshot-update", "--accept-drift", *workers).ret == 0
    assert scores(project)["ada"] == [0.5, 0.5]
    assert project.golden("original").read_bytes() == before["original"]
    assert project.run("-k", "golden", *workers).ret == 0


def test_orphan_with_an_odd_name(recorded):
    """An orphan that was written by hand, whatever it is called, is removed by an update, and no case with it."""
    content = json.loads(recorded.golden().read_text())
    content["cases"] |= dict.fromkeys(["ada]x", "größe", "a.b"], content["cases"]["ada"])
    recorded.golden().write_text(json.dumps(content))
    assert recorded.run("-k", "golden and small").ret == 1
    assert recorded.run("-k", "golden and small", "--snapshot-update").ret == 0
    assert sorted(scores(recorded)) == ["ada", "left_out", "nobody"]


def test_link(recorded):
    """A golden that is a link stays one: the file that it leads to is updated."""
    place = recorded.path / "elsewhere.json"
    recorded.golden().rename(place)
    recorded.golden().symlink_to(place)
    recorded.drift("small", Ada=0.5)
    assert recorded.run("-k", "golden and small", "--snapshot-update", "--accept-drift").ret == 0
    assert recorded.golden().is_symlink()
    assert scores(recorded)["ada"] == [0.5, 0.97]


def test_new_only(recorded):
    """--snapshot-update-new-only records what is missing, leaves the rest, and nothing of it waits for a review."""
    whole = json.loads(recorded.golden().read_text())
    del whole["cases"]["nobody"]
    recorded.golden().write_text(json.dumps(whole))
    assert recorded.run("-k", "golden and small", "--snapshot-update-new-only").ret == 0
    assert sorted(scores(recorded)) == ["ada", "left_out", "nobody"]
    assert not list(recorded.path.glob(".swapgate/pending/**/small.json"))
