"""`--against REF` where git does not keep the weights: the incumbent's are those that its golden was made by."""

import shutil

import pytest

LATENCY = 'budget.latency = { against = "incumbent", at_most = 1e6 }'
QUALITY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\ndef test_size("
ROW = '{"id": "one", "text": "Ada paid.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}\n'


@pytest.fixture
def ignored(committed, git, commit):
    """A project whose weights git does not keep, and whose small tier has budgets against its incumbent."""
    committed.write(".gitignore", "*.safetensors\n" + (committed.path / ".gitignore").read_text())
    committed.replace(committed.models_file, '"original", at_most = 0.9 }', f'"incumbent", at_most = 1.1 }}\n{LATENCY}')
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    committed.write("fixtures/ner/set.jsonl", ROW)
    committed.replace(committed.suite, "def test_size(", QUALITY)
    git("rm", "--quiet", "-r", "--cached", "models")
    commit()
    assert "safetensors" not in git("ls-files")
    return committed


def test_still_there(ignored, against, swap):
    """An incumbent is measured where its weights still are."""
    swap(Ada=["PER", 0.9])
    ignored.run("-k", "golden", "--snapshot-update")
    result = against("-k", "not quality")
    assert (result.ret, ignored.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert "1.00 (≤ 1.1)" in ignored.table(result)[2]


def test_same_model(ignored, against):
    """A model that stays is judged without a swap."""
    result = against("-k", "not quality")
    assert (result.ret, ignored.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert "swapped in" not in result.stdout.str()


@pytest.mark.parametrize("check", ["size", "quality", "latency"])
@pytest.mark.parametrize("place", ["new", "small"], ids=["removed", "in_place"])
def test_gone(ignored, swap, place, check):
    """Where the incumbent's weights are gone, what is measured beside it is an ERROR with the next step."""
    swap(place, Ada=["PER", 0.9])
    ignored.run("-k", "golden", "--snapshot-update")
    if place == "new":
        shutil.rmtree(ignored.path / "models" / "small")
    result = ignored.run("--against=HEAD", "-k", f"small and {check}")
    assert (result.ret, ignored.verdicts(result)) == (7, {"small": "ERROR"})
    assert ignored.reasons(result)[0] == (
        "ERROR  ner/small: not measured, for the reference: the weights of the incumbent models/small are not in git,"
        f" and those that its golden was made by are not at {ignored.path}/models/small, so nothing can be measured"
        " beside it; put them back there, or keep them in git, and run again"
    )
