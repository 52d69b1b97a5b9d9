"""Verdicts as Markdown: whatever models and reasons are called, it is the comment that it is meant to be."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from swapgate.commands import main
from swapgate.core.words import plain
from swapgate.statistics.comparison import Comparison, Flip
from swapgate.verdicts.facts import Figures, Reason, Report, Tier, to_json
from swapgate.verdicts.figures import Beside, Quality
from swapgate.verdicts.markdown import MOST, markdown
from swapgate.verdicts.terminal import FLIPS, verdict_text
from swapgate.verdicts.tiers import as_markdown

NAMES = [
    "a|b",
    "a`b``c",
    "<b>bold</b>",
    "a\nb",
    "*a* _b_ ~~c~~",
    "[a](b)",
    "@somebody #1",
    " a ",
    "&lt;",
    "a\\|b",
    "```",
]
TROUBLE = {"html_inline", "html_block", "em_open", "strong_open", "link_open", "image", "s_open", "heading_open"}
TIER = Tier("ner", "small", None, "m", None, "PASS", {}, 0, False, Figures(None, None, None, None, None), [], [])


def report(*tiers, **changes):
    """Return the facts of a run."""
    return replace(Report(1, "0", "embedded.toml", None, 0, [], tiers), **changes)


def tokens_of(text):
    """Parse Markdown as GitHub does, but for autolinks; details, summaries and our own heading are left out."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = [one for one in parser.parse(text) if not (one.type == "html_block" and "details" in one.content)]
    return [inner for one in blocks[3:] for inner in (one.children or [one])]


def code_of(text):
    """Return what stands in code, and see that nothing else came of it."""
    tokens = tokens_of(text)
    assert not {one.type for one in tokens} & TROUBLE
    return [one.content for one in tokens if one.type == "code_inline"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names(name):
    """Names of models, in the table, and reasons, notes and improvements, in lists, are shown letter by letter."""
    tier = replace(TIER, model=name, verdict="FAIL", reasons=[Reason("FAIL", name)], improvements=[name])
    text = markdown(report(tier, notes=[name]))
    shown = plain(name)
    assert code_of(text) == [shown.replace("\\|", "\\x5c|"), *[shown] * 3]
    assert [one.type for one in tokens_of(text)].count("tr_open") == 2
    assert [one.type for one in tokens_of(text)].count("td_open") == 10


@given(text=st.text(st.characters(codec=None), min_size=1))
def test_any_name(text):
    """Whatever the text, it stands in code as it is, with unprintable letters as in a Python string."""
    assume(text.strip())
    assert code_of(markdown(report(TIER, notes=[text]))) == ["m", plain(text)]
    assert plain(text).isprintable()


def test_titles():
    """A name in the title of a list is no HTML."""
    text = markdown(report(swapped(lost=1, against="<b>&amp;")))
    assert (
        "<summary>ner/small beside <code>&lt;b&gt;&amp;amp;</code>: 1 rows lost, 0 gained of 30 (McNemar p = 0.500)"
        "</summary>" in text
    )


@pytest.mark.parametrize(
    ("verdicts", "heading"),
    [
        (["PASS", "PASS"], "✅ PASS"),
        (["PASS", "INCOMPLETE"], "⚠️ INCOMPLETE"),
        (["ERROR", "INCOMPLETE"], "💥 ERROR"),
        (["PASS", "ERROR", "FAIL"], "❌ FAIL"),
        ([], "nothing was judged"),
    ],
    ids=["pass", "incomplete", "error", "fail", "nothing"],
)
def test_heading(verdicts, heading):
    """The heading is the worst verdict."""
    text = markdown(report(*(replace(TIER, verdict=verdict) for verdict in verdicts)))
    assert text.splitlines()[0] == f"## swapgate: {heading}"


def test_against():
    """A run that a commit judged says so, also on the terminal."""
    facts = report(TIER, against="0123abc")
    words = "udged by the rows, cases, goldens and limits of 0123abc"
    assert f"\nJ{words}.\n" in markdown(facts)
    assert f"\nnote  j{words}\n" in verdict_text(facts, colour=False)


def swapped(lost=0, gained=0, tier="incumbent", against="old", given=""):
    """Return a swap with flips on an evaluation set."""
    sides = [
        [Flip(f"{side} {n}", "PER 'Ada'", given) for n in range(count)] for side, count in (("l", lost), ("g", gained))
    ]
    figures = (0.9, 0.9, 0.0, -0.01, 0.01, 0.02)
    comparison = Comparison("F1", *figures, "PASS", 30, lost + gained, None, *sides, mcnemar=0.5)
    quality = Quality("F1 0.900", "set.jsonl", 30, "F1", 0.9, {"F1": 0.9}, [Beside(tier, against, comparison)])
    return replace(TIER, figures=replace(TIER.figures, quality=quality))


def test_flips():
    """All rows that a swap lost are listed before those it gained, the first of each also on the terminal."""
    facts = report(swapped(FLIPS + 2, FLIPS + 1))
    lost = [f"- lost `l {number}`: `PER 'Ada'`" for number in range(FLIPS + 2)]
    gained = [f"- gained `g {number}`; `old`: `PER 'Ada'`" for number in range(FLIPS + 1)]
    assert [line for line in markdown(facts).splitlines() if line.startswith("- ")] == lost + gained
    assert verdict_text(facts, colour=False).splitlines()[2:] == [
        *(f"lost  ner/small row 'l {number}': PER 'Ada'" for number in range(FLIPS)),
        "lost  ner/small: 2 more rows; all in --verdict-json",
        *(f"gained  ner/small row 'g {number}'; old: PER 'Ada'" for number in range(FLIPS)),
        "gained  ner/small: 1 more rows; all in --verdict-json",
    ]


def test_flips_show_their_input():
    """Beside its id a row shows its input, so that nothing of it is taken for Markdown or reaches the terminal raw."""
    facts = report(swapped(1, 1, given="It `rained`\x1b[1m | _all_ day…"))
    assert "- lost `l 0` ``It `rained`\\x1b[1m | _all_ day…``: `PER 'Ada'`" in markdown(facts).splitlines()
    assert verdict_text(facts, colour=False).splitlines()[2:] == [
        "lost  ner/small row 'l 0' 'It `rained`\\x1b[1m | _all_ day…': PER 'Ada'",
        "gained  ner/small row 'g 0' 'It `rained`\\x1b[1m | _all_ day…'; old: PER 'Ada'",
    ]


def test_flips_once():
    """Rows are listed once where several limits compare with the incumbent."""
    tier = swapped(1, 1)
    twice = replace(tier.figures.quality, comparisons=tier.figures.quality.comparisons * 2)
    facts = report(replace(tier, figures=replace(tier.figures, quality=twice)))
    assert markdown(facts).count("`l 0`") == verdict_text(facts, colour=False).count("'l 0'") == 1


def test_flips_beside_another_tier():
    """Rows on which a tier differs from another one are not listed where nothing is swapped."""
    facts = report(swapped(3, 3, tier="original"))
    assert "l 0" not in markdown(facts) + verdict_text(facts, colour=False)


def test_most():
    """What a comment has no room for is left out, whole lines from the end, and how many: flips before reasons."""
    reasons = [Reason("FAIL", f"reason {number} {'x' * 90}") for number in range(100)]
    facts = report(replace(swapped(2000, 2000), verdict="FAIL", reasons=reasons))
    text = markdown(facts)
    whole = [line for line in markdown(report(swapped(2000, 2000))).splitlines() if line.startswith("- ")]
    kept = [line for line in text.splitlines() if line.startswith("- ")]
    assert MOST - 200 < len(text) <= MOST
    assert kept[:100] == [f"- FAIL: `{reason.message}`" for reason in reasons]
    assert kept[100:] == whole[: len(kept) - 100]
    left_out = f"{4100 - len(kept):,} lines left out: a comment has room for 65,000 characters; all in --verdict-json"
    assert text.splitlines()[-1] == left_out
    assert text.count("<details") == text.count("</details>")


def test_room():
    """What has just room is whole."""
    short = len(markdown(report(TIER, notes=["x"])))
    text = markdown(report(TIER, notes=["x" * (MOST - short + 1)]))
    assert len(text) == MOST
    assert "left out" not in text
    longer = markdown(report(TIER, notes=["x" * (MOST - short + 2)]))
    assert "1 lines left out" in longer
    assert len(longer) < 1000


def test_many_tiers():
    """Even a table that is too long leaves a comment that can be posted."""
    text = markdown(report(*[replace(TIER, model="m" * 500)] * 500))
    assert len(text) <= MOST
    assert text.splitlines()[2].startswith("| tier | model |")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_tiers_table(name):
    """The table of `swapgate tiers --format markdown` shows names letter by letter, too."""
    text = f"# heading\n\n{as_markdown(report(replace(TIER, model=name)))}"
    assert code_of(text) == [plain(name).replace("\\|", "\\x5c|")]


def test_name_that_is_no_text(tmp_path: Path, capsys):
    """A path whose bytes are no text, as a file system may give it, harms neither JSON nor Markdown."""
    facts = report(replace(TIER, model="models/\udcff"))
    (tmp_path / "v.json").write_text(to_json(facts), encoding="utf-8")
    assert markdown(facts).encode("utf-8")
    assert main(["tiers", str(tmp_path / "v.json")]) == 0
    assert "models/?" in capsys.readouterr().out
