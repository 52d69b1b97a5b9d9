"""The fixtures that a suite file uses: `model`, `prediction`, `expected`, `golden`, `latency`, `size`, `budget`."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from swapgate.checks import Cost, Expected, Golden, Orphan
from swapgate.faults import Fault, SurroundingsFault
from swapgate.golden import GoldenExtension
from swapgate.latency import Ratio, interval, paired_ratios
from swapgate.manifest import Budget, Limit
from swapgate.plan import Plan
from swapgate.running import Model

T = TypeVar("T", Expected, Golden, Cost)

PLAN = pytest.StashKey[Plan]()
CHECKS = pytest.StashKey[list[Expected | Golden | Cost]]()
"""What a test compared with; the plugin reads their findings."""


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest, tier: str) -> Model:
    """The model of this tier, or the candidate that is swapped in for it. Loaded when it first predicts."""
    found: Model = request.config.stash[PLAN].models[request.node.get_closest_marker("task").args[0], tier]
    found.check()
    return found


@pytest.fixture
def prediction(model: Model, case: Any) -> Any:
    """What the model says about the case."""
    return case if isinstance(case, Orphan) else model.prediction(case)


@pytest.fixture
def expected(request: pytest.FixtureRequest, model: Model, case: Any) -> Expected:
    """The right answer: `assert prediction == expected`."""
    plan = request.config.stash[PLAN]
    files = plan.shown(model.cases.path), plan.shown(plan.manifest.path)
    return _remembered(request, Expected(model, case, *files))


@pytest.fixture
def golden(request: pytest.FixtureRequest, model: Model, case: Any, snapshot: Any) -> Golden:
    """What the accepted model said: `assert prediction == golden`; recorded with --snapshot-update."""
    plan = request.config.stash[PLAN]
    path = plan.golden_path(model)
    request.node.golden_path = path  # where GoldenExtension looks
    stored = snapshot.use_extension(GoldenExtension)
    update = bool(request.config.getoption("update_snapshots"))
    return _remembered(request, Golden(model, case, path, plan.shown(path), stored, update))


@pytest.fixture
def budget(model: Model) -> Budget:
    """What the tier may cost, from the models file."""
    return model.row.budget


@pytest.fixture
def call(model: Model) -> Callable[[], object]:
    """One call of the model, on the case that latency is measured with."""
    return _call(model)


@pytest.fixture
def latency(request: pytest.FixtureRequest, model: Model, benchmark: Any) -> Cost:
    """Seconds a call, as a ratio to the reference's: `assert latency <= budget.latency`. `benchmark` records."""
    if benchmark.disabled:
        pytest.skip(
            f"{model.name}: latency was not measured, pytest-benchmark is off (pytest-xdist, --benchmark-disable);"
            ' run without these, or leave it out with: -m "not latency"'
        )
    reference = _reference(request, model, model.row.budget.latency)
    benchmark.group = f"{model.task}: one call"
    benchmark.extra_info.update(model=model.source.name, digest=model.source.digest, case=model.cases.latency.id)

    def measure(reference: Model) -> Ratio:
        return interval(paired_ratios(_call(model), _call(reference)))

    return _remembered(request, Cost("latency", "a call takes", model, reference, measure))


@pytest.fixture
def size(request: pytest.FixtureRequest, model: Model) -> Cost:
    """Bytes of weights, judged: `assert size <= budget.size`."""

    def measure(reference: Model) -> Ratio:
        ratio = model.source.bytes / reference.source.bytes
        return Ratio(ratio, ratio, ratio)

    reference = _reference(request, model, model.row.budget.size)
    return _remembered(request, Cost("size", "its weight files have a size", model, reference, measure))


def _call(model: Model) -> Callable[[], object]:
    inputs = [model.cases.latency.input]
    return lambda: model.predict(inputs)


def _reference(request: pytest.FixtureRequest, model: Model, limit: Limit | None) -> Model | None:
    """Give the model that a budget measures against; that it cannot be used is no fault of the model."""
    reference: Model | None = request.config.stash[PLAN].reference(model, limit)
    if reference is not None:
        try:
            reference.check()
        except Fault as fault:
            raise SurroundingsFault(f"{model.name}: not measured, for the reference: {fault}") from fault
    return reference


def _remembered(request: pytest.FixtureRequest, check: T) -> T:
    request.node.stash.setdefault(CHECKS, []).append(check)
    return check
