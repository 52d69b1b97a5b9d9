"""A process that has imported what others will need, and splits off one as often as it is asked.

A worker of pytest-xdist that a test starts imports for a second and works for a tenth; a Python that judges a model
imports for four. Run by conftest.py, with the number of a socket and the names of modules; those with a dash before
them are as if they were not installed. Each message is how a process is to be started, with its standard input, output
and errors, and where it says how it ended; the answer is its number.
"""

import atexit
import contextlib
import importlib
import io
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import traceback
from typing import Any

import pytest

ENDED = 3
"""The file in which a process says how it ended."""


class Imports:
    """Imports the rooms below the plugin while pytest rewrites asserts, as each run does."""

    def pytest_configure(self) -> None:
        """Import what a run with a models file does."""
        for name in (*sys.argv[2:], "swapgate.plugin.planning", "swapgate.standard"):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def main(number: int) -> None:
    """Import, and then answer until nobody asks any more."""
    sys.modules.update(dict.fromkeys(name[1:] for name in sys.argv[2:] if name.startswith("-")))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-p", "no:cacheprovider", "--collect-only", f"--rootdir={folder}", folder], plugins=[Imports()])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(fileno=number) as asked:
        while True:
            message, files, _, _ = socket.recv_fds(asked, 2**20, ENDED + 1)
            if not message:
                return
            process = os.fork()
            if not process:
                asked.close()
                become(json.loads(message), files)
            asked.send(str(process).encode())
            for file in files:
                os.close(file)


def become(start: dict[str, Any], files: list[int]) -> None:
    """Be the process: run its code or module, as python -c and python -m do, in its folder and its surroundings."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(start["folder"])
    os.environ.clear()
    os.environ.update(start["environment"])
    option, what, *sys.argv[1:] = start["command"]
    sys.argv[0] = option
    sys.path[:0] = [start["folder"], *filter(None, start["environment"].get("PYTHONPATH", "").split(os.pathsep))]
    importlib.invalidate_caches()
    status = 0
    try:
        if option == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(what, {"__name__": "__main__"})  # noqa: S102 - of execnet, or of a test
        atexit._run_exitfuncs()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        atexit._run_exitfuncs()
    except BaseException:
        status = 1
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os.write(ENDED, str(status).encode())
    os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))
