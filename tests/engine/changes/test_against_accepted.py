"""`--against REF`: losses that were accepted count where the commit has them, or lets the change bring them."""

import pytest

IN_CHANGE = 'exceptions = "in-change"\n\n'


@pytest.fixture
def accept(committed):
    """Accept in the models file that the small model, as it is now, loses a case."""

    def run():
        from swapgate.commands import main

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


def test_of_the_change_where_the_commit_lets_it(committed, worse, accept, commit, against):
    """Where the commit's models file says so it counts, and every report says it first."""
    committed.models_file.write_text(IN_CHANGE + committed.models_file.read_text())
    commit()
    worse()
    accept()
    result = against()
    assert committed.verdicts(result)["small"] == "PASS"
    assert committed.reasons(result)[0].startswith("note  accepted: ner/small may lose ada")


def test_that_the_change_lets_itself(committed, worse, accept, against):
    """The change cannot let itself do so."""
    worse()
    accept()
    committed.models_file.write_text(IN_CHANGE + committed.models_file.read_text())
    assert committed.verdicts(against())["small"] == "FAIL"
