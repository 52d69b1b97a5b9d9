"""What a page shows of a test besides its record: predictions of both sides, rows that flipped, curves and tables.

It is gathered only where --verdict-html asks for a page, where the predictions are, and travels with the report of the
test as JSON.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from rich.text import Text as Line

from swapgate.core.faults import Fault
from swapgate.core.words import told as explained
from swapgate.goldens.golden import read_golden
from swapgate.inputs.given import Composed
from swapgate.inputs.given import digest as input_digest
from swapgate.inputs.media import media
from swapgate.outputs import blocks, dress
from swapgate.outputs.counts import RIGHT
from swapgate.outputs.prediction import Prediction
from swapgate.plugin.checks import Expected, Golden, Orphan
from swapgate.plugin.measures import Cost, Quality
from swapgate.project.evaluation import EvaluationSet
from swapgate.statistics.tally import Tally
from swapgate.tasks.case import Case
from swapgate.trials.running import Model
from swapgate.verdicts.items import Curves, Looks

ROOM = 3_000_000
"""Letters, as JSON, of rows of one tier that flipped: their pictures and sounds, and what both sides say of them; of
more what was wrong is told. A page that has no room for as much leaves out some of it.
"""
LETTERS = 2_000
"""Letters of an input that are shown."""
LETTERS_OF_LABEL = 100
SLICES = 200
LABELS = 15
"""Labels of a table of confusion: those of which most is wrong."""


def seen(checks: Iterable[Any], told: set[str], sets: dict[str, EvaluationSet]) -> dict[str, Any]:
    """Return what is to be seen of a test by what it compared with; `told`: what this process has told before."""
    found: dict[str, Any] = {}
    for check in checks:
        try:
            found |= _of_check(check, found, told, sets)
        except Exception as error:  # of a kind of prediction or input of another package
            words = f"{check.model.name}: the page lacks a part of it: {explained(error)}"
            found.setdefault("faults", []).append(words)
    return found


def _of_check(check: Any, found: dict[str, Any], told: set[str], sets: dict[str, EvaluationSet]) -> dict[str, Any]:
    if isinstance(check, Expected | Golden) and not isinstance(check.case, Orphan):
        key = f"{check.model.name}/{check.case.id}"
        if key not in told:
            with suppress(Fault):  # its test says so
                case = _of_case(check.model, check.case, found, told)
                told.add(key)
                return {"case": case}
    elif isinstance(check, Cost) and check.ratios:
        return {"blocks": {check.name: [*check.ratios]}}
    elif isinstance(check, Quality) and check.sides:
        return _of_quality(check, sets[check.model.suite], found, told)
    return {}


def _of_case(model: Model, case: Case, found: dict[str, Any], told: set[str]) -> Looks:
    stored = read_golden(model.golden).get(case.id)
    before = stored.prediction if stored and stored.input == case.input_digest else None
    return looks(case, before, model.prediction(case), found, told)


def looks(case: Case, before: Prediction | None, now: Prediction, found: dict[str, Any], told: set[str]) -> Looks:
    """Return what an input looks like, and what both sides say of it."""
    given: Any = case.input
    try:
        shown = json.loads(json.dumps(dress(before, now, case.expected, given)))
        moved = blocks.moved(shown)
    except Exception as error:  # of a kind of prediction of another package
        shown, moved = [blocks.lines([Line(f"cannot be shown: {explained(error)}")])], 0.0
    has_text = any(block["kind"] == "spans" for block in shown)
    name = input_digest(given) if not isinstance(given, str | Composed) else ""
    if name and name not in told and (small := media(given)):
        found.setdefault("media", {})[name] = small
        told.add(name)
    return Looks(_given(case, given, has_text), shown, moved, _labels(case), name)


def _labels(case: Case) -> list[str]:
    return [label[:LETTERS_OF_LABEL] for label in case.labels if isinstance(label, str)][:LABELS]


def _given(case: Case, given: Any, has_text: bool) -> str:
    """Return an input in words: a text, but where its dress shows it, a question, the name of a file."""
    if isinstance(given, Composed):
        words = given.texts[0] if has_text else "\n".join(given.texts)
    elif isinstance(given, str):
        words = "" if has_text else given
    else:
        words = case.shown
    return words if len(words) <= LETTERS else f"{words[:LETTERS]} … ({len(words):,} letters in all)"


def _of_quality(check: Quality, evaluation: EvaluationSet, found: dict[str, Any], told: set[str]) -> dict[str, Any]:
    ours, theirs = check.sides or (None, None)
    assert ours is not None
    curves = Curves(
        [[bar.rows, bar.confidence, bar.right] for bar in ours.sureness()],
        [[bar.rows, bar.confidence, bar.right] for bar in theirs.sureness()] if theirs else [],
        _confusion(ours),
        _confusion(theirs) if theirs else [],
        _slices(ours, theirs),
        check.against,
    )
    rows: dict[str, Any] = {}
    if theirs is not None and check.model.swapped:
        flipped = {*ours.wrong} ^ {*theirs.wrong}
        with suppress(Fault):
            rows = _rows(ours, theirs, sorted(flipped), evaluation, found, told)
    return {"curves": curves, "rows": rows}


def _rows(
    ours: Tally,
    theirs: Tally,
    flipped: Sequence[int],
    evaluation: EvaluationSet,
    found: dict[str, Any],
    told: set[str],
) -> dict[str, Any]:
    """Return rows that flipped by their ids: of what labels and slices they are, and of as many as there is room for
    what both said, those that are lost first.
    """
    slices = {
        row: f"{key} = {value}" for key, values in ours.slices.items() for value, rows in values.items() for row in rows
    }
    shown: dict[str, Any] = {}
    room = ROOM
    for side in (ours, theirs):
        places = {ours.named(row)[0]: row for row in flipped if row in side.wrong}
        for case in evaluation.rows() if places else ():
            if case.id not in places:
                continue
            row = places[case.id]
            before, now = theirs.prediction(row), ours.prediction(row)
            one = Looks(case.shown, [], 0.0, _labels(case), "")
            if now is not None and room > 0:
                one = looks(case, before, now, found, told)
                room -= len(json.dumps([one.blocks, found.get("media", {}).get(one.media)]))
            shown[case.id] = one._replace(slices=[slices[row]] if row in slices else [])
    return shown


def _confusion(tally: Tally) -> list[list[Any]]:
    """Return which labels were given for which, for those labels of which most is wrong."""
    pairs = tally.confusion()
    wrong: dict[str, float] = {}
    for right, given, total in pairs:
        for label in {right, given}:
            wrong[label] = wrong.get(label, 0.0) + total * (right != given)
    kept = {*sorted(wrong, key=lambda label: (-wrong[label], label))[:LABELS]}
    return [[right, given, total] for right, given, total in pairs if right in kept and given in kept]


def _slices(ours: Tally, theirs: Tally | None) -> list[list[Any]]:
    """Return key, value and rows of each slice, and the share that each side gets right; those of most rows."""
    there = [
        (key, value, rows) for key, values in ours.all_slices().items() for value, rows in values.items() if len(rows)
    ]
    there.sort(key=lambda one: (one[0], -len(one[2])))
    sides = [ours.each(RIGHT), theirs.each(RIGHT) if theirs is not None else None]
    return [
        [key, value, len(rows), *(None if side is None else float(side[[*rows]].mean()) for side in sides)]
        for key, value, rows in there[:SLICES]
    ]
