"""A case in quarantine is run and reported, judges nothing, and is red behind its last day."""

import pytest

WORDS = 'quarantine = "flips between machines"\nexpires = {}\n'


@pytest.fixture
def quarantine(recorded):
    """Put a case in quarantine until a day."""

    def put(day, case="ada", words=WORDS):
        cases = recorded.path / "fixtures/ner/cases.toml"
        recorded.replace(cases, f'id = "{case}"\n', f'id = "{case}"\n{words.format(day)}')
        return recorded

    return put


def test_judges_nothing(quarantine, workers):
    """A lost case in quarantine is told, and its tier passes."""
    project = quarantine("9999-01-01")
    project.retrain("small", Ada=None)
    result = project.run("-m", "small and not latency", *workers)
    assert (result.ret, project.verdicts(result)) == (7, {"small": "INCOMPLETE"})  # goldens of the others are stale
    assert not any(line.startswith("FAIL") for line in project.reasons(result))
    told = [
        line for line in project.reasons(result) if "in quarantine until 9999-01-01 (flips between machines)" in line
    ]
    assert any("PER 'Ada' 0-3 was not found" in line for line in told)


def test_untouched(quarantine):
    """A case in quarantine that is right passes with a note."""
    project = quarantine("9999-01-01")
    result = project.run("-m", "small and not latency")
    assert result.ret == 0
    assert any("in quarantine until 9999-01-01" in line for line in project.reasons(result))


def test_over(quarantine):
    """Behind its last day it is red, be it right or wrong."""
    project = quarantine("2000-01-01")
    result = project.run("-m", "small and not latency")
    assert (result.ret, project.verdicts(result)) == (1, {"small": "FAIL"})
    assert "its quarantine ended on 2000-01-01 (flips between machines)" in project.reasons(result)[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('quarantine = "why"\n', "give quarantine and expires, or neither"),
        ("expires = 2030-01-01\n", "give quarantine and expires, or neither"),
        ('quarantine = "why"\nexpires = "soon"\n', "expires"),
        ('quarantine = "why"\nexpires = 2030-01-01\ncritical = true\n', "a critical case cannot be in quarantine"),
    ],
    ids=["no day", "no reason", "no date", "critical"],
)
def test_refused(quarantine, words, said):
    """A quarantine has a reason and a day, and a critical case has none."""
    project = quarantine("", words=words)
    result = project.run("-m", "small and not latency")
    assert result.ret == 4
    assert said in result.stderr.str()


@pytest.mark.parametrize("swap", [False, True])
def test_all_in_quarantine(recorded, swap):
    """Where each case is in quarantine nothing judges, and no tier passes; nor where a swap has only gaps besides."""
    cases = recorded.path / "fixtures/ner/cases.toml"
    for case in ("ada", "nobody") if swap else ("ada", "nobody", "left_out"):
        recorded.replace(cases, f'id = "{case}"\n', f'id = "{case}"\n{WORDS.format("9999-01-01")}')
    recorded.retrain("candidate", like="small", Ada=None, Paris=None)
    result = recorded.run("-m", "small and not latency", *(["--swap=ner.small=models/candidate"] if swap else []))
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})
    why = "in quarantine or a known gap" if swap else "in quarantine"
    assert (
        f"INCOMPLETE  ner/small: no case judges it: each of the 3 that were compared is {why}; add one that is not"
        in recorded.reasons(result)
    )


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ({}, "FAIL", "this swap did not take place"),
        ({"NO_DISK": ["PER", 1]}, "ERROR", "no space left on device"),
        ({"Ada": ["NO_MEMORY", 1]}, "ERROR", ""),
        ({"Ada": ["CRASH", 0.9]}, "FAIL", "the model cannot read this"),
    ],
    ids=["no swap", "not loaded", "no memory", "crash"],
)
def test_what_is_of_the_tier(quarantine, words, status, said):
    """What is no comparison is told as ever: no swap, a model that is not loaded or crashes."""
    project = quarantine("9999-01-01")
    project.retrain("candidate", like="small", **words)
    result = project.run("--swap=ner.small=models/candidate", "-k", "small and ada and not latency")
    assert project.verdicts(result) == {"small": status}
    assert said in project.reasons(result)[0]
