"""From a row to a model that transformers loads, with what makes its inputs."""

from swapgate.backends.backend import Backend, Place
from swapgate.core.faults import SurroundingsFault
from swapgate.models import loading
from swapgate.models.loading import TRANSFORMERS, Source
from swapgate.models.purpose import of_another_task
from swapgate.project.manifest import Row
from swapgate.tasks.task import Loaded, Task


def find(row: Row, place: Place) -> Source:
    """Find the folder of a row, or the public model. Raises InputFault where there is none."""
    return loading.find(row, *place)


def load(task: Task, source: Source) -> Loaded:
    """Load a model for a task. Raises SurroundingsFault where that cannot be done, or it lacks what the task needs."""
    try:
        auto_class = task.auto_class_of(source.name, source.config)
        loaded = loading.load(source, auto_class, task.reader_class)
        task.check_loaded(source.name, loaded)
    except SurroundingsFault as fault:
        if words := of_another_task(source, task):  # which is why it lacks what it lacks
            raise SurroundingsFault(f"{source.name}{words}") from fault
        raise
    return loaded


BACKEND = Backend(
    name=TRANSFORMERS,
    claims=lambda model, path: True,
    find=find,
    load=lambda task, source: load(task, source),
    by_files=True,
    threads=True,
    keys=frozenset({"allow_pickle", "device", "dtype", "revision", "variant"}),
)
