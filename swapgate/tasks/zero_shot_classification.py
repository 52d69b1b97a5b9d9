"""Zero-shot classification: from texts to labels that the suite names, by models of natural language inference.

Scores are those of transformers' pipeline. Each candidate label is put into the template of a hypothesis, and the model
says whether the text entails it. One label: softmax of the entailments of all candidates. Several labels: softmax of
entailment and contradiction, for each candidate by itself (Yin et al. 2019).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, field_validator

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr
from swapgate.core.words import listed, quoted
from swapgate.outputs import classification, label_set
from swapgate.outputs.answered import OTHERS
from swapgate.outputs.classification import Classification, ranked
from swapgate.outputs.label_set import LabelSet
from swapgate.tasks import classes
from swapgate.tasks.classes import FIGURES, MULTI_LABEL_FIGURES, MultiLabelSettings
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.text_classification import TextCase, TextCaseOfLabels, read
from swapgate.tasks.texts import ENDLESS, READ_IN_PART, batches, parts, tokenized

SLOT = "{}"
"""What a template has in the place of the candidate."""
ENTAILMENT, CONTRADICTION = "entail", "contradict"
"""How the names of two classes begin, whatever their letters' case."""


def _template(template: str) -> str:
    if template.count(SLOT) != 1 or {*"{}"} & {*template.replace(SLOT, "")}:
        raise ValueError(f"must hold {SLOT} once, in the place of the candidate, and no other braces")
    return template


Template = Annotated[NonEmptyStr, AfterValidator(_template)]


class _Candidates(CutSettings):
    """What rows of one label and of several have alike."""

    hypothesis_template: Template = "This example is {}."
    """The sentence that a text entails or not, with {} in the place of a candidate: of the words that stand before =
    in `labels`, which are mapped to the labels of the cases."""

    @field_validator("labels")
    @classmethod
    def _are_asked(cls, labels: dict[str, str]) -> dict[str, str]:
        if OTHERS in labels:
            raise ValueError(f"a model is asked for each label by the words before its =, and {OTHERS} is none")
        return labels


class ZeroShotSettings(_Candidates):
    """The keys of a row of zero-shot classification."""

    @field_validator("labels")
    @classmethod
    def _are_several(cls, labels: dict[str, str]) -> dict[str, str]:
        if len({*labels.values()}) == 1:
            raise ValueError("a single label is always the best; name two or more")
        return labels


class MultiLabelZeroShotSettings(_Candidates, MultiLabelSettings):
    """The keys of a row of a suite with several labels."""


def places(names: Sequence[str]) -> tuple[int, int] | None:
    """Return which of a model's classes the pipeline takes for entailment and contradiction; None without the first."""
    entails = next((place for place, name in enumerate(names) if name.lower().startswith(ENTAILMENT)), None)
    return None if entails is None else (entails, 0 if entails else len(names) - 1)


def _checks(several: bool) -> Callable[[Mapping[str, Any]], str]:
    """Return a check that a model's config.json names an entailment, and with several labels also a contradiction."""

    def check(config: Mapping[str, Any]) -> str:
        try:
            names = classes.label_names(config)
        except SurroundingsFault as fault:
            return str(fault)
        found = places(names)
        if found is None or len(names) < 2:
            return (
                f"its config.json names no entailment among its classes ({listed(names)}); give a model"
                " of natural language inference"
            )
        other = config.get("label2id")
        if isinstance(other, dict) and any(other.get(name, place) != place for place, name in enumerate(names)):
            return "id2label and label2id of its config.json contradict each other; save the model again"
        elsewhere = [name for name in names if name.lower().startswith(CONTRADICTION)]
        if several and elsewhere and names[found[1]] not in elsewhere:
            return (
                f"transformers' pipeline takes its class {found[1]}, {quoted(names[found[1]])}, for the contradiction,"
                f" and that is {quoted(elsewhere[0])}; give a model whose contradiction is its first or last class"
            )
        return ""

    return check


def predict(loaded: Loaded, texts: Sequence[str], row: Any) -> Sequence[Classification | LabelSet | ModelFault]:
    """Label each text by the candidates of the row; pairs of text and hypothesis go through the model in batches.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is empty or
    longer than the model can read beside a hypothesis; with `long` in the row it is read as far as the model can.
    """
    import torch

    if not all(map(str.strip, texts)):
        raise SurroundingsFault("a text is empty, so there is nothing to judge; give the case a text")
    if not row.labels:
        raise SurroundingsFault("nothing says for which labels it is asked; name them: labels = { … }")
    hypotheses = [row.hypothesis_template.format(words) for words in row.labels]
    pairs = [(text, hypothesis) for text in texts for hypothesis in hypotheses]
    logits = torch.cat([_logits(loaded, part, row) for part in batches(loaded, pairs)])
    names = classes.loaded_names(loaded.model, logits.shape[-1])
    found = places(names)
    if found is None:
        raise SurroundingsFault(_checks(False)({"id2label": loaded.model.config.id2label}))
    return [_of_text(table, found, row) for table in logits.unflatten(0, (len(texts), len(hypotheses)))]


def _logits(loaded: Loaded, pairs: Sequence[tuple[str, str]], row: Any) -> Any:
    """Return what the model says of pairs: a tensor of shape (pairs, classes)."""
    import torch

    texts, hypotheses = zip(*pairs, strict=True)
    batch = tokenized(loaded, texts, row.long, text_pair=[*hypotheses])
    with torch.inference_mode():
        return torch.cat([loaded.model(**loaded.placed(part)).logits.float().cpu() for part in parts({**batch})])


def _of_text(table: Any, found: tuple[int, int], row: Any) -> Classification | LabelSet | ModelFault:
    """Return the labels of a text of the logits of its hypotheses, a tensor of shape (candidates, classes)."""
    import torch

    broken = int((~torch.isfinite(table)).any(dim=-1).sum())
    if broken:
        return ModelFault(f"{broken} of {len(table)} candidates have a score that is NaN or infinite")
    entails, contradicts = found
    if isinstance(row, MultiLabelSettings):
        chances = table[:, [contradicts, entails]].softmax(dim=-1)[:, 1].tolist()
        return label_set.label_set(chances, [*row.labels], row.label_map, row.counted_from, row.tolerance.tie)
    return ranked(table[:, entails].softmax(dim=-1).tolist(), [*row.labels], row.label_map)


def left_out(loaded: Loaded, texts: Sequence[str], row: Any) -> list[str]:
    """Tell of each text what is done with it because it is longer than the model reads beside a hypothesis."""
    limit = loaded.most_tokens
    if row.long not in READ_IN_PART or not texts or limit > ENDLESS:
        return [""] * len(texts)
    longest = max(
        (row.hypothesis_template.format(words) for words in row.labels), key=lambda one: _length(loaded, "", one)
    )
    words = f"cut to {limit:,} tokens with their hypothesis"
    return [words if _length(loaded, text, longest) > limit else "" for text in texts]


def _length(loaded: Loaded, text: str, hypothesis: str) -> int:
    return len(loaded.reader(text, hypothesis, verbose=False)["input_ids"])


def served(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for the scores of all candidates."""
    return "zero_shot_classification", {
        "text": text,
        "candidate_labels": [*row.labels],
        "multi_label": isinstance(row, MultiLabelSettings),
        "hypothesis_template": row.hypothesis_template,
    }


SINGLE = Task(
    name="zero-shot-classification",
    output=classification.OUTPUT,
    case=TextCase,
    read=read,
    predict=predict,
    auto_class="AutoModelForSequenceClassification",
    figures=FIGURES,
    settings=ZeroShotSettings,
    judging_keys=frozenset({"long"}),
    label_names=lambda config: None,
    check_config=_checks(several=False),
    left_out=left_out,
    served=served,
    as_right=lambda said: said.scores[0].label,
)
TASK = replace(
    SINGLE,
    multi_label=replace(
        SINGLE,
        name=f"multi-label-{SINGLE.name}",
        base=SINGLE.name,
        output=label_set.OUTPUT,
        figures=MULTI_LABEL_FIGURES,
        case=TextCaseOfLabels,
        settings=MultiLabelZeroShotSettings,
        check_config=_checks(several=True),
        as_right=lambda said: [score.label for score in said.counted],
    ),
)
