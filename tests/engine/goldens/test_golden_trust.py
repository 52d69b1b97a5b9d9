"""What a golden says besides its scores: the expected answer, the surroundings, the tolerance; and near ties."""

import json

import pytest

from swapgate.outputs import check_drift
from swapgate.outputs.text import Text
from swapgate.project.manifest import read_manifest

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
UPDATE = ("-k", "golden and small", "--snapshot-update")
LABEL = ('{ label = "LOC", start = 13', '{ label = "ORG", start = 13')
ROW = "gaps ="


def surrounded_by(project, torch):
    """Let the fake model say that it runs with another version of torch, of another length than before."""
    text = (project.path / "fake_model.py").read_text()
    start = text.index('"torch": "') + len('"torch": "')
    (project.path / "fake_model.py").write_text(text[:start] + torch + text[text.index('"', start) :])


def with_tolerance(project, **limits):
    """Return the small tier a tolerance."""
    named = ", ".join(f"{name} = {limit}" for name, limit in limits.items())
    project.replace(project.models_file, ROW, f'tolerance = {{ {named}, reason = "two kinds of CPU" }}\n{ROW}')


def test_changed_expected_answer(recorded):
    """A case whose expected answer was changed is red with a message of its own until it is recorded."""
    recorded.replace(recorded.cases_file, *LABEL)
    before = recorded.golden().read_text().splitlines()
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert recorded.reasons(result) == [
        "FAIL  ner/small 'ada': the expected answer was changed since the golden was recorded (models/small);"
        f" accept with: {RECORD}, or look at it with: swapgate review"
    ]
    assert recorded.run(*UPDATE).ret == 0
    after = recorded.golden().read_text().splitlines()
    (changed,) = [line for line, old in zip(after, before, strict=True) if line != old]
    assert changed.startswith('      "expected": ')
    assert recorded.run("-k", "golden and small").ret == 0


def test_changed_expected_answer_under_a_swap(recorded):
    """A swap does not hide that the expected answer was changed."""
    recorded.retrain("candidate", like="small", Ada=["PER", 0.95])
    recorded.replace(recorded.cases_file, *LABEL)
    result = recorded.run("-k", "golden and small", "--swap=ner.small=models/candidate")
    assert result.ret == 1
    assert "'ada': the expected answer was changed since the golden was recorded" in recorded.reasons(result)[0]


def test_surroundings_come_first(recorded, workers):
    """A failing message begins with what has changed around the model since the golden was recorded."""
    surrounded_by(recorded, "2.12.0")
    recorded.golden().unlink()
    assert recorded.run(*UPDATE).ret == 0
    surrounded_by(recorded, "2.13.0+cpu")
    recorded.drift("small", Ada=0.98)
    result = recorded.run("-k", "golden and small", *workers)
    assert result.ret == 1
    (reason,) = recorded.reasons(result)
    assert reason.startswith(
        "FAIL  ner/small 'ada': recorded with torch 2.12.0, now 2.13.0+cpu; PER 'Ada' 0-3 scored 0.9800000, golden"
    )


def test_surroundings_come_first_in_an_update(recorded):
    """An update that is refused for drift begins with the surroundings too."""
    surrounded_by(recorded, "2.13.0+cpu")
    recorded.drift("small", Ada=0.98)
    result = recorded.run(*UPDATE)
    assert result.ret == 1
    assert "'ada': recorded with torch none, now 2.13.0+cpu; PER 'Ada' 0-3 scored" in recorded.reasons(result)[0]


def test_surroundings_alone(recorded):
    """Where nothing failed other surroundings are not told, and an update writes nothing."""
    surrounded_by(recorded, "2.13.0+cpu")
    before = recorded.tree()
    result = recorded.run("-k", "golden")
    assert (result.ret, recorded.reasons(result)) == (0, [])
    assert "recorded with" not in result.stdout.str()
    assert recorded.run("-k", "golden", "--snapshot-update").ret == 0
    assert recorded.tree() == before


def test_surroundings_that_are_new(recorded):
    """What a golden does not know of the surroundings is not told; what is not known any more is."""
    model = recorded.path / "fake_model.py"
    recorded.replace(model, '"torch": "none"', '"tokenizers": "0.22.0"')
    recorded.drift("small", Ada=0.98)
    result = recorded.run("-k", "golden and small")
    assert "'ada': recorded with torch none, now unknown; PER" in recorded.reasons(result)[0]


@pytest.fixture
def tied(recorded):
    """A project in which an entity that led by less than the tolerance is not found any more."""
    recorded.retrain("small", Ada=["PER", 0.00005])
    assert recorded.run(*UPDATE).ret == 0
    recorded.drift("small", Ada=None)
    return recorded


TIE = (
    "ner/small 'ada': PER 'Ada' 0-3 (0.0001) is gone since the golden: a near tie, it led by 5e-05, and up to 0.0001 is"
    " one"
)


def test_near_tie(tied, workers):
    """A near tie that fell the other way passes, and terminal, Markdown and JSON say that it was one."""
    result = tied.run("-k", "golden", "--verdict-json=v.json", "--verdict-md=v.md", *workers)
    assert (result.ret, tied.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert tied.reasons(result) == [f"tie  {TIE}"]
    tiers = json.loads((tied.path / "v.json").read_text())["tiers"]
    assert [tier["ties"] for tier in tiers] == [[], [TIE]]
    assert "<summary>ner/small: near ties that fell the other way</summary>" in (tied.path / "v.md").read_text()
    assert f"- `{TIE}`" in (tied.path / "v.md").read_text()


def test_near_tie_is_not_recorded(tied):
    """An update leaves the golden of a near tie as it is: there is nothing to accept."""
    before = tied.tree()
    assert tied.run(*UPDATE).ret == 0
    assert tied.tree() == before


def test_near_tie_beside_a_failure(tied):
    """Where something else of the case failed, that is told and the tie is not."""
    tied.write("drift.json", json.dumps({"models/small": {"Ada": None, "Paris": 0.5}}))
    result = tied.run("-k", "golden and small")
    assert result.ret == 1
    (reason,) = tied.reasons(result)
    assert reason.startswith("FAIL  ner/small 'ada': LOC 'Paris' 13-18 scored 0.5")


def test_no_tie(recorded):
    """What led by more than the tolerance and is gone is red, and the message says how far it was from a tie."""
    recorded.drift("small", Ada=None)
    result = recorded.run("-k", "golden and small")
    assert result.ret == 1
    assert (
        "is gone since the golden; a near tie would lead by up to 0.0001, this one led by 0.99"
        in (recorded.reasons(result)[0])
    )


def test_many_ties(tied):
    """The terminal shows the first five near ties of a tier and says how many there are more."""
    rows = "".join(f'\n[[case]]\nid = "also_{number}"\ntext = "Ada {number}"\nexpected = []\n' for number in range(6))
    tied.cases_file.write_text(tied.cases_file.read_text() + rows)
    (tied.path / "drift.json").unlink()
    assert tied.run(*UPDATE).ret == 0
    tied.drift("small", Ada=None)
    result = tied.run("-k", "golden and small")
    assert result.ret == 0
    assert len(tied.reasons(result)) == 6
    assert tied.reasons(result)[-1] == "tie  ner/small: 2 more; all in --verdict-json"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"drift": 0.01}, "drift 0.01, accepted 0.0001"),
        ({"relative": 0.02}, "relative 0.02, accepted 0"),
        ({"swap": 0.2, "box": 0.5}, "swap 0.2, accepted 0.1, box 0.5, accepted 0.01"),
        ({"drift": 0.00001, "words": 0.1}, "words 0.1, accepted 0"),
    ],
    ids=["drift", "relative", "two", "one_tighter"],
)
def test_loosened(recorded, limits, words):
    """A loosened tolerance is INCOMPLETE whatever is selected, with what to type; accepting it writes only that."""
    with_tolerance(recorded, **limits)
    for selection in ("golden", "expected"):
        result = recorded.run("-k", f"{selection} and small")
        assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
        assert recorded.reasons(result) == [
            f"INCOMPLETE  ner/small: the row's tolerance was loosened: {words} (two kinds of CPU); the golden's holds"
            f" until the new one is accepted with: {RECORD}"
        ]
    cases = json.loads(recorded.golden().read_text())["cases"]
    assert recorded.run(*UPDATE).ret == 0
    golden = json.loads(recorded.golden().read_text())
    (stamp,) = golden["made_by"].values()
    assert {name: stamp["tolerance"][name] for name in limits} == limits
    assert stamp["tolerance"]["reason"] == "two kinds of CPU"
    assert [entry["prediction"] for entry in golden["cases"].values()] == [one["prediction"] for one in cases.values()]
    assert recorded.run("-k", "golden and small").ret == 0


def test_loosened_for_one_case(recorded):
    """Where a looser tolerance was accepted for one case alone, the tier stays INCOMPLETE and the others strict."""
    with_tolerance(recorded, drift=0.01)
    result = recorded.run("tests/test_ner.py::test_golden[small-nobody]", "--snapshot-update")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    recorded.drift("small", Ada=0.985)
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert "golden 0.9900000 ± 0.0001: off by 0.005" in recorded.reasons(result)[0]


def test_tightened_and_kept(recorded):
    """A tightened tolerance within which the model stays passes at once, and an update notes it."""
    with_tolerance(recorded, drift=0.00001)
    assert recorded.run("-k", "golden and small").ret == 0
    assert recorded.run(*UPDATE).ret == 0
    (stamp,) = json.loads(recorded.golden().read_text())["made_by"].values()
    assert stamp["tolerance"]["drift"] == 0.00001
    recorded.replace(recorded.models_file, "drift = 1e-05", "drift = 0.0001")
    assert recorded.run("-k", "golden and small").ret == 7


@pytest.mark.parametrize(("score", "status"), [(0.9802, 0), (0.9800, 1)], ids=["at", "over"])
def test_relative(recorded, score, status):
    """A relative tolerance of a row allows that share of the golden's score, and no more."""
    with_tolerance(recorded, relative=0.01)
    assert recorded.run(*UPDATE).ret == 0
    recorded.drift("small", Ada=score)
    result = recorded.run("-k", "golden and small")
    assert result.ret == status
    assert ("golden 0.9900000 ± 0.0099: off by 0.01" in result.stdout.str()) is bool(status)


def test_words(tmp_path):
    """A tolerance of words in a models file allows that word error rate against the golden's text, and no more."""
    path = tmp_path / "mine.toml"
    path.write_text(
        '[speech-recognition.small]\nmodel = "a"\ntolerance = { words = 0.25, reason = "two kinds of CPU" }\n'
    )
    tolerance = read_manifest(path).rows["speech-recognition"]["small"].tolerance
    golden = Text("turn the old radio on", 0.5)
    assert check_drift(Text("turn the gold radio on", 0.5), golden, tolerance) == []
    (mismatch,) = check_drift(Text("turn a gold radio on", 0.5), golden, tolerance)
    assert "at a word error rate of 0.400, allowed 0.25" in mismatch.message
