"""What the suite's asserts compare with: `prediction == expected`, `prediction == golden`, `latency <= budget.latency`.

Each object judges when it is compared and keeps its finding in words: `message` where the assert fails, `incomplete`
where it holds but something is still to be measured or recorded. The plugin only carries these to pytest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from swapgate import figures
from swapgate.budgets import Limit, QualityLimit
from swapgate.cases import Case
from swapgate.compare import check_drift, check_expected, unsound
from swapgate.faults import SurroundingsFault
from swapgate.golden import differences, is_swap, read_golden, write_golden
from swapgate.latency import Ratio
from swapgate.predictions import KINDS, Prediction, to_json
from swapgate.quality.comparison import Comparison, compare_errors, compare_figure
from swapgate.quality.counts import HEADLINES
from swapgate.quality.tally import Tally
from swapgate.running import Model

NOTHING_BESIDE = "–"
"""In the table: there is no other model to compare with."""


@dataclass(frozen=True)
class Orphan:
    """A case that only the golden still has."""

    id: str


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

    def __eq__(self, prediction: object) -> bool:
        if not isinstance(prediction, Prediction) or isinstance(self.case, Orphan):
            return NotImplemented
        mismatches = check_expected(prediction, self.case.expected)
        model = self.model
        next_step = (
            f"the candidate fails a case that it must pass: keep {model.incumbent.name}"
            if model.swapped
            else f"mend the case in {self.cases_file}, or add to [{model.task}.{model.tier}.gaps] in"
            f' {self.models_file}: {self.case.id} = "why it is a known gap"'
        )
        if mismatches:
            self.message = _worded(model, self.case, mismatches, next_step)
        self.holds = not mismatches and self.holds is not False
        return not mismatches


@dataclass(eq=False)
class Golden:
    """What the accepted model said about a case; with `update`, what it says from now on."""

    model: Model
    case: Case | Orphan
    path: Path
    shown_path: str
    snapshot: Any
    """syrupy's assertion with GoldenExtension: it compares, and queues what an update writes."""
    update: bool
    proposed: Path | None = None
    """Of a change that is judged by a commit: where the golden of the new model itself is."""
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""

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
        wrong = unsound(prediction)
        if wrong:
            self.message = _worded(self.model, case, wrong, "no such prediction is ever recorded: mend the model")
            return False
        received = {
            "made_by": self.model.made_by,
            "input": case.input_digest,
            **to_json(prediction),
            "expected": TypeAdapter(KINDS[self.model.task].expected).dump_python(case.expected, mode="json"),
            "update": self.update,
        }
        stored = read_golden(self.path).get(case.id)
        same = bool(self.snapshot == received)
        if self.update:
            return same
        accept = record_command(self.model)
        if stored is None:
            self.message = _worded(
                self.model, case, [f"{self.shown_path} has no golden for it"], f"record it with: {accept}"
            )
        elif not same:
            keep = f"the candidate is worse than its incumbent: keep {self.model.incumbent.name}"
            next_step = keep if self.model.swapped else f"accept with: {accept}"
            if is_swap(received, stored) and not self.model.swapped:
                next_step = f"put {stored['made_by']['model']} back, or accept the loss with: {accept}"
            self.message = _worded(self.model, case, differences(received, stored), next_step)
        elif is_swap(received, stored) and not self.model.swapped:
            self.incomplete = not_recorded(self.model, stored["made_by"]["model"])
        elif self.proposed is not None:
            self.incomplete = self._not_own(case, received, self.proposed)
        return same

    def _not_own(self, case: Case, received: dict[str, Any], path: Path) -> str:
        """Word that the golden in a change says something else than its model; another model's is told elsewhere."""
        own = read_golden(path).get(case.id)
        if own is None or own["input"] != received["input"]:
            return ""
        next_step = f"the golden in this change says otherwise; record it: {record_command(self.model)}"
        found = differences(received, own)
        return _worded(self.model, case, found, next_step) if found else ""

    def _without_case(self, case: Orphan) -> bool:
        if self.update:
            try:
                write_golden(self.path, {case.id: None})
            except OSError as error:
                raise SurroundingsFault(f"{self.shown_path} could not be written: {error}") from error
        self.message = (
            f"{self.model.name} {case.id!r}: {self.shown_path} has a golden for it, but there is no such case any more;"
            f" remove it with: {record_command(self.model)}"
        )
        return self.update


@dataclass(eq=False)
class Cost:
    """Something that a model costs, as a ratio to what its reference costs; `<=` judges it against a budget."""

    name: str
    """Its column in the verdict table."""
    what: str
    """What is compared, for the message: "a call takes"."""
    model: Model
    reference: Model | None
    """None where the row has no budget, or one against the incumbent and nothing is swapped."""
    measure: Callable[[Model], Ratio]
    """Gives the ratio to a reference."""
    value: Callable[[], float | None] = lambda: None
    """Gives the figure of the model alone."""
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    figure: figures.Cost | None = None
    """What was found, for the verdict."""

    def __le__(self, limit: Limit | None) -> bool:
        if self.holds is None:
            self.holds = True
        value = self.value()
        if limit is None or self.reference is None:
            self.figure = figures.Cost(NOTHING_BESIDE, value)
            return True
        ratio = self.measure(self.reference)
        judgement = ratio.judge(limit.at_most)
        self.figure = figures.Cost(
            f"{ratio.median:.2f} (≤ {limit.at_most:g})",
            value,
            self.reference.source.name,
            ratio.median,
            ratio.low,
            ratio.high,
            limit.at_most,
        )
        self.message = (
            f"{self.model.name}: {self.what} {ratio} times that of {self.reference.source.name}, allowed"
            f" {limit.at_most:g} ({described(self.model)})"
        )
        if judgement == "undecided":
            self.incomplete = f"{self.message}: undecided, run again on a quieter machine"
        self.holds = judgement != "failed" and self.holds
        return judgement != "failed"


@dataclass(eq=False)
class Quality:
    """What a model scores on the evaluation set; `>=` judges it against the limits of a budget."""

    model: Model
    evaluation: str
    """The file of the set."""
    reference: Callable[[QualityLimit], Model | None]
    """Gives the model that a limit compares with; None for the incumbent where nothing is swapped."""
    tally: Callable[[Model], Tally]
    """Gives what came of the set."""
    models_file: str
    name: str = "quality"
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    figure: figures.Quality | None = None
    """What was found, for the verdict."""

    def __ge__(self, limits: tuple[QualityLimit, ...]) -> bool:
        counted, metric = self.tally(self.model), HEADLINES[self.model.task][0]
        found = counted.figures()
        shown = f"{metric} {found[metric]:.3f}"
        comparisons = []
        failed, undecided = [], []
        for limit in limits:
            reference = self.reference(limit)
            if reference is None:
                continue
            comparison = _compared(counted, self.tally(reference), limit, metric)
            words = figures.worded(comparison, reference.source.name)
            if comparison.decision == "FAIL":
                failed.append(words)
            elif comparison.decision != "PASS":
                undecided.append(f"{words}: {figures.rows_wanted(comparison)}")
            comparisons.append(figures.Beside(limit.against, reference.source.name, comparison))
        if comparisons:
            shown = ", ".join(figures.shown_comparison(one.comparison) for one in comparisons)
        self.figure = figures.Quality(shown, self.evaluation, counted.rows, metric, found[metric], found, comparisons)
        keep = f"keep {self.model.incumbent.name}" if self.model.swapped else "train it longer"
        next_step = f"{keep}, or loosen budget.quality in {self.models_file}"
        if failed:
            self.message = f"{self.model.name}: {'; '.join(failed)} ({described(self.model)}); {next_step}"
        if undecided:
            self.incomplete = f"{self.model.name}: {'; '.join(undecided)} ({described(self.model)})"
        self.holds = not failed and self.holds is not False
        return not failed


def _compared(ours: Tally, theirs: Tally, limit: QualityLimit, headline: str) -> Comparison:
    if limit.margin is None:
        return compare_errors(ours, theirs, limit.errors_at_most or 1.0)
    return compare_figure(ours, theirs, limit.metric or headline, limit.margin)


def assert_same(one: Prediction, other: Prediction, model: Model) -> None:
    """Assert that two predictions of a model agree within its drift tolerance. Raises AssertionError."""
    mismatches = check_drift(one, other, model.row.tolerance, reference="otherwise")
    assert not mismatches, "; ".join(map(str, mismatches))


def record_command(model: Model) -> str:
    """Say what records a tier's goldens; marks are exact, where -k would also take names that contain the tier's."""
    return f'pytest -m "{model.task} and {model.tier}" --snapshot-update'


def not_recorded(model: Model, made_by: str) -> str:
    """Word that a tier's golden is still another model's: its incumbent's is missing, or its own after a swap."""
    if model.swapped:
        return (
            f"{model.name}: the golden is {made_by}'s and not the incumbent's, {model.incumbent.name}; record that one"
            f" first, before the swap: {record_command(model)}"
        )
    return (
        f"{model.name}: the golden is still {made_by}'s, so {model.source.name} is judged as a swap and passes at best"
        f" once its own is recorded: {record_command(model)}"
    )


def described(model: Model) -> str:
    """Name the model of a verdict, and under a swap the one it would replace."""
    return f"{model.source.name}, swapped in for {model.incumbent.name}" if model.swapped else model.source.name


def _worded(model: Model, case: Case | Orphan, mismatches: Iterable[object], next_step: str) -> str:
    return f"{model.name} {case.id!r}: {'; '.join(map(str, mismatches))} ({described(model)}); {next_step}"
