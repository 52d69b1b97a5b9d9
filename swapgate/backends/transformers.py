"""From a row to a model that transformers loads, with what makes its inputs."""

from swapgate.models import loading
from swapgate.models.loading import Source
from swapgate.tasks.task import Loaded, Task

BY_FILES = True
"""Whether the files of a model tell all of what it says, so that answers to rows of evaluation sets may be kept."""


def load(task: Task, source: Source) -> Loaded:
    """Load a model for a task. Raises SurroundingsFault where that cannot be done, or it lacks what the task needs."""
    auto_class = task.auto_class_of(source.name, source.config)
    loaded = loading.load(source, auto_class, task.reader_class)
    task.check_loaded(source.name, loaded)
    return loaded
