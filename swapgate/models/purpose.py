"""For which task a model is, by what its config.json says."""

from contextlib import suppress

from swapgate.core.faults import Fault
from swapgate.core.words import listed
from swapgate.models.loading import Source
from swapgate.tasks import tasks
from swapgate.tasks.task import Task, architectures


def guess_task(source: Source) -> str:
    """Tell by its config.json which task a model is for: the first that fits, and of these one that its settings name;
    nothing where it does not say so.
    """
    fit = [task for task in dict.fromkeys(tasks().values()) if is_for(source, task)]
    return next((task.name for task in fit if task.begin(source.config)), fit[0].name if fit else "")


def other_task(source: Source, task: Task) -> str:
    """Return for which other task a model is; nothing where it is for this one, or where that cannot be told."""
    return guess_task(source) if is_for(source, task) is False else ""


def of_another_task(source: Source, task: Task) -> str:
    """Word that a model is one for another task than its suite's, behind its name; nothing where it is not."""
    other, kind = other_task(source, task), listed(architectures(source.config))
    if not other:
        return ""
    return (
        f" (a {kind}) is for {other}, and this suite is one of {task.name}; name a model for that, or judge this one in"
        " a suite of its own"
    )


def is_for(source: Source, task: Task) -> bool | None:
    """Return whether the architectures that a model's config.json names are those of a task; None where that cannot be
    told, also of a task that takes the body of a model, whatever its head.
    """
    names = {*architectures(source.config)}
    if not names:
        return None

    import transformers

    with suppress(Fault, AttributeError):
        auto = getattr(transformers, task.auto_class_of(source.name, source.config))
        known = auto._model_mapping._model_mapping.get(source.config.get("model_type"), ())
        fits = bool(names & {*([known] if isinstance(known, str) else known)})
        return fits if fits or auto is not transformers.AutoModel else None
    return None
