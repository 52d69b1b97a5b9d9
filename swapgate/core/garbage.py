"""Python's search for garbage, spared where there is none: it walks all objects that there are, again and again.

In a small run it took more than a second: beside torch there are a million objects, all of which stay.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search() -> Iterator[None]:
    """Search for no garbage meanwhile: where all that is made is needed, or where time is measured."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


@contextmanager
def all_stays() -> Iterator[None]:
    """Search for no garbage meanwhile, and later not among what there is by then: modules, the plan, tests.

    Never around what is let go again, such as a model: objects that know each other would stay. `gc.unfreeze` ends it.
    """
    with no_search():
        yield
        gc.freeze()


@contextmanager
def this_stays_too() -> Iterator[None]:
    """The same in a run of which much stays already; elsewhere, as in a notebook, later searches go through all."""
    with all_stays() if gc.get_freeze_count() else no_search():
        yield


def leave_to_the_system() -> None:
    """Let the system take this process's memory back as a whole when it ends, and not Python object by object."""
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)  # what is frozen is not searched at the end either
