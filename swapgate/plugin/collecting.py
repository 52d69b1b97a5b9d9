"""The plugin's part before a test runs: which tests there are, what each needs, how their asserts are worded."""

import inspect
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from swapgate.backends.backend import PROPERTIES
from swapgate.core.faults import InputFault
from swapgate.core.garbage import all_stays
from swapgate.core.words import nearest, plain, toml_string
from swapgate.goldens.golden import read_golden
from swapgate.plugin.checks import Expected, Golden, Orphan
from swapgate.plugin.measures import Cost, Quality
from swapgate.plugin.uncollected import may_select
from swapgate.project.manifest import BUILT_IN_NAMES, MEASURED, suites_beside
from swapgate.project.marks import Marks
from swapgate.tasks import tasks
from swapgate.tasks.case import Case, Quarantine
from swapgate.trials.plan import Plan
from swapgate.trials.running import Model
from swapgate.trials.timing import Work, all_works
from swapgate.verdicts.verdict import NAMED_CHECKS, Selected

SELECTED = pytest.StashKey[Selected]()
"""On the items of suite files: what they check."""
NEEDS = pytest.StashKey[list[Model]]()
"""The models that an item runs, its own tier's first."""


QUARANTINE = pytest.StashKey[Quarantine]()
"""Of a case that judges nothing for a while."""
COUNTED = pytest.StashKey[bool]()
"""Of a case of a candidate: whether a lapse is counted, and judged when all are known."""
OF_MODELS_FILE = ": a suite or tier of"
"""How the description of a mark begins that is a suite's or a tier's."""
EXAMPLES = 25
"""Examples that hypothesis tries for each property of each tier."""


@dataclass(frozen=True)
class Gap:
    """A known gap that a test shows."""

    key: str
    """Its place in the row: gaps.CASE."""
    reason: str
    mended: bool = False
    """Whether its counterexample passes, so that it excuses nothing any more."""


GAP = pytest.StashKey[Gap]()


class Collecting:
    """Hooks of a project with a models file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._works_of: dict[str, list[Work]] = {}
        self._modules: dict[str, dict[Any, None]] = {}
        """The test files of each suite."""
        self._fixed: set[Callable[..., Any]] = set()
        self._faulty: dict[str, InputFault] = {}
        """Suites that are left out, and of which a test may be selected."""
        self.collected: dict[Selected, list[pytest.Item]] = {}
        """The tests of each check, also those that are left out later."""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Make sure that no suite is called like a mark that means something else, once all plugins have theirs."""
        lines = [line for line in session.config.getini("markers") if OF_MODELS_FILE not in line]
        marks = {re.split(r"[:(]", line, maxsplit=1)[0].strip() for line in lines}
        for suite in self.plan.manifest.tasks:
            if suite in marks and suite not in BUILT_IN_NAMES:
                raise pytest.UsageError(
                    f"{self.plan.shown(self.plan.manifest.path)}: [{suite}]: pytest, a plugin or its configuration has"
                    " a mark of this name (pytest --markers); give the suite another name"
                )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Make the tests, all of which stay."""
        with all_stays():
            return (yield)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test a tier, and where it asks for a case, one a tier and case.

        Where several suites are judged each test is made for the cases of all; those of others are left out later.
        """
        if "row_key" not in metafunc.fixturenames:
            return
        option = metafunc.config.option
        judged = marks_of(metafunc.definition).judged(self.plan.manifest)
        for suite in self.plan.left_out.keys() & {*judged}:
            if may_select(self.plan, suite, metafunc.definition, option.keyword, option.markexpr):
                self._faulty[suite] = self.plan.left_out[suite].fault
        suites = [suite for suite in judged if suite not in self.plan.left_out]
        if not suites:
            return
        rows = [
            pytest.param(
                (suite, tier),
                marks=[getattr(pytest.mark, suite), getattr(pytest.mark, tier)],
                id=f"{suite}-{tier}" if self._has_siblings(suite) else tier,
            )
            for suite in suites
            for tier in self.plan.tiers(suite)
        ]
        metafunc.parametrize("row_key", rows, scope="module", indirect=True)
        if "work" in metafunc.fixturenames and metafunc.config.getoption("all_sizes"):
            works = self._works(suites[0])
            metafunc.parametrize("work", works, ids=[work.id for work in works], indirect=True)
        if "case" in metafunc.fixturenames:
            cases = self._cases(suites, with_orphans="golden" in metafunc.fixturenames)
            metafunc.parametrize("case", cases, ids=[case.id for case in cases])

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note on each test what it checks and which models it needs; mark known gaps."""
        if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
            return
        params: dict[str, Any] = dict(item.callspec.params)
        key, case, work = (params.get(name) for name in ("row_key", "case", "work"))
        if key not in self.plan.models:
            return
        model = self.plan.models[key]
        if case:
            case = model.cases.find(case.id) or Orphan(case.id)
            item.callspec.params["case"] = case  # those of a new tier may be others than those of a commit
        if isinstance(work, Work):
            item.callspec.params["work"] = next(own for own in self._works(model.suite) if own.id == work.id)
        named = [name for name in NAMED_CHECKS if name in item.fixturenames]
        check = named[0] if named else item.originalname.removeprefix("test_")
        item.stash[SELECTED] = Selected(model.suite, model.tier, check, case.id if case else None)
        self.collected.setdefault(item.stash[SELECTED], []).append(item)
        self._fix_examples(item.function)
        if check in MEASURED:
            item.add_marker(check)
        item.stash[NEEDS] = [model, *self.plan.references(model, check)]
        property_gap = model.row.property_gaps.get(check)
        if isinstance(case, Case) and case.quarantine:
            item.stash[QUARANTINE] = case.quarantine
        if case and check == "expected" and case.id in model.row.gaps:
            item.stash[GAP] = Gap(f"gaps.{case.id}", model.row.gaps[case.id])
        elif property_gap:
            item.stash[GAP] = Gap(f"property_gaps.{check}", property_gap.reason)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Check what only the suite files show; keep an orphaned golden's test for the tiers whose golden has it."""
        if self._faulty:
            raise pytest.UsageError("\n".join(str(fault) for _, fault in sorted(self._faulty.items())))
        for item in items:
            if SELECTED in item.stash:
                self._modules.setdefault(item.stash[SELECTED].suite, {})[getattr(item, "module", None)] = None
        for item in items:
            self._check(item)
        items[:] = [item for item in items if not self._is_superfluous(item)]
        measured = {item.stash[SELECTED].key for item in items if _is_of(item, "quality")}
        for item in items:
            if _is_of(item, "expected", "golden") and (model := item.stash[NEEDS][0]).swapped:
                allowed = model.row.budget.cases or model.row.accepted
                item.stash[COUNTED] = allowed is not None or item.stash[SELECTED].key in measured
        untouched = [item for item in items if self._is_untouched(item)]
        if untouched:
            items[:] = [item for item in items if not self._is_untouched(item)]
            untouched[0].config.hook.pytest_deselected(items=untouched)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a property that has a known gap on its counterexample alone: only that is strict.

        A candidate that passes it must keep the whole property. None runs on a model that cannot be loaded or answers
        nothing: hypothesis would search on, and one that expects a refusal would take this for it.
        """
        if SELECTED not in pyfuncitem.stash:
            return None
        model = pyfuncitem.stash[NEEDS][0]
        gap = model.row.property_gaps.get(pyfuncitem.stash[SELECTED].check)
        is_property = hasattr(pyfuncitem.obj, "hypothesis") and "model" in pyfuncitem.funcargs
        if is_property and gap:
            model.asked.load()  # raises
        elif is_property:
            model.check_answers()
        if gap is None:
            return None
        function = pyfuncitem.obj.hypothesis.inner_test
        fixtures = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        function(**fixtures, **gap.example)
        if not model.swapped:
            return True
        pyfuncitem.stash[GAP] = replace(pyfuncitem.stash[GAP], mended=True)
        return None

    def pytest_assertrepr_compare(self, left: object, right: object) -> list[str] | None:
        """Word a failed assert as its check does."""
        for side in (right, left):
            if isinstance(side, Expected | Golden | Cost | Quality) and side.message:
                return [plain(side.message)]
        return None

    def _has_siblings(self, suite: str) -> bool:
        """Return whether the task of a suite has others: then test ids name the suite."""
        known = self.plan.manifest.tasks
        return sum(task.family == known[suite].family for task in known.values()) > 1

    def _works(self, suite: str) -> list[Work]:
        if suite not in self._works_of:
            self._works_of[suite] = all_works(self.plan.models[suite, self.plan.tiers(suite)[0]].cases)
        return self._works_of[suite]

    def _cases(self, suites: Sequence[str], with_orphans: bool) -> list[Any]:
        models = [self.plan.models[suite, tier] for suite in suites for tier in self.plan.tiers(suite)]
        cases: dict[str, Any] = {case.id: case for model in models for case in model.cases.cases}
        if with_orphans:
            orphans = {case for model in models for case in self.plan.orphans(model)} - cases.keys()
            cases |= {case: Orphan(case) for case in sorted(orphans)}
        return [*cases.values()]

    def _is_suite(self, name: str) -> bool:
        """Return whether the models file has a suite of this name, or another one beside it."""
        return name in self.plan.manifest.tasks or name in suites_beside(self.plan.manifest.path)

    def _check(self, item: pytest.Item) -> None:
        """Raise UsageError for a task that does not exist, or a known gap of a property that the suite has not."""
        marks = marks_of(item)
        for name in marks.tasks:
            if name not in tasks():
                hint = _of_other(name, "suite") if self._is_suite(name) else nearest(name, tasks())
                raise pytest.UsageError(f"{item.path}: mark task({name!r}): unknown task{hint}")
        for name in marks.suites:
            if not self._is_suite(name):
                hint = _of_other(name, "task") if name in tasks() else nearest(name, self.plan.manifest.tasks)
                raise pytest.UsageError(f"{item.path}: mark suite({name!r}): unknown suite{hint}")
        known = all(name in self.plan.manifest.tasks for name in marks.suites)
        if marks.tasks and marks.suites and known and not marks.judged(self.plan.manifest):
            raise pytest.UsageError(
                f"{item.path}: {', '.join(marks.suites)} is no suite of {', '.join(marks.tasks)}; mend the marks task"
                " and suite, of which one is enough"
            )
        if not marks.tasks and not marks.suites and _lacks_row(item):
            example = next(iter(self.plan.manifest.tasks.values())).family
            raise pytest.UsageError(
                f"{item.path}: {item.name} asks for a model, but the file names no task; write in it:"
                f' pytestmark = pytest.mark.task("{example}"), or another task'
            )
        if NEEDS not in item.stash:
            return
        if _lacks(item, "benchmark") and not item.config.option.collectonly:
            raise pytest.UsageError(
                f"{item.name} needs the plugin benchmark, which is off; leave out -p no:benchmark, or leave out the"
                ' test: -m "not latency"'
            )
        model = item.stash[NEEDS][0]
        for name, gap in model.row.property_gaps.items():
            found = (getattr(module, f"test_{name}", None) for module in self._modules[model.suite])
            test = next((one for one in found if hasattr(one, "hypothesis")), None)
            commit = f"--against {self.plan.against[:12]}: " if self.plan.against else ""
            key = f"{commit}{self.plan.manifest.path}: {model.suite}.{model.tier}.property_gaps.{name}"
            if test is None:
                raise pytest.UsageError(f"{key}: {item.path} has no test_{name} with @given")
            given = set(inspect.signature(test.hypothesis.inner_test).parameters)
            given -= set(item.fixturenames)  # type: ignore[attr-defined]
            if given != set(gap.example) and item.name.startswith(f"test_{name}["):
                raise pytest.UsageError(
                    f"{key}.example: has {sorted(gap.example)}, test_{name} is given {sorted(given)}"
                )

    def _fix_examples(self, test: Callable[..., Any]) -> None:
        """Return a property one fixed set of examples, the same in every run: a verdict must not depend on luck.

        A profile that the project chose, or settings of the test's own, stay.
        """
        if not hasattr(test, "hypothesis") or test in self._fixed:
            return
        from hypothesis import settings
        from hypothesis.errors import InvalidArgument

        self._fixed.add(test)
        if settings.get_current_profile_name() in ("default", "ci"):
            with suppress(InvalidArgument):  # the test has settings of its own
                settings(
                    derandomize=True,
                    deadline=None,
                    database=None,
                    max_examples=EXAMPLES,
                    report_multiple_bugs=False,
                )(test)

    def _is_untouched(self, item: pytest.Item) -> bool:
        """Return whether only what changed is asked for, and this test's suite did not."""
        return (
            self.plan.changed is not None
            and SELECTED in item.stash
            and item.stash[SELECTED].suite not in self.plan.changed
        )

    def _is_superfluous(self, item: pytest.Item) -> bool:
        if SELECTED not in item.stash:  # of a task that the models file does not name: pytest would show a skip
            marks = marks_of(item)
            return bool(marks.tasks or marks.suites) and _lacks_row(item)
        selected = item.stash[SELECTED]
        if selected.check == "memory" and "memory" not in item.config.option.markexpr:
            return True  # it takes processes of its own: only where it is asked for
        if selected.check == "quality" and selected.suite not in self.plan.evaluations:
            return True
        if _is_not_measured(item):
            return True
        case = item.callspec.params.get("case")  # type: ignore[attr-defined]
        if not isinstance(case, Orphan):
            return False
        return "golden" not in item.fixturenames or case.id not in read_golden(item.stash[NEEDS][0].golden)  # type: ignore[attr-defined]


def _is_not_measured(item: pytest.Item) -> bool:
    """Return whether a backend has nothing of what a test judges, and no budget asks for that."""
    model, check = item.stash[NEEDS][0], item.stash[SELECTED].check
    what = PROPERTIES if hasattr(getattr(item, "function", None), "hypothesis") else check
    return what in model.unmeasured and not getattr(model.row.budget, check, None)


def _is_of(item: pytest.Item, *checks: str) -> bool:
    return SELECTED in item.stash and item.stash[SELECTED].check in checks


def _lacks(item: pytest.Item, fixture: str) -> bool:
    """Return whether a test, or a fixture that it uses, asks for a fixture that nothing gives it."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return fixture in getattr(item, "fixturenames", ()) and fixture not in params and fixture not in known


def _of_other(name: str, kind: str) -> str:
    """Word that a mark names what the other mark is for."""
    return f"; it is a {kind}, so write: pytest.mark.{kind}({toml_string(name)})"


def _lacks_row(item: pytest.Item) -> bool:
    """Return whether a test asks for suite and tier, and is given none."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return "row_key" in getattr(item, "fixturenames", ()) and "row_key" not in params


def marks_of(node: pytest.Item | pytest.Collector) -> Marks:
    """Return the tasks and suites that a test or module is marked with, of each kind by the closest mark."""
    names: dict[str, list[str]] = {"task": [], "suite": []}
    for mark in node.iter_markers():
        if mark.args and names.get(mark.name) == []:
            names[mark.name] = [str(name) for name in mark.args]
    return Marks(names["task"], names["suite"])
