"""A graph that ONNX Runtime computes, in a folder with config.json and tokenizer or processor, as Optimum writes it."""

import hashlib
import inspect
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from keyword import iskeyword
from pathlib import Path
from typing import Any

from swapgate.backends.backend import Backend, Place
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.core.words import first_line, listed, toml_string
from swapgate.models import loading
from swapgate.models.digest import files_below, settings_of
from swapgate.models.graphs import read_graph
from swapgate.models.loading import Identity, Source, settings_digest
from swapgate.models.weights import is_adapter, kinds
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
CAUSAL = "AutoModelForCausalLM"
"""What loads the models of language that do so without an encoder."""
QUIET = 4
"""The severity from which ONNX Runtime writes to standard error: fatal."""
LOGITS = "logits"
"""Stands in the names of outputs of which softmax or sigmoid is taken."""
NOT_BY_CHANCE = 16
"""Fewer numbers may sum to one in their rows and be logits."""
OFF_ONE = 1e-3
"""How far sums of probabilities may be from one, in 16 bits too."""
BY_PLACES = 2
"""Axes of an input that is a text, or the samples of a sound."""


def claims(model: str, path: Path) -> bool:
    """Return whether a row names a graph, or a folder that has some and no weights that transformers or peft loads."""
    if path.suffix == SUFFIX:
        return True
    names = {one.name for one in path.iterdir()} if path.is_dir() else set()
    others = is_adapter(names) or names & {*kinds(allow_pickle=True)}
    return not others and (GRAPH in names or bool(_graphs_in(path)))


def _graphs_in(folder: Path) -> list[str]:
    """Return the graphs of a folder, and those of its folder for them."""
    found = [path for place in (folder, folder / FOLDER) for path in sorted(place.glob(f"*{SUFFIX}"))]
    return [path.relative_to(folder).as_posix() for path in found if path.is_file()]


def find(row: Row, place: Place) -> Source:
    """Find the graph of a row, and the folder of its config.json. Raises InputFault."""
    path = Path(os.path.normpath(place.base / Path(row.model).expanduser()))
    graph = path if path.suffix == SUFFIX else path / GRAPH
    if not graph.is_file():
        raise InputFault(_no_graph(row, path, graph))
    above = graph.parent.parent if graph.parent.name == FOLDER else graph.parent
    folder = next((one for one in (graph.parent, above) if (one / "config.json").is_file()), None)
    if folder is None:
        raise InputFault(f"{graph.parent} holds no config.json beside {graph.name}; give all that the export wrote")
    name = path.relative_to(place.root) if path.is_relative_to(place.root) else path
    file = graph.relative_to(folder).as_posix()
    return Source(row, folder, name.as_posix(), place.row_of, backend=NAME, identify=identify, file=file)


def _no_graph(row: Row, path: Path, graph: Path) -> str:
    """Word that a row names no graph, and which there are."""
    folder = path if graph != path else path.parent
    there = _graphs_in(folder)
    if {Path(name).name for name in there} & {*DECODERS} and graph.name == GRAPH:
        return f"{path} {STEP_BY_STEP}"
    words = f"no graph {graph} (model = {row.model!r}); "
    if not there:
        return f"{words}give what optimum-cli export onnx wrote"
    written = Path(row.model) if graph != path else Path(row.model).parent
    more = ", or another of them" if len(there) > 1 else ""
    return f"{words}it holds {listed(there)}: write model = {toml_string((written / there[0]).as_posix())}{more}"


def graph_of(source: Source) -> Path:
    """Return where the graph of a source is, in its own tree."""
    return source.folder / source.file


def identify(source: Source) -> Identity:
    """Tell by what its graph computes and by settings which model it is, and how large. Raises SurroundingsFault."""
    try:
        graph = read_graph(graph_of(source))
    except SurroundingsFault as fault:
        raise SurroundingsFault(f"{source.name}: {fault}") from fault
    held = json.dumps([graph.digest, settings_of(source.folder, source.row.read_in(source.folder))], sort_keys=True)
    files = hashlib.sha256(held.encode()).hexdigest()
    return Identity(settings_digest(source, graph=files), files, bytes=graph.bytes, parameters=graph.parameters)


class Graph:
    """A graph in the place of a model of transformers: what it computes, and all else as its config.json says."""

    def __init__(self, name: str, session: Any, shape: Any) -> None:
        import torch

        self.device, self.dtype = torch.device("cpu"), torch.float32
        self._name, self._session, self._shape = name, session, shape
        self._inputs = {one.name: one for one in session.get_inputs()}
        self._outputs = [one.name for one in session.get_outputs()]
        self._gives_probabilities = False
        names = [one for one in self._inputs if one.isidentifier() and not iskeyword(one)]  # others nobody makes
        given = [inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY) for one in names]
        self.forward = lambda **inputs: self(**inputs)
        self.forward.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shape, name)

    def __call__(self, **inputs: Any) -> Any:
        """Compute the outputs of a batch, by the names of inputs that the graph takes.

        Raises SurroundingsFault where it takes others, ModelFault where it gives probabilities in the place of logits.
        """
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
        found = {name: _joined([one[name] for one in said]) for name in self._outputs}
        self._gives_probabilities |= any(LOGITS in name and are_probabilities(found[name]) for name in found)
        if self._gives_probabilities:
            raise ModelFault(
                f"{self._name} gives probabilities where logits are expected, of which softmax would be taken again:"
                " its graph ends in a softmax; export it without"
            )
        return Said(self._name, found)

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


def are_probabilities(table: Any) -> bool:
    """Return whether each row of the last axis is a softmax, of so many numbers that they are none by chance."""
    if not table.is_floating_point() or table.dim() == 0 or table.shape[-1] == 1 or table.numel() < NOT_BY_CHANCE:
        return False
    return bool((table >= 0).all() and ((table.float().sum(dim=-1) - 1).abs() <= OFF_ONE).all())


def _type(said: str) -> str:
    """Return the type of numpy for one that ONNX Runtime says, as in "tensor(int64)"."""
    name = said.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64"}.get(name, name)


def _can_be_given(said: str) -> bool:
    return re.fullmatch(r"tensor\((float|float16|double|bool|u?int(8|16|32|64))\)", said) is not None


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
    files = [*files_below(graph.parent, every=True).values()]
    around = loading.load_shape(source, files, auto_class, task.reader_class)
    if getattr(around.model.config, "is_encoder_decoder", False) or auto_class == CAUSAL:
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
    """Make sure that a graph is told which tokens are pads, and takes inputs of any length. Raises ModelFault,
    SurroundingsFault where it takes what is no table of numbers.
    """
    tokenizer = getattr(reader, "tokenizer", reader)
    takes = {one.name for one in inputs}
    if "input_ids" in takes and MASK in getattr(tokenizer, "model_input_names", ()) and MASK not in takes:
        raise ModelFault(
            f"{name} takes no {MASK}, so in a batch it reads pads as text; export it with that input, as"
            " optimum-cli does"
        )
    for one in inputs:
        if not _can_be_given(one.type):
            raise SurroundingsFault(
                f"{name} takes {one.name} as {one.type}, which nothing makes; export it for its task"
            )
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
