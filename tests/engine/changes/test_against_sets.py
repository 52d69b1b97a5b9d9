"""`--against REF` and evaluation sets: quality is measured on the commit's."""

import json
import shutil

import pytest

from swapgate.models.digest import folder_digest

QUALITY = "def test_quality(quality, budget):\n    assert quality >= budget.quality\n\n\ndef test_size("
SET = "fixtures/ner/set.jsonl"


def rows(word):
    """Return the text of a set of sixty rows, each second one with this word and the others with one that all know."""
    lines = []
    for number, name in enumerate(["Ada", word] * 30):
        answer = {"label": "PER", "start": 0, "end": len(name), "text": name}
        lines.append(json.dumps({"id": f"row {number}", "text": f"{name} paid {number}.", "expected": [answer]}) + "\n")
    return "".join(lines)


@pytest.fixture
def measured(committed, commit):
    """A project with an evaluation set of a name that all models know and no case has."""
    committed.write(SET, rows("Bob"))
    committed.replace(committed.cases_file, "latency =", 'evaluation = "set.jsonl"\nlatency =')
    committed.replace(committed.suite, "def test_size(", QUALITY)
    for tier in ("original", "small"):
        words = {**committed.lexicon(tier), "Bob": ["PER", 0.9]}
        committed.model(tier, words, size={"original": 40, "small": 20}[tier])
    committed.run("-k", "golden", "--snapshot-update")
    commit()
    return committed


@pytest.mark.parametrize(
    ("edit", "note"),
    [
        ("rows", f"evaluation set of ner edited: {SET} (not used)"),
        ("name", f"evaluation set of ner edited: {SET}, fixtures/ner/other.jsonl (not used)"),
        ("none", f"evaluation set of ner edited: {SET}, none (not used)"),
    ],
    ids=["rows", "name", "none"],
)
def test_edited(measured, against, swap, edit, note):
    """A set that the change edits, exchanges or takes away does not count, and is listed."""
    swap(Bob=None)
    if edit == "rows":
        measured.write(SET, rows("Ada"))
    elif edit == "name":
        measured.write("fixtures/ner/other.jsonl", rows("Ada"))
        measured.replace(measured.cases_file, "set.jsonl", "other.jsonl")
    else:
        measured.replace(measured.cases_file, 'evaluation = "set.jsonl"\n', "")
    measured.run("-k", "golden", "--snapshot-update")
    assert measured.run("-k", "small and not latency").ret == 0
    result = against()
    assert (result.ret, measured.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert "models/small@" in measured.reasons(result)[0]
    assert f"note  {note}" in measured.reasons(result)


def test_option(measured, against, swap):
    """A set of --eval-set that lies in the project is the commit's, too."""
    swap(Bob=None)
    measured.write(SET, rows("Ada"))
    result = against(f"--eval-set=ner={SET}")
    assert measured.verdicts(result) == {"original": "PASS", "small": "FAIL"}


def test_option_for_a_new_task(measured, against):
    """--eval-set may name a task that the change adds."""
    row = '[sentiment.original]\nmodel = "../../models/original"\nlabels = { PER = "good" }\n'
    measured.models_file.write_text(measured.models_file.read_text() + row)
    case = 'id = "nice"\ntext = "Nice."\nexpected = "good"\n'
    measured.write("fixtures/sentiment/cases.toml", f'latency = "nice"\n\n[[case]]\n{case}')
    measured.write("set.jsonl", '{"id": "one", "text": "Nice.", "expected": "good"}\n')
    result = against("--eval-set=sentiment=set.jsonl", "-k", "expected")
    assert (result.ret, measured.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


def test_out_of_git(measured, git, commit, against):
    """A set that git does not keep is used as it is now, and that is noted."""
    measured.write(".gitignore", "set.jsonl\n" + (measured.path / ".gitignore").read_text())
    git("rm", "--quiet", "--cached", SET)
    commit()
    measured.write(SET, rows("Eve"))
    result = against("-k", "small")
    assert "F1 0.667" in measured.table(result)[1]
    head = git("rev-parse", "HEAD")[:12]
    assert f"note  not in git at {head}, and used as they are now: {SET}" in measured.reasons(result)


def test_missing(measured, git, commit, against):
    """A set that neither the commit nor the project has ends with one message."""
    git("rm", "--quiet", SET)
    commit()
    measured.write(SET, rows("Ada"))
    measured.replace(measured.cases_file, "set.jsonl", "other.jsonl")
    measured.write("fixtures/ner/other.jsonl", rows("Ada"))
    (measured.path / SET).unlink()
    result = against()
    assert result.ret == 4
    result.stderr.fnmatch_lines("ERROR: --against HEAD: HEAD:fixtures/ner/cases.toml: evaluation: no evaluation set *")


@pytest.fixture
def blind(measured, commit):
    """The same, whose models read a key of their config that the digest takes for a mere trace: who is forgotten."""
    lexicon = 'source.config["lexicon"]'
    forgets = f"{{word: one for word, one in {lexicon}.items() if word != source.config.get('_name_or_path')}}"
    measured.replace(measured.path / "fake_model.py", f"self.lexicon = {lexicon}", f"self.lexicon = {forgets}")
    commit()
    return measured


def forget(project, tier, word):
    """Edit a model so that it forgets a word, and its digest stays."""
    folder = project.path / "models" / tier
    before = folder_digest(folder)
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_name_or_path": word}))
    assert folder_digest(folder) == before


def test_edit_that_the_digest_does_not_see(blind, against):
    """Rows are paired with those of the commit's model where the digest stays and the bytes do not."""
    forget(blind, "small", "Bob")
    result = against("--changed-since=HEAD")
    assert (result.ret, blind.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    failed = blind.reasons(result)[0]
    assert "that of models/small@" in failed
    assert "; its files or its row were edited: put those of models/small@" in failed
    assert "swapped in" not in result.stdout.str()


def test_edit_that_the_digest_does_not_see_of_a_reference(blind, against, commit):
    """A tier is measured beside the model that the commit has in its reference's place, not beside an edited one."""
    blind.replace(
        blind.models_file, "budget.size", 'budget.quality = { against = "original", margin = 0.05 }\nbudget.size'
    )
    blind.retrain("small", Bob=None)
    blind.run("-k", "golden", "--snapshot-update")
    commit()
    forget(blind, "original", "Bob")
    result = against("-k", "quality")
    assert blind.verdicts(result) == {"original": "FAIL", "small": "FAIL"}
    assert any(
        "that of models/original@" in line for line in blind.reasons(result) if line.startswith("FAIL  ner/small")
    )


def test_edit_that_changes_no_row(blind, against):
    """Other bytes that say the same of all rows pass, also of a set too small to judge a swap by."""
    forget(blind, "small", "Nobody")
    result = against("--changed-since=HEAD")
    assert (result.ret, blind.verdicts(result)["small"]) == (0, "PASS")


@pytest.mark.parametrize("edit", ["edited", "all ignored"])
def test_edit_of_a_model_that_git_has_in_part(blind, git, commit, against, edit):
    """Where the commit has a part of a model it cannot be asked: INCOMPLETE where that was edited."""
    blind.write(".gitignore", "/models/small/*.safetensors\n" + (blind.path / ".gitignore").read_text())
    git("rm", "--quiet", "--cached", "models/small/model.safetensors")
    if edit == "all ignored":
        git("rm", "--quiet", "--cached", "models/small/config.json")
        blind.write(".gitignore", "/models/small/\n" + (blind.path / ".gitignore").read_text())
    commit()
    forget(blind, "small", "Nobody")
    result = against()
    assert blind.verdicts(result)["small"] == ("INCOMPLETE" if edit == "edited" else "PASS")
    doubt = (
        "names and has not in git what the change brings, and no change can judge itself: 'models/small/config.json'"
    )
    assert any(doubt in line for line in blind.reasons(result)) == (edit == "edited")


@pytest.mark.parametrize("name", ["", "/config.json"], ids=["folder", "file"])
def test_edit_of_a_model_behind_a_link_out_of_the_commit(blind, commit, against, name):
    """A link that leads into the working tree shows no commit's model, whatever the digest of what lies there."""
    place, path = blind.path / "store", blind.path / f"models/small{name}"
    shutil.move(path, place)
    path.symlink_to(place)
    commit()
    forget(blind, "small", "Nobody")
    result = against()
    assert blind.verdicts(result)["small"] == "INCOMPLETE"
    assert "no change can judge itself: 'store" in result.stdout.str()


@pytest.fixture
def fetched(measured, git, commit):
    """A project whose set git ignores, and which is fetched before it is judged."""
    measured.write(".gitignore", "data/\nset.jsonl\n" + (measured.path / ".gitignore").read_text())
    git("rm", "--quiet", "--cached", SET)
    commit()
    return measured


@pytest.mark.parametrize("way", ["file", "link", "folder"])
def test_set_that_a_change_brings(fetched, git, commit, against, way):
    """A set that the commit names and has not is no judge where the change has it in git, as a file or behind links."""
    if way == "folder":
        fetched.replace(fetched.cases_file, "set.jsonl", "../../data/ner/set.jsonl")
        fetched.write("data/ner/set.jsonl", rows("Bob"))
        commit()
        shutil.rmtree(fetched.path / "data")
        fetched.write("other/ner/set.jsonl", rows("Ada"))
        (fetched.path / "data").symlink_to("other")
        git("add", "--force", "data", "other/ner/set.jsonl")
    elif way == "link":
        (fetched.path / SET).unlink()
        fetched.write("fixtures/ner/easy.jsonl", rows("Ada"))
        (fetched.path / SET).symlink_to("easy.jsonl")
        git("add", "--force", SET, "fixtures/ner/easy.jsonl")
    else:
        fetched.write(SET, rows("Ada"))
        git("add", "--force", SET)
    git("commit", "--quiet", "--message=easy")
    result = against("-k", "small", ref="HEAD~1")
    assert (result.ret, fetched.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    assert "names and has not in git what the change brings, and no change can judge itself: " in result.stdout.str()


def test_set_of_an_option_that_a_change_brings(measured, commit, against):
    """The same of --eval-set, which the caller says and the change must not write."""
    measured.write("mine.jsonl", rows("Ada"))
    commit()
    result = against("--eval-set=ner=mine.jsonl", "-k", "small", ref="HEAD~1")
    assert (result.ret, measured.verdicts(result)) == (7, {"small": "INCOMPLETE"})
