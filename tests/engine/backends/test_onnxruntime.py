"""Graphs that ONNX Runtime computes: a faithful export says what its model says, and a wrong one fails."""

import json
import shutil
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from swapgate.backends import find as find_any
from swapgate.backends import told_from
from swapgate.backends.onnxruntime import are_probabilities
from swapgate.backends.transformers import load
from swapgate.core.faults import Fault, InputFault, ModelFault
from swapgate.goldens.golden import Entry, differences, read_golden
from swapgate.models.loading import find
from swapgate.outputs import check_expected
from swapgate.project.manifest import Row, read_manifest
from swapgate.trials.checking import check_model
from swapgate.trials.plan import make_plan

onnx = pytest.importorskip("onnx", reason="needs onnx and onnxruntime")
pytest.importorskip("onnxruntime", reason="needs onnx and onnxruntime")

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "fixtures" / "models" / "embedded.toml"
MANIFEST = read_manifest(MODELS)
OUTPUTS = {"question-answering": ("start_logits", "end_logits"), "object-detection": ("logits", "pred_boxes")}
"""What graphs of tasks give that do not give logits alone."""
TEXTS = ["Anna lives in Paris.", "It rained all day in Rome"]
SECOND = 16_000
SUITES = ["sentiment", "ner", "question-answering", "audio-classification", "speech-recognition"]
SUITES += ["image-classification", "object-detection"]


def batch(suite: str, reader: Any) -> dict[str, Any]:
    """Return an example of a model's inputs, a batch of two."""
    import torch

    if suite == "question-answering":
        return dict(reader(["Who?", "Where did it rain?"], TEXTS, padding=True, return_tensors="pt"))
    if hasattr(reader, "convert_tokens_to_ids"):
        return dict(reader(TEXTS, padding=True, return_tensors="pt"))
    torch.manual_seed(0)
    if "pixel_values" in reader.model_input_names:
        pictures = [torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8).numpy() for _ in range(2)]
        return {"pixel_values": reader(pictures, return_tensors="pt")["pixel_values"]}
    hears = getattr(reader, "feature_extractor", reader)
    waves = [(torch.randn(SECOND) / 10).numpy() for _ in range(2)]
    return dict(hears(waves, sampling_rate=hears.sampling_rate, return_tensors="pt", padding=True))


def export(suite: str, tier: str, target: Path, without: str = "", fixed: bool = False) -> Path:
    """Export a model of the zoo as Optimum lays it out; `without` an input, or for inputs of one shape alone."""
    import torch

    row, folder = MANIFEST.rows[suite][tier], ROOT / "fixtures" / "zoo" / suite / tier
    found = load(MANIFEST.tasks[suite], find(row, MODELS.parent, ROOT))
    found.model.set_attn_implementation("eager")
    example = {name: table for name, table in batch(suite, found.reader).items() if name != without}
    outputs = OUTPUTS.get(suite, ("logits",))

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = found.model

        def forward(self, *given):
            said = self.model(**dict(zip(example, given, strict=True)))
            return tuple(getattr(said, name) for name in outputs)

    axes = {name: {0: "batch_size", **({1: "length"} if table.dim() == 2 else {})} for name, table in example.items()}
    axes |= {name: {0: "batch_size"} for name in outputs}
    target.mkdir(parents=True)
    for path in [*folder.glob("*.json"), *folder.glob("*.txt")]:
        shutil.copy(path, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is traced much is deprecated
        torch.onnx.export(
            Named(),
            (*example.values(),),
            str(target / "model.onnx"),
            input_names=[*example],
            output_names=[*outputs],
            dynamic_axes={} if fixed else axes,
            opset_version=17,
            dynamo=False,
        )
    return target


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """Export a model of the zoo once, faithfully."""
    there = {}

    def folder(suite, tier="small"):
        if (suite, tier) not in there:
            there[suite, tier] = export(suite, tier, tmp_path_factory.mktemp("exports") / suite / tier)
        return there[suite, tier]

    return folder


@pytest.fixture
def copied(exported, tmp_path):
    """Copy an export, to be changed: its graph, its config.json, its files."""

    def copy(suite, change=None, **config):
        target = shutil.copytree(exported(suite), tmp_path / "copy")
        if change:
            graph = onnx.load(str(target / "model.onnx"))
            change(graph)
            onnx.save(graph, str(target / "model.onnx"))
        path = target / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
        return target

    return copy


def wrong(suite, folder, tier="small"):
    """Judge a swap on the cases as the suite does, and return what is red in words; known gaps are none."""
    plan = make_plan(ROOT, MODELS, [f"{suite}.{tier}={folder}"], [], ROOT)
    model = plan.models[suite, tier]
    try:
        check_model(model)
        golden, found = read_golden(model.golden), []
        for case in model.cases.cases:
            said = model.prediction(case)
            received = Entry(model.made_by, case.input_digest, case.expected_digest, said)
            found += differences(received, golden[case.id], case.expected)
            found += check_expected(said, case.expected) if case.id not in model.row.gaps else []
    except Fault as fault:
        return f"{type(fault).__name__}: {fault}"
    finally:
        model.release()
    return "; ".join(map(str, found))


@pytest.mark.parametrize("suite", SUITES, ids=range(len(SUITES)))
def test_a_faithful_export(exported, suite):
    """A faithful export is right where its model is, and says the same numbers within the model's own tolerance."""
    folder = exported(suite)
    assert wrong(suite, folder) == ""
    model = make_plan(ROOT, MODELS, [f"{suite}.small={folder}"], [], ROOT).models[suite, "small"]
    assert model.source.backend == "onnxruntime"
    assert model.source.bytes == (folder / "model.onnx").stat().st_size
    assert model.source.bytes > model.incumbent.bytes  # of weights that are stored in 16 bits
    assert model.source.parameters == pytest.approx(model.incumbent.parameters, rel=0.01)
    assert model.made_by.surroundings["onnxruntime"]


def after(graph, outputs, kind, **more):
    """Let nodes of an operator follow on outputs of a graph."""
    for output in outputs:
        for node in graph.graph.node:
            node.output[:] = [f"{name}_before" if name == output else name for name in node.output]
        graph.graph.node.append(onnx.helper.make_node(kind, [f"{output}_before"], [output], **more))


@pytest.mark.parametrize("suite", SUITES, ids=range(len(SUITES)))
def test_softmax_twice(copied, suite):
    """A graph that gives probabilities, of which softmax would be taken once more, fails and is told so."""
    outputs = [name for name in OUTPUTS.get(suite, ("logits",)) if "logits" in name]
    found = wrong(suite, copied(suite, partial(after, outputs=outputs, kind="Softmax", axis=-1)))
    assert found.startswith("ModelFault: ")
    assert "gives probabilities where logits are expected, of which softmax would be taken again" in found


def test_logarithms_of_probabilities(copied):
    """Of logarithms of probabilities softmax gives these again, so a graph that ends in them is faithful."""
    change = partial(after, outputs=["logits"], kind="LogSoftmax", axis=-1)
    assert wrong("speech-recognition", copied("speech-recognition", change)) == ""


@pytest.mark.parametrize(
    ("rows", "are"),
    [
        ([[0.25] * 4] * 4, True),
        ([[0.1, 0.9]] * 8, True),
        ([[0.1, 0.9]] * 7, False),
        ([[1.0]] * 20, False),
        ([[-0.1, 1.1]] * 8, False),
        ([[0.1, 0.89]] * 8, False),
        ([[0.1, 0.9]] * 7 + [[0.4, 0.7]], False),
        ([[float("nan")] * 4] * 4, False),
    ],
)
def test_what_is_taken_for_probabilities(rows, are):
    """Rows of numbers from 0 to 1 that sum to 1 are no logits, where they are enough not to be so by chance."""
    import torch

    assert are_probabilities(torch.tensor(rows)) is are


def test_small_batches_of_probabilities(copied):
    """Once a graph has given probabilities it fails for the least batch too, and not as one that answers them alone."""
    folder = copied("sentiment", partial(after, outputs=["logits"], kind="Softmax", axis=-1))
    model = make_plan(ROOT, MODELS, [f"sentiment.small={folder}"], [], ROOT).models["sentiment", "small"]
    try:
        assert model.asked.predict(["Good."])
        for texts in (["Good."] * 8, ["Good."]):
            with pytest.raises(ModelFault, match="its graph ends in a softmax; export it without"):
                model.asked.predict(texts)
    finally:
        model.release()


def test_another_tiers_graph(copied, exported):
    """The graph of another tier beside this tier's settings fails."""
    folder = copied("ner")
    shutil.copy(exported("ner", "large") / "model.onnx", folder)
    assert "is lost" in wrong("ner", folder)


@pytest.mark.parametrize("suite", ["sentiment", "image-classification", "ner"], ids=["text", "picture", "tags"])
def test_exchanged_labels(copied, exported, suite):
    """A config.json that gives each class another one's label fails."""
    labels = json.loads((exported(suite) / "config.json").read_text())["id2label"]
    names = [*labels.values()]
    changed = dict(zip(labels, [*names[-1:], *names[:-1]], strict=True))
    assert "lost" in wrong(suite, copied(suite, id2label=changed))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"without": "attention_mask"}, "takes no attention_mask, so in a batch it reads pads as text; export it with"),
        ({"fixed": True}, "takes input_ids of the shape [2, 11] alone; export it with dynamic axes"),
    ],
)
def test_inputs_that_do_not_do(tmp_path, options, words):
    """A graph that is not told of pads, or takes texts of one length alone, fails in one line."""
    found = wrong("ner", export("ner", "small", tmp_path / "export", **options))
    assert found.startswith("ModelFault: ")
    assert words in found


def test_one_input_at_once(copied):
    """A graph that was exported for one text at a time is asked so, and says the same."""

    def one(graph):
        for value in [*graph.graph.input, *graph.graph.output]:
            value.type.tensor_type.shape.dim[0].ClearField("dim_param")
            value.type.tensor_type.shape.dim[0].dim_value = 1

    assert wrong("sentiment", copied("sentiment", one)) == ""


def test_whole_numbers_without_calibration(exported, tmp_path):
    """Whole numbers whose ranges were told by noise lose entities."""
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    names = ("input_ids", "token_type_ids", "attention_mask")

    class Noise(CalibrationDataReader):
        rows = iter([dict.fromkeys(names, np.zeros((1, 4), dtype=np.int64))])

        def get_next(self):
            return next(self.rows, None)

    folder = exported("ner")
    target = shutil.copytree(folder, tmp_path / "int8")
    quantize_static(folder / "model.onnx", target / "model.onnx", Noise())
    assert "is lost" in wrong("ner", target)


def test_whole_numbers_are_a_swap(exported, tmp_path):
    """Weights in eight bits are another model, smaller and of as many parameters."""
    from onnxruntime.quantization import quantize_dynamic

    folder = exported("sentiment")
    target = shutil.copytree(folder, tmp_path / "int8")
    quantize_dynamic(folder / "model.onnx", target / "model.onnx")
    one, other = (
        make_plan(ROOT, MODELS, [f"sentiment.small={path}"], [], ROOT).models["sentiment", "small"].source
        for path in (folder, target)
    )
    assert one.digest != other.digest
    assert other.bytes < 0.6 * one.bytes
    assert other.parameters == pytest.approx(one.parameters, rel=0.01)


def test_the_same_saved_again(exported, copied, tmp_path):
    """A graph that another program has written, or whose data lie in a file beside it, is the same model."""
    folder = exported("sentiment")

    def digest(path):
        return make_plan(ROOT, MODELS, [f"sentiment.small={path}"], [], ROOT).models["sentiment", "small"].source.digest

    def renamed(graph):
        graph.producer_name, graph.graph.name = "somebody", "a graph"
        for node in graph.graph.node:
            node.name = f"renamed_{node.name}"

    again = copied("sentiment", renamed)
    outside = shutil.copytree(folder, tmp_path / "outside")
    graph = onnx.load(str(folder / "model.onnx"))
    onnx.save(graph, str(outside / "model.onnx"), save_as_external_data=True, location="model.onnx.data")
    assert digest(again) == digest(folder) == digest(outside)
    assert wrong("sentiment", outside) == ""
    (outside / "model.onnx.data").unlink()
    assert "in 'model.onnx.data', which is not there; copy that file too" in wrong("sentiment", outside)


def test_data_of_another_folder(copied, tmp_path):
    """A graph whose data lead out of its folder is not read."""
    (tmp_path / "secret").write_bytes(b"0" * 1_000_000)

    def outwards(graph):
        tensor = graph.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../secret")

    path = copied("sentiment") / "model.onnx"
    graph = onnx.load(str(path))
    outwards(graph)
    path.write_bytes(graph.SerializeToString())
    assert "in '../secret', which leads out of its folder; export it again" in wrong("sentiment", path.parent)


def named(graph, old, new):
    """Give an input or output of a graph another name."""
    for node in graph.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in [*graph.graph.input, *graph.graph.output]:
        value.name = new if value.name == old else value.name


FAULTS = {
    **{
        f"input {name}": (
            lambda graph, name=name: named(graph, "token_type_ids", name),
            f"asks for {name}, which its tokenizer",
        )
        for name in ("kinds", "input.1", "class", "two words", "past_key_values.0.key", "self", "1")
    },
    "output": (lambda graph: named(graph, "logits", "last_hidden_state"), "gives last_hidden_state, and no logits"),
    "opset": (lambda graph: setattr(graph.opset_import[0], "version", 999), "cannot compute model.onnx ("),
    "operator": (lambda graph: setattr(graph.graph.node[-1], "op_type", "Magic"), "cannot compute model.onnx ("),
}


@pytest.mark.parametrize("name", FAULTS)
def test_graphs_that_do_not_do(copied, name):
    """A graph with other inputs or outputs, or that this runtime cannot compute, is an ERROR in one line."""
    change, words = FAULTS[name]
    found = wrong("sentiment", copied("sentiment", change))
    assert (found.partition(":")[0], words in found, "\n" in found) in [
        ("SurroundingsFault", True, False),
        ("Unable", True, False),
    ], found


def test_files_that_are_none(copied):
    """A graph that is none, and a folder without config.json, are told in one line."""
    folder = copied("sentiment")
    (folder / "model.onnx").write_bytes(b"no graph")
    assert "model.onnx is no graph of ONNX" in wrong("sentiment", folder)
    (folder / "config.json").unlink()
    with pytest.raises(InputFault, match=r"holds no config\.json beside model\.onnx; give all that the export wrote"):
        wrong("sentiment", folder)


def test_one_of_several_graphs(copied):
    """A row may name a graph in a folder onnx/ beside other weights."""
    folder = copied("sentiment")
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model_b.onnx")
    shutil.copy(ROOT / "fixtures/zoo/sentiment/large/model.safetensors", folder)
    assert wrong("sentiment", folder / "onnx" / "model_b.onnx") == ""


def test_a_folder_of_graphs(copied):
    """A folder onnx/ below config.json, or with one of its own, is a model as the file in it is."""
    folder = copied("sentiment")
    inner = folder / "onnx"
    inner.mkdir()
    (folder / "model.onnx").rename(inner / "model.onnx")
    sources = []
    for _ in range(2):
        for given in (inner, inner / "model.onnx"):
            assert wrong("sentiment", given) == ""
            model = make_plan(ROOT, MODELS, [f"sentiment.small={given}"], [], ROOT).models["sentiment", "small"]
            sources.append(model.source.digest)
        for path in [*folder.glob("*.json"), *folder.glob("*.txt")]:
            shutil.copy(path, inner)
    assert len({*sources}) == 1


def test_a_graph_named_from_within(copied):
    """A graph is found where its row stands in the folder onnx/ itself."""
    folder = copied("sentiment")
    inner = folder / "onnx"
    inner.mkdir()
    (folder / "model.onnx").rename(inner / "model.onnx")
    for name in ("model.onnx", ".", "../onnx", "../onnx/../onnx/model.onnx"):
        source = find_any(Row(model=name), inner, folder)
        assert (source.backend, source.bytes) == ("onnxruntime", (inner / "model.onnx").stat().st_size)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["model_quantized.onnx"], 'it holds model_quantized.onnx: write model = "{}/model_quantized.onnx"'),
        (["onnx/model.onnx"], 'it holds onnx/model.onnx: write model = "{}/onnx/model.onnx"'),
        (["onnx/a.onnx", "b.onnx"], 'it holds b.onnx, onnx/a.onnx: write model = "{}/b.onnx", or another of them'),
    ],
)
def test_graphs_of_other_names(tmp_path, names, words):
    """A folder without model.onnx, and without weights of transformers, is told with the graphs that it has."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputFault) as found:
        wrong("sentiment", tmp_path)
    assert str(found.value).endswith(f"no graph {tmp_path}/model.onnx (model = '{tmp_path}'); {words.format(tmp_path)}")
    with pytest.raises(InputFault, match=r"no graph .*/other\.onnx .*; it holds "):
        wrong("sentiment", tmp_path / "other.onnx")


def test_a_graph_that_is_no_file(tmp_path):
    """A folder whose model.onnx is a folder, or a link to nothing, is told as one without a graph."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.onnx").symlink_to("nothing")
    with pytest.raises(InputFault, match=r"no graph .*; give what optimum-cli export onnx wrote"):
        wrong("sentiment", tmp_path)
    (tmp_path / "model.onnx").unlink()
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(InputFault, match=r"no graph .*; give what optimum-cli export onnx wrote"):
        wrong("sentiment", tmp_path)


@pytest.mark.parametrize("beside", ["model.safetensors", "pytorch_model.bin", "adapter_model.safetensors"])
def test_graphs_beside_weights(tmp_path, beside):
    """A folder with weights that are loaded is what these are, whatever graphs lie beside them."""
    for name in ("model.onnx", beside, "config.json"):
        (tmp_path / name).write_text("{}")
    assert told_from(str(tmp_path), tmp_path).name != "onnxruntime"


def test_in_the_cache_of_a_hub(exported, tmp_path):
    """A snapshot whose graph and data are links to the files of its repository is judged as any folder."""
    folder = tmp_path / "models--a--b" / "snapshots" / "abc"
    blobs = tmp_path / "models--a--b" / "blobs"
    shutil.copytree(exported("sentiment"), blobs)
    graph = onnx.load(str(blobs / "model.onnx"))
    onnx.save(graph, str(blobs / "model.onnx"), save_as_external_data=True, location="model.onnx_data")
    folder.mkdir(parents=True)
    for number, path in enumerate([*blobs.iterdir()]):
        path.rename(blobs / f"{number:040x}")
        (folder / path.name).symlink_to(f"../../blobs/{number:040x}")
    assert wrong("sentiment", folder) == ""


def test_models_that_write_step_by_step(tmp_path):
    """The export of an encoder and a decoder is told with what would carry it."""
    for name in ("encoder_model.onnx", "decoder_model.onnx", "config.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(InputFault, match=r"optimum-onnx 0\.1 with transformers 4\.57 carries it"):
        wrong("summarization", tmp_path)
