"""How far a model is from itself, and the smallest tolerance that covers it.

The judge of drift is asked twice: with a tolerance of nothing it tells every difference, which is the evidence; and
what is proposed is the smallest tolerance with which it has nothing to say.
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from swapgate.backends import find
from swapgate.core.extras import lack
from swapgate.core.faults import InputFault, ModelFault
from swapgate.core.words import nearest
from swapgate.goldens.golden import golden_path
from swapgate.goldens.provenance import CPU
from swapgate.models.devices import check_device
from swapgate.models.loading import TRANSFORMERS, surroundings
from swapgate.outputs import Mismatch, Tolerance, check_drift, near_ties, output_of
from swapgate.outputs.prediction import Prediction
from swapgate.outputs.tolerance import DEVICES, FIELDS, exceeds
from swapgate.project.cases import cases_of
from swapgate.project.manifest import read_manifest
from swapgate.trials.checking import check_model
from swapgate.trials.progress import Progress, unseen
from swapgate.trials.running import Model
from swapgate.trials.variation import SEED, SEVERAL, VARIED, Predictions, Setting, attentions_of, cycle, predictions

FLOOR = 1e-5
"""The smallest drift that is proposed: what one machine cannot show of others.

Two public recordings of one model on two machines differ by up to 7.7e-7 in a score, fp32 with and without AVX512 by
1.8e-6 of it; transformers 4.57 and 5.23 say the same bits. Each model of the zoo was asked with AVX2 and without it, in
PyTorch, in MKL and oneDNN, and in all: scores differ by up to 3.8e-6, margins of texts by up to 3.2e-6, about as much
as between batches, threads and attentions (4.4e-6). Whatever a CPU has, there is twice the room that anything needed.
"""
BOX_FLOOR = 1e-4
"""The smallest box that is proposed. Edges move as little as scores, but as a share of the picture: of a box with 1/25
of its width, 1 − IoU is 50 times as much. The boxes of the zoo differ by up to 1.4e-6 with and without AVX2.
"""
EVERYTHING = Tolerance(drift=0, box=0, reason="each difference is told")


@dataclass(frozen=True)
class Difference:
    """The largest difference of a field while one thing was varied."""

    varied: str
    field: str
    largest: float
    case: str
    path: str
    run: int
    """From 1."""


@dataclass(frozen=True)
class Tie:
    """A near tie that fell differently: no difference."""

    case: str
    message: str
    run: int


@dataclass(frozen=True)
class Calibration:
    """The evidence and what follows from it."""

    task: str
    tier: str
    model: str
    digest: str
    surroundings: Mapping[str, str]
    cases: int
    seed: int
    usual: Setting
    """What every run is compared with: how the suite asks."""
    runs: tuple[Setting, ...]
    varied: tuple[str, ...]
    """What was varied alone."""
    differences: tuple[Difference, ...]
    """None of a field that was the same in all runs."""
    device: str
    """What the model was asked on; what it is compared with, it said on a CPU."""
    ties: tuple[Tie, ...]
    notes: tuple[str, ...]
    proposed: Tolerance


def model_of(asked: str, models_file: Path, root: Path, device: str | None = None) -> Model:
    """Find the model of SUITE.TIER, to run on a device or else on that of its row. Raises InputFault."""
    manifest = read_manifest(models_file)
    rows = manifest.rows
    known = [f"{suite}.{tier}" for suite, tiers in rows.items() for tier in tiers]
    if asked not in known:
        raise InputFault(f"swapgate calibrate {asked}: {models_file.name} has no such tier{nearest(asked, known)}")
    suite, _, tier = asked.partition(".")
    row = rows[suite][tier]
    row = row.model_copy(update={"device": device or row.device})
    check_device(row.device, f"calibrate {asked} on {row.device}")
    cases = cases_of(manifest, root, suite, row.label_set)
    if words := lack(manifest.tasks[suite].extras):
        raise InputFault(f"swapgate calibrate {asked} {words}")
    try:
        in_file = f"{asked} --models={manifest.option}"
        source = find(row, models_file.parent, root, f"[{asked}] in {models_file}", in_file)
    except InputFault as fault:
        raise InputFault(f"{models_file}: {asked}.model: {fault}") from fault
    if source.backend != TRANSFORMERS:
        raise InputFault(
            f"swapgate calibrate {asked}: {source.name} is one of the backend {source.backend}, of which threads and"
            " padding cannot be varied; write a tolerance with its reason into the row"
        )
    return Model(
        suite, tier, manifest.tasks[suite], source, source, cases, golden_path(root, models_file.stem, suite, tier)
    )


def calibrate(model: Model, runs: int, progress: Progress = unseen) -> Calibration:
    """Ask a model in so many settings and compare; a case in quarantine judges nothing here either.

    Raises Fault, also where it gives another answer in one of them.
    """
    check_model(model)
    device = model.source.row.device
    usual_model = model if device == CPU else _on_cpu(model)
    judging = [case for case in model.cases.cases if not case.quarantine]
    if not judging:
        raise InputFault(f"{model.name}: all its cases are in quarantine; calibrate it with some that judge")
    reference = {case.id: usual_model.prediction(case) for case in judging}
    if usual_model is not model:
        usual_model.release()
    inputs = {case.id: case.input for case in judging}
    attentions, notes = attentions_of(model.weights)
    usual = Setting(attention=attentions[0])
    settings = cycle(usual, len(inputs), attentions, os.cpu_count() or 1, device)
    asked = tuple(itertools.islice(itertools.cycle(settings), runs))
    found = []
    with progress(runs) as advance:
        for setting in asked:
            found.append(predictions(model, setting, inputs))
            advance(1)
    differences, ties = _compared(model, usual, list(zip(asked, found, strict=True)), reference)
    kinds = {setting.differs(usual) for setting in asked}
    missed = sorted({setting.differs(usual) for setting in settings} - kinds - {SEVERAL}, key=VARIED.index)
    notes += [f"{kind} was not varied in {counted(runs)}; give --runs more" for kind in missed]
    notes += _flipping(ties, runs)
    varied = tuple(kind for kind in VARIED if kind in kinds)
    pairs = [(said[case], then) for said in found for case, then in reference.items()]
    return Calibration(
        task=model.suite,
        tier=model.tier,
        model=model.source.name,
        digest=model.source.digest,
        surroundings=surroundings(),
        cases=len(inputs),
        seed=SEED,
        usual=usual,
        runs=asked,
        varied=varied,
        differences=tuple(differences),
        device=device,
        ties=tuple(ties),
        notes=tuple(notes),
        proposed=_proposed(
            model.row.tolerance.across(device), differences, pairs, f"{counted(runs)} ({', '.join(varied)})"
        ),
    )


def _on_cpu(model: Model) -> Model:
    source = replace(model.source, row=model.source.row.model_copy(update={"device": CPU}))
    return replace(model, source=source, incumbent=source)


def counted(runs: int) -> str:
    """Word a number of runs."""
    return f"{runs} run{'s' * (runs > 1)}"


def tidy(value: float, least: float = 0.0) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that neither is above, as the judge sees it."""
    steps = (float(f"{digit}e{power}") for power in range(-12, 0) for digit in (1, 2, 5))
    return next((step for step in steps if not exceeds(max(value, least), step)), 1.0)


def _compared(
    model: Model, usual: Setting, runs: Sequence[tuple[Setting, Predictions]], reference: Predictions
) -> tuple[list[Difference], list[Tie]]:
    """Return the largest difference of each kind and field, and all ties. Raises ModelFault for another answer."""
    accepted = model.row.tolerance.across(model.source.row.device)
    limits = replace(accepted, drift=max(accepted.tie, Tolerance().tie), relative=0.0, box=1.0, reason="of ties")
    largest: dict[tuple[str, str], Difference] = {}
    ties: list[Tie] = []
    changed: dict[str, list[str]] = {}
    for run, (setting, said) in enumerate(runs, 1):
        varied = setting.differs(usual)
        for case, then in reference.items():
            now, where = said[case], f"{model.name} {case!r}, run {run} ({setting.beside(usual)})"
            if words := _other_answer(check_drift(now, then, limits, "reference")):
                changed.setdefault(case, []).append(f"{where}: {words}")
            tied = near_ties(now, then, limits, "reference")
            ties += [Tie(case, str(tie), run) for tie in tied]
            for field, path, value in _numbers(now, then, {tie.path for tie in tied}):
                known = largest.get((varied, field))
                if known is None or value > known.largest:
                    largest[varied, field] = Difference(varied, field, value, case, path, run)
    if changed:
        words = next(iter(changed.values()))[0]
        cases = _often({case: len(found) for case, found in changed.items()}, len(runs))
        raise ModelFault(
            f"{words} ({model.source.name}); no tolerance covers another answer, as of {cases}: mend the model or what"
            " pads its inputs; where it is never surer, set a looser drift in its row and calibrate again, or let the"
            ' case judge nothing with quarantine = "…"'
        )
    order = (*VARIED, SEVERAL)
    return sorted(largest.values(), key=lambda one: (order.index(one.varied), FIELDS.index(one.field))), ties


def _numbers(now: Prediction, then: Prediction, tied: set[str]) -> Iterator[tuple[str, str, float]]:
    """Return what differs: which field, where and by how much."""
    for found in check_drift(now, then, EVERYTHING):
        if found.path not in tied:
            yield from ((field, found.path, value) for field, value in found.off.items())


def _other_answer(found: Sequence[Mismatch]) -> str:
    """Return in words what differs besides numbers, and is no near tie."""
    return "; ".join(str(one) for one in found if not one.off or "characters" in one.off)


def _often(times: Mapping[str, int], runs: int) -> str:
    """Return in words in how many of the runs each case was another."""
    return ", ".join(f"{case!r} ({count} of {counted(runs)})" for case, count in times.items())


def _flipping(ties: Sequence[Tie], runs: int) -> list[str]:
    """Return a note of the cases that fall either way."""
    cases = _often(Counter(case for case, _ in dict.fromkeys((tie.case, tie.run) for tie in ties)), runs)
    return [f'near ties that fall either way: {cases}; quarantine = "…" lets a case judge nothing'] if cases else []


def _proposed(
    accepted: Tolerance, differences: Sequence[Difference], pairs: Sequence[tuple[Prediction, Prediction]], runs: str
) -> Tolerance:
    """Return the smallest tolerance with which the judge passes all pairs; limits of swaps and of words stay."""
    seen = max((one.largest for one in differences if one.field in ("score", "margin")), default=0.0)
    box = max((one.largest for one in differences if one.field == "box"), default=0.0)
    boxes = any("box" in output_of(then).limits for _, then in pairs)
    reason = f"calibrated: at most {seen:.2g}{f', boxes {box:.2g},' if boxes else ''} in {runs}"
    kept = {name: getattr(accepted, name) for name in ("swap", "text", "words")}
    if any(value != getattr(Tolerance, name) for name, value in kept.items()):
        reason = f"{accepted.reason.partition('; calibrated: ')[0]}; {reason}"
    limits = {**kept, "box": tidy(box, BOX_FLOOR) if boxes else accepted.box}
    limits |= {name: getattr(accepted, name) for name in DEVICES}
    drift = tidy(seen, FLOOR)
    found = Tolerance(drift=drift, reason=reason, **limits)
    while any(check_drift(now, then, found) for now, then in pairs):  # a tie may have led by more than scores moved
        drift = tidy(drift * 1.01)
        found = replace(found, drift=drift)
    return found
