"""The ways in which something other than an assertion can go wrong; each message ends with the next step."""


class Fault(Exception):
    """A problem that is reported as its message alone, without a traceback."""


class InputFault(Fault):
    """A file or an option is wrong; found before a model runs, ends with exit status 4."""


class SurroundingsFault(Fault):
    """Something around the model failed (an unloadable file, no disk): verdict ERROR, not a word on the model."""


class AbsentFault(Fault):
    """Something is to be fetched first (a file of inputs, a model): the verdict is INCOMPLETE until it is here."""


class ModelFault(Fault):
    """The model itself misbehaved (NaN scores, a crash on an input, a swap that did not take place): FAIL."""
