"""Commands as a person types them, each in a process of its own: fetch, pin and judge, by variables alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
BERT = "dslim/bert-base-NER"
ROWS = f"""[ner.small]
model = "{BERT}"
labels = {{ PER = "PER", ORG = "ORG", LOC = "LOC", MISC = "MISC" }}
"""
CASES = """latency = "brackets"

[[case]]
id = "brackets"
text = "The World Health Organization (WHO) is based in Geneva."
expected = [
  { label = "ORG", start = 4, end = 29, text = "World Health Organization" },
  { label = "ORG", start = 31, end = 34, text = "WHO" },
  { label = "LOC", start = 48, end = 54, text = "Geneva" },
]
"""
SUITE = """import pytest

pytestmark = pytest.mark.task("ner")


def test_expected(prediction, expected):
    assert prediction == expected
"""


@pytest.fixture
def run(tmp_path, environment):
    """Run Python in a project of its own, and give exit status and what it printed."""
    files = {"fixtures/models/hub.toml": ROWS, "fixtures/ner/cases.toml": CASES, "tests/test_ner.py": SUITE}
    for name, text in {**files, "pytest.ini": "[pytest]\nstrict = true\nfilterwarnings = error\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def run(*arguments, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "PYTEST_"))}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**kept, **environment, **variables},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    return run


SWAPGATE = ("-c", "import sys; from swapgate.commands import main; sys.exit(main())")
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--models=hub")


def test_from_nothing_to_a_verdict(run, hub, tmp_path):
    """A real id with a small model's weights: INCOMPLETE, then pinned, fetched and judged offline."""
    commit = hub.publish(BERT, ROOT / "fixtures" / "zoo" / "ner" / "small")
    status, text = run(*PYTEST)
    assert (status, "swapgate pin ner.small --models=hub && swapgate fetch ner.small --models=hub" in text) == (7, True)
    assert hub.requests == []
    assert run(*SWAPGATE, "pin", "--models=hub") == (0, f"ner.small: {BERT} main is {commit}\n")
    assert f'revision = "{commit}"' in (tmp_path / "fixtures" / "models" / "hub.toml").read_text()
    status, text = run(*SWAPGATE, "fetch", "--models=hub")
    assert (status, f"{BERT}@{commit[:12]}: " in text) == (0, True)
    hub.requests.clear()
    status, text = run(*PYTEST, HF_HUB_OFFLINE="1")
    assert (status, f"{BERT}@{commit[:12]}  1/1" in text) == (0, True), text
    status, text = run(*SWAPGATE, "models", "--models=hub")
    assert (status, hub.requests) == (0, [])
    assert f"ner.small  {BERT}  {commit[:12]}  here" in text


def test_begun_with_an_id(run, hub, tmp_path):
    """A project that is begun with an id: the model is fetched, asked once, and pinned to its commit."""
    commit = hub.publish(BERT, ROOT / "fixtures" / "zoo" / "ner" / "small")
    status, text = run(*SWAPGATE, "init", "--model", BERT, "--suite", "names")
    assert status == 0, text
    assert "1 of 1 cases right" in text
    assert f'revision = "{commit}"' in (tmp_path / "fixtures" / "models" / "embedded.toml").read_text()


def test_begun_with_an_id_that_is_not_there(run, hub, tmp_path):
    """An id that the hub has not is told as one, and nothing is written."""
    hub.publish(BERT, ROOT / "fixtures" / "zoo" / "ner" / "small")
    status, text = run(*SWAPGATE, "init", "--model", "dslim/bert-base-NRE", "--suite", "names")
    assert status == 4
    assert text.startswith("--model dslim/bert-base-NRE: no folder here, and as a public model: ")
    assert not (tmp_path / "fixtures" / "models" / "embedded.toml").exists()
