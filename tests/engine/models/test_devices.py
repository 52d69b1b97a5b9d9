"""Devices: where a model runs, what its golden says of that, and by which tolerance another device is judged."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.models.devices import check_device
from swapgate.models.loading import Source
from swapgate.outputs import Tolerance
from swapgate.project.manifest import Row, read_manifest
from swapgate.tasks import find_task
from swapgate.trials.memory import peak_memory
from swapgate.trials.plan import make_plan
from swapgate.trials.variation import Setting, cycle

ROOT = Path(__file__).parents[3]
ACROSS = 'tolerance = {{ cuda = {{ drift = {}, reason = "calibrated on cuda" }} }}\n'

EMBEDDED = ROOT / "fixtures" / "models" / "embedded.toml"
FIRST_INPUTS = """
import json, sys
from pathlib import Path
from swapgate.trials.plan import make_plan
from swapgate.backends.transformers import load

class Seen(BaseException):
    pass

def seen(_module, given, named):
    devices = {value.device.type for value in (*given, *named.values()) if hasattr(value, "device")}
    raise Seen(sorted(devices))

plan, found = make_plan(Path.cwd(), Path(sys.argv[1]), [], [], Path.cwd()), {}
for (suite, tier), model in plan.models.items():
    if tier == "small" or suite == "speech-recognition":
        loaded = load(model.task, model.source)
        loaded.model.to("meta").register_forward_pre_hook(seen, with_kwargs=True)
        loaded.model.generate = lambda *given, **named: seen(None, given, named)
        try:
            model.task.predict(loaded, [model.cases.latency.input], model.source.row)
        except Seen as devices:
            found[f"{suite}/{tier}"] = devices.args[0]
print(json.dumps(found))
"""


@pytest.fixture
def pretended(monkeypatch):
    """Let this machine have each device; the fake models run on any."""
    for module in ("plan", "calibration"):
        monkeypatch.setattr(f"swapgate.trials.{module}.check_device", lambda device, asked: None)


def test_absent():
    """A device that the machine has not ends with exit status 4 before a test is collected, and with one message."""
    command = [sys.executable, "-m", "pytest", "--device=mps", "-k", "ner"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (4, "")
    assert re.fullmatch(
        r"ERROR: --device mps: torch \S+ finds no mps device here; run where there is one, with a torch that is built"
        r" for it, or give --device cpu\n+",
        run.stderr,
    )


def test_absent_one_of_a_row(recorded, monkeypatch):
    """The device of a row is looked for too, and --device says otherwise for all rows."""
    none = SimpleNamespace(is_available=lambda: False)
    torch = SimpleNamespace(__version__="2", cuda=none, backends=SimpleNamespace(mps=none))
    torch.Tensor = type("Tensor", (), {})  # scipy looks for it
    monkeypatch.setitem(sys.modules, "torch", torch)
    recorded.replace(recorded.models_file, "[ner.small]\n", '[ner.small]\ndevice = "cuda"\n')
    result = recorded.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: ner/small: device = 'cuda': torch 2 finds no cuda device here; *")
    assert recorded.events() == []
    assert recorded.run("--device=cpu", "-k", "golden").ret == 0


def test_present(monkeypatch):
    """A device that torch finds is taken, and torch is not asked about the CPU."""
    yes, no = SimpleNamespace(is_available=lambda: True), SimpleNamespace(is_available=lambda: False)
    torch = SimpleNamespace(__version__="2", cuda=yes, backends=SimpleNamespace(mps=no))
    monkeypatch.setitem(sys.modules, "torch", torch)
    check_device("cuda", "it")
    with pytest.raises(InputFault, match="it: torch 2 finds no mps device here"):
        check_device("mps", "it")
    monkeypatch.setitem(sys.modules, "torch", None)
    check_device("cpu", "it")


@pytest.mark.usefixtures("pretended")
def test_stamp(project):
    """A golden says on which device it was recorded, and so does the verdict JSON."""
    project.run("--device=cuda", "--snapshot-update", "--verdict-json=found.json")
    (stamp,) = json.loads(project.golden().read_text())["made_by"].values()
    assert stamp["surroundings"]["device"] == "cuda"
    found = json.loads((project.path / "found.json").read_text())
    assert {tier["device"] for tier in found["tiers"]} == {"cuda"}


@pytest.mark.usefixtures("pretended")
def test_without_a_tolerance(recorded):
    """Where none is calibrated between two devices, that of one holds; the message names both and what measures it."""
    recorded.drift("small", Ada=0.9895)
    result = recorded.run("--device=cuda", "-m", "small", "-k", "golden")
    assert recorded.verdicts(result) == {"small": "FAIL"}
    (reason,) = recorded.reasons(result)
    assert (
        "recorded with device cpu, now cuda; no tolerance between cpu and cuda is calibrated, so that of one device"
        " holds; measure it with: swapgate calibrate ner.TIER --device cuda;"
    ) in reason


@pytest.mark.usefixtures("pretended")
def test_calibrated(recorded):
    """A tolerance between two devices holds once it is accepted; it holds for nothing that one device says."""
    recorded.replace(recorded.models_file, "[ner.small]\n", "[ner.small]\n" + ACROSS.format(0.001))
    loosened = "the row's tolerance was loosened: cuda.drift 0.001, accepted 0.0001"
    result = recorded.run("-m", "small")
    assert recorded.verdicts(result) == {"small": "INCOMPLETE"}
    assert loosened in recorded.reasons(result)[0]
    assert recorded.run("-m", "small", "--snapshot-update").ret == 0
    recorded.drift("small", Ada=0.9895)
    assert recorded.verdicts(recorded.run("-m", "small", "--device=cuda")) == {"small": "PASS"}
    assert recorded.verdicts(recorded.run("-m", "small")) == {"small": "FAIL"}
    recorded.drift("small", Ada=0.98)
    result = recorded.run("-m", "small", "--device=cuda")
    assert recorded.verdicts(result) == {"small": "FAIL"}
    assert "now cuda; judged by the tolerance between cpu and cuda; " in recorded.reasons(result)[0]
    assert "± 0.001: off by 0.01" in recorded.reasons(result)[0]


@pytest.mark.usefixtures("pretended")
def test_candidates(recorded):
    """A candidate runs where its incumbent does, one with a row of its own where that says, with --device all there."""
    recorded.replace(recorded.models_file, "[ner.small]\n", '[ner.small]\ndevice = "mps"\n')
    recorded.retrain("new", like="small", Ada=["PER", 0.98])
    row = 'model = "models/new"\ndevice = "cuda"\nlabels = { "*" = "*" }\n'
    recorded.write("new.toml", row)

    def device(swap, asked=None):
        model = make_plan(recorded.path, recorded.models_file, [swap], [], recorded.path, device=asked)
        return model.models["ner", "small"].source.row.device

    assert device("ner.small=models/new") == "mps"
    assert device("ner.small=new.toml") == "cuda"
    assert device("ner.small=new.toml", "cpu") == "cpu"


def test_inputs_go_where_the_model_is():
    """Each task hands the model its inputs on the model's own device; shown by one that holds shapes and no numbers."""
    run = subprocess.run([sys.executable, "-c", FIRST_INPUTS, str(EMBEDDED)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert {name.partition("/")[0] for name in found} == {*read_manifest(EMBEDDED).rows}
    assert {name: devices for name, devices in found.items() if devices != ["meta"]} == {}


def test_memory():
    """The memory of another device is not measured, and that is told."""
    source = Source(Row(model="x", device="cuda"), Path("x"), "x")
    with pytest.raises(SurroundingsFault, match="that of a cuda device is not; leave it out"):
        peak_memory(find_task("ner"), source, Path("cases.toml"))


def test_settings():
    """A model is calibrated on a device in all that can be varied there, the device alone first."""
    usual = Setting(attention="sdpa")
    first, *rest = cycle(usual, 36, ["sdpa", "eager"], 2, "cuda")
    assert first == Setting(attention="sdpa", device="cuda")
    assert first.differs(usual) == "device"
    assert first.beside(usual) == "on cuda"
    assert {one.device for one in rest} == {"cuda"}
    assert not any(one.cpu or one.threads > 1 for one in rest)
    assert {one.batch for one in rest} == {8, 36, 1, 2, 4}


@pytest.mark.parametrize(
    ("now", "accepted", "words"),
    [
        (Tolerance(cuda=Tolerance(drift=1e-3, reason="x")), Tolerance(), ["cuda.drift 0.001, accepted 0.0001"]),
        (Tolerance(), Tolerance(cuda=Tolerance(drift=1e-3, reason="x")), []),
        (Tolerance(cuda=Tolerance(drift=1e-5, reason="x")), Tolerance(), []),
    ],
    ids=["new", "gone", "tighter"],
)
def test_looser(now, accepted, words):
    """A tolerance between devices is looser than the accepted one, or than that of one device where there is none."""
    assert now.looser(accepted) == words


def test_tighter():
    """Of two tolerances between devices the tighter limits hold; where only one has one, that of one device does."""
    one = Tolerance(cuda=Tolerance(drift=1e-3, box=0.5, reason="x"))
    other = Tolerance(cuda=Tolerance(drift=1e-2, box=0.2, reason="y"))
    assert (one.tighter(other).across("cuda").drift, one.tighter(other).across("cuda").box) == (1e-3, 0.2)
    assert one.tighter(Tolerance()).across("cuda").drift == 1e-4


def test_no_device_within_a_device():
    """The tolerance of a device has none of another."""
    with pytest.raises(ValueError, match="has none of another"):
        Tolerance(cuda=Tolerance(mps=Tolerance()))
