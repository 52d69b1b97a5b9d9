"""A graph of ONNX is what it computes: the same saved otherwise is the same, and each number of it counts."""

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.models.graphs import read_graph

onnx = pytest.importorskip("onnx", reason="needs onnx")

PLACES = ["initializer", "constant", "attribute", "branch", "function", "sparse"]
"""Where the numbers of a graph may stand."""
NUMBERS = [0.5, 2.0]


def tensor(name, numbers=NUMBERS):
    """Return a tensor of float32 that holds its bytes."""
    held = onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [len(numbers)], numbers)
    return onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(held), name)


def value(name, sizes=("n", 2)):
    """Return what says an input or output of float32."""
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [*sizes])


def node(kind, taken, made, **more):
    """Return a node of an operator, by names of what it takes and makes with blanks between."""
    return onnx.helper.make_node(kind, taken.split(), made.split(), **more)


def model(place="initializer", numbers=NUMBERS, kind="Mul"):
    """Return a graph that takes x and gives y = x · numbers, in one of several ways."""
    held, functions, outside = tensor("w", numbers), [], [onnx.helper.make_opsetid("", 17)]
    last, more = node(kind, "x w", "y"), {}
    nodes = [last]
    if place == "initializer":
        more["initializer"] = [held]
    elif place == "constant":
        nodes = [node("Constant", "", "w", value=held), last]
    elif place == "attribute":
        shape = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor("s", [2.0])).astype("int64"), "s")
        fill = tensor("fill", numbers[-1:])
        nodes = [node("Constant", "", "s", value=shape), node("ConstantOfShape", "s", "w", value=fill), last]
    elif place == "branch":
        branch = onnx.helper.make_graph([node(kind, "x w", "z")], "branch", [], [value("z")], [held])
        yes = onnx.helper.make_tensor("yes", onnx.TensorProto.BOOL, [], [True])
        more["initializer"] = [yes]
        nodes = [node("If", "yes", "y", then_branch=branch, else_branch=branch)]
    elif place == "function":
        inner = [node("Constant", "", "w", value=held), node(kind, "a w", "b")]
        functions = [onnx.helper.make_function("own", "Scaled", ["a"], ["b"], inner, outside[:1])]
        outside.append(onnx.helper.make_opsetid("own", 1))
        nodes = [node("Scaled", "x", "y", domain="own")]
    else:
        indices = onnx.helper.make_tensor("i", onnx.TensorProto.INT64, [2], [0, 1])
        more["sparse_initializer"] = [onnx.helper.make_sparse_tensor(held, indices, [2])]
    graph = onnx.helper.make_graph(nodes, "g", [value("x")], [value("y")], **more)
    return onnx.helper.make_model(graph, opset_imports=outside, functions=functions)


def tensors(part):
    """Yield all tensors of a model."""
    if isinstance(part, onnx.TensorProto):
        yield part
        return
    for field, held in part.ListFields():
        for one in ([held] if hasattr(held, "ListFields") else held) if field.message_type else ():
            yield from tensors(one)


def outside(proto, location, folder=None):
    """Move the numbers of a model into a file, which is written where there is a folder."""
    for one in tensors(proto):
        if one.data_type == onnx.TensorProto.FLOAT and one.HasField("raw_data"):
            if folder:
                (folder / location).write_bytes(one.raw_data)
            one.ClearField("raw_data")
            one.data_location = onnx.TensorProto.EXTERNAL
            one.external_data.add(key="location", value=location)
    return proto


@pytest.fixture
def read(tmp_path):
    """Write a model into a file and tell what it is."""

    def told(proto, folder=tmp_path):
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(proto.SerializeToString())
        return read_graph(folder / "model.onnx")

    return told


def renamed(proto):
    """Give all other names but inputs and outputs."""
    for one in proto.graph.node:
        one.name = f"named_{one.op_type}"
        one.input[:] = [name if name == "x" else f"other_{name}" for name in one.input]
        one.output[:] = [name if name == "y" else f"other_{name}" for name in one.output]
    for held in proto.graph.initializer:
        held.name = f"other_{held.name}"
    for held in proto.graph.sparse_initializer:
        held.values.name = f"other_{held.values.name}"
    for branch in (one.g for part in proto.graph.node for one in part.attribute if one.name.endswith("_branch")):
        branch.name = "another"
    return proto


def told_of(proto):
    """Say other things of who made it."""
    proto.producer_name, proto.doc_string, proto.ir_version, proto.domain = "somebody", "a model", 8, "here"
    proto.graph.name, proto.graph.doc_string, proto.model_version = "another", "a graph", 7
    onnx.helper.set_model_props(proto, {"made": "today"})
    for one in proto.graph.node:
        one.doc_string = "from a line of code"
    return proto


def other_sizes(proto):
    """Call an open size by another name."""
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    return proto


def more_operators(proto):
    """Name a set of operators that nothing uses."""
    proto.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return proto


def other_order(proto):
    """Turn the order of the nodes round."""
    nodes = [*proto.graph.node][::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return proto


def as_numbers(proto):
    """Write numbers as such and not as bytes."""
    for one in tensors(proto):
        if one.data_type == onnx.TensorProto.FLOAT and one.HasField("raw_data"):
            one.float_data.extend(onnx.numpy_helper.to_array(one).tolist())
            one.ClearField("raw_data")
    return proto


OTHERWISE = {
    "names": renamed,
    "texts": told_of,
    "names of sizes": other_sizes,
    "operators that nothing uses": more_operators,
    "order": other_order,
    "numbers as such": as_numbers,
    "inferred shapes": onnx.shape_inference.infer_shapes,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in OTHERWISE.items()])
def test_the_same_saved_otherwise(read, place, way):
    """Names, texts, order, versions and how a number is written do not count, wherever the numbers stand."""
    assert read(way(model(place))).digest == read(model(place)).digest


@pytest.mark.parametrize("place", PLACES)
def test_in_a_file_beside_it(read, tmp_path, place):
    """Numbers in a file beside the graph are the same ones, and the file counts as part of its size."""
    inside, moved = read(model(place)), read(outside(model(place), "w.bin", tmp_path))
    assert moved.digest == inside.digest
    assert moved.parameters == inside.parameters
    assert moved.bytes == (tmp_path / "model.onnx").stat().st_size + (tmp_path / "w.bin").stat().st_size
    content = (tmp_path / "w.bin").read_bytes()
    (tmp_path / "w.bin").write_bytes(content[:-1] + b"\x41")
    assert read_graph(tmp_path / "model.onnx").digest != inside.digest


def test_a_constant_is_what_it_holds(read):
    """Whether a tensor is an initializer or a node gives it is the same."""
    assert read(model("constant")).digest == read(model("initializer")).digest


@pytest.mark.parametrize("place", PLACES)
def test_other_models(read, place):
    """Another number, another operator and its other version are other models."""
    older = model(place)
    older.opset_import[0].version = 16
    for function in older.functions:
        function.opset_import[0].version = 16
    changed = [model(place), model(place, [0.5, 2.1]), model(place, kind="Add"), older]
    assert len({read(one).digest for one in changed}) == len(changed)


def exchanged(proto):
    """Exchange what the first node takes."""
    proto.graph.node[0].input[:] = [*proto.graph.node[0].input][::-1]
    return proto


def two_outputs(first, second):
    """Return a graph that gives -x and |x|, by these names."""
    nodes = [node("Neg", "x", first), node("Abs", "x", second)]
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [value("x")], [value("y"), value("z")]))


def text(word):
    """Return a graph that gives a word."""
    held = onnx.helper.make_tensor("t", onnx.TensorProto.STRING, [1], [word])
    nodes = [node("Constant", "", "y", value=held)]
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [value("x")], [value("y")]))


def nested(taken):
    """Return a loop within a loop, of which the inner one gives its own number or that of the outer one."""
    number = onnx.helper.make_tensor_value_info("n", onnx.TensorProto.INT64, [])
    go = onnx.helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, [])
    steps = onnx.helper.make_tensor("steps", onnx.TensorProto.INT64, [], [3])
    inputs = [onnx.helper.make_tensor_value_info("m", onnx.TensorProto.INT64, []), go]
    inner = onnx.helper.make_graph(
        [node("Identity", "go", "on"), node("Identity", taken, "out")],
        "inner",
        inputs,
        [onnx.helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, []), value("out", ())],
    )
    outer = onnx.helper.make_graph(
        [node("Identity", "go", "on"), node("Loop", "steps go", "all", body=inner)],
        "outer",
        [number, go],
        [onnx.helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, []), value("all", ("k",))],
    )
    yes = onnx.helper.make_tensor("yes", onnx.TensorProto.BOOL, [], [True])
    graph = onnx.helper.make_graph(
        [node("Loop", "steps yes", "y", body=outer)], "g", [value("x")], [value("y")], [steps, yes]
    )
    return onnx.helper.make_model(graph)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: model(kind="Sub"), lambda: exchanged(model(kind="Sub"))),
        (lambda: two_outputs("y", "z"), lambda: two_outputs("z", "y")),
        (lambda: text("a"), lambda: text("b")),
        (lambda: nested("m"), lambda: nested("n")),
        (
            lambda: onnx.helper.make_model(onnx.helper.make_graph([], "g", [value("x")], [value("x")])),
            lambda: onnx.helper.make_model(onnx.helper.make_graph([], "g", [value("x", (1, 2))], [value("x")])),
        ),
    ],
    ids=["what is taken first", "outputs", "texts", "loops", "sizes"],
)
def test_told_apart(read, one, other):
    """Order of what a node takes, names of outputs, texts, whose number is given and fixed sizes count."""
    assert read(one()).digest == read(one()).digest != read(other()).digest


LOCATIONS = {
    "../w.bin": "in '../w.bin', which leads out of its folder",
    "/etc/passwd": "in '/etc/passwd', which leads out of its folder",
    "": "in '', which leads out of its folder",
    "away/w.bin": "in 'away/w.bin', which leads out of its folder",
    "nothing.bin": "in 'nothing.bin', which is not there; copy that file too",
    ".": "in '.', which leads out of its folder",
    "w\0.bin": "cannot be read (in 'w\\x00.bin': ",
    "w" * 5000: "cannot be read (in 'www",
    "pointer.bin": "pointer.bin: it is a pointer of git LFS and not the file itself",
    "short.bin": "cannot be read (",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("location", [pytest.param(one, id=one[:12].replace("\0", "zero")) for one in LOCATIONS])
def test_files_that_do_not_do(read, tmp_path, place, location):
    """A file that is not there, or leads out of the folder, is told in a line, whatever names it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(b"secret!!")
    (folder / "away").symlink_to(tmp_path)
    (folder / "pointer.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\n")
    (folder / "short.bin").write_bytes(b"\0\0")
    with pytest.raises(SurroundingsFault) as found:
        read(outside(model(place), location), folder)
    assert LOCATIONS[location] in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("key", "number"), [("offset", "-4"), ("offset", "99"), ("length", "99"), ("length", "-1"), ("offset", "a")]
)
def test_parts_that_do_not_do(read, tmp_path, key, number):
    """A part of a file that does not lie in it is told in a line."""
    proto = outside(model(), "w.bin", tmp_path)
    proto.graph.initializer[0].external_data.add(key=key, value=number)
    with pytest.raises(SurroundingsFault, match=r"^w in model\.onnx cannot be read \("):
        read(proto)


def test_links_of_a_cache(read, tmp_path):
    """Links to the files of its own repository, as huggingface_hub lays them out, are followed, and no others."""
    folder = tmp_path / "models--a--b" / "snapshots" / "abc"
    blobs = tmp_path / "models--a--b" / "blobs"
    (folder / "onnx").mkdir(parents=True)
    blobs.mkdir()
    beside = read(outside(model(), "w.bin", tmp_path))
    (tmp_path / "w.bin").rename(blobs / "1234")
    (tmp_path / "model.onnx").rename(blobs / "5678")
    for inner, up in (("", "../.."), ("onnx", "../../..")):
        (folder / inner / "w.bin").symlink_to(f"{up}/blobs/1234")
        (folder / inner / "model.onnx").symlink_to(f"{up}/blobs/5678")
        assert read_graph(folder / inner / "model.onnx") == beside
    other = folder.parent / "def"
    other.mkdir()
    (other / "all").symlink_to("../../blobs")  # whose files nobody would find below the folder
    with pytest.raises(SurroundingsFault, match="leads out of its folder"):
        read(outside(model(), "all/1234"), other)
    elsewhere = tmp_path / "models--c--d" / "blobs"
    elsewhere.mkdir(parents=True)
    (blobs / "1234").rename(elsewhere / "1234")
    (folder / "w.bin").unlink()
    (folder / "w.bin").symlink_to("../../../models--c--d/blobs/1234")
    with pytest.raises(SurroundingsFault, match="leads out of its folder"):
        read_graph(folder / "model.onnx")


def circle():
    """Return a graph with a function that calls itself."""
    inner = [node("Round", "a", "b", domain="own")]
    versions = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("own", 1)]
    function = onnx.helper.make_function("own", "Round", ["a"], ["b"], inner, versions)
    graph = onnx.helper.make_graph([node("Round", "x", "y", domain="own")], "g", [value("x")], [value("y")])
    return onnx.helper.make_model(graph, functions=[function], opset_imports=versions)


def lacking():
    """Return a graph with a node that takes what nothing makes."""
    graph = onnx.helper.make_graph([node("Add", "x nothing", "y")], "g", [value("x")], [value("y")])
    return onnx.helper.make_model(graph)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "model.onnx: it is empty"),
        (b"no graph", "model.onnx is no graph of ONNX ("),
        (b"version https://git-lfs.github.com/spec/v1\n", "model.onnx: it is a pointer of git LFS"),
        (b"<!DOCTYPE html><html>", "model.onnx: it is a web page"),
        (lambda: lacking().SerializeToString(), "model.onnx has a node that takes 'nothing', which nothing makes"),
        (lambda: circle().SerializeToString(), "model.onnx is no graph of ONNX (maximum recursion depth"),
    ],
    ids=["empty", "bytes", "pointer", "page", "lacks a value", "circle"],
)
def test_files_that_are_none(tmp_path, content, words):
    """What is no graph is told in a line with what lies there."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content())
    with pytest.raises(SurroundingsFault) as found:
        read_graph(path)
    assert str(found.value).startswith(words)
    assert "\n" not in str(found.value)
