"""What a reader of a foreign format yields."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from swapgate.core.faults import InputFault


class Found(NamedTuple):
    """A row as its file has it."""

    where: str
    """Where it stands, for messages: "row 7"."""
    row: Mapping[str, Any] | InputFault
    """Its values by column, None where a column has none; or why it is not understood."""
