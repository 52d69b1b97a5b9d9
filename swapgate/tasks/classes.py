"""What the tasks that name classes share: from a model's scores to the labels of the cases."""

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from swapgate.faults import ModelFault, SurroundingsFault
from swapgate.loading import Loaded
from swapgate.manifest import Row
from swapgate.predictions import TOP, Classification, Score


def label_names(config: Mapping[str, Any]) -> list[str]:
    """Give the class names of a model's config.json.

    Raises SurroundingsFault where its label table is none.
    """
    names = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})  # what transformers makes of a config without
    if not isinstance(names, dict):
        raise SurroundingsFault("id2label in config.json is no table from number to label; save the model again")
    return sorted({str(name) for name in names.values()})


def classified(loaded: Loaded, batch: Mapping[str, Any], row: Row) -> list[Classification | ModelFault]:
    """Give what the model says of each input of a batch, the tensors by name that its reader made.

    `row` maps the model's names to the cases'. An input whose scores are not finite gets a ModelFault in its
    place.
    """
    import torch

    model = loaded.model
    with torch.inference_mode():
        logits = model(**loaded.placed(batch)).logits.float().cpu()
    names = [model.config.id2label[number] for number in range(logits.shape[-1])]
    given: list[Classification | ModelFault] = []
    for scores, probabilities in zip(logits, logits.softmax(dim=-1).tolist(), strict=True):
        broken = int((~torch.isfinite(scores)).sum())
        if broken:
            given.append(ModelFault(f"{broken} of {len(names)} classes have a score that is NaN or infinite"))
        else:
            given.append(ranked(probabilities, names, row.label_map))
    return given


def ranked(probabilities: Sequence[float], names: Sequence[str], labels: Mapping[str, str]) -> Classification:
    """Give the best `TOP` labels of one input, best first, and in the order of their names where scores are equal.

    `names` are the model's, one a probability; `labels` maps them to the cases', whose probabilities are added up.
    Raises KeyError where a name is not mapped, ValueError where there are not as many names as probabilities.
    """
    parts: dict[str, list[float]] = {}
    for name, probability in zip(names, probabilities, strict=True):
        parts.setdefault(labels[name], []).append(probability)
    sums = {label: min(fsum(found), 1.0) for label, found in parts.items()}  # rounding can make a sum exceed 1
    order = sorted(sums, key=lambda label: (-sums[label], label))
    rest = fsum(sums[label] for label in order[TOP:])
    return Classification(tuple(Score(label, sums[label]) for label in order[:TOP]), max(rest, 0.0))
