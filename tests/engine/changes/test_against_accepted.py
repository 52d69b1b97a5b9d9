"""`--against REF`: losses that were accepted count where the commit has them, or lets the change bring them."""

import pytest

from swapgate.commands import main

IN_CHANGE = 'exceptions = "in-change"\n\n'


@pytest.fixture
def accept(committed):
    """Accept in the models file that the small model, as it is now, loses a case."""

    def run():
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(committed.path)
            assert main(["accept-loss", "ner.small", "ada", "--reason", "reviewed"]) == 0

    return run


@pytest.fixture
def worse(committed):
    """Make a change that loses a case, and records its own goldens."""

    def run():
        committed.retrain("small", Ada=None)
        committed.run("-k", "golden and small", "--snapshot-update")

    return run


def test_of_the_change(committed, worse, accept, against):
    """What the change itself accepts does not count, and is told."""
    worse()
    accept()
    result = against()
    assert (result.ret, committed.verdicts(result)["small"]) == (1, "FAIL")
    assert any("accepted.reason: nothing" in line and "(not used)" in line for line in committed.reasons(result))


@pytest.fixture
def let(committed, worse, accept, commit, against):
    """Judge a candidate with a loss that its own change accepts, where the commit's models file lets that count."""
    committed.models_file.write_text(IN_CHANGE + committed.models_file.read_text())
    commit()
    worse()
    accept()
    result = against()
    assert committed.verdicts(result)["small"] == "PASS"
    return committed.reasons(result)


def test_of_the_change_where_the_commit_lets_it(let):
    """Where the commit's models file says so it counts, and every report says it first."""
    assert let[0].startswith("note  accepted: ner/small may lose ada")


def test_that_the_change_lets_itself(committed, worse, accept, against):
    """The change cannot let itself do so."""
    worse()
    accept()
    committed.models_file.write_text(IN_CHANGE + committed.models_file.read_text())
    assert committed.verdicts(against())["small"] == "FAIL"


@pytest.fixture
def merged(committed, let, commit):
    """Merge a candidate with a loss that was accepted in its own change, without listing it as a known gap."""
    added = 'in the change that names it add to [ner.small.gaps] in fixtures/models/embedded.toml: ada = "accepted"'
    assert any(added in line for line in let)
    commit()
    return committed


def list_gap(project, case):
    """List one more known gap of the small model."""
    project.replace(project.models_file, "gaps = { ", f'gaps = {{ {case} = "reviewed", ')


def test_gap_of_what_the_commit_fails(merged, against):
    """A change may list as a known gap what the commit's own model fails, and nothing else lets it pass."""
    assert merged.verdicts(against())["small"] == "FAIL"
    list_gap(merged, "ada")
    result = against()
    assert (result.ret, merged.verdicts(result)["small"]) == (0, "PASS")
    assert any('ner.small.gaps.ada: nothing → "reviewed" (used: ' in line for line in merged.reasons(result))


def test_gap_in_the_change_of_the_loss(committed, worse, against):
    """What the change itself loses is no gap that it may list."""
    worse()
    list_gap(committed, "ada")
    result = against()
    assert committed.verdicts(result)["small"] == "FAIL"
    assert any("gaps.ada" in line and "(not used)" in line for line in committed.reasons(result))


def test_gap_of_the_next_loss(merged, against):
    """Beside a gap of what the commit fails a candidate's own loss stays one, listed or not."""
    merged.retrain("small", Paris=None, French=["PER", 0.9], Ada=["ORG", 0.9], rained=["PER", 0.9])
    merged.run("-k", "golden and small", "--snapshot-update")
    for case in ("ada", "nobody"):
        list_gap(merged, case)
    result = against()
    assert merged.verdicts(result)["small"] == "FAIL"
    fails = [line for line in merged.reasons(result) if line.startswith("FAIL")]
    assert fails
    assert all("nobody" in line and "ada" not in line for line in fails)


def test_gap_by_a_golden_that_is_edited(committed, against):
    """A golden that the change edits does not show that the commit's model fails a case."""
    golden = committed.golden()
    golden.write_text(golden.read_text().replace('"PER"', '"ORG"'))
    list_gap(committed, "ada")
    result = against()
    assert any("gaps.ada" in line and "(not used)" in line for line in committed.reasons(result))
