"""A process that has imported what workers of pytest-xdist import, and splits off one as often as it is asked.

A worker that a test starts imports for a second and works for a tenth. Run by conftest.py, with the number of a socket
and the names of modules: each message is how a worker is to be started, with its standard input, output and errors, and
the answer is its number.
"""

import atexit
import contextlib
import importlib
import io
import json
import os
import signal
import socket
import sys
import tempfile
import traceback

import pytest


class Imports:
    """Imports the rooms below the plugin while pytest rewrites asserts, as each worker does."""

    def pytest_configure(self) -> None:
        """Import what a run with a models file does."""
        for name in (*sys.argv[2:], "swapgate.plugin.planning", "swapgate.standard"):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def main(number: int) -> None:
    """Import, and then answer until nobody asks any more."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-p", "no:cacheprovider", "--collect-only", f"--rootdir={folder}", folder], plugins=[Imports()])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(fileno=number) as asked:
        while True:
            message, files, _, _ = socket.recv_fds(asked, 2**20, 3)
            if not message:
                return
            worker = os.fork()
            if not worker:
                asked.close()
                become(json.loads(message), files)
            asked.send(str(worker).encode())
            for file in files:
                os.close(file)


def become(start: dict, files: list[int]) -> None:
    """Be the worker: what execnet would run with python -c, in its folder and its surroundings."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(start["folder"])
    os.environ.clear()
    os.environ.update(start["environment"])
    sys.argv = ["-c"]
    status = 0
    try:
        exec(start["code"], {"__name__": "__main__"})  # noqa: S102 - of execnet
        atexit._run_exitfuncs()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        status = 1
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))
