"""`--against REF` where a row names predictions that were made elsewhere, or a function of the project."""

import json

import pytest

from swapgate.goldens.golden import read_golden

SIZE = 'budget.size = { against = "original", at_most = 0.9 }\n'
MODEL = 'model = "../../models/small"'
QUALITY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\n"
RECORDED = 'model = "../../predictions.jsonl"'
SAID = {
    "ada": [("PER", 0.99, "Ada", 0), ("LOC", 0.97, "Paris", 13)],
    "nobody": [],
    "left_out": [],
}
FINDS = """
NAMES = {"Ada": ("PER", 0.99), "Paris": ("LOC", 0.97)}


def found(text):
    for word, (label, score) in NAMES.items():
        if word in text:
            at = text.index(word)
            yield {"entity_group": label, "score": score, "word": word, "start": at, "end": at + len(word)}


def make():
    return lambda texts: [list(found(text)) for text in texts]
"""


@pytest.fixture
def cheap(committed, commit):
    """A commit whose small tier has no budget of its size."""
    committed.replace(committed.models_file, SIZE, "")
    commit()
    return committed


def write(project, said=SAID):
    """Write predictions as a batch job does."""
    lines = []
    for case, found in said.items():
        prediction = [
            {"entity_group": label, "score": score, "word": word, "start": start, "end": start + len(word)}
            for label, score, word, start in found
        ]
        lines.append(json.dumps({"id": case, "prediction": prediction}))
    project.write("predictions.jsonl", "\n".join(lines))


def bring(project, row=RECORDED):
    """Let the small tier's row be another one, and record its goldens."""
    project.replace(project.models_file, MODEL, row)
    project.run("-k", "golden", "--snapshot-update", "--accept-drift")


def test_predictions_that_a_change_brings(cheap, against):
    """Right answers that a change brings are no proof: anyone can write them."""
    write(cheap)
    bring(cheap)
    result = against("-m", "small and not latency")
    assert cheap.verdicts(result)["small"] == "INCOMPLETE"
    assert (
        "INCOMPLETE  ner/small: the change brings predictions.jsonl, recorded predictions, and anyone can write right"
        " answers: a person must look; where they may pass, a change of its own says in [ner.small]: allow_recorded ="
        " true"
    ) in cheap.reasons(result)


def test_the_commit_allows_them(cheap, commit, against):
    """Where the commit says that they may pass they do, and what was not measured of them is not missing."""
    cheap.replace(cheap.models_file, "[ner.small]\n", "[ner.small]\nallow_recorded = true\n")
    commit()
    write(cheap)
    bring(cheap)
    result = against("-m", "small and not latency")
    assert cheap.verdicts(result)["small"] == "PASS", cheap.reasons(result)


def test_a_change_does_not_allow_itself(cheap, against):
    """A row that allows them itself, or is new, is no proof either."""
    write(cheap)
    bring(cheap, f"{RECORDED}\nallow_recorded = true")
    assert cheap.verdicts(against("-m", "small and not latency"))["small"] == "INCOMPLETE"


def test_the_same_predictions(cheap, commit, against):
    """Predictions that the commit names already are judged by its goldens, also where they are edited."""
    write(cheap)
    bring(cheap)
    commit()
    assert cheap.verdicts(against("-m", "small and not latency"))["small"] == "PASS"
    write(cheap, {**SAID, "ada": SAID["ada"][:1]})
    result = against("-m", "small and not latency")
    assert cheap.verdicts(result)["small"] == "FAIL"
    assert "LOC 'Paris' 13-18 (0.9700) is lost" in "\n".join(cheap.reasons(result))


def test_a_function_from_its_own_tree(cheap, commit, against):
    """The function of the commit and that of the change have one module name, and each is asked in its own tree."""
    cheap.write("finder.py", FINDS)
    bring(cheap, 'model = "finder:make"')
    commit()
    assert cheap.verdicts(against("-m", "small and not latency"))["small"] == "PASS"
    for score, verdict in ((0.93, "INCOMPLETE"), (0.5, "FAIL")):
        cheap.write("finder.py", FINDS.replace("0.97", str(score)))
        result = against("-m", "small and not latency")
        assert cheap.verdicts(result)["small"] == verdict, cheap.reasons(result)
    cheap.run("-k", "golden", "--snapshot-update", "--accept-drift")
    assert read_golden(cheap.golden())["ada"].prediction.entities[1].score == 0.5


@pytest.mark.parametrize("edit", [False, True], ids=["as it was", "edited"])
def test_predictions_that_git_does_not_keep(cheap, commit, against, edit):
    """Predictions beside git are the commit's own where its golden says so, and else the change's."""
    cheap.write(".gitignore", (cheap.path / ".gitignore").read_text() + "predictions.jsonl\n")
    write(cheap)
    bring(cheap)
    commit()
    if edit:
        write(cheap, {**SAID, "nobody": [("PER", 0.9, "It", 0)]})
    assert cheap.verdicts(against("-m", "small and not latency"))["small"] == ("FAIL" if edit else "PASS")


def test_weights_that_git_does_not_keep(cheap, commit, against):
    """A function whose weights lie beside git is the commit's own where its golden says so."""
    cheap.write(".gitignore", (cheap.path / ".gitignore").read_text() + "weights/\n")
    cheap.write("weights/a.bin", "weights")
    cheap.write("finder.py", FINDS)
    bring(cheap, 'model = "finder:make"\nfiles = ["../../weights"]')
    commit()
    result = against("-m", "small and not latency")
    assert cheap.verdicts(result)["small"] == "PASS", cheap.reasons(result)
    assert not any("swapped in" in line for line in cheap.table(result))


@pytest.fixture
def of_rome(cheap, commit):
    """Commit a function, its files and an evaluation set of fifty rows that are right where it knows Rome."""

    def run(files, row=""):
        for path, text in files.items():
            cheap.write(path, text)
        rome = [{"label": "LOC", "start": 0, "end": 4, "text": "Rome"}]
        rows = [{"id": f"r{number}", "text": f"Rome, {number}.", "expected": rome} for number in range(50)]
        cheap.write("fixtures/ner/set.jsonl", "\n".join(map(json.dumps, rows)))
        cheap.replace(cheap.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
        quality = 'budget.quality = { against = "incumbent", margin = 0.1 }'
        bring(cheap, f'model = "finder:make"\n{quality}{row}')
        cheap.replace(cheap.suite, "def test_size(", f"{QUALITY}def test_size(")
        commit()

    return run


@pytest.mark.parametrize("name", ["lib/names.py", "lib/other.py"])
def test_what_a_function_imports(cheap, of_rome, against, name):
    """An edit of what a function's module imports is told, and the rows of its set are paired with the commit's; what
    is not imported changes nothing.
    """
    names, rest = FINDS.lstrip().split("\n\n\n", 1)
    names = names.replace("{", '{"Rome": ("LOC", 0.9), ')
    of_rome(
        {
            "lib/names.py": names + "\n",
            "lib/other.py": names + "\n",
            "finder.py": f"from lib.names import NAMES\n\n\n{rest}",
        }
    )
    cheap.write(name, names.replace("Rome", "Nowhere") + "\n")
    result = against("-k", "small and not latency")
    is_imported = name == "lib/names.py"
    assert cheap.verdicts(result)["small"] == ("FAIL" if is_imported else "PASS"), cheap.reasons(result)
    assert f"note  edited, and used as they are now: {name}" in cheap.reasons(result)
    assert ("50 rows" in result.stdout.str()) is is_imported


READS = {
    "data": ("lib/names.json", "", "FAIL"),
    "beside its cases": ("fixtures/ner/names.json", "", "FAIL"),
    "in a folder of its own": ("data/deep/names.bin", "", "FAIL"),
    "listed": ("lib/names.json", '\nfiles = ["../../lib"]', "FAIL"),
    "another is listed": ("lib/names.json", '\nfiles = ["../../other.json"]', "FAIL"),
    "unrelated": ("unread/names.json", "", "PASS"),
}


@pytest.mark.parametrize("name", READS)
def test_what_a_function_reads(cheap, of_rome, against, name):
    """An edit of a file that a function reads is judged by the rows of its set, whatever the row lists; but of what the
    commit lists as unrelated.
    """
    path, row, wanted = READS[name]
    names = {"Ada": ["PER", 0.99], "Paris": ["LOC", 0.97], "Rome": ["LOC", 0.9]}
    _, rest = FINDS.lstrip().split("\n\n\n", 1)
    cheap.write("pytest.ini", f"{(cheap.path / 'pytest.ini').read_text()}\nswapgate_unrelated = unread/**\n")
    of_rome(
        {
            path: json.dumps(names),
            "other.json": "{}",
            "finder.py": f"import json\n\nNAMES = json.load(open({path!r}))\n\n\n{rest}",
        },
        row,
    )
    cheap.write(path, json.dumps({key: value for key, value in names.items() if key != "Rome"}))
    result = against("-k", "small and not latency")
    assert cheap.verdicts(result)["small"] == wanted, cheap.reasons(result)
    is_told = f"{path}: edited, and not covered by the digest of finder:make" in "\n".join(cheap.reasons(result))
    assert is_told is (name not in ("listed", "unrelated"))


@pytest.mark.parametrize("known", [True, False])
def test_what_a_function_reads_beside_its_anchor(cheap, of_rome, commit, against, known):
    """A function whose digest is its anchor's is compared with that where its answers are others."""
    names = {"Ada": ["PER", 0.99], "Paris": ["LOC", 0.97]}
    _, rest = FINDS.lstrip().split("\n\n\n", 1)
    cheap.write("data/names.json", json.dumps({**names, "Rome": ["LOC", 0.9]}))
    of_rome({"finder.py": f"import json\n\nNAMES = json.load(open('data/names.json'))\n\n\n{rest}"})
    cheap.replace(cheap.models_file, 'against = "incumbent"', 'against = "anchor"')
    cheap.run("-m", "small and not latency", "--snapshot-update")
    commit()
    cheap.write(
        "data/names.json", json.dumps({**names, **({"Rome": ["LOC", 0.9]} if known else {}), "York": ["LOC", 1]})
    )
    result = against("-k", "small and not latency")
    assert cheap.verdicts(result)["small"] == ("PASS" if known else "FAIL"), cheap.reasons(result)
    assert ("the anchor finder:make" in result.stdout.str()) is not known


def test_what_a_function_does_not_read(cheap, of_rome, against):
    """An edit of a file that changes no answer is told, and changes no verdict."""
    names = FINDS.replace("NAMES = {", 'NAMES = {"Rome": ("LOC", 0.9), ')
    of_rome({"finder.py": names, "lib/other.json": "1", "README.md": "1"})
    for name in ("lib/other.json", "new.json", "README.md"):
        cheap.write(name, "2")
    result = against("-k", "small and not latency")
    assert cheap.verdicts(result)["small"] == "PASS", cheap.reasons(result)
    said = "\n".join(cheap.reasons(result))
    assert "ner/small: lib/other.json, new.json: edited, and not covered by the digest of finder:make" in said
    assert "name in its row what it reads (files = […])" in said


def test_files_that_a_change_brings(cheap, commit, git, against):
    """Files of a function that the commit names and has not, and the change puts into git, cannot judge themselves."""
    cheap.write(".gitignore", (cheap.path / ".gitignore").read_text() + "weights/\n")
    cheap.write("weights/a.bin", "weights")
    cheap.write("finder.py", FINDS)
    row = {"id": "a", "text": "Ada.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}
    cheap.write("fixtures/ner/set.jsonl", json.dumps(row) + "\n")
    cheap.replace(cheap.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    bring(cheap, 'model = "finder:make"\nfiles = ["../../weights"]')
    commit()
    git("add", "--force", "weights")
    result = against("-k", "small and not latency")
    assert (
        "has not in git what the change brings, and no change can judge itself: 'weights/a.bin'" in result.stdout.str()
    )
