"""`--against REF` where a change adds, removes or renames rows."""

import shutil

import pytest

TINY = """
[ner.tiny]
model = "../../models/tiny"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
gaps = { ada = "it does not know Paris", left_out = "it does not know Siemens" }
"""
SENTIMENT = """
[sentiment.original]
model = "../../models/original"
labels = { PER = "good" }
"""
SENTENCES = 'latency = "nice"\n\n[[case]]\nid = "nice"\ntext = "Nice."\nexpected = "good"\n'
IS_NEW = "note  {} is new: judged by its own row, cases and goldens"
KEEP_ITS_NAME = "; where it takes the place of one that is removed, keep that one's name: then it is judged as a swap"
IS_REMOVED = "note  {} is removed, as the commit says that it may be, and not judged"
MAY_GO = '[ner]\nremoved = ["{}"]\n'
GONE = (
    "INCOMPLETE  {}: the commit {} judges it and fixtures/models/embedded.toml has no such row any more; put it back"
    " (one with another model keeps its name, and is judged as a swap), or remove it in two changes, of which the first"
    ' says in [{}]: removed = ["{}"]'
)
CASE = '[[case]]\nid = "{}"\ntext = "It {} all day."\nexpected = []\n\n'
LATENCY = 'budget.latency = { against = "original", at_most = 1e6 }\n'
PERSON = '[{ label = "PER", start = 0, end = 3, text = "Ada" }]'
RAIN = CASE.format("nobody", "rained")


@pytest.fixture
def add_tiny(committed):
    """Add a tier to the models file, before or behind the others."""

    def run(place="last"):
        committed.model("tiny", {"Ada": ["PER", 0.7]}, size=4)
        rows = [committed.models_file.read_text(), TINY]
        committed.models_file.write_text("".join(rows if place == "last" else reversed(rows)))

    return run


@pytest.fixture
def may_go(committed, commit):
    """Let the commit say that a tier may be removed."""

    def run(tier):
        committed.models_file.write_text(MAY_GO.format(tier) + committed.models_file.read_text())
        commit()

    return run


def remove_small(project):
    """Remove the small tier with its model and golden."""
    project.models_file.write_text(project.models_file.read_text().partition("[ner.small]")[0])
    shutil.rmtree(project.path / "models" / "small")
    project.golden().unlink()


@pytest.fixture
def notes(committed):
    """Return the notes of a run behind the one that names the commit."""

    def of(result):
        first, *others = [line for line in committed.reasons(result) if line.startswith("note")]
        assert first.startswith("note  judged by the rows, cases, goldens and limits of ")
        return others

    return of


def test_new_tier(committed, against, approve, add_tiny, notes):
    """A new tier is judged by its own row and goldens, and noted; without goldens it fails."""
    add_tiny()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "PASS", "tiny": "FAIL"})
    assert "golden/embedded/ner/tiny.json has no golden for it" in committed.reasons(result)[0]
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS", "tiny": "PASS"})
    assert notes(result) == [IS_NEW.format("ner/tiny")]


@pytest.mark.parametrize("place", ["first", "last"])
def test_new_tier_with_other_cases(committed, against, swap, approve, add_tiny, notes, place):
    """A new tier is judged by the cases of the change and the others by those of the commit, in whatever order."""
    swap(It=["MISC", 0.7])
    add_tiny(place)
    committed.replace(committed.cases_file, RAIN, CASE.format("snow", "snowed").replace("It", "There"))
    approve()
    result = against()
    assert (result.ret, committed.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL", "tiny": "PASS"})
    assert [one for one in committed.reasons(result) if one.startswith("FAIL  ner/small 'nobody': MISC 'It' 0-2")]
    ids = [line.split("[")[1].split("]")[0] for line in against("--collect-only", "-q").outlines if "_golden[" in line]
    assert sorted(ids) == sorted(
        [f"{tier}-{case}" for tier in ("original", "small") for case in ("ada", "nobody", "left_out")]
        + [f"tiny-{case}" for case in ("ada", "snow", "left_out")]
    )
    assert "note  cases of ner added: snow (not used)" in notes(result)


@pytest.mark.parametrize("how", ["added", "asks otherwise", "expects otherwise", "removed"])
def test_cases_without_their_goldens(committed, against, notes, how):
    """What a change does to a case judges the next one, red without its golden: so this one is INCOMPLETE."""
    snow = CASE.format("snow", "snowed").replace("It", "There")
    text = committed.cases_file.read_text()
    changed = {
        "added": text + snow,
        "asks otherwise": text.replace("It rained", "There rained"),
        "expects otherwise": text.replace(RAIN, RAIN.replace("It", "Ada").replace("[]", PERSON)),
        "removed": text.replace(RAIN, ""),
    }[how]
    assert changed != text
    committed.cases_file.write_text(changed)
    result = against()
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "INCOMPLETE", "small": "INCOMPLETE"})
    name = "snow" if how == "added" else "nobody"
    assert (
        f"INCOMPLETE  ner/small: the change adds, edits or removes '{name}', and golden/embedded/ner/small.json is not"
        ' recorded anew; type: pytest -m "ner and small and not quality and not latency" --snapshot-update'
    ) in committed.reasons(result)
    committed.run("-k", "golden", "--snapshot-update")
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})


def test_latency_of_a_new_tier(committed, commit, add_tiny):
    """A new tier and what it is measured beside take the same input: that of the change."""
    committed.model("original", {**committed.lexicon("original"), "snowed": ["CRASH", 0]}, size=40)
    committed.run("-k", "golden", "--snapshot-update")
    commit()
    add_tiny()
    committed.replace(committed.models_file, "gaps = { ada", f"{LATENCY}gaps = {{ ada")
    committed.replace(committed.cases_file, 'latency = "ada"\n', 'latency = "snow"\n\n' + CASE.format("snow", "snowed"))
    result = committed.run("--against=HEAD", "-k", "latency and tiny")
    assert committed.verdicts(result) == {"tiny": "ERROR"}
    assert "the model cannot read this" in committed.reasons(result)[0]


def test_orphan_of_a_new_tier(committed, against, approve, add_tiny):
    """A golden of a new tier with a case that only the commit still has is red there, and doubted for others."""
    add_tiny()
    approve()
    committed.replace(committed.cases_file, RAIN, "")
    result = against()
    others = {"original": "INCOMPLETE", "small": "INCOMPLETE"}
    assert (result.ret, committed.verdicts(result)) == (1, {**others, "tiny": "FAIL"})
    red = (
        "FAIL  ner/tiny 'nobody': golden/embedded/ner/tiny.json has a golden for it, but there is no such case any more"
    )
    assert [one for one in committed.reasons(result) if one.startswith(red)]


def test_removed_tier(committed, against, may_go, notes):
    """A tier that the change removes, and the commit says that it may, is not judged, and noted."""
    may_go("small")
    remove_small(committed)
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS"})
    assert notes(result) == [IS_REMOVED.format("ner/small")]


@pytest.mark.parametrize("said", ["nothing", "by_the_change", "of_another"])
def test_removed_tier_of_which_nobody_knew(committed, git, against, may_go, workers, said):
    """A tier that the change removes is INCOMPLETE where the commit does not say that it may, but the change."""
    if said == "of_another":
        may_go("original")
    remove_small(committed)
    if said == "by_the_change":
        rows = committed.models_file.read_text()
        committed.models_file.write_text(MAY_GO.format("small") + rows)
    result = against(*workers)
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    assert committed.reasons(result)[0] == GONE.format("ner/small", git("rev-parse", "HEAD")[:12], "ner", "small")


def test_removed_suite_with_changed_since(two, against):
    """A suite that is removed is INCOMPLETE also where only what changed is judged, and nothing else did."""
    two.models_file.write_text(two.models_file.read_text().partition("[sentiment.original]")[0])
    result = against("--changed-since=HEAD")
    assert result.ret == 7
    told = [line for line in two.reasons(result) if line.startswith("INCOMPLETE")]
    assert [line.split(":")[0] for line in told] == ["INCOMPLETE  sentiment/original", "INCOMPLETE  sentiment/small"]


def test_removed_tier_that_nobody_asked_for(committed, against):
    """A removed tier is no matter where the command line takes others alone, and it is where the name is its own."""
    remove_small(committed)
    assert against("-m", "original and not latency").ret == 0
    result = against("-k", "small or large", "-m", "")
    assert committed.verdicts(result) == {"small": "INCOMPLETE"}
    assert result.ret != 0


@pytest.mark.parametrize(("size", "verdict"), [(20, "PASS"), (40, "FAIL")], ids=["within", "exceeds"])
def test_removed_reference(committed, against, swap, approve, may_go, notes, size, verdict):
    """A budget of the commit holds beside a tier that the change removes."""
    may_go("original")
    swap(size=size, Ada=["PER", 0.9])
    rows = committed.models_file.read_text().replace(MAY_GO.format("original"), "").partition("[ner.small]")
    committed.models_file.write_text("".join(rows[1:]).replace('against = "original"', 'against = "incumbent"'))
    shutil.rmtree(committed.path / "models" / "original")
    committed.golden("original").unlink()
    approve()
    result = against()
    assert committed.verdicts(result) == {"small": verdict}
    assert ("(> 0.9)" if verdict == "FAIL" else "(≤ 0.9)") in committed.table(result)[1]
    assert IS_REMOVED.format("ner/original") in notes(result)


def test_renamed_tier(committed, git, against, notes):
    """A tier under another name is a new one beside a removed one: INCOMPLETE, and told how it would be a swap."""
    committed.replace(committed.models_file, "[ner.small]", "[ner.tiny]")
    committed.golden().unlink()
    committed.run("-k", "golden", "--snapshot-update")
    result = against()
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "tiny": "PASS", "small": "INCOMPLETE"})
    assert committed.reasons(result)[0] == GONE.format("ner/small", git("rev-parse", "HEAD")[:12], "ner", "small")
    assert notes(result) == [IS_NEW.format("ner/tiny") + KEEP_ITS_NAME]


def test_new_task(committed, against, notes):
    """A new task is noted; its cases are no edits that do not count."""
    committed.models_file.write_text(committed.models_file.read_text() + SENTIMENT)
    committed.write("fixtures/sentiment/cases.toml", SENTENCES)
    committed.write("fixtures/sentiment/words.txt", "nice")
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert notes(result) == [IS_NEW.format("sentiment/original")]


@pytest.mark.parametrize("may", [True, False], ids=["said_before", "unsaid"])
def test_removed_task(committed, commit, against, notes, may):
    """A task that the change removes is noted where the commit says that it may be, else INCOMPLETE."""
    rows = committed.models_file.read_text()
    committed.models_file.write_text(rows + '[sentiment]\nremoved = ["original"]\n' * may + SENTIMENT)
    committed.write("fixtures/sentiment/cases.toml", SENTENCES)
    commit()
    committed.models_file.write_text(rows)
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0 if may else 7, {"original": "PASS", "small": "PASS"})
    dropped = 'note  fixtures/models/embedded.toml: sentiment.removed: ["original"] → nothing (not used; once merged, '
    dropped += "the next change is judged by it)"
    assert notes(result) == [dropped, IS_REMOVED.format("sentiment/original")] * may
    told = [line.startswith("INCOMPLETE  sentiment/original: the commit ") for line in committed.reasons(result)]
    assert any(told) is not may


def test_what_is_done_with_long_inputs(committed, against):
    """A change cannot let inputs be cut that the commit refuses: its own word is told as not used."""
    committed.replace(committed.models_file, "[ner.small]\n", '[ner.small]\nlong = "truncate"\n')
    result = against()
    assert committed.verdicts(result) == {"original": "PASS", "small": "PASS"}
    note = 'note  fixtures/models/embedded.toml: ner.small.long: nothing → "truncate" (not used)'
    assert note in committed.reasons(result)
