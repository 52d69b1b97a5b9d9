"""Whether a model is the one that is meant: a swap took place, its labels are mapped, its settings are the row's."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from swapgate.backends import backend_of
from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.core.words import listed, quoted
from swapgate.goldens.golden import read_golden
from swapgate.models.digest import file_digests
from swapgate.models.loading import TRANSFORMERS, Source, fingerprint, generation_config
from swapgate.models.purpose import of_another_task
from swapgate.outputs.answered import OTHERS
from swapgate.outputs.prediction import to_json
from swapgate.tasks.settings import BLANK, MANY, label_line
from swapgate.tasks.task import Task, architectures
from swapgate.trials.running import Model

WEIGHTS = (".safetensors", ".bin")
"""How the names of files end that hold weights."""


def check_model(model: Model) -> None:
    """Make sure that a verdict on this model is one on these weights, before anything is loaded.

    Raises ModelFault for a candidate that is the incumbent, SurroundingsFault for unknown labels or broken files.
    """
    digest = model.source.digest  # also where nothing is swapped: files that cannot be read have no verdict
    for source in (model.source, model.incumbent) if model.swapped and not model.incumbent.gone else (model.source,):
        _check_accepted(model, source)
    if model.swapped and digest == model.replaced_digest:
        raise ModelFault(
            f"{model.name}: this swap did not take place: {model.source.name} holds the same weights and settings as"
            f" the incumbent {model.incumbent.name} (digest {model.source.digest[:12]}{_saved_again(model)}); name"
            f" the model you meant in --swap {model.suite}.{model.tier}=MODEL"
        )
    if model.source.row.variant and model.source.weights_digest == model.source.files_digest:
        raise ModelFault(
            f"{model.name}: this variant did not take place: {model.source.row.variant} changes nothing of"
            f" {model.source.base.name}; name another one, or judge the model without it"
        )
    asked = extra_settings(model)
    if asked:
        raise ModelFault(
            f"{model.name}: {model.source.name} itself asks for {', '.join(asked)}, which {model.incumbent.name} does"
            " not and the judge leaves out: as it is it would write other texts; take it out, or where it is served"
            f' as it is judged say decoding = "greedy" in [{model.suite}.{model.tier}]'
        )
    wrong_kind = model.task.check_config(model.source.config) if model.source.has_config else ""
    if wrong_kind:
        raise SurroundingsFault(f"{model.name}: {model.source.name}: {wrong_kind}")
    _check_labels(model)


def _check_labels(model: Model) -> None:
    """Make sure that the row maps each label of the model. Raises SurroundingsFault with the line to write."""
    row = model.source.row
    try:
        names = model.source.class_names(model.task)
        if names is None:
            return
        keys, strange = sorted({*row.label_keys(names)}), row.strange_numbers(names)
    except SurroundingsFault as fault:
        raise fault.behind(f"{model.name}: {model.source.name}: ") from fault
    if strange:
        raise SurroundingsFault(
            f"{model.name}: {model.source.name} has {len(names)} classes (0 to {len(names) - 1}: {listed(names)}),"
            f" and labels in {model.source.row_of} names others: {listed(strange)}; take these out, or write the"
            " numbers that you meant"
        )
    _check_numbers(model, names)
    _check_shared(model)
    unknown = [key for key in keys if key not in row.label_map]
    if not unknown:
        return
    kinds = architectures(model.source.config)
    kind = f" (a {kinds[0]})" if kinds else ""
    if words := of_another_task(model.source, model.task):
        raise SurroundingsFault(f"{model.name}: {model.source.name}{words}")
    known = {key: row.labels[key] for key in keys if key in row.labels}
    guesses = {key: key if key in row.labels.values() else BLANK for key in unknown}
    line = label_line((known if len(known) <= MANY else {}) | ({OTHERS: OTHERS} if len(unknown) > MANY else guesses))
    where = model.source.row_of if len(known) <= MANY else f"{model.source.row_of}, beside what labels has there"
    none = (
        ""
        if known or len(row.labels) <= MANY
        else f", and it has none of the {len(row.labels):,} there, such as {_some(row.labels)}"
    )
    raise SurroundingsFault(
        f"{model.name}: {model.source.name}{kind} has labels that the row's label map does not know:"
        f" {listed(unknown, MANY)}{none}{row.advice(names)}; write in {where}: {line}"
    )


def _check_shared(model: Model) -> None:
    """Make sure that a candidate has any label of its incumbent's, by their maps, where all labels may keep their
    names: else no answer of it can be right. Raises SurroundingsFault.
    """
    if not model.swapped or OTHERS not in model.source.row.labels or model.incumbent.gone:
        return
    ours, theirs = given_labels(model), set[str]()
    with suppress(SurroundingsFault):  # whoever asks the incumbent is told
        theirs = given_labels(model, model.incumbent) or set()
    if not ours or not theirs or ours & theirs:
        return
    raise SurroundingsFault(
        f"{model.name}: {model.source.name} knows none of the {len(theirs):,} labels of {model.incumbent.name}, such as"
        f" {_some(theirs)}; it says {_some(ours)}; name a model of the same labels, or map them in a row of its own:"
        f" --swap {model.suite}.{model.tier}=FILE.toml"
    )


def _some(labels: Collection[str]) -> str:
    return ", ".join(quoted(label) for label in sorted(labels)[:3])


def _check_numbers(model: Model, names: Sequence[str]) -> None:
    """Make sure that a candidate's classes are its incumbent's where the same map names them by number.

    Raises SurroundingsFault with the line to write.
    """
    row, before = model.source.row, []
    if not model.swapped or row.labels != model.incumbent.row.labels:
        return
    with suppress(SurroundingsFault):  # its files may be gone, and then its names are not known
        before = (model.incumbent.class_names(model.task) if not model.incumbent.gone else None) or []
    found = row.renamed(names, before)
    if not found:
        return
    first, more = found[0], f" ({len(found)} classes have other names)" if len(found) > 1 else ""
    own = {OTHERS: OTHERS} if len(names) > MANY else {one: one if one in row.given else BLANK for one in names}
    then = f", which {model.incumbent.name} calls {quoted(before[first])}" if first < len(before) else ""
    raise SurroundingsFault(
        f"{model.name}: {model.source.name} calls class {first} {quoted(names[first])}{then}, and labels maps it by"
        f" number to {quoted(row.labels[str(first)])}{more}; give the candidate a row of its own that maps its"
        f" names: {label_line(own)}"
    )


def given_labels(model: Model, whose: Source | None = None) -> set[str] | None:
    """The labels of cases that it can give, or another source can: by its row, and where others keep their names by its
    config.json.

    None where only its answers tell them.

    Raises SurroundingsFault where that cannot be read.
    """
    source = whose or model.source
    row = source.row
    if OTHERS not in row.labels or not model.task.label_names:
        return row.given
    names = source.class_names(model.task)
    return None if names is None else {row.label_map[key] for key in row.label_keys(names)}


def replaced_settings(model: Model) -> list[str]:
    """What its own settings of generation ask for and the judge replaces. Raises SurroundingsFault."""
    return _replaced(model, model.source)


def extra_settings(model: Model) -> list[str]:
    """Those of a candidate that its incumbent, were it asked by the same row, would not ask for."""
    if not model.swapped or model.incumbent.gone:
        return []
    theirs = _replaced(model, model.incumbent)
    return [setting for setting in replaced_settings(model) if setting not in theirs]


def _replaced(model: Model, source: Source) -> list[str]:
    replaced = model.task.replaced if source.has_config else None
    return replaced(source.config, generation_config(source), model.asked.row()) if replaced else []


def _saved_again(model: Model) -> str:
    """Return in words which files of a candidate differ from its incumbent's in nothing that the digest counts."""
    if model.incumbent.gone or model.source.identify or model.incumbent.identify:
        return ""
    ours, theirs = (file_digests(source.folder) for source in (model.source, model.incumbent))
    differ = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    more = ", …" if len(differ) > 3 else ""
    return f"; {', '.join(differ[:3])}{more} differ, but in nothing that counts" if differ else ""


def _check_accepted(model: Model, source: Source) -> None:
    """Make sure that a public model holds what the golden says of its commit. Raises SurroundingsFault."""
    for made_by in {id(entry.made_by): entry.made_by for entry in read_golden(model.golden).values()}.values():
        same = source.commit is not None and made_by.revision == source.commit
        if (
            same
            and made_by.model.startswith(f"{source.row.model}@")
            and made_by.files not in (None, source.files_digest)
        ):
            raise SurroundingsFault(
                f"{model.name}: the files of {source.name} are not those that were accepted, and those of a commit"
                f" never change: fetch them again with: swapgate fetch {source.fetch}"
            )


def is_same_model(model: Model) -> bool:
    """Return whether a candidate loads as the very model that its incumbent is, whatever their files say, and is asked
    in the same way.

    Raises SurroundingsFault where one cannot be loaded.
    """
    sources = (model.source, model.incumbent)
    if {source.backend for source in sources} != {TRANSFORMERS}:
        return False  # digests tell of others what can be told
    one, other = (_asked(model.task, source) for source in sources)
    if one != other:
        return False
    ours, theirs = (fingerprint(backend_of(source).load(model.task, source), type(source.row)) for source in sources)
    return ours == theirs


def exchanged_labels(model: Model) -> str:
    """Return in words that a candidate has the very weight files of its incumbent and calls its classes by each other's
    names; empty where it does not. Raises SurroundingsFault where its files cannot be read.
    """
    sources = (model.incumbent, model.source)
    if {source.backend for source in sources} != {TRANSFORMERS} or not model.swapped or model.incumbent.gone:
        return ""
    then, now = (source.class_names(model.task) or [] for source in sources)
    if sorted(then) != sorted(now) or then == now:
        return ""
    one, other = (
        {name: digest for name, digest in file_digests(source.folder).items() if name.endswith(WEIGHTS)}
        for source in sources
    )
    if not one or one != other or any(source.row.variant for source in sources):
        return ""
    places = [place for place, (before, after) in enumerate(zip(then, now, strict=True)) if before != after]
    first = f"class {places[0]} is {quoted(now[places[0]])} and was {quoted(then[places[0]])}"
    return (
        f"{model.name}: {model.source.name} has the very weights of {model.incumbent.name} with label names exchanged:"
        f" {first} ({len(places)} classes have another's name); see which config.json is right"
    )


def _asked(task: Task, source: Source) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return how a row has a model asked: the settings that change an answer, and what becomes of its labels.

    Raises SurroundingsFault where its config.json cannot be read.
    """
    row = source.row
    names = source.class_names(task)
    if names is None:
        return row.settings, row.labels
    keys = row.label_keys(names)
    return row.settings, {key: row.label_map[key] for key in keys if key in row.label_map}


def answers_alike(model: Model, incumbent: Model) -> bool:
    """Return whether two models say the same of all cases, to the digits that goldens have. Raises Fault."""
    cases = [case for case in model.cases.cases if case.is_here]
    return all(to_json(model.prediction(case)) == to_json(incumbent.prediction(case)) for case in cases)
