"""What other packages bring, by entry points."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

from swapgate.core.faults import InputFault


def brought(group: str, what: str) -> Iterator[tuple[Any, str]]:
    """Yield what the entry points of a group name, each with the words for where it is from; `what` it is, as "task".

    Raises InputFault where one cannot be imported.
    """
    for entry in importlib.metadata.entry_points(group=group):
        package = entry.dist.name if entry.dist else "an unknown package"
        origin = f"{package} ({entry.value})"
        try:
            found = entry.load()
        except Exception as error:  # whatever a package does when it is imported
            raise InputFault(
                f"{origin}: its {what} {entry.name!r} cannot be imported ({type(error).__name__}: {error}); mend or"
                " uninstall the package"
            ) from error
        yield found, origin
