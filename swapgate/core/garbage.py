"""Python's search for garbage, spared where there is none: it walks all objects that there are, again and again.

In a small run it took more than a second: beside torch there are a million objects, all of which stay.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search() -> Iterator[None]:
    """Search for no garbage meanwhile: where all that is made stays, or where time is measured."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


def all_stays() -> None:
    """Let no later search walk the objects that there are by now."""
    gc.freeze()


def anew() -> None:
    """Let searches walk all objects again."""
    gc.unfreeze()


def leave_to_the_system() -> None:
    """Let the end of this process take its memory back at once, and not object by object."""
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)  # what is frozen is not searched at the very end either
