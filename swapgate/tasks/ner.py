"""Named entity recognition: from texts to entities, by token classification."""

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import fsum
from typing import Any, Literal, NamedTuple

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import listed, toml_string
from swapgate.outputs import entities
from swapgate.outputs.answered import OTHERS
from swapgate.outputs.counts import BRIER, LOG_LOSS
from swapgate.outputs.entities import USUAL, Entities, Entity, Span
from swapgate.tasks import classes
from swapgate.tasks.case import Case, CaseShape, Files, Offset, check_stands
from swapgate.tasks.settings import BLANK, MANY, NAMELESS, WindowedSettings, label_line
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import MASK, batches, check_offsets, left_out, parts, sees_pads, tokenized

OUTSIDE = ""
"""The label of what is no entity."""
SHOWN = 3
"""Labels that a message shows."""
SCHEMES = {"IO": "I", "BIO": "BI", "BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}
"""Which letters say in the tags of a scheme where an entity begins and ends."""
BIOES = {"M": "I", "L": "E", "U": "S"}
"""Letters that mean the same in this scheme."""
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")
"""Letters of tags that begin an entity, and of those that end one."""
ROLES = "BEILMSU"
"""Letters of tags that say where in an entity a piece stands."""
WORDS = {
    **dict.fromkeys(("B", "BEG", "BEGIN", "BEGINNING", "FIRST", "START", "STARTING"), "B"),
    **dict.fromkeys(("I", "IN", "INS", "INSIDE", "INNER", "INT", "INTERMEDIATE", "NEXT"), "I"),
    **dict.fromkeys(("CONT", "CONTINUATION", "CONTINUE", "CONTINUED", "CONTINUING"), "I"),
    **dict.fromkeys(("M", "MID", "MIDDLE"), "M"),
    **dict.fromkeys(("E", "END", "ENDING"), "E"),
    **dict.fromkeys(("L", "LAST"), "L"),
    **dict.fromkeys(("S", "SINGLE", "SINGLETON"), "S"),
    **dict.fromkeys(("U", "UNIT"), "U"),
}
"""How some write these letters."""
USUAL_MARKS, MARKS = "-_:/|.", " \N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{MINUS SIGN}#=;,~+@\\"
"""What stands between the letter and the label: mostly, and now and then."""
AROUND = (("", ""), ("(", ")"), ("[", "]"), ("<", ">"), ("{", "}"))
"""What may stand around a tag."""


def _forms(roles: str, marks: str, around: Sequence[tuple[str, str]] = AROUND[:1]) -> list[re.Pattern[str]]:
    """Return how tags with some letters or words may be written: these first or last, with each of some marks."""
    return [
        re.compile(re.escape(before) + form.format(roles, re.escape(mark)) + re.escape(behind))
        for before, behind in around
        for form in ("(?P<role>{0}){1}(?P<label>.+)", "(?P<label>.+){1}(?P<role>{0})")
        for mark in marks
    ]


LETTERS = (f"[{ROLES}]", f"[{ROLES.lower()}]")
USUAL_FORMS = tuple(form for letters in LETTERS for form in _forms(letters, USUAL_MARKS))
"""How tags are mostly written: B-PER, B_PER, B:PER, …, PER-B, …, and the same with small letters."""
PAIR = "B", "IM"
"""Letters that stand before one label where tags of a rare form are tags: one that begins, and one that goes on."""


def _possible_forms(tags: Sequence[str], rare: bool) -> Iterator[re.Pattern[str]]:
    """Yield how tags may be written: what is usual first, then what is rare, as far as they hold what it needs.

    Rare are B PER, (B-PER), BEG-PER, inside_PER, …; some labels look so that are none.
    """
    yield from USUAL_FORMS
    if rare:
        held = "".join(tags)
        marks = "".join(mark for mark in USUAL_MARKS + MARKS if mark in held)
        around = [pair for pair in AROUND if pair[0] in held]
        for roles in (*LETTERS, f"(?i:{'|'.join(WORDS)})"):
            yield from _forms(roles, marks, around)


class Tag(NamedTuple):
    """A class of a model of entities."""

    role: str
    """Where in an entity it stands, a letter of its scheme; I where it does not say."""
    name: str
    """The model's own label, without the letter; OUTSIDE where it is no entity."""
    key: str
    """What `labels` of a row has to hold of it; OUTSIDE where it is no entity."""
    label: str
    """Its label in the cases, its key where the row has none; OUTSIDE where it is no entity."""


class Tags(NamedTuple):
    """How the tags of a model are read."""

    scheme: str
    outside: str | None
    """The tag of what is no entity; None where all are of entities."""
    tags: tuple[Tag, ...]
    """By the number of the class."""


class NerSettings(WindowedSettings):
    """The keys of a row of ner."""

    tags: Literal["IO", "BIO", "BIOES", "BILOU", "BMES"] | None = None
    """How tags say where an entity begins and ends; told from the model's labels where it is not set."""
    outside: NonEmptyStr | None = None
    """The tag of what is no entity, where it is not O."""
    aggregation: Literal["simple", "first", "average", "max"] = "simple"
    """How the tags of a word's pieces become one, as in transformers' pipeline; simple: each piece keeps its own."""

    @property
    def given(self) -> set[str]:
        """The labels of the cases that the map names, also where it names tags."""
        return super().given | {tag.label for tag in read_tags([*self.labels.values()], NerSettings()).tags}

    def label_keys(self, names: Sequence[str]) -> list[str]:
        """Return what `labels` has to hold of a model's tags, named by number. Raises SurroundingsFault.

        Where some look like tags, and not all are written in one way, it is refused to guess.
        """
        if unclear := self._unclear(names):
            shown = ", ".join([*map(toml_string, unclear[:SHOWN]), *(["…"] if len(unclear) > SHOWN else [])])
            raise SurroundingsFault(
                f"its labels {shown} look like tags, not all written in one way that is known; say"
                f" in its row which each is: {_line_of_tags(names, unclear)},"
                ' or tags = "IO" where each is a label of its own'
            )
        return [tag.key for tag in read_tags(names, self).tags if tag.key != OUTSIDE]

    def told(self, names: Sequence[str]) -> list[str]:
        """Return how a model's tags are read, where that is not BIO with O and the row does not say it, and what looks
        like a tag and is read as a label.
        """
        found = read_tags(names, self)
        if not all(tag.key in self.label_map for tag in found.tags if tag.key != OUTSIDE):
            return []  # what is not mapped yet is told as an error
        said = []
        if self.tags is None and found.scheme != "BIO":
            said.append(f'tags = "{found.scheme}"')
        if self.outside is None and found.outside not in (USUAL, None):
            said.append(f'outside = "{found.outside}"')
        guess = [f"{' and '.join(said)}: guessed from its labels; write in its row what is right"] if said else []
        own = [name for name in dict.fromkeys(names) if _looks_like_tag(name) and name not in self.labels]
        own = [name for name in own if name in {tag.name for tag in found.tags}] if self.tags is None else []
        if own:
            each = listed(list(map(toml_string, own)), MANY)
            guess.append(f"{each}: read as labels, not as tags, which they look like; where they are, map them to tags")
        none = "each piece of a text is part of an entity, for no label is O; is one of them no entity, write outside"
        return guess if found.outside is not None else [*guess, f'{none} = "…" in its row']

    def own_labels(self, names: Sequence[str]) -> str:
        """Return the line by which a model's tags keep their names, with blanks where they have none."""
        if _nameless(names):
            return label_line(dict.fromkeys(sorted({*self.label_keys(names)}), BLANK))
        if unclear := self._unclear(names):
            return _line_of_tags(names, unclear)
        return super().own_labels(names)

    def _unclear(self, names: Sequence[str]) -> list[str]:
        """Return a model's labels that look like tags, if any is read as a label of its own; such ones come first.

        The same of those whose letters are of no scheme with the others', or whose labels have stray marks.
        """
        if self.tags is not None or _nameless(names) or _are_tags(names, self):
            return []
        form, scheme = _form(tuple(names), None)
        guessed = {name: _guessed(name) for name in names}
        roles: dict[str, set[str]] = {}
        for role, label in guessed.values():
            roles.setdefault(label, set()).add(role)
        alike = [name for name, (_, label) in guessed.items() if all(roles[label] & {*one} for one in PAIR)]
        read = [name for name in alike if _split(name, form, SCHEMES[scheme])[0]]
        unclear = [*(name for name in alike if name not in read), *read] if len(read) < len(alike) else []
        matches = {name: match for name in names if (match := form.fullmatch(name))}
        many = Counter(match["label"] for match in matches.values())
        for name, match in matches.items():
            is_read = _split(name, form, SCHEMES[scheme])[0] != ""
            is_torn = scheme != "IO" and many[match["label"]] > 1
            unclear += [name] if (_is_stray(match) if is_read else is_torn) else []
        return [*dict.fromkeys(unclear)]

    def advice(self, names: Sequence[str]) -> str:
        """Return what a person should know who is to map these tags."""
        return "; write which tag each stands for (O, B-PER, I-PER, …)" if _nameless(names) else ""


def read_tags(names: Sequence[str], row: NerSettings) -> Tags:
    """Read the tags of a model, named by number, as a row says or as they are written.

    Where a row maps whole tags, or classes by number, that counts before what it says of a label. Raises
    SurroundingsFault where classes have no names and the row lets them keep those, or where its `outside` is no tag.
    """
    nameless, labels = _nameless(names) or _are_tags(names, row), row.label_map
    empty = next(((key, to) for key, to in row.labels.items() if key == OTHERS or to in {*ROLES}), None)
    if nameless and empty:
        raise SurroundingsFault(
            f'its labels are {listed(names)}, of which "{empty[0]}" = "{empty[1]}" makes no tags; map each of them to'
            " its tag (O, B-PER, I-PER, …)"
        )
    keys = WindowedSettings.label_keys(row, names)
    tags = [_tag(name, row.labels.get(key, key)) for name, key in zip(names, keys, strict=True)]
    tags = tags if nameless else [*names]
    if names and row.outside not in (None, *tags):
        raise SurroundingsFault(
            f'outside = "{row.outside}" of its row is none of its tags: {listed(dict.fromkeys(tags), MANY)}; write the'
            " one that is no entity, or leave outside out"
        )
    form, scheme = _form(tuple(tags), row.tags)
    parts = [_split(tag, form, SCHEMES[scheme]) for tag in tags]
    if not nameless:  # what is a label is the number of no class
        keys = WindowedSettings.label_keys(row, [*names, *(label for _, label in parts)])[: len(names)]
    outside = {tag for tag in tags if tag in (USUAL, row.outside)}
    bare = {tag for tag, (role, _) in zip(tags, parts, strict=True) if not role}
    mapped = {*row.labels, *(keys if nameless else ())}  # these are labels, or to be mapped first
    if not outside and row.outside is None and len(bare) == 1 < len({*tags}) and not bare & mapped:
        outside = bare
    found = []
    for key, tag, (role, label) in zip(keys, tags, parts, strict=True):
        if tag in outside:
            found.append(Tag("", OUTSIDE, OUTSIDE, OUTSIDE))
        elif nameless:
            found.append(Tag(role or "I", label, key, label))
        else:
            wanted = key if key in row.labels else label
            found.append(Tag(role or "I", label, wanted, labels.get(wanted, wanted)))
    return Tags(scheme, min(outside, key=lambda tag: tag == USUAL, default=None), tuple(found))


def _nameless(names: Sequence[str]) -> bool:
    """Return whether a model's classes have no names but the numbers that transformers gives them."""
    return bool(names) and (all(NAMELESS.fullmatch(name) for name in names) or _is_bare(names))


def _is_bare(names: Sequence[str]) -> bool:
    """Return whether tags are letters of a scheme alone, as B, I and O are."""
    return {"B", "I"} & {*names} != set() and {*names} <= {*ROLES, USUAL}


def _tag(name: str, given: str) -> str:
    """Return the tag of a class without a name by what a row gives it: its label alone where its name is a letter."""
    is_whole = given in (name, USUAL) or USUAL_FORMS[0].fullmatch(given)
    return given if is_whole or name not in {*ROLES} else f"{name}-{given}"


def _are_tags(names: Sequence[str], row: NerSettings) -> bool:
    """Return whether a row gives a model's labels, which are no such tags themselves, those of one scheme."""
    if OTHERS in row.labels or row.tags is not None:
        return False
    keys = WindowedSettings.label_keys(row, names)
    pairs = [(name, row.labels[key]) for name, key in zip(names, keys, strict=True) if key in row.labels]
    tags = {name: match for name, given in pairs if (match := USUAL_FORMS[0].fullmatch(given))}
    firsts, others = ({match["label"] for match in tags.values() if match["role"] in letters} for letters in PAIR)
    whole = len(tags) == len(pairs) and all(map(_looks_like_tag, tags))
    return (whole or bool(firsts & others)) and any(name != match[0] for name, match in tags.items())


def _guessed(name: str) -> tuple[str, str]:
    """Return the letter and the label of what may be a tag, whatever it is written with; nothing where it is none."""
    words = re.findall(r"[^\W_]+", name)
    for place in (0, len(words) - 1, *range(1, len(words) - 1)):
        if len(words) > 1 and words[place].upper() in WORDS:
            return WORDS[words[place].upper()], "-".join(words[:place] + words[place + 1 :])
    glued = re.fullmatch(f"([{ROLES}])([^\\W_]{{2,}})", name)
    return (glued[1], glued[2]) if glued else ("", name)


def _looks_like_tag(name: str) -> bool:
    """Return whether a name has a letter or word of tags apart from the rest."""
    role, label = _guessed(name)
    return role != "" and f"{role}{label}" != name


def _is_stray(tag: re.Match[str]) -> bool:
    """Return whether the label of a tag has blanks around it, or a mark or arrow beside that of the tag's form."""
    label = tag["label"]
    beside = label[0] if tag.start("role") < tag.start("label") else label[-1]
    return label != label.strip() or beside in {*USUAL_MARKS, *MARKS, *"<>()[]{}\N{RIGHTWARDS ARROW}"}


def _line_of_tags(names: Sequence[str], unclear: Sequence[str]) -> str:
    """Return the line that gives those that look like tags, and B LOC beside them, the tags that they may be.

    The others keep their names. All letters are those of one scheme, so that this is read.
    """
    guessed = {name: _guessed(name) for name in names if name != USUAL}
    apart = {name for name, (role, label) in guessed.items() if role in ("B", "I") and f"{role}{label}" != name}
    tags = {name: f"{BIOES.get(role, role)}-{label}" for name, (role, label) in guessed.items()}
    return label_line({name: tags[name] if name in {*unclear, *apart} else name for name in tags})


@functools.cache
def _form(tags: tuple[str, ...], scheme: str | None) -> tuple[re.Pattern[str], str]:
    """Return how tags are written, and their scheme where it is not given: the first that has all their letters.

    A letter counts where its label stands behind another one too, one of them B or I, so that E-mail is none; B- and
    I-, and those of a scheme that is given, always count. Of rare forms a label must have both of PAIR.
    """
    for form in _possible_forms(tags, rare=scheme != "IO"):
        letters: dict[str, set[str]] = {}
        for match in filter(None, map(form.fullmatch, tags)):
            letters.setdefault(match["label"], set()).add(WORDS[match["role"].upper()])
        if form in USUAL_FORMS:
            found = {
                one for several in letters.values() if len(several) > 1 and several & {"B", "I"} for one in several
            }
        else:
            whole = any(all(several & {*one} for one in PAIR) for several in letters.values())
            found = {one for several in letters.values() if whole for one in several}
        if scheme is not None or form is USUAL_FORMS[0]:
            found |= {letter for several in letters.values() for letter in several & {*SCHEMES[scheme or "BIO"]}}
        if found:
            fits = (name for name, known in SCHEMES.items() if found <= {*known})
            return form, scheme or next(fits, "BIO")
    return USUAL_FORMS[0], scheme or "IO"


def _split(tag: str, form: re.Pattern[str], letters: str) -> tuple[str, str]:
    """Split B-PER into B and PER; a tag without a letter of its scheme has none, and is a label itself."""
    match = form.fullmatch(tag)
    role = WORDS[match["role"].upper()] if match else ""
    return (role, match["label"]) if match and role in letters else ("", tag)


class SpanShape(Table):
    """An entity that is right."""

    label: NonEmptyStr
    start: Offset
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    text: NonEmptyStr
    """The characters from `start` to `end`."""


class NerCase(CaseShape):
    """A text and the entities in it."""

    text: NonEmptyStr
    expected: list[SpanShape]
    """All entities that must be found, and no other."""


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where a span does not hold its text, or stands twice."""
    spans = []
    for span in row.expected:
        check_stands(f"{span.label} {span.text!r}", span.text, span.start, span.end, row.text, where)
        spans.append(Span(span.start, span.end, span.label, span.text))
    if len(set(spans)) < len(spans):
        raise InputFault(f"{where}: an expected span stands twice; remove one of them")
    return Case(row.id, row.text, tuple(spans))


def predict(loaded: Loaded, texts: Sequence[str], row: NerSettings) -> list[Entities | ModelFault]:
    """Find the entities of each text, in one batch where the model can pad; the row maps its names to the cases'.

    A text whose scores are not finite gets a ModelFault in its place. Raises SurroundingsFault where a text is longer
    than the model can read; with `long` in the row it is cut, or read in windows.
    """
    return [found for part in batches(loaded, texts) for found in _predict(loaded, part, row)]


def _predict(loaded: Loaded, texts: Sequence[str], row: NerSettings) -> list[Entities | ModelFault]:
    import torch

    asked = dict.fromkeys(("return_offsets_mapping", "return_special_tokens_mask", "return_attention_mask"), True)
    batch = tokenized(loaded, texts, row.long, **asked)
    mask = batch[MASK] if MASK in loaded.reader.model_input_names else batch.pop(MASK)
    alone = mask.bool() if sees_pads(loaded) else None
    offsets, special = batch.pop("offset_mapping"), batch.pop("special_tokens_mask")
    rows, _ = batch["input_ids"].shape
    text_of = batch.pop("overflow_to_sample_mapping", torch.arange(rows)).tolist()
    with torch.inference_mode():
        logits = [loaded.model(**part).logits.float().cpu() for part in parts(loaded.placed(batch), alone)]
    if alone is not None:  # places of pads, which are passed over, are filled again
        filled = [table.new_zeros(1, len(one), table.shape[-1]) for one, table in zip(alone, logits, strict=True)]
        for one, table, all_places in zip(alone, logits, filled, strict=True):
            all_places[0, one] = table[0]
        logits = filled
    scores = torch.cat(logits).softmax(dim=-1)
    tags = read_tags(classes.loaded_names(loaded.model, scores.shape[-1]), row).tags
    whole = zip((texts[one] for one in text_of), scores, batch["input_ids"], offsets, special, strict=True)
    return of_windows([_of_window(loaded, *one, tags, row) for one in whole], text_of)


def _of_window(
    loaded: Loaded, text: str, table: Any, ids: Any, places: Any, skipped: Any, tags: Sequence[Tag], row: NerSettings
) -> Entities | ModelFault:
    """Find the entities of a text, or of a window of it."""
    import torch

    pieces = [index for index, skip in enumerate(skipped) if not skip]
    if not torch.isfinite(table[pieces]).all():
        broken = int((~torch.isfinite(table[pieces])).any(dim=-1).sum())
        return ModelFault(f"{broken} of {len(pieces)} word pieces have a score that is NaN or infinite")
    found, spans = table[pieces].tolist(), places[pieces].tolist()
    if row.aggregation != "simple":
        joined = _joined(loaded.reader, text, ids[pieces].tolist(), spans)
        found, spans = words(found, spans, joined, row.aggregation)
    return group(text, found, spans, tags)


def words(
    scores: Sequence[Sequence[float]], spans: Sequence[tuple[int, int]], joined: Sequence[bool], aggregation: str
) -> tuple[list[Sequence[float]], list[tuple[int, int]]]:
    """Return scores and spans of words: of each word those of its first piece, of its surest ("max"), or their mean.

    `joined` tells of each piece whether it continues the word before it.
    """
    found: list[list[int]] = []
    for piece, continues in enumerate(joined):
        if continues and found:
            found[-1].append(piece)
        else:
            found.append([piece])
    of_words: list[Sequence[float]] = []
    for pieces in found:
        rows = [scores[piece] for piece in pieces]
        if aggregation == "average":
            of_words.append([fsum(column) / len(rows) for column in zip(*rows, strict=True)])
        else:
            of_words.append(max(rows, key=max) if aggregation == "max" else rows[0])
    return of_words, [(spans[pieces[0]][0], spans[pieces[-1]][1]) for pieces in found]


def _joined(reader: Any, text: str, ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Return of each piece whether it continues a word, told as transformers' pipeline tells it."""
    marked = getattr(reader.backend_tokenizer.model, "continuing_subword_prefix", None)
    pieces = zip(reader.convert_ids_to_tokens(ids), ids, spans, strict=True)
    return [
        number != reader.unk_token_id
        and (len(piece) != end - start if marked else start > 0 and " " not in text[start - 1 : start + 1])
        for piece, number, (start, end) in pieces
    ]


def of_windows(found: Sequence[Entities | ModelFault], text_of: Sequence[int]) -> list[Entities | ModelFault]:
    """Join what was found in windows, of which `text_of` says whose each is, as transformers' pipeline with a stride.

    Of entities that overlap the longest stays, of equally long ones that with the highest score.
    """
    texts: dict[int, list[Entities | ModelFault]] = {}
    for text, one in zip(text_of, found, strict=True):
        texts.setdefault(text, []).append(one)
    return [several[0] if len(several) == 1 else _of_one(several) for several in texts.values()]


def _of_one(several: Sequence[Entities | ModelFault]) -> Entities | ModelFault:
    kept: list[Entity] = []
    fault = next((one for one in several if isinstance(one, ModelFault)), None)
    every = [entity for one in several if isinstance(one, Entities) for entity in one.entities]
    for entity in sorted(every, key=lambda one: one.start):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
        elif (entity.end - entity.start, entity.score) > (kept[-1].end - kept[-1].start, kept[-1].score):
            kept[-1] = entity
    return fault or Entities(tuple(kept))


def group(
    text: str, scores: Sequence[Sequence[float]], spans: Sequence[tuple[int, int]], tags: Sequence[Tag]
) -> Entities:
    """Join word pieces to entities, as transformers' aggregation strategy "simple" does where tags are BIO.

    `scores` has a row a word piece and a column a tag. Pieces in a row whose best tags have one label form one entity,
    but where a tag says that it begins one, or the one before that it ended one. No letter is part of two entities: of
    those that share one, because a tokenizer takes it apart into bytes, the longer stays, or the surer, as the pipeline
    has it between windows.
    """
    best = [max(range(len(tags)), key=row.__getitem__) for row in scores]
    runs: list[tuple[str, list[int]]] = []
    for piece, number in enumerate(best):
        tag = tags[number]
        parted = not runs or tag.role in BEGINS or tags[best[piece - 1]].role in ENDS
        if not parted and runs[-1][0] == tag.name:
            runs[-1][1].append(piece)
        else:
            runs.append((tag.name, [piece]))
    by_label = [_by_label(row, tags) for row in scores]
    found: list[Entity] = []
    for name, pieces in runs:
        if name == OUTSIDE:
            continue
        start, end = spans[pieces[0]][0], spans[pieces[-1]][1]
        start += len(text[start:end]) - len(text[start:end].lstrip())  # some tokenizers count the space before a word
        entity = Entity(
            start,
            end,
            tags[best[pieces[0]]].label,
            text[start:end],
            score=sum(scores[piece][best[piece]] for piece in pieces) / len(pieces),
            margin=min(_lead(by_label[piece]) for piece in pieces),
            edge=min(_lead(scores[piece]) for piece in _around(pieces, len(scores))),
        )
        if not found or not _share(found[-1], entity):
            found.append(entity)
        else:
            found[-1] = max(found[-1], entity, key=lambda one: (one.end - one.start, one.score))
    return Entities(tuple(found))


def _share(before: Entity, entity: Entity) -> bool:
    """Return whether an entity has a letter of the one before, or stands at its very place."""
    return entity.start < before.end or (entity.start, entity.end) == (before.start, before.end)


def _by_label(row: Sequence[float], tags: Sequence[Tag]) -> list[float]:
    """Add up the scores of the tags of each of the model's labels."""
    sums: dict[str, float] = {}
    for tag, score in zip(tags, row, strict=True):
        sums[tag.name] = sums.get(tag.name, 0.0) + score
    return list(sums.values())


def _lead(row: Sequence[float]) -> float:
    """Return the lead of the best score over the second; of a sum of probabilities, rounding can make it exceed 1."""
    first, second = [*sorted(row, reverse=True), 0.0][:2]
    return min(first - second, 1.0)


def _around(pieces: Sequence[int], count: int) -> range:
    """Return the pieces that decide how far an entity goes: its own, and the two beside it."""
    return range(max(pieces[0] - 1, 0), min(pieces[-1] + 2, count))


def served(text: str, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server for entities that are put together as the row says."""
    return "token_classification", {"text": text, "aggregation_strategy": row.aggregation}


TASK = Task(
    name="ner",
    aliases=("token-classification",),
    output=entities.OUTPUT,
    case=NerCase,
    read=read,
    predict=predict,
    auto_class="AutoModelForTokenClassification",
    figures=("F1", "precision", "recall", BRIER, LOG_LOSS),
    settings=NerSettings,
    judging_keys=frozenset({"long"}),
    label_names=classes.label_names,
    check_loaded=check_offsets,
    left_out=left_out,
    served=served,
    sent=frozenset({"aggregation"}),
    as_right=lambda said: [
        {key: getattr(one, key) for key in ("label", "start", "end", "text")} for one in said.entities
    ],
)
