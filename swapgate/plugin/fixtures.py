"""The fixtures that a suite file uses: `model`, `prediction`, `expected`, `golden`, `budget` and what it limits."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any, TypeVar

import pytest

from swapgate.core.faults import AbsentFault, Fault, SurroundingsFault
from swapgate.goldens.anchors import remembered
from swapgate.goldens.golden import read_golden
from swapgate.goldens.snapshots import GoldenExtension
from swapgate.plugin.checks import Expected, Golden, Orphan
from swapgate.plugin.measures import Cost, Quality
from swapgate.project.budgets import Budget, Limit, QualityLimit
from swapgate.statistics.latency import Ratio, Times
from swapgate.statistics.looks import Look, looks
from swapgate.statistics.tally import Tally
from swapgate.trials.cache import Cache
from swapgate.trials.checking import check_model
from swapgate.trials.evaluating import tally_of, threads_for
from swapgate.trials.plan import Key, Plan
from swapgate.trials.progress import Advance, Progress, in_lines, unseen
from swapgate.trials.running import Model
from swapgate.trials.spread import Spread
from swapgate.trials.timing import Work, ratio, times
from swapgate.trials.timing import rounds as rounds_of

T = TypeVar("T", Expected, Golden, Cost, Quality)

PLAN = pytest.StashKey[Plan]()
SPREAD = pytest.StashKey[Spread | None]()
"""Over which machines the rows of evaluation sets are spread."""
THREADS = pytest.StashKey[tuple[int | None, int]]()
"""With how many threads rows of evaluation sets are to be computed, where somebody says so; and how many there are."""
CACHE = pytest.StashKey[Cache | None]()
"""What keeps answers to them between runs."""
CHECKS = pytest.StashKey[list[Expected | Golden | Cost | Quality]]()
"""What a test compared with; the plugin reads their findings."""


@pytest.fixture(scope="module")
def row_key(request: pytest.FixtureRequest) -> Key:
    """Suite and tier that the test judges."""
    key: Key = request.param
    return key


@pytest.fixture(scope="module")
def suite(row_key: Key) -> str:
    """The name of the suite."""
    return row_key[0]


@pytest.fixture(scope="module")
def tier(row_key: Key) -> str:
    """The name of the tier."""
    return row_key[1]


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest, row_key: Key) -> Model:
    """The model of this tier, or the candidate that is swapped in for it. Loaded when it first predicts."""
    found: Model = request.config.stash[PLAN].models[row_key]
    check_model(found)
    return found


@pytest.fixture
def prediction(model: Model, case: Any) -> Any:
    """What the model says about the case."""
    return case if isinstance(case, Orphan) else model.prediction(case)


@pytest.fixture
def expected(request: pytest.FixtureRequest, model: Model, case: Any) -> Expected:
    """The right answer: `assert prediction == expected`."""
    shown = request.config.stash[PLAN].shown(model.cases.path)
    return _remembered(request, Expected(model, case, shown, _models_file(request)))


@pytest.fixture
def golden(request: pytest.FixtureRequest, model: Model, case: Any, snapshot: Any) -> Golden:
    """What the accepted model said: `assert prediction == golden`; recorded with --snapshot-update."""
    plan = request.config.stash[PLAN]
    path = model.golden
    request.node.golden_path, request.node.golden_case = path, case.id  # where GoldenExtension looks
    stored = snapshot.use_extension(GoldenExtension)
    accept_drift = request.config.option.accept_drift
    new_only = request.config.option.update_new_snapshots_only and case.id not in read_golden(path)
    update = bool(request.config.option.update_snapshots or new_only)
    key = model.suite, model.tier
    pending, proposed = plan.pending.setdefault(key, {}), plan.proposed[key].golden if key in plan.proposed else None
    shown = plan.shown(path)
    return _remembered(request, Golden(model, case, path, shown, stored, update, accept_drift, pending, proposed))


@pytest.fixture
def budget(model: Model) -> Budget:
    """What the tier may cost, from the models file."""
    return model.row.budget


@pytest.fixture
def work(request: pytest.FixtureRequest, model: Model) -> Work:
    """What is timed: the case that the cases file names for it, or with --all-sizes a short or long one, or a batch."""
    return getattr(request, "param", Work(model.cases.latency))


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many calls pytest-benchmark is to record."""
    return rounds_of(request.config.getoption("all_sizes"))


@pytest.fixture
def call(model: Model, work: Work) -> Callable[[], object]:
    """One call of the model."""
    return work.call(model)


@pytest.fixture
def latency(request: pytest.FixtureRequest, model: Model, work: Work, benchmark: Any) -> Cost:
    """Seconds a call, as a ratio to the reference's: `assert latency <= budget.latency`. `benchmark` records."""
    if benchmark.disabled:
        pytest.skip(
            f"{model.name}: latency was not measured, pytest-benchmark is off (pytest-xdist, --benchmark-disable);"
            ' run without these, or leave it out with: -m "not latency"'
        )
    reference = _reference(request, model, model.row.budget.latency)
    benchmark.group = f"{model.suite}: {work.id or 'one call'}"
    benchmark.extra_info.update(model=model.source.name, digest=model.source.digest)

    def recorded() -> Times | None:
        if benchmark.stats is None:  # a test of one's own that does not call it
            return None
        found = times(model, work, benchmark.stats.stats.data)
        benchmark.extra_info.update(asdict(found))
        return found

    def measure(reference: Model, at_most: float) -> Ratio:
        with _as_reference(model):
            work.call(reference)()
        return ratio(model, reference, work, at_most)

    name, what = (
        ("latency", "a call takes") if not work.id else (f"latency {work.id}", f"a call of {work.description} takes")
    )
    said = request.config.stash[PLAN].limits_in
    return _remembered(request, Cost(name, what, model, reference, measure, said, times=recorded))


@pytest.fixture
def size(request: pytest.FixtureRequest, model: Model) -> Cost:
    """Bytes of weights, judged: `assert size <= budget.size`."""
    return _cost(request, model, "size", "its weight files have a size", lambda one: one.source.bytes)


@pytest.fixture
def parameters(request: pytest.FixtureRequest, model: Model) -> Cost:
    """Numbers in the weight files, judged: `assert parameters <= budget.parameters`."""
    return _cost(request, model, "parameters", "its parameters are a number", lambda one: one.source.parameters)


@pytest.fixture
def memory(request: pytest.FixtureRequest, model: Model) -> Cost:
    """Peak memory in bytes of a process of its own, judged: `assert memory <= budget.memory`."""
    return _cost(request, model, "memory", "it needs a peak memory of", lambda one: one.memory)


@pytest.fixture
def quality(request: pytest.FixtureRequest, model: Model) -> Quality:
    """Figures on the evaluation set, judged: `assert quality >= budget.quality`."""
    plan, keep = request.config.stash[PLAN], request.config.option.verdict_html is not None
    evaluation = plan.evaluations[model.suite]

    def reference(limit: QualityLimit) -> Model | None:
        return _reference(request, model, limit)

    def remember(counted: Tally) -> None:
        plan.rows[model.suite, model.tier] = remembered(model.made_by, counted)

    def tally(one: Model, first: int | None) -> Tally:
        progress = _progress(request.config, f"{one.name}: {one.source.name}")
        with nullcontext() if one is model else _as_reference(model):
            stash = request.config.stash
            threads = threads_for(one, *stash[THREADS])
            return tally_of(one, evaluation, progress, stash[CACHE], threads, first, keep, stash[SPREAD])

    def looks_at() -> list[Look]:
        return looks(evaluation.count)

    option = request.config.option
    updates = option.update_snapshots or option.update_new_snapshots_only
    known = functools.partial(plan.remembered, model)
    sides = (reference, known, remember if updates else None, tally)
    early = looks_at if evaluation.shuffled else None
    proposed = (model.suite, model.tier) in plan.proposed
    words = (plan.limits_in, proposed, plan.counts_once)
    return _remembered(request, Quality(model, plan.shown(evaluation.path), *sides, *words, early))


def _cost(request: pytest.FixtureRequest, model: Model, name: str, what: str, value: Callable[[Model], float]) -> Cost:
    """Return what costs the same each time it is measured."""

    def measure(reference: Model, _at_most: float) -> Ratio:
        found = value(model) / value(reference)
        return Ratio(found, found, found)

    reference = _reference(request, model, getattr(model.row.budget, name))
    _check_measured(name, model, reference)
    said = request.config.stash[PLAN].limits_in
    return _remembered(request, Cost(name, what, model, reference, measure, said, lambda: float(value(model))))


def _check_measured(name: str, model: Model, reference: Model | None) -> None:
    """Make sure that a cost can be had of a model and its reference. Raises AbsentFault."""
    model.check_measured(name)
    if reference is not None:
        with _as_reference(model):
            reference.check_measured(name)


def _models_file(request: pytest.FixtureRequest) -> str:
    plan = request.config.stash[PLAN]
    return plan.shown(plan.manifest.path)


def _progress(config: pytest.Config, what: str) -> Progress:
    """Return what shows a bar on a terminal while rows pass, and elsewhere a line each half minute.

    A worker of pytest-xdist shows nothing: it has nowhere to write to.
    """
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if not (reporter and capture):
        return unseen

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(line)
            reporter.flush()

    if not reporter.isatty:
        return in_lines(what, say)

    @contextmanager
    def shown(count: int) -> Iterator[Advance]:
        import rich.markup
        import rich.progress

        with capture.global_and_fixture_disabled(), rich.progress.Progress(transient=True) as bar:
            task = bar.add_task(rich.markup.escape(what), total=count)
            yield lambda more: bar.advance(task, more)

    return shown


def _reference(request: pytest.FixtureRequest, model: Model, limit: Limit | QualityLimit | None) -> Model | None:
    """Return the model that a budget measures against; that it cannot be used is no fault of the model."""
    reference: Model | None = request.config.stash[PLAN].reference(model, limit)
    if reference is not None:
        with _as_reference(model):
            check_model(reference)
    return reference


@contextmanager
def _as_reference(model: Model) -> Iterator[None]:
    """Let what goes wrong with the reference of a model be no word on the model."""
    try:
        yield
    except Fault as fault:
        kind = AbsentFault if isinstance(fault, AbsentFault) else SurroundingsFault
        raise kind(f"{model.name}: not measured, for the reference: {fault}") from fault


def _remembered(request: pytest.FixtureRequest, check: T) -> T:
    request.node.stash.setdefault(CHECKS, []).append(check)
    return check
