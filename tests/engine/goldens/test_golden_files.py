"""The life of a golden: absent, recorded, judged by, updated, in disorder."""

import json
from dataclasses import asdict

import pytest

from swapgate.outputs import Tolerance
from swapgate.outputs.tolerance import DEVICES

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
TOLERANCE = 'tolerance = {{ drift = {}, reason = "two kinds of CPU" }}\n'


def cases_of(project, tier="original"):
    """Read the cases of a golden."""
    return json.loads(project.golden(tier).read_text())["cases"]


def use(project, model):
    """Let the row of the small tier name another model."""
    project.replace(project.models_file, "../../models/small", f"../../models/{model}")


def drop_left_out(project):
    """Remove a case, and the known gap that names it."""
    cases = project.cases_file.read_text()
    project.cases_file.write_text(cases[: cases.index('[[case]]\nid = "left_out"')])
    project.replace(project.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")


def test_absent(project):
    """Without a golden a case is red, and the message ends with the command that records it."""
    result = project.run("-k", "golden and small and ada")
    assert result.ret == 1
    assert project.reasons(result) == [
        "FAIL  ner/small 'ada': golden/embedded/ner/small.json has no golden for it (models/small);"
        f" record it with: {RECORD}"
    ]
    assert not project.golden().exists()


def test_created_by_the_printed_command(project):
    """The command of the message records the goldens of its tier, and from then on they pass."""
    result = project.run("-k", "ner and small", "--snapshot-update")
    assert (result.ret, project.verdicts(result)) == (0, {"small": "PASS"})
    assert not project.golden("original").exists()
    assert project.run("-k", "small").ret == 0


def test_head(recorded):
    """A golden says at its head who made it, in a stamp that its cases name, and lists these in order."""
    golden = json.loads(recorded.golden().read_text())
    assert golden["format"] == 2
    ((name, stamp),) = golden["made_by"].items()
    assert {entry["made_by"] for entry in golden["cases"].values()} == {name}
    assert len(stamp.pop("digest")) == 64
    assert stamp == {
        "task": "ner",
        "model": "models/small",
        "revision": None,
        "variant": None,
        "dtype": "float32",
        "tolerance": {name: value for name, value in asdict(Tolerance()).items() if name not in DEVICES},
        "surroundings": {"python": "3", "torch": "none", "device": "cpu"},
    }
    assert list(golden["cases"]) == ["ada", "left_out", "nobody"]


def test_changed_score(recorded):
    """A score that drifted too far is red and changes no file; accepting it writes it, and it passes."""
    before = recorded.golden().read_bytes()
    recorded.drift("small", Ada=0.9895)
    result = recorded.run("-k", "golden")
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'ada': PER 'Ada' 0-3 scored 0.9895000, golden 0.9900000 ± 0.0001: off by 0.0005"
        f" (models/small); accept with: {RECORD} --accept-drift, or look at it with:"
        " swapgate review"
    ]
    assert recorded.golden().read_bytes() == before
    assert recorded.run("-k", "golden", "--snapshot-update", "--accept-drift").ret == 0
    assert cases_of(recorded, "small")["ada"]["prediction"]["entities"][0]["score"] == 0.9895
    assert recorded.run("-k", "golden").ret == 0


def test_recorded_again(recorded, workers):
    """Recording again gives the same bytes, whether the goldens are there or not, in one process or two."""
    before = recorded.tree()
    assert recorded.run("-k", "golden", "--snapshot-update").ret == 0
    assert recorded.tree() == before
    recorded.golden().unlink()
    recorded.golden("original").unlink()
    assert recorded.run("-k", "golden", "--snapshot-update", *workers).ret == 0
    assert recorded.tree() == before


def test_drift_inside_the_tolerance(recorded):
    """An update does not touch a golden whose scores moved by no more than the tolerance."""
    before = recorded.golden().stat().st_mtime_ns, recorded.tree()
    recorded.write("drift.json", "{}")
    recorded.drift("small", Ada=0.99009)
    assert recorded.run("-k", "golden", "--snapshot-update").ret == 0
    (recorded.path / "drift.json").unlink()
    assert (recorded.golden().stat().st_mtime_ns, recorded.tree()) == before


@pytest.mark.parametrize(
    "selection",
    [
        ["-k", "golden and original and ada"],
        ["-m", "original", "-k", "ada"],
        ["tests/test_ner.py", "-k", "ada and not small"],
        ["tests/test_ner.py::test_golden[original-ada]"],
        ["--deselect", "tests/test_ner.py::test_golden[original-left_out]"],
    ],
    ids=["k", "m", "path", "node_id", "deselect"],
)
def test_only_what_was_selected_is_updated(recorded, selection):
    """However a case is selected, an update writes it and no other case, and no other file."""
    small, before = recorded.golden("small").read_bytes(), cases_of(recorded)
    recorded.drift("original", Ada=0.5, Siemens=0.5)
    recorded.run(*selection, "--snapshot-update", "--accept-drift")
    after = cases_of(recorded)
    assert after["ada"]["prediction"]["entities"][0]["score"] == 0.5
    assert {**after, "ada": None} == {**before, "ada": None}
    assert recorded.golden("small").read_bytes() == small


def test_partial_update(recorded):
    """Where one case is accepted from a new model, the others keep their stamp and are judged as a swap."""
    recorded.retrain("original", Ada=["PER", 0.95], Siemens=["ORG", 0.95])
    assert recorded.run("tests/test_ner.py::test_golden[original-ada]", "--snapshot-update").ret == 7
    cases = cases_of(recorded)
    assert cases["ada"]["made_by"] != cases["left_out"]["made_by"] == cases["nobody"]["made_by"]
    assert cases["left_out"]["prediction"]["entities"][0]["score"] == 0.98
    recorded.drift("original", Ada=0.951, Siemens=0.93)
    result = recorded.run("-k", "golden and original")
    result.assert_outcomes(failed=1, skipped=2)
    assert recorded.reasons(result)[0].startswith("FAIL  ner/original 'ada': PER 'Ada' 0-3 scored 0.9510000, golden 0.")


def test_complete_update(recorded):
    """Once the last case is accepted too, one stamp is left."""
    recorded.retrain("original", Ada=["PER", 0.95])
    for case in ("ada", "nobody", "left_out"):
        result = recorded.run(f"tests/test_ner.py::test_golden[original-{case}]", "--snapshot-update")
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS"})
    golden = json.loads(recorded.golden("original").read_text())
    assert {entry["made_by"] for entry in golden["cases"].values()} == set(golden["made_by"])
    assert len(golden["made_by"]) == 1
    assert recorded.run("-k", "golden and original").ret == 0


def test_orphan(recorded):
    """A golden whose case is gone is red until an update removes it."""
    drop_left_out(recorded)
    result = recorded.run("-k", "golden and small")
    assert result.ret == 1
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'left_out': golden/embedded/ner/small.json has a golden for it, but there is no such case any"
        f" more; remove it with: {RECORD}"
    ]
    assert "left_out" in cases_of(recorded, "small")
    assert recorded.run("-k", "ner and small", "--snapshot-update").ret == 0
    assert list(cases_of(recorded, "small")) == ["ada", "nobody"]
    assert list(cases_of(recorded, "original")) == ["ada", "left_out", "nobody"]


def test_orphan_stays_unless_selected(recorded):
    """An update of another case removes no orphan, and an orphan is a test only of the tier that has it."""
    drop_left_out(recorded)
    recorded.run("-k", "golden and ada", "--snapshot-update")
    assert "left_out" in cases_of(recorded, "small")
    recorded.run("-k", "golden and original", "--snapshot-update")
    recorded.run("-k", "golden").assert_outcomes(passed=4, failed=1)


def test_changed_input(recorded):
    """A case whose text was changed is red until its golden is recorded for the new text."""
    recorded.replace(recorded.cases_file, "It rained all day.", "It rained all night.")
    result = recorded.run("-k", "golden and nobody and small")
    assert result.ret == 1
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'nobody': the input was changed since the golden was recorded (models/small);"
        f" accept with: {RECORD}, or look at it with: swapgate review"
    ]
    assert recorded.run("-k", "golden and nobody", "--snapshot-update").ret == 0
    assert recorded.run("-k", "golden").ret == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{", "<<<<<<< HEAD\n{", "holds merge-conflict markers"),
        ("{", "", "not a golden (the file: no JSON"),
        ('"format": 2', '"format": 3', "its format is 3, this version reads 2"),
        ('"format": 2', '"format" :  3', "its format is 3, this version reads 2"),
        ('"score": 0.99', '"score": 0.5, "score": 0.99', "score stands twice; both sides of a merge may be in it"),
        ('"format": 2,', "", "not a golden (format: missing)"),
        ('"entities"', '"entitles"', "not a golden (cases.ada.prediction.entities: missing)"),
        ('"input"', '"output"', "not a golden (cases.ada.input: missing)"),
        ('"margin": 0.99', '"margins": 0.99', "not a golden (cases.ada.prediction.entities.0.margin: missing)"),
        ('"margin": 0.99', '"margin": 0.99, "sure": 1', "entities.0.sure: unknown key"),
        ('"prediction"', '"note": "", "prediction"', "not a golden (cases.ada.note: unknown key)"),
        ('"task": "ner"', '"task": "sentiment"', "it is one of sentiment"),
        ('"drift": 0.0001', '"drift": 2.0', "drift = 2.0 is not between 0 and 1"),
        ('"score": 0.99', '"score": "high"', "not a golden"),
        ('"score": 0.99', '"score": null', "not a golden"),
    ],
    ids=[
        "conflict",
        "json",
        "format",
        "format and space",
        "twice",
        "no_format",
        "no_entities",
        "no_input",
        "key",
        "more",
        "note",
        "task",
        "tolerance",
        "word",
        "null",
    ],
)
def test_unreadable(recorded, old, new, message):
    """A file that is no golden ends even an update with one message before a model runs, and stays as it is."""
    recorded.replace(recorded.golden(), old, new)
    before = recorded.tree()
    assert recorded.run().ret == 4
    result = recorded.run("--snapshot-update")
    assert result.ret == 4
    errors = [line for line in result.errlines if line]
    assert len(errors) == 1
    assert errors[0].startswith(f"ERROR: {recorded.golden()}: ")
    assert message in errors[0]
    assert errors[0].endswith(f"restore it with: git checkout -- {recorded.golden()}")
    assert (recorded.tree(), recorded.events()) == (before, [])


def test_folder_in_its_place(recorded):
    """A folder where the golden should be is one clear message too."""
    recorded.golden().unlink()
    recorded.golden().mkdir()
    result = recorded.run()
    assert result.ret == 4
    assert [line[:12] for line in result.errlines if line] == ["ERROR: " + str(recorded.golden())[:5]]


def test_loosened_tolerance(recorded):
    """A tolerance loosened in the models file does not loosen the judgement before it is accepted."""
    recorded.replace(recorded.models_file, "gaps =", TOLERANCE.format(0.01) + "gaps =")
    recorded.drift("small", Ada=0.985)
    assert recorded.run("-k", "golden and small").ret == 1
    assert recorded.run("-k", "golden and small", "--snapshot-update", "--accept-drift").ret == 0
    recorded.drift("small", Ada=0.976)
    assert recorded.run("-k", "golden and small").ret == 0


def test_tightened_tolerance(recorded):
    """A tolerance tightened in the models file holds at once."""
    recorded.replace(recorded.models_file, "gaps =", TOLERANCE.format(0.00001) + "gaps =")
    recorded.drift("small", Ada=0.99005)
    result = recorded.run("-k", "golden and small")
    assert result.ret == 1
    assert "golden 0.9900000 ± 1e-05" in recorded.reasons(result)[0]


def test_row_names_a_better_model(recorded):
    """A row that names another model, which passes as a swap, is INCOMPLETE until its own goldens are recorded."""
    recorded.retrain("newer", like="small", Ada=["PER", 0.9], Paris=["LOC", 0.99])
    use(recorded, "newer")
    result = recorded.run("-k", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result) == [
        "INCOMPLETE  ner/small: the golden is still models/small's, so models/newer is judged as a swap; what was"
        f" selected passes; its goldens are not recorded yet: {RECORD}"
    ]
    assert recorded.run("-k", "small and golden", "--allow-incomplete").ret == 0
    assert recorded.run("-k", "small and golden", "--snapshot-update").ret == 0
    assert recorded.run("-k", "small and golden").ret == 0


def test_row_names_a_worse_model(recorded):
    """A row that names another model, which fails as a swap, is a FAIL."""
    recorded.retrain("newer", like="small", Ada=["PER", 0.8])
    use(recorded, "newer")
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert recorded.reasons(result)[0] == (
        "FAIL  ner/small 'ada': PER 'Ada' 0-3 scored 0.8000, the incumbent 0.9900: fell by 0.1900, allowed 0.1"
        f" (models/newer); put models/small back, or accept the loss with: {RECORD}"
    )
