"""What README and pages show is done where sybil, which reads them, is installed: tox -e docs."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("sybil") else ["test_*.py"]
