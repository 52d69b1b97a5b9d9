"""How far a prediction may be from another one, and a difference in words."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from swapgate.core.words import plain


@dataclass(frozen=True)
class Tolerance:
    """How far a prediction may move."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": False}

    drift: float = 1e-4
    """Same weights, other surroundings: a score may differ by this much, up or down, or by `relative`."""
    relative: float = 0.0
    """Same weights: a score may differ by this share of the golden's; the more generous of both holds."""
    swap: float = 0.10
    """Other weights: the score of a right answer may fall by this much, so may ROUGE-1; a word error rate may rise."""
    box: float = 0.01
    """Same weights: the IoU of a box with that of the golden may be this much below 1."""
    text: float = 0.0
    """Same weights: this share of a text's characters may differ, or as many words as `words` says."""
    words: float = 0.0
    """Same weights: so much may the word error rate against the golden's text be; 0 asks for the same characters."""
    reason: str = "default"
    cuda: "Tolerance | None" = None
    """Between a CPU and this accelerator; None where none was calibrated."""
    mps: "Tolerance | None" = None

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} = {value} is not between 0 and 1")
        if any(getattr(self, name) != getattr(Tolerance, name) for name in LIMITS) and (
            not self.reason.strip() or self.reason == Tolerance.reason
        ):
            raise ValueError("a tolerance other than the default needs a reason")
        if any(one and (one.cuda or one.mps) for one in (self.cuda, self.mps)):
            raise ValueError("the tolerance of a device has none of another")

    def across(self, device: str) -> "Tolerance":
        """Return the tolerance between a CPU and an accelerator: its own where there is one."""
        return getattr(self, device, None) or self

    @property
    def tie(self) -> float:
        """How much one score may lead over another, or over a threshold, and still be a near tie."""
        return max(self.drift, self.relative)

    def of_score(self, score: float) -> float:
        """Return by how much a score may differ from this one."""
        return max(self.drift, self.relative * abs(score))

    def is_drift(self, now: float, then: float) -> bool:
        """Return whether a score moved by more than is allowed between the same weights."""
        off = abs(now - then)
        return not off <= self.drift and exceeds(off, self.of_score(then))

    def looser(self, accepted: "Tolerance") -> list[str]:
        """Return in words each limit that is looser than the accepted one: "drift 0.01, accepted 0.0001"."""
        pairs = [(name, getattr(self, name), getattr(accepted, name)) for name in LIMITS]
        for device in DEVICES:
            if getattr(self, device):
                here, there = self.across(device), accepted.across(device)
                pairs += [(f"{device}.{name}", getattr(here, name), getattr(there, name)) for name in LIMITS]
        return [f"{name} {now:g}, accepted {then:g}" for name, now, then in pairs if now > then]

    def tighter(self, other: "Tolerance") -> "Tolerance":
        """Return the tighter limit of both, for each."""
        reason = self.reason if self != Tolerance() else other.reason
        limits = {name: min(getattr(self, name), getattr(other, name)) for name in LIMITS}
        devices = [name for name in DEVICES if getattr(self, name) and getattr(other, name)]
        across = {name: getattr(self, name).tighter(getattr(other, name)) for name in devices}
        return Tolerance(**limits, **across, reason=f"{reason} (tighter of both)")


DEVICES = ("cuda", "mps")
FIELDS = ("score", "relative", "margin", "box", "characters", "words")
"""What a number that differs can be: a score, that as a share of what it was, the margin of a text, 1 - IoU of a box,
the share of other characters and the word error rate of a text."""
LIMITS = ("drift", "relative", "swap", "box", "text", "words")


@dataclass(frozen=True)
class Mismatch:
    """One difference, in words."""

    path: str
    """Where in the prediction: `entities[LOC 42-55].score`."""
    message: str
    """What was found, what was allowed, by how much."""
    tie: bool = False
    """Whether it is a near tie that fell the other way: told, but nothing is held against it."""
    off: Mapping[str, float] = field(default_factory=dict, compare=False)
    """By how much numbers are off, by what they are (see `FIELDS`); empty where something else differs."""

    def __str__(self) -> str:
        return plain(self.message)


def exceeds(difference: float, allowed: float) -> bool:
    """Return whether a difference is too large; the last bit of a float64 sum is not held against it, NaN is."""
    return not (difference <= allowed or math.isclose(difference, allowed, rel_tol=1e-9))


def larger_lead(one: float | None, other: float | None) -> float:
    """Return the larger of two leads; one that is unknown is no near tie."""
    return math.inf if one is None or other is None else max(one, other)


def lead_over(score: float, threshold: float) -> float:
    """Return how far a score is on its side of a threshold, as a share of the room that there is, in [0, 1]."""
    room = 1 - threshold if score >= threshold else threshold
    return abs(score - threshold) / room if room else 1.0


def greatest(leads: Iterable[float | None]) -> float | None:
    """Return the greatest of the leads of what was lost; None, which is no near tie, where one is unknown."""
    found = [*leads]
    known = [lead for lead in found if lead is not None]
    return max(known) if known and len(known) == len(found) else None


def lead_text(lead: float | None) -> str:
    """Return in words a lead that may be unknown."""
    return "an unknown amount" if lead is None or lead == math.inf else f"{lead:.4g}"


def invalid_probability(path: str, what: str, field: str, value: float) -> list[Mismatch]:
    """Return a mismatch where a number is no probability: NaN, infinite, below 0 or above 1."""
    if 0 <= value <= 1:
        return []
    return [Mismatch(f"{path}.{field}", f"{what} has the {field} {value}, which is not between 0 and 1")]


def score_drift(
    path: str, what: str, now: float, then: float, tolerance: Tolerance, reference: str, field: str = "score"
) -> list[Mismatch]:
    """Return a mismatch where a score (or what `field` says) moved by more than is allowed between the same weights."""
    if not tolerance.is_drift(now, then):
        return []
    allowed = f"{reference} {then:.7f} ± {tolerance.of_score(then):g}"
    off = abs(now - then)
    relative = {"relative": off / abs(then)} if then and field == "score" else {}
    return [Mismatch(path, f"{what} {now:.7f}, {allowed}: off by {off:.4g}", off={field: off, **relative})]


def score_fall(path: str, what: str, now: float, then: float, allowed: float) -> list[Mismatch]:
    """Return a mismatch where the score of something right fell by more than is allowed in a swap."""
    fall = then - now
    if not exceeds(fall, allowed):
        return []
    return [
        Mismatch(path, f"{what} scored {now:.4f}, the incumbent {then:.4f}: fell by {fall:.4f}, allowed {allowed:g}")
    ]
