"""What the tasks that name classes share: from a model's scores to the labels of the cases."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.words import first_line, listed
from swapgate.outputs import label_set
from swapgate.outputs.answered import OTHERS
from swapgate.outputs.classification import Classification, ranked
from swapgate.outputs.counts import BRIER, LOG_LOSS
from swapgate.outputs.label_set import LabelSet
from swapgate.tasks.case import CaseShape
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded, Task

FIGURES = ("accuracy", "top-3", "top-5", "macro F1", BRIER, LOG_LOSS)
MULTI_LABEL_FIGURES = ("micro F1", "macro F1", "exact match")
THRESHOLD = 0.5
"""The score from which one of several labels counts where the row does not say."""
MOST_LABELS = 1_000
"""For how many a server is asked where it is not known how many there are."""
SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"
"""How transformers names the kinds of heads in config.json (problem_type)."""


class MultiLabelSettings(Settings):
    """The keys of a row of a suite with several labels."""

    threshold: float | None = Field(None, gt=0, lt=1)
    """The score from which a label counts; 0.5 where it is not set. In the suite's table: that of all its rows."""

    @property
    def counted_from(self) -> float:
        """The score from which a label counts."""
        return THRESHOLD if self.threshold is None else self.threshold


def label_names(config: Mapping[str, Any]) -> list[str]:
    """Return the names of a model's classes by number, of its config.json: the first is that of the first score.

    Raises SurroundingsFault where its table has not one name for each class.
    """
    table, count = config.get("id2label"), config.get("num_labels")
    if "pretrained_cfg" in config or config.get("model_type") == "timm_wrapper":
        count = config.get("num_classes", count)
        table = _of_timm(config) if table is None else table
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        raise _no_table(f"num_labels = {count!r} is no number of classes")
    if table is None:
        return [f"LABEL_{number}" for number in range(2 if count is None else count)]  # as transformers calls them
    if not isinstance(table, dict):
        raise _no_table("id2label is no table from number to label")
    try:
        names = {int(number): name for number, name in table.items()}
    except ValueError as error:
        raise _no_table(f"id2label has a key that is no number of a class ({error})") from error
    wrong = next((number for number in range(len(table)) if names.get(number) in (None, "")), None)
    if wrong is not None or not names:
        shown = listed(sorted(map(str, table), key=lambda number: (len(number), number)))
        raise _no_table(f"id2label has no label for class {wrong or 0} (it has {shown or 'none'})")
    strange = next((name for name in names.values() if not isinstance(name, str | int | float)), None)
    if strange is not None:
        raise _no_table(f"id2label has the label {str(strange)[:40]}, which is no text")
    if count is not None and count != len(names):
        raise _no_table(f"id2label has {len(names)} labels and num_labels = {count}")
    return [str(names[number]) for number in range(len(names))]


def loaded_names(model: Any, count: int) -> list[str]:
    """Return the names of a loaded model's classes by number. Raises SurroundingsFault where there are not `count`."""
    names = label_names({"id2label": model.config.id2label})
    if len(names) != count:
        raise _no_table(f"id2label has {len(names)} labels and the model gives {count} scores")
    return names


def _of_timm(config: Mapping[str, Any]) -> dict[int, Any]:
    """Return the table of a config.json as timm writes it. Raises SurroundingsFault."""
    names = config.get("label_names")
    if isinstance(names, list):
        return dict(enumerate(names))
    import transformers

    try:
        found: dict[int, Any] = transformers.TimmWrapperConfig.from_dict(copy.deepcopy(dict(config))).id2label
    except Exception as error:  # what timm is not there to tell, and whatever stands in its table
        raise _no_table(f"label_names, which timm would tell, are missing ({first_line(error)})") from error
    return found


def _no_table(why: str) -> SurroundingsFault:
    return SurroundingsFault(f"config.json: {why}; save the model again with a label for each class, from 0 on")


def all_labels(row: Settings) -> dict[str, Any]:
    """Return by which arguments a server is asked for all labels, each by itself where a suite has several of them."""
    own = {"function_to_apply": "sigmoid"} if isinstance(row, MultiLabelSettings) else {}
    return {"top_k": MOST_LABELS if OTHERS in row.labels else len(row.labels), **own}


def classifier(
    task: Task, several_labels: type[CaseShape], settings: type[MultiLabelSettings] = MultiLabelSettings
) -> Task:
    """Return a task whose models name one label of an input, or several where a suite says multi_label = true.

    `several_labels` is the table of a case there, `settings` has the keys of a row.
    """
    single = replace(
        task,
        label_names=label_names,
        check_config=_expects(SINGLE, MULTI, "write multi_label = true in its suite"),
        as_right=lambda said: said.scores[0].label,
    )
    several = replace(
        single,
        name=f"multi-label-{task.name}",
        base=task.name,
        aliases=(),
        output=label_set.OUTPUT,
        figures=MULTI_LABEL_FIGURES,
        case=several_labels,
        settings=settings,
        check_config=_expects(MULTI, SINGLE, "take multi_label = true out of its suite"),
        as_right=lambda said: [score.label for score in said.counted],
    )
    return replace(single, multi_label=several)


def classified(loaded: Loaded, batch: Mapping[str, Any], row: Settings) -> list[Classification | LabelSet | ModelFault]:
    """Return what the model says of each input of a batch, the tensors by name that its reader made.

    `row` maps the model's names to the cases'; with several labels each has a probability of its own. An input whose
    scores are not finite gets a ModelFault in its place.
    """
    import torch

    model = loaded.model
    with torch.inference_mode():
        logits = model(**loaded.placed(batch)).logits.float().cpu()
    names = row.label_keys(loaded_names(model, logits.shape[-1]))
    several = isinstance(row, MultiLabelSettings)
    probabilities = (logits.sigmoid() if several else logits.softmax(dim=-1)).tolist()
    given: list[Classification | LabelSet | ModelFault] = []
    for scores, chances in zip(logits, probabilities, strict=True):
        broken = int((~torch.isfinite(scores)).sum())
        if broken:
            given.append(ModelFault(f"{broken} of {len(names)} classes have a score that is NaN or infinite"))
        elif isinstance(row, MultiLabelSettings):
            given.append(label_set.label_set(chances, names, row.label_map, row.counted_from, row.tolerance.tie))
        else:
            given.append(ranked(chances, names, row.label_map))
    return given


def _expects(kind: str, other: str, advice: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a check that a model's config.json does not say that its head is of the other kind."""

    def check(config: Mapping[str, Any]) -> str:
        labels = config.get("id2label")
        logits = len(labels) if isinstance(labels, dict) and labels else config.get("num_labels")
        if kind == SINGLE and logits == 1:
            return (
                "it has a single logit, of which softmax makes 1.0000 whatever the input; give a model of two or more"
            )
        if kind == SINGLE and config.get("problem_type") == REGRESSION:
            return (
                f'its config.json says problem_type = "{REGRESSION}", and numbers that it was trained to tell are no'
                " scores of labels; give a model that was trained to tell labels apart, or mend that"
            )
        if config.get("problem_type") != other:
            return ""
        return f'its config.json says problem_type = "{other}", and its suite asks for {kind}; {advice}'

    return check
