"""Retrieval: from a query to the passages of a corpus that answer it, by models that make a vector of a text.

A folder of sentence-transformers is read as it is: pooling, prompts, normalization and similarity are what its files
say, and scores are those of its encode_query, encode_document and similarity. No code of its own is run.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag

from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.files import LARGEST, read_text
from swapgate.core.tables import NonEmptyStr, Table
from swapgate.core.words import listed, nearest
from swapgate.core.wrong import no_json
from swapgate.inputs.given import Composed
from swapgate.outputs import ranking
from swapgate.outputs.ranking import TOP, Ranking, Relevant, ranked
from swapgate.tasks import texts
from swapgate.tasks.case import Case, CaseShape, Files, Labels
from swapgate.tasks.settings import CutSettings
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.vectors import (
    FILES,
    MODULES,
    PROMPTS,
    SIMILARITIES,
    Pooling,
    Similarity,
    Way,
    settings_of_modules,
    vectors,
    way_of,
)

CORPUS = "corpus.jsonl"
"""The file of the passages where a case names none."""
AT_ONCE = 32
"""Passages that go through the model together."""


class RetrievalSettings(CutSettings):
    """The keys of a row of retrieval, each of which a folder of sentence-transformers says itself."""

    beside: ClassVar[tuple[str, ...]] = FILES
    outputs: ClassVar[tuple[str, ...]] = ("last_hidden_state",)

    pooling: Pooling | None = None
    """How the vectors of tokens become one: their mean, the first ("cls") or the last ("lasttoken") of them, …"""
    query_prefix: str | None = None
    """What stands before a query."""
    passage_prefix: str | None = None
    """What stands before a passage."""
    normalize: bool | None = None
    """Whether vectors are made as long as 1."""
    similarity: Similarity | None = None
    """The cosine of two vectors, or their dot product."""

    @classmethod
    def read_in(cls, folder: Path) -> tuple[str, ...]:
        """Return the files of sentence-transformers in a folder, with those of its modules."""
        return (*cls.beside, *settings_of_modules(folder))


class RelevantTable(Table):
    """The passages that answer a query, where one of several is enough or some are more relevant than others."""

    relevant: Annotated[
        Annotated[Labels, Tag("[ids]")]
        | Annotated[
            Annotated[dict[NonEmptyStr, Annotated[int, Field(ge=1)]], Field(min_length=1)],
            Tag("[grades]"),
        ],
        Discriminator(lambda said: "[grades]" if isinstance(said, dict) else "[ids]"),
    ]
    """Their ids, or from each to how relevant it is, for nDCG."""
    within: int = Field(1, ge=1, le=TOP)
    """Among how many of the first passages one of them must be."""


class RetrievalCase(CaseShape):
    """A query, and which passages of a corpus answer it."""

    query: NonEmptyStr
    expected: Annotated[
        Annotated[Labels, Tag("[ids]")] | Annotated[RelevantTable, Tag("[table]")],
        Discriminator(lambda said: "[table]" if isinstance(said, dict | RelevantTable) else "[ids]"),
    ]
    """The passages that must come first, in any order; or a table of those that are relevant."""
    corpus: NonEmptyStr = CORPUS
    """A file of passages beside this one: a line each, with an id and a text, as JSON."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """The passages among which a query is answered."""

    texts: Mapping[str, str]
    """By their ids."""

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids, in the order of the file."""
        return (*self.texts,)

    @functools.cached_property
    def digest(self) -> str:
        """64 hexadecimal digits that change when a passage, an id or their order does."""
        return hashlib.sha256(json.dumps([*self.texts.items()]).encode()).hexdigest()


@dataclass(frozen=True)
class Search(Composed):
    """A query for passages of a corpus."""

    query: str
    corpus: Corpus

    what = "a query"

    @property
    def texts(self) -> tuple[str]:
        """The query."""
        return (self.query,)

    @property
    def content(self) -> list[str]:
        """The query, and which corpus it is."""
        return [self.query, self.corpus.digest]

    def as_json(self) -> dict[str, Any]:
        """Return the query and all passages by their ids."""
        return {"query": self.query, "passages": {**self.corpus.texts}}


def read_corpus(path: Path) -> Corpus:
    """Read a file of passages. Raises InputFault that names the line where one is not as it should be."""
    try:
        status = path.stat()
        return _read_corpus(path, (status.st_mtime_ns, status.st_size))
    except (OSError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); give passages in JSON, a line each, in UTF-8") from error


@functools.lru_cache(maxsize=16)
def _read_corpus(path: Path, _written: tuple[int, int]) -> Corpus:
    passages: dict[str, str] = {}
    for number, line in enumerate(read_text(path, LARGEST).splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputFault(
                f"{path}, line {number}: is no JSON ({no_json(error)}); write one object a line"
            ) from error
        name, text = (said.get("id"), said.get("text")) if isinstance(said, dict) else (None, None)
        name = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
        if not (isinstance(name, str) and name and isinstance(text, str) and text.strip()):
            raise InputFault(f"{path}, line {number}: has no id and text; write a passage with both")
        if name in passages:
            raise InputFault(f"{path}, line {number}: {name!r} stands twice; give one of them another id")
        passages[name] = text
    if len(passages) < 2:
        raise InputFault(f"{path}: has {len(passages)} passages, of which none can be ranked before another; add some")
    return Corpus(passages)


def read(row: Any, files: Files, where: str) -> Case:
    """Make a case of a table. Raises InputFault where the corpus cannot be read, or has not what is expected."""
    path = files.find(row.corpus, where)
    if not isinstance(path, Path):
        raise InputFault(
            f"{where}: corpus = {row.corpus!r} is to be fetched, and no corpus is; put it beside this file"
        )
    try:
        corpus = read_corpus(path)
    except InputFault as fault:
        raise fault.behind(f"{where}: corpus: ") from fault
    said, within = (row.expected.relevant, row.expected.within) if _is_table(row) else (row.expected, None)
    if isinstance(said, list) and len(said) == 1 and said[0] not in corpus.texts:
        parts = re.split(r"[\s,;|]+", said[0].strip())  # a cell of a table has several in one text
        said = parts if corpus.texts.keys() >= {*parts} else said
    grades = said if isinstance(said, dict) else dict.fromkeys(said, 1)
    unknown = next((name for name in grades if name not in corpus.texts), None)
    if unknown is not None:
        raise InputFault(
            f"{where}: expected: no passage of {row.corpus} has the id {unknown!r}{nearest(unknown, corpus.texts)}"
        )
    if len(grades) < len(said):
        raise InputFault(f"{where}: expected: an id stands twice; take one of them out")
    if within is None and len(grades) > TOP:
        raise InputFault(
            f"{where}: expected: names {len(grades)} passages, and a ranking keeps {TOP}; write a table: expected = {{"
            " relevant = […], within = … }"
        )
    return Case(row.id, Search(row.query, corpus), Relevant((*grades.items(),), within))


def _is_table(row: Any) -> bool:
    return isinstance(row.expected, RelevantTable)


def asked_way(loaded: Loaded, row: Any) -> Way:
    """Return how a model is asked by a row: as its folder says, but for what the row does. Raises SurroundingsFault."""
    own = loaded.kept.get("way") or way_of(loaded.folder)
    said = {"query": row.query_prefix, "passage": row.passage_prefix, "normalize": row.normalize}
    said |= {"similarity": row.similarity, "pooling": None if row.pooling is None else (row.pooling,)}
    way = own._replace(**{key: value for key, value in said.items() if value is not None})
    if not way.pooling:
        raise SurroundingsFault(
            f"it holds no {MODULES} of sentence-transformers, so nothing says how its vectors are pooled; write that"
            ' into its row, as in pooling = "mean"'
        )
    if way.other and row.passage_prefix is None:
        raise SurroundingsFault(
            f'{PROMPTS} has a prompt "{way.other}" and none "document", so that sentence-transformers'
            " puts nothing before a passage; say in its row what you put there: passage_prefix = …"
        )
    if way.similarity not in SIMILARITIES:
        raise SurroundingsFault(
            f'{PROMPTS} compares vectors by {way.similarity!r}; known: {listed(SIMILARITIES)}; write similarity = "…"'
            " into its row"
        )
    return way


def check_loaded(name: str, loaded: Loaded) -> None:
    """Make sure that what a folder says of its vectors is known here. Raises SurroundingsFault."""
    try:
        loaded.kept["way"] = way_of(loaded.folder)
    except SurroundingsFault as fault:
        raise fault.behind(f"{name}: ") from fault


def check_config(config: Mapping[str, Any]) -> str:
    """Tell why a model of this config.json makes no vectors of texts by itself, or nothing."""
    if config.get("is_encoder_decoder"):
        return "it is an encoder-decoder, of which nothing says which part makes vectors; give an encoder of texts"
    return ""


def predict(loaded: Loaded, searches: Sequence[Search], row: Any) -> list[Ranking | ModelFault]:
    """Rank the passages of each query's corpus; these go through the model once, and their vectors are kept.

    A query whose vector, or corpus that has one which is not finite gets a ModelFault in its place. Raises
    SurroundingsFault where a query is empty, or a text longer than the model reads; with `long` in the row it is read
    as far as the model can.
    """
    import torch

    if not all(search.query.strip() for search in searches):
        raise SurroundingsFault("a query is empty, so there is nothing to look for; give the case a query")
    way = asked_way(loaded, row)
    queries = vectors(loaded, [way.query + search.query for search in searches], way, row.long)
    found: list[Ranking | ModelFault] = []
    for search, query in zip(searches, queries, strict=True):
        passages = _of_corpus(loaded, search.corpus, way, row)
        broken = int((~torch.isfinite(passages)).any(dim=-1).sum())
        if not torch.isfinite(query).all():
            found.append(ModelFault("the vector of the query has numbers that are NaN or infinite"))
        elif broken:
            found.append(ModelFault(f"{broken} of {len(passages)} passages have vectors that are NaN or infinite"))
        else:
            found.append(ranked((passages @ query).tolist(), search.corpus.ids))
    return found


def _of_corpus(loaded: Loaded, corpus: Corpus, way: Way, row: Any) -> Any:
    """Return the vectors of a corpus, a tensor of shape (passages, width), made once. Raises SurroundingsFault."""
    import torch

    key = corpus.digest, way, row.long
    if key not in loaded.kept:
        passages = [way.passage + text for text in corpus.texts.values()]
        order = sorted(range(len(passages)), key=lambda place: (len(passages[place]), place))
        found: dict[int, Any] = {}
        for first in range(0, len(order), AT_ONCE):
            places = order[first : first + AT_ONCE]
            found |= dict(zip(places, vectors(loaded, [passages[one] for one in places], way, row.long), strict=True))
        loaded.kept[key] = torch.stack([found[place] for place in range(len(passages))])
    return loaded.kept[key]


def left_out(loaded: Loaded, searches: Sequence[Search], row: Any) -> list[str]:
    """Tell of each query what is done with it, or with passages of its corpus, that are longer than the model reads."""
    way = asked_way(loaded, row)
    cut = texts.left_out(loaded, [way.query + search.query for search in searches], row, way.most)
    return [words or _cut(loaded, search.corpus, way, row) for words, search in zip(cut, searches, strict=True)]


def _cut(loaded: Loaded, corpus: Corpus, way: Way, row: Any) -> str:
    key = "cut", corpus.digest, way, row.long
    if key not in loaded.kept:
        found = texts.left_out(loaded, [way.passage + text for text in corpus.texts.values()], row, way.most)
        words = [one for one in found if one]
        loaded.kept[key] = f"ranked among passages of which {len(words)} were {words[0]}" if words else ""
    return str(loaded.kept[key])


def served(search: Search, row: Any) -> tuple[str, dict[str, Any]]:
    """Ask a server how similar all passages are to the query, each behind the prefix of the row."""
    passages = [f"{row.passage_prefix or ''}{text}" for text in search.corpus.texts.values()]
    return "sentence_similarity", {"sentence": f"{row.query_prefix or ''}{search.query}", "other_sentences": passages}


TASK = Task(
    name="retrieval",
    aliases=("feature-extraction",),
    output=ranking.OUTPUT,
    case=RetrievalCase,
    read=read,
    predict=predict,
    auto_class="AutoModel",
    figures=ranking.FIGURES,
    settings=RetrievalSettings,
    judging_keys=frozenset({"long"}),
    check_config=check_config,
    check_loaded=check_loaded,
    left_out=left_out,
    served=served,
    as_right=lambda said: [said.hits[0].id],
)
