"""`swapgate calibrate`: what a model measured beside itself shows, and the tolerance that covers it."""

import json
import tomllib
from pathlib import Path

import pytest

from swapgate.core.faults import ModelFault
from swapgate.outputs import Tolerance
from swapgate.outputs.answer import Answer
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Detection, Detections
from swapgate.outputs.entities import Entities
from swapgate.outputs.text import Text
from swapgate.project.manifest import read_manifest
from swapgate.trials.calibration import tidy
from swapgate.verdicts.calibrated import table_text

ROOT = Path(__file__).parents[4]


def seen(found):
    """Return the largest of each kind and field, rounded."""
    return {(one.varied, one.field): float(f"{one.largest:.3g}") for one in found.differences}


def test_largest_of_each_kind(fake):
    """Each kind of variation has its largest difference in each field, with the case and the run where it occurred."""
    offs = {"usual": 0, "batch": 1e-6, "threads": 0, "padding": 2e-6, "attention": 4e-6}
    fake.said = lambda asked: fake.entity(0.5 + offs[asked.kind] * (2 if "paid" in asked.text else 1))
    fake.without_avx = lambda model: {
        case.id: fake.entity(0.5 - 1e-6 * (case.id == "ada")) for case in model.cases.cases
    }
    found = fake.calibrate()
    assert {key: value for key, value in seen(found).items() if key[0] != "several"} == {
        ("batch", "score"): 2e-6,
        ("batch", "relative"): 4e-6,
        ("padding", "score"): 4e-6,
        ("padding", "relative"): 8e-6,
        ("attention", "score"): 8e-6,
        ("attention", "relative"): 1.6e-5,
        ("cpu", "score"): 1e-6,
        ("cpu", "relative"): 2e-6,
    }
    first = found.differences[0]
    assert (first.case, first.path, first.run) == ("left_out", "entities[PER 0-3].score", 1)
    assert [one.case for one in found.differences if one.varied == "cpu"] == ["ada", "ada"]
    assert found.varied == ("batch", "threads", "padding", "attention", "cpu")


@pytest.mark.parametrize(
    ("off", "drift"), [(0, 1e-5), (9e-6, 1e-5), (1.1e-5, 2e-5), (2.1e-5, 5e-5), (6e-5, 1e-4), (0.003, 0.005)]
)
def test_proposed_drift(fake, off, drift):
    """The smallest of 1, 2 and 5 times a power of ten that covers what was seen, and never below the floor."""
    fake.said = lambda asked: fake.entity(0.5 + (off if asked.kind == "attention" else 0))
    found = fake.calibrate().proposed
    kinds = "(batch, threads, padding, attention, cpu)"
    assert found == Tolerance(drift=drift, reason=f"calibrated: at most {off:.2g} in 20 runs {kinds}")


@pytest.mark.parametrize("digit", [1, 2, 5])
@pytest.mark.parametrize("power", range(-9, 0))
def test_tidy(digit, power):
    """A tidy number stays as it is; what is a little above it becomes the next one."""
    value = float(f"{digit}e{power}")
    assert tidy(value) == value
    assert tidy(value * 1.001) == pytest.approx({1: 2, 2: 5, 5: 10}[digit] * 10.0**power)


def test_swap_limit_stays(fake):
    """What the row says of swaps stays, with its reason, also when it is calibrated again."""
    once = fake.calibrate(tolerance=Tolerance(drift=0.01, swap=0.3, relative=0.1, reason="a hard task")).proposed
    assert (once.drift, once.relative, once.swap) == (1e-5, 0, 0.3)
    assert once.reason.startswith("a hard task; calibrated: at most 0 in 20 runs")
    assert fake.calibrate(tolerance=once).proposed == once


def test_near_tie(fake):
    """A near tie that falls differently is told and is no difference; the tolerance covers its lead."""
    fake.said = lambda asked: Entities(()) if asked.kind == "padding" else fake.entity(margin=3e-5)
    found = fake.calibrate()
    assert (found.differences, found.proposed.drift) == ((), 5e-5)
    (tie,) = [tie for tie in found.ties if tie.run == 3 and tie.case == "ada"]
    assert tie.message == (
        "PER 'Ada' 0-3 (0.5000) is gone since the reference: a near tie, it led by 3e-05, and up to 0.0001 is one"
    )
    assert f"tie  run 3 (beside the longest case) 'ada': {tie.message}\n" in table_text(found, colour=False)


def classes(*scores):
    """Return a classification of two labels, the better first."""
    ranked = sorted(zip(("glad", "sad"), scores, strict=True), key=lambda one: -one[1])
    return Classification(tuple(Score(label, score) for label, score in ranked), 0.0)


def boxes(right=10.0, score=0.9):
    """Return one object."""
    return Detections((Detection("hat", (0.0, 0.0, right, 10.0), score),), 0.5)


def answer(score):
    """Return one answer."""
    return Answer("Ada", 0, 3, score, 0.3)


@pytest.mark.parametrize(
    ("task", "usual", "alone", "largest", "drift", "box"),
    [
        ("sentiment", classes(0.6, 0.4), classes(0.61, 0.39), {"score": 0.01, "relative": 0.025}, 0.01, 0.01),
        ("question-answering", answer(0.5), answer(0.52), {"score": 0.02, "relative": 0.04}, 0.02, 0.01),
        ("summarization", Text("so it is", 0.5), Text("so it is", 0.47), {"margin": 0.03}, 0.05, 0.01),
        ("object-detection", boxes(), boxes(right=9.9), {"box": 0.01}, 1e-5, 0.01),
        ("object-detection", boxes(), boxes(right=9.999), {"box": 1e-4}, 1e-5, 1e-4),
        ("object-detection", boxes(), boxes(score=0.909), {"score": 0.009, "relative": 0.01}, 0.01, 1e-4),
    ],
    ids=["classes", "answer", "text", "wide_box", "exact_box", "object"],
)
def test_fields(fake, task, usual, alone, largest, drift, box):
    """Each type of prediction is compared in its own fields, and the proposal covers them."""
    fake.said = lambda asked: alone if asked.kind == "batch" else usual
    found = fake.calibrate(runs=1, task=task)
    assert {field: value for (_, field), value in seen(found).items()} == pytest.approx(largest)
    assert (found.proposed.drift, found.proposed.box) == (drift, box)
    moved = largest.get("score", largest.get("margin", 0))
    boxes_moved = f", boxes {largest.get('box', 0):.2g}," if task == "object-detection" else ""
    assert found.proposed.reason == f"calibrated: at most {moved:.2g}{boxes_moved} in 1 run (batch)"


def test_other_text_in_a_near_tie(fake):
    """Another text after a step that was a near tie is told, and is no difference."""
    fake.said = lambda asked: Text("so it was" if asked.kind == "batch" else "so it is", 3e-5)
    found = fake.calibrate(runs=1, task="summarization")
    assert (len(found.ties), found.differences, found.proposed.drift) == (3, (), 5e-5)


def test_tie_beyond_an_earlier_calibration(fake):
    """What is a near tie by default is one also where the row is tighter, and a looser tolerance is proposed."""
    fake.said = lambda asked: Entities(()) if asked.kind == "padding" else fake.entity(margin=3e-5)
    assert fake.calibrate(tolerance=Tolerance(drift=1e-5, reason="calibrated: …")).proposed.drift == 5e-5


def test_flipped_label(fake):
    """Two labels that change places within the tolerance are a tie."""
    fake.said = lambda asked: classes(0.50001, 0.49999) if asked.kind == "batch" else classes(0.49999, 0.50001)
    found = fake.calibrate(runs=1, task="sentiment")
    assert (len(found.ties), found.proposed.drift) == (3, 2e-5)
    assert found.notes[-1] == (
        "near ties that fall either way: 'ada' (1 of 1 run), 'nobody' (1 of 1 run), 'left_out' (1 of 1 run);"
        ' quarantine = "…" lets a case judge nothing'
    )


def test_allowed_text(fake, monkeypatch):
    """A text that differs by no more than its row allows is a difference, and the row's limit stays."""
    monkeypatch.setattr("swapgate.outputs.text.rouge_1", lambda *_: 0.5)  # seconds to import, for a word in a message
    fake.said = lambda asked: Text("so it was" if asked.kind == "batch" else "so it is", 0.5)
    accepted = Tolerance(text=0.3, reason="a sampler")
    found = fake.calibrate(runs=1, task="summarization", tolerance=accepted)
    assert seen(found) == {("batch", "characters"): 0.222, ("batch", "words"): 0.333}
    assert (found.proposed.text, found.proposed.drift) == (0.3, 1e-5)
    with pytest.raises(ModelFault, match=r"run 1 \(batches of 1\): wrote 'so it was', reference 'so it is': 22.2%"):
        fake.calibrate(runs=1, task="summarization")


def test_too_few_runs(fake):
    """What so few runs did not vary is said, and is not in the reason."""
    found = fake.calibrate(runs=2)
    assert found.notes == tuple(
        f"{kind} was not varied in 2 runs; give --runs more" for kind in ("padding", "attention", "cpu")
    )
    assert found.proposed.reason == "calibrated: at most 0 in 2 runs (batch, threads)"


def test_embedded_tolerances():
    """The tolerances of the embedded models are those that the committed evidence proposes."""
    rows = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows
    found = json.loads((ROOT / "benchmarks" / "calibration.json").read_text())["tiers"]
    lines = {(one["task"], one["tier"]): Tolerance(**tomllib.loads(one["line"])["tolerance"]) for one in found}
    assert lines == {(suite, tier): row.tolerance for suite, each in rows.items() for tier, row in each.items()}
