"""The command `swapgate`: the table of tiers from a verdict JSON, and what it refuses."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate import __version__
from swapgate.commands import main

HEADINGS = ["task", "tier", "variant", "model", "parameters", "bytes", "quality", "latency ratio", "verdict"]
PARAMETERS = """

def test_parameters(parameters, budget):
    assert parameters <= budget.parameters
"""
WRITTEN: list[str] = []
QUALITY = {"shown": "F1 0.912", "set": "set.jsonl", "rows": 9, "metric": "F1", "value": 0.91234, "figures": {"F1": 0.9}}


@pytest.fixture
def verdict(request, tmp_path):
    """Return the path of a verdict JSON with latency and parameters; the first test makes it, the others get copies."""
    if not WRITTEN:
        recorded = request.getfixturevalue("recorded")
        budget = 'budget.latency = { against = "original", at_most = 1e6 }\ngaps ='
        recorded.replace(recorded.models_file, "gaps =", budget)
        recorded.suite.write_text(recorded.suite.read_text() + PARAMETERS)
        recorded.model("original", recorded.lexicon("original"), size=1234)
        result = recorded.run("-k", "size or latency or parameters", "--verdict-json=v.json")
        assert recorded.verdicts(result) == {"original": "INCOMPLETE", "small": "PASS"}
        WRITTEN.append((recorded.path / "v.json").read_text())
    path = tmp_path / "v.json"
    path.write_text(WRITTEN[0])
    return path


def changed(path, **changes):
    """Change the small tier in a verdict JSON."""
    report = json.loads(path.read_text())
    report["tiers"][1].update(changes)
    path.write_text(json.dumps(report))


def figures(path, **changes):
    """Change figures of the small tier in a verdict JSON."""
    changed(path, figures=json.loads(path.read_text())["tiers"][1]["figures"] | changes)


def bytes_of(path):
    """Return the bytes of each tier's weights; safetensors' head has one length here and another there."""
    found = [int(tier["figures"]["size"]["value"]) for tier in json.loads(path.read_text())["tiers"]]
    assert 4 * 1234 < found[0] < 4 * 1234 + 200
    return found


@pytest.fixture
def table(capsys):
    """Print the table of tiers in a format, and give what was printed."""

    def printed(path, *options):
        capsys.readouterr()
        assert main(["tiers", str(path), *options]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return printed


def test_text(verdict, table):
    """As text: columns one under another, thousands separated, nothing where nothing was measured."""
    lines = table(verdict).splitlines()
    ratio = json.loads(verdict.read_text())["tiers"][1]["figures"]["latency"]["ratio"]
    large, small = bytes_of(verdict)
    assert [line.split() for line in lines] == [
        " ".join(HEADINGS).split(),
        ["ner", "original", "models/original", "1,234", f"{large:,}", "INCOMPLETE"],
        ["ner", "small", "models/small", "20", f"{small}", f"{ratio:.2f}", "PASS"],
    ]
    assert all(line.find("PASS") in (-1, lines[0].index("verdict")) for line in lines)
    assert not any(line.endswith(" ") for line in lines)


def test_markdown(verdict, table):
    """As Markdown: the same cells in a table, the model as code."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table(verdict, "--format=markdown").splitlines()
    ]
    assert rows[0] == HEADINGS
    assert rows[2] == [
        "ner",
        "original",
        "",
        "`models/original`",
        "1,234",
        f"{bytes_of(verdict)[0]:,}",
        "",
        "",
        "INCOMPLETE",
    ]
    assert len(rows) == 4


def test_csv(verdict, table):
    """As CSV: numbers as they are, and whatever a model is called it is one cell."""
    name = 'a, "b"\nc'
    changed(verdict, model=name, variant="int8")
    figures(verdict, quality=QUALITY)
    headings, original, small = csv.reader(io.StringIO(table(verdict, "--format=csv")))
    assert headings == HEADINGS
    assert original[4:6] == ["1234", f"{bytes_of(verdict)[0]}"]
    assert small[2:7] == ["int8", name, "20", f"{bytes_of(verdict)[1]}", "F1 0.9123"]


@pytest.mark.parametrize("form", ["text", "markdown", "csv"])
def test_numbers(verdict, table, form):
    """A model or tier whose name is a number stays as it is, and large numbers are whole."""
    changed(verdict, model="20240101")
    figures(verdict, size={"shown": "–", "value": 66_955_010_048.0})
    line = table(verdict, f"--format={form}").splitlines()[-1]
    assert "20240101" in line
    assert ("66955010048" if form == "csv" else "66,955,010,048") in line


@pytest.mark.parametrize("form", ["text", "markdown", "csv"])
def test_nothing_measured(verdict, table, form):
    """Where nothing was measured, or nothing compared with, cells are empty."""
    nothing = dict.fromkeys(("quality", "size", "parameters", "memory"))
    figures(verdict, latency={"shown": "–"}, **nothing)
    line = table(verdict, f"--format={form}").splitlines()[-1]
    assert "None" not in line
    assert [cell for cell in line.replace("|", " ").replace(",", " ").replace("`", "").split() if cell] == [
        *("ner", "small", "models/small", "PASS")
    ]


@pytest.mark.parametrize("form", ["text", "markdown", "csv"])
def test_nothing_judged(recorded, table, form):
    """A run without verdicts has a table without rows."""
    recorded.run("-k", "nothing_at_all", "--verdict-json=v.json")
    assert len(table(recorded.path / "v.json", f"--format={form}").splitlines()) == (2 if form == "markdown" else 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format": 1', '"format": 2', "no verdict JSON: its format is 2, this version reads 1"),
        ('"format": 1,', "", "no verdict JSON: format: missing"),
        ('"verdict": "PASS"', '"verdict": "GOOD"', "no verdict JSON: tiers.1.verdict: must be 'FAIL', *"),
        ('"task": "ner",', "", "no verdict JSON: tiers.0.task: missing"),
        ("}\n", "", "no verdict JSON: the file: no JSON (it ends too early*"),
        (None, "", "no verdict JSON: the file: no JSON (it ends too early*"),
        (None, "[]", "no verdict JSON: the file: *"),
        (None, '{"version": "2.0"}', "no verdict JSON: format: missing"),
        (None, "[" * 100_000, "no verdict JSON: the file: no JSON (it is nested too deeply*"),
        (None, "\udcff", "no verdict JSON: the file: no JSON (*"),
    ],
    ids=[f"fault {number}" for number in range(1, 11)],
)
def test_no_verdict_json(verdict, capsys, old, new, message):
    """What is no verdict JSON, or one of another version, ends with one line that says why, and exit status 4."""
    text = verdict.read_text()
    assert old is None or old in text
    text = new if old is None else "".join(text.rpartition(old)[:1]) + new if old == "}\n" else text.replace(old, new)
    verdict.write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(verdict, message, capsys)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.json", "cannot be read: No such file or directory"), (".", "cannot be read: Is a directory")],
    ids=["missing", "folder"],
)
def test_no_file(tmp_path, capsys, name, message):
    """A file that cannot be read ends with one line, too."""
    refused(tmp_path / name, message, capsys)


def refused(path, message, capsys):
    """See that the command refuses a file with one line on stderr."""
    capsys.readouterr()
    assert main(["tiers", str(path)]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    pytest.LineMatcher(err.splitlines()).fnmatch_lines(
        f"{str(path).replace('[', '[[]')}: {message}; give what pytest --verdict-json wrote"
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["teirs"], ["tiers"], ["tiers", "x", "--format=html"]])
def test_wrong_call(capsys, arguments):
    """A wrong call says how it is meant, with exit status 2."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: swapgate" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "words"), [("--help", "print the table of tiers"), ("--version", __version__)])
def test_help_and_version(capsys, option, words):
    """--help names the commands, --version says which one it is."""
    with pytest.raises(SystemExit, match="0"):
        main([option])
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_installed(verdict, encoding):
    """The installed command prints the table, also where the terminal cannot show every letter."""
    changed(verdict, model="modèle")
    command = [Path(sys.executable).with_name("swapgate"), "tiers", verdict]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    found = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert found.stderr == b""
    assert {"utf-8": "modèle".encode(), "ascii": rb"mod\xe8le"}[encoding] in found.stdout
