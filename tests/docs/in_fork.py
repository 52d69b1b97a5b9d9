"""One command of a page, in a process that was forked where torch and transformers are imported already.

`forked` of `commands` runs this file, with `words`, `folder`, `surroundings` and `output` as its globals.
"""

import os
import runpy
import sys

os.chdir(folder)  # noqa: F821 - of `commands`
os.environ.clear()
os.environ.update(surroundings)  # noqa: F821
written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)  # noqa: F821
for stream in (sys.stdout, sys.stderr):
    stream.flush()
    os.dup2(written, stream.fileno())
program, *sys.argv = words[0], *words  # noqa: F821
try:
    if program == "pytest":
        import pytest

        raise SystemExit(pytest.console_main())
    if program == "swapgate":
        from swapgate.commands import main

        raise SystemExit(main())
    sys.argv.pop(0)  # python
    sys.path[:0] = [os.path.dirname(os.path.abspath(sys.argv[0]))]
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sys.stdout.flush()
    sys.stderr.flush()
