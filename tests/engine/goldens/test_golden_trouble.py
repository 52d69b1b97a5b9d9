"""Goldens that are another model's, that cannot be read and that cannot be written."""

import errno
import json

import pytest

RECORD = 'pytest -m "ner and small and not quality and not latency" --snapshot-update'
WAITING = (
    "INCOMPLETE  ner/small: the golden is still models/small's, so models/newer is judged as a swap; what was selected"
    f" passes; its goldens are not recorded yet: {RECORD}"
)
SECOND_TIER = """
[ner.small_v2]
model = "../../models/small"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
"""


def edit_row(project):
    """Let the row of the small tier name a model that is as good."""
    project.retrain("newer", like="small", Ada=["PER", 0.95])
    project.replace(project.models_file, "../../models/small", "../../models/newer")


@pytest.mark.parametrize("selection", ["expected", "size", "golden and ada"])
def test_edited_row(recorded, selection):
    """Once a row names another model, no selection of its tests passes before its golden is recorded."""
    edit_row(recorded)
    result = recorded.run("-k", f"{selection} and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result) == [WAITING]


@pytest.mark.parametrize("small", [{"Ada": None}, {"NO_DISK": ["PER", 0.9]}], ids=["fail", "error"])
def test_edited_row_that_does_not_pass(recorded, small):
    """Of a row whose new model fails, or cannot be loaded, nobody says that what was selected passes."""
    recorded.retrain("newer", like="small", **small)
    recorded.replace(recorded.models_file, "../../models/small", "../../models/newer")
    result = recorded.run("-k", "small and not latency")
    assert recorded.verdicts(result)["small"] in ("FAIL", "ERROR")
    assert "what was selected passes" not in "".join(recorded.reasons(result))


def test_golden_that_is_not_compared(recorded):
    """A golden test that never asks for the golden passes nothing."""
    recorded.replace(
        recorded.suite, "(prediction, golden):\n    assert prediction == golden", "(prediction):\n    assert prediction"
    )
    result = recorded.run("-k", "golden and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "the test compared nothing" in recorded.reasons(result)[0]


def test_edited_row_recorded(recorded):
    """Recording the golden with the command of the message ends it."""
    edit_row(recorded)
    assert recorded.run("-m", "ner and small", "-k", "not latency", "--snapshot-update").ret == 0
    assert recorded.run("-k", "expected and small").ret == 0


def test_swap_over_another_models_golden(recorded):
    """A swap is INCOMPLETE where the golden is not the incumbent's, and says what to record first."""
    edit_row(recorded)
    recorded.retrain("candidate", like="newer", Ada=["PER", 0.94])
    result = recorded.run("-m", "small and not latency", "--swap=ner.small=models/candidate")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert recorded.reasons(result) == [
        "INCOMPLETE  ner/small: the golden is models/small's and not the incumbent's, models/newer; record that one"
        f" first, before the swap: {RECORD}"
    ]


def test_next_step_touches_one_tier(recorded):
    """The command of a next step records its own tier and none whose name begins alike."""
    recorded.models_file.write_text(recorded.models_file.read_text() + SECOND_TIER)
    recorded.retrain("small", Ada=["PER", 0.95])
    result = recorded.run("-m", "ner and small", "--snapshot-update", "-k", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})
    assert not recorded.golden("small_v2").exists()


def as_file(project):
    """Put a file in the place of the folder of goldens."""
    (project.path / "golden").rename(project.path / "elsewhere")
    project.write("golden", "no folder")


def as_loop(project):
    """Put a link to itself in the place of the folder of goldens."""
    (project.path / "golden").rename(project.path / "elsewhere")
    (project.path / "golden").symlink_to("golden")


def as_nest(project):
    """Write a golden that is nested too deeply to be read."""
    for tier in ("original", "small"):
        project.golden(tier).write_text("[" * 100_000 + "]" * 100_000)


def without_model(project):
    """Write a golden that does not say which model made it."""
    for tier in ("original", "small"):
        golden = json.loads(project.golden(tier).read_text())
        for stamp in golden["made_by"].values():
            del stamp["model"]
        project.golden(tier).write_text(json.dumps(golden))


@pytest.mark.parametrize("spoil", [as_file, as_loop, as_nest, without_model], ids=["file", "loop", "nest", "stamp"])
@pytest.mark.parametrize("options", [[], ["--snapshot-update"]], ids=["run", "update"])
def test_no_golden(recorded, spoil, options):
    """What is no golden ends in one message that names it, before a model runs and whatever is asked for."""
    spoil(recorded)
    result = recorded.run(*options)
    assert (result.ret, recorded.events()) == (4, [])
    (message,) = [line for line in result.errlines if line]
    assert message.startswith(f"ERROR: {recorded.golden('original')}: ")
    assert message.endswith(f"restore it with: git checkout -- {recorded.golden('original')}")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_full_disk(recorded, monkeypatch, step):
    """A golden that cannot be written is an ERROR with one message; the old one stays, and nothing lies beside it."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    recorded.drift("small", Ada=0.5)
    accept = ("-k", "golden and small", "--snapshot-update", "--accept-drift")
    before = recorded.tree()
    with monkeypatch.context() as patch:
        patch.setattr(f"swapgate.core.files.os.{step}", full)
        result = recorded.run(*accept)
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result) == [
        "ERROR  golden/embedded/ner/small.json could not be written: [Errno 28] No space left on device;"
        " mend that and record it again"
    ]
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert recorded.tree() == before
    recorded.run(*accept).assert_outcomes(passed=3, deselected=13)
