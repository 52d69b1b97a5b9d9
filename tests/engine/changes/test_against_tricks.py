"""`--against REF`: what a change, or something beside it, could do to approve of itself, and does not."""

import codecs
import os
import re
import shutil
from importlib.metadata import version

import pytest

from swapgate.changes.against import lies_in

USED = "note  edited, and used as they are now: "
PROPERTY = """
import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(text=st.text())
def test_spaces(model, text):
    assert model.predict([text])


"""
IMAGES = """
[image-classification.original]
model = "../../models/original"
labels = { O = "no", "B-PER" = "cat", "B-ORG" = "dog", "B-LOC" = "cow", "B-MISC" = "odd" }
"""
PICTURES = 'latency = "cat"\n\n[[case]]\nid = "cat"\nimage = "cat.png"\nexpected = "cat"\n'


@pytest.fixture
def worse(committed):
    """A change that makes the small model worse and approves of itself."""
    committed.retrain("small", Ada=["PER", 0.5])
    committed.run("-k", "golden", "--snapshot-update")
    assert committed.run("-m", "small and not latency").ret == 0
    return committed


def see_fail(project, result):
    """See that the change failed by the golden of the commit."""
    assert (result.ret, project.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert any("fell by 0.4900, allowed 0.1" in reason for reason in project.reasons(result))


def test_attributes(worse, against):
    """Attributes of the change, such as another encoding, are not those by which the commit is read."""
    worse.write(".gitattributes", "*.toml working-tree-encoding=UTF-16\n*.json working-tree-encoding=UTF-16\n")
    result = against()
    see_fail(worse, result)
    assert f"{USED}.gitattributes" in worse.reasons(result)


def test_attributes_of_the_commit(committed, commit, git, against):
    """Attributes of the commit are those by which it is read."""
    committed.write(".gitattributes", "embedded.toml text working-tree-encoding=UTF-16\n")
    text = committed.models_file.read_text()
    committed.models_file.write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    commit()
    committed.models_file.write_text(text)
    committed.path.joinpath(".gitattributes").unlink()
    result = against()
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: --against HEAD: HEAD:fixtures/models/embedded.toml: cannot be read: *")


def test_replaced_commit(worse, commit, git, against):
    """A commit that git was told to replace by another is read as it was."""
    first = git("rev-parse", "HEAD")
    git("replace", first, commit())
    see_fail(worse, against(ref=first))


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_flags_of_the_index(committed, git, against, flag):
    """Files that git was told to pass over are listed all the same."""
    git("update-index", flag, "tests/test_ner.py", "fixtures/models/embedded.toml", "golden/embedded/ner/small.json")
    committed.replace(committed.suite, "def test_size(size, budget):\n    assert size <= budget.size\n", "")
    committed.write("golden/embedded/ner/small.json", committed.golden().read_text() + "\n")
    result = against()
    assert f"{USED}tests/test_ner.py" in committed.reasons(result)
    notes = [line for line in committed.reasons(result) if line.startswith("note")]
    assert notes[1].endswith("judge: golden/embedded/ner/small.json")


def test_same_time_and_size(committed, git, against):
    """An edit that leaves a file's time and size as they were is listed."""
    status = committed.suite.stat()
    git("-c", "core.trustctime=false", "-c", "core.checkStat=minimal", "status")
    git("config", "core.trustctime", "false")
    git("config", "core.checkStat", "minimal")
    committed.replace(
        committed.suite, "size <= budget.size", "size <= budget.size".replace("<", ">").replace(">=", "==")
    )
    os.utime(committed.suite, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert f"{USED}tests/test_ner.py" in committed.reasons(against("-k", "expected"))


@pytest.mark.parametrize(
    "name",
    [
        "golden/embedded/ner/small.json",
        "fixtures/ner/cases.toml",
        "fixtures/models/embedded.toml",
        "fixtures",
        "golden",
    ],
    ids=[f"link {number}" for number in range(5)],
)
def test_link_out_of_the_repository(committed, commit, against, tmp_path_factory, name):
    """What judges must be in the commit: a link that leads elsewhere is refused."""
    outside = tmp_path_factory.mktemp("elsewhere") / "it"
    shutil.move(committed.path / name, outside)
    (committed.path / name).symlink_to(outside)
    commit()
    result = against()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: --against HEAD: HEAD:* leads out of the repository, where git has no older one; *"
    )


def test_links_of_a_model(tmp_path):
    """A model lies in a commit where all that its links lead to does, also what is behind a second one."""
    tree, model, shared = (tmp_path / name for name in ("tree", "tree/model", "tree/shared"))
    for folder in (model, shared, tmp_path / "outside"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    (model / "1_Pooling").symlink_to(shared)
    assert lies_in(model, tree)
    (shared / "deep").symlink_to(tmp_path / "outside")
    assert not lies_in(model, tree)


def test_link_in_the_repository(committed, commit, against):
    """A link within the repository leads to the file of the commit."""
    real = committed.path / "real.json"
    shutil.move(committed.golden(), real)
    committed.golden().symlink_to("../../../real.json")
    commit()
    committed.retrain("small", Ada=["PER", 0.5])
    real.write_text(real.read_text().replace("0.99", "0.5"))
    see_fail(committed, against())


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("tests/test_ner.py", 7),
        ("tests/test_mine.py", 0),
        ("tests/conftest.py", 7),
        ("pytest.ini", 7),
        ("fake_model.py", 0),
        ("constraints.txt", 0),
        (".github/ci.yml", 0),
    ],
    ids=[f"file {number}" for number in range(7)],
)
def test_what_judges_as_it_is_now(committed, against, name, status):
    """Tests, configuration and whatever else is not the commit's are listed where the change edits them."""
    path = committed.path / name
    committed.write(name, path.read_text() + "\n" if path.exists() else "")
    result = against()
    assert result.ret == status
    assert committed.reasons(result)[-1] == f"{USED}{name}"


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/index.rst",
        "fixtures/ner/README.md",
        "golden/hub/ner/small.json",
        "fixtures/models/hub.toml",
        "models/small/README.md",
    ],
    ids=[f"file {number}" for number in range(6)],
)
def test_what_judges_nothing(committed, against, name):
    """Texts for people, and what belongs to another models file, are not listed."""
    committed.write(name, "text")
    assert len(committed.reasons(against())) == 1


def test_name_that_is_no_text(committed):
    """A file whose name holds bytes that are no text is listed all the same."""
    with open(os.fsencode(committed.path) + b"/\xff.py", "wb"):
        pass
    reports = ("--verdict-json=verdict.json", "--verdict-md=verdict.md", "--junitxml=junit.xml")
    result = committed.run("--against=HEAD", "-m", "not latency", *reports)
    assert result.ret == 0
    assert ".py" in committed.reasons(result)[1]


def test_input_file(committed, commit, against):
    """An input file that the change exchanges is not used, and listed with its case."""
    committed.models_file.write_text(committed.models_file.read_text() + IMAGES)
    committed.write("fixtures/image-classification/cases.toml", PICTURES)
    committed.write("fixtures/image-classification/cat.png", "a cat")
    ref = commit()
    committed.write("fixtures/image-classification/cat.png", "an easier cat")
    result = against(ref=ref)
    assert committed.reasons(result)[1:] == [
        "note  cases of image-classification edited: cat (what its file holds) (not used)",
        f"note  edited, but those of {ref[:12]} judge: fixtures/image-classification/cat.png",
    ]


@pytest.mark.parametrize("beside", [False, True], ids=["models_inside", "models_beside"])
def test_project_in_a_folder(recorded, git, commit, monkeypatch, tmp_path_factory, beside):
    """A project may be a folder of the repository, its models may lie beside it, and nothing else there is listed."""
    top = tmp_path_factory.mktemp("whole")
    shutil.copytree(recorded.path, top / "judge")
    for name in ("models_file", "cases_file", "suite"):
        setattr(recorded, name, top / "judge" / getattr(recorded, name).relative_to(recorded.path))
    recorded.path = top / "judge"
    if beside:
        shutil.move(top / "judge" / "models", top / "models")
        recorded.models_file.write_text(recorded.models_file.read_text().replace("../../models", "../../../models"))
    recorded.replace(recorded.models_file, '"original", at_most = 0.9', '"incumbent", at_most = 1.1')
    monkeypatch.chdir(top / "judge")
    git("init", "--quiet", "..")
    git("-C", "..", "add", "--all")
    commit()
    config = top / ("models" if beside else "judge/models") / "small" / "config.json"
    recorded.replace(config, "0.99", "0.5")
    (top / "ci.yml").write_text("")
    result = recorded.run("--against=HEAD", "-m", "not latency")
    see_fail(recorded, result)
    name = f"{top}/models/small" if beside else "models/small"
    digits = r" \([0-9a-f]{4,}…\)"
    names = rf"{name}{digits}, swapped in for {name}@{git('rev-parse', 'HEAD')[:7]}{digits}  "
    assert re.search(names, recorded.table(result)[2])
    assert "1.00 (≤ 1.1)" in recorded.table(result)[2]
    assert [line for line in recorded.reasons(result) if "ci.yml" in line] == []


def test_golden_that_the_commit_lacks(committed, commit, against, approve):
    """A golden that the commit lacks cannot be brought by the change."""
    text = committed.golden().read_text()
    committed.golden().unlink()
    commit()
    committed.golden().write_text(text)
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert committed.reasons(result)[0].startswith(
        "FAIL  ner/small 'ada': golden/embedded/ner/small.json has no golden"
    )


def test_package_that_pytest_runs(committed, commit, against):
    """An edited package that has tests is run on the way, and what it does to the process is everybody's."""
    committed.write("tests/others/test_sums.py", "def test_sums():\n    assert 1 + 1 == 2\n")
    ref = commit()
    committed.write("tests/others/__init__.py", "")
    result = against(ref=ref)
    assert result.ret == 7
    assert committed.reasons(result)[-1] == f"{USED}tests/others/__init__.py"


def test_file_of_the_commit_in_a_message(committed, commit, against):
    """A message names a file of the commit as git does, and never the temporary checkout."""
    committed.models_file.write_text(committed.models_file.read_text() + IMAGES)
    committed.write("fixtures/image-classification/cases.toml", PICTURES)
    committed.write("fixtures/image-classification/cat.png", "no picture")
    committed.write("tests/test_pictures.py", committed.suite.read_text().replace('"ner"', '"image-classification"'))
    ref = commit()
    result = against("-k", "cat and expected", ref=ref)
    assert result.ret == 7
    assert (
        f"ERROR  image-classification/original 'cat': {ref[:12]}:fixtures/image-classification/cat.png"
        in result.stdout.str()
    )
    assert "swapgate-" not in result.stdout.str().replace(f"swapgate-{version('swapgate')}", "")


def test_new_suite_file(committed, against):
    """A new suite file that cannot be imported is told as that of the working tree."""
    committed.write("tests/test_more.py", 'import pytest\nimport nothing\n\npytestmark = pytest.mark.task("ner")\n')
    result = against("--continue-on-collection-errors")
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "ERROR", "small": "ERROR"})
    assert "tests/test_more.py could not be imported" in committed.reasons(result)[0]


def test_property_gap_of_a_property_that_is_gone(committed, commit, against):
    """A known gap of the commit whose property the change takes away is refused as that of the commit."""
    gap = 'property_gaps.spaces = { example = { text = " " }, reason = "it counts them" }\n'
    text = committed.suite.read_text()
    committed.suite.write_text(PROPERTY + text.replace("import pytest", ""))
    committed.replace(committed.models_file, "gaps =", f"{gap}gaps =")
    commit()
    committed.suite.write_text(text)
    committed.replace(committed.models_file, gap, "")
    result = against()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: --against *: *embedded.toml: ner.small.property_gaps.spaces: * has no test_spaces*"
    )
