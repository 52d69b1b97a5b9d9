"""A tally beside another model's rows that were counted in an earlier run, each told by its key. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from swapgate.outputs.counts import RIGHT
from swapgate.outputs.prediction import Output
from swapgate.statistics.tally import Counted, Part, Tally


def recalled(output: Output, rows: Iterable[Counted]) -> Tally:
    """Return the tally of rows as they are remembered. Raises ValueError where they are none of such predictions."""
    tally = Tally(output)
    for row in rows:
        tally.recall(row)
    return tally


def beside(tally: Tally, remembered: Mapping[str, Counted]) -> tuple[Tally, Tally] | None:
    """Return two tallies of the rows that are remembered, a model's and the remembered one's; None where none is.

    `remembered` goes by key. Raises ValueError where what is remembered of a row is not what this version counts.
    """
    shared = [place for place, key in enumerate(tally.keys) if key in remembered]
    if not shared:
        return None
    whole = recalled(tally.output, _theirs(tally, remembered))
    whole.lie_as(tally)
    return (tally, whole) if len(shared) == tally.rows else (Part(tally, shared), Part(whole, shared))


def _theirs(tally: Tally, remembered: Mapping[str, Counted]) -> Iterator[Counted]:
    """Yield what is remembered of each row; where nothing is, its own, which is left out. Raises ValueError."""
    for key, own in zip(tally.keys, tally.counted(), strict=True):
        other = remembered.get(key, own)
        _check(own, other, {RIGHT, *tally.output.shares})
        yield other


def _check(ours: Counted, theirs: Counted, shares: set[str]) -> None:
    """Make sure that a row is counted by the same names, and is right or wrong. Raises ValueError."""
    names = [{name for name in one.counts if isinstance(name, str)} for one in (ours, theirs)]
    if names[0] != names[1]:
        raise ValueError(f"a row is counted by {', '.join(sorted(names[1]))}, now by {', '.join(sorted(names[0]))}")
    odd = next((name for name in sorted(shares & names[1]) if theirs.counts[name] not in (0, 1)), None)
    if odd is not None:
        raise ValueError(f"{odd} of a row is {theirs.counts[odd]:g}, neither 0 nor 1")
