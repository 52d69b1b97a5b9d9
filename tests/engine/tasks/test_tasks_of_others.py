"""Tasks of other packages, and of modules in a project: one file each, and no line of the engine."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from swapgate import tasks
from swapgate.core.faults import InputFault

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo" / "ner" / "small"
CLOZE = Path(__file__).with_name("cloze.py")
MODELS = """
[cloze.small]
model = "../../models/small"
capitals = false

[cloze.large]
model = "../../models/large"

[gaps-de]
task = "cloze"

[gaps-de.small]
model = "../../models/small"
"""
SUITE = """
import pytest
from swapgate.standard import test_expected, test_golden, test_quality, test_size

pytestmark = pytest.mark.task("cloze")
"""
MAKE_MODELS = """
import sys, torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
for seed, name in enumerate(("small", "large", "other")):
    torch.manual_seed(seed)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **size))
    model.save_pretrained(f"models/{name}")
    tokenizer.save_pretrained(f"models/{name}")
"""
SENTENCES = {"capital": "Paris is the ___ of France.", "rain": "It ___ all day."}


class Package:
    """A project, and a package that brings the task `cloze` by its entry point."""

    def __init__(self, path: Path, python: Callable[..., Any]) -> None:
        self.path, self.packages, self.python = path / "project", path / "packages", python
        self.install("cloze", CLOZE.read_text())
        self.write("fixtures/models/embedded.toml", MODELS)
        self.write("tests/test_cloze.py", SUITE)
        self.write("pytest.ini", "[pytest]\nstrict = true\nfilterwarnings = error\ntestpaths = tests\n")
        self.cases(dict.fromkeys(SENTENCES, "?"))

    def install(self, name: str, text: str, value: str = "") -> None:
        """Put a package of one file beside the project, with its entry point."""
        info = self.packages / f"{name}_package-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (self.packages / f"{name}.py").write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-package\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[swapgate.tasks]\n{name} = {value or f'{name}:TASK'}\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def cases(self, expected: dict[str, str]) -> None:
        """Write the cases of both suites."""
        tables = [
            f'[[case]]\nid = "{name}"\nsentence = "{SENTENCES[name]}"\nexpected = "{word}"'
            for name, word in expected.items()
        ]
        for suite in ("cloze", "gaps-de"):
            self.write(f"fixtures/{suite}/cases.toml", "\n".join(['latency = "rain"', *tables]))

    def run(self, *command: str) -> SimpleNamespace:
        """Run Python in the project; the package is importable."""
        variables = {name: value for name, value in os.environ.items() if name != "CI"}
        done = self.python(*command, cwd=self.path, env={**variables, "PYTHONPATH": str(self.packages)})
        return SimpleNamespace(ret=done.returncode, text=done.stdout + done.stderr)

    def judge(self, *options: str) -> tuple[int, dict[str, dict]]:
        """Run pytest and return its exit status and the facts of each tier."""
        done = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--verdict-json=v.json", *options)
        path = self.path / "v.json"
        assert path.exists(), done.text
        tiers = json.loads(path.read_text())["tiers"]
        return done.ret, {f"{tier['suite']}/{tier['tier']}": tier for tier in tiers}

    def command(self, *words: str) -> SimpleNamespace:
        """Run the command swapgate."""
        return self.run("-c", "import sys; from swapgate.commands import main; sys.exit(main())", *words)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, python: Callable[..., Any]) -> Package:
    """A project whose models exist, whose cases expect what the small one says, and whose goldens are recorded."""
    made = Package(tmp_path_factory.mktemp("others"), python)
    (made.path / "models").mkdir()
    assert (done := made.run("-c", MAKE_MODELS, str(ZOO))).ret == 0, done.text
    _, found = made.judge("-m", "cloze and small", "-k", "expected")
    reasons = [reason["message"] for reason in found["cloze/small"]["reasons"]]
    leads = {name: next(one for one in reasons if f"'{name}'" in one).split(": ")[1].split()[0] for name in SENTENCES}
    made.cases(leads)
    assert made.judge("-k", "golden", "--snapshot-update")[0] == 0
    return made


def test_one_file_is_enough():
    """The task stands in one file of at most 80 lines."""
    assert len(CLOZE.read_text().splitlines()) <= 80


def test_cases_and_goldens(package):
    """Its cases and goldens are judged, in a suite of its name and in one of another."""
    _, found = package.judge()
    assert {name: tier["kind"] for name, tier in found.items()} == dict.fromkeys(
        ("cloze/small", "cloze/large", "gaps-de/small"), "cloze"
    )
    assert found["cloze/small"]["verdict"] == "PASS"
    assert found["cloze/large"]["counts"]["golden"] == {"passed": 2}
    assert found["cloze/large"]["verdict"] == "FAIL"  # another model, which fills the gaps with other words
    golden = json.loads((package.path / "golden/embedded/gaps-de/small.json").read_text())
    assert {stamp["kind"] for stamp in golden["made_by"].values()} == {"cloze"}


def test_keys_of_its_rows(package):
    """A key that it adds to a row changes the digest, and is no key of other tasks."""
    goldens = [
        json.loads((package.path / f"golden/embedded/{name}/small.json").read_text()) for name in ("cloze", "gaps-de")
    ]
    digests = [{stamp["digest"] for stamp in golden["made_by"].values()} for golden in goldens]
    assert not digests[0] & digests[1]  # the same weights, once with and once without capitals
    models = package.path / "fixtures/models/other.toml"
    models.write_text('[ner.small]\nmodel = "../../models/small"\nlabels = { "*" = "*" }\ncapitals = false\n')
    done = package.run("-m", "pytest", "--models=other")
    models.unlink()
    assert (done.ret, "ner.small.capitals: only cloze has it; remove it" in done.text) == (4, True)


def test_evaluation_set(package):
    """Its evaluation sets are measured by its figures."""
    expected = [
        line.split('"')[1]
        for line in package.write("x", "").parent.joinpath("fixtures/cloze/cases.toml").read_text().splitlines()
        if line.startswith("expected")
    ]
    rows = [
        {"id": f"{name}{n}", "sentence": sentence, "expected": word}
        for n in range(20)
        for (name, sentence), word in zip(SENTENCES.items(), expected, strict=True)
    ]
    package.write("set.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    _, found = package.judge("--eval-set=cloze=set.jsonl", "-m", "cloze and quality")
    quality = found["cloze/small"]["figures"]["quality"]
    assert (quality["metric"], quality["value"], quality["figures"]["top-3"]) == ("accuracy", 1, 1)
    assert found["cloze/large"]["figures"]["quality"]["value"] == 0


def test_swap(package):
    """A candidate is judged in the place of its model."""
    status, found = package.judge("--swap=cloze.small=models/other", "-m", "cloze and small", "-k", "golden")
    assert (status, found["cloze/small"]["verdict"]) == (1, "FAIL")
    assert any("is lost" in reason["message"] for reason in found["cloze/small"]["reasons"])
    status, found = package.judge("--swap=cloze.small=models/small", "-m", "cloze and small")
    assert "this swap did not take place" in found["cloze/small"]["reasons"][0]["message"]


def test_review(package):
    """What differs from its goldens waits for a review, with a diff."""
    models = package.path / "models"
    models.joinpath("small").rename(models / "kept")
    shutil.copytree(models / "other", models / "small")
    try:
        assert package.judge("-m", "cloze and small")[0] == 1
        listed = package.command("review")
        assert "cloze/small/capital" in listed.text
        assert "(new)" in listed.text
        assert package.command("review", "--reject-all").ret == 0
    finally:
        shutil.rmtree(models / "small")
        models.joinpath("kept").rename(models / "small")


def test_reports(package):
    """Its tiers stand in every report."""
    package.judge("--verdict-md=v.md", "--junitxml=j.xml")
    assert "| cloze/small |" in (package.path / "v.md").read_text()
    assert "swapgate.verdict.gaps-de/small" in (package.path / "j.xml").read_text()
    assert "cloze  small" in " ".join(package.command("tiers", "v.json").text.split(" ")).replace("    ", "  ")


def test_documentation(package):
    """`swapgate tasks` lists it and tells its keys."""
    assert "cloze   " in package.command("tasks").text
    told = package.command("tasks", "cloze").text
    assert "sentence (must be there)  With ___ where the word is missing." in told
    assert "capitals  Whether words that differ in capitals alone are different ones." in told


def test_faulty_case(package):
    """What is wrong in a case is told as the task tells it."""
    path = package.path / "fixtures/cloze/cases.toml"
    text = path.read_text()
    path.write_text(text.replace("It ___ all", "It rained all"))
    done = package.run("-m", "pytest")
    path.write_text(text)
    assert done.ret == 4
    assert "case 'rain': sentence = 'It rained all day.' has not one gap; write ___" in done.text


def test_two_packages_of_one_name(package):
    """Two packages that bring a task of one name are refused with both their names."""
    package.install("gaps", CLOZE.read_text())
    try:
        for done in (package.run("-m", "pytest"), package.command("models")):
            assert done.ret == 4
            assert "two packages bring a task 'cloze'" in done.text
            assert "cloze-package (cloze:TASK)" in done.text
            assert "gaps-package (gaps:TASK)" in done.text
            assert "Traceback" not in done.text
    finally:
        shutil.rmtree(package.packages / "gaps_package-1.0.dist-info")


def changed(old, new):
    """Return the package with another text in it."""
    text = CLOZE.read_text()
    assert old in text
    return text.replace(old, new)


LOOSE = changed("output=classification.OUTPUT", "output=replace(classification.OUTPUT, unscored=1)").replace(
    'name="cloze"', 'name="loose"'
)
LOOSE = LOOSE.replace("from typing", "from dataclasses import replace\nfrom typing", 1)
"""A task that compares in its own way what other tasks predict too."""


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("1 / 0", "", "cannot be imported (ZeroDivisionError: division by zero)"),
        ("TASK = 1", "", "no swapgate.tasks.task.Task, but int"),
        ("", "", "cannot be imported (AttributeError"),
        (
            CLOZE.read_text().replace('name="cloze"', 'name="ner"'),
            "",
            "two packages bring a task 'ner': swapgate itself and",
        ),
        (changed('name="cloze"', 'name="My Task"'), "", "lower-case letters, digits and dashes, and 'My Task' has not"),
        (changed("classification.OUTPUT", "classification"), "", "output of its Task are not what"),
        (changed("case=ClozeCase", "case=dict"), "", "case of its Task are not what"),
        (changed('("accuracy", "top-3", "top-5")', "()"), "", "figures of its Task are not what"),
        (changed("read=read", "read=None"), "", "read of its Task are not what"),
        (LOOSE, "", "task 'loose': it compares a Classification in its own way, which others judge too"),
    ],
    ids=["crash", "no task", "nothing", "built in", *(f"fault {number}" for number in range(6))],
)
def test_broken_packages(package, text, value, message):
    """A package whose task cannot be had is refused in one message that names it."""
    package.install("broken", text, value)
    try:
        done = package.run("-m", "pytest")
        assert (done.ret, message in done.text, "Traceback" in done.text) == (4, True, False), done.text
        assert "broken-package (broken:TASK)" in done.text
    finally:
        shutil.rmtree(package.packages / "broken_package-1.0.dist-info")


@pytest.fixture
def local(package):
    """The same project, whose task stands in a module of its own and not in a package."""
    info = package.packages / "cloze_package-1.0.dist-info"
    info.rename(package.packages / "hidden")
    (package.packages / "cloze.py").rename(package.path / "cloze.py")
    ini = (package.path / "pytest.ini").read_text()
    package.write("pytest.ini", f"{ini}swapgate_tasks = cloze\n")
    yield package
    package.write("pytest.ini", ini)
    (package.path / "cloze.py").rename(package.packages / "cloze.py")
    (package.packages / "hidden").rename(info)


def test_module_of_the_project(local):
    """A project that is no package names its module in pytest's configuration; the commands read that too."""
    assert local.judge("-m", "cloze and small")[1]["cloze/small"]["verdict"] == "PASS"
    assert "cloze   " in local.command("tasks").text
    assert "cloze.small" in local.command("models").text


def test_module_in_pyproject(local):
    """The list may stand in pyproject.toml."""
    (local.path / "pytest.ini").rename(local.path / "kept.ini")
    local.write("pyproject.toml", '[tool.pytest.ini_options]\nswapgate_tasks = ["cloze"]\n')
    assert "cloze   " in local.command("tasks").text
    assert local.judge("-m", "cloze and small")[1]["cloze/small"]["verdict"] == "PASS"
    (local.path / "pyproject.toml").unlink()
    (local.path / "kept.ini").rename(local.path / "pytest.ini")


def test_module_that_is_not_there(local):
    """A module that cannot be imported ends with exit status 4 and where it was looked for."""
    local.write("pytest.ini", (local.path / "pytest.ini").read_text().replace("= cloze", "= closed"))
    for done in (local.run("-m", "pytest"), local.command("tasks")):
        assert done.ret == 4
        assert "swapgate_tasks: closed cannot be imported" in done.text
        assert "Traceback" not in done.text


def test_memory_in_a_process_of_its_own(local):
    """Processes that measure find the task too."""
    local.write("tests/test_memory.py", SUITE.replace("test_size", "test_memory"))
    _, found = local.judge("-m", "cloze and small and memory", "tests/test_memory.py")
    (local.path / "tests/test_memory.py").unlink()
    assert found["cloze/small"]["figures"]["memory"]["value"] > 0


def test_discovery_begins_anew():
    """What one run found is forgotten by the next."""
    before = {*tasks.tasks()}
    with pytest.raises(InputFault, match="swapgate_tasks: no_such_module cannot be imported"):
        tasks.discover(["no_such_module"])
    assert {*tasks.tasks()} == before
    tasks.discover()
    assert {*tasks.tasks()} == before


FAULTS = {
    "raises": (
        "    import torch\n",
        "    raise ZeroDivisionError('odd')\n",
        "ERROR",
        "crashes whatever it is given (ZeroDivisionError: odd (cloze.py:",
    ),
    "too few": (
        "    return found\n",
        "    return found[:-1]\n",
        "ERROR",
        "the task cloze is at fault: its predict made",
    ),
    "nothing": ("    return found\n", "    return None\n", "ERROR", "its predict made 0 predictions of"),
    "another": ("    return found\n", "    return ['yes'] * len(found)\n", "ERROR", "its predict made a str of"),
    "module": ("    import torch\n", "    import no_such_module\n", "ERROR", "needs what cannot be imported"),
    "figures": (
        '"accuracy"',
        '"acuracy"',
        "ERROR",
        "'acuracy' in its figures is none of its predictions; did you mean",
    ),
    "class": (
        "AutoModelForMaskedLM",
        "AutoModelForMasks",
        "ERROR",
        "has no AutoModelForMasks, which the task asks for",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_a_task(local, fault):
    """What a task does wrong is told as its fault, and is never a PASS."""
    old, new, verdict, message = FAULTS[fault]
    path = local.path / "cloze.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    local.write("set.jsonl", json.dumps({"id": "a", "sentence": SENTENCES["rain"], "expected": "x"}))
    _, found = local.judge("-m", "cloze and small", "--eval-set=cloze=set.jsonl")
    path.write_text(text)
    assert found["cloze/small"]["verdict"] == verdict
    assert any(message in reason["message"] for reason in found["cloze/small"]["reasons"]), found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "return Case(row.id, row.sentence,",
            "return Case(row.id, row.sentense,",
            "its read ended with AttributeError",
        ),
        ("return Case(row.id,", "return Case('x',", "its read made no Case of this id"),
        (
            "    read=read,\n",
            "    read=read,\n    check=lambda case, where: 1 / 0,\n",
            "its check ended with ZeroDivisionError",
        ),
    ],
    ids=["crash", "id", "check"],
)
def test_faults_of_reading(local, old, new, message):
    """A task that cannot read its cases ends with exit status 4, and where it is at fault."""
    path = local.path / "cloze.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    done = local.run("-m", "pytest")
    path.write_text(text)
    assert (done.ret, message in done.text, "INTERNALERROR" in done.text) == (4, True, False)


def test_inputs_of_any_kind(local):
    """A task may give its models what JSON can hold, such as pairs of texts."""
    path = local.path / "cloze.py"
    text = path.read_text()
    pairs = text.replace("Case(row.id, row.sentence,", "Case(row.id, (row.sentence, 1),")
    path.write_text(pairs.replace("for sentence in sentences]", "for sentence, _ in sentences]"))
    _, found = local.judge("-m", "cloze and small", "-k", "expected")
    assert found["cloze/small"]["verdict"] == "PASS"
    reasons = local.judge("-m", "cloze and small", "-k", "golden")[1]["cloze/small"]["reasons"]
    path.write_text(text)
    assert {"the input was changed since the golden was recorded" in reason["message"] for reason in reasons} == {True}
