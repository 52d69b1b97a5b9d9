"""swapgate: every model swap ends in a pass or a fail. The public surface is the pytest plugin, see README.md."""

__version__ = "0.1.0"
