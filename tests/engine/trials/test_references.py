"""What a budget measures against: the reference, broken or swapped itself."""

ALONE = ("-k", "size")


def swap(project, tier, name):
    """Return the option that swaps a folder in for a tier."""
    return f"--swap=ner.{tier}=models/{name}"


def test_broken_reference(recorded):
    """A reference whose weights cannot be read makes what is measured against it an ERROR, not a FAIL."""
    weights = recorded.path / "models/original/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    result = recorded.run("-k", "size and small")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})
    assert recorded.reasons(result)[0].startswith("ERROR  ner/small: not measured, for the reference: ")


def test_candidate_as_a_broken_reference(recorded):
    """A candidate with an unknown label is an ERROR, and so is a candidate that is measured against it."""
    recorded.model("large", recorded.lexicon("original"), 41, labels=("PER", "ORG", "LOC", "MISC", "DATE"))
    recorded.retrain("candidate", like="small", Ada=["PER", 0.95])
    result = recorded.run(*ALONE, swap(recorded, "original", "large"), swap(recorded, "small", "candidate"))
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "ERROR", "small": "ERROR"})
    own, measured = recorded.reasons(result)
    assert own.startswith("ERROR  ner/original: models/large has labels that the row's label map does not know: DATE;")
    assert measured.startswith("ERROR  ner/small: not measured, for the reference: ner/original: models/large has lab")


def test_reference_that_is_no_swap(recorded):
    """That a reference's swap did not take place is its own FAIL, and an ERROR of what is measured against it."""
    recorded.retrain("candidate", like="small", Ada=["PER", 0.95])
    result = recorded.run(*ALONE, swap(recorded, "original", "original"), swap(recorded, "small", "candidate"))
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "FAIL", "small": "ERROR"})


def test_incumbent_of_a_swapped_reference(recorded):
    """A tier that is not swapped is measured against what the models file names, whatever is tried out there."""
    recorded.model("tiny", {**recorded.lexicon("original"), "Ada": ["PER", 0.95]}, size=1)
    result = recorded.run(*ALONE, swap(recorded, "original", "tiny"))
    assert (result.ret, recorded.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert "0.66 (≤ 0.9)" in recorded.table(result)[2]


def test_candidate_of_a_swapped_reference(recorded):
    """A candidate is measured against the candidate of its reference: both are to be used together."""
    recorded.model("tiny", {**recorded.lexicon("original"), "Ada": ["PER", 0.95]}, size=1)
    recorded.retrain("candidate", like="small", Ada=["PER", 0.95])
    result = recorded.run(*ALONE, swap(recorded, "original", "tiny"), swap(recorded, "small", "candidate"))
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
