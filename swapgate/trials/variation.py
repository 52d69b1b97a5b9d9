"""A model asked in other ways than the suite asks: what it predicts in other batches, threads, attentions, without AVX.

``python -m swapgate.trials.variation`` predicts for one model, read from stdin, in a process of its own.
"""

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from swapgate import tasks
from swapgate.core.faults import Fault, ModelFault, SurroundingsFault
from swapgate.core.words import first_line
from swapgate.inputs.given import Input, extent
from swapgate.models.loading import THREADS, Source
from swapgate.outputs.prediction import Prediction
from swapgate.project.cases import read_cases
from swapgate.project.manifest import row_type
from swapgate.trials.running import BATCH, Model

SEED = 0
"""Of the order in which several things are varied at once."""
SEVERAL = "several"
ATTENTIONS = ("eager", "sdpa")
NO_ATTENTION = "its"
PLAIN_CPU = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"}
"""What lets PyTorch, MKL and oneDNN compute without AVX; they read it when a process begins."""

Predictions = Mapping[str, Prediction]
"""From case to prediction."""


@dataclass(frozen=True)
class Setting:
    """How a model is asked; by default as the suite asks."""

    batch: int = BATCH
    threads: int = THREADS
    padding: bool = False
    """Whether the longest input is added to each batch."""
    attention: str = NO_ATTENTION
    cpu: bool = False
    """Whether in a process that may not use AVX."""
    device: str = "cpu"

    def differs(self, usual: "Setting") -> str:
        """Return what is varied: the name of a field, or `SEVERAL`."""
        names = [name for name in VARIED if getattr(self, name) != getattr(usual, name)]
        return names[0] if len(names) == 1 else SEVERAL

    def beside(self, usual: "Setting") -> str:
        """Word what is other than usual."""
        words = {
            "batch": f"batches of {self.batch}",
            "threads": f"{self.threads} thread{'s' * (self.threads > 1)}",
            "padding": "beside the longest case",
            "attention": f"{self.attention} attention",
            "cpu": "without AVX",
            "device": f"on {self.device}",
        }
        return ", ".join(words[name] for name in VARIED if getattr(self, name) != getattr(usual, name))

    def __str__(self) -> str:
        return self.beside(Setting(0, 0, attention=""))


VARIED = tuple(one.name for one in fields(Setting))


def cycle(
    usual: Setting, cases: int, attentions: Sequence[str], cores: int, device: str = Setting.device
) -> list[Setting]:
    """Return the settings in their order: first one thing is varied at a time, then several, shuffled by `SEED`.

    On another device than usual each varies that too, and what only a CPU has is not varied.
    """
    here, on_cpu = replace(usual, device=device), device == Setting.device
    choices: dict[str, Sequence[Any]] = {
        "batch": (1, cases, 2, 4),
        "threads": (max(4, cores), 2) if on_cpu else (),
        "padding": (True,),
        "attention": [name for name in attentions if name != usual.attention],
        "cpu": (True,) if on_cpu else (),
        "device": (),
    }
    alone = [[here], *([replace(here, **{name: value}) for value in values] for name, values in choices.items())]
    first = [one for each in itertools.zip_longest(*alone) for one in each if one not in (None, usual)]
    choices["cpu"] = ()  # a process of its own takes seconds
    every = itertools.product(*([getattr(here, name), *values] for name, values in choices.items()))
    rest = [one for one in (Setting(*values) for values in every) if one != usual and one.differs(usual) == SEVERAL]
    random.Random(SEED).shuffle(rest)  # noqa: S311 - nothing is secret here
    return list(dict.fromkeys(first + rest))


def attentions_of(weights: Any) -> tuple[list[str], list[str]]:
    """Return the attentions that a model can compute with, its own first, and why others are none of them."""
    own = getattr(weights.config, "_attn_implementation", None)
    kind = type(weights).__name__
    if own is None or not hasattr(weights, "set_attn_implementation"):
        return [NO_ATTENTION], [f"attention was not varied: a {kind} offers no choice"]
    able, notes = [own], []
    for name in ATTENTIONS:
        if name == own:
            continue
        try:
            weights.set_attn_implementation(name)
            reason = "" if weights.config._attn_implementation == name else f"it keeps {own} once it is loaded"
        except Exception as error:  # whatever the model's class says
            reason = f"{type(error).__name__}: {first_line(error)}"
        finally:
            weights.set_attn_implementation(own)
        if reason:
            notes.append(f"attention {name} was left out: a {kind} does not take it ({reason})")
        else:
            able.append(name)
    return able, notes


def predictions(model: Model, setting: Setting, inputs: Mapping[str, Input]) -> Predictions:
    """Predict all cases in a setting. Raises Fault; threads and attention are put back."""
    if setting.cpu:
        return _without_avx(model)
    longest = max(inputs.values(), key=extent)
    found: dict[str, Prediction] = {}
    with _under(setting, model.weights):
        for start in range(0, len(inputs), setting.batch):
            cases = list(inputs)[start : start + setting.batch]
            batch = [inputs[case] for case in cases]
            try:
                said = model.predict([*batch, longest] if setting.padding else batch)
            except ModelFault as fault:
                where = repr(cases[0]) if len(cases) == 1 else f"one of {cases[0]!r} to {cases[-1]!r}"
                raise ModelFault(f"{fault}; {where} with {setting}") from fault
            found.update(zip(cases, said, strict=False))  # the longest one stands behind them
    return found


@contextmanager
def _under(setting: Setting, weights: Any) -> Iterator[None]:
    import torch

    threads, attention = torch.get_num_threads(), getattr(weights.config, "_attn_implementation", None)
    changes = setting.attention not in (NO_ATTENTION, attention)
    try:
        torch.set_num_threads(setting.threads)
        if changes:
            weights.set_attn_implementation(setting.attention)
        yield
    finally:
        torch.set_num_threads(threads)
        if changes:
            weights.set_attn_implementation(attention)


def _without_avx(model: Model) -> Predictions:
    """Predict as the suite does in a process without AVX. Raises SurroundingsFault where it fails."""
    source = model.source
    # a compressed copy is there already
    row = source.row.model_dump(mode="json", exclude_none=True, exclude={"variant"})
    where = {"folder": str(source.weights_folder), "name": source.name, "cases": str(model.cases.path)}
    child = subprocess.run(
        [sys.executable, "-m", "swapgate.trials.variation"],
        input=json.dumps(
            {
                "task": model.task.name,
                "modules": tasks.modules(),
                "suite": model.suite,
                "tier": model.tier,
                "row": row,
                **where,
            }
        ),
        capture_output=True,
        text=True,
        env={**os.environ, **PLAIN_CPU},
    )
    if child.returncode:
        reason = (child.stderr.strip().splitlines() or [f"it ended with exit status {child.returncode}"])[-1]
        raise SurroundingsFault(f"{model.name}: the process without AVX failed: {reason}; mend that and run again")
    kind: Any = model.task.output.prediction
    said: Predictions = TypeAdapter(dict[str, kind]).validate_json(child.stdout.splitlines()[-1])
    return said


def main() -> None:
    """Answer one request."""
    asked = json.load(sys.stdin)
    try:
        tasks.discover(*asked["modules"])
        task = tasks.find_task(asked["task"])
        row = row_type(task).model_validate(asked["row"], strict=False)
        cases = read_cases(Path(asked["cases"]), task, row.label_set)
        source = Source(row, Path(asked["folder"]), asked["name"])
        model = Model(asked["suite"], asked["tier"], task, source, source, cases, Path())
        said: dict[str, Any] = {case.id: model.prediction(case) for case in cases.cases}
        print(json.dumps({case: asdict(found) for case, found in said.items()}))
    except Fault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
