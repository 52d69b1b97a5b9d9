"""`--against REF` where a change deletes goldens."""

import json

import pytest

GONE = "{}: golden/embedded/ner/small.json has no golden any more of {}, which the change still has; put it back: git"


@pytest.mark.parametrize("what", ["file", "entry"])
def test_deleted(committed, against, workers, what):
    """A golden that the change deletes, or of which it deletes a case, is INCOMPLETE though the commit's judges."""
    golden = committed.golden()
    entries = json.loads(golden.read_text())
    names = ", ".join(repr(case) for case in entries["cases"])
    if what == "entry":
        names = "'nobody'"
        del entries["cases"]["nobody"]
        golden.write_text(json.dumps(entries))
    else:
        golden.unlink()
    result = against(*workers)
    assert (result.ret, committed.verdicts(result)) == (7, {"original": "PASS", "small": "INCOMPLETE"})
    (reason,) = [line for line in committed.reasons(result) if line.startswith("INCOMPLETE")]
    assert reason.startswith(f"INCOMPLETE  {GONE.format('ner/small', names)} checkout ")
    assert reason.endswith(" -- golden/embedded/ner/small.json")


def test_deleted_with_its_case(committed, against):
    """A golden that goes with its case is none that is missed; the case of the commit is judged by its golden."""
    text = committed.cases_file.read_text()
    start, end = text.index('[[case]]\nid = "nobody"'), text.index('[[case]]\nid = "left_out"')
    committed.cases_file.write_text(text[:start] + text[end:])
    for tier in ("original", "small"):
        entries = json.loads(committed.golden(tier).read_text())
        del entries["cases"]["nobody"]
        committed.golden(tier).write_text(json.dumps(entries))
    result = against()
    assert (result.ret, committed.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
