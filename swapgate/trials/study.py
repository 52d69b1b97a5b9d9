"""What a study of damages says of a tier's cases: those that no damage turns tell nothing of such damages."""

import json
from pathlib import Path

from pydantic import BaseModel

from swapgate.core.faults import InputFault
from swapgate.core.words import listed, nearest
from swapgate.core.wrong import no_json
from swapgate.outputs import check_expected
from swapgate.trials.running import Model


class Damaged(BaseModel):
    """A damage of a tier's model, and what came of it; other keys are passed over."""

    task: str
    """The suite."""
    tier: str
    harm: bool = True
    """Whether it does harm: what does none need turn no case."""
    turned: list[str] | None
    """Cases that were right before and are wrong now; None where nothing could be measured."""


class Study(BaseModel):
    """What benchmarks/gate_quality.py writes, or a project of its own models."""

    damages: list[Damaged]


def useless(path: Path, model: Model) -> list[str]:
    """Return a note of the cases that the model gets right and no harmful damage of a study turns. Raises Fault."""
    damages = [one for one in _read(path).damages if (one.task, one.tier) == (model.suite, model.tier)]
    turned = [one.turned for one in damages if one.harm and one.turned is not None]
    if not turned:
        raise InputFault(
            f"{path}: no damage of {model.name} that does harm was measured; do some, or leave out --study"
        )
    known = {case.id for case in model.cases.cases}
    if strange := sorted({case for cases in turned for case in cases} - known):
        raise InputFault(
            f"{path}: {listed(strange)} {'are no cases' if len(strange) > 1 else 'is no case'} of {model.suite}"
            f"{nearest(strange[0], known)}; give a study of these cases"
        )
    right = [case for case in model.cases.cases if not check_expected(model.prediction(case), case.expected)]
    firm = [case.id for case in right if not any(case.id in cases for cases in turned)]
    told = f"{len(turned)} damages of {path} that do harm"
    if not firm:
        return [f"each of {len(right)} right cases is turned by one of {told}"]
    names = listed(firm, len(firm))
    return [f"none of {told} turns {len(firm)} of {len(right)} right cases: {names}; harder ones tell more"]


def _read(path: Path) -> Study:
    try:
        return Study.model_validate(json.loads(path.read_text("utf-8-sig")))
    except (OSError, ValueError, RecursionError) as error:
        lack = f"{path}: no study of damages ({no_json(error)}); give what benchmarks/gate_quality.py writes"
        raise InputFault(lack) from error
