"""`swapgate history`: figures of each tier over runs, in the order of commits or names, and what is wrong in a line."""

import json
import subprocess
from dataclasses import replace

import pytest

from swapgate.commands import main
from swapgate.verdicts.drawn import gauges, series
from swapgate.verdicts.facts import to_json

from . import pages as made
from .test_page import HOSTILE, Found


def of(quality, name="small", **others):
    """Return a run in which a tier has this quality."""
    tier = made.tier(name, **others)
    figures = replace(tier.figures, quality=replace(tier.figures.quality, value=quality))
    return made.report(replace(tier, figures=figures))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Write verdict JSONs by their names, and give the page of their history."""
    monkeypatch.chdir(tmp_path)

    def write(**reports):
        for name, report in reports.items():
            path = tmp_path / "runs" / f"{name}.json"
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(to_json(report))
        assert main(["history", "runs"]) == 0
        return (tmp_path / "history.html").read_text()

    return write


def test_points(runs, capsys):
    """Each figure is a line of dots, one a run, in the colour of its verdict; names go by the numbers in them."""
    text = runs(run_2=of(0.9), run_10=of(0.5, verdict="PASS"), run_1=of(0.8))
    assert capsys.readouterr().out == "history.html: 3 runs, in the order of their names\n"
    found = Found(text)
    verdicts = [one["class"] for one in found.of("circle")]
    assert verdicts == ["FAIL", "FAIL", "PASS"] * 4  # quality, latency ratio, bytes, known gaps
    ups = [float(one["cy"]) for one in found.of("circle")][:3]
    assert ups[1] < ups[0] < ups[2]
    rows = text[text.index("<tbody>") :]
    assert rows.index("run_1</bdi>") < rows.index("run_2</bdi>") < rows.index("run_10</bdi>")
    assert "0.9000" in text


def test_tiers_that_come_and_go(runs):
    """A tier that some runs have not leaves a gap, and one figure more is one line more."""
    both = replace(of(0.9), tiers=[*of(0.9).tiers, *of(0.4, "large").tiers])
    text = runs(a=of(0.8), b=both, c=of(0.7))
    assert text.count('class="card"') == 8
    assert "2 tiers over 3 runs" in text
    assert "<td>–</td>" in text


def test_commits(runs, tmp_path, capsys):
    """Where each name holds a commit that git knows they stand in its order, whatever the names are."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "."], check=True)
    commits = []
    for number in range(3):
        command = [
            *git,
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            str(number),
            "--date",
            f"2026-01-0{number + 1}T00:00:00",
        ]
        subprocess.run(command, check=True, env=None)
        commits.append(
            subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        )
    names = {f"z{2 - place}-{commit[:10]}": of(place / 10) for place, commit in enumerate(commits)}
    text = runs(**names)
    assert "in the order of their commits" in capsys.readouterr().out
    assert [float(one["cy"]) for one in Found(text).of("circle")][:3] == sorted(
        [float(one["cy"]) for one in Found(text).of("circle")][:3], reverse=True
    )
    runs(other=of(0.5))
    assert "in the order of their names" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no folder; give the one that holds what pytest --verdict-json wrote"),
        ("", "holds no .json file; give the folder that holds what pytest --verdict-json wrote"),
        ("{}", "no verdict JSON"),
        ("{", "no verdict JSON"),
        (json.dumps({"format": 99}), "its format is 99, this version reads 1"),
    ],
)
def test_what_is_wrong(tmp_path, monkeypatch, capsys, content, words):
    """No folder, an empty one and what is no verdict JSON end in one line, and no page is written."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "runs").mkdir()
    if content:
        (tmp_path / "runs" / "v.json").write_text(content)
    assert main(["history", "runs"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not (tmp_path / "history.html").exists()


def test_no_place_for_it(runs, tmp_path, capsys):
    """A page that cannot be written is told in one line."""
    runs(a=of(0.8))
    (tmp_path / "a_file").write_text("")
    assert main(["history", "runs", "--output", "a_file/h.html"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not be written" in line


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile(runs, evil):
    """What a model or a tier is called stays a text."""
    usual = Found(runs(a=of(0.8, model="word")))
    found = Found(runs(a=of(0.8, model=evil.encode(errors="replace").decode())))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in usual.tags]


def test_bars():
    """A bar shows a figure, its interval, its limit and no change, on an axis that holds them all."""
    quality, latency, size = gauges(made.tier())
    assert (quality.holds, latency.holds, size.holds) == (False, True, False)
    assert quality.low < quality.at < quality.high < quality.limit < quality.zero
    assert latency.low < latency.at < latency.high < latency.zero < latency.limit
    assert size.limit < size.low == size.at == size.high < size.zero
    assert not quality.is_most
    assert latency.is_most
    assert all(0 <= place <= 100 for one in (quality, latency, size) for place in (one.low, one.high, one.limit))


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [None, 2.0, None, 3.0], [0.0, 1e300], [5e-324, 0.0]])
def test_points_lie_in_the_picture(values):
    """However few, many, alike or far apart values are, their dots lie in the picture."""
    found = series(values, {"allowed": 1.5})
    assert len(found.points) == len([one for one in values if one is not None])
    assert all(0 <= along <= 300 and 0 <= up <= 80 for along, up, _ in found.points)
