"""The verdicts on a narrow terminal: they fit, the verdict stands first, and nothing of a reason is lost."""

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from swapgate.verdicts.facts import Reason
from swapgate.verdicts.narrow import in_the_middle
from swapgate.verdicts.terminal import verdict_text

from . import pages as made

LONG = "fixtures/a/very/long/way/to/a/folder/of/models/that/somebody/has/named/at/length"
STEP = f"keep {LONG}"


def reason(case, words="positive 0.5262 leads, expected negative (0.4738)"):
    """Return a reason as the suite words it."""
    whose = f"({LONG}/now, swapped in for {LONG}/before)"
    return Reason("FAIL", f"ner/small {case!r}: {words} {whose}; {STEP}")


@pytest.fixture
def run():
    """The facts of two tiers with long names, one of which fails by three cases."""
    small = made.tier(model=f"{LONG}/now", incumbent=f"{LONG}/before", known_gaps=3)
    small = replace(small, reasons=[reason("one"), reason("two"), reason("三" * 50)], remarks=["a note; all in it"])
    return made.report(small, made.tier("large", "PASS"), notes=["something to be known " * 9])


def lines(run, width, colour=False):
    """Return the lines of the verdict in so many letters."""
    return verdict_text(run, colour, width).splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_fits(run, width):
    """No line is wider than the terminal, however long names are and however wide letters."""
    assert max(map(cell_len, lines(run, width))) <= width


@pytest.mark.parametrize("width", [1, 20])
def test_narrower_than_any(run, width):
    """On a terminal of no use the lines are those of one that is just usable."""
    assert lines(run, width) == lines(run, 40)


@pytest.mark.parametrize("width", [80, 120])
def test_verdict_first(run, width):
    """Each tier begins with its verdict, then its name; both its models are told in part."""
    heads = [line.split() for line in lines(run, width) if re.match(r"(PASS|FAIL) {8}", line)]
    assert heads == [["FAIL", "ner/small"], ["PASS", "ner/large"]]
    (models,) = [line for line in lines(run, width) if "→" in line and "fixtures" in line]
    assert models.endswith("/now")
    assert models.count("…") == 2


def test_reasons(run):
    """A reason has at most 100 letters a line and goes on below; who is judged, and what to do, is told once."""
    found = lines(run, 120)
    start = next(place for place, line in enumerate(found) if line.startswith("FAIL  ner"))
    told = found[start:]
    assert max(map(cell_len, told)) <= 100
    assert told[0] == "FAIL  ner/small 'one': positive 0.5262 leads, expected negative (0.4738)"
    assert told[1] == "FAIL  ner/small 'two': positive 0.5262 leads, expected negative (0.4738)"
    text = "".join(line.strip() for line in told)
    assert text.count("swapped in for") == 0
    assert [line for line in told if line.startswith("next")] == [f"next  {STEP}"]
    assert "三" * 50 in text
    assert told.index("note  a note; all in it") > told.index(f"next  {STEP}")


def test_what_differs_stays(run):
    """What only one reason says to do stays with it."""
    other = Reason("FAIL", "ner/small: it is large; take another")
    (small, large) = run.tiers
    found = lines(replace(run, tiers=[replace(small, reasons=[reason("one"), other]), large]), 120)
    assert "FAIL  ner/small: it is large; take another" in found
    assert " ".join(" ".join(found).split()).count("keep fixtures") == 1
    assert not [line for line in found if line.startswith("next")]


def test_what_is_alike_is_told_once(run):
    """Columns that say the same of all tiers stand once below them; of one tier alone nothing is alike."""
    found = lines(run, 80)
    below = found[found.index("all tiers") :]
    assert any("golden 2/2" in line for line in below)
    assert sum("golden 2/2" in line for line in found) == 1
    assert sum("known gaps" in line for line in found[: found.index("all tiers")]) == 2
    assert "all tiers" not in lines(replace(run, tiers=run.tiers[:1]), 80)


def test_wide_terminals_keep_the_table(run):
    """Where the table has room, and in a pipe, it is what it was."""
    table = verdict_text(run, False)
    widest = max(map(cell_len, table.splitlines()[:3]))
    assert verdict_text(run, False, widest) == table
    assert verdict_text(run, False, widest - 1) != table


def test_colour(run):
    """Colours change no letter."""
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines(run, 80, colour=True)] == lines(run, 80)


@pytest.mark.parametrize("name", ["x" * 50, "三" * 50, "models/" + "三" * 20 + "/now"])
@pytest.mark.parametrize("most", [3, 10, 21])
def test_names_in_the_middle(name, most):
    """Of a long name beginning and end are kept, in as many cells as there are."""
    found = in_the_middle(name, most)
    assert cell_len(found) <= most
    head, tail = found.split("…")
    assert name.startswith(head)
    assert name.endswith(tail)


@pytest.mark.parametrize(("columns", "is_narrow"), [("80", True), ("400", False), (None, False)])
def test_width_of_a_run(recorded, monkeypatch, columns, is_narrow):
    """A run tells its verdicts in the width that pytest has; in a pipe, where nobody set one, in the table."""
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    table = recorded.table(recorded.run("-m", "not latency"))
    assert (table[0].split()[0] != "tier") == is_narrow
    assert any(line.split()[:2] == ["PASS", "ner/small"] for line in table) == is_narrow
