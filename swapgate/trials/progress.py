"""How far a long piece of work is, for whoever waits."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

EVERY = 30
"""Seconds from one line to the next."""

Advance = Callable[[int], None]
"""Is told how many more are done."""
Progress = Callable[[int], AbstractContextManager[Advance]]
"""Is given how many there are to do."""


@contextmanager
def unseen(_count: int) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda _more: None


def in_lines(what: str, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return what says a line each half minute: "ner/small: models/small: 120 of 900, 30 s"."""

    @contextmanager
    def progress(count: int) -> Iterator[Advance]:
        begin = last = clock()
        done = 0

        def advance(more: int) -> None:
            nonlocal last, done
            done += more
            now = clock()
            if now - last >= EVERY:
                last = now
                say(f"{what}: {done:,} of {count:,}, {now - begin:,.0f} s")

        yield advance

    return progress
