"""Regular expressions and JSON schemas, tried in a process of their own: either may take for ever, or all memory."""

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from swapgate.core.extras import install
from swapgate.core.faults import SurroundingsFault

EXTRA = "writing"
CHILD = Path(__file__).with_name("checker_child.py")
SECONDS = 5
"""Of the processor, that a check may take; one that would take hours must not."""
KEPT = 256
"""Answers that are kept: a row is asked about several times."""


def wrong_pattern(pattern: str) -> str:
    """Return in words why a text is no regular expression; nothing where it is one. Raises SurroundingsFault without
    regex, as all of these without what they need.
    """
    return _asked("pattern", SECONDS, pattern)


def wrong_schema(schema: str) -> str:
    """Return in words why a text, which is JSON, is no JSON schema of draft 2020-12 that can judge everything; nothing
    where it is one.
    """
    return _asked("schema", SECONDS, schema)


def unmatched(pattern: str, said: str) -> str:
    """Return in words why a regular expression is not found in a text; nothing where it is."""
    return _asked("matches", SECONDS, pattern, said)


def no_json(schema: str, said: str) -> str:
    """Return in words why a text is no JSON of a schema; nothing where it is."""
    return _asked("is_of", SECONDS, schema, said)


_lock, _processes = Lock(), list[Any]()


@functools.lru_cache(maxsize=KEPT)
def _asked(*request: Any) -> str:
    """Return what the process answers, or why it did not. Raises SurroundingsFault where it lacks a package."""
    line = json.dumps(request).encode("ascii") + b"\n"
    with _lock:
        process = _running()
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(line)
                process.stdin.flush()
            answer = process.stdout.readline()
        except BaseException:  # its answer would be taken for that of the next request
            process.kill()
            _end()
            raise
        if not answer.endswith(b"\n"):
            status = _end()
            took = f"took more than {request[1]:g} s, and was given up; let it need not try so much"
            ended = f"was ended by the system (exit status {status}); let it need less memory"
            return f"its check {took if status == -signal.SIGPROF else ended}"
    found, lack = json.loads(answer)
    if lack:
        raise SurroundingsFault(f"regular expressions and JSON schemas need {lack}; type: {install([EXTRA])}")
    return str(found)


def _running() -> Any:
    """Return the process that tries, started where there is none."""
    if not _processes:
        process = subprocess.Popen(  # noqa: S603 - it is this package's own file
            [sys.executable, "-P", "-W", "ignore", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        _processes.append(process)
    return _processes[0]


@atexit.register
def _end() -> int:
    """End the process where there is one, and return its exit status."""
    if not _processes:
        return 0
    process = _processes.pop()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    try:
        return int(process.wait(SECONDS))
    except subprocess.TimeoutExpired:
        process.kill()
        return int(process.wait())


def _forget() -> None:
    """Leave the process to that from which this one was forked."""
    global _lock
    _lock = Lock()
    while _processes:
        process = _processes.pop()
        process.returncode = 0  # it is no child of this one
        process.stdin.close()
        process.stdout.close()


os.register_at_fork(after_in_child=_forget)
