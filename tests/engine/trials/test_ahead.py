"""Reading ahead, and telling how far the work is: nothing is lost, nothing hangs, nothing depends on the clock."""

import threading
import warnings

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import readable_as
from swapgate.trials.ahead import ahead
from swapgate.trials.progress import EVERY, in_lines, unseen


def readers():
    """Return the threads that read."""
    return [thread for thread in threading.enumerate() if thread.name == "swapgate reads ahead"]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_in_their_order(count):
    """What is read comes in its order, and the thread ends with it."""
    assert [*ahead(iter(range(count)), 3)] == [*range(count)]
    assert not readers()


def test_no_further_than_asked():
    """Where nobody wants any more no more is read than so many, and closing it early ends the thread."""
    read, enough = [], threading.Event()

    def items():
        for number in range(99):
            read.append(number)
            if number == 4:
                enough.set()
            yield number

    found = ahead(items(), 3)
    assert next(found) == 0
    assert enough.wait(10)  # one was taken, three wait, and one is held
    assert read == [*range(5)]
    found.close()
    assert not readers()
    assert read == [*range(5)]


def test_what_reading_raises():
    """What is raised while reading is raised in its place, behind what came before."""

    def items():
        yield 1
        raise SurroundingsFault("cannot be read")

    found = ahead(items(), 3)
    assert next(found) == 1
    with pytest.raises(SurroundingsFault, match="cannot be read"):
        next(found)
    assert not readers()


def test_warnings_of_readers(tmp_path):
    """A library that warns while a thread reads is passed over, and filters stay as they were."""
    before, path = warnings.filters[:], tmp_path / "picture.png"
    path.write_bytes(b"content")

    def items():
        with readable_as(path, "picture"):
            warnings.warn_explicit("odd EXIF data", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")
        yield 1

    assert [*ahead(items(), 1)] == [1]
    assert warnings.filters == before


def test_lines():
    """A line is said when half a minute has passed since the last, with how many are done and since when."""
    now, said = [100.0], []
    with in_lines("ner/small", said.append, lambda: now[0])(2_000) as advance:
        for seconds, done in ((29, 500), (1, 500), (29, 10), (31, 490), (0, 500)):
            now[0] += seconds
            advance(done)
    assert said == ["ner/small: 1,000 of 2,000, 30 s", "ner/small: 1,500 of 2,000, 90 s"]
    assert EVERY == 30


def test_unseen():
    """Where nothing is shown anybody may tell it anything."""
    with unseen(3) as advance:
        advance(3)
