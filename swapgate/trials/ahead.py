"""Reading ahead: what comes next is read from files while a model computes."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from swapgate.inputs.given import quiet_readers

T = TypeVar("T")

LOOK = 0.1
"""Seconds after which the reading thread looks whether anybody still waits for it."""


def ahead(items: Iterator[T], most: int) -> Generator[T, None, None]:
    """Yield what an iterator yields, which a thread asks for up to `most` items before they are wanted.

    What the iterator raises is raised in its place. The thread has ended when this has, also where it is closed early.
    """
    ready: queue.Queue[tuple[bool, Any]] = queue.Queue(most)
    unwanted = threading.Event()

    def put(is_last: bool, item: object) -> None:
        while not unwanted.is_set():
            with suppress(queue.Full):
                ready.put((is_last, item), timeout=LOOK)
                return

    def read() -> None:
        try:
            for item in items:
                put(False, item)
                if unwanted.is_set():
                    return
        except BaseException as error:  # it is raised where the next item is wanted
            put(True, error)
        else:
            put(True, None)

    thread = threading.Thread(target=read, name="swapgate reads ahead", daemon=True)
    with quiet_readers():
        thread.start()
        try:
            while True:
                is_last, item = ready.get()
                if not is_last:
                    yield item
                elif item is None:
                    return
                else:
                    raise item
        finally:
            unwanted.set()
            thread.join()
