"""Who made a golden: which model, by which tolerance, with what around it, or that its figures come from elsewhere."""

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field

from swapgate.outputs import Tolerance, output_of
from swapgate.outputs.prediction import Prediction


@dataclass(frozen=True)
class RecordedElsewhere:
    """Where figures were recorded that no run of this suite has made."""

    source: str
    """Who recorded them."""
    digits: Annotated[int, Field(ge=2, le=17)]
    """Decimals of a score."""
    box_digits: Annotated[int, Field(ge=0, le=17)] | None = None
    """Decimals of the edge of a box, in pixels, cut and not rounded; None where none was recorded."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __str__(self) -> str:
        edges = f"{self.box_digits} digits of a pixel" if self.box_digits else "whole pixels"
        boxes = "" if self.box_digits is None else f", boxes to {edges}"
        return f"recorded elsewhere ({self.source}, to {self.digits} digits{boxes})"

    def widened(self, tolerance: Tolerance, golden: Prediction) -> Tolerance:
        """Add to a tolerance what is unknown behind the last digit: half a unit of a score, a unit of an edge."""
        drift = tolerance.drift + 0.5 * 10**-self.digits
        cut = 0.0
        uncertainty = output_of(golden).uncertainty
        if uncertainty and self.box_digits is not None:
            cut = uncertainty(golden, 10.0**-self.box_digits)
        return replace(tolerance, drift=min(drift, 1.0), box=min(tolerance.box + cut, 1.0), reason=str(self))


@dataclass(frozen=True)
class Provenance:
    """Who made a golden."""

    task: str
    """The suite's name, which for most is the task's."""
    model: str
    revision: str | None
    variant: str | None
    dtype: str
    digest: str
    """Of weights and settings: tells drift from a swap. Empty where it is not known: of figures from elsewhere."""
    tolerance: Tolerance
    """By which it was accepted."""
    surroundings: Mapping[str, str]
    """Versions, CPU features, threads, the device."""
    recorded_elsewhere: RecordedElsewhere | None = None
    """Whose figures these are where no run of this suite has made them."""
    files: str | None = None
    """Digest of the files of a public model: at one commit they never change."""
    kind: str | None = None
    """The task, where the suite's name does not say it."""
    backend: str | None = None
    """What made the predictions, where it is not transformers."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    @property
    def task_name(self) -> str:
        """The name of the task."""
        return self.kind or self.task

    @property
    def device(self) -> str:
        """What the model ran on; goldens from before there was a choice do not say."""
        return self.surroundings.get("device", CPU)


CPU = "cpu"
DIGITS = 4
"""How many of a digest are shown behind a name that does not tell two models apart."""


def is_other(now: Provenance, then: Provenance) -> bool:
    """Return whether another model speaks than the one that made a golden.

    The digest decides. Of figures from elsewhere none is known: there the name does, the variant, and the revision
    where both are known (a short commit is the start of a long one).
    """
    if then.recorded_elsewhere is None:
        return now.digest != then.digest
    one, other = now.revision or "", then.revision or ""
    same = one.startswith(other) or other.startswith(one)
    names = [stamp.model.partition("@")[0] for stamp in (now, then)]
    return names[0] != names[1] or now.variant != then.variant or not same


def told_apart(then: tuple[str, str], now: tuple[str, str]) -> tuple[str, str]:
    """Return how two models are called, each given by name and digest, where both are named.

    Where the names are the same the first digits of the digests tell them apart: "models/intent (1f3a…)".
    """
    (one, first), (other, second) = then, now
    if one != other or first == second:
        return one, other
    digits = next(count for count in itertools.count(DIGITS) if first[:count] != second[:count])
    return (f"{one} ({first[:digits]}…)" if first else one), f"{other} ({second[:digits]}…)"


def tighter_tolerance(now: Provenance, then: Provenance) -> Tolerance:
    """Return the tolerance of two stamps, the tighter limit of each; between two devices that calibrated for it."""
    tolerance = now.tolerance if now.tolerance == then.tolerance else _tighter(now.tolerance, then.tolerance)
    return tolerance if now.device == then.device else tolerance.across(_accelerator(now, then))


def _accelerator(now: Provenance, then: Provenance) -> str:
    return then.device if now.device == CPU else now.device


@functools.lru_cache(maxsize=64)
def _tighter(one: Tolerance, other: Tolerance) -> Tolerance:
    return one.tighter(other)


def surroundings_changed(now: Provenance, then: Provenance) -> str:
    """Return in words in what the surroundings differ from a golden's: "recorded with torch 2.12.0, now 2.13.0"."""
    names = [name for name in then.surroundings if then.surroundings[name] != now.surroundings.get(name)]
    pairs = [f"{name} {then.surroundings[name]}, now {now.surroundings.get(name, 'unknown')}" for name in names]
    words = [str(then.recorded_elsewhere)] if then.recorded_elsewhere else []
    if now.device != then.device:
        pairs = [f"device {then.device}, now {now.device}", *(pair for pair in pairs if not pair.startswith("device "))]
    words += [f"recorded with {'; '.join(pairs)}"] if pairs else []
    if now.device != then.device:
        device = _accelerator(now, then)
        if now.tolerance.across(device) == now.tolerance:
            words.append(
                f"no tolerance between cpu and {device} is calibrated, so that of one device holds; measure it with:"
                f" swapgate calibrate {now.task}.TIER --device {device}"
            )
        else:
            words.append(f"judged by the tolerance between cpu and {device}")
    return "; ".join(words)
