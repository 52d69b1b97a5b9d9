"""`--against REF`: what a change takes out of git and leaves in the working tree is not passed over."""

import shutil

import pytest

FILES = 'files = ["../../prompts/bad.md", "../../prompts/more"]'
SIZE = 'budget.size = { against = "original", at_most = 0.9 }\n'
BOTH = ("original", "small")
SET = '{"id": "one", "text": "Ada paid.", "expected": [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]}\n'
TAKEN = "taken out by the change, and used as it still lies here: "


@pytest.fixture
def withdraw(committed, git):
    """Take files out of git and leave them where they are, in a commit that hides them or does not."""

    def run(*names: str, hidden_by: str = ".gitignore", lines: str = "") -> None:
        path = committed.path / hidden_by
        if lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lines + (path.read_text() if path.exists() else ""))
        git("rm", "--quiet", "-r", "--cached", *names)
        git("add", ".gitignore")
        git("commit", "--quiet", "--allow-empty", "--message=out")

    return run


@pytest.mark.parametrize(
    ("hidden_by", "lines", "rule"),
    [
        (".gitignore", "/models/\n", ".gitignore:1:/models/"),
        ("models/small/.gitignore", "*.json\n*.safetensors\n", "models/small/.gitignore:1:*.json"),
        (".git/info/exclude", "models\n", ".git/info/exclude:1:models"),
        (".gitignore", "", ""),
    ],
    ids=["gitignore", "nested", "exclude", "not hidden"],
)
def test_model(committed, withdraw, against, hidden_by, lines, rule):
    """A model that git keeps no longer is INCOMPLETE, whatever hides it; the line that does is named."""
    withdraw("models/small", hidden_by=hidden_by, lines=lines)
    result = against(ref="HEAD~1")
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    (reason,) = [line for line in committed.reasons(result) if TAKEN in line]
    ignored = f"; git ignores it by {rule}" if rule else ""
    assert f"{TAKEN}models/small{ignored}; put it back: git add --force -- models/small " in reason
    assert not any("edited below model folders" in line for line in committed.reasons(result))


def test_back_in_git(committed, withdraw, git, against):
    """What the message says to type makes it PASS again."""
    withdraw("models/small", lines="/models/\n")
    git("add", "--force", "--", "models/small")
    assert against(ref="HEAD~1").ret == 0


def test_never_in_git(committed, withdraw, against):
    """A model that the commit before had not in git either is judged as it lies there."""
    withdraw("models/small", lines="/models/\n")
    result = against()
    assert (result.ret, TAKEN in result.stdout.str()) == (0, False)


@pytest.mark.parametrize(
    ("name", "tiers"),
    [
        ("fixtures/models/embedded.toml", BOTH),
        ("fixtures/ner/cases.toml", BOTH),
        ("fixtures/ner/set.jsonl", BOTH),
        ("golden/embedded/ner/small.json", ("small",)),
        ("tests/test_ner.py", BOTH),
        ("conftest.py", BOTH),
        ("pytest.ini", BOTH),
    ],
)
def test_what_judges(committed, commit, withdraw, against, name, tiers):
    """The same of whatever judges, for the tiers that it judges."""
    committed.write("fixtures/ner/set.jsonl", SET)
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    commit()
    withdraw(name)
    result = against("-k", "not quality", ref="HEAD~1")
    assert result.ret == 7
    told = [
        line for line in committed.reasons(result) if f"{TAKEN}{name}; put it back: git add --force -- {name} " in line
    ]
    assert [line.split()[1].rstrip(":") for line in told] == [f"ner/{tier}" for tier in tiers]


def test_links(committed, commit, git, withdraw, against):
    """A link stands for what it leads to: one that is exchanged for its files takes nothing out, its target does."""
    shutil.move(committed.path / "models/small", committed.path / "store")
    (committed.path / "models/small").symlink_to("../store")
    commit()
    withdraw("store")
    result = against("-k", "small", ref="HEAD~1")
    assert committed.verdicts(result) == {"small": "INCOMPLETE"}
    assert f"{TAKEN}models/small; " in result.stdout.str()
    (committed.path / "models/small").unlink()
    shutil.move(committed.path / "store", committed.path / "models/small")
    commit()
    assert TAKEN not in against("-k", "small", ref="HEAD~2").stdout.str()


def test_repository_in_its_place(committed, git, against):
    """A model whose files a submodule takes over is no part of the commit any more."""
    git("-C", "models/small", "init", "--quiet")
    git("-C", "models/small", "add", "--all")
    git("-C", "models/small", "commit", "--quiet", "--message=mine")
    git("rm", "--quiet", "-r", "--cached", "models/small")
    git("-c", "advice.addEmbeddedRepo=false", "add", "models/small")
    git("commit", "--quiet", "--message=submodule")
    result = against("-k", "small", ref="HEAD~1")
    assert committed.verdicts(result) == {"small": "INCOMPLETE"}
    told = result.stdout.str()
    assert f"{TAKEN}models/small; " in told
    assert (
        "git rm --cached --ignore-unmatch -- models/small, then take the .git in it away, then git add --force" in told
    )
    git("rm", "--quiet", "--cached", "--ignore-unmatch", "--", "models/small")
    shutil.rmtree(committed.path / "models/small/.git")
    git("add", "--force", "--", "models/small")
    assert against("-k", "small", ref="HEAD~1").ret == 0


FUNCTION = """from serving.words import NAMES


def make():
    ada = {"entity_group": "PER", "score": 0.9, "start": 0, "end": 3, "word": "Ada"}
    return lambda texts: [[ada] if text.startswith("Ada") else [] for text in texts]
"""


@pytest.fixture
def function(committed, commit):
    """A commit whose small tier is a function, of files that its row names and a module that it imports."""
    committed.write("serving/model.py", FUNCTION)
    committed.write("serving/words.py", "NAMES = 1\n")
    committed.write("serving/other.py", "NAMES = 1\n")
    for name in ("bad.md", "more/LICENSE", "more/a.txt", "more/__pycache__/b.pyc"):
        committed.write(f"prompts/{name}", "text")
    committed.replace(committed.models_file, SIZE, "")
    committed.replace(committed.models_file, '"../../models/small"', '"serving.model:make"\n' + FILES)
    committed.run("-k", "golden", "--snapshot-update", "--accept-drift")
    commit()
    return committed


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("prompts/bad.md", "prompts/bad.md"),
        ("prompts/more/LICENSE", "prompts/more"),
        ("prompts/more/a.txt", "prompts/more"),
        ("serving/words.py", "serving/words.py"),
        ("serving/model.py", "serving/model.py"),
        ("serving/other.py", ""),
    ],
)
def test_function(function, withdraw, against, name, shown):
    """Of a function its module, what this imports and whatever its row names counts as a model's files do."""
    withdraw(name)
    result = against("-k", "small and not expected", ref="HEAD~1")
    assert function.verdicts(result)["small"] == ("INCOMPLETE" if shown else "PASS")
    assert (f"{TAKEN}{shown}; put it back: git add --force -- {shown} (" in result.stdout.str()) is bool(shown)


def test_changed_since_of_a_function(function, withdraw):
    """`--changed-since` counts a function of which git has everything as kept, and a file of its row as its own."""
    result = function.run("--changed-since=HEAD", "-k", "size")
    assert "note  changed since HEAD: nothing that a verdict depends on" in function.reasons(result)
    function.write("prompts/bad.md", "other")
    result = function.run("--changed-since=HEAD", "-k", "size")
    assert "note  changed since HEAD: ner (prompts/bad.md)" in function.reasons(result)


def test_what_judges_nothing(committed, commit, withdraw, against):
    """Other files are noted, and what no loader reads of a model makes nothing INCOMPLETE."""
    names = ["models/small/README.md", "models/small/.DS_Store", "models/small/runs/1.txt"]
    for name in names:
        committed.write(name, "text")
    commit()
    withdraw("fake_model.py", *names, lines=".DS_Store\nruns\n")
    result = against(ref="HEAD~1")
    assert result.ret == 0
    assert committed.reasons(result)[-1] == "note  taken out of git, and used as they still lie here: fake_model.py"


def test_incumbent_that_stays_behind(committed, swap, approve, withdraw, commit, against):
    """The model that a swap leaves may leave git with it."""
    swap(Ada=["PER", 0.95])
    approve()
    commit()
    withdraw("models/small")
    result = against("-k", "small", ref="HEAD~2")
    assert (result.ret, TAKEN in result.stdout.str()) == (0, False)


def test_changed_since(committed, withdraw):
    """`--changed-since` counts it as changed."""
    withdraw("models/small", lines="/models/\n")
    result = committed.run("--changed-since=HEAD~1", "-k", "size")
    assert "note  changed since HEAD~1: ner (models/small/config.json)" in committed.reasons(result)
