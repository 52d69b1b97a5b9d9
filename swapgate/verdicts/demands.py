"""The checks that each tier of a change must have, by the plan: of the rows, cases, sets and suite files that judge."""

from collections import Counter
from collections.abc import Iterator, Sequence

from swapgate.backends.backend import PROPERTIES
from swapgate.project.manifest import MEASURED
from swapgate.trials.plan import Key, Plan
from swapgate.trials.running import Model
from swapgate.verdicts.verdict import Selected

SHOWN = 4
"""Checks that a message names."""


def demands(plan: Plan, memory: bool) -> Iterator[Selected]:
    """Yield the checks that tiers must have, also those that a change removes; of memory only where it is asked for."""
    gone = {key: model for key, model in plan.removed.items() if key in plan.doubts}
    for key, model in {**plan.models, **gone}.items():
        if plan.changed is None or key[0] in plan.changed or key in gone:
            yield from _of_tier(plan, key, model, memory)


def _of_tier(plan: Plan, key: Key, model: Model, memory: bool) -> Iterator[Selected]:
    for case in model.cases.cases:
        yield Selected(*key, "expected", case.id)
        yield Selected(*key, "golden", case.id)
    for name in MEASURED:
        if name == "quality" and key[0] not in plan.evaluations:
            continue
        if getattr(model.row.budget, name) and (memory or name != "memory"):
            yield Selected(*key, name)
    for name in plan.properties.get(key[0], ()) if PROPERTIES not in model.unmeasured else ():
        yield Selected(*key, name)


def missing_words(plan: Plan, key: Key, absent: Sequence[Selected], left_out: Sequence[Selected]) -> str:
    """Say which checks a tier must have and has not: those of no test, and those of which pytest left the test out."""
    commit = (plan.against or "")[:12]
    where = plan.suite_files.get(key[0], ["a suite file"])
    found, steps = [], []
    if absent:
        found.append(f"no test of {_named(absent)}")
        steps.append(f"let {', '.join(where)} have it as in swapgate.standard, called test_…")
    if left_out:
        found.append(f"left out by pytest's configuration or a conftest.py: {_named(left_out)}")
        steps.append("take that out there, or say on the command line what is to be left out (-m, -k)")
    return f"{'/'.join(key)}: {'; '.join(found)}, by which {commit} judges it; {'; '.join(steps)}"


def _named(checks: Sequence[Selected]) -> str:
    """Name checks, and of those of cases how many there are."""
    counts = Counter(one.check for one in checks)
    words = [f"{name} ({count} cases)" if count > 1 else name for name, count in counts.items()]
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")
