"""Two models that are named together: told apart also where both are in one folder, and which of them to keep."""

import json
import re

import pytest

from swapgate.commands import main
from swapgate.goldens.provenance import told_apart

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
PAIR = re.compile(r"models/small \(([0-9a-f]{4})…\) → models/small \(([0-9a-f]{4})…\)")


def digest(project):
    """Return the digest that a golden was made by."""
    (stamp,) = json.loads(project.golden().read_text())["made_by"].values()
    return stamp["digest"]


@pytest.mark.parametrize(
    ("then", "now", "names"),
    [
        (("a", "1f3a55"), ("b", "9c4266"), ("a", "b")),
        (("a", "1f3a55"), ("a", "1f3a55"), ("a", "a")),
        (("a", "1f3a55"), ("a", "9c4266"), ("a (1f3a…)", "a (9c42…)")),
        (("a", "1f3a55"), ("a", "1f3a66"), ("a (1f3a5…)", "a (1f3a6…)")),
        (("a", ""), ("a", "9c4266"), ("a", "a (9c42…)")),
    ],
)
def test_names(then, now, names):
    """Names that differ stay; else as many digits of the digests follow as tell them apart."""
    assert told_apart(then, now) == names


def test_worse_weights_in_the_same_folder(recorded, monkeypatch, capsys):
    """Weights that were overwritten in place, by worse ones, are told by their digests, in the run and in a review."""
    before = digest(recorded)
    recorded.retrain("small", Ada=["PER", 0.8])
    reason = recorded.reasons(recorded.run("-k", "golden and small"))[0]
    old, new = PAIR.search(reason).groups()
    assert (old, new == old) == (before[:4], False)
    assert f"; put models/small ({old}…) back, or accept the loss with: {RECORD}" in reason
    monkeypatch.chdir(recorded.path)
    assert main(["review"]) == 0
    assert PAIR.search(capsys.readouterr().out).groups() == (old, new)


def test_better_weights_in_the_same_folder(recorded):
    """Weights that were overwritten in place, and pass as a swap, are named with both digests."""
    old = digest(recorded)[:4]
    recorded.retrain("small", Ada=["PER", 0.95])
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    (reason,) = recorded.reasons(result)
    assert reason.startswith(
        f"INCOMPLETE  ner/small: the golden is still that of models/small ({old}…) with other weights or settings, so"
        " models/small ("
    )
    assert reason.endswith(
        f"…) is judged as a swap; what was selected passes; its goldens are not recorded yet: {RECORD}"
    )


def test_one_folder_with_other_settings(recorded):
    """A trial of the incumbent's own folder with another setting names both with their digests."""
    labels = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }'
    recorded.write("other.toml", f'model = "models/small"\ndtype = "bfloat16"\n{labels}\n')
    result = recorded.run("-m", "small and not latency", "--swap=ner.small=other.toml")
    assert re.search(
        r"models/small \([0-9a-f]{4}…\), swapped in for models/small \([0-9a-f]{4}…\)  ", recorded.table(result)[1]
    )


def test_edited_row_that_loses_a_case(recorded):
    """Where the model of the golden got a case right that a row's new model fails, the next step is to keep that."""
    recorded.retrain("newer", like="small", Ada=None)
    recorded.replace(recorded.models_file, "../../models/small", "../../models/newer")
    reason = recorded.reasons(recorded.run("-k", "expected and small"))[0]
    assert reason == (
        "FAIL  ner/small 'ada': PER 'Ada' 0-3 was not found (models/newer); models/small, of which the golden still is,"
        " gets it right: keep that"
    )


def test_edited_row_whose_golden_was_wrong_too(recorded):
    """Where the model of the golden failed a case as well, the next step is a known gap as ever."""
    recorded.replace(recorded.models_file, 'gaps = { left_out = "the small model does not know Siemens" }\n', "")
    recorded.retrain("newer", like="small", Ada=["PER", 0.95])
    recorded.replace(recorded.models_file, "../../models/small", "../../models/newer")
    reason = recorded.reasons(recorded.run("-k", "expected and small"))[0]
    assert "ORG 'Siemens' 0-7 was not found (models/newer); mend the case in" in reason


@pytest.mark.parametrize("score", [0.75, 0.95], ids=["worse", "good"])
def test_loosened_tolerance_under_a_swap(recorded, score):
    """A trial is told that the looser tolerance of its row is not accepted, and what to type, also where it fails."""
    limits = 'tolerance = { swap = 0.3, reason = "a smaller model" }\n'
    recorded.replace(recorded.models_file, "gaps =", f"{limits}gaps =")
    recorded.retrain("candidate", like="small", Ada=["PER", score])
    result = recorded.run("-k", "golden and small", "--swap=ner.small=models/candidate")
    assert recorded.verdicts(result) == {"small": "FAIL" if score == 0.75 else "INCOMPLETE"}
    assert recorded.reasons(result)[-1] == (
        f"{'note' if score == 0.75 else 'INCOMPLETE'}  ner/small: the row's tolerance was loosened: swap 0.3, accepted"
        f" 0.1 (a smaller model); the golden's holds until the new one is accepted with: {RECORD}"
    )
