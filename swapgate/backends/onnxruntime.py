"""A graph that ONNX Runtime computes, in a folder with config.json and tokenizer or processor, as Optimum writes it."""

import hashlib
import inspect
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from swapgate.backends.backend import Backend, Place
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.words import first_line, listed
from swapgate.models import loading
from swapgate.models.digest import files_below, settings_of
from swapgate.models.loading import Identity, Source, settings_digest
from swapgate.models.weights import kinds
from swapgate.project.manifest import Row
from swapgate.tasks.task import Loaded, Task
from swapgate.tasks.texts import MASK

NAME = "onnxruntime"
SUFFIX = ".onnx"
GRAPH = "model.onnx"
"""The graph of a folder whose row names none."""
FOLDER = "onnx"
"""Where graphs lie that are kept beside other weights."""
DECODERS = ("decoder_model.onnx", "decoder_model_merged.onnx", "decoder_with_past_model.onnx")
"""What the export of a model that writes step by step has."""
STEP_BY_STEP = (
    "is the export of a model that writes step by step, which no library runs that is kept for transformers 5: judge it"
    " as a Python function (backend python), in which optimum-onnx 0.1 with transformers 4.57 carries it"
)
"""What is said of such an export."""
SCALES = ("_scale", "_zero_point", "_scale_quantized")
"""How names of initializers end that are no weights of a quantized graph."""
QUIET = 4
"""The severity from which ONNX Runtime writes to standard error: fatal."""
BY_PLACES = 2
"""Axes of an input that is a text, or the samples of a sound."""


def claims(model: str, path: Path) -> bool:
    """Return whether a row names a graph, or a folder that has one and no weights that transformers loads."""
    if path.suffix == SUFFIX:
        return True
    names = {one.name for one in path.iterdir()} if path.is_dir() else set()
    return bool(names & {GRAPH, *DECODERS}) and not names & {*kinds(allow_pickle=True)}


def find(row: Row, place: Place) -> Source:
    """Find the graph of a row, and the folder of its config.json. Raises InputFault."""
    path = Path(os.path.normpath(place.base / Path(row.model).expanduser()))
    graph = path if path.suffix == SUFFIX else path / GRAPH
    if not graph.is_file() and any((path / name).is_file() for name in DECODERS):
        raise InputFault(f"{path} {STEP_BY_STEP}")
    if not graph.is_file():
        raise InputFault(f"no graph {graph} (model = {row.model!r}); give what optimum-cli export onnx wrote")
    above = graph.parent.parent if graph.parent.name == FOLDER else graph.parent
    folder = next((one for one in (graph.parent, above) if (one / "config.json").is_file()), None)
    if folder is None:
        raise InputFault(f"{graph.parent} holds no config.json beside {graph.name}; give all that the export wrote")
    name = path.relative_to(place.root) if path.is_relative_to(place.root) else path
    return Source(row, folder, name.as_posix(), place.row_of, backend=NAME, identify=identify)


def graph_of(source: Source) -> Path:
    """Return where the graph of a source is, in its own tree."""
    path = Path(source.row.model)
    if path.suffix != SUFFIX:
        return source.folder / GRAPH
    inner = Path(path.parent.name, path.name)
    return source.folder / (inner if path.parent.name == FOLDER != source.folder.name else path.name)


def identify(source: Source) -> Identity:
    """Tell by graph, initializers and settings which model it is, and how large. Raises SurroundingsFault."""
    graph = graph_of(source)
    proto = _read(source, graph)
    found, parameters, beside = [], 0, {graph}
    for tensor in proto.graph.initializer:
        values = _values(source, graph, tensor, beside)
        found.append([tensor.name, tensor.data_type, [*tensor.dims], hashlib.sha256(values).hexdigest()])
        is_weight = not tensor.name.endswith(SCALES)
        parameters += math.prod(tensor.dims) if is_weight else 0
    del proto.graph.initializer[:]
    for key in ("producer_name", "producer_version", "doc_string", "model_version", "metadata_props"):
        proto.ClearField(key)
    for node in proto.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    said = hashlib.sha256(proto.SerializeToString(deterministic=True)).hexdigest()
    held = json.dumps([said, sorted(found), settings_of(source.folder, source.row.beside)], sort_keys=True)
    files = hashlib.sha256(held.encode()).hexdigest()
    size = sum(path.stat().st_size for path in beside)
    return Identity(settings_digest(source, graph=files), files, bytes=size, parameters=parameters)


def _read(source: Source, graph: Path) -> Any:
    """Read a graph, its external data not yet. Raises SurroundingsFault."""
    import onnx

    try:
        return onnx.load(str(graph), load_external_data=False)
    except Exception as error:  # what protobuf and the system say
        raise SurroundingsFault(
            f"{source.name}: {graph.name} is no graph of ONNX ({first_line(error)}); export it again"
        ) from error


def _values(source: Source, graph: Path, tensor: Any, beside: set[Path]) -> bytes:
    """Return the bytes of an initializer; a file beside the graph that it is in is noted. Raises SurroundingsFault."""
    import onnx

    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        beside.add(_external(source, graph, tensor))
    try:
        found = onnx.numpy_helper.to_array(tensor, base_dir=str(graph.parent))
    except Exception as error:  # a file that ends too early, shapes that do not fit
        raise SurroundingsFault(
            f"{source.name}: {tensor.name} in {graph.name} cannot be read ({first_line(error)}); export it again"
        ) from error
    return bytes(found.tobytes())


def _external(source: Source, graph: Path, tensor: Any) -> Path:
    """Return the file that holds an initializer. Raises SurroundingsFault where it is none in the graph's folder."""
    name = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    path = Path(os.path.normpath(graph.parent / name))
    inside = path.is_relative_to(graph.parent) and path.resolve().is_relative_to(graph.parent.resolve())
    if not name or not inside:
        raise SurroundingsFault(
            f"{source.name}: {graph.name} has {tensor.name} in {name!r}, which leads out of its folder; export it again"
        )
    if not path.is_file():
        raise SurroundingsFault(
            f"{source.name}: {graph.name} has {tensor.name} in {name!r}, which is not there; copy that file too"
        )
    return path


class Graph:
    """A graph in the place of a model of transformers: what it computes, and all else as its config.json says."""

    def __init__(self, name: str, session: Any, shape: Any) -> None:
        import torch

        self.device, self.dtype = torch.device("cpu"), torch.float32
        self._name, self._session, self._shape = name, session, shape
        self._inputs = {one.name: one for one in session.get_inputs()}
        self._outputs = [one.name for one in session.get_outputs()]
        given = [inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY) for one in self._inputs]
        self.forward = lambda **inputs: self(**inputs)
        self.forward.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shape, name)

    def __call__(self, **inputs: Any) -> Any:
        """Compute the outputs of a batch, by the names of inputs that the graph takes. Raises SurroundingsFault."""
        missing = [name for name in self._inputs if name not in inputs]
        if missing:
            raise SurroundingsFault(
                f"{self._name} asks for {listed(missing)}, which its tokenizer or processor does not make; export it"
                " for its task"
            )
        batch = {name: inputs[name] for name in self._inputs}
        alone = any(one.shape[:1] == [1] for one in self._inputs.values())
        count = len(next(iter(batch.values())))
        parts = [slice(at, at + 1) for at in range(count)] if alone else [slice(None)]
        said = [self._computed({name: table[part] for name, table in batch.items()}) for part in parts]
        return Said(self._name, {name: _joined([one[name] for one in said]) for name in self._outputs})

    def _computed(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: table.numpy().astype(_type(self._inputs[name].type)) for name, table in batch.items()}
        return dict(zip(self._outputs, self._session.run(self._outputs, given), strict=True))


class Said(dict[str, Any]):
    """What a graph gives, by name, also as attributes."""

    def __init__(self, name: str, outputs: Mapping[str, Any]) -> None:
        super().__init__(outputs)
        self._name = name

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        if key not in self:
            raise SurroundingsFault(f"{self._name} gives {listed(self)}, and no {key}; export it for its task")
        return self[key]


def _joined(tables: Sequence[Any]) -> Any:
    import torch

    return torch.cat([torch.from_numpy(table) for table in tables])


def _type(said: str) -> str:
    """Return the type of numpy for one that ONNX Runtime says, as in "tensor(int64)"."""
    name = said.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64"}.get(name, name)


def load(task: Task, source: Source) -> Loaded:
    """Load a graph and what makes its inputs.

    Raises SurroundingsFault where that cannot be done, ModelFault where the graph takes no mask of pads, or inputs of
    one length alone.
    """
    import onnxruntime

    if source.identify:  # else another process has looked where its data are
        _ = source.digest
    graph = graph_of(source)
    auto_class = task.auto_class_of(source.name, source.config)
    files = [path for path in graph.parent.iterdir() if path.name.startswith(graph.name) and path.is_file()]
    around = loading.load_shape(source, files, auto_class, task.reader_class)
    if getattr(around.model.config, "is_encoder_decoder", False):
        raise SurroundingsFault(f"{source.name} {STEP_BY_STEP}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = loading.THREADS
    options.log_severity_level = QUIET
    try:
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # an opset that is too new, operators of others, a broken graph
        raise SurroundingsFault(
            f"{source.name}: onnxruntime {onnxruntime.__version__} cannot compute {graph.name} ({first_line(error)});"
            " export it again for it"
        ) from error
    _check_inputs(source.name, session.get_inputs(), around.reader)
    loaded = replace(around, model=Graph(source.name, session, around.model))
    task.check_loaded(source.name, loaded)
    return loaded


def _check_inputs(name: str, inputs: Sequence[Any], reader: Any) -> None:
    """Make sure that a graph is told which tokens are pads, and takes inputs of any length. Raises ModelFault."""
    tokenizer = getattr(reader, "tokenizer", reader)
    takes = {one.name for one in inputs}
    if "input_ids" in takes and MASK in getattr(tokenizer, "model_input_names", ()) and MASK not in takes:
        raise ModelFault(
            f"{name} takes no {MASK}, so in a batch it reads pads as text; export it with that input, as"
            " optimum-cli does"
        )
    for one in inputs:
        fixed = [size for size in one.shape[1:] if isinstance(size, int)] if len(one.shape) <= BY_PLACES else []
        fixed += [size for size in one.shape[:1] if isinstance(size, int) and size != 1]
        if fixed:
            raise ModelFault(
                f"{name} takes {one.name} of the shape {one.shape} alone; export it with dynamic axes, as optimum-cli"
                " does"
            )


def files(source: Source) -> dict[str, Path]:
    """Return all that may count of a graph, by what it is to it: the graph itself, for a folder may have several; all
    that lies below it, for a graph may name any of these as its data; and what tokenizer or processor is made of.
    """
    graph = graph_of(source)
    beside = {f"beside it: {name}": path for name, path in files_below(graph.parent, every=True).items()}
    return {"graph": graph, **beside, **files_below(source.folder)}


def surroundings() -> Mapping[str, str]:
    """Return the version of ONNX Runtime."""
    import onnxruntime

    return {NAME: onnxruntime.__version__}


BACKEND = Backend(
    name=NAME, claims=claims, find=find, load=load, by_files=True, files=files, surroundings=surroundings, extra="onnx"
)
