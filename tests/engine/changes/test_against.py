"""`--against REF`: a change is judged by the rows, cases, goldens and limits of a commit, whatever it edits of them."""

import json
import re

import pytest

GAP = 'gaps = { left_out = "the small model does not know Siemens" }\n'
BUDGET = 'budget.size = { against = "original", at_most = 0.9 }\n'
TOLERANCE = '{}tolerance = {{ {} = 0.9, reason = "please" }}\n'
ADA = '  { label = "PER", start = 0, end = 3, text = "Ada" },\n'
FIRST = '"ada"\n\n[[case]]\nid = "ada"\ntext = "Ada lives in Paris."\nexpected = [\n'
LOWER, LOST, BIGGER = {"Ada": ["PER", 0.5]}, {"Ada": None}, {"Ada": ["PER", 0.9], "size": 40}
FOUND = {"Ada": "fell by 0.4900, allowed 0.1 ", "size": "times that of models/original, allowed 0.9 "}
EDITS = [
    pytest.param(LOWER, "models_file", "", "", None, id="golden"),
    pytest.param(
        LOWER, "models_file", GAP, TOLERANCE.format(GAP, "swap"), "tolerance.swap: 0.1 → 0.9 (not used)", id="tolerance"
    ),
    pytest.param(
        LOST, "models_file", "{ left", '{ ada = "ill", left', 'gaps.ada: nothing → "ill" (not used)', id="gap"
    ),
    pytest.param(LOST, "cases_file", ADA, "", "cases of ner edited: ada (expected) (not used)", id="expected_answer"),
    pytest.param(
        LOST,
        "cases_file",
        FIRST + ADA,
        FIRST.replace('"ada"', '"paris"'),
        "cases of ner removed: ada (not used)",
        id="case",
    ),
    pytest.param(BIGGER, "models_file", "0.9 }", "9.0 }", "budget.size.at_most: 0.9 → 9.0 (not used)", id="budget"),
    pytest.param(BIGGER, "models_file", BUDGET, "", "budget.size.at_most: 0.9 → nothing (not used)", id="no_budget"),
]
"""What a worse model would need to pass: the model, the file with the edit, and the note for the reviewer."""


@pytest.mark.parametrize("place", ["new", "small"], ids=["row", "in_place"])
def test_swap(committed, against, swap, approve, git, place):
    """Another model, by its row or in the same folder, passes as a swap once the change holds its own goldens."""
    swap(place, Ada=["PER", 0.9])
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    commit = git("rev-parse", "HEAD")
    digits = [r" \([0-9a-f]{4,}…\)"] * 2 if place == "small" else ["", ""]  # of one folder: who is who
    names = rf"models/{place}{digits[0]}, swapped in for models/small@{commit[:7]}{digits[1]}  2/3  "
    assert re.search(names, committed.table(result)[2])
    assert f"note  judged by the rows, cases, goldens and limits of {commit}" in committed.reasons(result)
    assert f"note  edited, but those of {commit[:12]} judge: golden/embedded/ner/small.json" in result.outlines


@pytest.mark.parametrize("place", ["new", "small"], ids=["row", "in_place"])
def test_swap_without_goldens(committed, against, swap, place):
    """A swap that holds and whose goldens are not recorded is INCOMPLETE, and the command is given."""
    swap(place, Ada=["PER", 0.9])
    result = against()
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    assert committed.reasons(result)[0] == (
        "INCOMPLETE  ner/small: the swap is judged, but the goldens in this change are not those of"
        f' models/{place}; record them: pytest -m "ner and small and not quality and not latency" --snapshot-update'
    )


@pytest.mark.parametrize(("model", "file", "old", "new", "note"), EDITS)
@pytest.mark.parametrize("place", ["new", "small"], ids=["row", "in_place"])
def test_worse(committed, against, swap, approve, place, model, file, old, new, note):
    """A worse model fails whatever the change edits to let it pass, and the edit is listed for the reviewer."""
    swap(place, **model)
    committed.replace(getattr(committed, file), old, new)
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    reasons = committed.reasons(result)
    found = FOUND["size"] if "size" in model else FOUND["Ada"] if model["Ada"] else "PER 'Ada' 0-3 was not found "
    assert any(found in reason and "models/small@" in reason for reason in reasons)
    assert note is None or any(reason.startswith("note") and reason.endswith(note) for reason in reasons)
    goldens = [reason for reason in reasons if reason.startswith("note  edited, but those of")]
    assert [reason.endswith("golden/embedded/ner/small.json") for reason in goldens] == [True]


@pytest.mark.parametrize(
    ("score", "own", "verdict"),
    [(0.9, True, "PASS"), (0.9, False, "INCOMPLETE"), (0.5, True, "FAIL")],
    ids=["good", "unrecorded", "worse"],
)
def test_two_processes(committed, against, swap, approve, score, own, verdict):
    """The lines of the verdict are the same in one process and in two."""
    swap(Ada=["PER", score])
    if own:
        approve()
    one, two = against(), against("-n", "2")
    assert committed.verdicts(one) == {"original": "PASS", "small": verdict}
    assert (two.ret, committed.table(two)) == (one.ret, committed.table(one))


def test_same_model(committed, against):
    """Without a change every tier is judged by its own golden, and only the commit is noted."""
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert len(committed.reasons(result)) == 1


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("", "", "small.json"),
        (GAP, TOLERANCE.format(GAP, "drift"), "tolerance.drift: 0.0001 → 0.9 (not used)"),
    ],
    ids=["golden", "tolerance"],
)
def test_drift(committed, against, approve, old, new, note):
    """The drift of a model that stays is judged by the golden and the tolerance of the commit."""
    committed.drift("small", Ada=0.95)
    committed.replace(committed.models_file, old, new)
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    failed, *notes = committed.reasons(result)
    assert "± 0.0001: off by 0.04 (models/small)" in failed
    assert [edit for edit in notes if edit.endswith(note)]
    assert [edit for edit in notes if edit.endswith("judge: golden/embedded/ner/small.json")]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("models_file", GAP, ""),
        ("models_file", "0.9 }", "0.1 }"),
    ],
    ids=["gap", "budget"],
)
def test_stricter(committed, against, file, old, new):
    """Edits by which a model that stays would fail do not count either, and are listed."""
    committed.replace(getattr(committed, file), old, new)
    assert committed.run("-m", "small and not latency").ret == 1
    result = against()
    assert (result.ret, committed.verdicts(result)["small"]) == (0, "PASS")
    assert committed.reasons(result)[1].endswith("(not used)")


def test_copy(committed, against):
    """A row that names a copy of its model is no swap, and that is noted."""
    committed.model("copy", committed.lexicon("small"))
    committed.replace(committed.models_file, "models/small", "models/copy")
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert committed.reasons(result)[1] == (
        'note  fixtures/models/embedded.toml: ner.small.model: "../../models/small" → "../../models/copy"'
        " (the same weights and settings: no swap)"
    )


def test_labels(committed, against):
    """A row that maps the labels of the same weights otherwise is a swap."""
    committed.replace(committed.models_file, 'small"\nlabels = { PER = "PER"', 'small"\nlabels = { PER = "LOC"')
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert "(its own)" in committed.reasons(result)[-1]


def test_improvement(committed, against, swap, approve):
    """A model that mends a known gap passes; the gap that the change removes is listed."""
    swap(Siemens=["ORG", 0.9])
    committed.replace(committed.models_file, GAP, "")
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    better = "better  ner/small expected 'left_out' passes, a known gap of the incumbent"
    assert better in committed.reasons(result)


@pytest.mark.parametrize("what", ["one case", "scores", "all"])
def test_goldens_of_another(committed, against, swap, approve, what):
    """A swap whose goldens lack a case, or say what the model does not, is INCOMPLETE."""
    swap(Ada=["PER", 0.9])
    approve()
    golden = committed.golden()
    if what == "all":
        golden.unlink()
    elif what == "scores":
        committed.replace(golden, "0.9,", "0.8,")
    else:
        entries = json.loads(golden.read_text())
        del entries["cases"]["nobody"]
        golden.write_text(json.dumps(entries))
    result = against()
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    assert "record" in committed.reasons(result)[0]
