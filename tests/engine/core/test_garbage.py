"""Python's search for garbage is spared where all stays, and only there."""

import gc
import subprocess
import sys

import pytest

from swapgate.core.garbage import all_stays, no_search

CYCLE = """
import gc
from swapgate.core.garbage import all_stays, leave_to_the_system

class One:
    def __init__(self):
        self.me = self
    def __del__(self):
        print("gone")
"""


def said(script: str) -> list[str]:
    """Return the lines that a process of its own prints, for what is frozen is so for all of a process."""
    command = [sys.executable, "-c", f"{CYCLE}{script}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.parametrize("spared", [no_search, all_stays])
@pytest.mark.parametrize("enabled", [True, False])
def test_searching_goes_on_as_before(spared, enabled):
    """Nothing is searched within, and behind it is as it was, also where something was raised."""

    def fail():
        with spared():
            assert not gc.isenabled()
            raise KeyError

    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(KeyError):
            fail()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_what_was_made_within_stays():
    """A search behind it finds nothing of what was made within, until that is undone."""
    made = "with all_stays():\n    One()\n"
    assert said(f"{made}gc.collect(); print('searched'); gc.unfreeze(); gc.collect()") == ["searched", "gone"]


def test_what_is_made_later_goes():
    """What is made behind it is garbage as ever."""
    made = "with all_stays():\n    pass\nOne()\n"
    assert said(f"{made}gc.collect(); print('searched')") == ["gone", "searched"]


@pytest.mark.parametrize(("leaves", "lines"), [("", ["end", "gone"]), ("leave_to_the_system()", ["end"])])
def test_end_of_a_process_takes_nothing_apart(leaves, lines):
    """Objects that know each other are not let go one by one when a process ends, if it was told so."""
    assert said(f"{leaves}\none = One()\nprint('end')") == lines


@pytest.mark.parametrize(("before", "left"), [("gc.freeze()", ["searched"]), ("pass", ["gone", "searched"])])
def test_nothing_stays_elsewhere(before, left):
    """Where nothing stays yet, as in a notebook, what a library is imported beside is garbage as ever."""
    made = f"from swapgate.core.garbage import this_stays_too\n{before}\nwith this_stays_too():\n    One()\n"
    assert said(f"{made}gc.collect(); print('searched', flush=True); import os; os._exit(0)") == left
