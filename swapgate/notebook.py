"""From Python, as in a notebook: `judge` gives the verdicts of a run, `compare` the paired figures of two models.

All else is imported where it is used, for each run of pytest imports this module.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swapgate.statistics.comparison import Comparison
    from swapgate.statistics.tally import Tally
    from swapgate.tasks.task import Task
    from swapgate.trials.running import Model
    from swapgate.verdicts.facts import Report

JUDGED = (0, 1, 7)
"""Exit statuses of pytest with which there are verdicts."""
SUITE, CANDIDATE, REFERENCE = "compared", "a", "b"
ROWS = "rows.jsonl"
"""The file that rows are written into for a while."""


def judge(
    select: str = "",
    *,
    marks: str = "",
    swap: Mapping[str, str | Path] | None = None,
    eval_set: Mapping[str, str | Path] | None = None,
    against: str | None = None,
    models: str | Path | None = None,
    root: str | Path = ".",
    options: Sequence[str] = (),
) -> "Report":
    """Run pytest in a project, and return the verdicts: what the verdict JSON of that run holds.

    `select` and `marks` are pytest's -k and -m. `swap` maps SUITE.TIER to the model that takes its place, `eval_set` a
    suite to its evaluation set; `against` is a git commit, `models` a models file, all as on the command line, where
    paths begin at `root`, the project's folder. `options` are further ones.

    A notebook shows the verdicts as a page. Raises InputFault where the run ends without any, with what pytest says.
    """
    from swapgate.core.faults import InputFault
    from swapgate.verdicts.facts import read_report

    _check(("select", select, str), ("marks", marks, str), ("root", root, str | Path))
    _check(("swap", swap, Mapping | None), ("eval_set", eval_set, Mapping | None), ("against", against, str | None))
    _check(("models", models, str | Path | None), ("options", options, list | tuple))
    with tempfile.TemporaryDirectory(prefix="swapgate-") as folder:
        path = Path(folder, "verdict.json")
        asked = [f"--verdict-json={path}", *map(str, options)]
        asked += [f"--swap={tier}={model}" for tier, model in (swap or {}).items()]
        asked += [f"--eval-set={suite}={rows}" for suite, rows in (eval_set or {}).items()]
        asked += [f"--against={against}"] if against else []
        asked += [f"--models={models}"] if models else []
        asked += ["-k", select] if select else []
        asked += ["-m", marks] if marks else []
        command = [sys.executable, "-m", "pytest", "-q", *asked]
        try:
            run = subprocess.run(command, cwd=root, capture_output=True, text=True)  # noqa: S603 - no shell reads it
        except (OSError, ValueError) as error:
            words = f"pytest cannot be run there ({error}); give a project's folder"
            raise InputFault(f"root = {str(root)!r}: {words}") from error
        if run.returncode not in JUDGED or not path.is_file():
            said = [line for line in (run.stderr or run.stdout).splitlines() if line.strip()]
            raise InputFault(f"pytest ended with exit status {run.returncode}: {' · '.join(said[-3:])}")
        return read_report(path)


def compare(
    a: str | Path,
    b: str | Path,
    rows: str | Path | Iterable[Mapping[str, Any]],
    *,
    task: str,
    metric: str | None = None,
    margin: float = 0.02,
    labels: Mapping[str, str] | None = None,
) -> "Comparison":
    """Ask two models the same rows, and return the paired figures: those of `a` beside those of `b`.

    A model is a folder, the id of a public model that was fetched, or what another backend reads. `rows` are the file
    of an evaluation set, or its rows: dicts with the keys of a case of the `task`. `metric` is one of the task's
    figures, the first where it is not said; `margin` is how much worse `a` may be (absolute, in (0, 1)), by which
    `decision` is PASS, FAIL or too few rows. `labels` maps names of the models' labels to those of the rows; others
    keep their names.

    The figures are in the unit of the metric; `low` and `high` are one-sided 95 % bounds of the difference (Tango 1998
    for shares of rows, else the Bayesian bootstrap). Raises InputFault where something is not as it should be,
    SurroundingsFault and AbsentFault where a model cannot be loaded, ModelFault where one fails on a row.
    """
    from swapgate.core.extras import lack
    from swapgate.core.faults import Fault, InputFault
    from swapgate.core.words import nearest
    from swapgate.models.loading import TRANSFORMERS
    from swapgate.outputs.counts import RIGHT
    from swapgate.project.evaluation import find_set
    from swapgate.statistics.comparison import compare_figure
    from swapgate.tasks import tasks
    from swapgate.trials.checking import check_model, given_labels
    from swapgate.trials.evaluating import tally_of

    _check(("a", a, str | Path), ("b", b, str | Path), ("task", task, str), ("metric", metric, str | None))
    _check(("margin", margin, int | float), ("labels", labels, Mapping | None))
    if task not in tasks():
        raise InputFault(f"task {task!r}: unknown task{nearest(task, tasks())}")
    kind = tasks()[task]
    figure = metric or kind.figures[0]
    if figure not in (*kind.figures, RIGHT):
        raise InputFault(f"metric {figure!r} is no figure of {kind.name}{nearest(figure, [*kind.figures, RIGHT])}")
    if words := lack(kind.extras):
        raise InputFault(f"task {task!r} {words}")
    if not 0 < margin < 1:
        raise InputFault(f"margin = {margin}: must be above 0 and below 1, as 0.02 for two points")
    with tempfile.TemporaryDirectory(prefix="swapgate-") as folder, _naming(Path(folder, ROWS), "rows"):
        path = Path(rows).expanduser().absolute() if isinstance(rows, str | Path) else _written(rows, Path(folder))
        both = [_model(tier, model, kind, labels or {}, path) for tier, model in ((CANDIDATE, a), (REFERENCE, b))]
        for model in both:
            check_model(model)
        _check_labels(both, labels or {})
        known = [given_labels(model) for model in both] if kind.label_names else [None]
        one = find_set(
            path, kind, frozenset() if None in known else frozenset().union(*(found or () for found in known))
        )

        def tally(model: "Model") -> "Tally":
            try:
                return tally_of(model, one)
            except Fault as fault:
                raise fault.behind(f"{model.source.name}: ") from fault
            finally:
                model.release()

        ours, theirs = map(tally, both)
        one_name = both[0].source.name == both[1].source.name  # else functions of one file, whose digest is the same
        if (one_name or both[0].source.backend == TRANSFORMERS) and both[0].source.digest == both[1].source.digest:
            warnings.warn(f"a and b are one model: {both[0].source.name}", stacklevel=2)
        return compare_figure(ours, theirs, metric or ours.headline or figure, margin)


def _check(*given: tuple[str, object, Any]) -> None:
    """Make sure that arguments are of their types. Raises InputFault that names the first that is not."""
    from swapgate.core.faults import InputFault

    for name, value, kind in given:
        if not isinstance(value, kind):
            one_of = getattr(kind, "__args__", (kind,))
            words = " or ".join(one.__name__.replace("NoneType", "None") for one in one_of)
            raise InputFault(f"{name} = {value!r}: must be {words}")


@contextmanager
def _naming(path: Path, words: str) -> Iterator[None]:
    """Name a file that is gone when a message is read by what is in it."""
    from swapgate.core.faults import Fault

    try:
        yield
    except Fault as fault:
        raise type(fault)(*(str(line).replace(str(path), words) for line in fault.args)) from fault


def _check_labels(models: "Sequence[Model]", labels: Mapping[str, str]) -> None:
    """Make sure that one of the models has each label that is mapped. Raises InputFault."""
    from swapgate.core.faults import InputFault
    from swapgate.core.words import nearest
    from swapgate.outputs.answered import OTHERS

    keys = {OTHERS}
    for model in models:
        names = model.source.class_names(model.task) if model.task.label_names else None
        if names is None:
            return  # what such a model may say is not known before it is asked
        keys |= {*names, *model.source.row.label_keys(names)}
    for key in labels:
        if key not in keys:
            raise InputFault(f"labels: neither model has a label {key!r}{nearest(key, keys)}")


def _written(rows: Iterable[Mapping[str, Any]], folder: Path) -> Path:
    """Write rows into a file, those of sounds and pictures with whole paths. Raises InputFault."""
    from swapgate.core.faults import InputFault
    from swapgate.project.foreign.shaping import FILES

    path = folder / ROWS
    try:
        lines = [
            json.dumps({key: str(Path(one).absolute()) if key in FILES else one for key, one in row.items()})
            for row in rows
        ]
    except (AttributeError, TypeError, ValueError) as error:
        raise InputFault(f"rows: each must be a dict that JSON can hold ({error})") from error
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _model(tier: str, name: str | Path, task: "Task", labels: Mapping[str, str], rows: Path) -> "Model":
    """Return a model that is asked alone. Raises InputFault where there is none."""
    from swapgate.backends import find
    from swapgate.core.faults import InputFault
    from swapgate.core.tables import validated
    from swapgate.outputs.answered import OTHERS
    from swapgate.project.cases import Cases
    from swapgate.project.manifest import Row, row_type
    from swapgate.tasks.case import Case
    from swapgate.trials.running import Model

    here = Path.cwd()
    if not str(name).strip() or "\0" in str(name):
        raise InputFault(f"{tier} = {str(name)!r}: name a model: a folder, the id of a public model, or a function")
    folder, _, revision = str(name).partition("@")
    keys = (
        {"model": str(name)} if (here / str(name)).exists() or not revision else {"model": folder, "revision": revision}
    )
    source = find(validated(Row, keys, Path(f"{tier} = {str(name)!r}")), here, here, "labels")
    if source.absent:
        raise InputFault(source.absent)
    others = {} if task.asks_for_labels else {OTHERS: OTHERS}
    row = {**keys, "labels": {**others, **labels}} if task.label_names else keys
    source = find(validated(row_type(task), row, Path(name)), here, here, "labels")
    nothing = Cases(rows, (), Case("none", "", None))
    return Model(SUITE, tier, task, source, source, nothing, rows.with_name(f"{tier}.json"))
