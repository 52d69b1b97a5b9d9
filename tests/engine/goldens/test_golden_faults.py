"""Goldens under SIGKILL and under two updates at once: a small run of benchmarks/golden_faults.py."""

import json
import signal
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "golden_faults.py"
KILLED = """
import os, signal, sys
from pathlib import Path
from swapgate.goldens.golden import read_golden, write_golden
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
path = Path(sys.argv[1])
write_golden(path, {"zoe": read_golden(path)["ada"]})
"""
FEW = ("--kills=4", "--pairs=1", "--writes=20", "--write-pairs=3")


def test_faults(tmp_path):
    """Killed at random moments a golden is wholly old or new and the next run tells which; two updates lose nothing."""
    path = tmp_path / "found.json"
    done = subprocess.run([sys.executable, SCRIPT, *FEW, f"--output={path}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads(path.read_text())["parts"]
    assert parts["two pytests at once"] == {"whole": 1, "BAD: lost": 0}
    assert parts["two write_golden at once"] == {"whole": 3, "BAD: lost": 0}
    ended = parts["pytest killed"]
    assert ended["killed"] == 4
    assert parts["write_golden killed"]["killed"] > 0


def test_what_a_killed_write_leaves(recorded):
    """A write that is killed at the last moment changes nothing that git sees, and the next one clears up after it."""

    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=recorded.path, check=True, capture_output=True, text=True).stdout

    folder, before = recorded.golden().parent, recorded.golden().read_bytes()
    git("init", "-q")
    git("add", "golden")
    assert subprocess.run([sys.executable, "-c", KILLED, recorded.golden()]).returncode == -signal.SIGKILL
    assert recorded.golden().read_bytes() == before
    assert [path.name for path in folder.glob(".*/*.json")] == ["small.json"]
    assert git("ls-files", "--others", "--exclude-standard", "golden") == git("diff", "--name-only") == ""
    recorded.drift("small", Ada=0.5)
    assert recorded.run("-k", "golden and small", "--snapshot-update", "--accept-drift").ret == 0
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "original.json", "small.json"]
