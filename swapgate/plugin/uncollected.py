"""Suite files of which pytest could collect nothing: their tests are missed, not forgotten."""

import functools
import itertools
import re
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from _pytest.mark import KeywordMatcher, MarkMatcher
from _pytest.mark.expression import Expression

from swapgate.project.marks import marks_of
from swapgate.trials.plan import Key, Plan

CASE_ID = re.compile(r"""^\s*id\s*=\s*["']([^"'\n]+)""", re.MULTILINE)
"""What a case is called, in a file that cannot be read as a whole."""
MOST_UNKNOWN = 10
"""Words of an expression that are tried both ways; where there are more it is taken to hold."""


def missed_tiers(plan: Plan, path: Path, keywords: str, marks: str) -> list[Key]:
    """Return the tiers that a suite file would have judged and of which -k and -m may have selected a test."""
    suites = {*marked_suites(plan, path)} & {*(plan.manifest.rows if plan.changed is None else plan.changed)}
    return [
        (suite, tier)
        for suite, tier in plan.models
        if suite in suites and _selected(plan, path, suite, tier, keywords, marks)
    ]


def marked_suites(plan: Plan, path: Path) -> list[str]:
    """Return the suites that a test file judges, without importing it."""
    return marks_of(_text(path)).judged(plan.manifest)


def may_select(plan: Plan, suite: str, definition: pytest.Function, keywords: str, marks: str) -> bool:
    """Return whether -k and -m may select what a test function is to become for a suite that is left out.

    What its cases are called is read from the file as it is; whatever else they may be is tried both ways.
    """
    path = plan.manifest.cases_path(plan.root, suite)
    ids = [name.lower() for name in CASE_ID.findall(_text(path))]
    keyword, mark = KeywordMatcher.from_item(definition), MarkMatcher.from_markers(definition.iter_markers())
    suites = {name for name, _ in plan.models}

    def may_be(tier: str) -> bool:
        tiers = {name for _, name in plan.models} - {tier}

        def is_own(word: str) -> bool:
            return keyword(word) or any(word.lower() in name.lower() for name in (suite, tier))

        def is_others(word: str) -> bool:
            alike = word.lower() in tiers or any(name in word.lower().replace("_", "-") for name in suites)
            return alike and not any(word.lower() in name for name in ids)

        return _may_hold(keywords, is_own, is_others) and _may_hold(
            marks, lambda word: mark(word) or word in (suite, tier), lambda word: word in suites | tiers
        )

    return any(may_be(tier) for tier in plan.left_out[suite].tiers)


def may_mean(keywords: str, suite: str, suites: Collection[str]) -> bool:
    """Return whether -k means a suite, if names of suites in it mean just these."""
    return _may_hold(keywords, lambda word: word.lower() == suite, lambda word: word.lower() in suites)


def _selected(plan: Plan, path: Path, suite: str, tier: str, keywords: str, marks: str) -> bool:
    """Return whether -k and -m may have selected a test of a tier; what else its tests are called is not known."""
    own = [name.lower() for name in (path.name, suite, tier)]
    suites, tiers = ({key[place] for key in plan.models} - {suite, tier} for place in (0, 1))

    def is_others(word: str) -> bool:
        return word.lower() in tiers or any(name in word.lower().replace("_", "-") for name in suites)

    return _may_hold(keywords, lambda word: any(word.lower() in name for name in own), is_others) and _may_hold(
        marks, lambda word: word in (suite, tier), is_others
    )


def _may_hold(expression: str, is_own: Callable[[str], bool], is_others: Callable[[str], bool]) -> bool:
    """Return whether an expression holds of any choice of the words that may or may not be a test's."""
    words = {*re.findall(r"[^\s()=,]+", expression)} - {"and", "or", "not"}
    own = {word for word in words if is_own(word)}
    unknown = [word for word in words - own if not is_others(word)]
    if not expression or len(unknown) > MOST_UNKNOWN:
        return True
    compiled = Expression.compile(expression)
    choices = itertools.product((True, False), repeat=len(unknown))
    chosen = (own | {*itertools.compress(unknown, choice)} for choice in choices)
    return any(compiled.evaluate(functools.partial(_among, one)) for one in chosen)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _among(words: Collection[str], word: str, /, **_: object) -> bool:
    return word in words
