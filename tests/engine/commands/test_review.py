"""The command `swapgate review`: what a red run has left is listed, accepted into the goldens, or forgotten."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import pytest

from swapgate.commands import main
from swapgate.goldens.golden import read_golden, write_golden

RED = ("-k", "golden")
COMMAND = "import sys; from swapgate.commands import main; raise SystemExit(main(['review', *sys.argv[1:]]))"
IDS = ["ner/original/left_out", "ner/small/ada"]


@pytest.fixture
def red(recorded, monkeypatch):
    """A project in which a score of each tier has drifted, after a run that was red for it."""
    recorded.write("drift.json", json.dumps({"models/small": {"Ada": 0.5}, "models/original": {"Siemens": 0.25}}))
    assert recorded.run(*RED).ret == 1
    monkeypatch.chdir(recorded.path)
    return recorded


@pytest.fixture
def review(capsys):
    """Return what runs the command: its exit status, lines and errors."""

    def run(*options):
        capsys.readouterr()
        status = main(["review", *options])
        said = capsys.readouterr()
        return status, said.out.splitlines(), said.err.strip()

    return run


@pytest.mark.parametrize(
    "words",
    ["review --json", "review", "tasks ner", "schema", "--help", "models --json", "tiers v.json"],
    ids=["json", "text", "task", "schema", "help", "models", "tiers"],
)
def test_nobody_reads_on(red, words):
    """Where what a command prints is not read to its end, as behind `| head`, it ends without a word of its own."""
    red.run("--verdict-json=v.json", "-k", "size")
    code = f"import sys; from swapgate.commands import main; raise SystemExit(main({words.split()!r}))"
    reader, writer = os.pipe()
    os.close(reader)  # nobody at all
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},  # argparse hides it
        )
    assert done.stderr == b""
    assert done.returncode == (1 if words == "review" else 141)  # rich sees to it itself


def waiting(review):
    """Return the ids of what waits."""
    status, lines, _ = review("--json")
    assert status == 0
    return [one["id"] for one in json.loads("\n".join(lines))]


def scores(project, tier="small"):
    """Return the scores that a golden has, by case."""
    return {
        case: [one.score for one in entry.prediction.entities]
        for case, entry in read_golden(project.golden(tier)).items()
    }


def test_list(red, review):
    """Without a terminal it lists what waits, with reasons and a diff, and changes nothing."""
    before = red.tree()
    status, lines, _ = review()
    assert status == 0
    assert [line for line in lines if line.startswith("ner/")] == IDS
    start = lines.index("ner/small/ada")
    assert lines[start + 1].startswith("  PER 'Ada' 0-3 scored 0.5000000, golden 0.9900000")
    assert lines[start + 2 : start + 6] == [
        "  [Ada PER] lives in [Paris LOC].",
        "  PER 'Ada' 0-3 0.9900000 → 0.5000000 (-0.49)",
        "  LOC 'Paris' 13-18 0.9700000",
        "2 waiting; accept with --accept ID or --accept-all (drift: and --accept-drift), reject with"
        " --reject ID or --reject-all",
    ]
    assert red.tree() == before


def test_hostile_words(red, review):
    """Escape codes, forged lines and letters that turn others around reach no terminal raw, in lines or in JSON."""
    hostile = "models/a\x1b[31m\x9b2J\n1 done, 0 waiting\u202e"
    stored = read_golden(red.golden("small"))["ada"]
    made_by = replace(stored.made_by, model=hostile, digest="0" * 64)
    write_golden(red.golden("small"), {"ada": replace(stored, made_by=made_by, reason=hostile)})
    _, lines, _ = review()
    assert "1 done, 0 waiting" not in lines
    assert sum("31m" in line and line.isprintable() for line in lines) == 2  # the model's name and the reason
    _, lines, _ = review("--json")
    assert all(line.isprintable() for line in lines)
    assert json.loads("\n".join(lines))[1]["reasons"] == {"golden": hostile}


def test_nothing(recorded, review, monkeypatch):
    """Where nothing waits it says so."""
    monkeypatch.chdir(recorded.path)
    assert review() == (0, ["nothing waits for a review"], "")
    assert review("--accept-all") == (0, ["0 done, 0 waiting"], "")


def test_accept(red, review):
    """What is accepted stands in the golden, waits no more, and is green; nothing else changes."""
    before = red.tree()
    assert review("--accept", "ner/small/ada", "--accept-drift") == (0, ["1 done, 1 waiting"], "")
    assert scores(red) == {"ada": [0.5, 0.97], "left_out": [], "nobody": []}
    changed = {name for name, content in red.tree().items() if before[name] != content}
    assert changed == {"golden/embedded/ner/small.json"}
    assert waiting(review) == IDS[:1]
    assert red.run("-k", "golden and small").ret == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--accept-all", "--reject-all"],
        ["--accept-all", "--reject", "ner/small/ada"],
        ["--accept", "x", "--reject", "x"],
    ],
    ids=["all", "but one", "same"],
)
def test_contradiction(red, review, options):
    """What is to be accepted and rejected at once is neither."""
    status, lines, errors = review(*options)
    assert (status, lines) == (4, [])
    assert "to be accepted and rejected; say one of both" in errors
    assert review()[1][-1].startswith("2 waiting")


def test_options_again(red, review):
    """An option may be given again for another case."""
    assert review("--reject", IDS[0], "--reject", IDS[1])[1] == ["2 done, 0 waiting"]


def test_accept_all(red, review):
    """All that waits is accepted at once."""
    assert review("--accept-all", "--accept-drift") == (0, ["2 done, 0 waiting"], "")
    assert red.run(*RED).ret == 0


@pytest.mark.parametrize("options", [["--accept", "ner/small/ada"], ["--accept-all"]], ids=["one", "all"])
def test_drift_is_asked_for(red, review, options):
    """What the same weights say differently is accepted only with --accept-drift, else nothing at all is written."""
    before = red.tree()
    status, lines, error = review(*options)
    assert (status, lines) == (4, [])
    assert "first accepted" in error
    assert error.endswith("if that is right, add --accept-drift")
    assert red.tree() == before
    assert waiting(review) == IDS


def test_reject(red, review):
    """What is rejected waits no more, and the golden stays as it was."""
    before = red.tree()
    assert review("--reject", "ner/small/ada") == (0, ["1 done, 1 waiting"], "")
    assert waiting(review) == IDS[:1]
    assert review("--reject-all") == (0, ["1 done, 0 waiting"], "")
    assert red.tree() == before


def test_accept_one_and_reject_another(red, review):
    """Some may be accepted and others rejected in one call."""
    assert review("--accept", IDS[1], "--reject", IDS[0], "--accept-drift") == (0, ["2 done, 0 waiting"], "")
    assert scores(red)["ada"] == [0.5, 0.97]
    assert scores(red, "original")["left_out"] == [0.98]


def test_json(red, review):
    """As JSON each difference has its id, its words, the accumulated drift and both predictions."""
    _, lines, _ = review("--json")
    first, second = json.loads("\n".join(lines))
    assert (first["id"], second["id"]) == tuple(IDS)
    assert set(second) == {"id", "differences", "accumulated_drift", "outdated", "reasons", "golden", "found"}
    assert second["outdated"] is False
    assert second["golden"]["entities"][0]["score"] == 0.99
    assert second["found"]["entities"][0]["score"] == 0.5
    assert len(second["accumulated_drift"]) == len(second["differences"]) == 1


@pytest.mark.parametrize("word", ["accept", "reject"])
def test_unknown_id(red, review, word):
    """An id under which nothing waits is refused with the nearest one that there is."""
    status, _, error = review(f"--{word}", "ner/small/adda")
    assert status == 4
    assert error == "ner/small/adda: nothing waits under this id; did you mean 'ner/small/ada'?"
    assert waiting(review) == IDS


def test_edited_case(red, review):
    """What was found for a case that was edited since is out of date: it is said, and not accepted."""
    red.replace(red.cases_file, "Ada lives in Paris.", "Ada works in Paris.")
    _, lines, _ = review()
    assert any(line.startswith("  out of date: the case was edited") for line in lines)
    status, _, error = review("--accept", "ner/small/ada", "--accept-drift")
    assert status == 4
    assert error.startswith("ner/small/ada: out of date: ")
    assert scores(red)["ada"] == [0.99, 0.97]


def test_another_model(red, review):
    """What was found with weights that are no longer the row's is out of date."""
    red.retrain("small", Ada=["PER", 0.5])
    status, _, error = review("--accept-all", "--accept-drift")
    assert status == 4
    assert "the row names another model now; run pytest again" in error


def test_swap_is_told(recorded, review, monkeypatch):
    """What a row's new model says is shown as that model's, without a word on the surroundings."""
    recorded.retrain("other", like="small", Ada=["PER", 0.95])
    recorded.replace(recorded.models_file, "../../models/small", "../../models/other")
    fake = recorded.path / "fake_model.py"
    recorded.replace(fake, '"torch": "none"', '"torch": "2.13.0"')
    assert recorded.run("-k", "golden and small").ret == 7
    monkeypatch.chdir(recorded.path)
    _, lines, _ = review()
    at = lines.index("ner/small/ada")
    assert lines[at + 1] == "  models/small → models/other"
    assert not any("recorded with" in line for line in lines)
    assert review("--accept-all") == (0, ["3 done, 0 waiting"], "")
    assert recorded.run("-k", "golden and small").ret == 0


def test_missing_golden(project, review, monkeypatch):
    """A case without a golden is new, and accepted without more ado."""
    project.run("-k", "golden and small")
    monkeypatch.chdir(project.path)
    _, lines, _ = review()
    at = lines.index("ner/small/ada")
    assert lines[at + 1 : at + 4] == [
        "  has no golden",
        "+ [Ada PER] lives in [Paris LOC].",
        "  PER 'Ada' 0-3 0.9900000 (new)",
    ]
    assert review("--accept-all") == (0, ["3 done, 0 waiting"], "")
    assert project.run("-k", "golden and small").ret == 0


def test_case_that_is_gone(red, review):
    """A golden of a case that is no more waits to be removed; what was found for such a case waits no more."""
    text = red.cases_file.read_text().replace('latency = "ada"', 'latency = "nobody"')
    start, end = text.index('[[case]]\nid = "ada"'), text.index('[[case]]\nid = "nobody"')
    red.cases_file.write_text(text[:start] + text[end:])
    assert waiting(review) == ["ner/original/ada", "ner/original/left_out", "ner/small/ada"]
    _, lines, _ = review()
    assert lines[lines.index("ner/small/ada") + 1] == "  there is no such case any more"
    assert review("--accept", "ner/small/ada", "ner/original/ada")[0] == 0
    assert sorted(read_golden(red.golden())) == ["left_out", "nobody"]
    assert waiting(review) == ["ner/original/left_out"]
    result = red.run("-k", "golden and small")
    assert result.ret == 0
    assert "swapgate review" not in result.stdout.str()


ON_CI = {
    "all": "--accept-all",
    "none": "--reject-all",
    "this": "--accept=ner/small/ada",
    "not this": "--reject=ner/small/ada",
}


@pytest.mark.parametrize("option", ON_CI.values(), ids=ON_CI)
def test_on_ci(red, review, monkeypatch, option):
    """On CI nothing is accepted or rejected; listing is allowed."""
    monkeypatch.setenv("CI", "true")
    before = red.tree()
    status, _, error = review(option)
    assert status == 4
    assert error == "swapgate review where CI is set: a CI writes no goldens; review them on your machine"
    assert red.tree() == before
    assert review()[1][-1].startswith("2 waiting")


def on_terminal(project, *keys):
    """Run the command on a terminal, type keys, and give what the terminal showed."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    command = [sys.executable, "-c", COMMAND, "--accept-drift"]
    process = subprocess.Popen(command, cwd=project.path, stdin=terminal, stdout=terminal, env=environment)
    os.close(terminal)
    os.write(controller, "".join(f"{key}\n" for key in keys).encode())
    shown = b""
    while True:
        try:
            part = os.read(controller, 4096)
        except OSError:  # the terminal is closed
            break
        if not part:
            break
        shown += part
    os.close(controller)
    assert process.wait(timeout=60) == 0
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("keys", "accepted", "left"),
    [
        (["s", "a"], {"small"}, IDS[:1]),
        (["r", "s"], set(), IDS[1:]),
        (["a", "q"], {"original"}, IDS[1:]),
        (["x", "q"], set(), IDS),
    ],
    ids=["skip, accept", "reject, skip", "accept, quit", "no answer, quit"],
)
def test_on_a_terminal(red, review, keys, accepted, left):
    """On a terminal it asks one by one, in colours; what is skipped, or not reached, waits on."""
    shown = on_terminal(red, *keys)
    assert "1/2" in shown
    assert "\x1b[" in shown
    assert "accept" in shown
    found = {"small": scores(red)["ada"][0] == 0.5, "original": scores(red, "original")["left_out"] == [0.25]}
    assert {tier for tier, is_new in found.items() if is_new} == accepted
    assert waiting(review) == left
