"""What the suite's asserts compare figures with: `latency <= budget.latency`, `quality >= budget.quality`.

As in `swapgate.plugin.checks`, each object judges when it is compared and keeps its finding in words.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from swapgate.core.faults import SurroundingsFault
from swapgate.core.words import nearest, toml_key
from swapgate.goldens.anchors import Remembered
from swapgate.outputs.counts import BRIER, LOG_LOSS, RIGHT
from swapgate.outputs.prediction import Output
from swapgate.outputs.tolerance import exceeds
from swapgate.plugin.checks import anchor_command, described, remember_command
from swapgate.plugin.early import REPEATED, is_decided, told_why, why_all_rows, why_these_rows
from swapgate.project.budgets import FEWEST_WATCHED, SWAP_QUALITY, WATCH, Limit, QualityLimit, SliceLimit
from swapgate.project.manifest import ANCHOR, INCUMBENT
from swapgate.statistics import slices
from swapgate.statistics.comparison import (
    Comparison,
    Floor,
    compare_errors,
    compare_figure,
    is_saturated,
    judge_floor,
    least_shown,
    of_figure,
)
from swapgate.statistics.latency import Ratio, Times
from swapgate.statistics.looks import Look
from swapgate.statistics.paired import CONFIDENCE
from swapgate.statistics.recalled import beside
from swapgate.statistics.slices import Slice
from swapgate.statistics.tally import Tally
from swapgate.trials.running import Model
from swapgate.verdicts import figures

TOLD_OF_SURENESS = 0.02
"""How much worse the log loss of a candidate is shown to be, from which it is told."""
NOTHING_BESIDE = "–"
"""In the table: there is no other model to compare with."""


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
    measure: Callable[[Model, float], Ratio]
    """Returns the ratio to a reference, measured closely enough to tell whether it is above a budget."""
    models_file: str
    value: Callable[[], float | None] = lambda: None
    """Returns the figure of the model alone."""
    times: Callable[[], Times | None] = lambda: None
    """Returns the seconds of the model alone."""
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    figure: figures.Cost | None = None
    """What was found, for the verdict."""
    ratios: Sequence[float] = ()
    """Of what is timed: what was measured, in that order."""

    def __le__(self, limit: Limit | None) -> bool:
        if self.holds is None:
            self.holds = True
        value, times = self.value(), self.times()
        if limit != getattr(self.model.row.budget, self.name.split()[0]):
            self.incomplete = other_limit(self.model, self.name.split()[0], "<=", self.models_file)
        if limit is None or self.reference is None:
            self.figure = figures.Cost(NOTHING_BESIDE, value, times=times)
            return True
        ratio = self.measure(self.reference, limit.at_most)
        self.ratios, judgement = ratio.blocks, ratio.judge(limit.at_most)
        self.figure = figures.Cost(
            figures.shown_ratio(ratio.median, ratio.unit, limit.at_most),
            value,
            self.reference.source.name,
            ratio.median,
            ratio.low,
            ratio.high,
            limit.at_most,
            ratio.pairs or None,
            times,
        )
        found = (
            f"{self.model.name}: {self.what} {ratio} times that of {self.reference.source.name}, allowed"
            f" {limit.at_most:g} ({described(self.model)})"
        )
        keep = f"keep {self.model.names[0]}" if self.model.swapped else "take a cheaper model"
        self.message = f"{found}; {keep}, or loosen budget.{self.name.split()[0]} in {self.models_file}"
        if judgement == "undecided":
            self.incomplete = self.incomplete or f"{found}: undecided, run it again, alone on the machine"
        self.holds = judgement != "failed" and self.holds
        return judgement != "failed"


class _Side(NamedTuple):
    """What a model is compared with on the evaluation set."""

    name: str
    """How it is called in messages."""
    model: str
    """How the model is called that stands for it."""
    ours: Tally
    """The rows of the model that is judged."""
    theirs: Tally
    """The same rows of the other."""
    said: str | None = None
    """A digest of all that the other has said; None where its rows are remembered."""
    notes: Sequence[str] = ()
    """Of remembered rows: that they are used, and how many of the set they are."""


class _Judged(NamedTuple):
    """What came of one limit of quality."""

    decision: str
    shown: str
    words: str
    notes: Sequence[str]
    told: Sequence[str] = ()
    """What a reader should know of what it was compared with."""
    beside: figures.Beside | None = None
    floor: Floor | None = None
    is_open: bool = False
    """Whether it passes for nothing worse was seen, and more rows would be needed to show that."""


@dataclass(eq=False)
class Quality:
    """What a model scores on the evaluation set; `>=` judges it against the limits of a budget."""

    model: Model
    evaluation: str
    """The file of the set."""
    reference: Callable[[QualityLimit], Model | None]
    """Returns the model that a limit compares with; None for the incumbent where nothing is swapped."""
    remembered: Callable[[QualityLimit], Remembered | None]
    """Returns the rows that a limit compares with where no model is asked for them."""
    remember: Callable[[Tally], None] | None
    """Of an update: remembers what came of the set."""
    tally: Callable[[Model, int | None], Tally]
    """Returns what came of the set, or of so many first rows of it."""
    models_file: str
    """Where its limits are loosened, in words."""
    proposed: bool = False
    """Whether a row names the candidate already, in a change that is judged by a commit."""
    counts_once: str = ""
    """What must be merged before an anchor that is moved counts, in words; empty where it does at once."""
    looks: Callable[[], Sequence[Look]] | None = None
    """Returns when rows may decide before all are asked; None where all of them are to be."""
    name: str = "quality"
    holds: bool | None = None
    """What came of the comparison; None until there was one."""
    message: str = ""
    incomplete: str = ""
    remark: str = ""
    """What a reader should know where it passes: of what the claim is."""
    remarks: Sequence[str] = ()
    """What a reader should know whatever comes of it: of slices."""
    figure: figures.Quality | None = None
    """What was found, for the verdict."""
    _others: dict[str, Tally] = field(default_factory=dict, init=False)
    """What came of the set with the models that it is compared with."""
    _recalled: dict[str, _Side | None] = field(default_factory=dict, init=False)
    """The same of remembered rows, by what limits call the model."""
    _is_whole: bool = field(default=True, init=False)
    """Whether all rows are known: that the first ones are alike does not tell that the models are the same."""
    _before: str = field(default="", init=False)
    """What stood here before the model: in the commit that judges with the same digest, or by the golden."""
    recalled: dict[str, int] = field(default_factory=dict, init=False)
    """By model: to how many rows the answer is that of an earlier run, where there are any."""
    sides: tuple[Tally, Tally | None] | None = None
    """What came of the set, and of the same rows with what it is compared with first: the incumbent where there is."""
    against: str = ""
    """The model that this is; empty for none."""
    same: bool | None = None
    """Of a candidate: whether it says of all rows what its incumbent does; None where that was not asked."""

    def __ge__(self, limits: tuple[QualityLimit, ...]) -> bool:
        counted, judged, of, early = self._looked(limits)
        if self.remember:
            self.remember(counted)
        self.sides = self._sides(counted, judged)
        metric, value = self._headline(counted)
        sliced, missing, unseen = self._slices(counted, metric)
        shown = ", ".join(one.shown for one in judged) or f"{metric} {value:.3f}"
        self.figure = figures.Quality(
            f"{shown}, {figures.rows_asked(counted.rows, of)}" if of else shown,
            self.evaluation,
            counted.rows,
            metric,
            value,
            counted.figures(),
            [one.beside for one in judged if one.beside],
            [one.floor for one in judged if one.floor],
            counted.sureness(),
            [one for one, _ in sliced],
            self.recalled,
            of,
            signatures() if (signatures := self.model.task.output.signatures) else {},
        )
        failed = [*_decided("FAIL", judged, sliced, ("named", "watched"))]
        undecided = [*_decided("too few rows", judged, sliced, ("named",)), *missing]
        told = [*early, *dict.fromkeys(note for one in judged for note in one.told), *self._cuts(counted)]
        if failed:
            words = "; ".join([*failed, *told])
            self.message = f"{self.model.name}: {words} ({described(self.model)}); {self._next_step(judged, sliced)}"
        if tuple(limits) != tuple(self.model.row.budget.quality):
            self.incomplete = other_limit(self.model, self.name, ">=", self.models_file)
        elif counted.right_always:
            self.incomplete = (
                f"{self.model.name}: {metric} {value:.3f} measures nothing: {counted.right_always[0]!r} is"
                f" right in each of the {counted.rows} rows of {self.evaluation}; give one with other labels too"
            )
        elif not counted.with_something:
            self.incomplete = (
                f"{self.model.name}: {metric} {value:.3f} measures nothing: nothing is to be found in any of the"
                f" {counted.rows} rows of {self.evaluation}; give one in which something is"
            )
        elif undecided and not self.incomplete:
            self.incomplete = f"{self.model.name}: {'; '.join([*undecided, *told])} ({described(self.model)})"
        remarks = [*self._remarks(counted, judged), *told]
        self.remark = f"{self.model.name}: {'; '.join(remarks)}" if remarks else ""
        of_slices = [*figures.of_slices(sliced), *unseen]
        self.remarks = [f"{self.model.name}: {'; '.join(of_slices)}"] if of_slices else []
        self.holds = not failed and self.holds is not False
        return not failed

    def _sides(self, counted: Tally, judged: Sequence["_Judged"]) -> tuple[Tally, Tally | None]:
        """Return what came of the set, and of the same rows with a model that was asked for them."""
        beside = sorted((one.beside for one in judged if one.beside), key=lambda one: one.tier != INCUMBENT)
        self.against = next((one.against for one in beside if one.against in self._others), "")
        return counted, self._others.get(self.against)

    def _tallied(self, model: Model, first: int | None) -> Tally:
        """Return what came of the set, or of its first rows, and note how much of that is of an earlier run."""
        counted = self.tally(model, first)
        if model.recalled:
            self.recalled[model.source.name] = min(
                model.recalled, counted.rows
            )  # of rows that were asked before a look
        return counted

    def _looked(self, limits: Sequence[QualityLimit]) -> tuple[Tally, list[_Judged], int | None, list[str]]:
        """Judge the limits by the first rows that decide them, or by all; also how many there are where fewer did, and
        what a reader should know of that.
        """
        why = why_all_rows(limits, self.model.row.budget, self.model.task.output)
        if self.looks is None or why:
            return *self._at(limits, None), None, told_why(why) if self.looks else []
        *early, last = self.looks()
        has_looked = False
        for look in early:
            if self.model.tally and self.model.tally.rows > look.rows:  # another tier was compared with it
                continue
            counted = self._tallied(self.model, look.rows)
            judging = [one for limit in limits for one in _with_besides(limit, counted)]
            metrics = [limit.metric or self._headline(counted)[0] for limit in judging if self._applies(limit)]
            if not metrics or (why := why_these_rows(counted, metrics)):
                return *self._at(limits, None), None, told_why(why)
            if counted.units < counted.rows:
                why = REPEATED
                continue
            counted, judged = self._at(limits, look)
            has_looked = True
            if is_decided(counted, ["too few rows" if one.is_open else one.decision for one in judged]):
                told = f"decided early, {figures.rows_asked(counted.rows, last.rows)} of {self.evaluation}"
                return counted, judged, last.rows, [told]
        return *self._at(limits, last if has_looked else None), None, told_why(why)

    def _applies(self, limit: QualityLimit) -> bool:
        """Return whether a limit compares the model with anything, as far as that is known before rows are asked."""
        if limit.against != INCUMBENT or self.model.swapped or self.reference(limit) is not None:
            return True
        known = self.remembered(limit)
        return known is not None and known.made_by.digest != self.model.source.digest

    def _at(self, limits: Sequence[QualityLimit], look: Look | None) -> tuple[Tally, list[_Judged]]:
        """Judge the limits at a look, or by all rows."""
        self._others.clear()
        self._recalled.clear()
        self._before = ""
        self._is_whole = look is None or self.looks is None or look == self.looks()[-1]
        counted = self._tallied(self.model, look.rows if look else None)
        metric, _ = self._headline(counted)
        sure = look.confidence if look else CONFIDENCE
        judging = [one for limit in limits for one in _with_besides(limit, counted)]
        return counted, [one for limit in judging if (one := self._judged(limit, counted, metric, sure))]

    def _headline(self, counted: Tally) -> tuple[str, float]:
        """Return the figure that stands for the model, by its name. Raises SurroundingsFault where there is none."""
        task, found = self.model.task, counted.figures()
        metric = counted.headline or task.figures[0]
        if metric not in found:
            raise SurroundingsFault(
                f"the task {task.name} is at fault: {metric!r} in its figures is none of its predictions"
                f"{nearest(metric, found)}"
            )
        return metric, found[metric]

    def _next_step(self, judged: Sequence[_Judged], sliced: Sequence[tuple[Slice, str]]) -> str:
        """Return in words what to do about a failure."""
        keep = f"keep {self.model.names[0]}" if self.model.swapped else "train it longer"
        if self._before:
            there = self._before.partition("@")[0] == self.model.source.name.partition("@")[0]
            edited = f"its files or its row were edited: put those of {self._before} back"
            keep = edited if there else f"keep {self._before}"
        failed = [one for one in judged if one.decision == "FAIL"]
        keys = ["budget.quality"] if failed else []
        keys += [_key(one) for one, _ in sliced if one.comparison.decision == "FAIL" and one.role != "seen"]
        loosen = f"{keep}, or loosen {' and '.join(dict.fromkeys(keys))} in {self.models_file}"
        if not any(one.beside and one.beside.tier == ANCHOR for one in failed):
            return loosen
        accept = f"accept it with: {remember_command(self.model)}, then move the anchor: {anchor_command(self.model)}"
        row = "let the row name it and " if self.model.swapped and not self.proposed else ""
        return f"{loosen}, or {row}{accept}{self.counts_once}"

    def _remarks(self, counted: Tally, judged: Sequence[_Judged]) -> Iterator[str]:
        """Yield what a reader should know where it passes."""
        yield from (f"{one.shown}: {note}" for one in judged if one.decision == "PASS" for note in one.notes)
        yield from self._one_sided(counted, [one.beside.comparison for one in judged if one.beside])
        yield from self._sureness(counted)
        if judged and counted.sources:
            yield (
                f"the {counted.rows:,} rows of {self.evaluation} are parts of {counted.sources:,} contexts or files,"
                ' and judged as if they were independent; give each row a cluster = "…" that names its own'
            )

    def _sureness(self, counted: Tally) -> Iterator[str]:
        """Tell where a candidate is less right about how sure it is than its incumbent, and no limit judges that."""
        theirs, limits = self._others.get(self.against), self.model.row.budget.quality
        if theirs is None or not self.model.swapped or LOG_LOSS not in counted.figures():
            return
        if any(limit.metric in (BRIER, LOG_LOSS) for limit in limits):
            return
        found = compare_figure(counted, theirs, LOG_LOSS, TOLD_OF_SURENESS)
        if found.decision == "FAIL":
            yield (
                f"its scores are further from how often it is right: {LOG_LOSS} {found.value:.3f}, of {self.against}"
                f' {found.reference:.3f}; to judge that, let a limit of budget.quality have metric = "{LOG_LOSS}"'
            )

    def _cuts(self, counted: Tally) -> list[str]:
        """Tell how many rows were longer than the model reads, and where it is not the same, than another does."""
        others = [(name, other.cuts) for name, other in self._others.items() if other.cuts != counted.cuts]
        theirs = [f"of {name} {'; '.join(cuts) or 'none was cut'}" for name, cuts in others]
        return [*counted.cuts, *theirs]

    def _one_sided(self, counted: Tally, comparisons: Sequence[Comparison]) -> list[str]:
        """Return a note where a model that always says the same label would lose no more than a margin."""
        (label, rows), output = counted.right_most, self.model.task.output
        margins = [one.allowed for one in comparisons if output.is_share(one.metric)]
        if not rows or not margins or counted.rows - rows > max(margins) * counted.rows:
            return []
        return [
            f"a model that always says {label!r} is right in {rows:,} of the {counted.rows:,} rows of"
            f" {self.evaluation}, which says little of the other labels"
        ]

    def _slices(self, counted: Tally, metric: str) -> tuple[list[tuple[Slice, str]], list[str], list[str]]:
        """Judge the slices of a swap: each in words, which that have a limit are missing, and that none is watched."""
        try:
            side = self._beside(SWAP_QUALITY, counted)
        except _NotCompared:  # the limit beside the incumbent says so
            return [], [], []
        if side is None:
            return [], [], []
        if side.said is None and not counted.is_remembered(metric):
            budget = self.model.row.budget
            if not any((one.against, one.metric) == (INCUMBENT, RIGHT) for one in budget.quality):
                lack = f"budget.slices is not judged, for {metric} is not told by remembered rows"
                ways = f"judge beside the incumbent by metric = {RIGHT!r}, and so slices, or bring its weights back"
                return [], [f"{lack}; {ways}"] if budget.slices else [], []
            metric = RIGHT
        counted, theirs = of_figure(side.ours, side.theirs, metric)
        less = metric in self.model.task.output.less_is_better
        limits = dict(self.model.row.budget.slices)
        watch = limits.pop(WATCH, None)
        margins, missing = slices.margins(limits, counted.slices)
        found = slices.judge_named(counted, theirs, metric, margins)
        unseen = []
        if isinstance(watch, SliceLimit):
            fewest = watch.fewest or FEWEST_WATCHED
            watched = slices.judge_watched(counted, theirs, metric, watch.margin, fewest, {*margins})
            found += watched
            unseen = [] if watched else [figures.none_watched(counted.slices, {*margins}, fewest)]
        besides = {(one.key, one.value) for one in found}
        found += slices.seen(counted, theirs, metric, SWAP_QUALITY.margin or 0.0, besides)
        absent = [
            f"no row of {self.evaluation} is of the slice {name} of budget.slices; add some, or remove its limit"
            for name in missing
        ]
        return [(one, figures.worded_slice(one, side.name, less)) for one in found], absent, unseen

    def _judged(self, limit: QualityLimit, counted: Tally, headline: str, confidence: float) -> _Judged | None:
        """Judge one limit; None where there is no model to compare with."""
        task, metric = self.model.task, limit.metric or headline
        if metric not in counted.figures():
            raise SurroundingsFault(
                f"{self.model.name}: {metric} is told of no row of {self.evaluation}; name another figure in"
                f" budget.quality in {self.models_file}, or give a set that it can be told of"
            )
        if limit.is_floor:
            self._check_floor(limit, metric)
            floor = judge_floor(counted, metric, limit.at_least, limit.at_most)
            shown, words, notes = figures.shown_floor(floor), figures.worded_floor(floor), figures.beside(floor)
            more = "" if floor.decision != "too few rows" else f": {figures.rows_wanted(floor, task.graded)}"
            return _Judged(floor.decision, shown, words + more, notes, floor=floor)
        try:
            side = self._beside(limit, counted)
            if side is None:
                return None
            if side.said is None and not counted.is_remembered(metric):
                raise _NotCompared(f"{metric} is not told by remembered rows; judge by metric = {RIGHT!r}")
            comparison = _compared(side, limit, metric, confidence)
            if comparison.decision == "too few rows" and self._is_told_by_answers(limit, side):
                return None
        except _NotCompared as lack:
            return _Judged("too few rows", f"{metric} {counted.figures()[metric]:.3f} (not compared)", str(lack), ())
        is_open = limit not in self.model.row.budget.quality and _is_open(comparison, task.output)
        comparison = replace(comparison, decision="PASS") if is_open else comparison
        if limit.against == INCUMBENT and side.said is not None:
            # an answer of an earlier run may differ in its last digits
            self.same = counted.said == side.said or (None if self.recalled else False)
        less = comparison.metric in task.output.less_is_better
        words = figures.worded(comparison, side.name, less)
        if comparison.decision == "too few rows":
            more = f" (--decide-early asks to be {confidence:.2%} sure, one look at all rows {CONFIDENCE:.0%})"
            words = f"{words}: {figures.rows_wanted(comparison, task.graded)}{more * (confidence > CONFIDENCE)}"
        against = figures.Beside(limit.against or "", side.model, comparison, side.said is None)
        notes = [*figures.beside(comparison), *([figures.still_open(comparison)] if is_open else [])]
        ours, theirs = of_figure(side.ours, side.theirs, metric)
        of_right = task.output.of_rows.get(metric) == task.output.of_rows.get(RIGHT)
        if limit.margin is not None and not task.graded and of_right and is_saturated(ours, theirs):
            note = figures.saturated(ours.rows, least_shown(ours, theirs, metric, limit.margin, confidence))
            words, notes = f"{words}; {note}", [*notes, note]
        shown = figures.shown_comparison(comparison, less)
        return _Judged(comparison.decision, shown, words, notes, side.notes, against, is_open=is_open)

    def _is_told_by_answers(self, limit: QualityLimit, side: _Side) -> bool:
        """Return whether only its answers tell that a model is another than it was: a server may waver, and what does
        not show that it is worse is no swap.
        """
        known = self.remembered(limit) if limit.against == INCUMBENT and not self.model.swapped else None
        return side.said is None and known is not None and known.made_by.digest == self.model.source.digest

    def _check_floor(self, limit: QualityLimit, metric: str) -> None:
        """Make sure that a floor is on the side on which its figure is good. Raises SurroundingsFault."""
        if (limit.at_most is None) == (metric in self.model.task.output.less_is_better):
            raise SurroundingsFault(
                f"{self.model.name}: a floor of budget.quality names no metric, and what tells first of"
                f" {self.evaluation} is {metric}, which it is no floor of; write metric there in {self.models_file}, or"
                " give other rows"
            )

    def _beside(self, limit: QualityLimit, counted: Tally) -> _Side | None:
        """Return what a limit compares with; None where there is nothing, or the model is that itself.

        Raises _NotCompared where no rows are remembered, SurroundingsFault where these are none of this version.
        """
        known = self.remembered(limit)
        if known is not None:
            whose = limit.against or ""
            if whose == INCUMBENT and not self.model.swapped and self.remember:
                return None  # who records a model takes it as it is
            if whose not in self._recalled:
                self._recalled[whose] = self._recall(whose, known, counted)
            return self._recalled[whose]
        if limit.against == ANCHOR:
            if self.remember:
                return None  # what is counted now is the anchor
            before = ", before the swap," if self.model.swapped else ""
            raise _NotCompared(
                f"no rows of an anchor are remembered; record them{before} with: {remember_command(self.model)}"
            )
        reference = self.reference(limit)
        if reference is None:
            return None
        name, theirs = reference.source.name, self._tallied(reference, counted.rows)
        if theirs.keys != counted.keys:
            both = zip(counted.keys, theirs.keys, strict=True)
            other, _ = counted.named(next(row for row, (ours, key) in enumerate(both) if ours != key))
            raise SurroundingsFault(
                f"{self.model.name}: {self.model.source.name} and {name} were not asked the same of row {other!r} of"
                f" {self.evaluation}; let its inputs be while they are read, and run again"
            )
        if (
            limit.against == INCUMBENT and not self.model.swapped
        ):  # files were edited, of which the digest knows nothing
            if theirs.said == counted.said and self._is_whole:
                return None
            self._before = name
        self._others[name] = theirs
        return _Side(name, name, counted, theirs, theirs.said)

    def _recall(self, against: str, known: Remembered, counted: Tally) -> _Side | None:
        """Return a side of remembered rows."""
        model, source = known.made_by.model, self.model.source
        itself = known.made_by.digest == source.digest
        if itself and not (source.identify and source.identity.weak):
            return None
        name, whose, otherwise = model, f"remembered of {model}", "bring its weights back"
        if against == ANCHOR:
            name, whose, otherwise = (
                f"the anchor {model}",
                "the anchor's",
                f"move the anchor: {anchor_command(self.model)}{self.counts_once}",
            )
        try:
            both = beside(counted, known.rows)
        except ValueError as error:
            raise _unlike(name, error) from error
        if itself and self._is_whole and (both is None or [*both[0].counted()] == [*both[1].counted()]):
            return None  # else its digest does not tell that it is another one by now
        if both is None:
            raise _NotCompared(
                f"none of the {counted.rows:,} rows of {self.evaluation} is {whose}; give a set that has some with"
                f" --eval-set, or {otherwise}"
            )
        notes = [f"{both[0].rows:,} of {counted.rows:,} rows are {whose}"] if both[0].rows < counted.rows else []
        if against == INCUMBENT and self.model.swapped:
            notes.insert(0, f"the weights of {model} are gone, and its recorded rows are used")
        elif against == INCUMBENT:
            still = f"its golden is still of {model}, whose recorded rows are used"
            notes.insert(0, "it says otherwise than in its recorded rows, which are used" if itself else still)
            self._before = model
        return _Side(name, model, *both, notes=notes)


def _with_besides(limit: QualityLimit, counted: Tally) -> Iterator[QualityLimit]:
    """Yield a limit, and where it names no figure the same of each that is judged besides the first: where it counts
    errors by the margin of a swap.
    """
    yield limit
    if limit.metric is None and not limit.is_floor:
        margin = limit.margin or SWAP_QUALITY.margin
        for name in counted.besides:
            yield limit.model_copy(update={"metric": name, "margin": margin, "errors_at_most": None})


def _is_open(found: Comparison, output: Output) -> bool:
    """Return whether too few rows show what a figure besides the first is worth, and no more was lost than is allowed:
    a few rows of another kind would else undo what many show.
    """
    lost = (found.difference or 0.0) * (1 if found.metric in output.less_is_better else -1)
    return found.decision == "too few rows" and not exceeds(lost, found.allowed)


def other_limit(model: Model, name: str, sign: str, models_file: str) -> str:
    """Return in words that a figure was compared with something else than its budget."""
    return (
        f"{model.name}: {name} was compared with another limit than the row's; write: assert {name} {sign}"
        f" budget.{name}, and the limit into [{model.suite}.{model.tier}] in {models_file}"
    )


def _decided(
    decision: str, judged: Sequence[_Judged], sliced: Sequence[tuple[Slice, str]], roles: Sequence[str]
) -> Iterator[str]:
    """Yield in words the limits, and the slices of these roles, of which so much was decided."""
    yield from (one.words for one in judged if one.decision == decision)
    yield from (words for one, words in sliced if one.comparison.decision == decision and one.role in roles)


def _key(one: Slice) -> str:
    """Return the key of the limit by which a slice is judged."""
    own = f"{toml_key(one.key)}.{toml_key(one.value)}"
    return f"budget.slices.{WATCH if one.role == 'watched' else own}"


class _NotCompared(Exception):
    """A limit was not judged, for what it compares with is not remembered; in words, with the next step."""


def _compared(side: _Side, limit: QualityLimit, metric: str, confidence: float) -> Comparison:
    try:
        if limit.margin is None:
            return compare_errors(side.ours, side.theirs, limit.errors_at_most or 1.0)
        return compare_figure(side.ours, side.theirs, metric, limit.margin, confidence)
    except (ValueError, ArithmeticError, LookupError) as error:
        if side.said is not None:
            raise
        raise _unlike(side.name, error) from error


def _unlike(name: str, error: Exception) -> SurroundingsFault:
    """Word that remembered rows are none that this version has counted: somebody edited them."""
    return SurroundingsFault(
        f"the remembered rows of {name} are not counted as those of the set are ({error}); restore their file from git"
    )
