"""Drift that is accepted step by step: a golden keeps what was first accepted, and says how far it has come."""

import json

import pytest

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
UPDATE = ("-k", "golden and small", "--snapshot-update")
ACCEPT = (*UPDATE, "--accept-drift")


@pytest.fixture
def at_900(recorded):
    """A project whose small model gives Ada a score of 0.900, recorded."""
    recorded.retrain("small", Ada=["PER", 0.9])
    assert recorded.run(*UPDATE).ret == 0
    return recorded


def ada(project):
    """Read the entry of a case."""
    return json.loads(project.golden().read_text())["cases"]["ada"]


def score(prediction):
    """Return the score of the first entity."""
    return prediction["entities"][0]["score"]


def refused(project, off, now):
    """Update, see that it is refused and writes nothing, and that the message says how far the model has drifted."""
    before = project.tree()
    result = project.run(*UPDATE)
    assert (result.ret, project.verdicts(result)) == (1, {"small": "FAIL"})
    assert project.reasons(result) == [
        f"FAIL  ner/small 'ada': PER 'Ada' 0-3 scored {now:.7f}, first accepted 0.9000000 ± 0.0001: off by {off}"
        " (models/small); the same weights say something else, so nothing was recorded; if that is right:"
        f" {RECORD} --accept-drift"
    ]
    assert project.tree() == before


def test_three_steps(at_900):
    """Each step of just over the tolerance asks for --accept-drift and says how far all of them together went."""
    for now, off in ((0.90011, "0.00011"), (0.90022, "0.00022"), (0.90033, "0.00033")):
        at_900.drift("small", Ada=now)
        refused(at_900, off, now)
        assert at_900.run(*ACCEPT).ret == 0
        assert (score(ada(at_900)["prediction"]), score(ada(at_900)["first"])) == (now, 0.9)
        assert at_900.run("-k", "golden and small").ret == 0


def test_red_run_names_the_option(at_900):
    """A red run names --accept-drift in its next step where the update would ask for it."""
    at_900.drift("small", Ada=0.90011)
    result = at_900.run("-k", "golden and small")
    assert result.ret == 1
    assert "--snapshot-update --accept-drift, or look at it with: swapgate review" in at_900.reasons(result)[0]


def test_accepted_drift_is_asked_for_once(at_900):
    """Once drift was accepted, an update that changes nothing asks for nothing and writes nothing."""
    at_900.drift("small", Ada=0.90022)
    assert at_900.run(*ACCEPT).ret == 0
    before = at_900.tree()
    assert at_900.run(*UPDATE).ret == 0
    assert at_900.tree() == before


def test_step_back_within_the_tolerance_of_the_first(at_900):
    """A step back towards what was first accepted needs no option once it is within the tolerance of that."""
    at_900.drift("small", Ada=0.9003)
    assert at_900.run(*ACCEPT).ret == 0
    at_900.drift("small", Ada=0.90005)
    assert at_900.run(*UPDATE).ret == 0
    assert (score(ada(at_900)["prediction"]), score(ada(at_900)["first"])) == (0.90005, 0.9)


def test_drift_back(at_900):
    """Drift back to what was first accepted leaves the golden as it was before, without a first."""
    before = at_900.golden().read_bytes()
    for now in (0.9003, 0.9):
        at_900.drift("small", Ada=now)
        assert at_900.run(*ACCEPT).ret == 0
    assert "first" not in ada(at_900)
    assert at_900.golden().read_bytes() == before


def new_model(project):
    """Let other weights give Ada a score far from the first."""
    project.retrain("small", Ada=["PER", 0.95])


def new_input(project):
    """Change the text of the case, and nothing of what is found in it."""
    project.replace(project.cases_file, "Ada lives in Paris.", "Ada works in Paris.")


@pytest.mark.parametrize("begin", [new_model, new_input], ids=["weights", "input"])
def test_begins_anew(at_900, begin):
    """With other weights or another input there is no drift: what is recorded is the first."""
    at_900.drift("small", Ada=0.9003)
    assert at_900.run(*ACCEPT).ret == 0
    assert "first" in ada(at_900)
    begin(at_900)
    assert at_900.run(*UPDATE).ret == 0
    assert "first" not in ada(at_900)
    assert at_900.run("-k", "golden and small").ret == 0


def test_new_expected_answer_does_not_begin_anew(at_900):
    """A changed expected answer keeps the first: the weights and the input are the same."""
    at_900.drift("small", Ada=0.9003)
    assert at_900.run(*ACCEPT).ret == 0
    at_900.replace(at_900.cases_file, '{ label = "LOC", start = 13', '{ label = "ORG", start = 13')
    at_900.drift("small", Ada=0.90033)
    refused(at_900, "0.00033", 0.90033)
    assert at_900.run(*ACCEPT).ret == 0
    assert score(ada(at_900)["first"]) == 0.9


def test_judged_by_the_tighter_tolerance(at_900):
    """A looser tolerance that is accepted in the same update does not accept the drift that it would allow."""
    loose = 'tolerance = { drift = 0.01, reason = "two kinds of CPU" }\ngaps ='
    at_900.replace(at_900.models_file, "gaps =", loose)
    at_900.drift("small", Ada=0.909)
    assert at_900.run(*UPDATE).ret == 1
    assert at_900.run(*UPDATE, "--accept-drift").ret == 0
    assert (score(ada(at_900)["prediction"]), score(ada(at_900)["first"])) == (0.909, 0.9)
    at_900.drift("small", Ada=0.911)
    assert at_900.run("-k", "golden and small").ret == 0
    at_900.drift("small", Ada=0.92)
    result = at_900.run(*UPDATE)
    assert result.ret == 1
    assert "first accepted 0.9000000 ± 0.01: off by 0.02" in at_900.reasons(result)[0]


def test_other_cases_are_recorded(at_900):
    """A case whose drift is refused does not keep the others from being recorded."""
    at_900.drift("small", Ada=0.90022)
    at_900.replace(at_900.cases_file, "It rained all day.", "It rained all night.")
    before = json.loads(at_900.golden().read_text())["cases"]
    at_900.run(*UPDATE).assert_outcomes(passed=2, failed=1, deselected=13)
    after = json.loads(at_900.golden().read_text())["cases"]
    assert {case for case in after if after[case] != before[case]} == {"nobody"}


@pytest.mark.parametrize("other", [[], ["--swap=ner.small=models/original"]], ids=["alone", "swap"])
def test_option_without_update(recorded, other):
    """--accept-drift without --snapshot-update ends with one message before a model runs."""
    result = recorded.run("--accept-drift", *other)
    assert (result.ret, recorded.events()) == (4, [])
    assert [line for line in result.errlines if line] == [
        "ERROR: --accept-drift without --snapshot-update records nothing; give both"
    ]
