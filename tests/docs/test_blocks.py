"""The test of the pages sees what is wrong on one."""

import pytest

from . import blocks
from .blocks import evaluate, parse
from .commands import ROOT
from .test_pages import PAGES

FEW = 30
"""Blocks that are only read, at most: those that ask the network or a server, take minutes or rest on times."""
PAGE = """# A page

<!-- setup: empty
echo one > there.txt
-->

```console
$ cat there.txt
one
```

<!-- by hand: echo two >> there.txt -->
<!-- varies: 19 -->

```console
$ cat there.txt && echo took 7 s
one
…
took 19 s
```

```text
two
```

<!-- exit: 0, 3 -->

```console
$ word=three
$ echo "$word" | tee there.txt
three
$ exit 3
```

<!-- not run: it would ask somebody -->

```console
$ ask somebody
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Evaluate the page above with one thing replaced."""
    monkeypatch.setattr(blocks, "ROOT", tmp_path)

    def evaluated(old="", new=""):
        assert old in PAGE
        path = tmp_path / "page.md"
        path.write_text(PAGE.replace(old, new), encoding="utf-8")
        (tmp_path / "folder").mkdir()
        return evaluate(path, tmp_path / "folder")

    return evaluated


def test_a_right_page(page):
    """What is right passes; what is only read is told, with its line."""
    assert page().unrun == [(37, "it would ask somebody")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("one\n```\n", "two\n```\n", "page.md:7: a page shows"),
        ("…\ntook", "took", "a page shows"),
        ("took 19", "took 18", "a page shows"),
        ("```text\ntwo", "```text\nthree", "a page shows"),
        ("0, 3", "0, 0", "ended with 3, not 0"),
        ("<!-- exit: 0, 3 -->", "", "ended with 3, not 0"),
        ("$ cat there.txt\n", "cat there.txt\n", "begins with a command"),
        (": it would ask somebody", ": no", "a reason must stand"),
        ("```console\n$ ask", "```\n$ ask", "no language"),
        ("```console\n$ ask somebody\n```\n", "", "no block follows"),
        ("echo one > there.txt", "echo one > not/there.txt", "cannot create"),
    ],
)
def test_a_wrong_page(page, old, new, said):
    """What a page shows, and how it is marked, is held to what comes of it."""
    with pytest.raises(AssertionError, match=said):
        page(old, new)


@pytest.mark.parametrize(
    ("language", "comment", "text", "said"),
    [
        ("toml", "row: sentiment.small", 'budget.qualty = { against = "incumbent" }', "budget.qualty"),
        ("toml", "row: sentiment.small", "threshold = ", "Invalid value"),
        ("toml", "exit: 0", "threshold = 0.5", "which file is it"),
        ("python", "exit: 0", "import swapgate\n\nswapgate.judged()", "has no attribute"),
        ("json", "file: a.json", "{", "Expecting"),
        ("yaml", "exit: 0", "- uses: swapgate/swapgate@v1\n  with: { suite: x }", "suite"),
        ("diff", "exit: 0", "-no such line", "stands 0 times"),
        ("rust", "exit: 0", "fn main() {}", "rust"),
    ],
)
def test_a_wrong_block(tmp_path, monkeypatch, language, comment, text, said):
    """Each kind of block is held to what reads it."""
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    (tmp_path / "action.yml").write_text((ROOT / "action.yml").read_text())
    (tmp_path / ".pre-commit-hooks.yaml").write_text("[]")
    path = tmp_path / "page.md"
    path.write_text(f"<!-- setup: zoo sentiment -->\n<!-- {comment} -->\n\n```{language}\n{text}\n```\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(AssertionError, match=said):
        evaluate(path, tmp_path / "folder")


def test_what_is_only_read_is_little():
    """Few blocks are only read, none without a reason, and each page of which others are done says so in its source."""
    unrun = [region.parsed[1]["arguments"] for path in PAGES for _, region in parse(path).regions if told(region)]
    assert 0 < len(unrun) <= FEW
    assert all(len(reason.split()) >= 3 for reason in unrun)


def told(region):
    """Tell whether a region is the comment that its block is only read."""
    return region.evaluator is blocks.tell and region.parsed[0] == "not run"
