"""`swapgate review`: why something is accepted stands in its golden, why it waits beside what waits; both are told."""

import json
import re

import pytest

from .test_review import IDS, on_terminal, red, review, waiting
from .test_review_web import served

__all__ = ["red", "review"]
WHY = "the new tokenizer splits names"


def reasons(project, tier="small"):
    """Return why the cases of a golden were accepted."""
    cases = json.loads(project.golden(tier).read_text())["cases"]
    return {case: entry["reason"] for case, entry in cases.items() if "reason" in entry}


def test_in_the_golden(red, review):
    """The golden that a reviewer of the change reads has the reason in the case it is of, and in no other."""
    before = red.golden("small").read_text().splitlines()
    status, lines, _ = review("--accept", IDS[1], "--accept-drift", "--reason", f"  {WHY}\n")
    assert (status, lines) == (0, [f"accepted  {IDS[1]}: {WHY}", "1 done, 1 waiting"])
    assert reasons(red) == {"ada": WHY}
    after = red.golden("small").read_text().splitlines()
    assert [line for line in after if WHY in line] == [f'      "reason": "{WHY}"']
    assert len({*after} - {*before}) < 12
    assert red.run("-k", "golden and small").ret == 0


def test_none_given(red, review):
    """Without a reason a golden is written as ever, and an earlier reason goes with what it was of."""
    review("--accept", IDS[1], "--accept-drift", "--reason", WHY)
    red.write("drift.json", json.dumps({"models/small": {"Ada": 0.6}}))
    red.run("-k", "golden")
    assert f"accepted because: {WHY}" in "\n".join(review()[1])
    review("--accept-all", "--accept-drift")
    assert reasons(red) == {}


def test_recorded_again(red, review):
    """What is recorded without a review keeps the reason where nothing changed, and has none where something did."""
    review("--accept-all", "--accept-drift", "--reason", WHY)
    red.run("-k", "golden", "--snapshot-update")
    assert reasons(red) == {"ada": WHY}
    red.write("drift.json", json.dumps({"models/small": {"Ada": 0.7}}))
    red.run("-k", "golden", "--snapshot-update", "--accept-drift")
    assert reasons(red) == {}


def test_rejected(red, review):
    """Why something was rejected is said by the command, for no file keeps it."""
    assert review("--reject", IDS[1], "--reason", WHY)[1] == [f"rejected  {IDS[1]}: {WHY}", "1 done, 1 waiting"]
    assert reasons(red) == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--reason", WHY], "--reason says why something is accepted or rejected"),
        (["--accept-all", "--reason", "y" * 501], "the reason has 501 letters; say it in 500"),
        (["--web", "--reason", WHY], "--web with --reason"),
    ],
)
def test_refused(red, review, options, words):
    """A reason of nothing, one that nobody reads, and one beside the page that asks for it are refused."""
    status, _, error = review(*options)
    assert status == 4
    assert words in error
    assert waiting(review) == IDS


def test_skipped(red, review):
    """Why something waits is kept beside it, told again, and goes when something else is found or it is accepted."""
    shown = on_terminal(red, "s", f"s {WHY}")
    assert f"skipped  {IDS[1]}: {WHY}" in shown
    assert f"skipped because: {WHY}" in "\n".join(review()[1])
    assert json.loads("\n".join(review("--json")[1]))[1]["reasons"] == {"found": WHY}
    red.run("-k", "golden")
    assert f"skipped because: {WHY}" in "\n".join(review()[1])
    review("--accept", IDS[1], "--accept-drift")
    assert reasons(red) == {}
    review("--accept", IDS[0], "--accept-drift", "--reason", WHY)


def test_found_anew(red, review):
    """Of something else that a later run finds nobody has said why it waits."""
    on_terminal(red, "s", f"s {WHY}")
    red.write("drift.json", json.dumps({"models/small": {"Ada": 0.6}}))
    red.run("-k", "golden")
    assert WHY not in "\n".join(review()[1])


def test_on_a_terminal(red, review):
    """What is typed behind an answer is its reason; what is none is asked for again."""
    shown = on_terminal(red, f"because {WHY}", f"r {WHY}", "a   clearer  now ")
    assert "type one of a, r, s, q" in shown
    assert f"rejected  {IDS[0]}: {WHY}" in shown
    assert reasons(red) == {"ada": "clearer now"}


def test_on_a_page(red, review):
    """The page takes a reason a case, keeps it as the command does, and ends when each was accepted or skipped."""
    with served(red.path) as one:
        one.answer(IDS[1], "accept", reason=f"{WHY}\r\nand more")
        assert "the review has ended" in one.answer(IDS[0], "skip", reason=WHY).text
        one.thread.join()
        assert one.review.said == [f"accepted  {IDS[1]}: {WHY} and more", f"skipped  {IDS[0]}: {WHY}"]
    assert reasons(red) == {"ada": f"{WHY} and more"}
    assert waiting(review) == IDS[:1]
    with served(red.path) as one:
        assert f"skipped because: {WHY}" in one.ask().text


def test_skipped_come_last(red):
    """What was skipped on a page stands behind what was not."""
    with served(red.path) as one:
        one.answer(IDS[0], "skip")
        assert re.findall(r'<section aria-label="([^"]+)"', one.ask().text) == [IDS[1], IDS[0]]


@pytest.mark.parametrize(
    "evil", ["</script><script>alert(1)</script>", "\u202egnp", "\x1b[31m", '"}, {"', "\ud83d\ude00"]
)
def test_hostile(red, review, evil):
    """A reason is a text in the golden, on the terminal and on the page, whatever it says."""
    with served(red.path) as one:
        one.answer(IDS[1], "skip", reason=evil.encode("utf-16", "surrogatepass").decode("utf-16"))
        page = one.ask().text
        assert "<script>alert" not in page
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert waiting(review) == IDS
    assert not re.search("[\x1b\u202e]", "".join(review()[1]) + red.golden("small").read_text())


@pytest.mark.parametrize("wrong", [7, ["because"], {"a": 1}])
def test_edited_by_hand(red, review, wrong):
    """A golden whose reason is no text is refused in one line."""
    golden = json.loads(red.golden("small").read_text())
    golden["cases"]["ada"]["reason"] = wrong
    red.golden("small").write_text(json.dumps(golden))
    status, lines, error = review()
    assert (status, lines) == (4, [])
    assert "reason" in error
    assert len(error.splitlines()) == 1
