"""One module a task: from inputs to predictions. Each gives `label_names`, `load` and `predict`."""

from types import ModuleType

from swapgate.tasks import ner

TASKS: dict[str, ModuleType] = {"ner": ner}
