"""From texts to vectors: how a folder of sentence-transformers says that a model makes them, and how tokens are pooled.

Pooling is that of sentence-transformers 6 (Reimers and Gurevych 2019), whose older folders say the same in other words.
"""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import read_json
from swapgate.core.words import listed
from swapgate.tasks.settings import Long
from swapgate.tasks.task import Loaded
from swapgate.tasks.texts import MASK, batches, tokenized

FILES = MODULES, PROMPTS, TRANSFORMER = "modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"
PLACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,99}")
"""What a folder of a module may be called: one in the model's own, by a name that every system can have."""
POOLED: Mapping[str, str] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""What older folders say, in the order in which several are put together."""
Pooling = Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
Similarity = Literal["cosine", "dot"]
POOLINGS, SIMILARITIES = (*POOLED.values(),), ("cosine", "dot")


class Way(NamedTuple):
    """How a model makes vectors of texts, and compares them."""

    pooling: tuple[str, ...] = ()
    """How the vectors of tokens become one; several are put together. Empty where nothing says so."""
    query: str = ""
    """What stands before a query."""
    passage: str = ""
    """What stands before a passage."""
    other: str = ""
    """The name of a prompt for passages that sentence-transformers itself leaves out; nothing where there is none."""
    normalize: bool = False
    similarity: str = "cosine"
    most: float = math.inf
    """Most tokens of a text that are read."""
    lower: bool = False
    """Whether texts are read in lower case."""


def way_of(folder: Path | None) -> Way:
    """Return what a folder of sentence-transformers says; of another one nothing. Raises SurroundingsFault."""
    if folder is None or not (folder / MODULES).is_file():
        return Way()
    modules = read_json(folder / MODULES)
    kinds = []
    pooling: tuple[str, ...] = ()
    for one in modules if isinstance(modules, list) else [modules]:
        kind, place = (str(one.get("type")), str(one.get("path"))) if isinstance(one, dict) else ("", "")
        kinds.append(kind.rpartition(".")[2] if kind.startswith("sentence_transformers.") else kind)
        if kinds == ["Transformer"] and place not in ("", "."):
            raise SurroundingsFault(f"{MODULES} has its transformer in {place}; name that folder, with a pooling")
        if kinds[-1] == "Pooling":
            pooling = _pooling(folder, place)
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise SurroundingsFault(
            f"{MODULES} asks for {listed(kinds) or 'nothing'}; read are a Transformer, a Pooling and a Normalize of"
            " sentence-transformers: judge another model as a Python function (backend python)"
        )
    return _prompted(folder, Way(pooling, normalize=kinds[2:] == ["Normalize"]))


def settings_of_modules(folder: Path) -> list[str]:
    """Return the files of settings of the modules that a folder of sentence-transformers names, below that folder; none
    where it cannot be read, and none of a module whose place `way_of` refuses.
    """
    modules: Any = ()
    with suppress(SurroundingsFault):
        modules = read_json(folder / MODULES) if (folder / MODULES).is_file() else ()
    places = [str(one.get("path")) for one in modules if isinstance(one, dict)] if isinstance(modules, list) else []
    return [f"{place}/config.json" for place in dict.fromkeys(places) if PLACE.fullmatch(place)]


def _pooling(folder: Path, place: str) -> tuple[str, ...]:
    """Return how the vectors of tokens become one. Raises SurroundingsFault where that is not known here."""
    if not PLACE.fullmatch(place):
        raise SurroundingsFault(
            f"{MODULES} has its pooling in {place[:60]!r}, which is no folder in its own; mend that"
        )
    said = _settings(folder / place / "config.json")
    modes = said.get("pooling_mode", [mode for key, mode in POOLED.items() if said.get(key)] or "mean")
    modes = [modes] if isinstance(modes, str) else modes
    if not isinstance(modes, list) or not modes or not all(mode in POOLINGS for mode in modes):
        raise SurroundingsFault(f"{place}/config.json pools by {modes!r}; known: {listed(POOLINGS)}")
    if said.get("include_prompt") is False:
        raise SurroundingsFault(
            f"{place}/config.json leaves prompts out of what is pooled (include_prompt), which is not done here; judge"
            " it as a Python function (backend python)"
        )
    return (*modes,)


def _prompted(folder: Path, way: Way) -> Way:
    """Return how texts are read and compared besides. Raises SurroundingsFault."""
    said, reads = (_settings(folder / name) if (folder / name).is_file() else {} for name in (PROMPTS, TRANSFORMER))
    if reads.get("transformer_task", "feature-extraction") != "feature-extraction":
        raise SurroundingsFault(f"{TRANSFORMER} is of a model for {reads['transformer_task']}, which makes no vectors")
    prompts = said.get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(one, str | None) for one in prompts.values()):
        raise SurroundingsFault(f"{PROMPTS}: prompts is no table of texts; save the model again")
    other = next((name for name in ("passage", "corpus") if prompts.get(name)), "")
    similarity, most = said.get("similarity_fn_name") or "cosine", reads.get("max_seq_length")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise SurroundingsFault(
            f"{TRANSFORMER}: max_seq_length = {most!r} is no number of tokens; save the model again"
        )
    return way._replace(
        query=prompts.get("query") or "",
        passage=prompts.get("document") or "",
        other="" if "document" in prompts else other,
        similarity=similarity,
        most=most or math.inf,
        lower=reads.get("do_lower_case") is True,
    )


def _settings(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise SurroundingsFault(f"{path}: it holds no object; save the model again")
    return found


def vectors(loaded: Loaded, given: Sequence[str], way: Way, long: Long | None) -> Any:
    """Return the vectors of texts as they are compared: a tensor of float32 of shape (texts, width), on the CPU.

    Raises SurroundingsFault.
    """
    import torch

    lowered = [text.lower() for text in given] if way.lower else given
    found = []
    for part in batches(loaded, lowered):
        batch = tokenized(loaded, part, long, most=way.most)
        with torch.inference_mode():
            said = loaded.model(**loaded.placed(batch))
        if getattr(said, "last_hidden_state", None) is None:
            raise SurroundingsFault(f"a {type(loaded.model).__name__} gives no vectors of tokens; give an encoder")
        states = said.last_hidden_state.float().cpu()
        mask = batch[MASK] if MASK in batch else torch.ones(states.shape[:2], dtype=torch.long)
        found.append(torch.cat([POOL[mode](states, mask) for mode in way.pooling], dim=-1))
    whole = torch.cat(found)
    return torch.nn.functional.normalize(whole, dim=-1) if way.normalize or way.similarity == "cosine" else whole


def _first(states: Any, mask: Any) -> Any:
    return _at(states, mask.argmax(dim=1))


def _last(states: Any, mask: Any) -> Any:
    return _at(states, mask.shape[1] - 1 - mask.flip(1).argmax(dim=1))


def _at(states: Any, places: Any) -> Any:
    return states[range(len(states)), places]


def _largest(states: Any, mask: Any) -> Any:
    return states.masked_fill(mask[..., None] == 0, -math.inf).amax(dim=1)


def _mean(states: Any, weights: Any, power: float = 1.0) -> Any:
    return (states * weights[..., None]).sum(dim=1) / weights.sum(dim=1, keepdim=True) ** power


def _weighted(states: Any, mask: Any) -> Any:
    return _mean(states, mask * mask.cumsum(dim=1))


POOL: Mapping[str, Any] = {
    "cls": _first,
    "max": _largest,
    "mean": _mean,
    "mean_sqrt_len_tokens": functools.partial(_mean, power=0.5),
    "weightedmean": _weighted,
    "lasttoken": _last,
}
"""Of the vectors of tokens, of shape (texts, tokens, width), and which are no pads: one of each text."""
