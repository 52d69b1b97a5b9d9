"""Updates are exact: only what was selected changes, byte for byte, in whatever way it is selected and run."""

import pytest

import swapgate.goldens.snapshots
from swapgate.goldens.golden import write_golden

ACCEPT = ("--snapshot-update", "--accept-drift")
TIERS = ("original", "small")


def entries(project):
    """Return the bytes of each entry: from tier and case to its lines."""
    found = {}
    for tier in TIERS:
        lines = project.golden(tier).read_text().splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith('    "') and line.endswith('": {')]
        cases = [number for number in starts if number > lines.index('  "cases": {')]
        for start, end in zip(cases, [*cases[1:], len(lines) - 2], strict=True):
            text = "\n".join(lines[start:end])
            found[f"{tier} {lines[start].split(chr(34))[1]}"] = text.removesuffix(",")
    return found


def changed(project, before):
    """Name the entries that differ from what they were."""
    after = entries(project)
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}


@pytest.fixture
def score_drift(recorded):
    """A project in which each score has moved and the surroundings are others, so that each entry would change."""
    scores = (
        '{"models/small": {"Ada": 0.5, "Paris": 0.5}, "models/original": {"Ada": 0.5, "Paris": 0.5, "Siemens": 0.5}}'
    )
    recorded.write("drift.json", scores)
    recorded.replace(recorded.cases_file, "It rained all day.", "It rained all night.")
    recorded.replace(recorded.path / "fake_model.py", '"torch": "none"', '"torch": "2.13.0"')
    return recorded


def test_everything(score_drift, workers):
    """Without a selection each entry whose prediction or input has changed is written, and the others are not."""
    before = entries(score_drift)
    assert score_drift.run("-k", "golden", *ACCEPT, *workers).ret == 0
    assert changed(score_drift, before) == {*before} - {"small left_out"}


SELECTIONS = {
    "k": (["-k", "golden and original and ada"], {"original ada"}),
    "k_case": (["-k", "golden and nobody"], {"original nobody", "small nobody"}),
    "m": (["-m", "small and not latency"], {"small ada", "small nobody"}),
    "path": (["tests/test_ner.py", "-k", "golden and not original"], {"small ada", "small nobody"}),
    "node_id": (["tests/test_ner.py::test_golden[small-ada]"], {"small ada"}),
    "node_ids": (
        [f"tests/test_ner.py::test_golden[{test}]" for test in ("small-ada", "original-left_out")],
        {"small ada", "original left_out"},
    ),
    "two_workers": (["-k", "golden and ada", "-n", "2"], {"original ada", "small ada"}),
    "two_of_three": (["-k", "golden and original and not nobody"], {"original ada", "original left_out"}),
    "all_tests_of_a_case": (["-k", "ada"], {"original ada", "small ada"}),
}


@pytest.mark.parametrize(("selection", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_selected(score_drift, selection, expected):
    """What is selected is written; of all other entries no byte changes, though the surroundings did."""
    before = entries(score_drift)
    score_drift.run(*selection, *ACCEPT)
    assert changed(score_drift, before) == expected


def test_eight_workers(score_drift):
    """Eight processes write what was selected and nothing else, as one does."""
    before = entries(score_drift)
    assert score_drift.run("-k", "golden and not (original and ada)", "-n", "8", *ACCEPT).ret == 0
    assert changed(score_drift, before) == {*before} - {"small left_out", "original ada"}


def test_failing_expected_tests(score_drift):
    """Tests of expected answers that fail in the same run change nothing of what is written."""
    score_drift.replace(score_drift.cases_file, '{ label = "LOC", start = 13', '{ label = "ORG", start = 13')
    before = entries(score_drift)
    result = score_drift.run("-k", "ada and small", *ACCEPT)
    assert result.ret == 1
    assert changed(score_drift, before) == {"small ada"}


@pytest.mark.parametrize("broken", [{"NO_DISK": ["PER", 1]}, {"Paris": ["LOC", "nan"]}], ids=["load", "predict"])
def test_model_that_fails(score_drift, broken, workers):
    """Where a model cannot be loaded, or fails on a case, its entries stay and those of the others are written."""
    score_drift.retrain("original", **broken)
    score_drift.write("drift.json", '{"models/small": {"Ada": 0.5}}')
    before = entries(score_drift)
    result = score_drift.run("-k", "golden", *ACCEPT, *workers)
    assert result.ret in (1, 7)
    failed = {name for name in before if name.startswith("original")} if "NO_DISK" in broken else {"original ada"}
    assert changed(score_drift, before) == {*before} - failed - {"small left_out"}


def test_weights_that_cannot_be_read(score_drift):
    """Weights that cannot be read at all leave their golden as it is."""
    weights = score_drift.path / "models/original/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    before = entries(score_drift)
    assert score_drift.run("-k", "golden", *ACCEPT).ret == 7
    assert changed(score_drift, before) == {"small ada", "small nobody"}


def test_refused_drift(score_drift):
    """What is refused for drift stays, byte for byte, beside what is written."""
    before = entries(score_drift)
    assert score_drift.run("-k", "golden and small", "--snapshot-update").ret == 1
    assert changed(score_drift, before) == {"small nobody"}


def test_missing_ones_only(score_drift):
    """--snapshot-update-new-only records what has no golden, and changes none that there is."""
    before = entries(score_drift)
    text = score_drift.cases_file.read_text()
    score_drift.cases_file.write_text(text + '\n[[case]]\nid = "zoe"\ntext = "Paris again."\nexpected = []\n')
    score_drift.run("-k", "golden", "--snapshot-update-new-only")
    assert changed(score_drift, before) == {"original zoe", "small zoe"}


def test_two_surroundings(score_drift):
    """A golden names the surroundings of each entry, and only those that an entry still has."""
    assert score_drift.run("-k", "golden and original and ada", *ACCEPT).ret == 0
    assert score_drift.golden("original").read_text().count('"surroundings"') == 2
    assert score_drift.run("-k", "golden and original", *ACCEPT).ret == 0
    assert score_drift.golden("original").read_text().count('"surroundings"') == 1


def test_one_write_a_golden(recorded, workers, monkeypatch):
    """A golden is written once a run, by one process, however many entries change and however many are removed."""
    cases = recorded.cases_file.read_text()
    rows = "".join(f'\n[[case]]\nid = "more_{number}"\ntext = "Paris {number}"\nexpected = []\n' for number in range(9))
    written = []

    def counted(path, changes):
        written.append((path.stem, len(changes)))
        write_golden(path, changes)

    monkeypatch.setattr(swapgate.goldens.snapshots, "write_golden", counted)
    for text in (cases + rows, cases):
        recorded.cases_file.write_text(text)
        assert recorded.run("-k", "golden", "--snapshot-update", *workers).ret == 0
    assert sorted(written) == [("original", 9), ("original", 9), ("small", 9), ("small", 9)]
    assert recorded.run("-k", "golden").ret == 0
