"""The tutorial leads to a verdict in few commands, and to no file that one writes by hand."""

from .blocks import COMMAND, parse
from .commands import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
MOST = 5
"""Commands until the first verdict, those that install included."""


def blocks_of():
    """Return language and text of the tutorial's blocks, in their order."""
    found = [region.parsed for _, region in parse(TUTORIAL).regions]
    return [(language, text) for language, text in found if isinstance(text, str)]


def test_commands_until_the_first_verdict():
    """Five commands, but for those that only look at a file, lead to the first verdict."""
    typed = []
    for language, text in blocks_of():
        assert language == "console", "no file is written by hand before the first verdict"
        typed += [line for line in COMMAND.findall(text) if line.split()[0] not in ("head", "cat")]
        if "PASS" in text:
            break
    assert typed[-1] == "pytest"
    assert len(typed) <= MOST


def test_only_one_line_is_edited():
    """The one thing that is written by hand is the line that names the other model."""
    edited = [text for language, text in blocks_of() if language not in ("console", "text")]
    assert len(edited) == 1
    assert [line for line in edited[0].splitlines() if line[0] in "+-"] == ['+variant = "int8w"']
