"""Data sets of Hugging Face: Parquet files, folders that save_to_disk wrote, and those that the hub has by an id.

Their features say what numbers of classes are called, and what holds files.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from swapgate.core.extras import lack
from swapgate.core.faults import InputFault
from swapgate.core.words import first_line, listed
from swapgate.project.foreign.found import Found
from swapgate.project.foreign.tables import json_of

STATE, SPLITS, INFO = "state.json", "dataset_dict.json", "dataset_info.json"
"""What a folder of a data set holds: of one part, or of all of them."""
INDICES = "_indices_files"
FEATURES = b"huggingface"
"""The key in the metadata of a Parquet file that holds features."""


def parquet(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield the rows of a Parquet file. Raises InputFault."""
    pyarrow = _pyarrow(path)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            said = (file.schema_arrow.metadata or {}).get(FEATURES)
            features = json.loads(said)["info"]["features"] if said else {}
            yield from _rows(file.iter_batches(), features, path)
    except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException) as error:
        raise InputFault(f"{path}: cannot be read ({first_line(error)}); give a file that is whole") from error


def dataset(path: Path, _keys: Collection[str]) -> Iterator[Found]:
    """Yield the rows of a folder that save_to_disk wrote. Raises InputFault, also where it holds several parts."""
    if (path / SPLITS).is_file():
        parts = json_of(path / SPLITS).get("splits", [])
        raise InputFault(f"{path}: holds parts of a data set ({listed(map(str, parts))}); name the folder of one")
    pyarrow, state = _pyarrow(path), json_of(path / STATE)
    if state.get(INDICES):
        raise InputFault(f"{path}: keeps the order of its rows beside them; write it with flatten_indices() before")
    try:
        features = json_of(path / INFO).get("features") or {}
        for file in state["_data_files"]:
            with pyarrow.memory_map(str(path / file["filename"])) as source:
                yield from _rows(iter(pyarrow.ipc.open_stream(source)), features, path)
    except (OSError, KeyError, TypeError, pyarrow.ArrowException) as error:
        raise InputFault(f"{path}: cannot be read ({first_line(error)}); save it again") from error


def from_hub(name: str, part: str | None, configuration: str | None) -> Iterator[Found]:
    """Yield the rows of a data set that the hub has. Raises InputFault."""
    if words := lack(["datasets"]):
        raise InputFault(f"{name}: there is no such file or folder, and a data set of the hub {words}")
    import datasets

    try:
        if part is None:
            parts = datasets.get_dataset_split_names(name, configuration)
            raise InputFault(f"{name}: give --split, one of: {listed(parts)}")
        found = datasets.load_dataset(name, configuration, split=part)
    except InputFault:
        raise
    except Exception as error:  # whatever the hub, the network and a data set do
        raise InputFault(f"{name}: cannot be had ({type(error).__name__}: {first_line(error)})") from error
    yield from _rows((table for table in found.with_format("arrow").iter(256)), found.features.to_dict(), Path(name))


def _rows(batches: Iterator[Any], features: Any, path: Path) -> Iterator[Found]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            try:
                known: Any = {key: _named(value, features.get(key)) for key, value in row.items()}
            except (IndexError, TypeError, ValueError) as error:
                known = InputFault(f"has a class that the features of {path.name} do not name ({error}); mend the row")
            yield Found(f"row {number}", known)


def _named(value: Any, feature: Any) -> Any:
    """Return a value with the names of classes in the place of their numbers, as a feature says."""
    if value is None:
        return None
    if isinstance(feature, list) and len(feature) == 1:
        feature = {"feature": feature[0], "_type": "List"}
    if not isinstance(feature, Mapping):
        return value
    kind = feature.get("_type")
    if kind == "ClassLabel":
        if value < 0:
            raise ValueError(f"{value}")
        return feature["names"][value]
    if kind in ("List", "LargeList", "Sequence") and isinstance(value, list):
        return [_named(one, feature.get("feature")) for one in value]
    if isinstance(value, dict):
        inner = feature.get("feature", feature)  # a Sequence of a table is a table of lists
        in_lists = kind == "Sequence"
        return {key: _named(one, [inner.get(key)] if in_lists else inner.get(key)) for key, one in value.items()}
    return value


def _pyarrow(path: Path) -> Any:
    if words := lack(["parquet"]):
        raise InputFault(f"{path}: reading it {words}")
    import pyarrow
    import pyarrow.ipc
    import pyarrow.parquet

    return pyarrow
