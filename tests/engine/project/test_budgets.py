"""Budgets: what a tier may cost in bytes, parameters and memory, beside another tier or its incumbent."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.project.budgets import SWAP_QUALITY, Budget
from swapgate.project.manifest import read_manifest

SUITE = """

def test_parameters(parameters, budget):
    assert parameters <= budget.parameters


def test_memory(memory, budget):
    assert memory <= budget.memory
"""
SWAP = "--swap=ner.small=models/candidate"
TRIAL = "(models/candidate, swapped in for models/small)"


@pytest.fixture
def costly(project, monkeypatch):
    """A project that also judges parameters and memory; `memory` says what each model takes, `asked` who was asked."""
    project.suite.write_text(project.suite.read_text() + SUITE)
    project.memory, project.asked = {"models/original": 100e6, "models/small": 60e6, "models/candidate": 70e6}, []

    def peak(task, source, cases):
        assert (task.name, cases) == ("ner", project.cases_file)
        project.asked.append(source.name)
        if source.name not in project.memory:
            raise SurroundingsFault(f"the memory of {source.name} was not measured, for a reason; mend that")
        return project.memory[source.name]

    monkeypatch.setattr("swapgate.trials.running.peak_memory", peak)

    def limit(name, against, at_most):
        line = f'budget.{name} = {{ against = "{against}", at_most = {at_most} }}\ngaps ='
        project.replace(project.models_file, "gaps =", line)

    project.limit = limit
    return project


@pytest.mark.parametrize(("at_most", "status", "verdict"), [(0.5, 0, "PASS"), (0.49, 1, "FAIL")])
def test_parameters(costly, at_most, status, verdict):
    """Parameters are the numbers in the weight files; the budget itself is allowed."""
    costly.limit("parameters", "original", at_most)
    result = costly.run("-m", "parameters and small")
    assert (result.ret, costly.verdicts(result)) == (status, {"small": verdict})
    assert f"0.50 ({'>' if status else '≤'} {at_most:g})" in costly.table(result)[1]
    assert costly.reasons(result) == (status == 1) * [
        "FAIL  ner/small: its parameters are a number 0.50 times that of models/original, allowed 0.49 (models/small)"
        "; take a cheaper model, or loosen budget.parameters in fixtures/models/embedded.toml"
    ]


def test_parameters_are_no_bytes(costly):
    """The same numbers in half the bytes are as many parameters."""
    weights = costly.path / "models/small/model.safetensors"
    save_file({"weight": np.arange(40, dtype=np.float16)}, weights)
    costly.limit("parameters", "original", 1.0)
    result = costly.run("-m", "(parameters or size) and small")
    assert costly.verdicts(result) == {"small": "PASS"}
    assert "1.00 (≤ 1)" in costly.table(result)[1]
    assert "0.66 (≤ 0.9)" in costly.table(result)[1]


@pytest.mark.parametrize(("size", "verdict"), [(20, "PASS"), (21, "PASS"), (23, "FAIL")])
def test_parameters_beside_the_incumbent(costly, size, verdict):
    """A budget against the incumbent is judged where the tier is swapped."""
    costly.limit("parameters", "incumbent", 1.1)
    costly.model("candidate", {**costly.lexicon("small"), "Other": ["PER", 0.9]}, size=size)
    assert "parameters" in costly.table(costly.run("-m", "parameters and small"))[0]
    result = costly.run("-m", "parameters and small", SWAP)
    assert costly.verdicts(result) == {"small": verdict}
    if verdict == "FAIL":
        assert costly.reasons(result) == [
            "FAIL  ner/small: its parameters are a number 1.15 times that of models/small, allowed 1.1 "
            + TRIAL
            + "; keep models/small, or loosen budget.parameters in fixtures/models/embedded.toml"
        ]


def test_memory_is_measured_where_it_is_asked_for(costly):
    """Memory takes processes of its own, so that only -m memory selects it."""
    costly.limit("memory", "original", 0.5)
    for options in ((), ("-m", "not latency"), ("-m", "small and not memory"), ("-k", "memory")):
        assert "test_memory" not in costly.run("--collect-only", "-q", *options).stdout.str()
    assert not costly.asked
    result = costly.run("-m", "memory and small")
    assert (result.ret, costly.verdicts(result)) == (1, {"small": "FAIL"})
    assert costly.reasons(result) == [
        "FAIL  ner/small: it needs a peak memory of 0.60 times that of models/original, allowed 0.5 (models/small)"
        "; take a cheaper model, or loosen budget.memory in fixtures/models/embedded.toml"
    ]


def test_memory_beside_the_incumbent(costly):
    """A candidate is measured beside its incumbent, each of them once."""
    costly.limit("memory", "incumbent", 1.2)
    costly.retrain("candidate", like="small", Ada=["PER", 0.95])
    result = costly.run("-m", "memory", SWAP)
    assert (result.ret, costly.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert "1.17 (≤ 1.2)" in costly.table(result)[2]
    assert sorted(costly.asked) == ["models/candidate", "models/original", "models/small"]


@pytest.mark.parametrize("missing", ["models/small", "models/original"], ids=["own", "reference"])
def test_memory_that_cannot_be_measured(costly, missing):
    """A process that dies, the model's own or its reference's, is an ERROR with the reason, and no verdict."""
    costly.limit("memory", "original", 0.5)
    del costly.memory[missing]
    result = costly.run("-m", "memory and small")
    assert (result.ret, costly.verdicts(result)) == (7, {"small": "ERROR"})
    assert costly.reasons(result)[0].endswith(f"the memory of {missing} was not measured, for a reason; mend that")
    assert "not measured" in costly.table(result)[1]


def test_no_budget(costly):
    """Where no limit is set, costs are measured and nothing is judged."""
    result = costly.run("-m", "parameters or memory", "--verdict-json=verdict.json")
    assert (result.ret, costly.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert costly.table(result)[1].count("–") == 2
    assert '"value": 100000000.0' in (costly.path / "verdict.json").read_text()


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            'quality = { against = "original" }',
            "*budget.quality*: give either margin or errors_at_most, *",
        ),
        ('quality = { against = "original", margin = 0.1, errors_at_most = 2 }', "*give either margin or errors_at*"),
        ('quality = { against = "original", errors_at_most = 2, metric = "F1" }', "*counts rows; remove metric, or*"),
        ('quality = { against = "original", margin = 0 }', "*margin: must be above 0, found 0"),
        ('quality = { against = "original", margin = 1 }', "*margin: must be below 1, found 1"),
        ('quality = { against = "original", margin = nan }', "*margin: must be a finite number, found nan"),
        ('quality = { against = "original", errors_at_most = inf }', "*errors_at_most: must be a finite num*"),
        ('quality = { against = "small", margin = 0.1 }', "*'small' is no other tier of ner; *"),
        (
            'quality = { against = "original", margin = 0.1, metric = "f1" }',
            "*metric = 'f1' is no figure of ner; known: *F1, *right",
        ),
        ("quality = { margin = 0.1 }", "*give against and a margin, or a floor: at_least = 0.9 (of an error rate *"),
        ("quality = { at_least = 0.9, at_most = 0.9 }", "*give either at_least or, of an error rate, at_most, *"),
        ('quality = { at_least = 0.9, against = "original" }', "*at_least is a floor, *; remove against, or give two*"),
        ("quality = { at_least = 0.9, margin = 0.1 }", "*at_least is a floor, *; remove margin, or give two limits*"),
        ("quality = { at_most = 0.9 }", "*budget.quality: of F1 more is better; write at_least in place of at_most"),
        ("quality = { at_least = 1 }", "*at_least: must be below 1, found 1"),
        ('quality = { at_least = 0.9, metric = "f1" }', "*metric = 'f1' is no figure of ner; known: *F1, *right"),
        ('memory = { against = "original", at_most = -1 }', "*budget.memory.at_most: must be above 0*"),
        ('memory = { against = "big", at_most = 1 }', "*budget.memory.against = 'big' is no other tier of ner; *"),
        ('params = { against = "original", at_most = 1 }', "*budget.params: unknown key; did you mean 'parameters'?"),
        ("slices.language = { margin = 0.05 }", "*ner.small.budget.slices: ner has no evaluation set; name one in *"),
        ("slices.watch = { margin = 0.05 }", "*ner.small.budget.slices: ner has no evaluation set; name one in *"),
    ],
    ids=[f"budget_{number}" for number in range(21)],
)
def test_bad_budget(project, budget, message):
    """A budget that cannot be meant ends with one message before a model runs."""
    project.replace(project.models_file, "gaps =", f"budget.{budget}\ngaps =")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: {message}")


@pytest.mark.parametrize("limit", ['margin = 0.1, metric = "right"', "errors_at_most = 2"], ids=["right", "errors"])
def test_texts_are_not_right_or_wrong(tmp_path, limit):
    """A summary beside a mere reference is never wrong as a whole, so that no budget may count on it."""
    row = f'model = "m"\nbudget.quality = {{ against = "incumbent", {limit} }}'
    (tmp_path / "models.toml").write_text(f"[summarization.original]\n{row}")
    with pytest.raises(
        InputFault, match="not right or wrong as a whole; give a margin of one of ROUGE-1, ROUGE-2, ROUG"
    ):
        read_manifest(tmp_path / "models.toml")


def test_one_limit_or_several():
    """One limit of quality may stand alone; one is always against the incumbent."""
    own = {"against": "original", "margin": 0.1}
    beside = {"against": "incumbent", "errors_at_most": 2.0}
    assert Budget().quality == (SWAP_QUALITY,)
    assert [limit.against for limit in Budget.model_validate({"quality": own}).quality] == ["original", "incumbent"]
    both = Budget.model_validate({"quality": [own, beside]}).quality
    assert [(limit.margin, limit.errors_at_most) for limit in both] == [(0.1, None), (None, 2.0)]


def test_floor_of_an_error_rate(tmp_path):
    """Of an error rate a floor says what it may reach; nothing is against another model, and the swap's limit stays."""
    text = '[speech-recognition.original]\nmodel = "m"\nbudget.quality = {{ {} }}'
    (tmp_path / "models.toml").write_text(text.format("at_least = 0.9"))
    with pytest.raises(InputFault, match=r"budget.quality: of WER less is better; write at_most in place of at_least"):
        read_manifest(tmp_path / "models.toml")
    (tmp_path / "models.toml").write_text(text.format("at_most = 0.1"))
    floor, swap = read_manifest(tmp_path / "models.toml").rows["speech-recognition"]["original"].budget.quality
    assert (floor.at_most, floor.against, floor.is_floor, swap) == (0.1, None, True, SWAP_QUALITY)


@pytest.mark.parametrize(
    ("metrics", "default"),
    [
        ((), True),
        (("Brier",), True),
        (("Brier", "log loss"), True),
        (("F1",), False),
        (("Brier", "right"), False),
        ((None,), False),
    ],
)
def test_default_beside_the_incumbent(metrics, default):
    """The default limit holds beside limits of how sure a model is, and beside none that counts what is right."""
    limits = [{"against": "incumbent", "metric": one, "margin": 0.05} for one in metrics]
    assert (SWAP_QUALITY in Budget(quality=limits).quality) == default
