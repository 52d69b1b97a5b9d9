"""The wheel is built, checked by what PyPI and its users check, and has all that is needed and nothing else."""

import importlib.util
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from swapgate.core.extras import EXTRAS

ROOT = Path(__file__).parents[3]
TOOLS = ("build", "check_wheel_contents", "hatch_vcs", "hatchling", "twine")

pytestmark = [
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="part of the repository"),
    pytest.mark.skipif(not all(map(importlib.util.find_spec, TOOLS)), reason=f"needs {', '.join(TOOLS)}"),
]


def run(*module):
    """Run a module as a program, which must end well; gives what it says."""
    done = subprocess.run([sys.executable, "-m", *module], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    run("build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT))
    (found,) = folder.iterdir()
    return found


def test_checked(wheel):
    """PyPI would show its description, and it holds nothing that is commonly there by mistake."""
    assert "PASSED" in run("twine", "check", "--strict", str(wheel))
    assert run("check_wheel_contents", str(wheel)).endswith("OK\n")


def test_contents(wheel):
    """It holds each file of the package that git has, and what tells of it."""
    listed = subprocess.run(["git", "ls-files", "swapgate"], cwd=ROOT, capture_output=True, text=True)
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    if listed.returncode == 0:
        assert names >= {*listed.stdout.split()}
    assert {"swapgate/py.typed", "swapgate/verdicts/templates/page.html"} <= names
    assert all(name.startswith("swapgate/") for name in names)


def test_metadata(wheel):
    """It says which extras there are, which version it is, and under which licence."""
    archive = zipfile.ZipFile(wheel)
    (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    said = Parser().parsestr(archive.read(path).decode())
    assert {*said.get_all("Provides-Extra")} == {*EXTRAS, "all", "dev"}
    assert said["Version"] == wheel.name.split("-")[1]
    assert (said["License-Expression"], said["License-File"]) == ("Apache-2.0", "LICENSE")
