"""`--against REF` and the first of two changes: what would loosen the judgement of the next one is told of."""

import pytest

MODELS, NEXT = "fixtures/models/embedded.toml", "not used; once merged, the next change is judged by it"
CRITICAL, QUARANTINE = "critical = true", 'quarantine = "it fails now and then"\nexpires = 2099-01-01'
DOWNLOAD = f'[download."ada.txt"]\nurl = "https://example.org/ada.txt"\nsha256 = "{"0" * 64}"\n'
ADA = 'id = "ada"\n'


@pytest.fixture
def told(committed, against):
    """Return the notes on a change, which must not count."""

    def run(*options):
        result = against("-k", "size", *options)
        assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
        return [line.removeprefix("note  ") for line in committed.reasons(result)]

    return run


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ('exceptions = "in-change"', 'exceptions: nothing → "in-change"'),
        ('cases = "easy.toml"', 'cases: nothing → "easy.toml"'),
        ('ner.removed = ["small"]', 'ner.removed: nothing → ["small"]'),
        ('ner.task = "ner"', 'ner.task: nothing → "ner"'),
    ],
    ids=["exceptions", "cases", "removed", "task"],
)
def test_models_file(committed, told, line, note):
    """Each key of the models file, also of a suite's own table, is listed, and touches the suites that it is of."""
    committed.write("fixtures/ner/easy.toml", committed.cases_file.read_text())
    committed.models_file.write_text(f"{line}\n{committed.models_file.read_text()}")
    found = told("--changed-since=HEAD")
    assert f"{MODELS}: {note} ({NEXT})" in found
    assert any(one.startswith("changed since HEAD: ner (") for one in found)


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ("", CRITICAL, "critical"),
        ("", QUARANTINE, "expires, quarantine"),
        (CRITICAL, QUARANTINE, "critical, expires, quarantine"),
        (QUARANTINE, QUARANTINE.replace("2099", "2199"), "expires"),
        (QUARANTINE, QUARANTINE.replace("it fails", "fails"), "quarantine"),
    ],
    ids=["critical", "quarantine", "critical-to-quarantine", "expiry", "reason"],
)
def test_case(committed, told, commit, before, after, keys):
    """Each key of a case is listed by its name, whatever it is of."""
    committed.replace(committed.cases_file, ADA, f"{ADA}{before}\n")
    commit()
    committed.replace(committed.cases_file, f"{ADA}{before}\n", f"{ADA}{after}\n")
    assert f"cases of ner edited: ada ({keys}) (not used)" in told()


def test_keys_of_the_cases_file(committed, told):
    """What a cases file says of no case is listed too."""
    committed.cases_file.write_text(committed.cases_file.read_text() + DOWNLOAD)
    assert "keys of the cases file of ner edited: download (not used)" in told()


def test_spelled_otherwise(committed, told):
    """A change that says the same in other words, order and comments has nothing to be told."""
    committed.cases_file.write_text("# by hand\n" + committed.cases_file.read_text().replace(" = ", "  =  "))
    committed.models_file.write_text("# by hand\n" + committed.models_file.read_text().replace(" = ", "  =  "))
    assert not [one for one in told() if "(not used" in one]
