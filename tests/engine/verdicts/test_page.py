"""The page of --verdict-html: what is on it, in which order, and that nothing hostile gets out of its place."""

import html
import json
import re
from html.parser import HTMLParser

import pytest

from swapgate.outputs import blocks
from swapgate.verdicts import page as pages
from swapgate.verdicts.items import OUTCOMES, items
from swapgate.verdicts.page import anchor, page, sentence, shown

from . import pages as made

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "</style><style>*{display:none}",
    "</noscript><img src=x onerror=alert(1)>",
    '</details><details class="item" id="x">',
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe",
    "\x00\x1b[31m\udcff",
    "[a](javascript:alert(1))",
]
VOID = {"meta", "input", "br"}


class Found(HTMLParser):
    """What a page holds: its tags with their attributes, and that each that was opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note a tag that holds nothing."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """See that the last one that was opened is closed."""
        assert self.open.pop() == tag

    def of(self, name):
        """Return the attributes of all tags of a name."""
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ({}, "Nothing was judged"),
        ({"a": "PASS"}, "ner/a: PASS"),
        ({"a": "PASS", "b": "PASS"}, "PASS: all 2 tiers"),
        ({"a": "PASS", "b": "FAIL", "c": "PASS"}, "1 FAIL (ner/b), 2 PASS of 3 tiers"),
        ({"a": "INCOMPLETE", "b": "ERROR"}, "1 ERROR (ner/b), 1 INCOMPLETE of 2 tiers"),
    ],
)
def test_sentence(verdicts, words):
    """The verdicts of a run are one sentence, the worst first and by name."""
    assert sentence(made.report(*(made.tier(name, verdict) for name, verdict in verdicts.items()))) == words


def test_outcomes_of_cases():
    """What came of both tests of a case is one word, the worst; cases stand in the order of these words."""
    records = [
        made.record("same"),
        made.record("same", check="golden"),
        made.record("tied", check="golden", ties=["a tie"]),
        made.record("tied"),
        made.record("lost", "counted", lapse="lost", message="it is lost"),
        made.record("lost", "counted", check="golden", lapse="weaker", message="it is weak"),
        made.record("better", "improvement"),
        made.record("gap", "known gap"),
        made.record("red", "failed", message="it is red"),
        made.record("absent", "incomplete"),
        made.record("broken", "error"),
        made.record("ill", "quarantined"),
        made.record(None, "failed", check="quality"),
    ]
    found = items(made.report(made.tier()), records, made.seen())
    assert [(item.name, item.outcome) for item in found] == [
        ("red", "failed"),
        ("broken", "error"),
        ("lost", "lost"),
        ("absent", "not measured"),
        ("better", "gained"),
        ("tied", "near tie"),
        ("gap", "known gap"),
        ("ill", "quarantined"),
        ("same", "unchanged"),
    ]
    assert found[2].messages == ["it is lost", "it is weak"]
    assert {item.outcome for item in found} < {*OUTCOMES}


def test_rows_that_flipped():
    """Rows that a swap lost and gained are listed behind cases, with what was said wrongly and by whom."""
    tier = made.tier(figures=made.figures(made.flips(2), made.flips(1)))
    found = items(made.report(tier), [made.record("x", "counted", lapse="lost")], made.seen())
    assert [(item.kind, item.outcome, item.name) for item in found] == [
        ("case", "lost", "x"),
        ("row", "lost", "row0"),
        ("row", "lost", "row1"),
        ("row", "gained", "row0"),
    ]
    assert found[1].messages == ["models/now: said 0"]
    assert found[3].messages == ["models/before: said 0"]


def test_what_moved_most_stands_first():
    """Of cases of which the same came, that stands first of which a score moved most."""
    cases = {("ner", "small", name): made.looks(moved=moved) for name, moved in (("a", 0.1), ("b", 0.3), ("c", 0.2))}
    found = items(made.report(made.tier()), [made.record(name) for name in "abc"], made.seen(cases))
    assert [item.name for item in found] == ["b", "c", "a"]


def test_whole():
    """A page has a card a tier with bars, what changed, curves and tables, and is well formed."""
    cases = {("ner", "small", "ada"): made.looks()}
    tier = made.tier(figures=made.figures(made.flips(3)))
    text = page(made.report(tier, notes=["a note"]), [made.record("ada")], made.seen(cases))
    found = Found(text)
    assert "<h1>ner/small: FAIL</h1>" in text
    assert "models/before</bdi> → <bdi>models/now" in text
    assert "it lost much" in text
    assert text.count('class="gauge"') == 3  # accuracy, latency, size
    assert "3 lost</a>" in text
    assert [one["id"] for one in found.of("details") if "data-kind" in one][-1] == "case/ner/small/ada"
    assert all(word in text for word in ("How sure, and how right", "Which label is given", "language = de"))
    assert "a note" in text


def test_policy_names_what_runs():
    """Nothing but the one style and the one script of the page may be used, and nothing may be fetched."""
    text = page(made.report(made.tier()), [made.record("ada")], made.seen())
    found = Found(text)
    (policy,) = [one["content"] for one in found.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"{tag}-src '{pages._digest(content)}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not [name for _, attributes in found.tags for name in attributes if name == "style" or name.startswith("on")]
    links = [one["href"] for tag, one in found.tags if "href" in one]
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in links)
    assert not [one for _, one in found.tags if "src" in one]


def saying(evil):
    """Return a page in which everything that comes from elsewhere says this."""
    bars = blocks.bars([(evil, 0.5, 0.4, True)])
    spans = blocks.spans({"right": [(evil, evil, False)]})
    words = blocks.words("before", [("same", evil), ("gone", evil), ("new", evil)])
    boxes = blocks.boxes([("now", evil, (0, 0, 1, 1), 0.5, 0.6)])
    lines = {"kind": "lines", "lines": [[[evil, "red"]]], "more": 0}
    drawn = {"m": {"width": 1, "height": 1, "data": evil}, "s": {"seconds": 1.0, "peaks": [0.5], "data": evil}}
    dressed = [bars, spans, words, boxes, lines]
    looks = made.looks(evil, labels=(evil, "x"), slices=(evil, "y"))._replace(blocks=dressed)
    cases = {("ner", "small", name): looks._replace(media=media) for name, media in (("a", "m"), (evil, "s"))}
    seen = made.seen(cases)
    seen.media.update(drawn)
    curves = {"confusion": [[evil, evil, 1.0]], "slices": [[evil, evil, 1, 0.5, 0.4]], "against": evil}
    seen.curves["ner", "small"] = seen.curves["ner", "small"]._replace(**curves)
    seen.blocks["ner", "small"][evil] = [0.5]
    others = {"remarks": [evil], "improvements": [evil], "partly": [evil], "model": evil, "incumbent": evil}
    tier = made.tier(message=evil, figures=made.figures(made.flips(1, evil)), **others)
    facts = made.report(tier, notes=[evil] * 9, models_file=evil, against=evil)
    return page(facts, [made.record("a", "failed", message=evil), made.record(evil)], seen)


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile(evil):
    """Whatever a label, id, text, name or message says stays a text: a page has the tags that it has with a word.

    What would hide or turn a text is made visible.
    """
    text = saying(evil)
    found, harmless = Found(text), Found(saying("word"))
    assert [(tag, [*attributes]) for tag, attributes in found.tags] == [
        (tag, [*attributes]) for tag, attributes in harmless.tags
    ]
    assert [one["href"][0] for _, one in found.tags if one.get("href")] == ["#"] * len(
        [one for _, one in harmless.tags if one.get("href")]
    )
    assert re.findall("<script>(.*?)</script>", text, re.DOTALL) == re.findall(
        "<script>(.*?)</script>", saying("word"), re.DOTALL
    )
    assert not re.search("[\x00\x1b\u202a-\u202e\ud800-\udfff]", text)
    assert text.encode()
    assert html.unescape(text).count(shown(evil)) > 30


def test_right_to_left_is_kept():
    """Texts of other writing systems stay what they are; only what turns them round unseen is shown."""
    assert shown("שלום, नमस्ते\u200d, 好\n") == "שלום, नमस्ते\u200d, 好\n"
    assert shown("a\u202eb\u2066c\x07") == "a\\u202eb\\u2066c\\x07"


def test_long_texts_are_cut():
    """A text of a megabyte in each place makes no page of a megabyte for each."""
    long = "y" * 1_000_000
    cases = {("ner", "small", "a"): made.looks(long, labels=(long,))}
    tier = made.tier(message=long, remarks=[long], figures=made.figures(made.flips(1, long)))
    text = page(made.report(tier, notes=[long]), [made.record("a", "failed", message=long)], made.seen(cases))
    assert len(text) < 200_000
    assert "1,000,011 letters in all" in text


def test_links_are_permanent():
    """A case has the same link in each run, whatever its name holds, and no two names share one."""
    names = ["a", "a/b", "a b", "é", "x" * 1_000, "x" * 999 + "y", "\udcff", "a%20b"]
    places = [anchor("row", "ner", "small", name) for name in names]
    assert len({*places}) == len(names)
    assert all(re.fullmatch(r"[\w./~%-]+", place) and len(place) < 250 for place in places)


def test_media_that_have_room(monkeypatch):
    """Pictures and sounds are there once, those of the worst cases first; what has no room is told in words."""
    monkeypatch.setattr(pages, "MEDIA", 60)
    drawn = {name: {"width": 8, "height": 8, "data": made.PIXEL} for name in ("one", "two", "three")}
    cases = {
        ("ner", name, case): made.looks(media=media)
        for name in ("small", "large")
        for case, media in (("a", "one"), ("b", "two"), ("c", "three"))
    }
    seen = made.seen(cases)
    seen.media.update(drawn)
    records = [made.record(case, "failed" if case == "c" else "passed", name=name) for _, name, case in cases]
    text = page(made.report(made.tier(), made.tier("large")), records, seen)
    assert text.count(made.PIXEL) == 60 // len(made.PIXEL)
    assert text.count("no room for it in this page") == 2 * (3 - 60 // len(made.PIXEL))


FAULTY = {
    "no list": 7,
    "no block": [7],
    "no kind": [{}],
    "bars without rows": [{"kind": "bars"}],
    "bars of words": [{"kind": "bars", "rows": [["a", "high", "low", True]], "more": 0}],
    "a row too short": [{"kind": "bars", "rows": [["a"]], "more": 0}],
    "spans of numbers": [{"kind": "spans", "sides": [7], "more": 0}],
    "boxes of words": [{"kind": "boxes", "boxes": [["now", "hat", "abcd", 0.5, None]], "more": 0}],
    "more of a word": [{"kind": "lines", "lines": [], "more": "many"}],
    "bytes": [{"kind": "lines", "lines": [[(b"x", "red")]], "more": 0}],
    "a loop": [],
}
FAULTY["a loop"].append(FAULTY["a loop"])


@pytest.mark.parametrize("dressed", FAULTY.values(), ids=FAULTY)
def test_faulty_dress(recorded, monkeypatch, dressed):
    """What a dress of another package gives, be it of no form that a page knows, is told in its place: the verdicts,
    the other cases and the other reports stay what they are.
    """
    from swapgate.plugin import seen

    dress = seen.dress
    monkeypatch.setattr(seen, "dress", lambda before, now, *of: dressed if "Ada" in of[1] else dress(before, now, *of))
    result = recorded.run("--verdict-html=v.html", "--verdict-json=v.json", "-m", "not latency")
    assert result.ret == 0
    assert json.loads((recorded.path / "v.json").read_text())["exit_status"] == 0
    text = (recorded.path / "v.html").read_text()
    Found(text)
    assert text.count("cannot be shown: ") == 2  # a case of two tiers
    assert text.count('class="text"') > 2


def test_faulty_rows_and_inputs(recorded, monkeypatch):
    """What else of another package cannot be shown is told once, on the page and below the table."""
    from swapgate.plugin import seen

    def broken(_):
        raise KeyError("x")

    monkeypatch.setattr(seen, "_labels", broken)
    result = recorded.run("--verdict-html=v.html", "-m", "not latency")
    assert result.ret == 0
    told = [line for line in result.outlines if "the page lacks a part of it: KeyError: 'x'" in line]
    assert len(told) == 2  # a line a tier
    assert "the page lacks a part of it" in (recorded.path / "v.html").read_text()


@pytest.fixture(scope="module", params=["plain", "with both sides", "with pictures"])
def crowded(request):
    """A page of ten thousand rows that flipped, and how many of them what both sides say was gathered of."""
    told = "A text of some sixty letters " * 2
    flips = [made.Flip(f"row {n}", f"positive 0.{n:04} leads, expected negative (0.3715)", told) for n in range(10_000)]
    seen = made.seen()
    if request.param != "plain":
        seen.rows["ner", "small"] = {
            flip.id: made.looks(told, media=f"m{n % 900}" if "pictures" in request.param else "")
            for n, flip in enumerate(flips)
        }
        seen.media |= {f"m{n}": {"width": 8, "height": 8, "data": made.PIXEL * 250} for n in range(900)}
    return page(made.report(made.tier(figures=made.figures(flips))), (), seen)


def test_ten_thousand_rows(crowded):
    """A page of ten thousand rows that flipped lists each and has less than ten megabytes, whatever they look like."""
    assert crowded.count('data-kind="row"') == 10_000
    assert len(crowded.encode()) < 10_000_000


def test_what_is_left_out_is_told(crowded):
    """A page says of how many cases and rows there is room for both sides, and each other one that there was none."""
    (words,) = re.findall(r"There is room for what both sides say in ([\d,]+) of 10,000 cases and rows", crowded)
    dressed = int(words.replace(",", ""))
    assert crowded.count("no room for what both sides say") == 10_000 - dressed
    assert crowded.count('<table class="bars">') == dressed
    assert crowded.count('<use href="#media-') == (dressed if "<use" in crowded else 0)
    assert (dressed > 50) == ('class="bars"' in crowded)
    assert "not listed" not in crowded


def test_rows_that_have_no_room(monkeypatch):
    """Rows that would make a page too large are counted on it; cases are all there, and of the rows the worst."""
    monkeypatch.setattr(pages, "LISTED", 3_000)
    tier = made.tier(figures=made.figures(made.flips(5), made.flips(2)))
    text = page(made.report(tier), [made.record(name) for name in "abcde"], made.seen())
    listed = re.findall('data-outcome="([a-z]+)" data-kind="([a-z]+)"', text)
    assert [one for one in listed if one[1] == "case"] == [("unchanged", "case")] * 5
    rows = [one for one in listed if one[1] == "row"]
    assert f"{7 - len(rows)} rows that flipped are not listed" in text
    assert len(rows) < 5
    assert {*rows} <= {("lost", "row")}


@pytest.mark.parametrize(
    ("lost", "gained", "others"), [(0, 0, "100"), (3, 2, "95"), (60, 40, None)], ids=["no row", "some", "all"]
)
def test_rows_that_did_not_flip_are_counted(lost, gained, others):
    """The page says how many rows of evaluation sets are not on it, for a search for one of them finds nothing."""
    found = made.figures(made.flips(lost), made.flips(gained))
    text = page(made.report(made.tier(figures=found)), [made.record("a")], made.seen())
    assert (f"are listed: {others} others were measured, and are not on this page" in text) is bool(others)
    assert ("not on this page" in text) is bool(others)


def test_all_has_room():
    """Where all has room nothing is said of room, and nothing stands behind the script."""
    cases = {("ner", "small", name): made.looks() for name in "ab"}
    text = page(made.report(made.tier()), [made.record(name) for name in "abc"], made.seen(cases))
    assert "room" not in text
    assert 'id="rest"' not in text


@pytest.mark.parametrize("option", ["relative", "absolute"])
def test_written_by_a_run(recorded, workers, option):
    """A run writes its page, whichever process asked the models, with both sides of each case that was asked."""
    recorded.retrain("small", like="small", Ada=["ORG", 0.99])
    path = "out/v.html" if option == "relative" else str(recorded.path / "out" / "v.html")
    recorded.run(f"--verdict-html={path}", "-m", "not latency", "--junitxml=j.xml", *workers)
    text = (recorded.path / "out" / "v.html").read_text()
    found = Found(text)
    cases = {one["id"]: one for one in found.of("details") if "data-kind" in one}
    assert cases["case/ner/small/ada"]["data-outcome"] == "failed"
    assert cases["case/ner/original/ada"]["data-outcome"] == "unchanged"
    assert len(cases) == 6
    assert '<mark class="now">Ada<small> ORG</small></mark>' in text
    assert "swapgate_seen" not in (recorded.path / "j.xml").read_text()


def test_a_swap_lists_its_cases(recorded):
    """Of a swap a page tells what was lost, gained and is weaker."""
    recorded.model("other", {"Ada": ["PER", 0.7], "Siemens": ["ORG", 0.98], "French": ["MISC", 0.96]})
    recorded.run("--verdict-html=v.html", "-m", "not latency", "--swap=ner.small=models/other")
    found = Found((recorded.path / "v.html").read_text())
    outcomes = {one["id"]: one["data-outcome"] for one in found.of("details") if "data-kind" in one}
    assert outcomes["case/ner/small/ada"] == "lost"
    assert outcomes["case/ner/small/left_out"] == "gained"


def test_no_page_unless_asked(recorded):
    """Without the option nothing of the kind is gathered or carried."""
    recorded.write(
        "conftest.py",
        (recorded.path / "conftest.py").read_text()
        + "\n\ndef pytest_runtest_logreport(report):\n    assert not hasattr(report, 'swapgate_seen')\n",
    )
    assert recorded.run("-m", "not latency").ret == 0


def test_page_says_that_it_runs(recorded):
    """While a run is under way, or was killed, its page says so."""
    recorded.write("conftest.py", "def pytest_collection(session):\n    import os\n    os._exit(3)\n")
    recorded.pytester.runpytest_subprocess("-p", "no:cacheprovider", "--verdict-html=v.html")
    text = (recorded.path / "v.html").read_text()
    assert "running, or killed" in text
    assert "PASS" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_page_that_cannot_be_written(recorded):
    """A page at a place where nothing can be written is told in a line, and the exit status is not 0."""
    recorded.write("a_file", "")
    result = recorded.run("-k", "size", "--verdict-html=a_file/v.html", "--verdict-json=v.json")
    assert result.ret == 7
    assert [line for line in result.outlines if "could not be written" in line]
    assert json.loads((recorded.path / "v.json").read_text())["exit_status"] == 7


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0, 7.0, None])
def test_numbers_that_are_none(odd):
    """A score that is no probability, and a box that is no place, are told as they are and drawn as nothing."""
    shown_all = [blocks.bars([("PER", odd, 0.5, True)]), blocks.boxes([("now", "hat", (odd or 0.0,) * 4, odd, odd)])]
    looks = made.looks(media="m")._replace(blocks=shown_all, moved=blocks.moved(shown_all))
    seen = made.seen({("ner", "small", "a"): looks})
    seen.media["m"] = {"width": 8, "height": 8, "data": made.PIXEL}
    found = Found(page(made.report(made.tier()), [made.record("a", "failed")], seen))
    drawn = [float(one[name]) for one in found.of("rect") for name in ("x", "y", "width", "height")]
    assert all(0 <= number <= 100 for number in drawn)
