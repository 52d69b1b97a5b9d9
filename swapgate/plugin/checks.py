"""What the suite's asserts compare predictions with: `prediction == expected`, `prediction == golden`.

Each object judges when it is compared and keeps its finding in words: `message` where the assert fails, `incomplete`
where it holds but something is still to be measured or recorded. The plugin only carries these to pytest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from swapgate.core.words import listed
from swapgate.goldens.golden import Entry, accumulated, differences, is_swap, read_golden, record_line, ties, updated
from swapgate.goldens.pending import on_ci
from swapgate.goldens.provenance import Provenance, is_other, surroundings_changed, told_apart
from swapgate.inputs.given import digest
from swapgate.outputs import Mismatch, check_drift, check_expected, invalid, output_of
from swapgate.outputs.prediction import Prediction, numbers, to_json
from swapgate.tasks.case import Case
from swapgate.trials.checking import given_labels
from swapgate.trials.running import Model
from swapgate.verdicts.lapses import Kind


@dataclass(frozen=True)
class Orphan:
    """A case that only the golden still has."""

    id: str


def lapse(model: Model, case: Case, prediction: Prediction) -> Kind | None:
    """Return how a candidate is worse on a case than its incumbent, whose golden says what that said.

    None for a model that is no candidate, for a case that is lost and may never be, and where it is not known that
    the incumbent was right: also where the golden is of another input or answer.
    """
    stored = read_golden(model.golden).get(case.id) if model.swapped else None
    if stored is None or not stored.is_of(case):
        return None
    if invalid(prediction) or check_expected(stored.prediction, case.expected):
        return None
    is_lost = bool(check_expected(prediction, case.expected))
    if is_lost and case.critical:
        return None
    accepted = model.row.accepted
    if accepted and case.id in accepted.cases and accepted.counts(model.source.digest, date.today()):
        return "accepted"
    if not is_lost:
        return "weaker"
    lead = model.task.output.lead(stored.prediction, prediction, case.expected)
    return "lost" if lead is None or lead >= model.row.clear_lead else "near tie lost"


def _expired(model: Model, case: Case) -> str:
    """Return in words that a loss was accepted, and is no more."""
    accepted = model.row.accepted
    if not accepted or case.id not in accepted.cases or not accepted.is_over(date.today()):
        return ""
    return f"what was accepted of it expired on {accepted.expires}; "


@dataclass(eq=False)
class Expected:
    """The right answer of a case."""

    model: Model
    case: Case | Orphan
    cases_file: str
    models_file: str
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    lapse: Kind | None = None
    """Of a candidate that is worse: how; None where it is unknown what its incumbent said."""
    found: str = ""
    """Of such a candidate: what was found, without what to do about it."""
    remark: str = ""
    """What a reader should know where it passes: that the model has not read the whole case."""

    def __eq__(self, prediction: object) -> bool:
        if not isinstance(prediction, Prediction) or isinstance(self.case, Orphan):
            return NotImplemented
        mismatches = check_expected(prediction, self.case.expected)
        left_out = self.model.left_out.get(self.case.id, "")
        if mismatches:
            self.lapse = lapse(self.model, self.case, prediction)
            found = [*mismatches, *([f"it was {left_out}"] if left_out else [])]
            self.found = _worded(self.model, self.case, found)
            self.message = f"{self.found}; {self._next_step(self.case)}"
        elif left_out:
            self.remark = f"{self.model.name} {self.case.id!r} was {left_out}"
        self.holds = not mismatches and self.holds is not False
        return not mismatches

    def _next_step(self, case: Case) -> str:
        model, unmapped = self.model, _unmapped_labels(case, self.model)
        if model.swapped:
            expired = _expired(model, case)
            must = "a critical case, which may never be lost" if case.critical else "a case that it must pass"
            step = f"{expired}the candidate fails {must}: keep {model.names[0]}"
        elif before := _got_it_right(case, model):
            step = f"{before}, of which the golden still is, gets it right: keep that"
        else:
            step = (
                f"mend the case in {self.cases_file}, or add to [{model.suite}.{model.tier}.gaps] in"
                f' {self.models_file}: {case.id} = "why it is a known gap"'
            )
        if not unmapped:
            return step
        return f"no label of the model is mapped to {listed(unmapped)}: mend labels in {model.source.row_of}, or {step}"


def _got_it_right(case: Case, model: Model) -> str:
    """Name the model that a golden is still of, where that is another one and gave a right answer; else nothing."""
    stored, now = read_golden(model.golden).get(case.id), model.made_by
    if stored is None or stored.input != case.input_digest or not is_other(now, stored.made_by):
        return ""
    before, _ = told_apart((stored.made_by.model, stored.made_by.digest), (now.model, now.digest))
    return "" if check_expected(stored.prediction, case.expected) else before


def _unmapped_labels(case: Case, model: Model) -> list[str]:
    """Return the labels of a right answer that no label of the model is mapped to, so that it can never be given."""
    if not model.source.row.labels:
        return []
    given = given_labels(model)
    unmapped = [label for label in case.labels if given is not None and label not in given]
    return [] if model.task.output.one_is_enough and len(unmapped) < len(case.labels) else unmapped


def _compared(prediction: Prediction) -> int:
    """Return how many figures of a prediction are compared; of a text also the text."""
    return numbers(prediction) + output_of(prediction).unscored


@dataclass(eq=False)
class Golden:
    """What the accepted model said about a case; with `update`, what it says from now on."""

    model: Model
    case: Case | Orphan
    path: Path
    shown_path: str
    snapshot: Any
    """syrupy's assertion with GoldenExtension: it queues what an update writes."""
    update: bool
    accept_drift: bool
    pending: dict[str, Entry | None]
    """From case to what a review may accept; None where nothing is to be reviewed any more."""
    proposed: Path | None = None
    """Of a change that is judged by a commit: where the golden of the new model itself is."""
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    ties: Sequence[str] = ()
    """Near ties that fell the other way, in words."""
    partly: str = ""
    """How much of the prediction a golden from elsewhere holds, in words."""
    lapse: Kind | None = None
    """Of a candidate that is worse: how; None where it is unknown what its incumbent said."""
    found: str = ""
    """Of such a candidate: what was found, without what to do about it."""
    same: bool | None = None
    """Of a candidate: whether it says what its incumbent did, but for drift; None where that is not known."""
    said: str = ""
    """Of a server: a digest of what it answered."""

    def __eq__(self, prediction: object) -> bool:
        if isinstance(self.case, Orphan):
            same = self._without_case(self.case)
        elif isinstance(prediction, Prediction):
            same = self._compare(self.case, prediction)
        else:
            return NotImplemented
        self.holds = same and self.holds is not False
        return same

    def _compare(self, case: Case, prediction: Prediction) -> bool:
        wrong = invalid(prediction)
        if wrong:
            self.message = _worded(self.model, case, wrong, "no such prediction is ever recorded: mend the model")
            return False
        received = Entry(self.model.made_by, case.input_digest, case.expected_digest, prediction)
        self.said = digest(to_json(prediction)) if self.model.source.remote else ""
        stored = read_golden(self.path).get(case.id)
        if self.update:
            return self._record(case, received, stored)
        found = differences(received, stored, case.expected) if stored else [self._missing()]
        self.message = self._red(case, received, stored, found) if found else ""
        self.lapse = lapse(self.model, case, prediction) if found else None
        self.found = _worded(self.model, case, found) if self.lapse else ""
        if stored and not found:
            self.ties = [f"{self.model.name} {case.id!r}: {tie}" for tie in ties(received, stored)]
            self.partly = self._partly(case, received, stored)
            if is_swap(received, stored) and not self.model.swapped:
                self.incomplete = not_recorded(self.model, stored.made_by)
            elif self.proposed is not None:
                self.incomplete = self._not_own(case, received, self.proposed)
        if stored and self.model.swapped and stored.made_by.digest == self.model.replaced_digest:
            self.same = not check_drift(prediction, stored.prediction, self.model.row.tolerance)
        if not self.model.swapped:
            if found or self.incomplete:
                self.pending[case.id] = received
            else:
                self.pending.setdefault(case.id, None)
        return bool(self.snapshot == (received, not found))

    def _partly(self, case: Case, received: Entry, stored: Entry) -> str:
        """Return in words how many figures were compared where they were recorded elsewhere; a swap is judged by all it
        needs.
        """
        elsewhere = stored.made_by.recorded_elsewhere
        if elsewhere is None or is_swap(received, stored):
            return ""
        held, said = _compared(stored.prediction), _compared(received.prediction)
        return (
            f"{self.model.name} {case.id!r}: {held} of {said} figures compared, {elsewhere}; record all with:"
            f" {record_command(self.model)}"
        )

    def _missing(self) -> Mismatch:
        return Mismatch("", f"{self.shown_path} has no golden for it")

    def _red(self, case: Case, received: Entry, stored: Entry | None, found: list[Mismatch]) -> str:
        """Return in words what was found, behind what else has changed since the golden was recorded."""
        accept, whose = record_command(self.model), described(self.model)
        if stored is None:
            return _worded(self.model, case, found, f"record it with: {accept}")
        if self.model.swapped:
            expired = _expired(self.model, case)
            lost = case.critical and check_expected(received.prediction, case.expected)
            worse = (
                "the case is critical and may never be lost" if lost else "the candidate is worse than its incumbent"
            )
            next_step = f"{expired}{worse}: keep {self.model.names[0]}"
        elif is_swap(received, stored):
            before, now = told_apart(*((one.made_by.model, one.made_by.digest) for one in (stored, received)))
            whose = now if now == whose else f"{before} → {now}"
            next_step = f"put {before} back, or accept the loss with: {accept}"
        else:
            drift = " --accept-drift" if accumulated(received, stored) else ""
            next_step = f"accept with: {accept}{drift}, or look at it with: swapgate review"
        else_changed = "" if is_swap(received, stored) else surroundings_changed(received.made_by, stored.made_by)
        return _worded(self.model, case, [else_changed, *found] if else_changed else found, next_step, whose)

    def _record(self, case: Case, received: Entry, stored: Entry | None) -> bool:
        """Queue what an update writes: not where the same weights have drifted too far since they were accepted."""
        entry = updated(received, stored, case.expected)
        moves = stored and entry.prediction != stored.prediction
        drift = accumulated(received, stored) if stored and moves and not self.accept_drift else []
        if stored and drift:
            also = f"{record_command(self.model)} --accept-drift"  # never on CI, where nothing is recorded
            found = [surroundings_changed(received.made_by, stored.made_by), *drift]
            next_step = f"the same weights say something else, so nothing was recorded; if that is right: {also}"
            self.message = _worded(self.model, case, [one for one in found if one], next_step)
            return False
        self.pending[case.id] = None
        return bool(self.snapshot == (entry, entry is stored))

    def _not_own(self, case: Case, received: Entry, path: Path) -> str:
        """Return in words that the golden in a change says something else than its model; another model's is told
        elsewhere.
        """
        own = read_golden(path).get(case.id)
        if own is None or own.input != received.input:
            return ""
        next_step = f"the golden in this change says otherwise; record it: {record_command(self.model)}"
        found = differences(received, own, case.expected)
        return _worded(self.model, case, found, next_step) if found else ""

    def _without_case(self, case: Orphan) -> bool:
        if self.update:
            return bool(self.snapshot == (None, False))
        self.message = (
            f"{self.model.name} {case.id!r}: {self.shown_path} has a golden for it, but there is no such case any more;"
            f" remove it with: {record_command(self.model)}"
        )
        return False


def assert_same(one: Prediction, other: Prediction, model: Model) -> None:
    """Assert that two predictions of a model agree within its drift tolerance. Raises AssertionError."""
    mismatches = check_drift(one, other, model.row.tolerance, reference="otherwise")
    assert not mismatches, "; ".join(map(str, mismatches))


def record_command(model: Model) -> str:
    """Return what records a tier's goldens, and where."""
    return record_line(model.suite, model.tier) + (" on your machine" if on_ci() else "")


def remember_command(model: Model) -> str:
    """Return what records a tier's goldens and remembers its rows of the evaluation set, and where."""
    return record_line(model.suite, model.tier, rows=True) + (" on your machine" if on_ci() else "")


def anchor_command(model: Model) -> str:
    """Return what moves the anchor of a tier."""
    return f'swapgate anchor {model.suite}.{model.tier} --reason "…"'


def not_recorded(model: Model, made_by: Provenance) -> str:
    """Return in words that a tier's golden is still another model's: its incumbent's is missing, or its own after a
    swap. Raises Fault where the model's files cannot be read.
    """
    then, now = told_apart((made_by.model, made_by.digest), (model.incumbent.name, model.incumbent.digest))
    if model.swapped:
        return (
            f"{model.name}: the golden is {then}'s and not the incumbent's, {now}; record that one first, before the"
            f" swap: {record_command(model)}"
        )
    same = made_by.model == model.source.name
    whose = f"that of {then} with other weights or settings" if same else f"{then}'s"
    return (
        f"{model.name}: the golden is still {whose}, so {now} is judged as a swap; what was selected passes; its"
        f" goldens are not recorded yet: {record_command(model)}"
    )


def not_accepted(model: Model, looser: Sequence[str]) -> str:
    """Return in words that a row's tolerance is looser than its golden's: a difference that is to be accepted."""
    return (
        f"{model.name}: the row's tolerance was loosened: {', '.join(looser)} ({model.row.tolerance.reason}); the"
        f" golden's holds until the new one is accepted with: {record_command(model)}"
    )


def described(model: Model) -> str:
    """Name the model of a verdict, and under a swap the one it would replace."""
    incumbent, candidate = model.names
    return f"{candidate}, swapped in for {incumbent}" if model.swapped else candidate


def _worded(
    model: Model, case: Case | Orphan, mismatches: Iterable[object], next_step: str = "", whose: str | None = None
) -> str:
    found = f"{model.name} {case.id!r}: {'; '.join(map(str, mismatches))} ({whose or described(model)})"
    return f"{found}; {next_step}" if next_step else found
