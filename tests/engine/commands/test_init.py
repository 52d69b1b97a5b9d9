"""swapgate init: what it writes is judged as it is, what cannot be is told, and nothing is left then."""

import base64
import json
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from swapgate.commands import main, starting
from swapgate.commands.starters import configuration
from swapgate.core.extras import EXTRAS
from swapgate.tasks import find_task

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
PREDICTOR = """
def make():
    return lambda texts: [[{"label": "good" if "good" in text else "bad", "score": 0.9}] for text in texts]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder with a function that predicts."""
    (tmp_path / "serving.py").write_text(PREDICTOR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("swapgate.commands.person", lambda: None)
    return tmp_path


def files(folder):
    """Return what is in a folder, but for what Python leaves there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def init(*options):
    """Run the command for the function."""
    return main(["init", "--model", "serving:make", "--task", "sentiment", *options])


def typed(python, folder, *command):
    """Run a command in a folder as a person does; gives its exit status and what it says."""
    surroundings = {**os.environ, "HF_HUB_OFFLINE": "1"}
    surroundings.pop("PYTEST_ADDOPTS", None)
    surroundings.pop("CI", None)
    run = python(*command, cwd=folder, env=surroundings)
    return run.returncode, run.stdout + run.stderr


COMMAND = ("-c", "from swapgate.commands import main; raise SystemExit(main())")


@pytest.mark.parametrize("task", ["ner", "sentiment", "question-answering"])
def test_project_is_judged_as_it_is(tmp_path, python_without_extras, task):
    """Of a model alone comes a project that passes, once its goldens are recorded, with no extra installed."""
    shutil.copytree(ZOO / task / "original", tmp_path / "model")
    rows = [json.loads(line) for line in (ZOO / task / "heldout.jsonl").read_text().splitlines()[:20]]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    where = python_without_extras, tmp_path
    status, said = typed(*where, *COMMAND, "init", "--model", "model", "--eval-set", "rows.jsonl")
    assert status == 0, said
    assert "model: 1 of 1 cases right, 0 known gaps" in said
    assert f"task: {find_task(task).name}, by the model's config.json" in said
    for options in (["--snapshot-update"], ["--verdict-html=page.html"]):
        status, said = typed(*where, "-m", "pytest", "-p", "no:cacheprovider", *options)
        assert status == 0, said
        assert "PASS" in said
    assert "1/1       1/1" in said


def test_cases_and_set_are_imported(tmp_path, python):
    """Cases and rows of others are read, labels that differ in case alone are matched, wrong cases are known gaps."""
    shutil.copytree(ZOO / "sentiment" / "original", tmp_path / "model")
    rows = [json.loads(line) for line in (ZOO / "sentiment" / "heldout.jsonl").read_text().splitlines()[:60]]
    table = [f'"{row["text"]}",{row["expected"]}\n' for row in rows if '"' not in row["text"]]
    (tmp_path / "reviews.csv").write_text("review,stars\n" + "".join(table))
    options = ("--suite", "reviews", "--cases", "reviews.csv", "--eval-set", "reviews.csv")
    status, said = typed(python, tmp_path, *COMMAND, "init", "--model", "model", *options)
    assert status == 0, said
    assert "labels: POSITIVE of the model is positive of --eval-set" in said
    row = tomllib.loads((tmp_path / "fixtures/models/embedded.toml").read_text())["reviews"]["original"]
    assert row["labels"] == {"POSITIVE": "positive", "NEGATIVE": "negative"}
    assert row["budget"]["quality"] == {"against": "incumbent", "margin": 0.02}
    assert 0 < len(row["gaps"]) < 10
    assert all(why.startswith("so when swapgate init ran: ") for why in row["gaps"].values())


STARS = ("negative (stars 1, 2 and 3)", "positive (stars 4 and 5)")


@pytest.mark.parametrize(
    ("keys", "label", "typed"),
    [
        (STARS, "positive", "--labels 'positive (stars 4 and 5)=positive'"),
        (STARS, "Negative", "--labels 'negative (stars 1, 2 and 3)=Negative'"),
        (STARS, "3", "--labels 'negative (stars 1, 2 and 3)=3'"),
        (STARS, "stars", "--labels LABEL=stars"),
        (STARS, "neutral", "--labels LABEL=neutral"),
        (("LABEL_0", "LABEL_1"), "good mood", "--labels 'LABEL=good mood'"),
        (("non-toxic", "toxic"), "toxic", "--labels LABEL=toxic"),
        (("unsafe", "safe"), "safe", "--labels safe=safe"),
        (("POS",), "(", "--labels 'LABEL=('"),
    ],
)
def test_which_label_it_is(keys, label, typed):
    """The label that is proposed is the one that has the words, never another class, and can be typed as it stands."""
    assert starting._to_type(keys, label) == typed


def test_function(project, capsys):
    """What another backend reads is asked too; budgets are those of what can be measured of it."""
    assert init("--suite", "mood", "--input", "a good day", "--input", "rain") == 0
    assert "2 of 2 cases right" in capsys.readouterr().out
    assert files(project) == {
        "serving.py",
        "pytest.ini",
        "tests/test_mood.py",
        "fixtures/mood/cases.toml",
        "fixtures/models/embedded.toml",
        ".github/workflows/swapgate.yml",
    }
    suite = tomllib.loads((project / "fixtures/models/embedded.toml").read_text())["mood"]
    assert (suite["task"], suite["original"]["labels"]) == ("text-classification", {"*": "*"})
    assert {*suite["original"]["budget"]} == {"latency"}
    cases = tomllib.loads((project / "fixtures/mood/cases.toml").read_text())["case"]
    assert [(case["text"], case["expected"]) for case in cases] == [("a good day", "good"), ("rain", "bad")]


def test_second_suite(project):
    """A second suite is written behind the first, whose lines stay."""
    assert init("--suite", "mood") == 0
    before = (project / "fixtures/models/embedded.toml").read_text()
    assert init("--suite", "other-mood", "--no-ci") == 0
    assert (project / "fixtures/models/embedded.toml").read_text().startswith(before)
    assert (project / "tests/test_other_mood.py").is_file()


def test_what_the_workflow_installs(project, capsys):
    """A workflow installs the extras that its first suite needs, and of a later one it is told what it lacks."""
    workflow = project / ".github" / "workflows" / "swapgate.yml"
    assert init("--suite", "mood") == 0
    assert "      - run: pip install swapgate\n" in workflow.read_text()
    (project / "talk.py").write_text(
        "def make():\n    return lambda texts: [[{'summary_text': 'So.'}] for _ in texts]\n"
    )
    later = ("init", "--model", "talk:make", "--task", "summarization", "--input", "So it is.")
    for there, lacks in (
        ("swapgate", "text"),
        ('"swapgate[vision]"', "text,vision"),
        ('"swapgate[all]"', ""),
        ("", ""),
    ):
        workflow.write_text(f"- run: pip install {there}\n") if there else workflow.unlink()
        capsys.readouterr()
        assert main([*later, "--suite", f"talk-{len(there)}"]) == 0
        said = (
            f'.github/workflows/swapgate.yml: let it install what this suite needs: pip install "swapgate[{lacks}]"\n'
        )
        assert (said in capsys.readouterr().out) == bool(lacks)
    assert '      - run: pip install "swapgate[text]"\n' in workflow.read_text()


def test_without_its_extra(project, capsys, monkeypatch):
    """Where the task or the model needs what is not installed nothing is asked, and nothing is written."""
    for module in {name for packages in EXTRAS.values() for name in packages.values()}:
        monkeypatch.setitem(sys.modules, module, None)
    before = files(project)
    assert main(["init", "--model", "serving:make", "--task", "audio-classification", "--input", "a.wav"]) == 4
    assert capsys.readouterr().err.endswith(' are not installed; type: pip install "swapgate[audio]"\n')
    assert main(["init", "--model", "http://127.0.0.1:9/ask", "--task", "sentiment"]) == 4
    assert capsys.readouterr().err.endswith(' is not installed; type: pip install "swapgate[endpoint]"\n')
    assert files(project) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--suite", "mood"), "embedded.toml: has a suite mood already; give --force to write it anew"),
        (("--suite", "My Mood"), "--suite 'My Mood': a suite's name has lower-case letters"),
        (("--suite", "quality"), "'quality' is reserved, for it means something else; give the suite another name"),
        (("--suite", "b", "--cases", "gone.csv"), "gone.csv: there is no such file or folder"),
        (("--suite", "b", "--cases", "x", "--input", "y"), "give --cases or --input, and not both"),
        (("--suite", "b", "--cases", "bad.csv"), "bad.csv: which column is expected?"),
        (("--suite", "b", "--cases", "wrong.csv"), "gets none of 1 cases right (case_1: good 0.9000 leads"),
        (("--suite", "b", "--eval-set", "bad.csv"), "bad.csv: which column is expected?"),
        (("--suite", "b", "--input", ""), "--input '': give text, or cases with --cases SOURCE"),
        (("--suite", "b", "--labels", "x"), "--labels: not of the form KEY=NAME"),
        (("--suite", "b", "--task", "sentment"), "--task sentment: unknown task; did you mean 'sentiment'?"),
        (("--suite", "b", "--model", "./gone"), "--model ./gone: there is no such file or folder"),
        (("--suite", "b", "--model", "gone.jsonl"), "--model gone.jsonl: there is no such file or folder"),
        (("--suite", "b", "--model", "serving:nothing"), "serving:nothing"),
        (("--suite", "b", "--task", "image-classification"), "image-classification needs image files: give some with"),
        (("--suite", "b", "--task", "image-classification", "--input", "gone.png"), "gone.png"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun(project, capsys, options, message):
    """Whatever cannot be meant ends with a message, and all files are as before."""
    assert init("--suite", "mood") == 0
    (project / "bad.csv").write_text("text,y\na,b\n")
    (project / "wrong.csv").write_text("text,label\ngood,bad\n")
    before = {name: (project / name).read_bytes() for name in files(project)}
    capsys.readouterr()
    assert init(*options) == 4
    said = capsys.readouterr()
    assert message in said.err
    assert not said.out
    assert {name: (project / name).read_bytes() for name in files(project)} == before
    assert not (project / "fixtures" / "b").exists()


def test_files_out_of_bytes_are_taken_back(project):
    """Pictures that were written for rows which are then refused do not stay."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    )
    rows = [{"image": {"bytes": png, "path": None}, "label": "good"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), project / "rows.parquet")
    before = files(project)
    assert main(["init", "--model", "serving:make", "--task", "image-classification", "--cases", "rows.parquet"]) == 4
    assert files(project) == before


@pytest.mark.parametrize("place", ["inside", "outside"])
def test_files_outside_the_project(project, tmp_path_factory, capsys, place):
    """Pictures that lie outside the project are told: git keeps none of them, and --against cannot judge by them."""
    folder = project / "pictures" if place == "inside" else tmp_path_factory.mktemp("pictures")
    folder.mkdir(exist_ok=True)
    (project / "serving.py").write_text(PREDICTOR.replace("text, ", "").replace('"good" in text', "True"))
    Image.new("L", (4, 4)).save(folder / "a.png")
    (project / "cases.csv").write_text("image,label\na.png,good\n")
    options = ("--task", "image-classification", "--cases", "cases.csv", "--files", str(folder))
    assert main(["init", "--model", "serving:make", *options]) == 0
    told = f"--cases: 1 file of 1 outside the project ({folder / 'a.png'}): git keeps none of them with it"
    assert (told in capsys.readouterr().out) == (place == "outside")


def test_left_out_where_nothing_is_right(project, capsys):
    """Cases that were left out are told too where the model gets none of the others right."""
    (project / "cases.jsonl").write_text('{"text": "good", "expected": "bad"}\n{"text": 1, "expected": "good"}\n')
    assert init("--cases", "cases.jsonl") == 4
    said = capsys.readouterr().err
    assert "left out, not understood: 1 row" in said
    assert "gets none of 1 cases right" in said


def test_force(project):
    """With --force files are written anew; a file that is no part of a suite is never taken for one."""
    assert init("--suite", "mood") == 0
    assert init("--suite", "mood", "--force", "--input", "good") == 0
    assert "good" in (project / "fixtures/mood/cases.toml").read_text()
    (project / "tests/test_b.py").write_text("mine\n")
    assert init("--suite", "b") == 4
    assert (project / "tests/test_b.py").read_text() == "mine\n"


def test_person_is_asked(project, monkeypatch):
    """Where somebody is there and no model is named, each thing is asked, with what is usual."""
    asked = []
    answers = iter(["serving:make", "sentiment", "", "", ""])
    monkeypatch.setattr("swapgate.commands.person", lambda: lambda question: asked.append(question) or next(answers))
    assert main(["init"]) == 0
    assert asked[2] == "Suite, a name for this task on your data [text-classification]: "
    assert len(asked) == 5
    assert (project / "tests/test_text_classification.py").is_file()


def test_nobody_to_ask(project, capsys):
    """Where nobody is there, what is missing is told."""
    assert main(["init"]) == 4
    assert capsys.readouterr().err.startswith("swapgate init: give --model, as in: swapgate init --model")


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("", "tests/test_mood.py"),
        ("testpaths = tests", "tests/test_mood.py"),
        ("testpaths = src", "src/test_mood.py"),
        ("testpaths = src .", "tests/test_mood.py"),
        ("testpaths = checks/*", "checks/slow/test_mood.py"),
        ("testpaths = tests/unit/", "tests/unit/test_mood.py"),
        ("testpaths = src\npython_files = check_*.py", "src/check_mood.py"),
        ("python_files = *_spec.py", "tests/mood_spec.py"),
    ],
)
def test_suite_where_pytest_looks(project, python, keys, path):
    """The test file of a suite lies where the project's configuration lets pytest come by it, and is judged there."""
    for folder in ("src", "checks/slow"):
        (project / folder).mkdir(parents=True)
        (project / folder / f"test_{folder[:3]}.py").write_text("def test_own():\n    pass\n")
    (project / "pytest.ini").write_text(f"[pytest]\n{keys}\n")
    assert init("--suite", "mood") == 0
    assert (project / path).is_file()
    status, said = typed(python, project, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert (status, path in said) == (0, True)


@pytest.mark.parametrize(
    ("model", "task", "other"),
    [
        ("sentiment", "ner", "text-classification"),
        ("ner", "question-answering", "ner"),
        ("question-answering", "sentiment", "question-answering"),
    ],
)
def test_model_of_another_task(project, capsys, model, task, other):
    """A model that is for another task is told by what it is, and no case is blamed."""
    assert main(["init", "--model", str(ZOO / model / "original"), "--task", task]) == 4
    assert re.search(rf"^--task {task}: .*: its config.json says \w+, which is for {other}$", capsys.readouterr().err)


def test_no_place_for_a_suite(project, capsys):
    """Where pytest would come by no new test file, this is told, and nothing is written."""
    (project / "test_own.py").write_text("def test_own():\n    pass\n")
    (project / "pytest.ini").write_text("[pytest]\ntestpaths = test_own.py\n")
    before = files(project)
    assert init("--suite", "mood") == 4
    said = capsys.readouterr().err
    assert "testpaths = test_own.py, so it would not come by a new tests/test_mood.py; add tests to testpaths" in said
    assert files(project) == before


@pytest.mark.parametrize("place", ["rows", "../rows"], ids=["inside", "outside"])
def test_corpus_of_rows(tmp_path, python, place):
    """The corpus of rows is found beside these; where it is not in the project it is copied, and judged there."""
    folder, data = tmp_path / "project", ZOO / "retrieval"
    rows = folder / place
    rows.mkdir(parents=True)
    shutil.copy(data / "corpus.jsonl", rows / "corpus.jsonl")
    lines = (data / "heldout.jsonl").read_text().splitlines()[:30]
    (rows / "q.jsonl").write_text("".join(f"{line}\n" for line in lines))
    shutil.copytree(data / "small", folder / "model")
    options = ("--task=retrieval", f"--cases={place}/q.jsonl", f"--eval-set={place}/q.jsonl", "--no-ci")
    status, said = typed(python, folder, *COMMAND, "init", "--model", "model", *options)
    assert status == 0, said
    copied = (folder / "fixtures" / "retrieval" / "corpus.jsonl").exists()
    assert copied == (place == "../rows")
    assert (folder / "fixtures" / "retrieval" / "evaluation.jsonl").exists() == copied
    shutil.rmtree(rows) if copied else None
    status, said = typed(
        python, folder, "-m", "pytest", "-p", "no:cacheprovider", "--snapshot-update", "-k", "golden or quality"
    )
    assert status == 0, said


@pytest.mark.parametrize("options", [(), ("--input=Where?",)], ids=["nothing", "input"])
def test_query_without_a_corpus(project, capsys, options):
    """A query alone is no case; the message says what to give."""
    assert main(["init", "--model", "serving:make", "--task", "retrieval", *options]) == 4
    assert (
        "retrieval needs a corpus: give cases with --cases SOURCE, which lie beside theirs" in capsys.readouterr().err
    )
    assert files(project) == {"serving.py"}


def copied(tmp_path, monkeypatch, model, file="config.json", **keys):
    """Copy a model into an empty project, with other settings, and go there; None takes a key out."""
    shutil.copytree(ZOO / model, tmp_path / "model")
    path = tmp_path / "model" / file
    whole = {**json.loads(path.read_text()), **keys}
    path.write_text(json.dumps({key: value for key, value in whole.items() if value is not None}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("swapgate.commands.person", lambda: None)
    return lambda *options: main(["init", "--model", "model", "--no-ci", *options])


def row_of(folder, suite):
    """Return the row that was written."""
    return tomllib.loads((folder / "fixtures" / "models" / "embedded.toml").read_text())[suite]["original"]


def test_only_languages_are_written(tmp_path, monkeypatch):
    """Where config.json has settings for one pair of languages alone, these are written into the row."""
    init = copied(tmp_path, monkeypatch, "translation/small")
    assert init("--task", "translation", "--input", "The woman sees the dog.") == 0
    row = row_of(tmp_path, "translation")
    assert (row["source_language"], row["target_language"]) == ("en", "de")


def test_languages_are_asked_for(tmp_path, monkeypatch, capsys):
    """Where there are several the message has the options that name them, and these are written into the row."""
    tables = {"translation_en_to_de": {}, "translation_en_to_fr": {}}
    init = copied(tmp_path, monkeypatch, "translation/small", task_specific_params=tables)
    options = ("--task", "translation", "--input", "The woman sees the dog.")
    assert init(*options) == 4
    said = capsys.readouterr().err.strip()
    assert said.endswith("both, in its row: --set source_language=… --set target_language=…")
    assert init(*options, "--set", "source_language=en", "--set", "target_language=fr") == 0
    row = row_of(tmp_path, "translation")
    assert (row["source_language"], row["target_language"]) == ("en", "fr")


def test_length_that_fits(tmp_path, monkeypatch, capsys):
    """A model that reads little is begun with the length that the message asks for."""
    init = copied(tmp_path, monkeypatch, "causal-lm/small", "generation_config.json", max_new_tokens=None)
    assert init() == 4
    assert capsys.readouterr().err.strip().endswith("generation: --set generation.max_new_tokens=…")
    assert init("--set", "generation.max_new_tokens=20") == 0
    assert row_of(tmp_path, "text-generation")["generation"] == {"max_new_tokens": 20}


def test_value_of_the_advice(tmp_path, monkeypatch, capsys):
    """An option of the message has the value that the advice has."""
    init = copied(tmp_path, monkeypatch, "retrieval/small")
    (tmp_path / "model" / "modules.json").unlink()
    shutil.copy(ZOO / "retrieval" / "corpus.jsonl", tmp_path / "corpus.jsonl")
    (tmp_path / "q.jsonl").write_text('{"query": "What does Emil Osei like to do at weekends?", "expected": "p274"}\n')
    options = ("--task", "retrieval", "--cases", "q.jsonl")
    assert init(*options) == 4
    assert capsys.readouterr().err.strip().endswith(": --set pooling=mean")
    assert init(*options, "--set", "pooling=mean") == 0
    assert row_of(tmp_path, "retrieval")["pooling"] == "mean"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("timeout", "--set timeout: not of the form KEY=VALUE, as in --set generation.max_new_tokens=64"),
        ("=3", "--set =3: not of the form KEY=VALUE"),
        (
            "timeuot=3",
            "--set timeuot: no key that a row of text-classification may begin with; did you mean 'timeout'?",
        ),
        ("labels.x=y", "--set labels.x: no key that a row of text-classification may begin with"),
        ("budget.size=1", "--set budget.size: no key that a row of text-classification may begin with"),
        ("timeout=soon", "--set: timeout: "),
        ("timeout.x=1", "--set: timeout: "),
    ],
)
def test_keys_that_are_none(project, capsys, said, message):
    """A key that a row has not, or a value that it cannot have, is told and nothing is written."""
    assert init("--set", said) == 4
    assert message in capsys.readouterr().err
    assert files(project) == {"serving.py"}


def test_labels_that_only_a_row_names(tmp_path, monkeypatch, capsys):
    """A task that asks a model for the labels of its row says how these are named, and takes them."""
    init = copied(tmp_path, monkeypatch, "zero-shot-classification/small")
    options = ("--task", "zero-shot-classification", "--input", "The team won the match.")
    assert init(*options) == 4
    assert "as in --labels sports=sports --labels food=food" in capsys.readouterr().err
    assert init(*options, "--labels", "sports=sports", "--labels", "food=food") == 0
    assert row_of(tmp_path, "zero-shot-classification")["labels"] == {"sports": "sports", "food": "food"}


def test_rows_of_labels_that_nothing_asks_for(tmp_path, monkeypatch, capsys):
    """Rows with a label that the row does not ask for are refused, with the options that name it, for any task."""
    init = copied(tmp_path, monkeypatch, "zero-shot-classification/small")
    rows = ('{"text": "The team won.", "expected": "sports"}', '{"text": "Shares fell.", "expected": "money"}')
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    options = ("--cases", "rows.jsonl", "--labels", "sports=sports", "--labels", "food=food")
    assert init("--task", "zero-shot-classification", *options) == 4
    said = capsys.readouterr().err
    assert "no label of the row is money" in said
    assert said.strip().endswith("name each: --labels money=money")
    assert init("--cases", "rows.jsonl") == 4
    assert "or ask it for any labels: --task zero-shot-classification" in capsys.readouterr().err
    assert init("--task", "zero-shot-classification", *options, "--labels", "money=money") == 0


@pytest.mark.parametrize("folder", ["translation/small", "summarization/small"])
def test_guess_among_tasks_of_one_class(tmp_path, monkeypatch, folder):
    """A model that writes is for translation where its settings name two languages, else for summaries."""
    init = copied(tmp_path, monkeypatch, folder)
    assert init("--input", "The woman sees the dog.") == 0
    assert row_of(tmp_path, folder.partition("/")[0])


def test_files_of_one_name(tmp_path):
    """Files of one name in different folders, also in another case, are copied under names of their own."""
    start = starting.Start(tmp_path, "zoo", None, None, {}, ())
    origins = [Path(one) for one in ("a/x.png", "b/x.png", "c/x_2.png", "d/X.PNG", "a/x.png")]
    assert [starting._copied(start, one) for one in origins] == ["x.png", "x_2.png", "x_2_2.png", "X_3.PNG", "x.png"]
    assert [*start.copies.values()] == origins[:4]


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        (None, "", "pytest.ini"),
        ("pytest.ini", "", None),
        ("tox.ini", "[pytest]\n", None),
        ("tox.ini", "[tox]\n", "pytest.ini"),
        ("pyproject.toml", "[project]\nname = 'x' # mine\n", "pyproject.toml"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nminversion = '9'\n", None),
    ],
)
def test_configuration(tmp_path, name, text, written):
    """A project without a configuration of pytest gets one, in pyproject.toml where there is one; text there stays."""
    if name:
        (tmp_path / name).write_text(text)
    found = configuration(tmp_path)
    assert (found and found[0].name) == written
    if written == "pyproject.toml":
        assert found[1].startswith(text)
        assert tomllib.loads(found[1])["tool"]["pytest"]["ini_options"] == {"testpaths": ["tests"]}
