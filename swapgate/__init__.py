"""swapgate: every model swap ends in a pass or a fail. The public surface is the pytest plugin, and two functions."""

from importlib.metadata import PackageNotFoundError, version

from swapgate.notebook import compare, judge

__all__ = ["__version__", "compare", "judge"]

try:
    __version__ = version("swapgate")
except PackageNotFoundError:  # of a source tree that is not installed
    __version__ = "0"
