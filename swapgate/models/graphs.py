"""What a graph of ONNX computes, and with which numbers, whatever its parts are called and however they are stored.

Each value of a graph is known by how it comes about: an input by its name, type and shape, a tensor by its numbers,
what a node makes by the operator, its version, its attributes and the values that it takes. A graph is what its inputs
are and how its outputs come about. So names of nodes and values, the order of nodes, texts, shapes that were inferred,
and who wrote the file do not count, nor whether a number stands in an initializer, in a node or in a file beside it.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.core.faults import SurroundingsFault
from swapgate.core.files import disguise
from swapgate.core.words import first_line

SCALES = ("_scale", "_zero_point", "_scale_quantized")
"""How names of tensors end that are no weights of a quantized graph."""
SNAPSHOTS, BLOBS = "snapshots", "blobs"
"""The folders of a repository in huggingface_hub's cache: links by their names, and what these lead to."""
OPERATORS = "ai.onnx"
"""The domain of operators that name none."""


class Graph(NamedTuple):
    """A graph, as it is told from another one."""

    digest: str
    """Of what it computes: 64 hexadecimal digits."""
    bytes: int
    """Size of its file, and of those that its tensors are in."""
    parameters: int
    """How many numbers its tensors hold, but for scales of whole numbers."""


def read_graph(path: Path) -> Graph:
    """Tell what a graph computes, and how large it is.

    Raises SurroundingsFault where the file is none, or a tensor of it cannot be read, as in a file that is not there
    or leads out of its folder.
    """
    import onnx

    if why := disguise(path):
        raise SurroundingsFault(f"{path.name}: {why}")
    try:
        proto = onnx.load(str(path), load_external_data=False)
        beside, parameters = {path.resolve()}, 0
        for tensor in _tensors(proto):
            parameters += 0 if tensor.name.endswith(SCALES) else math.prod(tensor.dims)
            _reduce(path, tensor, beside)
        return Graph(_computed(proto), sum(one.stat().st_size for one in beside), parameters)
    except SurroundingsFault:
        raise
    except KeyError as error:
        raise SurroundingsFault(
            f"{path.name} has a node that takes {error}, which nothing makes; export it again"
        ) from error
    except Exception as error:  # what protobuf and the system say, and whatever stands in the file
        raise SurroundingsFault(f"{path.name} is no graph of ONNX ({first_line(error)}); export it again") from error


def _tensors(part: Any) -> Iterator[Any]:
    """Yield all tensors below a part of a graph: those of nodes, graphs within it and functions too."""
    if part.DESCRIPTOR.name == "TensorProto":
        yield part
        return
    for field, value in part.ListFields():
        if field.message_type is not None:
            for one in [value] if hasattr(value, "ListFields") else value:
                yield from _tensors(one)


def _reduce(path: Path, tensor: Any, beside: set[Path]) -> None:
    """Put the digest of its numbers in the place of what a tensor holds; a file that it is in is noted."""
    import onnx

    name, kind, dims = tensor.name, tensor.data_type, [*tensor.dims]
    held = tensor
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        held = onnx.TensorProto(data_type=kind, dims=dims, raw_data=_external(path, tensor, beside))
    try:
        if kind == onnx.TensorProto.STRING:
            said = json.dumps([text.hex() for text in held.string_data]).encode()
        else:
            said = onnx.numpy_helper.to_array(held).tobytes()
    except Exception as error:  # too few numbers, shapes that do not fit, a type that is none
        raise _unreadable(path, name, first_line(error)) from error
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = name, kind, hashlib.sha256(said).digest()
    tensor.dims.extend(dims)


def _external(path: Path, tensor: Any, beside: set[Path]) -> bytes:
    """Return what a tensor holds that is in a file beside its graph, which is noted. Raises SurroundingsFault."""
    told = {entry.key: entry.value for entry in tensor.external_data}  # of two the last counts, as in the runtime
    where = told.get("location", "")
    try:
        file = _beside(path.absolute(), where)
        there = file is not None and file.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a name that is too long or has a zero byte, links in a ring
        raise _unreadable(path, tensor.name, f"in {where!r}: {first_line(error)}") from error
    if file is None or not there:
        why = "leads out of its folder; export it again" if file is None else "is not there; copy that file too"
        raise SurroundingsFault(f"{path.name} has {tensor.name or 'a tensor'} in {where!r}, which {why}")
    if why := disguise(file):
        raise SurroundingsFault(f"{file.name}: {why}")
    beside.add(file.resolve())
    size = file.stat().st_size
    try:
        first = int(told.get("offset") or 0)
        length = int(told["length"]) if told.get("length") else size - first
    except ValueError as error:
        raise _unreadable(path, tensor.name, first_line(error)) from error
    if first < 0 or length < 0 or first + length > size:
        ends = f"bytes {first:,} to {first + length:,} of {where!r}, which has {size:,}"
        raise _unreadable(path, tensor.name, ends)
    with file.open("rb") as content:
        content.seek(first)
        return content.read(length)


def _beside(path: Path, where: str) -> Path | None:
    """Return the file that a graph names, by its location; None where that is none in its folder.

    A link may lead to the files of its own repository, where huggingface_hub keeps it.
    """
    folder, file = path.parent, Path(os.path.normpath(path.parent / where))
    kept = [one.parent.parent / BLOBS for one in (folder, *folder.parents) if one.parent.name == SNAPSHOTS]
    inside = where and file.is_relative_to(folder) and file.parent.resolve().is_relative_to(folder.resolve())
    leads = inside and any(file.resolve().is_relative_to(one.resolve()) for one in (folder, *kept))
    return file if leads else None


def _unreadable(path: Path, name: str, why: str) -> SurroundingsFault:
    return SurroundingsFault(f"{name or 'a tensor'} in {path.name} cannot be read ({why}); export it again")


class _Scope(NamedTuple):
    """Where nodes stand."""

    versions: Mapping[str, int]
    """Of operators, by domain."""
    functions: Mapping[tuple[str, str, str], Any]
    """By domain, name and overload."""
    depth: int
    """In how many graphs of other nodes, whose inputs have no meaning by their names."""
    bodies: dict[tuple[str, str, str], str]
    """What functions make of their inputs, as far as that is known."""


def _computed(proto: Any) -> str:
    """Return a digest of a graph whose tensors are digests of their numbers."""
    graph = proto.graph
    functions = {(_domain(one), one.name, one.overload): one for one in proto.functions}
    held = {one.name for one in graph.initializer} | {one.values.name for one in graph.sparse_initializer}
    inputs = {one.name: _digest("input", one.name, _type(one.type)) for one in graph.input if one.name not in held}
    said = _outputs(graph, inputs, _Scope(_versions(proto), functions, 0, {}))
    names = [one.name for one in graph.output]
    return _digest(sorted(inputs.values()), sorted(zip(names, said, strict=True)))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _domain(part: Any) -> str:
    return part.domain or OPERATORS


def _versions(part: Any) -> dict[str, int]:
    return {_domain(one): one.version for one in part.opset_import}


def _type(said: Any) -> object:
    """Return what counts of the type of an input: sizes that are open have no meaning by their names."""
    if not said.HasField("tensor_type"):
        return said.SerializeToString(deterministic=True).hex()
    kind = said.tensor_type
    sizes = [one.dim_value if one.HasField("dim_value") else None for one in kind.shape.dim]
    return [kind.elem_type, sizes if kind.HasField("shape") else None]


def _tensor(tensor: Any) -> str:
    return _digest("tensor", tensor.data_type, [*tensor.dims], tensor.raw_data.hex())


def _outputs(graph: Any, given: Mapping[str, str], scope: _Scope) -> list[str]:
    """Return how each output of a graph comes about, of values that it is given by name. Raises KeyError."""
    values = {**given, **{one.name: _tensor(one) for one in graph.initializer}}
    for one in graph.sparse_initializer:
        values[one.values.name] = _digest("sparse", _tensor(one.values), _tensor(one.indices), [*one.dims])
    _follow(graph.node, values, scope)
    return [values[one.name] for one in graph.output]


def _follow(nodes: Iterable[Any], values: dict[str, str], scope: _Scope) -> None:
    """Add to values what nodes make of them, in whatever order they stand. Raises KeyError where one takes what nothing
    makes.
    """
    waiting = [*nodes]
    while waiting:
        later: list[Any] = []
        lack = KeyError()
        for node in waiting:
            try:
                said = _made(node, values, scope)
            except KeyError as error:
                later, lack = [*later, node], error
            else:
                values.update((name, one) for name, one in zip(node.output, said, strict=True) if name)
        if len(later) == len(waiting):
            raise lack
        waiting = later


def _made(node: Any, values: Mapping[str, str], scope: _Scope) -> list[str]:
    """Return what a node makes: a constant is what it holds. Raises KeyError."""
    domain = _domain(node)
    if (domain, node.op_type) == (OPERATORS, "Constant") and [one.name for one in node.attribute] == ["value"]:
        return [_tensor(node.attribute[0].t)]
    taken = [values[name] if name else "" for name in node.input]
    attributes = sorted(_attribute(one, values, scope) for one in node.attribute)
    named = (domain, node.op_type, node.overload)
    how = _body(named, scope) if named in scope.functions else scope.versions.get(domain)
    said = _digest(named, how, taken, attributes, [bool(one) for one in node.output])
    return [_digest(said, place) for place in range(len(node.output))]


def _body(named: tuple[str, str, str], scope: _Scope) -> str:
    """Return what a function makes of its inputs. Raises KeyError, RecursionError where it calls itself."""
    if named not in scope.bodies:
        function = scope.functions[named]
        values = {name: _digest("given", place) for place, name in enumerate(function.input)}
        inner = scope._replace(versions=_versions(function), depth=0)
        _follow(function.node, values, inner)
        defaults = sorted(_attribute(one, {}, inner) for one in function.attribute_proto)
        outputs = [values[name] for name in function.output]
        scope.bodies[named] = _digest(sorted(function.attribute), defaults, outputs)
    return scope.bodies[named]


def _attribute(attribute: Any, values: Mapping[str, str], scope: _Scope) -> list[Any]:
    """Return what counts of an attribute: of graphs in it how their outputs come about. Raises KeyError."""
    graphs = [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
    plain = type(attribute)()
    plain.CopyFrom(attribute)
    for key in ("g", "graphs", "doc_string"):
        plain.ClearField(key)
    for tensor in _tensors(plain):
        tensor.ClearField("name")
    deeper = scope._replace(depth=scope.depth + 1)
    within = [_outputs(one, {**values, **_given(one, deeper.depth)}, deeper) for one in graphs]
    return [attribute.name, plain.SerializeToString(deterministic=True).hex(), within]


def _given(graph: Any, depth: int) -> dict[str, str]:
    return {one.name: _digest("given", depth, place) for place, one in enumerate(graph.input)}
