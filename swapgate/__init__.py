"""swapgate: every model swap ends in a pass or a fail. The public surface is the pytest plugin, and two functions."""

from swapgate.notebook import compare, judge

__all__ = ["__version__", "compare", "judge"]

__version__ = "0.1.0"
