"""The plugin's part before a test runs: which tests there are, what each needs, how their asserts are worded."""

from typing import Any

import pytest

from swapgate.checks import Cost, Expected, Golden, Orphan
from swapgate.manifest import TASKS, nearest
from swapgate.plan import Plan
from swapgate.running import Model
from swapgate.verdict import Selected

SELECTED = pytest.StashKey[Selected]()
"""On the items of suite files: what they check."""
NEEDS = pytest.StashKey[list[Model]]()
"""The models that an item runs, its own tier's first."""


class Suite:
    """Hooks of a project with a models file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test a tier, and where it asks for a case, one a tier and case."""
        task = task_of(metafunc.definition)
        if task not in TASKS or "tier" not in metafunc.fixturenames:
            return
        tiers = [
            pytest.param(tier, marks=[getattr(pytest.mark, task), getattr(pytest.mark, tier)])
            for tier in self.plan.tiers(task)
        ]
        metafunc.parametrize("tier", tiers, scope="module")
        if "case" in metafunc.fixturenames:
            cases = self._cases(task, with_orphans="golden" in metafunc.fixturenames)
            metafunc.parametrize("case", cases, ids=[case.id for case in cases])

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note on each test what it checks and which models it needs; mark known gaps."""
        task = task_of(item)
        if task not in TASKS or not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
            return
        params: dict[str, Any] = dict(item.callspec.params)
        tier, case = params.get("tier"), params.get("case")
        if tier is None:
            return
        model = self.plan.models[task, tier]
        check = item.originalname.removeprefix("test_")
        item.stash[SELECTED] = Selected(model.task, tier, check, case.id if case else None)
        reference = self.plan.reference(model, model.row.budget.latency) if check == "latency" else None
        item.stash[NEEDS] = [model, reference] if reference else [model]
        gap = model.row.gaps.get(case.id) if case and check == "expected" else None
        property_gap = model.row.property_gaps.get(check)
        reason = gap or (property_gap and property_gap.reason)
        if reason:
            item.add_marker(pytest.mark.xfail(raises=AssertionError, strict=not model.swapped, reason=reason))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Check what only the suite files show; keep an orphaned golden's test for the tiers whose golden has it."""
        for item in items:
            self._check(item)
        items[:] = [item for item in items if not self._is_superfluous(item)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a property that has a known gap on its counterexample alone: only that is strict."""
        if SELECTED not in pyfuncitem.stash:
            return None
        gap = pyfuncitem.stash[NEEDS][0].row.property_gaps.get(pyfuncitem.stash[SELECTED].check)
        if gap is None:
            return None
        function = pyfuncitem.obj.hypothesis.inner_test
        fixtures = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        function(**fixtures, **gap.example)
        return True

    def pytest_assertrepr_compare(self, left: object, right: object) -> list[str] | None:
        """Word a failed assert as its check does."""
        for side in (right, left):
            if isinstance(side, Expected | Golden | Cost) and side.message:
                return [side.message]
        return None

    def _cases(self, task: str, with_orphans: bool) -> list[Any]:
        models = [self.plan.models[task, tier] for tier in self.plan.tiers(task)]
        cases: list[Any] = list(models[0].cases.cases) if models else []
        if with_orphans:
            cases += [Orphan(case) for case in sorted({case for model in models for case in self.plan.orphans(model)})]
        return cases

    def _check(self, item: pytest.Item) -> None:
        """Raise UsageError for a task that does not exist, or a known gap of a property that the suite has not."""
        task = task_of(item)
        if task is not None and task not in TASKS:
            raise pytest.UsageError(f"{item.path}: mark task({task!r}): unknown task{nearest(task, TASKS)}")
        model = item.stash.get(NEEDS, [None])[0]
        for gap in model.row.property_gaps if model else ():
            if not hasattr(item.module, f"test_{gap}"):  # type: ignore[attr-defined]
                key = f"{model.task}.{model.tier}.property_gaps.{gap}"  # type: ignore[union-attr]
                raise pytest.UsageError(f"{self.plan.manifest.path}: {key}: {item.path} has no test_{gap}")

    def _is_superfluous(self, item: pytest.Item) -> bool:
        if SELECTED not in item.stash:
            return False
        case = item.callspec.params.get("case")  # type: ignore[attr-defined]
        return isinstance(case, Orphan) and case.id not in self.plan.orphans(item.stash[NEEDS][0])


def task_of(node: pytest.Item | pytest.Collector) -> str | None:
    """Give the task that a test or module is marked with."""
    marker = node.get_closest_marker("task")
    return str(marker.args[0]) if marker and marker.args else None
