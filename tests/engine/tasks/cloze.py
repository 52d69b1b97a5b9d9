"""Cloze: which word fills the gap of a sentence, by masked language models."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import InputFault, ModelFault
from swapgate.core.tables import NonEmptyStr
from swapgate.outputs import classification
from swapgate.outputs.classification import Classification, ranked
from swapgate.tasks.case import Case, Files, Labelled
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import tokenized

GAP = "___"


class ClozeSettings(Settings):
    """The keys of a row of cloze."""

    capitals: bool = True
    """Whether words that differ in capitals alone are different ones."""


class ClozeCase(Labelled):
    """A sentence and the word that is missing."""

    sentence: NonEmptyStr
    """With ___ where the word is missing."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where no word is missing, or several are."""
    if row.sentence.count(GAP) != 1:
        raise InputFault(f"{where}: sentence = {row.sentence!r} has not one gap; write {GAP} where a word is missing")
    return Case(row.id, row.sentence, tuple(row.expected))


def predict(loaded: Loaded, sentences: Sequence[str], row: ClozeSettings) -> list[Classification | ModelFault]:
    """Fill the gap of each sentence in one batch."""
    import torch

    batch = tokenized(loaded, [sentence.replace(GAP, loaded.reader.mask_token) for sentence in sentences])
    with torch.inference_mode():
        logits = loaded.model(**loaded.placed(batch)).logits.float().cpu()
    words = loaded.reader.convert_ids_to_tokens(range(logits.shape[-1]))
    names = words if row.capitals else [word.lower() for word in words]
    found: list[Classification | ModelFault] = []
    for ids, scores in zip(batch["input_ids"].tolist(), logits, strict=True):
        chances = scores[ids.index(loaded.reader.mask_token_id)].softmax(dim=-1)
        if torch.isfinite(chances).all():
            found.append(ranked(chances.tolist(), names, dict(zip(names, names, strict=True))))
        else:
            found.append(ModelFault("the scores of the gap are NaN or infinite"))
    return found


TASK = Task(
    name="cloze",
    output=classification.OUTPUT,
    case=ClozeCase,
    read=read,
    predict=predict,
    auto_class="AutoModelForMaskedLM",
    figures=("accuracy", "top-3", "top-5"),
    settings=ClozeSettings,
)
