"""A project with a fake model, its goldens before and after an update, and processes that end as one wants."""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "engine"))
from conftest import Project
from swapgate.goldens.golden import LOCKS

TIERS = ("original", "small")
CASES = [f"{half}_{number}" for number in range(20) for half in ("odd", "even")]
UPDATE = ("-k", "golden", "--snapshot-update", "--accept-drift")
ROW = '[[case]]\nid = "{0}"\ntext = "Paris {0}"\nexpected = []\n'


class Lab:
    """The project, its goldens before and after the update, and what one does with it."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(SimpleNamespace(path=folder))
        self.folder = folder
        rows = [ROW.format(case) for case in CASES]
        self.project.cases_file.write_text(f'latency = "{CASES[0]}"\n' + "\n".join(rows))
        gaps = 'gaps = { left_out = "the small model does not know Siemens" }\n'
        self.project.replace(self.project.models_file, gaps, "")
        (folder / ".gitignore").write_text("__pycache__/\n.hypothesis/\nevents.txt\nverdict.json\nout.txt\n")
        self.paths = {tier: self.project.golden(tier) for tier in TIERS}
        self.absent: dict[str, bytes | None] = dict.fromkeys(TIERS)
        self.old = self.after_update()
        self.git("init", "-q")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "old")
        self.project.write("drift.json", json.dumps({f"models/{tier}": {"Paris": 0.5} for tier in TIERS}))
        self.new = self.after_update()
        self.restore(self.absent)
        self.fresh = self.after_update()
        assert all(len({self.old[tier], self.new[tier], self.fresh[tier]}) == 3 for tier in TIERS)

    def after_update(self) -> dict[str, bytes | None]:
        """Update, and give what the goldens then hold."""
        assert wait(self.start(*UPDATE)) == 0, (self.folder / "out.txt").read_text()
        return self.goldens()

    def seconds(self, *options: str) -> float:
        """Return the seconds that an update takes."""
        self.restore(self.old)
        begin = time.perf_counter()
        assert wait(self.start(*UPDATE, *options)) == 0
        return time.perf_counter() - begin

    def start(self, *options: str) -> int:
        """Run pytest in a process of its own and give its id, which is that of a process group."""
        return forked(lambda: self.pytest(options))

    def pytest(self, options: tuple[str, ...]) -> int:
        """Run pytest in this process."""
        os.chdir(self.folder)
        out = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        late = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # plugins were imported before pytest began
        return int(pytest.main(["-p", "no:cacheprovider", *late, *options]))

    def goldens(self) -> dict[str, bytes | None]:
        """Read all goldens."""
        return {tier: path.read_bytes() if path.exists() else None for tier, path in self.paths.items()}

    def restore(self, goldens: dict[str, bytes | None]) -> None:
        """Put goldens in place, and nothing beside them."""
        for folder in ("golden", ".swapgate"):
            shutil.rmtree(self.folder / folder, ignore_errors=True)
        for tier, content in goldens.items():
            if content is not None:
                self.paths[tier].parent.mkdir(parents=True, exist_ok=True)
                self.paths[tier].write_bytes(content)

    def remains(self) -> list[Path]:
        """Return the folders beside the goldens, but for that of their locks."""
        return [path for path in (self.folder / "golden").glob("*/*/*/") if path.name != LOCKS]

    def seen_by_git(self) -> set[str]:
        """Return the files that git would take up, besides the goldens and what this program writes."""
        status = self.git("status", "--porcelain", "--untracked-files=all").splitlines()
        expected = {path.relative_to(self.folder).as_posix() for path in self.paths.values()} | {"drift.json"}
        return {line[3:] for line in status} - expected

    def git(self, *arguments: str) -> str:
        """Run git in the project."""
        return subprocess.check_output(["git", *arguments], cwd=self.folder, text=True)  # noqa: S607

    def red(self) -> set[str]:
        """Run pytest and give the cases that its verdicts name: tier and case."""
        report = self.folder / "verdict.json"
        report.unlink(missing_ok=True)
        status = wait(self.start("-k", "golden", f"--verdict-json={report}"))
        tiers = json.loads(report.read_text())["tiers"]
        messages = [reason["message"] for tier in tiers for reason in tier["reasons"]]
        assert (status == 0) is not bool(messages), f"exit status {status} with {len(messages)} reasons"
        return {message.partition(":")[0].replace("'", "") for message in messages}


def forked(work: Callable[[], int]) -> int:
    """Do something in a process of its own that leads a process group; give its id."""
    pid = os.fork()
    if pid:
        with suppress(OSError):  # the child may have done it
            os.setpgid(pid, pid)
        return pid
    status = 99
    try:
        os.setpgid(0, 0)
        status = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait(pid: int) -> int:
    """Return the exit status of a process; minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
