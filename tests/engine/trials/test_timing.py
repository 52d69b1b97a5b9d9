"""What is timed: sizes of work, what is kept beside the rounds, and that stopping early makes no model faster."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.inputs.given import Question, Sound, extent
from swapgate.statistics.latency import Ratio
from swapgate.trials import timing
from swapgate.trials.plan import make_plan
from swapgate.trials.timing import Work, all_works, times

ROOT = Path(__file__).parents[3]
BUDGET = 'gaps = { left_out = "the small model does not know Siemens" }\n'
SLOW = BUDGET + 'budget.latency = { against = "original", at_most = 1000 }\n'
SIZES = ["short_1", "short_8", "long_1", "long_8"]


@pytest.fixture
def budgeted(recorded):
    """A project whose small model has a budget of latency that any model keeps."""
    recorded.replace(recorded.models_file, BUDGET, SLOW)
    return recorded


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("abc", 3),
        (Question("who", "me"), 5),
        (Sound(range(24000), 16000), 1.5),
        (SimpleNamespace(width=4, height=3), 12),
    ],
    ids=["text", "question", "sound", "picture"],
)
def test_extent(given, size):
    """Inputs are as large as their letters, seconds or pixels."""
    assert extent(given) == size


def test_all_works():
    """The shortest and the longest case are timed, alone and in a batch of eight."""
    cases = [SimpleNamespace(id=text, input=text) for text in ("bbb", "a", "dddd", "cc")]
    found = all_works(SimpleNamespace(cases=cases))
    assert [(work.id, work.case.id, work.batch) for work in found] == [
        ("short_1", "a", 1),
        ("short_8", "a", 8),
        ("long_1", "dddd", 1),
        ("long_8", "dddd", 8),
    ]


class Unreadable:
    """A case whose file cannot be read."""

    id = "unreadable"

    @property
    def input(self):
        """Raise what a file raises that holds no sound."""
        raise SurroundingsFault("a.wav: cannot be read as a sound; give one")


def test_works_of_cases_that_cannot_be_read():
    """A case that cannot be read is not timed, its own tests tell that; where none can, that of latency tells it."""
    cases = [Unreadable(), SimpleNamespace(id="a", input="a"), SimpleNamespace(id="b", input="bb")]
    assert [work.case.id for work in all_works(SimpleNamespace(cases=cases))] == ["a", "a", "b", "b"]
    alone = SimpleNamespace(cases=cases[:1], latency=cases[0])
    assert [work.case.id for work in all_works(alone)] == ["unreadable"] * 4


def test_one_size_by_default(budgeted):
    """An ordinary run times one case, and its test has the plain name."""
    result = budgeted.run("-v", "-m", "latency and small")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_latency?small? PASSED*"])


def test_all_sizes(budgeted):
    """With --all-sizes each size is a test, and the verdict has them all and shows the one with the largest ratio."""
    budgeted.replace(budgeted.suite, "(benchmark, call, latency", "(benchmark, call, rounds, latency")
    budgeted.replace(budgeted.suite, "rounds=5", "rounds=rounds")
    (tier,) = budgeted.reports("--all-sizes", "-m", "latency and small").facts["tiers"]
    sizes = tier["figures"]["latency_sizes"]
    assert sorted(sizes) == sorted(SIZES)
    assert tier["counts"]["latency"] == {"passed": 4}
    worst = max(sizes, key=lambda size: sizes[size]["ratio"])
    assert tier["figures"]["latency"] == {**sizes[worst], "shown": f"{worst} {sizes[worst]['shown']}"}
    for size in SIZES:
        name, _, batch = size.partition("_")
        found = sizes[size]["times"]
        case = {"short": "left_out", "long": "ada"}[name]
        assert (found["case"], found["batch"], found["samples"]) == (case, int(batch), 64)
        assert 0 < found["median"] <= found["p90_at_most"]


def test_over_budget_names_the_size(budgeted):
    """A size that is over its budget is a red test that names the work."""
    budgeted.replace(budgeted.models_file, "at_most = 1000", "at_most = 1e-6")
    result = budgeted.run("--all-sizes", "-m", "latency and small", "-k", "long_8")
    assert result.ret == 1
    found = "*ner/small: a call of 8 times 'ada' takes * times that of models/original, allowed 1e-06*"
    result.stdout.fnmatch_lines([found])


def test_beside_the_rounds(budgeted):
    """The JSON of pytest-benchmark holds its rounds and, beside them, model, case, load time and first call."""
    assert budgeted.run("-m", "latency", "--benchmark-json=out.json").ret == 0
    found = {one["name"]: one for one in json.loads((budgeted.path / "out.json").read_text())["benchmarks"]}
    assert sorted(found) == ["test_latency[original]", "test_latency[small]"]
    for tier in ("original", "small"):
        one = found[f"test_latency[{tier}]"]
        beside = one["extra_info"]
        assert one["group"] == "ner: one call"
        assert one["stats"]["rounds"] == beside["samples"] == 5
        assert beside["median"] == one["stats"]["median"]
        assert (beside["model"], beside["case"], beside["batch"]) == (f"models/{tier}", "ada", 1)
        assert beside["load"] == 0.25
        assert 0 < beside["first_call"] < 60
        assert beside["p90_at_most"] is beside["produced_tokens"] is beside["a_token"] is None


def test_histogram(budgeted):
    """pytest-benchmark's histograms are drawn, a file a group."""
    run = budgeted.pytester.runpytest_subprocess  # a library below changes how packages are found in its process
    assert run("-m", "latency", "--benchmark-histogram=drawn/of").ret == 0
    assert [path.name for path in (budgeted.path / "drawn").iterdir()] == ["of-ner_one_call.svg"]


def model(produced, name="model"):
    """Return a stand-in for a model that writes so many tokens a call."""
    return SimpleNamespace(
        name=name,
        source=SimpleNamespace(name=f"models/{name}", row=SimpleNamespace(generation=None)),
        produced=lambda inputs: None if produced is None else produced * len(inputs),
        predict=lambda inputs, generation=None: (name, generation and generation.max_new_tokens),
        synchronizer=lambda: lambda: None,
        load_seconds=2.0,
        first_call_seconds=0.5,
    )


def test_model_that_writes_nothing():
    """A model that writes nothing is no faster than one that writes: no time is judged, and it is red."""
    work = Work(SimpleNamespace(input="x", id="news"))
    with pytest.raises(ModelFault) as caught:
        timing.ratio(model(0, "ours"), model(20, "theirs"), work, 0.9)
    assert str(caught.value).startswith("ours 'news': models/ours writes nothing, models/theirs 20 tokens; no time can")


@pytest.mark.parametrize(
    ("ours", "theirs", "forced"),
    [(10, 20, 20), (20, 20, None), (30, 20, None), (20, 0, None), (0, 0, None), (None, None, None)],
    ids=["stops early", "as long", "longer", "beside nothing", "both nothing", "no tokens"],
)
def test_tokens(monkeypatch, ours, theirs, forced):
    """A model that writes fewer tokens than its reference is timed while both write as many, by the same budget."""
    called = []

    def compared(call, reference, at_most, _synchronize):
        called.append((call(), reference(), at_most))
        return Ratio(0.5, 0.6, 0.7, 32)

    monkeypatch.setattr(timing, "compare", compared)
    work = Work(SimpleNamespace(input="x"), batch=2)
    found = timing.ratio(model(ours, "ours"), model(theirs, "theirs"), work, 0.9)
    assert called == [(("ours", forced), ("theirs", forced), 0.9)]
    assert found == Ratio(0.5, 0.6, 0.7, 32, f" with {forced} tokens each" if forced else "")


@pytest.mark.parametrize("task", ["summarization", "speech-recognition"])
def test_as_many_tokens_as_asked(task):
    """A call that must write so many tokens writes them, whatever it writes by itself."""
    plan = make_plan(ROOT, ROOT / "fixtures" / "models" / "embedded.toml", [], [], ROOT)
    one = plan.models[task, "large"]
    work = Work(one.cases.latency)
    usual = work.produced(one)
    asked = (2, usual, usual + 5)
    counts = [one.task.produced(one.asked.load(), work.call(one, tokens)()) for tokens in asked]
    assert counts == sorted(set(counts))
    assert all(abs(count - tokens) <= 3 for count, tokens in zip(counts, asked, strict=True))  # as read again
    assert work.call(one)() == one.predict([work.case.input])


def test_both_devices_are_waited_for(monkeypatch):
    """Before the clock is read the device of the reference is waited for too."""
    waited = []
    monkeypatch.setattr(timing, "compare", lambda _call, _reference, _at_most, synchronize: synchronize())
    both = [
        SimpleNamespace(**{**vars(model(None, name)), "synchronizer": lambda n=name: lambda: waited.append(n)})
        for name in "ab"
    ]
    timing.ratio(*both, Work(SimpleNamespace(input="x")), 0.9)
    assert waited == ["a", "b"]


def test_times():
    """The seconds of recorded calls are summed up by their median and a bound of the 90th percentile."""
    work = Work(SimpleNamespace(id="ada", input="x"), batch=2)
    found = times(model(5), work, [float(second) for second in range(64)])
    assert (found.median, found.p90_at_most, found.samples) == (31.5, 62.0, 64)
    assert (found.load, found.first_call) == (2.0, 0.5)
    assert (found.produced_tokens, found.a_token) == (10, 3.15)
    none = times(model(None), work, [1.0, 2.0])
    assert none.a_token is none.first_token is None


def test_time_to_the_first_token(monkeypatch):
    """Of a model that writes token by token the shortest of a few calls that write one is told."""
    ticks, asked = iter([0.0, 5.0, 10.0, 12.0, *range(20, 26)]), []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    one = model(5)
    one.predict = lambda inputs, generation: asked.append((generation.min_new_tokens, generation.max_new_tokens))
    assert times(one, Work(SimpleNamespace(id="ada", input="x")), [1.0]).first_token == 1.0
    assert asked == [(1, 1)] * 5
