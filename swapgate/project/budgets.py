"""Budgets: how much worse, slower or larger than another tier, or than the incumbent, a tier may be."""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from swapgate.core.tables import NonEmptyStr, Table
from swapgate.outputs.counts import BRIER, LOG_LOSS


class FiniteTable(Table):
    """A table whose numbers are finite."""

    model_config = ConfigDict(allow_inf_nan=False)


class Limit(FiniteTable):
    """A budget: this tier's figure is at most `at_most` times the figure of `against`."""

    against: NonEmptyStr
    """Another tier of the task, or "incumbent": judged only when this tier is swapped."""
    at_most: float = Field(gt=0)


class QualityLimit(FiniteTable):
    """A budget of quality: how much worse than that of `against` a figure on the evaluation set may be, or a floor."""

    against: NonEmptyStr | None = None
    """Another tier of the task; "incumbent": judged only when this tier is swapped; or "anchor": the tier's first
    accepted model, whose rows are remembered. A floor has none."""
    metric: NonEmptyStr | None = None
    """The task's first figure where it is not set."""
    margin: float | None = Field(default=None, gt=0, lt=1)
    """Absolute: 0.02 is two points."""
    errors_at_most: float | None = Field(default=None, gt=0)
    """In place of a margin: how many times as many rows may be wrong."""
    at_least: float | None = Field(default=None, gt=0, lt=1)
    """A floor: what the figure itself must reach, whatever another model's is."""
    at_most: float | None = Field(default=None, gt=0, lt=1)
    """The floor of an error rate, of which less is better."""

    @property
    def is_floor(self) -> bool:
        """Whether it is judged alone, beside no other model."""
        return self.at_least is not None or self.at_most is not None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.is_floor:
            self._check_floor()
        elif self.against is None:
            raise ValueError("give against and a margin, or a floor: at_least = 0.9 (of an error rate at_most = 0.1)")
        elif (self.margin is None) == (self.errors_at_most is None):
            raise ValueError("give either margin or errors_at_most")
        elif self.metric is not None and self.margin is None:
            raise ValueError("errors_at_most counts rows; remove metric, or give a margin")
        return self

    def _check_floor(self) -> None:
        named = next(key for key in ("at_least", "at_most") if getattr(self, key) is not None)
        if self.at_least is not None and self.at_most is not None:
            raise ValueError("give either at_least or, of an error rate, at_most")
        for key in ("against", "margin", "errors_at_most"):
            if getattr(self, key) is not None:
                raise ValueError(f"{named} is a floor, judged beside no other model; remove {key}, or give two limits")


class CaseBudget(FiniteTable):
    """How many cases a swap may lose: whole numbers from 1 are counts, numbers below 1 shares of what was right."""

    lost_at_most: float = Field(ge=0)
    """Right for the incumbent, wrong for the candidate."""
    weaker_at_most: float | None = Field(default=None, ge=0)
    """Right for both, and the score fell by more than `tolerance.swap`."""
    net: bool = False
    """Whether cases that the candidate gains make up for lost ones."""

    @model_validator(mode="after")
    def _whole_from_one(self) -> Self:
        for key in ("lost_at_most", "weaker_at_most"):
            value = getattr(self, key)
            if value is not None and value >= 1 and value != int(value):
                raise ValueError(f"{key} = {value:g}: a number of cases is whole; below 1 it is a share")
        return self


class SliceLimit(FiniteTable):
    """How much worse than the incumbent's a figure may be on the rows of a slice."""

    margin: float = Field(gt=0, lt=1)
    """Absolute, of the task's first figure."""
    fewest: int | None = Field(default=None, ge=2)
    """Of `watch` alone: how many rows a slice has at least that is looked at."""


SURENESS = (BRIER, LOG_LOSS)
"""Figures of how sure a model is of what it finds."""
WATCH = "watch"
"""The name of the limit of all slices that have none of their own."""
FEWEST_WATCHED = 100


def _kind_of_slices(value: object) -> str:
    return "[limit]" if isinstance(value, SliceLimit) or (isinstance(value, dict) and "margin" in value) else "[values]"


SliceLimits = Annotated[
    Annotated[SliceLimit, Tag("[limit]")]
    | Annotated[Annotated[dict[NonEmptyStr, SliceLimit], Field(min_length=1)], Tag("[values]")],
    Discriminator(_kind_of_slices),
]


SWAP_QUALITY = QualityLimit(against="incumbent", margin=0.02)
"""What a swap is judged by where its row has no limit against the incumbent."""


def _several(value: object) -> object:
    """Take one table for a list of one."""
    return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, dict) else value


def _with_incumbent(limits: tuple[QualityLimit, ...]) -> tuple[QualityLimit, ...]:
    """Add the default where no limit is beside the incumbent but those of how sure it is, which miss what it misses."""
    beside = [limit for limit in limits if limit.against == "incumbent" and limit.metric not in SURENESS]
    return limits if beside else (*limits, SWAP_QUALITY)


class Budget(FiniteTable):
    """What a tier may cost."""

    quality: Annotated[tuple[QualityLimit, ...], BeforeValidator(_several), AfterValidator(_with_incumbent)] = (
        SWAP_QUALITY,
    )
    """Figures on the evaluation set; one limit of what is right is always against the incumbent."""
    slices: dict[NonEmptyStr, SliceLimits] = Field(default_factory=dict)
    """By key of the rows' slices, or by key and value, what a swap may lose there; `watch` is of all others."""
    cases: CaseBudget | None = None
    """Cases that a swap may lose, in place of none."""
    latency: Limit | None = None
    """Median seconds a call."""
    size: Limit | None = None
    """Bytes of weights on disk."""
    parameters: Limit | None = None
    """Numbers in the weight files."""
    memory: Limit | None = None
    """Peak memory in bytes of a process that loads the model and predicts the cases."""

    @model_validator(mode="after")
    def _watch_alone_has_a_size(self) -> Self:
        for key, limit in self.slices.items():
            named = {} if isinstance(limit, SliceLimit) else limit
            if key == WATCH and named:
                raise ValueError("slices.watch is the limit of all other slices: give it a margin, and no values")
            for one in named.values() if named else [limit] if key != WATCH else []:
                if isinstance(one, SliceLimit) and one.fewest is not None:
                    raise ValueError(f"slices.{key}: fewest is of slices.watch alone; a slice with a limit must PASS")
        return self

    @property
    def limits(self) -> list[tuple[str, Limit | QualityLimit]]:
        """All limits that the row sets beside other models, with their names."""
        costs = [(name, getattr(self, name)) for name in ("latency", "size", "parameters", "memory")]
        beside = [("quality", limit) for limit in self.quality if not limit.is_floor]
        return [*beside, *((name, limit) for name, limit in costs if limit)]
