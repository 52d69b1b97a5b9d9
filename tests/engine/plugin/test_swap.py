"""`--swap SUITE.TIER=MODEL`: a candidate judged against its incumbent, without editing anything."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

ROW = """
model = "models/candidate"
labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }
"""
SWAP = "--swap=ner.small=models/candidate"
TRIAL = "(models/candidate, swapped in for models/small)"
KEEP = f"{TRIAL}; the candidate is worse than its incumbent: keep models/small"


@pytest.fixture
def trial(recorded):
    """Judge a candidate that differs from the small model in some words, and see that nothing is written."""

    def run(*options, swap=SWAP, selection=("-m", "small and not latency"), **changes):
        if changes:
            recorded.retrain("candidate", like="small", **changes)
        before = recorded.tree()
        result = recorded.run(swap, *selection, *options)
        assert recorded.tree() == before
        return result

    run.project = recorded
    return run


@pytest.mark.parametrize("candidate", ["models/candidate", "candidate.toml"])
def test_good_candidate(trial, candidate):
    """A candidate, a folder or a row in a TOML file, whose scores fall by no more than 0.10 passes."""
    trial.project.write("candidate.toml", ROW)
    result = trial(swap=f"--swap=ner.small={candidate}", Ada=["PER", 0.89], Paris=["LOC", 1.0])
    assert result.ret == 0
    assert trial.project.verdicts(result) == {"small": "PASS"}
    assert "ner/small  models/candidate, swapped in for models/small  2/3" in trial.project.table(result)[1]


def test_only_its_tier(trial):
    """The other tiers are judged as ever in the same run."""
    result = trial(selection=(), Ada=["PER", 0.5])
    assert trial.project.verdicts(result) == {"original": "PASS", "small": "FAIL"}
    assert result.ret == 1


def test_lost_entity(trial, workers):
    """A candidate that loses an entity fails, and the case is named by expected answer and golden alike."""
    result = trial(*workers, Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    assert sorted(trial.project.reasons(result))[:2] == [
        f"FAIL  ner/small 'ada': PER 'Ada' 0-3 (0.9900) is lost {KEEP}",
        f"FAIL  ner/small 'ada': PER 'Ada' 0-3 was not found {TRIAL};"
        " the candidate fails a case that it must pass: keep models/small",
    ]


def test_wrong_entity(trial):
    """A candidate that finds something new and wrong fails."""
    result = trial(It=["MISC", 0.7])
    assert result.ret == 1
    assert f"FAIL  ner/small 'nobody': MISC 'It' 0-2 (0.7000) is new and wrong {KEEP}" in trial.project.reasons(result)


@pytest.mark.parametrize(("score", "status"), [(0.89, 0), (0.8899, 1)], ids=["at", "over"])
def test_fall(trial, score, status):
    """The score of a right answer may fall by 0.10 and by no more."""
    result = trial(Ada=["PER", score])
    assert result.ret == status
    found = "PER 'Ada' 0-3 scored 0.8899, the incumbent 0.9900: fell by 0.1001, allowed 0.1"
    assert trial.project.reasons(result)[1:] == [f"FAIL  ner/small 'ada': {found} {KEEP}"] * status


def test_mended_gap(trial):
    """A candidate that mends a known gap passes, and the improvement is shown."""
    result = trial(Siemens=["ORG", 0.6])
    assert (result.ret, trial.project.verdicts(result)) == (0, {"small": "PASS"})
    better = "better  ner/small expected 'left_out' passes, a known gap of the incumbent"
    assert trial.project.reasons(result) == [better]


def test_itself(trial):
    """The incumbent as its own candidate is a FAIL: no swap took place."""
    result = trial(swap="--swap=ner.small=models/small")
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    assert len(trial.project.reasons(result)) == 1
    assert trial.project.reasons(result)[0].startswith(
        "FAIL  ner/small: this swap did not take place: models/small holds the same weights and settings as the"
        " incumbent models/small (digest "
    )
    assert trial.project.events() == []


def test_itself_in_two_shards(recorded, trial):
    """The incumbent split into other files, and saved by another version, is still the incumbent."""
    weights = {"a": np.arange(6, dtype=np.float32), "b": np.ones((2, 3), dtype=np.float32)}
    save_file(weights, recorded.path / "models/small/model.safetensors")
    folder = recorded.retrain("candidate", like="small")
    (folder / "model.safetensors").unlink()
    for name in weights:
        save_file({name: weights[name]}, folder / f"model-{name}.safetensors", metadata={"format": "pt"})
    index = {"metadata": {"total_size": 48}, "weight_map": {name: f"model-{name}.safetensors" for name in weights}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({"transformers_version": "4.57.6", **config}, indent=1))
    result = trial()
    assert result.ret == 1
    assert "this swap did not take place" in trial.project.reasons(result)[0]


def test_wrong_labels(trial):
    """A candidate that calls the right spans by other labels fails, and both sides are named."""
    result = trial(Ada=["LOC", 0.99])
    assert result.ret == 1
    assert "LOC 'Ada' 0-3 (0.9900) is new and wrong; PER 'Ada' 0-3 (0.9900) is lost" in result.stdout.str()


def test_unknown_label(recorded, trial):
    """A label that the row's label map does not know is an ERROR that prints the line to add."""
    recorded.model("candidate", recorded.lexicon("small"), labels=("PER", "ORG", "LOC", "MISC", "DATE"))
    result = trial()
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result) == [
        "ERROR  ner/small: models/candidate has labels that the row's label map does not know: DATE;"
        " write in a TOML file with a row for it, and give that to --swap:"
        ' labels = { "LOC" = "LOC", "MISC" = "MISC", "ORG" = "ORG", "PER" = "PER", "DATE" = "…" }'
    ]


def test_candidates_own_limits(trial):
    """A candidate's own tolerance, budget and known gaps are not used, and a note says so."""
    own = 'tolerance = {swap = 0.5, reason = "please"}\nbudget.size = {against = "original", at_most = 9}\n'
    trial.project.write("candidate.toml", ROW + own + 'gaps = { ada = "too hard" }\n')
    result = trial(swap="--swap=ner.small=candidate.toml", Ada=["PER", 0.7])
    assert result.ret == 1
    assert "fell by 0.2900, allowed 0.1" in trial.project.reasons(result)[1]
    assert trial.project.reasons(result)[-1] == (
        "note  ner/small: tolerance, budget, gaps of candidate.toml not used:"
        " a candidate is judged by its incumbent's limits"
    )


def test_size_budget(recorded, trial):
    """A candidate larger than the tier's budget allows fails."""
    recorded.model("candidate", recorded.lexicon("small"), size=40)
    result = trial()
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    (reason,) = recorded.reasons(result)
    assert reason.startswith("FAIL  ner/small: its weight files have a size 1.00")
    assert reason.endswith(
        f"times that of models/original, allowed 0.9 {TRIAL};"
        " keep models/small, or loosen budget.size in fixtures/models/embedded.toml"
    )


def test_budget_against_the_incumbent(recorded, trial):
    """A budget against the incumbent is judged where the tier is swapped, and only there."""
    recorded.replace(
        recorded.models_file, 'against = "original", at_most = 0.9', 'against = "incumbent", at_most = 1.1'
    )
    assert recorded.run("-k", "small and size").ret == 0
    recorded.model("candidate", recorded.lexicon("small"), size=60)
    result = trial()
    assert result.ret == 1
    assert f"times that of models/small, allowed 1.1 {TRIAL}" in recorded.reasons(result)[0]


def test_nan(trial):
    """A candidate with NaN scores fails, the case is named, and the other cases are judged."""
    result = trial(Ada=["PER", "nan"])
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    assert trial.project.reasons(result) == [
        "FAIL  ner/small 'ada': 1 of 4 word pieces have a score that is NaN or infinite (models/candidate)"
    ]
    assert "Traceback" not in result.stdout.str()


def test_crash(trial):
    """A candidate that crashes on an input fails, the case is named, and the other cases are judged."""
    result = trial(Ada=["CRASH", 0])
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    (reason,) = trial.project.reasons(result)
    assert "RuntimeError: the model cannot read this" in reason
    assert "'ada'" in reason
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ("ner.small=models/none", "no folder *models/none (model = 'models/none'); give a folder that*"),
        ("ner.small=models", "*models holds no config.json, so it is no model*"),
        ("ner.small=row.toml", "*row.toml: there is no such file*"),
        ("net.small=models/candidate", "unknown suite 'net'; did you mean 'ner'?"),
        ("ner.smal=models/candidate", "unknown tier 'smal' of ner; did you mean 'small'?"),
        ("ner=models/candidate", "not of the form SUITE.TIER=MODEL, as in --swap ner.small=path/to/model"),
        ("ner.small=", "not of the form SUITE.TIER=MODEL*"),
        ("ner.small", "not of the form SUITE.TIER=MODEL*"),
    ],
    ids=[f"option {number}" for number in range(1, 9)],
)
def test_bad_option(trial, swap, message):
    """A swap that cannot be meant ends with one message before a model runs."""
    trial.project.retrain("candidate", like="small", Ada=None)
    result = trial(swap=f"--swap={swap}")
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: --swap {swap}: {message}")
    assert len([line for line in result.errlines if line]) == 1


def test_line_break(trial):
    """A path with a line break is read as one, and told in one line."""
    trial.project.retrain("candidate", like="small", Ada=None)
    result = trial(swap="--swap=ner.small=models/no\nmodel")
    assert result.ret == 4
    (said,) = [line for line in result.errlines if line]
    assert "no folder" in said
    assert "models/no\\nmodel" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("labels", "lables", "candidate.toml: lables: unknown key; did you mean 'labels'?"),
        ("model =", "model", "candidate.toml: not valid TOML: *"),
        ('"models/candidate"', '"models/none"', "no folder *models/none *"),
    ],
    ids=["key", "syntax", "folder"],
)
def test_bad_row(trial, old, new, message):
    """A row that is wrong ends with messages that name file and key."""
    trial.project.write("candidate.toml", ROW.replace(old, new))
    result = trial(swap="--swap=ner.small=candidate.toml", Ada=None)
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"*{message}")
    assert "Traceback" not in result.stderr.str()


def test_twice(trial):
    """The same tier swapped twice is refused."""
    result = trial(SWAP, Ada=None)
    assert result.ret == 4
    message = "ner.small is swapped twice; give one candidate a tier"
    result.stderr.fnmatch_lines(f"ERROR: --swap ner.small=models/candidate: {message}")


@pytest.mark.parametrize("option", ["--snapshot-update", "--snapshot-update-new-only"])
def test_update_refused(trial, option):
    """A trial must not write goldens: --swap with an update, of all goldens or of new ones, is refused."""
    result = trial(option, Ada=None)
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: --swap with --snapshot-update: a trial must not write goldens; edit the row in*"
    )


def test_nothing_selected(trial):
    """A swap of which no test was selected is INCOMPLETE, not a PASS."""
    result = trial(selection=("-k", "original"), Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    assert trial.project.reasons(result) == [
        "INCOMPLETE  ner/small: a swap was asked for, but no test of this tier was selected; widen -k, -m or the path"
    ]


def test_part_of_it_selected(trial):
    """Where a part of the tier's tests was selected, the table says what was not."""
    result = trial(selection=("-k", "small and expected"), Ada=["PER", 0.5])
    assert "not selected" in trial.project.table(result)[1]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.safetensors", None),
        ("model.safetensors", b""),
        ("config.json", None),
        ("config.json", b"[]"),
        ("model.safetensors.index.json", b"{}"),
        ("model.safetensors.index.json", b'{"weight_map": {"weight": "model-1.safetensors"}}'),
        ("model.safetensors.index.json", b"[]"),
    ],
    ids=["cut", "empty", "config_cut", "config_list", "no_map", "no_shard", "index_list"],
)
def test_truncated(recorded, trial, file, content):
    """Files that cannot be read are an ERROR with one message, not a verdict on the model."""
    folder = recorded.retrain("candidate", like="small", Ada=None)
    if "index" in file:
        (folder / "model.safetensors").unlink()
    (folder / file).write_bytes((folder / file).read_bytes()[:-7] if content is None else content)
    result = trial()
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result)[0].startswith("ERROR  ner/small")
    assert "models/candidate" in recorded.reasons(result)[0]
    assert len(recorded.reasons(result)) == 1
    assert "swapgate/" not in result.stdout.str().replace("plugins: swapgate", "")


def test_refused_once(trial, workers):
    """What a candidate is refused for before any test is shown once; the other tests of its tier count as untested."""
    result = trial(*workers, swap="--swap=ner.small=models/small", selection=("-k", "small", "-m", "not latency"))
    counts = result.parseoutcomes()
    assert (result.ret, counts["errors"], counts["untested"]) == (1, 1, 6)
    text = result.stdout.str()
    assert text.count("this swap did not take place") == 2  # of the test, and below the table
    assert trial.project.verdicts(result) == {"small": "FAIL"}


MANY = tuple(f"label{number:04}" for number in range(1_001))
BIRDS = tuple(f"bird{number:03}" for number in range(525))


@pytest.mark.parametrize("labels", ['{ "*" = "*" }', f"{{ {', '.join(f'{one} = {one!r}' for one in MANY)} }}"])
def test_none_of_many_labels(recorded, trial, labels):
    """A candidate with none of very many labels is told so in short, also where the map leaves names as they are."""
    text = recorded.models_file.read_text()
    small = text.index("[ner.small]")
    known = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }'
    recorded.models_file.write_text(text[:small] + text[small:].replace(known, f"labels = {labels}"))
    recorded.model("small", recorded.lexicon("small"), labels=MANY)
    recorded.model("candidate", recorded.lexicon("small"), labels=BIRDS)
    result = trial(selection=("-k", "small", "-m", "not latency"))
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    (reason,) = [line for line in recorded.reasons(result) if line.startswith("ERROR")]
    assert "none of the 1,001" in reason
    assert "label0000, label0001, label0002" in reason
    assert "bird000, bird001" in reason
    assert len(reason) < 700
    assert len(result.stdout.str()) < 6_000


def test_one_more_of_many_labels(recorded, trial):
    """A candidate with one label more than very many is told that one, and not the line of all of them."""
    text = recorded.models_file.read_text()
    small = text.index("[ner.small]")
    known = 'labels = { PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }'
    labels = f"labels = {{ {', '.join(f'{one} = {one!r}' for one in MANY)} }}"
    recorded.models_file.write_text(text[:small] + text[small:].replace(known, labels))
    recorded.model("small", recorded.lexicon("small"), labels=MANY)
    recorded.model("candidate", recorded.lexicon("small"), labels=(*MANY, "DATE"))
    (reason,) = [line for line in recorded.reasons(trial()) if line.startswith("ERROR")]
    assert "does not know: DATE;" in reason
    assert reason.endswith('beside what labels has there: labels = { "DATE" = "…" }')


@pytest.mark.parametrize(
    ("labels", "is_told"),
    [
        (("PER", "LOC", "ORG", "MISC"), True),
        (("PER", "ORG", "LOC", "MISC"), False),
        (("PER", "X", "LOC", "MISC"), False),
    ],
)
def test_label_names_exchanged(recorded, trial, labels, is_told):
    """A candidate with the incumbent's weights that calls its classes by each other's names is told as just that."""
    recorded.model("candidate", {**recorded.lexicon("small"), "Ada": ["PER", 0.98]}, labels=labels)
    result = trial()
    told = [line for line in recorded.reasons(result) if "label names exchanged" in line]
    words = "class 2 is B-LOC and was B-ORG (2 classes have another's name); see which config.json is right"
    whole = f"models/candidate has the very weights of models/small with label names exchanged: {words}"
    status = "FAIL" if result.ret else "note"
    assert told == ([f"{status}  ner/small: {whole}"] if is_told else [])
    assert not told or status == "note" or recorded.reasons(result)[0] == told[0]


def test_label_names_exchanged_in_other_weights(recorded, trial):
    """Other weights with classes in another order are another model, and nothing is said of names."""
    recorded.model("candidate", recorded.lexicon("small"), size=19, labels=("PER", "LOC", "ORG", "MISC"))
    assert "label names exchanged" not in trial().stdout.str()
