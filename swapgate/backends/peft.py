"""An adapter that was trained beside a model with peft: both are merged and judged as the model that they make."""

import hashlib
import json
import os
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from swapgate.backends import transformers
from swapgate.backends.backend import Backend, Place
from swapgate.core import extras
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.core.words import first_line
from swapgate.models import hub, loading
from swapgate.models.digest import settings_of
from swapgate.models.loading import Identity, Source, settings_digest
from swapgate.models.safety import check_config
from swapgate.models.weights import ADAPTER, ADAPTER_WEIGHTS, MERGE, is_adapter, kinds, read_settings, tensors_in
from swapgate.project.manifest import Row
from swapgate.tasks.task import Loaded, Task

NAME = "peft"
WEIGHTS = ADAPTER_WEIGHTS[0]
BASE = "base_model_name_or_path"
WHO_SAVED_IT = frozenset({BASE, "inference_mode", "peft_version", "revision", "auto_mapping"})
"""Settings of an adapter that change no answer of what it is merged into."""


def claims(model: str, path: Path) -> bool:
    """Return whether a row names a folder with an adapter and no whole model, and peft is there to merge it."""
    names = {one.name for one in path.iterdir()} if path.is_dir() else set()
    whole = names & {*kinds(allow_pickle=True)}
    return is_adapter(names) and not whole and {ADAPTER, WEIGHTS} <= names and extras.is_installed("peft")


def find(row: Row, place: Place) -> Source:
    """Find an adapter and the model that it was trained beside: a folder, or a public model of one commit.

    Raises InputFault.
    """
    folder = Path(os.path.normpath(place.base / Path(row.model).expanduser()))
    missing = next((name for name in (ADAPTER, WEIGHTS) if not (folder / name).is_file()), None)
    if missing:
        raise InputFault(f"{folder} holds no {missing}, so it is no adapter that is read; save it with peft")
    try:
        said = read_settings(folder / ADAPTER)
    except SurroundingsFault as fault:
        raise InputFault(str(fault)) from fault
    base, revision = said.get(BASE), row.revision or said.get("revision")
    if not isinstance(base, str) or not base:
        raise InputFault(f"{folder / ADAPTER}: {BASE} = {base!r} names no model; write which one it was trained beside")
    own = Row.model_fields["backend"].default
    beside = row.model_copy(update={"model": base, "revision": None, "backend": own})
    for where in (folder, place.root):
        if (where / base).is_dir():
            around = loading.find(beside, where, place.root, place.row_of)
            break
    else:
        if not hub.is_id(base) or not hub.is_pinned(revision):
            raise InputFault(
                f"{folder / ADAPTER}: {BASE} = {base!r} is neither a folder here nor a public model of one commit;"
                f" write revision = its commit into the row, or {MERGE}"
            )
        around = loading.find(beside.model_copy(update={"revision": revision}), folder, place.root, place.row_of)
    name = folder.relative_to(place.root) if folder.is_relative_to(place.root) else folder
    return Source(
        row,
        folder,
        f"{name.as_posix()} on {around.name}",
        place.row_of,
        absent=around.absent,
        backend=NAME,
        identify=identify,
        around=around,
    )


def _model_of(source: Source) -> Source:
    """Return the model that an adapter was trained beside."""
    if source.around is None:
        raise SurroundingsFault(f"{source.name}: the model of this adapter was not found; name the adapter in a row")
    return source.around


def identify(source: Source) -> Identity:
    """Tell by its model's digest, its own tensors and its settings which adapter it is. Raises SurroundingsFault."""
    around, weights = _model_of(source), source.folder / WEIGHTS
    held = sorted(tensors_in(weights))
    said = {key: value for key, value in read_settings(source.folder / ADAPTER).items() if key not in WHO_SAVED_IT}
    settings = settings_of(source.folder, source.row.read_in(source.folder))
    files = hashlib.sha256(json.dumps([around.files_digest, held, said, settings], sort_keys=True).encode()).hexdigest()
    whole = settings_digest(source, adapter=files, dtype=source.row.dtype)
    return Identity(whole, files, bytes=around.bytes + weights.stat().st_size, parameters=around.parameters)


@hub.offline()
def load(task: Task, source: Source) -> Loaded:
    """Load the model of an adapter and merge both. Raises SurroundingsFault where that cannot be done."""
    loaded = transformers.load(task, _model_of(source))
    settings = read_settings(source.folder / ADAPTER)
    check_config(ADAPTER, settings, [source.folder / WEIGHTS])
    if settings.get("megatron_config"):
        raise SurroundingsFault(f"{source.name}: {ADAPTER} asks for code of megatron, which is never run; {MERGE}")
    start = time.perf_counter()
    try:
        model = _merged(source, loaded.model)
    except SurroundingsFault:
        raise
    except Exception as error:  # whatever peft says of an adapter that does not fit
        raise SurroundingsFault(
            f"{source.name}: cannot be merged ({first_line(error)}); train it beside this model, or {MERGE}"
        ) from error
    return replace(loaded, model=model.eval(), seconds=loaded.seconds + time.perf_counter() - start)


def _merged(source: Source, model: Any) -> Any:
    """Return a model into which an adapter is merged. Raises SurroundingsFault where its weights are of another."""
    import peft

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft's own, of what transformers renames
        wrapped = peft.PeftModel.from_pretrained(model, str(source.folder))
    there = {name for name, *_ in tensors_in(source.folder / WEIGHTS)}
    wanted = {*peft.get_peft_model_state_dict(wrapped)}
    if there != wanted:
        name = min(there ^ wanted)
        raise SurroundingsFault(
            f"{source.name}: {name} is {'not in' if name in wanted else 'in'} {WEIGHTS}, and"
            f" {'belongs' if name in wanted else 'does not belong'} to its settings beside this model; save the adapter"
            " again"
        )
    return wrapped.merge_and_unload()


BACKEND = Backend(
    name=NAME,
    claims=claims,
    find=find,
    load=load,
    measures=lambda row: transformers.BACKEND.measures(row) - {"memory"},
    extra="peft",
    what="an adapter",
    keys=frozenset({"device", "dtype", "revision"}),
)
