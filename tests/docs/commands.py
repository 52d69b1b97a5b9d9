"""What a page tells one to type, typed: in a folder of its own, with this Python's programs."""

import multiprocessing
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "python": "",
    "pytest": "-m pytest ",
    "swapgate": '-c "import sys; from swapgate.commands import main; sys.exit(main())" ',
}
PRELOADED = ["scipy.stats", "sklearn.metrics", "torch", "torch.testing", "transformers", "transformers.pipelines"]
SHELL = re.compile(r"[|&;$<>*`(]|^\w+=")
QUIET = ("-p", "no:cacheprovider")
FORKED = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")  # anyio's, by huggingface_hub
OURS = ("CI", "COLUMNS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "GITHUB_STEP_SUMMARY", "SWAPGATE_INPUTS")


def surroundings(kept: Path) -> dict[str, str]:
    """Return the environment of a person who has set nothing, with programs, models and variants in a folder."""
    kept.mkdir(exist_ok=True)
    for name, start in PROGRAMS.items():
        path = kept / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {start}"$@"\n')
        path.chmod(0o755)
    git = {"user.name": "A", "user.email": "a@example.org", "init.defaultBranch": "main", "core.autocrlf": "false"}
    made = {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PYTEST_")}
    made |= {"PATH": f"{kept / 'bin'}{os.pathsep}{made['PATH']}", "HF_HOME": str(kept / "hub"), "HF_HUB_OFFLINE": "1"}
    made |= {"SWAPGATE_VARIANTS": str(kept / "variants"), "OMP_NUM_THREADS": "1", "ROOT": str(ROOT)}
    made |= {"GIT_CONFIG_COUNT": str(len(git))}
    made |= {f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(git)}
    return made | {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(git.values())}


def typed(line: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a line as a shell does, in a folder; gives its exit status and what it says."""
    words = shlex.split(line, comments=True)
    if words[0] in PROGRAMS and not SHELL.search(line.partition(" #")[0]):
        return forked(words, folder, environment)
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def forked(words: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command of Python in a fork of a process that has imported what takes long."""
    if words[0] == "pytest":
        words = ["pytest", *QUIET, *FORKED, *words[1:]]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    output = folder.with_name(f"{folder.name}.said")
    given = {"words": words, "folder": str(folder), "surroundings": environment, "output": str(output)}
    process = context.Process(target=runpy.run_path, args=(str(Path(__file__).with_name("in_fork.py")), given))
    process.start()
    process.join()
    return process.exitcode, output.read_text(encoding="utf-8", errors="replace")
