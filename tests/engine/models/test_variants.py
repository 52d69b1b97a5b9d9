"""Names of variants, on the command line and in rows, and the folder that compressed copies are kept in."""

import subprocess
import sys
from pathlib import Path

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.models import compression
from swapgate.models.compression import kept
from swapgate.project.variants import Step, steps

SWAP = "--swap=ner.small={}"
UNKNOWN = [
    ("inty8", "unknown variant 'inty8'; did you mean 'int8' or 'int8w'?"),
    ("fp32", "unknown variant 'fp32'; did you mean 'fp16'?"),
    ("prune", "unknown variant 'prune'; did you mean 'pruneNN'? (NN: per cent of the weights, as in prune30)"),
    ("prune150", "unknown variant 'prune150'; did you mean 'pruneNN'? (NN: per cent of the weights, as in prune30)"),
    ("drop-1", "unknown variant 'drop-1'; did you mean 'dropN'? (N: layers, as in drop1)"),
    ("", "unknown variant ''; known: int8, int8w, bf16, fp16, pruneNN, dropN"),
    ("int8+", "unknown variant ''; known: int8, int8w, bf16, fp16, pruneNN, dropN"),
    ("int8+prune30", "prune30 cannot follow int8, which ends with whole numbers; put int8 last"),
]
IDS = ["letter more", "other type", "no number", "too large", "dash", "empty", "end", "after int8"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of compressed copies."""
    monkeypatch.setenv("SWAPGATE_VARIANTS", str(tmp_path / "variants"))
    return tmp_path / "variants"


def names(place):
    """Return what is in a folder, but for locks and checksums."""
    return sorted(path.name for path in place.iterdir() if path.suffix not in (".lock", ".sha256"))


def test_steps():
    """A variant is read as its steps, in their order."""
    assert steps("prune30+drop1+int8w") == [Step("prune", 30), Step("drop", 1), Step("int8w")]
    assert [str(step) for step in steps("bf16+prune5")] == ["bf16", "prune5"]


@pytest.mark.parametrize(("variant", "words"), UNKNOWN, ids=IDS)
def test_unknown(variant, words):
    """What is no variant is told with the nearest that are."""
    with pytest.raises(ValueError, match=r"variant|follow") as caught:
        steps(variant)
    assert str(caught.value) == words


@pytest.mark.parametrize(("variant", "words"), UNKNOWN, ids=IDS)
def test_unknown_on_the_command_line(recorded, variant, words):
    """--swap with what is no variant ends before a model runs, and says how a path with a plus sign is given."""
    result = recorded.run(SWAP.format(f"models/original+{variant}"))
    assert result.ret == 4
    end = "; a path that itself contains a plus sign is given by a TOML file with a row"
    assert f"--swap ner.small=models/original+{variant}: {words}{end}" in result.stderr.str()
    assert recorded.events() == []


def test_folder_with_a_plus_sign(recorded):
    """A folder whose name holds a plus sign is taken as it stands; one that could be either is asked about."""
    recorded.model("a+b", recorded.lexicon("original"))
    result = recorded.run(SWAP.format("models/a+b"), "-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (0, {"small": "PASS"})
    recorded.model("small+int8", recorded.lexicon("original"))
    result = recorded.run(SWAP.format("models/small+int8"))
    assert result.ret == 4
    assert (
        "models/small+int8 is a folder, and models/small is one too: give a TOML file with a row for the one you mean"
        in result.stderr.str()
    )


def test_row_with_a_plus_sign(recorded):
    """A TOML row names a path with a plus sign, and its variant by itself; +int8 behind the file's name is refused."""
    recorded.model("a+b", recorded.lexicon("original"))
    labels = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\n'
    recorded.write("row.toml", f'model = "models/a+b"\nvariant = "int9"\n{labels}')
    result = recorded.run(SWAP.format("row.toml"))
    assert result.ret == 4
    assert "row.toml: variant = 'int9': unknown variant 'int9'; did you mean 'int8' or" in result.stderr.str()
    result = recorded.run(SWAP.format("row.toml+int8"))
    assert result.ret == 4
    assert 'row.toml+int8: write variant = "int8" in row.toml' in result.stderr.str()


def test_public_model(recorded):
    """A variant of a public model is fetched by the model's own id and revision."""
    result = recorded.run(SWAP.format("nobody/no-model@v1+int8"), "-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "nobody/no-model@v1 is not in the cache of public models" in result.stdout.str()
    assert "swapgate fetch nobody/no-model@v1" in result.stdout.str()
    assert "nobody/no-model@v1+int8" in result.stdout.str()


def test_collected_without_torch(recorded):
    """Collecting makes no compressed copy, and needs no torch."""
    row = 'model = "../../models/small"\nvariant = "int8"'
    recorded.replace(recorded.models_file, 'model = "../../models/small"', row)
    recorded.write("conftest.py", "import sys\nsys.modules['torch'] = sys.modules['transformers'] = None\n")
    result = recorded.pytester.runpytest_subprocess("-p", "no:cacheprovider", "--collect-only", "-q")
    assert result.ret == 0


def test_copy_that_cannot_be_made(recorded, place):
    """A folder that is no model of transformers' has no variants: ERROR with the reason, exit status 7."""
    result = recorded.run(SWAP.format("models/original+int8"), "-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result) == [
        "ERROR  ner/small: models/original+int8 cannot be made: its config.json names no architecture; save it with"
        " save_pretrained"
    ]
    assert recorded.events() == []
    assert names(place) == []


def test_type_that_the_cpu_lacks(recorded):
    """Where the CPU cannot compute in the type of a variant the verdict is ERROR, and no word on the model."""
    recorded.retrain("candidate", like="small", Ada=["NO_HALF", 0.9])
    result = recorded.run(SWAP.format("models/candidate"), "-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert "models/candidate cannot compute in its type of numbers: " in result.stdout.str()


MAKER = """
import os, time
from swapgate.models.compression import kept

def slow(target):
    (target / "half").write_text("")
    time.sleep(0.3)
    (target / f"made by {os.getpid()}").write_text("")

print(kept("digest", "float32", "int8", slow))
"""


def test_several_processes(place):
    """Of processes that want the same copy at once one makes it, and all get it whole."""
    command = [sys.executable, "-c", MAKER]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = {Path(maker.communicate(timeout=60)[0].strip()) for maker in makers}
    assert {maker.returncode for maker in makers} == {0}
    (copy,) = found
    assert names(place) == [copy.name]
    assert len(names(copy)) == 2


def test_whole_or_not_at_all(place):
    """A copy whose making fails leaves nothing, and what a process left that died meanwhile is taken away."""

    def fails(target):
        (target / "half").write_text("")
        raise SurroundingsFault("no layer")

    with pytest.raises(SurroundingsFault, match="no layer"):
        kept("digest", "float32", "int8", fails)
    assert names(place) == []
    here = kept("digest", "float32", "int8", lambda target: (target / "a").write_text(""))
    remains = place / f".{here.name}.left"
    remains.mkdir()
    (here / "a").unlink()
    here.rmdir()
    assert kept("digest", "float32", "int8", lambda target: (target / "b").write_text("")) == here
    assert names(place) == [here.name]


@pytest.mark.parametrize(
    "damage",
    [lambda copy: (copy / "a").write_text("other"), lambda copy: (copy / "a").unlink()],
    ids=["changed", "gone"],
)
def test_damaged_copy(place, damage):
    """A copy in which a file was changed or cleaned away is made again."""
    made = [kept("digest", "float32", "int8", lambda target: (target / "a").write_text("a")) for _ in range(2)]
    damage(made[0])
    again = kept("digest", "float32", "int8", lambda target: (target / "a").write_text("b"))
    assert made == [again, again]
    assert (again / "a").read_text() == "b"


def test_another_copy_for_another_model(place):
    """Another digest, type, variant or version of torch has a copy of its own."""
    asked = [("a", "float32", "int8"), ("b", "float32", "int8"), ("a", "float16", "int8"), ("a", "float32", "int8w")]
    found = [kept(*one, lambda target: None) for one in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression.importlib.metadata, "version", lambda name: "0")
        found.append(kept(*asked[0], lambda target: None))
    assert len({*found}) == 5


def test_no_room(tmp_path, monkeypatch):
    """A folder that cannot be written is told with the variable that names another."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SWAPGATE_VARIANTS", str(tmp_path / "file" / "variants"))
    with pytest.raises(SurroundingsFault, match=r"cannot be written .* name another folder in SWAPGATE_VARIANTS"):
        kept("digest", "float32", "int8", lambda target: None)
