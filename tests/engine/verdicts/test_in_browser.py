"""The pages in a real browser: nothing is asked for, nothing runs that is not theirs, and a keyboard is enough."""

import shutil
import time
from urllib.parse import quote

import pytest

from swapgate.outputs import blocks
from swapgate.verdicts import page as pages
from swapgate.verdicts.items import Seen
from swapgate.verdicts.page import page

from . import pages as made
from .test_page import HOSTILE, saying

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

SUITES = ("ner", "sentiment", "speech", "objects", "sounds", "digits", "answers", "summaries")
PLANTED = 'here it is <b onclick="alert(1)">'


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window."""
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page from disk; what it asks for, logs or raises fails the test."""
    trouble, pages = [], []

    def open_page(text, place="", **options):
        (tmp_path / "v.html").write_text(text)
        found = browser.new_page(**options)
        pages.append(found)
        found.on("console", lambda message: trouble.append(message.text))
        found.on("pageerror", lambda error: trouble.append(str(error)))
        found.on("dialog", lambda dialog: trouble.append(dialog.message))
        found.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else trouble.append(one.url))
        found.goto(f"file://{quote(str(tmp_path))}/v.html{place}")
        return found

    yield open_page
    for one in pages:
        one.close()
    assert not trouble


@pytest.fixture(scope="module")
def run():
    """The page of a run of 24 tiers with 30 cases each, of which one of one tier is lost."""
    names = [(suite, name) for suite in SUITES for name in ("original", "small", "large")]
    records, seen = [], made.seen(curves=True)
    for suite, name in names:
        for number in range(30):
            lost = (suite, name, number) == ("speech", "small", 17)
            outcome = {"outcome": "counted", "lapse": "lost", "message": PLANTED} if lost else {}
            records.append(made.record(f"case{number}", suite=suite, name=name, **outcome))
            labels = ("even",) if number % 2 == 0 else ("odd",)
            looks = made.looks(f"the input {number}", moved=number / 100, labels=labels)
            seen.cases[suite, name, f"case{number}"] = looks
    tiers = [
        made.tier(name, "FAIL" if (suite, name) == ("speech", "small") else "PASS", suite) for suite, name in names
    ]
    return page(made.report(*tiers), records, seen)


def until(found, words):
    """Wait until an expression holds; the page's policy lets nobody evaluate one in it again and again."""
    end = time.monotonic() + 20
    while not found.evaluate(words):
        assert time.monotonic() < end, words
        found.wait_for_timeout(50)


def shown(found):
    """Return the ids of the cases that are there."""
    return found.eval_on_selector_all(".item", "all => all.map(one => one.id)")


def test_three_clicks_to_a_regression(opened, run):
    """From the top of a run of 24 tiers it takes at most three clicks to read what was lost, by what said it."""
    found = opened(run)
    assert "1 FAIL (speech/small)" in found.inner_text("h1")
    found.click('.card.FAIL a[data-outcome="lost"]')
    assert shown(found) == ["case/speech/small/case17"]
    found.click("#case\\/speech\\/small\\/case17 summary")
    assert found.inner_text(".item .messages") == PLANTED


def test_filters(opened, run):
    """Each filter shows what it names, they go together, and all is shown again at once."""
    found = opened(run)
    assert found.inner_text("#count") == "720 of 720, the first 200 below"
    found.select_option("select[name=suite]", "ner")
    assert len(shown(found)) == 3 * 30
    found.select_option("select[name=label]", "odd")
    assert len(shown(found)) == 3 * 15
    found.select_option("select[name=tier]", "small")
    found.fill("input[type=search]", "INPUT 13")
    assert shown(found) == ["case/ner/small/case13"]
    assert found.inner_text("#count") == "1 of 720"
    found.click("button[type=reset]")
    until(found, "document.querySelectorAll('.item').length === 200")
    found.select_option("select[name=outcome]", "lost")
    assert len(shown(found)) == 1
    found.select_option("select[name=kind]", "row")
    assert shown(found) == []


def test_sorted(opened, run):
    """Cases stand by how much a score moved, or by name, where that is chosen, and else as they stood."""
    found = opened(run)
    before = shown(found)
    found.select_option("select[name=sort]", "moved")
    assert all(place.endswith("case29") for place in shown(found)[:24])
    found.select_option("select[name=sort]", "name")
    assert shown(found)[0] == "case/answers/large/case0"
    while found.is_visible("#more"):
        found.click("#more")
    assert len(shown(found)) == 720
    assert shown(found)[-1].startswith("case/summaries/small/")
    found.select_option("select[name=sort]", "")
    assert shown(found) == before


def test_more(opened, run):
    """What is shown when asked for is what follows, in its order and once, and a keyboard stands at its first."""
    found = opened(run)
    before = shown(found)
    found.focus("#more")
    found.keyboard.press("Enter")
    after = shown(found)
    assert after[:200] == before
    assert len({*after}) == len(after) == 400
    assert found.evaluate("document.activeElement.parentElement.id") == after[200]


def test_without_script(browser, run, tmp_path):
    """Where no script may run, all cases are there, and can be opened and linked to."""
    (tmp_path / "v.html").write_text(run)
    found = browser.new_context(java_script_enabled=False).new_page()
    found.goto(f"file://{quote(str(tmp_path))}/v.html")
    assert found.locator(".item").count() == 720
    found.locator(".item summary").nth(700).click()
    assert "link to this case" in found.locator(".item").nth(700).inner_text()
    found.context.close()


def test_permanent_link(opened, run):
    """The link of a case opens the page at that case, though a filter would have hidden it."""
    found = opened(run, "#case/ner/large/case3")
    until(found, "document.getElementById('case/ner/large/case3').open")
    assert found.evaluate("document.activeElement.parentElement.id") == "case/ner/large/case3"
    assert found.eval_on_selector("#case\\/ner\\/large\\/case3 .fine a", "one => one.hash") == "#case/ner/large/case3"
    found.select_option("select[name=suite]", "sounds")
    found.evaluate("location.hash = '#case/ner/small/case4'")
    until(found, "document.getElementById('case/ner/small/case4').open")
    assert "case/ner/small/case4" in shown(found)


def test_keyboard_alone(opened, run):
    """A keyboard reaches a case and opens it; the first stop leads past the tiers."""
    found = opened(run)
    found.keyboard.press("Tab")
    assert found.evaluate("document.activeElement.className") == "skip"
    found.keyboard.press("Enter")
    until(found, "document.activeElement.id === 'list'")
    for _ in range(20):
        found.keyboard.press("Tab")
        if found.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    place = found.evaluate("document.activeElement.parentElement.id")
    found.keyboard.press("Enter")
    assert place == "case/speech/small/case17"
    assert found.eval_on_selector(".item", "one => one.open")


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_and_wide(opened, run, width, scheme):
    """On a phone and on a desk nothing is wider than the window, by day and by night."""
    found = opened(run, viewport={"width": width, "height": 800}, color_scheme=scheme)
    found.evaluate("document.querySelectorAll('details').forEach((one, place) => { one.open = place < 60 })")
    assert found.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = found.evaluate("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    assert (sum(map(int, ink[4:-1].split(","))) < sum(map(int, paper[4:-1].split(",")))) == (scheme == "light")


@pytest.mark.parametrize("first", [1, 200])
@pytest.mark.parametrize("evil", [*HOSTILE, "<svg onload=alert(1)>" * 1_000, "z" * 1_000_000])
def test_hostile_in_a_browser(opened, monkeypatch, evil, first):
    """Whatever is said in each place of a page, nothing of it runs, nothing is fetched, and all is there; also of what
    is shown only when it is asked for.
    """
    monkeypatch.setattr(pages, "FIRST", first)
    found = opened(saying(evil))
    found.select_option("select[name=sort]", "name")
    found.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert found.evaluate("document.scripts.length") == 1
    assert found.query_selector("img, iframe, object, .item script") is None
    assert len(shown(found)) == 3
    links = found.eval_on_selector_all("a", "all => all.map(one => one.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)


def test_policy_holds(browser, run, tmp_path):
    """What gets into the page all the same does not run: neither a script, nor a handler, nor a style."""
    own = '<img src="data:," onerror="document.title = 1"><script>document.title = 2</script><h1 style="color: red">'
    (tmp_path / "v.html").write_text(run.replace("<h1>", own))
    found = browser.new_page()
    found.goto(f"file://{quote(str(tmp_path))}/v.html")
    assert found.title().startswith("swapgate: ")
    assert found.eval_on_selector("h1", "one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    found.close()


def test_sounds_are_loaded_when_opened(opened):
    """A sound is given to its player when its case is opened, and can be played."""
    import numpy as np

    from swapgate.inputs.given import Sound
    from swapgate.inputs.media import media

    seen = made.seen({("ner", "small", "a"): made.looks(media="m")}, curves=False)
    seen.media["m"] = media(Sound(np.sin(np.arange(16_000) / 9).astype("float32"), 16_000))
    found = opened(page(made.report(made.tier()), [made.record("a")], seen))
    assert found.get_attribute("audio", "src") is None
    found.click(".item summary")
    until(found, "document.querySelector('audio').src.startsWith('data:audio/ogg')")
    found.evaluate("document.querySelector('audio').load()")
    until(found, "document.querySelector('audio').duration > 0.9")


def test_boxes_are_toggled(opened):
    """The boxes of a side stand over the picture until they are taken away."""
    from PIL import Image

    from swapgate.inputs.media import media

    boxes = blocks.boxes([("before", "hat", (1, 1, 5, 5), 0.9, 0.8), ("now", "hat", (1, 1, 5, 6), 0.9, 0.8)])
    seen = Seen({("ner", "small", "a"): made.looks(media="m")._replace(blocks=[boxes])})
    seen.media["m"] = media(Image.new("RGB", (8, 8)))
    found = opened(page(made.report(made.tier()), [made.record("a")], seen), "#case/ner/small/a")
    assert found.is_visible("g.box.before")
    found.uncheck("input.of-before")
    assert not found.is_visible("g.box.before")
    assert found.is_visible("g.box.now")


def test_ten_thousand_rows_open(opened):
    """A page of ten thousand rows is laid out as one of two hundred is, so that it opens as fast; each can be found."""

    def of(count):
        flips = [made.Flip(f"row{n}", "positive leads, expected negative", f"text {n} <i>&") for n in range(count)]
        return opened(page(made.report(made.tier(figures=made.figures(flips)))))

    nodes = "document.getElementsByTagName('*').length"
    few, found = of(200).evaluate(nodes), of(10_000)
    assert found.evaluate(nodes) < few + 20
    found.fill("input[type=search]", "text 9777 <i>&")
    assert shown(found) == ["row/ner/small/row9777"]
    found.click(".item summary")
    assert found.inner_text(".item .given") == "text 9777 <i>&"
    found.evaluate("location.hash = '#row/ner/small/row9876'")
    until(found, "document.getElementById('row/ner/small/row9876').open")
