"""Suites: one project with several text classifiers, each with labels, cases, goldens and budgets of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from swapgate.goldens.golden import read_golden

MODELS = """
[intent]
task = "text-classification"

[intent.small]
model = "../../models/intent"
labels = { ASK = "question", BUY = "order" }

[intent.large]
model = "../../models/intent_large"
labels = { ASK = "question", BUY = "order" }
budget.size = { against = "small", at_most = 3 }

[topic]
task = "sentiment"

[topic.small]
model = "../../models/topic"
labels = { FOOD = "food", TRAVEL = "travel" }

[tags]
task = "text-classification"
multi_label = true
threshold = 0.6

[tags.small]
model = "../../models/tags"
labels = { HOT = "hot", WET = "wet", LOUD = "loud" }
"""

CASES = {
    "intent": [("how", "How much is it", "question"), ("two", "Two pizzas please", "order")],
    "topic": [("pizza", "Two pizzas please", "food"), ("train", "The train is late", ["travel", "food"])],
    "tags": [("storm", "A loud warm rain", ["hot", "wet", "loud"]), ("quiet", "Nobody came", [])],
}
SUITE = """
import pytest
from swapgate.standard import test_expected, test_golden, test_quality, test_size

pytestmark = pytest.mark.task("text-classification")
"""


class Shop:
    """A project with three suites of text classification."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester, self.path = pytester, pytester.path
        self.models = self.write("fixtures/models/embedded.toml", MODELS)
        for suite, cases in CASES.items():
            lines = [f'latency = "{cases[0][0]}"']
            lines += [f'[[case]]\nid = "{i}"\ntext = "{t}"\nexpected = {json.dumps(e)}' for i, t, e in cases]
            self.write(f"fixtures/{suite}/cases.toml", "\n".join(lines))
        self.suite = self.write("tests/test_texts.py", SUITE)
        self.write("word_model.py", Path(__file__).with_name("word_model.py").read_text())
        self.write("conftest.py", "from word_model import pytest_configure, pytest_unconfigure\n")
        self.write("pytest.ini", "[pytest]\nstrict = true\nfilterwarnings = error\npythonpath = .\ntestpaths = tests\n")
        intents = {"how": {"ASK": 0.9}, "two": {"BUY": 0.9}}
        self.model("intent", ["ASK", "BUY"], intents)
        self.model("intent_large", ["ASK", "BUY"], intents, size=40)
        self.model("topic", ["FOOD", "TRAVEL"], {"pizzas": {"FOOD": 0.8}, "train": {"TRAVEL": 0.7}})
        self.model("tags", ["HOT", "WET", "LOUD"], {"warm": {"HOT": 0.7}, "rain": {"WET": 0.9}, "loud": {"LOUD": 0.8}})

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def model(self, name: str, labels: list[str], words: dict, size: int = 20, **config: str) -> Path:
        """Write a model folder."""
        settings = {"id2label": dict(enumerate(labels)), "words": words, **config}
        path = self.write(f"models/{name}/config.json", json.dumps(settings))
        save_file({"weight": np.arange(size, dtype=np.float32)}, path.with_name("model.safetensors"))
        return path.parent

    def run(self, *options: str) -> pytest.RunResult:
        """Run pytest."""
        return self.pytester.runpytest("-p", "no:cacheprovider", *options)

    def facts(self, *options: str) -> dict:
        """Run pytest and return the verdict JSON."""
        self.run("--verdict-json=v.json", *options)
        return json.loads((self.path / "v.json").read_text())

    def verdicts(self, *options: str) -> dict[str, str]:
        """Run pytest and return the verdict of each tier."""
        return {f"{tier['task']}/{tier['tier']}": tier["verdict"] for tier in self.facts(*options)["tiers"]}


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Shop:
    """A project whose goldens are not recorded yet."""
    return Shop(pytester)


@pytest.fixture
def opened(shop: Shop) -> Shop:
    """A project whose goldens are recorded."""
    assert shop.run("--snapshot-update", "-k", "golden").ret == 0
    return shop


ALL = ["intent/small", "intent/large", "topic/small", "tags/small"]


def test_suites_are_judged_together(opened, workers):
    """One test file judges all suites of its task, each by its own cases and goldens."""
    assert opened.verdicts(*workers) == dict.fromkeys(ALL, "PASS")


def test_ids_name_the_suite(opened):
    """A test id names suite, tier and case where a task has several suites."""
    lines = opened.run("--collect-only", "-q").outlines
    assert "tests/test_texts.py::test_expected[intent-small-how]" in lines
    assert "tests/test_texts.py::test_size[tags-small]" in lines
    assert not [line for line in lines if "[topic-small-how]" in line]


def test_facts_name_suite_and_kind(opened):
    """A verdict JSON has the suite's name under task and suite, and the task under kind."""
    tiers = opened.facts()["tiers"]
    assert [(tier["task"], tier["suite"], tier["kind"]) for tier in tiers] == [
        ("intent", "intent", "text-classification"),
        ("intent", "intent", "text-classification"),
        ("topic", "topic", "text-classification"),
        ("tags", "tags", "multi-label-text-classification"),
    ]


def test_goldens_name_the_kind(opened):
    """A golden of a suite with a name of its own says which task it is of."""
    stamps = {
        suite: {
            entry.made_by.kind for entry in read_golden(opened.path / f"golden/embedded/{suite}/small.json").values()
        }
        for suite in ("intent", "tags")
    }
    assert stamps == {"intent": {"text-classification"}, "tags": {"multi-label-text-classification"}}


@pytest.mark.parametrize("options", [("-m", "topic"), ("-k", "topic")])
def test_one_suite_is_selected(opened, options):
    """Each suite has its mark, and its name in test ids."""
    assert opened.verdicts(*options) == {"topic/small": "PASS"}


def test_swap_names_a_suite(opened):
    """A candidate takes the place of one suite's tier, and the other suites are judged as before."""
    worse = opened.model("worse", ["ASK", "BUY"], {"two": {"BUY": 0.9}})
    assert opened.verdicts(f"--swap=intent.small={worse}") == {**dict.fromkeys(ALL, "PASS"), "intent/small": "FAIL"}


def test_evaluation_set_of_a_suite(opened):
    """Each suite has an evaluation set of its own."""
    rows = [{"id": str(n), "text": "How much", "expected": "question"} for n in range(4)]
    opened.write("set.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    tiers = opened.facts("--eval-set=intent=set.jsonl")["tiers"]
    assert [bool(tier["figures"]["quality"]) for tier in tiers] == [True, True, False, False]
    assert tiers[0]["figures"]["quality"]["value"] == 1


def test_evaluation_set_with_several_labels(opened):
    """A set whose rows have several labels is judged by micro F1, macro F1 and exact match."""
    rows = [("a", "A loud rain", ["wet", "loud"]), ("b", "A warm rain", ["wet"]), ("c", "Nobody", [])]
    text = "".join(json.dumps({"id": i, "text": t, "expected": e}) + "\n" for i, t, e in rows)
    opened.write("set.jsonl", text)
    figures = opened.facts("--eval-set=tags=set.jsonl", "-m", "tags")["tiers"][0]["figures"]["quality"]
    assert figures["metric"] == "micro F1"
    assert figures["figures"]["micro F1"] == pytest.approx(6 / 7)  # 3 right, of 4 found and 3 wanted
    assert figures["figures"]["exact match"] == pytest.approx(2 / 3)
    assert figures["figures"]["macro F1"] == pytest.approx((1 + 1 + 0) / 3)  # wet, loud, hot


def test_label_too_many_fails(opened):
    """Of several labels one that is not expected is as wrong as one that is missing."""
    opened.model("tags", ["HOT", "WET", "LOUD"], {"nobody": {"WET": 0.9}, "loud": {"LOUD": 0.9}, "rain": {"WET": 0.9}})
    reasons = [reason["message"] for reason in opened.facts("-m", "tags", "-k", "expected")["tiers"][0]["reasons"]]
    assert any("hot (0.0000) is missing, counted from 0.6" in reason for reason in reasons)
    assert any("wet 0.9000 was found and is not expected" in reason for reason in reasons)


def test_suite_narrows(opened):
    """A test file marked with suites judges these alone."""
    opened.suite.write_text(
        SUITE.replace('("text-classification")', '("text-classification")\npytestmark = [pytestmark]')
    )
    opened.suite.write_text(opened.suite.read_text() + 'pytestmark.append(pytest.mark.suite("intent", "tags"))\n')
    found = opened.verdicts()
    assert found == {**dict.fromkeys(ALL, "PASS"), "topic/small": "INCOMPLETE"}


def test_suite_alone_is_enough(opened):
    """A test file may be marked with a suite and no task."""
    opened.suite.write_text(SUITE.replace('task("text-classification")', 'suite("topic")'))
    assert opened.verdicts("tests") == {"topic/small": "PASS"}


def test_deleted_suite_is_incomplete(opened, workers):
    """A suite that no test judges is INCOMPLETE with the file to restore, where nobody narrowed the selection."""
    opened.suite.write_text(SUITE.replace('task("text-classification")', 'suite("intent", "tags")'))
    facts = opened.facts(*workers)
    (reason,) = next(tier for tier in facts["tiers"] if tier["task"] == "topic")["reasons"]
    assert facts["exit_status"] == 7
    assert reason == {
        "status": "INCOMPLETE",
        "message": "topic/small: no test judges it; restore or write its test file, for example tests/test_topic.py"
        ' with the checks of swapgate.standard and pytestmark = pytest.mark.suite("topic")',
    }


NARROWING = ["tests", "-k intent", "-m intent", "--deselect=tests/test_texts.py::test_size", "--ignore=tests/other"]


@pytest.mark.parametrize("option", NARROWING)
def test_narrowed_selection_is_no_deletion(opened, option):
    """Who narrows the selection on the command line, or in PYTEST_ADDOPTS, misses no suite."""
    opened.suite.write_text(SUITE.replace('task("text-classification")', 'suite("intent", "tags")'))
    assert "topic/small" not in opened.verdicts(*option.split())


def test_narrowing_in_the_environment(opened, monkeypatch):
    """PYTEST_ADDOPTS is the caller's too."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-m intent")
    assert opened.verdicts() == {"intent/small": "PASS", "intent/large": "PASS"}


def test_narrowing_in_ini_files_does_not_count(opened):
    """What pytest's configuration leaves out is missed."""
    opened.write("pytest.ini", (opened.path / "pytest.ini").read_text() + "addopts = -m intent\n")
    assert opened.verdicts()["topic/small"] == "INCOMPLETE"


def test_keyword_takes_alike_names(opened):
    """-k also takes suites whose names hold that of another one, which a note says."""
    opened.models.write_text(MODELS.replace("[tags", "[intent-tags"))
    (opened.path / "fixtures/tags").rename(opened.path / "fixtures/intent-tags")
    (opened.path / "golden/embedded/tags/small.json").unlink()
    notes = opened.facts("-k", "intent")["notes"]
    assert "-k intent also takes intent-tags, for a name of theirs holds it; marks are exact: -m intent" in notes
    notes = opened.facts("-k", "not intent")["notes"]
    assert (
        "-k 'not intent' also leaves out intent-tags, for a name of theirs holds it; marks are exact: -m 'not intent'"
        in notes
    )


@pytest.mark.parametrize("keywords", ["intent", "INTENT", "intent or tags"])
def test_keyword_takes_a_file(opened, keywords):
    """-k also takes what stands in a file whose name holds a suite's, which a note says."""
    opened.suite.rename(opened.suite.with_name("test_intent.py"))
    notes = opened.facts("-k", keywords)["notes"]
    assert any("also takes" in note and "topic" in note for note in notes)


@pytest.mark.parametrize(
    "keywords", ["intent and small", "intent or golden", "not topic", "small", "intent or topic or tags"]
)
def test_keyword_takes_what_it_means(opened, keywords):
    """No note is added where -k takes what was meant."""
    assert opened.facts("-k", keywords)["notes"] == []


def replaced(old: str, new: str) -> str:
    """Return a models file with another text in it."""
    assert old in MODELS
    return MODELS.replace(old, new)


FAULTS = {
    "empty": (f"{MODELS}\n[empty]\ntask = 'sentiment'\n", "empty: has no tiers; add a table such as [empty.original]"),
    "test": (replaced("[topic", "[golden"), "tests are called like this, and -k takes them all"),
    "key": (
        replaced("multi_label = true", "multilabel = true"),
        "tags.multilabel: unknown key; did you mean 'multi_label'?",
    ),
    "mark": (replaced("[topic", "[latency"), "'latency' is reserved, for it means something else"),
    "keyword": (replaced("[topic", "[not"), "'not' is a word of pytest's -k and -m"),
    "folder": (replaced("[topic", "[models"), "'models' is reserved"),
    "tier": (replaced("[topic", "[small"), "has a tier of this name, and -m takes both"),
    "dash": (replaced("[topic", "[in_tent").replace("[tags", "[in-tent"), "in_tent is called the same but for a dash"),
    "letters": (replaced("[topic", '["Topic"'), "a suite's name has lower-case letters"),
    "plugin": (replaced("[topic", "[usefixtures"), "'usefixtures' is reserved"),
    "other": (replaced("[topic", "[summarization"), "summarization is a task itself"),
    "unknown": (replaced('task = "sentiment"', 'task = "sentimental"'), "unknown task; did you mean 'sentiment'?"),
    "nothing": (replaced('task = "sentiment"', ""), "topic: unknown task"),
    "several": (replaced('task = "sentiment"', 'task = "ner"\nmulti_label = true'), "has no labels to choose from"),
    "threshold": (replaced('task = "sentiment"', 'task = "sentiment"\nthreshold = 0.4'), "topic.threshold: "),
    "word": (
        replaced("multi_label = true", 'multi_label = "yes"'),
        "tags.multi_label: must be true or false",
    ),
    "reserved tier": (replaced("[topic.small]", "[topic.xfail]"), "'xfail' is reserved"),
    "bare": (
        MODELS.replace('[topic]\ntask = "sentiment"\n', "topic = 1\n").replace("[topic.small]", "[other.small]"),
        "",
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_names_that_clash(shop, kind):
    """A suite that could not be told apart, or is of no task, ends with exit status 4 and the reason."""
    models, message = FAULTS[kind]
    shop.models.write_text(models)
    result = shop.run()
    assert result.ret == 4
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize("name", ["benchmark", "xdist_group", "tryfirst", "hypothesis"])
def test_name_of_a_plugin_s_mark(shop, name):
    """A suite called like a mark of any plugin ends with exit status 4, whichever came first."""
    shop.models.write_text(MODELS.replace("[topic", f"[{name}"))
    shop.write(f"fixtures/{name}/cases.toml", (shop.path / "fixtures/topic/cases.toml").read_text())
    result = shop.run()
    assert result.ret == 4
    assert f"[{name}]: pytest, a plugin or its configuration has a mark of this name" in result.stderr.str()


@pytest.mark.parametrize("tier", ["suite", "none", "or"])
def test_tiers_of_before_stay_valid(shop, tier):
    """A tier may be called what it could be called before there were suites."""
    shop.models.write_text(MODELS.replace("[topic.small]", f"[topic.{tier}]"))
    assert shop.run("--snapshot-update", "-k", "golden").ret == 0
    assert shop.verdicts()[f"topic/{tier}"] == "PASS"


def test_keys_of_others_that_say_nothing(opened):
    """A key that only another task has may say what is so without it, as in a models file of before."""
    opened.models.write_text(MODELS.replace("[topic.small]", "[topic.small]\ncut = false\nno_answer = false"))
    assert opened.verdicts("-m", "topic") == {"topic/small": "PASS"}


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ('suite("intent", "topc")', "mark suite('topc'): unknown suite; did you mean 'topic'?"),
        (
            'suite("text-classification")',
            "mark suite('text-classification'): unknown suite; it is a task, so write: pytest.mark.task("
            '"text-classification")',
        ),
        ('task("intent")', "mark task('intent'): unknown task; it is a suite, so write: pytest.mark.suite(\"intent\")"),
        ('task("ner"), pytest.mark.suite("intent")', "intent is no suite of ner"),
    ],
    ids=["typing error", "task", "suite", "of another"],
)
def test_marks_that_name_no_suite(opened, marks, message):
    """A mark that names what is no suite is refused, however the tests are selected."""
    opened.write("tests/test_more.py", f"import pytest\npytestmark = [pytest.mark.{marks}]\ndef test_x(model): pass\n")
    for options in ([], ["tests"], ["-m", "not latency"]):
        result = opened.run(*options)
        assert (result.ret, message in result.stderr.str()) == (4, True)


def test_suite_of_another_models_file(opened):
    """A test file may judge a suite that only another models file has."""
    opened.write("fixtures/models/hub.toml", "[elsewhere]\n")
    opened.write(
        "tests/test_more.py", 'import pytest\npytestmark = pytest.mark.suite("elsewhere")\ndef test_x(model): pass\n'
    )
    assert opened.verdicts() == dict.fromkeys(ALL, "PASS")


def test_candidate_keeps_the_suite_s_threshold(opened):
    """A candidate in a TOML file of its own counts labels from its suite's threshold too."""
    words = {"warm": {"HOT": 0.7}, "rain": {"WET": 0.9}, "loud": {"LOUD": 0.58}}
    opened.model("quieter", ["HOT", "WET", "LOUD"], words)
    row = opened.write("row.toml", 'model = "models/quieter"\nlabels = { HOT = "hot", WET = "wet", LOUD = "loud" }\n')
    assert opened.verdicts("-m", "tags", f"--swap=tags.small={row}") == {"tags/small": "FAIL"}


def test_file_that_cannot_be_imported(opened):
    """A suite whose file is there and cannot be imported is told so, once."""
    opened.suite.write_text(f"{SUITE}import no_such_module\n")
    (tier,) = [tier for tier in opened.facts()["tiers"] if tier["task"] == "topic"]
    assert [reason["status"] for reason in tier["reasons"]] == ["ERROR"]
    assert "could not be imported" in tier["reasons"][0]["message"]


def test_property_gap_in_one_of_two_files(opened):
    """A known gap of a property needs one test file of its suite to have it."""
    gap = '[intent.small.property_gaps.never]\nexample = { n = 1 }\nreason = "never"\n\n[topic]'
    opened.models.write_text(MODELS.replace("[topic]", gap))
    prop = "@given(n=st.integers(1, 1))\ndef test_never(model, n):\n    assert n != 1\n"
    head = "import pytest\nfrom hypothesis import given\nfrom hypothesis import strategies as st\n"
    opened.write("tests/test_more.py", f'{head}pytestmark = pytest.mark.suite("intent")\n{prop}')
    tiers = {f"{tier['task']}/{tier['tier']}": tier for tier in opened.facts()["tiers"]}
    assert (tiers["intent/small"]["verdict"], tiers["intent/small"]["known_gaps"]) == ("PASS", 1)
    assert tiers["intent/large"]["verdict"] == "FAIL"


def test_marks_that_are_no_constants(committed):
    """A change of a file whose marks cannot be read touches every suite."""
    text = SUITE.replace('pytest.mark.task("text-classification")', "pytest.mark.suite(NAME)")
    committed.suite.write_text(text.replace("import pytest\n", 'import pytest\nNAME = "topic"\n'))
    changed = "changed since HEAD: intent, tags, topic (tests/test_texts.py)"
    assert committed.facts("--changed-since=HEAD")["notes"] == [changed]


@pytest.mark.parametrize("change", ["sorted", "folder"])
def test_goldens_written_otherwise(opened, change):
    """The task of a golden is found wherever its keys stand, and whatever they hold."""
    path = opened.path / "golden/embedded/topic/small.json"
    golden = json.loads(path.read_text())
    if change == "folder":
        for stamp in golden["made_by"].values():
            stamp["model"] = "cases"
    path.write_text(json.dumps(golden, sort_keys=change == "sorted"))
    assert opened.verdicts("-m", "topic") == {"topic/small": "PASS"}


@pytest.mark.parametrize("kind", ["gone", "text-klassification", 3])
def test_golden_of_no_kind(opened, kind):
    """A golden of a suite that does not say its task, or says one that is not, is refused with the reason."""
    path = opened.path / "golden/embedded/topic/small.json"
    golden = json.loads(path.read_text())
    for stamp in golden["made_by"].values():
        stamp.pop("kind") if kind == "gone" else stamp.update(kind=kind)
    path.write_text(json.dumps(golden))
    result = opened.run()
    words = {"gone": "made_by says no kind", 3: "kind: must be a text"}
    assert result.ret == 4
    assert words.get(kind, "did you mean 'text-classification'?") in result.stderr.str()


def test_name_of_a_registered_mark(shop):
    """A suite called like a mark of a plugin, or of the project, ends with exit status 4."""
    shop.models.write_text(MODELS.replace("[topic", "[slow"))
    shop.write("fixtures/slow/cases.toml", (shop.path / "fixtures/topic/cases.toml").read_text())
    shop.write("pytest.ini", (shop.path / "pytest.ini").read_text() + "markers = slow: takes long\n")
    result = shop.run()
    assert result.ret == 4
    assert "[slow]: pytest, a plugin or its configuration has a mark of this name" in result.stderr.str()


@pytest.mark.parametrize(
    ("suite", "kind", "advice"),
    [
        ("topic", "multi_label_classification", "write multi_label = true in its suite"),
        ("tags", "single_label_classification", "take multi_label = true out of its suite"),
    ],
)
def test_head_of_the_other_kind_is_an_error(opened, suite, kind, advice):
    """A model whose config says that it has the other kind of head is an ERROR that says so."""
    config = json.loads((opened.path / f"models/{suite}/config.json").read_text())
    opened.model(suite, list(config.pop("id2label").values()), config.pop("words"), problem_type=kind)
    (tier,) = opened.facts("-m", suite)["tiers"]
    assert tier["verdict"] == "ERROR"
    assert f'problem_type = "{kind}"' in tier["reasons"][0]["message"]
    assert advice in tier["reasons"][0]["message"]


def test_golden_of_another_task_is_refused(opened):
    """A suite that became one of another task is not judged by the goldens of before."""
    opened.models.write_text(replaced("multi_label = true\nthreshold = 0.6", ""))
    opened.write(
        "fixtures/tags/cases.toml", (opened.path / "fixtures/tags/cases.toml").read_text().replace("[]", '["hot"]')
    )
    result = opened.run()
    assert result.ret == 4
    assert (
        "a golden of multi-label-text-classification, and tags is one of text-classification now" in result.stderr.str()
    )


def test_known_gap_of_a_suite(opened):
    """A known gap stands in its suite's row, and the same case of another suite is judged as ever."""
    opened.models.write_text(MODELS.replace("[topic]", '[intent.small.gaps]\nhow = "never learned it"\n\n[topic]'))
    tiers = {f"{tier['task']}/{tier['tier']}": tier for tier in opened.facts("-k", "expected")["tiers"]}
    assert "remove gaps.how from [intent.small]" in tiers["intent/small"]["reasons"][0]["message"]
    assert tiers["intent/large"]["verdict"] == "PASS"


def test_orphans_of_one_suite(opened):
    """A golden of a case that its suite has no more is red, also where another suite has a case of that name."""
    path = opened.path / "fixtures/topic/cases.toml"
    path.write_text(path.read_text().replace("train", "how", 1).replace('"train"', '"how"'))
    facts = opened.facts("-k", "golden")
    (topic,) = [tier for tier in facts["tiers"] if tier["task"] == "topic"]
    messages = [reason["message"] for reason in topic["reasons"]]
    assert any("'train': " in message and "there is no such case any more" in message for message in messages)
    assert any("'how': " in message and "has no golden for it" in message for message in messages)


@pytest.mark.parametrize(("works", "cases"), [("short_1", ["how", "quiet"]), ("long_8", ["two", "storm"])])
def test_all_sizes_time_the_suite_s_own_cases(opened, works, cases):
    """With --all-sizes each suite is timed on its own shortest and longest case."""
    opened.suite.write_text(SUITE.replace("test_size", "test_latency, test_size"))
    tiers = {tier["task"]: tier for tier in opened.facts("--all-sizes", "-m", "latency")["tiers"]}
    sizes = [tiers[suite]["figures"]["latency_sizes"][works] for suite in ("intent", "tags")]
    assert [size["times"]["case"] for size in sizes] == cases


def git(shop: Shop, *words: str) -> None:
    """Run git in the project."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=shop.path, check=True, capture_output=True)


@pytest.fixture
def committed(opened: Shop) -> Shop:
    """A project with goldens that git keeps."""
    opened.write(".gitignore", "v.json\n__pycache__/\n.swapgate/\n.pytest_cache/\n.lock/\n")
    git(opened, "init", "-q")
    git(opened, "add", "-A")
    git(opened, "commit", "-qm", "all")
    return opened


@pytest.mark.parametrize("path", ["fixtures/topic/cases.toml", "golden/embedded/topic/small.json"])
def test_changed_since_chooses_suites(committed, path):
    """A change of one suite's files judges that suite alone."""
    (committed.path / path).write_text((committed.path / path).read_text() + "\n")
    facts = committed.facts("--changed-since=HEAD")
    assert [tier["task"] for tier in facts["tiers"]] == ["topic"]
    assert f"changed since HEAD: topic ({path})" in facts["notes"]


def test_changed_since_with_a_changed_test_file(committed):
    """A change of a test file judges all suites that its marks have ever named."""
    committed.suite.write_text(SUITE.replace('task("text-classification")', 'suite("topic")'))
    changed = "changed since HEAD: intent, tags, topic (tests/test_texts.py)"
    assert committed.facts("--changed-since=HEAD")["notes"] == [changed]


def test_swap_against_a_commit(committed):
    """A change of one suite's model is a swap that the commit's own golden of that suite judges."""
    committed.model("worse", ["ASK", "BUY"], {"two": {"BUY": 0.9}})
    committed.models.write_text(replaced('model = "../../models/intent"', 'model = "../../models/worse"'))
    assert committed.verdicts("--against=HEAD") == {**dict.fromkeys(ALL, "PASS"), "intent/small": "FAIL"}


def test_suite_of_another_task_against_a_commit(committed):
    """A change cannot make a suite one of another task, whose answers nobody accepted."""
    committed.models.write_text(
        replaced('[topic]\ntask = "sentiment"', '[topic]\ntask = "sentiment"\nmulti_label = true')
    )
    (committed.path / "golden/embedded/topic/small.json").unlink()
    result = committed.run("--against=HEAD")
    assert result.ret == 4
    assert (
        "topic is a suite of multi-label-text-classification and was one of text-classification" in result.stderr.str()
    )


def test_commands_name_suites(opened):
    """The commands know suites as pytest does."""
    from swapgate.commands import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(opened.path)
        assert main(["models"]) == 0
        assert main(["review", "--json"]) == 0
        assert main(["calibrate", "tpoic.small"]) == 4
        assert main(["fetch", "intent"]) == 0


@pytest.mark.parametrize("command", [["calibrate", "tpoic.small"], ["pin", "tpoic"]])
def test_commands_say_what_was_meant(opened, capsys, command):
    """A suite that does not exist is told with the nearest one."""
    from swapgate.commands import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(opened.path)
        assert main(command) == 4
    assert "did you mean 'topic" in capsys.readouterr().err


def no_toml(shop):
    """Break the cases file of a suite; what its cases are called can still be seen."""
    path = shop.path / "fixtures" / "topic" / "cases.toml"
    path.write_text(path.read_text() + "\nlatency = [\n")


def no_model(shop):
    """Take a suite's model away."""
    (shop.path / "models" / "topic").rename(shop.path / "models" / "elsewhere")


def no_golden(shop):
    """Break the golden of a suite."""
    shop.write("golden/embedded/topic/small.json", "{")


@pytest.mark.parametrize("spoil", [no_toml, no_model, no_golden])
@pytest.mark.parametrize("options", [["-m", "intent"], ["-k", "intent and golden"], ["-m", "tags", "-k", "storm"]])
def test_fault_of_a_suite_that_is_not_selected(opened, spoil, options):
    """Faulty files of one suite keep -m and -k from no other one, and a note tells of them."""
    spoil(opened)
    facts = opened.facts(*options)
    suite = options[1].split()[0]
    assert {(tier["suite"], tier["verdict"]) for tier in facts["tiers"]} == {(suite, "PASS")}
    (note,) = [note for note in facts["notes"] if "left out" in note]
    assert note.startswith("topic is left out, for nothing of it is selected: ")
    assert "topic" in note.partition(": ")[2]


def test_fault_of_a_suite_that_is_not_selected_in_two_processes(opened):
    """The workers of pytest-xdist leave out the same suite."""
    no_toml(opened)
    assert opened.verdicts("-m", "intent", "-n", "2") == {"intent/small": "PASS", "intent/large": "PASS"}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-m", "topic"],
        ["-m", "not intent"],
        ["-m", "size"],
        ["-m", "small"],
        ["-k", "topic"],
        ["-k", "texts"],
        ["-k", "golden"],
        ["-k", "pizza"],
        ["-m", "intent", "--swap=topic.small=models/intent"],
        ["-m", "intent", "--eval-set=topic=set.jsonl"],
    ],
    ids=" ".join,
)
def test_fault_of_a_suite_that_is_selected(opened, options):
    """Faulty files of a suite end a run that would judge it, or that an option names it for, with exit status 4."""
    no_toml(opened)
    result = opened.run(*options)
    assert result.ret == 4
    assert "fixtures/topic/cases.toml" in result.stderr.str()


def test_fault_of_a_suite_whose_case_is_selected(opened):
    """A faulty file whose case is called like another suite is one that -k of that suite selects."""
    opened.write("fixtures/topic/cases.toml", 'latency = [\n\n[[case]]\nid = "no_intent"\n')
    assert opened.run("-k", "intent").ret == 4
    assert opened.run("-m", "intent").ret == 0


def test_fault_of_the_only_suite(opened):
    """Where there is no other suite its faulty files end any run."""
    opened.models.write_text(MODELS[MODELS.index("[topic]") : MODELS.index("[tags]")])
    no_toml(opened)
    result = opened.run("-m", "nothing")
    assert result.ret == 4
    assert "fixtures/topic/cases.toml" in result.stderr.str()
