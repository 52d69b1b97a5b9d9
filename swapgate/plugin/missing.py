"""Of a change: the checks that its tiers must have, of which no test was selected though the caller wanted it."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import KeywordMatcher, MarkMatcher
from _pytest.mark.expression import Expression

from swapgate.plugin.caller import NARROWING, asked
from swapgate.project.manifest import MEASURED
from swapgate.tasks import tasks
from swapgate.trials.plan import Key, Plan
from swapgate.verdicts.demands import demands, missing_words
from swapgate.verdicts.verdict import Selected


def test_file(suite: str) -> str:
    """Return what the test file of a suite is usually called."""
    return f"tests/test_{suite.replace('-', '_')}.py"


@dataclass
class Missing:
    """What is missing of a run, and what was wanted at all."""

    absent: set[Selected] = field(default_factory=set)
    """Checks of which there is no test."""
    left_out: set[Selected] = field(default_factory=set)
    """Checks whose tests were collected, and left out by somebody else than the caller."""
    wanted: set[Key] = field(default_factory=set)
    """The tiers of which the caller wanted any check."""

    def update(self, other: "Missing") -> None:
        """Add what another process has found."""
        self.absent |= other.absent
        self.left_out |= other.left_out
        self.wanted |= other.wanted

    def words(self, plan: Plan, passed_over: Iterable[Key]) -> Iterator[tuple[Selected, str]]:
        """Yield each missing check with what is said of its tier's."""
        for key in plan.models.keys() - {*passed_over}:
            both = [sorted((one for one in found if one.key == key), key=str) for found in (self.absent, self.left_out)]
            if any(both):
                words = missing_words(plan, key, *both)
                yield from ((one, words) for found in both for one in found)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        checks = {name: [asdict(one) for one in getattr(self, name)] for name in ("absent", "left_out")}
        return {**checks, "wanted": sorted(self.wanted)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Missing":
        """Read what `to_json` gives."""
        absent, left_out = ({Selected(**one) for one in data[name]} for name in ("absent", "left_out"))
        return cls(absent, left_out, {(suite, tier) for suite, tier in data["wanted"]})


def missing(
    plan: Plan, config: pytest.Config, collected: Mapping[Selected, Sequence[pytest.Item]], selected: Iterable[Selected]
) -> Missing:
    """Compare what was selected with what the plan demands and the caller's own choice lets stand."""
    found, there = Missing(), {*selected}
    found.wanted = {one.key for one in there}
    if plan.against is None:
        return found
    call = asked(config)
    narrow = any(getattr(call, name, None) for name in NARROWING) or any("::" in one for one in call.file_or_dir)
    tested = {one.suite for one in collected}
    for one in demands(plan, "memory" in call.markexpr):
        if not _is_wanted(one, plan, collected.get(one, ()), tested, call):
            continue
        found.wanted.add(one.key)
        if not narrow and one not in there:
            (found.left_out if one in collected else found.absent).add(one)
    return found


def _is_wanted(
    one: Selected, plan: Plan, items: Sequence[pytest.Item], tested: set[str], call: argparse.Namespace
) -> bool:
    """Return whether the caller's own paths, -k and -m take a check: by its tests, else by what they would be."""
    if items:
        takes = ((KeywordMatcher.from_item(item), MarkMatcher.from_markers(item.iter_markers())) for item in items)
        return any(_holds(call, *both) for both in takes)
    known = one.key in plan.models
    files = plan.suite_files.get(one.suite, [])
    if not files and (call.file_or_dir or (known and one.suite not in tested)):
        return False  # the paths lead past it; or the commit had no test of the suite, and the change has none
    return any(_holds(call, *_would_be(one, file)) for file in files or [test_file(one.suite)])


def _holds(call: argparse.Namespace, keyword: Any, mark: Any) -> bool:
    """Return whether -k and -m of the caller hold."""
    pairs = ((call.keyword, keyword), (call.markexpr, mark))
    return all(Expression.compile(text).evaluate(matcher) for text, matcher in pairs if text.strip())


def _would_be(one: Selected, file: str) -> tuple[Any, Any]:
    """Return what tells -k and -m what a test of a check would be called and marked with."""
    mark = "task" if one.suite in tasks() else "suite"
    marks = {one.suite, one.tier, mark, *([one.check] if one.check in MEASURED else [])}
    case = f"-{one.case}" if one.case else ""
    names = {
        *Path(file).parts,
        f"test_{one.check}[{one.tier}{case}]",
        f"test_{one.check}[{one.suite}-{one.tier}",
        *marks,
    }

    def keyword(word: str, /, **_: object) -> bool:
        return any(word.lower() in name.lower() for name in names)

    return keyword, lambda word, /, **_: word in marks
