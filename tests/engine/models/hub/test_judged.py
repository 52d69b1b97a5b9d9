"""Public models as pytest judges them: out of the cache alone, at the commit that the row names."""

import json

import pytest

BERT = "dslim/bert-base-NER"
PLACE = "models--dslim--bert-base-NER"


@pytest.fixture
def published(recorded, hub, cache, swapgate, weights, monkeypatch):
    """A project whose small model is a public one, not in the cache yet; give the project and the commit."""
    monkeypatch.chdir(recorded.path)
    commit = hub.publish(BERT, weights)
    recorded.replace(recorded.models_file, '"../../models/small"', f'"{BERT}"\nrevision = "{commit}"')
    return recorded, commit


def run(project, hub, *options):
    """Run the tests of the small tier, see that the hub is not asked, and give status, verdict and reasons."""
    hub.requests.clear()
    result = project.run("-m", "small and not latency", *options)
    assert hub.requests == []
    return result.ret, project.verdicts(result).get("small"), project.reasons(result)


def test_absent(published, hub, cache):
    """A model that is not in the cache makes its tier INCOMPLETE, with the command that fetches it; nothing passes."""
    project, commit = published
    status, verdict, reasons = run(project, hub)
    assert (status, verdict) == (7, "INCOMPLETE")
    assert reasons == [
        f"INCOMPLETE  ner/small: {BERT}@{commit[:12]} is not in the cache of public models"
        f" ({cache / PLACE / 'snapshots' / commit}: no config.json); fetch it with: swapgate fetch ner.small"
        " --models=embedded"
    ]
    result = project.run("-m", "small and not latency")
    result.assert_outcomes(skipped=7, deselected=9)


def test_fetched(published, hub, swapgate):
    """Once it is fetched it is judged, as a swap of what made the golden, and its own golden remembers its commit."""
    project, commit = published
    assert swapgate("fetch", "ner.small")[0] == 0
    status, verdict, reasons = run(project, hub)
    assert (status, verdict) == (7, "INCOMPLETE")
    assert f"{BERT}@{commit[:12]} is judged as a swap; what was selected passes" in reasons[0]
    run(project, hub, "--snapshot-update")
    assert run(project, hub) == (0, "PASS", [])
    (made_by,) = json.loads(project.golden().read_text())["made_by"].values()
    assert (made_by["model"], made_by["revision"]) == (f"{BERT}@{commit[:12]}", commit)
    assert len(made_by["files"]) == 64


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_half_fetched(published, hub, cache, swapgate, name):
    """A snapshot that lacks a file is as absent as one that lacks all, and the file is named."""
    project, commit = published
    swapgate("fetch", "ner.small")
    (cache / PLACE / "snapshots" / commit / name).resolve().unlink()
    status, verdict, reasons = run(project, hub)
    assert (status, verdict) == (7, "INCOMPLETE")
    assert f"{commit}: no {name}" in reasons[0]


def test_missing_shard(published, hub, cache, swapgate, weights):
    """A shard that the index names and the cache lacks is named too."""
    project, commit = published
    shard = "model-00001-of-00001.safetensors"
    weights[shard] = weights.pop("model.safetensors")
    weights["model.safetensors.index.json"] = json.dumps({"weight_map": {"weight": shard}}).encode()
    hub.repositories[BERT].commits[commit] = weights
    swapgate("fetch", "ner.small")
    (cache / PLACE / "snapshots" / commit / shard).unlink()
    assert f"{commit}: no {shard}); fetch it" in run(project, hub)[2][0]


def test_files_that_changed(published, hub, swapgate, weights):
    """Other files under an accepted commit are an ERROR, no swap, and never recorded; fetched again all is well."""
    project, commit = published
    swapgate("fetch", "ner.small")
    run(project, hub, "--snapshot-update")
    there = project.golden().read_text()
    whole = hub.repositories[BERT].commits[commit]
    hub.repositories[BERT].commits[commit] = {**whole, "tokenizer.json": b'{"model": {"vocab": {"x": 1}}}'}
    swapgate("fetch", "ner.small")
    told = (
        f"ERROR  ner/small: the files of {BERT}@{commit[:12]} are not those that were accepted, and those of a commit"
        " never change: fetch them again with: swapgate fetch ner.small --models=embedded"
    )
    assert run(project, hub) == (7, "ERROR", [told])
    assert run(project, hub, "--snapshot-update")[1] == "ERROR"
    assert project.golden().read_text() == there
    hub.repositories[BERT].commits[commit] = whole
    swapgate("fetch", "ner.small")
    assert run(project, hub) == (0, "PASS", [])


def test_row_that_changed(published, hub, swapgate):
    """Another setting in the row of the same commit is a swap as ever, and not taken for other files."""
    project, _ = published
    swapgate("fetch", "ner.small")
    run(project, hub, "--snapshot-update")
    project.replace(project.models_file, "budget.size", 'dtype = "bfloat16"\nbudget.size')
    status, verdict, reasons = run(project, hub)
    assert (status, verdict) == (7, "INCOMPLETE")
    assert "with other weights or settings" in reasons[0]


def test_pin_holds(published, hub, swapgate, weights):
    """A branch that moves, and is fetched, changes nothing for a row with a commit."""
    project, _ = published
    swapgate("fetch", "ner.small")
    run(project, hub, "--snapshot-update")
    hub.publish(BERT, {**weights, "tokenizer.json": b'{"model": {"vocab": {"x": 1}}}'})
    swapgate("fetch", f"{BERT}@main")
    assert run(project, hub) == (0, "PASS", [])


def test_not_pinned(published, hub, swapgate):
    """A row without a commit is judged at the one that was fetched, and a note asks to pin it."""
    project, commit = published
    project.replace(project.models_file, f'\nrevision = "{commit}"', "")
    reasons = run(project, hub)[2]
    assert "swapgate pin ner.small --models=embedded && swapgate fetch ner.small --models=embedded" in reasons[-1]
    swapgate("fetch", "ner.small")
    reasons = run(project, hub)[2]
    assert f"{BERT}@{commit[:12]} is judged as a swap" in "\n".join(reasons)
    assert (
        f"ner/small: {BERT} is not pinned to a commit, main may move; pin it with: swapgate pin ner.small"
        " --models=embedded"
    ) in "\n".join(reasons)


@pytest.mark.parametrize("end", ["", "@main", "@{commit}", "@{commit:.7}"], ids=["id", "branch", "commit", "short"])
def test_swap(recorded, hub, cache, swapgate, weights, end):
    """A public model can be swapped in by its id, also at a revision."""
    commit = hub.publish(BERT, weights)
    name = BERT + end.format(commit=commit)
    status, verdict, reasons = run(recorded, hub, f"--swap=ner.small={name}")
    assert (status, verdict) == (7, "INCOMPLETE")
    assert reasons[-1].endswith(f"; fetch it with: swapgate fetch {name}")
    swapgate("fetch", name, f"--models={recorded.models_file}")
    result = recorded.run("-m", "small and not latency", f"--swap=ner.small={name}")
    assert recorded.verdicts(result)["small"] == "PASS"
    assert f"{BERT}@{commit[:12]}, swapped in for models/small" in result.stdout.str()


def test_swap_of_a_row_in_a_file(recorded, hub, cache, swapgate, weights):
    """A TOML file may name a public model with its revision; `swapgate fetch` takes that file too."""
    commit = hub.publish(BERT, weights)
    labels = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }'
    recorded.write("new.toml", f'model = "{BERT}"\nrevision = "{commit[:9]}"\n{labels}')
    assert run(recorded, hub, "--swap=ner.small=new.toml")[2][-1].endswith("; fetch it with: swapgate fetch new.toml")
    assert swapgate("fetch", "new.toml", f"--models={recorded.models_file}")[0] == 0
    assert run(recorded, hub, "--swap=ner.small=new.toml")[:2] == (0, "PASS")


def test_reference_that_is_absent(published, hub, swapgate):
    """Where only the model is absent that a budget measures against, that budget is INCOMPLETE and no ERROR."""
    project, commit = published
    project.replace(project.models_file, '"../../models/original"', f'"{BERT}"\nrevision = "{commit}"')
    project.replace(
        project.models_file,
        f'"{BERT}"\nrevision = "{commit}"\nlabels = {{ PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }}\nbudget',
        '"../../models/small"\nlabels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }\nbudget',
    )
    status, verdict, reasons = run(project, hub)
    assert (status, verdict, len(reasons)) == (7, "INCOMPLETE", 1)
    assert reasons[0].startswith(
        f"INCOMPLETE  ner/small: not measured, for the reference: {BERT}@{commit[:12]} is not in"
    )


@pytest.mark.parametrize("name", ["models/small@main", "models/none", "./none", "a/b/c", "no..dots"])
def test_what_is_no_public_model(recorded, name):
    """What is a folder, lies in one that is there, or can be no id, is never looked for on the hub."""
    result = recorded.run(f"--swap=ner.small={name}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: --swap ner.small={name}: *"])


def test_folder_with_a_revision(recorded):
    """A folder has no revisions."""
    recorded.replace(recorded.models_file, '"../../models/small"', '"../../models/small"\nrevision = "main"')
    result = recorded.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["*: ner.small.model: model = '../../models/small' is a folder, and revision = 'main' is*"]
    )
