"""The first rows of an evaluation set: which they are, and that all models are asked them in the same order."""

import itertools
import json
import random
from types import SimpleNamespace

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.outputs.entities import Entities, Span
from swapgate.project.evaluation import EvaluationSet, find_set
from swapgate.statistics.looks import looks
from swapgate.statistics.recalled import beside
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task
from swapgate.trials.evaluating import tally_of

TASK = find_task("ner")


@pytest.fixture
def made(tmp_path):
    """Write a set of some rows, in the order of their numbers or in another, and give it."""
    written = itertools.count()

    def make(count=200, shuffled=True, order=0):
        numbers = [*range(count)]
        if order:
            random.Random(order).shuffle(numbers)  # noqa: S311 - no secret
        lines = [{"id": f"row {number}", "text": f"Text {number}.", "expected": []} for number in numbers]
        path = tmp_path / f"{next(written)}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        found = find_set(path, TASK, frozenset())
        return EvaluationSet(found.path, found.task, found.labels, found.version, shuffled=shuffled)

    return make


class Asked:
    """What stands for a model that finds nothing, and breaks at a text."""

    def __init__(self, broken=""):
        self.broken, self.texts = broken, []

    def load(self):
        """Do nothing."""

    def row(self, **_):
        """Return nothing: no answer is kept."""

    def predict(self, texts, _ids, **_):
        """Return that nothing is found."""
        if self.broken in texts:
            raise ModelFault("broken")
        self.texts += texts
        return [Entities(()) for _ in texts]

    def left_out(self, texts):
        """Tell that texts with a nine were cut."""
        return ["cut" if "9" in text else "" for text in texts]


def model(broken=""):
    """Return a model without anything counted."""
    asked = Asked(broken)
    source = SimpleNamespace(name="m", row=SimpleNamespace(device="cpu"))
    return SimpleNamespace(name="ner/small", task=TASK, tally=None, recalled=0, source=source, asked=asked)


def ids(rows):
    """Return the ids of rows."""
    return [row.id for row in rows]


def named(tally):
    """Return the ids of a tally's rows, and what is shown of each."""
    return [tally.named(row) for row in range(tally.rows)]


def test_parts(made):
    """Parts have all rows, each in one of them, and which is in which is told by ids, not by where rows stand."""
    one, other = made(order=1), made(order=2)
    cuts = [0, 30, 31, 120, 200]
    for start, stop in itertools.pairwise(cuts):
        assert sorted(ids(one.part(start, stop))) == sorted(ids(other.part(start, stop)))
    whole = [name for start, stop in itertools.pairwise(cuts) for name in ids(one.part(start, stop))]
    assert sorted(whole) == sorted(ids(one.rows()))
    numbers = sorted(int(name.split()[1]) for name in ids(one.part(0, 60)))
    assert 60 < sum(numbers) / 60 < 140  # of 200 rows: from all over the set


def test_without_an_order_of_its_own(made):
    """A set that is asked as a whole is asked as it lies in the file."""
    there = made(shuffled=False)
    tally = tally_of(model(), there)
    assert [name for name, _ in named(tally)] == ids(there.rows())


def test_same_rows_in_the_same_order(made):
    """One model that is asked look by look, and another that is asked at once, come to the same, row by row."""
    there, slow, fast = made(), model(), model()
    stops = [look.rows for look in looks(200)]
    for stop in stops:
        assert tally_of(slow, there, first=stop).rows == stop
    whole = tally_of(fast, there)
    assert sorted(slow.asked.texts) == sorted(fast.asked.texts)
    assert (slow.tally.keys, named(slow.tally), slow.tally.said) == (whole.keys, named(whole), whole.said)
    assert tally_of(slow, there).keys == whole.keys
    assert len(slow.asked.texts) == 200


def test_fewer_than_were_asked(made):
    """Of a model that was asked for more the first rows are as if no others had been."""
    there, early, late = made(), model(), model()
    stop = looks(200)[2].rows
    own = tally_of(early, there, first=stop)
    tally_of(late, there)
    cut = tally_of(late, there, first=stop)
    for name in ("rows", "units", "keys", "said", "wrong", "cuts", "with_something", "sources"):
        assert getattr(cut, name) == getattr(own, name)
    assert [*cut.counted()] == [*own.counted()]
    assert (cut.cuts != [], named(cut)) == (True, named(own))
    assert beside(cut, dict(zip(own.keys, own.counted(), strict=True)))
    assert len(late.asked.texts) == 200


def test_clusters_of_the_first_rows():
    """The first rows of clusters are in as many clusters as they are."""
    tally = Tally(TASK.output)
    for number in range(60):
        tally.add(f"row {number}", Entities(()), (Span(0, 1, "PER", "A"),), given=f"{number}", cluster=f"{number // 4}")
    part = tally.first(30)
    assert (part.units, part.is_clustered, len(part.wrong)) == (8, True, 30)


def test_fault_in_a_later_part(made):
    """Where a later part fails nothing of it is kept, and the next who asks is told the same."""
    there = made()
    stops = [look.rows for look in looks(200)]
    texts = [row.given for row in there.part(stops[0], stops[1])]
    broken = model(texts[-1])
    tally_of(broken, there, first=stops[0])
    for _ in range(2):
        with pytest.raises(ModelFault, match=r"row 'row \d+' of .*: broken \(m\)"):
            tally_of(broken, there, first=stops[1])
        assert broken.tally is None


def test_written_meanwhile(made):
    """A set that is written between two looks is told, and not read."""
    there, asked = made(), model()
    tally_of(asked, there, first=looks(200)[0].rows)
    there.path.write_text(there.path.read_text() + "\n")
    with pytest.raises(SurroundingsFault, match="was written since the run began; run again"):
        tally_of(asked, there)
